//! Totals of a report, and what they make of its exit status.

use std::collections::BTreeMap;

use crate::domain::report::{NotEvaluated, Note, NoteKind, Summary};
use crate::domain::{Finding, Severity, State};

use super::settings::Settings;

/// Counts findings by severity and state, and says how the run ends.
pub(super) fn summarise(findings: &[Finding], not_evaluated: &[NotEvaluated], notes: &[Note], settings: &Settings) -> Summary {
    // What is resolved is told, and is no finding any more.
    let open = || findings.iter().filter(|finding| finding.state != State::Resolved);
    let counted = |wanted: Severity| open().filter(|finding| finding.severity == wanted).count() as u64;
    let mut by_state: BTreeMap<State, u64> = BTreeMap::new();
    for finding in findings {
        *by_state.entry(finding.state).or_default() += 1;
    }
    let counts = || open().filter(|finding| finding.standing.counts());
    let fails = settings.fail_on.is_some_and(|limit| counts().any(|finding| finding.severity >= limit))
        || settings.fail_on_new.is_some_and(|limit| counts().any(|finding| is_new_or_worse(finding, limit)));
    let is_uncompared = settings.fail_on_new.is_some() && notes.iter().any(|note| note.kind == NoteKind::NotInBaseline);
    let incomplete = is_uncompared || not_evaluated.iter().any(|entry| entry.counts_for_exit);
    Summary {
        by_severity: Severity::WORST_FIRST.into_iter().map(|severity| (severity, counted(severity))).collect(),
        by_state: by_state.into_iter().collect(),
        waived: open().filter(|finding| finding.standing.waiver.is_some()).count() as u64,
        worst: open().map(|finding| finding.severity).max(),
        exit_code: if fails {
            1
        } else if incomplete {
            3
        } else {
            0
        },
        fail_on: settings.fail_on,
        fail_on_new: settings.fail_on_new,
    }
}

/// True if `--fail-on-new` counts it: the baseline had not found it, or not as bad as the limit.
fn is_new_or_worse(finding: &Finding, limit: Severity) -> bool {
    finding.severity >= limit && (finding.state == State::New || finding.severity_before.is_some_and(|before| before < limit))
}
