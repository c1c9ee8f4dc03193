//! Reports of the customer view. Their ledgers are built from facts, as a run builds them.

use serde_json::{Value, json};

use super::{EXCHANGE, READER, TENANT, at, report};
use crate::domain::ledger::{self, Entry};
use crate::domain::report::CoverageRow;
use crate::domain::{
    Approval, Confidence, Coverage, Dataset, Evidence, Finding, Need, Party, Report, Severity, State, Status, Subject, TenantSnapshot,
    Timestamp, View, roles,
};

const FABRIKAM: &str = "fa000000-0000-4000-8000-000000000001";
const NORTHWIND: &str = "0f000000-0000-4000-8000-000000000002";
const TECHNICIAN: &str = "user_0123456789abcdef0123456789abcdef";

/// A report on these facts, with the datasets that were not read.
fn on(facts: Value, unread: &[(Dataset, Status)], findings: Vec<Finding>, exit_code: u8) -> Report {
    let mut snapshot: TenantSnapshot =
        serde_json::from_value(json!({ "tenantId": TENANT, "view": "customer", "customer": facts })).unwrap();
    snapshot.coverage = Dataset::of_view(View::Customer)
        .map(|dataset| {
            let coverage = match (dataset, unread.iter().find(|(gap, _)| *gap == dataset)) {
                (_, Some((_, status))) => Coverage::new(*status).because("not to be had"),
                (Dataset::Declared | Dataset::Purview, None) => Coverage::skipped("no file was given"),
                _ => Coverage::complete(3),
            };
            (dataset, coverage)
        })
        .collect();
    let built = ledger::build(&snapshot, ledger::Reading::default());
    let mut report = report(Vec::new(), findings, exit_code);
    let tenant = &mut report.tenants[0];
    tenant.view = View::Customer;
    tenant.display_name = "Contoso".into();
    tenant.coverage = snapshot
        .coverage
        .iter()
        .map(|(dataset, coverage)| CoverageRow {
            dataset: *dataset,
            need: dataset.need(View::Customer).unwrap_or(Need::Helps),
            coverage: coverage.clone(),
            accepted: None,
        })
        .collect();
    tenant.counts.partners = built.entries.len() as u64;
    tenant.counts.sign_ins = snapshot.customer.sign_ins.events.len() as u64;
    tenant.counts.audit_events = snapshot.customer.audits.len() as u64;
    tenant.markers = built.markers;
    tenant.partners = built.entries.into_values().collect();
    // The worst tenant stands first in the sample: renderers must not depend on the order by id.
    tenant.partners.sort_by_key(|entry| entry.tenant_id != FABRIKAM);
    tenant.declared = snapshot.customer.declared;
    report
}

/// A finding about an outside tenant, or about something of it.
fn found(code: &str, severity: Severity, title: &str, entry: (&str, &str), subject: Option<(&str, &str)>) -> Finding {
    let (tenant_id, name) = entry;
    let subject = match subject {
        Some((kind, name)) => Subject { kind: kind.to_owned().into(), id: format!("{kind}-{name}"), name: name.into() },
        None => Subject { kind: "tenant".into(), id: tenant_id.into(), name: name.into() },
    };
    Finding {
        rule_id: format!("rule-{}", code.to_lowercase()).into(),
        code: code.to_owned().into(),
        view: View::Customer,
        severity,
        base_severity: severity,
        confidence: Confidence::High,
        title: title.to_owned().into(),
        state: State::Unbaselined,
        tenant_id: TENANT.into(),
        fingerprint: crate::domain::fingerprint::of_finding(code, TENANT, &subject.kind, &subject.id, ""),
        subject,
        partner: Some(Party { tenant_id: tenant_id.into(), name: name.into() }),
        customer: Some(Party { tenant_id: TENANT.into(), name: "Contoso".into() }),
        standing: Default::default(),
        since: None,
        note: None,
        evidence: vec![Evidence { field: "tenantId".into(), value: tenant_id.into(), source: "role-assignments".into() }],
        remediation: "Ask who let it in, and end what nobody needs.".into(),
        first_seen: None,
        severity_before: None,
        attack: vec!["T1199".into()],
        mitigations: vec!["M1018".into()],
        nist: vec!["AC-6".into()],
    }
}

fn sign_in(id: &str, home: &str, at: &str) -> Value {
    json!({ "id": id, "createdDateTime": at, "userId": "u", "userPrincipalName": TECHNICIAN, "resourceTenantId": TENANT,
            "homeTenantId": home, "crossTenantAccessType": "serviceProvider" })
}

/// One of each class, with everything that an entry can hold.
pub(crate) fn customer_findings() -> Report {
    let global = roles::GLOBAL_ADMINISTRATOR;
    let held = |id: &str, principal: &str, role: &str, home: &str, name: &str| {
        json!({ "id": id, "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/", "principalTenantId": home,
                "principalKind": "group", "principalName": name })
    };
    let name = |id: &str, name: &str, domain: &str| json!({ "tenantId": id, "displayName": name, "defaultDomain": domain });
    let policy = json!({ "id": "p-1", "displayName": "Require MFA", "state": "enabled",
        "conditions": { "clientAppTypes": ["all"], "applications": { "includeApplications": ["All"] },
            "users": { "includeUsers": ["All"], "excludeGuestsOrExternalUsers": { "guestOrExternalUserTypes": "serviceProvider",
                "externalTenants": { "membershipKind": "enumerated", "members": [FABRIKAM] } } } },
        "grantControls": { "operator": "OR", "builtInControls": ["mfa"] } });
    let governor = "60000000-0000-4000-8000-000000000003";
    let facts = json!({
        "licenses": { "entraP1": true },
        "crossTenantDefault": { "inboundTrust": { "isMfaAccepted": true } },
        "crossTenantPartners": [
            { "tenantId": FABRIKAM, "isServiceProvider": true }, { "tenantId": NORTHWIND, "isServiceProvider": true },
            { "tenantId": "b2000000-0000-4000-8000-000000000004", "isServiceProvider": false }
        ],
        "providerConstraints": [
            { "tenantId": FABRIKAM, "allowedRoles": [global, EXCHANGE, READER], "createdDateTime": "2025-01-01T00:00:00Z" },
            { "tenantId": NORTHWIND, "allowedRoles": [READER] }
        ],
        "roleAssignments": [
            held("ra-1", "g-1", global, FABRIKAM, "Fabrikam Admins"), held("ra-2", "g-2", READER, NORTHWIND, "NW Readers"),
            held("ra-3", "g-3", global, governor, "Governors"),
            { "id": "ra-4", "principalId": "guest-1", "roleDefinitionId": EXCHANGE, "directoryScopeId": "/administrativeUnits/au-1" }
        ],
        "tenantNames": [
            name(FABRIKAM, "Fabrikam MSP", "fabrikam.example"), name(NORTHWIND, "Northwind Managed Services", "northwind.example"),
            name("1a000000-0000-4000-8000-000000000006", "Litware Resale", "litware.example")
        ],
        "servicePrincipals": [
            { "id": "sp-1", "appId": "app-1", "displayName": "Tailspin Backup", "ownerTenantId": "7a000000-0000-4000-8000-000000000005", "accountEnabled": true },
            { "id": "sp-2", "appId": "a3475900-ccec-4a69-98f5-a65cd5dc5306", "displayName": "Partner customer delegated admin offline processor" }
        ],
        "appRoleAssignments": [
            { "id": "x-1", "principalId": "sp-1", "permission": "RoleManagement.ReadWrite.Directory" },
            { "id": "x-2", "principalId": "sp-1", "permission": "User.Read.All" }
        ],
        "externalUsers": [{ "id": "guest-1", "mail": "bo@woodgrove.example" }],
        "conditionalAccess": [policy],
        "securityDefaults": false,
        "subscriptions": [
            { "id": "sub-1", "ownerTenantId": FABRIKAM }, { "id": "sub-2", "ownerTenantId": "1a000000-0000-4000-8000-000000000006" }
        ],
        "signIns": { "events": [sign_in("s-1", FABRIKAM, "2026-01-08T03:00:00Z"), sign_in("s-2", FABRIKAM, "2026-01-09T03:00:00Z")] },
        "audits": [{ "id": "a-1", "activityDateTime": "2026-01-08T03:05:00Z", "activity": "Reset user password",
                     "actor": { "userPrincipalName": TECHNICIAN, "displayName": "Fabrikam MSP Technician" } }],
        "governance": [{ "id": "gov-1", "kind": "relationship", "governingTenantId": governor, "governingTenantName": "Tailspin Group",
                         "status": "active", "governedTenantCanTerminate": false, "roles": [global] }],
        "declared": {
            "files": [{ "name": "partner.json", "form": "snapshot", "dated": "2025-12-24T00:00:00Z", "kept": 2 }],
            "relationships": [{ "partnerTenantId": FABRIKAM, "relationship": { "id": "r-1", "displayName": "GDAP Contoso", "status": "active",
                "roles": [global], "autoExtendDuration": "P180D", "endDateTime": "2026-06-01T00:00:00Z" } }],
            "partners": [{ "partnerTenantId": "de000000-0000-4000-8000-000000000007", "name": "Said Reseller", "kind": "Indirect reseller" }]
        }
    });
    let fabrikam = (FABRIKAM, "Fabrikam MSP");
    let tailspin = ("7a000000-0000-4000-8000-000000000005", "7a000000-0000-4000-8000-000000000005");
    let findings = vec![
        found(
            "XTA-03",
            Severity::Critical,
            "Directory role is assigned to a principal of another tenant",
            fabrikam,
            Some(("assignment", "ra-1")),
        ),
        found(
            "APP-02",
            Severity::Critical,
            "Application of an outside tenant has strong permissions",
            tailspin,
            Some(("application", "Tailspin Backup")),
        ),
        found("XTA-01", Severity::High, "Service provider is not approved", fabrikam, None),
        found("XTA-02", Severity::High, "Conditional Access does not cover a service provider", fabrikam, None),
        found("SGN-05", Severity::Low, "Sign-in at an unusual hour", fabrikam, Some(("user", TECHNICIAN))),
    ];
    let mut report = on(facts, &[], findings, 1);
    let approval =
        Approval { owner: "it@contoso.example".into(), until: Timestamp::parse("2027-01-31T23:59:59Z"), ticket: Some("CHG-1042".into()) };
    report.tenants[0].approved = [(NORTHWIND.to_owned(), approval.clone()), (governor.to_owned(), approval)].into();
    let declared = report.tenants[0].coverage.iter_mut().find(|row| row.dataset == Dataset::Declared);
    if let Some(row) = declared {
        row.coverage = Coverage::complete(2);
    }
    report
}

/// Service providers are known, what they hold is not.
pub(crate) fn customer_incomplete() -> Report {
    let facts = json!({
        "crossTenantPartners": [{ "tenantId": FABRIKAM, "isServiceProvider": true }, { "tenantId": NORTHWIND, "isServiceProvider": false }]
    });
    let unread = [
        (Dataset::RoleAssignments, Status::Denied),
        (Dataset::ProviderConstraints, Status::Failed),
        (Dataset::ConditionalAccess, Status::Denied),
        (Dataset::SignIns, Status::Unlicensed),
        (Dataset::TenantNames, Status::Unavailable),
    ];
    on(facts, &unread, Vec::new(), 3)
}

/// Nothing is there, and that is proved.
pub(crate) fn customer_empty() -> Report {
    on(json!({}), &[], Vec::new(), 0)
}

/// Names as an attacker would choose them.
pub(crate) fn customer_hostile() -> Report {
    let hostile = super::hostile();
    let names: Vec<&str> = hostile.tenants[0].relationships.iter().step_by(2).map(|row| row.display_name.as_str()).collect();
    let mut report = customer_findings();
    let tenant = &mut report.tenants[0];
    tenant.display_name = names[0].into();
    let template = tenant.partners[0].clone();
    let apps = tenant.partners.iter().find_map(|entry| entry.apps.first().cloned());
    let governance = tenant.partners.iter().find_map(|entry| entry.governance.first().cloned());
    for (number, name) in names.iter().enumerate() {
        let mut entry =
            Entry { tenant_id: format!("{name}-{number}"), name: (*name).into(), domain: Some((*name).into()), ..template.clone() };
        entry.class = ledger::Class::Unknown((*name).into());
        entry.class_reason = (*name).into();
        entry.apps.extend(apps.clone());
        entry.governance.extend(governance.clone());
        for role in &mut entry.roles {
            (role.role_name, role.principal_name, role.scope) = ((*name).into(), (*name).into(), (*name).into());
        }
        for app in &mut entry.apps {
            (app.name, app.verified_publisher, app.strong) = ((*name).into(), Some((*name).into()), vec![(*name).into()]);
        }
        for row in &mut entry.governance {
            row.status = Some((*name).into());
        }
        if let Some(verdict) = &mut entry.conditional_access {
            for gap in &mut verdict.gaps {
                (gap.policy.name, gap.value) = ((*name).into(), (*name).into());
            }
        }
        for person in &mut entry.technicians {
            person.id = (*name).into();
        }
        entry.subscriptions = vec![(*name).into()];
        report.findings.push(found("XTA-01", Severity::High, "Service provider is not approved", (&entry.tenant_id, name), None));
        tenant.partners.push(entry);
    }
    for file in &mut tenant.declared.files {
        file.name = names[0].into();
    }
    report.run.now = at("2026-01-10T12:00:00Z");
    report
}

/// As many outside tenants as wanted.
pub(crate) fn customer_many(number: usize) -> Report {
    let id = |number: usize| format!("a0000000-0000-4000-8000-{number:012}");
    let all = || 0..number;
    let role = |number: usize| if number.is_multiple_of(40) { roles::GLOBAL_ADMINISTRATOR } else { EXCHANGE };
    let facts = json!({
        "crossTenantPartners": all().map(|n| json!({ "tenantId": id(n), "isServiceProvider": true })).collect::<Vec<_>>(),
        "tenantNames": all().map(|n| json!({ "tenantId": id(n), "displayName": format!("Partner {n} ") })).collect::<Vec<_>>(),
        "roleAssignments": all().map(|n| json!({ "id": format!("ra-{n}"), "principalId": format!("g-{n}"), "roleDefinitionId": role(n),
            "principalTenantId": id(n), "principalKind": "group" })).collect::<Vec<_>>(),
    });
    let findings = all().map(|n| found("XTA-01", Severity::Medium, "Service provider is not approved", (&id(n), "Partner"), None));
    on(facts, &[], findings.collect(), 0)
}
