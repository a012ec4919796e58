//! `duly serve`: from checked settings to a server that takes requests, and to its end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use url::Url;

use super::{Failure, open_files, print, whereabouts};
use crate::api::admission::Admission;
use crate::api::origins::Origins;
use crate::api::server::{self, Phase};
use crate::api::{App, Limits};
use crate::clock::Clock;
use crate::config::{AuthSettings, Config, IssuerSettings, Storage};
use crate::database::Database;
use crate::models::client_address::TrustedProxies;
use crate::models::origin_pattern::OriginPattern;
use crate::models::secret::Secrets;
use crate::services::mail::transport::Transport;
use crate::services::rate_limits::RateLimits;
use crate::services::remote_keys::RemoteKeys;
use crate::services::verifier::{Keys, Verifier};
use crate::services::{Services, data_directory};
use crate::telemetry;

pub(super) async fn serve(config: Config) -> Result<(), Failure> {
    telemetry::start_logging(&config.log);
    if let Storage::Embedded(settings) = &config.storage {
        data_directory::prepare(settings)?;
    }
    let listener = server::listen(config.listen)
        .map_err(|error| format!("{} cannot be listened on: {error}", config.listen))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let base_url = base_url(&config, address.port());
    let app = application(&config, &base_url, address.port()).await?;
    if let Some(address) = config.metrics {
        let observed = Arc::clone(&app);
        telemetry::serve_metrics(address, move || observed.services.database.load())
            .map_err(|error| format!("METRICS_ADDR {address}: {error}"))?;
    }
    let signals = StopSignals::new()?;
    print(&format!(
        "duly listens on http://{address}\n  address  {base_url}\n  data     {}\n  sign-in  {}\n  API      {}\n",
        whereabouts(&config.storage),
        whose_tokens(&config.auth),
        base_url.join("/docs/").unwrap_or(base_url.clone()),
    ))?;
    let (phase, phases) = watch::channel(Phase::Serving);
    tokio::spawn(stop(signals, config.drain_time, Arc::clone(&app), phase));
    let admission = Admission::new(open_files::allow_connections(config.max_connections));
    server::serve(listener, Arc::clone(&app), admission, phases).await;
    if let Some(issuer) = &app.services.issuer {
        issuer.outbox.close().await;
    }
    app.services.database.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// The application over its database, which is brought up to date.
async fn application(config: &Config, base_url: &Url, port: u16) -> Result<Arc<App>, Failure> {
    if let Storage::Postgres(settings) = &config.storage
        && settings.trusts_the_network()
    {
        tracing::warn!(
            "who answers at the address of the database is not checked: add channel_binding=require, or \
             sslmode=verify-full, to DATABASE_URL"
        );
    }
    let database = Database::open(&config.storage).await.map_err(|error| error.to_string())?;
    Ok(Arc::new(App::new(
        services(config, database, base_url)?,
        Limits {
            tasks_per_user: config.max_tasks_per_user,
            requests_per_minute: config.max_requests_per_minute,
            wait: config.max_wait,
        },
        Origins::new(base_url, trusted_origins(config, port)),
        &config.cors_origins,
        TrustedProxies::new(config.trusted_proxies.iter().copied()),
    )))
}

/// Signing people in, or only knowing who they are.
fn services(config: &Config, database: Database, base_url: &Url) -> Result<Services, Failure> {
    match &config.auth {
        AuthSettings::Embedded(issuer) => {
            let secrets = secrets(issuer, &config.storage)?;
            let mail = Transport::new(&issuer.mail)?;
            let limits = RateLimits::new(issuer.rate_limiting);
            Ok(Services::embedded(database, Clock::System, &secrets, base_url, mail, limits))
        }
        AuthSettings::Remote(remote) => {
            let keys = RemoteKeys::fetched_from(remote.jwks_url.clone(), Clock::System)?;
            let verifier = Verifier::new(Keys::Remote(keys), remote.accepted.clone());
            Ok(Services::verifying(database, Clock::System, verifier))
        }
        AuthSettings::Secret(shared) => {
            let verifier = Verifier::new(Keys::shared(&shared.secret), shared.accepted.clone());
            Ok(Services::verifying(database, Clock::System, verifier))
        }
    }
}

fn whose_tokens(auth: &AuthSettings) -> String {
    match auth {
        AuthSettings::Embedded(_) => "here".to_owned(),
        AuthSettings::Remote(remote) => {
            format!("{}, by the keys at {}", remote.accepted.issuers.join(", "), remote.jwks_url)
        }
        AuthSettings::Secret(shared) => {
            format!("{}, by AUTH_JWT_SECRET", shared.accepted.issuers.join(", "))
        }
    }
}

/// Stops the server after a signal: for `drain_time`, or until a second signal, it only says that it is not ready.
async fn stop(
    mut signals: StopSignals,
    drain_time: Duration,
    app: Arc<App>,
    phase: watch::Sender<Phase>,
) {
    signals.next().await;
    app.start_draining();
    if !drain_time.is_zero() {
        tracing::info!(seconds = drain_time.as_secs(), "draining: not ready, but still serving");
        phase.send_replace(Phase::Draining);
        tokio::select! {
            () = tokio::time::sleep(drain_time) => {}
            () = signals.next() => {}
        }
    }
    tracing::info!("stopping: no new connections, finishing what runs");
    phase.send_replace(Phase::Closing);
}

/// What asks the program to stop: SIGTERM, or Ctrl-C.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    pub(super) fn new() -> Result<Self, Failure> {
        let received = |kind| {
            signal(kind).map_err(|error: io::Error| format!("signals cannot be received: {error}"))
        };
        let terminate = received(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: received(SignalKind::interrupt())? })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The secrets that were set, or else the one kept beside the embedded database, made at the first start.
fn secrets(issuer: &IssuerSettings, storage: &Storage) -> Result<Secrets, Failure> {
    if let Some(secrets) = &issuer.secrets {
        return Ok(secrets.clone());
    }
    let Storage::Embedded(settings) = storage else {
        return Err("BETTER_AUTH_SECRET is required with DATABASE_URL".to_owned());
    };
    data_directory::stored_secret(settings).map(Secrets::single).map_err(|error| {
        let file = settings.secret_file.display();
        format!("the secret in {file} cannot be used: {error}")
    })
}

/// The public address that was set; none where somebody else's is meant by it.
fn configured_base_url(config: &Config) -> Option<&Url> {
    match &config.auth {
        AuthSettings::Embedded(issuer) => issuer.base_url.as_ref(),
        AuthSettings::Remote(_) | AuthSettings::Secret(_) => None,
    }
}

/// The public address: what was set, or this machine as a browser on it says.
fn base_url(config: &Config, port: u16) -> Url {
    configured_base_url(config).cloned().unwrap_or_else(|| {
        Url::parse(&format!("http://localhost:{port}")).expect("a host and a port are a URL")
    })
}

/// Pages that may read answers with credentials are trusted to sign people in, too. Where no address is set,
/// so are the other names of this machine.
fn trusted_origins(config: &Config, port: u16) -> Vec<OriginPattern> {
    let local = ["127.0.0.1", "[::1]"].map(|host| format!("http://{host}:{port}"));
    let local = local.iter().filter(|_| configured_base_url(config).is_none());
    let named = config.cors_origins.iter().chain(local);
    let named = named.filter_map(|origin| OriginPattern::parse(origin));
    config.trusted_origins.iter().cloned().chain(named).collect()
}
