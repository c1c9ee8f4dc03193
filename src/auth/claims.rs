//! What an access token says of itself. Read without verification: only the resource may verify it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Claims;

/// Tokens with many groups or roles reach some 20 KiB; what is far beyond is left alone.
const LARGEST: usize = 256 * 1024;

/// The claims and `exp`.
pub(super) struct Decoded {
    pub(super) claims: Claims,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

/// Decodes the payload of a JWT. Anything else is an opaque token: `decoded` false, nothing known.
pub(super) fn decode(token: &str) -> Decoded {
    match payload(token) {
        Some(payload) => Decoded {
            expires_at: payload.get("exp").and_then(number).and_then(|at| DateTime::from_timestamp(at, 0)),
            claims: claims(&payload),
        },
        None => Decoded { claims: Claims::default(), expires_at: None },
    }
}

fn payload(token: &str) -> Option<serde_json::Map<String, Value>> {
    if token.len() > LARGEST {
        return None;
    }
    let mut parts = token.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None; // five parts are an encrypted token
    }
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn claims(payload: &serde_json::Map<String, Value>) -> Claims {
    let text = |name: &str| payload.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let owned = |name: &str| text(name).map(str::to_owned);
    let scopes = text("scp");
    // `idtyp` is sent for app tokens; older and other issuers leave it out, then the lack of `scp` tells.
    let app_only = match text("idtyp") {
        Some(kind) => kind.eq_ignore_ascii_case("app"),
        None => scopes.is_none(),
    };
    let permissions = match scopes {
        Some(scopes) if !app_only => scopes.split_whitespace().map(str::to_owned).collect(),
        _ => payload
            .get("roles")
            .and_then(Value::as_array)
            .map(|roles| roles.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            .unwrap_or_default(),
    };
    let (first, second) = if app_only { ("app_displayname", "upn") } else { ("upn", "app_displayname") };
    Claims {
        tenant_id: text("tid").map(str::to_ascii_lowercase),
        app_only,
        permissions,
        object_id: owned("oid"),
        identity: owned(first).or_else(|| owned(second)),
        app_id: owned("appid").or_else(|| owned("azp")),
        decoded: true,
    }
}

/// Some issuers write numbers as text or with a fraction.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::jwt;

    #[test]
    fn an_app_token_names_its_roles_and_app() {
        let token = jwt(r#"{"tid":"AAAAAAAA-0000-0000-0000-000000000001","idtyp":"app","roles":["Directory.Read.All","Reports.Read.All"],
            "oid":"o","appid":"a","app_displayname":"Auditor","exp":1700000000}"#);
        let decoded = decode(&token);
        assert_eq!(
            decoded.claims,
            Claims {
                tenant_id: Some("aaaaaaaa-0000-0000-0000-000000000001".into()),
                app_only: true,
                permissions: vec!["Directory.Read.All".into(), "Reports.Read.All".into()],
                object_id: Some("o".into()),
                identity: Some("Auditor".into()),
                app_id: Some("a".into()),
                decoded: true,
            }
        );
        assert_eq!(decoded.expires_at.map(|at| at.timestamp()), Some(1_700_000_000));
    }

    #[test]
    fn a_delegated_token_names_its_scopes_and_user() {
        let decoded =
            decode(&jwt(r#"{"scp":"User.Read  Directory.Read.All","roles":["x"],"upn":"ann@contoso.com","app_displayname":"CLI"}"#));
        assert!(!decoded.claims.app_only);
        assert_eq!(decoded.claims.permissions, ["User.Read", "Directory.Read.All"]);
        assert_eq!(decoded.claims.identity.as_deref(), Some("ann@contoso.com"));
        assert_eq!(decoded.expires_at, None);
    }

    #[test]
    fn without_idtyp_the_lack_of_scp_makes_it_an_app() {
        assert!(decode(&jwt(r#"{"roles":["a"]}"#)).claims.app_only);
        assert!(decode(&jwt("{}")).claims.app_only);
        assert!(!decode(&jwt(r#"{"idtyp":"user"}"#)).claims.app_only);
    }

    #[test]
    fn what_is_no_jwt_is_opaque_and_no_app() {
        let large = jwt(&format!(r#"{{"tid":"{}"}}"#, "a".repeat(LARGEST)));
        for token in ["", "opaque", "a.b", "a.!!.c", "a.bm90IGpzb24.c", "a.b.c.d.e", "..", "a.W10.c", large.as_str()] {
            let decoded = decode(token);
            assert_eq!(decoded.claims, Claims::default(), "{:.20}", token);
            assert!(!decoded.claims.app_only && decoded.expires_at.is_none());
        }
    }

    #[test]
    fn odd_types_are_left_out() {
        let decoded = decode(&jwt(r#"{"tid":1,"roles":[1,"a",null],"scp":null,"exp":"1700000000","oid":""}"#));
        assert_eq!(decoded.claims.permissions, ["a"]);
        assert_eq!((decoded.claims.tenant_id, decoded.claims.object_id), (None, None));
        assert!(decoded.expires_at.is_some());
        assert!(decode(&jwt(r#"{"exp":9223372036854775807}"#)).expires_at.is_none());
    }
}
