//! Whom, what and when a policy governs, as seen from one partner: each policy becomes regions of the space of sign-ins.

use std::collections::BTreeSet;

use super::grants::{Demand, demand};
use super::space::{Allowed, Dim, IN, OUT, Region};
use super::types::{Applications, ConditionalAccessPolicy, Conditions, Filter, Guests, LocationKind, Locations, Unknown, Users};
use super::verdict::{CoverageInput, GapKind, Reading};

/// The place of the multifactor service's own list of trusted addresses: it has no named location, only this id.
const MFA_TRUSTED_IPS: &str = "00000000-0000-0000-0000-000000000000";
/// Regions that one policy may have. What is beyond it is not counted as covered.
const REGIONS: usize = 256;

/// How to take what cannot be read: as not covering, or as covering. Where the two differ, the verdict is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    Against,
    For,
}

/// A way past a policy.
#[derive(Debug, Clone)]
pub(super) struct Escape {
    pub(super) kind: GapKind,
    pub(super) name: Name,
    pub(super) region: Region,
}

/// How a way past is called.
#[derive(Debug, Clone)]
pub(super) enum Name {
    /// By this.
    Fixed(String),
    /// The applications that are not included.
    OtherApplications,
    /// The places that are not included.
    OtherPlaces,
    /// The roles that the partner holds beside these.
    OtherRoles(BTreeSet<String>),
}

/// One condition: where it is met, and the ways past it.
#[derive(Debug, Default)]
struct Condition {
    met: Vec<Region>,
    escapes: Vec<Escape>,
}

/// A policy that governs the partner's people in some sign-ins and demands something strong.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    pub(super) policy: &'a ConditionalAccessPolicy,
    pub(super) demand: Demand,
    /// Where it demands it.
    pub(super) regions: Vec<Region>,
    /// A block outside of trusted places: with the places, that is, everywhere, it demands one of them.
    pub(super) with_places: Option<Vec<Region>>,
    pub(super) escapes: Vec<Escape>,
    /// It reaches the partner by `All` alone.
    pub(super) by_all: bool,
    /// Fields that cannot be read and were taken as covering.
    pub(super) doubts: Vec<&'static str>,
}

impl Candidate<'_> {
    /// Where it counts as a demand.
    pub(super) fn counted(&self) -> &[Region] {
        self.with_places.as_deref().unwrap_or(&self.regions)
    }
}

/// What a policy is to the partner.
#[derive(Debug)]
pub(super) enum Outcome<'a> {
    /// It governs nobody of the partner, or demands nothing.
    Nothing,
    /// It would govern the partner's people, but excludes them by this.
    Excluded(&'static str, Candidate<'a>),
    /// It governs them, but no application.
    NoApplication(GapKind, Vec<String>),
    /// It governs them, but these controls are enough.
    Weak(Vec<String>),
    /// It governs them and demands something strong.
    Counts(Candidate<'a>),
}

/// Judges one policy for the partner, whatever its state.
pub(super) fn judge<'a>(policy: &'a ConditionalAccessPolicy, input: &CoverageInput<'_>, reading: Reading, doubt: Doubt) -> Outcome<'a> {
    let conditions = &policy.conditions;
    let is_workload = conditions.client_applications.as_ref().is_some_and(|client| !client.include_service_principals.is_empty());
    let Some(who) = who(&conditions.users, input, reading, doubt).filter(|_| !is_workload) else {
        return Outcome::Nothing;
    };
    let mut demand = demand(policy.grant_controls.as_ref(), input.strengths, input.device_trust);
    let mut doubts = who.doubts;
    if demand == Demand::Unreadable && doubt == Doubt::For {
        doubts.push("authenticationStrength");
        demand = Demand::Strong { devices_not_accepted: false };
    }
    let what = match what(&conditions.applications) {
        What::Conditions(what) => what,
        What::Nothing => return Outcome::Nothing,
        What::Only(kind, names) => return if who.excluded.is_none() { Outcome::NoApplication(kind, names) } else { Outcome::Nothing },
    };
    match (demand, who.excluded) {
        (Demand::Nothing | Demand::Unreadable, _) | (Demand::Weak(_), Some(_)) => Outcome::Nothing,
        (Demand::Weak(names), None) => Outcome::Weak(names),
        (demand, excluded) => {
            let places = conditions.locations.as_ref().map(|locations| places(locations, input, doubt));
            let is_place = demand == Demand::Block && places.as_ref().is_some_and(|places| places.only_trusted_left_out);
            let others: Vec<Condition> = who.conditions.into_iter().chain(what).chain(when(policy)).collect();
            let with_places = is_place.then(|| product(&others));
            let all: Vec<Condition> = others.into_iter().chain(places.into_iter().flat_map(|places| places.conditions)).collect();
            let candidate = Candidate {
                policy,
                demand,
                regions: product(&all),
                with_places,
                escapes: all.into_iter().flat_map(|condition| condition.escapes).collect(),
                by_all: who.by_all,
                doubts,
            };
            match excluded {
                Some(by) => Outcome::Excluded(by, candidate),
                None => Outcome::Counts(candidate),
            }
        }
    }
}

/// The regions in which all conditions are met.
fn product(conditions: &[Condition]) -> Vec<Region> {
    conditions.iter().fold(vec![Region::default()], |regions, condition| {
        let pairs = regions.iter().flat_map(|region| condition.met.iter().filter_map(|met| region.and(met)));
        pairs.take(REGIONS).collect()
    })
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn lists(list: &[String], word: &str) -> bool {
    list.iter().any(|item| same(item, word))
}

/// How a policy reaches the partner's people.
struct Who {
    conditions: Vec<Condition>,
    excluded: Option<&'static str>,
    by_all: bool,
    doubts: Vec<&'static str>,
}

/// Whether external users hold the partner's people. `Err`: the field that cannot be read.
fn holds_partner(guests: &Guests, tenant: &str, unknown_types_count: bool) -> Result<bool, &'static str> {
    const KNOWN: [&str; 7] = [
        "none",
        "internalGuest",
        "b2bCollaborationGuest",
        "b2bCollaborationMember",
        "b2bDirectConnectUser",
        "otherExternalUser",
        "serviceProvider",
    ];
    let named = lists(&guests.types, "serviceProvider");
    let may_be = unknown_types_count && guests.types.iter().any(|kind| !KNOWN.iter().any(|known| same(kind, known)));
    if !named && !may_be {
        return Ok(false);
    }
    let in_tenant = match guests.external_tenants.as_ref().map(|tenants| (tenants.membership_kind.as_deref(), tenants)) {
        Some((Some(kind), _)) if same(kind, "all") => true,
        Some((Some(kind), tenants)) if same(kind, "enumerated") => lists(&tenants.members, tenant),
        _ => return Err("externalTenants"),
    };
    match (in_tenant, named) {
        (false, _) => Ok(false),
        (true, true) => Ok(true),
        (true, false) => Err("guestOrExternalUserTypes"),
    }
}

/// Whom. Users and groups by id never hold a technician, who has no object in this directory. `None`: nobody of the partner is included.
fn who(users: &Users, input: &CoverageInput<'_>, reading: Reading, doubt: Doubt) -> Option<Who> {
    let mut who = Who { conditions: Vec::new(), excluded: None, by_all: false, doubts: Vec::new() };
    let mut direct = lists(&users.include_users, "GuestsOrExternalUsers");
    match users.include_guests_or_external_users.as_ref().map(|guests| holds_partner(guests, input.partner_tenant_id, false)) {
        Some(Ok(true)) => direct = true,
        Some(Err(field)) if !direct && doubt == Doubt::For => {
            who.doubts.push(field);
            direct = true;
        }
        _ => {}
    }
    who.by_all = !direct && lists(&users.include_users, "All") && reading == Reading::AllMeansTechniciansToo;
    if !direct && !who.by_all {
        who.conditions.push(included_roles(&users.include_roles, input, doubt, &mut who.doubts)?);
    }
    if lists(&users.exclude_users, "GuestsOrExternalUsers") || lists(&users.exclude_users, "All") {
        who.excluded = Some("GuestsOrExternalUsers");
    }
    match users.exclude_guests_or_external_users.as_ref().map(|guests| holds_partner(guests, input.partner_tenant_id, true)) {
        Some(Ok(true)) => who.excluded = Some("serviceProvider"),
        Some(Err(_)) if doubt == Doubt::Against => return None,
        Some(Err(field)) => who.doubts.push(field),
        _ => {}
    }
    who.conditions.extend(excluded_roles(&users.exclude_roles, input, doubt));
    Some(who)
}

/// The directory roles that a policy includes. Roles held in an administrative unit do not count: policies do not support them.
fn included_roles(roles: &[String], input: &CoverageInput<'_>, doubt: Doubt, doubts: &mut Vec<&'static str>) -> Option<Condition> {
    if roles.is_empty() {
        return None;
    }
    let Some(held) = input.roles else {
        doubts.push("roles");
        return (doubt == Doubt::For).then(|| Condition { met: vec![Region::default()], escapes: Vec::new() });
    };
    let hit: BTreeSet<String> =
        held.iter().filter(|role| role.tenant_wide && lists(roles, &role.role_id)).map(|role| role.role_id.to_ascii_lowercase()).collect();
    if hit.is_empty() {
        return None;
    }
    let dim = |id: &String| Dim::Role(id.clone(), true);
    let none = hit.iter().try_fold(Region::default(), |region, id| region.and(&Region::of(dim(id), Allowed::one(OUT))));
    Some(Condition {
        met: hit.iter().map(|id| Region::of(dim(id), Allowed::one(IN))).collect(),
        escapes: none.map(|region| Escape { kind: GapKind::Role, name: Name::OtherRoles(hit), region }).into_iter().collect(),
    })
}

/// The directory roles that a policy excludes: those that the partner holds, or may hold where its roles were not read.
fn excluded_roles(roles: &[String], input: &CoverageInput<'_>, doubt: Doubt) -> Vec<Condition> {
    let held = |id: &str| match input.roles {
        Some(held) => held.iter().any(|role| role.tenant_wide && same(&role.role_id, id)),
        None => doubt == Doubt::Against,
    };
    let ids: BTreeSet<String> = roles.iter().filter(|id| held(id)).map(|id| id.to_ascii_lowercase()).collect();
    ids.into_iter().map(|id| must_be(GapKind::Role, id.clone(), Dim::Role(id, true), OUT)).collect()
}

/// A yes-or-no dimension that must have one value.
fn must_be(kind: GapKind, name: String, dim: Dim, value: &str) -> Condition {
    let other = if value == IN { OUT } else { IN };
    Condition {
        met: vec![Region::of(dim.clone(), Allowed::one(value))],
        escapes: vec![Escape { kind, name: Name::Fixed(name), region: Region::of(dim, Allowed::one(other)) }],
    }
}

/// What a policy governs.
enum What {
    Conditions(Vec<Condition>),
    Nothing,
    Only(GapKind, Vec<String>),
}

/// Which applications. What is no GUID names a grouping, which may hold any application.
fn what(applications: &Applications) -> What {
    let included = &applications.include_applications;
    let filter = applications.application_filter.as_ref().filter(|filter| !filter.rule.is_empty());
    if included.is_empty() && !applications.include_user_actions.is_empty() {
        return What::Only(GapKind::UserActionsOnly, applications.include_user_actions.clone());
    }
    if included.is_empty() && !applications.include_authentication_context_class_references.is_empty() {
        return What::Only(GapKind::AuthenticationContextOnly, applications.include_authentication_context_class_references.clone());
    }
    let by_filter_only = included.is_empty() && filter.is_some_and(|filter| same(&filter.mode, "include"));
    let mut conditions = Vec::new();
    if !by_filter_only && !lists(included, "All") {
        let Some(condition) = included_applications(included) else { return What::Nothing };
        conditions.push(condition);
    }
    conditions.extend(excluded_applications(&applications.exclude_applications));
    conditions.extend(filter.map(|filter| by_filter(GapKind::ApplicationFilter, "application", filter)));
    What::Conditions(conditions)
}

fn split_applications(list: &[String]) -> (BTreeSet<String>, Vec<&String>) {
    let is_id = |id: &&String| uuid::Uuid::try_parse(id).is_ok();
    let (ids, groupings): (Vec<&String>, Vec<&String>) = list.iter().filter(|id| !same(id, "None")).partition(is_id);
    (ids.into_iter().map(|id| id.to_ascii_lowercase()).collect(), groupings)
}

fn grouping(name: &str) -> Dim {
    Dim::Grouping(name.to_ascii_lowercase())
}

fn included_applications(list: &[String]) -> Option<Condition> {
    let (ids, groupings) = split_applications(list);
    let mut met: Vec<Region> = groupings.iter().map(|name| Region::of(grouping(name), Allowed::one(IN))).collect();
    if !ids.is_empty() {
        met.push(Region::of(Dim::App, Allowed::Only(ids.clone())));
    }
    if met.is_empty() {
        return None;
    }
    let outside = groupings.iter().map(|name| Region::of(grouping(name), Allowed::one(OUT)));
    let rest = outside.chain([Region::of(Dim::App, Allowed::Not(ids))]).try_fold(Region::default(), |rest, next| rest.and(&next));
    let escape = |region| Escape { kind: GapKind::Application, name: Name::OtherApplications, region };
    Some(Condition { met, escapes: rest.map(escape).into_iter().collect() })
}

fn excluded_applications(list: &[String]) -> Vec<Condition> {
    let (ids, groupings) = split_applications(list);
    let mut conditions: Vec<Condition> =
        groupings.iter().map(|name| must_be(GapKind::Application, (*name).clone(), grouping(name), OUT)).collect();
    if !ids.is_empty() {
        let region = |id: &str| Region::of(Dim::App, Allowed::one(id));
        let escape = |id: &String| Escape { kind: GapKind::Application, name: Name::Fixed(id.clone()), region: region(id) };
        conditions.push(Condition { escapes: ids.iter().map(escape).collect(), met: vec![Region::of(Dim::App, Allowed::Not(ids))] });
    }
    conditions
}

/// A filter: the same rule, included here and excluded there, covers both sides.
fn by_filter(kind: GapKind, of: &str, filter: &Filter) -> Condition {
    let rule = filter.rule.trim();
    let dim = Dim::Filter(format!("{of} {rule}"));
    let name = format!("{} {rule}", filter.mode);
    match filter.mode.to_ascii_lowercase().as_str() {
        "include" => must_be(kind, name, dim, IN),
        "exclude" => must_be(kind, name, dim, OUT),
        // A mode that is not known: which side it takes is not known either.
        _ => must_be(kind, name, Dim::Condition(format!("{of} filter {} {rule}", filter.mode)), IN),
    }
}

/// Clients, platforms, risk, flows, devices, and what this build does not know.
fn when(policy: &ConditionalAccessPolicy) -> Vec<Condition> {
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
struct Places {
    conditions: Vec<Condition>,
    only_trusted_left_out: bool,
}

fn place(id: &str) -> Dim {
    if same(id, "AllTrusted") { Dim::Trusted } else { Dim::Location(id.to_ascii_lowercase()) }
}

fn places(locations: &Locations, input: &CoverageInput<'_>, doubt: Doubt) -> Places {
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
