//! REC-04: see the page.

use crate::domain::ledger::Class;
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{CUSTOMER, NIST_T1199, Window, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "dormant-service-provider",
        code: "REC-04",
        title: "A service provider holds no role and does not come in",
        views: CUSTOMER,
        severity: Severity::Low,
        severity_note: "",
        uses: &[],
        customer_uses: &[
            required(Dataset::CrossTenantPartners),
            required(Dataset::RoleAssignments),
            required(Dataset::SignIns),
            helps(Dataset::RoleSchedules),
            helps(Dataset::ProviderConstraints),
            helps(Dataset::ExternalUsers),
            helps(Dataset::ForeignPrincipals),
            helps(Dataset::Governance),
        ],
        reads: Reads::All,
        fields: &[
            "crossTenantPartners.isServiceProvider",
            "roleAssignments.principalTenantId",
            "roleSchedules.principalId",
            "providerConstraints.createdDateTime",
            "signIns.events.homeTenantId",
            "signIns.events.crossTenantAccessType",
            "coverage.sign-ins.from",
            "coverage.sign-ins.to",
            "signIns.events.errorCode",
        ],
        settings: &[],
        remediation: "Ask whoever bought the service whether it is still wanted. If not, end the relationship: Microsoft 365 admin center > Settings > \
                      Partner relationships > (partner) > Remove roles. The entry goes with the last relationship of that tenant.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("dormant-service-provider.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let has_unknown_holder = ctx.ledger.get(crate::domain::ledger::UNKNOWN_HOME).is_some_and(|entry| !entry.roles.is_empty());
    for entry in ctx.ledger.of_class(Class::ServiceProvider).filter(|entry| entry.service_provider_entry) {
        if entry.all_roles().next().is_some() || entry.last_sign_in.is_some() {
            continue;
        }
        let unread = [Dataset::RoleAssignments, Dataset::RoleSchedules, Dataset::ExternalUsers, Dataset::SignIns]
            .into_iter()
            .find(|dataset| !ctx.is_complete_for(*dataset, &entry.tenant_id));
        if let Some(dataset) = unread {
            out.unjudged(&entry.tenant_id, dataset);
            continue;
        }
        if has_unknown_holder {
            out.unjudged(&entry.tenant_id, Dataset::ForeignPrincipals);
            continue;
        }
        let Some(window) = Window::of(ctx) else {
            out.unjudged(&entry.tenant_id, Dataset::SignIns);
            continue;
        };
        // It has only just been let in.
        if entry.ceiling_created.is_some_and(|made| made > window.from) {
            continue;
        }
        // Since when it has been let in only its ceiling tells.
        let is_dated = entry.ceiling_created.is_some() || ctx.is_complete_for(Dataset::ProviderConstraints, &entry.tenant_id);
        let surest = if is_dated { Confidence::High } else { Confidence::Low };
        out.push(
            Draft::outside(entry)
                .since(entry.ceiling_created)
                .confidence(surest)
                .note(format!("no role, nobody in {} days", window.days()))
                .evidence("isServiceProvider", true, Dataset::CrossTenantPartners)
                .evidence("roleAssignments", 0, Dataset::RoleAssignments)
                .evidence("lastSignIn", time(None), Dataset::SignIns)
                .evidence("from", time(Some(window.from)), Dataset::SignIns)
                .evidence("to", time(Some(window.to)), Dataset::SignIns),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::domain::{Coverage, Dataset, Status};
    use crate::policy::rules::testing::{ALPINE, Case, MSP, READERS, at, customer_case, held_role};

    fn with(tenant: &str, more: Value) -> Case {
        let mut facts = json!({ "crossTenantPartners": [{ "tenantId": tenant, "isServiceProvider": true }] });
        facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        customer_case(facts)
    }

    fn sign_in(home: &str, kind: &str, error: i32) -> Value {
        json!({ "signIns": { "events": [{ "id": "s", "createdDateTime": at(-3).to_string(), "userId": "u", "resourceTenantId": "c",
            "homeTenantId": home, "crossTenantAccessType": kind, "errorCode": error }] } })
    }

    #[test]
    fn no_role_and_nobody_came() {
        assert!(with(MSP, json!({})).fires(&RULE));
        assert!(!with(MSP, json!({ "roleAssignments": [held_role("a", "p", MSP, READERS)] })).fires(&RULE));
        assert!(with(MSP, json!({ "roleAssignments": [held_role("a", "p", ALPINE, READERS)] })).fires(&RULE), "another's role");
        assert!(!with(MSP, sign_in(MSP, "serviceProvider", 0)).fires(&RULE));
        assert!(with(MSP, sign_in(MSP, "serviceProvider", 50126)).fires(&RULE), "a failure is no visit");
        assert!(with(MSP, sign_in(MSP, "b2bCollaboration", 0)).fires(&RULE), "a guest is no administrator");
        assert!(!with(MICROSOFT_SUPPORT_TENANT, json!({})).fires(&RULE));
        assert!(!customer_case(json!({ "crossTenantPartners": [{ "tenantId": MSP }] })).fires(&RULE));
    }

    #[test]
    fn one_that_was_let_in_during_the_window_has_time() {
        let made = |days: i64| with(MSP, json!({ "providerConstraints": [{ "tenantId": MSP, "createdDateTime": at(days).to_string() }] }));
        assert!(made(-30).fires(&RULE));
        assert!(!made(-29).fires(&RULE));
        assert!(made(-29).window(20).fires(&RULE));
    }

    #[test]
    fn an_absence_must_be_read() {
        let cut = || Coverage { truncated: true, ..Coverage::new(Status::Partial) };
        for dataset in [Dataset::RoleAssignments, Dataset::RoleSchedules, Dataset::ExternalUsers, Dataset::SignIns] {
            let out = with(MSP, json!({})).coverage(dataset, cut()).run(&RULE);
            assert_eq!((out.findings.len(), out.unjudged), (0, vec![(MSP.to_owned(), dataset)]));
        }
        let nobody =
            json!({ "roleAssignments": [{ "id": "a", "principalId": "p", "roleDefinitionId": READERS, "directoryScopeId": "/" }] });
        assert_eq!(with(MSP, nobody).run(&RULE).unjudged, [(MSP.to_owned(), Dataset::ForeignPrincipals)]);
    }
}
