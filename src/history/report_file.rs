//! A JSON report as a baseline: what it found, what it could have found, and as much of the facts as it holds.
//!
//! Fields that this build does not know are passed over; a value that it does not know makes the one thing that it stands in unknown.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::earlier::EarlierError;
use super::report_facts::{Partner, Relationship, Row};
use super::snapshot_file::{major, shorten, words};
use crate::domain::diff::{Baseline, Before, Form, Sight};
use crate::domain::report::{Missing, NotApplicable, NotEvaluated};
use crate::domain::{
    Approval, Confidence, Coverage, Dataset, Evidence, Finding, Party, Severity, Standing, State, Status, Subject, Text, Timestamp, View,
    Waiver, fingerprint,
};

/// The version of the report that this build reads.
const SUPPORTED: &str = "1.0";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    run: Run,
    tenants: Vec<Tenant>,
    findings: Vec<Found>,
    #[serde(default)]
    not_evaluated: Vec<Unjudged>,
    #[serde(default)]
    not_applicable: Vec<Pointless>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    now: Timestamp,
    collected_at: Timestamp,
    /// Reports of early builds do not say it.
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    terms: BTreeMap<String, String>,
    #[serde(default)]
    only_customer: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tenant {
    tenant_id: String,
    #[serde(default)]
    display_name: String,
    view: View,
    #[serde(default)]
    coverage: Vec<Read>,
    #[serde(default)]
    relationships: Vec<Relationship>,
    #[serde(default)]
    partners: Vec<Partner>,
}

#[derive(Deserialize)]
struct Read {
    dataset: String,
    status: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    records: u64,
    #[serde(default)]
    from: Option<Timestamp>,
    #[serde(default)]
    to: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    rule_id: String,
    code: String,
    view: View,
    severity: Severity,
    base_severity: Severity,
    confidence: Confidence,
    title: String,
    /// A later version may have states that this one does not know: only resolved ones matter.
    state: Value,
    tenant_id: String,
    subject: Subject,
    #[serde(default)]
    partner: Option<Party>,
    #[serde(default)]
    customer: Option<Party>,
    #[serde(default)]
    evidence: Vec<Evidence>,
    #[serde(default)]
    remediation: String,
    fingerprint: String,
    #[serde(default)]
    first_seen: Option<Timestamp>,
    #[serde(default)]
    approval: Option<Approval>,
    #[serde(default)]
    waiver: Option<Waiver>,
    #[serde(default)]
    attack: Vec<String>,
    #[serde(default)]
    mitigations: Vec<String>,
    #[serde(default)]
    nist: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unjudged {
    rule_id: String,
    tenant_id: String,
    view: View,
    #[serde(default)]
    subjects: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pointless {
    rule_id: String,
    tenant_id: String,
    view: View,
}

/// The parser's words, with the place told apart from them.
pub(super) fn broken(error: &serde_json::Error) -> EarlierError {
    EarlierError::Broken { line: error.line(), column: error.column(), detail: words(error) }
}

/// Reads a report of which the version is known.
pub(super) fn read(text: &[u8], version: &str) -> Result<Baseline, EarlierError> {
    let Some(found) = major(version) else {
        return Err(EarlierError::Foreign { detail: format!("its schemaVersion is {:?}", shorten(version)) });
    };
    if Some(found) > major(SUPPORTED) {
        return Err(EarlierError::Newer { found: shorten(version).into_owned(), supported: SUPPORTED });
    }
    let report: Report = serde_json::from_slice(text).map_err(|error| broken(&error))?;
    let mut tenants = BTreeMap::new();
    for tenant in &report.tenants {
        let key = (tenant.tenant_id.clone(), tenant.view);
        if tenants.insert(key, before(&report, tenant)).is_some() {
            return Err(EarlierError::Twice { tenant: shorten(&tenant.tenant_id).into_owned() });
        }
    }
    Ok(Baseline {
        id: fingerprint::of_run(text, b"", b"", ""),
        form: Form::Report,
        collected_at: report.run.collected_at,
        only_customer: report.run.only_customer,
        tenants,
    })
}

fn before(report: &Report, tenant: &Tenant) -> Before {
    let coverage: BTreeMap<Dataset, Coverage> = tenant.coverage.iter().filter_map(read_coverage).collect();
    let row = Row { tenant_id: &tenant.tenant_id, display_name: &tenant.display_name, view: tenant.view, coverage: &coverage };
    let picture = row.picture(&tenant.relationships, &tenant.partners, report.run.collected_at);
    let is_own = |tenant_id: &str, view: View| tenant_id == tenant.tenant_id && view == tenant.view;
    let unjudged: Vec<NotEvaluated> =
        report.not_evaluated.iter().filter(|row| is_own(&row.tenant_id, row.view)).map(NotEvaluated::from).collect();
    let pointless: Vec<NotApplicable> =
        report.not_applicable.iter().filter(|row| is_own(&row.tenant_id, row.view)).map(NotApplicable::from).collect();
    let open = || report.findings.iter().filter(|found| found.state != "resolved" && is_own(&found.tenant_id, found.view));
    // A report that does not say which rules ran shows only that those ran that found something.
    let rules: Vec<String> =
        if report.run.rules.is_empty() { open().map(|found| found.rule_id.clone()).collect() } else { report.run.rules.clone() };
    let terms = report.run.terms.clone();
    let sight = Sight::of(coverage, rules, &unjudged.iter().collect::<Vec<_>>(), &pointless.iter().collect::<Vec<_>>());
    let sight = Sight { terms, ..sight };
    let found = open().map(|found| (found.fingerprint.clone(), finding(found, report.run.now))).collect();
    Before { picture, sight, found }
}

/// A dataset or a status that this build does not know is one that was not read.
fn read_coverage(row: &Read) -> Option<(Dataset, Coverage)> {
    let status = Status::parse(&row.status).unwrap_or(Status::Failed);
    let dataset = Dataset::parse(&row.dataset)?;
    let coverage = Coverage { records: row.records, from: row.from, to: row.to, ..Coverage::new(status) };
    if status != Status::Partial {
        return Some((dataset, coverage));
    }
    // Lowered by the dataset whose subjects it has: its reason says so, and nothing of its own is missing.
    let limited_by = row.reason.as_deref().and_then(|reason| {
        let (parent, status) = reason.split_once(" is ")?;
        Status::parse(status).and(Dataset::parse(parent))
    });
    // Otherwise a report does not say what is missing of what was read in part.
    Some((dataset, Coverage { limited_by, truncated: limited_by.is_none(), ..coverage }))
}

fn finding(found: &Found, now: Timestamp) -> Finding {
    let texts = |list: &[String]| list.iter().map(|item| Text::Owned(item.clone())).collect();
    Finding {
        rule_id: found.rule_id.clone().into(),
        code: found.code.clone().into(),
        view: found.view,
        severity: found.severity,
        base_severity: found.base_severity,
        confidence: found.confidence,
        title: found.title.clone().into(),
        state: State::Unbaselined,
        tenant_id: found.tenant_id.clone(),
        subject: found.subject.clone(),
        partner: found.partner.clone(),
        customer: found.customer.clone(),
        since: None,
        note: None,
        evidence: found.evidence.clone(),
        remediation: found.remediation.clone().into(),
        fingerprint: found.fingerprint.clone(),
        first_seen: Some(found.first_seen.unwrap_or(now)),
        severity_before: None,
        standing: Standing { approval: found.approval.clone(), waiver: found.waiver.clone(), ..Standing::default() },
        attack: texts(&found.attack),
        mitigations: texts(&found.mitigations),
        nist: texts(&found.nist),
    }
}

impl From<&Unjudged> for NotEvaluated {
    fn from(row: &Unjudged) -> Self {
        NotEvaluated {
            rule_id: row.rule_id.clone(),
            code: String::new(),
            tenant_id: row.tenant_id.clone(),
            view: row.view,
            partly: row.subjects.is_some(),
            subjects: row.subjects.clone().unwrap_or_default(),
            reason: String::new(),
            counts_for_exit: false,
            missing: Vec::<Missing>::new(),
        }
    }
}

impl From<&Pointless> for NotApplicable {
    fn from(row: &Pointless) -> Self {
        NotApplicable {
            rule_id: row.rule_id.clone(),
            code: String::new(),
            tenant_id: row.tenant_id.clone(),
            view: row.view,
            reason: String::new(),
        }
    }
}
