//! Making connections: encrypted as `sslmode` says, with time-outs, and noticing a pooler that keeps no sessions.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tokio_postgres::config::{Host, SslMode as DriverSslMode};
use tokio_postgres::{Config, Error, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;
use uuid::Uuid;

use super::connection::{Connection, Session};
use super::driver::Driver;
use super::hosts::{Hosts, Miss};
use super::pool::{ATTEMPT_TIMEOUTS, PATIENCE};
use super::{errors, tls};
use crate::config::{Pooler, PostgresSettings, SslMode};
use crate::database::migrations::MigrationError;

/// What the server waits for at the longest: a statement, a lock, and a client in the middle of a transaction. Shorter
/// than a request may take, so that its answer says which.
const TIMEOUTS: [(&str, &str); 3] = [
    ("statement_timeout", "10s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "10s"),
];
/// A setting that means nothing to the server: where it is read back, sessions keep their settings.
const MARKER: &str = "duly.session";
/// How long the server may take for a sign of what cancelling did.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);
/// How long to wait between attempts to connect when starting.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

pub(in crate::database) struct Connector {
    hosts: Hosts,
    tls: MakeRustlsConnect,
    /// In the order in which they are tried.
    modes: Vec<DriverSslMode>,
    /// `None` until it has been noticed.
    session: OnceLock<Session>,
    /// Known to this process alone.
    marker: String,
}

impl Connector {
    /// # Errors
    /// A sentence, where the certificate authorities cannot be used.
    pub(in crate::database) fn new(settings: &PostgresSettings) -> Result<Self, String> {
        let session = match settings.pooler {
            Pooler::None => Some(Session::OWN),
            Pooler::Transaction => Some(Session::SHARED),
            Pooler::Prepared => Some(Session { keeps_statements: true, ..Session::SHARED }),
            Pooler::Auto if settings.config.get_hosts().iter().any(names_a_pooler) => {
                Some(Session::SHARED)
            }
            Pooler::Auto => None,
        };
        Ok(Self {
            hosts: Hosts::of(&settings.config),
            tls: tls::connector(settings)?,
            modes: modes(settings.ssl_mode),
            session: session.map_or_else(OnceLock::new, OnceLock::from),
            marker: Uuid::now_v7().simple().to_string(),
        })
    }

    /// Whether connections are known to be ours alone, so that many can use one at once.
    pub(super) fn makes_own_sessions(&self) -> bool {
        self.session.get().is_some_and(|session| session.keeps_settings)
    }

    pub(super) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// A connection to this host that keeps to the time-outs.
    pub(super) async fn connect(
        &self,
        host: &Config,
        timeout: Duration,
    ) -> Result<Connection, Miss> {
        let host = &within(host, timeout);
        let connected = async {
            match self.session.get() {
                Some(session) => self.connect_as(host, *session).await,
                None => self.notice(host).await,
            }
        };
        let connected = tokio::time::timeout(timeout, connected).await;
        connected.map_err(|_| Miss::Slow)?.map_err(Miss::from)
    }

    /// Makes connections for migrations: around the pooler, where there is a way.
    ///
    /// # Errors
    /// [`MigrationError::Unreachable`].
    pub(in crate::database) fn for_migrations(
        settings: &PostgresSettings,
    ) -> Result<Self, MigrationError> {
        let settings = settings.direct.as_deref().unwrap_or(settings);
        Self::new(settings).map_err(MigrationError::Unreachable)
    }

    /// A connection without time-outs, for what may take long. Waits for a database that is starting.
    ///
    /// # Errors
    /// [`MigrationError::Unreachable`].
    pub(in crate::database) async fn connect_patiently(
        &self,
    ) -> Result<tokio_postgres::Client, MigrationError> {
        let deadline = Instant::now() + PATIENCE;
        let mut timeouts = ATTEMPT_TIMEOUTS.into_iter().cycle();
        let mut is_said = false;
        loop {
            let timeout = timeouts.next().expect("it begins anew");
            let mut round = self.hosts.round();
            while let Some(host) = round.next() {
                match tokio::time::timeout(timeout, self.open(&within(host, timeout))).await {
                    Ok(Ok((client, _))) => return Ok(client),
                    Ok(Err(error)) => round.miss(error.into()),
                    Err(_) => round.miss(Miss::Slow),
                }
            }
            let miss = round.misses();
            let is_over = matches!(miss, Miss::Lasting(_)) || Instant::now() >= deadline;
            let error = miss.why();
            if is_over {
                return Err(MigrationError::Unreachable(error));
            }
            if !is_said {
                is_said = true;
                tracing::warn!(error, "the database cannot be reached yet: trying again");
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// Asks the server to give up what runs on a connection that we have given up.
    pub(super) async fn cancel(&self, token: tokio_postgres::CancelToken) {
        let cancelled = tokio::time::timeout(CANCEL_TIMEOUT, token.cancel_query(self.tls.clone()));
        if !matches!(cancelled.await, Ok(Ok(()))) {
            tracing::debug!("a statement that was given up could not be cancelled");
        }
    }

    /// Begins a session with settings. A pooler refuses them, or leaves them out.
    async fn notice(&self, host: &Config) -> Result<Connection, Error> {
        match self.open(&self.with_settings(host)).await {
            Ok((client, driver)) => {
                let asked = format!("SELECT current_setting('{MARKER}', true)");
                let answer = client.simple_query(&asked).await?;
                let kept = answer.iter().any(|message| match message {
                    SimpleQueryMessage::Row(row) => row.get(0) == Some(&self.marker),
                    _ => false,
                });
                if kept {
                    let session = *self.session.get_or_init(|| Session::OWN);
                    return Ok(Connection::new(client, driver, session, &timeouts()));
                }
            }
            Err(error) if errors::refuses_options(&error) => {}
            Err(error) => return Err(error),
        }
        tracing::info!(
            "a pooler that shares connections stands before the database: statements go unnamed"
        );
        self.connect_as(host, *self.session.get_or_init(|| Session::SHARED)).await
    }

    async fn connect_as(&self, host: &Config, session: Session) -> Result<Connection, Error> {
        let (client, driver) = if session.keeps_settings {
            self.open(&self.with_settings(host)).await?
        } else {
            self.open(host).await?
        };
        Ok(Connection::new(client, driver, session, &timeouts()))
    }

    /// What the connection string says comes last, and so counts.
    fn with_settings(&self, host: &Config) -> Config {
        let mut options = format!("-c {MARKER}={}", self.marker);
        for (name, value) in TIMEOUTS {
            options.push_str(&format!(" -c {name}={value}"));
        }
        if let Some(given) = host.get_options() {
            options.push(' ');
            options.push_str(given);
        }
        let mut config = host.clone();
        config.options(options);
        config
    }

    async fn open(&self, config: &Config) -> Result<(tokio_postgres::Client, Driver), Error> {
        let mut config = config.clone();
        let mut modes = self.modes.iter().peekable();
        loop {
            let mode = modes.next().expect("there is one at least, and the last one returns");
            config.ssl_mode(*mode);
            match config.connect(self.tls.clone()).await {
                Ok((client, connection)) => return Ok((client, Driver::spawn(connection))),
                Err(error)
                    if modes.peek().is_some() && errors::may_want_other_encryption(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Of the time there is, one of a host's addresses may take half to accept the connection, or less where the connection
/// string says so: the others have their turn.
fn within(host: &Config, timeout: Duration) -> Config {
    let mut host = host.clone();
    let half = timeout / 2;
    host.connect_timeout(host.get_connect_timeout().map_or(half, |given| half.min(*given)));
    host
}

fn timeouts() -> String {
    let set = TIMEOUTS.map(|(name, value)| format!("SET LOCAL {name} = '{value}'"));
    set.join("; ")
}

/// As libpq: `allow` and `prefer` have a second try, the others have one.
fn modes(mode: SslMode) -> Vec<DriverSslMode> {
    match mode {
        SslMode::Disable => vec![DriverSslMode::Disable],
        SslMode::Allow => vec![DriverSslMode::Disable, DriverSslMode::Require],
        SslMode::Prefer => vec![DriverSslMode::Prefer, DriverSslMode::Disable],
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => vec![DriverSslMode::Require],
    }
}

/// Neon's pooled addresses (`ep-…-pooler.region.…`) and those of others that say so in their name.
fn names_a_pooler(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name.split('.').any(|label| label == "pooler" || label.ends_with("-pooler"))
        }
        Host::Unix(_) => false,
    }
}
