//! REC-01: see the page.

use crate::domain::ledger::UNKNOWN_HOME;
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Out, Rule};

use super::approval;
use super::folding::{self, DAP, NO_ENTRY, has_no_entry};
use super::held;
use super::shared::{CUSTOMER, NIST_T1199};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: NO_ENTRY,
        code: "REC-01",
        title: "A tenant without a service provider entry holds a directory role",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "Info inside an approval.",
        uses: &[],
        customer_uses: &[
            required(Dataset::RoleAssignments),
            required(Dataset::CrossTenantPartners),
            required(Dataset::RoleDefinitions),
            helps(Dataset::RoleSchedules),
            helps(Dataset::ForeignPrincipals),
            helps(Dataset::Governance),
        ],
        reads: Reads::All,
        fields: &[
            "roleAssignments.principalId",
            "roleAssignments.principalTenantId",
            "roleAssignments.roleDefinitionId",
            "crossTenantPartners.tenantId",
            "crossTenantPartners.isServiceProvider",
            "foreignPrincipals.tenantId",
        ],
        settings: &[],
        remediation: "Find out whose group it is, then end the access: Microsoft 365 admin center > Settings > Partner relationships > (partner) > \
                      Remove roles. If no partner is listed there, delete the assignment: DELETE /roleManagement/directory/roleAssignments/{id}, and \
                      look in the audit log for who made it.",
        attack: &["T1199", "T1098.003"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("role-without-service-provider-entry.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for held in ctx.ledger.entries.values().flat_map(held::of_entry) {
        if held.entry.tenant_id == UNKNOWN_HOME {
            out.unjudged(&held.role.principal_id, Dataset::ForeignPrincipals);
            continue;
        }
        if !has_no_entry(ctx, held.entry, held.role) || folding::taken_by(ctx, held.entry, held.role) == Some(DAP) {
            continue;
        }
        let draft = held.draft().evidence("isServiceProvider", false, Dataset::CrossTenantPartners);
        out.push(match (approval::covering_held(ctx, held.entry, held.role), ctx.approval(&held.entry.tenant_id)) {
            (Some(approval), _) => approval::lowered(draft, approval),
            (None, Some(approval)) => draft.naming(approval),
            (None, None) => draft,
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR as GA;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{Case, EXCHANGE, MSP, READERS, customer_case, held_role};

    fn with(tenant: &str, role: &str, partners: Value) -> Case {
        customer_case(json!({ "roleAssignments": [held_role("a1", "p1", tenant, role)], "crossTenantPartners": partners }))
    }

    #[test]
    fn a_role_and_no_entry() {
        let drafts = with(MSP, EXCHANGE, json!([])).run(&RULE).findings;
        assert_eq!((drafts[0].own_key.as_str(), drafts[0].severity), (EXCHANGE, None));
        assert!(with(MSP, EXCHANGE, json!([{ "tenantId": MSP }])).fires(&RULE), "B2B settings are no entry");
        assert!(!with(MSP, EXCHANGE, json!([{ "tenantId": MSP, "isServiceProvider": true }])).fires(&RULE));
        assert!(!with(MICROSOFT_SUPPORT_TENANT, EXCHANGE, json!([])).fires(&RULE));
        assert!(!customer_case(json!({ "crossTenantPartners": [] })).fires(&RULE));
    }

    #[test]
    fn what_dap_explains_is_left_to_its_rule() {
        assert!(!with(MSP, GA, json!([])).fires(&RULE));
        assert!(with(MSP, GA, json!([])).off("dap-still-active").fires(&RULE));
    }

    #[test]
    fn without_all_entries_or_without_its_tenant_nothing_is_said() {
        let cut = Coverage { truncated: true, ..Coverage::new(Status::Partial) };
        assert!(!with(MSP, EXCHANGE, json!([])).coverage(Dataset::CrossTenantPartners, cut).fires(&RULE));
        let nobody =
            json!({ "roleAssignments": [{ "id": "a", "principalId": "p", "roleDefinitionId": READERS, "directoryScopeId": "/" }] });
        let out = customer_case(nobody).run(&RULE);
        assert!(out.findings.is_empty());
        assert_eq!(out.unjudged, [("p".to_owned(), Dataset::ForeignPrincipals)]);
    }

    #[test]
    fn an_approval_covers_the_role_or_it_does_not() {
        let severity = |roles: &[&str]| with(MSP, EXCHANGE, json!([])).approve(MSP, Some(roles), None).run(&RULE).findings[0].severity;
        assert_eq!(severity(&[EXCHANGE]), Some(Severity::Info));
        assert_eq!(severity(&[READERS]), None);
    }
}
