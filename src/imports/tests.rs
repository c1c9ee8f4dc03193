//! Files as they come, put into a customer's snapshot.

use serde_json::{Value, json};

use super::{Import, ImportError, Kind, Limits, apply};
use crate::domain::facts::LogRead;
use crate::domain::{Coverage, Dataset, Snapshot, Status, TenantSnapshot, Timestamp, View};

const OWN: &str = "5b7d9e02-1c64-4f3a-9a8e-6d20c41f7b35";
const OTHER: &str = "99999999-0000-4000-8000-000000000009";
const PARTNER: &str = "fa000000-0000-4000-8000-000000000001";
const READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";

fn now() -> Timestamp {
    Timestamp::parse("2026-11-20T09:00:00Z").unwrap()
}

fn tenant(status: Status) -> TenantSnapshot {
    let mut tenant: TenantSnapshot =
        serde_json::from_value(json!({ "tenantId": OWN, "view": "customer", "customer": { "roleAssignments": [
            { "id": "a", "principalId": "g", "roleDefinitionId": READER, "principalTenantId": PARTNER }
        ] } }))
        .unwrap();
    tenant.coverage = Dataset::of_view(View::Customer)
        .map(|dataset| match dataset {
            Dataset::Declared | Dataset::Purview => (dataset, Coverage::skipped("no file was given")),
            Dataset::SignIns | Dataset::AppSignIns | Dataset::Audits => (dataset, Coverage::new(status).because("403")),
            _ => (dataset, Coverage::complete(1)),
        })
        .collect();
    tenant
}

fn import(kind: Kind, name: &str, bytes: impl Into<Vec<u8>>) -> Import {
    Import { kind, name: name.into(), bytes: bytes.into(), modified: None }
}

fn applied(files: &[Import]) -> Result<TenantSnapshot, ImportError> {
    let mut tenant = tenant(Status::Denied);
    let before = tenant.clone();
    match apply(&mut tenant, files, now(), Limits::new(100)) {
        Ok(()) => Ok(tenant),
        Err(error) => {
            assert_eq!(tenant, before, "a refused file changes nothing");
            Err(error)
        }
    }
}

fn declared(name: &str, text: &str) -> Result<TenantSnapshot, String> {
    applied(&[import(Kind::Declared, name, text)]).map_err(|error| error.to_string())
}

fn reason(tenant: &TenantSnapshot, dataset: Dataset) -> (Status, u64, String) {
    let coverage = tenant.coverage_of(dataset);
    (coverage.status, coverage.records, coverage.reason.unwrap_or_default())
}

fn relationship(number: u32, customer: &str) -> Value {
    json!({ "id": format!("0c0a0000-0000-4000-8000-0000000000{number:02}-{PARTNER}"), "displayName": "Care", "status": "active",
            "customer": { "tenantId": customer }, "accessDetails": { "unifiedRoles": [{ "roleDefinitionId": READER }] },
            "endDateTime": "2027-01-01T00:00:00Z", "autoExtendDuration": "P180D" })
}

#[test]
fn graph_json_keeps_this_tenant_s_rows_and_nothing_of_others() {
    let mut secret = relationship(2, OTHER);
    secret["displayName"] = json!("SECRET");
    let first = relationship(1, &OWN.to_uppercase());
    let text = json!({ "value": [first, secret, first, { "displayName": "no id" }, 7] }).to_string();
    let tenant = declared("rel.json", &text).unwrap();
    let facts = &tenant.customer.declared;
    assert_eq!(facts.relationships.len(), 1);
    assert_eq!((facts.relationships[0].partner_tenant_id.as_str(), facts.relationships[0].relationship.auto_extends()), (PARTNER, true));
    let file = &facts.files[0];
    assert_eq!((file.form.as_str(), file.kept, file.of_others, file.broken, file.doubled), ("graph", 1, 1, 2, 1));
    let (status, records, why) = reason(&tenant, Dataset::Declared);
    assert_eq!((status, records), (Status::Partial, 1));
    assert!(why.starts_with("rel.json: 1 row of this tenant, 2 rows could not be read (the first at line 1, column "), "{why}");
    assert!(why.contains("1 row of other tenants dropped") && why.contains("1 row stood there before"), "{why}");
    assert!(!serde_json::to_string(&tenant).unwrap().contains("SECRET"));
}

#[test]
fn assignments_find_their_relationship_wherever_it_stands() {
    let one = relationship(1, OWN);
    let id = one["id"].as_str().unwrap().to_owned();
    let row = |id: &str| {
        json!({ "id": id, "status": "active", "accessContainer": { "accessContainerId": "G" },
                                 "accessDetails": { "unifiedRoles": [{ "roleDefinitionId": READER }] } })
    };
    let page = json!({ "@odata.context": format!("https://graph.microsoft.com/v1.0/$metadata#tenantRelationships/delegatedAdminRelationships('{id}')/accessAssignments"),
                       "value": [row("a1")] });
    let mut noted = row("a2");
    noted["relationshipId"] = json!(id);
    let text = format!("{page}\n{}\n{}", json!({ "value": [one, noted] }), json!({ "value": [row("a3")] }));
    let tenant = declared("all.json", &text).unwrap();
    let assignments = &tenant.customer.declared.relationships[0].assignments;
    assert_eq!(assignments.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["a1", "a2"]);
    assert!(reason(&tenant, Dataset::Declared).2.contains("the assignment does not say of which relationship it is"));
}

#[test]
fn declaring_changes_nothing_that_was_observed() {
    let before = tenant(Status::Denied);
    let text = format!("tenant = \"{OWN}\"\nas-of = 2026-11-01\n[[partner]]\ntenant-id = \"{PARTNER}\"\nname = \"F\"\n");
    let mut after = declared("p.toml", &text).unwrap();
    assert_eq!(after.customer.declared.files[0].dated.map(Timestamp::date).as_deref(), Some("2026-11-01"));
    assert_eq!(reason(&after, Dataset::Declared), (Status::Complete, 1, "p.toml of 2026-11-01: 1 row of this tenant".into()));
    after.customer.declared = before.customer.declared.clone();
    after.coverage.insert(Dataset::Declared, before.coverage_of(Dataset::Declared));
    assert_eq!(after, before);
}

#[test]
fn toml_rows_and_what_is_wrong_in_them() {
    let text = format!(
        "tenant = \"{OWN}\"\n[[partner]]\ntenant-id = \"{PARTNER}\"\nkind = \"Reseller\"\nroles = [\"Global Administrator\"]\n\
         [[partner.relationship]]\nname = \"Care\"\nstatus = \"Active\"\nstart = 2026-01-01\nend = 2027-01-01\nauto-extend = true\nroles = [\"Global Reader\"]\n\
         [[partner.relationship]]\nnmae = \"x\"\n[[partner]]\nname = \"nobody\"\n"
    );
    let tenant = declared("p.toml", &text).unwrap();
    let facts = &tenant.customer.declared;
    assert!(facts.partners.len() == 1 && facts.partners[0].administers());
    assert_eq!((facts.relationships.len(), facts.relationships[0].relationship.roles.as_slice()), (1, [READER.to_owned()].as_slice()));
    let why = reason(&tenant, Dataset::Declared).2;
    assert!(why.contains("2 rows could not be read (the first at line 13, column 1: unknown key \"nmae\""), "{why}");

    let says = |text: &str| declared("p.toml", text).unwrap_err();
    assert!(says("tenant = \n").starts_with("p.toml:1:"), "{}", says("tenant = \n"));
    assert_eq!(says("tenat = \"x\"\n"), "p.toml:1:1: unknown key \"tenat\"; there are: tenant, as-of, [[partner]]");
    assert_eq!(says("\n as-of = 2026-01-01"), "p.toml:1:1: `tenant` is missing: the id of the tenant that the page is of");
    assert_eq!(says("tenant = \"\""), "p.toml:1:10: `tenant`: \"\" is not a tenant id");
    let future = says(&format!("tenant = \"{OWN}\"\nas-of = 2026-11-22\n"));
    assert!(future.starts_with("p.toml:2:9: it is from the future: 2026-11-22"), "{future}");
    assert!(
        says(&format!("tenant = \"{OTHER}\"\n[[partner]]\ntenant-id = \"{PARTNER}\"\n"))
            .starts_with(&format!("p.toml:2:1: no row is of the tenant {OWN}"))
    );
    assert!(says(&format!("tenant = \"{OWN}\"\n")).contains("no row is of the tenant"));
}

#[test]
fn the_template_says_what_is_missing_and_works_when_filled_in() {
    let template = super::DECLARED_TEMPLATE;
    assert!(declared("declared.toml", template).unwrap_err().contains("`tenant`: \"\" is not a tenant id"));
    // A line that is commented out and holds a key or a table becomes one.
    let filled: Vec<String> = template
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with("[[") || rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) => rest.to_owned(),
            _ => line.replace("tenant = \"\"", &format!("tenant = \"{OWN}\"")),
        })
        .collect();
    let tenant = declared("declared.toml", &filled.join("\n")).unwrap();
    let facts = &tenant.customer.declared;
    assert_eq!(
        (facts.partners.len(), facts.relationships.len(), facts.files[0].broken),
        (1, 1, 0),
        "{:?}",
        tenant.coverage_of(Dataset::Declared)
    );
    assert_eq!(facts.relationships[0].relationship.roles.len(), 2);
}

#[test]
fn csv_rows_of_a_person() {
    let text = format!(
        "tenant,partner-tenant-id,partner-name,kind,relationship-name,status,roles,start,end,auto-extend,as-of\n\
         {OWN},{PARTNER},Fabrikam,Reseller,Care,active,Global Reader; Helpdesk Administrator,2026-01-01,2027-01-01,yes,2026-11-19\n\
         {OWN},{PARTNER},Fabrikam,Reseller,Offer,Approval pending,Global Reader,,,,2026-11-19\n\
         {OTHER},{PARTNER},SECRET,,,,,,,,\n\
         {OWN},Fabrikam,,,,,,,,,\n\
         {OWN},{PARTNER},Fabrikam,Reseller,Offer,Approval pending,Global Reader,,,,2026-11-19\n"
    );
    let tenant = declared("p.csv", &text).unwrap();
    let facts = &tenant.customer.declared;
    assert_eq!((facts.partners.len(), facts.relationships.len()), (1, 2));
    let file = &facts.files[0];
    assert_eq!((file.kept, file.of_others, file.broken, file.doubled), (3, 1, 1, 1));
    assert_eq!(file.dated.map(Timestamp::date).as_deref(), Some("2026-11-19"));
    assert!(!serde_json::to_string(&tenant).unwrap().contains("SECRET"));
    assert_eq!(declared("p.csv", "tenant,partner\n").unwrap_err(), "p.csv:1:1: the header has no column `partner-tenant-id`");
    assert!(declared("p.csv", "tenant,partner-tenant-id,rolse\n").unwrap_err().contains("\"rolse\""));
}

fn partner_snapshot(customer: &str, at: &str) -> Vec<u8> {
    let value =
        |number: u32, customer: &str| json!({ "id": format!("r{number}"), "status": "active", "customer": { "tenantId": customer } });
    let snapshot: Snapshot = serde_json::from_value(json!({
        "formatVersion": "1.0", "collectedAt": at, "tenants": [{ "tenantId": PARTNER, "displayName": "Fabrikam MSP", "view": "partner",
          "coverage": { "relationships": { "status": "complete" }, "assignments": { "status": "complete" } },
          "partner": { "relationships": [value(1, customer), value(2, OTHER)],
                       "assignments": [{ "id": "a1", "relationshipId": "r1", "status": "active", "groupId": "g" }] } }]
    }))
    .unwrap();
    crate::history::snapshot_file::write(&snapshot, true).unwrap()
}

#[test]
fn a_partner_s_snapshot() {
    let file = |customer: &str, at: &str| [import(Kind::Declared, "fabrikam.json.gz", partner_snapshot(customer, at))];
    let tenant = applied(&file(OWN, "2026-11-10T00:00:00Z")).unwrap();
    let facts = &tenant.customer.declared;
    assert_eq!((facts.files[0].form.as_str(), facts.files[0].of_others, facts.relationships.len()), ("snapshot", 1, 1));
    assert_eq!(facts.relationships[0].assignments.len(), 1);
    assert_eq!(facts.partners[0].name.as_deref(), Some("Fabrikam MSP"));
    assert_eq!(reason(&tenant, Dataset::Declared).0, Status::Complete);
    assert!(matches!(applied(&file(OTHER, "2026-11-10T00:00:00Z")), Err(ImportError::Foreign { index: 0, .. })));
    assert!(matches!(applied(&file(OWN, "2026-11-21T00:00:00Z")), Err(ImportError::Future { .. })));
}

#[test]
fn of_two_files_the_newer_one_tells_of_a_relationship() {
    let older = import(Kind::Declared, "old.gz", partner_snapshot(OWN, "2026-10-01T00:00:00Z"));
    let newer = import(Kind::Declared, "new.gz", partner_snapshot(OWN, "2026-11-01T00:00:00Z"));
    for files in [[older.clone(), newer.clone()], [newer, older]] {
        let tenant = applied(&files).unwrap();
        let facts = &tenant.customer.declared;
        let file = |name: &str| facts.files.iter().position(|file| file.name == name).unwrap();
        assert_eq!((facts.relationships.len(), facts.relationships[0].file), (1, file("new.gz")));
        assert_eq!(facts.files[file("old.gz")].doubled, if facts.files[0].name == "old.gz" { 1 } else { 2 }, "{:?}", facts.files);
    }
}

fn sign_in(id: &str, day: u32, interactive: bool, resource: &str) -> Value {
    json!({ "id": id, "createdDateTime": format!("2026-11-{day:02}T08:00:00Z"), "userId": "U", "userPrincipalName": "user_x", "homeTenantId": PARTNER,
            "resourceTenantId": resource, "isInteractive": interactive, "crossTenantAccessType": "serviceProvider", "status": { "errorCode": 0 } })
}

#[test]
fn sign_ins_replace_a_log_that_was_denied() {
    let rows = json!([sign_in("e1", 19, true, OWN), sign_in("e2", 10, false, OWN), sign_in("e1", 19, true, OWN), sign_in("e3", 12, true, OTHER),
                      { "id": "e4", "resourceTenantId": OWN }, sign_in("e5", 1, true, OWN)]);
    let tenant = applied(&[import(Kind::SignIns, "s.json", rows.to_string())]).unwrap();
    let log = &tenant.customer.sign_ins;
    assert_eq!(log.events.iter().map(|event| &*event.id).collect::<Vec<_>>(), ["e1", "e2", "e5"]);
    assert_eq!(log.newest_event.map(Timestamp::date).as_deref(), Some("2026-11-19"));
    let coverage = tenant.coverage_of(Dataset::SignIns);
    assert_eq!((coverage.status, coverage.records), (Status::Partial, 3), "a row could not be read");
    let why = coverage.reason.unwrap();
    for part in [
        "1 row could not be read (the first at line 1, column ",
        "1 row of other tenants dropped",
        "1 row stood there before",
        "before that it was denied: 403",
    ] {
        assert!(why.contains(part), "{part} in {why}");
    }
    assert_eq!(tenant.coverage_of(Dataset::AppSignIns).status, Status::Denied, "no file tells of applications");

    let clean = json!([sign_in("e1", 19, true, OWN), sign_in("e2", 10, false, OWN)]).to_string();
    let coverage = applied(&[import(Kind::SignIns, "s.json", clean)]).unwrap().coverage_of(Dataset::SignIns);
    assert_eq!((coverage.status, coverage.from.map(Timestamp::date).as_deref()), (Status::Complete, Some("2026-11-10")));
}

#[test]
fn a_kind_of_event_that_no_file_holds_is_a_gap() {
    let interactive = json!([sign_in("e1", 19, true, OWN)]).to_string();
    let tenant = applied(&[import(Kind::SignIns, "InteractiveSignIns_2026-11-01_2026-11-20.json", interactive.clone())]).unwrap();
    let (status, _, why) = reason(&tenant, Dataset::SignIns);
    assert_eq!(status, Status::Partial);
    assert!(why.contains("nonInteractiveUser events: no file holds them"), "{why}");
    let reads: Vec<(&str, Status)> = tenant.customer.sign_ins.reads.iter().map(|read| (read.event_type.as_str(), read.status)).collect();
    assert_eq!(reads, [("interactiveUser", Status::Complete), ("nonInteractiveUser", Status::Denied)]);

    // Graph gave the one kind, the file the other.
    let mut tenant = self::tenant(Status::Partial);
    let read = |kind: &str, status: Status| LogRead { event_type: kind.into(), status, reason: None, records: 0 };
    tenant.customer.sign_ins.reads = vec![read("interactiveUser", Status::Failed), read("nonInteractiveUser", Status::Complete)];
    apply(&mut tenant, &[import(Kind::SignIns, "s.json", interactive)], now(), Limits::new(100)).unwrap();
    assert_eq!(reason(&tenant, Dataset::SignIns).0, Status::Complete);
}

#[test]
fn the_portal_s_csv() {
    let header = "\u{feff}\"Date (UTC)\",\"Request ID\",\"User agent\",\"Correlation ID\",\"User ID\",\"User\",\"Username\",\"User type\",\"Cross tenant access type\",\"Incoming token type\",\"Authentication Protocol\",\"Application\",\"Application ID \",\"Resource tenant ID\",\"Home tenant ID\",\"IP address\",\"Location\",\"Status\",\"Sign-in error code\",\"Client app\",\"Authentication requirement\",\"Autonomous system  number\",\"Incoming token type\"";
    let row = |id: &str, status: &str, code: &str| {
        format!(
            "\"2026-11-19T08:00:00Z\",\"{id}\",\"Mozilla, x\",c,U,Fabrikam Technician,user_0123456789abcdef0123456789abcdef,member,Service provider,none,Device code,Azure Portal,x,{OWN},{PARTNER},203.0.113.1,\"Oslo, Oslo, NO\",{status},{code},Browser,Single-factor authentication,64500,none"
        )
    };
    let text = [header.to_owned(), row("e1", "Success", ""), row("e2", "Failure", "50126"), row("e3", "Interrupted", ""), "cut,row".into()]
        .join("\r\n");
    let files = [
        import(Kind::SignIns, "InteractiveSignIns_2026-10-21_2026-11-20.csv", text.clone()),
        import(Kind::SignIns, "NonInteractiveSignIns_2026-10-21_2026-11-20.csv", [header.to_owned(), row("n1", "Success", "0")].join("\n")),
    ];
    let tenant = applied(&files).unwrap();
    let events = &tenant.customer.sign_ins.events;
    let codes: Vec<(&str, i32, bool)> = events.iter().map(|event| (&*event.id, event.error_code, event.is_interactive)).collect();
    assert_eq!(codes, [("e1", 0, true), ("e2", 50126, true), ("e3", -1, true), ("n1", 0, false)]);
    let event = &events[0];
    assert_eq!(event.cross_tenant_access_type.as_deref(), Some("serviceProvider"));
    assert_eq!((event.country.as_deref(), event.asn), (Some("NO"), Some(64500)));
    assert_eq!(event.authentication_requirement.as_deref(), Some("singleFactorAuthentication"));
    assert_eq!(event.authentication_protocol.as_deref(), Some("deviceCode"));
    let coverage = tenant.coverage_of(Dataset::SignIns);
    assert_eq!(coverage.to, Some(now()), "the name says that it reaches to this day");
    assert!(
        coverage.reason.unwrap().contains("1 row could not be read (the first at line 5, column 1: it has fewer fields than the header)")
    );
    let missing = applied(&[import(Kind::SignIns, "s.csv", "\"Date (UTC)\",\"Request ID\"\n1,2\n")]).unwrap_err();
    assert_eq!(missing.to_string(), "s.csv:1:1: the header has no column `Resource tenant ID`");
}

#[test]
fn applications_come_with_their_own_file() {
    let text = format!(
        "Date (UTC),Request ID,Resource tenant ID,Service principal ID,App owner tenant ID,Status\n2026-11-19T08:00:00Z,e1,{OWN},SP,{PARTNER},Success\n"
    );
    let tenant = applied(&[import(Kind::SignIns, "ApplicationSignIns_2026-11-01_2026-11-20.csv", text)]).unwrap();
    assert_eq!(tenant.customer.app_sign_ins.len(), 1);
    assert_eq!(tenant.coverage_of(Dataset::AppSignIns).status, Status::Complete);
    assert_eq!(tenant.coverage_of(Dataset::SignIns).status, Status::Denied);
}

#[test]
fn what_matters_to_nobody_and_what_was_known_is_said() {
    let mut identity = sign_in("m", 19, false, OWN);
    identity["signInEventTypes"] = json!(["managedIdentity"]);
    let mut tenant = applied(&[import(Kind::SignIns, "msi.json", json!([identity]).to_string())]).unwrap();
    let (status, _, why) = reason(&tenant, Dataset::SignIns);
    assert_eq!(status, Status::Denied);
    assert!(why.starts_with("403; msi.json: 1 row of this tenant") && why.ends_with("which never come from outside"), "{why}");

    let both = import(Kind::SignIns, "s.json", json!([sign_in("e1", 19, true, OWN), sign_in("e2", 18, false, OWN)]).to_string());
    for _ in 0..2 {
        apply(&mut tenant, std::slice::from_ref(&both), now(), Limits::new(100)).unwrap();
        assert_eq!(tenant.customer.sign_ins.events.len(), 2);
    }
    assert!(reason(&tenant, Dataset::SignIns).2.contains("2 of their events were read already"));
}

#[test]
fn what_is_foreign_broken_or_from_the_future_is_refused() {
    let refused = |kind: Kind, name: &str, text: String| applied(&[import(kind, name, text)]).unwrap_err().to_string();
    let foreign = refused(Kind::SignIns, "s.json", format!("[\n{}]", sign_in("e", 19, true, OTHER)));
    assert_eq!(foreign, format!("s.json:2:1: no row is of the tenant {OWN}: 1 row of others, the first of {OTHER}"));
    let future = refused(Kind::SignIns, "s.json", format!("[{},\n {}]", sign_in("e", 19, true, OWN), sign_in("f", 21, true, OWN)));
    assert_eq!(future, "s.json:2:2: it is from the future: 2026-11-21T08:00:00Z is after the time of this run, 2026-11-20T09:00:00Z");
    assert_eq!(refused(Kind::SignIns, "s.json", "[{\"id\":\n".into()), "s.json:2:1: broken JSON: EOF while parsing a value");
    assert!(refused(Kind::Audits, "a.json", "[{}]".into()).starts_with("a.json:1:2: no row could be read: "));
    let large = apply(
        &mut tenant(Status::Denied),
        &[import(Kind::Purview, "p", "x".repeat(20))],
        now(),
        Limits { file_bytes: 10, ..Limits::new(1) },
    );
    assert_eq!(large.unwrap_err().to_string(), "p: more than 10 bytes");
    let mut partner = tenant(Status::Denied);
    partner.view = View::Partner;
    assert!(matches!(apply(&mut partner, &[import(Kind::Audits, "a", "[]")], now(), Limits::new(1)), Err(ImportError::NoTenant { .. })));
    let mut nameless = tenant(Status::Denied);
    nameless.tenant_id.clear();
    assert!(matches!(apply(&mut nameless, &[import(Kind::Audits, "a", "[]")], now(), Limits::new(1)), Err(ImportError::NoTenant { .. })));
}

#[test]
fn long_rows_and_many_rows_are_bounded() {
    let mut long = sign_in("long", 19, true, OWN);
    long["userAgent"] = json!("x".repeat(2_000));
    let rows: Vec<Value> = (1..=9).map(|day| sign_in(&format!("e{day}"), day + 10, true, OWN)).chain([long]).collect();
    let mut tenant = tenant(Status::Denied);
    let limits = Limits { row_bytes: 1_000, ..Limits::new(4) };
    apply(&mut tenant, &[import(Kind::SignIns, "s.json", json!(rows).to_string())], now(), limits).unwrap();
    assert_eq!(tenant.customer.sign_ins.events.iter().map(|event| &*event.id).collect::<Vec<_>>(), ["e9", "e8", "e7", "e6"]);
    let coverage = tenant.coverage_of(Dataset::SignIns);
    assert_eq!(coverage.from.map(Timestamp::date).as_deref(), Some("2026-11-16"));
    let why = coverage.reason.unwrap();
    assert!(why.starts_with("--max-records 4 was reached") && why.contains("it is longer than 1000 bytes"), "{why}");
}

#[test]
fn an_empty_log_proves_nothing() {
    let tenant = applied(&[import(Kind::Audits, "a.json", "[]")]).unwrap();
    let (status, _, why) = reason(&tenant, Dataset::Audits);
    assert_eq!(status, Status::Partial);
    assert!(why.contains("it holds no row, which proves nothing"), "{why}");
}

#[test]
fn audits_in_graph_s_form_and_in_the_portal_s() {
    let json = json!([{ "id": "Directory_1", "activityDateTime": "2026-11-19T08:00:00.1Z", "activityDisplayName": "Add member to role", "category": "RoleManagement",
                        "result": 0, "initiatedBy": { "user": { "id": "U1" } }, "targetResources": [{ "id": "T1", "type": "Group" }] },
                      { "id": "Directory_2", "activityDateTime": "2026-11-18T08:00:00Z", "activityDisplayName": "Update user", "category": "UserManagement" }]);
    let csv = "Date (UTC),CorrelationId,Category,Activity,Result,ActorType,ActorDisplayName,ActorObjectId,ActorUserPrincipalName,IPAddress,Target1Type,Target1DisplayName,Target1ObjectId,Target1ModifiedProperty1Name,Target1ModifiedProperty1OldValue,Target1ModifiedProperty1NewValue,Target2Type\n\
               2026-11-19T08:00:00.1000000+00:00,c,RoleManagement,Add member to role,success,User,x,U1,,,Group,,T1,,,,\n\
               2026-11-10T08:00:00+00:00,c,RoleManagement,Add member to role,success,User,Fabrikam Technician,U2,user_1,203.0.113.1,Group,G,T2,Role.TemplateId,,\"\"\"62e9\"\"\",Role\n";
    let mut tenant = applied(&[import(Kind::Audits, "a.json", json.to_string())]).unwrap();
    let events = &tenant.customer.audits;
    assert_eq!(events.len(), 1, "what tells nothing of partners is not kept");
    assert!(events[0].succeeded());
    assert_eq!(tenant.coverage_of(Dataset::Audits).from.map(Timestamp::date).as_deref(), Some("2026-11-18"), "but its time counts");
    apply(&mut tenant, &[import(Kind::Audits, "a.csv", csv)], now(), Limits::new(100)).unwrap();
    let events = &tenant.customer.audits;
    assert_eq!(events.len(), 2, "the portal's row of an event that Graph gave is not a second one");
    assert_eq!((events[0].new_value("Role.TemplateId"), events[0].targets.len()), (Some("62e9"), 2));
    assert_eq!(events[0].actor.user_principal_name.as_deref(), Some("user_1"));
    let (status, records, why) = reason(&tenant, Dataset::Audits);
    assert_eq!((status, records), (Status::Complete, 2));
    assert!(why.contains("its rows do not say of which tenant they are"), "{why}");
}

#[test]
fn purview_in_both_forms() {
    let data = |id: &str, operation: &str, user_type: Value, organization: &str| {
        json!({ "Id": id, "CreationTime": "2026-11-19T08:00:00", "Operation": operation, "OrganizationId": organization, "UserType": user_type, "UserId": "user_1",
                "Workload": "Exchange", "ObjectId": "o", "Parameters": [{ "Name": "User", "Value": "x" }, { "Name": "Identity", "Value": "ceo@contoso.example" }] })
    };
    let quoted = |value: &Value| format!("\"{}\"", value.to_string().replace('"', "\"\""));
    let csv = format!(
        "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,AssociatedAdminUnitsNames\r\n\
         p1,2026-11-19T08:00:00.0000000Z ,1,Add-MailboxPermission,user_1,{},,\r\np2,x,1,x,x,{},,\r\np3,x,1,x,x,{{broken,,\r\np1,x,1,x,x,{},,\r\n",
        quoted(&data("p1", "Add-MailboxPermission", json!(9), OWN)),
        quoted(&data("p2", "Set-Mailbox", json!(9), OTHER)),
        quoted(&data("p1", "Add-MailboxPermission", json!(9), OWN)),
    );
    let lines = format!(
        "{}\n{}\n{}\n",
        data("l1", "MailItemsAccessed", json!("PartnerTechnician"), OWN),
        json!({ "id": "l2", "auditData": { "Id": "l2", "CreationTime": "2026-11-18T09:00:00", "Operation": "MailItemsAccessed", "OrganizationId": OWN, "UserId": "anna@contoso.example", "Workload": "Exchange" } }),
        json!({ "id": "l3", "organizationId": OWN, "createdDateTime": "2026-11-18T00:00:00Z", "AuditData": data("l3", "New-InboxRule", json!(0), OWN).to_string() }),
    );
    let tenant = applied(&[import(Kind::Purview, "p.csv", csv), import(Kind::Purview, "p.jsonl", lines)]).unwrap();
    let events = &tenant.customer.purview;
    assert_eq!(events.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ["l1", "l3", "p1"]);
    let event = &events[2];
    assert_eq!((event.user_type.as_deref(), event.target.as_deref()), (Some("9"), Some("ceo@contoso.example")));
    assert_eq!(event.parameters, ["Identity=ceo@contoso.example", "User=x"]);
    let (status, records, why) = reason(&tenant, Dataset::Purview);
    assert_eq!((status, records), (Status::Partial, 3));
    for part in [
        "1 row could not be read (the first at line 4, column 1: `AuditData` is no JSON)",
        "1 row of other tenants dropped (the first at line 3",
        "1 row stood there before",
    ] {
        assert!(why.contains(part), "{part} in {why}");
    }
    assert!(!why.contains("before that"), "{why}");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60), text in "[\\[\\]{}\",:=a1 \n]{0,60}") {
        for kind in [Kind::Declared, Kind::SignIns, Kind::Audits, Kind::Purview] {
            for name in ["f.json", "f.csv", "f.toml"] {
                let _ = applied(&[import(kind, name, bytes.clone())]);
                let _ = applied(&[import(kind, name, text.clone())]);
            }
        }
    }
}
