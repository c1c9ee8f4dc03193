//! `[[approved]]`: an outside tenant that the organisation let in, with what it may hold, until when and who answers for it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::unknown;
use super::gaps::{tables, until};
use super::problem::Spot;
use super::role_sets::{RoleSetEntry, list_of_roles};
use super::units;
use crate::domain::Timestamp;
use crate::domain::limits::{NetRange, WorkHours};

const KEYS: &[&str] =
    &["tenant", "name", "roles", "groups", "countries", "networks", "hours", "days", "utc-offset", "until", "owner", "ticket"];

/// One approved tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovedEntry {
    /// Tenant id, lower case.
    pub tenant_id: String,
    /// Its name, for people.
    pub name: String,
    /// Template ids of the roles that it may hold; `None`: any but tier 0.
    pub roles: Option<Vec<String>>,
    /// Until when; a date alone counts to its end.
    pub until: Option<Timestamp>,
    /// Who answers for it.
    pub owner: String,
    /// Where it was decided.
    pub ticket: Option<String>,
    /// Object ids of the groups that may hold a role here; `None`: any.
    pub groups: Option<Vec<String>>,
    /// Countries that its people may sign in from, upper case; `None`: any.
    pub countries: Option<Vec<String>>,
    /// Networks that its people may sign in from; `None`: any.
    pub networks: Option<Vec<NetRange>>,
    /// When its people may sign in; `None`: at any time.
    pub hours: Option<WorkHours>,
}

/// Reads the list.
pub fn read(value: &Spanned<DeValue<'_>>, sets: &[RoleSetEntry], approved: &mut Vec<ApprovedEntry>, spots: &mut Vec<Spot>) {
    for (span, table) in tables(value, "approved", spots) {
        let Some(entry) = read_one(span.clone(), table, sets, spots) else { continue };
        if approved.iter().any(|other| other.tenant_id == entry.tenant_id) {
            spots.push(Spot::new(span, format!("the tenant {} is approved twice", entry.tenant_id)).help("keep one entry for each tenant"));
        } else {
            approved.push(entry);
        }
    }
}

fn read_one(span: Range<usize>, table: &DeTable<'_>, sets: &[RoleSetEntry], spots: &mut Vec<Spot>) -> Option<ApprovedEntry> {
    let before = spots.len();
    let mut entry = ApprovedEntry::default();
    let mut clock = Clock::default();
    for (key, value) in table {
        let (text, at) = (value.get_ref().as_str().map(str::trim), value.span());
        match (key.get_ref().as_ref(), text) {
            ("tenant", Some(text)) => match units::is_guid(text) {
                true => entry.tenant_id = text.to_ascii_lowercase(),
                false => spots.push(
                    Spot::new(at, "`tenant` is not a tenant id").help("give the partner's tenant id, a GUID: domains can change hands"),
                ),
            },
            ("name", Some(text)) => entry.name = text.to_owned(),
            ("owner", Some(text)) => entry.owner = text.to_owned(),
            ("ticket", Some(text)) => entry.ticket = Some(text.to_owned()).filter(|ticket| !ticket.is_empty()),
            ("roles", _) => entry.roles = Some(list_of_roles(value, sets, spots)),
            ("groups", _) => entry.groups = Some(list(value, "groups", spots, group)),
            ("countries", _) => entry.countries = Some(list(value, "countries", spots, country)),
            ("networks", _) => entry.networks = Some(list(value, "networks", spots, NetRange::parse)),
            ("hours", Some(text)) => match WorkHours::parse_span(text) {
                Some(hours) => clock.hours = Some(hours),
                None => spots.push(Spot::new(at, "`hours` is not a span of a day").help("write `hours = \"08:00-18:00\"`")),
            },
            ("utc-offset", Some(text)) => match WorkHours::parse_offset(text) {
                Some(offset) => clock.offset = Some(offset),
                None => spots.push(Spot::new(at, "`utc-offset` is no distance from UTC").help("write `utc-offset = \"+01:00\"`")),
            },
            ("days", _) => clock.days = Some(list(value, "days", spots, day)),
            ("until", _) => match until(value.get_ref()) {
                Some(until) => entry.until = Some(until),
                None => spots.push(Spot::new(at, "`until` is not a date").help("write `until = 2027-01-31`")),
            },
            (known, None) if KEYS.contains(&known) => spots.push(Spot::new(at, format!("`{known}` is a string"))),
            (other, _) => spots.push(unknown(other, key.span(), KEYS.iter().copied())),
        }
    }
    for (name, value) in [("tenant", &entry.tenant_id), ("owner", &entry.owner)] {
        let said = spots[before..].iter().any(|spot| spot.message.starts_with(&format!("`{name}`")));
        if value.is_empty() && !said {
            spots.push(Spot::new(span.clone(), format!("an approval names its `{name}`")).help(format!("add `{name} = \"…\"`")));
        }
    }
    if spots.len() == before {
        entry.hours = clock.read(span, spots);
    }
    (spots.len() == before).then_some(entry)
}

/// Hours as they are written: in three keys.
#[derive(Default)]
struct Clock {
    hours: Option<(u32, u32)>,
    offset: Option<i32>,
    days: Option<Vec<u8>>,
}

impl Clock {
    fn read(self, span: Range<usize>, spots: &mut Vec<Spot>) -> Option<WorkHours> {
        match (self.hours, self.offset, self.days) {
            (None, None, None) => None,
            // Hours by nobody's clock would be checked by a wrong one.
            (hours, Some(offset), days) if hours.is_some() || days.is_some() => {
                let (start, end) = hours.unwrap_or((0, 24 * 60));
                Some(WorkHours { start, end, offset, days: days.unwrap_or_default() })
            }
            (None, Some(_), _) => {
                spots.push(Spot::new(span, "`utc-offset` without `hours` or `days` means nothing").help("add `hours = \"08:00-18:00\"`"));
                None
            }
            (..) => {
                spots.push(Spot::new(span, "hours need a clock").help("add `utc-offset = \"+01:00\"`"));
                None
            }
        }
    }
}

/// A list of strings, each read; what is wrong with one has its place. An empty list would approve nothing, and is a mistake.
fn list<T>(value: &Spanned<DeValue<'_>>, name: &str, spots: &mut Vec<Spot>, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
    let Some(items) = value.get_ref().as_array().filter(|items| !items.is_empty()) else {
        spots.push(Spot::new(value.span(), format!("`{name}` is a list of strings that is not empty")));
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items.iter() {
        match item.get_ref().as_str().map(&read) {
            Some(Ok(value)) => found.push(value),
            Some(Err(message)) => spots.push(Spot::new(item.span(), format!("`{name}`: {message}"))),
            None => spots.push(Spot::new(item.span(), format!("`{name}` is a list of strings"))),
        }
    }
    found
}

fn group(text: &str) -> Result<String, String> {
    if units::is_guid(text.trim()) {
        Ok(text.trim().to_ascii_lowercase())
    } else {
        Err(format!("{text:?} is not the object id of a group"))
    }
}

fn country(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_code { Ok(text.to_ascii_uppercase()) } else { Err(format!("{text:?} is not a country's two letters, such as NL")) }
}

fn day(text: &str) -> Result<u8, String> {
    WorkHours::parse_day(text).ok_or_else(|| format!("{text:?} is not a day, such as Mon"))
}

#[cfg(test)]
mod tests {
    use crate::config::{Trust, from_text};
    use crate::domain::Timestamp;

    #[test]
    fn roles_by_name_or_id_and_every_mistake() {
        let text = "[[approved]]\ntenant = \"11111111-1111-4111-8111-11111111111A\"\nname = \"Fabrikam MSP\"\nroles = [\"global reader\", \"729827e3-9c14-49f7-bb1b-9608f156bbb8\"]\nuntil = 2027-01-31\nowner = \"it@contoso.example\"\nticket = \" CHG-7 \"\n";
        let config = from_text("p.toml", text, Trust::Discovered);
        assert_eq!(config.problems, []);
        let [entry] = config.approved.as_slice() else { panic!("one entry") };
        assert_eq!(entry.tenant_id, "11111111-1111-4111-8111-11111111111a");
        assert_eq!(entry.roles.as_ref().map(Vec::len), Some(2));
        assert_eq!(entry.until, Timestamp::parse("2027-01-31T23:59:59Z"));
        assert_eq!((entry.owner.as_str(), entry.ticket.as_deref()), ("it@contoso.example", Some("CHG-7")));

        let broken = "[[approved]]\ntenant = \"fabrikam.example\"\nroles = [\"Globl Reader\"]\nuntl = 1\n[[approved]]\ntenant = \"11111111-1111-4111-8111-111111111111\"\n";
        let config = from_text("p.toml", broken, Trust::Discovered);
        let lines: Vec<usize> = config.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5], "{:#?}", config.problems);
        assert!(config.approved.is_empty());
        assert!(config.problems.iter().any(|problem| problem.help.as_deref().is_some_and(|help| help.contains("Global Reader"))));
    }

    #[test]
    fn a_role_that_no_catalog_has_goes_by_its_id() {
        let text = "[[approved]]\ntenant = \"11111111-1111-4111-8111-111111111111\"\nowner = \"a\"\nroles = [\"DEADBEEF-0000-4000-8000-000000000001\"]\n";
        let config = from_text("p.toml", text, Trust::Discovered);
        assert_eq!(
            (config.problems.len(), config.approved[0].roles.clone()),
            (0, Some(vec!["deadbeef-0000-4000-8000-000000000001".into()]))
        );
    }

    #[test]
    fn one_tenant_is_approved_once() {
        let one = "[[approved]]\ntenant = \"11111111-1111-4111-8111-111111111111\"\nowner = \"a\"\n";
        let config = from_text("p.toml", &one.repeat(2), Trust::Discovered);
        assert_eq!((config.problems.len(), config.approved.len()), (1, 1));
    }

    #[test]
    fn groups_countries_networks_and_hours() {
        let head = "[[approved]]\ntenant = \"11111111-1111-4111-8111-111111111111\"\nowner = \"it\"\n";
        let whole = "ticket = \"CHG-1\"\ngroups = [\"22222222-2222-4222-8222-22222222222A\"]\ncountries = [\"nl\", \"DE\"]\nnetworks = [\"192.0.2.0/24\", \"AS64496\"]\n\
                     hours = \"07:00-19:00\"\ndays = [\"Mon\", \"friday\"]\nutc-offset = \"+01:00\"\n";
        let config = from_text("p.toml", &format!("{head}{whole}"), Trust::Discovered);
        assert_eq!(config.problems, []);
        let entry = &config.approved[0];
        assert_eq!(entry.countries.as_deref(), Some(["NL".to_owned(), "DE".to_owned()].as_slice()));
        assert_eq!(entry.hours.as_ref().map(|hours| hours.to_string()).as_deref(), Some("07:00-19:00 UTC+01:00, Mon Fri"));
        assert_eq!((entry.networks.as_ref().map(Vec::len), entry.ticket.as_deref()), (Some(2), Some("CHG-1")));
        for (wrong, line, word) in [
            ("groups = [\"sg-partners\"]\n", 4, "object id"),
            ("countries = []\n", 4, "not empty"),
            ("roles = []\n", 4, "not empty"),
            ("networks = [\"::ffff:192.0.2.7/120\"]\n", 4, "192.0.2.0/24"),
            ("countries = [\"NLD\"]\n", 4, "two letters"),
            ("networks = [\"192.0.2.7/24\"]\n", 4, "192.0.2.0/24"),
            ("hours = \"7-19\"\n", 4, "`hours`"),
            ("hours = \"07:00-19:00\"\n", 1, "a clock"),
            ("utc-offset = \"CET\"\n", 4, "`utc-offset`"),
            ("utc-offset = \"Z\"\n", 1, "means nothing"),
            ("days = [\"Someday\"]\n", 4, "`days`"),
        ] {
            let config = from_text("p.toml", &format!("{head}{wrong}"), Trust::Discovered);
            let [problem] = config.problems.as_slice() else { panic!("{wrong}: {:?}", config.problems) };
            assert!(problem.line == line && problem.message.contains(word), "{wrong}: {problem}");
            assert!(config.approved.is_empty());
        }
    }
}
