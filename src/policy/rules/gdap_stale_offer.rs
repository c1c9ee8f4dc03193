//! OFR-02: see the page.

use crate::domain::facts::RelationshipStatus;
use crate::domain::rule_meta::{Reads, import, required};
use crate::domain::{Dataset, RuleMeta, Severity, View};
use crate::policy::rule::{Ctx, Out, Rule};

use super::shared::{BOTH, days, is_aged, time};
use super::told;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-stale-offer",
        code: "OFR-02",
        title: "Offer has been open too long",
        views: BOTH,
        severity: Severity::Low,
        severity_note: "",
        uses: &[required(Dataset::Relationships)],
        customer_uses: &[import(Dataset::Declared)],
        reads: Reads::Some,
        fields: &[
            "relationships.status",
            "relationships.lastModifiedDateTime",
            "relationships.createdDateTime",
            "declared.relationships.relationship.status",
            "declared.relationships.relationship.createdDateTime",
        ],
        settings: &[
            days("pending-days", 30, "Days that an offer may wait for approval."),
            days("draft-days", 14, "Days that an offer may stay a draft."),
        ],
        remediation: "A draft: DELETE /tenantRelationships/delegatedAdminRelationships/{id} with If-Match. One that waits: withdraw it in Partner \
                      Center > Customers > (customer) > Admin relationships, or let it lapse, and send a fresh one when it is wanted.",
        attack: &["T1199", "T1566"],
        mitigations: &["M1018"],
        nist: &["CM-6"],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-stale-offer.md"),
    },
    check,
};

/// What the customer can do about an offer.
const IN_CUSTOMER: &str = "Ask the partner to withdraw it, or let it lapse (90 days after it was sent). The link in the mail works until then: do not approve an \
                           offer that nobody here remembers asking for.";

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for told in told::relationships(ctx) {
        let relationship = told.relationship;
        let setting = match relationship.status {
            RelationshipStatus::ApprovalPending => "pending-days",
            RelationshipStatus::Created => "draft-days",
            _ => continue,
        };
        // The last change of an open offer is its sending, that of a draft its last edit.
        let Some(since) = relationship.last_modified_date_time.or(relationship.created_date_time) else {
            out.unjudged(&relationship.id, told.source);
            continue;
        };
        let limit = ctx.settings.int(setting);
        if !is_aged(since, ctx.now, limit) {
            continue;
        }
        let draft = match ctx.tenant.view {
            View::Partner => told.draft(ctx),
            View::Customer => told.draft(ctx).remediation(IN_CUSTOMER),
        };
        out.push(
            draft
                .since(Some(since))
                .evidence("status", relationship.status.as_str(), told.source)
                .evidence("lastModifiedDateTime", time(relationship.last_modified_date_time), told.source)
                .evidence("createdDateTime", time(relationship.created_date_time), told.source)
                .setting(setting, limit),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::Dataset;
    use crate::policy::rules::testing::{Case, READERS, at, at_hour, case, declared, relationship};

    fn with(more: Value) -> Case {
        case(json!({ "relationships": [relationship("r1", &[READERS], more)] }))
    }

    #[test]
    fn each_kind_has_its_own_limit() {
        let aged =
            |status: &str, hours: i64| with(json!({ "status": status, "lastModifiedDateTime": at_hour(-hours).to_string() })).fires(&RULE);
        assert!(aged("approvalPending", 30 * 24));
        assert!(!aged("approvalPending", 30 * 24 - 1));
        assert!(aged("created", 14 * 24));
        assert!(!aged("created", 14 * 24 - 1));
        assert!(!aged("approved", 400 * 24) && !aged("active", 400 * 24) && !aged("terminated", 400 * 24));
    }

    #[test]
    fn the_making_counts_where_no_change_is_known() {
        let pending = |more: Value| {
            let mut all = json!({ "status": "approvalPending", "lastModifiedDateTime": null });
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            with(all)
        };
        assert!(pending(json!({ "createdDateTime": at(-40).to_string() })).fires(&RULE));
        let out = pending(json!({ "createdDateTime": null })).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![("r1".to_owned(), Dataset::Relationships)]));
    }

    #[test]
    fn declared_offers_count_as_well() {
        let aged = |days: i64| {
            declared(vec![relationship(
                "r1",
                &[READERS],
                json!({ "status": "approvalPending", "lastModifiedDateTime": at(-days).to_string() }),
            )])
        };
        assert!(aged(30).fires(&RULE) && !aged(29).fires(&RULE));
    }
}
