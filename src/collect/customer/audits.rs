//! The directory's audit log: what partners did here, and when they were let in. Works without a premium licence, for fewer days: what was
//! kept no longer shows no error, it is just not there.

use serde::Deserialize;

use crate::collect::organization::Premium;
use crate::collect::reach::Reach;
use crate::collect::reader::{Read, Reader, read_of};
use crate::collect::relationships::note_lost;
use crate::collect::sign_in_selection::Interner;
use crate::collect::sign_ins::window;
use crate::collect::wire::{Items, Object, Text, Time};
use crate::domain::customer::{AuditActor, AuditChange, AuditEvent, AuditTarget};
use crate::domain::{Dataset, Status, Timestamp};
use crate::graph::{Bucket, Get, Wire};

/// Categories of which every event is kept: partners, cross-tenant settings, the role ceiling, roles.
const CATEGORIES: [&str; 4] =
    ["CrossTenantAccessSettings", "CrossTenantIdentitySyncSettings", "DelegatedAdminServiceProviderConstraints", "RoleManagement"];

/// Beginnings of activities of other categories that are kept.
const ACTIVITIES: [&str; 26] = [
    "add partner to company",
    "remove partner from company",
    "promote company to partner",
    "demote partner",
    "set partnership",
    "add conditional access policy",
    "update conditional access policy",
    "delete conditional access policy",
    "add named location",
    "update named location",
    "delete named location",
    "update security defaults",
    "authentication methods policy",
    "update authorization policy",
    "disable strong authentication",
    "set federation settings",
    "set domain authentication",
    "add service principal",
    "update application",
    "add app role assignment",
    "consent to application",
    "add delegated permission grant",
    "add owner to",
    "add user",
    "invite external user",
    "redeem external user invite",
];

/// Longest value of a changed property that is kept, in bytes.
const VALUE_BYTES: usize = 4_096;

/// Most targets, and changes of one target, that are kept.
const MOST_PARTS: usize = 50;

/// Graph: `directoryAudit`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::collect) struct AuditWire {
    id: Text,
    activity_date_time: Time,
    activity_display_name: Text,
    category: Text,
    result: Text,
    initiated_by: Object<InitiatorWire>,
    target_resources: Items<TargetWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct InitiatorWire {
    user: Object<UserWire>,
    app: Object<AppWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UserWire {
    id: Text,
    display_name: Text,
    user_principal_name: Text,
    ip_address: Text,
    home_tenant_id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AppWire {
    app_id: Text,
    display_name: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TargetWire {
    id: Text,
    display_name: Text,
    user_principal_name: Text,
    #[serde(rename = "type")]
    kind: Text,
    modified_properties: Items<ChangeWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ChangeWire {
    display_name: Text,
    old_value: Text,
    new_value: Text,
}

impl Wire for AuditWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl AuditWire {
    /// True if an event can tell something of a partner.
    pub(in crate::collect) fn is_wanted(&self) -> bool {
        // Without its category it may be of any.
        let is_of_category = self.category.get().is_none()
            || self.category.get().is_some_and(|text| CATEGORIES.iter().any(|category| text.eq_ignore_ascii_case(category)));
        let activity = self.activity_display_name.get().unwrap_or_default().to_ascii_lowercase();
        let is_domain =
            activity.contains(" domain") && ["add ", "verify ", "remove ", "set "].iter().any(|start| activity.starts_with(start));
        is_of_category
            || is_domain
            || activity.contains("allowed assignable roles")
            || ACTIVITIES.iter().any(|start| activity.starts_with(start))
            || self.is_by_technician()
    }

    /// What a technician did is kept, whatever it is.
    fn is_by_technician(&self) -> bool {
        let Some(user) = self.initiated_by.0.as_ref().and_then(|by| by.user.0.as_ref()) else { return false };
        user.user_principal_name.get().is_some_and(|name| name.to_ascii_lowercase().starts_with("user_"))
            || user.display_name.get().is_some_and(|name| name.ends_with(" Technician"))
    }

    pub(in crate::collect) fn into_fact(self, keep: &mut Interner) -> Option<AuditEvent> {
        let at = self.activity_date_time.0?;
        let by = self.initiated_by.or_empty();
        let (user, app) = (by.user.or_empty(), by.app.or_empty());
        let mut shared = |text: Option<&str>| text.map(|text| keep.keep(text));
        let actor = AuditActor {
            user_id: shared(user.id.id().as_deref()),
            user_principal_name: shared(user.user_principal_name.get()),
            display_name: shared(user.display_name.get()),
            home_tenant_id: shared(user.home_tenant_id.id().as_deref()),
            ip_address: shared(user.ip_address.get()),
            app_id: shared(app.app_id.id().as_deref()),
            app_name: shared(app.display_name.get()),
        };
        let activity = shared(self.activity_display_name.get()).unwrap_or_default();
        let (category, result) = (shared(self.category.get()), shared(self.result.get()));
        let targets = self.target_resources.0.into_iter().take(MOST_PARTS).map(|target| target.into_fact(keep)).collect();
        Some(AuditEvent {
            id: self.id.take().unwrap_or_default().into(),
            activity_date_time: at,
            activity,
            category,
            result,
            actor,
            targets,
        })
    }
}

impl TargetWire {
    fn into_fact(self, keep: &mut Interner) -> AuditTarget {
        let value = |text: Text| text.take().map(|text| cut(&text).into());
        let change = |wire: ChangeWire| AuditChange {
            name: keep.keep(wire.display_name.get().unwrap_or_default()),
            old: value(wire.old_value),
            new: value(wire.new_value),
        };
        let changes = self.modified_properties.0.into_iter().take(MOST_PARTS).map(change).collect();
        AuditTarget {
            id: self.id.id().map(Into::into),
            kind: self.kind.get().map(|kind| keep.keep(kind)),
            display_name: self.user_principal_name.take().or(self.display_name.take()).map(Into::into),
            changes,
        }
    }
}

/// At most so much of a value.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(VALUE_BYTES)]
}

/// Entra keeps audit events for so many days without a premium licence.
const FREE_RETENTION_DAYS: i64 = 7;

/// Since when the log is known: without Entra ID P1, or where nobody knows of it, no further than it is surely kept, or than it was seen to be.
fn kept_since(premium: Premium, (from, to): (Timestamp, Timestamp), oldest: Option<Timestamp>) -> Timestamp {
    if premium.p1 == Some(true) {
        return from;
    }
    let kept = to.plus_days(-FREE_RETENTION_DAYS);
    oldest.map_or(kept, |oldest| oldest.min(kept)).max(from)
}

/// Reads the log over the look-back.
pub(in crate::collect) async fn events(reader: Reader<'_>, premium: Premium) -> Read<Vec<AuditEvent>> {
    let dataset = Dataset::Audits;
    if let Some(coverage) = reader.skipped(dataset) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let (from, to) = window(reader.options);
    let filter = format!("activityDateTime ge {from} and activityDateTime lt {to}");
    let get = Get::v1("/auditLogs/directoryAudits", &[]).query("$filter", filter).query("$top", "999").bucket(Bucket::Reports);
    let mut interner = Interner::default();
    let mut facts: Vec<AuditEvent> = Vec::new();
    let mut reach = Reach::default();
    let mut lost = 0;
    let listing = reader
        .client
        .list(&read_of(dataset, get), Some(reader.options.max_records.max(1)), &mut |wire: AuditWire| {
            progress.one();
            match wire.activity_date_time.0.filter(|_| wire.activity_display_name.get().is_some()) {
                Some(at) => reach.note(at),
                None => lost += 1,
            }
            if wire.is_wanted() {
                facts.extend(wire.into_fact(&mut interner));
            }
        })
        .await;
    facts.sort_by(|a, b| a.activity_date_time.cmp(&b.activity_date_time).then_with(|| a.id.cmp(&b.id)));
    let mut coverage = reader.judge(dataset, None).listing(&listing, facts.len() as u64);
    note_lost(&mut coverage, lost, 0);
    if coverage.status.has_records() {
        let kept = kept_since(premium, (from, to), reach.oldest);
        coverage.from = reach.since(&listing.end, kept);
        coverage.to = coverage.from.map(|_| to);
        coverage.truncated |= coverage.from.is_none();
        if kept > from && coverage.status == Status::Complete {
            let why = if premium.p1 == Some(false) { "without Entra ID P1" } else { "unless Entra ID P1 is there, which is not known" };
            coverage.reason = Some(format!("the log is kept for {FREE_RETENTION_DAYS} days {why}"));
        }
    }
    Read { facts, coverage }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(json: serde_json::Value) -> AuditWire {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_can_tell_of_a_partner_is_kept() {
        let wanted =
            |activity: &str, category: &str| wire(serde_json::json!({ "activityDisplayName": activity, "category": category })).is_wanted();
        for (activity, category) in [
            ("Add a partner to cross-tenant access setting", "CrossTenantAccessSettings"),
            ("Adding allowed assignable roles", "x"),
            ("Add partner to company", "DirectoryManagement"),
            ("Add member to role", "roleManagement"),
            ("Delete Conditional Access policy", "Policy"),
            ("Set federation settings on domain", "DirectoryManagement"),
            ("Invite external user", "UserManagement"),
            ("Redeem external user invite", "UserManagement"),
            ("Add verified domain", "DirectoryManagement"),
            ("Update application – Certificates and secrets management", "ApplicationManagement"),
        ] {
            assert!(wanted(activity, category), "{activity}");
        }
        assert!(!wanted("Update user", "UserManagement"));
        let by = |name: &str, upn: &str| {
            wire(serde_json::json!({ "activityDisplayName": "Update user", "category": "UserManagement", "initiatedBy": { "user": { "displayName": name, "userPrincipalName": upn } } })).is_wanted()
        };
        assert!(by("Fabrikam Technician", "x") && by("x", "USER_0123") && !by("x", "anna@contoso.example"));
    }

    #[test]
    fn an_event_of_no_category_may_be_of_any() {
        assert!(wire(serde_json::json!({ "activityDisplayName": "Add member to role", "category": null })).is_wanted());
    }

    #[test]
    fn without_a_premium_licence_the_log_reaches_back_a_week() {
        let at = |day: u32| Timestamp::parse(&format!("2026-11-{day:02}T00:00:00Z")).unwrap();
        let since = |p1, oldest| kept_since(Premium { p1, pim: None }, (at(1), at(24)), oldest);
        assert_eq!(since(Some(true), None), at(1));
        assert_eq!(since(Some(false), None), at(17));
        assert_eq!(since(None, Some(at(20))), at(17), "not known to be premium");
        assert_eq!(since(Some(false), Some(at(12))), at(12), "it is kept as long as it is seen to be");
        assert_eq!(kept_since(Premium::default(), (at(20), at(24)), None), at(20), "never before what was asked for");
    }

    #[test]
    fn events_become_facts_and_values_are_bounded() {
        let json = serde_json::json!({
            "id": "E", "activityDateTime": "2026-11-01T00:00:00.123Z", "activityDisplayName": "Add member to role", "category": null, "result": "success",
            "initiatedBy": { "user": { "id": "U", "userPrincipalName": "user_1" }, "app": null },
            "targetResources": [{ "id": "T", "type": "Role", "displayName": "r", "modifiedProperties": [{ "displayName": "Role.TemplateId", "oldValue": null, "newValue": "\"é".repeat(5_000) }] }, null]
        });
        let event = wire(json).into_fact(&mut Interner::default()).unwrap();
        assert_eq!((event.actor.user_id.as_deref(), event.targets.len()), (Some("u"), 1));
        assert!(event.new_value("role.templateid").unwrap().len() <= VALUE_BYTES);
        assert_eq!(wire(serde_json::json!({ "id": "x" })).into_fact(&mut Interner::default()), None, "an event without a time is none");
    }
}
