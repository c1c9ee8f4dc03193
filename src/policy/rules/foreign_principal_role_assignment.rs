//! XTA-03: see the page.

use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::approval;
use super::folding::{self, FOREIGN};
use super::held::{self, Held};
use super::shared::CUSTOMER;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: FOREIGN,
        code: "XTA-03",
        title: "A principal of another tenant holds a directory role",
        views: CUSTOMER,
        severity: Severity::Medium,
        severity_note: "Critical for a tier 0 role of a tenant that is not approved, high for one that an approved tenant holds beyond its approval. Info \
                        inside an approval.",
        uses: &[],
        customer_uses: &[
            required(Dataset::RoleAssignments),
            required(Dataset::RoleDefinitions),
            // Who is of another tenant shows only beside this one's own id.
            required(Dataset::Organization),
            helps(Dataset::RoleSchedules),
            helps(Dataset::ForeignPrincipals),
        ],
        reads: Reads::Some,
        fields: &[
            "roleAssignments.principalId",
            "roleAssignments.principalTenantId",
            "roleAssignments.roleDefinitionId",
            "roleAssignments.directoryScopeId",
            "roleSchedules.kind",
            "roleDefinitions.templateId",
            "foreignPrincipals.tenantId",
            "crossTenantPartners.isServiceProvider",
        ],
        settings: &[],
        remediation: "Lower or end it where it comes from: Microsoft 365 admin center > Settings > Partner relationships > (partner), and ask the \
                      partner to take the role out of the access assignment of this group. An assignment that is only deleted here may come back.",
        attack: &["T1199", "T1098.003"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-3", "AC-4", "AC-5", "AC-6", "AC-8", "CM-6", "CM-7", "SC-7", "SC-46"],
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("foreign-principal-role-assignment.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for held in ctx.ledger.entries.values().flat_map(held::of_entry) {
        if folding::taken_by(ctx, held.entry, held.role).is_none_or(|taker| taker == FOREIGN) {
            out.push(judge(ctx, &held));
        }
    }
}

fn judge(ctx: &Ctx<'_>, held: &Held<'_>) -> Draft {
    let role = held.role;
    // Who a tenant is that could not be found out is a guess, that someone holds the role is none.
    let draft = match approval::party(held.entry) {
        Some(_) => held.draft(),
        None => held.draft().confidence(Confidence::Medium),
    };
    if let Some(approval) = approval::covering_held(ctx, held.entry, role) {
        return approval::lowered(draft, approval);
    }
    match (role.tier, ctx.approval(&held.entry.tenant_id)) {
        (Some(0), None) => draft.severity(Severity::Critical),
        (Some(0), Some(approval)) => draft.severity(Severity::High).naming(approval),
        (_, Some(approval)) => draft.naming(approval),
        (_, None) => draft,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::Severity;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR as GA;
    use crate::policy::rules::testing::{Case, EXCHANGE, MSP, READERS, customer_case, held_role};

    fn with(assignments: Vec<Value>) -> Case {
        customer_case(json!({ "roleAssignments": assignments, "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }] }))
    }

    #[test]
    fn an_approval_may_name_the_groups_that_it_means() {
        let held = |groups: &[&str]| {
            let groups = Some(groups.iter().map(|group| (*group).to_owned()).collect());
            let case = with(vec![held_role("a", "P1", MSP, EXCHANGE)]);
            severity(&case.approve_within(crate::policy::settings::Approved { groups, ..Default::default() }))
        };
        assert_eq!(held(&["p1"]), [Severity::Info]);
        assert_eq!(held(&["p2"]), [RULE.meta.severity]);
    }

    fn severity(case: &Case) -> Vec<Severity> {
        case.run(&RULE).findings.iter().map(|draft| draft.severity.unwrap_or(RULE.meta.severity)).collect()
    }

    #[test]
    fn severity_by_tier_and_approval() {
        let one = |role: &str| with(vec![held_role("a1", "p1", MSP, role)]);
        assert_eq!(severity(&one(GA)), [Severity::Critical]);
        assert_eq!(severity(&one(EXCHANGE)), [Severity::Medium]);
        assert_eq!(severity(&one("cccccccc-0000-4000-8000-000000000001")), [Severity::Medium], "a role that no catalog has");
        assert_eq!(severity(&one(GA).approve(MSP, None, None)), [Severity::High], "tier 0 must be named");
        assert_eq!(severity(&one(EXCHANGE).approve(MSP, Some(&[READERS]), None)), [Severity::Medium], "another role is approved");
        assert_eq!(severity(&one(EXCHANGE).approve(MSP, Some(&[EXCHANGE]), None)), [Severity::Info]);
        assert_eq!(severity(&one(GA).approve(MSP, Some(&[GA]), Some(1))), [Severity::Info]);
        assert_eq!(severity(&one(GA).approve(MSP, Some(&[GA]), Some(-1))), [Severity::Critical], "run out");
    }

    #[test]
    fn what_lies_inside_an_approval_names_it() {
        let case = with(vec![held_role("a1", "p1", MSP, READERS)]).approve(MSP, None, Some(10));
        let evidence = case.run(&RULE).findings.remove(0).evidence;
        let owner = evidence.iter().find(|evidence| evidence.field == "approved.owner").unwrap();
        assert_eq!((owner.value.as_str(), &*owner.source), (Some("it@example.com"), "settings"));
    }

    #[test]
    fn one_finding_for_a_principal_and_a_role_whatever_the_scopes() {
        let mut scoped = held_role("a2", "p1", MSP, EXCHANGE);
        scoped["directoryScopeId"] = json!("/administrativeUnits/x");
        let case = with(vec![
            held_role("a1", "p1", MSP, EXCHANGE),
            scoped,
            held_role("a3", "p1", MSP, READERS),
            held_role("a4", "p2", MSP, READERS),
        ]);
        let drafts = case.run(&RULE).findings;
        let keys: Vec<(&str, &str)> = drafts.iter().map(|draft| (draft.subject.id.as_str(), draft.own_key.as_str())).collect();
        assert_eq!(keys, [("p1", EXCHANGE), ("p1", READERS), ("p2", READERS)]);
        assert_eq!(drafts[0].evidence[3].value, json!(["/", "/administrativeUnits/x"]));
    }

    #[test]
    fn what_another_rule_reports_is_left_to_it() {
        let alone = customer_case(json!({ "roleAssignments": [held_role("a1", "p1", MSP, GA)] }));
        assert_eq!(severity(&alone), []);
        let off = customer_case(json!({ "roleAssignments": [held_role("a1", "p1", MSP, GA)] }));
        let off = off.off("dap-still-active").off("role-without-service-provider-entry");
        assert_eq!(severity(&off), [Severity::Critical]);
        let support = customer_case(json!({ "roleAssignments": [held_role("a1", "p1", MICROSOFT_SUPPORT_TENANT, READERS)] }));
        assert_eq!(severity(&support), []);
    }

    #[test]
    fn an_eligible_role_is_said_to_be_one_and_an_unknown_tenant_is_no_partner() {
        let mut facts = json!({ "roleSchedules": [{ "id": "s", "principalId": "p1", "roleDefinitionId": GA, "directoryScopeId": "/", "kind": "eligible" }] });
        facts["foreignPrincipals"] = json!([{ "id": "p1", "tenantId": MSP }]);
        facts["crossTenantPartners"] = json!([{ "tenantId": MSP, "isServiceProvider": true }]);
        assert_eq!(customer_case(facts.clone()).run(&RULE).findings[0].note.as_deref(), Some("Global Admin, eligible"));
        facts["foreignPrincipals"] = json!([{ "id": "p1" }]);
        let draft = customer_case(facts).run(&RULE).findings.remove(0);
        assert_eq!((draft.partner, draft.evidence[0].value.clone()), (None, Value::Null));
    }
}
