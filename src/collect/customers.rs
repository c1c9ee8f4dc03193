//! Graph's own list of customers, and contracts.

use serde::Deserialize;

use super::reader::{Read, Reader, read_of};
use super::relationships::{CustomerWire, PAGE, note_lost};
use super::wire::Text;
use crate::domain::Dataset;
use crate::domain::facts::{Contract, Customer};
use crate::graph::{Get, Wire};

pub(super) fn customers_request(top: &str) -> Get {
    read_of(Dataset::Customers, Get::v1("/tenantRelationships/delegatedAdminCustomers", &[]).query("$top", top))
}

pub(super) fn contracts_request(top: &str) -> Get {
    read_of(Dataset::Contracts, Get::v1("/contracts", &[]).query("$top", top))
}

/// Reads Graph's list of customers: those with a relationship that is or was active.
pub(super) async fn customers(reader: Reader<'_>) -> Read<Vec<Customer>> {
    if let Some(coverage) = reader.skipped(Dataset::Customers) {
        return Read::none(coverage);
    }
    let progress = reader.progress(Dataset::Customers);
    let mut facts: Vec<Customer> = Vec::new();
    let listing = reader
        .client
        .list(&customers_request(PAGE), None, &mut |wire: CustomerWire| {
            progress.one();
            facts.extend(wire.into_fact().filter(|customer| !customer.tenant_id.is_empty()));
        })
        .await;
    facts.sort_by(|a, b| a.tenant_id.cmp(&b.tenant_id));
    let mut coverage = reader.judge(Dataset::Customers, None).listing(&listing, facts.len() as u64);
    note_lost(&mut coverage, listing.records, facts.len());
    Read { facts, coverage }
}

/// Graph: `contract`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ContractWire {
    id: Text,
    customer_id: Text,
    contract_type: Text,
    display_name: Text,
    default_domain_name: Text,
}

impl Wire for ContractWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl ContractWire {
    fn into_fact(self) -> Option<Contract> {
        Some(Contract {
            id: self.id.id()?,
            customer_id: self.customer_id.id().unwrap_or_default(),
            contract_type: self.contract_type.take(),
            display_name: self.display_name.take(),
            default_domain_name: self.default_domain_name.take(),
        })
    }
}

/// Reads reseller partnerships.
pub(super) async fn contracts(reader: Reader<'_>) -> Read<Vec<Contract>> {
    if let Some(coverage) = reader.skipped(Dataset::Contracts) {
        return Read::none(coverage);
    }
    let progress = reader.progress(Dataset::Contracts);
    let mut facts: Vec<Contract> = Vec::new();
    let listing = reader
        .client
        .list(&contracts_request("999"), None, &mut |wire: ContractWire| {
            progress.one();
            facts.extend(wire.into_fact());
        })
        .await;
    facts.sort_by(|a, b| a.id.cmp(&b.id));
    let mut coverage = reader.judge(Dataset::Contracts, None).listing(&listing, facts.len() as u64);
    note_lost(&mut coverage, listing.records, facts.len());
    Read { facts, coverage }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_need_a_tenant_id_and_no_name() {
        let read = |json: &str| serde_json::from_str::<CustomerWire>(json).unwrap().into_fact();
        let blank = read(r#"{"id":"ABC","tenantId":"ABC","displayName":" "}"#).unwrap();
        assert_eq!(blank, Customer { tenant_id: "abc".into(), display_name: None });
        assert_eq!(read(r#"{"id":"x","tenantId":null,"displayName":null}"#), None);
    }

    #[test]
    fn contracts_keep_what_they_say() {
        let read = |json: &str| serde_json::from_str::<ContractWire>(json).unwrap().into_fact();
        let contract =
            read(r#"{"id":"C1","customerId":"ABC","contractType":"SomethingPartner","displayName":null,"defaultDomainName":""}"#).unwrap();
        assert_eq!((contract.id.as_str(), contract.customer_id.as_str()), ("c1", "abc"));
        assert_eq!(contract.contract_type.as_deref(), Some("SomethingPartner"));
        assert_eq!((contract.display_name, contract.default_domain_name), (None, None));
        assert_eq!(read("{}"), None);
    }
}
