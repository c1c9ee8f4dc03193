//! What is read of each tenant with settings of its own: synchronisation, and the ceiling of a service provider's roles.

use serde::Deserialize;

use crate::collect::coverage::{Subjects, without_subjects};
use crate::collect::reader::{Read, Reader, read_of};
use crate::collect::wire::{Flag, Items, Object, Text, Time};
use crate::domain::Dataset;
use crate::domain::customer::{CrossTenantPartner, IdentitySync, ProviderConstraint};
use crate::graph::{Get, GraphError, GraphErrorKind};

const SYNC: &str = "/policies/crossTenantAccessPolicy/partners/{}/identitySynchronization";
const CONSTRAINTS: &str = "/policies/crossTenantAccessPolicy/partners/{}/serviceProviderConstraints";

/// Graph: `crossTenantIdentitySyncPolicyPartner`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SyncWire {
    user_sync_inbound: Object<InboundWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct InboundWire {
    is_sync_allowed: Flag,
}

/// Reads cross-tenant synchronisation. A 404 is a fact: there is none.
pub(in crate::collect) async fn identity_sync(reader: Reader<'_>, partners: &Read<Vec<CrossTenantPartner>>) -> Read<Vec<IdentitySync>> {
    let dataset = Dataset::IdentitySync;
    if let Some(coverage) = reader.skipped(dataset).or_else(|| without_subjects(Dataset::CrossTenantPartners, &partners.coverage)) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let items = partners.facts.iter().map(|partner| item(dataset, SYNC, partner)).collect();
    let mut subjects = Subjects::default();
    let mut facts = Vec::new();
    for (tenant_id, answer) in reader.client.batch_get::<SyncWire>(items).await {
        match answer {
            Ok(wire) => {
                progress.one();
                subjects.answered(&tenant_id);
                let is_inbound_sync_allowed = wire.user_sync_inbound.or_empty().is_sync_allowed.0 == Some(true);
                facts.push(IdentitySync { tenant_id, is_inbound_sync_allowed });
            }
            Err(error) if error.kind == GraphErrorKind::NotFound => subjects.answered(&tenant_id),
            Err(error) => subjects.failed(&tenant_id, error),
        }
    }
    let coverage = reader.judge(dataset, None).subjects(&subjects, "tenants", facts.len() as u64);
    Read { facts, coverage }
}

/// Graph: `delegatedAdminServiceProviderConstraints`, known from metadata only: one object, or perhaps a list of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ConstraintsWire {
    #[serde(flatten)]
    one: ConstraintWire,
    value: Items<ConstraintWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ConstraintWire {
    allowed_role_template_ids: Option<Items<Text>>,
    created_date_time: Time,
    last_modified_date_time: Time,
}

impl ConstraintsWire {
    /// `None`: the answer does not say which roles are allowed.
    fn into_fact(self, tenant_id: &str) -> Option<ProviderConstraint> {
        let parts: Vec<ConstraintWire> = std::iter::once(self.one).chain(self.value.0).collect();
        let lists: Vec<&Items<Text>> = parts.iter().filter_map(|part| part.allowed_role_template_ids.as_ref()).collect();
        if lists.is_empty() {
            return None;
        }
        let mut allowed_roles: Vec<String> = lists.into_iter().flat_map(|list| &list.0).filter_map(Text::id).collect();
        allowed_roles.sort();
        allowed_roles.dedup();
        Some(ProviderConstraint {
            tenant_id: tenant_id.to_owned(),
            allowed_roles,
            created_date_time: parts.iter().filter_map(|part| part.created_date_time.0).min(),
            last_modified_date_time: parts.iter().filter_map(|part| part.last_modified_date_time.0).max(),
        })
    }
}

/// Reads the ceilings of service providers. No document describes this path, so whatever comes in place of an answer is a gap and no more.
pub(in crate::collect) async fn constraints(reader: Reader<'_>, partners: &Read<Vec<CrossTenantPartner>>) -> Read<Vec<ProviderConstraint>> {
    let dataset = Dataset::ProviderConstraints;
    if let Some(coverage) = reader.skipped(dataset).or_else(|| without_subjects(Dataset::CrossTenantPartners, &partners.coverage)) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let providers = partners.facts.iter().filter(|partner| partner.is_service_provider);
    let items = providers.map(|partner| item(dataset, CONSTRAINTS, partner)).collect();
    let mut subjects = Subjects::default();
    let mut facts = Vec::new();
    for (tenant_id, answer) in reader.client.batch_get::<ConstraintsWire>(items).await {
        match answer.map(|wire| wire.into_fact(&tenant_id)) {
            Ok(Some(fact)) => {
                progress.one();
                subjects.answered(&tenant_id);
                facts.push(fact);
            }
            Ok(None) => subjects.failed(&tenant_id, unsaid()),
            Err(error) => subjects.failed(&tenant_id, refused(error)),
        }
    }
    let coverage = reader.judge(dataset, None).subjects(&subjects, "service providers", facts.len() as u64);
    Read { facts, coverage }
}

fn unsaid() -> GraphError {
    GraphError::new(GraphErrorKind::Malformed, CONSTRAINTS, "").because("the answer does not say which roles are allowed")
}

/// A 400 on a path that is not documented says that it is not offered, not that the request could be put better.
fn refused(error: GraphError) -> GraphError {
    match error.kind {
        GraphErrorKind::BadRequest => GraphError { kind: GraphErrorKind::NotImplemented, ..error },
        _ => error,
    }
}

fn item(dataset: Dataset, template: &'static str, partner: &CrossTenantPartner) -> (String, Get) {
    (partner.tenant_id.clone(), read_of(dataset, Get::v1(template, &[&partner.tenant_id])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::coverage::Judge;
    use crate::collect::coverage::tests::{denied, error};
    use crate::domain::{Status, Timestamp};

    fn ceiling(json: serde_json::Value) -> Option<ProviderConstraint> {
        serde_json::from_value::<ConstraintsWire>(json).unwrap().into_fact("t")
    }

    #[test]
    fn a_ceiling_comes_as_one_object_or_as_several() {
        let one =
            ceiling(serde_json::json!({ "allowedRoleTemplateIds": ["B", "a", "b", null], "createdDateTime": "2026-01-02T00:00:00Z" }));
        let one = one.unwrap();
        assert_eq!((one.allowed_roles, one.created_date_time), (vec!["a".into(), "b".into()], Timestamp::parse("2026-01-02T00:00:00Z")));
        let several = ceiling(serde_json::json!({ "value": [
            { "allowedRoleTemplateIds": ["a"], "createdDateTime": "2026-01-02T00:00:00Z" },
            { "allowedRoleTemplateIds": ["b"], "createdDateTime": "2025-01-02T00:00:00Z" } ] }));
        let several = several.unwrap();
        assert_eq!(several.allowed_roles, ["a", "b"]);
        assert_eq!(several.created_date_time, Timestamp::parse("2025-01-02T00:00:00Z"));
    }

    #[test]
    fn no_list_is_not_an_empty_ceiling() {
        assert_eq!(ceiling(serde_json::json!({})), None);
        assert_eq!(ceiling(serde_json::json!({ "allowedRoleTemplateIds": null, "value": [] })), None);
        assert_eq!(ceiling(serde_json::json!({ "allowedRoleTemplateIds": [] })).unwrap().allowed_roles, Vec::<String>::new());
    }

    #[test]
    fn every_refusal_is_coverage() {
        let judge = Judge { dataset: Dataset::ProviderConstraints, cloud: "global", claims: None, licensed: None };
        for (refusal, expected) in [
            (error(GraphErrorKind::BadRequest, Some(400), "BadRequest", ""), Status::Unavailable),
            (error(GraphErrorKind::NotFound, Some(404), "ResourceNotFound", ""), Status::Unavailable),
            (error(GraphErrorKind::NotImplemented, Some(501), "NotImplemented", ""), Status::Unavailable),
            (denied(), Status::Denied),
            (unsaid(), Status::Failed),
        ] {
            let mut subjects = Subjects::default();
            subjects.failed("t", refused(refusal));
            assert_eq!(judge.subjects(&subjects, "service providers", 0).status, expected);
            subjects.answered("u");
            let partly = judge.subjects(&subjects, "service providers", 1);
            assert_eq!((partly.status, partly.is_complete_for("t"), partly.is_complete_for("u")), (Status::Partial, false, true));
        }
    }
}
