//! Which span of a log was read, and whether what does not stand in it did not happen.

use super::facts::SignInLog;
use super::{Dataset, Status, TenantSnapshot, Timestamp, View};

/// The span of a log that was asked for and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSpan {
    /// Its start.
    pub from: Timestamp,
    /// Its end; never after the run's time.
    pub to: Timestamp,
}

impl LogSpan {
    /// The span of a tenant's log at a time, with the look-back in days; `None` if nothing was read or nobody can say which span was.
    pub fn of(tenant: &TenantSnapshot, log: Dataset, lookback_days: u32, now: Timestamp) -> Option<LogSpan> {
        let coverage = tenant.coverage.get(&log).filter(|coverage| coverage.status.has_records())?;
        let to = coverage.to.unwrap_or(now).min(now);
        // A snapshot that names no start was read as far back as it was asked to be. A cut one was not.
        let asked = (coverage.status == Status::Complete && lookback_days > 0).then(|| to.plus_days(-i64::from(lookback_days)));
        let from = coverage.from.or(asked)?;
        (from <= to).then_some(LogSpan { from, to })
    }

    /// Its length in whole days.
    pub fn days(self) -> i64 {
        self.to.days_since(self.from)
    }
}

/// The sign-in log of the view.
pub fn sign_in_log(tenant: &TenantSnapshot) -> &SignInLog {
    match tenant.view {
        View::Partner => &tenant.partner.sign_ins,
        View::Customer => &tenant.customer.sign_ins,
    }
}

/// True if an event that is not in a log did not happen within its span: it was read to the end, or cut at its span alone.
pub fn shows_absence(tenant: &TenantSnapshot, log: Dataset) -> bool {
    let Some(coverage) = tenant.coverage.get(&log) else { return false };
    let is_whole = || log != Dataset::SignIns || sign_in_log(tenant).reads.iter().all(|read| read.status.has_records());
    coverage.status == Status::Complete || (coverage.status == Status::Partial && coverage.capped && is_whole())
}
