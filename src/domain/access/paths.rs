//! Effective access of a partner as paths: person, group, assignment, relationship, roles, customer.
//!
//! The paths of thousands of relationships are never multiplied out: they are counted, and the first of them are made.

use super::ask::Limits;
use super::members::Member;
use super::reach::{Grant, Reach};
use super::words::{Capped, Named, Role, Seen, role_list};
use crate::domain::Timestamp;

/// Who stands at the start of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder<'a> {
    /// Somebody in the group.
    Member(Member<'a>),
    /// Nobody: the group is empty.
    Nobody,
    /// Nobody: the directory does not have the group any more.
    GroupGone,
    /// Whoever is in the group: its members were not read.
    NotRead,
}

/// One path: the roles that somebody has in a customer through one assignment.
#[derive(Debug, Clone)]
pub struct Path<'a> {
    /// Who.
    pub holder: Holder<'a>,
    /// The group.
    pub group: Named<'a>,
    /// Groups inside the group through which the person is known to be in it.
    pub through: Vec<Named<'a>>,
    /// Groups inside the group whose members were not read: the person may be in through one of them. Empty where it is known.
    pub perhaps_through: Vec<Named<'a>>,
    /// Assignment and relationship.
    pub grant: Grant<'a>,
    /// The customer.
    pub customer: Named<'a>,
    /// The roles, the most powerful first.
    pub roles: Capped<Role<'a>>,
    /// When the person was last in the customer.
    pub seen: Seen,
    /// When the person last signed in to the partner's own tenant, where that is known.
    pub last_activity: Option<Timestamp>,
}

/// What paths are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filter<'a> {
    /// Only this person's.
    pub(super) person: Option<&'a str>,
    /// Only those to this customer.
    pub(super) customer: Option<&'a str>,
    /// Only those that give this role.
    pub(super) role: Option<&'a str>,
}

impl Filter<'_> {
    /// True if nothing is asked for in particular.
    pub(super) fn is_empty(&self) -> bool {
        self.person.is_none() && self.customer.is_none() && self.role.is_none()
    }

    /// True if an assignment gives a role that is asked for.
    pub(super) fn gives(&self, grant: &Grant<'_>) -> bool {
        let mut roles = grant.assignment.roles.iter();
        self.role.map_or(roles.len() > 0, |wanted| roles.any(|id| id == wanted))
    }

    /// True if an assignment gives what is asked for, whoever is in its group.
    pub(super) fn wants(&self, grant: &Grant<'_>) -> bool {
        self.customer.is_none_or(|customer| grant.customer == customer)
            && self.role.is_none_or(|role| grant.assignment.roles.iter().any(|id| id == role))
    }
}

/// Paths, with what they rest on.
#[derive(Debug, Clone)]
pub struct Paths<'a> {
    /// The first of them, by customer, relationship, assignment and person.
    pub list: Capped<Path<'a>>,
    /// How many of all have somebody at their start and are in force now.
    pub in_force: u64,
    /// How many of all have somebody at their start.
    pub with_holder: u64,
}

/// The paths of a filter, in the order of `customers`.
pub(super) fn paths<'a>(reach: &Reach<'a>, filter: Filter<'_>, customers: &[Named<'a>], limits: Limits) -> Paths<'a> {
    let mut found = Paths { list: Capped { shown: Vec::new(), total: 0 }, in_force: 0, with_holder: 0 };
    for customer in customers {
        for relationship in reach.by_customer.get(customer.id).into_iter().flatten() {
            for grant in reach.grants(relationship).filter(|grant| filter.wants(grant)) {
                add(reach, filter, grant, *customer, limits, &mut found);
            }
        }
    }
    found
}

fn add<'a>(reach: &Reach<'a>, filter: Filter<'_>, grant: Grant<'a>, customer: Named<'a>, limits: Limits, found: &mut Paths<'a>) {
    let Some(group) = reach.group(&grant.assignment.group_id) else { return };
    let wanted = |member: &&Member<'a>| filter.person.is_none_or(|person| member.id == person);
    let number = match filter.person {
        None => group.members.len(),
        Some(person) => usize::from(group.member(person).is_some()),
    } as u64;
    let nobody = match () {
        () if group.gone => Holder::GroupGone,
        () if !group.members_read => Holder::NotRead,
        () => Holder::Nobody,
    };
    let stands_alone = number == 0 && filter.person.is_none();
    found.with_holder += number;
    found.in_force += if grant.in_force() { number } else { 0 };
    found.list.total += number + u64::from(stands_alone);
    let room = limits.paths.saturating_sub(found.list.shown.len());
    if room == 0 {
        return;
    }
    let roles = role_list(grant.assignment.roles.iter().map(String::as_str).filter(|id| filter.role.is_none_or(|role| *id == role)));
    // A group of thousands that is given thousands of roles would take thousands of times as much.
    let roles = Capped::new(roles, limits.relationships);
    let path = |holder: Holder<'a>, through: &[&'a str], perhaps: &[&'a str], seen: Seen, last_activity: Option<Timestamp>| Path {
        holder,
        group: group.group,
        through: through.iter().map(|id| reach.group_name(id)).collect(),
        perhaps_through: perhaps.iter().map(|id| reach.group_name(id)).collect(),
        grant,
        customer,
        roles: roles.clone(),
        seen,
        last_activity,
    };
    if stands_alone {
        found.list.shown.push(path(nobody, &[], &[], Seen::Unknown, None));
    }
    for member in group.members.iter().filter(wanted).take(room) {
        let perhaps: &[&str] = if member.direct || !member.through.is_empty() { &[] } else { &group.unread_nested };
        let seen = reach.last_visit(grant.customer, member.id);
        found.list.shown.push(path(Holder::Member(member.clone()), &member.through, perhaps, seen, reach.last_activity(member.id)));
    }
}
