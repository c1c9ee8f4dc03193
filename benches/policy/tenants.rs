//! The tenants that are judged: a partner and a customer as large as they come, and as good and bad as they are: one relationship in twenty is
//! too strong, one person in fifty without a second factor, one sign-in in two thousand odd.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The partner of the view `partner`, the tenant of the view `customer`.
pub(crate) const OWN: &str = "09000000-0000-4000-8000-000000000001";
const OUTSIDE: usize = 40;

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
const APPLICATION: &str = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";
const READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
const SUPPORT: &str = "f023fd81-a637-4b56-95fd-791ac0226033";
const EXCHANGE: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";

/// How many of everything there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) relationships: usize,
    pub(crate) groups: usize,
    pub(crate) people: usize,
    pub(crate) sign_ins: usize,
    pub(crate) audits: usize,
}

impl Size {
    /// What a rule has to hold.
    pub(crate) const WHOLE: Size = Size { relationships: 10_000, groups: 400, people: 5_000, sign_ins: 200_000, audits: 100_000 };

    /// So many times fewer of all.
    pub(crate) const fn over(self, scale: usize) -> Size {
        Size {
            relationships: self.relationships / scale,
            groups: self.groups / scale,
            people: self.people / scale,
            sign_ins: self.sign_ins / scale,
            audits: self.audits / scale,
        }
    }
}

fn id(kind: u8, number: usize) -> String {
    format!("{kind:02x}000000-0000-4000-8000-{number:012x}")
}

/// One of `all` events over the thirty days before the run, the newest first, on working days and by day.
fn time(number: usize, all: usize) -> String {
    let minute = number * 20 * 600 / all.max(1);
    let (day, minute) = (minute / 600, minute % 600);
    format!("2026-11-{:02}T{:02}:{:02}:{:02}Z", 20 - day.min(19), 17 - minute / 60, 59 - minute % 60, 59 - number % 60)
}

/// Lists as text, one record after the other, so that no tree of all of them is made.
fn list(count: usize, one: impl Fn(usize) -> Value) -> String {
    format!("[{}]", (0..count).map(|n| one(n).to_string()).collect::<Vec<_>>().join(","))
}

fn tenant(view: &str, facts: &str) -> String {
    let (kind, at) = (view, "2026-11-20T18:00:00Z");
    format!(
        r#"{{"formatVersion":"1.0","collectedAt":"{at}","lookbackDays":30,"tenants":[{{"tenantId":"{OWN}","displayName":"Northwind","view":"{kind}","{kind}":{facts}}}]}}"#
    )
}

/// The partner: each relationship with four roles, two of them with a group.
pub(crate) fn partner(size: Size) -> String {
    let Size { relationships, groups, people, sign_ins, .. } = size;
    let customers = relationships * 4 / 5;
    let roles = |n: usize| match n % 40 {
        0 => [GLOBAL_ADMINISTRATOR, READER, SUPPORT, EXCHANGE],
        1 => [APPLICATION, READER, SUPPORT, EXCHANGE],
        _ => ["88d8e3e3-8f55-4a1e-953a-9b9898b8876b", READER, SUPPORT, EXCHANGE],
    };
    let held = |n: usize| {
        let [first, second, third, fourth] = roles(n / 2);
        if n.is_multiple_of(2) { [first, second] } else { [third, fourth] }
    };
    let members: BTreeMap<String, Vec<String>> =
        (0..groups).map(|n| (id(4, n), (0..25).map(|m| id(6, (n * 25 + m) % people)).collect())).collect();
    let relationship = |n: usize| {
        json!({
            "id": format!("{}-{OWN}", id(1, n)), "displayName": format!("relationship {n}"), "status": if n.is_multiple_of(97) { "terminated" } else { "active" },
            "roles": roles(n), "customer": { "tenantId": id(2, n % customers), "displayName": format!("customer {}", n % customers) },
            "duration": if n.is_multiple_of(30) { "P730D" } else { "P90D" }, "autoExtendDuration": "PT0S", "createdDateTime": "2026-10-01T00:00:00Z",
            "activatedDateTime": "2026-10-01T00:00:00Z", "endDateTime": "2026-12-30T00:00:00Z",
        })
    };
    let sign_in = |n: usize| {
        let person = n * 7 % people;
        json!({
            "id": id(8, n), "createdDateTime": time(n, sign_ins), "userId": id(6, person), "userPrincipalName": format!("p{person}@northwind.example"),
            "resourceTenantId": id(2, person * 2 % customers + n / people % 2), "homeTenantId": OWN, "crossTenantAccessType": "serviceProvider",
            "isInteractive": n.is_multiple_of(3), "errorCode": if n.is_multiple_of(400) { 50126 } else { 0 }, "country": if n % 20_000 == 2 { "BR" } else { "NL" },
            "asn": 64_496 + person % 4, "ipAddress": format!("192.0.2.{}", person % 250), "position": [52.09, 5.12], "clientAppUsed": "Browser",
            "authenticationRequirement": if n % 2_000 == 1 { "singleFactorAuthentication" } else { "multiFactorAuthentication" },
            "authenticationProtocol": if n % 10_000 == 1 { "deviceCode" } else { "none" }, "appDisplayName": "Microsoft 365 admin center",
        })
    };
    let facts = format!(
        r#"{{"relationships":{},"assignments":{},"contracts":{},"customers":{},"groups":{},"groupMembers":{},"principals":{},"mfaRegistrations":{},"userActivity":{},"signIns":{{"probed":true,"newestEvent":"2026-11-20T17:59:00Z","events":{}}}}}"#,
        list(relationships, relationship),
        list(relationships * 2, |n| json!({
            "id": id(3, n), "relationshipId": format!("{}-{OWN}", id(1, n / 2)), "status": "active", "groupId": id(4, n % groups), "roles": held(n),
            "createdDateTime": "2026-10-01T00:00:00Z", "lastModifiedDateTime": "2026-10-01T00:00:00Z",
        })),
        list(customers, |n| json!({ "id": id(5, n), "customerId": id(2, n), "displayName": format!("customer {n}") })),
        list(customers, |n| json!({ "tenantId": id(2, n), "displayName": format!("customer {n}") })),
        list(groups, |n| json!({ "id": id(4, n), "displayName": format!("group {n}"), "isAssignableToRole": true })),
        serde_json::to_string(&members).expect("JSON"),
        list(people, |n| json!({
            "id": id(6, n), "kind": "user", "displayName": format!("Person {n}"), "userPrincipalName": format!("p{n}@northwind.example"),
            "accountEnabled": n % 100 != 0, "userType": "Member", "createdDateTime": "2025-01-01T00:00:00Z",
        })),
        list(people, |n| json!({
            "userId": id(6, n), "isMfaCapable": n % 50 != 0, "isMfaRegistered": true, "methodsRegistered": ["fido2SecurityKey"],
        })),
        list(people, |n| json!({ "userId": id(6, n), "lastSuccessfulSignInDateTime": "2026-11-19T09:00:00Z" })),
        list(sign_ins, sign_in),
    );
    tenant("partner", &facts)
}

/// The customer: forty service providers with roles, people and applications; their sign-ins, and what they changed.
pub(crate) fn customer(size: Size) -> String {
    let Size { sign_ins, audits, .. } = size;
    let outside = |n: usize| id(0x20, n % OUTSIDE);
    let technician = |n: usize| id(0x2d, n % OUTSIDE * 50 + n / OUTSIDE % 50);
    let name = |n: usize| format!("user_{}@msp{}.example", technician(n).replace('-', ""), n % OUTSIDE);
    let sign_in = |n: usize| {
        json!({
            "id": id(8, n), "createdDateTime": time(n, sign_ins), "userId": technician(n), "userPrincipalName": name(n), "resourceTenantId": OWN,
            "homeTenantId": outside(n), "crossTenantAccessType": "serviceProvider", "isInteractive": n.is_multiple_of(3),
            "errorCode": if n.is_multiple_of(400) { 50126 } else { 0 }, "country": if n % 20_000 == 2 { "BR" } else { "NL" }, "asn": 64_496 + n % OUTSIDE % 4,
            "ipAddress": format!("198.51.100.{}", n % OUTSIDE), "position": [52.09, 5.12], "clientAppUsed": "Browser",
            "authenticationRequirement": if n % 2_000 == 1 { "singleFactorAuthentication" } else { "multiFactorAuthentication" },
            "authenticationProtocol": if n % 10_000 == 1 { "deviceCode" } else { "none" },
        })
    };
    let audit = |n: usize| {
        let (activity, category) = [
            ("Update user", "UserManagement"),
            ("Add member to group", "GroupManagement"),
            ("Update policy", "Policy"),
            ("Add member to role", "RoleManagement"),
        ][if n.is_multiple_of(200) { 3 } else { n % 3 }];
        json!({
            "id": id(0x32, n), "activityDateTime": time(n, audits), "activity": activity, "category": category, "result": "success",
            "actor": if n.is_multiple_of(100) {
                json!({ "userId": technician(n / 100), "userPrincipalName": name(n / 100) })
            } else {
                json!({ "userId": id(0x33, n % 300), "userPrincipalName": format!("person{}@contoso.example", n % 300) })
            },
            "targets": [{ "id": id(0x34, n % 5_000), "kind": "User", "displayName": format!("Person {}", n % 5_000),
                          "changes": [{ "name": "Role.TemplateId", "new": format!("\"{}\"", if n.is_multiple_of(1_000) { GLOBAL_ADMINISTRATOR } else { READER }) }] }],
        })
    };
    let held_outside = |n: usize| [READER, EXCHANGE, SUPPORT][n / OUTSIDE % 3];
    let facts = format!(
        r#"{{"crossTenantPartners":{},"providerConstraints":{},"roleAssignments":{},"securityDefaults":true,"signIns":{{"probed":true,"newestEvent":"2026-11-20T17:59:00Z","events":{}}},"audits":{}}}"#,
        list(OUTSIDE, |n| json!({ "tenantId": outside(n), "isServiceProvider": true, "settings": {} })),
        list(OUTSIDE, |n| json!({ "tenantId": outside(n), "allowedRoles": [READER, EXCHANGE, SUPPORT] })),
        list(OUTSIDE * 5, |n| json!({
            "id": format!("a{n}"), "principalId": id(0x22, n), "roleDefinitionId": held_outside(n), "directoryScopeId": "/",
            "principalTenantId": outside(n), "principalKind": "group",
        })),
        list(sign_ins, sign_in),
        list(audits, audit),
    );
    tenant("customer", &facts)
}
