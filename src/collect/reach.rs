//! How far back a log that comes newest first is known.

use crate::domain::Timestamp;
use crate::graph::End;

/// What was seen of a log's times.
#[derive(Debug)]
pub(super) struct Reach {
    /// The oldest event that was read, kept or not.
    pub(super) oldest: Option<Timestamp>,
    /// No event came after an older one.
    is_newest_first: bool,
}

impl Default for Reach {
    fn default() -> Self {
        Reach { oldest: None, is_newest_first: true }
    }
}

impl Reach {
    /// Notes the next event's time.
    pub(super) fn note(&mut self, at: Timestamp) {
        self.is_newest_first &= self.oldest.is_none_or(|oldest| at <= oldest);
        self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at)));
    }

    /// Since when it is known without a hole: since `from` if it was read to its end; else back to its oldest event, if it came in order.
    pub(super) fn since(&self, end: &End, from: Timestamp) -> Option<Timestamp> {
        match end {
            End::Complete => Some(from),
            _ => self.oldest.filter(|_| self.is_newest_first).map(|oldest| oldest.max(from)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u32) -> Timestamp {
        Timestamp::parse(&format!("2026-11-{day:02}T00:00:00Z")).unwrap()
    }

    #[test]
    fn a_cut_log_is_known_back_to_its_oldest_event_if_it_came_in_order() {
        let since = |days: &[u32], end: End| {
            let mut reach = Reach::default();
            days.iter().for_each(|day| reach.note(at(*day)));
            reach.since(&end, at(5))
        };
        assert_eq!(since(&[20, 18], End::Complete), Some(at(5)));
        assert_eq!(since(&[20, 18, 18], End::Capped), Some(at(18)));
        assert_eq!(since(&[18, 20], End::Capped), None, "older ones may be missing anywhere");
        assert_eq!(since(&[20, 2], End::Capped), Some(at(5)), "never before what was asked for");
        assert_eq!(since(&[], End::Capped), None);
    }
}
