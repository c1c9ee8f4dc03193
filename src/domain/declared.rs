//! Facts from files: what a partner or an admin says, and logs that the credential cannot read.
//!
//! Declared facts add and explain. They never remove, lower or complete what was observed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts::{Assignment, Relationship};
use super::{Timestamp, roles};

/// A file that facts came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DeclaredFile {
    /// Its name, without its folder.
    pub name: String,
    /// `snapshot`, `graph`, `toml`, `csv`.
    pub form: String,
    /// The date that it says it was made, or else that of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dated: Option<Timestamp>,
    /// Rows of this tenant that were kept.
    pub kept: u64,
    /// Rows of other customers: counted, dropped, never stored.
    pub of_others: u64,
    /// Rows that could not be read.
    pub broken: u64,
    /// Rows that stood there twice.
    pub doubled: u64,
}

/// A relationship as a partner's file gives it: Graph's own, with the partner that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredRelationship {
    /// The partner's tenant.
    pub partner_tenant_id: String,
    /// The relationship.
    pub relationship: Relationship,
    /// Its assignments, where the file has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignments: Vec<Assignment>,
    /// Index into the files.
    #[serde(default)]
    pub file: usize,
}

/// A row of the Partner relationships page, as an admin copies it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DeclaredPartner {
    /// The partner's tenant.
    pub partner_tenant_id: String,
    /// Its name on the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `Reseller`, `Indirect provider`, …, as written: the kind of tie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Roles on the page, as template ids where the catalog knows the name, else as written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// End.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
    /// Index into the files.
    pub file: usize,
}

impl DeclaredPartner {
    /// True if the page shows admin roles for it.
    pub fn administers(&self) -> bool {
        self.roles.iter().any(|role| roles::by_id(role).is_some_and(|role| !role.read_only))
    }
}

/// All that files declare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Declared {
    /// The files.
    pub files: Vec<DeclaredFile>,
    /// Relationships.
    pub relationships: Vec<DeclaredRelationship>,
    /// Rows of the Partner relationships page.
    pub partners: Vec<DeclaredPartner>,
}

/// An event of the unified audit log about mailboxes. From a file only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailboxEvent {
    /// Id of the record.
    pub id: String,
    /// When.
    pub created: Timestamp,
    /// `Add-MailboxPermission`, as written.
    pub operation: String,
    /// `PartnerTechnician` or its number (9), as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_type: Option<String>,
    /// Who, as written.
    pub user_id: String,
    /// The mailbox or object, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Parameters as `Name=Value`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<String>,
}
