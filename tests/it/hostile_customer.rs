//! The same of the customer view: whatever stands in a snapshot, judging and rendering end, and end the same in every order of facts.

use partnerscope::domain::customer::CustomerFacts;
use partnerscope::domain::{Dataset, Snapshot, Timestamp, View};
use partnerscope::policy::evaluate;
use partnerscope::policy::settings::{Approved, Settings};
use partnerscope::report::{FORMATS, RenderOptions, json};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::hostile::{LOOK, TIMES, assert_distinct, flag, how, list, object, one_of, rendered, settings, sign_ins, status, text, time};
use crate::judging::{CONTOSO, TIDY_CUSTOMER};
use crate::support::assert_valid;

/// Tenants, so few that they meet: two outside, Microsoft Support, this one, and nobody.
fn tenant() -> BoxedStrategy<Value> {
    one_of(&[
        "22222222-2222-4222-8222-222222222222",
        "33333333-3333-4333-8333-333333333333",
        "B4C546A4-7DAC-46A6-A7DD-ED822A11EFD3",
        "11111111-1111-4111-8111-111111111111",
        "",
        "\u{202e}x",
    ])
    .boxed()
}

fn id() -> BoxedStrategy<Value> {
    prop_oneof![6 => one_of(&["a", "b", "A", ""]), 1 => any::<String>().prop_map(Value::from)].boxed()
}

fn role() -> BoxedStrategy<Value> {
    one_of(&["62e90394-69f5-4237-9190-012177145e10", "729827e3-9c14-49f7-bb1b-9608f156bbb8", "custom", ""]).boxed()
}

fn technician() -> BoxedStrategy<Value> {
    one_of(&["user_0123456789abcdef0123456789abcdef", "user_xyz", "ada@x.example", ""]).boxed()
}

fn settings_of_tenant() -> BoxedStrategy<Value> {
    let trust = object(vec![], vec![("isMfaAccepted", flag()), ("isCompliantDeviceAccepted", flag())]);
    object(vec![], vec![("inboundTrust", trust), ("autoConsentInbound", flag()), ("directConnectInboundAll", flag())])
}

fn policy() -> BoxedStrategy<Value> {
    let guests = object(
        vec![("guestOrExternalUserTypes", one_of(&["serviceProvider", "internalGuest,serviceProvider", ""]).boxed())],
        vec![(
            "externalTenants",
            object(vec![("membershipKind", one_of(&["all", "enumerated", "x"]).boxed())], vec![("members", list(tenant(), 2))]),
        )],
    );
    let words = |words: &'static [&'static str]| list(one_of(words).boxed(), 2);
    let users = object(
        vec![],
        vec![
            ("includeUsers", words(&["All", "None", "GuestsOrExternalUsers"])),
            ("excludeUsers", words(&["GuestsOrExternalUsers", "x"])),
            ("includeRoles", list(role(), 2)),
            ("includeGuestsOrExternalUsers", guests.clone()),
            ("excludeGuestsOrExternalUsers", guests),
        ],
    );
    let apps =
        object(vec![("includeApplications", words(&["All", "MicrosoftAdminPortals", "797f4846-ba00-4fd7-ba43-dac1f8f63013"]))], vec![]);
    let grant = object(
        vec![("operator", one_of(&["AND", "OR", ""]).boxed()), ("builtInControls", words(&["mfa", "block", "compliantDevice", "new"]))],
        vec![],
    );
    let conditions = object(vec![("users", users), ("applications", apps)], vec![("clientAppTypes", words(&["all", "browser", "other"]))]);
    object(
        vec![("id", id()), ("displayName", text()), ("conditions", conditions)],
        vec![("state", one_of(&["enabled", "disabled", "enabledForReportingButNotEnforced", "x"]).boxed()), ("grantControls", grant)],
    )
}

fn roles() -> Vec<(&'static str, BoxedStrategy<Value>)> {
    let holder = || {
        vec![
            ("principalTenantId", tenant()),
            ("principalKind", status(&["group", "user", "servicePrincipal", "directoryObjectPartnerReference"])),
            ("principalName", text()),
        ]
    };
    let held = || vec![("id", id()), ("principalId", id()), ("roleDefinitionId", role())];
    let schedule = [held(), vec![("kind", status(&["eligible", "assigned"]))]].concat();
    let definition = object(vec![("id", role())], vec![("templateId", role()), ("displayName", text()), ("isBuiltIn", flag())]);
    let foreign = object(vec![("id", id())], vec![("displayName", text()), ("tenantId", tenant()), ("objectType", text())]);
    let guest = object(
        vec![("id", id())],
        vec![
            ("displayName", text()),
            ("mail", one_of(&["a@fabrikam.example", "@", "x"]).boxed()),
            ("homeTenantId", tenant()),
            ("accountEnabled", flag()),
            ("throughGroups", list(id(), 2)),
        ],
    );
    vec![
        ("roleDefinitions", list(definition, 2)),
        ("roleAssignments", list(object(held(), holder()), 5)),
        ("roleSchedules", list(object(schedule, holder()), 3)),
        ("foreignPrincipals", list(foreign, 2)),
        ("externalUsers", list(guest, 3)),
    ]
}

fn events() -> Vec<(&'static str, BoxedStrategy<Value>)> {
    let actor =
        object(vec![], vec![("userId", id()), ("userPrincipalName", technician()), ("displayName", text()), ("homeTenantId", tenant())]);
    let change = object(vec![("name", one_of(&["Role.TemplateId", "tenantId", "x"]).boxed())], vec![("old", text()), ("new", role())]);
    let target = object(vec![], vec![("id", tenant()), ("displayName", text()), ("changes", list(change, 2))]);
    let activities = &[
        "Add member to role",
        "Delete conditional access policy",
        "Add a partner to cross-tenant access setting",
        "Set federation settings on domain",
        "Add app role assignment to service principal",
        "Add user",
        "x",
    ];
    let audit = object(
        vec![("id", id()), ("activityDateTime", time()), ("activity", one_of(activities).boxed())],
        vec![("result", status(&["success", "failure"])), ("actor", actor), ("targets", list(target, 2))],
    );
    let app = object(
        vec![("id", id()), ("createdDateTime", time()), ("servicePrincipalId", id()), ("appOwnerTenantId", tenant())],
        vec![("ipAddress", text()), ("asn", one_of(&["x"]).prop_map(|_| json!(64500)).boxed())],
    );
    let mail = object(vec![("id", id()), ("created", time()), ("operation", text()), ("userId", technician())], vec![("target", text())]);
    vec![("audits", list(audit, 4)), ("appSignIns", list(app, 3)), ("purview", list(mail, 2)), ("signIns", sign_ins())]
}

fn facts() -> BoxedStrategy<Value> {
    let named = object(vec![("tenantId", tenant())], vec![("displayName", text()), ("defaultDomain", text())]);
    let partner = object(vec![("tenantId", tenant()), ("settings", settings_of_tenant())], vec![("isServiceProvider", flag())]);
    let sync = object(vec![("tenantId", tenant())], vec![("isInboundSyncAllowed", flag())]);
    let ceiling = object(vec![("tenantId", tenant()), ("allowedRoles", list(role(), 3))], vec![("createdDateTime", time())]);
    let credential = object(vec![("keyId", id())], vec![("startDateTime", time()), ("endDateTime", time())]);
    let app = object(
        vec![("id", id()), ("appId", id())],
        vec![("displayName", text()), ("ownerTenantId", tenant()), ("accountEnabled", flag()), ("credentials", list(credential, 2))],
    );
    let permission = object(
        vec![("id", id()), ("principalId", id()), ("permission", one_of(&["RoleManagement.ReadWrite.Directory", "User.Read", ""]).boxed())],
        vec![],
    );
    let grant = object(vec![("id", id()), ("clientId", id()), ("resourceId", id())], vec![("scopes", list(text(), 2))]);
    let sold = object(vec![("id", id())], vec![("ownerTenantId", tenant()), ("status", text())]);
    let kinds = &["relationship", "request", "invitation"];
    let governance = object(
        vec![("id", id()), ("kind", status(kinds)), ("governingTenantId", tenant())],
        vec![("status", status(&["active", "pending", "terminated"])), ("roles", list(role(), 2)), ("governedTenantCanTerminate", flag())],
    );
    let relationship = object(
        vec![("id", id()), ("status", status(&["active", "expired"])), ("roles", list(role(), 2))],
        vec![("endDateTime", time()), ("displayName", text())],
    );
    let said = object(vec![("partnerTenantId", tenant()), ("relationship", relationship)], vec![]);
    let row = object(vec![("partnerTenantId", tenant())], vec![("roles", list(role(), 2)), ("end", time())]);
    let declared = object(vec![], vec![("relationships", list(said, 3)), ("partners", list(row, 2))]);
    let mut fields = vec![
        ("crossTenantPartners", list(partner, 3)),
        ("identitySync", list(sync, 2)),
        ("providerConstraints", list(ceiling, 2)),
        ("tenantNames", list(named, 3)),
        ("servicePrincipals", list(app, 3)),
        ("appRoleAssignments", list(permission, 3)),
        ("delegatedGrants", list(grant, 2)),
        ("conditionalAccess", list(policy(), 3)),
        ("subscriptions", list(sold, 2)),
        ("governance", list(governance, 2)),
    ];
    fields.extend(roles());
    fields.extend(events());
    object(fields, vec![("crossTenantDefault", settings_of_tenant()), ("securityDefaults", flag()), ("declared", declared)])
}

fn coverage() -> BoxedStrategy<Value> {
    let one = object(vec![("status", how())], vec![("from", time()), ("to", time()), ("capped", flag()), ("truncated", flag())]);
    object(vec![], Dataset::of_view(View::Customer).map(|dataset| (dataset.name(), one.clone())).collect())
}

pub(crate) fn hostile() -> impl Strategy<Value = Snapshot> {
    (facts(), coverage(), time()).prop_map(|(facts, coverage, at)| {
        let tenant =
            json!({ "tenantId": "11111111-1111-4111-8111-111111111111", "view": "customer", "customer": facts, "coverage": coverage });
        serde_json::from_value(json!({ "formatVersion": "1.0", "collectedAt": at, "lookbackDays": 30, "tenants": [tenant] })).unwrap()
    })
}

/// Turns every list around, or shuffles it by a seed.
pub(crate) fn reordered(snapshot: &Snapshot, seed: u64) -> Snapshot {
    let mut other = snapshot.clone();
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    fn shuffle<T>(list: &mut [T], next: &mut impl FnMut() -> usize) {
        for last in (1..list.len()).rev() {
            list.swap(last, next() % (last + 1));
        }
    }
    for tenant in &mut other.tenants {
        let CustomerFacts {
            organization: _,
            licenses: _,
            cross_tenant_default: _,
            cross_tenant_partners,
            identity_sync,
            provider_constraints,
            role_definitions,
            role_assignments,
            role_schedules,
            foreign_principals,
            tenant_names,
            service_principals,
            app_role_assignments,
            delegated_grants,
            external_users,
            conditional_access,
            named_locations,
            authentication_strengths,
            security_defaults: _,
            subscriptions,
            sign_ins,
            app_sign_ins,
            audits,
            governance,
            // Which file a row is from is told by its place in the list of files.
            declared,
            purview,
        } = &mut tenant.customer;
        shuffle(cross_tenant_partners, &mut next);
        shuffle(identity_sync, &mut next);
        shuffle(provider_constraints, &mut next);
        shuffle(role_definitions, &mut next);
        shuffle(role_assignments, &mut next);
        shuffle(role_schedules, &mut next);
        shuffle(foreign_principals, &mut next);
        shuffle(tenant_names, &mut next);
        shuffle(service_principals, &mut next);
        shuffle(app_role_assignments, &mut next);
        shuffle(delegated_grants, &mut next);
        shuffle(external_users, &mut next);
        shuffle(conditional_access, &mut next);
        shuffle(named_locations, &mut next);
        shuffle(authentication_strengths, &mut next);
        shuffle(subscriptions, &mut next);
        shuffle(&mut sign_ins.events, &mut next);
        shuffle(&mut sign_ins.reads, &mut next);
        shuffle(app_sign_ins, &mut next);
        shuffle(audits, &mut next);
        shuffle(governance, &mut next);
        shuffle(&mut declared.relationships, &mut next);
        shuffle(&mut declared.partners, &mut next);
        shuffle(purview, &mut next);
    }
    other
}

fn approving() -> Settings {
    let roles = vec![partnerscope::domain::roles::GLOBAL_ADMINISTRATOR.to_owned()];
    let approved = Approved { tenant_id: "22222222-2222-4222-8222-222222222222".into(), roles: Some(roles), ..Approved::default() };
    Settings { approved: vec![approved], ..Settings::default() }
}

#[test]
fn the_order_of_facts_changes_nothing_in_a_tenant_as_it_is() {
    for snapshot in [&*TIDY_CUSTOMER, &*CONTOSO] {
        let settings = approving();
        let report = evaluate(snapshot, None, &settings, snapshot.collected_at);
        assert_distinct(&report);
        for seed in 0..10 {
            let other = evaluate(&reordered(snapshot, seed), None, &settings, snapshot.collected_at);
            let [before, after] = [report.clone(), other].map(rendered);
            let differ = before.iter().zip(&after).find_map(|(a, b)| a.lines().zip(b.lines()).find(|(a, b)| a != b));
            assert_eq!(differ, None, "seed {seed}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_stands_in_a_snapshot_it_is_judged_and_rendered(
        snapshot in hostile(), other_settings in settings(), is_approving in any::<bool>(), now in select(TIMES), seed in any::<u64>()
    ) {
        let now = Timestamp::parse(now).unwrap();
        let settings = if is_approving { approving() } else { other_settings };
        let report = evaluate(&snapshot, None, &settings, now);
        assert_distinct(&report);
        let written = json::render(&report, &LOOK).unwrap();
        assert_valid(&serde_json::from_str(&written).unwrap());
        for width in [1, 80, 240] {
            for format in FORMATS {
                (format.render)(&report, &RenderOptions { width, ..LOOK }).unwrap();
            }
        }
        let other = evaluate(&reordered(&snapshot, seed), None, &settings, now);
        let [before, after] = [report, other].map(rendered);
        let differ = before.iter().zip(&after).find_map(|(a, b)| a.lines().zip(b.lines()).find(|(a, b)| a != b));
        prop_assert_eq!(differ, None);
        prop_assert!(before == after);
    }

    #[test]
    fn a_snapshot_that_was_read_is_written_as_it_is_read(snapshot in hostile()) {
        let bytes = partnerscope::history::snapshot_file::write(&snapshot, false).unwrap();
        prop_assert_eq!(partnerscope::history::snapshot_file::read(&bytes).unwrap(), snapshot);
    }
}
