//! Who signs people in: we ourselves (`AUTH_MODE=embedded`), a Better Auth elsewhere whose keys are public
//! (`remote`), or whoever shares a secret with us (`secret`).

use url::Url;

use super::mail::{self, MailSettings};
use super::reading::{given, listed};
use crate::models::secret::{MIN_SECRET_CHARS, Secret, Secrets};
use crate::settings::Settings;

const HOW: &str = "make one with: openssl rand -base64 32";

/// Who signs people in.
#[derive(Clone, Debug)]
pub enum AuthSettings {
    Embedded(IssuerSettings),
    Remote(RemoteSettings),
    Secret(SharedSecretSettings),
}

/// We do.
#[derive(Clone, Debug)]
pub struct IssuerSettings {
    /// `None`: the embedded database, whose secret is kept in a file beside it.
    pub secrets: Option<Secrets>,
    /// `None`: follows from the port that was bound.
    pub base_url: Option<Url>,
    pub rate_limiting: RateLimiting,
    pub mail: MailSettings,
}

/// Whether guessing is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimiting {
    On,
    Off,
}

/// Somebody else does, and publishes the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSettings {
    pub jwks_url: Url,
    pub accepted: Accepted,
}

/// Somebody else does, and shares the secret that their tokens are signed with (HS256).
#[derive(Clone, Debug)]
pub struct SharedSecretSettings {
    pub secret: Secret,
    pub accepted: Accepted,
}

/// Whose tokens are taken, and whom they must be for: one of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub issuers: Vec<String>,
    pub audiences: Vec<String>,
}

impl Accepted {
    /// Tokens from and for one origin.
    pub fn only(origin: &str) -> Self {
        Self { issuers: vec![origin.to_owned()], audiences: vec![origin.to_owned()] }
    }
}

/// `None` where something is wrong with them.
pub(super) fn auth(settings: &Settings, problems: &mut Vec<String>) -> Option<AuthSettings> {
    let base_url = given(&settings.better_auth_url).and_then(|text| base_url(text, problems));
    match settings.auth_mode.trim() {
        "remote" => remote(settings, base_url.as_ref(), problems),
        "secret" => shared_secret(settings, base_url.as_ref(), problems),
        mode => {
            if !["embedded", ""].contains(&mode) {
                problems
                    .push(format!("AUTH_MODE must be embedded, remote or secret, not {mode:?}"));
            }
            Some(AuthSettings::Embedded(embedded(settings, base_url, problems)))
        }
    }
}

fn embedded(
    settings: &Settings,
    base_url: Option<Url>,
    problems: &mut Vec<String>,
) -> IssuerSettings {
    for (name, setting) in [
        ("AUTH_JWKS_URL", &settings.auth_jwks_url),
        ("AUTH_ISSUER", &settings.auth_issuer),
        ("AUTH_AUDIENCE", &settings.auth_audience),
        ("AUTH_JWT_SECRET", &settings.auth_jwt_secret),
    ] {
        if given(setting).is_some() {
            problems.push(format!(
                "{name} is about tokens of somebody else; set AUTH_MODE to remote or secret as well"
            ));
        }
    }
    IssuerSettings {
        secrets: secrets(settings, problems),
        base_url,
        rate_limiting: rate_limiting(settings, problems),
        mail: mail::mail(settings, problems),
    }
}

fn remote(
    settings: &Settings,
    base_url: Option<&Url>,
    problems: &mut Vec<String>,
) -> Option<AuthSettings> {
    if given(&settings.auth_jwt_secret).is_some() {
        problems.push(
            "AUTH_JWT_SECRET does not go with AUTH_MODE=remote, which verifies by public keys"
                .to_owned(),
        );
    }
    let accepted = accepted(settings, base_url, problems);
    let jwks_url = match given(&settings.auth_jwks_url) {
        Some(text) => web_address("AUTH_JWKS_URL", text, problems),
        None => base_url.map(default_jwks_url),
    };
    if given(&settings.better_auth_url).is_none()
        && (given(&settings.auth_jwks_url).is_none()
            || accepted.issuers.is_empty()
            || accepted.audiences.is_empty())
    {
        problems.push(
            "BETTER_AUTH_URL is required with AUTH_MODE=remote: the address of the server that signs people in"
                .to_owned(),
        );
    }
    Some(AuthSettings::Remote(RemoteSettings { jwks_url: jwks_url?, accepted }))
}

fn shared_secret(
    settings: &Settings,
    base_url: Option<&Url>,
    problems: &mut Vec<String>,
) -> Option<AuthSettings> {
    if given(&settings.auth_jwks_url).is_some() {
        problems.push(
            "AUTH_JWKS_URL does not go with AUTH_MODE=secret, which verifies by AUTH_JWT_SECRET"
                .to_owned(),
        );
    }
    let secret = settings.auth_jwt_secret.as_deref();
    // As it is: whoever signs with it may not take spaces off.
    let secret = secret.and_then(Secret::parse_bytes);
    if secret.is_none() {
        problems.push(format!(
            "AUTH_JWT_SECRET must have at least 32 bytes with AUTH_MODE=secret; {HOW}"
        ));
    }
    let accepted = accepted(settings, base_url, problems);
    if given(&settings.better_auth_url).is_none()
        && (accepted.issuers.is_empty() || accepted.audiences.is_empty())
    {
        problems.push(
            "AUTH_ISSUER and AUTH_AUDIENCE, or BETTER_AUTH_URL for both, are required with AUTH_MODE=secret"
                .to_owned(),
        );
    }
    Some(AuthSettings::Secret(SharedSecretSettings { secret: secret?, accepted }))
}

/// What was set; where nothing was, the origin of `BETTER_AUTH_URL`, which is what Better Auth writes.
fn accepted(settings: &Settings, base_url: Option<&Url>, problems: &mut Vec<String>) -> Accepted {
    let origin = base_url.map(|url| url.origin().ascii_serialization());
    let mut list = |name: &str, setting: &Option<String>| -> Vec<String> {
        let set: Vec<String> = listed(setting).map(str::to_owned).collect();
        if set.is_empty() && given(setting).is_some() {
            problems.push(format!("{name} names nobody"));
        }
        if set.is_empty() { origin.iter().cloned().collect() } else { set }
    };
    Accepted {
        issuers: list("AUTH_ISSUER", &settings.auth_issuer),
        audiences: list("AUTH_AUDIENCE", &settings.auth_audience),
    }
}

/// Where Better Auth publishes its keys: below the path of its address, or below `/api/auth` where that has none.
fn default_jwks_url(base_url: &Url) -> Url {
    let mut url = base_url.clone();
    let path = match base_url.path().trim_end_matches('/') {
        "" => "/api/auth",
        path => path,
    };
    url.set_path(&format!("{path}/jwks"));
    url.set_query(None);
    url.set_fragment(None);
    url
}

fn base_url(text: &str, problems: &mut Vec<String>) -> Option<Url> {
    web_address("BETTER_AUTH_URL", text, problems)
}

fn web_address(name: &str, text: &str, problems: &mut Vec<String>) -> Option<Url> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .filter(|url| url.username().is_empty() && url.password().is_none());
    if url.is_none() {
        // Addresses are printed and logged. What has an @ may hold a password, so it is not repeated.
        let what = if text.contains('@') { "one with a login".into() } else { format!("{text:?}") };
        problems.push(format!("{name} must be an http or https address, not {what}"));
    }
    url
}

fn rate_limiting(settings: &Settings, problems: &mut Vec<String>) -> RateLimiting {
    match settings.auth_rate_limit.trim() {
        "on" => RateLimiting::On,
        "off" => RateLimiting::Off,
        other => {
            problems.push(format!("AUTH_RATE_LIMIT must be on or off, not {other:?}"));
            RateLimiting::On
        }
    }
}

fn secrets(settings: &Settings, problems: &mut Vec<String>) -> Option<Secrets> {
    let single = given(&settings.better_auth_secret).and_then(|text| {
        let secret = Secret::parse(text);
        if secret.is_none() {
            problems.push(format!(
                "BETTER_AUTH_SECRET has fewer than {MIN_SECRET_CHARS} characters; {HOW}"
            ));
        }
        secret
    });
    if given(&settings.better_auth_secrets).is_some() {
        return versioned_secrets(settings, single, problems);
    }
    if given(&settings.better_auth_secret).is_none() && given(&settings.database_url).is_some() {
        problems.push(format!(
            "BETTER_AUTH_SECRET is required with DATABASE_URL, and must be the same for every copy; {HOW}"
        ));
    }
    single.map(Secrets::single)
}

/// Better Auth's form: `2:the new one,1:the old one`, the first of which is the present one.
fn versioned_secrets(
    settings: &Settings,
    single: Option<Secret>,
    problems: &mut Vec<String>,
) -> Option<Secrets> {
    let mut versions: Vec<(u32, Secret)> = Vec::new();
    for (index, entry) in listed(&settings.better_auth_secrets).enumerate() {
        let read = entry
            .split_once(':')
            .and_then(|(version, secret)| {
                Some((version.trim().parse().ok()?, Secret::parse(secret.trim())?))
            })
            .filter(|(version, _)| versions.iter().all(|(other, _)| other != version));
        match read {
            Some(version) => versions.push(version),
            // The entry holds a secret, so it is not repeated.
            None => problems.push(format!(
                "BETTER_AUTH_SECRETS, entry {}, must be a number of its own, a colon, and at least \
                 {MIN_SECRET_CHARS} characters; {HOW}",
                index + 1
            )),
        }
    }
    Secrets::versioned(versions, single)
}
