//! PRV-03: see the page.

use std::collections::BTreeSet;

use crate::domain::facts::Relationship;
use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Dataset, RuleMeta, Severity, roles};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{NIST_T1199, PARTNER, role_count, role_names};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-too-many-roles",
        code: "PRV-03",
        title: "More roles are held in one customer than the limit",
        views: PARTNER,
        severity: Severity::Medium,
        severity_note: "High above `high-roles`.",
        uses: &[required(Dataset::Relationships)],
        reads: Reads::Some,
        fields: &["relationships.status", "relationships.roles", "relationships.customer.tenantId"],
        settings: &[
            role_count("max-roles", 15, "Most roles with write access that live relationships with one customer may hold together."),
            role_count("high-roles", 25, "Above this many the severity is high."),
        ],
        remediation: "Drop first what ASG-01 (gdap-role-without-assignment) lists as unused, then split the rest by job: Partner Center > Customers > \
                      (customer) > Admin relationships > request a new relationship with the smaller set, move the groups, end the old one.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        page: include_str!("gdap-too-many-roles.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for (customer, relationships) in ctx.index.live_by_customer() {
        let party = ctx.index.party(customer);
        judge(ctx, out, &relationships, || Draft::about("customer", customer, &party.name).customer(Some(party)));
    }
    // Only a status that is not known leaves a live relationship without a customer: it is then its own subject.
    for relationship in ctx.index.live().filter(|relationship| relationship.customer_id().is_none()) {
        judge(ctx, out, &[relationship], || Draft::relationship(ctx, relationship));
    }
}

fn judge(ctx: &Ctx<'_>, out: &mut Out, relationships: &[&Relationship], draft: impl FnOnce() -> Draft) {
    let (limit, high) = (ctx.settings.int("max-roles"), ctx.settings.int("high-roles"));
    let union: BTreeSet<&str> =
        relationships.iter().flat_map(|relationship| &relationship.roles).map(String::as_str).filter(|id| writes(id)).collect();
    let count = i64::try_from(union.len()).unwrap_or(i64::MAX);
    if count <= limit {
        return;
    }
    let is_high = count > high;
    let ids: Vec<&str> = relationships.iter().map(|relationship| relationship.id.as_str()).collect();
    let draft = draft()
        .severity(if is_high { Severity::High } else { Severity::Medium })
        .note(format!("{count} roles, limit {}", if is_high { high } else { limit }))
        .evidence("count(accessDetails.unifiedRoles)", count, Dataset::Relationships)
        .evidence("accessDetails.unifiedRoles", role_names(union), Dataset::Relationships)
        .evidence("id", ids, Dataset::Relationships)
        .setting("max-roles", limit);
    out.push(if is_high { draft.setting("high-roles", high) } else { draft });
}

/// A role that the catalog does not have may write.
fn writes(id: &str) -> bool {
    roles::by_id(id).is_none_or(|role| !role.read_only)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::domain::{Severity, roles};
    use crate::policy::rules::testing::{ALPINE, READERS, case, relationship};

    fn writers(count: usize) -> Vec<&'static str> {
        roles::all().iter().filter(|role| !role.read_only).map(|role| role.id).take(count).collect()
    }

    #[test]
    fn the_limit_itself_is_fine() {
        let count = |roles: &[&str]| case(json!({ "relationships": [relationship("r1", roles, json!({}))] })).run(&RULE).findings;
        assert!(count(&writers(15)).is_empty());
        assert!(count(&[writers(15), vec![READERS]].concat()).is_empty(), "read-only roles do not count");
        assert_eq!(count(&writers(16))[0].severity, Some(Severity::Medium));
        assert_eq!(count(&writers(25))[0].severity, Some(Severity::Medium));
        assert_eq!(count(&writers(26))[0].severity, Some(Severity::High));
        assert_eq!(count(&[writers(15), vec!["not-in-the-catalog"]].concat()).len(), 1, "an unknown role may write");
    }

    #[test]
    fn roles_add_up_over_live_relationships_and_count_once() {
        let (first, second) = (writers(12), writers(20)[8..].to_vec());
        let with = |status: &str| {
            case(
                json!({ "relationships": [relationship("r1", &first, json!({})), relationship("r2", &second, json!({ "status": status }))] }),
            )
        };
        let drafts = with("active").run(&RULE).findings;
        assert_eq!((&*drafts[0].subject.kind, drafts[0].subject.id.as_str()), ("customer", ALPINE));
        assert_eq!(drafts[0].evidence[0].value, json!(20));
        assert!(!with("terminated").fires(&RULE));
    }

    #[test]
    fn a_live_relationship_without_a_customer_is_judged_by_itself() {
        let odd = json!({ "relationships": [relationship("r1", &writers(16), json!({ "status": "somethingNew", "customer": null }))] });
        assert_eq!(case(odd).subjects(&RULE), ["r1"]);
    }
}
