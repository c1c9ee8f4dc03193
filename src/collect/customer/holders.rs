//! Who holds a role, seen from this tenant: of another tenant, a guest, an application, a group, or one of its own people.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::collect::wire::{Flag, Text, Time};
use crate::domain::customer::{ExternalUser, HolderKind};

/// What a principal is, seen from this tenant; the more definite first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It belongs to another tenant.
    Foreign,
    /// A guest or an external member.
    External,
    /// An application, whoever owns it.
    Application,
    /// A group that was said to be this tenant's.
    OwnGroup,
    /// A group that may be another tenant's: Graph did not say whose it is.
    Group,
    /// A user of whom it was not said whether he is a guest.
    User,
    /// Nothing was said of it.
    Unclear,
    /// One of this tenant's own people.
    Insider,
}

/// Graph: `directoryObject` as it comes expanded in a role assignment, from `getByIds`, or as a member of a group.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ObjectWire {
    #[serde(rename = "@odata.type")]
    odata_type: Text,
    pub(super) id: Text,
    display_name: Text,
    organization_id: Text,
    external_partner_tenant_id: Text,
    object_type: Text,
    user_principal_name: Text,
    mail: Text,
    user_type: Text,
    account_enabled: Flag,
    created_date_time: Time,
}

impl ObjectWire {
    /// What it is; `None` if that is not said.
    pub(super) fn kind(&self) -> Option<HolderKind> {
        match self.odata_type.get() {
            Some(text) => Some(HolderKind::parse(text.strip_prefix("#microsoft.graph.").unwrap_or(text))),
            // Only users have sign-in names.
            None => self.user_principal_name.get().map(|_| HolderKind::User),
        }
    }

    /// The tenant that it says it belongs to.
    pub(super) fn tenant_id(&self) -> Option<String> {
        self.external_partner_tenant_id.id().or_else(|| self.organization_id.id())
    }

    pub(super) fn name(&self) -> Option<String> {
        self.display_name.get().map(str::to_owned)
    }

    pub(super) fn object_type(&self) -> Option<String> {
        self.object_type.get().map(str::to_owned)
    }

    /// What it is, seen from `own`. `tenant_id`: the tenant that is said to hold it.
    pub(super) fn standing(&self, tenant_id: Option<&str>, own: Option<&str>) -> Standing {
        let is_foreign = matches!((tenant_id, own), (Some(tenant), Some(own)) if !tenant.eq_ignore_ascii_case(own));
        match self.kind() {
            _ if is_foreign => Standing::Foreign,
            Some(HolderKind::PartnerReference) => Standing::Foreign,
            Some(HolderKind::ServicePrincipal) => Standing::Application,
            Some(HolderKind::Group) if tenant_id.is_some() && own.is_some() => Standing::OwnGroup,
            Some(HolderKind::Group) => Standing::Group,
            Some(HolderKind::User) => self.user_standing(),
            _ => Standing::Unclear,
        }
    }

    fn user_standing(&self) -> Standing {
        let is_guest = self.user_type.get().map(|kind| kind.eq_ignore_ascii_case("Guest"));
        let has_external_name = self.user_principal_name.get().map(|name| name.to_ascii_uppercase().contains("#EXT#"));
        match (is_guest, has_external_name) {
            (Some(true), _) | (_, Some(true)) => Standing::External,
            (Some(false), Some(false)) => Standing::Insider,
            _ => Standing::User,
        }
    }

    /// The user, without what is known of its home and groups.
    pub(super) fn into_user(self) -> Option<ExternalUser> {
        Some(ExternalUser {
            id: self.id.id()?,
            display_name: self.display_name.take(),
            user_principal_name: self.user_principal_name.take(),
            mail: self.mail.take(),
            user_type: self.user_type.take(),
            account_enabled: self.account_enabled.0,
            home_tenant_id: None,
            through_groups: Vec::new(),
            created_date_time: self.created_date_time.0,
        })
    }
}

/// A principal that holds a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) standing: Standing,
    pub(super) tenant_id: Option<String>,
    pub(super) kind: Option<HolderKind>,
    pub(super) name: Option<String>,
}

/// Every principal that holds a role and may come from outside, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Holders {
    by_id: BTreeMap<String, Holder>,
    /// Guests and external members, as far as they were expanded.
    pub(super) users: BTreeMap<String, ExternalUser>,
}

impl Holders {
    /// Notes a principal. What was said of it elsewhere is completed; the more definite standing holds.
    pub(super) fn note(&mut self, id: &str, holder: Holder, principal: Option<ObjectWire>) {
        if holder.standing == Standing::External
            && let Some(user) = principal.and_then(ObjectWire::into_user)
        {
            self.users.entry(id.to_owned()).or_insert(user);
        }
        let Some(known) = self.by_id.get_mut(id) else {
            self.by_id.insert(id.to_owned(), holder);
            return;
        };
        known.standing = known.standing.min(holder.standing);
        known.tenant_id = known.tenant_id.take().or(holder.tenant_id);
        known.kind = known.kind.take().or(holder.kind);
        known.name = known.name.take().or(holder.name);
    }

    /// Takes in what another list of roles told.
    pub(super) fn join(&mut self, other: Holders) {
        for (id, holder) in other.by_id {
            self.note(&id, holder, None);
        }
        for (id, user) in other.users {
            self.users.entry(id).or_insert(user);
        }
    }

    /// The principal of that id.
    pub(super) fn get(&self, id: &str) -> Option<&Holder> {
        self.by_id.get(id)
    }

    /// Takes what a lookup by id says of a holder: it knows better than what was said beside a role.
    pub(super) fn learn(&mut self, id: &str, holder: Holder, principal: ObjectWire) {
        if matches!(holder.standing, Standing::Unclear) {
            return;
        }
        if let Some(known) = self.by_id.get_mut(id).filter(|known| known.standing != Standing::Foreign) {
            known.standing = holder.standing;
        }
        self.note(id, holder, Some(principal));
    }

    /// Holders of this tenant that a whole lookup did not find: deleted, and a role that nobody can use.
    pub(super) fn forget_gone(&mut self, found: &BTreeSet<String>, own: Option<&str>) {
        let is_own = |tenant: &Option<String>| matches!((tenant, own), (Some(tenant), Some(own)) if tenant.eq_ignore_ascii_case(own));
        for (id, holder) in &mut self.by_id {
            if holder.standing == Standing::Unclear && is_own(&holder.tenant_id) && !found.contains(id) {
                holder.standing = Standing::Insider;
            }
        }
    }

    /// The principals of these standings.
    pub(super) fn of(&self, standings: &[Standing]) -> impl Iterator<Item = (&String, &Holder)> {
        self.by_id.iter().filter(|(_, holder)| standings.contains(&holder.standing))
    }

    /// Their ids.
    pub(super) fn ids(&self, standings: &[Standing]) -> BTreeSet<String> {
        self.of(standings).map(|(id, _)| id.clone()).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::collect::customer) const OWN: &str = "0f1e2d3c-0000-4000-8000-000000000001";
    pub(in crate::collect::customer) const MSP: &str = "22222222-0000-4000-8000-000000000002";

    pub(in crate::collect::customer) fn object(json: serde_json::Value) -> ObjectWire {
        serde_json::from_value(json).unwrap()
    }

    fn standing(json: serde_json::Value, tenant: Option<&str>) -> Standing {
        object(json).standing(tenant, Some(OWN))
    }

    #[test]
    fn whose_a_principal_is() {
        let group = || serde_json::json!({ "@odata.type": "#microsoft.graph.group", "id": "g" });
        assert_eq!(standing(group(), Some(MSP)), Standing::Foreign);
        assert_eq!(standing(group(), Some(&OWN.to_uppercase())), Standing::OwnGroup);
        assert_eq!(standing(group(), None), Standing::Group);
        assert_eq!(object(group()).standing(Some(MSP), None), Standing::Group, "without an own id nothing is told apart");
        let reference = || serde_json::json!({ "@odata.type": "#microsoft.graph.directoryObjectPartnerReference", "id": "r", "externalPartnerTenantId": MSP });
        assert_eq!(standing(reference(), None), Standing::Foreign);
        assert_eq!(object(reference()).tenant_id().as_deref(), Some(MSP));
        let app = serde_json::json!({ "@odata.type": "#microsoft.graph.servicePrincipal", "id": "s" });
        assert_eq!(standing(app, Some(OWN)), Standing::Application);
        assert_eq!(standing(serde_json::json!({}), Some(OWN)), Standing::Unclear);
        assert_eq!(standing(serde_json::json!({}), Some(MSP)), Standing::Foreign);
    }

    #[test]
    fn a_guest_shows_by_type_or_by_name_and_silence_proves_nothing() {
        let user = |name: Option<&str>, kind: Option<&str>| {
            standing(
                serde_json::json!({ "@odata.type": "#microsoft.graph.user", "id": "u", "userPrincipalName": name, "userType": kind }),
                Some(OWN),
            )
        };
        let (external, plain) = (Some("ada_fabrikam.example#ext#@contoso.example"), Some("ada@contoso.example"));
        assert_eq!(user(external, Some("Member")), Standing::External);
        assert_eq!(user(external, None), Standing::External);
        assert_eq!(user(plain, Some("guest")), Standing::External);
        assert_eq!(user(plain, Some("Member")), Standing::Insider);
        assert_eq!(user(plain, None), Standing::User);
        assert_eq!(user(None, Some("Member")), Standing::User);
    }

    #[test]
    fn the_more_definite_standing_holds_whatever_the_order() {
        let holder = |standing, name: Option<&str>| Holder { standing, tenant_id: None, kind: None, name: name.map(str::to_owned) };
        let mut one = Holders::default();
        one.note("a", holder(Standing::Unclear, None), None);
        one.note("a", holder(Standing::Foreign, Some("Tier 1")), None);
        let mut other = Holders::default();
        other.note("a", holder(Standing::Foreign, Some("Tier 1")), None);
        other.note("a", holder(Standing::Unclear, None), None);
        assert_eq!(one, other);
        assert_eq!(one.get("a"), Some(&holder(Standing::Foreign, Some("Tier 1"))));
    }
}
