//! The JSON report, version 1. Its structs are its own: the domain can move without moving the report.

mod convert;
pub mod diff;
pub mod explain;
mod partner;
mod partner_convert;
pub mod rules;
mod shape;
mod totals;
mod write;

use super::{Format, RenderError, RenderOptions};
use crate::domain::Report;
use shape::ReportJson;
use write::{schema_of, text};

/// The format `json`.
pub const FORMAT: Format = Format { name: "json", render };

/// Version of the shape: a reader may rely on the major number.
pub const SCHEMA_VERSION: &str = "1.0";

/// The schema's own name: where the generated file is kept.
const SCHEMA_ID: &str = "https://github.com/partnerscope/partnerscope/blob/HEAD/docs/schemas/report.schema.json";

/// Renders a report as JSON: keys in the order of the shape, two blanks a level, a final newline. The same for every terminal.
///
/// # Errors
/// The serialiser failed.
pub fn render(report: &Report, _options: &RenderOptions) -> Result<String, RenderError> {
    text(&ReportJson::from(report))
}

/// The JSON Schema (draft 2020-12) of what [`render`] writes.
pub fn schema() -> serde_json::Value {
    schema_of::<ReportJson<'static>>(SCHEMA_ID, "partnerscope report, version 1")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::sample;
    use super::*;
    use crate::report::escape::is_hidden;

    const OPTIONS: RenderOptions = RenderOptions { width: 80, color: false, full: false };

    fn rendered(report: &Report) -> Value {
        serde_json::from_str(&render(report, &OPTIONS).unwrap()).unwrap()
    }

    #[test]
    fn the_schema_accepts_every_sample() {
        let schema = schema();
        assert!(jsonschema::meta::is_valid(&schema));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let validator = jsonschema::validator_for(&schema).unwrap();
        for (name, report) in sample::all() {
            let errors: Vec<String> = validator.iter_errors(&rendered(&report)).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
        }
    }

    #[test]
    fn the_schema_asks_for_every_field_that_is_always_there() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let full = rendered(&sample::findings());
        for pointer in [
            "/schemaVersion",
            "/run/lookback",
            "/tenants/0/coverage/0/need",
            "/tenants/0/counts/people",
            "/tenants/0/relationships/0/fullyRead",
            "/tenants/0/relationships/0/duration",
            "/tenants/0/relationships/0/people/0/enabled",
            "/findings/0/fingerprint",
            "/findings/0/subject/kind",
            "/summary/worst",
            "/summary/bySeverity/info",
        ] {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let mut cut = full.clone();
            assert!(cut.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).is_some(), "{pointer} is not written");
            assert!(!validator.is_valid(&cut), "{pointer} may be missing");
        }
        assert!(validator.is_valid(&full));
    }

    #[test]
    fn the_schema_catches_what_is_written_wrongly() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let full = rendered(&sample::findings());
        assert!(validator.is_valid(&full));
        let wrong = serde_json::json!({
            "/schemaVersion": [1, "2.0"],
            "/run/id": ["", "xyz", null],
            "/run/now": ["yesterday", "2026-01-01", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00+01:00", 0],
            "/run/lookback": ["30", 30, "30h"],
            "/tenants": [null, {}],
            "/tenants/0/view": ["both", null],
            "/tenants/0/relationships": [null, {}],
            "/tenants/0/coverage/0/dataset": ["nothing", null],
            "/tenants/0/coverage/0/need": ["perhaps", null],
            "/tenants/0/coverage/0/status": ["fine", null],
            "/tenants/0/coverage/0/records": [-1, 1.5, "1", null],
            "/tenants/0/coverage/0/reason": [null, 1],
            "/tenants/0/coverage/0/accepted": [null, true],
            "/tenants/0/counts/people": [-1, "1", null],
            "/tenants/0/relationships/0/customer": [null, "c"],
            "/tenants/0/relationships/0/lastUsed": [null, "2026-01-01T00:00:00Z"],
            "/tenants/0/relationships/0/roles/0/tier": [4, -1, "0"],
            "/tenants/0/relationships/0/autoExtend": ["P180D", null],
            "/findings/0/severity": ["terrible", "High", null],
            "/findings/0/confidence": ["sure", null],
            "/findings/0/state": ["old", null],
            "/findings/0/fingerprint": ["", "0123", null],
            "/findings/0/customer": [null],
            "/findings/0/firstSeen": [null],
            "/findings/0/evidence/0/value": [{}, [1], [[]]],
            "/findings/0/attack": [null, "T1199"],
            "/notEvaluated": [null],
            "/summary/worst": ["terrible"],
            "/summary/exitCode": [2, 4, "0", null],
        });
        for (pointer, values) in wrong.as_object().unwrap() {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            for value in values.as_array().unwrap() {
                let mut broken = full.clone();
                let at = broken.pointer_mut(parent).unwrap_or_else(|| panic!("{parent}"));
                match at.as_array_mut() {
                    Some(list) => list[key.parse::<usize>().unwrap()] = value.clone(),
                    None => at[key] = value.clone(),
                }
                assert!(!validator.is_valid(&broken), "{pointer} may be {value}");
            }
        }
        let customer = rendered(&sample::customer_findings());
        for key in ["class", "canAdminister", "approved", "doors", "ceiling", "roles", "settings", "lastSignIn", "provenance"] {
            let mut cut = customer.clone();
            assert!(cut["tenants"][0]["partners"][0].as_object_mut().unwrap().remove(key).is_some(), "{key} is not written");
            assert!(!validator.is_valid(&cut), "{key} may be missing");
        }
    }

    #[test]
    fn keys_stand_in_the_order_of_the_shape() {
        let text = render(&sample::clean(), &OPTIONS).unwrap();
        let top: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("  \"")).filter_map(|line| line.split('"').next()).collect();
        assert_eq!(top, ["schemaVersion", "tool", "run", "tenants", "findings", "notEvaluated", "notApplicable", "notes", "summary"]);
        assert!(text.starts_with("{\n  \"schemaVersion\": \"1.0\",\n") && text.ends_with("}\n") && !text.ends_with("\n\n"));
    }

    #[test]
    fn json_as_it_looks() {
        insta::assert_snapshot!("json_clean", render(&sample::clean(), &OPTIONS).unwrap());
        insta::assert_snapshot!("json_incomplete", render(&sample::incomplete(), &OPTIONS).unwrap());
        insta::assert_snapshot!("json_customer_findings", render(&sample::customer_findings(), &OPTIONS).unwrap());
    }

    #[test]
    fn what_is_absent_and_what_is_null() {
        let report = rendered(&sample::findings());
        let tenant = &report["tenants"][0];
        assert_eq!(tenant.get("partners"), None, "only in the customer view");
        let offer = tenant["relationships"].as_array().unwrap().iter().find(|row| row["status"] == "approvalPending").unwrap();
        assert!(offer.get("customer").is_none() && offer.get("lastUsed").is_none());
        assert_eq!(offer["endDateTime"], Value::Null);
        assert_eq!(report["summary"]["bySeverity"]["info"], 1);
        assert_eq!(report["summary"]["byState"]["new"], 0);
        assert_eq!(report["run"]["lookback"], "30d");
        let incomplete = rendered(&sample::incomplete());
        assert_eq!(incomplete["notEvaluated"][0]["subjects"][0], "rel-00001");
        assert_eq!(incomplete["notEvaluated"][1].get("subjects"), None, "all of them");
        assert_eq!(incomplete["tenants"][0]["relationships"][0]["groups"][0].get("people"), None, "unknown is not 0");
    }

    #[test]
    fn an_outside_tenant_has_what_was_observed_apart_from_what_files_say() {
        let report = rendered(&sample::customer_findings());
        let tenant = &report["tenants"][0];
        assert_eq!(tenant.get("relationships"), None, "only in the partner view");
        assert_eq!(tenant["markers"][0], "a3475900-ccec-4a69-98f5-a65cd5dc5306");
        let partners = tenant["partners"].as_array().unwrap();
        assert_eq!(tenant["counts"]["partners"], partners.len());
        assert_eq!(tenant["counts"]["auditEvents"], 1);
        let first = &partners[0];
        assert_eq!((&first["class"], &first["tier"], &first["approved"]), (&"serviceProvider".into(), &0.into(), &false.into()));
        assert_eq!(first["doors"], serde_json::json!(["serviceProviderEntry", "foreignPrincipal", "signIn"]));
        assert_eq!(first["conditionalAccess"]["verdict"], "notCovered");
        assert_eq!(first["declared"]["relationships"][0]["fileDate"], "2025-12-24T00:00:00Z");
        assert_eq!(first["provenance"]["declared"]["basis"], "declared");
        let others = || partners.iter().filter(|partner| partner.get("declared").is_none());
        assert!(others().count() > 0 && others().all(|partner| partner["provenance"].get("declared").is_none()));
        let blind = rendered(&sample::customer_incomplete());
        let roles = &blind["tenants"][0]["partners"][0]["provenance"]["roles"];
        assert_eq!(*roles, serde_json::json!({ "basis": "notReadable", "dataset": "role-assignments", "status": "denied" }));
    }

    #[test]
    fn hostile_names_keep_their_value_and_lose_their_power() {
        let report = sample::hostile();
        let text = render(&report, &OPTIONS).unwrap();
        assert!(!text.chars().any(|c| c != '\n' && is_hidden(c)), "a hidden character is written as it is");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["tenants"][0]["displayName"], report.tenants[0].display_name.as_str());
        assert_eq!(value["findings"][0]["subject"]["name"], report.findings[0].subject.name.as_str());
        assert!(text.contains("\\u202e") && text.contains("\\udb40\\udc41"), "bidi and astral characters are escaped");
    }
}
