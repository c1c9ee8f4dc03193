//! AUD-01: see the page.

use std::collections::BTreeMap;

use crate::domain::customer::{AuditEvent, MICROSOFT_SUPPORT_TENANT};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::approval::lowered;
use super::audit_trail::{changes, guids, is_close, party, plain};
use super::shared::{CUSTOMER, NIST_T1199, text};

/// Activities that let an outside tenant in, in their plain form.
const ACTIVITIES: [&str; 4] =
    ["add a partner to cross-tenant access setting", "add partner to company", "set partnership", "promote company to partner"];

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-relationship-created",
        code: "AUD-01",
        title: "New partner or service provider entry was written",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "Low where the event, or else the cross-tenant access policy, says that the entry is not one of a service provider. Info for an \
                        approved tenant.",
        uses: &[],
        customer_uses: &[required(Dataset::Audits), helps(Dataset::CrossTenantPartners)],
        reads: Reads::Some,
        fields: &[
            "audits.activity",
            "audits.activityDateTime",
            "audits.result",
            "audits.actor",
            "audits.targets.id",
            "audits.targets.changes",
            "crossTenantPartners.tenantId",
            "crossTenantPartners.isServiceProvider",
        ],
        settings: &[],
        remediation: "Ask whoever did it which request it answers. If nobody can tell, end it at once (Microsoft 365 admin center > Settings > Partner \
                      relationships > (partner) > Remove roles), and look through what the account that approved it did before.",
        attack: &["T1199", "T1484.002"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &["AN1350"],
        unsourced: &[],
        page: include_str!("partner-relationship-created.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let mut by_tenant: BTreeMap<String, Vec<&AuditEvent>> = BTreeMap::new();
    for event in ctx.customer.audits.iter().filter(|event| event.succeeded() && ACTIVITIES.contains(&plain(&event.activity).as_str())) {
        let tenant = let_in(ctx, event).unwrap_or_else(|| ctx.tenant.tenant_id.clone());
        if tenant != MICROSOFT_SUPPORT_TENANT {
            by_tenant.entry(tenant).or_default().push(event);
        }
    }
    for (tenant, mut events) in by_tenant {
        events.sort_by(|a, b| (a.activity_date_time, &a.id).cmp(&(b.activity_date_time, &b.id)));
        for episode in events.chunk_by(|a, b| is_close(a.activity_date_time, b.activity_date_time)) {
            out.findings.extend(finding(ctx, &tenant, episode));
        }
    }
}

/// The outside tenant that was let in: what the event names so, or else any other tenant's id in it.
fn let_in(ctx: &Ctx<'_>, event: &AuditEvent) -> Option<String> {
    let own = ctx.tenant.tenant_id.to_ascii_lowercase();
    let named = event.new_value("tenantId").into_iter().flat_map(guids).find(|id| *id != own);
    let targets = || event.targets.iter().filter_map(|target| target.id.as_deref()).flat_map(guids).find(|id| *id != own);
    let values = || changes(event).filter_map(|change| change.new.as_deref()).flat_map(guids).find(|id| *id != own);
    // The target of a policy event is the policy; only an id that the ledger knows is taken for a tenant's.
    let known = || targets().filter(|id| ctx.ledger.get(id).is_some());
    named.or_else(known).or_else(values).or_else(targets)
}

/// True if the entry is known to be one of plain cross-tenant access.
fn is_plain(ctx: &Ctx<'_>, tenant: &str, episode: &[&AuditEvent]) -> bool {
    let says: Vec<&str> = episode.iter().filter_map(|event| event.new_value("isServiceProvider")).collect();
    let is_setting = episode.iter().all(|event| plain(&event.activity) == ACTIVITIES[0]);
    let by_event = !says.is_empty() && says.iter().all(|value| value.eq_ignore_ascii_case("false"));
    let listed = || ctx.customer.cross_tenant_partners.iter().filter(|partner| partner.tenant_id.eq_ignore_ascii_case(tenant)).min();
    is_setting && (by_event || (says.is_empty() && listed().is_some_and(|partner| !partner.is_service_provider)))
}

fn finding(ctx: &Ctx<'_>, tenant: &str, episode: &[&AuditEvent]) -> Option<Draft> {
    let first = episode.first()?;
    let approval = ctx.approval(tenant);
    let is_plain = is_plain(ctx, tenant, episode);
    let is_named = tenant != ctx.tenant.tenant_id;
    let severity = match (approval, is_plain) {
        (Some(_), _) => Severity::Info,
        (None, true) => Severity::Low,
        (None, false) => Severity::High,
    };
    let actor = &first.actor;
    let by = [&actor.display_name, &actor.user_principal_name, &actor.app_name, &actor.app_id].into_iter().flatten().next();
    let partner = party(ctx, is_named.then_some(tenant));
    let name = partner.as_ref().map_or("a partner that the event does not name", |partner| &partner.name).to_owned();
    let mut found = Draft::about("tenant", tenant, name)
        .key(first.id.as_ref())
        .severity(severity)
        .confidence(if is_named { Confidence::High } else { Confidence::Medium })
        .partner(partner)
        .since(Some(first.activity_date_time))
        .note(format!("on {} by {}", first.activity_date_time.date(), by.map_or("nobody whom the event names", |by| by)))
        .evidence("initiatedBy", text(by.map(|by| &**by)), Dataset::Audits);
    for event in episode {
        found = found.evidence("activityDateTime", event.activity_date_time.to_string(), Dataset::Audits).evidence(
            "activityDisplayName",
            &*event.activity,
            Dataset::Audits,
        );
        if let Some(is_provider) = event.new_value("isServiceProvider") {
            found = found.evidence("modifiedProperties.isServiceProvider", is_provider, Dataset::Audits);
        }
    }
    if is_plain {
        found = found.title("New cross-tenant access settings were written for an outside tenant");
        if let Some(partner) =
            ctx.customer.cross_tenant_partners.iter().filter(|partner| partner.tenant_id.eq_ignore_ascii_case(tenant)).min()
        {
            found = found.evidence("isServiceProvider", partner.is_service_provider, Dataset::CrossTenantPartners);
        }
    }
    Some(match approval {
        Some(approval) => lowered(found, approval),
        None => found,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::Severity;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::policy::rules::testing::{ALPINE, Case, at_hour, customer_case};

    fn event(id: &str, hours: i64, activity: &str, changes: Value) -> Value {
        json!({ "id": id, "activityDateTime": at_hour(hours).to_string(), "activity": activity, "result": "success",
            "actor": { "displayName": "Adele" }, "targets": [{ "changes": changes }] })
    }

    fn of(tenant: &str) -> Value {
        json!([{ "name": "tenantId", "new": format!("\"{tenant}\"") }])
    }

    fn with(activity: &str, changes: Value) -> Case {
        customer_case(json!({ "audits": [event("e", -5, activity, changes)] }))
    }

    fn severity(case: Case) -> Severity {
        case.run(&RULE).findings[0].severity.unwrap()
    }

    const ADDED: &str = "Add a partner to cross-tenant access setting";

    #[test]
    fn who_was_let_in_is_named() {
        let out = with(ADDED, of(ALPINE)).run(&RULE);
        assert_eq!((out.findings[0].subject.id.as_str(), out.findings[0].own_key.as_str()), (ALPINE, "e"));
        assert_eq!(severity(with("Add partner to company.", of(ALPINE))), Severity::High);
        let unnamed = with("Set Partnership", json!([])).run(&RULE);
        assert!(unnamed.findings[0].partner.is_none(), "a partner that is not named is still one");
        assert!(!with("Remove partner from company", of(ALPINE)).fires(&RULE));
    }

    #[test]
    fn support_and_failures_are_none() {
        assert!(!with(ADDED, of(MICROSOFT_SUPPORT_TENANT)).fires(&RULE));
        let mut failed = event("e", -5, ADDED, of(ALPINE));
        failed["result"] = json!("failure");
        assert!(!customer_case(json!({ "audits": [failed] })).fires(&RULE));
    }

    #[test]
    fn approved_tenants_and_plain_settings_weigh_less() {
        assert_eq!(severity(with(ADDED, of(ALPINE)).approve(ALPINE, Some(&[]), Some(100))), Severity::Info);
        let says =
            |value: &str| json!([{ "name": "tenantId", "new": ALPINE }, { "name": "isServiceProvider", "new": format!("\"{value}\"") }]);
        assert_eq!(severity(with(ADDED, says("False"))), Severity::Low);
        assert_eq!(severity(with(ADDED, says("True"))), Severity::High);
        let listed = |is_provider: bool| {
            let partners = json!([{ "tenantId": ALPINE, "isServiceProvider": is_provider }]);
            severity(customer_case(json!({ "audits": [event("e", -5, ADDED, of(ALPINE))], "crossTenantPartners": partners })))
        };
        assert_eq!((listed(false), listed(true)), (Severity::Low, Severity::High));
    }

    #[test]
    fn an_episode_is_one_finding_and_the_next_is_another() {
        let events = json!([
            event("b", -4, "Add partner to company", of(ALPINE)),
            event("a", -5, ADDED, of(ALPINE)),
            event("z", -80, ADDED, of(ALPINE))
        ]);
        let out = customer_case(json!({ "audits": events })).run(&RULE);
        assert_eq!(out.findings.iter().map(|draft| draft.own_key.as_str()).collect::<Vec<_>>(), ["z", "a"]);
    }

    #[test]
    fn whoever_is_let_in_it_is_not_this_tenant() {
        let subject = |target: &str, changes: Value| {
            let mut event = event("e", -5, ADDED, changes);
            event["targets"][0]["id"] = json!(target);
            customer_case(json!({ "audits": [event] })).run(&RULE).findings.remove(0).subject.id
        };
        let own = "11111111-1111-4111-8111-111111111111";
        let new = |id: &str| json!([{ "name": "tenantId", "new": own }, { "name": "partner", "new": format!("[\"{own}\",\"{id}\"]") }]);
        assert_eq!(subject(own, new(ALPINE)), ALPINE, "what changed names it");
        assert_eq!(subject(ALPINE, json!([{ "name": "tenantId", "new": own }])), ALPINE, "the target is it");
        assert_eq!(subject(own, json!([])), own, "a partner that is not named is still one");
    }
}
