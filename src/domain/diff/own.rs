//! What the audited tenant itself is: its domains and licences, Conditional Access policies, named locations, authentication strengths and roles.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value as Json;

use super::field::Field;
use super::picture::{Kind, Picture, State, all_of};
use crate::domain::conditional_access::ConditionalAccessPolicy;
use crate::domain::customer::CustomerFacts;
use crate::domain::facts::{Licenses, Organization};

/// Adds everything.
pub(super) fn add(picture: &mut Picture, facts: &CustomerFacts) {
    organization(picture, facts.organization.as_ref(), facts.licenses.as_ref(), facts.security_defaults);
    for policy in &facts.conditional_access {
        put(picture, Kind::Policy, &policy.id, of_policy(policy));
    }
    for location in &facts.named_locations {
        let mut state = State::new(location.display_name.clone(), None);
        state.flag(Field::Trusted, location.is_trusted == Some(true), true);
        put(picture, Kind::Location, &location.id, state);
    }
    for strength in &facts.authentication_strengths {
        let mut state = State::new(strength.display_name.clone().unwrap_or_default(), None);
        state.only(Field::Satisfies, strength.requirements_satisfied.clone().unwrap_or_else(|| "none".to_owned()), 0);
        put(picture, Kind::Strength, &strength.id, state);
    }
    for role in &facts.role_definitions {
        let mut state = State::new(role.display_name.clone().unwrap_or_default(), None);
        state.flag(Field::BuiltIn, role.is_built_in, false);
        put(picture, Kind::Role, &role.id, state);
    }
}

/// Adds the tenant itself, as far as it could be read.
pub(super) fn organization(
    picture: &mut Picture,
    organization: Option<&Organization>,
    licenses: Option<&Licenses>,
    security_defaults: Option<bool>,
) {
    let mut state = State::new(picture.display_name.clone(), None);
    if let Some(organization) = organization {
        let (shown, many) = all_of(organization.verified_domains.iter().map(|domain| domain.to_ascii_lowercase()));
        state.only(Field::Domains, shown, many);
    }
    if let Some(licenses) = licenses {
        let held = [(licenses.entra_p1, "Entra ID P1"), (licenses.entra_p2, "Entra ID P2")];
        let held = held.into_iter().filter(|(is_held, _)| *is_held).map(|(_, name)| name.to_owned());
        state.only(Field::Licences, all_of(held).0, 0);
    }
    if let Some(on) = security_defaults {
        state.flag(Field::SecurityDefaults, on, false);
    }
    let id = picture.tenant_id.clone();
    put(picture, Kind::Organization, &id, state);
}

/// Of two with one id, which no collector writes, the facts of both: wherever they stand, the same.
fn put(picture: &mut Picture, kind: Kind, id: &str, state: State) {
    let known = picture.subjects.entry((kind, id.to_owned())).or_default();
    known.name = state.name.max(std::mem::take(&mut known.name));
    for (key, fact) in state.facts {
        let is_less = known.facts.get(&key).is_some_and(|other| other.value.shown() >= fact.value.shown());
        if !is_less {
            known.facts.insert(key, fact);
        }
    }
}

fn of_policy(policy: &ConditionalAccessPolicy) -> State {
    let mut state = State::new(policy.display_name.clone(), None);
    state.only(Field::PolicyState, policy.state.as_ref().map_or("unknown", |state| state.as_str()).to_owned(), 0);
    leaves(&mut state, Field::PolicyCondition, &policy.conditions);
    leaves(&mut state, Field::PolicyDemand, &policy.grant_controls);
    leaves(&mut state, Field::PolicyDemand, &policy.session_controls);
    state
}

/// Every value below a part of a policy, with its path: the order of a list is nothing.
fn leaves(state: &mut State, field: Field, part: &impl Serialize) {
    let mut found = BTreeSet::new();
    // What this build read it can write.
    below(&serde_json::to_value(part).unwrap_or_default(), "", &mut found);
    found.into_iter().for_each(|leaf| state.member(field, leaf.clone(), leaf, None));
}

fn below(json: &Json, path: &str, found: &mut BTreeSet<String>) {
    match json {
        Json::Null => {}
        Json::Array(items) => items.iter().for_each(|item| below(item, path, found)),
        Json::Object(object) => object.iter().for_each(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            below(value, &path, found);
        }),
        Json::String(text) => drop(found.insert(format!("{path} {text}"))),
        Json::Bool(_) | Json::Number(_) => drop(found.insert(format!("{path} {json}"))),
    }
}
