//! What the organisation should look at in its own policy: waivers and accepted gaps that ended or match nothing.

use super::Page;
use super::layout::{heading, paragraph, prose};

/// Adds the notes; nothing where there is none.
pub(super) fn write(out: &mut String, page: &Page<'_>) {
    if page.report.notes.is_empty() {
        return;
    }
    heading(out, "Policy to look at", page.width);
    for note in &page.report.notes {
        let text = prose(&note.text);
        let mut letters = text.chars();
        let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
        paragraph(out, "  ", &format!("{first}{}.", letters.as_str()), page.width);
    }
}
