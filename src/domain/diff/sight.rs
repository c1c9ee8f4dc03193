//! What a run could see: whether something that it did not find was not there, or only not seen.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::report::{NotApplicable, NotEvaluated};
use crate::domain::{Coverage, Dataset, Finding, RuleMeta, Status, Timestamp};

/// Whether all of a dataset was read, as far as one subject of it goes.
pub(super) fn reads(coverage: &BTreeMap<Dataset, Coverage>, dataset: Dataset, subject: &str) -> bool {
    let Some(own) = coverage.get(&dataset) else { return false };
    match own.status {
        Status::Complete => true,
        // Subject by subject: what is missing stands among the gaps, or the subjects themselves are those of another dataset.
        Status::Partial if subjects_of(dataset).is_some() && !own.truncated && !own.capped => {
            own.is_complete_for(subject) && (own.limited_by.is_some() || !own.gaps.is_empty())
        }
        _ => false,
    }
}

/// What the gaps of a dataset are about; `None`: it is read in one piece.
fn subjects_of(dataset: Dataset) -> Option<&'static str> {
    match dataset {
        Dataset::Assignments | Dataset::RelationshipRequests => Some("relationship"),
        Dataset::Groups | Dataset::GroupOwners | Dataset::GroupMembers | Dataset::GroupPim => Some("group"),
        Dataset::IdentitySync | Dataset::ProviderConstraints | Dataset::TenantNames => Some("tenant"),
        _ => None,
    }
}

/// A dataset of events, of which a run sees a window.
pub(super) fn is_log(dataset: Dataset) -> bool {
    matches!(dataset, Dataset::SignIns | Dataset::AppSignIns | Dataset::Audits | Dataset::Purview)
}

/// The setting of rules that need a stretch of log before an event.
const MIN_PAST: &str = "min-baseline-days";

/// What one run could see of one tenant in one view.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sight {
    /// How well each dataset was read.
    pub coverage: BTreeMap<Dataset, Coverage>,
    /// Rules that were judged, at least on a part.
    pub rules: BTreeSet<String>,
    /// Subjects that a rule left out.
    pub left_out: BTreeMap<String, BTreeSet<String>>,
    /// By rule, a hash of the settings that it was judged by, where that is known.
    pub terms: BTreeMap<String, String>,
}

impl Sight {
    /// What a run could see: `rules` is what it was to judge.
    pub fn of(
        coverage: BTreeMap<Dataset, Coverage>,
        rules: impl IntoIterator<Item = String>,
        not_evaluated: &[&NotEvaluated],
        not_applicable: &[&NotApplicable],
    ) -> Sight {
        let mut sight = Sight { coverage, rules: rules.into_iter().collect(), left_out: BTreeMap::new(), terms: BTreeMap::new() };
        for row in not_applicable {
            sight.rules.remove(&row.rule_id);
        }
        for row in not_evaluated {
            if row.partly {
                sight.left_out.entry(row.rule_id.clone()).or_default().extend(row.subjects.iter().cloned());
            } else {
                sight.rules.remove(&row.rule_id);
            }
        }
        sight
    }

    /// True if a run with this sight would have found what another one found.
    pub fn could_find(&self, finding: &Finding, meta: &RuleMeta) -> bool {
        let rule: &str = &finding.rule_id;
        if !self.rules.contains(rule) || self.left_out.get(rule).is_some_and(|subjects| subjects.contains(&finding.subject.id)) {
            return false;
        }
        let uses = meta.uses_in(finding.view);
        // A rule without datasets judges coverage itself, which is always known.
        let Some(judged) = uses.first() else { return true };
        let rests_on = || finding.evidence.iter().filter_map(|evidence| Dataset::parse(&evidence.source));
        rests_on().all(|dataset| self.shows(dataset, finding))
            && (!is_log(judged.dataset) || self.window_holds(judged.dataset, finding.since))
    }

    /// True if both judged a rule by the same settings, as far as is known.
    pub(super) fn judged_alike(&self, other: &Sight, rule: &str) -> bool {
        self.terms.get(rule).zip(other.terms.get(rule)).is_none_or(|(one, other)| one == other)
    }

    /// True if a dataset was read as far as the finding goes.
    fn shows(&self, dataset: Dataset, finding: &Finding) -> bool {
        let Some(own) = self.coverage.get(&dataset) else { return false };
        let is_its_subject = subjects_of(dataset) == Some(&*finding.subject.kind);
        match (own.status, own.limited_by) {
            (Status::Complete, _) => true,
            // Whose members were not asked for, because it was not known that it has access, was not seen.
            (Status::Partial, Some(parent)) if parent < dataset && own.gaps.is_empty() => self.shows(parent, finding),
            (Status::Partial, None) => is_its_subject && reads(&self.coverage, dataset, &finding.subject.id),
            _ => false,
        }
    }

    /// True if an event lies within what was read of a log. One without a time is taken to.
    fn window_holds(&self, log: Dataset, at: Option<Timestamp>) -> bool {
        let from = self.coverage.get(&log).and_then(|coverage| coverage.from);
        from.is_none_or(|from| at.is_none_or(|at| from <= at))
    }

    /// True if everything that `then` saw of the log that a rule judges is still seen.
    pub(super) fn still_covers(&self, then: &Sight, finding: &Finding, meta: &RuleMeta) -> bool {
        let Some(log) = meta.uses_in(finding.view).first().map(|uses| uses.dataset).filter(|dataset| is_log(*dataset)) else { return true };
        let from = |sight: &Sight| sight.coverage.get(&log).and_then(|coverage| coverage.from);
        // A rule that compares an event with what came before it judges it no more when too little of that is left.
        let needs_past = meta.settings.iter().any(|setting| setting.name == MIN_PAST);
        match (from(self), finding.since.filter(|_| !needs_past), from(then)) {
            (Some(now), Some(at), _) => now <= at,
            (Some(now), None, Some(then)) => now <= then,
            _ => false,
        }
    }
}
