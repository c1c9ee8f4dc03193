//! In the place of the organisation's own rules in a build without Rego.

use super::args::RulesDirArgs;
use super::failure::Failure;
use super::layered::Given;
use crate::config::{Config, Problem};
use crate::domain::{Snapshot, Timestamp};
use crate::policy::custom::Verdicts;
use crate::policy::settings::Settings;

/// There are none in this build.
#[derive(Debug)]
pub(super) struct CustomRules;

impl CustomRules {
    /// Nothing.
    pub(super) fn judge(&self, _snapshot: &Snapshot, _settings: &Settings, _now: Timestamp) -> Verdicts {
        Verdicts::default()
    }
}

/// Refuses folders of rules: rules that somebody wants judged are not passed over.
pub(super) fn add(
    given: Option<(&Given<'_>, &RulesDirArgs)>,
    file: Option<&Config>,
    _settings: &mut Settings,
) -> Result<(CustomRules, Vec<Problem>), Failure> {
    let is_flag = given.is_some_and(|(given, _)| given.above("rules_dir").is_some());
    let is_written = file.is_some_and(|file| file.get("rules-dir").is_some());
    if is_flag || is_written { Err(refused()) } else { Ok((CustomRules, Vec::new())) }
}

/// Why there are none.
pub(super) fn refused() -> Failure {
    Failure::usage("use rules in Rego: this build has none", "build with `--features rego`")
}
