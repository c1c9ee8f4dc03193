//! ASG-04: see the page.

use std::collections::BTreeSet;

use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity, roles};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{NIST_T1199, PARTNER, customers_of_groups, few_roles, holds, list, role_names, roles_up_to};

/// The weakest tier that an agent group must not carry.
const MAX_TIER: i64 = 1;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-tier0-to-default-agent-group",
        code: "ASG-04",
        title: "Tier 0 or 1 role is mapped to AdminAgents or HelpdeskAgents",
        views: PARTNER,
        severity: Severity::High,
        severity_note: "Medium where the group carries tier 1 and no tier 0.",
        uses: &[required(Dataset::Assignments), required(Dataset::Groups), helps(Dataset::GroupMembers)],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "assignments.status",
            "assignments.groupId",
            "assignments.roles",
            "relationships.customer.tenantId",
            "groups.displayName",
            "groups.gone",
            "groupMembers",
        ],
        settings: &[
            list(
                "default-groups",
                &["AdminAgents", "HelpdeskAgents", "SalesAgents"],
                "Names of the groups that Partner Center fills; case and spaces do not matter.",
            ),
            list("id-overrides", &[], "Object ids of groups that count as such whatever their name."),
        ],
        remediation: "Make a group for each job and customer segment, map it to the relationship, then drop the agent group's assignment: DELETE \
                      /tenantRelationships/delegatedAdminRelationships/{id}/accessAssignments/{id} with If-Match, or Partner Center > Customers > \
                      (customer) > Admin relationships.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-tier0-to-default-agent-group.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let (names, ids) = (ctx.settings.list("default-groups"), ctx.settings.list("id-overrides"));
    let wanted: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let customers = customers_of_groups(ctx, MAX_TIER);
    for (id, roles) in ctx.index.group_roles() {
        let found = roles_up_to(roles.iter().copied(), MAX_TIER);
        let group = ctx.index.group(id);
        if found.is_empty() || group.is_some_and(|group| group.gone) {
            continue;
        }
        let name = group.and_then(|group| group.display_name.as_deref());
        let by_name = name.is_some_and(|name| wanted.contains(&plain(name)));
        let by_id = holds(ids, id);
        if by_name || by_id {
            let draft = draft(ctx, id, name, &found).evidence(
                "count(customer.tenantId)",
                customers.get(id).map_or(0, BTreeSet::len),
                Dataset::Assignments,
            );
            out.push(if by_name { draft.setting("default-groups", names.to_vec()) } else { draft.setting("id-overrides", ids.to_vec()) });
        } else if name.is_none() {
            out.unjudged(id, Dataset::Groups);
        }
    }
}

fn draft(ctx: &Ctx<'_>, id: &str, name: Option<&str>, found: &[&str]) -> Draft {
    let is_tier0 = roles::worst_tier(found.iter().copied()) == Some(0);
    let names = role_names(found.iter().copied());
    let draft = Draft::about("group", id, ctx.index.group_name(id))
        .severity(if is_tier0 { Severity::High } else { Severity::Medium })
        .note(few_roles(&names))
        .evidence("displayName", name, Dataset::Groups)
        .evidence("accessDetails.unifiedRoles", names, Dataset::Assignments);
    match ctx.facts.group_members.get(id) {
        Some(members) => draft.evidence("count(transitiveMembers)", members.len(), Dataset::GroupMembers),
        None => draft,
    }
}

/// A name without spaces, lower case.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Dataset, Severity};
    use crate::policy::rules::testing::{APPLICATION, Case, EXCHANGE, SUPPORT, assignment, case, relationship};

    fn with(role: &str, status: &str, group: Value) -> Case {
        case(json!({
            "relationships": [relationship("r1", &[role], json!({}))],
            "assignments": [assignment("a1", "r1", "g1", &[role], json!({ "status": status }))],
            "groups": [group], "groupMembers": { "g1": ["ann", "bob"] },
        }))
    }

    fn named(name: &str) -> Value {
        json!({ "id": "g1", "displayName": name })
    }

    #[test]
    fn severity_by_tier() {
        let severity = |role: &str| with(role, "active", named("AdminAgents")).run(&RULE).findings.first().and_then(|draft| draft.severity);
        assert_eq!(severity(APPLICATION), Some(Severity::High));
        assert_eq!(severity(EXCHANGE), Some(Severity::Medium));
        assert_eq!(severity(SUPPORT), None);
    }

    #[test]
    fn names_without_case_and_spaces_and_ids() {
        for name in ["AdminAgents", "admin agents", " Helpdesk\u{a0}Agents ", "SALESAGENTS"] {
            assert!(with(APPLICATION, "active", named(name)).fires(&RULE), "{name}");
        }
        for name in ["AdminAgents 2", "Admin", ""] {
            let out = with(APPLICATION, "active", named(name)).run(&RULE);
            assert!(out.findings.is_empty() && out.unjudged.is_empty(), "{name}");
        }
        assert!(with(APPLICATION, "active", named("Agents")).list("default-groups", &["agents"]).fires(&RULE));
        assert!(with(APPLICATION, "active", json!({ "id": "g1" })).list("id-overrides", &["G1"]).fires(&RULE));
    }

    #[test]
    fn a_group_without_a_name_is_not_judged_and_one_that_is_gone_is_silent() {
        let out = with(APPLICATION, "active", json!({ "id": "g1" })).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![("g1".to_owned(), Dataset::Groups)]));
        let out = with(APPLICATION, "active", json!({ "id": "g1", "gone": true })).run(&RULE);
        assert!(out.findings.is_empty() && out.unjudged.is_empty());
        assert!(!with(APPLICATION, "deleted", named("AdminAgents")).fires(&RULE));
    }

    #[test]
    fn it_says_how_far_the_group_reaches() {
        let drafts = with(APPLICATION, "active", named("AdminAgents")).run(&RULE).findings;
        let value = |field: &str| drafts[0].evidence.iter().find(|evidence| evidence.field == field).unwrap().value.clone();
        assert_eq!((value("count(customer.tenantId)"), value("count(transitiveMembers)")), (json!(1), json!(2)));
    }
}
