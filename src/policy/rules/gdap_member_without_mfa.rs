//! MBR-01: see the page.

use crate::domain::facts::{MfaRegistration, Principal};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, days, few, group_names, is_aged, note_unread_members, sorted, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-member-without-mfa",
        code: "MBR-01",
        title: "Member of a group with delegated access cannot use MFA",
        views: PARTNER,
        severity: Severity::Critical,
        severity_note: "High where none of the member's groups carries tier 0 or 1.",
        uses: &[
            required(Dataset::GroupMembers),
            required(Dataset::MfaRegistration),
            helps(Dataset::Assignments),
            helps(Dataset::UserActivity),
        ],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "groupMembers",
            "principals.kind",
            "principals.accountEnabled",
            "principals.createdDateTime",
            "principals.userType",
            "mfaRegistrations.isMfaCapable",
            "mfaRegistrations.isMfaRegistered",
            "mfaRegistrations.methods",
            "mfaRegistrations.lastUpdatedDateTime",
            "assignments.roles",
            "userActivity.createdDateTime",
            "assignments.status",
        ],
        settings: &[days("grace-days-new-user", 7, "Days that a new account has to register a method.")],
        remediation: "Revoke the account's sessions, have it register a phishing-resistant method (My Account > Security info), and demand MFA of all \
                      users by Conditional Access or security defaults. Until then take it out of the groups.",
        attack: &["T1199", "T1078.004", "T1110.003"],
        mitigations: &["M1032"],
        nist: &["AC-3", "AC-6", "IA-2", "IA-5"],
        benchmarks: &["CIS M365 v7.0 5.2.2.1", "CIS M365 v7.0 5.2.2.2", "SCuBA MS.AAD.3.2v2"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-member-without-mfa.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let was_read = ctx.tenant.coverage.get(&Dataset::MfaRegistration).is_some_and(|coverage| coverage.status.has_records());
    note_unread_members(ctx, out);
    for (id, groups) in ctx.index.groups_of_members() {
        let Some(user) = ctx.index.principal(id).filter(|principal| principal.is_user() && principal.account_enabled != Some(false)) else {
            continue;
        };
        match ctx.index.mfa(id) {
            // A user without a row is unknown, not without methods.
            None if was_read => out.unjudged(id, Dataset::MfaRegistration),
            Some(row) if !row.is_mfa_capable && !is_new(ctx, user) => out.push(draft(ctx, user, row, &groups)),
            _ => {}
        }
    }
}

fn is_new(ctx: &Ctx<'_>, user: &Principal) -> bool {
    let created = user.created_date_time.or_else(|| ctx.index.activity(&user.id).and_then(|row| row.created_date_time));
    created.is_some_and(|created| !is_aged(created, ctx.now, ctx.settings.int("grace-days-new-user")))
}

fn draft(ctx: &Ctx<'_>, user: &Principal, row: &MfaRegistration, groups: &[&str]) -> Draft {
    let tier = groups.iter().filter_map(|group| ctx.index.group_tier(group)).min();
    let names = group_names(ctx, groups);
    let note = format!("through {}", few(&names));
    // A guest may use the MFA of its home tenant, which the report does not show.
    let is_sure = user.account_enabled == Some(true) && !user.is_guest();
    let enabled = user.account_enabled.map_or(serde_json::Value::Null, serde_json::Value::Bool);
    Draft::about("user", &user.id, user.label())
        .note(note)
        .severity(if tier.is_some_and(|tier| tier <= 1) { Severity::Critical } else { Severity::High })
        .confidence(if is_sure { Confidence::High } else { Confidence::Medium })
        .evidence("isMfaCapable", row.is_mfa_capable, Dataset::MfaRegistration)
        .evidence("isMfaRegistered", row.is_mfa_registered, Dataset::MfaRegistration)
        .evidence("methodsRegistered", sorted(&row.methods), Dataset::MfaRegistration)
        .evidence("lastUpdatedDateTime", time(row.last_updated_date_time), Dataset::MfaRegistration)
        .evidence("accountEnabled", enabled, Dataset::GroupMembers)
        .evidence("memberOf", names, Dataset::GroupMembers)
        .evidence("lowest tier of memberOf", tier.map_or(serde_json::Value::Null, serde_json::Value::from), Dataset::Assignments)
        .setting("grace-days-new-user", ctx.settings.int("grace-days-new-user"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Confidence, Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{Case, EXCHANGE, SUPPORT, assignment, at, at_hour, case, relationship};

    /// One member of a group with `role`, and what the report says of it.
    fn with(role: &str, principal: Value, capable: Option<bool>) -> Case {
        let mut member = json!({ "id": "ann", "kind": "user", "accountEnabled": true });
        member.as_object_mut().unwrap().extend(principal.as_object().unwrap().clone());
        let rows: Vec<Value> =
            capable.into_iter().map(|capable| json!({ "userId": "ann", "isMfaCapable": capable, "isMfaRegistered": true })).collect();
        case(json!({
            "relationships": [relationship("r1", &[role], json!({})), relationship("r2", &[SUPPORT], json!({}))],
            "assignments": [assignment("a1", "r1", "g1", &[role], json!({})), assignment("a2", "r2", "g2", &[SUPPORT], json!({}))],
            "groups": [{ "id": "g1", "displayName": "Helpdesk" }, { "id": "g2", "displayName": "Admins" }],
            "groupMembers": { "g1": ["ann"], "g2": ["ann"] },
            "principals": [member], "mfaRegistrations": rows,
        }))
    }

    #[test]
    fn capable_is_what_counts_and_one_finding_a_user() {
        let drafts = with(EXCHANGE, json!({}), Some(false)).run(&RULE).findings;
        assert_eq!(drafts.len(), 1, "registered with a method that policy forbids");
        let groups = drafts[0].evidence.iter().find(|evidence| evidence.field == "memberOf").unwrap();
        assert_eq!(groups.value, json!(["Admins", "Helpdesk"]));
        assert!(!with(EXCHANGE, json!({}), Some(true)).fires(&RULE));
    }

    #[test]
    fn the_worst_group_sets_the_severity() {
        assert_eq!(with(EXCHANGE, json!({}), Some(false)).run(&RULE).findings[0].severity, Some(Severity::Critical));
        assert_eq!(with(SUPPORT, json!({}), Some(false)).run(&RULE).findings[0].severity, Some(Severity::High));
    }

    #[test]
    fn without_a_row_unknown() {
        let out = with(EXCHANGE, json!({}), None).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![("ann".to_owned(), Dataset::MfaRegistration)]));
        let denied = with(EXCHANGE, json!({}), None).coverage(Dataset::MfaRegistration, Coverage::new(Status::Denied)).run(&RULE);
        assert!(denied.unjudged.is_empty(), "the whole rule is not evaluated then");
    }

    #[test]
    fn only_users_who_can_sign_in() {
        for other in [
            json!({ "accountEnabled": false }),
            json!({ "kind": "servicePrincipal" }),
            json!({ "kind": "group" }),
            json!({ "kind": "device" }),
        ] {
            assert!(!with(EXCHANGE, other.clone(), Some(false)).fires(&RULE), "{other}");
            assert!(with(EXCHANGE, other, None).run(&RULE).unjudged.is_empty());
        }
        for less_sure in [json!({ "accountEnabled": null }), json!({ "userType": "guest" })] {
            assert_eq!(with(EXCHANGE, less_sure, Some(false)).run(&RULE).findings[0].confidence, Confidence::Medium);
        }
    }

    #[test]
    fn new_accounts_have_their_days_of_grace() {
        let created = |hours: i64| with(EXCHANGE, json!({ "createdDateTime": at_hour(-hours).to_string() }), Some(false)).fires(&RULE);
        assert!(created(7 * 24));
        assert!(!created(7 * 24 - 1));
        let mut case = with(EXCHANGE, json!({}), Some(false));
        let row = json!({ "userId": "ann", "createdDateTime": at(-1).to_string() });
        case.snapshot.tenants[0].partner.user_activity.push(serde_json::from_value(row).unwrap());
        assert!(!case.fires(&RULE), "its making may stand in another dataset");
    }

    #[test]
    fn members_of_groups_without_access_are_nobody_s_business() {
        let mut case = with(EXCHANGE, json!({}), Some(false));
        for relationship in &mut case.snapshot.tenants[0].partner.relationships {
            relationship.status = crate::domain::facts::RelationshipStatus::Expired;
        }
        assert!(!case.fires(&RULE));
    }
}
