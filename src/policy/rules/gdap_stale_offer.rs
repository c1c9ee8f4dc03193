//! OFR-02: see the page.

use crate::domain::facts::RelationshipStatus;
use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, days, is_aged, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-stale-offer",
        code: "OFR-02",
        title: "Offer has been open too long",
        views: PARTNER,
        severity: Severity::Low,
        severity_note: "",
        uses: &[required(Dataset::Relationships)],
        reads: Reads::Some,
        fields: &["relationships.status", "relationships.lastModifiedDateTime", "relationships.createdDateTime"],
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
        page: include_str!("gdap-stale-offer.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for relationship in &ctx.index.relationships {
        let setting = match relationship.status {
            RelationshipStatus::ApprovalPending => "pending-days",
            RelationshipStatus::Created => "draft-days",
            _ => continue,
        };
        // The last change of an open offer is its sending, that of a draft its last edit.
        let Some(since) = relationship.last_modified_date_time.or(relationship.created_date_time) else {
            out.unjudged(&relationship.id, Dataset::Relationships);
            continue;
        };
        let limit = ctx.settings.int(setting);
        if !is_aged(since, ctx.now, limit) {
            continue;
        }
        out.push(
            Draft::relationship(ctx, relationship)
                .since(Some(since))
                .evidence("status", relationship.status.as_str(), Dataset::Relationships)
                .evidence("lastModifiedDateTime", time(relationship.last_modified_date_time), Dataset::Relationships)
                .evidence("createdDateTime", time(relationship.created_date_time), Dataset::Relationships)
                .setting(setting, limit),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::Dataset;
    use crate::policy::rules::testing::{Case, READERS, at, at_hour, case, relationship};

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
}
