//! SGN-05: see the page.

use std::collections::HashSet;

use chrono::TimeDelta;

use crate::domain::facts::SignIn;
use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, Timestamp};
use crate::policy::rule::{Ctx, Out, Rule};

use super::shared::{BOTH, Window, hours, shows_absence, text};
use super::visits::{self, Visit, about_person, by_person, episodes, extent};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-signin-single-factor",
        code: "SGN-05",
        title: "Partner sign-in with a single factor",
        views: BOTH,
        severity: Severity::High,
        severity_note: "",
        uses: &[required(Dataset::SignIns)],
        customer_uses: &[required(Dataset::SignIns)],
        reads: Reads::Some,
        fields: &[
            "signIns.events.authenticationRequirement",
            "signIns.events.isInteractive",
            "signIns.events.homeTenantId",
            "signIns.events.userPrincipalName",
            "signIns.events.userId",
            "signIns.events.errorCode",
            "signIns.events.createdDateTime",
            "signIns.events.crossTenantAccessType",
            "signIns.events.resourceTenantId",
            "coverage.sign-ins.from",
        ],
        settings: &[hours("mfa-session-hours", 24, "Hours for which one multifactor sign-in covers those without a prompt.")],
        remediation: "Here: a Conditional Access policy for Guest or external users > Service provider users, all resources, Grant: require multifactor \
                      authentication (see ca-gap-for-service-providers). At the partner, which owes it to Microsoft for every user: Conditional Access \
                      with multifactor authentication for all users.",
        attack: &["T1199", "T1078.004", "T1556.006"],
        mitigations: &["M1032"],
        nist: &["AC-3", "IA-2"],
        benchmarks: &["CIS M365 v7.0 5.2.2.2", "SCuBA MS.AAD.3.2v2"],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-signin-single-factor.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let visits = visits::all(ctx);
    let session = TimeDelta::hours(ctx.settings.int("mfa-session-hours"));
    let window = Window::of(ctx).filter(|_| shows_absence(ctx, Dataset::SignIns));
    // Few people have such a sign-in; of the others none need be looked at again.
    let single = visits.iter().filter(|visit| visit.succeeded() && factor(visit.event) == Factor::Single);
    let people: HashSet<u32> = single.map(|visit| visit.who).collect();
    for ((_, person), came) in by_person(visits.iter().filter(|visit| people.contains(&visit.who) && visit.succeeded())) {
        let mut last_strong: Option<Timestamp> = None;
        let mut weak = Vec::new();
        let mut is_unsure = false;
        for visit in came {
            match factor(visit.event) {
                Factor::Several => last_strong = Some(visit.at()),
                Factor::Unsaid => {}
                Factor::Single if visit.event.is_interactive => weak.push(visit),
                Factor::Single => {
                    let since = visit.at().utc() - session;
                    let is_covered = last_strong.is_some_and(|last| last.utc() >= since);
                    match window {
                        _ if is_covered => {}
                        // What began before the log did may have been strong.
                        Some(window) if window.from.utc() > since => {}
                        Some(_) => weak.push(visit),
                        None => is_unsure = true,
                    }
                }
            }
        }
        if is_unsure {
            out.unjudged(person, Dataset::SignIns);
        }
        for episode in episodes(weak) {
            push(ctx, out, &episode);
        }
    }
}

fn push(ctx: &Ctx<'_>, out: &mut Out, episode: &[&Visit<'_>]) {
    let Some(first) = episode.first() else { return };
    let is_interactive = episode.iter().any(|visit| visit.event.is_interactive);
    let draft = about_person(ctx, first)
        .confidence(if is_interactive { Confidence::Medium } else { Confidence::Low })
        .note(first.at().date())
        .evidence("authenticationRequirement", text(first.event.authentication_requirement.as_deref()), Dataset::SignIns)
        .evidence("isInteractive", is_interactive, Dataset::SignIns)
        .setting("mfa-session-hours", ctx.settings.int("mfa-session-hours"));
    out.push(extent(draft, episode));
}

/// How many factors the tenant asked of a sign-in and got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Factor {
    Single,
    Several,
    Unsaid,
}

fn factor(event: &SignIn) -> Factor {
    match event.authentication_requirement.as_deref().map(str::trim) {
        Some(word) if word.eq_ignore_ascii_case("singleFactorAuthentication") => Factor::Single,
        Some(word) if word.eq_ignore_ascii_case("multiFactorAuthentication") => Factor::Several,
        _ => Factor::Unsaid,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Confidence, Coverage, Dataset, Status};
    use crate::policy::rules::testing::{ANN, Case, at, customer_case, visit};

    fn single(id: &str, hours: i64, interactive: bool) -> Value {
        visit(id, hours, json!({ "authenticationRequirement": "singleFactorAuthentication", "isInteractive": interactive }))
    }

    fn with(events: Vec<Value>) -> Case {
        customer_case(json!({ "signIns": { "events": events } }))
    }

    fn keys(events: Vec<Value>) -> Vec<String> {
        with(events).run(&RULE).findings.into_iter().map(|draft| draft.own_key).collect()
    }

    #[test]
    fn an_interactive_one_is_a_finding_whatever_came_before() {
        assert_eq!(keys(vec![single("s", -5, true)]), ["s"]);
        assert_eq!(keys(vec![single("s", -5, true), visit("m", -6, json!({}))]), ["s"]);
        assert!(keys(vec![visit("m", -6, json!({}))]).is_empty());
        assert!(keys(vec![visit("m", -6, json!({ "authenticationRequirement": null }))]).is_empty(), "v1.0 does not say");
        let failed = visit("f", -6, json!({ "authenticationRequirement": "singleFactorAuthentication", "errorCode": 50076 }));
        assert!(keys(vec![failed]).is_empty());
    }

    #[test]
    fn one_without_a_prompt_is_covered_by_a_strong_one_before_it() {
        let after = |hours: i64| keys(vec![visit("m", -100, json!({})), single("s", hours - 100, false)]);
        assert!(after(1).is_empty() && after(24).is_empty());
        assert_eq!(after(25), ["s"]);
        assert_eq!(keys(vec![single("s", -5, false), visit("m", -4, json!({}))]), ["s"], "one after it covers nothing");
        let colleague = visit("m", -6, json!({ "userPrincipalName": "user_55555555555545558555555555555555" }));
        assert_eq!(keys(vec![single("s", -5, false), colleague]), ["s"]);
        assert_eq!(with(vec![single("s", -5, false)]).run(&RULE).findings[0].confidence, Confidence::Low);
    }

    #[test]
    fn what_the_session_began_with_may_lie_before_the_log() {
        let first = |hours: i64| keys(vec![single("s", hours - 30 * 24, false)]);
        assert!(first(23).is_empty());
        assert_eq!(first(24), ["s"]);
    }

    #[test]
    fn a_log_with_holes_shows_interactive_ones_alone() {
        let half = || Coverage { from: Some(at(-30)), to: Some(at(0)), ..Coverage::new(Status::Partial) };
        let out = with(vec![single("s", -5, false), single("i", -200, true)]).coverage(Dataset::SignIns, half()).run(&RULE);
        assert_eq!(out.findings.len(), 1);
        assert_eq!(out.unjudged, [(ANN.to_owned(), Dataset::SignIns)]);
        let covered = with(vec![single("s", -5, false), visit("m", -6, json!({}))]).coverage(Dataset::SignIns, half()).run(&RULE);
        assert!(covered.unjudged.is_empty());
    }

    #[test]
    fn episodes_are_told_apart() {
        assert_eq!(keys(vec![single("a", -100, true), single("b", -90, true), single("c", -5, true)]), ["a", "c"]);
    }
}
