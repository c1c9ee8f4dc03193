//! Where something stands in an example, and what else could stand there.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::loaded;
use crate::domain::Timestamp;
use crate::policy::rules::ALL;

/// Every value that stands below a key in any example of any page.
pub(super) type Pool = BTreeMap<String, Vec<Json>>;

pub(super) fn pool() -> Pool {
    let mut pool = Pool::new();
    for example in ALL.iter().flat_map(|rule| loaded(rule)) {
        gather(&example.json, &mut pool);
    }
    pool
}

pub(super) fn gather(json: &Json, pool: &mut Pool) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| gather(item, pool)),
        Json::Object(object) => {
            for (key, value) in object {
                let known = pool.entry(key.clone()).or_default();
                if !known.contains(value) {
                    known.push(value.clone());
                }
                gather(value, pool);
            }
        }
        _ => {}
    }
}

/// A place in an example: the pointer to it, and its path by keys alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) pointer: String,
    pub(super) path: String,
}

/// Every place of a tenant: what stands there, and below every object also what another example has there.
pub(super) fn places(json: &Json) -> Vec<Place> {
    let mut found = Vec::new();
    for (at, tenant) in json["tenants"].as_array().into_iter().flatten().enumerate() {
        for part in ["partner", "customer", "coverage"] {
            if let Some(value) = tenant.get(part) {
                below(value, &format!("/tenants/{at}/{part}"), part, &mut found);
            }
        }
    }
    found
}

pub(super) fn below(json: &Json, pointer: &str, path: &str, found: &mut Vec<Place>) {
    found.push(Place { pointer: pointer.into(), path: path.into() });
    match json {
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                if item.is_object() {
                    below(item, &format!("{pointer}/{at}"), path, found);
                }
            }
        }
        Json::Object(object) => {
            for (key, value) in object {
                below(value, &format!("{pointer}/{key}"), &format!("{path}.{key}"), found);
            }
        }
        _ => {}
    }
}

/// Other values for a place; `None`: nothing at all.
pub(super) fn others(now: Option<&Json>, key: &str, pool: &Pool) -> Vec<Option<Json>> {
    let mut others: Vec<Option<Json>> = vec![None];
    match now {
        Some(Json::Bool(on)) => others.push(Some(json!(!on))),
        Some(Json::Number(number)) => {
            let number = number.as_i64().unwrap_or_default();
            others.extend([0, 1, number + 1, number - 1, number + 1_000].map(|number| Some(json!(number))));
        }
        Some(Json::String(text)) => match Timestamp::parse(text) {
            Some(at) => others.extend([-400, -40, -1, 1, 40, 400].map(|days| Some(json!(at.plus_days(days).to_string())))),
            None => others.extend([json!("other"), json!("P3650D"), json!("P1D")].map(Some)),
        },
        Some(Json::Array(items)) => {
            others.push(Some(json!([])));
            for at in 0..items.len() {
                let mut fewer = items.clone();
                fewer.remove(at);
                others.push(Some(Json::Array(fewer)));
            }
        }
        Some(Json::Object(object)) => {
            for key in object.keys() {
                let mut fewer = object.clone();
                fewer.remove(key);
                others.push(Some(Json::Object(fewer)));
            }
        }
        _ => {}
    }
    others.extend(pool.get(key).into_iter().flatten().map(|value| Some(value.clone())));
    if now.is_none() {
        others.extend([json!(true), json!(false), json!(1), json!("other"), json!("2026-05-31T23:00:00Z")].map(Some));
    }
    others.retain(|other| other.as_ref() != now);
    others
}

/// `json` with another value at a pointer, which may lead to a key that is not there yet.
pub(super) fn with(json: &Json, pointer: &str, value: Option<Json>) -> Option<Json> {
    let mut changed = json.clone();
    let (parent, key) = pointer.rsplit_once('/')?;
    match (changed.pointer_mut(parent)?, value) {
        (Json::Object(object), Some(value)) => drop(object.insert(key.to_owned(), value)),
        (Json::Object(object), None) => drop(object.remove(key)?),
        (Json::Array(items), Some(value)) => *items.get_mut(key.parse::<usize>().ok()?)? = value,
        (Json::Array(items), None) => drop(items.remove(key.parse().ok()?)),
        _ => return None,
    }
    Some(changed)
}
