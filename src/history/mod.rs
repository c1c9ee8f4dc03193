//! Snapshots on disk and the versions of their format; earlier runs as baselines.

pub mod earlier;
mod report_facts;
mod report_file;
pub mod snapshot_file;
