//! A baseline, and the pure comparison of findings with it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, State, Timestamp};

/// What an earlier run found and could not judge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Fingerprints it found, with when each was first seen.
    pub found: BTreeMap<String, Timestamp>,
    /// Rule ids that it could not fully judge, by tenant id.
    pub unread: BTreeSet<(String, String)>,
}

impl Baseline {
    /// Sets state and first-seen of each finding. What the baseline could not have seen is `unknownBefore`, never `new`.
    pub fn classify(&self, findings: &mut [Finding], now: Timestamp) {
        for finding in findings {
            let known = self.found.get(&finding.fingerprint);
            let could_not_see = self.unread.contains(&(finding.tenant_id.clone(), finding.rule_id.to_string()));
            finding.state = match known {
                Some(_) => State::Existing,
                None if could_not_see => State::UnknownBefore,
                None => State::New,
            };
            finding.first_seen = Some(known.copied().unwrap_or(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Confidence, Severity, Subject, View};

    fn finding(fingerprint: &str, rule: &str) -> Finding {
        Finding {
            rule_id: rule.to_owned().into(),
            code: "X-01".into(),
            view: View::Partner,
            severity: Severity::Low,
            base_severity: Severity::Low,
            confidence: Confidence::High,
            title: crate::domain::Text::default(),
            state: State::Unbaselined,
            tenant_id: "t".into(),
            subject: Subject { kind: "relationship".into(), id: "r".into(), name: String::new() },
            partner: None,
            customer: None,
            standing: Default::default(),
            since: None,
            note: None,
            evidence: Vec::new(),
            remediation: crate::domain::Text::default(),
            fingerprint: fingerprint.into(),
            first_seen: None,
            attack: Vec::new(),
            mitigations: Vec::new(),
            nist: Vec::new(),
        }
    }

    #[test]
    fn what_the_baseline_could_not_see_is_never_new() {
        let then = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let now = Timestamp::parse("2026-02-01T00:00:00Z").unwrap();
        let baseline = Baseline { found: [("f1".to_owned(), then)].into(), unread: [("t".to_owned(), "blind".to_owned())].into() };
        let mut findings = [finding("f1", "seen"), finding("f2", "seen"), finding("f3", "blind")];
        baseline.classify(&mut findings, now);
        assert_eq!(findings.each_ref().map(|finding| finding.state), [State::Existing, State::New, State::UnknownBefore]);
        assert_eq!(findings.each_ref().map(|finding| finding.first_seen), [Some(then), Some(now), Some(now)]);
    }
}
