//! One read and its tries.

use base64::Engine as _;

use super::*;
use crate::http::testing::{Answer, Script, answer, failure, json};
use crate::http::transport::{Request, TransportErrorKind};

const JSON: (&str, &str) = ("content-type", "application/json");
const THROTTLED: &str = r#"{"error":{"code":"TooManyRequests","message":"Please retry again later."}}"#;

/// Answers by the number of the request, from 0.
fn in_turn(answers: impl Fn(usize) -> Answer + Send + Sync) -> Arc<Script<impl Fn(&Request) -> Answer + Send + Sync>> {
    let calls = AtomicUsize::new(0);
    Script::new(move |_: &Request| answers(calls.fetch_add(1, Ordering::SeqCst)))
}

async fn get(client: &Client) -> Result<Row, super::super::GraphError> {
    client.get::<Row>(&rows()).await
}

#[tokio::test(start_paused = true)]
async fn waits_as_long_as_the_server_says() {
    let script = in_turn(|call| match call {
        0 => answer(429, &[JSON, ("retry-after", "17")], THROTTLED, None),
        1 => answer(503, &[JSON], "", None),
        _ => json(200, r#"{"id":"a"}"#),
    });
    let setup = Setup::new(script);
    let notes = setup.notes.clone();
    let client = Client::new(setup.options);
    assert_eq!(get(&client).await.unwrap().id.as_deref(), Some("a"));
    let elapsed = client.clock.elapsed();
    assert!(elapsed >= Duration::from_secs(17) && elapsed < Duration::from_secs(19), "{elapsed:?}");
    assert_eq!(*notes.answers.lock().unwrap(), [Some(429), Some(503), Some(200)]);
    assert_eq!(notes.waits.lock().unwrap()[0].1, Duration::from_secs(17));
}

#[tokio::test(start_paused = true)]
async fn endless_throttling_ends() {
    let script = in_turn(|_| answer(429, &[JSON, ("request-id", "r-7")], THROTTLED, None));
    let client = client(script.clone());
    let error = get(&client).await.unwrap_err();
    assert_eq!((error.kind, error.status, error.code.as_deref()), (GraphErrorKind::Throttled, Some(429), Some("TooManyRequests")));
    assert_eq!((error.request_id.as_deref(), error.permission, script.paths().len()), (Some("r-7"), "GroupMember.Read.All", 8));
    assert!(error.client_request_id.is_some());
    assert_eq!(error.to_string(), "GET /groups/{}/members: throttled (Please retry again later.)");
}

#[tokio::test(start_paused = true)]
async fn a_429_holds_back_the_whole_scope() {
    let script = Script::new({
        let calls = AtomicUsize::new(0);
        move |_: &Request| match calls.fetch_add(1, Ordering::SeqCst) {
            0 => answer(429, &[JSON, ("retry-after", "20")], THROTTLED, None),
            _ => json(200, r#"{"id":"a"}"#),
        }
    });
    let client = client(script);
    let first = get(&client);
    let second = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        get(&client).await.unwrap();
        client.clock.elapsed()
    };
    let other_scope = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        client.get::<Row>(&rows().bucket(Bucket::Reports)).await.unwrap();
        client.clock.elapsed()
    };
    let (first, second, other_scope) = tokio::join!(first, second, other_scope);
    assert!(first.is_ok());
    assert!(second >= Duration::from_secs(20), "{second:?}");
    assert!(other_scope < Duration::from_secs(2), "{other_scope:?}");
}

#[tokio::test(start_paused = true)]
async fn lost_connections_are_tried_again_and_refused_certificates_are_not() {
    for (kind, calls) in [(TransportErrorKind::Reset, 8), (TransportErrorKind::Connect, 3), (TransportErrorKind::Tls, 1)] {
        let script = in_turn(move |_| Err(failure(kind)));
        let error = get(&client(script.clone())).await.unwrap_err();
        assert_eq!((error.kind, script.paths().len()), (GraphErrorKind::Network, calls), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once() {
    let expired = || json(401, r#"{"error":{"code":"InvalidAuthenticationToken","message":"expired token-1"}}"#);
    let script = in_turn(move |call| if call == 0 { expired() } else { json(200, r#"{"id":"a"}"#) });
    get(&client(script.clone())).await.unwrap();
    let sent: Vec<_> = script.requests().iter().map(|request| request.headers["authorization"].clone()).collect();
    assert_eq!(sent, ["Bearer token-1", "Bearer token-2"]);

    let script = in_turn(move |_| expired());
    let error = get(&client(script.clone())).await.unwrap_err();
    assert_eq!((error.kind, error.status, script.paths().len()), (GraphErrorKind::Unauthorized, Some(401), 2));

    let script = in_turn(move |call| if call == 1 { json(200, r#"{"id":"a"}"#) } else { expired() });
    let client = client(script.clone());
    get(&client).await.unwrap();
    get(&client).await.unwrap_err();
    assert_eq!(script.paths().len(), 3, "the third token is never given");
    let error = get(&client).await.unwrap_err();
    assert_eq!((error.kind, error.auth.unwrap().codes), (GraphErrorKind::SignIn, vec![70043]));
}

#[tokio::test(start_paused = true)]
async fn a_claims_challenge_says_what_it_asks() {
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let header = format!(r#"Bearer error="insufficient_claims", claims="{}""#, base64::prelude::BASE64_STANDARD.encode(claims));
    let script = in_turn(move |_| answer(401, &[JSON, ("www-authenticate", &header)], "{}", None));
    let error = get(&client(script)).await.unwrap_err();
    assert_eq!(error.kind, GraphErrorKind::Unauthorized);
    assert_eq!(error.claims.as_deref(), Some(claims));
}

#[tokio::test(start_paused = true)]
async fn no_redirect_is_followed() {
    let script = in_turn(|_| answer(302, &[("location", "https://graph.example/elsewhere")], "", None));
    let error = get(&client(script.clone())).await.unwrap_err();
    assert_eq!((error.kind, error.status, script.paths().len()), (GraphErrorKind::Malformed, Some(302), 1));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_echoes_the_request_does_not_show_the_token() {
    let script = in_turn(|_| answer(504, &[("content-type", "text/html")], "<pre>Authorization: Bearer token-1</pre>", None));
    let error = get(&client(script)).await.unwrap_err();
    assert_eq!(error.kind, GraphErrorKind::Server);
    assert_eq!(error.message.as_deref(), Some("status 504: <pre>Authorization: Bearer …</pre>"));
}

/// The page is cut before it is shown: what is left of the token must be found too, whatever the status was.
#[tokio::test(start_paused = true)]
async fn no_part_of_a_long_token_is_shown() {
    #[derive(Debug)]
    struct Given(String);
    impl Credential for Given {
        fn name(&self) -> &'static str {
            "test"
        }
        fn token(&self) -> BoxFuture<'_, Result<Token, AuthError>> {
            Box::pin(async { Ok(Token { secret: Secret::new(self.0.clone()), expires_at: None, claims: Claims::default() }) })
        }
    }
    for token in [format!("eyJ0eXAiOiJKV1Qi.{}", "payload".repeat(100)), format!("opaque!{}", "secret(part)".repeat(50))] {
        let echo = |request: &Request| request.headers["authorization"].to_str().unwrap().to_owned();
        let remote = |text: String| serde_json::json!({ "error": { "code": text, "message": text } }).to_string();
        type Answers = Vec<Box<dyn Fn(&Request) -> Answer + Send + Sync>>;
        let answers: Answers = vec![
            Box::new(move |request| answer(403, &[("content-type", "text/html")], format!("<p>{}</p>", echo(request)), None)),
            Box::new(move |request| answer(200, &[("content-type", "text/html")], format!("<p>{}</p>", echo(request)), None)),
            Box::new(move |request| json(403, remote(echo(request)))),
            Box::new(move |request| json(200, remote(echo(request)))),
            Box::new(move |request| {
                answer(401, &[JSON, ("www-authenticate", &format!("Bearer claims=\"{}\"", echo(request)))], "{}", None)
            }),
        ];
        for (number, answers) in answers.into_iter().enumerate() {
            let mut setup = Setup::new(Script::new(answers));
            setup.options.tokens = Arc::new(TokenCache::new(Arc::new(Given(token.clone())), setup.options.clock.clone()));
            let error = get(&Client::new(setup.options)).await.unwrap_err();
            let shown = format!("{error:?} {error}");
            assert!(!shown.contains(&token[..16]) && !shown.contains("payloadp") && !shown.contains("secret(part)"), "{number}: {shown}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_may_still_be_an_error() {
    for (body, expected) in [
        (r#"{"error":{"code":"x","message":"m"}}"#, GraphErrorKind::Server),
        ("", GraphErrorKind::Malformed),
        ("[]", GraphErrorKind::Malformed),
        (r#"{"id":7}"#, GraphErrorKind::Malformed),
        (r#"{"id":"#, GraphErrorKind::Network),
    ] {
        assert_eq!(get(&client(in_turn(move |_| json(200, body)))).await.unwrap_err().kind, expected, "{body}");
    }
    assert!(get(&client(in_turn(|_| json(200, "\u{feff} {\"id\":\"a\"}\n")))).await.is_ok());
    assert!(get(&client(in_turn(|_| answer(200, &[("content-type", "application/problem+json")], "{}", None)))).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_runs_time_ends_every_wait() {
    let slow = Script::slow(Duration::from_secs(100), |_: &Request| json(200, r#"{"id":"a"}"#));
    let throttled = in_turn(|_| answer(429, &[JSON, ("retry-after", "90")], THROTTLED, None));
    for (transport, at) in [(slow as Arc<dyn Transport>, 60), (throttled as Arc<dyn Transport>, 0)] {
        let mut setup = Setup::new(transport);
        setup.options.deadline = Some(Duration::from_secs(60));
        let client = Client::new(setup.options);
        assert_eq!(get(&client).await.unwrap_err().kind, GraphErrorKind::OutOfTime);
        assert_eq!(client.clock.elapsed().as_secs(), at);
    }
}

#[tokio::test(start_paused = true)]
async fn reports_keep_to_five_in_ten_seconds_even_when_tried_again() {
    let script = in_turn(|call| if call % 2 == 0 { Err(failure(TransportErrorKind::Reset)) } else { json(200, r#"{"id":"a"}"#) });
    let client = client(script.clone());
    for _ in 0..5 {
        client.get::<Row>(&rows().bucket(Bucket::Reports)).await.unwrap();
    }
    assert_eq!(script.paths().len(), 10);
    assert!(client.clock.elapsed() >= Duration::from_secs(10), "{:?}", client.clock.elapsed());
}

#[tokio::test(start_paused = true)]
async fn limits_can_be_switched_off() {
    let mut setup = Setup::new(in_turn(|_| json(200, r#"{"id":"a"}"#)));
    setup.options.limits = false;
    let client = Client::new(setup.options);
    for _ in 0..20 {
        client.get::<Row>(&rows().bucket(Bucket::Reports)).await.unwrap();
    }
    assert!(client.clock.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn claims_come_from_the_token() {
    let script = in_turn(|_| json(500, ""));
    let client = client(script.clone());
    assert_eq!(client.claims().await.unwrap(), Claims::default());
    assert!(script.paths().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_date_of_any_answer_tells_how_far_the_clock_is_off() {
    let date = (Clock::real().wall() + chrono::TimeDelta::minutes(20)).to_rfc2822();
    let script = in_turn(move |call| match call {
        0 => answer(503, &[JSON, ("date", &date)], "", None),
        _ => json(200, r#"{"id":"a"}"#),
    });
    let client = client(script);
    assert_eq!(client.clock_skew(), None);
    get(&client).await.unwrap();
    let skew = client.clock_skew().unwrap();
    assert!((-1_200..-1_190).contains(&skew), "{skew}");
}
