//! APP-03: see the page.

use std::collections::BTreeMap;

use crate::domain::customer::ServicePrincipal;
use crate::domain::ledger::{Entry, LedgerApp, in_order};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, Status, Timestamp};
use crate::policy::rule::{Ctx, Draft, Out, Rule};
use crate::policy::settings::RuleSettings;

use super::partner_app_high_privilege::{self as app_02, Strength, is_partner};
use super::shared::{CUSTOMER, days, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-app-stale-or-unverified",
        code: "APP-03",
        title: "Partner app is unused, unverified or has long-lived secrets",
        views: CUSTOMER,
        severity: Severity::Low,
        severity_note: "Medium where the application has strong permissions or a strong role too.",
        uses: &[],
        customer_uses: &[
            required(Dataset::ServicePrincipals),
            helps(Dataset::AppRoleAssignments),
            helps(Dataset::DelegatedGrants),
            helps(Dataset::AppSignIns),
            helps(Dataset::CrossTenantPartners),
            helps(Dataset::Subscriptions),
            helps(Dataset::RoleAssignments),
            helps(Dataset::RoleSchedules),
            helps(Dataset::SignIns),
            helps(Dataset::Governance),
            helps(Dataset::Declared),
        ],
        reads: Reads::Some,
        fields: &[
            "servicePrincipals.ownerTenantId",
            "servicePrincipals.verifiedPublisher",
            "servicePrincipals.credentials.kind",
            "servicePrincipals.credentials.startDateTime",
            "servicePrincipals.credentials.endDateTime",
            "appSignIns.servicePrincipalId",
            "appSignIns.createdDateTime",
            "appSignIns.errorCode",
            "appRoleAssignments.permission",
            "delegatedGrants.scopes",
            "coverage.app-sign-ins.from",
            "coverage.app-sign-ins.to",
            "crossTenantPartners.isServiceProvider",
        ],
        settings: &[
            days("app-unused-days", 90, "Days without a sign-in of the application after which it is unused."),
            days("max-secret-days", 180, "Longest life of a secret, in days."),
        ],
        remediation: "Ask the partner whether it still needs the application. If not: DELETE /servicePrincipals/{id}, or Microsoft Entra admin center \
                      > Enterprise applications > (application) > Properties > Delete. Ask for publisher verification, and replace long secrets by \
                      certificates or short ones.",
        attack: &["T1199", "T1550.001"],
        mitigations: &["M1018"],
        nist: &["AC-6", "CM-6", "CM-7", "IA-4"],
        benchmarks: &["CIS 5.1.5.3-5.1.5.6", "SCuBA MS.AAD.5.6v1"],
        analytics: &["AN1349"],
        unsourced: &[],
        page: include_str!("partner-app-stale-or-unverified.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let judge = Judge::new(ctx);
    for entry in ctx.ledger.entries.values().filter(|entry| is_partner(ctx, entry)) {
        for app in &entry.apps {
            judge.app(entry, app, out);
        }
    }
}

/// What every application is judged with.
struct Judge<'a> {
    ctx: &'a Ctx<'a>,
    principals: BTreeMap<String, &'a ServicePrincipal>,
    last_use: BTreeMap<String, Timestamp>,
    /// Start and end of the log that was read to its end.
    window: Option<(Timestamp, Timestamp)>,
    strength: RuleSettings,
}

impl<'a> Judge<'a> {
    fn new(ctx: &'a Ctx<'a>) -> Self {
        let mut last_use: BTreeMap<String, Timestamp> = BTreeMap::new();
        for event in ctx.customer.app_sign_ins.iter().filter(|event| event.error_code == 0) {
            let last = last_use.entry(event.service_principal_id.to_ascii_lowercase()).or_insert(event.created_date_time);
            *last = event.created_date_time.max(*last);
        }
        let coverage = ctx.coverage(Dataset::AppSignIns);
        let to = coverage.to.unwrap_or(ctx.now).min(ctx.now);
        let from = coverage.from.unwrap_or_else(|| to.plus_days(-i64::from(ctx.lookback_days)));
        // What APP-02 calls strong, by its settings in this run.
        let own = ctx.selected.iter().find(|(meta, _)| meta.id == app_02::RULE.meta.id).map(|(_, settings)| (*settings).clone());
        Judge {
            ctx,
            principals: in_order(&ctx.customer.service_principals).into_iter().map(|app| (app.id.to_ascii_lowercase(), app)).collect(),
            last_use,
            window: (coverage.status == Status::Complete).then_some((from, to)),
            strength: own.unwrap_or_else(|| RuleSettings::defaults(&app_02::RULE.meta)),
        }
    }

    fn app(&self, entry: &Entry, app: &LedgerApp, out: &mut Out) {
        // Known only by a role that it holds: nothing of it was read.
        let Some(principal) = self.principals.get(&app.id) else {
            out.unjudged(&app.id, Dataset::ServicePrincipals);
            return;
        };
        let severity = if Strength::of(app, &self.strength).is_empty() { Severity::Low } else { Severity::Medium };
        let about = |key: &str| {
            Draft::outside(entry).subject("application", &app.id, &app.name).key(key).severity(severity).confidence(Confidence::Medium)
        };
        if app.verified_publisher.is_none() {
            let found = about("unverified").title("Partner app has no verified publisher").note("publisher not verified");
            out.push(found.evidence("verifiedPublisher", serde_json::Value::Null, Dataset::ServicePrincipals));
        }
        self.secrets(principal, &about, out);
        self.usage(app, &about, out);
    }

    fn secrets(&self, principal: &ServicePrincipal, about: &impl Fn(&str) -> Draft, out: &mut Out) {
        let most = self.ctx.settings.int("max-secret-days");
        let live = principal.credentials.iter().filter(|secret| secret.kind == "password");
        let long = live.filter_map(|secret| {
            let end = secret.end_date_time.filter(|end| *end > self.ctx.now)?;
            // Without a start it is at least as long as what is left of it.
            let start = secret.start_date_time.unwrap_or(self.ctx.now);
            (end > start.plus_days(most)).then(|| (end.days_since(start), secret, end))
        });
        let mut long: Vec<_> = long.collect();
        long.sort_by(|a, b| (b.0, &a.1.key_id).cmp(&(a.0, &b.1.key_id)));
        let Some((longest, ..)) = long.first() else { return };
        let mut found = about("long-lived-secret")
            .title("Partner app has a secret that lives too long")
            .note(format!("a secret of {longest} days"))
            .setting("max-secret-days", most);
        for (_, secret, end) in &long {
            found = found
                .evidence("passwordCredentials.keyId", secret.key_id.as_str(), Dataset::ServicePrincipals)
                .evidence("passwordCredentials.startDateTime", time(secret.start_date_time), Dataset::ServicePrincipals)
                .evidence("passwordCredentials.endDateTime", time(Some(*end)), Dataset::ServicePrincipals);
        }
        out.push(found);
    }

    /// No sign-in in a log that is long enough. In a shorter one nothing can be said of an application that does not stand in it.
    fn usage(&self, app: &LedgerApp, about: &impl Fn(&str) -> Draft, out: &mut Out) {
        let unused = self.ctx.settings.int("app-unused-days");
        let last = self.last_use.get(&app.id).copied();
        if last.is_some_and(|last| last > self.ctx.now.plus_days(-unused)) || app.enabled == Some(false) {
            return;
        }
        match self.window {
            Some((from, to)) if from <= to.plus_days(-unused) => out.push(
                about("unused")
                    .title("Partner app is not used")
                    .note(last.map_or_else(|| format!("no sign-in in {unused} days"), |last| format!("last used {}", last.date())))
                    .since(last)
                    .evidence("servicePrincipalSignIns.createdDateTime", time(last), Dataset::AppSignIns)
                    .evidence("coverage.from", time(Some(from)), Dataset::AppSignIns)
                    .setting("app-unused-days", unused),
            ),
            _ => out.unjudged(&app.id, Dataset::AppSignIns),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{ALPINE, Case, at, at_hour, customer_case};

    fn with(app: Value, more: Value) -> Case {
        let mut principal =
            json!({ "id": "sp", "appId": "app", "displayName": "RMM", "ownerTenantId": ALPINE, "verifiedPublisher": "Alpine" });
        principal.as_object_mut().unwrap().extend(app.as_object().unwrap().clone());
        let mut facts = json!({ "servicePrincipals": [principal], "crossTenantPartners": [{ "tenantId": ALPINE, "isServiceProvider": true }],
            "appSignIns": [{ "id": "s", "createdDateTime": at(-1).to_string(), "servicePrincipalId": "SP", "appOwnerTenantId": ALPINE }] });
        facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        customer_case(facts)
    }

    fn keys(case: &Case) -> Vec<String> {
        case.run(&RULE).findings.into_iter().map(|draft| draft.own_key).collect()
    }

    #[test]
    fn used_verified_and_short_lived_is_fine() {
        let out = with(json!({}), json!({})).run(&RULE);
        assert!(out.findings.is_empty() && out.unjudged.is_empty());
        assert_eq!(keys(&with(json!({ "verifiedPublisher": null }), json!({}))), ["unverified"]);
        assert!(
            !with(json!({ "verifiedPublisher": null, "ownerTenantId": "vendor" }), json!({})).fires(&RULE),
            "a publisher is no partner"
        );
    }

    #[test]
    fn the_life_of_a_secret() {
        let secret = |start: Value, end: crate::domain::Timestamp, kind: &str| {
            let credential = json!({ "keyId": "k", "kind": kind, "startDateTime": start, "endDateTime": end.to_string() });
            keys(&with(json!({ "credentials": [credential] }), json!({})))
        };
        let start = || json!(at(-10).to_string());
        assert!(secret(start(), at(170), "password").is_empty(), "180 days");
        assert_eq!(secret(start(), at(171), "password"), ["long-lived-secret"]);
        assert!(secret(start(), at(171), "key").is_empty(), "a certificate");
        assert!(secret(json!(at(-900).to_string()), at(-1), "password").is_empty(), "it has ended");
        assert!(secret(json!(at(-900).to_string()), at(0), "password").is_empty(), "it ends now");
        assert_eq!((secret(Value::Null, at(181), "password").len(), secret(Value::Null, at(180), "password").len()), (1, 0));
    }

    #[test]
    fn unused_only_where_the_log_reaches_back_far_enough() {
        let log = |days: i64, last: crate::domain::Timestamp| {
            let sign_in =
                json!([{ "id": "s", "createdDateTime": last.to_string(), "servicePrincipalId": "sp", "appOwnerTenantId": ALPINE }]);
            let coverage = Coverage { from: Some(at(-days)), to: Some(at(0)), ..Coverage::complete(1) };
            with(json!({}), json!({ "appSignIns": sign_in })).coverage(Dataset::AppSignIns, coverage)
        };
        assert_eq!(keys(&log(90, at(-90))), ["unused"]);
        assert!(keys(&log(90, at_hour(-90 * 24 + 1))).is_empty());
        let short = log(89, at(-90)).run(&RULE);
        assert_eq!((short.findings.len(), short.unjudged), (0, vec![("sp".to_owned(), Dataset::AppSignIns)]));
        assert_eq!(keys(&log(30, at(-40)).int("app-unused-days", 30)), ["unused"]);
        let cut = log(90, at(-90)).coverage(Dataset::AppSignIns, Coverage::new(Status::Partial)).run(&RULE);
        assert_eq!((cut.findings.len(), cut.unjudged.len()), (0, 1));
    }

    #[test]
    fn a_failed_sign_in_is_no_use_and_a_disabled_app_is_not_missed() {
        let failed = json!([{ "id": "s", "createdDateTime": at(-1).to_string(), "servicePrincipalId": "sp", "appOwnerTenantId": ALPINE, "errorCode": 7000 }]);
        let case = |app: Value| with(app, json!({ "appSignIns": failed.clone() })).int("app-unused-days", 30);
        assert_eq!(keys(&case(json!({}))), ["unused"]);
        assert!(keys(&case(json!({ "accountEnabled": false }))).is_empty());
    }

    #[test]
    fn strong_permissions_make_it_medium() {
        let given = json!({ "appRoleAssignments": [{ "id": "a", "principalId": "sp", "permission": "Mail.Send" }] });
        let severity = |more: Value| with(json!({ "verifiedPublisher": null }), more).run(&RULE).findings[0].severity;
        assert_eq!((severity(json!({})), severity(given)), (Some(Severity::Low), Some(Severity::Medium)));
    }
}
