//! A fixture tenant in place of the network.

use super::args::NetworkArgs;
use super::credentials::Plan;
use super::failure::Failure;
use super::layered::{Given, InPlace};
use super::options::Target;
use super::target::{Asked, Network};
use crate::auth::cloud::Cloud;
use crate::config::{Layered, keys, units};
use crate::domain::{Timestamp, View};
use crate::fixture::{Fault, Identity, Server, Tenant};
use crate::imports::{Import, Kind};
use crate::secret::Secret;

/// A fixture tenant with the faults to play.
#[derive(Debug)]
pub(super) struct Stage {
    tenant: Tenant,
    faults: Vec<Fault>,
    timeout: Option<std::time::Duration>,
    concurrency: usize,
    batch: bool,
}

impl Stage {
    /// Finds tenant and faults.
    pub(super) fn load(name: &str, faults: &[String]) -> Result<Stage, Failure> {
        let tenant = Tenant::load(name)?;
        let faults = faults.iter().map(|fault| Fault::parse(fault)).collect::<Result<Vec<_>, _>>()?;
        Ok(Stage { tenant, faults, timeout: None, concurrency: 1, batch: true })
    }

    /// The config that takes the place of a discovered one.
    pub(super) fn config(&self) -> InPlace {
        let name = format!("{}/{}", self.tenant.name, crate::config::FILE_NAME);
        InPlace { name, text: self.tenant.config_text().map(str::to_owned) }
    }

    /// The views the tenant is meant for; a `fixture.toml` names one of them or `both`.
    pub(super) fn views(&self) -> Vec<View> {
        let meant = self.tenant.meta.view.as_str();
        [View::Partner, View::Customer].into_iter().filter(|view| meant == "both" || meant == view.as_str()).collect()
    }

    /// The tenant's time.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::new(self.tenant.meta.now)
    }

    /// The tenant's look-back.
    pub(super) fn lookback_days(&self) -> u32 {
        self.tenant.meta.lookback_days
    }

    /// The tenant's own files of declared facts and logs. Without a date of their own, so that equal runs give equal bytes.
    pub(super) fn imports(&self) -> Vec<Import> {
        let declared = self.tenant.meta.declared.iter().map(|path| (Kind::Declared, path.as_str()));
        let logs = self.tenant.meta.imports.iter().filter_map(|text| {
            let (kind, path) = text.split_once('=')?;
            Some((Kind::parse_log(kind)?, path))
        });
        let import = |(kind, path): (Kind, &str)| {
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            Some(Import { kind, name, bytes: self.tenant.file(path)?.to_vec(), modified: None })
        };
        declared.chain(logs).filter_map(import).collect()
    }

    /// What of the network options counts on loopback too.
    pub(super) fn with_network(self, given: &Given<'_>, args: &NetworkArgs) -> Result<Stage, Failure> {
        let read = |text: Layered<String>| {
            units::duration(&text.value)
                .map_err(|message| Failure::Usage { message: format!("read {}: {message}", text.source), help: Vec::new() })
        };
        let concurrency = given.int("concurrency", args.concurrency).map_or(1, |number| number.value.clamp(1, keys::MAX_CONCURRENCY));
        Ok(Stage {
            timeout: given.text("timeout", args.timeout.as_ref()).map(read).transpose()?,
            concurrency: usize::try_from(concurrency).unwrap_or(1),
            batch: !given.switch("no-batch", args.no_batch),
            ..self
        })
    }

    /// Starts the server. It serves until it is dropped.
    pub(super) fn start(&self) -> Result<(Server, Target), Failure> {
        let server = Server::start(self.tenant.clone(), self.faults.clone())?;
        let credential = match self.tenant.meta.identity {
            Identity::App => {
                Plan::ClientSecret { client_id: server.client_id().to_owned(), secret: Secret::new(server.client_secret().to_owned()) }
            }
            Identity::Delegated => Plan::AccessToken(Secret::new(server.access_token())),
        };
        let network = Network {
            cloud: Cloud::Global,
            graph: server.graph_endpoint(),
            login: server.login_endpoint(),
            ca_file: None,
            timeout: self.timeout,
            concurrency: self.concurrency,
            batch: self.batch,
        };
        let asked = Asked { tenant: Some(self.tenant.meta.tenant_id.clone()), label: self.tenant.name.clone(), entry: None };
        Ok((server, Target { asked, network, credential }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Coverage, Dataset, Status, TenantSnapshot};
    use crate::imports::{Limits, apply};

    #[test]
    fn the_files_of_every_fixture_tenant_are_whole() {
        let mut files = 0;
        for tenant in Tenant::embedded() {
            let stage = Stage::load(&tenant.name, &[]).unwrap();
            let imports = stage.imports();
            assert_eq!(imports.len(), tenant.meta.declared.len() + tenant.meta.imports.len(), "{}", tenant.name);
            let mut snapshot = TenantSnapshot {
                tenant_id: tenant.meta.tenant_id.clone(),
                display_name: String::new(),
                view: View::Customer,
                cloud: "global".into(),
                coverage: [Dataset::Declared, Dataset::Purview].map(|dataset| (dataset, Coverage::skipped("no file was given"))).into(),
                partner: Default::default(),
                customer: Default::default(),
            };
            apply(&mut snapshot, &imports, stage.now(), Limits::new(1_000)).unwrap();
            for kind in imports.iter().map(|import| import.kind) {
                let dataset = Dataset::parse(kind.name()).unwrap();
                let coverage = snapshot.coverage_of(dataset);
                assert_eq!(coverage.status, Status::Complete, "{}: {dataset}: {:?}", tenant.name, coverage.reason);
                files += 1;
            }
        }
        assert!(files >= 2, "{files}");
    }
}
