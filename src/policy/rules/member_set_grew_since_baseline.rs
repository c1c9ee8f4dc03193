//! CHG-03: see the page.

use crate::domain::diff::{Change, Direction, Field, Item, Kind};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::Compared;
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::new_relationship_since_baseline::against;
use super::shared::{PARTNER, count, days, few, is_aged};

/// The least growth of a group without strong roles that is worth a word.
const FEW_MEMBERS: usize = 3;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "member-set-grew-since-baseline",
        code: "CHG-03",
        title: "Members of a group with delegated access grew since the baseline",
        views: PARTNER,
        severity: Severity::Medium,
        severity_note: "High where the group carries a tier 0 role.",
        uses: &[required(Dataset::GroupMembers), required(Dataset::Assignments), helps(Dataset::GroupPim)],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "groupMembers",
            "groupPim.principalId",
            "assignments.groupId",
            "assignments.roles",
            "principals.userPrincipalName",
            "principals.createdDateTime",
            "assignments.status",
        ],
        settings: &[
            count("growth-percent", 25, "Growth of a group with tier 2 roles, in percent of what it was, above which it is reported."),
            days("new-user-days", 30, "Age in days below which an account counts as new."),
        ],
        remediation: "Ask who added them and which request it answers (Entra admin center > Groups > the group > Audit logs). Take out who has no \
                      business in it: DELETE /groups/{group id}/members/{user id}/$ref.",
        attack: &["T1199", "T1098.003"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-3", "AC-6"],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("member-set-grew-since-baseline.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let Some(compared) = ctx.baseline else { return };
    let groups = compared.comparison.changes.iter().filter(|change| &*change.subject.kind == Kind::Group.as_str());
    out.findings.extend(groups.filter_map(|change| grown(ctx, compared, change)));
}

/// Values of a field that came.
fn came(change: &Change, field: Field) -> &[Item] {
    let detail = change.details.iter().find(|detail| detail.field == field && detail.direction == Direction::Grew);
    detail.map_or(&[], |detail| &detail.items)
}

fn grown(ctx: &Ctx<'_>, compared: &Compared<'_>, change: &Change) -> Option<Draft> {
    let id = change.subject.id.as_str();
    let before = compared.before.picture.subject(Kind::Group, id)?;
    let had = |field: Field, item: &Item| before.ids(field).any(|known| known == item.id);
    // Who was a member and may become one again, or could become one and is one, is nobody new.
    let members = came(change, Field::Member).iter().filter(|item| !had(Field::Eligible, item));
    let eligible = came(change, Field::Eligible).iter().filter(|item| !had(Field::Member, item));
    let mut added: Vec<(&str, &str, Dataset)> = members.map(|item| (item.id.as_str(), item.name.as_str(), Dataset::GroupMembers)).collect();
    for item in eligible {
        if !added.iter().any(|(known, ..)| *known == item.id) {
            added.push((&item.id, &item.name, Dataset::GroupPim));
        }
    }
    let then = before.ids(Field::Member).count();
    let percent = ctx.settings.int("growth-percent");
    // A group whose roles the catalog does not know may carry anything.
    let tier = ctx.index.group_tier(id).unwrap_or(1);
    let is_growth = match tier {
        0 | 1 => !added.is_empty(),
        2 => {
            added.len() >= FEW_MEMBERS
                && i64::try_from(added.len() * 100).unwrap_or(i64::MAX) > percent * i64::try_from(then).unwrap_or(i64::MAX)
        }
        _ => false,
    };
    if !is_growth {
        return None;
    }
    let new_days = ctx.settings.int("new-user-days");
    let is_new = |id: &str| {
        let created = ctx.index.principal(id).and_then(|principal| principal.created_date_time);
        created.is_some_and(|created| !is_aged(created, ctx.now, new_days))
    };
    let names = |from: Dataset| -> Vec<String> {
        added.iter().filter(|(.., source)| *source == from).map(|(_, name, _)| (*name).to_owned()).collect()
    };
    let fresh: Vec<String> = added.iter().filter(|(id, ..)| is_new(id)).map(|(_, name, _)| (*name).to_owned()).collect();
    let all: Vec<String> = added.iter().map(|(_, name, _)| (*name).to_owned()).collect();
    let ids: Vec<&str> = added.iter().map(|(id, ..)| *id).collect();
    let note = if fresh.is_empty() { few(&all) } else { format!("{}; {} new in the tenant", few(&all), fresh.len()) };
    let mut draft = Draft::about("group", id, ctx.index.group_name(id))
        .key(ids.join("/"))
        .severity(if tier == 0 { Severity::High } else { Severity::Medium })
        .note(note)
        .evidence("transitiveMembers added", names(Dataset::GroupMembers), Dataset::GroupMembers)
        .evidence("users new in the tenant", fresh, Dataset::GroupMembers);
    let eligible = names(Dataset::GroupPim);
    if !eligible.is_empty() {
        draft = draft.evidence("eligible members added", eligible, Dataset::GroupPim);
    }
    if tier == 2 {
        draft = draft.evidence("baseline.transitiveMembers", then, Dataset::GroupMembers).setting("growth-percent", percent);
    }
    Some(against(compared, draft.setting("new-user-days", new_days)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR;
    use crate::domain::{Coverage, Dataset, Gap, Severity, Status};
    use crate::policy::rules::testing::{Case, EXCHANGE, READERS, SUPPORT, assignment, at, case, relationship};

    fn group(role: &str, members: &[&str]) -> Case {
        with(role, members, json!([]))
    }

    fn with(role: &str, members: &[&str], pim: Value) -> Case {
        let people: Vec<Value> = ["ann", "bob", "cem", "dan", "eve"]
            .iter()
            .enumerate()
            .map(|(n, id)| json!({ "id": id, "kind": "user", "createdDateTime": at(-20 * (n as i64 + 1)).to_string() }))
            .collect();
        case(json!({
            "relationships": [relationship("r1", &[role], json!({}))],
            "assignments": [assignment("a1", "r1", "g1", &[role], json!({}))],
            "groups": [{ "id": "g1", "displayName": "Tier" }],
            "groupMembers": { "g1": members },
            "principals": people,
            "groupPim": pim
        }))
    }

    fn found(before: Case, now: Case) -> Vec<(String, Severity)> {
        now.after(before).run(&RULE).findings.into_iter().map(|draft| (draft.own_key, draft.severity.unwrap())).collect()
    }

    #[test]
    fn one_more_in_a_strong_group_is_enough() {
        let one = |role: &str| found(group(role, &["ann"]), group(role, &["bob", "ann"]));
        assert_eq!(one(GLOBAL_ADMINISTRATOR), [("bob".to_owned(), Severity::High)]);
        assert_eq!(one(EXCHANGE), [("bob".to_owned(), Severity::Medium)]);
        assert_eq!(one("deadbeef-0000-4000-8000-000000000001").len(), 1, "what is not known may be anything");
        assert_eq!([one(SUPPORT).len(), one(READERS).len()], [0, 0]);
        assert_eq!(found(group(EXCHANGE, &["ann", "bob"]), group(EXCHANGE, &["ann"])), [], "less is no growth");
    }

    #[test]
    fn others_must_grow_by_three_and_a_quarter() {
        let grow = |role: &str, percent: i64| {
            let now = group(role, &["ann", "bob", "cem", "dan"]).int("growth-percent", percent);
            found(group(role, &["ann"]), now).len()
        };
        assert_eq!([grow(SUPPORT, 25), grow(SUPPORT, 299), grow(SUPPORT, 300), grow(READERS, 25)], [1, 1, 0, 0]);
        assert_eq!(found(group(SUPPORT, &["ann", "bob"]), group(SUPPORT, &["ann", "bob", "cem", "dan"])), [], "two are few");
    }

    #[test]
    fn who_is_new_in_the_tenant_is_told() {
        let fresh = |days: i64| {
            let now = group(EXCHANGE, &["ann", "bob"]).int("new-user-days", days);
            now.after(group(EXCHANGE, &[])).run(&RULE).findings[0].evidence[1].value.clone()
        };
        assert_eq!([fresh(30), fresh(20), fresh(41)], [json!(["ann"]), json!([]), json!(["ann", "bob"])]);
    }

    #[test]
    fn who_may_become_a_member_counts_once() {
        let pim = |id: &str| json!([{ "id": "p", "groupId": "g1", "principalId": id, "kind": "eligible" }]);
        assert_eq!(found(group(EXCHANGE, &["ann"]), with(EXCHANGE, &["ann"], pim("bob"))), [("bob".to_owned(), Severity::Medium)]);
        assert_eq!(found(with(EXCHANGE, &["ann"], pim("bob")), with(EXCHANGE, &["ann", "bob"], pim("bob"))), [], "activated");
        assert_eq!(found(group(EXCHANGE, &["ann", "bob"]), with(EXCHANGE, &["ann"], pim("bob"))), [], "made eligible only");
        let standing = json!([{ "id": "p", "groupId": "g1", "principalId": "bob", "kind": "assigned" }]);
        assert_eq!(
            found(with(EXCHANGE, &["ann"], standing), group(EXCHANGE, &["ann", "bob"])).len(),
            1,
            "a standing member is no eligible one"
        );
    }

    #[test]
    fn what_was_not_read_then_is_not_new() {
        let mut gap = Coverage::new(Status::Partial);
        gap.gaps.insert("g1".into(), Gap { status: Status::Failed, reason: "503".into() });
        let now = || group(EXCHANGE, &["ann"]);
        assert_eq!(found(group(EXCHANGE, &[]).coverage(Dataset::GroupMembers, gap), now()), []);
        assert_eq!(found(case(json!({})), now()), [], "a group that is new is another rule's");
        assert!(!now().fires(&RULE));
    }

    #[test]
    fn a_large_group_grows_by_a_share() {
        let people = |number: usize| (0..number).map(|n| format!("p{n}")).collect::<Vec<_>>();
        let of = |number: usize| {
            let ids = people(number);
            group(SUPPORT, &ids.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let grew = |from: usize, to: usize| of(to).after(of(from)).fires(&RULE);
        assert!(grew(8, 11) && !grew(12, 15) && !grew(13, 16), "three of twelve are a quarter, and not more");
    }

    #[test]
    fn what_is_told_fits_the_tier() {
        let draft = |role: &str, now: &[&str]| group(role, now).after(group(role, &["ann"])).run(&RULE).findings.remove(0);
        let fields = |draft: &crate::policy::rule::Draft| draft.evidence.iter().map(|one| one.field.to_string()).collect::<Vec<_>>();
        let strong = fields(&draft(EXCHANGE, &["ann", "bob"]));
        assert!(!strong.contains(&"growth-percent".to_owned()), "{strong:?}");
        let weak = draft(SUPPORT, &["ann", "bob", "cem", "dan"]);
        assert!(fields(&weak).contains(&"growth-percent".to_owned()));
        let before = weak.evidence.iter().find(|one| one.field == "baseline.transitiveMembers").unwrap();
        assert_eq!(before.value, json!(1));
        assert_eq!(weak.evidence[0].value, json!(["bob", "cem", "dan"]));
    }

    #[test]
    fn a_new_member_who_is_eligible_too_is_told_once_and_others_beside() {
        let pim = |id: &str| json!([{ "id": "p", "groupId": "g1", "principalId": id, "kind": "eligible" }]);
        let came = |id: &str| found(group(EXCHANGE, &["ann"]), with(EXCHANGE, &["ann", "bob"], pim(id)));
        assert_eq!(came("bob"), [("bob".to_owned(), Severity::Medium)]);
        assert_eq!(came("cem"), [("bob/cem".to_owned(), Severity::Medium)]);
    }
}
