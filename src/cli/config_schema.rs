//! The JSON Schema of the config file: from the keys that `config` knows and the settings that the rules declare.

mod patterns;

use serde_json::{Map, Value as Json, json};

use crate::config::keys::{self, Kind};
use crate::config::{self, Value};
use crate::domain::rule_meta::SettingDefault;
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rules::ALL;

/// The schema's own name: where the generated file is kept.
const SCHEMA_ID: &str = "https://github.com/partnerscope/partnerscope/blob/HEAD/docs/schemas/config.schema.json";
const GUID: &str = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";

/// The JSON Schema (draft 2020-12) of `partnerscope.toml`.
pub(super) fn schema() -> Json {
    let mut properties: Map<String, Json> = keys::ALL.iter().map(|key| (key.name.to_owned(), of_key(key))).collect();
    for (name, items) in
        [("tenant", tenant()), ("accepted-gap", accepted_gap()), ("waiver", waiver()), ("role-set", role_set()), ("approved", approved())]
    {
        properties.insert(name.to_owned(), json!({ "type": "array", "items": items }));
    }
    let rules: Map<String, Json> = ALL.iter().map(|rule| (rule.meta.id.to_owned(), of_rule(&rule.meta))).collect();
    let built_in: Vec<&String> = rules.keys().collect();
    // A rule of the organisation's own has what every rule has; without a folder of them, each name is that of a built-in rule.
    let only_built_in = json!({
        "if": { "not": { "required": ["rules-dir"] } },
        "then": { "properties": { "rules": { "propertyNames": { "enum": built_in } } } },
    });
    let own = with_severity("A rule of the organisation's own.".to_owned(), of_every_rule("In place of the rule's own."));
    properties.insert("rules".to_owned(), json!({ "type": "object", "additionalProperties": own, "properties": rules }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "partnerscope.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "allOf": [only_built_in],
    })
}

fn of_key(key: &keys::Key) -> Json {
    let mut schema = match key.kind {
        Kind::Text | Kind::Path => json!({ "type": "string", "minLength": 1 }),
        Kind::OneOf(words) => json!({ "type": "string", "enum": words }),
        Kind::Endpoint => json!({ "type": "string", "format": "uri" }),
        Kind::Days => json!({ "type": "string", "pattern": patterns::days() }),
        Kind::RuleTime => json!({ "type": "string", "pattern": patterns::rule_time() }),
        Kind::Duration => json!({ "type": "string", "pattern": patterns::duration() }),
        Kind::Int(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::List => json!({ "type": "array", "items": { "type": "string" } }),
    };
    let said = said_above(key.name);
    if !said.is_empty() {
        schema["description"] = said.into();
    }
    if let Some(entry) = config::defaults().get(key.name) {
        schema["default"] = match &entry.value {
            Value::Text(text) => json!(text),
            Value::Int(number) => json!(number),
            Value::Bool(switch) => json!(switch),
            Value::List(items) => json!(items),
            Value::Other(_) => Json::Null,
        };
    }
    schema
}

/// What the embedded defaults say above a key.
fn said_above(key: &str) -> String {
    let lines: Vec<&str> = config::DEFAULTS.lines().collect();
    let is_key = |line: &str| line.starts_with(&format!("{key} =")) || line.starts_with(&format!("# {key} ="));
    let at = lines.iter().rposition(|line| is_key(line)).unwrap_or(0);
    let is_prose = |line: &&&str| line.starts_with("# ") && line.split(' ').nth(2) != Some("=") && !line.starts_with("# -");
    let mut above: Vec<&str> = lines[..at].iter().rev().take_while(is_prose).map(|line| line.trim_start_matches("# ")).collect();
    above.reverse();
    above.join(" ")
}

fn object(required: &[&str], properties: Json) -> Json {
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

fn text(description: &str) -> Json {
    json!({ "type": "string", "pattern": "\\S", "description": description })
}

fn guid(description: &str) -> Json {
    json!({ "type": "string", "pattern": GUID, "description": description })
}

fn strings(description: &str, items: Json) -> Json {
    json!({ "type": "array", "minItems": 1, "items": items, "description": description })
}

/// A date or a time, by TOML's own type (a string to a schema) or as a string.
fn until(description: &str) -> Json {
    json!({ "type": "string", "pattern": patterns::until(), "description": description })
}

fn tenant() -> Json {
    object(
        &["name", "id"],
        json!({
            "name": text("What --tenant calls it."),
            "id": text("Tenant id or a domain of it."),
            "cloud": { "enum": keys::CLOUDS },
            "credential": { "enum": keys::CREDENTIALS },
            "client-id": text("Application (client) id."),
            "client-certificate": text("File with certificate and key."),
            "certificate-password-env": text("Variable that holds the certificate's password."),
            "client-secret-file": text("File with the client secret."),
            "client-secret-env": text("Variable that holds the client secret."),
            "access-token-file": text("File with a token for Graph."),
            "access-token-env": text("Variable that holds a token for Graph."),
        }),
    )
}

fn accepted_gap() -> Json {
    let datasets: Vec<&str> = Dataset::ALL.iter().map(|dataset| dataset.name()).collect();
    object(
        &["dataset", "reason", "owner", "until"],
        json!({
            "dataset": { "enum": datasets, "description": "What was not read." },
            "status": { "enum": ["partial", "denied", "unlicensed", "unavailable", "failed"], "description": "Left out: every status." },
            "reason": text("Why it is accepted."),
            "owner": text("Who answers for it."),
            "until": until("Until when; an ended one accepts nothing."),
        }),
    )
}

fn waiver() -> Json {
    object(
        &["rule", "subject", "reason", "owner", "until"],
        json!({
            "rule": text("The rule, by id or code."),
            "subject": text("The id of the finding's subject, or its fingerprint."),
            "partner": guid("The partner's tenant id; left out: any."),
            "customer": guid("The customer's tenant id; left out: any."),
            "reason": text("Why it is tolerated."),
            "owner": text("Who answers for it."),
            "until": until("Until when; then the finding counts again."),
        }),
    )
}

fn role_set() -> Json {
    let roles = strings("Built-in roles by name or template id, and built-in sets.", json!({ "type": "string" }));
    object(&["name", "roles"], json!({ "name": text("What lists of roles call it."), "roles": roles }))
}

fn approved() -> Json {
    let string = || json!({ "type": "string" });
    let roles = strings("Roles by name or template id, and role sets; left out: every role but tier 0.", string());
    let mut schema = object(
        &["tenant", "owner"],
        json!({
            "tenant": guid("The outside tenant's id."),
            "name": string(),
            "roles": roles,
            "groups": strings("Object ids of the partner's groups that may hold a role here; left out: any.", json!({ "type": "string", "pattern": GUID })),
            "countries": strings("Countries that its people may sign in from; left out: any.", json!({ "type": "string", "pattern": "^[A-Za-z]{2}$" })),
            "networks": strings("Ranges (192.0.2.0/24) and systems (AS64496) that its people may sign in from; left out: any.", string()),
            "hours": { "type": "string", "pattern": patterns::hours(), "description": "When its people may sign in; left out: at any time. It does not end where it begins." },
            "days": strings("Days on which its people may sign in; left out: every day.", json!({ "type": "string", "pattern": patterns::day() })),
            "utc-offset": { "type": "string", "pattern": patterns::utc_offset(), "description": "The clock of hours and days." },
            "until": until("Until when; left out: for good. An ended approval counts as none."),
            "owner": text("Who answers for it."),
            "ticket": text("Where it was decided."),
        }),
    );
    // Hours by nobody's clock would be checked by a wrong one, and a clock without hours means nothing.
    schema["dependentRequired"] = json!({ "hours": ["utc-offset"], "days": ["utc-offset"] });
    schema["dependentSchemas"] = json!({ "utc-offset": { "anyOf": [{ "required": ["hours"] }, { "required": ["days"] }] } });
    schema
}

/// What every rule takes.
fn of_every_rule(severity: &str) -> Map<String, Json> {
    let mut properties = Map::new();
    properties.insert("enabled".to_owned(), json!({ "type": "boolean", "default": true }));
    let severities = Severity::WORST_FIRST.map(Severity::as_str);
    properties.insert("severity".to_owned(), json!({ "enum": severities, "description": severity }));
    properties.insert("severity-reason".to_owned(), text("Why; another severity needs a reason."));
    properties
}

fn of_rule(meta: &RuleMeta) -> Json {
    let mut properties = of_every_rule(&format!("In place of {}.", meta.severity));
    for setting in meta.settings {
        let schema = match setting.default {
            SettingDefault::Int { default, min, max } => {
                json!({ "type": "integer", "default": default, "minimum": min, "maximum": max, "description": setting.doc })
            }
            SettingDefault::List(items) => {
                json!({ "type": "array", "items": { "type": "string", "minLength": 1 }, "default": items, "description": setting.doc })
            }
        };
        properties.insert(setting.name.to_owned(), schema);
    }
    with_severity(format!("{} {}", meta.code, meta.title), properties)
}

fn with_severity(description: String, properties: Map<String, Json>) -> Json {
    json!({
        "type": "object",
        "description": description,
        "additionalProperties": false,
        "properties": properties,
        "dependentRequired": { "severity": ["severity-reason"], "severity-reason": ["severity"] },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_of(text: &str) -> Json {
        fn convert(value: toml::Value) -> Json {
            match value {
                toml::Value::Datetime(at) => Json::from(at.to_string()),
                toml::Value::Array(items) => items.into_iter().map(convert).collect(),
                toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, convert(value))).collect(),
                other => serde_json::to_value(other).unwrap(),
            }
        }
        convert(toml::Value::Table(text.parse().unwrap()))
    }

    #[test]
    fn it_accepts_what_the_program_accepts_and_refuses_what_it_refuses() {
        let schema = schema();
        assert!(jsonschema::meta::is_valid(&schema));
        let validator = jsonschema::validator_for(&schema).unwrap();
        let is_code = |line: &&str| line.starts_with('[') || line.split(' ').nth(1) == Some("=");
        let template: String = config::POLICY_TEMPLATE
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(is_code)
            .map(|line| format!("{line}\n"))
            .collect();
        for good in [
            config::DEFAULTS,
            &template,
            "",
            "rules-dir = [\"rules\"]\n[rules.acme-x]\nenabled = false\n",
            "[[waiver]]\nrule = \"LIF-02\"\nsubject = \"s\"\nreason = \"r\"\nowner = \"o\"\nuntil = 2027-01-31\n",
        ] {
            let errors: Vec<String> = validator.iter_errors(&json_of(good)).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{good}: {errors:?}");
        }
        for wrong in [
            "lookbak = \"30d\"",
            "lookback = 30",
            "fail-on = \"hihg\"",
            "max-records = 0",
            "profile = \"lax\"",
            "client-secret = \"x\"",
            "[[waiver]]\nrule = \"LIF-02\"\nsubject = \"s\"\nreason = \"r\"\nowner = \"o\"",
            "[[approved]]\ntenant = \"fabrikam.example\"\nowner = \"it\"",
            "[[approved]]\ntenant = \"11111111-1111-4111-8111-111111111111\"\nowner = \"it\"\nroles = []",
            "[[approved]]\ntenant = \"11111111-1111-4111-8111-111111111111\"\nowner = \"it\"\nhours = \"08:00-18:00\"",
            "[[approved]]\ntenant = \"11111111-1111-4111-8111-111111111111\"\nowner = \"it\"\nutc-offset = \"Z\"",
            "[[role-set]]\nname = \"desk\"\nroles = []",
            "[[waiver]]\nrule = \"LIF-02\"\nsubject = \" \"\nreason = \"r\"\nowner = \"o\"\nuntil = 2027-01-31",
            "[[accepted-gap]]\nreason = \"x\"\ndataset = \"sign-inz\"",
            "[[waiver]]\nrule = \"LIF-02\"\nsubject = \"s\"\nreason = \"r\"\nowner = \"o\"\nuntil = \"2027-13-31\"",
            "[[waiver]]\nrule = \"LIF-02\"\nsubject = \"s\"\nreason = \"r\"\nowner = \"o\"\nuntil = 2027-01-31T12:00:00",
            "lookback = \"366d\"",
            "timeout = \"0s\"",
            "rule-timeout = \"11m\"",
            "[rules.gdap-long-durations]\nenabled = true",
            "[rules.gdap-long-duration]\nmax-days = \"a year\"",
            "[rules.gdap-long-duration]\nseverity = \"low\"",
        ] {
            assert!(!validator.is_valid(&json_of(wrong)), "{wrong}");
            let mut config = config::from_text("p.toml", wrong, config::Trust::Named);
            crate::cli::judging::apply_file(&mut config, &mut crate::policy::settings::Settings::default());
            assert!(!config.problems.is_empty(), "the program takes {wrong}");
        }
    }

    #[test]
    fn every_key_is_described() {
        for (name, key) in schema()["properties"].as_object().unwrap() {
            let is_key = keys::find(name).is_some();
            let described = key["description"].as_str().is_some_and(|text| !text.is_empty());
            let without_comment = ["client-id", "client-secret-file", "client-certificate", "access-token-file", "login-endpoint"];
            assert!(!is_key || described || without_comment.contains(&name.as_str()), "{name}");
        }
    }
}
