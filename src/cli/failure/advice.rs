//! What to say about a failure, and what to do about it: the exact command, permission or address.

use std::collections::BTreeSet;
use std::error::Error;

use super::{Failure, Mismatch, SignIn};
use crate::auth::{AuthError, AuthErrorKind};
use crate::cli::wire::aadsts_hint;
use crate::config::ConfigError;
use crate::domain::access::{AskError, What};
use crate::domain::coverage::denied_permissions;
use crate::domain::{Coverage, Dataset, Status};
use crate::history::earlier::EarlierError;
use crate::history::snapshot_file::FormatError;
use crate::http::transport::{TransportError, TransportErrorKind};
use crate::imports::ImportError;

/// One error with its help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Advice {
    /// A whole line after `error: `.
    pub(super) message: String,
    /// Lines after `help: `.
    pub(super) help: Vec<String>,
}

fn failed(message: impl std::fmt::Display, help: impl IntoIterator<Item = String>) -> Vec<Advice> {
    vec![Advice { message: format!("failed to {message}"), help: help.into_iter().collect() }]
}

fn one(help: &str) -> Vec<String> {
    vec![help.to_owned()]
}

/// The errors of a failure: one, or one for each mistake of a config.
pub(super) fn of(failure: &Failure) -> Vec<Advice> {
    match failure {
        Failure::Usage { message, help } | Failure::Credential { message, help } => failed(message, help.clone()),
        Failure::Config(problems) => problems
            .iter()
            .map(|problem| Advice { message: problem.to_string(), help: problem.help.clone().into_iter().collect() })
            .collect(),
        Failure::ConfigFile(error) => failed(error, config_file(error)),
        Failure::Unknown { what, name, nearest, list } => {
            let near = nearest.as_ref().map(|near| format!("did you mean `{near}`?"));
            failed(format!("find the {what} {name:?}"), near.into_iter().chain([list.clone()]))
        }
        Failure::SignIn(failure) => sign_in(failure),
        Failure::NoTime { tenant } => failed(
            format!("sign in to {tenant} in the time that `--timeout` gives"),
            one("check the network and a proxy (HTTPS_PROXY), or give more time"),
        ),
        Failure::WrongTenant(mismatch) => wrong_tenant(mismatch),
        Failure::Tenants(failures) => failures.iter().flat_map(of).collect(),
        Failure::NothingRead { tenants, graph, consent } => nothing_read(tenants, graph.as_str(), consent.as_deref()),
        Failure::Transport(error) => failed(format!("set up the network: {error}"), transport(error)),
        #[cfg(feature = "fixture")]
        Failure::Fixture(error) => fixture(error),
        Failure::Input { path, source } => failed(format!("read {}: {source}", path.display()), []),
        Failure::Snapshot { path, source } => failed(format!("read {}: {source}", path.display()), snapshot(source)),
        Failure::Earlier { path, source } => failed(format!("read {}: {source}", path.display()), earlier(source)),
        Failure::Import(error) => failed(format!("use {error}"), import(error)),
        Failure::Ask(error) => failed(error, ask(error)),
        Failure::Merge { message } => failed(message, one("evaluate them one by one")),
        Failure::Output { path: Some(path), source } => {
            failed(format!("write {}: {source}", path.display()), one("choose a folder that exists and that you may write to"))
        }
        Failure::Output { path: None, source } => failed(format!("write to standard output: {source}"), []),
        Failure::Render { format, source } => failed(format!("make the {format} report: {}", with_causes(source)), []),
        Failure::Interrupted => {
            vec![Advice { message: "interrupted; nothing was written".into(), help: Vec::new() }]
        }
        Failure::System { what, source } => failed(format!("{what}: {source}"), []),
        Failure::Bug => failed("go on after the bug above", one("rerun with -vv and report what it says")),
    }
}

/// An error with its causes, in one line.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}

fn config_file(error: &ConfigError) -> Vec<String> {
    match error {
        ConfigError::Read { .. } => one("`--no-config` runs without a config file"),
        ConfigError::TooLarge { .. } => Vec::new(),
    }
}

fn snapshot(error: &FormatError) -> Vec<String> {
    match error {
        FormatError::Foreign { .. } => one("`partnerscope collect -o FILE` writes a snapshot"),
        FormatError::Newer { .. } => one("update partnerscope, or collect again with this version"),
        FormatError::Broken { .. } | FormatError::Gzip { .. } => {
            one("the file may have been cut on the way: copy it again, or collect again")
        }
        FormatError::NoTenant => one("collect again: `partnerscope collect -o FILE`; an audit ends with an error if no tenant can be read"),
        FormatError::Twice { .. } => one("collect again: `partnerscope collect -o FILE` writes each tenant once"),
        FormatError::TooLarge { .. } | FormatError::Write { .. } => Vec::new(),
    }
}

fn earlier(error: &EarlierError) -> Vec<String> {
    match error {
        EarlierError::Foreign { .. } => {
            one("`partnerscope collect -o FILE` writes a snapshot, `partnerscope audit --format json=FILE` a report; either will do")
        }
        EarlierError::Newer { .. } => one("update partnerscope, or make the report again with this version"),
        EarlierError::Broken { .. } => one("the file may have been cut on the way: copy it again, or make it again"),
        EarlierError::Twice { .. } => one("make the report again: each tenant stands in it once for each view"),
        EarlierError::Snapshot(error) => snapshot(error),
    }
}

fn ask(error: &AskError) -> Vec<String> {
    match error {
        AskError::NoSuch { what, nearest, unread, .. } => {
            let near = nearest.as_ref().map(|near| format!("did you mean `{near}`?"));
            let names: Vec<&str> = unread.iter().map(|dataset| dataset.name()).collect();
            let blind = (!names.is_empty()).then(|| format!("it may stand in what was not fully read: {}", names.join(", ")));
            let list = match what {
                What::User => "give an object id, a sign-in name or a display name",
                What::Customer | What::Partner => "give a tenant id, a domain or a name; `partnerscope explain SNAPSHOT` lists them",
                What::Role => "give a role's name or id, such as \"Global Administrator\"",
                What::Task => "give a set such as users, groups, licenses or technician-tier1",
            };
            near.into_iter().chain(blind).chain([list.to_owned()]).collect()
        }
        AskError::Several { what, found, .. } => {
            let option = match what {
                What::User => "--user",
                What::Customer => "--customer",
                What::Partner => "--partner",
                What::Role => "--role",
                What::Task => "--task",
            };
            found.iter().map(|(id, name)| format!("{name}: `{option} {id}`")).collect()
        }
    }
}

fn import(error: &ImportError) -> Vec<String> {
    match error {
        ImportError::Broken { .. } => {
            one("docs/declared-and-imports.md shows every form; `partnerscope init declared` writes a file to fill in")
        }
        ImportError::Future { .. } => one("check the clock of this machine, or say with `--now` when the files are judged"),
        ImportError::Foreign { tenant, .. } => {
            vec![format!(
                "give a file that the partner made for this tenant: `partnerscope collect --customer {tenant} -o FILE`, or a log of this tenant"
            )]
        }
        ImportError::TooLarge { .. } => one("download a shorter span, or several files, and repeat the option"),
        ImportError::Snapshot { source, .. } => snapshot(source),
        ImportError::NoTenant { .. } => one("use `--view customer`, with a credential that may read the organization"),
    }
}

fn transport(error: &TransportError) -> Vec<String> {
    match error.kind {
        TransportErrorKind::Tls | TransportErrorKind::Other => {
            one("install the system's CA certificates (package ca-certificates), or name a PEM file with `--ca-file FILE`")
        }
        _ => Vec::new(),
    }
}

#[cfg(feature = "fixture")]
fn fixture(error: &crate::fixture::FixtureError) -> Vec<Advice> {
    use crate::fixture::FixtureError;
    let near = |near: Option<&str>| near.map(|near| format!("did you mean `{near}`?"));
    let help = match error {
        FixtureError::Unknown { nearest, .. } => {
            let list = "`partnerscope fixture list` shows them; a folder with a fixture.toml works too".to_owned();
            near(nearest.as_deref()).into_iter().chain([list]).collect()
        }
        FixtureError::UnknownFault { nearest, .. } => {
            let names = crate::fixture::Fault::ALL.iter().map(|fault| fault.name()).collect::<Vec<_>>().join(", ");
            near(*nearest).into_iter().chain([format!("there are: {names}")]).collect()
        }
        _ => Vec::new(),
    };
    failed(with_causes(error), help)
}

fn wrong_tenant(mismatch: &Mismatch) -> Vec<Advice> {
    let mut parts = Vec::new();
    for (what, id) in [("--tenant is", &mismatch.wanted), ("the token is for", &mismatch.token), ("Graph shows", &mismatch.organization)] {
        if let Some(id) = id {
            parts.push(format!("{what} {id}"));
        }
    }
    let found = mismatch.token.as_ref().or(mismatch.organization.as_ref());
    let retry = found.map(|id| format!("sign in to the tenant that you mean, or audit this one with `--tenant {id}`"));
    failed(format!("agree on the tenant: {}", parts.join(", ")), retry)
}

/// What the application lacks, in one line.
pub(in crate::cli) fn to_grant(permissions: BTreeSet<&str>) -> String {
    format!("grant the application these permissions of Microsoft Graph: {}", permissions.into_iter().collect::<Vec<_>>().join(", "))
}

fn nothing_read(tenants: &[(String, Vec<(Dataset, Coverage)>)], graph: &str, consent: Option<&str>) -> Vec<Advice> {
    let names: Vec<&str> = tenants.iter().map(|(name, _)| name.as_str()).collect();
    let coverages = || tenants.iter().flat_map(|(_, datasets)| datasets).map(|(_, coverage)| coverage);
    let reason = coverages().find_map(|coverage| coverage.reason.as_deref()).unwrap_or("no dataset was asked for");
    let permissions = denied_permissions(coverages());
    let mut help = Vec::new();
    if !permissions.is_empty() {
        help.push(to_grant(permissions));
        help.extend(consent.map(str::to_owned));
    } else if coverages().any(|coverage| coverage.status == Status::Failed) {
        help.push(format!(
            "check that {graph} can be reached, a proxy (HTTPS_PROXY) and its certificate (`--ca-file FILE`); `-vv` shows every call"
        ));
    }
    failed(format!("read anything of {}: {reason}", names.join(", ")), help)
}

fn sign_in(failure: &SignIn) -> Vec<Advice> {
    let SignIn { tenant, error, .. } = failure;
    let whom = tenant.as_deref().map(|tenant| format!(" to {tenant}")).unwrap_or_default();
    let correlation = error.correlation_id.as_deref().map(|id| format!(" (correlation id {id})")).unwrap_or_default();
    let mut help = Vec::new();
    if let Some((meaning, hint)) = error.codes.iter().find_map(|code| aadsts_hint(*code)) {
        help.push(format!("{meaning}: {hint}"));
    }
    if error.codes.iter().any(|code| CONSENT_CODES.contains(code)) {
        help.extend(consent_address(&failure.login, tenant.as_deref(), failure.client_id.as_deref()));
    }
    help.extend(error.claims.as_deref().map(|claims| format!("Conditional Access asks for: {claims}")));
    help.extend(by_kind(error, tenant.as_deref()));
    let message = &error.message;
    match (error.credential, tenant) {
        // Not a credential: the look-up of a tenant's id, which comes before it.
        ("tenant", Some(tenant)) => failed(format!("find the tenant {tenant}: {message}{correlation}"), help),
        _ => failed(format!("sign in{whom} with {error}{correlation}"), help),
    }
}

/// AADSTS codes that consent cures.
const CONSENT_CODES: &[u32] = &[65001, 650_056, 650_057, 700_016, 7_000_229];

/// Where an administrator consents to what the application asks for.
pub(in crate::cli) fn consent_address(login: &url::Url, tenant: Option<&str>, client_id: Option<&str>) -> Option<String> {
    let (tenant, client_id) = (tenant?, client_id?);
    let mut address = login.clone();
    address.path_segments_mut().ok()?.clear().extend([tenant, "adminconsent"]);
    address.query_pairs_mut().append_pair("client_id", client_id);
    Some(format!("an administrator of the tenant consents at {address}"))
}

fn by_kind(error: &AuthError, tenant: Option<&str>) -> Option<String> {
    let login = || tenant.map_or_else(|| "az login".to_owned(), |tenant| format!("az login --tenant {tenant}"));
    Some(match error.kind {
        AuthErrorKind::Variables => {
            "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH), or choose with `--credential`"
                .into()
        }
        AuthErrorKind::TenantName => "give the tenant's id or a domain of it with `--tenant`".into(),
        AuthErrorKind::TenantNotFound => "check the spelling of `--tenant`, and the cloud: `--cloud usgov`, `usgov-dod` or `china`".into(),
        AuthErrorKind::FileUnreadable => "check the path and who may read the file".into(),
        AuthErrorKind::FileFormat => "the file must be PEM with certificate and key, or PFX".into(),
        AuthErrorKind::PfxUnsupported => "convert it: `openssl pkcs12 -in FILE.pfx -out FILE.pem -nodes`".into(),
        AuthErrorKind::PasswordMissing | AuthErrorKind::PasswordWrong => {
            "put the file's password into AZURE_CLIENT_CERTIFICATE_PASSWORD".into()
        }
        AuthErrorKind::KeyEncrypted => {
            "decrypt the key: `openssl pkey -in KEY.pem -out PLAIN.pem`, or use a PFX file with a password".into()
        }
        AuthErrorKind::KeyMissing | AuthErrorKind::CertificateMissing => {
            "put certificate and private key into one file: `cat CERT.pem KEY.pem > BOTH.pem`".into()
        }
        AuthErrorKind::KeyUnfit => "use an RSA key of at least 2048 bits: Entra takes no other".into(),
        AuthErrorKind::PairMismatch => "put the key into the file that belongs to the certificate".into(),
        AuthErrorKind::CertificateExpired => "upload a new certificate to the application and use its file".into(),
        AuthErrorKind::CertificateNotYetValid => "check the clock of this machine".into(),
        AuthErrorKind::AzMissing => {
            "install the Azure CLI, or set AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or choose with `--credential`".into()
        }
        AuthErrorKind::AzSignedOut => format!("run `{}`", login()),
        AuthErrorKind::AzFailed | AuthErrorKind::AzTimeout => "see what `az account get-access-token --resource-type ms-graph` says".into(),
        AuthErrorKind::Unreachable => "check the network and a proxy (HTTPS_PROXY)".into(),
        AuthErrorKind::Tls => "a proxy with its own certificate? name its PEM file with `--ca-file FILE`".into(),
        AuthErrorKind::BadAnswer => "check `--login-endpoint` and `--cloud`; a proxy may have answered in its place".into(),
        AuthErrorKind::NotAToken => {
            "give the token alone, as `az account get-access-token --resource-type ms-graph --query accessToken -o tsv` prints it".into()
        }
        AuthErrorKind::TokenEnded | AuthErrorKind::TokenRefused => {
            "get a new token: `az account get-access-token --resource-type ms-graph --query accessToken -o tsv`".into()
        }
        AuthErrorKind::Refused => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(failure: &Failure) -> String {
        crate::cli::failure::text(failure, false)
    }

    fn sign_in_failure(kind: AuthErrorKind, codes: &[u32]) -> Failure {
        let mut error = AuthError::new("client-secret", kind, "the application was not found");
        error.codes = codes.to_vec();
        Failure::SignIn(Box::new(SignIn {
            tenant: Some("contoso.example".into()),
            client_id: Some("66666666-7777-8888-9999-000000000000".into()),
            login: "https://login.microsoftonline.com".parse().unwrap(),
            error,
        }))
    }

    #[test]
    fn a_missing_consent_names_the_address() {
        let text = shown(&sign_in_failure(AuthErrorKind::Refused, &[65001]));
        assert!(
            text.starts_with("error: failed to sign in to contoso.example with client-secret: the application was not found\n"),
            "{text}"
        );
        assert!(
            text.contains("https://login.microsoftonline.com/contoso.example/adminconsent?client_id=66666666-7777-8888-9999-000000000000"),
            "{text}"
        );
        let other = shown(&sign_in_failure(AuthErrorKind::Tls, &[]));
        assert!(other.contains("--ca-file") && !other.contains("adminconsent"), "{other}");
    }

    #[test]
    fn every_mistake_of_a_config_is_an_error_with_its_place() {
        let config = crate::config::from_text("p.toml", "lokback = 1\nhistory = 1\n", crate::config::Trust::Named);
        assert_eq!(
            shown(&Failure::Config(config.problems)),
            "error: p.toml:1:1: unknown key \"lokback\"\n  help: did you mean `lookback`?\nerror: p.toml:2:1: `history` is not in this version yet\n"
        );
    }

    #[test]
    fn wrong_tenant_and_nothing_read() {
        let mismatch = Mismatch { wanted: Some("a".into()), token: Some("b".into()), organization: None };
        assert_eq!(
            shown(&Failure::WrongTenant(mismatch)),
            "error: failed to agree on the tenant: --tenant is a, the token is for b\n  help: sign in to the tenant that you mean, or audit this one with `--tenant b`\n"
        );
        let denied = Coverage { permission: Some("Group.Read.All".into()), ..Coverage::new(Status::Denied).because("GET /groups: 403") };
        let nothing = Failure::NothingRead {
            tenants: vec![("t".into(), vec![(Dataset::Groups, denied)])],
            graph: Box::new("https://graph.microsoft.com".parse().unwrap()),
            consent: Some("an administrator consents at https://x/".into()),
        };
        assert_eq!(
            shown(&nothing),
            "error: failed to read anything of t: GET /groups: 403\n  help: grant the application these permissions of Microsoft Graph: Group.Read.All\n  help: an administrator consents at https://x/\n"
        );
    }

    #[test]
    fn a_hostile_name_stays_in_its_line() {
        let failure = Failure::Unknown { what: "rule", name: "x\n\u{1b}[2J".into(), nearest: None, list: "l".into() };
        let text = shown(&failure);
        assert_eq!(text.lines().count(), 2);
        assert!(!text.contains('\u{1b}'));
    }
}
