//! Conditional Access: policies, named locations, authentication strengths; and security defaults, which stand in where there is none.
//!
//! Microsoft lets one request a second through here, without saying how long to wait. A tenant without Entra ID P1 has no Conditional
//! Access: that absence is proved by its licences, and nothing is asked for.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::collect::organization::Premium;
use crate::collect::reader::{Read, Reader, read_of};
use crate::collect::relationships::note_lost;
use crate::collect::wire::Flag;
use crate::domain::conditional_access::{Applications, AuthenticationStrength, ConditionalAccessPolicy, NamedLocation, Users};
use crate::domain::{Coverage, Dataset};
use crate::graph::{Bucket, Get, Wire};

/// A fact whose own form is Graph's.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct AsIs<T>(T);

/// What has an id of its own.
trait Identified {
    fn id(&self) -> &str;

    /// True if it says what it is read for.
    fn is_whole(&self) -> bool {
        !self.id().is_empty()
    }
}

impl Identified for ConditionalAccessPolicy {
    fn id(&self) -> &str {
        &self.id
    }

    /// Graph always gives a state, people (or service principals) and applications, if only to say that there are none of them.
    fn is_whole(&self) -> bool {
        let conditions = &self.conditions;
        let has_subjects = conditions.users != Users::default() || conditions.client_applications.is_some();
        let has_state = self.state.as_ref().is_some_and(|state| !state.as_str().trim().is_empty());
        !self.id.is_empty() && has_state && has_subjects && conditions.applications != Applications::default()
    }
}

impl Identified for NamedLocation {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Identified for AuthenticationStrength {
    fn id(&self) -> &str {
        &self.id
    }
}

impl<T: DeserializeOwned + Identified + Send> Wire for AsIs<T> {
    fn key(&self) -> Option<&str> {
        Some(self.0.id()).filter(|id| !id.is_empty())
    }
}

/// Reads policies.
pub(in crate::collect) async fn policies(reader: Reader<'_>, premium: Premium) -> Read<Vec<ConditionalAccessPolicy>> {
    list(reader, premium, Dataset::ConditionalAccess, "/identity/conditionalAccess/policies").await
}

/// Reads named locations.
pub(in crate::collect) async fn locations(reader: Reader<'_>, premium: Premium) -> Read<Vec<NamedLocation>> {
    list(reader, premium, Dataset::NamedLocations, "/identity/conditionalAccess/namedLocations").await
}

/// Reads authentication strengths.
pub(in crate::collect) async fn strengths(reader: Reader<'_>, premium: Premium) -> Read<Vec<AuthenticationStrength>> {
    list(reader, premium, Dataset::AuthenticationStrengths, "/identity/conditionalAccess/authenticationStrength/policies").await
}

async fn list<T>(reader: Reader<'_>, premium: Premium, dataset: Dataset, path: &'static str) -> Read<Vec<T>>
where
    T: DeserializeOwned + Identified + Send,
{
    if let Some(coverage) = reader.skipped(dataset).or_else(|| proved_absent(premium)) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let mut facts: Vec<T> = Vec::new();
    let mut lost = 0;
    let get = read_of(dataset, Get::v1(path, &[])).unknown_enums().bucket(Bucket::ConditionalAccess);
    let listing = reader
        .client
        .list(&get, None, &mut |wire: AsIs<T>| {
            progress.one();
            lost += u64::from(!wire.0.is_whole());
            facts.push(wire.0);
        })
        .await;
    facts.sort_by(|a, b| a.id().cmp(b.id()));
    let mut coverage = reader.judge(dataset, premium.p1).listing(&listing, facts.len() as u64);
    note_lost(&mut coverage, lost, 0);
    Read { facts, coverage }
}

/// No Entra ID P1, by the tenant's own licences: there is no Conditional Access.
fn proved_absent(premium: Premium) -> Option<Coverage> {
    (premium.p1 == Some(false)).then(|| Coverage::complete(0).because("without Entra ID P1 there is no Conditional Access"))
}

/// Graph: `identitySecurityDefaultsEnforcementPolicy`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SecurityDefaultsWire {
    is_enabled: Flag,
}

/// Reads whether security defaults are on.
pub(in crate::collect) async fn security_defaults(reader: Reader<'_>) -> Read<Option<bool>> {
    let dataset = Dataset::SecurityDefaults;
    if let Some(coverage) = reader.skipped(dataset) {
        return Read::none(coverage);
    }
    let _progress = reader.progress(dataset);
    let get = read_of(dataset, Get::v1("/policies/identitySecurityDefaultsEnforcementPolicy", &[]));
    match reader.client.get::<SecurityDefaultsWire>(&get).await {
        Ok(SecurityDefaultsWire { is_enabled: Flag(Some(enabled)) }) => Read { facts: Some(enabled), coverage: Coverage::complete(1) },
        Ok(_) => {
            Read::none(Coverage::new(crate::domain::Status::Failed).because("the answer does not say whether security defaults are on"))
        }
        Err(error) => Read::none(reader.judge(dataset, None).error(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Status;

    #[test]
    fn only_proof_makes_an_empty_list_complete() {
        let none = Premium { p1: Some(false), pim: Some(false) };
        assert_eq!(proved_absent(none).map(|coverage| coverage.status), Some(Status::Complete));
        assert_eq!(proved_absent(Premium::default()), None);
        assert_eq!(proved_absent(Premium { p1: Some(true), pim: None }), None);
    }

    #[test]
    fn policies_are_read_in_graphs_own_form() {
        let wire: AsIs<ConditionalAccessPolicy> = serde_json::from_value(serde_json::json!({
            "id": "p1", "displayName": "MFA", "state": "enabled",
            "conditions": { "users": { "includeUsers": ["All"] }, "applications": { "includeApplications": ["All"] }, "clientAppTypes": ["all"] },
            "grantControls": { "operator": "OR", "builtInControls": ["mfa"] }
        }))
        .unwrap();
        assert_eq!(wire.key(), Some("p1"));
    }
}
