//! What tells that a tenant is a partner, for `--view auto`, and which tenant a credential belongs to.

use super::customers::{ContractWire, contracts_request, customers_request};
use super::organization::{OrganizationWire, organization_request};
use super::reader::read_of;
use super::relationships::{CustomerWire, RelationshipWire};
use crate::domain::{Dataset, TenantSnapshot, View};
use crate::graph::{Claims, Client, End, Get, Wire};

/// What a tenant shows of being a partner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signs {
    /// `partnerTenantType` as written; `None` where it is null or could not be read.
    pub partner_tenant_type: Option<String>,
    /// Datasets with at least one record: relationships, customers, contracts.
    pub found: Vec<Dataset>,
    /// Sources that could not be read. A refusal is no sign.
    pub unreadable: Vec<Dataset>,
}

impl Signs {
    /// True if there is any sign.
    pub fn is_partner(&self) -> bool {
        self.partner_tenant_type.is_some() || !self.found.is_empty()
    }

    /// True if `partnerTenantType` was read: null then means something.
    pub fn is_organization_read(&self) -> bool {
        !self.unreadable.contains(&Dataset::Organization)
    }

    /// The first sign in words; `None` if there is none.
    pub fn first(&self) -> Option<String> {
        let kind = self.partner_tenant_type.as_ref().map(|kind| format!("partnerTenantType is {kind}"));
        kind.or_else(|| self.found.first().map(|dataset| format!("it has {dataset}")))
    }

    fn note(&mut self, dataset: Dataset, has_record: Option<bool>) {
        match has_record {
            Some(true) => self.found.push(dataset),
            Some(false) => {}
            None => self.unreadable.push(dataset),
        }
    }
}

/// Looks for signs: the tenant's own type first, which ends the search if it is set; else one record of each list that only a partner has.
pub async fn signs_of_partner(client: &Client) -> Signs {
    let mut signs = Signs::default();
    let mut is_there = false;
    let listing = client
        .list(&organization_request(), None, &mut |wire: OrganizationWire| {
            is_there = true;
            if signs.partner_tenant_type.is_none() {
                signs.partner_tenant_type = wire.into_partner_tenant_type();
            }
        })
        .await;
    if !is_there || matches!(listing.end, End::Broken(_)) {
        signs.unreadable.push(Dataset::Organization);
    }
    if signs.partner_tenant_type.is_some() {
        return signs;
    }
    let relationships =
        read_of(Dataset::Relationships, Get::v1("/tenantRelationships/delegatedAdminRelationships", &[]).query("$top", "1"));
    let (customers, contracts) = (customers_request("1"), contracts_request("1"));
    let (relationships, customers, contracts) = tokio::join!(
        has_record::<RelationshipWire>(client, &relationships),
        has_record::<CustomerWire>(client, &customers),
        has_record::<ContractWire>(client, &contracts),
    );
    signs.note(Dataset::Relationships, relationships);
    signs.note(Dataset::Customers, customers);
    signs.note(Dataset::Contracts, contracts);
    signs
}

/// Whether a list has a record; `None` if it could not be read.
async fn has_record<T: Wire>(client: &Client, get: &Get) -> Option<bool> {
    let mut found = false;
    let listing = client.list(get, Some(1), &mut |_: T| found = true).await;
    (found || !matches!(listing.end, End::Broken(_))).then_some(found)
}

/// Which tenant the credential belongs to, as far as each source says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallerTenant {
    /// `tid` of the token, lower case.
    pub token: Option<String>,
    /// Id of the organization that Graph answered with, lower case.
    pub organization: Option<String>,
}

impl CallerTenant {
    /// The id that decides: the token's where there is one.
    pub fn id(&self) -> Option<&str> {
        self.token.as_deref().or(self.organization.as_deref())
    }

    /// True if no two sources contradict each other, nor `expected` (a tenant id) where it is given.
    pub fn agrees_with(&self, expected: Option<&str>) -> bool {
        let mut said = [expected, self.token.as_deref(), self.organization.as_deref()].into_iter().flatten();
        said.next().is_none_or(|first| said.all(|other| other.eq_ignore_ascii_case(first)))
    }
}

/// What token and organization say of the tenant, for the check that they agree with `--tenant`.
pub fn caller_tenant(claims: Option<&Claims>, snapshot: &TenantSnapshot) -> CallerTenant {
    let organization = match snapshot.view {
        View::Partner => snapshot.partner.organization.as_ref(),
        View::Customer => snapshot.customer.organization.as_ref(),
    };
    CallerTenant {
        token: claims.and_then(|claims| claims.tenant_id.as_deref()).map(str::to_ascii_lowercase),
        organization: organization.map(|organization| organization.id.clone()).filter(|id| !id.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_sign_will_do_and_a_refusal_is_none() {
        let mut signs = Signs::default();
        signs.note(Dataset::Relationships, None);
        signs.note(Dataset::Customers, Some(false));
        assert!(!signs.is_partner() && signs.is_organization_read() && signs.first().is_none());
        assert_eq!(signs.unreadable, [Dataset::Relationships]);
        signs.note(Dataset::Contracts, Some(true));
        assert_eq!((signs.is_partner(), signs.first().as_deref()), (true, Some("it has contracts")));
        signs.partner_tenant_type = Some("breadthPartner".into());
        assert_eq!(signs.first().as_deref(), Some("partnerTenantType is breadthPartner"));
    }

    #[test]
    fn tenants_agree_where_each_can_be_read() {
        let tenant = |token: Option<&str>, organization: Option<&str>| CallerTenant {
            token: token.map(str::to_owned),
            organization: organization.map(str::to_owned),
        };
        assert!(tenant(Some("a"), Some("a")).agrees_with(Some("A")));
        assert!(tenant(None, None).agrees_with(Some("a")) && tenant(None, None).agrees_with(None));
        assert!(tenant(Some("a"), None).agrees_with(None));
        assert!(!tenant(Some("a"), Some("b")).agrees_with(None));
        assert!(!tenant(Some("a"), None).agrees_with(Some("b")));
        assert_eq!(tenant(Some("a"), Some("b")).id(), Some("a"));
        assert_eq!(tenant(None, Some("b")).id(), Some("b"));
    }
}
