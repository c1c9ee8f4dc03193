//! The partner view as a picture: relationships, the groups that carry access, people, reseller partnerships.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::field::Field;
use super::person::{account, bounded, factors, person, registrations};
use super::picture::{Kind, Lifecycle, Picture, State, yes};
use crate::domain::facts::{
    Assignment, AssignmentStatus, Group, PartnerFacts, PimInstance, PimKind, Principal, PrincipalKind, Relationship, RelationshipStatus,
};
use crate::domain::joined::customer_names;
use crate::domain::{Party, Text, roles};

/// Adds everything.
pub(super) fn add(picture: &mut Picture, facts: &PartnerFacts) {
    let names = Names::of(facts);
    let mut live: BTreeSet<&str> = BTreeSet::new();
    // Of two with one id, which no collector writes, the live one: it is the one that gives access.
    let mut relationships: Vec<&Relationship> = facts.relationships.iter().collect();
    relationships.sort_unstable_by(|a, b| (!a.status.is_live(), a).cmp(&(!b.status.is_live(), b)));
    for relationship in relationships.into_iter().rev() {
        live.extend(relationship.status.is_live().then_some(relationship.id.as_str()));
        picture.subjects.insert((Kind::Relationship, relationship.id.clone()), of_relationship(relationship, &names));
    }
    let mut group_roles: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for assignment in facts.assignments.iter().filter(|assignment| assignment.is_current()) {
        let state = picture.subjects.get_mut(&(Kind::Relationship, assignment.relationship_id.clone()));
        if let Some(state) = state {
            if assignment.holds_roles() {
                hold(state, assignment, &names);
            }
            stand(state, assignment, &names);
        }
        if live.contains(assignment.relationship_id.as_str()) {
            group_roles.entry(&assignment.group_id).or_default().extend(assignment.roles.iter().map(String::as_str));
        }
    }
    let mut people = BTreeSet::new();
    for (id, held) in &group_roles {
        let state = of_group(id, roles::worst_tier(held.iter().copied()), facts, &names, &mut people);
        picture.subjects.insert((Kind::Group, (*id).to_owned()), state);
    }
    let registered = registrations(facts);
    for id in people {
        let mut state = person(names.person(id));
        names.principals.get(id).into_iter().for_each(|principal| account(&mut state, principal));
        registered.get(id).into_iter().for_each(|row| factors(&mut state, row));
        picture.subjects.insert((Kind::Person, id.to_owned()), state);
    }
    for customer in &facts.customers {
        let party = names.party(&customer.tenant_id);
        let mut state = State::new(party.name.clone(), Some(party));
        state.switch(Field::Listed, true);
        picture.subjects.insert((Kind::Customer, customer.tenant_id.clone()), state);
    }
    super::own::organization(picture, facts.organization.as_ref(), facts.licenses.as_ref(), None);
    for contract in &facts.contracts {
        let key = (Kind::Contract, contract.customer_id.clone());
        let party = names.party(&contract.customer_id);
        let state = picture.subjects.entry(key).or_insert_with(|| State::new(party.name.clone(), Some(party)));
        let kind = contract.contract_type.clone().unwrap_or_default();
        state.member(Field::ContractType, kind.clone(), kind, None);
    }
}

/// Sums in place of rows: what a report tells of people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Names of everyone who can use delegated access, by id.
    pub people: BTreeMap<String, String>,
    /// How many users are in a group, by its id.
    pub in_group: BTreeMap<String, u64>,
}

/// Adds what a report tells of people.
pub(super) fn add_sums(picture: &mut Picture, sums: &Sums) {
    for (id, name) in &sums.people {
        picture.subjects.insert((Kind::Person, id.clone()), person(name));
    }
    for (group, count) in &sums.in_group {
        if let Some(state) = picture.subjects.get_mut(&(Kind::Group, group.clone())) {
            state.only(Field::People, count.to_string(), i64::try_from(*count).unwrap_or(i64::MAX));
        }
    }
}

fn of_relationship(relationship: &Relationship, names: &Names<'_>) -> State {
    let party = relationship.customer_id().map(|id| names.party(id));
    let mut state = State::new(relationship.display_name.clone(), party);
    if let Some(party) = &state.party {
        // Whose it is, by id: a name is no fact.
        let id = Text::Owned(party.tenant_id.clone());
        state.only(Field::Customer, id, 0);
    }
    state.only(Field::Status, relationship.status.as_str().to_owned(), reach(&relationship.status));
    relationship.roles.iter().for_each(|role| state.role(Field::Role, role));
    if let Some(duration) = &relationship.duration {
        // Two spellings of one length are one length.
        let days = duration.days();
        let shown = days.map_or_else(|| duration.0.clone(), |days| format!("P{days}D"));
        state.only(Field::Duration, shown, days.unwrap_or(i64::MAX));
    }
    state.switch(Field::AutoExtend, relationship.auto_extends());
    state.lifecycle =
        Some(Lifecycle { status: relationship.status.clone(), created: relationship.created_date_time, end: relationship.end_date_time });
    state
}

/// How far a status reaches: nothing, an open offer, access.
pub(super) fn reach(status: &RelationshipStatus) -> i64 {
    match status {
        status if status.is_live() => 2,
        status if status.is_offer() => 1,
        _ => 0,
    }
}

/// What a group holds, however many assignments say so.
fn hold(state: &mut State, assignment: &Assignment, names: &Names<'_>) {
    let group = names.group(&assignment.group_id);
    state.member(Field::Group, assignment.group_id.clone(), group.to_owned(), None);
    for role in &assignment.roles {
        let shown = format!("{} to {group}", roles::name(role));
        state.member(Field::GroupRole, format!("{}/{role}", assignment.group_id), shown, roles::tier(role));
    }
}

/// How an assignment stands that is not in force.
fn stand(state: &mut State, assignment: &Assignment, names: &Names<'_>) {
    if assignment.status != AssignmentStatus::Active {
        let (group, status) = (&assignment.group_id, assignment.status.as_str());
        state.member(Field::AssignmentStatus, format!("{group}/{status}"), format!("{} {status}", names.group(group)), None);
    }
}

/// What a group is. What the directory did not say is no fact, but for what it says only of groups that are it.
fn kind_of(state: &mut State, group: &Group) {
    state.flag(Field::Gone, group.gone, false);
    if group.gone {
        return;
    }
    state.flag(Field::ManagementRestricted, group.is_management_restricted == Some(true), false);
    let is_dynamic = group.group_types.iter().any(|kind| kind.eq_ignore_ascii_case("DynamicMembership"));
    state.only(Field::Dynamic, if is_dynamic { "DynamicMembership" } else { "none" }, i64::from(is_dynamic));
    state.only(Field::MembershipRule, group.membership_rule.clone().unwrap_or_else(|| "none".to_owned()), 0);
    state.flag(Field::Synced, group.on_premises_sync_enabled == Some(true), true);
}

fn of_group<'a>(id: &str, tier: Option<u8>, facts: &'a PartnerFacts, names: &Names<'a>, people: &mut BTreeSet<&'a str>) -> State {
    let mut state = State::new(names.group(id), None);
    if let Some(assignable) = names.groups.get(id).and_then(|group| group.is_assignable_to_role) {
        // A group that anyone with an eye on groups can change reaches farther.
        state.only(Field::RoleAssignable, if assignable { "true" } else { "false" }, i64::from(!assignable));
    }
    names.groups.get(id).into_iter().for_each(|group| kind_of(&mut state, group));
    let for_a_while = bounded(names.pim.get(id).map_or(&[], Vec::as_slice));
    let may_use = |id: &&String| !names.is_of(id, &[PrincipalKind::Group, PrincipalKind::Device, PrincipalKind::Contact]);
    let is_user = |id: &str| names.is_of(id, &[PrincipalKind::User]);
    let mut users: BTreeSet<&str> = BTreeSet::new();
    for member in facts.group_members.get(id).into_iter().flatten().filter(may_use) {
        state.member(Field::Member, member.clone(), names.person(member).to_owned(), tier);
        let is_standing = !for_a_while.contains(member.as_str());
        state.only_of(Field::Standing, (member, names.person(member)), yes(is_standing), i64::from(is_standing));
        users.extend(is_user(member).then_some(member.as_str()));
        people.extend(names.principals.contains_key(member.as_str()).then_some(member.as_str()));
    }
    for owner in facts.group_owners.get(id).into_iter().flatten() {
        state.member(Field::Owner, owner.clone(), names.person(owner).to_owned(), tier);
    }
    for instance in names.pim.get(id).into_iter().flatten() {
        // Standing and activated members are listed here as well: they are members already.
        if !matches!(instance.kind, PimKind::Assigned | PimKind::Activated) {
            state.member(Field::Eligible, instance.principal_id.clone(), names.person(&instance.principal_id).to_owned(), tier);
        }
        let is_known = names.principals.contains_key(instance.principal_id.as_str());
        users.extend((!is_known || is_user(&instance.principal_id)).then_some(instance.principal_id.as_str()));
        people.extend(may_use(&&instance.principal_id).then_some(instance.principal_id.as_str()));
    }
    if facts.group_members.contains_key(id) {
        state.only(Field::People, users.len().to_string(), i64::try_from(users.len()).unwrap_or(i64::MAX));
    }
    state
}

/// Everything by its id.
struct Names<'a> {
    groups: HashMap<&'a str, &'a Group>,
    principals: HashMap<&'a str, &'a Principal>,
    pim: HashMap<&'a str, Vec<&'a PimInstance>>,
    customers: BTreeMap<&'a str, &'a str>,
}

impl<'a> Names<'a> {
    fn of(facts: &'a PartnerFacts) -> Self {
        let mut pim: HashMap<&str, Vec<&PimInstance>> = HashMap::new();
        let is_member = |instance: &&PimInstance| instance.access_id.as_deref().is_none_or(|access| access.eq_ignore_ascii_case("member"));
        for instance in facts.group_pim.iter().filter(is_member) {
            pim.entry(&instance.group_id).or_default().push(instance);
        }
        Names {
            groups: in_order(&facts.groups).into_iter().map(|group| (group.id.as_str(), group)).collect(),
            principals: in_order(&facts.principals).into_iter().map(|principal| (principal.id.as_str(), principal)).collect(),
            pim,
            customers: customer_names(facts),
        }
    }

    fn group<'b>(&self, id: &'b str) -> &'b str
    where
        'a: 'b,
    {
        let name = self.groups.get(id).and_then(|group| group.display_name.as_deref());
        name.filter(|name| !name.trim().is_empty()).unwrap_or(id)
    }

    fn person<'b>(&self, id: &'b str) -> &'b str
    where
        'a: 'b,
    {
        self.principals.get(id).map_or(id, |principal| principal.label())
    }

    fn is_of(&self, id: &str, kinds: &[PrincipalKind]) -> bool {
        self.principals.get(id).is_some_and(|principal| kinds.contains(&principal.kind))
    }

    fn party(&self, id: &str) -> Party {
        Party { tenant_id: id.to_owned(), name: self.customers.get(id).copied().unwrap_or(id).to_owned() }
    }
}

fn in_order<T: Ord>(facts: &[T]) -> Vec<&T> {
    let mut sorted: Vec<&T> = facts.iter().collect();
    sorted.sort_unstable();
    sorted
}
