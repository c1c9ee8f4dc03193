//! `[[waiver]]`: a finding that is tolerated for a time, with who answers for it. All but the two tenants is required.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::unknown;
use super::gaps::{tables, until};
use super::problem::Spot;
use super::units;
use crate::domain::Timestamp;

const KEYS: &[&str] = &["rule", "subject", "partner", "customer", "reason", "owner", "until"];
/// Keys without which there is no waiver, and how each is written.
const REQUIRED: [(&str, &str); 5] =
    [("rule", "\"gdap-tier0-role\""), ("subject", "\"…\""), ("reason", "\"…\""), ("owner", "\"…\""), ("until", "2027-01-31")];

/// One waiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaiverEntry {
    /// The rule, by id or code; not looked up yet.
    pub rule: String,
    /// Id of the subject, or a fingerprint.
    pub subject: String,
    /// Tenant id of the partner, lower case.
    pub partner: Option<String>,
    /// Tenant id of the customer, lower case.
    pub customer: Option<String>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Until when; a date alone counts to its end.
    pub until: Timestamp,
}

/// Reads the list.
pub fn read(value: &Spanned<DeValue<'_>>, waivers: &mut Vec<WaiverEntry>, rules: &mut Vec<(String, Range<usize>)>, spots: &mut Vec<Spot>) {
    for (span, table) in tables(value, "waiver", spots) {
        let Some(entry) = read_one(span.clone(), table, rules, spots) else { continue };
        let key = |one: &WaiverEntry| (one.rule.to_lowercase(), one.subject.to_lowercase(), one.partner.clone(), one.customer.clone());
        if waivers.iter().any(|other| key(other) == key(&entry)) {
            spots.push(Spot::new(span, format!("{} is waived twice for {:?}", entry.rule, entry.subject)).help("keep one of the two"));
        } else {
            waivers.push(entry);
        }
    }
}

fn read_one(
    span: Range<usize>,
    table: &DeTable<'_>,
    rules: &mut Vec<(String, Range<usize>)>,
    spots: &mut Vec<Spot>,
) -> Option<WaiverEntry> {
    let before = spots.len();
    let (mut texts, mut ends) = ([const { None }; 6], None);
    for (key, value) in table {
        let (name, at) = (key.get_ref().as_ref(), value.span());
        match (KEYS.iter().position(|known| *known == name), value.get_ref().as_str().map(str::trim)) {
            (None, _) => spots.push(unknown(name, key.span(), KEYS.iter().copied())),
            (Some(_), _) if name == "until" => match until(value.get_ref()) {
                Some(until) => ends = Some(until),
                None => spots.push(Spot::new(at, "`until` is not a date").help("write `until = 2027-01-31`")),
            },
            (Some(_), None | Some("")) => spots.push(Spot::new(at, format!("`{name}` is a string that says something"))),
            (Some(_), Some(text)) if matches!(name, "partner" | "customer") && !units::is_guid(text) => {
                spots.push(
                    Spot::new(at, format!("`{name}` is not a tenant id")).help("give the tenant id, a GUID: domains can change hands"),
                );
            }
            (Some(place), Some(text)) => {
                if name == "rule" {
                    rules.push((text.to_owned(), at));
                }
                if let Some(slot) = texts.get_mut(place) {
                    *slot = Some(text.to_owned());
                }
            }
        }
    }
    for (name, example) in REQUIRED.iter().filter(|(name, _)| !table.contains_key(*name)) {
        spots.push(Spot::new(span.clone(), format!("a waiver names its `{name}`")).help(format!("add `{name} = {example}`")));
    }
    if spots.len() != before {
        return None;
    }
    let lower = |text: Option<String>| text.map(|text| text.to_ascii_lowercase());
    let [rule, subject, partner, customer, reason, owner] = texts;
    Some(WaiverEntry {
        rule: rule?,
        subject: subject?,
        partner: lower(partner),
        customer: lower(customer),
        reason: reason?,
        owner: owner?,
        until: ends?,
    })
}

#[cfg(test)]
mod tests {
    use crate::config::{Trust, from_text};
    use crate::domain::Timestamp;

    const WHOLE: &str = "[[waiver]]\nrule = \"PRV-02\"\nsubject = \"r-1\"\nreason = \"agreed\"\nowner = \"it\"\nuntil = 2027-01-31\n";

    #[test]
    fn all_but_the_tenants_is_required() {
        let config = from_text("p.toml", WHOLE, Trust::Discovered);
        assert_eq!(config.problems, []);
        let [waiver] = config.waivers.as_slice() else { panic!("one waiver") };
        assert_eq!((waiver.rule.as_str(), waiver.subject.as_str(), waiver.owner.as_str()), ("PRV-02", "r-1", "it"));
        assert_eq!(Some(waiver.until), Timestamp::parse("2027-01-31T23:59:59Z"));
        for key in ["rule", "subject", "reason", "owner", "until"] {
            let cut: String = WHOLE.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect();
            let config = from_text("p.toml", &cut, Trust::Discovered);
            let said: Vec<String> = config.problems.iter().map(|problem| format!("{problem}")).collect();
            assert_eq!(said, [format!("p.toml:1:1: a waiver names its `{key}`")]);
            assert!(config.waivers.is_empty());
        }
    }

    #[test]
    fn every_mistake_has_its_place() {
        let text = "[[waiver]]\nrule = 3\nsubject = \" \"\npartner = \"msp.example\"\nowner = \"it\"\nuntil = \"soon\"\nreson = \"x\"\n";
        let config = from_text("p.toml", text, Trust::Named);
        let at: Vec<(usize, usize)> = config.problems.iter().map(|problem| (problem.line, problem.column)).collect();
        assert_eq!(at, [(1, 1), (2, 8), (3, 11), (4, 11), (6, 9), (7, 1)], "{:#?}", config.problems);
        let twice = from_text("p.toml", &WHOLE.repeat(2), Trust::Named);
        assert_eq!((twice.problems.len(), twice.problems[0].line, twice.waivers.len()), (1, 7, 1));
        assert_eq!(from_text("p.toml", "waiver = 1\n", Trust::Named).problems.len(), 1);
    }
}
