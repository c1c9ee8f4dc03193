//! From rules and facts to a report: who is judged, who is not, what counts.

use std::collections::BTreeSet;
use std::num::NonZero;

use crate::domain::diff::Baseline;
use crate::domain::ledger::{self, Ledger};
use crate::domain::report::{Counts, CoverageRow, NotApplicable, NotEvaluated, Note, Report, Run, TenantReport};
use crate::domain::{
    Confidence, Dataset, Finding, Need, Party, RuleMeta, Severity, Snapshot, Standing, State, TenantSnapshot, Text, Timestamp, Tool, View,
    fingerprint,
};

use super::compared::{self, Compared};
use super::custom::Verdicts;
use super::ended;
use super::footprint;
use super::gaps::{self, Gaps, accepted};
use super::index::Index;
use super::order;
use super::rule::{Ctx, Draft, Out, Rule};
use super::seen::Seen;
use super::settings::{RuleSettings, Settings};
use super::summary::summarise;
use super::waivers;

/// Judges a snapshot. Pure: the same four inputs give an equal report.
pub fn evaluate(snapshot: &Snapshot, baseline: Option<&Baseline>, settings: &Settings, now: Timestamp) -> Report {
    evaluate_with(snapshot, baseline, settings, now, &Verdicts::default())
}

/// The same with what the organisation's own rules said. One of them that is selected and said nothing is not evaluated.
pub fn evaluate_with(snapshot: &Snapshot, baseline: Option<&Baseline>, settings: &Settings, now: Timestamp, custom: &Verdicts) -> Report {
    // The id is a hash of everything that is judged: as long to make as many rules, and nobody waits for it but the report.
    std::thread::scope(|scope| {
        let id = scope.spawn(|| run_id(snapshot, baseline, settings, now));
        let judged = judge(snapshot, baseline, settings, now, custom);
        // A panic of the hashing is this thread's too.
        let id = id.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let rules = compared::selected(settings);
        let run = Run {
            id,
            now,
            collected_at: snapshot.collected_at,
            lookback_days: snapshot.lookback_days,
            rules,
            left_out: compared::left_out(settings, &snapshot.tenants),
            terms: compared::terms(settings),
            only_customer: snapshot.only_customer.clone(),
        };
        report(judged, run, settings)
    })
}

fn judge(
    snapshot: &Snapshot,
    baseline: Option<&Baseline>,
    settings: &Settings,
    now: Timestamp,
    custom: &Verdicts,
) -> (Vec<TenantReport>, Judged) {
    let mut judged = Judged::default();
    let (mut tenants, mut removed) = (Vec::new(), Vec::new());
    let mut order: Vec<&TenantSnapshot> = snapshot.tenants.iter().collect();
    order.sort_by(|a, b| (&a.tenant_id, a.view).cmp(&(&b.tenant_id, b.view)));
    for tenant in order {
        let joined = Joined::new(tenant, settings);
        let compared = baseline.and_then(|baseline| Compared::new(baseline, tenant, &joined.ledger, snapshot.collected_at));
        let run = Judging { lookback_days: snapshot.lookback_days, settings, now, custom };
        Judge { tenant, joined: &joined, baseline: compared.as_ref(), run }.all(&mut judged);
        removed.extend(compared.iter().flat_map(compared::removed));
        tenants.push(tenant_report(tenant, joined, settings, now));
    }
    if let Some(baseline) = baseline {
        let (rules, terms) = (compared::selected(settings), compared::terms(settings));
        let sights = compared::sights(snapshot, (&rules, &terms), &judged.not_evaluated, &judged.not_applicable);
        baseline.classify(&mut judged.findings, now, &sights, &|id| settings.meta(id));
    }
    judged.findings = order::sorted(judged.findings);
    judged.not_evaluated.sort();
    judged.not_applicable.sort();
    let views = snapshot.tenants.iter().map(|tenant| tenant.view).collect();
    judged.notes = waivers::apply(&mut judged.findings, &judged.not_evaluated, &views, settings, now);
    judged.notes.extend(gaps::notes(&snapshot.tenants, &settings.accepted_gaps, now));
    judged.notes.extend(ended::notes(&settings.approved, now));
    judged.notes.extend(baseline.into_iter().flat_map(|baseline| compared::not_in(baseline, snapshot)));
    judged.notes.append(&mut removed);
    (tenants, judged)
}

fn report((tenants, judged): (Vec<TenantReport>, Judged), run: Run, settings: &Settings) -> Report {
    let Judged { findings, not_evaluated, not_applicable, notes } = judged;
    let summary = summarise(&findings, &not_evaluated, &notes, settings);
    Report { tool: Tool::this(), run, tenants, findings, not_evaluated, not_applicable, notes, summary }
}

/// What the rules said.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) findings: Vec<Finding>,
    pub(super) not_evaluated: Vec<NotEvaluated>,
    not_applicable: Vec<NotApplicable>,
    notes: Vec<Note>,
}

impl Judged {
    fn add(&mut self, part: Judged) {
        self.findings.extend(part.findings);
        self.not_evaluated.extend(part.not_evaluated);
        self.not_applicable.extend(part.not_applicable);
    }
}

/// The facts of a tenant, joined once for all rules, in the way of its view.
pub(super) struct Joined<'a> {
    index: Index<'a>,
    pub(super) ledger: Ledger,
    seen: Seen<'a>,
}

impl<'a> Joined<'a> {
    pub(super) fn new(tenant: &'a TenantSnapshot, settings: &Settings) -> Self {
        let ledger = ledger::of_view(tenant, settings.reading);
        Joined { index: Index::new(&tenant.partner), seen: Seen::of(tenant, &ledger), ledger }
    }
}

/// What holds for every tenant of a run.
#[derive(Clone, Copy)]
pub(super) struct Judging<'a> {
    pub(super) lookback_days: u32,
    pub(super) settings: &'a Settings,
    pub(super) now: Timestamp,
    pub(super) custom: &'a Verdicts,
}

/// One tenant with all that its rules look at.
pub(super) struct Judge<'a> {
    pub(super) tenant: &'a TenantSnapshot,
    pub(super) joined: &'a Joined<'a>,
    pub(super) baseline: Option<&'a Compared<'a>>,
    pub(super) run: Judging<'a>,
}

impl<'a> Judge<'a> {
    /// The selected rules of the tenant's view.
    pub(super) fn selected(&self) -> Vec<(&'static Rule, &'a RuleSettings)> {
        let settings = self.run.settings;
        let rules = settings.all_rules().filter(|rule| settings.selects(rule.meta.id) && rule.meta.views.contains(&self.tenant.view));
        rules.filter_map(|rule| settings.rules.get(rule.meta.id).map(|own| (rule, own))).collect()
    }

    /// Runs some rules, one after the other.
    pub(super) fn some(&self, rules: &[(&'static Rule, &RuleSettings)], selected: &[(&'static RuleMeta, &RuleSettings)]) -> Judged {
        let mut judged = Judged::default();
        for (rule, own) in rules {
            let ctx = Ctx {
                tenant: self.tenant,
                facts: &self.tenant.partner,
                index: &self.joined.index,
                customer: &self.tenant.customer,
                ledger: &self.joined.ledger,
                seen: &self.joined.seen,
                baseline: self.baseline,
                approved: &self.run.settings.approved,
                waivers: &self.run.settings.waivers,
                now: self.run.now,
                lookback_days: self.run.lookback_days,
                settings: own,
                selected,
            };
            judge_rule(rule, &ctx, self.run.settings, self.run.custom, &mut judged);
        }
        judged
    }

    /// Runs every selected rule. Rules do not see one another: they are judged side by side, and what they say is put together in their order.
    fn all(&self, judged: &mut Judged) {
        let selected = self.selected();
        let metas: Vec<(&'static RuleMeta, &RuleSettings)> = selected.iter().map(|(rule, own)| (&rule.meta, *own)).collect();
        let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
        if workers == 1 {
            judged.add(self.some(&selected, &metas));
            return;
        }
        let share = selected.len().div_ceil(workers).max(1);
        std::thread::scope(|scope| {
            let shares: Vec<_> = selected.chunks(share).map(|rules| scope.spawn(|| self.some(rules, &metas))).collect();
            for share in shares {
                judged.add(share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
        });
    }
}

fn judge_rule(rule: &Rule, ctx: &Ctx<'_>, settings: &Settings, custom: &Verdicts, judged: &mut Judged) {
    let tenant = ctx.tenant;
    if let Some(reason) = not_applicable(rule, ctx) {
        judged.not_applicable.push(NotApplicable {
            rule_id: rule.meta.id.into(),
            code: rule.meta.code.into(),
            tenant_id: tenant.tenant_id.clone(),
            view: tenant.view,
            reason,
        });
        return;
    }

    let gaps = Gaps::of(rule, ctx);
    let mut out = Out::default();
    if gaps.may_judge(rule) {
        match settings.is_custom(rule.meta.id) {
            false => (rule.check)(ctx, &mut out),
            true => match custom.of(rule.meta.id, tenant) {
                Ok(findings) => out.findings = findings,
                Err(reason) => return judged.not_evaluated.push(unsaid(rule, ctx, reason)),
            },
        }
    }
    gaps.report(rule, ctx, settings, &out, judged);
    judged.not_evaluated.extend(compared::gaps_of_the_baseline(rule, ctx));
    let surest = if gaps.helps.is_empty() { Confidence::High } else { Confidence::Medium };
    judged.findings.extend(out.findings.into_iter().map(|draft| complete(draft, surest, rule, ctx)));
}

/// A rule of the organisation that could have been judged, and said nothing: it may have found anything, so the run is not clean.
fn unsaid(rule: &Rule, ctx: &Ctx<'_>, reason: String) -> NotEvaluated {
    NotEvaluated {
        rule_id: rule.meta.id.into(),
        code: rule.meta.code.into(),
        tenant_id: ctx.tenant.tenant_id.clone(),
        view: ctx.tenant.view,
        subjects: Vec::new(),
        partly: false,
        reason,
        counts_for_exit: true,
        missing: Vec::new(),
    }
}

/// Why a rule has nothing to judge here, if it has not.
fn not_applicable(rule: &Rule, ctx: &Ctx<'_>) -> Option<String> {
    if let Some((_, missing)) = rule.meta.unsourced.iter().find(|(view, _)| *view == ctx.tenant.view) {
        return Some((*missing).to_owned());
    }
    let uses = rule.meta.uses_in(ctx.tenant.view);
    let missing = uses.iter().find(|uses| uses.need == Need::Import && !ctx.coverage(uses.dataset).status.has_records());
    match missing {
        Some(uses) => Some(format!("no file was given for {}", uses.dataset)),
        None if rule.meta.judges_change() => compared::not_applicable(rule, ctx),
        None => None,
    }
}

/// Completes a draft with what the rule says of itself, its settings and its fingerprint.
fn complete(draft: Draft, surest: Confidence, rule: &Rule, ctx: &Ctx<'_>) -> Finding {
    let meta = &rule.meta;
    let other_side = if ctx.tenant.view == View::Partner { &draft.customer } else { &draft.partner };
    let other_side = other_side.as_ref().map(|party| party.tenant_id.to_ascii_lowercase());
    let draft = ended::named(ctx, draft, other_side.as_deref());
    // What is approved is worth knowing and no more, whatever severity the organisation gives the rule.
    let (approval, said) = match draft.approval {
        Some((approval, before)) => (Some(approval), before),
        None => (None, draft.severity),
    };
    let base_severity = said.unwrap_or(meta.severity);
    let own = ctx.settings.severity.as_ref().filter(|_| approval.is_none());
    let severity = match (&approval, own) {
        (Some(_), _) => Severity::Info,
        (None, own) => own.map_or(base_severity, |(severity, _)| *severity),
    };
    let standing = Standing { approval, severity_reason: own.map(|(_, reason)| reason.clone()), ..Standing::default() };
    let strings = |list: &'static [&'static str]| list.iter().map(|item| Text::Borrowed(item)).collect();
    let tenant_id = &ctx.tenant.tenant_id;
    // The partner view and the customer view of one tenant judge coverage apart.
    let own_key = if meta.uses_in(ctx.tenant.view).is_empty() { format!("{}/{}", ctx.tenant.view, draft.own_key) } else { draft.own_key };
    Finding {
        rule_id: meta.id.into(),
        code: meta.code.into(),
        view: ctx.tenant.view,
        severity,
        base_severity,
        confidence: draft.confidence.min(surest),
        title: draft.title.unwrap_or_else(|| meta.title.into()),
        state: State::Unbaselined,
        tenant_id: tenant_id.clone(),
        partner: if ctx.tenant.view == View::Partner { Some(own_party(ctx.tenant)) } else { draft.partner },
        customer: if ctx.tenant.view == View::Customer { Some(own_party(ctx.tenant)) } else { draft.customer },
        standing,
        since: draft.since,
        note: draft.note,
        evidence: draft.evidence,
        remediation: draft.remediation.unwrap_or_else(|| meta.remediation.into()),
        fingerprint: fingerprint::of_finding(meta.id, tenant_id, &draft.subject.kind, &draft.subject.id, &own_key),
        subject: draft.subject,
        first_seen: None,
        severity_before: None,
        attack: strings(meta.attack),
        mitigations: strings(meta.mitigations),
        nist: strings(meta.nist),
    }
}

/// The audited tenant itself.
fn own_party(tenant: &TenantSnapshot) -> Party {
    let name = if tenant.display_name.is_empty() { &tenant.tenant_id } else { &tenant.display_name };
    Party { tenant_id: tenant.tenant_id.clone(), name: name.clone() }
}

fn tenant_report(tenant: &TenantSnapshot, joined: Joined<'_>, settings: &Settings, now: Timestamp) -> TenantReport {
    let Joined { index, ledger, seen } = joined;
    // No rule asks any more, and what follows is as large.
    drop(seen);
    let coverage = Dataset::of_view(tenant.view)
        .map(|dataset| {
            let coverage = tenant.coverage_of(dataset);
            let need =
                if settings.requires(tenant.view, dataset) { Need::Required } else { dataset.need(tenant.view).unwrap_or(Need::Helps) };
            let found = accepted(tenant, dataset, &coverage, &settings.accepted_gaps, now).filter(|_| coverage.status.is_unread());
            CoverageRow { dataset, need, accepted: found.cloned(), coverage }
        })
        .collect();
    TenantReport {
        tenant_id: tenant.tenant_id.clone(),
        display_name: tenant.display_name.clone(),
        view: tenant.view,
        cloud: tenant.cloud.clone(),
        coverage,
        counts: count(tenant, &index, &ledger),
        relationships: footprint::rows(tenant, &index),
        approved: settings
            .approved
            .iter()
            .filter(|approved| approved.holds(now))
            .map(|approved| (approved.tenant_id.clone(), approved.named()))
            .collect(),
        declared: tenant.customer.declared.clone(),
        markers: ledger.markers,
        partners: ledger.entries.into_values().collect(),
    }
}

/// The counts of design.md, "Words".
fn count(tenant: &TenantSnapshot, index: &Index<'_>, ledger: &Ledger) -> Counts {
    let facts = &tenant.partner;
    let sign_ins = match tenant.view {
        View::Partner => facts.sign_ins.events.len(),
        View::Customer => tenant.customer.sign_ins.events.len(),
    };
    let live: BTreeSet<&str> = index.live().map(|relationship| relationship.id.as_str()).collect();
    let current =
        facts.assignments.iter().filter(|assignment| assignment.is_current() && live.contains(assignment.relationship_id.as_str()));
    let (assignments, groups) = current.fold((0, BTreeSet::new()), |(count, mut groups), assignment| {
        groups.insert(assignment.group_id.as_str());
        (count + 1, groups)
    });
    let people: BTreeSet<&str> = groups.iter().flat_map(|group| footprint::user_ids(index, group)).collect();
    Counts {
        relationships: facts.relationships.len() as u64,
        offers: facts.relationships.iter().filter(|relationship| relationship.status.is_offer()).count() as u64,
        customers: index.live_by_customer().len() as u64,
        assignments,
        groups: groups.len() as u64,
        people: people.len() as u64,
        partners: ledger.entries.len() as u64,
        sign_ins: sign_ins as u64,
        audit_events: tenant.customer.audits.len() as u64,
    }
}

/// A hash of what was judged, against what, with which settings and when.
fn run_id(snapshot: &Snapshot, baseline: Option<&Baseline>, settings: &Settings, now: Timestamp) -> String {
    let baseline = baseline.map(|baseline| baseline.id.as_str()).unwrap_or_default();
    let judged = fingerprint::digest(|out| serde_json::to_writer(out, snapshot));
    let settings = serde_json::to_vec(settings).unwrap_or_default();
    fingerprint::of_run(&judged, baseline.as_bytes(), &settings, &now.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::report::{Accepted, Missing, NoteKind};
    use crate::domain::rule_meta::{Reads, helps, required};
    use crate::domain::{Approval, Coverage, Gap, Status, Uses};
    use crate::policy::gaps::counts_for_exit;
    use crate::policy::settings::AcceptedGap;

    const NOW: &str = "2026-06-01T00:00:00Z";

    /// Says something about every relationship that it may judge.
    fn everything(ctx: &Ctx<'_>, out: &mut Out) {
        for relationship in &ctx.facts.relationships {
            if ctx.is_complete_for(Dataset::Assignments, &relationship.id) {
                out.push(Draft::relationship(ctx, relationship));
            } else {
                out.unjudged(&relationship.id, Dataset::Assignments);
            }
        }
    }

    fn rule(reads: Reads, uses: &'static [Uses]) -> Rule {
        Rule { meta: RuleMeta { reads, uses, ..RuleMeta::SAMPLE }, check: everything }
    }

    const USES: &[Uses] = &[required(Dataset::Relationships), required(Dataset::Assignments), helps(Dataset::SignIns)];

    fn tenant(coverage: &[(Dataset, Coverage)]) -> TenantSnapshot {
        let mut tenant: TenantSnapshot = serde_json::from_value(serde_json::json!({
            "tenantId": "t", "view": "partner",
            "partner": { "relationships": [{ "id": "r1", "status": "active" }, { "id": "r2", "status": "active" }] }
        }))
        .unwrap();
        tenant.coverage = Dataset::ALL.iter().map(|dataset| (*dataset, Coverage::complete(2))).collect();
        tenant.coverage.extend(coverage.iter().cloned());
        tenant
    }

    fn judge(rule: &Rule, tenant: &TenantSnapshot, settings: &Settings) -> Judged {
        judge_with(rule, tenant, settings, &RuleSettings::defaults(&rule.meta))
    }

    fn judge_with(rule: &Rule, tenant: &TenantSnapshot, settings: &Settings, own: &RuleSettings) -> Judged {
        let index = Index::new(&tenant.partner);
        let now = Timestamp::parse(NOW).unwrap();
        let (ledger, seen) = (Ledger::default(), Seen::default());
        let ctx = Ctx {
            tenant,
            facts: &tenant.partner,
            index: &index,
            customer: &tenant.customer,
            ledger: &ledger,
            seen: &seen,
            baseline: None,
            approved: &[],
            waivers: &[],
            now,
            lookback_days: 30,
            settings: own,
            selected: &[],
        };
        let mut judged = Judged::default();
        judge_rule(rule, &ctx, settings, &Verdicts::default(), &mut judged);
        judged
    }

    fn partial_with_gap() -> Coverage {
        let mut coverage = Coverage::new(Status::Partial);
        coverage.gaps.insert("r1".into(), Gap { status: Status::Failed, reason: "503".into() });
        coverage
    }

    #[test]
    fn what_was_read_is_judged_and_nothing_is_listed() {
        let judged = judge(&rule(Reads::All, USES), &tenant(&[]), &Settings::default());
        assert_eq!(judged.findings.len(), 2);
        assert_eq!(judged.findings[0].confidence, Confidence::High);
        assert!(judged.not_evaluated.is_empty());
    }

    #[test]
    fn an_unread_required_dataset_is_not_evaluated_and_counts() {
        let denied = [(Dataset::Assignments, Coverage { permission: Some("P".into()), ..Coverage::new(Status::Denied) })];
        let judged = judge(&rule(Reads::All, USES), &tenant(&denied), &Settings::default());
        assert!(judged.findings.is_empty());
        let [entry] = &judged.not_evaluated[..] else { panic!("{:?}", judged.not_evaluated) };
        assert!(entry.counts_for_exit && entry.subjects.is_empty());
        assert_eq!(entry.missing, [Missing { dataset: Dataset::Assignments, status: Status::Denied, permission: Some("P".into()) }]);
        assert_eq!(summarise(&judged.findings, &judged.not_evaluated, &judged.notes, &Settings::default()).exit_code, 3);
    }

    #[test]
    fn a_gap_of_one_subject_leaves_the_others_judged() {
        let partial = [(Dataset::Assignments, partial_with_gap())];
        let judged = judge(&rule(Reads::All, USES), &tenant(&partial), &Settings::default());
        assert_eq!(judged.findings.iter().map(|finding| finding.subject.id.as_str()).collect::<Vec<_>>(), ["r2"]);
        assert_eq!(judged.not_evaluated[0].subjects, ["r1"]);
        assert!(judged.not_evaluated[0].counts_for_exit);
    }

    #[test]
    fn a_some_rule_judges_what_is_there_without_its_second_dataset() {
        let denied = [(Dataset::SignIns, Coverage::new(Status::Denied))];
        const BOTH: &[Uses] = &[required(Dataset::Relationships), required(Dataset::SignIns)];
        let some = rule(Reads::Some, BOTH);
        let judged = judge(&some, &tenant(&denied), &Settings::default());
        assert_eq!(judged.findings.len(), 2);
        assert!(judged.not_evaluated[0].counts_for_exit);
    }

    #[test]
    fn a_file_that_nobody_gave_is_no_gap_of_a_rule_that_it_only_helps() {
        const WITH_FILE: &[Uses] = &[required(Dataset::Organization), helps(Dataset::Declared)];
        let mut with_file = rule(Reads::All, USES);
        with_file.meta.customer_uses = WITH_FILE;
        let listed = |file: Coverage| {
            let mut tenant = tenant(&[(Dataset::Organization, Coverage::complete(1)), (Dataset::Declared, file)]);
            tenant.view = View::Customer;
            judge(&with_file, &tenant, &Settings::default()).not_evaluated.len()
        };
        assert_eq!(listed(Coverage::skipped("no file")), 0);
        assert_eq!(listed(Coverage::new(Status::Partial)), 1, "a broken one is");
    }

    #[test]
    fn what_only_helps_lowers_confidence_and_never_counts() {
        let denied = [(Dataset::SignIns, Coverage::new(Status::Denied))];
        let judged = judge(&rule(Reads::All, USES), &tenant(&denied), &Settings::default());
        assert_eq!(judged.findings[0].confidence, Confidence::Medium);
        assert!(!judged.not_evaluated[0].counts_for_exit);
        let settings = Settings { require: [(None, Dataset::SignIns)].into(), ..Settings::default() };
        let judged = judge(&rule(Reads::All, USES), &tenant(&denied), &settings);
        assert!(judged.not_evaluated[0].counts_for_exit, "--require makes it count");
    }

    #[test]
    fn skipped_capped_unlicensed_and_accepted_gaps_do_not_count() {
        let now = Timestamp::parse(NOW).unwrap();
        let counts = |tenant: &TenantSnapshot, dataset: Dataset, coverage: &Coverage, settings: &Settings| {
            counts_for_exit(tenant, dataset, coverage, settings, now)
        };
        let plain = Settings::default();
        let mut tenant = tenant(&[]);
        let denied = Coverage::new(Status::Denied);
        assert!(counts(&tenant, Dataset::SignIns, &denied, &plain));
        assert!(!counts(&tenant, Dataset::SignIns, &Coverage::skipped("by request"), &plain));
        assert!(!counts(&tenant, Dataset::SignIns, &Coverage { capped: true, ..Coverage::new(Status::Partial) }, &plain));
        assert!(counts(&tenant, Dataset::SignIns, &Coverage::new(Status::Partial), &plain));

        tenant.partner.licenses = Some(crate::domain::facts::Licenses::default());
        let unlicensed = Coverage::new(Status::Unlicensed);
        assert!(!counts(&tenant, Dataset::SignIns, &unlicensed, &plain));
        assert!(counts(&tenant, Dataset::Groups, &unlicensed, &plain));
        tenant.coverage.insert(Dataset::Licenses, Coverage::new(Status::Denied));
        assert!(counts(&tenant, Dataset::SignIns, &unlicensed, &plain), "no licence is only a guess here");

        let gap = |status: Option<Status>, until: Option<&str>| Settings {
            accepted_gaps: vec![AcceptedGap {
                dataset: Some(Dataset::Groups),
                status,
                accepted: Accepted {
                    reason: "known".into(),
                    owner: Some("it".into()),
                    until: until.map(|text| Timestamp::parse(text).unwrap()),
                },
                lasting: true,
            }],
            ..Settings::default()
        };
        assert!(!counts(&tenant, Dataset::Groups, &denied, &gap(None, None)));
        assert!(!counts(&tenant, Dataset::Groups, &denied, &gap(Some(Status::Denied), Some("2026-06-01T00:00:00Z"))));
        assert!(counts(&tenant, Dataset::Groups, &denied, &gap(Some(Status::Failed), None)), "another status still shows");
        assert!(counts(&tenant, Dataset::Groups, &denied, &gap(None, Some("2026-05-31T23:59:59Z"))), "an ended one accepts nothing");
        assert!(counts(&tenant, Dataset::SignIns, &denied, &gap(None, None)), "another dataset still shows");
    }

    #[test]
    fn what_another_dataset_lowered_counts_as_that_one_does() {
        let now = Timestamp::parse(NOW).unwrap();
        let plain = Settings::default();
        let mut lowered = Coverage::complete(0);
        lowered.limit_to(Dataset::GroupMembers, Status::Skipped);
        assert_eq!((lowered.status, lowered.limited_by), (Status::Partial, Some(Dataset::GroupMembers)));
        let counts = |members: Coverage| {
            counts_for_exit(&tenant(&[(Dataset::GroupMembers, members)]), Dataset::MfaRegistration, &lowered, &plain, now)
        };
        assert!(!counts(Coverage::skipped("asked")), "what is skipped never gives exit 3, nor does what hangs on it");
        assert!(counts(Coverage::new(Status::Denied)));
        assert!(counts(Coverage::complete(0)), "a cause that is none");
        let mut on_relationships = Coverage::complete(0);
        on_relationships.limit_to(Dataset::Relationships, Status::Skipped);
        let two_up = tenant(&[
            (Dataset::Relationships, Coverage::skipped("asked")),
            (Dataset::Assignments, on_relationships),
            (Dataset::Groups, Coverage { limited_by: Some(Dataset::Assignments), ..Coverage::new(Status::Partial) }),
        ]);
        assert!(!counts_for_exit(&two_up, Dataset::Groups, &two_up.coverage_of(Dataset::Groups), &plain, now));
        let itself = Coverage { limited_by: Some(Dataset::Groups), ..Coverage::new(Status::Partial) };
        assert!(counts_for_exit(&tenant(&[(Dataset::Groups, itself.clone())]), Dataset::Groups, &itself, &plain, now), "and it ends");
    }

    #[test]
    fn findings_win_over_gaps() {
        let partial = [(Dataset::Assignments, partial_with_gap())];
        let judged = judge(&rule(Reads::All, USES), &tenant(&partial), &Settings::default());
        let exit = |fail_on: Option<Severity>| {
            summarise(&judged.findings, &judged.not_evaluated, &judged.notes, &Settings { fail_on, ..Settings::default() }).exit_code
        };
        assert_eq!([exit(Some(Severity::High)), exit(Some(Severity::Critical)), exit(None)], [1, 3, 3]);
    }

    #[test]
    fn what_is_approved_fails_no_run_and_no_setting_raises_it() {
        let approval = Approval { owner: "it@contoso.example".into(), until: None, ticket: Some("CHG-7".into()) };
        fn one_of_two(_: &Ctx<'_>, out: &mut Out) {
            let approval = Approval { owner: "it@contoso.example".into(), until: None, ticket: Some("CHG-7".into()) };
            out.push(Draft::about("tenant", "a", "A").severity(Severity::High).approved(approval));
            out.push(Draft::about("tenant", "b", "B").severity(Severity::High));
        }
        let rule = Rule { check: one_of_two, ..rule(Reads::Some, USES) };
        let mut own = RuleSettings::defaults(&rule.meta);
        own.severity = Some((Severity::Critical, "ours".into()));
        let findings = judge_with(&rule, &tenant(&[]), &Settings::default(), &own).findings;
        let told = |index: usize| (findings[index].severity, findings[index].standing.approval.as_ref());
        assert_eq!([told(0), told(1)], [(Severity::Info, Some(&approval)), (Severity::Critical, None)]);
        let counting = Settings { fail_on: Some(Severity::Info), ..Settings::default() };
        let exit = |findings: &[Finding]| summarise(findings, &[], &[], &counting).exit_code;
        assert_eq!([exit(&findings[..1]), exit(&findings)], [0, 1]);
    }

    #[test]
    fn fail_on_new_counts_what_became_as_bad_and_stops_at_a_tenant_that_the_baseline_lacks() {
        let settings = Settings { fail_on: None, fail_on_new: Some(Severity::High), ..Settings::default() };
        let judged = judge(&rule(Reads::Some, USES), &tenant(&[]), &Settings::default());
        let exit = |state: State, severity: Severity, severity_before: Option<Severity>| {
            let finding = Finding { state, severity, severity_before, ..judged.findings[0].clone() };
            summarise(&[finding], &[], &[], &settings).exit_code
        };
        assert_eq!([exit(State::New, Severity::High, None), exit(State::Existing, Severity::High, None)], [1, 0]);
        assert_eq!(exit(State::Existing, Severity::High, Some(Severity::Medium)), 1);
        assert_eq!(exit(State::Existing, Severity::Critical, Some(Severity::High)), 0, "it was as bad as the limit already");
        let note = Note { kind: NoteKind::NotInBaseline, rule_id: None, subject: None, dataset: None, until: None, text: String::new() };
        assert_eq!(summarise(&[], &[], std::slice::from_ref(&note), &settings).exit_code, 3);
        assert_eq!(summarise(&[], &[], &[note], &Settings::default()).exit_code, 0);
    }

    #[test]
    fn a_dataset_that_the_snapshot_does_not_mention_was_not_read() {
        let mut tenant = tenant(&[]);
        tenant.coverage.remove(&Dataset::Assignments);
        let judged = judge(&rule(Reads::All, USES), &tenant, &Settings::default());
        assert!(judged.findings.is_empty());
        assert_eq!(judged.not_evaluated[0].missing[0].status, Status::Failed);
    }
}
