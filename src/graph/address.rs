//! Paths and queries, made of pieces that a tenant may have written.

use std::fmt::Write as _;

use url::Url;

use super::{Get, Version};

/// Fills the `{}` of a template. Each argument is percent-encoded; between quotes it is made an OData literal first.
pub(super) fn path(template: &str, args: &[&str]) -> String {
    debug_assert_eq!(template.matches("{}").count(), args.len(), "{template}");
    let mut pieces = template.split("{}");
    let mut path = pieces.next().unwrap_or_default().to_owned();
    for (piece, arg) in pieces.zip(args) {
        if path.ends_with('\'') && piece.starts_with('\'') {
            push_encoded(&mut path, &arg.replace('\'', "''"), b"");
        } else {
            push_segment(&mut path, arg);
        }
        path.push_str(piece);
    }
    path
}

/// An OData string literal for a `$filter`, quotes included and doubled inside.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The path and the query of a read, without host and version: what an item of a batch names.
pub(super) fn relative(get: &Get) -> String {
    let mut text = get.path.clone();
    for (at, (name, value)) in get.query.iter().enumerate() {
        text.push(if at == 0 { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        push_encoded(&mut text, value, b"'(),:/$@");
    }
    text
}

/// The whole URL of a read.
pub(super) fn url(endpoint: &Url, get: &Get) -> Url {
    under(endpoint, get.version, &relative(get))
}

/// `tail` under the endpoint and a version.
pub(super) fn under(endpoint: &Url, version: Version, tail: &str) -> Url {
    let mut url = endpoint.clone();
    let (path, query) = tail.split_once('?').map_or((tail, None), |(path, query)| (path, Some(query)));
    url.set_path(&format!("{}/{}{path}", endpoint.path().trim_end_matches('/'), version_segment(version)));
    url.set_query(query);
    url.set_fragment(None);
    url
}

pub(super) fn version_segment(version: Version) -> &'static str {
    match version {
        Version::V1 => "v1.0",
        Version::Beta => "beta",
    }
}

/// An id as one path segment. An id that is empty or all dots would change the path itself, so it becomes one that names nothing.
fn push_segment(path: &mut String, id: &str) {
    if id.bytes().all(|byte| byte == b'.') {
        path.push_str("%20");
        id.bytes().for_each(|_| path.push_str("%252E"));
    } else {
        push_encoded(path, id, b"");
    }
}

fn push_encoded(text: &mut String, raw: &str, also_plain: &[u8]) {
    for byte in raw.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also_plain.contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn endpoint() -> Url {
        Url::parse("https://graph.microsoft.com").unwrap()
    }

    #[test]
    fn a_read_becomes_a_url() {
        let get = Get::beta("/groups/{}/members", &["a/b c"])
            .query("$top", "999")
            .query("$filter", "name eq 'O''Neil' and x ge 2026-01-01T00:00:00Z");
        assert_eq!(
            relative(&get),
            "/groups/a%2Fb%20c/members?$top=999&$filter=name%20eq%20'O''Neil'%20and%20x%20ge%202026-01-01T00:00:00Z"
        );
        let url = url(&endpoint(), &get);
        assert_eq!((url.path(), url.host_str()), ("/beta/groups/a%2Fb%20c/members", Some("graph.microsoft.com")));
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        assert_eq!(pairs[1], ("$filter".into(), "name eq 'O''Neil' and x ge 2026-01-01T00:00:00Z".into()));
    }

    #[test]
    fn an_endpoint_may_have_a_path() {
        let endpoint = Url::parse("http://127.0.0.1:8080/graph/").unwrap();
        assert_eq!(url(&endpoint, &Get::v1("/contracts", &[])).as_str(), "http://127.0.0.1:8080/graph/v1.0/contracts");
    }

    #[test]
    fn a_hostile_id_stays_one_segment() {
        for (id, expected) in
            [("..", "/v1.0/groups/%20%252E%252E/owners"), (".", "/v1.0/groups/%20%252E/owners"), ("", "/v1.0/groups/%20/owners")]
        {
            assert_eq!(url(&endpoint(), &Get::v1("/groups/{}/owners", &[id])).path(), expected);
        }
        let quoted = Get::v1("/tenantRelationships/findTenantInformationByTenantId(tenantId='{}')", &["a')/x?b#'"]);
        assert_eq!(quoted.path, "/tenantRelationships/findTenantInformationByTenantId(tenantId='a%27%27%29%2Fx%3Fb%23%27%27')");
        assert_eq!(literal("O'Neil"), "'O''Neil'");
    }

    proptest! {
        #[test]
        fn no_id_leaves_its_segment(id in "\\PC{0,12}|[./%?#\\\\]{0,6}") {
            let url = url(&endpoint(), &Get::v1("/groups/{}/owners", &[&id]));
            let segments: Vec<&str> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 4);
            prop_assert_eq!((segments[0], segments[1], segments[3]), ("v1.0", "groups", "owners"));
            prop_assert_eq!(url.query(), None);
        }
    }
}
