//! An organisation's settings, checked against what the rules declare.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Serialize;
use toml::de::{DeTable, DeValue};

use crate::domain::limits::{NetRange, WorkHours};
use crate::domain::report::Accepted;
use crate::domain::rule_meta::{Setting, SettingDefault};
use crate::domain::{Approval, Dataset, RuleMeta, Severity, Status, Timestamp, View};

use super::custom::CustomRule;

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

    /// A list of strings, lower case but for those that the default spells.
    pub fn list(&self, name: &str) -> &[String] {
        debug_assert!(matches!(self.values.get(name), Some(Value::List(_))), "undeclared setting {name}");
        match self.values.get(name) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    /// Every setting with its value, by name.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.values.iter().map(|(name, value)| (*name, value))
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
    /// Why, by whom and until when. An ended one accepts nothing; that of a flag is for one run and has neither owner nor end.
    pub accepted: Accepted,
    /// True if it is kept in a file: one that is ended or in vain is told then.
    pub lasting: bool,
}

/// A finding that is tolerated for a time, from the config's `[[waiver]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiver {
    /// The rule.
    pub rule_id: &'static str,
    /// Id of the subject, or a fingerprint, as it was written.
    pub subject: String,
    /// The partner's tenant id; `None`: any.
    pub partner: Option<String>,
    /// The customer's tenant id; `None`: any.
    pub customer: Option<String>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Until when; an ended one waives nothing.
    pub until: Timestamp,
}

/// An outside tenant that the organisation approved, from the config's `[[approved]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Approved {
    /// The outside tenant, lower case.
    pub tenant_id: String,
    /// Its name, for people.
    pub name: String,
    /// Template ids of the roles that it may hold; `None`: any that is not tier 0.
    pub roles: Option<Vec<String>>,
    /// Until when; an ended approval counts as none.
    pub until: Option<Timestamp>,
    /// Who answers for it.
    pub owner: String,
    /// Where it was asked for and granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Object ids, lower case, of the groups that may hold a role here; `None`: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// Countries, upper case, that its people may sign in from; `None`: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub countries: Option<Vec<String>>,
    /// Networks that its people may sign in from; `None`: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub networks: Option<Vec<NetRange>>,
    /// When its people may sign in; `None`: at any time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<WorkHours>,
}

impl Approved {
    /// What a report says of it.
    pub fn named(&self) -> Approval {
        Approval { owner: self.owner.clone(), until: self.until, ticket: self.ticket.clone() }
    }

    /// True if it holds at a time: to its last moment, that one too.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now <= until)
    }

    /// True if the approval covers a role in the hands of a principal.
    pub fn covers_held(&self, role_id: &str, principal_id: &str) -> bool {
        let may_hold = |groups: &Vec<String>| groups.iter().any(|group| group.eq_ignore_ascii_case(principal_id));
        self.covers(role_id) && self.groups.as_ref().is_none_or(may_hold)
    }

    /// True if the approval covers a role.
    pub fn covers(&self, role_id: &str) -> bool {
        match &self.roles {
            Some(roles) => roles.iter().any(|role| role == role_id),
            None => crate::domain::roles::tier(role_id).is_some_and(|tier| tier > 0),
        }
    }
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
    /// New findings at or above it make exit 1, whatever their like did before; `None`: never.
    pub fail_on_new: Option<Severity>,
    /// `--require`: datasets that count as required though they only help. `None` as view: in every view.
    pub require: BTreeSet<(Option<View>, Dataset)>,
    /// Accepted gaps.
    pub accepted_gaps: Vec<AcceptedGap>,
    /// Findings that are tolerated. Left out of the run's id where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
    /// Approved outside tenants.
    pub approved: Vec<Approved>,
    /// The organisation's own rules. Left out of the run's id where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<&'static CustomRule>,
    /// How `All users` of Conditional Access is read for technicians.
    pub reading: crate::domain::conditional_access::Reading,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            rules: super::rules::ALL.iter().map(|rule| (rule.meta.id, RuleSettings::defaults(&rule.meta))).collect(),
            only: None,
            without: BTreeSet::new(),
            fail_on: Some(Severity::High),
            fail_on_new: None,
            require: BTreeSet::new(),
            accepted_gaps: Vec::new(),
            waivers: Vec::new(),
            approved: Vec::new(),
            custom: Vec::new(),
            reading: Default::default(),
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
        self.all_rules()
            .filter(|rule| self.selects(rule.meta.id) && rule.meta.views.contains(&view))
            .flat_map(|rule| rule.meta.uses_in(view).iter().map(|uses| uses.dataset))
            .collect()
    }
}

/// One mistake in `[rules.<id>]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    /// Bytes of the file.
    pub span: Range<usize>,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// What was meant, or what to do.
    pub help: Option<String>,
}

impl SettingProblem {
    fn new(span: Range<usize>, message: String, help: Option<String>) -> Self {
        SettingProblem { span, message, help }
    }
}

/// Longest list of a setting, and longest string in it.
const MAX_ITEMS: usize = 1_000;
const MAX_ITEM_CHARS: usize = 256;

/// Keys that every rule takes.
const COMMON_KEYS: [&str; 3] = ["enabled", "severity", "severity-reason"];

/// Applies the tables below `[rules]` to the settings. Every mistake is handed back; a table with one changes nothing of its value.
pub fn apply_table(rule_tables: &DeTable<'_>, settings: &mut Settings) -> Vec<SettingProblem> {
    let metas: Vec<&'static RuleMeta> = settings.all_rules().map(|rule| &rule.meta).collect();
    apply_to(&metas, rule_tables, settings)
}

fn apply_to(metas: &[&'static RuleMeta], rule_tables: &DeTable<'_>, settings: &mut Settings) -> Vec<SettingProblem> {
    let mut problems = Vec::new();
    for (key, value) in rule_tables {
        let id: &str = key.get_ref();
        let Some(meta) = metas.iter().find(|meta| meta.id == id) else {
            problems.push(unknown_rule(metas, id, key.span()));
            continue;
        };
        match value.get_ref().as_table() {
            Some(table) => {
                let rule = settings.rules.entry(meta.id).or_insert_with(|| RuleSettings::defaults(meta));
                apply_rule(meta, table, rule, &mut problems);
            }
            None => problems.push(SettingProblem::new(
                value.span(),
                format!("the settings of {id} are a table"),
                Some(format!("write `[rules.{id}]`")),
            )),
        }
    }
    problems.sort_by_key(|problem| problem.span.start);
    problems
}

fn unknown_rule(metas: &[&'static RuleMeta], id: &str, span: Range<usize>) -> SettingProblem {
    let by_code = metas.iter().find(|meta| meta.code.eq_ignore_ascii_case(id));
    let help = match by_code {
        Some(meta) => Some(format!("a config names rules by id: `[rules.{}]`", meta.id)),
        None => nearest(id, metas.iter().map(|meta| meta.id)),
    };
    SettingProblem::new(span, format!("there is no rule {id:?}"), help)
}

fn apply_rule(meta: &'static RuleMeta, table: &DeTable<'_>, rule: &mut RuleSettings, problems: &mut Vec<SettingProblem>) {
    let mut severity = None;
    let mut reason = None;
    for (key, value) in table {
        let (name, span) = (key.get_ref().as_ref(), value.span());
        match (name, value.get_ref()) {
            ("enabled", DeValue::Boolean(enabled)) => rule.enabled = *enabled,
            ("enabled", _) => problems.push(SettingProblem::new(span, "`enabled` is true or false".into(), None)),
            ("severity", value) => match value.as_str().map(|word| (word, Severity::parse(word))) {
                Some((_, Some(level))) => severity = Some((level, key.span())),
                Some((word, None)) => {
                    let help = nearest(word, Severity::WORST_FIRST.map(Severity::as_str)).or_else(|| Some(severities()));
                    problems.push(SettingProblem::new(span, format!("`severity`: {word:?} is no severity"), help));
                }
                None => problems.push(SettingProblem::new(span, "`severity` is a string".into(), Some(severities()))),
            },
            ("severity-reason", value) => match value.as_str().map(str::trim).filter(|text| !text.is_empty()) {
                Some(text) => reason = Some(text.to_owned()),
                None => problems.push(SettingProblem::new(span, "`severity-reason` is a string that says why".into(), None)),
            },
            (_, value) => match meta.settings.iter().find(|setting| setting.name == name) {
                Some(setting) => match read_setting(setting, value) {
                    Ok(value) => rule.set(setting.name, value),
                    Err(message) => problems.push(SettingProblem::new(span, format!("`{name}`: {message}"), Some(setting.doc.to_owned()))),
                },
                None => {
                    let names: Vec<&str> = COMMON_KEYS.into_iter().chain(meta.settings.iter().map(|setting| setting.name)).collect();
                    let help = nearest(name, names.iter().copied()).or_else(|| Some(format!("it has: {}", names.join(", "))));
                    problems.push(SettingProblem::new(key.span(), format!("{} has no setting {name:?}", meta.id), help));
                }
            },
        }
    }
    if let Some((key, _)) = table.get_key_value("severity-reason").filter(|_| !table.contains_key("severity")) {
        let help = "add `severity = \"…\"`, or take it out".to_owned();
        problems.push(SettingProblem::new(key.span(), "a reason for another severity, and no severity".into(), Some(help)));
    }
    match (severity, reason) {
        (Some((level, _)), Some(reason)) => rule.severity = Some((level, reason)),
        (Some((_, span)), None) if !table.contains_key("severity-reason") => {
            problems.push(SettingProblem::new(
                span,
                "another severity needs a reason".into(),
                Some("add `severity-reason = \"…\"`".into()),
            ));
        }
        _ => {}
    }
}

/// Reads a setting's value by the type and bounds of its default.
fn read_setting(setting: &Setting, value: &DeValue<'_>) -> Result<Value, String> {
    match setting.default {
        SettingDefault::Int { min, max, .. } => {
            let number = value.as_integer().ok_or("expected a whole number")?;
            let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
            number
                .filter(|number| (min..=max).contains(number))
                .map(Value::Int)
                .ok_or_else(|| format!("it must be between {min} and {max}"))
        }
        SettingDefault::List(defaults) => {
            let items = value.as_array().ok_or("expected a list of strings")?;
            if items.len() > MAX_ITEMS {
                return Err(format!("the list has more than {MAX_ITEMS} entries"));
            }
            let read = |item: &DeValue<'_>| match item.as_str().map(str::trim) {
                Some(text) if !text.is_empty() && text.chars().count() <= MAX_ITEM_CHARS => {
                    // What the default names is written as the default writes it: a list that says the same is the same.
                    let default = defaults.iter().find(|default| default.eq_ignore_ascii_case(text));
                    Ok(default.map_or_else(|| text.to_lowercase(), |default| (*default).to_owned()))
                }
                Some(_) => Err(format!("an entry is empty or longer than {MAX_ITEM_CHARS} characters")),
                None => Err("expected a list of strings".to_owned()),
            };
            items.iter().map(|item| read(item.get_ref())).collect::<Result<Vec<String>, String>>().map(Value::List)
        }
    }
}

fn severities() -> String {
    format!("one of: {}", Severity::WORST_FIRST.map(Severity::as_str).join(", "))
}

/// `did you mean …`, if a name is near enough.
fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const ALIKE: f64 = 0.8;
    let name = name.to_lowercase();
    let scored = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(&name, candidate), candidate));
    let best = scored.filter(|(score, _)| *score >= ALIKE).reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    static META: RuleMeta = RuleMeta {
        id: "gdap-long-duration",
        code: "LIF-02",
        settings: &[
            Setting { name: "max-days", default: SettingDefault::Int { default: 730, min: 1, max: 730 }, doc: "longest length, days" },
            Setting { name: "allowed", default: SettingDefault::List(&["a"]), doc: "roles that may last" },
        ],
        ..RuleMeta::SAMPLE
    };

    fn apply(text: &str) -> (Settings, Vec<SettingProblem>) {
        let mut settings = Settings { rules: [(META.id, RuleSettings::defaults(&META))].into(), ..Settings::default() };
        let table = DeTable::parse(text).unwrap();
        let problems = apply_to(&[&META], table.get_ref(), &mut settings);
        (settings, problems)
    }

    #[test]
    fn settings_are_applied() {
        let text = "[gdap-long-duration]\nenabled = false\nseverity = \"low\"\nseverity-reason = \"agreed\"\nmax-days = 0x10\nallowed = [\"B\", \" c \"]\n";
        let (settings, problems) = apply(text);
        assert_eq!(problems, []);
        let rule = &settings.rules[META.id];
        assert!(!rule.enabled && !settings.selects(META.id));
        assert_eq!(rule.severity, Some((Severity::Low, "agreed".into())));
        assert_eq!((rule.int("max-days"), rule.list("allowed")), (16, ["b".to_owned(), "c".to_owned()].as_slice()));
    }

    #[test]
    fn every_mistake_of_a_table_with_what_was_meant() {
        let text = "[gdap-long-durations]\n[LIF-02]\n[zebra]\n[gdap-long-duration]\nenabled = 1\nseverity = \"hihg\"\nmax-day = 1\nmax-days = 731\nallowed = [1]\n";
        let (settings, problems) = apply(text);
        let shown: Vec<(&str, &str)> =
            problems.iter().map(|problem| (problem.message.as_str(), problem.help.as_deref().unwrap_or("-"))).collect();
        assert_eq!(
            shown,
            [
                ("there is no rule \"gdap-long-durations\"", "did you mean `gdap-long-duration`?"),
                ("there is no rule \"LIF-02\"", "a config names rules by id: `[rules.gdap-long-duration]`"),
                ("there is no rule \"zebra\"", "-"),
                ("`enabled` is true or false", "-"),
                ("`severity`: \"hihg\" is no severity", "did you mean `high`?"),
                ("gdap-long-duration has no setting \"max-day\"", "did you mean `max-days`?"),
                ("`max-days`: it must be between 1 and 730", "longest length, days"),
                ("`allowed`: expected a list of strings", "roles that may last"),
            ]
        );
        assert_eq!(settings.rules[META.id], RuleSettings::defaults(&META));
    }

    #[test]
    fn another_severity_needs_a_reason() {
        let (settings, problems) = apply("[gdap-long-duration]\nseverity = \"info\"\n");
        assert_eq!(problems[0].message, "another severity needs a reason");
        assert_eq!(settings.rules[META.id].severity, None);
        let (_, problems) = apply("[gdap-long-duration]\nseverity = \"info\"\nseverity-reason = \" \"\n");
        assert_eq!(problems.len(), 1);
        let (settings, problems) = apply("[gdap-long-duration]\nseverity-reason = \"agreed\"\n");
        assert_eq!(problems[0].message, "a reason for another severity, and no severity");
        assert_eq!(settings.rules[META.id].severity, None);
    }
}
