//! The answer in the partner view: customer by customer, and as paths.

use std::collections::BTreeSet;

use super::ask::{Candidate, Candidates, Limits, Meant, What};
use super::cover::{Cover, Fit};
use super::ends::{CustomerEnd, Span, ends};
use super::members::GroupReach;
use super::overlap::{Overlap, Toxic, overlaps, toxic};
use super::paths::{Filter, Paths, paths};
use super::reach::{Reach, UNKNOWN_CUSTOMER};
use super::unused::{RoleUse, Usable, roles_of};
use super::words::{Capped, Named, Role, Seen, Verdict, role_list};
use crate::domain::facts::{Principal, Relationship};
use crate::domain::log_span::LogSpan;
use crate::domain::{Dataset, Status, roles};

/// A relationship with what becomes of its roles.
#[derive(Debug, Clone)]
pub struct RelationshipAccess<'a> {
    /// The relationship.
    pub relationship: &'a Relationship,
    /// Its roles, the most powerful first.
    pub roles: Capped<RoleUse<'a>>,
    /// Its assignments are all known.
    pub assignments_read: bool,
    /// How its roles fit the tasks that were asked for.
    pub fit: Option<Fit<'a>>,
}

/// A customer with everything that the partner can do there.
#[derive(Debug, Clone)]
pub struct CustomerAccess<'a> {
    /// The customer.
    pub customer: Named<'a>,
    /// Its live relationships, by id; where there are too many, those with the most powerful roles.
    pub relationships: Capped<RelationshipAccess<'a>>,
    /// What the roles of all of them come to.
    pub sums: RoleSums,
    /// The most powerful role that somebody can use, in any of them.
    pub strongest: Option<Role<'a>>,
    /// Groups that are given a role in any of them.
    granted: BTreeSet<&'a str>,
    /// Groups with access.
    pub groups: u64,
    /// People who can use a role there now.
    pub people: u64,
    /// True if there may be more people: not everything was read.
    pub may_be_more: bool,
    /// When one of its people was last there.
    pub seen: Seen,
    /// People who can use a role there and were not seen there, by name; empty where the log cannot show it.
    pub idle: Capped<Named<'a>>,
    /// Toxic pairs over all of its relationships.
    pub toxic: Vec<Toxic<'a>>,
    /// Roles that several active relationships grant.
    pub overlaps: Capped<Overlap<'a>>,
}

impl<'a> CustomerAccess<'a> {
    /// Every role that is listed of every relationship that is.
    pub fn roles(&self) -> impl Iterator<Item = &RoleUse<'a>> {
        self.relationships.shown.iter().flat_map(|relationship| &relationship.roles.shown)
    }

    /// Where it stands among others: what is worst first.
    fn rank(&self) -> (u8, Named<'a>) {
        (self.strongest.map_or(u8::MAX, |role| role.rank()), self.customer)
    }
}

/// What roles of relationships come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoleSums {
    /// Roles, each counted in each relationship.
    pub roles: u64,
    /// Those that nobody can use.
    pub by_nobody: u64,
    /// Those whose people were not seen in the customer.
    pub unseen: u64,
    /// Those of which nobody can say whether somebody can use them.
    pub unknown: u64,
}

impl RoleSums {
    fn of<'r, 'a: 'r>(roles: impl Iterator<Item = &'r RoleUse<'a>>) -> Self {
        roles.fold(RoleSums::default(), |sums, role| RoleSums {
            roles: sums.roles + 1,
            by_nobody: sums.by_nobody + u64::from(role.usable.is_by_nobody()),
            unseen: sums.unseen + u64::from(role.is_unseen()),
            unknown: sums.unknown + u64::from(role.usable == Usable::Unknown),
        })
    }

    fn plus(self, other: RoleSums) -> Self {
        RoleSums {
            roles: self.roles + other.roles,
            by_nobody: self.by_nobody + other.by_nobody,
            unseen: self.unseen + other.unseen,
            unknown: self.unknown + other.unknown,
        }
    }
}

/// What all customers come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Live relationships.
    pub relationships: u64,
    /// Groups with access.
    pub groups: u64,
    /// Everybody in them.
    pub people: u64,
    /// Their roles.
    pub roles: RoleSums,
}

/// The answer in the partner view.
#[derive(Debug, Clone)]
pub struct PartnerAnswer<'a> {
    /// What the customers that are asked for come to, those that are not listed too.
    pub totals: Totals,
    /// Customers, the most powerful access first.
    pub customers: Capped<CustomerAccess<'a>>,
    /// The paths; `None` without a question.
    pub paths: Option<Paths<'a>>,
    /// What ends in each span.
    pub ends: Vec<(Span, Capped<CustomerEnd<'a>>)>,
    /// The span of the sign-in log; `None` if nobody can say.
    pub log: Option<LogSpan>,
    /// Groups with weak roles alone: no collector asks who may become a member of these.
    pub groups_without_pim: u64,
}

/// A user, a customer and a role in the words of one tenant.
pub(super) struct Asked<'q> {
    pub(super) user: Meant<'q>,
    pub(super) customer: Meant<'q>,
    pub(super) role: Meant<'q>,
}

/// What cannot match, where the word of a question means nothing here.
const NOTHING: &str = "\u{0}";

impl<'q> Asked<'q> {
    fn filter(&self) -> Filter<'q> {
        let id = |meant: Meant<'q>| match meant {
            Meant::Any => None,
            Meant::One(named) => Some(named.id),
            Meant::Nothing => Some(NOTHING),
        };
        Filter { person: id(self.user), customer: id(self.customer), role: id(self.role) }
    }
}

/// People and applications that the snapshot names.
pub(super) fn users<'a>(reach: &Reach<'a>) -> Candidates<'a> {
    let of_principal = |principal: &'a Principal| {
        let name = principal.display_name.as_deref();
        Candidate::new(&principal.id, &[principal.user_principal_name.as_deref()], &[name])
    };
    let nameless = reach.groups.values().flat_map(|group| &group.members).map(|member| Candidate::new(member.id, &[], &[]));
    let all: Vec<Candidate<'a>> = reach.tenant.partner.principals.iter().map(of_principal).chain(nameless).collect();
    Candidates::new(What::User, all)
}

/// Customers that the snapshot names.
pub(super) fn customers<'a>(reach: &Reach<'a>) -> Candidates<'a> {
    let contracts = reach.tenant.partner.contracts.iter();
    let of_contract = contracts.map(|contract| {
        Candidate::new(&contract.customer_id, &[contract.default_domain_name.as_deref()], &[contract.display_name.as_deref()])
    });
    let known: Vec<Named<'a>> = reach.known_customers().collect();
    let named = known.into_iter().map(|customer| Candidate::new(customer.id, &[], &[Some(customer.name)]));
    Candidates::new(What::Customer, named.chain(of_contract))
}

/// Roles of the catalog, and whatever else stands in the snapshot.
pub(super) fn role_candidates<'a>(reach: &Reach<'a>) -> Candidates<'a> {
    let of_catalog = roles::all().iter().map(|role| Candidate::new(role.id, &[], &[Some(role.name)]));
    let facts = &reach.tenant.partner;
    let granted = facts.relationships.iter().flat_map(|relationship| &relationship.roles);
    let given = facts.assignments.iter().flat_map(|assignment| &assignment.roles);
    Candidates::new(What::Role, of_catalog.chain(granted.chain(given).map(|id| Candidate::new(id, &[], &[]))))
}

/// Answers a question.
pub(super) fn answer<'a>(reach: &Reach<'a>, asked: &Asked<'_>, spans: &[Span], cover: Option<&Cover>, limits: Limits) -> PartnerAnswer<'a> {
    let filter = asked.filter();
    let mut list: Vec<CustomerAccess<'a>> =
        reach.by_customer.keys().filter_map(|customer| customer_access(reach, filter, cover, reach.customer(customer), limits)).collect();
    list.sort_by_key(CustomerAccess::rank);
    let names: Vec<Named<'a>> = list.iter().map(|access| access.customer).collect();
    let every: Vec<Named<'a>> = reach.by_customer.keys().map(|customer| reach.customer(customer)).collect();
    let wanted_customers = every.into_iter().filter(|customer| filter.customer.is_none_or(|wanted| wanted == customer.id));
    let ending: Vec<Named<'a>> = {
        let mut sorted: Vec<Named<'a>> = wanted_customers.collect();
        sorted.sort();
        sorted
    };
    PartnerAnswer {
        totals: totals(reach, filter, &list),
        paths: (!filter.is_empty()).then(|| paths(reach, filter, &names, limits)),
        ends: spans.iter().map(|span| (*span, Capped::new(ends(reach, filter, &ending, *span, limits), limits.parties))).collect(),
        log: reach.log,
        groups_without_pim: weak_groups(reach),
        customers: Capped::new(list, limits.parties),
    }
}

fn totals(reach: &Reach<'_>, filter: Filter<'_>, list: &[CustomerAccess<'_>]) -> Totals {
    let mut totals = Totals::default();
    let mut groups: BTreeSet<&str> = BTreeSet::new();
    for access in list {
        totals.relationships += access.relationships.total;
        totals.roles = totals.roles.plus(access.sums);
        groups.extend(&access.granted);
    }
    let members = groups.iter().filter_map(|id| reach.group(id)).flat_map(|group| &group.members).map(|member| member.id);
    totals.people = members.filter(|id| filter.person.is_none_or(|person| person == *id)).collect::<BTreeSet<_>>().len() as u64;
    totals.groups = groups.len() as u64;
    totals
}

/// What a filter leaves of a customer; `None`: nothing.
fn customer_access<'a>(
    reach: &Reach<'a>,
    filter: Filter<'_>,
    cover: Option<&Cover>,
    customer: Named<'a>,
    limits: Limits,
) -> Option<CustomerAccess<'a>> {
    if filter.customer.is_some_and(|wanted| wanted != customer.id) {
        return None;
    }
    let all = reach.by_customer.get(customer.id)?;
    let is_wanted = |relationship: &&&'a Relationship| {
        let by_role = filter.role.is_none_or(|role| relationship.roles.iter().any(|id| id == role));
        let mut of_grants = reach.grants(relationship).filter(|grant| filter.wants(grant));
        match filter.person {
            None => by_role || of_grants.next().is_some(),
            Some(person) => {
                of_grants.any(|grant| reach.group(&grant.assignment.group_id).is_some_and(|group| group.member(person).is_some()))
            }
        }
    };
    let wanted: Vec<&'a Relationship> = all.iter().filter(is_wanted).copied().collect();
    if wanted.is_empty() {
        return None;
    }
    let relationships: Vec<RelationshipAccess<'a>> =
        wanted.iter().map(|relationship| relationship_access(reach, filter, cover, relationship, limits)).collect();
    let roles = || relationships.iter().flat_map(|access| &access.roles.shown);
    let usable = roles().filter(|role| role.usable == Usable::Yes);
    let (sums, strongest) = (RoleSums::of(roles()), usable.map(|role| role.role).min());
    let grants = wanted.iter().flat_map(|relationship| reach.grants(relationship)).filter(|grant| filter.gives(grant));
    let granted = grants.map(|grant| grant.assignment.group_id.as_str()).collect();
    // Relationships that name no customer need not be of the same: nothing is said of them together.
    let together: &[&Relationship] = if customer.id == UNKNOWN_CUSTOMER { &[] } else { all };
    let (groups, people, known) = everybody(reach, filter, &wanted);
    let is_idle = |id: &&&str| reach.last_visit(customer.id, id) == Seen::Never;
    let mut idle: Vec<Named<'a>> = people.iter().filter(is_idle).map(|id| reach.person(id)).collect();
    idle.sort_unstable();
    Some(CustomerAccess {
        customer,
        relationships: most_powerful(relationships, limits.relationships),
        sums,
        strongest,
        granted,
        people: people.len() as u64,
        may_be_more: !known,
        seen: reach.last_visit_of(customer.id, &groups),
        groups: groups.len() as u64,
        idle: Capped::new(idle, limits.people),
        toxic: toxic(reach, together, limits),
        overlaps: overlaps(together, limits.relationships),
    })
}

/// As much of the relationships as is listed: those with the most powerful roles, of equal ones those whose roles somebody can use, in the order in which they stand; and of
/// each its most powerful roles.
fn most_powerful<'a>(mut relationships: Vec<RelationshipAccess<'a>>, most: usize) -> Capped<RelationshipAccess<'a>> {
    let total = relationships.len() as u64;
    if relationships.len() > most {
        let by_id = |access: &RelationshipAccess<'a>| access.relationship.id.as_str();
        relationships.sort_by_key(|access| {
            let rank = |usable: bool| {
                access.roles.shown.iter().filter(|role| !usable || role.usable == Usable::Yes).map(|role| role.role.rank()).min()
            };
            (rank(false).unwrap_or(u8::MAX), rank(true).unwrap_or(u8::MAX), by_id(access))
        });
        relationships.truncate(most);
        relationships.sort_by_key(by_id);
    }
    let of_one = |access: RelationshipAccess<'a>| RelationshipAccess { roles: access.roles.cut(most), ..access };
    Capped { shown: relationships.into_iter().map(of_one).collect(), total }
}

fn relationship_access<'a>(
    reach: &Reach<'a>,
    filter: Filter<'_>,
    cover: Option<&Cover>,
    relationship: &'a Relationship,
    limits: Limits,
) -> RelationshipAccess<'a> {
    let mut roles = roles_of(reach, relationship, limits.relationships);
    let held: Vec<Role<'a>> = roles.iter().map(|role| role.role).collect();
    roles.retain(|role| filter.role.is_none_or(|wanted| wanted == role.role.id));
    RelationshipAccess {
        relationship,
        roles: Capped::new(roles, usize::MAX),
        assignments_read: reach.assignments_read(relationship),
        fit: cover.map(|cover| cover.fit(&role_list(held.iter().map(|role| role.id)))),
    }
}

/// Groups that are given what is asked for, people who can use it now, and whether all of both are known.
fn everybody<'a>(reach: &Reach<'a>, filter: Filter<'_>, relationships: &[&'a Relationship]) -> (Vec<&'a str>, BTreeSet<&'a str>, bool) {
    let mut groups: BTreeSet<&'a str> = BTreeSet::new();
    let mut people: BTreeSet<&'a str> = BTreeSet::new();
    let mut known = relationships.iter().all(|relationship| reach.assignments_read(relationship));
    for grant in relationships.iter().flat_map(|relationship| reach.grants(relationship)).filter(|grant| filter.wants(grant)) {
        let Some(group) = reach.group(&grant.assignment.group_id) else { continue };
        groups.insert(group.group.id);
        known &= group.is_known();
        if grant.in_force() {
            people.extend(group.members.iter().filter(|member| member.may_sign_in()).map(|member| member.id));
        }
    }
    people.retain(|id| filter.person.is_none_or(|person| person == *id));
    (groups.into_iter().collect(), people, known)
}

/// Groups of which it is not known who may become a member, because no collector asks.
fn weak_groups(reach: &Reach<'_>) -> u64 {
    let coverage = reach.tenant.coverage_of(Dataset::GroupPim);
    let is_unasked = |group: &&GroupReach<'_>| !group.eligible_read && coverage.is_complete_for(group.group.id);
    reach.groups.values().filter(is_unasked).count() as u64
}

/// What the answer to a question comes to; `None` without a question. Datasets that leave a doubt are noted.
pub(super) fn verdict(reach: &Reach<'_>, asked: &Asked<'_>, answer: &PartnerAnswer<'_>) -> (Option<Verdict>, BTreeSet<Dataset>) {
    let filter = asked.filter();
    let doubts = doubts(reach, filter);
    let verdict = answer.paths.as_ref().map(|paths| match paths.with_holder {
        0 if doubts.is_empty() => Verdict::Nobody,
        0 => Verdict::Unknown,
        _ => Verdict::Somebody,
    });
    (verdict, doubts)
}

/// What an overview, or what ends, comes to: relationships alone show whether there are any.
pub(super) fn outcome(reach: &Reach<'_>, answer: &PartnerAnswer<'_>) -> Verdict {
    let is_found = match answer.ends.is_empty() {
        true => answer.customers.total > 0,
        false => answer.ends.iter().any(|(_, customers)| customers.total > 0),
    };
    match reach.tenant.coverage_of(Dataset::Relationships).status {
        _ if is_found => Verdict::Somebody,
        Status::Complete => Verdict::Nobody,
        _ => Verdict::Unknown,
    }
}

/// Datasets that may hold a path that is not seen.
fn doubts(reach: &Reach<'_>, filter: Filter<'_>) -> BTreeSet<Dataset> {
    let mut doubts = BTreeSet::new();
    if reach.tenant.coverage_of(Dataset::Relationships).status != Status::Complete {
        doubts.insert(Dataset::Relationships);
    }
    for relationship in &reach.relationships {
        let customer = relationship.customer_id().unwrap_or(UNKNOWN_CUSTOMER);
        let may_be_meant = customer == UNKNOWN_CUSTOMER || filter.customer.is_none_or(|wanted| wanted == customer);
        // What a relationship does not grant no assignment gives.
        let grants_it = filter.role.is_none_or(|role| relationship.roles.iter().any(|id| id == role));
        if may_be_meant && grants_it && !reach.assignments_read(relationship) {
            doubts.insert(Dataset::Assignments);
        }
        for grant in reach.grants(relationship).filter(|grant| filter.wants(grant)) {
            let Some(group) = reach.group(&grant.assignment.group_id) else { continue };
            if !group.members_read {
                doubts.insert(Dataset::GroupMembers);
            }
            if !group.eligible_read {
                doubts.insert(Dataset::GroupPim);
            }
        }
    }
    doubts
}
