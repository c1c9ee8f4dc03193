//! What a comparison looks at: the subjects of one tenant in one view with their facts.

use std::collections::{BTreeMap, BTreeSet};

use super::field::Field;
use super::partner::Sums;
use crate::domain::facts::RelationshipStatus;
use crate::domain::ledger::Ledger;
use crate::domain::{Coverage, Dataset, Party, Status, TenantSnapshot, Text, Timestamp, View, roles};

/// What a subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A delegated admin relationship.
    Relationship,
    /// A group that carries access.
    Group,
    /// A person who can use delegated access.
    Person,
    /// A reseller partnership, by customer.
    Contract,
    /// A customer that is listed as one with delegated administration.
    Customer,
    /// The tenant itself.
    Organization,
    /// A tenant outside (customer view).
    Tenant,
    /// What a file declares of a tenant outside: a relationship, or a row of the Partner relationships page.
    Declared,
    /// A Conditional Access policy.
    Policy,
    /// A named location.
    Location,
    /// An authentication strength.
    Strength,
    /// A role of the directory.
    Role,
    /// A dataset.
    Dataset,
}

impl Kind {
    /// The dataset that lists the subjects of a kind, where nothing else tells of them.
    pub(super) const fn listed_in(self) -> Option<Dataset> {
        match self {
            Kind::Declared => Some(Dataset::Declared),
            Kind::Policy => Some(Dataset::ConditionalAccess),
            Kind::Location => Some(Dataset::NamedLocations),
            Kind::Strength => Some(Dataset::AuthenticationStrengths),
            _ => None,
        }
    }

    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Relationship => "relationship",
            Kind::Group => "group",
            Kind::Person => "user",
            Kind::Contract => "contract",
            Kind::Customer => "customer",
            Kind::Organization => "organization",
            Kind::Tenant => "tenant",
            Kind::Declared => "declared",
            Kind::Policy => "policy",
            Kind::Location => "namedLocation",
            Kind::Strength => "authenticationStrength",
            Kind::Role => "role",
            Kind::Dataset => "dataset",
        }
    }
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// One of several: that it is there is all that counts. The text is what it is called.
    Member(Text),
    /// The only one, and how far it reaches: of two with the same rank neither reaches farther.
    Only(Text, i64),
}

impl Value {
    /// What it is called.
    pub fn shown(&self) -> &str {
        match self {
            Value::Member(text) | Value::Only(text, _) => text,
        }
    }
}

/// A fact of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its value.
    pub value: Value,
    /// The tier of what it gives, where it gives a role.
    pub tier: Option<u8>,
    /// Of an only value: the name of what has it, where that is not the subject. No part of the value: a new name is no difference.
    pub whose: Option<String>,
}

/// How far along a relationship is: what tells an end from a clean-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// Its status.
    pub status: RelationshipStatus,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it ends or ended.
    pub end: Option<Timestamp>,
}

/// A subject as one run saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Its name, or its id. No fact: a new name is no difference.
    pub name: String,
    /// The customer (partner view) or the outside tenant (customer view) that it belongs to.
    pub party: Option<Party>,
    /// Its facts, by field and by id of the value; the id of an only value is empty.
    pub facts: BTreeMap<(Field, String), Fact>,
    /// Of a relationship.
    pub lifecycle: Option<Lifecycle>,
}

impl State {
    /// A subject without facts.
    pub(super) fn new(name: impl Into<String>, party: Option<Party>) -> Self {
        State { name: name.into(), party, ..State::default() }
    }

    /// Adds one of several values.
    pub(super) fn member(&mut self, field: Field, id: impl Into<String>, shown: impl Into<Text>, tier: Option<u8>) {
        self.facts.insert((field, id.into()), Fact { value: Value::Member(shown.into()), tier, whose: None });
    }

    /// Adds a role, by its name in the catalog.
    pub(super) fn role(&mut self, field: Field, id: &str) {
        let shown = roles::by_id(id).map_or_else(|| Text::Owned(id.to_owned()), |role| Text::Borrowed(role.name));
        self.member(field, id, shown, roles::tier(id));
    }

    /// Adds the only value of a field.
    pub(super) fn only(&mut self, field: Field, shown: impl Into<Text>, rank: i64) {
        self.facts.insert((field, String::new()), Fact { value: Value::Only(shown.into(), rank), tier: None, whose: None });
    }

    /// Adds the only value of a field of something that belongs to the subject.
    pub(super) fn only_of(&mut self, field: Field, (id, whose): (&str, &str), shown: impl Into<Text>, rank: i64) {
        let fact = Fact { value: Value::Only(shown.into(), rank), tier: None, whose: Some(whose.to_owned()) };
        self.facts.insert((field, id.to_owned()), fact);
    }

    /// Adds a yes or no; which of both reaches farther is for the field to say.
    pub(super) fn flag(&mut self, field: Field, is: bool, reaches_if: bool) {
        self.only(field, yes(is), i64::from(is == reaches_if));
    }

    /// Adds a switch that is on; one that is off is no fact.
    pub(super) fn switch(&mut self, field: Field, is_on: bool) {
        if is_on {
            self.member(field, "", "true", None);
        }
    }

    /// The ids of a field's values.
    pub fn ids(&self, field: Field) -> impl Iterator<Item = &str> {
        self.facts.range((field, String::new())..).take_while(move |((own, _), _)| *own == field).map(|((_, id), _)| id.as_str())
    }

    /// The only value of a field, with its rank.
    pub fn rank(&self, field: Field) -> Option<(&str, i64)> {
        match &self.facts.get(&(field, String::new()))?.value {
            Value::Only(shown, rank) => Some((shown, *rank)),
            Value::Member(_) => None,
        }
    }

    /// True for a relationship in the live set.
    pub fn is_live(&self) -> bool {
        self.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.status.is_live())
    }
}

/// One tenant in one view, as one run saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The tenant.
    pub tenant_id: String,
    /// Its name.
    pub display_name: String,
    /// The view.
    pub view: View,
    /// When the facts were read.
    pub collected_at: Timestamp,
    /// How well each dataset was read.
    pub coverage: BTreeMap<Dataset, Coverage>,
    /// Datasets whose rows the file does not carry, however well they were read.
    pub blind: BTreeSet<Dataset>,
    /// True if its file carries none of the subjects that a dataset alone lists (policies, what files declare), nor what an outside tenant's
    /// applications and guests are.
    pub unlisted: bool,
    /// The subjects.
    pub subjects: BTreeMap<(Kind, String), State>,
}

impl Picture {
    /// The picture of a snapshot's tenant, with the ledger of its customer view.
    pub fn of(tenant: &TenantSnapshot, ledger: &Ledger, collected_at: Timestamp) -> Picture {
        Picture::drawn(tenant, ledger, collected_at, false)
    }

    fn drawn(tenant: &TenantSnapshot, ledger: &Ledger, collected_at: Timestamp, unlisted: bool) -> Picture {
        let mut picture = Picture {
            tenant_id: tenant.tenant_id.clone(),
            display_name: tenant.display_name.clone(),
            view: tenant.view,
            collected_at,
            coverage: tenant.coverage.clone(),
            blind: BTreeSet::new(),
            unlisted,
            subjects: BTreeMap::new(),
        };
        match tenant.view {
            View::Partner => super::partner::add(&mut picture, &tenant.partner),
            View::Customer => {
                let rows = super::holdings::Rows::of(&tenant.customer);
                ledger.entries.values().for_each(|entry| super::outside::add(&mut picture, entry, &rows));
                super::stated::add(&mut picture, &tenant.customer.declared, ledger);
                super::own::add(&mut picture, &tenant.customer);
            }
        }
        picture.add_datasets();
        picture
    }

    /// The picture of a report's tenant: what a report holds of the facts, its coverage, and sums in place of rows.
    pub fn of_report(tenant: &TenantSnapshot, ledger: &Ledger, collected_at: Timestamp, sums: &Sums) -> Picture {
        let mut picture = Picture::drawn(tenant, ledger, collected_at, true);
        super::partner::add_sums(&mut picture, sums);
        if tenant.view == View::Partner {
            use Dataset::{Contracts, Customers, GroupMembers, GroupOwners, GroupPim, Groups, MfaRegistration};
            picture.blind = [Contracts, Customers, GroupMembers, GroupOwners, GroupPim, Groups, MfaRegistration].into();
        }
        picture
    }

    /// A subject.
    pub fn subject(&self, kind: Kind, id: &str) -> Option<&State> {
        self.subjects.get(&(kind, id.to_owned()))
    }

    /// Subjects of a kind, by id.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&str, &State)> {
        self.subjects
            .range((kind, String::new())..)
            .take_while(move |((own, _), _)| *own == kind)
            .map(|((_, id), state)| (id.as_str(), state))
    }

    /// The datasets as subjects.
    pub(super) fn add_datasets(&mut self) {
        for (dataset, coverage) in &self.coverage {
            if dataset.need(self.view).is_some() {
                let mut state = State::new(dataset.name(), None);
                // One that is lowered only by another was itself read to the end.
                let status = if coverage.limited_by.is_some() { Status::Complete } else { coverage.status };
                state.only(Field::Read, status.as_str(), sight_rank(status));
                self.subjects.insert((Kind::Dataset, dataset.name().to_owned()), state);
            }
        }
    }
}

/// A yes or no, as Graph writes it.
pub(super) const fn yes(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

/// Several values as one, and how many: in an order of their own. For rows of which a file carries all or none.
pub(super) fn all_of(values: impl IntoIterator<Item = String>) -> (String, i64) {
    let values: BTreeSet<String> = values.into_iter().collect();
    let many = i64::try_from(values.len()).unwrap_or(i64::MAX);
    let shown = values.into_iter().collect::<Vec<_>>().join(", ");
    (if shown.is_empty() { "none".to_owned() } else { shown }, many)
}

/// How much is seen through a dataset.
fn sight_rank(status: Status) -> i64 {
    use Status::*;
    match status {
        Complete => 2,
        Partial => 1,
        Denied | Unlicensed | Unavailable | Failed | Skipped => 0,
    }
}
