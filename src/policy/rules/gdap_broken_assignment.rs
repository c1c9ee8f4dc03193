//! ASG-03: see the page.

use std::collections::BTreeMap;

use crate::domain::facts::{Assignment, AssignmentStatus, Relationship, RelationshipStatus};
use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Dataset, RuleMeta, Severity, Timestamp};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, hours, role_names, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-broken-assignment",
        code: "ASG-03",
        title: "Access assignment is broken or stuck",
        views: PARTNER,
        severity: Severity::Medium,
        severity_note: "",
        uses: &[required(Dataset::Assignments), required(Dataset::Relationships), required(Dataset::Groups)],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "assignments.status",
            "assignments.relationshipId",
            "assignments.groupId",
            "assignments.roles",
            "assignments.lastModifiedDateTime",
            "assignments.createdDateTime",
            "relationships.status",
            "relationships.lastModifiedDateTime",
            "relationships.endDateTime",
            "groups.gone",
        ],
        settings: &[hours("stuck-hours", 24, "Hours after which a change that is still under way is stuck.")],
        remediation: "GET /tenantRelationships/delegatedAdminRelationships/{id}/operations shows the error. Delete the assignment and make it again \
                      (both with If-Match), to a group that exists; if it stays as it is, open a ticket in Partner Center.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: &["AC-3", "CM-6"],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-broken-assignment.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for relationship in ctx.index.live() {
        judge_relationship(ctx, out, relationship);
        for assignment in newest_by_group(ctx.index.assignments_of(&relationship.id)).into_values() {
            judge_status(ctx, out, relationship, assignment);
            judge_group(ctx, out, relationship, assignment);
        }
    }
}

/// The row that counts for each group: the newest, error rows aside where the group has an active one. The others are history.
fn newest_by_group<'a>(assignments: &[&'a Assignment]) -> BTreeMap<&'a str, &'a Assignment> {
    let mut by_group: BTreeMap<&str, Vec<&Assignment>> = BTreeMap::new();
    for assignment in assignments {
        by_group.entry(&assignment.group_id).or_default().push(assignment);
    }
    let newest = |rows: Vec<&'a Assignment>| {
        let has_active = rows.iter().any(|row| row.status == AssignmentStatus::Active);
        let counts = |row: &&Assignment| !(has_active && row.status == AssignmentStatus::Error);
        rows.into_iter().filter(counts).max_by_key(|row| (changed(row), row.id.as_str()))
    };
    by_group.into_iter().filter_map(|(group, rows)| newest(rows).map(|row| (group, row))).collect()
}

fn changed(assignment: &Assignment) -> Option<Timestamp> {
    assignment.last_modified_date_time.or(assignment.created_date_time)
}

fn judge_status(ctx: &Ctx<'_>, out: &mut Out, relationship: &Relationship, assignment: &Assignment) {
    let limit = ctx.settings.int("stuck-hours");
    match assignment.status {
        AssignmentStatus::Error => {
            out.push(draft(ctx, relationship, assignment).key("error").title("Access assignment is in error").since(changed(assignment)));
        }
        AssignmentStatus::Pending | AssignmentStatus::Deleting => match changed(assignment) {
            None => out.unjudged(&assignment.id, Dataset::Assignments),
            Some(since) if ctx.now.hours_since(since) >= limit => {
                let what = if assignment.status == AssignmentStatus::Pending { "being made" } else { "being removed" };
                let draft = draft(ctx, relationship, assignment).key("stuck").title(format!("Access assignment is still {what}"));
                out.push(draft.since(Some(since)).setting("stuck-hours", limit));
            }
            Some(_) => {}
        },
        AssignmentStatus::Active | AssignmentStatus::Deleted | AssignmentStatus::Unknown(_) => {}
    }
}

fn judge_group(ctx: &Ctx<'_>, out: &mut Out, relationship: &Relationship, assignment: &Assignment) {
    let is_gone = ctx.index.group(&assignment.group_id).is_some_and(|group| group.gone);
    if is_gone && assignment.is_current() {
        let draft = draft(ctx, relationship, assignment).key("group-gone").title("Access assignment names a group that does not exist");
        out.push(draft.evidence("GET /groups/{id}", 404, Dataset::Groups));
    }
}

fn draft(ctx: &Ctx<'_>, relationship: &Relationship, assignment: &Assignment) -> Draft {
    Draft::about("assignment", &assignment.id, ctx.index.group_name(&assignment.group_id))
        .customer(ctx.customer(relationship))
        .note(&relationship.display_name)
        .evidence("status", assignment.status.as_str(), Dataset::Assignments)
        .evidence("lastModifiedDateTime", time(assignment.last_modified_date_time), Dataset::Assignments)
        .evidence("accessContainer.accessContainerId", assignment.group_id.as_str(), Dataset::Assignments)
        .evidence("accessDetails.unifiedRoles", role_names(assignment.roles.iter().map(String::as_str)), Dataset::Assignments)
        .evidence("id", relationship.id.as_str(), Dataset::Relationships)
}

/// A relationship that is ending and does not end: access may remain.
fn judge_relationship(ctx: &Ctx<'_>, out: &mut Out, relationship: &Relationship) {
    let changed = relationship.last_modified_date_time;
    let since = match relationship.status {
        RelationshipStatus::Expiring => relationship.end_date_time.filter(|end| *end <= ctx.now).or(changed),
        RelationshipStatus::Terminating | RelationshipStatus::TerminationRequested => changed,
        _ => return,
    };
    let Some(since) = since else {
        out.unjudged(&relationship.id, Dataset::Relationships);
        return;
    };
    let limit = ctx.settings.int("stuck-hours");
    if ctx.now.hours_since(since) < limit {
        return;
    }
    out.push(
        Draft::relationship(ctx, relationship)
            .key("relationship-stuck")
            .title("Relationship is ending but does not end")
            .since(Some(since))
            .remediation(
                "Look at it in Partner Center > Customers > (customer) > Admin relationships. If it does not end, take members out of the groups \
                 that it is mapped to, delete its access assignments, and open a ticket in Partner Center.",
            )
            .evidence("status", relationship.status.as_str(), Dataset::Relationships)
            .evidence("lastModifiedDateTime", time(changed), Dataset::Relationships)
            .evidence("endDateTime", time(relationship.end_date_time), Dataset::Relationships)
            .setting("stuck-hours", limit),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::policy::rules::testing::{Case, EXCHANGE, assignment, at, at_hour, case, relationship};

    fn with(rows: Vec<Value>) -> Case {
        case(json!({ "relationships": [relationship("r1", &[EXCHANGE], json!({}))], "assignments": rows }))
    }

    /// An assignment of group g1, changed so many hours ago.
    fn row(id: &str, status: &str, hours: i64) -> Value {
        assignment(id, "r1", "g1", &[EXCHANGE], json!({ "status": status, "lastModifiedDateTime": at_hour(-hours).to_string() }))
    }

    fn keys(case: &Case) -> Vec<(String, String)> {
        case.run(&RULE).findings.into_iter().map(|draft| (draft.subject.id, draft.own_key)).collect()
    }

    #[test]
    fn stuck_at_the_limit_and_not_before() {
        for status in ["pending", "deleting"] {
            assert_eq!(keys(&with(vec![row("a1", status, 24)])), [("a1".into(), "stuck".into())], "{status}");
            assert!(keys(&with(vec![row("a1", status, 23)])).is_empty(), "{status}");
        }
        assert!(keys(&with(vec![row("a1", "active", 900)])).is_empty());
        assert!(keys(&with(vec![row("a1", "deleted", 900)])).is_empty());
    }

    #[test]
    fn only_the_newest_row_of_a_group_counts() {
        assert_eq!(keys(&with(vec![row("a1", "error", 1)])), [("a1".into(), "error".into())]);
        assert!(keys(&with(vec![row("a1", "error", 1), row("a2", "active", 500)])).is_empty(), "an error beside an active one is history");
        assert!(keys(&with(vec![row("a1", "error", 500), row("a2", "deleted", 1)])).is_empty());
        assert!(keys(&with(vec![row("a1", "deleting", 500), row("a2", "active", 1)])).is_empty());
        assert_eq!(keys(&with(vec![row("a1", "deleting", 50), row("a2", "active", 500)])), [("a1".into(), "stuck".into())]);
        let other_group = assignment("a2", "r1", "g2", &[EXCHANGE], json!({}));
        assert_eq!(keys(&with(vec![row("a1", "error", 1), other_group])).len(), 1, "another group's active row does not heal it");
    }

    #[test]
    fn a_change_without_a_time_is_not_judged() {
        let undated = json!({ "status": "deleting", "lastModifiedDateTime": null, "createdDateTime": null });
        let out = with(vec![assignment("a1", "r1", "g1", &[EXCHANGE], undated)]).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged.len()), (0, 1));
    }

    #[test]
    fn a_group_that_is_gone() {
        let gone = |status: &str, relationship_status: &str| {
            case(json!({
                "relationships": [relationship("r1", &[EXCHANGE], json!({ "status": relationship_status }))],
                "assignments": [row("a1", status, 1)], "groups": [{ "id": "g1", "gone": true }],
            }))
        };
        assert_eq!(keys(&gone("active", "active")), [("a1".into(), "group-gone".into())]);
        assert!(keys(&gone("deleted", "active")).is_empty());
        assert!(keys(&gone("active", "expired")).is_empty(), "an ended relationship is history");
        assert_eq!(keys(&gone("error", "active")).len(), 2, "two things are wrong");
        assert!(keys(&with(vec![row("a1", "active", 1)])).is_empty(), "a group that was not read is not gone");
    }

    #[test]
    fn a_relationship_that_does_not_end() {
        let ending = |more: Value| keys(&case(json!({ "relationships": [relationship("r1", &[EXCHANGE], more)] })));
        let stuck = [("r1".to_owned(), "relationship-stuck".to_owned())];
        for status in ["terminating", "terminationRequested"] {
            assert_eq!(ending(json!({ "status": status, "lastModifiedDateTime": at(-1).to_string() })), stuck);
            assert!(ending(json!({ "status": status, "lastModifiedDateTime": at_hour(-23).to_string() })).is_empty());
        }
        assert!(
            ending(json!({ "status": "expiring", "endDateTime": at_hour(-2).to_string() })).is_empty(),
            "by its end, not its last change"
        );
        assert_eq!(ending(json!({ "status": "expiring", "endDateTime": at(-2).to_string() })), stuck);
        assert_eq!(ending(json!({ "status": "expiring", "endDateTime": null })), stuck, "without an end by its last change");
        assert!(ending(json!({ "status": "active" })).is_empty());
    }
}
