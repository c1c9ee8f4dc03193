//! The rules as a whole: which there are, in which views, how bad, and with which thresholds when nobody says otherwise.

use partnerscope::domain::RuleMeta;
use partnerscope::domain::rule_meta::SettingDefault;
use partnerscope::policy::rules;
use serde_json::Value;

use crate::support::Program;

fn line(meta: &RuleMeta) -> String {
    let setting = |default: SettingDefault| match default {
        SettingDefault::Int { default, .. } => default.to_string(),
        SettingDefault::List(items) => format!("[{}]", items.join(", ")),
    };
    let settings: String = meta.settings.iter().map(|one| format!(" {}={}", one.name, setting(one.default))).collect();
    let views: Vec<String> =
        meta.views.iter().map(|view| if meta.answers(*view) { view.to_string() } else { format!("{view} (not applicable)") }).collect();
    format!("{} {} {} | {} |{settings}", meta.code, meta.id, meta.severity, views.join(", "))
}

// What a reader may rely on: a threshold that moves makes findings come and go in every tenant, and belongs into the changelog.
#[test]
fn codes_views_severities_and_defaults_are_these() {
    let lines: Vec<String> = rules::ALL.iter().map(|rule| line(&rule.meta)).collect();
    insta::assert_snapshot!("catalog", lines.join("\n"));
    assert_eq!(lines.len(), 70);
}

#[test]
fn the_list_of_rules_as_json_keeps_its_schema_and_holds_every_rule() {
    let program = Program::new();
    let schema: Value = serde_json::from_str(&program.run(&["schema", "rules"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let run = program.run(&["rules", "list", "--format", "json"]);
    let list: Value = serde_json::from_str(&run.stdout).unwrap();
    let wrong: Vec<String> = validator.iter_errors(&list).map(|error| error.to_string()).collect();
    assert_eq!((run.code, wrong), (0, Vec::<String>::new()));
    let ids: Vec<&str> = list["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids, rules::ALL.iter().map(|rule| rule.meta.id).collect::<Vec<_>>());
    let of = |id: &str| list["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap();
    let dap = of("dap-still-active");
    assert_eq!(dap["views"][0]["view"], "partner");
    assert!(dap["views"][0]["notApplicable"].as_str().unwrap().contains("allowDelegatedAccess"));
    assert_eq!(dap["views"][1]["datasets"][0], serde_json::json!({ "dataset": "role-assignments", "need": "required" }));
    assert_eq!(of("gdap-long-duration")["settings"][0]["default"], 365);
    assert_eq!(of("partner-mailbox-access")["analytics"], serde_json::json!(["AN1350"]));
}

#[test]
fn the_list_of_rules_shows_what_each_rests_on() {
    let program = Program::new();
    let table = program.run(&["rules", "list"]);
    let markdown = program.run(&["rules", "list", "--format", "markdown"]);
    assert_eq!((table.code, markdown.code), (0, 0));
    // A dataset and its kind may stand on two lines.
    let words = table.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for rule in rules::ALL {
        for text in [&table.stdout, &markdown.stdout] {
            let row = text.lines().find(|line| line.contains(&format!(" {} ", rule.meta.id)));
            let row = row.unwrap_or_else(|| panic!("no {} in {text}", rule.meta.id));
            assert!(row.contains(rule.meta.code) && row.contains(rule.meta.severity.as_str()), "{row}");
        }
        for uses in rule.meta.uses.iter().chain(rule.meta.customer_uses) {
            assert!(words.contains(&format!("{} (", uses.dataset)), "{} of {}", uses.dataset, rule.meta.id);
        }
    }
    let wrong = program.run(&["rules", "list", "--format", "xml"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("markdown"), "{}", wrong.stderr);
}

#[test]
fn a_rule_whose_source_no_view_collects_is_there_and_not_applicable() {
    let (_, report) = crate::support::audit("northwind-msp", &[]);
    let told: Vec<(&str, &str)> = report["notApplicable"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["ruleId"].as_str().unwrap(), entry["reason"].as_str().unwrap()))
        .filter(|(_, reason)| !reason.contains("baseline"))
        .collect();
    assert_eq!(
        told,
        [
            ("dap-still-active", "only Partner Center says it (allowDelegatedAccess), which is not read"),
            ("partner-app-signin-new-source", "sign-ins of own applications into customers are not read"),
        ]
    );
}
