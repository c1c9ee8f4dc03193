//! What is new: runs against a baseline, and two runs told apart, through the program.

use serde_json::Value;

use crate::support::{Program, assert_valid};

/// The fixture tenant with a snapshot of it, `s.json`, and one that was changed, `t.json`.
fn program(fixture: &str, change: impl FnOnce(&mut Value)) -> Program {
    let program = Program::new();
    program.run(&["collect", "--fixture", fixture, "-o", "s.json"]);
    let mut snapshot: Value = serde_json::from_slice(&std::fs::read(program.path("s.json")).unwrap()).unwrap();
    change(&mut snapshot["tenants"][0]);
    snapshot["collectedAt"] = "2026-11-27T09:00:00Z".into();
    program.write("t.json", &snapshot.to_string());
    program
}

fn diff(program: &Program, old: &str, new: &str) -> (i32, Value) {
    let run = program.run(&["diff", old, new, "--format", "json"]);
    let diff: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let schema = jsonschema::validator_for(&partnerscope::report::json::diff::schema()).unwrap();
    let errors: Vec<String> = schema.iter_errors(&diff).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(diff["different"], run.code == 1, "the diff and the process agree");
    (run.code, diff)
}

/// Kind and subject of every change of the first tenant.
fn changes(diff: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    diff["tenants"][0]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (text(&change["change"]), text(&change["subject"]["id"])))
        .collect()
}

/// Findings by code with their states, sorted.
fn states(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|finding| (text(&finding["code"]), text(&finding["state"]))).collect();
    found.sort();
    found.dedup();
    found
}

fn relationships(tenant: &mut Value) -> &mut Vec<Value> {
    tenant["partner"]["relationships"].as_array_mut().unwrap()
}

/// A relationship with a customer of the tenant, and Global Administrator.
fn newcomer(tenant: &Value) -> Value {
    let like = tenant["partner"]["relationships"].as_array().unwrap().iter().find(|row| row["status"] == "active").unwrap();
    let mut new = like.clone();
    new["id"] = "newcomer".into();
    new["displayName"] = "Newcomer".into();
    new["roles"] = serde_json::json!(["62e90394-69f5-4237-9190-012177145e10"]);
    new
}

#[test]
fn against_itself_everything_exists_already_and_nothing_is_different() {
    for fixture in ["northwind-msp", "contoso", "tidy-msp", "governed"] {
        let program = program(fixture, |_| {});
        program.run(&["evaluate", "s.json", "--format", "json=r.json"]);
        for baseline in ["s.json", "r.json"] {
            let (code, report) =
                program.report(&["evaluate", "s.json", "--baseline", baseline, "--fail-on-new", "info", "--allow-incomplete"]);
            assert_eq!(code, 0, "{fixture} against {baseline}");
            assert!(states(&report).iter().all(|(_, state)| state == "existing"), "{fixture} against {baseline}: {:?}", states(&report));
            let first_seen = |finding: &Value| finding["firstSeen"] == report["run"]["collectedAt"];
            assert!(report["findings"].as_array().unwrap().iter().all(first_seen));
            for other in ["s.json", "t.json", "r.json"] {
                let (code, diff) = diff(&program, baseline, other);
                assert_eq!((code, changes(&diff)), (0, Vec::new()), "{fixture}: {baseline} and {other}");
            }
        }
    }
}

#[test]
fn what_came_is_new_and_what_went_is_resolved() {
    let program = program("tidy-msp", |tenant| {
        let new = newcomer(tenant);
        relationships(tenant).push(new);
    });
    program.run(&["evaluate", "s.json", "--format", "json=r.json"]);
    for baseline in ["s.json", "r.json"] {
        let (code, report) =
            program.report(&["evaluate", "t.json", "--baseline", baseline, "--fail-on-new", "critical", "--skip-rule", "COV-03"]);
        assert_eq!(code, 1, "{baseline}");
        let states = states(&report);
        for code in ["CHG-01", "CHG-02", "PRV-01"] {
            assert!(states.contains(&(code.to_owned(), "new".to_owned())), "{baseline}: no new {code} in {states:?}");
        }
        let first = &report["findings"][0];
        assert_eq!((&first["state"], &first["firstSeen"]), (&"new".into(), &report["run"]["now"]), "what is new stands first");
        let not_applicable = |code: &str| {
            report["notApplicable"].as_array().unwrap().iter().any(|row| row["ruleId"] == partnerscope::policy::find(code).unwrap().meta.id)
        };
        assert_eq!([not_applicable("CHG-01"), not_applicable("CHG-03")], [false, baseline == "r.json"]);
        let (_, back) = program.report(&["evaluate", "s.json", "--baseline", "t.json"]);
        assert!(self::states(&back).contains(&("PRV-01".to_owned(), "resolved".to_owned())), "{back}");
        assert_eq!(back["summary"]["bySeverity"]["critical"], 0, "what is resolved is no finding");
        let (code, diff) = diff(&program, baseline, "t.json");
        assert_eq!((code, changes(&diff)), (1, vec![("came".to_owned(), "newcomer".to_owned())]));
    }
    let (_, first) = program.report(&["evaluate", "s.json"]);
    assert!(first["findings"].as_array().unwrap().iter().all(|finding| finding["state"] == "unbaselined"));
    let not_applicable = first["notApplicable"].as_array().unwrap();
    assert!(not_applicable.iter().any(|row| row["ruleId"] == "new-relationship-since-baseline"));
}

#[test]
fn another_threshold_makes_nothing_new_and_nothing_resolved() {
    let program = program("northwind-msp", |_| {});
    let policy = |days: u32| format!("[rules.gdap-long-duration]\nmax-days = {days}\n");
    program.write("long.toml", &policy(1_000));
    program.write("short.toml", &policy(30));
    program.run(&["evaluate", "s.json", "--config", "long.toml", "--format", "json=long.json"]);
    program.run(&["evaluate", "s.json", "--config", "short.toml", "--format", "json=short.json"]);
    for (config, before) in [("short.toml", "long.json"), ("long.toml", "short.json"), ("short.toml", "s.json")] {
        let (_, report) = program.report(&["evaluate", "s.json", "--config", config, "--baseline", before, "--fail-on-new", "info"]);
        let counts = |state: &str| report["summary"]["byState"][state].as_u64().unwrap();
        assert_eq!([counts("new"), counts("resolved")], [0, 0], "{config} against {before}");
        assert_eq!(counts("unknownBefore") > 0, before == "long.json", "{config} against {before}");
    }
}

#[test]
fn the_two_limits_beside_each_other() {
    let program = program("northwind-msp", |_| {});
    let code = |args: &[&str]| program.run(&[&["evaluate", "s.json", "--allow-incomplete"], args].concat()).code;
    assert_eq!(code(&[]), 1);
    assert_eq!(code(&["--baseline", "s.json"]), 1, "a baseline alone forgives nothing");
    assert_eq!(code(&["--baseline", "s.json", "--fail-on-new", "low"]), 0, "only what is new counts");
    assert_eq!(code(&["--baseline", "s.json", "--fail-on-new", "low", "--fail-on", "critical"]), 1, "both were asked for");
    assert_eq!(code(&["--baseline", "s.json", "--fail-on-new", "low", "--fail-on", "never"]), 0);
    program.write("p.toml", "baseline = \"s.json\"\nfail-on-new = \"low\"\nfail-on = \"critical\"\n");
    assert_eq!(code(&["--config", "p.toml"]), 0, "a file's fail-on gives way");
}

#[test]
fn what_was_not_read_then_is_not_new_and_what_is_not_read_now_is_not_gone() {
    let program = program("northwind-msp", |tenant| {
        for (dataset, list) in [("relationships", "relationships"), ("group-members", "groupMembers")] {
            tenant["coverage"][dataset] = serde_json::json!({ "status": "denied" });
            let empty = if list == "groupMembers" { serde_json::json!({}) } else { serde_json::json!([]) };
            tenant["partner"][list] = empty;
        }
    });
    let (_, report) = program.report(&["evaluate", "s.json", "--baseline", "t.json", "--fail-on-new", "info", "--allow-incomplete"]);
    let of = |code: &str| states(&report).into_iter().filter(|(own, _)| own == code).map(|(_, state)| state).collect::<Vec<_>>();
    for code in ["PRV-01", "LIF-02", "MBR-01"] {
        assert_eq!(of(code), ["unknownBefore"], "{code}");
    }
    let (_, blind) = program.report(&["evaluate", "t.json", "--baseline", "s.json"]);
    for code in ["PRV-01", "LIF-02", "MBR-01"] {
        assert!(!states(&blind).contains(&(code.to_owned(), "resolved".to_owned())), "{code}");
    }
    for (old, new) in [("s.json", "t.json"), ("t.json", "s.json")] {
        let (code, diff) = diff(&program, old, new);
        assert_eq!(code, 1, "what can be seen changed");
        let subjects: Vec<String> = changes(&diff).into_iter().map(|(_, subject)| subject).collect();
        assert_eq!(subjects, ["group-members", "relationships"]);
        let rows = diff["tenants"][0]["notCompared"].as_array().unwrap();
        let row = rows.iter().find(|row| row["dataset"] == "relationships").unwrap();
        assert!(row["onlyOld"].as_u64().unwrap() + row["onlyNew"].as_u64().unwrap() > 20, "{row}");
    }
}

#[test]
fn a_relationship_that_vanished_is_told_with_its_last_state() {
    let program = program("tidy-msp", |tenant| drop(relationships(tenant).remove(0)));
    let (_, told) = diff(&program, "s.json", "t.json");
    let change = &told["tenants"][0]["changes"].as_array().unwrap().iter().find(|change| change["change"] == "went").unwrap().clone();
    assert_eq!((&change["subject"]["kind"], &change["ending"]), (&"relationship".into(), &"removed".into()));
    let last: Vec<&str> = change["details"].as_array().unwrap().iter().map(|detail| detail["field"].as_str().unwrap()).collect();
    assert!(["status", "accessDetails.unifiedRoles", "duration"].iter().all(|field| last.contains(field)), "{last:?}");
    let table = program.run(&["diff", "s.json", "t.json"]);
    assert!(table.stdout.contains("went") && table.stdout.contains("could not have cleaned it up"), "{}", table.stdout);
    assert_eq!(program.run(&["diff", "s.json", "t.json", "--exit-zero"]).code, 0);

    let (_, report) = program.report(&["evaluate", "t.json", "--baseline", "s.json"]);
    let notes: Vec<&Value> = report["notes"].as_array().unwrap().iter().filter(|note| note["kind"] == "removed").collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert_eq!(notes[0]["subject"], change["subject"]["id"]);
    assert!(notes[0]["text"].as_str().unwrap().contains("(active, "), "{}", notes[0]);
    let table = program.run(&["evaluate", "t.json", "--baseline", "s.json"]);
    assert!(table.stdout.contains("Since the baseline"), "{}", table.stdout);
    let (_, same) = program.report(&["evaluate", "s.json", "--baseline", "s.json"]);
    assert!(same.get("notes").is_none_or(|notes| notes.as_array().unwrap().is_empty()), "nothing is gone");
}

#[test]
fn the_table_speaks_by_customer_and_by_partner() {
    let program = program("northwind-msp", |tenant| {
        let new = newcomer(tenant);
        let rows = relationships(tenant);
        rows.push(new);
        rows[0]["roles"] = serde_json::json!(["88d8e3e3-8f55-4a1e-953a-9b9898b8876b"]);
        rows[0]["displayName"] = "\u{1b}[2Jevil\u{202e}".into();
        let members = tenant["partner"]["groupMembers"].as_object_mut().unwrap();
        members.values_mut().next().unwrap().as_array_mut().unwrap().clear();
    });
    let run = program.run(&["diff", "s.json", "t.json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    insta::assert_snapshot!("northwind_diff", run.stdout);
    assert!(!run.stdout.contains('\u{1b}') && !run.stdout.contains('\u{202e}'), "names are harmless");
    let json = program.run(&["diff", "s.json", "t.json", "--format", "json"]);
    assert!(!json.stdout.contains('\u{1b}') && !json.stdout.contains('\u{202e}'));
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
}

#[test]
fn a_customer_s_partners_are_told_apart() {
    let program = program("contoso", |tenant| {
        let customer = &mut tenant["customer"];
        let partners = customer["crossTenantPartners"].as_array_mut().unwrap();
        partners.push(serde_json::json!({ "tenantId": "99999999-0000-4000-8000-000000000009", "isServiceProvider": true }));
        customer["providerConstraints"][0]["allowedRoles"].as_array_mut().unwrap().push("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3".into());
    });
    let (code, told) = diff(&program, "s.json", "t.json");
    assert_eq!(code, 1);
    let kinds: Vec<String> = changes(&told).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "came").count(), 1, "{told}");
    let (_, report) = program.report(&["evaluate", "t.json", "--baseline", "s.json"]);
    assert!(states(&report).contains(&("CHG-01".to_owned(), "new".to_owned())), "{:?}", states(&report));
    assert_valid(&report);
}

/// What makes new critical findings is a difference, and is told in words.
#[test]
fn what_people_groups_and_declared_relationships_are_is_told_in_words() {
    let told = |fixture: &str, change: &dyn Fn(&mut Value)| {
        let program = program(fixture, change);
        let (code, told) = diff(&program, "s.json", "t.json");
        assert_eq!(code, 1, "{fixture}: {told}");
        (program.run(&["diff", "s.json", "t.json"]).stdout.split_whitespace().collect::<Vec<_>>().join(" "), told)
    };
    let all = |list: &'static str, values: Value| {
        move |tenant: &mut Value| {
            for row in tenant["partner"][list].as_array_mut().unwrap() {
                row.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
            }
        }
    };
    let cases = [
        (
            "mfaRegistrations",
            serde_json::json!({ "isMfaCapable": false }),
            "isMfaCapable: true to false (may be signed in to without a second factor)",
        ),
        ("principals", serde_json::json!({ "userType": "Guest" }), "userType: Member to Guest (is a guest)"),
        ("principals", serde_json::json!({ "accountEnabled": false }), "accountEnabled: true to false (is disabled)"),
        (
            "groups",
            serde_json::json!({ "groupTypes": ["DynamicMembership"] }),
            "groupTypes: none to DynamicMembership (is dynamic: a rule decides who is in it)",
        ),
        ("groups", serde_json::json!({ "onPremisesSyncEnabled": true }), "false to true (a directory on-premises decides who is in it)"),
    ];
    for (list, values, words) in cases {
        let (table, json) = told("tidy-msp", &all(list, values));
        assert!(table.contains(words), "{words}: {table}");
        assert!(json.to_string().contains("\"meaning\":"), "{json}");
    }
    let (table, json) = told("contoso", &|tenant| {
        let rows = tenant["customer"]["declared"]["relationships"].as_array_mut().unwrap();
        rows[0]["relationship"]["roles"].as_array_mut().unwrap().push("62e90394-69f5-4237-9190-012177145e10".into());
    });
    assert!(table.contains("declared.roles: Global Administrator"), "{table}");
    let change = &json["tenants"][0]["changes"][0];
    assert_eq!((&change["subject"]["kind"], &change["change"], &change["tier"]), (&"declared".into(), &"grew".into(), &0.into()), "{json}");
    assert!(change["partner"]["tenantId"].is_string(), "by partner: {change}");
}

#[test]
fn a_baseline_without_one_of_two_tenants_says_so() {
    let program = program("tidy-msp", |_| {});
    program.run(&["collect", "--fixture", "contoso", "-o", "c.json"]);
    let run = program.run(&["evaluate", "s.json", "c.json", "--baseline", "s.json", "--format", "json"]);
    assert!(run.stderr.contains("in the customer view"), "{}", run.stderr);
    let limited = program.run(&["evaluate", "s.json", "c.json", "--baseline", "s.json", "--fail-on-new", "critical", "--allow-incomplete"]);
    assert_eq!(limited.code, 3, "what is new there is not known: {}", limited.stdout);
    assert!(limited.stdout.contains("the baseline does not hold a tenant"), "{}", limited.stdout);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let of_customer = report["findings"].as_array().unwrap().iter().filter(|finding| finding["view"] == "customer");
    assert!(of_customer.clone().count() > 0 && of_customer.clone().all(|finding| finding["state"] == "unknownBefore"));
}
