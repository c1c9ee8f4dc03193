//! Lists over pages.

use super::*;
use crate::http::testing::{Script, answer, json};
use crate::http::transport::TransportErrorKind;

#[tokio::test(start_paused = true)]
async fn follows_links_verbatim_through_empty_pages_with_the_same_headers() {
    let script = Script::new(|request| match request.url.query() {
        Some("$skiptoken=A%2Bb&x=1") => json(200, page(&[], Some("https://graph.example/beta/other?$skiptoken=3"))),
        Some("$skiptoken=3") => json(200, format!("\u{feff}{}", page(&["c"], None))),
        _ => json(200, page(&["a", "b"], Some("https://graph.example/v1.0/groups/g%201/members?$skiptoken=A%2Bb&x=1"))),
    });
    let get = rows().eventual().unknown_enums();
    let (ids, listing) = read(&client(script.clone()), &get, None).await;
    assert_eq!(ids, ["a", "b", "c"]);
    assert!(matches!(listing.end, End::Complete));
    assert_eq!(listing.records, 3);
    assert_eq!(
        script.paths(),
        ["/v1.0/groups/g%201/members?$top=999", "/v1.0/groups/g%201/members?$skiptoken=A%2Bb&x=1", "/beta/other?$skiptoken=3"]
    );
    let mut request_ids = std::collections::BTreeSet::new();
    for request in script.requests() {
        assert_eq!(request.headers["prefer"], "include-unknown-enum-members");
        assert_eq!(request.headers["consistencylevel"], "eventual");
        assert_eq!(request.headers["accept"], "application/json");
        assert_eq!(request.headers["authorization"], "Bearer token-1");
        assert!(request.headers["authorization"].is_sensitive());
        request_ids.insert(request.headers["client-request-id"].to_str().unwrap().to_owned());
    }
    assert_eq!(request_ids.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_was_seen_before_ends_the_list() {
    let script = Script::new(|request| match request.url.query() {
        Some("p=2") => json(200, page(&["b"], Some("https://graph.example/p?p=1"))),
        Some("p=1") => json(200, page(&["a"], Some("https://graph.example/p?p=2"))),
        _ => json(200, page(&["0"], Some("https://graph.example/p?p=1"))),
    });
    let (ids, listing) = read(&client(script.clone()), &rows(), None).await;
    assert_eq!(ids, ["0", "a", "b"]);
    assert_eq!(broken(&listing).kind, GraphErrorKind::PagingLoop);
    assert_eq!(listing.records, 3);
    assert_eq!(script.paths().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_token_goes_nowhere_else() {
    for link in [
        "https://evil.example/v1.0/x",
        "http://graph.example/v1.0/x",
        "https://graph.example:8443/v1.0/x",
        "https://user:pass@graph.example/v1.0/x",
        "https://user@graph.example/v1.0/x",
        "https://graph.example.evil.example/",
    ] {
        let script = Script::new(move |_| json(200, page(&["a"], Some(link))));
        let (ids, listing) = read(&client(script.clone()), &rows(), None).await;
        assert_eq!((ids.len(), broken(&listing).kind), (1, GraphErrorKind::ForeignLink), "{link}");
        assert_eq!(script.paths().len(), 1, "{link}");
    }
    let script = Script::new(|_| json(200, page(&["a"], Some("/v1.0/relative"))));
    assert_eq!(broken(&read(&client(script), &rows(), None).await.1).kind, GraphErrorKind::Malformed);
}

#[tokio::test(start_paused = true)]
async fn plain_http_is_for_this_machine_only() {
    for (endpoint, allowed) in
        [("http://127.0.0.1:8080", true), ("http://[::1]:8080", true), ("http://localhost", true), ("http://10.0.0.1", false)]
    {
        let script = Script::new(|_| json(200, page(&[], None)));
        let mut setup = Setup::new(script.clone());
        setup.options.endpoint = Url::parse(endpoint).unwrap();
        let (_, listing) = read(&Client::new(setup.options), &rows(), None).await;
        assert_eq!(matches!(listing.end, End::Complete), allowed, "{endpoint}");
        assert_eq!(script.paths().len(), usize::from(allowed));
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_capped() {
    let count = AtomicUsize::new(0);
    let script = Script::new(move |_| {
        let next = format!("https://graph.example/p?p={}", count.fetch_add(1, Ordering::SeqCst));
        json(200, page(&[&next], Some(&next)))
    });
    let mut client = client(script.clone());
    client.page_cap = 7;
    let (ids, listing) = read(&client, &rows(), None).await;
    assert_eq!((ids.len(), broken(&listing).kind, script.paths().len()), (7, GraphErrorKind::PageCap, 7));
}

#[tokio::test(start_paused = true)]
async fn a_limit_stops_where_it_is_reached() {
    let script = Script::new(|request| match request.url.query() {
        Some("p=2") => json(200, page(&["c"], None)),
        _ => json(200, page(&["a", "b", "b"], Some("https://graph.example/p?p=2"))),
    });
    for (limit, expected, capped, calls) in [(1, 1, true, 1), (2, 2, true, 1), (3, 3, false, 2), (9, 3, false, 2)] {
        let before = script.paths().len();
        let (ids, listing) = read(&client(script.clone()), &rows(), Some(limit)).await;
        assert_eq!((ids.len(), matches!(listing.end, End::Capped), script.paths().len() - before), (expected, capped, calls), "{limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn repeats_over_pages_are_dropped() {
    let script = Script::new(|request| match request.url.query() {
        Some("p=2") => json(200, r#"{"value":[{"id":"b"},{"id":"c"},{},{"id":null}]}"#),
        _ => json(200, r#"{"value":[{"id":"a"},{"id":"b"},{},{}],"@odata.nextLink":"https://graph.example/p?p=2"}"#),
    });
    let (ids, listing) = read(&client(script), &rows(), None).await;
    assert_eq!(ids, ["a", "b", "-", "-", "c", "-", "-"], "without a key nothing is a repeat");
    assert_eq!(listing.records, 7);
}

#[tokio::test(start_paused = true)]
async fn a_cut_page_is_asked_again_and_nothing_comes_twice() {
    for kind in [TransportErrorKind::TruncatedBody, TransportErrorKind::Reset, TransportErrorKind::Timeout] {
        let calls = AtomicUsize::new(0);
        let script = Script::new(move |_| {
            let headers = [("content-type", "application/json")];
            match calls.fetch_add(1, Ordering::SeqCst) {
                0 => answer(200, &headers, r#"{"value":[{"id":"a"},{},{"id":"b"},{"id"#, Some(kind)),
                // Cut, but the transport did not notice.
                1 => answer(200, &headers, r#"{"value":[{"id":"a"},{},{"id":"b"},{}"#, None),
                _ => answer(200, &headers, r#"{"value":[{"id":"a"},{},{"id":"b"},{},{"id":"c"}]}"#, None),
            }
        });
        let (ids, listing) = read(&client(script.clone()), &rows(), None).await;
        assert_eq!(ids, ["a", "-", "b", "-", "c"]);
        assert_eq!((listing.records, script.paths().len()), (5, 3));
        assert!(matches!(listing.end, End::Complete));
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_always_cut_keeps_what_was_read() {
    let script = Script::new(|_| answer(200, &[], r#"{"value":[{"id":"a"},"#, Some(TransportErrorKind::Reset)));
    let (ids, listing) = read(&client(script.clone()), &rows(), None).await;
    assert_eq!((ids.len(), broken(&listing).kind, script.paths().len()), (1, GraphErrorKind::Network, 8));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_list_is_never_empty() {
    for body in [r#"{"value":null}"#, "{}", r#"{"value":{}}"#, "[]", "null", "", r#"{"id":"a"}"#] {
        let (_, listing) = read(&client(Script::new(move |_| json(200, body))), &rows(), None).await;
        assert_eq!(broken(&listing).kind, GraphErrorKind::Malformed, "{body}");
    }
    let (ids, listing) =
        read(&client(Script::new(|_| json(200, r#"{"value":[{"id":"a"}],"error":{"code":"Oops","message":"m"}}"#))), &rows(), None).await;
    let error = broken(&listing);
    assert_eq!((ids.len(), error.kind, error.code.as_deref()), (1, GraphErrorKind::Server, Some("Oops")));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_does_not_fit_is_named_without_its_values() {
    let script = Script::new(|_| json(200, r#"{"value":[{"id":"a"},{"id":{"secret":1}}]}"#));
    let (ids, listing) = read(&client(script), &rows(), None).await;
    let error = broken(&listing);
    assert_eq!((ids.len(), error.kind, error.template, error.status), (1, GraphErrorKind::Malformed, "/groups/{}/members", Some(200)));
    assert_eq!(error.message.as_deref(), Some("record 2 of page 1: invalid type: map, expected a string at line 1 column 6"));
}

#[tokio::test(start_paused = true)]
async fn html_in_place_of_json() {
    let script = Script::new(|_| {
        answer(
            200,
            &[("content-type", "text/html"), ("request-id", "r-9")],
            "<html>\n<body>Sign in to the \u{1b}[1mproxy\u{1b}[0m</body>",
            None,
        )
    });
    let (_, listing) = read(&client(script), &rows(), None).await;
    let error = broken(&listing);
    assert_eq!((error.kind, error.status, error.request_id.as_deref()), (GraphErrorKind::Malformed, Some(200), Some("r-9")));
    assert_eq!(error.message.as_deref(), Some("text/html in place of JSON, status 200: <html> <body>Sign in to the [1mproxy [0m</body>"));
}

#[tokio::test(start_paused = true)]
async fn a_megabyte_is_too_much_for_a_record() {
    let script = Script::new(|_| {
        let big = "x".repeat(1024 * 1024);
        let body = page(&["a", &big], None);
        let chunks: Vec<_> = body.as_bytes().chunks(16 * 1024).map(|chunk| Ok(bytes::Bytes::copy_from_slice(chunk))).collect();
        let mut response = json(200, "")?;
        response.body = Box::pin(futures_util::stream::iter(chunks));
        Ok(response)
    });
    let (ids, listing) = read(&client(script), &rows(), None).await;
    assert_eq!((ids.len(), broken(&listing).kind), (1, GraphErrorKind::Malformed));
}

#[tokio::test(start_paused = true)]
async fn a_name_with_half_a_letter_costs_nothing_behind_it() {
    let body = r#"{"value":[{"id":"a","displayName":"\ud800"},{"id":"\udfffb"},{"id":"c"}]}"#;
    let (ids, listing) = read(&client(Script::new(move |_| json(200, body))), &rows(), None).await;
    assert_eq!(ids, ["a", "\u{fffd}b", "c"]);
    assert!(matches!(listing.end, End::Complete));
}

/// Nesting as deep as an element may be: an error or an unread member, never a stack that runs over.
#[test]
fn no_depth_runs_the_stack_over() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let deep = format!("{}{}", "[".repeat(400_000), "]".repeat(400_000));
    let deep_rest = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (body, ids) in [
        (format!(r#"{{"value":[{{"id":"a","x":{deep}}},{{"id":"b"}}]}}"#), &["a", "b"][..]),
        (format!(r#"{{"value":[{deep},{{"id":"b"}}]}}"#), &[]),
        (format!(r#"{{"x":{deep_rest},"value":[{{"id":"b"}}]}}"#), &["b"]),
        (format!(r#"{{"value":[{{"id":"b"}}],"error":{deep_rest}}}"#), &["b"]),
    ] {
        let chunked = std::time::Instant::now();
        let (found, _) = runtime.block_on(async { read(&client(Script::new(move |_| json(200, &body))), &rows(), None).await });
        assert_eq!(found, ids);
        assert!(chunked.elapsed() < Duration::from_secs(20));
    }
}

/// Three chains of reports, throttled, cut and refused on the way: whatever the reason for a try, the window counts it.
#[tokio::test(start_paused = true)]
async fn three_report_chains_with_every_kind_of_retry_keep_to_the_window() {
    let at = Arc::new(Mutex::new(Vec::new()));
    let clock = Clock::real();
    let script = Script::slow(Duration::from_millis(300), {
        let (at, clock) = (at.clone(), clock.clone());
        move |request: &crate::http::transport::Request| {
            let mut at = at.lock().unwrap();
            // The request came 300 ms before its answer.
            let (start, end) = (clock.elapsed() - Duration::from_millis(300), clock.elapsed());
            at.push((start, end));
            let throttled = r#"{"error":{"code":"TooManyRequests","message":"m"}}"#;
            match at.len() % 9 {
                1 => answer(429, &[("retry-after", "1")], throttled, None),
                3 => answer(200, &[("content-type", "application/json")], r#"{"value":[{"id""#, Some(TransportErrorKind::Reset)),
                5 => Err(crate::http::testing::failure(TransportErrorKind::Reset)),
                7 => json(503, throttled),
                8 if at.len() == 8 => json(401, r#"{"error":{"code":"InvalidAuthenticationToken","message":"m"}}"#),
                _ => {
                    let page_number = request.url.query_pairs().find(|(name, _)| name == "p").map_or(0, |(_, p)| p.parse::<u32>().unwrap());
                    let next = format!("https://graph.example/{}?p={}", request.url.path(), page_number + 1);
                    json(200, page(&["a"], (page_number < 9).then_some(next.as_str())))
                }
            }
        }
    });
    let client = client(script);
    let chain = |name: &'static str| {
        let client = &client;
        async move { read(client, &Get::v1("/{}", &[name]).bucket(Bucket::Reports), None).await.1 }
    };
    let ends = tokio::join!(chain("a"), chain("b"), chain("c"));
    for listing in [ends.0, ends.1, ends.2] {
        assert!(matches!(listing.end, End::Complete), "{listing:?}");
    }
    let at = at.lock().unwrap();
    assert!(at.len() > 40, "{}", at.len());
    for times in [at.iter().map(|span| span.0).collect::<Vec<_>>(), at.iter().map(|span| span.1).collect()] {
        let mut times = times;
        times.sort();
        for (index, first) in times.iter().enumerate() {
            let inside = times[index..].iter().take_while(|time| **time < *first + Duration::from_secs(10)).count();
            assert!(inside <= 5, "{inside} from {first:?}");
        }
    }
}
