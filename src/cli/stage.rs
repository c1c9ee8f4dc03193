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

    /// The view the tenant is meant for; `None`: auto.
    pub(super) fn view(&self) -> Option<View> {
        (self.tenant.meta.view == View::Partner.as_str()).then_some(View::Partner)
    }

    /// The tenant's time.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::new(self.tenant.meta.now)
    }

    /// The tenant's look-back.
    pub(super) fn lookback_days(&self) -> u32 {
        self.tenant.meta.lookback_days
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
