//! TGV-02: see the page.

use crate::domain::rule_meta::{Reads, helps};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Out, Rule};

use super::governance::{draft, governing};
use super::shared::{CUSTOMER, NIST_T1199, text};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "governance-not-terminable",
        code: "TGV-02",
        title: "This tenant cannot end its governance by itself",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "",
        uses: &[],
        customer_uses: &[helps(Dataset::Governance)],
        reads: Reads::Some,
        fields: &["governance.kind", "governance.status", "governance.governingTenantId", "governance.governedTenantCanTerminate"],
        settings: &[],
        remediation: "Ask the governing tenant to change its governance policy template so that the governed tenant may terminate, and to apply it to \
                      this relationship; check with GET /directory/tenantGovernance/governanceRelationships. Until then keep the contact of its \
                      administrators, and an emergency account here that they do not control.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("governance-not-terminable.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for tenant in governing(ctx) {
        let (mut bound, mut unsaid) = (Vec::new(), Vec::new());
        for row in &tenant.rows {
            match row.governed_tenant_can_terminate {
                Some(false) => bound.push(*row),
                None => unsaid.push(*row),
                Some(true) => {}
            }
        }
        if bound.is_empty() {
            unsaid.iter().for_each(|row| out.unjudged(&row.id, Dataset::Governance));
            continue;
        }
        let mut found = draft(&tenant.party)
            .since(bound.iter().filter_map(|row| row.created_date_time).min())
            .note("only the governing tenant can end it");
        for row in bound {
            found = found
                .evidence("governanceRelationship.id", row.id.as_str(), Dataset::Governance)
                .evidence("policySnapshot.governedTenantCanTerminate", false, Dataset::Governance)
                .evidence("createdType", text(row.created_type.as_deref()), Dataset::Governance);
        }
        out.push(found);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::Dataset;
    use crate::policy::rules::testing::{ALPINE, Case, customer_case};

    fn with(can: Value, status: &str) -> Case {
        customer_case(json!({ "governance": [{ "id": "g", "kind": "relationship", "governingTenantId": ALPINE, "status": status,
            "governedTenantCanTerminate": can }] }))
    }

    #[test]
    fn only_a_relationship_in_force_that_says_no() {
        assert!(with(json!(false), "active").fires(&RULE) && with(json!(false), "somethingNew").fires(&RULE));
        assert!(!with(json!(true), "active").fires(&RULE) && !with(json!(false), "terminated").fires(&RULE));
        assert!(with(json!(false), "active").approve(ALPINE, Some(&[]), Some(100)).fires(&RULE), "an approval of roles is none of this");
    }

    #[test]
    fn what_does_not_say_is_not_judged() {
        let out = with(Value::Null, "active").run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![("g".to_owned(), Dataset::Governance)]));
        assert!(with(json!(true), "active").run(&RULE).unjudged.is_empty());
    }
}
