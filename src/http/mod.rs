//! Requests in, responses out. Knows no Graph.

pub mod body;
pub mod clock;
pub mod limiter;
pub mod log;
pub mod retry;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
mod tls;
pub mod transport;

#[cfg(test)]
mod tls_test;

use std::time::Duration;

/// Told what the client does, for progress and logs. Every method has an empty default.
pub trait Observer: Send + Sync {
    /// A request is held back by a limit or a back-off.
    fn waiting(&self, why: &str, how_long: Duration) {
        let _ = (why, how_long);
    }

    /// An HTTP call was answered: its status, or `None` if it never was.
    fn answered(&self, status: Option<u16>) {
        let _ = status;
    }
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}
