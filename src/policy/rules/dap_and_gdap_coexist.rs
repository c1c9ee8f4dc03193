//! DAP-02: see the page.

use std::collections::BTreeSet;

use crate::domain::ledger::Class;
use crate::domain::rule_meta::{Reads, helps, import, required};
use crate::domain::{Dataset, RuleMeta, Severity, View};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::declared_rows as declared;
use super::shared::{BOTH, NIST_T1199, few_roles, role_names};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "dap-and-gdap-coexist",
        code: "DAP-02",
        title: "DAP and GDAP exist side by side",
        views: BOTH,
        severity: Severity::High,
        severity_note: "Info in the partner view, which sees only that a reseller tie is without any relationship.",
        uses: &[required(Dataset::Relationships), helps(Dataset::Contracts), helps(Dataset::Customers)],
        customer_uses: &[import(Dataset::Declared), required(Dataset::CrossTenantPartners), helps(Dataset::Governance)],
        reads: Reads::All,
        fields: &[
            "declared.partners.kind",
            "declared.partners.roles",
            "crossTenantPartners.isServiceProvider",
            "contracts.customerId",
            "customers.tenantId",
            "relationships.customer.tenantId",
        ],
        settings: &[],
        remediation: "Move what is still done over DAP, Azure included, to groups of the GDAP relationship, then end DAP: Microsoft 365 admin center > \
                      Settings > Partner relationships > (partner) > Remove roles, or in Partner Center > Customers > (customer) > Account > Admin \
                      relationships.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("dap-and-gdap-coexist.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    match ctx.tenant.view {
        View::Customer => in_customer(ctx, out),
        View::Partner => in_partner(ctx, out),
    }
}

/// The page of this tenant shows a reseller with admin roles, and the same tenant has a service provider entry.
fn in_customer(ctx: &Ctx<'_>, out: &mut Out) {
    let providers = ctx.ledger.of_class(Class::ServiceProvider).filter(|entry| entry.service_provider_entry);
    for (entry, row) in providers.filter_map(|entry| Some((entry, declared::reseller_with_roles(ctx, entry)?))) {
        let names = role_names(row.roles.iter().map(String::as_str));
        let draft = Draft::outside(entry)
            .note(few_roles(&names))
            .evidence("relationshipType", row.kind.as_deref().unwrap_or_default(), Dataset::Declared)
            .evidence("roles", names, Dataset::Declared);
        let draft = declared::from_file(ctx, draft, row.file);
        out.push(draft.evidence("isServiceProvider", true, Dataset::CrossTenantPartners));
    }
}

/// Customers that a reseller tie names, with no relationship in any state: what is done there is done over DAP, or not at all.
fn in_partner(ctx: &Ctx<'_>, out: &mut Out) {
    let with_relationship: BTreeSet<&str> = ctx.facts.relationships.iter().filter_map(|relationship| relationship.customer_id()).collect();
    let by_contract: BTreeSet<&str> = ctx.facts.contracts.iter().map(|contract| contract.customer_id.as_str()).collect();
    let by_list: BTreeSet<&str> = ctx.facts.customers.iter().map(|customer| customer.tenant_id.as_str()).collect();
    for customer in by_contract.union(&by_list).filter(|id| !id.is_empty() && !with_relationship.contains(*id)) {
        if !ctx.is_complete_for(Dataset::Relationships, customer) {
            out.unjudged(customer, Dataset::Relationships);
            continue;
        }
        let party = ctx.index.party(customer);
        let mut draft = Draft::about("customer", *customer, &party.name)
            .key("no-relationship")
            .severity(Severity::Info)
            .title("A reseller tie without any GDAP relationship")
            .customer(Some(party));
        if by_contract.contains(customer) {
            draft = draft.evidence("customerId", *customer, Dataset::Contracts);
        }
        if by_list.contains(customer) {
            draft = draft.evidence("tenantId", *customer, Dataset::Customers);
        }
        out.push(draft.evidence("relationships", 0, Dataset::Relationships));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR as GA;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{ALPINE, EXCHANGE, MSP, READERS, case, customer_case, relationship};

    #[test]
    fn a_declared_reseller_that_is_a_service_provider_too() {
        let of = |tenant: &str, provider: bool, kind: &str, role: &str| {
            customer_case(json!({
                "crossTenantPartners": [{ "tenantId": tenant, "isServiceProvider": provider }],
                "declared": { "files": [{ "name": "f", "dated": "2026-05-01T00:00:00Z" }],
                              "partners": [{ "partnerTenantId": tenant, "kind": kind, "roles": [role] }] }
            }))
            .run(&RULE)
            .findings
        };
        let drafts = of(MSP, true, "Reseller", GA);
        assert_eq!((drafts.len(), drafts[0].severity), (1, None));
        assert!(drafts[0].evidence.iter().any(|evidence| evidence.value == json!("2026-05-01T00:00:00Z")), "how old it is");
        assert!(of(MSP, false, "Reseller", GA).is_empty(), "no GDAP");
        assert!(of(MSP, true, "Advisor", GA).is_empty());
        let ended = customer_case(json!({
            "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }],
            "declared": { "files": [{ "name": "f" }],
                          "partners": [{ "partnerTenantId": MSP, "kind": "Reseller", "roles": [GA], "end": "2026-05-31T23:59:59Z" }] }
        }));
        assert!(!ended.fires(&RULE), "a row that has ended is no DAP");
        assert!(of(MSP, true, "Reseller", READERS).is_empty(), "no admin role");
        assert!(of(MICROSOFT_SUPPORT_TENANT, true, "Reseller", GA).is_empty());
    }

    #[test]
    fn in_the_partner_view_a_tie_without_a_relationship() {
        let of = |relationships: Value| {
            case(json!({ "relationships": relationships, "contracts": [{ "id": "c", "customerId": ALPINE, "displayName": "Alpine" }] }))
        };
        let drafts = of(json!([])).run(&RULE).findings;
        assert_eq!((drafts[0].subject.id.as_str(), drafts[0].severity), (ALPINE, Some(Severity::Info)));
        for status in ["active", "expired", "approvalPending"] {
            assert!(!of(json!([relationship("r1", &[EXCHANGE], json!({ "status": status }))])).fires(&RULE), "{status}");
        }
        let listed = case(json!({ "customers": [{ "tenantId": ALPINE }] }));
        assert_eq!(listed.subjects(&RULE), [ALPINE]);
        let cut = of(json!([])).coverage(Dataset::Relationships, Coverage { truncated: true, ..Coverage::new(Status::Partial) }).run(&RULE);
        assert!(cut.findings.is_empty());
        assert_eq!(cut.unjudged, [(ALPINE.to_owned(), Dataset::Relationships)]);
    }
}
