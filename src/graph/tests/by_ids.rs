//! Objects by their ids, against a scripted Graph.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use super::*;
use crate::graph::ByIds;
use crate::http::testing::{Script, json};

const WANTED: ByIds<'static> =
    ByIds { types: &["group", "directoryObjectPartnerReference"], select: Some("id,displayName"), permission: "Directory.Read.All" };

fn ids(count: usize) -> BTreeSet<String> {
    (0..count).map(|number| format!("00000000-0000-4000-8000-{number:012}")).collect()
}

async fn objects(client: &Client, ids: &BTreeSet<String>) -> (BTreeSet<String>, Listing) {
    let mut found = BTreeSet::new();
    let listing = client.get_by_ids(&WANTED, ids, &mut |row: Row| found.extend(row.id)).await;
    (found, listing)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_ids_a_request_and_the_partner_type_is_named() {
    let script = Script::new(|request| {
        let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
        let rows: Vec<Value> = body["ids"].as_array().unwrap().iter().map(|id| serde_json::json!({ "id": id })).collect();
        json(200, serde_json::json!({ "value": rows }).to_string())
    });
    let mut wanted = ids(2_001);
    wanted.insert("no guid".into());
    let (found, listing) = objects(&client(script.clone()), &wanted).await;
    assert!(matches!(listing.end, End::Complete));
    assert_eq!((found, listing.records), (ids(2_001), 2_001));
    let requests = script.requests();
    let mut sizes = Vec::new();
    for request in &requests {
        assert_eq!((request.method.clone(), request.url.path()), (Method::POST, "/v1.0/directoryObjects/getByIds"));
        let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
        assert_eq!(body["types"], serde_json::json!(["group", "directoryObjectPartnerReference"]));
        sizes.push(body["ids"].as_array().unwrap().len());
    }
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1_000, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_for_without_ids() {
    let script = Script::new(|_| json(500, "{}"));
    let (found, listing) = objects(&client(script.clone()), &BTreeSet::new()).await;
    assert!(found.is_empty() && matches!(listing.end, End::Complete) && script.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn it_is_tried_again_like_any_read_and_a_refusal_names_the_permission() {
    let tries = AtomicUsize::new(0);
    let script = Script::new(move |_| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => json(503, "{}"),
        1 => json(200, page(&["a"], None)),
        _ => json(403, r#"{"error":{"code":"Authorization_RequestDenied","message":"no"}}"#),
    });
    let client = client(script.clone());
    let (found, _) = objects(&client, &ids(1)).await;
    assert_eq!((found.len(), script.requests().len()), (1, 2));
    let (_, refused) = objects(&client, &ids(1)).await;
    let error = broken(&refused);
    assert_eq!((error.kind, error.permission), (GraphErrorKind::Denied, "Directory.Read.All"));
}
