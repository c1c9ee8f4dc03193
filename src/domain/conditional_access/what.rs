//! What a policy governs: applications, groupings of them, filters.

use std::collections::BTreeSet;

use super::answer::GapKind;
use super::condition::{Condition, Escape, Name, by_filter, lists, must_be, same};
use super::space::{Allowed, Dim, IN, OUT, Region};
use super::types::Applications;

/// What a policy governs.
pub(super) enum What {
    Conditions(Vec<Condition>),
    Nothing,
    Only(GapKind, Vec<String>),
}

/// Which applications. What is no GUID names a grouping, which may hold any application.
pub(super) fn what(applications: &Applications) -> What {
    let included = &applications.include_applications;
    let filter = applications.application_filter.as_ref().filter(|filter| !filter.rule.is_empty());
    if included.is_empty() && !applications.include_user_actions.is_empty() {
        return What::Only(GapKind::UserActionsOnly, applications.include_user_actions.clone());
    }
    if included.is_empty() && !applications.include_authentication_context_class_references.is_empty() {
        return What::Only(GapKind::AuthenticationContextOnly, applications.include_authentication_context_class_references.clone());
    }
    let by_filter_only = included.is_empty() && filter.is_some_and(|filter| same(&filter.mode, "include"));
    let mut conditions = Vec::new();
    if !by_filter_only && !lists(included, "All") {
        let Some(condition) = included_applications(included) else { return What::Nothing };
        conditions.push(condition);
    }
    conditions.extend(excluded_applications(&applications.exclude_applications));
    conditions.extend(filter.map(|filter| by_filter(GapKind::ApplicationFilter, "application", filter)));
    What::Conditions(conditions)
}

fn split_applications(list: &[String]) -> (BTreeSet<String>, Vec<&String>) {
    let is_id = |id: &&String| uuid::Uuid::try_parse(id).is_ok();
    let (ids, groupings): (Vec<&String>, Vec<&String>) = list.iter().filter(|id| !same(id, "None")).partition(is_id);
    (ids.into_iter().map(|id| id.to_ascii_lowercase()).collect(), groupings)
}

fn grouping(name: &str) -> Dim {
    Dim::Grouping(name.to_ascii_lowercase())
}

fn included_applications(list: &[String]) -> Option<Condition> {
    let (ids, groupings) = split_applications(list);
    let mut met: Vec<Region> = groupings.iter().map(|name| Region::of(grouping(name), Allowed::one(IN))).collect();
    if !ids.is_empty() {
        met.push(Region::of(Dim::App, Allowed::Only(ids.clone())));
    }
    if met.is_empty() {
        return None;
    }
    let outside = groupings.iter().map(|name| Region::of(grouping(name), Allowed::one(OUT)));
    let rest = outside.chain([Region::of(Dim::App, Allowed::Not(ids))]).try_fold(Region::default(), |rest, next| rest.and(&next));
    let escape = |region| Escape { kind: GapKind::Application, name: Name::OtherApplications, region };
    Some(Condition { met, escapes: rest.map(escape).into_iter().collect() })
}

fn excluded_applications(list: &[String]) -> Vec<Condition> {
    let (ids, groupings) = split_applications(list);
    let mut conditions: Vec<Condition> =
        groupings.iter().map(|name| must_be(GapKind::Application, (*name).clone(), grouping(name), OUT)).collect();
    if !ids.is_empty() {
        let region = |id: &str| Region::of(Dim::App, Allowed::one(id));
        let escape = |id: &String| Escape { kind: GapKind::Application, name: Name::Fixed(id.clone()), region: region(id) };
        conditions.push(Condition { escapes: ids.iter().map(escape).collect(), met: vec![Region::of(Dim::App, Allowed::Not(ids))] });
    }
    conditions
}
