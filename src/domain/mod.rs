//! Facts, coverage, findings and reports: the words of the field as types.
//!
//! Nothing in here reads a file, a clock, the network or the command line. Collectors fill a [`Snapshot`], the policy engine turns it
//! into a [`Report`], reporters render that.

pub mod access;
pub mod attack;
pub mod conditional_access;
pub mod coverage;
pub mod customer;
pub mod declared;
pub mod diff;
pub mod facts;
pub mod finding;
pub mod fingerprint;
pub mod joined;
pub mod ledger;
pub mod limits;
pub mod log_span;
pub mod open_enum;
pub mod report;
pub mod roles;
pub mod rule_meta;
pub mod snapshot;
pub mod standing;
pub mod time;

pub use coverage::{Coverage, Dataset, Gap, Need, Status};
pub use finding::{Confidence, Evidence, Finding, Party, Severity, State, Subject, Text};
pub use report::Report;
pub use rule_meta::{RuleMeta, Uses};
pub use snapshot::{Snapshot, TenantSnapshot};
pub use standing::{Approval, Standing, Waiver};
pub use time::{IsoDuration, Timestamp};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// From which side a tenant is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum View {
    /// The tenant is a partner: its own footprint in customers.
    Partner,
    /// The tenant is a customer: who outside can administer it.
    Customer,
}

impl View {
    /// The name used in flags, config and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            View::Partner => "partner",
            View::Customer => "customer",
        }
    }
}

impl std::fmt::Display for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Name and version of the program that wrote a snapshot or a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Program name.
    pub name: String,
    /// Program version.
    pub version: String,
}

impl Tool {
    /// This build of partnerscope.
    pub fn this() -> Self {
        Tool { name: "partnerscope".into(), version: env!("CARGO_PKG_VERSION").into() }
    }
}

impl Default for Tool {
    fn default() -> Self {
        Tool::this()
    }
}
