//! `--import audits=FILE`: Graph's JSON of `directoryAudit`, or what the Entra portal downloads.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::cover::{self, FromFiles};
use super::error::ImportError;
use super::log::{self, CsvForm, Head, LogFile, Whose};
use super::{Context, Import, csv, time};
use crate::collect::records::AuditRecords;
use crate::domain::customer::AuditEvent;
use crate::domain::{Coverage, Timestamp, fingerprint};

/// Most targets, and changes of one target, of a row.
const MOST_PARTS: usize = 50;

/// The start of ids that were made up for rows without one.
const MADE_UP: &str = "row-";

/// Graph's own form does not say the tenant; what others write around it does.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TenantHead {
    #[serde(rename = "tenantId", alias = "AADTenantId", alias = "aadTenantId")]
    tenant_id: Option<String>,
}

/// Reads the files and puts their events to those that Graph gave.
pub(super) fn add(
    before: &[AuditEvent],
    coverage: &Coverage,
    files: &[(usize, &Import)],
    context: &Context<'_>,
) -> Result<(Vec<AuditEvent>, Coverage), ImportError> {
    let mut records = AuditRecords::default();
    let mut seen = BTreeSet::new();
    let mut added = Vec::new();
    let mut logs = Vec::new();
    for (index, import) in files {
        logs.push(file(import, *index, &mut seen, &mut records, &mut added, context)?);
    }
    // A portal's CSV has no ids: of an event that Graph gave too, Graph's is kept.
    let ids: BTreeSet<&str> = before.iter().map(|event| &*event.id).collect();
    let given: BTreeSet<Key<'_>> = before.iter().map(key).collect();
    let is_given = |event: &AuditEvent| ids.contains(&*event.id) || (event.id.starts_with(MADE_UP) && given.contains(&key(event)));
    let offered = added.len();
    let mut events: Vec<AuditEvent> = added.into_iter().filter(|event| !is_given(event)).collect();
    let known = offered - events.len();
    events.extend(before.iter().cloned());
    events.sort_by(|a, b| (a.activity_date_time, &a.id).cmp(&(b.activity_date_time, &b.id)));
    let max = usize::try_from(context.limits.max_records.max(1)).unwrap_or(usize::MAX);
    let cut = events.len().saturating_sub(max);
    events.drain(..cut);

    let mut joined = FromFiles::new(&logs, context.now);
    joined.note_known(known);
    let mut settled = cover::compose(coverage, joined, events.len() as u64, context.now);
    if cut > 0 {
        cover::cap(&mut settled, context.limits.max_records, events.first().map(|event| event.activity_date_time));
    }
    Ok((events, settled))
}

/// What two records of one event have in common.
type Key<'e> = (Timestamp, String, Option<&'e str>, Option<&'e str>);

fn key(event: &AuditEvent) -> Key<'_> {
    let target = event.targets.first().and_then(|target| target.id.as_deref());
    (event.activity_date_time, event.activity.to_lowercase(), event.actor.user_id.as_deref(), target)
}

/// Reads one file.
fn file(
    import: &Import,
    index: usize,
    seen: &mut BTreeSet<String>,
    records: &mut AuditRecords,
    added: &mut Vec<AuditEvent>,
    context: &Context<'_>,
) -> Result<LogFile, ImportError> {
    let form = CsvForm { required: &["Date (UTC)", "Activity"], as_json: &as_json };
    let mut unsaid = false;
    let mut log = log::read(import, &form, context, &mut |log, spot| {
        let tenant = serde_json::from_str::<TenantHead>(spot.json).ok().and_then(|head| head.tenant_id).filter(|id| !id.is_empty());
        let Ok(record) = records.read(spot.json) else {
            log.broken(spot, "it is no audit event");
            return Ok(());
        };
        let event = record.as_ref().map(|record| &record.event);
        if event.is_some_and(|event| event.activity.is_empty()) {
            log.broken(spot, "it does not say what was done");
            return Ok(());
        }
        let tenant = tenant.as_deref().map_or(Whose::NeverSaid, |tenant| Whose::of(Some(tenant)));
        unsaid |= matches!(tenant, Whose::NeverSaid);
        let head =
            Head { id: event.map(|event| &*event.id).or(Some("none")), created: event.map(|event| event.activity_date_time), tenant };
        if log.own(spot, &head, seen, context)?.is_some() {
            added.extend(record.filter(|record| record.is_wanted).map(|record| in_words(record.event)));
        }
        Ok(())
    })?;
    log.tally.refuse_without_own(index, context.tenant)?;
    if unsaid {
        log.notes.push("its rows do not say of which tenant they are, and were taken at the word of who gave the file".to_owned());
    }
    Ok(log)
}

/// The portal's JSON has a number for the result.
fn in_words(mut event: AuditEvent) -> AuditEvent {
    let word = match event.result.as_deref() {
        Some("0") => "success",
        Some("1") => "failure",
        Some("2") => "timeout",
        _ => return event,
    };
    event.result = Some(word.into());
    event
}

/// A row of the portal's CSV as Graph's JSON.
fn as_json(row: &csv::Row<'_>) -> Result<Value, String> {
    let at = row.get("Date (UTC)").and_then(time::read).ok_or("`Date (UTC)` holds no time that can be read")?;
    let is_app = row.get("ActorType").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("app"));
    let user = json!({
        "id": row.get("ActorObjectId"), "displayName": row.get("ActorDisplayName"), "userPrincipalName": row.get("ActorUserPrincipalName"),
        "ipAddress": row.get("IPAddress"), "homeTenantId": row.get("ActorHomeTenantId"),
    });
    let app = json!({ "displayName": row.get("ActorDisplayName").or_else(|| row.get("ActorServicePrincipalName")) });
    let targets: Vec<Value> = (1..=MOST_PARTS).map_while(|number| target(row, number)).collect();
    Ok(json!({
        "id": format!("{MADE_UP}{}", fingerprint::of_row(row.fields())),
        "activityDateTime": at, "activityDisplayName": row.get("Activity"), "category": row.get("Category"), "result": row.get("Result"),
        "initiatedBy": if is_app { json!({ "app": app }) } else { json!({ "user": user }) },
        "targetResources": targets,
    }))
}

/// One of the targets that stand side by side in a row; `None` behind the last.
fn target(row: &csv::Row<'_>, number: usize) -> Option<Value> {
    let get = |name: &str| row.get(&format!("Target{number}{name}"));
    let (kind, name, id, upn) = (get("Type"), get("DisplayName"), get("ObjectId"), get("UserPrincipalName"));
    let changes: Vec<Value> = (1..=MOST_PARTS)
        .map_while(|change| {
            let part = |name: &str| get(&format!("ModifiedProperty{change}{name}"));
            part("Name").map(|name| json!({ "displayName": name, "oldValue": part("OldValue"), "newValue": part("NewValue") }))
        })
        .collect();
    (kind.or(name).or(id).or(upn).is_some() || !changes.is_empty())
        .then(|| json!({ "type": kind, "displayName": name, "id": id, "userPrincipalName": upn, "modifiedProperties": changes }))
}
