//! `diff`: what came, went, grew and shrank between two runs.

use clap::ArgMatches;

use super::Look;
use crate::cli::args::{CommonArgs, DiffArgs};
use crate::cli::earlier::{self, EarlierFile, named};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupt::{self, compute};
use crate::cli::options::{self, DiffOptions};
use crate::cli::outputs::Outputs;
use crate::cli::wire;
use crate::domain::diff::{self, Diff};
use crate::policy::settings::Settings;
use crate::report::RenderOptions;

/// Runs it.
pub(in crate::cli) fn run(common: &CommonArgs, args: &DiffArgs, matches: &ArgMatches) -> Result<Exit, Failure> {
    let DiffOptions { old, new, settings, exit_zero, output } = options::diff(common, args, matches)?;
    let look = Look::new(common.color, &output);
    let outputs = Outputs::open(output.formats)?;
    let formats: Vec<(&'static str, RenderOptions)> = outputs.specs().map(|spec| (spec.name, look.of(spec.path.is_some()))).collect();
    let exit = interrupt::run(async {
        let work = move || {
            let diff = told_apart(earlier::read(&old)?, earlier::read(&new)?, &settings)?;
            let rendered =
                formats.iter().map(|(name, options)| wire::render_diff(&diff, name, options)).collect::<Result<Vec<String>, Failure>>();
            rendered.map(|rendered| (rendered, diff.is_different()))
        };
        let (rendered, is_different) = compute(work).await??;
        outputs.write(rendered)?;
        Ok(if is_different { Exit::Findings } else { Exit::Clean })
    })?;
    Ok(exit.or_zero(exit_zero))
}

/// Two runs that have nothing in common cannot be told apart: that is a mistake, and no difference.
fn told_apart(old: EarlierFile, new: EarlierFile, settings: &Settings) -> Result<Diff, Failure> {
    if old.only_customer() != new.only_customer() {
        return Err(Failure::usage(
            "tell the two apart: one of them is cut down to a single customer",
            "compare it with a file of the same customer: `partnerscope collect --customer TENANT-ID`",
        ));
    }
    let (old, new) = (old.look(settings), new.look(settings));
    let diff = diff::diff(&old, &new);
    if diff.tenants.is_empty() {
        let names = |list: &[(String, crate::domain::View)]| match list {
            [] => "no tenant".to_owned(),
            list => list.iter().map(|(tenant, view)| named(tenant, *view)).collect::<Vec<_>>().join(" and "),
        };
        let message = format!("tell the two apart: OLD holds {}, NEW {}", names(&diff.only_old), names(&diff.only_new));
        return Err(Failure::usage(message, "give two runs of the same tenant in the same view"));
    }
    if old.collected_at > new.collected_at {
        tracing::warn!("OLD was made after NEW");
    }
    Ok(diff)
}
