//! The answer: how well a partner's people are covered, by which policies, and what is left open.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::types::ConditionalAccessPolicy;

/// What `All` users means for a service provider's people. Microsoft's texts differ: its support team says that policies for all users
/// govern them; the page on users says "all users that exist in the directory", where they do not exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Reading {
    /// `All` holds them, as Microsoft's support team and practitioners say.
    #[default]
    AllMeansTechniciansToo,
    /// `All` holds users of the directory only.
    AllMeansDirectoryUsers,
}

impl Reading {
    pub(super) fn other(self) -> Self {
        match self {
            Reading::AllMeansTechniciansToo => Reading::AllMeansDirectoryUsers,
            Reading::AllMeansDirectoryUsers => Reading::AllMeansTechniciansToo,
        }
    }
}

/// How well a partner's people are covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum VerdictKind {
    /// No policy demands anything of an ordinary sign-in.
    NotCovered,
    /// Policies would, but are report-only.
    ReportOnly,
    /// It rests on what could not be read.
    Unknown,
    /// Demanded in some sign-ins and not in others.
    Partly,
    /// Demanded in every sign-in.
    Enforced,
    /// No sign-in gets in.
    Blocked,
}

/// What kind of hole a gap is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GapKind {
    /// The policy excludes the partner's people; the value is by what.
    PartnerExcluded,
    /// The policy can be met with this control, which is no second factor.
    WeakGrant,
    /// The policy governs user actions, no applications.
    UserActionsOnly,
    /// The policy governs an authentication context, no applications.
    AuthenticationContextOnly,
    /// People with this role, by template id.
    Role,
    /// This application, by id or grouping.
    Application,
    /// Applications by a filter: its mode and rule.
    ApplicationFilter,
    /// This client type.
    ClientApp,
    /// This platform.
    Platform,
    /// This place, by id.
    Location,
    /// This sign-in risk.
    SignInRisk,
    /// This user risk.
    UserRisk,
    /// This insider risk.
    InsiderRisk,
    /// This flow.
    AuthenticationFlow,
    /// Devices by a filter: its mode and rule.
    DeviceFilter,
    /// A condition that this build does not know, which may or may not be met.
    UnknownCondition,
    /// This field could not be read, and the verdict rests on it.
    Unreadable,
}

/// A policy, as a verdict names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRef {
    /// Id of the policy.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl From<&ConditionalAccessPolicy> for PolicyRef {
    fn from(policy: &ConditionalAccessPolicy) -> Self {
        PolicyRef { id: policy.id.clone(), name: policy.display_name.clone() }
    }
}

/// A hole: who or what meets no demand, and the policy that leaves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// What kind of hole.
    pub kind: GapKind,
    /// Which one, as Graph writes it; `all other applications`, `every other place`, `other platforms` for what has no name.
    pub value: String,
    /// The policy that leaves it.
    pub policy: PolicyRef,
}

/// What a reader should know besides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "note")]
pub enum Note {
    /// The policy demands a managed device, and this tenant does not accept the partner's: in effect it blocks.
    DeviceControlsBlock {
        /// The policy.
        policy: PolicyRef,
    },
    /// Nothing is enforced, and whether security defaults are on was not read.
    SecurityDefaultsNotRead,
}

/// What Conditional Access demands of a partner's people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// How well they are covered.
    pub kind: VerdictKind,
    /// The policies that decide, the broadest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<PolicyRef>,
    /// What is left open, sorted by policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// The reading of `All`, where the verdict rests on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
    /// Security defaults are on, and no policy is enforced in their place.
    #[serde(default)]
    pub security_defaults: bool,
    /// What a reader should know besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}
