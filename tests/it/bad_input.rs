//! What is wrong is said clearly, with exit 2 and nothing half done.

use crate::support::Program;

/// Runs and expects exit 2, an `error:` line, nothing on standard output; returns standard error.
fn refused(program: &Program, args: &[&str]) -> String {
    let run = program.run(args);
    assert_eq!(run.code, 2, "{args:?}: {}", run.stderr);
    assert_eq!(run.stdout, "", "{args:?}");
    assert!(run.stderr.contains("error"), "{args:?}: {}", run.stderr);
    run.stderr
}

/// The same for a lone run in an empty folder, with words that the message must hold.
fn refuses(args: &[&str], words: &[&str]) {
    let stderr = refused(&Program::new(), args);
    for word in words {
        assert!(stderr.contains(word), "{args:?} does not say {word:?}:\n{stderr}");
    }
}

#[test]
fn names_that_do_not_exist_get_the_nearest() {
    refuses(&["audit", "--fixture", "northwind-mps"], &["northwind-mps", "northwind-msp"]);
    refuses(&["audit", "--fixture", "tidy-msp", "--rule", "gdap-global-administator"], &["gdap-global-administrator"]);
    refuses(&["audit", "--fixture", "tidy-msp", "--skip-rule", "PRV-1"], &["PRV-0"]);
    refuses(&["audit", "--fixture", "tidy-msp", "--skip-dataset", "sign-in"], &["sign-ins"]);
    refuses(&["audit", "--fixture", "tidy-msp", "--require", "grups"], &["groups"]);
    refuses(&["audit", "--fixture", "tidy-msp", "--format", "jsn"], &["json"]);
    refuses(&["audit", "--fixture", "tidy-msp", "--fault", "rest"], &["reset"]);
    refuses(&["rules", "show", "PRV-99"], &["PRV-0"]);
}

#[test]
fn options_of_later_versions_are_refused() {
    for args in
        [&["--history", "runs.db"][..], &["--profile", "lax"], &["--all-tenants"], &["--format", "sarif"], &["--credential", "device-code"]]
    {
        refused(&Program::new(), &[&["audit", "--fixture", "tidy-msp"], args].concat());
    }
    let run = Program::new().run(&["audit", "--fixture", "tidy-msp", "--history", "none"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn no_credential_says_how_to_give_one() {
    // PATH without az: auto finds nothing.
    let program = Program::new().env("PATH", "/nonexistent");
    let stderr = refused(&program, &["audit", "--view", "partner", "--tenant", "11111111-1111-4111-8111-111111111111"]);
    assert!(stderr.contains("AZURE_CLIENT_ID") || stderr.contains("az login"), "{stderr}");
}

#[test]
fn half_a_credential_names_the_other_half() {
    let program = Program::new().env("AZURE_CLIENT_ID", "11111111-1111-4111-8111-111111111111").env("AZURE_CLIENT_SECRET", "x");
    let stderr = refused(&program, &["audit", "--view", "partner"]);
    assert!(stderr.contains("AZURE_TENANT_ID") || stderr.contains("--tenant"), "{stderr}");
}

#[test]
fn an_unreachable_host_is_said_at_once() {
    let program = Program::new()
        .env("AZURE_TENANT_ID", "11111111-1111-4111-8111-111111111111")
        .env("AZURE_CLIENT_ID", "11111111-1111-4111-8111-111111111111")
        .env("AZURE_CLIENT_SECRET", "x");
    // Port 1 of loopback: nothing listens there.
    let args = [
        "audit",
        "--view",
        "partner",
        "--graph-endpoint",
        "http://127.0.0.1:1",
        "--login-endpoint",
        "http://127.0.0.1:1",
        "--timeout",
        "5s",
    ];
    let stderr = refused(&program, &args);
    assert!(stderr.contains("127.0.0.1") || stderr.contains("connection"), "{stderr}");
}

#[test]
fn a_login_endpoint_that_says_nothing_costs_no_more_than_the_timeout() {
    // It takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let login = format!("http://{}", silent.local_addr().unwrap());
    let program = Program::new().env("AZURE_CLIENT_ID", "11111111-1111-4111-8111-111111111111").env("AZURE_CLIENT_SECRET", "x");
    let start = std::time::Instant::now();
    for tenant in ["11111111-1111-4111-8111-111111111111", "contoso.example"] {
        let args = ["audit", "--view", "partner", "--tenant", tenant, "--login-endpoint", &login, "--timeout", "1s"];
        let stderr = refused(&program, &args);
        assert!(stderr.contains("--timeout") && stderr.contains(tenant), "{stderr}");
    }
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn an_endpoint_without_tls_is_refused() {
    refuses(&["audit", "--view", "partner", "--graph-endpoint", "http://graph.example"], &["https"]);
}

#[test]
fn the_wrong_tenant_is_not_audited() {
    let tenant = partnerscope::fixture::Tenant::load("tidy-msp").unwrap();
    let id = tenant.meta.tenant_id.clone();
    let server = partnerscope::fixture::Server::start(tenant, Vec::new()).unwrap();
    let program = Program::new();
    program.write("token", &server.access_token());
    let other = "22222222-2222-4222-8222-222222222222";
    let (graph, login) = (server.graph_endpoint().to_string(), server.login_endpoint().to_string());
    let args = [
        "audit",
        "--view",
        "partner",
        "--credential",
        "access-token",
        "--access-token-file",
        "token",
        "--tenant",
        other,
        "--graph-endpoint",
        &graph,
        "--login-endpoint",
        &login,
    ];
    let stderr = refused(&program, &args);
    assert!(stderr.contains(other) && stderr.contains(&id), "both tenants are named: {stderr}");

    let program = Program::new()
        .env("AZURE_TENANT_ID", other)
        .env("AZURE_CLIENT_ID", server.client_id())
        .env("AZURE_CLIENT_SECRET", server.client_secret());
    let stderr = refused(&program, &["audit", "--view", "partner", "--graph-endpoint", &graph, "--login-endpoint", &login]);
    assert!(stderr.contains("AADSTS90002") && stderr.contains("help:"), "{stderr}");
}

#[test]
fn snapshots_that_are_none() {
    let program = Program::new();
    program.write("foreign.json", "{\"value\": []}");
    program.write("broken.json", "{\"formatVersion\": \"1.0\", \"tenants\": [");
    program.write("newer.json", "{\"formatVersion\": \"2.0\", \"collectedAt\": \"2026-01-01T00:00:00Z\", \"tenants\": []}");
    program.write("empty.json", "");
    std::fs::write(program.path("zip.gz"), [0x1f, 0x8b, 8, 0, 1, 2, 3]).unwrap();
    for (file, word) in [
        ("foreign.json", "snapshot"),
        ("broken.json", "broken.json"),
        ("newer.json", "2.0"),
        ("empty.json", "empty.json"),
        ("zip.gz", "zip.gz"),
        ("missing.json", "missing.json"),
    ] {
        let stderr = refused(&program, &["evaluate", file]);
        assert!(stderr.contains(word), "{file}: {stderr}");
    }
}

/// A file of each kind that is no earlier run, and words that its message must hold.
fn no_earlier_runs(program: &Program) -> Vec<(&'static str, &'static str)> {
    program.write("foreign.json", "{\"value\": []}");
    program.write("list.json", "[]");
    program.write("empty.json", " ");
    program.write("cut.json", "{\"schemaVersion\": \"1.0\", \"run\": {");
    program.write("lacking.json", "{\"schemaVersion\": \"1.0\", \"run\": {}, \"tenants\": [], \"findings\": []}");
    program.write("newer.json", "{\"schemaVersion\": \"2.0\", \"tenants\": 7}");
    program.write("odd.json", "{\"schemaVersion\": \"one\"}");
    program.write("snapshot.json", "{\"formatVersion\": \"2.0\"}");
    std::fs::write(program.path("zip.gz"), [0x1f, 0x8b, 8, 0, 1, 2, 3]).unwrap();
    vec![
        ("foreign.json", "schemaVersion"),
        ("list.json", "not a JSON object"),
        ("empty.json", "the file is empty"),
        ("cut.json", "cut or broken at line 1"),
        ("lacking.json", "missing field"),
        ("newer.json", "version 2.0"),
        ("odd.json", "\"one\""),
        ("snapshot.json", "format 2.0"),
        ("zip.gz", "gzip"),
        ("missing.json", "missing.json"),
    ]
}

#[test]
fn baselines_and_sides_that_are_none() {
    let program = Program::new();
    program.run(&["collect", "--fixture", "tidy-msp", "-o", "s.json"]);
    for (file, word) in no_earlier_runs(&program) {
        for args in [&["evaluate", "s.json", "--baseline", file][..], &["diff", "s.json", file], &["diff", file, "s.json"]] {
            let stderr = refused(&program, args);
            assert!(stderr.contains(word) && stderr.contains(file), "{args:?}: {stderr}");
        }
    }
}

#[test]
fn a_baseline_of_another_tenant_or_view_is_refused() {
    let program = Program::new();
    for (fixture, file) in [("tidy-msp", "msp.json"), ("northwind-msp", "other.json"), ("contoso", "customer.json")] {
        program.run(&["collect", "--fixture", fixture, "-o", file]);
        program.run(&["evaluate", file, "--format", &format!("json=report-of-{file}")]);
    }
    let text = std::fs::read_to_string(program.path("msp.json")).unwrap();
    program.write("view.json", &text.replacen("\"view\":\"partner\"", "\"view\":\"customer\"", 1));
    for baseline in ["other.json", "customer.json", "view.json", "report-of-other.json", "report-of-customer.json"] {
        let stderr = refused(&program, &["evaluate", "msp.json", "--baseline", baseline]);
        assert!(stderr.contains("it holds tenant") && stderr.contains("in the partner view"), "{baseline}: {stderr}");
        let stderr = refused(&program, &["diff", baseline, "msp.json"]);
        assert!(stderr.contains("OLD holds tenant"), "{baseline}: {stderr}");
    }
    // `audit` asks Graph for nothing before it refuses.
    let stderr = refused(&program, &["audit", "--fixture", "contoso", "-vv", "--baseline", "msp.json"]);
    assert!(stderr.contains("it holds tenant") && stderr.contains("in the customer view"), "{stderr}");
    assert!(!stderr.contains("answered method="), "{stderr}");
    let customer = text.split("\"customer\":{\"tenantId\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    program.run(&["collect", "--fixture", "tidy-msp", "--customer", &customer, "-o", "one.json"]);
    program.run(&["evaluate", "one.json", "--format", "json=report-of-one.json"]);
    for args in [
        &["evaluate", "msp.json", "--baseline", "one.json"][..],
        &["diff", "one.json", "msp.json"],
        &["evaluate", "msp.json", "--baseline", "report-of-one.json"],
        &["evaluate", "one.json", "--baseline", "report-of-msp.json"],
        &["diff", "report-of-one.json", "msp.json"],
        &["audit", "--fixture", "tidy-msp", "--baseline", "report-of-one.json"],
    ] {
        assert!(refused(&program, args).contains("a single customer"), "{args:?}");
    }
}

#[test]
fn what_is_new_needs_a_baseline() {
    refuses(&["audit", "--fixture", "tidy-msp", "--fail-on-new", "high"], &["without a baseline", "--baseline FILE"]);
    refuses(&["audit", "--fixture", "tidy-msp", "--fail-on-new", "hgh", "--baseline", "x"], &["did you mean `high`?"]);
    refuses(&["audit", "--fixture", "tidy-msp", "--fail-on-new", "never", "--baseline", "x"], &["never"]);
    refuses(&["diff", "a.json", "b.json", "--format", "jsn"], &["did you mean `json`?"]);
}

#[test]
fn an_older_and_a_richer_snapshot_is_read() {
    let program = Program::new();
    program.run(&["collect", "--fixture", "tidy-msp", "-o", "s.json"]);
    let text = std::fs::read_to_string(program.path("s.json")).unwrap();
    let older = text.replacen("\"formatVersion\": \"1.0\"", "\"formatVersion\": \"0.9\"", 1).replacen(
        "\"formatVersion\":\"1.0\"",
        "\"formatVersion\":\"0.9\"",
        1,
    );
    let richer = text.replacen("\"1.0\"", "\"1.7\", \"fieldOfTomorrow\": {\"a\": [1]}", 1);
    assert!(older != text && richer != text);
    program.write("older.json", &older);
    program.write("richer.json", &richer);
    for file in ["older.json", "richer.json"] {
        let run = program.run(&["evaluate", file]);
        assert_eq!(run.code, 0, "{file}: {}", run.stderr);
    }
}

#[test]
fn outputs_are_tried_before_anything_is_read() {
    let program = Program::new();
    for args in [
        &["audit", "--fixture", "tidy-msp", "--format", "json=nowhere/r.json"][..],
        &["collect", "--fixture", "tidy-msp", "-o", "nowhere/s.json"],
        &["collect", "--fixture", "tidy-msp", "-o", "."],
    ] {
        let stderr = refused(&program, args);
        assert!(stderr.contains("nowhere") || stderr.contains('.'), "{stderr}");
    }
    assert_eq!(std::fs::read_dir(program.folder.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn five_mistakes_are_five_messages() {
    let program = Program::new();
    program.write(
        "policy.toml",
        "lookbak = \"30d\"\nfail-on = \"hgh\"\n\n[rules.gdap-global-administator]\nenabled = true\n\n[rules.gdap-long-duration]\nmax-days = \"a year\"\nmax-dayz = 3\n",
    );
    let stderr = refused(&program, &["audit", "--fixture", "tidy-msp", "--config", "policy.toml"]);
    for place in ["policy.toml:1:1", "policy.toml:2:", "policy.toml:4:", "policy.toml:8:", "policy.toml:9:"] {
        assert!(stderr.contains(place), "no message at {place}:\n{stderr}");
    }
    for near in ["lookback", "high", "gdap-global-administrator", "max-days"] {
        assert!(stderr.contains(near), "no {near}:\n{stderr}");
    }
}

#[test]
fn a_discovered_file_is_not_trusted() {
    for line in [
        "graph-endpoint = \"http://127.0.0.1:9\"",
        "credential = \"azure-cli\"",
        "fail-on = \"never\"",
        "exit-zero = true",
        "tenant = \"x\"",
        "cloud = \"china\"",
    ] {
        let program = Program::new();
        program.write("partnerscope.toml", &format!("{line}\n"));
        let stderr = refused(&program, &["audit", "--view", "partner", "--tenant", "northwind.example"]);
        assert!(stderr.contains("--config"), "{line}: {stderr}");
        assert!(stderr.contains("partnerscope.toml:1:1"), "{line}: {stderr}");
    }
    let program = Program::new();
    program.write("partnerscope.toml", "lookback = \"7d\"\n[rules.gdap-long-duration]\nmax-days = 10\n");
    program.run(&["collect", "--fixture", "tidy-msp", "-o", "s.json"]);
    let (_, with) = program.report(&["evaluate", "s.json"]);
    let (_, without) = program.report(&["evaluate", "s.json", "--no-config"]);
    assert_ne!(with["findings"], without["findings"], "its rules do apply");
}

#[test]
fn usage_is_exit_2() {
    for args in [
        &["audit", "--nonsense"][..],
        &["nonsense"],
        &["audit", "--fault", "reset"],
        &["audit", "--fixture", "tidy-msp", "--now", "yesterday"],
        &["audit", "--fixture", "tidy-msp", "--lookback", "0d"],
        &["evaluate"],
        &["diff"],
        &["diff", "one.json"],
        &["collect", "--fixture", "tidy-msp"],
    ] {
        refused(&Program::new(), args);
    }
}
