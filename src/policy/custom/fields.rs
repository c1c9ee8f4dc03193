//! Which facts a dataset fills: what a rule sees follows from the datasets that it declares.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{Dataset, Need, RuleMeta, View};

/// The facts that a rule sees, by view and name in the snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) partner: BTreeSet<String>,
    pub(super) customer: BTreeSet<String>,
}

impl Wanted {
    /// What a rule declares.
    pub(super) fn of(meta: &RuleMeta) -> Wanted {
        let facts = |view: View| meta.uses_in(view).iter().flat_map(|uses| facts_of(view, uses.dataset)).collect();
        Wanted { partner: facts(View::Partner), customer: facts(View::Customer) }
    }

    /// What one of two wants.
    pub(super) fn join(&mut self, other: &Wanted) {
        self.partner.extend(other.partner.iter().cloned());
        self.customer.extend(other.customer.iter().cloned());
    }

    pub(super) fn in_view(&self, view: View) -> &BTreeSet<String> {
        match view {
            View::Partner => &self.partner,
            View::Customer => &self.customer,
        }
    }
}

/// The facts of a dataset.
pub(super) fn facts_of(view: View, dataset: Dataset) -> Vec<String> {
    let own = match (view, dataset) {
        (View::Partner, Dataset::MfaRegistration) => "mfaRegistrations".to_owned(),
        _ => camel(dataset.name()),
    };
    let people = matches!(dataset, Dataset::GroupOwners | Dataset::GroupMembers | Dataset::GroupPim);
    [own].into_iter().chain((people && view == View::Partner).then(|| "principals".to_owned())).collect()
}

/// The datasets that fill a fact.
pub(super) fn datasets_of(view: View, fact: &str) -> Vec<Dataset> {
    Dataset::of_view(view).filter(|dataset| facts_of(view, *dataset).iter().any(|own| own == fact)).collect()
}

/// True if a dataset comes from a file in a view.
pub(super) fn is_import(view: View, dataset: Dataset) -> bool {
    dataset.need(view) == Some(Need::Import)
}

fn camel(kebab: &str) -> String {
    let mut words = kebab.split('-');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_of_the_snapshot_has_a_dataset_and_every_dataset_facts() {
        let schema = schemars::schema_for!(crate::domain::Snapshot).to_value();
        for (view, definition) in [(View::Partner, "PartnerFacts"), (View::Customer, "CustomerFacts")] {
            let known: BTreeSet<String> = schema["$defs"][definition]["properties"].as_object().unwrap().keys().cloned().collect();
            let told: BTreeSet<String> = Dataset::of_view(view).flat_map(|dataset| facts_of(view, dataset)).collect();
            assert_eq!(known, told, "{view}");
        }
        assert_eq!(datasets_of(View::Partner, "principals"), [Dataset::GroupOwners, Dataset::GroupMembers, Dataset::GroupPim]);
    }
}
