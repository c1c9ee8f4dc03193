//! The client against a scripted transport, on paused time: no test waits for real.

mod ahead;
mod batches;
mod by_ids;
mod pages;
mod tries;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use url::Url;

use super::{Bucket, Client, ClientOptions, End, Get, GraphErrorKind, Listing, Observer, Wire};
use crate::auth::{AuthError, AuthErrorKind, Claims, Credential, Secret, Token, TokenCache};
use crate::http::clock::Clock;
use crate::http::transport::Transport;

const HOST: &str = "https://graph.example";

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Row {
    id: Option<String>,
}

impl Wire for Row {
    fn key(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// Gives `token-1`, `token-2`, … and fails after the last.
#[derive(Debug)]
struct Tokens {
    given: AtomicUsize,
    most: usize,
}

impl Credential for Tokens {
    fn name(&self) -> &'static str {
        "test"
    }

    fn token(&self) -> BoxFuture<'_, Result<Token, AuthError>> {
        let number = self.given.fetch_add(1, Ordering::SeqCst) + 1;
        let result = if number <= self.most {
            Ok(Token { secret: Secret::new(format!("token-{number}")), expires_at: None, claims: Claims::default() })
        } else {
            Err(AuthError { codes: vec![70043], ..AuthError::new("test", AuthErrorKind::Refused, "it does not renew") })
        };
        Box::pin(async { result })
    }
}

/// Remembers what it is told.
#[derive(Debug, Default)]
struct Notes {
    waits: Mutex<Vec<(String, Duration)>>,
    answers: Mutex<Vec<Option<u16>>>,
}

impl Observer for Notes {
    fn waiting(&self, why: &str, how_long: Duration) {
        self.waits.lock().unwrap().push((why.to_owned(), how_long));
    }

    fn answered(&self, status: Option<u16>) {
        self.answers.lock().unwrap().push(status);
    }
}

struct Setup {
    options: ClientOptions,
    notes: Arc<Notes>,
}

impl Setup {
    fn new(transport: Arc<dyn Transport>) -> Self {
        let notes = Arc::new(Notes::default());
        let clock = Clock::real();
        let credential = Arc::new(Tokens { given: AtomicUsize::new(0), most: 2 });
        let options = ClientOptions {
            transport,
            endpoint: Url::parse(HOST).unwrap(),
            tokens: Arc::new(TokenCache::new(credential, clock.clone())),
            clock,
            observer: notes.clone(),
            concurrency: 16,
            batch: true,
            deadline: None,
            limits: true,
        };
        Setup { options, notes }
    }
}

fn client(transport: Arc<dyn Transport>) -> Client {
    Client::new(Setup::new(transport).options)
}

fn rows() -> Get {
    Get::v1("/groups/{}/members", &["g 1"]).query("$top", "999").permission("GroupMember.Read.All")
}

/// Reads a list and gives its ids (`-` for none) beside the listing.
async fn read(client: &Client, get: &Get, limit: Option<u64>) -> (Vec<String>, Listing) {
    let mut ids = Vec::new();
    let listing = client.list(get, limit, &mut |row: Row| ids.push(row.id.unwrap_or_else(|| "-".into()))).await;
    (ids, listing)
}

#[track_caller]
fn broken(listing: &Listing) -> &super::GraphError {
    match &listing.end {
        End::Broken(error) => error,
        other => panic!("{other:?}"),
    }
}

/// A page of rows with these ids, and a link to the path that follows.
fn page(ids: &[&str], next: Option<&str>) -> String {
    let rows: Vec<_> = ids.iter().map(|id| serde_json::json!({ "id": id })).collect();
    let mut page = serde_json::json!({ "value": rows });
    if let Some(next) = next {
        page["@odata.nextLink"] = next.into();
    }
    page.to_string()
}

#[test]
fn futures_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let client = client(crate::http::testing::Script::new(|_| crate::http::testing::json(200, "{}")));
    let mut one = |_: Row| {};
    let mut many = |_: &str, _: Row| {};
    is_send(&client.get::<Row>(&rows()));
    is_send(&client.list(&rows(), None, &mut one));
    is_send(&client.batch_get::<Row>(Vec::new()));
    is_send(&client.batch_list(Vec::new(), &mut many));
    is_send(&client.get_by_ids(&super::ByIds { types: &[], select: None, permission: "" }, &std::collections::BTreeSet::new(), &mut one));
    is_send(&client.claims());
}
