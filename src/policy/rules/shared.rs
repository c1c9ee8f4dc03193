//! What several rules share: role lists, ages, the window of the sign-in log, and shorthands for metadata.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::domain::facts::{Relationship, SignInLog};
use crate::domain::log_span::{self, LogSpan};
use crate::domain::rule_meta::{Setting, SettingDefault};
use crate::domain::{Dataset, Timestamp, View, roles};
use crate::policy::rule::{Ctx, Out};

/// The partner's view alone.
pub(super) const PARTNER: &[View] = &[View::Partner];
/// The customer's view alone.
pub(super) const CUSTOMER: &[View] = &[View::Customer];
/// Either view.
pub(super) const BOTH: &[View] = &[View::Partner, View::Customer];

/// The controls that the Mappings Explorer of the Center for Threat-Informed Defense maps to T1199.
pub(super) const NIST_T1199: &[&str] = &["AC-3", "AC-4", "AC-6", "AC-8", "CM-6", "CM-7", "SC-7", "SC-46"];

/// A hundred years: the most that a setting in days may be.
const MAX_DAYS: i64 = 36_500;

/// A setting in days.
pub(super) const fn days(name: &'static str, default: i64, doc: &'static str) -> Setting {
    Setting { name, default: SettingDefault::Int { default, min: 0, max: MAX_DAYS }, doc }
}

/// A setting in hours.
pub(super) const fn hours(name: &'static str, default: i64, doc: &'static str) -> Setting {
    Setting { name, default: SettingDefault::Int { default, min: 1, max: MAX_DAYS * 24 }, doc }
}

/// A setting that is a tier.
pub(super) const fn tier(name: &'static str, default: i64, doc: &'static str) -> Setting {
    Setting { name, default: SettingDefault::Int { default, min: 0, max: 3 }, doc }
}

/// A setting that is a number of roles.
pub(super) const fn role_count(name: &'static str, default: i64, doc: &'static str) -> Setting {
    Setting { name, default: SettingDefault::Int { default, min: 0, max: 1_000 }, doc }
}

/// A setting that is a number of whatever is counted.
pub(super) const fn count(name: &'static str, default: i64, doc: &'static str) -> Setting {
    Setting { name, default: SettingDefault::Int { default, min: 1, max: 1_000_000 }, doc }
}

/// A setting in minutes, of a week at most.
pub(super) const fn minutes(name: &'static str, default: i64, doc: &'static str) -> Setting {
    Setting { name, default: SettingDefault::Int { default, min: 1, max: 7 * 24 * 60 }, doc }
}

/// A setting that is a list.
pub(super) const fn list(name: &'static str, items: &'static [&'static str], doc: &'static str) -> Setting {
    Setting { name, default: SettingDefault::List(items), doc }
}

/// Names for role template ids, the most powerful first; an id that the catalog does not have stands for itself, at the end.
pub(super) fn role_names<'a>(ids: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let sorted: BTreeSet<(u8, &str)> = ids.into_iter().map(|id| (roles::tier(id).unwrap_or(u8::MAX), roles::name(id))).collect();
    sorted.into_iter().map(|(_, name)| name.to_owned()).collect()
}

/// The first names of a list, for a note: `A, B, +3`.
pub(super) fn few(names: &[String]) -> String {
    const MOST: usize = 2;
    let shown = if names.len() == MOST + 1 { names.len() } else { names.len().min(MOST) };
    let rest = names.len() - shown;
    let shown = names[..shown].join(", ");
    if rest == 0 { shown } else { format!("{shown}, +{rest}") }
}

/// The same of role names, short.
pub(super) fn few_roles(names: &[String]) -> String {
    few(names).replace("Administrator", "Admin")
}

/// The template ids that a setting means, which may hold names and ids.
pub(super) fn role_ids(items: &[String]) -> BTreeSet<String> {
    let id = |item: &String| {
        roles::by_name(item).or_else(|| roles::by_id(item)).map_or_else(|| item.to_ascii_lowercase(), |role| role.id.to_owned())
    };
    items.iter().map(id).collect()
}

/// The lowest tier number among role template ids, unknown ones aside.
pub(super) fn worst_tier(ids: &[String]) -> Option<u8> {
    roles::worst_tier(ids.iter().map(String::as_str))
}

/// The roles whose tier number is at most `max_tier`. One that is not in the catalog is none of them: `gdap-unknown-role` reports it.
pub(super) fn roles_up_to<'a>(ids: impl IntoIterator<Item = &'a str>, max_tier: i64) -> Vec<&'a str> {
    ids.into_iter().filter(|id| roles::tier(id).is_some_and(|tier| i64::from(tier) <= max_tier)).collect()
}

/// True if a setting's list of ids holds `id`.
pub(super) fn holds(items: &[String], id: &str) -> bool {
    items.iter().any(|item| item.eq_ignore_ascii_case(id))
}

/// When access through a relationship began: its activation, or else its making.
pub(super) fn began(relationship: &Relationship) -> Option<Timestamp> {
    relationship.activated_date_time.or(relationship.created_date_time)
}

/// True if `days` or more have passed since `since`.
pub(super) fn is_aged(since: Timestamp, now: Timestamp, days: i64) -> bool {
    since.plus_days(days) <= now
}

/// Notes who in the groups with access cannot be judged.
pub(super) fn note_unread_members(ctx: &Ctx<'_>, out: &mut Out) {
    for group in ctx.index.group_roles().keys() {
        note_unread_members_of(ctx, out, group);
    }
}

/// Notes who in a group cannot be judged: the group, if the snapshot does not list its members, and members of whom it says nothing.
pub(super) fn note_unread_members_of(ctx: &Ctx<'_>, out: &mut Out, group: &str) {
    match ctx.facts.group_members.get(group) {
        Some(ids) => {
            for id in ids.iter().filter(|id| ctx.index.principal(id).is_none()) {
                out.unjudged(id, Dataset::GroupMembers);
            }
        }
        None if ctx.index.group(group).is_some_and(|group| group.gone) => {}
        None => out.unjudged(group, Dataset::GroupMembers),
    }
}

/// A list as evidence, whatever its order was.
pub(super) fn sorted(items: &[String]) -> Vec<String> {
    let mut items = items.to_vec();
    items.sort_unstable();
    items
}

/// Names of groups, sorted.
pub(super) fn group_names(ctx: &Ctx<'_>, groups: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = groups.iter().map(|group| ctx.index.group_name(group).to_owned()).collect();
    names.sort_unstable();
    names
}

/// Customers in which a group holds a role of tier `max_tier` or stronger, through current assignments of live relationships, by group.
pub(super) fn customers_of_groups<'a>(ctx: &Ctx<'a>, max_tier: i64) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut by_group: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for relationship in ctx.index.live() {
        let Some(customer) = relationship.customer_id() else { continue };
        for assignment in ctx.index.assignments_of(&relationship.id).iter().filter(|assignment| assignment.is_current()) {
            if !roles_up_to(assignment.roles.iter().map(String::as_str), max_tier).is_empty() {
                by_group.entry(&assignment.group_id).or_default().insert(customer);
            }
        }
    }
    by_group
}

/// A time as evidence; null where Graph gave none.
pub(super) fn time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| Value::String(at.to_string()))
}

/// An optional string as evidence.
pub(super) fn text(value: Option<&str>) -> Value {
    value.map_or(Value::Null, |value| Value::String(value.to_owned()))
}

/// The span of the sign-in log that was asked for and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// Its start.
    pub(super) from: Timestamp,
    /// Its end; never after the run's time.
    pub(super) to: Timestamp,
}

impl Window {
    /// The window of the run's sign-in log; `None` if nothing was read or nobody can say which span was.
    pub(super) fn of(ctx: &Ctx<'_>) -> Option<Window> {
        Window::of_log(ctx, Dataset::SignIns)
    }

    /// The same of any log.
    pub(super) fn of_log(ctx: &Ctx<'_>, log: Dataset) -> Option<Window> {
        LogSpan::of(ctx.tenant, log, ctx.lookback_days, ctx.now).map(|span| Window { from: span.from, to: span.to })
    }

    /// Its length in whole days.
    pub(super) fn days(self) -> i64 {
        self.to.days_since(self.from)
    }
}

/// The sign-in log of the view that is judged.
pub(super) fn sign_in_log<'a>(ctx: &Ctx<'a>) -> &'a SignInLog {
    log_span::sign_in_log(ctx.tenant)
}

/// True if an event that is not in a log did not happen within its span.
pub(super) fn shows_absence(ctx: &Ctx<'_>, log: Dataset) -> bool {
    log_span::shows_absence(ctx.tenant, log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Coverage, Status};
    use crate::policy::rules::testing::{EXCHANGE, assignment, at, case, relationship};

    #[test]
    fn names_come_worst_first_and_unknown_ones_last() {
        let ids = ["zzz", "88d8e3e3-8f55-4a1e-953a-9b9898b8876b", roles::GLOBAL_ADMINISTRATOR, "29232cdf-9323-42fd-ade2-1d097af3e4de"];
        assert_eq!(role_names(ids), ["Global Administrator", "Exchange Administrator", "Directory Readers", "zzz"]);
    }

    #[test]
    fn a_note_names_few() {
        let names = ["a", "b", "c", "d"].map(str::to_owned);
        assert_eq!([few(&names[..1]), few(&names[..3]), few(&names)], ["a", "a, b, c", "a, b, +2"]);
        assert_eq!(few_roles(&["Global Administrator".to_owned()]), "Global Admin");
    }

    #[test]
    fn settings_take_names_and_ids_in_any_case() {
        let given = ["global administrator".to_owned(), "29232CDF-9323-42FD-ADE2-1D097AF3E4DE".to_owned(), "Not A Role".to_owned()];
        let want = [roles::GLOBAL_ADMINISTRATOR, "29232cdf-9323-42fd-ade2-1d097af3e4de", "not a role"];
        assert_eq!(role_ids(&given), want.map(str::to_owned).into());
    }

    #[test]
    fn members_that_a_snapshot_does_not_list_are_not_clean() {
        let mapped = ["read", "unread", "gone"].map(|group| assignment(group, "r1", group, &[EXCHANGE], serde_json::json!({})));
        let facts = serde_json::json!({
            "relationships": [relationship("r1", &[EXCHANGE], serde_json::json!({}))],
            "assignments": mapped.to_vec(),
            "groups": [{ "id": "gone", "gone": true }],
            "groupMembers": { "read": ["ann", "nobody"], "history": ["other"] },
            "principals": [{ "id": "ann", "kind": "user", "accountEnabled": true }],
            "mfaRegistrations": [{ "userId": "ann", "isMfaCapable": true, "isMfaRegistered": true }],
            "userActivity": [{ "userId": "ann", "lastSuccessfulSignInDateTime": at(-1).to_string() }]
        });
        for rule in ["gdap-member-without-mfa", "gdap-member-inactive"] {
            let rule = crate::policy::find(rule).unwrap();
            let out = case(facts.clone()).run(rule);
            let want = ["nobody", "unread"].map(|id| (id.to_owned(), Dataset::GroupMembers));
            assert_eq!((out.findings.len(), out.unjudged), (0, want.to_vec()), "{}", rule.meta.id);
        }
    }

    #[test]
    fn the_window_is_what_was_asked_for_and_read() {
        let window = |coverage: Coverage| case(serde_json::json!({})).coverage(Dataset::SignIns, coverage).with_ctx(Window::of);
        let complete = Coverage::complete(0);
        assert_eq!(window(complete.clone()).map(Window::days), Some(30), "no span named: the look-back");
        let cut = Coverage { from: Some(at(-10)), to: Some(at(-2)), ..Coverage::new(Status::Partial) };
        assert_eq!(window(cut), Some(Window { from: at(-10), to: at(-2) }));
        assert_eq!(window(Coverage::new(Status::Partial)), None, "a cut log without a span proves nothing");
        assert_eq!(window(Coverage::new(Status::Denied)), None);
        let later = Coverage { from: Some(at(-10)), to: Some(at(5)), ..complete };
        assert_eq!(window(later).map(|window| window.to), Some(at(0)), "never after the run's time");
    }
}
