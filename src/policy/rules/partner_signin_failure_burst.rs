//! SGN-08: see the page.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{BOTH, count, list, minutes};
use super::visits::{self, Visit, about_person, about_tenant, by_known, by_person, extent, first_seen};

/// A success so soon after a burst, from the same place, is its success.
const SUCCESS_MINUTES: i64 = 60;
/// Most ids that one finding lists.
const MOST_IDS: usize = 20;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-signin-failure-burst",
        code: "SGN-08",
        title: "Burst of failed partner sign-ins",
        views: BOTH,
        severity: Severity::Medium,
        severity_note: "Critical where one of the people gets in within 60 minutes from the same address or network.",
        uses: &[required(Dataset::SignIns)],
        customer_uses: &[required(Dataset::SignIns)],
        reads: Reads::Some,
        fields: &[
            "signIns.events.errorCode",
            "signIns.events.userPrincipalName",
            "signIns.events.userId",
            "signIns.events.ipAddress",
            "signIns.events.asn",
            "signIns.events.homeTenantId",
            "signIns.events.createdDateTime",
            "signIns.events.crossTenantAccessType",
            "signIns.events.resourceTenantId",
        ],
        settings: &[
            count("fail-count", 10, "Failures of one person that make a burst."),
            count("spray-users", 5, "People who fail from one address that make a burst."),
            minutes("window-minutes", 10, "Minutes within which they fall."),
            list(
                "fail-codes",
                &["50126", "50053", "50057", "50074", "500121", "53003"],
                "Error codes that count: wrong password, locked, disabled, second factor missing or refused, blocked by a policy.",
            ),
        ],
        remediation: "Tell the partner now. Block the address (Entra admin center > Conditional Access > Named locations, Grant: Block for service \
                      provider users). If somebody got in: the partner ends that person's sessions and resets the credentials, and here everything that \
                      person changed since is gone through.",
        attack: &["T1199", "T1110.003", "T1621"],
        mitigations: &["M1032"],
        nist: &["AC-7", "IA-5", "SI-4"],
        benchmarks: &[],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-signin-failure-burst.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let visits = visits::all(ctx);
    let codes: BTreeSet<i32> = ctx.settings.list("fail-codes").iter().filter_map(|code| code.trim().parse().ok()).collect();
    let failed: Vec<&Visit<'_>> = visits.iter().filter(|visit| !visit.succeeded() && codes.contains(&visit.event.error_code)).collect();
    for (_, came) in by_person(failed.iter().copied()) {
        for burst in bursts(ctx, &came, "fail-count", Measure::Events) {
            let Some(first) = burst.first() else { continue };
            let limit = ctx.settings.int("fail-count");
            let draft = about_person(ctx, first).note(format!("{} failures from {}", burst.len(), first.at())).setting("fail-count", limit);
            out.push(judged(ctx, draft, &burst, visits));
        }
    }
    let addressed = by_known(failed, |visit| {
        let address = visit.event.ip_address.as_deref().map(str::trim).filter(|address| !address.is_empty())?;
        Some((visit.home.to_string(), address.to_ascii_lowercase()))
    });
    for ((home, address), came) in addressed {
        for burst in bursts(ctx, &came, "spray-users", Measure::People) {
            let Some(first) = burst.first() else { continue };
            let (who, limit) = (people(&burst), ctx.settings.int("spray-users"));
            let number = who.len();
            let draft = first_seen(about_tenant(ctx, &home), first)
                .key(format!("spray/{}", first.event.id))
                .title("Sign-ins of many partner users fail from one address")
                .note(format!("{number} people from {address}"))
                .evidence("people", number, Dataset::SignIns)
                .evidence("userId", who.into_iter().take(MOST_IDS).collect::<Vec<_>>(), Dataset::SignIns)
                .setting("spray-users", limit);
            out.push(judged(ctx, draft, &burst, visits));
        }
    }
}

fn people<'v>(events: &[&'v Visit<'_>]) -> BTreeSet<&'v str> {
    events.iter().map(|visit| &*visit.person).collect()
}

/// What reaches the limit of a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Events,
    People,
}

/// Stretches of failures, oldest first, in which some `window-minutes` reach the limit; those that overlap are one.
fn bursts<'v, 'a>(ctx: &Ctx<'_>, failed: &[&'v Visit<'a>], limit: &str, measure: Measure) -> Vec<Vec<&'v Visit<'a>>> {
    let window = TimeDelta::minutes(ctx.settings.int("window-minutes"));
    let limit = usize::try_from(ctx.settings.int(limit)).unwrap_or(usize::MAX);
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut people: BTreeMap<&str, usize> = BTreeMap::new();
    let mut start = 0;
    for (end, visit) in failed.iter().enumerate() {
        *people.entry(&visit.person).or_default() += 1;
        while visit.at().utc() - failed[start].at().utc() > window {
            leave(&mut people, &failed[start].person);
            start += 1;
        }
        let reached = match measure {
            Measure::Events => end + 1 - start,
            Measure::People => people.len(),
        };
        if reached < limit {
            continue;
        }
        match found.last_mut() {
            Some(last) if start <= last.1 => last.1 = end,
            _ => found.push((start, end)),
        }
    }
    found.into_iter().map(|(start, end)| failed[start..=end].to_vec()).collect()
}

/// Takes one event of a person out.
fn leave(people: &mut BTreeMap<&str, usize>, person: &str) {
    match people.get_mut(person) {
        Some(number) if *number > 1 => *number -= 1,
        _ => {
            people.remove(person);
        }
    }
}

/// Adds what came of a burst.
fn judged(ctx: &Ctx<'_>, draft: Draft, burst: &[&Visit<'_>], visits: &[Visit<'_>]) -> Draft {
    let codes: BTreeSet<i32> = burst.iter().map(|visit| visit.event.error_code).collect();
    let draft = extent(draft, burst)
        .confidence(Confidence::Medium)
        .evidence("status.errorCode", codes.iter().map(i32::to_string).collect::<Vec<_>>(), Dataset::SignIns)
        .setting("window-minutes", ctx.settings.int("window-minutes"));
    match success_of(burst, visits) {
        None => draft,
        Some(success) => draft
            .severity(Severity::Critical)
            .title("Partner sign-in succeeds after a burst of failures")
            .evidence("id (success)", &*success.event.id, Dataset::SignIns)
            .evidence("createdDateTime (success)", success.at().to_string(), Dataset::SignIns)
            .evidence("userId (success)", &*success.person, Dataset::SignIns),
    }
}

/// The first success, soon after, of one of the people who failed, from where somebody of the burst had failed.
fn success_of<'v, 'a>(burst: &[&Visit<'_>], visits: &'v [Visit<'a>]) -> Option<&'v Visit<'a>> {
    let (first, last) = (burst.first()?, burst.last()?);
    let people: BTreeSet<(&str, &str)> = burst.iter().map(|failed| (&*failed.home, &*failed.person)).collect();
    let addresses: BTreeSet<&str> = burst.iter().filter_map(|failed| failed.event.ip_address.as_deref()).collect();
    let systems: BTreeSet<u32> = burst.iter().filter_map(|failed| failed.event.asn).collect();
    let from = visits.partition_point(|visit| visit.at() < first.at());
    let soon = visits[from..].iter().take_while(|visit| visit.at().utc() - last.at().utc() <= TimeDelta::minutes(SUCCESS_MINUTES));
    soon.filter(|visit| visit.succeeded()).find(|success| {
        let is_near = success.event.ip_address.as_deref().is_some_and(|address| addresses.contains(address))
            || success.event.asn.is_some_and(|asn| systems.contains(&asn));
        is_near && people.contains(&(&*success.home, &*success.person))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Severity, Timestamp};
    use crate::policy::rules::testing::{Case, at_hour, customer_case, visit};

    fn event(id: &str, seconds: i64, more: Value) -> Value {
        let at = Timestamp::new(at_hour(-10).utc() + chrono::TimeDelta::seconds(seconds)).to_string();
        let mut event = visit(id, 0, json!({ "createdDateTime": at, "errorCode": 50126 }));
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    }

    /// So many failures, so many seconds apart.
    fn failures(number: i64, step: i64) -> Vec<Value> {
        (0..number).map(|n| event(&format!("f{n:02}"), n * step, json!({}))).collect()
    }

    fn with(events: Vec<Value>) -> Case {
        customer_case(json!({ "signIns": { "events": events } }))
    }

    fn found(events: Vec<Value>) -> Vec<(String, Severity)> {
        let drafts = with(events).run(&RULE).findings.into_iter();
        drafts.map(|draft| (draft.own_key, draft.severity.unwrap_or(RULE.meta.severity))).collect()
    }

    #[test]
    fn so_many_within_so_long() {
        assert!(found(failures(9, 1)).is_empty());
        assert_eq!(found(failures(10, 1)), [("f00".into(), Severity::Medium)]);
        assert_eq!(found(failures(10, 66)), [("f00".into(), Severity::Medium)], "594 seconds");
        assert!(found(failures(10, 67)).is_empty(), "603 seconds");
        assert_eq!(found(failures(40, 30)).len(), 1, "one long burst is one finding");
        assert!(with(failures(2, 1)).int("fail-count", 2).fires(&RULE));
    }

    #[test]
    fn only_the_codes_that_are_listed() {
        let coded = |code: i32| (0..10).map(|n| event(&format!("f{n}"), n, json!({ "errorCode": code }))).collect::<Vec<_>>();
        assert!(with(coded(500_121)).fires(&RULE));
        assert!(!with(coded(65_001)).fires(&RULE) && !with(coded(0)).fires(&RULE));
        assert!(with(coded(65_001)).list("fail-codes", &["65001", "nonsense"]).fires(&RULE));
    }

    #[test]
    fn a_success_from_the_same_place_is_critical() {
        let then = |seconds: i64, more: Value| {
            let mut events = failures(10, 1);
            let mut success = json!({ "errorCode": 0 });
            success.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            events.push(event("s", seconds, success));
            found(events)[0].1
        };
        assert_eq!(then(9 + 3600, json!({})), Severity::Critical);
        assert_eq!(then(10 + 3600, json!({})), Severity::Medium, "later than an hour");
        assert_eq!(then(-1, json!({})), Severity::Medium, "before it");
        assert_eq!(then(60, json!({ "asn": 1 })), Severity::Critical, "the same address");
        assert_eq!(then(60, json!({ "ipAddress": "198.51.100.1" })), Severity::Critical, "the same network");
        assert_eq!(then(60, json!({ "asn": 1, "ipAddress": "198.51.100.1" })), Severity::Medium);
        assert_eq!(then(60, json!({ "userPrincipalName": "user_55555555555545558555555555555555" })), Severity::Medium, "a colleague");
    }

    #[test]
    fn many_people_from_one_address() {
        let spray = |people: usize, address: fn(usize) -> String| {
            let name = |n: usize| format!("user_5555555555554555855555555555555{n}");
            let events = (0..people).map(|n| event(&format!("f{n}"), 1, json!({ "userPrincipalName": name(n), "ipAddress": address(n) })));
            found(events.collect())
        };
        let one = |_: usize| "198.51.100.9".to_owned();
        assert_eq!(spray(5, one), [("spray/f0".into(), Severity::Medium)]);
        assert!(spray(4, one).is_empty());
        assert!(spray(5, |n| format!("198.51.100.{n}")).is_empty());
    }

    #[test]
    fn people_are_counted_within_the_window_and_named() {
        let person = |n: i64| format!("user_5555555555554555855555555555555{n}");
        let one =
            |id: &str, seconds: i64, n: i64| event(id, seconds, json!({ "userPrincipalName": person(n), "ipAddress": "198.51.100.9" }));
        let five: Vec<Value> = (0..5).map(|n| one(&format!("f{n}"), n, n)).collect();
        let draft = with(five).run(&RULE).findings.remove(0);
        assert_eq!(draft.note.as_deref(), Some("5 people from 198.51.100.9"));
        let of = |field: &str| draft.evidence.iter().find(|evidence| evidence.field == field).unwrap().value.clone();
        assert_eq!((of("people"), of("userId").as_array().unwrap().len()), (json!(5), 5));
        // The first comes twice, and its first failure leaves the window before the fifth person comes: the second is still in it.
        let mut still = vec![one("a", 0, 0), one("b", 300, 0)];
        still.extend((1..5).map(|n| one(&format!("c{n}"), 610 + n, n)));
        assert_eq!(with(still).run(&RULE).findings.len(), 1);
        let mut gone = vec![one("a", 0, 0)];
        gone.extend((1..5).map(|n| one(&format!("c{n}"), 610 + n, n)));
        assert!(!with(gone).fires(&RULE), "four within ten minutes");
    }

    #[test]
    fn one_event_of_a_person_leaves_at_a_time() {
        let mut people = std::collections::BTreeMap::from([("a", 3), ("b", 1)]);
        super::leave(&mut people, "a");
        assert_eq!(people, [("a", 2), ("b", 1)].into());
        super::leave(&mut people, "b");
        super::leave(&mut people, "nobody");
        assert_eq!(people, [("a", 2)].into());
    }
}
