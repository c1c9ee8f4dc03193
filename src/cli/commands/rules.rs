//! `rules`: what is judged, and why.

use std::fmt::Write as _;

use crate::cli::args::RulesCommand;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::outputs::print;
use crate::domain::RuleMeta;
use crate::policy;

/// Runs it.
pub(in crate::cli) fn run(command: &RulesCommand) -> Result<Exit, Failure> {
    match command {
        RulesCommand::List => print(&list(policy::rules::ALL.iter().map(|rule| &rule.meta)))?,
        RulesCommand::Show { id } => print(find(id)?.page)?,
    }
    Ok(Exit::Clean)
}

fn find(id: &str) -> Result<&'static RuleMeta, Failure> {
    policy::find(id).map(|rule| &rule.meta).map_err(|nearest| Failure::Unknown {
        what: "rule",
        name: id.to_owned(),
        nearest: nearest.map(str::to_owned),
        list: "`partnerscope rules list` shows them".into(),
    })
}

/// Code, id, severity and title, in columns.
fn list<'a>(metas: impl Iterator<Item = &'a RuleMeta>) -> String {
    let metas: Vec<&RuleMeta> = metas.collect();
    let width = metas.iter().map(|meta| meta.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for meta in metas {
        let _ = writeln!(text, "{:<7} {:<width$} {:<8} {}", meta.code, meta.id, meta.severity.as_str(), meta.title);
    }
    text
}
