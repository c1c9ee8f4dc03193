//! Files that an admin or a partner hands over: what Graph does not give a customer, and logs that the credential cannot read.
//!
//! | file | reads |
//! |---|---|
//! | `declared/` | relationships and partners: a partner's snapshot, Graph's JSON, TOML, CSV |
//! | `sign_ins`, `audits`, `purview` | logs: as Graph gives them, or as a portal downloads them |
//! | `log`, `cover` | the rows of a log file; how a log from files stands beside the one from Graph |
//! | `json`, `csv`, `text`, `time`, `tally` | the forms, the places of rows, and what became of each |
//! | `template` | the file that `init declared` writes |
//!
//! Bytes in, facts out: no file is opened here and no clock is read. Declared facts add and explain; they never remove, lower or complete
//! what was observed. Imported logs count as observed, with a window of their own.

mod audits;
mod cover;
mod csv;
mod declared;
mod error;
mod json;
mod log;
mod purview;
mod sign_ins;
mod tally;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod time;

pub use self::error::ImportError;
pub use self::template::DECLARED_TEMPLATE;
use self::text::Text;
use crate::domain::{Dataset, TenantSnapshot, Timestamp, View};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Relationships and partners, as somebody says.
    Declared,
    /// The sign-in log.
    SignIns,
    /// The directory's audit log.
    Audits,
    /// The unified audit log.
    Purview,
}

impl Kind {
    /// The kinds of `--import`.
    pub const LOGS: [Kind; 3] = [Kind::SignIns, Kind::Audits, Kind::Purview];

    /// The name in flags.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Declared => "declared",
            Kind::SignIns => "sign-ins",
            Kind::Audits => "audits",
            Kind::Purview => "purview",
        }
    }

    /// Reads a kind of `--import`; `None` if there is no such log.
    pub fn parse_log(name: &str) -> Option<Kind> {
        Kind::LOGS.into_iter().find(|kind| kind.name() == name)
    }
}

/// A file.
#[derive(Debug, Clone)]
pub struct Import {
    /// What it holds.
    pub kind: Kind,
    /// Its name, without its folder: reports show it.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// When it was last written, where that is known. Dates the facts of a file that does not say when it was made.
    pub modified: Option<Timestamp>,
}

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a file.
    pub file_bytes: u64,
    /// Bytes of a row; a longer one counts as broken.
    pub row_bytes: usize,
    /// Events of a log that are kept, the newest.
    pub max_records: u64,
}

impl Limits {
    /// The usual sizes, with a number of events.
    pub const fn new(max_records: u64) -> Limits {
        Limits { file_bytes: 256 * 1024 * 1024, row_bytes: 1024 * 1024, max_records }
    }
}

/// What reading a file needs to know.
#[derive(Debug)]
struct Context<'a> {
    /// The tenant that is audited, lower case.
    tenant: &'a str,
    now: Timestamp,
    limits: Limits,
}

impl Context<'_> {
    /// The row, unless it is none or too long.
    fn bounded<'r>(&self, json: Result<&'r str, &'static str>) -> Result<&'r str, String> {
        match json {
            Ok(json) if json.len() > self.limits.row_bytes => Err(self.too_long()),
            other => other.map_err(str::to_owned),
        }
    }

    fn too_long(&self) -> String {
        format!("it is longer than {} bytes", self.limits.row_bytes)
    }

    fn future(&self, text: &Text<'_>, at: usize, found: Timestamp) -> ImportError {
        let (line, column) = text.place(at);
        ImportError::Future { file: text.file.to_owned(), line, column, found: found.to_string(), now: self.now.to_string() }
    }
}

/// Puts what the files say into a customer's snapshot, with its coverage. Nothing is changed if a file is refused.
///
/// # Errors
/// A file that is broken, from the future, too large, or holds nothing of this tenant; a snapshot that is not of a customer's view, or
/// does not say whose it is.
pub fn apply(tenant: &mut TenantSnapshot, files: &[Import], now: Timestamp, limits: Limits) -> Result<(), ImportError> {
    let Some(first) = files.first() else { return Ok(()) };
    let own = tenant.tenant_id.to_ascii_lowercase();
    let refused = |detail| Err(ImportError::NoTenant { file: first.name.clone(), detail });
    if tenant.view != View::Customer {
        return refused("files are for the customer view, and this is the partner's");
    }
    if own.is_empty() {
        return refused("the audited tenant's id could not be read, so that nobody can tell which rows are its own");
    }
    if let Some(large) = files.iter().find(|import| import.bytes.len() as u64 > limits.file_bytes) {
        return Err(ImportError::TooLarge { file: large.name.clone(), limit: limits.file_bytes });
    }
    let context = Context { tenant: &own, now, limits };
    let of = |kind: Kind| -> Vec<(usize, &Import)> { files.iter().enumerate().filter(|(_, import)| import.kind == kind).collect() };

    // Each works on its own copy of what it changes: all files are read before the first fact is.
    let declared = match of(Kind::Declared) {
        list if list.is_empty() => None,
        list => Some(declared::add(&tenant.customer.declared, &tenant.coverage_of(Dataset::Declared), &list, &context)?),
    };
    let sign_ins = match of(Kind::SignIns) {
        list if list.is_empty() => None,
        list => Some(sign_ins::add(tenant, &list, &context)?),
    };
    let audits = match of(Kind::Audits) {
        list if list.is_empty() => None,
        list => Some(audits::add(&tenant.customer.audits, &tenant.coverage_of(Dataset::Audits), &list, &context)?),
    };
    let purview = match of(Kind::Purview) {
        list if list.is_empty() => None,
        list => Some(purview::add(&tenant.customer.purview, &tenant.coverage_of(Dataset::Purview), &list, &context)?),
    };

    if let Some((facts, coverage)) = declared {
        tenant.customer.declared = facts;
        tenant.coverage.insert(Dataset::Declared, coverage);
    }
    if let Some(sign_ins::Added { log, coverage, apps }) = sign_ins {
        tenant.customer.sign_ins = log;
        tenant.coverage.insert(Dataset::SignIns, coverage);
        if let Some((events, coverage)) = apps {
            tenant.customer.app_sign_ins = events;
            tenant.coverage.insert(Dataset::AppSignIns, coverage);
        }
    }
    if let Some((facts, coverage)) = audits {
        tenant.customer.audits = facts;
        tenant.coverage.insert(Dataset::Audits, coverage);
    }
    if let Some((facts, coverage)) = purview {
        tenant.customer.purview = facts;
        tenant.coverage.insert(Dataset::Purview, coverage);
    }
    Ok(())
}
