//! COV-02: see the page.

use std::collections::BTreeSet;

use crate::domain::facts::{AssignmentStatus, RelationshipStatus};
use crate::domain::rule_meta::Reads;
use crate::domain::{Coverage, Dataset, Need, RuleMeta, Severity, Status, View};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{BOTH, few, text};
use super::told;

/// Most ids that one finding lists; the number says how many there are.
const MOST_IDS: usize = 20;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "relationship-data-gap",
        code: "COV-02",
        title: "Relationships or their assignments are not known in full",
        views: BOTH,
        severity: Severity::Medium,
        severity_note: "",
        uses: &[],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "coverage.relationships.status",
            "coverage.relationships.reason",
            "coverage.assignments.status",
            "coverage.assignments.reason",
            "coverage.assignments.gaps",
            "coverage.assignments.truncated",
            "relationships.status",
            "assignments.status",
            "coverage.role-assignments.status",
            "coverage.role-assignments.reason",
            "declared.relationships.relationship.status",
        ],
        settings: &[],
        remediation: "Run again with DelegatedAdminRelationship.Read.All. A list that is empty or short for an application is settled by a delegated \
                      sign-in of a member of AdminAgents.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: &["AC-3", "CM-6"],
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("relationship-data-gap.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    match ctx.tenant.view {
        View::Partner => check_partner(ctx, out),
        View::Customer => check_customer(ctx, out),
    }
    unknown_statuses(ctx, out);
}

/// The customer view has no list of relationships: what tells of them is everything that it requires. The sign-in log has a rule of its own.
fn check_customer(ctx: &Ctx<'_>, out: &mut Out) {
    let required = |dataset: &Dataset| dataset.need(View::Customer) == Some(Need::Required) && *dataset != Dataset::SignIns;
    for dataset in Dataset::of_view(View::Customer).filter(required) {
        let coverage = ctx.coverage(dataset);
        if !coverage.status.is_unread() || (dataset.needs_p1() && ctx.tenant.is_p1_absent()) {
            continue;
        }
        let draft = draft(ctx, dataset, "unread", &coverage).title("Who reaches in is not known in full").note(match coverage.status {
            Status::Partial => "read in part".to_owned(),
            status => format!("not read: {status}"),
        });
        out.push(if failed_only(&coverage) { draft.remediation(READ_AGAIN_CUSTOMER) } else { draft.remediation(granted(&coverage)) });
    }
}

/// What helps in the customer view where no permission is missing but an answer.
const READ_AGAIN_CUSTOMER: &str =
    "Run again when Graph answers, with a longer `--timeout` if it was throttled or slow; the reason names what failed.";

/// What helps in the customer view where something was refused.
fn granted(coverage: &Coverage) -> String {
    let permission = coverage.permission.as_deref().unwrap_or("what docs/permissions.md names for it");
    format!(
        "Grant {permission} to this credential, with admin consent, and run again. Until then ask each partner for what its own audit of this tenant \
         writes (partnerscope collect --customer) and read it with --declared: it adds, and does not stand in for what this tenant says."
    )
}

fn check_partner(ctx: &Ctx<'_>, out: &mut Out) {
    let relationships = ctx.coverage(Dataset::Relationships);
    if relationships.status.is_unread() {
        let title = match relationships.status {
            Status::Partial => "The list of relationships may not be all of it".to_owned(),
            status => format!("Relationships were not read: {status}"),
        };
        out.push(draft(ctx, Dataset::Relationships, "unread", &relationships).title(title));
    }
    let assignments = ctx.coverage(Dataset::Assignments);
    if assignments.status.is_unread() && !is_lowered_only(&assignments, relationships.status) {
        out.push(draft(ctx, Dataset::Assignments, "unread", &assignments).title(assignments_title(&assignments)));
    }
}

/// Partial for no other reason than that relationships are: the finding on those says it.
fn is_lowered_only(coverage: &Coverage, relationships: Status) -> bool {
    coverage.status == Status::Partial && coverage.gaps.is_empty() && !coverage.truncated && relationships == Status::Partial
}

fn assignments_title(coverage: &Coverage) -> String {
    match (coverage.status, coverage.gaps.len()) {
        (Status::Partial, 0) => "Access assignments were read in part".into(),
        (Status::Partial, 1) => "Access assignments of a relationship could not be read".into(),
        (Status::Partial, count) => format!("Access assignments of {count} relationships could not be read"),
        (status, _) => format!("Access assignments were not read: {status}"),
    }
}

fn draft(ctx: &Ctx<'_>, dataset: Dataset, key: &str, coverage: &Coverage) -> Draft {
    let draft = about(ctx, dataset, key)
        .evidence("status", coverage.status.as_str(), dataset)
        .evidence("records", coverage.records, dataset)
        .evidence("truncated", coverage.truncated, dataset)
        .evidence("reason", text(coverage.reason.as_deref()), dataset)
        .evidence("permission", text(coverage.permission.as_deref()), dataset);
    let draft = if failed_only(coverage) { draft.remediation(READ_AGAIN) } else { draft };
    if coverage.gaps.is_empty() {
        return draft;
    }
    let ids: Vec<&str> = coverage.gaps.keys().map(String::as_str).take(MOST_IDS).collect();
    let named = |id: &&str| ctx.index.relationships.iter().find(|relationship| relationship.id == **id);
    let names: Vec<String> = ids.iter().filter_map(named).map(|relationship| relationship.display_name.clone()).collect();
    let draft = if names.is_empty() { draft } else { draft.note(few(&names)) };
    let reasons: BTreeSet<&str> = coverage.gaps.values().map(|gap| gap.reason.as_str()).collect();
    draft.evidence("gaps", coverage.gaps.len(), dataset).evidence("gaps (ids)", ids, dataset).evidence(
        "gaps (reasons)",
        reasons.into_iter().take(MOST_IDS).collect::<Vec<_>>(),
        dataset,
    )
}

/// What helps where no permission is missing but an answer.
const READ_AGAIN: &str = "Run again when Graph answers, with a longer `--timeout` if it was throttled or slow; the relationships that failed are named in \
                          the evidence (--full). If one stays unreadable, open it in Partner Center > Customers > (customer) > Admin relationships.";

/// True if what was not read failed, and was neither refused nor hidden.
fn failed_only(coverage: &Coverage) -> bool {
    let by_gaps = coverage.status == Status::Partial && !coverage.gaps.is_empty() && !coverage.truncated;
    coverage.status == Status::Failed || (by_gaps && coverage.gaps.values().all(|gap| gap.status == Status::Failed))
}

fn about(ctx: &Ctx<'_>, dataset: Dataset, key: &str) -> Draft {
    Draft::about("dataset", dataset.name(), dataset.name()).key(format!("{}/{key}", ctx.tenant.view))
}

/// A status that this build does not know counts as live; what it means nobody here knows.
fn unknown_statuses(ctx: &Ctx<'_>, out: &mut Out) {
    let told = told::relationships(ctx);
    let relationships = told.iter().filter_map(|told| match &told.relationship.status {
        RelationshipStatus::Unknown(status) => Some((status.as_str(), told.relationship.id.as_str())),
        _ => None,
    });
    let source = match ctx.tenant.view {
        View::Partner => Dataset::Relationships,
        View::Customer => Dataset::Declared,
    };
    unknown(ctx, out, source, relationships.collect());
    let assignments = ctx.facts.assignments.iter().filter_map(|assignment| match &assignment.status {
        AssignmentStatus::Unknown(status) => Some((status.as_str(), assignment.id.as_str())),
        _ => None,
    });
    unknown(ctx, out, Dataset::Assignments, assignments.collect());
}

fn unknown(ctx: &Ctx<'_>, out: &mut Out, dataset: Dataset, found: BTreeSet<(&str, &str)>) {
    if found.is_empty() {
        return;
    }
    let statuses: BTreeSet<&str> = found.iter().map(|(status, _)| *status).collect();
    let ids: Vec<&str> = found.iter().map(|(_, id)| *id).take(MOST_IDS).collect();
    out.push(
        about(ctx, dataset, "unknown-status")
            .title(format!("A status in {dataset} is not known to this build"))
            .remediation(
                "Update partnerscope. If there is no newer one, look the relationship up in Partner Center and report the status as a bug.",
            )
            .evidence("status", statuses.into_iter().take(MOST_IDS).collect::<Vec<_>>(), dataset)
            .evidence("count", found.len(), dataset)
            .evidence("id", ids, dataset),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::domain::{Coverage, Dataset, Gap, Status};
    use crate::policy::rules::testing::{Case, READERS, assignment, case, customer_case, declared, relationship};

    fn found(case: &Case) -> Vec<(String, String)> {
        case.run(&RULE).findings.into_iter().map(|draft| (draft.subject.id, draft.own_key)).collect()
    }

    fn gaps(count: usize) -> Coverage {
        let gap = |n| (format!("r{n:03}"), Gap { status: Status::Failed, reason: "503".into() });
        Coverage { gaps: (0..count).map(gap).collect(), ..Coverage::new(Status::Partial) }
    }

    #[test]
    fn complete_and_skipped_are_silent() {
        assert!(found(&case(json!({}))).is_empty());
        let skipped = case(json!({}))
            .coverage(Dataset::Assignments, Coverage::skipped("asked"))
            .coverage(Dataset::Relationships, Coverage::skipped("asked"));
        assert!(found(&skipped).is_empty());
    }

    #[test]
    fn each_way_of_not_being_read() {
        for status in [Status::Partial, Status::Denied, Status::Failed, Status::Unavailable] {
            let relationships = found(&case(json!({})).coverage(Dataset::Relationships, Coverage::new(status)));
            assert_eq!(relationships, [("relationships".into(), "partner/unread".into())], "{status}");
            let assignments = found(&case(json!({})).coverage(Dataset::Assignments, Coverage::new(status)));
            assert_eq!(assignments, [("assignments".into(), "partner/unread".into())], "{status}");
        }
    }

    #[test]
    fn the_remedy_fits_what_was_missing() {
        let remedy = |coverage| case(json!({})).coverage(Dataset::Assignments, coverage).run(&RULE).findings.remove(0).remediation;
        assert!(remedy(gaps(1)).unwrap().contains("Run again when Graph answers"));
        assert!(remedy(Coverage::new(Status::Failed)).is_some());
        assert_eq!(remedy(Coverage::new(Status::Denied)), None, "the rule's own: the permission");
        let denied = Gap { status: Status::Denied, reason: "403".into() };
        assert_eq!(remedy(Coverage { gaps: [("r1".to_owned(), denied)].into(), ..gaps(0) }), None);
    }

    #[test]
    fn a_child_that_is_only_lowered_is_not_said_twice() {
        let partial = || case(json!({})).coverage(Dataset::Relationships, Coverage::new(Status::Partial));
        assert_eq!(found(&partial().coverage(Dataset::Assignments, Coverage::new(Status::Partial))).len(), 1);
        assert_eq!(found(&partial().coverage(Dataset::Assignments, gaps(1))).len(), 2);
    }

    #[test]
    fn failed_relationships_are_counted_and_some_named() {
        let draft = case(json!({})).coverage(Dataset::Assignments, gaps(25)).run(&RULE).findings.remove(0);
        assert!(draft.title.unwrap().contains("25 relationships"));
        let ids = draft.evidence.iter().find(|evidence| evidence.field == "gaps (ids)").unwrap();
        assert_eq!(ids.value.as_array().unwrap().len(), 20);
    }

    #[test]
    fn what_failed_is_named() {
        let facts = json!({ "relationships": [relationship("r000", &[READERS], json!({ "displayName": "Alpine desk" }))] });
        let draft = case(facts).coverage(Dataset::Assignments, gaps(1)).run(&RULE).findings.remove(0);
        assert_eq!(draft.note.as_deref(), Some("Alpine desk"));
    }

    #[test]
    fn unknown_statuses_are_told() {
        let odd = case(json!({
            "relationships": [relationship("r1", &[READERS], json!({ "status": "frozen" })), relationship("r2", &[READERS], json!({}))],
            "assignments": [assignment("a1", "r1", "g1", &[READERS], json!({ "status": "paused" }))],
        }));
        let want = [("relationships", "partner/unknown-status"), ("assignments", "partner/unknown-status")];
        assert_eq!(found(&odd), want.map(|(id, key)| (id.to_owned(), key.to_owned())));
    }

    #[test]
    fn the_customer_view_needs_what_it_requires() {
        let with = |dataset: Dataset, status: Status| found(&customer_case(json!({})).coverage(dataset, Coverage::new(status)));
        assert!(found(&customer_case(json!({}))).is_empty());
        for dataset in
            [Dataset::Organization, Dataset::RoleAssignments, Dataset::CrossTenantPartners, Dataset::Audits, Dataset::ConditionalAccess]
        {
            for status in [Status::Denied, Status::Partial, Status::Failed] {
                assert_eq!(with(dataset, status), [(dataset.name().to_owned(), "customer/unread".to_owned())], "{dataset} {status}");
            }
            assert!(with(dataset, Status::Skipped).is_empty());
        }
        for dataset in [Dataset::ProviderConstraints, Dataset::Declared, Dataset::SignIns] {
            assert!(with(dataset, Status::Denied).is_empty(), "{dataset} only helps, or has a rule of its own");
        }
    }

    #[test]
    fn the_customer_s_remedy_names_the_permission() {
        let denied = Coverage { permission: Some("RoleManagement.Read.Directory".into()), ..Coverage::new(Status::Denied) };
        let remedy = |coverage| {
            customer_case(json!({})).coverage(Dataset::RoleAssignments, coverage).run(&RULE).findings.remove(0).remediation.unwrap()
        };
        assert!(remedy(denied).contains("Grant RoleManagement.Read.Directory"));
        assert!(remedy(Coverage::new(Status::Failed)).starts_with("Run again"));
    }

    #[test]
    fn declared_statuses_that_are_not_known_are_told() {
        let odd = declared(vec![relationship("r1", &[READERS], json!({ "status": "frozen" }))]);
        assert_eq!(found(&odd), [("declared".to_owned(), "customer/unknown-status".to_owned())]);
    }

    #[test]
    fn what_was_refused_is_not_read_again() {
        let of = |status: Status, truncated: bool| {
            let gap = Gap { status, reason: "x".into() };
            super::failed_only(&Coverage { gaps: [("r1".to_owned(), gap)].into(), truncated, ..Coverage::new(Status::Partial) })
        };
        assert!(of(Status::Failed, false) && !of(Status::Denied, false) && !of(Status::Failed, true));
        assert!(super::failed_only(&Coverage::new(Status::Failed)));
        assert!(!super::failed_only(&Coverage::new(Status::Denied)) && !super::failed_only(&Coverage::new(Status::Partial)));
    }
}
