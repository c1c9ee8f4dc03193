//! Sign-ins of people who come to administer: of outside tenants into this one, or in the partner view its own into customers. And what
//! several rules ask of them: who came, what came before, and which events are one episode.

use std::collections::{BTreeMap, HashMap};

use crate::domain::customer::AuditActor;
use crate::domain::ledger::{UNKNOWN_HOME, technician_id};
use crate::domain::rule_meta::Setting;
use crate::domain::{Dataset, Party, Timestamp};
use crate::policy::rule::{Ctx, Draft, Out};
pub(super) use crate::policy::seen::Visit;

use super::shared::{Window, days, shows_absence, text};

/// How long the past is with which an event is compared.
pub(super) const BASELINE_DAYS: Setting = days("baseline-days", 30, "Days before an event in which what it shows counts as known.");
/// How much log must lie before an event.
pub(super) const MIN_BASELINE_DAYS: Setting = days("min-baseline-days", 14, "Days of log that must lie before an event that is judged.");

/// Events of one episode are no further apart than this.
const EPISODE_GAP_HOURS: i64 = 24;

/// What a partner does about its own people, where the rule's own advice is a customer's.
const OWN_PEOPLE: &str = "Ask the person, by another way than mail or chat. If it was not that person: revoke the sessions (POST \
                          /users/{id}/revokeSignInSessions), reset password and methods, and tell every customer that the account entered since, with \
                          the times. The logs of the customers show what was changed there.";

impl Visit<'_> {
    /// When.
    pub(super) fn at(&self) -> Timestamp {
        self.event.created_date_time
    }

    /// The tenant on the other side, which an approval would name: the customer in the partner view, else the person's own.
    pub(super) fn other_side(&self) -> &str {
        if self.is_outward { &self.event.resource_tenant_id } else { &self.home }
    }

    /// True if it got in.
    pub(super) fn succeeded(&self) -> bool {
        self.did_succeed
    }
}

/// Every visit, oldest first. Left out are Microsoft Support, whose engineers a support case lets in, and guests.
pub(super) fn all<'a>(ctx: &Ctx<'a>) -> &'a [Visit<'a>] {
    &ctx.seen.visits
}

/// Visits by something, each list oldest first.
pub(super) fn by<'v, 'a, K: Ord>(
    visits: impl IntoIterator<Item = &'v Visit<'a>>,
    key: impl Fn(&'v Visit<'a>) -> K,
) -> BTreeMap<K, Vec<&'v Visit<'a>>>
where
    'a: 'v,
{
    let mut groups: BTreeMap<K, Vec<&Visit<'a>>> = BTreeMap::new();
    for visit in visits {
        groups.entry(key(visit)).or_default().push(visit);
    }
    groups
}

/// The visits of one person, with the tenant that the person is of.
pub(super) type OfPerson<'v, 'a> = ((&'v str, &'v str), Vec<&'v Visit<'a>>);

/// Visits by tenant and person, in their order.
pub(super) fn by_person<'v, 'a>(visits: impl IntoIterator<Item = &'v Visit<'a>>) -> Vec<OfPerson<'v, 'a>>
where
    'a: 'v,
{
    let mut groups: Vec<Vec<&Visit<'a>>> = Vec::new();
    for visit in visits {
        let at = visit.who as usize;
        if at >= groups.len() {
            groups.resize_with(at + 1, Vec::new);
        }
        groups[at].push(visit);
    }
    let named = |came: Vec<&'v Visit<'a>>| came.first().map(|first| (&*first.home, &*first.person)).map(|who| (who, came));
    groups.into_iter().filter_map(named).collect()
}

/// Visits by what is found in them; those in which nothing is are left out.
pub(super) fn by_known<'v, 'a, K: Ord>(
    visits: impl IntoIterator<Item = &'v Visit<'a>>,
    key: impl Fn(&Visit<'a>) -> Option<K>,
) -> BTreeMap<K, Vec<&'v Visit<'a>>>
where
    'a: 'v,
{
    let mut groups: BTreeMap<K, Vec<&Visit<'a>>> = BTreeMap::new();
    for visit in visits {
        if let Some(key) = key(visit) {
            groups.entry(key).or_default().push(visit);
        }
    }
    groups
}

/// Splits visits, oldest first, into episodes: a day without one ends it. Its first event names an episode, so that one that was accepted
/// never hides the next.
pub(super) fn episodes<'v, 'a>(visits: Vec<&'v Visit<'a>>) -> Vec<Vec<&'v Visit<'a>>> {
    let mut episodes: Vec<Vec<&Visit<'a>>> = Vec::new();
    for visit in visits {
        let last = episodes.last_mut().filter(|episode| {
            episode.last().is_some_and(|last| visit.at().utc() - last.at().utc() <= chrono::TimeDelta::hours(EPISODE_GAP_HOURS))
        });
        match last {
            Some(episode) => episode.push(visit),
            None => episodes.push(vec![visit]),
        }
    }
    episodes
}

/// The tenant that people come from as the partner of a finding; `None` where nobody knows which it is.
pub(super) fn party(ctx: &Ctx<'_>, home: &str) -> Option<Party> {
    let own = Some(&ctx.tenant.display_name).filter(|name| home.eq_ignore_ascii_case(&ctx.tenant.tenant_id) && !name.is_empty());
    let known = || own.or_else(|| ctx.ledger.get(home).map(|entry| &entry.name));
    let name = || known().map_or_else(|| home.to_owned(), String::clone);
    (home != UNKNOWN_HOME).then(|| Party { tenant_id: home.to_owned(), name: name() })
}

/// A finding about the tenant that people come from.
pub(super) fn about_tenant(ctx: &Ctx<'_>, home: &str) -> Draft {
    let party = party(ctx, home);
    let name = party.as_ref().map_or(home, |party| &party.name).to_owned();
    Draft::about("tenant", home, name).partner(party)
}

/// A finding about a person, in an episode that begins with this visit: it gives the own key, and the evidence of when and from where.
pub(super) fn about_person(ctx: &Ctx<'_>, first: &Visit<'_>) -> Draft {
    let name = first.event.user_principal_name.as_deref().unwrap_or(&first.person);
    let draft = Draft::about("user", &*first.person, name).partner(party(ctx, &first.home));
    let draft = match first.is_outward {
        true => draft.customer(Some(ctx.index.party(&first.event.resource_tenant_id))),
        false => draft,
    };
    first_seen(draft, first)
}

/// The visit that an episode begins with, as own key and as evidence.
pub(super) fn first_seen(draft: Draft, first: &Visit<'_>) -> Draft {
    let event = first.event;
    let (draft, tenant, id) = match first.is_outward {
        true => (draft.remediation(OWN_PEOPLE), "resourceTenantId", Some(&event.resource_tenant_id)),
        false => (draft, "homeTenantId", event.home_tenant_id.as_ref()),
    };
    draft
        .key(&*event.id)
        .since(Some(first.at()))
        .evidence("id", &*event.id, Dataset::SignIns)
        .evidence("createdDateTime", first.at().to_string(), Dataset::SignIns)
        .evidence(tenant, text(id.map(|id| &**id)), Dataset::SignIns)
        .evidence("userPrincipalName", text(event.user_principal_name.as_deref()), Dataset::SignIns)
        .evidence("ipAddress", text(event.ip_address.as_deref()), Dataset::SignIns)
        .evidence("appDisplayName", text(event.app_display_name.as_deref()), Dataset::SignIns)
}

/// How many events an episode has and when the last of them was, where it is more than one.
pub(super) fn extent(draft: Draft, episode: &[&Visit<'_>]) -> Draft {
    match episode {
        [_, .., last] => draft.evidence("createdDateTime (last event)", last.at().to_string(), Dataset::SignIns).evidence(
            "events",
            episode.len(),
            Dataset::SignIns,
        ),
        _ => draft,
    }
}

/// True if an audit event was done by this person.
pub(super) fn is_actor(actor: &AuditActor, person: &str) -> bool {
    let technician = actor.user_principal_name.as_deref().and_then(technician_id);
    let hex = |id: &str| id.bytes().filter(|byte| *byte != b'-').map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>();
    technician.is_some_and(|id| id == person) || actor.user_id.as_deref().is_some_and(|id| hex(id) == hex(person))
}

/// The past that rules compare with: a log that shows what did not happen, and how much of it must lie before an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past {
    window: Window,
    baseline_days: i64,
    min_days: i64,
}

impl Past {
    /// The past of a log by the rule's own settings; `None` where what the log does not hold may still have happened.
    pub(super) fn of(ctx: &Ctx<'_>, log: Dataset) -> Option<Past> {
        let window = Window::of_log(ctx, log).filter(|_| shows_absence(ctx, log))?;
        Some(Past { window, baseline_days: ctx.settings.int(BASELINE_DAYS.name), min_days: ctx.settings.int(MIN_BASELINE_DAYS.name) })
    }

    /// True if enough log lies before `at` to call what happened then new.
    pub(super) fn reaches(&self, at: Timestamp) -> bool {
        at >= self.window.from.plus_days(self.min_days)
    }

    /// Since when what was seen before `at` counts as known.
    pub(super) fn start(&self, at: Timestamp) -> Timestamp {
        at.plus_days(-self.baseline_days)
    }
}

/// Notes that nobody can say what is new of the tenants that came: the log does not show what did not happen.
pub(super) fn note_no_past<'v, 'a: 'v>(out: &mut Out, visits: impl IntoIterator<Item = &'v Visit<'a>>) {
    for home in by(visits, |visit| &*visit.home).into_keys() {
        out.unjudged(home, Dataset::SignIns);
    }
}

/// What was seen when, walking through events from the oldest on.
#[derive(Debug)]
pub(super) struct Memory<K> {
    last: BTreeMap<K, Timestamp>,
    times: Vec<Timestamp>,
}

impl<K: Ord> Memory<K> {
    pub(super) fn new() -> Self {
        Memory { last: BTreeMap::new(), times: Vec::new() }
    }

    /// True if this was seen since `start`.
    pub(super) fn knows(&self, what: &K, start: Timestamp) -> bool {
        self.last.get(what).is_some_and(|last| *last >= start)
    }

    /// How many events there were since `start`.
    pub(super) fn count(&self, start: Timestamp) -> i64 {
        let before = self.times.partition_point(|at| *at < start);
        i64::try_from(self.times.len() - before).unwrap_or(i64::MAX)
    }

    /// What was seen since `start`.
    pub(super) fn known(&self, start: Timestamp) -> impl Iterator<Item = &K> {
        self.last.iter().filter(move |(_, last)| **last >= start).map(|(what, _)| what)
    }

    /// Adds an event; never one older than the last.
    pub(super) fn add(&mut self, what: K, at: Timestamp) {
        self.last.insert(what, at);
        self.times.push(at);
    }
}

/// What was seen before of each tenant. Events are gone through once, in the order in which they lie: tenant by tenant would jump from one to the
/// next over all of the log.
pub(super) struct Memories<'v, K>(HashMap<&'v str, Memory<K>>);

impl<'v, K: Ord> Memories<'v, K> {
    pub(super) fn new() -> Self {
        Memories(HashMap::new())
    }

    /// Of the tenant that this person is of.
    pub(super) fn of(&mut self, visit: &'v Visit<'_>) -> &mut Memory<K> {
        self.0.entry(&visit.home).or_insert_with(Memory::new)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::policy::rules::testing::{ANN, ANN_NAME, MSP, at_hour, customer_case, visit as event};

    fn seen(events: serde_json::Value) -> Vec<(String, String, String)> {
        let case = customer_case(json!({ "signIns": { "events": events } }));
        case.with_ctx(|ctx| {
            all(ctx).iter().map(|visit| (visit.event.id.to_string(), visit.home.to_string(), visit.person.to_string())).collect()
        })
    }

    #[test]
    fn who_comes_to_administer() {
        let of = |more: serde_json::Value| seen(json!([event("e", 0, more)])).len();
        assert_eq!(of(json!({})), 1);
        assert_eq!(of(json!({ "crossTenantAccessType": "b2bCollaboration" })), 0);
        assert_eq!(of(json!({ "crossTenantAccessType": "microsoftSupport" })), 0);
        assert_eq!(of(json!({ "crossTenantAccessType": "SERVICEPROVIDER,passthrough" })), 1);
        assert_eq!(of(json!({ "crossTenantAccessType": null })), 1, "the name tells it");
        assert_eq!(of(json!({ "crossTenantAccessType": null, "userPrincipalName": "guest@example.com" })), 0);
        assert_eq!(of(json!({ "homeTenantId": MICROSOFT_SUPPORT_TENANT })), 0, "support is no service provider, whatever the log calls it");
        assert_eq!(of(json!({ "homeTenantId": "11111111-1111-4111-8111-111111111111" })), 0, "the tenant itself");
    }

    #[test]
    fn oldest_first_and_each_once_with_a_stable_person() {
        let other =
            json!({ "userPrincipalName": "USER_44444444-4444-4444-8444-444444444444@msp.example", "homeTenantId": MSP.to_uppercase() });
        let found = seen(json!([event("b", 0, json!({})), event("a", -1, other), event("b", 0, json!({}))]));
        let want = [("a", MSP, ANN), ("b", MSP, ANN)].map(|(id, home, person)| (id.to_owned(), home.to_owned(), person.to_owned()));
        assert_eq!(found, want);
        let nobody = json!({ "userPrincipalName": null, "userId": "", "homeTenantId": null });
        assert_eq!(seen(json!([event("x", 0, nobody)])), [("x".to_owned(), UNKNOWN_HOME.to_owned(), "x".to_owned())]);
    }

    #[test]
    fn a_day_without_an_event_ends_an_episode() {
        let case = customer_case(json!({ "signIns": { "events": [
            event("a", -60, json!({})), event("b", -36, json!({})), event("c", -11, json!({})), event("d", 0, json!({}))
        ] } }));
        let ids = case.with_ctx(|ctx| {
            let visits = all(ctx);
            let episodes = episodes(visits.iter().collect());
            episodes.iter().map(|episode| episode.iter().map(|visit| visit.event.id.to_string()).collect::<String>()).collect::<Vec<_>>()
        });
        assert_eq!(ids, ["ab", "cd"]);
    }

    #[test]
    fn actors_are_known_by_name_and_by_id() {
        let actor = |json: serde_json::Value| is_actor(&serde_json::from_value(json).unwrap(), ANN);
        assert!(actor(json!({ "userPrincipalName": ANN_NAME })));
        assert!(actor(json!({ "userId": "44444444-4444-4444-8444-444444444444" })));
        assert!(!actor(json!({ "userId": "44444444-4444-4444-8444-444444444445" })) && !actor(json!({})));
    }

    #[test]
    fn memory_forgets_what_is_older_than_the_start() {
        let mut memory = Memory::new();
        memory.add("NL", at_hour(-10));
        memory.add("DE", at_hour(-5));
        assert!(memory.knows(&"NL", at_hour(-10)) && !memory.knows(&"NL", at_hour(-9)) && !memory.knows(&"BR", at_hour(-10)));
        assert_eq!((memory.count(at_hour(-10)), memory.count(at_hour(-9)), memory.count(at_hour(-4))), (2, 1, 0));
        assert_eq!(memory.known(at_hour(-9)).collect::<Vec<_>>(), [&"DE"]);
    }

    #[test]
    fn support_that_the_ledger_alone_knows_does_not_administer() {
        let of = |home: &str, more: serde_json::Value| {
            let mut facts = json!({ "signIns": { "events": [event("e", 0, json!({ "homeTenantId": home }))] } });
            facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            customer_case(facts).with_ctx(|ctx| all(ctx).len())
        };
        assert_eq!(of(MICROSOFT_SUPPORT_TENANT, json!({})), 0);
        assert_eq!(of(MSP, json!({})), 1);
    }

    #[test]
    fn an_episode_of_one_has_no_extent() {
        let case = customer_case(json!({ "signIns": { "events": [event("a", -5, json!({})), event("b", 0, json!({}))] } }));
        case.with_ctx(|ctx| {
            let visits = all(ctx);
            let told = |number: usize| extent(Draft::about("x", "x", "x"), &visits.iter().take(number).collect::<Vec<_>>()).evidence;
            assert!(told(1).is_empty());
            let two = told(2);
            assert_eq!((two[0].value.clone(), two[1].value.clone()), (json!(at_hour(0).to_string()), json!(2)));
        });
    }
}
