//! Two runs, told apart: every tenant and view that both of them hold.

use std::collections::{BTreeMap, BTreeSet};

use super::baseline::Form;
use super::compare::{ChangeKind, Comparison, compare};
use super::picture::Picture;
use crate::domain::{Timestamp, View};

/// What one run saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// What it was read from.
    pub form: Form,
    /// When its facts were read.
    pub collected_at: Timestamp,
    /// By tenant and view.
    pub pictures: BTreeMap<(String, View), Picture>,
}

/// One tenant in one view.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantDiff {
    /// The tenant.
    pub tenant_id: String,
    /// Its name, or its id.
    pub name: String,
    /// The view.
    pub view: View,
    /// What is otherwise.
    pub comparison: Comparison,
}

/// Two runs, told apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff {
    /// What the earlier one was read from, and when its facts were read.
    pub old: (Form, Timestamp),
    /// The same of the later one.
    pub new: (Form, Timestamp),
    /// By tenant and view.
    pub tenants: Vec<TenantDiff>,
    /// What the earlier one alone holds.
    pub only_old: Vec<(String, View)>,
    /// What the later one alone holds.
    pub only_new: Vec<(String, View)>,
}

impl Diff {
    /// True if anything that matters changed.
    pub fn is_different(&self) -> bool {
        self.tenants.iter().any(|tenant| !tenant.comparison.changes.is_empty())
    }

    /// How many subjects something happened to.
    pub fn count(&self, kind: ChangeKind) -> u64 {
        self.tenants.iter().flat_map(|tenant| &tenant.comparison.changes).filter(|change| change.kind == kind).count() as u64
    }
}

/// Tells two runs apart.
pub fn diff(old: &Look, new: &Look) -> Diff {
    let tenants = new.pictures.iter().filter_map(|(key, now)| {
        let name = if now.display_name.trim().is_empty() { &now.tenant_id } else { &now.display_name };
        let comparison = compare(old.pictures.get(key)?, now);
        Some(TenantDiff { tenant_id: now.tenant_id.clone(), name: name.clone(), view: now.view, comparison })
    });
    let keys = |look: &Look| -> BTreeSet<(String, View)> { look.pictures.keys().cloned().collect() };
    Diff {
        old: (old.form, old.collected_at),
        new: (new.form, new.collected_at),
        tenants: tenants.collect(),
        only_old: keys(old).difference(&keys(new)).cloned().collect(),
        only_new: keys(new).difference(&keys(old)).cloned().collect(),
    }
}
