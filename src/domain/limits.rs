//! Limits that an organisation puts on sign-ins of a partner: networks and hours.

use std::net::IpAddr;

use chrono::{Datelike, TimeDelta, Timelike, Weekday};
use serde::Serialize;

use super::Timestamp;

/// An autonomous system, or a range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum NetRange {
    /// `AS64496`.
    System(u32),
    /// `192.0.2.0/24`: the first address, and the bits that are the same in all.
    V4(u32, u32),
    /// `2001:db8::/32`.
    V6(u128, u32),
}

impl NetRange {
    /// Reads `AS64496`, `192.0.2.0/24`, `2001:db8::/32` or a lone address.
    ///
    /// # Errors
    /// What is wrong, as a lowercase fragment.
    pub fn parse(text: &str) -> Result<NetRange, String> {
        let text = text.trim();
        let wrong = || format!("{text:?} is neither a range such as 192.0.2.0/24 nor a system such as AS64496");
        if let Some(number) = text.strip_prefix("AS").or_else(|| text.strip_prefix("as")) {
            return number.parse().map(NetRange::System).map_err(|_| wrong());
        }
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(whole), |bits| bits.parse::<u32>().map_err(|_| wrong()))?;
        if !(1..=whole).contains(&bits) {
            return Err(format!("{text:?}: a range has 1 to {whole} bits"));
        }
        let range = match address {
            IpAddr::V4(v4) => NetRange::V4(u32::from(v4) & (u32::MAX << (32 - bits)), bits),
            IpAddr::V6(v6) => NetRange::V6(u128::from(v6) & (u128::MAX << (128 - bits)), bits),
        };
        match range {
            NetRange::V4(first, _) if IpAddr::from(first.to_be_bytes()) != address => {
                Err(format!("{text:?}: that range is written {range}"))
            }
            NetRange::V6(first, _) if IpAddr::from(first.to_be_bytes()) != address => {
                Err(format!("{text:?}: that range is written {range}"))
            }
            range => Ok(range),
        }
    }

    fn holds(self, asn: Option<u32>, address: Option<IpAddr>) -> bool {
        match (self, address) {
            (NetRange::System(number), _) => asn == Some(number),
            (NetRange::V4(first, bits), Some(IpAddr::V4(v4))) => (u32::from(v4) ^ first) >> (32 - bits) == 0,
            (NetRange::V6(first, bits), Some(IpAddr::V6(v6))) => (u128::from(v6) ^ first) >> (128 - bits) == 0,
            (NetRange::V4(..) | NetRange::V6(..), _) => false,
        }
    }
}

impl std::fmt::Display for NetRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NetRange::System(number) => write!(f, "AS{number}"),
            NetRange::V4(first, bits) => write!(f, "{}/{bits}", std::net::Ipv4Addr::from(*first)),
            NetRange::V6(first, bits) => write!(f, "{}/{bits}", std::net::Ipv6Addr::from(*first)),
        }
    }
}

/// True if an event came from one of the ranges; `None` if the log does not say enough to know.
pub fn is_from(ranges: &[NetRange], asn: Option<u32>, address: Option<&str>) -> Option<bool> {
    let address = address.and_then(|address| address.trim().parse::<IpAddr>().ok()).map(|address| address.to_canonical());
    if ranges.iter().any(|range| range.holds(asn, address)) {
        return Some(true);
    }
    let is_system = |range: &NetRange| matches!(range, NetRange::System(_));
    let blind = (asn.is_none() && ranges.iter().any(is_system)) || (address.is_none() && !ranges.iter().all(is_system));
    (!blind).then_some(false)
}

/// Hours of a day, by a clock that is so far ahead of UTC. Summer time is not followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkHours {
    /// Minute of the day at which they begin.
    pub start: u32,
    /// Minute at which they end; before the start: on the day after.
    pub end: u32,
    /// Minutes ahead of UTC.
    pub offset: i32,
    /// Days on which they begin, from Monday as 0; empty: every day.
    pub days: Vec<u8>,
}

impl WorkHours {
    /// Reads `08:00-18:30`; `None` if it is not that.
    pub fn parse_span(text: &str) -> Option<(u32, u32)> {
        let minute = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            let (hour, minute) = (Some(hour).filter(|hour| digits(hour))?, Some(minute).filter(|minute| digits(minute))?);
            let at = hour.parse::<u32>().ok()? * 60 + minute.parse::<u32>().ok().filter(|minute| *minute < 60)?;
            (at <= 24 * 60).then_some(at)
        };
        let (start, end) = text.split_once('-')?;
        let (start, end) = (minute(start)?, minute(end)?);
        (start != end && start < 24 * 60).then_some((start, end))
    }

    /// Reads `+01:00`, `-05:30` or `Z` as minutes; `None` if it is not that, or further than 14 hours.
    pub fn parse_offset(text: &str) -> Option<i32> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("z") {
            return Some(0);
        }
        let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(rest), _) => (1, rest),
            (None, Some(rest)) => (-1, rest),
            (None, None) => return None,
        };
        let (hours, minutes) = rest.split_once(':')?;
        let number =
            |text: &str| (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<i32>().ok()).flatten();
        let minutes = number(hours)? * 60 + number(minutes).filter(|minutes| *minutes < 60)?;
        (minutes <= 14 * 60).then_some(sign * minutes)
    }

    /// Reads a day of the week, `Mon` or `monday`, from Monday as 0.
    pub fn parse_day(text: &str) -> Option<u8> {
        let day = text.trim().parse::<Weekday>().ok()?;
        u8::try_from(day.num_days_from_monday()).ok()
    }

    /// As it is written: `08:00-18:30`.
    pub fn span(&self) -> String {
        let at = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        format!("{}-{}", at(self.start), at(self.end))
    }

    /// The distance from UTC, as it is written: `+01:00`.
    pub fn clock(&self) -> String {
        let ahead = self.offset.unsigned_abs();
        format!("{}{:02}:{:02}", if self.offset < 0 { '-' } else { '+' }, ahead / 60, ahead % 60)
    }

    /// The days by their first three letters; empty: every day.
    pub fn day_names(&self) -> Vec<&'static str> {
        const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        self.days.iter().filter_map(|day| NAMES.get(usize::from(*day)).copied()).collect()
    }

    /// True if a time lies in them.
    pub fn hold(&self, at: Timestamp) -> bool {
        let local = at.utc() + TimeDelta::minutes(i64::from(self.offset));
        let minute = local.hour() * 60 + local.minute();
        let in_span = match self.start < self.end {
            true => (self.start..self.end).contains(&minute),
            false => minute >= self.start || minute < self.end,
        };
        // What is past midnight belongs to the evening before: Monday at two is the end of Sunday's night.
        let is_past_midnight = self.end < self.start && minute < self.end;
        let day = (local.weekday().num_days_from_monday() + if is_past_midnight { 6 } else { 0 }) % 7;
        in_span && (self.days.is_empty() || self.days.iter().any(|known| u32::from(*known) == day))
    }
}

impl std::fmt::Display for WorkHours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} UTC{}", self.span(), self.clock())?;
        let days = self.day_names();
        if days.is_empty() { Ok(()) } else { write!(f, ", {}", days.join(" ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_they_are_written() {
        for text in ["AS64496", "192.0.2.0/24", "192.0.2.7/32", "2001:db8::/32"] {
            assert_eq!(NetRange::parse(text).map(|range| range.to_string()).as_deref(), Ok(text));
        }
        assert_eq!(NetRange::parse("192.0.2.7"), NetRange::parse("192.0.2.7/32"));
        assert!(NetRange::parse("192.0.2.7/24").unwrap_err().contains("192.0.2.0/24"));
        for wrong in ["", "AS", "ASx", "192.0.2.0/0", "192.0.2.0/33", "::/129", "192.0.2", "192.0.2.0/", "example.com"] {
            assert!(NetRange::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn from_within_from_beyond_and_from_nobody_knows() {
        let ranges = |texts: &[&str]| texts.iter().map(|text| NetRange::parse(text).unwrap()).collect::<Vec<_>>();
        let both = ranges(&["AS64496", "192.0.2.0/24", "2001:db8::/32"]);
        assert_eq!(is_from(&both, Some(64496), None), Some(true));
        assert_eq!(is_from(&both, None, Some("192.0.2.255")), Some(true));
        assert_eq!(is_from(&both, None, Some("::ffff:192.0.2.1")), Some(true));
        assert_eq!(is_from(&both, None, Some("2001:db8:ffff::1")), Some(true));
        assert_eq!(is_from(&both, Some(1), Some("192.0.3.0")), Some(false));
        assert_eq!(is_from(&both, None, Some("192.0.3.0")), None, "its system may be the one");
        assert_eq!(is_from(&both, Some(1), Some("192.0.2.XXX")), None);
        assert_eq!(is_from(&ranges(&["192.0.2.0/24"]), None, Some("192.0.3.0")), Some(false));
        assert_eq!(is_from(&ranges(&["AS64496"]), Some(1), None), Some(false));
    }

    #[test]
    fn hours_days_and_clocks() {
        assert_eq!(WorkHours::parse_span("08:00-18:30"), Some((480, 1110)));
        for wrong in ["8-18", "08:00", "08:60-18:00", "24:00-08:00", "08:00-08:00", "+8:00-18:00", "08:00-25:00"] {
            assert_eq!(WorkHours::parse_span(wrong), None, "{wrong}");
        }
        assert_eq!(
            [WorkHours::parse_offset("+01:00"), WorkHours::parse_offset("-05:30"), WorkHours::parse_offset("Z")],
            [Some(60), Some(-330), Some(0)]
        );
        for wrong in ["1", "+1", "+15:00", "+01:60", "01:00"] {
            assert_eq!(WorkHours::parse_offset(wrong), None, "{wrong}");
        }
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let hours = WorkHours { start: 480, end: 1080, offset: 60, days: vec![0, 1, 2, 3, 4] };
        assert_eq!(hours.to_string(), "08:00-18:00 UTC+01:00, Mon Tue Wed Thu Fri");
        // 2026-06-01 is a Monday.
        assert!(hours.hold(at("2026-06-01T07:00:00Z")) && hours.hold(at("2026-06-01T16:59:59Z")));
        assert!(!hours.hold(at("2026-06-01T06:59:59Z")) && !hours.hold(at("2026-06-01T17:00:00Z")));
        assert!(!hours.hold(at("2026-05-31T10:00:00Z")), "Sunday");
        let night = WorkHours { start: 1320, end: 360, offset: 0, days: Vec::new() };
        assert!(
            night.hold(at("2026-06-01T23:00:00Z")) && night.hold(at("2026-06-01T05:59:00Z")) && !night.hold(at("2026-06-01T06:00:00Z"))
        );
        let nights = WorkHours { days: vec![0, 1, 2, 3, 4], ..night };
        assert!(nights.hold(at("2026-06-01T23:00:00Z")) && nights.hold(at("2026-06-06T02:00:00Z")), "Friday's night ends on Saturday");
        assert!(!nights.hold(at("2026-06-01T02:00:00Z")) && !nights.hold(at("2026-06-06T23:00:00Z")), "Sunday's night ends on Monday");
        assert_eq!(WorkHours::parse_day("sunday"), Some(6));
    }
}
