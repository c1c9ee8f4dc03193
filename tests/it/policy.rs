//! The organisation's own policy: what it tolerates and accepts stays in every report, for a time, and is told when it ends or is in vain.

use serde_json::Value;

use crate::support::Program;

/// A snapshot of a partner in which nothing is wrong, and rules that make it high that something runs longer than ten days.
fn strict() -> Program {
    let program = Program::new();
    assert_eq!(program.run(&["collect", "--fixture", "tidy-msp", "-o", "s.json"]).code, 0);
    program
}

const RULES: &str =
    "[rules.gdap-long-duration]\nmax-days = 10\nmax-days-tier0 = 10\nseverity = \"high\"\nseverity-reason = \"short by contract\"\n";

fn judged(program: &Program, policy: &str) -> (i32, Value) {
    program.write("p.toml", policy);
    program.report(&["evaluate", "s.json", "--config", "p.toml", "--rule", "gdap-long-duration"])
}

fn waiver(subject: &str, until: &str) -> String {
    format!("[[waiver]]\nrule = \"LIF-02\"\nsubject = \"{subject}\"\nreason = \"agreed\"\nowner = \"it\"\nuntil = {until}\n")
}

fn texts(report: &Value, pointer: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_waived_finding_stays_and_does_not_count() {
    let program = strict();
    let (code, report) = judged(&program, RULES);
    assert_eq!(code, 1);
    assert!(texts(&report, "/severityReason").iter().all(|reason| reason == "short by contract"), "{report:#}");
    assert!(texts(&report, "/baseSeverity").iter().all(|severity| severity == "medium"));
    let subjects = texts(&report, "/subject/id");
    assert!(!subjects.is_empty());

    let all: String = subjects.iter().map(|subject| waiver(subject, "2099-01-31")).collect();
    let (code, waived) = judged(&program, &format!("{all}{RULES}"));
    assert_eq!((code, texts(&waived, "/subject/id")), (0, subjects.clone()), "it stays in the report");
    assert_eq!(waived["findings"][0]["waiver"], serde_json::json!({ "reason": "agreed", "owner": "it", "until": "2099-01-31T23:59:59Z" }));
    assert_eq!(waived["summary"]["waived"], subjects.len());
    assert_eq!(waived["notes"], serde_json::json!([]));
    assert_eq!(texts(&waived, "/fingerprint"), texts(&report, "/fingerprint"));
    let table = program.run(&["evaluate", "s.json", "--config", "p.toml", "--rule", "gdap-long-duration"]).stdout;
    assert!(table.contains(&format!("{} waived", subjects.len())) && table.contains("Exit status 0"), "{table}");

    // By fingerprint too, and all but one leaves one.
    let by_fingerprint: String = texts(&report, "/fingerprint").iter().map(|print| waiver(print, "2099-01-31")).collect();
    assert_eq!(judged(&program, &format!("{by_fingerprint}{RULES}")).0, 0);
    let but_one: String = subjects.iter().skip(1).map(|subject| waiver(subject, "2099-01-31")).collect();
    assert_eq!(judged(&program, &format!("{but_one}{RULES}")).0, 1);
}

#[test]
fn an_ended_waiver_lets_the_finding_count_again_and_says_so() {
    let program = strict();
    let subjects = texts(&judged(&program, RULES).1, "/subject/id");
    let ended: String = subjects.iter().map(|subject| waiver(subject, "2020-01-31")).collect();
    let (code, report) = judged(&program, &format!("{ended}{RULES}"));
    assert_eq!(code, 1);
    assert_eq!(report["findings"][0]["endedWaiver"]["until"], "2020-01-31T23:59:59Z");
    assert!(report["findings"][0].get("waiver").is_none());
    assert_eq!(report["notes"].as_array().unwrap().len(), subjects.len());
    assert_eq!(report["notes"][0]["kind"], "endedWaiver");
}

#[test]
fn what_matches_nothing_is_told() {
    let program = strict();
    let gap =
        "[[accepted-gap]]\ndataset = \"groups\"\nreason = \"known\"\n[[accepted-gap]]\ndataset = \"audits\"\nreason = \"another view\"\n";
    let (_, report) = judged(&program, &format!("{}{gap}{RULES}", waiver("nobody", "2099-01-31")));
    let kinds: Vec<&str> = report["notes"].as_array().unwrap().iter().map(|note| note["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["unmatchedWaiver", "unmatchedGap"], "{:#}", report["notes"]);
    let run = program.run(&["evaluate", "s.json", "--config", "p.toml", "--rule", "gdap-long-duration"]);
    let table = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(table.contains("The waiver of gdap-long-duration for nobody matches no finding"), "{table}");
    // A rule that does not run says nothing of its waivers.
    let (_, report) = program.report(&["evaluate", "s.json", "--config", "p.toml", "--rule", "gdap-tier0-role"]);
    assert_eq!(report["notes"].as_array().unwrap().len(), 1, "{:#}", report["notes"]);
}

#[test]
fn an_accepted_gap_that_ended_counts_and_is_told() {
    let program = strict();
    let mut snapshot: Value = serde_json::from_str(&std::fs::read_to_string(program.path("s.json")).unwrap()).unwrap();
    snapshot["tenants"][0]["coverage"]["sign-ins"]["status"] = "denied".into();
    program.write("s.json", &snapshot.to_string());
    let judged = |until: &str| {
        program.write("p.toml", &format!("[[accepted-gap]]\ndataset = \"sign-ins\"\nreason = \"soon\"\nuntil = {until}\n"));
        let (code, report) = program.report(&["evaluate", "s.json", "--config", "p.toml", "--fail-on", "never"]);
        (code, report["notes"].clone())
    };
    assert_eq!(judged("2099-01-31"), (0, serde_json::json!([])));
    let (code, notes) = judged("2020-01-31");
    assert_eq!((code, &notes[0]["kind"]), (3, &Value::from("endedGap")), "{notes:#}");
}

#[test]
fn a_profile_is_where_the_settings_of_rules_begin() {
    let program = strict();
    let findings = |args: &[&str]| {
        let (_, report) = program.report(&[&["evaluate", "s.json"], args].concat());
        texts(&report, "/fingerprint")
    };
    let (strict, default, hygiene) = (findings(&["--profile", "strict"]), findings(&[]), findings(&["--profile", "hygiene"]));
    assert_eq!(findings(&["--profile", "default"]), default);
    assert!(default.iter().all(|found| strict.contains(found)) && hygiene.iter().all(|found| default.contains(found)));
    assert!(strict.len() > default.len(), "the tidy partner has relationships of a year");
    program.write("p.toml", "profile = \"strict\"\n");
    assert_eq!(findings(&["--config", "p.toml"]), strict);
    assert_eq!(findings(&["--config", "p.toml", "--profile", "default"]), default, "the flag stands above the file");
    // The file's own settings stand above the profile.
    program.write("p.toml", "profile = \"strict\"\n[rules.gdap-long-duration]\nmax-days = 10\n");
    let longer = |args: &[&str]| {
        program.report(&[&["evaluate", "s.json", "--rule", "LIF-02"], args].concat()).1["findings"].as_array().unwrap().len()
    };
    assert!(longer(&["--config", "p.toml"]) >= longer(&["--profile", "strict"]));
    assert_ne!(longer(&["--config", "p.toml"]), 0);
}
