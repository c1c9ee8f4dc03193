//! The audit log, read for what people of outside tenants did here. Events of one person that lie close together make one episode, and
//! one episode makes one finding.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::domain::customer::{AuditActor, AuditChange, AuditEvent};
use crate::domain::facts::SignIn;
use crate::domain::ledger::{Class, Entry, technician_id};
use crate::domain::{Confidence, Dataset, Party, Severity, Timestamp};
use crate::policy::rule::{Ctx, Draft};
pub(super) use crate::policy::seen::is_provider_entry;
use crate::policy::seen::{compact, keys};

use super::shared::few;

/// Events of one person that lie further apart than this belong to two episodes, in hours.
const EPISODE_HOURS: i64 = 24;

/// Most events of an episode that the evidence tells one by one.
const MOST_SHOWN: usize = 10;

/// Someone of an outside tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Person {
    /// The 32 digits of the stable id, or the object id of the log, or the name where there is no id.
    pub(super) id: String,
    /// The best name.
    pub(super) name: String,
    /// The outside tenant, where anything tells it.
    pub(super) tenant: Option<String>,
    /// False if nothing but a display name tells that it is someone from outside.
    pub(super) is_sure: bool,
}

/// Something that someone of an outside tenant did, and how bad it is.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    /// Id of the event.
    pub(super) id: String,
    /// When.
    pub(super) at: Timestamp,
    /// What it was, as the log writes it.
    pub(super) activity: String,
    /// Who.
    pub(super) who: Person,
    /// What it came to, in a few words.
    pub(super) what: String,
    /// How bad it is.
    pub(super) severity: Severity,
    /// What makes it so: field and value.
    pub(super) evidence: Vec<(&'static str, Value)>,
    /// Where it stands.
    pub(super) source: Dataset,
}

/// Lower case, one kind of dash, no dot at the end: activities are written in several ways.
pub(super) fn plain(activity: &str) -> String {
    let dashed = activity.to_lowercase().replace(['\u{2013}', '\u{2014}', '\u{2011}'], "-");
    dashed.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

/// Tells people of outside tenants from this tenant's own.
pub(super) struct People<'a> {
    ctx: &'a Ctx<'a>,
    domains: Vec<String>,
}

/// The key of a person of the sign-in log: that of [`Person::key`].
pub(super) fn sign_in_key(event: &SignIn) -> Option<String> {
    keys(event).next()
}

impl Person {
    /// What joins a person of one log with the same of another.
    pub(super) fn key(&self) -> String {
        compact(&self.id)
    }
}

impl<'a> People<'a> {
    /// As the sign-in log knows them.
    pub(super) fn of(ctx: &'a Ctx<'a>) -> Self {
        let domains = ctx.customer.organization.iter().flat_map(|own| own.verified_domains.iter().chain(&own.default_domain));
        People { ctx, domains: domains.map(|domain| domain.to_ascii_lowercase()).collect() }
    }

    /// The person of an outside tenant that did it; `None` for this tenant's own, for Microsoft Support and for applications.
    pub(super) fn person(&self, actor: &AuditActor) -> Option<Person> {
        let upn = actor.user_principal_name.as_deref().unwrap_or_default();
        let domain = upn.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        // A name in a domain of this tenant is that of an account of its own, however it is made up.
        let is_own = domain.as_ref().is_some_and(|domain| self.domains.contains(domain));
        let technician = technician_id(upn).filter(|_| !is_own);
        let id = actor.user_id.as_deref().map(compact).filter(|id| !id.is_empty());
        let seen = technician.iter().chain(&id).find_map(|key| self.ctx.seen.people.get(key)).cloned().unwrap_or_default();
        let home = actor.home_tenant_id.as_deref().map(str::to_ascii_lowercase).filter(|home| !home.is_empty());
        if home.as_deref() == Some(&*self.ctx.tenant.tenant_id) {
            return None;
        }
        let display = actor.display_name.as_deref().unwrap_or_default().trim();
        let called = display.strip_suffix(" Technician").filter(|_| !is_own);
        let by_home = home.as_deref().and_then(|home| self.ctx.ledger.get(home));
        let is_sure = technician.is_some() || seen.is_provider || by_home.is_some_and(administers);
        if !is_sure && called.is_none() {
            return None;
        }
        let named = || self.entry(|entry| called.is_some_and(|called| entry.name.eq_ignore_ascii_case(called)));
        let by_domain = || self.entry(|entry| domain.is_some() && entry.domain == domain);
        let tenant = home.or(seen.tenant).or_else(by_domain).or_else(named);
        let class = tenant.as_deref().and_then(|tenant| self.ctx.ledger.get(tenant)).map(|entry| &entry.class);
        if class == Some(&Class::MicrosoftSupport) || (seen.is_support && !seen.is_provider) {
            return None;
        }
        let name = [display, upn].into_iter().find(|name| !name.is_empty());
        let own_id = actor.user_id.as_deref().filter(|id| !id.is_empty()).map(str::to_ascii_lowercase);
        let id = technician.or(own_id).unwrap_or_else(|| upn.to_ascii_lowercase());
        Some(Person { name: name.unwrap_or(&id).to_owned(), id, tenant, is_sure })
    }

    /// The one tenant that fits. A tenant chooses its name itself, so several may have the same: then nobody can tell which of them it was.
    fn entry(&self, fits: impl Fn(&Entry) -> bool) -> Option<String> {
        let mut fitting = self.ctx.ledger.entries.values().filter(|entry| fits(entry));
        let one = fitting.next()?;
        fitting.next().is_none().then(|| one.tenant_id.clone())
    }

    /// What people of outside tenants did, oldest first: the successes among the activities that are `wanted`, in their plain form.
    pub(super) fn acts(&self, wanted: impl Fn(&str) -> bool) -> Vec<(&'a AuditEvent, String, Person)> {
        let events = self.ctx.customer.audits.iter().filter(|event| event.succeeded());
        // Activities are few, and their events many.
        let mut known: HashMap<&str, Option<String>> = HashMap::new();
        let mut acts: Vec<_> = events
            .filter_map(|event| {
                let activity = known.entry(&event.activity).or_insert_with(|| Some(plain(&event.activity)).filter(|text| wanted(text)));
                let activity = activity.as_ref()?;
                Some((event, activity.clone(), self.person(&event.actor)?))
            })
            .collect();
        acts.sort_by(|a, b| (a.0.activity_date_time, &a.0.id).cmp(&(b.0.activity_date_time, &b.0.id)));
        acts
    }
}

/// True if people of an outside tenant act here as its administrators do.
fn administers(entry: &Entry) -> bool {
    matches!(entry.class, Class::ServiceProvider | Class::GoverningTenant)
}

/// A hit on an event of the audit log.
pub(super) fn hit(event: &AuditEvent, who: Person, what: impl Into<String>, severity: Severity) -> Hit {
    Hit {
        id: event.id.to_string(),
        at: event.activity_date_time,
        activity: event.activity.trim().to_owned(),
        who,
        what: what.into(),
        severity,
        evidence: Vec::new(),
        source: Dataset::Audits,
    }
}

impl Hit {
    /// A fact that it rests on.
    #[must_use]
    pub(super) fn evidence(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.evidence.push((field, value.into()));
        self
    }
}

/// Puts the hits of each person into episodes, each oldest first.
pub(super) fn episodes(hits: Vec<Hit>) -> Vec<Vec<Hit>> {
    let mut by_person: BTreeMap<String, Vec<Hit>> = BTreeMap::new();
    for hit in hits {
        by_person.entry(hit.who.key()).or_default().push(hit);
    }
    let mut done = Vec::new();
    for mut hits in by_person.into_values() {
        hits.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        done.extend(hits.chunk_by(|a, b| is_close(a.at, b.at)).map(<[Hit]>::to_vec));
    }
    done
}

/// True if two events, the earlier first, belong to one episode.
pub(super) fn is_close(earlier: Timestamp, later: Timestamp) -> bool {
    later.utc() - earlier.utc() <= chrono::TimeDelta::hours(EPISODE_HOURS)
}

/// The finding of an episode: as bad as the worst of it, known by its first event. `None` if there is no event.
pub(super) fn draft(ctx: &Ctx<'_>, episode: &[Hit]) -> Option<Draft> {
    let first = episode.first()?;
    let mut whats: Vec<String> = Vec::new();
    for hit in episode {
        if !whats.contains(&hit.what) {
            whats.push(hit.what.clone());
        }
    }
    let is_sure = episode.iter().any(|hit| hit.who.is_sure);
    let draft = Draft::about("user", &first.who.id, &first.who.name)
        .key(&first.id)
        .severity(episode.iter().map(|hit| hit.severity).max().unwrap_or(first.severity))
        .confidence(if is_sure { Confidence::High } else { Confidence::Medium })
        .partner(party(ctx, first.who.tenant.as_deref()))
        .since(Some(first.at))
        .note(few(&whats))
        .evidence("initiatedBy.user.displayName", first.who.name.as_str(), first.source);
    Some(tell(draft, episode))
}

/// Adds the events of an episode as evidence.
pub(super) fn tell(mut draft: Draft, episode: &[Hit]) -> Draft {
    for hit in episode.iter().take(MOST_SHOWN) {
        draft = draft.evidence("activityDateTime", hit.at.to_string(), hit.source).evidence(
            "activityDisplayName",
            hit.activity.as_str(),
            hit.source,
        );
        for (field, value) in &hit.evidence {
            draft = draft.evidence(*field, value.clone(), hit.source);
        }
    }
    if episode.len() > MOST_SHOWN {
        draft = draft.evidence("events", episode.len(), episode[0].source);
    }
    draft
}

/// An outside tenant by its best name.
pub(super) fn party(ctx: &Ctx<'_>, tenant: Option<&str>) -> Option<Party> {
    let tenant = tenant?;
    let name = ctx.ledger.get(tenant).map_or(tenant, |entry| &entry.name);
    Some(Party { tenant_id: tenant.to_owned(), name: name.to_owned() })
}

/// Every changed property of an event.
pub(super) fn changes(event: &AuditEvent) -> impl Iterator<Item = &AuditChange> {
    event.targets.iter().flat_map(|target| &target.changes)
}

/// The JSON of a value of the log, which may be a string that holds JSON. `None` if it is not there or was cut.
pub(super) fn json(text: Option<&str>) -> Option<Value> {
    match serde_json::from_str(text?).ok()? {
        Value::String(inner) => Some(serde_json::from_str(&inner).unwrap_or(Value::String(inner))),
        value => Some(value),
    }
}

/// Everything in a text that has the form of a GUID, lower case, sorted.
pub(super) fn guids(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_hexdigit() || c == '-'));
    let mut found: Vec<String> =
        words.filter(|word| word.len() == 36 && word.bytes().filter(|b| *b == b'-').count() == 4).map(str::to_ascii_lowercase).collect();
    found.sort();
    found.dedup();
    found
}

/// The best name of what an event was done to.
pub(super) fn target_name(event: &AuditEvent) -> &str {
    let named = event.targets.iter().filter_map(|target| target.display_name.as_deref()).find(|name| !name.trim().is_empty());
    named.or_else(|| event.targets.iter().find_map(|target| target.id.as_deref())).unwrap_or("(no target)")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::rules::testing::{at_hour, customer_case};

    const HEX: &str = "3f972b9d8f88431db52978ac975f9d13";
    const GUID: &str = "3f972b9d-8f88-431d-b529-78ac975f9d13";
    const MSP: &str = "22222222-2222-4222-8222-222222222222";
    const SUPPORT: &str = crate::domain::customer::MICROSOFT_SUPPORT_TENANT;

    fn person(facts: serde_json::Value, actor: serde_json::Value) -> Option<Person> {
        let case = customer_case(facts);
        let actor: AuditActor = serde_json::from_value(actor).unwrap();
        case.with_ctx(|ctx| People::of(ctx).person(&actor))
    }

    fn facts(sign_ins: serde_json::Value) -> serde_json::Value {
        json!({
            "organization": { "id": "x", "displayName": "Contoso", "verifiedDomains": ["contoso.example"] },
            "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }, { "tenantId": SUPPORT, "isServiceProvider": true }],
            "tenantNames": [{ "tenantId": MSP, "displayName": "Fabrikam MSP", "defaultDomain": "fabrikam.example" }],
            "signIns": { "events": sign_ins }
        })
    }

    fn sign_in(user: &str, home: &str, kind: &str) -> serde_json::Value {
        json!([{ "id": "s", "createdDateTime": at_hour(0).to_string(), "userId": user, "resourceTenantId": "own", "homeTenantId": home,
            "crossTenantAccessType": kind }])
    }

    #[test]
    fn technicians_are_known_by_name_by_log_and_by_tenant() {
        let none = || facts(json!([]));
        let by_name = person(none(), json!({ "userPrincipalName": format!("user_{HEX}@fabrikam.example") })).unwrap();
        assert_eq!((by_name.id.as_str(), by_name.tenant.as_deref(), by_name.is_sure), (HEX, Some(MSP), true));
        let called = person(none(), json!({ "userId": GUID, "displayName": "Fabrikam MSP Technician" })).unwrap();
        assert_eq!((called.id.as_str(), called.tenant.as_deref(), called.is_sure), (GUID, Some(MSP), false));
        assert_eq!(called.key(), by_name.key(), "one person under two names");
        let signed_in = person(facts(sign_in(GUID, MSP, "serviceProvider")), json!({ "userId": GUID })).unwrap();
        assert_eq!((signed_in.tenant.as_deref(), signed_in.is_sure), (Some(MSP), true));
        assert!(person(none(), json!({ "userId": "u", "homeTenantId": MSP })).is_some());
        assert_eq!(person(none(), json!({ "userPrincipalName": format!("user_{HEX}") })).unwrap().tenant, None);
    }

    #[test]
    fn own_accounts_and_microsoft_support_are_none_of_them() {
        let none = || facts(json!([]));
        for name in ["user_import@contoso.example".to_owned(), format!("user_{HEX}@contoso.example"), "adele@contoso.example".to_owned()] {
            assert_eq!(
                person(none(), json!({ "userId": "u", "userPrincipalName": name, "displayName": "Field Technician" })),
                None,
                "{name}"
            );
        }
        assert_eq!(person(none(), json!({ "appId": "a", "appName": "Fabrikam Technician" })), None);
        assert_eq!(person(facts(sign_in(GUID, SUPPORT, "microsoftSupport")), json!({ "userPrincipalName": format!("user_{HEX}") })), None);
        assert_eq!(person(none(), json!({ "userPrincipalName": format!("user_{HEX}"), "homeTenantId": SUPPORT })), None);
        assert_eq!(person(facts(sign_in(GUID, MSP, "b2bCollaboration")), json!({ "userId": GUID })), None);
    }

    #[test]
    fn a_day_without_an_event_ends_an_episode() {
        let who = |id: &str| Person { id: id.into(), name: id.into(), tenant: None, is_sure: true };
        let at = |id: &str, hours: i64, person: &str| Hit {
            id: id.into(),
            at: at_hour(hours),
            activity: String::new(),
            who: who(person),
            what: String::new(),
            severity: Severity::High,
            evidence: Vec::new(),
            source: Dataset::Audits,
        };
        let found = episodes(vec![at("c", 60, "p"), at("b", 24, "p"), at("a", 0, "p"), at("x", 1, "q")]);
        let ids: Vec<Vec<&str>> = found.iter().map(|episode| episode.iter().map(|hit| hit.id.as_str()).collect()).collect();
        assert_eq!(ids, [vec!["a", "b"], vec!["c"], vec!["x"]]);
    }

    #[test]
    fn what_the_log_writes_in_many_ways_is_read_as_one() {
        assert_eq!(
            plain("Update application – Certificates and secrets  management "),
            "update application - certificates and secrets management"
        );
        assert_eq!(plain("Add partner to company."), "add partner to company");
        assert_eq!(json(Some("\"{\\\"state\\\":\\\"on\\\"}\"")), Some(json!({ "state": "on" })));
        assert_eq!((json(Some("{\"cut")), json(None)), (None, None));
        assert_eq!(guids(&format!("[\"{}\",\"x-y\"]", GUID.to_uppercase())), [GUID]);
        assert!(guids(&"a".repeat(36)).is_empty() && guids("1-2-3-4-5").is_empty(), "as long, or as many dashes");
    }

    #[test]
    fn who_is_told_from_outside_by_any_sign_in() {
        let mut support = sign_in(GUID, MSP, "microsoftSupport");
        support[0]["homeTenantId"] = serde_json::Value::Null;
        let engineer = json!({ "userPrincipalName": format!("user_{HEX}") });
        assert_eq!(person(facts(support), engineer.clone()), None, "known by the kind of sign-in alone");
        assert!(person(facts(json!([])), engineer).is_some());
        let own = json!({ "userId": GUID, "userPrincipalName": "tech@contoso.example", "displayName": "Fabrikam MSP Technician" });
        assert_eq!(person(facts(json!([])), own), None, "an own account that is called so");
        let outside = json!({ "userId": GUID, "userPrincipalName": "tech@fabrikam.example", "displayName": "Fabrikam MSP Technician" });
        assert!(person(facts(json!([])), outside).is_some());
    }

    #[test]
    fn a_long_episode_is_counted_and_a_shorter_one_shown() {
        let of = |number: usize| {
            let who = Person { id: "p".into(), name: "p".into(), tenant: None, is_sure: true };
            let hit = |n: usize| Hit {
                id: format!("{n}"),
                at: at_hour(0),
                activity: "x".into(),
                who: who.clone(),
                what: String::new(),
                severity: Severity::High,
                evidence: Vec::new(),
                source: Dataset::Audits,
            };
            let draft = tell(Draft::about("user", "p", "p"), &(0..number).map(hit).collect::<Vec<_>>());
            (
                draft.evidence.iter().filter(|one| one.field == "activityDateTime").count(),
                draft.evidence.iter().any(|one| one.field == "events"),
            )
        };
        assert_eq!([of(10), of(11)], [(10, false), (10, true)]);
    }

    #[test]
    fn a_name_or_a_domain_of_two_tenants_tells_neither() {
        let other = |name: &str, domain: &str| {
            let mut facts = facts(json!([]));
            let second = json!({ "tenantId": "33333333-3333-4333-8333-333333333333" });
            facts["crossTenantPartners"].as_array_mut().unwrap().push(second.clone());
            let mut named = second;
            named["displayName"] = json!(name);
            named["defaultDomain"] = json!(domain);
            facts["tenantNames"].as_array_mut().unwrap().push(named);
            facts
        };
        let called = |facts| person(facts, json!({ "userId": GUID, "displayName": "Fabrikam MSP Technician" })).unwrap().tenant;
        assert_eq!(called(other("Alpine", "alpine.example")).as_deref(), Some(MSP));
        assert_eq!(called(other("FABRIKAM MSP", "alpine.example")), None, "each tenant chooses its name itself");
        let by_domain =
            |facts| person(facts, json!({ "userPrincipalName": format!("user_{HEX}@fabrikam.example") })).map(|person| person.tenant);
        assert_eq!(by_domain(other("Alpine", "alpine.example")), Some(Some(MSP.to_owned())));
        assert_eq!(by_domain(other("Alpine", "Fabrikam.example")), Some(None), "someone from outside, and nobody knows from where");
    }
}
