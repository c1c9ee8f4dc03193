//! REC-06: see the page.

use std::collections::BTreeMap;

use crate::domain::ledger::{Class, Entry};
use crate::domain::rule_meta::{Reads, helps, import, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::declared_rows as declared;
use super::held;
use super::shared::{CUSTOMER, NIST_T1199};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "reseller-chain-double-access",
        code: "REC-06",
        title: "An indirect provider and its reseller both hold access",
        views: CUSTOMER,
        severity: Severity::Info,
        severity_note: "",
        uses: &[],
        customer_uses: &[
            import(Dataset::Declared),
            required(Dataset::CrossTenantPartners),
            required(Dataset::RoleAssignments),
            helps(Dataset::Governance),
        ],
        reads: Reads::Some,
        fields: &[
            "declared.relationships.partnerTenantId",
            "declared.relationships.relationship.reseller.indirectProviderTenantId",
            "declared.partners.kind",
            "crossTenantPartners.isServiceProvider",
            "roleAssignments.principalTenantId",
        ],
        settings: &[],
        remediation: "Ask both who of them does the work, and end the relationship of the other one: Microsoft 365 admin center > Settings > Partner \
                      relationships > (partner) > Remove roles. Buying through an indirect provider needs no admin role of it.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("reseller-chain-double-access.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let with_access = |id: &str| ctx.ledger.get(id).filter(|entry| has_access(entry));
    for ((provider, reseller), basis) in chains(ctx) {
        let (Some(provider), Some(reseller)) = (with_access(&provider), with_access(&reseller)) else { continue };
        let draft = Draft::outside(provider).key(&reseller.tenant_id).note(format!("with {}", reseller.name));
        let draft = match basis {
            Basis::Relationship => draft.evidence("indirectProviderTenantId", provider.tenant_id.as_str(), Dataset::Declared).evidence(
                "partnerTenantId",
                reseller.tenant_id.as_str(),
                Dataset::Declared,
            ),
            Basis::Page => draft.confidence(Confidence::Medium).evidence(
                "relationshipType",
                vec![format!("indirect provider: {}", provider.tenant_id), format!("indirect reseller: {}", reseller.tenant_id)],
                Dataset::Declared,
            ),
        };
        out.push([provider, reseller].into_iter().fold(draft, with_door));
    }
}

/// How a chain is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Basis {
    /// The reseller's relationship names its indirect provider.
    Relationship,
    /// The page lists one indirect provider, and resellers.
    Page,
}

/// Pairs of indirect provider and reseller.
fn chains(ctx: &Ctx<'_>) -> BTreeMap<(String, String), Basis> {
    let mut chains = BTreeMap::new();
    let declared = &ctx.customer.declared;
    for row in declared.relationships.iter().filter(|row| row.relationship.status.is_live()) {
        let Some(part) = &row.relationship.reseller else { continue };
        add(&mut chains, &part.indirect_provider_tenant_id, &row.partner_tenant_id, Basis::Relationship);
    }
    let mut providers: Vec<String> = declared
        .partners
        .iter()
        .filter(|row| declared::is_indirect_provider(row))
        .map(|row| row.partner_tenant_id.to_ascii_lowercase())
        .collect();
    providers.sort_unstable();
    providers.dedup();
    // With two indirect providers nobody can say which one a reseller buys from.
    if let [provider] = providers.as_slice() {
        let is_indirect = |row: &str| row.to_ascii_lowercase().contains("indirect reseller");
        for row in declared.partners.iter().filter(|row| row.kind.as_deref().is_some_and(is_indirect)) {
            add(&mut chains, provider, &row.partner_tenant_id, Basis::Page);
        }
    }
    chains
}

fn add(chains: &mut BTreeMap<(String, String), Basis>, provider: &str, reseller: &str, basis: Basis) {
    let pair = (provider.trim().to_ascii_lowercase(), reseller.trim().to_ascii_lowercase());
    if pair.0 != pair.1 {
        let known = chains.entry(pair).or_insert(basis);
        *known = basis.min(*known);
    }
}

/// It can administer here by delegation.
fn has_access(entry: &Entry) -> bool {
    entry.class == Class::ServiceProvider && (entry.service_provider_entry || !entry.roles.is_empty())
}

fn with_door(draft: Draft, entry: &Entry) -> Draft {
    if entry.service_provider_entry {
        // Two entries stand behind one finding: each says whose it is.
        draft.evidence("tenantId", entry.tenant_id.as_str(), Dataset::CrossTenantPartners).evidence(
            "isServiceProvider",
            true,
            Dataset::CrossTenantPartners,
        )
    } else {
        draft.evidence("principalOrganizationId", entry.tenant_id.as_str(), held::source(&entry.roles))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::Confidence;
    use crate::policy::rules::testing::{ALPINE, Case, EXCHANGE, MSP, customer_case, held_role};

    const OTHER: &str = "bbbbbbbb-0000-4000-8000-000000000002";

    fn named(status: &str) -> Value {
        json!({ "relationships": [{ "partnerTenantId": ALPINE,
            "relationship": { "id": "r", "status": status, "reseller": { "indirectProviderTenantId": MSP } } }] })
    }

    fn page(rows: &[(&str, &str)]) -> Value {
        json!({ "partners": rows.iter().map(|(tenant, kind)| json!({ "partnerTenantId": tenant, "kind": kind })).collect::<Vec<_>>() })
    }

    fn with(declared: Value, entries: &[&str], roles: &[&str]) -> Case {
        customer_case(json!({
            "declared": declared,
            "crossTenantPartners": entries.iter().map(|tenant| json!({ "tenantId": tenant, "isServiceProvider": true })).collect::<Vec<_>>(),
            "roleAssignments": roles.iter().map(|tenant| held_role(tenant, tenant, tenant, EXCHANGE)).collect::<Vec<_>>()
        }))
    }

    #[test]
    fn both_of_a_chain_hold_access() {
        let drafts = with(named("active"), &[MSP], &[ALPINE]).run(&RULE).findings;
        assert_eq!((drafts.len(), drafts[0].subject.id.as_str(), drafts[0].own_key.as_str()), (1, MSP, ALPINE));
        assert_eq!(drafts[0].confidence, Confidence::High);
        let said: Vec<(&str, &Value)> = drafts[0].evidence.iter().map(|row| (row.field.as_ref(), &row.value)).skip(2).collect();
        let (msp, alpine) = (json!(MSP), json!(ALPINE));
        assert_eq!(
            said,
            [("tenantId", &msp), ("isServiceProvider", &json!(true)), ("principalOrganizationId", &alpine)],
            "fields by their values"
        );
        assert!(!with(named("active"), &[MSP], &[]).fires(&RULE), "the reseller has none");
        assert!(!with(named("active"), &[], &[ALPINE]).fires(&RULE), "the provider has none");
        assert!(!with(named("expired"), &[MSP, ALPINE], &[]).fires(&RULE), "the chain has ended");
        assert!(!with(json!({}), &[MSP, ALPINE], &[]).fires(&RULE));
    }

    #[test]
    fn the_page_tells_a_chain_only_with_one_provider() {
        let one = page(&[(MSP, "Indirect provider"), (ALPINE, "Indirect reseller")]);
        let drafts = with(one, &[MSP, ALPINE], &[]).run(&RULE).findings;
        assert_eq!((drafts.len(), drafts[0].confidence), (1, Confidence::Medium));
        let two = page(&[(MSP, "Indirect provider"), (OTHER, "Indirect provider"), (ALPINE, "Indirect reseller")]);
        assert!(!with(two, &[MSP, ALPINE, OTHER], &[]).fires(&RULE));
        assert!(!with(page(&[(MSP, "Indirect provider"), (ALPINE, "Advisor")]), &[MSP, ALPINE], &[]).fires(&RULE));
    }
}
