//! A list over its pages: each nextLink as it came, with the first request's headers, until there is none. A page is asked for as soon as
//! its link is known.

use tokio::sync::watch;
use url::Url;

use super::ahead::{Ahead, next_page};
use super::call::Call;
use super::list::{ListState, Seen};
use super::{Client, End, Get, GraphError, GraphErrorKind, Wire};

/// Reads pages from `first` on. An empty page is a page like any other: only a missing nextLink ends the list.
pub(super) async fn follow<T: Wire, F: FnMut(T) + Send + ?Sized>(
    client: &Client,
    get: &Get,
    first: Url,
    state: &mut ListState<T>,
    sink: &mut F,
) -> End {
    let error = |kind| GraphError::new(kind, get.template, get.permission);
    let mut visited = Seen::default();
    let mut url = first;
    let mut ahead: Option<Ahead<'_>> = None;
    for number in 1..=client.page_cap {
        if !visited.insert(url.as_str()) {
            return End::Broken(error(GraphErrorKind::PagingLoop));
        }
        let sent = ahead.take().filter(|ahead| ahead.url == url).map(|ahead| ahead.sent);
        let (link, known) = watch::channel(None);
        let looks_ahead = number < client.page_cap && state.wants_more_than_a_page();
        let call = Call::get(get, url);
        let mut page = state.page(sink).telling(looks_ahead.then_some(link));
        let this = async move { client.call_sent(&call, sent, &mut page).await.map(|()| page.next()) };
        let (result, asked) = tokio::join!(this, next_page(client, get, known, &visited));
        let next = match result {
            Ok(next) => next,
            Err(error) => return End::Broken(error),
        };
        if state.is_capped(next.is_some()) {
            return End::Capped;
        }
        let Some(link) = next else { return End::Complete };
        ahead = asked;
        url = match next_url(client, get, &link) {
            Ok(url) => url,
            Err(error) => return End::Broken(*error),
        };
    }
    End::Broken(error(GraphErrorKind::PageCap).because(&format!("more than {} pages", client.page_cap)))
}

/// The next page's URL, if the token may go there.
pub(super) fn next_url(client: &Client, get: &Get, link: &str) -> Result<Url, Box<GraphError>> {
    let error = |kind, why: &str| Box::new(GraphError::new(kind, get.template, get.permission).because(why));
    let url = Url::parse(link).map_err(|cause| error(GraphErrorKind::Malformed, &format!("nextLink is no URL: {cause}")))?;
    client.may_send_to(&url).map_err(|why| error(GraphErrorKind::ForeignLink, &why))?;
    Ok(url)
}
