//! What could not be judged: the unread datasets of a rule, whether they count for the exit status, and who accepted them.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::report::{Missing, NotEvaluated, Note, NoteKind};
use crate::domain::rule_meta::Reads;
use crate::domain::{Coverage, Dataset, Need, Status, TenantSnapshot, Timestamp, View};

use super::engine::Judged;
use super::rule::{Ctx, Out, Rule};
use super::settings::{AcceptedGap, Settings};

/// The unread datasets of one rule.
pub(super) struct Gaps {
    view: View,
    required: Vec<(Dataset, Coverage)>,
    pub(super) helps: Vec<(Dataset, Coverage)>,
}

impl Gaps {
    pub(super) fn of(rule: &Rule, ctx: &Ctx<'_>) -> Self {
        let view = ctx.tenant.view;
        // A file that nobody gave leaves no gap in a rule that it would only help.
        let is_no_file =
            |dataset: Dataset, coverage: &Coverage| dataset.need(view) == Some(Need::Import) && coverage.status == Status::Skipped;
        let unread = |need: Need| {
            let used = rule.meta.uses_in(view).iter().filter(move |uses| uses.need == need);
            used.map(|uses| (uses.dataset, ctx.coverage(uses.dataset)))
                .filter(|(dataset, coverage)| {
                    coverage.status != Status::Complete && !(need == Need::Helps && is_no_file(*dataset, coverage))
                })
                .collect()
        };
        Gaps { view, required: unread(Need::Required), helps: unread(Need::Helps) }
    }

    /// `some` rules judge what is there as long as the first dataset has records; `all` rules want them in every
    /// required one besides.
    pub(super) fn may_judge(&self, rule: &Rule) -> bool {
        let blind = |dataset: Dataset| {
            self.required.iter().chain(&self.helps).any(|(gap, coverage)| *gap == dataset && !coverage.status.has_records())
        };
        let uses = rule.meta.uses_in(self.view);
        let judges_something = uses.first().is_none_or(|uses| !blind(uses.dataset));
        match rule.meta.reads {
            Reads::Some => judges_something,
            Reads::Whole => judges_something && self.required.is_empty(),
            Reads::All => judges_something && !uses.iter().any(|uses| uses.need == Need::Required && blind(uses.dataset)),
        }
    }

    /// Lists what could not be judged: for want of a dataset, and apart from that subjects of which a dataset says nothing.
    pub(super) fn report(&self, rule: &Rule, ctx: &Ctx<'_>, settings: &Settings, out: &Out, judged: &mut Judged) {
        let whole = !self.may_judge(rule);
        let missing: BTreeMap<Dataset, Coverage> = self.required.iter().chain(&self.helps).cloned().collect();
        let mut subjects: BTreeSet<String> = missing.values().flat_map(|coverage| coverage.gaps.keys().cloned()).collect();
        let mut silent: BTreeMap<Dataset, BTreeSet<String>> = BTreeMap::new();
        for (subject, dataset) in &out.unjudged {
            match missing.contains_key(dataset) {
                true => subjects.insert(subject.clone()),
                false => silent.entry(*dataset).or_default().insert(subject.clone()),
            };
        }
        let entry = |datasets: &BTreeMap<Dataset, Coverage>, subjects: BTreeSet<String>, partly: bool, reason: &str| NotEvaluated {
            rule_id: rule.meta.id.into(),
            code: rule.meta.code.into(),
            tenant_id: ctx.tenant.tenant_id.clone(),
            view: ctx.tenant.view,
            subjects: subjects.into_iter().collect(),
            partly,
            reason: reason.into(),
            counts_for_exit: false,
            missing: datasets
                .iter()
                .map(|(dataset, coverage)| Missing { dataset: *dataset, status: coverage.status, permission: coverage.permission.clone() })
                .collect(),
        };
        if !missing.is_empty() {
            let (subjects, reason) = match whole {
                true => (BTreeSet::new(), "what it rests on could not be read"),
                false => (subjects, "judged only on what could be read"),
            };
            let counts = self.required.iter().any(|(dataset, coverage)| counts_for_exit(ctx.tenant, *dataset, coverage, settings, ctx.now));
            let counts_for_exit = counts || forced(rule, ctx, settings);
            judged.not_evaluated.push(NotEvaluated { counts_for_exit, ..entry(&missing, subjects, !whole, reason) });
        }
        for (dataset, subjects) in silent {
            let read = [(dataset, ctx.coverage(dataset))].into();
            judged.not_evaluated.push(entry(&read, subjects, true, "what was read does not say enough of these subjects"));
        }
    }
}

/// `--require`: a dataset that only helps this rule, is unread, and was asked to be required.
fn forced(rule: &Rule, ctx: &Ctx<'_>, settings: &Settings) -> bool {
    rule.meta
        .uses_in(ctx.tenant.view)
        .iter()
        .filter(|uses| uses.need == Need::Helps && settings.requires(ctx.tenant.view, uses.dataset))
        .any(|uses| {
            let coverage = ctx.coverage(uses.dataset);
            coverage.status != Status::Complete && counts_for_exit(ctx.tenant, uses.dataset, &coverage, settings, ctx.now)
        })
}

/// True if an unread dataset makes the run exit 3: not what was left out, cut by `--max-records`, unlicensed by proof, or accepted.
/// What is partial only because of another dataset counts as that one does.
pub(super) fn counts_for_exit(tenant: &TenantSnapshot, dataset: Dataset, coverage: &Coverage, settings: &Settings, now: Timestamp) -> bool {
    // A parent stands before its children, so this ends. One that is complete after all explains nothing.
    let counts_above = |parent: Dataset| {
        let above = tenant.coverage_of(parent);
        // What rests on what was left out is left out with it.
        if above.status == Status::Skipped {
            return false;
        }
        parent >= dataset || above.status == Status::Complete || counts_for_exit(tenant, parent, &above, settings, now)
    };
    coverage.status.is_unread()
        && !(coverage.status == Status::Partial && coverage.capped)
        && !(dataset.needs_p1() && tenant.is_p1_absent())
        && accepted(tenant, dataset, coverage, &settings.accepted_gaps, now).is_none()
        && coverage.limited_by.filter(|_| coverage.status == Status::Partial).is_none_or(counts_above)
}

/// Required datasets of the view that were not read, where that counts and nobody accepted it: what `collect` ends on.
pub fn unaccepted_gaps(tenant: &TenantSnapshot, settings: &Settings, now: Timestamp) -> Vec<Dataset> {
    let required = |dataset: &Dataset| dataset.need(tenant.view) == Some(Need::Required) || settings.requires(tenant.view, *dataset);
    let counts = |dataset: &Dataset| counts_for_exit(tenant, *dataset, &tenant.coverage_of(*dataset), settings, now);
    Dataset::of_view(tenant.view).filter(|dataset| required(dataset) && counts(dataset)).collect()
}

/// What is to be said of the accepted gaps of a file: those that ended, and those where there is no gap.
pub(super) fn notes(tenants: &[TenantSnapshot], gaps: &[AcceptedGap], now: Timestamp) -> Vec<Note> {
    let mut notes: Vec<Note> = gaps.iter().filter(|gap| gap.lasting).filter_map(|gap| note(tenants, gap, gaps, now)).collect();
    notes.sort();
    notes.dedup();
    notes
}

fn note(tenants: &[TenantSnapshot], gap: &AcceptedGap, gaps: &[AcceptedGap], now: Timestamp) -> Option<Note> {
    let meant = |dataset: &Dataset| gap.dataset.is_none_or(|wanted| wanted == *dataset);
    let found = || tenants.iter().flat_map(|tenant| Dataset::of_view(tenant.view).filter(meant).map(|dataset| tenant.coverage_of(dataset)));
    // A run of another view says nothing of it.
    found().next()?;
    let is_matched = found().any(|coverage| coverage.status.is_unread() && gap.status.is_none_or(|wanted| wanted == coverage.status));
    let which = match (gap.dataset, gap.status) {
        (Some(dataset), Some(status)) => format!("the accepted gap of {dataset} ({status})"),
        (Some(dataset), None) => format!("the accepted gap of {dataset}"),
        (None, Some(status)) => format!("the accepted gap of every dataset that is {status}"),
        (None, None) => "the accepted gap of every dataset".to_owned(),
    };
    // One that ended beside one that holds lets nothing count again.
    let counts = || {
        tenants.iter().any(|tenant| {
            Dataset::of_view(tenant.view).filter(meant).any(|dataset| {
                let coverage = tenant.coverage_of(dataset);
                coverage.status.is_unread()
                    && gap.status.is_none_or(|wanted| wanted == coverage.status)
                    && accepted(tenant, dataset, &coverage, gaps, now).is_none()
            })
        })
    };
    let ended = gap.until.filter(|until| *until < now);
    let (kind, text) = match (is_matched, ended) {
        (true, None) => return None,
        (true, Some(until)) if !counts() => {
            (NoteKind::EndedGap, format!("{which} ended on {}: another one holds, take it out", until.date()))
        }
        (true, Some(until)) => (NoteKind::EndedGap, format!("{which} ended on {}: it counts again", until.date())),
        (false, _) => (NoteKind::UnmatchedGap, format!("{which} is in vain: what it means was read, or has another status")),
    };
    Some(Note { kind, rule_id: None, subject: None, dataset: gap.dataset, until: gap.until, text })
}

/// Why a gap is accepted, if it is. What is partial only because of another dataset is accepted with that one.
pub(super) fn accepted<'a>(
    tenant: &TenantSnapshot,
    dataset: Dataset,
    coverage: &Coverage,
    gaps: &'a [AcceptedGap],
    now: Timestamp,
) -> Option<&'a str> {
    let own = gaps.iter().find(|gap| {
        gap.dataset.is_none_or(|wanted| wanted == dataset)
            && gap.status.is_none_or(|wanted| wanted == coverage.status)
            && gap.until.is_none_or(|until| now <= until)
    });
    match (own, coverage.limited_by) {
        (Some(gap), _) => Some(gap.reason.as_str()),
        // A parent stands before its children, so this ends.
        (None, Some(parent)) if parent < dataset => accepted(tenant, parent, &tenant.coverage_of(parent), gaps, now),
        (None, _) => None,
    }
}
