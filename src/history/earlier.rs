//! An earlier run from a file: a snapshot or a JSON report, told apart by what it says of itself.

use std::borrow::Cow;

use serde::Deserialize;

use super::report_file;
use super::snapshot_file::{self, FormatError, MAX_INFLATED};
use crate::domain::Snapshot;
use crate::domain::diff::Baseline;

/// An earlier run.
#[derive(Debug)]
pub enum Earlier {
    /// Facts, to be judged.
    Snapshot(Box<Snapshot>),
    /// Verdicts, and as much of the facts as a report holds.
    Report(Box<Baseline>),
}

/// Why bytes are no earlier run that this build can read.
#[derive(Debug, thiserror::Error)]
pub enum EarlierError {
    /// It is something else.
    #[error("neither a snapshot nor a JSON report of partnerscope: {detail}")]
    Foreign {
        /// What it looks like.
        detail: String,
    },
    /// A newer build wrote the report.
    #[error("the report has version {found}, this version of partnerscope reads up to {supported}")]
    Newer {
        /// The file's version.
        found: String,
        /// The newest that this build reads.
        supported: &'static str,
    },
    /// It is a report, but broken.
    #[error("the report is cut or broken at line {line}, column {column}: {detail}")]
    Broken {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// In the parser's words.
        detail: String,
    },
    /// It holds one tenant twice in one view.
    #[error("the report holds tenant {tenant} twice")]
    Twice {
        /// The tenant's id.
        tenant: String,
    },
    /// It is a snapshot that cannot be read, or no file of ours at all.
    #[error(transparent)]
    Snapshot(#[from] FormatError),
}

/// Only what tells the two apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow, default)]
    format_version: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    schema_version: Option<Cow<'a, str>>,
}

/// Reads an earlier run, plain or gzip.
///
/// # Errors
/// What is wrong with the bytes.
pub fn read(bytes: &[u8]) -> Result<Earlier, EarlierError> {
    let inflated = snapshot_file::inflate(bytes, MAX_INFLATED)?;
    let text = snapshot_file::without_mark(&inflated);
    let foreign = |detail: &str| EarlierError::Foreign { detail: detail.into() };
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(foreign("the file is empty"));
    }
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(foreign("it is not a JSON object"));
    }
    let head: Head<'_> = serde_json::from_slice(text).map_err(|error| report_file::broken(&error))?;
    match (head.format_version, head.schema_version) {
        (Some(_), _) => Ok(Earlier::Snapshot(Box::new(snapshot_file::read(text)?))),
        (None, Some(version)) => report_file::read(text, &version).map(|report| Earlier::Report(Box::new(report))),
        (None, None) => Err(foreign("it is JSON without a formatVersion or a schemaVersion")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diff::Form;
    use crate::domain::{Coverage, Dataset, Status, View};

    const REPORT: &str = r#"{
        "schemaVersion": "1.4", "later": [1],
        "run": { "id": "x", "now": "2026-02-01T00:00:00Z", "collectedAt": "2026-01-01T00:00:00Z", "lookback": "30d", "rules": ["a", "b", "c"] },
        "tenants": [{ "tenantId": "t", "displayName": "T", "view": "partner", "coverage": [
            { "dataset": "relationships", "need": "required", "status": "complete", "records": 1 },
            { "dataset": "assignments", "need": "required", "status": "partial", "records": 1, "reason": "1 of 2 relationships" },
            { "dataset": "groups", "need": "required", "status": "partial", "records": 1, "reason": "assignments is partial" },
            { "dataset": "contracts", "need": "helps", "status": "tomorrow", "records": 1 },
            { "dataset": "of-tomorrow", "need": "helps", "status": "complete", "records": 1 } ],
          "relationships": [{ "id": "r1", "displayName": "n", "status": "active", "roles": [{ "id": "x", "name": "x", "tier": null }],
            "groups": [{ "assignmentId": "a", "status": "active", "id": "g", "name": "G", "roles": [], "people": 2, "owners": [] }],
            "people": [{ "id": "u", "name": "U" }], "autoExtend": true }] }],
        "findings": [
            { "ruleId": "a", "code": "A-01", "view": "partner", "severity": "high", "baseSeverity": "high", "confidence": "high", "title": "",
              "state": "unbaselined", "tenantId": "t", "subject": { "kind": "relationship", "id": "r1", "name": "n" }, "fingerprint": "f1" },
            { "ruleId": "a", "code": "A-01", "view": "partner", "severity": "high", "baseSeverity": "high", "confidence": "high", "title": "",
              "state": "resolved", "tenantId": "t", "subject": { "kind": "relationship", "id": "r1", "name": "n" }, "fingerprint": "f2" } ],
        "notEvaluated": [{ "ruleId": "b", "tenantId": "t", "view": "partner", "reason": "", "countsForExit": true, "missing": [] }],
        "notApplicable": [{ "ruleId": "c", "tenantId": "t", "view": "partner", "reason": "" }]
    }"#;

    fn report(text: &str) -> Baseline {
        match read(text.as_bytes()).unwrap() {
            Earlier::Report(report) => *report,
            Earlier::Snapshot(_) => panic!("it is a report"),
        }
    }

    #[test]
    fn a_report_tells_what_it_found_and_what_it_could_have_found() {
        let baseline = report(REPORT);
        assert_eq!((baseline.form, baseline.collected_at.date()), (Form::Report, "2026-01-01".into()));
        let before = baseline.of("t", View::Partner).unwrap();
        assert_eq!(before.found.keys().collect::<Vec<_>>(), ["f1"], "what was resolved then was not found");
        assert_eq!(before.found["f1"].first_seen.unwrap().date(), "2026-02-01");
        assert_eq!(before.sight.rules.iter().collect::<Vec<_>>(), ["a"], "the others were not judged");
        let status = |dataset: Dataset| before.sight.coverage[&dataset].status;
        assert_eq!([status(Dataset::Relationships), status(Dataset::Contracts)], [Status::Complete, Status::Failed]);
        assert_eq!(
            before.sight.coverage[&Dataset::Assignments],
            Coverage { records: 1, truncated: true, ..Coverage::new(Status::Partial) }
        );
        assert_eq!(before.sight.coverage[&Dataset::Groups].limited_by, Some(Dataset::Assignments));
        assert!(before.picture.blind.contains(&Dataset::GroupMembers));
    }

    #[test]
    fn a_report_that_names_no_rules_shows_those_that_found_something() {
        let old = REPORT.replace(r#", "rules": ["a", "b", "c"]"#, "");
        assert_eq!(report(&old).of("t", View::Partner).unwrap().sight.rules.iter().collect::<Vec<_>>(), ["a"]);
        assert_ne!(report(&old).id, report(REPORT).id);
    }

    #[test]
    fn one_tenant_twice_is_refused() {
        let start = REPORT.find("[{ \"tenantId\"").unwrap() + 1;
        let end = REPORT.find("],\n        \"findings\"").unwrap();
        let twice = format!("{},{}", &REPORT[..end], &REPORT[start..]);
        assert_eq!(read(twice.as_bytes()).unwrap_err().to_string(), "the report holds tenant t twice");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80), at in 0_usize..2000) {
            let _ = read(&bytes);
            let _ = read(&REPORT.as_bytes()[..at.min(REPORT.len())]);
        }
    }
}
