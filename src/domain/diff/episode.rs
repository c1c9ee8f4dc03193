//! Events that go together, over two runs: a log moves on and leaves the first event of an episode behind, and with it the episode's name.

use std::collections::BTreeMap;

use super::sight::is_log;
use crate::domain::{Dataset, Evidence, Finding, RuleMeta, Timestamp};

/// The findings of an earlier run on events, by rule and subject.
#[derive(Debug, Default)]
pub(super) struct Episodes<'a>(BTreeMap<(&'a str, &'a str), Vec<&'a Finding>>);

impl<'a> Episodes<'a> {
    /// Takes those of rules on events among `findings`.
    pub(super) fn of(findings: impl IntoIterator<Item = &'a Finding>, meta: &dyn Fn(&str) -> Option<&'static RuleMeta>) -> Self {
        let mut episodes = Episodes::default();
        for finding in findings {
            if meta(&finding.rule_id).is_some_and(|meta| judges_events(finding, meta)) {
                episodes.0.entry((&finding.rule_id, &finding.subject.id)).or_default().push(finding);
            }
        }
        episodes
    }

    /// The earlier finding on the same events: of the same rule on the same subject, at the same time. The one seen first, of several.
    pub(super) fn same_as(&self, finding: &Finding) -> Option<&'a Finding> {
        let (from, to) = span(finding)?;
        let known = self.0.get(&(finding.rule_id.as_ref(), finding.subject.id.as_str()))?;
        let party = |finding: &Finding| finding.partner.as_ref().map(|party| party.tenant_id.clone());
        let is_same = |known: &&&Finding| {
            known.subject.kind == finding.subject.kind
                && party(known) == party(finding)
                && span(known).is_some_and(|(began, ended)| began <= to && from <= ended)
        };
        known.iter().filter(is_same).min_by_key(|known| (known.first_seen, &known.fingerprint)).copied()
    }
}

/// True for a finding of a rule on what happened, and not on what is.
pub(super) fn judges_events(finding: &Finding, meta: &RuleMeta) -> bool {
    meta.uses_in(finding.view).first().is_some_and(|uses| is_log(uses.dataset))
}

/// From its first event to its last, as far as the finding names them.
fn span(finding: &Finding) -> Option<(Timestamp, Timestamp)> {
    let of_log = |evidence: &&Evidence| Dataset::parse(&evidence.source).is_some_and(is_log);
    let times = finding.evidence.iter().filter(of_log).filter_map(|evidence| evidence.value.as_str().and_then(Timestamp::parse));
    let (first, last) = times.chain(finding.since).fold((None, None), |(first, last): (Option<Timestamp>, Option<Timestamp>), at| {
        (Some(first.map_or(at, |first| first.min(at))), Some(last.map_or(at, |last| last.max(at))))
    });
    first.zip(last)
}
