//! `fixture`: the tenants that need no network.

use std::fmt::Write as _;

use crate::cli::args::FixtureCommand;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupt;
use crate::cli::outputs::print;
use crate::cli::wire::SPEED;
use crate::domain::Timestamp;
use crate::fixture::{Fault, Identity, Server, Tenant};

/// Runs it.
pub(in crate::cli) fn run(command: &FixtureCommand) -> Result<Exit, Failure> {
    match command {
        FixtureCommand::List => print(&list(&Tenant::embedded()))?,
        FixtureCommand::Serve { name, fault } => serve(name, fault)?,
    }
    Ok(Exit::Clean)
}

/// Name, view, exit status of an audit, and what is wrong with the tenant.
fn list(tenants: &[Tenant]) -> String {
    let width = tenants.iter().map(|tenant| tenant.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for Tenant { name, meta, .. } in tenants {
        let _ = writeln!(text, "{name:<width$}  {:<8}  exit {}  {}", meta.view, meta.expected_exit, meta.description);
    }
    text
}

fn serve(name: &str, faults: &[String]) -> Result<(), Failure> {
    let tenant = Tenant::load(name)?;
    let faults = faults.iter().map(|fault| Fault::parse(fault)).collect::<Result<Vec<_>, _>>()?;
    let identity = tenant.meta.identity;
    let (id, now) = (tenant.meta.tenant_id.clone(), tenant.meta.now);
    let server = Server::start(tenant, faults)?;
    print(&instructions(&server, identity, &id, &Timestamp::new(now).to_string()))?;
    interrupt::run(async {
        interrupt::ended().await;
        Ok(())
    })
    .or_else(|failure| match failure {
        // Ctrl-C is how serving ends.
        Failure::Interrupted => Ok(()),
        other => Err(other),
    })
}

/// How to use the server from another shell. Its secrets are made up and open nothing else.
fn instructions(server: &Server, identity: Identity, tenant: &str, now: &str) -> String {
    let (graph, login) = (server.graph_endpoint(), server.login_endpoint());
    let (graph, login) = (graph.as_str().trim_end_matches('/'), login.as_str().trim_end_matches('/'));
    let credential = match identity {
        Identity::App => format!("export AZURE_CLIENT_ID={}\nexport AZURE_CLIENT_SECRET={}\n", server.client_id(), server.client_secret()),
        Identity::Delegated => format!("export PARTNERSCOPE_ACCESS_TOKEN={}\n", server.access_token()),
    };
    format!(
        "# serving until Ctrl-C\n{credential}partnerscope audit --tenant {tenant} --graph-endpoint {graph} --login-endpoint {login} --now {now} --clock-speed {SPEED}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_serve_prints_runs_without_real_waits() {
        let tenant = Tenant::load("northwind-msp").unwrap();
        let server = Server::start(tenant, Vec::new()).unwrap();
        let text = instructions(&server, Identity::App, "t", "2026-11-20T09:00:00Z");
        let command = text.lines().last().unwrap();
        assert!(command.contains("--clock-speed 1000") && !command.contains("/ "), "{command}");
    }
}
