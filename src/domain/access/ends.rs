//! What an end date takes away, given the other relationships: which roles of which groups and people vanish, and which remain.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::Limits;
use super::paths::Filter;
use super::reach::{Grant, Reach, UNKNOWN_CUSTOMER};
use super::words::{Capped, Named, Role, role_list};
use crate::domain::Timestamp;
use crate::domain::facts::{Relationship, RelationshipStatus};

/// The span in which something ends: after `from`, up to and with `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Its start, which is no part of it.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

impl Span {
    /// True if a time lies in it.
    pub fn holds(self, at: Timestamp) -> bool {
        self.from < at && at <= self.to
    }
}

/// What becomes of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Nobody has it any more.
    Stops,
    /// Some keep it through another relationship.
    Partly,
    /// Everybody keeps it through another relationship.
    Remains,
    /// Nobody can say: what would show it was not read.
    Unknown,
}

impl Fate {
    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Fate::Stops => "stops",
            Fate::Partly => "partly",
            Fate::Remains => "remains",
            Fate::Unknown => "unknown",
        }
    }
}

/// A group that loses a role in a relationship.
#[derive(Debug, Clone)]
pub struct GroupEnd<'a> {
    /// The group.
    pub group: Named<'a>,
    /// Relationships through which it keeps the role; empty: none.
    pub keeps_through: Capped<&'a Relationship>,
}

/// A role of relationships that end.
#[derive(Debug, Clone)]
pub struct RoleEnd<'a> {
    /// The role.
    pub role: Role<'a>,
    /// What becomes of it.
    pub fate: Fate,
    /// Groups that have it through what ends.
    pub groups: Capped<GroupEnd<'a>>,
    /// People who do not have it any more.
    pub lose: Capped<Named<'a>>,
    /// How many people keep it, through whatever group.
    pub keep: u64,
    /// Everybody in these groups is known.
    pub people_read: bool,
    /// Relationships that may leave it to somebody: they are on their way out, or their assignments are not active or were not read.
    pub perhaps_through: Capped<&'a Relationship>,
}

/// What ends in one customer.
#[derive(Debug, Clone)]
pub struct CustomerEnd<'a> {
    /// The customer.
    pub customer: Named<'a>,
    /// Relationships that end.
    pub ending: Capped<&'a Relationship>,
    /// Relationships whose end date lies in the span, and that renew themselves.
    pub renewing: Capped<&'a Relationship>,
    /// The roles that groups have through what ends, the most powerful first.
    pub roles: Vec<RoleEnd<'a>>,
    /// Roles that what ends grants, and that no group is given: their end changes nothing.
    pub unassigned: Vec<Role<'a>>,
}

/// What ends in a span, customer by customer; those in which nothing does are left out.
pub(super) fn ends<'a>(reach: &Reach<'a>, filter: Filter<'_>, customers: &[Named<'a>], span: Span, limits: Limits) -> Vec<CustomerEnd<'a>> {
    customers.iter().filter_map(|customer| of_customer(reach, filter, *customer, span, limits)).collect()
}

/// Relationships of one customer, told apart by what the span does to them.
struct Sides<'a> {
    ending: Vec<&'a Relationship>,
    renewing: Vec<&'a Relationship>,
    /// Those that are there afterwards for sure.
    staying: Vec<&'a Relationship>,
    /// Those of which nobody can say: on their way out, or not there yet.
    perhaps: Vec<&'a Relationship>,
}

fn sides<'a>(customer: &str, relationships: &[&'a Relationship], span: Span) -> Sides<'a> {
    let mut sides = Sides { ending: Vec::new(), renewing: Vec::new(), staying: Vec::new(), perhaps: Vec::new() };
    for relationship in relationships {
        let ends_by = |at: Timestamp| relationship.end_date_time.is_some_and(|end| end <= at);
        let renews = relationship.renews_itself();
        let in_span = relationship.end_date_time.is_some_and(|end| span.holds(end));
        let side = match () {
            () if in_span && !renews => &mut sides.ending,
            // Its end has come already; that it is still listed means no more than that it is being removed.
            () if ends_by(span.from) && !renews => &mut sides.perhaps,
            // Two that name no customer need not be of the same.
            () if customer == UNKNOWN_CUSTOMER => &mut sides.perhaps,
            () if relationship.status == RelationshipStatus::Active => &mut sides.staying,
            () => &mut sides.perhaps,
        };
        side.push(relationship);
        if in_span && renews {
            sides.renewing.push(relationship);
        }
    }
    sides
}

fn of_customer<'a>(reach: &Reach<'a>, filter: Filter<'_>, customer: Named<'a>, span: Span, limits: Limits) -> Option<CustomerEnd<'a>> {
    let sides = sides(customer.id, reach.by_customer.get(customer.id)?, span);
    if sides.ending.is_empty() && sides.renewing.is_empty() {
        return None;
    }
    let wants = |id: &str| filter.role.is_none_or(|role| role == id);
    let given: BTreeSet<&str> = grants(reach, &sides.ending)
        .filter(|grant| grant.assignment.holds_roles())
        .flat_map(|grant| roles_of(&grant))
        .filter(|id| wants(id))
        .collect();
    let ceiling = sides.ending.iter().flat_map(|relationship| &relationship.roles).map(String::as_str).filter(|id| wants(id));
    let (unread, unassigned): (Vec<&str>, Vec<&str>) = ceiling.filter(|id| !given.contains(id)).partition(|id| {
        let grants_it = |relationship: &&&Relationship| relationship.roles.iter().any(|role| role == id);
        sides.ending.iter().filter(grants_it).any(|relationship| !reach.assignments_read(relationship))
    });
    let roles = role_list(given.iter().copied().chain(unread)).into_iter();
    let roles: Vec<RoleEnd<'a>> = roles.filter_map(|role| of_role(reach, filter.person, &sides, role, limits)).collect();
    let concerns_nobody = filter.person.is_some() || filter.role.is_some();
    if roles.is_empty() && concerns_nobody {
        return None;
    }
    let capped = |list| Capped::new(list, limits.relationships);
    Some(CustomerEnd { customer, roles, unassigned: role_list(unassigned), ending: capped(sides.ending), renewing: capped(sides.renewing) })
}

fn grants<'a, 'r>(reach: &'r Reach<'a>, relationships: &'r [&'a Relationship]) -> impl Iterator<Item = Grant<'a>> + 'r {
    relationships.iter().flat_map(|relationship| reach.grants(relationship))
}

fn roles_of<'a>(grant: &Grant<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    grant.assignment.roles.iter().map(String::as_str)
}

/// What becomes of one role; `None`: it is none of the person's that is asked for.
fn of_role<'a>(reach: &Reach<'a>, person: Option<&str>, sides: &Sides<'a>, role: Role<'a>, limits: Limits) -> Option<RoleEnd<'a>> {
    let gives = |grant: &Grant<'a>| roles_of(grant).any(|id| id == role.id);
    let before: BTreeSet<&str> = grants(reach, &sides.ending)
        .filter(|grant| gives(grant) && grant.assignment.holds_roles())
        .map(|grant| grant.assignment.group_id.as_str())
        .collect();
    let mut after: BTreeMap<&str, Vec<&'a Relationship>> = BTreeMap::new();
    for grant in grants(reach, &sides.staying).filter(|grant| gives(grant) && grant.in_force()) {
        let through = after.entry(&grant.assignment.group_id).or_default();
        if through.last().is_none_or(|last| last.id != grant.relationship.id) {
            through.push(grant.relationship);
        }
    }
    let holders = |groups: &mut dyn Iterator<Item = &'a str>| -> BTreeMap<&'a str, Named<'a>> {
        let members = groups.filter_map(|id| reach.group(id)).flat_map(|group| &group.members);
        members.map(|member| (member.id, member.named())).filter(|(id, _)| person.is_none_or(|person| *id == person)).collect()
    };
    let had = holders(&mut before.iter().copied());
    let keeps = holders(&mut after.keys().copied());
    if person.is_some() && had.is_empty() {
        return None;
    }
    let mut lose: Vec<Named<'a>> = had.iter().filter(|(id, _)| !keeps.contains_key(*id)).map(|(_, named)| *named).collect();
    let keep = (had.len() - lose.len()) as u64;
    lose.sort_unstable();
    let all_known = sides.ending.iter().all(|relationship| reach.assignments_read(relationship))
        && before.iter().all(|id| reach.group(id).is_some_and(|group| group.members_read));
    let groups: Vec<GroupEnd<'a>> = before
        .iter()
        .map(|id| GroupEnd {
            group: reach.group_name(id),
            keeps_through: Capped::new(after.get(id).cloned().unwrap_or_default(), limits.relationships),
        })
        .collect();
    let is_kept = |group: &GroupEnd<'_>| group.keeps_through.total > 0;
    let every_group_keeps = groups.iter().all(is_kept);
    let perhaps_through = perhaps(reach, sides, role);
    let fate = match () {
        () if !before.is_empty() && every_group_keeps => Fate::Remains,
        () if before.is_empty() => Fate::Unknown,
        () if keep > 0 && lose.is_empty() && all_known => Fate::Remains,
        () if keep > 0 || groups.iter().any(is_kept) => Fate::Partly,
        () if perhaps_through.is_empty() => Fate::Stops,
        () => Fate::Unknown,
    };
    let (groups, perhaps_through) = (Capped::new(groups, limits.relationships), Capped::new(perhaps_through, limits.relationships));
    Some(RoleEnd { role, fate, groups, lose: Capped::new(lose, limits.people), keep, people_read: all_known, perhaps_through })
}

/// Relationships that may leave a role to somebody, by id.
fn perhaps<'a>(reach: &Reach<'a>, sides: &Sides<'a>, role: Role<'a>) -> Vec<&'a Relationship> {
    let may = |relationship: &&'a Relationship, is_sure: bool| {
        let given = reach.grants(relationship).any(|grant| roles_of(&grant).any(|id| id == role.id) && !(is_sure && grant.in_force()));
        let unread = !reach.assignments_read(relationship) && relationship.roles.iter().any(|id| id == role.id);
        given || unread
    };
    let mut list: Vec<&'a Relationship> = sides.staying.iter().copied().filter(|relationship| may(relationship, true)).collect();
    list.extend(sides.perhaps.iter().copied().filter(|relationship| may(relationship, false)));
    list.sort_by(|a, b| a.id.cmp(&b.id));
    list
}
