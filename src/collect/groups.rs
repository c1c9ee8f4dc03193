//! The groups that carry access: properties, owners, transitive members.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::coverage::{Subjects, without_subjects};
use super::principals::PrincipalWire;
use super::reader::{Read, Reader, read_of};
use super::wire::{Flag, Items, Text, Time};
use crate::domain::facts::{Assignment, Group, Principal};
use crate::domain::{Coverage, Dataset};
use crate::graph::{End, Get, GraphError, GraphErrorKind, Listing};

const GROUP_FIELDS: &str = "id,displayName,isAssignableToRole,isManagementRestricted,securityEnabled,mailEnabled,groupTypes,membershipRule,\
                            onPremisesSyncEnabled,visibility,createdDateTime";
const OWNER_FIELDS: &str = "id,displayName,userPrincipalName,accountEnabled,userType";
const MEMBER_FIELDS: &str = "id,displayName,userPrincipalName,accountEnabled,userType,onPremisesSyncEnabled,createdDateTime";

/// The groups that carry access: the containers of assignments that are not deleted. An assignment without a container names none.
pub(super) fn containers(assignments: &[Assignment]) -> BTreeSet<String> {
    assignments
        .iter()
        .filter(|assignment| assignment.is_current() && !assignment.group_id.is_empty())
        .map(|assignment| assignment.group_id.clone())
        .collect()
}

/// Graph: `group`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GroupWire {
    display_name: Text,
    is_assignable_to_role: Flag,
    is_management_restricted: Flag,
    security_enabled: Flag,
    mail_enabled: Flag,
    group_types: Items<Text>,
    membership_rule: Text,
    on_premises_sync_enabled: Flag,
    visibility: Text,
    created_date_time: Time,
}

impl GroupWire {
    fn into_fact(self, id: &str) -> Group {
        Group {
            id: id.to_owned(),
            gone: false,
            display_name: self.display_name.take(),
            is_assignable_to_role: self.is_assignable_to_role.0,
            is_management_restricted: self.is_management_restricted.0,
            security_enabled: self.security_enabled.0,
            mail_enabled: self.mail_enabled.0,
            group_types: self.group_types.0.into_iter().filter_map(Text::take).collect(),
            membership_rule: self.membership_rule.take(),
            on_premises_sync_enabled: self.on_premises_sync_enabled.0,
            visibility: self.visibility.take(),
            created_date_time: self.created_date_time.0,
        }
    }
}

/// Reads properties. A 404 in which Graph says so is a fact: the group is gone.
pub(super) async fn groups(reader: Reader<'_>, ids: &BTreeSet<String>, assignments: &Coverage) -> Read<Vec<Group>> {
    let dataset = Dataset::Groups;
    if let Some(coverage) = reader.skipped(dataset).or_else(|| without_subjects(Dataset::Assignments, assignments)) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let items = ids
        .iter()
        .map(|id| {
            let get = Get::v1("/groups/{}", &[id]).query("$select", GROUP_FIELDS);
            (id.clone(), read_of(dataset, get))
        })
        .collect();
    let answers = reader.client.batch_get::<GroupWire>(items).await;
    let mut subjects = Subjects::default();
    let mut facts = Vec::new();
    for (id, answer) in answers {
        progress.one();
        match answer {
            Ok(wire) => {
                subjects.answered(&id);
                facts.push(wire.into_fact(&id));
            }
            Err(error) if error.is_gone() => {
                subjects.answered(&id);
                facts.push(Group { id, gone: true, ..Group::default() });
            }
            Err(error) => subjects.failed(&id, error),
        }
    }
    let coverage = reader.judge(dataset, None).subjects(&subjects, "groups", facts.len() as u64);
    Read { facts, coverage }
}

/// Owners or members as they were read: coverage waits until it is known which groups are gone.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Records by group id.
    records: Vec<(String, Principal)>,
    /// How each group's list ended.
    ends: BTreeMap<String, Listing>,
    /// Groups with a record that does not say who it is.
    holed: BTreeSet<String>,
}

/// Owners or members, settled.
#[derive(Debug, Default)]
pub(super) struct People {
    /// Ids by group id; a group that was read and is empty has an empty list.
    pub(super) by_group: BTreeMap<String, Vec<String>>,
    /// Every record, repeats too.
    pub(super) principals: Vec<Principal>,
}

fn people_request(dataset: Dataset, id: &str) -> Get {
    let get = if dataset == Dataset::GroupOwners {
        Get::v1("/groups/{}/owners", &[id]).query("$top", "999").query("$select", OWNER_FIELDS)
    } else {
        Get::v1("/groups/{}/transitiveMembers", &[id]).query("$top", "999").query("$select", MEMBER_FIELDS)
    };
    read_of(dataset, get)
}

/// Reads owners or transitive members. `Err`: nothing to ask for, and why.
pub(super) async fn people(
    reader: Reader<'_>,
    dataset: Dataset,
    ids: &BTreeSet<String>,
    assignments: &Coverage,
) -> Result<Lists, Coverage> {
    if let Some(coverage) = reader.skipped(dataset).or_else(|| without_subjects(Dataset::Assignments, assignments)) {
        return Err(coverage);
    }
    let progress = reader.progress(dataset);
    let items = ids.iter().map(|id| (id.clone(), people_request(dataset, id))).collect();
    let mut lists = Lists::default();
    let ends = reader
        .client
        .batch_list(items, &mut |group_id, wire: PrincipalWire| {
            progress.one();
            match wire.into_fact() {
                Some(principal) => lists.records.push((group_id.to_owned(), principal)),
                None => drop(lists.holed.insert(group_id.to_owned())),
            }
        })
        .await;
    Ok(Lists { ends, ..lists })
}

/// Settles owners or members once the groups are known. A 404 on the list of a group that is gone is the same fact once more; on a group
/// that is there it is a gap.
pub(super) fn settle_people(reader: Reader<'_>, dataset: Dataset, lists: Result<Lists, Coverage>, groups: &[Group]) -> Read<People> {
    let lists = match lists {
        Ok(lists) => lists,
        Err(coverage) => return Read::none(coverage),
    };
    let (facts, mut subjects) = sort_people(lists, groups);
    let may_see_hidden = reader.claims.is_some_and(|claims| claims.permissions.iter().any(|held| held.eq_ignore_ascii_case(SEES_HIDDEN)));
    if dataset == Dataset::GroupMembers && !may_see_hidden {
        doubt_hidden(&facts, &mut subjects, groups);
    }
    let records = facts.by_group.values().map(Vec::len).sum::<usize>() as u64;
    let coverage = reader.judge(dataset, None).subjects(&subjects, "groups", records);
    Read { facts, coverage }
}

/// The permission that shows the members of a group that hides them.
const SEES_HIDDEN: &str = "Member.Read.Hidden";

/// An empty list of a group that hides its members may mean that the caller may not see them.
fn doubt_hidden(people: &People, subjects: &mut Subjects, groups: &[Group]) {
    let hides = |group: &&Group| group.visibility.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("HiddenMembership"));
    for group in groups.iter().filter(hides) {
        if people.by_group.get(&group.id).is_some_and(Vec::is_empty) {
            let error = GraphError::new(GraphErrorKind::Denied, "/groups/{}/transitiveMembers", SEES_HIDDEN);
            subjects.failed(&group.id, error.because("the group hides its members, and an empty list came"));
        }
    }
}

fn sort_people(lists: Lists, groups: &[Group]) -> (People, Subjects) {
    let there: BTreeSet<&str> = groups.iter().filter(|group| !group.gone).map(|group| group.id.as_str()).collect();
    let mut subjects = Subjects::default();
    let mut people = People::default();
    for (id, listing) in lists.ends {
        match listing.end {
            End::Broken(error) if error.is_gone() && !there.contains(id.as_str()) => {
                subjects.answered(&id);
                people.by_group.insert(id, Vec::new());
            }
            End::Broken(error) if listing.records == 0 => subjects.failed(&id, error),
            _ => {
                subjects.listed(&id, listing);
                people.by_group.insert(id, Vec::new());
            }
        }
    }
    lists.holed.iter().for_each(|id| subjects.holed(id, "a record came without an id"));
    for (group_id, principal) in lists.records {
        people.by_group.entry(group_id).or_default().push(principal.id.clone());
        people.principals.push(principal);
    }
    for ids in people.by_group.values_mut() {
        ids.sort();
        ids.dedup();
    }
    (people, subjects)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::coverage::Judge;
    use crate::collect::coverage::tests::{denied, error};
    use crate::domain::Status;
    use crate::domain::facts::{AssignmentStatus, PrincipalKind};

    fn principal(id: &str) -> Principal {
        Principal {
            id: id.into(),
            kind: PrincipalKind::User,
            display_name: None,
            user_principal_name: None,
            account_enabled: None,
            user_type: None,
            on_premises_sync_enabled: None,
            created_date_time: None,
        }
    }

    fn not_found() -> Listing {
        Listing { records: 0, end: End::Broken(error(GraphErrorKind::NotFound, Some(404), "Request_ResourceNotFound", "")) }
    }

    #[test]
    fn containers_are_those_of_assignments_that_are_not_deleted() {
        let assignment = |status: AssignmentStatus, group: &str| Assignment {
            id: "a".into(),
            relationship_id: "r".into(),
            status,
            group_id: group.into(),
            container_type: None,
            roles: vec![],
            created_date_time: None,
            last_modified_date_time: None,
        };
        let found = containers(&[
            assignment(AssignmentStatus::Active, "g1"),
            assignment(AssignmentStatus::Error, "g2"),
            assignment(AssignmentStatus::Deleted, "g3"),
            assignment(AssignmentStatus::Unknown("new".into()), "g1"),
            assignment(AssignmentStatus::Active, ""),
        ]);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["g1", "g2"]);
    }

    #[test]
    fn group_properties_with_nulls() {
        let wire: GroupWire = serde_json::from_str(
            r#"{"id":"G","displayName":"Tier 0","isAssignableToRole":true,"securityEnabled":null,"groupTypes":["DynamicMembership",null],"membershipRule":""}"#,
        )
        .unwrap();
        let group = wire.into_fact("g");
        assert_eq!(
            (group.id.as_str(), group.is_assignable_to_role, group.security_enabled, group.membership_rule),
            ("g", Some(true), None, None)
        );
        assert_eq!(group.group_types, ["DynamicMembership"]);
    }

    #[test]
    fn a_list_of_a_group_that_is_gone_is_empty_and_of_one_that_is_there_a_gap() {
        let groups = [
            Group { id: "gone".into(), gone: true, ..Group::default() },
            Group { id: "there".into(), ..Group::default() },
            Group { id: "odd".into(), ..Group::default() },
        ];
        let lists = Lists {
            records: vec![("there".into(), principal("b")), ("there".into(), principal("a"))],
            ends: BTreeMap::from([
                ("gone".into(), not_found()),
                ("there".into(), Listing { records: 2, end: End::Complete }),
                ("odd".into(), not_found()),
                ("unread".into(), not_found()),
            ]),
            ..Lists::default()
        };
        let (people, subjects) = sort_people(lists, &groups);
        assert_eq!(people.by_group.get("gone"), Some(&vec![]));
        assert_eq!(people.by_group.get("unread"), Some(&vec![]), "its properties were refused, but Graph says that it is gone");
        assert_eq!(people.by_group["there"], ["a", "b"]);
        assert!(!people.by_group.contains_key("odd"));
        let judge = Judge { dataset: Dataset::GroupMembers, cloud: "global", claims: None, licensed: None };
        let coverage = judge.subjects(&subjects, "groups", 2);
        assert_eq!(coverage.status, Status::Partial);
        assert_eq!(coverage.gaps.keys().collect::<Vec<_>>(), ["odd"]);
    }

    #[test]
    fn a_list_cut_midway_keeps_its_people_and_is_a_gap() {
        let lists = Lists {
            records: vec![("g".into(), principal("a"))],
            ends: BTreeMap::from([("g".into(), Listing { records: 1, end: End::Broken(denied()) })]),
            ..Lists::default()
        };
        let (people, subjects) = sort_people(lists, &[]);
        assert_eq!(people.by_group["g"], ["a"]);
        let judge = Judge { dataset: Dataset::GroupMembers, cloud: "global", claims: None, licensed: None };
        assert_eq!(judge.subjects(&subjects, "groups", 1).gaps["g"].status, Status::Partial);
    }
}
