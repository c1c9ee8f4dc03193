//! DAP-01: see the page.

use crate::domain::ledger::{Class, Entry};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, View};
use crate::policy::rule::{Ctx, Draft, Out, Rule};
use crate::policy::settings::Approved;

use super::approval;
use super::declared_rows as declared;
use super::folding::{self, DAP, is_dap};
use super::held::{self, Held};
use super::shared::{BOTH, NIST_T1199, Window, days, role_names, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: DAP,
        code: "DAP-01",
        title: "Legacy delegated admin privileges (DAP) seem to be on",
        views: BOTH,
        severity: Severity::Critical,
        severity_note: "Info inside an approval.",
        uses: &[],
        customer_uses: &[
            required(Dataset::RoleAssignments),
            required(Dataset::CrossTenantPartners),
            required(Dataset::RoleDefinitions),
            helps(Dataset::RoleSchedules),
            helps(Dataset::Governance),
            helps(Dataset::SignIns),
            helps(Dataset::Declared),
        ],
        reads: Reads::All,
        fields: &[
            "roleAssignments.principalId",
            "roleAssignments.principalTenantId",
            "roleAssignments.roleDefinitionId",
            "crossTenantPartners.tenantId",
            "crossTenantPartners.isServiceProvider",
            "declared.partners.kind",
            "declared.partners.roles",
            "signIns.events.homeTenantId",
            "coverage.sign-ins.from",
        ],
        settings: &[days("dap-unused-days", 60, "Days without a sign-in after which the finding says that nobody uses it.")],
        remediation: "Microsoft 365 admin center > Settings > Partner relationships > (partner) > Remove roles, once what the partner still needs runs \
                      over GDAP. The partner can do it too: PATCH https://api.partnercenter.microsoft.com/v1/customers/{id} with \
                      allowDelegatedAccess false. Billing and licences of the reseller do not depend on it.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018", "M1032"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[(View::Partner, "only Partner Center says it (allowDelegatedAccess), which is not read")],
        page: include_str!("dap-still-active.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    note_unknown(ctx, out);
    for entry in ctx.ledger.entries.values() {
        let held: Vec<Held<'_>> = held::of_entry(entry).into_iter().filter(|held| is_dap(ctx, entry, held.role)).collect();
        let row = declared::reseller_with_roles(ctx, entry).filter(|_| may_be_dap(entry));
        for held in &held {
            let draft = held.draft().evidence("isServiceProvider", false, Dataset::CrossTenantPartners);
            let draft = match row {
                Some(row) => draft.evidence("relationshipType", row.kind.as_deref().unwrap_or_default(), Dataset::Declared),
                None => draft,
            };
            out.push(settle(ctx, entry, draft, |approval| approval.covers_held(&held.role.role_id, &held.role.principal_id)));
        }
        // The page's row explains what was observed; alone it is a finding of its own.
        if let Some(row) = row.filter(|_| held.is_empty()) {
            let names = role_names(row.roles.iter().map(String::as_str));
            let draft = Draft::outside(entry)
                .key("declared")
                .title("The Partner relationships page shows a reseller with admin roles: DAP")
                .note(super::shared::few_roles(&names))
                .evidence("relationshipType", row.kind.as_deref().unwrap_or_default(), Dataset::Declared)
                .evidence("roles", names, Dataset::Declared);
            let draft = declared::from_file(ctx, draft, row.file);
            out.push(settle(ctx, entry, draft, |approval| row.roles.iter().all(|role| approval.covers(role))));
        }
    }
}

/// Neither Microsoft Support nor a governing tenant is a reseller, whatever a file says.
fn may_be_dap(entry: &Entry) -> bool {
    !matches!(entry.class, Class::MicrosoftSupport | Class::GoverningTenant)
}

/// What all its findings share: how sure, whether anybody uses it, whether it is approved.
fn settle(ctx: &Ctx<'_>, entry: &Entry, draft: Draft, covers: impl Fn(&Approved) -> bool) -> Draft {
    let draft = unused(ctx, entry, draft.confidence(Confidence::Medium));
    let covering = ctx.approval(&entry.tenant_id).filter(|approval| covers(approval));
    match (covering, ctx.approval(&entry.tenant_id)) {
        (Some(approval), _) => approval::lowered(draft, approval),
        (None, Some(approval)) => draft.naming(approval),
        (None, None) => draft,
    }
}

/// Says so where the log that was read is long enough and shows nobody.
fn unused(ctx: &Ctx<'_>, entry: &Entry, draft: Draft) -> Draft {
    let days = ctx.settings.int("dap-unused-days");
    let Some(window) = Window::of(ctx).filter(|window| window.days() >= days) else { return draft };
    if entry.last_sign_in.is_some() || !ctx.is_complete_for(Dataset::SignIns, &entry.tenant_id) {
        return draft;
    }
    draft
        .note(format!("nobody came in {} days", window.days()))
        .evidence("lastSignIn", time(None), Dataset::SignIns)
        .evidence("from", time(Some(window.from)), Dataset::SignIns)
        .setting("dap-unused-days", days)
}

/// A principal whose tenant could not be found may be a reseller's.
fn note_unknown(ctx: &Ctx<'_>, out: &mut Out) {
    let unknown = ctx.ledger.get(crate::domain::ledger::UNKNOWN_HOME);
    for role in unknown.iter().flat_map(|entry| &entry.roles).filter(|role| folding::DAP_ROLES.contains(&role.role_id.as_str())) {
        out.unjudged(&role.principal_id, Dataset::ForeignPrincipals);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR as GA;
    use crate::domain::{Confidence, Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{Case, EXCHANGE, MSP, at, customer_case, held_role};

    const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

    fn with(tenant: &str, role: &str, more: Value) -> Case {
        let mut facts = json!({ "roleAssignments": [held_role("a1", "p1", tenant, role)] });
        facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        customer_case(facts)
    }

    fn row(kind: &str, roles: &[&str]) -> Value {
        json!({ "declared": { "partners": [{ "partnerTenantId": MSP, "kind": kind, "roles": roles }] } })
    }

    fn keys(case: &Case) -> Vec<String> {
        case.run(&RULE).findings.into_iter().map(|draft| draft.own_key).collect()
    }

    #[test]
    fn the_two_roles_of_dap_without_an_entry() {
        assert_eq!(keys(&with(MSP, GA, json!({}))), [GA]);
        assert_eq!(keys(&with(MSP, HELPDESK, json!({}))), [HELPDESK]);
        assert!(keys(&with(MSP, EXCHANGE, json!({}))).is_empty());
        let listed = |provider: bool| json!({ "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": provider }] });
        assert!(keys(&with(MSP, GA, listed(true))).is_empty(), "GDAP");
        assert_eq!(keys(&with(MSP, GA, listed(false))).len(), 1, "B2B settings are no entry");
        assert!(keys(&with(MICROSOFT_SUPPORT_TENANT, GA, json!({}))).is_empty());
        let governs = json!({ "governance": [{ "id": "g", "kind": "relationship", "governingTenantId": MSP, "status": "active" }] });
        assert!(keys(&with(MSP, GA, governs)).is_empty());
    }

    #[test]
    fn entries_that_were_not_read_prove_no_absence() {
        let cut = Coverage { truncated: true, ..Coverage::new(Status::Partial) };
        assert!(keys(&with(MSP, GA, json!({})).coverage(Dataset::CrossTenantPartners, cut)).is_empty());
        let nobody = json!({ "roleAssignments": [{ "id": "a", "principalId": "p", "roleDefinitionId": GA, "directoryScopeId": "/" }] });
        let out = customer_case(nobody).run(&RULE);
        assert!(out.findings.is_empty());
        assert_eq!(out.unjudged, [("p".to_owned(), Dataset::ForeignPrincipals)]);
    }

    #[test]
    fn a_declared_reseller_with_admin_roles() {
        let alone = |kind: &str, roles: &[&str]| keys(&customer_case(row(kind, roles)));
        assert_eq!(alone("Reseller", &[GA]), ["declared"]);
        assert_eq!(alone("Indirect reseller and admin", &[HELPDESK]), ["declared"]);
        assert!(alone("Reseller", &[]).is_empty(), "billing only");
        assert!(alone("Reseller", &["88d8e3e3-8f55-4a1e-953a-9b9898b8876b"]).is_empty(), "read only");
        assert!(alone("Granular delegated admin (reseller)", &[GA]).is_empty());
        assert!(alone("Advisor", &[GA]).is_empty());
        let ending = |days: i64| {
            let mut facts = row("Reseller", &[GA]);
            facts["declared"]["partners"][0]["end"] = json!(at(days).to_string());
            keys(&customer_case(facts))
        };
        assert_eq!((ending(0), ending(-1)), (vec!["declared".to_owned()], Vec::new()), "what has ended is none any more");
        let both = with(MSP, GA, row("Reseller", &[GA])).run(&RULE).findings;
        assert_eq!(both.len(), 1, "one fact, one finding");
        assert!(both[0].evidence.iter().any(|evidence| evidence.source == "declared"));
    }

    #[test]
    fn severity_confidence_and_approval() {
        let draft = with(MSP, GA, json!({})).run(&RULE).findings.remove(0);
        assert_eq!((draft.severity, draft.confidence), (None, Confidence::Medium));
        let severity = |roles: Option<&[&str]>| with(MSP, GA, json!({})).approve(MSP, roles, None).run(&RULE).findings[0].severity;
        assert_eq!(severity(Some(&[GA])), Some(Severity::Info));
        assert_eq!(severity(None), None, "tier 0 must be named");
    }

    #[test]
    fn a_log_that_is_long_enough_tells_that_nobody_uses_it() {
        let note = |days: i64, more: Value| with(MSP, GA, more).window(days).run(&RULE).findings.remove(0).note.unwrap();
        assert_eq!(note(60, json!({})), "nobody came in 60 days");
        assert_eq!(note(59, json!({})), "Global Admin");
        let came = json!({ "signIns": { "events": [{ "id": "s", "createdDateTime": at(-3).to_string(), "userId": "u", "resourceTenantId": "c",
            "homeTenantId": MSP, "crossTenantAccessType": "serviceProvider" }] } });
        assert_eq!(note(60, came), "Global Admin");
    }
}
