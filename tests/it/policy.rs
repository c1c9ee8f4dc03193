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

/// Whatever the rule, and in both views.
#[test]
fn an_ended_approval_lowers_nothing_and_each_finding_on_that_tenant_names_it() {
    for (fixture, other_side) in [("northwind-msp", "customer"), ("contoso", "partner")] {
        let program = Program::new();
        program.run(&["collect", "--fixture", fixture, "-o", "s.json"]);
        let args = ["evaluate", "s.json", "--config", "p.toml", "--allow-incomplete"];
        program.write("p.toml", "");
        let (_, before) = program.report(&args);
        let tenants: std::collections::BTreeSet<String> =
            texts(&before, &format!("/{other_side}/tenantId")).into_iter().filter(|id| id.contains('-') && !id.contains('.')).collect();
        let ended: String =
            tenants.iter().map(|tenant| format!("[[approved]]\ntenant = \"{tenant}\"\nowner = \"it\"\nuntil = 2020-01-31\n")).collect();
        program.write("p.toml", &ended);
        let (_, report) = program.report(&args);
        // The home of a guest of whom only the mail domain is known has no tenant id, and cannot be approved.
        let is_on_one = |finding: &Value| finding[other_side]["tenantId"].as_str().is_some_and(|id| tenants.contains(id));
        let on_them: Vec<&Value> = report["findings"].as_array().unwrap().iter().filter(|finding| is_on_one(finding)).collect();
        assert!(on_them.len() > 1, "{fixture}");
        for finding in on_them {
            let until = finding["evidence"].as_array().unwrap().iter().filter(|row| row["field"] == "approved.until").count();
            assert_eq!((until, finding.get("approval")), (1, None), "{finding}");
        }
        let notes = report["notes"].as_array().unwrap().iter().filter(|note| note["kind"] == "endedApproval");
        assert_eq!(notes.count(), tenants.len());
    }
}

#[test]
fn rules_that_were_left_out_are_told() {
    let program = strict();
    let args = ["evaluate", "s.json", "--no-config", "--skip-rule", "gdap-long-duration", "--skip-rule", "gdap-tier0-role"];
    let (_, report) = program.report(&args);
    assert_eq!(report["run"]["leftOut"], serde_json::json!(["LIF-02", "PRV-02"]));
    let table = program.run(&args).stdout;
    assert!(table.contains("2 rules left out: LIF-02, PRV-02."), "{table}");
    let (_, all) = program.report(&args[..3]);
    assert!(all["run"].get("leftOut").is_none());
}

#[test]
fn an_ended_waiver_beside_one_that_holds_lets_nothing_count() {
    let program = strict();
    let (_, report) = judged(&program, RULES);
    let (subject, print) = (texts(&report, "/subject/id").remove(0), texts(&report, "/fingerprint").remove(0));
    let both = format!("{}{}", waiver(&subject, "2020-01-31"), waiver(&print, "2099-01-31"));
    let (_, report) = judged(&program, &format!("{both}{RULES}"));
    let notes = texts_of_notes(&report);
    assert!(notes.iter().any(|text| text.contains("another one holds")), "{notes:?}");
    assert!(!notes.iter().any(|text| text.contains("counts again")), "{notes:?}");
    let gap = |status: &str, until: &str| {
        format!("[[accepted-gap]]\ndataset = \"groups\"\n{status}reason = \"known\"\nowner = \"it\"\nuntil = {until}\n")
    };
    program.run(&["collect", "--fixture", "partly-denied-msp", "-o", "denied.json"]);
    program.write("gaps.toml", &format!("{}{}", gap("", "2020-01-31"), gap("status = \"denied\"\n", "2099-01-31")));
    let (_, report) = program.report(&["evaluate", "denied.json", "--config", "gaps.toml"]);
    let notes = texts_of_notes(&report);
    assert!(notes.iter().any(|text| text.contains("another one holds")), "{notes:?}");
    assert!(!notes.iter().any(|text| text.contains("counts again")), "{notes:?}");
}

fn texts_of_notes(report: &Value) -> Vec<String> {
    report["notes"].as_array().into_iter().flatten().map(|note| note["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_matches_nothing_is_told() {
    let program = strict();
    let gap: String = ["groups", "audits"]
        .map(|dataset| format!("[[accepted-gap]]\ndataset = \"{dataset}\"\nreason = \"known\"\nowner = \"it\"\nuntil = 2099-01-31\n"))
        .concat();
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
        program.write("p.toml", &format!("[[accepted-gap]]\ndataset = \"sign-ins\"\nreason = \"soon\"\nowner = \"it\"\nuntil = {until}\n"));
        let (code, report) = program.report(&["evaluate", "s.json", "--config", "p.toml", "--fail-on", "never"]);
        (code, report["notes"].clone())
    };
    assert_eq!(judged("2099-01-31"), (0, serde_json::json!([])));
    let (code, notes) = judged("2020-01-31");
    assert_eq!((code, &notes[0]["kind"]), (3, &Value::from("endedGap")), "{notes:#}");
    assert!(notes[0]["text"].as_str().is_some_and(|text| text.ends_with("it counts again (it)")), "{notes:#}");
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

#[test]
fn init_writes_a_file_that_changes_nothing_and_never_over_another() {
    let program = strict();
    let plain = program.report(&["evaluate", "s.json", "--profile", "strict"]).1;
    assert_eq!(program.run(&["init"]).code, 0);
    let text = std::fs::read_to_string(program.path("partnerscope.toml")).unwrap();
    assert!(text.contains("# [[approved]]") && !text.contains("@candidates"));
    assert_eq!(program.report(&["evaluate", "s.json", "--profile", "strict"]).1, plain);
    let again = program.run(&["init"]);
    assert!(again.code == 2 && again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(program.run(&["init", "--force"]).code, 0);
    assert_eq!(program.run(&["init", "-o", "-"]).stdout, text);
}

#[test]
fn init_from_a_snapshot_names_candidates_that_approve_nothing() {
    let program = Program::new();
    program.run(&["collect", "--fixture", "contoso", "-o", "s.json"]);
    let (_, before) = program.report(&["evaluate", "s.json"]);
    assert_eq!(program.run(&["init", "--from", "s.json"]).code, 0);
    let text = std::fs::read_to_string(program.path("partnerscope.toml")).unwrap();
    assert!(text.contains("# To confirm: seen on") && text.contains("a41c6b8e-93d7-4e50-8b12-7f0ad5c9e364"), "{text}");
    assert!(!text.contains("b4c546a4-7dac-46a6-a7dd-ed822a11efd3"), "Microsoft Support comes and goes by cases");
    assert_eq!(program.report(&["evaluate", "s.json"]).1, before);
    let missing = program.run(&["init", "--from", "none.json", "-o", "x.toml"]);
    assert!(missing.code == 2 && !program.path("x.toml").exists(), "{}", missing.stderr);
}

#[test]
fn what_config_show_prints_judges_as_what_it_shows() {
    let program = Program::new();
    program.run(&["collect", "--fixture", "northwind-msp", "-o", "s.json"]);
    program.write("shown.toml", &program.run(&["config", "show"]).stdout);
    let (code, shown) = program.report(&["evaluate", "s.json", "--config", "shown.toml"]);
    let (same_code, plain) = program.report(&["evaluate", "s.json"]);
    assert_eq!((code, &shown["findings"], &shown["run"]["terms"]), (same_code, &plain["findings"], &plain["run"]["terms"]));
}

#[test]
fn every_mistake_of_a_waiver_is_told_at_once() {
    let program = strict();
    program.write("p.toml", "[[waiver]]\nrule = \"PRV-99\"\nsubject = \"s\"\nreason = \"r\"\nowner = \"o\"\n");
    let run = program.run(&["evaluate", "s.json", "--config", "p.toml"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("p.toml:2:8: `rule`: there is no rule") && run.stderr.contains("names its `until`"), "{}", run.stderr);
}

#[test]
fn config_show_names_the_source_of_each_value_and_is_a_config_again() {
    let program = Program::new().env("PARTNERSCOPE_FAIL_ON", "low");
    program.write(
        "p.toml",
        &format!(
            "max-records = 10\n{}[[accepted-gap]]\ndataset = \"groups\"\nreason = \"x\"\nowner = \"it\"\nuntil = 2099-01-31\n\
             [[role-set]]\nname = \"a\"\nroles = [\"Guest Inviter\"]\n[[approved]]\n\
             tenant = \"11111111-1111-4111-8111-111111111111\"\nowner = \"it\"\nroles = [\"a\"]\nhours = \"08:00-18:00\"\nutc-offset = \"Z\"\n{RULES}",
            waiver("s", "2027-01-31")
        ),
    );
    let args = ["config", "show", "--config", "p.toml", "--profile", "strict", "--lookback", "7d"];
    let run = program.run(&args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let flat = run.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>();
    for line in [
        "lookback = \"7d\" # --lookback",
        "fail-on = \"low\" # PARTNERSCOPE_FAIL_ON",
        "max-records = 10 # p.toml:1",
        "profile = \"strict\" # --profile",
        "concurrency = 16 # the default",
        "pending-days = 14 # profile strict",
        "severity-reason = \"short by contract\" # p.toml:26",
        "# ca-file is not set",
        "roles = [\"Guest Inviter\"]",
        "hours = \"08:00-18:00\"",
    ] {
        assert!(flat.iter().any(|shown| shown == line), "no line {line}:\n{}", run.stdout);
    }
    program.write("again.toml", &run.stdout);
    let again = Program::new().run(&["config", "show", "--config", program.path("again.toml").to_str().unwrap()]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let values = |text: &str| {
        text.lines()
            .map(|line| line.split(" #").next().unwrap_or("").trim_end().to_owned())
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
    };
    // Lists of a file are read without case.
    assert_eq!(values(&again.stdout.to_lowercase())[1..], values(&run.stdout.to_lowercase())[1..]);
}
