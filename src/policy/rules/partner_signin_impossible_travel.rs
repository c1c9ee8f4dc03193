//! SGN-04: see the page.

use std::collections::BTreeSet;

use crate::domain::rule_meta::{Reads, Setting, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{BOTH, count, hours, text};
use super::visits::{self, Visit, about_person, by_person, episodes, extent};

/// What Microsoft's own detection calls it, in `riskEventTypes_v2`.
const RISKS: [&str; 2] = ["unlikelyTravel", "impossibleTravel"];
const SETTINGS: &[Setting] = &[
    count("min-distance-km", 500, "Kilometres between two sign-ins below which speed says nothing."),
    count("max-speed-kmh", 900, "Kilometres an hour above which nobody travels."),
    hours("max-gap-hours", 12, "Hours between two sign-ins above which they are not compared."),
];

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-signin-impossible-travel",
        code: "SGN-04",
        title: "Partner user moves faster than possible",
        views: BOTH,
        severity: Severity::High,
        severity_note: "",
        uses: &[required(Dataset::SignIns)],
        customer_uses: &[required(Dataset::SignIns)],
        reads: Reads::Some,
        fields: &[
            "signIns.events.position",
            "signIns.events.asn",
            "signIns.events.country",
            "signIns.events.riskEventTypes",
            "signIns.events.homeTenantId",
            "signIns.events.userPrincipalName",
            "signIns.events.userId",
            "signIns.events.errorCode",
            "signIns.events.createdDateTime",
            "signIns.events.crossTenantAccessType",
            "signIns.events.resourceTenantId",
        ],
        settings: SETTINGS,
        remediation: "Call the partner now, with the user name and both times. The partner ends the sessions (POST /users/{id}/revokeSignInSessions in \
                      its own tenant) and resets the credentials; here, go through what that person changed since the first of the two, and block the \
                      address until it is explained.",
        attack: &["T1199", "T1078.004", "T1528"],
        mitigations: &["M1032"],
        nist: &["AC-2", "IA-2", "SI-4"],
        benchmarks: &[],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-signin-impossible-travel.md"),
    },
    check,
};

/// Two places and the speed between them.
#[derive(Debug, Clone, Copy)]
struct Leap<'v, 'a> {
    from: &'v Visit<'a>,
    to: &'v Visit<'a>,
    km: i64,
    kmh: i64,
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let visits = visits::all(ctx);
    for (_, came) in by_person(visits.iter().filter(|visit| visit.succeeded())) {
        let runs = runs(leaps(ctx, &came));
        let told: BTreeSet<&str> = runs.iter().flatten().flat_map(|leap| [&*leap.from.event.id, &*leap.to.event.id]).collect();
        let risky = came.iter().copied().filter(|visit| names_risk(visit) && !told.contains(&*visit.event.id)).collect();
        for run in &runs {
            out.findings.extend(draft(ctx, run));
        }
        for episode in episodes(risky) {
            let Some(first) = episode.first() else { continue };
            let draft = about_person(ctx, first)
                .title("Microsoft rates a sign-in of a partner user as impossible travel")
                .confidence(Confidence::Medium)
                .evidence("riskEventTypes_v2", text(first.event.risk_event_types.as_deref()), Dataset::SignIns);
            out.push(extent(draft, &episode));
        }
    }
}

/// Ids of the sign-ins that end a leap, by the settings of `ctx`.
pub(super) fn marks<'a>(ctx: &Ctx<'_>, visits: &[Visit<'a>]) -> BTreeSet<&'a str> {
    let came = by_person(visits.iter().filter(|visit| visit.succeeded()));
    came.into_iter().flat_map(|(_, came)| leaps(ctx, &came)).map(|leap| &*leap.to.event.id).collect()
}

fn names_risk(visit: &Visit<'_>) -> bool {
    let types = visit.event.risk_event_types.as_deref().unwrap_or_default();
    types.split(',').any(|kind| RISKS.iter().any(|risk| kind.trim().eq_ignore_ascii_case(risk)))
}

/// Steps from one sign-in with a known place to the next that nobody can travel.
fn leaps<'v, 'a>(ctx: &Ctx<'_>, came: &[&'v Visit<'a>]) -> Vec<Leap<'v, 'a>> {
    let placed: Vec<(&Visit<'a>, [f64; 2])> = came.iter().filter_map(|visit| Some((*visit, place(visit)?))).collect();
    let leap = |pair: &[(&'v Visit<'a>, [f64; 2])]| {
        let [(from, start), (to, end)] = pair else { return None };
        let seconds = (to.at().utc() - from.at().utc()).num_seconds();
        let km = whole(distance(*start, *end));
        // Two events of one second: as if a second apart.
        let kmh = whole(distance(*start, *end) * 3_600.0 / f64::from(i32::try_from(seconds.max(1)).unwrap_or(i32::MAX)));
        let same_network = from.event.asn.is_some() && from.event.asn == to.event.asn;
        let limit = |name: &str| ctx.settings.int(name);
        let is_leap = !same_network
            && seconds <= limit("max-gap-hours").saturating_mul(3_600)
            && km >= limit("min-distance-km")
            && kmh > limit("max-speed-kmh");
        is_leap.then_some(Leap { from, to, km, kmh })
    };
    placed.windows(2).filter_map(leap).collect()
}

/// Leaps that follow one another are one finding.
fn runs<'v, 'a>(leaps: Vec<Leap<'v, 'a>>) -> Vec<Vec<Leap<'v, 'a>>> {
    let mut runs: Vec<Vec<Leap<'v, 'a>>> = Vec::new();
    for leap in leaps {
        match runs.last_mut().filter(|run| run.last().is_some_and(|last| last.to.event.id == leap.from.event.id)) {
            Some(run) => run.push(leap),
            None => runs.push(vec![leap]),
        }
    }
    runs
}

fn draft(ctx: &Ctx<'_>, run: &[Leap<'_, '_>]) -> Option<Draft> {
    let first = run.first()?;
    let (from, to) = (first.from.event, first.to.event);
    let country = |country: Option<&str>| country.unwrap_or("?").to_owned();
    let is_sure = from.asn.is_some() && to.asn.is_some();
    let draft = about_person(ctx, first.from)
        .confidence(if is_sure { Confidence::Medium } else { Confidence::Low })
        .note(format!("{} to {}, {} km", country(from.country.as_deref()), country(to.country.as_deref()), first.km))
        .evidence("id (next event)", &*to.id, Dataset::SignIns)
        .evidence("createdDateTime (next event)", first.to.at().to_string(), Dataset::SignIns)
        .evidence("ipAddress (next event)", text(to.ip_address.as_deref()), Dataset::SignIns)
        .evidence("location.countryOrRegion", vec![country(from.country.as_deref()), country(to.country.as_deref())], Dataset::SignIns)
        .evidence("autonomousSystemNumber", vec![system(from.asn), system(to.asn)], Dataset::SignIns)
        .evidence("kilometres", first.km, Dataset::SignIns)
        .evidence("kilometres an hour", first.kmh, Dataset::SignIns)
        .evidence("leaps", run.len(), Dataset::SignIns);
    Some(SETTINGS.iter().fold(draft, |draft, setting| draft.setting(setting.name, ctx.settings.int(setting.name))))
}

fn system(asn: Option<u32>) -> String {
    asn.map_or_else(|| "?".to_owned(), |asn| format!("AS{asn}"))
}

/// Latitude and longitude, if they are a place. Zero and zero is what stands there when nobody knows.
fn place(visit: &Visit<'_>) -> Option<[f64; 2]> {
    let [latitude, longitude] = visit.event.position?.map(f64::from);
    let is_place = latitude.abs() <= 90.0 && longitude.abs() <= 180.0 && (latitude, longitude) != (0.0, 0.0);
    is_place.then_some([latitude, longitude])
}

/// Kilometres between two places over the ground (haversine; the earth as a sphere).
fn distance(from: [f64; 2], to: [f64; 2]) -> f64 {
    const EARTH_KM: f64 = 6_371.0;
    let [[lat1, lon1], [lat2, lon2]] = [from, to].map(|place| place.map(f64::to_radians));
    let half = ((lat2 - lat1) / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * ((lon2 - lon1) / 2.0).sin().powi(2);
    2.0 * EARTH_KM * half.clamp(0.0, 1.0).sqrt().asin()
}

/// Rounded: the last digits of a distance may differ from machine to machine.
#[expect(clippy::cast_possible_truncation, reason = "a cast from a float stops at the ends")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{RULE, distance, whole};
    use crate::domain::{Confidence, Timestamp};
    use crate::policy::rules::testing::{Case, at_hour, customer_case, visit};

    const AMSTERDAM: [f64; 2] = [52.37, 4.9];
    const SINGAPORE: [f64; 2] = [1.35, 103.82];

    fn event(id: &str, minutes: i64, place: [f64; 2], asn: u32) -> Value {
        let at = Timestamp::new(at_hour(0).utc() + chrono::TimeDelta::minutes(minutes)).to_string();
        visit(id, 0, json!({ "createdDateTime": at, "position": place, "asn": asn, "country": format!("{asn}") }))
    }

    fn with(events: Vec<Value>) -> Case {
        customer_case(json!({ "signIns": { "events": events } }))
    }

    fn keys(case: &Case) -> Vec<String> {
        case.run(&RULE).findings.into_iter().map(|draft| draft.own_key).collect()
    }

    #[test]
    fn distances() {
        assert_eq!(whole(distance(AMSTERDAM, SINGAPORE) / 100.0), 105);
        assert_eq!(whole(distance([0.0, 179.5], [0.0, -179.5])), 111, "over the date line");
        assert_eq!(whole(distance([90.0, 0.0], [-90.0, 0.0])), 20_015);
        assert_eq!(whole(distance(AMSTERDAM, AMSTERDAM)), 0);
    }

    #[test]
    fn too_far_too_fast_from_another_network() {
        let travel = |minutes: i64, place: [f64; 2], asn: u32| {
            keys(&with(vec![event("a", -900, AMSTERDAM, 1), event("b", minutes - 900, place, asn)]))
        };
        assert_eq!(travel(60, SINGAPORE, 2), ["a"]);
        assert_eq!(travel(0, SINGAPORE, 2), ["a"], "in the same second");
        assert!(travel(60, SINGAPORE, 1).is_empty(), "one network with two exits");
        assert!(travel(60, [51.92, 4.48], 2).is_empty(), "Rotterdam");
        assert_eq!(travel(11 * 60, SINGAPORE, 2), ["a"], "955 km an hour");
        assert!(travel(12 * 60, SINGAPORE, 2).is_empty(), "876 km an hour");
        let slow = with(vec![event("a", -900, AMSTERDAM, 1), event("b", -180, SINGAPORE, 2)]);
        assert_eq!(keys(&slow.int("max-speed-kmh", 800)), ["a"]);
        let later = with(vec![event("a", -900, AMSTERDAM, 1), event("b", -179, SINGAPORE, 2)]);
        assert!(keys(&later.int("max-speed-kmh", 800)).is_empty(), "more than twelve hours apart");
        let near = with(vec![event("a", -60, AMSTERDAM, 1), event("b", -59, [48.85, 2.35], 2)]);
        assert!(keys(&near).is_empty(), "Paris is 430 km away");
        assert_eq!(keys(&near.int("min-distance-km", 400)), ["a"]);
    }

    #[test]
    fn to_and_fro_is_one_finding() {
        let there = vec![event("a", -180, AMSTERDAM, 1), event("b", -120, SINGAPORE, 2), event("c", -60, AMSTERDAM, 1)];
        assert_eq!(keys(&with(there)), ["a"]);
    }

    #[test]
    fn unknown_places_are_passed_over_and_unknown_networks_are_less_sure() {
        let mut events = vec![event("a", -180, AMSTERDAM, 1), event("x", -150, [0.0, 0.0], 3), event("b", -120, SINGAPORE, 2)];
        events.push(visit("y", -1, json!({ "position": null })));
        assert_eq!(keys(&with(events.clone())), ["a"]);
        events[2]["asn"] = Value::Null;
        assert_eq!(with(events.clone()).run(&RULE).findings[0].confidence, Confidence::Low);
        events[2]["errorCode"] = json!(50126);
        assert!(keys(&with(events)).is_empty(), "who did not get in was not there");
    }

    #[test]
    fn microsoft_s_own_verdict_counts() {
        let risk = |types: &str| visit("r", -5, json!({ "riskEventTypes": types }));
        assert_eq!(keys(&with(vec![risk("anonymizedIPAddress,ImpossibleTravel")])), ["r"]);
        assert!(keys(&with(vec![risk("anonymizedIPAddress")])).is_empty());
        let mut both = event("b", -120, SINGAPORE, 2);
        both["riskEventTypes"] = json!("unlikelyTravel");
        assert_eq!(keys(&with(vec![event("a", -180, AMSTERDAM, 1), both])), ["a"], "told once");
    }

    #[test]
    fn both_networks_are_named() {
        assert_eq!([super::system(Some(64496)), super::system(None)], ["AS64496", "?"]);
    }
}
