//! What a batch looks like on the wire: the request's body, and an answer whose items are taken one by one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::call::{Intake, UNKNOWN_ENUMS};
use super::decode::{Flow, Problem, json};
use super::error::remote;
use super::splitter::Splitter;
use super::{Get, address};
use crate::http::body::BODY_CAP;

#[derive(Serialize)]
struct Requests<'a> {
    requests: Vec<ItemRequest<'a>>,
}

#[derive(Serialize)]
struct ItemRequest<'a> {
    id: String,
    method: &'static str,
    url: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'a str, &'a str>,
}

/// The body of a batch: item `n` has the id `n`, counted from 1.
pub(super) fn request_body<'a>(items: impl Iterator<Item = &'a Get>) -> Result<Vec<u8>, serde_json::Error> {
    let requests = items
        .zip(1_usize..)
        .map(|(get, id)| {
            let mut headers = BTreeMap::new();
            if get.eventual {
                headers.insert("ConsistencyLevel", "eventual");
            }
            if get.unknown_enums {
                headers.insert("Prefer", UNKNOWN_ENUMS);
            }
            ItemRequest { id: id.to_string(), method: "GET", url: address::relative(get), headers }
        })
        .collect();
    serde_json::to_vec(&Requests { requests })
}

/// As lenient as can be: one odd item must not cost the nineteen others their answers.
#[derive(Deserialize)]
struct ItemResponse<'a> {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    status: Value,
    #[serde(default)]
    headers: Value,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

/// A whole number, written as one or as text.
fn number<T: TryFrom<u64>>(value: &Value) -> Option<T> {
    T::try_from(value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?).ok()
}

/// One item of an answer.
#[derive(Debug)]
pub(super) struct ItemAnswer<'a> {
    pub(super) status: u16,
    headers: serde_json::Map<String, Value>,
    /// Its JSON text; empty if it has none.
    pub(super) body: &'a [u8],
}

impl ItemAnswer<'_> {
    /// A header, by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str())
    }

    /// A header that may be written as a number.
    pub(super) fn retry_after(&self) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
        value.as_str().map(str::to_owned).or_else(|| value.is_number().then(|| value.to_string()))
    }
}

/// Takes the answer to a batch. An item that was taken stays taken when the answer is cut and asked for again.
pub(super) struct BatchIntake<'a, A> {
    splitter: Splitter,
    answers: Vec<Option<A>>,
    /// Makes an answer of an item, given its place in the batch.
    read: &'a (dyn Fn(usize, &ItemAnswer<'_>) -> A + Sync),
}

impl<'a, A> BatchIntake<'a, A> {
    pub(super) fn new(items: usize, read: &'a (dyn Fn(usize, &ItemAnswer<'_>) -> A + Sync)) -> Self {
        BatchIntake { splitter: new_splitter(), answers: (0..items).map(|_| None).collect(), read }
    }

    /// By place in the batch; `None` where the answer has no such item.
    pub(super) fn answers(self) -> Vec<Option<A>> {
        self.answers
    }
}

/// An item is held whole, so it is bounded as other bodies that are.
fn new_splitter() -> Splitter {
    Splitter::new("responses", BODY_CAP)
}

impl<A: Send> Intake for BatchIntake<'_, A> {
    fn start(&mut self) {
        self.splitter = new_splitter();
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<Flow, Problem> {
        let BatchIntake { splitter, answers, read } = self;
        splitter.feed(bytes, &mut |element| {
            let item: ItemResponse<'_> = json(element, || "an item of the batch".into())?;
            let place = number::<usize>(&item.id).and_then(|id| id.checked_sub(1));
            // An item that does not say how it ended is no answer: its slot stays empty, and an empty slot is a failure.
            if let Some(place) = place
                && let Some(status) = number::<u16>(&item.status)
                && let Some(slot @ None) = answers.get_mut(place)
            {
                let body = item.body.map_or(&b""[..], |raw| raw.get().as_bytes());
                let headers = if let Value::Object(headers) = item.headers { headers } else { serde_json::Map::new() };
                *slot = Some(read(place, &ItemAnswer { status, headers, body }));
            }
            Ok(Flow::More)
        })
    }

    fn end(&mut self) -> Result<(), Problem> {
        let envelope = std::mem::replace(&mut self.splitter, new_splitter()).finish()?;
        envelope.error.map_or(Ok(()), |error| Err(remote(&error)))
    }
}
