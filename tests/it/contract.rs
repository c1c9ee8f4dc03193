//! Contracts between runs: same bytes, snapshots, handing over, reading only.

use crate::support::{Program, audit, fixtures};

#[test]
fn the_same_run_gives_the_same_bytes() {
    for format in ["json", "table"] {
        let program = Program::new();
        let args = ["audit", "--fixture", "northwind-msp", "--format", format];
        let [first, second] = [program.run(&args), program.run(&args)];
        assert_eq!(first.stdout, second.stdout, "{format}");
        assert!(first.stdout.len() > 1_000);
        assert!(!first.stdout.contains("127.0.0.1"), "no port of the fixture stands in a report");
    }
}

#[test]
fn audit_is_collect_and_evaluate_in_a_row() {
    for format in ["json", "table"] {
        for file in ["snapshot.json", "snapshot.json.gz"] {
            let program = Program::new();
            let audited = program.run(&["audit", "--fixture", "northwind-msp", "--format", format]);
            let collected = program.run(&["collect", "--fixture", "northwind-msp", "-o", file]);
            assert_eq!(collected.code, 3, "one relationship's assignments failed: {}", collected.stderr);
            let config = fixtures().join("northwind-msp/partnerscope.toml");
            let evaluated = program.run(&["evaluate", file, "--format", format, "--config", config.to_str().unwrap()]);
            assert_eq!(evaluated.stdout, audited.stdout, "{format} from {file}");
            assert_eq!(evaluated.code, audited.code);
        }
    }
}

#[test]
fn a_later_time_judges_the_same_facts_otherwise() {
    let program = Program::new();
    program.run(&["collect", "--fixture", "tidy-msp", "-o", "s.json"]);
    let (_, now) = program.report(&["evaluate", "s.json"]);
    let (_, later) = program.report(&["evaluate", "s.json", "--now", "2027-12-01T00:00:00Z"]);
    assert_ne!(now["run"]["id"], later["run"]["id"]);
    assert_eq!(later["run"]["now"], "2027-12-01T00:00:00Z");
    assert_ne!(now["findings"], later["findings"]);
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let program = Program::new();
    program.run(&["collect", "--fixture", "tidy-msp", "-o", "s.json"]);
    program.run(&["audit", "--fixture", "tidy-msp", "--format", "json=r.json", "--format", "table=t.txt"]);
    for name in ["s.json", "r.json", "t.txt"] {
        let mode = std::fs::metadata(program.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let left: Vec<_> = std::fs::read_dir(program.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "no temporary file is left: {left:?}");
}

#[test]
fn what_is_handed_to_one_customer_holds_nothing_of_another() {
    let program = Program::new();
    program.run(&["collect", "--fixture", "northwind-msp", "-o", "all.json"]);
    let all: serde_json::Value = serde_json::from_slice(&std::fs::read(program.path("all.json")).unwrap()).unwrap();
    let relationships = all["tenants"][0]["partner"]["relationships"].as_array().unwrap();
    let customers: std::collections::BTreeMap<&str, &str> = relationships
        .iter()
        .filter_map(|relationship| {
            let customer = relationship.get("customer")?;
            Some((customer["tenantId"].as_str()?, customer["displayName"].as_str().unwrap_or_default()))
        })
        .collect();
    assert!(customers.len() > 10);
    for customer in customers.keys().take(4) {
        let run = program.run(&["collect", "--fixture", "northwind-msp", "-o", "one.json", "--customer", customer]);
        assert!(matches!(run.code, 0 | 3), "{}", run.stderr);
        let text = std::fs::read_to_string(program.path("one.json")).unwrap();
        assert!(text.contains(customer));
        for (other, name) in customers.iter().filter(|(other, _)| other != &customer) {
            assert!(!text.contains(other), "{customer}'s file names {other}");
            assert!(name.len() < 6 || !text.contains(name), "{customer}'s file names {name}");
        }
        assert!(program.run(&["evaluate", "one.json"]).code != 2);
    }
    let unknown =
        program.run(&["collect", "--fixture", "northwind-msp", "-o", "x.json", "--customer", "00000000-0000-4000-8000-00000000dead"]);
    assert_eq!(unknown.code, 2, "a customer that is not there is no empty file");
    assert!(!program.path("x.json").exists());
}

#[test]
fn it_only_reads() {
    let tenant = partnerscope::fixture::Tenant::load("northwind-msp").unwrap();
    let id = tenant.meta.tenant_id.clone();
    let server = partnerscope::fixture::Server::start(tenant, Vec::new()).unwrap();
    let program = Program::new()
        .env("AZURE_TENANT_ID", &id)
        .env("AZURE_CLIENT_ID", server.client_id())
        .env("AZURE_CLIENT_SECRET", server.client_secret());
    let (graph, login) = (server.graph_endpoint(), server.login_endpoint());
    let endpoints = ["--graph-endpoint", graph.as_str(), "--login-endpoint", login.as_str()];
    let (code, _) = program.report(
        &[&["audit", "--view", "partner", "--tenant", &id, "--now", "2026-11-20T09:00:00Z", "--clock-speed", "1000"], &endpoints[..]]
            .concat(),
    );
    assert_eq!(code, 1, "the same verdict through a real credential");
    let requests = server.requests();
    assert!(requests.len() > 20);
    for (method, path) in requests {
        let is_sign_in = path.contains("/oauth2/v2.0/token");
        assert!(method == "GET" || (method == "POST" && (path.ends_with("/$batch") || is_sign_in)), "{method} {path}");
    }
}

#[test]
fn one_tenant_that_cannot_be_signed_in_to_takes_nothing_from_the_others() {
    const NOBODY: &str = "00000000-0000-4000-8000-00000000dead";
    let tenant = partnerscope::fixture::Tenant::load("tidy-msp").unwrap();
    let id = tenant.meta.tenant_id.clone();
    let server = partnerscope::fixture::Server::start(tenant, Vec::new()).unwrap();
    let program = Program::new().env("AZURE_CLIENT_ID", server.client_id()).env("AZURE_CLIENT_SECRET", server.client_secret());
    let (graph, login) = (server.graph_endpoint(), server.login_endpoint());
    let with = |tenants: &[&str], command: &[&str]| {
        let tenants: Vec<&str> = tenants.iter().flat_map(|id| ["--tenant", id]).collect();
        let rest = ["--view", "partner", "--graph-endpoint", graph.as_str(), "--login-endpoint", login.as_str(), "--clock-speed", "1000"];
        program.run(&[command, &tenants, &rest[..]].concat())
    };
    let audit = ["audit", "--now", "2026-11-20T09:00:00Z", "--format", "json"];
    let run = with(&[NOBODY, &id], &audit);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, report["tenants"].as_array().unwrap().len()), (2, 1), "{}", run.stderr);
    assert_eq!(report["tenants"][0]["tenantId"], *id);
    assert!(run.stderr.contains(NOBODY) && run.stderr.contains("AADSTS90002"), "{}", run.stderr);
    let run = with(&[&id, NOBODY], &["collect", "-o", "s.json"]);
    assert!(run.code == 2 && program.path("s.json").exists(), "{}", run.stderr);
    let run = with(&[NOBODY, "00000000-0000-4000-8000-00000000beef"], &audit);
    assert!(run.code == 2 && run.stdout.is_empty() && run.stderr.contains("beef"), "{}", run.stderr);
}

#[test]
fn a_tenant_with_the_same_facts_in_another_folder_is_the_same() {
    let folder = fixtures().join("tidy-msp");
    let (_, by_name) = audit("tidy-msp", &[]);
    let (_, by_folder) = audit(folder.to_str().unwrap(), &[]);
    assert_eq!(by_name, by_folder);
}
