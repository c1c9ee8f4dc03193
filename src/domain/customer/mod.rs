//! The facts of the customer view, as plain types: what stands in the tenant's own directory about tenants outside.
//!
//! Field names follow Microsoft Graph where it has them. Every list is sorted by id when a collector hands it over; nothing in the
//! engine depends on that order. Ids are lower case.

mod apps;
mod audit;
mod holders;
mod settings;
mod ties;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::apps::{AppCredential, AppRoleAssignment, AppSignIn, DelegatedGrant, ServicePrincipal};
pub use self::audit::{AuditActor, AuditChange, AuditEvent, AuditTarget};
pub use self::holders::{ExternalUser, ForeignPrincipal, HolderKind, RoleAssignment, RoleDefinition, RoleSchedule};
pub use self::settings::{CrossTenantPartner, CrossTenantSettings, IdentitySync, InboundTrust, ProviderConstraint};
pub use self::ties::{GovernanceKind, GovernanceRow, Subscription, TenantName};
use super::conditional_access::{AuthenticationStrength, ConditionalAccessPolicy, NamedLocation};
use super::declared::{Declared, MailboxEvent};
use super::facts::{Licenses, Organization, SignInLog};
use super::roles;

/// The tenant of Microsoft Support (`Office365ConciergeSupport.onmicrosoft.com`), which a support case makes a service provider.
pub const MICROSOFT_SUPPORT_TENANT: &str = "b4c546a4-7dac-46a6-a7dd-ed822a11efd3";
/// Microsoft's own owners of first-party applications: left out of the ledger.
pub const MICROSOFT_OWNER_TENANTS: [&str; 2] = ["f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"];
/// Service principals of the GDAP machinery, with what their presence means.
pub const MARKERS: [(&str, &str); 4] = [
    ("2832473f-ec63-45fb-976f-5d45a7d4bb91", "Partner customer delegated administration"),
    ("a3475900-ccec-4a69-98f5-a65cd5dc5306", "Partner customer delegated admin offline processor"),
    ("b39d63e7-7fa3-4b2b-94ea-ee256fdb8c2f", "Partner Center delegated admin migration"),
    ("bc56af95-7a3b-459f-98a9-bd86532b0e89", "Microsoft Entra GDAP"),
];

/// All facts of the customer view.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CustomerFacts {
    /// The tenant itself; `None` if it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<Organization>,
    /// Premium licences; `None` if they could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licenses: Option<Licenses>,
    /// Cross-tenant settings for every tenant without settings of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_tenant_default: Option<CrossTenantSettings>,
    /// Tenants with settings of their own.
    pub cross_tenant_partners: Vec<CrossTenantPartner>,
    /// Cross-tenant synchronisation.
    pub identity_sync: Vec<IdentitySync>,
    /// Role ceilings.
    pub provider_constraints: Vec<ProviderConstraint>,
    /// Roles of the directory.
    pub role_definitions: Vec<RoleDefinition>,
    /// Roles held from outside.
    pub role_assignments: Vec<RoleAssignment>,
    /// Eligibility and timed assignments of the same.
    pub role_schedules: Vec<RoleSchedule>,
    /// Principals of other tenants.
    pub foreign_principals: Vec<ForeignPrincipal>,
    /// Names of outside tenants.
    pub tenant_names: Vec<TenantName>,
    /// Applications of outside tenants, and markers.
    pub service_principals: Vec<ServicePrincipal>,
    /// Their application permissions.
    pub app_role_assignments: Vec<AppRoleAssignment>,
    /// Their tenant-wide delegated permissions.
    pub delegated_grants: Vec<DelegatedGrant>,
    /// Guests and external members who hold roles.
    pub external_users: Vec<ExternalUser>,
    /// Conditional Access policies.
    pub conditional_access: Vec<ConditionalAccessPolicy>,
    /// Named locations.
    pub named_locations: Vec<NamedLocation>,
    /// Authentication strengths.
    pub authentication_strengths: Vec<AuthenticationStrength>,
    /// Security defaults on or off; `None` if it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_defaults: Option<bool>,
    /// Subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// Sign-ins from outside.
    pub sign_ins: SignInLog,
    /// Sign-ins of applications of outside tenants.
    pub app_sign_ins: Vec<AppSignIn>,
    /// Audit events, oldest first.
    pub audits: Vec<AuditEvent>,
    /// Entra Tenant Governance.
    pub governance: Vec<GovernanceRow>,
    /// What a partner or an admin says.
    pub declared: Declared,
    /// Mailbox events of the unified audit log.
    pub purview: Vec<MailboxEvent>,
}

impl CustomerFacts {
    /// The role template id of a definition: its own id for built-in roles. A custom role has none that the catalog knows.
    pub fn template_of<'a>(&'a self, role_definition_id: &'a str) -> &'a str {
        let definition = self.role_definitions.iter().find(|definition| definition.id == role_definition_id);
        definition.and_then(|definition| definition.template_id.as_deref()).unwrap_or(role_definition_id)
    }

    /// The best name of a role definition.
    pub fn role_name<'a>(&'a self, role_definition_id: &'a str) -> &'a str {
        let definition = self.role_definitions.iter().find(|definition| definition.id == role_definition_id);
        let own = definition.and_then(|definition| definition.display_name.as_deref()).filter(|name| !name.is_empty());
        own.unwrap_or_else(|| roles::name(self.template_of(role_definition_id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_comes_from_the_default() {
        let default = CrossTenantSettings {
            inbound_trust: Some(InboundTrust {
                is_mfa_accepted: Some(true),
                is_compliant_device_accepted: Some(false),
                is_hybrid_device_accepted: None,
            }),
            auto_consent_inbound: Some(false),
            ..Default::default()
        };
        let own = CrossTenantSettings {
            inbound_trust: Some(InboundTrust { is_compliant_device_accepted: Some(true), ..Default::default() }),
            ..Default::default()
        };
        let effective = own.over(&default);
        let trust = effective.inbound_trust.unwrap();
        assert_eq!(
            (trust.is_mfa_accepted, trust.is_compliant_device_accepted, trust.is_hybrid_device_accepted),
            (Some(true), Some(true), None)
        );
        assert_eq!(effective.auto_consent_inbound, Some(false));
        assert_eq!(CrossTenantSettings::default().over(&default), default);
    }

    #[test]
    fn json_quotes_of_audit_values_come_off() {
        let event: AuditEvent = serde_json::from_value(serde_json::json!({
            "id": "e", "activityDateTime": "2026-01-01T00:00:00Z", "activity": "x",
            "targets": [{ "changes": [{ "name": "tenantId", "new": "\"4444\"" }] }]
        }))
        .unwrap();
        assert_eq!(event.new_value("TenantId"), Some("4444"));
        assert_eq!(event.new_value("other"), None);
        assert!(event.succeeded());
    }
}
