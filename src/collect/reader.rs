//! What every collector is handed: the client, the options, whom to tell.

use std::sync::atomic::{AtomicU64, Ordering};

use super::coverage::Judge;
use super::{Options, Plan, Watch, permissions};
use crate::domain::{Coverage, Dataset};
use crate::graph::{Claims, Client, Get};

/// Facts of one dataset and how well they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read<T> {
    /// The facts; empty where none were read.
    pub(super) facts: T,
    /// How well.
    pub(super) coverage: Coverage,
}

impl<T: Default> Read<T> {
    /// No facts.
    pub(super) fn none(coverage: Coverage) -> Self {
        Read { facts: T::default(), coverage }
    }
}

/// What every collector is handed.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    /// The tenant's client.
    pub(super) client: &'a Client,
    /// What was asked for.
    pub(super) options: &'a Options,
    /// Whom to tell.
    pub(super) watch: &'a dyn Watch,
    /// What the token says of the caller, if it says anything.
    pub(super) claims: Option<&'a Claims>,
}

impl<'a> Reader<'a> {
    /// The coverage of a dataset that is not to be read; `None` if it is.
    pub(super) fn skipped(&self, dataset: Dataset) -> Option<Coverage> {
        match self.options.datasets.get(&dataset) {
            Some(Plan::Skip(reason)) => Some(Coverage::skipped(reason.clone())),
            Some(Plan::Read) | None => None,
        }
    }

    /// What judges the reads of a dataset.
    pub(super) fn judge(&self, dataset: Dataset, licensed: Option<bool>) -> Judge<'a> {
        Judge { dataset, cloud: &self.options.cloud, claims: self.claims, licensed }
    }

    /// Tells that a dataset is being read.
    pub(super) fn progress(&self, dataset: Dataset) -> Progress<'a> {
        let progress = Progress { watch: self.watch, dataset, records: AtomicU64::new(0) };
        progress.tell(0, false);
        progress
    }
}

/// Marks a read as one of `dataset`: with the permission to name if it is refused.
pub(super) fn read_of(dataset: Dataset, get: Get) -> Get {
    get.permission(permissions::of(dataset).application)
}

/// How many records lie between two reports of progress.
const STEP: u64 = 50;

/// Tells how a dataset comes along, over all its reads; dropped, that it is done.
pub(super) struct Progress<'a> {
    watch: &'a dyn Watch,
    dataset: Dataset,
    records: AtomicU64,
}

impl Progress<'_> {
    /// One more record.
    pub(super) fn one(&self) {
        let records = self.records.fetch_add(1, Ordering::Relaxed) + 1;
        if records.is_multiple_of(STEP) {
            self.tell(records, false);
        }
    }

    fn tell(&self, records: u64, done: bool) {
        self.watch.progress(self.dataset, records, done);
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.tell(self.records.load(Ordering::Relaxed), true);
    }
}
