//! Earlier runs: the baseline of a run, and the two sides of a diff.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::custom_rules::CustomRules;
use super::failure::Failure;
use crate::domain::diff::{Baseline, Form, Look, Picture};
use crate::domain::{Snapshot, View, ledger};
use crate::history::earlier::{self, Earlier};
use crate::history::snapshot_file::{FormatError, MAX_INFLATED};
use crate::policy;
use crate::policy::settings::Settings;

/// A file with an earlier run.
#[derive(Debug)]
pub(super) struct EarlierFile {
    path: PathBuf,
    run: Earlier,
}

/// Reads an earlier run, no further than one is read at all.
pub(super) fn read(path: &Path) -> Result<EarlierFile, Failure> {
    let failed = |source| Failure::Input { path: path.to_owned(), source };
    let wrong = |source| Failure::Earlier { path: path.to_owned(), source };
    let opened = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    opened.take(MAX_INFLATED + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_INFLATED {
        return Err(wrong(FormatError::TooLarge { limit: MAX_INFLATED }.into()));
    }
    Ok(EarlierFile { path: path.to_owned(), run: earlier::read(&bytes).map_err(wrong)? })
}

impl EarlierFile {
    /// Refuses a baseline that holds nothing of a tenant that is to be read, as soon as that is known: an hour of collecting is not lost on it.
    pub(super) fn admits(&self, tenant_id: &str, views: &[View]) -> Result<(), Failure> {
        // What is collected is never cut down.
        if self.only_customer().is_some() {
            return Err(cut_down(&self.path));
        }
        let held: Vec<(&str, View)> = match &self.run {
            Earlier::Snapshot(snapshot) => snapshot.tenants.iter().map(|tenant| (tenant.tenant_id.as_str(), tenant.view)).collect(),
            Earlier::Report(report) => report.tenants.keys().map(|(tenant, view)| (tenant.as_str(), *view)).collect(),
        };
        if views.iter().any(|view| held.contains(&(tenant_id, *view))) {
            return Ok(());
        }
        let held: Vec<String> = held.into_iter().map(|(tenant, view)| named(tenant, view)).collect();
        Err(of_another(&self.path, &held, &views.iter().map(|view| named(tenant_id, *view)).collect::<Vec<_>>()))
    }

    /// The baseline of a run over a snapshot. One that holds nothing of what is judged is a mistake.
    pub(super) fn baseline(self, snapshot: &Snapshot, settings: &Settings, custom: &CustomRules) -> Result<Baseline, Failure> {
        let EarlierFile { path, run } = self;
        let baseline = match run {
            Earlier::Snapshot(earlier) => {
                let verdicts = custom.judge(&earlier, settings, earlier.collected_at);
                policy::baseline_with(&earlier, settings, &verdicts)
            }
            Earlier::Report(report) => *report,
        };
        if baseline.only_customer != snapshot.only_customer {
            return Err(cut_down(&path));
        }
        let missing: Vec<String> = snapshot
            .tenants
            .iter()
            .filter(|tenant| baseline.of(&tenant.tenant_id, tenant.view).is_none())
            .map(|tenant| named(&tenant.tenant_id, tenant.view))
            .collect();
        if missing.len() == snapshot.tenants.len() {
            let held: Vec<String> = baseline.tenants.keys().map(|(tenant, view)| named(tenant, *view)).collect();
            return Err(of_another(&path, &held, &missing));
        }
        if !missing.is_empty() {
            tracing::warn!(baseline = %path.display(), "it does not hold {}: nothing there is called new", missing.join(" and "));
        }
        if baseline.collected_at > snapshot.collected_at {
            tracing::warn!(baseline = %path.display(), "it was made after the facts that are judged");
        }
        Ok(baseline)
    }

    /// One side of a diff.
    pub(super) fn look(self, settings: &Settings) -> Look {
        match self.run {
            Earlier::Snapshot(snapshot) => Look {
                form: Form::Snapshot,
                collected_at: snapshot.collected_at,
                pictures: snapshot
                    .tenants
                    .iter()
                    .map(|tenant| {
                        let picture = Picture::of(tenant, &ledger::of_view(tenant, settings.reading), snapshot.collected_at);
                        ((tenant.tenant_id.clone(), tenant.view), picture)
                    })
                    .collect(),
            },
            Earlier::Report(report) => Look {
                form: Form::Report,
                collected_at: report.collected_at,
                pictures: report.tenants.into_iter().map(|(key, before)| (key, before.picture)).collect(),
            },
        }
    }

    /// The customer that it was cut down to.
    pub(super) fn only_customer(&self) -> Option<&str> {
        match &self.run {
            Earlier::Snapshot(snapshot) => snapshot.only_customer.as_deref(),
            Earlier::Report(report) => report.only_customer.as_deref(),
        }
    }
}

fn refused(path: &Path, why: &str, help: &str) -> Failure {
    Failure::usage(format!("use {} as baseline: {why}", path.display()), help)
}

fn cut_down(path: &Path) -> Failure {
    refused(path, "one of it and this run is cut down to a single customer", "take a baseline of the same customer, or one of all of them")
}

fn of_another(path: &Path, held: &[String], wanted: &[String]) -> Failure {
    let held = if held.is_empty() { "no tenant".to_owned() } else { held.join(" and ") };
    let why = format!("it holds {held}, and this run {}", wanted.join(" and "));
    refused(path, &why, "take a snapshot or a JSON report of the same tenant in the same view")
}

/// A tenant in a view, in words.
pub(super) fn named(tenant_id: &str, view: View) -> String {
    format!("tenant {tenant_id} in the {view} view")
}
