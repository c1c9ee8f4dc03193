//! What reading each dataset takes: endpoint, least permission, roles, licence. The one table behind docs, help and coverage.

use crate::domain::Dataset;

/// The licence behind sign-in logs and authentication reports.
pub(super) const ENTRA_P1: &str = "Microsoft Entra ID P1";

/// The licence behind PIM for Groups.
pub(super) const ENTRA_P2: &str = "Microsoft Entra ID P2 or Microsoft Entra ID Governance";

/// What reading one dataset takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionRow {
    /// The dataset.
    pub dataset: Dataset,
    /// Path of the read, with its API version.
    pub endpoint: &'static str,
    /// The least permission: an application permission, and the delegated scope of the same name.
    pub application: &'static str,
    /// For a signed-in user: the directory roles of which one is needed besides. Empty if none is.
    pub delegated_roles: &'static [&'static str],
    /// The licence that the tenant needs.
    pub licence: Option<&'static str>,
    /// What it is read for.
    pub why: &'static str,
}

const REPORT_ROLES: &[&str] = &["Reports Reader", "Security Reader", "Security Administrator", "Global Reader"];
const RELATIONSHIP_ROLES: &[&str] = &["member of the AdminAgents group"];

const CUSTOMER_ROLES: &[&str] = &["Global Reader"];

static ROWS: [PermissionRow; 37] = [
    PermissionRow {
        dataset: Dataset::Organization,
        endpoint: "GET /v1.0/organization",
        application: "Organization.Read.All",
        delegated_roles: &[],
        licence: None,
        why: "who the tenant is, whether it is a partner, and whether the credential belongs to it",
    },
    PermissionRow {
        dataset: Dataset::Licenses,
        endpoint: "GET /v1.0/subscribedSkus",
        application: "LicenseAssignment.Read.All",
        delegated_roles: &[],
        licence: None,
        why: "proof that a premium licence is absent, so that a log that cannot exist is no gap",
    },
    PermissionRow {
        dataset: Dataset::Relationships,
        endpoint: "GET /v1.0/tenantRelationships/delegatedAdminRelationships",
        application: "DelegatedAdminRelationship.Read.All",
        delegated_roles: RELATIONSHIP_ROLES,
        licence: None,
        why: "relationships and offers: customer, roles, duration, end, auto-extend",
    },
    PermissionRow {
        dataset: Dataset::Assignments,
        endpoint: "GET /v1.0/tenantRelationships/delegatedAdminRelationships/{id}/accessAssignments",
        application: "DelegatedAdminRelationship.Read.All",
        delegated_roles: RELATIONSHIP_ROLES,
        licence: None,
        why: "which group holds which roles of a relationship",
    },
    PermissionRow {
        dataset: Dataset::RelationshipRequests,
        endpoint: "GET /v1.0/tenantRelationships/delegatedAdminRelationships/{id}/requests",
        application: "DelegatedAdminRelationship.Read.All",
        delegated_roles: RELATIONSHIP_ROLES,
        licence: None,
        why: "whether an offer was finalised, approved, refused or ended",
    },
    PermissionRow {
        dataset: Dataset::Customers,
        endpoint: "GET /v1.0/tenantRelationships/delegatedAdminCustomers",
        application: "DelegatedAdminRelationship.Read.All",
        delegated_roles: RELATIONSHIP_ROLES,
        licence: None,
        why: "names of customers that their relationships leave blank",
    },
    PermissionRow {
        dataset: Dataset::Contracts,
        endpoint: "GET /v1.0/contracts",
        application: "Directory.Read.All",
        delegated_roles: &[],
        licence: None,
        why: "reseller partnerships, and names of customers",
    },
    PermissionRow {
        dataset: Dataset::Groups,
        endpoint: "GET /v1.0/groups/{id}",
        application: "GroupMember.Read.All",
        delegated_roles: &[],
        licence: None,
        why: "how the groups that carry access are protected, and whether they still exist",
    },
    PermissionRow {
        dataset: Dataset::GroupOwners,
        endpoint: "GET /v1.0/groups/{id}/owners",
        application: "GroupMember.Read.All",
        delegated_roles: &[],
        licence: None,
        why: "who can change the members of a group that carries access; with User.Read.All the names too",
    },
    PermissionRow {
        dataset: Dataset::GroupMembers,
        endpoint: "GET /v1.0/groups/{id}/transitiveMembers",
        application: "GroupMember.Read.All",
        delegated_roles: &[],
        licence: None,
        why: "who holds the access; with User.Read.All also names and account state, with Member.Read.Hidden groups whose members are hidden",
    },
    PermissionRow {
        dataset: Dataset::GroupPim,
        endpoint: "GET /v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances, …/assignmentScheduleInstances",
        application: "PrivilegedEligibilitySchedule.Read.AzureADGroup and PrivilegedAssignmentSchedule.Read.AzureADGroup",
        delegated_roles: &[],
        licence: Some(ENTRA_P2),
        why: "who may activate membership of a group that carries tier 0 or 1 roles",
    },
    PermissionRow {
        dataset: Dataset::MfaRegistration,
        endpoint: "GET /v1.0/reports/authenticationMethods/userRegistrationDetails",
        application: "AuditLog.Read.All",
        delegated_roles: REPORT_ROLES,
        licence: Some(ENTRA_P1),
        why: "whether the people with access can use a second factor",
    },
    PermissionRow {
        dataset: Dataset::UserActivity,
        endpoint: "GET /v1.0/users with signInActivity",
        application: "AuditLog.Read.All and User.Read.All",
        delegated_roles: REPORT_ROLES,
        licence: Some(ENTRA_P1),
        why: "people with access who no longer sign in",
    },
    PermissionRow {
        dataset: Dataset::CrossTenantDefault,
        endpoint: "GET /v1.0/policies/crossTenantAccessPolicy/default",
        application: "Policy.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "what holds for every tenant without settings of its own",
    },
    PermissionRow {
        dataset: Dataset::CrossTenantPartners,
        endpoint: "GET /v1.0/policies/crossTenantAccessPolicy/partners",
        application: "Policy.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "which outside tenants are service providers, and what of theirs is trusted",
    },
    PermissionRow {
        dataset: Dataset::IdentitySync,
        endpoint: "GET /v1.0/policies/crossTenantAccessPolicy/partners/{tenantId}/identitySynchronization",
        application: "Policy.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "which outside tenants may make users here",
    },
    PermissionRow {
        dataset: Dataset::ProviderConstraints,
        endpoint: "GET /v1.0/policies/crossTenantAccessPolicy/partners/{tenantId}/serviceProviderConstraints",
        application: "Policy.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "the roles that a service provider may be given",
    },
    PermissionRow {
        dataset: Dataset::RoleDefinitions,
        endpoint: "GET /v1.0/roleManagement/directory/roleDefinitions",
        application: "RoleManagement.Read.Directory",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "names and template ids of roles",
    },
    PermissionRow {
        dataset: Dataset::RoleAssignments,
        endpoint: "GET /v1.0/roleManagement/directory/roleAssignments",
        application: "RoleManagement.Read.Directory",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "which roles principals of other tenants hold",
    },
    PermissionRow {
        dataset: Dataset::RoleSchedules,
        endpoint: "GET /v1.0/roleManagement/directory/roleEligibilityScheduleInstances",
        application: "RoleManagement.Read.Directory",
        delegated_roles: CUSTOMER_ROLES,
        licence: Some(ENTRA_P2),
        why: "who may activate a role, and timed assignments",
    },
    PermissionRow {
        dataset: Dataset::ForeignPrincipals,
        endpoint: "POST /v1.0/directoryObjects/getByIds",
        application: "Directory.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "names of groups that stand in other tenants",
    },
    PermissionRow {
        dataset: Dataset::TenantNames,
        endpoint: "GET /v1.0/tenantRelationships/findTenantInformationByTenantId",
        application: "CrossTenantInformation.ReadBasic.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "names and domains of outside tenants",
    },
    PermissionRow {
        dataset: Dataset::ServicePrincipals,
        endpoint: "GET /v1.0/servicePrincipals",
        application: "Application.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "applications that outside tenants own, and the marks of delegated administration",
    },
    PermissionRow {
        dataset: Dataset::AppRoleAssignments,
        endpoint: "GET /v1.0/servicePrincipals/{id}/appRoleAssignedTo",
        application: "Application.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "what these applications may do by themselves",
    },
    PermissionRow {
        dataset: Dataset::DelegatedGrants,
        endpoint: "GET /v1.0/oauth2PermissionGrants",
        application: "Directory.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "what these applications may do for every user",
    },
    PermissionRow {
        dataset: Dataset::ExternalUsers,
        endpoint: "POST /v1.0/directoryObjects/getByIds",
        application: "Directory.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "guests and external members who hold roles",
    },
    PermissionRow {
        dataset: Dataset::ConditionalAccess,
        endpoint: "GET /v1.0/identity/conditionalAccess/policies",
        application: "Policy.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: Some(ENTRA_P1),
        why: "whether sign-ins of service providers are covered",
    },
    PermissionRow {
        dataset: Dataset::NamedLocations,
        endpoint: "GET /v1.0/identity/conditionalAccess/namedLocations",
        application: "Policy.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: Some(ENTRA_P1),
        why: "places that policies trust or block",
    },
    PermissionRow {
        dataset: Dataset::AuthenticationStrengths,
        endpoint: "GET /v1.0/identity/conditionalAccess/authenticationStrength/policies",
        application: "Policy.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: Some(ENTRA_P1),
        why: "whether a strength demands multifactor authentication",
    },
    PermissionRow {
        dataset: Dataset::SecurityDefaults,
        endpoint: "GET /v1.0/policies/identitySecurityDefaultsEnforcementPolicy",
        application: "Policy.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "what demands multifactor authentication without Conditional Access",
    },
    PermissionRow {
        dataset: Dataset::Subscriptions,
        endpoint: "GET /v1.0/directory/subscriptions",
        application: "Organization.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "which partner sold what",
    },
    PermissionRow {
        dataset: Dataset::SignIns,
        endpoint: "GET /beta/auditLogs/signIns",
        application: "AuditLog.Read.All and Directory.Read.All",
        delegated_roles: REPORT_ROLES,
        licence: Some(ENTRA_P1),
        why: "who went into which customer, and which relationships nobody uses",
    },
    PermissionRow {
        dataset: Dataset::AppSignIns,
        endpoint: "GET /beta/auditLogs/signIns",
        application: "AuditLog.Read.All and Directory.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: Some(ENTRA_P1),
        why: "where applications of outside tenants sign in from",
    },
    PermissionRow {
        dataset: Dataset::Audits,
        endpoint: "GET /v1.0/auditLogs/directoryAudits",
        application: "AuditLog.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "what partners did, and when they were let in",
    },
    PermissionRow {
        dataset: Dataset::Governance,
        endpoint: "GET /v1.0/directory/tenantGovernance/governanceRelationships",
        application: "TenantGovernance-Relationship.Read.All",
        delegated_roles: CUSTOMER_ROLES,
        licence: None,
        why: "whether an outside tenant governs this one",
    },
    PermissionRow {
        dataset: Dataset::Declared,
        endpoint: "a file: --declared",
        application: "none",
        delegated_roles: &[],
        licence: None,
        why: "what Graph does not give a customer: names, dates and offers of relationships",
    },
    PermissionRow {
        dataset: Dataset::Purview,
        endpoint: "a file: --import purview=FILE",
        application: "none",
        delegated_roles: &[],
        licence: None,
        why: "mailbox access by technicians",
    },
];

/// What reading each dataset takes, one row a dataset, in the order in which coverage is shown.
pub fn permissions() -> &'static [PermissionRow] {
    &ROWS
}

/// The row of a dataset: the table has one for each, in the order of the datasets; a test holds it.
pub(super) fn of(dataset: Dataset) -> &'static PermissionRow {
    let place = Dataset::ALL.iter().position(|other| *other == dataset).unwrap_or_default();
    &ROWS[place]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dataset_has_its_own_row_in_order() {
        let listed: Vec<Dataset> = permissions().iter().map(|row| row.dataset).collect();
        assert_eq!(listed, Dataset::ALL);
        for dataset in Dataset::ALL {
            assert_eq!(of(*dataset).dataset, *dataset);
        }
    }

    #[test]
    fn only_reads_are_asked_for() {
        for row in permissions() {
            let reads = ["GET /", "POST /v1.0/directoryObjects/getByIds", "a file: "];
            assert!(reads.iter().any(|start| row.endpoint.starts_with(start)), "{}", row.endpoint);
            assert!(row.application.split(" and ").all(|name| name.contains(".Read") || name == "none"), "{}", row.application);
        }
    }

    #[test]
    fn what_needs_p1_names_it() {
        for dataset in Dataset::ALL.iter().filter(|dataset| dataset.needs_p1()) {
            assert_eq!(of(*dataset).licence, Some(ENTRA_P1));
        }
    }
}
