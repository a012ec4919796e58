//! The tokens that we issue, the keys behind them, and every token that is not ours.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duly::database::keys;
use duly::models::secret::{Secret, Secrets};
use duly::services::key_encryption::KeyEncryption;
use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{BASE_URL, Person, SECRET, TestApp};
use crate::support::http::Call;

const NOW: i64 = 1_795_417_200;

/// Base64url as JWTs have it.
fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).expect("base64url")
}

/// The JSON texts of a token's header and claims.
fn opened(token: &str) -> [String; 2] {
    let mut parts = token.split('.');
    [(); 2].map(|()| String::from_utf8(decode(parts.next().expect("a part"))).expect("UTF-8"))
}

fn sign(header: &Value, claims: &Value, signature: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = encode(signature(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The server's own key: its id, and its private JWK as it is decrypted.
async fn server_key(app: &TestApp) -> (String, Value) {
    let stored = keys::list_keys(&app.state.services.database).await.expect("the keys read");
    assert_eq!(stored.len(), 1);
    let plain =
        KeyEncryption::new(&secrets(SECRET)).decrypt(&stored[0].private_key).expect("it decrypts");
    (stored[0].id.clone(), serde_json::from_str(&plain).expect("a JWK"))
}

fn secrets(text: &str) -> Secrets {
    Secrets::single(Secret::parse(text).expect("it is long enough"))
}

fn pair_of(jwk: &Value) -> Ed25519KeyPair {
    let part = |name: &str| decode(jwk[name].as_str().expect("a text"));
    Ed25519KeyPair::from_seed_and_public_key(&part("d"), &part("x")).expect("halves of one key")
}

fn claims(person: &Person) -> Value {
    json!({"iat": NOW, "sub": person.id, "exp": NOW + 900, "iss": BASE_URL, "aud": BASE_URL})
}

/// `claims` with one claim changed, or left out.
fn with(claims: &Value, name: &str, value: Option<Value>) -> Value {
    let mut claims = claims.clone();
    let object = claims.as_object_mut().expect("an object");
    match value {
        Some(value) => object.insert(name.to_owned(), value),
        None => object.remove(name),
    };
    claims
}

async fn refuse(app: &TestApp, token: &str, what: &str) {
    let answer = app.send(Call::get("/api/me/tasks").bearer(token)).await;
    assert_eq!(answer.status.as_u16(), 401, "{what}: {}", answer.text());
    answer.problem(401, "unauthorized");
    let challenge = answer.header("www-authenticate");
    assert!(
        challenge.starts_with("Bearer error=\"invalid_token\", error_description=\""),
        "{what}: {challenge}"
    );
}

on_every_engine! {
    async fn a_token_has_the_header_and_the_claims_in_better_auths_order(app: TestApp) {
        let ada = app.person("ada").await;
        let [header, claims] = opened(&ada.jwt);
        let (key_id, _) = server_key(&app).await;
        assert_eq!(header, format!(r#"{{"alg":"EdDSA","kid":"{key_id}"}}"#));
        let id = &ada.id;
        let expected = format!(
            r#"{{"iat":{NOW},"name":"ada","email":"ada@example.com","emailVerified":false,"image":null,"createdAt":"2026-11-23T07:00:00.000Z","updatedAt":"2026-11-23T07:00:00.000Z","id":"{id}","sub":"{id}","exp":{},"iss":"{BASE_URL}","aud":"{BASE_URL}"}}"#,
            NOW + 900,
        );
        assert_eq!(claims, expected);
    }

    async fn the_key_set_holds_the_public_half_and_nothing_else(app: TestApp) {
        let first = app.send(Call::get("/api/auth/jwks")).await;
        let (key_id, private) = server_key(&app).await;
        let x = private["x"].as_str().expect("a text");
        assert_eq!(
            first.text(),
            format!(
                r#"{{"keys":[{{"alg":"EdDSA","crv":"Ed25519","x":"{x}","kty":"OKP","kid":"{key_id}"}}]}}"#
            ),
        );
        assert_eq!(first.header("content-type"), "application/json");
        assert_eq!(first.header("cache-control"), "");
        assert_eq!((key_id.len(), key_id.chars().all(|c| c.is_ascii_alphanumeric())), (32, true));
        assert_eq!(app.send(Call::get("/api/auth/jwks")).await.body, first.body);
    }

    async fn the_private_half_is_encrypted_at_rest_and_belongs_to_the_public_half(app: TestApp) {
        app.person("ada").await;
        let stored = keys::list_keys(&app.state.services.database).await.expect("the keys read");
        let sealed: String = serde_json::from_str(&stored[0].private_key).expect("a JSON text");
        assert!(hex::decode(&sealed).is_ok(), "{sealed}");
        let (_, private) = server_key(&app).await;
        let (d, x) = (private["d"].as_str().expect("d"), private["x"].as_str().expect("x"));
        assert!(!stored[0].private_key.contains(d) && !stored[0].public_key.contains(d));
        assert_eq!(encode(pair_of(&private).public_key().as_ref()), x);
        let public: Value = serde_json::from_str(&stored[0].public_key).expect("a JWK");
        assert_eq!(public["x"], x);
        let other = secrets("another secret that is as long as it must be");
        assert_eq!(KeyEncryption::new(&other).decrypt(&stored[0].private_key), None);
    }

    async fn tokens_that_are_not_ours_are_refused(app: TestApp) {
        let ada = app.person("ada").await;
        let (key_id, private) = server_key(&app).await;
        let pair = pair_of(&private);
        let ours = |bytes: &[u8]| pair.sign(bytes).as_ref().to_vec();
        let (good, header) = (claims(&ada), json!({"alg": "EdDSA", "kid": key_id}));
        // If this one were not taken, the others would prove nothing.
        let genuine = sign(&header, &good, ours);
        app.send(Call::get("/api/me/tasks").bearer(&genuine)).await.expect(200);

        let wrong_claims = [
            ("iss", Some(json!("http://evil.test"))),
            ("iss", Some(json!(format!("{BASE_URL}/")))),
            ("iss", None),
            ("aud", Some(json!("http://evil.test"))),
            ("aud", Some(json!([]))),
            ("aud", None),
            ("exp", None),
            ("exp", Some(json!("tomorrow"))),
            ("exp", Some(json!(NOW - 31))),
            ("exp", Some(json!(-1))),
            ("sub", None),
            ("sub", Some(json!(""))),
            ("sub", Some(json!(5))),
            ("sub", Some(json!("a\u{0}b"))),
            ("sub", Some(json!("x".repeat(256)))),
            ("nbf", Some(json!(NOW + 3600))),
        ];
        for (name, value) in wrong_claims {
            let what = format!("{name} {value:?}");
            refuse(&app, &sign(&header, &with(&good, name, value), ours), &what).await;
        }

        let long = sign(&header, &with(&good, "image", Some(json!("x".repeat(16 * 1024)))), ours);
        let answer = app.send(Call::get("/api/me/tasks").bearer(&long)).await;
        let problem = answer.problem(401, "unauthorized");
        assert!(problem["detail"].as_str().expect("a text").contains("longer"), "{problem}");

        let stranger = Ed25519KeyPair::generate().expect("a key");
        let theirs = |bytes: &[u8]| stranger.sign(bytes).as_ref().to_vec();
        refuse(&app, &sign(&header, &good, theirs), "a stranger's key").await;
        for kid in
            [json!("unknown"), Value::Null, json!("../../key"), json!("' OR 1=1 --"), json!("")]
        {
            let header = json!({"alg": "EdDSA", "kid": kid});
            refuse(&app, &sign(&header, &good, ours), &format!("kid {kid}")).await;
        }
        refuse(&app, &sign(&json!({"alg": "EdDSA"}), &good, ours), "no kid").await;
        let with_jwk = json!({"alg": "EdDSA", "kid": "mine", "jwk": {
            "kty": "OKP", "crv": "Ed25519", "x": encode(stranger.public_key().as_ref()),
        }});
        refuse(&app, &sign(&with_jwk, &good, theirs), "its own key").await;

        for alg in ["none", "None", "HS256", "ES256", "RS256"] {
            let header = json!({"alg": alg, "kid": key_id});
            refuse(&app, &sign(&header, &good, |_| Vec::new()), alg).await;
            refuse(&app, &sign(&header, &good, ours), alg).await;
        }
        let x = private["x"].as_str().expect("a text");
        let jwks = app.send(Call::get("/api/auth/jwks")).await.json()["keys"][0].to_string();
        for secret in [decode(x), x.as_bytes().to_vec(), jwks.into_bytes(), Vec::from(SECRET)] {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
            let header = json!({"alg": "HS256", "kid": key_id});
            let token = sign(&header, &good, |bytes| hmac::sign(&key, bytes).as_ref().to_vec());
            refuse(&app, &token, "HS256 with the public key").await;
        }
    }

    async fn a_token_that_was_tampered_with_is_refused_beside_the_genuine_one(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        // Known as good before: a cache must not let its changed twins through.
        app.send(Call::get("/api/me/tasks").bearer(&ada.jwt)).await.expect(200);
        let parts: Vec<&str> = ada.jwt.split('.').collect();
        let of_bob: Vec<&str> = bob.jwt.split('.').collect();
        let flipped = |part: &str| {
            let mut bytes = decode(part);
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            encode(bytes)
        };
        for (header, claims, signature) in [
            (parts[0], of_bob[1], parts[2].to_owned()),
            (parts[0], parts[1], of_bob[2].to_owned()),
            (parts[0], parts[1], flipped(parts[2])),
            (parts[0], parts[1], String::new()),
            (parts[0], parts[1], parts[2][..80].to_owned()),
            (parts[0], "", parts[2].to_owned()),
            ("", parts[1], parts[2].to_owned()),
            ("", "", String::new()),
        ] {
            refuse(&app, &format!("{header}.{claims}.{signature}"), "tampered").await;
        }
        refuse(&app, &format!("{}.{}", ada.jwt, parts[2]), "four parts").await;
        refuse(&app, &format!("{}{}", ada.jwt, "A".repeat(20_000)), "too long").await;
    }

    async fn the_authorization_header_must_be_one_bearer_token(app: TestApp) {
        let ada = app.person("ada").await;
        let jwt = &ada.jwt;
        for value in [
            "Basic YTpi".to_owned(),
            jwt.clone(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            format!("Token {jwt}"),
        ] {
            let call =
                Call::get("/api/me/tasks").header("authorization", &value).cookie(&ada.cookie);
            let answer = app.send(call).await;
            answer.problem(401, "unauthorized");
            let challenge = answer.header("www-authenticate");
            assert!(challenge.starts_with("Bearer error=\"invalid_request\""), "{challenge}");
        }
        let twice = Call::get("/api/me/tasks").bearer(jwt).bearer(jwt);
        app.send(twice).await.problem(401, "unauthorized");
        let lower = Call::get("/api/me/tasks").header("authorization", &format!("bearer {jwt}"));
        app.send(lower).await.expect(200);
    }
}
