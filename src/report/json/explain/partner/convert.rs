//! From the answer to its shape.

use super::super::{Fit, named, presence, role, roles, sign_ins, span};
use super::{
    Assignment, Customer, CustomerEnd, Ends, FateName, GroupEnd, HowName, NobodyName, Overlap, PartnerView, Path, Person,
    RelationshipAccess, RelationshipName, RoleEnd, RoleUse, Totals, Toxic, ToxicRole, UsableName,
};
use crate::domain::access::{self, Capped, Holder, How, PartnerAnswer};
use crate::domain::facts::Relationship;

fn name_of(relationship: &Relationship) -> RelationshipName<'_> {
    RelationshipName {
        id: &relationship.id,
        display_name: &relationship.display_name,
        status: &relationship.status,
        end_date_time: relationship.end_date_time,
        auto_extends: relationship.auto_extends(),
    }
}

fn ids<'a>(relationships: &Capped<&'a Relationship>) -> Vec<&'a str> {
    relationships.shown.iter().map(|relationship| relationship.id.as_str()).collect()
}

fn names<'a>(relationships: &Capped<&'a Relationship>) -> Vec<RelationshipName<'a>> {
    relationships.shown.iter().map(|relationship| name_of(relationship)).collect()
}

impl<'a> From<&'a PartnerAnswer<'a>> for PartnerView<'a> {
    fn from(answer: &'a PartnerAnswer<'a>) -> Self {
        let totals = answer.totals;
        PartnerView {
            sign_ins: sign_ins(answer.log),
            totals: Totals {
                relationships: totals.relationships,
                groups: totals.groups,
                people: totals.people,
                roles: totals.roles.roles,
                nobody: totals.roles.by_nobody,
                unseen: totals.roles.unseen,
                unknown: totals.roles.unknown,
            },
            groups_without_pim: answer.groups_without_pim,
            customers: answer.customers.shown.iter().map(Customer::from).collect(),
            more_customers: answer.customers.more(),
            paths: answer.paths.as_ref().map(|paths| paths.list.shown.iter().map(Path::from).collect()),
            paths_total: answer.paths.as_ref().map(|paths| paths.list.total),
            ends: answer
                .ends
                .iter()
                .map(|(when, customers)| Ends {
                    span: span(*when),
                    customers: customers.shown.iter().map(CustomerEnd::from).collect(),
                    more_customers: customers.more(),
                })
                .collect(),
        }
    }
}

impl<'a> From<&'a access::CustomerAccess<'a>> for Customer<'a> {
    fn from(access: &'a access::CustomerAccess<'a>) -> Self {
        Customer {
            tenant_id: access.customer.id,
            name: access.customer.name,
            groups: access.groups,
            people: access.people,
            may_be_more: access.may_be_more,
            presence: presence(access.seen),
            idle: access.idle.shown.iter().map(named).collect(),
            idle_total: access.idle.total,
            relationships: access.relationships.shown.iter().map(RelationshipAccess::from).collect(),
            more_relationships: access.relationships.more(),
            toxic: access.toxic.iter().map(Toxic::from).collect(),
            overlaps: access
                .overlaps
                .shown
                .iter()
                .map(|overlap| Overlap {
                    role: role(&overlap.role),
                    relationships: ids(&overlap.relationships),
                    more_relationships: overlap.relationships.more(),
                })
                .collect(),
            more_overlaps: access.overlaps.more(),
        }
    }
}

impl<'a> From<&'a access::RelationshipAccess<'a>> for RelationshipAccess<'a> {
    fn from(access: &'a access::RelationshipAccess<'a>) -> Self {
        let use_of = |row: &'a access::RoleUse<'a>| RoleUse {
            role: role(&row.role),
            usable: match row.usable {
                access::Usable::Yes => UsableName::Yes,
                access::Usable::NoAssignment => UsableName::NoAssignment,
                access::Usable::NotInForce => UsableName::NotInForce,
                access::Usable::NoMember => UsableName::NoMember,
                access::Usable::OnlyDisabled => UsableName::OnlyDisabled,
                access::Usable::Unknown => UsableName::Unknown,
            },
            groups: &row.groups.shown,
            more_groups: row.groups.more(),
            people: row.people,
            presence: presence(row.seen),
        };
        RelationshipAccess {
            name: name_of(access.relationship),
            assignments_read: access.assignments_read,
            roles: access.roles.shown.iter().map(use_of).collect(),
            more_roles: access.roles.more(),
            fit: access.fit.as_ref().map(|fit| Fit { beyond: roles(&fit.beyond), lacking: roles(&fit.lacking), unmet: &fit.unmet }),
        }
    }
}

impl<'a> From<&'a access::Toxic<'a>> for Toxic<'a> {
    fn from(toxic: &'a access::Toxic<'a>) -> Self {
        Toxic {
            pair: toxic.pair.name,
            why: toxic.pair.why,
            roles: toxic
                .granted
                .iter()
                .map(|(one, granting)| ToxicRole { role: role(one), relationships: ids(granting), more_relationships: granting.more() })
                .collect(),
            both: toxic.both.shown.iter().map(named).collect(),
            both_total: toxic.both.total,
            may_be_more: toxic.may_be_more,
        }
    }
}

impl<'a> From<&'a access::Path<'a>> for Path<'a> {
    fn from(path: &'a access::Path<'a>) -> Self {
        let person = |member: &'a access::Member<'a>| Person {
            id: member.id,
            name: member.named().name,
            kind: member.kind(),
            guest: member.principal.is_some_and(|principal| principal.is_guest()),
            account_enabled: member.principal.and_then(|principal| principal.account_enabled),
            how: match member.how {
                How::Member => HowName::Member,
                How::Activated => HowName::Activated,
                How::Eligible => HowName::Eligible,
            },
            until: member.until,
            direct: member.direct,
            through: path.through.iter().map(named).collect(),
            perhaps_through: path.perhaps_through.iter().map(named).collect(),
            presence: presence(path.seen),
            last_activity: path.last_activity,
        };
        let (person, nobody) = match &path.holder {
            Holder::Member(member) => (Some(person(member)), None),
            Holder::Nobody => (None, Some(NobodyName::Empty)),
            Holder::GroupGone => (None, Some(NobodyName::Gone)),
            Holder::NotRead => (None, Some(NobodyName::NotRead)),
        };
        Path {
            person,
            nobody,
            group: named(&path.group),
            assignment: Assignment { id: &path.grant.assignment.id, status: &path.grant.assignment.status },
            relationship: name_of(path.grant.relationship),
            roles: roles(&path.roles.shown),
            more_roles: path.roles.more(),
            customer: named(&path.customer),
            in_force: path.grant.in_force(),
        }
    }
}

impl<'a> From<&'a access::CustomerEnd<'a>> for CustomerEnd<'a> {
    fn from(end: &'a access::CustomerEnd<'a>) -> Self {
        let role_end = |row: &'a access::RoleEnd<'a>| RoleEnd {
            role: role(&row.role),
            fate: match row.fate {
                access::Fate::Stops => FateName::Stops,
                access::Fate::Partly => FateName::Partly,
                access::Fate::Remains => FateName::Remains,
                access::Fate::Unknown => FateName::Unknown,
            },
            groups: row
                .groups
                .shown
                .iter()
                .map(|group| GroupEnd {
                    group: named(&group.group),
                    keeps_through: names(&group.keeps_through),
                    more_keeps_through: group.keeps_through.more(),
                })
                .collect(),
            more_groups: row.groups.more(),
            lose: row.lose.shown.iter().map(named).collect(),
            lose_total: row.lose.total,
            keep: row.keep,
            people_read: row.people_read,
            perhaps_through: ids(&row.perhaps_through),
            more_perhaps_through: row.perhaps_through.more(),
        };
        CustomerEnd {
            customer: named(&end.customer),
            ending: names(&end.ending),
            more_ending: end.ending.more(),
            renewing: names(&end.renewing),
            more_renewing: end.renewing.more(),
            roles: end.roles.iter().map(role_end).collect(),
            unassigned: roles(&end.unassigned),
        }
    }
}
