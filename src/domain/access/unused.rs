//! Which roles of a relationship nobody can use, and whose people were never there.

use std::collections::BTreeSet;

use super::reach::{Grant, Reach, customer_of};
use super::words::{Capped, Role, Seen, role_list};
use crate::domain::facts::Relationship;

/// Whether somebody can use a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usable {
    /// Somebody can.
    Yes,
    /// Nobody: no group is given it.
    NoAssignment,
    /// Nobody now: a group is given it, but the relationship or the assignment is not active.
    NotInForce,
    /// Nobody: the groups that are given it are gone or empty, and nobody may become a member.
    NoMember,
    /// Nobody: every account in the groups is switched off.
    OnlyDisabled,
    /// Nobody can say: what would show it was not read.
    Unknown,
}

impl Usable {
    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Usable::Yes => "usable",
            Usable::NoAssignment => "noAssignment",
            Usable::NotInForce => "notInForce",
            Usable::NoMember => "noMember",
            Usable::OnlyDisabled => "onlyDisabled",
            Usable::Unknown => "unknown",
        }
    }

    /// True if it is proved that nobody can use it.
    pub const fn is_by_nobody(self) -> bool {
        !matches!(self, Usable::Yes | Usable::Unknown)
    }
}

/// A role of a relationship.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleUse<'a> {
    /// The role.
    pub role: Role<'a>,
    /// Whether somebody can use it.
    pub usable: Usable,
    /// Groups that are given it, by id.
    pub groups: Capped<&'a str>,
    /// How many people can use it, as far as they are known.
    pub people: u64,
    /// When one of those who can use it was last in the customer. That is presence: which role they used no log tells.
    pub seen: Seen,
}

impl RoleUse<'_> {
    /// True if somebody can use it, and none of them came in the span of the log.
    pub fn is_unseen(&self) -> bool {
        self.usable == Usable::Yes && self.seen == Seen::Never
    }
}

/// Every role of a relationship: its ceiling, and what groups are given besides.
pub(super) fn roles_of<'a>(reach: &Reach<'a>, relationship: &'a Relationship, most: usize) -> Vec<RoleUse<'a>> {
    let grants: Vec<Grant<'a>> = reach.grants(relationship).collect();
    let given = grants.iter().flat_map(|grant| &grant.assignment.roles);
    role_list(relationship.roles.iter().chain(given).map(String::as_str))
        .into_iter()
        .map(|role| role_use(reach, relationship, &grants, role, most))
        .collect()
}

fn role_use<'a>(reach: &Reach<'a>, relationship: &'a Relationship, grants: &[Grant<'a>], role: Role<'a>, most: usize) -> RoleUse<'a> {
    let of_role = || grants.iter().filter(|grant| grant.assignment.roles.iter().any(|id| id == role.id));
    let all_read = reach.assignments_read(relationship);
    let ids = |in_force: bool| -> Vec<&'a str> {
        let ids = of_role().filter(|grant| !in_force || grant.in_force()).map(|grant| grant.assignment.group_id.as_str());
        ids.collect::<BTreeSet<_>>().into_iter().collect()
    };
    let (given, in_force) = (ids(false), ids(true));
    let members = || in_force.iter().filter_map(|group| reach.group(group)).flat_map(|group| &group.members);
    // One group of thousands stands in thousands of relationships: its people are counted once.
    let able = match in_force.as_slice() {
        [only] => reach.group(only).map_or(0, |group| group.able),
        _ => members().filter(|member| member.may_sign_in()).map(|member| member.id).collect::<BTreeSet<_>>().len() as u64,
    };
    let all_known = all_read && in_force.iter().all(|group| reach.group(group).is_some_and(|group| group.is_known()));
    let usable = match () {
        () if able > 0 => Usable::Yes,
        () if given.is_empty() && all_read => Usable::NoAssignment,
        () if in_force.is_empty() && !given.is_empty() && all_read => Usable::NotInForce,
        () if !all_known => Usable::Unknown,
        () if members().next().is_some() => Usable::OnlyDisabled,
        () => Usable::NoMember,
    };
    let seen = if in_force.is_empty() { Seen::Unknown } else { reach.last_visit_of(customer_of(relationship), &in_force) };
    RoleUse { role, usable, groups: Capped::new(given, most), people: able, seen }
}
