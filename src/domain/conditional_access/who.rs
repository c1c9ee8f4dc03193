//! Whom a policy governs, as seen from one partner: its people are service provider users, and hold directory roles here.

use std::collections::BTreeSet;

use super::answer::{GapKind, Reading};
use super::applies::Doubt;
use super::condition::{Condition, Escape, Name, lists, must_be, same};
use super::space::{Allowed, Dim, IN, OUT, Region};
use super::types::{Guests, Users};
use super::verdict::CoverageInput;

/// How a policy reaches the partner's people.
pub(super) struct Who {
    pub(super) conditions: Vec<Condition>,
    pub(super) excluded: Option<&'static str>,
    pub(super) by_all: bool,
    pub(super) doubts: Vec<&'static str>,
}

/// Whether external users hold the partner's people. `Err`: the field that cannot be read.
fn holds_partner(guests: &Guests, tenant: &str, unknown_types_count: bool) -> Result<bool, &'static str> {
    const KNOWN: [&str; 7] = [
        "none",
        "internalGuest",
        "b2bCollaborationGuest",
        "b2bCollaborationMember",
        "b2bDirectConnectUser",
        "otherExternalUser",
        "serviceProvider",
    ];
    let named = lists(&guests.types, "serviceProvider");
    let may_be = unknown_types_count && guests.types.iter().any(|kind| !KNOWN.iter().any(|known| same(kind, known)));
    if !named && !may_be {
        return Ok(false);
    }
    let in_tenant = match guests.external_tenants.as_ref().map(|tenants| (tenants.membership_kind.as_deref(), tenants)) {
        Some((Some(kind), _)) if same(kind, "all") => true,
        Some((Some(kind), tenants)) if same(kind, "enumerated") => lists(&tenants.members, tenant),
        _ => return Err("externalTenants"),
    };
    match (in_tenant, named) {
        (false, _) => Ok(false),
        (true, true) => Ok(true),
        (true, false) => Err("guestOrExternalUserTypes"),
    }
}

/// Whom. Users and groups by id never hold a technician, who has no object in this directory. `None`: nobody of the partner is included.
pub(super) fn who(users: &Users, input: &CoverageInput<'_>, reading: Reading, doubt: Doubt) -> Option<Who> {
    let mut who = Who { conditions: Vec::new(), excluded: None, by_all: false, doubts: Vec::new() };
    let mut direct = lists(&users.include_users, "GuestsOrExternalUsers");
    match users.include_guests_or_external_users.as_ref().map(|guests| holds_partner(guests, input.partner_tenant_id, false)) {
        Some(Ok(true)) => direct = true,
        Some(Err(field)) if !direct && doubt == Doubt::For => {
            who.doubts.push(field);
            direct = true;
        }
        _ => {}
    }
    who.by_all = !direct && lists(&users.include_users, "All") && reading == Reading::AllMeansTechniciansToo;
    if !direct && !who.by_all {
        who.conditions.push(included_roles(&users.include_roles, input, doubt, &mut who.doubts)?);
    }
    if lists(&users.exclude_users, "GuestsOrExternalUsers") || lists(&users.exclude_users, "All") {
        who.excluded = Some("GuestsOrExternalUsers");
    }
    match users.exclude_guests_or_external_users.as_ref().map(|guests| holds_partner(guests, input.partner_tenant_id, true)) {
        Some(Ok(true)) => who.excluded = Some("serviceProvider"),
        Some(Err(_)) if doubt == Doubt::Against => return None,
        Some(Err(field)) => who.doubts.push(field),
        _ => {}
    }
    who.conditions.extend(excluded_roles(&users.exclude_roles, input, doubt));
    Some(who)
}

/// The directory roles that a policy includes. Roles held in an administrative unit do not count: policies do not support them.
fn included_roles(roles: &[String], input: &CoverageInput<'_>, doubt: Doubt, doubts: &mut Vec<&'static str>) -> Option<Condition> {
    if roles.is_empty() {
        return None;
    }
    let Some(held) = input.roles else {
        doubts.push("roles");
        return (doubt == Doubt::For).then(|| Condition { met: vec![Region::default()], escapes: Vec::new() });
    };
    let hit: BTreeSet<String> =
        held.iter().filter(|role| role.tenant_wide && lists(roles, &role.role_id)).map(|role| role.role_id.to_ascii_lowercase()).collect();
    if hit.is_empty() {
        return None;
    }
    let dim = |id: &String| Dim::Role(id.clone(), true);
    let none = hit.iter().try_fold(Region::default(), |region, id| region.and(&Region::of(dim(id), Allowed::one(OUT))));
    Some(Condition {
        met: hit.iter().map(|id| Region::of(dim(id), Allowed::one(IN))).collect(),
        escapes: none.map(|region| Escape { kind: GapKind::Role, name: Name::OtherRoles(hit), region }).into_iter().collect(),
    })
}

/// The directory roles that a policy excludes: those that the partner holds, or may hold where its roles were not read.
fn excluded_roles(roles: &[String], input: &CoverageInput<'_>, doubt: Doubt) -> Vec<Condition> {
    let held = |id: &str| match input.roles {
        Some(held) => held.iter().any(|role| role.tenant_wide && same(&role.role_id, id)),
        None => doubt == Doubt::Against,
    };
    let ids: BTreeSet<String> = roles.iter().filter(|id| held(id)).map(|id| id.to_ascii_lowercase()).collect();
    ids.into_iter().map(|id| must_be(GapKind::Role, id.clone(), Dim::Role(id, true), OUT)).collect()
}
