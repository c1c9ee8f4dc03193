//! Roles of the directory and who holds them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::facts::PimKind;
use crate::open_enum;

/// A role of the directory. Graph: `unifiedRoleDefinition`. Only built-in ones have a template id that the catalog knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RoleDefinition {
    /// Id of the definition.
    pub id: String,
    /// Template id; equal to `id` for built-in roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Built in, or the tenant's own.
    pub is_built_in: bool,
}

open_enum! {
    /// What holds a role.
    pub enum HolderKind {
        /// `#microsoft.graph.user`
        User = "user",
        /// `#microsoft.graph.group`
        Group = "group",
        /// `#microsoft.graph.servicePrincipal`
        ServicePrincipal = "servicePrincipal",
        /// `#microsoft.graph.directoryObjectPartnerReference`
        PartnerReference = "directoryObjectPartnerReference",
    }
}

/// A role held. Graph: `unifiedRoleAssignment` with its principal. Kept: those of principals of other tenants, of guests, of
/// applications that others own, and of role-assignable groups with such members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleAssignment {
    /// Id of the assignment.
    pub id: String,
    /// Who holds it.
    pub principal_id: String,
    /// Id of the role definition.
    pub role_definition_id: String,
    /// `/` for the whole tenant.
    #[serde(default)]
    pub directory_scope_id: String,
    /// `principalOrganizationId`, or the organisation of the expanded principal: the tenant that the principal belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_tenant_id: Option<String>,
    /// What the principal is, where it was expanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_kind: Option<HolderKind>,
    /// Its name, where it was expanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_name: Option<String>,
}

/// An eligibility or a timed assignment. Graph: `unifiedRole*ScheduleInstance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleSchedule {
    /// Id of the instance.
    pub id: String,
    /// Who.
    pub principal_id: String,
    /// Id of the role definition.
    pub role_definition_id: String,
    /// `/` for the whole tenant.
    #[serde(default)]
    pub directory_scope_id: String,
    /// Eligible only, or assigned.
    pub kind: PimKind,
    /// The tenant that the principal belongs to, where it was expanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_tenant_id: Option<String>,
    /// What the principal is, where it was expanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_kind: Option<HolderKind>,
    /// Its name, where it was expanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_name: Option<String>,
    /// End; `None` for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date_time: Option<Timestamp>,
}

/// A principal of another tenant. Graph: `directoryObjectPartnerReference`. Its members are in that tenant and cannot be read here.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ForeignPrincipal {
    /// Object id.
    pub id: String,
    /// Its name, which the outside tenant chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// `externalPartnerTenantId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// `group`, `user`, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_type: Option<String>,
}

/// A guest or external member who holds a role, by itself or through a role-assignable group. Graph: `user`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ExternalUser {
    /// Object id here.
    pub id: String,
    /// Display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Sign-in name here (`…#EXT#@…`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_principal_name: Option<String>,
    /// Mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// `Guest` or `Member`, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_type: Option<String>,
    /// `false`: cannot sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_enabled: Option<bool>,
    /// The tenant of its mail domain, where it could be found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home_tenant_id: Option<String>,
    /// Role-assignable groups of this tenant that it is in and that hold roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub through_groups: Vec<String>,
    /// When the account was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<Timestamp>,
}
