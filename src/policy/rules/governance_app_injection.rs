//! TGV-04: see the page.

use std::collections::BTreeMap;

use crate::domain::ledger::LedgerApp;
use crate::domain::rule_meta::{Reads, helps};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::governance::{Governing, governing};
use super::shared::{CUSTOMER, few};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "governance-app-injection",
        code: "TGV-04",
        title: "Governance puts applications into this tenant",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "",
        uses: &[],
        customer_uses: &[helps(Dataset::Governance), helps(Dataset::ServicePrincipals), helps(Dataset::AppRoleAssignments)],
        reads: Reads::Some,
        fields: &[
            "governance.kind",
            "governance.status",
            "governance.governingTenantId",
            "governance.provisionedApps",
            "servicePrincipals.appId",
            "appRoleAssignments.permission",
        ],
        settings: &[],
        remediation: "Look at what each application may do: Microsoft Entra admin center > Enterprise applications > (application) > Permissions. Ask \
                      the governing tenant to take what is not needed out of its governance policy template (multitenant applications), then delete \
                      the service principal here: DELETE /servicePrincipals/{id}.",
        attack: &["T1199", "T1098.001", "T1528"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-3", "AC-4", "AC-6", "AC-10", "CA-7", "IA-5"],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("governance-app-injection.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for tenant in governing(ctx) {
        let mut apps: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for row in &tenant.rows {
            for app in &row.provisioned_apps {
                apps.entry(app.as_str()).or_default().push(&row.id);
            }
        }
        for (app_id, rows) in apps {
            out.push(finding(ctx, &tenant, app_id, &rows));
        }
    }
}

fn finding(ctx: &Ctx<'_>, tenant: &Governing<'_>, app_id: &str, rows: &[&str]) -> Draft {
    let here = here(ctx, app_id);
    let name = here.map_or(app_id, |app| &app.name);
    let found = Draft::about("application", app_id, name)
        .partner(Some(tenant.party.clone()))
        .evidence("governanceRelationship.id", rows.to_vec(), Dataset::Governance)
        .evidence("multiTenantApplicationsToProvision.appId", app_id, Dataset::Governance);
    let Some(app) = here else { return found.note("not seen among the applications here") };
    let found = found.evidence("servicePrincipal.id", app.id.as_str(), Dataset::ServicePrincipals);
    if app.permissions.is_empty() {
        return found.note("provisioned");
    }
    found.note(few(if app.strong.is_empty() { &app.permissions } else { &app.strong })).evidence(
        "appRoleAssignments",
        app.permissions.clone(),
        Dataset::AppRoleAssignments,
    )
}

/// The application as it is here, whoever owns it.
fn here<'a>(ctx: &Ctx<'a>, app_id: &str) -> Option<&'a LedgerApp> {
    let apps = ctx.ledger.entries.values().flat_map(|entry| &entry.apps);
    let mut same = apps.filter(|app| app.app_id.eq_ignore_ascii_case(app_id));
    same.next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::policy::rules::testing::{ALPINE, Case, customer_case};

    fn with(apps: &[&str], status: &str) -> Case {
        customer_case(json!({
            "governance": [
                { "id": "g", "kind": "relationship", "governingTenantId": ALPINE, "status": status, "provisionedApps": apps },
                { "id": "h", "kind": "relationship", "governingTenantId": ALPINE, "status": status, "provisionedApps": apps }
            ],
            "servicePrincipals": [{ "id": "sp", "appId": "app-one", "displayName": "Audit Reader", "ownerTenantId": ALPINE }],
            "appRoleAssignments": [{ "id": "r", "principalId": "sp", "permission": "AuditLog.Read.All" }]
        }))
    }

    #[test]
    fn one_finding_for_each_application_with_what_it_may_do() {
        let out = with(&["app-one", "app-two"], "active").run(&RULE);
        let told: Vec<_> = out.findings.iter().map(|draft| (draft.subject.name.as_str(), draft.note.as_deref().unwrap())).collect();
        assert_eq!(told, [("Audit Reader", "AuditLog.Read.All"), ("app-two", "not seen among the applications here")]);
    }

    #[test]
    fn none_without_applications_or_after_the_end() {
        assert!(!with(&[], "active").fires(&RULE) && !with(&["app-one"], "terminated").fires(&RULE));
        assert!(
            with(&["app-one"], "active").approve(ALPINE, Some(&[]), Some(100)).fires(&RULE),
            "an approval of roles is none of applications"
        );
    }
}
