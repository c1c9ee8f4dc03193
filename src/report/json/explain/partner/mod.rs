//! The part of the partner view: customers, paths, ends.

mod convert;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Fit, Named, Presence, SignIns, Span};
use crate::domain::Timestamp;
use crate::domain::facts::{AssignmentStatus, RelationshipStatus};
use crate::report::json::shape::Role;

/// The answer in the partner view.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartnerView<'a> {
    /// The log in which presence was looked for; absent: nobody can say which span was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_ins: Option<SignIns>,
    /// What the customers that are asked for come to, those that are not listed too.
    totals: Totals,
    /// Groups with weak roles alone, of which nobody asks who may become a member through PIM for Groups.
    groups_without_pim: u64,
    /// Customers, the most powerful access first.
    customers: Vec<Customer<'a>>,
    /// How many customers are not listed.
    more_customers: u64,
    /// Paths, by customer, relationship, assignment and person; absent without a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    paths: Option<Vec<Path<'a>>>,
    /// How many paths there are, listed or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    paths_total: Option<u64>,
    /// What ends, for each span that was asked for.
    ends: Vec<Ends<'a>>,
}

/// Sums.
#[derive(Debug, Serialize, JsonSchema)]
struct Totals {
    /// Live relationships.
    relationships: u64,
    /// Groups with access.
    groups: u64,
    /// People in them.
    people: u64,
    /// Roles of relationships, each counted in each.
    roles: u64,
    /// Those that nobody can use.
    nobody: u64,
    /// Those that somebody can use, none of whom was seen in the customer.
    unseen: u64,
    /// Those of which nobody can say.
    unknown: u64,
}

/// A customer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Customer<'a> {
    /// Tenant id.
    tenant_id: &'a str,
    /// Its name, or its id.
    name: &'a str,
    /// Groups with access.
    groups: u64,
    /// People who can use a role there now.
    people: u64,
    /// There may be more people: not everything was read.
    may_be_more: bool,
    /// When one of its people was last there.
    presence: Presence,
    /// People who can use a role there and were not seen there; empty where the log cannot show it.
    idle: Vec<Named<'a>>,
    /// How many they are.
    idle_total: u64,
    /// Live relationships, by id; where not all are listed, those with the most powerful roles.
    relationships: Vec<RelationshipAccess<'a>>,
    /// How many relationships are not listed.
    more_relationships: u64,
    /// Roles that are more together than each alone, over all relationships of the customer.
    toxic: Vec<Toxic<'a>>,
    /// Roles that several active relationships grant.
    overlaps: Vec<Overlap<'a>>,
    /// How many of them are not listed.
    more_overlaps: u64,
}

/// A relationship, by name.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RelationshipName<'a> {
    /// Its id.
    id: &'a str,
    /// The partner's name for it.
    display_name: &'a str,
    /// Its status.
    status: &'a RelationshipStatus,
    /// Its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date_time: Option<Timestamp>,
    /// It renews itself.
    auto_extends: bool,
}

/// A relationship with its roles.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RelationshipAccess<'a> {
    /// The relationship.
    #[serde(flatten)]
    name: RelationshipName<'a>,
    /// All of its assignments are known.
    assignments_read: bool,
    /// Its roles, the most powerful first.
    roles: Vec<RoleUse<'a>>,
    /// How many roles are not listed.
    more_roles: u64,
    /// How they fit the tasks that were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    fit: Option<Fit<'a>>,
}

/// A role of a relationship.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RoleUse<'a> {
    /// The role.
    #[serde(flatten)]
    role: Role<'a>,
    /// Whether somebody can use it.
    usable: UsableName,
    /// Ids of groups that are given it.
    groups: &'a [&'a str],
    /// How many groups are not listed.
    more_groups: u64,
    /// People who can use it now, as far as they are known.
    people: u64,
    /// When one of them was last in the customer.
    presence: Presence,
}

/// Whether somebody can use a role.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum UsableName {
    /// Somebody can.
    Yes,
    /// No group is given it.
    NoAssignment,
    /// A group is given it, but relationship or assignment is not active.
    NotInForce,
    /// The groups that are given it are gone or empty.
    NoMember,
    /// Every account in the groups is switched off.
    OnlyDisabled,
    /// Nobody can say.
    Unknown,
}

/// A toxic pair.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Toxic<'a> {
    /// Its name.
    pair: &'static str,
    /// What the two can do together.
    why: &'static str,
    /// The two.
    roles: Vec<ToxicRole<'a>>,
    /// People who can use both.
    both: Vec<Named<'a>>,
    /// How many they are.
    both_total: u64,
    /// There may be more: not everything was read.
    may_be_more: bool,
}

/// One of a toxic pair.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ToxicRole<'a> {
    /// The role.
    #[serde(flatten)]
    role: Role<'a>,
    /// Ids of the relationships that grant it.
    relationships: Vec<&'a str>,
    /// How many of them are not listed.
    more_relationships: u64,
}

/// A role in several relationships.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Overlap<'a> {
    /// The role.
    #[serde(flatten)]
    role: Role<'a>,
    /// Ids of the relationships.
    relationships: Vec<&'a str>,
    /// How many of them are not listed.
    more_relationships: u64,
}

/// What somebody has in a customer through one assignment.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Path<'a> {
    /// Who: absent where nobody is in the group, or where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<Person<'a>>,
    /// Why there is nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    nobody: Option<NobodyName>,
    /// The group that is given the roles.
    group: Named<'a>,
    /// The assignment.
    assignment: Assignment<'a>,
    /// The relationship.
    relationship: RelationshipName<'a>,
    /// The roles, the most powerful first.
    roles: Vec<Role<'a>>,
    /// How many roles are not listed.
    more_roles: u64,
    /// The customer.
    customer: Named<'a>,
    /// Relationship and assignment are active. Otherwise access may exist: provisioning, broken, or on its way out.
    in_force: bool,
}

/// Why nobody stands at the start of a path.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum NobodyName {
    /// The group is empty.
    Empty,
    /// The directory does not have the group any more.
    Gone,
    /// The group's members were not read.
    NotRead,
}

/// Somebody in a group.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Person<'a> {
    /// Object id.
    id: &'a str,
    /// The best name: sign-in name, display name, id.
    name: &'a str,
    /// `user`, `servicePrincipal`, or `group` where the members of a group that may become a member are not known; absent: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    /// A guest of the partner's directory.
    guest: bool,
    /// `false`: the account is switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_enabled: Option<bool>,
    /// How it is in the group.
    how: HowName,
    /// When that ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// It is proved to be in the group itself.
    direct: bool,
    /// Groups inside the group that are known to hold it.
    through: Vec<Named<'a>>,
    /// Groups inside the group whose members were not read: it may be in through one of them.
    perhaps_through: Vec<Named<'a>>,
    /// When it was last in the customer.
    presence: Presence,
    /// When it last signed in to the partner's own tenant, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_activity: Option<Timestamp>,
}

/// How somebody is in a group.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum HowName {
    /// A member.
    Member,
    /// A member for a while, through PIM for Groups.
    Activated,
    /// May become a member through PIM for Groups, and is none now.
    Eligible,
}

/// An assignment.
#[derive(Debug, Serialize, JsonSchema)]
struct Assignment<'a> {
    /// Its id.
    id: &'a str,
    /// Its status.
    status: &'a AssignmentStatus,
}

/// What ends in one span.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Ends<'a> {
    /// The span.
    span: Span,
    /// Customers in which something ends, by name.
    customers: Vec<CustomerEnd<'a>>,
    /// How many are not listed.
    more_customers: u64,
}

/// What ends in one customer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CustomerEnd<'a> {
    /// The customer.
    customer: Named<'a>,
    /// Relationships that end.
    ending: Vec<RelationshipName<'a>>,
    /// How many of them are not listed.
    more_ending: u64,
    /// Relationships whose end lies in the span, and that renew themselves.
    renewing: Vec<RelationshipName<'a>>,
    /// How many of them are not listed.
    more_renewing: u64,
    /// Roles that groups have through what ends, the most powerful first.
    roles: Vec<RoleEnd<'a>>,
    /// Roles that what ends grants and that no group is given.
    unassigned: Vec<Role<'a>>,
}

/// What becomes of a role.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RoleEnd<'a> {
    /// The role.
    #[serde(flatten)]
    role: Role<'a>,
    /// What becomes of it.
    fate: FateName,
    /// Groups that have it through what ends.
    groups: Vec<GroupEnd<'a>>,
    /// How many of them are not listed.
    more_groups: u64,
    /// People who do not have it any more.
    lose: Vec<Named<'a>>,
    /// How many they are.
    lose_total: u64,
    /// How many people keep it.
    keep: u64,
    /// All people of these groups are known.
    people_read: bool,
    /// Ids of relationships that may leave it to somebody: on their way out, or with assignments that are not active or were not read.
    perhaps_through: Vec<&'a str>,
    /// How many of them are not listed.
    more_perhaps_through: u64,
}

/// What becomes of a role.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum FateName {
    /// Nobody has it any more.
    Stops,
    /// Some keep it.
    Partly,
    /// Everybody keeps it.
    Remains,
    /// Nobody can say.
    Unknown,
}

/// What becomes of a group's role.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct GroupEnd<'a> {
    /// The group.
    #[serde(flatten)]
    group: Named<'a>,
    /// Relationships through which it keeps the role; empty: none.
    keeps_through: Vec<RelationshipName<'a>>,
    /// How many of them are not listed.
    more_keeps_through: u64,
}
