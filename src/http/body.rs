//! Bodies that are held whole.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::transport::{Body, TransportError};

/// What a body that is held whole may measure, inflated.
pub const BODY_CAP: usize = 64 * 1024 * 1024;

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is larger than the cap; the rest was not read.
    #[error("the body is larger than {cap} bytes")]
    TooLarge {
        /// The cap, in inflated bytes.
        cap: usize,
    },
    /// The transport failed in its middle.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// Reads a body to its end; at most `cap` bytes, counted after inflating.
pub async fn read_capped(mut body: Body, cap: usize) -> Result<Bytes, BodyError> {
    let mut whole = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk?;
        if whole.len() + chunk.len() > cap {
            return Err(BodyError::TooLarge { cap });
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// The beginning of a body, for an excerpt: at most `cap` bytes, and whatever had come when it broke.
pub async fn read_start(mut body: Body, cap: usize) -> Bytes {
    let mut start = BytesMut::new();
    while start.len() < cap {
        match body.next().await {
            Some(Ok(chunk)) => start.extend_from_slice(&chunk[..chunk.len().min(cap - start.len())]),
            Some(Err(_)) | None => break,
        }
    }
    start.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::transport::TransportErrorKind;

    fn body(chunks: Vec<Result<&'static [u8], TransportErrorKind>>) -> Body {
        let chunks = chunks.into_iter().map(|chunk| match chunk {
            Ok(bytes) => Ok(Bytes::from_static(bytes)),
            Err(kind) => Err(TransportError { kind, detail: "cut".into() }),
        });
        Box::pin(futures_util::stream::iter(chunks))
    }

    #[tokio::test]
    async fn reads_up_to_the_cap() {
        assert_eq!(read_capped(body(vec![Ok(b"ab"), Ok(b"cd")]), 4).await.unwrap(), "abcd");
        assert!(matches!(read_capped(body(vec![Ok(b"ab"), Ok(b"cd")]), 3).await, Err(BodyError::TooLarge { cap: 3 })));
        let cut = read_capped(body(vec![Ok(b"ab"), Err(TransportErrorKind::Reset)]), 9).await;
        assert!(matches!(cut, Err(BodyError::Transport(_))));
    }

    #[tokio::test]
    async fn an_excerpt_takes_what_there_is() {
        assert_eq!(read_start(body(vec![Ok(b"ab"), Err(TransportErrorKind::Reset)]), 9).await, "ab");
        assert_eq!(read_start(body(vec![Ok(b"ab"), Ok(b"cd")]), 3).await, "abc");
    }
}
