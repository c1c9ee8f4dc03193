//! The facts of the partner view, joined: which group holds which roles where, who is in it, and who was in which customer.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::members::{Directory, GroupReach};
use super::words::{Named, Seen};
use crate::domain::facts::{Assignment, AssignmentStatus, Principal, Relationship, RelationshipStatus};
use crate::domain::joined::{customer_names, relationships_by_id};
use crate::domain::log_span::{LogSpan, shows_absence};
use crate::domain::{Dataset, TenantSnapshot, Timestamp};

/// The customer of a live relationship that names none.
pub const UNKNOWN_CUSTOMER: &str = "unknown";

/// A group's hold on roles of a relationship.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// The assignment.
    pub assignment: &'a Assignment,
    /// The relationship.
    pub relationship: &'a Relationship,
    /// The customer's tenant id.
    pub customer: &'a str,
}

impl Grant<'_> {
    /// Relationship and assignment are active. Otherwise access may exist: provisioning, broken, or on its way out.
    pub fn in_force(&self) -> bool {
        self.relationship.status == RelationshipStatus::Active && self.assignment.status == AssignmentStatus::Active
    }
}

/// Joined facts. Everything that can be iterated is in a settled order, whatever the order of the snapshot.
pub(super) struct Reach<'a> {
    pub(super) tenant: &'a TenantSnapshot,
    /// Live relationships by id.
    pub(super) relationships: Vec<&'a Relationship>,
    /// Live relationships by customer.
    pub(super) by_customer: BTreeMap<&'a str, Vec<&'a Relationship>>,
    /// Groups that carry access, by id.
    pub(super) groups: BTreeMap<&'a str, GroupReach<'a>>,
    directory: Directory<'a>,
    names: BTreeMap<&'a str, &'a str>,
    assignments: HashMap<&'a str, Vec<&'a Assignment>>,
    groups_of: HashMap<&'a str, BTreeSet<&'a str>>,
    visits: BTreeMap<&'a str, BTreeMap<&'a str, Timestamp>>,
    visited: BTreeMap<&'a str, Visited<'a>>,
    activity: HashMap<&'a str, Timestamp>,
    /// The span of the sign-in log; `None` if nobody can say.
    pub(super) log: Option<LogSpan>,
    log_is_whole: bool,
}

/// The customer of a relationship.
pub(super) fn customer_of(relationship: &Relationship) -> &str {
    relationship.customer_id().unwrap_or(UNKNOWN_CUSTOMER)
}

impl<'a> Reach<'a> {
    pub(super) fn new(tenant: &'a TenantSnapshot, lookback_days: u32, now: Timestamp) -> Self {
        let facts = &tenant.partner;
        let all = relationships_by_id(&facts.relationships);
        let relationships: Vec<&Relationship> = all.iter().copied().filter(|relationship| relationship.status.is_live()).collect();
        let live: HashSet<&str> = relationships.iter().map(|relationship| relationship.id.as_str()).collect();
        let mut by_customer: BTreeMap<&str, Vec<&Relationship>> = BTreeMap::new();
        for relationship in &relationships {
            by_customer.entry(customer_of(relationship)).or_default().push(relationship);
        }
        let mut assignments: HashMap<&str, Vec<&Assignment>> = HashMap::new();
        let mut carried: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut current: Vec<&Assignment> = facts.assignments.iter().filter(|assignment| assignment.is_current()).collect();
        current.sort_by(|a, b| a.id.cmp(&b.id).then_with(|| sorted_roles(a).cmp(&sorted_roles(b))).then_with(|| a.cmp(b)));
        for assignment in current.into_iter().filter(|assignment| live.contains(assignment.relationship_id.as_str())) {
            assignments.entry(&assignment.relationship_id).or_default().push(assignment);
            carried.entry(&assignment.group_id).or_default().extend(assignment.roles.iter().map(String::as_str));
        }
        let directory = Directory::new(tenant);
        let groups: BTreeMap<&str, GroupReach<'_>> = carried.iter().map(|(id, roles)| (*id, directory.group(id, roles))).collect();
        let mut groups_of: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for (id, group) in &groups {
            for member in &group.members {
                groups_of.entry(member.id).or_default().insert(id);
            }
        }
        let mut visits: BTreeMap<&str, BTreeMap<&str, Timestamp>> = BTreeMap::new();
        for event in facts.sign_ins.events.iter().filter(|event| event.error_code == 0 && event.may_be_delegated()) {
            let at = event.created_date_time;
            let last = visits.entry(&event.resource_tenant_id).or_default().entry(&event.user_id).or_insert(at);
            *last = at.max(*last);
        }
        let mut activity: HashMap<&str, Timestamp> = HashMap::new();
        for row in &facts.user_activity {
            let Some(at) = row.last_successful_sign_in_date_time.or(row.last_sign_in_date_time) else { continue };
            let last = activity.entry(&row.user_id).or_insert(at);
            *last = at.max(*last);
        }
        let mut reach = Reach {
            tenant,
            by_customer,
            groups,
            directory,
            names: customer_names(facts),
            assignments,
            groups_of,
            visits,
            visited: BTreeMap::new(),
            activity,
            log: LogSpan::of(tenant, Dataset::SignIns, lookback_days, now),
            log_is_whole: shows_absence(tenant, Dataset::SignIns),
            relationships,
        };
        reach.note_visits();
        reach
    }

    /// What groups hold through a relationship, by assignment.
    pub(super) fn grants(&self, relationship: &'a Relationship) -> impl Iterator<Item = Grant<'a>> + '_ {
        let customer = customer_of(relationship);
        let assignments = self.assignments.get(relationship.id.as_str()).into_iter().flatten();
        assignments.map(move |assignment| Grant { assignment, relationship, customer })
    }

    /// True if every assignment of a relationship is known.
    pub(super) fn assignments_read(&self, relationship: &Relationship) -> bool {
        self.tenant.coverage.get(&Dataset::Assignments).is_some_and(|coverage| coverage.is_complete_for(&relationship.id))
    }

    /// A group that carries access.
    pub(super) fn group(&self, id: &str) -> Option<&GroupReach<'a>> {
        self.groups.get(id)
    }

    /// The best name of any group.
    pub(super) fn group_name(&self, id: &'a str) -> Named<'a> {
        self.directory.group_name(id)
    }

    /// Somebody by the best name there is.
    pub(super) fn person(&self, id: &'a str) -> Named<'a> {
        Named { id, name: self.directory.principal(id).map_or(id, Principal::label) }
    }

    /// When somebody last signed in to the partner's own tenant, where Microsoft says so.
    pub(super) fn last_activity(&self, person: &str) -> Option<Timestamp> {
        self.activity.get(person).copied()
    }

    /// The customer with its best name.
    pub(super) fn customer(&self, id: &'a str) -> Named<'a> {
        Named { id, name: self.names.get(id).copied().unwrap_or(id) }
    }

    /// Every customer that the snapshot names.
    pub(super) fn known_customers(&self) -> impl Iterator<Item = Named<'a>> + '_ {
        let facts = &self.tenant.partner;
        let of_relationships = facts.relationships.iter().filter_map(|relationship| relationship.customer_id());
        let ids: BTreeSet<&str> = of_relationships
            .chain(self.by_customer.keys().copied())
            .chain(facts.customers.iter().map(|customer| customer.tenant_id.as_str()))
            .chain(facts.contracts.iter().map(|contract| contract.customer_id.as_str()))
            .collect();
        ids.into_iter().map(|id| self.customer(id))
    }

    /// When one person was last in a customer.
    pub(super) fn last_visit(&self, customer: &str, person: &str) -> Seen {
        match self.visits.get(customer).and_then(|people| people.get(person)) {
            Some(at) => Seen::At(*at),
            None if self.log_is_whole && self.log.is_some() => Seen::Never,
            None => Seen::Unknown,
        }
    }

    /// When one of the people of some groups was last in a customer. Never, only where the log was read to its end and nobody came whose
    /// path to the customer is not known: such a visit may have been of one of these.
    pub(super) fn last_visit_of(&self, customer: &str, groups: &[&str]) -> Seen {
        let visited = self.visited.get(customer);
        let last = visited.and_then(|visited| groups.iter().filter_map(|group| visited.of_groups.get(group)).max());
        if let Some(at) = last {
            return Seen::At(*at);
        }
        let all_known = groups.iter().all(|group| self.group(group).is_some_and(GroupReach::is_known));
        let is_explained = visited.is_none_or(|visited| all_known && !visited.by_strangers);
        if is_explained && self.log_is_whole && self.log.is_some() { Seen::Never } else { Seen::Unknown }
    }

    /// Notes which groups' people were in which customer.
    fn note_visits(&mut self) {
        let mut noted = BTreeMap::new();
        for (customer, people) in &self.visits {
            let relationships = self.by_customer.get(customer).into_iter().flatten();
            let grants = relationships.flat_map(|relationship| self.grants(relationship));
            let groups: BTreeSet<&str> = grants.map(|grant| grant.assignment.group_id.as_str()).collect();
            let mut visited = Visited { of_groups: HashMap::new(), by_strangers: false };
            for (person, at) in people {
                let own = self.groups_of.get(person).into_iter().flatten().filter(|group| groups.contains(*group));
                let mut has_path = false;
                for group in own {
                    has_path = true;
                    let last = visited.of_groups.entry(group).or_insert(*at);
                    *last = (*at).max(*last);
                }
                visited.by_strangers |= !has_path;
            }
            noted.insert(*customer, visited);
        }
        self.visited = noted;
    }
}

/// Who was in a customer.
struct Visited<'a> {
    /// When somebody of a group was last there.
    of_groups: HashMap<&'a str, Timestamp>,
    /// Somebody was there who is in no group that leads there.
    by_strangers: bool,
}

/// The roles of an assignment in an order of their own.
fn sorted_roles(assignment: &Assignment) -> Vec<&str> {
    let mut roles: Vec<&str> = assignment.roles.iter().map(String::as_str).collect();
    roles.sort_unstable();
    roles
}
