//! An earlier run beside this one: what the rules on change are given, and what a baseline is made of.

use std::collections::BTreeMap;

use crate::domain::diff::{self, Baseline, Before, Change, Comparison, Ending, Field, Form, Picture, Sight};
use crate::domain::ledger::{self, Ledger};
use crate::domain::report::{Missing, NotApplicable, NotEvaluated, Note, NoteKind, Report};
use crate::domain::{Dataset, Finding, Need, RuleMeta, Snapshot, Status, TenantSnapshot, Timestamp, View, fingerprint};

use super::custom::Verdicts;
use super::rule::{Ctx, Rule};
use super::settings::Settings;

/// One tenant in one view, then and now.
#[derive(Debug)]
pub struct Compared<'a> {
    /// What the baseline saw.
    pub before: &'a Before,
    /// What this run saw.
    pub now: Picture,
    /// What is otherwise.
    pub comparison: Comparison,
}

impl<'a> Compared<'a> {
    /// Compares a tenant with the baseline; `None` if the baseline does not hold it in this view.
    pub fn new(baseline: &'a Baseline, tenant: &TenantSnapshot, ledger: &Ledger, collected_at: Timestamp) -> Option<Compared<'a>> {
        let before = baseline.of(&tenant.tenant_id, tenant.view)?;
        let now = Picture::of(tenant, ledger, collected_at);
        let comparison = diff::compare(&before.picture, &now);
        Some(Compared { before, now, comparison })
    }
}

/// A note on each tenant that a baseline does not hold.
pub(super) fn not_in(baseline: &Baseline, snapshot: &Snapshot) -> Vec<Note> {
    let is_new = |tenant: &&TenantSnapshot| baseline.of(&tenant.tenant_id, tenant.view).is_none();
    let note = |tenant: &TenantSnapshot| Note {
        kind: NoteKind::NotInBaseline,
        rule_id: None,
        subject: Some(tenant.tenant_id.clone()),
        dataset: None,
        until: None,
        text: format!("the baseline does not hold tenant {} in the {} view: what is new there is not known", tenant.tenant_id, tenant.view),
    };
    snapshot.tenants.iter().filter(is_new).map(note).collect()
}

/// A note on each relationship that somebody removed since the baseline, with its last state: the list does not show it any more.
pub(super) fn removed(compared: &Compared<'_>) -> Vec<Note> {
    let gone = compared.comparison.changes.iter().filter(|change| change.ending == Some(Ending::Removed));
    let note = |change: &Change| {
        let detail = |field: Field| change.details.iter().find(|detail| detail.field == field);
        let status = detail(Field::Status).and_then(|detail| detail.old.clone()).unwrap_or_else(|| "of unknown status".to_owned());
        let with = change.party.as_ref().map(|party| format!(" with {}", party.name)).unwrap_or_default();
        let roles = match detail(Field::Role).map_or(0, |detail| detail.items.len()) {
            1 => "1 role".to_owned(),
            number => format!("{number} roles"),
        };
        Note {
            kind: NoteKind::Removed,
            rule_id: None,
            subject: Some(change.subject.id.clone()),
            dataset: None,
            until: None,
            text: format!(
                "relationship {}{with} ({status}, {roles}) is gone since the baseline: somebody removed it, for Microsoft could not have \
                 cleaned it up yet",
                change.subject.name
            ),
        }
    };
    gone.map(note).collect()
}

/// A snapshot as a baseline: judged at its own time with the settings of this run, so that what is new is new in the tenant and not in the
/// settings.
pub fn baseline_of(snapshot: &Snapshot, settings: &Settings) -> Baseline {
    baseline_with(snapshot, settings, &Verdicts::default())
}

/// The same with what the organisation's own rules say of it at that time.
pub fn baseline_with(snapshot: &Snapshot, settings: &Settings, custom: &Verdicts) -> Baseline {
    let report = super::evaluate_with(snapshot, None, settings, snapshot.collected_at, custom);
    let sights = sights(snapshot, (&report.run.rules, &report.run.terms), &report.not_evaluated, &report.not_applicable);
    let mut found = found(&report);
    let before = |tenant: &TenantSnapshot| {
        let key = (tenant.tenant_id.clone(), tenant.view);
        let picture = Picture::of(tenant, &ledger::of_view(tenant, settings.reading), snapshot.collected_at);
        let sight = sights.get(&key).cloned().unwrap_or_default();
        let found = found.remove(&key).unwrap_or_default();
        (key, Before { picture, sight, found })
    };
    Baseline {
        form: Form::Snapshot,
        collected_at: snapshot.collected_at,
        only_customer: snapshot.only_customer.clone(),
        tenants: snapshot.tenants.iter().map(before).collect(),
        id: report.run.id,
    }
}

/// Findings by tenant, view and fingerprint, each seen first when its facts were read.
fn found(report: &Report) -> BTreeMap<(String, View), BTreeMap<String, Finding>> {
    let mut found: BTreeMap<(String, View), BTreeMap<String, Finding>> = BTreeMap::new();
    for finding in &report.findings {
        let first_seen = Some(report.run.collected_at);
        let of_tenant = found.entry((finding.tenant_id.clone(), finding.view)).or_default();
        of_tenant.insert(finding.fingerprint.clone(), Finding { first_seen, ..finding.clone() });
    }
    found
}

/// Ids of the rules that are to be judged, sorted.
pub(super) fn selected(settings: &Settings) -> Vec<String> {
    let mut ids: Vec<String> = settings.all_rules().map(|rule| rule.meta.id).filter(|id| settings.selects(id)).map(str::to_owned).collect();
    ids.sort_unstable();
    ids
}

/// Codes of the rules that judge a view of these tenants and were left out.
pub(super) fn left_out(settings: &Settings, tenants: &[TenantSnapshot]) -> Vec<String> {
    let judges = |meta: &RuleMeta| tenants.iter().any(|tenant| meta.views.contains(&tenant.view));
    let metas = settings.all_rules().map(|rule| &rule.meta).filter(|meta| judges(meta) && !settings.selects(meta.id));
    let mut codes: Vec<String> = metas.map(|meta| meta.code.to_owned()).collect();
    codes.sort_unstable();
    codes
}

/// Rules that find something beyond the limits that approvals put on sign-ins.
const BY_LIMITS: [&str; 3] = ["partner-signin-new-country", "partner-signin-new-network", "partner-signin-off-hours"];

/// For each rule that is to be judged a hash of what decides what it finds: its own settings, and of all others those that it looks at. What
/// only raises, lowers or waives a finding is none of it.
pub(super) fn terms(settings: &Settings) -> BTreeMap<String, String> {
    let mut limits: Vec<String> = settings
        .approved
        .iter()
        .filter(|approved| approved.countries.is_some() || approved.networks.is_some() || approved.hours.is_some())
        .map(|approved| format!("{}{:?}{:?}{:?}", approved.tenant_id, approved.countries, approved.networks, approved.hours))
        .collect();
    limits.sort();
    let of = |rule: &Rule| {
        let values = settings.rules.get(rule.meta.id).into_iter().flat_map(|own| own.values());
        let mut parts: Vec<String> = values.map(|(name, value)| format!("{name}={value:?}")).collect();
        if BY_LIMITS.contains(&rule.meta.id) {
            parts.extend(limits.iter().cloned());
        }
        if rule.meta.customer_uses.iter().chain(rule.meta.uses).any(|uses| uses.dataset == Dataset::ConditionalAccess) {
            parts.push(format!("{:?}", settings.reading));
        }
        // A rule of the organisation is what its file says.
        parts.extend(settings.custom.iter().filter(|custom| custom.rule.meta.id == rule.meta.id).map(|custom| custom.source.clone()));
        (rule.meta.id.to_owned(), fingerprint::of_row(parts.iter().map(String::as_str)))
    };
    settings.all_rules().filter(|rule| settings.selects(rule.meta.id)).map(of).collect()
}

/// What a run could see, by tenant and view.
pub(super) fn sights(
    snapshot: &Snapshot,
    (rules, terms): (&[String], &BTreeMap<String, String>),
    not_evaluated: &[NotEvaluated],
    not_applicable: &[NotApplicable],
) -> BTreeMap<(String, View), Sight> {
    let of = |tenant: &TenantSnapshot| {
        let unjudged: Vec<_> = not_evaluated.iter().filter(|row| row.tenant_id == tenant.tenant_id && row.view == tenant.view).collect();
        let pointless: Vec<_> = not_applicable.iter().filter(|row| row.tenant_id == tenant.tenant_id && row.view == tenant.view).collect();
        let sight = Sight::of(tenant.coverage.clone(), rules.iter().cloned(), &unjudged, &pointless);
        ((tenant.tenant_id.clone(), tenant.view), Sight { terms: terms.clone(), ..sight })
    };
    snapshot.tenants.iter().map(of).collect()
}

/// Why a rule on change has nothing to judge, if it has not.
pub(super) fn not_applicable(rule: &Rule, ctx: &Ctx<'_>) -> Option<String> {
    let Some(compared) = ctx.baseline else { return Some("there is no baseline of this tenant in this view".into()) };
    let required = rule.meta.uses_in(ctx.tenant.view).iter().filter(|uses| uses.need == Need::Required);
    let blind = required.map(|uses| uses.dataset).find(|dataset| compared.before.picture.blind.contains(dataset))?;
    Some(format!("the baseline is a report, which does not carry {blind}"))
}

/// What a rule on change could not judge for want of the baseline. It cannot be mended any more, so it never counts.
pub(super) fn gaps_of_the_baseline(rule: &Rule, ctx: &Ctx<'_>) -> Option<NotEvaluated> {
    let before = &ctx.baseline.filter(|_| rule.meta.judges_change())?.before.picture;
    let required = rule.meta.uses_in(ctx.tenant.view).iter().filter(|uses| uses.need == Need::Required);
    let status = |dataset| before.coverage.get(&dataset).map_or(Status::Failed, |coverage| coverage.status);
    let missing: Vec<Missing> = required
        .map(|uses| Missing { dataset: uses.dataset, status: status(uses.dataset), permission: None })
        .filter(|missing| missing.status != Status::Complete)
        .collect();
    (!missing.is_empty()).then(|| NotEvaluated {
        rule_id: rule.meta.id.into(),
        code: rule.meta.code.into(),
        tenant_id: ctx.tenant.tenant_id.clone(),
        view: ctx.tenant.view,
        subjects: Vec::new(),
        partly: true,
        reason: "the baseline had not read all of it".into(),
        counts_for_exit: false,
        missing,
    })
}
