//! Roles held from outside, one by one: the subject that several rules judge, and what they show of it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::ledger::{Entry, HeldRole, UNKNOWN_HOME};
use crate::domain::{Dataset, Status};
use crate::policy::rule::{Ctx, Draft};

use super::approval;
use super::shared::few_roles;

/// One role in the hands of one principal of an outside tenant, over every scope.
#[derive(Debug)]
pub(super) struct Held<'a> {
    /// The outside tenant.
    pub(super) entry: &'a Entry,
    /// One of its assignments: principal and role are those of all.
    pub(super) role: &'a HeldRole,
    /// Where it holds: `/` is the whole tenant.
    scopes: Vec<&'a str>,
    /// Must be activated first, wherever it holds.
    eligible_only: bool,
    /// Where it stands: in the list of assignments, if any of them is there.
    source: Dataset,
}

/// What the principals of an outside tenant hold, by principal and role.
pub(super) fn of_entry(entry: &Entry) -> Vec<Held<'_>> {
    let mut held: BTreeMap<(&str, &str), Held<'_>> = BTreeMap::new();
    for role in &entry.roles {
        let new = || Held { entry, role, scopes: Vec::new(), eligible_only: true, source: Dataset::RoleSchedules };
        let known = held.entry((&role.principal_id, &role.role_id)).or_insert_with(new);
        known.scopes.push(&role.scope);
        known.eligible_only &= role.eligible_only;
        if role.source == Dataset::RoleAssignments {
            known.source = Dataset::RoleAssignments;
        }
    }
    for one in held.values_mut() {
        one.scopes.sort_unstable();
        one.scopes.dedup();
    }
    held.into_values().collect()
}

/// Where roles stand: in the list of assignments, unless all of them are in that of schedules. That nobody holds one the first tells.
pub(super) fn source<'a>(roles: impl IntoIterator<Item = &'a HeldRole>) -> Dataset {
    let mut roles = roles.into_iter().peekable();
    let is_scheduled = roles.peek().is_some() && roles.all(|role| role.source == Dataset::RoleSchedules);
    if is_scheduled { Dataset::RoleSchedules } else { Dataset::RoleAssignments }
}

/// True if it is known which of some roles a tenant's principals hold. An assignment or an eligibility that was not read may be of any role, and
/// a principal whose tenant is not known may be this one's. Without the licence nothing is eligible.
pub(super) fn are_all_known(ctx: &Ctx<'_>, entry: &Entry, roles: &[&str]) -> bool {
    let is_read = |dataset: Dataset| ctx.is_complete_for(dataset, &entry.tenant_id);
    let is_eligible_known = is_read(Dataset::RoleSchedules) || ctx.coverage(Dataset::RoleSchedules).status == Status::Unlicensed;
    let somebody_s = ctx.ledger.get(UNKNOWN_HOME).into_iter().flat_map(|entry| &entry.roles);
    is_read(Dataset::RoleAssignments) && is_eligible_known && !somebody_s.into_iter().any(|held| roles.contains(&held.role_id.as_str()))
}

impl Held<'_> {
    /// A finding about the principal, with the role as its own key.
    pub(super) fn draft(&self) -> Draft {
        let (entry, role) = (self.entry, self.role);
        let partner = approval::party(entry);
        let organization = partner.as_ref().map_or(Value::Null, |partner| Value::String(partner.tenant_id.clone()));
        let source = self.source;
        let name = few_roles(std::slice::from_ref(&role.role_name));
        Draft::about("principal", &role.principal_id, &role.principal_name)
            .key(&role.role_id)
            .partner(partner)
            .note(if self.eligible_only { format!("{name}, eligible") } else { name })
            .evidence("principalOrganizationId", organization, source)
            .evidence("roleDefinition.displayName", role.role_name.as_str(), source)
            .evidence("roleDefinition.templateId", role.role_id.as_str(), source)
            .evidence("directoryScopeId", self.scopes.clone(), source)
    }
}
