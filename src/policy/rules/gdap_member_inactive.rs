//! MBR-02: see the page.

use crate::domain::facts::{Principal, UserActivity};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity, Timestamp};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, days, few, group_names, holds, list, note_unread_members, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-member-inactive",
        code: "MBR-02",
        title: "Member of a group with delegated access is disabled or unused",
        views: PARTNER,
        severity: Severity::Medium,
        severity_note: "High where one of the member's groups carries tier 0.",
        uses: &[required(Dataset::GroupMembers), helps(Dataset::UserActivity), helps(Dataset::Assignments)],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "groupMembers",
            "principals.kind",
            "principals.accountEnabled",
            "principals.createdDateTime",
            "userActivity.lastSuccessfulSignInDateTime",
            "userActivity.lastSignInDateTime",
            "userActivity.createdDateTime",
            "assignments.roles",
            "assignments.status",
        ],
        settings: &[
            days("member-inactive-days", 60, "Days without a successful sign-in after which a member is unused."),
            list("ignore-users", &[], "Object ids of accounts that are meant to rest, such as emergency accounts."),
        ],
        remediation: "Take the account out of the group: DELETE /groups/{group id}/members/{user id}/$ref, or Entra admin center > Groups > (group) > \
                      Members. Put the groups under an access review each quarter.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-3", "AC-6"],
        benchmarks: &["CIS M365 v7.0 5.3.3 (related)"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-member-inactive.md"),
    },
    check,
};

/// Why a member is a finding.
enum Idle {
    Disabled,
    Since(Timestamp),
    Never(Timestamp),
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let ignored = ctx.settings.list("ignore-users");
    note_unread_members(ctx, out);
    for (id, groups) in ctx.index.groups_of_members() {
        let Some(user) = ctx.index.principal(id).filter(|principal| principal.is_user() && !holds(ignored, id)) else { continue };
        if let Some(idle) = judge(ctx, out, user) {
            out.push(draft(ctx, user, &idle, &groups));
        }
    }
}

fn judge(ctx: &Ctx<'_>, out: &mut Out, user: &Principal) -> Option<Idle> {
    if user.account_enabled == Some(false) {
        return Some(Idle::Disabled);
    }
    let was_read = ctx.tenant.coverage.get(&Dataset::UserActivity).is_some_and(|coverage| coverage.status.has_records());
    let Some(row) = ctx.index.activity(&user.id) else {
        if was_read {
            out.unjudged(&user.id, Dataset::UserActivity);
        }
        return None;
    };
    let limit = ctx.settings.int("member-inactive-days");
    let is_older = |at: &Timestamp| at.plus_days(limit) < ctx.now;
    if let Some(last) = row.last_successful_sign_in_date_time {
        return Some(last).filter(is_older).map(Idle::Since);
    }
    // No sign-in ever is an absence: it counts only where the account's own read is whole and its age is known.
    match row.created_date_time.or(user.created_date_time) {
        Some(created) if ctx.is_complete_for(Dataset::UserActivity, &user.id) => Some(created).filter(is_older).map(Idle::Never),
        _ => {
            out.unjudged(&user.id, Dataset::UserActivity);
            None
        }
    }
}

fn draft(ctx: &Ctx<'_>, user: &Principal, idle: &Idle, groups: &[&str]) -> Draft {
    let tier = groups.iter().filter_map(|group| ctx.index.group_tier(group)).min();
    let names = group_names(ctx, groups);
    let note = format!("through {}", few(&names));
    let draft = Draft::about("user", &user.id, user.label())
        .note(note)
        .severity(if tier == Some(0) { Severity::High } else { Severity::Medium })
        .evidence("accountEnabled", user.account_enabled.map_or(serde_json::Value::Null, serde_json::Value::Bool), Dataset::GroupMembers)
        .evidence("memberOf", names, Dataset::GroupMembers)
        .evidence("lowest tier of memberOf", tier.map_or(serde_json::Value::Null, serde_json::Value::from), Dataset::Assignments);
    let (draft, since) = match idle {
        Idle::Disabled => return draft.key("disabled").title("Disabled account is still member of a group with delegated access"),
        Idle::Since(last) => (draft.title("Member of a group with delegated access has not signed in lately"), *last),
        Idle::Never(created) => (draft.title("Member of a group with delegated access has never signed in"), *created),
    };
    with_activity(draft.key("inactive").since(Some(since)), user, ctx.index.activity(&user.id))
        .setting("member-inactive-days", ctx.settings.int("member-inactive-days"))
}

fn with_activity(draft: Draft, user: &Principal, row: Option<&UserActivity>) -> Draft {
    let created = row.and_then(|row| row.created_date_time).or(user.created_date_time);
    draft
        .evidence("lastSuccessfulSignInDateTime", time(row.and_then(|row| row.last_successful_sign_in_date_time)), Dataset::UserActivity)
        .evidence("lastSignInDateTime", time(row.and_then(|row| row.last_sign_in_date_time)), Dataset::UserActivity)
        .evidence("createdDateTime", time(created), Dataset::UserActivity)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{APPLICATION, Case, EXCHANGE, assignment, at, at_hour, case, relationship};

    fn with(role: &str, principal: Value, row: Option<Value>) -> Case {
        let mut member = json!({ "id": "ann", "kind": "user", "accountEnabled": true });
        member.as_object_mut().unwrap().extend(principal.as_object().unwrap().clone());
        let rows: Vec<Value> = row.into_iter().collect();
        case(json!({
            "relationships": [relationship("r1", &[role], json!({}))],
            "assignments": [assignment("a1", "r1", "g1", &[role], json!({}))],
            "groupMembers": { "g1": ["ann"] }, "principals": [member], "userActivity": rows,
        }))
    }

    fn last(hours: i64) -> Option<Value> {
        Some(json!({ "userId": "ann", "lastSuccessfulSignInDateTime": at_hour(-hours).to_string() }))
    }

    fn never(created: Value) -> Option<Value> {
        Some(json!({ "userId": "ann", "createdDateTime": created, "lastSignInDateTime": at(-1).to_string() }))
    }

    #[test]
    fn older_than_the_limit_and_not_at_it() {
        assert!(!with(EXCHANGE, json!({}), last(60 * 24)).fires(&RULE));
        let drafts = with(EXCHANGE, json!({}), last(60 * 24 + 1)).run(&RULE).findings;
        assert_eq!((drafts[0].severity, drafts[0].own_key.as_str()), (Some(Severity::Medium), "inactive"));
        assert_eq!(with(APPLICATION, json!({}), last(9_000)).run(&RULE).findings[0].severity, Some(Severity::High));
        assert!(!with(EXCHANGE, json!({}), last(9_000)).list("ignore-users", &["ANN"]).fires(&RULE));
    }

    #[test]
    fn disabled_needs_no_activity() {
        let case = with(EXCHANGE, json!({ "accountEnabled": false }), None).coverage(Dataset::UserActivity, Coverage::new(Status::Denied));
        let out = case.run(&RULE);
        assert_eq!((out.findings[0].own_key.as_str(), out.unjudged.len()), ("disabled", 0));
        assert!(!with(EXCHANGE, json!({ "accountEnabled": false }), None).list("ignore-users", &["ann"]).fires(&RULE));
    }

    #[test]
    fn never_is_an_absence() {
        let old = json!(at(-61).to_string());
        assert!(with(EXCHANGE, json!({}), never(old.clone())).fires(&RULE), "attempts that failed are no sign-in");
        assert!(!with(EXCHANGE, json!({}), never(json!(at(-60).to_string()))).fires(&RULE));
        assert!(
            with(EXCHANGE, json!({ "createdDateTime": old }), never(Value::Null)).fires(&RULE),
            "the age of the principal does as well"
        );
        let cut = Coverage { truncated: true, ..Coverage::new(Status::Partial) };
        let out = with(EXCHANGE, json!({}), never(old)).coverage(Dataset::UserActivity, cut.clone()).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![("ann".to_owned(), Dataset::UserActivity)]));
        assert!(with(EXCHANGE, json!({}), last(9_000)).coverage(Dataset::UserActivity, cut).fires(&RULE), "a time at hand stands");
    }

    #[test]
    fn what_is_not_known_is_not_judged() {
        for row in [None, never(Value::Null)] {
            let out = with(EXCHANGE, json!({}), row).run(&RULE);
            assert_eq!((out.findings.len(), out.unjudged.len()), (0, 1));
        }
        let denied = with(EXCHANGE, json!({}), None).coverage(Dataset::UserActivity, Coverage::new(Status::Unlicensed)).run(&RULE);
        assert!(denied.findings.is_empty() && denied.unjudged.is_empty());
    }

    #[test]
    fn users_alone() {
        for kind in ["servicePrincipal", "group", "device", "orgContact", "somethingNew"] {
            let out = with(EXCHANGE, json!({ "kind": kind, "accountEnabled": false }), None).run(&RULE);
            assert!(out.findings.is_empty() && out.unjudged.is_empty(), "{kind}");
        }
    }
}
