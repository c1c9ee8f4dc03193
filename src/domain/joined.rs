//! Facts of the partner view, joined in the one way that rules, answers and comparisons share.

use std::collections::BTreeMap;

use super::facts::{PartnerFacts, Relationship};

/// One relationship for each id, by id. Of two with one id, which no collector writes, the live one, for it gives access: the same one in
/// whatever order they and their roles stand.
pub fn relationships_by_id(relationships: &[Relationship]) -> Vec<&Relationship> {
    let in_order = |relationship: &Relationship| {
        let mut relationship = relationship.clone();
        relationship.roles.sort_unstable();
        relationship
    };
    let mut list: Vec<&Relationship> = relationships.iter().collect();
    list.sort_unstable_by(|a, b| {
        (&a.id, !a.status.is_live()).cmp(&(&b.id, !b.status.is_live())).then_with(|| in_order(a).cmp(&in_order(b)))
    });
    list.dedup_by(|later, kept| later.id == kept.id);
    list
}

/// The best name of each customer that has one: that of a relationship, of Graph's customer list, of a contract (a copy that nobody
/// refreshes). Of several in one source the greatest, whatever their order.
pub fn customer_names(facts: &PartnerFacts) -> BTreeMap<&str, &str> {
    let contracts = facts.contracts.iter().map(|row| (row.customer_id.as_str(), row.display_name.as_deref()));
    let listed = facts.customers.iter().map(|row| (row.tenant_id.as_str(), row.display_name.as_deref()));
    let of_relationships = facts.relationships.iter().filter_map(|row| row.customer.as_ref());
    let of_relationships = of_relationships.map(|row| (row.tenant_id.as_str(), row.display_name.as_deref()));
    let mut names: BTreeMap<&str, (u8, &str)> = BTreeMap::new();
    let ranked = contracts.map(|row| (0, row)).chain(listed.map(|row| (1, row))).chain(of_relationships.map(|row| (2, row)));
    for (rank, (id, name)) in ranked {
        let Some(name) = name.filter(|name| !name.trim().is_empty()) else { continue };
        let best = names.entry(id).or_insert((rank, name));
        *best = (*best).max((rank, name));
    }
    names.into_iter().map(|(id, (_, name))| (id, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(value: serde_json::Value) -> PartnerFacts {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn of_two_with_one_id_the_same_is_taken_in_every_order_of_them_and_of_their_roles() {
        let taken = |rows: [&[&str]; 2]| {
            let json = rows.map(|roles| serde_json::json!({ "id": "r", "status": "terminated", "roles": roles }));
            let facts = facts(serde_json::json!({ "relationships": json }));
            let mut roles = relationships_by_id(&facts.relationships)[0].roles.clone();
            roles.sort();
            roles
        };
        let first = taken([&["e"], &["n", "6"]]);
        for other in [[&["e"][..], &["6", "n"]], [&["n", "6"], &["e"]], [&["6", "n"], &["e"]]] {
            assert_eq!(taken(other), first);
        }
        let both = facts(serde_json::json!({ "relationships": [{ "id": "r", "status": "expired" }, { "id": "r", "status": "active" }] }));
        assert!(matches!(relationships_by_id(&both.relationships)[..], [one] if one.status.is_live()));
    }

    #[test]
    fn the_best_name_is_that_of_a_relationship_and_never_a_blank_one() {
        let all = serde_json::json!({
            "contracts": [{ "id": "k", "customerId": "a", "displayName": "Z old" }, { "id": "l", "customerId": "b", "displayName": "B" }],
            "customers": [{ "tenantId": "a", "displayName": "Y listed" }, { "tenantId": "c", "displayName": "C" }],
            "relationships": [
                { "id": "r", "status": "active", "customer": { "tenantId": "a", "displayName": "A2" } },
                { "id": "s", "status": "active", "customer": { "tenantId": "a", "displayName": "A1" } },
                { "id": "t", "status": "active", "customer": { "tenantId": "c", "displayName": "  " } },
            ],
        });
        let mut turned = all.clone();
        turned["relationships"].as_array_mut().unwrap().reverse();
        for value in [all, turned] {
            let facts = facts(value);
            assert_eq!(customer_names(&facts).into_iter().collect::<Vec<_>>(), [("a", "A2"), ("b", "B"), ("c", "C")]);
        }
    }
}
