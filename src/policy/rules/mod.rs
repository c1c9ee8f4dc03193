//! The built-in rules: one file each, its page beside it. A new rule adds one `mod` line and one line in [`ALL`].

use super::rule::Rule;

/// Every built-in rule, by code.
pub static ALL: &[&Rule] = &[];
