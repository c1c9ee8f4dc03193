//! PIM for Groups: who may activate, or holds, membership of the groups that carry the strongest roles.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::coverage::{Subjects, without_subjects};
use super::organization::Premium;
use super::reader::{Read, Reader, read_of};
use super::wire::{Text, Time};
use crate::domain::facts::{Assignment, PimInstance, PimKind};
use crate::domain::{Coverage, Dataset, roles};
use crate::graph::{Get, Wire};

const ELIGIBLE: &str = "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances";
const ASSIGNED: &str = "/identityGovernance/privilegedAccess/group/assignmentScheduleInstances";

/// The weakest tier for which PIM is read.
const MAX_TIER: u8 = 1;

/// Graph: `privilegedAccessGroupEligibilityScheduleInstance` and `…AssignmentScheduleInstance`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PimWire {
    id: Text,
    access_id: Text,
    group_id: Text,
    principal_id: Text,
    member_type: Text,
    assignment_type: Text,
    start_date_time: Time,
    end_date_time: Time,
}

impl Wire for PimWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl PimWire {
    /// `is_eligible`: it came from the list of eligibilities. An assignment that does not say its type is a standing one.
    fn into_fact(self, group_id: &str, is_eligible: bool) -> Option<PimInstance> {
        let kind = if is_eligible { PimKind::Eligible } else { self.assignment_type.get().map_or(PimKind::Assigned, PimKind::parse) };
        Some(PimInstance {
            id: self.id.take().unwrap_or_default(),
            group_id: self.group_id.id().unwrap_or_else(|| group_id.to_owned()),
            principal_id: self.principal_id.id()?,
            kind,
            access_id: self.access_id.take(),
            member_type: self.member_type.take(),
            start_date_time: self.start_date_time.0,
            end_date_time: self.end_date_time.0,
        })
    }
}

/// Groups that carry a tier 0 or 1 role, or a role that the catalog does not know, through an assignment that is not deleted.
fn privileged(assignments: &[Assignment]) -> BTreeSet<&str> {
    let mut by_group: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for assignment in assignments.iter().filter(|assignment| assignment.is_current() && !assignment.group_id.is_empty()) {
        by_group.entry(&assignment.group_id).or_default().extend(assignment.roles.iter().map(String::as_str));
    }
    let is_strong = |ids: &BTreeSet<&str>| ids.iter().any(|id| roles::tier(id).is_none_or(|tier| tier <= MAX_TIER));
    by_group.into_iter().filter(|(_, ids)| is_strong(ids)).map(|(group, _)| group).collect()
}

/// Reads eligibilities and assignments, one request of each a group: the filter on a group is mandatory.
pub(super) async fn instances(reader: Reader<'_>, assignments: &Read<Vec<Assignment>>, premium: Premium) -> Read<Vec<PimInstance>> {
    let dataset = Dataset::GroupPim;
    if let Some(coverage) = reader.skipped(dataset).or_else(|| without_subjects(Dataset::Assignments, &assignments.coverage)) {
        return Read::none(coverage);
    }
    if premium.pim == Some(false) {
        // Proved: without the licence nobody is eligible. That is an answer, not a gap.
        return Read::none(Coverage::complete(0));
    }
    let progress = reader.progress(dataset);
    let groups = privileged(&assignments.facts);
    let items = groups.iter().flat_map(|group| requests(group)).collect();
    let mut facts = Vec::new();
    let mut holed: BTreeSet<String> = BTreeSet::new();
    let ends = reader
        .client
        .batch_list(items, &mut |key, wire: PimWire| {
            progress.one();
            let (is_eligible, group) = of_key(key);
            match wire.into_fact(group, is_eligible) {
                Some(fact) => facts.push(fact),
                None => drop(holed.insert(group.to_owned())),
            }
        })
        .await;
    facts.sort();
    let mut subjects = Subjects::default();
    for (key, listing) in ends {
        subjects.listed(of_key(&key).1, listing);
    }
    holed.iter().for_each(|group| subjects.holed(group, "a record came without a principal"));
    let coverage = reader.judge(dataset, premium.pim).subjects(&subjects, "groups", facts.len() as u64);
    Read { facts, coverage }
}

fn requests(group: &str) -> [(String, Get); 2] {
    let filter = format!("groupId eq '{group}'");
    let get =
        |template, permission| read_of(Dataset::GroupPim, Get::v1(template, &[]).query("$filter", filter.clone())).permission(permission);
    [
        (format!("e:{group}"), get(ELIGIBLE, "PrivilegedEligibilitySchedule.Read.AzureADGroup")),
        (format!("a:{group}"), get(ASSIGNED, "PrivilegedAssignmentSchedule.Read.AzureADGroup")),
    ]
}

/// Whether a key is one of eligibilities, and its group.
fn of_key(key: &str) -> (bool, &str) {
    key.split_once(':').map_or((false, key), |(kind, group)| (kind == "e", group))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::AssignmentStatus;

    const READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";

    fn assignment(group: &str, status: AssignmentStatus, role: &str) -> Assignment {
        Assignment {
            id: "a".into(),
            relationship_id: "r".into(),
            status,
            group_id: group.into(),
            container_type: None,
            roles: vec![role.into()],
            created_date_time: None,
            last_modified_date_time: None,
        }
    }

    #[test]
    fn only_strong_and_unknown_roles_are_worth_two_requests() {
        use AssignmentStatus::*;
        let list = [
            assignment("takeover", Active, roles::GLOBAL_ADMINISTRATOR),
            assignment("readers", Active, READER),
            assignment("mixed", Active, READER),
            assignment("mixed", Pending, roles::PRIVILEGED_ROLE_ADMINISTRATOR),
            assignment("unknown", Active, "00000000-0000-0000-0000-000000000000"),
            assignment("past", Deleted, roles::GLOBAL_ADMINISTRATOR),
            assignment("", Active, roles::GLOBAL_ADMINISTRATOR),
        ];
        assert_eq!(privileged(&list).into_iter().collect::<Vec<_>>(), ["mixed", "takeover", "unknown"]);
    }

    #[test]
    fn instances_in_either_case() {
        let read = |json: &str, is_eligible| serde_json::from_str::<PimWire>(json).unwrap().into_fact("g", is_eligible);
        let eligible =
            read(r#"{"id":"i","accessId":"Member","groupId":"G","principalId":"P","memberType":"Direct","endDateTime":null}"#, true)
                .unwrap();
        assert_eq!((eligible.kind, eligible.group_id.as_str(), eligible.principal_id.as_str()), (PimKind::Eligible, "g", "p"));
        assert_eq!(eligible.access_id.as_deref(), Some("Member"));
        let kind = |text: &str| read(&format!(r#"{{"principalId":"p","assignmentType":{text}}}"#), false).unwrap().kind;
        assert_eq!(kind(r#""Assigned""#), PimKind::Assigned);
        assert_eq!(kind(r#""activated""#), PimKind::Activated);
        assert_eq!(kind("null"), PimKind::Assigned);
        assert_eq!(kind(r#""borrowed""#), PimKind::Unknown("borrowed".into()));
        assert_eq!(read(r#"{"id":"i"}"#, true), None);
    }

    #[test]
    fn keys_name_list_and_group() {
        assert_eq!(of_key("e:g-1"), (true, "g-1"));
        assert_eq!(of_key("a:g-1"), (false, "g-1"));
    }
}
