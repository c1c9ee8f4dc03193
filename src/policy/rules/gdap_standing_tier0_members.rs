//! MBR-04: see the page.

use std::collections::BTreeSet;

use crate::domain::facts::{PimKind, Principal, PrincipalKind};
use crate::domain::rule_meta::{Reads, Setting, SettingDefault, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{PARTNER, count, holds, list, note_unread_members_of, role_names, roles_up_to};

/// Most members that one finding names.
const MOST_NAMES: usize = 20;

const REQUIRE_JIT: Setting = Setting {
    name: "require-jit",
    default: SettingDefault::Int { default: 1, min: 0, max: 1 },
    doc: "1: a member who is there for good is a finding; 0: only their number counts.",
};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-standing-tier0-members",
        code: "MBR-04",
        title: "Tier 0 GDAP group has standing members or too many members",
        views: PARTNER,
        severity: Severity::High,
        severity_note: "",
        uses: &[required(Dataset::GroupMembers), required(Dataset::Assignments), helps(Dataset::GroupPim)],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "groupMembers",
            "principals.kind",
            "principals.accountEnabled",
            "assignments.roles",
            "groupPim.kind",
            "groupPim.accessId",
            "groupPim.endDateTime",
            "groups.gone",
            "assignments.status",
        ],
        settings: &[
            REQUIRE_JIT,
            count("max-tier0-members", 5, "Most members who may be active at a time."),
            list("ignore-users", &[], "Object ids of members who are meant to stay, such as emergency accounts."),
        ],
        remediation: "Entra admin center > ID Governance > Privileged Identity Management > Groups > (group): make the members eligible, demand \
                      approval and MFA at activation, for one to four hours, then remove the active assignments.",
        attack: &["T1199", "T1098.003", "T1078.004"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-5", "AC-6"],
        benchmarks: &["CIS M365 v7.0 5.3.1", "SCuBA MS.AAD.7.4v1"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-standing-tier0-members.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let terms = Terms::of(ctx);
    for (group, roles) in ctx.index.group_roles() {
        let found = roles_up_to(roles.iter().copied(), 0);
        let is_gone = ctx.index.group(group).is_some_and(|group| group.gone);
        if found.is_empty() || is_gone {
            continue;
        }
        note_unread_members_of(ctx, out, group);
        if let Some(members) = ctx.index.members_of(group) {
            judge(ctx, out, group, members, &terms, &found);
        }
    }
}

fn judge(ctx: &Ctx<'_>, out: &mut Out, group: &str, members: &[&Principal], terms: &Terms<'_>, found: &[&str]) {
    let (limit, ignored) = (ctx.settings.int("max-tier0-members"), ctx.settings.list("ignore-users"));
    let active: Vec<&Principal> = members.iter().copied().filter(|member| may_act(member) && !holds(ignored, &member.id)).collect();
    let number = i64::try_from(active.len()).unwrap_or(i64::MAX);
    let needs_jit = ctx.settings.int(REQUIRE_JIT.name) == 1;
    let standing = terms.standing(ctx, group, members, &active);
    if needs_jit && standing.is_none() {
        out.unjudged(group, Dataset::GroupPim);
    }
    // Without PIM's answer only the number is judged.
    let is_known = standing.is_some();
    let standing = standing.filter(|_| needs_jit).unwrap_or_default();
    if number <= limit && standing.is_empty() {
        return;
    }
    let mut notes = Vec::new();
    if !standing.is_empty() {
        notes.push(format!("{} standing", standing.len()));
    }
    if number > limit {
        notes.push(format!("{number} members, limit {limit}"));
    }
    let mut labels: Vec<&str> = standing.iter().map(|member| member.label()).collect();
    labels.sort_unstable();
    labels.truncate(MOST_NAMES);
    let draft = Draft::about("group", group, ctx.index.group_name(group))
        .confidence(if is_known { Confidence::Medium } else { Confidence::Low })
        .note(notes.join("; "))
        .evidence("count(transitiveMembers)", number, Dataset::GroupMembers)
        .evidence("accessDetails.unifiedRoles", role_names(found.iter().copied()), Dataset::Assignments);
    let draft = if standing.is_empty() {
        draft
    } else {
        draft
            .evidence("count(transitiveMembers without end)", standing.len(), Dataset::GroupPim)
            .evidence("transitiveMembers (without end)", labels, Dataset::GroupPim)
            .setting(REQUIRE_JIT.name, 1)
    };
    out.push(draft.setting("max-tier0-members", limit));
}

/// Someone or something that can use what the group carries. A nested group's members are listed beside it.
fn may_act(member: &Principal) -> bool {
    member.account_enabled != Some(false) && !matches!(member.kind, PrincipalKind::Group | PrincipalKind::Device | PrincipalKind::Contact)
}

/// For how long PIM for Groups says that someone is a member, by group and principal.
struct Terms<'a> {
    /// Activated, or assigned until a day.
    bounded: BTreeSet<(&'a str, &'a str)>,
    /// Assigned for good.
    endless: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Terms<'a> {
    fn of(ctx: &Ctx<'a>) -> Self {
        let mut terms = Terms { bounded: BTreeSet::new(), endless: BTreeSet::new() };
        for instance in &ctx.facts.group_pim {
            let is_member = instance.access_id.as_deref().is_none_or(|access| access.eq_ignore_ascii_case("member"));
            let key = (instance.group_id.as_str(), instance.principal_id.as_str());
            match &instance.kind {
                _ if !is_member => {}
                PimKind::Eligible => {}
                PimKind::Activated => drop(terms.bounded.insert(key)),
                PimKind::Assigned if instance.end_date_time.is_some() => drop(terms.bounded.insert(key)),
                PimKind::Assigned | PimKind::Unknown(_) => drop(terms.endless.insert(key)),
            }
        }
        terms
    }

    /// Those who are members for good; `None` where nobody can say. Where PIM does not know a group, all of its members are.
    fn standing<'p>(&self, ctx: &Ctx<'_>, group: &str, members: &[&Principal], active: &[&'p Principal]) -> Option<Vec<&'p Principal>> {
        let is_bounded = |member: &Principal| {
            let key = (group, member.id.as_str());
            self.bounded.contains(&key) && !self.endless.contains(&key)
        };
        // Nobody can say who came in by way of a nested group that is a member for a while.
        let is_nested = members.iter().any(|member| member.kind == PrincipalKind::Group && is_bounded(member));
        let standing = || active.iter().copied().filter(|member| !is_bounded(member)).collect();
        (ctx.is_complete_for(Dataset::GroupPim, group) && !is_nested).then(standing)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Confidence, Coverage, Dataset, Status};
    use crate::policy::rules::testing::{APPLICATION, Case, EXCHANGE, assignment, at, case, relationship};

    fn user(id: &str) -> Value {
        json!({ "id": id, "kind": "user", "accountEnabled": true })
    }

    fn with(role: &str, principals: &[Value], pim: &[Value]) -> Case {
        let ids: Vec<&Value> = principals.iter().map(|principal| &principal["id"]).collect();
        case(json!({
            "relationships": [relationship("r1", &[role], json!({}))],
            "assignments": [assignment("a1", "r1", "g1", &[role], json!({}))],
            "groups": [{ "id": "g1", "displayName": "Tier 0" }],
            "groupMembers": { "g1": ids }, "principals": principals, "groupPim": pim,
        }))
    }

    fn row(principal: &str, kind: &str, end: Option<i64>) -> Value {
        let end = end.map(|days| at(days).to_string());
        json!({ "id": format!("{principal}-{kind}"), "groupId": "g1", "principalId": principal, "kind": kind, "accessId": "member", "endDateTime": end })
    }

    fn users(count: usize) -> Vec<Value> {
        (0..count).map(|n| user(&format!("u{n}"))).collect()
    }

    fn activated(count: usize) -> Vec<Value> {
        (0..count).map(|n| row(&format!("u{n}"), "activated", Some(1))).collect()
    }

    fn note(case: &Case) -> Option<String> {
        case.run(&RULE).findings.pop().and_then(|draft| draft.note)
    }

    #[test]
    fn a_member_for_good_is_standing_and_one_for_a_while_is_not() {
        let of = |rows: &[Value]| note(&with(APPLICATION, &[user("ann")], rows));
        assert_eq!(of(&[]).as_deref(), Some("1 standing"), "PIM does not know her");
        assert_eq!(of(&[row("ann", "assigned", None)]).as_deref(), Some("1 standing"));
        assert_eq!(of(&[row("ann", "eligible", None)]).as_deref(), Some("1 standing"), "eligible, and a member besides");
        assert_eq!(of(&[row("ann", "somethingNew", Some(1))]).as_deref(), Some("1 standing"));
        assert_eq!(of(&[row("ann", "assigned", Some(9))]), None);
        assert_eq!(of(&[row("ann", "activated", Some(1))]), None);
        assert_eq!(of(&[row("ann", "activated", Some(1)), row("ann", "assigned", None)]).as_deref(), Some("1 standing"));
        let mut owner = row("ann", "activated", Some(1));
        owner["accessId"] = "owner".into();
        assert_eq!(of(&[owner]).as_deref(), Some("1 standing"), "an owner's row says nothing of membership");
    }

    #[test]
    fn too_many_even_if_for_a_while() {
        assert_eq!(note(&with(APPLICATION, &users(5), &activated(5))), None);
        assert_eq!(note(&with(APPLICATION, &users(6), &activated(6))).as_deref(), Some("6 members, limit 5"));
        assert_eq!(note(&with(APPLICATION, &users(7), &activated(6))).as_deref(), Some("1 standing; 7 members, limit 5"));
        assert_eq!(note(&with(APPLICATION, &users(2), &activated(2)).int("max-tier0-members", 1)).as_deref(), Some("2 members, limit 1"));
        assert_eq!(note(&with(APPLICATION, &users(2), &[]).int("require-jit", 0)), None);
    }

    #[test]
    fn only_tier_0_and_only_who_can_act() {
        assert_eq!(note(&with(EXCHANGE, &users(9), &[])), None);
        let others = [
            json!({ "id": "off", "kind": "user", "accountEnabled": false }),
            json!({ "id": "nested", "kind": "group" }),
            json!({ "id": "tv", "kind": "device" }),
        ];
        assert_eq!(note(&with(APPLICATION, &others, &[])), None);
        assert_eq!(note(&with(APPLICATION, &[json!({ "id": "app", "kind": "servicePrincipal" })], &[])).as_deref(), Some("1 standing"));
        assert_eq!(note(&with(APPLICATION, &users(1), &[]).list("ignore-users", &["U0"])), None);
    }

    #[test]
    fn without_pim_only_the_number_counts_and_is_unsure() {
        let denied = |count: usize| with(APPLICATION, &users(count), &[]).coverage(Dataset::GroupPim, Coverage::new(Status::Denied));
        let out = denied(5).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![("g1".to_owned(), Dataset::GroupPim)]));
        let out = denied(6).run(&RULE);
        assert_eq!(out.findings[0].confidence, Confidence::Low);
        assert_eq!(out.findings[0].note.as_deref(), Some("6 members, limit 5"));
        assert_eq!(with(APPLICATION, &users(1), &[]).run(&RULE).findings[0].confidence, Confidence::Medium);
        assert!(denied(5).int("require-jit", 0).run(&RULE).unjudged.is_empty(), "nobody asked");
    }

    #[test]
    fn who_came_by_way_of_a_group_that_is_there_for_a_while_cannot_be_told() {
        let nested = json!({ "id": "nested", "kind": "group" });
        let out = with(APPLICATION, &[user("ann"), nested.clone()], &[row("nested", "activated", Some(1))]).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![("g1".to_owned(), Dataset::GroupPim)]));
        assert!(with(APPLICATION, &[user("ann"), nested], &[row("nested", "assigned", None)]).fires(&RULE));
    }

    #[test]
    fn members_that_were_not_read() {
        let mut case = with(APPLICATION, &[], &[]);
        case.snapshot.tenants[0].partner.group_members.insert("g1".into(), vec!["nobody".into()]);
        assert_eq!(case.run(&RULE).unjudged, [("nobody".to_owned(), Dataset::GroupMembers)]);
        case.snapshot.tenants[0].partner.group_members.clear();
        assert_eq!(case.run(&RULE).unjudged, [("g1".to_owned(), Dataset::GroupMembers)]);
        case.snapshot.tenants[0].partner.groups[0].gone = true;
        assert!(case.run(&RULE).unjudged.is_empty());
    }
}
