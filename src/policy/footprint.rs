//! What each relationship really gives: roles through groups to people, and when it was last used.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::facts::{Assignment, AssignmentStatus, PrincipalKind, Relationship, RelationshipStatus};
use crate::domain::report::{GroupRow, LastUsed, PersonRow, RelationshipRow, RoleRow};
use crate::domain::{Dataset, TenantSnapshot, roles};

use super::index::Index;

/// Users in a group: transitive members, and those who may become members through PIM for Groups.
pub(super) fn user_ids<'a>(index: &Index<'a>, group_id: &str) -> Vec<&'a str> {
    let members = index.members_of(group_id).unwrap_or_default().iter().filter(|member| member.is_user()).map(|member| member.id.as_str());
    let eligible = index.pim_members_of(group_id).filter(|id| index.principal(id).is_none_or(|principal| principal.is_user()));
    members.chain(eligible).collect()
}

/// One row for each relationship, by id.
pub(super) fn rows(tenant: &TenantSnapshot, index: &Index<'_>) -> Vec<RelationshipRow> {
    let mut shared = Shared::default();
    index.relationships.iter().map(|relationship| row(tenant, index, relationship, &mut shared)).collect()
}

/// What many relationships have in common: people of the same groups, owners of a group.
#[derive(Default)]
struct Shared<'a> {
    people: HashMap<Vec<&'a str>, Arc<Vec<PersonRow>>>,
    groups: HashMap<&'a str, (Option<u64>, Vec<String>)>,
    roles: HashMap<Vec<&'a str>, Arc<Vec<RoleRow>>>,
}

impl<'a> Shared<'a> {
    /// Roles, lowest tier first, unknown ones at the front: what is not known may be anything.
    fn roles(&mut self, ids: impl IntoIterator<Item = &'a str>) -> Arc<Vec<RoleRow>> {
        let ids: Vec<&str> = ids.into_iter().collect();
        if let Some(known) = self.roles.get(&ids) {
            return Arc::clone(known);
        }
        let row = |id: &&str| RoleRow { tier: roles::tier(id), name: roles::name(id).to_owned(), id: (*id).to_owned() };
        let mut rows: Vec<RoleRow> = ids.iter().map(row).collect();
        rows.sort();
        rows.dedup();
        let rows = Arc::new(rows);
        self.roles.insert(ids, Arc::clone(&rows));
        rows
    }
}

fn row<'a>(tenant: &TenantSnapshot, index: &Index<'a>, relationship: &'a Relationship, shared: &mut Shared<'a>) -> RelationshipRow {
    let assignments = index.assignments_of(&relationship.id);
    let is_active = relationship.status == RelationshipStatus::Active;
    let in_force = |assignment: &&&Assignment| is_active && assignment.status == AssignmentStatus::Active;
    let effective: BTreeSet<&str> =
        assignments.iter().filter(in_force).flat_map(|assignment| assignment.roles.iter().map(String::as_str)).collect();
    let mut group_ids: Vec<&str> = if relationship.status.is_live() {
        assignments.iter().filter(|assignment| assignment.is_current()).map(|assignment| assignment.group_id.as_str()).collect()
    } else {
        Vec::new()
    };
    group_ids.sort_unstable();
    group_ids.dedup();
    let fully_read = tenant.coverage.get(&Dataset::Assignments).is_some_and(|coverage| coverage.is_complete_for(&relationship.id))
        && [Dataset::Groups, Dataset::GroupMembers].iter().all(|dataset| {
            tenant.coverage.get(dataset).is_some_and(|coverage| group_ids.iter().all(|group| coverage.is_complete_for(group)))
        });
    let groups = assignments.iter().map(|assignment| group_row(tenant, index, assignment, shared)).collect();
    let people = shared.people.entry(group_ids.clone()).or_insert_with(|| Arc::new(people(index, &group_ids))).clone();
    RelationshipRow {
        id: relationship.id.clone(),
        display_name: relationship.display_name.clone(),
        status: relationship.status.clone(),
        customer: relationship.customer.as_ref().map(|customer| {
            let mut named = customer.clone();
            named.display_name = Some(index.party(&customer.tenant_id).name);
            named
        }),
        roles: shared.roles(relationship.roles.iter().map(String::as_str)),
        effective_roles: shared.roles(effective),
        groups,
        last_used: last_used(index, relationship, &people),
        people,
        duration: relationship.duration.clone(),
        auto_extends: relationship.auto_extends(),
        created: relationship.created_date_time,
        activated: relationship.activated_date_time,
        end: relationship.end_date_time,
        reseller: relationship.reseller.clone(),
        microsoft_led: relationship.is_microsoft_led(),
        fully_read: fully_read || relationship.status.is_offer(),
    }
}

fn group_row<'a>(tenant: &TenantSnapshot, index: &Index<'a>, assignment: &'a Assignment, shared: &mut Shared<'a>) -> GroupRow {
    let (people, owners) = shared.groups.entry(&assignment.group_id).or_insert_with(|| {
        let people = index.members_of(&assignment.group_id).map(|_| {
            let distinct: BTreeSet<&str> = user_ids(index, &assignment.group_id).into_iter().collect();
            distinct.len() as u64
        });
        let owners = tenant.partner.group_owners.get(&assignment.group_id).map_or(&[][..], Vec::as_slice);
        let mut owners: Vec<String> =
            owners.iter().map(|id| index.principal(id).map_or(id.as_str(), |owner| owner.label()).to_owned()).collect();
        owners.sort();
        (people, owners)
    });
    let (people, owners) = (*people, owners.clone());
    GroupRow {
        assignment_id: assignment.id.clone(),
        status: assignment.status.clone(),
        group_id: assignment.group_id.clone(),
        group_name: index.group_name(&assignment.group_id).to_owned(),
        gone: index.group(&assignment.group_id).is_some_and(|group| group.gone),
        roles: shared.roles(assignment.roles.iter().map(String::as_str)),
        people,
        owners,
    }
}

/// Everyone who can use one of the groups: users, and apps, which GDAP does not serve but DAP did.
fn people(index: &Index<'_>, group_ids: &[&str]) -> Vec<PersonRow> {
    let mut rows: BTreeMap<&str, PersonRow> = BTreeMap::new();
    for group in group_ids {
        let standing = index.members_of(group).unwrap_or_default().iter().map(|member| (member.id.as_str(), false));
        let eligible = index.pim_members_of(group).map(|id| (id, true));
        for (id, eligible_only) in standing.chain(eligible) {
            let principal = index.principal(id);
            let kind = principal.map_or(PrincipalKind::User, |principal| principal.kind.clone());
            if !matches!(kind, PrincipalKind::User | PrincipalKind::ServicePrincipal) {
                continue;
            }
            let row = rows.entry(id).or_insert_with(|| PersonRow {
                id: id.to_owned(),
                name: principal.map_or(id, |principal| principal.label()).to_owned(),
                kind,
                guest: principal.is_some_and(|principal| principal.is_guest()),
                eligible_only,
                enabled: principal.and_then(|principal| principal.account_enabled),
            });
            row.eligible_only &= eligible_only;
        }
    }
    rows.into_values().collect()
}

/// The last success into the customer by someone who can use the relationship.
fn last_used(index: &Index<'_>, relationship: &Relationship, people: &[PersonRow]) -> Option<LastUsed> {
    let customer = relationship.customer_id().filter(|_| relationship.status.is_live())?;
    index
        .last_sign_ins(customer)
        .filter_map(|last| {
            let position = people.binary_search_by(|person| person.id.as_str().cmp(last.user_id)).ok()?;
            Some(LastUsed { at: last.at, user_id: last.user_id.to_owned(), user_name: people[position].name.clone() })
        })
        .max()
}
