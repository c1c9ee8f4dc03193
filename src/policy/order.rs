//! The order of findings in a report, settled before any reporter sees them.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::domain::{Finding, State};

/// Worst first, what is new before what is not, what is resolved last of all; then by code, tenant, subject and fingerprint. A fingerprint names
/// one finding: two of one rule with the same one come only of two facts with one id.
pub(super) fn sorted(findings: Vec<Finding>) -> Vec<Finding> {
    // Codes and tenants are few and their strings long alike: each is compared once, and then its place.
    let codes: BTreeSet<&str> = findings.iter().map(|finding| &*finding.code).collect();
    let tenants: BTreeSet<&str> = findings.iter().map(|finding| finding.tenant_id.as_str()).collect();
    let places = |words: BTreeSet<&'_ str>| -> HashMap<String, usize> {
        words.into_iter().enumerate().map(|(place, word)| (word.to_owned(), place)).collect()
    };
    let (codes, tenants) = (places(codes), places(tenants));
    let mut order: Vec<_> = findings
        .iter()
        .enumerate()
        .map(|(at, finding)| {
            let is_resolved = finding.state == State::Resolved;
            let place = (
                is_resolved,
                Reverse(finding.severity),
                standing(finding.state),
                codes.get(&*finding.code),
                tenants.get(&finding.tenant_id),
            );
            (place, finding.subject.id.as_str(), finding.fingerprint.as_str(), at)
        })
        .collect();
    // Two findings with one fingerprint: which of them stays is told by what they say, not by which came first.
    let said = |at: usize| findings.get(at).map(|finding| format!("{finding:?}"));
    order.sort_unstable_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then_with(|| said(a.3).cmp(&said(b.3))));
    let mut named: HashSet<&str> = HashSet::with_capacity(findings.len());
    let order: Vec<usize> = order.into_iter().filter(|(_, _, fingerprint, _)| named.insert(fingerprint)).map(|(_, _, _, at)| at).collect();
    let mut findings: Vec<Option<Finding>> = findings.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| findings.get_mut(at).and_then(Option::take)).collect()
}

/// What is new stands first among equals.
fn standing(state: State) -> u8 {
    match state {
        State::New => 0,
        State::UnknownBefore => 1,
        State::Existing | State::Unbaselined => 2,
        State::Resolved => 3,
    }
}
