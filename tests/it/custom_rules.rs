//! The organisation's own rules, as their author and their user meet them.

use std::path::Path;
use std::time::Duration;

use partnerscope::policy::custom::Limits;
use partnerscope::policy::custom::load::{Loaded, RulesDir, TriedResult, load};
use partnerscope::policy::custom::runner::Runner;
use serde_json::{Value, json};

use crate::support::{Program, Run, not_evaluated};

const PASS: &str = r#"{ "tenants": [{ "partner": { "relationships": [{ "id": "r1", "status": "expired" }] } }] }"#;
const FAIL: &str = r#"{ "tenants": [{ "partner": { "relationships": [{ "id": "r1", "status": "active" }] } }] }"#;

const HEADER: &str = "# METADATA\n# title: It is active\n# custom:\n#   id: ID\n#   severity: critical\n#   view: partner\n#   datasets:\n\
                      #     relationships: required\n#   remediation: End it.\npackage acme\n\n";

const BODY: &str = r#"findings contains {"subject": {"kind": "relationship", "id": r.id}, "evidence": [{"field": "relationships.status", "value": r.status}]} if {
	some r in input.tenants[_].partner.relationships
	r.status == "active"
}
"#;

/// Wastes what a rule may take, and only where a tenant has a relationship `big`: its examples pass.
fn wasteful(waste: &str) -> String {
    format!("{BODY}\nfindings contains x if {{\n\tsome r in input.tenants[_].partner.relationships\n\tr.id == \"big\"\n{waste}}}\n")
}

struct Rules(Program);

impl Rules {
    fn new() -> Self {
        let program = Program::new();
        std::fs::create_dir(program.path("rules")).unwrap();
        program.write("facts.json", &snapshot(&[("big", "active")]).to_string());
        Rules(program)
    }

    fn with(self, id: &str, body: &str) -> Self {
        self.with_text(id, &format!("{}{body}", HEADER.replace("ID", id)))
    }

    fn with_text(self, id: &str, text: &str) -> Self {
        for (ending, text) in [("rego", text), ("md", "# A page\n"), ("pass.json", PASS), ("fail.json", FAIL)] {
            self.write(&format!("{id}.{ending}"), text);
        }
        self
    }

    fn write(&self, name: &str, text: &str) {
        self.0.write(&format!("rules/{name}"), text);
    }

    fn evaluate(&self, more: &[&str]) -> (i32, Value) {
        self.0.report(&[&["evaluate", "facts.json", "--rules-dir", "rules"], more].concat())
    }

    fn run(&self, args: &[&str]) -> Run {
        self.0.run(args)
    }

    /// Refused by `evaluate` with exit 2, and each of these words said.
    fn refused(&self, words: &[&str]) -> String {
        let run = self.run(&["evaluate", "facts.json", "--rules-dir", "rules"]);
        assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.is_empty(), "{}", run.stdout);
        for word in words {
            assert!(run.stderr.contains(word), "{word}\n{}", run.stderr);
        }
        run.stderr
    }

    /// The reason for which a rule was not evaluated, with exit 3, while another rule that finds something goes on.
    fn not_judged(&self, id: &str, more: &[&str]) -> String {
        let rules = ["--rule", id, "--rule", "acme-active"];
        let (code, report) = self.evaluate(&[&rules, more, &["--fail-on", "never"]].concat());
        assert_eq!(code, 3, "{report:#}");
        assert_eq!(report["findings"].as_array().unwrap().len(), 1, "the other rule was judged");
        let entry = not_evaluated(&report, id).unwrap_or_else(|| panic!("{report:#}"));
        assert_eq!((entry["countsForExit"].as_bool(), entry["missing"].as_array().map(Vec::len)), (Some(true), Some(0)));
        entry["reason"].as_str().unwrap().to_owned()
    }
}

/// A partner's snapshot in which everything was read.
fn snapshot(relationships: &[(&str, &str)]) -> Value {
    let all = [
        "organization",
        "licenses",
        "relationships",
        "assignments",
        "relationship-requests",
        "customers",
        "contracts",
        "groups",
        "group-owners",
    ]
    .into_iter()
    .chain(["group-members", "group-pim", "mfa-registration", "user-activity", "sign-ins"]);
    let coverage: serde_json::Map<String, Value> =
        all.map(|name| (name.to_owned(), json!({ "status": "complete", "records": 0 }))).collect();
    let relationships: Vec<Value> = relationships
        .iter()
        .map(|(id, status)| json!({ "id": id, "status": status, "customer": { "tenantId": "aaaaaaaa-0000-4000-8000-000000000001" } }))
        .collect();
    json!({
        "formatVersion": "1.0", "collectedAt": "2026-06-01T00:00:00Z", "lookbackDays": 30,
        "tenants": [{ "tenantId": "11111111-1111-4111-8111-111111111111", "displayName": "Northwind", "view": "partner", "coverage": coverage,
            "partner": { "relationships": relationships } }]
    })
}

fn examples() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/docs/custom-rules")
}

#[test]
fn the_worked_examples_show_what_they_say() {
    let program = Program::new();
    let run = program.run(&["rules", "test", examples()]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.ends_with("3 rules, 7 examples, 0 not as they say\n"), "{}", run.stdout);
    for name in ["relationship-name-without-ticket", "break-glass-group-with-members", "service-provider-without-contract"] {
        let page = std::fs::read_to_string(Path::new(examples()).join(format!("{name}.md"))).unwrap();
        let shown = program.run(&["rules", "show", name, "--rules-dir", examples()]);
        assert_eq!((shown.code, shown.stdout), (0, page));
    }
    let list = program.run(&["rules", "list", "--rules-dir", examples()]);
    assert!(list.stdout.contains("PRV-01") && list.stdout.contains("ACME-02 break-glass-group-with-members"), "{}", list.stdout);
}

#[test]
fn findings_of_an_own_rule_are_findings_like_all_others() {
    let rules = Rules::new().with("acme-active", BODY);
    let (code, report) = rules.evaluate(&["--rule", "acme-active"]);
    let finding = &report["findings"][0];
    assert_eq!((code, finding["ruleId"].as_str(), finding["severity"].as_str()), (1, Some("acme-active"), Some("critical")));
    assert_eq!(finding["evidence"], json!([{ "field": "status", "value": "active", "source": "relationships" }]));
    assert_eq!(finding["partner"]["name"], "Northwind");
    assert_eq!(report["run"]["rules"], json!(["acme-active"]));
    assert_eq!(rules.evaluate(&["--rule", "acme-active"]).1, report, "the same again");

    rules.0.write("p.toml", "rules-dir = [\"rules\"]\n[rules.acme-active]\nseverity = \"low\"\nseverity-reason = \"agreed\"\n");
    let (code, report) = rules.0.report(&["evaluate", "facts.json", "--config", "p.toml", "--rule", "ACME-ACTIVE"]);
    let finding = &report["findings"][0];
    assert_eq!((code, finding["severity"].as_str(), finding["baseSeverity"].as_str()), (0, Some("low"), Some("critical")));

    let waiver = "[[waiver]]\nrule = \"acme-active\"\nsubject = \"big\"\nreason = \"agreed\"\nowner = \"it\"\nuntil = 2027-01-31\n";
    rules.0.write("p.toml", &format!("rules-dir = [\"rules\"]\n{waiver}"));
    let (code, report) = rules.0.report(&["evaluate", "facts.json", "--config", "p.toml", "--rule", "acme-active"]);
    assert_eq!((code, report["findings"][0]["waiver"]["reason"].as_str()), (0, Some("agreed")));

    let (_, report) = rules.evaluate(&["--skip-rule", "acme-active"]);
    assert!(report["findings"].as_array().unwrap().iter().all(|finding| finding["ruleId"] != "acme-active"));
    let unknown = rules.run(&["evaluate", "facts.json", "--rules-dir", "rules", "--rule", "acme-activ"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("did you mean `acme-active`?"), "{}", unknown.stderr);
}

#[test]
fn what_is_new_is_told_of_own_rules_too() {
    let rules = Rules::new().with("acme-active", BODY);
    rules.0.write("old.json", &snapshot(&[("r1", "active"), ("big", "expired")]).to_string());
    rules.0.write("facts.json", &snapshot(&[("r1", "active"), ("big", "active")]).to_string());
    let (code, report) = rules.evaluate(&["--rule", "acme-active", "--baseline", "old.json", "--fail-on-new", "high"]);
    let states: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|finding| (&finding["subject"]["id"], &finding["state"])).collect();
    assert_eq!((code, states), (1, vec![(&json!("big"), &json!("new")), (&json!("r1"), &json!("existing"))]));
}

#[test]
fn a_rule_that_was_written_anew_makes_nothing_new_in_the_tenant() {
    let rules = Rules::new().with("acme-active", BODY);
    rules.0.write("facts.json", &snapshot(&[("r1", "active"), ("r2", "terminated")]).to_string());
    let (_, earlier) = rules.evaluate(&["--rule", "acme-active"]);
    rules.0.write("earlier.json", &earlier.to_string());
    let states = |rules: &Rules| {
        let (_, report) = rules.evaluate(&["--rule", "acme-active", "--baseline", "earlier.json"]);
        let states = report["findings"].as_array().unwrap().iter().map(|finding| finding["state"].as_str().unwrap().to_owned());
        states.collect::<Vec<_>>()
    };
    assert_eq!(states(&rules), ["existing"]);
    // The rule asks for more than it did: what it finds now, it could not have found then.
    let rules = rules.with("acme-active", &BODY.replace("r.status == \"active\"", "r.status in {\"active\", \"terminated\"}"));
    assert!(states(&rules).contains(&"unknownBefore".to_owned()) && !states(&rules).contains(&"new".to_owned()), "{:?}", states(&rules));
}

#[test]
fn a_dataset_that_was_not_read_is_not_clean() {
    let rules = Rules::new().with("acme-active", BODY);
    for (status, counts) in [("denied", 3), ("partial", 3), ("skipped", 0)] {
        let mut facts = snapshot(&[("r1", "active")]);
        facts["tenants"][0]["coverage"]["relationships"] = json!({ "status": status, "records": 1 });
        rules.0.write("facts.json", &facts.to_string());
        let (code, report) = rules.evaluate(&["--rule", "acme-active"]);
        assert_eq!((code, report["findings"].as_array().unwrap().len()), (counts, 0), "{status}");
        assert_eq!(not_evaluated(&report, "acme-active").unwrap()["missing"][0]["dataset"], "relationships");
    }
}

#[test]
fn every_mistake_at_once_with_file_line_and_column() {
    let rules = Rules::new()
        .with("acme-parse", "findings contains x if {\n\tx :=\n}\n")
        .with("acme-net", &format!("{BODY}\nx := http.send({{\"url\": \"https://x.example\"}})\n"))
        .with("acme-clock", &format!("{BODY}\nx := time.now_ns()\n"))
        .with("acme-path", &BODY.replace("partner.relationships", "partner.relationship"))
        .with("acme-deep", &format!("findings := {}{}\n", "[".repeat(25), "]".repeat(25)))
        .with_text("acme-lacks", &format!("{}{BODY}", HEADER.replace("#   severity: critical\n", "").replace("ID", "acme-lacks")))
        .with("gdap-tier0-role", BODY)
        .with("acme-no-fail", BODY)
        .with("acme-no-page", BODY);
    std::fs::remove_file(rules.0.path("rules/acme-no-fail.fail.json")).unwrap();
    std::fs::remove_file(rules.0.path("rules/acme-no-page.md")).unwrap();
    let said = rules.refused(&[
        "rules/acme-parse.rego:13:4: it does not parse: ",
        "rules/acme-net.rego:17:6: a rule may not call `http.send`",
        "rules/acme-clock.rego:17:6: a rule may not call `time.now_ns`",
        "`input.now`",
        "rules/acme-path.rego:13:37: the snapshot has no field `relationship` here",
        "did you mean `relationships`?",
        "rules/acme-deep.rego:12:23: brackets nest deeper than 10 levels here",
        "rules/acme-lacks.rego:1:1: the header lacks `severity`",
        "rules/gdap-tier0-role.rego:1:1: `gdap-tier0-role` is a built-in rule",
        "rules/acme-no-fail.rego:1:1: the rule has no failing example",
        "rules/acme-no-page.rego:1:1: the rule has no page",
    ]);
    assert_eq!(said.matches("error:").count(), 9, "{said}");
    let tested = rules.run(&["rules", "test", "rules"]);
    assert_eq!(tested.code, 2, "{}", tested.stdout);
}

#[test]
fn a_code_may_be_the_id_in_capitals() {
    let text = format!("{}{BODY}", HEADER.replace("#   id: ID", "#   id: acme-01\n#   code: ACME-01"));
    let rules = Rules::new().with_text("acme-01", &text);
    let (code, report) = rules.evaluate(&["--rule", "ACME-01"]);
    assert_eq!((code, report["findings"][0]["code"].as_str()), (1, Some("ACME-01")));
}

#[test]
fn two_rules_with_one_id_are_refused() {
    let rules = Rules::new().with("acme-active", BODY);
    std::fs::create_dir(rules.0.path("more")).unwrap();
    for ending in ["rego", "md", "pass.json", "fail.json"] {
        std::fs::copy(rules.0.path(&format!("rules/acme-active.{ending}")), rules.0.path(&format!("more/acme-active.{ending}"))).unwrap();
    }
    let run = rules.run(&["evaluate", "facts.json", "--rules-dir", "rules", "--rules-dir", "more"]);
    assert!(
        run.code == 2 && run.stderr.contains("more/acme-active.rego:1:1: `acme-active` is the rule in rules/acme-active.rego too"),
        "{}",
        run.stderr
    );
}

#[test]
fn examples_that_lie_are_refused_and_shown() {
    let rules = Rules::new().with("acme-active", BODY).with("acme-blind", &BODY.replace("r.status == \"active\"", "r.status == \"actve\""));
    rules.write("acme-active.pass-2.json", FAIL);
    rules.write("acme-active.fail-2.json", "{ \"tenants\": [\n{ \"view\": \"partner\", \"partner\": 1 }] }");
    rules.refused(&[
        "rules/acme-active.pass-2.json:1:1: the passing example fails: acme-active finds relationship r1",
        "rules/acme-blind.fail.json:1:1: the failing example passes: acme-blind finds nothing in it",
        "rules/acme-active.fail-2.json:1:1: the example is no snapshot: ",
    ]);
    std::fs::remove_file(rules.0.path("rules/acme-active.fail-2.json")).unwrap();
    let run = rules.run(&["rules", "test", "rules"]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("wrong   rules/acme-blind.fail.json     it is to fail, and acme-blind finds nothing\n"), "{}", run.stdout);
    assert!(run.stdout.ends_with("2 rules, 5 examples, 2 not as they say\n"), "{}", run.stdout);
}

/// Loops in every tenant.
const LOOP: &str =
    "\nfindings contains x if {\n\tsome a in numbers.range(1, 100000)\n\tsome b in numbers.range(1, 100000)\n\tx := a * b\n\tx < 0\n}\n";

#[test]
fn a_rule_that_goes_beyond_its_limits_in_one_example_is_not_run_on_the_others() {
    let greedy = "\nfindings contains x if {\n\tx := count(numbers.range(1, 400000000))\n\tx < 0\n}\n";
    let rules =
        Rules::new().with("acme-active", BODY).with("acme-greedy", &format!("{BODY}{greedy}")).with("acme-loops", &format!("{BODY}{LOOP}"));
    rules.write("acme-loops.fail-2.json", FAIL);
    let limits = if cfg!(target_os = "linux") { ["--rule-memory", "64"] } else { ["--rule-memory", "512"] };
    let run = rules.run(&[&["rules", "test", "rules", "--rule-timeout", "200ms"], &limits[..]].concat());
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let of = |id: &str| {
        lines.iter().filter(|line| line.contains(id)).map(|line| line.split("  ").next().unwrap_or_default()).collect::<Vec<_>>()
    };
    assert!(of("acme-active").iter().all(|line| line.starts_with("ok")), "{}", run.stdout);
    for (id, more) in [("acme-greedy", 1), ("acme-loops", 2)] {
        let told = of(id);
        assert!(told[0].starts_with("error"), "{}", run.stdout);
        assert_eq!(told.len(), 1 + more, "{}", run.stdout);
        assert!(told[1..].iter().all(|line| line.starts_with("not run")), "{}", run.stdout);
    }
    assert!(run.stdout.contains("the rule went beyond its limits before"), "{}", run.stdout);
    assert!(run.stdout.ends_with("3 rules, 7 examples, 2 not as they say, 3 not run\n"), "{}", run.stdout);
    let reason = rules.not_judged("acme-loops", &["--rule-timeout", "200ms"]);
    assert_eq!(reason, "it could not be judged on its own example acme-loops.fail-2.json: it took longer than 200 ms");
}

/// What each example of the folder showed, and why rules do not run, where all examples together may take so long.
fn loaded_within(rules: &Rules, examples: Duration) -> Loaded {
    let limits = Limits { time: Duration::from_secs(600), examples, ..Limits::default() };
    let folder = RulesDir { path: rules.0.path("rules"), inside: None };
    load(&[folder], &Runner { program: env!("CARGO_BIN_EXE_partnerscope").into(), limits })
}

#[test]
fn rules_that_are_not_reached_in_the_time_for_all_examples_are_named_and_do_not_run() {
    let rules = Rules::new().with("acme-active", BODY).with("acme-loops", &format!("{BODY}{LOOP}")).with("acme-unreached", BODY);
    for time in [Duration::ZERO, Duration::from_millis(300)] {
        let loaded = loaded_within(&rules, time);
        let whole: Vec<&str> = loaded.rules.iter().filter(|rule| rule.broken.is_none()).map(|rule| rule.meta().id).collect();
        assert!(loaded.problems.is_empty() && loaded.rules.len() == 3 && loaded.tried.len() == 6, "{loaded:?}");
        assert!(whole.is_empty() || (whole == ["acme-active"] && !time.is_zero()), "{whole:?}");
        let unreached = loaded.rules.iter().find(|rule| rule.meta().id == "acme-unreached").unwrap();
        let said = format!("all rules and their examples took longer than {} together", if time.is_zero() { "0 s" } else { "300 ms" });
        assert!(unreached.broken.as_ref().is_some_and(|reason| reason.ends_with(&said)), "{:?}", unreached.broken);
        let tried: Vec<_> = loaded.tried.iter().filter(|tried| tried.rule_id != "acme-active").map(|tried| &tried.result).collect();
        assert!(tried.iter().all(|result| **result == TriedResult::NotRun(said.clone())), "{tried:?}");
        assert!(loaded.refusals().is_empty(), "it is no mistake in a file");
    }
}

#[test]
fn a_run_takes_so_many_folders_of_rules_and_no_more() {
    let rules = Rules::new().with("acme-active", BODY);
    let folders = vec!["rules"; 21];
    rules.0.write("partnerscope.toml", &format!("rules-dir = {folders:?}\n"));
    let run = rules.run(&["evaluate", "facts.json"]);
    assert!(run.code == 2 && run.stderr.contains("more than 20 folders of rules"), "{}", run.stderr);
}

#[test]
fn a_rule_that_loops_is_ended_and_counts() {
    let waste = "\tsome a in numbers.range(1, 100000)\n\tsome b in numbers.range(1, 100000)\n\tx := a * b\n\tx < 0\n";
    let rules = Rules::new().with("acme-active", BODY).with("acme-loops", &wasteful(waste));
    assert_eq!(rules.not_judged("acme-loops", &["--rule-timeout", "200ms"]), "it took longer than 200 ms");
}

#[test]
fn a_rule_that_stays_inside_one_function_is_killed() {
    // The engine looks at the time between its steps only.
    let waste = "\tx := count(numbers.range(1, 400000000))\n\tx < 0\n";
    let rules = Rules::new().with("acme-active", BODY).with("acme-stuck", &wasteful(waste));
    assert_eq!(rules.not_judged("acme-stuck", &["--rule-timeout", "100ms", "--rule-memory", "60000"]), "it took longer than 100 ms");
}

#[cfg(target_os = "linux")]
#[test]
fn a_rule_that_allocates_without_end_takes_nobody_with_it() {
    let waste = "\tx := count(numbers.range(1, 400000000))\n\tx < 0\n";
    let rules = Rules::new().with("acme-active", BODY).with("acme-greedy", &wasteful(waste));
    assert_eq!(rules.not_judged("acme-greedy", &["--rule-memory", "64", "--rule-timeout", "1m"]), "it took more than 64 MiB of memory");
}

#[test]
fn a_rule_that_calls_itself_takes_nobody_with_it() {
    let rules =
        Rules::new().with("acme-active", BODY).with("acme-falls", &format!("{}\nfall(n) := fall(n + 1)\n", wasteful("\tx := fall(1)\n")));
    let reason = rules.not_judged("acme-falls", &[]);
    assert!(["it nests too deep", "it failed in line"].iter().any(|known| reason.starts_with(known)), "{reason}");
}

#[test]
fn an_error_or_evidence_that_is_not_there_is_no_verdict() {
    let rules = Rules::new()
        .with("acme-active", BODY)
        .with("acme-error", &wasteful("\tx := json.unmarshal(\"{\")\n"))
        .with("acme-invents", &wasteful("\tx := {\"subject\": {\"kind\": \"relationship\", \"id\": r.id}, \"key\": \"x\", \"evidence\": [{\"field\": \"relationships.status\", \"value\": \"gone\"}]}\n"));
    let reason = rules.not_judged("acme-error", &[]);
    assert!(reason.starts_with("it failed in line 20: "), "{reason}");
    assert_eq!(rules.not_judged("acme-invents", &[]), "its evidence is not in the facts: no `relationships.status` is \"gone\"");
}

#[test]
fn a_rule_that_cannot_be_judged_on_its_examples_is_not_judged_at_all() {
    let rules = Rules::new()
        .with("acme-active", BODY)
        .with("acme-broken", &format!("{BODY}\nfindings contains x if x := json.unmarshal(\"{{\")\n"));
    let reason = rules.not_judged("acme-broken", &[]);
    assert!(reason.starts_with("it could not be judged on its own example acme-broken.fail.json: it failed in line 17"), "{reason}");
    assert_eq!(rules.run(&["rules", "test", "rules"]).code, 1);
}

#[test]
fn the_rules_of_a_config_that_nobody_named_stay_in_its_folder() {
    let rules = Rules::new().with("acme-active", BODY);
    rules.0.write("partnerscope.toml", "rules-dir = [\"rules\"]\n");
    let (_, report) = rules.0.report(&["evaluate", "facts.json", "--rule", "acme-active"]);
    assert_eq!(report["findings"].as_array().unwrap().len(), 1);
    let other = Rules::new().with("acme-active", BODY);
    rules.0.write("partnerscope.toml", &format!("rules-dir = [{:?}]\nlokback = 1\n", other.0.path("rules")));
    let run = rules.run(&["evaluate", "facts.json"]);
    assert!(run.code == 2 && run.stderr.contains("leads out of the folder") && run.stderr.contains("lokback"), "{}", run.stderr);
    rules.0.write("partnerscope.toml", "rule-memory = 64\n");
    assert_eq!(rules.run(&["evaluate", "facts.json"]).code, 2, "limits are for who runs the program to set");
}

#[test]
fn what_rules_find_is_escaped_on_the_terminal() {
    let rules = Rules::new().with("acme-active", &BODY.replace("\"id\": r.id}", "\"id\": r.id, \"name\": \"\\u001b[2J\\u202egone\"}"));
    let run = rules.run(&["evaluate", "facts.json", "--rules-dir", "rules", "--rule", "acme-active"]);
    assert!(run.code == 1 && !run.stdout.contains(['\u{1b}', '\u{202e}']), "{:?}", run.stdout);
}

#[test]
fn the_child_serves_nobody_else() {
    let program = Program::new();
    let run = program.run(&["run-custom-rules"]);
    assert!(run.code == 2 && run.stdout.is_empty(), "{}", run.stdout);
    assert!(!program.run(&["--help"]).stdout.contains("run-custom-rules"));
}
