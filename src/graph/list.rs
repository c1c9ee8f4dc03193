//! The records of one list, over all its pages: counted, decoded, repeats dropped.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::marker::PhantomData;

use super::Wire;
use super::ahead::LinkSender;
use super::call::Intake;
use super::decode::{Flow, Problem, is_object, lenient_json};
use super::error::remote;
use super::splitter::Splitter;

/// What one record may measure.
const ELEMENT_CAP: usize = 1024 * 1024;

/// No list of Graph's brings more records in one page.
const LARGEST_PAGE: u64 = 1_000;

/// How far a list has been read.
#[derive(Debug)]
pub(super) struct ListState<T> {
    limit: Option<u64>,
    records: u64,
    /// Pages begun.
    page: u32,
    seen: Seen,
    /// Records without a key that this page has handed over, in an earlier try or this one.
    keyless: u64,
    capped: bool,
    record: PhantomData<fn() -> T>,
}

impl<T: Wire> ListState<T> {
    pub(super) fn new(limit: Option<u64>) -> Self {
        ListState { limit, records: 0, page: 0, seen: Seen::default(), keyless: 0, capped: false, record: PhantomData }
    }

    /// Records handed over.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// True if the limit kept a record back, or the limit is reached and there may be more.
    pub(super) fn is_capped(&self, more_pages: bool) -> bool {
        self.capped || (more_pages && self.limit.is_some_and(|limit| self.records >= limit))
    }

    /// Begins the next page.
    pub(super) fn page<'a, F: FnMut(T) + Send + ?Sized>(&'a mut self, sink: &'a mut F) -> Page<'a, T, F> {
        self.page += 1;
        self.keyless = 0;
        Page { splitter: new_splitter(), at: 0, keyless_now: 0, next: None, link: None, told: false, state: self, sink }
    }

    /// True if more records are wanted than one page brings.
    pub(super) fn wants_more_than_a_page(&self) -> bool {
        self.limit.is_none_or(|limit| limit.saturating_sub(self.records) > LARGEST_PAGE)
    }
}

fn new_splitter() -> Splitter {
    Splitter::new("value", ELEMENT_CAP)
}

/// Keys that were seen, as 64-bit hashes: 200,000 records take about 4 MiB. The hash is keyed at random, so nobody can choose two ids that collide.
#[derive(Debug, Default)]
pub(super) struct Seen {
    hashes: HashSet<u64>,
    hasher: RandomState,
}

impl Seen {
    /// True if it is new.
    pub(super) fn insert(&mut self, key: &str) -> bool {
        self.hashes.insert(self.hasher.hash_one(key))
    }

    /// True if it was inserted.
    pub(super) fn contains(&self, key: &str) -> bool {
        self.hashes.contains(&self.hasher.hash_one(key))
    }
}

/// Takes one page of a list. Asked again after a cut, it drops what it has handed over already.
#[derive(Debug)]
pub(super) struct Page<'a, T, F: ?Sized> {
    splitter: Splitter,
    /// Records found in this try.
    at: u64,
    /// Of these, records without a key.
    keyless_now: u64,
    next: Option<String>,
    /// Told of the link as soon as it is known, and that it is void if the try failed.
    link: Option<LinkSender>,
    /// The list has begun, so that what stood before it was told.
    told: bool,
    state: &'a mut ListState<T>,
    sink: &'a mut F,
}

impl<T: Wire, F: FnMut(T) + Send + ?Sized> Page<'_, T, F> {
    /// Tells of its link before it is whole, where the link stands before the records.
    pub(super) fn telling(self, link: Option<LinkSender>) -> Self {
        Page { link, ..self }
    }

    /// Tells of the link once the list has begun.
    fn tell(&mut self) {
        let Some(link) = self.link.as_ref().filter(|_| !self.told) else { return };
        let Some(members) = self.splitter.before_list() else { return };
        self.told = true;
        if let Some(known) = members.next.filter(|link| !link.is_empty()) {
            link.send_replace(Some(known));
        }
    }

    /// The link to the next page, once the page is whole.
    pub(super) fn next(self) -> Option<String> {
        self.next
    }

    /// Reads a page that is held whole.
    pub(super) fn read(mut self, body: &[u8]) -> Result<Option<String>, Problem> {
        self.chunk(body)?;
        self.end()?;
        Ok(self.next)
    }
}

impl<T: Wire, F: FnMut(T) + Send + ?Sized> Intake for Page<'_, T, F> {
    fn start(&mut self) {
        self.splitter = new_splitter();
        self.at = 0;
        self.keyless_now = 0;
        self.next = None;
        self.told = false;
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<Flow, Problem> {
        let Page { splitter, at, keyless_now, state, sink, .. } = self;
        let flow = splitter.feed(bytes, &mut |element| {
            *at += 1;
            if !is_object(element) {
                return Err(Problem::Malformed(format!("record {at} of page {} is no object", state.page)));
            }
            let record: T = lenient_json(element, || format!("record {at} of page {}", state.page))?;
            let is_new = match record.key() {
                Some(key) => state.seen.insert(key),
                None => {
                    *keyless_now += 1;
                    *keyless_now > state.keyless
                }
            };
            if !is_new {
                return Ok(Flow::More);
            }
            if state.limit.is_some_and(|limit| state.records >= limit) {
                state.capped = true;
                return Ok(Flow::Enough);
            }
            state.keyless = state.keyless.max(*keyless_now);
            state.records += 1;
            sink(record);
            Ok(Flow::More)
        })?;
        self.tell();
        Ok(flow)
    }

    fn fail(&mut self) {
        if let Some(link) = &self.link {
            link.send_replace(None);
        }
    }

    fn end(&mut self) -> Result<(), Problem> {
        let envelope = std::mem::replace(&mut self.splitter, new_splitter()).finish()?;
        if let Some(error) = envelope.error {
            return Err(remote(&error));
        }
        self.next = envelope.next.filter(|link| !link.is_empty());
        Ok(())
    }
}
