//! Arguments about rules: listing them, trying them, and the organisation's own.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use crate::config::keys;
use crate::report::rules::{RULES_FORMATS, RulesFormat};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RulesCommand {
    /// Every rule: code, id, severity, view, and the datasets that it rests on
    List {
        /// How to write it
        #[arg(long, value_name = "NAME", default_value = RULES_FORMATS[0].name, value_parser = list_format())]
        format: &'static RulesFormat,
        /// A folder with rules in Rego, repeatable
        #[arg(long, value_name = "DIR", env = "PARTNERSCOPE_RULES_DIR", hide_env_values = true)]
        rules_dir: Vec<String>,
    },
    /// A rule's page: why, what it checks, settings, examples, fix
    Show {
        /// Rule id or code, such as PRV-01
        id: String,
        /// A folder with rules in Rego, repeatable
        #[arg(long, value_name = "DIR", env = "PARTNERSCOPE_RULES_DIR", hide_env_values = true)]
        rules_dir: Vec<String>,
    },
    /// Run the examples of rules in Rego
    #[command(after_help = "Exit status: 0 every example shows what it is to show, 1 one does not, 2 something is wrong with the files.")]
    Test(RulesTestArgs),
}

/// The formats of the list, as `report` names them.
fn list_format() -> impl TypedValueParser<Value = &'static RulesFormat> {
    let names = RULES_FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format.about));
    let find = |name: String| RULES_FORMATS.iter().find(|format| format.name == name).unwrap_or(&RULES_FORMATS[0]);
    PossibleValuesParser::new(names).map(find)
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RulesTestArgs {
    /// Folders with rules
    #[arg(value_name = "DIR", required = true)]
    pub(in crate::cli) dirs: Vec<String>,
    /// Longest time for one rule on one example (default 10s)
    #[arg(long, value_name = "TIME", env = "PARTNERSCOPE_RULE_TIMEOUT", hide_env_values = true)]
    pub(in crate::cli) rule_timeout: Option<String>,
    /// Most memory for one rule, in MiB (default 512)
    #[arg(long, value_name = "MIB", env = "PARTNERSCOPE_RULE_MEMORY", hide_env_values = true,
          value_parser = clap::value_parser!(i64).range(keys::LEAST_RULE_MEMORY..=keys::MAX_RULE_MEMORY))]
    pub(in crate::cli) rule_memory: Option<i64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Judging")]
pub(in crate::cli) struct RulesDirArgs {
    /// A folder with rules in Rego, repeatable
    #[arg(long, value_name = "DIR", env = "PARTNERSCOPE_RULES_DIR", hide_env_values = true)]
    pub(in crate::cli) rules_dir: Vec<String>,
    /// Longest time for one rule in Rego on one tenant (default 10s)
    #[arg(long, value_name = "TIME", env = "PARTNERSCOPE_RULE_TIMEOUT", hide_env_values = true)]
    pub(in crate::cli) rule_timeout: Option<String>,
    /// Most memory for one rule in Rego beyond the facts, in MiB (default 512)
    #[arg(long, value_name = "MIB", env = "PARTNERSCOPE_RULE_MEMORY", hide_env_values = true,
          value_parser = clap::value_parser!(i64).range(keys::LEAST_RULE_MEMORY..=keys::MAX_RULE_MEMORY))]
    pub(in crate::cli) rule_memory: Option<i64>,
}
