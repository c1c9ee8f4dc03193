//! The customer view: what stands in the tenant's own directory, logs and policies about tenants outside.
//!
//! | file | reads |
//! |---|---|
//! | `cross_tenant`, `partner_settings` | cross-tenant-default, cross-tenant-partners, identity-sync, provider-constraints |
//! | `roles`, `holders` | role-definitions, role-assignments, role-schedules |
//! | `principals` | foreign-principals |
//! | `external_users` | external-users |
//! | `apps`, `app_sign_ins` | service-principals, app-role-assignments, delegated-grants, app-sign-ins |
//! | `conditional_access` | conditional-access, named-locations, authentication-strengths, security-defaults |
//! | `subscriptions`, `governance` | subscriptions, governance |
//! | `audits` | audits |
//! | `names` | tenant-names |

pub(super) mod app_sign_ins;
mod apps;
pub(super) mod audits;
mod conditional_access;
mod cross_tenant;
mod external_users;
mod governance;
mod holders;
mod names;
mod partner_settings;
mod principals;
mod roles;
mod subscriptions;

use std::collections::{BTreeMap, BTreeSet};

use self::apps::Applications;
use self::external_users::AppGroups;
use self::holders::Standing;
use self::names::Names;
use super::coverage::without_subjects;
use super::organization::{self, Premium};
use super::reader::{Read, Reader};
use super::sign_in_selection::Side;
use super::{Options, own_id, sign_ins};
use crate::domain::conditional_access::{AuthenticationStrength, ConditionalAccessPolicy, NamedLocation};
use crate::domain::customer::{
    AppRoleAssignment, AppSignIn, AuditEvent, CrossTenantPartner, CrossTenantSettings, CustomerFacts, DelegatedGrant, ExternalUser,
    ForeignPrincipal, GovernanceRow, IdentitySync, MICROSOFT_OWNER_TENANTS, ProviderConstraint, RoleAssignment, RoleDefinition,
    RoleSchedule, Subscription, TenantName,
};
use crate::domain::facts::{Licenses, Organization, PartnerFacts, SignInLog};
use crate::domain::{Coverage, Dataset, Status, TenantSnapshot, View};
use crate::graph::{Claims, Client};

/// Collects the customer view of one tenant. Never fails: everything that goes wrong is coverage.
pub(super) async fn read(client: &Client, options: &Options, watch: &dyn super::Watch) -> TenantSnapshot {
    let claims = client.claims().await.ok();
    let reader = Reader { client, options, watch, claims: claims.as_ref() };
    // First: licences decide what else is worth asking for, and nobody is from outside until it is known who is not.
    let (organization, (licenses, premium)) = tokio::join!(organization::organization(reader), organization::licenses(reader));
    let own = own_id(reader.claims, organization.facts.as_ref());
    let own = own.as_deref();
    let (access, (tenants, mut names), logs) = tokio::join!(
        Box::pin(conditional(reader, premium)),
        Box::pin(tenants(reader, own, premium)),
        Box::pin(logs(reader, own, premium)),
    );
    names.of(outside(logs.tenants(), own)).await;
    let mut all = Collected { organization, licenses, access, tenants, logs };
    let names = names.finish();
    let names = match all.without_tenants(&names.facts) {
        Some(coverage) if names.coverage.status == Status::Complete => Read::none(coverage),
        _ => names,
    };
    all.doubt_without_own_id(own);
    all.into_snapshot(names, options, claims.as_ref())
}

/// What tells of outside tenants, the logs apart.
struct Tenants {
    policies: Policies,
    apps: Apps,
    directory: Directory,
    subscriptions: Read<Vec<Subscription>>,
    governance: Read<Vec<GovernanceRow>>,
}

/// Reads it, and the names of these tenants while the logs, which take longest, still come.
async fn tenants<'a>(reader: Reader<'a>, own: Option<&str>, premium: Premium) -> (Tenants, Names<'a>) {
    let (policies, (apps, directory), (subscriptions, governance)) = tokio::join!(
        Box::pin(policies(reader)),
        Box::pin(objects(reader, own, premium)),
        Box::pin(async { tokio::join!(subscriptions::subscriptions(reader, own), governance::rows(reader, own)) }),
    );
    let mut all = Tenants { policies, apps, directory, subscriptions, governance };
    let mut names = Names::new(reader);
    names.homes(&mut all.directory.users.facts).await;
    names.of(outside(all.tenants(), own)).await;
    (all, names)
}

impl Tenants {
    /// Ids of tenants that have a part in this one.
    fn tenants(&self) -> impl Iterator<Item = &str> {
        let partners = self.policies.partners.facts.iter().map(|partner| Some(partner.tenant_id.as_str()));
        let holders = self.directory.assignments.facts.iter().map(|row| row.principal_tenant_id.as_deref());
        let foreign = self.directory.foreign.facts.iter().map(|principal| principal.tenant_id.as_deref());
        let users = self.directory.users.facts.iter().map(|user| user.home_tenant_id.as_deref());
        let apps = self.apps.all.facts.principals.iter().map(|app| app.owner_tenant_id.as_deref());
        let sellers = self.subscriptions.facts.iter().map(|subscription| subscription.owner_tenant_id.as_deref());
        let governing = self.governance.facts.iter().map(|row| Some(row.governing_tenant_id.as_str()));
        partners.chain(holders).chain(foreign).chain(users).chain(apps).chain(sellers).chain(governing).flatten()
    }
}

/// Those that are outside: not this tenant, not one that owns Microsoft's own applications.
fn outside<'t>(tenants: impl Iterator<Item = &'t str>, own: Option<&str>) -> BTreeSet<String> {
    let is_outside = |id: &&str| {
        let is_own = own.is_some_and(|own| own.eq_ignore_ascii_case(id));
        let is_nobody = id.is_empty() || id.bytes().all(|b| b == b'0' || b == b'-');
        !(is_own || is_nobody || MICROSOFT_OWNER_TENANTS.contains(id))
    };
    // A log names the same few over and over.
    let distinct: BTreeSet<&str> = tenants.collect();
    distinct.into_iter().filter(is_outside).map(str::to_ascii_lowercase).collect()
}

/// Cross-tenant access policy.
struct Policies {
    default: Read<Option<CrossTenantSettings>>,
    partners: Read<Vec<CrossTenantPartner>>,
    sync: Read<Vec<IdentitySync>>,
    constraints: Read<Vec<ProviderConstraint>>,
}

async fn policies(reader: Reader<'_>) -> Policies {
    let (default, (partners, sync, constraints)) = tokio::join!(cross_tenant::default(reader), async {
        let partners = cross_tenant::partners(reader).await;
        let (sync, constraints) =
            tokio::join!(partner_settings::identity_sync(reader, &partners), partner_settings::constraints(reader, &partners));
        (partners, sync, constraints)
    });
    Policies { default, partners, sync, constraints }
}

/// Conditional Access, and what stands in for it.
struct Access {
    policies: Read<Vec<ConditionalAccessPolicy>>,
    locations: Read<Vec<NamedLocation>>,
    strengths: Read<Vec<AuthenticationStrength>>,
    security_defaults: Read<Option<bool>>,
}

async fn conditional(reader: Reader<'_>, premium: Premium) -> Access {
    let (policies, locations, strengths, security_defaults) = tokio::join!(
        conditional_access::policies(reader, premium),
        conditional_access::locations(reader, premium),
        conditional_access::strengths(reader, premium),
        conditional_access::security_defaults(reader),
    );
    Access { policies, locations, strengths, security_defaults }
}

/// Applications of outside tenants, and what they may do.
struct Apps {
    all: Read<Applications>,
    roles: Read<Vec<AppRoleAssignment>>,
    grants: Read<Vec<DelegatedGrant>>,
}

/// Who holds which role.
struct Directory {
    definitions: Read<Vec<RoleDefinition>>,
    assignments: Read<Vec<RoleAssignment>>,
    schedules: Read<Vec<RoleSchedule>>,
    foreign: Read<Vec<ForeignPrincipal>>,
    users: Read<Vec<ExternalUser>>,
}

/// Applications and holders of roles side by side; whose a role is that an application holds, only both tell.
async fn objects(reader: Reader<'_>, own: Option<&str>, premium: Premium) -> (Apps, Directory) {
    let (mut apps, (definitions, held)) = tokio::join!(
        Box::pin(applications(reader, own)),
        Box::pin(async { tokio::join!(roles::definitions(reader), Box::pin(holders_of_roles(reader, own, premium))) })
    );
    let outside = held.outside(&apps.all);
    let mut assignments = roles::settle_assignments(held.assignments, &outside, &held.holders);
    // A group of which nothing says whose it is may be an outsider's. Only a whole lookup tells, by finding it here or not.
    let unresolved = held.holders.of(&[Standing::Group]).count();
    if unresolved > 0 && held.foreign.coverage.status.is_unread() {
        assignments.coverage.limit_to(Dataset::ForeignPrincipals, held.foreign.coverage.status);
    }
    // Whether an application that holds a role is this tenant's own, only the list of applications says.
    let is_app_a_holder = held.holders.of(&[Standing::Application]).next().is_some() || !held.apps_in_groups.is_empty();
    if is_app_a_holder && apps.all.coverage.status != Status::Complete {
        assignments.coverage.limit_to(Dataset::ServicePrincipals, apps.all.coverage.status);
    }
    for app in &mut apps.all.facts.principals {
        app.through_groups = held.apps_in_groups.get(&app.id).into_iter().flatten().cloned().collect();
    }
    let schedules = roles::settle_schedules(held.schedules, &outside, &held.holders);
    (apps, Directory { definitions, assignments, schedules, foreign: held.foreign, users: held.users })
}

async fn applications(reader: Reader<'_>, own: Option<&str>) -> Apps {
    let all = apps::service_principals(reader, own).await;
    let (roles, grants) = tokio::join!(apps::app_roles(reader, &all), apps::grants(reader, &all));
    Apps { all, roles, grants }
}

/// Roles that may be held from outside, with what is known of their holders.
struct Held {
    assignments: Read<roles::Held<RoleAssignment>>,
    schedules: Read<roles::Held<RoleSchedule>>,
    holders: holders::Holders,
    foreign: Read<Vec<ForeignPrincipal>>,
    users: Read<Vec<ExternalUser>>,
    apps_in_groups: AppGroups,
}

async fn holders_of_roles(reader: Reader<'_>, own: Option<&str>, premium: Premium) -> Held {
    let (mut assignments, mut schedules) = tokio::join!(roles::assignments(reader, own), roles::schedules(reader, own, premium));
    let mut holders = std::mem::take(&mut assignments.facts.holders);
    holders.join(std::mem::take(&mut schedules.facts.holders));
    let known = &assignments.coverage;
    let foreign = principals::resolve(reader, own, known, &mut holders).await;
    let (users, apps_in_groups) = external_users::users(reader, known, &holders).await;
    Held { assignments, schedules, holders, foreign, users, apps_in_groups }
}

impl Held {
    /// Ids of principals that are not surely this tenant's own.
    fn outside(&self, apps: &Read<Applications>) -> BTreeSet<String> {
        let mut outside = self.holders.ids(&[Standing::Foreign, Standing::External, Standing::Group, Standing::Unclear]);
        let known: BTreeSet<&str> = apps.facts.principals.iter().map(|app| app.id.as_str()).collect();
        let of_others = self.holders.of(&[Standing::Application]).map(|(id, _)| id).filter(|id| known.contains(id.as_str()));
        outside.extend(of_others.cloned());
        let groups_of_others = self.apps_in_groups.iter().filter(|(app, _)| known.contains(app.as_str()));
        outside.extend(groups_of_others.flat_map(|(_, groups)| groups.iter().cloned()));
        outside.extend(self.users.facts.iter().flat_map(|user| user.through_groups.iter().cloned()));
        outside
    }
}

/// Logs.
struct Logs {
    sign_ins: Read<SignInLog>,
    app_sign_ins: Read<Vec<AppSignIn>>,
    audits: Read<Vec<AuditEvent>>,
}

async fn logs(reader: Reader<'_>, own: Option<&str>, premium: Premium) -> Logs {
    let (sign_ins, app_sign_ins, audits) = tokio::join!(
        Box::pin(sign_ins::log(reader, Side::Customer, premium, own)),
        Box::pin(app_sign_ins::events(reader, premium, own)),
        Box::pin(audits::events(reader, premium)),
    );
    Logs { sign_ins, app_sign_ins, audits }
}

impl Logs {
    /// Ids of tenants that came in, or whose applications did.
    fn tenants(&self) -> impl Iterator<Item = &str> {
        let visitors = self.sign_ins.facts.events.iter().filter_map(|event| event.home_tenant_id.as_deref());
        visitors.chain(self.app_sign_ins.facts.iter().map(|event| &*event.app_owner_tenant_id))
    }
}

/// Everything that was read, before it is put together.
struct Collected {
    organization: Read<Option<Organization>>,
    licenses: Read<Option<Licenses>>,
    access: Access,
    tenants: Tenants,
    logs: Logs,
}

impl Collected {
    /// The coverage of names where nothing was read that names a tenant: that there was nobody to ask for is no answer then.
    fn without_tenants(&self, names: &[TenantName]) -> Option<Coverage> {
        let sources = [
            &self.tenants.policies.partners.coverage,
            &self.tenants.directory.assignments.coverage,
            &self.tenants.apps.all.coverage,
            &self.logs.sign_ins.coverage,
            &self.tenants.subscriptions.coverage,
            &self.tenants.governance.coverage,
        ];
        let is_blind = names.is_empty() && !sources.iter().any(|coverage| coverage.status.has_records());
        is_blind.then(|| without_subjects(Dataset::CrossTenantPartners, &self.tenants.policies.partners.coverage)).flatten()
    }

    /// Where this tenant's own id is not known, nobody can be told to be from outside: what was read proves little, whether that id was
    /// refused or left out.
    fn doubt_without_own_id(&mut self, own: Option<&str>) {
        if own.is_some() {
            return;
        }
        for coverage in [
            &mut self.tenants.directory.assignments.coverage,
            &mut self.tenants.directory.schedules.coverage,
            &mut self.tenants.apps.all.coverage,
            &mut self.logs.sign_ins.coverage,
            &mut self.logs.app_sign_ins.coverage,
            &mut self.tenants.subscriptions.coverage,
            &mut self.tenants.governance.coverage,
        ] {
            if coverage.status == Status::Complete {
                coverage.status = Status::Partial;
                coverage.truncated = true;
                coverage.reason = Some("this tenant's own id is not known, so that nobody can be told from its own".into());
            }
        }
    }

    fn coverage(&self, dataset: Dataset, names: &Coverage) -> Option<Coverage> {
        let coverage = match dataset {
            Dataset::Organization => &self.organization.coverage,
            Dataset::Licenses => &self.licenses.coverage,
            Dataset::CrossTenantDefault => &self.tenants.policies.default.coverage,
            Dataset::CrossTenantPartners => &self.tenants.policies.partners.coverage,
            Dataset::IdentitySync => &self.tenants.policies.sync.coverage,
            Dataset::ProviderConstraints => &self.tenants.policies.constraints.coverage,
            Dataset::RoleDefinitions => &self.tenants.directory.definitions.coverage,
            Dataset::RoleAssignments => &self.tenants.directory.assignments.coverage,
            Dataset::RoleSchedules => &self.tenants.directory.schedules.coverage,
            Dataset::ForeignPrincipals => &self.tenants.directory.foreign.coverage,
            Dataset::TenantNames => names,
            Dataset::ServicePrincipals => &self.tenants.apps.all.coverage,
            Dataset::AppRoleAssignments => &self.tenants.apps.roles.coverage,
            Dataset::DelegatedGrants => &self.tenants.apps.grants.coverage,
            Dataset::ExternalUsers => &self.tenants.directory.users.coverage,
            Dataset::ConditionalAccess => &self.access.policies.coverage,
            Dataset::NamedLocations => &self.access.locations.coverage,
            Dataset::AuthenticationStrengths => &self.access.strengths.coverage,
            Dataset::SecurityDefaults => &self.access.security_defaults.coverage,
            Dataset::Subscriptions => &self.tenants.subscriptions.coverage,
            Dataset::SignIns => &self.logs.sign_ins.coverage,
            Dataset::AppSignIns => &self.logs.app_sign_ins.coverage,
            Dataset::Audits => &self.logs.audits.coverage,
            Dataset::Governance => &self.tenants.governance.coverage,
            Dataset::Relationships
            | Dataset::Assignments
            | Dataset::RelationshipRequests
            | Dataset::Customers
            | Dataset::Contracts
            | Dataset::Groups
            | Dataset::GroupOwners
            | Dataset::GroupMembers
            | Dataset::GroupPim
            | Dataset::MfaRegistration
            | Dataset::UserActivity => return None,
            // From files.
            Dataset::Declared | Dataset::Purview => return Some(Coverage::skipped("no file was given")),
        };
        Some(coverage.clone())
    }

    fn into_snapshot(self, names: Read<Vec<TenantName>>, options: &Options, claims: Option<&Claims>) -> TenantSnapshot {
        let read = |dataset: &Dataset| Some((*dataset, self.coverage(*dataset, &names.coverage)?));
        let coverage: BTreeMap<Dataset, Coverage> = Dataset::ALL.iter().filter_map(read).collect();
        let organization = self.organization.facts.as_ref();
        let mut snapshot = TenantSnapshot {
            tenant_id: organization.map(|organization| organization.id.clone()).or_else(|| own_id(claims, None)).unwrap_or_default(),
            display_name: organization.map(|organization| organization.display_name.clone()).unwrap_or_default(),
            view: View::Customer,
            cloud: options.cloud.clone(),
            coverage,
            partner: PartnerFacts::default(),
            customer: self.into_facts(names.facts),
        };
        snapshot.settle_coverage();
        snapshot
    }

    fn into_facts(self, tenant_names: Vec<TenantName>) -> CustomerFacts {
        CustomerFacts {
            organization: self.organization.facts,
            licenses: self.licenses.facts,
            cross_tenant_default: self.tenants.policies.default.facts,
            cross_tenant_partners: self.tenants.policies.partners.facts,
            identity_sync: self.tenants.policies.sync.facts,
            provider_constraints: self.tenants.policies.constraints.facts,
            role_definitions: self.tenants.directory.definitions.facts,
            role_assignments: self.tenants.directory.assignments.facts,
            role_schedules: self.tenants.directory.schedules.facts,
            foreign_principals: self.tenants.directory.foreign.facts,
            tenant_names,
            service_principals: self.tenants.apps.all.facts.principals,
            app_role_assignments: self.tenants.apps.roles.facts,
            delegated_grants: self.tenants.apps.grants.facts,
            external_users: self.tenants.directory.users.facts,
            conditional_access: self.access.policies.facts,
            named_locations: self.access.locations.facts,
            authentication_strengths: self.access.strengths.facts,
            security_defaults: self.access.security_defaults.facts,
            subscriptions: self.tenants.subscriptions.facts,
            sign_ins: self.logs.sign_ins.facts,
            app_sign_ins: self.logs.app_sign_ins.facts,
            audits: self.logs.audits.facts,
            governance: self.tenants.governance.facts,
            ..CustomerFacts::default()
        }
    }
}
