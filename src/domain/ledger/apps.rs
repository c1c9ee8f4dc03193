//! Applications of outside tenants, and which of their permissions are strong.

use std::collections::HashMap;

use super::LedgerApp;
use super::join::{Join, in_order, lower};

/// A permission that takes over a tenant, or reads and changes everything in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrongPermission {
    /// Its value, as Graph writes it.
    pub value: &'static str,
    /// As an application permission it leads to Global Administrator in one step.
    pub takes_over: bool,
    /// Strong as an application permission.
    pub application: bool,
    /// As strong when it is delegated for the whole tenant. A delegated `Mail.Send` reaches one mailbox, so it is not.
    pub delegated: bool,
}

const fn strong(value: &'static str, takes_over: bool, application: bool, delegated: bool) -> StrongPermission {
    StrongPermission { value, takes_over, application, delegated }
}

/// The strong permissions: the one list that the ledger, the rules and the reports use.
pub const STRONG_PERMISSIONS: &[StrongPermission] = &[
    strong("RoleManagement.ReadWrite.Directory", true, true, true),
    strong("AppRoleAssignment.ReadWrite.All", true, true, true),
    strong("Application.ReadWrite.All", true, true, true),
    strong("Directory.ReadWrite.All", false, true, true),
    strong("UserAuthenticationMethod.ReadWrite.All", false, true, true),
    strong("Policy.ReadWrite.ConditionalAccess", false, true, true),
    strong("Domain.ReadWrite.All", false, true, true),
    strong("Mail.ReadWrite", false, true, false),
    strong("Mail.Send", false, true, false),
    strong("full_access_as_app", false, true, false),
    strong("Sites.FullControl.All", false, true, true),
    strong("DelegatedAdminRelationship.ReadWrite.All", false, true, true),
    strong("Directory.AccessAsUser.All", false, false, true),
];

/// The strong permission of a value, compared without case, in one of the two forms.
fn find(value: &str, delegated: bool) -> Option<&'static StrongPermission> {
    let of_form = |permission: &&StrongPermission| if delegated { permission.delegated } else { permission.application };
    STRONG_PERMISSIONS.iter().filter(of_form).find(|permission| permission.value.eq_ignore_ascii_case(value))
}

impl LedgerApp {
    /// An application of which only the object id is known.
    pub(super) fn blank(id: &str) -> Self {
        LedgerApp {
            id: id.to_owned(),
            app_id: String::new(),
            name: id.to_owned(),
            enabled: None,
            verified_publisher: None,
            permissions: Vec::new(),
            scopes: Vec::new(),
            strong: Vec::new(),
            roles: Vec::new(),
        }
    }

    /// True if it leads to Global Administrator in one step.
    pub fn takes_over(&self) -> bool {
        self.permissions.iter().any(|value| find(value, false).is_some_and(|permission| permission.takes_over))
    }

    /// Sorts the permissions and picks the strong ones.
    pub(super) fn settle(&mut self) {
        self.permissions.sort();
        self.permissions.dedup();
        self.scopes.sort();
        self.scopes.dedup();
        let granted = self.permissions.iter().filter(|value| find(value, false).is_some());
        self.strong = granted.chain(self.scopes.iter().filter(|value| find(value, true).is_some())).cloned().collect();
        self.strong.sort();
        self.strong.dedup();
    }
}

/// Adds the applications with what was consented to.
pub(super) fn add(join: &mut Join<'_>) {
    let facts = join.facts;
    for principal in in_order(&facts.service_principals) {
        let Some(owner) = principal.owner_tenant_id.as_deref().and_then(|owner| join.outside(owner)) else { continue };
        let id = lower(&principal.id);
        if join.apps.contains_key(&id) {
            continue;
        }
        let name = principal.display_name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(&principal.app_id);
        let apps = &mut join.draft(&owner).entry.apps;
        let place = apps.len();
        apps.push(LedgerApp {
            app_id: lower(&principal.app_id),
            name: name.to_owned(),
            enabled: principal.account_enabled,
            verified_publisher: principal.verified_publisher.clone(),
            ..LedgerApp::blank(&id)
        });
        for group in &principal.through_groups {
            join.through_apps.entry(lower(group)).or_default().push((owner.clone(), place));
        }
        join.apps.insert(id, (owner, place));
    }
    let mut permissions: HashMap<String, Vec<String>> = HashMap::new();
    for assignment in &facts.app_role_assignments {
        permissions.entry(lower(&assignment.principal_id)).or_default().push(assignment.permission.clone());
    }
    let mut scopes: HashMap<String, Vec<String>> = HashMap::new();
    for grant in &facts.delegated_grants {
        scopes.entry(lower(&grant.client_id)).or_default().extend(grant.scopes.iter().cloned());
    }
    for draft in join.drafts_mut() {
        for app in &mut draft.entry.apps {
            app.permissions = permissions.remove(&app.id).unwrap_or_default();
            app.scopes = scopes.remove(&app.id).unwrap_or_default();
        }
    }
}
