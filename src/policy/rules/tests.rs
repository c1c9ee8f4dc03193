//! What holds for every rule: its files, its page, its examples, and that nothing depends on the order of facts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ALL;
use crate::domain::customer::CustomerFacts;
use crate::domain::rule_meta::{RuleMeta, SettingDefault};
use crate::domain::{Dataset, Need, Snapshot, View};
use crate::policy::examples::{BASELINE, Example, Kind, examples, load, load_baseline, run_against};
use crate::policy::rule::{Out, Rule};
use crate::policy::settings::Settings;

const HEADINGS: [&str; 8] = ["Why it matters", "What it checks", "Settings", "Examples", "Fix", "Permissions", "Mapping", "References"];

/// Files in this folder that are no rule.
const SHARED: [&str; 18] = [
    "approval",
    "audit_trail",
    "declared_rows",
    "folding",
    "governance",
    "held",
    "limits",
    "mod",
    "network",
    "outside",
    "outward",
    "proved",
    "shared",
    "testing",
    "tests",
    "told",
    "unturned",
    "visits",
];

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

/// What a rule says of an example, against the example's baseline where it has one.
fn judged(rule: &Rule, example: &Example<'_>, settings: &Settings) -> Vec<Out> {
    let before = load_baseline(example.json).unwrap_or_else(|error| panic!("{}.md:{}: {error}", rule.meta.id, example.line));
    run_against(rule, &loaded(rule, example), before.as_ref(), settings)
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
    for RuleMeta { id, code, title, views, attack, mitigations, nist, remediation, uses, customer_uses, .. } in
        ALL.iter().map(|rule| &rule.meta)
    {
        assert!(!title.is_empty() && !title.ends_with('.') && !views.is_empty(), "{id}");
        assert!(code.split_once('-').is_some_and(|(group, number)| group.len() == 3 && number.len() == 2), "{code}");
        assert!(attack.contains(&"T1199") && attack.iter().all(|technique| technique.starts_with('T')), "{id}");
        assert!(!mitigations.is_empty() && mitigations.iter().all(|mitigation| mitigation.starts_with('M')), "{id}");
        assert!(!nist.is_empty() && nist.iter().all(|control| control.as_bytes().get(2) == Some(&b'-')), "{id}");
        assert!(remediation.len() > 40 && !remediation.contains("  "), "{id}: {remediation}");
        assert_eq!(uses.is_empty() && customer_uses.is_empty(), code.starts_with("COV"), "{id}: only COV rules need no dataset");
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
    for RuleMeta { id, uses, customer_uses, attack, mitigations, nist, benchmarks, .. } in ALL.iter().map(|rule| &rule.meta) {
        let meta = &ALL.iter().find(|rule| rule.meta.id == *id).unwrap().meta;
        let permissions = section(meta, "Permissions");
        for dataset in uses.iter().chain(*customer_uses).map(|uses| uses.dataset.name()) {
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
            let findings: usize = judged(rule, example, &settings).iter().map(|out| out.findings.len()).sum();
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
            let mut json: Value = serde_json::from_str(example.json).unwrap();
            let before = json.as_object_mut().unwrap().remove(BASELINE);
            for snapshot in before.iter().chain([&json]) {
                let unknown = schema.unknown_keys(&schema.root, snapshot, "");
                assert!(unknown.is_empty(), "{}.md:{}: {unknown:?}", rule.meta.id, example.line);
            }
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
            let before = load_baseline(example.json).unwrap();
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
            reversed.tenants.iter_mut().for_each(|tenant| reverse_customer(&mut tenant.customer));
            assert_eq!(
                shown(run_against(rule, &snapshot, before.as_ref(), &settings)),
                shown(run_against(rule, &reversed, before.as_ref(), &settings)),
                "{}.md:{}",
                rule.meta.id,
                example.line
            );
        }
    }
}

/// Every list of the customer's facts the other way round; but audit events, which come in order of time, and files, which others count on.
fn reverse_customer(facts: &mut CustomerFacts) {
    let mut json = serde_json::to_value(&*facts).unwrap();
    let lists = ["/declared/relationships", "/declared/partners", "/signIns/events", "/signIns/reads"];
    for list in lists {
        if let Some(list) = json.pointer_mut(list).and_then(Value::as_array_mut) {
            list.reverse();
        }
    }
    for (name, list) in json.as_object_mut().unwrap() {
        if let Some(list) = list.as_array_mut().filter(|_| name != "audits") {
            list.reverse();
        }
    }
    *facts = serde_json::from_value(json).unwrap();
}

#[test]
fn own_keys_hold_no_names_counts_or_times() {
    // Two findings of one rule on one subject must differ by their own key, else they would share a fingerprint.
    let settings = Settings::default();
    for rule in ALL {
        for example in examples(rule.meta.page) {
            for out in judged(rule, &example, &settings) {
                let keys: Vec<_> = out.findings.iter().map(|draft| (&draft.subject.kind, &draft.subject.id, &draft.own_key)).collect();
                assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{}", rule.meta.id);
                assert!(out.findings.iter().all(|draft| draft.own_key.split('/').all(is_key)), "{}: {keys:?}", rule.meta.id);
            }
        }
    }
}

/// A word, or an id.
fn is_key(part: &str) -> bool {
    let is_word = part.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let is_id = part.len() == 36 && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b) || b == b'-');
    is_word || is_id
}

#[test]
fn every_finding_names_what_it_rests_on() {
    let settings = Settings::default();
    for rule in ALL {
        for example in examples(rule.meta.page).iter().filter(|example| example.kind == Kind::Fail) {
            for draft in judged(rule, example, &settings).into_iter().flat_map(|out| out.findings) {
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

    /// `relationships.status` is read from the facts of either view, `customer.governance.kind` and `coverage.sign-ins.from` from the tenant.
    fn has_field(&self, path: &str) -> bool {
        let Some(tenant) = self.step(&self.root, "tenants") else { return false };
        let leads_there = |start: &Value| path.split('.').try_fold(start, |at, name| self.step(at, name)).is_some();
        let views = ["partner", "customer"].into_iter().filter_map(|view| self.step(tenant, view));
        leads_there(tenant) || views.into_iter().any(leads_there)
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
            for draft in judged(rule, &example, &settings).into_iter().flat_map(|out| out.findings) {
                lines.insert(
                    format!("{} {} {} {}", rule.meta.id, draft.subject.kind, draft.subject.id, draft.own_key).trim_end().to_owned(),
                );
            }
        }
    }
    insta::assert_snapshot!(lines.into_iter().collect::<Vec<_>>().join("\n"), @r"
    ca-gap-for-service-providers tenant 22222222-2222-4222-8222-222222222222
    ceiling-role-unused tenant 22222222-2222-4222-8222-222222222222
    dap-and-gdap-coexist customer 22222222-2222-4222-8222-222222222222 no-relationship
    dap-and-gdap-coexist tenant 22222222-2222-4222-8222-222222222222
    dap-still-active principal 44444444-4444-4444-8444-444444444444 62e90394-69f5-4237-9190-012177145e10
    dap-still-active tenant 22222222-2222-4222-8222-222222222222 declared
    declared-ended-still-present tenant 22222222-2222-4222-8222-222222222222
    dormant-service-provider tenant 22222222-2222-4222-8222-222222222222
    foreign-principal-role-assignment principal 44444444-4444-4444-8444-444444444444 e8611ab8-c189-46e8-94e1-60213ab1f814
    gdap-auto-extend-high-privilege relationship d1
    gdap-auto-extend-high-privilege relationship r1
    gdap-broken-assignment assignment a1 group-gone
    gdap-broken-assignment assignment a1 stuck
    gdap-broken-assignment relationship r1 relationship-stuck
    gdap-default-role-set-kept relationship r1
    gdap-default-role-set-kept tenant 22222222-2222-4222-8222-222222222222 ceiling
    gdap-deprecated-or-internal-role relationship r1
    gdap-deprecated-or-internal-role tenant 22222222-2222-4222-8222-222222222222 ceiling
    gdap-expiring-soon relationship d1
    gdap-expiring-soon relationship r1
    gdap-global-administrator relationship d1
    gdap-global-administrator relationship r1
    gdap-global-administrator tenant 22222222-2222-4222-8222-222222222222 ceiling
    gdap-group-blast-radius group 33333333-3333-4333-8333-333333333333
    gdap-group-dynamic-or-synced group 33333333-3333-4333-8333-333333333333
    gdap-group-not-protected group 33333333-3333-4333-8333-333333333333
    gdap-long-duration relationship d1
    gdap-long-duration relationship r1
    gdap-member-guest-or-app servicePrincipal 66666666-6666-4666-8666-666666666666 application
    gdap-member-guest-or-app user 44444444-4444-4444-8444-444444444444 guest
    gdap-member-guest-or-app user 44444444-4444-4444-8444-444444444444 shared-name
    gdap-member-inactive user 44444444-4444-4444-8444-444444444444 disabled
    gdap-member-inactive user 44444444-4444-4444-8444-444444444444 inactive
    gdap-member-weak-mfa user 44444444-4444-4444-8444-444444444444
    gdap-member-without-mfa user 44444444-4444-4444-8444-444444444444
    gdap-overlapping-relationships customer 22222222-2222-4222-8222-222222222222
    gdap-overlapping-relationships tenant 22222222-2222-4222-8222-222222222222
    gdap-pending-offer-high-privilege relationship d1
    gdap-pending-offer-high-privilege relationship r1
    gdap-relationship-without-assignment relationship r1
    gdap-role-without-assignment relationship r1
    gdap-stale-offer relationship d1
    gdap-stale-offer relationship r1
    gdap-standing-tier0-members group 33333333-3333-4333-8333-333333333333
    gdap-tier0-role customer 22222222-2222-4222-8222-222222222222 privileged-role-and-authentication
    gdap-tier0-role relationship r1
    gdap-tier0-role relationship r2
    gdap-tier0-role tenant 22222222-2222-4222-8222-222222222222 ceiling
    gdap-tier0-to-default-agent-group group 33333333-3333-4333-8333-333333333333
    gdap-too-many-roles customer 22222222-2222-4222-8222-222222222222
    gdap-too-many-roles tenant 22222222-2222-4222-8222-222222222222
    gdap-unknown-role relationship r1
    gdap-unknown-role tenant 22222222-2222-4222-8222-222222222222 ceiling
    gdap-untargeted-offer relationship r1
    gdap-unused-relationship relationship r1
    gdap-unused-relationship tenant 22222222-2222-4222-8222-222222222222
    governance-app-injection application 55555555-5555-4555-8555-555555555555
    governance-not-terminable tenant 22222222-2222-4222-8222-222222222222
    governance-request-pending request r1
    governing-tenant-relationship tenant 22222222-2222-4222-8222-222222222222
    lookback-too-short dataset app-sign-ins customer
    lookback-too-short dataset sign-ins customer
    lookback-too-short dataset sign-ins partner
    member-set-grew-since-baseline group 33333333-3333-4333-8333-333333333333 44444444-4444-4444-8444-444444444444
    microsoft-support-access-lingers principal 44444444-4444-4444-8444-444444444444 00cf5c54-4693-4f59-a0ac-ab79ef0a974d
    microsoft-support-access-lingers tenant b4c546a4-7dac-46a6-a7dd-ed822a11efd3 open
    microsoft-support-access-lingers tenant b4c546a4-7dac-46a6-a7dd-ed822a11efd3 roles
    new-relationship-since-baseline relationship r1
    new-relationship-since-baseline tenant 22222222-2222-4222-8222-222222222222
    partner-adds-app-credential-or-consent user 44444444444444448444444444444444 event-a
    partner-app-high-privilege application 66666666-6666-4666-8666-666666666666
    partner-app-signin-new-source servicePrincipal 77777777-7777-4777-8777-777777777777 e0000000-0000-4000-8000-000000000021
    partner-app-stale-or-unverified application 66666666-6666-4666-8666-666666666666 long-lived-secret
    partner-app-stale-or-unverified application 66666666-6666-4666-8666-666666666666 unused
    partner-app-stale-or-unverified application 66666666-6666-4666-8666-666666666666 unverified
    partner-changes-domain-or-federation user 44444444444444448444444444444444 event-a
    partner-grants-directory-role user 44444444444444448444444444444444 event-a
    partner-guest-or-local-admin user 44444444-4444-4444-8444-444444444444
    partner-mailbox-access user 44444444444444448444444444444444 event-a
    partner-relationship-created tenant 22222222-2222-4222-8222-222222222222 event-a
    partner-roles-expanded tenant 22222222-2222-4222-8222-222222222222 event-a
    partner-session-attack-chain user 44444444444444448444444444444444 event-s
    partner-signin-failure-burst user 44444444-4444-4444-8444-444444444444 e0000000-0000-4000-8000-000000000001
    partner-signin-failure-burst user 44444444444444448444444444444444 e0000000-0000-4000-8000-000000000001
    partner-signin-impossible-travel user 44444444-4444-4444-8444-444444444444 e0000000-0000-4000-8000-000000000001
    partner-signin-impossible-travel user 44444444444444448444444444444444 e0000000-0000-4000-8000-000000000001
    partner-signin-new-country user 44444444-4444-4444-8444-444444444444 e0000000-0000-4000-8000-000000000006
    partner-signin-new-country user 44444444444444448444444444444444 e0000000-0000-4000-8000-000000000006
    partner-signin-new-network user 44444444-4444-4444-8444-444444444444 e0000000-0000-4000-8000-000000000006
    partner-signin-new-network user 44444444444444448444444444444444 e0000000-0000-4000-8000-000000000006
    partner-signin-new-network user 44444444444444448444444444444444 many/e0000000-0000-4000-8000-000000000001
    partner-signin-off-hours user 44444444-4444-4444-8444-444444444444 e0000000-0000-4000-8000-000000000003
    partner-signin-off-hours user 44444444444444448444444444444444 e0000000-0000-4000-8000-000000000003
    partner-signin-single-factor user 44444444-4444-4444-8444-444444444444 e0000000-0000-4000-8000-000000000003
    partner-signin-single-factor user 44444444444444448444444444444444 e0000000-0000-4000-8000-000000000001
    partner-signin-weak-protocol user 44444444-4444-4444-8444-444444444444 device-code/e0000000-0000-4000-8000-000000000003
    partner-signin-weak-protocol user 44444444444444448444444444444444 device-code/e0000000-0000-4000-8000-000000000001
    partner-signin-weak-protocol user 44444444444444448444444444444444 legacy-client/e0000000-0000-4000-8000-000000000001
    partner-signin-without-relationship customer aaaaaaaa-0000-4000-8000-000000000001 e0000000-0000-4000-8000-000000000001
    partner-signin-without-relationship tenant 22222222-2222-4222-8222-222222222222 e0000000-0000-4000-8000-000000000001
    partner-user-tenant-fanout user 44444444-4444-4444-8444-444444444444 e0000000-0000-4000-8000-000000000006
    partner-weakens-security-policy user 44444444444444448444444444444444 event-a
    privilege-grew-since-baseline customer 22222222-2222-4222-8222-222222222222 roles/9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3
    privilege-grew-since-baseline relationship r1 auto-extend
    privilege-grew-since-baseline relationship r1 duration
    privilege-grew-since-baseline relationship r1 group/33333333-3333-4333-8333-333333333333
    privilege-grew-since-baseline tenant 22222222-2222-4222-8222-222222222222 ceiling/e8611ab8-c189-46e8-94e1-60213ab1f814
    relationship-data-gap dataset assignments partner/unread
    relationship-data-gap dataset relationships partner/unread
    relationship-data-gap dataset role-assignments customer/unread
    reseller-chain-double-access tenant 33333333-3333-4333-8333-333333333333 22222222-2222-4222-8222-222222222222
    role-outside-ceiling principal 44444444-4444-4444-8444-444444444444 29232cdf-9323-42fd-ade2-1d097af3e4de
    role-without-service-provider-entry principal 44444444-4444-4444-8444-444444444444 29232cdf-9323-42fd-ade2-1d097af3e4de
    service-provider-extra-trust tenant 22222222-2222-4222-8222-222222222222 user-sync
    signin-log-coverage-gap dataset sign-ins customer/event-type
    signin-log-coverage-gap dataset sign-ins customer/unread
    signin-log-coverage-gap dataset sign-ins partner/event-type
    signin-log-coverage-gap dataset sign-ins partner/silent
    signin-log-coverage-gap dataset sign-ins partner/unread
    unknown-service-provider-tenant tenant 22222222-2222-4222-8222-222222222222
    ");
}

#[test]
fn a_required_dataset_is_required_by_a_rule() {
    // Otherwise a run could end with 0 although it was not read: only what a selected rule requires counts.
    for view in [View::Partner, View::Customer] {
        for dataset in Dataset::of_view(view).filter(|dataset| dataset.need(view) == Some(Need::Required)) {
            let mut uses = ALL.iter().flat_map(|rule| rule.meta.uses_in(view));
            assert!(uses.any(|uses| uses.dataset == dataset && uses.need == Need::Required), "{dataset} in the {view} view");
        }
    }
}
