//! Arguments of the commands that look at stored runs without judging them.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};

use super::args::OutputArgs;

#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 nothing that matters changed, 1 something did, 2 could not run.")]
pub(super) struct DiffArgs {
    /// The earlier run: a snapshot or a JSON report, plain or gzip
    #[arg(value_name = "OLD")]
    pub(super) old: PathBuf,
    /// The later run
    #[arg(value_name = "NEW")]
    pub(super) new: PathBuf,
    /// Exit 0 in place of 1, never of 2
    #[arg(long, env = "PARTNERSCOPE_EXIT_ZERO", hide_env_values = true, value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue,
          help_heading = "Exit status")]
    pub(super) exit_zero: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Without a question: an overview, customer by customer or partner by partner. Questions narrow each other.\n\n\
                        Exit status: 0 answered, 2 could not run, 3 nothing was found and not everything was read that could show it.")]
pub(super) struct ExplainArgs {
    /// A snapshot, plain or gzip
    #[arg(value_name = "SNAPSHOT")]
    pub(super) snapshot: PathBuf,
    /// What this person or application can do, by object id, sign-in name or display name
    #[arg(long, value_name = "ID|NAME", env = "PARTNERSCOPE_USER", hide_env_values = true, help_heading = "Question")]
    pub(super) user: Option<String>,
    /// Who can do what in this customer, by tenant id, domain or name
    #[arg(long, value_name = "ID|NAME", env = "PARTNERSCOPE_CUSTOMER", hide_env_values = true, help_heading = "Question")]
    pub(super) customer: Option<String>,
    /// What this outside tenant can do here (customer view), by tenant id, domain or name
    #[arg(long, value_name = "ID|NAME", env = "PARTNERSCOPE_PARTNER", hide_env_values = true, help_heading = "Question")]
    pub(super) partner: Option<String>,
    /// Who has this role, and where, by name or id
    #[arg(long, value_name = "NAME|ID", env = "PARTNERSCOPE_ROLE", hide_env_values = true, help_heading = "Question")]
    pub(super) role: Option<String>,
    /// What stops working from the snapshot's time up to this day, and what remains through another relationship
    #[arg(long, value_name = "DATE", env = "PARTNERSCOPE_UNTIL", hide_env_values = true, help_heading = "Question")]
    pub(super) until: Option<String>,
    /// The same for this day alone, such as 2027-03-12 (UTC); repeatable
    #[arg(long, value_name = "DATE", env = "PARTNERSCOPE_ENDS", hide_env_values = true, help_heading = "Question")]
    pub(super) ends: Vec<String>,
    /// The smallest roles for a named set of tasks, such as users, groups or technician-tier1, and how what is there fits; repeatable
    #[arg(long, value_name = "SET", env = "PARTNERSCOPE_TASK", hide_env_values = true, help_heading = "Question")]
    pub(super) task: Vec<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}
