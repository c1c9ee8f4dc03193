//! The invented customer that the server plays: 40 outside tenants administer a directory of 20,000 role assignments.

use serde_json::{Value, json};

use super::work::Work;

/// Outside tenants, each of them a service provider.
pub(crate) const OUTSIDE: usize = 40;
pub(crate) const ASSIGNMENTS: usize = 20_000;
pub(crate) const APPLICATIONS: usize = 2_000;
/// Of all applications.
pub(crate) const OUTSIDE_APPLICATIONS: usize = 300;
/// Sign-ins of people, interactive and not, and of applications: 50,000 in all.
pub(crate) const INTERACTIVE: usize = 15_000;
pub(crate) const BACKGROUND: usize = 30_000;
pub(crate) const OF_APPLICATIONS: usize = 5_000;
pub(crate) const AUDITS: usize = 20_000;
/// Technicians of each outside tenant.
const TECHNICIANS: usize = 10;

pub(crate) const CUSTOMER: &str = "0f1e2d3c-0000-4000-8000-000000000001";
const MICROSOFT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";
const MICROSOFT_GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const ROLES: [&str; 5] = [
    "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "f023fd81-a637-4b56-95fd-791ac0226033",
    "62e90394-69f5-4237-9190-012177145e10",
];

pub(crate) fn id(kind: u8, number: usize) -> String {
    Work::id(kind, number)
}

/// The number in such an id.
pub(crate) fn number(id: &str) -> Option<usize> {
    usize::from_str_radix(id.get(24..36)?, 16).ok()
}

pub(crate) fn outside(number: usize) -> String {
    id(0x20, number)
}

/// A technician's object id, and his name in the logs of a customer.
fn technician(tenant: usize, number: usize) -> (String, String) {
    let person = id(0x2d, tenant * TECHNICIANS + number % TECHNICIANS);
    let name = format!("user_{}@msp{tenant}.example", person.replace('-', ""));
    (person, name)
}

/// An assignment with its principal. Of a hundred, one is a partner's group, one a guest, one a group of the tenant's own, one an
/// application; 96 are the tenant's own people.
pub(crate) fn assignment(n: usize) -> Value {
    let kind = n % 100;
    let (principal_id, organization, principal) = match kind {
        0 => {
            let group = id(0x22, n / 100);
            let tenant = outside(n / 100 % OUTSIDE);
            let principal = json!({ "@odata.type": "#microsoft.graph.group", "id": group, "displayName": format!("Tier {n}"), "organizationId": tenant });
            (group, tenant, principal)
        }
        1 => {
            let guest = id(0x2a, n / 200);
            let mut principal = user(&guest, &format!("guest{n}_msp{}.example#EXT#@contoso.example", n / 200 % OUTSIDE), "Guest");
            principal["mail"] = json!(format!("guest{n}@msp{}.example", n / 200 % OUTSIDE));
            (guest, CUSTOMER.to_owned(), principal)
        }
        2 => {
            let group = id(0x29, n / 100 % 20);
            let principal =
                json!({ "@odata.type": "#microsoft.graph.group", "id": group, "displayName": "Helpdesk", "isAssignableToRole": true });
            (group, CUSTOMER.to_owned(), principal)
        }
        3 => {
            let app = id(0x23, n / 100);
            let principal = json!({ "@odata.type": "#microsoft.graph.servicePrincipal", "id": app, "appId": id(0x24, n / 100), "displayName": format!("App {n}") });
            (app, CUSTOMER.to_owned(), principal)
        }
        _ => {
            let person = id(0x21, n / 2);
            let principal = user(&person, &format!("person{n}@contoso.example"), "Member");
            (person, CUSTOMER.to_owned(), principal)
        }
    };
    json!({
        "id": format!("lAPpYvVpN0KRkAEhdxReE{n:05}-1"), "principalId": principal_id, "principalOrganizationId": organization, "resourceScope": "/",
        "directoryScopeId": "/", "roleDefinitionId": ROLES[n / 100 % ROLES.len()], "principal": principal
    })
}

fn user(id: &str, name: &str, kind: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.user", "id": id, "deletedDateTime": null, "accountEnabled": true, "ageGroup": null, "businessPhones": ["+31 20 555 0100"],
        "city": "Utrecht", "companyName": "Contoso", "consentProvidedForMinor": null, "country": "NL", "createdDateTime": "2024-01-01T00:00:00Z", "creationType": null,
        "department": "Sales", "displayName": "Adele Vance", "employeeId": null, "externalUserState": null, "givenName": "Adele", "jobTitle": "Manager", "mail": name,
        "mailNickname": "adele", "mobilePhone": null, "officeLocation": "18/2111", "onPremisesSyncEnabled": true, "passwordPolicies": "DisablePasswordExpiration",
        "preferredLanguage": "en-US", "proxyAddresses": [format!("SMTP:{name}")], "surname": "Vance", "usageLocation": "NL", "userPrincipalName": name, "userType": kind
    })
}

/// A member of a group, or a user by its own path, with the fields that are asked for.
pub(crate) fn guest(n: usize) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.user", "id": id(0x2a, n), "displayName": "Guest", "userPrincipalName": format!("guest{n}_msp{}.example#EXT#@contoso.example", n % OUTSIDE),
        "mail": format!("guest{n}@msp{}.example", n % OUTSIDE), "userType": "Guest", "accountEnabled": true, "createdDateTime": "2024-01-01T00:00:00Z"
    })
}

pub(crate) fn definition(n: usize) -> Value {
    let role = ROLES.get(n).map_or_else(|| id(0x2e, n), |role| (*role).to_owned());
    json!({ "id": role, "templateId": role, "displayName": format!("Role {n}"), "isBuiltIn": true })
}

/// What holds for tenants without settings of their own: every member is said.
pub(crate) fn cross_tenant_default() -> Value {
    let everyone = |access: &str| {
        json!({
            "usersAndGroups": { "accessType": access, "targets": [{ "target": "AllUsers", "targetType": "user" }] },
            "applications": { "accessType": access, "targets": [{ "target": "AllApplications", "targetType": "application" }] }
        })
    };
    json!({
        "isServiceDefault": false, "tenantRestrictions": null,
        "inboundTrust": { "isMfaAccepted": false, "isCompliantDeviceAccepted": false, "isHybridAzureADJoinedDeviceAccepted": false },
        "automaticUserConsentSettings": { "inboundAllowed": false, "outboundAllowed": false },
        "b2bCollaborationInbound": everyone("allowed"), "b2bCollaborationOutbound": everyone("allowed"),
        "b2bDirectConnectInbound": everyone("blocked"), "b2bDirectConnectOutbound": everyone("blocked")
    })
}

pub(crate) fn partner(n: usize) -> Value {
    json!({
        "tenantId": outside(n), "isServiceProvider": true, "isInMultiTenantOrganization": false, "b2bCollaborationInbound": null, "b2bCollaborationOutbound": null,
        "b2bDirectConnectInbound": null, "b2bDirectConnectOutbound": null, "tenantRestrictions": null,
        "automaticUserConsentSettings": { "inboundAllowed": null, "outboundAllowed": null },
        "inboundTrust": { "isMfaAccepted": n.is_multiple_of(2), "isCompliantDeviceAccepted": false, "isHybridAzureADJoinedDeviceAccepted": null }
    })
}

pub(crate) fn tenant_name(n: usize) -> Value {
    json!({ "tenantId": outside(n), "federationBrandName": null, "displayName": format!("MSP {n}"), "defaultDomainName": format!("msp{n}.example") })
}

pub(crate) fn constraints() -> Value {
    json!({ "allowedRoleTemplateIds": ROLES[..4], "createdDateTime": "2025-01-01T00:00:00Z", "lastModifiedDateTime": "2025-06-01T00:00:00Z" })
}

/// A reference to a partner's group, or one of the tenant's own groups, by its id.
pub(crate) fn object(id: &str) -> Option<Value> {
    let n = number(id)?;
    Some(match id.get(..2)? {
        "22" => json!({
            "@odata.type": "#microsoft.graph.directoryObjectPartnerReference", "id": id, "displayName": format!("Tier {n}"),
            "externalPartnerTenantId": outside(n % OUTSIDE), "objectType": "group"
        }),
        "29" => json!({ "@odata.type": "#microsoft.graph.group", "id": id, "displayName": "Helpdesk" }),
        _ => return None,
    })
}

/// A service principal: the first is Microsoft Graph, the next 300 are of outside tenants, then Microsoft's and the tenant's own.
pub(crate) fn application(n: usize) -> Value {
    let (owner, app_id) = match n {
        0 => (MICROSOFT.to_owned(), MICROSOFT_GRAPH.to_owned()),
        1..=OUTSIDE_APPLICATIONS => (outside(n % OUTSIDE), id(0x24, n)),
        _ if n.is_multiple_of(2) => (MICROSOFT.to_owned(), id(0x24, n)),
        _ => (CUSTOMER.to_owned(), id(0x24, n)),
    };
    let roles = if n == 0 { 400 } else { n % 4 };
    let app_role = |which: usize| {
        let value = if which == 0 { "Directory.ReadWrite.All".to_owned() } else { format!("Some{which}.Read.All") };
        json!({ "allowedMemberTypes": ["Application"], "description": "Allows the app to do so without a signed-in user.", "displayName": value, "id": id(0x2f, which), "isEnabled": true, "origin": "Application", "value": value })
    };
    let credential = json!({ "customKeyIdentifier": null, "displayName": "key", "endDateTime": "2027-01-01T00:00:00Z", "hint": "abc", "keyId": id(0x30, n), "secretText": null, "startDateTime": "2025-01-01T00:00:00Z" });
    json!({
        "id": id(0x23, n), "appId": app_id, "displayName": format!("App {n}"), "appOwnerOrganizationId": owner, "accountEnabled": true,
        "verifiedPublisher": { "displayName": null, "verifiedPublisherId": null, "addedDateTime": null }, "keyCredentials": [],
        "passwordCredentials": if n.is_multiple_of(3) { json!([credential]) } else { json!([]) }, "appRoles": (0..roles).map(app_role).collect::<Vec<_>>()
    })
}

pub(crate) fn app_role_assignment(n: usize) -> Value {
    json!({
        "id": format!("zK{n:05}"), "deletedDateTime": null, "appRoleId": id(0x2f, n % 40), "createdDateTime": "2025-05-05T00:00:00Z",
        "principalDisplayName": format!("App {}", n / 2), "principalId": id(0x23, n / 2), "principalType": "ServicePrincipal", "resourceDisplayName": "Microsoft Graph",
        "resourceId": id(0x23, 0)
    })
}

pub(crate) fn grant(n: usize) -> Value {
    json!({ "id": format!("gr{n:05}"), "clientId": id(0x23, n), "consentType": "AllPrincipals", "principalId": null, "resourceId": id(0x23, 0), "scope": "User.Read Directory.AccessAsUser.All offline_access" })
}

/// Sign-ins of technicians: the partner bench's event, seen from this tenant.
pub(crate) fn sign_in(work: &Work, n: usize, interactive: bool) -> String {
    let tenant = n % OUTSIDE;
    let (person, name) = technician(tenant, n / OUTSIDE);
    work.sign_in_of(n, interactive, &super::work::Who { id: &person, name: &name, home: &outside(tenant), resource: CUSTOMER })
}

pub(crate) fn app_sign_in(n: usize) -> Value {
    let app = 1 + n % OUTSIDE_APPLICATIONS;
    json!({
        "id": id(0x31, n), "createdDateTime": time(n), "userDisplayName": "", "userPrincipalName": "", "userId": "", "appId": id(0x24, app), "appDisplayName": format!("App {app}"),
        "ipAddress": format!("203.0.113.{}", app % 250), "autonomousSystemNumber": 64_500 + app % 10, "servicePrincipalId": id(0x23, app), "servicePrincipalName": format!("App {app}"),
        "appOwnerTenantId": outside(app % OUTSIDE), "resourceTenantId": CUSTOMER, "servicePrincipalCredentialKeyId": id(0x30, app), "isInteractive": false,
        "signInEventTypes": ["servicePrincipal"], "conditionalAccessStatus": "notApplied", "resourceDisplayName": "Microsoft Graph", "resourceId": MICROSOFT_GRAPH,
        "status": { "errorCode": 0, "failureReason": "Other.", "additionalDetails": null }, "location": { "city": "Utrecht", "state": "Utrecht", "countryOrRegion": "NL" },
        "appliedConditionalAccessPolicies": []
    })
}

fn time(n: usize) -> String {
    format!("2026-11-{:02}T{:02}:{:02}:11.1234567Z", 19 - (n / 1_440) % 18, (n / 60) % 24, n % 60)
}

/// Audit events: one in ten by a technician, one in four of a kind that is kept whoever did it.
pub(crate) fn audit(n: usize) -> Value {
    let (activity, category) = match n % 20 {
        0 | 1 => ("Add member to role", "RoleManagement"),
        2 => ("Update conditional access policy", "Policy"),
        3 => ("Add service principal", "ApplicationManagement"),
        4 => ("Add app role assignment to service principal", "ApplicationManagement"),
        _ => ("Update user", "UserManagement"),
    };
    let (person, name) = match n % 10 {
        1 => technician(n / 10 % OUTSIDE, n / 400),
        _ => (id(0x21, n % 500), format!("person{}@contoso.example", n % 500)),
    };
    let change = |name: &str, new: &str| json!({ "displayName": name, "oldValue": null, "newValue": format!("\"{new}\"") });
    json!({
        "id": format!("Directory_{}_{n}", id(0x32, n)), "category": category, "correlationId": id(0x33, n), "result": "success", "resultReason": "",
        "activityDisplayName": activity, "activityDateTime": time(n), "loggedByService": "Core Directory", "operationType": "Assign", "userAgent": null,
        "initiatedBy": { "app": null, "user": { "id": person, "displayName": null, "userPrincipalName": name, "ipAddress": "203.0.113.7", "userType": null, "homeTenantId": null, "homeTenantName": null } },
        "targetResources": [
            { "id": id(0x21, n), "displayName": null, "type": "User", "userPrincipalName": format!("person{n}@contoso.example"), "groupType": null, "modifiedProperties": [
                change("Role.ObjectID", &id(0x34, n)), change("Role.DisplayName", "Helpdesk Administrator"), change("Role.TemplateId", ROLES[0]), change("Role.WellKnownObjectName", "HelpdeskAdministrator") ] },
            { "id": id(0x34, n % 5), "displayName": "Helpdesk Administrator", "type": "Role", "userPrincipalName": null, "groupType": null, "modifiedProperties": [] }
        ],
        "additionalDetails": [{ "key": "User-Agent", "value": "EvoSTS" }]
    })
}
