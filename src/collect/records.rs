//! Graph's records as facts, for who has them from elsewhere than from Graph: a file. One reading of a form, wherever it comes from.

use serde::Deserialize;

use super::customer::app_sign_ins::{AppSignInWire, Kept};
use super::customer::audits::AuditWire;
use super::relationships::{AssignmentWire, RelationshipWire};
use super::sign_in_selection::{Interner, Selection, Side, SignInWire};
use super::wire::{Flag, Items, Text, Time};
use crate::domain::Timestamp;
use crate::domain::customer::{AppSignIn, AuditEvent};
use crate::domain::facts::{Assignment, Relationship, SignIn};

/// Kind of a sign-in event. Graph: `signInEventTypes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EventType {
    /// Someone typed a name.
    Interactive,
    /// A client on behalf of someone.
    NonInteractive,
    /// An application with a credential of its own.
    ServicePrincipal,
    /// A resource of Azure: never from outside.
    ManagedIdentity,
}

impl EventType {
    /// Graph's word.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            EventType::Interactive => "interactiveUser",
            EventType::NonInteractive => "nonInteractiveUser",
            EventType::ServicePrincipal => "servicePrincipal",
            EventType::ManagedIdentity => "managedIdentity",
        }
    }

    fn parse(word: &str) -> Option<EventType> {
        use EventType::{Interactive, ManagedIdentity, NonInteractive, ServicePrincipal};
        [Interactive, NonInteractive, ServicePrincipal, ManagedIdentity].into_iter().find(|kind| word.eq_ignore_ascii_case(kind.name()))
    }
}

/// What a sign-in says of itself, before it is decided whether it is kept.
#[derive(Debug)]
pub(crate) struct SignInHead {
    pub(crate) id: Option<String>,
    pub(crate) created: Option<Timestamp>,
    /// The tenant whose log it is from, lower case.
    pub(crate) resource_tenant_id: Option<String>,
    pub(crate) event_type: Option<EventType>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct HeadWire {
    id: Text,
    created_date_time: Time,
    resource_tenant_id: Text,
    is_interactive: Flag,
    sign_in_event_types: Items<Text>,
}

/// Reads the head of a sign-in.
pub(crate) fn sign_in_head(json: &str) -> Result<SignInHead, serde_json::Error> {
    let wire: HeadWire = serde_json::from_str(json)?;
    let by_flag = |flag: bool| if flag { EventType::Interactive } else { EventType::NonInteractive };
    let named = wire.sign_in_event_types.0.iter().find_map(|word| EventType::parse(word.get()?));
    Ok(SignInHead {
        resource_tenant_id: wire.resource_tenant_id.id(),
        created: wire.created_date_time.0,
        event_type: named.or(wire.is_interactive.0.map(by_flag)),
        id: wire.id.take(),
    })
}

/// Sign-ins of a customer's log, selected as those from Graph are.
#[derive(Debug)]
pub(crate) struct SignInRecords {
    own: String,
    interactive: Selection,
    other: Selection,
    apps: Kept,
}

impl SignInRecords {
    /// Of the tenant `own`.
    pub(crate) fn new(own: &str) -> Self {
        SignInRecords {
            own: own.to_owned(),
            interactive: Selection::new(Side::Customer, true, Some(own)),
            other: Selection::new(Side::Customer, false, Some(own)),
            apps: Kept::default(),
        }
    }

    /// Takes an event in whose head a time and a tenant were found.
    pub(crate) fn offer(&mut self, json: &str, kind: EventType) -> Result<(), serde_json::Error> {
        match kind {
            EventType::Interactive => self.interactive.offer(&serde_json::from_str::<SignInWire>(json)?),
            EventType::NonInteractive => self.other.offer(&serde_json::from_str::<SignInWire>(json)?),
            EventType::ServicePrincipal => self.apps.offer(&serde_json::from_str::<AppSignInWire>(json)?, Some(&self.own)),
            EventType::ManagedIdentity => {}
        }
        Ok(())
    }

    /// What was kept: of people, and of applications.
    pub(crate) fn into_events(self) -> (Vec<SignIn>, Vec<AppSignIn>) {
        let mut people = self.interactive.into_events();
        people.extend(self.other.into_events());
        (people, self.apps.events)
    }
}

/// An audit event, and whether it can tell something of a partner.
pub(crate) struct AuditRecord {
    pub(crate) event: AuditEvent,
    pub(crate) is_wanted: bool,
}

/// Reads audit events; strings that repeat are kept once.
#[derive(Debug, Default)]
pub(crate) struct AuditRecords(Interner);

impl AuditRecords {
    /// Reads an event; `None` if it says no time.
    pub(crate) fn read(&mut self, json: &str) -> Result<Option<AuditRecord>, serde_json::Error> {
        let wire: AuditWire = serde_json::from_str(json)?;
        let is_wanted = wire.is_wanted();
        Ok(wire.into_fact(&mut self.0).map(|event| AuditRecord { event, is_wanted }))
    }
}

/// A relationship with the assignments that were expanded in it.
pub(crate) struct RelationshipRecord {
    pub(crate) relationship: Relationship,
    pub(crate) assignments: Vec<Assignment>,
    /// False: it came without its roles, which is not the same as none.
    pub(crate) says_its_roles: bool,
}

/// Reads a relationship; `None` if it has no id.
pub(crate) fn relationship(json: &str) -> Result<Option<RelationshipRecord>, serde_json::Error> {
    #[derive(Debug, Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Expanded {
        access_assignments: Items<AssignmentWire>,
    }

    let wire: RelationshipWire = serde_json::from_str(json)?;
    let expanded: Expanded = serde_json::from_str(json)?;
    let says_its_roles = wire.says_its_roles();
    let Some(relationship) = wire.into_fact() else { return Ok(None) };
    let whole = expanded.access_assignments.0.into_iter().filter(AssignmentWire::is_whole);
    let assignments = whole.map(|wire| wire.into_fact(&relationship.id)).collect();
    Ok(Some(RelationshipRecord { relationship, assignments, says_its_roles }))
}

/// Reads an assignment of the relationship with this id; `None` if it names no group or no roles.
pub(crate) fn assignment(json: &str, relationship_id: &str) -> Result<Option<Assignment>, serde_json::Error> {
    let wire: AssignmentWire = serde_json::from_str(json)?;
    Ok(wire.is_whole().then(|| wire.into_fact(relationship_id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_tell_their_kind() {
        let kind = |json: &str| sign_in_head(json).unwrap().event_type;
        assert_eq!(kind(r#"{"isInteractive":true}"#), Some(EventType::Interactive));
        assert_eq!(kind(r#"{"isInteractive":false,"signInEventTypes":["servicePrincipal"]}"#), Some(EventType::ServicePrincipal));
        assert_eq!(kind(r#"{"signInEventTypes":["nonInteractiveUser"]}"#), Some(EventType::NonInteractive));
        assert_eq!(kind("{}"), None);
    }

    #[test]
    fn a_relationship_with_what_was_expanded_in_it() {
        let json = r#"{"id":"r","accessDetails":{"unifiedRoles":[{"roleDefinitionId":"A"}]},"accessAssignments":[
            {"id":"a","status":"active","accessContainer":{"accessContainerId":"G"},"accessDetails":{"unifiedRoles":[]}},{"id":"holed"}]}"#;
        let record = relationship(json).unwrap().unwrap();
        assert!(record.says_its_roles);
        assert_eq!(record.assignments.iter().map(|row| (&*row.group_id, &*row.relationship_id)).collect::<Vec<_>>(), [("g", "r")]);
        assert!(relationship("{}").unwrap().is_none());
        assert!(!relationship(r#"{"id":"r"}"#).unwrap().unwrap().says_its_roles);
        assert!(assignment(r#"{"id":"a"}"#, "r").unwrap().is_none());
    }
}
