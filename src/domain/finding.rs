//! Findings: what a rule says about one subject, with the evidence it rests on.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Standing, Timestamp, View};

/// Text that is most often the program's own: a run over thousands of relationships repeats it in every finding.
pub type Text = Cow<'static, str>;

/// How bad. Ordered: `Critical` is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Hygiene.
    Low,
    /// To be planned.
    Medium,
    /// To be mended soon.
    High,
    /// To be mended now.
    Critical,
}

impl Severity {
    /// Every severity, worst first.
    pub const WORST_FIRST: [Severity; 5] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

    /// The word used in flags and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// Reads the word; `None` if it is not one.
    pub fn parse(word: &str) -> Option<Severity> {
        Severity::WORST_FIRST.into_iter().find(|severity| severity.as_str() == word)
    }

    /// One level worse; `Critical` stays.
    #[must_use]
    pub const fn raised(self) -> Severity {
        match self {
            Severity::Info => Severity::Low,
            Severity::Low => Severity::Medium,
            Severity::Medium => Severity::High,
            Severity::High | Severity::Critical => Severity::Critical,
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A hint.
    Low,
    /// Likely.
    Medium,
    /// Read as such.
    High,
}

/// Whether a finding is new against a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Not in the baseline, which could have seen it.
    New,
    /// In the baseline.
    Existing,
    /// Not in the baseline, which could not have seen it.
    UnknownBefore,
    /// In the baseline only.
    Resolved,
    /// There is no baseline.
    Unbaselined,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// `relationship`, `assignment`, `group`, `user`, `customer`, `tenant`, `dataset`.
    pub kind: Text,
    /// Its id, stable over runs.
    pub id: String,
    /// Its name, which is the tenant's and may be hostile.
    pub name: String,
}

/// A tenant that a finding concerns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// Tenant id.
    pub tenant_id: String,
    /// Its name, or its id where no name is known.
    pub name: String,
}

/// One fact that a finding rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Graph's name of the field, or the name of the setting.
    pub field: Text,
    /// Its value: a string, number, bool, list of strings, or null where Graph gave none.
    #[schemars(extend("type" = ["string", "number", "boolean", "array", "null"], "items" = { "type": "string" }))]
    pub value: serde_json::Value,
    /// The dataset it was read from, or `settings`.
    pub source: Text,
}

/// A finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Rule id, `gdap-global-administrator`.
    pub rule_id: Text,
    /// Rule code, `PRV-01`.
    pub code: Text,
    /// The view it was found in.
    pub view: View,
    /// What counts.
    pub severity: Severity,
    /// What the rule said before an organisation's own setting.
    pub base_severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// One line.
    pub title: Text,
    /// Against a baseline.
    pub state: State,
    /// The audited tenant.
    pub tenant_id: String,
    /// What it is about.
    pub subject: Subject,
    /// The partner concerned.
    pub partner: Option<Party>,
    /// The customer concerned.
    pub customer: Option<Party>,
    /// What the organisation's policy makes of it.
    pub standing: Standing,
    /// Since when what it says has been so, where a fact tells it.
    pub since: Option<Timestamp>,
    /// The measure that made it a finding, in a few words, for a reader who sees no evidence: `730 days, limit 90`.
    pub note: Option<String>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What to do.
    pub remediation: Text,
    /// Stable over runs: rule, tenant, subject ids and the rule's own key; never a name, a count or a time.
    pub fingerprint: String,
    /// When a baseline first saw it.
    pub first_seen: Option<Timestamp>,
    /// What it was in the baseline, where the facts have made it worse since; `None` else.
    pub severity_before: Option<Severity>,
    /// ATT&CK technique ids.
    pub attack: Vec<Text>,
    /// ATT&CK mitigation ids.
    pub mitigations: Vec<Text>,
    /// NIST SP 800-53 control ids.
    pub nist: Vec<Text>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_order_and_parse() {
        assert!(Severity::Critical > Severity::High && Severity::Low > Severity::Info);
        for severity in Severity::WORST_FIRST {
            assert_eq!(Severity::parse(severity.as_str()), Some(severity));
            assert!(severity.raised() >= severity);
        }
        assert_eq!(Severity::parse("never"), None);
    }
}
