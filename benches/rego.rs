//! What an organisation's own rules cost: handing the facts over once, and each rule on them. `cargo bench --bench rego`.
//!
//! 10,000 relationships, 20,000 assignments, 400 groups, 5,000 people and 200,000 sign-ins of a partner; 100,000 audit events of a customer.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::time::{Duration, Instant};

use partnerscope::domain::rule_meta::{Reads, Uses, required};
use partnerscope::domain::{Coverage, Dataset, RuleMeta, Severity, Snapshot, Timestamp, View};
use partnerscope::policy::custom::runner::Runner;
use partnerscope::policy::custom::{CustomRule, Limits};
use partnerscope::policy::evaluate_with;
use partnerscope::policy::settings::Settings;

const ROUNDS: usize = 5;
/// How many copies of a rule tell its own cost apart from that of the facts.
const COPIES: usize = 6;

fn id(kind: u8, number: usize) -> String {
    format!("{kind:02x}000000-0000-4000-8000-{number:012x}")
}

fn time(number: usize) -> String {
    format!("2026-11-{:02}T{:02}:{:02}:{:02}Z", 19 - number / 86_400 % 18, number / 3_600 % 24, number / 60 % 60, number % 60)
}

/// Facts as JSON, one list after the other, so that no tree of all of them is made.
fn list(count: usize, one: impl Fn(usize) -> serde_json::Value) -> String {
    format!("[{}]", (0..count).map(|n| one(n).to_string()).collect::<Vec<_>>().join(","))
}

fn snapshot(scale: usize) -> Snapshot {
    let (relationships, groups, people) = (10_000 / scale, 400 / scale, 5_000 / scale);
    let members: std::collections::BTreeMap<String, Vec<String>> =
        (0..groups).map(|n| (id(4, n), (0..25).map(|m| id(6, (n * 25 + m) % people)).collect())).collect();
    let partner = format!(
        r#"{{"relationships":{},"assignments":{},"groups":{},"groupMembers":{},"principals":{},"signIns":{{"probed":true,"events":{}}}}}"#,
        list(relationships, |n| serde_json::json!({
            "id": id(1, n), "displayName": format!("CHG-{n} relationship"), "status": "active", "duration": "P730D",
            "roles": ["729827e3-9c14-49f7-bb1b-9608f156bbb8", "f2ef992c-3afb-46b9-b7cf-a126ee74c451"],
            "customer": { "tenantId": id(2, n / 2), "displayName": format!("customer {n}") }, "endDateTime": "2026-12-01T00:00:00Z",
        })),
        list(relationships * 2, |n| serde_json::json!({
            "id": id(3, n), "relationshipId": id(1, n / 2), "status": "active", "groupId": id(4, n % groups), "roles": ["f2ef992c-3afb-46b9-b7cf-a126ee74c451"],
        })),
        list(groups, |n| serde_json::json!({ "id": id(4, n), "displayName": format!("group {n}") })),
        serde_json::to_string(&members).expect("JSON"),
        list(people, |n| serde_json::json!({ "id": id(6, n), "kind": "user", "userPrincipalName": format!("p{n}@northwind.example") })),
        list(200_000 / scale, |n| serde_json::json!({
            "id": id(8, n), "createdDateTime": time(n), "userId": id(6, n % people), "userPrincipalName": format!("p{}@northwind.example", n % people),
            "resourceTenantId": id(2, n % (relationships / 2)), "ipAddress": format!("192.0.2.{}", n % 250), "country": "NL", "isInteractive": true,
            "errorCode": 0, "authenticationRequirement": if n % 1_000 == 0 { "singleFactorAuthentication" } else { "multiFactorAuthentication" },
            "clientAppUsed": "Browser", "crossTenantAccessType": "serviceProvider",
        })),
    );
    let audits = list(100_000 / scale, |n| {
        serde_json::json!({
            "id": id(50, n), "activityDateTime": time(n), "activity": "Add member to role", "category": "RoleManagement", "result": "success",
            "actor": { "userId": id(6, n % people), "userPrincipalName": format!("p{}@northwind.example", n % people) },
            "targets": [{ "id": id(33, n), "kind": "User", "changes": [{ "name": "Role.TemplateId", "new": "\"62e90394-69f5-4237-9190-012177145e10\"" }] }],
        })
    });
    let text = format!(
        r#"{{"formatVersion":"1.0","collectedAt":"2026-11-20T09:00:00Z","lookbackDays":30,"tenants":[{{"tenantId":"{}","view":"partner","partner":{partner}}},{{"tenantId":"{}","view":"customer","customer":{{"audits":{audits}}}}}]}}"#,
        id(9, 0),
        id(9, 1),
    );
    let mut snapshot: Snapshot = serde_json::from_str(&text).expect("a snapshot");
    for tenant in &mut snapshot.tenants {
        tenant.coverage = Dataset::of_view(tenant.view).map(|dataset| (dataset, Coverage::complete(1))).collect();
    }
    snapshot
}

/// A rule to measure: its name, view, datasets and body.
struct Case(&'static str, View, &'static [Uses], &'static str);

const ALL_PARTNER: &[Uses] = &[
    required(Dataset::Relationships),
    required(Dataset::Assignments),
    required(Dataset::Groups),
    required(Dataset::GroupMembers),
    required(Dataset::SignIns),
];

const CASES: &[Case] = &[
    Case(
        "relationships: a name without a ticket",
        View::Partner,
        &[required(Dataset::Relationships)],
        r#"findings contains {"subject": {"kind": "relationship", "id": r.id}, "evidence": [{"field": "relationships.id", "value": r.id}]} if {
	some r in input.tenants[_].partner.relationships
	r.status == "active"
	not regex.match(`^CHG-[0-9]{1,8}\b`, r.displayName)
}"#,
    ),
    Case(
        "assignments joined with groups and members",
        View::Partner,
        ALL_PARTNER,
        r#"members := input.tenants[0].partner.groupMembers

findings contains {"subject": {"kind": "assignment", "id": a.id}, "evidence": [{"field": "assignments.id", "value": a.id}]} if {
	some a in input.tenants[0].partner.assignments
	count(members[a.groupId]) > 25
}"#,
    ),
    Case(
        "sign-ins: one factor only (200 findings)",
        View::Partner,
        ALL_PARTNER,
        r#"findings contains {"subject": {"kind": "signIn", "id": e.id}, "evidence": [{"field": "signIns.events.ipAddress", "value": e.ipAddress}]} if {
	some e in input.tenants[0].partner.signIns.events
	e.authenticationRequirement == "singleFactorAuthentication"
	e.errorCode == 0
}"#,
    ),
    Case(
        "audits: a role given at night",
        View::Customer,
        &[required(Dataset::Audits)],
        r#"findings contains {"subject": {"kind": "audit", "id": a.id}, "evidence": [{"field": "audits.id", "value": a.id}]} if {
	some a in input.tenants[0].customer.audits
	a.activity == "Add member to role"
	a.result == "failure"
}"#,
    ),
];

/// Copies of a rule; with nothing in it where only the facts are to be measured.
fn rules(case: &Case, body: &str, copies: usize) -> Vec<&'static CustomRule> {
    let Case(_, view, uses, _) = case;
    (0..copies)
        .map(|n| {
            let id: &'static str = format!("acme-{n}").leak();
            let (partner, customer) = if *view == View::Partner { (*uses, &[][..]) } else { (&[][..], *uses) };
            let meta = RuleMeta {
                id,
                code: id,
                title: "bench",
                views: if *view == View::Partner { &[View::Partner] } else { &[View::Customer] },
                severity: Severity::Low,
                severity_note: "",
                uses: partner,
                customer_uses: customer,
                reads: Reads::Whole,
                fields: &[],
                settings: &[],
                remediation: "",
                attack: &[],
                mitigations: &[],
                nist: &[],
                benchmarks: &[],
                analytics: &[],
                unsourced: &[],
                page: "",
            };
            CustomRule::new(meta, "bench.rego".into(), format!("package acme\n\n{body}\n"), None)
        })
        .collect()
}

fn fastest(mut run: impl FnMut()) -> Duration {
    (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let scale = if std::env::args().any(|arg| arg == "--bench") { 1 } else { 200 };
    let snapshot = snapshot(scale);
    let now = Timestamp::parse("2026-11-20T09:00:00Z").expect("a time");
    let limits = Limits { time: Duration::from_secs(60), ..Limits::default() };
    let runner = Runner { program: env!("CARGO_BIN_EXE_partnerscope").into(), limits };
    let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
    println!("{:<45} {:>14} {:>14} {:>10}", "rule", "facts once, ms", "each rule, ms", "findings");
    for case in CASES {
        let Case(name, _, _, body) = case;
        let (nothing, one, many) = (rules(case, "findings := set()", 1), rules(case, body, 1), rules(case, body, COPIES));
        let mut settings = Settings { only: Some(["acme-0"].into()), ..Settings::default() };
        settings.add_custom(&one);
        let report = evaluate_with(&snapshot, None, &settings, now, &runner.judge(&one, &snapshot, now));
        assert!(report.not_evaluated.is_empty(), "{:?}", report.not_evaluated);
        let facts = fastest(|| drop(runner.judge(&nothing, &snapshot, now)));
        let alone = fastest(|| drop(runner.judge(&one, &snapshot, now)));
        let all = fastest(|| drop(runner.judge(&many, &snapshot, now)));
        let each = millis(all.saturating_sub(alone)) / (COPIES - 1) as f64;
        println!("{name:<45} {:>14.1} {each:>14.1} {:>10}", millis(facts), report.findings.len());
    }
}
