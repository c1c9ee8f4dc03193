//! What holds for any policies: exclusions never help, report-only never enforces, order and disabled policies never matter; and the verdict
//! agrees with trying every sign-in of a small world.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::json;

use super::table::{Compact, PARTNER, id, policy, role_id};
use super::*;

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// None half of the time.
fn some_of(words: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<String>> {
    prop_oneof![Just(Vec::new()), subsequence(words.to_vec(), 0..=most).prop_map(|words| strings(&words))]
}

/// None most of the time, else one of the choices.
fn maybe(choices: &'static [&'static [&'static str]]) -> impl Strategy<Value = Vec<String>> {
    prop_oneof![4 => Just(Vec::new()), 1 => select(choices.to_vec()).prop_map(strings)]
}

const INCLUDED: &[&[&str]] = &[
    &["All"],
    &["All"],
    &["ext:serviceProvider@all"],
    &["ext:serviceProvider@A"],
    &["role:Global Administrator"],
    &["role:Global Administrator", "role:Helpdesk Administrator"],
    &["ext:serviceProvider@B"],
    &["ext:serviceProvider@?"],
];
const APPS: &[&[&str]] =
    &[&["All"], &["All"], &["All"], &["All"], &["MicrosoftAdminPortals"], &["app-x"], &["app-y", "MicrosoftAdminPortals"], &["Office365"]];
const PLACES: &[&[&str]] = &[&["All"], &["AllTrusted"], &["hq", "land"]];
const CLIENTS: &[&[&str]] = &[&["all"], &["browser", "mobileAppsAndDesktopClients"], &["browser"], &["exchangeActiveSync", "other"]];

fn any_policy(grants: &'static [&'static str]) -> impl Strategy<Value = Compact> {
    let who = (select(INCLUDED.to_vec()), some_of(&["role:Global Administrator", "role:Helpdesk Administrator"], 1));
    let what = (select(APPS.to_vec()), some_of(&["app-x", "app-y", "MicrosoftAdminPortals"], 2));
    let places = (maybe(PLACES), some_of(&["AllTrusted", "hq", "land"], 2));
    let when = (
        maybe(CLIENTS),
        maybe(&[&["windows"], &["all"]]),
        some_of(&["windows", "linux"], 1),
        maybe(&[&["high"], &["none", "low", "medium", "high"]]),
    );
    (who, what, places, when, select(grants.to_vec())).prop_map(|(who, what, places, when, grant)| Compact {
        users: Some(strings(who.0)),
        not_users: who.1,
        apps: Some(strings(what.0)),
        not_apps: what.1,
        not_locations: if places.0.is_empty() { Vec::new() } else { places.1 },
        locations: places.0,
        clients: Some(when.0),
        not_platforms: if when.1.is_empty() { Vec::new() } else { when.2 },
        platforms: when.1,
        sign_in_risk: when.3,
        grant: Some(grant.to_owned()),
        ..Compact::default()
    })
}

const GRANTS: &[&str] = &["mfa", "mfa", "block", "mfa OR compliantDevice", "mfa OR tou:t", "strength:somewhere", "none"];

fn any_policies(least: usize) -> impl Strategy<Value = Vec<ConditionalAccessPolicy>> {
    let states = &["on", "on", "on", "on", "report", "off", "odd"];
    proptest::collection::vec((any_policy(GRANTS), select(states.to_vec())), least..6).prop_map(|list| {
        let numbered = list.into_iter().enumerate();
        numbered
            .map(|(index, (short, state))| policy(&Compact { id: format!("p{index}"), state: Some(state.to_owned()), ..short }))
            .collect()
    })
}

struct World {
    roles: Vec<HeldRole>,
    locations: Vec<NamedLocation>,
}

fn world() -> World {
    let held = |name: &str| HeldRole { role_id: role_id(name), tenant_wide: true };
    let location = |value| serde_json::from_value(value).unwrap();
    World {
        roles: vec![held("Global Administrator"), held("Helpdesk Administrator")],
        locations: vec![
            location(json!({ "id": id("hq"), "kind": "ip", "isTrusted": true })),
            location(json!({ "id": id("land"), "kind": "country" })),
        ],
    }
}

fn judge(policies: &[ConditionalAccessPolicy]) -> Verdict {
    let world = world();
    verdict(&CoverageInput {
        partner_tenant_id: PARTNER,
        roles: Some(&world.roles),
        policies: Some(policies),
        policies_complete: true,
        named_locations: Some(&world.locations),
        strengths: Some(&[]),
        security_defaults: Some(false),
        entra_p1: Some(true),
        device_trust: DeviceTrust::default(),
        reading: Reading::default(),
    })
}

/// Takes somebody or something out of a policy.
fn exclude(policy: &mut ConditionalAccessPolicy, what: usize) {
    let conditions = &mut policy.conditions;
    let guests = |kind: &str| -> Guests {
        serde_json::from_value(json!({ "guestOrExternalUserTypes": "serviceProvider", "externalTenants": { "membershipKind": kind } }))
            .unwrap()
    };
    let places = || Locations { include_locations: strings(&["All"]), ..Locations::default() };
    let platforms = || Platforms { include_platforms: strings(&["all"]), ..Platforms::default() };
    match what {
        0 => conditions.users.exclude_guests_or_external_users = Some(guests("all")),
        // Over an exclusion that is there, one that cannot be read would be no further exclusion.
        1 if conditions.users.exclude_guests_or_external_users.is_none() => {
            conditions.users.exclude_guests_or_external_users = Some(guests("odd"));
        }
        2 => conditions.users.exclude_users.push("GuestsOrExternalUsers".to_owned()),
        3 => conditions.users.exclude_roles.push(role_id("Global Administrator")),
        4 => conditions.applications.exclude_applications.push("MicrosoftAdminPortals".to_owned()),
        5 => conditions.applications.exclude_applications.push(id("app-x")),
        6 => conditions.locations.get_or_insert_with(places).exclude_locations.push("AllTrusted".to_owned()),
        7 => conditions.locations.get_or_insert_with(places).exclude_locations.push(id("land")),
        8 => conditions.platforms.get_or_insert_with(platforms).exclude_platforms.push("windows".to_owned()),
        _ => drop(conditions.users.other.insert("excludeMoonPeople".to_owned(), json!(["x"]))),
    }
}

/// One sign-in of the small world.
struct SignIn {
    roles: &'static [&'static str],
    app: &'static str,
    portal: bool,
    suite: bool,
    client: &'static str,
    platform: &'static str,
    places: &'static [&'static str],
    risk: &'static str,
}

fn every_sign_in(mut check: impl FnMut(&SignIn) -> bool) -> bool {
    let roles: [&[&str]; 3] = [&["Global Administrator"], &["Helpdesk Administrator"], &["Global Administrator", "Helpdesk Administrator"]];
    let places: [&[&str]; 6] =
        [&[], &["land"], &["AllTrusted"], &["AllTrusted", "land"], &["AllTrusted", "hq"], &["AllTrusted", "hq", "land"]];
    for roles in roles {
        for (app, portal, suite) in
            [("app-x", 0, 0), ("app-y", 0, 0), ("z", 0, 0), ("z", 1, 0), ("z", 0, 1), ("app-x", 1, 1), ("app-y", 1, 0), ("app-y", 0, 1)]
        {
            for client in ["browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"] {
                for platform in ["windows", "linux", "iOS", "elsewhere"] {
                    for places in places {
                        for risk in ["none", "high"] {
                            if !check(&SignIn { roles, app, portal: portal == 1, suite: suite == 1, client, platform, places, risk }) {
                                return false;
                            }
                        }
                    }
                }
            }
        }
    }
    true
}

/// Whether a policy applies, straight from its short form.
fn applies(short: &Compact, one: &SignIn) -> bool {
    let has = |list: &[String], word: &str| list.iter().any(|item| item == word);
    let user = |item: &String| match item.as_str() {
        "All" | "ext:serviceProvider@all" | "ext:serviceProvider@A" => true,
        other => other.strip_prefix("role:").is_some_and(|role| one.roles.contains(&role)),
    };
    let app = |item: &String| match item.as_str() {
        "All" => true,
        "MicrosoftAdminPortals" => one.portal,
        "Office365" => one.suite,
        other => other == one.app,
    };
    let place = |item: &String| item == "All" || one.places.contains(&item.as_str());
    let clients = short.clients.as_ref().unwrap();
    short.users.iter().flatten().any(user)
        && !short.not_users.iter().any(user)
        && short.apps.iter().flatten().any(app)
        && !short.not_apps.iter().any(app)
        && (clients.is_empty() || has(clients, "all") || has(clients, one.client))
        && (short.platforms.is_empty() || has(&short.platforms, "all") || has(&short.platforms, one.platform))
        && !has(&short.not_platforms, one.platform)
        && (short.locations.is_empty() || short.locations.iter().any(place))
        && !short.not_locations.iter().any(place)
        && (short.sign_in_risk.is_empty() || has(&short.sign_in_risk, one.risk))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_exclusion_never_improves(policies in any_policies(1), which in any::<prop::sample::Index>(), what in 0_usize..10) {
        let mut fewer = policies.clone();
        exclude(&mut fewer[which.index(policies.len())], what);
        let (before, after) = (judge(&policies), judge(&fewer));
        prop_assert!(after.kind <= before.kind, "{:?} became {:?}", before, after);
    }

    #[test]
    fn a_further_policy_never_worsens(mut policies in any_policies(0), more in any_policy(GRANTS)) {
        let before = judge(&policies);
        policies.push(policy(&Compact { id: "more".to_owned(), ..more }));
        let after = judge(&policies);
        prop_assert!(after.kind >= before.kind, "{:?} became {:?}", before, after);
    }

    #[test]
    fn report_only_never_enforces(mut policies in any_policies(0)) {
        for policy in &mut policies {
            policy.state = Some(PolicyState::ReportOnly);
        }
        let kind = judge(&policies).kind;
        prop_assert!(matches!(kind, VerdictKind::NotCovered | VerdictKind::ReportOnly), "{:?}", kind);
    }

    #[test]
    fn order_does_not_matter(policies in any_policies(0).prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle()))) {
        prop_assert_eq!(judge(&policies.0), judge(&policies.1));
    }

    #[test]
    fn a_disabled_policy_changes_nothing(policies in any_policies(0), more in any_policy(GRANTS), at in any::<prop::sample::Index>()) {
        let mut with = policies.clone();
        with.insert(at.index(policies.len() + 1), policy(&Compact { id: "off".to_owned(), state: Some("off".to_owned()), ..more }));
        prop_assert_eq!(judge(&policies), judge(&with));
    }

    #[test]
    fn enforced_is_every_sign_in_and_nothing_less(list in proptest::collection::vec(any_policy(&["mfa"]), 1..5)) {
        let list: Vec<Compact> = list.into_iter().enumerate().map(|(index, short)| Compact { id: format!("p{index}"), ..short }).collect();
        let policies: Vec<ConditionalAccessPolicy> = list.iter().map(policy).collect();
        let covered = every_sign_in(|one| list.iter().any(|short| applies(short, one)));
        let kind = judge(&policies).kind;
        prop_assert_eq!(kind == VerdictKind::Enforced, covered, "{:?}", kind);
    }

    #[test]
    fn a_gap_is_named_and_nothing_that_is_closed(policies in any_policies(0)) {
        let found = judge(&policies);
        match found.kind {
            VerdictKind::Partly => prop_assert!(!found.gaps.is_empty() && !found.by.is_empty()),
            VerdictKind::Enforced | VerdictKind::Blocked => prop_assert!(found.gaps.is_empty() && !found.by.is_empty()),
            VerdictKind::ReportOnly => prop_assert!(!found.by.is_empty()),
            VerdictKind::Unknown => prop_assert!(!found.gaps.is_empty()),
            VerdictKind::NotCovered => prop_assert!(found.by.is_empty()),
        }
    }
}
