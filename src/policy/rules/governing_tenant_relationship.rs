//! TGV-01: see the page.

use serde_json::Value;

use crate::domain::rule_meta::{Reads, helps};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};
use crate::policy::settings::Approved;

use super::approval::lowered;
use super::governance::{Governing, draft, governing, judged_tier};
use super::held;
use super::shared::{CUSTOMER, NIST_T1199, few_roles, role_names, text};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "governing-tenant-relationship",
        code: "TGV-01",
        title: "An outside tenant governs this one",
        views: CUSTOMER,
        severity: Severity::Medium,
        severity_note: "With a tier 0 role critical, or high if the tenant is approved. Medium with a tier 1 role or one that the catalog does not \
                        have. Low else. Info where the approval allows every role.",
        uses: &[],
        customer_uses: &[helps(Dataset::Governance), helps(Dataset::RoleAssignments)],
        reads: Reads::Some,
        fields: &[
            "governance.kind",
            "governance.status",
            "governance.governingTenantId",
            "governance.createdType",
            "governance.roles",
            "roleAssignments.principalTenantId",
            "roleAssignments.roleDefinitionId",
        ],
        settings: &[],
        remediation: "Ask the owner of the governing tenant what the relationship is for. If nobody needs it: Microsoft Entra admin center > Tenant \
                      governance > Governance relationships > (tenant) > Terminate. If it stays, enter the tenant with its roles in [[approved]].",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("governing-tenant-relationship.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for tenant in governing(ctx) {
        out.push(finding(&tenant, ctx.approval(&tenant.party.tenant_id)));
    }
}

fn finding(tenant: &Governing<'_>, approval: Option<&Approved>) -> Draft {
    let roles = tenant.roles();
    let beyond: Vec<&String> = roles.iter().filter(|role| approval.is_none_or(|approval| !approval.covers(role))).collect();
    let severity = match (approval, judged_tier(beyond.iter().copied())) {
        (Some(_), None) => Severity::Info,
        (Some(_), Some(0)) => Severity::High,
        (None, Some(0)) => Severity::Critical,
        (_, Some(1)) => Severity::Medium,
        (_, _) => Severity::Low,
    };
    let names = role_names(roles.iter().map(String::as_str));
    let mut found = draft(&tenant.party)
        .severity(severity)
        .since(tenant.rows.iter().filter_map(|row| row.created_date_time).min())
        .note(if names.is_empty() { "no role is named".to_owned() } else { few_roles(&names) });
    for row in &tenant.rows {
        found = found
            .evidence("governanceRelationship.id", row.id.as_str(), Dataset::Governance)
            .evidence("status", text(row.status.as_deref()), Dataset::Governance)
            .evidence("createdType", text(row.created_type.as_deref()), Dataset::Governance)
            .evidence(
                "delegatedAdministrationRoleAssignments.roleTemplates",
                role_names(row.roles.iter().map(String::as_str)),
                Dataset::Governance,
            );
    }
    if let Some(entry) = tenant.entry.filter(|entry| !entry.roles.is_empty()) {
        let held: Vec<Value> =
            entry.roles.iter().map(|role| format!("{} held by {} at {}", role.role_name, role.principal_name, role.scope).into()).collect();
        found = found.evidence("roleAssignments", held, held::source(&entry.roles));
    }
    match approval {
        Some(approval) if beyond.is_empty() => lowered(found, approval),
        Some(_) => found.setting("approved.roles.beyond", role_names(beyond.into_iter().map(String::as_str))),
        None => found,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Severity, roles};
    use crate::policy::rules::testing::{ALPINE, APPLICATION, Case, EXCHANGE, READERS, customer_case};

    fn row(more: Value) -> Value {
        let mut row = json!({ "id": "g", "kind": "relationship", "governingTenantId": ALPINE, "status": "active" });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    }

    fn with(roles: &[&str]) -> Case {
        customer_case(json!({ "governance": [row(json!({ "roles": roles }))] }))
    }

    fn severity(case: Case) -> Severity {
        case.run(&RULE).findings[0].severity.unwrap()
    }

    #[test]
    fn the_highest_tier_decides() {
        assert_eq!(severity(with(&[READERS, roles::GLOBAL_ADMINISTRATOR])), Severity::Critical);
        assert_eq!(severity(with(&[READERS, EXCHANGE])), Severity::Medium);
        assert_eq!(severity(with(&["ffffffff-0000-4000-8000-000000000000"])), Severity::Medium, "a role nobody knows");
        assert_eq!(severity(with(&[READERS])), Severity::Low);
        assert_eq!(severity(with(&[])), Severity::Low);
    }

    #[test]
    fn an_approval_lowers_what_it_allows_and_nothing_else() {
        assert_eq!(severity(with(&[EXCHANGE]).approve(ALPINE, Some(&[EXCHANGE]), Some(100))), Severity::Info);
        assert_eq!(severity(with(&[APPLICATION, EXCHANGE]).approve(ALPINE, Some(&[EXCHANGE]), Some(100))), Severity::High);
        assert_eq!(severity(with(&[EXCHANGE]).approve(ALPINE, Some(&[READERS]), Some(100))), Severity::Medium);
        let mut ended = with(&[roles::GLOBAL_ADMINISTRATOR]).approve(ALPINE, Some(&[roles::GLOBAL_ADMINISTRATOR]), Some(100));
        ended.now = crate::policy::rules::testing::at(101);
        assert_eq!(severity(ended), Severity::Critical);
    }

    #[test]
    fn roles_that_are_held_count_with_those_of_the_relationship() {
        let case = customer_case(json!({
            "governance": [row(json!({ "roles": [READERS] }))],
            "roleAssignments": [{ "id": "a", "principalId": "p", "roleDefinitionId": roles::GLOBAL_ADMINISTRATOR, "directoryScopeId": "/",
                "principalTenantId": ALPINE, "principalKind": "group" }]
        }));
        assert_eq!(severity(case), Severity::Critical);
    }

    #[test]
    fn only_relationships_in_force() {
        let fires = |more: Value| customer_case(json!({ "governance": [row(more)] })).fires(&RULE);
        assert!(
            fires(json!({})) && fires(json!({ "status": "terminationRequestedByGoverningTenant" })) && fires(json!({ "status": null }))
        );
        assert!(fires(json!({ "governingTenantId": "" })), "a row that names no tenant is not lost");
        assert!(!fires(json!({ "status": "terminated" })) && !fires(json!({ "kind": "request" })));
        assert!(!fires(json!({ "governingTenantId": crate::policy::examples::load("{\"tenants\":[{}]}").unwrap().tenants[0].tenant_id })));
        let two = customer_case(json!({ "governance": [row(json!({})), row(json!({ "id": "h" }))] }));
        assert_eq!(two.run(&RULE).findings.len(), 1, "one finding a tenant");
    }
}
