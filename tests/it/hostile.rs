//! Snapshots that nobody in his right mind would write: whatever stands in one, judging and rendering end, and end the same.

use partnerscope::domain::facts::PartnerFacts;
use partnerscope::domain::{Report, Snapshot, Timestamp};
use partnerscope::policy::evaluate;
use partnerscope::policy::rules::ALL;
use partnerscope::policy::settings::Settings;
use partnerscope::report::{FORMATS, RenderOptions, json};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::judging::{NORTHWIND, TIDY};
use crate::support::assert_valid;

/// The earliest and the latest that RFC 3339 can say, with zones that lead out of it, a leap second, and times near the run's.
pub(crate) const TIMES: &[&str] = &[
    "0000-01-01T00:00:00Z",
    "0000-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59",
    "2016-12-31T23:59:60Z",
    "1601-01-01T00:00:00Z",
    "2026-01-01T00:00:00Z",
    "2026-05-01T00:00:00Z",
    "2026-05-31T12:00:00Z",
    "2026-06-01T00:00:00.9999999Z",
    "2027-01-01T00:00:00Z",
];

const DURATIONS: &[&str] =
    &["PT0S", "", "P730D", "P2Y", "P999999999999999999D", "P18446744073709551615S", "P1Y1M1W1DT1H1M1.5S", "P.D", "PéD", "-P1D", "soon"];

pub(crate) const ROLES: &[&str] = &[
    "62e90394-69f5-4237-9190-012177145e10",
    "62E90394-69F5-4237-9190-012177145E10",
    "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
    "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
    "",
    "no role",
];

pub(crate) fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    select(words).prop_map(Value::from)
}

/// A few ids, so that they collide and join, and now and then anything.
pub(crate) fn id() -> BoxedStrategy<Value> {
    prop_oneof![8 => one_of(&["a", "b", "c", "A", ""]), 1 => any::<String>().prop_map(Value::from)].boxed()
}

pub(crate) fn text() -> BoxedStrategy<Value> {
    prop_oneof![
        one_of(&["", " ", "MLT_12abcd34_56cdef78_90abcd12", "\u{1b}[2J", "\u{202e}", "=1+1", "Müller 🦀", "a\u{0}b"]),
        any::<String>().prop_map(Value::from)
    ]
    .boxed()
}

pub(crate) fn time() -> BoxedStrategy<Value> {
    one_of(TIMES).boxed()
}

pub(crate) fn status(words: &'static [&'static str]) -> BoxedStrategy<Value> {
    prop_oneof![9 => one_of(words), 1 => text()].boxed()
}

pub(crate) fn flag() -> BoxedStrategy<Value> {
    any::<bool>().prop_map(Value::from).boxed()
}

pub(crate) fn number() -> BoxedStrategy<Value> {
    select(vec![0_u64, 1, 30, u64::MAX]).prop_map(Value::from).boxed()
}

pub(crate) fn list(each: BoxedStrategy<Value>, most: usize) -> BoxedStrategy<Value> {
    prop::collection::vec(each, 0..=most).prop_map(Value::from).boxed()
}

pub(crate) fn map(keys: BoxedStrategy<Value>, each: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let entry = (keys, each).prop_map(|(key, value)| (key.as_str().unwrap_or_default().to_owned(), value));
    prop::collection::vec(entry, 0..4).prop_map(|entries| Value::Object(entries.into_iter().collect())).boxed()
}

/// An object; a field that may be missing is missing half of the time.
pub(crate) fn object(
    required: Vec<(&'static str, BoxedStrategy<Value>)>,
    optional: Vec<(&'static str, BoxedStrategy<Value>)>,
) -> BoxedStrategy<Value> {
    let required = required.into_iter().map(|(name, value)| value.prop_map(move |value| Some((name, value))).boxed());
    let optional = optional.into_iter().map(|(name, value)| prop::option::of(value.prop_map(move |value| (name, value))).boxed());
    let fields: Vec<BoxedStrategy<Option<(&'static str, Value)>>> = required.chain(optional).collect();
    fields
        .prop_map(|fields| fields.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into())
        .boxed()
}

fn relationship() -> BoxedStrategy<Value> {
    let statuses = &[
        "active",
        "ACTIVE",
        "activating",
        "approvalPending",
        "approved",
        "created",
        "expired",
        "expiring",
        "terminated",
        "terminating",
        "terminationRequested",
    ];
    let reseller = object(vec![], vec![("indirectProviderTenantId", id()), ("isPartnerConsentPending", flag())]);
    object(
        vec![("id", id()), ("status", status(statuses)), ("roles", list(one_of(ROLES).boxed(), 6))],
        vec![
            ("displayName", text()),
            ("customer", object(vec![("tenantId", id())], vec![("displayName", text())])),
            ("duration", one_of(DURATIONS).boxed()),
            ("autoExtendDuration", one_of(DURATIONS).boxed()),
            ("createdDateTime", time()),
            ("lastModifiedDateTime", time()),
            ("activatedDateTime", time()),
            ("endDateTime", time()),
            ("reseller", reseller),
        ],
    )
}

fn assignment() -> BoxedStrategy<Value> {
    object(
        vec![
            ("id", id()),
            ("relationshipId", id()),
            ("groupId", id()),
            ("status", status(&["active", "pending", "deleting", "deleted", "error"])),
            ("roles", list(one_of(ROLES).boxed(), 3)),
        ],
        vec![("createdDateTime", time()), ("lastModifiedDateTime", time())],
    )
}

pub(crate) fn sign_ins() -> BoxedStrategy<Value> {
    let event = object(
        vec![("id", id()), ("createdDateTime", time()), ("userId", id()), ("resourceTenantId", id())],
        vec![
            ("isInteractive", flag()),
            ("errorCode", select(vec![0, i32::MAX, i32::MIN]).prop_map(Value::from).boxed()),
            ("crossTenantAccessType", status(&["serviceProvider", "b2bCollaboration", "none"])),
        ],
    );
    let read = object(
        vec![("eventType", status(&["interactiveUser", "nonInteractiveUser"])), ("status", how())],
        vec![("records", number()), ("reason", text())],
    );
    object(vec![("reads", list(read, 3)), ("events", list(event, 4))], vec![("newestEvent", time()), ("probed", flag())])
}

pub(crate) fn how() -> BoxedStrategy<Value> {
    one_of(&["complete", "complete", "complete", "partial", "partial", "denied", "unlicensed", "unavailable", "failed", "skipped"]).boxed()
}

const DATASETS: &[&str] = &[
    "organization",
    "licenses",
    "relationships",
    "assignments",
    "relationship-requests",
    "customers",
    "contracts",
    "groups",
    "group-owners",
    "group-members",
    "group-pim",
    "mfa-registration",
    "user-activity",
    "sign-ins",
];

fn coverage() -> BoxedStrategy<Value> {
    let gap = object(vec![("status", how()), ("reason", text())], vec![]);
    let one = object(
        vec![("status", how())],
        vec![
            ("records", number()),
            ("from", time()),
            ("to", time()),
            ("reason", text()),
            ("capped", flag()),
            ("truncated", flag()),
            ("limitedBy", one_of(DATASETS).boxed()),
            ("gaps", map(id(), gap)),
        ],
    );
    object(vec![], DATASETS.iter().map(|name| (*name, one.clone())).collect())
}

fn facts() -> BoxedStrategy<Value> {
    let named = |name: &'static str| object(vec![(name, id())], vec![("displayName", text())]);
    let principal = object(
        vec![("id", id()), ("kind", status(&["user", "group", "device", "servicePrincipal"]))],
        vec![
            ("displayName", text()),
            ("userPrincipalName", text()),
            ("accountEnabled", flag()),
            ("userType", status(&["Member", "Guest"])),
            ("createdDateTime", time()),
        ],
    );
    let group = object(
        vec![("id", id())],
        vec![("gone", flag()), ("displayName", text()), ("isAssignableToRole", flag()), ("isManagementRestricted", flag())],
    );
    let pim = object(
        vec![("id", id()), ("groupId", id()), ("principalId", id()), ("kind", status(&["eligible", "assigned"]))],
        vec![("accessId", status(&["member", "owner"]))],
    );
    let mfa = object(
        vec![("userId", id()), ("isMfaCapable", flag()), ("isMfaRegistered", flag())],
        vec![("methods", list(text(), 2)), ("lastUpdatedDateTime", time())],
    );
    let activity = object(
        vec![("userId", id())],
        vec![("createdDateTime", time()), ("lastSuccessfulSignInDateTime", time()), ("lastSignInDateTime", time())],
    );
    let request = object(vec![("id", id()), ("relationshipId", id()), ("action", status(&["approve", "terminate"]))], vec![]);
    object(
        vec![
            ("relationships", list(relationship(), 5)),
            ("assignments", list(assignment(), 5)),
            ("groups", list(group, 3)),
            ("groupMembers", map(id(), list(id(), 3))),
            ("principals", list(principal, 4)),
        ],
        vec![
            ("organization", named("id")),
            ("licenses", object(vec![], vec![("entraP1", flag()), ("entraP2", flag())])),
            ("relationshipRequests", list(request, 2)),
            ("customers", list(named("tenantId"), 3)),
            ("contracts", list(named("customerId"), 3)),
            ("groupOwners", map(id(), list(id(), 3))),
            ("groupPim", list(pim, 3)),
            ("mfaRegistrations", list(mfa, 3)),
            ("userActivity", list(activity, 3)),
            ("signIns", sign_ins()),
        ],
    )
}

pub(crate) fn hostile() -> impl Strategy<Value = Snapshot> {
    let tenant = object(
        vec![
            ("tenantId", id()),
            ("view", one_of(&["partner", "partner", "customer"]).boxed()),
            ("partner", facts()),
            ("coverage", coverage()),
        ],
        vec![("displayName", text()), ("cloud", text())],
    );
    let lookback = select(vec![0_u32, 1, 30, 1_000_000_000, u32::MAX]);
    (prop::collection::vec(tenant, 0..3), time(), lookback).prop_map(|(tenants, at, lookback)| {
        let json = json!({ "formatVersion": "1.0", "collectedAt": at, "lookbackDays": lookback, "tenants": tenants });
        let mut snapshot: Snapshot = serde_json::from_value(json).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        snapshot.tenants.retain(|tenant| seen.insert((tenant.tenant_id.clone(), tenant.view)));
        snapshot
    })
}

/// Every setting at an end of what it may be.
pub(crate) fn settings() -> impl Strategy<Value = Settings> {
    any::<Option<bool>>().prop_map(|end| {
        let mut settings = Settings::default();
        let Some(greatest) = end else { return settings };
        let mut text = String::new();
        for meta in ALL.iter().map(|rule| &rule.meta) {
            text.push_str(&format!("[{}]\n", meta.id));
            for setting in meta.settings {
                if let partnerscope::domain::rule_meta::SettingDefault::Int { min, max, .. } = setting.default {
                    text.push_str(&format!("{} = {}\n", setting.name, if greatest { max } else { min }));
                }
            }
        }
        let table = toml::de::DeTable::parse(&text).unwrap();
        assert_eq!(partnerscope::policy::settings::apply_table(table.get_ref(), &mut settings), []);
        settings
    })
}

pub(crate) const LOOK: RenderOptions = RenderOptions { width: 80, color: false, full: true };

/// Every format of a report, its run's id aside: it names the bytes that were judged, and these differ with the order of facts.
pub(crate) fn rendered(mut report: Report) -> Vec<String> {
    report.run.id = "0".repeat(32);
    FORMATS.iter().map(|format| (format.render)(&report, &LOOK).unwrap()).collect()
}

/// Turns every list around, or shuffles it by a seed.
pub(crate) fn reordered(snapshot: &Snapshot, seed: u64) -> Snapshot {
    let mut other = snapshot.clone();
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    fn shuffle<T>(list: &mut [T], next: &mut impl FnMut() -> usize) {
        for last in (1..list.len()).rev() {
            list.swap(last, next() % (last + 1));
        }
    }
    for tenant in &mut other.tenants {
        let PartnerFacts {
            organization: _,
            licenses: _,
            relationships,
            assignments,
            relationship_requests,
            customers,
            contracts,
            groups,
            group_owners,
            group_members,
            principals,
            group_pim,
            mfa_registrations,
            user_activity,
            sign_ins,
        } = &mut tenant.partner;
        for relationship in relationships.iter_mut() {
            shuffle(&mut relationship.roles, &mut next);
        }
        for assignment in assignments.iter_mut() {
            shuffle(&mut assignment.roles, &mut next);
        }
        shuffle(relationships, &mut next);
        shuffle(assignments, &mut next);
        shuffle(relationship_requests, &mut next);
        shuffle(customers, &mut next);
        shuffle(contracts, &mut next);
        shuffle(groups, &mut next);
        group_owners.values_mut().for_each(|owners| shuffle(owners, &mut next));
        group_members.values_mut().for_each(|members| shuffle(members, &mut next));
        shuffle(principals, &mut next);
        shuffle(group_pim, &mut next);
        shuffle(mfa_registrations, &mut next);
        shuffle(user_activity, &mut next);
        shuffle(&mut sign_ins.events, &mut next);
        shuffle(&mut sign_ins.reads, &mut next);
    }
    shuffle(&mut other.tenants, &mut next);
    other
}

pub(crate) fn assert_distinct(report: &Report) {
    let mut seen = std::collections::BTreeMap::new();
    for finding in &report.findings {
        if let Some(other) = seen.insert(finding.fingerprint.as_str(), finding) {
            panic!("two findings share a fingerprint: {} {:?} {:?}", finding.code, other.subject, finding.subject);
        }
    }
}

#[test]
fn the_order_of_facts_changes_nothing_in_a_tenant_as_it_is() {
    for snapshot in [&*TIDY, &*NORTHWIND] {
        let settings = Settings::default();
        let report = evaluate(snapshot, None, &settings, snapshot.collected_at);
        assert_distinct(&report);
        for seed in 0..20 {
            let other = evaluate(&reordered(snapshot, seed), None, &settings, snapshot.collected_at);
            assert_eq!(rendered(report.clone()), rendered(other), "seed {seed}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_stands_in_a_snapshot_it_is_judged_and_rendered(
        snapshot in hostile(), settings in settings(), now in select(TIMES), seed in any::<u64>()
    ) {
        let now = Timestamp::parse(now).unwrap();
        let report = evaluate(&snapshot, None, &settings, now);
        assert_distinct(&report);
        let written = json::render(&report, &LOOK).unwrap();
        assert_valid(&serde_json::from_str(&written).unwrap());
        for width in [1, 80, 240] {
            for format in FORMATS {
                (format.render)(&report, &RenderOptions { width, ..LOOK }).unwrap();
            }
        }
        let other = evaluate(&reordered(&snapshot, seed), None, &settings, now);
        let [before, after] = [report, other].map(rendered);
        let differ = before.iter().zip(&after).find_map(|(a, b)| a.lines().zip(b.lines()).find(|(a, b)| a != b));
        prop_assert_eq!(differ, None);
        prop_assert!(before == after);
    }

    #[test]
    fn a_snapshot_that_was_read_is_written_as_it_is_read(snapshot in hostile()) {
        let bytes = partnerscope::history::snapshot_file::write(&snapshot, false).unwrap();
        match partnerscope::history::snapshot_file::read(&bytes) {
            Err(partnerscope::history::snapshot_file::FormatError::NoTenant) => prop_assert!(snapshot.tenants.is_empty()),
            read => prop_assert_eq!(read.unwrap(), snapshot),
        }
    }
}
