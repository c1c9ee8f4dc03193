//! Tests of the rules on sign-ins in the partner view: its own people, on their way into customers.

use serde_json::{Value, json};

use super::testing::{ALPINE, ANN, Case, at, case, relationship, visit};
use super::{
    partner_signin_failure_burst as burst, partner_signin_impossible_travel as travel, partner_signin_new_country as country,
    partner_signin_new_network as network, partner_signin_off_hours as hours, partner_signin_single_factor as factor,
    partner_signin_weak_protocol as protocol, partner_signin_without_relationship as unrelated,
};
use crate::domain::{Coverage, Dataset, Severity, Status};
use crate::policy::rule::{Draft, Rule};
use crate::policy::settings::Approved;

const OWN: &str = "11111111-1111-4111-8111-111111111111";
const OTHER: &str = "aaaaaaaa-0000-4000-8000-000000000002";

/// Somebody of the partner goes into a customer; hours from the time at which cases are judged.
fn out(id: &str, hour: i64, more: Value) -> Value {
    let mut event =
        visit(id, hour, json!({ "homeTenantId": OWN, "resourceTenantId": ALPINE, "userPrincipalName": "ann@northwind.example" }));
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn with(events: Vec<Value>) -> Case {
    case(json!({ "signIns": { "events": events } }))
}

fn fires(rule: &Rule, events: Vec<Value>) -> bool {
    with(events).fires(rule)
}

/// A fortnight and more of visits on working days at noon.
fn usual() -> Vec<Value> {
    (1..=28).filter(|day| day % 7 > 1).map(|day| out(&format!("u{day}"), day * -24 - 12, json!({ "resourceTenantId": OTHER }))).collect()
}

fn usual_and(event: Value) -> Vec<Value> {
    usual().into_iter().chain([event]).collect()
}

fn field<'a>(draft: &'a Draft, name: &str) -> Option<&'a Value> {
    draft.evidence.iter().find(|evidence| evidence.field == name).map(|evidence| &evidence.value)
}

#[test]
fn what_is_unusual_in_the_customer_view_is_unusual_here() {
    assert!(!fires(&country::RULE, usual_and(out("e", -12, json!({})))));
    assert!(fires(&country::RULE, usual_and(out("e", -12, json!({ "country": "BR" })))), "whichever customer it is");
    assert!(!fires(&network::RULE, usual_and(out("e", -12, json!({})))));
    assert!(fires(&network::RULE, usual_and(out("e", -12, json!({ "asn": 64511 })))));
    // Monday, 1 June, is the run's time: 20 hours before is a Sunday, at four.
    assert!(fires(&hours::RULE, usual_and(out("e", -20, json!({})))));
    let places = |second: Value| vec![out("a", -13, json!({})), out("b", -12, second)];
    assert!(fires(&travel::RULE, places(json!({ "resourceTenantId": OTHER, "position": [1.35, 103.82], "asn": 64511 }))));
    assert!(!fires(&travel::RULE, places(json!({ "resourceTenantId": OTHER }))));
    let single = json!({ "authenticationRequirement": "singleFactorAuthentication" });
    assert!(fires(&factor::RULE, vec![out("e", -12, single)]) && !fires(&factor::RULE, vec![out("e", -12, json!({}))]));
    let code = json!({ "authenticationProtocol": "deviceCode" });
    assert!(fires(&protocol::RULE, vec![out("e", -12, code)]) && !fires(&protocol::RULE, vec![out("e", -12, json!({}))]));
    let failures = |number: usize| (0..number).map(|n| out(&format!("f{n}"), -12, json!({ "errorCode": 50126 }))).collect();
    assert!(fires(&burst::RULE, failures(10)) && !fires(&burst::RULE, failures(9)));
}

#[test]
fn a_finding_names_the_person_the_customer_and_what_a_partner_does() {
    let single = json!({ "authenticationRequirement": "singleFactorAuthentication" });
    let findings = with(vec![out("e", -12, single)]).run(&factor::RULE).findings;
    let [draft] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((draft.subject.id.replace('-', "").as_str(), draft.subject.name.as_str()), (ANN, "ann@northwind.example"));
    assert_eq!(draft.customer.as_ref().unwrap().tenant_id, ALPINE);
    assert_eq!((field(draft, "resourceTenantId"), field(draft, "homeTenantId")), (Some(&json!(ALPINE)), None));
    assert!(draft.remediation.as_ref().unwrap().contains("revokeSignInSessions"));
}

#[test]
fn guests_outsiders_and_those_who_stay_at_home_are_left_out() {
    let of = |more: Value| {
        let mut event = json!({ "authenticationProtocol": "deviceCode" });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fires(&protocol::RULE, vec![out("e", -12, event)])
    };
    assert!(of(json!({ "crossTenantAccessType": null })), "it may be delegated");
    assert!(!of(json!({ "crossTenantAccessType": "b2bCollaboration" })));
    assert!(!of(json!({ "resourceTenantId": OWN })) && !of(json!({ "homeTenantId": OTHER })));
}

#[test]
fn an_approval_of_the_customer_limits_who_goes_in() {
    let approved = |id: &str| Approved { tenant_id: id.into(), countries: Some(vec!["NL".into()]), ..Approved::default() };
    let from = |id: &str| with(vec![out("e", -12, json!({ "country": "BR" }))]).approve_within(approved(id)).run(&country::RULE).findings;
    assert_eq!((from(ALPINE).len(), from(OTHER).len()), (1, 0), "told as beyond it, without any past");
}

#[test]
fn into_a_customer_without_a_running_relationship() {
    let into = |relationships: Value, hour: i64| {
        let case = case(json!({ "relationships": relationships, "signIns": { "events": [out("e", hour, json!({}))] } }));
        case.run(&unrelated::RULE).findings
    };
    assert_eq!(into(json!([relationship("r", &[], json!({}))]), -12).len(), 0);
    let none = into(json!([]), -12);
    assert_eq!((none.len(), none[0].subject.kind.as_ref(), none[0].subject.id.as_str()), (1, "customer", ALPINE));
    let offer = json!([relationship("r", &[], json!({ "status": "approvalPending", "activatedDateTime": null }))]);
    assert_eq!(into(offer, -12).len(), 1, "an offer lets nobody in");
    let other = json!([relationship("r", &[], json!({ "customer": { "tenantId": OTHER } }))]);
    assert_eq!(into(other, -12).len(), 1, "another customer's relationship lets nobody in here");
    let ended = || json!([relationship("r", &[], json!({ "status": "terminated", "endDateTime": at(-2).to_string() }))]);
    assert_eq!([into(ended(), -49).len(), into(ended(), -46).len(), into(ended(), -45).len()], [0, 0, 1], "two hours of grace");
    let begun = || json!([relationship("r", &[], json!({ "activatedDateTime": at(-2).to_string() }))]);
    assert_eq!([into(begun(), -51).len(), into(begun(), -50).len()], [1, 0]);
}

#[test]
fn what_was_not_read_makes_no_finding_of_it() {
    let of = |case: Case| {
        let out = case.run(&unrelated::RULE);
        (out.findings.len(), out.unjudged)
    };
    let unread = with(vec![out("e", -12, json!({}))])
        .coverage(Dataset::Relationships, Coverage { truncated: true, ..Coverage::new(Status::Partial) });
    assert_eq!(of(unread), (0, vec![(ALPINE.to_owned(), Dataset::Relationships)]));
    let unsaid = with(vec![out("e", -12, json!({ "crossTenantAccessType": null }))]);
    assert_eq!(of(unsaid), (0, vec![(ALPINE.to_owned(), Dataset::SignIns)]));
    let critical = with(vec![out("e", -12, json!({}))]).run(&unrelated::RULE).findings;
    assert!(critical[0].severity.is_none() && unrelated::RULE.meta.severity == Severity::Critical);
}
