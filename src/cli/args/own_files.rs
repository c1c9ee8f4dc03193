//! Arguments of the commands for an organisation's own files: the config, and what an admin declares.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, Subcommand};

use super::AuditArgs;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConfigCommand {
    /// What holds, with where each value was set; takes the options of audit
    Show(Box<AuditArgs>),
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct InitArgs {
    #[command(subcommand)]
    pub(in crate::cli) what: Option<InitCommand>,
    /// A snapshot of the customer view: its outside tenants are written as candidates to confirm, which approve nothing
    #[arg(long, value_name = "SNAPSHOT", env = "PARTNERSCOPE_FROM", hide_env_values = true)]
    pub(in crate::cli) from: Option<PathBuf>,
    /// Where to write it; - is standard output (default partnerscope.toml)
    #[arg(short = 'o', long, value_name = "FILE", env = "PARTNERSCOPE_OUTPUT", hide_env_values = true)]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, env = "PARTNERSCOPE_FORCE", hide_env_values = true, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(in crate::cli) force: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum InitCommand {
    /// What your partners may do, from the Partner relationships page: for --declared
    Declared {
        /// Where to write it; default standard output
        #[arg(short = 'o', long, value_name = "FILE", env = "PARTNERSCOPE_OUTPUT", hide_env_values = true)]
        output: Option<PathBuf>,
        /// Replace the file if it is there
        #[arg(long, env = "PARTNERSCOPE_FORCE", hide_env_values = true, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
        force: bool,
    },
}
