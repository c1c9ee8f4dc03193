//! Patterns of the texts that the configuration reads as a time, which accept what is read and nothing else, in words that every validator
//! knows: no look-around, no references. What such a pattern cannot say stands in `hours`.

use crate::config::units::{MAX_LOOKBACK_DAYS, MAX_SECONDS, RULE_MILLIS};

/// Texts are trimmed before they are read.
const SPACE: &str = "[ \\t\\r\\n]*";
const HOUR: &str = "([01][0-9]|2[0-3])";
const MINUTE: &str = "[0-5][0-9]";

fn whole(pattern: &str) -> String {
    format!("^{SPACE}({pattern}){SPACE}$")
}

/// A date of the calendar, leap years and all, alone or with a time and its distance from UTC (RFC 3339).
pub(super) fn until() -> String {
    let by_four = "(0[48]|[2468][048]|[13579][26])";
    let leap_year = format!("([0-9]{{2}}{by_four}|(00|{by_four})00)");
    let date = format!(
        "([0-9]{{4}}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|{leap_year}-02-29)"
    );
    let time = format!("{HOUR}:{MINUTE}:([0-5][0-9]|60)(\\.[0-9]+)?([zZ]|[+\\-\u{2212}]{HOUR}:{MINUTE})");
    whole(&format!("{date}([tT ]{time})?"))
}

/// A span of a day, `08:00-18:30`. That it does not end where it begins is not said here.
pub(super) fn hours() -> String {
    whole(&format!("{HOUR}:{MINUTE}{SPACE}-{SPACE}({HOUR}:{MINUTE}|24:00)"))
}

/// A distance from UTC of 14 hours at most.
pub(super) fn utc_offset() -> String {
    whole(&format!("[zZ]|[+-]((0[0-9]|1[0-3]):{MINUTE}|14:00)"))
}

/// A day of the week, as three letters or whole.
pub(super) fn day() -> String {
    let days = [("mon", "day"), ("tue", "sday"), ("wed", "nesday"), ("thu", "rsday"), ("fri", "day"), ("sat", "urday"), ("sun", "day")];
    let any_case = |text: &str| text.chars().map(|c| format!("[{}{c}]", c.to_ascii_uppercase())).collect::<String>();
    whole(&days.map(|(short, rest)| format!("{}({})?", any_case(short), any_case(rest))).join("|"))
}

/// `30d`, or `30`.
pub(super) fn days() -> String {
    whole(&format!("{}[dD]?", between(1, u64::from(MAX_LOOKBACK_DAYS))))
}

/// `90s`, `30m`, `2h`.
pub(super) fn duration() -> String {
    let units = [("s", 1), ("m", 60), ("h", 3_600)];
    whole(&units.map(|(unit, seconds)| format!("{}{unit}", between(1, MAX_SECONDS / seconds))).join("|"))
}

/// `500ms`, `10s`, `5m`.
pub(super) fn rule_time() -> String {
    let (least, most) = (*RULE_MILLIS.start(), *RULE_MILLIS.end());
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000)];
    whole(&units.map(|(unit, millis)| format!("{}{unit}", between(least.div_ceil(millis), most / millis))).join("|"))
}

/// The whole numbers from `least`, which is 1 or 10, to `most`.
fn between(least: u64, most: u64) -> String {
    let digits: Vec<char> = most.to_string().chars().collect();
    let repeated = |from: usize, to: usize| match (from, to) {
        (0, 0) => String::new(),
        (1, 1) => "[0-9]".to_owned(),
        (from, to) if from == to => format!("[0-9]{{{from}}}"),
        (from, to) => format!("[0-9]{{{from},{to}}}"),
    };
    // Numbers with fewer digits than the largest, then those that share its first digits and go below it at the next, then itself.
    let (shortest, longest) = (least.to_string().len(), digits.len());
    let mut ways = Vec::new();
    if shortest < longest {
        ways.push(format!("[1-9]{}", repeated(shortest - 1, longest - 2)));
    }
    for (at, digit) in digits.iter().enumerate() {
        let (lowest, below) = (if at == 0 { '1' } else { '0' }, char::from_u32(u32::from(*digit) - 1).unwrap_or('0'));
        if below >= lowest {
            let (same, rest) = (digits[..at].iter().collect::<String>(), longest - at - 1);
            ways.push(format!("{same}[{lowest}-{below}]{}", repeated(rest, rest)));
        }
    }
    ways.push(digits.into_iter().collect());
    format!("0*({})", ways.join("|"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::units;
    use crate::domain::Timestamp;
    use crate::domain::limits::WorkHours;

    fn accepts(pattern: &str) -> impl Fn(&str) -> bool + use<> {
        let validator = jsonschema::validator_for(&json!({ "pattern": pattern })).unwrap();
        move |text| validator.is_valid(&json!(text))
    }

    fn agree(pattern: &str, reads: impl Fn(&str) -> bool, texts: impl IntoIterator<Item = String>) {
        let accepts = accepts(pattern);
        for text in texts {
            assert_eq!(accepts(&text), reads(&text), "the schema (left) and the program on {text:?}");
        }
    }

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn numbers_are_within_their_bounds() {
        for (least, most) in [(1, 1), (1, 9), (1, 10), (1, 168), (1, 365), (10, 600), (1, 604)] {
            let accepts = accepts(&format!("^{}$", between(least, most)));
            for number in 0..=1_100 {
                assert_eq!(accepts(&number.to_string()), (least..=most).contains(&number), "{number} between {least} and {most}");
                assert_eq!(accepts(&format!("00{number}")), (least..=most).contains(&number), "00{number}");
            }
        }
    }

    #[test]
    fn periods_are_those_that_are_read() {
        let numbers = ["", "0", "1", "9", "10", "11", "168", "169", "365", "366", "600", "601", "0030", "1.5", "-1", "+30", "1e2", "٣"];
        let large = ["10080", "10081", "600000", "600001", "604800", "604801", "18446744073709551616"];
        let all = || {
            let units = ["", "ms", "s", "m", "h", "d", "D", "S", " s", "w"];
            let numbers = numbers.into_iter().chain(large);
            numbers.flat_map(move |number| units.map(|unit| [format!("{number}{unit}"), format!(" {number}{unit}\n")])).flatten()
        };
        agree(&days(), |text| units::days(text).is_ok(), all());
        agree(&duration(), |text| units::duration(text).is_ok(), all());
        agree(&rule_time(), |text| units::rule_time(text).is_ok(), all());
    }

    #[test]
    fn clocks_are_those_that_are_read() {
        let offsets = [
            "Z", "z", "+01:00", "-05:30", "+14:00", "-14:00", "+14:01", "+15:00", "+24:00", "+1:00", "01:00", "+01:60", "+0100", "CET", "",
        ];
        agree(&utc_offset(), |text| WorkHours::parse_offset(text).is_some(), texts(&offsets));
        let spans = [
            "08:00-18:00",
            "22:00-06:00",
            "00:00-24:00",
            "08:00 - 18:00",
            " 08:00-18:00 ",
            "24:00-08:00",
            "08:00-24:01",
            "25:00-26:00",
            "08:60-09:00",
            "8:00-18:00",
            "08:00",
            "08:00-18:00-19:00",
            "0800-1800",
            "",
        ];
        agree(&hours(), |text| WorkHours::parse_span(text).is_some(), texts(&spans));
        // A pattern cannot tell that two of its parts are the same without words that not every validator knows.
        assert!(accepts(&hours())("08:00-08:00") && WorkHours::parse_span("08:00-08:00").is_none());
        let names = [
            "Mon", "monday", "TUESDAY", "tues", "Wed", "thursday", "Thu", "fri", "Saturday", "sun", "Someday", "mond", " Mon ", "Mon Tue",
            "",
        ];
        agree(&day(), |text| WorkHours::parse_day(text).is_some(), texts(&names));
    }

    /// As the file's `until` is read, dates alone and times.
    fn is_until(text: &str) -> bool {
        let file = format!(
            "[[waiver]]\nrule = \"LIF-02\"\nsubject = \"s\"\nreason = \"r\"\nowner = \"o\"\nuntil = {}\n",
            serde_json::to_string(text).unwrap()
        );
        crate::config::from_text("p.toml", &file, crate::config::Trust::Named).problems.is_empty()
    }

    #[test]
    fn until_is_what_is_read() {
        let list = [
            "2027-01-31",
            " 2027-01-31 ",
            "2027-1-31",
            "2027-13-01",
            "2027-00-10",
            "2027-01-00",
            "2027-01-32",
            "2027-04-31",
            "2027-02-30",
            "2027-02-29",
            "2028-02-29",
            "27-01-31",
            "02027-01-31",
            "2027/01/31",
            "31.01.2027",
            "2027-01-31x",
            "",
            "2027",
            "2027-01",
            "2027-01-31T",
            "2027-01-31T12:00:00",
            "2027-01-31T12:00Z",
            "2027-01-31T12:00:00Z",
            "2027-01-31t12:00:00z",
            "2027-01-31 12:00:00Z",
            "2027-01-31_12:00:00Z",
            "2027-01-31T24:00:00Z",
            "2027-01-31T25:00:00Z",
            "2027-01-31T23:60:00Z",
            "2027-01-31T23:59:60Z",
            "2027-01-31T12:30:60Z",
            "2027-01-31T23:59:61Z",
            "2027-01-31T12:00:00.Z",
            "2027-01-31T12:00:00.123456789012Z",
            "2027-01-31T12:00:00,5Z",
            "2027-01-31T12:00:00+01:00",
            "2027-01-31T12:00:00-23:59",
            "2027-01-31T12:00:00\u{2212}05:00",
            "2027-01-31T12:00:00+24:00",
            "2027-01-31T12:00:00+01:60",
            "2027-01-31T12:00:00+0100",
            "2027-01-31T12:00:00+01",
            "2027-01-31T12:00:00 Z",
            "2027-01-31T12:00:00 UTC",
            "2027-02-29T12:00:00Z",
            "2028-02-29T12:00:00Z",
            "12:00:00",
            "tomorrow",
            "0000-01-01",
            "9999-12-31",
            "٢٠٢٧-01-31",
        ];
        agree(&until(), is_until, texts(&list));
    }

    #[test]
    fn until_knows_the_calendar() {
        let is_date = |text: &str| Timestamp::parse(&format!("{text}T00:00:00Z")).is_some();
        let of_year = |year: u32| (0..=13).flat_map(move |month| (0..=32).map(move |day| format!("{year:04}-{month:02}-{day:02}")));
        agree(&until(), is_date, [1900, 2000, 2027, 2028].into_iter().flat_map(of_year));
        agree(&until(), is_date, (0..=9_999).map(|year| format!("{year:04}-02-29")));
    }
}
