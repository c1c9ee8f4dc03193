//! MBR-03: see the page.

use crate::domain::facts::{Principal, PrincipalKind};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, few, group_names, list, note_unread_members, text};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-member-guest-or-app",
        code: "MBR-03",
        title: "Guest, app or shared account sits in a GDAP group",
        views: PARTNER,
        severity: Severity::High,
        severity_note: "Low where only the name looks like a shared account's.",
        uses: &[required(Dataset::GroupMembers), helps(Dataset::Assignments)],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "groupMembers",
            "principals.kind",
            "principals.userType",
            "principals.userPrincipalName",
            "assignments.roles",
            "assignments.status",
        ],
        settings: &[list(
            "shared-names",
            &["admin", "helpdesk", "support", "noc", "service", "svc"],
            "Words of shared accounts: a sign-in name that begins with one, followed by `-`, `_`, `.` or `@`.",
        )],
        remediation: "Put named accounts of the partner tenant in its place (Entra admin center > Groups > (group) > Members), and move automation to \
                      the Secure Application Model, whose consent each customer sees.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018", "M1032"],
        nist: &["AC-2", "AC-3", "AC-6", "IA-2"],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-member-guest-or-app.md"),
    },
    check,
};

/// Why a member is a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Odd {
    Application,
    Guest,
    Shared,
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let words = ctx.settings.list("shared-names");
    note_unread_members(ctx, out);
    for (id, groups) in ctx.index.groups_of_members() {
        let Some(member) = ctx.index.principal(id) else { continue };
        match judge(member, words) {
            Ok(Some(odd)) => {
                let draft = draft(ctx, member, odd, &groups);
                out.push(if odd == Odd::Shared { draft.setting("shared-names", words.to_vec()) } else { draft });
            }
            Ok(None) => {}
            Err(()) => out.unjudged(id, Dataset::GroupMembers),
        }
    }
}

/// `Err`: the snapshot does not say enough of the member.
fn judge(member: &Principal, words: &[String]) -> Result<Option<Odd>, ()> {
    match &member.kind {
        PrincipalKind::ServicePrincipal => Ok(Some(Odd::Application)),
        PrincipalKind::User if member.is_guest() => Ok(Some(Odd::Guest)),
        PrincipalKind::User => match (member.user_principal_name.as_deref(), &member.user_type) {
            // Accounts older than the property have no type; a guest's name shows what it is.
            (Some(name), None) if name.to_ascii_lowercase().contains("#ext#") => Ok(Some(Odd::Guest)),
            (Some(name), _) => Ok(is_shared(name, words).then_some(Odd::Shared)),
            (None, _) => Err(()),
        },
        PrincipalKind::Group | PrincipalKind::Device | PrincipalKind::Contact => Ok(None),
        PrincipalKind::Unknown(_) => Err(()),
    }
}

fn is_shared(name: &str, words: &[String]) -> bool {
    let name = name.to_ascii_lowercase();
    let follows = |word: &String| name.strip_prefix(&word.to_ascii_lowercase()).is_some_and(|rest| rest.starts_with(['-', '_', '.', '@']));
    words.iter().any(|word| !word.is_empty() && follows(word))
}

fn draft(ctx: &Ctx<'_>, member: &Principal, odd: Odd, groups: &[&str]) -> Draft {
    let tier = groups.iter().filter_map(|group| ctx.index.group_tier(group)).min();
    let names = group_names(ctx, groups);
    let note = format!("through {}", few(&names));
    let (kind, key, title) = match odd {
        Odd::Application => ("servicePrincipal", "application", "Application is member of a group with delegated access"),
        Odd::Guest => ("user", "guest", "Guest is member of a group with delegated access"),
        Odd::Shared => ("user", "shared-name", "Account that looks shared is member of a group with delegated access"),
    };
    let is_sure = odd != Odd::Shared;
    Draft::about(kind, &member.id, member.label())
        .key(key)
        .title(title)
        .note(note)
        .severity(if is_sure { Severity::High } else { Severity::Low })
        .confidence(if is_sure { Confidence::High } else { Confidence::Medium })
        .since(member.created_date_time)
        .evidence("@odata.type", member.kind.as_str(), Dataset::GroupMembers)
        .evidence("userType", text(member.user_type.as_deref()), Dataset::GroupMembers)
        .evidence("userPrincipalName", text(member.user_principal_name.as_deref()), Dataset::GroupMembers)
        .evidence("memberOf", names, Dataset::GroupMembers)
        .evidence("lowest tier of memberOf", tier, Dataset::Assignments)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Confidence, Dataset, Severity};
    use crate::policy::rules::testing::{Case, EXCHANGE, assignment, case, relationship};

    fn with(member: Value) -> Case {
        let mut principal = json!({ "id": "ann", "kind": "user", "userType": "Member", "userPrincipalName": "ann@x" });
        principal.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
        case(json!({
            "relationships": [relationship("r1", &[EXCHANGE], json!({}))],
            "assignments": [assignment("a1", "r1", "g1", &[EXCHANGE], json!({}))],
            "groups": [{ "id": "g1", "displayName": "Team" }], "groupMembers": { "g1": ["ann"] }, "principals": [principal],
        }))
    }

    fn key(member: Value) -> Option<String> {
        with(member).run(&RULE).findings.pop().map(|draft| draft.own_key)
    }

    #[test]
    fn guests_and_applications_are_high_and_names_low() {
        let rate = |member: Value| {
            let draft = with(member).run(&RULE).findings.pop().unwrap();
            (draft.own_key, draft.severity.unwrap(), draft.confidence, draft.subject.kind.into_owned())
        };
        assert_eq!(rate(json!({ "userType": "guest" })), ("guest".into(), Severity::High, Confidence::High, "user".into()));
        let app = json!({ "kind": "servicePrincipal", "userType": null, "userPrincipalName": null });
        assert_eq!(rate(app), ("application".into(), Severity::High, Confidence::High, "servicePrincipal".into()));
        let shared = json!({ "userPrincipalName": "SVC-sync@x" });
        assert_eq!(rate(shared), ("shared-name".into(), Severity::Low, Confidence::Medium, "user".into()));
        assert_eq!(key(json!({})), None);
    }

    #[test]
    fn a_word_of_the_name_and_not_a_part_of_one() {
        for name in ["admin@x", "helpdesk.nl@x", "Support_1@x", "noc-east@x", "service@x"] {
            assert_eq!(key(json!({ "userPrincipalName": name })).as_deref(), Some("shared-name"), "{name}");
        }
        for name in ["administrator@x", "nocturne@x", "ann.admin@x", "adminé@x", "svc"] {
            assert_eq!(key(json!({ "userPrincipalName": name })), None, "{name}");
        }
        let shift = || with(json!({ "userPrincipalName": "shift@x" }));
        assert!(shift().list("shared-names", &["shift"]).fires(&RULE));
        assert!(!shift().list("shared-names", &[""]).fires(&RULE));
        assert_eq!(key(json!({ "userPrincipalName": "admin@x", "userType": "Guest" })).as_deref(), Some("guest"), "one finding");
    }

    #[test]
    fn what_is_not_known_is_not_clean() {
        assert_eq!(key(json!({ "userType": null, "userPrincipalName": "a_b#EXT#@x" })).as_deref(), Some("guest"));
        assert_eq!(key(json!({ "userType": null })), None, "an old account");
        for hidden in [json!({ "userPrincipalName": null }), json!({ "kind": "agentUser" }), json!({ "kind": "" })] {
            let out = with(hidden.clone()).run(&RULE);
            assert_eq!((out.findings.len(), out.unjudged), (0, vec![("ann".to_owned(), Dataset::GroupMembers)]), "{hidden}");
        }
        for other in ["group", "device", "orgContact"] {
            let out = with(json!({ "kind": other, "userPrincipalName": null })).run(&RULE);
            assert!(out.findings.is_empty() && out.unjudged.is_empty(), "{other}");
        }
    }

    #[test]
    fn only_groups_with_access_count() {
        let mut case = with(json!({ "userType": "Guest" }));
        case.snapshot.tenants[0].partner.assignments.clear();
        assert!(!case.fires(&RULE));
    }

    #[test]
    fn only_a_shared_name_names_the_words() {
        let named = |member: Value| with(member).run(&RULE).findings[0].evidence.iter().any(|one| one.field == "shared-names");
        assert!(named(json!({ "userPrincipalName": "svc-sync@x" })) && !named(json!({ "userType": "guest" })));
    }
}
