//! SGN-02: see the page.

use std::borrow::Cow;

use chrono::TimeDelta;

use crate::domain::customer::AuditEvent;
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{BOTH, count, holds, list, minutes};
use super::visits::{self, BASELINE_DAYS, MIN_BASELINE_DAYS, Memories, Past, Visit, about_person, is_actor, note_no_past};
use super::{approval, limits};

/// Most audit events that one finding names.
const MOST_EVENTS: usize = 20;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-signin-new-country",
        code: "SGN-02",
        title: "Partner signs in from a new country",
        views: BOTH,
        severity: Severity::Medium,
        severity_note: "High where the same person changed roles, policies, applications or domains within `chain-window-minutes` of it.",
        uses: &[required(Dataset::SignIns)],
        customer_uses: &[required(Dataset::SignIns), helps(Dataset::Audits)],
        reads: Reads::All,
        fields: &[
            "signIns.events.country",
            "signIns.events.homeTenantId",
            "signIns.events.userPrincipalName",
            "signIns.events.userId",
            "signIns.events.errorCode",
            "signIns.events.createdDateTime",
            "signIns.events.crossTenantAccessType",
            "signIns.events.resourceTenantId",
            "customer.audits.actor",
            "customer.audits.activityDateTime",
            "coverage.sign-ins.from",
            "coverage.sign-ins.to",
        ],
        settings: &[
            BASELINE_DAYS,
            MIN_BASELINE_DAYS,
            count("min-baseline-events", 5, "Sign-ins of the same tenant that the baseline must hold."),
            list("allowed-countries", &[], "Countries, by their two letters, that are never new."),
            minutes("chain-window-minutes", 120, "Minutes after the sign-in in which a change by the same person makes it high."),
        ],
        remediation: "Give the partner the user name and the time, and ask who that was (the digits of user_… are the person's object id in the \
                      partner's tenant). If nobody can say: block the country for service provider users (Entra admin center > Conditional Access > \
                      Named locations, then a policy with Grant: Block for Service provider users) and go through what the person changed.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1030", "M1032"],
        nist: &["AC-4", "CA-7", "SC-7", "SI-4"],
        benchmarks: &["CIS M365 v7.0 5.2.2.15"],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-signin-new-country.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let visits = visits::all(ctx);
    let changes = Changes::of(ctx);
    match Past::of(ctx, Dataset::SignIns) {
        Some(past) => new_countries(ctx, out, visits, past, &changes),
        None => note_no_past(out, visits),
    }
    limits::beyond(ctx, out, visits.iter().filter(|visit| visit.succeeded()), limits::country, |approval, episode, draft| {
        let seen = limits::each_once(episode, |visit| visit.event.country.as_deref().map(str::to_ascii_uppercase));
        let draft = draft
            .title("Partner signs in from a country that its approval does not name")
            .severity(Severity::Medium)
            .note(format!("{}, approved {}", seen.join(", "), approval.countries.iter().flatten().cloned().collect::<Vec<_>>().join(", ")))
            .evidence("countryOrRegion", seen, Dataset::SignIns)
            .setting("approved.countries", approval.countries.clone().unwrap_or_default());
        followed(ctx, draft, episode.iter().flat_map(|visit| changes.after(visit)))
    });
}

/// Countries from which nobody of that tenant came before. What lies beyond an approval is told as that.
fn new_countries(ctx: &Ctx<'_>, out: &mut Out, visits: &[Visit<'_>], past: Past, changes: &Changes<'_>) {
    let allowed = ctx.settings.list("allowed-countries");
    let mut memories = Memories::new();
    for visit in visits.iter().filter(|visit| visit.succeeded()) {
        let Some(country) = visit.event.country.as_deref().map(|country| upper(country.trim())) else { continue };
        if country.is_empty() {
            continue;
        }
        let memory = memories.of(visit);
        let start = past.start(visit.at());
        let is_new = past.reaches(visit.at())
            && !memory.knows(&country, start)
            && memory.count(start) >= ctx.settings.int("min-baseline-events")
            && !holds(allowed, &country)
            && !limits::is_beyond(ctx, visit, limits::country);
        if is_new {
            push(ctx, out, visit, &country, memory.known(start).map(|country| country.to_string()).collect(), changes);
        }
        memory.add(country, visit.at());
    }
}

/// A country as Graph writes it already.
fn upper(country: &str) -> Cow<'_, str> {
    if country.bytes().any(|byte| byte.is_ascii_lowercase()) { Cow::Owned(country.to_ascii_uppercase()) } else { Cow::Borrowed(country) }
}

fn push(ctx: &Ctx<'_>, out: &mut Out, visit: &Visit<'_>, country: &str, known: Vec<String>, changes: &Changes<'_>) {
    let draft = about_person(ctx, visit)
        .confidence(Confidence::Medium)
        .severity(Severity::Medium)
        .note(format!("{country} on {}", visit.at().date()))
        .evidence("countryOrRegion", country, Dataset::SignIns)
        .evidence("countryOrRegion (baseline)", known, Dataset::SignIns)
        .setting(BASELINE_DAYS.name, ctx.settings.int(BASELINE_DAYS.name))
        .setting("min-baseline-events", ctx.settings.int("min-baseline-events"));
    out.push(match limits::inside(ctx, visit, limits::country) {
        Some(approval) => approval::lowered(draft.setting("approved.countries", approval.countries.clone().unwrap_or_default()), approval),
        None => followed(ctx, draft, changes.after(visit)),
    });
}

/// High where the person changed something soon after.
fn followed<'a>(ctx: &Ctx<'_>, draft: Draft, changes: impl IntoIterator<Item = &'a AuditEvent>) -> Draft {
    let (mut named, mut ids): (Vec<&str>, Vec<&str>) = changes.into_iter().map(|event| (&*event.activity, &*event.id)).unzip();
    if ids.is_empty() {
        return draft;
    }
    for list in [&mut named, &mut ids] {
        list.sort_unstable();
        list.dedup();
        list.truncate(MOST_EVENTS);
    }
    draft
        .severity(Severity::High)
        .evidence("activityDisplayName", named, Dataset::Audits)
        .evidence("id (audit events)", ids, Dataset::Audits)
        .setting("chain-window-minutes", ctx.settings.int("chain-window-minutes"))
}

/// What people changed. Of the audit log only changes that matter here are ever read.
struct Changes<'a> {
    events: Vec<&'a AuditEvent>,
    window: TimeDelta,
}

impl<'a> Changes<'a> {
    fn of(ctx: &Ctx<'a>) -> Self {
        let mut events: Vec<&AuditEvent> = ctx.customer.audits.iter().filter(|event| event.succeeded()).collect();
        events.sort_by(|a, b| (a.activity_date_time, &a.id).cmp(&(b.activity_date_time, &b.id)));
        Changes { events, window: TimeDelta::minutes(ctx.settings.int("chain-window-minutes")) }
    }

    /// Those of the same person soon after a sign-in.
    fn after(&self, visit: &Visit<'_>) -> Vec<&'a AuditEvent> {
        let from = self.events.partition_point(|event| event.activity_date_time < visit.at());
        let soon = self.events[from..].iter().take_while(|event| event.activity_date_time.utc() - visit.at().utc() <= self.window);
        soon.copied().filter(|event| is_actor(&event.actor, &visit.person)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{ANN_NAME, Case, MSP, at, at_hour, customer_case, visit};

    const BOB: &str = "user_55555555555545558555555555555555";

    /// `before` sign-ins from NL, then one from elsewhere at these hours.
    fn then(before: i64, hours: i64, more: Value) -> Case {
        let mut events: Vec<Value> = (0..before).map(|n| visit(&format!("b{n}"), hours - 24 * (n + 1), json!({}))).collect();
        let mut last = json!({ "country": "BR" });
        last.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        events.push(visit("e1", hours, last));
        customer_case(json!({ "signIns": { "events": events } }))
    }

    #[test]
    fn a_country_that_the_baseline_does_not_hold() {
        let drafts = then(5, -2, json!({})).run(&RULE).findings;
        assert_eq!(drafts.len(), 1);
        assert_eq!((drafts[0].subject.name.as_str(), drafts[0].own_key.as_str()), (ANN_NAME, "e1"));
        assert_eq!(drafts[0].severity, Some(Severity::Medium));
        assert!(!then(4, -2, json!({})).fires(&RULE), "four events are no baseline");
        assert!(then(4, -2, json!({})).int("min-baseline-events", 4).fires(&RULE));
        for more in [json!({ "country": "nl" }), json!({ "country": null }), json!({ "country": " " }), json!({ "errorCode": 53003 })] {
            assert!(!then(5, -2, more.clone()).fires(&RULE), "{more}");
        }
        assert!(!then(5, -2, json!({})).list("allowed-countries", &["br"]).fires(&RULE));
    }

    #[test]
    fn the_baseline_is_the_tenant_s_and_forgets() {
        assert!(then(5, -2, json!({ "userPrincipalName": BOB })).fires(&RULE), "a colleague's past is the same tenant's");
        let other = json!({ "homeTenantId": "bbbbbbbb-0000-4000-8000-000000000002" });
        assert!(!then(5, -2, other).fires(&RULE), "another tenant has no past yet");
        let mut case = then(5, -2, json!({})).window(60);
        let old: Value = visit("o", -24 * 31, json!({ "country": "BR" }));
        case.snapshot.tenants[0].customer.sign_ins.events.push(serde_json::from_value(old).unwrap());
        assert!(case.fires(&RULE), "older than the baseline");
        assert!(!case.int("baseline-days", 31).fires(&RULE));
    }

    #[test]
    fn events_without_enough_log_before_them_only_feed_the_baseline() {
        assert!(then(5, -24 * 16, json!({})).fires(&RULE), "14 days of the 30 lie before it");
        assert!(!then(5, -24 * 16 - 1, json!({})).fires(&RULE));
        assert!(!then(5, -2, json!({})).window(13).fires(&RULE));
    }

    #[test]
    fn an_approval_s_countries() {
        let within = |countries: &[&str]| {
            let countries = Some(countries.iter().map(|country| (*country).to_owned()).collect());
            then(5, -2, json!({})).approve_within(crate::policy::settings::Approved { countries, ..Default::default() }).run(&RULE).findings
        };
        let inside = within(&["NL", "BR"]);
        assert_eq!((inside.len(), inside[0].severity), (1, Some(Severity::Info)));
        assert!(inside[0].approval.is_some(), "new, and within what was approved");
        let beyond = within(&["NL"]);
        assert_eq!((beyond.len(), beyond[0].severity, beyond[0].own_key.as_str()), (1, Some(Severity::Medium), "e1"));
        assert!(beyond[0].approval.is_none() && beyond[0].evidence.iter().any(|one| one.field == "approved.countries"));
        let all = within(&["BR"]);
        assert_eq!((all.len(), all[0].own_key.as_str()), (2, "e1"), "what was usual all along lies beyond it too");
        // Without a past too; and what names no country cannot be held against one.
        let limits = || crate::policy::settings::Approved { countries: Some(vec!["NL".into()]), ..Default::default() };
        assert_eq!(then(0, -2, json!({})).window(1).approve_within(limits()).run(&RULE).findings.len(), 1);
        let out = then(5, -2, json!({ "country": null })).approve_within(limits()).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged.len()), (0, 1));
    }

    #[test]
    fn changes_by_the_same_person_make_it_high() {
        let with = |hours: i64, actor: &str, result: &str| {
            let mut case = then(5, -6, json!({}));
            let event = json!({
                "id": "a1", "activityDateTime": at_hour(hours).to_string(), "activity": "Add member to role", "result": result,
                "actor": { "userPrincipalName": actor }
            });
            case.snapshot.tenants[0].customer.audits.push(serde_json::from_value(event).unwrap());
            case.run(&RULE).findings[0].severity
        };
        assert_eq!(with(-4, ANN_NAME, "success"), Some(Severity::High));
        let mut beyond = then(5, -6, json!({}))
            .approve_within(crate::policy::settings::Approved { countries: Some(vec!["NL".into()]), ..Default::default() });
        let event = json!({ "id": "a1", "activityDateTime": at_hour(-4).to_string(), "activity": "Add member to role", "result": "success",
            "actor": { "userPrincipalName": ANN_NAME } });
        beyond.snapshot.tenants[0].customer.audits.push(serde_json::from_value(event).unwrap());
        assert_eq!(beyond.run(&RULE).findings[0].severity, Some(Severity::High), "beyond an approval too");
        assert_eq!(with(-3, ANN_NAME, "success"), Some(Severity::Medium), "later than the window");
        assert_eq!(with(-7, ANN_NAME, "success"), Some(Severity::Medium), "before it");
        assert_eq!(with(-4, BOB, "success"), Some(Severity::Medium));
        assert_eq!(with(-4, ANN_NAME, "failure"), Some(Severity::Medium));
    }

    #[test]
    fn a_log_that_does_not_show_absence_says_nothing_is_new() {
        let half = Coverage { from: Some(at(-30)), to: Some(at(0)), ..Coverage::new(Status::Partial) };
        let out = then(5, -2, json!({})).coverage(Dataset::SignIns, half.clone()).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![(MSP.to_owned(), Dataset::SignIns)]));
        assert!(then(5, -2, json!({})).coverage(Dataset::SignIns, Coverage { capped: true, ..half }).fires(&RULE));
    }

    #[test]
    fn a_change_in_the_moment_of_the_sign_in_comes_after_it() {
        let mut case = then(5, -6, json!({}));
        let event = json!({ "id": "a1", "activityDateTime": at_hour(-6).to_string(), "activity": "Add member to role", "result": "success",
            "actor": { "userPrincipalName": ANN_NAME } });
        case.snapshot.tenants[0].customer.audits.push(serde_json::from_value(event).unwrap());
        assert_eq!(case.run(&RULE).findings[0].severity, Some(Severity::High));
    }
}
