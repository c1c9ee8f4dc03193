//! Cross-tenant access settings: the default, and the tenants that have settings of their own.

use serde::Deserialize;

use crate::collect::reader::{Read, Reader, read_of};
use crate::collect::relationships::note_lost;
use crate::collect::wire::{Flag, Items, Object, Text};
use crate::domain::customer::{CrossTenantPartner, CrossTenantSettings, InboundTrust};
use crate::domain::{Coverage, Dataset, Status};
use crate::graph::{Get, Wire};

/// Graph: `crossTenantAccessPolicyConfigurationDefault`, and the same members of `…Partner`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SettingsWire {
    inbound_trust: Object<TrustWire>,
    automatic_user_consent_settings: Object<ConsentWire>,
    b2b_collaboration_inbound: Object<B2bWire>,
    b2b_direct_connect_inbound: Object<B2bWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TrustWire {
    is_mfa_accepted: Flag,
    is_compliant_device_accepted: Flag,
    #[serde(rename = "isHybridAzureADJoinedDeviceAccepted")]
    is_hybrid_device_accepted: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ConsentWire {
    inbound_allowed: Flag,
}

/// Graph: `crossTenantAccessPolicyB2BSetting`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct B2bWire {
    users_and_groups: Object<TargetsWire>,
    applications: Object<TargetsWire>,
}

/// Graph: `crossTenantAccessPolicyTargetConfiguration`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TargetsWire {
    access_type: Text,
    targets: Items<TargetWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TargetWire {
    target: Text,
}

impl TargetsWire {
    fn is(&self, access: &str) -> bool {
        self.access_type.get().is_some_and(|text| text.eq_ignore_ascii_case(access))
    }

    fn names(&self, wanted: &str) -> bool {
        self.targets.0.iter().any(|target| target.target.get().is_some_and(|text| text.eq_ignore_ascii_case(wanted)))
    }
}

impl B2bWire {
    /// Whether everyone of the other tenant is let in; `None` where it is not said. A block of some names lets everyone else in.
    fn lets_all_in(&self) -> Option<bool> {
        let users = self.users_and_groups.0.as_ref()?;
        let no_application = self.applications.0.as_ref().is_some_and(|apps| apps.is("blocked") && apps.names("AllApplications"));
        if no_application {
            return Some(false);
        }
        match (users.is("allowed"), users.is("blocked"), users.names("AllUsers")) {
            (true, _, all) => Some(all),
            (_, true, true) => Some(false),
            (_, true, false) => (!users.targets.0.is_empty()).then_some(true),
            _ => None,
        }
    }
}

impl SettingsWire {
    fn into_fact(self) -> CrossTenantSettings {
        let lets_all_in = |setting: Object<B2bWire>| setting.0.and_then(|setting| setting.lets_all_in());
        CrossTenantSettings {
            inbound_trust: self.inbound_trust.0.map(|trust| InboundTrust {
                is_mfa_accepted: trust.is_mfa_accepted.0,
                is_compliant_device_accepted: trust.is_compliant_device_accepted.0,
                is_hybrid_device_accepted: trust.is_hybrid_device_accepted.0,
            }),
            auto_consent_inbound: self.automatic_user_consent_settings.0.and_then(|settings| settings.inbound_allowed.0),
            direct_connect_inbound_all: lets_all_in(self.b2b_direct_connect_inbound),
            collaboration_inbound_all: lets_all_in(self.b2b_collaboration_inbound),
        }
    }
}

/// What the default does not say. Of a partner silence means the default; below the default there is nothing.
fn unsaid(default: &CrossTenantSettings) -> Vec<&'static str> {
    let trust = default.inbound_trust.unwrap_or_default();
    [
        ("inboundTrust.isMfaAccepted", trust.is_mfa_accepted),
        ("inboundTrust.isCompliantDeviceAccepted", trust.is_compliant_device_accepted),
        ("inboundTrust.isHybridAzureADJoinedDeviceAccepted", trust.is_hybrid_device_accepted),
        ("automaticUserConsentSettings.inboundAllowed", default.auto_consent_inbound),
        ("b2bDirectConnectInbound", default.direct_connect_inbound_all),
        ("b2bCollaborationInbound", default.collaboration_inbound_all),
    ]
    .into_iter()
    .filter_map(|(name, said)| said.is_none().then_some(name))
    .collect()
}

/// Reads what holds for tenants without settings of their own.
pub(in crate::collect) async fn default(reader: Reader<'_>) -> Read<Option<CrossTenantSettings>> {
    let dataset = Dataset::CrossTenantDefault;
    if let Some(coverage) = reader.skipped(dataset) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let get = read_of(dataset, Get::v1("/policies/crossTenantAccessPolicy/default", &[]));
    match reader.client.get::<SettingsWire>(&get).await {
        Ok(wire) => {
            progress.one();
            let facts = wire.into_fact();
            let mut coverage = Coverage::complete(1);
            let unsaid = unsaid(&facts);
            if !unsaid.is_empty() {
                coverage =
                    Coverage { status: Status::Partial, ..coverage }.because(format!("the answer does not say {}", unsaid.join(", ")));
            }
            Read { facts: Some(facts), coverage }
        }
        Err(error) => Read::none(reader.judge(dataset, None).error(&error)),
    }
}

/// Graph: `crossTenantAccessPolicyConfigurationPartner`. It has no `id`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PartnerWire {
    tenant_id: Text,
    is_service_provider: Flag,
    is_in_multi_tenant_organization: Flag,
    #[serde(flatten)]
    settings: SettingsWire,
}

impl Wire for PartnerWire {
    fn key(&self) -> Option<&str> {
        self.tenant_id.get()
    }
}

impl PartnerWire {
    fn into_fact(self) -> Option<CrossTenantPartner> {
        Some(CrossTenantPartner {
            tenant_id: self.tenant_id.id()?,
            is_service_provider: self.is_service_provider.0 == Some(true),
            is_in_multi_tenant_organization: self.is_in_multi_tenant_organization.0 == Some(true),
            settings: self.settings.into_fact(),
        })
    }
}

/// Reads the tenants with settings of their own.
pub(in crate::collect) async fn partners(reader: Reader<'_>) -> Read<Vec<CrossTenantPartner>> {
    let dataset = Dataset::CrossTenantPartners;
    if let Some(coverage) = reader.skipped(dataset) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let mut facts: Vec<CrossTenantPartner> = Vec::new();
    let get = read_of(dataset, Get::v1("/policies/crossTenantAccessPolicy/partners", &[]));
    let listing = reader
        .client
        .list(&get, None, &mut |wire: PartnerWire| {
            progress.one();
            facts.extend(wire.into_fact());
        })
        .await;
    facts.sort_by(|a, b| a.tenant_id.cmp(&b.tenant_id));
    let mut coverage = reader.judge(dataset, None).listing(&listing, facts.len() as u64);
    note_lost(&mut coverage, listing.records, facts.len());
    Read { facts, coverage }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: serde_json::Value) -> CrossTenantSettings {
        serde_json::from_value::<SettingsWire>(json).unwrap().into_fact()
    }

    fn users(access: &str, targets: &[&str]) -> Option<bool> {
        let targets: Vec<_> = targets.iter().map(|target| serde_json::json!({ "target": target, "targetType": "user" })).collect();
        settings(serde_json::json!({ "b2bDirectConnectInbound": { "usersAndGroups": { "accessType": access, "targets": targets } } }))
            .direct_connect_inbound_all
    }

    #[test]
    fn what_is_null_is_not_said() {
        let bare = serde_json::json!({ "inboundTrust": null, "automaticUserConsentSettings": { "inboundAllowed": null }, "b2bCollaborationInbound": null });
        assert_eq!(settings(bare), CrossTenantSettings::default());
        let trust =
            settings(serde_json::json!({ "inboundTrust": { "isMfaAccepted": true, "isHybridAzureADJoinedDeviceAccepted": false } }));
        let trust = trust.inbound_trust.unwrap();
        assert_eq!(
            (trust.is_mfa_accepted, trust.is_compliant_device_accepted, trust.is_hybrid_device_accepted),
            (Some(true), None, Some(false))
        );
    }

    #[test]
    fn who_is_let_in() {
        assert_eq!(users("allowed", &["AllUsers"]), Some(true));
        assert_eq!(users("allowed", &["3f0a"]), Some(false));
        assert_eq!(users("blocked", &["AllUsers"]), Some(false));
        assert_eq!(users("blocked", &["3f0a"]), Some(true), "everyone but those comes in");
        assert_eq!(users("blocked", &[]), None);
        assert_eq!(users("unknownFutureValue", &["AllUsers"]), None);
        let no_app = serde_json::json!({ "b2bDirectConnectInbound": {
            "usersAndGroups": { "accessType": "allowed", "targets": [{ "target": "AllUsers" }] },
            "applications": { "accessType": "blocked", "targets": [{ "target": "AllApplications" }] } } });
        assert_eq!(settings(no_app).direct_connect_inbound_all, Some(false));
    }

    #[test]
    fn a_partner_is_known_by_its_tenant() {
        let wire: PartnerWire = serde_json::from_value(serde_json::json!({
            "tenantId": "ABC", "isServiceProvider": true, "isInMultiTenantOrganization": null, "inboundTrust": { "isMfaAccepted": false }
        }))
        .unwrap();
        assert_eq!(wire.key(), Some("ABC"));
        let partner = wire.into_fact().unwrap();
        assert_eq!(
            (partner.tenant_id.as_str(), partner.is_service_provider, partner.is_in_multi_tenant_organization),
            ("abc", true, false)
        );
        assert_eq!(partner.settings.inbound_trust.unwrap().is_mfa_accepted, Some(false));
        assert_eq!(PartnerWire::default().into_fact(), None);
    }
}
