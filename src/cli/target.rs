//! What to audit and where it is: tenants by id, domain or name, clouds and endpoints.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::args::NetworkArgs;
use super::credentials::pick_text;
use super::failure::Failure;
use super::layered::{Given, one_of};
use super::terminal::Env;
use crate::auth::cloud::Cloud;
use crate::config::nearest::nearest;
use crate::config::{Layered, Source, TenantEntry, TenantField, keys, units};

/// One tenant as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// Id or domain, checked; `None`: the credential's own tenant.
    pub(super) tenant: Option<String>,
    /// How to call it before its name is known.
    pub(super) label: String,
    /// Its `[[tenant]]`.
    pub(super) entry: Option<TenantEntry>,
}

/// The tenants of `--tenant`; without one that of AZURE_TENANT_ID, else the credential's own.
pub(super) fn asked(given: &Given<'_>, names: &[String], env: Env<'_>) -> Result<Vec<Asked>, Failure> {
    let entries = given.layers.file().map(|file| file.tenants.as_slice()).unwrap_or_default();
    let mut names = given.flags("tenant", names);
    if names.is_empty() {
        names.extend(env("AZURE_TENANT_ID").filter(|id| !id.trim().is_empty()));
    }
    let mut asked: Vec<Asked> = Vec::new();
    for name in names {
        let one = find(&name, entries)?;
        if !asked.iter().any(|earlier| earlier.tenant == one.tenant) {
            asked.push(one);
        }
    }
    if asked.is_empty() {
        asked.push(Asked { tenant: None, label: "the tenant of the credential".into(), entry: None });
    }
    Ok(asked)
}

/// By the name of a `[[tenant]]`, else as id or domain; the entry of that id counts too.
fn find(name: &str, entries: &[TenantEntry]) -> Result<Asked, Failure> {
    if let Some(entry) = entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name.trim())) {
        return Ok(Asked { tenant: Some(entry.id.clone()), label: entry.name.clone(), entry: Some(entry.clone()) });
    }
    match units::tenant(name) {
        Ok(tenant) => {
            let entry = entries.iter().find(|entry| entry.id == tenant).cloned();
            Ok(Asked { label: tenant.clone(), tenant: Some(tenant), entry })
        }
        Err(message) => {
            let near = nearest(name, entries.iter().map(|entry| entry.name.as_str()));
            let help = near.map_or_else(
                || "give a tenant id, a domain such as contoso.onmicrosoft.com, or the name of a [[tenant]] in `--config FILE`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            Err(Failure::usage(format!("find the tenant: {message}"), help))
        }
    }
}

/// How to reach Graph and the login endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) cloud: Cloud,
    pub(super) graph: Url,
    pub(super) login: Url,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) timeout: Option<Duration>,
    pub(super) concurrency: usize,
    pub(super) batch: bool,
}

impl Network {
    /// True if nothing but this machine is asked.
    pub(super) fn is_loopback_only(&self) -> bool {
        [&self.graph, &self.login].iter().all(|url| match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        })
    }
}

/// Settles cloud and endpoints for one tenant.
pub(super) fn network(given: &Given<'_>, args: &NetworkArgs, entry: Option<&TenantEntry>, env: Env<'_>) -> Result<Network, Failure> {
    let cloud = pick_text(given, "cloud", args.cloud.as_ref(), entry, TenantField::Cloud);
    one_of("cloud", cloud.as_ref())?;
    let graph = endpoint(given.text("graph-endpoint", args.graph_endpoint.as_ref()))?;
    let login = endpoint(given.text("login-endpoint", args.login_endpoint.as_ref()))?;
    let cloud = match cloud.filter(|cloud| cloud.source != Source::Default) {
        Some(cloud) => Cloud::parse(&cloud.value).unwrap_or(Cloud::Global),
        None if login.is_some() => Cloud::Global,
        None => cloud_of_authority(env)?,
    };
    let timeout = given.text("timeout", args.timeout.as_ref()).map(read_timeout).transpose()?;
    let concurrency = given.int("concurrency", args.concurrency).map_or(1, |number| number.value.clamp(1, keys::MAX_CONCURRENCY));
    Ok(Network {
        graph: graph.unwrap_or_else(|| cloud.graph()),
        login: login.unwrap_or_else(|| cloud.login()),
        cloud,
        ca_file: given.path("ca-file", args.ca_file.as_ref()).map(|path| path.value),
        timeout,
        concurrency: usize::try_from(concurrency).unwrap_or(1),
        batch: !given.switch("no-batch", args.no_batch),
    })
}

fn endpoint(text: Option<Layered<String>>) -> Result<Option<Url>, Failure> {
    let Some(text) = text else { return Ok(None) };
    units::endpoint(&text.value)
        .map(Some)
        .map_err(|message| Failure::Usage { message: format!("read {}: {message}", text.source), help: Vec::new() })
}

fn read_timeout(text: Layered<String>) -> Result<Duration, Failure> {
    units::duration(&text.value).map_err(|message| Failure::Usage { message: format!("read {}: {message}", text.source), help: Vec::new() })
}

/// The cloud whose login host AZURE_AUTHORITY_HOST names.
fn cloud_of_authority(env: Env<'_>) -> Result<Cloud, Failure> {
    let Some(text) = env("AZURE_AUTHORITY_HOST").filter(|text| !text.trim().is_empty()) else { return Ok(Cloud::Global) };
    let written = text.trim();
    let host = Url::parse(written).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| written.to_owned());
    let found = Cloud::ALL.into_iter().find(|cloud| cloud.login().host_str() == Some(host.as_str()));
    found.ok_or_else(|| {
        Failure::usage(
            "read AZURE_AUTHORITY_HOST: it is the login host of no cloud",
            "choose the cloud with `--cloud`, or give `--login-endpoint`",
        )
    })
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;
    use crate::cli::args::{AuditArgs, Cli, Command, command};
    use crate::config::{Layers, Trust, from_text};

    fn with<R>(line: &[&str], file: &str, check: impl FnOnce(&Given<'_>, &AuditArgs) -> R) -> R {
        let matches = command().try_get_matches_from([&["partnerscope", "audit"], line].concat()).unwrap();
        let Command::Audit(args) = Cli::from_arg_matches(&matches).unwrap().command else { panic!("audit") };
        let file = from_text("p.toml", file, Trust::Named);
        assert_eq!(file.problems, []);
        check(&Given::new(matches.subcommand_matches("audit").unwrap(), Layers::new(Some(file))), &args)
    }

    const FILE: &str = "[[tenant]]\nname = \"contoso\"\nid = \"contoso.example\"\ncloud = \"usgov\"\n";

    #[test]
    fn tenants_by_name_id_and_domain() {
        let asked = |line: &[&str], azure: Option<&str>| {
            with(line, FILE, |given, args| {
                let env = |name: &str| azure.filter(|_| name == "AZURE_TENANT_ID").map(str::to_owned);
                super::asked(given, &args.target.tenant, &env)
            })
        };
        let one =
            asked(&["--tenant", "Contoso", "--tenant", "contoso.example", "--tenant", "fabrikam.example"], Some("x.example")).unwrap();
        assert_eq!(one.iter().map(|one| one.label.as_str()).collect::<Vec<_>>(), ["contoso", "fabrikam.example"]);
        assert_eq!(one[0].entry.as_ref().map(|entry| entry.name.as_str()), Some("contoso"));
        assert_eq!(asked(&[], Some("x.example")).unwrap()[0].tenant.as_deref(), Some("x.example"));
        assert_eq!(asked(&[], None).unwrap()[0].tenant, None);
        let Err(Failure::Usage { help, .. }) = asked(&["--tenant", "contso"], None) else { panic!() };
        assert_eq!(help, ["did you mean `contoso`?"]);
    }

    #[test]
    fn the_cloud_of_flag_tenant_and_authority() {
        let network = |line: &[&str], authority: Option<&str>, named: bool| {
            with(line, FILE, |given, args| {
                let env = |name: &str| authority.filter(|_| name == "AZURE_AUTHORITY_HOST").map(str::to_owned);
                let entry = given.layers.file().and_then(|file| file.tenants.first()).filter(|_| named);
                super::network(given, &args.network, entry, &env)
            })
        };
        assert_eq!(network(&[], None, false).unwrap().cloud, Cloud::Global);
        assert_eq!(network(&[], None, true).unwrap().cloud, Cloud::UsGov);
        assert_eq!(network(&["--cloud", "china"], None, true).unwrap().cloud, Cloud::China);
        assert_eq!(network(&[], Some("https://login.chinacloudapi.cn/"), false).unwrap().cloud, Cloud::China);
        assert!(network(&[], Some("https://evil.example"), false).is_err());
        let own =
            network(&["--graph-endpoint", "http://127.0.0.1:1", "--login-endpoint", "http://localhost:2", "--timeout", "90s"], None, false)
                .unwrap();
        assert!(own.is_loopback_only() && own.timeout == Some(Duration::from_secs(90)) && own.batch && own.concurrency == 16);
        for wrong in [["--graph-endpoint", "http://graph.example"], ["--timeout", "90"], ["--cloud", "globul"]] {
            assert!(network(&wrong, None, false).is_err(), "{wrong:?}");
        }
    }
}
