//! One fact makes one finding: which rule reports that a principal of an outside tenant holds a role.
//!
//! `dap-still-active` takes the fact from `role-without-service-provider-entry` and `foreign-principal-role-assignment`; a governing tenant's,
//! Microsoft Support's and a role without an entry are taken from `foreign-principal-role-assignment`; and that one takes it from the rules
//! about privilege (PRV), which keep what stands in a ceiling only or is declared. Nothing else is folded. A rule that does not run, that
//! would only report the role as approved, or whose finding is waived, takes nothing in.

use crate::domain::Dataset;
use crate::domain::ledger::{Class, Entry, HeldRole, UNKNOWN_HOME};
use crate::domain::roles::GLOBAL_ADMINISTRATOR;
use crate::policy::rule::Ctx;

use super::approval;

/// DAP-01.
pub(super) const DAP: &str = "dap-still-active";
/// TGV-01.
pub(super) const GOVERNING: &str = "governing-tenant-relationship";
/// XTA-05.
pub(super) const SUPPORT: &str = "microsoft-support-access-lingers";
/// REC-01.
pub(super) const NO_ENTRY: &str = "role-without-service-provider-entry";
/// XTA-03.
pub(super) const FOREIGN: &str = "foreign-principal-role-assignment";

/// Microsoft 365 Support Engineer: the role that a support case gives.
pub(super) const SUPPORT_ENGINEER: &str = "00cf5c54-4693-4f59-a0ac-ab79ef0a974d";
/// What DAP gives: Admin agents are Global Administrators, Helpdesk agents Helpdesk Administrators.
pub(super) const DAP_ROLES: [&str; 2] = [GLOBAL_ADMINISTRATOR, "729827e3-9c14-49f7-bb1b-9608f156bbb8"];

/// Tells whether a rule reports a held role.
type Reports = fn(&Ctx<'_>, &Entry, &HeldRole) -> bool;

/// The finding in which a rule reports a held role: kind and id of its subject, and the own key.
type Told = for<'a> fn(&'a Entry, &'a HeldRole) -> ((&'static str, &'a str), &'a str);

/// The rules that report a held role, the one that says most of it first.
const TAKERS: [(&str, Reports, Told); 5] = [
    (DAP, is_dap, by_principal),
    (GOVERNING, is_governing, by_tenant),
    (SUPPORT, is_support, by_support),
    (NO_ENTRY, has_no_entry, by_principal),
    (FOREIGN, is_foreign, by_principal),
];

/// The rule that reports a role of `entry.roles`; `None`: no rule takes it in, and every rule reports it for itself.
///
/// A rule about privilege leaves out what is taken at all; `foreign-principal-role-assignment` what another one than itself takes.
pub(super) fn taken_by(ctx: &Ctx<'_>, entry: &Entry, role: &HeldRole) -> Option<&'static str> {
    if approval::covering_held(ctx, entry, role).is_some() {
        return None;
    }
    let is_waived = |id: &str, told: &Told| {
        let (subject, own_key) = told(entry, role);
        let partner = approval::party(entry);
        ctx.is_waived(id, partner.as_ref().map(|party| party.tenant_id.as_str()), subject, own_key)
    };
    TAKERS.iter().find(|(id, reports, told)| ctx.runs(id) && reports(ctx, entry, role) && !is_waived(id, told)).map(|(id, _, _)| *id)
}

/// As `held` drafts it.
fn by_principal<'a>(_: &'a Entry, role: &'a HeldRole) -> ((&'static str, &'a str), &'a str) {
    (("principal", &role.principal_id), &role.role_id)
}

/// As `governance` drafts it.
fn by_tenant<'a>(entry: &'a Entry, _: &'a HeldRole) -> ((&'static str, &'a str), &'a str) {
    (("tenant", &entry.tenant_id), "")
}

/// Microsoft Support's own role goes with its being let in, another one with what it may do besides.
fn by_support<'a>(entry: &'a Entry, role: &'a HeldRole) -> ((&'static str, &'a str), &'a str) {
    match (is_support_role_elsewhere(entry, role), role.role_id == SUPPORT_ENGINEER) {
        (true, _) => by_principal(entry, role),
        (false, true) => (("tenant", &entry.tenant_id), "open"),
        (false, false) => (("tenant", &entry.tenant_id), "roles"),
    }
}

/// A role as DAP gives it, held by a tenant that has no service provider entry, as far as is known.
pub(super) fn is_dap(ctx: &Ctx<'_>, entry: &Entry, role: &HeldRole) -> bool {
    has_no_entry(ctx, entry, role) && DAP_ROLES.contains(&role.role_id.as_str())
}

/// A role held by a provider's principal although all entries were read and none is that tenant's. A tenant that is not known may have one.
pub(super) fn has_no_entry(ctx: &Ctx<'_>, entry: &Entry, _: &HeldRole) -> bool {
    entry.class == Class::ServiceProvider
        && !entry.service_provider_entry
        && ctx.was_read(Dataset::RoleAssignments)
        && ctx.is_complete_for(Dataset::CrossTenantPartners, &entry.tenant_id)
}

fn is_governing(_: &Ctx<'_>, entry: &Entry, _: &HeldRole) -> bool {
    entry.class == Class::GoverningTenant
}

/// Whatever Microsoft Support holds, and its role in the hands of others.
fn is_support(ctx: &Ctx<'_>, entry: &Entry, role: &HeldRole) -> bool {
    ctx.was_read(Dataset::CrossTenantPartners) && (entry.class == Class::MicrosoftSupport || is_support_role_elsewhere(entry, role))
}

/// The support engineers' role, held by a principal of a tenant that is known and is not Microsoft Support's.
pub(super) fn is_support_role_elsewhere(entry: &Entry, role: &HeldRole) -> bool {
    entry.class != Class::MicrosoftSupport && entry.tenant_id != UNKNOWN_HOME && role.role_id == SUPPORT_ENGINEER
}

fn is_foreign(ctx: &Ctx<'_>, _: &Entry, _: &HeldRole) -> bool {
    ctx.was_read(Dataset::RoleAssignments)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::domain::{Coverage, RuleMeta, Status};
    use crate::policy::rules::testing::{Case, EXCHANGE, MSP, customer_case, held_role};

    const GA: &str = GLOBAL_ADMINISTRATOR;

    fn taken(case: &Case) -> Vec<Option<&'static str>> {
        case.with_ctx(|ctx| {
            let entries = ctx.ledger.entries.values();
            entries.flat_map(|entry| entry.roles.iter().map(|role| taken_by(ctx, entry, role))).collect()
        })
    }

    fn of_msp(role: &str, more: Value) -> Case {
        let mut facts = json!({ "roleAssignments": [held_role("a1", "p1", MSP, role)] });
        facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        customer_case(facts)
    }

    /// Who takes the one role where `governing-tenant-relationship` runs, whether or not this build has it.
    fn taken_if_governing_runs(case: &Case) -> Option<&'static str> {
        case.with_ctx(|ctx| {
            let meta: &'static RuleMeta = Box::leak(Box::new(RuleMeta { id: GOVERNING, ..crate::policy::rules::ALL[0].meta }));
            let selected: Vec<_> = ctx.selected.iter().copied().chain([(meta, ctx.settings)]).collect();
            let ctx = Ctx { selected: &selected, ..*ctx };
            let entry = ctx.ledger.get(MSP).unwrap();
            taken_by(&ctx, entry, &entry.roles[0])
        })
    }

    #[test]
    fn the_rule_that_says_most_takes_it() {
        let entry = json!({ "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }] });
        let b2b = json!({ "crossTenantPartners": [{ "tenantId": MSP }] });
        let governed = json!({ "governance": [{ "id": "g", "kind": "relationship", "governingTenantId": MSP, "status": "active" }] });
        assert_eq!(taken(&of_msp(GA, json!({}))), [Some(DAP)]);
        assert_eq!(taken(&of_msp(GA, b2b)), [Some(DAP)], "an entry that is no service provider's");
        assert_eq!(taken(&of_msp(EXCHANGE, json!({}))), [Some(NO_ENTRY)]);
        assert_eq!(taken(&of_msp(GA, entry)), [Some(FOREIGN)]);
        assert_eq!(taken(&of_msp(SUPPORT_ENGINEER, json!({}))), [Some(SUPPORT)]);
        let governed = of_msp(GA, governed);
        assert_eq!(taken_if_governing_runs(&governed), Some(GOVERNING));
        assert_eq!(taken(&governed.off(GOVERNING)), [Some(FOREIGN)]);
        let support = customer_case(json!({ "roleAssignments": [held_role("a1", "p1", MICROSOFT_SUPPORT_TENANT, GA)] }));
        assert_eq!(taken(&support), [Some(SUPPORT)]);
        let nobody = customer_case(json!({
            "roleAssignments": [{ "id": "a", "principalId": "p", "roleDefinitionId": SUPPORT_ENGINEER, "directoryScopeId": "/" }]
        }));
        assert_eq!(taken(&nobody), [Some(FOREIGN)], "a tenant that is not known may be any");
    }

    #[test]
    fn what_does_not_run_takes_nothing_in() {
        let case = || of_msp(GA, json!({}));
        assert_eq!(taken(&case().off(DAP)), [Some(NO_ENTRY)]);
        assert_eq!(taken(&case().off(DAP).off(NO_ENTRY)), [Some(FOREIGN)]);
        assert_eq!(taken(&case().off(DAP).off(NO_ENTRY).off(FOREIGN)), [None]);
    }

    #[test]
    fn what_is_approved_takes_nothing_in() {
        assert_eq!(taken(&of_msp(EXCHANGE, json!({})).approve(MSP, None, None)), [None]);
        assert_eq!(taken(&of_msp(GA, json!({})).approve(MSP, None, None)), [Some(DAP)], "tier 0 must be named");
        assert_eq!(taken(&of_msp(GA, json!({})).approve(MSP, Some(&[GA]), Some(-1))), [Some(DAP)], "run out");
        assert_eq!(taken(&of_msp(GA, json!({})).approve(MSP, Some(&[GA]), Some(1))), [None]);
    }

    #[test]
    fn what_is_waived_takes_nothing_in() {
        let case = || of_msp(GA, json!({}));
        assert_eq!(taken(&case().waive(DAP, "P1", 0)), [Some(NO_ENTRY)], "to its very end");
        assert_eq!(taken(&case().waive(DAP, "p1", -1)), [Some(DAP)], "run out");
        assert_eq!(taken(&case().waive(DAP, "p2", 1)), [Some(DAP)], "another subject");
        assert_eq!(taken(&case().waive(DAP, "p1", 1).waive(NO_ENTRY, "p1", 1).waive(FOREIGN, "p1", 1)), [None]);
        let fingerprint = crate::domain::fingerprint::of_finding(DAP, &case().snapshot.tenants[0].tenant_id, "principal", "p1", GA);
        assert_eq!(taken(&case().waive(DAP, &fingerprint, 1)), [Some(NO_ENTRY)]);
        let support = || customer_case(json!({ "roleAssignments": [held_role("a1", "p1", MICROSOFT_SUPPORT_TENANT, GA)] }));
        assert_eq!(taken(&support().waive(SUPPORT, MICROSOFT_SUPPORT_TENANT, 1)), [Some(FOREIGN)]);
        let governed =
            || of_msp(GA, json!({ "governance": [{ "id": "g", "kind": "relationship", "governingTenantId": MSP, "status": "active" }] }));
        assert_eq!(taken_if_governing_runs(&governed().waive(GOVERNING, "p1", 1)), Some(GOVERNING), "it is about the tenant");
        assert_eq!(taken_if_governing_runs(&governed().waive(GOVERNING, MSP, 1)), Some(FOREIGN));
    }

    #[test]
    fn what_cannot_be_judged_takes_nothing_in() {
        let partial = Coverage { truncated: true, ..Coverage::new(Status::Partial) };
        assert_eq!(taken(&of_msp(GA, json!({})).coverage(Dataset::CrossTenantPartners, partial)), [Some(FOREIGN)]);
        let denied = || Coverage::new(Status::Denied);
        assert_eq!(taken(&of_msp(SUPPORT_ENGINEER, json!({})).coverage(Dataset::CrossTenantPartners, denied())), [Some(FOREIGN)]);
        assert_eq!(taken(&of_msp(GA, json!({})).coverage(Dataset::RoleAssignments, denied())), [None]);
    }
}
