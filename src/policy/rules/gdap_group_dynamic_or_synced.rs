//! ASG-06: see the page.

use crate::domain::facts::Group;
use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Dataset, RuleMeta, Severity, roles};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, few_roles, role_names, roles_up_to};

/// The weakest tier of a privileged group.
const MAX_TIER: i64 = 1;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-group-dynamic-or-synced",
        code: "ASG-06",
        title: "Privileged GDAP group is dynamic or synced from on-premises",
        views: PARTNER,
        severity: Severity::High,
        severity_note: "Medium where the group carries tier 1 and no tier 0.",
        uses: &[required(Dataset::Assignments), required(Dataset::Groups)],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "assignments.status",
            "assignments.groupId",
            "assignments.roles",
            "groups.groupTypes",
            "groups.membershipRule",
            "groups.onPremisesSyncEnabled",
            "groups.gone",
        ],
        settings: &[],
        remediation: "Map a cloud group with assigned members in its place: POST /groups with securityEnabled true, mailEnabled false, \
                      isAssignableToRole true and no membershipRule (Entra admin center > Groups > New group > Membership type: Assigned), then \
                      drop this one's assignments.",
        attack: &["T1199", "T1098"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-3", "AC-5", "AC-6"],
        benchmarks: &["SCuBA MS.AAD.7.3v1 (related)"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-group-dynamic-or-synced.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for (id, roles) in ctx.index.group_roles() {
        let found = roles_up_to(roles.iter().copied(), MAX_TIER);
        if found.is_empty() {
            continue;
        }
        match ctx.index.group(id) {
            Some(group) => out.findings.extend(judge(ctx, group, &found)),
            None => out.unjudged(id, Dataset::Groups),
        }
    }
}

fn judge(ctx: &Ctx<'_>, group: &Group, found: &[&str]) -> Option<Draft> {
    let is_dynamic = group.group_types.iter().any(|kind| kind.eq_ignore_ascii_case("DynamicMembership"));
    let is_synced = group.on_premises_sync_enabled == Some(true);
    if group.gone || !(is_dynamic || is_synced) {
        return None;
    }
    let title = if is_dynamic {
        "A rule decides who is in a privileged GDAP group"
    } else {
        "A directory on-premises decides who is in a privileged GDAP group"
    };
    let is_tier0 = roles::worst_tier(found.iter().copied()) == Some(0);
    let names = role_names(found.iter().copied());
    let draft = Draft::about("group", &group.id, ctx.index.group_name(&group.id))
        .title(title)
        .severity(if is_tier0 { Severity::High } else { Severity::Medium })
        .note(few_roles(&names))
        .evidence("groupTypes", group.group_types.clone(), Dataset::Groups)
        .evidence("onPremisesSyncEnabled", group.on_premises_sync_enabled, Dataset::Groups)
        .evidence("accessDetails.unifiedRoles", names, Dataset::Assignments);
    Some(match group.membership_rule.as_deref() {
        Some(rule) => draft.evidence("membershipRule", rule, Dataset::Groups),
        None => draft,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Dataset, Severity};
    use crate::policy::rules::testing::{APPLICATION, Case, EXCHANGE, SUPPORT, assignment, case, relationship};

    fn with(role: &str, status: &str, groups: Value) -> Case {
        case(json!({
            "relationships": [relationship("r1", &[role], json!({}))],
            "assignments": [assignment("a1", "r1", "g1", &[role], json!({ "status": status }))],
            "groups": groups,
        }))
    }

    #[test]
    fn dynamic_or_synced() {
        let fires = |group: Value| with(APPLICATION, "active", json!([group])).fires(&RULE);
        assert!(fires(json!({ "id": "g1", "groupTypes": ["Unified", "dynamicmembership"] })));
        assert!(fires(json!({ "id": "g1", "onPremisesSyncEnabled": true })));
        assert!(!fires(json!({ "id": "g1", "groupTypes": ["Unified"], "onPremisesSyncEnabled": false })));
        assert!(!fires(json!({ "id": "g1", "membershipRule": "user.department -eq \"IT\"" })), "a rule that is not in force");
        assert!(!fires(json!({ "id": "g1", "onPremisesSyncEnabled": true, "gone": true })));
    }

    #[test]
    fn severity_by_tier_and_current_assignments_alone() {
        let synced = || json!([{ "id": "g1", "onPremisesSyncEnabled": true }]);
        let severity = |role: &str| with(role, "active", synced()).run(&RULE).findings.first().and_then(|draft| draft.severity);
        assert_eq!([severity(APPLICATION), severity(EXCHANGE), severity(SUPPORT)], [Some(Severity::High), Some(Severity::Medium), None]);
        assert!(!with(APPLICATION, "deleted", synced()).fires(&RULE));
    }

    #[test]
    fn a_group_that_was_not_read_is_not_judged_and_the_rule_is_evidence() {
        let out = with(APPLICATION, "active", json!([])).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![("g1".to_owned(), Dataset::Groups)]));
        let rule = "user.department -eq \"IT\"";
        let group = json!([{ "id": "g1", "groupTypes": ["DynamicMembership"], "membershipRule": rule }]);
        let drafts = with(APPLICATION, "active", group).run(&RULE).findings;
        assert!(drafts[0].evidence.iter().any(|evidence| evidence.field == "membershipRule" && evidence.value == rule));
        assert!(drafts[0].title.as_deref().unwrap().starts_with("A rule"));
    }
}
