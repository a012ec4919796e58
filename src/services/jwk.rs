//! Public keys as JSON Web Keys (RFC 7517), and which of them verify tokens.

use std::ops::RangeInclusive;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};

use super::hashes::sha256;
use super::key_set::VerifyingKey;

/// How long the modulus of an RSA key may be, in bytes: 2,048 to 8,192 bits.
const RSA_MODULUS_BYTES: RangeInclusive<usize> = 256..=1024;

/// The algorithm of a key that names none; `None` where tokens are not signed with its kind here.
pub(super) fn natural_algorithm(jwk: &Map<String, Value>) -> Option<&'static str> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    match (text("kty")?, text("crv")) {
        ("OKP", Some("Ed25519")) => Some("EdDSA"),
        ("EC", Some("P-256")) => Some("ES256"),
        ("RSA", _) => Some("RS256"),
        _ => None,
    }
}

/// The key in a JWK that was published for signatures; `None` where it is none, or of a kind that tokens are not
/// signed with here. `alg` decides the algorithm, and where it is absent the kind of key does.
pub(super) fn verifying_key(jwk: &Map<String, Value>) -> Option<VerifyingKey> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if text("use").is_some_and(|purpose| purpose != "sig") || !may_verify(jwk) {
        return None;
    }
    let natural = natural_algorithm(jwk)?;
    let algorithm = match (natural, text("alg").unwrap_or(natural)) {
        ("EdDSA", "EdDSA" | "Ed25519") => Algorithm::EdDSA,
        ("ES256", "ES256") => Algorithm::ES256,
        ("RS256", "RS256") => Algorithm::RS256,
        ("RS256", "PS256") => Algorithm::PS256,
        _ => return None,
    };
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let key = match algorithm {
        Algorithm::EdDSA => ed25519(&bytes("x")?),
        Algorithm::ES256 => p256(&bytes("x")?, &bytes("y")?),
        _ => rsa(&bytes("n")?, &bytes("e")?),
    };
    let fingerprint = sha256(Value::from(jwk.clone()).to_string().as_bytes());
    Some(VerifyingKey { algorithm, key: key?, fingerprint })
}

// jsonwebtoken takes any bytes for a key and fails when a token comes; these are looked at before that.

/// The points of Ed25519 that have a small order, without their signs, in hexadecimal. A signature by one of them can be
/// made by anybody (RFC 8032, section 8.4, leaves them to the caller). The last two are spelled beyond the field.
const SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

fn ed25519(x: &[u8]) -> Option<DecodingKey> {
    let mut unsigned: [u8; 32] = x.try_into().ok()?;
    unsigned[31] &= 0x7f;
    if SMALL_ORDER.contains(&hex::encode(unsigned).as_str()) {
        return None;
    }
    ParsedPublicKey::new(&ED25519, x).ok()?;
    Some(DecodingKey::from_ed_der(x))
}

fn p256(x: &[u8], y: &[u8]) -> Option<DecodingKey> {
    let point = [&[0x04], x, y].concat(); // uncompressed (SEC 1, section 2.3.3)
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).ok()?;
    (x.len() == 32).then(|| DecodingKey::from_ec_der(&point))
}

fn rsa(n: &[u8], e: &[u8]) -> Option<DecodingKey> {
    // Some libraries write a zero in front (RFC 7518, section 6.3.1.1).
    let significant = &n[n.iter().position(|byte| *byte != 0)?..];
    (RSA_MODULUS_BYTES.contains(&significant.len()) && matches!(e.len(), 1..=8))
        .then(|| DecodingKey::from_rsa_raw_components(significant, e))
}

/// `key_ops` (RFC 7517, section 4.3), where it is there, must say so.
fn may_verify(jwk: &Map<String, Value>) -> bool {
    jwk.get("key_ops").is_none_or(|operations| {
        operations.as_array().is_some_and(|listed| listed.iter().any(|one| one == "verify"))
    })
}
