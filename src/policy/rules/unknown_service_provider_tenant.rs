//! XTA-01: see the page.

use crate::domain::ledger::Class;
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::ended;
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{CUSTOMER, NIST_T1199, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "unknown-service-provider-tenant",
        code: "XTA-01",
        title: "A service provider is not on the list of approved tenants",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "Medium while the list of approved tenants is empty: then nobody was reviewed yet.",
        uses: &[],
        customer_uses: &[required(Dataset::CrossTenantPartners), helps(Dataset::Governance)],
        reads: Reads::Some,
        fields: &[
            "crossTenantPartners.tenantId",
            "crossTenantPartners.isServiceProvider",
            "governance.governingTenantId",
            "governance.status",
        ],
        settings: &[],
        remediation: "If nobody answers for it, take its roles away: Microsoft 365 admin center > Settings > Partner relationships > (partner) > \
                      Remove roles. If it is wanted, add an [[approved]] entry with its tenant id, roles, owner and end to partnerscope.toml.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("unknown-service-provider-tenant.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    // Microsoft Support and a governing tenant have such an entry too, and are none: their class says so.
    let providers = ctx.ledger.of_class(Class::ServiceProvider).filter(|entry| entry.service_provider_entry);
    for entry in providers.filter(|entry| ctx.approval(&entry.tenant_id).is_none()) {
        let draft = Draft::outside(entry).since(entry.ceiling_created).evidence("isServiceProvider", true, Dataset::CrossTenantPartners);
        let draft = match entry.ceiling_created {
            Some(made) => draft.evidence("serviceProviderConstraints.createdDateTime", time(Some(made)), Dataset::ProviderConstraints),
            None => draft,
        };
        out.push(match ended::of(ctx.approved, &entry.tenant_id, ctx.now) {
            Some(approval) => draft.note("its approval has run out").naming(approval),
            None if ctx.approved.is_empty() => {
                draft.severity(Severity::Medium).note("not reviewed: nobody is approved yet").setting("approved", Vec::<String>::new())
            }
            None => {
                let listed: Vec<&str> = ctx.approved.iter().map(|approved| approved.tenant_id.as_str()).collect();
                draft.note("not approved").setting("approved", listed)
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::Severity;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::policy::rules::testing::{ALPINE, Case, MSP, customer_case};

    fn with(tenant: &str, more: Value) -> Case {
        let mut facts = json!({ "crossTenantPartners": [{ "tenantId": tenant, "isServiceProvider": true }] });
        facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        customer_case(facts)
    }

    fn severity(case: &Case) -> Option<Severity> {
        case.run(&RULE).findings.first().and_then(|draft| draft.severity.or(Some(RULE.meta.severity)))
    }

    #[test]
    fn listed_or_not_and_no_list_at_all() {
        assert_eq!(severity(&with(MSP, json!({}))), Some(Severity::Medium));
        assert_eq!(severity(&with(MSP, json!({})).approve(ALPINE, None, None)), Some(Severity::High));
        assert_eq!(severity(&with(MSP, json!({})).approve(MSP, None, None)), None);
        assert_eq!(severity(&with(MSP, json!({})).approve(MSP, None, Some(0))), None, "to the last moment");
        let ended = with(MSP, json!({})).approve(MSP, None, Some(-1));
        assert_eq!(severity(&ended), Some(Severity::High));
        assert_eq!(ended.run(&RULE).findings[0].note.as_deref(), Some("its approval has run out"));
    }

    #[test]
    fn what_is_no_service_provider_is_never_called_one() {
        let governed = json!({ "governance": [{ "id": "g", "kind": "relationship", "governingTenantId": MSP, "status": "active" }] });
        assert_eq!(severity(&with(MSP, governed)), None);
        let ended = json!({ "governance": [{ "id": "g", "kind": "relationship", "governingTenantId": MSP, "status": "terminated" }] });
        assert_eq!(severity(&with(MSP, ended)), Some(Severity::Medium));
        assert_eq!(severity(&with(MICROSOFT_SUPPORT_TENANT, json!({}))), None);
        assert_eq!(severity(&customer_case(json!({ "crossTenantPartners": [{ "tenantId": MSP }] }))), None, "B2B settings only");
        assert_eq!(severity(&customer_case(json!({}))), None);
    }
}
