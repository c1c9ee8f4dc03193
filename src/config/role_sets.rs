//! `[[role-set]]`: a name for several roles, and how lists of roles are read: names, template ids, own sets and built-in ones.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::unknown;
use super::gaps::tables;
use super::nearest::hint;
use super::problem::Spot;
use super::units;
use crate::domain::roles::{self, sets};

const KEYS: &[&str] = &["name", "roles"];

/// One set of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSetEntry {
    /// What lists of roles call it.
    pub name: String,
    /// Template ids, sorted.
    pub roles: Vec<String>,
}

/// Reads the list.
pub fn read(value: &Spanned<DeValue<'_>>, found: &mut Vec<RoleSetEntry>, spots: &mut Vec<Spot>) {
    for (span, table) in tables(value, "role-set", spots) {
        let Some((entry, at)) = read_one(span, table, spots) else { continue };
        let taken = match (roles::by_name(&entry.name), sets::find(&entry.name)) {
            (Some(_), _) => Some(format!("{:?} is the name of a role", entry.name)),
            (_, Some(_)) => Some(format!("{:?} is the name of a built-in set", entry.name)),
            _ => found
                .iter()
                .any(|other| other.name.eq_ignore_ascii_case(&entry.name))
                .then(|| format!("there are two sets named {:?}", entry.name)),
        };
        match taken {
            Some(message) => spots.push(Spot::new(at, message).help("give the set a name of its own")),
            None => found.push(entry),
        }
    }
}

fn read_one(span: Range<usize>, table: &DeTable<'_>, spots: &mut Vec<Spot>) -> Option<(RoleSetEntry, Range<usize>)> {
    let before = spots.len();
    let (mut name, mut at, mut roles) = (String::new(), span.clone(), Vec::new());
    for (key, value) in table {
        match (key.get_ref().as_ref(), value.get_ref().as_str().map(str::trim)) {
            ("name", Some(text)) if !text.is_empty() => (name, at) = (text.to_owned(), value.span()),
            ("name", _) => spots.push(Spot::new(value.span(), "`name` is a string that says something")),
            // A set of sets of the file could name itself: only built-in ones may stand in one.
            ("roles", _) => roles = list_of_roles(value, &[], spots),
            (other, _) => spots.push(unknown(other, key.span(), KEYS.iter().copied())),
        }
    }
    for (key, example) in [("name", "\"helpdesk\""), ("roles", "[\"Helpdesk Administrator\"]")] {
        if !table.contains_key(key) {
            spots.push(Spot::new(span.clone(), format!("a role set has its `{key}`")).help(format!("add `{key} = {example}`")));
        }
    }
    (spots.len() == before).then_some((RoleSetEntry { name, roles }, at))
}

/// Roles by name, template id or set, as sorted template ids.
pub(super) fn list_of_roles(value: &Spanned<DeValue<'_>>, own: &[RoleSetEntry], spots: &mut Vec<Spot>) -> Vec<String> {
    // An empty list reads like "none", and whatever asks whether all of no roles are in it hears yes.
    let Some(items) = value.get_ref().as_array().filter(|items| !items.is_empty()) else {
        spots.push(Spot::new(value.span(), "`roles` is a list of strings that is not empty"));
        return Vec::new();
    };
    let mut ids = Vec::new();
    for item in items.iter() {
        let Some(text) = item.get_ref().as_str().map(str::trim) else {
            spots.push(Spot::new(item.span(), "`roles` is a list of strings"));
            continue;
        };
        match resolve(text, own) {
            Some(found) => ids.extend(found),
            None => {
                let names = roles::all().iter().map(|role| role.name).chain(sets::SETS.iter().map(|set| set.name));
                spots.push(Spot {
                    span: item.span(),
                    message: format!("`roles`: there is no built-in role and no role set {text:?}"),
                    help: hint(text, names.chain(own.iter().map(|set| set.name.as_str()))),
                });
            }
        }
    }
    ids.sort();
    ids.dedup();
    ids
}

fn resolve(text: &str, own: &[RoleSetEntry]) -> Option<Vec<String>> {
    if let Some(role) = roles::by_name(text).or_else(|| roles::by_id(text)) {
        return Some(vec![role.id.to_owned()]);
    }
    // A role that this build does not know yet, or one that Microsoft does not document, can only be told by its id.
    if units::is_guid(text) {
        return Some(vec![text.to_ascii_lowercase()]);
    }
    let own = own.iter().find(|set| set.name.eq_ignore_ascii_case(text)).map(|set| set.roles.clone());
    own.or_else(|| sets::find(text).map(|set| set.ids().map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use crate::config::{Trust, from_text};

    #[test]
    fn a_set_of_the_file_or_a_built_in_one_stands_for_its_roles() {
        let text = "[[approved]]\ntenant = \"11111111-1111-4111-8111-111111111111\"\nowner = \"it\"\nroles = [\"desk\", \"microsoft-led-helpdesk\", \"Guest Inviter\"]\n\
                    [[role-set]]\nname = \"Desk\"\nroles = [\"Helpdesk Administrator\", \"task-licenses\"]\n";
        let config = from_text("p.toml", text, Trust::Discovered);
        assert_eq!(config.problems, []);
        let names: Vec<&str> = config.approved[0].roles.iter().flatten().map(|id| crate::domain::roles::name(id)).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ["Guest Inviter", "Helpdesk Administrator", "License Administrator", "Service Support Administrator"]);
    }

    #[test]
    fn every_mistake_has_its_place() {
        let text = "[[role-set]]\nname = \"roles-simple\"\nroles = [\"Global Reader\"]\n[[role-set]]\nname = \"global reader\"\nroles = [\"Global Reader\"]\n\
                    [[role-set]]\nname = \"a\"\nroles = [\"task-licences\"]\n[[role-set]]\nroels = []\n[[role-set]]\nname = \"b\"\nroles = [\"c\"]\n\
                    [[role-set]]\nname = \"c\"\nroles = [\"Global Reader\"]\n[[role-set]]\nname = \"C\"\nroles = [\"Global Reader\"]\n\
                    [[role-set]]\nname = \"d\"\nroles = []\n";
        let config = from_text("p.toml", text, Trust::Discovered);
        let said: Vec<(usize, &str)> = config.problems.iter().map(|problem| (problem.line, problem.message.as_str())).collect();
        assert_eq!(
            said,
            [
                (2, "\"roles-simple\" is the name of a built-in set"),
                (5, "\"global reader\" is the name of a role"),
                (9, "`roles`: there is no built-in role and no role set \"task-licences\""),
                (10, "a role set has its `name`"),
                (10, "a role set has its `roles`"),
                (11, "unknown key \"roels\""),
                (14, "`roles`: there is no built-in role and no role set \"c\""),
                (19, "there are two sets named \"C\""),
                (23, "`roles` is a list of strings that is not empty"),
            ]
        );
        assert!(config.problems[2].help.as_deref().is_some_and(|help| help.contains("task-licenses")));
    }
}
