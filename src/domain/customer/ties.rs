//! Ties beside access: names, subscriptions, Entra Tenant Governance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::open_enum;

/// Name and domain of an outside tenant. Graph: `tenantInformation`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TenantName {
    /// The tenant.
    pub tenant_id: String,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Its default domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_domain: Option<String>,
}

/// A subscription that a partner may have sold. Graph: `companySubscription`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Subscription {
    /// Id.
    pub id: String,
    /// `skuPartNumber`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku_part_number: Option<String>,
    /// The partner tenant that made it; `None` if bought directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_tenant_id: Option<String>,
    /// `Enabled`, `Suspended`, …, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<Timestamp>,
}

open_enum! {
    /// What of Entra Tenant Governance a row is.
    pub enum GovernanceKind {
        /// A governing tenant holds delegated administration here.
        Relationship = "relationship",
        /// It asked for it.
        Request = "request",
        /// It was invited.
        Invitation = "invitation",
    }
}

/// A row of Entra Tenant Governance in which this tenant is the governed one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GovernanceRow {
    /// Id.
    pub id: String,
    /// What it is.
    pub kind: GovernanceKind,
    /// The governing tenant.
    pub governing_tenant_id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governing_tenant_name: Option<String>,
    /// `active`, `terminated`, …, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `approvedByAdmin` or `addOnTenant`, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_type: Option<String>,
    /// `policySnapshot.governedTenantCanTerminate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governed_tenant_can_terminate: Option<bool>,
    /// Role template ids of the delegated administration, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Application ids that it puts here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provisioned_apps: Vec<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<Timestamp>,
    /// When a request or an invitation lapses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_date_time: Option<Timestamp>,
}
