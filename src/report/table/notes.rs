//! What the organisation should look at in its own policy: waivers, approvals and accepted gaps that ended or match nothing; and what the baseline
//! held that no finding tells.

use super::layout::{heading, paragraph, prose};
use super::{Page, shown};
use crate::domain::report::Note;

/// Most notes of a kind, without `--full`.
const MOST: usize = 20;

/// Adds the notes; nothing where there is none.
pub(super) fn write(out: &mut String, page: &Page<'_>) {
    let (of_baseline, of_policy): (Vec<&Note>, Vec<&Note>) = page.report.notes.iter().partition(|note| note.kind.is_of_baseline());
    list(out, page, "Policy to look at", &of_policy);
    list(out, page, "Since the baseline", &of_baseline);
}

fn list(out: &mut String, page: &Page<'_>, title: &str, notes: &[&Note]) {
    if notes.is_empty() {
        return;
    }
    heading(out, title, page.width);
    let shown = shown(page, notes.len(), MOST);
    for note in &notes[..shown] {
        let text = prose(&note.text);
        let mut letters = text.chars();
        let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
        paragraph(out, "  ", &format!("{first}{}.", letters.as_str()), page.width);
    }
    if shown < notes.len() {
        paragraph(out, "  ", &format!("and {} more (--full lists them)", notes.len() - shown), page.width);
    }
}
