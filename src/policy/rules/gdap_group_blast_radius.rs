//! ASG-07: see the page.

use std::collections::BTreeSet;

use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{NIST_T1199, PARTNER, count, customers_of_groups, role_names, roles_up_to, tier};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-group-blast-radius",
        code: "ASG-07",
        title: "One group carries privileged roles in many customers",
        views: PARTNER,
        severity: Severity::High,
        severity_note: "",
        uses: &[required(Dataset::Assignments), required(Dataset::Relationships), helps(Dataset::GroupMembers), helps(Dataset::Groups)],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "assignments.status",
            "assignments.groupId",
            "assignments.roles",
            "relationships.status",
            "relationships.customer.tenantId",
            "groups.gone",
            "groupMembers",
        ],
        settings: &[
            count("max-customers", 25, "Most customers in which one group may carry such a role."),
            tier("blast-max-tier", 0, "The weakest tier that counts (0 to 3)."),
        ],
        remediation: "Split the group by customer segment, so that one person reaches one segment; put tier 0 behind PIM for Groups with approval \
                      (Entra admin center > ID Governance > Privileged Identity Management > Groups), and leave tier 2 and 3 in the broad group.",
        attack: &["T1199"],
        mitigations: &["M1018", "M1030"],
        nist: NIST_T1199,
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-group-blast-radius.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let (limit, max_tier) = (ctx.settings.int("max-customers"), ctx.settings.int("blast-max-tier"));
    for (id, customers) in customers_of_groups(ctx, max_tier) {
        let count = i64::try_from(customers.len()).unwrap_or(i64::MAX);
        if count <= limit || ctx.index.group(id).is_some_and(|group| group.gone) {
            continue;
        }
        let roles = ctx.index.group_roles().get(id).into_iter().flatten().copied();
        let names: BTreeSet<&str> = roles_up_to(roles, max_tier).into_iter().collect();
        let draft = Draft::about("group", id, ctx.index.group_name(id))
            .note(format!("{count} customers, limit {limit}"))
            .evidence("count(customer.tenantId)", count, Dataset::Assignments)
            .evidence("accessDetails.unifiedRoles", role_names(names), Dataset::Assignments)
            .setting("max-customers", limit)
            .setting("blast-max-tier", max_tier);
        out.push(match ctx.facts.group_members.get(id) {
            Some(members) => draft.evidence("count(transitiveMembers)", members.len(), Dataset::GroupMembers),
            None => draft,
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::policy::rules::testing::{APPLICATION, Case, EXCHANGE, assignment, case, relationship};

    /// A group with a role in so many customers, each by two relationships.
    fn with(customers: usize, role: &str, more: &Value) -> Case {
        let (mut relationships, mut assignments) = (Vec::new(), Vec::new());
        for n in 0..customers * 2 {
            let (id, customer) = (format!("r{n}"), json!({ "customer": { "tenantId": format!("c{}", n / 2) } }));
            relationships.push(relationship(&id, &[role], customer));
            assignments.push(assignment(&format!("a{n}"), &id, "g1", &[role], more.clone()));
        }
        case(json!({ "relationships": relationships, "assignments": assignments }))
    }

    #[test]
    fn customers_count_once_and_the_limit_itself_is_fine() {
        let none = json!({});
        assert!(!with(25, APPLICATION, &none).fires(&RULE));
        let drafts = with(26, APPLICATION, &none).run(&RULE).findings;
        assert_eq!((drafts[0].subject.id.as_str(), &drafts[0].evidence[0].value), ("g1", &json!(26)));
        assert!(with(3, APPLICATION, &none).int("max-customers", 2).fires(&RULE));
    }

    #[test]
    fn only_privileged_roles_in_force_count() {
        let case = || with(26, EXCHANGE, &json!({}));
        assert!(!case().fires(&RULE));
        assert!(case().int("blast-max-tier", 1).fires(&RULE));
        assert!(!with(26, APPLICATION, &json!({ "status": "deleted" })).fires(&RULE));
        let mut ended = with(26, APPLICATION, &json!({}));
        for relationship in &mut ended.snapshot.tenants[0].partner.relationships[..2] {
            relationship.status = crate::domain::facts::RelationshipStatus::Expired;
        }
        assert!(!ended.fires(&RULE), "25 are left");
        let mut gone = with(26, APPLICATION, &json!({}));
        gone.snapshot.tenants[0].partner.groups = vec![serde_json::from_value(json!({ "id": "g1", "gone": true })).unwrap()];
        assert!(!gone.fires(&RULE), "nobody is in it");
    }
}
