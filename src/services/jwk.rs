//! Public keys as JSON Web Keys (RFC 7517), and which of them verify tokens.

use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};

use super::hashes::sha256;
use super::key_set::VerifyingKey;

/// The key in a JWK that was published for signatures; `None` where it is none, or of a kind that tokens are not
/// signed with here. `alg` decides the algorithm, and where it is absent the kind of key does.
pub(super) fn verifying_key(jwk: &Map<String, Value>) -> Option<VerifyingKey> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if text("use").is_some_and(|purpose| purpose != "sig") || !may_verify(jwk) {
        return None;
    }
    let natural = match (text("kty")?, text("crv")) {
        ("OKP", Some("Ed25519")) => "EdDSA",
        ("EC", Some("P-256")) => "ES256",
        ("RSA", _) => "RS256",
        _ => return None,
    };
    let algorithm = match (natural, text("alg").unwrap_or(natural)) {
        ("EdDSA", "EdDSA" | "Ed25519") => Algorithm::EdDSA,
        ("ES256", "ES256") => Algorithm::ES256,
        ("RS256", "RS256") => Algorithm::RS256,
        ("RS256", "PS256") => Algorithm::PS256,
        _ => return None,
    };
    let key = match algorithm {
        Algorithm::EdDSA => DecodingKey::from_ed_components(text("x")?),
        Algorithm::ES256 => DecodingKey::from_ec_components(text("x")?, text("y")?),
        _ => DecodingKey::from_rsa_components(text("n")?, text("e")?),
    };
    let fingerprint = sha256(Value::from(jwk.clone()).to_string().as_bytes());
    Some(VerifyingKey { algorithm, key: key.ok()?, fingerprint })
}

/// `key_ops` (RFC 7517, section 4.3), where it is there, must say so.
fn may_verify(jwk: &Map<String, Value>) -> bool {
    jwk.get("key_ops").is_none_or(|operations| {
        operations.as_array().is_some_and(|listed| listed.iter().any(|one| one == "verify"))
    })
}
