//! The fixture tenants of the customer view through the real client: verdicts, coverage, exit status.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use partnerscope::config::{self, Trust};
use partnerscope::domain::{Dataset, Finding, Need, View};
use partnerscope::policy::evaluate;
use partnerscope::policy::rules::ALL;
use partnerscope::policy::settings::{Approved, Settings};
use serde_json::Value;

use crate::fixture_tenants::copy;
use crate::judging::{CONTOSO, GOVERNED};
use crate::support::{Program, audit, coverage, findings, fixtures, not_evaluated};

const TENANTS: [&str; 7] = ["contoso", "tidy-customer", "free-customer", "denied-customer", "support-case", "governed", "no-partners"];

/// What an audit of each says: exit status and report.
static REPORTS: LazyLock<BTreeMap<&str, (i32, Value)>> =
    LazyLock::new(|| TENANTS.into_iter().map(|name| (name, audit(name, &[]))).collect());

fn report(name: &str) -> &'static Value {
    &REPORTS[name].1
}

fn texts<'r>(report: &'r Value, key: &str) -> BTreeSet<&'r str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding[key].as_str().unwrap()).collect()
}

/// Codes of the rules of the customer view.
fn rules() -> BTreeSet<&'static str> {
    // Those on change fire against a baseline only.
    let metas = ALL.iter().map(|rule| &rule.meta).filter(|meta| meta.views.contains(&View::Customer) && !meta.judges_change());
    metas.map(|meta| meta.code).collect()
}

#[test]
fn each_ends_as_it_should() {
    let exits: Vec<(&str, i32)> = TENANTS.into_iter().map(|name| (name, REPORTS[name].0)).collect();
    let expected = [
        ("contoso", 1),
        ("tidy-customer", 0),
        ("free-customer", 0),
        ("denied-customer", 3),
        ("support-case", 0),
        ("governed", 1),
        ("no-partners", 0),
    ];
    assert_eq!(exits, expected);
}

#[test]
fn each_readme_names_every_finding_and_no_other() {
    for name in TENANTS {
        let readme = std::fs::read_to_string(fixtures().join(name).join("README.md")).unwrap();
        let codes = rules();
        // | rule | what | `subject id` | why |
        let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let mut rows: Vec<(String, String)> = readme
            .lines()
            .map(cells)
            .filter(|cells| cells.len() == 4 && codes.contains(&*cells[0]))
            .map(|cells| (cells[0].clone(), cells[2].trim_matches('`').to_owned()))
            .collect();
        rows.sort();
        assert_eq!(rows, findings(report(name)), "{name}");
    }
}

#[test]
fn every_rule_fires_in_a_tenant() {
    let fired: BTreeSet<&str> = TENANTS.into_iter().flat_map(|name| texts(report(name), "code")).collect();
    // What only a file can tell, and the file of contoso does not: the next test has one.
    let only_declared = BTreeSet::from(["LIF-01", "REC-06"]);
    assert!(fired.is_disjoint(&only_declared), "{fired:?}");
    assert_eq!(&fired | &only_declared, rules());
    let in_contoso = texts(report("contoso"), "code");
    assert!(in_contoso.len() >= 30, "{} rules fire in contoso", in_contoso.len());
}

#[test]
fn a_second_file_adds_and_says_what_only_a_file_can() {
    let program = Program::new();
    program.write(
        "more.toml",
        r#"
            tenant = "5b7d9e02-1c64-4f3a-9a8e-6d20c41f7b35"
            as-of = 2026-11-19
            [[partner]]
            tenant-id = "a41c6b8e-93d7-4e50-8b12-7f0ad5c9e364"
            kind = "Indirect reseller"
            [[partner.relationship]]
            name = "Fabrikam identity"
            status = "active"
            roles = ["Application Administrator"]
            start = 2026-08-19
            end = 2027-01-05
            auto-extend = "yes"
            duration = 90
            [[partner]]
            tenant-id = "2e6d80b5-47fa-4c19-9d3e-b50c71a8f426"
            kind = "Indirect provider"
        "#,
    );
    let (code, more) = program.report(&["audit", "--fixture", "contoso", "--declared", "more.toml"]);
    assert_eq!(code, 1);
    let ids = |report: &Value| findings(report).into_iter().collect::<BTreeSet<_>>();
    let added: Vec<(String, String)> = ids(&more).difference(&ids(report("contoso"))).cloned().collect();
    let codes: Vec<&str> = added.iter().map(|(code, _)| &**code).collect();
    assert_eq!(codes, ["LIF-01", "LIF-02", "PRV-02", "REC-06"], "what is declared, and nothing that was observed");
    let reason = coverage(&more, "declared")["reason"].as_str().unwrap();
    assert!(reason.contains("partner-relationships.toml of 2026-11-18") && reason.contains("more.toml of 2026-11-19"), "{reason}");
}

/// Findings one a line, as judged with the approvals of the tenant's own configuration: the notes stand in no JSON report.
fn lines(name: &str, snapshot: &partnerscope::domain::Snapshot) -> String {
    let config = config::load(&fixtures().join(name).join("partnerscope.toml"), Trust::Discovered).unwrap();
    let approved = config.approved.iter().map(|entry| Approved {
        tenant_id: entry.tenant_id.clone(),
        name: entry.name.clone(),
        roles: entry.roles.clone(),
        until: entry.until,
        owner: entry.owner.clone(),
        ticket: entry.ticket.clone(),
        ..Approved::default()
    });
    let settings = Settings { approved: approved.collect(), ..Settings::default() };
    let judged = evaluate(snapshot, None, &settings, snapshot.collected_at);
    let told: Vec<&str> =
        report(name)["findings"].as_array().unwrap().iter().map(|finding| finding["fingerprint"].as_str().unwrap()).collect();
    let same: Vec<&str> = judged.findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
    assert_eq!(same, told, "{name}: the program judges alike");
    let line = |finding: &Finding| {
        let Finding { code, severity, subject, note, .. } = finding;
        format!("{code} {severity} {} {} | {}", subject.kind, subject.id, note.as_deref().unwrap_or("-"))
    };
    judged.findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_findings_of_contoso() {
    insta::assert_snapshot!("contoso_findings", lines("contoso", &CONTOSO));
}

#[test]
fn the_findings_of_governed() {
    insta::assert_snapshot!("governed_findings", lines("governed", &GOVERNED));
}

#[test]
fn contoso_knows_who_can_administer_it() {
    let classes: BTreeMap<&str, &str> = report("contoso")["tenants"][0]["partners"]
        .as_array()
        .unwrap()
        .iter()
        .map(|partner| (partner["name"].as_str().unwrap(), partner["class"].as_str().unwrap()))
        .collect();
    let expected = BTreeMap::from([
        ("Alpine Ski House", "b2b"),
        ("Fabrikam MSP", "serviceProvider"),
        ("Litware Licensing", "serviceProvider"),
        ("Nod Publishers", "serviceProvider"),
        ("Office 365", "microsoftSupport"),
        ("Proseware IT", "serviceProvider"),
        ("Trey Backup", "appPublisher"),
        ("Wingtip Surveys", "appPublisher"),
        ("Woodgrove Distribution", "serviceProvider"),
        ("e5329a07-8c6f-41d0-b7f4-690e1d3c82b5", "serviceProvider"),
        ("freelance.example", "unknown"),
    ]);
    assert_eq!(classes, expected);
    let table = Program::new().run(&["audit", "--fixture", "contoso"]).stdout;
    let first = table.split("\n\n").next().unwrap().replace('\n', " ");
    assert!(
        first.starts_with("8 outside tenants can administer Contoso: 4 hold tier 0; 6 are not approved; 0 could not be read."),
        "{first}"
    );
}

#[test]
fn a_well_kept_tenant_has_nothing_above_info() {
    for name in ["tidy-customer", "no-partners"] {
        let report = report(name);
        assert_eq!(texts(report, "severity"), BTreeSet::from(["info"]), "{name}");
        assert_eq!(report["notEvaluated"].as_array().unwrap().len(), 0, "{name}: {}", report["notEvaluated"]);
        for row in report["tenants"][0]["coverage"].as_array().unwrap() {
            let expected = if row["need"] == "import" { "skipped" } else { "complete" };
            assert_eq!(row["status"], expected, "{name}: {row}");
        }
    }
    assert_eq!(report("tidy-customer")["tenants"][0]["partners"].as_array().unwrap().len(), 1);
    assert_eq!(report("no-partners")["tenants"][0]["partners"].as_array().unwrap().len(), 0);
}

#[test]
fn a_tenant_without_p1_is_told_so_on_the_first_screen() {
    let screen: Vec<String> =
        Program::new().run(&["audit", "--fixture", "free-customer"]).stdout.lines().take(45).map(str::to_owned).collect();
    let line = |words: &str| screen.iter().position(|line| line.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(words));
    assert!(line("sign-ins unlicensed").is_some_and(|line| line < 24), "{screen:#?}");
    assert!(line("medium COV-01").is_some(), "{screen:#?}");
    let report = report("free-customer");
    for dataset in ["sign-ins", "app-sign-ins"] {
        let row = coverage(report, dataset);
        assert_eq!((&row["status"], &row["licence"]), (&"unlicensed".into(), &"Microsoft Entra ID P1".into()), "{row}");
    }
    assert_eq!(coverage(report, "conditional-access")["status"], "complete", "no P1 proves that there is none");
    let left_out = not_evaluated(report, "partner-signin-without-relationship").unwrap();
    assert_eq!(left_out["countsForExit"], false, "the absence of P1 is proved");
    assert!(report["notEvaluated"].as_array().unwrap().iter().all(|entry| entry["countsForExit"] == false));
}

#[test]
fn what_is_denied_names_its_permission() {
    let report = report("denied-customer");
    for (dataset, permission) in [
        ("organization", "Organization.Read.All"),
        ("role-assignments", "RoleManagement.Read.Directory"),
        ("role-definitions", "RoleManagement.Read.Directory"),
        ("service-principals", "Application.Read.All"),
        ("app-role-assignments", "Application.Read.All"),
        ("delegated-grants", "Application.Read.All"),
        ("sign-ins", "AuditLog.Read.All"),
        ("audits", "AuditLog.Read.All"),
        ("governance", "TenantGovernance-"),
        ("tenant-names", "CrossTenantInformation.ReadBasic.All"),
    ] {
        let row = coverage(report, dataset);
        assert_eq!(row["status"], "denied", "{row}");
        assert!(row["permission"].as_str().unwrap().contains(permission), "{row}");
    }
    for dataset in ["cross-tenant-default", "cross-tenant-partners", "provider-constraints", "conditional-access"] {
        assert_eq!(coverage(report, dataset)["status"], "complete", "{dataset}");
    }
    for rule in
        ["foreign-principal-role-assignment", "partner-app-high-privilege", "partner-grants-directory-role", "partner-signin-single-factor"]
    {
        assert_eq!(not_evaluated(report, rule).unwrap()["countsForExit"], true, "{rule}");
    }
    assert!(texts(report, "code").iter().all(|code| code.starts_with("COV")), "what can be read is in order");
    let stdout = Program::new().run(&["audit", "--fixture", "denied-customer"]).stdout;
    assert!(stdout.contains("permission: RoleManagement.Read.Directory"), "{stdout}");
    assert!(stdout.replace('\n', " ").contains("how many hold tier 0 is not known"), "{stdout}");
}

#[test]
fn a_support_case_is_low_and_no_service_provider() {
    let report = report("support-case");
    let found: Vec<(&str, &str)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["code"].as_str().unwrap(), finding["severity"].as_str().unwrap()))
        .collect();
    assert_eq!(found, [("XTA-05", "low"), ("COV-03", "info")]);
    assert_eq!(report["tenants"][0]["partners"][0]["class"], "microsoftSupport");
}

/// What Graph is asked for a required dataset of the customer view.
const ASKED: [(Dataset, &str); 11] = [
    (Dataset::Organization, "v1.0/organization"),
    (Dataset::CrossTenantDefault, "v1.0/policies/crossTenantAccessPolicy/default"),
    (Dataset::CrossTenantPartners, "v1.0/policies/crossTenantAccessPolicy/partners"),
    (Dataset::RoleAssignments, "v1.0/roleManagement/directory/roleAssignments"),
    (Dataset::RoleDefinitions, "v1.0/roleManagement/directory/roleDefinitions"),
    (Dataset::ServicePrincipals, "v1.0/servicePrincipals"),
    (Dataset::AppRoleAssignments, "v1.0/servicePrincipals/*/appRoleAssignedTo"),
    (Dataset::DelegatedGrants, "v1.0/oauth2PermissionGrants"),
    (Dataset::Audits, "auditLogs/directoryAudits"),
    (Dataset::ConditionalAccess, "v1.0/identity/conditionalAccess/policies"),
    (Dataset::SignIns, "beta/auditLogs/signIns"),
];

#[test]
fn nobody_outside_is_an_answer_only_where_everything_required_was_read() {
    let required: BTreeSet<Dataset> =
        Dataset::of_view(View::Customer).filter(|dataset| dataset.need(View::Customer) == Some(Need::Required)).collect();
    assert_eq!(ASKED.iter().map(|(dataset, _)| *dataset).collect::<BTreeSet<_>>(), required);
    let program = Program::new();
    copy(&fixtures().join("no-partners"), &program.path("tenant"));
    let original = std::fs::read_to_string(program.path("tenant/fixture.toml")).unwrap();
    for (dataset, path) in ASKED {
        program.write("tenant/fixture.toml", &format!("{original}\n[[fail]]\npath = \"{path}\"\nstatus = 403\n"));
        let (code, report) = program.report(&["audit", "--fixture", "tenant"]);
        assert_eq!(coverage(&report, dataset.name())["status"], "denied", "{dataset}");
        assert_eq!(code, 3, "{dataset}: {}", report["notEvaluated"]);
        assert!(!texts(&report, "severity").contains("high"), "{dataset}: a gap is no proof of harm");
        let (code, _) = program.report(&["audit", "--fixture", "tenant", &format!("--skip-dataset={dataset}")]);
        assert_eq!(code, 0, "{dataset}: what is left out on purpose never makes exit 3");
    }
}

#[test]
fn a_fixture_says_which_view_auto_is() {
    for (name, view) in [("contoso", "customer"), ("northwind-msp", "partner")] {
        let of = |args: &[&str]| {
            let (_, report) = audit(name, args);
            let tenants = report["tenants"].as_array().unwrap();
            tenants.iter().map(|tenant| tenant["view"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of(&["--view", "auto"]), [view], "{name}");
        assert_eq!(of(&[]), [view], "{name}: auto is the default");
        assert_eq!(of(&["--view", "both"]), ["partner", "customer"], "{name}");
    }
}

/// Replaces a text in every file of a folder.
fn replace(folder: &Path, from: &str, to: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            replace(&path, from, to);
        } else {
            std::fs::write(&path, std::fs::read_to_string(&path).unwrap().replace(from, to)).unwrap();
        }
    }
}

#[test]
fn a_tenant_is_judged_from_both_sides_in_one_run() {
    // An MSP is a customer too: what tidy-msp shows of its customers, beside what no-partners shows of its own directory.
    let program = Program::new();
    let meta = |name: &str| std::fs::read_to_string(fixtures().join(name).join("fixture.toml")).unwrap();
    let id = |name: &str| meta(name).split_once("tenant-id = \"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let permissions = |name: &str| meta(name).split_once("permissions = [").unwrap().1.split_once(']').unwrap().0.to_owned();
    copy(&fixtures().join("no-partners"), &program.path("tenant"));
    replace(&program.path("tenant"), &id("no-partners"), &id("tidy-msp"));
    copy(&fixtures().join("tidy-msp"), &program.path("tenant"));
    let granted = format!("permissions = [{}{}]", permissions("tidy-msp"), permissions("no-partners"));
    let both = meta("tidy-msp").replace("view = \"partner\"", "view = \"both\"");
    program.write("tenant/fixture.toml", &both.replace(&format!("permissions = [{}]", permissions("tidy-msp")), &granted));

    let (code, report) = program.report(&["audit", "--fixture", "tenant"]);
    assert_eq!(code, 0, "{}", report["notEvaluated"]);
    let [partner, customer] = report["tenants"].as_array().unwrap().as_slice() else { panic!("an entry a view") };
    assert_eq!((&partner["view"], &customer["view"]), (&"partner".into(), &"customer".into()));
    assert_eq!(partner["tenantId"], customer["tenantId"]);
    let datasets = |tenant: &Value| {
        let rows = tenant["coverage"].as_array().unwrap();
        rows.iter().map(|row| row["dataset"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let of_view = |view: View| Dataset::of_view(view).map(|dataset| dataset.name().to_owned()).collect::<BTreeSet<_>>();
    assert_eq!((datasets(partner), datasets(customer)), (of_view(View::Partner), of_view(View::Customer)));
    let alone = |view: &str| {
        let (_, report) = program.report(&["audit", "--fixture", "tenant", "--view", view]);
        texts(&report, "fingerprint").into_iter().map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let together: BTreeSet<String> = texts(&report, "fingerprint").into_iter().map(str::to_owned).collect();
    assert_eq!(&alone("partner") | &alone("customer"), together, "each view says what it says alone");

    let (code, report) = program.report(&["audit", "--fixture", "tenant", "--skip-dataset", "customer/sign-ins"]);
    let status = |view: usize| {
        let rows = report["tenants"][view]["coverage"].as_array().unwrap();
        rows.iter().find(|row| row["dataset"] == "sign-ins").unwrap()["status"].clone()
    };
    assert_eq!((code, status(0), status(1)), (0, "complete".into(), "skipped".into()));
}
