//! The words of an answer: names, roles, when somebody was there.

use crate::domain::{Timestamp, roles};

/// Something with an id and the best name there is for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named<'a> {
    /// Its name, or its id.
    pub name: &'a str,
    /// Its id.
    pub id: &'a str,
}

impl<'a> Named<'a> {
    /// An id with the first name that is not blank, or else with itself as name.
    pub fn new(id: &'a str, names: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let filled = names.into_iter().flatten().find(|name| !name.trim().is_empty());
        Named { id, name: filled.unwrap_or(id) }
    }
}

/// A role, the most powerful first in every list; one that the catalog does not know stands before tier 1, for it may be anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role<'a> {
    /// Template id, or the definition's id of a custom role.
    pub id: &'a str,
    /// Its name, or its id.
    pub name: &'a str,
    /// Tier 0 to 3; `None` if the catalog does not have it.
    pub tier: Option<u8>,
}

impl<'a> Role<'a> {
    /// The role of a template id.
    pub fn of(id: &'a str) -> Self {
        Role { id, name: roles::name(id), tier: roles::tier(id) }
    }

    /// Where it stands: 0 for tier 0, 1 for what is not known, then the tiers.
    pub fn rank(&self) -> u8 {
        match self.tier {
            Some(0) => 0,
            None => 1,
            Some(tier) => tier.saturating_add(1),
        }
    }
}

impl Ord for Role<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.rank(), self.name, self.id).cmp(&(other.rank(), other.name, other.id))
    }
}

impl PartialOrd for Role<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Roles of template ids, each once, the most powerful first.
pub(super) fn role_list<'a>(ids: impl IntoIterator<Item = &'a str>) -> Vec<Role<'a>> {
    let mut list: Vec<Role<'_>> = ids.into_iter().map(Role::of).collect();
    list.sort_unstable();
    list.dedup();
    list
}

/// Whether somebody was in a tenant. The sign-in log tells presence: it never tells which role was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// Nobody can say: the log was not read, or not to its end, or somebody came whose path is not known.
    Unknown,
    /// Nobody came in the span of the log.
    Never,
    /// The last success.
    At(Timestamp),
}

/// What an answer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There is a path.
    Somebody,
    /// There is none, and everything that could show one was read.
    Nobody,
    /// There is none in what was read, and not everything was.
    Unknown,
}

/// The first of a list, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capped<T> {
    /// The first of them.
    pub shown: Vec<T>,
    /// How many there are.
    pub total: u64,
}

impl<T> Capped<T> {
    /// The first `most` of a list.
    pub fn new(mut all: Vec<T>, most: usize) -> Self {
        let total = all.len() as u64;
        all.truncate(most);
        Capped { shown: all, total }
    }

    /// No more than `most` of them.
    #[must_use]
    pub fn cut(mut self, most: usize) -> Self {
        self.shown.truncate(most);
        self
    }

    /// How many are not shown.
    pub fn more(&self) -> u64 {
        self.total - (self.shown.len() as u64).min(self.total)
    }
}
