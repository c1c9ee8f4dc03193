//! What holds for every two looks at a tenant.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::domain::conditional_access::Reading;
use crate::domain::{Coverage, Dataset, Gap, Status, TenantSnapshot, Timestamp, View, ledger};

const ROLES: [&str; 4] = [
    "62e90394-69f5-4237-9190-012177145e10",
    "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
];
const STATUSES: [&str; 6] = ["active", "approvalPending", "terminated", "expired", "terminating", "somethingNew"];
const OUTSIDE: [&str; 3] =
    ["aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002", "aaaaaaaa-0000-4000-8000-000000000003"];

/// Random bits, drawn one by one.
#[derive(Debug, Clone)]
struct Dice(Vec<u8>, usize);

impl Dice {
    fn next(&mut self, sides: usize) -> usize {
        self.1 += 1;
        usize::from(self.0[self.1 % self.0.len()]) % sides
    }

    fn few(&mut self, of: std::ops::Range<usize>) -> Vec<usize> {
        of.filter(|_| self.next(3) > 0).collect()
    }

    fn some(&mut self, of: &[&str]) -> Vec<String> {
        of.iter().filter(|_| self.next(2) == 0).map(|item| (*item).to_owned()).collect()
    }
}

fn dice() -> impl Strategy<Value = Dice> {
    proptest::collection::vec(any::<u8>(), 40..160).prop_map(|bytes| Dice(bytes, 0))
}

fn partner(dice: &mut Dice) -> Json {
    let ids: Vec<String> = (0..4).filter(|_| dice.next(3) > 0).map(|n| format!("r{n}")).collect();
    let relationships: Vec<Json> = ids
        .iter()
        .map(|id| {
            json!({ "id": id, "displayName": format!("n{}", dice.next(9)), "status": STATUSES[dice.next(6)],
                "customer": { "tenantId": OUTSIDE[dice.next(3)] }, "roles": dice.some(&ROLES), "duration": format!("P{}D", 100 * dice.next(3)),
                "autoExtendDuration": if dice.next(2) == 0 { "PT0S" } else { "P180D" } })
        })
        .collect();
    let assignments: Vec<Json> = ids
        .iter()
        .flat_map(|id| (0..2).map(move |n| (id.clone(), n)))
        .filter_map(|(id, n)| {
            (dice.next(3) > 0).then(|| {
                json!({ "id": format!("a{}", dice.next(99)), "relationshipId": id, "groupId": format!("g{n}"),
                    "status": if dice.next(4) == 0 { "deleted" } else { "active" }, "roles": dice.some(&ROLES) })
            })
        })
        .collect();
    let groups: Vec<Json> = (0..2)
        .map(|n| {
            let types: &[&str] = if dice.next(2) == 0 { &["DynamicMembership"] } else { &[] };
            json!({ "id": format!("g{n}"), "isAssignableToRole": dice.next(2) == 0, "gone": dice.next(4) == 0, "groupTypes": types,
                "onPremisesSyncEnabled": dice.next(2) == 0, "isManagementRestricted": dice.next(2) == 0 })
        })
        .collect();
    let kinds = ["user", "servicePrincipal", "group"];
    let principals: Vec<Json> = (1..=3)
        .map(|n| {
            json!({ "id": format!("u{n}"), "kind": kinds[dice.next(3)], "accountEnabled": dice.next(2) == 0,
                "userType": if dice.next(2) == 0 { "Guest" } else { "Member" } })
        })
        .collect();
    let factors: Vec<Json> = dice
        .few(1..4)
        .into_iter()
        .map(|n| {
            json!({ "userId": format!("u{n}"), "isMfaCapable": dice.next(2) == 0, "isMfaRegistered": dice.next(2) == 0,
                "methods": dice.some(&["fido2", "sms"]) })
        })
        .collect();
    let pim: Vec<Json> = dice
        .few(1..4)
        .into_iter()
        .map(|n| {
            let kind = ["eligible", "assigned", "activated"][dice.next(3)];
            json!({ "id": format!("i{n}"), "groupId": "g0", "principalId": format!("u{n}"), "kind": kind })
        })
        .collect();
    let mut members = || dice.some(&["u1", "u2", "u3"]);
    let group_members = json!({ "g0": members(), "g1": members() });
    let owners = json!({ "g0": members() });
    json!({ "relationships": relationships, "assignments": assignments, "groups": groups, "groupMembers": group_members, "groupOwners": owners,
        "principals": principals, "mfaRegistrations": factors, "groupPim": pim,
        "organization": { "id": "t", "displayName": "T", "verifiedDomains": dice.some(&["a.example", "b.example"]) },
        "customers": dice.some(&OUTSIDE).iter().map(|id| json!({ "tenantId": id })).collect::<Vec<_>>(),
        "contracts": [{ "id": "c", "customerId": OUTSIDE[dice.next(3)], "contractType": "ResellerPartner" }] })
}

fn customer(dice: &mut Dice) -> Json {
    let with = |dice: &mut Dice| -> Vec<&str> { OUTSIDE.into_iter().filter(|_| dice.next(3) > 0).collect() };
    let providers: Vec<Json> = with(dice)
        .into_iter()
        .map(|id| {
            json!({ "tenantId": id, "isServiceProvider": dice.next(2) == 0,
            "settings": { "inboundTrust": { "isMfaAccepted": dice.next(2) == 0 } } })
        })
        .collect();
    let ceilings: Vec<Json> = with(dice).into_iter().map(|id| json!({ "tenantId": id, "allowedRoles": dice.some(&ROLES) })).collect();
    let held: Vec<Json> = with(dice)
        .into_iter()
        .map(|id| {
            json!({ "id": format!("h{}", dice.next(99)), "principalId": format!("p{id}"), "roleDefinitionId": ROLES[dice.next(4)],
            "directoryScopeId": "/", "principalTenantId": id, "principalKind": "group" })
        })
        .collect();
    let apps: Vec<Json> = with(dice)
        .into_iter()
        .map(|id| {
            let credentials: Vec<Json> = dice.some(&["k1", "k2"]).iter().map(|key| json!({ "keyId": key, "kind": "password" })).collect();
            json!({ "id": format!("s{id}"), "appId": "x", "ownerTenantId": id, "accountEnabled": dice.next(2) == 0, "credentials": credentials,
                "verifiedPublisher": if dice.next(2) == 0 { Some("P") } else { None } })
        })
        .collect();
    let guests: Vec<Json> = with(dice)
        .into_iter()
        .map(|id| json!({ "id": format!("e{id}"), "homeTenantId": id, "accountEnabled": dice.next(2) == 0, "userType": "Guest" }))
        .collect();
    let governance: Vec<Json> = with(dice)
        .into_iter()
        .map(|id| {
            json!({ "id": format!("v{id}"), "kind": "relationship", "governingTenantId": id, "status": "active",
                "governedTenantCanTerminate": dice.next(2) == 0, "provisionedApps": dice.some(&["p", "q"]) })
        })
        .collect();
    let policies: Vec<Json> = dice
        .few(0..2)
        .into_iter()
        .map(|n| {
            json!({ "id": format!("c{n}"), "state": if dice.next(2) == 0 { "enabled" } else { "disabled" },
                "conditions": { "users": { "includeUsers": dice.some(&["All", "GuestsOrExternalUsers"]) } } })
        })
        .collect();
    let stated: Vec<Json> = with(dice)
        .into_iter()
        .map(|id| {
            json!({ "partnerTenantId": id, "relationship": { "id": "d", "status": STATUSES[dice.next(6)], "roles": dice.some(&ROLES) } })
        })
        .collect();
    json!({ "crossTenantPartners": providers, "providerConstraints": ceilings, "roleAssignments": held, "servicePrincipals": apps,
        "externalUsers": guests, "governance": governance, "conditionalAccess": policies, "declared": { "relationships": stated } })
}

/// How well everything was read; `blind` of `None`: all of it.
fn coverage(dice: &mut Dice, view: View, whole: bool) -> Vec<(Dataset, Coverage)> {
    let mut one = |dataset: Dataset| {
        let coverage = match if whole { 0 } else { dice.next(8) } {
            1 => Coverage::new(Status::Denied),
            2 => {
                let mut partial = Coverage::new(Status::Partial);
                partial.gaps.insert(format!("r{}", dice.next(4)), Gap { status: Status::Failed, reason: "503".into() });
                partial
            }
            3 => Coverage { truncated: true, ..Coverage::new(Status::Partial) },
            _ => Coverage::complete(1),
        };
        (dataset, coverage)
    };
    Dataset::of_view(view).map(&mut one).collect()
}

fn tenant(mut dice: Dice, view: View, whole: bool) -> TenantSnapshot {
    let dice = &mut dice;
    let mut tenant: TenantSnapshot = serde_json::from_value(match view {
        View::Partner => json!({ "tenantId": "t", "view": "partner", "partner": partner(dice) }),
        View::Customer => json!({ "tenantId": "t", "view": "customer", "customer": customer(dice) }),
    })
    .unwrap();
    tenant.coverage = coverage(dice, view, whole).into_iter().collect();
    tenant.settle_coverage();
    tenant
}

fn picture(tenant: &TenantSnapshot, day: i64) -> Picture {
    let at = Timestamp::parse("2026-01-01T00:00:00Z").unwrap().plus_days(day);
    Picture::of(tenant, &ledger::of_view(tenant, Reading::default()), at)
}

/// The same facts in another order, under other names, with other times.
fn shuffled(tenant: &TenantSnapshot) -> TenantSnapshot {
    let mut other = tenant.clone();
    let partner = &mut other.partner;
    partner.relationships.reverse();
    partner.assignments.reverse();
    partner.groups.reverse();
    partner.contracts.reverse();
    partner.principals.reverse();
    partner.mfa_registrations.reverse();
    partner.group_pim.reverse();
    for principal in &mut partner.principals {
        principal.display_name = Some("renamed".into());
    }
    partner.group_members.values_mut().for_each(|list| list.reverse());
    for relationship in &mut partner.relationships {
        relationship.display_name.push_str(" renamed");
        relationship.last_modified_date_time = Timestamp::parse("2026-03-01T00:00:00Z");
        relationship.roles.reverse();
    }
    for assignment in &mut partner.assignments {
        assignment.id.push('x');
        assignment.roles.reverse();
    }
    let customer = &mut other.customer;
    customer.cross_tenant_partners.reverse();
    customer.provider_constraints.reverse();
    customer.role_assignments.reverse();
    customer.service_principals.reverse();
    customer.external_users.reverse();
    customer.governance.reverse();
    customer.conditional_access.reverse();
    customer.declared.relationships.reverse();
    customer.service_principals.iter_mut().for_each(|app| {
        app.credentials.reverse();
        app.display_name = Some("renamed".into());
    });
    customer.role_assignments.iter_mut().for_each(|row| row.id.push('x'));
    other
}

fn mirrored(change: &Change) -> Change {
    let kind = match change.kind {
        ChangeKind::Came => ChangeKind::Went,
        ChangeKind::Went => ChangeKind::Came,
        ChangeKind::Grew => ChangeKind::Shrank,
        ChangeKind::Shrank => ChangeKind::Grew,
        ChangeKind::Changed => ChangeKind::Changed,
    };
    let mut details: Vec<Detail> = change
        .details
        .iter()
        .map(|detail| Detail {
            direction: match detail.direction {
                Direction::Grew => Direction::Shrank,
                Direction::Shrank => Direction::Grew,
                Direction::Changed => Direction::Changed,
            },
            old: detail.new.clone(),
            new: detail.old.clone(),
            // What a value means says nothing more than the value, and a name is none.
            meaning: None,
            of: detail.of.as_ref().map(|of| Item { name: String::new(), ..of.clone() }),
            ..detail.clone()
        })
        .collect();
    details.sort_by(|a, b| (a.field, a.direction, &a.old, &a.new, &a.items).cmp(&(b.field, b.direction, &b.old, &b.new, &b.items)));
    // Names and parties are those of the later look: no part of what happened.
    Change {
        kind,
        details,
        ending: None,
        party: None,
        subject: crate::domain::Subject { name: String::new(), ..change.subject.clone() },
        ..change.clone()
    }
}

fn views() -> impl Strategy<Value = View> {
    prop_oneof![Just(View::Partner), Just(View::Customer)]
}

proptest! {
    #[test]
    fn times_names_and_order_alone_change_nothing(dice in dice(), view in views(), whole in any::<bool>(), days in 0_i64..2000) {
        let one = tenant(dice, view, whole);
        prop_assert_eq!(compare(&picture(&one, 0), &picture(&shuffled(&one), days)).changes, []);
    }

    #[test]
    fn the_way_back_is_the_mirror(a in dice(), b in dice(), view in views(), whole in any::<bool>()) {
        let (a, b) = (picture(&tenant(a, view, whole), 0), picture(&tenant(b, view, whole), 9));
        let (there, back) = (compare(&a, &b), compare(&b, &a));
        let twice: Vec<Change> = back.changes.iter().map(|change| mirrored(&mirrored(change))).collect();
        prop_assert_eq!(there.changes.iter().map(mirrored).collect::<Vec<_>>(), twice);
        let swapped: Vec<NotCompared> = back.not_compared.iter().map(|row| NotCompared {
            old: row.new, new: row.old, only_old: row.only_new, only_new: row.only_old, ..row.clone()
        }).collect();
        prop_assert_eq!(there.not_compared, swapped);
    }

    #[test]
    fn what_cannot_be_read_makes_nothing_gone_and_nothing_new(dice in dice(), view in views(), at in any::<prop::sample::Index>(), status in 0_usize..3) {
        let before = tenant(dice, view, true);
        let mut after = before.clone();
        let datasets: Vec<Dataset> = Dataset::of_view(view).collect();
        let blind = *at.get(&datasets);
        let cut = [Coverage::new(Status::Denied), Coverage::new(Status::Failed), Coverage { truncated: true, ..Coverage::new(Status::Partial) }];
        after.coverage.insert(blind, cut[status].clone());
        forget(&mut after, blind);
        after.settle_coverage();
        let (before, after) = (picture(&before, 0), picture(&after, 1));
        for (old, new) in [(&before, &after), (&after, &before)] {
            for change in compare(old, new).changes {
                prop_assert_eq!((&*change.subject.kind, change.subject.id.as_str()), ("dataset", blind.name()), "{:?}", change);
            }
        }
    }

    #[test]
    fn what_differs_is_told(dice in dice(), view in views(), role in 0_usize..4) {
        let before = tenant(dice, view, true);
        let mut after = before.clone();
        let new = match view {
            View::Partner => {
                let row = json!({ "id": "r9", "status": "active", "customer": { "tenantId": OUTSIDE[0] }, "roles": [ROLES[role]] });
                after.partner.relationships.push(serde_json::from_value(row).unwrap());
                "r9"
            }
            View::Customer => {
                let row = json!({ "tenantId": "bbbbbbbb-0000-4000-8000-000000000009", "isServiceProvider": true });
                after.customer.cross_tenant_partners.push(serde_json::from_value(row).unwrap());
                "bbbbbbbb-0000-4000-8000-000000000009"
            }
        };
        let (before, after) = (picture(&before, 0), picture(&after, 1));
        let told = |old: &Picture, new: &Picture| compare(old, new).changes.into_iter().map(|change| (change.kind, change.subject.id, change.ending)).collect::<Vec<_>>();
        prop_assert_eq!(told(&before, &after), [(ChangeKind::Came, new.to_owned(), None)]);
        let ending = (view == View::Partner).then_some(Ending::Removed);
        prop_assert_eq!(told(&after, &before), [(ChangeKind::Went, new.to_owned(), ending)]);
    }
}

/// What a dataset holds is not there when it was not read.
fn forget(tenant: &mut TenantSnapshot, dataset: Dataset) {
    let (partner, customer) = (&mut tenant.partner, &mut tenant.customer);
    match dataset {
        Dataset::Relationships => partner.relationships.clear(),
        Dataset::Assignments => partner.assignments.clear(),
        Dataset::Groups => partner.groups.clear(),
        Dataset::GroupMembers => partner.group_members.clear(),
        Dataset::GroupOwners => partner.group_owners.clear(),
        Dataset::Contracts => partner.contracts.clear(),
        Dataset::Customers => partner.customers.clear(),
        Dataset::GroupPim => partner.group_pim.clear(),
        Dataset::MfaRegistration => partner.mfa_registrations.clear(),
        Dataset::Organization => (partner.organization, customer.organization) = (None, None),
        Dataset::ExternalUsers => customer.external_users.clear(),
        Dataset::Governance => customer.governance.clear(),
        Dataset::ConditionalAccess => customer.conditional_access.clear(),
        Dataset::Declared => customer.declared = Default::default(),
        Dataset::CrossTenantPartners => customer.cross_tenant_partners.clear(),
        Dataset::ProviderConstraints => customer.provider_constraints.clear(),
        Dataset::RoleAssignments => customer.role_assignments.clear(),
        Dataset::ServicePrincipals => customer.service_principals.clear(),
        _ => {}
    }
}
