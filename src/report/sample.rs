//! Reports to render in tests: clean, with findings, incomplete, hostile and large.

mod customer;

pub(crate) use customer::{customer_empty, customer_findings, customer_hostile, customer_incomplete, customer_many};

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::facts::{AssignmentStatus, Customer, PrincipalKind, RelationshipStatus, ResellerPart};
use crate::domain::report::{
    Accepted, Counts, CoverageRow, GroupRow, LastUsed, Missing, NotApplicable, NotEvaluated, PersonRow, RelationshipRow, RoleRow, Run,
    Summary, TenantReport,
};
use crate::domain::{
    Confidence, Coverage, Dataset, Evidence, Finding, IsoDuration, Need, Party, Report, Severity, State, Status, Subject, Timestamp, Tool,
    View, roles,
};

pub(crate) const TENANT: &str = "0d9c3c1e-6f5b-4a57-9d0f-6a1f5f3c9a10";
const READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
const EXCHANGE: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";
const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

/// Every sample with its name.
pub(crate) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("clean", clean()),
        ("findings", findings()),
        ("incomplete", incomplete()),
        ("hostile", hostile()),
        ("many", many(60)),
        ("empty", empty()),
        ("customer", customer_view()),
        ("customer_findings", customer_findings()),
        ("customer_incomplete", customer_incomplete()),
        ("customer_hostile", customer_hostile()),
        ("customer_many", customer_many(60)),
        ("customer_empty", customer_empty()),
    ]
}

/// A time of the samples' year.
pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn role(id: &str) -> RoleRow {
    RoleRow { tier: roles::tier(id), name: roles::name(id).to_owned(), id: id.to_owned() }
}

fn person(id: &str, name: &str) -> PersonRow {
    PersonRow { id: id.into(), name: name.into(), kind: PrincipalKind::User, guest: false, eligible_only: false, enabled: Some(true) }
}

fn people() -> Arc<Vec<PersonRow>> {
    Arc::new(vec![
        person("u1", "Anna Keller"),
        PersonRow { guest: true, enabled: None, ..person("u2", "Guest of Fabrikam") },
        PersonRow { eligible_only: true, ..person("u3", "Ben Ortiz") },
        PersonRow { kind: PrincipalKind::ServicePrincipal, ..person("s1", "backup-bot") },
    ])
}

fn group(id: &str, name: &str, held: &[&str], people: Option<u64>) -> GroupRow {
    GroupRow {
        assignment_id: format!("assignment-{id}"),
        status: AssignmentStatus::Active,
        group_id: id.into(),
        group_name: name.into(),
        gone: false,
        roles: Arc::new(held.iter().map(|id| role(id)).collect()),
        people,
        owners: vec!["Anna Keller".into()],
    }
}

/// A live relationship that gives `held` of what was `granted`.
pub(crate) fn relationship(number: usize, customer: &str, granted: &[&str], held: &[&str]) -> RelationshipRow {
    RelationshipRow {
        id: format!("rel-{number:05}"),
        display_name: format!("GDAP_{customer}_{number}"),
        status: RelationshipStatus::Active,
        customer: Some(Customer { tenant_id: format!("c0000000-0000-4000-8000-{number:012}"), display_name: Some(customer.into()) }),
        roles: Arc::new(granted.iter().map(|id| role(id)).collect()),
        effective_roles: Arc::new(held.iter().map(|id| role(id)).collect()),
        groups: vec![group("g1", "GDAP-Tier0", held, Some(3))],
        people: people(),
        duration: Some(IsoDuration("P365D".into())),
        auto_extends: false,
        created: Some(at("2025-05-01T08:00:00Z")),
        activated: Some(at("2025-05-02T08:00:00Z")),
        end: Some(at("2026-05-02T08:00:00Z")),
        reseller: None,
        microsoft_led: false,
        last_used: Some(LastUsed { at: at("2026-01-09T10:00:00Z"), user_id: "u1".into(), user_name: "Anna Keller".into() }),
        fully_read: true,
    }
}

fn offer(number: usize, name: &str, customer: Option<&str>) -> RelationshipRow {
    let mut row = relationship(number, customer.unwrap_or_default(), &[roles::GLOBAL_ADMINISTRATOR, EXCHANGE], &[]);
    row.display_name = name.into();
    row.status = RelationshipStatus::ApprovalPending;
    if customer.is_none() {
        row.customer = None;
    }
    row.groups.clear();
    row.people = Arc::new(Vec::new());
    (row.activated, row.end, row.last_used) = (None, None, None);
    row
}

/// A finding of a rule about a relationship.
pub(crate) fn finding(code: &str, severity: Severity, title: &str, row: &RelationshipRow) -> Finding {
    let customer = row.customer.as_ref().map(|customer| Party {
        tenant_id: customer.tenant_id.clone(),
        name: customer.display_name.clone().unwrap_or_else(|| customer.tenant_id.clone()),
    });
    Finding {
        rule_id: format!("rule-{}", code.to_lowercase()).into(),
        code: code.to_owned().into(),
        view: View::Partner,
        severity,
        base_severity: severity,
        confidence: Confidence::High,
        title: title.to_owned().into(),
        state: State::Unbaselined,
        tenant_id: TENANT.into(),
        subject: Subject { kind: "relationship".into(), id: row.id.clone(), name: row.display_name.clone() },
        partner: Some(Party { tenant_id: TENANT.into(), name: "Northwind Managed Services".into() }),
        customer,
        standing: Default::default(),
        since: row.activated,
        note: None,
        evidence: vec![Evidence { field: "status".into(), value: row.status.as_str().into(), source: "relationships".into() }],
        remediation:
            "Request a replacement without this role, move the work to it, then terminate this relationship. Check who approved it.".into(),
        fingerprint: crate::domain::fingerprint::of_finding(code, "tenant", "relationship", &row.id, ""),
        first_seen: None,
        severity_before: None,
        attack: vec!["T1199".into()],
        mitigations: vec!["M1018".into()],
        nist: vec!["AC-6".into()],
    }
}

fn coverage() -> Vec<CoverageRow> {
    let need = |dataset: Dataset| dataset.need(View::Partner).unwrap_or(Need::Helps);
    let row = |dataset: Dataset| CoverageRow { dataset, need: need(dataset), coverage: Coverage::complete(3), accepted: None };
    Dataset::of_view(View::Partner).map(row).collect()
}

/// A report with its totals settled from what it holds.
fn report(relationships: Vec<RelationshipRow>, findings: Vec<Finding>, exit_code: u8) -> Report {
    let live = || relationships.iter().filter(|row| row.status.is_live());
    let customers: BTreeSet<&str> = live().filter_map(|row| row.customer.as_ref()).map(|customer| customer.tenant_id.as_str()).collect();
    let people: BTreeSet<&str> = live().flat_map(|row| row.people.iter()).map(|person| person.id.as_str()).collect();
    let counts = Counts {
        relationships: relationships.len() as u64,
        offers: relationships.iter().filter(|row| row.status.is_offer()).count() as u64,
        customers: customers.len() as u64,
        assignments: live().map(|row| row.groups.len() as u64).sum(),
        groups: live().flat_map(|row| row.groups.iter()).map(|group| group.group_id.as_str()).collect::<BTreeSet<_>>().len() as u64,
        people: people.len() as u64,
        partners: 0,
        sign_ins: 120,
        audit_events: 0,
    };
    let count = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count() as u64;
    let summary = Summary {
        by_severity: Severity::WORST_FIRST.map(|severity| (severity, count(severity))).to_vec(),
        by_state: if findings.is_empty() { Vec::new() } else { vec![(State::Unbaselined, findings.len() as u64)] },
        waived: findings.iter().filter(|finding| finding.standing.waiver.is_some()).count() as u64,
        worst: findings.iter().map(|finding| finding.severity).max(),
        exit_code,
        fail_on: Some(Severity::High),
        fail_on_new: None,
    };
    Report {
        tool: Tool { name: "partnerscope".into(), version: "0.1.0".into() },
        run: Run {
            rules: Vec::new(),
            left_out: Vec::new(),
            terms: Default::default(),
            only_customer: None,
            id: "5f0c4b1f7a0e4a4c8a1d2b3c4d5e6f70".into(),
            now: at("2026-01-10T12:00:00Z"),
            collected_at: at("2026-01-10T12:00:00Z"),
            lookback_days: 30,
        },
        tenants: vec![TenantReport {
            tenant_id: TENANT.into(),
            display_name: "Northwind Managed Services".into(),
            view: View::Partner,
            cloud: "global".into(),
            coverage: coverage(),
            counts,
            relationships,
            partners: Vec::new(),
            approved: Default::default(),
            declared: Default::default(),
            markers: Vec::new(),
        }],
        findings,
        not_evaluated: Vec::new(),
        not_applicable: Vec::new(),
        notes: Vec::new(),
        summary,
    }
}

/// All is read and all is well.
pub(crate) fn clean() -> Report {
    report(vec![relationship(1, "Contoso", &[READER, HELPDESK], &[READER])], Vec::new(), 0)
}

/// Nothing is there, and that is proved.
pub(crate) fn empty() -> Report {
    report(Vec::new(), Vec::new(), 0)
}

/// Findings of every severity, offers, and one of each thing that the footprint can hold.
pub(crate) fn findings() -> Report {
    let global = roles::GLOBAL_ADMINISTRATOR;
    let mut rows = vec![
        relationship(1, "Contoso", &[global, EXCHANGE, READER, HELPDESK], &[global, EXCHANGE, READER]),
        relationship(2, "Fabrikam", &[global, EXCHANGE], &[EXCHANGE]),
        relationship(3, "Woodgrove Bank", &[READER, "11111111-2222-4333-8444-555555555555"], &[READER]),
        offer(4, "Onboarding 2026", None),
        offer(5, "Proseware trial", Some("Proseware")),
    ];
    rows[0].auto_extends = true;
    rows[1].last_used = None;
    rows[1].microsoft_led = true;
    rows[2].reseller =
        Some(ResellerPart { indirect_provider_tenant_id: "9a000000-0000-4000-8000-000000000009".into(), is_partner_consent_pending: true });
    rows[2].groups.push(GroupRow { gone: true, people: Some(0), ..group("g9", "g9", &[READER], Some(0)) });
    let mut found = vec![finding("PRV-01", Severity::Critical, "Relationship includes Global Administrator", &rows[0])];
    for number in 10..19 {
        let row = relationship(number, &format!("Tailspin {number}"), &[global], &[]);
        found.push(finding("PRV-01", Severity::Critical, "Relationship includes Global Administrator", &row));
    }
    found.push(Finding {
        note: Some("730 days, limit 90".into()),
        ..finding("LIF-02", Severity::High, "Relationship runs too long", &rows[0])
    });
    found.push(Finding {
        note: Some("400 days, limit 90".into()),
        ..finding("LIF-02", Severity::High, "Relationship runs too long", &rows[1])
    });
    found.push(Finding {
        note: Some("500 days, limit 365".into()),
        ..finding("LIF-02", Severity::Medium, "Relationship runs too long", &rows[2])
    });
    found.push(Finding { confidence: Confidence::Medium, ..finding("ASG-05", Severity::Low, "Group has one owner", &rows[1]) });
    let about_tenant = Subject { kind: "tenant".into(), id: TENANT.into(), name: "Northwind Managed Services".into() };
    let info = finding("COV-03", Severity::Info, "Look-back is shorter than a threshold", &rows[1]);
    found.push(Finding { subject: about_tenant, customer: None, since: None, ..info });
    report(rows, found, 1)
}

/// Accepted as the file says it.
fn accepted(reason: &str) -> Accepted {
    Accepted { reason: reason.to_owned(), owner: Some("it@contoso.example".into()), until: Timestamp::parse("2026-06-30T23:59:59Z") }
}

/// Gaps: required ones, accepted ones, ones that only help, one left out on purpose; relationships that are not fully read.
pub(crate) fn incomplete() -> Report {
    let mut rows =
        vec![relationship(1, "Contoso", &[roles::GLOBAL_ADMINISTRATOR, READER], &[]), relationship(2, "Fabrikam", &[READER], &[READER])];
    rows[0].fully_read = false;
    rows[0].groups[0].people = None;
    rows[0].people = Arc::new(Vec::new());
    rows[0].last_used = None;
    rows[1].last_used = None;
    let found = vec![finding("PRV-01", Severity::Critical, "Relationship includes Global Administrator", &rows[0])];
    let mut report = report(rows, found, 1);
    let missing = |dataset, status| vec![Missing { dataset, status, permission: Some("AuditLog.Read.All".into()) }];
    for row in &mut report.tenants[0].coverage {
        match row.dataset {
            Dataset::SignIns => {
                row.coverage =
                    Coverage::new(Status::Denied).because("403 Authentication_RequestFromNonPremiumTenantOrB2CTenant on auditLogs/signIns");
                row.coverage.permission = Some("AuditLog.Read.All".into());
                row.coverage.licence = Some("Entra ID P1".into());
            }
            Dataset::Assignments => {
                row.coverage =
                    Coverage { records: 40, ..Coverage::new(Status::Partial).because("1 of 28 reads failed: 503 after 6 attempts") }
            }
            Dataset::MfaRegistration => {
                row.coverage = Coverage::new(Status::Unlicensed).because("no Entra ID P1");
                row.accepted = Some(accepted("customer has no P1"));
            }
            Dataset::Contracts => row.coverage = Coverage::new(Status::Unavailable).because("not in this cloud"),
            Dataset::UserActivity => row.coverage = Coverage::skipped("--skip-dataset"),
            _ => {}
        }
    }
    let rule = |code: &str, rule: &str, subjects: &[&str], counts, missing| NotEvaluated {
        rule_id: rule.into(),
        code: code.into(),
        tenant_id: TENANT.into(),
        view: View::Partner,
        subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
        partly: !subjects.is_empty(),
        reason: "what it needs was not read".into(),
        counts_for_exit: counts,
        missing,
    };
    report.not_evaluated = vec![
        rule("ASG-01", "gdap-orphaned-assignment", &["rel-00001"], true, missing(Dataset::Assignments, Status::Partial)),
        rule("LIF-04", "gdap-relationship-unused", &[], true, missing(Dataset::SignIns, Status::Denied)),
        rule("SGN-01", "gdap-sign-in-without-mfa", &[], true, missing(Dataset::SignIns, Status::Denied)),
        rule("MBR-02", "gdap-stale-member", &[], false, missing(Dataset::UserActivity, Status::Skipped)),
    ];
    report.not_applicable = vec![NotApplicable {
        rule_id: "new-relationship".into(),
        code: "CHG-01".into(),
        tenant_id: TENANT.into(),
        view: View::Partner,
        reason: "there is no baseline".into(),
    }];
    report.tenants[0].counts.people = 0;
    report
}

/// Names as an attacker would choose them.
pub(crate) fn hostile() -> Report {
    let evil = "\u{1b}[2J\u{1b}]8;;https://evil.example\u{7}click\r\n\t\u{202e}nimdA\u{2066}\u{200b}\u{9b}31m\u{e0041}\u{fffe}\u{2028}";
    let wide = "株式会社ノースウィンド・マネージドサービス東京本社第二営業部";
    let long = "x".repeat(700);
    let zalgo = format!("Z{}", "\u{301}".repeat(500));
    let global = roles::GLOBAL_ADMINISTRATOR;
    let mut rows = Vec::new();
    let mut found = Vec::new();
    for (number, name) in [evil, wide, &long, &zalgo, "", "   ", "👨‍👩‍👧 family\u{fe0f}", "CRITICAL PRV-99 T0 fake"].into_iter().enumerate()
    {
        let mut row = relationship(number, name, &[global, EXCHANGE], &[global]);
        row.display_name = name.into();
        row.groups[0].group_name = name.into();
        Arc::make_mut(&mut row.effective_roles).push(RoleRow { tier: None, name: name.into(), id: format!("unknown-{number}") });
        row.last_used = Some(LastUsed { at: at("2026-01-09T10:00:00Z"), user_id: "u1".into(), user_name: name.into() });
        row.people = Arc::new(vec![person("u1", name)]);
        let mut bad = finding("PRV-01", Severity::Critical, "Relationship includes Global Administrator", &row);
        bad.evidence.push(Evidence { field: "displayName".into(), value: name.into(), source: "relationships".into() });
        found.push(bad);
        let mut titled = finding("LIF-02", Severity::High, &format!("{name} runs 730 days"), &row);
        titled.remediation = format!("End {name}.").into();
        titled.subject.id = format!("{name}-{number}");
        found.push(titled);
        rows.push(row);
        rows.push(offer(100 + number, name, (number % 2 == 0).then_some(name)));
    }
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut report = report(rows, found, 1);
    report.tenants[0].display_name = evil.into();
    for row in &mut report.tenants[0].coverage {
        if row.dataset == Dataset::Groups {
            row.coverage = Coverage::new(Status::Failed).because(format!("<html>{evil}{long}{wide}"));
            row.coverage.permission = Some(evil.into());
            row.accepted = Some(accepted(&long));
        }
    }
    report
}

/// As many customers as wanted, with twenty rules that fire at most of them.
pub(crate) fn many(customers: usize) -> Report {
    let global = roles::GLOBAL_ADMINISTRATOR;
    let rows: Vec<RelationshipRow> = (0..customers)
        .map(|number| {
            let granted: &[&str] = if number % 40 == 0 { &[global, EXCHANGE, READER] } else { &[EXCHANGE, HELPDESK, READER] };
            relationship(number, &format!("Customer {number}"), granted, granted)
        })
        .chain((0..customers / 20).map(|number| offer(1_000_000 + number, &format!("Offer {number}"), None)))
        .collect();
    let rules = ["PRV-01", "PRV-02", "PRV-03", "PRV-05", "LIF-01", "LIF-02", "LIF-03", "LIF-04", "OFR-01", "OFR-02", "OFR-03", "ASG-01"];
    let more = ["ASG-02", "ASG-03", "ASG-05", "MBR-01", "MBR-02", "COV-01", "COV-02", "COV-03"];
    let mut found = Vec::new();
    for (index, code) in rules.into_iter().chain(more).enumerate() {
        let severity = Severity::WORST_FIRST[index * 5 / 20];
        let about = rows.iter().step_by(3).take(customers / 3);
        found.extend(about.map(|row| finding(code, severity, &format!("What {code} says"), row)));
    }
    report(rows, found, 1)
}

/// A customer's side: no footprint, a gap all the same.
fn customer_view() -> Report {
    let mut report = report(Vec::new(), Vec::new(), 3);
    let tenant = &mut report.tenants[0];
    tenant.view = View::Customer;
    tenant.coverage.truncate(1);
    tenant.coverage[0].need = Need::Required;
    tenant.coverage[0].coverage = Coverage::new(Status::Denied).because("403");
    report
}
