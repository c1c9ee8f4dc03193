//! Lines and grids of a given width.

use std::borrow::Cow;

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};
use unicode_width::UnicodeWidthChar;
use unicode_width::UnicodeWidthStr;

use super::ink::Ink;
use crate::report::escape;

/// Blank columns between two columns of a grid.
pub(super) const GAP: usize = 2;

/// Prose that came from outside: one paragraph without hidden characters.
pub(super) fn prose(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    escape::terminal(&words.join(" ")).into_owned()
}

/// A name to show: harmless, and never blank where there is an id.
pub(super) fn name_or(name: &str, id: &str, width: usize) -> String {
    let best = if name.trim().is_empty() { id } else { name.trim() };
    escape::cell(best, width)
}

/// Breaks harmless text into lines of at most `width` columns, at blanks where it can.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let needed = columns(word);
        if used > 0 && used + 1 + needed > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for c in word.chars() {
            let next = c.width().unwrap_or(0);
            if used + next > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += next;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Wraps to at most `most` lines, the last of which then ends with an ellipsis. `most` of `None`: as many as it takes.
pub(super) fn wrap_at_most(text: &str, width: usize, most: Option<usize>) -> Vec<String> {
    // Words longer than all the lines together are cut before they are wrapped: a megabyte must not cost a megabyte of lines.
    let width = width.max(2);
    let mut lines = match most {
        Some(most) => wrap(&escape::truncate(text, width * (most + 1)), width),
        None => wrap(text, width),
    };
    if let Some(most) = most.filter(|most| lines.len() > *most) {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            let kept = if columns(last) < width { last.as_str() } else { &escape::truncate(last, width - 1) };
            *last = format!("{}…", kept.trim_end_matches('…'));
        }
    }
    lines
}

/// The sum of the widths of its characters: never less than what a terminal takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// Adds a paragraph: the first line behind `lead`, the others below its text.
pub(super) fn paragraph(out: &mut String, lead: &str, text: &str, width: usize) {
    let indent = lead.width();
    for (number, line) in wrap(text, width.saturating_sub(indent)).iter().enumerate() {
        if number == 0 {
            out.push_str(lead)
        } else {
            out.push_str(&" ".repeat(indent))
        }
        out.push_str(line);
        out.push('\n');
    }
}

/// Adds an empty line and a heading.
pub(super) fn heading(out: &mut String, text: &str, width: usize) {
    out.push('\n');
    for line in wrap(text, width) {
        out.push_str(&Ink::Heading.on(&line));
        out.push('\n');
    }
}

/// One column of a grid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// What stands above it.
    pub(super) title: &'static str,
    /// How wide it is, the gap aside.
    pub(super) width: usize,
}

/// Shares `width` out among columns: each gets its least, the rest goes by weight.
pub(super) fn share<const N: usize>(width: usize, wanted: [(&'static str, usize, usize); N]) -> [Column; N] {
    let least: usize = wanted.iter().map(|(_, least, _)| least).sum::<usize>() + GAP * (N.saturating_sub(1));
    let spare = width.saturating_sub(least);
    let weights: usize = wanted.iter().map(|(_, _, weight)| weight).sum::<usize>().max(1);
    wanted.map(|(title, least, weight)| Column { title, width: least + spare * weight / weights })
}

/// Adds a grid without rules. Each cell is a list of lines, cut where they do not fit their column. With titles there is a header, and a
/// column takes no more room than its content; without, columns keep their widths, so that several grids stand in line.
pub(super) fn grid(out: &mut String, indent: usize, columns: &[Column], rows: Vec<Vec<Vec<String>>>) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let titled = columns.iter().any(|column| !column.title.is_empty());
    if titled {
        table.set_header(columns.iter().map(|column| Cell::new_owned(Ink::Faint.on(&fit(column.title, column.width)))));
    }
    let cell = |(lines, column): (Vec<String>, &Column)| {
        Cell::new_owned(lines.iter().map(|line| fit(line, column.width)).collect::<Vec<_>>().join("\n"))
    };
    table.add_rows(rows.into_iter().map(|row| row.into_iter().zip(columns).map(cell).collect::<Vec<_>>()));
    let last = columns.len().saturating_sub(1);
    let mut total = 0;
    for (index, column) in columns.iter().enumerate() {
        let gap = if index == last { 0 } else { GAP };
        total += column.width + gap;
        if let Some(target) = table.column_mut(index) {
            target.set_padding((0, narrow(gap)));
            if !titled {
                target.set_constraint(ColumnConstraint::Absolute(Width::Fixed(narrow(column.width + gap))));
            }
            target.set_cell_alignment(CellAlignment::Left);
        }
    }
    table.set_width(narrow(total));
    for line in table.lines() {
        let line = line.trim_end();
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// A line as it is, or cut if it is too wide.
fn fit(line: &str, width: usize) -> Cow<'_, str> {
    if columns(line) <= width { Cow::Borrowed(line) } else { Cow::Owned(escape::truncate(line, width)) }
}

fn narrow(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}

/// `1 group`, `2 groups`.
pub(super) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Names that fit on one line of `width` columns; the rest is counted: `A, B, +3`. At least one name stands.
pub(super) fn fit_names(names: &[String], width: usize) -> String {
    let Some(first) = names.first() else { return String::new() };
    let rest_of = |shown: usize| if names.len() > shown { format!(", +{}", names.len() - shown) } else { String::new() };
    let mut line = String::new();
    let mut shown = 0;
    for name in names {
        let joined = if shown == 0 { name.clone() } else { format!("{line}, {name}") };
        if columns(&joined) + columns(&rest_of(shown + 1)) > width {
            break;
        }
        line = joined;
        shown += 1;
    }
    if shown == 0 {
        let rest = rest_of(1);
        return format!("{}{rest}", escape::truncate(first, width.saturating_sub(columns(&rest))));
    }
    line + &rest_of(shown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_wrap_and_long_ones_break() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("株式会社", 5), ["株式", "会社"]);
        assert!(wrap("   ", 5).is_empty());
        assert_eq!(wrap_at_most("one two three four", 7, Some(2)), ["one two", "three…"]);
        assert_eq!(wrap_at_most("one two", 7, Some(2)), ["one two"]);
    }

    #[test]
    fn names_are_listed_as_far_as_they_fit() {
        let names = ["Alpha", "Beta", "Gamma"].map(str::to_owned);
        assert_eq!(fit_names(&names, 40), "Alpha, Beta, Gamma");
        assert_eq!(fit_names(&names, 17), "Alpha, Beta, +1");
        assert_eq!(fit_names(&names, 8), "Alp…, +2");
        assert_eq!(fit_names(&[], 8), "");
    }

    #[test]
    fn a_grid_keeps_its_columns() {
        let rows = || vec![vec![vec!["a".into(), "b".into()], vec!["1".into()]], vec![vec!["株式".into()], vec!["22".into()]]];
        let columns = share(20, [("", 5, 1), ("", 3, 0)]);
        let mut out = String::new();
        grid(&mut out, 1, &columns, rows());
        assert_eq!(super::super::ink::paint(&out, false), " a                1\n b\n 株式             22\n");
        let columns = share(20, [("name", 5, 1), ("n", 3, 0)]);
        let mut out = String::new();
        grid(&mut out, 0, &columns, rows());
        assert_eq!(super::super::ink::paint(&out, false), "name  n\na     1\nb\n株式  22\n", "no wider than its content");
    }

    proptest! {
        #[test]
        fn no_wrapped_line_is_too_wide(text in any::<String>(), width in 2_usize..50, most in 1_usize..4) {
            let text = prose(&text);
            for line in wrap(&text, width).into_iter().chain(wrap_at_most(&text, width, Some(most))) {
                prop_assert!(line.width() <= width, "{:?} in {}", line, width);
            }
            prop_assert!(wrap_at_most(&text, width, Some(most)).len() <= most);
            let joined: String = wrap(&text, width).concat().split(' ').collect();
            prop_assert_eq!(joined, text.split(' ').collect::<String>(), "wrapping loses nothing");
        }
    }
}
