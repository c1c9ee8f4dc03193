//! Directory objects by their ids: the one read besides `$batch` that Graph takes as a POST. It changes nothing, so it is tried again like
//! any other read.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::iter;
use serde::Serialize;
use uuid::Uuid;

use super::call::Call;
use super::list::ListState;
use super::{Client, End, Get, GraphError, GraphErrorKind, Listing, Wire, address, paging};

const PATH: &str = "/directoryObjects/getByIds";

/// Graph's limit on the ids of one request.
const IDS: usize = 1_000;

/// What is asked for by ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByIds<'a> {
    /// Types to look for. Graph leaves references to other tenants' objects out unless `directoryObjectPartnerReference` is named.
    pub types: &'a [&'a str],
    /// `$select`; `None`: each type's own default.
    pub select: Option<&'a str>,
    /// The least permission, for messages.
    pub permission: &'static str,
}

#[derive(Serialize)]
struct Body<'a> {
    ids: &'a [&'a str],
    types: &'a [&'a str],
}

/// Reads objects in requests of a thousand ids, side by side. An id that is no GUID names nothing and would have the whole request refused,
/// so it is not sent.
pub(super) async fn read<T: Wire>(
    client: &Client,
    wanted: &ByIds<'_>,
    ids: &BTreeSet<String>,
    sink: &mut (dyn FnMut(T) + Send),
) -> Listing {
    let ids: Vec<&str> = ids.iter().map(String::as_str).filter(|id| Uuid::parse_str(id).is_ok()).collect();
    let sink = Mutex::new(sink);
    let sink = &sink;
    let mut reads: Vec<BoxFuture<'_, Listing>> = Vec::new();
    for part in ids.chunks(IDS) {
        reads.push(Box::pin(async move {
            let mut hand_on = |record| (*sink.lock().unwrap_or_else(PoisonError::into_inner))(record);
            read_part(client, wanted, part, &mut hand_on).await
        }));
    }
    let mut reads = iter(reads).buffer_unordered(client.concurrency);
    let mut whole = Listing { records: 0, end: End::Complete };
    while let Some(part) = reads.next().await {
        whole.records += part.records;
        if matches!(whole.end, End::Complete) {
            whole.end = part.end;
        }
    }
    whole
}

async fn read_part<T: Wire>(client: &Client, wanted: &ByIds<'_>, ids: &[&str], sink: &mut (dyn FnMut(T) + Send)) -> Listing {
    let get = Get::v1(PATH, &[]).permission(wanted.permission);
    let get = wanted.select.into_iter().fold(get, |get, select| get.query("$select", select));
    let mut state = ListState::new(None);
    let end = match serde_json::to_vec(&Body { ids, types: wanted.types }) {
        Ok(body) => pages(client, &get, body, &mut state, sink).await,
        Err(cause) => End::Broken(GraphError::new(GraphErrorKind::BadRequest, PATH, wanted.permission).because(&cause.to_string())),
    };
    Listing { records: state.records(), end }
}

/// One page as a rule. Were there more, they would be read like those of any list.
async fn pages<T: Wire>(client: &Client, get: &Get, body: Vec<u8>, state: &mut ListState<T>, sink: &mut (dyn FnMut(T) + Send)) -> End {
    let call = Call::by_ids(get, address::url(&client.endpoint, get), Bytes::from(body));
    let mut page = state.page(sink);
    if let Err(error) = client.call(&call, &mut page).await {
        return End::Broken(error);
    }
    let Some(link) = page.next() else { return End::Complete };
    match paging::next_url(client, get, &link) {
        Ok(url) => paging::follow(client, get, url, state, sink).await,
        Err(error) => End::Broken(*error),
    }
}
