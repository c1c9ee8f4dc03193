//! The truth table: `truth_table.toml` as rows, and the test that it is well formed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    /// Microsoft's pages by short name.
    pages: BTreeMap<String, String>,
    /// The rows.
    #[serde(rename = "row")]
    pub(super) rows: Vec<Row>,
}

/// One set of policies, one partner, one verdict.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) policies: Vec<Compact>,
    pub(super) policies_read: Option<String>,
    pub(super) locations_read: Option<bool>,
    pub(super) roles: Option<Roles>,
    #[serde(default)]
    pub(super) scoped_roles: Vec<String>,
    pub(super) p1: Option<bool>,
    pub(super) security_defaults: Option<bool>,
    pub(super) device_trust: Option<bool>,
    pub(super) reading: Option<String>,
    pub(super) expect: String,
    #[serde(default)]
    pub(super) by: Vec<String>,
    #[serde(default)]
    pub(super) gaps: Vec<String>,
    pub(super) reading_used: Option<String>,
    #[serde(default)]
    pub(super) defaults_flag: bool,
    #[serde(default)]
    pub(super) notes: Vec<String>,
    source: Option<String>,
    open: Option<String>,
}

/// The partner's roles by name, or `false` where they were not read.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Roles {
    Names(Vec<String>),
    Read(bool),
}

/// A policy in the short form that the head of the file explains.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Compact {
    pub(super) id: String,
    pub(super) state: Option<String>,
    pub(super) users: Option<Vec<String>>,
    #[serde(default)]
    pub(super) not_users: Vec<String>,
    pub(super) apps: Option<Vec<String>>,
    #[serde(default)]
    pub(super) not_apps: Vec<String>,
    #[serde(default)]
    pub(super) actions: Vec<String>,
    #[serde(default)]
    pub(super) contexts: Vec<String>,
    pub(super) app_filter: Option<String>,
    pub(super) clients: Option<Vec<String>>,
    #[serde(default)]
    pub(super) platforms: Vec<String>,
    #[serde(default)]
    pub(super) not_platforms: Vec<String>,
    #[serde(default)]
    pub(super) locations: Vec<String>,
    #[serde(default)]
    pub(super) not_locations: Vec<String>,
    #[serde(default)]
    pub(super) sign_in_risk: Vec<String>,
    #[serde(default)]
    pub(super) user_risk: Vec<String>,
    pub(super) insider_risk: Option<String>,
    pub(super) flows: Option<String>,
    pub(super) device_filter: Option<String>,
    pub(super) unknown: Option<String>,
    pub(super) unknown_users: Option<String>,
    #[serde(default)]
    pub(super) workload: bool,
    pub(super) grant: Option<String>,
    #[serde(default)]
    pub(super) session: bool,
}

/// Reads the file.
pub(super) fn table() -> Table {
    toml::from_str(include_str!("truth_table.toml")).unwrap()
}

#[test]
fn the_table_is_well_formed() {
    let table = table();
    assert!(table.rows.len() >= 70, "{} rows", table.rows.len());
    let mut names = BTreeSet::new();
    let mut verdicts = BTreeSet::new();
    let mut cited = BTreeSet::new();
    for row in &table.rows {
        let name = row.name.as_str();
        assert!(names.insert(name), "two rows are called {name}");
        assert!(row.source.is_some() || row.open.is_some(), "{name} rests on nothing");
        verdicts.insert(row.expect.as_str());
        for part in row.source.iter().flat_map(|source| source.split("; ")) {
            // Within a source, what stands before a colon is a page; a clause without one goes on with the page before it.
            if let Some((page, words)) = part.split_once(": ") {
                assert!(table.pages.contains_key(page), "{name} cites {page}, which is no page");
                assert!(words.len() > 10, "{name} says nothing of {page}");
                cited.insert(page);
            }
        }
        assert!(row.source.as_ref().is_none_or(|source| source.contains(": ")), "{name} names no page");
        assert!(row.open.as_ref().is_none_or(|open| open.len() > 10), "{name} does not say what is open");
        let ids: BTreeSet<&str> = row.policies.iter().map(|policy| policy.id.as_str()).collect();
        assert_eq!(ids.len(), row.policies.len(), "{name} has a policy id twice");
        for id in &row.by {
            assert!(ids.contains(id.as_str()), "{name} expects {id}, which it does not have");
        }
    }
    assert_eq!(verdicts, BTreeSet::from(["blocked", "enforced", "notCovered", "partly", "reportOnly", "unknown"]));
    assert_eq!(cited, table.pages.keys().map(String::as_str).collect(), "pages that are cited, and pages");
}
