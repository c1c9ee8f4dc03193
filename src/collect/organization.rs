//! The tenant itself, and its premium licences.

use serde::Deserialize;

use super::permissions::ENTRA_P1;
use super::reader::{Read, Reader, read_of};
use super::wire::{Flag, Items, Text};
use crate::domain::facts::{Licenses, Organization};
use crate::domain::{Coverage, Dataset, Status};
use crate::graph::{Get, Wire};

/// What is known of premium licences; `None` where it could not be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Premium {
    /// Entra ID P1: sign-in log, authentication reports, `signInActivity`.
    pub(super) p1: Option<bool>,
    /// Whatever brings PIM for Groups.
    pub(super) pim: Option<bool>,
}

/// Graph: `organization`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct OrganizationWire {
    id: Text,
    display_name: Text,
    partner_tenant_type: Text,
    verified_domains: Items<VerifiedDomain>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct VerifiedDomain {
    name: Text,
    is_default: Flag,
}

impl Wire for OrganizationWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl OrganizationWire {
    /// `partnerTenantType` alone.
    pub(super) fn into_partner_tenant_type(self) -> Option<String> {
        self.partner_tenant_type.take()
    }

    fn into_fact(self) -> Option<Organization> {
        let mut default_domain = None;
        let mut verified_domains = Vec::new();
        for domain in self.verified_domains.0 {
            let is_default = domain.is_default.0 == Some(true);
            let Some(name) = domain.name.take() else { continue };
            verified_domains.push(name.to_ascii_lowercase());
            if is_default {
                default_domain = Some(name);
            }
        }
        verified_domains.sort();
        Some(Organization {
            id: self.id.id()?,
            display_name: self.display_name.take().unwrap_or_default(),
            default_domain,
            verified_domains,
            partner_tenant_type: self.partner_tenant_type.take(),
        })
    }
}

pub(super) fn organization_request() -> Get {
    let get = Get::v1("/organization", &[]).query("$select", "id,displayName,verifiedDomains,partnerTenantType");
    read_of(Dataset::Organization, get)
}

/// Reads the tenant itself.
pub(super) async fn organization(reader: Reader<'_>) -> Read<Option<Organization>> {
    if let Some(coverage) = reader.skipped(Dataset::Organization) {
        return Read::none(coverage);
    }
    let progress = reader.progress(Dataset::Organization);
    let mut facts = None;
    let listing = reader
        .client
        .list(&organization_request(), None, &mut |wire: OrganizationWire| {
            progress.one();
            if facts.is_none() {
                facts = wire.into_fact();
            }
        })
        .await;
    let mut coverage = reader.judge(Dataset::Organization, None).listing(&listing, u64::from(facts.is_some()));
    if facts.is_none() && coverage.status == Status::Complete {
        // A tenant always is one: an empty list is a lack of rights.
        coverage = Coverage::new(Status::Partial).because("the list of organizations is empty");
        coverage.truncated = true;
    }
    Read { facts, coverage }
}

/// Graph: `subscribedSku`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SkuWire {
    id: Text,
    capability_status: Text,
    service_plans: Option<Items<ServicePlan>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ServicePlan {
    service_plan_name: Text,
    provisioning_status: Text,
}

impl Wire for SkuWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

/// True if `text` is one of `wanted`, or not said at all: only what is said can prove that a licence is off.
fn is_or_unsaid(text: &Text, wanted: &[&str]) -> bool {
    text.get().is_none_or(|text| wanted.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

/// Premium licences, summed over subscriptions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct PlanSum {
    p1: bool,
    p2: bool,
    governance: bool,
    /// Subscriptions seen.
    seen: u64,
    /// Subscriptions in force that do not say all of their plans: they may bring any.
    unsaid: u64,
}

impl PlanSum {
    /// Adds what a subscription brings: plans that are provisioned, of a subscription that is in force.
    fn add(&mut self, sku: &SkuWire) {
        self.seen += 1;
        if !is_or_unsaid(&sku.capability_status, &["Enabled", "Warning"]) {
            return;
        }
        let plans = sku.service_plans.as_ref().map_or(&[][..], |plans| &plans.0);
        self.unsaid += u64::from(sku.service_plans.is_none() || plans.iter().any(|plan| plan.service_plan_name.get().is_none()));
        for plan in plans.iter().filter(|plan| is_or_unsaid(&plan.provisioning_status, &["Success"])) {
            let name = plan.service_plan_name.get().unwrap_or_default().to_ascii_uppercase();
            // By prefix, not by equality: a variant that this build does not know must not pass for the absence of a licence.
            let p2 = name.starts_with("AAD_PREMIUM_P2");
            self.p2 |= p2;
            self.p1 |= p2 || name.starts_with("AAD_PREMIUM");
            self.governance |= name.contains("GOVERNANCE");
        }
    }
}

/// Reads premium licences.
pub(super) async fn licenses(reader: Reader<'_>) -> (Read<Option<Licenses>>, Premium) {
    if let Some(coverage) = reader.skipped(Dataset::Licenses) {
        return (Read::none(coverage), Premium::default());
    }
    let progress = reader.progress(Dataset::Licenses);
    let mut sum = PlanSum::default();
    let get = read_of(Dataset::Licenses, Get::v1("/subscribedSkus", &[]));
    let listing = reader
        .client
        .list(&get, None, &mut |wire: SkuWire| {
            progress.one();
            sum.add(&wire);
        })
        .await;
    let coverage = reader.judge(Dataset::Licenses, None).listing(&listing, 1);
    settle_licenses(sum, coverage)
}

/// Absence is proved only by a list that was read to its end; presence by any row.
fn settle_licenses(sum: PlanSum, mut coverage: Coverage) -> (Read<Option<Licenses>>, Premium) {
    if sum.unsaid > 0 && coverage.status == Status::Complete {
        coverage.status = Status::Partial;
        coverage.reason = Some(format!("{} subscriptions came without the names of their plans", sum.unsaid));
    }
    // A tenant without a single subscription is rarer than an answer that hides them.
    if sum.seen == 0 && coverage.status == Status::Complete {
        coverage = Coverage::new(Status::Partial).because("no subscription at all was shown, which does not prove that there is none");
    }
    let is_complete = coverage.status == Status::Complete;
    let known = |found: bool| (found || is_complete).then_some(found);
    let premium = Premium { p1: known(sum.p1), pim: known(sum.p2 || sum.governance) };
    let facts = coverage.status.has_records().then_some(Licenses { entra_p1: sum.p1, entra_p2: sum.p2 });
    (Read { facts, coverage }, premium)
}

/// The coverage of a dataset that needs Entra ID P1 in a tenant that is proved to have none: it is not even asked for.
pub(super) fn unlicensed(premium: Premium) -> Option<Coverage> {
    (premium.p1 == Some(false)).then(|| {
        let mut coverage = Coverage::new(Status::Unlicensed).because(format!("no subscription of this tenant holds {ENTRA_P1}"));
        coverage.licence = Some(ENTRA_P1.to_owned());
        coverage
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::coverage::tests::denied;
    use crate::graph::{End, Listing};

    fn sum(json: &str) -> PlanSum {
        let skus: Vec<SkuWire> = serde_json::from_str(json).unwrap();
        let mut sum = PlanSum::default();
        skus.iter().for_each(|sku| sum.add(sku));
        sum
    }

    #[test]
    fn licences_come_from_plans_that_are_in_force() {
        let plan = |status: &str, name: &str, provisioning: &str| {
            sum(&format!(
                r#"[{{"capabilityStatus":{status},"servicePlans":[{{"servicePlanName":{name},"provisioningStatus":{provisioning}}}]}}]"#
            ))
        };
        let none = PlanSum { seen: 1, ..PlanSum::default() };
        let p1 = PlanSum { p1: true, ..none };
        let p2 = PlanSum { p2: true, ..p1 };
        assert_eq!(plan(r#""Enabled""#, r#""AAD_PREMIUM""#, r#""Success""#), p1);
        assert_eq!(plan(r#""warning""#, r#""aad_premium_p2""#, r#""success""#), p2);
        assert_eq!(plan(r#""Suspended""#, r#""AAD_PREMIUM_P2""#, r#""Success""#), none);
        assert_eq!(plan(r#""Enabled""#, r#""AAD_PREMIUM""#, r#""Disabled""#), none);
        assert_eq!(plan(r#""Enabled""#, r#""EXCHANGE_S_STANDARD""#, r#""Success""#), none);
        assert_eq!(plan("null", r#""AAD_PREMIUM""#, "null"), p1, "what is not said proves no absence");
        assert_eq!(plan(r#""Enabled""#, r#""AAD_PREMIUM_NEW""#, r#""Success""#), p1, "an unknown variant proves no absence");
        assert!(plan(r#""Enabled""#, r#""Entra_Identity_Governance""#, r#""Success""#).governance);
        assert_eq!(sum(r#"[{"servicePlans":null},{},{"servicePlans":[null,{}]}]"#).unsaid, 3);
        assert_eq!(sum(r#"[{"servicePlans":[]},{"capabilityStatus":"Deleted"}]"#), PlanSum { seen: 2, ..none });
    }

    #[test]
    fn only_a_whole_list_proves_that_a_licence_is_absent() {
        let none = PlanSum { seen: 1, ..PlanSum::default() };
        let (read, premium) = settle_licenses(none, Coverage::complete(1));
        assert_eq!(read.facts, Some(Licenses { entra_p1: false, entra_p2: false }));
        assert_eq!(premium, Premium { p1: Some(false), pim: Some(false) });
        let absent = unlicensed(premium).unwrap();
        assert_eq!((absent.status, absent.licence.as_deref()), (Status::Unlicensed, Some("Microsoft Entra ID P1")));

        let (read, premium) = settle_licenses(none, Coverage::new(Status::Denied));
        assert_eq!((read.facts, premium), (None, Premium::default()));
        assert_eq!(unlicensed(premium), None);

        let (read, premium) = settle_licenses(PlanSum { unsaid: 1, ..none }, Coverage::complete(1));
        assert_eq!((read.coverage.status, premium), (Status::Partial, Premium::default()));

        let (read, premium) = settle_licenses(PlanSum::default(), Coverage::complete(1));
        assert_eq!((read.coverage.status, premium), (Status::Partial, Premium::default()), "an empty list proves nothing");

        let partly = PlanSum { p1: true, ..none };
        let (_, premium) = settle_licenses(partly, Coverage::new(Status::Partial));
        assert_eq!(premium, Premium { p1: Some(true), pim: None });
    }

    #[test]
    fn a_list_that_was_refused_says_nothing_of_licences() {
        let listing = Listing { records: 0, end: End::Broken(denied()) };
        let judge = crate::collect::coverage::Judge { dataset: Dataset::Licenses, cloud: "global", claims: None, licensed: None };
        let (read, premium) = settle_licenses(PlanSum::default(), judge.listing(&listing, 1));
        assert_eq!((read.coverage.status, read.facts, premium.p1), (Status::Denied, None, None));
    }

    #[test]
    fn organization_facts() {
        let wire: OrganizationWire = serde_json::from_str(
            r#"{"id":"0F1E2D3C-0000-0000-0000-000000000001","displayName":"Northwind","partnerTenantType":"breadthPartner",
                "verifiedDomains":[{"name":"x.onmicrosoft.com","isDefault":false},{"name":"northwind.example","isDefault":true}]}"#,
        )
        .unwrap();
        let organization = wire.into_fact().unwrap();
        assert_eq!(organization.id, "0f1e2d3c-0000-0000-0000-000000000001");
        assert_eq!(organization.default_domain.as_deref(), Some("northwind.example"));
        assert_eq!(organization.partner_tenant_type.as_deref(), Some("breadthPartner"));
        let bare: OrganizationWire = serde_json::from_str(r#"{"id":"a","partnerTenantType":null,"verifiedDomains":null}"#).unwrap();
        assert_eq!(bare.into_fact(), Some(Organization { id: "a".into(), ..Organization::default() }));
        assert_eq!(OrganizationWire::default().into_fact(), None);
    }
}
