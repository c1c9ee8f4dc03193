//! Subscriptions: which partner sold what. A commercial tie, no right to administer.

use serde::Deserialize;

use crate::collect::reader::{Read, Reader, read_of};
use crate::collect::relationships::note_lost;
use crate::collect::wire::{Text, Time};
use crate::domain::Dataset;
use crate::domain::customer::Subscription;
use crate::graph::{Get, Wire};

/// Graph: `companySubscription`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SubscriptionWire {
    id: Text,
    sku_part_number: Text,
    owner_tenant_id: Text,
    status: Text,
    created_date_time: Time,
}

impl Wire for SubscriptionWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl SubscriptionWire {
    /// A subscription that the tenant itself owns was bought directly.
    fn into_fact(self, own: Option<&str>) -> Option<Subscription> {
        Some(Subscription {
            id: self.id.id()?,
            sku_part_number: self.sku_part_number.take(),
            owner_tenant_id: self.owner_tenant_id.id().filter(|owner| own.is_none_or(|own| own != owner)),
            status: self.status.take(),
            created_date_time: self.created_date_time.0,
        })
    }
}

/// Reads subscriptions.
pub(in crate::collect) async fn subscriptions(reader: Reader<'_>, own: Option<&str>) -> Read<Vec<Subscription>> {
    let dataset = Dataset::Subscriptions;
    if let Some(coverage) = reader.skipped(dataset) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let mut facts: Vec<Subscription> = Vec::new();
    let get = read_of(dataset, Get::v1("/directory/subscriptions", &[]));
    let listing = reader
        .client
        .list(&get, None, &mut |wire: SubscriptionWire| {
            progress.one();
            facts.extend(wire.into_fact(own));
        })
        .await;
    facts.sort_by(|a, b| a.id.cmp(&b.id));
    let mut coverage = reader.judge(dataset, None).listing(&listing, facts.len() as u64);
    note_lost(&mut coverage, listing.records, facts.len());
    Read { facts, coverage }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_does_not_sell_to_itself() {
        let owner = |json: serde_json::Value| {
            let wire: SubscriptionWire = serde_json::from_value(serde_json::json!({ "id": "S", "ownerTenantId": json })).unwrap();
            wire.into_fact(Some("own")).unwrap().owner_tenant_id
        };
        assert_eq!(owner("ABC".into()).as_deref(), Some("abc"));
        assert_eq!(owner("OWN".into()), None);
        assert_eq!(owner(serde_json::Value::Null), None);
    }
}
