//! Batches against a scripted Graph.

use std::collections::BTreeMap;

use serde_json::{Value, json as value};

use super::*;
use crate::http::testing::{Answer, Script, answer, json};
use crate::http::transport::{Request, TransportErrorKind};

/// What a batch asks: (id, url) of each item.
fn asked(request: &Request) -> Vec<(String, String)> {
    let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    body["requests"].as_array().unwrap().iter().map(|item| (text(item, "id"), text(item, "url"))).collect()
}

/// Answers a batch item by item, in reverse order; `None` leaves the item out.
fn batch(request: &Request, answer: impl Fn(&str) -> Option<Value>) -> Answer {
    let responses: Vec<Value> = asked(request)
        .into_iter()
        .rev()
        .filter_map(|(id, url)| {
            let mut item = answer(&url)?;
            item["id"] = id.into();
            Some(item)
        })
        .collect();
    json(200, value!({ "responses": responses }).to_string())
}

fn ok(body: Value) -> Option<Value> {
    Some(value!({"status": 200, "headers": {"Content-Type": "application/json"}, "body": body}))
}

fn error(status: u16, code: &str, headers: Value) -> Option<Value> {
    Some(value!({"status": status, "headers": headers, "body": {"error": {"code": code, "message": "m"}}}))
}

fn objects(count: usize) -> Vec<(String, Get)> {
    (0..count).map(|id| (format!("k{id:03}"), Get::v1("/groups/{}", &[&id.to_string()]).permission("GroupMember.Read.All"))).collect()
}

async fn lists(client: &Client, items: Vec<(String, Get)>) -> (BTreeMap<String, Vec<String>>, BTreeMap<String, Listing>) {
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let listings =
        client.batch_list(items, &mut |key: &str, row: Row| rows.entry(key.to_owned()).or_default().push(row.id.unwrap_or_default())).await;
    (rows, listings)
}

/// How many times each URL was asked for in batches.
fn counts(requests: &[Request]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (_, url) in requests.iter().filter(|request| request.body.is_some()).flat_map(asked) {
        *counts.entry(url).or_default() += 1;
    }
    counts
}

#[tokio::test(start_paused = true)]
async fn twenty_at_a_time_matched_by_id() {
    let script = Script::new(|request: &Request| batch(request, |url| ok(value!({"id": url}))));
    let results = client(script.clone()).batch_get::<Row>(objects(45)).await;
    assert_eq!(results.len(), 45);
    assert_eq!(results["k031"].as_ref().unwrap().id.as_deref(), Some("/groups/31"));
    let requests = script.requests();
    assert_eq!(requests.iter().map(|request| asked(request).len()).collect::<Vec<_>>(), [20, 20, 5]);
    for request in &requests {
        assert_eq!((request.method.as_str(), request.url.path()), ("POST", "/v1.0/$batch"));
        assert_eq!(request.headers["content-type"], "application/json");
        let ids: std::collections::BTreeSet<String> = asked(request).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids.len(), asked(request).len());
        let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
        assert!(body["requests"].as_array().unwrap().iter().all(|item| item["method"] == "GET"));
    }
}

#[tokio::test(start_paused = true)]
async fn versions_go_apart_and_headers_go_with_the_item() {
    let script = Script::new(|request: &Request| batch(request, |_| ok(value!({"id": "x"}))));
    let items = vec![
        ("a".to_owned(), Get::v1("/a", &[]).eventual().query("$filter", "x eq 1")),
        ("b".to_owned(), Get::beta("/b", &[]).unknown_enums()),
        ("c".to_owned(), Get::v1("/c", &[])),
    ];
    client(script.clone()).batch_get::<Row>(items).await;
    let mut bodies: Vec<(String, Value)> = script
        .requests()
        .iter()
        .map(|request| (request.url.path().to_owned(), serde_json::from_slice(request.body.as_ref().unwrap()).unwrap()))
        .collect();
    bodies.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(bodies[0].0, "/beta/$batch");
    assert_eq!(
        bodies[0].1["requests"],
        value!([{"id": "1", "method": "GET", "url": "/b", "headers": {"Prefer": "include-unknown-enum-members"}}])
    );
    assert_eq!(
        bodies[1].1["requests"],
        value!([
            {"id": "1", "method": "GET", "url": "/a?$filter=x%20eq%201", "headers": {"ConsistencyLevel": "eventual"}},
            {"id": "2", "method": "GET", "url": "/c"}
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn only_throttled_items_are_sent_again_each_after_its_own_wait() {
    let seen = Mutex::new(BTreeMap::<String, usize>::new());
    let script = Script::new(move |request: &Request| {
        batch(request, |url| {
            let mut seen = seen.lock().unwrap();
            let times = seen.entry(url.to_owned()).or_default();
            *times += 1;
            match (url, *times) {
                ("/groups/1" | "/groups/2", 1) => error(429, "TooManyRequests", value!({"retry-after": "5"})),
                ("/groups/3", 1) => error(503, "ServiceUnavailable", value!({"Retry-After": 30})),
                ("/groups/4", _) => error(404, "Request_ResourceNotFound", value!({"request-id": "r-4"})),
                ("/groups/5", _) => error(429, "TooManyRequests", Value::Null),
                _ => ok(value!({"id": url})),
            }
        })
    });
    let client = client(script.clone());
    let results = client.batch_get::<Row>(objects(20)).await;
    let counts = counts(&script.requests());
    assert_eq!((counts["/groups/0"], counts["/groups/1"], counts["/groups/3"], counts["/groups/4"], counts["/groups/5"]), (1, 2, 2, 1, 8));
    assert!(results["k001"].is_ok() && results["k003"].is_ok());
    let gone = results["k004"].as_ref().unwrap_err();
    assert_eq!((gone.kind, gone.status, gone.request_id.as_deref()), (GraphErrorKind::NotFound, Some(404), Some("r-4")));
    assert_eq!((gone.template, gone.permission), ("/groups/{}", "GroupMember.Read.All"));
    assert_eq!(results["k005"].as_ref().unwrap_err().kind, GraphErrorKind::Throttled);
    let again: Vec<_> =
        script.requests().iter().skip(1).map(|request| asked(request).into_iter().map(|(_, url)| url).collect::<Vec<_>>()).collect();
    assert!(again.contains(&vec!["/groups/1".to_owned(), "/groups/2".to_owned()]), "{again:?}");
    assert!(client.clock.elapsed() >= Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn an_item_without_an_answer_is_asked_once_more_and_then_a_failure() {
    let script = Script::new(|request: &Request| batch(request, |url| if url == "/groups/1" { None } else { ok(value!({"value": []})) }));
    let (rows, listings) = lists(&client(script.clone()), objects(3)).await;
    assert!(rows.is_empty());
    assert!(matches!(listings["k000"].end, End::Complete));
    assert_eq!(broken(&listings["k001"]).kind, GraphErrorKind::MissingFromBatch);
    assert_eq!(counts(&script.requests())["/groups/1"], 2);
}

#[tokio::test(start_paused = true)]
async fn an_odd_item_costs_no_other_its_answer() {
    let calls = AtomicUsize::new(0);
    let script = Script::new(move |_: &Request| {
        let odd = value!([
            {"id": "9", "status": 200, "body": {"id": "nobody asked"}},
            {"id": null, "status": 200, "body": {"id": "whose"}},
            {"id": "0", "status": 200, "body": {"id": "none"}},
            {"status": 200},
            {"id": 1, "status": "200", "headers": null, "body": {"id": "one"}},
            {"id": "1", "status": 500, "body": {"id": "again"}},
            {"id": "2", "status": "soon", "body": {"id": "two"}},
            {"id": "3", "status": 200, "headers": ["x"], "body": "PGh0bWw+"},
            {"id": " 4 ", "status": 200, "body": {"id": "four"}},
            {"id": "5", "status": -1, "body": {"id": "five"}},
        ]);
        let odd = if calls.fetch_add(1, Ordering::SeqCst) == 0 { odd } else { value!([]) };
        json(200, value!({ "responses": odd }).to_string())
    });
    let results = client(script).batch_get::<Row>(objects(5)).await;
    let id = |key: &str| results[key].as_ref().map(|row| row.id.clone().unwrap()).map_err(|error| error.kind);
    assert_eq!((id("k000"), id("k003")), (Ok("one".into()), Ok("four".into())));
    assert_eq!((id("k001"), id("k004")), (Err(GraphErrorKind::MissingFromBatch), Err(GraphErrorKind::MissingFromBatch)));
    assert_eq!(id("k002"), Err(GraphErrorKind::Malformed));
}

#[tokio::test(start_paused = true)]
async fn further_pages_are_followed_outside() {
    let script = Script::new(|request: &Request| match request.url.path() {
        "/v1.0/$batch" => batch(request, |url| match url {
            "/groups/0" => ok(value!({"value": [{"id": "a"}], "@odata.nextLink": "https://graph.example/beta/page?p=2"})),
            "/groups/1" => ok(value!({"value": [{"id": "x"}], "@odata.nextLink": "https://evil.example/"})),
            "/groups/2" => ok(value!({"value": null})),
            "/groups/3" => Some(value!({"status": 200})),
            "/groups/4" => ok(value!({"value": [{"id": "y"}, {"id": 1}]})),
            _ => ok(value!({"value": []})),
        }),
        _ => json(200, page(&["a", "b"], None)),
    });
    let (rows, listings) = lists(&client(script.clone()), objects(6)).await;
    assert_eq!(rows["k000"], ["a", "b"]);
    assert_eq!((listings["k000"].records, matches!(listings["k000"].end, End::Complete)), (2, true));
    assert_eq!((broken(&listings["k001"]).kind, listings["k001"].records), (GraphErrorKind::ForeignLink, 1));
    assert_eq!(broken(&listings["k002"]).kind, GraphErrorKind::Malformed);
    assert_eq!(broken(&listings["k003"]).kind, GraphErrorKind::Malformed);
    assert_eq!((broken(&listings["k004"]).kind, listings["k004"].records), (GraphErrorKind::Malformed, 1));
    assert!(matches!(listings["k005"].end, End::Complete));
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cut_answer_is_asked_again() {
    let calls = AtomicUsize::new(0);
    let script = Script::new(move |request: &Request| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => {
            answer(200, &[], r#"{"responses":[{"id":"1","status":200,"body":{"value":[{"id":"a"}]}},{"id"#, Some(TransportErrorKind::Reset))
        }
        _ => batch(request, |_| ok(value!({"value": [{"id": "a"}]}))),
    });
    let (rows, listings) = lists(&client(script.clone()), objects(2)).await;
    assert_eq!((rows["k000"].len(), rows["k001"].len(), listings["k000"].records), (1, 1, 1));
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_outer_failure_fails_every_item_by_its_own_name() {
    let script = Script::new(|_: &Request| json(403, r#"{"error":{"code":"Authorization_RequestDenied","message":"no"}}"#));
    let results = client(script.clone()).batch_get::<Row>(objects(25)).await;
    assert!(results.values().all(|result| {
        let error = result.as_ref().unwrap_err();
        (error.kind, error.template, error.permission) == (GraphErrorKind::Denied, "/groups/{}", "GroupMember.Read.All")
    }));
    assert_eq!((results.len(), script.requests().len()), (25, 2));
}

#[tokio::test(start_paused = true)]
async fn what_no_batch_can_do_is_read_alone() {
    let script = Script::new(|request: &Request| match request.url.path() {
        "/v1.0/$batch" => json(400, r#"{"error":{"code":"BadRequest","message":"no batches here"}}"#),
        path => json(200, value!({"id": path}).to_string()),
    });
    let results = client(script.clone()).batch_get::<Row>(objects(3)).await;
    assert_eq!(results["k002"].as_ref().unwrap().id.as_deref(), Some("/v1.0/groups/2"));
    assert_eq!(script.requests().len(), 4);

    for (status, body) in [(413, "<html>too large</html>"), (404, r#"{"status":404,"error":"Not Found"}"#), (405, "")] {
        let script = Script::new(move |request: &Request| match request.url.path() {
            "/v1.0/$batch" => answer(status, &[], body, None),
            path => json(200, value!({"id": path}).to_string()),
        });
        let results = client(script.clone()).batch_get::<Row>(objects(3)).await;
        assert!(results.values().all(Result::is_ok), "{status}: a gateway that lets no batch through");
    }

    let script = Script::new(|request: &Request| match request.url.path() {
        "/v1.0/$batch" => batch(request, |_| error(401, "InvalidAuthenticationToken", Value::Null)),
        _ => json(200, page(&["a"], None)),
    });
    let (rows, listings) = lists(&client(script.clone()), objects(2)).await;
    assert_eq!((rows.len(), listings.len(), script.requests().len()), (2, 2, 3));

    let script = Script::new(|_: &Request| json(200, page(&["a"], None)));
    let mut setup = Setup::new(script.clone());
    setup.options.batch = false;
    let (rows, listings) = lists(&Client::new(setup.options), objects(30)).await;
    assert_eq!((rows.len(), listings.len(), script.requests().len()), (30, 30, 30));
    assert!(script.requests().iter().all(|request| request.body.is_none()));
}

#[tokio::test(start_paused = true)]
async fn batches_overlap() {
    let script = Script::slow(Duration::from_millis(20), |request: &Request| batch(request, |url| ok(value!({"value": [{"id": url}]}))));
    let client = client(script.clone());
    let (rows, _) = lists(&client, objects(1000)).await;
    assert_eq!((rows.len(), script.requests().len()), (1000, 50));
    assert!(client.clock.elapsed() <= Duration::from_millis(150), "{:?}", client.clock.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_runs_time_ends_batches_too() {
    let script = Script::new(|request: &Request| batch(request, |_| error(429, "TooManyRequests", value!({"retry-after": "90"}))));
    let mut setup = Setup::new(script);
    setup.options.deadline = Some(Duration::from_secs(60));
    let results = Client::new(setup.options).batch_get::<Row>(objects(3)).await;
    assert!(results.values().all(|result| result.as_ref().unwrap_err().kind == GraphErrorKind::OutOfTime));
}
