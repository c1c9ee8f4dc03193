//! Whoever is signed in to the Azure CLI. The one credential that starts a child process.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use chrono::DateTime;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use zeroize::Zeroizing;

use super::{AuthError, AuthErrorKind, Credential, Token, entra_error, tenant};

/// Name of this credential.
pub const NAME: &str = "azure-cli";

/// On Windows it is a batch file, which is not found without its ending.
const PROGRAM: &str = if cfg!(windows) { "az.cmd" } else { "az" };
/// A cold start of az's Python takes seconds; a sign-in behind it some more.
const TIMEOUT: Duration = Duration::from_secs(60);
const LARGEST: u64 = 1024 * 1024;

/// Delegated tokens of the account that `az login` left signed in.
#[derive(Debug)]
pub struct AzureCli {
    tenant: Option<String>,
    scope: String,
    program: Vec<OsString>,
    timeout: Duration,
}

impl AzureCli {
    /// `tenant`: id or domain, checked at the first call; none: the CLI's own. `scope`: [`super::cloud::Cloud::scope`].
    pub fn new(tenant: Option<&str>, scope: &str) -> Self {
        AzureCli { tenant: tenant.map(str::to_owned), scope: scope.to_owned(), program: vec![PROGRAM.into()], timeout: TIMEOUT }
    }

    /// The whole command line, without a shell: no argument is taken apart.
    fn command(&self) -> Result<Command, AuthError> {
        let (program, first) = self.program.split_first().ok_or_else(|| failed("there is no program to start"))?;
        let mut command = Command::new(program);
        command.args(first).args(["account", "get-access-token", "-o", "json", "--scope", &self.scope]);
        if let Some(tenant) = &self.tenant {
            let tenant = tenant::check(tenant).map_err(|error| AuthError::new(NAME, AuthErrorKind::TenantName, error.to_string()))?;
            command.args(["--tenant", &tenant]);
        }
        // Both go into memory and nowhere else: the one holds the token, the other may name people.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        if let Some(system) = std::env::var_os("SystemRoot").filter(|_| cfg!(windows)) {
            command.current_dir(system); // cmd.exe looks for programs in the current folder first
        }
        Ok(command)
    }

    async fn ask(&self) -> Result<Token, AuthError> {
        let mut command = self.command()?;
        let (status, out, err) = match tokio::time::timeout(self.timeout, run(&mut command)).await {
            Ok(ended) => ended.map_err(not_started)?,
            Err(_) => {
                let message = format!("az did not answer within {} seconds", self.timeout.as_secs());
                return Err(AuthError::new(NAME, AuthErrorKind::AzTimeout, message));
            }
        };
        if status.success() { read_answer(&out) } else { Err(read_failure(status, &String::from_utf8_lossy(&err))) }
    }
}

impl Credential for AzureCli {
    fn name(&self) -> &'static str {
        NAME
    }

    fn token(&self) -> BoxFuture<'_, Result<Token, AuthError>> {
        self.ask().boxed()
    }
}

type Output = Zeroizing<Vec<u8>>;

/// Runs to the end, reading both outputs meanwhile. Dropping it ends the child.
async fn run(command: &mut Command) -> std::io::Result<(ExitStatus, Output, Output)> {
    let mut child = command.spawn()?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err, status) = tokio::join!(drain(out), drain(err), child.wait());
    Ok((status?, out?, err?))
}

/// Reads to the end and keeps the first MiB.
async fn drain(pipe: Option<impl AsyncRead + Unpin>) -> std::io::Result<Output> {
    let mut kept = Zeroizing::new(Vec::new());
    if let Some(mut pipe) = pipe {
        (&mut pipe).take(LARGEST).read_to_end(&mut kept).await?;
        tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    }
    Ok(kept)
}

fn not_started(error: std::io::Error) -> AuthError {
    match error.kind() {
        std::io::ErrorKind::NotFound => AuthError::new(NAME, AuthErrorKind::AzMissing, "az was not found on the path"),
        kind => failed(&format!("az could not be run ({kind})")),
    }
}

/// `expiresOn` is local time without a zone, so it is not read. Versions before 2.54 have no `expires_on`: then the token's own `exp` tells.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "accessToken")]
    access_token: String,
    #[serde(default)]
    expires_on: Option<i64>,
}

fn read_answer(out: &[u8]) -> Result<Token, AuthError> {
    let answer: Answer = serde_json::from_slice(out).map_err(|_| failed("az gave an answer that is not understood"))?;
    let text = Zeroizing::new(answer.access_token);
    let ends = answer.expires_on.and_then(|at| DateTime::from_timestamp(at, 0));
    Token::read(&text, ends).ok_or_else(|| failed("az gave something that is no token"))
}

/// Nothing of az's own words is passed on but Entra's numbers.
fn read_failure(status: ExitStatus, err: &str) -> AuthError {
    let mut error = if err.contains("az login") || err.contains("No subscription found") {
        AuthError::new(NAME, AuthErrorKind::AzSignedOut, "az has nobody signed in, or asks to sign in again")
    } else if matches!(status.code(), Some(127 | 9009)) {
        AuthError::new(NAME, AuthErrorKind::AzMissing, "az was not found on the path")
    } else {
        failed(&format!("az account get-access-token failed ({status})"))
    };
    error.codes = entra_error::codes_in(err);
    error.codes.dedup();
    if let Some(first) = error.codes.first() {
        error.message.push_str(&format!(": AADSTS{first}"));
    }
    error
}

fn failed(message: &str) -> AuthError {
    AuthError::new(NAME, AuthErrorKind::AzFailed, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::jwt;

    #[test]
    fn the_end_is_the_unix_time_alone() {
        let body = format!(
            r#"{{"accessToken":"{}","expiresOn":"1999-01-01 00:00:00.000000","expires_on":4000000000,"subscription":"s","tenant":"t","tokenType":"Bearer"}}"#,
            jwt(r#"{"exp":1,"scp":"User.Read","upn":"ann@contoso.com"}"#)
        );
        let token = read_answer(body.as_bytes()).unwrap();
        assert_eq!(token.expires_at.unwrap().timestamp(), 4_000_000_000);
        assert_eq!(token.claims.identity.as_deref(), Some("ann@contoso.com"));
        let old = format!(r#"{{"accessToken":"{}","expiresOn":"1999-01-01 00:00:00.000000"}}"#, jwt(r#"{"exp":4000000001}"#));
        assert_eq!(read_answer(old.as_bytes()).unwrap().expires_at.unwrap().timestamp(), 4_000_000_001);
    }

    #[test]
    fn what_is_not_understood_is_not_shown() {
        for body in ["", "canary", r#"{"accessToken":"can ary"}"#, r#"{"accessToken":["canary"]}"#, r#"{"expires_on":"canary"}"#] {
            let error = read_answer(body.as_bytes()).unwrap_err();
            assert_eq!(error.kind, AuthErrorKind::AzFailed);
            assert!(!format!("{error:?}").contains("canary"));
        }
    }

    #[test]
    fn the_command_line() {
        let line = |tenant| {
            let command = AzureCli::new(tenant, "https://graph.microsoft.com/.default").command().unwrap();
            let args: Vec<String> = command.as_std().get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
            args.join(" ")
        };
        assert_eq!(line(None), "account get-access-token -o json --scope https://graph.microsoft.com/.default");
        assert!(line(Some("Contoso.com")).ends_with(" --tenant contoso.com"));
        let error = AzureCli::new(Some("a&calc.exe"), "s").command().unwrap_err();
        assert_eq!(error.kind, AuthErrorKind::TenantName);
    }

    #[cfg(unix)]
    async fn play(script: &str, timeout: Duration) -> Result<Token, AuthError> {
        let program = ["sh", "-c", script, "az"].map(OsString::from).to_vec();
        AzureCli { program, timeout, ..AzureCli::new(None, "scope") }.ask().await
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_run_that_works() {
        let script = r#"test "$1 $2 $6" = "account get-access-token scope" && echo noise >&2 && printf '{"accessToken":"opaque","expires_on":4000000000}'"#;
        assert_eq!(play(script, TIMEOUT).await.unwrap().secret.expose(), "opaque");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn runs_that_fail_are_told_apart() {
        let cases = [
            ("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1", AuthErrorKind::AzSignedOut, 0),
            ("echo 'AADSTS700082: canary ended. To re-authenticate: az login' >&2; exit 1", AuthErrorKind::AzSignedOut, 700082),
            ("echo 'AADSTS65002: canary' >&2; exit 1", AuthErrorKind::AzFailed, 65002),
            ("echo canary; exit 3", AuthErrorKind::AzFailed, 0),
            ("exit 127", AuthErrorKind::AzMissing, 0),
        ];
        for (script, kind, code) in cases {
            let error = play(script, TIMEOUT).await.unwrap_err();
            assert_eq!((error.kind, error.codes.first().copied().unwrap_or(0)), (kind, code), "{script}");
            assert!(!format!("{error:?}{error}").contains("canary"));
        }
    }

    #[tokio::test]
    async fn az_that_is_not_there() {
        let cli = AzureCli { program: vec!["/nowhere/az".into()], ..AzureCli::new(None, "scope") };
        assert_eq!(cli.ask().await.unwrap_err().kind, AuthErrorKind::AzMissing);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn az_that_hangs() {
        let error = play("exec sleep 5", Duration::from_millis(30)).await.unwrap_err();
        assert_eq!(error.kind, AuthErrorKind::AzTimeout);
    }
}
