//! A question, and which user, customer, partner and role of a snapshot its words mean.

use std::collections::BTreeMap;

use super::words::Named;

/// How alike two names must be (Jaro-Winkler, 0 to 1) for one to be offered in place of the other.
const ALIKE: f64 = 0.8;

/// Longer names are compared with nothing: a tenant may write a megabyte.
const LONGEST: usize = 256;

/// How many of those that share a name are told.
const MOST_TOLD: usize = 8;

/// What is asked of a snapshot. Nothing at all: an overview.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// Object id, sign-in name or display name of a person or an application.
    pub user: Option<String>,
    /// Tenant id or name of a customer.
    pub customer: Option<String>,
    /// Tenant id, domain or name of an outside tenant (customer view), or of the partner itself.
    pub partner: Option<String>,
    /// Id or name of a role.
    pub role: Option<String>,
    /// Spans in which something may end.
    pub ends: Vec<super::Span>,
    /// Names of sets of roles that stand for tasks.
    pub tasks: Vec<String>,
    /// Sets that the organisation has named itself.
    pub own_sets: Vec<super::OwnSet>,
    /// How many paths are made, and how many customers, partners and people are listed.
    pub limits: Limits,
}

/// How much an answer lists; what is beyond is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Paths.
    pub paths: usize,
    /// Customers or outside tenants.
    pub parties: usize,
    /// People in one list.
    pub people: usize,
    /// Relationships, groups or roles in one list.
    pub relationships: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { paths: 10_000, parties: 1_000, people: 100, relationships: 100 }
    }
}

impl Limits {
    /// As much as a reader can bear.
    pub const FULL: Limits = Limits { paths: 100_000, parties: 100_000, people: 10_000, relationships: 10_000 };
}

/// What a word names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A person or an application.
    User,
    /// A customer.
    Customer,
    /// An outside tenant.
    Partner,
    /// A role.
    Role,
    /// A set of roles that stands for a task.
    Task,
}

impl What {
    /// In a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            What::User => "user",
            What::Customer => "customer",
            What::Partner => "partner",
            What::Role => "role",
            What::Task => "role set",
        }
    }
}

/// Why a question cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Nothing in the snapshot has that id or name.
    #[error("find the {} {name:?} in the snapshot", .what.as_str())]
    NoSuch {
        /// What was asked for.
        what: What,
        /// As given.
        name: String,
        /// The nearest that there is.
        nearest: Option<String>,
        /// Datasets that were not read, and may hold it.
        unread: Vec<crate::domain::Dataset>,
    },
    /// Several have that name.
    #[error("tell which {} is meant: {} have the name {name:?}", .what.as_str(), .found.len())]
    Several {
        /// What was asked for.
        what: What,
        /// As given.
        name: String,
        /// Their ids with what tells them apart.
        found: Vec<(String, String)>,
    },
}

/// What a word of the question comes to in one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant<'a> {
    /// Nothing was asked.
    Any,
    /// This.
    One(Named<'a>),
    /// Nothing in this tenant; another one has it.
    Nothing,
}

impl<'a> Meant<'a> {
    /// What is meant, if it is something.
    pub fn named(self) -> Option<Named<'a>> {
        match self {
            Meant::One(named) => Some(named),
            Meant::Any | Meant::Nothing => None,
        }
    }
}

/// Something that may be meant: its id, names that are its own, and names that others may have too.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'a> {
    pub(super) id: &'a str,
    pub(super) own: Vec<&'a str>,
    pub(super) shared: Vec<&'a str>,
}

impl<'a> Candidate<'a> {
    pub(super) fn new(id: &'a str, own: &[Option<&'a str>], shared: &[Option<&'a str>]) -> Self {
        let filled = |names: &[Option<&'a str>]| names.iter().flatten().copied().filter(|name| !name.trim().is_empty()).collect();
        Candidate { id, own: filled(own), shared: filled(shared) }
    }

    /// A person is best known by its sign-in name, everything else by the name that it shows.
    fn named(&self, what: What) -> Named<'a> {
        let (first, then) = if what == What::User { (&self.own, &self.shared) } else { (&self.shared, &self.own) };
        Named { id: self.id, name: first.first().or(then.first()).copied().unwrap_or(self.id) }
    }
}

/// Everything that may be meant in one tenant, each id once.
pub(super) struct Candidates<'a> {
    what: What,
    by_id: BTreeMap<&'a str, Candidate<'a>>,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(what: What, all: impl IntoIterator<Item = Candidate<'a>>) -> Self {
        let mut by_id: BTreeMap<&'a str, Candidate<'a>> = BTreeMap::new();
        for candidate in all.into_iter().filter(|candidate| !candidate.id.is_empty()) {
            let known = by_id.entry(candidate.id).or_insert_with(|| Candidate::new(candidate.id, &[], &[]));
            known.own.extend(candidate.own);
            known.shared.extend(candidate.shared);
        }
        for candidate in by_id.values_mut() {
            candidate.own.sort_unstable();
            candidate.own.dedup();
            candidate.shared.sort_unstable();
            candidate.shared.dedup();
        }
        Candidates { what, by_id }
    }

    /// The one that a word means: by id, then by a name of its own, then by a name that others may have. `None`: none of them.
    ///
    /// # Errors
    /// Several have the name.
    pub(super) fn find(&self, word: &str) -> Result<Option<Named<'a>>, AskError> {
        let word = word.trim();
        let is = |name: &&str| name.trim().eq_ignore_ascii_case(word) || name.trim().to_lowercase() == word.to_lowercase();
        let is_short = |name: &&str| name.len() <= LONGEST.max(word.len() * 4);
        let fits: [&dyn Fn(&Candidate<'_>) -> bool; 3] = [
            &|candidate| candidate.id.eq_ignore_ascii_case(word),
            &|candidate| candidate.own.iter().filter(|name| is_short(name)).any(|name| is(&&**name)),
            &|candidate| candidate.shared.iter().filter(|name| is_short(name)).any(|name| is(&&**name)),
        ];
        for fit in fits {
            let found: Vec<&Candidate<'a>> = self.by_id.values().filter(|candidate| fit(candidate)).collect();
            match found.as_slice() {
                [] => {}
                [one] => return Ok(Some(one.named(self.what))),
                several => {
                    let told =
                        several.iter().take(MOST_TOLD).map(|one| (one.id.to_owned(), one.named(self.what).name.to_owned())).collect();
                    return Err(AskError::Several { what: self.what, name: word.to_owned(), found: told });
                }
            }
        }
        Ok(None)
    }

    /// How alike the most alike of all is, and what it is called.
    pub(super) fn nearest(&self, word: &str) -> Option<(f64, &'a str)> {
        let word = word.trim().to_lowercase();
        if word.len() > LONGEST {
            return None;
        }
        let mut best: Option<(f64, &'a str)> = None;
        for candidate in self.by_id.values() {
            for name in candidate.own.iter().chain(&candidate.shared).chain([&candidate.id]).filter(|name| name.len() <= LONGEST) {
                let score = strsim::jaro_winkler(&word, &name.to_lowercase());
                if score >= ALIKE && best.is_none_or(|(least, _)| score > least) {
                    best = Some((score, name));
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> Candidates<'static> {
        Candidates::new(
            What::User,
            [
                Candidate::new("1", &[Some("megan@n.example")], &[Some("Megan Bowen")]),
                Candidate::new("2", &[Some("megan2@n.example")], &[Some("Megan Bowen")]),
                Candidate::new("3", &[None], &[Some("megan@n.example")]),
                Candidate::new("4", &[], &[Some("MÜLLER")]),
            ],
        )
    }

    #[test]
    fn ids_stand_before_names_of_their_own_and_these_before_shared_ones() {
        let found = |word: &str| users().find(word).map(|named| named.map(|named| named.id));
        assert_eq!(found(" 2 "), Ok(Some("2")));
        assert_eq!(found("MEGAN@n.example"), Ok(Some("1")), "whoever calls itself so is not it");
        assert_eq!(found("müller"), Ok(Some("4")));
        assert_eq!(found("nobody"), Ok(None));
        let Err(AskError::Several { found, .. }) = found("megan bowen") else { panic!() };
        assert_eq!(found, [("1".into(), "megan@n.example".into()), ("2".into(), "megan2@n.example".into())]);
    }

    #[test]
    fn the_nearest_is_named_if_it_is_near() {
        assert_eq!(users().nearest("megan.bowen").map(|(_, name)| name), Some("Megan Bowen"));
        assert_eq!(users().nearest("zzz"), None);
        assert_eq!(users().nearest(&"m".repeat(10_000)), None);
    }
}
