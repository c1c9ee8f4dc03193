//! ASG-05: see the page.

use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, few_roles, holds, list, role_names, roles_up_to, tier};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-group-not-protected",
        code: "ASG-05",
        title: "Group that carries privileged roles is not protected",
        views: PARTNER,
        severity: Severity::High,
        severity_note: "",
        uses: &[required(Dataset::Assignments), required(Dataset::Groups)],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "assignments.status",
            "assignments.groupId",
            "assignments.roles",
            "groups.isAssignableToRole",
            "groups.isManagementRestricted",
            "groups.gone",
        ],
        settings: &[
            tier("protect-max-tier", 0, "The weakest tier whose groups must be protected (0 to 3)."),
            list("ignore-groups", &[], "Object ids of groups that are protected otherwise, by PIM for Groups for one."),
        ],
        remediation: "Make a new group with isAssignableToRole true (it can be set at creation only: Entra admin center > Groups > New group > \
                      Microsoft Entra roles can be assigned), map it in place of this one, and drop this one; or put this one in a restricted \
                      management administrative unit.",
        attack: &["T1199", "T1098.003"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-3", "AC-5", "AC-6"],
        benchmarks: &["SCuBA MS.AAD.7.5v1 (related)"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-group-not-protected.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let max_tier = ctx.settings.int("protect-max-tier");
    let ignored = ctx.settings.list("ignore-groups");
    for (id, roles) in ctx.index.group_roles() {
        let found = roles_up_to(roles.iter().copied(), max_tier);
        if found.is_empty() || holds(ignored, id) {
            continue;
        }
        let Some(group) = ctx.index.group(id) else {
            out.unjudged(id, Dataset::Groups);
            continue;
        };
        let is_protected = group.is_assignable_to_role == Some(true) || group.is_management_restricted == Some(true);
        if group.gone || is_protected {
            continue;
        }
        // Graph leaves the flag out where it was never set, and a credential may not see it.
        let confidence = if group.is_assignable_to_role.is_some() { Confidence::High } else { Confidence::Medium };
        let flag = |value: Option<bool>| value.map_or(serde_json::Value::Null, serde_json::Value::Bool);
        let names = role_names(found);
        out.push(
            Draft::about("group", *id, ctx.index.group_name(id))
                .note(few_roles(&names))
                .confidence(confidence)
                .evidence("isAssignableToRole", flag(group.is_assignable_to_role), Dataset::Groups)
                .evidence("isManagementRestricted", flag(group.is_management_restricted), Dataset::Groups)
                .evidence("accessDetails.unifiedRoles", names, Dataset::Assignments)
                .setting("protect-max-tier", max_tier),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Confidence, Dataset};
    use crate::policy::rules::testing::{APPLICATION, Case, EXCHANGE, assignment, case, relationship};

    fn with(role: &str, status: &str, group: Value) -> Case {
        case(json!({
            "relationships": [relationship("r1", &[role], json!({}))],
            "assignments": [assignment("a1", "r1", "g1", &[role], json!({ "status": status }))],
            "groups": group,
        }))
    }

    #[test]
    fn not_true_is_not_protected() {
        let confidence =
            |group: Value| with(APPLICATION, "active", json!([group])).run(&RULE).findings.first().map(|draft| draft.confidence);
        assert_eq!(confidence(json!({ "id": "g1", "isAssignableToRole": false })), Some(Confidence::High));
        assert_eq!(confidence(json!({ "id": "g1" })), Some(Confidence::Medium));
        assert_eq!(confidence(json!({ "id": "g1", "isAssignableToRole": true })), None);
        assert_eq!(confidence(json!({ "id": "g1", "isAssignableToRole": false, "isManagementRestricted": true })), None);
        assert_eq!(confidence(json!({ "id": "g1", "gone": true })), None, "gdap-broken-assignment says that one");
    }

    #[test]
    fn tier_lists_and_history() {
        let open = json!([{ "id": "g1", "isAssignableToRole": false }]);
        assert!(!with(EXCHANGE, "active", open.clone()).fires(&RULE));
        assert!(with(EXCHANGE, "active", open.clone()).int("protect-max-tier", 1).fires(&RULE));
        assert!(!with(APPLICATION, "active", open.clone()).list("ignore-groups", &["G1"]).fires(&RULE));
        assert!(!with(APPLICATION, "deleted", open.clone()).fires(&RULE));
        assert!(with(APPLICATION, "deleting", open).fires(&RULE), "access may remain");
    }

    #[test]
    fn one_finding_a_group_and_none_for_a_group_that_was_not_read() {
        let mut case = with(APPLICATION, "active", json!([{ "id": "g1", "isAssignableToRole": false }]));
        let second = assignment("a2", "r1", "g1", &[APPLICATION], json!({}));
        case.snapshot.tenants[0].partner.assignments.push(serde_json::from_value(second).unwrap());
        assert_eq!(case.subjects(&RULE), ["g1"]);
        let out = with(APPLICATION, "active", json!([])).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![("g1".to_owned(), Dataset::Groups)]));
    }
}
