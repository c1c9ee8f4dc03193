//! ASG-01: see the page.

use std::collections::BTreeSet;

use crate::domain::facts::{Assignment, AssignmentStatus};
use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{NIST_T1199, PARTNER, began, few_roles, list, role_ids, role_names, worst_tier};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-role-without-assignment",
        code: "ASG-01",
        title: "Approved roles that no group uses",
        views: PARTNER,
        severity: Severity::Medium,
        severity_note: "High where an unused role is tier 0.",
        uses: &[required(Dataset::Relationships), required(Dataset::Assignments)],
        customer_uses: &[],
        reads: Reads::All,
        fields: &[
            "relationships.status",
            "relationships.roles",
            "relationships.activatedDateTime",
            "relationships.createdDateTime",
            "assignments.relationshipId",
            "assignments.status",
            "assignments.roles",
        ],
        settings: &[list("ignore-roles", &["Directory Readers"], "Roles that may stay unused, by name or template id.")],
        remediation: "Ask the customer for a relationship without these roles (Partner Center > Customers > (customer) > Admin relationships), move \
                      the groups over, and end this one. An unused Global Administrator can be taken out of it directly by PATCH.",
        attack: &["T1199", "T1098.003"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-role-without-assignment.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let ignored = ctx.settings.list("ignore-roles");
    let ignored_ids = role_ids(ignored);
    for relationship in ctx.index.active() {
        if !ctx.is_complete_for(Dataset::Assignments, &relationship.id) {
            out.unjudged(&relationship.id, Dataset::Assignments);
            continue;
        }
        let used = used(ctx.index.assignments_of(&relationship.id));
        let unused: Vec<String> = relationship
            .roles
            .iter()
            .filter(|id| !ignored_ids.contains(&id.to_ascii_lowercase()) && !used.contains(id.as_str()))
            .cloned()
            .collect();
        if unused.is_empty() {
            continue;
        }
        let is_tier0 = worst_tier(&unused) == Some(0);
        let names = role_names(unused.iter().map(String::as_str));
        out.push(
            Draft::relationship(ctx, relationship)
                .note(few_roles(&names))
                .since(began(relationship))
                .severity(if is_tier0 { Severity::High } else { Severity::Medium })
                .evidence("status", relationship.status.as_str(), Dataset::Relationships)
                .evidence("accessDetails.unifiedRoles (unused)", names, Dataset::Relationships)
                .evidence("accessDetails.unifiedRoles", role_names(used), Dataset::Assignments)
                .setting("ignore-roles", ignored.to_vec()),
        );
    }
}

/// Roles that a group holds or is about to. A status that is not known may hold: an absence must be sure.
fn used<'a>(assignments: &[&'a Assignment]) -> BTreeSet<&'a str> {
    let may_hold = |assignment: &&&Assignment| assignment.holds_roles() || matches!(assignment.status, AssignmentStatus::Unknown(_));
    assignments.iter().filter(may_hold).flat_map(|assignment| assignment.roles.iter().map(String::as_str)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::domain::{Coverage, Dataset, Gap, Severity, Status};
    use crate::policy::rules::testing::{APPLICATION, Case, EXCHANGE, READERS, SUPPORT, assignment, case, relationship};

    fn with(roles: &[&str], assigned: &str, status: &str) -> Case {
        case(json!({
            "relationships": [relationship("r1", roles, json!({}))],
            "assignments": [assignment("a1", "r1", "g1", &[assigned], json!({ "status": status }))],
        }))
    }

    #[test]
    fn unused_roles_are_listed_and_ignored_ones_are_not() {
        let drafts = with(&[EXCHANGE, READERS, SUPPORT], EXCHANGE, "active").run(&RULE).findings;
        assert_eq!(drafts[0].evidence[1].value, json!(["Service Support Administrator"]));
        assert_eq!(drafts[0].severity, Some(Severity::Medium));
        assert!(!with(&[EXCHANGE, READERS], EXCHANGE, "active").fires(&RULE));
        assert!(with(&[EXCHANGE, READERS], EXCHANGE, "active").list("ignore-roles", &[]).fires(&RULE));
        assert!(!with(&[EXCHANGE, SUPPORT], EXCHANGE, "active").list("ignore-roles", &[SUPPORT]).fires(&RULE));
        assert_eq!(with(&[EXCHANGE, APPLICATION], EXCHANGE, "active").run(&RULE).findings[0].severity, Some(Severity::High));
    }

    #[test]
    fn which_assignments_hold() {
        for (status, fires) in
            [("active", false), ("pending", false), ("whoKnows", false), ("deleting", true), ("deleted", true), ("error", true)]
        {
            assert_eq!(with(&[EXCHANGE], EXCHANGE, status).fires(&RULE), fires, "{status}");
        }
    }

    #[test]
    fn another_relationship_s_assignment_does_not_count() {
        let case = case(json!({
            "relationships": [relationship("r1", &[EXCHANGE], json!({})), relationship("r2", &[EXCHANGE], json!({ "status": "expired" }))],
            "assignments": [assignment("a1", "r2", "g1", &[EXCHANGE], json!({}))],
        }));
        assert_eq!(case.subjects(&RULE), ["r1"]);
    }

    #[test]
    fn a_relationship_whose_assignments_were_not_read_is_not_judged() {
        let mut partial = Coverage::new(Status::Partial);
        partial.gaps.insert("r1".into(), Gap { status: Status::Failed, reason: "503".into() });
        let facts = json!({ "relationships": [relationship("r1", &[EXCHANGE], json!({})), relationship("r2", &[EXCHANGE], json!({}))] });
        let out = case(facts.clone()).coverage(Dataset::Assignments, partial).run(&RULE);
        assert_eq!((out.findings.len(), out.findings[0].subject.id.as_str()), (1, "r2"));
        assert_eq!(out.unjudged, [("r1".to_owned(), Dataset::Assignments)]);
        assert_eq!(case(facts).coverage(Dataset::Assignments, Coverage::new(Status::Denied)).run(&RULE).unjudged.len(), 2);
    }
}
