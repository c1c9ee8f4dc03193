//! The facts of one tenant, joined and sorted once for all rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::facts::{
    Assignment, Group, MfaRegistration, PartnerFacts, Principal, Relationship, RelationshipStatus, SignIn, UserActivity,
};
use crate::domain::{Party, Timestamp, joined, roles};

/// The last success of one person in one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LastSignIn<'a> {
    /// When.
    pub at: Timestamp,
    /// Who, by object id.
    pub user_id: &'a str,
}

/// Joined facts. Everything that can be iterated is in a settled order, whatever the order of the snapshot.
#[derive(Debug)]
pub struct Index<'a> {
    /// By id.
    pub relationships: Vec<&'a Relationship>,
    assignments: HashMap<&'a str, Vec<&'a Assignment>>,
    groups: BTreeMap<&'a str, &'a Group>,
    principals: HashMap<&'a str, &'a Principal>,
    members: HashMap<&'a str, Vec<&'a Principal>>,
    eligible: HashMap<&'a str, BTreeSet<&'a str>>,
    group_roles: BTreeMap<&'a str, BTreeSet<&'a str>>,
    mfa: HashMap<&'a str, &'a MfaRegistration>,
    activity: HashMap<&'a str, &'a UserActivity>,
    customer_names: BTreeMap<&'a str, &'a str>,
    sign_ins: BTreeMap<&'a str, BTreeMap<&'a str, Timestamp>>,
}

impl<'a> Index<'a> {
    /// Joins the facts. Linear in them but for sorting. Of facts with one id, which no collector writes, one is taken, and the same one
    /// in whatever order they stand.
    pub fn new(facts: &'a PartnerFacts) -> Self {
        let relationships = joined::relationships_by_id(&facts.relationships);
        let live: HashMap<&str, &Relationship> = relationships
            .iter()
            .filter(|relationship| relationship.status.is_live())
            .map(|relationship| (relationship.id.as_str(), *relationship))
            .collect();

        let mut assignments: HashMap<&str, Vec<&Assignment>> = HashMap::new();
        let mut group_roles: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut in_order: Vec<&Assignment> = facts.assignments.iter().collect();
        in_order.sort_unstable_by(|a, b| a.id.cmp(&b.id).then_with(|| with_sorted_roles(a).cmp(&with_sorted_roles(b))));
        for assignment in in_order {
            assignments.entry(&assignment.relationship_id).or_default().push(assignment);
            if assignment.is_current() && live.contains_key(assignment.relationship_id.as_str()) {
                group_roles.entry(&assignment.group_id).or_default().extend(assignment.roles.iter().map(String::as_str));
            }
        }

        let principals: HashMap<&str, &Principal> =
            sorted(&facts.principals).into_iter().map(|principal| (principal.id.as_str(), principal)).collect();
        let members = facts
            .group_members
            .iter()
            .map(|(group, ids)| {
                let mut list: Vec<&Principal> = ids.iter().filter_map(|id| principals.get(id.as_str()).copied()).collect();
                list.sort_unstable_by(|a, b| a.id.cmp(&b.id));
                list.dedup_by(|later, kept| later.id == kept.id);
                (group.as_str(), list)
            })
            .collect();
        let mut eligible: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for instance in &facts.group_pim {
            let is_member = instance.access_id.as_deref().is_none_or(|access| access.eq_ignore_ascii_case("member"));
            if is_member {
                eligible.entry(&instance.group_id).or_default().insert(&instance.principal_id);
            }
        }

        Index {
            assignments,
            groups: sorted(&facts.groups).into_iter().map(|group| (group.id.as_str(), group)).collect(),
            members,
            eligible,
            group_roles,
            mfa: sorted(&facts.mfa_registrations).into_iter().map(|row| (row.user_id.as_str(), row)).collect(),
            activity: sorted(&facts.user_activity).into_iter().map(|row| (row.user_id.as_str(), row)).collect(),
            customer_names: joined::customer_names(facts),
            sign_ins: last_successes(&facts.sign_ins.events),
            principals,
            relationships,
        }
    }

    /// Relationships in the live set.
    pub fn live(&self) -> impl Iterator<Item = &'a Relationship> + '_ {
        self.relationships.iter().copied().filter(|relationship| relationship.status.is_live())
    }

    /// Relationships whose status is `active`.
    pub fn active(&self) -> impl Iterator<Item = &'a Relationship> + '_ {
        self.relationships.iter().copied().filter(|relationship| relationship.status == RelationshipStatus::Active)
    }

    /// Live relationships by customer tenant id. Those without a customer are left out.
    pub fn live_by_customer(&self) -> BTreeMap<&'a str, Vec<&'a Relationship>> {
        let mut by_customer: BTreeMap<&str, Vec<&Relationship>> = BTreeMap::new();
        for relationship in self.live() {
            if let Some(customer) = relationship.customer_id() {
                by_customer.entry(customer).or_default().push(relationship);
            }
        }
        by_customer
    }

    /// Every assignment of a relationship, deleted ones too, by id.
    pub fn assignments_of(&self, relationship_id: &str) -> &[&'a Assignment] {
        self.assignments.get(relationship_id).map_or(&[], Vec::as_slice)
    }

    /// A group that carries access.
    pub fn group(&self, id: &str) -> Option<&'a Group> {
        self.groups.get(id).copied()
    }

    /// A group's name, or its id.
    pub fn group_name<'b>(&self, id: &'b str) -> &'b str
    where
        'a: 'b,
    {
        self.group(id).and_then(|group| group.display_name.as_deref()).filter(|name| !name.is_empty()).unwrap_or(id)
    }

    /// Groups that hold roles of live relationships through current assignments, with these roles' template ids.
    pub fn group_roles(&self) -> &BTreeMap<&'a str, BTreeSet<&'a str>> {
        &self.group_roles
    }

    /// The lowest tier that a group carries over all live relationships.
    pub fn group_tier(&self, group_id: &str) -> Option<u8> {
        self.group_roles.get(group_id).and_then(|ids| roles::worst_tier(ids.iter().copied()))
    }

    /// Transitive members of a group by id; `None` if they were not read.
    pub fn members_of(&self, group_id: &str) -> Option<&[&'a Principal]> {
        self.members.get(group_id).map(Vec::as_slice)
    }

    /// Ids of those who are eligible for or assigned to membership through PIM for Groups.
    pub fn pim_members_of(&self, group_id: &str) -> impl Iterator<Item = &'a str> + '_ {
        self.eligible.get(group_id).into_iter().flatten().copied()
    }

    /// Groups with access that a principal is a transitive member of, with their roles.
    pub fn groups_of_members(&self) -> BTreeMap<&'a str, Vec<&'a str>> {
        let mut by_member: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for group in self.group_roles.keys() {
            for member in self.members.get(group).into_iter().flatten() {
                by_member.entry(&member.id).or_default().push(group);
            }
        }
        by_member
    }

    /// A principal by id.
    pub fn principal(&self, id: &str) -> Option<&'a Principal> {
        self.principals.get(id).copied()
    }

    /// MFA registration of a user.
    pub fn mfa(&self, user_id: &str) -> Option<&'a MfaRegistration> {
        self.mfa.get(user_id).copied()
    }

    /// Last sign-in of a user to the partner's own tenant.
    pub fn activity(&self, user_id: &str) -> Option<&'a UserActivity> {
        self.activity.get(user_id).copied()
    }

    /// The best name of a customer: that of a relationship, of Graph's customer list, of a contract (a stale copy), or the id.
    pub fn party(&self, tenant_id: &str) -> Party {
        Party { tenant_id: tenant_id.to_owned(), name: self.customer_names.get(tenant_id).map_or(tenant_id, |name| *name).to_owned() }
    }

    /// The last successful sign-in of each person into a customer by delegated administration, by person.
    pub fn last_sign_ins(&self, customer: &str) -> impl Iterator<Item = LastSignIn<'a>> + '_ {
        self.sign_ins.get(customer).into_iter().flatten().map(|(user_id, at)| LastSignIn { at: *at, user_id })
    }
}

/// An assignment whose roles stand in an order of their own: for the rare two of one id.
fn with_sorted_roles(assignment: &Assignment) -> Assignment {
    let mut assignment = assignment.clone();
    assignment.roles.sort_unstable();
    assignment
}

/// Facts in a settled order, by id first.
fn sorted<T: Ord>(facts: &[T]) -> Vec<&T> {
    let mut sorted: Vec<&T> = facts.iter().collect();
    sorted.sort_unstable();
    sorted
}

fn last_successes(events: &[SignIn]) -> BTreeMap<&str, BTreeMap<&str, Timestamp>> {
    let mut last: BTreeMap<&str, BTreeMap<&str, Timestamp>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.error_code == 0 && may_be_delegated(event)) {
        let at = last.entry(&event.resource_tenant_id).or_default().entry(&event.user_id).or_insert(event.created_date_time);
        *at = (*at).max(event.created_date_time);
    }
    last
}

/// False where the event says that it was another kind of visit (a guest's, say). Without a type, or with one that is new, it may be.
pub(super) fn may_be_delegated(event: &SignIn) -> bool {
    event.may_be_delegated()
}
