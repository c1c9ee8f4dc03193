//! When a policy governs: clients, platforms, places, risk, flows, devices, and what this build does not know.

use std::collections::BTreeSet;

use super::answer::GapKind;
use super::applies::Doubt;
use super::condition::{Condition, Escape, Name, by_filter, lists, must_be, same};
use super::space::{Allowed, Dim, IN, OUT, Region};
use super::types::{ConditionalAccessPolicy, Conditions, LocationKind, Locations, Unknown};
use super::verdict::CoverageInput;

/// The place of the multifactor service's own list of trusted addresses: it has no named location, only this id.
const MFA_TRUSTED_IPS: &str = "00000000-0000-0000-0000-000000000000";

/// Clients, platforms, risk, flows, devices, and what this build does not know.
pub(super) fn when(policy: &ConditionalAccessPolicy) -> Vec<Condition> {
    let conditions = &policy.conditions;
    let mut all: Vec<Condition> = [clients(conditions), platforms(conditions), flows(conditions)].into_iter().flatten().collect();
    let risks = [
        (GapKind::SignInRisk, Dim::SignInRisk, &conditions.sign_in_risk_levels),
        (GapKind::UserRisk, Dim::UserRisk, &conditions.user_risk_levels),
        (GapKind::InsiderRisk, Dim::InsiderRisk, &conditions.insider_risk_levels),
    ];
    all.extend(risks.into_iter().filter(|(_, _, levels)| !levels.is_empty()).map(|(kind, dim, levels)| one_of(kind, dim, levels)));
    let filter = conditions.devices.as_ref().and_then(|devices| devices.device_filter.as_ref()).filter(|filter| !filter.rule.is_empty());
    all.extend(filter.map(|filter| by_filter(GapKind::DeviceFilter, "device", filter)));
    let unknown = |name: String| must_be(GapKind::UnknownCondition, name.clone(), Dim::Condition(format!("{} {name}", policy.id)), IN);
    all.extend(not_known(policy).into_iter().map(unknown));
    all
}

/// A closed dimension that must have one of the values; others than its own are passed over.
fn one_of(kind: GapKind, dim: Dim, wanted: &[String]) -> Condition {
    let (inside, outside): (Vec<&str>, Vec<&str>) = dim.values().unwrap_or_default().iter().partition(|value| lists(wanted, value));
    let escape = |value: &&str| Escape { kind, name: Name::Fixed(shown(value)), region: Region::of(dim.clone(), Allowed::one(value)) };
    let escapes = outside.iter().map(escape).collect();
    let inside: BTreeSet<String> = inside.into_iter().map(str::to_owned).collect();
    let met = if inside.is_empty() { Vec::new() } else { vec![Region::of(dim, Allowed::Only(inside))] };
    Condition { met, escapes }
}

fn shown(value: &str) -> String {
    if matches!(value, "easSupported" | "easUnsupported") { "exchangeActiveSync".to_owned() } else { value.to_owned() }
}

/// An empty list is a condition that is not configured, which means all clients.
fn clients(conditions: &Conditions) -> Option<Condition> {
    let wanted = &conditions.client_app_types;
    if wanted.is_empty() || lists(wanted, "all") {
        return None;
    }
    let mut wanted = wanted.clone();
    if lists(&wanted, "exchangeActiveSync") {
        wanted.extend(["easSupported".to_owned(), "easUnsupported".to_owned()]);
    }
    Some(one_of(GapKind::ClientApp, Dim::Client, &wanted))
}

fn platforms(conditions: &Conditions) -> Option<Condition> {
    let platforms = conditions.platforms.as_ref()?;
    let included = &platforms.include_platforms;
    let excluded = &platforms.exclude_platforms;
    let all = included.is_empty() || lists(included, "all");
    let values = Dim::Platform.values().unwrap_or_default();
    let is_known = |name: &String| same(name, "all") || values.iter().any(|value| same(value, name));
    // An excluded platform that this build does not know is one of the others.
    let others_in = all && excluded.iter().all(is_known) && !lists(excluded, "all");
    let is_in = |value: &str| {
        if value == "other platforms" {
            others_in
        } else {
            (all || lists(included, value)) && !lists(excluded, value) && !lists(excluded, "all")
        }
    };
    let wanted: Vec<String> = values.iter().filter(|value| is_in(value)).map(|value| (*value).to_owned()).collect();
    (wanted.len() < values.len()).then(|| one_of(GapKind::Platform, Dim::Platform, &wanted))
}

fn flows(conditions: &Conditions) -> Option<Condition> {
    let methods = &conditions.authentication_flows.as_ref()?.transfer_methods;
    let wanted: Vec<String> = methods.iter().filter(|method| !same(method, "none")).cloned().collect();
    (!wanted.is_empty()).then(|| one_of(GapKind::AuthenticationFlow, Dim::Flow, &wanted))
}

/// Names of what the policy sets and this build does not know. A further include only adds; anything else may narrow.
fn not_known(policy: &ConditionalAccessPolicy) -> Vec<String> {
    const HARMLESS: [&str; 2] = ["deletedDateTime", "description"];
    let conditions = &policy.conditions;
    let mut names: Vec<String> = policy.other.keys().filter(|name| !HARMLESS.contains(&name.as_str())).cloned().collect();
    names.extend(conditions.other.keys().cloned());
    if !conditions.service_principal_risk_levels.is_empty() {
        names.push("servicePrincipalRiskLevels".to_owned());
    }
    let users = &conditions.users;
    let guests = users.include_guests_or_external_users.iter().chain(&users.exclude_guests_or_external_users);
    let parts: [(&str, Option<&Unknown>); 7] = [
        ("users", Some(&users.other)),
        ("applications", Some(&conditions.applications.other)),
        ("platforms", conditions.platforms.as_ref().map(|part| &part.other)),
        ("locations", conditions.locations.as_ref().map(|part| &part.other)),
        ("devices", conditions.devices.as_ref().map(|part| &part.other)),
        ("authenticationFlows", conditions.authentication_flows.as_ref().map(|part| &part.other)),
        ("clientApplications", conditions.client_applications.as_ref().map(|part| &part.other)),
    ];
    let nested = parts.into_iter().filter_map(|(part, other)| other.map(|other| (part, other)));
    for (part, other) in nested.chain(guests.map(|guests| ("guestsOrExternalUsers", &guests.other))) {
        let may_narrow =
            |name: &&String| !(name.starts_with("include") && matches!(part, "users" | "applications" | "platforms" | "locations"));
        names.extend(other.keys().filter(may_narrow).map(|name| format!("{part}.{name}")));
    }
    names
}

/// Places, and whether all that is left out are trusted places.
pub(super) struct Places {
    pub(super) conditions: Vec<Condition>,
    pub(super) only_trusted_left_out: bool,
}

fn place(id: &str) -> Dim {
    if same(id, "AllTrusted") { Dim::Trusted } else { Dim::Location(id.to_ascii_lowercase()) }
}

pub(super) fn places(locations: &Locations, input: &CoverageInput<'_>, doubt: Doubt) -> Places {
    let (included, excluded) = (&locations.include_locations, &locations.exclude_locations);
    let everywhere = included.is_empty() || lists(included, "All");
    let mut conditions = Vec::new();
    if !everywhere {
        let outside = included.iter().try_fold(Region::default(), |rest, id| rest.and(&Region::of(place(id), Allowed::one(OUT))));
        let escape = |region| Escape { kind: GapKind::Location, name: Name::OtherPlaces, region };
        conditions.push(Condition {
            met: included.iter().map(|id| Region::of(place(id), Allowed::one(IN))).collect(),
            escapes: outside.map(escape).into_iter().collect(),
        });
    }
    if lists(excluded, "All") {
        conditions.push(Condition::default());
    }
    conditions.extend(excluded.iter().map(|id| must_be(GapKind::Location, id.clone(), place(id), OUT)));
    let trusted = |id: &String| match is_trusted(id, input) {
        Some(trusted) => trusted,
        None => doubt == Doubt::For,
    };
    Places { conditions, only_trusted_left_out: everywhere && !excluded.is_empty() && excluded.iter().all(trusted) }
}

/// Whether a place is trusted; `None`: not read.
fn is_trusted(id: &str, input: &CoverageInput<'_>) -> Option<bool> {
    if same(id, "AllTrusted") || id == MFA_TRUSTED_IPS {
        return Some(true);
    }
    let location = input.named_locations?.iter().find(|location| same(&location.id, id))?;
    Some(location.is_trusted == Some(true) && location.kind != LocationKind::Country)
}

/// The places that are known to be trusted.
pub(super) fn trusted_places(input: &CoverageInput<'_>) -> Vec<Dim> {
    let named = input.named_locations.unwrap_or_default().iter().filter(|location| is_trusted(&location.id, input) == Some(true));
    named.map(|location| place(&location.id)).chain([place(MFA_TRUSTED_IPS)]).collect()
}
