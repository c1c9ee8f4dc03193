//! Times as people and portals write them.

use crate::domain::Timestamp;

/// Reads a time: RFC 3339; the same without a zone, taken as UTC, with `T` or a blank in the middle; or a date alone, its first moment.
/// `None` if it is none of these.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(at) = Timestamp::parse(text) {
        return Some(at);
    }
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, clock.trim().trim_end_matches('Z')),
        None => (text, "00:00:00"),
    };
    (date.len() == 10).then(|| Timestamp::parse(&format!("{date}T{clock}Z")))?
}

/// A clock may be wrong by so many seconds, and a date alone may be that of a place where it is tomorrow already.
const SKEW_SECONDS: i64 = 300;

/// True if `at` lies after this run.
pub(super) fn is_future(at: Timestamp, now: Timestamp) -> bool {
    (at.utc() - now.utc()).num_seconds() > SKEW_SECONDS
}

/// True if a day that was written without a time lies after this run, wherever it was written.
pub(super) fn is_future_day(day: Timestamp, now: Timestamp) -> bool {
    day > now.plus_days(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_portals_and_people() {
        let read = |text: &str| read(text).map(|at| at.to_string());
        for text in ["2026-01-24T06:54:24.0000000Z ", "2026-01-24 06:54:24", "2026-01-24T06:54:24", "2026-01-24T07:54:24+01:00"] {
            assert_eq!(read(text).as_deref(), Some("2026-01-24T06:54:24Z"), "{text}");
        }
        assert_eq!(read("2026-01-24").as_deref(), Some("2026-01-24T00:00:00Z"));
        for text in ["", "1/24/2026", "2026-13-01", "26-01-24", "24.01.2026", "tomorrow"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_future_begins_after_a_wrong_clock() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let now = at("2026-01-24T12:00:00Z");
        assert!(!is_future(at("2026-01-24T12:05:00Z"), now) && is_future(at("2026-01-24T12:05:01Z"), now));
        assert!(!is_future_day(at("2026-01-25T00:00:00Z"), now) && is_future_day(at("2026-01-26T00:00:00Z"), now));
    }
}
