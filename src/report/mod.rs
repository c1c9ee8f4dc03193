//! Renders a report: one file a format. A renderer is given what is settled (order, filters, exit status) and hands back text; it never
//! prints, never drops a finding and never decides.

pub mod escape;
pub mod json;
pub mod rules;
pub mod table;

#[cfg(test)]
mod sample;

use crate::domain::Report;
use crate::domain::access::Explanation;
use crate::domain::diff::Diff;

/// How a report is to be rendered. Formats that are read by programs ignore all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
    /// Columns of the terminal; below [`table::LEAST_WIDTH`] that is taken, above [`table::GREATEST_WIDTH`] that.
    pub width: usize,
    /// Whether colour sequences may be written.
    pub color: bool,
    /// List everything instead of the worst of it.
    pub full: bool,
}

/// Why a report could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The serialiser gave up.
    #[error("write the report as JSON")]
    Json(#[source] serde_json::Error),
    /// A serialiser wrote bytes that are no text.
    #[error("write the report as UTF-8")]
    NotText(#[source] std::string::FromUtf8Error),
}

/// One format.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The name used in `--format`.
    pub name: &'static str,
    /// Renders a report.
    pub render: fn(&Report, &RenderOptions) -> Result<String, RenderError>,
}

/// Every format, the default first.
pub const FORMATS: &[Format] = &[table::FORMAT, json::FORMAT];

/// One format of `diff`.
#[derive(Debug, Clone, Copy)]
pub struct DiffFormat {
    /// The name used in `--format`.
    pub name: &'static str,
    /// Renders a diff.
    pub render: fn(&Diff, &RenderOptions) -> Result<String, RenderError>,
}

/// Every format of `diff`, the default first.
pub const DIFF_FORMATS: &[DiffFormat] =
    &[DiffFormat { name: "table", render: table::diff::render }, DiffFormat { name: "json", render: json::diff::render }];

/// One format of `explain`.
#[derive(Debug, Clone, Copy)]
pub struct ExplainFormat {
    /// The name used in `--format`.
    pub name: &'static str,
    /// Renders an explanation.
    pub render: fn(&Explanation<'_>, &RenderOptions) -> Result<String, RenderError>,
}

/// Every format of `explain`, the default first.
pub const EXPLAIN_FORMATS: &[ExplainFormat] =
    &[ExplainFormat { name: "table", render: table::explain::render }, ExplainFormat { name: "json", render: json::explain::render }];

/// How like a name must be to be worth naming, from 0 to 1.
const LIKENESS: f64 = 0.7;

/// The format of a name.
///
/// # Errors
/// There is no such format: the nearest name, if one is near.
pub fn find(name: &str) -> Result<&'static Format, Option<&'static str>> {
    FORMATS.iter().find(|format| format.name == name).ok_or_else(|| nearest(name))
}

/// The known name that `name` most likely means.
fn nearest(name: &str) -> Option<&'static str> {
    let wanted = name.to_lowercase();
    let scored = FORMATS.iter().map(|format| (strsim::jaro_winkler(&wanted, format.name), format.name));
    scored.filter(|(score, _)| *score >= LIKENESS).max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_found_by_name_and_others_refused() {
        for format in FORMATS {
            assert_eq!(find(format.name).unwrap().name, format.name);
        }
        assert_eq!(find("jsn").unwrap_err(), Some("json"));
        assert_eq!(find("JSON").unwrap_err(), Some("json"));
        assert_eq!(find("tabel").unwrap_err(), Some("table"));
        assert_eq!(find("sarif").unwrap_err(), None, "comes later");
        assert_eq!(find("").unwrap_err(), None);
    }

    #[test]
    fn every_format_renders_every_sample() {
        for format in FORMATS {
            for (name, report) in sample::all() {
                for full in [false, true] {
                    let options = RenderOptions { width: 80, color: false, full };
                    let text = (format.render)(&report, &options).unwrap();
                    let context = format!("{} of {name}, full {full}", format.name);
                    assert!(text.ends_with('\n'), "{context}: no final newline");
                    assert_eq!(text, (format.render)(&report, &options).unwrap(), "{context}: not the same twice");
                    assert!(text.contains(&report.run.id), "{context}: does not name its run");
                    let bad = text.chars().find(|c| *c != '\n' && escape::is_hidden(*c));
                    assert_eq!(bad, None, "{context}: a character that cannot be seen");
                    for finding in &report.findings {
                        assert!(text.contains(&*finding.code), "{context}: {} is missing", finding.code);
                    }
                    for row in report.tenants.iter().flat_map(|tenant| &tenant.coverage) {
                        assert!(!row.coverage.status.is_unread() || text.contains(row.dataset.name()), "{context}: {} unread", row.dataset);
                    }
                }
            }
        }
    }

    #[test]
    fn json_does_not_depend_on_the_terminal() {
        let report = sample::findings();
        let narrow = json::render(&report, &RenderOptions { width: 60, color: false, full: false }).unwrap();
        let wide = json::render(&report, &RenderOptions { width: 240, color: true, full: true }).unwrap();
        assert_eq!(narrow, wide);
    }
}
