use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::conditional_access::VerdictKind;
use crate::domain::customer::{MICROSOFT_OWNER_TENANTS, MICROSOFT_SUPPORT_TENANT};
use crate::domain::{Coverage, Gap};

const OWN: &str = "0d9c3c1e-6f5b-4a57-9d0f-6a1f5f3c9a10";
const MSP: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const OTHER: &str = "bbbbbbbb-0000-4000-8000-000000000002";
const GROUP: &str = "cccccccc-0000-4000-8000-000000000003";
const GLOBAL: &str = crate::domain::roles::GLOBAL_ADMINISTRATOR;
const READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";

/// A tenant with these facts, everything read in full.
fn tenant(facts: Value) -> TenantSnapshot {
    let mut tenant: TenantSnapshot = serde_json::from_value(json!({ "tenantId": OWN, "view": "customer", "customer": facts })).unwrap();
    tenant.coverage = Dataset::of_view(View::Customer).map(|dataset| (dataset, Coverage::complete(1))).collect();
    tenant
}

fn unread(mut tenant: TenantSnapshot, dataset: Dataset, status: Status) -> TenantSnapshot {
    tenant.coverage.insert(dataset, Coverage::new(status));
    tenant
}

fn built(tenant: &TenantSnapshot) -> Ledger {
    build(tenant, Reading::default())
}

/// The one entry of a tenant with these facts.
fn only(facts: Value) -> Entry {
    let ledger = built(&tenant(facts));
    assert_eq!(ledger.entries.len(), 1, "{:?}", ledger.entries.keys());
    ledger.entries.into_values().next().unwrap()
}

fn assignment(principal: &str, role: &str, home: Option<&str>) -> Value {
    json!({ "id": format!("ra-{principal}-{role}"), "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/",
            "principalTenantId": home, "principalKind": home.map(|_| "group") })
}

fn sign_in(id: &str, home: &str, kind: &str, name: &str, at: &str, error: i32) -> Value {
    json!({ "id": id, "createdDateTime": at, "userId": "u-1", "userPrincipalName": name, "resourceTenantId": OWN, "homeTenantId": home,
            "crossTenantAccessType": kind, "errorCode": error })
}

#[test]
fn each_class_has_its_reason() {
    let entry = json!([{ "tenantId": MSP, "isServiceProvider": true }]);
    let settings = json!([{ "tenantId": MSP, "isServiceProvider": false }]);
    let came =
        |kind: &str| json!({ "events": [sign_in("s", MSP, kind, "user_0123456789abcdef0123456789abcdef", "2026-01-01T00:00:00Z", 0)] });
    let governance = |kind: &str, status: &str| json!([{ "id": "g", "kind": kind, "governingTenantId": MSP, "status": status }]);
    let app = json!([{ "id": "sp", "appId": "app", "ownerTenantId": MSP }]);
    let cases = [
        (json!({ "crossTenantPartners": entry }), "serviceProvider", "service provider entry", true),
        (json!({ "roleAssignments": [assignment(GROUP, READER, Some(MSP))] }), "serviceProvider", "without a service provider entry", true),
        (json!({ "signIns": came("serviceProvider") }), "serviceProvider", "signed in as a service provider", false),
        (json!({ "signIns": came("microsoftSupport") }), "microsoftSupport", "signed in as Microsoft Support", false),
        (json!({ "crossTenantPartners": entry, "governance": governance("relationship", "active") }), "governingTenant", "governs", true),
        (json!({ "governance": governance("relationship", "somethingNew") }), "governingTenant", "governs", true),
        (json!({ "governance": governance("relationship", "terminated") }), "unknown", "ended relationship", false),
        (json!({ "governance": governance("request", "pending") }), "unknown", "only a request", false),
        (json!({ "crossTenantPartners": settings }), "b2b", "settings of its own", false),
        (json!({ "subscriptions": [{ "id": "s", "ownerTenantId": MSP }] }), "reseller", "sold", false),
        (json!({ "servicePrincipals": app }), "appPublisher", "only its applications", false),
        (json!({ "crossTenantPartners": settings, "subscriptions": [{ "id": "s", "ownerTenantId": MSP }] }), "b2b", "settings", false),
        (json!({ "servicePrincipals": app, "subscriptions": [{ "id": "s", "ownerTenantId": MSP }] }), "reseller", "sold", false),
        (json!({ "declared": { "partners": [{ "partnerTenantId": MSP, "roles": [GLOBAL] }] } }), "unknown", "only a file", false),
    ];
    for (mut facts, class, reason, administers) in cases {
        // A ceiling that was read and is not there gives a bare entry nothing; these have one.
        facts["providerConstraints"] = match facts.get("crossTenantPartners") {
            Some(partners) if partners[0]["isServiceProvider"] == true => json!([{ "tenantId": MSP, "allowedRoles": [READER] }]),
            _ => json!([]),
        };
        let context = facts.to_string();
        let entry = only(facts);
        assert_eq!(entry.class.as_str(), class, "{context}");
        assert!(entry.class_reason.contains(reason), "{context}: {}", entry.class_reason);
        assert_eq!(entry.can_administer, administers, "{context}");
    }
    let support =
        only(json!({ "crossTenantPartners": [{ "tenantId": MICROSOFT_SUPPORT_TENANT.to_uppercase(), "isServiceProvider": true }] }));
    assert_eq!((support.class, support.name.as_str()), (Class::MicrosoftSupport, "Microsoft Support"));
    assert_eq!(support.conditional_access, None, "the verdict is about service providers");
}

#[test]
fn facts_of_one_tenant_meet_whatever_the_case_of_its_id() {
    let upper = MSP.to_uppercase();
    let entry = only(json!({
        "crossTenantPartners": [{ "tenantId": upper, "isServiceProvider": true }],
        "providerConstraints": [{ "tenantId": MSP, "allowedRoles": [READER, GLOBAL.to_uppercase()], "createdDateTime": "2025-01-01T00:00:00Z" }],
        "identitySync": [{ "tenantId": upper, "isInboundSyncAllowed": true }],
        "roleAssignments": [assignment(GROUP, GLOBAL, Some(&upper)), assignment(GROUP, READER, Some(MSP))],
        "foreignPrincipals": [{ "id": GROUP, "displayName": "MSP Admins", "tenantId": MSP }],
        "tenantNames": [{ "tenantId": upper, "displayName": "Fabrikam MSP", "defaultDomain": "Fabrikam.example" }],
        "servicePrincipals": [
            { "id": "SP-1", "appId": "app-1", "ownerTenantId": MSP, "displayName": "Backup" },
            { "id": "sp-2", "appId": "a3475900-ccec-4a69-98f5-a65cd5dc5306", "ownerTenantId": MICROSOFT_OWNER_TENANTS[0] }
        ],
        "appRoleAssignments": [{ "id": "x", "principalId": "sp-1", "permission": "Mail.Send" }],
        "delegatedGrants": [{ "id": "y", "clientId": "sp-1", "resourceId": "r", "scopes": ["User.Read", "Mail.Send", "Directory.AccessAsUser.All"] }],
        "subscriptions": [{ "id": "sub", "ownerTenantId": upper }, { "id": "own", "ownerTenantId": OWN }, { "id": "direct" }],
        "audits": [
            { "id": "e2", "activityDateTime": "2026-01-02T00:00:00Z", "activity": "Add member to role", "targets": [{ "id": GROUP.to_uppercase() }] },
            { "id": "e1", "activityDateTime": "2026-01-01T00:00:00Z", "activity": "Add a partner to cross-tenant access setting",
              "targets": [{ "changes": [{ "name": "tenantId", "new": format!("\"{upper}\"") }] }] },
            { "id": "e3", "activityDateTime": "2026-01-01T00:00:00Z", "activity": "Reset password", "actor": { "userPrincipalName": "root@contoso.example" } }
        ]
    }));
    assert_eq!((entry.tenant_id.as_str(), entry.name.as_str(), entry.domain.as_deref()), (MSP, "Fabrikam MSP", Some("fabrikam.example")));
    assert_eq!(entry.ceiling.unwrap(), [GLOBAL, READER]);
    assert!(entry.inbound_sync && entry.service_provider_entry);
    assert_eq!(entry.tier, Some(0));
    assert_eq!(entry.roles.iter().map(|role| role.principal_name.as_str()).collect::<Vec<_>>(), ["MSP Admins", "MSP Admins"]);
    assert_eq!(entry.roles[0].role_name, "Global Administrator", "worst first");
    let app = &entry.apps[0];
    assert_eq!(app.strong, ["Directory.AccessAsUser.All", "Mail.Send"], "a delegated Mail.Send is not strong, an application's is");
    assert_eq!(entry.subscriptions, ["sub"]);
    assert_eq!(entry.audit_events, ["e1", "e2"], "in order of time");
}

#[test]
fn own_and_microsoft_tenants_have_no_entry_and_markers_are_found() {
    let ledger = built(&tenant(json!({
        "crossTenantPartners": [{ "tenantId": OWN.to_uppercase(), "isServiceProvider": true }, { "tenantId": "" }],
        "roleAssignments": [assignment(GROUP, GLOBAL, Some(OWN)), assignment("g2", GLOBAL, Some(MICROSOFT_OWNER_TENANTS[1]))],
        "servicePrincipals": [{ "id": "m", "appId": "A3475900-ccec-4a69-98f5-a65cd5dc5306", "ownerTenantId": MICROSOFT_OWNER_TENANTS[0] }],
        "governance": [{ "id": "g", "kind": "relationship", "governingTenantId": OWN, "status": "active" }]
    })));
    assert_eq!(ledger.entries.keys().collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(ledger.markers, ["a3475900-ccec-4a69-98f5-a65cd5dc5306"]);
}

#[test]
fn null_settings_inherit_the_default() {
    let entry = only(json!({
        "crossTenantDefault": { "inboundTrust": { "isMfaAccepted": true, "isCompliantDeviceAccepted": true }, "autoConsentInbound": true },
        "crossTenantPartners": [{ "tenantId": MSP, "settings": { "inboundTrust": { "isMfaAccepted": false } } }]
    }));
    let settings = entry.settings.unwrap();
    let trust = settings.inbound_trust.unwrap();
    assert_eq!((trust.is_mfa_accepted, trust.is_compliant_device_accepted), (Some(false), Some(true)));
    assert_eq!(settings.auto_consent_inbound, Some(true));
}

#[test]
fn principals_that_are_not_resolved_keep_their_id() {
    let entry = only(json!({ "roleAssignments": [assignment(GROUP, GLOBAL, Some(MSP))] }));
    assert_eq!((entry.name.as_str(), entry.roles[0].principal_name.as_str()), (MSP, GROUP));
    let nobody = only(json!({ "roleAssignments": [assignment(GROUP, GLOBAL, None)] }));
    assert_eq!((nobody.tenant_id.as_str(), nobody.class.as_str(), nobody.can_administer), (UNKNOWN_HOME, "unknown", true));
    let reference = only(json!({
        "roleAssignments": [assignment(GROUP, GLOBAL, None)],
        "foreignPrincipals": [{ "id": GROUP, "displayName": "Admins", "tenantId": MSP }]
    }));
    assert_eq!((reference.tenant_id.as_str(), reference.roles[0].principal_kind.as_str()), (MSP, "directoryObjectPartnerReference"));
}

#[test]
fn a_role_of_the_tenant_s_own_has_no_tier() {
    let entry = only(json!({
        "roleDefinitions": [{ "id": "d-1", "templateId": READER, "displayName": "Harmless", "isBuiltIn": false }],
        "roleAssignments": [assignment(GROUP, "d-1", Some(MSP))]
    }));
    let role = &entry.roles[0];
    assert_eq!((role.tier, role.role_id.as_str(), role.role_name.as_str()), (None, "d-1", "Harmless"));
    assert!(entry.can_administer);
}

#[test]
fn instances_of_what_is_assigned_are_not_counted_twice() {
    let schedule = |id: &str, role: &str, kind: &str| json!({ "id": id, "principalId": GROUP, "roleDefinitionId": role, "directoryScopeId": "/", "kind": kind });
    let entry = only(json!({
        "roleAssignments": [assignment(GROUP, READER, Some(MSP))],
        "roleSchedules": [schedule("1", READER, "assigned"), schedule("2", GLOBAL, "eligible"), schedule("3", READER, "eligible")]
    }));
    let held: Vec<(Option<u8>, bool)> = entry.roles.iter().map(|role| (role.tier, role.eligible_only)).collect();
    assert_eq!(held, [(Some(0), true), (Some(3), true), (Some(3), false)]);
    assert_eq!(entry.tier, Some(0), "eligible counts");
}

#[test]
fn guests_stand_under_their_home_or_their_domain() {
    let ledger = built(&tenant(json!({
        "externalUsers": [
            { "id": "g1", "mail": "a@fabrikam.example", "homeTenantId": MSP },
            { "id": "g2", "userPrincipalName": "b_c_Tailspin.example#EXT#@contoso.onmicrosoft.com", "throughGroups": ["rag"] },
            { "id": "g3", "mail": "d@woodgrove.example" },
            { "id": "g4", "displayName": "nobody" },
            { "id": "g5", "mail": "x@contoso.example", "homeTenantId": OWN }
        ],
        "tenantNames": [{ "tenantId": OTHER, "defaultDomain": "woodgrove.example" }],
        "roleAssignments": [
            assignment("g1", GLOBAL, None), assignment("g3", READER, None), assignment("g4", READER, None), assignment("g5", GLOBAL, None),
            { "id": "ra", "principalId": "RAG", "roleDefinitionId": GLOBAL, "principalKind": "group", "principalName": "Break glass" }
        ]
    })));
    let found: Vec<(&str, &str, usize)> =
        ledger.entries.values().map(|entry| (entry.tenant_id.as_str(), entry.class.as_str(), entry.guests.len())).collect();
    assert_eq!(found, [(MSP, "b2b", 1), (OTHER, "b2b", 1), ("tailspin.example", "unknown", 1), (UNKNOWN_HOME, "unknown", 1)]);
    let through = &ledger.get("tailspin.example").unwrap().guests[0].roles[0];
    assert_eq!((through.principal_id.as_str(), through.principal_name.as_str(), through.tier), ("rag", "Break glass", Some(0)));
    assert!(ledger.entries.values().all(|entry| entry.can_administer));
}

#[test]
fn an_application_counts_by_what_it_may_do() {
    let with = |permission: &str, role: Option<&str>| {
        only(json!({
            "servicePrincipals": [{ "id": "sp", "appId": "app", "ownerTenantId": MSP }],
            "appRoleAssignments": [{ "id": "x", "principalId": "sp", "permission": permission }],
            "roleAssignments": role.map(|role| assignment("sp", role, None)).into_iter().collect::<Vec<_>>()
        }))
    };
    assert!(!with("User.Read.All", None).can_administer);
    assert!(with("rolemanagement.readwrite.directory", None).apps[0].takes_over());
    assert!(with("Mail.Send", None).can_administer);
    assert!(!with("User.Read.All", Some(READER)).can_administer, "a role of tier 3");
    let tier0 = with("User.Read.All", Some(GLOBAL));
    assert_eq!((tier0.can_administer, tier0.tier, tier0.class.as_str()), (true, Some(0), "appPublisher"));
    // Service principals denied: the role still tells of the application.
    let facts = json!({ "roleAssignments": [{ "id": "r", "principalId": "sp", "roleDefinitionId": GLOBAL, "principalTenantId": MSP,
                                               "principalKind": "servicePrincipal", "principalName": "Tool" }] });
    let ledger = built(&unread(tenant(facts), Dataset::ServicePrincipals, Status::Denied));
    let entry = ledger.get(MSP).unwrap();
    assert_eq!((entry.apps[0].name.as_str(), entry.can_administer, entry.is_fully_read()), ("Tool", true, false));
    assert_eq!(entry.provenance["applications"].dataset, Dataset::RoleAssignments);
}

#[test]
fn an_application_holds_what_its_groups_hold() {
    let entry = only(json!({
        "servicePrincipals": [{ "id": "sp", "appId": "app", "ownerTenantId": MSP, "throughGroups": ["RAG"] }],
        "roleAssignments": [{ "id": "ra", "principalId": "rag", "roleDefinitionId": GLOBAL, "directoryScopeId": "/", "principalTenantId": OWN,
                              "principalKind": "group", "principalName": "Automation" }]
    }));
    assert_eq!((entry.class, entry.can_administer, entry.tier, entry.roles.len()), (Class::AppPublisher, true, Some(0), 0));
    let role = &entry.apps[0].roles[0];
    assert_eq!((role.principal_name.as_str(), role.principal_kind.as_str(), role.principal_id.as_str()), ("Automation", "group", "rag"));
}

#[test]
fn a_group_of_nobody_is_somebodys_outside() {
    let group = |tenant: Option<&str>| {
        let row = json!({ "id": "ra", "principalId": GROUP, "roleDefinitionId": GLOBAL, "directoryScopeId": "/", "principalTenantId": tenant,
                          "principalKind": "group" });
        built(&tenant_of(row)).entries.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(group(None), [join::UNKNOWN_HOME]);
    assert_eq!(group(Some(OWN)), Vec::<String>::new());
    assert_eq!(group(Some(MSP)), [MSP]);
}

fn tenant_of(assignment: Value) -> TenantSnapshot {
    tenant(json!({ "roleAssignments": [assignment] }))
}

#[test]
fn technicians_have_stable_ids() {
    let hex = "0123456789abcdef0123456789abcdef";
    assert_eq!(technician_id("USER_01234567-89ab-cdef-0123-456789ABCDEF@fabrikam.example").as_deref(), Some(hex));
    for other in ["user_", "user_0123", "someone@x", "user_0123456789abcdef0123456789abcdeg", "user_0123456789abcdef0123456789abcdef0"] {
        assert_eq!(technician_id(other), None, "{other}");
    }
    let name = format!("user_{hex}");
    let entry = only(json!({
        "signIns": { "events": [
            sign_in("1", MSP, "serviceProvider", &name, "2026-01-01T00:00:00Z", 0),
            sign_in("2", MSP, "serviceProvider", "user_01234567-89ab-cdef-0123-456789abcdef@m.example", "2026-01-03T00:00:00Z", 0),
            sign_in("3", MSP, "serviceProvider", "other", "2026-01-02T00:00:00Z", 0),
            sign_in("4", MSP, "serviceProvider", &name, "2026-01-09T00:00:00Z", 50126),
            sign_in("5", MSP, "b2bCollaboration", "guest@m.example", "2026-01-08T00:00:00Z", 0),
            sign_in("6", OTHER, "b2bCollaboration", "guest@o.example", "2026-01-08T00:00:00Z", 0),
            sign_in("7", OTHER, "serviceProvider", "x", "2026-01-08T00:00:00Z", 50126)
        ] },
        "audits": [{ "id": "e", "activityDateTime": "2026-01-02T00:00:00Z", "activity": "x", "actor": { "userPrincipalName": name } }]
    }));
    assert_eq!((entry.first_sign_in.unwrap().date(), entry.last_sign_in.unwrap().date()), ("2026-01-01".into(), "2026-01-03".into()));
    let people: Vec<(&str, u64)> = entry.technicians.iter().map(|person| (person.id.as_str(), person.sign_ins)).collect();
    assert_eq!(people, [(hex, 2), ("u-1", 1)]);
    assert_eq!(entry.audit_events, ["e"]);
}

#[test]
fn a_technician_in_the_audit_log_alone_makes_an_entry() {
    let entry = only(json!({
        "tenantNames": [{ "tenantId": MSP, "displayName": "Gone MSP" }],
        "audits": [{ "id": "e", "activityDateTime": "2026-01-02T00:00:00Z", "activity": "x",
                     "actor": { "userPrincipalName": "user_0123456789abcdef0123456789abcdef", "homeTenantId": MSP } }]
    }));
    assert_eq!((entry.class.as_str(), entry.name.as_str(), entry.can_administer), ("unknown", "Gone MSP", false));
}

#[test]
fn unknown_is_never_clean() {
    let facts = || json!({ "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }] });
    assert!(!only(facts()).can_administer, "roles and ceiling were read, and there are none");
    for dataset in [Dataset::ProviderConstraints, Dataset::RoleAssignments] {
        let ledger = built(&unread(tenant(facts()), dataset, Status::Denied));
        assert!(ledger.get(MSP).unwrap().can_administer, "{dataset}");
    }
    let ledger = built(&unread(tenant(facts()), Dataset::RoleAssignments, Status::Denied));
    let entry = ledger.get(MSP).unwrap();
    assert_eq!(entry.provenance["roles"].basis, Basis::NotReadable);
    assert_eq!(entry.provenance["signIns"].basis, Basis::Observed);
    assert!(!entry.is_fully_read());
    let mut gap = tenant(facts());
    let mut coverage = Coverage::new(Status::Partial);
    coverage.gaps.insert(MSP.into(), Gap { status: Status::Denied, reason: "403".into() });
    gap.coverage.insert(Dataset::ProviderConstraints, coverage);
    let ledger = built(&gap);
    assert_eq!(ledger.get(MSP).unwrap().provenance["ceiling"].status, Status::Denied);
    assert!(ledger.get(MSP).unwrap().can_administer);
}

#[test]
fn conditional_access_is_judged_for_service_providers() {
    let facts = json!({
        "licenses": { "entraP1": true },
        "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }],
        "roleAssignments": [assignment(GROUP, GLOBAL, Some(MSP))],
        "conditionalAccess": [{ "id": "p", "displayName": "Admins", "state": "enabled",
            "conditions": { "users": { "includeRoles": [GLOBAL] }, "applications": { "includeApplications": ["All"] }, "clientAppTypes": ["all"] },
            "grantControls": { "operator": "OR", "builtInControls": ["mfa"] } }]
    });
    let verdict = |tenant: &TenantSnapshot| built(tenant).get(MSP).unwrap().conditional_access.clone().unwrap().kind;
    assert_eq!(verdict(&tenant(facts.clone())), VerdictKind::Enforced, "the role that is held brings the policy in");
    assert_eq!(verdict(&unread(tenant(facts), Dataset::ConditionalAccess, Status::Denied)), VerdictKind::Unknown);
}

#[test]
fn doors_are_what_was_observed() {
    let entry = only(json!({
        "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }],
        "roleAssignments": [assignment(GROUP, GLOBAL, Some(MSP))],
        "externalUsers": [{ "id": "g1", "homeTenantId": MSP }]
    }));
    assert_eq!(entry.doors(), [Door::ServiceProviderEntry, Door::ForeignPrincipal, Door::Guest]);
    let declared = only(json!({ "declared": { "partners": [{ "partnerTenantId": MSP, "name": "Said", "roles": [GLOBAL] }] } }));
    assert!(declared.is_declared_only() && declared.doors().is_empty());
    assert_eq!((declared.name.as_str(), declared.provenance["name"].basis), ("Said", Basis::Declared));
}

/// Facts of three tenants, some of them in a file.
fn some_facts() -> impl Strategy<Value = (TenantSnapshot, Value)> {
    let id = prop::sample::select(vec![MSP, OTHER, MICROSOFT_SUPPORT_TENANT]);
    let role = prop::sample::select(vec![GLOBAL, READER]);
    let partners = prop::collection::vec((id.clone(), any::<bool>()), 0..3);
    let held = prop::collection::vec((id.clone(), role.clone()), 0..4);
    let declared = prop::collection::vec((id.clone(), role, prop::sample::select(vec!["active", "expired"])), 0..4);
    let rows = prop::collection::vec((id, prop::option::of("[A-Z]{1,4}")), 0..3);
    let blind = prop::sample::subsequence(
        vec![Dataset::CrossTenantPartners, Dataset::RoleAssignments, Dataset::ProviderConstraints, Dataset::TenantNames],
        0..3,
    );
    (partners, held, declared, rows, blind).prop_map(|(partners, held, declared, rows, blind)| {
        let mut snapshot = tenant(json!({
            "crossTenantPartners": partners.iter().map(|(id, provider)| json!({ "tenantId": id, "isServiceProvider": provider })).collect::<Vec<_>>(),
            "roleAssignments": held.iter().map(|(id, role)| assignment(&format!("g-{id}"), role, Some(id))).collect::<Vec<_>>(),
        }));
        for dataset in blind {
            snapshot.coverage.insert(dataset, Coverage::new(Status::Denied));
        }
        let relationships: Vec<Value> = declared
            .iter()
            .map(|(id, role, status)| json!({ "partnerTenantId": id, "relationship": { "id": "r", "status": status, "roles": [role] } }))
            .collect();
        let partners: Vec<Value> = rows.iter().map(|(id, name)| json!({ "partnerTenantId": id, "name": name, "roles": [] })).collect();
        (snapshot, json!({ "relationships": relationships, "partners": partners }))
    })
}

proptest! {
    #[test]
    fn declared_facts_add_and_never_change_what_was_observed((observed, declared) in some_facts()) {
        let before = built(&observed);
        let mut with_file = observed.clone();
        with_file.customer.declared = serde_json::from_value(declared).unwrap();
        let after = built(&with_file);
        for (id, entry) in &before.entries {
            let mut same = after.get(id).cloned().expect("an entry is gone");
            let named_by_file = same.provenance.get("name").is_some_and(|name| name.basis == Basis::Declared);
            prop_assert!(!named_by_file || entry.name == entry.tenant_id, "a name that was known is replaced");
            same.declared_relationships.clear();
            same.declared_partners.clear();
            same.provenance.remove("declared");
            if named_by_file {
                same.name = entry.name.clone();
                same.provenance.insert("name", entry.provenance["name"]);
            }
            prop_assert_eq!(&same, entry);
        }
        for (id, entry) in after.entries.iter().filter(|(id, _)| !before.entries.contains_key(*id)) {
            prop_assert!(entry.is_declared_only() && !entry.can_administer && entry.tier.is_none(), "{}", id);
        }
    }

    #[test]
    fn the_order_of_facts_does_not_matter((observed, _) in some_facts()) {
        let mut turned = observed.clone();
        turned.customer.cross_tenant_partners.sort_by(|a, b| b.tenant_id.cmp(&a.tenant_id));
        turned.customer.role_assignments.reverse();
        let (mut one, mut other) = (built(&observed), built(&turned));
        // Two rows with one key are a contradiction that Graph does not give.
        for ledger in [&mut one, &mut other] {
            for entry in ledger.entries.values_mut() {
                entry.settings = None;
            }
        }
        prop_assert_eq!(one, other);
    }
}

#[test]
fn an_event_that_two_tenants_may_have_done_is_laid_at_neither_door() {
    let name = "user_0123456789abcdef0123456789abcdef@fabrikam.example";
    let entries = |second: &str, mut logs: Value| {
        logs["crossTenantPartners"] =
            json!([{ "tenantId": MSP, "isServiceProvider": true }, { "tenantId": OTHER, "isServiceProvider": true }]);
        logs["tenantNames"] = json!([{ "tenantId": MSP, "displayName": "Fabrikam", "defaultDomain": "fabrikam.example" },
            { "tenantId": OTHER, "displayName": "Fabrikam", "defaultDomain": second }]);
        logs["audits"] =
            json!([{ "id": "e", "activityDateTime": "2026-01-02T00:00:00Z", "activity": "x", "actor": { "userPrincipalName": name } }]);
        let ledger = built(&tenant(logs));
        [MSP, OTHER].map(|id| ledger.get(id).unwrap().audit_events.len())
    };
    assert_eq!(entries("other.example", json!({})), [1, 0]);
    assert_eq!(entries("Fabrikam.example", json!({})), [0, 0]);
    let came = |homes: &[&str]| {
        let events: Vec<Value> = homes.iter().map(|home| sign_in(home, home, "serviceProvider", name, "2026-01-01T00:00:00Z", 0)).collect();
        json!({ "signIns": { "events": events } })
    };
    assert_eq!(entries("Fabrikam.example", came(&[OTHER, OTHER])), [0, 1], "the log of sign-ins tells");
    assert_eq!(entries("Fabrikam.example", came(&[OTHER, MSP])), [0, 0]);
}
