//! MBR-05: see the page.

use crate::domain::facts::{MfaRegistration, Principal};
use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, few, group_names, holds, list, note_unread_members_of, sorted, time};

/// The weakest tier whose members must have a strong method.
const MAX_TIER: u8 = 1;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-member-weak-mfa",
        code: "MBR-05",
        title: "Member of a tier 0 or 1 group has no phishing-resistant method",
        views: PARTNER,
        severity: Severity::Medium,
        severity_note: "",
        uses: &[required(Dataset::GroupMembers), required(Dataset::MfaRegistration), required(Dataset::Assignments)],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "groupMembers",
            "principals.kind",
            "principals.accountEnabled",
            "principals.userType",
            "mfaRegistrations.methods",
            "mfaRegistrations.isMfaRegistered",
            "mfaRegistrations.lastUpdatedDateTime",
            "assignments.roles",
            "assignments.status",
        ],
        settings: &[list(
            "strong-methods",
            &["fido2SecurityKey", "passKeyDeviceBound", "passKeyDeviceBoundAuthenticator", "windowsHelloForBusiness", "x509Certificate"],
            "Methods that resist phishing, as `methodsRegistered` spells them.",
        )],
        remediation: "Have the person register a passkey (My Account > Security info > Add sign-in method), then demand the authentication strength \
                      \"Phishing-resistant MFA\" of the members of these groups: Entra admin center > Conditional Access > New policy.",
        attack: &["T1199", "T1621", "T1528"],
        mitigations: &["M1032"],
        nist: &["IA-2", "IA-5"],
        benchmarks: &["CIS M365 v7.0 5.2.2.5", "SCuBA MS.AAD.3.6v1"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-member-weak-mfa.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let was_read = ctx.tenant.coverage.get(&Dataset::MfaRegistration).is_some_and(|coverage| coverage.status.has_records());
    for group in ctx.index.group_roles().keys().filter(|group| is_privileged(ctx, group)) {
        note_unread_members_of(ctx, out, group);
    }
    for (id, groups) in ctx.index.groups_of_members() {
        let strong: Vec<&str> = groups.into_iter().filter(|group| is_privileged(ctx, group)).collect();
        let Some(user) = ctx.index.principal(id).filter(|principal| principal.is_user() && principal.account_enabled != Some(false)) else {
            continue;
        };
        if strong.is_empty() {
            continue;
        }
        match ctx.index.mfa(id) {
            // A user without a row, or whose row names no method of those that it counts, is unknown.
            None if was_read => out.unjudged(id, Dataset::MfaRegistration),
            Some(row) if row.methods.is_empty() && row.is_mfa_registered => out.unjudged(id, Dataset::MfaRegistration),
            Some(row) => out.findings.extend(judge(ctx, user, row, &strong)),
            None => {}
        }
    }
}

fn is_privileged(ctx: &Ctx<'_>, group: &str) -> bool {
    ctx.index.group_tier(group).is_some_and(|tier| tier <= MAX_TIER)
}

fn judge(ctx: &Ctx<'_>, user: &Principal, row: &MfaRegistration, groups: &[&str]) -> Option<Draft> {
    let strong = ctx.settings.list("strong-methods");
    if row.methods.iter().any(|method| holds(strong, method)) {
        return None;
    }
    let tier = groups.iter().filter_map(|group| ctx.index.group_tier(group)).min();
    let names = group_names(ctx, groups);
    Some(
        Draft::about("user", &user.id, user.label())
            .note(format!("through {}", few(&names)))
            // A guest uses the methods of its own tenant, which the report does not show.
            .confidence(if user.is_guest() { Confidence::Low } else { Confidence::Medium })
            .evidence("methodsRegistered", sorted(&row.methods), Dataset::MfaRegistration)
            .evidence("lastUpdatedDateTime", time(row.last_updated_date_time), Dataset::MfaRegistration)
            .evidence("memberOf", names, Dataset::GroupMembers)
            .evidence("lowest tier of memberOf", tier, Dataset::Assignments)
            .setting("strong-methods", strong.to_vec()),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Confidence, Coverage, Dataset, Status};
    use crate::policy::rules::testing::{APPLICATION, Case, EXCHANGE, SUPPORT, assignment, case, relationship};

    /// A member of a group with `role` and of one with a small role, and what the report says.
    fn with(role: &str, principal: Value, row: Option<Value>) -> Case {
        let mut member = json!({ "id": "ann", "kind": "user", "accountEnabled": true });
        member.as_object_mut().unwrap().extend(principal.as_object().unwrap().clone());
        let rows: Vec<Value> = row.into_iter().collect();
        case(json!({
            "relationships": [relationship("r1", &[role, SUPPORT], json!({}))],
            "assignments": [assignment("a1", "r1", "g1", &[role], json!({})), assignment("a2", "r1", "g2", &[SUPPORT], json!({}))],
            "groups": [{ "id": "g1", "displayName": "Strong" }, { "id": "g2", "displayName": "Small" }],
            "groupMembers": { "g1": ["ann"], "g2": ["ann"] }, "principals": [member], "mfaRegistrations": rows,
        }))
    }

    fn methods(methods: &[&str]) -> Option<Value> {
        Some(json!({ "userId": "ann", "isMfaCapable": true, "isMfaRegistered": !methods.is_empty(), "methods": methods }))
    }

    #[test]
    fn one_strong_method_is_enough_in_any_spelling() {
        for strong in ["fido2SecurityKey", "PASSKEYDEVICEBOUND", "windowsHelloForBusiness", "x509Certificate"] {
            assert!(!with(APPLICATION, json!({}), methods(&["sms", strong])).fires(&RULE), "{strong}");
        }
        let drafts = with(APPLICATION, json!({}), methods(&["microsoftAuthenticatorPush", "mobilePhone"])).run(&RULE).findings;
        assert_eq!((drafts[0].confidence, &drafts[0].evidence[2].value), (Confidence::Medium, &json!(["Strong"])));
        assert!(with(APPLICATION, json!({}), methods(&[])).fires(&RULE));
        assert!(!with(APPLICATION, json!({}), methods(&["sms"])).list("strong-methods", &["sms"]).fires(&RULE));
    }

    #[test]
    fn only_enabled_users_of_tier_0_and_1() {
        let weak = || methods(&["sms"]);
        assert!(with(EXCHANGE, json!({}), weak()).fires(&RULE));
        assert!(!with(SUPPORT, json!({}), weak()).fires(&RULE));
        assert!(!with(EXCHANGE, json!({ "accountEnabled": false }), weak()).fires(&RULE));
        assert!(with(EXCHANGE, json!({ "accountEnabled": null }), weak()).fires(&RULE), "unknown is not disabled");
        assert!(!with(EXCHANGE, json!({ "kind": "servicePrincipal" }), weak()).fires(&RULE));
        assert_eq!(with(EXCHANGE, json!({ "userType": "Guest" }), weak()).run(&RULE).findings[0].confidence, Confidence::Low);
    }

    #[test]
    fn what_the_report_does_not_say_is_not_judged() {
        let unsaid = Some(json!({ "userId": "ann", "isMfaCapable": true, "isMfaRegistered": true }));
        for row in [None, unsaid] {
            let out = with(EXCHANGE, json!({}), row).run(&RULE);
            assert_eq!((out.findings.len(), out.unjudged), (0, vec![("ann".to_owned(), Dataset::MfaRegistration)]));
        }
        let denied = with(EXCHANGE, json!({}), None).coverage(Dataset::MfaRegistration, Coverage::new(Status::Denied)).run(&RULE);
        assert!(denied.findings.is_empty() && denied.unjudged.is_empty());
        let mut case = with(EXCHANGE, json!({}), methods(&["sms"]));
        case.snapshot.tenants[0].partner.group_members.clear();
        assert_eq!(case.run(&RULE).unjudged, [("g1".to_owned(), Dataset::GroupMembers)], "the small group does not matter");
    }
}
