//! JSON files row by row: Graph's pages (`{"value": [...]}`, one or several after the other), a bare array, or one object a line.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::ImportError;
use super::text::{Place, Text};

/// Rows that stood together, with what their page says of itself.
#[derive(Debug, Default)]
pub(super) struct Page<'a> {
    /// `@odata.context`: says of what the rows are.
    pub(super) context: Option<Cow<'a, str>>,
    /// It names a next page: what is here is not all.
    pub(super) names_next: bool,
    pub(super) rows: Vec<Row<'a>>,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// Byte offset in the file.
    pub(super) at: usize,
    /// Its JSON object; `Err`: what it is instead.
    pub(super) json: Result<&'a str, &'static str>,
}

impl<'a> Row<'a> {
    fn new(source: &str, json: &'a str) -> Self {
        let is_object = json.starts_with('{');
        Row { at: offset(source, json), json: if is_object { Ok(json) } else { Err("it is no JSON object") } }
    }
}

#[derive(Deserialize)]
struct PageWire<'a> {
    #[serde(rename = "@odata.context", borrow, default)]
    context: Option<Cow<'a, str>>,
    #[serde(rename = "@odata.nextLink", default)]
    next: Option<Cow<'a, str>>,
    #[serde(borrow)]
    value: Vec<&'a RawValue>,
}

/// All rows of a file.
///
/// # Errors
/// JSON that ends or breaks where no line can be left out, with its place.
pub(super) fn pages<'a>(text: &'a Text<'_>) -> Result<Vec<Page<'a>>, ImportError> {
    let source: &str = &text.text;
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_str(source).into_iter::<&RawValue>() {
        let raw = match value {
            Ok(raw) => raw.get(),
            // Several lines of objects: one that is broken costs that line alone.
            Err(_) if is_lines(source) => return Ok(vec![lines(source)]),
            Err(error) => return Err(broken(text, &error)),
        };
        if let Ok(page) = serde_json::from_str::<PageWire<'_>>(raw) {
            let names_next = page.next.is_some_and(|next| !next.is_empty());
            found.push(Page { context: page.context, names_next, rows: rows(source, &page.value) });
        } else if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(raw) {
            found.push(Page { rows: rows(source, &list), ..Page::default() });
        } else {
            found.push(Page { rows: vec![Row::new(source, raw)], ..Page::default() });
        }
    }
    Ok(found)
}

/// True if a page names a next one, and no later page of the same list is here.
pub(super) fn is_cut(pages: &[Page<'_>]) -> bool {
    pages.iter().enumerate().any(|(at, page)| page.names_next && !pages.iter().skip(at + 1).any(|later| later.context == page.context))
}

fn rows<'a>(source: &'a str, values: &[&'a RawValue]) -> Vec<Row<'a>> {
    values.iter().map(|raw| Row::new(source, raw.get())).collect()
}

/// Where a part of the text stands in it.
fn offset(source: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(source.as_ptr() as usize).min(source.len())
}

/// True if the file has an object on each of its first lines: then a line is a row.
fn is_lines(source: &str) -> bool {
    let mut starts = source.lines().map(str::trim).filter(|line| !line.is_empty()).take(2);
    let is_object = |line: Option<&str>| line.is_some_and(|line| line.starts_with('{') && line.ends_with('}'));
    is_object(starts.next()) && starts.next().is_some_and(|line| line.starts_with('{'))
}

fn lines(source: &str) -> Page<'_> {
    let rows = source.lines().filter(|line| !line.trim().is_empty()).map(|line| match serde_json::from_str::<&RawValue>(line) {
        Ok(raw) => Row::new(source, raw.get()),
        Err(_) => Row { at: offset(source, line), json: Err("the line is no JSON") },
    });
    Page { rows: rows.collect(), ..Page::default() }
}

/// The parser's words with their place.
fn broken(text: &Text<'_>, error: &serde_json::Error) -> ImportError {
    let words = error.to_string();
    let detail = words.split(" at line ").next().unwrap_or_default().to_owned();
    let (line, column): Place = (error.line().max(1), error.column().max(1));
    ImportError::Broken { file: text.file.to_owned(), line, column, detail: format!("broken JSON: {detail}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Context, whether a next page is named, and rows with their places.
    type Shown = (Option<String>, bool, Vec<String>);

    fn read(json: &str) -> Result<Vec<Shown>, String> {
        let text = Text::decode("f", json.as_bytes()).map_err(|error| error.to_string())?;
        let pages = pages(&text).map_err(|error| error.to_string())?;
        let of = |page: Page<'_>| {
            let rows = page.rows.iter().map(|row| format!("{:?} {}", text.place(row.at), row.json.unwrap_or("broken"))).collect();
            (page.context.map(Cow::into_owned), page.names_next, rows)
        };
        Ok(pages.into_iter().map(of).collect())
    }

    fn rows(json: &str) -> Vec<String> {
        read(json).unwrap().into_iter().flat_map(|(_, _, rows)| rows).collect()
    }

    #[test]
    fn every_form_and_the_places_of_its_rows() {
        let page = read("{\"@odata.context\":\"c\",\n \"value\":[{\"a\":1},\n  7],\"@odata.nextLink\":\"https://n\"}").unwrap();
        assert_eq!(page, [(Some("c".into()), true, vec!["(2, 11) {\"a\":1}".into(), "(3, 3) broken".into()])]);
        assert_eq!(rows("[{\"a\":1},{\"a\":2}]"), ["(1, 2) {\"a\":1}", "(1, 10) {\"a\":2}"]);
        assert_eq!(rows("{\"a\":1}\n\n{\"a\":2}\n"), ["(1, 1) {\"a\":1}", "(3, 1) {\"a\":2}"]);
        assert_eq!(rows("{\n \"a\": 1\n}"), ["(1, 1) {\n \"a\": 1\n}"], "one object over several lines");
        assert_eq!(rows("{\"value\":[{}]}\n{\"value\":[{}]}"), ["(1, 11) {}", "(2, 11) {}"], "pages one after the other");
        assert_eq!(rows("{\"value\":7}"), ["(1, 1) {\"value\":7}"]);
        assert_eq!(rows("[]"), [""; 0]);
    }

    #[test]
    fn a_broken_line_costs_itself_and_broken_json_the_file() {
        assert_eq!(rows("{\"a\":1}\n{\"a\":\n{\"a\":3}"), ["(1, 1) {\"a\":1}", "(2, 1) broken", "(3, 1) {\"a\":3}"]);
        assert_eq!(read("{\"value\":[\n{\"a\":1},\n{\"a\"").unwrap_err(), "f:3:4: broken JSON: EOF while parsing an object");
        assert_eq!(read("[1,\n 2 3]").unwrap_err(), "f:2:4: broken JSON: expected `,` or `]`");
        assert!(read("Date,User").unwrap_err().starts_with("f:1:1: broken JSON"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}\",:a1 \n]{0,40}") {
            let _ = read(&text);
        }
    }
}
