//! Snapshots on disk and the versions of their format.

pub mod snapshot_file;
