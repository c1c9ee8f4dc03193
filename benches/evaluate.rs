//! What judging costs: all built-in rules over 10,000 relationships, and over half of that; and over a customer that 40 tenants administer.

#[path = "collect/customer_policies.rs"]
mod customer_policies;

use customer_policies::{POLICIES, location, policy};
use customer_work::{OUTSIDE, id, outside};
use divan::{Bencher, black_box};
use partnerscope::domain::{Coverage, Dataset, Snapshot, Timestamp};
use partnerscope::policy::{evaluate, settings::Settings};

fn main() {
    divan::main();
}

const ROLES: [&str; 4] = [
    "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "62e90394-69f5-4237-9190-012177145e10",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
];

/// What the policies of the invented customer name.
mod customer_work {
    pub(crate) const OUTSIDE: usize = 40;

    pub(crate) fn id(kind: u8, number: usize) -> String {
        format!("{kind:02x}000000-0000-4000-8000-{number:012x}")
    }

    pub(crate) fn outside(number: usize) -> String {
        id(0x20, number)
    }
}

/// An invented partner: each relationship with four roles and two assignments over 400 groups of 25 of 5,000 people.
fn snapshot(relationships: usize) -> Snapshot {
    let role = |number: usize| serde_json::json!([ROLES[number % 4], ROLES[(number + 1) % 4]]);
    let groups = 400;
    let people = 5_000;
    let value = serde_json::json!({
        "formatVersion": "1.0",
        "collectedAt": "2026-11-20T09:00:00Z",
        "lookbackDays": 30,
        "tenants": [{
            "tenantId": id(9, 0),
            "displayName": "Northwind",
            "view": "partner",
            "partner": {
                "relationships": (0..relationships).map(|n| serde_json::json!({
                    "id": id(1, n), "displayName": format!("relationship {n}"), "status": "active", "roles": ROLES,
                    "customer": { "tenantId": id(2, n % (relationships / 2)), "displayName": format!("customer {n}") },
                    "duration": "P730D", "autoExtendDuration": "P180D",
                    "activatedDateTime": "2024-01-01T00:00:00Z", "endDateTime": "2026-12-01T00:00:00Z"
                })).collect::<Vec<_>>(),
                "assignments": (0..relationships * 2).map(|n| serde_json::json!({
                    "id": id(3, n), "relationshipId": id(1, n / 2), "status": "active", "groupId": id(4, n % groups), "roles": role(n)
                })).collect::<Vec<_>>(),
                "groups": (0..groups).map(|n| serde_json::json!({ "id": id(4, n), "displayName": format!("group {n}"), "isAssignableToRole": n % 2 == 0 })).collect::<Vec<_>>(),
                "groupMembers": (0..groups).map(|n| (id(4, n), (0..25).map(|m| id(6, (n * 25 + m) % people)).collect::<Vec<_>>())).collect::<std::collections::BTreeMap<_, _>>(),
                "principals": (0..people).map(|n| serde_json::json!({
                    "id": id(6, n), "kind": "user", "userPrincipalName": format!("p{n}@northwind.example"), "accountEnabled": n % 10 != 0
                })).collect::<Vec<_>>(),
                "mfaRegistrations": (0..people).map(|n| serde_json::json!({ "userId": id(6, n), "isMfaCapable": n % 7 != 0, "isMfaRegistered": true })).collect::<Vec<_>>(),
                "userActivity": (0..people).map(|n| serde_json::json!({ "userId": id(6, n), "lastSuccessfulSignInDateTime": "2026-11-01T00:00:00Z" })).collect::<Vec<_>>(),
                "signIns": { "probed": true, "newestEvent": "2026-11-20T08:00:00Z", "events": (0..relationships * 2).map(|n| serde_json::json!({
                    "id": id(8, n), "createdDateTime": "2026-11-19T08:00:00Z", "userId": id(6, n % people), "resourceTenantId": id(2, n % relationships)
                })).collect::<Vec<_>>() }
            }
        }]
    });
    let mut snapshot: Snapshot = serde_json::from_value(value).expect("a snapshot");
    snapshot.tenants[0].coverage = Dataset::ALL.iter().map(|dataset| (*dataset, Coverage::complete(1))).collect();
    snapshot
}

#[divan::bench(args = [5_000, 10_000], sample_count = 7, sample_size = 1)]
fn all_rules(bencher: Bencher<'_, '_>, relationships: usize) {
    let snapshot = snapshot(relationships);
    let settings = Settings::default();
    let now = Timestamp::parse("2026-11-20T09:00:00Z").expect("a time");
    bencher.bench_local(|| black_box(evaluate(black_box(&snapshot), None, &settings, now)));
}

/// An invented customer of 40 service providers: 200 roles, 300 policies, 50,000 sign-ins, 20,000 audit events.
fn customer_snapshot() -> Snapshot {
    let time = |n: usize| format!("2026-11-{:02}T{:02}:{:02}:11Z", 19 - n / 1_440 % 18, n / 60 % 24, n % 60);
    let technician = |n: usize| id(0x2d, n % OUTSIDE * 10 + n / OUTSIDE % 10);
    let name = |n: usize| format!("user_{}@msp{}.example", technician(n).replace('-', ""), n % OUTSIDE);
    let audit = |n: usize| {
        let (activity, category) =
            [("Add member to role", "RoleManagement"), ("Update conditional access policy", "Policy"), ("Add user", "UserManagement")]
                [n % 3];
        serde_json::json!({
            "id": id(0x32, n), "activityDateTime": time(n), "activity": activity, "category": category, "result": "success",
            "actor": { "userId": technician(n), "userPrincipalName": if n.is_multiple_of(4) { name(n) } else { format!("person{n}@contoso.example") } },
            "targets": [{ "id": id(0x21, n), "kind": "User", "changes": [{ "name": "Role.TemplateId", "new": format!("\"{}\"", ROLES[n % 4]) }] }]
        })
    };
    let value = serde_json::json!({
        "formatVersion": "1.0",
        "collectedAt": "2026-11-20T09:00:00Z",
        "lookbackDays": 30,
        "tenants": [{
            "tenantId": id(9, 1),
            "displayName": "Contoso",
            "view": "customer",
            "customer": {
                "crossTenantPartners": (0..OUTSIDE).map(|n| serde_json::json!({ "tenantId": outside(n), "isServiceProvider": true, "settings": {} })).collect::<Vec<_>>(),
                "providerConstraints": (0..OUTSIDE).map(|n| serde_json::json!({ "tenantId": outside(n), "allowedRoles": ROLES })).collect::<Vec<_>>(),
                "roleAssignments": (0..200).map(|n| serde_json::json!({
                    "id": format!("a{n}"), "principalId": id(0x22, n), "roleDefinitionId": ROLES[n / OUTSIDE % 4], "directoryScopeId": "/", "principalTenantId": outside(n % OUTSIDE)
                })).collect::<Vec<_>>(),
                "conditionalAccess": (0..POLICIES).map(policy).collect::<Vec<_>>(),
                "namedLocations": (0..60).map(|n| {
                    let mut place = location(n);
                    place["kind"] = "ip".into();
                    place
                }).collect::<Vec<_>>(),
                "securityDefaults": false,
                "signIns": { "probed": true, "newestEvent": "2026-11-20T08:00:00Z", "events": (0..50_000).map(|n| serde_json::json!({
                    "id": id(8, n), "createdDateTime": time(n), "userId": technician(n), "userPrincipalName": name(n), "resourceTenantId": id(9, 1),
                    "homeTenantId": outside(n % OUTSIDE), "isInteractive": n % 3 == 0, "crossTenantAccessType": "serviceProvider", "country": "NL",
                    "position": [52.09, 5.12], "ipAddress": format!("198.51.100.{}", n % 250), "authenticationRequirement": "multiFactorAuthentication"
                })).collect::<Vec<_>>() },
                "audits": (0..20_000).map(audit).collect::<Vec<_>>()
            }
        }]
    });
    let mut snapshot: Snapshot = serde_json::from_value(value).expect("a snapshot");
    snapshot.tenants[0].coverage = Dataset::ALL.iter().map(|dataset| (*dataset, Coverage::complete(1))).collect();
    snapshot
}

#[divan::bench(sample_count = 7, sample_size = 1)]
fn customer(bencher: Bencher<'_, '_>) {
    let snapshot = customer_snapshot();
    let settings = Settings::default();
    let now = Timestamp::parse("2026-11-20T09:00:00Z").expect("a time");
    bencher.bench_local(|| black_box(evaluate(black_box(&snapshot), None, &settings, now)));
}
