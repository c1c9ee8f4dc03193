//! The examples of the rule pages: fenced `json pass` and `json fail` blocks, each a minimal snapshot, run as tests.

use serde_json::{Map, Value, json};

use crate::domain::diff::Baseline;
use crate::domain::{Coverage, Dataset, Snapshot, TenantSnapshot};

use super::compared::Compared;
use super::index::Index;
use super::rule::{Ctx, Out, Rule};
use super::seen::Seen;
use super::settings::Settings;

/// The time at which an example was read, unless it says another.
const COLLECTED_AT: &str = "2026-06-01T00:00:00Z";
/// The time at which the baseline of an example was read, unless it says another.
const BASELINE_AT: &str = "2026-05-25T00:00:00Z";
/// The key of the earlier snapshot in an example.
pub const BASELINE: &str = "baseline";
/// The tenant of an example, unless it says another.
const TENANT_ID: &str = "11111111-1111-4111-8111-111111111111";
/// How many days of log an example was read with, unless it says another number.
const LOOKBACK_DAYS: u32 = 30;

/// What an example shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The rule finds nothing.
    Pass,
    /// The rule finds something.
    Fail,
}

/// One fenced block of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example<'a> {
    /// What it shows.
    pub kind: Kind,
    /// The line of the page on which its fence opens, from 1.
    pub line: usize,
    /// The snapshot, as far as it matters.
    pub json: &'a str,
}

/// The examples of a page, in order. A fence that never closes holds the rest of the page, and then is no JSON.
pub fn examples(page: &str) -> Vec<Example<'_>> {
    let mut found = Vec::new();
    let mut open: Option<(Option<Kind>, usize, usize)> = None;
    let mut offset = 0;
    for (number, line) in page.split_inclusive('\n').enumerate() {
        let start = offset;
        offset += line.len();
        let Some(info) = line.trim_end().strip_prefix("```") else { continue };
        match open.take() {
            Some((Some(kind), line, from)) => found.push(Example { kind, line, json: &page[from..start] }),
            Some((None, ..)) => {}
            None => open = Some((kind_of(info), number + 1, offset)),
        }
    }
    if let Some((Some(kind), line, from)) = open {
        found.push(Example { kind, line, json: &page[from..] });
    }
    found
}

fn kind_of(info: &str) -> Option<Kind> {
    match info.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["json", "pass"] => Some(Kind::Pass),
        ["json", "fail"] => Some(Kind::Fail),
        _ => None,
    }
}

/// The snapshot of an example, with what it leaves out: format, time, tenant and view, and every dataset that it does not mention as
/// read to the end.
///
/// # Errors
///
/// What is wrong with the JSON, in words.
pub fn load(text: &str) -> Result<Snapshot, String> {
    let mut value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    value.as_object_mut().ok_or("an example is an object")?.remove(BASELINE);
    complete(value)
}

/// The earlier snapshot of an example, under `baseline`, completed in the same way; a week before it unless it says another time.
///
/// # Errors
///
/// What is wrong with the JSON, in words.
pub fn load_baseline(text: &str) -> Result<Option<Snapshot>, String> {
    let mut value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Some(mut earlier) = value.as_object_mut().and_then(|root| root.remove(BASELINE)) else { return Ok(None) };
    fill(earlier.as_object_mut().ok_or("a baseline is an object")?, &[("collectedAt", json!(BASELINE_AT))]);
    complete(earlier).map(Some)
}

fn complete(mut value: Value) -> Result<Snapshot, String> {
    let root = value.as_object_mut().ok_or("an example is an object")?;
    fill(
        root,
        &[
            ("formatVersion", json!(crate::domain::snapshot::FORMAT_VERSION)),
            ("collectedAt", json!(COLLECTED_AT)),
            ("lookbackDays", json!(LOOKBACK_DAYS)),
        ],
    );
    let tenants = root.get_mut("tenants").and_then(Value::as_array_mut).ok_or("an example has a list of tenants")?;
    for tenant in tenants.iter_mut().filter_map(Value::as_object_mut) {
        fill(tenant, &[("tenantId", json!(TENANT_ID)), ("view", json!("partner"))]);
    }
    let mut snapshot: Snapshot = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let (to, lookback) = (snapshot.collected_at, i64::from(snapshot.lookback_days));
    for tenant in &mut snapshot.tenants {
        for dataset in Dataset::of_view(tenant.view) {
            let whole = match dataset {
                Dataset::SignIns | Dataset::AppSignIns | Dataset::Audits => {
                    Coverage { from: Some(to.plus_days(-lookback)), to: Some(to), ..Coverage::complete(0) }
                }
                _ => Coverage::complete(0),
            };
            tenant.coverage.entry(dataset).or_insert(whole);
        }
    }
    Ok(snapshot)
}

fn fill(object: &mut Map<String, Value>, defaults: &[(&str, Value)]) {
    for (key, value) in defaults {
        object.entry(*key).or_insert_with(|| value.clone());
    }
}

/// What a rule says of each tenant of a snapshot at the snapshot's time, its check alone: no coverage gate, state or approval.
pub fn run(rule: &Rule, snapshot: &Snapshot, settings: &Settings) -> Vec<Out> {
    run_against(rule, snapshot, None, settings)
}

/// The same against an earlier snapshot.
pub fn run_against(rule: &Rule, snapshot: &Snapshot, baseline: Option<&Snapshot>, settings: &Settings) -> Vec<Out> {
    let baseline = baseline.map(|baseline| super::baseline_of(baseline, settings));
    snapshot.tenants.iter().map(|tenant| run_tenant(rule, snapshot, tenant, baseline.as_ref(), settings)).collect()
}

fn run_tenant(rule: &Rule, snapshot: &Snapshot, tenant: &TenantSnapshot, baseline: Option<&Baseline>, settings: &Settings) -> Out {
    let mut out = Out::default();
    let Some(own) = settings.rules.get(rule.meta.id) else { return out };
    let selected: Vec<_> = super::rules::ALL
        .iter()
        .filter(|other| settings.selects(other.meta.id))
        .filter_map(|other| settings.rules.get(other.meta.id).map(|values| (&other.meta, values)))
        .collect();
    let index = Index::new(&tenant.partner);
    let ledger = crate::domain::ledger::of_view(tenant, settings.reading);
    let seen = Seen::of(tenant, &ledger);
    let compared = baseline.and_then(|baseline| Compared::new(baseline, tenant, &ledger, snapshot.collected_at));
    let ctx = Ctx {
        tenant,
        facts: &tenant.partner,
        index: &index,
        customer: &tenant.customer,
        ledger: &ledger,
        seen: &seen,
        baseline: compared.as_ref(),
        approved: &settings.approved,
        waivers: &settings.waivers,
        now: snapshot.collected_at,
        lookback_days: snapshot.lookback_days,
        settings: own,
        selected: &selected,
    };
    (rule.check)(&ctx, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Status;

    #[test]
    fn only_marked_blocks_are_examples() {
        let page =
            "# x\n```json pass\n{}\n```\ntext\n```toml\n[x]\n```\n```json  fail\n{\"a\":1}\n```\n```json\n{}\n```\n```json fail\nopen";
        let found: Vec<_> = examples(page).into_iter().map(|example| (example.kind, example.line, example.json)).collect();
        assert_eq!(found, [(Kind::Pass, 2, "{}\n"), (Kind::Fail, 9, "{\"a\":1}\n"), (Kind::Fail, 15, "open")]);
    }

    #[test]
    fn what_is_left_out_is_filled_in_and_what_is_said_stays() {
        let text = r#"{ "tenants": [{ "coverage": { "groups": { "status": "denied" } } }] }"#;
        let snapshot = load(text).unwrap();
        let tenant = &snapshot.tenants[0];
        assert_eq!(tenant.tenant_id, TENANT_ID);
        assert_eq!(tenant.coverage_of(Dataset::Groups).status, Status::Denied);
        assert_eq!(tenant.coverage.len(), Dataset::of_view(tenant.view).count());
        let sign_ins = tenant.coverage_of(Dataset::SignIns);
        assert_eq!(sign_ins.to.unwrap().days_since(sign_ins.from.unwrap()), 30);
        assert!(load("[]").is_err() && load("{}").is_err() && load("{").is_err());
    }
}
