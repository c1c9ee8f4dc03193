//! LIF-03: see the page.

use crate::domain::rule_meta::{Reads, import, required};
use crate::domain::{Dataset, RuleMeta, Severity, View};
use crate::policy::rule::{Ctx, Out, Rule};

use super::shared::{BOTH, days, text, time};
use super::told;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-expiring-soon",
        code: "LIF-03",
        title: "Relationship ends soon and will not be extended",
        views: BOTH,
        severity: Severity::Info,
        severity_note: "",
        uses: &[required(Dataset::Relationships)],
        customer_uses: &[import(Dataset::Declared)],
        reads: Reads::Some,
        fields: &[
            "relationships.status",
            "relationships.endDateTime",
            "relationships.autoExtendDuration",
            "declared.relationships.relationship.endDateTime",
            "declared.relationships.relationship.autoExtendDuration",
            "declared.relationships.relationship.status",
        ],
        settings: &[days("expiring-days", 30, "How many days ahead an end is reported.")],
        remediation: "Look at the PRV and ASG findings of the same relationship, request its successor with the roles that are left, and let this \
                      one run out: Partner Center > Customers > (customer) > Admin relationships.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: &["CM-6"],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-expiring-soon.md"),
    },
    check,
};

/// What the customer can do about an end.
const IN_CUSTOMER: &str = "Decide now whether the partner is still needed, and for what. Let the relationship run out, and approve its successor in the \
                           Microsoft 365 admin center > Settings > Partner relationships only with the roles that are left.";

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let ahead = ctx.settings.int("expiring-days");
    for told in told::active(ctx).filter(|told| !told.relationship.auto_extends()) {
        let relationship = told.relationship;
        let Some(end) = relationship.end_date_time else {
            out.unjudged(&relationship.id, told.source);
            continue;
        };
        if end < ctx.now || end > ctx.now.plus_days(ahead) {
            continue;
        }
        let duration = relationship.auto_extend_duration.as_ref().map(|duration| duration.0.as_str());
        let draft = match ctx.tenant.view {
            View::Partner => told.draft(ctx),
            View::Customer => told.draft(ctx).remediation(IN_CUSTOMER),
        };
        out.push(
            draft
                .note(format!("ends {}", end.date()))
                .evidence("endDateTime", time(Some(end)), told.source)
                .evidence("autoExtendDuration", text(duration), told.source)
                .setting("expiring-days", ahead),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::Dataset;
    use crate::policy::rules::testing::{Case, EXCHANGE, at, at_hour, case, declared, relationship};

    fn with(more: Value) -> Case {
        case(json!({ "relationships": [relationship("r1", &[EXCHANGE], more)] }))
    }

    #[test]
    fn from_now_to_the_limit() {
        let ends = |at: crate::domain::Timestamp| with(json!({ "endDateTime": at.to_string() })).fires(&RULE);
        assert!(ends(at(0)) && ends(at(12)) && ends(at(30)));
        assert!(!ends(at_hour(-1)), "past its end");
        assert!(!ends(at_hour(30 * 24 + 1)));
    }

    #[test]
    fn what_extends_itself_or_is_ending_already_is_left_out() {
        let soon = at(5).to_string();
        assert!(!with(json!({ "endDateTime": soon, "autoExtendDuration": "P180D" })).fires(&RULE));
        for off in [json!("P0D"), Value::Null] {
            assert!(with(json!({ "endDateTime": soon, "autoExtendDuration": off })).fires(&RULE));
        }
        for status in ["expiring", "terminating", "expired", "approvalPending"] {
            assert!(!with(json!({ "endDateTime": soon, "status": status })).fires(&RULE), "{status}");
        }
    }

    #[test]
    fn an_active_relationship_without_an_end_is_not_judged() {
        let out = with(json!({ "endDateTime": null })).run(&RULE);
        assert!(out.findings.is_empty());
        assert_eq!(out.unjudged, [("r1".to_owned(), Dataset::Relationships)]);
        assert!(with(json!({ "endDateTime": null, "autoExtendDuration": "P180D" })).run(&RULE).unjudged.is_empty());
    }

    #[test]
    fn declared_ones_count_as_well() {
        let ends = |days: i64| declared(vec![relationship("r1", &[EXCHANGE], json!({ "endDateTime": at(days).to_string() }))]);
        assert!(ends(30).fires(&RULE) && !ends(31).fires(&RULE) && !ends(-1).fires(&RULE));
    }
}
