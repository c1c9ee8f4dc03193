//! The invented partner that the server plays.

use std::fmt::Write as _;

/// How much there is of each thing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    pub(crate) relationships: usize,
    pub(crate) groups: usize,
    pub(crate) users: usize,
    pub(crate) members: usize,
    pub(crate) sign_ins: usize,
}

/// Whose sign-in it is.
pub(crate) struct Who<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) home: &'a str,
    pub(crate) resource: &'a str,
}

pub(crate) const PARTNER: &str = "9a4c1f6e-0d53-4c1b-8a2e-5f0b7c3d9e10";
const ROLES: [&str; 4] = [
    "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "f023fd81-a637-4b56-95fd-791ac0226033",
];

impl Work {
    pub(crate) fn named(name: &str) -> Work {
        let factor = if name == "tenfold" { 10 } else { 1 };
        Work { relationships: 1_000 * factor, groups: 40 * factor, users: 1_000 * factor, members: 400 * factor, sign_ins: 10_000 * factor }
    }

    /// A GUID that is a plain function of a kind and a number.
    pub(crate) fn id(kind: u8, number: usize) -> String {
        format!("{kind:02x}000000-0000-4000-8000-{number:012x}")
    }

    pub(crate) fn relationship(&self, number: usize) -> String {
        let roles = ROLES.map(|role| format!("{{\"roleDefinitionId\":\"{role}\"}}")).join(",");
        format!(
            "{{\"@odata.type\":\"#microsoft.graph.delegatedAdminRelationship\",\"id\":\"{id}-{PARTNER}\",\"displayName\":\"Managed services {number}\",\
             \"duration\":\"P365D\",\"status\":\"active\",\"customer\":{{\"tenantId\":\"{customer}\",\"displayName\":\"Customer {number}\"}},\
             \"accessDetails\":{{\"unifiedRoles\":[{roles}]}},\"autoExtendDuration\":\"PT0S\",\"createdDateTime\":\"2026-03-01T08:00:00.1234567Z\",\
             \"lastModifiedDateTime\":\"2026-03-01T09:00:00.1234567Z\",\"activatedDateTime\":\"2026-03-01T09:00:00.1234567Z\",\
             \"endDateTime\":\"2027-03-01T09:00:00.1234567Z\"}}",
            id = Work::id(1, number),
            customer = Work::id(2, number),
        )
    }

    /// Four assignments of a relationship, each to another of the groups.
    pub(crate) fn assignments(&self, number: usize) -> String {
        let one = |which: usize| {
            format!(
                "{{\"id\":\"{id}\",\"status\":\"active\",\"createdDateTime\":\"2026-03-01T10:00:00Z\",\"lastModifiedDateTime\":\"2026-03-01T10:00:00Z\",\
                 \"accessContainer\":{{\"accessContainerId\":\"{group}\",\"accessContainerType\":\"securityGroup\"}},\
                 \"accessDetails\":{{\"unifiedRoles\":[{{\"roleDefinitionId\":\"{role}\"}}]}}}}",
                id = Work::id(3, number * 4 + which),
                group = Work::id(4, (number * 4 + which) % self.groups),
                role = ROLES[which],
            )
        };
        (0..4).map(one).collect::<Vec<_>>().join(",")
    }

    pub(crate) fn contract(number: usize) -> String {
        format!(
            "{{\"id\":\"{}\",\"contractType\":\"ResellerPartner\",\"customerId\":\"{}\",\"defaultDomainName\":\"customer{number}.example\",\"displayName\":\"Customer {number}\"}}",
            Work::id(5, number),
            Work::id(2, number)
        )
    }

    pub(crate) fn customer(number: usize) -> String {
        format!("{{\"id\":\"{0}\",\"tenantId\":\"{0}\",\"displayName\":\"Customer {number}\"}}", Work::id(2, number))
    }

    pub(crate) fn user(number: usize) -> String {
        format!(
            "{{\"@odata.type\":\"#microsoft.graph.user\",\"id\":\"{}\",\"displayName\":\"Person {number}\",\"userPrincipalName\":\"person{number}@northwind.example\",\
             \"accountEnabled\":true,\"userType\":\"Member\",\"createdDateTime\":\"2024-01-01T00:00:00Z\",\
             \"signInActivity\":{{\"lastSignInDateTime\":\"2026-11-19T10:00:00Z\",\"lastSuccessfulSignInDateTime\":\"2026-11-19T10:00:00Z\"}}}}",
            Work::id(6, number)
        )
    }

    pub(crate) fn registration(number: usize) -> String {
        format!(
            "{{\"id\":\"{}\",\"userPrincipalName\":\"person{number}@northwind.example\",\"userDisplayName\":\"Person {number}\",\"userType\":\"member\",\"isAdmin\":false,\
             \"isMfaCapable\":true,\"isMfaRegistered\":true,\"isPasswordlessCapable\":true,\"isSsprCapable\":true,\"isSsprEnabled\":true,\"isSsprRegistered\":true,\
             \"methodsRegistered\":[\"fido2SecurityKey\",\"microsoftAuthenticatorPush\"],\"lastUpdatedDateTime\":\"2026-11-19T00:00:00Z\"}}",
            Work::id(6, number)
        )
    }

    /// A sign-in of realistic size: about 1.3 KiB, every fiftieth with 100 applied policies.
    pub(crate) fn sign_in(&self, number: usize, interactive: bool) -> String {
        let person = number % self.members;
        let name = format!("person{person}@northwind.example");
        self.sign_in_of(
            number,
            interactive,
            &Who { id: &Work::id(6, person), name: &name, home: PARTNER, resource: &Work::id(2, number % self.relationships) },
        )
    }

    /// The same event of someone else.
    pub(crate) fn sign_in_of(&self, number: usize, interactive: bool, who: &Who<'_>) -> String {
        let policies = if number.is_multiple_of(50) { 100 } else { 3 };
        let mut applied = String::new();
        for policy in 0..policies {
            let comma = if policy == 0 { "" } else { "," };
            let _ = write!(
                applied,
                "{comma}{{\"id\":\"{}\",\"displayName\":\"Require multifactor for {policy}\",\"enforcedGrantControls\":[\"Mfa\"],\"enforcedSessionControls\":[],\"result\":\"notApplied\",\"conditionsSatisfied\":\"none\",\"conditionsNotSatisfied\":\"users\"}}",
                Work::id(7, policy)
            );
        }
        let minute = number % 60;
        let hour = (number / 60) % 24;
        let day = 19 - (number / 1_440) % 18;
        let event = if interactive { "interactiveUser" } else { "nonInteractiveUser" };
        format!(
            "{{\"id\":\"{id}\",\"createdDateTime\":\"2026-11-{day:02}T{hour:02}:{minute:02}:11.1234567Z\",\"userDisplayName\":\"Person\",\"userPrincipalName\":\"{person}\",\
             \"userId\":\"{user}\",\"appId\":\"c44b4083-3bb0-49c1-b47d-974e53cbdf3c\",\"appDisplayName\":\"Azure Portal\",\"ipAddress\":\"198.51.100.{octet}\",\
             \"clientAppUsed\":\"Browser\",\"correlationId\":\"{id}\",\"conditionalAccessStatus\":\"success\",\"isInteractive\":{interactive},\"riskDetail\":\"none\",\
             \"riskLevelAggregated\":\"none\",\"riskLevelDuringSignIn\":\"none\",\"riskState\":\"none\",\"riskEventTypes_v2\":[],\"resourceDisplayName\":\"Windows Azure Service Management API\",\
             \"resourceId\":\"797f4846-ba00-4fd7-ba43-dac1f8f63013\",\"resourceTenantId\":\"{customer}\",\"homeTenantId\":\"{home}\",\"crossTenantAccessType\":\"serviceProvider\",\
             \"signInEventTypes\":[\"{event}\"],\"authenticationRequirement\":\"multiFactorAuthentication\",\"userAgent\":\"Mozilla/5.0 (Windows NT 10.0; Win64; x64)\",\
             \"status\":{{\"errorCode\":0,\"failureReason\":\"Other.\",\"additionalDetails\":null}},\
             \"deviceDetail\":{{\"deviceId\":\"\",\"displayName\":\"\",\"operatingSystem\":\"Windows10\",\"browser\":\"Edge 130\",\"isCompliant\":true,\"isManaged\":true,\"trustType\":\"\"}},\
             \"location\":{{\"city\":\"Utrecht\",\"state\":\"Utrecht\",\"countryOrRegion\":\"NL\",\"geoCoordinates\":{{\"latitude\":52.09,\"longitude\":5.12}}}},\
             \"appliedConditionalAccessPolicies\":[{applied}]}}",
            id = Work::id(8, number * 2 + usize::from(interactive)),
            person = who.name,
            user = who.id,
            home = who.home,
            octet = number % 250,
            customer = who.resource,
        )
    }
}
