//! What became of the rows of one file: nothing is used or dropped without being counted and named.

use super::error::ImportError;
use super::text::{Place, Text};

/// Counts of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Name of the file.
    pub(super) file: String,
    /// Rows of it.
    pub(super) rows: u64,
    /// Rows of this tenant, kept or of no matter.
    pub(super) own: u64,
    /// Rows of this tenant that were kept as facts.
    pub(super) kept: u64,
    /// Rows of other tenants: dropped.
    pub(super) of_others: u64,
    /// Rows that could not be read.
    pub(super) broken: u64,
    /// Rows that stood there twice, or in an earlier file.
    pub(super) doubled: u64,
    first_row: Option<Place>,
    first_broken: Option<(Place, String)>,
    first_other: Option<(Place, String)>,
    first_double: Option<Place>,
}

impl Tally {
    pub(super) fn new(file: &str) -> Self {
        Tally { file: file.to_owned(), ..Tally::default() }
    }

    /// Another row, at a byte offset.
    pub(super) fn row(&mut self, text: &Text<'_>, at: usize) {
        self.rows += 1;
        self.first_row.get_or_insert_with(|| text.place(at));
    }

    /// The row could not be read.
    pub(super) fn broken(&mut self, text: &Text<'_>, at: usize, why: impl Into<String>) {
        self.broken += 1;
        self.first_broken.get_or_insert_with(|| (text.place(at), why.into()));
    }

    /// The row is of another tenant.
    pub(super) fn other(&mut self, text: &Text<'_>, at: usize, tenant: &str) {
        self.of_others += 1;
        self.first_other.get_or_insert_with(|| (text.place(at), tenant.to_owned()));
    }

    /// The row stood there before.
    pub(super) fn double(&mut self, text: &Text<'_>, at: usize) {
        self.doubled += 1;
        self.first_double.get_or_insert_with(|| text.place(at));
    }

    /// Refuses a file that has rows and none of this tenant: broken if none could be read, else foreign.
    pub(super) fn refuse_without_own(&self, index: usize, tenant: &str) -> Result<(), ImportError> {
        if self.own > 0 || self.rows == 0 {
            return Ok(());
        }
        let file = self.file.clone();
        match (&self.first_other, &self.first_broken) {
            (Some(((line, column), other)), _) => {
                let detail = format!(": {} of others, the first of {other}", number(self.of_others));
                Err(ImportError::Foreign { index, file, line: *line, column: *column, tenant: tenant.to_owned(), detail })
            }
            (None, Some(((line, column), why))) => {
                let detail = format!("no row could be read: {why}");
                Err(ImportError::Broken { file, line: *line, column: *column, detail })
            }
            (None, None) => Ok(()),
        }
    }

    /// Refuses a file without any row of this tenant, an empty one too.
    pub(super) fn refuse_empty(&self, index: usize, tenant: &str) -> Result<(), ImportError> {
        self.refuse_without_own(index, tenant)?;
        let (line, column) = self.first_row.unwrap_or((1, 1));
        match self.own {
            0 => {
                Err(ImportError::Foreign { index, file: self.file.clone(), line, column, tenant: tenant.to_owned(), detail: String::new() })
            }
            _ => Ok(()),
        }
    }

    /// What was not used and why, in words; empty if all was.
    pub(super) fn losses(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(((line, column), why)) = &self.first_broken {
            words.push(format!("{} could not be read (the first at line {line}, column {column}: {why})", number(self.broken)));
        }
        if let Some(((line, column), _)) = &self.first_other {
            words.push(format!("{} of other tenants dropped (the first at line {line}, column {column})", number(self.of_others)));
        }
        if let Some((line, column)) = &self.first_double {
            words.push(format!("{} stood there before (the first at line {line}, column {column})", number(self.doubled)));
        }
        words
    }
}

/// `1 row`, `2 rows`.
pub(super) fn number(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_named() {
        let text = Text::decode("f", b"a\nb\nc\nd").unwrap();
        let mut tally = Tally::new("f");
        assert!(tally.losses().is_empty());
        for at in [0, 2, 4, 6] {
            tally.row(&text, at);
        }
        tally.broken(&text, 2, "no time");
        tally.other(&text, 4, "t2");
        assert_eq!(
            tally.refuse_without_own(0, "t1").unwrap_err().to_string(),
            "f:3:1: no row is of the tenant t1: 1 row of others, the first of t2"
        );
        tally.double(&text, 6);
        tally.own = 1;
        assert!(tally.refuse_without_own(0, "t1").is_ok());
        assert_eq!(
            tally.losses(),
            [
                "1 row could not be read (the first at line 2, column 1: no time)",
                "1 row of other tenants dropped (the first at line 3, column 1)",
                "1 row stood there before (the first at line 4, column 1)"
            ]
        );
    }

    #[test]
    fn a_file_of_which_nothing_could_be_read_is_broken() {
        let text = Text::decode("f", b"a").unwrap();
        let mut tally = Tally::new("f");
        assert!(tally.refuse_without_own(0, "t").is_ok(), "an empty log is not foreign");
        assert_eq!(tally.refuse_empty(0, "t").unwrap_err().to_string(), "f:1:1: no row is of the tenant t");
        tally.row(&text, 0);
        tally.broken(&text, 0, "no id");
        assert_eq!(tally.refuse_without_own(0, "t").unwrap_err().to_string(), "f:1:1: no row could be read: no id");
    }
}
