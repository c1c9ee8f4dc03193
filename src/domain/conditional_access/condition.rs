//! One condition of a policy: the sign-ins in which it is met, and the ways past it.

use std::collections::BTreeSet;

use super::answer::GapKind;
use super::space::{Allowed, Dim, IN, OUT, Region};
use super::types::Filter;

/// A way past a policy.
#[derive(Debug, Clone)]
pub(super) struct Escape {
    pub(super) kind: GapKind,
    pub(super) name: Name,
    pub(super) region: Region,
}

/// How a way past is called.
#[derive(Debug, Clone)]
pub(super) enum Name {
    /// By this.
    Fixed(String),
    /// The applications that are not included.
    OtherApplications,
    /// The places that are not included.
    OtherPlaces,
    /// The roles that the partner holds beside these.
    OtherRoles(BTreeSet<String>),
}

/// One condition: where it is met, and the ways past it.
#[derive(Debug, Default)]
pub(super) struct Condition {
    /// The union of these.
    pub(super) met: Vec<Region>,
    pub(super) escapes: Vec<Escape>,
}

/// Equal without regard to case: ids are GUIDs, words are enum values.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// True if the list has the word.
pub(super) fn lists(list: &[String], word: &str) -> bool {
    list.iter().any(|item| same(item, word))
}

/// A yes-or-no dimension that must have one value.
pub(super) fn must_be(kind: GapKind, name: String, dim: Dim, value: &str) -> Condition {
    let other = if value == IN { OUT } else { IN };
    Condition {
        met: vec![Region::of(dim.clone(), Allowed::one(value))],
        escapes: vec![Escape { kind, name: Name::Fixed(name), region: Region::of(dim, Allowed::one(other)) }],
    }
}

/// A filter: the same rule, included here and excluded there, covers both sides.
pub(super) fn by_filter(kind: GapKind, of: &str, filter: &Filter) -> Condition {
    let rule = filter.rule.trim();
    let dim = Dim::Filter(format!("{of} {rule}"));
    let name = format!("{} {rule}", filter.mode);
    match filter.mode.to_ascii_lowercase().as_str() {
        "include" => must_be(kind, name, dim, IN),
        "exclude" => must_be(kind, name, dim, OUT),
        // A mode that is not known: which side it takes is not known either.
        _ => must_be(kind, name, Dim::Condition(format!("{of} filter {} {rule}", filter.mode)), IN),
    }
}
