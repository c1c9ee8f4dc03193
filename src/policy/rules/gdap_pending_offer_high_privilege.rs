//! OFR-01: see the page.

use crate::domain::facts::RelationshipStatus;
use crate::domain::rule_meta::{Reads, import, required};
use crate::domain::{Dataset, RuleMeta, Severity, View};
use crate::policy::rule::{Ctx, Out, Rule};

use super::shared::{BOTH, few_roles, role_names, roles_up_to, text, tier, time};
use super::told;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-pending-offer-high-privilege",
        code: "OFR-01",
        title: "Open offer asks for privileged roles",
        views: BOTH,
        severity: Severity::High,
        severity_note: "",
        uses: &[required(Dataset::Relationships)],
        customer_uses: &[import(Dataset::Declared)],
        reads: Reads::Some,
        fields: &[
            "relationships.status",
            "relationships.roles",
            "relationships.createdDateTime",
            "relationships.customer.tenantId",
            "declared.relationships.relationship.status",
            "declared.relationships.relationship.roles",
        ],
        settings: &[tier("offer-max-tier", 0, "The weakest tier that makes an offer a finding (0 to 3).")],
        remediation: "If it was not planned: withdraw it in Partner Center > Customers > (customer) > Admin relationships, tell the customer not to \
                      approve it, and find out who made it (Partner Center > Activity log). If it was: send one that asks for less.",
        attack: &["T1199", "T1566.002"],
        mitigations: &["M1018", "M1017"],
        nist: &["AC-3", "AC-4", "AC-6", "AC-8", "CA-7", "CM-6", "CM-7", "SC-7", "SC-46", "SI-4"],
        benchmarks: &[],
        analytics: &["AN1350"],
        unsourced: &[],
        page: include_str!("gdap-pending-offer-high-privilege.md"),
    },
    check,
};

/// What the customer can do about an offer.
const IN_CUSTOMER: &str = "Do not approve it from a mail. Check the partner's tenant id and the roles in the Microsoft 365 admin center > Settings > Partner \
                           relationships; if nobody here asked for it, leave it alone (it lapses after 90 days), tell the partner, and have it send one that \
                           asks for less.";

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let max_tier = ctx.settings.int("offer-max-tier");
    for told in told::relationships(ctx) {
        let relationship = told.relationship;
        if relationship.status != RelationshipStatus::ApprovalPending {
            continue;
        }
        let found = roles_up_to(relationship.roles.iter().map(String::as_str), max_tier);
        if found.is_empty() {
            continue;
        }
        let names = role_names(found.iter().copied());
        let draft = told
            .draft(ctx)
            .note(few_roles(&names))
            .since(relationship.created_date_time)
            .evidence("status", relationship.status.as_str(), told.source)
            .evidence("accessDetails.unifiedRoles", names, told.source)
            .evidence("createdDateTime", time(relationship.created_date_time), told.source)
            .evidence("customer.tenantId", text(relationship.customer_id()), told.source)
            .setting("offer-max-tier", max_tier);
        let draft = if ctx.tenant.view == View::Customer { draft.remediation(IN_CUSTOMER) } else { draft };
        // An offer of roles that the other side may have or give anyway is no surprise.
        out.push(told.settled(ctx, draft, &found.into_iter().collect::<Vec<_>>()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::domain::Severity;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR;
    use crate::policy::rules::testing::{Case, EXCHANGE, MSP, READERS, case, declared, relationship};

    fn with(status: &str, roles: &[&str]) -> Case {
        case(json!({ "relationships": [relationship("r1", roles, json!({ "status": status, "customer": null }))] }))
    }

    #[test]
    fn an_offer_that_can_be_approved_and_its_tier() {
        assert!(with("approvalPending", &[READERS, GLOBAL_ADMINISTRATOR]).fires(&RULE));
        assert!(with("APPROVALPENDING", &[GLOBAL_ADMINISTRATOR]).fires(&RULE));
        assert!(!with("approvalPending", &[READERS, EXCHANGE]).fires(&RULE));
        assert!(with("approvalPending", &[READERS, EXCHANGE]).int("offer-max-tier", 1).fires(&RULE));
        for status in ["created", "active", "terminated", "approved"] {
            assert!(!with(status, &[GLOBAL_ADMINISTRATOR]).fires(&RULE), "{status}");
        }
    }

    #[test]
    fn a_declared_offer_counts_and_an_approval_covers_it() {
        let offer = |roles: &[&str]| declared(vec![relationship("r1", roles, json!({ "status": "approvalPending" }))]);
        let drafts = offer(&[GLOBAL_ADMINISTRATOR]).run(&RULE).findings;
        assert_eq!((drafts.len(), drafts[0].severity), (1, None));
        assert!(drafts[0].remediation.as_ref().unwrap().contains("Microsoft 365 admin center"));
        assert!(!offer(&[EXCHANGE]).fires(&RULE));
        let approved = offer(&[GLOBAL_ADMINISTRATOR]).approve(MSP, Some(&[GLOBAL_ADMINISTRATOR]), None).run(&RULE).findings;
        assert_eq!(approved[0].severity, Some(Severity::Info));
        assert_eq!(offer(&[GLOBAL_ADMINISTRATOR]).approve(MSP, None, None).run(&RULE).findings[0].severity, None);
    }
}
