//! The next page, asked for while this one is still read.
//!
//! Graph writes the link before the records. What the server takes for a page and what decoding takes here then pass at the same time.

use tokio::sync::watch;
use url::Url;

use super::call::{Call, Sent};
use super::list::Seen;
use super::paging::next_url;
use super::{Client, Get};

/// Where a page tells its link; `None`: not known, or void because the try failed that brought it.
pub(super) type LinkSender = watch::Sender<Option<String>>;
/// Where that is heard. Its sender is dropped when the page is over.
pub(super) type LinkReceiver = watch::Receiver<Option<String>>;

/// A page that was asked for ahead.
pub(super) struct Ahead<'c> {
    pub(super) url: Url,
    pub(super) sent: Sent<'c>,
}

/// Asks for the page behind a link as soon as the link is known. Ends when the page that tells it is over.
pub(super) async fn next_page<'c>(client: &'c Client, get: &Get, mut link: LinkReceiver, visited: &Seen) -> Option<Ahead<'c>> {
    loop {
        let known = link.wait_for(Option::is_some).await.ok()?.clone()?;
        // What is wrong with a link is said when its turn comes.
        let url = next_url(client, get, &known).ok().filter(|url| !visited.contains(url.as_str()))?;
        let call = Call::get(get, url.clone());
        let mut end = link.clone();
        let sent = async {
            let sent = client.send_ahead(&call).await;
            while end.changed().await.is_ok() {}
            sent
        };
        tokio::select! {
            biased;
            // Given up at once: the next try of the page itself may wait for the place that this request takes.
            () = is_void(&mut link) => {}
            sent = sent => return Some(Ahead { url, sent }),
        }
    }
}

/// Ends when the link is taken back; never, if the page ends well.
async fn is_void(link: &mut LinkReceiver) {
    if link.wait_for(Option::is_none).await.is_err() {
        std::future::pending::<()>().await;
    }
}
