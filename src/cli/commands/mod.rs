//! One file a command. Each resolves its options, opens its outputs, does its work, and settles how the run ends.

pub(super) mod audit;
pub(super) mod collect;
pub(super) mod config;
pub(super) mod diff;
pub(super) mod evaluate;
pub(super) mod explain;
#[cfg(feature = "fixture")]
pub(super) mod fixture;
pub(super) mod init;
pub(super) mod rules;
#[cfg(feature = "rego")]
mod rules_test;
#[cfg(not(feature = "rego"))]
#[path = "no_rules_test.rs"]
mod rules_test;
#[cfg(feature = "rego")]
pub(super) mod rules_worker;
pub(super) mod schema;

use super::args::ColorWhen;
use super::custom_rules::CustomRules;
use super::earlier::EarlierFile;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::compute;
use super::options::Output;
use super::outputs::Outputs;
use super::terminal::{self, process_env};
use super::wire;
use crate::domain::{Snapshot, Timestamp};
use crate::policy::{self, settings::Settings};
use crate::report::RenderOptions;

/// Judges a snapshot, renders and writes every format: the second half of `audit`, and all of `evaluate`.
async fn judge(
    snapshot: Snapshot,
    baseline: Option<EarlierFile>,
    (settings, custom): (Settings, CustomRules),
    now: Timestamp,
    outputs: Outputs,
    look: Look,
) -> Result<Exit, Failure> {
    let formats: Vec<(&'static str, RenderOptions)> = outputs.specs().map(|spec| (spec.name, look.of(spec.path.is_some()))).collect();
    let work = move || {
        let baseline = baseline.map(|earlier| earlier.baseline(&snapshot, &settings, &custom)).transpose()?;
        let verdicts = custom.judge(&snapshot, &settings, now);
        let report = policy::evaluate_with(&snapshot, baseline.as_ref(), &settings, now, &verdicts);
        let rendered = formats.iter().map(|(name, options)| wire::render(&report, name, options)).collect::<Result<Vec<String>, Failure>>();
        rendered.map(|rendered| (rendered, report.summary.exit_code))
    };
    let (rendered, code) = compute(work).await??;
    outputs.write(rendered)?;
    Ok(Exit::of_report(code))
}

/// How reports look.
#[derive(Debug, Clone, Copy)]
struct Look {
    color: ColorWhen,
    full: bool,
}

impl Look {
    fn new(color: ColorWhen, output: &Output) -> Look {
        Look { color, full: output.full }
    }

    fn of(self, to_file: bool) -> RenderOptions {
        let (width, color) = match to_file {
            true => (terminal::file_width(&process_env), self.color == ColorWhen::Always),
            false => (terminal::stdout_width(&process_env), terminal::stdout_color(self.color, &process_env)),
        };
        RenderOptions { width, color, full: self.full }
    }
}
