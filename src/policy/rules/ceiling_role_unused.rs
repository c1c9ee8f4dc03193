//! REC-03: see the page.

use std::collections::BTreeSet;

use crate::domain::ledger::{Class, Entry, UNKNOWN_HOME};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity, roles};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::approval;
use super::shared::{CUSTOMER, NIST_T1199, few_roles, role_names};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "ceiling-role-unused",
        code: "REC-03",
        title: "A service provider may be given roles that none of its groups holds",
        views: CUSTOMER,
        severity: Severity::Low,
        severity_note: "Medium with a tier 0 or tier 1 role among them. Info where all of them lie inside an approval.",
        uses: &[],
        customer_uses: &[
            helps(Dataset::ProviderConstraints),
            required(Dataset::RoleAssignments),
            required(Dataset::RoleDefinitions),
            helps(Dataset::RoleSchedules),
            helps(Dataset::ForeignPrincipals),
        ],
        reads: Reads::All,
        fields: &[
            "providerConstraints.tenantId",
            "providerConstraints.allowedRoles",
            "roleAssignments.principalTenantId",
            "roleAssignments.roleDefinitionId",
            "roleSchedules.roleDefinitionId",
        ],
        settings: &[],
        remediation: "Ask the partner for a successor relationship with only the roles that its groups hold, approve that one, and end the old one: \
                      Microsoft 365 admin center > Settings > Partner relationships > (partner). The roles of a running relationship cannot be cut, \
                      Global Administrator apart.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("ceiling-role-unused.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let unknown = roles_of(ctx.ledger.get(UNKNOWN_HOME));
    // What Microsoft Support may be given beyond its own role is the business of its own rule, held or not.
    for entry in ctx.ledger.entries.values().filter(|entry| entry.class != Class::MicrosoftSupport) {
        let Some(ceiling) = &entry.ceiling else {
            if entry.service_provider_entry && !ctx.is_complete_for(Dataset::ProviderConstraints, &entry.tenant_id) {
                out.unjudged(&entry.tenant_id, Dataset::ProviderConstraints);
            }
            continue;
        };
        let held = roles_of(Some(entry));
        let unused: BTreeSet<&str> = ceiling.iter().map(String::as_str).filter(|role| !held.contains(role)).collect();
        if unused.is_empty() {
            continue;
        }
        if !ctx.is_complete_for(Dataset::RoleAssignments, &entry.tenant_id) {
            out.unjudged(&entry.tenant_id, Dataset::RoleAssignments);
            continue;
        }
        // A principal whose tenant is not known may be this one's.
        if unused.iter().any(|role| unknown.contains(role)) {
            out.unjudged(&entry.tenant_id, Dataset::ForeignPrincipals);
        }
        let unused: BTreeSet<&str> = unused.difference(&unknown).copied().collect();
        if !unused.is_empty() {
            out.push(judge(ctx, entry, &unused));
        }
    }
}

/// Roles that principals of a tenant hold or may activate.
fn roles_of(entry: Option<&Entry>) -> BTreeSet<&str> {
    entry.into_iter().flat_map(|entry| &entry.roles).map(|role| role.role_id.as_str()).collect()
}

fn judge(ctx: &Ctx<'_>, entry: &Entry, unused: &BTreeSet<&str>) -> Draft {
    let approval = ctx.approval(&entry.tenant_id);
    let open: Vec<&str> = unused.iter().copied().filter(|role| !approval.is_some_and(|approval| approval.covers(role))).collect();
    let shown: Vec<&str> = if open.is_empty() { unused.iter().copied().collect() } else { open.clone() };
    let names = role_names(shown);
    // A role that no catalog has may be any.
    let is_strong = open.iter().any(|role| roles::tier(role).is_none_or(|tier| tier <= 1));
    let draft = Draft::outside(entry)
        .severity(if is_strong { Severity::Medium } else { Severity::Low })
        .note(few_roles(&names))
        .since(entry.ceiling_created)
        .evidence("serviceProviderConstraints.allowedRoleTemplateIds", names, Dataset::ProviderConstraints)
        .evidence("roleAssignments", 0, Dataset::RoleAssignments);
    match approval {
        Some(approval) if open.is_empty() => approval::lowered(draft, approval),
        Some(approval) => draft.naming(approval),
        None => draft,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR as GA;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{Case, EXCHANGE, MSP, READERS, SUPPORT, customer_case, held_role};

    fn with(tenant: &str, allowed: &[&str], more: Value) -> Case {
        let mut facts = json!({
            "crossTenantPartners": [{ "tenantId": tenant, "isServiceProvider": true }],
            "providerConstraints": [{ "tenantId": tenant, "allowedRoles": allowed }]
        });
        facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        customer_case(facts)
    }

    fn severity(case: &Case) -> Option<Severity> {
        case.run(&RULE).findings.first().and_then(|draft| draft.severity)
    }

    #[test]
    fn severity_by_the_worst_role_that_nobody_holds() {
        let of = |allowed: &[&str]| severity(&with(MSP, allowed, json!({ "roleAssignments": [held_role("a", "p", MSP, READERS)] })));
        assert_eq!(of(&[READERS]), None);
        assert_eq!(of(&[READERS, SUPPORT]), Some(Severity::Low));
        assert_eq!(of(&[READERS, EXCHANGE]), Some(Severity::Medium));
        assert_eq!(of(&[READERS, GA]), Some(Severity::Medium));
        assert_eq!(of(&["cccccccc-0000-4000-8000-000000000001"]), Some(Severity::Medium), "nobody knows what it can do");
    }

    #[test]
    fn eligible_is_held_and_another_tenant_s_role_is_not() {
        let eligible = json!({ "roleSchedules": [{ "id": "s", "principalId": "p", "roleDefinitionId": EXCHANGE, "directoryScopeId": "/", "kind": "eligible" }],
            "foreignPrincipals": [{ "id": "p", "tenantId": MSP }] });
        assert_eq!(severity(&with(MSP, &[EXCHANGE], eligible)), None);
        let other = json!({ "roleAssignments": [held_role("a", "p", MICROSOFT_SUPPORT_TENANT, EXCHANGE)] });
        assert_eq!(severity(&with(MSP, &[EXCHANGE], other)), Some(Severity::Medium));
        assert_eq!(severity(&with(MICROSOFT_SUPPORT_TENANT, &[EXCHANGE], json!({}))), None);
    }

    #[test]
    fn unknown_is_never_unused() {
        let nobody =
            json!({ "roleAssignments": [{ "id": "a", "principalId": "p", "roleDefinitionId": EXCHANGE, "directoryScopeId": "/" }] });
        let out = with(MSP, &[EXCHANGE], nobody).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![(MSP.to_owned(), Dataset::ForeignPrincipals)]));
        let cut = Coverage { truncated: true, ..Coverage::new(Status::Partial) };
        let out = with(MSP, &[EXCHANGE], json!({})).coverage(Dataset::RoleAssignments, cut).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![(MSP.to_owned(), Dataset::RoleAssignments)]));
        let out = with(MSP, &[], json!({ "providerConstraints": [] }))
            .coverage(Dataset::ProviderConstraints, Coverage::new(Status::Denied))
            .run(&RULE);
        assert_eq!(out.unjudged, [(MSP.to_owned(), Dataset::ProviderConstraints)]);
    }

    #[test]
    fn an_approval_takes_its_roles_out_of_the_count() {
        let of = |roles: &[&str]| severity(&with(MSP, &[EXCHANGE, SUPPORT], json!({})).approve(MSP, Some(roles), None));
        assert_eq!(of(&[EXCHANGE, SUPPORT]), Some(Severity::Info));
        assert_eq!(of(&[EXCHANGE]), Some(Severity::Low));
        assert_eq!(of(&[SUPPORT]), Some(Severity::Medium));
    }
}
