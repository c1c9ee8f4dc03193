//! Each fault, and what the report must then hold.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{audit, coverage, findings, not_evaluated};

fn with(fault: &str) -> (i32, Value) {
    audit("tidy-msp", &["--fault", fault])
}

/// Faults that pass: the client's retries leave no trace in the report.
#[test]
fn what_passes_leaves_the_same_report() {
    let (code, calm) = audit("tidy-msp", &[]);
    assert_eq!(code, 0);
    for fault in ["429", "429-no-retry-after", "batch-429", "503-once", "reset", "cut-body", "expired-token"] {
        let (code, report) = with(fault);
        assert_eq!(code, 0, "{fault}: {}", report["tenants"][0]["coverage"]);
        assert_eq!(report, calm, "{fault}");
    }
}

#[test]
fn a_next_link_that_loops_is_partial_with_all_that_was_read() {
    let (code, report) = audit("northwind-msp", &["--fault", "nextlink-loop"]);
    assert_eq!(code, 1, "findings on what was read win over gaps");
    let row = coverage(&report, "relationships");
    assert_eq!((&row["status"], &row["records"]), (&"partial".into(), &31.into()), "{row}");
    assert!(findings(&report).iter().any(|(code, id)| code == "COV-02" && id == "relationships"));
    assert_eq!(not_evaluated(&report, "gdap-global-administrator").unwrap()["countsForExit"], true);
}

#[test]
fn a_next_link_to_another_host_is_not_followed() {
    let (code, report) = audit("northwind-msp", &["--fault", "nextlink-foreign-host"]);
    assert_eq!(code, 1);
    let row = coverage(&report, "relationships");
    assert_eq!((&row["status"], &row["records"]), (&"partial".into(), &12.into()), "{row}");
    assert_eq!(coverage(&report, "assignments")["status"], "partial", "its subjects come from relationships");
}

#[test]
fn a_token_that_cannot_be_renewed_fails_the_rest_and_keeps_the_report() {
    use crate::support::Program;
    let tenant = partnerscope::fixture::Tenant::load("tidy-msp").unwrap();
    let faults = vec![partnerscope::fixture::Fault::parse("expired-token").unwrap()];
    let server = partnerscope::fixture::Server::start(tenant, faults).unwrap();
    let program = Program::new();
    program.write("token", &server.access_token());
    let (graph, login) = (server.graph_endpoint().to_string(), server.login_endpoint().to_string());
    let args = [
        "audit",
        "--view",
        "partner",
        "--credential",
        "access-token",
        "--access-token-file",
        "token",
        "--graph-endpoint",
        &graph,
        "--login-endpoint",
        &login,
        "--now",
        "2026-11-20T09:00:00Z",
    ];
    let (code, report) = program.report(&args);
    assert_eq!(code, 3);
    let failed: BTreeSet<&str> = report["tenants"][0]["coverage"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["status"] == "failed")
        .map(|row| row["dataset"].as_str().unwrap())
        .collect();
    assert!(failed.len() > 3, "{failed:?}");
}

#[test]
fn a_proxys_html_is_named_and_not_taken_for_an_answer() {
    let (code, report) = with("html-504");
    assert_eq!(code, 3);
    let row = coverage(&report, "mfa-registration");
    assert_eq!(row["status"], "failed");
    assert!(row["reason"].as_str().unwrap().contains("504"), "{row}");
    assert_eq!(not_evaluated(&report, "gdap-member-without-mfa").unwrap()["countsForExit"], true);
}

#[test]
fn throttling_without_end_is_failed_and_says_so() {
    let (code, report) = with("endless-429");
    assert_eq!(code, 3);
    let row = coverage(&report, "sign-ins");
    assert_eq!(row["status"], "failed");
    assert!(row["reason"].as_str().unwrap().contains("429"), "{row}");
    assert!(findings(&report).iter().any(|(code, _)| code == "COV-01"));
}

#[test]
fn a_huge_page_is_read_or_cut_at_max_records() {
    let (code, report) = with("huge-page");
    assert_eq!(code, 0);
    let row = coverage(&report, "sign-ins");
    assert_eq!(row["status"], "complete");
    assert!(row["records"].as_u64().unwrap() >= 20_000, "{row}");
    let (code, report) = audit("tidy-msp", &["--fault", "huge-page", "--max-records", "1000"]);
    let row = coverage(&report, "sign-ins");
    assert_eq!(row["status"], "partial", "{row}");
    assert!(row["from"].is_string() && row["records"].as_u64().unwrap() <= 1_000, "{row}");
    assert_eq!(code, 0, "a limit that was asked for never makes exit 3");
}

#[test]
fn every_fault_has_a_test() {
    let tested = include_str!("faults.rs");
    for fault in partnerscope::fixture::Fault::ALL {
        assert!(tested.contains(&format!("\"{}\"", fault.name())), "{}", fault.name());
    }
}
