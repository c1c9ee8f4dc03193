//! What one run saw: facts, and for every dataset how well it was read. Written by `collect`, judged by `evaluate`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::customer::CustomerFacts;
use super::facts::{Licenses, PartnerFacts};
use super::{Coverage, Dataset, Status, Timestamp, Tool, View};

/// The version of the snapshot format that this build writes.
pub const FORMAT_VERSION: &str = "1.0";

/// Facts of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// `major.minor`; a reader refuses a newer major.
    pub format_version: String,
    /// Who wrote it.
    #[serde(default)]
    pub tool: Tool,
    /// The run's time: what "now" is when the snapshot is judged without `--now`.
    pub collected_at: Timestamp,
    /// How far back logs were asked for, in days.
    #[serde(default)]
    pub lookback_days: u32,
    /// If it was cut down to one customer, that customer's tenant id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_customer: Option<String>,
    /// One entry for each tenant and view.
    pub tenants: Vec<TenantSnapshot>,
}

/// Facts of one tenant in one view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantSnapshot {
    /// Tenant id, lower case.
    pub tenant_id: String,
    /// Its name, where it could be read.
    #[serde(default)]
    pub display_name: String,
    /// From which side.
    pub view: View,
    /// `global`, `usgov`, `usgov-dod` or `china`.
    #[serde(default = "global")]
    pub cloud: String,
    /// How well each dataset was read.
    #[serde(default)]
    pub coverage: BTreeMap<Dataset, Coverage>,
    /// The facts of the partner view.
    #[serde(default, skip_serializing_if = "is_default")]
    pub partner: PartnerFacts,
    /// The facts of the customer view.
    #[serde(default, skip_serializing_if = "is_default")]
    pub customer: CustomerFacts,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn global() -> String {
    "global".into()
}

impl TenantSnapshot {
    /// How well a dataset was read. What the snapshot does not mention was not read.
    pub fn coverage_of(&self, dataset: Dataset) -> Coverage {
        self.coverage
            .get(&dataset)
            .cloned()
            .unwrap_or_else(|| Coverage::new(Status::Failed).because("the snapshot does not say how it was read"))
    }

    /// True where the licences were read and hold no Entra ID P1.
    pub fn is_p1_absent(&self) -> bool {
        self.coverage.get(&Dataset::Licenses).is_some_and(|coverage| coverage.status == Status::Complete)
            && self.licenses().is_some_and(|licenses| !licenses.entra_p1)
    }

    /// The premium licences, from the view's own facts.
    pub fn licenses(&self) -> Option<&Licenses> {
        match self.view {
            View::Partner => self.partner.licenses.as_ref(),
            View::Customer => self.customer.licenses.as_ref(),
        }
    }

    /// Lowers every dataset whose subjects come from another that is not complete. Called once, when collecting ends.
    pub fn settle_coverage(&mut self) {
        for dataset in Dataset::ALL {
            let Some(parent) = dataset.parent() else { continue };
            let Some(parent_status) = self.coverage.get(&parent).map(|coverage| coverage.status) else { continue };
            if let Some(coverage) = self.coverage.get_mut(dataset) {
                coverage.limit_to(parent, parent_status);
            }
        }
    }

    /// What concerns one customer and nothing of another: to hand over. Counts in coverage are those of what is left.
    #[must_use]
    pub fn for_customer(&self, customer: &str) -> TenantSnapshot {
        let mut cut = self.clone();
        let facts = &mut cut.partner;
        facts.relationships.retain(|relationship| relationship.customer_id() == Some(customer));
        let kept: BTreeSet<String> = facts.relationships.iter().map(|relationship| relationship.id.clone()).collect();
        facts.assignments.retain(|assignment| kept.contains(&assignment.relationship_id));
        facts.relationship_requests.retain(|request| kept.contains(&request.relationship_id));
        facts.customers.retain(|entry| entry.tenant_id == customer);
        facts.contracts.retain(|contract| contract.customer_id == customer);
        let groups: BTreeSet<String> = facts.assignments.iter().map(|assignment| assignment.group_id.clone()).collect();
        facts.groups.retain(|group| groups.contains(&group.id));
        facts.group_owners.retain(|group, _| groups.contains(group));
        facts.group_members.retain(|group, _| groups.contains(group));
        facts.group_pim.retain(|instance| groups.contains(&instance.group_id));
        let mut people: BTreeSet<String> = facts.group_owners.values().chain(facts.group_members.values()).flatten().cloned().collect();
        people.extend(facts.group_pim.iter().map(|instance| instance.principal_id.clone()));
        facts.principals.retain(|principal| people.contains(&principal.id));
        facts.mfa_registrations.retain(|row| people.contains(&row.user_id));
        facts.user_activity.retain(|row| people.contains(&row.user_id));
        facts.sign_ins.events.retain(|event| &*event.resource_tenant_id == customer);
        for read in &mut facts.sign_ins.reads {
            let interactive = read.event_type == "interactiveUser";
            read.records = facts.sign_ins.events.iter().filter(|event| event.is_interactive == interactive).count() as u64;
        }
        cut.recount(&kept, &groups);
        cut
    }

    /// Sets the record counts to what is there and drops gaps of subjects that were cut away.
    fn recount(&mut self, relationships: &BTreeSet<String>, groups: &BTreeSet<String>) {
        let facts = &self.partner;
        let count = |dataset: Dataset| match dataset {
            Dataset::Organization => usize::from(facts.organization.is_some()),
            Dataset::Licenses => usize::from(facts.licenses.is_some()),
            Dataset::Relationships => facts.relationships.len(),
            Dataset::Assignments => facts.assignments.len(),
            Dataset::RelationshipRequests => facts.relationship_requests.len(),
            Dataset::Customers => facts.customers.len(),
            Dataset::Contracts => facts.contracts.len(),
            Dataset::Groups => facts.groups.len(),
            Dataset::GroupOwners => facts.group_owners.values().map(Vec::len).sum(),
            Dataset::GroupMembers => facts.group_members.values().map(Vec::len).sum(),
            Dataset::GroupPim => facts.group_pim.len(),
            Dataset::MfaRegistration => facts.mfa_registrations.len(),
            Dataset::UserActivity => facts.user_activity.len(),
            Dataset::SignIns => facts.sign_ins.events.len(),
            // Only the partner view is cut down: the customer view's datasets have no rows here.
            _ => 0,
        };
        let mut counted: Vec<(Dataset, u64)> = Vec::new();
        for dataset in Dataset::ALL {
            counted.push((*dataset, count(*dataset) as u64));
        }
        for (dataset, records) in counted {
            let parent_complete = |coverage: &Coverage| {
                coverage.limited_by.is_some_and(|parent| self.coverage.get(&parent).is_some_and(|above| above.status == Status::Complete))
            };
            let freed = self.coverage.get(&dataset).is_some_and(parent_complete);
            let Some(coverage) = self.coverage.get_mut(&dataset) else { continue };
            coverage.records = records;
            let had_gaps = !coverage.gaps.is_empty();
            coverage.gaps.retain(|subject, _| relationships.contains(subject) || groups.contains(subject));
            // Gaps of others are none of this customer's; what is left is then all there is.
            let only_gaps =
                coverage.status == Status::Partial && had_gaps && coverage.gaps.is_empty() && !coverage.truncated && !coverage.capped;
            if only_gaps && coverage.limited_by.is_none() || freed && coverage.gaps.is_empty() {
                *coverage = Coverage { from: coverage.from, to: coverage.to, ..Coverage::complete(records) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Gap;

    /// Two customers; the assignments of the second one's relationship failed.
    fn tenant() -> TenantSnapshot {
        let mut tenant: TenantSnapshot = serde_json::from_value(serde_json::json!({
            "tenantId": "t", "view": "partner",
            "partner": {
                "relationships": [
                    { "id": "r1", "status": "active", "customer": { "tenantId": "c1" } },
                    { "id": "r2", "status": "active", "customer": { "tenantId": "c2" } },
                    { "id": "r3", "status": "approvalPending" }
                ],
                "assignments": [{ "id": "a1", "relationshipId": "r1", "status": "active", "groupId": "g1" }],
                "groups": [{ "id": "g1" }],
                "groupMembers": { "g1": ["u1"], "g2": ["u2"] },
                "principals": [{ "id": "u1", "kind": "user" }, { "id": "u2", "kind": "user" }]
            }
        }))
        .unwrap();
        tenant.coverage = Dataset::ALL.iter().map(|dataset| (*dataset, Coverage::complete(3))).collect();
        let mut partial = Coverage::new(Status::Partial).because("1 of 2 relationships");
        partial.gaps.insert("r2".into(), Gap { status: Status::Failed, reason: "503".into() });
        tenant.coverage.insert(Dataset::Assignments, partial);
        tenant.settle_coverage();
        tenant
    }

    #[test]
    fn one_customer_s_part_holds_nothing_of_another_and_its_own_coverage() {
        let first = tenant().for_customer("c1");
        assert_eq!(first.partner.relationships.len(), 1);
        assert_eq!(first.partner.principals.iter().map(|principal| principal.id.as_str()).collect::<Vec<_>>(), ["u1"]);
        assert_eq!(first.coverage_of(Dataset::Assignments), Coverage::complete(1), "the gap was another customer's");
        assert_eq!(first.coverage_of(Dataset::GroupMembers), Coverage::complete(1));

        let second = tenant().for_customer("c2");
        assert_eq!(second.coverage_of(Dataset::Assignments).status, Status::Partial);
        assert_eq!(second.coverage_of(Dataset::Groups).limited_by, Some(Dataset::Assignments));
        assert!(second.partner.groups.is_empty());
    }

    #[test]
    fn what_the_snapshot_does_not_mention_was_not_read() {
        let mut tenant = tenant();
        tenant.coverage.remove(&Dataset::Groups);
        assert_eq!(tenant.coverage_of(Dataset::Groups).status, Status::Failed);
    }
}
