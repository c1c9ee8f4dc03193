//! Roles of the directory: their definitions, who holds them, who may activate them.
//!
//! A large tenant has tens of thousands of assignments, nearly all of its own people. What surely is an insider's is dropped as it is read;
//! the rest is kept until it is known who is from outside.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::holders::{Holder, Holders, ObjectWire, Standing};
use crate::collect::coverage::Subjects;
use crate::collect::organization::Premium;
use crate::collect::reader::{Progress, Read, Reader, read_of};
use crate::collect::relationships::{note_empty, note_lost};
use crate::collect::wire::{Flag, Object, Text, Time};
use crate::domain::customer::{RoleAssignment, RoleDefinition, RoleSchedule};
use crate::domain::facts::PimKind;
use crate::domain::{Coverage, Dataset};
use crate::graph::{Get, Listing, Wire};

/// Graph: `unifiedRoleDefinition`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DefinitionWire {
    id: Text,
    template_id: Text,
    display_name: Text,
    is_built_in: Flag,
}

impl Wire for DefinitionWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl DefinitionWire {
    fn into_fact(self) -> Option<RoleDefinition> {
        Some(RoleDefinition {
            id: self.id.id()?,
            template_id: self.template_id.id(),
            display_name: self.display_name.take(),
            is_built_in: self.is_built_in.0 == Some(true),
        })
    }
}

/// Reads the definitions.
pub(in crate::collect) async fn definitions(reader: Reader<'_>) -> Read<Vec<RoleDefinition>> {
    let dataset = Dataset::RoleDefinitions;
    if let Some(coverage) = reader.skipped(dataset) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let mut facts: Vec<RoleDefinition> = Vec::new();
    let get = Get::v1("/roleManagement/directory/roleDefinitions", &[]).query("$select", "id,templateId,displayName,isBuiltIn");
    let listing = reader
        .client
        .list(&read_of(dataset, get), None, &mut |wire: DefinitionWire| {
            progress.one();
            facts.extend(wire.into_fact());
        })
        .await;
    facts.sort_by(|a, b| a.id.cmp(&b.id));
    let mut coverage = reader.judge(dataset, None).listing(&listing, facts.len() as u64);
    note_lost(&mut coverage, listing.records, facts.len());
    note_empty(&mut coverage, listing.records, "role definitions");
    Read { facts, coverage }
}

/// Graph: `unifiedRoleAssignment`, `unifiedRoleEligibilityScheduleInstance`, `unifiedRoleAssignmentScheduleInstance`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RoleWire {
    id: Text,
    principal_id: Text,
    role_definition_id: Text,
    directory_scope_id: Text,
    principal_organization_id: Text,
    principal: Object<ObjectWire>,
    assignment_type: Text,
    end_date_time: Time,
}

impl Wire for RoleWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl RoleWire {
    /// Who holds it, and what the expanded principal says of him.
    fn holder(&mut self, own: Option<&str>) -> (Holder, Option<ObjectWire>) {
        let principal = self.principal.0.take();
        let tenant_id = self.principal_organization_id.id().or_else(|| principal.as_ref().and_then(ObjectWire::tenant_id));
        let empty = ObjectWire::default();
        let seen = principal.as_ref().unwrap_or(&empty);
        let holder = Holder { standing: seen.standing(tenant_id.as_deref(), own), kind: seen.kind(), name: seen.name(), tenant_id };
        (holder, principal)
    }

    fn into_assignment(self, holder: &Holder) -> Option<RoleAssignment> {
        Some(RoleAssignment {
            // Ids of assignments are case-sensitive.
            id: self.id.take().unwrap_or_default(),
            principal_id: self.principal_id.id()?,
            role_definition_id: self.role_definition_id.id()?,
            directory_scope_id: self.directory_scope_id.take().unwrap_or_default(),
            principal_tenant_id: holder.tenant_id.clone(),
            principal_kind: holder.kind.clone(),
            principal_name: holder.name.clone(),
        })
    }

    /// `is_eligible`: it came from the list of eligibilities. An assignment that does not say its type is a standing one.
    fn into_schedule(self, is_eligible: bool, holder: &Holder) -> Option<RoleSchedule> {
        let kind = if is_eligible { PimKind::Eligible } else { self.assignment_type.get().map_or(PimKind::Assigned, PimKind::parse) };
        Some(RoleSchedule {
            id: self.id.take().unwrap_or_default(),
            principal_id: self.principal_id.id()?,
            role_definition_id: self.role_definition_id.id()?,
            directory_scope_id: self.directory_scope_id.take().unwrap_or_default(),
            kind,
            principal_tenant_id: holder.tenant_id.clone(),
            principal_kind: holder.kind.clone(),
            principal_name: holder.name.clone(),
            end_date_time: self.end_date_time.0,
        })
    }
}

/// Roles that may be held from outside, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::collect) struct Held<T> {
    pub(in crate::collect) rows: Vec<T>,
    pub(super) holders: Holders,
    /// Rows that name no principal or no role: they tell nothing, and something is missing.
    lost: u64,
}

impl<T> Default for Held<T> {
    fn default() -> Self {
        Held { rows: Vec::new(), holders: Holders::default(), lost: 0 }
    }
}

impl<T> Held<T> {
    /// Keeps a role unless one of the tenant's own people surely holds it.
    fn offer(&mut self, mut wire: RoleWire, own: Option<&str>, fact: impl FnOnce(RoleWire, &Holder) -> Option<T>) {
        let (holder, principal) = wire.holder(own);
        if holder.standing == Standing::Insider {
            return;
        }
        let id = wire.principal_id.id();
        let (Some(id), Some(row)) = (id, fact(wire, &holder)) else {
            self.lost += 1;
            return;
        };
        self.rows.push(row);
        self.holders.note(&id, holder, principal);
    }
}

fn request(path: &'static str) -> Get {
    Get::v1(path, &[]).query("$expand", "principal").query("$top", "999")
}

/// Reads who holds roles. `own`: this tenant's id, to tell principals of others.
pub(in crate::collect) async fn assignments(reader: Reader<'_>, own: Option<&str>) -> Read<Held<RoleAssignment>> {
    let dataset = Dataset::RoleAssignments;
    if let Some(coverage) = reader.skipped(dataset) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let mut held = Held::default();
    let get = read_of(dataset, request("/roleManagement/directory/roleAssignments"));
    let listing = reader
        .client
        .list(&get, None, &mut |wire: RoleWire| {
            progress.one();
            held.offer(wire, own, RoleWire::into_assignment);
        })
        .await;
    let mut coverage = reader.judge(dataset, None).listing(&listing, held.rows.len() as u64);
    note_lost(&mut coverage, held.lost, 0);
    // Somebody administers every tenant.
    note_empty(&mut coverage, listing.records, "role assignments");
    Read { facts: held, coverage }
}

/// Reads who may activate a role, and timed assignments. Without the licence there are none: proved, so that is an answer.
pub(in crate::collect) async fn schedules(reader: Reader<'_>, own: Option<&str>, premium: Premium) -> Read<Held<RoleSchedule>> {
    let dataset = Dataset::RoleSchedules;
    if let Some(coverage) = reader.skipped(dataset) {
        return Read::none(coverage);
    }
    if premium.pim == Some(false) {
        return Read::none(Coverage::complete(0));
    }
    let progress = reader.progress(dataset);
    let ((eligible, first), (assigned, second)) = tokio::join!(
        schedule_list(reader, "/roleManagement/directory/roleEligibilityScheduleInstances", true, own, &progress),
        schedule_list(reader, "/roleManagement/directory/roleAssignmentScheduleInstances", false, own, &progress),
    );
    let mut subjects = Subjects::default();
    subjects.listed("eligibility", first);
    subjects.listed("assignment", second);
    let mut held = eligible;
    held.rows.extend(assigned.rows);
    held.holders.join(assigned.holders);
    held.lost += assigned.lost;
    let mut coverage = reader.judge(dataset, premium.pim).subjects(&subjects, "lists", held.rows.len() as u64);
    note_lost(&mut coverage, held.lost, 0);
    Read { facts: held, coverage }
}

async fn schedule_list(
    reader: Reader<'_>,
    path: &'static str,
    is_eligible: bool,
    own: Option<&str>,
    progress: &Progress<'_>,
) -> (Held<RoleSchedule>, Listing) {
    let mut held = Held::default();
    let listing = reader
        .client
        .list(&read_of(Dataset::RoleSchedules, request(path)), None, &mut |wire: RoleWire| {
            progress.one();
            held.offer(wire, own, |wire, holder| wire.into_schedule(is_eligible, holder));
        })
        .await;
    (held, listing)
}

/// Keeps the assignments of these principals, with what became known of them meanwhile.
pub(super) fn settle_assignments(
    held: Read<Held<RoleAssignment>>,
    outside: &BTreeSet<String>,
    holders: &Holders,
) -> Read<Vec<RoleAssignment>> {
    let mut facts: Vec<RoleAssignment> = held.facts.rows.into_iter().filter(|row| outside.contains(&row.principal_id)).collect();
    for row in &mut facts {
        let Some(holder) = holders.get(&row.principal_id) else { continue };
        row.principal_tenant_id = row.principal_tenant_id.take().or_else(|| holder.tenant_id.clone());
        row.principal_kind = row.principal_kind.take().or_else(|| holder.kind.clone());
        row.principal_name = row.principal_name.take().or_else(|| holder.name.clone());
    }
    facts.sort_by(|a, b| a.id.cmp(&b.id));
    settled(facts, held.coverage)
}

/// Keeps the schedules of these principals.
pub(super) fn settle_schedules(held: Read<Held<RoleSchedule>>, outside: &BTreeSet<String>, holders: &Holders) -> Read<Vec<RoleSchedule>> {
    let mut facts: Vec<RoleSchedule> = held.facts.rows.into_iter().filter(|row| outside.contains(&row.principal_id)).collect();
    for row in &mut facts {
        let Some(holder) = holders.get(&row.principal_id) else { continue };
        row.principal_tenant_id = row.principal_tenant_id.take().or_else(|| holder.tenant_id.clone());
        row.principal_kind = row.principal_kind.take().or_else(|| holder.kind.clone());
        row.principal_name = row.principal_name.take().or_else(|| holder.name.clone());
    }
    facts.sort_by(|a, b| (&a.kind, &a.id).cmp(&(&b.kind, &b.id)));
    settled(facts, held.coverage)
}

fn settled<T>(facts: Vec<T>, mut coverage: Coverage) -> Read<Vec<T>> {
    if coverage.status.has_records() {
        coverage.records = facts.len() as u64;
    }
    Read { facts, coverage }
}

#[cfg(test)]
mod tests {
    use super::super::holders::tests::{MSP, OWN};
    use super::*;
    use crate::domain::Status;
    use crate::domain::customer::HolderKind;

    fn held(rows: serde_json::Value) -> Held<RoleAssignment> {
        let wires: Vec<RoleWire> = serde_json::from_value(rows).unwrap();
        let mut held = Held::default();
        wires.into_iter().for_each(|wire| held.offer(wire, Some(OWN), RoleWire::into_assignment));
        held
    }

    fn tenant() -> Held<RoleAssignment> {
        let user = |name: &str, kind: Option<&str>| serde_json::json!({ "@odata.type": "#microsoft.graph.user", "id": "x", "userPrincipalName": name, "userType": kind });
        held(serde_json::json!([
            { "id": "A1", "principalId": "F", "roleDefinitionId": "R1", "directoryScopeId": "/", "principalOrganizationId": MSP.to_uppercase(),
              "principal": { "@odata.type": "#microsoft.graph.group", "id": "F", "displayName": "Tier 1" } },
            { "id": "A2", "principalId": "own", "roleDefinitionId": "r1", "principalOrganizationId": OWN, "principal": user("a@contoso.example", Some("Member")) },
            { "id": "A3", "principalId": "guest", "roleDefinitionId": "r1", "principalOrganizationId": OWN, "principal": user("b_x.example#EXT#@contoso.example", None) },
            { "id": "A4", "principalId": "maybe", "roleDefinitionId": "r1", "principalOrganizationId": OWN, "principal": user("c@contoso.example", None) },
            { "id": "A5", "principalId": "unknown", "roleDefinitionId": "r1", "principal": null },
            { "id": "A6", "principalId": "H", "roleDefinitionId": "r1", "principal": { "@odata.type": "#microsoft.graph.group", "id": "H", "organizationId": MSP } },
            { "id": "A7", "principalId": null, "roleDefinitionId": "r1" }
        ]))
    }

    #[test]
    fn what_surely_is_an_insider_s_is_dropped_and_nothing_else() {
        let held = tenant();
        assert_eq!(held.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["A1", "A3", "A4", "A5", "A6"]);
        assert_eq!(held.lost, 1);
        let first = &held.rows[0];
        assert_eq!(
            (first.principal_id.as_str(), first.principal_tenant_id.as_deref(), first.role_definition_id.as_str()),
            ("f", Some(MSP), "r1")
        );
        assert_eq!((first.principal_kind.as_ref(), first.principal_name.as_deref()), (Some(&HolderKind::Group), Some("Tier 1")));
        let standing = |id: &str| held.holders.get(id).map(|holder| holder.standing);
        assert_eq!(
            ["f", "guest", "maybe", "unknown", "h", "own"].map(standing),
            [
                Some(Standing::Foreign),
                Some(Standing::External),
                Some(Standing::User),
                Some(Standing::Unclear),
                Some(Standing::Foreign),
                None
            ]
        );
        assert_eq!(held.holders.users.keys().collect::<Vec<_>>(), ["guest"]);
    }

    #[test]
    fn settled_rows_carry_what_became_known() {
        let held = tenant();
        let mut holders = held.holders.clone();
        let known = Holder {
            standing: Standing::Foreign,
            tenant_id: Some(MSP.into()),
            kind: Some(HolderKind::PartnerReference),
            name: Some("n".into()),
        };
        holders.note("unknown", known, None);
        let read = Read { facts: held, coverage: Coverage::complete(5) };
        let settled = settle_assignments(read, &["f".to_owned(), "unknown".to_owned()].into(), &holders);
        assert_eq!((settled.facts.len(), settled.coverage), (2, Coverage::complete(2)));
        assert_eq!(settled.facts[1].principal_tenant_id.as_deref(), Some(MSP));
        let denied = settle_assignments(Read::none(Coverage::new(Status::Denied)), &BTreeSet::new(), &holders);
        assert_eq!(denied.coverage.status, Status::Denied);
    }

    #[test]
    fn schedules_say_whether_they_are_eligible_only() {
        let holder = Holder { standing: Standing::Foreign, tenant_id: Some(MSP.into()), kind: Some(HolderKind::Group), name: None };
        let schedule =
            |json: serde_json::Value, eligible| serde_json::from_value::<RoleWire>(json).unwrap().into_schedule(eligible, &holder);
        let row =
            serde_json::json!({ "id": "S", "principalId": "P", "roleDefinitionId": "R", "directoryScopeId": "/", "endDateTime": null });
        let fact = schedule(row.clone(), true).unwrap();
        assert_eq!((fact.kind, fact.end_date_time, fact.principal_id.as_str()), (PimKind::Eligible, None, "p"));
        assert_eq!((fact.principal_tenant_id.as_deref(), fact.principal_kind), (Some(MSP), Some(HolderKind::Group)));
        assert_eq!(schedule(row, false).unwrap().kind, PimKind::Assigned);
        let activated = serde_json::json!({ "id": "S", "principalId": "P", "roleDefinitionId": "R", "assignmentType": "Activated" });
        assert_eq!(schedule(activated, false).unwrap().kind, PimKind::Activated);
    }
}
