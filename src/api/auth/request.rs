//! What every auth route checks before its handler runs, in Better Auth's order: the body reads, cookies come
//! from a trusted page, nobody is sent to a stranger's address. Then, where the handler asks, the session.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::app::AuthApp;
use super::fields::Fields;
use super::reply::{AuthError, SessionHeaders};
use super::{cookies, limits};
use crate::api::json::read_bytes;
use crate::api::origins::{OriginError, text};
use crate::models::client_address::ClientAddress;
use crate::models::lenient_json;
use crate::services::sessions::{ActiveSession, Client, Extension, Remember, find_active};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// The fields that may say where to go next: name, code and label of the refusal.
const REDIRECTS: [(&str, &str, &str); 4] = [
    ("callbackURL", "INVALID_CALLBACK_URL", "callbackURL"),
    ("redirectTo", "INVALID_REDIRECT_URL", "redirectURL"),
    ("errorCallbackURL", "INVALID_ERROR_CALLBACK_URL", "errorCallbackURL"),
    ("newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL", "newUserCallbackURL"),
];

/// A request to an auth route that has passed those checks.
pub struct AuthRequest {
    pub headers: HeaderMap,
    /// `None` where none was sent.
    pub body: Option<Value>,
    /// Without its `?`.
    pub query: String,
    /// Below `/api/auth`, as it was sent.
    pub path: String,
    pub address: ClientAddress,
    /// What the client calls itself; empty where it does not say.
    user_agent: String,
}

/// Who is signed in.
#[derive(Debug)]
pub enum Caller {
    Nobody,
    /// Somebody was, but the session has ended.
    Gone,
    SignedIn(Box<ActiveSession>),
}

impl FromRequest<AuthApp> for AuthRequest {
    type Rejection = AuthError;

    async fn from_request(request: Request, app: &AuthApp) -> Result<Self, AuthError> {
        let method = request.method().clone();
        let headers = request.headers().clone();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let path = request.uri().path().to_owned();
        let address = limits::client_address(&request);
        let takes_forms = path.contains("/sign-in/") || path.contains("/sign-up/");
        let reads_body = method == Method::POST && !path.ends_with("/get-session");
        let body = if reads_body {
            let bytes = read_bytes(request).await?;
            parse_body(&headers, &bytes, takes_forms)?
        } else {
            None
        };
        let user_agent = headers.get(header::USER_AGENT).map(latin1).unwrap_or_default();
        let request = Self { headers, body, query, path, address, user_agent };
        if !method.is_safe() {
            if request.headers.contains_key(header::COOKIE) {
                request.check_origin(app)?;
            }
            request.check_redirects(app)?;
        }
        Ok(request)
    }
}

impl AuthRequest {
    /// What is known of the client.
    pub fn client(&self) -> Client<'_> {
        Client { address: self.address, user_agent: &self.user_agent }
    }

    /// Whether the client asked for a session that ends with the browser.
    pub fn says_dont_remember(&self, app: &AuthApp) -> bool {
        cookies::says_dont_remember(app, &self.headers)
    }

    /// The signed-in caller; a session that is due is extended on the way.
    ///
    /// # Errors
    /// [`AuthError::Failed`].
    pub async fn caller(&self, app: &AuthApp) -> Result<Caller, AuthError> {
        let Some(token) = self.presented_token(app) else {
            return Ok(Caller::Nobody);
        };
        let refuses = self.says_dont_remember(app) || self.is_set("disableRefresh");
        let extension = if refuses { Extension::Never } else { Extension::WhenDue };
        let active = find_active(app.issuer(), &token, extension).await?;
        Ok(active.map_or(Caller::Gone, |active| {
            tracing::Span::current().record("user", active.user.id.as_str());
            Caller::SignedIn(Box::new(active))
        }))
    }

    /// As [`Self::caller`], and what to tell their client about the session.
    ///
    /// # Errors
    /// [`AuthError::Failed`].
    pub async fn caller_with_headers(
        &self,
        app: &AuthApp,
    ) -> Result<(Caller, SessionHeaders), AuthError> {
        let caller = self.caller(app).await?;
        let headers = match &caller {
            Caller::SignedIn(active) => renewal(app, active),
            Caller::Gone => SessionHeaders::clear(app, &self.headers),
            Caller::Nobody => SessionHeaders::default(),
        };
        Ok((caller, headers))
    }

    /// Whether a session that is begun or renewed now outlives the browser.
    pub fn remembered(&self, app: &AuthApp) -> Remember {
        if self.says_dont_remember(app) { Remember::No } else { Remember::Yes }
    }

    /// The signed-in caller, and what to tell their client about the session.
    ///
    /// # Errors
    /// 401 where nobody is signed in.
    pub async fn require_session(
        &self,
        app: &AuthApp,
    ) -> Result<(ActiveSession, SessionHeaders), AuthError> {
        match self.caller_with_headers(app).await? {
            (Caller::SignedIn(active), headers) => Ok((*active, headers)),
            (Caller::Gone | Caller::Nobody, headers) => {
                Err(AuthError::unauthorized().with_session(headers))
            }
        }
    }

    /// The session token of the request: of a bearer whose signature fits or that has none, else of the cookie.
    pub fn presented_token(&self, app: &AuthApp) -> Option<String> {
        let bearer = text(&self.headers, header::AUTHORIZATION)
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| !token.is_empty());
        let from_bearer = bearer.and_then(|token| match cookies::verified(app, token) {
            _ if !token.contains('.') => Some(Some(token.to_owned())),
            Some(token) => Some(Some(token)),
            // Better Auth lets this one take the place of the cookie, and does not believe it then.
            None => cookies::verified(app, &format!("{token}=")).map(|_| None),
        });
        from_bearer.unwrap_or_else(|| cookies::session_token(app, &self.headers).flatten())
    }

    /// Signing in from another site's page is refused, also where no cookie tells (BETTER-AUTH.md 1.4).
    ///
    /// # Errors
    /// 403.
    pub fn check_sign_in_origin(&self, app: &AuthApp) -> Result<(), AuthError> {
        if self.headers.contains_key(header::COOKIE) {
            return Ok(()); // checked already, as on every route
        }
        let fetch = |name| text(&self.headers, HeaderName::from_static(name));
        let (site, mode) = (fetch("sec-fetch-site"), fetch("sec-fetch-mode"));
        if site == "cross-site" && mode == "navigate" {
            return Err(AuthError::new(
                StatusCode::FORBIDDEN,
                "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED",
                "Cross-site navigation login blocked. This request appears to be a CSRF attack.",
            ));
        }
        let signs = [site, mode, fetch("sec-fetch-dest"), fetch("origin"), fetch("referer")];
        if signs.iter().all(|sign| sign.is_empty()) { Ok(()) } else { self.check_origin(app) }
    }

    /// Checks where a link leads in the end; empty is nowhere.
    ///
    /// # Errors
    /// 403 where it is a stranger's page.
    pub fn check_callback(&self, app: &AuthApp, target: &str) -> Result<(), AuthError> {
        if target.is_empty() || app.origins.allows_redirect(target) {
            return Ok(());
        }
        let (status, code) = (StatusCode::FORBIDDEN, "INVALID_CALLBACK_URL");
        Err(AuthError::new(status, code, "Invalid callbackURL"))
    }

    /// A parameter of the query that is there and not empty, whatever it says: JavaScript's idea of true.
    fn is_set(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|value| !is_falsy(&value))
    }

    /// A parameter of the query; one that stands there twice is an array.
    fn parameter(&self, name: &str) -> Option<Value> {
        Fields::of_query(&self.query).take(name)
    }

    /// # Errors
    /// 403 where the request does not come from a trusted page.
    pub fn check_origin(&self, app: &AuthApp) -> Result<(), AuthError> {
        app.origins.check(&self.headers).map_err(|error| match error {
            OriginError::MissingOrNull => AuthError::new(
                StatusCode::FORBIDDEN,
                "MISSING_OR_NULL_ORIGIN",
                "Missing or null Origin",
            ),
            OriginError::Untrusted => {
                let sent = text(&self.headers, header::ORIGIN);
                tracing::warn!(
                    origin = sent,
                    "not a trusted origin; see BETTER_AUTH_TRUSTED_ORIGINS"
                );
                AuthError::new(StatusCode::FORBIDDEN, "INVALID_ORIGIN", "Invalid origin")
            }
        })
    }

    fn check_redirects(&self, app: &AuthApp) -> Result<(), AuthError> {
        for (name, code, label) in REDIRECTS {
            let sent = self.body.as_ref().and_then(|body| body.get(name)).cloned();
            let from_query = || if name == "callbackURL" { self.parameter(name) } else { None };
            match sent.filter(|value| !is_falsy(value)).or_else(from_query) {
                None => {}
                Some(Value::String(target))
                    if target.is_empty() || app.origins.allows_redirect(&target) => {}
                Some(Value::String(_)) => {
                    let message = format!("Invalid {label}");
                    return Err(AuthError::new(StatusCode::FORBIDDEN, code, message));
                }
                Some(_) => {
                    let message = format!("Invalid {label}: expected a string");
                    return Err(AuthError::without_code(StatusCode::BAD_REQUEST, message));
                }
            }
        }
        Ok(())
    }
}

/// What to tell the client of a session that was extended on the way.
pub fn renewal(app: &AuthApp, active: &ActiveSession) -> SessionHeaders {
    if active.extended {
        SessionHeaders::begin(app, &active.session.token, Remember::Yes)
    } else {
        SessionHeaders::default()
    }
}

/// A header's bytes as JavaScript reads them: each is a character.
fn latin1(value: &HeaderValue) -> String {
    value.as_bytes().iter().copied().map(char::from).collect()
}

/// What JavaScript takes for no.
pub(super) fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

fn parse_body(
    headers: &HeaderMap,
    bytes: &[u8],
    takes_forms: bool,
) -> Result<Option<Value>, AuthError> {
    let content_type = text(headers, header::CONTENT_TYPE);
    if content_type.is_empty() || bytes.is_empty() {
        return Ok(None);
    }
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(JSON) {
        let message = "Invalid JSON in request body";
        let invalid = || AuthError::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message);
        return lenient_json::parse(bytes).map(Some).ok_or_else(invalid);
    }
    if takes_forms && essence.eq_ignore_ascii_case(FORM) {
        let pairs = form_urlencoded::parse(bytes);
        let object: Map<String, Value> =
            pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect();
        return Ok(Some(Value::Object(object)));
    }
    let allowed = if takes_forms { format!("{FORM}, {JSON}") } else { JSON.to_owned() };
    Err(AuthError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        format!("Content-Type \"{content_type}\" is not allowed. Allowed types: {allowed}"),
    ))
}
