//! How a log from files stands beside the one that Graph gave: it replaces what was not read, and completes what was read in part.

use super::log::LogFile;
use crate::domain::{Coverage, Status, Timestamp};

/// A log that ends so long before the run tells nothing of the time since.
const STALE_HOURS: i64 = 48;

/// The files of one log, read.
#[derive(Debug)]
pub(super) struct FromFiles {
    /// The span that they cover without a known hole.
    pub(super) span: Option<(Timestamp, Timestamp)>,
    /// They are all of their span.
    pub(super) is_clean: bool,
    /// What became of each, in words.
    pub(super) words: Vec<String>,
}

impl FromFiles {
    /// Joins the files of one log. Spans that do not touch leave a hole: then only the newest counts.
    pub(super) fn new<'a>(files: impl IntoIterator<Item = &'a LogFile>, now: Timestamp) -> FromFiles {
        let mut joined = FromFiles { span: None, is_clean: true, words: Vec::new() };
        let mut spans = Vec::new();
        for file in files {
            joined.is_clean &= file.is_clean();
            joined.words.push(file.words(now));
            spans.extend(file.span(now));
        }
        spans.sort_by_key(|(from, to)| (std::cmp::Reverse(*to), *from));
        for (from, to) in spans {
            joined.span = match joined.span {
                None => Some((from, to)),
                Some((first, last)) if touches(to, first) => Some((first.min(from), last)),
                Some(span) => {
                    joined.words.push(format!("nothing is there from {to} to {}", span.0));
                    joined.is_clean = false;
                    Some(span)
                }
            };
        }
        joined
    }
}

impl FromFiles {
    /// Names the events that Graph gave too: they are kept once.
    pub(super) fn note_known(&mut self, known: usize) {
        if known > 0 {
            self.words.push(format!("{known} of their events were read already"));
        }
    }
}

/// Two downloads of neighbouring spans: between the last event of one and the first of the other lies less than a day.
fn touches(to: Timestamp, from: Timestamp) -> bool {
    from <= to.plus_days(1)
}

/// The coverage of a log of which Graph gave `before` and files gave the rest; `records` are kept of both.
pub(super) fn compose(before: &Coverage, files: FromFiles, records: u64, now: Timestamp) -> Coverage {
    let FromFiles { span, is_clean, mut words } = files;
    let read = if is_clean && span.is_some() { Status::Complete } else { Status::Partial };
    let (status, span) = match (before.status, before.from.zip(before.to), span) {
        // What Graph gave whole, a file cannot spoil. It may reach further back.
        (Status::Complete, Some(known), Some(span)) if is_clean && touches(span.1, known.0) => (Status::Complete, Some(join(known, span))),
        (Status::Complete, known, _) => (Status::Complete, known),
        (Status::Partial, Some(known), Some(span)) if touches(span.1, known.0) && touches(known.1, span.0) => {
            (read, Some(join(known, span)))
        }
        (Status::Partial, Some(known), Some(span)) => {
            words.push(format!("nothing is there between them and what Graph gave, {} to {}", known.0, known.1));
            (Status::Partial, Some(if known.1 >= span.1 { known } else { span }))
        }
        (Status::Partial, known, None) => (Status::Partial, known),
        (_, _, span) => (read, span),
    };
    // What was skipped nobody asked Graph for.
    if before.status.is_unread() {
        let why = before.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        words.push(format!("before that it was {}{why}", before.status));
    }
    let mut coverage = Coverage { records, from: span.map(|span| span.0), to: span.map(|span| span.1), ..Coverage::new(status) };
    if let Some((_, to)) = span
        && now.hours_since(to) > STALE_HOURS
    {
        words.push(format!("it ends {} days before this run", now.days_since(to)));
        coverage.status = Status::Partial;
    }
    if coverage.status == Status::Partial {
        coverage.truncated = true;
        coverage.permission.clone_from(&before.permission);
        coverage.licence.clone_from(&before.licence);
    }
    coverage.because(words.join("; "))
}

fn join(one: (Timestamp, Timestamp), other: (Timestamp, Timestamp)) -> (Timestamp, Timestamp) {
    (one.0.min(other.0), one.1.max(other.1))
}

/// Notes that only the newest `max` events were kept, back to `oldest`.
pub(super) fn cap(coverage: &mut Coverage, max: u64, oldest: Option<Timestamp>) {
    let was_complete = coverage.status == Status::Complete;
    let reason = coverage.reason.take().unwrap_or_default();
    *coverage = Coverage {
        status: Status::Partial,
        from: oldest.max(coverage.from),
        // Of a log that is not whole for another cause that cause counts.
        capped: was_complete,
        truncated: !was_complete,
        ..std::mem::replace(coverage, Coverage::new(Status::Partial))
    }
    .because(format!("--max-records {max} was reached, older events were left out; {reason}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u32) -> Timestamp {
        Timestamp::parse(&format!("2026-11-{day:02}T00:00:00Z")).unwrap()
    }

    fn files(from: u32, to: u32, is_clean: bool) -> FromFiles {
        FromFiles { span: Some((at(from), at(to))), is_clean, words: vec!["f".into()] }
    }

    fn graph(status: Status, span: Option<(u32, u32)>) -> Coverage {
        let mut coverage = Coverage { permission: Some("AuditLog.Read.All".into()), ..Coverage::new(status).because("why") };
        (coverage.from, coverage.to) = (span.map(|span| at(span.0)), span.map(|span| at(span.1)));
        coverage
    }

    fn row(before: &Coverage, files: FromFiles) -> (Status, Option<String>, Option<String>, String) {
        let coverage = compose(before, files, 5, at(24));
        assert_eq!(coverage.truncated, coverage.status == Status::Partial);
        let date = |at: Option<Timestamp>| at.map(Timestamp::date);
        (coverage.status, date(coverage.from), date(coverage.to), coverage.reason.unwrap())
    }

    #[test]
    fn what_was_not_read_is_replaced() {
        for status in [Status::Denied, Status::Unlicensed, Status::Failed, Status::Unavailable] {
            let (now, from, to, reason) = row(&graph(status, None), files(1, 24, true));
            assert_eq!((now, from.as_deref(), to.as_deref()), (Status::Complete, Some("2026-11-01"), Some("2026-11-24")), "{status}");
            assert_eq!(reason, format!("f; before that it was {status}: why"));
        }
        assert_eq!(row(&graph(Status::Skipped, None), files(1, 24, true)).3, "f");
        let coverage = compose(&graph(Status::Denied, None), files(1, 24, false), 5, at(24));
        assert_eq!((coverage.status, coverage.permission.as_deref()), (Status::Partial, Some("AuditLog.Read.All")));
        let empty = FromFiles { span: None, is_clean: false, words: Vec::new() };
        assert_eq!(compose(&graph(Status::Denied, None), empty, 0, at(24)).status, Status::Partial);
    }

    #[test]
    fn what_was_read_in_part_is_completed_where_the_spans_meet() {
        let half = graph(Status::Partial, Some((15, 24)));
        assert_eq!(row(&half, files(1, 15, true)).0, Status::Complete);
        assert_eq!(row(&half, files(1, 15, true)).1.as_deref(), Some("2026-11-01"));
        let (status, from, _, reason) = row(&half, files(1, 12, true));
        assert_eq!((status, from.as_deref()), (Status::Partial, Some("2026-11-15")));
        assert!(reason.contains("nothing is there between them"), "{reason}");
        assert_eq!(row(&half, files(1, 15, false)).0, Status::Partial);
        assert_eq!(row(&graph(Status::Partial, None), files(1, 24, true)).0, Status::Complete, "no span of Graph's: the file's own holds");
    }

    #[test]
    fn what_graph_gave_whole_stays_whole() {
        let whole = graph(Status::Complete, Some((10, 24)));
        assert_eq!(row(&whole, files(1, 10, false)), (Status::Complete, Some("2026-11-10".into()), Some("2026-11-24".into()), "f".into()));
        assert_eq!(row(&whole, files(1, 10, true)).1.as_deref(), Some("2026-11-01"));
        assert_eq!(row(&whole, files(1, 5, true)).1.as_deref(), Some("2026-11-10"), "a hole lies between");
    }

    #[test]
    fn an_old_log_is_not_one_of_today() {
        let (status, _, _, reason) = row(&graph(Status::Denied, None), files(1, 21, true));
        assert_eq!(status, Status::Partial);
        assert!(reason.contains("it ends 3 days before this run"), "{reason}");
        assert_eq!(row(&graph(Status::Denied, None), files(1, 22, true)).0, Status::Complete);
    }

    #[test]
    fn a_cap_names_what_is_left() {
        let mut coverage = compose(&graph(Status::Denied, None), files(1, 24, true), 5, at(24));
        cap(&mut coverage, 5, Some(at(20)));
        assert_eq!((coverage.status, coverage.capped, coverage.truncated, coverage.from), (Status::Partial, true, false, Some(at(20))));
        assert!(coverage.reason.unwrap().starts_with("--max-records 5 was reached"));
        let mut coverage = compose(&graph(Status::Denied, None), files(1, 24, false), 5, at(24));
        cap(&mut coverage, 5, Some(at(20)));
        assert!(!coverage.capped, "there is another cause");
    }
}
