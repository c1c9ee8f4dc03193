//! Why a file is not used at all. A row that is not used is counted, and is no error.

use crate::history::snapshot_file::FormatError;

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Its form is broken, or not one of those that are known.
    #[error("{file}:{line}:{column}: {detail}")]
    Broken {
        /// Its name.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong.
        detail: String,
    },
    /// It, or a row of it, is dated after this run.
    #[error("{file}:{line}:{column}: it is from the future: {found} is after the time of this run, {now}")]
    Future {
        /// Its name.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The date in it.
        found: String,
        /// The run's time.
        now: String,
    },
    /// It holds nothing of the tenant.
    #[error("{file}:{line}:{column}: no row is of the tenant {tenant}{detail}")]
    Foreign {
        /// Its place in the list that was handed over.
        index: usize,
        /// Its name.
        file: String,
        /// Line of the first row, from 1.
        line: usize,
        /// Column of the first row, from 1.
        column: usize,
        /// The tenant that is audited.
        tenant: String,
        /// What is there instead, after a colon, or nothing.
        detail: String,
    },
    /// It is larger than what is read.
    #[error("{file}: more than {limit} bytes")]
    TooLarge {
        /// Its name.
        file: String,
        /// Bytes that are read at most.
        limit: u64,
    },
    /// A snapshot that cannot be used.
    #[error("{file}: {source}")]
    Snapshot {
        /// Its name.
        file: String,
        /// Why.
        source: FormatError,
    },
    /// Files belong to the customer view, of a tenant whose id is known.
    #[error("{file}: {detail}")]
    NoTenant {
        /// Its name.
        file: String,
        /// Why.
        detail: &'static str,
    },
}
