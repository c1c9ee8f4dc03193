//! The JWT by which an application shows that it has its certificate's key (RFC 7523; Entra's certificate credentials).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ring::rand::SystemRandom;
use ring::signature::RSA_PSS_SHA256;
use serde::Serialize;
use uuid::Uuid;

use super::certificate_file::Identity;
use crate::secret::Secret;

/// Seconds. Ten minutes is the most that Entra recommends; all of it, so that a clock that is somewhat off does no harm.
const LIFE: i64 = 600;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    #[serde(rename = "x5t#S256")]
    thumbprint: &'a str,
}

#[derive(Serialize)]
struct Payload<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: String,
    nbf: i64,
    iat: i64,
    exp: i64,
}

/// Signs an assertion for one request; `None` if the random source or the signing fails. `audience` is the token endpoint's address.
pub(super) fn sign(identity: &Identity, client_id: &str, audience: &str, now: DateTime<Utc>) -> Option<Secret> {
    let now = now.timestamp();
    let header = Header { alg: "PS256", typ: "JWT", thumbprint: &identity.thumbprint };
    let payload =
        Payload { aud: audience, iss: client_id, sub: client_id, jti: Uuid::new_v4().to_string(), nbf: now, iat: now, exp: now + LIFE };
    let encode = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
    let signed = format!("{}.{}", encode(serde_json::to_vec(&header).ok()?), encode(serde_json::to_vec(&payload).ok()?));
    let mut signature = vec![0; identity.key.public().modulus_len()];
    identity.key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
    Some(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
}
