//! SGN-07: see the page.

use chrono::{Datelike, TimeDelta, Timelike, Weekday};

use std::collections::BTreeSet;

use crate::domain::rule_meta::{Reads, Setting, SettingDefault, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, Timestamp};
use crate::policy::rule::{Ctx, Out, Rule};

use super::shared::{BOTH, list};
use super::visits::{self, BASELINE_DAYS, MIN_BASELINE_DAYS, Past, Visit, about_person, by_person, episodes, extent, note_no_past};
use super::{approval, limits};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-signin-off-hours",
        code: "SGN-07",
        title: "Interactive partner sign-in outside working hours",
        views: BOTH,
        severity: Severity::Low,
        severity_note: "",
        uses: &[required(Dataset::SignIns)],
        customer_uses: &[required(Dataset::SignIns)],
        reads: Reads::All,
        fields: &[
            "signIns.events.createdDateTime",
            "signIns.events.isInteractive",
            "signIns.events.errorCode",
            "signIns.events.homeTenantId",
            "signIns.events.userPrincipalName",
            "signIns.events.userId",
            "signIns.events.crossTenantAccessType",
            "signIns.events.resourceTenantId",
            "coverage.sign-ins.from",
            "coverage.sign-ins.to",
        ],
        settings: &[
            BASELINE_DAYS,
            MIN_BASELINE_DAYS,
            within(
                "utc-offset-minutes",
                0,
                -12 * 60,
                14 * 60,
                "Minutes by which the partner's clock is ahead of UTC; summer time is not followed.",
            ),
            within("work-start-hour", 7, 0, 23, "The hour at which work begins, by that clock."),
            within("work-end-hour", 20, 1, 24, "The hour at which it ends; 0 to 24 is all day."),
            list("rest-days", &["Sat", "Sun"], "Days without work, by their first three letters."),
            within(
                "max-off-hours-share-percent",
                10,
                0,
                100,
                "Percent of a person's sign-ins at such hours from which on they are usual for that person.",
            ),
        ],
        remediation: "Ask the partner what was done, and whether a maintenance window was agreed; look for that person in the audit log at that time. \
                      For a desk that works around the clock switch the rule off or set `work-start-hour = 0`, `work-end-hour = 24`, `rest-days = []`.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018"],
        nist: &["CA-7", "SI-4"],
        benchmarks: &[],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-signin-off-hours.md"),
    },
    check,
};

const fn within(name: &'static str, default: i64, min: i64, max: i64, doc: &'static str) -> Setting {
    Setting { name, default: SettingDefault::Int { default, min, max }, doc }
}

/// When the partner works.
#[derive(Debug)]
struct Hours<'a> {
    offset: TimeDelta,
    start: i64,
    end: i64,
    rest: &'a [String],
}

impl<'a> Hours<'a> {
    fn of(ctx: &Ctx<'a>) -> Self {
        Hours {
            offset: TimeDelta::minutes(ctx.settings.int("utc-offset-minutes")),
            start: ctx.settings.int("work-start-hour"),
            end: ctx.settings.int("work-end-hour"),
            rest: ctx.settings.list("rest-days"),
        }
    }

    fn are_off(&self, at: Timestamp) -> bool {
        let local = at.utc() + self.offset;
        let hour = i64::from(local.hour());
        // Work that begins in the evening ends in the morning.
        let is_work = match self.start < self.end {
            true => (self.start..self.end).contains(&hour),
            false => hour >= self.start || hour < self.end,
        };
        !is_work || self.rest.iter().any(|day| is_day(day, local.weekday()))
    }

    fn local(&self, at: Timestamp) -> String {
        (at.utc() + self.offset).format("%a %Y-%m-%d %H:%M").to_string()
    }
}

/// `sat`, `Saturday`.
fn is_day(name: &str, day: Weekday) -> bool {
    name.trim().parse::<Weekday>().is_ok_and(|named| named == day)
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let by_hand = |visit: &&Visit<'_>| visit.succeeded() && visit.event.is_interactive;
    let visits: Vec<&Visit<'_>> = visits::all(ctx).iter().filter(by_hand).collect();
    let hours = Hours::of(ctx);
    match Past::of(ctx, Dataset::SignIns) {
        Some(past) => {
            for (_, came) in by_person(visits.iter().copied()) {
                judge(ctx, out, &hours, unusual(ctx, &came, past, &hours));
            }
        }
        None => note_no_past(out, visits.iter().copied()),
    }
    limits::beyond(ctx, out, visits.iter().copied(), limits::hours, |approval, episode, draft| {
        let approved = approval.hours.as_ref().map(|hours| hours.to_string()).unwrap_or_default();
        let at = episode.first().map(|first| first.at().to_string()).unwrap_or_default();
        draft
            .title("Partner signs in at an hour that its approval does not name")
            .severity(Severity::Low)
            .note(format!("{at}, approved {approved}"))
            .evidence("isInteractive", true, Dataset::SignIns)
            .setting("approved.hours", approved)
    });
}

/// What is unusual, as episodes: inside an approval it is worth knowing; what lies beyond one is told as that.
fn judge(ctx: &Ctx<'_>, out: &mut Out, hours: &Hours<'_>, mut unusual: Vec<&Visit<'_>>) {
    unusual.retain(|visit| !limits::is_beyond(ctx, visit, limits::hours));
    let (inside, open): (Vec<_>, Vec<_>) = unusual.into_iter().partition(|visit| limits::inside(ctx, visit, limits::hours).is_some());
    for episode in episodes(open).into_iter().chain(episodes(inside)) {
        push(ctx, out, hours, &episode);
    }
}

/// Ids of the sign-ins at unusual hours, by the settings of `ctx`.
pub(super) fn marks<'a>(ctx: &Ctx<'_>, visits: &[Visit<'a>]) -> BTreeSet<&'a str> {
    let Some(past) = Past::of(ctx, Dataset::SignIns) else { return BTreeSet::new() };
    let hours = Hours::of(ctx);
    let came = by_person(visits.iter().filter(|visit| visit.succeeded() && visit.event.is_interactive));
    came.into_iter().flat_map(|(_, came)| unusual(ctx, &came, past, &hours)).map(|visit| &*visit.event.id).collect()
}

/// Visits at hours that are neither work nor usual for this person.
fn unusual<'v, 'a>(ctx: &Ctx<'_>, came: &[&'v Visit<'a>], past: Past, hours: &Hours<'_>) -> Vec<&'v Visit<'a>> {
    let most = ctx.settings.int("max-off-hours-share-percent");
    // How many of the visits before each were off.
    let mut off_before = vec![0_i64];
    for visit in came {
        let so_far = off_before.last().copied().unwrap_or(0);
        off_before.push(so_far + i64::from(hours.are_off(visit.at())));
    }
    let is_usual = |index: usize| {
        let start = past.start(came[index].at());
        let first = came.partition_point(|visit| visit.at() < start).min(index);
        let (off, all) = (off_before[index] - off_before[first], i64::try_from(index - first).unwrap_or(i64::MAX));
        all > 0 && off.saturating_mul(100) >= most.saturating_mul(all)
    };
    let judged = came.iter().enumerate().filter(|(_, visit)| past.reaches(visit.at()) && hours.are_off(visit.at()));
    judged.filter(|(index, _)| !is_usual(*index)).map(|(_, visit)| *visit).collect()
}

fn push(ctx: &Ctx<'_>, out: &mut Out, hours: &Hours<'_>, episode: &[&Visit<'_>]) {
    let Some(first) = episode.first() else { return };
    let local = hours.local(first.at());
    let mut draft = about_person(ctx, first)
        .confidence(Confidence::Low)
        .note(local.clone())
        .evidence("createdDateTime (local)", local, Dataset::SignIns)
        .evidence("isInteractive", true, Dataset::SignIns)
        .setting("rest-days", hours.rest.to_vec());
    for name in ["utc-offset-minutes", "work-start-hour", "work-end-hour", "max-off-hours-share-percent"] {
        draft = draft.setting(name, ctx.settings.int(name));
    }
    let draft = extent(draft, episode);
    out.push(match limits::inside(ctx, first, limits::hours) {
        Some(approval) => approval::lowered(draft, approval),
        None => draft,
    });
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::Severity;
    use crate::domain::{Coverage, Dataset, Status};
    use crate::policy::rules::testing::{Case, at, customer_case, visit};

    /// 2026-06-01, hour 0, is a Monday.
    fn with(events: Vec<Value>) -> Case {
        customer_case(json!({ "signIns": { "events": events } }))
    }

    fn at_hour_fires(hour: i64) -> bool {
        with(vec![visit("e", hour, json!({}))]).fires(&RULE)
    }

    #[test]
    fn hours_and_days() {
        // Tuesday a week before is -6 * 24.
        let tuesday = -6 * 24;
        assert!(!at_hour_fires(tuesday + 10) && !at_hour_fires(tuesday + 7) && !at_hour_fires(tuesday + 19));
        assert!(at_hour_fires(tuesday + 6) && at_hour_fires(tuesday + 20) && at_hour_fires(tuesday + 3));
        assert!(at_hour_fires(-14), "Sunday at ten");
        assert!(at_hour_fires(-38), "Saturday at ten");
    }

    #[test]
    fn the_partner_s_clock_decides() {
        let tuesday = -6 * 24;
        let case = |hour: i64, offset: i64| with(vec![visit("e", tuesday + hour, json!({}))]).int("utc-offset-minutes", offset);
        assert!(!case(6, 60).fires(&RULE));
        assert!(case(19, 60).fires(&RULE));
        assert!(case(-24 + 23, 120).fires(&RULE), "Monday night is Tuesday at one");
        let night = |hour: i64| with(vec![visit("e", tuesday + hour, json!({}))]).int("work-start-hour", 22).int("work-end-hour", 6);
        assert!(!night(23).fires(&RULE) && !night(5).fires(&RULE) && night(12).fires(&RULE));
        assert!(!night(22).fires(&RULE) && night(21).fires(&RULE) && night(6).fires(&RULE), "from the first hour to before the last");
        let always = with(vec![visit("e", tuesday + 3, json!({}))]).int("work-start-hour", 0).int("work-end-hour", 24);
        assert!(!always.fires(&RULE));
        let sunday = with(vec![visit("e", -14, json!({}))]);
        assert!(!sunday.list("rest-days", &["saturday"]).fires(&RULE));
    }

    #[test]
    fn an_approval_s_hours_take_the_place_of_the_rule_s() {
        let tuesday = -6 * 24;
        let found = |hour: i64, start: u32, end: u32| {
            let hours = Some(crate::domain::limits::WorkHours { start: start * 60, end: end * 60, offset: 0, days: Vec::new() });
            let case = with(vec![visit("e", tuesday + hour, json!({}))]);
            let case = case.approve_within(crate::policy::settings::Approved { hours, ..Default::default() });
            case.run(&RULE).findings.into_iter().map(|draft| (draft.severity, draft.approval.is_some())).collect::<Vec<_>>()
        };
        assert_eq!(found(3, 0, 6), [(Some(Severity::Info), true)], "off by the rule, inside the approval");
        assert_eq!(found(10, 7, 19), []);
        assert_eq!(found(10, 0, 6), [(Some(Severity::Low), false)], "work by the rule, beyond the approval");
        assert_eq!(found(3, 7, 19), [(Some(Severity::Low), false)], "beyond both is one finding");
    }

    #[test]
    fn what_is_usual_for_a_person_is_no_finding() {
        let nights = |off: i64, work: i64| {
            let mut events: Vec<Value> = (0..work).map(|n| visit(&format!("w{n}"), -14 * 24 + 10, json!({}))).collect();
            events.extend((0..off).map(|n| visit(&format!("n{n}"), -13 * 24 + 3, json!({}))));
            events.push(visit("last", -6 * 24 + 3, json!({})));
            with(events).run(&RULE).findings.into_iter().any(|draft| draft.own_key == "last")
        };
        assert!(nights(0, 10), "never before");
        assert!(nights(1, 10), "one in eleven");
        assert!(!nights(1, 9), "one in ten");
        assert!(nights(0, 0), "no past at all");
    }

    #[test]
    fn only_interactive_successes_with_enough_log_before_them() {
        let fires = |hours: i64, more: Value| with(vec![visit("e", hours, more)]).fires(&RULE);
        assert!(!fires(-14, json!({ "isInteractive": false })) && !fires(-14, json!({ "errorCode": 50126 })));
        assert!(fires(-16 * 24, json!({})), "midnight, 14 days into the log");
        assert!(!fires(-16 * 24 - 1, json!({})));
        let half = Coverage { from: Some(at(-30)), to: Some(at(0)), ..Coverage::new(Status::Partial) };
        let out = with(vec![visit("e", -14, json!({}))]).coverage(Dataset::SignIns, half).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged.len()), (0, 1));
    }

    #[test]
    fn one_hour_as_start_and_end_is_the_whole_day() {
        let case = with(vec![visit("e", -6 * 24 + 3, json!({}))]).int("work-start-hour", 9).int("work-end-hour", 9);
        assert!(!case.fires(&RULE));
    }

    #[test]
    fn the_hour_is_told_by_the_partner_s_clock() {
        let case = with(vec![visit("e", -6 * 24 + 3, json!({}))]).int("utc-offset-minutes", 90);
        let told = format!("{:?}", case.run(&RULE).findings[0].evidence) + case.run(&RULE).findings[0].note.as_deref().unwrap_or_default();
        assert!(told.contains("Tue 2026-05-26 04:30"), "{told}");
    }

    #[test]
    fn only_interactive_successes_mark_a_session() {
        let marked = |more: Value| {
            with(vec![visit("e", -14, more)]).ctx_of(&RULE, |ctx| super::marks(ctx, crate::policy::rules::visits::all(ctx)).len())
        };
        assert_eq!([marked(json!({})), marked(json!({ "isInteractive": false })), marked(json!({ "errorCode": 50126 }))], [1, 0, 0]);
    }

    #[test]
    fn what_is_usual_is_asked_of_the_baseline_s_days_alone() {
        let last = -6 * 24 + 3;
        let fires = |share: i64| {
            // Ten long ago, at the same hour; within the last thirty days three at this hour, and seven at work.
            let hours = (31..41).map(|days| last - days * 24).chain([7, 14, 21].map(|days| last - days * 24));
            let hours = hours.chain((0..7).map(|hour| last - 7 * 24 + 7 + hour)).chain([last]);
            let events = hours.map(|hour| visit(&format!("e{hour}"), hour, json!({}))).collect();
            let drafts = with(events).window(90).int("max-off-hours-share-percent", share).run(&RULE).findings;
            drafts.iter().any(|draft| draft.own_key == format!("e{last}"))
        };
        assert_eq!([fires(30), fires(31)], [false, true], "three of ten");
    }
}
