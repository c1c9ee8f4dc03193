//! Microsoft Graph on top of `http` and `auth`: single reads, lists over pages, batches. Reads only.

mod address;
mod ahead;
mod batch;
mod batch_wire;
mod by_ids;
mod call;
mod client;
mod decode;
mod error;
mod list;
mod paging;
mod skew;
mod splitter;

#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;

pub use address::literal;
pub use by_ids::ByIds;
pub use client::{Client, ClientOptions};
pub use error::{GraphError, GraphErrorKind};

pub use crate::auth::Claims;
pub use crate::http::{Observer, Silent};

/// Which API version a path belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// `/v1.0`
    V1,
    /// `/beta`
    Beta,
}

/// Which of Microsoft's limits a request counts against; each tenant has one limiter for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bucket {
    /// Everything without a limit of its own: concurrency grows and halves.
    Directory,
    /// "Identity and access reports": 5 in any 10 seconds.
    Reports,
    /// `signInActivity`: 10 in any minute.
    SignInActivity,
    /// Conditional Access: 1 in any second.
    ConditionalAccess,
}

/// A read that is asked of Graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Get {
    /// API version.
    pub version: Version,
    /// For errors and logs: the path with `{}` in place of ids.
    pub template: &'static str,
    /// The path, ids percent-encoded, without version.
    pub path: String,
    /// Query options, unencoded, in order.
    pub query: Vec<(&'static str, String)>,
    /// Send `Prefer: include-unknown-enum-members`.
    pub unknown_enums: bool,
    /// Send `ConsistencyLevel: eventual`.
    pub eventual: bool,
    /// The limit it counts against.
    pub bucket: Bucket,
    /// The least permission that it needs, for messages.
    pub permission: &'static str,
}

impl Get {
    /// A v1.0 read. Each `{}` of the template takes one argument, percent-encoded.
    pub fn v1(template: &'static str, args: &[&str]) -> Self {
        Get::new(Version::V1, template, args)
    }

    /// A beta read.
    pub fn beta(template: &'static str, args: &[&str]) -> Self {
        Get::new(Version::Beta, template, args)
    }

    fn new(version: Version, template: &'static str, args: &[&str]) -> Self {
        Get {
            version,
            template,
            path: address::path(template, args),
            query: Vec::new(),
            unknown_enums: false,
            eventual: false,
            bucket: Bucket::Directory,
            permission: "",
        }
    }

    /// Adds a query option (`$top`, `$select`, `$filter`).
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Asks for enum members that are hidden otherwise.
    #[must_use]
    pub fn unknown_enums(mut self) -> Self {
        self.unknown_enums = true;
        self
    }

    /// Asks for the advanced query index.
    #[must_use]
    pub fn eventual(mut self) -> Self {
        self.eventual = true;
        self
    }

    /// The limit it counts against.
    #[must_use]
    pub fn bucket(mut self, bucket: Bucket) -> Self {
        self.bucket = bucket;
        self
    }

    /// The least permission it needs.
    #[must_use]
    pub fn permission(mut self, permission: &'static str) -> Self {
        self.permission = permission;
        self
    }
}

/// A record of a list: decoded by itself, and told apart from a repeat of itself by its own key.
pub trait Wire: DeserializeOwned + Send {
    /// The type's own key; `None` if this record lacks one (then it is never taken for a repeat).
    fn key(&self) -> Option<&str>;
}

/// How reading a list ended. What was read before stays read.
#[derive(Debug)]
pub struct Listing {
    /// Records handed over, repeats not counted.
    pub records: u64,
    /// How it ended.
    pub end: End,
}

/// How reading a list ended.
#[derive(Debug)]
pub enum End {
    /// No further page.
    Complete,
    /// The caller's limit was reached and there was more.
    Capped,
    /// An error; later records are missing.
    Broken(GraphError),
}
