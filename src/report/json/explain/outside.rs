//! The part of the customer view: outside tenants, paths, ends.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Fit, Named, Presence, SignIns, Span, presence, role, sign_ins, span};
use crate::domain::Timestamp;
use crate::domain::access::{self, CustomerAnswer, HolderClass};
use crate::domain::ledger::{Class, LedgerApp};
use crate::report::json::shape::Role;

/// The answer in the customer view.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomerView<'a> {
    /// The log in which presence was looked for; absent: nobody can say which span was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_ins: Option<SignIns>,
    /// Outside tenants, those that can administer first.
    partners: Vec<Partner<'a>>,
    /// How many are not listed.
    more_partners: u64,
    /// How many can administer, listed or not.
    can_administer_total: u64,
    /// Paths, by outside tenant, the most powerful role first; absent without a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    paths: Option<Vec<OutsidePath<'a>>>,
    /// How many paths there are, listed or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    paths_total: Option<u64>,
    /// What ends, for each span that was asked for.
    ends: Vec<Ends<'a>>,
}

/// An outside tenant.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Partner<'a> {
    /// Its id, a mail domain, or `unknown`.
    tenant_id: &'a str,
    /// Its name, or its id.
    name: &'a str,
    /// What it is to this tenant.
    class: &'a Class,
    /// It counts among those that can administer.
    can_administer: bool,
    /// The ways in that were observed.
    doors: Vec<&'static str>,
    /// When somebody of it was last here.
    presence: Presence,
    /// Roles that it may give to its groups; empty: no ceiling, or none that was read.
    ceiling: Vec<CeilingRole<'a>>,
    /// Applications with strong permissions, which reach as far as a role does.
    permissions: Vec<Permissions<'a>>,
    /// Roles that are more together than each alone.
    toxic: Vec<Toxic>,
    /// How the roles that it holds fit the tasks that were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    fit: Option<Fit<'a>>,
}

/// A role of a ceiling.
#[derive(Debug, Serialize, JsonSchema)]
struct CeilingRole<'a> {
    /// The role.
    #[serde(flatten)]
    role: Role<'a>,
    /// Whether a principal of the tenant holds it; absent: nobody can say.
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<bool>,
}

/// Strong permissions of an application.
#[derive(Debug, Serialize, JsonSchema)]
struct Permissions<'a> {
    /// The application.
    application: Named<'a>,
    /// The permissions.
    permissions: &'a [String],
}

/// A toxic pair.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Toxic {
    /// Its name.
    pair: &'static str,
    /// What the two can do together.
    why: &'static str,
    /// The two.
    roles: Vec<Role<'static>>,
    /// One principal holds both.
    one_holds_both: bool,
}

/// From an outside tenant to a role here.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OutsidePath<'a> {
    /// The outside tenant.
    partner: Named<'a>,
    /// What holds the role.
    holder: Holder<'a>,
    /// A group of this tenant that is given the role and that the holder is in; absent: it is given to the holder itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<Named<'a>>,
    /// The assignment, or the eligibility.
    assignment: Assignment<'a>,
    /// The role.
    role: Role<'a>,
}

/// What holds a role.
#[derive(Debug, Serialize, JsonSchema)]
struct Holder<'a> {
    /// What it is.
    kind: HolderKind,
    /// Object id.
    id: &'a str,
    /// Its name, or its id.
    name: &'a str,
}

/// What holds a role.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum HolderKind {
    /// A group or another principal of the outside tenant: who is in it cannot be read from here.
    ForeignPrincipal,
    /// A guest or an external member.
    Guest,
    /// An application.
    Application,
}

/// How a role is held.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Assignment<'a> {
    /// Its id.
    id: &'a str,
    /// `/` for the whole tenant.
    scope: &'a str,
    /// Must be activated.
    eligible_only: bool,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// What ends in one span.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Ends<'a> {
    /// The span.
    span: Span,
    /// Timed roles that end.
    roles: Vec<RoleEnd<'a>>,
    /// How many are not listed.
    more_roles: u64,
    /// Relationships that a file declares and that end.
    declared: Vec<DeclaredEnd<'a>>,
}

/// A timed role that ends.
#[derive(Debug, Serialize, JsonSchema)]
struct RoleEnd<'a> {
    /// The path.
    path: OutsidePath<'a>,
    /// Paths by which the same holder keeps the role.
    keeps: Vec<OutsidePath<'a>>,
}

/// A relationship that a file declares and that ends.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct DeclaredEnd<'a> {
    /// The partner's tenant.
    partner_tenant_id: &'a str,
    /// The relationship.
    relationship: Named<'a>,
    /// When.
    end_date_time: Timestamp,
    /// It renews itself.
    auto_extends: bool,
    /// Roles that no other declared relationship of the partner grants.
    stops: Vec<Role<'a>>,
    /// Roles that another one grants.
    remains: Vec<Role<'a>>,
}

fn role_of(id: &str) -> Role<'_> {
    role(&access::Role::of(id))
}

fn roles_of(ids: &[String]) -> Vec<Role<'_>> {
    ids.iter().map(|id| role_of(id)).collect()
}

impl<'a> From<&'a CustomerAnswer> for CustomerView<'a> {
    fn from(answer: &'a CustomerAnswer) -> Self {
        CustomerView {
            sign_ins: sign_ins(answer.log),
            partners: answer.partners.shown.iter().map(Partner::from).collect(),
            more_partners: answer.partners.more(),
            can_administer_total: answer.able,
            paths: answer.paths.as_ref().map(|paths| paths.shown.iter().map(OutsidePath::from).collect()),
            paths_total: answer.paths.as_ref().map(|paths| paths.total),
            ends: answer.ends.iter().map(Ends::from).collect(),
        }
    }
}

impl<'a> From<&'a access::OutsideAccess> for Partner<'a> {
    fn from(access: &'a access::OutsideAccess) -> Self {
        let entry = &access.entry;
        let strong = |app: &&LedgerApp| !app.strong.is_empty();
        Partner {
            tenant_id: &entry.tenant_id,
            name: &entry.name,
            class: &entry.class,
            can_administer: entry.can_administer,
            doors: entry.doors().into_iter().map(|door| door.as_str()).collect(),
            presence: presence(access.seen),
            ceiling: access.ceiling.iter().map(|row| CeilingRole { role: role_of(&row.id), held: row.held }).collect(),
            permissions: entry
                .apps
                .iter()
                .filter(strong)
                .map(|app| Permissions { application: Named { id: &app.id, name: &app.name }, permissions: &app.strong })
                .collect(),
            toxic: access
                .toxic
                .iter()
                .map(|(pair, one)| Toxic { pair: pair.name, why: pair.why, roles: pair.roles.map(role_of).into(), one_holds_both: *one })
                .collect(),
            fit: access.fit.as_ref().map(|fit| Fit { beyond: roles_of(&fit.beyond), lacking: roles_of(&fit.lacking), unmet: &fit.unmet }),
        }
    }
}

impl<'a> From<&'a access::OutsidePath> for OutsidePath<'a> {
    fn from(path: &'a access::OutsidePath) -> Self {
        let (class, id, name) = &path.holder;
        OutsidePath {
            partner: Named { id: &path.tenant_id, name: &path.tenant_name },
            holder: Holder {
                kind: match class {
                    HolderClass::Foreign => HolderKind::ForeignPrincipal,
                    HolderClass::Guest => HolderKind::Guest,
                    HolderClass::Application => HolderKind::Application,
                },
                id,
                name,
            },
            through: path.through.as_ref().map(|(id, name)| Named { id, name }),
            assignment: Assignment {
                id: &path.held.assignment_id,
                scope: &path.held.scope,
                eligible_only: path.held.eligible_only,
                until: path.until,
            },
            role: role(&path.role()),
        }
    }
}

impl<'a> From<&'a access::OutsideEnds> for Ends<'a> {
    fn from(ends: &'a access::OutsideEnds) -> Self {
        let role_end = |end: &'a access::OutsideEnd| RoleEnd {
            path: OutsidePath::from(&end.path),
            keeps: end.keeps.iter().map(OutsidePath::from).collect(),
        };
        let declared = |end: &'a access::DeclaredEnd| DeclaredEnd {
            partner_tenant_id: &end.partner_tenant_id,
            relationship: Named { id: &end.relationship.0, name: &end.relationship.1 },
            end_date_time: end.end,
            auto_extends: end.renews,
            stops: roles_of(&end.stops),
            remains: roles_of(&end.remains),
        };
        Ends {
            span: span(ends.span),
            roles: ends.roles.shown.iter().map(role_end).collect(),
            more_roles: ends.roles.more(),
            declared: ends.declared.iter().map(declared).collect(),
        }
    }
}
