//! The customer view as a picture: one subject for each outside tenant that stands in the tenant's own directory.
//!
//! What only a log tells of an outside tenant is no fact of it: it would come and go with the window of the log. What a file declares of it is
//! a subject of its own.

use super::field::Field;
use super::holdings::{self, Rows};
use super::picture::{Kind, Picture, State, yes};
use crate::domain::conditional_access::VerdictKind;
use crate::domain::customer::GovernanceRow;
use crate::domain::ledger::{Entry, HeldRole, LedgerApp};
use crate::domain::{Party, roles};

/// Adds an entry of the ledger.
pub(super) fn add(picture: &mut Picture, entry: &Entry, rows: &Rows<'_>) {
    let party = Party { tenant_id: entry.tenant_id.clone(), name: entry.name.clone() };
    let mut state = State::new(entry.name.clone(), Some(party));
    state.switch(Field::ServiceProvider, entry.service_provider_entry);
    state.switch(Field::InboundSync, entry.inbound_sync);
    entry.ceiling.iter().flatten().for_each(|role| state.role(Field::Ceiling, role));
    entry.roles.iter().for_each(|role| held(&mut state, Field::Holding, role));
    entry.apps.iter().for_each(|app| application(&mut state, app));
    for guest in &entry.guests {
        guest.roles.iter().for_each(|role| held(&mut state, Field::GuestRole, role));
    }
    settings(&mut state, entry);
    entry.governance.iter().for_each(|row| governance(&mut state, row));
    for subscription in &entry.subscriptions {
        state.member(Field::Subscription, subscription.clone(), subscription.clone(), None);
    }
    if state.facts.is_empty() {
        return;
    }
    if !picture.unlisted {
        holdings::add(&mut state, entry, rows);
    }
    if let Some(verdict) = &entry.conditional_access {
        demanded(&mut state, verdict.kind);
    }
    picture.subjects.insert((Kind::Tenant, entry.tenant_id.clone()), state);
}

/// A role with its holder. The same role in the same place, held by another assignment, is the same.
fn held(state: &mut State, field: Field, role: &HeldRole) {
    let eligible = if role.eligible_only { "eligible" } else { "active" };
    let id = format!("{}/{}/{}/{eligible}", role.principal_id, role.role_id, role.scope);
    let place = if role.scope == "/" { String::new() } else { format!(" in {}", role.scope) };
    let how = if role.eligible_only { ", eligible" } else { "" };
    state.member(field, id, format!("{} to {}{place}{how}", role.role_name, role.principal_name), role.tier);
}

fn application(state: &mut State, app: &LedgerApp) {
    state.member(Field::Application, app.id.clone(), app.name.clone(), None);
    if let Some(enabled) = app.enabled {
        state.only_of(Field::Enabled, (&app.id, &app.name), yes(enabled), i64::from(enabled));
    }
    for (field, values) in [(Field::Permission, &app.permissions), (Field::Scope, &app.scopes)] {
        for value in values {
            // A strong permission is as good as a role of tier 0.
            let tier = app.strong.contains(value).then_some(0);
            state.member(field, format!("{}/{value}", app.id), format!("{value} to {}", app.name), tier);
        }
    }
    app.roles.iter().for_each(|role| held(state, Field::ApplicationRole, role));
}

fn settings(state: &mut State, entry: &Entry) {
    let Some(settings) = &entry.settings else { return };
    let trust = settings.inbound_trust.unwrap_or_default();
    for (field, value) in [
        (Field::MfaAccepted, trust.is_mfa_accepted),
        (Field::CompliantDevice, trust.is_compliant_device_accepted),
        (Field::HybridDevice, trust.is_hybrid_device_accepted),
        (Field::AutoConsent, settings.auto_consent_inbound),
        (Field::DirectConnect, settings.direct_connect_inbound_all),
        (Field::Collaboration, settings.collaboration_inbound_all),
    ] {
        state.switch(field, value == Some(true));
    }
}

fn governance(state: &mut State, row: &GovernanceRow) {
    let status = row.status.as_deref().unwrap_or("unknown");
    state.member(Field::Governance, format!("{}/{}/{status}", row.id, row.kind), format!("{} {status}", row.kind), None);
    for role in &row.roles {
        state.member(Field::GovernanceRole, format!("{}/{role}", row.id), roles::name(role).to_owned(), roles::tier(role));
    }
}

/// The less is demanded of its people, the farther they reach. What could not be judged is no fact.
fn demanded(state: &mut State, verdict: VerdictKind) {
    let (shown, rank) = match verdict {
        VerdictKind::Unknown => return,
        VerdictKind::NotCovered => ("notCovered", 4),
        VerdictKind::ReportOnly => ("reportOnly", 3),
        VerdictKind::Partly => ("partly", 2),
        VerdictKind::Enforced => ("enforced", 1),
        VerdictKind::Blocked => ("blocked", 0),
    };
    state.only(Field::ConditionalAccess, shown, rank);
}
