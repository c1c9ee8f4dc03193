//! The canary: known secrets go in, at the highest verbosity, in success and in failure, and no byte of them comes out.

use crate::support::Program;

const ENDPOINT_ARGS: usize = 4;

struct Canary {
    program: Program,
    secrets: Vec<String>,
    endpoints: [String; ENDPOINT_ARGS],
    tenant: String,
    _server: partnerscope::fixture::Server,
}

/// A program with a real client secret and, by file, a real access token of a fixture server.
fn canary(faults: &[&str]) -> Canary {
    let tenant = partnerscope::fixture::Tenant::load("tidy-msp").unwrap();
    let id = tenant.meta.tenant_id.clone();
    let faults = faults.iter().map(|name| partnerscope::fixture::Fault::parse(name).unwrap()).collect();
    let server = partnerscope::fixture::Server::start(tenant, faults).unwrap();
    let program = Program::new()
        .env("AZURE_TENANT_ID", &id)
        .env("AZURE_CLIENT_ID", server.client_id())
        .env("AZURE_CLIENT_SECRET", server.client_secret());
    program.write("token", &server.access_token());
    Canary {
        secrets: vec![server.client_secret().to_owned(), server.access_token()],
        endpoints: [
            "--graph-endpoint".into(),
            server.graph_endpoint().to_string(),
            "--login-endpoint".into(),
            server.login_endpoint().to_string(),
        ],
        tenant: id,
        program,
        _server: server,
    }
}

impl Canary {
    /// Runs at the highest verbosity and looks for the secrets in all that came out; returns the exit status and standard error.
    fn sing(&self, args: &[&str]) -> (i32, String) {
        let endpoints: Vec<&str> = self.endpoints.iter().map(String::as_str).collect();
        let more = ["--view", "partner", "--tenant", &self.tenant, "--now", "2026-11-20T09:00:00Z", "-vvvv", "--clock-speed", "1000"];
        let run = self.program.run(&[args, &more, &endpoints].concat());
        assert!(run.stderr.len() > 500 || run.code == 2, "the log is on: {}", run.stderr);
        let mut texts = vec![run.stdout, run.stderr.clone()];
        for entry in std::fs::read_dir(self.program.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && path.file_name().unwrap() != "token" {
                texts.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
            }
        }
        for secret in &self.secrets {
            for text in &texts {
                assert!(!text.contains(secret.as_str()), "a secret came out of {args:?}");
                // A part of a token is a token's payload too.
                let part = &secret[..secret.len().min(24)];
                assert!(secret.len() < 24 || !text.contains(part), "a part of a secret came out of {args:?}");
            }
        }
        (run.code, run.stderr)
    }
}

#[test]
fn nothing_comes_out_in_success() {
    let canary = canary(&[]);
    assert_eq!(canary.sing(&["audit", "--format", "json=r.json", "--format", "table"]).0, 0);
    assert_eq!(canary.sing(&["collect", "-o", "s.json"]).0, 0);
    assert_eq!(canary.sing(&["audit", "--credential", "access-token", "--access-token-file", "token"]).0, 0);
    assert_eq!(canary.sing(&["audit", "--log-format", "json"]).0, 0);
}

#[test]
fn nothing_comes_out_when_it_fails() {
    for fault in ["expired-token", "html-504", "reset", "429", "nextlink-foreign-host"] {
        let canary = canary(&[fault]);
        canary.sing(&["audit", "--format", "json=r.json"]);
        canary.sing(&["audit", "--credential", "access-token", "--access-token-file", "token"]);
    }
}

#[test]
fn a_wrong_secret_is_not_shown_either() {
    let mut canary = canary(&[]);
    let wrong = "wrong~secret~canary~0123456789";
    canary.program = canary.program.env("AZURE_CLIENT_SECRET", wrong);
    canary.secrets.push(wrong.into());
    let (code, stderr) = canary.sing(&["audit"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("AADSTS7000215"), "{stderr}");
    assert!(stderr.contains("help:"), "{stderr}");
}

/// Plain http is allowed to this machine because nobody sees it; a proxy would, also where the login endpoint is elsewhere.
#[test]
fn no_proxy_sees_what_goes_to_this_machine() {
    use std::io::Read;
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    proxy.set_nonblocking(true).unwrap();
    let mut canary = canary(&[]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        canary.program = canary.program.env(name, &address);
    }
    let [_, graph, ..] = &canary.endpoints;
    let args = ["audit", "--view", "partner", "--tenant", &canary.tenant, "--graph-endpoint", graph, "--now", "2026-11-20T09:00:00Z"];
    // In real time: few reads, so that no limit makes it wait.
    let few = ["--credential", "access-token", "--access-token-file", "token", "--timeout", "5s", "--skip-dataset", "sign-ins"];
    let run = canary.program.run(&[&args[..], &few].concat());
    if let Ok((mut stream, _)) = proxy.accept() {
        stream.set_read_timeout(Some(std::time::Duration::from_secs(1))).unwrap();
        let mut seen = [0; 4096];
        let length = stream.read(&mut seen).unwrap_or(0);
        panic!("the proxy saw {}", String::from_utf8_lossy(&seen[..length]));
    }
    assert_eq!(run.code, 0, "{}", run.stderr);
    let run = canary.program.run(&["audit", "--fixture", "tidy-msp"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}
