//! What one run saw: facts, and for every dataset how well it was read. Written by `collect`, judged by `evaluate`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::PartnerFacts;
use super::{Coverage, Dataset, Status, Timestamp, Tool, View};

/// The version of the snapshot format that this build writes.
pub const FORMAT_VERSION: &str = "1.0";

/// Facts of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    #[serde(default)]
    pub partner: PartnerFacts,
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
            && self.partner.licenses.as_ref().is_some_and(|licenses| !licenses.entra_p1)
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
        };
        for (dataset, coverage) in &mut self.coverage {
            coverage.records = count(*dataset) as u64;
            coverage.gaps.retain(|subject, _| relationships.contains(subject) || groups.contains(subject));
        }
    }
}
