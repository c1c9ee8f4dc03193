//! SGN-09: see the page.

use std::collections::BTreeMap;

use crate::domain::customer::AppSignIn;
use crate::domain::ledger::{Class, Entry, LedgerApp};
use crate::domain::rule_meta::{Reads, helps};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, View};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::network::{Network, Prefixes};
use super::shared::{BOTH, count, text};
use super::visits::{BASELINE_DAYS, MIN_BASELINE_DAYS, Memory, Past};

/// Where the log has no autonomous system, a range of addresses stands for it.
const PREFIXES: Prefixes = Prefixes { v4: 24, v6: 48 };

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-app-signin-new-source",
        code: "SGN-09",
        title: "Application of a partner signs in from a new network or with a new credential",
        views: BOTH,
        severity: Severity::Medium,
        severity_note: "High where the application holds a permission or a role that can take over the tenant.",
        uses: &[],
        customer_uses: &[
            helps(Dataset::AppSignIns),
            helps(Dataset::ServicePrincipals),
            helps(Dataset::AppRoleAssignments),
            helps(Dataset::DelegatedGrants),
            helps(Dataset::CrossTenantPartners),
            helps(Dataset::RoleAssignments),
            helps(Dataset::RoleSchedules),
            helps(Dataset::SignIns),
            helps(Dataset::Governance),
            helps(Dataset::Subscriptions),
            helps(Dataset::Declared),
        ],
        reads: Reads::All,
        fields: &[
            "customer.appSignIns.servicePrincipalId",
            "customer.appSignIns.appOwnerTenantId",
            "customer.appSignIns.asn",
            "customer.appSignIns.ipAddress",
            "customer.appSignIns.credentialKeyId",
            "customer.appSignIns.errorCode",
            "customer.appSignIns.createdDateTime",
            "customer.appRoleAssignments.permission",
            "customer.delegatedGrants.scopes",
            "customer.servicePrincipals.displayName",
            "coverage.app-sign-ins.from",
            "coverage.app-sign-ins.to",
            "crossTenantPartners.isServiceProvider",
        ],
        settings: &[
            BASELINE_DAYS,
            MIN_BASELINE_DAYS,
            count("min-baseline-events", 20, "Sign-ins of the same application that the baseline must hold."),
        ],
        remediation: "Ask the partner whether it moved the application or renewed its credential. If not: the partner replaces the secret in its own tenant, \
                      best by a certificate or a managed identity, and here the application is switched off until then (Entra admin center > Enterprise \
                      applications > the application > Properties > Enabled for users to sign in: No).",
        attack: &["T1199", "T1550.001", "T1098.001"],
        mitigations: &["M1018"],
        nist: &["AC-20", "IA-2", "SI-4"],
        benchmarks: &[],
        analytics: &["AN1347", "AN1349"],
        unsourced: &[(View::Partner, "sign-ins of own applications into customers are not read")],
        page: include_str!("partner-app-signin-new-source.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let past = Past::of(ctx, Dataset::AppSignIns);
    for ((owner, app), events) in by_app(ctx) {
        let Some(entry) = ctx.ledger.get(&owner).filter(|entry| is_partner(entry)) else { continue };
        match past {
            Some(past) => judge(ctx, out, entry, &app, &events, past),
            None => out.unjudged(&app, Dataset::AppSignIns),
        }
    }
}

/// A tenant that administers this one or sold to it. Of others' applications nobody expects a settled source.
fn is_partner(entry: &Entry) -> bool {
    matches!(entry.class, Class::ServiceProvider | Class::GoverningTenant | Class::Reseller)
}

/// Successes by owner and application, oldest first.
fn by_app<'a>(ctx: &Ctx<'a>) -> BTreeMap<(String, String), Vec<&'a AppSignIn>> {
    let mut groups: BTreeMap<(String, String), Vec<&AppSignIn>> = BTreeMap::new();
    for event in ctx.customer.app_sign_ins.iter().filter(|event| event.error_code == 0) {
        let key = (event.app_owner_tenant_id.trim().to_ascii_lowercase(), event.service_principal_id.trim().to_ascii_lowercase());
        groups.entry(key).or_default().push(event);
    }
    for events in groups.values_mut() {
        events.sort_by(|a, b| (a.created_date_time, &a.id).cmp(&(b.created_date_time, &b.id)));
        events.dedup_by(|later, kept| !later.id.is_empty() && later.id == kept.id);
    }
    groups
}

fn judge(ctx: &Ctx<'_>, out: &mut Out, entry: &Entry, app: &str, events: &[&AppSignIn], past: Past) {
    let app = entry.apps.iter().find(|known| known.id.eq_ignore_ascii_case(app)).ok_or(app);
    let least = ctx.settings.int("min-baseline-events");
    let (mut networks, mut keys, mut all) = (Memory::<Network>::new(), Memory::<&str>::new(), Memory::new());
    for event in events {
        let at = event.created_date_time;
        let start = past.start(at);
        let network = Network::of(event.asn, event.ip_address.as_deref(), PREFIXES);
        let key = event.credential_key_id.as_deref();
        if past.reaches(at) && all.count(start) >= least {
            // A past without any network, or without any credential, is none that this event could be compared with.
            let new_network = network.as_ref().filter(|network| networks.count(start) > 0 && !networks.knows(network, start));
            let new_key = key.filter(|key| keys.count(start) > 0 && !keys.knows(key, start));
            if new_network.is_some() || new_key.is_some() {
                let known: Vec<String> = networks.known(start).map(Network::to_string).collect();
                let mut draft = draft(ctx, entry, app, event);
                if let Some(network) = new_network {
                    draft = draft.evidence("network", network.to_string(), Dataset::AppSignIns).evidence(
                        "network (baseline)",
                        known,
                        Dataset::AppSignIns,
                    );
                }
                if let Some(key) = new_key {
                    let known: Vec<&str> = keys.known(start).copied().collect();
                    draft = draft.evidence("servicePrincipalCredentialKeyId", key, Dataset::AppSignIns).evidence(
                        "servicePrincipalCredentialKeyId (baseline)",
                        known,
                        Dataset::AppSignIns,
                    );
                }
                let note = match (new_network, new_key) {
                    (Some(network), Some(_)) => format!("{network}, new credential"),
                    (Some(network), None) => network.to_string(),
                    _ => "new credential".to_owned(),
                };
                out.push(draft.note(note).setting("min-baseline-events", least));
            }
        }
        if let Some(network) = network {
            networks.add(network, at);
        }
        if let Some(key) = key {
            keys.add(key, at);
        }
        all.add((), at);
    }
}

/// A finding about the application; `Err`: only the log names it.
fn draft(ctx: &Ctx<'_>, entry: &Entry, app: Result<&LedgerApp, &str>, event: &AppSignIn) -> Draft {
    let (id, name) = app.map_or_else(|id| (id, id), |app| (&*app.id, &*app.name));
    let draft = Draft::about("servicePrincipal", id, name)
        .key(&*event.id)
        .partner(Draft::outside(entry).partner)
        .confidence(Confidence::Medium)
        .since(Some(event.created_date_time))
        .evidence("id", &*event.id, Dataset::AppSignIns)
        .evidence("createdDateTime", event.created_date_time.to_string(), Dataset::AppSignIns)
        .evidence("appOwnerTenantId", &*event.app_owner_tenant_id, Dataset::AppSignIns)
        .evidence("ipAddress", text(event.ip_address.as_deref()), Dataset::AppSignIns)
        .setting(BASELINE_DAYS.name, ctx.settings.int(BASELINE_DAYS.name));
    let Ok(app) = app else { return draft.severity(Severity::Medium) };
    let mut strong: Vec<String> = app.strong.clone();
    strong.extend(app.roles.iter().filter(|role| role.tier == Some(0)).map(|role| role.role_name.clone()));
    strong.sort();
    strong.dedup();
    match strong.is_empty() {
        true => draft.severity(Severity::Medium),
        false => draft.severity(Severity::High).evidence("permissions", strong, Dataset::AppRoleAssignments),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{Case, MSP, at, at_hour, customer_case};

    fn event(id: &str, hours: i64, more: Value) -> Value {
        let mut event = json!({
            "id": id, "createdDateTime": at_hour(hours).to_string(), "servicePrincipalId": "sp", "appOwnerTenantId": MSP, "asn": 64496,
            "ipAddress": "192.0.2.40", "credentialKeyId": "k1"
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    }

    /// So many nightly sign-ins, then another one.
    fn then(before: i64, more: Value) -> Vec<Value> {
        let mut events: Vec<Value> = (0..before).map(|n| event(&format!("b{n:02}"), -24 * (n + 1), json!({}))).collect();
        events.push(event("e1", -2, more));
        events
    }

    fn with(events: Vec<Value>, more: Value) -> Case {
        let mut facts = json!({ "appSignIns": events, "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }] });
        facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let log = Coverage { from: Some(at(-30)), to: Some(at(0)), ..Coverage::complete(0) };
        customer_case(facts).coverage(Dataset::AppSignIns, log)
    }

    fn fires(events: Vec<Value>) -> bool {
        with(events, json!({})).fires(&RULE)
    }

    #[test]
    fn a_new_network_or_credential_and_both_are_one_finding() {
        assert!(!fires(then(20, json!({}))));
        assert!(fires(then(20, json!({ "asn": 64510 }))));
        assert!(fires(then(20, json!({ "credentialKeyId": "k2" }))));
        assert_eq!(with(then(20, json!({ "asn": 64510, "credentialKeyId": "k2" })), json!({})).run(&RULE).findings.len(), 1);
        assert!(!fires(then(19, json!({ "asn": 64510 }))), "nineteen events are no baseline");
        assert!(!fires(then(20, json!({ "asn": 64510, "errorCode": 7_000_215 }))));
        assert!(!fires(then(20, json!({ "ipAddress": "198.51.100.1" }))), "the same system");
        assert!(fires(then(20, json!({ "asn": null, "ipAddress": "198.51.100.1" }))), "another range, and no system");
        assert!(!fires(then(20, json!({ "asn": null, "ipAddress": null, "credentialKeyId": null }))));
    }

    #[test]
    fn a_past_without_credentials_makes_none_new() {
        let mut events = then(20, json!({ "credentialKeyId": "k2" }));
        for event in &mut events[..20] {
            event["credentialKeyId"] = Value::Null;
        }
        assert!(!fires(events));
    }

    #[test]
    fn only_applications_of_partners() {
        let vendor = with(
            then(20, json!({ "asn": 64510 })),
            json!({ "crossTenantPartners": [], "servicePrincipals": [{ "id": "sp", "appId": "a", "ownerTenantId": MSP }] }),
        );
        assert!(!vendor.fires(&RULE), "of a software vendor nobody expects a settled source");
        let reseller = json!({ "crossTenantPartners": [], "subscriptions": [{ "id": "s", "ownerTenantId": MSP }] });
        assert!(with(then(20, json!({ "asn": 64510 })), reseller).fires(&RULE));
    }

    #[test]
    fn an_application_that_can_take_over_is_high() {
        let app = json!({ "servicePrincipals": [{ "id": "sp", "appId": "a", "displayName": "Backup", "ownerTenantId": MSP }] });
        let severity = |permission: &str| {
            let mut facts = app.clone();
            facts["appRoleAssignments"] =
                json!([{ "id": "r", "principalId": "sp", "resourceName": "Microsoft Graph", "permission": permission }]);
            let draft = with(then(20, json!({ "asn": 64510 })), facts).run(&RULE).findings.remove(0);
            assert_eq!((draft.subject.id.as_str(), draft.subject.name.as_str(), draft.own_key.as_str()), ("sp", "Backup", "e1"));
            draft.severity
        };
        assert_eq!(severity("RoleManagement.ReadWrite.Directory"), Some(Severity::High));
        assert_eq!(severity("User.Read"), Some(Severity::Medium));
    }

    #[test]
    fn a_log_that_does_not_show_absence_judges_nothing() {
        let half = Coverage { from: Some(at(-30)), to: Some(at(0)), ..Coverage::new(Status::Partial) };
        let out = with(then(20, json!({ "asn": 64510 })), json!({})).coverage(Dataset::AppSignIns, half).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![("sp".to_owned(), Dataset::AppSignIns)]));
        let short = Coverage { from: Some(at(-13)), to: Some(at(0)), ..Coverage::complete(0) };
        assert!(!with(then(20, json!({ "asn": 64510 })), json!({})).coverage(Dataset::AppSignIns, short).fires(&RULE));
    }

    #[test]
    fn the_note_says_what_is_new() {
        let note = |more: Value| with(then(20, more), json!({})).run(&RULE).findings.remove(0).note.unwrap();
        assert_eq!(note(json!({ "asn": 64510 })), "AS64510");
        assert_eq!(note(json!({ "credentialKeyId": "k2" })), "new credential");
        assert_eq!(note(json!({ "asn": 64510, "credentialKeyId": "k2" })), "AS64510, new credential");
    }

    #[test]
    fn an_application_with_a_tier_0_role_is_high_and_with_another_is_not() {
        let severity = |role: &str| {
            let facts = json!({
                "servicePrincipals": [{ "id": "sp", "appId": "a", "displayName": "Backup", "ownerTenantId": MSP }],
                "roleAssignments": [{ "id": "h", "principalId": "sp", "roleDefinitionId": role, "directoryScopeId": "/", "principalKind": "servicePrincipal" }]
            });
            with(then(20, json!({ "asn": 64510 })), facts).run(&RULE).findings[0].severity
        };
        assert_eq!(severity(crate::domain::roles::GLOBAL_ADMINISTRATOR), Some(Severity::High));
        assert_eq!(severity(crate::policy::rules::testing::READERS), Some(Severity::Medium));
    }
}
