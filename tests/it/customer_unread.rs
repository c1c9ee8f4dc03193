//! Every dataset that the customer view requires, with every way in which it can fail to be read: the run never ends with 0, and the
//! dataset is never complete.

use serde_json::{Value, json};

use crate::holes::copy;
use crate::support::{Program, coverage, fixtures};

/// A required dataset, the file of its answer, and the path that is asked.
const REQUIRED: [(&str, &str); 11] = [
    ("organization", "v1.0/organization"),
    ("cross-tenant-default", "v1.0/policies/crossTenantAccessPolicy/default"),
    ("cross-tenant-partners", "v1.0/policies/crossTenantAccessPolicy/partners"),
    ("role-assignments", "v1.0/roleManagement/directory/roleAssignments"),
    ("role-definitions", "v1.0/roleManagement/directory/roleDefinitions"),
    ("service-principals", "v1.0/servicePrincipals"),
    ("app-role-assignments", "v1.0/servicePrincipals/24b3aeae-7cba-43f0-86e5-af4533ad663f/appRoleAssignedTo"),
    ("delegated-grants", "v1.0/oauth2PermissionGrants"),
    ("audits", "v1.0/auditLogs/directoryAudits"),
    ("conditional-access", "v1.0/identity/conditionalAccess/policies"),
    ("sign-ins", "beta/auditLogs/signIns"),
];

/// `tidy-customer`, which by itself ends with 0, in a folder of the test's own.
struct Tenant {
    program: Program,
}

impl Tenant {
    fn new() -> Self {
        let program = Program::new();
        copy(&fixtures().join("tidy-customer"), &program.path("tenant"));
        Tenant { program }
    }

    fn file(&self, path: &str) -> std::path::PathBuf {
        self.program.path("tenant/graph").join(format!("{path}.json"))
    }

    fn stored(&self, path: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.file(path)).unwrap()).unwrap()
    }

    /// Whatever is asked of this path, that is what comes.
    fn answer(&self, path: &str, body: &Value) {
        let file = self.file(path);
        let answer = json!({ "status": 200, "body": body }).to_string();
        std::fs::write(file, answer).unwrap();
    }

    fn fails(&self, path: &str, status: u16) {
        let file = self.program.path("tenant/fixture.toml");
        let toml = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, format!("{toml}\n[[fail]]\npath = \"{path}\"\nstatus = {status}\n")).unwrap();
    }

    fn audit(&self, more: &[&str]) -> (i32, Value) {
        let folder = self.program.path("tenant");
        self.program.report(&[&["audit", "--fixture", folder.to_str().unwrap()], more].concat())
    }
}

/// What is wrong with one cell of the table, if anything is.
///
/// A finding on what was read wins over the gap; that is no lie either.
fn wrong(dataset: &str, fault: &str, (code, report): &(i32, Value)) -> Option<String> {
    let row = coverage(report, dataset);
    let is_unread = row["status"] != "complete" && row["reason"].is_string();
    (!matches!(code, 1 | 3) || !is_unread).then(|| format!("{dataset}, {fault}: exit {code}, {row}"))
}

#[test]
fn no_status_of_an_answer_passes_for_a_read() {
    let mut wrongs = Vec::new();
    for (dataset, path) in REQUIRED {
        for status in [400, 401, 403, 404, 429, 500, 501, 503] {
            let tenant = Tenant::new();
            tenant.fails(path, status);
            wrongs.extend(wrong(dataset, &status.to_string(), &tenant.audit(&[])));
        }
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

#[test]
fn no_body_that_is_not_an_answer_passes_for_one() {
    let bodies = [
        json!(""),
        json!("<html>sign in to the guest network</html>"),
        json!(null),
        json!([]),
        json!({}),
        json!(7),
        json!({ "value": null }),
        json!({ "value": {} }),
        json!({ "value": [1] }),
        json!({ "value": ["x"] }),
        json!({ "value": [null] }),
        json!({ "value": [{}] }),
        json!({ "error": { "code": "UnknownError", "message": "" } }),
        json!({ "value": [], "error": { "code": "UnknownError", "message": "" } }),
        json!({ "value": [], "@odata.nextLink": 7 }),
        json!({ "value": [], "@odata.nextLink": "https://graph.example/v1.0/x" }),
        json!({ "value": [], "@odata.nextLink": "not a link" }),
    ];
    let mut wrongs = Vec::new();
    for (dataset, path) in REQUIRED {
        for body in &bodies {
            let tenant = Tenant::new();
            tenant.answer(path, body);
            wrongs.extend(wrong(dataset, &body.to_string(), &tenant.audit(&[])));
        }
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

/// Lists that no tenant has empty.
#[test]
fn an_empty_list_of_what_every_tenant_has_is_no_answer() {
    let mut wrongs = Vec::new();
    for dataset in ["organization", "role-assignments", "role-definitions", "service-principals"] {
        let (_, path) = REQUIRED.into_iter().find(|(name, _)| *name == dataset).unwrap();
        let tenant = Tenant::new();
        tenant.answer(path, &json!({ "value": [] }));
        wrongs.extend(wrong(dataset, "empty", &tenant.audit(&[])));
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

/// Fields without which a record tells nothing of what it is read for. Several in one row: all of them at once.
const FIELDS: &[(&str, &[&str])] = &[
    ("organization", &["/id"]),
    ("cross-tenant-default", &["/inboundTrust"]),
    ("cross-tenant-default", &["/inboundTrust/isMfaAccepted"]),
    ("cross-tenant-default", &["/automaticUserConsentSettings"]),
    ("cross-tenant-default", &["/b2bDirectConnectInbound"]),
    ("cross-tenant-default", &["/b2bCollaborationInbound/usersAndGroups"]),
    ("cross-tenant-partners", &["/tenantId"]),
    ("role-assignments", &["/principalId"]),
    ("role-assignments", &["/roleDefinitionId"]),
    ("role-definitions", &["/id"]),
    ("service-principals", &["/id"]),
    ("app-role-assignments", &["/id"]),
    ("app-role-assignments", &["/principalId"]),
    ("app-role-assignments", &["/appRoleId"]),
    ("delegated-grants", &["/id"]),
    ("delegated-grants", &["/clientId"]),
    ("audits", &["/activityDateTime"]),
    ("audits", &["/activityDisplayName", "/category"]),
    ("conditional-access", &["/id"]),
    ("conditional-access", &["/state"]),
    ("conditional-access", &["/conditions"]),
    ("conditional-access", &["/conditions/users"]),
    ("conditional-access", &["/conditions/applications"]),
    ("sign-ins", &["/createdDateTime"]),
    ("sign-ins", &["/resourceTenantId"]),
    ("sign-ins", &["/homeTenantId", "/crossTenantAccessType"]),
];

#[test]
fn a_record_that_does_not_say_what_it_is_read_for_is_a_hole() {
    let mut wrongs = Vec::new();
    for (dataset, fields) in FIELDS {
        let (_, path) = REQUIRED.into_iter().find(|(name, _)| name == dataset).unwrap();
        let tenant = Tenant::new();
        let mut body = tenant.stored(path);
        let records = match body.get_mut("value").and_then(Value::as_array_mut) {
            Some(records) => records.iter_mut().collect(),
            None => vec![&mut body],
        };
        for record in records {
            for field in *fields {
                if let Some(value) = record.pointer_mut(field) {
                    *value = Value::Null;
                }
            }
        }
        tenant.answer(path, &body);
        wrongs.extend(wrong(dataset, &format!("{fields:?}"), &tenant.audit(&[])));
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

/// The second page of a list fails: what came on the first stays, and the list is not whole.
#[test]
fn a_list_that_breaks_after_its_first_page_is_partial() {
    let mut wrongs = Vec::new();
    // The default is no list; what is stored of logs is cut to what a filter asks for, so that a stored failure never comes up.
    for (dataset, path) in REQUIRED.into_iter().filter(|(name, _)| !["cross-tenant-default", "audits", "sign-ins"].contains(name)) {
        for status in [403, 404, 429, 503] {
            let tenant = Tenant::new();
            let second = tenant.file(path).with_extension("page2.json");
            std::fs::write(second, json!({ "status": status, "body": { "error": { "code": "x", "message": "y" } } }).to_string()).unwrap();
            wrongs.extend(wrong(dataset, &format!("page 2: {status}"), &tenant.audit(&[])));
        }
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

/// Consent to nothing is an answer, no word of it is none.
#[test]
fn a_grant_that_does_not_say_to_what_is_a_hole() {
    for (scope, expected) in [(json!(null), 3), (json!(""), 0)] {
        let tenant = Tenant::new();
        let path = "v1.0/oauth2PermissionGrants";
        let mut body = tenant.stored(path);
        body["value"][0]["scope"] = scope.clone();
        tenant.answer(path, &body);
        assert_eq!(tenant.audit(&[]).0, expected, "{scope}");
    }
}

/// What was left out, cut by `--max-records` or accepted never makes exit 3, alone or through what rests on it.
#[test]
fn what_was_left_out_is_no_gap() {
    for (dataset, _) in REQUIRED {
        let (code, report) = Tenant::new().audit(&["--skip-dataset", dataset]);
        assert_eq!((code, &coverage(&report, dataset)["status"]), (0, &"skipped".into()), "{dataset}");
    }
    let (code, report) = Tenant::new().audit(&["--max-records", "1"]);
    for dataset in ["sign-ins", "audits"] {
        assert_eq!(coverage(&report, dataset)["status"], "partial", "{dataset}");
    }
    assert_eq!(code, 0);
}

/// Nothing at all: not a report of an empty tenant, but how to be let in.
#[test]
fn a_tenant_of_which_nothing_can_be_read_is_no_tenant_without_partners() {
    for more in [&[][..], &["--view", "both"]] {
        let tenant = Tenant::new();
        let file = tenant.program.path("tenant/fixture.toml");
        let toml = std::fs::read_to_string(&file).unwrap();
        let (before, rest) = toml.split_once("permissions = [").unwrap();
        let (_, after) = rest.split_once(']').unwrap();
        std::fs::write(&file, format!("{before}permissions = []{after}")).unwrap();
        let folder = tenant.program.path("tenant");
        let run = tenant.program.run(&[&["audit", "--fixture", folder.to_str().unwrap()], more].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
        let permissions =
            ["Policy.Read.All", "RoleManagement.Read.Directory", "Application.Read.All", "AuditLog.Read.All", "Directory.Read.All"];
        for part in permissions.into_iter().chain(["/adminconsent?client_id="]) {
            assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
        }
    }
}

/// A token that ends in the middle and cannot be renewed: what came before stays, the rest is failed and named.
#[test]
fn a_token_that_lapses_midway_leaves_gaps() {
    let tenant = partnerscope::fixture::Tenant::load("tidy-customer").unwrap();
    let faults = vec![partnerscope::fixture::Fault::parse("expired-token").unwrap()];
    let server = partnerscope::fixture::Server::start(tenant, faults).unwrap();
    let program = Program::new();
    program.write("token", &server.access_token());
    let (graph, login) = (server.graph_endpoint().to_string(), server.login_endpoint().to_string());
    let credential =
        ["--credential", "access-token", "--access-token-file", "token", "--graph-endpoint", &graph, "--login-endpoint", &login];
    let run = [&["audit", "--view", "customer", "--now", "2026-11-20T09:00:00Z"], &credential[..]].concat();
    let (code, report) = program.report(&run);
    let failed = report["tenants"][0]["coverage"].as_array().unwrap().iter().filter(|row| row["status"] == "failed").count();
    assert!(matches!(code, 1 | 3) && failed > 5, "exit {code}, {failed} failed");
}

/// A group that nothing says whose it is: found in this tenant it is its own, not found it is somebody's outside, not looked up it is a gap.
#[test]
fn a_group_of_nobody_is_not_taken_for_an_own_one() {
    const GROUP: &str = "9d3a1c52-7b1e-4f0e-9a64-0c1d2e3f4a5b";
    let with_group = || {
        let tenant = Tenant::new();
        let path = "v1.0/roleManagement/directory/roleAssignments";
        let mut body = tenant.stored(path);
        let row = json!({
            "id": "of-nobody", "principalId": GROUP, "directoryScopeId": "/", "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10",
            "principal": { "@odata.type": "#microsoft.graph.group", "id": GROUP, "displayName": "Tier 1" }
        });
        body["value"].as_array_mut().unwrap().push(row);
        tenant.answer(path, &body);
        tenant
    };
    let (code, report) = with_group().audit(&[]);
    let names = |report: &Value| report["findings"].as_array().unwrap().iter().any(|finding| finding["subject"]["id"] == GROUP);
    assert!(code == 1 && names(&report), "exit {code}: not found here, it is somebody's outside");

    let tenant = with_group();
    tenant.fails("v1.0/directoryObjects/getByIds", 403);
    let (code, report) = tenant.audit(&[]);
    let row = coverage(&report, "role-assignments");
    assert!(matches!(code, 1 | 3) && row["status"] == "partial", "exit {code}, {row}");
}

/// A partner's application in a group of this tenant that holds a role can do what the group can.
#[test]
fn an_application_of_a_partner_in_an_own_group_is_found() {
    const GROUP: &str = "5b8f2c11-3f0e-4a8d-8f53-6a2c0d7e9b14";
    const APP: &str = "8cecd249-b008-4134-a153-a874e9e5566c";
    let tenant = Tenant::new();
    let path = "v1.0/roleManagement/directory/roleAssignments";
    let mut body = tenant.stored(path);
    body["value"].as_array_mut().unwrap().push(json!({
        "id": "of-group", "principalId": GROUP, "directoryScopeId": "/", "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10",
        "principalOrganizationId": "cb0fd656-143b-4cfd-9f38-b0acd7362002",
        "principal": { "@odata.type": "#microsoft.graph.group", "id": GROUP, "displayName": "Automation", "isAssignableToRole": true }
    }));
    tenant.answer(path, &body);
    let members = json!({ "value": [{ "@odata.type": "#microsoft.graph.servicePrincipal", "id": APP, "displayName": "Tidy Monitor" }] });
    std::fs::create_dir_all(tenant.file(&format!("v1.0/groups/{GROUP}/transitiveMembers")).parent().unwrap()).unwrap();
    tenant.answer(&format!("v1.0/groups/{GROUP}/transitiveMembers"), &members);
    let (code, report) = tenant.audit(&[]);
    let about = |finding: &&Value| finding["code"] == "APP-02" && finding["subject"]["id"] == APP;
    assert_eq!(code, 1, "{}", coverage(&report, "external-users"));
    assert!(report["findings"].as_array().unwrap().iter().any(|finding| about(&finding)), "{}", report["findings"]);
}

/// From both sides: each has its own coverage, and the worse one decides.
#[test]
fn a_tenant_seen_from_both_sides_ends_as_the_worse_one_does() {
    let views = |report: &Value| -> Vec<(String, usize)> {
        let tenants = report["tenants"].as_array().unwrap();
        tenants.iter().map(|tenant| (tenant["view"].as_str().unwrap().to_owned(), tenant["coverage"].as_array().unwrap().len())).collect()
    };
    let both = [("partner".to_owned(), 14), ("customer".to_owned(), 26)];
    // The customer's side is in order, the partner's cannot be read.
    let (code, report) = Tenant::new().audit(&["--view", "both"]);
    assert_eq!((code, views(&report)), (3, both.to_vec()));
    let counted = report["notEvaluated"].as_array().unwrap().iter().filter(|entry| entry["countsForExit"] == true);
    assert!(counted.into_iter().all(|entry| entry["view"] == "partner"));
}
