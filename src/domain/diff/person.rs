//! Someone who can use delegated access: what the account is, and what it signs in with.

use std::collections::{BTreeSet, HashMap};

use super::field::Field;
use super::picture::{State, all_of};
use crate::domain::facts::{MfaRegistration, PartnerFacts, PimInstance, PimKind, Principal};
use crate::domain::ledger::in_order;

/// Someone who can use delegated access.
pub(super) fn person(name: &str) -> State {
    let mut state = State::new(name, None);
    state.switch(Field::Access, true);
    state
}

/// What is registered, by user.
pub(super) fn registrations(facts: &PartnerFacts) -> HashMap<&str, &MfaRegistration> {
    in_order(&facts.mfa_registrations).into_iter().map(|row| (row.user_id.as_str(), row)).collect()
}

/// Adds what the account is. What the directory did not say is no fact.
pub(super) fn account(state: &mut State, principal: &Principal) {
    state.only(Field::PrincipalKind, principal.kind.as_str().to_owned(), 0);
    if let Some(user_type) = &principal.user_type {
        // The account of a guest is in the hands of another tenant.
        state.only(Field::UserType, user_type.clone(), i64::from(principal.is_guest()));
    }
    if let Some(enabled) = principal.account_enabled {
        state.flag(Field::AccountEnabled, enabled, true);
    }
}

/// Adds what it signs in with.
pub(super) fn factors(state: &mut State, row: &MfaRegistration) {
    state.flag(Field::MfaCapable, row.is_mfa_capable, false);
    state.flag(Field::MfaRegistered, row.is_mfa_registered, false);
    state.only(Field::Methods, all_of(row.methods.iter().cloned()).0, 0);
}

/// Those of a group's members of whom PIM for Groups says that they are members for a while, and nothing says for good.
pub(super) fn bounded<'a>(instances: &[&'a PimInstance]) -> BTreeSet<&'a str> {
    let is_bounded = |instance: &PimInstance| match instance.kind {
        PimKind::Activated => true,
        PimKind::Assigned => instance.end_date_time.is_some(),
        PimKind::Eligible | PimKind::Unknown(_) => false,
    };
    let is_endless = |instance: &PimInstance| instance.kind != PimKind::Eligible && !is_bounded(instance);
    let of = |is: &dyn Fn(&PimInstance) -> bool| -> BTreeSet<&'a str> {
        instances.iter().filter(|instance| is(instance)).map(|instance| instance.principal_id.as_str()).collect()
    };
    let endless = of(&is_endless);
    of(&is_bounded).into_iter().filter(|id| !endless.contains(id)).collect()
}
