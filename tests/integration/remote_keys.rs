//! Fetching the keys of an issuer elsewhere: when, how often, and what becomes of an issuer that does not behave.

use std::time::{Duration, Instant};

use duly::clock::{Clock, ManualClock};
use duly::error::{Error, Unauthorized};
use duly::services::verifier::Verifier;
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::database::now;
use crate::support::issuer::{Answer, Issuer, TestKey, claims, encode, verifier_of};

/// How long a fetch may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

fn clock() -> ManualClock {
    ManualClock::starting_at(now())
}

fn key(id: &str) -> TestKey {
    TestKey::new(id, "EdDSA")
}

fn published(keys: &[&TestKey]) -> Answer {
    Answer::Keys(keys.iter().map(|key| key.jwk()).collect())
}

async fn verify(
    verifier: &Verifier,
    clock: &ManualClock,
    key: &TestKey,
) -> Result<(), Unauthorized> {
    let now = Clock::Manual(clock.clone()).now();
    let mut claims = claims("ada");
    claims["exp"] = json!(now.as_second() + 60);
    match verifier.verify(&key.token(&claims), now).await {
        Ok(_) => Ok(()),
        Err(Error::Unauthorized(reason)) => Err(reason),
        Err(other) => panic!("not a 401: {other}"),
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn many_tokens_of_a_known_key_are_one_fetch() {
    let known = key("known");
    let issuer = Issuer::start(published(&[&known])).await;
    let clock = clock();
    let verifier = issuer.verifier(&clock);
    for _ in 0..20 {
        assert_eq!(verify(&verifier, &clock, &known).await, Ok(()));
        clock.advance(seconds(10));
    }
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_when_the_first_token_names_it() {
    let (old, new) = (key("old"), key("new"));
    let issuer = Issuer::start(published(&[&old])).await;
    let clock = clock();
    let verifier = issuer.verifier(&clock);
    assert_eq!(verify(&verifier, &clock, &old).await, Ok(()));
    issuer.answers(published(&[&new, &old]));
    // Too early to ask again.
    assert_eq!(verify(&verifier, &clock, &new).await, Err(Unauthorized::UnknownKey));
    clock.advance(seconds(9));
    assert_eq!(verify(&verifier, &clock, &new).await, Err(Unauthorized::UnknownKey));
    assert_eq!(issuer.asked(), 1);
    clock.advance(seconds(1));
    assert_eq!(verify(&verifier, &clock, &new).await, Ok(()));
    assert_eq!(verify(&verifier, &clock, &old).await, Ok(()));
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_hundred_unknown_keys_at_once_are_one_fetch() {
    let (known, unknown) = (key("known"), key("unknown"));
    let issuer = Issuer::start(published(&[&known])).await;
    let clock = clock();
    let verifier = issuer.verifier(&clock);
    assert_eq!(verify(&verifier, &clock, &known).await, Ok(()));
    clock.advance(seconds(10));
    let ids: Vec<TestKey> =
        (0..100).map(|number| unknown.named(&format!("made up {number}"))).collect();
    let answers = join_all(ids.iter().map(|key| verify(&verifier, &clock, key))).await;
    assert!(answers.iter().all(|answer| *answer == Err(Unauthorized::UnknownKey)));
    assert_eq!(issuer.asked(), 2);
    // In the ten seconds that follow, none at all.
    for _ in 0..9 {
        clock.advance(seconds(1));
        join_all(ids.iter().map(|key| verify(&verifier, &clock, key))).await;
    }
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_or_replaced_stops_within_minutes() {
    let (kept, withdrawn, replaced) = (key("kept"), key("withdrawn"), key("replaced"));
    let issuer = Issuer::start(published(&[&kept, &withdrawn, &replaced])).await;
    let clock = clock();
    let verifier = issuer.verifier(&clock);
    let mut claims = claims("ada");
    claims["exp"] = json!(1_795_417_200 + 3600);
    let tokens = [&kept, &withdrawn, &replaced].map(|key| key.token(&claims));
    for token in &tokens {
        assert!(verifier.verify(token, now()).await.is_ok());
    }
    issuer.answers(published(&[&kept, &key("replaced")]));
    clock.advance(seconds(299));
    let before = now() + jiff::SignedDuration::from_secs(299);
    assert!(verifier.verify(&tokens[1], before).await.is_ok());
    assert_eq!(issuer.asked(), 1);
    clock.advance(seconds(1));
    let after = now() + jiff::SignedDuration::from_secs(300);
    // The one that finds them old is still served from memory, and has them read again.
    assert!(verifier.verify(&tokens[0], after).await.is_ok());
    issuer.was_asked(2).await;
    settled(&verifier, &tokens[1], after).await;
    assert!(verifier.verify(&tokens[0], after).await.is_ok());
    for token in &tokens[1..] {
        assert!(verifier.verify(token, after).await.is_err());
    }
}

/// Waits until a token is no longer taken.
async fn settled(verifier: &Verifier, token: &str, now: jiff::Timestamp) {
    for _ in 0..1_000 {
        if verifier.verify(token, now).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the token is still taken");
}

#[tokio::test]
async fn known_keys_never_wait_for_an_issuer_that_hangs() {
    let (known, unknown) = (key("known"), key("unknown"));
    for hanging in [Answer::Nothing, Answer::Drip] {
        let issuer = Issuer::start(published(&[&known])).await;
        let clock = clock();
        let verifier = issuer.verifier(&clock);
        assert_eq!(verify(&verifier, &clock, &known).await, Ok(()));
        issuer.answers(hanging);
        clock.advance(seconds(300));
        let started = Instant::now();
        let waiting = verify(&verifier, &clock, &unknown);
        let served = async {
            for _ in 0..100 {
                assert_eq!(verify(&verifier, &clock, &known).await, Ok(()));
            }
            started.elapsed()
        };
        let (refused, elapsed) = tokio::join!(waiting, served);
        assert_eq!(refused, Err(Unauthorized::UnknownKey));
        // Not a measurement: a request that had waited would have taken as long as the fetch.
        assert!(elapsed < FETCH_TIMEOUT, "{elapsed:?}");
        assert!(started.elapsed() < 2 * FETCH_TIMEOUT, "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn whoever_stops_waiting_does_not_stop_the_fetch() {
    let (old, new) = (key("old"), key("new"));
    let issuer = Issuer::start(published(&[&old])).await;
    let clock = clock();
    let verifier = issuer.verifier(&clock);
    assert_eq!(verify(&verifier, &clock, &old).await, Ok(()));
    issuer.answers(published(&[&old, &new]));
    clock.advance(seconds(10));
    let dropped = verify(&verifier, &clock, &new).now_or_never();
    assert_eq!(dropped, None, "it was dropped while it waited");
    assert_eq!(verify(&verifier, &clock, &new).await, Ok(()));
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn an_issuer_that_misbehaves_leaves_the_known_keys_as_they_are() {
    let known = key("known");
    let mut huge = br#"{"keys":["#.to_vec();
    huge.extend(vec![b' '; 2_000_000]);
    for answer in [
        Answer::Raw(200, Vec::new()),
        Answer::Raw(200, b"not JSON".to_vec()),
        Answer::Raw(200, b"[]".to_vec()),
        Answer::Raw(200, br#"{"keys":{}}"#.to_vec()),
        Answer::Raw(200, br#"{"keys":[]}"#.to_vec()),
        Answer::Raw(200, br#"{"keys":[null,1,"x",{"kid":"a"}]}"#.to_vec()),
        Answer::Raw(
            200,
            br#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AA"}]}"#.to_vec(),
        ),
        Answer::Raw(200, vec![b'['; 100_000]),
        Answer::Raw(200, huge),
        Answer::Raw(500, published_text(&known)),
        Answer::Raw(404, Vec::new()),
        Answer::Redirect,
    ] {
        let issuer = Issuer::start(published(&[&known])).await;
        let clock = clock();
        let verifier = issuer.verifier(&clock);
        assert_eq!(verify(&verifier, &clock, &known).await, Ok(()));
        issuer.answers(answer);
        clock.advance(seconds(300));
        assert_eq!(verify(&verifier, &clock, &key("other")).await, Err(Unauthorized::UnknownKey));
        issuer.was_asked(2).await;
        assert_eq!(verify(&verifier, &clock, &known).await, Ok(()));
        // And it is forgiven.
        let new = key("new");
        issuer.answers(published(&[&new]));
        clock.advance(seconds(10));
        assert_eq!(verify(&verifier, &clock, &new).await, Ok(()));
    }
}

fn published_text(key: &TestKey) -> Vec<u8> {
    json!({"keys": [key.jwk()]}).to_string().into_bytes()
}

#[tokio::test]
async fn good_keys_are_taken_from_among_unknown_ones() {
    let good = key("good");
    let with = |name: &str, value: Value| {
        let mut jwk = key(&format!("{name} {value}")).jwk();
        jwk[name] = value;
        jwk
    };
    let odd = [
        json!({"kty": "oct", "kid": "oct", "k": "c2VjcmV0", "alg": "HS256"}),
        json!({"kty": "EC", "crv": "P-521", "kid": "P-521", "x": "AA", "y": "AA", "alg": "ES512"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "X25519", "x": "AA"}),
        json!({"kty": "AKP", "kid": "ML-DSA", "alg": "ML-DSA-44", "pub": "AA"}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "short"}),
        json!({"kty": "RSA", "kid": "bad", "n": "!", "e": "AQAB"}),
        json!({"kty": "RSA", "kid": "1024 bits", "n": encode([0xc5; 128]), "e": "AQAB"}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "31 bytes", "x": encode([1; 31])}),
        json!({"kty": "EC", "crv": "P-256", "kid": "no point", "x": encode([1; 32]), "y": encode([1; 32])}),
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("kid", json!(5)),
        with("kid", json!("")),
        with("alg", json!("HS256")),
        with("alg", json!("ES256")),
    ];
    let mut listed = odd.to_vec();
    listed.push(good.jwk());
    // Of two with one name the first counts.
    listed.push(key("good").jwk());
    let issuer = Issuer::start(Answer::Keys(listed)).await;
    let clock = clock();
    let verifier = issuer.verifier(&clock);
    assert_eq!(verify(&verifier, &clock, &good).await, Ok(()));
    for jwk in odd {
        let id = jwk["kid"].as_str().unwrap_or_default();
        let strange = key("any").named(id);
        assert!(verify(&verifier, &clock, &strange).await.is_err(), "{jwk}");
    }
}

#[tokio::test]
async fn a_key_that_was_withdrawn_in_a_quiet_time_lets_nobody_in() {
    let (withdrawn, new) = (key("withdrawn"), key("new"));
    let issuer = Issuer::start(published(&[&withdrawn])).await;
    let clock = clock();
    let verifier = issuer.verifier(&clock);
    let mut claims = claims("ada");
    claims["exp"] = json!(1_795_417_200 + 3600);
    let token = withdrawn.token(&claims);
    assert!(verifier.verify(&token, now()).await.is_ok());
    issuer.answers(published(&[&new]));
    clock.advance(seconds(600));
    let later = now() + jiff::SignedDuration::from_secs(600);
    // Neither the token that is remembered nor another one.
    let (one, other) =
        tokio::join!(verifier.verify(&token, later), verify(&verifier, &clock, &withdrawn));
    assert!(one.is_err() && other.is_err());
    assert_eq!(verify(&verifier, &clock, &new).await, Ok(()));
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn as_many_keys_are_taken_as_an_issuer_publishes() {
    let many = key("any");
    let keys: Vec<TestKey> = (0..720).map(|number| many.named(&format!("key {number}"))).collect();
    let last = key("the last");
    let listed = keys.iter().chain([&last]).map(TestKey::jwk).collect();
    let issuer = Issuer::start(Answer::Keys(listed)).await;
    let clock = clock();
    let verifier = issuer.verifier(&clock);
    assert_eq!(verify(&verifier, &clock, &last).await, Ok(()));
}

#[tokio::test]
async fn a_key_that_anybody_can_sign_for_is_none() {
    let good = key("good");
    let mut weak = good.jwk();
    (weak["kid"], weak["x"]) =
        (json!("weak"), json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA"));
    let issuer = Issuer::start(Answer::Keys(vec![weak, good.jwk()])).await;
    let clock = clock();
    let verifier = issuer.verifier(&clock);
    assert_eq!(verify(&verifier, &clock, &good).await, Ok(()));
    assert_eq!(verify(&verifier, &clock, &good.named("weak")).await, Err(Unauthorized::UnknownKey));
}

#[tokio::test]
async fn an_issuer_that_is_down_at_first_is_found_when_it_is_up() {
    let known = key("known");
    // An address that was free a moment ago.
    let gone = Issuer::start(Answer::Nothing).await;
    let (address, url) = (gone.address, gone.url());
    drop(gone);
    let clock = clock();
    let verifier = verifier_of(url, &clock);
    assert_eq!(verify(&verifier, &clock, &known).await, Err(Unauthorized::NoKeys));
    let issuer = loop {
        // The port is free once the server's task has ended.
        if tokio::net::TcpListener::bind(address).await.is_ok() {
            break Issuer::start_on(address, published(&[&known])).await;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(verify(&verifier, &clock, &known).await, Err(Unauthorized::NoKeys));
    clock.advance(seconds(10));
    assert_eq!(verify(&verifier, &clock, &known).await, Ok(()));
    // Down again: the keys stay, for hours.
    drop(issuer);
    for _ in 0..10 {
        clock.advance(seconds(3600));
        assert_eq!(verify(&verifier, &clock, &known).await, Ok(()));
    }
}
