//! The only place that builds the parts and puts them together: transport, credential, client, fixture server, rules, formats.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::agreement::Seen;
use super::credentials::Plan;
use super::failure::{Failure, SignIn};
use super::options::{Gathering, Target};
use super::progress::Progress;
use super::target::Network;
use super::terminal::process_env;
use crate::auth::access_token::AccessToken;
use crate::auth::auto::{self, Choice};
use crate::auth::azure_cli::AzureCli;
use crate::auth::client_certificate::ClientCertificate;
use crate::auth::client_secret::ClientSecret;
use crate::auth::cloud::Login;
use crate::auth::{AuthError, Claims, Credential, TokenCache, aadsts, tenant};
use crate::collect;
use crate::domain::access::Explanation;
use crate::domain::diff::Diff;
use crate::domain::{Dataset, Report, RuleMeta, TenantSnapshot, View};
use crate::graph::{Client, ClientOptions};
use crate::http::clock::Clock;
use crate::http::transport::{HttpTransport, Transport, TransportOptions};
use crate::report;
use crate::secret::Secret;

#[cfg(not(feature = "fixture"))]
pub(super) use super::no_stage::Stage;
#[cfg(feature = "fixture")]
pub(super) use super::stage::Stage;

/// How much faster than real time a fixture's waiting runs.
pub(super) const SPEED: u32 = 1_000;

/// How long making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// A signed-in client.
pub(super) struct Connection {
    pub(super) client: Client,
    /// What the token says.
    pub(super) claims: Claims,
    /// Name of the credential.
    pub(super) credential: &'static str,
    /// `--tenant`, resolved to an id.
    pub(super) wanted: Option<String>,
    /// The application that signed in, where it is known.
    pub(super) client_id: Option<String>,
}

impl Connection {
    /// What is known of the tenant before anything is read.
    pub(super) fn seen(&self) -> Seen<'_> {
        Seen { wanted: self.wanted.as_deref(), token: self.claims.tenant_id.as_deref(), organization: None }
    }
}

/// The transport of a network.
pub(super) fn transport(network: &Network) -> Result<Arc<dyn Transport>, Failure> {
    let options = TransportOptions {
        ca_file: network.ca_file.clone(),
        loopback_only: network.is_loopback_only(),
        user_agent: format!("partnerscope/{} ({}; {})", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH),
        connect_timeout: CONNECT_TIMEOUT,
    };
    Ok(Arc::new(HttpTransport::new(&options).map_err(Failure::Transport)?))
}

/// Signs in to a tenant.
pub(super) async fn connect(target: &Target, clock: &Clock, progress: &Progress) -> Result<Connection, Failure> {
    let network = &target.network;
    let login = Login { endpoint: network.login.clone() };
    let transport = transport(network)?;
    let scope = network.cloud.scope(&network.graph);
    let named = target.asked.tenant.as_deref();
    let failed = |client_id: Option<&str>, error: AuthError| {
        let client_id = client_id.map(str::to_owned);
        Failure::SignIn(Box::new(SignIn { tenant: named.map(str::to_owned), client_id, login: network.login.clone(), error }))
    };
    let (credential, client_id) = credential(&target.credential, named, &transport, &login, &scope, &failed)?;
    let wanted = match named {
        Some(named) => {
            Some(tenant::resolve(Arc::clone(&transport), &login, named).await.map_err(|error| failed(client_id.as_deref(), error))?)
        }
        None => None,
    };
    let tokens = Arc::new(TokenCache::new(credential, clock.clone()));
    let token = tokens.token().await.map_err(|error| failed(client_id.as_deref(), error))?;
    let credential = tokens.credential_name();
    let client = client(transport, network, network.graph.clone(), tokens, clock, progress);
    let client_id = client_id.or_else(|| token.claims.app_id.clone());
    Ok(Connection { client, claims: token.claims, credential, wanted, client_id })
}

/// The client over a transport and a token cache.
pub(super) fn client(
    transport: Arc<dyn Transport>,
    network: &Network,
    endpoint: Url,
    tokens: Arc<TokenCache>,
    clock: &Clock,
    progress: &Progress,
) -> Client {
    Client::new(ClientOptions {
        transport,
        endpoint,
        tokens,
        clock: clock.clone(),
        observer: Arc::new(progress.clone()),
        concurrency: network.concurrency,
        batch: network.batch,
        // `--timeout` is in real time, the client's deadline in the clock's.
        deadline: network.timeout.map(|timeout| timeout.saturating_mul(clock.speed())),
        limits: true,
    })
}

type Built = (Arc<dyn Credential>, Option<String>);

/// Builds the credential of a plan; with it the application that it stands for.
fn credential(
    plan: &Plan,
    tenant: Option<&str>,
    transport: &Arc<dyn Transport>,
    login: &Login,
    scope: &str,
    failed: &dyn Fn(Option<&str>, AuthError) -> Failure,
) -> Result<Built, Failure> {
    let parts = Parts { transport, login, scope, failed };
    match plan {
        Plan::AccessToken(token) => Ok((Arc::new(AccessToken::new(token.clone())), None)),
        Plan::AzureCli => Ok((Arc::new(AzureCli::new(tenant, scope)), None)),
        Plan::ClientSecret { client_id, secret } => Ok(parts.secret(needed(tenant)?, client_id, secret.clone())),
        Plan::ClientCertificate { client_id, path, password } => parts.certificate(needed(tenant)?, client_id, path, password.clone()),
        Plan::Variables { client_id } => {
            // The tenant and the application that this run is about stand in front of the variables of the same meaning.
            let env = |name: &str| match name {
                "AZURE_TENANT_ID" => tenant.map(str::to_owned),
                "AZURE_CLIENT_ID" => client_id.clone(),
                other => process_env(other),
            };
            match auto::choose(&env).map_err(|error| failed(client_id.as_deref(), error))? {
                Choice::ClientSecret { tenant, client_id, secret } => Ok(parts.secret(&tenant, &client_id, secret)),
                Choice::ClientCertificate { tenant, client_id, path, password } => parts.certificate(&tenant, &client_id, &path, password),
                Choice::AzureCli { tenant } => Ok((Arc::new(AzureCli::new(tenant.as_deref(), scope)), None)),
            }
        }
    }
}

struct Parts<'a> {
    transport: &'a Arc<dyn Transport>,
    login: &'a Login,
    scope: &'a str,
    failed: &'a dyn Fn(Option<&str>, AuthError) -> Failure,
}

impl Parts<'_> {
    fn secret(&self, tenant: &str, client_id: &str, secret: Secret) -> Built {
        let credential = ClientSecret::new(Arc::clone(self.transport), self.login, tenant, client_id, secret, self.scope);
        (Arc::new(credential), Some(client_id.to_owned()))
    }

    fn certificate(&self, tenant: &str, client_id: &str, path: &Path, password: Option<Secret>) -> Result<Built, Failure> {
        let transport = Arc::clone(self.transport);
        let credential = ClientCertificate::from_file(transport, self.login, tenant, client_id, path, password, self.scope);
        Ok((Arc::new(credential.map_err(|error| (self.failed)(Some(client_id), error))?), Some(client_id.to_owned())))
    }
}

fn needed(tenant: Option<&str>) -> Result<&str, Failure> {
    tenant.ok_or_else(|| Failure::Credential {
        message: "sign in: there is no tenant".into(),
        help: vec!["give `--tenant ID|DOMAIN`, or set AZURE_TENANT_ID".into()],
    })
}

/// Reads one view of a tenant.
pub(super) async fn read(client: &Client, gathering: &Gathering, view: View, cloud: &str, progress: &Progress) -> TenantSnapshot {
    let plan = |dataset: Dataset| match gathering.skip.get(&dataset).filter(|(only, _)| only.is_none_or(|only| only == view)) {
        Some((_, reason)) => collect::Plan::Skip(reason.clone()),
        None => collect::Plan::Read,
    };
    let options = collect::Options {
        now: gathering.now,
        lookback_days: gathering.lookback_days,
        max_records: gathering.max_records,
        datasets: Dataset::of_view(view).map(|dataset| (dataset, plan(dataset))).collect(),
        cloud: cloud.to_owned(),
    };
    match view {
        View::Partner => collect::partner(client, &options, progress).await,
        View::Customer => collect::customer(client, &options, progress).await,
    }
}

/// What a format is called, if there is one of that name; else the nearest.
pub(super) fn format_name(name: &str) -> Result<&'static str, Option<&'static str>> {
    report::find(name).map(|format| format.name)
}

/// The same for `diff`.
pub(super) fn diff_format_name(name: &str) -> Result<&'static str, Option<&'static str>> {
    let names = || report::DIFF_FORMATS.iter().map(|format| format.name);
    names().find(|known| *known == name).ok_or_else(|| crate::config::nearest::nearest(name, names()))
}

/// Renders a diff in a format that [`diff_format_name`] knows.
pub(super) fn render_diff(diff: &Diff, name: &'static str, options: &report::RenderOptions) -> Result<String, Failure> {
    let format = report::DIFF_FORMATS.iter().find(|format| format.name == name).unwrap_or(&report::DIFF_FORMATS[0]);
    (format.render)(diff, options).map_err(|source| Failure::Render { format: name, source })
}

/// Renders a report in a format that [`format_name`] knows.
pub(super) fn render(report: &Report, name: &'static str, options: &report::RenderOptions) -> Result<String, Failure> {
    let format = report::find(name).unwrap_or(&report::FORMATS[0]);
    (format.render)(report, options).map_err(|source| Failure::Render { format: name, source })
}

/// The same for `explain`.
pub(super) fn explain_format_name(name: &str) -> Result<&'static str, Option<&'static str>> {
    let names = || report::EXPLAIN_FORMATS.iter().map(|format| format.name);
    names().find(|known| *known == name).ok_or_else(|| crate::config::nearest::nearest(name, names()))
}

/// Renders an explanation in a format that [`explain_format_name`] knows.
pub(super) fn render_explanation(
    explanation: &Explanation<'_>,
    name: &'static str,
    options: &report::RenderOptions,
) -> Result<String, Failure> {
    let format = report::EXPLAIN_FORMATS.iter().find(|format| format.name == name).unwrap_or(&report::EXPLAIN_FORMATS[0]);
    (format.render)(explanation, options).map_err(|source| Failure::Render { format: name, source })
}

/// Renders the list of rules.
pub(super) fn render_rules(
    metas: &[&RuleMeta],
    format: &report::rules::RulesFormat,
    options: &report::RenderOptions,
) -> Result<String, Failure> {
    (format.render)(metas, options).map_err(|source| Failure::Render { format: format.name, source })
}

/// Meaning and hint of an `AADSTS` number.
pub(super) fn aadsts_hint(code: u32) -> Option<(&'static str, &'static str)> {
    aadsts::advice(code).map(|known| (known.meaning, known.hint))
}
