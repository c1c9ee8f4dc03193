//! `evaluate`: stored snapshots, judged offline.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::{Look, judge};
use crate::cli::args::{CommonArgs, EvaluateArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::imports::bring_in;
use crate::cli::interrupt::{self, compute};
use crate::cli::options::{self, Evaluate};
use crate::cli::outputs::Outputs;
use crate::domain::Snapshot;
use crate::history::snapshot_file::{self, FormatError, MAX_INFLATED};

/// Runs it.
pub(in crate::cli) fn run(common: &CommonArgs, args: &EvaluateArgs, matches: &ArgMatches) -> Result<Exit, Failure> {
    let Evaluate { files, imports, max_records, now, settings, custom, baseline, exit_zero, output } =
        options::evaluate(common, args, matches)?;
    let look = Look::new(common.color, &output);
    let outputs = Outputs::open(output.formats)?;
    let exit = interrupt::run(async {
        let work = move || {
            let mut snapshot = merge(read_all(&files)?)?;
            let now = now.unwrap_or(snapshot.collected_at);
            bring_in(&mut snapshot.tenants, &imports, now, max_records)?;
            Ok::<_, Failure>((snapshot, now))
        };
        let (snapshot, now) = compute(work).await??;
        judge(snapshot, baseline, (settings, custom), now, outputs, look).await
    })?;
    Ok(exit.or_zero(exit_zero))
}

fn read_all(files: &[PathBuf]) -> Result<Vec<(PathBuf, Snapshot)>, Failure> {
    files.iter().map(|path| Ok((path.clone(), read(path)?))).collect()
}

/// Reads one snapshot.
pub(super) fn read(path: &Path) -> Result<Snapshot, Failure> {
    let failed = |source| Failure::Input { path: path.to_owned(), source };
    let wrong = |source| Failure::Snapshot { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(MAX_INFLATED + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_INFLATED {
        return Err(wrong(FormatError::TooLarge { limit: MAX_INFLATED }));
    }
    snapshot_file::read(&bytes).map_err(wrong)
}

/// Puts the tenants of several snapshots into one: its time is the latest, its look-back what all of them hold.
fn merge(snapshots: Vec<(PathBuf, Snapshot)>) -> Result<Snapshot, Failure> {
    let mut parts = snapshots.into_iter();
    let Some((first_path, mut merged)) = parts.next() else {
        return Err(Failure::Merge { message: "evaluate no file".into() });
    };
    let mut from: Vec<PathBuf> = vec![first_path; merged.tenants.len()];
    for (path, next) in parts {
        if next.only_customer != merged.only_customer {
            let message = format!("judge {} with the others: one of them holds a single customer only", path.display());
            return Err(Failure::Merge { message });
        }
        for tenant in next.tenants {
            let twin = merged.tenants.iter().position(|known| known.tenant_id == tenant.tenant_id && known.view == tenant.view);
            if let Some(other) = twin.and_then(|twin| from.get(twin)) {
                let message = format!("judge {} and {} together: both hold tenant {}", other.display(), path.display(), tenant.tenant_id);
                return Err(Failure::Merge { message });
            }
            merged.tenants.push(tenant);
            from.push(path.clone());
        }
        merged.collected_at = merged.collected_at.max(next.collected_at);
        merged.lookback_days = merged.lookback_days.min(next.lookback_days);
    }
    merged.tenants.sort_by(|a, b| (&a.tenant_id, a.view).cmp(&(&b.tenant_id, b.view)));
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{TenantSnapshot, Timestamp, Tool, View};

    fn snapshot(path: &str, tenant: &str, at: &str, lookback_days: u32) -> (PathBuf, Snapshot) {
        let tenant = TenantSnapshot {
            tenant_id: tenant.into(),
            display_name: String::new(),
            view: View::Partner,
            cloud: "global".into(),
            coverage: Default::default(),
            partner: Default::default(),
            customer: Default::default(),
        };
        let collected_at = Timestamp::parse(at).unwrap();
        let tool = Tool::this();
        (
            path.into(),
            Snapshot { format_version: "1.0".into(), tool, collected_at, lookback_days, only_customer: None, tenants: vec![tenant] },
        )
    }

    #[test]
    fn the_order_of_files_does_not_matter() {
        let a = || snapshot("a", "1", "2026-01-01T00:00:00Z", 30);
        let b = || snapshot("b", "2", "2026-02-01T00:00:00Z", 7);
        let merged = merge(vec![b(), a()]).unwrap();
        assert_eq!(merged, merge(vec![a(), b()]).unwrap());
        assert_eq!((merged.collected_at.date().as_str(), merged.lookback_days, merged.tenants.len()), ("2026-02-01", 7, 2));
        assert_eq!(merge(vec![a()]).unwrap(), a().1);
    }

    #[test]
    fn what_does_not_go_together() {
        let twin = merge(vec![snapshot("a", "1", "2026-01-01T00:00:00Z", 30), snapshot("b", "1", "2026-02-01T00:00:00Z", 30)]);
        let Err(Failure::Merge { message }) = twin else { panic!() };
        assert_eq!(message, "judge a and b together: both hold tenant 1");
        let mut cut = snapshot("b", "2", "2026-02-01T00:00:00Z", 30);
        cut.1.only_customer = Some("c".into());
        assert!(merge(vec![snapshot("a", "1", "2026-01-01T00:00:00Z", 30), cut]).is_err());
    }
}
