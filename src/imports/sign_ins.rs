//! `--import sign-ins=FILE`: Graph's JSON of `signIn`, or what the Entra portal downloads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::cover::{self, FromFiles};
use super::error::ImportError;
use super::log::{self, CsvForm, Head, LogFile, Whose};
use super::{Context, Import, csv, time};
use crate::collect::records::{self, EventType, SignInRecords};
use crate::domain::customer::AppSignIn;
use crate::domain::facts::{LogRead, SignIn, SignInLog};
use crate::domain::{Coverage, Dataset, Status, TenantSnapshot, Timestamp};

/// The log with what files added.
#[derive(Debug)]
pub(super) struct Added {
    pub(super) log: SignInLog,
    pub(super) coverage: Coverage,
    /// Sign-ins of applications, where a file has them.
    pub(super) apps: Option<(Vec<AppSignIn>, Coverage)>,
}

/// Kinds of event of people.
const PEOPLE: [EventType; 2] = [EventType::Interactive, EventType::NonInteractive];

/// One file with the kinds of event in it.
struct File {
    log: LogFile,
    kinds: BTreeSet<EventType>,
}

impl File {
    /// It holds events of managed identities and nothing else.
    fn is_useless(&self) -> bool {
        !self.kinds.is_empty() && self.kinds.iter().all(|kind| *kind == EventType::ManagedIdentity)
    }
}

/// Reads the files and puts their events to those that Graph gave.
pub(super) fn add(tenant: &TenantSnapshot, files: &[(usize, &Import)], context: &Context<'_>) -> Result<Added, ImportError> {
    let before = &tenant.customer.sign_ins;
    let known: BTreeSet<&str> = before.events.iter().map(|event| &*event.id).collect();
    let known_apps: BTreeSet<&str> = tenant.customer.app_sign_ins.iter().map(|event| &*event.id).collect();
    let mut records = SignInRecords::new(context.tenant);
    let mut seen = BTreeSet::new();
    let read = files.iter().map(|(index, import)| file(import, *index, &mut seen, &mut records, context));
    let read = read.collect::<Result<Vec<File>, ImportError>>()?;
    let (mut people, mut apps) = records.into_events();
    let offered = (people.len(), apps.len());
    people.retain(|event| !known.contains(&*event.id));
    apps.retain(|event| !known_apps.contains(&*event.id));
    let known = (offered.0 - people.len(), offered.1 - apps.len());

    let (log, mut coverage) = settle_people(before, &tenant.coverage_of(Dataset::SignIns), (people, known.0), &read, context);
    let useless: Vec<String> = read.iter().filter(|file| file.is_useless()).map(|file| file.log.words(context.now)).collect();
    if !useless.is_empty() {
        let reason = coverage.reason.take().into_iter().chain(useless).collect::<Vec<_>>().join("; ");
        coverage.reason = Some(format!("{reason}: managed identities only, which never come from outside"));
    }
    let of_apps: Vec<&LogFile> =
        read.iter().filter(|file| file.kinds.contains(&EventType::ServicePrincipal)).map(|file| &file.log).collect();
    let apps = (!of_apps.is_empty()).then(|| {
        let mut files = FromFiles::new(of_apps, context.now);
        files.note_known(known.1);
        settle_apps(tenant, apps, files, context)
    });
    Ok(Added { log, coverage, apps })
}

/// Reads one file.
fn file(
    import: &Import,
    index: usize,
    seen: &mut BTreeSet<String>,
    records: &mut SignInRecords,
    context: &Context<'_>,
) -> Result<File, ImportError> {
    let by_name = kind_of_name(&import.name);
    let mut kinds: BTreeSet<EventType> = by_name.into_iter().collect();
    let mut unsaid = 0_u64;
    let form = CsvForm { required: &["Date (UTC)", "Request ID", "Resource tenant ID"], as_json: &as_json };
    let mut log = log::read(import, &form, context, &mut |log, spot| {
        let Ok(head) = records::sign_in_head(spot.json) else {
            log.broken(spot, "it is no sign-in");
            return Ok(());
        };
        let whose = Whose::of(head.resource_tenant_id.as_deref());
        let said = Head { id: head.id.as_deref(), created: head.created, tenant: whose };
        if log.own(spot, &said, seen, context)?.is_none() {
            return Ok(());
        }
        let kind = head.event_type.or(by_name).unwrap_or_else(|| {
            unsaid += 1;
            // What Graph answers with where no kind is asked for.
            EventType::Interactive
        });
        kinds.insert(kind);
        if records.offer(spot.json, kind).is_err() {
            log.broken(spot, "it is no sign-in");
        }
        Ok(())
    })?;
    log.tally.refuse_without_own(index, context.tenant)?;
    if unsaid > 0 {
        log.notes.push(format!("{unsaid} of its events do not say their kind and count as interactive"));
    }
    Ok(File { log, kinds })
}

/// The kind of event that a portal's file name tells.
fn kind_of_name(name: &str) -> Option<EventType> {
    let name = name.to_ascii_lowercase();
    let starts = [
        ("noninteractivesignins", EventType::NonInteractive),
        ("interactivesignins", EventType::Interactive),
        ("applicationsignins", EventType::ServicePrincipal),
        ("msisignins", EventType::ManagedIdentity),
    ];
    starts.into_iter().find(|(start, _)| name.starts_with(start)).map(|(_, kind)| kind)
}

/// The people's log: kinds that Graph did not give come from files, each with its own end.
fn settle_people(
    before: &SignInLog,
    coverage: &Coverage,
    (added, known): (Vec<SignIn>, usize),
    files: &[File],
    context: &Context<'_>,
) -> (SignInLog, Coverage) {
    let of_people = || files.iter().filter(|file| PEOPLE.iter().any(|kind| file.kinds.contains(kind)) || file.kinds.is_empty());
    if of_people().next().is_none() {
        return (before.clone(), coverage.clone());
    }
    let mut log = before.clone();
    log.events.extend(added);
    log.events.sort_by(|a, b| (b.created_date_time, &a.id).cmp(&(a.created_date_time, &b.id)));
    log.newest_event = of_people().filter_map(|file| file.log.newest).chain(log.newest_event).max();
    let max = usize::try_from(context.limits.max_records.max(1)).unwrap_or(usize::MAX);
    let is_cut = log.events.len() > max;
    log.events.truncate(max);

    let mut joined = FromFiles::new(of_people().map(|file| &file.log), context.now);
    joined.note_known(known);
    // The span is that which every kind covers: two files of two kinds do not lengthen each other's.
    joined.span = span_of_kinds(files, before, context.now).or(joined.span);
    log.reads = PEOPLE.iter().map(|kind| kind_read(*kind, before, coverage, files)).collect();
    for read in &mut log.reads {
        let is_interactive = read.event_type == EventType::Interactive.name();
        read.records = log.events.iter().filter(|event| event.is_interactive == is_interactive).count() as u64;
        if read.status != Status::Complete {
            joined.is_clean = false;
            joined.words.push(format!("{} events: {}", read.event_type, read.reason.as_deref().unwrap_or("not read")));
        }
    }
    let records = log.events.len() as u64;
    let mut settled = cover::compose(coverage, joined, records, context.now);
    if is_cut {
        cover::cap(&mut settled, context.limits.max_records, log.events.last().map(|event| event.created_date_time));
    }
    (log, settled)
}

/// The span that the files of every kind cover which Graph did not give; `None` where a kind has none.
fn span_of_kinds(files: &[File], before: &SignInLog, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let is_given = |kind: EventType| before.reads.iter().any(|read| read.event_type == kind.name() && read.status == Status::Complete);
    let mut spans = Vec::new();
    for kind in PEOPLE.into_iter().filter(|kind| !is_given(*kind)) {
        let of_kind = files.iter().filter(|file| file.kinds.contains(&kind)).map(|file| &file.log);
        spans.extend(FromFiles::new(of_kind, now).span);
    }
    let from = spans.iter().map(|span| span.0).max()?;
    let to = spans.iter().map(|span| span.1).min()?;
    (from <= to).then_some((from, to))
}

/// How one kind was read, from Graph or from files.
fn kind_read(kind: EventType, before: &SignInLog, coverage: &Coverage, files: &[File]) -> LogRead {
    let known = before.reads.iter().find(|read| read.event_type == kind.name());
    let row = |status: Status, reason: Option<String>| LogRead { event_type: kind.name().to_owned(), status, reason, records: 0 };
    if let Some(read) = known.filter(|read| read.status == Status::Complete) {
        return read.clone();
    }
    let mut of_kind = files.iter().filter(|file| file.kinds.contains(&kind)).peekable();
    if of_kind.peek().is_some() {
        let is_clean = of_kind.all(|file| file.log.is_clean());
        let doubt = (!is_clean).then(|| "a file of them was not read whole".to_owned());
        return row(if is_clean { Status::Complete } else { Status::Partial }, doubt);
    }
    match known {
        Some(read) => read.clone(),
        None if coverage.status.is_unread() => row(coverage.status, Some("no file holds them".into())),
        None => row(Status::Skipped, Some("no file holds them".into())),
    }
}

fn settle_apps(tenant: &TenantSnapshot, added: Vec<AppSignIn>, files: FromFiles, context: &Context<'_>) -> (Vec<AppSignIn>, Coverage) {
    let mut events = tenant.customer.app_sign_ins.clone();
    events.extend(added);
    events.sort_by(|a, b| (b.created_date_time, &a.id).cmp(&(a.created_date_time, &b.id)));
    let max = usize::try_from(context.limits.max_records.max(1)).unwrap_or(usize::MAX);
    let is_cut = events.len() > max;
    events.truncate(max);
    let records = events.len() as u64;
    let mut coverage = cover::compose(&tenant.coverage_of(Dataset::AppSignIns), files, records, context.now);
    if is_cut {
        cover::cap(&mut coverage, context.limits.max_records, events.last().map(|event| event.created_date_time));
    }
    (events, coverage)
}

/// The portal's words for the kinds of access that Graph spells in one word.
const ACCESS: [&str; 6] = ["none", "b2bCollaboration", "b2bDirectConnect", "microsoftSupport", "serviceProvider", "passthrough"];
/// The same for how strongly was asked.
const REQUIREMENTS: [&str; 2] = ["singleFactorAuthentication", "multiFactorAuthentication"];
/// The same for protocols and transfers that rules look for.
const PROTOCOLS: [&str; 4] = ["deviceCode", "deviceCodeFlow", "ropc", "oAuth2"];

/// A row of the portal's CSV as Graph's JSON.
fn as_json(row: &csv::Row<'_>) -> Result<serde_json::Value, String> {
    let created = row.get("Date (UTC)").and_then(time::read).ok_or("`Date (UTC)` holds no time that can be read")?;
    let graph = |column: &str, words: &[&str]| row.get(column).map(|text| graphs_word(text, words));
    let code = row.get("Sign-in error code").and_then(|code| code.parse::<i64>().ok()).or_else(|| {
        // A success has no code in some downloads. What is neither is not success.
        row.get("Status").is_some_and(|status| status.eq_ignore_ascii_case("success")).then_some(0)
    });
    let country = row.get("Location").and_then(|place| place.rsplit(',').next()).map(str::trim).filter(|country| country.len() == 2);
    let values: BTreeMap<&str, serde_json::Value> = [
        ("id", json!(row.get("Request ID"))),
        ("createdDateTime", json!(created)),
        ("userId", json!(row.get("User ID"))),
        ("userPrincipalName", json!(row.get("Username"))),
        ("homeTenantId", json!(row.get("Home tenant ID"))),
        ("resourceTenantId", json!(row.get("Resource tenant ID"))),
        ("crossTenantAccessType", json!(graph("Cross tenant access type", &ACCESS))),
        ("appDisplayName", json!(row.get("Application"))),
        ("ipAddress", json!(row.get("IP address"))),
        ("status", json!({ "errorCode": code })),
        ("location", json!({ "countryOrRegion": country })),
        ("autonomousSystemNumber", json!(row.get("Autonomous system number"))),
        ("authenticationRequirement", json!(graph("Authentication requirement", &REQUIREMENTS))),
        ("clientAppUsed", json!(row.get("Client app"))),
        ("authenticationProtocol", json!(graph("Authentication Protocol", &PROTOCOLS))),
        ("originalTransferMethod", json!(graph("Original transfer method", &PROTOCOLS))),
        ("servicePrincipalId", json!(row.get("Service principal ID"))),
        ("appOwnerTenantId", json!(row.get("App owner tenant ID").or_else(|| row.get("Application owner tenant ID")))),
        ("servicePrincipalCredentialKeyId", json!(row.get("Service principal credential key ID").or_else(|| row.get("Credential key ID")))),
    ]
    .into();
    Ok(json!(values))
}

/// Graph's spelling of what the portal shows as a phrase (`Service provider`, `Single-factor authentication`); else as written.
fn graphs_word(text: &str, words: &[&str]) -> String {
    let plain: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    words.iter().find(|word| plain.eq_ignore_ascii_case(word)).map_or_else(|| text.to_owned(), |word| (*word).to_owned())
}
