//! When people and applications of outside tenants were last here, and who they are.

use std::collections::BTreeMap;

use super::Technician;
use super::join::{Draft, Join, lower};
use crate::domain::Timestamp;
use crate::domain::facts::SignIn;

/// Successes of one kind.
#[derive(Debug, Default)]
pub(super) struct Visits {
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    people: BTreeMap<String, (Timestamp, u64)>,
}

impl Visits {
    fn add(&mut self, at: Timestamp, person: Option<String>) {
        self.first = self.first.into_iter().chain([at]).min();
        self.last = self.last.max(Some(at));
        if let Some(person) = person {
            let known = self.people.entry(person).or_insert((at, 0));
            *known = (at.max(known.0), known.1 + 1);
        }
    }

    /// True if nobody came.
    pub(super) fn is_empty(&self) -> bool {
        self.last.is_none()
    }
}

impl Draft {
    /// Settles when it was here. Of a tenant that administers only visits as such count: a guest who reads a file is none.
    pub(super) fn settle_visits(&mut self, administers: bool) {
        let mut counted = vec![&self.provider, &self.support];
        if !administers {
            counted.push(&self.other);
        }
        let mut people: BTreeMap<&str, (Timestamp, u64)> = BTreeMap::new();
        for (person, (at, number)) in counted.iter().flat_map(|visits| &visits.people) {
            let known = people.entry(person).or_insert((*at, 0));
            *known = ((*at).max(known.0), known.1 + number);
        }
        self.entry.first_sign_in = counted.iter().filter_map(|visits| visits.first).min();
        self.entry.last_sign_in = counted.iter().filter_map(|visits| visits.last).max();
        self.entry.technicians =
            people.into_iter().map(|(id, (last_seen, sign_ins))| Technician { id: id.to_owned(), last_seen, sign_ins }).collect();
        self.entry.technicians.sort_by(|a, b| (b.last_seen, &a.id).cmp(&(a.last_seen, &b.id)));
    }
}

/// The stable id in a technician's sign-in name `user_<object id>[@domain]`, as 32 hex digits; `None` if it is no such name.
pub fn technician_id(user_principal_name: &str) -> Option<String> {
    // Asked of every event by several rules: what is no such name must cost next to nothing.
    let name = user_principal_name.trim();
    let (start, rest) = name.split_at_checked("user_".len())?;
    let id = rest.split('@').next().filter(|id| start.eq_ignore_ascii_case("user_") && matches!(id.len(), 32 | 36))?;
    let mut hex = String::with_capacity(id.len());
    id.split('-').for_each(|part| hex.push_str(part));
    let is_id = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    hex.make_ascii_lowercase();
    is_id.then_some(hex)
}

/// Adds the sign-ins. A failed one proves no access, and makes no entry.
pub(super) fn add(join: &mut Join<'_>) {
    let facts = join.facts;
    let successes = || facts.sign_ins.events.iter().filter(|event| event.error_code == 0);
    for event in successes() {
        let technician = event.user_principal_name.as_deref().and_then(technician_id);
        let (provider, support) = kind(event, technician.is_some());
        let home = event.home_tenant_id.as_deref().filter(|_| provider || support).and_then(|home| join.outside(home));
        let Some(draft) = home.map(|home| join.draft(&home)) else { continue };
        let visits = if support { &mut draft.support } else { &mut draft.provider };
        visits.add(event.created_date_time, person(technician, event));
    }
    // Guests who come and go make no entry: only those who hold a role have one, or whose tenant has one by anything else.
    for event in successes() {
        let technician = event.user_principal_name.as_deref().and_then(technician_id);
        if kind(event, technician.is_some()) != (false, false) {
            continue;
        }
        let home = event.home_tenant_id.as_deref().and_then(|home| join.outside(home)).filter(|home| join.has(home));
        if let Some(home) = home {
            join.draft(&home).other.add(event.created_date_time, person(technician, event));
        }
    }
    for event in facts.app_sign_ins.iter().filter(|event| event.error_code == 0) {
        let Some(owner) = join.outside(&event.app_owner_tenant_id) else { continue };
        join.draft(&owner).other.add(event.created_date_time, None);
    }
}

/// Who it was: the stable id, or else the object id; `None` where the log does not say.
fn person(technician: Option<String>, event: &SignIn) -> Option<String> {
    Some(technician.unwrap_or_else(|| lower(&event.user_id))).filter(|person| !person.is_empty())
}

/// Whether someone came as a service provider, or as Microsoft Support. Where the log does not say, the form of the name does.
fn kind(event: &SignIn, is_technician: bool) -> (bool, bool) {
    let Some(kind) = event.cross_tenant_access_type.as_deref() else { return (is_technician, false) };
    let is = |word: &str| kind.split(',').any(|part| part.trim().eq_ignore_ascii_case(word));
    (is("serviceProvider"), is("microsoftSupport"))
}
