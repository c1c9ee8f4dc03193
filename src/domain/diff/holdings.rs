//! What an outside tenant's applications, guests and governance relationships are, beside what they may do. From a snapshot's own rows: a
//! report does not carry it, and then there is no fact to compare.

use std::collections::HashMap;

use super::field::Field;
use super::picture::{State, all_of, yes};
use crate::domain::customer::{CustomerFacts, ExternalUser, GovernanceRow, ServicePrincipal};
use crate::domain::ledger::{Entry, in_order};

/// Rows by id; of two with one id the one that the ledger takes.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    apps: HashMap<String, &'a ServicePrincipal>,
    guests: HashMap<String, &'a ExternalUser>,
    governance: HashMap<&'a str, &'a GovernanceRow>,
    /// By tenant.
    principals: HashMap<String, Vec<&'a str>>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(facts: &'a CustomerFacts) -> Self {
        let lower = |id: &str| id.trim().to_ascii_lowercase();
        let mut principals: HashMap<String, Vec<&str>> = HashMap::new();
        for row in &facts.foreign_principals {
            principals.entry(lower(row.tenant_id.as_deref().unwrap_or_default())).or_default().push(&row.id);
        }
        Rows {
            principals,
            apps: in_order(&facts.service_principals).into_iter().rev().map(|row| (lower(&row.id), row)).collect(),
            guests: in_order(&facts.external_users).into_iter().rev().map(|row| (lower(&row.id), row)).collect(),
            governance: in_order(&facts.governance).into_iter().rev().map(|row| (row.id.as_str(), row)).collect(),
        }
    }
}

/// Adds what the rows tell of an entry's applications, guests and governance relationships.
pub(super) fn add(state: &mut State, entry: &Entry, rows: &Rows<'_>) {
    let principals = rows.principals.get(&entry.tenant_id).into_iter().flatten();
    let (shown, many) = all_of(principals.map(|id| (*id).to_owned()));
    state.only(Field::Principals, shown, many);
    for app in &entry.apps {
        if let Some(row) = rows.apps.get(&app.id) {
            application(state, (&app.id, &app.name), row);
        }
    }
    for guest in &entry.guests {
        if let Some(row) = rows.guests.get(&guest.id) {
            account(state, (&guest.id, &guest.name), row);
        }
    }
    for row in &entry.governance {
        if let Some(row) = rows.governance.get(row.id.as_str()) {
            terms(state, row);
        }
    }
}

fn application(state: &mut State, app: (&str, &str), row: &ServicePrincipal) {
    state.only_of(Field::AppId, app, row.app_id.to_ascii_lowercase(), 0);
    let publisher = row.verified_publisher.as_deref().filter(|name| !name.trim().is_empty());
    // Whom nobody has verified is trusted on his word.
    state.only_of(Field::Publisher, app, yes(publisher.is_some()), i64::from(publisher.is_none()));
    let (shown, many) = all_of(row.credentials.iter().map(|credential| format!("{} {}", credential.kind, credential.key_id)));
    state.only_of(Field::Credentials, app, shown, many);
}

fn account(state: &mut State, guest: (&str, &str), row: &ExternalUser) {
    if let Some(user_type) = &row.user_type {
        // A member reads more of the directory than a guest.
        state.only_of(Field::GuestType, guest, user_type.clone(), i64::from(!user_type.eq_ignore_ascii_case("guest")));
    }
    if let Some(enabled) = row.account_enabled {
        state.only_of(Field::GuestEnabled, guest, yes(enabled), i64::from(enabled));
    }
}

fn terms(state: &mut State, row: &GovernanceRow) {
    let whose = (row.id.as_str(), row.kind.as_str());
    if let Some(can) = row.governed_tenant_can_terminate {
        state.only_of(Field::GovernanceTerminable, whose, yes(can), i64::from(!can));
    }
    if let Some(created) = &row.created_type {
        state.only_of(Field::GovernanceCreated, whose, created.clone(), 0);
    }
    let (shown, many) = all_of(row.provisioned_apps.iter().cloned());
    state.only_of(Field::GovernanceApps, whose, shown, many);
}
