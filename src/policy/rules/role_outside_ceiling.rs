//! REC-02: see the page.

use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Out, Rule};

use super::approval;
use super::held;
use super::shared::{CUSTOMER, NIST_T1199, role_names};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "role-outside-ceiling",
        code: "REC-02",
        title: "A service provider holds a role that its ceiling does not allow",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "Info inside an approval.",
        uses: &[],
        customer_uses: &[
            helps(Dataset::ProviderConstraints),
            required(Dataset::RoleAssignments),
            required(Dataset::RoleDefinitions),
            helps(Dataset::RoleSchedules),
            helps(Dataset::ForeignPrincipals),
        ],
        reads: Reads::Some,
        fields: &[
            "providerConstraints.tenantId",
            "providerConstraints.allowedRoles",
            "roleAssignments.principalTenantId",
            "roleAssignments.roleDefinitionId",
            "roleDefinitions.templateId",
        ],
        settings: &[],
        remediation: "Compare what was agreed with what is held: Microsoft 365 admin center > Settings > Partner relationships > (partner). Then delete \
                      the assignment that no relationship explains (DELETE /roleManagement/directory/roleAssignments/{id}), and look in the audit log \
                      for who made it.",
        attack: &["T1199", "T1098.003"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("role-outside-ceiling.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for entry in ctx.ledger.entries.values() {
        let Some(ceiling) = &entry.ceiling else {
            if entry.service_provider_entry && !ctx.is_complete_for(Dataset::ProviderConstraints, &entry.tenant_id) {
                out.unjudged(&entry.tenant_id, Dataset::ProviderConstraints);
            }
            continue;
        };
        for held in held::of_entry(entry).into_iter().filter(|held| !ceiling.contains(&held.role.role_id)) {
            let allowed = role_names(ceiling.iter().map(String::as_str));
            let draft = held.draft().evidence("serviceProviderConstraints.allowedRoleTemplateIds", allowed, Dataset::ProviderConstraints);
            out.push(match (approval::covering_held(ctx, entry, held.role), ctx.approval(&entry.tenant_id)) {
                (Some(approval), _) => approval::lowered(draft, approval),
                (None, Some(approval)) => draft.naming(approval),
                (None, None) => draft,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{Case, EXCHANGE, MSP, READERS, customer_case, held_role};

    fn with(constraints: Value) -> Case {
        customer_case(json!({
            "roleAssignments": [held_role("a1", "p1", MSP, EXCHANGE), held_role("a2", "p1", MSP, READERS)],
            "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }],
            "providerConstraints": constraints
        }))
    }

    fn keys(case: &Case) -> Vec<String> {
        case.run(&RULE).findings.into_iter().map(|draft| draft.own_key).collect()
    }

    fn allowing(roles: &[&str]) -> Value {
        json!([{ "tenantId": MSP, "allowedRoles": roles }])
    }

    #[test]
    fn each_role_that_is_not_allowed() {
        assert_eq!(keys(&with(allowing(&[READERS]))), [EXCHANGE]);
        assert_eq!(keys(&with(allowing(&[]))), [EXCHANGE, READERS], "an empty ceiling allows nothing");
        assert!(keys(&with(allowing(&[&READERS.to_uppercase(), EXCHANGE]))).is_empty());
        assert_eq!(with(allowing(&[READERS])).run(&RULE).findings[0].evidence[4].value, json!(["Directory Readers"]));
    }

    #[test]
    fn two_rows_of_one_tenant_allow_what_either_does() {
        let rows = json!([{ "tenantId": MSP, "allowedRoles": [READERS] }, { "tenantId": MSP, "allowedRoles": [EXCHANGE] }]);
        assert!(keys(&with(rows)).is_empty());
    }

    #[test]
    fn a_ceiling_that_was_not_read_is_none() {
        assert!(keys(&with(json!([]))).is_empty());
        let unread = Coverage {
            gaps: [(MSP.to_owned(), crate::domain::Gap { status: Status::Unavailable, reason: "404".into() })].into(),
            ..Coverage::new(Status::Partial)
        };
        let out = with(json!([])).coverage(Dataset::ProviderConstraints, unread).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![(MSP.to_owned(), Dataset::ProviderConstraints)]));
    }

    #[test]
    fn an_approval_covers_the_role_or_it_does_not() {
        let severity = |roles: &[&str]| with(allowing(&[READERS])).approve(MSP, Some(roles), None).run(&RULE).findings[0].severity;
        assert_eq!(severity(&[EXCHANGE]), Some(Severity::Info));
        assert_eq!(severity(&[READERS]), None);
    }

    #[test]
    fn without_a_ceiling_only_a_provider_of_whom_none_was_read_is_not_judged() {
        let unread = || Coverage::new(Status::Denied);
        let of = |is_provider: bool, coverage: Option<Coverage>| {
            let facts = json!({
                "roleAssignments": [held_role("a1", "p1", MSP, EXCHANGE)],
                "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": is_provider }]
            });
            let case = customer_case(facts);
            match coverage {
                Some(coverage) => case.coverage(Dataset::ProviderConstraints, coverage),
                None => case,
            }
            .run(&RULE)
            .unjudged
            .len()
        };
        assert_eq!([of(true, Some(unread())), of(false, Some(unread())), of(true, None)], [1, 0, 0]);
    }
}
