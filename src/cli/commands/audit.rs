//! `audit`: collect, judge, report.

use clap::ArgMatches;

use super::{Look, judge};
use crate::cli::args::{AuditArgs, CommonArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::gather::gather;
use crate::cli::interrupt;
use crate::cli::options::{self, Audit};
use crate::cli::outputs::Outputs;
use crate::cli::progress::Progress;

/// Runs it.
pub(in crate::cli) fn run(common: &CommonArgs, args: &AuditArgs, matches: &ArgMatches, progress: &Progress) -> Result<Exit, Failure> {
    let Audit { gathering, settings, custom, baseline, exit_zero, output } = options::audit(common, args, matches)?;
    let look = Look::new(common.color, &output);
    let outputs = Outputs::open(output.formats)?;
    let exit = interrupt::run(async {
        let snapshot = Box::pin(gather(&gathering, baseline.as_ref(), progress)).await?;
        judge(snapshot, baseline, (settings, custom), gathering.now, outputs, look).await
    })?;
    Ok(exit.or_zero(exit_zero))
}
