//! `--import purview=FILE`: the unified audit log, as CSV with its `AuditData` column, or as JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cover::{self, FromFiles};
use super::error::ImportError;
use super::log::{self, CsvForm, Head, LogFile, Whose};
use super::{Context, Import, csv, time};
use crate::domain::declared::MailboxEvent;
use crate::domain::{Coverage, Timestamp};

/// Operations that open a mailbox to somebody, lead mail away, or give roles of Exchange: kept whoever did them.
const OPERATIONS: [&str; 14] = [
    "Add-MailboxPermission",
    "Add-RecipientPermission",
    "Add-MailboxFolderPermission",
    "Set-MailboxFolderPermission",
    "Set-Mailbox",
    "New-InboxRule",
    "Set-InboxRule",
    "UpdateInboxRules",
    "New-TransportRule",
    "Set-TransportRule",
    "New-ManagementRoleAssignment",
    "Add-RoleGroupMember",
    "New-InboundConnector",
    "New-OutboundConnector",
];

/// The number that the log writes for `PartnerTechnician`.
const TECHNICIAN: &str = "9";

/// Most parameters of an event, and most characters of one.
const PARAMETERS: usize = 50;
const PARAMETER_CHARS: usize = 1_024;

/// Reads the files.
pub(super) fn add(
    before: &[MailboxEvent],
    coverage: &Coverage,
    files: &[(usize, &Import)],
    context: &Context<'_>,
) -> Result<(Vec<MailboxEvent>, Coverage), ImportError> {
    let mut seen: BTreeSet<String> = before.iter().map(|event| event.id.clone()).collect();
    let mut events = before.to_vec();
    let mut logs = Vec::new();
    for (index, import) in files {
        logs.push(file(import, *index, &mut seen, &mut events, context)?);
    }
    events.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    let max = usize::try_from(context.limits.max_records.max(1)).unwrap_or(usize::MAX);
    let cut = events.len().saturating_sub(max);
    events.drain(..cut);
    let mut settled = cover::compose(coverage, FromFiles::new(&logs, context.now), events.len() as u64, context.now);
    if cut > 0 {
        cover::cap(&mut settled, context.limits.max_records, events.first().map(|event| event.created));
    }
    Ok((events, settled))
}

fn file(
    import: &Import,
    index: usize,
    seen: &mut BTreeSet<String>,
    events: &mut Vec<MailboxEvent>,
    context: &Context<'_>,
) -> Result<LogFile, ImportError> {
    let form = CsvForm { required: &["AuditData"], as_json: &as_json };
    let log = log::read(import, &form, context, &mut |log, spot| {
        let record = match Record::read(spot.json) {
            Ok(record) => record,
            Err(why) => {
                log.broken(spot, why);
                return Ok(());
            }
        };
        let organization = record.text(&["OrganizationId", "organizationId"]);
        let created = record.text(&["CreationTime", "createdDateTime", "CreationDate"]).and_then(|text| time::read(&text));
        let id = record.text(&["Id", "id", "RecordId", "Identity"]);
        let head = Head { id: id.as_deref(), created, tenant: Whose::of(organization.as_deref()) };
        if let Some(created) = log.own(spot, &head, seen, context)? {
            events.extend(record.into_fact(id.unwrap_or_default(), created));
        }
        Ok(())
    })?;
    log.tally.refuse_without_own(index, context.tenant)?;
    Ok(log)
}

/// A row of the CSV as JSON.
fn as_json(row: &csv::Row<'_>) -> Result<Value, String> {
    let data = row.get("AuditData").ok_or("`AuditData` is empty")?;
    let data: Value = serde_json::from_str(data).map_err(|_| "`AuditData` is no JSON".to_owned())?;
    Ok(
        json!({ "RecordId": row.get("RecordId"), "CreationDate": row.get("CreationDate"), "Operation": row.get("Operation"), "AuditData": data }),
    )
}

/// A record: the audit data itself, and what stands around it.
struct Record {
    data: Value,
    around: Value,
}

impl Record {
    fn read(json: &str) -> Result<Record, String> {
        let mut around: Value = serde_json::from_str(json).map_err(|_| "it is no JSON".to_owned())?;
        let key = ["AuditData", "auditData"].into_iter().find(|key| around.get(*key).is_some());
        let inner = key.and_then(|key| around.get_mut(key)).map(Value::take);
        let data = match inner {
            None => Value::Null,
            Some(Value::String(text)) => serde_json::from_str(&text).map_err(|_| "`AuditData` is no JSON".to_owned())?,
            Some(value) => value,
        };
        match data {
            Value::Null => Ok(Record { data: around, around: Value::Null }),
            Value::Object(_) => Ok(Record { data, around }),
            _ => Err("`AuditData` is no object".into()),
        }
    }

    /// The first of these that is said, in the data or around it.
    fn text(&self, names: &[&str]) -> Option<String> {
        [&self.data, &self.around].into_iter().find_map(|value| names.iter().find_map(|name| scalar(value.get(name)?)))
    }

    /// The event, if it tells of mailboxes or of a technician's work in Exchange.
    fn into_fact(self, id: String, created: Timestamp) -> Option<MailboxEvent> {
        let operation = self.text(&["Operation", "operation"])?;
        let user_type = self.text(&["UserType", "userType"]);
        let user_id = self.text(&["UserId", "userId", "userPrincipalName"]).unwrap_or_default();
        let is_technician = user_type.as_deref().is_some_and(|kind| kind == TECHNICIAN || kind.eq_ignore_ascii_case("PartnerTechnician"))
            || user_id.to_ascii_lowercase().starts_with("user_");
        let is_exchange = self.text(&["Workload", "service"]).is_some_and(|name| name.to_ascii_lowercase().starts_with("exchange"));
        if !(OPERATIONS.iter().any(|name| operation.eq_ignore_ascii_case(name)) || (is_technician && is_exchange)) {
            return None;
        }
        let parameters = self.parameters();
        let named = |name: &str| parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
        let target = self.text(&["MailboxOwnerUPN"]).or_else(|| named("Identity")).or_else(|| named("Mailbox"));
        let target = target.or_else(|| self.text(&["ObjectId", "objectId"]));
        let mut parameters: Vec<String> = parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        parameters.sort();
        Some(MailboxEvent { id, created, operation, user_type, user_id, target, parameters })
    }

    fn parameters(&self) -> Vec<(String, String)> {
        let list = self.data.get("Parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let pair = |item: &Value| Some((scalar(item.get("Name")?)?, scalar(item.get("Value")?).unwrap_or_default()));
        let short = |text: String| text.chars().take(PARAMETER_CHARS).collect::<String>();
        list.iter().take(PARAMETERS).filter_map(pair).map(|(name, value)| (short(name), short(value))).collect()
    }
}

/// A word or a number; blanks are nothing.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(switch) => Some(switch.to_string()),
        _ => None,
    }
}
