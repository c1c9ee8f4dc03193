//! Points in time and ISO 8601 durations, in the precision that the reports use.

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time, UTC, whole seconds: Graph's seven digits are cut when read, so that equal facts give equal bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

/// What RFC 3339 can say, in seconds since 1970: from the start of the year 0 to the end of 9999. Nothing is kept beyond it, so that what
/// was read can be written and read again.
const FIRST: DateTime<Utc> = at_second(-62_167_219_200);
const LAST: DateTime<Utc> = at_second(253_402_300_799);

const fn at_second(seconds: i64) -> DateTime<Utc> {
    match DateTime::from_timestamp(seconds, 0) {
        Some(at) => at,
        None => DateTime::<Utc>::UNIX_EPOCH,
    }
}

impl Timestamp {
    /// From a chrono time; fractions of a second are cut, and so is what lies beyond the years 0 to 9999.
    pub fn new(at: DateTime<Utc>) -> Self {
        Timestamp(at.clamp(FIRST, LAST).trunc_subsecs(0))
    }

    /// Reads RFC 3339 (`2026-01-10T11:24:42.3148266Z`). `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text.trim()).ok().map(|at| Timestamp::new(at.with_timezone(&Utc)))
    }

    /// The chrono time.
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// Whole days from `earlier` to `self`, rounded towards zero; negative when `self` is the earlier one.
    pub fn days_since(self, earlier: Timestamp) -> i64 {
        (self.0 - earlier.0).num_days()
    }

    /// Whole hours from `earlier` to `self`.
    pub fn hours_since(self, earlier: Timestamp) -> i64 {
        (self.0 - earlier.0).num_hours()
    }

    /// `self` moved by `days` (negative: earlier). Stops at the ends of the years 0 and 9999.
    pub fn plus_days(self, days: i64) -> Timestamp {
        let moved = TimeDelta::try_days(days).and_then(|delta| self.0.checked_add_signed(delta));
        Timestamp::new(moved.unwrap_or(if days < 0 { FIRST } else { LAST }))
    }

    /// The date alone, `2026-01-10`.
    pub fn date(self) -> String {
        self.0.format("%Y-%m-%d").to_string()
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Timestamp::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("not an RFC 3339 time: {text:?}")))
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "format": "date-time", "description": "RFC 3339, UTC, whole seconds",
            // A format alone is a remark to most validators.
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
        })
    }
}

/// An ISO 8601 duration as Graph writes it (`P730D`, `P2Y`, `PT0S`), kept as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct IsoDuration(pub String);

impl IsoDuration {
    /// Length in seconds, with 365 days a year and a twelfth of that a month; `None` if it cannot be read.
    fn seconds(&self) -> Option<u64> {
        let text = self.0.trim().to_ascii_uppercase();
        let rest = text.strip_prefix('P')?;
        let (date, clock) = rest.split_once('T').map_or((rest, ""), |(date, clock)| (date, clock));
        if date.is_empty() && clock.is_empty() {
            return None;
        }
        let date = components(date, &[('Y', 365 * 86_400), ('M', 2_628_000), ('W', 604_800), ('D', 86_400)])?;
        let clock = components(clock, &[('H', 3_600), ('M', 60), ('S', 1)])?;
        date.checked_add(clock)
    }

    /// Whole days; `None` if it cannot be read. `P2Y` and `P24M` are 730, as `P730D` is.
    pub fn days(&self) -> Option<i64> {
        self.seconds().and_then(|seconds| i64::try_from(seconds / 86_400).ok())
    }

    /// True for `PT0S`, `P0D` and every other spelling of nothing.
    pub fn is_zero(&self) -> bool {
        self.seconds() == Some(0)
    }
}

/// Sums `12D3H`-like components; `None` on anything that is not one.
fn components(text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut total = 0_u64;
    let mut digits = String::new();
    let mut next_unit = 0;
    for c in text.chars() {
        if c.is_ascii_digit() || c == '.' {
            digits.push(c);
            continue;
        }
        let position = units.iter().skip(next_unit).position(|(unit, _)| *unit == c)? + next_unit;
        next_unit = position + 1;
        let whole = digits.split('.').next()?.parse::<u64>().ok()?;
        total = total.checked_add(whole.checked_mul(units[position].1)?)?;
        digits.clear();
    }
    digits.is_empty().then_some(total)
}

impl std::fmt::Display for IsoDuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_cut_and_zones_folded() {
        let at = Timestamp::parse("2022-02-10T11:24:42.3148266Z").unwrap();
        assert_eq!(at.to_string(), "2022-02-10T11:24:42Z");
        assert_eq!(Timestamp::parse("2022-02-10T12:24:42+01:00").unwrap(), at);
        assert_eq!(Timestamp::parse(""), None);
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn durations_in_every_legal_spelling() {
        let days = |text: &str| IsoDuration(text.into()).days();
        assert_eq!(days("P730D"), Some(730));
        assert_eq!(days("P2Y"), Some(730));
        assert_eq!(days("P24M"), Some(730));
        assert_eq!(days("P1Y6M"), Some(547));
        assert_eq!(days("P2W"), Some(14));
        assert_eq!(days("PT36H"), Some(1));
        assert_eq!(days("P1DT12H"), Some(1));
        for broken in ["", "P", "PT", "180", "P1X", "PD", "P1D1Y", "180.00:00:00", "P99999999999999999999D"] {
            assert_eq!(days(broken), None, "{broken}");
        }
        for zero in ["PT0S", "P0D", "pt0s", "P0Y0M0DT0H0M0S"] {
            assert!(IsoDuration(zero.into()).is_zero(), "{zero}");
        }
        assert!(!IsoDuration("P180D".into()).is_zero());
        assert!(!IsoDuration("soon".into()).is_zero(), "what cannot be read is not off");
    }

    #[test]
    fn moving_past_the_calendar_does_not_panic() {
        let at = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        assert!(at.plus_days(i64::MAX) > at);
        assert!(at.plus_days(i64::MIN) < at);
        assert_eq!(at.plus_days(31).date(), "2026-02-01");
    }

    #[test]
    fn every_time_can_be_written_and_read_again() {
        let at = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let edges = ["0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2016-12-31T23:59:60Z", "9999-12-31T23:59:59.9999999Z"];
        let moved = [i64::MIN, -1_000_000_000, -800_000, 3_000_000, 1_000_000_000, i64::MAX].map(|days| at.plus_days(days));
        for edge in edges.iter().filter_map(|text| Timestamp::parse(text)).chain(moved) {
            assert_eq!(Timestamp::parse(&edge.to_string()), Some(edge), "{edge}");
        }
        assert_eq!((at.plus_days(i64::MIN).date(), at.plus_days(i64::MAX).date()), ("0000-01-01".into(), "9999-12-31".into()));
        assert_eq!(Timestamp::parse(edges[0]).unwrap().to_string(), "0000-01-01T00:00:00Z");
    }
}
