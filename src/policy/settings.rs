//! An organisation's settings, checked against what the rules declare.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::rule_meta::SettingDefault;
use crate::domain::{Dataset, RuleMeta, Severity, Status, Timestamp, View};

/// The value of one setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A whole number.
    Int(i64),
    /// A list of strings.
    List(Vec<String>),
}

/// The settings of one rule: every declared one has a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleSettings {
    /// `[rules.<id>] enabled = false` switches a rule off.
    pub enabled: bool,
    /// An organisation's own severity, with the reason it must give.
    pub severity: Option<(Severity, String)>,
    values: BTreeMap<&'static str, Value>,
}

impl RuleSettings {
    /// The defaults of a rule.
    pub fn defaults(meta: &RuleMeta) -> Self {
        let value = |default: SettingDefault| match default {
            SettingDefault::Int { default, .. } => Value::Int(default),
            SettingDefault::List(items) => Value::List(items.iter().map(|item| (*item).to_owned()).collect()),
        };
        RuleSettings {
            enabled: true,
            severity: None,
            values: meta.settings.iter().map(|setting| (setting.name, value(setting.default))).collect(),
        }
    }

    /// A whole number. 0 if the rule does not declare it: a test holds that every rule asks only for what it declares.
    pub fn int(&self, name: &str) -> i64 {
        debug_assert!(matches!(self.values.get(name), Some(Value::Int(_))), "undeclared setting {name}");
        match self.values.get(name) {
            Some(Value::Int(value)) => *value,
            _ => 0,
        }
    }

    /// A list of strings, lower case.
    pub fn list(&self, name: &str) -> &[String] {
        debug_assert!(matches!(self.values.get(name), Some(Value::List(_))), "undeclared setting {name}");
        match self.values.get(name) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    /// Sets a declared setting; the caller has checked its type and bounds.
    pub(super) fn set(&mut self, name: &'static str, value: Value) {
        self.values.insert(name, value);
    }
}

/// A gap that is accepted, from the config's `[[accepted-gap]]` or `--allow-incomplete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AcceptedGap {
    /// The dataset; `None`: every one.
    pub dataset: Option<Dataset>,
    /// The status that is accepted; `None`: every one.
    pub status: Option<Status>,
    /// Why.
    pub reason: String,
    /// Until when; an ended one accepts nothing.
    pub until: Option<Timestamp>,
}

/// Everything that judging depends on besides the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// By rule id; every built-in rule has an entry.
    pub rules: BTreeMap<&'static str, RuleSettings>,
    /// Rule ids to run; `None`: all that are enabled.
    pub only: Option<BTreeSet<&'static str>>,
    /// Rule ids to leave out.
    pub without: BTreeSet<&'static str>,
    /// Findings at or above it make exit 1; `None`: never.
    pub fail_on: Option<Severity>,
    /// `--require`: datasets that count as required though they only help. `None` as view: in every view.
    pub require: BTreeSet<(Option<View>, Dataset)>,
    /// Accepted gaps.
    pub accepted_gaps: Vec<AcceptedGap>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            rules: super::rules::ALL.iter().map(|rule| (rule.meta.id, RuleSettings::defaults(&rule.meta))).collect(),
            only: None,
            without: BTreeSet::new(),
            fail_on: Some(Severity::High),
            require: BTreeSet::new(),
            accepted_gaps: Vec::new(),
        }
    }
}

impl Settings {
    /// True if a rule is selected.
    pub fn selects(&self, id: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(id))
            && !self.without.contains(id)
            && (self.only.is_some() || self.rules.get(id).is_some_and(|rule| rule.enabled))
    }

    /// True if `--require` names a dataset in a view.
    pub fn requires(&self, view: View, dataset: Dataset) -> bool {
        self.require.contains(&(None, dataset)) || self.require.contains(&(Some(view), dataset))
    }

    /// Datasets that at least one selected rule of the view uses.
    pub fn wanted(&self, view: View) -> BTreeSet<Dataset> {
        super::rules::ALL
            .iter()
            .filter(|rule| self.selects(rule.meta.id) && rule.meta.views.contains(&view))
            .flat_map(|rule| rule.meta.uses.iter().map(|uses| uses.dataset))
            .collect()
    }
}
