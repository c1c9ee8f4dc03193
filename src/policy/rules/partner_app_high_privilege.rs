//! APP-02: see the page.

use crate::domain::ledger::{Class, Entry, LedgerApp, STRONG_PERMISSIONS};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity, roles};
use crate::policy::rule::{Ctx, Draft, Out, Rule};
use crate::policy::settings::{Approved, RuleSettings};

use super::approval::lowered;
use super::shared::{CUSTOMER, few_roles, holds, list};

/// Application permissions that are strong.
pub(super) const STRONG_APP_ROLES: &[&str] = &[
    "RoleManagement.ReadWrite.Directory",
    "AppRoleAssignment.ReadWrite.All",
    "Application.ReadWrite.All",
    "Directory.ReadWrite.All",
    "UserAuthenticationMethod.ReadWrite.All",
    "Policy.ReadWrite.ConditionalAccess",
    "Domain.ReadWrite.All",
    "Mail.ReadWrite",
    "Mail.Send",
    "full_access_as_app",
    "Sites.FullControl.All",
    "DelegatedAdminRelationship.ReadWrite.All",
];

/// Delegated permissions that are strong when they are given for every user.
const STRONG_SCOPES: &[&str] = &[
    "RoleManagement.ReadWrite.Directory",
    "AppRoleAssignment.ReadWrite.All",
    "Application.ReadWrite.All",
    "Directory.ReadWrite.All",
    "UserAuthenticationMethod.ReadWrite.All",
    "Policy.ReadWrite.ConditionalAccess",
    "Domain.ReadWrite.All",
    "Sites.FullControl.All",
    "DelegatedAdminRelationship.ReadWrite.All",
    "Directory.AccessAsUser.All",
];

/// The lowest privilege of a directory role that counts.
const MAX_TIER: u8 = 1;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-app-high-privilege",
        code: "APP-02",
        title: "App owned by the partner tenant has strong permissions or a directory role",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "Critical with RoleManagement.ReadWrite.Directory, AppRoleAssignment.ReadWrite.All or Application.ReadWrite.All as an \
                        application permission. Info where the partner's approval covers all of it.",
        uses: &[],
        customer_uses: &[
            required(Dataset::ServicePrincipals),
            required(Dataset::AppRoleAssignments),
            required(Dataset::DelegatedGrants),
            helps(Dataset::RoleAssignments),
            helps(Dataset::RoleSchedules),
            helps(Dataset::CrossTenantPartners),
            helps(Dataset::Subscriptions),
            helps(Dataset::SignIns),
            helps(Dataset::Governance),
            helps(Dataset::Declared),
        ],
        reads: Reads::Some,
        fields: &[
            "servicePrincipals.id",
            "servicePrincipals.appId",
            "servicePrincipals.ownerTenantId",
            "servicePrincipals.accountEnabled",
            "appRoleAssignments.permission",
            "delegatedGrants.scopes",
            "roleAssignments.roleDefinitionId",
            "crossTenantPartners.isServiceProvider",
            "subscriptions.ownerTenantId",
        ],
        settings: &[
            list("strong-app-roles", STRONG_APP_ROLES, "Application permissions that are strong."),
            list("strong-scopes", STRONG_SCOPES, "Delegated permissions that are strong when given for every user."),
        ],
        remediation: "Take the permission away: Microsoft Entra admin center > Enterprise applications > (application) > Permissions, or DELETE \
                      /servicePrincipals/{id}/appRoleAssignments/{id}. Let the partner work through delegated permissions under GDAP, or register an \
                      application of your own with a certificate.",
        attack: &["T1199", "T1528", "T1550.001", "T1098.001"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-3", "AC-4", "AC-6", "AC-10", "CA-7", "IA-5"],
        benchmarks: &["CIS 5.1.5.1", "5.1.5.2", "SCuBA MS.AAD.5.1v1-5.3v1", "5.5v1"],
        analytics: &["AN1349"],
        unsourced: &[],
        page: include_str!("partner-app-high-privilege.md"),
    },
    check,
};

/// True if an outside tenant is a partner and not just a publisher: it administers, governs or sells here, a file says so, or it was approved.
/// Microsoft Support is none.
pub(super) fn is_partner(ctx: &Ctx<'_>, entry: &Entry) -> bool {
    let is_approved = || ctx.approved.iter().any(|approved| approved.tenant_id == entry.tenant_id);
    match entry.class {
        Class::MicrosoftSupport => false,
        Class::ServiceProvider | Class::GoverningTenant | Class::Reseller => true,
        _ => entry.has_declared() || !entry.subscriptions.is_empty() || is_approved(),
    }
}

/// True if an application permission leads to Global Administrator in one step.
pub(super) fn takes_over(permission: &str) -> bool {
    STRONG_PERMISSIONS.iter().any(|strong| strong.application && strong.takes_over && strong.value.eq_ignore_ascii_case(permission))
}

/// What of an application is strong.
pub(super) struct Strength<'a> {
    permissions: Vec<&'a String>,
    scopes: Vec<&'a String>,
    roles: Vec<(&'a str, &'a str)>,
}

impl<'a> Strength<'a> {
    pub(super) fn of(app: &'a LedgerApp, settings: &RuleSettings) -> Self {
        let (app_roles, scopes) = (settings.list("strong-app-roles"), settings.list("strong-scopes"));
        let high = app.roles.iter().filter(|role| role.tier.is_some_and(|tier| tier <= MAX_TIER));
        Strength {
            permissions: app.permissions.iter().filter(|permission| holds(app_roles, permission)).collect(),
            scopes: app.scopes.iter().filter(|scope| holds(scopes, scope)).collect(),
            roles: high.map(|role| (role.role_id.as_str(), role.role_name.as_str())).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.permissions.is_empty() && self.scopes.is_empty() && self.roles.is_empty()
    }

    /// What an approval, which names roles, does not cover: permissions that stand for more than its roles.
    fn beyond(&self, approval: &Approved) -> Strength<'a> {
        let is_admin = approval.covers(roles::GLOBAL_ADMINISTRATOR);
        let rest = |list: &[&'a String]| if is_admin { Vec::new() } else { list.to_vec() };
        Strength {
            permissions: rest(&self.permissions),
            scopes: rest(&self.scopes),
            roles: self.roles.iter().copied().filter(|(id, _)| !approval.covers(id)).collect(),
        }
    }

    fn severity(&self) -> Severity {
        if self.permissions.iter().any(|permission| takes_over(permission)) { Severity::Critical } else { Severity::High }
    }

    fn names(&self) -> Vec<String> {
        let roles = self.roles.iter().map(|(_, name)| (*name).to_owned());
        let mut names: Vec<String> = self.permissions.iter().chain(&self.scopes).map(|name| (*name).clone()).chain(roles).collect();
        // What takes over first, then by name.
        names.sort_by(|a, b| (!takes_over(a), a).cmp(&(!takes_over(b), b)));
        names.dedup();
        names
    }
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for entry in ctx.ledger.entries.values().filter(|entry| is_partner(ctx, entry)) {
        let approval = ctx.approval(&entry.tenant_id);
        for app in &entry.apps {
            let strength = Strength::of(app, ctx.settings);
            if !strength.is_empty() {
                out.push(finding(entry, app, &strength, approval));
            }
        }
    }
}

fn finding(entry: &Entry, app: &LedgerApp, strength: &Strength<'_>, approval: Option<&Approved>) -> Draft {
    let beyond = approval.map(|approval| strength.beyond(approval));
    let severity = match &beyond {
        Some(beyond) if beyond.is_empty() => Severity::Info,
        Some(beyond) => beyond.severity(),
        None => strength.severity(),
    };
    let mut found = Draft::outside(entry)
        .subject("application", &app.id, &app.name)
        .severity(severity)
        .note(few_roles(&strength.names()))
        .evidence("appId", app.app_id.as_str(), Dataset::ServicePrincipals)
        .evidence("appOwnerOrganizationId", entry.tenant_id.as_str(), Dataset::ServicePrincipals)
        .evidence("accountEnabled", app.enabled, Dataset::ServicePrincipals);
    let strings = |list: &[&String]| list.iter().map(|item| (*item).clone()).collect::<Vec<_>>();
    if !strength.permissions.is_empty() {
        found = found.evidence("appRoleAssignments", strings(&strength.permissions), Dataset::AppRoleAssignments);
    }
    if !strength.scopes.is_empty() {
        found = found.evidence("oauth2PermissionGrants.scope", strings(&strength.scopes), Dataset::DelegatedGrants);
    }
    if !strength.roles.is_empty() {
        let names: Vec<&str> = strength.roles.iter().map(|(_, name)| *name).collect();
        found = found.evidence("roleAssignments.roleDefinitionId", names, Dataset::RoleAssignments);
    }
    match (approval, beyond) {
        (Some(approval), Some(beyond)) if beyond.is_empty() => lowered(found, approval),
        (Some(_), Some(beyond)) => found.setting("approved.roles.beyond", beyond.names()),
        _ => found,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{RULE, STRONG_APP_ROLES, STRONG_SCOPES};
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::domain::ledger::STRONG_PERMISSIONS;
    use crate::domain::{Severity, roles};
    use crate::policy::rules::testing::{ALPINE, Case, EXCHANGE, READERS, customer_case};

    fn owned_by(owner: &str, permissions: &[&str], scopes: &[&str], held: &[&str]) -> Value {
        let held: Vec<Value> = held
            .iter()
            .map(|role| json!({ "id": role, "principalId": "sp", "roleDefinitionId": role, "directoryScopeId": "/", "principalKind": "servicePrincipal" }))
            .collect();
        let given: Vec<Value> = permissions.iter().map(|value| json!({ "id": value, "principalId": "sp", "permission": value })).collect();
        json!({
            "servicePrincipals": [{ "id": "sp", "appId": "app", "displayName": "RMM", "ownerTenantId": owner }],
            "appRoleAssignments": given,
            "delegatedGrants": [{ "id": "g", "clientId": "sp", "resourceId": "r", "scopes": scopes }],
            "roleAssignments": held,
            "crossTenantPartners": [{ "tenantId": ALPINE, "isServiceProvider": true }, { "tenantId": MICROSOFT_SUPPORT_TENANT, "isServiceProvider": true }]
        })
    }

    fn with(permissions: &[&str], scopes: &[&str], held: &[&str]) -> Case {
        customer_case(owned_by(ALPINE, permissions, scopes, held))
    }

    fn severity(case: Case) -> Option<Severity> {
        case.run(&RULE).findings.first().and_then(|draft| draft.severity)
    }

    #[test]
    fn the_lists_are_those_of_the_ledger() {
        let of = |form: fn(&crate::domain::ledger::StrongPermission) -> bool| -> Vec<&str> {
            STRONG_PERMISSIONS.iter().filter(|permission| form(permission)).map(|permission| permission.value).collect()
        };
        assert_eq!(of(|permission| permission.application), STRONG_APP_ROLES);
        assert_eq!(of(|permission| permission.delegated), STRONG_SCOPES);
    }

    #[test]
    fn what_takes_over_is_critical_and_the_rest_high() {
        for permission in &STRONG_APP_ROLES[..3] {
            assert_eq!(severity(with(&["User.Read.All", permission], &[], &[])), Some(Severity::Critical), "{permission}");
        }
        for permission in &STRONG_APP_ROLES[3..] {
            assert_eq!(severity(with(&[permission], &[], &[])), Some(Severity::High), "{permission}");
        }
        assert_eq!(severity(with(&[], &["RoleManagement.ReadWrite.Directory"], &[])), Some(Severity::High), "delegated: a user is needed");
        assert_eq!(severity(with(&[], &["Mail.Send", "User.Read"], &[])), None, "one mailbox at a time");
        assert_eq!(severity(with(&["User.Read.All"], &[], &[])), None);
        assert_eq!((severity(with(&[], &[], &[EXCHANGE])), severity(with(&[], &[], &[READERS]))), (Some(Severity::High), None));
    }

    #[test]
    fn settings_replace_the_lists() {
        assert!(with(&["User.Read.All"], &[], &[]).list("strong-app-roles", &["user.read.all"]).fires(&RULE));
        assert!(!with(&["Mail.Send"], &[], &[]).list("strong-app-roles", &[]).fires(&RULE));
        assert!(with(&[], &["Mail.Send"], &[]).list("strong-scopes", &["mail.send"]).fires(&RULE));
    }

    #[test]
    fn publishers_and_microsoft_support_are_no_partners() {
        let of = |owner: &str| customer_case(owned_by(owner, &["Mail.ReadWrite"], &[], &[]));
        assert!(of(ALPINE).fires(&RULE) && !of("vendor").fires(&RULE) && !of(MICROSOFT_SUPPORT_TENANT).fires(&RULE));
        assert!(of("vendor").approve("vendor", Some(&[]), Some(100)).fires(&RULE), "who is approved is a partner");
        let mut sold = owned_by("vendor", &["Mail.ReadWrite"], &[], &[]);
        sold["subscriptions"] = json!([{ "id": "s", "ownerTenantId": "vendor" }]);
        assert!(customer_case(sold).fires(&RULE));
    }

    #[test]
    fn an_approval_of_roles_covers_roles() {
        assert_eq!(severity(with(&[], &[], &[EXCHANGE]).approve(ALPINE, Some(&[EXCHANGE]), Some(100))), Some(Severity::Info));
        assert_eq!(severity(with(&["Mail.Send"], &[], &[EXCHANGE]).approve(ALPINE, Some(&[EXCHANGE]), Some(100))), Some(Severity::High));
        assert_eq!(
            severity(with(&["Mail.Send"], &[], &[]).approve(ALPINE, Some(&[roles::GLOBAL_ADMINISTRATOR]), Some(100))),
            Some(Severity::Info)
        );
        let beyond = with(&["Application.ReadWrite.All"], &[], &[]).approve(ALPINE, Some(&[EXCHANGE]), Some(100));
        assert_eq!(severity(beyond), Some(Severity::Critical));
    }

    #[test]
    fn what_is_strong_is_told_in_the_note() {
        let note = |case: Case| case.run(&RULE).findings.remove(0).note;
        assert_eq!(note(with(&["Mail.Send"], &[], &[])).as_deref(), Some("Mail.Send"));
        let both = note(with(&["Mail.Send"], &["RoleManagement.ReadWrite.Directory"], &[EXCHANGE])).unwrap();
        assert_eq!(both, "RoleManagement.ReadWrite.Directory, Exchange Admin, Mail.Send");
        let mut declared = owned_by("vendor", &["Mail.ReadWrite"], &[], &[]);
        declared["declared"] = json!({ "files": [{ "name": "f" }], "partners": [{ "partnerTenantId": "vendor", "kind": "Reseller" }] });
        assert!(customer_case(declared).fires(&RULE), "who is declared is a partner");
    }
}
