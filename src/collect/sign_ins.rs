//! Sign-ins across tenants: of a partner's own people into customers, or of people outside into a customer (beta: v1.0 does not say what
//! kind of access it was).
//!
//! One query for each kind of event, because the log answers with interactive ones alone unless others are asked for, and one unfiltered
//! probe for the newest event of the log, which tells a quiet partner from a dead log.

use super::Options;
use super::coverage::Judge;
use super::organization::{Premium, unlicensed};
use super::reader::{Progress, Read, Reader, read_of};
use super::sign_in_selection::{Selection, Side, SignInWire};
use crate::domain::facts::{LogRead, SignIn, SignInLog};
use crate::domain::{Coverage, Dataset, Status, Timestamp};
use crate::graph::{Bucket, End, Get, GraphErrorKind, Listing};

const LOG: &str = "/auditLogs/signIns";

/// Entra keeps sign-ins for so many days with a premium licence, whatever is asked for.
const RETENTION_DAYS: i64 = 30;

/// Kinds of event that the partner view reads, interactive first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Interactive,
    NonInteractive,
}

impl Kind {
    const ALL: [Kind; 2] = [Kind::Interactive, Kind::NonInteractive];

    /// Graph: `signInEventTypes`.
    const fn name(self) -> &'static str {
        match self {
            Kind::Interactive => "interactiveUser",
            Kind::NonInteractive => "nonInteractiveUser",
        }
    }
}

/// The span that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    from: Timestamp,
    to: Timestamp,
}

impl Window {
    /// Back from `now`, as far as was asked for and as far as the log reaches.
    fn new(now: Timestamp, lookback_days: u32) -> Self {
        Window { from: now.plus_days(-i64::from(lookback_days).min(RETENTION_DAYS)), to: now }
    }
}

/// The span of logs that is asked for: `(from, to)`.
pub(super) fn window(options: &Options) -> (Timestamp, Timestamp) {
    let window = Window::new(options.now, options.lookback_days);
    (window.from, window.to)
}

/// The filter of a query. `narrow`: let the server select; no document promises that it can.
fn filter(side: Side, kind: Kind, window: Window, own: Option<&str>, narrow: bool) -> String {
    let mut filter = format!("createdDateTime ge {} and createdDateTime lt {}", window.from, window.to);
    if kind == Kind::NonInteractive {
        filter.push_str(" and signInEventTypes/any(t: t eq 'nonInteractiveUser')");
    }
    if narrow {
        filter.push_str(" and crossTenantAccessType ne 'none'");
        if let Some(own) = own {
            let field = match side {
                Side::Partner => "resourceTenantId",
                Side::Customer => "homeTenantId",
            };
            filter.push_str(&format!(" and {field} ne '{}'", own.replace('\'', "''")));
        }
    }
    filter
}

fn request() -> Get {
    // `passthrough` is a hidden member of the access type.
    read_of(Dataset::SignIns, Get::beta(LOG, &[])).unknown_enums().bucket(Bucket::Reports)
}

/// How one kind of event was read.
#[derive(Debug)]
struct KindRead {
    kind: Kind,
    selection: Selection,
    end: End,
}

async fn read_kind(reader: Reader<'_>, side: Side, kind: Kind, window: Window, own: Option<&str>, progress: &Progress<'_>) -> KindRead {
    // Of what is read, not of what is kept: where the server does not select, the limit still bounds the work.
    let limit = Some(limit(reader.options));
    let mut selection = Selection::new(side, kind == Kind::Interactive, own);
    let mut narrow = true;
    loop {
        let get = request().query("$filter", filter(side, kind, window, own, narrow)).query("$top", "1000");
        let listing = reader
            .client
            .list(&get, limit, &mut |wire: SignInWire| {
                progress.one();
                selection.offer(&wire);
            })
            .await;
        if narrow && is_refused_filter(&listing) {
            narrow = false;
            continue;
        }
        return KindRead { kind, selection, end: listing.end };
    }
}

/// `--max-records`; without one record there is nothing to say.
fn limit(options: &Options) -> u64 {
    options.max_records.max(1)
}

/// True if the server did not take the filter: then the date alone is asked for and the rest is selected here.
fn is_refused_filter(listing: &Listing) -> bool {
    listing.records == 0 && matches!(&listing.end, End::Broken(error) if error.kind == GraphErrorKind::BadRequest)
}

/// The newest event of the log, of whatever kind. `None`: the probe was not answered; `Some(None)`: the log is empty.
async fn probe(reader: Reader<'_>) -> Option<Option<Timestamp>> {
    let mut newest = None;
    let get = request().query("$top", "1");
    let listing = reader.client.list(&get, Some(1), &mut |wire: SignInWire| newest = newest.max(wire.created())).await;
    (!matches!(listing.end, End::Broken(_))).then_some(newest)
}

/// Reads the log. `own`: the tenant's id, to leave out sign-ins that stay at home.
pub(super) async fn log(reader: Reader<'_>, side: Side, premium: Premium, own: Option<&str>) -> Read<SignInLog> {
    if let Some(coverage) = reader.skipped(Dataset::SignIns) {
        return Read::none(coverage);
    }
    if let Some(coverage) = unlicensed(premium) {
        let reads = Kind::ALL.iter().map(|kind| log_read(*kind, &coverage, 0)).collect();
        return Read { facts: SignInLog { reads, ..SignInLog::default() }, coverage };
    }
    let window = Window::new(reader.options.now, reader.options.lookback_days);
    let progress = reader.progress(Dataset::SignIns);
    let (interactive, other, newest) = tokio::join!(
        read_kind(reader, side, Kind::Interactive, window, own, &progress),
        read_kind(reader, side, Kind::NonInteractive, window, own, &progress),
        probe(reader)
    );
    let judge = reader.judge(Dataset::SignIns, premium.p1);
    settle(judge, window, limit(reader.options), [interactive, other], newest)
}

fn log_read(kind: Kind, coverage: &Coverage, records: u64) -> LogRead {
    LogRead { event_type: kind.name().to_owned(), status: coverage.status, reason: coverage.reason.clone(), records }
}

/// Joins the kinds: events newest first, at most `max` of them, the span that all kinds cover, and how well it was read.
fn settle(judge: Judge<'_>, window: Window, max: u64, kinds: [KindRead; 2], newest: Option<Option<Timestamp>>) -> Read<SignInLog> {
    let ends: Vec<KindEnd> = kinds.iter().map(|read| KindEnd::new(judge, window, read)).collect();
    let mut lost = 0;
    let mut events: Vec<SignIn> = Vec::new();
    for read in kinds {
        lost += read.selection.lost;
        events.append(&mut read.selection.into_events());
    }
    newest_first(&mut events);
    let cut = usize::try_from(max).is_ok_and(|max| events.len() > max);
    if cut {
        events.truncate(usize::try_from(max).unwrap_or(usize::MAX));
    }
    let cut_at = if cut { events.last().map(|event| event.created_date_time) } else { None };

    let coverage = join(&ends, window, cut_at, max, lost, events.len() as u64);
    let reads = ends
        .iter()
        .map(|end| {
            let records = events.iter().filter(|event| event.is_interactive == (end.kind == Kind::Interactive)).count() as u64;
            let mut row = log_read(end.kind, &end.coverage, records);
            if row.status == Status::Complete && cut_at.is_some_and(|at| at > window.from) {
                row.status = Status::Partial;
                row.reason = Some(limit_reached(max));
            }
            row
        })
        .collect();
    let seen = events.first().map(|event| event.created_date_time);
    let log = SignInLog { reads, newest_event: newest.flatten().max(seen), probed: newest.is_some(), events };
    Read { facts: log, coverage }
}

/// How one kind ended, and since when it is known without a hole.
#[derive(Debug)]
struct KindEnd {
    kind: Kind,
    coverage: Coverage,
    since: Option<Timestamp>,
}

impl KindEnd {
    fn new(judge: Judge<'_>, window: Window, read: &KindRead) -> Self {
        let records = read.selection.kept();
        // What was read of a log that comes newest first is known back to its oldest event, and no further.
        let back_to = read.selection.oldest.filter(|_| read.selection.is_newest_first);
        let (coverage, since) = match &read.end {
            End::Complete => (Coverage::complete(records), Some(window.from)),
            End::Capped => {
                let mut coverage = Coverage::new(Status::Partial).because("more events than --max-records allows");
                coverage.capped = true;
                (coverage, back_to)
            }
            End::Broken(error) if read.selection.oldest.is_none() => (judge.error(error), None),
            End::Broken(error) => (judge.cut(error, records), back_to),
        };
        KindEnd { kind: read.kind, coverage, since: since.map(|since| since.max(window.from)) }
    }

    fn is_broken(&self) -> bool {
        self.coverage.status != Status::Complete && !self.coverage.capped
    }
}

fn limit_reached(max: u64) -> String {
    format!("--max-records {max} was reached; older events were left out")
}

/// The coverage of the whole log.
fn join(ends: &[KindEnd], window: Window, cut_at: Option<Timestamp>, max: u64, lost: u64, records: u64) -> Coverage {
    let broken: Vec<&KindEnd> = ends.iter().filter(|end| end.is_broken()).collect();
    let mut coverage = match broken.as_slice() {
        [] if cut_at.is_some() || ends.iter().any(|end| end.coverage.capped) => {
            Coverage { capped: true, ..Coverage::new(Status::Partial).because(limit_reached(max)) }
        }
        [] => Coverage::complete(records),
        // Nothing at all was read: that is the verdict.
        [first, ..] if broken.len() == ends.len() && ends.iter().all(|end| !end.coverage.status.has_records()) => {
            return first.coverage.clone();
        }
        [first, ..] => {
            let reason = first.coverage.reason.as_deref().unwrap_or_default();
            let reason = format!("{}: {reason}", first.kind.name());
            Coverage { status: Status::Partial, truncated: true, ..first.coverage.clone() }.because(reason)
        }
    };
    if lost > 0 && coverage.status.has_records() {
        let lost = format!("{lost} events came without a time or a tenant");
        let reason = coverage.reason.take().map_or_else(|| lost.clone(), |reason| format!("{reason}; {lost}"));
        // Beside a limit that was asked for, this is a gap that nobody asked for.
        coverage = Coverage { status: Status::Partial, capped: false, ..coverage }.because(reason);
    }
    coverage.records = records;
    // The span is that which every kind covers; a kind that was not read at all leaves none.
    let since: Option<Vec<Timestamp>> = ends.iter().map(|end| end.since).collect();
    if let Some(from) = since.and_then(|all| all.into_iter().chain(cut_at).max()) {
        coverage.from = Some(from);
        coverage.to = Some(window.to);
    } else {
        coverage.truncated = true;
    }
    coverage
}

/// Newest first; of an event that both queries brought, the interactive one.
fn newest_first(events: &mut Vec<SignIn>) {
    events.sort_by(|a, b| {
        b.created_date_time.cmp(&a.created_date_time).then_with(|| a.id.cmp(&b.id)).then_with(|| b.is_interactive.cmp(&a.is_interactive))
    });
    events.dedup_by(|later, kept| !later.id.is_empty() && later.id == kept.id);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::coverage::tests::{denied, error};

    const OWN: &str = "0f1e2d3c-0000-0000-0000-000000000001";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn window() -> Window {
        Window::new(at("2026-11-24T00:00:00Z"), 30)
    }

    fn judge() -> Judge<'static> {
        Judge { dataset: Dataset::SignIns, cloud: "global", claims: None, licensed: Some(true) }
    }

    fn read(kind: Kind, days: &[u32], end: End) -> KindRead {
        let mut selection = Selection::new(Side::Partner, kind == Kind::Interactive, Some(OWN));
        for day in days {
            let wire = serde_json::from_value(serde_json::json!({
                "id": format!("{}-{day}", kind.name()), "createdDateTime": format!("2026-11-{day:02}T10:00:00Z"), "userId": "U",
                "resourceTenantId": "CUSTOMER", "homeTenantId": OWN, "status": { "errorCode": 0 }, "crossTenantAccessType": "serviceProvider",
            }));
            selection.offer(&wire.unwrap());
        }
        KindRead { kind, selection, end }
    }

    fn both(interactive: KindRead, other: KindRead, max: u64) -> Read<SignInLog> {
        settle(judge(), window(), max, [interactive, other], Some(Some(at("2026-11-23T12:00:00Z"))))
    }

    #[test]
    fn filters() {
        let window = Window::new(at("2026-11-24T00:00:00Z"), 7);
        insta::assert_snapshot!(filter(Side::Partner, Kind::Interactive, window, Some(OWN), true), @"createdDateTime ge 2026-11-17T00:00:00Z and createdDateTime lt 2026-11-24T00:00:00Z and crossTenantAccessType ne 'none' and resourceTenantId ne '0f1e2d3c-0000-0000-0000-000000000001'");
        insta::assert_snapshot!(filter(Side::Partner, Kind::NonInteractive, window, None, true), @"createdDateTime ge 2026-11-17T00:00:00Z and createdDateTime lt 2026-11-24T00:00:00Z and signInEventTypes/any(t: t eq 'nonInteractiveUser') and crossTenantAccessType ne 'none'");
        insta::assert_snapshot!(filter(Side::Partner, Kind::NonInteractive, window, Some(OWN), false), @"createdDateTime ge 2026-11-17T00:00:00Z and createdDateTime lt 2026-11-24T00:00:00Z and signInEventTypes/any(t: t eq 'nonInteractiveUser')");
        assert!(filter(Side::Partner, Kind::Interactive, window, Some("a' or 'b"), true).ends_with("ne 'a'' or ''b'"));
    }

    #[test]
    fn the_window_reaches_no_further_back_than_the_log() {
        let now = at("2026-11-24T00:00:00Z");
        assert_eq!(Window::new(now, 7).from, at("2026-11-17T00:00:00Z"));
        assert_eq!(Window::new(now, 365).from, at("2026-10-25T00:00:00Z"));
    }

    #[test]
    fn only_a_refused_filter_falls_back() {
        let refused = |records, kind| Listing { records, end: End::Broken(error(kind, Some(400), "BadRequest", "Invalid filter clause")) };
        assert!(is_refused_filter(&refused(0, GraphErrorKind::BadRequest)));
        assert!(!is_refused_filter(&refused(1000, GraphErrorKind::BadRequest)));
        assert!(!is_refused_filter(&refused(0, GraphErrorKind::Denied)));
        assert!(!is_refused_filter(&Listing { records: 0, end: End::Complete }));
    }

    #[test]
    fn both_kinds_whole() {
        let log = both(read(Kind::Interactive, &[23, 20], End::Complete), read(Kind::NonInteractive, &[22, 1], End::Complete), 100);
        assert_eq!((log.coverage.status, log.coverage.records), (Status::Complete, 4));
        assert_eq!(
            (log.coverage.from, log.coverage.to),
            (Some(window().from), Some(window().to)),
            "the span asked for, not that of the events"
        );
        let days: Vec<String> = log.facts.events.iter().map(|event| event.created_date_time.date()).collect();
        assert_eq!(days, ["2026-11-23", "2026-11-22", "2026-11-20", "2026-11-01"]);
        assert_eq!(
            log.facts.reads.iter().map(|row| (row.event_type.as_str(), row.records)).collect::<Vec<_>>(),
            [("interactiveUser", 2), ("nonInteractiveUser", 2)]
        );
        assert!(log.facts.probed);
        assert_eq!(log.facts.newest_event, Some(at("2026-11-23T12:00:00Z")));
    }

    #[test]
    fn the_limit_keeps_the_newest_of_both_and_says_since_when() {
        let log = both(read(Kind::Interactive, &[23, 20, 5], End::Complete), read(Kind::NonInteractive, &[22, 21, 19], End::Capped), 4);
        assert_eq!((log.coverage.status, log.coverage.capped, log.coverage.truncated), (Status::Partial, true, false));
        assert_eq!(log.coverage.from, Some(at("2026-11-20T10:00:00Z")));
        assert_eq!(log.facts.events.len(), 4);
        assert!(log.facts.reads.iter().all(|row| row.status == Status::Partial));
        let capped = both(read(Kind::Interactive, &[23], End::Complete), read(Kind::NonInteractive, &[22, 21], End::Capped), 4);
        assert_eq!((capped.coverage.from, capped.coverage.capped), (Some(at("2026-11-21T10:00:00Z")), true));
        assert_eq!(capped.facts.reads[0].status, Status::Complete);
    }

    #[test]
    fn events_that_are_lost_count_beside_a_limit_too() {
        let mut holed = read(Kind::NonInteractive, &[22, 21], End::Capped);
        holed.selection.lost = 3;
        let log = both(read(Kind::Interactive, &[23], End::Complete), holed, 4);
        assert_eq!((log.coverage.status, log.coverage.capped), (Status::Partial, false), "a limit excuses what it left out, and no more");
        let reason = log.coverage.reason.unwrap();
        assert!(reason.contains("--max-records 4") && reason.contains("3 events came without"), "{reason}");
    }

    #[test]
    fn one_kind_refused_is_partial_and_leaves_no_span() {
        let log = both(read(Kind::Interactive, &[23], End::Complete), read(Kind::NonInteractive, &[], End::Broken(denied())), 100);
        assert_eq!((log.coverage.status, log.coverage.truncated, log.coverage.from), (Status::Partial, true, None));
        assert!(log.coverage.reason.as_deref().unwrap().starts_with("nonInteractiveUser: access denied"));
        assert_eq!(log.coverage.permission.as_deref(), Some("AuditLog.Read.All and Directory.Read.All"));
        assert_eq!(log.facts.reads[1].status, Status::Denied);
    }

    #[test]
    fn broken_midway_is_known_back_to_the_oldest_event() {
        let cut = || End::Broken(error(GraphErrorKind::Throttled, Some(429), "TooManyRequests", ""));
        let log = both(read(Kind::Interactive, &[23, 18], cut()), read(Kind::NonInteractive, &[22, 2], End::Complete), 100);
        assert_eq!(
            (log.coverage.status, log.coverage.capped, log.coverage.from),
            (Status::Partial, false, Some(at("2026-11-18T10:00:00Z")))
        );
        let unordered = both(read(Kind::Interactive, &[18, 23], cut()), read(Kind::NonInteractive, &[], End::Complete), 100);
        assert_eq!(unordered.coverage.from, None, "without newest-first nothing is known about the span");
    }

    #[test]
    fn both_refused_is_the_verdict() {
        let log = both(read(Kind::Interactive, &[], End::Broken(denied())), read(Kind::NonInteractive, &[], End::Broken(denied())), 100);
        assert_eq!((log.coverage.status, log.coverage.from, log.coverage.truncated), (Status::Denied, None, false));
        let failed = settle(
            judge(),
            window(),
            9,
            [read(Kind::Interactive, &[], End::Complete), read(Kind::NonInteractive, &[], End::Complete)],
            None,
        );
        assert_eq!((failed.coverage.status, failed.facts.probed, failed.facts.newest_event), (Status::Complete, false, None));
    }

    #[test]
    fn an_event_of_both_kinds_is_kept_once() {
        let mut events = read(Kind::NonInteractive, &[20], End::Complete).selection.into_events();
        let mut twin = events[0].clone();
        twin.is_interactive = true;
        events.push(twin);
        newest_first(&mut events);
        assert_eq!(events.len(), 1);
        assert!(events[0].is_interactive);
    }
}
