//! How far this machine's clock is from Graph's, by the `Date` of its answers.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

/// The smallest difference that was seen: an answer that was long under way, or that a cache gave, makes a larger one.
#[derive(Debug, Default)]
pub(super) struct Skew(Mutex<Option<i64>>);

impl Skew {
    /// Notes the `Date` of an answer that came at `now`. What is no date says nothing.
    pub(super) fn note(&self, date: Option<&str>, now: DateTime<Utc>) {
        let Some(date) = date.and_then(|date| DateTime::parse_from_rfc2822(date.trim()).ok()) else { return };
        let seconds = (now - date.to_utc()).num_seconds();
        let mut least = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if least.is_none_or(|least| seconds.abs() < least.abs()) {
            *least = Some(seconds);
        }
    }

    /// In seconds, ahead of Graph's clock.
    pub(super) fn seconds(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_difference_counts_and_what_is_no_date_says_nothing() {
        let now = DateTime::parse_from_rfc3339("2026-11-24T12:00:00Z").unwrap().to_utc();
        let skew = Skew::default();
        for date in [None, Some(""), Some("yesterday"), Some("2026-11-24T12:00:00Z")] {
            skew.note(date, now);
        }
        assert_eq!(skew.seconds(), None);
        skew.note(Some("Tue, 24 Nov 2026 11:00:00 GMT"), now);
        assert_eq!(skew.seconds(), Some(3600));
        skew.note(Some("Tue, 24 Nov 2026 12:10:00 GMT"), now);
        skew.note(Some("Tue, 24 Nov 2026 11:30:00 GMT"), now);
        assert_eq!(skew.seconds(), Some(-600));
    }
}
