//! AUD-06: see the page.

use std::collections::BTreeSet;

use crate::domain::customer::{AuditChange, AuditEvent};
use crate::domain::ledger::STRONG_PERMISSIONS;
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity, Status};
use crate::policy::rule::{Ctx, Out, Rule};

use super::audit_trail::{Hit, People, Person, changes, draft, episodes, hit, target_name};
use super::partner_app_high_privilege::{STRONG_APP_ROLES, takes_over};
use super::shared::{CUSTOMER, holds, list};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-adds-app-credential-or-consent",
        code: "AUD-06",
        title: "Partner actor added an app secret, app role or tenant-wide consent",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "Critical for the application permissions that lead to Global Administrator in one step.",
        uses: &[],
        customer_uses: &[
            required(Dataset::Audits),
            required(Dataset::Organization),
            helps(Dataset::ServicePrincipals),
            helps(Dataset::SignIns),
            helps(Dataset::TenantNames),
        ],
        reads: Reads::Some,
        fields: &[
            "audits.activity",
            "audits.activityDateTime",
            "audits.result",
            "audits.actor",
            "audits.targets.id",
            "audits.targets.kind",
            "audits.targets.displayName",
            "audits.targets.changes",
            "servicePrincipals.ownerTenantId",
            "organization.verifiedDomains",
            "signIns.events.userId",
            "signIns.events.crossTenantAccessType",
            "tenantNames.displayName",
        ],
        settings: &[list("strong-app-roles", STRONG_APP_ROLES, "Application permissions that are reported when they are given.")],
        remediation: "Remove the credential (POST /servicePrincipals/{id}/removePassword, or /applications/{id}/removePassword), the permission (DELETE \
                      /servicePrincipals/{id}/appRoleAssignments/{id}) or the consent (DELETE /oauth2PermissionGrants/{id}), then read the sign-ins of \
                      that application from the event on.",
        attack: &["T1199", "T1098.001", "T1528", "T1550.001"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-6", "IA-5", "SI-4"],
        benchmarks: &["CIS 5.1.5.1", "SCuBA MS.AAD.5.2v1", "5.5v1"],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-adds-app-credential-or-consent.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let (hits, untold) = hits(ctx, &People::of(ctx), ctx.settings.list("strong-app-roles"));
    untold.iter().for_each(|(id, dataset)| out.unjudged(id, *dataset));
    out.findings.extend(episodes(hits).iter().filter_map(|episode| draft(ctx, episode)));
}

/// What people of partners added, and the ids of events that do not tell enough, each with the dataset that is missing for it.
pub(super) fn hits(ctx: &Ctx<'_>, people: &People<'_>, strong: &[String]) -> (Vec<Hit>, Vec<(String, Dataset)>) {
    let (mut hits, mut untold) = (Vec::new(), Vec::new());
    for (event, activity, who) in people.acts(|activity| kind(activity).is_some()) {
        let judged = match kind(&activity) {
            Some(Kind::Credential) => credential(ctx, event, who),
            Some(Kind::Owner) => of_others_app(ctx, event, who, "owner added"),
            Some(Kind::AppRole) => app_role(event, who, strong),
            Some(Kind::Consent) => consent(event, who),
            None => Ok(None),
        };
        match judged {
            Ok(hit) => hits.extend(hit),
            Err(dataset) => untold.push((event.id.to_string(), dataset)),
        }
    }
    (hits, untold)
}

/// What an event adds.
enum Kind {
    Credential,
    Owner,
    AppRole,
    Consent,
}

fn kind(activity: &str) -> Option<Kind> {
    let is = |starts: &[&str]| starts.iter().any(|start| activity.starts_with(start));
    if is(&["add service principal credentials", "update application - certificates and secrets management"]) {
        Some(Kind::Credential)
    } else if is(&["add owner to application", "add owner to service principal"]) {
        Some(Kind::Owner)
    } else if is(&["add app role assignment to service principal"]) {
        Some(Kind::AppRole)
    } else if is(&["consent to application", "add delegated permission grant"]) {
        Some(Kind::Consent)
    } else {
        None
    }
}

/// A hit, none, or the dataset without which it cannot be told.
type Judgement = Result<Option<Hit>, Dataset>;

fn credential(ctx: &Ctx<'_>, event: &AuditEvent, who: Person) -> Judgement {
    let mut described = changes(event).filter(|change| change.name.eq_ignore_ascii_case("KeyDescription")).peekable();
    // An event that describes its keys, and none of them new, took one away.
    if described.peek().is_some() && !described.any(is_addition) {
        return Ok(None);
    }
    of_others_app(ctx, event, who, "secret added")
}

fn is_addition(change: &AuditChange) -> bool {
    let keys = |text: Option<&str>| -> BTreeSet<String> {
        let parts = text.unwrap_or_default().split("KeyIdentifier=").skip(1);
        parts.filter_map(|part| part.split([',', ']']).next()).map(str::to_ascii_lowercase).collect()
    };
    keys(change.new.as_deref()).difference(&keys(change.old.as_deref())).next().is_some()
}

/// Something was added to an application: a hit unless the partner's own tenant owns it.
fn of_others_app(ctx: &Ctx<'_>, event: &AuditEvent, who: Person, what: &str) -> Judgement {
    let target = event.targets.first();
    let id = target.and_then(|target| target.id.as_deref()).unwrap_or_default().to_ascii_lowercase();
    // An application, other than a service principal, stands only in the tenant that owns it: this one.
    let is_own_object = target.and_then(|target| target.kind.as_deref()).is_some_and(|kind| kind.eq_ignore_ascii_case("application"));
    if !is_own_object {
        let owner = ctx.customer.service_principals.iter().filter(|app| app.id.eq_ignore_ascii_case(&id)).min();
        let owner = owner.and_then(|app| app.owner_tenant_id.as_deref());
        if owner.is_some_and(|owner| who.tenant.as_deref().is_some_and(|tenant| tenant.eq_ignore_ascii_case(owner))) {
            return Ok(None);
        }
        // Whose the person is may be told by a name that was not read.
        if owner.is_some() && who.tenant.is_none() && ctx.coverage(Dataset::TenantNames).status != Status::Complete {
            return Err(Dataset::TenantNames);
        }
        // Only a list that was read to its end shows that the partner does not own it.
        if owner.is_none() && ctx.coverage(Dataset::ServicePrincipals).status != Status::Complete {
            return Err(Dataset::ServicePrincipals);
        }
    }
    let name = target_name(event);
    Ok(Some(hit(event, who, format!("{what}: {name}"), Severity::High).evidence("targetResources.displayName", name)))
}

fn app_role(event: &AuditEvent, who: Person, strong: &[String]) -> Judgement {
    let permission = event.new_value("AppRole.Value").filter(|value| !value.is_empty()).ok_or(Dataset::Audits)?;
    if !holds(strong, permission) {
        return Ok(None);
    }
    let severity = if takes_over(permission) { Severity::Critical } else { Severity::High };
    let app = event.new_value("ServicePrincipal.DisplayName").unwrap_or_else(|| target_name(event));
    Ok(Some(
        hit(event, who, format!("{permission} to {app}"), severity)
            .evidence("modifiedProperties.AppRole.Value", permission)
            .evidence("modifiedProperties.ServicePrincipal.DisplayName", app),
    ))
}

fn consent(event: &AuditEvent, who: Person) -> Judgement {
    let texts: Vec<&str> = changes(event).filter_map(|change| change.new.as_deref()).collect();
    let for_all = ["ConsentContext.OnBehalfOfAll", "ConsentContext.IsAdminConsent"]
        .iter()
        .any(|name| event.new_value(name).is_some_and(|value| value.eq_ignore_ascii_case("true")));
    let says = |word: &str| texts.iter().any(|text| text.contains(word));
    if !for_all && !says("AllPrincipals") {
        let is_of_one = says("Principal") || event.new_value("ConsentContext.OnBehalfOfAll").is_some();
        return if is_of_one { Ok(None) } else { Err(Dataset::Audits) };
    }
    let name = target_name(event);
    let strong = STRONG_PERMISSIONS.iter().filter(|permission| permission.delegated);
    let strong: Vec<&str> = strong.map(|permission| permission.value).filter(|value| says(value)).collect();
    let what =
        if strong.is_empty() { format!("consent for all users: {name}") } else { format!("{} for all users: {name}", strong.join(", ")) };
    let mut found =
        hit(event, who, what, Severity::High).evidence("targetResources.displayName", name).evidence("consentType", "AllPrincipals");
    if !strong.is_empty() {
        found = found.evidence("scope", strong);
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{ALPINE, Case, at_hour, customer_case};

    const HEX: &str = "3f972b9d8f88431db52978ac975f9d13";

    fn with(activity: &str, kind: &str, changes: Value) -> Case {
        let event = json!({ "id": "e", "activityDateTime": at_hour(0).to_string(), "activity": activity, "result": "success",
            "actor": { "userPrincipalName": format!("user_{HEX}"), "homeTenantId": ALPINE },
            "targets": [{ "id": "sp", "kind": kind, "displayName": "HR", "changes": changes }] });
        customer_case(json!({ "audits": [event], "crossTenantPartners": [{ "tenantId": ALPINE, "isServiceProvider": true }] }))
    }

    fn keys(old: &[&str], new: &[&str]) -> Value {
        let text =
            |ids: &[&str]| json!(ids.iter().map(|id| format!("[KeyIdentifier={id},KeyType=Password]")).collect::<Vec<_>>()).to_string();
        json!([{ "name": "KeyDescription", "old": text(old), "new": text(new) }])
    }

    const ADDED: &str = "Add service principal credentials";

    fn severity(case: &Case) -> Option<Severity> {
        case.run(&RULE).findings.first().and_then(|draft| draft.severity)
    }

    #[test]
    fn secrets_of_applications_that_are_not_the_partners() {
        assert_eq!(severity(&with(ADDED, "ServicePrincipal", keys(&["a"], &["a", "b"]))), Some(Severity::High));
        assert_eq!(severity(&with(ADDED, "ServicePrincipal", json!([]))), Some(Severity::High), "no keys described");
        assert_eq!(severity(&with(ADDED, "ServicePrincipal", keys(&["a", "b"], &["a"]))), None, "one was taken away");
        let live = "Update application – Certificates and secrets management ";
        assert_eq!(severity(&with(live, "Application", keys(&[], &["a"]))), Some(Severity::High));
        assert_eq!(severity(&with("Add owner to service principal", "ServicePrincipal", json!([]))), Some(Severity::High));
        assert_eq!(severity(&with("Update application", "Application", json!([]))), None);
        let owned = |owner: &str| {
            let mut case = with(ADDED, "ServicePrincipal", keys(&[], &["a"]));
            let app = json!([{ "id": "SP", "appId": "x", "ownerTenantId": owner }]);
            case.snapshot.tenants[0].customer.service_principals = serde_json::from_value(app).unwrap();
            severity(&case)
        };
        assert_eq!((owned(ALPINE), owned("other")), (None, Some(Severity::High)));
    }

    #[test]
    fn whose_an_application_is_needs_the_whole_list() {
        let case =
            || with(ADDED, "ServicePrincipal", keys(&[], &["a"])).coverage(Dataset::ServicePrincipals, Coverage::new(Status::Partial));
        assert_eq!(case().run(&RULE).unjudged, [("e".to_owned(), Dataset::ServicePrincipals)]);
        assert!(!case().fires(&RULE));
    }

    #[test]
    fn permissions_that_are_strong() {
        let given = |value: Value| {
            with("Add app role assignment to service principal", "ServicePrincipal", json!([{ "name": "AppRole.Value", "new": value }]))
        };
        assert_eq!(severity(&given(json!("\"RoleManagement.ReadWrite.Directory\""))), Some(Severity::Critical));
        assert_eq!(severity(&given(json!("mail.readwrite"))), Some(Severity::High));
        assert_eq!(severity(&given(json!("User.Read.All"))), None);
        assert_eq!(severity(&given(json!("User.Read.All")).list("strong-app-roles", &["user.read.all"])), Some(Severity::High));
        assert_eq!(given(Value::Null).run(&RULE).unjudged, [("e".to_owned(), Dataset::Audits)]);
    }

    #[test]
    fn consent_for_everyone() {
        let consent = |name: &str, value: &str| with("Consent to application", "ServicePrincipal", json!([{ "name": name, "new": value }]));
        assert_eq!(severity(&consent("ConsentContext.OnBehalfOfAll", "\"True\"")), Some(Severity::High));
        assert_eq!(severity(&consent("ConsentContext.OnBehalfOfAll", "\"False\"")), None);
        assert_eq!(severity(&consent("ConsentAction.Permissions", "[ConsentType: Principal, Scope: User.Read]")), None);
        let out = consent("ConsentAction.Permissions", "[ConsentType: AllPrincipals, Scope: Directory.ReadWrite.All]").run(&RULE);
        assert_eq!(out.findings[0].note.as_deref(), Some("Directory.ReadWrite.All for all users: HR"));
        let scope = |out: &crate::policy::rule::Out| {
            out.findings[0].evidence.iter().find(|evidence| evidence.field == "scope").map(|evidence| evidence.value.clone())
        };
        let weak = consent("ConsentAction.Permissions", "[ConsentType: AllPrincipals, Scope: User.Read]").run(&RULE);
        assert_eq!([scope(&out), scope(&weak)], [Some(json!(["Directory.ReadWrite.All"])), None]);
        assert_eq!(consent("other", "x").run(&RULE).unjudged, [("e".to_owned(), Dataset::Audits)]);
    }

    #[test]
    fn a_name_that_two_tenants_have_makes_nobody_the_owner() {
        const OTHER: &str = "33333333-3333-4333-8333-333333333333";
        let case = |second: &str| {
            let mut case = with(ADDED, "ServicePrincipal", keys(&[], &["a"]));
            let names = [(ALPINE, "Alpine"), (OTHER, second)];
            let facts = &mut case.snapshot.tenants[0].customer;
            facts.audits[0].actor = serde_json::from_value(json!({ "userId": "u", "displayName": "Alpine Technician" })).unwrap();
            facts.cross_tenant_partners = serde_json::from_value(json!(names.map(|(id, _)| json!({ "tenantId": id })))).unwrap();
            facts.tenant_names =
                serde_json::from_value(json!(names.map(|(id, name)| json!({ "tenantId": id, "displayName": name })))).unwrap();
            facts.service_principals = serde_json::from_value(json!([{ "id": "sp", "appId": "x", "ownerTenantId": ALPINE }])).unwrap();
            severity(&case)
        };
        assert_eq!(case("Other"), None, "its own application");
        assert_eq!(case("Alpine"), Some(Severity::High), "the other may have called itself so");
    }
}
