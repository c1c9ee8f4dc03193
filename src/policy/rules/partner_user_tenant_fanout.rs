//! SGN-10: see the page.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use chrono::TimeDelta;

use crate::domain::facts::SignIn;
use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, Timestamp};
use crate::policy::index::may_be_delegated;
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, count, holds, list, minutes, text};
use super::visits::{BASELINE_DAYS, MIN_BASELINE_DAYS, Memory, Past};

/// How many times the usual number a burst must exceed.
const TIMES_USUAL: i64 = 3;
/// The usual number: what this share of a user's own windows, in percent, does not exceed.
const PERCENTILE: u64 = 95;
/// Bursts of one episode are no further apart than this.
const EPISODE_GAP_HOURS: i64 = 24;
/// Most customers that one finding names.
const MOST_NAMES: usize = 20;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-user-tenant-fanout",
        code: "SGN-10",
        title: "One partner user enters many customers in a short time",
        views: PARTNER,
        severity: Severity::High,
        severity_note: "",
        uses: &[required(Dataset::SignIns)],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "signIns.events.userId",
            "signIns.events.resourceTenantId",
            "signIns.events.createdDateTime",
            "signIns.events.errorCode",
            "signIns.events.crossTenantAccessType",
            "coverage.sign-ins.from",
            "coverage.sign-ins.to",
        ],
        settings: &[
            count(
                "fan-out-tenants",
                10,
                "Customers that one user may enter within `fan-out-minutes`; one entered for the first time counts twice.",
            ),
            minutes("fan-out-minutes", 60, "Length of the window in minutes."),
            BASELINE_DAYS,
            MIN_BASELINE_DAYS,
            list("ignore-users", &[], "Object ids of automation users whose work it is to visit all customers."),
        ],
        remediation: "Block the account and revoke its sessions (POST /users/{id}/revokeSignInSessions), compare the visits with the tickets of that \
                      hour, and tell each customer that was entered.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018", "M1030"],
        nist: &["AC-6", "SC-46", "SI-4"],
        benchmarks: &[],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-user-tenant-fanout.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let ignored = ctx.settings.list("ignore-users");
    let mut by_user: HashMap<&str, Vec<&SignIn>> = HashMap::new();
    for event in ctx.facts.sign_ins.events.iter().filter(|event| event.error_code == 0 && may_be_delegated(event)) {
        if !event.user_id.is_empty() && !holds(ignored, &event.user_id) {
            by_user.entry(&event.user_id).or_default().push(event);
        }
    }
    let by_user: BTreeMap<&str, Vec<&SignIn>> = by_user.into_iter().collect();
    let terms = Terms::of(ctx);
    for (user, mut events) in by_user {
        events.sort_unstable_by(|a, b| (a.created_date_time, &a.id).cmp(&(b.created_date_time, &b.id)));
        for burst in bursts(&terms, &events) {
            out.push(draft(ctx, &terms, user, &events, &burst));
        }
    }
}

/// What the settings and the log allow.
struct Terms {
    limit: i64,
    minutes: i64,
    baseline_days: i64,
    /// `None` where what the log does not hold may still have happened.
    past: Option<Past>,
}

impl Terms {
    fn of(ctx: &Ctx<'_>) -> Self {
        Terms {
            limit: ctx.settings.int("fan-out-tenants"),
            minutes: ctx.settings.int("fan-out-minutes"),
            baseline_days: ctx.settings.int(BASELINE_DAYS.name),
            past: Past::of(ctx, Dataset::SignIns),
        }
    }

    /// True if enough log lies before `at` to know what is usual and what is new.
    fn knows_the_past_of(&self, at: Timestamp) -> bool {
        self.past.is_some_and(|past| past.reaches(at))
    }

    fn window_start(&self, at: Timestamp) -> Timestamp {
        Timestamp::new(at.utc() - TimeDelta::minutes(self.minutes))
    }
}

/// The worst window of an episode.
struct Burst {
    /// Index of the first event that went over the limit: it names the episode.
    first: usize,
    /// Index of the last such event.
    last: usize,
    /// Indices of the events of the worst window.
    window: std::ops::RangeInclusive<usize>,
    customers: usize,
    new: usize,
    usual: i64,
}

impl Burst {
    fn weight(&self) -> usize {
        self.customers + self.new
    }
}

/// Episodes in which one user's events, oldest first, exceed what is allowed and usual.
fn bursts(terms: &Terms, events: &[&SignIn]) -> Vec<Burst> {
    let mut found: Vec<Burst> = Vec::new();
    let mut window = Window::default();
    let mut usual = Usual::default();
    let mut memory: Memory<&str> = Memory::new();
    for (at, event) in events.iter().enumerate() {
        let time = event.created_date_time;
        let customer = &*event.resource_tenant_id;
        let is_new = terms.knows_the_past_of(time) && !memory.knows(&customer, time.plus_days(-terms.baseline_days));
        memory.add(customer, time);
        let start = terms.window_start(time);
        window.drop_until(start);
        window.add(at, time, customer, is_new);
        usual.slide(time.plus_days(-terms.baseline_days), start);
        let weight = i64::try_from(window.customers.len() + window.new).unwrap_or(i64::MAX);
        if weight > terms.limit && weight > TIMES_USUAL * usual.percentile() {
            let burst = Burst {
                first: at,
                last: at,
                window: window.first().unwrap_or(at)..=at,
                customers: window.customers.len(),
                new: window.new,
                usual: usual.percentile(),
            };
            join(&mut found, burst, events);
        }
        usual.add(time, window.customers.len());
    }
    found
}

/// Adds a burst to the episode that it belongs to, or begins another.
fn join(found: &mut Vec<Burst>, burst: Burst, events: &[&SignIn]) {
    let time = |at: usize| events.get(at).map(|event| event.created_date_time.utc());
    let is_near =
        |last: &Burst| time(burst.first).zip(time(last.last)).is_some_and(|(at, last)| at - last <= TimeDelta::hours(EPISODE_GAP_HOURS));
    match found.last_mut().filter(|last| is_near(last)) {
        Some(episode) if burst.weight() > episode.weight() => *episode = Burst { first: episode.first, ..burst },
        Some(episode) => episode.last = burst.last,
        None => found.push(burst),
    }
}

/// The events of the last minutes.
#[derive(Default)]
struct Window<'a> {
    events: VecDeque<(usize, Timestamp, &'a str, bool)>,
    /// How many events each customer has in it.
    customers: BTreeMap<&'a str, usize>,
    /// How many of its customers were entered for the first time in it.
    new: usize,
}

impl<'a> Window<'a> {
    fn first(&self) -> Option<usize> {
        self.events.front().map(|(at, ..)| *at)
    }

    fn add(&mut self, at: usize, time: Timestamp, customer: &'a str, is_new: bool) {
        self.events.push_back((at, time, customer, is_new));
        *self.customers.entry(customer).or_default() += 1;
        self.new += usize::from(is_new);
    }

    /// Drops what lies at `start` or before.
    fn drop_until(&mut self, start: Timestamp) {
        while let Some((_, _, customer, is_new)) = self.events.pop_front_if(|(_, time, ..)| *time <= start) {
            self.new -= usize::from(is_new);
            if let Some(count) = self.customers.get_mut(customer) {
                *count -= 1;
                if *count == 0 {
                    self.customers.remove(customer);
                }
            }
        }
    }
}

/// How many customers a user's windows held in the past.
#[derive(Default)]
struct Usual {
    windows: VecDeque<(Timestamp, usize)>,
    /// Those of `windows`, from the front, that lie wholly before the current window.
    counted: usize,
    /// How many of these held so many customers.
    histogram: BTreeMap<usize, u64>,
}

impl Usual {
    fn add(&mut self, time: Timestamp, customers: usize) {
        self.windows.push_back((time, customers));
    }

    /// Counts the windows that end at `until` or before, but not before `from`.
    fn slide(&mut self, from: Timestamp, until: Timestamp) {
        while let Some((_, customers)) = self.windows.get(self.counted).filter(|(time, _)| *time <= until) {
            *self.histogram.entry(*customers).or_default() += 1;
            self.counted += 1;
        }
        while self.counted > 0 {
            let Some((_, customers)) = self.windows.pop_front_if(|(time, _)| *time < from) else { break };
            self.counted -= 1;
            if let Some(count) = self.histogram.get_mut(&customers) {
                *count -= 1;
            }
        }
    }

    /// The nearest-rank percentile; 0 without a past.
    fn percentile(&self) -> i64 {
        let rank = (self.counted as u64 * PERCENTILE).div_ceil(100);
        let mut seen = 0;
        let found = self.histogram.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        });
        found.filter(|_| rank > 0).map_or(0, |(customers, _)| i64::try_from(*customers).unwrap_or(i64::MAX))
    }
}

fn draft(ctx: &Ctx<'_>, terms: &Terms, user: &str, events: &[&SignIn], burst: &Burst) -> Draft {
    let worst = events.get(burst.window.clone()).unwrap_or_default();
    let name = worst.iter().rev().find_map(|event| event.user_principal_name.as_deref());
    let known = ctx.index.principal(user).map(|principal| principal.label());
    let ids: BTreeSet<&str> = worst.iter().map(|event| &*event.resource_tenant_id).collect();
    let mut customers: Vec<String> = ids.into_iter().map(|id| ctx.index.party(id).name).collect();
    customers.sort_unstable();
    customers.truncate(MOST_NAMES);
    let time = |event: Option<&&SignIn>| event.map(|event| event.created_date_time);
    let (from, to) = (time(worst.first()), time(worst.last()));
    let took = from.zip(to).map_or(0, |(from, to)| (to.utc() - from.utc()).num_minutes());
    let first = events.get(burst.first);
    let is_sure = first.is_some_and(|event| terms.knows_the_past_of(event.created_date_time));
    Draft::about("user", user, name.or(known).unwrap_or(user))
        .key(first.map_or("", |event| &*event.id))
        .confidence(if is_sure { Confidence::Medium } else { Confidence::Low })
        .since(time(first))
        .note(format!("{} customers in {took} min, usually {}", burst.customers, burst.usual))
        .evidence("count(resourceTenantId)", burst.customers, Dataset::SignIns)
        .evidence("count(resourceTenantId, first access)", burst.new, Dataset::SignIns)
        .evidence("95th percentile of count(resourceTenantId)", burst.usual, Dataset::SignIns)
        .evidence("resourceTenantId", customers, Dataset::SignIns)
        .evidence("createdDateTime (first event)", super::shared::time(from), Dataset::SignIns)
        .evidence("createdDateTime (last event)", super::shared::time(to), Dataset::SignIns)
        .evidence("ipAddress", text(first.and_then(|event| event.ip_address.as_deref())), Dataset::SignIns)
        .evidence("appDisplayName", text(first.and_then(|event| event.app_display_name.as_deref())), Dataset::SignIns)
        .setting("fan-out-tenants", terms.limit)
        .setting("fan-out-minutes", terms.minutes)
        .setting(BASELINE_DAYS.name, terms.baseline_days)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{Coverage, Status};
    use crate::policy::rules::testing::{Case, at_hour, case};

    /// A sign-in of Ann, in minutes from the time at which cases are judged.
    fn event(customer: usize, minutes: i64, more: Value) -> Value {
        let at = Timestamp::new(at_hour(0).utc() + TimeDelta::minutes(minutes));
        let mut event = json!({
            "id": format!("e{customer}-{minutes}"), "createdDateTime": at.to_string(), "userId": "ann", "userPrincipalName": "ann@x",
            "resourceTenantId": format!("c{customer:02}"), "crossTenantAccessType": "serviceProvider", "errorCode": 0,
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    }

    /// So many customers, a minute apart, from `start` on.
    fn burst(customers: usize, start: i64, more: &Value) -> Vec<Value> {
        (0..customers).map(|n| event(n, start + n as i64, more.clone())).collect()
    }

    /// Each customer visited alone, an hour and a half apart, ten days ago: none of them is new.
    fn known(customers: usize) -> Vec<Value> {
        (0..customers).map(|n| event(n, -10 * 1440 + 90 * n as i64, json!({}))).collect()
    }

    fn with(events: &[&[Value]]) -> Case {
        case(json!({ "signIns": { "events": events.concat() } })).window(30)
    }

    fn numbers(case: &Case) -> Vec<(usize, usize, i64)> {
        let number = |draft: &Draft, n: usize| draft.evidence[n].value.as_i64().unwrap();
        let drafts = case.run(&RULE).findings;
        drafts.iter().map(|draft| (number(draft, 0) as usize, number(draft, 1) as usize, number(draft, 2))).collect()
    }

    #[test]
    fn the_limit_itself_is_fine() {
        let none = json!({});
        assert!(numbers(&with(&[&known(11), &burst(10, -60, &none)])).is_empty());
        assert_eq!(numbers(&with(&[&known(11), &burst(11, -60, &none)])), [(11, 0, 1)]);
        let case = with(&[&known(11), &burst(5, -60, &none)]);
        assert!(case.int("fan-out-tenants", 4).fires(&RULE));
    }

    #[test]
    fn a_first_access_counts_twice() {
        let none = json!({});
        assert!(numbers(&with(&[&burst(5, -60, &none)])).is_empty(), "ten");
        assert_eq!(numbers(&with(&[&burst(6, -60, &none)])), [(6, 6, 0)], "twelve");
        assert_eq!(numbers(&with(&[&known(3), &burst(7, -60, &none)])), [(7, 4, 1)], "eleven");
    }

    #[test]
    fn where_the_past_is_not_known_nothing_is_new_and_the_finding_is_unsure() {
        let none = json!({});
        let confidence = |case: Case| case.run(&RULE).findings.first().map(|draft| draft.confidence);
        assert_eq!(confidence(with(&[&burst(6, -60, &none)]).window(13)), None);
        assert_eq!(confidence(with(&[&burst(11, -60, &none)]).window(13)), Some(Confidence::Low));
        assert_eq!(confidence(with(&[&burst(11, -60, &none)])), Some(Confidence::Medium));
        let holed = Coverage { truncated: true, ..Coverage::new(Status::Partial) };
        assert_eq!(confidence(with(&[&burst(11, -60, &none)]).coverage(Dataset::SignIns, holed)), Some(Confidence::Low));
    }

    #[test]
    fn only_what_lies_within_the_window_counts() {
        let spread = |gap: i64| -> Vec<Value> { (0..11).map(|n| event(n, -700 + gap * n as i64, json!({}))).collect() };
        assert!(with(&[&known(11), &spread(5)]).fires(&RULE), "fifty minutes");
        assert!(!with(&[&known(11), &spread(6)]).fires(&RULE), "the first is an hour older than the last");
        assert!(with(&[&known(11), &spread(6)]).int("fan-out-minutes", 61).fires(&RULE));
    }

    #[test]
    fn who_does_it_every_day_is_not_told() {
        let none = json!({});
        let daily: Vec<Value> = (1..20).flat_map(|day| burst(12, -day * 1440, &none)).collect();
        let found = numbers(&with(&[&daily, &burst(12, -30, &none)]));
        assert_eq!(found.len(), 1, "the first days, and no later one: {found:?}");
        assert!(found[0].2 < 4);
        assert!(!with(&[&burst(12, -30, &none)]).list("ignore-users", &["ANN"]).fires(&RULE));
    }

    #[test]
    fn an_old_habit_is_forgotten() {
        let none = json!({});
        let case = || with(&[&burst(4, -20 * 1440, &none), &burst(12, -30, &none)]);
        assert_eq!(numbers(&case()), [(12, 8, 4)]);
        assert_eq!(numbers(&case().int("baseline-days", 10)), [(12, 12, 0)]);
    }

    #[test]
    fn refused_ones_and_visits_of_guests_are_no_access() {
        for more in [json!({ "errorCode": 50126 }), json!({ "crossTenantAccessType": "b2bCollaboration" }), json!({ "userId": "" })] {
            assert!(!with(&[&burst(12, -30, &more)]).fires(&RULE), "{more}");
        }
        let two: Vec<Value> = (0..12).map(|n| event(n, n as i64 - 30, json!({ "userId": format!("u{}", n % 3) }))).collect();
        assert!(!with(&[&two]).fires(&RULE), "three people, four customers each");
    }

    #[test]
    fn one_finding_an_episode_named_by_its_first_event_and_told_by_its_worst_hour() {
        let none = json!({});
        let case = with(&[&burst(7, -3 * 1440, &none), &burst(25, -3 * 1440 + 600, &none), &burst(55, -60, &none)]);
        let keys: Vec<_> = case.run(&RULE).findings.into_iter().map(|draft| (draft.own_key, draft.note.unwrap())).collect();
        let want = [("e5--4315", "25 customers in 24 min, usually 7"), ("e48--12", "55 customers in 54 min, usually 24")];
        assert_eq!(keys.iter().map(|(key, note)| (key.as_str(), note.as_str())).collect::<Vec<_>>(), want);
    }

    #[test]
    fn the_percentile_is_the_nearest_rank() {
        let of = |counts: &[usize]| {
            let mut usual = Usual::default();
            counts.iter().for_each(|count| usual.add(at_hour(-2), *count));
            usual.slide(at_hour(-9), at_hour(-1));
            usual.percentile()
        };
        let mut twenty = vec![1; 19];
        twenty.push(9);
        assert_eq!([of(&[]), of(&[3]), of(&[1, 2]), of(&twenty), of(&twenty[1..])], [0, 3, 2, 1, 9]);
    }

    #[test]
    fn a_burst_weighs_its_customers_and_again_those_that_are_new() {
        assert_eq!(super::Burst { first: 0, last: 0, window: 0..=0, customers: 3, new: 2, usual: 0 }.weight(), 5);
    }

    #[test]
    fn a_window_that_ends_where_the_past_begins_is_of_it() {
        let of = |ends: i64| {
            let mut usual = Usual::default();
            usual.add(at_hour(ends), 3);
            usual.slide(at_hour(-9), at_hour(-1));
            usual.percentile()
        };
        assert_eq!([of(-10), of(-9), of(-1), of(0)], [0, 3, 3, 0]);
        let slid = |before: usize, after: usize| {
            let mut usual = Usual::default();
            usual.add(at_hour(-10), before);
            usual.add(at_hour(-5), after);
            [-10, -9, -4].map(|from| {
                usual.slide(at_hour(from), at_hour(-1));
                usual.percentile()
            })
        };
        assert_eq!([slid(2, 7), slid(7, 2)], [[7, 7, 0], [7, 2, 0]], "what has left counts no more");
    }
}
