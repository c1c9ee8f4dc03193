//! `--declared` and `--import`: files with facts for the customer view.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::args::ImportArgs;
use super::failure::Failure;
use super::layered::{Given, beside};
use super::wire::Stage;
use crate::config::{Layered, Source, nearest};
use crate::domain::{TenantSnapshot, Timestamp, View};
use crate::imports::{self, Import, ImportError, Kind, Limits};

/// Reads the files of the options, and those of a fixture tenant before them. What is in them is looked at when the tenant is known.
pub(super) fn read(given: &Given<'_>, args: &ImportArgs, stage: Option<&Stage>) -> Result<Vec<Import>, Failure> {
    let mut found = stage.map(Stage::imports).unwrap_or_default();
    let declared = given.list("declared", &args.declared);
    for path in &declared.value {
        found.push(file(Kind::Declared, &from(&declared, path))?);
    }
    let logs = given.list("import", &args.import);
    for text in &logs.value {
        let (kind, path) = split(text)?;
        found.push(file(kind, &from(&logs, path))?);
    }
    Ok(found)
}

/// Reads `KIND=FILE`.
fn split(text: &str) -> Result<(Kind, &str), Failure> {
    let names = Kind::LOGS.map(Kind::name);
    let Some((name, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
        return Err(Failure::usage(format!("read the import {text:?}: it is no KIND=FILE"), "write `--import sign-ins=FILE`"));
    };
    let kind = Kind::parse_log(name).ok_or_else(|| Failure::Unknown {
        what: "kind of import",
        name: name.to_owned(),
        nearest: nearest::nearest(name, names).map(str::to_owned),
        list: format!("there are: {}", names.join(", ")),
    })?;
    Ok((kind, path))
}

/// A path of a file is relative to that file's folder.
fn from(list: &Layered<Vec<String>>, path: &str) -> PathBuf {
    match &list.source {
        Source::File { file, .. } => beside(Path::new(file), Path::new(path)),
        _ => PathBuf::from(path),
    }
}

/// Reads one file, no further than files are read at all.
fn file(kind: Kind, path: &Path) -> Result<Import, Failure> {
    let failed = |source| Failure::Input { path: path.to_owned(), source };
    let limit = Limits::new(1).file_bytes;
    let opened = std::fs::File::open(path).map_err(failed)?;
    let modified = opened.metadata().and_then(|there| there.modified()).ok().map(|at| Timestamp::new(at.into()));
    let mut bytes = Vec::new();
    opened.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    if bytes.len() as u64 > limit {
        return Err(Failure::Import(ImportError::TooLarge { file: name, limit }));
    }
    Ok(Import { kind, name, bytes, modified })
}

/// Puts the files into the customer views of a run. With several tenants a file is for those that it has rows of, and for one at least.
pub(super) fn bring_in(tenants: &mut [TenantSnapshot], files: &[Import], now: Timestamp, max_records: u64) -> Result<(), Failure> {
    if files.is_empty() {
        return Ok(());
    }
    let mut customers: Vec<&mut TenantSnapshot> = tenants.iter_mut().filter(|tenant| tenant.view == View::Customer).collect();
    let limits = Limits::new(max_records);
    if let [only] = customers.as_mut_slice() {
        return imports::apply(only, files, now, limits).map_err(Failure::Import);
    }
    if customers.is_empty() {
        return Err(Failure::usage(
            "use files for the customer view: no tenant is looked at as a customer",
            "add `--view customer`, or leave them out",
        ));
    }
    let mut refusals: Vec<Option<ImportError>> = files.iter().map(|_| None).collect();
    let mut is_used = vec![false; files.len()];
    for tenant in customers {
        let mut mine: Vec<usize> = (0..files.len()).collect();
        loop {
            let list: Vec<Import> = mine.iter().filter_map(|at| files.get(*at)).cloned().collect();
            match imports::apply(tenant, &list, now, limits) {
                Ok(()) => break,
                Err(ImportError::Foreign { index, file, line, column, tenant, detail }) => {
                    let at = mine.remove(index);
                    refusals[at] = Some(ImportError::Foreign { index: at, file, line, column, tenant, detail });
                }
                Err(error) => return Err(Failure::Import(error)),
            }
        }
        mine.into_iter().for_each(|at| is_used[at] = true);
    }
    let unused = refusals.into_iter().zip(is_used).find_map(|(refusal, is_used)| refusal.filter(|_| !is_used));
    unused.map_or(Ok(()), |refusal| Err(Failure::Import(refusal)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Coverage, Dataset, Status};

    const ONE: &str = "11111111-0000-4000-8000-000000000001";
    const TWO: &str = "22222222-0000-4000-8000-000000000002";
    const PARTNER: &str = "fa000000-0000-4000-8000-000000000001";

    fn tenant(id: &str, view: View) -> TenantSnapshot {
        let coverage = [(Dataset::Declared, Coverage::skipped("no file was given"))].into();
        TenantSnapshot {
            tenant_id: id.into(),
            display_name: String::new(),
            view,
            cloud: "global".into(),
            coverage,
            partner: Default::default(),
            customer: Default::default(),
        }
    }

    fn declared(of: &str) -> Import {
        let text = format!("tenant = \"{of}\"\n[[partner]]\ntenant-id = \"{PARTNER}\"\n");
        Import { kind: Kind::Declared, name: format!("{of}.toml"), bytes: text.into_bytes(), modified: None }
    }

    fn run(tenants: &mut [TenantSnapshot], files: &[Import]) -> Result<(), Failure> {
        bring_in(tenants, files, Timestamp::parse("2026-11-20T09:00:00Z").unwrap(), 10)
    }

    #[test]
    fn each_tenant_gets_its_own_files_and_no_file_is_for_nobody() {
        let mut both = [tenant(ONE, View::Customer), tenant(TWO, View::Customer)];
        run(&mut both, &[declared(TWO), declared(ONE)]).unwrap();
        for one in &both {
            assert_eq!(one.coverage_of(Dataset::Declared).status, Status::Complete);
            assert_eq!(one.customer.declared.files[0].name, format!("{}.toml", one.tenant_id));
        }
        let stranger = "33333333-0000-4000-8000-000000000003";
        let error = run(&mut both, &[declared(ONE), declared(TWO), declared(stranger)]).unwrap_err();
        assert!(matches!(error, Failure::Import(ImportError::Foreign { index: 2, .. })), "{error:?}");
    }

    #[test]
    fn files_need_a_customer_view() {
        let mut partner = [tenant(ONE, View::Partner)];
        assert!(run(&mut partner, &[]).is_ok());
        assert!(matches!(run(&mut partner, &[declared(ONE)]), Err(Failure::Usage { .. })));
    }

    #[test]
    fn kinds() {
        assert!(matches!(split("sign-ins=a=b.json"), Ok((Kind::SignIns, "a=b.json"))));
        assert!(matches!(split("signins=x"), Err(Failure::Unknown { nearest: Some(near), .. }) if near == "sign-ins"));
        for wrong in ["sign-ins", "sign-ins=", "declared=x"] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }
}
