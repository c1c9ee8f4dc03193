//! Judges facts: `evaluate(&Snapshot, Option<&Baseline>, &Settings, now) -> Report`. Pure: no I/O, no clock, no order dependence.

pub mod alone;
mod compared;
pub mod custom;
mod ended;
mod engine;
pub mod examples;
mod footprint;
mod gaps;
pub mod index;
mod order;
pub mod profiles;
pub mod rule;
pub mod rules;
pub mod seen;
pub mod settings;
mod summary;
mod waivers;

pub use compared::{Compared, baseline_of, baseline_with};
pub use engine::{evaluate, evaluate_with};
pub use gaps::unaccepted_gaps;

use rule::Rule;

/// The built-in rule of an id or a code, compared without case; otherwise the nearest id or code, if one is near.
pub fn find(id_or_code: &str) -> Result<&'static Rule, Option<&'static str>> {
    find_among(id_or_code, rules::ALL.iter().copied())
}

/// The same among these rules.
pub fn find_among(id_or_code: &str, rules: impl Iterator<Item = &'static Rule> + Clone) -> Result<&'static Rule, Option<&'static str>> {
    let same = |name: &str| name.eq_ignore_ascii_case(id_or_code);
    if let Some(rule) = rules.clone().find(|rule| same(rule.meta.id) || same(rule.meta.code)) {
        return Ok(rule);
    }
    let wanted = id_or_code.to_ascii_lowercase();
    let names = rules.flat_map(|rule| [rule.meta.id, rule.meta.code]);
    let scored = names.map(|name| (strsim::jaro_winkler(&wanted, &name.to_ascii_lowercase()), name));
    Err(scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name))
}
