//! Users, apps, devices and nested groups, however many lists name them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::wire::{Flag, Text, Time};
use crate::domain::facts::{Principal, PrincipalKind};
use crate::graph::Wire;

/// Graph: `directoryObject` as member or owner. A type that the caller may not read comes with `@odata.type` and `id` alone.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PrincipalWire {
    #[serde(rename = "@odata.type")]
    odata_type: Text,
    id: Text,
    display_name: Text,
    user_principal_name: Text,
    account_enabled: Flag,
    user_type: Text,
    on_premises_sync_enabled: Flag,
    created_date_time: Time,
}

impl Wire for PrincipalWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl PrincipalWire {
    pub(super) fn into_fact(self) -> Option<Principal> {
        let kind = match self.odata_type.get() {
            Some(text) => PrincipalKind::parse(text.strip_prefix("#microsoft.graph.").unwrap_or(text)),
            // A type that is not said: only users have sign-in names.
            None if self.user_principal_name.get().is_some() => PrincipalKind::User,
            None => PrincipalKind::Unknown(String::new()),
        };
        Some(Principal {
            id: self.id.id()?,
            kind,
            display_name: self.display_name.take(),
            user_principal_name: self.user_principal_name.take(),
            account_enabled: self.account_enabled.0,
            user_type: self.user_type.take(),
            on_premises_sync_enabled: self.on_premises_sync_enabled.0,
            created_date_time: self.created_date_time.0,
        })
    }
}

/// One record for each principal: the fullest one, completed from the others. The order in which records come does not matter as long as
/// they agree; batches answer in any order, so records are settled by a sort first.
pub(super) fn merge(records: impl IntoIterator<Item = Principal>) -> Vec<Principal> {
    let mut by_id: BTreeMap<String, Vec<Principal>> = BTreeMap::new();
    for record in records {
        by_id.entry(record.id.clone()).or_default().push(record);
    }
    by_id.into_values().filter_map(merge_one).collect()
}

fn merge_one(mut records: Vec<Principal>) -> Option<Principal> {
    records.sort_by(|a, b| fields(b).cmp(&fields(a)).then_with(|| rest(a).cmp(&rest(b))));
    records.into_iter().reduce(|best, other| Principal {
        kind: if matches!(best.kind, PrincipalKind::Unknown(_)) { other.kind } else { best.kind },
        display_name: best.display_name.or(other.display_name),
        user_principal_name: best.user_principal_name.or(other.user_principal_name),
        account_enabled: best.account_enabled.or(other.account_enabled),
        user_type: best.user_type.or(other.user_type),
        on_premises_sync_enabled: best.on_premises_sync_enabled.or(other.on_premises_sync_enabled),
        created_date_time: best.created_date_time.or(other.created_date_time),
        id: best.id,
    })
}

/// How many optional fields are there.
fn fields(principal: &Principal) -> usize {
    usize::from(principal.display_name.is_some())
        + usize::from(principal.user_principal_name.is_some())
        + usize::from(principal.account_enabled.is_some())
        + usize::from(principal.user_type.is_some())
        + usize::from(principal.on_premises_sync_enabled.is_some())
        + usize::from(principal.created_date_time.is_some())
}

/// A total order over what two records of one principal may differ in.
fn rest(principal: &Principal) -> impl Ord + '_ {
    (
        &principal.kind,
        &principal.display_name,
        &principal.user_principal_name,
        principal.account_enabled,
        &principal.user_type,
        (principal.on_premises_sync_enabled, principal.created_date_time),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Principal {
        serde_json::from_str::<PrincipalWire>(json).unwrap().into_fact().unwrap()
    }

    #[test]
    fn kinds_are_told_apart() {
        for (kind, expected) in [
            ("user", PrincipalKind::User),
            ("servicePrincipal", PrincipalKind::ServicePrincipal),
            ("device", PrincipalKind::Device),
            ("group", PrincipalKind::Group),
            ("orgContact", PrincipalKind::Contact),
            ("agentUser", PrincipalKind::Unknown("agentUser".into())),
        ] {
            let principal = read(&format!(r##"{{"@odata.type":"#microsoft.graph.{kind}","id":"ABC","displayName":null}}"##));
            assert_eq!((principal.kind, principal.id.as_str()), (expected, "abc"));
        }
        assert_eq!(read(r#"{"id":"a","userPrincipalName":"ada@northwind.example"}"#).kind, PrincipalKind::User);
        assert_eq!(read(r#"{"id":"a"}"#).kind, PrincipalKind::Unknown(String::new()));
    }

    #[test]
    fn a_member_that_may_not_be_read_keeps_no_name() {
        let hidden = read(
            r##"{"@odata.type":"#microsoft.graph.user","id":"a","displayName":null,"userPrincipalName":null,"accountEnabled":null,"userType":null}"##,
        );
        assert_eq!((hidden.label(), hidden.account_enabled, hidden.is_guest()), ("a", None, false));
    }

    #[test]
    fn the_fullest_record_wins_whatever_the_order() {
        let full = read(
            r##"{"@odata.type":"#microsoft.graph.user","id":"a","displayName":"Ada","userPrincipalName":"ada@x","accountEnabled":true,"userType":"Guest"}"##,
        );
        let bare = read(r##"{"@odata.type":"#microsoft.graph.user","id":"A","onPremisesSyncEnabled":true}"##);
        let nameless = read(r#"{"id":"a"}"#);
        let one = merge([full.clone(), bare.clone(), nameless.clone()]);
        assert_eq!(one, merge([nameless, bare, full]));
        assert_eq!(one.len(), 1);
        assert_eq!((one[0].label(), one[0].on_premises_sync_enabled, &one[0].kind), ("ada@x", Some(true), &PrincipalKind::User));
        assert!(one[0].is_guest());
    }
}
