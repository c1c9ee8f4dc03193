//! Three hundred Conditional Access policies of an invented tenant: a few for everybody, many for some applications, some people, some places.

use serde_json::{Value, json};

use super::customer_work::{OUTSIDE, id, outside};

pub(crate) const POLICIES: usize = 300;

/// Roles that policies name: the directory's strongest.
const ADMINS: [&str; 6] = [
    "62e90394-69f5-4237-9190-012177145e10",
    "194ae4cb-b126-40b2-bd5b-6091b380977d",
    "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "f023fd81-a637-4b56-95fd-791ac0226033",
    "3a2c62db-5318-420d-8d74-23affee5d9d5",
];

/// The first policy demands multifactor of everyone everywhere, but leaves out half of the providers: for these the others are weighed.
pub(crate) fn policy(number: usize) -> Value {
    let state = match number % 10 {
        8 => "enabledForReportingButNotEnforced",
        9 => "disabled",
        _ => "enabled",
    };
    let (client_types, platforms, locations, risks, devices) = when(number);
    json!({
        "id": id(0x25, number), "displayName": format!("CA{number:03} {}", ["Baseline", "Apps", "Partners", "Admins"][number % 4]), "templateId": null,
        "createdDateTime": "2024-03-04T10:00:00Z", "modifiedDateTime": "2026-10-28T13:55:00Z", "state": if number == 0 { "enabled" } else { state },
        "sessionControls": null,
        "conditions": {
            "userRiskLevels": [], "signInRiskLevels": risks, "servicePrincipalRiskLevels": [], "insiderRiskLevels": null, "clientAppTypes": client_types,
            "platforms": platforms, "locations": locations, "devices": devices, "clientApplications": null, "authenticationFlows": null,
            "applications": applications(number), "users": users(number)
        },
        "grantControls": grant(number)
    })
}

/// A named location; every third is trusted.
pub(crate) fn location(number: usize) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.ipNamedLocation", "id": id(0x28, number), "displayName": format!("Office {number}"), "isTrusted": number.is_multiple_of(3),
        "createdDateTime": "2024-03-04T10:00:00Z", "modifiedDateTime": "2024-03-04T10:00:00Z",
        "ipRanges": [{ "@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": format!("198.51.100.{}/32", number % 250) }]
    })
}

fn users(number: usize) -> Value {
    let providers = |tenants: Vec<String>| {
        json!({ "guestOrExternalUserTypes": "serviceProvider", "externalTenants": {
            "@odata.type": "#microsoft.graph.conditionalAccessEnumeratedExternalTenants", "membershipKind": "enumerated", "members": tenants } })
    };
    let some = |count: usize| (0..count).map(|which| outside((number + which) % OUTSIDE)).collect::<Vec<_>>();
    let of = |include: &[&str], include_roles: &[&str], include_groups: Vec<String>, include_guests: Value, exclude_guests: Value| {
        json!({
            "includeUsers": include, "excludeUsers": [id(0x21, 7), id(0x21, 8)], "includeGroups": include_groups, "excludeGroups": [id(0x29, number % 20)],
            "includeRoles": include_roles, "excludeRoles": [], "includeGuestsOrExternalUsers": include_guests, "excludeGuestsOrExternalUsers": exclude_guests
        })
    };
    match number % 4 {
        _ if number == 0 => of(&["All"], &[], vec![], Value::Null, providers(some(OUTSIDE / 2))),
        0 => of(&[], &[], vec![id(0x2b, number)], Value::Null, Value::Null),
        1 => of(&["All"], &[], vec![], Value::Null, Value::Null),
        2 => of(&["All"], &[], vec![], Value::Null, providers(some(3))),
        _ if number.is_multiple_of(3) => of(&[], &[], vec![], providers(some(10)), Value::Null),
        _ => of(&[], &ADMINS, vec![], Value::Null, Value::Null),
    }
}

fn applications(number: usize) -> Value {
    let app = |which: usize| id(0x2c, (number + which) % 120);
    let (include, exclude): (Vec<String>, Vec<String>) = match number % 5 {
        _ if number == 0 => (vec!["All".into()], vec![]),
        0 => (vec!["All".into()], vec![app(0), app(40)]),
        1 => (vec!["Office365".into()], vec![]),
        2 => (vec!["MicrosoftAdminPortals".into(), app(3)], vec![]),
        _ => (vec![app(1), app(17), app(59)], vec![]),
    };
    json!({
        "includeApplications": include, "excludeApplications": exclude, "includeUserActions": [], "includeAuthenticationContextClassReferences": [],
        "applicationFilter": null
    })
}

/// Clients, platforms, places, risks, devices. A policy of all applications always has one of them.
fn when(number: usize) -> (Value, Value, Value, Value, Value) {
    let mut all = (json!(["all"]), Value::Null, Value::Null, json!([]), Value::Null);
    match number % 15 {
        _ if number == 0 => {}
        0 | 4 => all.0 = json!(["exchangeActiveSync", "other"]),
        5 | 11 => all.1 = json!({ "includePlatforms": ["android", "iOS"], "excludePlatforms": [] }),
        10 | 7 => all.2 = json!({ "includeLocations": ["All"], "excludeLocations": ["AllTrusted", id(0x28, number % 40)] }),
        2 | 13 => all.2 = json!({ "includeLocations": [id(0x28, number % 40), id(0x28, (number + 3) % 40)], "excludeLocations": [] }),
        8 => all.3 = json!(["high", "medium"]),
        14 => {
            all.4 =
                json!({ "deviceFilter": { "mode": "exclude", "rule": format!("device.extensionAttribute{} -eq \"managed\"", number % 5) } })
        }
        _ => {}
    }
    all
}

fn grant(number: usize) -> Value {
    let of = |operator: &str, controls: &[&str], strength: Value| json!({ "operator": operator, "builtInControls": controls, "customAuthenticationFactors": [], "termsOfUse": [], "authenticationStrength": strength });
    match number % 6 {
        0 => of("OR", &["mfa"], Value::Null),
        1 => of("OR", &["mfa", "compliantDevice"], Value::Null),
        2 => of("AND", &["mfa", "compliantDevice"], Value::Null),
        3 => of(
            "OR",
            &[],
            json!({ "id": "00000000-0000-0000-0000-000000000004", "displayName": "Phishing-resistant MFA", "requirementsSatisfied": "mfa" }),
        ),
        4 => of("OR", &["block"], Value::Null),
        _ => of("OR", &["mfa", "domainJoinedDevice"], Value::Null),
    }
}
