//! What a rule hands back: its form, its bounds, and whether its evidence is in the facts.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;
use serde::{Deserialize, Serialize};

use super::fields::{Wanted, datasets_of};
use super::schema::{Schema, Step};
use crate::domain::{Confidence, Evidence, Party, RuleMeta, Severity, Timestamp, View};
use crate::policy::rule::Draft;

/// Most findings of one rule about one tenant.
const MAX_FINDINGS: usize = 10_000;
/// Most evidence of one finding.
const MAX_EVIDENCE: usize = 30;
/// Longest text, in characters.
const MAX_TEXT: usize = 1_000;
/// Most entries of a list.
const MAX_ITEMS: usize = 100;

/// A finding as a rule writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RawFinding {
    subject: RawSubject,
    evidence: Vec<RawEvidence>,
    #[serde(default)]
    key: String,
    #[serde(default)]
    severity: Option<Severity>,
    #[serde(default)]
    confidence: Option<Confidence>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    since: Option<Timestamp>,
    #[serde(default)]
    customer: Option<RawParty>,
    #[serde(default)]
    partner: Option<RawParty>,
    #[serde(default)]
    remediation: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSubject {
    kind: String,
    id: String,
    #[serde(default)]
    name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawParty {
    tenant_id: String,
    /// A customer as the snapshot has it is one too.
    #[serde(default, alias = "displayName")]
    name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvidence {
    field: String,
    value: serde_json::Value,
}

impl RawFinding {
    /// What it is about, for messages.
    pub(super) fn about(&self) -> String {
        format!("{} {}", self.subject.kind, self.subject.id)
    }

    /// The draft that the engine completes. Its evidence names the dataset that holds the field.
    pub(super) fn into_draft(self, meta: &RuleMeta, view: View) -> Draft {
        let RawSubject { kind, id, name } = self.subject;
        let name = if name.is_empty() { id.clone() } else { name };
        let party = |party: RawParty| Party {
            name: if party.name.is_empty() { party.tenant_id.clone() } else { party.name },
            tenant_id: party.tenant_id,
        };
        let mut draft = Draft::about(kind, id, name)
            .key(self.key)
            .since(self.since)
            .customer(self.customer.map(party))
            .partner(self.partner.map(party));
        draft.severity = self.severity;
        draft.note = self.note;
        draft.title = self.title.map(Into::into);
        draft.remediation = self.remediation.map(Into::into);
        if let Some(confidence) = self.confidence {
            draft = draft.confidence(confidence);
        }
        draft.evidence = self.evidence.into_iter().map(|entry| entry.named(meta, view)).collect();
        draft
    }
}

impl RawEvidence {
    fn named(self, meta: &RuleMeta, view: View) -> Evidence {
        let (fact, rest) = self.field.split_once('.').unwrap_or((&self.field, ""));
        let rest = if fact == "signIns" { rest.strip_prefix("events.").unwrap_or(rest) } else { rest };
        let datasets = datasets_of(view, fact);
        let declared = datasets.iter().find(|dataset| meta.uses_in(view).iter().any(|uses| uses.dataset == **dataset));
        let source = declared.or(datasets.first()).map(|dataset| dataset.name()).unwrap_or_default();
        let field = if rest.is_empty() { fact.to_owned() } else { rest.to_owned() };
        Evidence { field: field.into(), value: self.value, source: source.into() }
    }
}

/// Takes what a rule said apart. `input`: what it was given. The first thing that is wrong is told.
pub(super) fn read(said: &Value, input: &Value, view: View, wanted: &Wanted) -> Result<Vec<RawFinding>, String> {
    let items: Vec<&Value> = match said {
        Value::Set(items) => items.iter().collect(),
        Value::Array(items) => items.iter().collect(),
        Value::Undefined => return Err("`findings` is undefined: it is a set, empty where nothing is found".into()),
        _ => return Err("`findings` is neither a set nor a list".into()),
    };
    if items.len() > MAX_FINDINGS {
        return Err(format!("it found {} things, and more than {MAX_FINDINGS} are not taken", items.len()));
    }
    let schema = Schema::new();
    let mut named = BTreeSet::new();
    let mut claims: BTreeMap<String, BTreeSet<Value>> = BTreeMap::new();
    let mut findings = Vec::with_capacity(items.len());
    for (number, item) in items.into_iter().enumerate() {
        let wrong = |message: String| format!("finding {}: {message}", number + 1);
        let json = serde_json::to_value(item).map_err(|error| wrong(error.to_string()))?;
        let finding: RawFinding = serde_json::from_value(json).map_err(|error| wrong(error.to_string()))?;
        check(&finding, view, wanted, &schema).map_err(wrong)?;
        if !named.insert((finding.subject.kind.clone(), finding.subject.id.clone(), finding.key.clone())) {
            return Err(wrong(format!("there is another about {}: give each a `key` that tells them apart", finding.about())));
        }
        for entry in finding.evidence.iter().filter(|entry| !entry.value.is_null()) {
            claims.entry(entry.field.clone()).or_default().insert(Value::from(entry.value.clone()));
        }
        findings.push(finding);
    }
    for (field, values) in claims {
        if let Some(value) = not_in(input, view, &field, values) {
            return Err(format!("its evidence is not in the facts: no `{field}` is {value}"));
        }
    }
    Ok(findings)
}

fn check(finding: &RawFinding, view: View, wanted: &Wanted, schema: &Schema) -> Result<(), String> {
    let is_kind = finding.subject.kind.starts_with(|c: char| c.is_ascii_lowercase())
        && finding.subject.kind.len() <= 40
        && finding.subject.kind.chars().all(|c| c.is_ascii_alphanumeric());
    if !is_kind {
        return Err(format!("subject.kind {:?} is no word such as `relationship`", shown(&finding.subject.kind)));
    }
    if finding.subject.id.trim().is_empty() {
        return Err("subject.id is empty".into());
    }
    let party = |party: &Option<RawParty>| party.as_ref().is_some_and(|party| party.tenant_id.trim().is_empty());
    if party(&finding.customer) || party(&finding.partner) {
        return Err("customer and partner have a `tenantId`".into());
    }
    let parties = [&finding.customer, &finding.partner].into_iter().flatten().flat_map(|party| [&party.tenant_id, &party.name]);
    let optional = [&finding.title, &finding.note, &finding.remediation].into_iter().flatten();
    let texts = [&finding.subject.id, &finding.subject.name, &finding.key].into_iter().chain(parties).chain(optional);
    if texts.into_iter().any(|text| text.chars().count() > MAX_TEXT) {
        return Err(format!("a text is longer than {MAX_TEXT} characters"));
    }
    if finding.evidence.is_empty() || finding.evidence.len() > MAX_EVIDENCE {
        return Err(format!("it has {} pieces of evidence, and 1 to {MAX_EVIDENCE} are needed", finding.evidence.len()));
    }
    finding.evidence.iter().try_for_each(|entry| check_evidence(entry, view, wanted, schema))
}

fn check_evidence(entry: &RawEvidence, view: View, wanted: &Wanted, schema: &Schema) -> Result<(), String> {
    let field = shown(&entry.field);
    let fact = entry.field.split('.').next().unwrap_or_default();
    if !wanted.in_view(view).contains(fact) {
        return Err(format!("evidence field `{field}` does not begin with a fact of the datasets that the rule declares"));
    }
    let mut place = schema.facts(view);
    for name in entry.field.split('.') {
        let step = Step::Field(name.to_owned());
        place = schema.step(&place, &step).map_err(|wrong| format!("evidence field `{field}`: {}", wrong.message))?;
        place = schema.elements(&place);
    }
    let is_short = |value: &serde_json::Value| value.as_str().is_none_or(|text| text.chars().count() <= MAX_TEXT);
    let fits = match &entry.value {
        serde_json::Value::Object(_) => false,
        serde_json::Value::Array(items) => items.len() <= MAX_ITEMS && items.iter().all(|item| item.is_string() && is_short(item)),
        single => is_short(single),
    };
    if fits { Ok(()) } else { Err(format!("evidence `{field}` is no single value, no list of at most {MAX_ITEMS} strings, or too long")) }
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A value that no record has at a path, if there is one: lists and maps on the way are gone through.
fn not_in(input: &Value, view: View, field: &str, mut open: BTreeSet<Value>) -> Option<Value> {
    let facts = &input["tenants"][0_usize][view.as_str()];
    let names: Vec<Value> = field.split('.').map(Value::from).collect();
    strike(facts, &names, &mut open);
    open.into_iter().next()
}

fn strike(at: &Value, names: &[Value], open: &mut BTreeSet<Value>) {
    if open.is_empty() {
        return;
    }
    let Some((name, rest)) = names.split_first() else {
        open.remove(at);
        match at {
            Value::Array(items) => items.iter().for_each(|item| strike(item, names, open)),
            Value::Object(map) => map.values().for_each(|item| strike(item, names, open)),
            _ => {}
        }
        return;
    };
    match at {
        Value::Array(items) => items.iter().for_each(|item| strike(item, names, open)),
        Value::Object(map) => match map.get(name) {
            Some(field) => strike(field, rest, open),
            None => map.values().for_each(|item| strike(item, names, open)),
        },
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> Value {
        Value::from(serde_json::json!({ "tenants": [{ "partner": {
            "relationships": [{ "id": "r1", "roles": ["a", "b"], "customer": { "tenantId": "c1" } }, { "id": "r2", "roles": [] }],
            "groupMembers": { "g1": ["u1"] }
        } }] }))
    }

    fn said(finding: serde_json::Value) -> Result<Vec<RawFinding>, String> {
        let wanted = Wanted { partner: ["relationships", "groupMembers"].map(str::to_owned).into(), ..Wanted::default() };
        read(&Value::from(finding), &input(), View::Partner, &wanted)
    }

    fn finding(more: serde_json::Value) -> serde_json::Value {
        let mut base = serde_json::json!({
            "subject": { "kind": "relationship", "id": "r1" },
            "evidence": [{ "field": "relationships.id", "value": "r1" }]
        });
        base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        base
    }

    #[test]
    fn evidence_is_what_the_facts_hold() {
        let evidence = |field: &str, value: serde_json::Value| {
            said(serde_json::json!([finding(serde_json::json!({ "evidence": [{ "field": field, "value": value }] }))]))
        };
        for (field, value) in [
            ("relationships.roles", serde_json::json!(["a", "b"])),
            ("relationships.roles", serde_json::json!("b")),
            ("relationships.customer.tenantId", serde_json::json!("c1")),
            ("relationships.endDateTime", serde_json::json!(null)),
            ("groupMembers", serde_json::json!("u1")),
        ] {
            assert_eq!(evidence(field, value.clone()).map(|found| found.len()), Ok(1), "{field} {value}");
        }
        for (field, value, says) in [
            ("relationships.id", serde_json::json!("r3"), "its evidence is not in the facts: no `relationships.id` is \"r3\""),
            ("relationships.roles", serde_json::json!(["a"]), "its evidence is not in the facts: no `relationships.roles` is [\"a\"]"),
            (
                "relationships.ids",
                serde_json::json!("r1"),
                "finding 1: evidence field `relationships.ids`: the snapshot has no field `ids` here",
            ),
            (
                "signIns.events.id",
                serde_json::json!("x"),
                "finding 1: evidence field `signIns.events.id` does not begin with a fact of the datasets that the rule declares",
            ),
            (
                "relationships.id",
                serde_json::json!({}),
                "finding 1: evidence `relationships.id` is no single value, no list of at most 100 strings, or too long",
            ),
        ] {
            assert_eq!(evidence(field, value).unwrap_err(), says);
        }
    }

    #[test]
    fn what_is_no_finding_is_told() {
        for (said_it, says) in [
            (serde_json::json!({ "a": 1 }), "neither a set nor a list"),
            (serde_json::json!([1]), "finding 1: invalid type"),
            (serde_json::json!([finding(serde_json::json!({ "sevrity": "high" }))]), "finding 1: unknown field `sevrity`"),
            (serde_json::json!([finding(serde_json::json!({ "severity": "bad" }))]), "finding 1: unknown variant `bad`"),
            (serde_json::json!([finding(serde_json::json!({ "evidence": [] }))]), "0 pieces of evidence"),
            (serde_json::json!([finding(serde_json::json!({ "note": "x".repeat(1_001) }))]), "longer than 1000"),
            (serde_json::json!([finding(serde_json::json!({ "subject": { "kind": "A b", "id": "r1" } }))]), "is no word"),
            (
                serde_json::json!([finding(serde_json::json!({})), finding(serde_json::json!({ "note": "x" }))]),
                "finding 2: there is another about relationship r1",
            ),
        ] {
            let error = said(said_it).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        let many: Vec<_> = (0..10_001).map(|n| finding(serde_json::json!({ "key": n.to_string() }))).collect();
        assert!(said(many.into()).unwrap_err().contains("more than 10000"));
    }

    #[test]
    fn a_draft_names_the_dataset_of_its_evidence() {
        let found =
            said(serde_json::json!([finding(serde_json::json!({ "title": "t", "severity": "low", "customer": { "tenantId": "c1" } }))]))
                .unwrap();
        let draft = found[0].clone().into_draft(&crate::policy::rules::ALL[0].meta, View::Partner);
        assert_eq!((draft.subject.name.as_str(), draft.customer.unwrap().name.as_str(), draft.severity), ("r1", "c1", Some(Severity::Low)));
        assert_eq!((&*draft.evidence[0].field, &*draft.evidence[0].source), ("id", "relationships"));
    }
}
