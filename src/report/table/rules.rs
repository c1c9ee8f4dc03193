//! `rules list` for a terminal: a line a rule, and below it its title and what it rests on.

use super::layout::paragraph;
use super::{GREATEST_WIDTH, LEAST_WIDTH};
use crate::domain::RuleMeta;
use crate::report::rules::{code, rests_on, views};
use crate::report::{RenderError, RenderOptions, escape};

/// Renders the list of rules.
///
/// # Errors
/// None: the signature is that of every format.
pub fn render(metas: &[&RuleMeta], options: &RenderOptions) -> Result<String, RenderError> {
    let width = options.width.clamp(LEAST_WIDTH, GREATEST_WIDTH);
    let ids = metas.iter().map(|meta| meta.id.len()).max().unwrap_or_default();
    let mut out = String::new();
    for meta in metas {
        let lead = format!("{:<7} {:<ids$}  {:<8}  ", code(meta).unwrap_or("–"), meta.id, meta.severity.as_str());
        paragraph(&mut out, &lead, views(meta), width);
        // Beside the id there is no room for a sentence.
        paragraph(&mut out, "  ", &escape::terminal(meta.title), width);
        for view in meta.views {
            paragraph(&mut out, &format!("  {:<8}  ", view.as_str()), &rests_on(meta, *view), width);
        }
    }
    Ok(out)
}
