//! COV-01: see the page.

use std::collections::BTreeSet;

use crate::domain::rule_meta::Reads;
use crate::domain::{Confidence, Coverage, Dataset, RuleMeta, Severity, Status, Timestamp, View};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{BOTH, hours, sign_in_log, text, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "signin-log-coverage-gap",
        code: "COV-01",
        title: "Partner sign-ins cannot be judged",
        views: BOTH,
        severity: Severity::Medium,
        severity_note: "",
        uses: &[],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "coverage.sign-ins.status",
            "coverage.sign-ins.reason",
            "signIns.reads.eventType",
            "signIns.reads.status",
            "signIns.newestEvent",
            "signIns.probed",
            "coverage.app-sign-ins.status",
            "signIns.events.crossTenantAccessType",
            "licenses.entraP1",
            "coverage.sign-ins.to",
        ],
        settings: &[hours("max-lag-hours", 24, "Hours without any event after which the log counts as silent.")],
        remediation: "Grant AuditLog.Read.All and Directory.Read.All (application, or delegated with a role such as Reports Reader), and have Entra \
                      ID P1 in the tenant; then run again.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018"],
        nist: &["CA-7", "CM-6", "SI-4"],
        benchmarks: &["CIS M365 v7.0 3.1.1", "SCuBA MS.AAD.4.1v1"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("signin-log-coverage-gap.md"),
    },
    check,
};

/// The kinds of event in which a person enters a customer.
const EVENT_TYPES: [&str; 2] = ["interactiveUser", "nonInteractiveUser"];

/// What the log tells, by the view that reads it.
const fn sign_ins(view: View) -> &'static str {
    match view {
        View::Partner => "Sign-ins into customers",
        View::Customer => "Sign-ins by partners",
    }
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let coverage = ctx.coverage(Dataset::SignIns);
    match coverage.status {
        Status::Skipped => {}
        Status::Complete | Status::Partial => judge_log(ctx, out, &coverage),
        Status::Denied | Status::Unlicensed | Status::Unavailable | Status::Failed => out.push(unread(ctx, &coverage)),
    }
}

/// What helps where not permission or licence is missing but an answer.
const READ_AGAIN: &str = "Run again when Graph answers, with a longer `--timeout` if it was throttled or slow. The reason names what failed; if it stays, \
                          open a support ticket with Microsoft with the request ids that `-v` logs.";

fn draft(ctx: &Ctx<'_>, key: &str) -> Draft {
    let name = Dataset::SignIns.name();
    Draft::about("dataset", name, name).key(format!("{}/{key}", ctx.tenant.view))
}

fn unread(ctx: &Ctx<'_>, coverage: &Coverage) -> Draft {
    let what = sign_ins(ctx.tenant.view);
    let draft = draft(ctx, "unread")
        .evidence("status", coverage.status.as_str(), Dataset::SignIns)
        .evidence("reason", text(coverage.reason.as_deref()), Dataset::SignIns)
        .evidence("permission", text(coverage.permission.as_deref()), Dataset::SignIns)
        .evidence("licence", text(coverage.licence.as_deref()), Dataset::SignIns);
    if !ctx.tenant.is_p1_absent() {
        let draft = draft.title(format!("{what} were not read: {}", coverage.status));
        return match coverage.status {
            Status::Failed => draft.remediation(READ_AGAIN),
            Status::Unavailable => draft.remediation(
                "This cloud does not serve sign-in logs by Graph: read them in its portal, and record that with an [[accepted-gap]].",
            ),
            _ => draft,
        };
    }
    draft
        .title(format!("{what} cannot be read: the tenant has no Entra ID P1"))
        .evidence("AAD_PREMIUM", false, Dataset::Licenses)
        .remediation(
            "Sign-in logs cannot be read from Graph without Entra ID P1: one licence in the tenant opens them. Until then nobody can tell which \
             delegated access is used, nor by whom; a [[accepted-gap]] for sign-ins in partnerscope.toml records that this is known.",
        )
}

fn judge_log(ctx: &Ctx<'_>, out: &mut Out, coverage: &Coverage) {
    let missing = missing_types(ctx);
    if !missing.is_empty() {
        let mut reads: BTreeSet<String> =
            sign_in_log(ctx).reads.iter().map(|read| format!("{}: {}", read.event_type, read.status)).collect();
        if ctx.tenant.view == View::Customer {
            reads.insert(format!("{OF_APPLICATIONS}: {}", ctx.coverage(Dataset::AppSignIns).status));
        }
        let reads: Vec<String> = reads.into_iter().collect();
        let draft = draft(ctx, "event-type").title("A kind of sign-in event was not read").evidence(
            "signInEventTypes (not read)",
            missing,
            Dataset::SignIns,
        );
        out.push(draft.evidence("signInEventTypes", reads, Dataset::SignIns).evidence(
            "reason",
            text(coverage.reason.as_deref()),
            Dataset::SignIns,
        ));
    } else if coverage.status == Status::Partial && !coverage.capped {
        let draft = draft(ctx, "partial").title(format!("{} were read in part", sign_ins(ctx.tenant.view))).remediation(READ_AGAIN);
        out.push(draft.evidence("status", coverage.status.as_str(), Dataset::SignIns).evidence(
            "reason",
            text(coverage.reason.as_deref()),
            Dataset::SignIns,
        ));
    }
    let events = &sign_in_log(ctx).events;
    if !events.is_empty() && events.iter().all(|event| event.cross_tenant_access_type.is_none()) {
        let draft = draft(ctx, "access-type").title("No sign-in says by which kind of access it came").remediation(
            "The kind of access (crossTenantAccessType) stands in Graph beta only: read the log with this build from the tenant itself, not from a \
             v1.0 export.",
        );
        out.push(draft.evidence("crossTenantAccessType", serde_json::Value::Null, Dataset::SignIns).evidence(
            "records",
            events.len(),
            Dataset::SignIns,
        ));
    }
    judge_silence(ctx, out, coverage);
}

/// The kind of event in which an application signs in: a dataset of its own, which the customer view reads.
const OF_APPLICATIONS: &str = "servicePrincipal";

/// Kinds of event that were not read at all.
fn missing_types(ctx: &Ctx<'_>) -> Vec<&'static str> {
    let reads = &sign_in_log(ctx).reads;
    let was_read = |kind: &str| reads.iter().any(|read| read.event_type.eq_ignore_ascii_case(kind) && read.status.has_records());
    let apps = ctx.coverage(Dataset::AppSignIns).status;
    let apps_missing = ctx.tenant.view == View::Customer && apps.is_unread() && !apps.has_records();
    EVENT_TYPES.into_iter().filter(|kind| !was_read(kind)).chain(apps_missing.then_some(OF_APPLICATIONS)).collect()
}

/// A quiet partner is no gap; a log in which nobody at all signs in is one.
fn judge_silence(ctx: &Ctx<'_>, out: &mut Out, coverage: &Coverage) {
    let log = sign_in_log(ctx);
    let limit = ctx.settings.int("max-lag-hours");
    let newest: Option<Timestamp> = log.events.iter().map(|event| event.created_date_time).chain(log.newest_event).max();
    // A stored log is as silent as it was when it was read.
    let read_at = coverage.to.map_or(ctx.now, |to| to.min(ctx.now));
    if newest.is_some_and(|newest| read_at.hours_since(newest) < limit) {
        return;
    }
    let draft = draft(ctx, "silent").since(newest).remediation(
        "Look at the newest event in the Entra admin center > Monitoring & health > Sign-in logs. If it is as old there, open a support ticket with \
         Microsoft; if it is newer, run again, because the log was late.",
    );
    let draft = if log.probed {
        draft.title("The sign-in log has gone silent")
    } else {
        draft.title("Nobody could tell whether the sign-in log is silent").confidence(Confidence::Low)
    };
    out.push(
        draft
            .evidence("createdDateTime (newest event)", time(newest), Dataset::SignIns)
            .evidence("to", read_at.to_string(), Dataset::SignIns)
            .setting("max-lag-hours", limit),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Confidence, Coverage, Dataset, Status};
    use crate::policy::rules::testing::{ALPINE, Case, at, at_hour, case, customer_case};

    fn log(more: Value) -> Case {
        let mut log = json!({
            "reads": [{ "eventType": "interactiveUser", "status": "complete" }, { "eventType": "nonInteractiveUser", "status": "complete" }],
            "probed": true, "newestEvent": at_hour(-1).to_string(),
        });
        log.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        case(json!({ "signIns": log }))
    }

    #[test]
    fn the_remedy_fits_what_was_missing() {
        let remedy = |status| {
            let draft = log(json!({})).coverage(Dataset::SignIns, Coverage::new(status)).run(&RULE).findings.remove(0);
            draft.remediation.unwrap_or_else(|| RULE.meta.remediation.into())
        };
        assert!(remedy(Status::Denied).starts_with("Grant AuditLog.Read.All"));
        for status in [Status::Failed, Status::Partial] {
            assert!(remedy(status).contains("Run again") && !remedy(status).contains("Grant"), "{status}");
        }
        assert!(remedy(Status::Unavailable).contains("cloud"));
    }

    fn keys(case: &Case) -> Vec<String> {
        case.run(&RULE).findings.into_iter().map(|draft| draft.own_key).collect()
    }

    #[test]
    fn a_quiet_partner_is_no_gap() {
        assert!(keys(&log(json!({}))).is_empty());
    }

    #[test]
    fn what_was_not_read_is_one_finding_and_what_was_skipped_is_none() {
        for status in [Status::Denied, Status::Unlicensed, Status::Unavailable, Status::Failed] {
            let case = log(json!({ "reads": [], "newestEvent": null })).coverage(Dataset::SignIns, Coverage::new(status));
            assert_eq!(keys(&case), ["partner/unread"], "{status}");
        }
        assert!(keys(&case(json!({})).coverage(Dataset::SignIns, Coverage::skipped("--skip-dataset"))).is_empty());
        let mut unmentioned = log(json!({}));
        unmentioned.snapshot.tenants[0].coverage.clear();
        assert_eq!(keys(&unmentioned), ["partner/unread"]);
    }

    #[test]
    fn without_p1_it_says_so() {
        let unlicensed = |licenses: Value| {
            case(json!({ "licenses": licenses })).coverage(Dataset::SignIns, Coverage::new(Status::Unlicensed)).run(&RULE).findings[0]
                .title
                .clone()
                .unwrap()
        };
        assert!(unlicensed(json!({ "entraP1": false })).contains("no Entra ID P1"));
        assert!(!unlicensed(json!({ "entraP1": true })).contains("P1"));
        assert!(!unlicensed(Value::Null).contains("P1"));
    }

    #[test]
    fn each_kind_of_event_must_have_been_read() {
        let interactive = json!({ "eventType": "interactiveUser", "status": "complete" });
        for second in [vec![], vec![json!({ "eventType": "nonInteractiveUser", "status": "denied" })]] {
            let reads: Vec<Value> = std::iter::once(interactive.clone()).chain(second).collect();
            let case = log(json!({ "reads": reads })).coverage(Dataset::SignIns, Coverage::new(Status::Partial));
            assert_eq!(keys(&case), ["partner/event-type"]);
        }
    }

    #[test]
    fn a_log_cut_by_its_cap_alone_is_no_gap_here() {
        let partial = |capped: bool| log(json!({})).coverage(Dataset::SignIns, Coverage { capped, ..Coverage::new(Status::Partial) });
        assert!(keys(&partial(true)).is_empty());
        assert_eq!(keys(&partial(false)), ["partner/partial"]);
    }

    #[test]
    fn silence_begins_at_the_limit() {
        let newest = |hours: i64| keys(&log(json!({ "newestEvent": at_hour(-hours).to_string() })));
        assert!(newest(23).is_empty());
        assert_eq!(newest(24), ["partner/silent"]);
        assert_eq!(newest(48), ["partner/silent"]);
        assert_eq!(keys(&log(json!({ "newestEvent": null }))), ["partner/silent"], "an empty log is silent");
        let unprobed = log(json!({ "newestEvent": null, "probed": false })).run(&RULE).findings;
        assert_eq!(unprobed[0].confidence, Confidence::Low);
        let mut stored = log(json!({}));
        stored.now = at(30);
        assert!(keys(&stored).is_empty(), "judged later, a log is as silent as it was");
    }

    #[test]
    fn events_show_that_the_log_lives_and_which_kind_they_are() {
        let event = |kind: Value| json!({ "id": "e", "createdDateTime": at_hour(-2).to_string(), "userId": "u", "resourceTenantId": ALPINE, "crossTenantAccessType": kind });
        let with = |events: Vec<Value>| keys(&log(json!({ "newestEvent": null, "probed": false, "events": events })));
        assert!(with(vec![event(json!("serviceProvider")), event(Value::Null)]).is_empty());
        assert_eq!(with(vec![event(Value::Null)]), ["partner/access-type"]);
    }

    fn customer_log(more: Value) -> Case {
        let mut log = json!({
            "reads": [{ "eventType": "interactiveUser", "status": "complete" }, { "eventType": "nonInteractiveUser", "status": "complete" }],
            "probed": true, "newestEvent": at_hour(-1).to_string(),
        });
        log.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        customer_case(json!({ "signIns": log }))
    }

    #[test]
    fn the_customer_view_judges_its_own_log() {
        assert!(keys(&customer_log(json!({}))).is_empty());
        let unread = customer_log(json!({ "reads": [] })).coverage(Dataset::SignIns, Coverage::new(Status::Denied));
        assert_eq!(keys(&unread), ["customer/unread"]);
        assert_eq!(unread.run(&RULE).findings[0].title.as_deref(), Some("Sign-ins by partners were not read: denied"));
        assert_eq!(keys(&customer_log(json!({ "newestEvent": at_hour(-24).to_string() }))), ["customer/silent"]);
        assert_eq!(keys(&customer_log(json!({ "reads": [] }))), ["customer/event-type"]);
        let mut free =
            customer_case(json!({ "licenses": { "entraP1": false } })).coverage(Dataset::SignIns, Coverage::new(Status::Unlicensed));
        free.snapshot.tenants[0].coverage.insert(Dataset::AppSignIns, Coverage::new(Status::Unlicensed));
        let drafts = free.run(&RULE).findings;
        assert_eq!(drafts.len(), 1, "one finding for one reason");
        assert!(drafts[0].title.as_ref().unwrap().contains("no Entra ID P1"));
    }

    #[test]
    fn the_customer_view_reads_applications_too() {
        let apps = |status: Status| keys(&customer_log(json!({})).coverage(Dataset::AppSignIns, Coverage::new(status)));
        assert_eq!(apps(Status::Failed), ["customer/event-type"]);
        assert!(apps(Status::Skipped).is_empty() && apps(Status::Partial).is_empty() && apps(Status::Complete).is_empty());
    }
}
