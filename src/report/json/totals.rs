//! What stands at the end of the JSON report: notes on the organisation's policy, and totals.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::report::NoteKind;
use crate::domain::{Dataset, Severity, Timestamp};

/// An entry of the organisation's own policy that needs a look, or what the baseline held and no finding tells.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Note<'a> {
    /// What is the matter.
    pub(super) kind: NoteKind,
    /// The rule of a waiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule_id: Option<&'a str>,
    /// The subject of a waiver, the tenant of an approval or that a baseline lacks, the relationship that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<&'a str>,
    /// The dataset of an accepted gap; absent: every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dataset: Option<Dataset>,
    /// Until when an entry of the policy held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Timestamp>,
    /// In words.
    pub(super) text: &'a str,
}

/// Totals and the exit status.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    /// How many findings of each severity.
    pub(super) by_severity: BySeverity,
    /// How many findings of each state.
    pub(super) by_state: ByState,
    /// How many findings are waived; they are in the other counts too.
    pub(super) waived: u64,
    /// The worst finding; null if there is none.
    pub(super) worst: Option<Severity>,
    /// 0, 1 or 3.
    #[schemars(extend("enum" = [0, 1, 3]))]
    pub(super) exit_code: u8,
}

/// How many findings of each severity.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct BySeverity {
    pub(super) critical: u64,
    pub(super) high: u64,
    pub(super) medium: u64,
    pub(super) low: u64,
    pub(super) info: u64,
}

/// How many findings of each state.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ByState {
    pub(super) new: u64,
    pub(super) existing: u64,
    pub(super) unknown_before: u64,
    pub(super) resolved: u64,
    pub(super) unbaselined: u64,
}
