//! The fixture tenants through the real client: verdicts, coverage, exit status. Those of the customer view: `customer_tenants.rs`.

use std::collections::BTreeSet;

use partnerscope::domain::View;
use serde_json::Value;

use crate::support::{Program, audit, coverage, findings, fixtures, not_evaluated};

/// What `fixture.toml` of a tenant says of its exit status.
fn expected_exit(name: &str) -> i32 {
    let text = std::fs::read_to_string(fixtures().join(name).join("fixture.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    table["expected-exit"].as_integer().unwrap().try_into().unwrap()
}

#[test]
fn each_ends_as_it_says() {
    let mut seen = 0;
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_type().unwrap().is_dir() {
            continue;
        }
        let name = entry.file_name().into_string().unwrap();
        let (code, _) = audit(&name, &[]);
        assert_eq!(code, expected_exit(&name), "{name}");
        seen += 1;
    }
    assert!(seen >= 11);
}

#[test]
fn every_rule_of_the_partner_view_fires_in_northwind() {
    let (code, report) = audit("northwind-msp", &[]);
    assert_eq!(code, 1);
    let fired: BTreeSet<&str> = report["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    let metas = partnerscope::policy::rules::ALL.iter().map(|rule| &rule.meta);
    // Rules on change fire against a baseline only.
    let metas = metas.filter(|meta| meta.answers(View::Partner) && !meta.judges_change());
    let of_view: BTreeSet<&str> = metas.map(|meta| meta.code).collect();
    assert_eq!(fired, of_view);
}

#[test]
fn the_findings_of_northwind() {
    let (_, report) = audit("northwind-msp", &[]);
    let lines: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let text = |pointer: &str| finding.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
            format!("{} {} {} {} | {}", text("/code"), text("/severity"), text("/confidence"), text("/subject/kind"), text("/subject/id"))
        })
        .collect();
    insta::assert_snapshot!("northwind_findings", lines.join("\n"));
}

#[test]
fn what_northwind_could_not_read() {
    let (_, report) = audit("northwind-msp", &[]);
    let assignments = coverage(&report, "assignments");
    assert_eq!(assignments["status"], "partial");
    assert!(assignments["reason"].as_str().unwrap().contains("503"), "{assignments}");
    assert_eq!(coverage(&report, "sign-ins")["status"], "complete", "a silent log is COV-01's to say");
    let left_out = not_evaluated(&report, "gdap-role-without-assignment").unwrap();
    assert_eq!(left_out["countsForExit"], true);
    assert_eq!(left_out["subjects"].as_array().unwrap().len(), 1, "only the relationship that failed: {left_out}");
    let counts = &report["tenants"][0]["counts"];
    for (name, value) in [("relationships", 31), ("offers", 5), ("customers", 14), ("groups", 10)] {
        assert_eq!(counts[name], value, "{name}");
    }
}

#[test]
fn a_tenant_that_is_fine_reaches_exit_0() {
    let (code, report) = audit("tidy-msp", &[]);
    assert_eq!(code, 0);
    for finding in report["findings"].as_array().unwrap() {
        assert_eq!(finding["severity"], "info", "{finding}");
    }
    for row in report["tenants"][0]["coverage"].as_array().unwrap() {
        assert_eq!(row["status"], "complete", "{row}");
    }
    assert_eq!(report["notEvaluated"].as_array().unwrap().len(), 0, "{}", report["notEvaluated"]);
}

#[test]
fn an_empty_list_is_not_clean() {
    let (code, report) = audit("empty-by-permission-msp", &[]);
    assert_eq!(code, 3);
    let relationships = coverage(&report, "relationships");
    assert_eq!(relationships["status"], "partial");
    assert!(relationships["reason"].as_str().unwrap().contains("AdminAgents"), "it says what would settle it: {relationships}");
    assert!(findings(&report).iter().any(|(code, _)| code == "COV-02"));
    for rule in ["gdap-global-administrator", "gdap-role-without-assignment", "gdap-pending-offer-high-privilege"] {
        assert_eq!(not_evaluated(&report, rule).unwrap()["countsForExit"], true, "{rule}");
    }
}

#[test]
fn what_is_denied_names_its_permission() {
    let (code, report) = audit("partly-denied-msp", &[]);
    assert_eq!(code, 3);
    for (dataset, permission) in
        [("groups", "GroupMember.Read.All"), ("group-members", "GroupMember.Read.All"), ("sign-ins", "AuditLog.Read.All")]
    {
        let row = coverage(&report, dataset);
        assert_eq!(row["status"], "denied", "{row}");
        assert!(row["permission"].as_str().unwrap().contains(permission), "{row}");
    }
    for rule in ["gdap-member-without-mfa", "gdap-member-inactive", "gdap-unused-relationship", "gdap-group-not-protected"] {
        assert_eq!(not_evaluated(&report, rule).unwrap()["countsForExit"], true, "{rule}");
    }
    assert!(findings(&report).iter().any(|(code, _)| code == "COV-01"));
}

#[test]
fn a_gap_that_is_accepted_no_longer_makes_exit_3() {
    let accepted = ["--allow-incomplete=groups,group-members,group-owners,mfa-registration,sign-ins"];
    let (code, report) = audit("partly-denied-msp", &accepted);
    assert_eq!(code, 0, "{}", report["notEvaluated"]);
    assert!(coverage(&report, "groups")["accepted"].is_string());
    let (code, _) = audit("partly-denied-msp", &["--allow-incomplete=groups"]);
    assert_eq!(code, 3, "any other gap still shows");
    let (code, _) = audit("northwind-msp", &["--fail-on", "never", "--allow-incomplete=assignments"]);
    assert_eq!(code, 0, "what is partial only because of an accepted dataset is accepted with it");
    let run = Program::new().run(&["audit", "--fixture", "partly-denied-msp", "--exit-zero", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &report["summary"]["exitCode"]), (0, &3.into()), "the report keeps its verdict");
}

#[test]
fn each_required_dataset_left_unread_makes_exit_3_and_skipped_does_not() {
    // tidy-msp without one permission after the other: the same tenant, no longer read.
    let original = std::fs::read_to_string(fixtures().join("tidy-msp/fixture.toml")).unwrap();
    for (permissions, rule) in [
        (&["DelegatedAdminRelationship.Read.All"][..], "gdap-global-administrator"),
        (&["GroupMember.Read.All", "Directory.Read.All"], "gdap-member-without-mfa"),
        (&["AuditLog.Read.All"], "gdap-unused-relationship"),
    ] {
        let program = Program::new();
        copy(&fixtures().join("tidy-msp"), &program.path("tenant"));
        let cut = permissions.iter().fold(original.clone(), |text, permission| text.replace(&format!("\"{permission}\","), ""));
        assert_ne!(cut, original);
        program.write("tenant/fixture.toml", &cut);
        let (code, report) = program.report(&["audit", "--fixture", "tenant", "--view", "partner"]);
        assert_eq!(code, 3, "without {permissions:?}");
        assert_eq!(not_evaluated(&report, rule).unwrap()["countsForExit"], true);
    }
    let (code, report) = audit("tidy-msp", &["--skip-dataset", "sign-ins", "--skip-dataset", "group-members"]);
    assert_eq!(code, 0, "what is left out on purpose never makes exit 3");
    assert_eq!(coverage(&report, "sign-ins")["status"], "skipped");
    assert_eq!(not_evaluated(&report, "gdap-unused-relationship").unwrap()["countsForExit"], false);
}

#[test]
fn what_hangs_on_a_skipped_dataset_is_skipped_with_it() {
    for dataset in ["organization", "relationships", "assignments", "groups", "group-members", "mfa-registration", "sign-ins"] {
        let (code, report) = audit("tidy-msp", &["--skip-dataset", dataset]);
        assert_eq!(code, 0, "--skip-dataset {dataset}: {}", report["notEvaluated"]);
        for row in report["tenants"][0]["coverage"].as_array().unwrap() {
            assert!(row["status"] == "complete" || row["status"] == "skipped", "--skip-dataset {dataset}: {row}");
        }
    }
}

/// Copies a folder of the repository.
pub(crate) fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn only_a_member_of_admin_agents_proves_that_there_are_no_relationships() {
    let original = std::fs::read_to_string(fixtures().join("empty-by-permission-msp/fixture.toml")).unwrap();
    assert!(original.contains("identity = \"app\"") && original.contains("admin-agents = false"));
    let groups = |name: &str| {
        format!(
            "{{\"value\":[{{\"@odata.type\":\"#microsoft.graph.group\",\"id\":\"5d5e3c1f-2a4b-4c6d-8e9f-0a1b2c3d4e5f\",\"displayName\":\"{name}\"}}]}}"
        )
    };
    // Where it is proved that there is no relationship, people of the tenant who go into customers have none to go by.
    for (name, status, code) in [("AdminAgents", "complete", 1), ("HelpdeskAgents", "partial", 3)] {
        let program = Program::new();
        copy(&fixtures().join("empty-by-permission-msp"), &program.path("tenant"));
        let delegated = original
            .replace("identity = \"app\"", "identity = \"delegated\"")
            .replace("admin-agents = false", &format!("admin-agents = {}", name == "AdminAgents"));
        program.write("tenant/fixture.toml", &delegated);
        std::fs::create_dir_all(program.path("tenant/graph/v1.0/me")).unwrap();
        program.write("tenant/graph/v1.0/me/transitiveMemberOf.json", &groups(name));
        let (exit, report) = program.report(&["audit", "--fixture", "tenant"]);
        assert_eq!(coverage(&report, "relationships")["status"], status, "{name}");
        assert_eq!(exit, code, "{name}: {}", report["notEvaluated"]);
    }
}
