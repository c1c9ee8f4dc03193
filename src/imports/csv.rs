//! CSV as portals and spreadsheets write it (RFC 4180; comma, semicolon or tab), with the place of every row.

use std::collections::BTreeMap;

use super::error::ImportError;
use super::text::Text;

/// A file: its header and its rows.
#[derive(Debug)]
pub(super) struct Table {
    columns: BTreeMap<String, usize>,
    width: usize,
    rows: Vec<Record>,
}

/// One row as it was written.
#[derive(Debug)]
struct Record {
    at: usize,
    bytes: usize,
    fields: Vec<String>,
}

/// One row under the header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    table: &'a Table,
    /// Byte offset in the file.
    pub(super) at: usize,
    /// Its length in bytes.
    pub(super) bytes: usize,
    fields: &'a [String],
}

/// A header or a name of a column, without case, blanks and punctuation: `Application ID ` and `applicationId` are one.
fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Table {
    /// Reads a file.
    ///
    /// # Errors
    /// A quote that is never closed; a header in which a column of `required` is missing.
    pub(super) fn read(text: &Text<'_>, required: &[&str]) -> Result<Table, ImportError> {
        let mut records = records(text)?.into_iter();
        let Some(header) = records.next() else { return Err(text.broken(0, "the file is empty")) };
        let mut columns = BTreeMap::new();
        for (index, name) in header.fields.iter().enumerate() {
            // Entra writes one header twice: the first holds.
            columns.entry(key(name)).or_insert(index);
        }
        if let Some(missing) = required.iter().find(|name| !columns.contains_key(&key(name))) {
            return Err(text.broken(header.at, format!("the header has no column `{missing}`")));
        }
        Ok(Table { columns, width: header.fields.len(), rows: records.collect() })
    }

    /// Names of the columns, as they are compared.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().map(String::as_str)
    }

    /// The rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|record| Row { table: self, at: record.at, bytes: record.bytes, fields: &record.fields })
    }
}

impl<'a> Row<'a> {
    /// The value of a column; `None` where it is blank or there is no such column.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let field = self.fields.get(*self.table.columns.get(&key(name))?)?.trim();
        (!field.is_empty()).then_some(field)
    }

    /// What is wrong with its form.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let beyond = self.fields.iter().skip(self.table.width).any(|field| !field.trim().is_empty());
        if self.fields.len() < self.table.width {
            Some("it has fewer fields than the header")
        } else {
            beyond.then_some("it has more fields than the header")
        }
    }

    /// All fields, as they were written.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'a str> {
        self.fields.iter().map(String::as_str)
    }
}

/// The delimiter that the header uses most, outside quotes.
fn delimiter(source: &str) -> char {
    let mut quoted = false;
    let mut counts = [(',', 0_usize), (';', 0), ('\t', 0)];
    for c in source.chars().take_while(|c| *c != '\n') {
        quoted ^= c == '"';
        if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| *delimiter == c && !quoted) {
            *count += 1;
        }
    }
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(',', |(delimiter, _)| *delimiter)
}

fn records(text: &Text<'_>) -> Result<Vec<Record>, ImportError> {
    let source: &str = &text.text;
    let delimiter = delimiter(source);
    let mut found = Vec::new();
    let mut record = Record { at: 0, bytes: 0, fields: Vec::new() };
    let mut field = String::new();
    let mut open: Option<usize> = None;
    let mut was_quoted = false;
    let mut chars = source.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if open.is_some() {
            match c {
                '"' if chars.next_if(|(_, next)| *next == '"').is_some() => field.push('"'),
                '"' => open = None,
                c => field.push(c),
            }
            continue;
        }
        match c {
            // Only at the start of a field does a quote open one.
            '"' if field.is_empty() && !was_quoted => (open, was_quoted) = (Some(at), true),
            c if c == delimiter => {
                record.fields.push(std::mem::take(&mut field));
                was_quoted = false;
            }
            '\r' if chars.peek().is_some_and(|(_, next)| *next == '\n') => {}
            '\n' => {
                record.fields.push(std::mem::take(&mut field));
                was_quoted = false;
                let next = Record { at: at + 1, bytes: 0, fields: Vec::new() };
                push(&mut found, std::mem::replace(&mut record, next), at);
            }
            c => field.push(c),
        }
    }
    if let Some(at) = open {
        return Err(text.broken(at, "the quote is never closed: the file may have been cut"));
    }
    if !field.is_empty() || !record.fields.is_empty() {
        record.fields.push(field);
        push(&mut found, record, source.len());
    }
    Ok(found)
}

/// Keeps a record that is not a blank line.
fn push(found: &mut Vec<Record>, mut record: Record, end: usize) {
    record.bytes = end.saturating_sub(record.at);
    if record.fields.len() > 1 || record.fields.iter().any(|field| !field.trim().is_empty()) {
        found.push(record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Table, String> {
        let text = Text::decode("f.csv", text.as_bytes()).map_err(|error| error.to_string())?;
        Table::read(&text, &["Date (UTC)"]).map_err(|error| error.to_string())
    }

    #[test]
    fn quotes_lines_and_delimiters() {
        let read = table("\"Date (UTC)\",\"Application ID \",x\r\n2026,\"a \"\"b\"\", c\nd\",\r\n\r\n2027,,5\"6").unwrap();
        let rows: Vec<Row<'_>> = read.rows().collect();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].get("date_utc"), rows[0].get("applicationId"), rows[0].get("x")), (Some("2026"), Some("a \"b\", c\nd"), None));
        assert_eq!((rows[1].get("X"), rows[1].fault()), (Some("5\"6"), None));
        for delimiter in [";", "\t"] {
            let read = table(&format!("Date (UTC){delimiter}a,b{delimiter}c\n1{delimiter}2,3{delimiter}4")).unwrap();
            assert_eq!(read.rows().next().unwrap().get("a,b"), Some("2,3"));
        }
    }

    #[test]
    fn faults() {
        assert_eq!(table("a,b\n1,2").unwrap_err(), "f.csv:1:1: the header has no column `Date (UTC)`");
        assert_eq!(table("Date (UTC),b\n1,2\n3,\"4").unwrap_err(), "f.csv:3:3: the quote is never closed: the file may have been cut");
        let read = table("Date (UTC),b\n1\n1,2,\n1,2,3").unwrap();
        let faults: Vec<bool> = read.rows().map(|row| row.fault().is_some()).collect();
        assert_eq!(faults, [true, false, true]);
    }

    proptest::proptest! {
        #[test]
        fn what_is_quoted_comes_back(fields in proptest::collection::vec("[a\",;\n\r\t é]{0,6}", 1..4)) {
            let header = (0..fields.len()).map(|index| format!("c{index}")).collect::<Vec<_>>().join(",");
            let row = fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect::<Vec<_>>().join(",");
            let source = format!("{header}\n{row}\n");
            let text = Text::decode("f", source.as_bytes()).unwrap();
            let read = Table::read(&text, &[]).unwrap();
            let back: Vec<String> = read.rows.first().map(|record| record.fields.clone()).unwrap_or_default();
            // A single blank field is a blank line.
            proptest::prop_assert!(back == fields || fields.iter().all(|field| field.trim().is_empty()));
        }
    }
}
