//! The rows of a log file, JSON or CSV alike, and what the file says of its own span.

use std::collections::BTreeSet;

use super::csv::{self, Table};
use super::error::ImportError;
use super::json;
use super::tally::{Tally, number};
use super::text::Text;
use super::{Context, Import, time};
use crate::domain::Timestamp;

/// How many rows one download of a portal holds at most: Entra's, by form, and Purview's. A file with just as many was cut.
const DOWNLOAD_LIMITS: [u64; 3] = [50_000, 100_000, 250_000];

/// A row as Graph's JSON.
pub(super) type AsJson<'f> = &'f dyn Fn(&csv::Row<'_>) -> Result<serde_json::Value, String>;

/// How a log's CSV is read.
pub(super) struct CsvForm<'f> {
    /// Columns that it must have.
    pub(super) required: &'f [&'f str],
    /// A row as Graph's JSON.
    pub(super) as_json: AsJson<'f>,
}

/// One log file while it is read.
#[derive(Debug)]
pub(super) struct LogFile {
    pub(super) tally: Tally,
    /// Time of the oldest row of this tenant.
    from: Option<Timestamp>,
    /// Time of the newest.
    pub(super) newest: Option<Timestamp>,
    /// End of the span in the file's name, as the portal writes it.
    name_to: Option<Timestamp>,
    /// What keeps it from being all of its span.
    pub(super) doubts: Vec<String>,
    /// What a reader should know besides.
    pub(super) notes: Vec<String>,
}

/// A row with its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'t> {
    pub(super) text: &'t Text<'t>,
    pub(super) at: usize,
    /// Graph's JSON of it.
    pub(super) json: &'t str,
}

/// What is done with each row.
pub(super) type Take<'f> = &'f mut dyn FnMut(&mut LogFile, Spot<'_>) -> Result<(), ImportError>;

/// Reads a file: hands every row that can be read over as JSON, and counts those that cannot.
pub(super) fn read(import: &Import, form: &CsvForm<'_>, context: &Context<'_>, take: Take<'_>) -> Result<LogFile, ImportError> {
    let text = Text::decode(&import.name, &import.bytes)?;
    let mut file = LogFile {
        tally: Tally::new(&import.name),
        from: None,
        newest: None,
        name_to: last_day(&import.name).map(|day| day.plus_days(1)),
        doubts: Vec::new(),
        notes: Vec::new(),
    };
    if text.text.trim_start().starts_with(['{', '[']) {
        json_rows(&mut file, &text, context, take)?;
    } else {
        csv_rows(&mut file, &text, form, context, take)?;
    }
    if DOWNLOAD_LIMITS.contains(&file.tally.rows) {
        file.doubts.push(format!("it holds exactly {}, the most of one download: more may be missing", number(file.tally.rows)));
    }
    if file.tally.rows == 0 {
        file.doubts.push("it holds no row, which proves nothing".to_owned());
    }
    Ok(file)
}

fn json_rows(file: &mut LogFile, text: &Text<'_>, context: &Context<'_>, take: Take<'_>) -> Result<(), ImportError> {
    let pages = json::pages(text)?;
    if json::is_cut(&pages) {
        file.doubts.push("it names a next page that is not here".to_owned());
    }
    for row in pages.into_iter().flat_map(|page| page.rows) {
        file.tally.row(text, row.at);
        match context.bounded(row.json) {
            Ok(json) => take(file, Spot { text, at: row.at, json })?,
            Err(why) => file.tally.broken(text, row.at, why),
        }
    }
    Ok(())
}

fn csv_rows(file: &mut LogFile, text: &Text<'_>, form: &CsvForm<'_>, context: &Context<'_>, take: Take<'_>) -> Result<(), ImportError> {
    let table = Table::read(text, form.required)?;
    for row in table.rows() {
        file.tally.row(text, row.at);
        let too_long = row.bytes > context.limits.row_bytes;
        let fault = row.fault().map(str::to_owned).or_else(|| too_long.then(|| context.too_long()));
        match fault.map_or_else(|| (form.as_json)(&row), Err) {
            Ok(value) => take(file, Spot { text, at: row.at, json: &value.to_string() })?,
            Err(why) => file.tally.broken(text, row.at, why),
        }
    }
    Ok(())
}

impl LogFile {
    /// Counts a row that cannot be used.
    pub(super) fn broken(&mut self, spot: Spot<'_>, why: impl Into<String>) {
        self.tally.broken(spot.text, spot.at, why);
    }

    /// Settles whose a row is and when it was: `None` if it is not used, and then it is counted. `seen` are the ids so far.
    pub(super) fn own(
        &mut self,
        spot: Spot<'_>,
        head: &Head<'_>,
        seen: &mut BTreeSet<String>,
        context: &Context<'_>,
    ) -> Result<Option<Timestamp>, ImportError> {
        let Spot { text, at, .. } = spot;
        let Some(id) = head.id.filter(|id| !id.is_empty()) else {
            self.broken(spot, "it has no id");
            return Ok(None);
        };
        let Some(created) = head.created else {
            self.broken(spot, "it has no time that can be read");
            return Ok(None);
        };
        match head.tenant {
            Whose::Named(tenant) if !tenant.eq_ignore_ascii_case(context.tenant) => {
                self.tally.other(text, at, tenant);
                return Ok(None);
            }
            Whose::Missing => {
                self.broken(spot, "it does not say of which tenant it is");
                return Ok(None);
            }
            Whose::Named(_) | Whose::NeverSaid => {}
        }
        if time::is_future(created, context.now) {
            return Err(context.future(text, at, created));
        }
        self.tally.own += 1;
        if !seen.insert(id.to_owned()) {
            self.tally.double(text, at);
            return Ok(None);
        }
        self.from = Some(self.from.map_or(created, |from| from.min(created)));
        self.newest = self.newest.max(Some(created));
        Ok(Some(created))
    }

    /// The span that is known of: from the oldest row to the newest, or to the end of what the name says.
    pub(super) fn span(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let (from, newest) = (self.from?, self.newest?);
        let to = self.name_to.filter(|to| *to > newest).map_or(newest, |to| to.min(now.max(newest)));
        Some((from, to))
    }

    /// True if it is all of its span.
    pub(super) fn is_clean(&self) -> bool {
        self.doubts.is_empty() && self.tally.broken == 0
    }

    /// What became of it, in words.
    pub(super) fn words(&self, now: Timestamp) -> String {
        let span = self.span(now).map(|(from, to)| format!(" from {from} to {to}")).unwrap_or_default();
        let mut parts = vec![format!("{}: {} of this tenant{span}", self.tally.file, number(self.tally.own))];
        parts.extend(self.tally.losses());
        parts.extend(self.doubts.iter().cloned());
        parts.extend(self.notes.iter().cloned());
        parts.join(", ")
    }
}

/// What a row says of itself.
#[derive(Debug)]
pub(super) struct Head<'r> {
    pub(super) id: Option<&'r str>,
    pub(super) created: Option<Timestamp>,
    pub(super) tenant: Whose<'r>,
}

/// Of which tenant's log a row is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whose<'r> {
    Named(&'r str),
    /// It should say, and does not.
    Missing,
    /// The form has no such field.
    NeverSaid,
}

impl<'r> Whose<'r> {
    /// Of a form whose every row says it. A tenant of zeros is nobody.
    pub(super) fn of(tenant: Option<&'r str>) -> Whose<'r> {
        tenant.filter(|id| id.bytes().any(|byte| !matches!(byte, b'0' | b'-'))).map_or(Whose::Missing, Whose::Named)
    }
}

/// The last day of the span in a name such as `InteractiveSignIns_2026-10-25_2026-11-24.csv`.
fn last_day(name: &str) -> Option<Timestamp> {
    let stem = name.split('.').next()?;
    let mut parts = stem.rsplit('_');
    let (last, first) = (parts.next()?, parts.next()?);
    let is_day = |text: &str| text.len() == 10;
    (is_day(last) && is_day(first)).then(|| time::read(first).and(time::read(last)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_in_names() {
        let day = |name: &str| last_day(name).map(Timestamp::date);
        assert_eq!(day("InteractiveSignIns_2026-10-25_2026-11-24.csv").as_deref(), Some("2026-11-24"));
        assert_eq!(day("AuditLogs_2026-10-25_2026-11-24 (1).json"), None);
        for name in ["signins.json", "AuditLog_20260124_103000.csv", "a_2026-11-24.csv", "é_2026-10-25_2026-99-99.csv", ""] {
            assert_eq!(day(name), None, "{name}");
        }
    }
}
