//! PRV-01: see the page.

use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity, View, roles};
use crate::policy::rule::{Ctx, Out, Rule};

use super::outside::{self, Wanted};
use super::shared::{BOTH, NIST_T1199, began, holds, list, time};
use super::told;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-global-administrator",
        code: "PRV-01",
        title: "Relationship includes Global Administrator",
        views: BOTH,
        severity: Severity::Critical,
        severity_note: "",
        // Whose relationships these are is told by the tenant itself.
        uses: &[required(Dataset::Relationships), required(Dataset::Organization)],
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
        settings: &[list("ignore-relationship-ids", &[], "Ids of relationships that this rule leaves out.")],
        remediation: "Take the role out: PATCH /tenantRelationships/delegatedAdminRelationships/{id} (If-Match: the ETag) with the role list \
                      less Global Administrator, the one role that can be removed while a relationship is active. Or, in Partner Center > \
                      Customers > (customer) > Admin relationships, request one without it, move the groups over, and end this one.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018", "M1032"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3", "SCuBA MS.AAD.7.1v1 (related)", "SCuBA MS.AAD.7.2v1 (related)"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-global-administrator.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let ignored = ctx.settings.list("ignore-relationship-ids");
    for told in told::live(ctx) {
        let relationship = told.relationship;
        if !relationship.roles.iter().any(|id| is_global_administrator(id)) || holds(ignored, &relationship.id) {
            continue;
        }
        let draft = told
            .draft(ctx)
            .since(began(relationship))
            .evidence("status", relationship.status.as_str(), told.source)
            .evidence("accessDetails.unifiedRoles", vec!["Global Administrator"], told.source)
            .evidence("activatedDateTime", time(relationship.activated_date_time), told.source);
        out.push(told.settled(ctx, draft, &[roles::GLOBAL_ADMINISTRATOR]));
    }
    if ctx.tenant.view == View::Customer {
        outside::judge(
            ctx,
            out,
            &Wanted {
                selects: &|_, id| is_global_administrator(id),
                folds: true,
                severity: &|_, _| Severity::Critical,
                allowed: "A partner may be given Global Administrator",
                held: "A principal of an outside tenant holds Global Administrator",
            },
        );
    }
}

fn is_global_administrator(id: &str) -> bool {
    id.eq_ignore_ascii_case(roles::GLOBAL_ADMINISTRATOR)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR as GA;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::folding;
    use crate::policy::rules::testing::{
        Case, EXCHANGE, MSP, READERS, at, beside, case, ceiling, customer_case, declared, held_role, relationship,
    };

    #[test]
    fn every_status_in_which_access_may_exist_counts() {
        let all = [
            ("active", true),
            ("approved", true),
            ("activating", true),
            ("expiring", true),
            ("terminationRequested", true),
            ("terminating", true),
            ("brandNewStatus", true),
            ("created", false),
            ("approvalPending", false),
            ("expired", false),
            ("terminated", false),
        ];
        for (status, fires) in all {
            let case = case(json!({ "relationships": [relationship("r1", &[READERS, GA], json!({ "status": status }))] }));
            assert_eq!(case.fires(&RULE), fires, "{status}");
        }
    }

    #[test]
    fn only_the_relationship_that_has_it_is_named_and_listed_ids_are_left_out() {
        let relationships = json!({ "relationships": [
            relationship("r1", &[READERS], json!({})),
            relationship("r2", &[&GA.to_uppercase()], json!({})),
            relationship("r3", &[GA], json!({ "activatedDateTime": null })),
        ] });
        assert_eq!(case(relationships.clone()).subjects(&RULE), ["r2", "r3"]);
        assert_eq!(case(relationships.clone()).list("ignore-relationship-ids", &["R2"]).subjects(&RULE), ["r3"]);
        let drafts = case(relationships).run(&RULE).findings;
        assert_eq!(drafts[1].since, Some(at(-200)), "without an activation: the making");
        assert_eq!(drafts[0].customer.as_ref().unwrap().name, "Alpine");
    }

    fn found(case: &Case) -> Vec<(String, String, Option<Severity>)> {
        case.run(&RULE).findings.into_iter().map(|draft| (draft.subject.id, draft.own_key, draft.severity)).collect()
    }

    #[test]
    fn a_ceiling_that_allows_it_while_nobody_holds_it() {
        let allowed = || customer_case(ceiling(&[GA, EXCHANGE]));
        assert_eq!(found(&allowed()), [(MSP.into(), "ceiling".into(), Some(Severity::Critical))]);
        assert!(!customer_case(ceiling(&[EXCHANGE])).fires(&RULE));
        let held = || customer_case(beside(ceiling(&[GA]), json!({ "roleAssignments": [held_role("a", "p", MSP, GA)] })));
        assert!(!held().fires(&RULE), "foreign-principal-role-assignment takes it");
        let unread = held().coverage(Dataset::RoleAssignments, Coverage::new(Status::Denied)).off(folding::FOREIGN);
        assert_eq!(found(&unread).len(), 1);
    }

    #[test]
    fn what_no_other_rule_takes_is_told_here() {
        let held = customer_case(beside(ceiling(&[GA]), json!({ "roleAssignments": [held_role("a", "p", MSP, GA)] })));
        assert_eq!(found(&held.off(folding::FOREIGN)), [("p".into(), GA.into(), Some(Severity::Critical))]);
    }

    #[test]
    fn what_is_approved_is_info_and_names_the_approval() {
        let approved = |roles: Option<&[&str]>, until: Option<i64>| customer_case(ceiling(&[GA])).approve(MSP, roles, until);
        let drafts = approved(Some(&[GA]), Some(1)).run(&RULE).findings;
        assert_eq!(drafts[0].severity, Some(Severity::Info));
        assert!(drafts[0].evidence.iter().any(|evidence| evidence.field == "approved.owner"));
        assert_eq!(found(&approved(None, None))[0].2, Some(Severity::Critical), "tier 0 must be named");
        let ended = approved(Some(&[GA]), Some(-1)).run(&RULE).findings;
        assert_eq!(ended[0].severity, Some(Severity::Critical));
    }

    #[test]
    fn support_and_governing_tenants_have_rules_of_their_own() {
        let support = crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
        let facts = json!({ "providerConstraints": [{ "tenantId": support, "allowedRoles": [GA] }] });
        assert!(!customer_case(facts).fires(&RULE));
        let governed = json!({ "governance": [{ "id": "g", "kind": "relationship", "governingTenantId": MSP, "status": "active" }] });
        assert!(!customer_case(beside(ceiling(&[GA]), governed)).fires(&RULE));
    }

    #[test]
    fn a_declared_relationship_counts_with_its_file() {
        let drafts = declared(vec![relationship("r1", &[GA], json!({})), relationship("r2", &[GA], json!({ "status": "expired" }))]);
        let drafts = drafts.run(&RULE).findings;
        assert_eq!((drafts.len(), drafts[0].subject.id.as_str()), (1, "r1"));
        assert!(drafts[0].evidence.iter().all(|evidence| evidence.source == "declared"));
    }
}
