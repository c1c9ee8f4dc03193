//! PRV-04: see the page.

use std::collections::BTreeSet;

use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
use crate::domain::ledger::Class;
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity, View};
use crate::policy::rule::{Ctx, Out, Rule};

use super::folding::SUPPORT_ENGINEER;
use super::outside::{self, Wanted};
use super::shared::{BOTH, NIST_T1199, began, few_roles, list, role_ids, role_names, time};
use super::told;

/// May write role assignments and reset any password.
const PARTNER_TIER2_SUPPORT: &str = "e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8";
/// May add credentials to any application registration.
const PARTNER_TIER1_SUPPORT: &str = "4ba39ca4-527c-499a-b93d-d9b492c50246";
/// Roles that a tenant's own services and devices hold: Directory Synchronization Accounts, On-Premises Directory Sync Account, Device Join,
/// Device Managers, Device Users, Workplace Device Join.
const INTERNAL: [&str; 6] = [
    "d29b2b05-8046-44ba-8758-1e26182fcf32",
    "a92aed5d-d78a-4d16-b381-09adb37eb3b0",
    "9c094953-4995-41c8-84c8-3ebb9b32c93f",
    "2b499bcd-da44-4968-8aec-78e1674fa64d",
    "d405c6df-0af8-4e3b-95e4-4d06e542189e",
    "c34f683f-4d5a-4403-affd-6615e00e3a7f",
];

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-deprecated-or-internal-role",
        code: "PRV-04",
        title: "Relationship uses a deprecated or internal role",
        views: BOTH,
        severity: Severity::Critical,
        severity_note: "Critical for Partner Tier2 Support, high for Partner Tier1 Support, low for the rest.",
        uses: &[required(Dataset::Relationships)],
        customer_uses: &[
            required(Dataset::CrossTenantPartners),
            required(Dataset::RoleAssignments),
            helps(Dataset::RoleSchedules),
            helps(Dataset::ProviderConstraints),
            helps(Dataset::Declared),
        ],
        reads: Reads::Some,
        fields: &[
            "relationships.status",
            "relationships.roles",
            "relationships.activatedDateTime",
            "relationships.createdDateTime",
            "providerConstraints.allowedRoles",
            "roleAssignments.roleDefinitionId",
            "declared.relationships.relationship.roles",
        ],
        settings: &[list("extra-roles", &[], "More roles that nobody should be given, by name or template id: low.")],
        remediation: "End the relationship and ask for one with Service Support Administrator and Directory Readers instead: Partner Center > \
                      Customers > (customer) > Admin relationships.",
        attack: &["T1199", "T1098.003"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["SCuBA MS.AAD.7.2v1 (related)"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-deprecated-or-internal-role.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let extra = ctx.settings.list("extra-roles");
    let extra_ids = role_ids(extra);
    // In the partner view the partner is the audited tenant.
    let of_support = ctx.tenant.view == View::Partner && ctx.tenant.tenant_id.eq_ignore_ascii_case(MICROSOFT_SUPPORT_TENANT);
    for told in told::live(ctx) {
        let relationship = told.relationship;
        let found: BTreeSet<&str> =
            relationship.roles.iter().map(String::as_str).filter(|id| grade(id, &extra_ids, of_support).is_some()).collect();
        if found.is_empty() {
            continue;
        }
        let severity = worst(found.iter().copied(), &extra_ids);
        let names = role_names(found.iter().copied());
        let draft = told
            .draft(ctx)
            .severity(severity)
            .note(few_roles(&names))
            .since(began(relationship))
            .evidence("status", relationship.status.as_str(), told.source)
            .evidence("accessDetails.unifiedRoles", names, told.source)
            .evidence("activatedDateTime", time(relationship.activated_date_time), told.source);
        let draft = draft.setting("extra-roles", extra.to_vec());
        out.push(told.settled(ctx, draft, &found.into_iter().collect::<Vec<_>>()));
    }
    if ctx.tenant.view == View::Customer {
        outside::judge(
            ctx,
            out,
            &Wanted {
                selects: &|entry, id| grade(id, &extra_ids, entry.class == Class::MicrosoftSupport).is_some(),
                folds: false,
                severity: &|found, _| worst(found.iter().copied(), &extra_ids),
                allowed: "A partner may be given a deprecated or internal role",
                held: "A principal of an outside tenant holds a deprecated or internal role",
            },
        );
    }
}

/// How bad a role is; `None` if it is none of these. The support engineers' role is right in the hands of Microsoft Support.
fn grade(id: &str, extra: &BTreeSet<String>, of_support: bool) -> Option<Severity> {
    let id = id.to_ascii_lowercase();
    match id.as_str() {
        PARTNER_TIER2_SUPPORT => Some(Severity::Critical),
        PARTNER_TIER1_SUPPORT => Some(Severity::High),
        SUPPORT_ENGINEER => (!of_support).then_some(Severity::Low),
        id => (INTERNAL.contains(&id) || extra.contains(id)).then_some(Severity::Low),
    }
}

fn worst<'a>(found: impl IntoIterator<Item = &'a str>, extra: &BTreeSet<String>) -> Severity {
    found.into_iter().filter_map(|id| grade(id, extra, false)).max().unwrap_or(Severity::Low)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::roles;
    use crate::policy::rules::folding;
    use crate::policy::rules::testing::{
        EXCHANGE, MSP, READERS, SUPPORT, beside, case, ceiling, customer_case, declared, held_role, relationship,
    };

    fn severity(ids: &[&str]) -> Option<Severity> {
        let case = case(json!({ "relationships": [relationship("r1", ids, json!({}))] }));
        case.run(&RULE).findings.first().and_then(|draft| draft.severity)
    }

    #[test]
    fn each_role_has_its_severity_and_the_worst_counts() {
        assert_eq!(severity(&[PARTNER_TIER2_SUPPORT]), Some(Severity::Critical));
        assert_eq!(severity(&[&PARTNER_TIER1_SUPPORT.to_uppercase()]), Some(Severity::High), "in any case");
        for id in INTERNAL.into_iter().chain([SUPPORT_ENGINEER]) {
            assert_eq!(severity(&[id]), Some(Severity::Low), "{id}");
        }
        assert_eq!(severity(&[INTERNAL[0], PARTNER_TIER2_SUPPORT, PARTNER_TIER1_SUPPORT]), Some(Severity::Critical));
        assert_eq!(severity(&[SUPPORT, READERS, EXCHANGE]), None);
    }

    #[test]
    fn the_roles_are_those_that_their_names_say() {
        let partner = [PARTNER_TIER2_SUPPORT, PARTNER_TIER1_SUPPORT].map(roles::name);
        assert_eq!(partner, ["Partner Tier2 Support", "Partner Tier1 Support"]);
        let internal = [
            "Directory Synchronization Accounts",
            "On-Premises Directory Sync Account",
            "Device Join",
            "Device Managers",
            "Device Users",
            "Workplace Device Join",
        ];
        assert_eq!(INTERNAL.map(roles::name), internal);
    }

    #[test]
    fn ended_ones_are_silent_and_an_organisation_may_add_roles() {
        let with = |status: &str| {
            case(json!({ "relationships": [relationship("r1", &[PARTNER_TIER1_SUPPORT, SUPPORT], json!({ "status": status }))] }))
        };
        assert!(!with("terminated").fires(&RULE) && with("expiring").fires(&RULE));
        let drafts = with("active").list("extra-roles", &["service support administrator"]).run(&RULE).findings;
        assert_eq!(drafts[0].evidence[1].value, json!(["Partner Tier1 Support", "Service Support Administrator"]));
    }

    #[test]
    fn microsoft_support_may_have_its_own_role() {
        let mut own = case(json!({ "relationships": [relationship("r1", &[SUPPORT_ENGINEER], json!({}))] }));
        own.snapshot.tenants[0].tenant_id = MICROSOFT_SUPPORT_TENANT.into();
        assert!(!own.fires(&RULE), "the partner view of support itself");
        let held = |tenant: &str, role: &str| {
            customer_case(json!({
                "crossTenantPartners": [{ "tenantId": tenant, "isServiceProvider": true }],
                "roleAssignments": [held_role("a", "p", tenant, role)]
            }))
        };
        assert!(!held(MICROSOFT_SUPPORT_TENANT, SUPPORT_ENGINEER).fires(&RULE));
        assert!(held(MICROSOFT_SUPPORT_TENANT, PARTNER_TIER1_SUPPORT).fires(&RULE), "that one is nobody's");
        assert!(held(MSP, SUPPORT_ENGINEER).fires(&RULE));
    }

    #[test]
    fn in_the_customer_view_ceilings_held_and_declared_ones() {
        let found = customer_case(ceiling(&[PARTNER_TIER2_SUPPORT, READERS])).run(&RULE).findings;
        assert_eq!((found[0].own_key.as_str(), found[0].severity), ("ceiling", Some(Severity::Critical)));
        let held = customer_case(beside(ceiling(&[]), json!({ "roleAssignments": [held_role("a", "p", MSP, PARTNER_TIER2_SUPPORT)] })));
        assert_eq!(held.subjects(&RULE), ["p"], "no other rule says that the role is not for use");
        assert_eq!(held.off(folding::FOREIGN).subjects(&RULE), ["p"]);
        let approved = customer_case(ceiling(&[INTERNAL[2]])).approve(MSP, Some(&[INTERNAL[2]]), None).run(&RULE).findings;
        assert_eq!(approved[0].severity, Some(Severity::Info));
        assert_eq!(declared(vec![relationship("r1", &[INTERNAL[2]], json!({}))]).subjects(&RULE), ["r1"]);
        assert!(!customer_case(ceiling(&[READERS])).fires(&RULE));
    }
}
