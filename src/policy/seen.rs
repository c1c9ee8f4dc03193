//! What the sign-in log holds, gathered once for all rules: who came to administer, and what it says of the people who did.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::customer::{CustomerFacts, MICROSOFT_SUPPORT_TENANT};
use crate::domain::facts::SignIn;
use crate::domain::ledger::{Class, Ledger, UNKNOWN_HOME, technician_id};
use crate::domain::{TenantSnapshot, Timestamp, View};

use super::index::may_be_delegated;

/// The log of one tenant in one view, gathered.
#[derive(Debug, Default)]
pub struct Seen<'a> {
    /// Every visit, oldest first.
    pub(super) visits: Vec<Visit<'a>>,
    /// What the customer's log says of people, by stable id.
    pub(super) people: HashMap<String, Known>,
}

/// One sign-in of someone who came to administer.
#[derive(Debug, Clone)]
pub struct Visit<'a> {
    /// The event.
    pub(super) event: &'a SignIn,
    /// The person's own tenant, lower case; [`UNKNOWN_HOME`] where the log does not say. In the partner view it is the audited one.
    pub(super) home: Arc<str>,
    /// The person's stable id: the hex of a technician's name, or the user id.
    pub(super) person: Arc<str>,
    /// The place of home and person among all of them, in order: alike only where both are.
    pub(super) who: u32,
    /// True in the partner view: one of its own people went out into a customer.
    pub(super) is_outward: bool,
    /// True if it got in. It stands here too, so that who looks for the few that failed need not go through every event.
    pub(super) did_succeed: bool,
}

/// What the sign-in log says of a person.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) tenant: Option<String>,
    pub(super) is_provider: bool,
    pub(super) is_support: bool,
}

impl<'a> Seen<'a> {
    /// Gathers the log of a tenant. Left out of the visits are Microsoft Support, whose engineers a support case lets in, and guests.
    pub fn of(tenant: &'a TenantSnapshot, ledger: &Ledger) -> Self {
        let mut names = Names { ledger, own: tenant.tenant_id.to_ascii_lowercase().into(), ..Names::of(ledger) };
        let mut visits: Vec<Visit<'a>> = match tenant.view {
            View::Customer => tenant.customer.sign_ins.events.iter().filter_map(|event| names.inward(event)).collect(),
            View::Partner => tenant.partner.sign_ins.events.iter().filter_map(|event| names.outward(event)).collect(),
        };
        names.place(&mut visits);
        oldest_first(&mut visits, |visit| visit.event.created_date_time);
        let order = |visit: &Visit<'a>| (visit.event.created_date_time, &visit.event.id, visit.event.is_interactive);
        visits.sort_by(|a, b| order(a).cmp(&order(b)));
        visits.dedup_by(|later, kept| !later.event.id.is_empty() && later.event.id == kept.event.id);
        Seen { visits, people: people(&tenant.customer) }
    }
}

/// Turns events that come newest first around, those of one moment left in their order: as a log is kept, they are sorted then, and to sort
/// them costs no more than a look at each.
pub(super) fn oldest_first<T>(events: &mut [T], at: impl Fn(&T) -> Timestamp) {
    if events.is_sorted_by(|earlier, later| at(earlier) >= at(later)) {
        events.reverse();
        events.chunk_by_mut(|a, b| at(a) == at(b)).for_each(<[T]>::reverse);
    }
}

/// What the names of a log stand for. A log of fifty thousand events holds a few dozen of them: each is looked at once.
#[derive(Debug)]
struct Names<'a, 'l> {
    ledger: &'l Ledger,
    own: Arc<str>,
    technicians: HashMap<&'a str, Option<Arc<str>>>,
    users: HashMap<&'a str, Arc<str>>,
    /// Outside tenants as written; `None` for those whose sign-ins are no visits.
    homes: HashMap<&'a str, Option<Arc<str>>>,
    /// Home and person, by where they are held.
    pairs: HashMap<(usize, usize), u32>,
}

impl<'a, 'l> Names<'a, 'l> {
    fn of(ledger: &'l Ledger) -> Self {
        Names {
            ledger,
            own: Arc::from(""),
            technicians: HashMap::new(),
            users: HashMap::new(),
            homes: HashMap::new(),
            pairs: HashMap::new(),
        }
    }

    /// A visit of someone from outside.
    fn inward(&mut self, event: &'a SignIn) -> Option<Visit<'a>> {
        let technician = event.user_principal_name.as_deref().and_then(|name| self.technician(name));
        if !came_to_administer(event, technician.is_some()) {
            return None;
        }
        let home = event.home_tenant_id.as_deref().unwrap_or_default();
        let home = match self.homes.get(home) {
            Some(known) => known.clone(),
            None => self.outside(home),
        }?;
        let person = technician.unwrap_or_else(|| self.user(event));
        Some(self.visit(event, home, person, false))
    }

    /// A visit of one of the tenant's own people to a customer.
    fn outward(&mut self, event: &'a SignIn) -> Option<Visit<'a>> {
        let customer = event.resource_tenant_id.trim();
        let is_outsider = event.home_tenant_id.as_deref().is_some_and(|home| !home.trim().eq_ignore_ascii_case(&self.own));
        let goes_out = !customer.is_empty() && !customer.eq_ignore_ascii_case(&self.own) && !is_outsider && may_be_delegated(event);
        goes_out.then(|| {
            let person = self.user(event);
            self.visit(event, Arc::clone(&self.own), person, true)
        })
    }

    fn visit(&mut self, event: &'a SignIn, home: Arc<str>, person: Arc<str>, is_outward: bool) -> Visit<'a> {
        let held = |text: &Arc<str>| text.as_ptr().addr();
        let next = u32::try_from(self.pairs.len()).unwrap_or(u32::MAX);
        let who = *self.pairs.entry((held(&home), held(&person))).or_insert(next);
        Visit { event, home, person, who, is_outward, did_succeed: event.error_code == 0 }
    }

    /// Gives each pair of home and person its place in their order.
    fn place(&self, visits: &mut [Visit<'a>]) {
        let mut named: Vec<Option<(Arc<str>, Arc<str>)>> = vec![None; self.pairs.len()];
        for visit in visits.iter() {
            if let Some(named @ None) = named.get_mut(visit.who as usize) {
                *named = Some((Arc::clone(&visit.home), Arc::clone(&visit.person)));
            }
        }
        let mut order: Vec<usize> = (0..named.len()).collect();
        order.sort_unstable_by(|a, b| named[*a].cmp(&named[*b]));
        let mut places = vec![0_u32; named.len()];
        let mut place = 0_u32;
        for pair in order.windows(2) {
            // One tenant or person in two spellings is one.
            place += u32::from(named[pair[0]] != named[pair[1]]);
            places[pair[1]] = place;
        }
        for visit in visits {
            visit.who = places.get(visit.who as usize).copied().unwrap_or(visit.who);
        }
    }

    /// The person by object id. Of an event that does not say who it was, nobody knows whether it was the same person as another.
    fn user(&mut self, event: &'a SignIn) -> Arc<str> {
        match event.user_id.trim() {
            "" => Arc::from(&*event.id),
            user => self.users.entry(user).or_insert_with(|| user.to_ascii_lowercase().into()).clone(),
        }
    }

    fn technician(&mut self, name: &'a str) -> Option<Arc<str>> {
        self.technicians.entry(name).or_insert_with(|| technician_id(name).map(Arc::from)).clone()
    }

    /// The tenant that a visit comes from, lower case; `None` for this tenant and for Microsoft Support.
    fn outside(&mut self, written: &'a str) -> Option<Arc<str>> {
        let home = match written.trim() {
            "" => UNKNOWN_HOME.to_owned(),
            home => home.to_ascii_lowercase(),
        };
        let is_support =
            home == MICROSOFT_SUPPORT_TENANT || self.ledger.get(&home).is_some_and(|entry| entry.class == Class::MicrosoftSupport);
        let home: Option<Arc<str>> = (!is_support && *home != *self.own).then(|| home.into());
        self.homes.insert(written, home.clone());
        home
    }
}

/// As the ledger sees it: by delegated administration, or, where the log does not say, under a technician's name.
fn came_to_administer(event: &SignIn, is_technician: bool) -> bool {
    match event.cross_tenant_access_type.as_deref() {
        Some(kind) => says(kind, "serviceProvider"),
        None => is_technician,
    }
}

/// True if a type of access, of which there may be several in one, says a word.
fn says(kind: &str, word: &str) -> bool {
    kind.eq_ignore_ascii_case(word) || (kind.contains(',') && kind.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
}

/// Whether a sign-in was one of a service provider's person, and whether one of Microsoft Support.
fn kind(event: &SignIn) -> (bool, bool) {
    match event.cross_tenant_access_type.as_deref() {
        Some(kind) => (says(kind, "serviceProvider"), says(kind, "microsoftSupport")),
        None => (event.user_principal_name.as_deref().and_then(technician_id).is_some(), false),
    }
}

/// True if a person of a service provider came in successfully.
pub(super) fn is_provider_entry(event: &SignIn) -> bool {
    event.error_code == 0 && kind(event).0
}

/// An id without its dashes: sign-in names of technicians have none.
pub(super) fn compact(id: &str) -> String {
    id.trim().to_ascii_lowercase().replace('-', "")
}

/// The keys under which a person of the sign-in log is found.
pub(super) fn keys(event: &SignIn) -> impl Iterator<Item = String> + '_ {
    let technician = event.user_principal_name.as_deref().and_then(technician_id);
    technician.into_iter().chain(std::iter::once_with(|| compact(&event.user_id))).filter(|key| !key.is_empty())
}

/// Everyone whom the customer's sign-in log knows.
fn people(facts: &CustomerFacts) -> HashMap<String, Known> {
    let mut people: HashMap<String, Known> = HashMap::new();
    let mut told = HashSet::new();
    for event in &facts.sign_ins.events {
        let (is_provider, is_support) = kind(event);
        // Of a person's many sign-ins all say the same.
        let says = (&event.user_id, &event.user_principal_name, &event.home_tenant_id, is_provider, is_support);
        if !(is_provider || is_support) || !told.insert(says) {
            continue;
        }
        for key in keys(event) {
            let known = people.entry(key).or_default();
            known.is_provider |= is_provider;
            known.is_support |= is_support;
            // Ids are unique, so two tenants of one id would be a fault of the log: the lesser id, whatever the order.
            let home = event.home_tenant_id.as_deref().map(str::to_ascii_lowercase);
            known.tenant = known.tenant.take().into_iter().chain(home).min();
        }
    }
    people
}
