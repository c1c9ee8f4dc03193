//! The fields that a comparison looks at, by Graph's names, and the datasets that each rests on.

use crate::domain::Dataset;

/// A field of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Relationship: its status.
    Status,
    /// Relationship: the customer.
    Customer,
    /// Relationship: a role of the ceiling.
    Role,
    /// Relationship: the length that was asked for.
    Duration,
    /// Relationship: it renews by itself.
    AutoExtend,
    /// Relationship: a group that holds roles of it.
    Group,
    /// Relationship: a role that a group holds.
    GroupRole,
    /// Group: whether only privileged roles can change its members.
    RoleAssignable,
    /// Group: a transitive member.
    Member,
    /// Group: an owner.
    Owner,
    /// Group: who may become a member through PIM for Groups.
    Eligible,
    /// Group: how many people can use it. Looked at where one side does not name them.
    People,
    /// Person: can use delegated access. Looked at where one side does not say through which group.
    Access,
    /// Contract: its kind.
    ContractType,
    /// Outside tenant: it has a service provider entry.
    ServiceProvider,
    /// Outside tenant: a role that it may be given.
    Ceiling,
    /// Outside tenant: a role that a principal of it holds or may activate.
    Holding,
    /// Outside tenant: an application of it.
    Application,
    /// Outside tenant: whether an application of it can sign in.
    Enabled,
    /// Outside tenant: an application permission.
    Permission,
    /// Outside tenant: a delegated permission for the whole tenant.
    Scope,
    /// Outside tenant: a role of an application.
    ApplicationRole,
    /// Outside tenant: a role of a guest.
    GuestRole,
    /// Outside tenant: multifactor done at home counts here.
    MfaAccepted,
    /// Outside tenant: a compliant device of theirs counts here.
    CompliantDevice,
    /// Outside tenant: a hybrid-joined device of theirs counts here.
    HybridDevice,
    /// Outside tenant: no consent prompt.
    AutoConsent,
    /// Outside tenant: direct connect for all of their users.
    DirectConnect,
    /// Outside tenant: collaboration for all of their users.
    Collaboration,
    /// Outside tenant: it may make users here.
    InboundSync,
    /// Outside tenant: a row of Entra Tenant Governance with its status.
    Governance,
    /// Outside tenant: a role of a governance relationship.
    GovernanceRole,
    /// Outside tenant: a subscription that it sold.
    Subscription,
    /// Outside tenant: what Conditional Access demands of its people.
    ConditionalAccess,
    /// Dataset: how well it was read.
    Read,
}

impl Field {
    /// Graph's name.
    pub const fn name(self) -> &'static str {
        match self {
            Field::Status => "status",
            Field::Customer => "customer",
            Field::Role => "accessDetails.unifiedRoles",
            Field::Duration => "duration",
            Field::AutoExtend => "autoExtendDuration",
            Field::Group => "accessAssignments.accessContainer",
            Field::GroupRole => "accessAssignments.unifiedRoles",
            Field::RoleAssignable => "isAssignableToRole",
            Field::Member => "transitiveMembers",
            Field::Owner => "owners",
            Field::Eligible => "eligibleMembers",
            Field::People => "people",
            Field::Access => "access",
            Field::ContractType => "contractType",
            Field::ServiceProvider => "isServiceProvider",
            Field::Ceiling => "allowedRoleTemplateIds",
            Field::Holding | Field::ApplicationRole | Field::GuestRole => "roleAssignments",
            Field::Application => "servicePrincipals",
            Field::Enabled => "accountEnabled",
            Field::Permission => "appRoleAssignments",
            Field::Scope => "oauth2PermissionGrants",
            Field::MfaAccepted => "inboundTrust.isMfaAccepted",
            Field::CompliantDevice => "inboundTrust.isCompliantDeviceAccepted",
            Field::HybridDevice => "inboundTrust.isHybridAzureADJoinedDeviceAccepted",
            Field::AutoConsent => "automaticUserConsentSettings.inboundAllowed",
            Field::DirectConnect => "b2bDirectConnectInbound",
            Field::Collaboration => "b2bCollaborationInbound",
            Field::InboundSync => "userSyncInbound.isSyncAllowed",
            Field::Governance => "tenantGovernance",
            Field::GovernanceRole => "tenantGovernance.roles",
            Field::Subscription => "subscriptions",
            Field::ConditionalAccess => "conditionalAccess",
            Field::Read => "coverage",
        }
    }

    /// The datasets that both sides must have read for a difference to be one.
    pub const fn of(self) -> &'static [Dataset] {
        use Dataset::*;
        match self {
            Field::Status | Field::Customer | Field::Role | Field::Duration | Field::AutoExtend => &[Relationships],
            Field::Group | Field::GroupRole => &[Assignments],
            Field::RoleAssignable => &[Groups],
            Field::Member | Field::People => &[GroupMembers],
            Field::Access => &[Assignments, GroupMembers],
            Field::Owner => &[GroupOwners],
            Field::Eligible => &[GroupPim],
            Field::ContractType => &[Contracts],
            Field::ServiceProvider | Field::MfaAccepted | Field::CompliantDevice | Field::HybridDevice => &[CrossTenantPartners],
            Field::AutoConsent | Field::DirectConnect | Field::Collaboration => &[CrossTenantPartners],
            Field::Ceiling => &[ProviderConstraints],
            Field::Holding => &[RoleAssignments],
            Field::Application | Field::Enabled => &[ServicePrincipals],
            Field::Permission => &[ServicePrincipals, AppRoleAssignments],
            Field::Scope => &[ServicePrincipals, DelegatedGrants],
            Field::ApplicationRole => &[ServicePrincipals, RoleAssignments],
            Field::GuestRole => &[RoleAssignments, ExternalUsers],
            Field::InboundSync => &[IdentitySync],
            Field::Governance | Field::GovernanceRole => &[Governance],
            Field::Subscription => &[Subscriptions],
            Field::ConditionalAccess => &[Dataset::ConditionalAccess, CrossTenantPartners],
            Field::Read => &[],
        }
    }

    /// Datasets that both sides must have read equally well: a fact looks otherwise without them.
    pub const fn beside(self) -> &'static [Dataset] {
        use Dataset::*;
        match self {
            Field::MfaAccepted | Field::CompliantDevice | Field::HybridDevice => &[CrossTenantDefault],
            Field::AutoConsent | Field::DirectConnect | Field::Collaboration => &[CrossTenantDefault],
            Field::Holding => &[RoleSchedules, ForeignPrincipals, ServicePrincipals],
            Field::ApplicationRole | Field::GuestRole => &[RoleSchedules],
            Field::People | Field::Access => &[GroupPim],
            Field::ConditionalAccess => {
                &[NamedLocations, AuthenticationStrengths, SecurityDefaults, CrossTenantDefault, Licenses, RoleAssignments]
            }
            _ => &[],
        }
    }

    /// True if a file that does not carry the rows of its datasets still tells it.
    pub const fn is_a_sum(self) -> bool {
        matches!(self, Field::People | Field::Access)
    }
}
