//! PRV-05: see the page.

use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity, View, roles};
use crate::policy::rule::{Ctx, Out, Rule};

use super::outside::{self, Wanted};
use super::shared::{BOTH, began, few};
use super::told;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-unknown-role",
        code: "PRV-05",
        title: "Relationship includes a role that the catalog does not have",
        views: BOTH,
        severity: Severity::Medium,
        severity_note: "",
        uses: &[required(Dataset::Relationships)],
        customer_uses: &[
            required(Dataset::CrossTenantPartners),
            required(Dataset::RoleAssignments),
            helps(Dataset::RoleSchedules),
            helps(Dataset::ProviderConstraints),
            helps(Dataset::Declared),
        ],
        reads: Reads::Some,
        fields: &[
            "relationships.status",
            "relationships.roles",
            "relationships.activatedDateTime",
            "relationships.createdDateTime",
            "providerConstraints.allowedRoles",
            "roleAssignments.roleDefinitionId",
            "declared.relationships.relationship.roles",
        ],
        settings: &[],
        remediation: "Look the id up: GET /beta/roleManagement/directory/roleDefinitions/{id}?$select=displayName,isPrivileged,rolePermissions. \
                      If it is a new built-in role, update partnerscope; if nobody knows it, ask the customer for a relationship without it.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: &["AC-3", "AC-6", "CM-6"],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-unknown-role.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for told in told::live(ctx) {
        let relationship = told.relationship;
        let mut unknown: Vec<String> = relationship.roles.iter().filter(|id| roles::by_id(id).is_none()).cloned().collect();
        unknown.sort();
        unknown.dedup();
        if unknown.is_empty() {
            continue;
        }
        let roles: Vec<&str> = unknown.iter().map(String::as_str).collect();
        let draft = told
            .draft(ctx)
            .note(few(&unknown))
            .since(began(relationship))
            .evidence("status", relationship.status.as_str(), told.source)
            .evidence("accessDetails.unifiedRoles", unknown.clone(), told.source);
        out.push(told.settled(ctx, draft, &roles));
    }
    if ctx.tenant.view == View::Customer {
        outside::judge(
            ctx,
            out,
            &Wanted {
                selects: &|_, id| roles::by_id(id).is_none(),
                folds: true,
                severity: &|_, _| Severity::Medium,
                allowed: "A partner may be given a role that the catalog does not have",
                held: "A principal of an outside tenant holds a role that the catalog does not have",
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::policy::rules::folding;
    use crate::policy::rules::testing::{MSP, READERS, beside, case, ceiling, customer_case, declared, held_role, relationship};

    #[test]
    fn ids_are_compared_whole_and_without_case() {
        let fires = |role: &str| case(json!({ "relationships": [relationship("r1", &[role], json!({}))] })).fires(&RULE);
        assert!(!fires(READERS));
        assert!(!fires(&READERS.to_uppercase()));
        assert!(fires(&READERS[..35]), "a cut id is not the role");
        assert!(fires("8329153a-20ed-4bf8-aa37-81242c6e8e01"), "a wrong id that public tools carry");
        assert!(fires(""));
    }

    #[test]
    fn only_unknown_ones_are_named_once_and_ended_relationships_are_silent() {
        let with = |status: &str| {
            case(json!({ "relationships": [relationship("r1", &["zz", READERS, "aa", "zz"], json!({ "status": status }))] }))
        };
        let drafts = with("terminating").run(&RULE).findings;
        assert_eq!(drafts[0].evidence[1].value, json!(["aa", "zz"]));
        assert!(!with("terminated").fires(&RULE));
    }

    #[test]
    fn in_the_customer_view_ceilings_and_declared_ones_count_and_held_ones_are_taken() {
        const NEW: &str = "deadbeef-0000-4000-8000-000000000001";
        assert_eq!(customer_case(ceiling(&[READERS, NEW])).subjects(&RULE), [MSP]);
        assert!(!customer_case(ceiling(&[READERS])).fires(&RULE));
        let held = || customer_case(beside(ceiling(&[NEW]), json!({ "roleAssignments": [held_role("a", "p", MSP, NEW)] })));
        assert!(!held().fires(&RULE));
        assert_eq!(held().off(folding::FOREIGN).subjects(&RULE), ["p"]);
        assert_eq!(declared(vec![relationship("r1", &[NEW], json!({}))]).subjects(&RULE), ["r1"]);
    }
}
