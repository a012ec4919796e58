//! Tokens of an issuer elsewhere: which are taken, and all that are not.

use aws_lc_rs::hmac;
use duly::clock::ManualClock;
use duly::error::{Error, Unauthorized};
use duly::services::verifier::Verifier;
use serde_json::{Value, json};

use crate::support::database::now;
use crate::support::issuer::{Answer, ISSUER, Issuer, TestKey, claims, encode};

const ALGORITHMS: [&str; 4] = ["EdDSA", "ES256", "RS256", "PS256"];

/// An issuer with a key of each kind, and a verifier of its tokens.
struct Setting {
    keys: Vec<TestKey>,
    verifier: Verifier,
    clock: ManualClock,
    _issuer: Issuer,
}

impl Setting {
    async fn start() -> Self {
        let keys: Vec<TestKey> =
            ALGORITHMS.iter().map(|algorithm| TestKey::new(algorithm, algorithm)).collect();
        let issuer = Issuer::start(Answer::Keys(keys.iter().map(TestKey::jwk).collect())).await;
        let clock = ManualClock::starting_at(now());
        let verifier = issuer.verifier(&clock);
        Self { keys, verifier, clock, _issuer: issuer }
    }

    async fn verify(&self, token: &str) -> Result<String, Unauthorized> {
        match self.verifier.verify(token, now()).await {
            Ok(owner) => Ok(owner.as_str().to_owned()),
            Err(Error::Unauthorized(reason)) => Err(reason),
            Err(other) => panic!("not a 401: {other}"),
        }
    }
}

/// `claims` with one claim changed, or left out.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims("ada");
    let object = claims.as_object_mut().expect("an object");
    if value.is_null() {
        object.remove(name)
    } else {
        object.insert(name.to_owned(), value)
    };
    claims
}

#[tokio::test]
async fn tokens_of_every_algorithm_are_taken() {
    let setting = Setting::start().await;
    for key in &setting.keys {
        let token = key.token(&claims("ada"));
        // Once by its signature, and once from memory.
        for _ in 0..2 {
            assert_eq!(setting.verify(&token).await.as_deref(), Ok("ada"), "{}", key.algorithm);
        }
    }
}

#[tokio::test]
async fn the_key_says_the_algorithm_also_where_it_publishes_none() {
    let keys = ["EdDSA", "ES256", "RS256"].map(|algorithm| TestKey::new(algorithm, algorithm));
    let published = keys.iter().map(|key| {
        let mut jwk = key.jwk();
        jwk.as_object_mut().expect("an object").remove("alg");
        jwk
    });
    let issuer = Issuer::start(Answer::Keys(published.collect())).await;
    let verifier = issuer.verifier(&ManualClock::starting_at(now()));
    for key in &keys {
        assert!(verifier.verify(&key.token(&claims("ada")), now()).await.is_ok());
    }
    // The same RSA key, but by an algorithm that is not the key's.
    let other = TestKey::new("PS256", "PS256").named("RS256");
    let refused = verifier.verify(&other.token(&claims("ada")), now()).await;
    assert!(matches!(refused, Err(Error::Unauthorized(Unauthorized::InvalidToken))), "{refused:?}");
}

#[tokio::test]
async fn a_token_that_says_another_algorithm_than_its_key_is_refused() {
    let setting = Setting::start().await;
    for key in &setting.keys {
        for algorithm in ["EdDSA", "ES256", "RS256", "PS256", "HS256", "RS512", "none", "None", ""]
        {
            if algorithm != key.algorithm {
                let header = json!({"alg": algorithm, "kid": key.id});
                let token = key.token_with(&header, &claims("ada"));
                assert!(setting.verify(&token).await.is_err(), "{} as {algorithm}", key.algorithm);
            }
        }
        let unsigned = format!(
            "{}.{}.",
            encode(json!({"alg": "none", "kid": key.id}).to_string()),
            encode(claims("ada").to_string())
        );
        assert_eq!(setting.verify(&unsigned).await, Err(Unauthorized::InvalidToken));
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let setting = Setting::start().await;
    for key in &setting.keys {
        let jwk = key.jwk();
        let texts = ["x", "n"].iter().filter_map(|name| jwk[name].as_str());
        let mut secrets: Vec<Vec<u8>> =
            texts.clone().map(|text| text.as_bytes().to_vec()).collect();
        secrets.push(jwk.to_string().into_bytes());
        for secret in secrets {
            let header = json!({"alg": "HS256", "kid": key.id});
            let signed =
                format!("{}.{}", encode(header.to_string()), encode(claims("ada").to_string()));
            let signature =
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), signed.as_bytes());
            let token = format!("{signed}.{}", encode(signature));
            assert_eq!(setting.verify(&token).await, Err(Unauthorized::InvalidToken));
        }
    }
}

#[tokio::test]
async fn a_key_that_comes_with_the_token_counts_for_nothing() {
    let setting = Setting::start().await;
    let strange = TestKey::new("EdDSA", "EdDSA");
    let addresses = ["jku", "x5u"].map(|name| (name, json!("http://127.0.0.1:1/jwks")));
    let foreign = [("jwk", strange.jwk()), ("x5c", json!(["AAAA"]))].into_iter().chain(addresses);
    for (name, value) in foreign {
        let mut header = json!({"alg": "EdDSA", "kid": "EdDSA"});
        header[name] = value;
        let token = strange.token_with(&header, &claims("ada"));
        assert!(setting.verify(&token).await.is_err(), "{name}");
        // It does no harm beside a good signature.
        if name == "jwk" {
            let token = setting.keys[0].token_with(&header, &claims("ada"));
            assert_eq!(setting.verify(&token).await.as_deref(), Ok("ada"));
        }
    }
}

#[tokio::test]
async fn a_key_is_found_by_its_id_alone() {
    let setting = Setting::start().await;
    let key = &setting.keys[0];
    for header in [
        json!({"alg": "EdDSA"}),
        json!({"alg": "EdDSA", "kid": null}),
        json!({"alg": "EdDSA", "kid": ""}),
        json!({"alg": "EdDSA", "kid": 5}),
        json!({"alg": "EdDSA", "kid": "unknown"}),
        json!({"alg": "EdDSA", "kid": "ES256"}),
        json!({"alg": "EdDSA", "kid": "eddsa"}),
        json!({"alg": "EdDSA", "kid": "EdDSA", "crit": ["exp"]}),
        json!({"alg": "EdDSA", "kid": "EdDSA", "crit": []}),
        json!({"alg": "EdDSA", "kid": "EdDSA", "crit": ["b64"], "b64": false}),
        json!({"kid": "EdDSA"}),
        json!([]),
    ] {
        assert!(
            setting.verify(&key.token_with(&header, &claims("ada"))).await.is_err(),
            "{header}"
        );
    }
    let typed = json!({"alg": "EdDSA", "typ": "JWT", "kid": "EdDSA"});
    assert!(setting.verify(&key.token_with(&typed, &claims("ada"))).await.is_ok());
}

#[tokio::test]
async fn every_claim_that_is_required_must_be_there_and_right() {
    let setting = Setting::start().await;
    let key = &setting.keys[0];
    let start = 1_795_417_200;
    for (name, value) in [
        ("sub", json!(null)),
        ("sub", json!("")),
        ("sub", json!(5)),
        ("sub", json!(["ada"])),
        ("sub", json!("a\u{0}b")),
        ("sub", json!("x".repeat(256))),
        ("exp", json!(null)),
        ("exp", json!("soon")),
        ("exp", json!(start - 30)),
        ("exp", json!(0)),
        ("exp", json!(-5)),
        ("exp", json!(f64::from(start - 30) + 0.9)),
        ("exp", json!(1e300)),
        ("iss", json!(null)),
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{ISSUER}/"))),
        ("iss", json!(5)),
        ("iss", json!([ISSUER])),
        ("iss", json!(["https://evil.example", ISSUER])),
        ("aud", json!(null)),
        ("aud", json!("https://evil.example")),
        ("aud", json!(["https://evil.example"])),
        ("aud", json!([])),
        ("aud", json!(5)),
        ("nbf", json!(start + 31)),
        ("nbf", json!("soon")),
    ] {
        let claims = with(name, value.clone());
        assert!(setting.verify(&key.token(&claims)).await.is_err(), "{name}: {value}");
    }
    for (name, value) in [
        ("sub", json!("ü".repeat(255))),
        ("exp", json!(start - 29)),
        ("exp", json!(f64::from(start) + 0.5)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(u64::MAX)),
        ("aud", json!(["https://other.example", ISSUER])),
        ("nbf", json!(start + 30)),
        ("nbf", json!(f64::from(start) + 30.5)),
        ("iat", json!(null)),
        ("extra", json!({"anything": [1, 2]})),
    ] {
        let claims = with(name, value.clone());
        assert!(setting.verify(&key.token(&claims)).await.is_ok(), "{name}: {value}");
    }
    assert!(setting.verify(&key.token(&json!([]))).await.is_err());
    assert!(setting.verify(&key.token(&json!("ada"))).await.is_err());
}

#[tokio::test]
async fn a_token_that_was_tampered_with_is_refused() {
    let setting = Setting::start().await;
    for key in &setting.keys {
        let good = key.token(&claims("ada"));
        let [header, body, signature] =
            [0, 1, 2].map(|part| good.split('.').nth(part).expect("three parts"));
        let other = encode(claims("bob").to_string());
        for token in [
            format!("{header}.{other}.{signature}"),
            format!("{header}.{body}."),
            format!("{header}.{body}.{}", &signature[4..]),
            format!("{header}.{body}.{signature}AAAA"),
            format!("{header}.{body}.{}", encode(vec![0; 64])),
            format!("{header}.{body}.{signature}."),
            format!("{header}..{signature}"),
            format!(".{body}.{signature}"),
            format!("{body}.{header}.{signature}"),
            format!("{header}.{body}.!"),
            "..".to_owned(),
            "a.b.c".to_owned(),
            format!("{header}.{body}.{signature}{}", "A".repeat(1_000_000)),
            format!("{header}.{}.{signature}", "A".repeat(1_000_000)),
        ] {
            let shown: String = token.chars().take(80).collect();
            assert!(setting.verify(&token).await.is_err(), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_token_that_was_verified_once_still_expires() {
    let setting = Setting::start().await;
    let token = setting.keys[0].token(&claims("ada"));
    assert!(setting.verifier.verify(&token, now()).await.is_ok());
    setting.clock.advance(std::time::Duration::from_secs(900 + 30));
    let late = now() + jiff::SignedDuration::from_secs(900 + 30);
    let refused = setting.verifier.verify(&token, late).await;
    assert!(matches!(refused, Err(Error::Unauthorized(Unauthorized::Expired))), "{refused:?}");
}
