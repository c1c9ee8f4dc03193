//! One entry for each outside tenant, joined by its tenant id: what it is, how it reaches in, and what contradicts itself.
//!
//! Built from observed facts; declared ones add and explain, and never remove, lower or complete what was observed.

mod access;
mod apps;
mod audits;
mod classify;
mod declared;
mod guests;
mod join;
mod names;
mod provenance;
mod roles;
mod sign_ins;
#[cfg(test)]
mod tests;

pub use apps::{STRONG_PERMISSIONS, StrongPermission};
pub use classify::governs;
pub use join::{UNKNOWN_HOME, in_order};
pub use sign_ins::technician_id;

use std::collections::BTreeMap;

use super::conditional_access::Verdict;
use super::customer::{CrossTenantSettings, GovernanceRow};
use super::{Dataset, Status, TenantSnapshot, Timestamp, View};
use crate::open_enum;

open_enum! {
    /// What an outside tenant is to this one.
    pub enum Class {
        /// A CSP or MSP with delegated administration.
        ServiceProvider = "serviceProvider",
        /// Microsoft Support, let in by a support case.
        MicrosoftSupport = "microsoftSupport",
        /// Governs this tenant through Entra Tenant Governance.
        GoverningTenant = "governingTenant",
        /// Sold a subscription; commerce only.
        Reseller = "reseller",
        /// Guests or cross-tenant settings only.
        B2b = "b2b",
        /// Only its applications are here.
        AppPublisher = "appPublisher",
        /// None of these.
        Unclassified = "unknown",
    }
}

/// Where a fact of an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Read from this tenant.
    Observed,
    /// From a file of a partner or an admin.
    Declared,
    /// The dataset could not be read, so nothing is known.
    NotReadable,
}

/// Provenance of one fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Provenance {
    /// Observed, declared or not readable.
    pub basis: Basis,
    /// The dataset.
    pub dataset: Dataset,
    /// How the dataset was read.
    pub status: Status,
}

/// A role that a principal of the outside tenant holds here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldRole {
    /// Tier 0 to 3; `None` if the role is not in the catalog.
    pub tier: Option<u8>,
    /// Template id, or the definition's id of a custom role.
    pub role_id: String,
    /// Its name.
    pub role_name: String,
    /// Id of the assignment; several schedules and assignments of one principal and role are one entry each.
    pub assignment_id: String,
    /// Who holds it: object id.
    pub principal_id: String,
    /// Its name, or its id.
    pub principal_name: String,
    /// `group`, `user`, `servicePrincipal`, `directoryObjectPartnerReference`.
    pub principal_kind: String,
    /// `/` for the whole tenant.
    pub scope: String,
    /// Only eligible: must be activated.
    pub eligible_only: bool,
    /// Where it stands: `role-assignments`, or `role-schedules` where only an instance shows it.
    pub source: Dataset,
}

/// An application of the outside tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerApp {
    /// Object id of the service principal.
    pub id: String,
    /// Application id.
    pub app_id: String,
    /// Its name.
    pub name: String,
    /// `false`: cannot sign in.
    pub enabled: Option<bool>,
    /// Verified publisher, if any.
    pub verified_publisher: Option<String>,
    /// Application permissions by value, sorted.
    pub permissions: Vec<String>,
    /// Tenant-wide delegated scopes, sorted.
    pub scopes: Vec<String>,
    /// Those of both that can take over a tenant or read everything in it.
    pub strong: Vec<String>,
    /// Directory roles.
    pub roles: Vec<HeldRole>,
}

/// A guest or external member from the outside tenant who holds roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerGuest {
    /// Object id here.
    pub id: String,
    /// Best name.
    pub name: String,
    /// Roles, those through groups too.
    pub roles: Vec<HeldRole>,
}

/// A person of the outside tenant, seen in the sign-in log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Technician {
    /// The stable id: the 32 hex digits of `user_<hex>`, or the user id of the log.
    pub id: String,
    /// Last success.
    pub last_seen: Timestamp,
    /// How many successes.
    pub sign_ins: u64,
}

/// One outside tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its id, lower case.
    pub tenant_id: String,
    /// Its name, or its id where no name is known.
    pub name: String,
    /// Its default domain.
    pub domain: Option<String>,
    /// What it is.
    pub class: Class,
    /// Why it is taken for that, in words.
    pub class_reason: String,
    /// The highest privilege it can use: tier over roles held (eligible too), applications' roles, guests' roles.
    pub tier: Option<u8>,
    /// Counts among "can administer".
    pub can_administer: bool,
    /// It has a service provider entry in the cross-tenant access policy.
    pub service_provider_entry: bool,
    /// Template ids of the role ceiling; `None`: not readable or none.
    pub ceiling: Option<Vec<String>>,
    /// When the ceiling was made.
    pub ceiling_created: Option<Timestamp>,
    /// Roles held by its principals (not those of guests and applications).
    pub roles: Vec<HeldRole>,
    /// Its applications.
    pub apps: Vec<LedgerApp>,
    /// Its guests who hold roles.
    pub guests: Vec<LedgerGuest>,
    /// Effective cross-tenant settings, the default worked in; `None` without an entry of its own.
    pub settings: Option<CrossTenantSettings>,
    /// It may make users here by synchronisation.
    pub inbound_sync: bool,
    /// Conditional Access for its people; only for service providers.
    pub conditional_access: Option<Verdict>,
    /// First success in the window.
    pub first_sign_in: Option<Timestamp>,
    /// Last success in the window.
    pub last_sign_in: Option<Timestamp>,
    /// Its people, by last seen.
    pub technicians: Vec<Technician>,
    /// Ids of audit events by its people or about it, in order of time.
    pub audit_events: Vec<String>,
    /// Ids of subscriptions that it sold.
    pub subscriptions: Vec<String>,
    /// Rows of Entra Tenant Governance.
    pub governance: Vec<GovernanceRow>,
    /// Indices into `declared.relationships`.
    pub declared_relationships: Vec<usize>,
    /// Indices into `declared.partners`.
    pub declared_partners: Vec<usize>,
    /// Where each kind of fact comes from: `roles`, `eligibility`, `applications`, `permissions`, `consents`, `guests`, `trust`,
    /// `trustDefault`, `sync`, `signIns`, `appSignIns`, `audits`, `commerce`, `governance`, `name`; `ceiling`, `conditionalAccess` and
    /// `declared` where there is such a fact.
    pub provenance: BTreeMap<&'static str, Provenance>,
}

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Door {
    /// A service provider entry: GDAP, which lets groups of the outside tenant be given roles up to the ceiling.
    ServiceProviderEntry,
    /// A principal of the outside tenant holds a role.
    ForeignPrincipal,
    /// A governance relationship.
    Governance,
    /// An application with a role or an application permission.
    Application,
    /// A guest or external member who holds a role.
    Guest,
    /// Synchronisation may make users here.
    IdentitySync,
    /// Somebody came in as a service provider or as support.
    SignIn,
}

impl Door {
    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Door::ServiceProviderEntry => "serviceProviderEntry",
            Door::ForeignPrincipal => "foreignPrincipal",
            Door::Governance => "governance",
            Door::Application => "application",
            Door::Guest => "guest",
            Door::IdentitySync => "identitySync",
            Door::SignIn => "signIn",
        }
    }
}

impl Entry {
    /// The ways in that were observed.
    pub fn doors(&self) -> Vec<Door> {
        let apps = self.apps.iter().any(|app| !(app.roles.is_empty() && app.permissions.is_empty() && app.scopes.is_empty()));
        let came_in = self.last_sign_in.is_some() && !matches!(self.class, Class::AppPublisher | Class::B2b | Class::Reseller);
        [
            (self.service_provider_entry, Door::ServiceProviderEntry),
            (!self.roles.is_empty(), Door::ForeignPrincipal),
            (self.governance.iter().any(governs), Door::Governance),
            (apps, Door::Application),
            (!self.guests.is_empty(), Door::Guest),
            (self.inbound_sync, Door::IdentitySync),
            (came_in, Door::SignIn),
        ]
        .into_iter()
        .filter_map(|(open, door)| open.then_some(door))
        .collect()
    }

    /// Every role that it can use: those of its principals, its applications and its guests.
    pub fn all_roles(&self) -> impl Iterator<Item = &HeldRole> {
        let of_apps = self.apps.iter().flat_map(|app| &app.roles);
        self.roles.iter().chain(of_apps).chain(self.guests.iter().flat_map(|guest| &guest.roles))
    }

    /// True if an application of it holds a strong permission.
    pub fn has_strong_permission(&self) -> bool {
        self.apps.iter().any(|app| !app.strong.is_empty())
    }

    /// True if nothing was observed of it: only a file names it.
    pub fn is_declared_only(&self) -> bool {
        let seen = self.last_sign_in.is_some() || !self.audit_events.is_empty();
        let has_policy = self.settings.is_some() || self.ceiling.is_some() || self.inbound_sync;
        let has_objects = !(self.roles.is_empty() && self.apps.is_empty() && self.guests.is_empty());
        let has_ties = !(self.subscriptions.is_empty() && self.governance.is_empty());
        self.has_declared() && !(seen || has_policy || has_objects || has_ties)
    }

    /// True if a file says something of it.
    pub fn has_declared(&self) -> bool {
        !(self.declared_relationships.is_empty() && self.declared_partners.is_empty())
    }

    /// True if everything was read that tells which roles and permissions it has.
    pub fn is_fully_read(&self) -> bool {
        ["roles", "applications", "permissions", "consents", "guests"]
            .iter()
            .all(|fact| self.provenance.get(fact).is_some_and(|provenance| provenance.status == Status::Complete))
    }
}

/// The ledger of one tenant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    /// By tenant id.
    pub entries: BTreeMap<String, Entry>,
    /// Markers of the GDAP machinery that are here: application ids.
    pub markers: Vec<String>,
}

/// How `All users` of Conditional Access is read for technicians; see [`super::conditional_access`].
pub use super::conditional_access::Reading;

/// The ledger of a tenant in the customer view; an empty one in the partner view.
pub fn of_view(tenant: &TenantSnapshot, reading: Reading) -> Ledger {
    match tenant.view {
        View::Partner => Ledger::default(),
        View::Customer => build(tenant, reading),
    }
}

/// Builds the ledger. Pure; linear but for sorting.
///
/// Own principals and Microsoft's own owners of first-party applications have no entry. What belongs to an outside tenant that is not known
/// stands under the mail domain, or under [`UNKNOWN_HOME`].
pub fn build(tenant: &TenantSnapshot, reading: Reading) -> Ledger {
    let mut join = join::Join::new(tenant);
    join.cross_tenant_settings();
    join.commerce();
    join.governance();
    apps::add(&mut join);
    guests::add(&mut join);
    roles::add(&mut join);
    sign_ins::add(&mut join);
    audits::add(&mut join);
    names::add(&mut join);
    let markers = join.markers();
    let mut entries = join.finish(|draft| {
        classify::settle(draft, tenant);
        draft.entry.conditional_access = access::verdict_on(&draft.entry, tenant, reading);
        provenance::settle(&mut draft.entry, tenant);
    });
    // Last of all, when nothing that was observed can change any more.
    declared::add(&mut entries, tenant);
    Ledger { entries, markers }
}

impl Ledger {
    /// The entry of a tenant.
    pub fn get(&self, tenant_id: &str) -> Option<&Entry> {
        self.entries.get(tenant_id)
    }

    /// Entries of a class.
    pub fn of_class(&self, class: Class) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(move |entry| entry.class == class)
    }
}
