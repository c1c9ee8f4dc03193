//! PRV-01: see the page.

use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Dataset, RuleMeta, Severity, roles};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{NIST_T1199, PARTNER, began, holds, list, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-global-administrator",
        code: "PRV-01",
        title: "Relationship includes Global Administrator",
        views: PARTNER,
        severity: Severity::Critical,
        severity_note: "",
        uses: &[required(Dataset::Relationships)],
        reads: Reads::Some,
        fields: &["relationships.status", "relationships.roles", "relationships.activatedDateTime", "relationships.createdDateTime"],
        settings: &[list("ignore-relationship-ids", &[], "Ids of relationships that this rule leaves out.")],
        remediation: "Take the role out: PATCH /tenantRelationships/delegatedAdminRelationships/{id} (If-Match: the ETag) with the role list \
                      less Global Administrator, the one role that can be removed while a relationship is active. Or, in Partner Center > \
                      Customers > (customer) > Admin relationships, request one without it, move the groups over, and end this one.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018", "M1032"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3", "SCuBA MS.AAD.7.1v1 (related)", "SCuBA MS.AAD.7.2v1 (related)"],
        page: include_str!("gdap-global-administrator.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let ignored = ctx.settings.list("ignore-relationship-ids");
    for relationship in ctx.index.live() {
        let has_role = relationship.roles.iter().any(|id| id.eq_ignore_ascii_case(roles::GLOBAL_ADMINISTRATOR));
        if !has_role || holds(ignored, &relationship.id) {
            continue;
        }
        out.push(
            Draft::relationship(ctx, relationship)
                .since(began(relationship))
                .evidence("status", relationship.status.as_str(), Dataset::Relationships)
                .evidence("accessDetails.unifiedRoles", vec!["Global Administrator"], Dataset::Relationships)
                .evidence("activatedDateTime", time(relationship.activated_date_time), Dataset::Relationships),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR as GA;
    use crate::policy::rules::testing::{READERS, at, case, relationship};

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
}
