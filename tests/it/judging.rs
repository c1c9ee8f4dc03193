//! Laws of judging, held over the snapshots of fixture tenants and over snapshots that nobody in his right mind would write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use partnerscope::config::{self, Trust};
use partnerscope::domain::customer::CustomerFacts;
use partnerscope::domain::declared::Declared;
use partnerscope::domain::facts::{Licenses, PartnerFacts, SignInLog};
use partnerscope::domain::report::NotEvaluated;
use partnerscope::domain::{Coverage, Dataset, Finding, Gap, Need, Report, Snapshot, Status, View};
use partnerscope::history::snapshot_file;
use partnerscope::policy::examples::{Kind, examples, load};
use partnerscope::policy::rules::ALL;
use partnerscope::policy::settings::{Settings, apply_table};
use partnerscope::policy::{evaluate, find};

use crate::support::{Program, fixtures};

/// The snapshot of a fixture tenant, collected once.
fn snapshot(fixture: &str) -> Snapshot {
    let program = Program::new();
    program.run(&["collect", "--fixture", fixture, "-o", "s.json"]);
    snapshot_file::read(&std::fs::read(program.path("s.json")).unwrap()).unwrap()
}

pub(crate) static TIDY: LazyLock<Snapshot> = LazyLock::new(|| snapshot("tidy-msp"));
pub(crate) static NORTHWIND: LazyLock<Snapshot> = LazyLock::new(|| snapshot("northwind-msp"));
pub(crate) static TIDY_CUSTOMER: LazyLock<Snapshot> = LazyLock::new(|| snapshot("tidy-customer"));
pub(crate) static CONTOSO: LazyLock<Snapshot> = LazyLock::new(|| snapshot("contoso"));
pub(crate) static GOVERNED: LazyLock<Snapshot> = LazyLock::new(|| snapshot("governed"));

fn judged(snapshot: &Snapshot, settings: &Settings) -> Report {
    evaluate(snapshot, None, settings, snapshot.collected_at)
}

/// The settings of northwind's own configuration, with which every rule of the partner view fires there.
fn northwind_settings() -> Settings {
    let mut settings = Settings::default();
    let config = config::load(&fixtures().join("northwind-msp/partnerscope.toml"), Trust::Discovered).unwrap();
    let problems = config.with_rules(|rules| apply_table(rules, &mut settings)).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    settings
}

/// Takes the facts of a dataset away, as where nothing of it was read.
fn forget(facts: &mut PartnerFacts, dataset: Dataset) {
    match dataset {
        Dataset::Organization => facts.organization = None,
        Dataset::Licenses => facts.licenses = None,
        Dataset::Relationships => facts.relationships.clear(),
        Dataset::Assignments => facts.assignments.clear(),
        Dataset::RelationshipRequests => facts.relationship_requests.clear(),
        Dataset::Customers => facts.customers.clear(),
        Dataset::Contracts => facts.contracts.clear(),
        Dataset::Groups => facts.groups.clear(),
        Dataset::GroupOwners => facts.group_owners.clear(),
        Dataset::GroupMembers => facts.group_members.clear(),
        Dataset::GroupPim => facts.group_pim.clear(),
        Dataset::MfaRegistration => facts.mfa_registrations.clear(),
        Dataset::UserActivity => facts.user_activity.clear(),
        Dataset::SignIns => facts.sign_ins = SignInLog::default(),
        other => panic!("the partner view does not read {other}"),
    }
}

/// The same in the customer view.
fn forget_of_customer(facts: &mut CustomerFacts, dataset: Dataset) {
    match dataset {
        Dataset::Organization => facts.organization = None,
        Dataset::Licenses => facts.licenses = None,
        Dataset::CrossTenantDefault => facts.cross_tenant_default = None,
        Dataset::CrossTenantPartners => facts.cross_tenant_partners.clear(),
        Dataset::IdentitySync => facts.identity_sync.clear(),
        Dataset::ProviderConstraints => facts.provider_constraints.clear(),
        Dataset::RoleDefinitions => facts.role_definitions.clear(),
        Dataset::RoleAssignments => facts.role_assignments.clear(),
        Dataset::RoleSchedules => facts.role_schedules.clear(),
        Dataset::ForeignPrincipals => facts.foreign_principals.clear(),
        Dataset::TenantNames => facts.tenant_names.clear(),
        Dataset::ServicePrincipals => facts.service_principals.clear(),
        Dataset::AppRoleAssignments => facts.app_role_assignments.clear(),
        Dataset::DelegatedGrants => facts.delegated_grants.clear(),
        Dataset::ExternalUsers => facts.external_users.clear(),
        Dataset::ConditionalAccess => facts.conditional_access.clear(),
        Dataset::NamedLocations => facts.named_locations.clear(),
        Dataset::AuthenticationStrengths => facts.authentication_strengths.clear(),
        Dataset::SecurityDefaults => facts.security_defaults = None,
        Dataset::Subscriptions => facts.subscriptions.clear(),
        Dataset::SignIns => facts.sign_ins = SignInLog::default(),
        Dataset::AppSignIns => facts.app_sign_ins.clear(),
        Dataset::Audits => facts.audits.clear(),
        Dataset::Governance => facts.governance.clear(),
        Dataset::Declared => facts.declared = Declared::default(),
        Dataset::Purview => facts.purview.clear(),
        other => panic!("the customer view does not read {other}"),
    }
}

/// Every way of not being complete: `None` is a dataset that the snapshot does not mention.
fn ways() -> Vec<(&'static str, Option<Coverage>)> {
    let gap = Gap { status: Status::Failed, reason: "503".into() };
    let plain = Coverage::new;
    vec![
        ("truncated", Some(Coverage { truncated: true, ..plain(Status::Partial) })),
        ("gaps", Some(Coverage { gaps: [("nobody".to_owned(), gap)].into(), ..plain(Status::Partial) })),
        ("partial", Some(plain(Status::Partial))),
        ("capped", Some(Coverage { capped: true, ..plain(Status::Partial) })),
        ("denied", Some(Coverage { permission: Some("X.Read.All".into()), ..plain(Status::Denied) })),
        ("unlicensed", Some(plain(Status::Unlicensed))),
        ("unavailable", Some(plain(Status::Unavailable))),
        ("failed", Some(plain(Status::Failed))),
        ("skipped", Some(Coverage::skipped("asked"))),
        ("not mentioned", None),
    ]
}

/// `snapshot` with one dataset read otherwise; its facts go where nothing was read.
pub(crate) fn without(snapshot: &Snapshot, dataset: Dataset, way: Option<&Coverage>) -> Snapshot {
    let mut cut = snapshot.clone();
    let tenant = &mut cut.tenants[0];
    match way {
        Some(coverage) => {
            let mut coverage = coverage.clone();
            // What was a gap before is one still.
            let before = tenant.coverage.get(&dataset).filter(|_| coverage.status == Status::Partial);
            coverage.gaps.extend(before.into_iter().flat_map(|before| before.gaps.clone()));
            tenant.coverage.insert(dataset, coverage)
        }
        None => tenant.coverage.remove(&dataset),
    };
    if !way.is_some_and(|coverage| coverage.status.has_records()) {
        match tenant.view {
            View::Partner => forget(&mut tenant.partner, dataset),
            View::Customer => forget_of_customer(&mut tenant.customer, dataset),
        }
    }
    cut
}

fn entries<'r>(report: &'r Report, rule: &str) -> Vec<&'r NotEvaluated> {
    report.not_evaluated.iter().filter(|entry| entry.rule_id == rule).collect()
}

/// What of a rule's datasets is not complete.
fn incomplete(snapshot: &Snapshot, rule: &str, need: Need) -> BTreeMap<Dataset, Coverage> {
    let meta = &ALL.iter().find(|known| known.meta.id == rule).unwrap().meta;
    let view = snapshot.tenants[0].view;
    let is_file = |dataset: Dataset| dataset.need(view) == Some(Need::Import);
    let used = meta.uses_in(view).iter().filter(|uses| uses.need == need && !is_file(uses.dataset)).map(|uses| uses.dataset);
    let read = used.map(|dataset| (dataset, snapshot.tenants[0].coverage_of(dataset)));
    read.filter(|(_, coverage)| coverage.status != Status::Complete).collect()
}

pub(crate) fn fingerprints(report: &Report) -> BTreeMap<&str, &Finding> {
    report.findings.iter().map(|finding| (finding.fingerprint.as_str(), finding)).collect()
}

#[test]
fn unknown_is_never_clean() {
    let settings = northwind_settings();
    for base in [&*TIDY, &*NORTHWIND, &*TIDY_CUSTOMER, &*CONTOSO] {
        let view = base.tenants[0].view;
        let whole = judged(base, &settings);
        // What comes from files is asked of nobody: a rule that needs one is not applicable without it.
        for dataset in Dataset::of_view(view).filter(|dataset| dataset.need(view) != Some(Need::Import)) {
            for (name, way) in ways() {
                let cut = without(base, dataset, way.as_ref());
                let report = judged(&cut, &settings);
                let case = format!("{}: {dataset} {name}", base.tenants[0].display_name);
                for rule in ALL.iter().filter(|rule| rule.meta.views.contains(&view)).map(|rule| rule.meta.id) {
                    held_to_its_datasets(&cut, &report, rule, &case);
                }
                nothing_vanishes_unsaid(&whole, &report, &case);
                let known = fingerprints(&whole);
                for finding in report.findings.iter().filter(|finding| !known.contains_key(finding.fingerprint.as_str())) {
                    let takes_over = is_left_over(finding, &whole, &report);
                    assert!(finding.code.starts_with("COV") || takes_over, "{case}: a gap makes a finding of {}", finding.rule_id);
                }
                let fails = report.findings.iter().any(|finding| Some(finding.severity) >= settings.fail_on);
                let counts = report.not_evaluated.iter().any(|entry| entry.counts_for_exit);
                let want = if fails {
                    1
                } else if counts {
                    3
                } else {
                    0
                };
                assert_eq!(report.summary.exit_code, want, "{case}");
            }
        }
    }
}

/// A role that is held makes one finding. Where the rule that would take it in cannot judge any more, the one that yields says it.
pub(crate) fn is_left_over(finding: &Finding, whole: &Report, cut: &Report) -> bool {
    let left = fingerprints(cut);
    let mut gone = whole.findings.iter().filter(|finding| !left.contains_key(finding.fingerprint.as_str()));
    let yields = ["XTA-01", "XTA-03", "REC-01", "SGN-01", "PRV-01", "PRV-02", "PRV-04", "PRV-05"].contains(&&*finding.code);
    let takes = |code: &str| ["DAP-01", "TGV-01", "XTA-05", "REC-01", "XTA-03"].contains(&code);
    // Its name may come from what is not read now.
    let partner = |finding: &Finding| finding.partner.as_ref().map(|partner| partner.tenant_id.clone());
    yields && gone.any(|gone| takes(&gone.code) && partner(gone) == partner(finding))
}

/// A rule is listed if, and only if, something that it uses is not complete, and it counts as design.md says.
fn held_to_its_datasets(cut: &Snapshot, report: &Report, rule: &str, case: &str) {
    let (required, helps) = (incomplete(cut, rule, Need::Required), incomplete(cut, rule, Need::Helps));
    if report.not_applicable.iter().any(|entry| entry.rule_id == rule) {
        return;
    }
    let listed = entries(report, rule);
    let gaps: Vec<_> = listed.iter().filter(|entry| entry.missing.iter().any(|missing| missing.status != Status::Complete)).collect();
    if rule.contains("gap") || rule.contains("lookback") {
        let is_coverage_rule = ALL.iter().any(|known| known.meta.id == rule && known.meta.uses_in(cut.tenants[0].view).is_empty());
        assert!(!is_coverage_rule || listed.is_empty(), "{case}: {rule} is always evaluated");
    }
    if required.is_empty() && helps.is_empty() {
        assert!(gaps.is_empty(), "{case}: {rule} lacks nothing and is listed");
        return;
    }
    let [entry] = gaps.as_slice() else { panic!("{case}: {rule} is listed {} times", gaps.len()) };
    let missing: BTreeSet<Dataset> = entry.missing.iter().map(|missing| missing.dataset).collect();
    let all: BTreeSet<Dataset> = required.keys().chain(helps.keys()).copied().collect();
    assert_eq!(missing, all, "{case}: {rule}");
    // What is partial because of another dataset alone counts as that one does.
    let cause = |coverage: &Coverage| coverage.limited_by.map(|parent| cut.tenants[0].coverage_of(parent));
    let settled = |mut coverage: Coverage| {
        while let Some(above) = cause(&coverage).filter(|above| above.status != Status::Complete) {
            coverage = above;
        }
        coverage.status != Status::Skipped && !coverage.capped
    };
    let counts = required.values().cloned().any(settled);
    assert_eq!(entry.counts_for_exit, counts, "{case}: {rule}");
}

/// A finding of the whole snapshot that the cut one does not show is one of a rule that says what it could not judge.
fn nothing_vanishes_unsaid(whole: &Report, report: &Report, case: &str) {
    let left = fingerprints(report);
    for finding in whole.findings.iter().filter(|finding| !left.contains_key(finding.fingerprint.as_str())) {
        if finding.code.starts_with("COV") {
            continue;
        }
        assert!(!entries(report, &finding.rule_id).is_empty(), "{case}: {} {} vanished unsaid", finding.code, finding.subject.id);
    }
}

#[test]
fn coverage_rules_say_that_required_facts_are_missing() {
    let settings = Settings::default();
    for (dataset, rule) in [
        (Dataset::Relationships, "relationship-data-gap"),
        (Dataset::Assignments, "relationship-data-gap"),
        (Dataset::SignIns, "signin-log-coverage-gap"),
    ] {
        for (name, way) in ways().into_iter().filter(|(name, _)| !matches!(*name, "skipped" | "capped")) {
            let report = judged(&without(&TIDY, dataset, way.as_ref()), &settings);
            assert!(report.findings.iter().any(|finding| finding.rule_id == rule), "{dataset} {name}");
        }
    }
}

#[test]
fn what_needs_p1_does_not_count_where_its_absence_is_proved() {
    let settings = Settings::default();
    let counts = |licenses: Option<Licenses>, read: Coverage| {
        let mut cut = without(&TIDY, Dataset::SignIns, Some(&Coverage::new(Status::Unlicensed)));
        cut = without(&cut, Dataset::MfaRegistration, Some(&Coverage::new(Status::Unlicensed)));
        cut.tenants[0].partner.licenses = licenses;
        cut.tenants[0].coverage.insert(Dataset::Licenses, read);
        let report = judged(&cut, &settings);
        for rule in ["gdap-unused-relationship", "gdap-member-without-mfa"] {
            assert_eq!(entries(&report, rule).len(), 1, "{rule} is listed in any case");
        }
        report.summary.exit_code
    };
    let complete = || Coverage::complete(1);
    assert_eq!(counts(Some(Licenses::default()), complete()), 0);
    assert_eq!(counts(Some(Licenses { entra_p1: true, entra_p2: false }), complete()), 3);
    assert_eq!(counts(Some(Licenses::default()), Coverage::new(Status::Partial)), 3, "a list that was cut proves nothing");
    assert_eq!(counts(None, complete()), 3);
}

#[test]
fn required_or_not_is_asked_of_the_rule_that_is_selected() {
    let denied = Coverage::new(Status::Denied);
    let cut = without(&TIDY, Dataset::SignIns, Some(&denied));
    assert_eq!(judged(&cut, &Settings::default()).summary.exit_code, 3);
    let only = Settings { only: Some(["gdap-global-administrator"].into()), ..Settings::default() };
    let report = judged(&cut, &only);
    assert_eq!((report.summary.exit_code, report.not_evaluated.len()), (0, 0), "no selected rule uses it");
    let forced = Settings { require: [(Some(View::Partner), Dataset::GroupPim)].into(), ..Settings::default() };
    let cut = without(&TIDY, Dataset::GroupPim, Some(&denied));
    assert_eq!(judged(&cut, &Settings::default()).summary.exit_code, 0);
    assert_eq!(judged(&cut, &forced).summary.exit_code, 3);
}

/// The fingerprint of one finding of each rule, that of the least subject.
fn first_fingerprints(reports: &[Report]) -> BTreeMap<&str, (&str, &str)> {
    let mut first: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for finding in reports.iter().flat_map(|report| &report.findings) {
        let this = (finding.subject.id.as_str(), finding.fingerprint.as_str());
        let kept = first.entry(&finding.code).or_insert(this);
        *kept = this.min(*kept);
    }
    first
}

// Stored baselines hang on these: a line that changes here makes every finding of its rule look new.
#[test]
fn fingerprints_are_frozen() {
    let settings = northwind_settings();
    let of_view = |view: View| {
        let rules = ALL.iter().filter(|rule| rule.meta.answers(view) && !rule.meta.judges_change());
        rules.map(|rule| rule.meta.code).collect::<BTreeSet<_>>()
    };
    let lines = |first: &BTreeMap<&str, (&str, &str)>| {
        first.iter().map(|(code, (subject, fingerprint))| format!("{code} {subject} {fingerprint}")).collect::<Vec<_>>().join("\n")
    };
    let partner = [judged(&NORTHWIND, &settings)];
    let first = first_fingerprints(&partner);
    assert_eq!(first.keys().copied().collect::<BTreeSet<_>>(), of_view(View::Partner), "every rule fires here");
    insta::assert_snapshot!("fingerprints", lines(&first));

    let customer = [&*CONTOSO, &*GOVERNED].map(|snapshot| judged(snapshot, &settings));
    let first = first_fingerprints(&customer);
    let silent: Vec<&str> = of_view(View::Customer).into_iter().filter(|code| !first.contains_key(code)).collect();
    assert_eq!(silent, ["COV-01", "COV-02", "LIF-01", "REC-06"], "the two are well read, and declare nothing of the kind");
    insta::assert_snapshot!("fingerprints_of_the_customer_view", lines(&first));

    // Of these, as of every rule that fires nowhere but on its page, the page's examples are frozen.
    let examples = |code: &&str| {
        let failing = examples(find(code).unwrap().meta.page).into_iter().filter(|example| example.kind == Kind::Fail);
        failing.map(|example| load(example.json).unwrap()).filter(|example| example.tenants[0].view == View::Customer).collect::<Vec<_>>()
    };
    let on_pages: Vec<Report> = silent.iter().flat_map(examples).map(|snapshot| judged(&snapshot, &settings)).collect();
    let mut first = first_fingerprints(&on_pages);
    first.retain(|code, _| silent.contains(code));
    assert_eq!(first.keys().copied().collect::<Vec<_>>(), silent, "every rule that can fire is in one of the three");
    insta::assert_snapshot!("fingerprints_of_pages", lines(&first));
}

/// Northwind as it was: a relationship less, a role less, nobody in the groups.
fn northwind_before() -> Snapshot {
    let mut before = NORTHWIND.clone();
    let facts = &mut before.tenants[0].partner;
    let live: Vec<usize> = (0..facts.relationships.len()).filter(|at| facts.relationships[*at].status.is_live()).collect();
    facts.relationships[live[1]].roles.clear();
    facts.relationships.remove(live[0]);
    facts.group_members.values_mut().for_each(Vec::clear);
    facts.group_pim.clear();
    before
}

/// Contoso as it was: with half the entries, and ceilings without a role.
fn contoso_before() -> Snapshot {
    let mut before = CONTOSO.clone();
    let facts = &mut before.tenants[0].customer;
    facts.provider_constraints.iter_mut().for_each(|row| row.allowed_roles.clear());
    let newcomer = facts.cross_tenant_partners.iter().find(|row| row.is_service_provider).unwrap().tenant_id.clone();
    facts.cross_tenant_partners.retain(|row| row.tenant_id != newcomer);
    facts.role_assignments.retain(|row| row.principal_tenant_id.as_ref() != Some(&newcomer));
    facts.role_schedules.retain(|row| row.principal_tenant_id.as_ref() != Some(&newcomer));
    before
}

fn judged_against(before: &Snapshot, snapshot: &Snapshot, settings: &Settings) -> Report {
    evaluate(snapshot, Some(&partnerscope::policy::baseline_of(before, settings)), settings, snapshot.collected_at)
}

#[test]
fn fingerprints_of_changes_are_frozen() {
    let settings = Settings::default();
    for (name, before, snapshot, codes) in [
        ("northwind", northwind_before(), &*NORTHWIND, &["CHG-01", "CHG-02", "CHG-03"][..]),
        ("contoso", contoso_before(), &*CONTOSO, &["CHG-01", "CHG-02"]),
    ] {
        let report = judged_against(&before, snapshot, &settings);
        let changes = report.findings.iter().filter(|finding| finding.code.starts_with("CHG"));
        let mut lines: Vec<String> =
            changes.map(|finding| format!("{} {} {}", finding.code, finding.subject.id, finding.fingerprint)).collect();
        lines.sort();
        let fired: BTreeSet<&str> = lines.iter().map(|line| &line[..6]).collect();
        assert_eq!(fired.into_iter().collect::<Vec<_>>(), codes, "{name}");
        insta::assert_snapshot!(format!("fingerprints_of_changes_in_{name}"), lines.join("\n"));
    }
}

#[test]
fn against_a_baseline_the_order_of_facts_does_not_matter_either() {
    let settings = Settings::default();
    let reversed = |snapshot: &Snapshot| {
        let mut other = snapshot.clone();
        let facts = &mut other.tenants[0].partner;
        facts.relationships.reverse();
        facts.assignments.reverse();
        facts.groups.reverse();
        facts.principals.reverse();
        facts.group_members.values_mut().for_each(|members| members.reverse());
        other
    };
    let before = northwind_before();
    let one = judged_against(&before, &NORTHWIND, &settings);
    let other = judged_against(&reversed(&before), &reversed(&NORTHWIND), &settings);
    assert_eq!((one.findings, one.not_evaluated, one.summary), (other.findings, other.not_evaluated, other.summary));
}

#[test]
fn fingerprints_hold_no_name_and_no_time() {
    let settings = Settings::default();
    let mut renamed = NORTHWIND.clone();
    let tenant = &mut renamed.tenants[0];
    tenant.display_name = "Other".into();
    for relationship in &mut tenant.partner.relationships {
        relationship.display_name = "other".into();
        relationship.created_date_time = relationship.created_date_time.map(|at| at.plus_days(-1));
        if let Some(customer) = &mut relationship.customer {
            customer.display_name = Some("other".into());
        }
    }
    // Two rules judge names: those of the agents' groups, and those that look shared. These stay what they are.
    for name in tenant.partner.groups.iter_mut().filter_map(|group| group.display_name.as_mut()) {
        *name = if name.ends_with("Agents") { name.to_uppercase() } else { "other".into() };
    }
    for principal in &mut tenant.partner.principals {
        principal.display_name = Some("other".into());
        let is_shared = principal.user_principal_name.as_deref().is_some_and(|name| name.starts_with("svc-"));
        principal.user_principal_name = Some(if is_shared { "svc-other@example.com" } else { "other@example.com" }.into());
    }
    let (before, after) = (judged(&NORTHWIND, &settings), judged(&renamed, &settings));
    assert_ne!(before.findings, after.findings);
    assert_eq!(fingerprints(&before).keys().collect::<Vec<_>>(), fingerprints(&after).keys().collect::<Vec<_>>());
    assert_ne!(before.run.id, after.run.id, "another snapshot is another run");
}
