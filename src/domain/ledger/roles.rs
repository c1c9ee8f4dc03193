//! Roles held from outside: by principals of outside tenants, by their applications, by their guests.

use std::collections::{HashMap, HashSet};

use super::join::{Join, Place, UNKNOWN_HOME, in_order, lower};
use super::{HeldRole, LedgerApp};
use crate::domain::customer::{ForeignPrincipal, HolderKind, MICROSOFT_OWNER_TENANTS, RoleAssignment, RoleDefinition, RoleSchedule};
use crate::domain::facts::PimKind;
use crate::domain::{Dataset, roles};

/// Whose a role is.
enum Owner {
    App(Place),
    Guest(Place),
    /// The guests and the applications in a group of this tenant.
    Members {
        guests: Vec<Place>,
        apps: Vec<Place>,
    },
    Outside(String),
    /// An application of an outside tenant that was not read.
    UnreadApp(String),
}

/// One row, of assignments or of schedules.
struct Row<'a> {
    id: &'a str,
    principal: &'a str,
    definition: &'a str,
    scope: &'a str,
    eligible_only: bool,
    source: Dataset,
}

/// What the roles are joined with.
struct Lookup<'a> {
    definitions: HashMap<String, &'a RoleDefinition>,
    foreign: HashMap<String, &'a ForeignPrincipal>,
    /// What assignments and schedules say of a principal.
    expanded: HashMap<String, Expanded<'a>>,
}

/// Adds every role.
pub(super) fn add(join: &mut Join<'_>) {
    let facts = join.facts;
    let lookup = Lookup {
        definitions: in_order(&facts.role_definitions).into_iter().map(|definition| (lower(&definition.id), definition)).collect(),
        foreign: in_order(&facts.foreign_principals).into_iter().map(|principal| (lower(&principal.id), principal)).collect(),
        expanded: expanded(&facts.role_assignments, &facts.role_schedules),
    };
    let mut held = HashSet::new();
    for assignment in &facts.role_assignments {
        held.insert((lower(&assignment.principal_id), lower(&assignment.role_definition_id), assignment.directory_scope_id.as_str()));
        lookup.place(join, &Row::from(assignment));
    }
    for schedule in &facts.role_schedules {
        let key = (lower(&schedule.principal_id), lower(&schedule.role_definition_id), schedule.directory_scope_id.as_str());
        // With P2 each assignment has an instance too: the same role, not another.
        if schedule.kind == PimKind::Eligible || !held.contains(&key) {
            lookup.place(join, &Row::from(schedule));
        }
    }
}

/// What was said of a principal beside a role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Expanded<'a> {
    tenant_id: Option<&'a str>,
    kind: Option<&'a HolderKind>,
    name: Option<&'a str>,
}

/// What is said most of each principal, whatever the order of the facts.
fn expanded<'a>(assignments: &'a [RoleAssignment], schedules: &'a [RoleSchedule]) -> HashMap<String, Expanded<'a>> {
    let held = assignments.iter().map(|row| (&row.principal_id, &row.principal_tenant_id, &row.principal_kind, &row.principal_name));
    let timed = schedules.iter().map(|row| (&row.principal_id, &row.principal_tenant_id, &row.principal_kind, &row.principal_name));
    let mut best: HashMap<String, Expanded<'_>> = HashMap::new();
    for (principal, tenant_id, kind, name) in held.chain(timed) {
        let row = Expanded { tenant_id: tenant_id.as_deref(), kind: kind.as_ref(), name: name.as_deref() };
        let known = best.entry(lower(principal)).or_insert(row);
        *known = row.max(*known);
    }
    best
}

impl<'a> From<&'a RoleAssignment> for Row<'a> {
    fn from(row: &'a RoleAssignment) -> Self {
        Row {
            id: &row.id,
            principal: &row.principal_id,
            definition: &row.role_definition_id,
            scope: &row.directory_scope_id,
            eligible_only: false,
            source: Dataset::RoleAssignments,
        }
    }
}

impl<'a> From<&'a RoleSchedule> for Row<'a> {
    fn from(row: &'a RoleSchedule) -> Self {
        Row {
            id: &row.id,
            principal: &row.principal_id,
            definition: &row.role_definition_id,
            scope: &row.directory_scope_id,
            eligible_only: row.kind == PimKind::Eligible,
            source: Dataset::RoleSchedules,
        }
    }
}

impl Lookup<'_> {
    /// Puts one role where it belongs.
    fn place(&self, join: &mut Join<'_>, row: &Row<'_>) {
        let principal = lower(row.principal);
        let Some(owner) = self.owner(join, &principal) else { return };
        let role = self.role(row, &principal);
        match owner {
            Owner::App((tenant, place)) => {
                if let Some(app) = join.draft(&tenant).entry.apps.get_mut(place) {
                    let kind = HolderKind::ServicePrincipal.as_str().to_owned();
                    app.roles.push(HeldRole { principal_name: app.name.clone(), principal_kind: kind, ..role });
                }
            }
            Owner::Guest((tenant, place)) => {
                if let Some(guest) = join.draft(&tenant).entry.guests.get_mut(place) {
                    let kind = HolderKind::User.as_str().to_owned();
                    guest.roles.push(HeldRole { principal_name: guest.name.clone(), principal_kind: kind, ..role });
                }
            }
            Owner::Members { guests, apps } => {
                let role = HeldRole { principal_kind: HolderKind::Group.as_str().to_owned(), ..role };
                for (tenant, place) in guests {
                    if let Some(guest) = join.draft(&tenant).entry.guests.get_mut(place) {
                        guest.roles.push(role.clone());
                    }
                }
                for (tenant, place) in apps {
                    if let Some(app) = join.draft(&tenant).entry.apps.get_mut(place) {
                        app.roles.push(role.clone());
                    }
                }
            }
            Owner::UnreadApp(tenant) => {
                let apps = &mut join.draft(&tenant).entry.apps;
                let place = apps.len();
                apps.push(LedgerApp { name: role.principal_name.clone(), roles: vec![role], ..LedgerApp::blank(&principal) });
                join.apps.insert(principal, (tenant, place));
            }
            Owner::Outside(tenant) => {
                let draft = join.draft(&tenant);
                draft.is_unknown_home |= tenant == UNKNOWN_HOME;
                draft.entry.roles.push(role);
                join.foreign.insert(principal, tenant);
            }
        }
    }

    /// Whose a principal is; `None`: this tenant's own.
    fn owner(&self, join: &Join<'_>, principal: &str) -> Option<Owner> {
        if let Some(place) = join.apps.get(principal) {
            return Some(Owner::App(place.clone()));
        }
        if let Some(place) = join.guests.get(principal) {
            return Some(Owner::Guest(place.clone()));
        }
        let (guests, apps) = (join.through.get(principal), join.through_apps.get(principal));
        if guests.is_some() || apps.is_some() {
            return Some(Owner::Members { guests: guests.cloned().unwrap_or_default(), apps: apps.cloned().unwrap_or_default() });
        }
        let row = self.expanded.get(principal);
        let reference = self.foreign.get(principal);
        let kind = row.and_then(|row| row.kind);
        let named = [row.and_then(|row| row.tenant_id), reference.and_then(|found| found.tenant_id.as_deref())];
        if let Some(tenant) = named.iter().flatten().find_map(|tenant| join.outside(tenant)) {
            return Some(if kind == Some(&HolderKind::ServicePrincipal) { Owner::UnreadApp(tenant) } else { Owner::Outside(tenant) });
        }
        // Nothing tells its tenant. A reference to a partner, a group that was not found here, or what could not even be expanded, is not
        // taken for one of our own: own groups are named by their tenant, or found by their id and left out.
        let is_microsoft = named.iter().flatten().any(|tenant| MICROSOFT_OWNER_TENANTS.contains(&lower(tenant).as_str()));
        let is_reference = reference.is_some() || kind == Some(&HolderKind::PartnerReference);
        let is_nobodys = named.iter().all(Option::is_none) && matches!(kind, None | Some(HolderKind::Group));
        (!is_microsoft && (is_reference || is_nobodys)).then(|| Owner::Outside(UNKNOWN_HOME.to_owned()))
    }

    /// The role, with the best names there are. A role of the tenant's own has no tier, whatever template id it gives itself.
    fn role(&self, row: &Row<'_>, principal: &str) -> HeldRole {
        let definition = self.definitions.get(&lower(row.definition));
        let template = definition.filter(|definition| definition.is_built_in).and_then(|definition| definition.template_id.as_deref());
        let role_id = lower(template.unwrap_or(row.definition));
        let own_name = definition.and_then(|definition| definition.display_name.as_deref()).filter(|name| !name.trim().is_empty());
        let role_name = own_name.unwrap_or_else(|| roles::name(&role_id)).to_owned();
        let (expanded, reference) = (self.expanded.get(principal), self.foreign.get(principal));
        let names = [expanded.and_then(|row| row.name), reference.and_then(|found| found.display_name.as_deref())];
        let kinds = [expanded.and_then(|row| row.kind).map(HolderKind::as_str), reference.map(|_| HolderKind::PartnerReference.as_str())];
        HeldRole {
            tier: roles::tier(&role_id),
            role_id,
            role_name,
            assignment_id: row.id.to_owned(),
            principal_id: principal.to_owned(),
            principal_name: names.into_iter().flatten().find(|name| !name.trim().is_empty()).unwrap_or(principal).to_owned(),
            principal_kind: kinds.into_iter().flatten().next().unwrap_or("unknown").to_owned(),
            scope: if row.scope.is_empty() { "/".to_owned() } else { row.scope.to_owned() },
            eligible_only: row.eligible_only,
            source: row.source,
        }
    }
}
