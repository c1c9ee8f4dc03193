//! OFR-01: see the page.

use crate::domain::facts::RelationshipStatus;
use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, few_roles, role_names, roles_up_to, text, tier, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-pending-offer-high-privilege",
        code: "OFR-01",
        title: "Open offer asks for privileged roles",
        views: PARTNER,
        severity: Severity::High,
        severity_note: "",
        uses: &[required(Dataset::Relationships)],
        reads: Reads::Some,
        fields: &["relationships.status", "relationships.roles", "relationships.createdDateTime", "relationships.customer.tenantId"],
        settings: &[tier("offer-max-tier", 0, "The weakest tier that makes an offer a finding (0 to 3).")],
        remediation: "If it was not planned: withdraw it in Partner Center > Customers > (customer) > Admin relationships, tell the customer not to \
                      approve it, and find out who made it (Partner Center > Activity log). If it was: send one that asks for less.",
        attack: &["T1199", "T1566.002"],
        mitigations: &["M1018", "M1017"],
        nist: &["AC-3", "AC-4", "AC-6", "AC-8", "CA-7", "CM-6", "CM-7", "SC-7", "SC-46", "SI-4"],
        benchmarks: &[],
        page: include_str!("gdap-pending-offer-high-privilege.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let max_tier = ctx.settings.int("offer-max-tier");
    let pending = ctx.index.relationships.iter().filter(|relationship| relationship.status == RelationshipStatus::ApprovalPending);
    for relationship in pending {
        let found = roles_up_to(relationship.roles.iter().map(String::as_str), max_tier);
        if found.is_empty() {
            continue;
        }
        let names = role_names(found);
        out.push(
            Draft::relationship(ctx, relationship)
                .note(few_roles(&names))
                .since(relationship.created_date_time)
                .evidence("status", relationship.status.as_str(), Dataset::Relationships)
                .evidence("accessDetails.unifiedRoles", names, Dataset::Relationships)
                .evidence("createdDateTime", time(relationship.created_date_time), Dataset::Relationships)
                .evidence("customer.tenantId", text(relationship.customer_id()), Dataset::Relationships)
                .setting("offer-max-tier", max_tier),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR;
    use crate::policy::rules::testing::{Case, EXCHANGE, READERS, case, relationship};

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
}
