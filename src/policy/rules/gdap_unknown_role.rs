//! PRV-05: see the page.

use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Dataset, RuleMeta, Severity, roles};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, began, few};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-unknown-role",
        code: "PRV-05",
        title: "Relationship includes a role that the catalog does not have",
        views: PARTNER,
        severity: Severity::Medium,
        severity_note: "",
        uses: &[required(Dataset::Relationships)],
        reads: Reads::Some,
        fields: &["relationships.status", "relationships.roles", "relationships.activatedDateTime", "relationships.createdDateTime"],
        settings: &[],
        remediation: "Look the id up: GET /beta/roleManagement/directory/roleDefinitions/{id}?$select=displayName,isPrivileged,rolePermissions. \
                      If it is a new built-in role, update partnerscope; if nobody knows it, ask the customer for a relationship without it.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: &["AC-3", "AC-6", "CM-6"],
        benchmarks: &[],
        page: include_str!("gdap-unknown-role.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for relationship in ctx.index.live() {
        let mut unknown: Vec<String> = relationship.roles.iter().filter(|id| roles::by_id(id).is_none()).cloned().collect();
        unknown.sort();
        unknown.dedup();
        if unknown.is_empty() {
            continue;
        }
        out.push(
            Draft::relationship(ctx, relationship)
                .note(few(&unknown))
                .since(began(relationship))
                .evidence("status", relationship.status.as_str(), Dataset::Relationships)
                .evidence("accessDetails.unifiedRoles", unknown, Dataset::Relationships),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::policy::rules::testing::{READERS, case, relationship};

    #[test]
    fn ids_are_compared_whole_and_without_case() {
        let fires = |role: &str| case(json!({ "relationships": [relationship("r1", &[role], json!({}))] })).fires(&RULE);
        assert!(!fires(READERS));
        assert!(!fires(&READERS.to_uppercase()));
        assert!(fires(&READERS[..35]), "a cut id is not the role");
        assert!(fires("8329153a-20ed-4bf8-aa37-81242c6e8e01"), "a wrong id that public tools carry");
        assert!(fires(""));
    }

    #[test]
    fn only_unknown_ones_are_named_once_and_ended_relationships_are_silent() {
        let with = |status: &str| {
            case(json!({ "relationships": [relationship("r1", &["zz", READERS, "aa", "zz"], json!({ "status": status }))] }))
        };
        let drafts = with("terminating").run(&RULE).findings;
        assert_eq!(drafts[0].evidence[1].value, json!(["aa", "zz"]));
        assert!(!with("terminated").fires(&RULE));
    }
}
