//! XTA-04: see the page.

use serde_json::Value;

use crate::domain::customer::CrossTenantSettings;
use crate::domain::ledger::{Class, Entry};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity, Status};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{CUSTOMER, holds, list};

const SYNC: &str = "user-sync";

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "service-provider-extra-trust",
        code: "XTA-04",
        title: "A service provider is trusted beyond delegated administration",
        views: CUSTOMER,
        severity: Severity::Medium,
        severity_note: "High where it may synchronise users into this tenant.",
        uses: &[],
        customer_uses: &[
            required(Dataset::CrossTenantPartners),
            required(Dataset::CrossTenantDefault),
            helps(Dataset::IdentitySync),
            helps(Dataset::Governance),
        ],
        reads: Reads::Some,
        fields: &[
            "crossTenantPartners.isServiceProvider",
            "crossTenantPartners.settings.inboundTrust",
            "crossTenantPartners.settings.autoConsentInbound",
            "crossTenantPartners.settings.directConnectInboundAll",
            "crossTenantDefault.inboundTrust",
            "identitySync.isInboundSyncAllowed",
            "crossTenantDefault.autoConsentInbound",
        ],
        settings: &[list("allowed-trust", &[], "What may be trusted: `user-sync`, `auto-consent`, `device-trust`, `direct-connect`.")],
        remediation: "Entra admin center > External Identities > Cross-tenant access settings > Organizational settings > (organisation) > Inbound \
                      access: take back device trust, automatic redemption, B2B direct connect and cross-tenant sync that nobody needs (Graph: PATCH \
                      /policies/crossTenantAccessPolicy/partners/{tenantId}).",
        attack: &["T1199", "T1136.003", "T1484.002"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-3", "AC-4", "AC-6", "CM-6", "SC-46"],
        benchmarks: &["CIS M365 v7.0 5.1.6 (related)"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("service-provider-extra-trust.md"),
    },
    check,
};

/// One way in besides delegated administration: its word, and the fields that open it.
struct Trust {
    word: &'static str,
    note: &'static str,
    open: Vec<(&'static str, Value, Dataset)>,
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let allowed = ctx.settings.list("allowed-trust");
    for entry in ctx.ledger.of_class(Class::ServiceProvider).filter(|entry| entry.service_provider_entry) {
        note_unread(ctx, entry, out);
        for trust in trusts(entry).into_iter().filter(|trust| !trust.open.is_empty() && !holds(allowed, trust.word)) {
            let severity = if trust.word == SYNC { Severity::High } else { Severity::Medium };
            let mut draft = Draft::outside(entry).key(trust.word).severity(severity).note(trust.note);
            for (field, value, source) in trust.open {
                draft = draft.evidence(field, value, source);
            }
            out.push(draft.setting("allowed-trust", allowed.to_vec()));
        }
    }
}

fn trusts(entry: &Entry) -> [Trust; 4] {
    let settings = entry.settings.clone().unwrap_or_default();
    let devices = settings.inbound_trust.unwrap_or_default();
    let open = |value: Option<bool>, field: &'static str| {
        (value == Some(true)).then_some((field, Value::Bool(true), Dataset::CrossTenantPartners))
    };
    let sync = entry.inbound_sync.then_some(("userSyncInbound.isSyncAllowed", Value::Bool(true), Dataset::IdentitySync));
    let devices = [
        open(devices.is_compliant_device_accepted, "inboundTrust.isCompliantDeviceAccepted"),
        open(devices.is_hybrid_device_accepted, "inboundTrust.isHybridAzureADJoinedDeviceAccepted"),
    ];
    let consent = open(settings.auto_consent_inbound, "automaticUserConsentSettings.inboundAllowed");
    let all = || Value::String("AllUsers".to_owned());
    let direct = (settings.direct_connect_inbound_all == Some(true))
        .then(|| ("b2bDirectConnectInbound.usersAndGroups", all(), Dataset::CrossTenantPartners));
    [
        Trust { word: SYNC, note: "may make users here", open: sync.into_iter().collect() },
        Trust { word: "auto-consent", note: "invitations are redeemed unasked", open: consent.into_iter().collect() },
        Trust { word: "device-trust", note: "its devices count as managed", open: devices.into_iter().flatten().collect() },
        Trust { word: "direct-connect", note: "B2B direct connect for all of its users", open: direct.into_iter().collect() },
    ]
}

/// Settings that are left to a default which was not read, and synchronisation that was not read, are not known to be closed.
fn note_unread(ctx: &Ctx<'_>, entry: &Entry, out: &mut Out) {
    let is_default_unread =
        ctx.tenant.coverage.get(&Dataset::CrossTenantDefault).is_none_or(|coverage| coverage.status != Status::Complete);
    if is_default_unread && !entry.settings.as_ref().is_some_and(is_said) {
        out.unjudged(&entry.tenant_id, Dataset::CrossTenantDefault);
    }
    if !entry.inbound_sync && !ctx.is_complete_for(Dataset::IdentitySync, &entry.tenant_id) {
        out.unjudged(&entry.tenant_id, Dataset::IdentitySync);
    }
}

/// True if nothing is left to the default.
fn is_said(settings: &CrossTenantSettings) -> bool {
    let devices = settings.inbound_trust.unwrap_or_default();
    [
        settings.auto_consent_inbound,
        settings.direct_connect_inbound_all,
        devices.is_compliant_device_accepted,
        devices.is_hybrid_device_accepted,
    ]
    .iter()
    .all(Option::is_some)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{Case, MSP, customer_case};

    fn with(tenant: &str, provider: bool, settings: Value, default: Value, sync: bool) -> Case {
        customer_case(json!({
            "crossTenantPartners": [{ "tenantId": tenant, "isServiceProvider": provider, "settings": settings }],
            "crossTenantDefault": default,
            "identitySync": [{ "tenantId": tenant, "isInboundSyncAllowed": sync }]
        }))
    }

    fn found(case: &Case) -> Vec<(String, Option<Severity>)> {
        case.run(&RULE).findings.into_iter().map(|draft| (draft.own_key, draft.severity)).collect()
    }

    #[test]
    fn each_way_in_is_a_finding_of_its_own() {
        let one = |settings: Value, sync: bool| found(&with(MSP, true, settings, json!({}), sync));
        let medium = |word: &str| vec![(word.to_owned(), Some(Severity::Medium))];
        assert_eq!(one(json!({}), false), []);
        assert_eq!(one(json!({}), true), [("user-sync".to_owned(), Some(Severity::High))]);
        assert_eq!(one(json!({ "autoConsentInbound": true }), false), medium("auto-consent"));
        assert_eq!(one(json!({ "directConnectInboundAll": true }), false), medium("direct-connect"));
        assert_eq!(one(json!({ "inboundTrust": { "isCompliantDeviceAccepted": true } }), false), medium("device-trust"));
        assert_eq!(one(json!({ "inboundTrust": { "isHybridAzureADJoinedDeviceAccepted": true } }), false), medium("device-trust"));
        assert_eq!(
            one(json!({ "inboundTrust": { "isMfaAccepted": true }, "collaborationInboundAll": true }), false),
            [],
            "that is no more than usual"
        );
    }

    #[test]
    fn what_is_not_set_is_the_default_s() {
        let default = || json!({ "autoConsentInbound": true });
        assert_eq!(found(&with(MSP, true, json!({}), default(), false)).len(), 1);
        assert_eq!(found(&with(MSP, true, json!({ "autoConsentInbound": false }), default(), false)), []);
    }

    #[test]
    fn only_service_providers_and_not_what_is_allowed() {
        let trust = || json!({ "autoConsentInbound": true });
        assert_eq!(found(&with(MSP, false, trust(), json!({}), true)), []);
        assert_eq!(found(&with(MICROSOFT_SUPPORT_TENANT, true, trust(), json!({}), true)), []);
        let allowed = with(MSP, true, trust(), json!({}), true).list("allowed-trust", &["auto-consent"]);
        assert_eq!(found(&allowed).len(), 1, "user sync is left");
    }

    #[test]
    fn a_default_that_was_not_read_closes_nothing() {
        let denied = || Coverage::new(Status::Denied);
        let open = with(MSP, true, json!({}), Value::Null, false).coverage(Dataset::CrossTenantDefault, denied());
        assert_eq!(open.run(&RULE).unjudged, [(MSP.to_owned(), Dataset::CrossTenantDefault)]);
        let said = json!({ "autoConsentInbound": false, "directConnectInboundAll": false,
            "inboundTrust": { "isCompliantDeviceAccepted": false, "isHybridAzureADJoinedDeviceAccepted": false } });
        assert!(with(MSP, true, said, Value::Null, false).coverage(Dataset::CrossTenantDefault, denied()).run(&RULE).unjudged.is_empty());
        let sync = with(MSP, true, json!({}), json!({}), false).coverage(Dataset::IdentitySync, denied());
        assert_eq!(sync.run(&RULE).unjudged, [(MSP.to_owned(), Dataset::IdentitySync)]);
    }
}
