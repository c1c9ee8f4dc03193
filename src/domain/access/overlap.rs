//! What all relationships of a customer are together: roles that are more together than each alone, and roles that come twice.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::Limits;
use super::reach::Reach;
use super::words::{Capped, Named, Role};
use crate::domain::facts::{Relationship, RelationshipStatus};
use crate::domain::roles::sets::{self, ToxicPair};

/// A toxic pair over the union of a customer's relationships.
#[derive(Debug, Clone)]
pub struct Toxic<'a> {
    /// Which pair.
    pub pair: &'static ToxicPair,
    /// The two roles, each with the relationships that grant it.
    pub granted: [(Role<'static>, Capped<&'a Relationship>); 2],
    /// People who can use both.
    pub both: Capped<Named<'a>>,
    /// True if more people may hold both than are listed: not everything was read.
    pub may_be_more: bool,
}

/// A role that several active relationships grant.
#[derive(Debug, Clone)]
pub struct Overlap<'a> {
    /// The role.
    pub role: Role<'a>,
    /// Them, by id.
    pub relationships: Capped<&'a Relationship>,
}

/// The pairs that the live relationships of one customer grant together.
pub(super) fn toxic<'a>(reach: &Reach<'a>, relationships: &[&'a Relationship], limits: Limits) -> Vec<Toxic<'a>> {
    sets::TOXIC.iter().filter_map(|pair| toxic_pair(reach, relationships, pair, limits)).collect()
}

fn toxic_pair<'a>(reach: &Reach<'a>, relationships: &[&'a Relationship], pair: &'static ToxicPair, limits: Limits) -> Option<Toxic<'a>> {
    let granting = |role: &str| -> Vec<&'a Relationship> {
        let given =
            |relationship: &'a Relationship| reach.grants(relationship).any(|grant| grant.assignment.roles.iter().any(|id| id == role));
        relationships.iter().copied().filter(|relationship| relationship.roles.iter().any(|id| id == role) || given(relationship)).collect()
    };
    let granted = pair.roles.map(|id| (Role::of(id), Capped::new(granting(id), limits.relationships)));
    if granted.iter().any(|(_, relationships)| relationships.total == 0) {
        return None;
    }
    let [first, second] = pair.roles.map(|id| users_of(reach, relationships, id));
    let mut both: Vec<Named<'a>> = first.0.iter().filter(|(id, _)| second.0.contains_key(*id)).map(|(_, named)| *named).collect();
    both.sort_unstable();
    Some(Toxic { pair, granted, both: Capped::new(both, limits.people), may_be_more: !(first.1 && second.1) })
}

/// Those who can use a role in a customer, and whether all of them are known.
fn users_of<'a>(reach: &Reach<'a>, relationships: &[&'a Relationship], role: &str) -> (BTreeMap<&'a str, Named<'a>>, bool) {
    let mut users = BTreeMap::new();
    let mut all_known = relationships.iter().all(|relationship| reach.assignments_read(relationship));
    for grant in relationships.iter().flat_map(|relationship| reach.grants(relationship)) {
        if !grant.in_force() || !grant.assignment.roles.iter().any(|id| id == role) {
            continue;
        }
        let Some(group) = reach.group(&grant.assignment.group_id) else { continue };
        all_known &= group.is_known();
        users.extend(group.members.iter().filter(|member| member.may_sign_in()).map(|member| (member.id, member.named())));
    }
    (users, all_known)
}

/// Roles that several active relationships of one customer grant.
pub(super) fn overlaps<'a>(relationships: &[&'a Relationship], most: usize) -> Capped<Overlap<'a>> {
    let mut granting: BTreeMap<Role<'a>, Vec<&'a Relationship>> = BTreeMap::new();
    for relationship in relationships.iter().filter(|relationship| relationship.status == RelationshipStatus::Active) {
        for role in relationship.roles.iter().map(String::as_str).collect::<BTreeSet<_>>() {
            granting.entry(Role::of(role)).or_default().push(relationship);
        }
    }
    let several = granting.into_iter().filter(|(_, relationships)| relationships.len() > 1);
    let all = several.map(|(role, relationships)| Overlap { role, relationships: Capped::new(relationships, most) });
    Capped::new(all.collect(), most)
}
