//! `Idempotency-Key`: a write that is asked for again is answered as it was, and happens once (API.md, "Repeats").

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::caller::path_parameter;
use super::task_answers::{answer, created};
use super::{App, AppState};
use crate::database::idempotency::{self, Attempt, Before, Once};
use crate::error::Error;
use crate::models::idempotency_key::IdempotencyKey;
use crate::models::user::UserId;
use crate::services::hashes::Sha256;

pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that the answer is the first one again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How often keys that have run out are looked for, in seconds: behind a write, so that no timer wakes a database.
const SWEEP_SECONDS: i64 = 3_600;

/// The keys of requests that are being answered.
#[derive(Default)]
pub struct RunningKeys {
    keys: Mutex<HashSet<(UserId, IdempotencyKey)>>,
    swept_at: AtomicI64,
}

impl RunningKeys {
    fn keys(&self) -> MutexGuard<'_, HashSet<(UserId, IdempotencyKey)>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key of a request, and what it asks for apart from its body.
pub struct Repeatable(Option<(IdempotencyKey, Sha256)>);

impl FromRequestParts<AppState> for Repeatable {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Error> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let key = match (values.next(), values.next()) {
            (None, _) => return Ok(Self(None)),
            (Some(value), None) => IdempotencyKey::parse(value.as_bytes()),
            _ => Err("there must be one Idempotency-Key".to_owned()),
        };
        let key = key.map_err(Error::Malformed)?;
        let mut asked = Sha256::new();
        // Not the path itself: `me` and the caller's id are one.
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let task = path_parameter(parts, "id").unwrap_or_default().to_ascii_lowercase();
        for part in [parts.method.as_str(), route, &task] {
            update(&mut asked, part.as_bytes());
        }
        for name in [header::IF_MATCH, header::IF_NONE_MATCH] {
            for value in parts.headers.get_all(&name) {
                update(&mut asked, name.as_str().as_bytes());
                update(&mut asked, value.as_bytes());
            }
        }
        Ok(Self(Some((key, asked))))
    }
}

/// Each part with its length, so that two requests never run together to the same.
fn update(asked: &mut Sha256, part: &[u8]) {
    asked.update(&(part.len() as u64).to_be_bytes());
    asked.update(part);
}

impl Repeatable {
    /// Begins to answer. Until what this gives is dropped, the key is taken.
    ///
    /// # Errors
    /// [`Error::StillRunning`] where another request with the key is being answered.
    pub fn begin(
        self,
        app: &Arc<App>,
        owner: &UserId,
        body: &Map<String, Value>,
    ) -> Result<Running, Error> {
        let taken = match self.0 {
            None => None,
            Some((key, mut asked)) => {
                // Objects have no order (RFC 8259, section 4), and ours none within.
                let body: BTreeMap<_, _> = body.iter().collect();
                let body =
                    serde_json::to_vec(&body).map_err(|error| Error::Internal(error.into()))?;
                update(&mut asked, &body);
                if !app.running_keys.keys().insert((owner.clone(), key.clone())) {
                    return Err(Error::StillRunning);
                }
                Some((owner.clone(), Once { key, fingerprint: asked.finish() }))
            }
        };
        Ok(Running { app: app.clone(), taken })
    }
}

/// A write that is being answered.
pub struct Running {
    app: Arc<App>,
    taken: Option<(UserId, Once)>,
}

impl Running {
    /// The attempt at the write.
    pub fn attempt(&self) -> Attempt<'_> {
        let now = self.app.services.clock.now();
        let once = self.taken.as_ref().map(|(_, once)| once);
        if once.is_some() {
            sweep_if_due(&self.app, now);
        }
        Attempt { now, once }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some((owner, once)) = self.taken.take() {
            self.app.running_keys.keys().remove(&(owner, once.key));
        }
    }
}

fn sweep_if_due(app: &Arc<App>, now: Timestamp) {
    let swept_at = &app.running_keys.swept_at;
    let last = swept_at.load(Ordering::Relaxed);
    let is_due = now.as_second() - last >= SWEEP_SECONDS;
    let order = Ordering::Relaxed;
    if is_due && swept_at.compare_exchange(last, now.as_second(), order, order).is_ok() {
        let app = app.clone();
        tokio::spawn(async move {
            if let Err(error) = idempotency::sweep(&app.services.database, now).await {
                tracing::warn!(%error, "idempotency keys that have run out are still there");
            }
        });
    }
}

/// The answer to a request whose key was used before.
pub fn answer_before(before: Before) -> Result<Response, Error> {
    let mut response = match before {
        Before::Created(task) => created(&task),
        Before::Updated(task) => answer(StatusCode::OK, &task),
        Before::Deleted => StatusCode::NO_CONTENT.into_response(),
        Before::OtherRequest => return Err(Error::KeyReused),
    };
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
