//! Answers with a hole in them: what was not said is never taken for "there is none".

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Program, coverage, fixtures};

const SKUS: &str = "subscribedSkus.json";
const RELATIONSHIPS: &str = "tenantRelationships/delegatedAdminRelationships.json";
const RELATIONSHIP: &str = "f916a6a6-97ad-4610-9774-aa8751b95a26-3a8e5f10-64b7-4d92-9c03-b17fe2a4d658";
const GROUP: &str = "50ace8ba-f0b0-4a5b-aaf8-0ac94e4a234d";

pub(crate) fn copy(from: &Path, to: &Path) {
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

/// Audits `tidy-msp` with one stored answer changed; by itself it ends with 0.
fn audit_with(answer: &str, change: impl Fn(&mut Value)) -> (i32, Value) {
    let program = Program::new();
    let folder = program.path("tenant");
    copy(&fixtures().join("tidy-msp"), &folder);
    let file = folder.join("graph/v1.0").join(answer);
    let mut text: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    change(&mut text);
    std::fs::write(&file, text.to_string()).unwrap();
    program.report(&["audit", "--fixture", folder.to_str().unwrap()])
}

/// The change makes `dataset` partial, says why, and the run ends with 3.
#[track_caller]
fn leaves_a_hole(dataset: &str, answer: &str, change: impl Fn(&mut Value)) {
    let (code, report) = audit_with(answer, change);
    let row = coverage(&report, dataset);
    assert_eq!((row["status"].as_str(), row["reason"].is_string()), (Some("partial"), true), "{row}");
    assert_eq!(code, 3, "{row}");
}

#[test]
fn subscriptions_that_do_not_say_their_plans_prove_no_absence() {
    let holes: [fn(&mut Value); 3] = [
        |sku| sku["servicePlans"] = Value::Null,
        |sku| drop(sku.as_object_mut().unwrap().remove("servicePlans")),
        |sku| {
            sku["servicePlans"] = json!([{ "servicePlanId": "x" }]);
        },
    ];
    for hole in holes {
        let (code, report) = audit_with(SKUS, |skus| skus["value"].as_array_mut().unwrap().iter_mut().for_each(hole));
        assert_eq!(coverage(&report, "licenses")["status"], "partial");
        // The fixture server does not see the licence either and refuses; but it was asked, and its refusal is no proof.
        for dataset in ["sign-ins", "mfa-registration"] {
            let row = coverage(&report, dataset);
            assert!(row["reason"].as_str().unwrap().contains("403"), "{row}");
        }
        assert_eq!(code, 3);
    }
}

#[test]
fn a_member_without_an_id_is_a_hole_in_its_group() {
    leaves_a_hole("group-members", &format!("groups/{GROUP}/transitiveMembers.json"), |members| members["value"][0]["id"] = Value::Null);
}

#[test]
fn a_registration_that_says_nothing_is_a_hole() {
    for field in ["id", "isMfaCapable"] {
        let answer = "reports/authenticationMethods/userRegistrationDetails.json";
        leaves_a_hole("mfa-registration", answer, |rows| rows["value"][0][field] = Value::Null);
    }
}

#[test]
fn an_assignment_without_group_or_roles_is_a_hole_in_its_relationship() {
    let answer = format!("tenantRelationships/delegatedAdminRelationships/{RELATIONSHIP}/accessAssignments.json");
    leaves_a_hole("assignments", &answer, |list| list["value"][0]["accessContainer"] = Value::Null);
    leaves_a_hole("assignments", &answer, |list| list["value"][0]["accessDetails"] = Value::Null);
    leaves_a_hole("assignments", &answer, |list| list["value"][0]["accessDetails"]["unifiedRoles"][0]["roleDefinitionId"] = json!(""));
}

#[test]
fn a_relationship_that_does_not_say_its_roles_is_a_hole() {
    for hole in [json!(null), json!({}), json!({ "unifiedRoles": null }), json!({ "unifiedRoles": [{}] })] {
        let change = |list: &mut Value| {
            let rows = list["value"].as_array_mut().unwrap();
            rows.iter_mut().find(|row| row["id"] == RELATIONSHIP).unwrap()["accessDetails"] = hole.clone();
        };
        leaves_a_hole("relationships", RELATIONSHIPS, change);
    }
}

#[test]
fn an_empty_list_of_a_group_that_hides_its_members_proves_nothing() {
    let program = Program::new();
    let folder = program.path("tenant");
    copy(&fixtures().join("tidy-msp"), &folder);
    let groups = folder.join("graph/v1.0/groups");
    let file = groups.join(format!("{GROUP}.json"));
    let group = std::fs::read_to_string(&file).unwrap().replace("\"visibility\": null", "\"visibility\": \"HiddenMembership\"");
    std::fs::write(&file, group).unwrap();
    std::fs::write(groups.join(GROUP).join("transitiveMembers.json"), r#"{"value":[]}"#).unwrap();
    let (code, report) = program.report(&["audit", "--fixture", folder.to_str().unwrap()]);
    let row = coverage(&report, "group-members");
    assert_eq!((&row["status"], &row["permission"], code), (&"partial".into(), &"Member.Read.Hidden".into(), 3), "{row}");
}
