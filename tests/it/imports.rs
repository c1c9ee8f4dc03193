//! Declared facts and imported logs, as an admin hands them over.

use partnerscope::domain::{Coverage, Dataset, Status, View};
use serde_json::{Value, json};

use crate::support::{Program, coverage};

const OWN: &str = "5b7d9e02-1c64-4f3a-9a8e-6d20c41f7b35";
const OTHER: &str = "99999999-0000-4000-8000-000000000009";
const PARTNER: &str = "fa000000-0000-4000-8000-000000000001";

/// A program with a customer's snapshot in its folder; sign-ins were denied.
fn program() -> Program {
    let coverage: serde_json::Map<String, Value> = Dataset::of_view(View::Customer)
        .map(|dataset| {
            let coverage = match dataset {
                Dataset::Declared | Dataset::Purview => Coverage::skipped("no file was given"),
                Dataset::SignIns => Coverage::new(Status::Denied).because("403"),
                _ => Coverage::complete(0),
            };
            (dataset.name().to_owned(), serde_json::to_value(coverage).unwrap())
        })
        .collect();
    let snapshot = json!({
        "formatVersion": "1.0", "collectedAt": "2026-11-20T09:00:00Z", "lookbackDays": 30,
        "tenants": [{ "tenantId": OWN, "displayName": "Contoso", "view": "customer", "coverage": coverage,
                      "customer": { "licenses": { "entraP1": true, "entraP2": true } } }]
    });
    let program = Program::new();
    program.write("s.json", &snapshot.to_string());
    program
}

fn declared(tenant: &str) -> String {
    format!(
        "tenant = \"{tenant}\"\nas-of = 2026-11-18\n[[partner]]\ntenant-id = \"{PARTNER}\"\nname = \"Fabrikam \\u001b[31mMSP\"\nkind = \"Reseller\"\n"
    )
}

fn sign_in(id: &str, interactive: bool, resource: &str) -> Value {
    json!({ "id": id, "createdDateTime": "2026-11-19T20:00:00Z", "userId": "u", "homeTenantId": PARTNER, "resourceTenantId": resource,
            "isInteractive": interactive, "crossTenantAccessType": "serviceProvider", "status": { "errorCode": 0 },
            "userPrincipalName": "user_0123456789abcdef0123456789abcdef" })
}

#[test]
fn what_is_declared_stands_in_the_report_with_its_date() {
    let program = program();
    program.write("declared.toml", &declared(OWN));
    let (_, report) = program.report(&["evaluate", "s.json", "--declared", "declared.toml"]);
    let row = coverage(&report, "declared");
    assert_eq!((&row["status"], &row["need"], &row["records"]), (&json!("complete"), &json!("import"), &json!(1)));
    assert_eq!(row["reason"], "declared.toml of 2026-11-18: 1 row of this tenant");
    let partners = report["tenants"][0]["partners"].as_array().unwrap();
    assert!(partners.iter().any(|partner| partner["tenantId"] == PARTNER), "{partners:?}");
    let table = program.run(&["evaluate", "s.json", "--declared", "declared.toml"]);
    assert!(!table.stdout.contains('\u{1b}'), "a name from a file is as hostile as any other");
}

#[test]
fn a_log_from_a_file_takes_the_place_of_a_denied_one() {
    let program = program();
    program
        .write("log.json", &json!({ "value": [sign_in("a", true, OWN), sign_in("b", false, OWN), sign_in("c", true, OTHER)] }).to_string());
    let before = program.report(&["evaluate", "s.json"]).1;
    assert_eq!(coverage(&before, "sign-ins")["status"], "denied");
    let after = program.report(&["evaluate", "s.json", "--import", "sign-ins=log.json"]).1;
    let row = coverage(&after, "sign-ins");
    assert_eq!((&row["status"], &row["records"], &row["from"]), (&json!("complete"), &json!(2), &json!("2026-11-19T20:00:00Z")));
    let reason = row["reason"].as_str().unwrap();
    assert!(reason.contains("1 row of other tenants dropped (the first at line 1, column "), "{reason}");
    assert_eq!(after["tenants"][0]["counts"]["signIns"], 2);
}

#[test]
fn files_that_are_not_used_are_named_with_their_place() {
    let program = program();
    program.write("foreign.toml", &declared(OTHER));
    program.write("broken.json", "{\"value\": [\n  {\"id\": \n");
    program.write("future.toml", &declared(OWN).replace("2026-11-18", "2026-12-18"));
    let says = |args: &[&str], words: &[&str]| {
        let run = program.run(&[&["evaluate", "s.json"], args].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{args:?}");
        for word in words {
            assert!(run.stderr.contains(word), "{args:?} does not say {word:?}:\n{}", run.stderr);
        }
    };
    says(&["--declared", "foreign.toml"], &["foreign.toml:3:1: no row is of the tenant", OWN, OTHER, "help: "]);
    says(&["--declared", "broken.json"], &["broken.json:3:1: broken JSON", "help: "]);
    says(&["--declared", "future.toml"], &["future.toml:2:9: it is from the future", "help: "]);
    says(&["--declared", "none.toml"], &["failed to read none.toml"]);
    says(&["--import", "sign-in=broken.json"], &["did you mean `sign-ins`?", "there are: sign-ins, audits, purview"]);
    says(&["--import", "broken.json"], &["--import sign-ins=FILE"]);
}

#[test]
fn files_are_for_the_customer_view() {
    let program = Program::new();
    program.write("declared.toml", &declared(OWN));
    let run = program.run(&["audit", "--fixture", "tidy-msp", "--declared", "declared.toml"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("no tenant is looked at as a customer"), "{}", run.stderr);
}

#[test]
fn a_config_names_files_beside_itself() {
    let program = program();
    std::fs::create_dir(program.path("conf")).unwrap();
    program.write("conf/p.toml", "declared = [\"declared.toml\"]\n");
    program.write("conf/declared.toml", &declared(OWN));
    let (_, report) = program.report(&["evaluate", "s.json", "--config", "conf/p.toml"]);
    assert_eq!(coverage(&report, "declared")["status"], "complete");
}

#[test]
fn the_template_is_written_once() {
    let program = Program::new();
    let shown = program.run(&["init", "declared"]);
    assert_eq!((shown.code, shown.stdout.as_str()), (0, partnerscope::imports::DECLARED_TEMPLATE));
    assert_eq!(program.run(&["init", "declared", "-o", "d.toml"]).code, 0);
    program.write("d.toml", "mine");
    let again = program.run(&["init", "declared", "-o", "d.toml"]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("d.toml: it is there already") && again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(program.path("d.toml")).unwrap(), "mine");
    assert_eq!(program.run(&["init", "declared", "-o", "d.toml", "--force"]).code, 0);
    assert_eq!(std::fs::read_to_string(program.path("d.toml")).unwrap(), shown.stdout);
    assert_eq!(program.run(&["init", "declared", "-o", "no/such/d.toml"]).code, 2);
}
