//! The facts of the partner view, as plain types. Field names follow Microsoft Graph v1.0 where it has them.
//!
//! Every list is sorted by id when a collector hands it over; nothing in the engine depends on that order.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{IsoDuration, Timestamp};
use crate::open_enum;

open_enum! {
    /// Graph: `delegatedAdminRelationshipStatus`.
    pub enum RelationshipStatus {
        /// Provisioning started.
        Activating = "activating",
        /// Provisioned: access exists where a group has an active assignment.
        Active = "active",
        /// Waiting for the customer (or the reseller).
        ApprovalPending = "approvalPending",
        /// The customer approved.
        Approved = "approved",
        /// The partner's draft.
        Created = "created",
        /// Ended at its end date.
        Expired = "expired",
        /// Past its end date and being removed: not "ends soon".
        Expiring = "expiring",
        /// Ended by request.
        Terminated = "terminated",
        /// Being removed.
        Terminating = "terminating",
        /// One side asked to end it.
        TerminationRequested = "terminationRequested",
    }
}

impl RelationshipStatus {
    /// The live set: every status in which access may exist, and every status that is not known.
    pub fn is_live(&self) -> bool {
        use RelationshipStatus::*;
        !matches!(self, Created | ApprovalPending | Expired | Terminated)
    }

    /// An offer: not yet approved by the customer.
    pub fn is_offer(&self) -> bool {
        matches!(self, RelationshipStatus::Created | RelationshipStatus::ApprovalPending)
    }

    /// Past approval: it can have access assignments.
    pub fn is_past_approval(&self) -> bool {
        !self.is_offer()
    }
}

open_enum! {
    /// Graph: `delegatedAdminAccessAssignmentStatus`.
    pub enum AssignmentStatus {
        /// Being provisioned.
        Pending = "pending",
        /// In force.
        Active = "active",
        /// Being removed.
        Deleting = "deleting",
        /// Removed; such rows stay in the list.
        Deleted = "deleted",
        /// Broken.
        Error = "error",
    }
}

open_enum! {
    /// Graph: `delegatedAdminRelationshipRequestAction`.
    pub enum RequestAction {
        /// The partner finalised the offer.
        LockForApproval = "lockForApproval",
        /// An indirect reseller approved.
        Approve = "approve",
        /// The end was asked for.
        Terminate = "terminate",
        /// An indirect reseller refused (hidden without the Prefer header).
        Reject = "reject",
    }
}

open_enum! {
    /// What a member of a group is, by its `@odata.type`.
    pub enum PrincipalKind {
        /// `#microsoft.graph.user`
        User = "user",
        /// `#microsoft.graph.group`
        Group = "group",
        /// `#microsoft.graph.device`
        Device = "device",
        /// `#microsoft.graph.servicePrincipal`
        ServicePrincipal = "servicePrincipal",
        /// `#microsoft.graph.orgContact`
        Contact = "orgContact",
    }
}

open_enum! {
    /// PIM for Groups: whether an instance is eligible only, or assigned now.
    pub enum PimKind {
        /// May activate.
        Eligible = "eligible",
        /// Assigned for good.
        Assigned = "assigned",
        /// Activated for a while.
        Activated = "activated",
    }
}

/// The tenant itself. Graph: `organization`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Organization {
    /// Tenant id.
    pub id: String,
    /// Display name.
    pub display_name: String,
    /// The default verified domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_domain: Option<String>,
    /// Every verified domain, lower case, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verified_domains: Vec<String>,
    /// `partnerTenantType` as written; `None` where the tenant is no partner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_tenant_type: Option<String>,
}

/// Premium licences, from the service plans of `subscribedSkus` that are enabled.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Licenses {
    /// Entra ID P1 (`AAD_PREMIUM`), or P2, which holds it.
    pub entra_p1: bool,
    /// Entra ID P2 (`AAD_PREMIUM_P2`).
    pub entra_p2: bool,
}

/// The customer of a relationship. Graph: `delegatedAdminRelationshipCustomerParticipant`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// The customer's tenant id, lower case.
    pub tenant_id: String,
    /// Its name; Graph documents blanks here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// The part that only a reseller relationship has. Graph: `resellerDelegatedAdminRelationship`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ResellerPart {
    /// The indirect provider that made it.
    pub indirect_provider_tenant_id: String,
    /// True: the reseller has not reviewed it. False: it approved **or** rejected; the requests tell which.
    pub is_partner_consent_pending: bool,
}

/// A delegated admin relationship. Graph: `delegatedAdminRelationship`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Relationship {
    /// Opaque id: two GUIDs joined by a hyphen.
    pub id: String,
    /// The partner's name for it.
    #[serde(default)]
    pub display_name: String,
    /// Its status.
    pub status: RelationshipStatus,
    /// `None` on an offer to any customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
    /// Role template ids, lower case, sorted: the ceiling, not what a group holds.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Length that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<IsoDuration>,
    /// `P180D` renews by itself; `PT0S`, `P0D` and nothing do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_extend_duration: Option<IsoDuration>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<Timestamp>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_date_time: Option<Timestamp>,
    /// When it became active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated_date_time: Option<Timestamp>,
    /// Scheduled end of a live one, actual end of an ended one; moved by auto-extend, so never recomputed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date_time: Option<Timestamp>,
    /// Only on the reseller subtype.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reseller: Option<ResellerPart>,
}

impl Relationship {
    /// The customer's tenant id, unless it is an offer to any customer.
    pub fn customer_id(&self) -> Option<&str> {
        self.customer.as_ref().map(|customer| customer.tenant_id.as_str()).filter(|id| !id.is_empty())
    }

    /// True if it renews by itself. What cannot be read counts as on: unknown is never clean.
    pub fn auto_extends(&self) -> bool {
        self.auto_extend_duration.as_ref().is_some_and(|duration| !duration.0.trim().is_empty() && !duration.is_zero())
    }

    /// True if it renews itself at its end. One that is on its way out does not, whatever was once agreed.
    pub fn renews_itself(&self) -> bool {
        use RelationshipStatus::{Expiring, Terminating, TerminationRequested};
        self.auto_extends() && !matches!(self.status, Expiring | Terminating | TerminationRequested)
    }

    /// True if its name has the form that Microsoft's own transition from DAP gave (`MLT_xxxxxxxx_xxxxxxxx_xxxxxxxx`).
    pub fn is_microsoft_led(&self) -> bool {
        let mut parts = self.display_name.split('_');
        parts.next() == Some("MLT")
            && parts.clone().count() == 3
            && parts.all(|part| part.len() == 8 && part.bytes().all(|b| b.is_ascii_alphanumeric()))
    }
}

/// A group's hold on roles of one relationship. Graph: `delegatedAdminAccessAssignment`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// Id of the assignment.
    pub id: String,
    /// The relationship that it belongs to.
    pub relationship_id: String,
    /// Its status; `deleted` and `error` rows linger in Graph's list.
    pub status: AssignmentStatus,
    /// `accessContainerId`: object id of the security group, lower case.
    pub group_id: String,
    /// `accessContainerType` as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_type: Option<String>,
    /// Role template ids, lower case, sorted.
    #[serde(default)]
    pub roles: Vec<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<Timestamp>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_date_time: Option<Timestamp>,
}

impl Assignment {
    /// In force or about to be: what counts as holding a role.
    pub fn holds_roles(&self) -> bool {
        matches!(self.status, AssignmentStatus::Active | AssignmentStatus::Pending)
    }

    /// Anything but deleted: what the counts use.
    pub fn is_current(&self) -> bool {
        self.status != AssignmentStatus::Deleted
    }
}

/// A request on a relationship. Graph: `delegatedAdminRelationshipRequest`; it never says who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RelationshipRequest {
    /// Id of the request.
    pub id: String,
    /// The relationship that it belongs to.
    pub relationship_id: String,
    /// What was asked.
    pub action: RequestAction,
    /// `created`, `pending`, `succeeded`, `failed`, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// When it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<Timestamp>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_date_time: Option<Timestamp>,
}

/// A reseller partnership. Graph: `contract`. Its names are copies that are never refreshed, and it proves no access.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Contract {
    /// Id of the contract.
    pub id: String,
    /// The customer's tenant id, lower case.
    pub customer_id: String,
    /// `SyndicationPartner`, `BreadthPartner`, `ResellerPartner`, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_type: Option<String>,
    /// The customer's name when the partnership was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The customer's domain when the partnership was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_domain_name: Option<String>,
}

/// An access container. Graph: `group`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Group {
    /// Object id, lower case.
    pub id: String,
    /// True if the directory answered 404: the group is gone. A fact, not a gap.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Role-assignable: only privileged roles can change its members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_assignable_to_role: Option<bool>,
    /// In a restricted management administrative unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_management_restricted: Option<bool>,
    /// Security group or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_enabled: Option<bool>,
    /// Mail-enabled or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_enabled: Option<bool>,
    /// `Unified`, `DynamicMembership`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group_types: Vec<String>,
    /// The rule of a dynamic group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership_rule: Option<String>,
    /// Synchronised from on-premises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_premises_sync_enabled: Option<bool>,
    /// `Public`, `Private`, `HiddenMembership`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<Timestamp>,
}

/// A user, app, device or nested group in the partner's directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    /// Object id, lower case.
    pub id: String,
    /// What it is.
    pub kind: PrincipalKind,
    /// Its name; `None` where the credential may not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Sign-in name of a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_principal_name: Option<String>,
    /// `false`: the account cannot sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_enabled: Option<bool>,
    /// `Member` or `Guest`, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_type: Option<String>,
    /// Synchronised from on-premises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_premises_sync_enabled: Option<bool>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<Timestamp>,
}

impl Principal {
    /// A user, not an app, device or nested group.
    pub fn is_user(&self) -> bool {
        self.kind == PrincipalKind::User
    }

    /// A guest of the partner's directory.
    pub fn is_guest(&self) -> bool {
        self.user_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("guest"))
    }

    /// The best name there is: sign-in name, display name, id.
    pub fn label(&self) -> &str {
        self.user_principal_name.as_deref().or(self.display_name.as_deref()).filter(|name| !name.is_empty()).unwrap_or(&self.id)
    }
}

/// One instance of PIM for Groups. Graph: `privilegedAccessGroup*ScheduleInstance`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PimInstance {
    /// Id of the instance.
    pub id: String,
    /// The group, lower case.
    pub group_id: String,
    /// The user or group that may be or is a member, lower case.
    pub principal_id: String,
    /// Eligible, assigned or activated. Standing members are listed as assigned too.
    pub kind: PimKind,
    /// `member` or `owner`, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_id: Option<String>,
    /// `direct` or `group`, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_type: Option<String>,
    /// Start; `None` for a standing member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date_time: Option<Timestamp>,
    /// End; `None` for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date_time: Option<Timestamp>,
}

/// Which methods a user has. Graph: `userRegistrationDetails`. A user without a row is unknown, not without methods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaRegistration {
    /// Object id of the user, lower case.
    pub user_id: String,
    /// Registered **and** allowed by policy: the one to judge.
    pub is_mfa_capable: bool,
    /// Registered, perhaps with a method that policy forbids.
    pub is_mfa_registered: bool,
    /// `methodsRegistered`, as written, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// When the report was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_updated_date_time: Option<Timestamp>,
}

/// When a user last signed in to the partner's own tenant. Graph: `user.signInActivity`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserActivity {
    /// Object id of the user, lower case.
    pub user_id: String,
    /// When the account was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<Timestamp>,
    /// Last success; recorded by Microsoft since 2023-12-01.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_successful_sign_in_date_time: Option<Timestamp>,
    /// Last interactive attempt, successful or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sign_in_date_time: Option<Timestamp>,
}

/// A sign-in of one of the partner's people into a customer. Graph beta: `signIn`. Strings that repeat are shared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// Id of the event.
    pub id: Box<str>,
    /// When.
    pub created_date_time: Timestamp,
    /// The person, by object id in the partner's tenant, lower case.
    pub user_id: Arc<str>,
    /// The person's sign-in name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_principal_name: Option<Arc<str>>,
    /// The customer's tenant, lower case.
    pub resource_tenant_id: Arc<str>,
    /// Interactive or not.
    #[serde(default)]
    pub is_interactive: bool,
    /// 0 is success.
    #[serde(default)]
    pub error_code: i32,
    /// `serviceProvider`, `b2bCollaboration`, …, as written; `None` where the API did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_tenant_access_type: Option<Arc<str>>,
    /// Application used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_display_name: Option<Arc<str>>,
    /// Address as written; parts may be redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<Arc<str>>,
    /// The person's own tenant, lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_tenant_id: Option<Arc<str>>,
    /// Country or region, two letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Arc<str>>,
    /// Latitude and longitude in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<[f32; 2]>,
    /// Autonomous system of the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// `singleFactorAuthentication` or `multiFactorAuthentication`, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication_requirement: Option<Arc<str>>,
    /// `Browser`, `IMAP4`, …, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_app_used: Option<Arc<str>>,
    /// `ropc`, `deviceCode`, …, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication_protocol: Option<Arc<str>>,
    /// `deviceCodeFlow`, …, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_transfer_method: Option<Arc<str>>,
    /// `riskEventTypes_v2`, joined by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_event_types: Option<Arc<str>>,
}

impl SignIn {
    /// False where the event says that it was another kind of visit (a guest's, say). Without a type, or with one that is new, it may be.
    pub fn may_be_delegated(&self) -> bool {
        const OTHERS: [&str; 5] = ["none", "b2bCollaboration", "b2bDirectConnect", "microsoftSupport", "passthrough"];
        let kind = self.cross_tenant_access_type.as_deref();
        !kind.is_some_and(|kind| OTHERS.iter().any(|other| kind.eq_ignore_ascii_case(other)))
    }
}

/// How one kind of sign-in event was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogRead {
    /// `interactiveUser` or `nonInteractiveUser`.
    pub event_type: String,
    /// How it ended.
    pub status: super::Status,
    /// Why, where it is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Events kept.
    #[serde(default)]
    pub records: u64,
}

/// The sign-in log as it was read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SignInLog {
    /// One row for each kind of event that the view reads.
    pub reads: Vec<LogRead>,
    /// The newest event of the whole log, of whatever kind, from one unfiltered probe. `None`: the log is empty or the probe failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest_event: Option<Timestamp>,
    /// True if the probe was answered.
    pub probed: bool,
    /// The kept events, newest first.
    pub events: Vec<SignIn>,
}

/// All facts of the partner view.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PartnerFacts {
    /// The tenant itself; `None` if it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<Organization>,
    /// Premium licences; `None` if they could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licenses: Option<Licenses>,
    /// Relationships of every status.
    pub relationships: Vec<Relationship>,
    /// Access assignments of every status.
    pub assignments: Vec<Assignment>,
    /// Requests on relationships.
    pub relationship_requests: Vec<RelationshipRequest>,
    /// Graph's own list of customers with a relationship.
    pub customers: Vec<Customer>,
    /// Reseller partnerships.
    pub contracts: Vec<Contract>,
    /// The groups that carry access.
    pub groups: Vec<Group>,
    /// Owners by group id: ids into `principals`.
    pub group_owners: BTreeMap<String, Vec<String>>,
    /// Transitive members by group id: ids into `principals`. A group that was read and is empty has an empty list.
    pub group_members: BTreeMap<String, Vec<String>>,
    /// Everyone and everything that the lists above name.
    pub principals: Vec<Principal>,
    /// PIM for Groups.
    pub group_pim: Vec<PimInstance>,
    /// MFA registration of the members.
    pub mfa_registrations: Vec<MfaRegistration>,
    /// Last sign-in of the members.
    pub user_activity: Vec<UserActivity>,
    /// Sign-ins into customers.
    pub sign_ins: SignInLog,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Relationship {
        serde_json::from_value(serde_json::json!({ "id": "r", "status": "active", "displayName": name })).unwrap()
    }

    #[test]
    fn microsoft_led_names() {
        assert!(named("MLT_12abcd34_56cdef78_90abcd12").is_microsoft_led());
        for other in ["MLT_", "MLT_12abcd34_56cdef78", "mlt_12abcd34_56cdef78_90abcd12", "MLT_12abcd34_56cdef78_90abcd12_x", "MLT_1_2_3"] {
            assert!(!named(other).is_microsoft_led(), "{other}");
        }
    }

    #[test]
    fn the_live_set_holds_what_is_not_known() {
        let live = |text: &str| RelationshipStatus::parse(text).is_live();
        for status in ["active", "approved", "activating", "expiring", "terminationRequested", "terminating", "somethingNew"] {
            assert!(live(status), "{status}");
        }
        for status in ["created", "approvalPending", "expired", "terminated"] {
            assert!(!live(status), "{status}");
        }
    }

    #[test]
    fn auto_extend_is_off_only_when_it_says_so() {
        let mut relationship = named("x");
        assert!(!relationship.auto_extends());
        for (text, on) in [("PT0S", false), ("P0D", false), ("", false), ("P180D", true), ("whenever", true)] {
            relationship.auto_extend_duration = Some(IsoDuration(text.into()));
            assert_eq!(relationship.auto_extends(), on, "{text}");
        }
    }
}
