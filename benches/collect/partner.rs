//! The partner that the server plays.

use super::server::{Tenant, envelope, page_of, parameter};
use super::work::{PARTNER, Work};

/// Its answers. Pages of the sign-in log are made once: they are large.
pub(crate) struct Partner {
    work: Work,
    uri: String,
    interactive: Vec<Vec<u8>>,
    background: Vec<Vec<u8>>,
}

impl Partner {
    pub(crate) fn new(work: Work, uri: String) -> Self {
        let part = work.sign_ins * 3 / 10;
        let pages = |count: usize, interactive: bool| {
            let kind = if interactive { "i" } else { "n" };
            super::server::pages(count, 1_000, &format!("{uri}/beta/auditLogs/signIns?kind={kind}"), |number| {
                work.sign_in(number, interactive)
            })
        };
        Partner { interactive: pages(part, true), background: pages(work.sign_ins - part, false), work, uri }
    }

    fn sign_ins(&self, query: &str) -> Vec<u8> {
        let page: usize = parameter(query, "page").and_then(|page| page.parse().ok()).unwrap_or(0);
        let background = query.contains("nonInteractiveUser") || parameter(query, "kind") == Some("n");
        let pages = if background { &self.background } else { &self.interactive };
        if parameter(query, "%24top").or(parameter(query, "$top")) == Some("1") {
            return envelope(&[self.work.sign_in(0, true)], None);
        }
        pages.get(page).cloned().unwrap_or_else(|| envelope(&[], None))
    }
}

impl Tenant for Partner {
    fn answer(&self, path: &str, query: &str, _: &[u8]) -> Option<Vec<u8>> {
        let work = &self.work;
        let segments: Vec<&str> = path.trim_matches('/').split('/').skip(1).collect();
        let number = |id: &str| usize::from_str_radix(id.get(24..36)?, 16).ok();
        Some(match segments[..] {
            ["organization"] => envelope(&[format!("{{\"id\":\"{PARTNER}\",\"displayName\":\"Northwind\",\"partnerTenantType\":\"breadthPartner\",\"verifiedDomains\":[]}}")], None),
            ["subscribedSkus"] => envelope(&["{\"id\":\"a\",\"capabilityStatus\":\"Enabled\",\"skuPartNumber\":\"SPE_E5\",\"servicePlans\":[{\"servicePlanName\":\"AAD_PREMIUM\",\"provisioningStatus\":\"Success\"},{\"servicePlanName\":\"AAD_PREMIUM_P2\",\"provisioningStatus\":\"Success\"}]}".to_owned()], None),
            ["contracts"] => page_of(&self.uri, path, query, work.relationships, 999, Work::contract),
            ["tenantRelationships", "delegatedAdminRelationships"] => page_of(&self.uri, path, query, work.relationships, 300, |number| work.relationship(number)),
            ["tenantRelationships", "delegatedAdminCustomers"] => page_of(&self.uri, path, query, work.relationships, 300, Work::customer),
            ["tenantRelationships", "delegatedAdminRelationships", id, "accessAssignments"] => envelope(&[work.assignments(number(id)?)], None),
            ["tenantRelationships", "delegatedAdminRelationships", _, "requests"] => envelope(&[], None),
            ["groups", id] => format!("{{\"id\":\"{id}\",\"displayName\":\"GDAP {id}\",\"isAssignableToRole\":true,\"securityEnabled\":true,\"mailEnabled\":false,\"groupTypes\":[]}}").into_bytes(),
            ["groups", _, "owners"] => envelope(&[Work::user(0)], None),
            ["groups", id, "transitiveMembers"] => {
                let each = work.members / work.groups;
                let first = number(id)? * each;
                envelope(&(first..first + each).map(Work::user).collect::<Vec<_>>(), None)
            }
            ["identityGovernance", ..] => envelope(&[], None),
            ["reports", "authenticationMethods", "userRegistrationDetails"] => page_of(&self.uri, path, query, work.users, 999, Work::registration),
            ["users"] => page_of(&self.uri, path, query, work.users, 500, Work::user),
            ["auditLogs", "signIns"] => self.sign_ins(query),
            _ => return None,
        })
    }
}
