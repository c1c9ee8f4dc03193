//! Audit events by people of an outside tenant, or about it.

use std::collections::{BTreeSet, HashMap};

use super::join::{Join, lower};
use super::sign_ins::technician_id;
use crate::domain::Timestamp;
use crate::domain::customer::{AuditActor, AuditEvent};

/// What is looked for in events: ids of tenants, principals, applications and people, each with its tenant.
struct Known {
    ids: HashMap<String, String>,
    technicians: HashMap<String, String>,
    domains: HashMap<String, String>,
}

/// Adds the ids of events, in order of time.
pub(super) fn add(join: &mut Join<'_>) {
    let known = Known::of(join);
    let mut found: HashMap<String, Vec<(Timestamp, String)>> = HashMap::new();
    for event in &join.facts.audits {
        let mut tenants = BTreeSet::new();
        tenants.extend(known.actor(join, &event.actor));
        known.targets(event, &mut tenants);
        for tenant in tenants {
            found.entry(tenant).or_default().push((event.activity_date_time, event.id.to_string()));
        }
    }
    // A technician may act whose tenant has left no other trace: that is an entry.
    let mut tenants: Vec<(String, Vec<(Timestamp, String)>)> = found.into_iter().collect();
    tenants.sort();
    for (tenant, mut events) in tenants {
        events.sort();
        events.dedup();
        join.draft(&tenant).entry.audit_events = events.into_iter().map(|(_, id)| id).collect();
    }
}

impl Known {
    fn of(join: &Join<'_>) -> Known {
        let mut known = Known { ids: HashMap::new(), technicians: HashMap::new(), domains: HashMap::new() };
        known.ids.extend(join.drafts().map(|draft| (draft.entry.tenant_id.clone(), draft.entry.tenant_id.clone())));
        known.ids.extend(join.foreign.iter().map(|(id, tenant)| (id.clone(), tenant.clone())));
        known.ids.extend(join.apps.iter().chain(&join.guests).map(|(id, (tenant, _))| (id.clone(), tenant.clone())));
        for draft in join.drafts() {
            let tenant = &draft.entry.tenant_id;
            let app_ids = draft.entry.apps.iter().map(|app| app.app_id.clone()).filter(|app_id| !app_id.is_empty());
            known.ids.extend(app_ids.map(|app_id| (app_id, tenant.clone())));
        }
        let domains = join.facts.tenant_names.iter().filter_map(|name| {
            let domain = lower(name.default_domain.as_deref()?);
            Some((domain, join.outside(&name.tenant_id)?)).filter(|(domain, _)| !domain.is_empty())
        });
        known.domains = told_apart(domains);
        let technicians = join.facts.sign_ins.events.iter().filter_map(|event| {
            let person = technician_id(event.user_principal_name.as_deref()?)?;
            let home = join.outside(event.home_tenant_id.as_deref()?)?;
            join.has(&home).then_some((person, home))
        });
        known.technicians = told_apart(technicians);
        known
    }

    /// The tenant of who did it: as the log says, by the stable id, by the domain of the name, by the guest's or the application's id.
    fn actor(&self, join: &Join<'_>, actor: &AuditActor) -> Option<String> {
        let name = actor.user_principal_name.as_deref().unwrap_or_default();
        if let Some(person) = technician_id(name) {
            let by_log = actor.home_tenant_id.as_deref().and_then(|home| join.outside(home));
            let by_domain = || name.rsplit_once('@').and_then(|(_, domain)| self.domains.get(&lower(domain)).cloned());
            return by_log.or_else(|| self.technicians.get(&person).cloned()).or_else(by_domain);
        }
        let by_log = actor.home_tenant_id.as_deref().map(lower).filter(|home| join.has(home));
        let ids = [actor.user_id.as_deref(), actor.app_id.as_deref()];
        by_log.or_else(|| ids.into_iter().flatten().find_map(|id| self.ids.get(&lower(id)).cloned()))
    }

    /// The tenants that an event is about: by id of the target, or by an id in what changed.
    fn targets(&self, event: &AuditEvent, tenants: &mut BTreeSet<String>) {
        for target in &event.targets {
            tenants.extend(target.id.as_deref().and_then(|id| self.ids.get(&lower(id)).cloned()));
            let values = target.changes.iter().flat_map(|change| [change.old.as_deref(), change.new.as_deref()]);
            for value in values.flatten() {
                tenants.extend(guids(value).filter_map(|id| self.ids.get(&id).cloned()));
            }
        }
    }
}

/// The tenant of each key. A key that two tenants share tells neither: an event must not be laid at the wrong door.
fn told_apart(rows: impl Iterator<Item = (String, String)>) -> HashMap<String, String> {
    let mut tenants: HashMap<String, Option<String>> = HashMap::new();
    for (key, tenant) in rows {
        let known = tenants.entry(key).or_insert_with(|| Some(tenant.clone()));
        if known.as_ref().is_some_and(|known| *known != tenant) {
            *known = None;
        }
    }
    tenants.into_iter().filter_map(|(key, tenant)| Some((key, tenant?))).collect()
}

/// Everything in a text that has the form of a GUID, lower case.
fn guids(text: &str) -> impl Iterator<Item = String> + '_ {
    let words = text.split(|c: char| !(c.is_ascii_hexdigit() || c == '-'));
    words.filter(|word| word.len() == 36 && word.bytes().filter(|b| *b == b'-').count() == 4).map(str::to_ascii_lowercase)
}
