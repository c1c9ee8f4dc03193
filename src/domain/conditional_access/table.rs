//! The truth table: `truth_table.toml` as rows, and the test that it is well formed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::domain::roles;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    /// Microsoft's pages by short name.
    pages: BTreeMap<String, String>,
    /// The rows.
    #[serde(rename = "row")]
    pub(super) rows: Vec<Row>,
}

/// One set of policies, one partner, one verdict.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) policies: Vec<Compact>,
    pub(super) policies_read: Option<String>,
    pub(super) locations_read: Option<bool>,
    pub(super) roles: Option<Roles>,
    #[serde(default)]
    pub(super) scoped_roles: Vec<String>,
    pub(super) p1: Option<bool>,
    pub(super) security_defaults: Option<bool>,
    pub(super) device_trust: Option<bool>,
    pub(super) reading: Option<String>,
    pub(super) expect: String,
    #[serde(default)]
    pub(super) by: Vec<String>,
    #[serde(default)]
    pub(super) gaps: Vec<String>,
    pub(super) reading_used: Option<String>,
    #[serde(default)]
    pub(super) defaults_flag: bool,
    #[serde(default)]
    pub(super) notes: Vec<String>,
    source: Option<String>,
    open: Option<String>,
}

/// The partner's roles by name, or `false` where they were not read.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Roles {
    Names(Vec<String>),
    Read(bool),
}

/// A policy in the short form that the head of the file explains.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Compact {
    pub(super) id: String,
    pub(super) state: Option<String>,
    pub(super) users: Option<Vec<String>>,
    #[serde(default)]
    pub(super) not_users: Vec<String>,
    pub(super) apps: Option<Vec<String>>,
    #[serde(default)]
    pub(super) not_apps: Vec<String>,
    #[serde(default)]
    pub(super) actions: Vec<String>,
    #[serde(default)]
    pub(super) contexts: Vec<String>,
    pub(super) app_filter: Option<String>,
    pub(super) clients: Option<Vec<String>>,
    #[serde(default)]
    pub(super) platforms: Vec<String>,
    #[serde(default)]
    pub(super) not_platforms: Vec<String>,
    #[serde(default)]
    pub(super) locations: Vec<String>,
    #[serde(default)]
    pub(super) not_locations: Vec<String>,
    #[serde(default)]
    pub(super) sign_in_risk: Vec<String>,
    #[serde(default)]
    pub(super) user_risk: Vec<String>,
    pub(super) insider_risk: Option<String>,
    pub(super) flows: Option<String>,
    pub(super) device_filter: Option<String>,
    pub(super) unknown: Option<String>,
    pub(super) unknown_users: Option<String>,
    #[serde(default)]
    pub(super) workload: bool,
    pub(super) grant: Option<String>,
    #[serde(default)]
    pub(super) session: bool,
}

/// Reads the file.
pub(super) fn table() -> Table {
    toml::from_str(include_str!("truth_table.toml")).unwrap()
}

/// What a row is judged with.
pub(super) struct World {
    policies: Vec<ConditionalAccessPolicy>,
    held: Option<Vec<HeldRole>>,
    locations: Vec<NamedLocation>,
    strengths: Vec<AuthenticationStrength>,
}

pub(super) const PARTNER: &str = "aaaaaaaa-0000-4000-8000-000000000001";

/// Names that the table uses for ids.
const IDS: [(&str, &str); 7] = [
    ("a-upper", "AAAAAAAA-0000-4000-8000-000000000001"),
    ("app-x", "aaaa0000-0000-4000-8000-00000000000a"),
    ("APP-X", "AAAA0000-0000-4000-8000-00000000000A"),
    ("app-y", "aaaa0000-0000-4000-8000-00000000000b"),
    ("hq", "10ca0000-0000-4000-8000-000000000001"),
    ("office", "10ca0000-0000-4000-8000-000000000002"),
    ("land", "10ca0000-0000-4000-8000-000000000003"),
];

pub(super) fn id(name: &str) -> String {
    IDS.iter().find(|(short, _)| *short == name).map_or(name, |(_, id)| id).to_owned()
}

fn ids(names: &[String]) -> Vec<String> {
    names.iter().map(|name| id(name)).collect()
}

pub(super) fn role_id(name: &str) -> String {
    roles::by_name(name).unwrap_or_else(|| panic!("no role {name}")).id.to_owned()
}

fn tenant(name: &str) -> String {
    match name {
        "A" => PARTNER.to_owned(),
        "B" => "bbbbbbbb-0000-4000-8000-000000000002".to_owned(),
        other => id(other),
    }
}

/// Users in Graph's form; `side` is include or exclude.
fn users(side: &str, list: &[String], users: &mut serde_json::Map<String, Value>) {
    let starting = |prefix: &'static str| list.iter().filter_map(move |item| item.strip_prefix(prefix));
    let plain: Vec<&String> = list.iter().filter(|item| !item.contains(':')).collect();
    let named: Vec<Value> = plain.into_iter().map(|item| json!(item)).chain(starting("user:").map(|item| json!(item))).collect();
    users.insert(format!("{side}Users"), json!(named));
    users.insert(format!("{side}Groups"), json!(starting("group:").collect::<Vec<_>>()));
    users.insert(format!("{side}Roles"), json!(starting("role:").map(role_id).collect::<Vec<_>>()));
    let guests = starting("ext:").next().map(|item| {
        let (types, tenants) = item.split_once('@').unwrap();
        let tenants = match tenants {
            "all" => json!({ "membershipKind": "all" }),
            "?" => json!({ "membershipKind": "unknownFutureValue" }),
            "null" => Value::Null,
            some => json!({ "membershipKind": "enumerated", "members": some.split('|').map(tenant).collect::<Vec<_>>() }),
        };
        json!({ "guestOrExternalUserTypes": types, "externalTenants": tenants })
    });
    users.insert(format!("{side}GuestsOrExternalUsers"), guests.unwrap_or(Value::Null));
}

fn grant(text: &str) -> Value {
    if text == "none" {
        return Value::Null;
    }
    let (operator, text) = match text.strip_prefix("OR ") {
        Some(rest) => (Some("OR"), rest),
        None => ([" AND ", " OR "].into_iter().find(|word| text.contains(word)), text),
    };
    let controls: Vec<&str> = text.split(operator.filter(|word| word.starts_with(' ')).unwrap_or(", ")).collect();
    let starting = |prefix: &'static str| controls.iter().filter_map(move |item| item.strip_prefix(prefix)).collect::<Vec<_>>();
    json!({
        "operator": operator.map(str::trim),
        "builtInControls": controls.iter().filter(|item| !item.contains(':')).collect::<Vec<_>>(),
        "termsOfUse": starting("tou:"),
        "customAuthenticationFactors": starting("custom:"),
        "authenticationStrength": starting("strength:").first().map(|id| json!({ "id": id })),
    })
}

fn filter(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| {
        let (mode, rule) = text.split_once(' ').unwrap();
        json!({ "mode": mode, "rule": rule })
    })
}

fn one(text: &str) -> Vec<String> {
    vec![text.to_owned()]
}

/// A policy in Graph's form, from the short one.
pub(super) fn policy(short: &Compact) -> ConditionalAccessPolicy {
    let mut who = serde_json::Map::new();
    users("include", short.users.as_ref().unwrap_or(&one("ext:serviceProvider@all")), &mut who);
    users("exclude", &short.not_users, &mut who);
    if let Some(key) = &short.unknown_users {
        who.insert(key.clone(), json!(["x"]));
    }
    let mut conditions = json!({
        "users": who,
        "applications": {
            "includeApplications": ids(short.apps.as_ref().unwrap_or(&one("All"))), "excludeApplications": ids(&short.not_apps),
            "includeUserActions": short.actions, "includeAuthenticationContextClassReferences": short.contexts,
            "applicationFilter": filter(short.app_filter.as_ref()),
        },
        "clientAppTypes": short.clients.as_ref().unwrap_or(&one("all")),
        "signInRiskLevels": short.sign_in_risk, "userRiskLevels": short.user_risk, "insiderRiskLevels": short.insider_risk,
        "authenticationFlows": short.flows.as_ref().map(|flows| json!({ "transferMethods": flows })),
        "devices": { "deviceFilter": filter(short.device_filter.as_ref()) },
    });
    if !short.platforms.is_empty() {
        conditions["platforms"] = json!({ "includePlatforms": short.platforms, "excludePlatforms": short.not_platforms });
    }
    if !short.locations.is_empty() {
        conditions["locations"] = json!({ "includeLocations": ids(&short.locations), "excludeLocations": ids(&short.not_locations) });
    }
    if let Some(name) = &short.unknown {
        conditions[name] = json!(["full"]);
    }
    if short.workload {
        conditions["clientApplications"] = json!({ "includeServicePrincipals": ["ServicePrincipalsInMyTenant"] });
    }
    let state = match short.state.as_deref().unwrap_or("on") {
        "on" => "enabled",
        "off" => "disabled",
        "report" => "enabledForReportingButNotEnforced",
        other => other,
    };
    let session = short.session.then(|| json!({ "signInFrequency": { "isEnabled": true } }));
    let whole = json!({ "id": short.id, "displayName": short.id, "state": state, "conditions": conditions,
        "grantControls": grant(short.grant.as_deref().unwrap_or("mfa")), "sessionControls": session });
    serde_json::from_value(whole).unwrap()
}

impl World {
    pub(super) fn of(row: &Row) -> World {
        let none = Vec::new();
        let usual = one("Global Administrator");
        let names = match &row.roles {
            None => Some(&usual),
            Some(Roles::Names(names)) => Some(names),
            Some(Roles::Read(read)) => read.then_some(&none),
        };
        let role = |name: &String, tenant_wide: bool| HeldRole { role_id: role_id(name), tenant_wide };
        let held = names
            .map(|names| names.iter().map(|name| role(name, true)).chain(row.scoped_roles.iter().map(|name| role(name, false))).collect());
        let strength = |id: &str, satisfied: &str| AuthenticationStrength {
            id: id.to_owned(),
            requirements_satisfied: Some(satisfied.to_owned()),
            ..AuthenticationStrength::default()
        };
        let location = |name: &str, kind: &str, trusted: Option<bool>| -> NamedLocation {
            serde_json::from_value(json!({ "id": id(name), "displayName": name, "kind": kind, "isTrusted": trusted })).unwrap()
        };
        World {
            policies: row.policies.iter().map(policy).collect(),
            held,
            locations: vec![location("hq", "ip", Some(true)), location("office", "ip", Some(false)), location("land", "country", None)],
            strengths: vec![strength("custom-mfa", "mfa"), strength("custom-none", "none")],
        }
    }

    pub(super) fn input<'a>(&'a self, row: &Row) -> CoverageInput<'a> {
        let read = row.policies_read.as_deref().unwrap_or("all");
        CoverageInput {
            partner_tenant_id: PARTNER,
            roles: self.held.as_deref(),
            policies: (read != "no").then_some(&self.policies),
            policies_complete: read == "all",
            named_locations: row.locations_read.unwrap_or(true).then_some(&self.locations),
            strengths: Some(&self.strengths),
            security_defaults: row.security_defaults,
            entra_p1: row.p1,
            device_trust: DeviceTrust { compliant: row.device_trust, hybrid_joined: row.device_trust },
            reading: if row.reading.as_deref() == Some("directory") {
                Reading::AllMeansDirectoryUsers
            } else {
                Reading::AllMeansTechniciansToo
            },
        }
    }
}

/// A value as the table writes it.
fn short(kind: GapKind, value: &str) -> String {
    if kind == GapKind::Role {
        return roles::name(value).to_owned();
    }
    IDS.iter().find(|(_, id)| *id == value).map_or(value, |(short, _)| short).to_owned()
}

fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn the_code_says_what_the_table_says() {
    let mut wrong = Vec::new();
    for row in &table().rows {
        let world = World::of(row);
        let found = verdict(&world.input(row));
        let mut gaps: Vec<String> =
            found.gaps.iter().map(|gap| format!("{} {} @{}", word(gap.kind), short(gap.kind, &gap.value), gap.policy.id)).collect();
        let mut expected = row.gaps.clone();
        gaps.sort();
        expected.sort();
        let by: Vec<&str> = found.by.iter().map(|policy| policy.id.as_str()).collect();
        let reading = found.reading.map(|reading| match reading {
            Reading::AllMeansTechniciansToo => "technicians",
            Reading::AllMeansDirectoryUsers => "directory",
        });
        let notes: Vec<String> = found
            .notes
            .iter()
            .map(|note| match note {
                Note::DeviceControlsBlock { policy } => format!("deviceControlsBlock @{}", policy.id),
                Note::SecurityDefaultsNotRead => "securityDefaultsNotRead".to_owned(),
            })
            .collect();
        let told = format!(
            "{} by {by:?} gaps {gaps:?} reading {reading:?} defaults {} notes {notes:?}",
            word(found.kind),
            found.security_defaults
        );
        let want = format!(
            "{} by {:?} gaps {expected:?} reading {:?} defaults {} notes {:?}",
            row.expect,
            row.by,
            row.reading_used.as_deref(),
            row.defaults_flag,
            row.notes
        );
        if told != want {
            wrong.push(format!("{}\n  found {told}\n  want  {want}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{} rows\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_table_is_well_formed() {
    let table = table();
    assert!(table.rows.len() >= 70, "{} rows", table.rows.len());
    let mut names = BTreeSet::new();
    let mut verdicts = BTreeSet::new();
    let mut cited = BTreeSet::new();
    for row in &table.rows {
        let name = row.name.as_str();
        assert!(names.insert(name), "two rows are called {name}");
        assert!(row.source.is_some() || row.open.is_some(), "{name} rests on nothing");
        verdicts.insert(row.expect.as_str());
        for part in row.source.iter().flat_map(|source| source.split("; ")) {
            // Within a source, what stands before a colon is a page; a clause without one goes on with the page before it.
            if let Some((page, words)) = part.split_once(": ") {
                assert!(table.pages.contains_key(page), "{name} cites {page}, which is no page");
                assert!(words.len() > 10, "{name} says nothing of {page}");
                cited.insert(page);
            }
        }
        assert!(row.source.as_ref().is_none_or(|source| source.contains(": ")), "{name} names no page");
        assert!(row.open.as_ref().is_none_or(|open| open.len() > 10), "{name} does not say what is open");
        let ids: BTreeSet<&str> = row.policies.iter().map(|policy| policy.id.as_str()).collect();
        assert_eq!(ids.len(), row.policies.len(), "{name} has a policy id twice");
        for id in &row.by {
            assert!(ids.contains(id.as_str()), "{name} expects {id}, which it does not have");
        }
    }
    assert_eq!(verdicts, BTreeSet::from(["blocked", "enforced", "notCovered", "partly", "reportOnly", "unknown"]));
    assert_eq!(cited, table.pages.keys().map(String::as_str).collect(), "pages that are cited, and pages");
}
