//! What holds for every rule: its files, its page, its examples, and that nothing depends on the order of facts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ALL;
use crate::domain::rule_meta::{RuleMeta, SettingDefault};
use crate::domain::{Dataset, Snapshot};
use crate::policy::examples::{Example, Kind, examples, load, run};
use crate::policy::rule::{Out, Rule};
use crate::policy::settings::Settings;

const HEADINGS: [&str; 8] = ["Why it matters", "What it checks", "Settings", "Examples", "Fix", "Permissions", "Mapping", "References"];

/// Files in this folder that are no rule.
const SHARED: [&str; 4] = ["mod", "shared", "testing", "tests"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy/rules")
}

fn stems(extension: &str) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

/// The text below a heading of a page.
fn section<'a>(meta: &RuleMeta, heading: &str) -> &'a str {
    let start = format!("\n## {heading}\n");
    let after = meta.page.split_once(&start).unwrap_or_else(|| panic!("{}: no heading {heading}", meta.id)).1;
    after.split("\n## ").next().unwrap()
}

fn loaded(rule: &Rule, example: &Example<'_>) -> Snapshot {
    load(example.json).unwrap_or_else(|error| panic!("{}.md:{}: {error}", rule.meta.id, example.line))
}

#[test]
fn files_list_and_pages_agree() {
    let ids: BTreeSet<String> = ALL.iter().map(|rule| rule.meta.id.to_owned()).collect();
    assert_eq!(ids.len(), ALL.len(), "an id is used twice");
    let code: BTreeSet<String> =
        stems("rs").into_iter().filter(|stem| !SHARED.contains(&stem.as_str())).map(|stem| stem.replace('_', "-")).collect();
    assert_eq!(code, ids, "files and ALL differ");
    assert_eq!(stems("md"), ids, "pages and ALL differ");
    for rule in ALL {
        let page = std::fs::read_to_string(folder().join(format!("{}.md", rule.meta.id))).unwrap();
        assert!(page == rule.meta.page, "{} includes another page", rule.meta.id);
    }
    assert!(ALL.windows(2).all(|pair| pair[0].meta.code < pair[1].meta.code), "ALL is not by code");
}

#[test]
fn metadata_is_well_formed() {
    for RuleMeta { id, code, title, views, attack, mitigations, nist, remediation, uses, .. } in ALL.iter().map(|rule| &rule.meta) {
        assert!(!title.is_empty() && !title.ends_with('.') && !views.is_empty(), "{id}");
        assert!(code.split_once('-').is_some_and(|(group, number)| group.len() == 3 && number.len() == 2), "{code}");
        assert!(attack.contains(&"T1199") && attack.iter().all(|technique| technique.starts_with('T')), "{id}");
        assert!(!mitigations.is_empty() && mitigations.iter().all(|mitigation| mitigation.starts_with('M')), "{id}");
        assert!(!nist.is_empty() && nist.iter().all(|control| control.as_bytes().get(2) == Some(&b'-')), "{id}");
        assert!(remediation.len() > 40 && !remediation.contains("  "), "{id}: {remediation}");
        assert_eq!(uses.is_empty(), code.starts_with("COV"), "{id}: only COV rules need no dataset");
    }
}

#[test]
fn pages_have_their_headings_in_order() {
    for rule in ALL {
        let mut is_code = false;
        let mut headings = Vec::new();
        for line in rule.meta.page.lines() {
            is_code ^= line.starts_with("```");
            if !is_code && line.starts_with('#') {
                headings.push(line.to_owned());
            }
        }
        let title = format!("# {}", rule.meta.title);
        let want: Vec<String> = std::iter::once(title).chain(HEADINGS.map(|heading| format!("## {heading}"))).collect();
        assert_eq!(headings, want, "{}", rule.meta.id);
        for heading in HEADINGS {
            assert!(!section(&rule.meta, heading).trim().is_empty(), "{}: nothing below {heading}", rule.meta.id);
        }
    }
}

#[test]
fn settings_of_page_and_code_agree() {
    for rule in ALL {
        let rows = section(&rule.meta, "Settings").lines().filter_map(|line| line.strip_prefix("| `"));
        let on_page: Vec<(&str, &str)> = rows
            .map(|row| {
                let cells: Vec<&str> = row.split(" | ").collect();
                (cells[0].trim_end_matches('`'), cells[1].trim_matches('`'))
            })
            .collect();
        let default = |default: SettingDefault| match default {
            SettingDefault::Int { default, .. } => default.to_string(),
            SettingDefault::List(items) => format!("{items:?}"),
        };
        let declared: Vec<(&str, String)> = rule.meta.settings.iter().map(|setting| (setting.name, default(setting.default))).collect();
        let declared: Vec<(&str, &str)> = declared.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(on_page, declared, "{}", rule.meta.id);
        for setting in rule.meta.settings {
            assert!(!setting.doc.is_empty() && setting.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            if let SettingDefault::Int { default, min, max } = setting.default {
                assert!(min <= default && default <= max, "{}", setting.name);
            }
        }
    }
}

#[test]
fn permissions_and_mapping_name_what_is_declared() {
    for RuleMeta { id, uses, attack, mitigations, nist, benchmarks, .. } in ALL.iter().map(|rule| &rule.meta) {
        let meta = &ALL.iter().find(|rule| rule.meta.id == *id).unwrap().meta;
        let permissions = section(meta, "Permissions");
        for dataset in uses.iter().map(|uses| uses.dataset.name()) {
            assert!(permissions.contains(&format!("`{dataset}`")), "{id}: {dataset} is not below Permissions");
        }
        assert!(Dataset::ALL.iter().any(|dataset| permissions.contains(dataset.name())), "{id}: no dataset below Permissions");
        let mapping = section(meta, "Mapping");
        let words: BTreeSet<&str> = mapping.split([' ', ',', '\n', '|']).collect();
        for word in attack.iter().chain(*mitigations).chain(*nist) {
            assert!(words.contains(word), "{id}: {word} is not below Mapping");
        }
        assert!(benchmarks.iter().all(|benchmark| mapping.contains(benchmark)), "{id}: {benchmarks:?}");
    }
}

#[test]
fn every_page_shows_both_sides_and_its_examples_hold() {
    let settings = Settings::default();
    for rule in ALL {
        let found = examples(rule.meta.page);
        for kind in [Kind::Pass, Kind::Fail] {
            assert!(found.iter().any(|example| example.kind == kind), "{}: no {kind:?} example", rule.meta.id);
        }
        for example in &found {
            let findings: usize = run(rule, &loaded(rule, example), &settings).iter().map(|out| out.findings.len()).sum();
            let holds = (findings == 0) == (example.kind == Kind::Pass);
            assert!(holds, "{}.md:{}: {findings} findings in a {:?} example", rule.meta.id, example.line, example.kind);
        }
    }
}

#[test]
fn a_sentence_stands_before_each_example() {
    for rule in ALL {
        let lines: Vec<&str> = rule.meta.page.lines().collect();
        for example in examples(rule.meta.page) {
            let above = lines[..example.line - 1].iter().rev().find(|line| !line.trim().is_empty()).unwrap();
            assert!(above.ends_with(['.', ':']) && above.split(' ').count() > 3, "{}.md:{}", rule.meta.id, example.line);
        }
    }
}

#[test]
fn examples_hold_nothing_that_a_snapshot_does_not() {
    let schema = Schema::new();
    for rule in ALL {
        for example in examples(rule.meta.page) {
            let json: Value = serde_json::from_str(example.json).unwrap();
            let unknown = schema.unknown_keys(&schema.root, &json, "");
            assert!(unknown.is_empty(), "{}.md:{}: {unknown:?}", rule.meta.id, example.line);
        }
    }
}

#[test]
fn declared_fields_exist() {
    let schema = Schema::new();
    for rule in ALL {
        assert!(!rule.meta.fields.is_empty(), "{}", rule.meta.id);
        for field in rule.meta.fields {
            assert!(schema.has_field(field), "{}: no field {field}", rule.meta.id);
        }
    }
    for missing in ["relationships.state", "signIns.events.user", "coverage.sign-ins.since", "coverage.logs.from", "nothing"] {
        assert!(!schema.has_field(missing), "{missing}");
    }
}

#[test]
fn the_order_of_facts_does_not_matter() {
    let settings = Settings::default();
    let shown = |outs: Vec<Out>| format!("{outs:?}");
    for rule in ALL {
        for example in examples(rule.meta.page) {
            let snapshot = loaded(rule, &example);
            let mut reversed = snapshot.clone();
            for facts in reversed.tenants.iter_mut().map(|tenant| &mut tenant.partner) {
                facts.relationships.reverse();
                facts.assignments.reverse();
                facts.groups.reverse();
                facts.principals.reverse();
                facts.group_members.values_mut().for_each(|members| members.reverse());
                facts.group_pim.reverse();
                facts.mfa_registrations.reverse();
                facts.user_activity.reverse();
                facts.sign_ins.events.reverse();
                facts.sign_ins.reads.reverse();
            }
            assert_eq!(
                shown(run(rule, &snapshot, &settings)),
                shown(run(rule, &reversed, &settings)),
                "{}.md:{}",
                rule.meta.id,
                example.line
            );
        }
    }
}

#[test]
fn own_keys_hold_no_names_counts_or_times() {
    // Two findings of one rule on one subject must differ by their own key, else they would share a fingerprint.
    let settings = Settings::default();
    for rule in ALL {
        for example in examples(rule.meta.page) {
            for out in run(rule, &loaded(rule, &example), &settings) {
                let keys: Vec<_> = out.findings.iter().map(|draft| (&draft.subject.kind, &draft.subject.id, &draft.own_key)).collect();
                assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{}", rule.meta.id);
                assert!(out.findings.iter().all(|draft| draft.own_key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'/')));
            }
        }
    }
}

#[test]
fn every_finding_names_what_it_rests_on() {
    let settings = Settings::default();
    for rule in ALL {
        for example in examples(rule.meta.page).iter().filter(|example| example.kind == Kind::Fail) {
            for draft in run(rule, &loaded(rule, example), &settings).into_iter().flat_map(|out| out.findings) {
                let sources: BTreeSet<&str> = draft.evidence.iter().map(|evidence| &*evidence.source).collect();
                assert!(sources.iter().any(|source| Dataset::parse(source).is_some()), "{}", rule.meta.id);
                assert!(sources.iter().all(|source| *source == "settings" || Dataset::parse(source).is_some()));
            }
        }
    }
}

/// The JSON Schema of a snapshot, to look names up in.
struct Schema {
    root: Value,
}

impl Schema {
    fn new() -> Self {
        Schema { root: schemars::schema_for!(Snapshot).to_value() }
    }

    /// What a schema stands for: itself, or what it points to, less the null of an optional one.
    fn resolve<'a>(&'a self, mut schema: &'a Value) -> &'a Value {
        loop {
            if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
                schema = self.root.pointer(name.trim_start_matches('#')).unwrap();
            } else if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
                schema = options.iter().find(|option| option.get("type") != Some(&Value::from("null"))).unwrap();
            } else {
                return schema;
            }
        }
    }

    /// The schema of one step down: a property, an element of a list, or a value of a map.
    fn step<'a>(&'a self, schema: &'a Value, name: &str) -> Option<&'a Value> {
        let schema = self.resolve(schema);
        if let Some(items) = schema.get("items") {
            return self.step(items, name);
        }
        schema.get("properties").and_then(|properties| properties.get(name)).or_else(|| {
            let values = schema.get("additionalProperties").filter(|values| values.is_object())?;
            self.step(values, name)
        })
    }

    /// `relationships.status` is read from the partner's facts, `coverage.sign-ins.from` from the tenant.
    fn has_field(&self, path: &str) -> bool {
        let tenant = self.step(&self.root, "tenants");
        let start = if path.starts_with("coverage.") { tenant } else { tenant.and_then(|tenant| self.step(tenant, "partner")) };
        path.split('.').try_fold(start, |at, name| at.map(|at| self.step(at, name)).filter(Option::is_some)).flatten().is_some()
    }

    /// Keys of `json` that the schema does not have.
    fn unknown_keys(&self, schema: &Value, json: &Value, path: &str) -> Vec<String> {
        let schema = self.resolve(schema);
        match json {
            Value::Array(items) => match schema.get("items") {
                Some(each) => items.iter().flat_map(|item| self.unknown_keys(each, item, path)).collect(),
                None => vec![path.to_owned()],
            },
            Value::Object(object) => object
                .iter()
                .flat_map(|(key, value)| {
                    let path = format!("{path}.{key}");
                    let property = schema.get("properties").and_then(|properties| properties.get(key));
                    match property.or_else(|| schema.get("additionalProperties").filter(|values| values.is_object())) {
                        Some(schema) => self.unknown_keys(schema, value, &path),
                        None => vec![path],
                    }
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

#[test]
fn what_fingerprints_are_made_of_is_frozen() {
    // Stored baselines hang on these: a line that changes here makes every finding of its rule look new.
    let settings = Settings::default();
    let mut lines = BTreeSet::new();
    for rule in ALL {
        for example in examples(rule.meta.page) {
            for draft in run(rule, &loaded(rule, &example), &settings).into_iter().flat_map(|out| out.findings) {
                lines.insert(
                    format!("{} {} {} {}", rule.meta.id, draft.subject.kind, draft.subject.id, draft.own_key).trim_end().to_owned(),
                );
            }
        }
    }
    insta::assert_snapshot!(lines.into_iter().collect::<Vec<_>>().join("\n"), @r"
    gdap-auto-extend-high-privilege relationship r1
    gdap-broken-assignment assignment a1 group-gone
    gdap-broken-assignment assignment a1 stuck
    gdap-broken-assignment relationship r1 relationship-stuck
    gdap-expiring-soon relationship r1
    gdap-global-administrator relationship r1
    gdap-group-not-protected group 33333333-3333-4333-8333-333333333333
    gdap-long-duration relationship r1
    gdap-member-inactive user 44444444-4444-4444-8444-444444444444 disabled
    gdap-member-inactive user 44444444-4444-4444-8444-444444444444 inactive
    gdap-member-without-mfa user 44444444-4444-4444-8444-444444444444
    gdap-pending-offer-high-privilege relationship r1
    gdap-relationship-without-assignment relationship r1
    gdap-role-without-assignment relationship r1
    gdap-stale-offer relationship r1
    gdap-tier0-role customer 22222222-2222-4222-8222-222222222222 privileged-role-and-authentication
    gdap-tier0-role relationship r1
    gdap-tier0-role relationship r2
    gdap-too-many-roles customer 22222222-2222-4222-8222-222222222222
    gdap-unknown-role relationship r1
    gdap-untargeted-offer relationship r1
    gdap-unused-relationship relationship r1
    lookback-too-short dataset sign-ins partner
    relationship-data-gap dataset assignments partner/unread
    relationship-data-gap dataset relationships partner/unread
    signin-log-coverage-gap dataset sign-ins partner/event-type
    signin-log-coverage-gap dataset sign-ins partner/silent
    signin-log-coverage-gap dataset sign-ins partner/unread
    ");
}
