//! `collect`: facts into a file, to be judged later and elsewhere.

use clap::ArgMatches;

use crate::cli::args::{CollectArgs, CommonArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::gather::gather;
use crate::cli::interrupt::{self, compute};
use crate::cli::options::{self, Collect};
use crate::cli::outputs::PendingFile;
use crate::cli::progress::Progress;
use crate::domain::{Dataset, Snapshot, Status, TenantSnapshot};
use crate::history::snapshot_file;
use crate::policy;

/// Runs it.
pub(in crate::cli) fn run(common: &CommonArgs, args: &CollectArgs, matches: &ArgMatches, progress: &Progress) -> Result<Exit, Failure> {
    let Collect { gathering, settings, exit_zero, file, customer } = options::collect(common, args, matches)?;
    let output = PendingFile::open(&file)?;
    let gzip = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    let exit = interrupt::run(async {
        let snapshot = Box::pin(gather(&gathering, None, progress)).await?;
        let misses = snapshot.tenants.iter().any(|tenant| !policy::unaccepted_gaps(tenant, &settings, gathering.now).is_empty());
        let exit = if misses { Exit::Incomplete } else { Exit::Clean };
        let snapshot = match &customer {
            Some(customer) => only(snapshot, customer)?,
            None => snapshot,
        };
        let bytes = compute(move || snapshot_file::write(&snapshot, gzip)).await?;
        output.commit(&bytes.map_err(|source| Failure::Snapshot { path: file.clone(), source })?)?;
        Ok(exit)
    })?;
    Ok(exit.or_zero(exit_zero))
}

/// Cuts the snapshot down to one customer. A file of nobody would look like a customer without partners.
fn only(snapshot: Snapshot, customer: &str) -> Result<Snapshot, Failure> {
    let tenants: Vec<TenantSnapshot> = snapshot.tenants.iter().map(|tenant| tenant.for_customer(customer)).collect();
    if tenants.iter().all(|tenant| tenant.partner.relationships.is_empty()) {
        let fully_read = snapshot.tenants.iter().all(|tenant| tenant.coverage_of(Dataset::Relationships).status == Status::Complete);
        let message = match fully_read {
            true => format!("find a relationship with the customer {customer}"),
            false => format!("find a relationship with the customer {customer} in what could be read"),
        };
        return Err(Failure::usage(message, "`partnerscope audit --full` lists the customers with their relationships"));
    }
    Ok(Snapshot { only_customer: Some(customer.to_owned()), tenants, ..snapshot })
}
