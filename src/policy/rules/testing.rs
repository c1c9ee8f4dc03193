//! What the tests of the rules share: a case is facts, coverage and settings, judged at a fixed time.

use serde_json::Value as Json;

use crate::domain::{Coverage, Dataset, Snapshot, Timestamp};
use crate::policy::Compared;
use crate::policy::examples;
use crate::policy::index::Index;
use crate::policy::rule::{Ctx, Out, Rule};
use crate::policy::settings::{Approved, RuleSettings, Settings, Value, Waiver};

pub(crate) const EXCHANGE: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";
pub(crate) const READERS: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";
pub(crate) const SUPPORT: &str = "f023fd81-a637-4b56-95fd-791ac0226033";
pub(crate) const APPLICATION: &str = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";
pub(crate) const ALPINE: &str = "aaaaaaaa-0000-4000-8000-000000000001";
/// An outside tenant of the customer view.
pub(crate) const MSP: &str = "bbbbbbbb-0000-4000-8000-000000000001";

/// Days from the time at which cases are judged.
pub(crate) fn at(days: i64) -> Timestamp {
    Timestamp::parse("2026-06-01T00:00:00Z").unwrap().plus_days(days)
}

/// Hours from that time.
pub(crate) fn at_hour(hours: i64) -> Timestamp {
    Timestamp::new(at(0).utc() + chrono::TimeDelta::hours(hours))
}

pub(crate) struct Case {
    pub(crate) snapshot: Snapshot,
    pub(crate) now: Timestamp,
    settings: Vec<(&'static str, Value)>,
    approved: Vec<Approved>,
    waivers: Vec<Waiver>,
    off: Vec<&'static str>,
    baseline: Option<Snapshot>,
}

/// A case with these partner facts; every dataset complete, sign-ins over the 30 days before.
pub(crate) fn case(partner: Json) -> Case {
    of(&serde_json::json!({ "tenants": [{ "partner": partner }] }))
}

/// A case with these customer facts.
pub(crate) fn customer_case(customer: Json) -> Case {
    of(&serde_json::json!({ "tenants": [{ "view": "customer", "customer": customer }] }))
}

fn of(json: &Json) -> Case {
    let snapshot = examples::load(&json.to_string()).unwrap();
    Case { snapshot, now: at(0), settings: Vec::new(), approved: Vec::new(), waivers: Vec::new(), off: Vec::new(), baseline: None }
}

impl Case {
    pub(crate) fn coverage(mut self, dataset: Dataset, coverage: Coverage) -> Self {
        self.snapshot.tenants[0].coverage.insert(dataset, coverage);
        self
    }

    /// Sign-ins were read over this many days.
    pub(crate) fn window(self, days: i64) -> Self {
        self.coverage(Dataset::SignIns, Coverage { from: Some(at(-days)), to: Some(at(0)), ..Coverage::complete(0) })
    }

    pub(crate) fn int(mut self, name: &'static str, value: i64) -> Self {
        self.settings.push((name, Value::Int(value)));
        self
    }

    pub(crate) fn list(mut self, name: &'static str, items: &[&str]) -> Self {
        self.settings.push((name, Value::List(items.iter().map(|item| (*item).to_owned()).collect())));
        self
    }

    /// The organisation approved an outside tenant; `None` as roles: any that is not tier 0.
    pub(crate) fn approve(mut self, tenant_id: &str, roles: Option<&[&str]>, until_days: Option<i64>) -> Self {
        self.approved.push(Approved {
            tenant_id: tenant_id.into(),
            name: "Approved".into(),
            roles: roles.map(|roles| roles.iter().map(|role| (*role).to_owned()).collect()),
            until: until_days.map(at),
            owner: "it@example.com".into(),
            ticket: Some("CHG-1".into()),
            ..Approved::default()
        });
        self
    }

    /// The organisation approved a tenant within limits: [`MSP`] where they name none.
    pub(crate) fn approve_within(mut self, limits: Approved) -> Self {
        let tenant_id = if limits.tenant_id.is_empty() { MSP.into() } else { limits.tenant_id };
        self.approved.push(Approved { tenant_id, owner: "it@example.com".into(), ..limits });
        self
    }

    /// The organisation tolerates what a rule says of a subject.
    pub(crate) fn waive(mut self, rule_id: &'static str, subject: &str, until_days: i64) -> Self {
        self.waivers.push(Waiver {
            rule_id,
            subject: subject.into(),
            partner: None,
            customer: None,
            reason: "known".into(),
            owner: "it@example.com".into(),
            until: at(until_days),
        });
        self
    }

    /// The run before this one, of which another case holds the facts.
    pub(crate) fn after(mut self, earlier: Case) -> Self {
        self.baseline = Some(earlier.snapshot);
        self
    }

    /// A rule does not run.
    pub(crate) fn off(mut self, rule_id: &'static str) -> Self {
        self.off.push(rule_id);
        self
    }

    pub(crate) fn run(&self, rule: &Rule) -> Out {
        let mut own = RuleSettings::defaults(&rule.meta);
        for (name, value) in &self.settings {
            own.set(name, value.clone());
        }
        let mut out = Out::default();
        self.ctx(&own, |ctx| (rule.check)(ctx, &mut out));
        out
    }

    pub(crate) fn with_ctx<T>(&self, use_it: impl FnOnce(&Ctx<'_>) -> T) -> T {
        self.ctx(&RuleSettings::defaults(&super::ALL[0].meta), use_it)
    }

    /// The same with the settings of one rule.
    pub(crate) fn ctx_of<T>(&self, rule: &Rule, use_it: impl FnOnce(&Ctx<'_>) -> T) -> T {
        self.ctx(&RuleSettings::defaults(&rule.meta), use_it)
    }

    fn ctx<T>(&self, own: &RuleSettings, use_it: impl FnOnce(&Ctx<'_>) -> T) -> T {
        let settings = Settings::default();
        let on = super::ALL.iter().filter(|rule| !self.off.contains(&rule.meta.id));
        let selected: Vec<_> = on.map(|rule| (&rule.meta, &settings.rules[rule.meta.id])).collect();
        let tenant = &self.snapshot.tenants[0];
        let index = Index::new(&tenant.partner);
        let ledger = crate::domain::ledger::of_view(tenant, settings.reading);
        let seen = crate::policy::seen::Seen::of(tenant, &ledger);
        let baseline = self.baseline.as_ref().map(|baseline| crate::policy::baseline_of(baseline, &settings));
        let compared = baseline.as_ref().and_then(|baseline| Compared::new(baseline, tenant, &ledger, self.snapshot.collected_at));
        use_it(&Ctx {
            tenant,
            facts: &tenant.partner,
            index: &index,
            customer: &tenant.customer,
            ledger: &ledger,
            seen: &seen,
            baseline: compared.as_ref(),
            approved: &self.approved,
            waivers: &self.waivers,
            now: self.now,
            lookback_days: self.snapshot.lookback_days,
            settings: own,
            selected: &selected,
        })
    }

    /// Subject ids of the findings.
    pub(crate) fn subjects(&self, rule: &Rule) -> Vec<String> {
        self.run(rule).findings.into_iter().map(|draft| draft.subject.id).collect()
    }

    pub(crate) fn fires(&self, rule: &Rule) -> bool {
        !self.run(rule).findings.is_empty()
    }
}

/// An active relationship with Alpine; `more` overrides.
pub(crate) fn relationship(id: &str, roles: &[&str], more: Json) -> Json {
    let base = serde_json::json!({
        "id": id, "displayName": id, "status": "active", "customer": { "tenantId": ALPINE, "displayName": "Alpine" },
        "roles": roles, "duration": "P365D", "autoExtendDuration": "PT0S",
        "createdDateTime": at(-200).to_string(), "activatedDateTime": at(-200).to_string(),
        "lastModifiedDateTime": at(-200).to_string(), "endDateTime": at(165).to_string(),
    });
    merge(base, more)
}

/// An active assignment; `more` overrides.
pub(crate) fn assignment(id: &str, relationship: &str, group: &str, roles: &[&str], more: Json) -> Json {
    let base = serde_json::json!({
        "id": id, "relationshipId": relationship, "status": "active", "groupId": group, "roles": roles,
        "createdDateTime": at(-200).to_string(), "lastModifiedDateTime": at(-200).to_string(),
    });
    merge(base, more)
}

/// A role held for the whole tenant by a group of an outside tenant.
pub(crate) fn held_role(id: &str, principal: &str, tenant: &str, role: &str) -> Json {
    serde_json::json!({
        "id": id, "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/",
        "principalTenantId": tenant, "principalKind": "group", "principalName": format!("group {principal}")
    })
}

fn merge(mut base: Json, more: Json) -> Json {
    if let (Some(base), Json::Object(more)) = (base.as_object_mut(), more) {
        base.extend(more);
    }
    base
}

/// A technician of [`MSP`]: the stable id, and the sign-in name here.
pub(crate) const ANN: &str = "44444444444444448444444444444444";
pub(crate) const ANN_NAME: &str = "user_44444444444444448444444444444444";

/// A successful, interactive sign-in of [`ANN`] with two factors, in hours from the time at which cases are judged; `more` overrides.
pub(crate) fn visit(id: &str, hours: i64, more: Json) -> Json {
    let base = serde_json::json!({
        "id": id, "createdDateTime": at_hour(hours).to_string(), "userId": "44444444-4444-4444-8444-444444444444",
        "userPrincipalName": ANN_NAME, "resourceTenantId": "11111111-1111-4111-8111-111111111111", "homeTenantId": MSP,
        "crossTenantAccessType": "serviceProvider", "isInteractive": true, "errorCode": 0, "country": "NL", "asn": 64496,
        "ipAddress": "192.0.2.10", "authenticationRequirement": "multiFactorAuthentication", "clientAppUsed": "Browser",
        "authenticationProtocol": "none", "originalTransferMethod": "none", "position": [52.37, 4.9],
    });
    merge(base, more)
}

/// A case of the customer view in which a file of [`MSP`], three days old, declares these relationships.
pub(crate) fn declared(relationships: Vec<Json>) -> Case {
    declared_beside(relationships, serde_json::json!({}))
}

/// The same beside other facts.
pub(crate) fn declared_beside(relationships: Vec<Json>, facts: Json) -> Case {
    let rows: Vec<Json> =
        relationships.into_iter().map(|row| serde_json::json!({ "partnerTenantId": MSP, "relationship": row, "file": 0 })).collect();
    let file = serde_json::json!({ "name": "partner.json", "form": "snapshot", "dated": at(-3).to_string() });
    customer_case(merge(serde_json::json!({ "declared": { "files": [file], "relationships": rows } }), facts))
}

/// Facts of the customer view: [`MSP`] is a service provider that may be given these roles.
pub(crate) fn ceiling(roles: &[&str]) -> Json {
    serde_json::json!({
        "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }],
        "providerConstraints": [{ "tenantId": MSP, "allowedRoles": roles, "createdDateTime": at(-200).to_string() }],
    })
}

/// A list of the facts of the customer view beside others.
pub(crate) fn beside(facts: Json, more: Json) -> Json {
    merge(facts, more)
}
