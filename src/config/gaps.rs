//! `[[accepted-gap]]`: a gap that is known and tolerated for a time, with who answers for it: it does not make exit 3. As with a waiver all is
//! required, but the status: left out, any.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::unknown;
use super::nearest::hint;
use super::problem::Spot;
use crate::domain::{Dataset, Status, Timestamp};

const KEYS: &[&str] = &["dataset", "status", "reason", "owner", "until"];
/// Keys without which nothing is accepted, and how each is written.
const REQUIRED: [(&str, &str); 4] = [("dataset", "\"sign-ins\""), ("reason", "\"…\""), ("owner", "\"…\""), ("until", "2027-01-31")];
const STATUSES: &[&str] = &["partial", "denied", "unlicensed", "unavailable", "failed"];

/// One accepted gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapEntry {
    /// The dataset.
    pub dataset: Dataset,
    /// The status; `None`: every one.
    pub status: Option<Status>,
    /// Why it is accepted.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Until when; a date alone counts to its end.
    pub until: Timestamp,
}

/// Reads the list.
pub fn read(value: &Spanned<DeValue<'_>>, gaps: &mut Vec<GapEntry>, spots: &mut Vec<Spot>) {
    for (span, table) in tables(value, "accepted-gap", spots) {
        let Some(entry) = read_one(span.clone(), table, spots) else { continue };
        if gaps.iter().any(|other| (other.dataset, other.status) == (entry.dataset, entry.status)) {
            spots.push(Spot::new(span, format!("the gap of {} is accepted twice", entry.dataset)).help("keep one of the two"));
        } else {
            gaps.push(entry);
        }
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
    let (mut dataset, mut status, mut reason, mut owner, mut ends) = (None, None, None, None, None);
    for (key, value) in table {
        let (text, at) = (value.get_ref().as_str().map(str::trim), value.span());
        match (key.get_ref().as_ref(), text) {
            ("dataset", Some(text)) => match Dataset::parse(text) {
                Some(found) => dataset = Some(found),
                None => spots.push(Spot {
                    span: at,
                    message: format!("`dataset`: there is no dataset {text:?}"),
                    help: hint(text, Dataset::ALL.iter().map(|dataset| dataset.name())),
                }),
            },
            ("status", Some(text)) => match Status::parse(text).filter(|status| status.is_unread()) {
                Some(found) => status = Some(found),
                None => spots.push(Spot {
                    span: at,
                    message: format!("`status`: {text:?} is not how a gap is named"),
                    help: hint(text, STATUSES.iter().copied()),
                }),
            },
            ("until", _) => match until(value.get_ref()) {
                Some(until) => ends = Some(until),
                None => spots.push(Spot::new(at, "`until` is not a date").help("write `until = 2027-01-31`")),
            },
            ("reason", Some(text)) if !text.is_empty() => reason = Some(text.to_owned()),
            ("owner", Some(text)) if !text.is_empty() => owner = Some(text.to_owned()),
            (known, _) if KEYS.contains(&known) => spots.push(Spot::new(at, format!("`{known}` is a string that says something"))),
            (other, _) => spots.push(unknown(other, key.span(), KEYS.iter().copied())),
        }
    }
    for (name, example) in REQUIRED.iter().filter(|(name, _)| !table.contains_key(*name)) {
        spots.push(Spot::new(span.clone(), format!("an accepted gap names its `{name}`")).help(format!("add `{name} = {example}`")));
    }
    if spots.len() != before {
        return None;
    }
    Some(GapEntry { dataset: dataset?, status, reason: reason?, owner: owner?, until: ends? })
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

    const WHOLE: &str =
        "[[accepted-gap]]\ndataset = \"sign-ins\"\nstatus = \"denied\"\nreason = \"no P1\"\nowner = \"it\"\nuntil = 2027-01-31\n";

    #[test]
    fn all_but_the_status_is_required() {
        for key in ["dataset", "reason", "owner", "until"] {
            let cut: String = WHOLE.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect();
            let config = from_text("p.toml", &cut, Trust::Discovered);
            let said: Vec<String> = config.problems.iter().map(|problem| format!("{problem}")).collect();
            assert_eq!(said, [format!("p.toml:1:1: an accepted gap names its `{key}`")]);
            assert!(config.accepted_gaps.is_empty());
        }
    }

    #[test]
    fn every_form_of_a_date_and_every_mistake() {
        let second = "[[accepted-gap]]\ndataset = \"groups\"\nreason = \"all\"\nowner = \"it\"\nuntil = \"2027-01-31T12:00:00Z\"\n";
        let config = from_text("p.toml", &format!("{WHOLE}{second}"), Trust::Discovered);
        assert_eq!(config.problems, []);
        let [first, second] = config.accepted_gaps.as_slice() else { panic!("two gaps") };
        assert_eq!((first.dataset, first.status, first.owner.as_str()), (Dataset::SignIns, Some(Status::Denied), "it"));
        assert_eq!(Some(first.until), Timestamp::parse("2027-01-31T23:59:59Z"));
        assert_eq!((second.status, Some(second.until)), (None, Timestamp::parse("2027-01-31T12:00:00Z")));

        let broken = "[[accepted-gap]]\nstatus = \"complete\"\nuntil = \"soon\"\nreson = \"x\"\ndataset = 3\nowner = \" \"\n";
        let config = from_text("p.toml", broken, Trust::Discovered);
        let at: Vec<(usize, usize)> = config.problems.iter().map(|problem| (problem.line, problem.column)).collect();
        assert_eq!(at, [(1, 1), (2, 10), (3, 9), (4, 1), (5, 11), (6, 9)], "{:#?}", config.problems);
        assert!(config.accepted_gaps.is_empty());
        assert_eq!(from_text("p.toml", "accepted-gap = 1\n", Trust::Discovered).problems.len(), 1);
        let twice = from_text("p.toml", &WHOLE.repeat(2), Trust::Named);
        assert_eq!((twice.problems.len(), twice.problems[0].line, twice.accepted_gaps.len()), (1, 7, 1));
    }
}
