//! Somebody else who signs people in: keys of every kind, tokens signed by them, and a real HTTP server that publishes
//! the keys, or does worse.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use duly::clock::{Clock, ManualClock};
use duly::config::Accepted;
use duly::services::remote_keys::RemoteKeys;
use duly::services::verifier::{Keys, Verifier};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

/// Who issues, and for whom.
pub const ISSUER: &str = "https://auth.example.com";

/// Base64url as JWTs have it.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key that signs.
#[derive(Clone)]
pub struct TestKey {
    pub id: String,
    pub algorithm: &'static str,
    pair: Pair,
}

#[derive(Clone)]
enum Pair {
    Ed25519(Arc<Ed25519KeyPair>),
    P256(Arc<EcdsaKeyPair>),
    Rsa(&'static RsaKeyPair, &'static dyn RsaEncoding),
}

/// One for all tests: they take long to make.
static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("a key is made"));

impl TestKey {
    /// A new key for `EdDSA`, `ES256`, `RS256` or `PS256`. The last two have the same RSA key, whatever their name.
    pub fn new(id: &str, algorithm: &'static str) -> Self {
        let pair = match algorithm {
            "EdDSA" => Pair::Ed25519(Arc::new(Ed25519KeyPair::generate().expect("a key is made"))),
            "ES256" => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
                Pair::P256(Arc::new(pair.expect("a key is made")))
            }
            "RS256" => Pair::Rsa(&RSA, &RSA_PKCS1_SHA256),
            "PS256" => Pair::Rsa(&RSA, &RSA_PSS_SHA256),
            other => panic!("no key for {other}"),
        };
        Self { id: id.to_owned(), algorithm, pair }
    }

    /// The same key under another id.
    pub fn named(&self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self.clone() }
    }

    /// The key as it is published.
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key())})
            }
            Pair::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..])})
            }
            Pair::Rsa(pair, _) => {
                let public = pair.public_key();
                let [n, e] = [public.modulus(), public.exponent()];
                json!({"kty": "RSA", "n": encode(n.big_endian_without_leading_zero()), "e": encode(e.big_endian_without_leading_zero())})
            }
        };
        jwk["alg"] = self.algorithm.into();
        jwk["kid"] = self.id.as_str().into();
        jwk
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::P256(pair) => pair.sign(&random, message).expect("signed").as_ref().to_vec(),
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).expect("signed");
                signature
            }
        }
    }

    /// A token with any header and claims.
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = encode(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// A token with any claims.
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({"alg": self.algorithm, "kid": self.id}), claims)
    }
}

/// The claims of a good token about somebody, from the start of the tests' clock on.
pub fn claims(subject: &str) -> Value {
    json!({"iat": 1_795_417_200, "sub": subject, "exp": 1_795_417_200 + 900, "iss": ISSUER, "aud": ISSUER})
}

/// What the server answers to whoever asks for the keys.
#[derive(Clone)]
pub enum Answer {
    Keys(Vec<Value>),
    /// A status and a body.
    Raw(u16, Vec<u8>),
    /// A redirect to the keys.
    Redirect,
    /// Nothing, for a long time.
    Nothing,
    /// A head, and then a body that does not end.
    Drip,
}

/// A server that publishes keys.
pub struct Issuer {
    pub address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl Issuer {
    /// A server that answers so.
    pub async fn start(answer: Answer) -> Self {
        Self::start_on("127.0.0.1:0".parse().expect("an address"), answer).await
    }

    /// As [`Issuer::start`], on an address that is free.
    pub async fn start_on(address: SocketAddr, answer: Answer) -> Self {
        let listener = TcpListener::bind(address).await.expect("the address is free");
        let address = listener.local_addr().expect("it is bound");
        let (answer, asked) = (Arc::new(Mutex::new(answer)), Arc::new(AtomicUsize::new(0)));
        let (given, counter) = (Arc::clone(&answer), Arc::clone(&asked));
        let router = Router::new().fallback(async move || {
            counter.fetch_add(1, Ordering::SeqCst);
            let answer = given.lock().expect("nobody panics").clone();
            respond(answer).await
        });
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self { address, answer, asked, server }
    }

    pub fn url(&self) -> Url {
        Url::parse(&format!("http://{}/api/auth/jwks", self.address)).expect("a URL")
    }

    pub fn answers(&self, answer: Answer) {
        *self.answer.lock().expect("nobody panics") = answer;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until it was asked that often.
    pub async fn was_asked(&self, times: usize) {
        for _ in 0..1_000 {
            if self.asked() >= times {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it was asked {} times, not {times}", self.asked());
    }

    /// A verifier of its tokens.
    pub fn verifier(&self, clock: &ManualClock) -> Verifier {
        verifier_of(self.url(), clock)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A verifier by the keys at an address where there need not be anybody.
pub fn verifier_of(url: Url, clock: &ManualClock) -> Verifier {
    let keys = RemoteKeys::fetched_from(url, Clock::Manual(clock.clone())).expect("a client");
    Verifier::new(Keys::Remote(keys), Accepted::only(ISSUER))
}

async fn respond(answer: Answer) -> Response {
    let body = |status: u16, body: Body| {
        Response::builder().status(status).body(body).expect("it is an answer")
    };
    match answer {
        Answer::Keys(keys) => body(200, json!({ "keys": keys }).to_string().into()),
        Answer::Raw(status, bytes) => body(status, bytes.into()),
        Answer::Redirect => Response::builder()
            .status(StatusCode::FOUND)
            .header("location", "/elsewhere")
            .body(Body::empty())
            .expect("it is an answer"),
        Answer::Nothing => {
            tokio::time::sleep(Duration::from_secs(600)).await;
            body(200, Body::empty())
        }
        Answer::Drip => {
            let drops = futures_util::stream::unfold((), async |()| {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Some((Ok::<_, std::convert::Infallible>(" "), ()))
            });
            body(200, Body::from_stream(drops))
        }
    }
}
