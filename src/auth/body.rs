//! Reads the small bodies of the login endpoint.

use futures_util::StreamExt;

use crate::http::transport::{Body, TransportError};

/// Token answers are a few KiB; discovery documents too.
const LARGEST: usize = 1024 * 1024;

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("answer is larger than 1 MiB")]
    TooLarge,
}

/// The whole body, without a byte order mark.
pub(super) async fn read(mut body: Body) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk?;
        if bytes.len() + chunk.len() > LARGEST {
            return Err(BodyError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        bytes.drain(..3);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn body(chunks: Vec<Bytes>) -> Body {
        Box::pin(futures_util::stream::iter(chunks.into_iter().map(Ok)))
    }

    #[tokio::test]
    async fn joins_chunks_and_drops_a_mark() {
        let bytes =
            read(body(vec![Bytes::from_static(b"\xEF\xBB"), Bytes::from_static(b"\xBF{"), Bytes::from_static(b"}")])).await.unwrap();
        assert_eq!(bytes, b"{}");
    }

    #[tokio::test]
    async fn stops_at_the_cap() {
        let half = Bytes::from(vec![b' '; LARGEST / 2]);
        assert_eq!(read(body(vec![half.clone(), half.clone()])).await.unwrap().len(), LARGEST);
        assert!(matches!(read(body(vec![half.clone(), half.clone(), half])).await, Err(BodyError::TooLarge)));
    }
}
