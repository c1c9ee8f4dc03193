//! Each rule proved on its own page: what it says that it reads, and every setting, is changed in its examples, and the verdict turns.

mod places;
mod shown;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use self::places::{Place, Pool, others, places, pool, with};
use self::shown::SHOWN;
use super::ALL;
use super::unturned::{FIELDS, SETTINGS, Unturned};
use crate::domain::Snapshot;
use crate::domain::rule_meta::{Setting, SettingDefault};
use crate::policy::examples::{Kind, examples, load, load_baseline, run_against};
use crate::policy::rule::{Draft, Out, Rule};
use crate::policy::settings::{Settings, Value};

/// An example with everything that a page leaves out.
struct Loaded {
    kind: Kind,
    json: Json,
    before: Option<Snapshot>,
}

/// The examples of a rule; of a passing one a finding is as good a turn as a finding less of a failing one.
fn loaded(rule: &Rule) -> Vec<Loaded> {
    let all = examples(rule.meta.page).into_iter();
    let mut all: Vec<Loaded> = all
        .map(|example| Loaded {
            kind: example.kind,
            json: serde_json::to_value(load(example.json).unwrap()).unwrap(),
            before: load_baseline(example.json).unwrap(),
        })
        .collect();
    all.sort_by_key(|example| example.kind == Kind::Pass);
    all
}

/// What a rule says of an example, as far as it decides; names, evidence and what only shows a value aside.
fn core(outs: &[Out]) -> BTreeSet<String> {
    let of_draft = |draft: &Draft| {
        let Draft { subject, own_key, severity, approval, confidence, .. } = draft;
        format!("{} {} {own_key} {severity:?} {approval:?} {confidence:?}", subject.kind, subject.id)
    };
    let findings = outs.iter().flat_map(|out| out.findings.iter().map(of_draft));
    let unjudged = outs.iter().flat_map(|out| out.unjudged.iter().map(|unjudged| format!("{unjudged:?}")));
    findings.chain(unjudged).collect()
}

/// All that it says.
fn whole(outs: &[Out]) -> BTreeSet<String> {
    [format!("{outs:?}")].into()
}

fn judge(rule: &Rule, json: &Json, before: Option<&Snapshot>, settings: &Settings) -> Option<Vec<Out>> {
    let snapshot: Snapshot = serde_json::from_value(json.clone()).ok()?;
    Some(run_against(rule, &snapshot, before, settings))
}

/// True if a path is, or lies below, a declared field.
fn is_declared(field: &str, path: &str) -> bool {
    let field = if ["partner", "customer", "coverage"].contains(&field.split('.').next().unwrap()) {
        vec![field.to_owned()]
    } else {
        vec![format!("partner.{field}"), format!("customer.{field}")]
    };
    field.iter().any(|field| path == field || path.strip_prefix(field.as_str()).is_some_and(|rest| rest.starts_with('.')))
}

/// The places that a field means, those among them that are not there yet.
fn places_of(field: &str, json: &Json) -> Vec<Place> {
    let mut found = Vec::new();
    let there = places(json);
    found.extend(there.iter().filter(|place| is_declared(field, &place.path)).cloned());
    let segments: Vec<&str> = field.split('.').collect();
    for deep in 0..segments.len() {
        let (parent, key) = (segments[..deep].join("."), segments[deep]);
        let is_parent =
            |path: &str| ["", "partner.", "customer."].iter().any(|view| path == format!("{view}{parent}").trim_end_matches('.'));
        for place in there.iter().filter(|place| is_parent(&place.path)) {
            let object = json.pointer(&place.pointer).and_then(Json::as_object);
            if object.is_some_and(|object| !object.contains_key(key)) {
                found.push(Place { pointer: format!("{}/{key}", place.pointer), path: format!("{}.{key}", place.path) });
            }
        }
    }
    found
}

/// How many other values a place is given, and how many places, in an example that was changed before.
const FEW: usize = 6;

/// What is changed, and how it is judged.
struct Trial<'a> {
    rule: &'a Rule,
    field: &'a str,
    pool: &'a Pool,
    settings: &'a Settings,
    /// What is looked at of what the rule says.
    of: fn(&[Out]) -> BTreeSet<String>,
}

impl Trial<'_> {
    /// True if the changed field turns a verdict on the page: in the examples as they stand, or without a value beside it that comes first.
    fn turns_on_the_page(&self, examples: &[Loaded]) -> bool {
        examples.iter().any(|example| self.turns_in(&example.json, example, usize::MAX))
            || examples.iter().any(|example| self.turns_without_a_sibling(example))
    }

    /// The same beside rows of its list that other pages have.
    fn turns_beside_others(&self, examples: &[Loaded]) -> bool {
        examples.iter().any(|example| enriched(self.field, &example.json, self.pool).any(|json| self.turns_in(&json, example, FEW)))
    }

    fn turns_in(&self, json: &Json, example: &Loaded, most: usize) -> bool {
        let Some(said) = self.judge(json, example) else { return false };
        places_of(self.field, json).iter().any(|place| self.turns_at(place, json, example, &said, most))
    }

    /// Without one of the values beside the field: what a field stands in for is mostly there.
    fn turns_without_a_sibling(&self, example: &Loaded) -> bool {
        places_of(self.field, &example.json).iter().take(FEW).any(|place| {
            let Some((parent, own)) = place.pointer.rsplit_once('/') else { return false };
            let siblings = example.json.pointer(parent).and_then(Json::as_object).into_iter().flat_map(|object| object.keys());
            let mut fewer = siblings.filter(|key| *key != own).filter_map(|key| with(&example.json, &format!("{parent}/{key}"), None));
            fewer.any(|json| self.judge(&json, example).is_some_and(|said| self.turns_at(place, &json, example, &said, FEW)))
        })
    }

    fn turns_at(&self, place: &Place, json: &Json, example: &Loaded, said: &BTreeSet<String>, most: usize) -> bool {
        let key = place.pointer.rsplit('/').next().unwrap_or_default();
        let others = others(json.pointer(&place.pointer), key, self.pool).into_iter().take(most);
        let changed = others.filter_map(|other| with(json, &place.pointer, other));
        changed.filter_map(|changed| self.judge(&changed, example)).any(|turned| turned != *said)
    }

    fn judge(&self, json: &Json, example: &Loaded) -> Option<BTreeSet<String>> {
        judge(self.rule, json, example.before.as_ref(), self.settings).map(|outs| (self.of)(&outs))
    }
}

/// An example with the rows that other pages have in the list that a field stands in, list by list.
fn enriched<'a>(field: &'a str, json: &'a Json, pool: &'a Pool) -> impl Iterator<Item = Json> + 'a {
    let bare = field.strip_prefix("customer.").or_else(|| field.strip_prefix("partner.")).unwrap_or(field);
    let segments: Vec<&str> = bare.split('.').collect();
    let views =
        ["partner", "customer"].into_iter().filter(|view| !field.starts_with(if *view == "partner" { "customer." } else { "partner." }));
    let lists = (1..=segments.len()).map(move |deep| segments[..deep].join("/"));
    lists.flat_map(move |list| views.clone().map(move |view| (list.clone(), view))).flat_map(move |(list, view)| {
        let pointer = format!("/tenants/0/{view}/{list}");
        let is_of_view = json["tenants"][0]["view"] == view;
        let key = list.rsplit('/').next().unwrap_or_default().to_owned();
        let known = pool.get(&key).into_iter().flatten().filter(move |_| is_of_view);
        known.filter_map(move |rows| {
            let more = rows.as_array().filter(|rows| rows.iter().any(Json::is_object))?;
            let mut all = json.pointer(&pointer).and_then(Json::as_array).cloned().unwrap_or_default();
            all.extend(more.iter().cloned());
            with(json, &pointer, Some(Json::Array(all)))
        })
    })
}

#[test]
fn every_declared_field_turns_a_verdict_or_says_why_not() {
    let (pool, settings, excused) = (pool(), Settings::default(), excused(FIELDS));
    let declared: BTreeSet<_> = ALL.iter().flat_map(|rule| rule.meta.fields.iter().map(|field| (rule.meta.id, *field))).collect();
    assert_eq!(excused.difference(&declared).collect::<Vec<_>>(), Vec::<&(&str, &str)>::new(), "a reason for what no rule declares");
    let shown: BTreeSet<_> = SHOWN.iter().flat_map(|shown| shown.fields.iter().map(|field| (shown.rule, *field))).collect();
    assert!(SHOWN.iter().all(|shown| shown.why.len() > 20));
    assert_eq!(shown.difference(&declared).collect::<Vec<_>>(), Vec::<&(&str, &str)>::new(), "shown, and no rule declares it");
    let mut unproved = Vec::new();
    for rule in ALL {
        let examples = loaded(rule);
        for field in rule.meta.fields {
            let name = (rule.meta.id, *field);
            let trial = Trial { rule, field, pool: &pool, settings: &settings, of: core };
            let on_the_page = trial.turns_on_the_page(&examples);
            assert!(!(on_the_page && excused.contains(&name)), "{name:?} turns a verdict: the reason why not is not needed");
            let turns = on_the_page || !excused.contains(&name) && trial.turns_beside_others(&examples);
            assert!(!(turns && shown.contains(&name)), "{name:?} turns a verdict, and is said to be only shown");
            let shows = || {
                let all = Trial { of: whole, ..trial };
                shown.contains(&name) && (all.turns_on_the_page(&examples) || all.turns_beside_others(&examples))
            };
            if !turns && !excused.contains(&name) && !shows() {
                unproved.push(name);
            }
        }
    }
    assert_eq!(unproved, [], "they turn no verdict, and no reason says why");
}

fn excused(table: &[Unturned]) -> BTreeSet<(&'static str, &'static str)> {
    table.iter().flat_map(|excuse| excuse.what.iter().map(|what| (excuse.rule, *what))).collect()
}

/// A reason rests on a test that shows what the page does not.
#[test]
fn every_reason_rests_on_a_test() {
    for Unturned { rule, held_by, why, .. } in FIELDS.iter().chain(SETTINGS) {
        let (file, test) = held_by.split_once("::").unwrap();
        let path = format!("{}/src/{file}.rs", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(
            text.contains(&format!("#[test]\n    fn {test}()")) || text.contains(&format!("#[test]\nfn {test}()")),
            "{rule}: no test {held_by}"
        );
        assert!(why.len() > 20, "{rule}: {why}");
    }
}

/// What says which row it is and joins it to others; every rule that reads the row reads it.
const IDENTITY: [&str; 10] = [
    "id",
    "tenantId",
    "partnerTenantId",
    "relationshipId",
    "groupId",
    "principalId",
    "userId",
    "clientId",
    "servicePrincipalId",
    "customerId",
];

#[test]
fn every_field_that_turns_a_verdict_is_declared() {
    let (pool, settings) = (pool(), Settings::default());
    let mut undeclared = BTreeSet::new();
    for rule in ALL {
        let mut tried: BTreeMap<String, usize> = BTreeMap::new();
        for example in &loaded(rule) {
            let Some(said) = judge(rule, &example.json, example.before.as_ref(), &settings) else { continue };
            for place in places(&example.json) {
                let key = place.path.rsplit('.').next().unwrap_or_default();
                if IDENTITY.contains(&key) || rule.meta.fields.iter().any(|field| is_declared(field, &place.path)) {
                    continue;
                }
                let value = example.json.pointer(&place.pointer);
                if value.is_some_and(|value| {
                    value.is_object() || value.as_array().is_some_and(|items| items.is_empty() || items.iter().any(Json::is_object))
                }) {
                    continue;
                }
                let tried = tried.entry(place.path.clone()).or_insert(0);
                *tried += 1;
                if *tried > 2 {
                    continue;
                }
                for other in others(value, key, &pool).into_iter().take(FEW) {
                    let Some(changed) = with(&example.json, &place.pointer, other) else { continue };
                    let Some(turned) = judge(rule, &changed, example.before.as_ref(), &settings) else { continue };
                    if core(&said) != core(&turned) {
                        undeclared.insert(format!("{} {}", rule.meta.id, place.path));
                        break;
                    }
                }
            }
        }
    }
    assert_eq!(undeclared, BTreeSet::new());
}

/// A setting of `rule` at another value than its default.
fn at(rule: &Rule, name: &'static str, value: Value) -> Settings {
    let mut settings = Settings::default();
    if let Some(own) = settings.rules.get_mut(rule.meta.id) {
        own.set(name, value);
    }
    settings
}

/// The two neighbouring values between which a verdict turns on the way from `from`, where it is otherwise than at `to`.
fn edge(from: i64, to: i64, verdict: &dyn Fn(i64) -> BTreeSet<String>) -> Option<(i64, i64)> {
    let start = verdict(from);
    if verdict(to) == start {
        return None;
    }
    let (mut same, mut other) = (from, to);
    while (same - other).abs() > 1 {
        let middle = same + (other - same) / 2;
        if verdict(middle) == start { same = middle } else { other = middle }
    }
    Some((same.min(other), same.max(other)))
}

/// What a rule says of an example without the settings that it names: they stand in every finding, whether they made it or not.
fn decided(outs: &[Out]) -> BTreeSet<String> {
    let of_draft = |draft: &Draft| {
        let facts: Vec<_> = draft.evidence.iter().filter(|evidence| evidence.source != "settings").collect();
        format!(
            "{} {} {} {:?} {:?} {:?} {facts:?}",
            draft.subject.kind, draft.subject.id, draft.own_key, draft.severity, draft.confidence, draft.title
        )
    };
    outs.iter().flat_map(|out| out.findings.iter().map(of_draft)).collect()
}

/// What a rule says, in a word for each finding.
fn word(outs: &[Out], rule: &Rule) -> String {
    let words: BTreeSet<&str> =
        outs.iter().flat_map(|out| &out.findings).map(|draft| draft.severity.unwrap_or(rule.meta.severity).as_str()).collect();
    match words.len() {
        0 => "quiet".into(),
        _ => words.into_iter().collect::<Vec<_>>().join("+"),
    }
}

/// On which side of which value the verdict on an example turns: a limit itself is fine, an age itself is reached.
#[test]
fn every_setting_turns_a_verdict_at_its_edge_or_says_why_not() {
    let (mut lines, mut unturned) = (Vec::new(), BTreeSet::new());
    for rule in ALL {
        let examples = loaded(rule);
        for setting in rule.meta.settings {
            let turns: Vec<String> = examples.iter().flat_map(|example| turns_of(rule, setting, example)).take(2).collect();
            lines.push(format!("{} {}: {}", rule.meta.id, setting.name, bounds(setting)));
            if turns.is_empty() {
                unturned.insert((rule.meta.id, setting.name));
            }
            lines.extend(turns.into_iter().map(|turn| format!("    {turn}")));
        }
    }
    assert_eq!(excused(SETTINGS), unturned, "left: who says why not; right: who must");
    insta::assert_snapshot!("edges", lines.join("\n"));
}

fn bounds(setting: &Setting) -> String {
    match setting.default {
        SettingDefault::Int { default, min, max } => format!("{default}, of {min} to {max}"),
        SettingDefault::List(items) => format!("a list of {}", items.len()),
    }
}

fn turns_of(rule: &Rule, setting: &Setting, example: &Loaded) -> Vec<String> {
    let judge = |value: Value| judge(rule, &example.json, example.before.as_ref(), &at(rule, setting.name, value)).unwrap_or_default();
    match setting.default {
        SettingDefault::Int { default, min, max } => {
            let verdict = |value: i64| decided(&judge(Value::Int(value)));
            let word = |value: i64| word(&judge(Value::Int(value)), rule);
            let edges = [min, max].into_iter().filter_map(|to| edge(default, to, &verdict));
            edges.map(|(low, high)| format!("{low}: {}, {high}: {}", word(low), word(high))).collect()
        }
        SettingDefault::List(items) => {
            let default: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
            let said = decided(&judge(Value::List(default.clone())));
            let mut strings = BTreeSet::new();
            leaves(&example.json, &mut strings);
            let with = |text: String| (format!("with {text}"), default.iter().cloned().chain([text]).collect());
            let mut others = strings.into_iter().map(with).chain([("empty".to_owned(), Vec::new())]);
            let turned = others.find(|(_, list)| decided(&judge(Value::List(list.clone()))) != said);
            turned.into_iter().map(|(what, _)| format!("{what}: turned")).collect()
        }
    }
}

/// Every string of an example, and every key.
fn leaves(json: &Json, strings: &mut BTreeSet<String>) {
    match json {
        Json::String(text) => drop(strings.insert(text.to_ascii_lowercase())),
        Json::Array(items) => items.iter().for_each(|item| leaves(item, strings)),
        Json::Object(object) => object.iter().for_each(|(key, value)| {
            strings.insert(key.to_ascii_lowercase());
            leaves(value, strings);
        }),
        _ => {}
    }
}
