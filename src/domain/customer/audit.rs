//! The directory's audit log.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;

/// Who did something. Graph: `auditActivityInitiator`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditActor {
    /// Object id of the user; a technician's is that of the partner's tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Arc<str>>,
    /// Sign-in name; a technician's is `user_<hex>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_principal_name: Option<Arc<str>>,
    /// Display name; a technician's ends with `Technician`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Arc<str>>,
    /// Home tenant, where the log says it (beta).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home_tenant_id: Option<Arc<str>>,
    /// Address as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<Arc<str>>,
    /// Application id, if an application did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<Arc<str>>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_name: Option<Arc<str>>,
}

/// One changed property of a target, values as written (JSON text).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditChange {
    /// Its name.
    pub name: Arc<str>,
    /// Before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Box<str>>,
    /// After.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Box<str>>,
}

/// What it was done to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditTarget {
    /// Object id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Box<str>>,
    /// `User`, `Group`, `Policy`, …, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Arc<str>>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Box<str>>,
    /// What changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AuditChange>,
}

/// An event of the directory's audit log. Graph: `directoryAudit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Id of the event.
    pub id: Box<str>,
    /// When.
    pub activity_date_time: Timestamp,
    /// `activityDisplayName`, as written.
    pub activity: Arc<str>,
    /// `category`, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Arc<str>>,
    /// `success`, `failure`, …, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Arc<str>>,
    /// Who.
    #[serde(default)]
    pub actor: AuditActor,
    /// To what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<AuditTarget>,
}

impl AuditEvent {
    /// True unless the log says that it failed.
    pub fn succeeded(&self) -> bool {
        self.result.as_deref().is_none_or(|result| result.eq_ignore_ascii_case("success"))
    }

    /// The new value of the first changed property of that name, with the JSON quotes taken off.
    pub fn new_value(&self, name: &str) -> Option<&str> {
        let changes = self.targets.iter().flat_map(|target| &target.changes);
        let change = changes.filter(|change| change.name.eq_ignore_ascii_case(name)).find_map(|change| change.new.as_deref())?;
        Some(change.trim().trim_matches('"'))
    }
}
