//! Applications of outside tenants: what they may do, and their sign-ins.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;

/// A secret or certificate of an application, by its dates only.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AppCredential {
    /// Key id.
    pub key_id: String,
    /// `password` or `key`.
    pub kind: String,
    /// Start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date_time: Option<Timestamp>,
    /// End.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date_time: Option<Timestamp>,
}

/// An application here that another tenant owns, or a marker. Graph: `servicePrincipal`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ServicePrincipal {
    /// Object id.
    pub id: String,
    /// Application id.
    pub app_id: String,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// `appOwnerOrganizationId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_tenant_id: Option<String>,
    /// `false`: cannot sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_enabled: Option<bool>,
    /// Name of the verified publisher; `None`: not verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_publisher: Option<String>,
    /// Groups of this tenant that hold roles and that it is in: object ids, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub through_groups: Vec<String>,
    /// Credentials that stand in **this** tenant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<AppCredential>,
}

/// An application permission held by an application of an outside tenant. Graph: `appRoleAssignment`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AppRoleAssignment {
    /// Id of the assignment.
    pub id: String,
    /// Object id of the application's service principal.
    pub principal_id: String,
    /// Name of the resource (`Microsoft Graph`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// The permission's value (`RoleManagement.ReadWrite.Directory`), or the id of the app role where it is not known.
    pub permission: String,
    /// When it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<Timestamp>,
}

/// A delegated permission for the whole tenant. Graph: `oAuth2PermissionGrant` with `consentType` `AllPrincipals`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DelegatedGrant {
    /// Id of the grant.
    pub id: String,
    /// Object id of the application's service principal.
    pub client_id: String,
    /// Object id of the resource's service principal.
    pub resource_id: String,
    /// The scopes, sorted.
    pub scopes: Vec<String>,
}

/// A sign-in of an application that an outside tenant owns. Graph beta: `signIn`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppSignIn {
    /// Id of the event.
    pub id: Box<str>,
    /// When.
    pub created_date_time: Timestamp,
    /// Object id of the service principal here.
    pub service_principal_id: Arc<str>,
    /// The tenant that owns the application.
    pub app_owner_tenant_id: Arc<str>,
    /// 0 is success.
    #[serde(default)]
    pub error_code: i32,
    /// Address as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<Arc<str>>,
    /// Autonomous system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// Which secret or certificate was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_key_id: Option<Arc<str>>,
}
