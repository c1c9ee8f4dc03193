//! OFR-03: see the page.

use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, role_names, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-untargeted-offer",
        code: "OFR-03",
        title: "Offer is open to any customer",
        views: PARTNER,
        severity: Severity::Medium,
        severity_note: "",
        uses: &[required(Dataset::Relationships)],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &["relationships.status", "relationships.customer.tenantId", "relationships.createdDateTime", "relationships.roles"],
        settings: &[],
        remediation: "Delete or withdraw it (Partner Center > Customers > Granular administration; a draft also by DELETE \
                      /tenantRelationships/delegatedAdminRelationships/{id}) and make offers with customer.tenantId set.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: &["AC-3", "CM-6"],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-untargeted-offer.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let open = ctx.index.relationships.iter().filter(|relationship| relationship.status.is_offer() && relationship.customer_id().is_none());
    for relationship in open {
        out.push(
            Draft::relationship(ctx, relationship)
                .since(relationship.created_date_time)
                .confidence(Confidence::Medium)
                .evidence("status", relationship.status.as_str(), Dataset::Relationships)
                .evidence("customer.tenantId", serde_json::Value::Null, Dataset::Relationships)
                .evidence("accessDetails.unifiedRoles", role_names(relationship.roles.iter().map(String::as_str)), Dataset::Relationships)
                .evidence("createdDateTime", time(relationship.created_date_time), Dataset::Relationships),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::policy::rules::testing::{READERS, case, relationship};

    #[test]
    fn no_customer_on_an_open_offer() {
        let fires = |status: &str, customer: Value| {
            case(json!({ "relationships": [relationship("r1", &[READERS], json!({ "status": status, "customer": customer }))] }))
                .fires(&RULE)
        };
        for status in ["created", "approvalPending"] {
            assert!(fires(status, Value::Null));
            assert!(fires(status, json!({ "tenantId": "" })));
            assert!(!fires(status, json!({ "tenantId": "22222222-2222-4222-8222-222222222222" })));
        }
        assert!(!fires("terminated", Value::Null) && !fires("active", Value::Null) && !fires("somethingNew", Value::Null));
    }
}
