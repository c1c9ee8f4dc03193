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

const KEYS: &[&str] = &["tenant", "name", "roles", "until", "owner", "ticket"];

/// One approved tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    let mut entry = ApprovedEntry { tenant_id: String::new(), name: String::new(), roles: None, until: None, owner: String::new() };
    for (key, value) in table {
        let (text, at) = (value.get_ref().as_str(), value.span());
        match (key.get_ref().as_ref(), text) {
            ("tenant", Some(text)) => match units::tenant(text) {
                Ok(id) if id.len() == 36 && !id.contains('.') => entry.tenant_id = id.to_ascii_lowercase(),
                _ => spots.push(
                    Spot::new(at, "`tenant` is not a tenant id").help("give the partner's tenant id, a GUID: domains can change hands"),
                ),
            },
            ("name", Some(text)) => entry.name = text.trim().to_owned(),
            ("owner", Some(text)) => entry.owner = text.trim().to_owned(),
            ("ticket", Some(_)) => {}
            ("roles", _) => entry.roles = Some(list_of_roles(value, sets, spots)),
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
    (spots.len() == before).then_some(entry)
}

#[cfg(test)]
mod tests {
    use crate::config::{Trust, from_text};
    use crate::domain::Timestamp;

    #[test]
    fn roles_by_name_or_id_and_every_mistake() {
        let text = "[[approved]]\ntenant = \"11111111-1111-4111-8111-11111111111A\"\nname = \"Fabrikam MSP\"\nroles = [\"global reader\", \"729827e3-9c14-49f7-bb1b-9608f156bbb8\"]\nuntil = 2027-01-31\nowner = \"it@contoso.example\"\n";
        let config = from_text("p.toml", text, Trust::Discovered);
        assert_eq!(config.problems, []);
        let [entry] = config.approved.as_slice() else { panic!("one entry") };
        assert_eq!(entry.tenant_id, "11111111-1111-4111-8111-11111111111a");
        assert_eq!(entry.roles.as_ref().map(Vec::len), Some(2));
        assert_eq!(entry.until, Timestamp::parse("2027-01-31T23:59:59Z"));

        let broken = "[[approved]]\ntenant = \"fabrikam.example\"\nroles = [\"Globl Reader\"]\nuntl = 1\n[[approved]]\ntenant = \"11111111-1111-4111-8111-111111111111\"\n";
        let config = from_text("p.toml", broken, Trust::Discovered);
        let lines: Vec<usize> = config.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5], "{:#?}", config.problems);
        assert!(config.approved.is_empty());
        assert!(config.problems.iter().any(|problem| problem.help.as_deref().is_some_and(|help| help.contains("Global Reader"))));
    }

    #[test]
    fn one_tenant_is_approved_once() {
        let one = "[[approved]]\ntenant = \"11111111-1111-4111-8111-111111111111\"\nowner = \"a\"\n";
        let config = from_text("p.toml", &one.repeat(2), Trust::Discovered);
        assert_eq!((config.problems.len(), config.approved.len()), (1, 1));
    }
}
