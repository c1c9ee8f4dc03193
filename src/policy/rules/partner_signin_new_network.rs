//! SGN-03: see the page.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::rule_meta::{Reads, Setting, SettingDefault, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};
use crate::policy::settings::Approved;

use super::network::{Network, Prefixes, range};
use super::shared::{BOTH, count, few, list};
use super::visits::{self, BASELINE_DAYS, MIN_BASELINE_DAYS, Memories, Past, Visit, about_person, by_person, extent, note_no_past};
use super::{approval, limits};

/// Companies that rent machines to anybody, by the holders that the registries (ARIN, RIPE NCC, APNIC) name: DigitalOcean, OVH, Hetzner, Vultr, Linode, M247, Datacamp, Amazon, Google Cloud, Alibaba, Contabo.
const HOSTING: &[&str] =
    &["14061", "16276", "24940", "20473", "63949", "9009", "60068", "212238", "14618", "16509", "396982", "45102", "51167"];

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-signin-new-network",
        code: "SGN-03",
        title: "Partner signs in from a new network",
        views: BOTH,
        severity: Severity::Low,
        severity_note: "Medium where the new network is one of `hosting-asns`.",
        uses: &[required(Dataset::SignIns)],
        customer_uses: &[required(Dataset::SignIns)],
        reads: Reads::All,
        fields: &[
            "signIns.events.asn",
            "signIns.events.ipAddress",
            "signIns.events.homeTenantId",
            "signIns.events.userPrincipalName",
            "signIns.events.userId",
            "signIns.events.errorCode",
            "signIns.events.createdDateTime",
            "signIns.events.crossTenantAccessType",
            "signIns.events.resourceTenantId",
            "coverage.sign-ins.from",
            "coverage.sign-ins.to",
        ],
        settings: &[
            BASELINE_DAYS,
            MIN_BASELINE_DAYS,
            count("min-baseline-events", 5, "Sign-ins of the same tenant that the baseline must hold."),
            list("partner-asns", &[], "Autonomous systems, or ranges as the finding writes them, that are never new."),
            list("hosting-asns", HOSTING, "Autonomous systems of hosting companies: a new one of them is medium."),
            count("max-ips-per-user-day", 3, "Ranges that one person may use within 24 hours."),
            prefix("prefix-v4", 24, 32, "Bits of an IPv4 address that make a range."),
            prefix("prefix-v6", 48, 128, "Bits of an IPv6 address that make a range."),
        ],
        remediation: "Ask the partner whether the network is its own. Collect its egress ranges as a named location (Entra admin center > Conditional \
                      Access > Named locations) and let service provider users in from there alone.",
        attack: &["T1199"],
        mitigations: &["M1030"],
        nist: &["AC-4", "SC-7"],
        benchmarks: &[],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-signin-new-network.md"),
    },
    check,
};

const fn prefix(name: &'static str, default: i64, max: i64, doc: &'static str) -> Setting {
    Setting { name, default: SettingDefault::Int { default, min: 1, max }, doc }
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let bits = |name: &str| u32::try_from(ctx.settings.int(name)).unwrap_or(0);
    let prefixes = Prefixes { v4: bits("prefix-v4"), v6: bits("prefix-v6") };
    let visits: Vec<&Visit<'_>> = visits::all(ctx).iter().filter(|visit| visit.succeeded()).collect();
    match Past::of(ctx, Dataset::SignIns) {
        Some(past) => new_networks(ctx, out, &visits, past, prefixes),
        None => note_no_past(out, visits.iter().copied()),
    }
    many_ranges(ctx, out, &visits, prefixes);
    limits::beyond(ctx, out, visits.iter().copied(), limits::network, |approval, episode, draft| {
        let seen = limits::each_once(episode, |visit| {
            let system = visit.event.asn.map(|number| format!("AS{number}"));
            let address = visit.event.ip_address.as_deref().map(str::to_owned);
            Some([address, system].into_iter().flatten().collect::<Vec<_>>().join(" "))
        });
        draft
            .title("Partner signs in from a network that its approval does not name")
            .severity(Severity::Medium)
            .note(few(&seen))
            .evidence("ipAddress, autonomousSystemNumber", seen, Dataset::SignIns)
            .setting("approved.networks", names(approval))
    });
}

fn names(approval: &Approved) -> Vec<String> {
    approval.networks.iter().flatten().map(|range| range.to_string()).collect()
}

/// Networks from which nobody of that tenant came before.
fn new_networks(ctx: &Ctx<'_>, out: &mut Out, visits: &[&Visit<'_>], past: Past, prefixes: Prefixes) {
    let mut memories = Memories::new();
    for visit in visits {
        let Some(network) = Network::of(visit.event.asn, visit.event.ip_address.as_deref(), prefixes) else { continue };
        let memory = memories.of(visit);
        let start = past.start(visit.at());
        let is_new = past.reaches(visit.at())
            && !memory.knows(&network, start)
            && memory.count(start) >= ctx.settings.int("min-baseline-events")
            && !network.is_in(ctx.settings.list("partner-asns"))
            && !limits::is_beyond(ctx, visit, limits::network);
        if is_new {
            let known: Vec<String> = memory.known(start).map(Network::to_string).collect();
            let is_hosting = network.is_in(ctx.settings.list("hosting-asns"));
            let draft = about_person(ctx, visit)
                .confidence(Confidence::Low)
                .severity(if is_hosting { Severity::Medium } else { Severity::Low })
                .note(format!("{network} on {}", visit.at().date()))
                .evidence("autonomousSystemNumber", visit.event.asn, Dataset::SignIns)
                .evidence("network", network.to_string(), Dataset::SignIns)
                .evidence("network (baseline)", known, Dataset::SignIns)
                .setting(BASELINE_DAYS.name, ctx.settings.int(BASELINE_DAYS.name))
                .setting("min-baseline-events", ctx.settings.int("min-baseline-events"));
            out.push(settled(draft, limits::inside(ctx, visit, limits::network)));
        }
        memory.add(network, visit.at());
    }
}

/// People who came from more ranges within 24 hours than one person has. It needs no past.
fn many_ranges(ctx: &Ctx<'_>, out: &mut Out, visits: &[&Visit<'_>], prefixes: Prefixes) {
    let limit = ctx.settings.int("max-ips-per-user-day");
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    // Addresses are few beside the sign-ins from them.
    let mut ranges: HashMap<&str, Option<Arc<str>>> = HashMap::new();
    let mut range_of = |address| ranges.entry(address).or_insert_with(|| range(address, prefixes).map(Arc::from)).clone();
    // Who came from no more ranges in the whole log did not within a day either.
    let mut of_person: HashMap<u32, BTreeSet<Arc<str>>> = HashMap::new();
    for visit in visits {
        let Some(range) = visit.event.ip_address.as_deref().and_then(&mut range_of) else { continue };
        let known = of_person.entry(visit.who).or_default();
        if known.len() <= most && !known.contains(&range) {
            known.insert(range);
        }
    }
    let is_many = |visit: &&&Visit<'_>| of_person.get(&visit.who).is_some_and(|ranges| ranges.len() > most);
    for (_, came) in by_person(visits.iter().filter(is_many).copied()) {
        let ranged: Vec<(&Visit<'_>, Arc<str>)> = came
            .into_iter()
            .filter_map(|visit| visit.event.ip_address.as_deref().and_then(&mut range_of).map(|range| (visit, range)))
            .collect();
        for (from, to) in crowded(&ranged, most) {
            let episode: Vec<&Visit<'_>> = ranged[from..=to].iter().map(|(visit, _)| *visit).collect();
            let Some(first) = episode.first() else { continue };
            let mut ranges: Vec<String> = ranged[from..=to].iter().map(|(_, range)| range.to_string()).collect();
            ranges.sort();
            ranges.dedup();
            let draft = about_person(ctx, first)
                .key(format!("many/{}", first.event.id))
                .title("Partner user signs in from many networks within a day")
                .confidence(Confidence::Low)
                .severity(Severity::Low)
                .note(format!("{} networks, limit {limit}", ranges.len()))
                .evidence("ipAddress (ranges)", ranges, Dataset::SignIns)
                .setting("max-ips-per-user-day", limit);
            let covering = limits::inside(ctx, first, limits::network)
                .filter(|_| episode.iter().all(|visit| limits::inside(ctx, visit, limits::network).is_some()));
            out.push(settled(extent(draft, &episode), covering));
        }
    }
}

/// Lowers what lies inside an approval.
fn settled(draft: Draft, approval: Option<&Approved>) -> Draft {
    match approval {
        Some(approval) => approval::lowered(draft.setting("approved.networks", names(approval)), approval),
        None => draft,
    }
}

/// Stretches of events in which some 24 hours hold more than `most` ranges; those that overlap are one.
fn crowded(events: &[(&Visit<'_>, Arc<str>)], most: usize) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut inside: BTreeMap<&str, usize> = BTreeMap::new();
    let mut start = 0;
    for (end, (visit, range)) in events.iter().enumerate() {
        *inside.entry(range).or_default() += 1;
        while visit.at().utc() - events[start].0.at().utc() >= TimeDelta::hours(24) {
            let left = &*events[start].1;
            match inside.get_mut(left) {
                Some(number) if *number > 1 => *number -= 1,
                _ => {
                    inside.remove(left);
                }
            }
            start += 1;
        }
        if inside.len() <= most {
            continue;
        }
        match found.last_mut() {
            Some(last) if start <= last.1 => last.1 = end,
            _ => found.push((start, end)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{Case, at, customer_case, visit};

    fn with(events: Vec<Value>) -> Case {
        customer_case(json!({ "signIns": { "events": events } }))
    }

    /// Five sign-ins from one network, then one from another.
    fn then(before: i64, hours: i64, more: Value) -> Case {
        let mut events: Vec<Value> = (0..before).map(|n| visit(&format!("b{n}"), hours - 24 * (n + 1), json!({}))).collect();
        events.push(visit("e1", hours, more));
        with(events)
    }

    fn elsewhere(asn: u32) -> Value {
        json!({ "asn": asn, "ipAddress": "198.51.100.7" })
    }

    #[test]
    fn an_approval_s_networks() {
        let within = |networks: &[&str], more: Value| {
            let networks = Some(networks.iter().map(|text| crate::domain::limits::NetRange::parse(text).unwrap()).collect());
            then(5, -2, more).approve_within(crate::policy::settings::Approved { networks, ..Default::default() }).run(&RULE)
        };
        let inside = within(&["192.0.2.0/24", "AS64500"], elsewhere(64500)).findings;
        assert_eq!((inside.len(), inside[0].severity, inside[0].approval.is_some()), (1, Some(Severity::Info), true));
        let beyond = within(&["192.0.2.0/24"], elsewhere(64500)).findings;
        assert_eq!((beyond.len(), beyond[0].severity, beyond[0].own_key.as_str()), (1, Some(Severity::Medium), "e1"));
        assert!(beyond[0].evidence.iter().any(|one| one.field == "approved.networks"));
        let usual = within(&["AS64500"], elsewhere(64500)).findings;
        assert_eq!(usual.iter().filter(|draft| draft.approval.is_none()).count(), 1, "what was usual all along lies beyond it too");
        let hidden = within(&["192.0.2.0/24"], json!({ "asn": 64500, "ipAddress": "198.51.100.XXX" }));
        assert!(hidden.findings.iter().all(|draft| draft.approval.is_none()) && hidden.unjudged.len() == 1, "{hidden:?}");
    }

    #[test]
    fn a_network_that_the_baseline_does_not_hold() {
        let drafts = then(5, -2, elsewhere(64511)).run(&RULE).findings;
        assert_eq!((drafts.len(), drafts[0].severity, drafts[0].own_key.as_str()), (1, Some(Severity::Low), "e1"));
        assert_eq!(then(5, -2, elsewhere(14061)).run(&RULE).findings[0].severity, Some(Severity::Medium), "a hosting company");
        assert!(!then(4, -2, elsewhere(64511)).fires(&RULE));
        assert!(!then(5, -24 * 16 - 1, elsewhere(64511)).fires(&RULE), "too little log before it");
        assert!(!then(5, -2, json!({ "ipAddress": "198.51.100.7" })).fires(&RULE), "the same system under another address");
        assert!(!then(5, -2, elsewhere(64511)).list("partner-asns", &["as64511"]).fires(&RULE));
        assert!(!then(5, -2, json!({ "asn": 64511, "errorCode": 50126 })).fires(&RULE));
    }

    #[test]
    fn without_a_system_the_range_counts() {
        let at_address = |address: Value| {
            let mut events: Vec<Value> = (0..5).map(|n| visit(&format!("b{n}"), -24 * (n + 1), json!({ "asn": null }))).collect();
            events.push(visit("e1", -2, json!({ "asn": null, "ipAddress": address })));
            with(events).fires(&RULE)
        };
        assert!(!at_address(json!("192.0.2.200")));
        assert!(at_address(json!("192.0.3.1")));
        assert!(!at_address(Value::Null));
    }

    #[test]
    fn more_ranges_a_day_than_one_person_has() {
        let from = |hours: &[i64]| {
            let events = hours.iter().enumerate();
            let keys = |case: Case| case.run(&RULE).findings.into_iter().map(|draft| draft.own_key).collect::<Vec<_>>();
            keys(with(events.map(|(n, hours)| visit(&format!("e{n}"), *hours, json!({ "ipAddress": format!("10.0.{n}.1") }))).collect()))
        };
        assert!(from(&[-20, -15, -10]).is_empty());
        assert_eq!(from(&[-20, -15, -10, -5]), ["many/e0"]);
        assert!(from(&[-30, -15, -10, -6]).is_empty(), "24 hours apart");
        assert_eq!(from(&[-40, -35, -30, -25, -20]), ["many/e0"], "overlapping days are one");
        assert_eq!(from(&[-100, -99, -98, -97, -4, -3, -2, -1]), ["many/e0", "many/e4"]);
    }

    #[test]
    fn the_range_decides_how_many_there_are() {
        let events = (0..4).map(|n| visit(&format!("e{n}"), n - 10, json!({ "ipAddress": format!("192.0.2.{n}") }))).collect::<Vec<_>>();
        assert!(!with(events.clone()).fires(&RULE));
        assert!(with(events.clone()).int("prefix-v4", 32).fires(&RULE));
        assert!(!with(events).int("prefix-v4", 32).int("max-ips-per-user-day", 4).fires(&RULE));
    }

    #[test]
    fn a_log_with_holes_shows_many_ranges_but_nothing_new() {
        let half = Coverage { from: Some(at(-30)), to: Some(at(0)), ..Coverage::new(Status::Partial) };
        let out = then(5, -2, elsewhere(64511)).coverage(Dataset::SignIns, half.clone()).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged.len()), (0, 1));
        let events = (0..4).map(|n| visit(&format!("e{n}"), n - 10, json!({ "ipAddress": format!("10.0.{n}.1") }))).collect();
        assert!(with(events).coverage(Dataset::SignIns, half).fires(&RULE));
    }

    #[test]
    fn a_range_that_is_there_twice_leaves_once() {
        // The first range comes again within the day of the fourth: four ranges in 24 hours.
        let come = [(-40, 0), (-20, 0), (-15, 1), (-12, 2), (-10, 3)];
        let events = come.iter().enumerate();
        let events = events.map(|(n, (hours, range))| visit(&format!("e{n}"), *hours, json!({ "ipAddress": format!("10.0.{range}.1") })));
        assert!(with(events.collect()).fires(&RULE));
    }
}
