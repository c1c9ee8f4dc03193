//! An organisation's own rules, in Rego.
//!
//! | file | holds |
//! |---|---|
//! | `folder` | the files of a folder of rules: the only I/O besides the runner's |
//! | `header`, `meta` | the `# METADATA` comment, and the [`RuleMeta`] that it makes |
//! | `load` | files to rules; every mistake at once |
//! | `schema`, `fields` | what a snapshot has, and which dataset it comes from |
//! | `source`, `paths` | what a rule's text calls and reads |
//! | `input` | what a rule is given |
//! | `runner` | starts the child in which rules run, and ends it when it goes beyond its limits |
//! | `worker`, `fence` | the child's side |
//! | `findings` | what a rule hands back, checked |
//!
//! [`super::evaluate`] stays pure: rules run before it, and it is handed what they said.

#[cfg(feature = "rego")]
mod fence;
#[cfg(feature = "rego")]
mod fields;
#[cfg(feature = "rego")]
mod findings;
#[cfg(feature = "rego")]
mod folder;
#[cfg(feature = "rego")]
mod header;
#[cfg(feature = "rego")]
mod input;
#[cfg(feature = "rego")]
pub mod load;
#[cfg(feature = "rego")]
mod meta;
#[cfg(feature = "rego")]
mod paths;
#[cfg(feature = "rego")]
mod problem;
#[cfg(feature = "rego")]
mod protocol;
#[cfg(feature = "rego")]
pub mod runner;
#[cfg(feature = "rego")]
mod schema;
#[cfg(feature = "rego")]
mod source;
#[cfg(feature = "rego")]
mod value;
#[cfg(feature = "rego")]
pub mod worker;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::domain::{RuleMeta, TenantSnapshot, View, fingerprint};

use super::rule::{Ctx, Draft, Out, Rule};
use super::settings::{RuleSettings, Settings};

#[cfg(feature = "rego")]
pub use problem::Problem;

/// Longest that the examples of all rules of a run may take together, in whatever folders they are. Two hundred rules with fifty examples each,
/// every one just within its own limit, would take days: a run ends whatever stands in a folder.
pub const EXAMPLES_TIME: Duration = Duration::from_secs(300);

/// What one rule may take, for each tenant that it judges, and what their examples may take together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time.
    pub time: Duration,
    /// Memory in bytes, beyond what the facts themselves take.
    pub memory: u64,
    /// Time for the examples of all rules together: [`EXAMPLES_TIME`] but in tests.
    pub examples: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { time: Duration::from_secs(10), memory: 512 * 1024 * 1024, examples: EXAMPLES_TIME }
    }
}

/// A rule of the organisation. It lives as long as the program, like the built-in ones: a run loads its rules once.
#[derive(Debug)]
pub struct CustomRule {
    /// What the engine needs to know; its check does nothing, for the rule runs elsewhere.
    pub rule: Rule,
    /// The file it stands in, as it was named.
    pub file: String,
    /// Its text.
    pub source: String,
    /// Why it is not run, though nothing is wrong with its files: an example that could not be judged.
    pub broken: Option<String>,
    digest: String,
}

impl CustomRule {
    /// A rule that lives as long as the program.
    pub fn new(meta: RuleMeta, file: String, source: String, broken: Option<String>) -> &'static CustomRule {
        let digest = fingerprint::of_row([source.as_str(), meta.id]);
        Box::leak(Box::new(CustomRule { rule: Rule { meta, check: runs_elsewhere }, file, source, broken, digest }))
    }

    /// What it says of itself.
    pub fn meta(&self) -> &RuleMeta {
        &self.rule.meta
    }
}

fn runs_elsewhere(_: &Ctx<'_>, _: &mut Out) {}

/// Two rules with one id and one text are one.
impl PartialEq for CustomRule {
    fn eq(&self, other: &Self) -> bool {
        (self.meta().id, &self.digest) == (other.meta().id, &other.digest)
    }
}

impl Eq for CustomRule {}

/// The part of it that a run's id depends on.
impl Serialize for CustomRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut parts = serializer.serialize_struct("CustomRule", 2)?;
        parts.serialize_field("id", self.meta().id)?;
        parts.serialize_field("digest", &self.digest)?;
        parts.end()
    }
}

/// What the organisation's rules said: by rule, tenant and view. A rule that is not in here did not run, which is no pass.
#[derive(Debug, Default)]
pub struct Verdicts(BTreeMap<(&'static str, String, View), Result<Vec<Draft>, String>>);

impl Verdicts {
    /// Keeps what a rule said of a tenant, or why it said nothing.
    pub fn insert(&mut self, rule_id: &'static str, tenant: &TenantSnapshot, said: Result<Vec<Draft>, String>) {
        self.0.insert((rule_id, tenant.tenant_id.clone(), tenant.view), said);
    }

    /// What a rule said of a tenant; otherwise why it said nothing.
    pub(super) fn of(&self, rule_id: &'static str, tenant: &TenantSnapshot) -> Result<Vec<Draft>, String> {
        let key = (rule_id, tenant.tenant_id.clone(), tenant.view);
        self.0.get(&key).cloned().unwrap_or_else(|| Err("it was not run".into()))
    }
}

impl Settings {
    /// Adds the organisation's own rules, switched on.
    pub fn add_custom(&mut self, rules: &[&'static CustomRule]) {
        for rule in rules {
            self.rules.insert(rule.rule.meta.id, RuleSettings::defaults(&rule.rule.meta));
        }
        self.custom.extend(rules);
    }

    /// Every rule, the organisation's own behind the built-in ones.
    pub fn all_rules(&self) -> impl Iterator<Item = &'static Rule> + Clone {
        super::rules::ALL.iter().copied().chain(self.custom.iter().map(|custom| &custom.rule))
    }

    /// What a rule says of itself.
    pub fn meta(&self, id: &str) -> Option<&'static RuleMeta> {
        self.all_rules().map(|rule| &rule.meta).find(|meta| meta.id == id)
    }

    /// True if a rule is one of the organisation's own.
    pub fn is_custom(&self, id: &str) -> bool {
        self.custom.iter().any(|custom| custom.rule.meta.id == id)
    }
}
