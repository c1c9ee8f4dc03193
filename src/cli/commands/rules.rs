//! `rules`: what is judged, and why.

use crate::cli::args::RulesCommand;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::outputs::print;
use crate::cli::terminal::{self, process_env};
use crate::cli::wire;
use crate::domain::RuleMeta;
use crate::policy;
use crate::policy::settings::Settings;
use crate::report::RenderOptions;
use crate::report::rules::RulesFormat;

/// Runs it.
pub(in crate::cli) fn run(command: &RulesCommand) -> Result<Exit, Failure> {
    match command {
        RulesCommand::List { format, rules_dir } => print(&list(format, &with_custom(rules_dir)?)?)?,
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

/// The list in a format.
fn list(format: &RulesFormat, settings: &Settings) -> Result<String, Failure> {
    let metas: Vec<&RuleMeta> = settings.all_rules().map(|rule| &rule.meta).collect();
    let options = RenderOptions { width: terminal::stdout_width(&process_env), color: false, full: false };
    wire::render_rules(&metas, format, &options)
}
