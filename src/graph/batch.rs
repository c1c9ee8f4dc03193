//! Many small reads in few calls: batches of twenty, of which only the throttled items are sent again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, iter};
use serde::de::DeserializeOwned;

use super::batch_wire::{BatchIntake, ItemAnswer, request_body};
use super::call::{Call, apply, describe};
use super::client::object;
use super::decode::Problem;
use super::error::{Refusal, meaning};
use super::list::ListState;
use super::{Bucket, Client, End, Get, GraphError, GraphErrorKind, Listing, Wire, address, paging};
use crate::http::retry::{Decision, Outcome, Situation, decide};
use crate::http::text::one_line;

/// Graph's limit on the items of a batch.
const BATCH: usize = 20;

/// Items that are sent again are gathered for this long, so that they share a batch.
const GATHER: Duration = Duration::from_secs(1);

/// How an item ended.
enum Settled<D> {
    /// It was answered, or failed for good.
    Answer(Result<D, GraphError>),
    /// It is to be read by itself, outside of any batch.
    Alone,
}

/// What a batch says of one item.
enum Reply<D> {
    Settled(Settled<D>),
    /// It failed in a way that may pass.
    Again {
        status: u16,
        retry_after: Option<String>,
        error: GraphError,
    },
}

/// What a batch says of its items, by their index.
type Replies<D> = Vec<(usize, Reply<D>)>;

/// Makes a value of an item's body.
type Read<'a, D> = &'a (dyn Fn(&[u8]) -> Result<D, Problem> + Sync);

/// Many single objects.
pub(super) async fn get<T: DeserializeOwned + Send>(client: &Client, items: Vec<(String, Get)>) -> BTreeMap<String, Result<T, GraphError>> {
    let mut results = BTreeMap::new();
    let mut alone = Vec::new();
    run(client, &items, &object::<T>, &mut |index, settled| match (settled, items.get(index)) {
        (Settled::Answer(result), Some((key, _))) => {
            results.insert(key.clone(), result);
        }
        (_, item) => alone.extend(item),
    })
    .await;
    let mut reads: Vec<BoxFuture<'_, (String, Result<T, GraphError>)>> = Vec::new();
    for (key, get) in alone {
        reads.push(Box::pin(async move { (key.clone(), client.get(get).await) }));
    }
    let mut reads = iter(reads).buffer_unordered(client.concurrency);
    while let Some((key, result)) = reads.next().await {
        results.insert(key, result);
    }
    results
}

/// The first page of a list, as an item of a batch brought it.
struct FirstPage<T> {
    state: ListState<T>,
    records: Vec<T>,
    next: Result<Option<String>, Problem>,
}

fn first_page<T: Wire>(body: &[u8]) -> FirstPage<T> {
    let mut state = ListState::new(None);
    let mut records = Vec::new();
    let next = state.page(&mut |record| records.push(record)).read(body);
    FirstPage { state, records, next }
}

/// Many lists.
pub(super) async fn list<T: Wire>(
    client: &Client,
    items: Vec<(String, Get)>,
    sink: &mut (dyn FnMut(&str, T) + Send),
) -> BTreeMap<String, Listing> {
    let mut listings = BTreeMap::new();
    let mut open = Vec::new();
    run(client, &items, &|body| Ok(first_page::<T>(body)), &mut |index, settled| {
        let Some((key, get)) = items.get(index) else { return };
        let page = match settled {
            Settled::Alone => return open.push((key, get, ListState::new(None), None)),
            Settled::Answer(Err(error)) => {
                listings.insert(key.clone(), Listing { records: 0, end: End::Broken(error) });
                return;
            }
            Settled::Answer(Ok(page)) => page,
        };
        page.records.into_iter().for_each(|record| sink(key, record));
        let end = match page.next {
            Ok(Some(link)) => return open.push((key, get, page.state, Some(link))),
            Ok(None) => End::Complete,
            Err(problem) => {
                let mut error = GraphError::new(GraphErrorKind::Malformed, get.template, get.permission);
                error.status = Some(200);
                describe(problem, &mut error);
                End::Broken(error)
            }
        };
        listings.insert(key.clone(), Listing { records: page.state.records(), end });
    })
    .await;
    let sink = Mutex::new(sink);
    let sink = &sink;
    let mut reads: Vec<BoxFuture<'_, (String, Listing)>> = Vec::new();
    for (key, get, state, link) in open {
        reads.push(Box::pin(async move {
            let mut hand_on = |record| (*sink.lock().unwrap_or_else(PoisonError::into_inner))(key, record);
            (key.clone(), rest_of_list(client, get, state, link.as_deref(), &mut hand_on).await)
        }));
    }
    let mut reads = iter(reads).buffer_unordered(client.concurrency);
    while let Some((key, listing)) = reads.next().await {
        listings.insert(key, listing);
    }
    listings
}

/// The pages of a list that no batch brings: from `link` on, or all of them.
async fn rest_of_list<T: Wire>(
    client: &Client,
    get: &Get,
    mut state: ListState<T>,
    link: Option<&str>,
    sink: &mut (dyn FnMut(T) + Send),
) -> Listing {
    let first = match link {
        None => Ok(address::url(&client.endpoint, get)),
        Some(link) => paging::next_url(client, get, link),
    };
    let end = match first {
        Ok(first) => paging::follow(client, get, first, &mut state, sink).await,
        Err(error) => End::Broken(*error),
    };
    Listing { records: state.records(), end }
}

/// What is known of an item that is not settled.
#[derive(Debug, Clone, Copy)]
struct Tries {
    attempt: u32,
    waited: Duration,
    was_missing: bool,
}

/// Sends all items and tells how each ended, in no order.
async fn run<D: Send>(client: &Client, items: &[(String, Get)], read: Read<'_, D>, settle: &mut (dyn FnMut(usize, Settled<D>) + Send)) {
    let mut waiting: BTreeSet<(Duration, usize)> = BTreeSet::new();
    for (index, (_, get)) in items.iter().enumerate() {
        // A batch counts against the directory only; what has a window of its own is sent through it.
        if client.batch && get.bucket == Bucket::Directory {
            waiting.insert((Duration::ZERO, index));
        } else {
            settle(index, Settled::Alone);
        }
    }
    let mut tries = vec![Tries { attempt: 1, waited: Duration::ZERO, was_missing: false }; items.len()];
    let mut flying: FuturesUnordered<BoxFuture<'_, Replies<D>>> = FuturesUnordered::new();
    loop {
        while flying.len() < client.concurrency {
            let group = take_group(&mut waiting, items, client.clock.elapsed());
            if group.is_empty() {
                break;
            }
            flying.push(Box::pin(send(client, items, group, read)));
        }
        if flying.is_empty() && waiting.is_empty() {
            return;
        }
        let pause = waiting.first().map_or(Duration::ZERO, |(due, _)| due.saturating_sub(client.clock.elapsed()));
        let replies = tokio::select! {
            Some(replies) = flying.next(), if !flying.is_empty() => replies,
            // With no room for another batch, only an answer changes anything.
            () = client.clock.sleep(pause), if !waiting.is_empty() && flying.len() < client.concurrency => continue,
        };
        for (index, reply) in replies {
            let settled = match reply {
                Reply::Settled(settled) => Some(settled),
                Reply::Again { status, retry_after, error } => {
                    match again(client, &mut tries[index], status, retry_after.as_deref(), error) {
                        Ok(due) => {
                            waiting.insert((due, index));
                            None
                        }
                        Err(error) => Some(Settled::Answer(Err(*error))),
                    }
                }
            };
            if let Some(settled) = settled {
                settle(index, settled);
            }
        }
    }
}

/// Takes up to twenty items that are due and belong to the same API version.
fn take_group(waiting: &mut BTreeSet<(Duration, usize)>, items: &[(String, Get)], now: Duration) -> Vec<usize> {
    let due = || waiting.iter().take_while(|(due, _)| *due <= now);
    let Some(version) = due().next().map(|(_, index)| items[*index].1.version) else { return Vec::new() };
    let group: Vec<(Duration, usize)> = due().filter(|(_, index)| items[*index].1.version == version).take(BATCH).copied().collect();
    for item in &group {
        waiting.remove(item);
    }
    group.into_iter().map(|(_, index)| index).collect()
}

/// When an item may be sent again, or its error if it may not. The same pure decision as for whole requests.
fn again(
    client: &Client,
    tries: &mut Tries,
    status: u16,
    retry_after: Option<&str>,
    error: GraphError,
) -> Result<Duration, Box<GraphError>> {
    if error.kind == GraphErrorKind::MissingFromBatch {
        return if std::mem::replace(&mut tries.was_missing, true) { Err(error.into()) } else { Ok(Duration::ZERO) };
    }
    let situation = Situation {
        is_read: true,
        outcome: Outcome::Status(status),
        attempt: tries.attempt,
        retry_after,
        now: client.clock.wall(),
        waited: tries.waited,
        seed: fastrand::u64(..),
    };
    let Decision::Wait(wait) = decide(&client.retry, &situation) else { return Err(error.into()) };
    if !client.has_time_for(wait) {
        return Err(Box::new(GraphError { kind: GraphErrorKind::OutOfTime, ..error }));
    }
    client.observer.waiting(&format!("{}: {}", error.template, error.kind), wait);
    tries.attempt += 1;
    tries.waited += wait;
    Ok(next_tick(client.clock.elapsed() + wait))
}

/// The next whole tick: items throttled at about the same time are due together.
fn next_tick(at: Duration) -> Duration {
    let ticks = at.as_millis().div_ceil(GATHER.as_millis());
    u32::try_from(ticks).map_or(at, |ticks| GATHER * ticks)
}

/// Sends one batch.
async fn send<D: Send>(client: &Client, items: &[(String, Get)], group: Vec<usize>, read: Read<'_, D>) -> Replies<D> {
    let gets: Vec<&Get> = group.iter().map(|index| &items[*index].1).collect();
    let Some(first) = gets.first() else { return Vec::new() };
    let body = match request_body(gets.iter().copied()) {
        Ok(body) => body,
        // Strings can always be written; if not, each read has its own URL.
        Err(_) => return group.into_iter().map(|index| (index, Reply::Settled(Settled::Alone))).collect(),
    };
    let call = Call::batch(address::under(&client.endpoint, first.version, "/$batch"), Bytes::from(body));
    let sent_at = client.clock.elapsed();
    let read_item = |place: usize, item: &ItemAnswer<'_>| {
        if item.status == 429 {
            client.limiter(Bucket::Directory).throttled_within(sent_at);
        }
        reply(gets[place], item, read)
    };
    let mut intake = BatchIntake::new(group.len(), &read_item);
    let outcome = client.call(&call, &mut intake).await;
    let answers = intake.answers();
    let unanswered = |get: &Get| match &outcome {
        Ok(()) => Reply::Again {
            status: 200,
            retry_after: None,
            error: GraphError::new(GraphErrorKind::MissingFromBatch, get.template, get.permission),
        },
        Err(error) => outer_failure(get, error),
    };
    group.iter().zip(&gets).zip(answers).map(|((index, get), answer)| (*index, answer.unwrap_or_else(|| unanswered(get)))).collect()
}

/// What the failure of a whole batch means for one of its items. A batch that is refused as such says nothing of the items: they are read one by one.
fn outer_failure<D>(get: &Get, error: &GraphError) -> Reply<D> {
    use GraphErrorKind::{BadRequest, Malformed, NotFound, NotImplemented};
    // A gateway on the way may not let a batch through (its size, its path, its method) and say so in a page of its own.
    let at_the_gateway = error.kind == Malformed && matches!(error.status, Some(400 | 404 | 405 | 413 | 414 | 415));
    if at_the_gateway || matches!(error.kind, BadRequest | NotFound | NotImplemented) {
        return Reply::Settled(Settled::Alone);
    }
    Reply::Settled(Settled::Answer(Err(GraphError { template: get.template, permission: get.permission, ..error.clone() })))
}

/// What an item says.
fn reply<D>(get: &Get, item: &ItemAnswer<'_>, read: Read<'_, D>) -> Reply<D> {
    let mut error = GraphError::new(GraphErrorKind::Malformed, get.template, get.permission);
    error.status = Some(item.status);
    error.request_id = item.header("request-id").map(|id| one_line(id, 100));
    error.client_request_id = item.header("client-request-id").map(|id| one_line(id, 100));
    if (200..300).contains(&item.status) {
        return Reply::Settled(Settled::Answer(read(item.body).map_err(|problem| {
            describe(problem, &mut error);
            error
        })));
    }
    let refusal = Refusal { status: item.status, body: item.body, challenge: item.header("www-authenticate") };
    apply(&mut error, meaning(&refusal));
    match error.kind {
        // Read alone, it passes the code that knows what to do about a refused token.
        GraphErrorKind::Unauthorized => Reply::Settled(Settled::Alone),
        _ => Reply::Again { status: item.status, retry_after: item.retry_after(), error },
    }
}
