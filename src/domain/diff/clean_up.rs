//! Microsoft removes relationships by itself, in its own time: what vanished before that was removed by someone.
//!
//! Source: Partner Center documentation, "GDAP activity logs": an offer that is pending for 90 days, and a relationship that was expired or
//! terminated for one year, vanish for both sides.

use schemars::JsonSchema;
use serde::Serialize;

use super::picture::Lifecycle;
use crate::domain::Timestamp;

/// Days after which a pending offer vanishes.
const OFFER_DAYS: i64 = 90;
/// Days after which an ended relationship vanishes.
const ENDED_DAYS: i64 = 365;

/// How a relationship that is not there any more may have gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// Someone removed it: Microsoft could not have cleaned it up yet.
    Removed,
    /// Microsoft may have cleaned it up.
    MayBeCleanedUp,
}

impl Ending {
    /// Of a relationship that was last seen at `seen` and is not there at `missed`. What is not dated is dated as late as it can be.
    pub fn of(last: &Lifecycle, seen: Timestamp, missed: Timestamp) -> Ending {
        let earliest = if last.status.is_offer() {
            last.created.unwrap_or(seen).plus_days(OFFER_DAYS)
        } else if last.status.is_live() {
            // It may have been ended right after it was seen, and then stays for a year.
            seen.plus_days(ENDED_DAYS)
        } else {
            last.end.unwrap_or(seen).min(seen).plus_days(ENDED_DAYS)
        };
        if earliest <= missed { Ending::MayBeCleanedUp } else { Ending::Removed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::RelationshipStatus;

    fn ending(status: &str, created: i64, end: Option<i64>, missed: i64) -> Ending {
        let at = |day: i64| Timestamp::parse("2026-01-01T00:00:00Z").unwrap().plus_days(day);
        let last = Lifecycle { status: RelationshipStatus::parse(status), created: Some(at(created)), end: end.map(at) };
        Ending::of(&last, at(0), at(missed))
    }

    #[test]
    fn only_what_microsoft_could_not_have_done_was_done_by_someone() {
        use Ending::*;
        assert_eq!([ending("approvalPending", -80, None, 9), ending("approvalPending", -80, None, 10)], [Removed, MayBeCleanedUp]);
        assert_eq!([ending("created", -1, None, 88), ending("created", -1, None, 89)], [Removed, MayBeCleanedUp]);
        assert_eq!([ending("terminated", -700, Some(-300), 64), ending("terminated", -700, Some(-300), 65)], [Removed, MayBeCleanedUp]);
        assert_eq!([ending("expired", -700, None, 364), ending("expired", -700, None, 365)], [Removed, MayBeCleanedUp]);
        assert_eq!([ending("active", -700, Some(1), 30), ending("active", -700, Some(1), 365)], [Removed, MayBeCleanedUp]);
        assert_eq!(ending("somethingNew", -700, Some(1), 30), Removed);
    }
}
