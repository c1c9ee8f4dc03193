//! One tenant: what `--tenant` says, the token's `tid` and the organization's id must agree where each can be read.

use super::failure::Mismatch;

/// The three, each where it can be read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen<'a> {
    /// `--tenant`, resolved to an id.
    pub(super) wanted: Option<&'a str>,
    /// `tid` of the token.
    pub(super) token: Option<&'a str>,
    /// Id of the organization that Graph shows.
    pub(super) organization: Option<&'a str>,
}

/// The tenant's id, in lower case: the organization's, else the token's, else what was asked for. `None` if nothing says it.
pub(super) fn agree(seen: Seen<'_>) -> Result<Option<String>, Mismatch> {
    let lower = |id: Option<&str>| id.map(str::trim).filter(|id| !id.is_empty()).map(str::to_ascii_lowercase);
    let (wanted, token, organization) = (lower(seen.wanted), lower(seen.token), lower(seen.organization));
    let known: Vec<&String> = [&organization, &token, &wanted].into_iter().flatten().collect();
    if known.windows(2).all(|pair| pair[0] == pair[1]) {
        return Ok(known.first().map(|id| (*id).clone()));
    }
    Err(Mismatch { wanted, token, organization })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_where_it_can_be_read() {
        let id = |wanted, token, organization| agree(Seen { wanted, token, organization });
        assert_eq!(id(None, None, None), Ok(None));
        assert_eq!(id(Some("A"), Some("a"), Some("a ")), Ok(Some("a".into())));
        assert_eq!(id(None, Some("a"), None), Ok(Some("a".into())));
        assert_eq!(id(Some("a"), Some(""), None), Ok(Some("a".into())));
        for (wanted, token, organization) in
            [(Some("a"), Some("b"), None), (Some("a"), None, Some("b")), (None, Some("a"), Some("b")), (Some("a"), Some("b"), Some("a"))]
        {
            let mismatch = id(wanted, token, organization).unwrap_err();
            assert_eq!(mismatch.wanted.as_deref(), wanted);
        }
    }
}
