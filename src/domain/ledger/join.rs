//! Entries in the making: every fact finds the outside tenant that it belongs to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::sign_ins::Visits;
use super::{Class, Entry, TenantSnapshot};
use crate::domain::customer::{CustomerFacts, MARKERS, MICROSOFT_OWNER_TENANTS};

/// The entry of what belongs to an outside tenant of which nothing is known.
pub const UNKNOWN_HOME: &str = "unknown";

/// Where a principal stands in the ledger: its tenant, and its place in that entry's list.
pub(super) type Place = (String, usize);

/// An entry in the making, with the traces that its class rests on.
#[derive(Debug)]
pub(super) struct Draft {
    /// The entry.
    pub(super) entry: Entry,
    /// Successes of its people as a service provider.
    pub(super) provider: Visits,
    /// Successes of its people as Microsoft Support.
    pub(super) support: Visits,
    /// Successes of any other kind, and of its applications.
    pub(super) other: Visits,
    /// It has cross-tenant settings of its own.
    pub(super) has_settings: bool,
    /// Its id is a mail domain, or not known: the home of guests could not be found.
    pub(super) is_unknown_home: bool,
}

/// Everything that is joined.
#[derive(Debug)]
pub(super) struct Join<'a> {
    pub(super) facts: &'a CustomerFacts,
    own: String,
    drafts: BTreeMap<String, Draft>,
    /// Service principals by object id.
    pub(super) apps: HashMap<String, Place>,
    /// Guests by object id.
    pub(super) guests: HashMap<String, Place>,
    /// Guests in a group of this tenant that holds roles, by the group's object id.
    pub(super) through: HashMap<String, Vec<Place>>,
    /// Applications in a group of this tenant that holds roles, by the group's object id.
    pub(super) through_apps: HashMap<String, Vec<Place>>,
    /// Principals of outside tenants that hold roles, by object id.
    pub(super) foreign: HashMap<String, String>,
}

/// An id as the ledger compares it.
pub(super) fn lower(id: &str) -> String {
    id.trim().to_ascii_lowercase()
}

/// Facts in an order of their own: of two with one id, which no collector writes, the same one is taken wherever it stands.
pub fn in_order<T: Ord>(facts: &[T]) -> Vec<&T> {
    let mut sorted: Vec<&T> = facts.iter().collect();
    sorted.sort_unstable();
    sorted
}

impl<'a> Join<'a> {
    pub(super) fn new(tenant: &'a TenantSnapshot) -> Self {
        Join {
            facts: &tenant.customer,
            own: lower(&tenant.tenant_id),
            drafts: BTreeMap::new(),
            apps: HashMap::new(),
            guests: HashMap::new(),
            through: HashMap::new(),
            through_apps: HashMap::new(),
            foreign: HashMap::new(),
        }
    }

    /// The id of a tenant outside, lower case; `None` for this tenant, for Microsoft's owners of first-party applications and for nothing.
    pub(super) fn outside(&self, tenant_id: &str) -> Option<String> {
        let id = lower(tenant_id);
        let is_nobody = id.is_empty() || id.bytes().all(|b| b == b'0' || b == b'-');
        (!is_nobody && id != self.own && !MICROSOFT_OWNER_TENANTS.contains(&id.as_str())).then_some(id)
    }

    /// The entry of a tenant that [`Join::outside`] let through, made where there is none.
    pub(super) fn draft(&mut self, id: &str) -> &mut Draft {
        self.drafts.entry(id.to_owned()).or_insert_with(|| Draft {
            entry: blank(id),
            provider: Visits::default(),
            support: Visits::default(),
            other: Visits::default(),
            has_settings: false,
            is_unknown_home: false,
        })
    }

    /// The entries so far.
    pub(super) fn drafts(&self) -> impl Iterator<Item = &Draft> {
        self.drafts.values()
    }

    /// The same, to be completed.
    pub(super) fn drafts_mut(&mut self) -> impl Iterator<Item = &mut Draft> {
        self.drafts.values_mut()
    }

    /// True if there is an entry.
    pub(super) fn has(&self, id: &str) -> bool {
        self.drafts.contains_key(id)
    }

    /// Cross-tenant settings, role ceilings and synchronisation.
    pub(super) fn cross_tenant_settings(&mut self) {
        let facts = self.facts;
        for partner in in_order(&facts.cross_tenant_partners) {
            let Some(id) = self.outside(&partner.tenant_id) else { continue };
            let effective = match &facts.cross_tenant_default {
                Some(default) => partner.settings.over(default),
                None => partner.settings.clone(),
            };
            let draft = self.draft(&id);
            draft.has_settings = true;
            draft.entry.service_provider_entry |= partner.is_service_provider;
            draft.entry.settings = Some(effective);
        }
        for constraint in &facts.provider_constraints {
            let Some(id) = self.outside(&constraint.tenant_id) else { continue };
            let entry = &mut self.draft(&id).entry;
            // Two rows of one tenant are read as one ceiling: all that either allows.
            let mut roles: BTreeSet<String> = entry.ceiling.take().into_iter().flatten().collect();
            roles.extend(constraint.allowed_roles.iter().map(|role| lower(role)));
            entry.ceiling = Some(roles.into_iter().collect());
            entry.ceiling_created = entry.ceiling_created.into_iter().chain(constraint.created_date_time).min();
        }
        for sync in &facts.identity_sync {
            let Some(id) = self.outside(&sync.tenant_id) else { continue };
            if sync.is_inbound_sync_allowed {
                let draft = self.draft(&id);
                draft.has_settings = true;
                draft.entry.inbound_sync = true;
            }
        }
    }

    /// Subscriptions that a partner sold.
    pub(super) fn commerce(&mut self) {
        for subscription in &self.facts.subscriptions {
            let Some(id) = subscription.owner_tenant_id.as_deref().and_then(|owner| self.outside(owner)) else { continue };
            self.draft(&id).entry.subscriptions.push(subscription.id.clone());
        }
    }

    /// Entra Tenant Governance.
    pub(super) fn governance(&mut self) {
        for row in &self.facts.governance {
            let Some(id) = self.outside(&row.governing_tenant_id) else { continue };
            self.draft(&id).entry.governance.push(row.clone());
        }
    }

    /// Which service principals of the GDAP machinery are here.
    pub(super) fn markers(&self) -> Vec<String> {
        let here: BTreeSet<String> = self.facts.service_principals.iter().map(|principal| lower(&principal.app_id)).collect();
        MARKERS.iter().map(|(app_id, _)| (*app_id).to_owned()).filter(|app_id| here.contains(app_id)).collect()
    }

    /// Sorts each entry, lets `settle` complete it and hands all of them over.
    pub(super) fn finish(self, settle: impl Fn(&mut Draft)) -> BTreeMap<String, Entry> {
        let done = self.drafts.into_iter().map(|(id, mut draft)| {
            sort(&mut draft.entry);
            settle(&mut draft);
            (id, draft.entry)
        });
        done.collect()
    }
}

/// Puts every list into an order that does not depend on that of the facts.
fn sort(entry: &mut Entry) {
    entry.roles.sort();
    entry.roles.dedup();
    for roles in entry.apps.iter_mut().map(|app| &mut app.roles).chain(entry.guests.iter_mut().map(|guest| &mut guest.roles)) {
        roles.sort();
        roles.dedup();
    }
    for app in &mut entry.apps {
        app.settle();
    }
    entry.apps.sort_by(|a, b| a.id.cmp(&b.id));
    entry.guests.sort_by(|a, b| a.id.cmp(&b.id));
    entry.subscriptions.sort();
    entry.subscriptions.dedup();
    entry.governance.sort_by(|a, b| (&a.kind, &a.id, a).cmp(&(&b.kind, &b.id, b)));
}

/// An entry with nothing but its id.
pub(super) fn blank(id: &str) -> Entry {
    Entry {
        tenant_id: id.to_owned(),
        name: String::new(),
        domain: None,
        class: Class::Unclassified,
        class_reason: String::new(),
        tier: None,
        can_administer: false,
        service_provider_entry: false,
        ceiling: None,
        ceiling_created: None,
        roles: Vec::new(),
        apps: Vec::new(),
        guests: Vec::new(),
        settings: None,
        inbound_sync: false,
        conditional_access: None,
        first_sign_in: None,
        last_sign_in: None,
        technicians: Vec::new(),
        audit_events: Vec::new(),
        subscriptions: Vec::new(),
        governance: Vec::new(),
        declared_relationships: Vec::new(),
        declared_partners: Vec::new(),
        provenance: BTreeMap::new(),
    }
}
