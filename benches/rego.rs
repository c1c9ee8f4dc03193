//! What an organisation's own rules cost: handing the facts over once, and each rule on them. `cargo bench --bench rego`.
//!
//! The facts are those on which `--bench policy` measures the built-in rules: 10,000 relationships, 20,000 assignments, 400 groups, 5,000 people and
//! 200,000 sign-ins of a partner; 200,000 sign-ins and 100,000 audit events of a customer.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "policy/tenants.rs"]
mod tenants;

use std::time::Duration;

use partnerscope::domain::rule_meta::{Reads, Uses, required};
use partnerscope::domain::{Coverage, Dataset, RuleMeta, Severity, Snapshot, Timestamp, View};
use partnerscope::policy::custom::runner::Runner;
use partnerscope::policy::custom::{CustomRule, Limits};
use partnerscope::policy::evaluate_with;
use partnerscope::policy::settings::Settings;
use tenants::Size;

const ROUNDS: usize = 5;
/// How many copies of a rule tell its own cost apart from that of the facts.
const COPIES: usize = 11;

/// The tenants of the bench `policy`: the partner first, then the customer.
fn snapshot(scale: usize) -> Snapshot {
    let size = Size::WHOLE.over(scale);
    let parsed = |text: String| -> Snapshot { serde_json::from_str(&text).expect("a snapshot") };
    let mut snapshot = parsed(tenants::partner(size));
    snapshot.tenants.extend(parsed(tenants::customer(size)).tenants);
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
        "relationships: a pattern over each name",
        View::Partner,
        &[required(Dataset::Relationships)],
        r#"findings contains {"subject": {"kind": "relationship", "id": r.id}, "evidence": [{"field": "relationships.id", "value": r.id}]} if {
	some r in input.tenants[_].partner.relationships
	r.status == "active"
	not regex.match(`[^0]0?$`, r.displayName)
}"#,
    ),
    Case(
        "assignments joined with members of their group",
        View::Partner,
        ALL_PARTNER,
        r#"members := input.tenants[0].partner.groupMembers

findings contains {"subject": {"kind": "assignment", "id": a.id}, "evidence": [{"field": "assignments.id", "value": a.id}]} if {
	some a in input.tenants[0].partner.assignments
	some member in members[a.groupId]
	member == "06000000-0000-4000-8000-000000000007"
}"#,
    ),
    Case(
        "sign-ins: one factor only",
        View::Partner,
        ALL_PARTNER,
        r#"findings contains {"subject": {"kind": "signIn", "id": e.id}, "evidence": [{"field": "signIns.events.ipAddress", "value": e.ipAddress}]} if {
	some e in input.tenants[0].partner.signIns.events
	e.authenticationRequirement == "singleFactorAuthentication"
	e.errorCode == 0
}"#,
    ),
    Case(
        "audits: a role given",
        View::Customer,
        &[required(Dataset::Audits)],
        r#"findings contains {"subject": {"kind": "audit", "id": a.id}, "evidence": [{"field": "audits.id", "value": a.id}]} if {
	some a in input.tenants[0].customer.audits
	a.activity == "Add member to role"
	a.result == "success"
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

/// Processor time of the rules' process and this one, the median, so that what else runs on the machine decides little.
fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let before = used();
            run();
            used().saturating_sub(before)
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

/// Processor time of this process and of its children that have ended. Linux: ticks of ten milliseconds, the 14th to 17th field of the file.
fn used() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let scale = if std::env::args().any(|arg| arg == "--bench") { 1 } else { 200 };
    let snapshot = snapshot(scale);
    let now = Timestamp::parse("2026-11-20T09:00:00Z").expect("a time");
    let limits = Limits { time: Duration::from_secs(60), ..Limits::default() };
    let runner = Runner { program: env!("CARGO_BIN_EXE_partnerscope").into(), limits };
    let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
    println!("{:<45} {:>14} {:>14} {:>10}", "rule", "facts, cpu ms", "each rule, ms", "findings");
    for case in CASES {
        let Case(name, _, _, body) = case;
        let (nothing, one, many) = (rules(case, "findings := set()", 1), rules(case, body, 1), rules(case, body, COPIES));
        let mut settings = Settings { only: Some(["acme-0"].into()), ..Settings::default() };
        settings.add_custom(&one);
        let report = evaluate_with(&snapshot, None, &settings, now, &runner.judge(&one, &snapshot, now));
        assert!(report.not_evaluated.is_empty(), "{:?}", report.not_evaluated);
        let facts = median(|| drop(runner.judge(&nothing, &snapshot, now)));
        let alone = median(|| drop(runner.judge(&one, &snapshot, now)));
        let all = median(|| drop(runner.judge(&many, &snapshot, now)));
        let each = millis(all.saturating_sub(alone)) / (COPIES - 1) as f64;
        println!("{name:<45} {:>14.1} {each:>14.1} {:>10}", millis(facts), report.findings.len());
    }
}
