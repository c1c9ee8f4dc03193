//! The command line as clap sees it: one struct a help heading. Values stay text here where a layer below (environment lists, the
//! file) has the same form; `options` reads them.

mod own_files;
mod rules;

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

pub(super) use super::stored_args::{DiffArgs, ExplainArgs};
use crate::config::{keys, units};
use crate::domain::Timestamp;

pub(super) use own_files::{ConfigCommand, InitArgs, InitCommand};
pub(super) use rules::{RulesCommand, RulesDirArgs, RulesTestArgs};

/// Who outside can administer a Microsoft 365 tenant, how far does it reach, and what is wrong with it. Reads only.
#[derive(Debug, Parser)]
#[command(name = "partnerscope", version, about, long_about = None, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "Exit status: 0 nothing at or above --fail-on, 1 findings, 2 could not run, 3 a required dataset was not read, \
                        or a rule in Rego was not judged.")]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Collect, judge and report: the main job
    Audit(Box<AuditArgs>),
    /// Collect facts into a snapshot file, without judging them
    Collect(Box<CollectArgs>),
    /// Judge stored snapshots, offline
    Evaluate(Box<EvaluateArgs>),
    /// What came, went, grew and shrank between two runs
    Diff(Box<DiffArgs>),
    /// Who can do what where, and by which path, from a snapshot
    Explain(Box<ExplainArgs>),
    /// The rules
    #[command(subcommand)]
    Rules(RulesCommand),
    /// The fixture tenants
    #[command(subcommand)]
    Fixture(FixtureCommand),
    /// Write a commented partnerscope.toml, or another file to be filled in
    Init(InitArgs),
    /// The configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a JSON Schema
    Schema {
        /// Of what
        name: SchemaName,
    },
    /// What a run starts itself with, to run rules apart
    #[cfg(feature = "rego")]
    #[command(hide = true)]
    RunCustomRules,
}

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) sign_in: SignInArgs,
    #[command(flatten)]
    pub(super) network: NetworkArgs,
    #[command(flatten)]
    pub(super) reading: ReadingArgs,
    #[command(flatten)]
    pub(super) imports: ImportArgs,
    #[command(flatten)]
    pub(super) now: NowArgs,
    #[command(flatten)]
    pub(super) judging: JudgingArgs,
    #[command(flatten)]
    pub(super) exit: ExitArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct CollectArgs {
    /// Where to write the snapshot; gzip if the name ends in .gz
    #[arg(short = 'o', long, value_name = "FILE", env = "PARTNERSCOPE_OUTPUT", hide_env_values = true, required = true)]
    pub(super) output: PathBuf,
    /// Keep what concerns one customer and nothing of another, to hand over
    #[arg(long, value_name = "TENANT-ID", env = "PARTNERSCOPE_CUSTOMER", hide_env_values = true)]
    pub(super) customer: Option<String>,
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) sign_in: SignInArgs,
    #[command(flatten)]
    pub(super) network: NetworkArgs,
    #[command(flatten)]
    pub(super) reading: ReadingArgs,
    #[command(flatten)]
    pub(super) imports: ImportArgs,
    #[command(flatten)]
    pub(super) now: NowArgs,
    #[command(flatten)]
    pub(super) exit: ExitArgs,
}

#[derive(Debug, Args)]
pub(super) struct EvaluateArgs {
    /// Snapshots, plain or gzip; those of several tenants make one report
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) imports: ImportArgs,
    /// How many events of an imported log are kept at most (default 200000)
    #[arg(long, value_name = "N", env = "PARTNERSCOPE_MAX_RECORDS", hide_env_values = true, help_heading = "Facts from files (customer view)",
          value_parser = clap::value_parser!(i64).range(1..=keys::MAX_RECORDS))]
    pub(super) max_records: Option<i64>,
    #[command(flatten)]
    pub(super) now: NowArgs,
    #[command(flatten)]
    pub(super) judging: JudgingArgs,
    #[command(flatten)]
    pub(super) exit: ExitArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum FixtureCommand {
    /// The fixture tenants of this build
    List,
    /// Serve a fixture tenant on loopback until Ctrl-C
    Serve {
        /// Name, or a folder with a fixture.toml
        name: String,
        /// Play a fault, repeatable
        #[arg(long, value_name = "NAME")]
        fault: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaName {
    /// The JSON report
    Report,
    /// The snapshot
    Snapshot,
    /// What diff tells
    Diff,
    /// The config file
    Config,
    /// What explain tells
    Explain,
    /// The list of rules
    Rules,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What to audit")]
pub(super) struct TargetArgs {
    /// Tenant id, domain, or the name of a [[tenant]] of the config; repeatable
    #[arg(long, value_name = "ID|DOMAIN|NAME", env = "PARTNERSCOPE_TENANT", hide_env_values = true)]
    pub(super) tenant: Vec<String>,
    /// From which side: customer (who outside can administer it), partner (which customers it can administer), both or auto (default auto)
    #[arg(long, value_name = "VIEW", env = "PARTNERSCOPE_VIEW", hide_env_values = true)]
    pub(super) view: Option<String>,
    /// A fixture tenant on loopback: no network, no credential
    #[arg(long, value_name = "NAME|DIR", env = "PARTNERSCOPE_FIXTURE", hide_env_values = true)]
    pub(super) fixture: Option<String>,
    /// Play a fault of the fixture server, repeatable; needs --fixture
    #[arg(long, value_name = "NAME", env = "PARTNERSCOPE_FAULT", hide_env_values = true)]
    pub(super) fault: Vec<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Signing in")]
pub(super) struct SignInArgs {
    /// auto (the default: by the AZURE_* variables), client-secret, client-certificate, azure-cli or access-token
    #[arg(long, value_name = "KIND", env = "PARTNERSCOPE_CREDENTIAL", hide_env_values = true)]
    pub(super) credential: Option<String>,
    /// Application (client) id; default AZURE_CLIENT_ID
    #[arg(long, value_name = "ID", env = "PARTNERSCOPE_CLIENT_ID", hide_env_values = true)]
    pub(super) client_id: Option<String>,
    /// File with the client secret; default AZURE_CLIENT_SECRET, which holds the secret itself
    #[arg(long, value_name = "FILE", env = "PARTNERSCOPE_CLIENT_SECRET_FILE", hide_env_values = true)]
    pub(super) client_secret_file: Option<PathBuf>,
    /// PEM or PFX file with certificate and key; default AZURE_CLIENT_CERTIFICATE_PATH, password in AZURE_CLIENT_CERTIFICATE_PASSWORD
    #[arg(long, value_name = "FILE", env = "PARTNERSCOPE_CLIENT_CERTIFICATE", hide_env_values = true)]
    pub(super) client_certificate: Option<PathBuf>,
    /// File with a token for Graph; default PARTNERSCOPE_ACCESS_TOKEN, which holds the token itself
    #[arg(long, value_name = "FILE", env = "PARTNERSCOPE_ACCESS_TOKEN_FILE", hide_env_values = true)]
    pub(super) access_token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Cloud and network")]
pub(super) struct NetworkArgs {
    /// global, usgov, usgov-dod or china (default global)
    #[arg(long, value_name = "CLOUD", env = "PARTNERSCOPE_CLOUD", hide_env_values = true)]
    pub(super) cloud: Option<String>,
    /// Another Graph host; https, or http on loopback
    #[arg(long, value_name = "URL", env = "PARTNERSCOPE_GRAPH_ENDPOINT", hide_env_values = true)]
    pub(super) graph_endpoint: Option<String>,
    /// Another host to sign in at; https, or http on loopback
    #[arg(long, value_name = "URL", env = "PARTNERSCOPE_LOGIN_ENDPOINT", hide_env_values = true)]
    pub(super) login_endpoint: Option<String>,
    /// PEM file with certificates to trust besides the system's
    #[arg(long, value_name = "FILE", env = "PARTNERSCOPE_CA_FILE", hide_env_values = true)]
    pub(super) ca_file: Option<PathBuf>,
    /// Longest time for the whole collection, such as 30m (default: no limit); what is not read by then is a gap
    #[arg(long, value_name = "TIME", env = "PARTNERSCOPE_TIMEOUT", hide_env_values = true)]
    pub(super) timeout: Option<String>,
    /// Most requests at the same time, 1 to 64 (default 16)
    #[arg(long, value_name = "N", env = "PARTNERSCOPE_CONCURRENCY", hide_env_values = true,
          value_parser = clap::value_parser!(i64).range(1..=keys::MAX_CONCURRENCY))]
    pub(super) concurrency: Option<i64>,
    /// Let limits and back-off wait N times as fast; for a server on loopback only (`fixture serve`)
    #[arg(long, value_name = "N", env = "PARTNERSCOPE_CLOCK_SPEED", hide_env_values = true,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) clock_speed: Option<u32>,
    /// Never put several reads into one request
    #[arg(long, env = "PARTNERSCOPE_NO_BATCH", hide_env_values = true, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(super) no_batch: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "What is read")]
pub(super) struct ReadingArgs {
    /// How far back sign-ins and audit logs are read (default 30d)
    #[arg(long, value_name = "DAYS", env = "PARTNERSCOPE_LOOKBACK", hide_env_values = true)]
    pub(super) lookback: Option<String>,
    /// How many sign-ins, and how many audit events, are read at most (default 200000)
    #[arg(long, value_name = "N", env = "PARTNERSCOPE_MAX_RECORDS", hide_env_values = true,
          value_parser = clap::value_parser!(i64).range(1..=keys::MAX_RECORDS))]
    pub(super) max_records: Option<i64>,
    /// A dataset that is not read, repeatable; never makes exit 3
    #[arg(long, value_name = "DATASET", env = "PARTNERSCOPE_SKIP_DATASET", hide_env_values = true)]
    pub(super) skip_dataset: Vec<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Facts from files (customer view)")]
pub(super) struct ImportArgs {
    /// What a partner or an admin says of the relationships: a partner's `collect --customer`, Graph's JSON, TOML or CSV; repeatable
    #[arg(long, value_name = "FILE", env = "PARTNERSCOPE_DECLARED", hide_env_values = true)]
    pub(super) declared: Vec<String>,
    /// A log that the credential cannot read: sign-ins, audits or purview, as downloaded; repeatable
    #[arg(long, value_name = "KIND=FILE", env = "PARTNERSCOPE_IMPORT", hide_env_values = true)]
    pub(super) import: Vec<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Judging")]
pub(super) struct NowArgs {
    /// The time of the run for judging; default the clock, for evaluate the snapshot's time
    #[arg(long, value_name = "RFC3339", env = "PARTNERSCOPE_NOW", hide_env_values = true, value_parser = read_now)]
    pub(super) now: Option<Timestamp>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Judging")]
pub(super) struct JudgingArgs {
    /// Run this rule only, by id or code, repeatable
    #[arg(long, value_name = "ID", env = "PARTNERSCOPE_RULE", hide_env_values = true)]
    pub(super) rule: Vec<String>,
    /// Leave this rule out, repeatable
    #[arg(long, value_name = "ID", env = "PARTNERSCOPE_SKIP_RULE", hide_env_values = true)]
    pub(super) skip_rule: Vec<String>,
    /// Which settings the rules begin with: strict (tighter limits), hygiene (no rules on single sign-ins and audit events) or default (default default)
    #[arg(long, value_name = "NAME", env = "PARTNERSCOPE_PROFILE", hide_env_values = true)]
    pub(super) profile: Option<String>,
    #[command(flatten)]
    pub(super) rules_dir: RulesDirArgs,
    /// critical, high, medium, low, info or never: findings at or above it make exit 1 (default high)
    #[arg(long, value_name = "SEVERITY", env = "PARTNERSCOPE_FAIL_ON", hide_env_values = true)]
    pub(super) fail_on: Option<String>,
    /// An earlier snapshot or JSON report of the same tenant: what is new is judged against it
    #[arg(long, value_name = "FILE", env = "PARTNERSCOPE_BASELINE", hide_env_values = true)]
    pub(super) baseline: Option<PathBuf>,
    /// critical, high, medium, low or info: only findings that are new against the baseline, or that the facts made as bad since, make exit
    /// 1, those at or above it, and a tenant that the baseline does not hold exit 3; with --fail-on on the command line too, either of
    /// the two does
    #[arg(long, value_name = "SEVERITY", env = "PARTNERSCOPE_FAIL_ON_NEW", hide_env_values = true)]
    pub(super) fail_on_new: Option<String>,
    /// How policies for "All users" are read for technicians of service providers: technicians-too (the default) or directory-only
    #[arg(long, value_name = "READING", env = "PARTNERSCOPE_CONDITIONAL_ACCESS_ALL_USERS", hide_env_values = true)]
    pub(super) conditional_access_all_users: Option<String>,
    /// Where earlier runs are kept: none is all that this version knows
    #[arg(long, value_name = "none", env = "PARTNERSCOPE_HISTORY", hide_env_values = true)]
    pub(super) history: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Exit status")]
pub(super) struct ExitArgs {
    /// A dataset that counts as required though it only helps, repeatable; partner/DATASET names one view's
    #[arg(long, value_name = "DATASET", env = "PARTNERSCOPE_REQUIRE", hide_env_values = true)]
    pub(super) require: Vec<String>,
    /// Accept gaps: all of them, or those in these datasets
    #[arg(long, value_name = "DATASET,...", env = "PARTNERSCOPE_ALLOW_INCOMPLETE", hide_env_values = true,
          num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    pub(super) allow_incomplete: Option<String>,
    /// Exit 0 in place of 1 and 3, never of 2
    #[arg(long, env = "PARTNERSCOPE_EXIT_ZERO", hide_env_values = true, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(super) exit_zero: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub(super) struct OutputArgs {
    /// table or json, to standard output or to a file (default table); repeatable
    #[arg(long, value_name = "NAME[=PATH]", env = "PARTNERSCOPE_FORMAT", hide_env_values = true)]
    pub(super) format: Vec<String>,
    /// Everything, however long
    #[arg(long, env = "PARTNERSCOPE_FULL", hide_env_values = true, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(super) full: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(super) struct CommonArgs {
    /// The config file; a file that is named may hold every key
    #[arg(long, global = true, value_name = "FILE", env = "PARTNERSCOPE_CONFIG", hide_env_values = true)]
    pub(super) config: Option<PathBuf>,
    /// Look for no config file
    #[arg(long, global = true, env = "PARTNERSCOPE_NO_CONFIG", hide_env_values = true, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(super) no_config: bool,
    /// Only errors
    #[arg(short, long, global = true, env = "PARTNERSCOPE_QUIET", hide_env_values = true, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(super) quiet: bool,
    /// More of what happens; repeatable
    #[arg(short, long, global = true, env = "PARTNERSCOPE_VERBOSE", hide_env_values = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// auto, always or never
    #[arg(long, global = true, value_name = "WHEN", env = "PARTNERSCOPE_COLOR", hide_env_values = true, default_value = "auto")]
    pub(super) color: ColorWhen,
    /// No progress on the terminal
    #[arg(long, global = true, env = "PARTNERSCOPE_NO_PROGRESS", hide_env_values = true, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(super) no_progress: bool,
    /// Form of the log on standard error: text or json
    #[arg(long, global = true, value_name = "FORM", env = "PARTNERSCOPE_LOG_FORMAT", hide_env_values = true, default_value = "text")]
    pub(super) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorWhen {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

fn read_now(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "not a time such as 2026-01-31T12:00:00Z".to_owned())
}

/// Checks a customer id.
pub(super) fn read_customer(text: &str) -> Result<String, String> {
    let id = text.trim().to_ascii_lowercase();
    if units::is_guid(&id) { Ok(id) } else { Err(format!("{:?} is not a tenant id", text.trim())) }
}

/// The command line of this build. A variable that is set but empty counts as not set: CI systems pass on inputs that nobody gave.
pub(super) fn command() -> clap::Command {
    let is_empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    without_empty(<Cli as clap::CommandFactory>::command(), &is_empty)
}

fn without_empty(command: clap::Command, is_empty: &dyn Fn(&std::ffi::OsStr) -> bool) -> clap::Command {
    command
        .mut_args(|arg| match arg.get_env().is_some_and(is_empty) {
            true => arg.env(None::<&'static str>),
            false => arg,
        })
        .mut_subcommands(|subcommand| without_empty(subcommand, is_empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    fn every_arg(command: &clap::Command, check: &mut dyn FnMut(&clap::Arg)) {
        command.get_arguments().for_each(&mut *check);
        command.get_subcommands().for_each(|subcommand| every_arg(subcommand, check));
    }

    #[test]
    fn every_option_reads_its_variable_and_shows_no_value() {
        let mut seen = 0;
        every_arg(&<Cli as clap::CommandFactory>::command(), &mut |arg| {
            let Some(variable) = arg.get_env() else { return };
            seen += 1;
            let long = arg.get_long().unwrap();
            assert_eq!(variable.to_str().unwrap(), format!("PARTNERSCOPE_{}", long.to_uppercase().replace('-', "_")));
            assert!(arg.is_hide_env_values_set(), "{long}");
        });
        assert!(seen > 40, "{seen}");
    }

    #[test]
    fn every_key_of_the_config_is_an_option_of_audit() {
        let command = <Cli as clap::CommandFactory>::command();
        let audit = command.find_subcommand("audit").unwrap();
        for key in keys::ALL {
            assert!(audit.get_arguments().any(|arg| arg.get_long() == Some(key.name)), "{}", key.name);
        }
    }

    #[test]
    fn help_tells_the_defaults_of_the_config() {
        let command = <Cli as clap::CommandFactory>::command();
        let audit = command.find_subcommand("audit").unwrap();
        let defaults: toml::Table = include_str!("../config/default.toml").parse().unwrap();
        let mut told = 0;
        for (key, value) in &defaults {
            let default = match value {
                toml::Value::String(text) => text.clone(),
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Array(items) if !items.is_empty() => items[0].as_str().unwrap().to_owned(),
                _ => continue,
            };
            let help = audit.get_arguments().find(|arg| arg.get_long() == Some(key)).unwrap().get_help().unwrap().to_string();
            assert!(help.contains(&format!("default {default})")) || help.contains(&format!("{default} (the default")), "--{key}: {help}");
            told += 1;
        }
        assert!(told >= 8, "{told}");
    }

    #[test]
    fn an_empty_variable_is_no_variable() {
        let command = without_empty(<Cli as clap::CommandFactory>::command(), &|name| name == "PARTNERSCOPE_CLOUD");
        let audit = command.find_subcommand("audit").unwrap();
        let env = |long: &str| audit.get_arguments().find(|arg| arg.get_long() == Some(long)).unwrap().get_env();
        assert_eq!(env("cloud"), None);
        assert!(env("tenant").is_some());
    }

    #[test]
    fn no_secret_is_taken_from_the_command_line() {
        every_arg(&<Cli as clap::CommandFactory>::command(), &mut |arg| {
            let long = arg.get_long().unwrap_or_default();
            assert!(!["secret", "token", "password"].iter().any(|word| long.ends_with(word)), "{long}");
        });
    }

    #[test]
    fn options_of_later_versions_are_refused() {
        let error = <Cli as clap::CommandFactory>::command().try_get_matches_from(["partnerscope", "audit", "--all-tenants"]).unwrap_err();
        assert_eq!(error.kind(), clap::error::ErrorKind::UnknownArgument);
    }
}
