//! Conditional Access as Graph v1.0 gives it. Every field may be missing; what this build does not know is kept, and narrows a policy.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::open_enum;

open_enum! {
    /// Graph: `conditionalAccessPolicyState`.
    pub enum PolicyState {
        /// Enforced.
        Enabled = "enabled",
        /// Off.
        Disabled = "disabled",
        /// Evaluated and logged, not enforced.
        ReportOnly = "enabledForReportingButNotEnforced",
    }
}

open_enum! {
    /// What a named location is made of, by its `@odata.type`.
    pub enum LocationKind {
        /// `#microsoft.graph.ipNamedLocation`: address ranges; the only kind that can be marked as trusted.
        Ip = "ip",
        /// `#microsoft.graph.countryNamedLocation`
        Country = "country",
    }
}

/// What Graph gave under names that this build does not know. Nulls, empty values and OData annotations are left out.
pub type Unknown = BTreeMap<String, Value>;

/// A policy. Graph: `conditionalAccessPolicy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConditionalAccessPolicy {
    /// Id of the policy.
    pub id: String,
    /// Its name.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// Whether it is enforced. `None` (Graph always gives one) is treated like a state that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<PolicyState>,
    /// When it was made, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_date_time: Option<String>,
    /// When it last changed, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_date_time: Option<String>,
    /// Microsoft's template that it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Whom, what and when it governs.
    #[serde(default, deserialize_with = "nullable")]
    pub conditions: Conditions,
    /// What it demands; `None` where it has session controls only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_controls: Option<GrantControls>,
    /// What a session may do. Nothing in it is a demand for a factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_controls: Option<Value>,
    /// Keys of the policy that this build does not know.
    #[serde(default, flatten, deserialize_with = "unknown")]
    pub other: Unknown,
}

/// When a policy applies: all of these must be met. Graph: `conditionalAccessConditionSet`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Conditions {
    /// Whom.
    #[serde(deserialize_with = "nullable")]
    pub users: Users,
    /// What.
    #[serde(deserialize_with = "nullable")]
    pub applications: Applications,
    /// `all`, `browser`, `mobileAppsAndDesktopClients`, `exchangeActiveSync`, `easSupported`, `other`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub client_app_types: Vec<String>,
    /// On which platforms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platforms: Option<Platforms>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locations: Option<Locations>,
    /// `none`, `low`, `medium`, `high`; empty: at any.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub sign_in_risk_levels: Vec<String>,
    /// `none`, `low`, `medium`, `high`; empty: at any.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub user_risk_levels: Vec<String>,
    /// `minor`, `moderate`, `elevated`; one comma-separated string in Graph.
    #[serde(deserialize_with = "words", skip_serializing_if = "Vec::is_empty")]
    pub insider_risk_levels: Vec<String>,
    /// Risk of service principals: about workload identities, not people.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub service_principal_risk_levels: Vec<String>,
    /// Through which flows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication_flows: Option<AuthenticationFlows>,
    /// With which devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<Devices>,
    /// Which service principals, in a policy that is about these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_applications: Option<ClientApplications>,
    /// Conditions that this build does not know.
    #[serde(flatten, deserialize_with = "unknown")]
    pub other: Unknown,
}

/// Whom a policy governs; excludes override includes. Graph: `conditionalAccessUsers`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Users {
    /// User ids, `None`, `All` or `GuestsOrExternalUsers`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub include_users: Vec<String>,
    /// User ids or `GuestsOrExternalUsers`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub exclude_users: Vec<String>,
    /// Group ids.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub include_groups: Vec<String>,
    /// Group ids.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub exclude_groups: Vec<String>,
    /// Role template ids.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub include_roles: Vec<String>,
    /// Role template ids.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub exclude_roles: Vec<String>,
    /// External users, by type and tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_guests_or_external_users: Option<Guests>,
    /// External users, by type and tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_guests_or_external_users: Option<Guests>,
    /// Keys that this build does not know.
    #[serde(flatten, deserialize_with = "unknown")]
    pub other: Unknown,
}

/// External users. Graph: `conditionalAccessGuestsOrExternalUsers`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Guests {
    /// `serviceProvider`, `b2bCollaborationGuest`, …; one comma-separated string in Graph.
    #[serde(rename = "guestOrExternalUserTypes", deserialize_with = "words", skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Of which tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_tenants: Option<ExternalTenants>,
    /// Keys that this build does not know.
    #[serde(flatten, deserialize_with = "unknown")]
    pub other: Unknown,
}

/// Tenants of external users. Graph: `conditionalAccessExternalTenants` and its two kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ExternalTenants {
    /// `all` or `enumerated`, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership_kind: Option<String>,
    /// Tenant ids of the enumerated kind.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
}

/// What a policy governs. Graph: `conditionalAccessApplications`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Applications {
    /// Application ids, `All`, `None`, `Office365`, `MicrosoftAdminPortals`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub include_applications: Vec<String>,
    /// Application ids, `Office365`, `MicrosoftAdminPortals`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub exclude_applications: Vec<String>,
    /// `urn:user:registersecurityinfo`, `urn:user:registerdevice`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub include_user_actions: Vec<String>,
    /// Ids of authentication contexts.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub include_authentication_context_class_references: Vec<String>,
    /// Service principals by their attributes, decided at run time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_filter: Option<Filter>,
    /// Keys that this build does not know.
    #[serde(flatten, deserialize_with = "unknown")]
    pub other: Unknown,
}

/// A rule over attributes. Graph: `conditionalAccessFilter`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Filter {
    /// `include` or `exclude`, as written.
    #[serde(deserialize_with = "nullable")]
    pub mode: String,
    /// The rule.
    #[serde(deserialize_with = "nullable")]
    pub rule: String,
}

/// Graph: `conditionalAccessPlatforms`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platforms {
    /// `all` or platforms.
    #[serde(deserialize_with = "nullable")]
    pub include_platforms: Vec<String>,
    /// Platforms.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub exclude_platforms: Vec<String>,
    /// Keys that this build does not know.
    #[serde(flatten, deserialize_with = "unknown")]
    pub other: Unknown,
}

/// Graph: `conditionalAccessLocations`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Locations {
    /// Ids of named locations, `All`, `AllTrusted`.
    #[serde(deserialize_with = "nullable")]
    pub include_locations: Vec<String>,
    /// Ids of named locations, `AllTrusted`.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub exclude_locations: Vec<String>,
    /// Keys that this build does not know.
    #[serde(flatten, deserialize_with = "unknown")]
    pub other: Unknown,
}

/// Graph: `conditionalAccessAuthenticationFlows`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthenticationFlows {
    /// `none`, `deviceCodeFlow`, `authenticationTransfer`; one comma-separated string in Graph.
    #[serde(deserialize_with = "words")]
    pub transfer_methods: Vec<String>,
    /// Keys that this build does not know.
    #[serde(flatten, deserialize_with = "unknown")]
    pub other: Unknown,
}

/// Graph: `conditionalAccessDevices`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Devices {
    /// The filter for devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_filter: Option<Filter>,
    /// Keys that this build does not know, the old device states among them.
    #[serde(flatten, deserialize_with = "unknown")]
    pub other: Unknown,
}

/// Graph: `conditionalAccessClientApplications`: a policy that has it is about service principals.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientApplications {
    /// Service principal ids, or `ServicePrincipalsInMyTenant`.
    #[serde(deserialize_with = "nullable")]
    pub include_service_principals: Vec<String>,
    /// Service principal ids.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub exclude_service_principals: Vec<String>,
    /// Keys that this build does not know.
    #[serde(flatten, deserialize_with = "unknown")]
    pub other: Unknown,
}

/// What a policy demands. Graph: `conditionalAccessGrantControls`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct GrantControls {
    /// `AND` or `OR`, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// `block`, `mfa`, `compliantDevice`, `domainJoinedDevice`, …, as written.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub built_in_controls: Vec<String>,
    /// Ids of custom controls.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub custom_authentication_factors: Vec<String>,
    /// Ids of terms of use.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub terms_of_use: Vec<String>,
    /// The strength, as far as the policy itself carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication_strength: Option<AuthenticationStrength>,
    /// Keys that this build does not know.
    #[serde(flatten, deserialize_with = "unknown")]
    pub other: Unknown,
}

/// Graph: `authenticationStrengthPolicy`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthenticationStrength {
    /// Id of the strength.
    #[serde(deserialize_with = "nullable")]
    pub id: String,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// `mfa`: meeting it grants the MFA claim; `none`: it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirements_satisfied: Option<String>,
    /// Combinations of methods that meet it.
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub allowed_combinations: Vec<String>,
}

/// Graph: `namedLocation`. Reads Graph's own form (`@odata.type`, `ipRanges`, `countriesAndRegions`) and the one that it writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedLocation {
    /// Id of the location.
    pub id: String,
    /// Its name.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// What it is made of.
    #[serde(alias = "@odata.type", deserialize_with = "location_kind")]
    pub kind: LocationKind,
    /// The administrator's mark; `None` where Graph gives none (countries have none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_trusted: Option<bool>,
    /// Address ranges in CIDR form, as written.
    #[serde(default, alias = "ipRanges", deserialize_with = "ranges", skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<String>,
    /// Two-letter codes, as written.
    #[serde(default, alias = "countriesAndRegions", deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
}

/// `null` is the default.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Graph writes some flags as one comma-separated string; this project writes lists. Both are read.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Option::<Words>::deserialize(deserializer)? {
        None => Vec::new(),
        Some(Words::One(text)) => text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        Some(Words::Many(list)) => list,
    })
}

/// Keeps what is set: no nulls, no empty lists, objects or texts, and no OData annotations.
fn unknown<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Unknown, D::Error> {
    let mut all = Unknown::deserialize(deserializer)?;
    all.retain(|key, value| !key.contains('@') && !is_empty(value));
    Ok(all)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.iter().all(|(key, value)| key.contains('@') || is_empty(value)),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn location_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LocationKind, D::Error> {
    let text = String::deserialize(deserializer)?;
    let short = text.rsplit('.').next().unwrap_or_default();
    Ok(LocationKind::parse(short.strip_suffix("NamedLocation").unwrap_or(short)))
}

fn ranges<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list = Option::<Vec<Value>>::deserialize(deserializer)?.unwrap_or_default();
    let range = |value: &Value| value.as_str().or_else(|| value.get("cidrAddress").and_then(Value::as_str)).map(str::to_owned);
    list.iter().map(|value| range(value).ok_or_else(|| D::Error::custom("a range without an address"))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn as_graph_gives_it() -> Value {
        json!({
            "id": "p", "displayName": "MFA", "state": "enabled", "templateId": null, "createdDateTime": "2026-01-01T00:00:00Z",
            "sessionControls": null,
            "conditions": {
                "userRiskLevels": [], "signInRiskLevels": [], "clientAppTypes": ["all"], "platforms": null, "devices": null,
                "servicePrincipalRiskLevels": [], "insiderRiskLevels": "minor,elevated", "clientApplications": null,
                "authenticationFlows": { "transferMethods": "deviceCodeFlow,authenticationTransfer" },
                "locations": { "includeLocations": ["All"], "excludeLocations": ["AllTrusted"] },
                "agentIdRiskLevels": null, "newThing": { "@odata.type": "x", "levels": ["high"] },
                "applications": { "includeApplications": ["All"], "excludeApplications": [], "includeUserActions": [], "applicationFilter": null,
                                  "includeAuthenticationContextClassReferences": [] },
                "users": { "includeUsers": ["All"], "excludeUsers": [], "includeGuestsOrExternalUsers": null,
                           "excludeGuestsOrExternalUsers": { "guestOrExternalUserTypes": "serviceProvider, b2bCollaborationGuest",
                               "externalTenants": { "@odata.type": "#microsoft.graph.conditionalAccessEnumeratedExternalTenants",
                                                    "membershipKind": "enumerated", "members": ["t"] } } }
            },
            "grantControls": { "operator": "OR", "builtInControls": ["mfa"], "customAuthenticationFactors": [], "termsOfUse": [],
                               "authenticationStrength@odata.context": "https://x", "authenticationStrength": null }
        })
    }

    #[test]
    fn a_policy_as_graph_gives_it() {
        let policy: ConditionalAccessPolicy = serde_json::from_value(as_graph_gives_it()).unwrap();
        let users = &policy.conditions.users;
        let excluded = users.exclude_guests_or_external_users.as_ref().unwrap();
        assert_eq!(excluded.types, ["serviceProvider", "b2bCollaborationGuest"]);
        assert_eq!(excluded.external_tenants.as_ref().unwrap().members, ["t"]);
        assert_eq!(policy.conditions.insider_risk_levels, ["minor", "elevated"]);
        assert_eq!(policy.conditions.authentication_flows.as_ref().unwrap().transfer_methods.len(), 2);
        assert_eq!(policy.conditions.other.keys().collect::<Vec<_>>(), ["newThing"], "only what is set and not known");
        assert!(policy.other.is_empty() && policy.grant_controls.as_ref().unwrap().other.is_empty() && users.other.is_empty());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let policy: ConditionalAccessPolicy = serde_json::from_value(as_graph_gives_it()).unwrap();
        let written = serde_json::to_value(&policy).unwrap();
        assert_eq!(serde_json::from_value::<ConditionalAccessPolicy>(written).unwrap(), policy);
        let bare: ConditionalAccessPolicy = serde_json::from_value(json!({ "id": "p", "conditions": null })).unwrap();
        assert_eq!((bare.state, bare.conditions), (None, Conditions::default()));
    }

    #[test]
    fn named_locations_in_both_forms() {
        let ip = json!({ "@odata.type": "#microsoft.graph.ipNamedLocation", "id": "l", "displayName": "HQ", "isTrusted": true,
            "ipRanges": [{ "@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.0/24" }] });
        let ip: NamedLocation = serde_json::from_value(ip).unwrap();
        assert_eq!(
            (&ip.kind, ip.is_trusted, ip.ranges.as_slice()),
            (&LocationKind::Ip, Some(true), ["192.0.2.0/24".to_owned()].as_slice())
        );
        assert_eq!(serde_json::from_value::<NamedLocation>(serde_json::to_value(&ip).unwrap()).unwrap(), ip);
        let land = json!({ "@odata.type": "#microsoft.graph.countryNamedLocation", "id": "l", "countriesAndRegions": ["DE"] });
        assert_eq!(serde_json::from_value::<NamedLocation>(land).unwrap().kind, LocationKind::Country);
        let net = json!({ "@odata.type": "#microsoft.graph.compliantNetworkNamedLocation", "id": "l" });
        assert_eq!(serde_json::from_value::<NamedLocation>(net).unwrap().kind, LocationKind::parse("compliantNetwork"));
    }
}
