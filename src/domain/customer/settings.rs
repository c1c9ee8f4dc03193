//! Cross-tenant settings: what is trusted, who may synchronise, which roles a service provider may be given.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;

/// Inbound trust. Graph: `crossTenantAccessPolicyInboundTrust`. `None`: the default holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct InboundTrust {
    /// Multifactor done at home counts here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_mfa_accepted: Option<bool>,
    /// A compliant device of theirs counts here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_compliant_device_accepted: Option<bool>,
    /// A hybrid-joined device of theirs counts here.
    #[serde(rename = "isHybridAzureADJoinedDeviceAccepted", skip_serializing_if = "Option::is_none")]
    pub is_hybrid_device_accepted: Option<bool>,
}

/// Cross-tenant settings, of the default or of one tenant. `None` means that the default holds; resolve before judging.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CrossTenantSettings {
    /// What of theirs is trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbound_trust: Option<InboundTrust>,
    /// `automaticUserConsentSettings.inboundAllowed`: their users come in without a consent prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_consent_inbound: Option<bool>,
    /// B2B direct connect inbound lets all of their users in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_connect_inbound_all: Option<bool>,
    /// B2B collaboration inbound lets all of their users in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collaboration_inbound_all: Option<bool>,
}

impl CrossTenantSettings {
    /// These settings, with what is not set taken from `default`.
    #[must_use]
    pub fn over(&self, default: &CrossTenantSettings) -> CrossTenantSettings {
        let trust = match (self.inbound_trust, default.inbound_trust) {
            (Some(own), Some(default)) => Some(InboundTrust {
                is_mfa_accepted: own.is_mfa_accepted.or(default.is_mfa_accepted),
                is_compliant_device_accepted: own.is_compliant_device_accepted.or(default.is_compliant_device_accepted),
                is_hybrid_device_accepted: own.is_hybrid_device_accepted.or(default.is_hybrid_device_accepted),
            }),
            (own, default) => own.or(default),
        };
        CrossTenantSettings {
            inbound_trust: trust,
            auto_consent_inbound: self.auto_consent_inbound.or(default.auto_consent_inbound),
            direct_connect_inbound_all: self.direct_connect_inbound_all.or(default.direct_connect_inbound_all),
            collaboration_inbound_all: self.collaboration_inbound_all.or(default.collaboration_inbound_all),
        }
    }
}

/// A tenant with its own cross-tenant settings. Graph: `crossTenantAccessPolicyConfigurationPartner`; its key is the tenant id.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CrossTenantPartner {
    /// The outside tenant.
    pub tenant_id: String,
    /// True: a CSP, Microsoft Support or a governing tenant. Says nothing of DAP.
    pub is_service_provider: bool,
    /// Member of one multitenant organisation with this tenant.
    pub is_in_multi_tenant_organization: bool,
    /// As written; `None` in them: the default holds.
    pub settings: CrossTenantSettings,
}

/// Cross-tenant synchronisation of one tenant. Graph: `crossTenantIdentitySyncPolicyPartner`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct IdentitySync {
    /// The outside tenant.
    pub tenant_id: String,
    /// `userSyncInbound.isSyncAllowed`: it can make users here.
    pub is_inbound_sync_allowed: bool,
}

/// The roles that a service provider may be given. Graph: `delegatedAdminServiceProviderConstraints`, known from metadata only.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProviderConstraint {
    /// The outside tenant.
    pub tenant_id: String,
    /// Role template ids, sorted: the union over all relationships of that tenant.
    pub allowed_roles: Vec<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<Timestamp>,
    /// When it last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified_date_time: Option<Timestamp>,
}
