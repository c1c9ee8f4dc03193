//! Tenants drawn by chance: rows of every page and of the fixture tenants, crossed with one another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use partnerscope::domain::{Snapshot, TenantSnapshot, View};
use partnerscope::policy::examples::{examples, load};
use partnerscope::policy::rules::ALL;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::judging::{CONTOSO, GOVERNED, NORTHWIND};

/// Random bits, drawn one by one.
#[derive(Debug, Clone)]
pub(crate) struct Dice(Vec<u8>, usize);

impl Dice {
    pub(crate) fn next(&mut self, sides: usize) -> usize {
        self.1 += 1;
        // Of two bytes: there are more examples than one byte can name.
        let byte = |at: usize| usize::from(self.0[at % self.0.len()]);
        (byte(self.1) << 8 | byte(self.1 * 7 + 3)).wrapping_mul(self.1 | 1) % sides.max(1)
    }
}

pub(crate) fn dice() -> impl Strategy<Value = Dice> {
    proptest::collection::vec(any::<u8>(), 60..200).prop_map(|bytes| Dice(bytes, 0))
}

/// Facts by view: for each list of facts the rows that pages and fixture tenants have in it; for what is no list, its values.
pub(crate) static ROWS: LazyLock<BTreeMap<(View, String), Vec<Value>>> = LazyLock::new(|| {
    let mut rows: BTreeMap<(View, String), Vec<Value>> = BTreeMap::new();
    let pages = ALL.iter().flat_map(|rule| examples(rule.meta.page)).map(|example| load(example.json).unwrap());
    for snapshot in pages.chain([&*NORTHWIND, &*CONTOSO, &*GOVERNED].map(Clone::clone)) {
        for tenant in &snapshot.tenants {
            let facts = facts_of(tenant.view, &serde_json::to_value(tenant).unwrap());
            for (name, value) in facts.as_object().into_iter().flatten() {
                let known = rows.entry((tenant.view, name.clone())).or_default();
                let found = match value {
                    Value::Array(items) => items.clone(),
                    other => vec![other.clone()],
                };
                known.extend(found);
            }
        }
    }
    rows.values_mut().for_each(|rows| rows.dedup());
    rows
});

pub(crate) fn facts_of(view: View, tenant: &Value) -> Value {
    tenant.get(if view == View::Partner { "partner" } else { "customer" }).cloned().unwrap_or_else(|| json!({}))
}

/// The tenant of each example, by view: what hangs together in one makes a rule speak.
static WHOLES: LazyLock<BTreeMap<View, Vec<TenantSnapshot>>> = LazyLock::new(|| {
    let mut wholes: BTreeMap<View, Vec<TenantSnapshot>> = BTreeMap::new();
    for example in ALL.iter().flat_map(|rule| examples(rule.meta.page)) {
        for tenant in load(example.json).unwrap().tenants {
            wholes.entry(tenant.view).or_default().push(tenant);
        }
    }
    wholes
});

/// At most so many rows of a list beside those of the example that a tenant begins with.
const MOST_ROWS: usize = 7;

/// A tenant that begins as an example, and whose lists hold rows of others. An id stands once in a list, as Graph has it.
pub(crate) fn generated(view: View, dice: &mut Dice) -> Snapshot {
    let wholes = &WHOLES[&view];
    let begun = &wholes[dice.next(wholes.len())];
    let whole = facts_of(view, &serde_json::to_value(begun).unwrap());
    let mut facts = serde_json::Map::new();
    for ((_, name), rows) in ROWS.iter().filter(|((of, _), _)| *of == view) {
        let other = &rows[dice.next(rows.len())];
        let value = match whole.get(name) {
            Some(Value::Object(own)) => mixed(own, other, dice),
            _ if NO_LISTS.contains(&name.as_str()) => other.clone(),
            own => Value::Array(list(name, own.and_then(Value::as_array), rows, dice)),
        };
        facts.insert(name.clone(), value);
    }
    settle_guests(&mut facts);
    settle_groups(&mut facts);
    let part = if view == View::Partner { "partner" } else { "customer" };
    let days = [30, 90, 180][dice.next(3)];
    let whole = json!({ "lookbackDays": days, "tenants": [{ "view": view.as_str(), "tenantId": begun.tenant_id, part: facts }] });
    let mut snapshot = load(&whole.to_string()).unwrap();
    if dice.next(3) == 0 {
        snapshot.tenants[0].coverage = begun.coverage.clone();
    }
    snapshot
}

/// Facts that are no list.
const NO_LISTS: [&str; 8] =
    ["organization", "licenses", "groupMembers", "groupOwners", "signIns", "crossTenantDefault", "securityDefaults", "declared"];

/// What is said by key: of an example, beside it of another, or of the other alone.
fn mixed(own: &serde_json::Map<String, Value>, other: &Value, dice: &mut Dice) -> Value {
    let (Some(other), true) = (other.as_object(), dice.next(4) > 0) else { return other.clone() };
    let mut both = other.clone();
    both.extend(own.clone());
    Value::Object(both)
}

fn list(name: &str, own: Option<&Vec<Value>>, rows: &[Value], dice: &mut Dice) -> Vec<Value> {
    // Of some lists rows of the example go.
    let is_whole = dice.next(4) > 0;
    let mut drawn: Vec<Value> = own.into_iter().flatten().filter(|_| is_whole || dice.next(4) > 0).cloned().collect();
    for _ in 0..dice.next(MOST_ROWS + 1) {
        let mut row = rows[dice.next(rows.len())].clone();
        // A role that the tenant made has no built-in one's id.
        if name != "roleDefinitions" {
            cross(&mut row, &rows[dice.next(rows.len())], dice);
        }
        let id = |row: &Value| ["id", "tenantId", "userId"].iter().find_map(|key| row.get(key).cloned());
        if !drawn.iter().any(|known| id(known) == id(&row)) {
            drawn.push(row);
        }
    }
    drawn
}

/// The tenant of an example, and of what is generated.
const OWN: &str = "11111111-1111-4111-8111-111111111111";

/// A guest is a user of this tenant, and a group that a guest or an application is in is a group of it, whatever row another value came from.
fn settle_guests(facts: &mut serde_json::Map<String, Value>) {
    let strings = |list: &str, key: &str| -> BTreeSet<String> {
        let rows = facts.get(list).and_then(Value::as_array).into_iter().flatten();
        let values = rows.flat_map(|row| match &row[key] {
            Value::Array(items) => items.clone(),
            other => vec![other.clone()],
        });
        values.filter_map(|value| value.as_str().map(str::to_lowercase)).collect()
    };
    let guests = strings("externalUsers", "id");
    let apps = strings("servicePrincipals", "id");
    let mut groups = strings("externalUsers", "throughGroups");
    groups.extend(strings("servicePrincipals", "throughGroups"));
    let id = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_lowercase();
    if let Some(Value::Array(foreign)) = facts.get_mut("foreignPrincipals") {
        foreign.retain(|row| !guests.contains(&id(row, "id")) && !groups.contains(&id(row, "id")));
    }
    for list in ["roleAssignments", "roleSchedules"] {
        for row in facts.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let principal = id(row, "principalId");
            let kind = [(&guests, "user"), (&groups, "group")].into_iter().find(|(ids, _)| ids.contains(&principal));
            if apps.contains(&principal) {
                row["principalKind"] = json!("servicePrincipal");
            } else if let Some((_, kind)) = kind {
                row["principalTenantId"] = json!(OWN);
                row["principalKind"] = json!(kind);
            }
        }
    }
}

/// A group that is gone has neither members nor owners.
fn settle_groups(facts: &mut serde_json::Map<String, Value>) {
    let groups = facts.get("groups").and_then(Value::as_array).into_iter().flatten();
    let gone: Vec<String> =
        groups.filter(|group| group["gone"] == true).filter_map(|group| group["id"].as_str().map(str::to_owned)).collect();
    for list in ["groupMembers", "groupOwners"] {
        if let Some(Value::Object(lists)) = facts.get_mut(list) {
            lists.retain(|group, _| !gone.contains(group));
        }
    }
}

/// One value of a row comes from another row, now and then: what says which row it is aside.
pub(crate) fn cross(row: &mut Value, other: &Value, dice: &mut Dice) {
    let (Some(row), Some(other)) = (row.as_object_mut(), other.as_object()) else { return };
    let keys: Vec<&String> = other.keys().filter(|key| *key != "id").collect();
    if !keys.is_empty() && dice.next(2) == 0 {
        let key = keys[dice.next(keys.len())];
        row.insert(key.clone(), other[key].clone());
    }
}
