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
    /// Relationship: how an assignment stands that is not in force.
    AssignmentStatus,
    /// Group: whether only privileged roles can change its members.
    RoleAssignable,
    /// Group: whether only administrators of its restricted unit can change it.
    ManagementRestricted,
    /// Group: whether a rule decides who is in it.
    Dynamic,
    /// Group: that rule.
    MembershipRule,
    /// Group: whether a directory on-premises decides who is in it.
    Synced,
    /// Group: whether the directory does not know it any more.
    Gone,
    /// Group: whether a member is one for good.
    Standing,
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
    /// Person: user, application, device.
    PrincipalKind,
    /// Person: member or guest.
    UserType,
    /// Person: whether the account can sign in.
    AccountEnabled,
    /// Person: whether it has a second factor that policy allows.
    MfaCapable,
    /// Person: whether it has registered a second factor at all.
    MfaRegistered,
    /// Person: what it can sign in with.
    Methods,
    /// Customer: it is listed as one with delegated administration.
    Listed,
    /// The tenant itself: its verified domains.
    Domains,
    /// The tenant itself: its premium licences.
    Licences,
    /// The tenant itself: whether security defaults are on.
    SecurityDefaults,
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
    /// Outside tenant: principals of it that the directory knows.
    Principals,
    /// Outside tenant: which application it is.
    AppId,
    /// Outside tenant: whether the publisher of an application is verified.
    Publisher,
    /// Outside tenant: the secrets and certificates of an application that stand here.
    Credentials,
    /// Outside tenant: an application permission.
    Permission,
    /// Outside tenant: a delegated permission for the whole tenant.
    Scope,
    /// Outside tenant: a role of an application.
    ApplicationRole,
    /// Outside tenant: a role of a guest.
    GuestRole,
    /// Outside tenant: member or guest.
    GuestType,
    /// Outside tenant: whether a guest can sign in.
    GuestEnabled,
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
    /// Outside tenant: whether this tenant can end a governance relationship.
    GovernanceTerminable,
    /// Outside tenant: how a governance relationship came about.
    GovernanceCreated,
    /// Outside tenant: the applications that a governance relationship puts here.
    GovernanceApps,
    /// Outside tenant: a subscription that it sold.
    Subscription,
    /// Outside tenant: what Conditional Access demands of its people.
    ConditionalAccess,
    /// Relationship that a file declares: its status.
    DeclaredStatus,
    /// Relationship that a file declares: a role.
    DeclaredRole,
    /// Relationship that a file declares: its length.
    DeclaredDuration,
    /// Relationship that a file declares: it renews by itself.
    DeclaredAutoExtend,
    /// Relationship that a file declares: the indirect provider that made it.
    DeclaredProvider,
    /// Partner that a file declares: a role.
    DeclaredPartnerRole,
    /// Partner that a file declares: the kind of tie.
    DeclaredKind,
    /// Policy: whether it is enforced.
    PolicyState,
    /// Policy: whom, what and when it governs.
    PolicyCondition,
    /// Policy: what it demands.
    PolicyDemand,
    /// Named location: whether it is trusted.
    Trusted,
    /// Authentication strength: what meeting it satisfies.
    Satisfies,
    /// Role: built in, or the tenant's own.
    BuiltIn,
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
            Field::AssignmentStatus => "accessAssignments.status",
            Field::RoleAssignable => "isAssignableToRole",
            Field::ManagementRestricted => "isManagementRestricted",
            Field::Dynamic => "groupTypes",
            Field::MembershipRule => "membershipRule",
            Field::Synced => "onPremisesSyncEnabled",
            Field::Gone => "gone",
            Field::Standing => "transitiveMembers without end",
            Field::Member => "transitiveMembers",
            Field::Owner => "owners",
            Field::Eligible => "eligibleMembers",
            Field::People => "people",
            Field::Access => "access",
            Field::PrincipalKind => "principal",
            Field::UserType | Field::GuestType => "userType",
            Field::AccountEnabled | Field::Enabled | Field::GuestEnabled => "accountEnabled",
            Field::MfaCapable => "isMfaCapable",
            Field::MfaRegistered => "isMfaRegistered",
            Field::Methods => "methodsRegistered",
            Field::Listed => "delegatedAdminCustomers",
            Field::Domains => "verifiedDomains",
            Field::Licences => "premium licences",
            Field::SecurityDefaults => "securityDefaults",
            Field::ContractType => "contractType",
            Field::ServiceProvider => "isServiceProvider",
            Field::Ceiling => "allowedRoleTemplateIds",
            Field::Holding | Field::ApplicationRole | Field::GuestRole => "roleAssignments",
            Field::Application => "servicePrincipals",
            Field::Principals => "foreignPrincipals",
            Field::AppId => "appId",
            Field::Publisher => "verifiedPublisher",
            Field::Credentials => "credentials",
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
            Field::GovernanceTerminable => "tenantGovernance.governedTenantCanTerminate",
            Field::GovernanceCreated => "tenantGovernance.createdType",
            Field::GovernanceApps => "tenantGovernance.provisionedApps",
            Field::Subscription => "subscriptions",
            Field::ConditionalAccess => "conditionalAccess",
            Field::DeclaredStatus => "declared.status",
            Field::DeclaredRole | Field::DeclaredPartnerRole => "declared.roles",
            Field::DeclaredDuration => "declared.duration",
            Field::DeclaredAutoExtend => "declared.autoExtendDuration",
            Field::DeclaredProvider => "declared.indirectProviderTenantId",
            Field::DeclaredKind => "declared.kind",
            Field::PolicyState => "state",
            Field::PolicyCondition => "conditions",
            Field::PolicyDemand => "controls",
            Field::Trusted => "isTrusted",
            Field::Satisfies => "requirementsSatisfied",
            Field::BuiltIn => "isBuiltIn",
            Field::Read => "coverage",
        }
    }

    /// The datasets that both sides must have read for a difference to be one. None where the row itself says that it was read: only two
    /// values of it are compared.
    pub const fn of(self) -> &'static [Dataset] {
        use Dataset::*;
        match self {
            Field::Status | Field::Customer | Field::Role | Field::Duration | Field::AutoExtend => &[Relationships],
            Field::Group | Field::GroupRole | Field::AssignmentStatus => &[Assignments],
            Field::RoleAssignable | Field::ManagementRestricted | Field::Dynamic | Field::MembershipRule => &[Groups],
            Field::Synced | Field::Gone => &[Groups],
            Field::Standing => &[GroupMembers, GroupPim],
            Field::Listed => &[Customers],
            Field::Domains => &[Organization],
            Field::Member | Field::People => &[GroupMembers],
            Field::Access => &[Assignments, GroupMembers],
            Field::Owner => &[GroupOwners],
            Field::Eligible => &[GroupPim],
            Field::ContractType => &[Contracts],
            Field::ServiceProvider | Field::MfaAccepted | Field::CompliantDevice | Field::HybridDevice => &[CrossTenantPartners],
            Field::AutoConsent | Field::DirectConnect | Field::Collaboration => &[CrossTenantPartners],
            Field::Ceiling => &[ProviderConstraints],
            Field::Holding => &[RoleAssignments],
            Field::Application => &[ServicePrincipals],
            Field::Permission => &[ServicePrincipals, AppRoleAssignments],
            Field::Scope => &[ServicePrincipals, DelegatedGrants],
            Field::ApplicationRole => &[ServicePrincipals, RoleAssignments],
            Field::GuestRole => &[RoleAssignments, ExternalUsers],
            Field::InboundSync => &[IdentitySync],
            Field::Principals => &[ForeignPrincipals],
            Field::Governance | Field::GovernanceRole => &[Governance],
            Field::Subscription => &[Subscriptions],
            Field::ConditionalAccess => &[Dataset::ConditionalAccess, CrossTenantPartners],
            Field::PrincipalKind | Field::UserType | Field::AccountEnabled => &[],
            Field::MfaCapable | Field::MfaRegistered | Field::Methods => &[],
            Field::DeclaredStatus | Field::DeclaredRole | Field::DeclaredDuration => &[],
            Field::DeclaredAutoExtend | Field::DeclaredProvider => &[],
            // A partner may stand in several rows, of which a broken one is missing.
            Field::DeclaredPartnerRole | Field::DeclaredKind => &[Declared],
            Field::Enabled | Field::AppId | Field::Publisher | Field::Credentials | Field::GuestType | Field::GuestEnabled => &[],
            Field::GovernanceTerminable | Field::GovernanceCreated | Field::GovernanceApps => &[],
            Field::PolicyState | Field::PolicyCondition | Field::PolicyDemand => &[],
            Field::Licences | Field::SecurityDefaults | Field::Trusted | Field::Satisfies | Field::BuiltIn | Field::Read => &[],
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

    /// True if it tells how something is that other fields show: alone it makes nobody be there.
    pub const fn is_a_trait(self) -> bool {
        use Field::*;
        matches!(self, Principals | PrincipalKind | UserType | AccountEnabled | MfaCapable | MfaRegistered | Methods)
            || matches!(self, AppId | Publisher | Credentials | Enabled | GuestType | GuestEnabled)
            || matches!(self, GovernanceTerminable | GovernanceCreated | GovernanceApps)
    }

    /// True if a value that comes or goes makes the subject reach neither farther nor less far.
    pub const fn is_neutral(self) -> bool {
        matches!(self, Field::AssignmentStatus | Field::PolicyCondition | Field::PolicyDemand)
    }

    /// True if a file that does not carry the rows of its datasets still tells it.
    pub const fn is_a_sum(self) -> bool {
        matches!(self, Field::People | Field::Access)
    }
}
