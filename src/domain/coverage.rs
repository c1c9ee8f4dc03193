//! What was read and how well: unknown is never clean.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Timestamp, View};

/// How much a rule, or a view, depends on a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Need {
    /// Unread, the rule is not evaluated, and that counts for exit 3.
    Required,
    /// Unread, what the rest shows is judged; the gap is listed and never counts for exit 3.
    Helps,
    /// Comes from a file; without one the rule is not applicable.
    Import,
}

macro_rules! datasets {
    ($($(#[$meta:meta])* $variant:ident = $name:literal, $partner:expr, $customer:expr;)+) => {
        /// One kind of fact, read by one collector. The names are those of flags, config and reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Dataset { $($(#[$meta])* $variant,)+ }

        impl Dataset {
            /// Every dataset, in the order in which coverage is shown.
            pub const ALL: &'static [Dataset] = &[$(Dataset::$variant),+];

            /// The name used in flags, config and reports.
            pub const fn name(self) -> &'static str {
                match self { $(Dataset::$variant => $name,)+ }
            }

            /// What a view makes of it when nothing else is said; `None`: the view does not read it.
            pub const fn need(self, view: View) -> Option<Need> {
                match (self, view) {
                    $((Dataset::$variant, View::Partner) => $partner,)+
                    $((Dataset::$variant, View::Customer) => $customer,)+
                }
            }
        }
    };
}

const REQUIRED: Option<Need> = Some(Need::Required);
const HELPS: Option<Need> = Some(Need::Helps);
const IMPORT: Option<Need> = Some(Need::Import);

datasets! {
    /// `/organization`: who the tenant is, and whether it is a partner.
    Organization = "organization", REQUIRED, REQUIRED;
    /// `/subscribedSkus`: which premium licences are there.
    Licenses = "licenses", HELPS, HELPS;
    /// `/tenantRelationships/delegatedAdminRelationships`, every status.
    Relationships = "relationships", REQUIRED, None;
    /// `…/accessAssignments` of live relationships.
    Assignments = "assignments", REQUIRED, None;
    /// `…/requests` of offers, reseller relationships and what is ending.
    RelationshipRequests = "relationship-requests", HELPS, None;
    /// `/tenantRelationships/delegatedAdminCustomers`.
    Customers = "customers", HELPS, None;
    /// `/contracts`: reseller partnerships; proves no access.
    Contracts = "contracts", HELPS, None;
    /// `/groups/{id}` of the access containers.
    Groups = "groups", REQUIRED, None;
    /// `/groups/{id}/owners` of the access containers.
    GroupOwners = "group-owners", HELPS, None;
    /// `/groups/{id}/transitiveMembers` of the access containers.
    GroupMembers = "group-members", REQUIRED, None;
    /// PIM for Groups: eligible and assigned instances of groups that carry tier 0 or 1.
    GroupPim = "group-pim", HELPS, None;
    /// `/reports/authenticationMethods/userRegistrationDetails`.
    MfaRegistration = "mfa-registration", REQUIRED, None;
    /// `/users` with `signInActivity`.
    UserActivity = "user-activity", HELPS, None;
    /// `/policies/crossTenantAccessPolicy/default`.
    CrossTenantDefault = "cross-tenant-default", None, REQUIRED;
    /// `/policies/crossTenantAccessPolicy/partners`: which tenants are service providers here.
    CrossTenantPartners = "cross-tenant-partners", None, REQUIRED;
    /// `…/partners/{tenantId}/identitySynchronization`.
    IdentitySync = "identity-sync", None, HELPS;
    /// `…/partners/{tenantId}/serviceProviderConstraints`: the role ceiling. Not documented, so it only helps.
    ProviderConstraints = "provider-constraints", None, HELPS;
    /// `/roleManagement/directory/roleDefinitions`.
    RoleDefinitions = "role-definitions", None, REQUIRED;
    /// `/roleManagement/directory/roleAssignments` with their principals.
    RoleAssignments = "role-assignments", None, REQUIRED;
    /// `/roleManagement/directory/role*ScheduleInstances`: eligibility and timed assignments.
    RoleSchedules = "role-schedules", None, HELPS;
    /// `/directoryObjects/getByIds` of principals of other tenants.
    ForeignPrincipals = "foreign-principals", None, HELPS;
    /// `/tenantRelationships/findTenantInformationByTenantId` of every outside tenant.
    TenantNames = "tenant-names", None, HELPS;
    /// `/servicePrincipals` owned by outside tenants, and the markers of the GDAP machinery.
    ServicePrincipals = "service-principals", None, REQUIRED;
    /// `/servicePrincipals/{id}/appRoleAssignedTo` of the few resources that matter.
    AppRoleAssignments = "app-role-assignments", None, REQUIRED;
    /// `/oauth2PermissionGrants` for the whole tenant.
    DelegatedGrants = "delegated-grants", None, REQUIRED;
    /// Guests and external members who hold roles.
    ExternalUsers = "external-users", None, HELPS;
    /// `/identity/conditionalAccess/policies`.
    ConditionalAccess = "conditional-access", None, REQUIRED;
    /// `/identity/conditionalAccess/namedLocations`.
    NamedLocations = "named-locations", None, HELPS;
    /// `/identity/conditionalAccess/authenticationStrength/policies`.
    AuthenticationStrengths = "authentication-strengths", None, HELPS;
    /// `/policies/identitySecurityDefaultsEnforcementPolicy`.
    SecurityDefaults = "security-defaults", None, HELPS;
    /// `/directory/subscriptions`: which partner sold what. A commercial tie, no right to administer.
    Subscriptions = "subscriptions", None, HELPS;
    /// `/auditLogs/signIns`: people, from a partner into customers or from outside into this tenant.
    SignIns = "sign-ins", REQUIRED, REQUIRED;
    /// `/auditLogs/signIns` of applications that outside tenants own.
    AppSignIns = "app-sign-ins", None, HELPS;
    /// `/auditLogs/directoryAudits`.
    Audits = "audits", None, REQUIRED;
    /// `/directory/tenantGovernance`: an outside tenant that governs this one.
    Governance = "governance", None, HELPS;
    /// What a partner or an admin says of the relationships: from a file.
    Declared = "declared", None, IMPORT;
    /// The unified audit log: from a file.
    Purview = "purview", None, IMPORT;
}

impl Dataset {
    /// Reads a name; `None` if there is no such dataset.
    pub fn parse(name: &str) -> Option<Dataset> {
        Dataset::ALL.iter().copied().find(|dataset| dataset.name() == name)
    }

    /// The datasets that a view reads, in the order in which coverage is shown.
    pub fn of_view(view: View) -> impl Iterator<Item = Dataset> + Clone {
        Dataset::ALL.iter().copied().filter(move |dataset| dataset.need(view).is_some())
    }

    /// The dataset whose subjects this one's are: at best it is as complete as that one. It stands before this one.
    pub const fn parent(self) -> Option<Dataset> {
        match self {
            Dataset::Assignments | Dataset::RelationshipRequests => Some(Dataset::Relationships),
            Dataset::Groups | Dataset::GroupOwners | Dataset::GroupMembers | Dataset::GroupPim => Some(Dataset::Assignments),
            Dataset::IdentitySync | Dataset::ProviderConstraints => Some(Dataset::CrossTenantPartners),
            Dataset::ForeignPrincipals | Dataset::ExternalUsers => Some(Dataset::RoleAssignments),
            _ => None,
        }
    }

    /// True if it cannot be read without Entra ID P1, and an empty answer would not be one.
    pub const fn needs_p1(self) -> bool {
        matches!(self, Dataset::SignIns | Dataset::AppSignIns | Dataset::MfaRegistration)
    }
}

impl std::fmt::Display for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Dataset {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Dataset {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Dataset::parse(&name).ok_or_else(|| serde::de::Error::custom(format!("unknown dataset {name:?}")))
    }
}

impl JsonSchema for Dataset {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Dataset".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<&str> = Dataset::ALL.iter().map(|dataset| dataset.name()).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

/// How well a dataset was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// All of it; an empty one is proved to be empty.
    Complete,
    /// Some of it, or an empty answer that proves nothing.
    Partial,
    /// The credential lacks a permission or a role.
    Denied,
    /// The tenant lacks a licence.
    Unlicensed,
    /// This cloud does not offer it.
    Unavailable,
    /// It broke: network, throttling without end, malformed answers.
    Failed,
    /// Not asked for.
    Skipped,
}

impl Status {
    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Complete => "complete",
            Status::Partial => "partial",
            Status::Denied => "denied",
            Status::Unlicensed => "unlicensed",
            Status::Unavailable => "unavailable",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
        }
    }

    /// Reads the word; `None` if it is not one.
    pub fn parse(word: &str) -> Option<Status> {
        use Status::*;
        [Complete, Partial, Denied, Unlicensed, Unavailable, Failed, Skipped].into_iter().find(|status| status.as_str() == word)
    }

    /// Neither complete nor left out on purpose.
    pub const fn is_unread(self) -> bool {
        !matches!(self, Status::Complete | Status::Skipped)
    }

    /// True if there are records to judge.
    pub const fn has_records(self) -> bool {
        matches!(self, Status::Complete | Status::Partial)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One subject (a relationship, a group) whose own read is missing or cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// How its read ended.
    pub status: Status,
    /// Why, in words.
    pub reason: String,
}

/// How well one dataset was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// The verdict.
    pub status: Status,
    /// How many records were kept.
    #[serde(default)]
    pub records: u64,
    /// Logs: the start of the span that was asked for and read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Logs: the end of that span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// Why it is not complete, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The permission that would change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// The licence that would change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Partial only because `--max-records` was reached.
    #[serde(default, skip_serializing_if = "is_false")]
    pub capped: bool,
    /// The list itself was cut: a subject that is not here may exist. Otherwise what is missing stands in `gaps`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
    /// Partial only because the dataset whose subjects it has is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limited_by: Option<Dataset>,
    /// Subjects whose own reads are missing, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gaps: BTreeMap<String, Gap>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if hands out a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// The permissions that refused datasets want, each once: a dataset may want several.
pub fn denied_permissions<'a>(coverages: impl Iterator<Item = &'a Coverage>) -> BTreeSet<&'a str> {
    let denied = coverages.filter(|coverage| coverage.status == Status::Denied);
    denied.filter_map(|coverage| coverage.permission.as_deref()).flat_map(|names| names.split(" and ")).collect()
}

impl Coverage {
    /// A coverage with nothing but its status.
    pub fn new(status: Status) -> Self {
        Coverage {
            status,
            records: 0,
            from: None,
            to: None,
            reason: None,
            permission: None,
            licence: None,
            capped: false,
            truncated: false,
            limited_by: None,
            gaps: BTreeMap::new(),
        }
    }

    /// All of it was read.
    pub fn complete(records: u64) -> Self {
        Coverage { records, ..Coverage::new(Status::Complete) }
    }

    /// Left out on purpose.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Coverage::new(Status::Skipped).because(reason)
    }

    /// The same with a reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// True if what is known of `subject` is all there is: a rule that rests on an absence may judge it.
    pub fn is_complete_for(&self, subject: &str) -> bool {
        match self.status {
            Status::Complete => true,
            Status::Partial => !self.truncated && !self.gaps.contains_key(subject),
            _ => false,
        }
    }

    /// Lowers a complete coverage to partial, because the dataset whose subjects it has is itself not complete.
    pub fn limit_to(&mut self, parent: Dataset, parent_status: Status) {
        if self.status == Status::Complete && parent_status != Status::Complete {
            self.status = Status::Partial;
            self.limited_by = Some(parent);
            self.reason = Some(format!("{parent} is {parent_status}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_parse_back() {
        for dataset in Dataset::ALL {
            assert_eq!(Dataset::parse(dataset.name()), Some(*dataset));
        }
        assert_eq!(Dataset::parse("Relationships"), None);
    }

    #[test]
    fn completeness_for_a_subject() {
        let mut coverage = Coverage::new(Status::Partial);
        coverage.gaps.insert("r1".into(), Gap { status: Status::Failed, reason: "503".into() });
        assert!(!coverage.is_complete_for("r1"));
        assert!(coverage.is_complete_for("r2"));
        coverage.truncated = true;
        assert!(!coverage.is_complete_for("r2"));
        assert!(Coverage::complete(0).is_complete_for("r1"));
        assert!(!Coverage::new(Status::Denied).is_complete_for("r1"));
    }

    #[test]
    fn a_child_is_at_best_as_complete_as_its_parent() {
        let mut child = Coverage::complete(3);
        child.limit_to(Dataset::Relationships, Status::Complete);
        assert_eq!(child.status, Status::Complete);
        child.limit_to(Dataset::Relationships, Status::Partial);
        assert_eq!((child.status, child.reason.as_deref()), (Status::Partial, Some("relationships is partial")));
        let mut denied = Coverage::new(Status::Denied);
        denied.limit_to(Dataset::Relationships, Status::Partial);
        assert_eq!(denied.status, Status::Denied);
    }
}
