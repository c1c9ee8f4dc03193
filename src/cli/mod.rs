//! The command line: the only module that knows all others, and that nothing else knows.
//!
//! `args` is what clap sees; `options` resolves it over environment, file and defaults; `wire` builds the parts; one file a command
//! below `commands` does the work; `failure` turns an error into advice and `exit` an outcome into a number.

mod agreement;
mod args;
mod commands;
mod config_schema;
mod credentials;
#[cfg(feature = "rego")]
mod custom_rules;
#[cfg(not(feature = "rego"))]
#[path = "no_custom_rules.rs"]
mod custom_rules;
mod earlier;
mod exit;
mod failure;
mod gather;
mod imports;
mod interrupt;
mod judging;
mod layered;
mod logging;
#[cfg(not(feature = "fixture"))]
mod no_stage;
mod options;
mod outputs;
mod progress;
#[cfg(feature = "fixture")]
mod stage;
mod stored_args;
mod target;
mod terminal;
mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::{ArgMatches, FromArgMatches};

use args::{Cli, Command, CommonArgs};
use exit::Exit;
use failure::Failure;
use progress::Progress;
use terminal::process_env;

/// Runs the program.
pub fn run() -> ExitCode {
    std::panic::set_hook(Box::new(say_bug));
    // A panic in this thread is a bug that the hook has told; the promise of 0 to 3 holds all the same.
    catch_unwind(AssertUnwindSafe(parse_and_run)).unwrap_or(Exit::Failed).into()
}

fn parse_and_run() -> Exit {
    let parsed = args::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (cli, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and version are asked for and go to standard output; all else is a usage error.
            let _ = error.print();
            return if error.use_stderr() { Exit::Failed } else { Exit::Clean };
        }
    };
    let color = terminal::stderr_color(cli.common.color, &process_env);
    let progress = Progress::new(cli.common.no_progress, cli.common.quiet);
    logging::init(&cli.common, color, &progress);
    dispatch(&cli.command, &cli.common, &matches, &progress).unwrap_or_else(|failure| {
        progress.finish();
        terminal::say(&failure::text(&failure, color));
        Exit::Failed
    })
}

fn dispatch(command: &Command, common: &CommonArgs, matches: &ArgMatches, progress: &Progress) -> Result<Exit, Failure> {
    let own = matches.subcommand().map_or(matches, |(_, own)| own);
    match command {
        Command::Audit(args) => commands::audit::run(common, args, own, progress),
        Command::Collect(args) => commands::collect::run(common, args, own, progress),
        Command::Evaluate(args) => commands::evaluate::run(common, args, own),
        Command::Diff(args) => commands::diff::run(common, args, own),
        Command::Explain(args) => commands::explain::run(common, args, own),
        Command::Rules(command) => commands::rules::run(command),
        #[cfg(feature = "fixture")]
        Command::Fixture(command) => commands::fixture::run(command),
        #[cfg(not(feature = "fixture"))]
        Command::Fixture(_) => Err(Failure::usage("use a fixture tenant: this build has none", "build with `--features fixture`")),
        Command::Init(args) => commands::init::run(args),
        Command::Config(command) => commands::config::run(command, common, own),
        Command::Schema { name } => commands::schema::run(*name),
        #[cfg(feature = "rego")]
        Command::RunCustomRules => commands::rules_worker::run(),
    }
}

/// Says that a panic is a bug and where it was. Its message is left out: it may hold what a tenant or a token says.
fn say_bug(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
    terminal::say(&format!(
        "error: partnerscope {} stopped on a bug{place}\n  help: please report it with this line and the command line, without secrets\n",
        env!("CARGO_PKG_VERSION")
    ));
}
