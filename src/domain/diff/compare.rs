//! Two pictures of one tenant, told apart.

use std::collections::{BTreeMap, BTreeSet};

use super::clean_up::Ending;
use super::field::Field;
use super::picture::{Fact, Kind, Picture, State, Value};
use super::sight::reads;
use crate::domain::{Dataset, Party, Status, Subject, View};

/// What happened to a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It was not there.
    Came,
    /// It is not there any more.
    Went,
    /// It reaches farther.
    Grew,
    /// It reaches less far.
    Shrank,
    /// Something else, or both.
    Changed,
}

/// What happened to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// It gives more.
    Grew,
    /// It gives less.
    Shrank,
    /// Neither.
    Changed,
}

/// One of several values of a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The tier of what it gives.
    pub tier: Option<u8>,
}

/// What happened to one field of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The field.
    pub field: Field,
    /// What happened.
    pub direction: Direction,
    /// Of a field of something that belongs to the subject: what that is.
    pub of: Option<Item>,
    /// Of a field with one value: what it was.
    pub old: Option<String>,
    /// Of a field with one value: what it is.
    pub new: Option<String>,
    /// What a field with one value is now, in words.
    pub meaning: Option<&'static str>,
    /// Of a field with several: those that came (`Grew`) or went (`Shrank`), by id.
    pub items: Vec<Item>,
}

/// What happened to one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The audited tenant.
    pub tenant_id: String,
    /// The view.
    pub view: View,
    /// What happened.
    pub kind: ChangeKind,
    /// To what.
    pub subject: Subject,
    /// The customer (partner view) or the outside tenant (customer view) that it belongs to.
    pub party: Option<Party>,
    /// The worst tier among what came or went.
    pub tier: Option<u8>,
    /// Field by field. Of what came all that it is, of what went all that it was.
    pub details: Vec<Detail>,
    /// Of a relationship that went.
    pub ending: Option<Ending>,
}

/// A dataset in which the two could not be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCompared {
    /// The audited tenant.
    pub tenant_id: String,
    /// The view.
    pub view: View,
    /// The dataset.
    pub dataset: Dataset,
    /// How the earlier run read it; `None`: its file does not carry it.
    pub old: Option<Status>,
    /// How the later one read it; `None`: its file does not carry it.
    pub new: Option<Status>,
    /// Subjects that stand in the earlier one alone, and may be there still.
    pub only_old: u64,
    /// Subjects that stand in the later one alone, and may have been there before.
    pub only_new: u64,
}

/// Everything that two pictures tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// By kind of subject and id.
    pub changes: Vec<Change>,
    /// By dataset.
    pub not_compared: Vec<NotCompared>,
}

/// Datasets that a comparison of a view rests on.
const COMPARED: [&[Dataset]; 2] = {
    use Dataset::*;
    [
        &[Relationships, Customers, Contracts, Assignments, Groups, GroupOwners, GroupMembers, GroupPim, MfaRegistration],
        &[
            CrossTenantPartners,
            IdentitySync,
            ProviderConstraints,
            RoleAssignments,
            RoleSchedules,
            ServicePrincipals,
            AppRoleAssignments,
            DelegatedGrants,
            ExternalUsers,
            ConditionalAccess,
            NamedLocations,
            AuthenticationStrengths,
            Subscriptions,
            Governance,
            Declared,
        ],
    ]
};

/// Datasets of which a file that is [`Picture::unlisted`] carries no rows.
const LISTS: [Dataset; 4] = [Dataset::Declared, Dataset::ConditionalAccess, Dataset::NamedLocations, Dataset::AuthenticationStrengths];

/// Tells two pictures of one tenant in one view apart. `compare(a, b)` mirrors `compare(b, a)`, but for endings.
pub fn compare(old: &Picture, new: &Picture) -> Comparison {
    let both = Both { old, new };
    let mut unseen: BTreeMap<Dataset, (u64, u64)> = BTreeMap::new();
    let keys: BTreeSet<&(Kind, String)> = old.subjects.keys().chain(new.subjects.keys()).collect();
    let mut changes = Vec::new();
    for key in keys {
        let (kind, id) = (key.0, key.1.as_str());
        match (old.subjects.get(key), new.subjects.get(key)) {
            (Some(before), Some(after)) => changes.extend(both.differs(kind, id, before, after)),
            (Some(before), None) => match both.alone(kind, id, before, new) {
                Alone::Is(fields, whole) => changes.push(both.went(kind, id, before, &fields, whole)),
                Alone::Unseen(dataset) => unseen.entry(dataset).or_default().0 += 1,
                Alone::Not => {}
            },
            (None, Some(after)) => match both.alone(kind, id, after, old) {
                Alone::Is(fields, whole) => changes.push(both.came(kind, id, after, &fields, whole)),
                Alone::Unseen(dataset) => unseen.entry(dataset).or_default().1 += 1,
                Alone::Not => {}
            },
            (None, None) => {}
        }
    }
    Comparison { changes, not_compared: both.not_compared(&unseen) }
}

/// What a subject that stands on one side alone tells.
enum Alone<'a> {
    /// It came or went: with these facts, and with them whole, or only these facts of it did.
    Is(Vec<(&'a (Field, String), &'a Fact)>, bool),
    /// Nobody knows: this dataset was not read on the other side.
    Unseen(Dataset),
    /// Nothing of its own.
    Not,
}

struct Both<'a> {
    old: &'a Picture,
    new: &'a Picture,
}

impl Both<'_> {
    /// True if a difference in a field of a subject is one, and not a matter of what was read.
    fn comparable(&self, field: Field, id: &str) -> bool {
        let known = |picture: &Picture, dataset: &Dataset| {
            (field.is_a_sum() || !picture.blind.contains(dataset)) && reads(&picture.coverage, *dataset, id)
        };
        let status = |picture: &Picture, dataset: &Dataset| picture.coverage.get(dataset).map(|coverage| coverage.status);
        field.of().iter().all(|dataset| known(self.old, dataset) && known(self.new, dataset))
            && field.beside().iter().all(|dataset| status(self.old, dataset) == status(self.new, dataset))
            // A sum is looked at where one side has no more than that.
            && !(field.is_a_sum() && self.names_members())
    }

    /// True if both files say who is in which group.
    fn names_members(&self) -> bool {
        !self.old.blind.contains(&Dataset::GroupMembers) && !self.new.blind.contains(&Dataset::GroupMembers)
    }

    /// What a subject tells that `other` does not have.
    fn alone<'s>(&self, kind: Kind, id: &str, state: &'s State, other: &Picture) -> Alone<'s> {
        let facts = || state.facts.iter();
        match kind {
            // A group is told of by the relationships that name it, and a dataset by the other that limits it.
            // The tenant itself is always there, and a role is told of by who holds it.
            Kind::Group | Kind::Dataset | Kind::Organization | Kind::Role => Alone::Not,
            Kind::Relationship if reads(&other.coverage, Dataset::Relationships, id) => Alone::Is(facts().collect(), true),
            Kind::Relationship => Alone::Unseen(Dataset::Relationships),
            Kind::Declared | Kind::Policy | Kind::Location | Kind::Strength => match kind.listed_in() {
                Some(dataset) if other.unlisted || !reads(&other.coverage, dataset, id) => Alone::Unseen(dataset),
                _ => Alone::Is(facts().collect(), true),
            },
            Kind::Contract | Kind::Customer | Kind::Person | Kind::Tenant => {
                let told: Vec<_> = facts().filter(|((field, _), _)| self.comparable(*field, id)).collect();
                let whole = facts().all(|((field, _), _)| field.is_a_trait() || self.comparable(*field, id));
                let unread = || facts().flat_map(|((field, _), _)| field.of()).find(|dataset| !reads(&other.coverage, **dataset, id));
                // What is demanded of its people shows nobody.
                let is_there = told.iter().any(|(_, fact)| matches!(fact.value, Value::Member(_)));
                match (is_there, unread()) {
                    (true, _) => Alone::Is(told, whole),
                    (false, Some(dataset)) => Alone::Unseen(*dataset),
                    (false, None) => Alone::Not,
                }
            }
        }
    }

    fn came(&self, kind: Kind, id: &str, state: &State, facts: &[(&(Field, String), &Fact)], whole: bool) -> Change {
        let change = if whole { ChangeKind::Came } else { ChangeKind::Grew };
        self.change(change, kind, id, state, Details::one_side(facts, Direction::Grew))
    }

    fn went(&self, kind: Kind, id: &str, state: &State, facts: &[(&(Field, String), &Fact)], whole: bool) -> Change {
        let change = if whole { ChangeKind::Went } else { ChangeKind::Shrank };
        let mut change = self.change(change, kind, id, state, Details::one_side(facts, Direction::Shrank));
        change.ending = state.lifecycle.as_ref().map(|last| Ending::of(last, self.old.collected_at, self.new.collected_at));
        change
    }

    /// What happened to a subject that stands on both sides.
    fn differs(&self, kind: Kind, id: &str, before: &State, after: &State) -> Option<Change> {
        let mut details = Details::default();
        let mut told: BTreeMap<Field, bool> = BTreeMap::new();
        let mut is_told = |field: Field| *told.entry(field).or_insert_with(|| self.comparable(field, id));
        for (key, was) in &before.facts {
            let is = after.facts.get(key);
            if is.is_some_and(|is| is.value == was.value) || !is_told(key.0) {
                continue;
            }
            match (&was.value, is) {
                (Value::Only(..), Some(is)) => details.only(key, was, is),
                (Value::Member(_), None) => details.item(key, was, Direction::Shrank),
                // An only value that one side does not give is not known there.
                _ => {}
            }
        }
        for (key, is) in &after.facts {
            if matches!(is.value, Value::Member(_)) && !before.facts.contains_key(key) && is_told(key.0) {
                details.item(key, is, Direction::Grew);
            }
        }
        let kind_of_change = details.kind()?;
        Some(self.change(kind_of_change, kind, id, after, details))
    }

    fn change(&self, change: ChangeKind, kind: Kind, id: &str, state: &State, details: Details) -> Change {
        let details = details.finish();
        Change {
            tenant_id: self.new.tenant_id.clone(),
            view: self.new.view,
            kind: change,
            subject: Subject { kind: kind.as_str().into(), id: id.to_owned(), name: state.name.clone() },
            party: state.party.clone(),
            tier: details.iter().flat_map(|detail| &detail.items).filter_map(|item| item.tier).min(),
            details,
            ending: None,
        }
    }

    fn not_compared(&self, unseen: &BTreeMap<Dataset, (u64, u64)>) -> Vec<NotCompared> {
        let status = |picture: &Picture, dataset: Dataset| {
            let coverage = picture.coverage.get(&dataset);
            let is_unlisted = picture.unlisted && LISTS.contains(&dataset);
            (!is_unlisted && !picture.blind.contains(&dataset)).then(|| coverage.map_or(Status::Failed, |coverage| coverage.status))
        };
        let datasets = match self.new.view {
            View::Partner => COMPARED[0],
            View::Customer => COMPARED[1],
        };
        let rows = datasets.iter().map(|dataset| {
            let (only_old, only_new) = unseen.get(dataset).copied().unwrap_or_default();
            NotCompared {
                tenant_id: self.new.tenant_id.clone(),
                view: self.new.view,
                dataset: *dataset,
                old: status(self.old, *dataset),
                new: status(self.new, *dataset),
                only_old,
                only_new,
            }
        });
        // Most runs have no file that declares anything.
        let is_told = |row: &NotCompared| row.dataset != Dataset::Declared || row.only_old + row.only_new > 0;
        rows.filter(|row| row.old != Some(Status::Complete) || row.new != Some(Status::Complete)).filter(is_told).collect()
    }
}

/// Details in the making, by field and direction.
#[derive(Default)]
struct Details(BTreeMap<(Field, Direction, String), Detail>);

impl Details {
    /// Everything that stands on one side.
    fn one_side(facts: &[(&(Field, String), &Fact)], direction: Direction) -> Details {
        let mut details = Details::default();
        for (key, fact) in facts {
            match &fact.value {
                Value::Member(_) => details.item(key, fact, direction),
                Value::Only(..) => {
                    let shown = Some(fact.value.shown().to_owned());
                    let (old, new) = if direction == Direction::Shrank { (shown, None) } else { (None, shown) };
                    let meaning = key.0.meaning(fact.value.shown());
                    let detail = Detail { field: key.0, direction, of: whose(&key.1, fact), old, new, meaning, items: Vec::new() };
                    details.0.insert((key.0, direction, key.1.clone()), detail);
                }
            }
        }
        details
    }

    fn item(&mut self, (field, id): &(Field, String), fact: &Fact, direction: Direction) {
        let new = || Detail { field: *field, direction, of: None, old: None, new: None, meaning: None, items: Vec::new() };
        let detail = self.0.entry((*field, direction, String::new())).or_insert_with(new);
        detail.items.push(Item { id: id.clone(), name: fact.value.shown().to_owned(), tier: fact.tier });
    }

    fn only(&mut self, (field, id): &(Field, String), was: &Fact, is: &Fact) {
        let rank = |fact: &Fact| if let Value::Only(_, rank) = fact.value { rank } else { 0 };
        let direction = match rank(is).cmp(&rank(was)) {
            std::cmp::Ordering::Greater => Direction::Grew,
            std::cmp::Ordering::Less => Direction::Shrank,
            std::cmp::Ordering::Equal => Direction::Changed,
        };
        let meaning = field.meaning(is.value.shown());
        let value = |fact: &Fact| Some(fact.value.shown().to_owned());
        let detail = Detail { field: *field, direction, of: whose(id, is), old: value(was), new: value(is), meaning, items: Vec::new() };
        self.0.insert((*field, direction, id.clone()), detail);
    }

    /// What all of them come to; `None`: nothing happened.
    fn kind(&self) -> Option<ChangeKind> {
        self.0.keys().next()?;
        let reaching = self.0.keys().filter(|(field, ..)| !field.is_neutral());
        let directions: BTreeSet<Direction> = reaching.map(|(_, direction, _)| *direction).collect();
        let mut directions = directions.into_iter();
        match (directions.next(), directions.next()) {
            (Some(Direction::Grew), None) => Some(ChangeKind::Grew),
            (Some(Direction::Shrank), None) => Some(ChangeKind::Shrank),
            _ => Some(ChangeKind::Changed),
        }
    }

    fn finish(self) -> Vec<Detail> {
        self.0.into_values().collect()
    }
}

/// What has a value, where that is not the subject itself.
fn whose(id: &str, fact: &Fact) -> Option<Item> {
    fact.whose.as_ref().map(|name| Item { id: id.to_owned(), name: name.clone(), tier: None })
}
