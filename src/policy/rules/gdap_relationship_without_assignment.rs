//! ASG-02: see the page.

use crate::domain::facts::AssignmentStatus;
use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, began, days, is_aged, role_names, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-relationship-without-assignment",
        code: "ASG-02",
        title: "Active relationship has no access assignment",
        views: PARTNER,
        severity: Severity::Low,
        severity_note: "",
        uses: &[required(Dataset::Relationships), required(Dataset::Assignments)],
        customer_uses: &[],
        reads: Reads::All,
        fields: &[
            "relationships.status",
            "relationships.activatedDateTime",
            "relationships.createdDateTime",
            "relationships.roles",
            "assignments.relationshipId",
            "assignments.status",
        ],
        settings: &[days("no-assignment-days", 14, "Days after activation before a relationship without an assignment is a finding.")],
        remediation: "Map the group it was made for, or end it: Partner Center > Customers > (customer) > Admin relationships > the relationship > \
                      Security groups, or Terminate relationship.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: &["AC-6", "CM-6"],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-relationship-without-assignment.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let limit = ctx.settings.int("no-assignment-days");
    for relationship in ctx.index.active() {
        let Some(since) = began(relationship) else {
            out.unjudged(&relationship.id, Dataset::Relationships);
            continue;
        };
        if !is_aged(since, ctx.now, limit) {
            continue;
        }
        if !ctx.is_complete_for(Dataset::Assignments, &relationship.id) {
            out.unjudged(&relationship.id, Dataset::Assignments);
            continue;
        }
        let assignments = ctx.index.assignments_of(&relationship.id);
        let may_hold = |status: &AssignmentStatus| {
            matches!(status, AssignmentStatus::Active | AssignmentStatus::Pending | AssignmentStatus::Unknown(_))
        };
        if assignments.iter().any(|assignment| may_hold(&assignment.status)) {
            continue;
        }
        let statuses: Vec<&str> = assignments.iter().map(|assignment| assignment.status.as_str()).collect();
        out.push(
            Draft::relationship(ctx, relationship)
                .since(Some(since))
                .evidence("status", relationship.status.as_str(), Dataset::Relationships)
                .evidence("activatedDateTime", time(relationship.activated_date_time), Dataset::Relationships)
                .evidence("accessDetails.unifiedRoles", role_names(relationship.roles.iter().map(String::as_str)), Dataset::Relationships)
                .evidence("status", statuses, Dataset::Assignments)
                .setting("no-assignment-days", limit),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Coverage, Dataset, Status};
    use crate::policy::rules::testing::{Case, EXCHANGE, assignment, at, at_hour, case, relationship};

    fn with(more: Value, statuses: &[&str]) -> Case {
        let row = |(n, status): (usize, &&str)| assignment(&format!("a{n}"), "r1", "g1", &[EXCHANGE], json!({ "status": status }));
        case(json!({
            "relationships": [relationship("r1", &[EXCHANGE], more)],
            "assignments": statuses.iter().enumerate().map(row).collect::<Vec<_>>(),
        }))
    }

    #[test]
    fn the_age_that_makes_it_a_finding() {
        assert!(with(json!({ "activatedDateTime": at(-14).to_string() }), &[]).fires(&RULE));
        assert!(!with(json!({ "activatedDateTime": at_hour(-14 * 24 + 1).to_string() }), &[]).fires(&RULE));
        assert!(with(json!({ "activatedDateTime": null }), &[]).fires(&RULE), "aged by its making");
        let out = with(json!({ "activatedDateTime": null, "createdDateTime": null }), &[]).run(&RULE);
        assert_eq!(out.unjudged, [("r1".to_owned(), Dataset::Relationships)]);
    }

    #[test]
    fn assignments_that_are_gone_or_broken_hold_nothing() {
        assert!(with(json!({}), &["deleted", "error", "deleting"]).fires(&RULE));
        for holds in ["active", "pending", "whoKnows"] {
            assert!(!with(json!({}), &["deleted", holds]).fires(&RULE), "{holds}");
        }
        assert!(!with(json!({ "status": "expired" }), &[]).fires(&RULE));
        assert!(!with(json!({ "status": "approved" }), &[]).fires(&RULE));
    }

    #[test]
    fn a_list_that_was_cut_judges_nobody() {
        let cut = Coverage { truncated: true, ..Coverage::new(Status::Partial) };
        let out = with(json!({}), &[]).coverage(Dataset::Assignments, cut).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![("r1".to_owned(), Dataset::Assignments)]));
        let only_lowered = Coverage::new(Status::Partial).because("relationships is partial");
        assert!(with(json!({}), &[]).coverage(Dataset::Assignments, only_lowered).fires(&RULE), "its own list was read to the end");
    }
}
