//! What the tests of the rules share: a case is facts, coverage and settings, judged at a fixed time.

use serde_json::Value as Json;

use crate::domain::{Coverage, Dataset, Snapshot, Timestamp};
use crate::policy::examples;
use crate::policy::index::Index;
use crate::policy::rule::{Ctx, Out, Rule};
use crate::policy::settings::{RuleSettings, Settings, Value};

pub(crate) const EXCHANGE: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";
pub(crate) const READERS: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";
pub(crate) const SUPPORT: &str = "f023fd81-a637-4b56-95fd-791ac0226033";
pub(crate) const APPLICATION: &str = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";
pub(crate) const ALPINE: &str = "aaaaaaaa-0000-4000-8000-000000000001";

/// Days from the time at which cases are judged.
pub(crate) fn at(days: i64) -> Timestamp {
    Timestamp::parse("2026-06-01T00:00:00Z").unwrap().plus_days(days)
}

/// Hours from that time.
pub(crate) fn at_hour(hours: i64) -> Timestamp {
    Timestamp::new(at(0).utc() + chrono::TimeDelta::hours(hours))
}

pub(crate) struct Case {
    pub(crate) snapshot: Snapshot,
    pub(crate) now: Timestamp,
    settings: Vec<(&'static str, Value)>,
}

/// A case with these partner facts; every dataset complete, sign-ins over the 30 days before.
pub(crate) fn case(partner: Json) -> Case {
    let json = serde_json::json!({ "tenants": [{ "partner": partner }] });
    Case { snapshot: examples::load(&json.to_string()).unwrap(), now: at(0), settings: Vec::new() }
}

impl Case {
    pub(crate) fn coverage(mut self, dataset: Dataset, coverage: Coverage) -> Self {
        self.snapshot.tenants[0].coverage.insert(dataset, coverage);
        self
    }

    /// Sign-ins were read over this many days.
    pub(crate) fn window(self, days: i64) -> Self {
        self.coverage(Dataset::SignIns, Coverage { from: Some(at(-days)), to: Some(at(0)), ..Coverage::complete(0) })
    }

    pub(crate) fn int(mut self, name: &'static str, value: i64) -> Self {
        self.settings.push((name, Value::Int(value)));
        self
    }

    pub(crate) fn list(mut self, name: &'static str, items: &[&str]) -> Self {
        self.settings.push((name, Value::List(items.iter().map(|item| (*item).to_owned()).collect())));
        self
    }

    pub(crate) fn run(&self, rule: &Rule) -> Out {
        let mut own = RuleSettings::defaults(&rule.meta);
        for (name, value) in &self.settings {
            own.set(name, value.clone());
        }
        let mut out = Out::default();
        self.ctx(&own, |ctx| (rule.check)(ctx, &mut out));
        out
    }

    pub(crate) fn with_ctx<T>(&self, use_it: impl FnOnce(&Ctx<'_>) -> T) -> T {
        self.ctx(&RuleSettings::defaults(&super::ALL[0].meta), use_it)
    }

    fn ctx<T>(&self, own: &RuleSettings, use_it: impl FnOnce(&Ctx<'_>) -> T) -> T {
        let settings = Settings::default();
        let selected: Vec<_> = super::ALL.iter().map(|rule| (&rule.meta, &settings.rules[rule.meta.id])).collect();
        let tenant = &self.snapshot.tenants[0];
        let index = Index::new(&tenant.partner);
        use_it(&Ctx {
            tenant,
            facts: &tenant.partner,
            index: &index,
            now: self.now,
            lookback_days: self.snapshot.lookback_days,
            settings: own,
            selected: &selected,
        })
    }

    /// Subject ids of the findings.
    pub(crate) fn subjects(&self, rule: &Rule) -> Vec<String> {
        self.run(rule).findings.into_iter().map(|draft| draft.subject.id).collect()
    }

    pub(crate) fn fires(&self, rule: &Rule) -> bool {
        !self.run(rule).findings.is_empty()
    }
}

/// An active relationship with Alpine; `more` overrides.
pub(crate) fn relationship(id: &str, roles: &[&str], more: Json) -> Json {
    let base = serde_json::json!({
        "id": id, "displayName": id, "status": "active", "customer": { "tenantId": ALPINE, "displayName": "Alpine" },
        "roles": roles, "duration": "P365D", "autoExtendDuration": "PT0S",
        "createdDateTime": at(-200).to_string(), "activatedDateTime": at(-200).to_string(),
        "lastModifiedDateTime": at(-200).to_string(), "endDateTime": at(165).to_string(),
    });
    merge(base, more)
}

/// An active assignment; `more` overrides.
pub(crate) fn assignment(id: &str, relationship: &str, group: &str, roles: &[&str], more: Json) -> Json {
    let base = serde_json::json!({
        "id": id, "relationshipId": relationship, "status": "active", "groupId": group, "roles": roles,
        "createdDateTime": at(-200).to_string(), "lastModifiedDateTime": at(-200).to_string(),
    });
    merge(base, more)
}

fn merge(mut base: Json, more: Json) -> Json {
    if let (Some(base), Json::Object(more)) = (base.as_object_mut(), more) {
        base.extend(more);
    }
    base
}
