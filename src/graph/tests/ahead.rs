//! Pages that are asked for before their turn.

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{iter, once};

use super::*;
use crate::http::testing::{Answer, Script, answer, failure, json};
use crate::http::transport::{TransportError, TransportErrorKind};

const SECOND: &str = "https://graph.example/p?p=2";

/// A page whose first half holds the link and record `a`; its second half, or what comes in its place, takes a second.
fn slow(rest: Result<&'static str, TransportErrorKind>) -> Answer {
    let mut response = json(200, "")?;
    let half = format!(r#"{{"@odata.nextLink":"{SECOND}","value":[{{"id":"a"}},"#);
    let rest = async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        rest.map(Bytes::from).map_err(failure)
    };
    response.body = Box::pin(iter([Ok::<_, TransportError>(Bytes::from(half))]).chain(once(rest)));
    Ok(response)
}

/// When each request was sent, and whether it was for the second page.
type Calls = Arc<Mutex<Vec<(Duration, bool)>>>;

/// A client of a list of two pages. `first` and `second` get the number of the try of their page, from 0.
fn two_pages(
    concurrency: usize,
    first: impl Fn(usize) -> Answer + Send + Sync + 'static,
    second: impl Fn(usize) -> Answer + Send + Sync + 'static,
) -> (Client, Calls) {
    let calls = Calls::default();
    let clock = Clock::real();
    let script = Script::new({
        let (calls, clock) = (calls.clone(), clock.clone());
        move |request| {
            let is_second = request.url.as_str() == SECOND;
            let mut calls = calls.lock().unwrap();
            let tries = calls.iter().filter(|call| call.1 == is_second).count();
            calls.push((clock.elapsed(), is_second));
            if is_second { second(tries) } else { first(tries) }
        }
    });
    let mut setup = Setup::new(script);
    setup.options.concurrency = concurrency;
    (Client::new(setup.options), calls)
}

fn order(calls: &Calls) -> Vec<u8> {
    calls.lock().unwrap().iter().map(|call| if call.1 { 2 } else { 1 }).collect()
}

#[tokio::test(start_paused = true)]
async fn the_next_page_is_asked_for_while_this_one_comes() {
    let (client, calls) = two_pages(16, |_| slow(Ok(r#"{"id":"b"}]}"#)), |_| json(200, page(&["c"], None)));
    let (ids, listing) = read(&client, &rows(), None).await;
    assert_eq!((ids, listing.records), (vec!["a".into(), "b".into(), "c".into()], 3));
    assert!(matches!(listing.end, End::Complete));
    assert_eq!(order(&calls), [1, 2]);
    assert!(calls.lock().unwrap()[1].0 < Duration::from_millis(100), "before the first page was whole");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_breaks_gives_up_what_was_asked_by_its_link() {
    // With one place only, the next page waits for it; would it not give way, the first page could never be asked again.
    for (concurrency, expected) in [(16, &[1, 2, 1, 2][..]), (1, &[1, 1, 2])] {
        let first = |tries| match tries {
            0 => slow(Err(TransportErrorKind::Reset)),
            _ => json(200, page(&["a", "b"], Some(SECOND))),
        };
        let (client, calls) = two_pages(concurrency, first, |_| json(200, page(&["c"], None)));
        let get = rows();
        let read = tokio::time::timeout(Duration::from_secs(600), read(&client, &get, None));
        let (ids, listing) = read.await.expect("no standstill");
        assert_eq!(ids, ["a", "b", "c"]);
        assert!(matches!(listing.end, End::Complete));
        assert_eq!(order(&calls), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_ahead_is_the_first_try_of_its_page() {
    let second = |tries| match tries {
        0 => answer(503, &[("retry-after", "7")], "", None),
        _ => json(200, page(&["c"], None)),
    };
    let (client, calls) = two_pages(16, |_| slow(Ok(r#"{"id":"b"}]}"#)), second);
    let (ids, listing) = read(&client, &rows(), None).await;
    assert_eq!((ids.len(), matches!(listing.end, End::Complete)), (3, true));
    assert_eq!(order(&calls), [1, 2, 2]);
    assert!(calls.lock().unwrap()[2].0 >= Duration::from_secs(8), "the wait begins when the page's turn comes");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_that_a_limit_may_leave_unread() {
    let (client, calls) = two_pages(16, |_| slow(Ok(r#"{"id":"b"}]}"#)), |_| json(200, page(&["c"], None)));
    let (ids, listing) = read(&client, &rows(), Some(2)).await;
    assert_eq!((ids.len(), matches!(listing.end, End::Capped)), (2, true));
    assert_eq!(order(&calls), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_for_good_is_the_end_of_its_list() {
    let (client, calls) = two_pages(16, |_| slow(Ok(r#"[]]}"#)), |_| json(200, page(&["c"], None)));
    let (ids, listing) = read(&client, &rows(), None).await;
    assert_eq!((ids.len(), broken(&listing).kind), (1, GraphErrorKind::Malformed));
    assert_eq!(order(&calls), [1, 2]);
}
