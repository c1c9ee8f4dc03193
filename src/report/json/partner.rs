//! The shape of a ledger entry: one outside tenant of the customer view.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::shape::Role;
use crate::domain::conditional_access::{GapKind, Note, Reading, VerdictKind};
use crate::domain::customer::GovernanceKind;
use crate::domain::facts::RelationshipStatus;
use crate::domain::ledger::Class;
use crate::domain::{Approval, Dataset, Status, Timestamp};

/// One outside tenant.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Partner<'a> {
    /// Its id, lower case; a mail domain, or `unknown`, where the tenant behind guests or principals could not be found.
    pub(super) tenant_id: &'a str,
    /// Its name, or its id where no name is known.
    pub(super) name: &'a str,
    /// Its default domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) domain: Option<&'a str>,
    /// What it is to this tenant.
    pub(super) class: &'a Class,
    /// Why it is taken for that.
    pub(super) class_reason: &'a str,
    /// The worst tier of the roles that it can use, eligible ones too; null: none, or none that the catalog knows.
    pub(super) tier: Option<u8>,
    /// Counts among those that can administer this tenant.
    pub(super) can_administer: bool,
    /// The organisation approved it, and the approval holds at the run's time.
    pub(super) approved: bool,
    /// Who approved it; absent where it is not approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) approval: Option<&'a Approval>,
    /// The ways in that were observed: `serviceProviderEntry`, `foreignPrincipal`, `governance`, `application`, `guest`, `identitySync`,
    /// `signIn`.
    pub(super) doors: Vec<&'static str>,
    /// The roles that its groups may be given; null: none, or not readable (see `provenance`).
    pub(super) ceiling: Option<Ceiling<'a>>,
    /// Roles that its principals hold.
    pub(super) roles: Vec<HeldRole<'a>>,
    /// Its applications here.
    pub(super) applications: Vec<Application<'a>>,
    /// Guests and external members from it who hold roles.
    pub(super) guests: Vec<Guest<'a>>,
    /// Its cross-tenant settings, the default worked in; null: none of its own.
    pub(super) settings: Option<Settings>,
    /// It may make users here by synchronisation.
    pub(super) inbound_sync: bool,
    /// What Conditional Access demands of its people; only for service providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conditional_access: Option<ConditionalAccess<'a>>,
    /// First success in the window.
    pub(super) first_sign_in: Option<Timestamp>,
    /// Last success in the window.
    pub(super) last_sign_in: Option<Timestamp>,
    /// Its people in the sign-in log, the last seen first.
    pub(super) technicians: Vec<Technician<'a>>,
    /// Ids of audit events by its people or about it, in order of time.
    pub(super) audit_events: &'a [String],
    /// Ids of subscriptions that it sold.
    pub(super) subscriptions: &'a [String],
    /// Rows of Entra Tenant Governance.
    pub(super) governance: Vec<Governance<'a>>,
    /// What files say of it. Nothing in here was read from this tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) declared: Option<Declared<'a>>,
    /// Where each kind of fact comes from.
    pub(super) provenance: BTreeMap<&'static str, Fact>,
}

/// A role ceiling.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ceiling<'a> {
    /// The roles, by template id.
    pub(super) roles: Vec<Role<'a>>,
    /// When it was made.
    pub(super) created_date_time: Option<Timestamp>,
}

/// A role that is held, with its holder.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct HeldRole<'a> {
    /// Template id, or the definition's id of a role of the tenant's own.
    pub(super) id: &'a str,
    /// Its name.
    pub(super) name: &'a str,
    /// Tier 0 to 3; null if the role is not in the catalog.
    pub(super) tier: Option<u8>,
    /// Id of the assignment or of the schedule.
    pub(super) assignment_id: &'a str,
    /// Object id of the holder.
    pub(super) principal_id: &'a str,
    /// Its name, or its id.
    pub(super) principal_name: &'a str,
    /// `group`, `user`, `servicePrincipal`, `directoryObjectPartnerReference`, `unknown`.
    pub(super) principal_kind: &'a str,
    /// `/` for the whole tenant.
    pub(super) scope: &'a str,
    /// Must be activated first.
    pub(super) eligible_only: bool,
}

/// An application of the outside tenant.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Application<'a> {
    /// Object id of its service principal.
    pub(super) id: &'a str,
    /// Application id.
    pub(super) app_id: &'a str,
    /// Its name.
    pub(super) name: &'a str,
    /// False: cannot sign in; null: not known.
    pub(super) enabled: Option<bool>,
    /// Name of the verified publisher; null: not verified.
    pub(super) verified_publisher: Option<&'a str>,
    /// Application permissions.
    pub(super) permissions: &'a [String],
    /// Delegated permissions for the whole tenant.
    pub(super) scopes: &'a [String],
    /// Those of both that are strong.
    pub(super) strong: &'a [String],
    /// Directory roles.
    pub(super) roles: Vec<HeldRole<'a>>,
}

/// A guest or external member who holds roles.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Guest<'a> {
    /// Object id here.
    pub(super) id: &'a str,
    /// Best name.
    pub(super) name: &'a str,
    /// Roles, those through groups too.
    pub(super) roles: Vec<HeldRole<'a>>,
}

/// Effective cross-tenant settings. Null anywhere: neither set nor in the default that was read.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Settings {
    /// Multifactor done at home counts here.
    pub(super) mfa_accepted: Option<bool>,
    /// A compliant device of theirs counts here.
    pub(super) compliant_device_accepted: Option<bool>,
    /// A hybrid-joined device of theirs counts here.
    pub(super) hybrid_device_accepted: Option<bool>,
    /// Their users come in without a consent prompt.
    pub(super) auto_consent_inbound: Option<bool>,
    /// B2B direct connect lets all of their users in.
    pub(super) direct_connect_inbound_all: Option<bool>,
    /// B2B collaboration lets all of their users in.
    pub(super) collaboration_inbound_all: Option<bool>,
}

/// What Conditional Access demands.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConditionalAccess<'a> {
    /// The verdict.
    pub(super) verdict: VerdictKind,
    /// The policies that decide.
    pub(super) by: Vec<PolicyName<'a>>,
    /// What is left open.
    pub(super) gaps: Vec<AccessGap<'a>>,
    /// How `All` users was read, where the verdict rests on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reading: Option<Reading>,
    /// Security defaults are on, and no policy is enforced in their place.
    pub(super) security_defaults: bool,
    /// What else is to be known.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) notes: &'a [Note],
}

/// A policy by id and name.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PolicyName<'a> {
    /// Id of the policy.
    pub(super) id: &'a str,
    /// Its name.
    pub(super) name: &'a str,
}

/// Who or what meets no demand.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AccessGap<'a> {
    /// The kind of hole.
    pub(super) kind: GapKind,
    /// Which one.
    pub(super) value: &'a str,
    /// The policy that leaves it.
    pub(super) policy: PolicyName<'a>,
}

/// A person of the outside tenant.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Technician<'a> {
    /// The stable id: that of the person in the outside tenant, as 32 hex digits, or the log's user id.
    pub(super) id: &'a str,
    /// Last success.
    pub(super) last_seen: Timestamp,
    /// How many successes.
    pub(super) sign_ins: u64,
}

/// A row of Entra Tenant Governance.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Governance<'a> {
    /// Id.
    pub(super) id: &'a str,
    /// What it is.
    pub(super) kind: &'a GovernanceKind,
    /// Its status, as Graph writes it.
    pub(super) status: Option<&'a str>,
    /// `approvedByAdmin` or `addOnTenant`.
    pub(super) created_type: Option<&'a str>,
    /// False: this tenant cannot end it; null: not known.
    pub(super) governed_tenant_can_terminate: Option<bool>,
    /// Roles of the delegated administration.
    pub(super) roles: Vec<Role<'a>>,
    /// Application ids that it puts here.
    pub(super) provisioned_apps: &'a [String],
    /// When it was made.
    pub(super) created_date_time: Option<Timestamp>,
}

/// What files say.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Declared<'a> {
    /// Relationships.
    pub(super) relationships: Vec<DeclaredRelationship<'a>>,
    /// Rows of the Partner relationships page.
    pub(super) partners: Vec<DeclaredPartner<'a>>,
}

/// A relationship as a file gives it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeclaredRelationship<'a> {
    /// Name of the file.
    pub(super) file: &'a str,
    /// The file's date.
    pub(super) file_date: Option<Timestamp>,
    /// Id of the relationship.
    pub(super) id: &'a str,
    /// Its name.
    pub(super) display_name: &'a str,
    /// Its status.
    pub(super) status: &'a RelationshipStatus,
    /// The roles that were granted.
    pub(super) roles: Vec<Role<'a>>,
    /// When it became active.
    pub(super) activated_date_time: Option<Timestamp>,
    /// When it ends or ended.
    pub(super) end_date_time: Option<Timestamp>,
    /// Whether it renews by itself.
    pub(super) auto_extend: bool,
    /// How many assignments the file has of it.
    pub(super) assignments: u64,
}

/// A row of the Partner relationships page, as an admin copied it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeclaredPartner<'a> {
    /// Name of the file.
    pub(super) file: &'a str,
    /// The file's date.
    pub(super) file_date: Option<Timestamp>,
    /// Its name on the page.
    pub(super) name: Option<&'a str>,
    /// The kind of tie, as written.
    pub(super) kind: Option<&'a str>,
    /// Roles on the page.
    pub(super) roles: Vec<Role<'a>>,
    /// Start.
    pub(super) start: Option<Timestamp>,
    /// End.
    pub(super) end: Option<Timestamp>,
}

/// Where one kind of fact comes from.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Fact {
    /// Read from this tenant, from a file, or not readable.
    pub(super) basis: FactBasis,
    /// The dataset.
    pub(super) dataset: Dataset,
    /// How it was read.
    pub(super) status: Status,
}

/// How a fact is known.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum FactBasis {
    /// Read from this tenant.
    Observed,
    /// From a file of a partner or an admin.
    Declared,
    /// The dataset could not be read.
    NotReadable,
}
