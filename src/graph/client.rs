//! The client of one tenant.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::call::{Call, Intake};
use super::decode::{Flow, Problem, is_object, lenient_json, without_bom};
use super::error::said_in_success;
use super::list::ListState;
use super::skew::Skew;
use super::{Bucket, ByIds, Get, GraphError, GraphErrorKind, Listing, Wire, address, batch, by_ids, paging};
use crate::auth::{Claims, TokenCache};
use crate::http::Observer;
use crate::http::body::BODY_CAP;
use crate::http::clock::Clock;
use crate::http::limiter::{Limiter, Window};
use crate::http::retry::RetryPolicy;
use crate::http::text::one_line;
use crate::http::transport::Transport;

/// More pages than any list has; a list that goes on is broken.
const PAGE_CAP: u32 = 10_000;

/// What a [`Client`] is made of.
pub struct ClientOptions {
    /// Sends the requests.
    pub transport: Arc<dyn Transport>,
    /// Root of the Graph host, without version. The token goes to this origin only.
    pub endpoint: Url,
    /// Where tokens come from.
    pub tokens: Arc<TokenCache>,
    /// What limits, back-off and the deadline run on.
    pub clock: Clock,
    /// Told of calls and waits.
    pub observer: Arc<dyn Observer>,
    /// Most requests at once in each of Microsoft's scopes.
    pub concurrency: usize,
    /// Use `$batch`; false sends each item alone.
    pub batch: bool,
    /// When the run must end, as time since the clock was made.
    pub deadline: Option<Duration>,
    /// Keep to Microsoft's windows (5 in 10 seconds and the like). Off only to measure the reader alone.
    pub limits: bool,
}

/// The client of one tenant. Its methods can run at the same time; they share the limits.
pub struct Client {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) endpoint: Url,
    pub(super) tokens: Arc<TokenCache>,
    pub(super) clock: Clock,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) concurrency: usize,
    pub(super) batch: bool,
    pub(super) deadline: Option<Duration>,
    pub(super) retry: RetryPolicy,
    pub(super) page_cap: u32,
    pub(super) skew: Skew,
    limiters: Limiters,
}

struct Limiters {
    directory: Limiter,
    reports: Limiter,
    sign_in_activity: Limiter,
    conditional_access: Limiter,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client. Sends nothing yet.
    pub fn new(options: ClientOptions) -> Self {
        let concurrency = options.concurrency.max(1);
        let limiter = |name, window: Option<(usize, u64)>| {
            let window = window.filter(|_| options.limits).map(|(count, seconds)| Window { count, period: Duration::from_secs(seconds) });
            Limiter::new(name, window, concurrency, options.clock.clone(), options.observer.clone())
        };
        let limiters = Limiters {
            directory: limiter("directory", None),
            reports: limiter("reports", Some((5, 10))),
            sign_in_activity: limiter("sign-in activity", Some((10, 60))),
            conditional_access: limiter("Conditional Access", Some((1, 1))),
        };
        Client {
            transport: options.transport,
            endpoint: options.endpoint,
            tokens: options.tokens,
            clock: options.clock,
            observer: options.observer,
            concurrency,
            batch: options.batch,
            deadline: options.deadline,
            retry: RetryPolicy::default(),
            page_cap: PAGE_CAP,
            skew: Skew::default(),
            limiters,
        }
    }

    /// What the token says of the caller; gets one if there is none yet.
    pub async fn claims(&self) -> Result<Claims, GraphError> {
        match self.tokens.token().await {
            Ok(token) => Ok(token.claims),
            Err(error) => {
                let text = error.to_string();
                let blank = GraphError::new(GraphErrorKind::SignIn, "", "").because(&text);
                Err(GraphError { auth: Some(Box::new(error)), ..blank })
            }
        }
    }

    /// One object.
    pub async fn get<T: DeserializeOwned + Send>(&self, get: &Get) -> Result<T, GraphError> {
        let call = Call::get(get, address::url(&self.endpoint, get));
        let mut object = Object { bytes: Vec::new(), value: None };
        self.call(&call, &mut object).await?;
        object.value.ok_or_else(|| GraphError::new(GraphErrorKind::Malformed, get.template, get.permission))
    }

    /// A list over all its pages. `limit`: stop after so many records. Records go to `sink` as they are decoded.
    pub async fn list<T: Wire>(&self, get: &Get, limit: Option<u64>, sink: &mut (dyn FnMut(T) + Send)) -> Listing {
        let mut state = ListState::new(limit);
        let end = paging::follow(self, get, address::url(&self.endpoint, get), &mut state, sink).await;
        Listing { records: state.records(), end }
    }

    /// Many single objects in `$batch`es, by the caller's own key, which must differ from item to item. Not for report reads.
    pub async fn batch_get<T: DeserializeOwned + Send>(&self, items: Vec<(String, Get)>) -> BTreeMap<String, Result<T, GraphError>> {
        batch::get(self, items).await
    }

    /// Many lists in `$batch`es, by the caller's own key, which must differ from item to item; further pages are followed outside the batch.
    pub async fn batch_list<T: Wire>(
        &self,
        items: Vec<(String, Get)>,
        sink: &mut (dyn FnMut(&str, T) + Send),
    ) -> BTreeMap<String, Listing> {
        batch::list(self, items, sink).await
    }

    /// Directory objects by their ids, this tenant's and, where the type is named, references to those of others. What is not found is
    /// left out.
    pub async fn get_by_ids<T: Wire>(&self, wanted: &ByIds<'_>, ids: &BTreeSet<String>, sink: &mut (dyn FnMut(T) + Send)) -> Listing {
        by_ids::read(self, wanted, ids, sink).await
    }

    /// How far this machine's clock is ahead of Graph's, in seconds (behind: less than 0), by the `Date` of its answers; `None` if none
    /// said a time.
    pub fn clock_skew(&self) -> Option<i64> {
        self.skew.seconds()
    }

    pub(super) fn limiter(&self, bucket: Bucket) -> &Limiter {
        match bucket {
            Bucket::Directory => &self.limiters.directory,
            Bucket::Reports => &self.limiters.reports,
            Bucket::SignInActivity => &self.limiters.sign_in_activity,
            Bucket::ConditionalAccess => &self.limiters.conditional_access,
        }
    }

    /// True if the run is not over when a wait ends.
    pub(super) fn has_time_for(&self, wait: Duration) -> bool {
        self.deadline.is_none_or(|deadline| self.clock.elapsed().saturating_add(wait) < deadline)
    }

    /// Whether the token may go to this URL: to the endpoint's origin, over https or to this machine. If not, why.
    pub(super) fn may_send_to(&self, url: &Url) -> Result<(), String> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL with a user name".into());
        }
        if url.origin() != self.endpoint.origin() {
            return Err(format!("{} is not {}", place(url), place(&self.endpoint)));
        }
        if url.scheme() != "https" && !is_loopback(url) {
            return Err(format!("{} is not https", place(url)));
        }
        Ok(())
    }
}

/// Scheme, host and port, as far as a message needs them.
fn place(url: &Url) -> String {
    one_line(&url.origin().ascii_serialization(), 100)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Reads one object, whole.
struct Object<T> {
    bytes: Vec<u8>,
    value: Option<T>,
}

impl<T: DeserializeOwned + Send> Intake for Object<T> {
    fn start(&mut self) {
        self.bytes.clear();
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<Flow, Problem> {
        if self.bytes.len() + bytes.len() > BODY_CAP {
            return Err(Problem::Malformed(format!("the body is larger than {BODY_CAP} bytes")));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(Flow::More)
    }

    fn end(&mut self) -> Result<(), Problem> {
        self.value = Some(object(&self.bytes)?);
        Ok(())
    }
}

/// Decodes one object. An `error` member in it is an error, whatever the status was.
pub(super) fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = without_bom(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::Malformed("the answer is empty".into()));
    }
    // serde reads a list as a struct too, field by field; one that is empty would pass for an object that says nothing.
    if !is_object(bytes) {
        return Err(Problem::Malformed("not a JSON object".into()));
    }
    said_in_success(bytes)?;
    lenient_json(bytes, || "the object".into())
}
