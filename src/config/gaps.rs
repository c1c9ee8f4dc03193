//! `[[accepted-gap]]`: a gap that is known, and does not make exit 3.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::unknown;
use super::nearest::hint;
use super::problem::Spot;
use crate::domain::{Dataset, Status, Timestamp};

const KEYS: &[&str] = &["dataset", "status", "reason", "until"];
const STATUSES: &[&str] = &["partial", "denied", "unlicensed", "unavailable", "failed"];

/// One accepted gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapEntry {
    /// The dataset; `None`: every one.
    pub dataset: Option<Dataset>,
    /// The status; `None`: every one.
    pub status: Option<Status>,
    /// Why it is accepted.
    pub reason: String,
    /// Until when; a date alone counts to its end.
    pub until: Option<Timestamp>,
}

/// Reads the list.
pub fn read(value: &Spanned<DeValue<'_>>, gaps: &mut Vec<GapEntry>, spots: &mut Vec<Spot>) {
    for (span, table) in tables(value, "accepted-gap", spots) {
        gaps.extend(read_one(span, table, spots));
    }
}

/// The tables of `[[name]]`; anything else is a mistake.
pub(super) fn tables<'t, 'i>(
    value: &'t Spanned<DeValue<'i>>,
    name: &str,
    spots: &mut Vec<Spot>,
) -> Vec<(std::ops::Range<usize>, &'t DeTable<'i>)> {
    let wrong = |span| Spot::new(span, format!("`{name}` is a list of tables")).help(format!("write `[[{name}]]`"));
    let Some(items) = value.get_ref().as_array() else {
        spots.push(wrong(value.span()));
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items.iter() {
        match item.get_ref().as_table() {
            Some(table) => found.push((item.span(), table)),
            None => spots.push(wrong(item.span())),
        }
    }
    found
}

fn read_one(span: std::ops::Range<usize>, table: &DeTable<'_>, spots: &mut Vec<Spot>) -> Option<GapEntry> {
    let before = spots.len();
    let mut gap = GapEntry { dataset: None, status: None, reason: String::new(), until: None };
    for (key, value) in table {
        let (text, at) = (value.get_ref().as_str(), value.span());
        match (key.get_ref().as_ref(), text) {
            ("dataset", Some(text)) => match Dataset::parse(text) {
                Some(dataset) => gap.dataset = Some(dataset),
                None => spots.push(Spot {
                    span: at,
                    message: format!("`dataset`: there is no dataset {text:?}"),
                    help: hint(text, Dataset::ALL.iter().map(|dataset| dataset.name())),
                }),
            },
            ("status", Some(text)) => match Status::parse(text).filter(|status| status.is_unread()) {
                Some(status) => gap.status = Some(status),
                None => spots.push(Spot {
                    span: at,
                    message: format!("`status`: {text:?} is not how a gap is named"),
                    help: hint(text, STATUSES.iter().copied()),
                }),
            },
            ("reason", Some(text)) => gap.reason = text.trim().to_owned(),
            ("until", _) => match until(value.get_ref()) {
                Some(until) => gap.until = Some(until),
                None => spots.push(Spot::new(at, "`until` is not a date").help("write `until = 2027-01-31`")),
            },
            (known, None) if KEYS.contains(&known) => spots.push(Spot::new(at, format!("`{known}` is a string"))),
            (other, _) => spots.push(unknown(other, key.span(), KEYS.iter().copied())),
        }
    }
    if gap.reason.is_empty() && !spots[before..].iter().any(|spot| spot.message.starts_with("`reason`")) {
        spots.push(Spot::new(span, "an accepted gap says why").help("add `reason = \"…\"`"));
    }
    (spots.len() == before).then_some(gap)
}

/// A date or a time, as TOML's own or as a string. A date alone lasts to its end.
pub(super) fn until(value: &DeValue<'_>) -> Option<Timestamp> {
    let text = match value {
        DeValue::Datetime(at) => at.to_string(),
        DeValue::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    Timestamp::parse(&text).or_else(|| Timestamp::parse(&format!("{text}T23:59:59Z")))
}

#[cfg(test)]
mod tests {
    use crate::config::{Trust, from_text};
    use crate::domain::{Dataset, Status, Timestamp};

    #[test]
    fn every_form_of_a_date_and_every_mistake() {
        let text = "[[accepted-gap]]\ndataset = \"sign-ins\"\nstatus = \"denied\"\nreason = \"no P1\"\nuntil = 2027-01-31\n\
                    [[accepted-gap]]\nreason = \"all\"\nuntil = \"2027-01-31T12:00:00Z\"\n";
        let config = from_text("p.toml", text, Trust::Discovered);
        assert_eq!(config.problems, []);
        let [first, second] = config.accepted_gaps.as_slice() else { panic!("two gaps") };
        assert_eq!((first.dataset, first.status), (Some(Dataset::SignIns), Some(Status::Denied)));
        assert_eq!(first.until, Timestamp::parse("2027-01-31T23:59:59Z"));
        assert_eq!((second.dataset, second.until), (None, Timestamp::parse("2027-01-31T12:00:00Z")));

        let broken = "[[accepted-gap]]\nstatus = \"complete\"\nuntil = \"soon\"\nreson = \"x\"\ndataset = 3\n";
        let config = from_text("p.toml", broken, Trust::Discovered);
        let at: Vec<(usize, usize)> = config.problems.iter().map(|problem| (problem.line, problem.column)).collect();
        assert_eq!(at, [(1, 1), (2, 10), (3, 9), (4, 1), (5, 11)], "{:#?}", config.problems);
        assert!(config.accepted_gaps.is_empty());
        assert_eq!(from_text("p.toml", "accepted-gap = 1\n", Trust::Discovered).problems.len(), 1);
    }
}
