//! `diff` tells what matters: every field that a rule says it reads is changed in snapshots of fixture tenants, and what it changes is told, or
//! the field stands among the few that are no part of what anything *is*, with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use partnerscope::domain::diff::{Picture, compare};
use partnerscope::domain::{Snapshot, Timestamp, ledger};
use partnerscope::policy::evaluate;
use partnerscope::policy::examples::{examples, load};
use partnerscope::policy::rules::ALL;
use partnerscope::policy::settings::Settings;
use serde_json::{Value as Json, json};

use crate::judging::{CONTOSO, GOVERNED, NORTHWIND, TIDY, TIDY_CUSTOMER};

/// Fields, or what they begin with, that make no difference, each with the reason.
const NO_FACTS: &[(&[&str], &str)] = &[
    (
        &["signIns", "appSignIns", "customer.appSignIns", "audits", "customer.audits", "purview"],
        "events: what happened, not what is; the audit finds in them what is new",
    ),
    (&["userActivity"], "when somebody was last seen: a time that moves with every sign-in"),
    (&["declared.files.dated", "declared.partners.end"], "times"),
    (
        &[
            "relationships.displayName",
            "groups.displayName",
            "principals.userPrincipalName",
            "externalUsers.userPrincipalName",
            "tenantNames.displayName",
            "customer.servicePrincipals.displayName",
            "declared.relationships.relationship.displayName",
            "externalUsers.displayName",
            "roleDefinitions.displayName",
        ],
        "names: they are shown, and a new one makes nothing else of what it names",
    ),
];

fn reason(field: &str) -> Option<&'static str> {
    let is_time = field.ends_with("DateTime");
    let begins = |with: &&str| field == *with || field.strip_prefix(*with).is_some_and(|rest| rest.starts_with('.'));
    let listed = NO_FACTS.iter().find(|(fields, _)| fields.iter().any(begins));
    let is_of_a_gap = field.starts_with("coverage.") && !field.ends_with(".status");
    listed.map(|(_, why)| *why).or(is_time.then_some("times")).or(is_of_a_gap
        .then_some("why, where and from when a dataset has gaps: its status is told, and what is in them is neither new nor gone"))
}

/// The snapshots, without events: a change is judged by what is.
static FIXTURES: LazyLock<Vec<Json>> = LazyLock::new(|| {
    [&TIDY, &NORTHWIND, &TIDY_CUSTOMER, &CONTOSO, &GOVERNED].map(|snapshot| serde_json::to_value(without_events(snapshot)).unwrap()).into()
});

fn without_events(snapshot: &Snapshot) -> Snapshot {
    let mut snapshot = snapshot.clone();
    for tenant in &mut snapshot.tenants {
        tenant.partner.sign_ins.events.clear();
        tenant.customer.sign_ins.events.clear();
        tenant.customer.app_sign_ins.clear();
        tenant.customer.audits.clear();
        tenant.customer.purview.clear();
    }
    snapshot
}

/// Pointers to every place of a field, of those objects that have it and those that do not.
fn places(json: &Json, field: &str) -> Vec<String> {
    let mut found = Vec::new();
    for tenant in 0..json["tenants"].as_array().unwrap().len() {
        let roots: &[&str] = match field.split('.').next().unwrap() {
            "coverage" | "partner" | "customer" => &[""],
            _ => &["partner.", "customer."],
        };
        for root in roots {
            let path = format!("{root}{field}");
            let segments: Vec<&str> = path.split('.').collect();
            below(&json["tenants"][tenant], &format!("/tenants/{tenant}"), &segments, &mut found);
        }
    }
    found
}

fn below(json: &Json, pointer: &str, segments: &[&str], found: &mut Vec<String>) {
    match json {
        Json::Array(items) => items.iter().enumerate().for_each(|(at, item)| below(item, &format!("{pointer}/{at}"), segments, found)),
        Json::Object(object) => match segments {
            [] => {}
            [key] => found.push(format!("{pointer}/{key}")),
            [key, rest @ ..] => {
                object.get(*key).into_iter().for_each(|value| below(value, &format!("{pointer}/{key}"), rest, found));
            }
        },
        _ => {}
    }
}

fn set(json: &mut Json, pointer: &str, value: &Json) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    json.pointer_mut(parent).unwrap()[key] = value.clone();
}

/// What else can stand in a field: what stands there elsewhere, and a few values besides.
fn values(field: &str, snapshots: &[Json]) -> Vec<Json> {
    let mut values: Vec<Json> = Vec::new();
    for json in snapshots {
        for value in places(json, field).iter().filter_map(|pointer| json.pointer(pointer)) {
            if !values.contains(value) && values.len() < 3 {
                values.push(value.clone());
            }
        }
    }
    // Lists and objects with one value otherwise.
    for value in values.clone() {
        if let Json::Object(object) = &value {
            for (key, inner) in object {
                let mut other = object.clone();
                let turned = inner.as_bool().map_or_else(|| json!(null), |is| json!(!is));
                other.insert(key.clone(), turned);
                values.push(Json::Object(other));
            }
        }
    }
    let more = [
        json!(true),
        json!(false),
        json!("other"),
        json!("Guest"),
        json!("error"),
        json!("denied"),
        json!("P1D"),
        json!([]),
        json!(["62e90394-69f5-4237-9190-012177145e10"]),
        json!(["DynamicMembership"]),
        json!({ "isMfaAccepted": true }),
    ];
    values.extend(more);
    values
}

/// The fixture tenants, and the examples of the rules that read a field.
fn snapshots(field: &str) -> Vec<Json> {
    let rules = ALL.iter().filter(|rule| rule.meta.fields.contains(&field));
    let pages = rules.flat_map(|rule| examples(rule.meta.page)).map(|example| load(example.json).unwrap());
    FIXTURES.iter().cloned().chain(pages.map(|snapshot| serde_json::to_value(without_events(&snapshot)).unwrap())).collect()
}

/// Snapshot and picture of every tenant.
fn read(json: &Json) -> Option<(Snapshot, Vec<Picture>)> {
    let snapshot: Snapshot = serde_json::from_value(json.clone()).ok()?;
    let reading = Settings::default().reading;
    let pictures = snapshot.tenants.iter().map(|tenant| Picture::of(tenant, &ledger::of_view(tenant, reading), snapshot.collected_at));
    let pictures = pictures.collect();
    Some((snapshot, pictures))
}

fn is_told(before: &[Picture], after: &[Picture]) -> bool {
    before.iter().zip(after).any(|(before, after)| !compare(before, after).changes.is_empty())
}

/// Which findings there are, and how bad they are.
fn findings(snapshot: &Snapshot) -> BTreeSet<String> {
    let report = evaluate(snapshot, None, &Settings::default(), snapshot.collected_at);
    report.findings.iter().map(|finding| format!("{} {} {:?}", finding.code, finding.subject.id, finding.severity)).collect()
}

/// How many places of one snapshot are changed one by one.
const FEW: usize = 2;

/// What happened to one field.
#[derive(Default)]
struct Outcome {
    told: bool,
    /// Changes that turned a finding and were not told.
    missed: Vec<String>,
}

fn changed(field: &str) -> Outcome {
    let mut outcome = Outcome::default();
    let snapshots = snapshots(field);
    let values = values(field, &snapshots);
    for json in &snapshots {
        let there = places(json, field);
        let Some((snapshot, before)) = read(json).filter(|_| !there.is_empty()) else { continue };
        let mut said = None;
        let present: Vec<String> = there.iter().filter(|pointer| json.pointer(pointer).is_some()).cloned().collect();
        let absent: Vec<String> = there.iter().filter(|pointer| json.pointer(pointer).is_none()).cloned().collect();
        for value in &values {
            let all = [present.as_slice(), absent.as_slice()].into_iter().map(<[String]>::to_vec);
            let single = present.iter().take(FEW).map(|pointer| vec![pointer.clone()]);
            for pointers in all.chain(single).filter(|pointers| !pointers.is_empty()) {
                let mut other = json.clone();
                pointers.iter().for_each(|pointer| set(&mut other, pointer, value));
                if &other == json {
                    continue;
                }
                let Some((after_snapshot, after)) = read(&other) else { continue };
                if is_told(&before, &after) {
                    outcome.told = true;
                } else if json.pointer(&pointers[0]).is_some() {
                    // Where nothing stood before, nothing was known.
                    let said = said.get_or_insert_with(|| findings(&snapshot));
                    let now = findings(&after_snapshot);
                    let turned: Vec<&String> = now.symmetric_difference(said).take(2).collect();
                    if !turned.is_empty() {
                        outcome.missed.push(format!("{} = {value}: {turned:?}", pointers[0]));
                    }
                }
            }
        }
    }
    outcome
}

#[test]
fn every_field_that_a_rule_reads_is_told_or_is_no_fact_for_a_reason() {
    let declared: BTreeSet<&str> = ALL.iter().flat_map(|rule| rule.meta.fields.iter().copied()).collect();
    let mut wrong: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for field in declared.iter().filter(|field| reason(field).is_none()) {
        let outcome = changed(field);
        if !outcome.told {
            wrong.entry(field).or_default().push("no change of it is told".into());
        }
        wrong.entry(field).or_default().extend(outcome.missed.into_iter().take(3));
    }
    wrong.retain(|_, lines| !lines.is_empty());
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (fields, _) in NO_FACTS {
        for with in *fields {
            let is_declared = declared.iter().any(|field| field == with || field.starts_with(&format!("{with}.")));
            assert!(is_declared, "a reason for {with}, which no rule declares");
        }
    }
}

/// The way back: where times or names alone are otherwise, nothing is.
#[test]
fn times_and_names_alone_are_no_difference() {
    let declared: BTreeSet<&str> = ALL.iter().flat_map(|rule| rule.meta.fields.iter().copied()).collect();
    let is_shown = |field: &str| field.ends_with("DateTime") || field.ends_with("displayName");
    let mut changed = 0;
    for field in declared.into_iter().filter(|field| is_shown(field) && reason(field).is_some()) {
        for json in snapshots(field) {
            let mut other = json.clone();
            for pointer in places(&json, field) {
                let Some(text) = json.pointer(&pointer).and_then(Json::as_str) else { continue };
                let new = Timestamp::parse(text).map_or_else(|| format!("{text} renamed"), |at| at.plus_days(40).to_string());
                set(&mut other, &pointer, &json!(new));
                changed += 1;
            }
            let ((_, before), (_, after)) = (read(&json).unwrap(), read(&other).unwrap());
            let changes: Vec<_> = before.iter().zip(&after).flat_map(|(before, after)| compare(before, after).changes).collect();
            assert!(changes.is_empty(), "{field}: {changes:?}");
        }
    }
    assert!(changed > 500, "{changed}");
}
