//! What an issuer publishes: its JSON Web Key Set. A key that is taken is one that tokens can be held against.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duly::config::Accepted;
use duly::database::keys::{self, StoredKey};
use duly::error::{Error, Unauthorized};
use duly::services::key_set::KeySet;
use duly::services::stored_keys::StoredKeys;
use duly::services::verifier::{Keys, Verifier};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::stage::with;
use super::{now, secrets};

const ISSUER: &str = "https://issuer.example";

pub fn run(input: &[u8]) {
    if KeySet::parse(input, now()).is_err() {
        return;
    }
    let document: Value = serde_json::from_slice(input).expect("what is taken is JSON");
    let listed = document["keys"].as_array().expect("what is taken lists keys");
    let usable = listed.iter().filter_map(Value::as_object).filter(|jwk| {
        let alone = json!({ "keys": [jwk] });
        KeySet::parse(alone.to_string().as_bytes(), now()).is_ok()
    });
    // Each costs a row in a database.
    let usable: Vec<_> = usable.take(3).collect();
    assert!(!usable.is_empty(), "keys are taken together, and none alone");
    usable.into_iter().for_each(check_key);
}

/// A signature that is none is a bad signature. A key that does not read would make the token a bad one.
fn check_key(jwk: &Map<String, Value>) {
    let id = Uuid::now_v7().to_string();
    let stored = StoredKey {
        id: id.clone(),
        public_key: json!(jwk).to_string(),
        private_key: String::new(),
        created_at: now(),
        expires_at: None,
        algorithm: None,
        curve: None,
    };
    with(|stage| {
        let database = &stage.app.state.services.database;
        stage.runtime.block_on(async {
            keys::insert_key(database, &stored).await.expect("it is stored");
            for signature in [[0; 64], std::array::from_fn(|index| u8::from(index == 0))] {
                // Each time by a verifier that has seen nothing.
                let stored = StoredKeys::new(Arc::clone(database), &secrets());
                let verifier =
                    Verifier::new(Keys::Stored(Arc::new(stored)), Accepted::only(ISSUER));
                let refused = verifier.verify(&signed_by_nobody(jwk, &id, &signature), now()).await;
                let reason = Unauthorized::BadSignature;
                assert!(
                    matches!(refused, Err(Error::Unauthorized(found)) if found == reason),
                    "{refused:?} by {jwk:?}"
                );
            }
            stage.app.execute(&format!("DELETE FROM jwks WHERE id = '{id}'")).await;
        });
    });
}

fn signed_by_nobody(jwk: &Map<String, Value>, id: &str, signature: &[u8]) -> String {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let algorithm = match (text("kty"), text("alg")) {
        (Some("OKP"), _) => "EdDSA",
        (Some("EC"), _) => "ES256",
        (_, Some("PS256")) => "PS256",
        _ => "RS256",
    };
    let header = json!({"alg": algorithm, "kid": id});
    let exp = now().as_second() + 60;
    let claims = json!({"sub": "ada", "iss": ISSUER, "aud": ISSUER, "exp": exp});
    let parts = [header.to_string().into_bytes(), claims.to_string().into_bytes()];
    let [header, claims] = parts.map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
}
