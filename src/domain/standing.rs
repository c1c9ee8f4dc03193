//! What the organisation's own policy makes of a finding: tolerated for a time, approved, or of another severity.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A finding that is tolerated for a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Waiver {
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Until when.
    pub until: Timestamp,
}

/// Who approved what a finding says: an `[[approved]]` of the config that covers it at the run's time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Who answers for it.
    pub owner: String,
    /// The last moment for which it holds; absent: no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Where it was asked for and granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// What the organisation's own policy makes of a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// It is tolerated: it does not count for the exit status.
    pub waiver: Option<Waiver>,
    /// It was tolerated; it counts again.
    pub ended_waiver: Option<Waiver>,
    /// It lies inside an approval: it is info, and does not count.
    pub approval: Option<Approval>,
    /// Why its severity is not that of the rule.
    pub severity_reason: Option<String>,
}

impl Standing {
    /// True if it counts for the exit status.
    pub fn counts(&self) -> bool {
        self.waiver.is_none() && self.approval.is_none()
    }
}
