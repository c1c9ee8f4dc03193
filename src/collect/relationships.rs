//! Relationships, the assignments of those in which access can exist, and the requests on those where a request tells something.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::coverage::{Subjects, without_subjects};
use super::reader::{Read, Reader, read_of};
use super::wire::{AccessDetails, Flag, Object, Text, Time};
use super::{admin_agents, coverage};
use crate::domain::facts::{
    Assignment, AssignmentStatus, Customer, Relationship, RelationshipRequest, RelationshipStatus, RequestAction, ResellerPart,
};
use crate::domain::{Coverage, Dataset, Gap, Status};
use crate::graph::{Get, Wire};

/// Graph's largest page of relationships, assignments and customers.
pub(super) const PAGE: &str = "300";

const RELATIONSHIPS: &str = "/tenantRelationships/delegatedAdminRelationships";
const ASSIGNMENTS: &str = "/tenantRelationships/delegatedAdminRelationships/{}/accessAssignments";
const REQUESTS: &str = "/tenantRelationships/delegatedAdminRelationships/{}/requests";

/// Graph: `delegatedAdminRelationship`, the reseller subtype too.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RelationshipWire {
    #[serde(rename = "@odata.type")]
    odata_type: Text,
    id: Text,
    display_name: Text,
    status: Text,
    customer: Object<CustomerWire>,
    access_details: Object<AccessDetails>,
    duration: Text,
    auto_extend_duration: Text,
    created_date_time: Time,
    last_modified_date_time: Time,
    activated_date_time: Time,
    end_date_time: Time,
    indirect_provider_tenant_id: Text,
    is_partner_consent_pending: Flag,
}

/// Graph: `delegatedAdminRelationshipCustomerParticipant`, and `delegatedAdminCustomer`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CustomerWire {
    id: Text,
    tenant_id: Text,
    display_name: Text,
}

impl CustomerWire {
    /// The customer; `None` if neither id nor name is there.
    pub(super) fn into_fact(self) -> Option<Customer> {
        let customer = Customer { tenant_id: self.tenant_id.id().unwrap_or_default(), display_name: self.display_name.take() };
        (!customer.tenant_id.is_empty() || customer.display_name.is_some()).then_some(customer)
    }
}

impl Wire for CustomerWire {
    fn key(&self) -> Option<&str> {
        self.tenant_id.get().or(self.id.get())
    }
}

impl Wire for RelationshipWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl RelationshipWire {
    pub(super) fn says_its_roles(&self) -> bool {
        self.access_details.0.as_ref().is_some_and(AccessDetails::is_whole)
    }

    pub(super) fn into_fact(self) -> Option<Relationship> {
        let is_reseller =
            self.odata_type.get().is_some_and(|kind| kind.to_ascii_lowercase().ends_with("resellerdelegatedadminrelationship"))
                || self.indirect_provider_tenant_id.get().is_some();
        Some(Relationship {
            id: self.id.take()?,
            display_name: self.display_name.take().unwrap_or_default(),
            // A status that is not said is one that is not known: it counts as live.
            status: RelationshipStatus::parse(self.status.get().unwrap_or_default()),
            customer: self.customer.0.and_then(CustomerWire::into_fact),
            roles: self.access_details.or_empty().roles(),
            duration: self.duration.duration(),
            auto_extend_duration: self.auto_extend_duration.duration(),
            created_date_time: self.created_date_time.0,
            last_modified_date_time: self.last_modified_date_time.0,
            activated_date_time: self.activated_date_time.0,
            end_date_time: self.end_date_time.0,
            reseller: is_reseller.then(|| ResellerPart {
                indirect_provider_tenant_id: self.indirect_provider_tenant_id.id().unwrap_or_default(),
                is_partner_consent_pending: self.is_partner_consent_pending.0.unwrap_or(true),
            }),
        })
    }
}

/// True if its assignments are asked for: access may exist. Before approval there are none, and those of an ended relationship grant
/// nothing and are used by no rule and no report, so a request for each of them would buy only history.
fn wants_assignments(relationship: &Relationship) -> bool {
    relationship.status.is_past_approval() && relationship.status.is_live()
}

/// True if its requests tell something: how far an offer is, whether a reseller agreed (its own flag does not say), who set an end in motion.
fn wants_requests(relationship: &Relationship) -> bool {
    use RelationshipStatus::{Terminating, TerminationRequested};
    let status = &relationship.status;
    status.is_offer() || matches!(status, TerminationRequested | Terminating) || (relationship.reseller.is_some() && status.is_live())
}

/// Reads relationships of every status: one list without filter, because no filter is documented and every status is wanted.
pub(super) async fn relationships(reader: Reader<'_>) -> Read<Vec<Relationship>> {
    if let Some(coverage) = reader.skipped(Dataset::Relationships) {
        return Read::none(coverage);
    }
    let progress = reader.progress(Dataset::Relationships);
    let mut facts: Vec<Relationship> = Vec::new();
    let mut roleless: Vec<String> = Vec::new();
    let get = read_of(Dataset::Relationships, Get::v1(RELATIONSHIPS, &[]).query("$top", PAGE));
    let listing = reader
        .client
        .list(&get, None, &mut |wire: RelationshipWire| {
            progress.one();
            let says_its_roles = wire.says_its_roles();
            let fact = wire.into_fact();
            // What has ended grants nothing, whatever its roles were.
            let matters = |fact: &&Relationship| !says_its_roles && (fact.status.is_live() || fact.status.is_offer());
            roleless.extend(fact.as_ref().filter(matters).map(|fact| fact.id.clone()));
            facts.extend(fact);
        })
        .await;
    facts.sort_by(|a, b| a.id.cmp(&b.id));
    let mut coverage = reader.judge(Dataset::Relationships, None).listing(&listing, facts.len() as u64);
    note_lost(&mut coverage, listing.records, facts.len());
    note_roleless(&mut coverage, roleless);
    if facts.is_empty() && coverage.status == Status::Complete {
        coverage = admin_agents::settle_empty(reader).await;
    }
    Read { facts, coverage }
}

/// A record without what makes it a fact (an id, the answer itself) is not dropped in silence.
pub(super) fn note_lost(coverage: &mut Coverage, read: u64, kept: usize) {
    let lost = read.saturating_sub(kept as u64);
    // Beside a limit that was asked for, this is a gap that nobody asked for.
    if lost > 0 && (coverage.status == Status::Complete || coverage.capped) {
        let capped = coverage.reason.take().filter(|_| coverage.capped).map(|reason| format!("; {reason}")).unwrap_or_default();
        coverage.status = Status::Partial;
        coverage.truncated = true;
        coverage.capped = false;
        coverage.reason = Some(format!("{lost} records came without an id or without what they are read for{capped}"));
    }
}

/// A list that no tenant has empty: whoever is shown none may not see them.
pub(super) fn note_empty(coverage: &mut Coverage, read: u64, what: &str) {
    if read == 0 && coverage.status == Status::Complete {
        coverage.status = Status::Partial;
        coverage.truncated = true;
        coverage.reason = Some(format!("the list of {what} is empty, and no tenant's is"));
    }
}

/// Relationships whose roles are not said are not relationships without roles.
fn note_roleless(coverage: &mut Coverage, ids: Vec<String>) {
    if ids.is_empty() {
        return;
    }
    if coverage.status == Status::Complete {
        coverage.status = Status::Partial;
        coverage.reason = Some(format!("{} relationships came without their roles", ids.len()));
    }
    let gap = || Gap { status: Status::Partial, reason: "it came without its roles".into() };
    coverage.gaps.extend(ids.into_iter().map(|id| (id, gap())));
}

/// Graph: `delegatedAdminAccessAssignment`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AssignmentWire {
    id: Text,
    status: Text,
    created_date_time: Time,
    last_modified_date_time: Time,
    access_container: Object<AccessContainer>,
    access_details: Object<AccessDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AccessContainer {
    access_container_id: Text,
    access_container_type: Text,
}

impl Wire for AssignmentWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl AssignmentWire {
    /// True if it says which group holds which roles.
    pub(super) fn is_whole(&self) -> bool {
        self.access_container.0.as_ref().is_some_and(|container| container.access_container_id.get().is_some())
            && self.access_details.0.as_ref().is_some_and(AccessDetails::is_whole)
    }

    pub(super) fn into_fact(self, relationship_id: &str) -> Assignment {
        let container = self.access_container.or_empty();
        Assignment {
            id: self.id.take().unwrap_or_default(),
            relationship_id: relationship_id.to_owned(),
            status: AssignmentStatus::parse(self.status.get().unwrap_or_default()),
            group_id: container.access_container_id.id().unwrap_or_default(),
            container_type: container.access_container_type.take(),
            roles: self.access_details.or_empty().roles(),
            created_date_time: self.created_date_time.0,
            last_modified_date_time: self.last_modified_date_time.0,
        }
    }
}

/// Reads access assignments of every status, of relationships in which access may exist.
pub(super) async fn assignments(reader: Reader<'_>, relationships: &Read<Vec<Relationship>>) -> Read<Vec<Assignment>> {
    let dataset = Dataset::Assignments;
    if let Some(coverage) = reader.skipped(dataset).or_else(|| without_subjects(Dataset::Relationships, &relationships.coverage)) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let wanted = relationships.facts.iter().filter(|relationship| wants_assignments(relationship));
    let items = wanted
        .map(|relationship| {
            let get = Get::v1(ASSIGNMENTS, &[&relationship.id]).query("$top", PAGE);
            (relationship.id.clone(), read_of(dataset, get))
        })
        .collect();
    let mut facts: Vec<Assignment> = Vec::new();
    let mut holed: BTreeSet<String> = BTreeSet::new();
    let ends = reader
        .client
        .batch_list(items, &mut |relationship_id, wire: AssignmentWire| {
            progress.one();
            let is_whole = wire.is_whole();
            let fact = wire.into_fact(relationship_id);
            if fact.is_current() && !is_whole {
                holed.insert(relationship_id.to_owned());
            }
            facts.push(fact);
        })
        .await;
    facts.sort_by(|a, b| (&a.id, &a.relationship_id).cmp(&(&b.id, &b.relationship_id)));
    let mut subjects = subjects(ends);
    holed.iter().for_each(|id| subjects.holed(id, "an assignment came without its group or its roles"));
    let coverage = reader.judge(dataset, None).subjects(&subjects, "relationships", facts.len() as u64);
    Read { facts, coverage }
}

fn subjects(ends: impl IntoIterator<Item = (String, crate::graph::Listing)>) -> Subjects {
    let mut subjects = coverage::Subjects::default();
    for (id, listing) in ends {
        subjects.listed(&id, listing);
    }
    subjects
}

/// Graph: `delegatedAdminRelationshipRequest`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RequestWire {
    id: Text,
    action: Text,
    status: Text,
    created_date_time: Time,
    last_modified_date_time: Time,
}

impl Wire for RequestWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl RequestWire {
    fn into_fact(self, relationship_id: &str) -> RelationshipRequest {
        RelationshipRequest {
            id: self.id.take().unwrap_or_default(),
            relationship_id: relationship_id.to_owned(),
            action: RequestAction::parse(self.action.get().unwrap_or_default()),
            status: self.status.take(),
            created_date_time: self.created_date_time.0,
            last_modified_date_time: self.last_modified_date_time.0,
        }
    }
}

/// Reads requests where they tell something. `reject` is hidden unless unknown enum members are asked for.
pub(super) async fn requests(reader: Reader<'_>, relationships: &Read<Vec<Relationship>>) -> Read<Vec<RelationshipRequest>> {
    let dataset = Dataset::RelationshipRequests;
    if let Some(coverage) = reader.skipped(dataset).or_else(|| without_subjects(Dataset::Relationships, &relationships.coverage)) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let wanted = relationships.facts.iter().filter(|relationship| wants_requests(relationship));
    let items = wanted
        .map(|relationship| {
            let get = Get::v1(REQUESTS, &[&relationship.id]).query("$top", PAGE).unknown_enums();
            (relationship.id.clone(), read_of(dataset, get))
        })
        .collect();
    let mut facts: Vec<RelationshipRequest> = Vec::new();
    let ends = reader
        .client
        .batch_list(items, &mut |relationship_id, wire: RequestWire| {
            progress.one();
            facts.push(wire.into_fact(relationship_id));
        })
        .await;
    facts.sort_by(|a, b| (&a.id, &a.relationship_id).cmp(&(&b.id, &b.relationship_id)));
    let coverage = reader.judge(dataset, None).subjects(&subjects(ends), "relationships", facts.len() as u64);
    Read { facts, coverage }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(json: &str) -> Relationship {
        serde_json::from_str::<RelationshipWire>(json).unwrap().into_fact().unwrap()
    }

    #[test]
    fn an_offer_with_every_kind_of_nothing() {
        let relationship = fact(
            r##"{"@odata.type":"#microsoft.graph.delegatedAdminRelationship","@odata.etag":"W/\"x\"","id":"A-B","displayName":"Open offer",
                "status":"approvalPending","customer":null,"accessDetails":{"unifiedRoles":[{"roleDefinitionId":"F2EF992C-3AFB-46B9-B7CF-A126EE74C451"}]},
                "duration":"P365D","autoExtendDuration":"PT0S","activatedDateTime":"","endDateTime":null}"##,
        );
        assert_eq!(relationship.id, "A-B", "opaque: kept as written");
        assert_eq!(relationship.status, RelationshipStatus::ApprovalPending);
        assert_eq!(relationship.customer, None);
        assert_eq!(relationship.roles, ["f2ef992c-3afb-46b9-b7cf-a126ee74c451"]);
        assert_eq!((relationship.activated_date_time, relationship.end_date_time, relationship.reseller), (None, None, None));
    }

    #[test]
    fn unknown_values_are_kept_and_case_does_not_matter() {
        assert_eq!(fact(r#"{"id":"a","status":"ACTIVE"}"#).status, RelationshipStatus::Active);
        let strange = fact(
            r#"{"id":"a","status":"Frozen","customer":{"tenantId":"ABC","displayName":""},"duration":"soon","autoExtendDuration":null}"#,
        );
        assert_eq!(strange.status, RelationshipStatus::Unknown("Frozen".into()));
        assert_eq!(strange.customer, Some(Customer { tenant_id: "abc".into(), display_name: None }));
        assert_eq!(strange.duration.unwrap().0, "soon");
        let bare = fact(r#"{"id":"a","status":null,"accessDetails":null,"displayName":null}"#);
        assert!(bare.status.is_live(), "what is not known counts as live");
        assert!(serde_json::from_str::<RelationshipWire>(r#"{"id":""}"#).unwrap().into_fact().is_none());
    }

    #[test]
    fn the_reseller_subtype() {
        let reseller = fact(
            r##"{"@odata.type":"#microsoft.graph.resellerDelegatedAdminRelationship","id":"a","status":"active",
                "indirectProviderTenantId":"ABC","isPartnerConsentPending":false}"##,
        );
        assert_eq!(reseller.reseller, Some(ResellerPart { indirect_provider_tenant_id: "abc".into(), is_partner_consent_pending: false }));
        let silent =
            fact(r##"{"@odata.type":"#microsoft.graph.ResellerDelegatedAdminRelationship","id":"a","isPartnerConsentPending":null}"##);
        assert!(silent.reseller.unwrap().is_partner_consent_pending);
    }

    #[test]
    fn only_what_can_tell_something_is_asked_for() {
        let plan = |status: &str, reseller: bool| {
            let provider = if reseller { r#","indirectProviderTenantId":"x""# } else { "" };
            let relationship = fact(&format!(r#"{{"id":"a","status":"{status}"{provider}}}"#));
            (wants_assignments(&relationship), wants_requests(&relationship))
        };
        for status in ["active", "approved", "activating", "expiring", "somethingNew"] {
            assert_eq!(plan(status, false), (true, false), "{status}");
            assert_eq!(plan(status, true), (true, true), "{status}");
        }
        for status in ["terminationRequested", "terminating"] {
            assert_eq!(plan(status, false), (true, true), "{status}");
        }
        for status in ["created", "approvalPending"] {
            assert_eq!(plan(status, false), (false, true), "{status}");
        }
        for status in ["expired", "terminated"] {
            assert_eq!(plan(status, true), (false, false), "{status}");
        }
    }

    #[test]
    fn assignments_of_every_status() {
        let read = |json: &str| serde_json::from_str::<AssignmentWire>(json).unwrap().into_fact("r1");
        let assignment = read(
            r##"{"@odata.type":"x","id":"A1","status":"Error","createdDateTime":"2026-01-10T11:24:42.3148266Z","lastModifiedDateTime":"",
                "accessContainer":{"accessContainerId":"ABCD","accessContainerType":"securityGroup"},
                "accessDetails":{"unifiedRoles":[{"roleDefinitionId":"b"},{"roleDefinitionId":"A"}]}}"##,
        );
        assert_eq!(assignment.status, AssignmentStatus::Error);
        assert_eq!((assignment.id.as_str(), assignment.group_id.as_str(), assignment.relationship_id.as_str()), ("A1", "abcd", "r1"));
        assert_eq!(assignment.roles, ["a", "b"]);
        assert_eq!(assignment.last_modified_date_time, None);
        let bare = read(r#"{"id":"x","status":null,"accessContainer":null,"accessDetails":""}"#);
        assert_eq!((bare.status, bare.group_id.as_str(), bare.roles.len()), (AssignmentStatus::Unknown(String::new()), "", 0));
    }

    #[test]
    fn hidden_request_actions_are_known() {
        let read = |json: &str| serde_json::from_str::<RequestWire>(json).unwrap().into_fact("r1");
        let request = read(r#"{"id":"q","action":"reject","status":"succeeded","createdDateTime":"2026-01-10T11:24:42Z"}"#);
        assert_eq!((request.action, request.status.as_deref()), (RequestAction::Reject, Some("succeeded")));
        assert_eq!(
            read(r#"{"id":"q","action":"unknownFutureValue","status":null}"#).action,
            RequestAction::Unknown("unknownFutureValue".into())
        );
    }

    #[test]
    fn a_record_without_id_is_not_lost_in_silence() {
        let mut coverage = Coverage::complete(2);
        note_lost(&mut coverage, 2, 2);
        assert_eq!(coverage.status, Status::Complete);
        note_lost(&mut coverage, 3, 2);
        assert_eq!((coverage.status, coverage.truncated), (Status::Partial, true));
    }
}
