//! `rules`: what is judged, and why.

use std::fmt::Write as _;

use crate::cli::args::RulesCommand;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::outputs::print;
use crate::domain::RuleMeta;
use crate::policy;
use crate::policy::settings::Settings;

/// Runs it.
pub(in crate::cli) fn run(command: &RulesCommand) -> Result<Exit, Failure> {
    match command {
        RulesCommand::List { rules_dir } => print(&list(with_custom(rules_dir)?.all_rules().map(|rule| &rule.meta)))?,
        RulesCommand::Show { id, rules_dir } => print(find(id, &with_custom(rules_dir)?)?.page)?,
        RulesCommand::Test(args) => return super::rules_test::run(args),
    }
    Ok(Exit::Clean)
}

#[cfg(feature = "rego")]
fn with_custom(folders: &[String]) -> Result<Settings, Failure> {
    let mut settings = Settings::default();
    if !folders.is_empty() {
        let loaded = crate::cli::custom_rules::of(folders, Default::default())?;
        let refusals = loaded.refusals();
        if !refusals.is_empty() {
            return Err(Failure::Config(crate::cli::custom_rules::problems(refusals)));
        }
        settings.add_custom(&loaded.rules);
    }
    Ok(settings)
}

#[cfg(not(feature = "rego"))]
fn with_custom(folders: &[String]) -> Result<Settings, Failure> {
    if folders.is_empty() { Ok(Settings::default()) } else { Err(crate::cli::custom_rules::refused()) }
}

fn find(id: &str, settings: &Settings) -> Result<&'static RuleMeta, Failure> {
    policy::find_among(id, settings.all_rules()).map(|rule| &rule.meta).map_err(|nearest| Failure::Unknown {
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
        // A rule without a code of its own goes by its id.
        let code = if meta.code == meta.id { "–" } else { meta.code };
        let _ = writeln!(text, "{code:<7} {:<width$} {:<8} {}", meta.id, meta.severity.as_str(), meta.title);
    }
    text
}
