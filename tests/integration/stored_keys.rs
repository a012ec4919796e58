//! Keys in the table `jwks` that this program has not made: a TypeScript server beside it may have been told to sign
//! by other algorithms than EdDSA.

use std::time::Duration;

use duly::database::keys::{self, StoredKey};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{BASE_URL, TestApp};
use crate::support::database::{now, statement};
use crate::support::http::Call;
use crate::support::issuer::{TestKey, claims};

/// Puts a key into the table, in Better Auth's form: the JWK without `kid` and `alg`.
async fn store(app: &TestApp, key: &TestKey, algorithm: Option<&str>) {
    let key = StoredKey {
        id: key.id.clone(),
        public_key: public_jwk(key),
        private_key: "\"00\"".to_owned(),
        // Older than the key that signs here.
        created_at: now() - jiff::SignedDuration::from_hours(1),
        expires_at: None,
        algorithm: algorithm.map(str::to_owned),
        curve: None,
    };
    keys::insert_key(&app.state.services.database, &key).await.expect("it is kept");
}

fn public_jwk(key: &TestKey) -> String {
    let mut jwk = key.jwk();
    let object = jwk.as_object_mut().expect("an object");
    object.remove("kid");
    object.remove("alg");
    jwk.to_string()
}

fn token(key: &TestKey, subject: &str) -> String {
    let mut claims = claims(subject);
    (claims["iss"], claims["aud"]) = (BASE_URL.into(), BASE_URL.into());
    key.token(&claims)
}

async fn status(app: &TestApp, token: &str) -> u16 {
    app.send(Call::get("/api/me/tasks").bearer(token)).await.status.as_u16()
}

on_every_engine! {
    async fn keys_of_every_algorithm_verify_and_are_published(app: TestApp) {
        let ada = app.person("ada").await;
        app.advance(Duration::from_secs(30));
        let algorithms = ["EdDSA", "ES256", "RS256", "PS256"];
        let keys = algorithms.map(|algorithm| TestKey::new(&format!("{algorithm} key"), algorithm));
        for key in &keys {
            store(&app, key, Some(key.algorithm)).await;
        }
        for key in &keys {
            assert_eq!(status(&app, &token(key, &ada.id)).await, 200, "{}", key.algorithm);
            // By the key's algorithm only.
            let header = json!({"alg": "HS256", "kid": key.id});
            assert_eq!(status(&app, &key.token_with(&header, &claims(&ada.id))).await, 401);
        }
        let published = app.send(Call::get("/api/auth/jwks")).await.expect(200);
        let published = published["keys"].as_array().expect("an array").clone();
        for key in &keys {
            assert!(published.contains(&key.jwk()), "{published:?}");
        }
        // It goes on signing with its own.
        let fresh = app.send(Call::get("/api/auth/token").bearer(&ada.session_token)).await;
        assert_eq!(status(&app, fresh.expect(200)["token"].as_str().expect("a JWT")).await, 200);
    }

    async fn a_key_without_an_algorithm_has_that_of_its_kind(app: TestApp) {
        let ada = app.person("ada").await;
        app.advance(Duration::from_secs(30));
        for algorithm in ["EdDSA", "ES256", "RS256"] {
            let key = TestKey::new(algorithm, algorithm);
            store(&app, &key, None).await;
            assert_eq!(status(&app, &token(&key, &ada.id)).await, 200, "{algorithm}");
            let published = app.send(Call::get("/api/auth/jwks")).await.expect(200);
            let published = published["keys"].as_array().expect("an array").clone();
            assert!(published.contains(&key.jwk()), "{published:?}");
        }
    }

    async fn a_key_that_another_copy_has_made_just_now_is_known_at_once(app: TestApp) {
        let ada = app.person("ada").await;
        assert_eq!(status(&app, &ada.jwt).await, 200);
        // The keys have been read at this very moment, and again for each that is not there.
        for name in ["one", "two", "three"] {
            let key = TestKey::new(name, "EdDSA");
            assert_eq!(status(&app, &token(&key, &ada.id)).await, 401, "{name}");
            store(&app, &key, Some("EdDSA")).await;
            assert_eq!(status(&app, &token(&key, &ada.id)).await, 200, "{name}");
        }
    }

    async fn tokens_of_unknown_keys_hold_nobody_up(app: TestApp) {
        let ada = app.person("ada").await;
        let (unknown, new) = (TestKey::new("unknown", "EdDSA"), TestKey::new("new", "EdDSA"));
        store(&app, &new, Some("EdDSA")).await;
        let tokens = (0..100).map(|number| match number {
            50 => token(&new, &ada.id),
            _ => token(&unknown.named(&format!("unknown {number}")), &ada.id),
        });
        let tokens: Vec<String> = tokens.collect();
        let statuses = join_all(tokens.iter().map(|token| status(&app, token))).await;
        let good = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!((statuses[50], good), (200, 1), "{statuses:?}");
    }

    async fn keys_that_do_not_read_leave_the_others_alone(app: TestApp) {
        let ada = app.person("ada").await;
        app.advance(Duration::from_secs(30));
        let odd = TestKey::new("odd", "EdDSA");
        for (id, algorithm) in [("a", "ES512"), ("b", "HS256"), ("c", ""), ("d", "ES256")] {
            store(&app, &odd.named(id), Some(algorithm)).await;
            assert_eq!(status(&app, &token(&odd.named(id), &ada.id)).await, 401, "{algorithm}");
        }
        assert_eq!(status(&app, &ada.jwt).await, 200);
    }

    async fn a_key_that_was_replaced_under_its_id_stops_with_what_was_remembered(app: TestApp) {
        let ada = app.person("ada").await;
        let (old, new) = (TestKey::new("one id", "EdDSA"), TestKey::new("one id", "EdDSA"));
        app.advance(Duration::from_secs(30));
        store(&app, &old, Some("EdDSA")).await;
        let remembered = token(&old, &ada.id);
        assert_eq!(status(&app, &remembered).await, 200);
        let replace = format!(
            r#"UPDATE "jwks" SET "publicKey" = '{}' WHERE "id" = 'one id'"#,
            public_jwk(&new)
        );
        let written = app.state.services.database.write(vec![statement(&replace)]).await;
        written.expect("it is replaced");
        app.advance(Duration::from_secs(30));
        let refused = app.send(Call::get("/api/me/tasks").bearer(&remembered)).await;
        let problem: Value = refused.problem(401, "unauthorized");
        assert_eq!(problem["detail"], "the token's signature is not valid");
        assert_eq!(status(&app, &token(&new, &ada.id)).await, 200);
    }
}
