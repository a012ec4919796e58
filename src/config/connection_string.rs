//! PostgreSQL's connection strings as libpq reads them, as far as they can be honoured; what cannot is a problem that
//! names the parameter. The driver reads most of a string itself. What is here is what it does not know: all values of
//! `sslmode`, `sslrootcert`, and defaults that notice a connection that has died.
//!
//! Source: PostgreSQL's documentation, "Connection Strings" and "Parameter Key Words" of libpq.

use std::borrow::Cow;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres::config::{ChannelBinding, Host, SslNegotiation, TargetSessionAttrs};

use super::connection_form::HINT;
use super::{connection_address, connection_form};

/// Which of libpq's parameters the driver reads by itself.
const READ_BY_THE_DRIVER: [&str; 17] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "sslnegotiation",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "channel_binding",
    "load_balance_hosts",
];
const SSL_MODES: &str = "disable, allow, prefer, require, verify-ca or verify-full";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const USER_TIMEOUT: Duration = Duration::from_secs(8);
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// Whether and how a connection is encrypted (`sslmode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    /// In clear, and encrypted only where the server takes nothing else.
    Allow,
    /// Encrypted, and in clear only where the server takes nothing else.
    #[default]
    Prefer,
    /// Encrypted. The certificate is looked at only where `sslrootcert` names an authority.
    Require,
    /// Encrypted, and the certificate is of a known authority.
    VerifyCa,
    /// And it is for the name that was connected to.
    VerifyFull,
}

impl SslMode {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }
}

/// Who may vouch for the server's certificate (`sslrootcert`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Authorities {
    /// The public ones, and those of this machine.
    #[default]
    Known,
    /// These alone.
    Only(Vec<CertificateDer<'static>>),
}

/// A connection string that has been read.
pub(super) struct ConnectionString {
    pub(super) config: tokio_postgres::Config,
    pub(super) ssl_mode: SslMode,
    pub(super) authorities: Authorities,
}

impl ConnectionString {
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with the setting's name. The text itself may hold
    /// a password, so it is not repeated.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let (start, query) = connection_form::split(url)?;
        let mut extra = Extra::default();
        let mut rest = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter
                .split_once('=')
                .ok_or("must have its parameters as name=value, joined by &")?;
            let (name, value) = (decode(name)?, decode(value)?);
            if extra.take(&name, &value)? {
                rest.push(parameter);
            }
        }
        let config = format!("{start}?{}", rest.join("&")).parse::<tokio_postgres::Config>();
        let config = config.map_err(|error| {
            // The driver names the parameter that it cannot read; its value it does not.
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let cause = cause.unwrap_or_else(|| error.to_string());
            let is_about_the_address = ["host", "port"].iter().any(|name| cause.contains(name));
            let hint = if is_about_the_address { format!("; {HINT}") } else { String::new() };
            format!("is not a connection string: {cause}{hint}")
        })?;
        extra.complete(config)
    }
}

pub(super) fn decode(text: &str) -> Result<Cow<'_, str>, &'static str> {
    percent_decode_str(text).decode_utf8().map_err(|_| "must be UTF-8 where it is percent-encoded")
}

/// The parameters that the driver does not know, or knows less of.
#[derive(Default)]
struct Extra {
    ssl_mode: Option<SslMode>,
    authorities: Authorities,
    uses_system_authorities: bool,
    writable_only: bool,
    /// libpq counts it in milliseconds, and the driver in seconds.
    user_timeout: Option<Duration>,
    /// Those that the driver is left to read.
    names: Vec<String>,
}

impl Extra {
    /// Whether the parameter is the driver's.
    fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match (name, value) {
            ("sslmode", _) => {
                let mode = SslMode::parse(value);
                self.ssl_mode =
                    Some(mode.ok_or_else(|| format!("has an sslmode that is not {SSL_MODES}"))?);
            }
            ("sslrootcert", "system") => self.uses_system_authorities = true,
            ("sslrootcert", file) => self.authorities = Authorities::Only(read_authorities(file)?),
            ("target_session_attrs", "any") => self.writable_only = false,
            // A primary that takes no writes is of no more use than a standby.
            ("target_session_attrs", "read-write" | "primary") => self.writable_only = true,
            ("target_session_attrs", _) => {
                let why = "has a target_session_attrs that is not any, read-write or primary: duly writes";
                return Err(why.to_owned());
            }
            // What we do anyway.
            ("gssencmode", "disable" | "prefer")
            | ("sslcompression", "0")
            | ("sslsni", "1")
            | ("client_encoding", "auto" | "UTF8" | "utf8") => {}
            _ if READ_BY_THE_DRIVER.contains(&name) => return self.leave(name, value),
            // It may be the end of a password that was not encoded.
            _ if self.names.iter().any(|name| name == "password") => {
                return Err(format!(
                    "has a parameter after the password that cannot be honoured: leave it out; {HINT}, and & as %26"
                ));
            }
            _ => {
                let name: String =
                    name.chars().filter(|char| !char.is_control()).take(40).collect();
                return Err(format!(
                    "has the parameter {name}, which cannot be honoured: leave it out"
                ));
            }
        }
        Ok(false)
    }

    /// Whether a parameter that the driver knows is left to it.
    fn leave(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let number = bounded(name, value)?;
        self.names.push(name.to_owned());
        if name == "tcp_user_timeout" {
            self.user_timeout = number.map(Duration::from_millis);
            return Ok(false);
        }
        // As in libpq, 0 leaves it to the system.
        Ok(!(name.starts_with("keepalives_") && number == Some(0)))
    }

    fn complete(self, mut config: tokio_postgres::Config) -> Result<ConnectionString, String> {
        connection_address::check(&config)?;
        connection_address::name_hosts(&mut config);
        let is_socket = |host: &Host| matches!(host, Host::Unix(_));
        let only_sockets =
            config.get_hostaddrs().is_empty() && config.get_hosts().iter().all(is_socket);
        let default_mode =
            if self.uses_system_authorities { SslMode::VerifyFull } else { SslMode::default() };
        let asked_for = self.ssl_mode.unwrap_or(default_mode);
        let is_direct = config.get_ssl_negotiation() == SslNegotiation::Direct;
        if is_direct && matches!(asked_for, SslMode::Disable | SslMode::Allow | SslMode::Prefer) {
            let why = "has sslnegotiation=direct, which goes with sslmode=require, verify-ca or verify-full";
            return Err(why.to_owned());
        }
        let ssl_mode = match asked_for {
            // As in libpq: nobody stands between the two ends of a Unix socket.
            _ if only_sockets => SslMode::Disable,
            mode => mode,
        };
        if self.uses_system_authorities
            && !matches!(ssl_mode, SslMode::VerifyFull | SslMode::Disable)
        {
            return Err(
                "has sslrootcert=system, which goes with sslmode=verify-full only".to_owned()
            );
        }
        let binds = config.get_channel_binding() == ChannelBinding::Require;
        if binds && ssl_mode == SslMode::Disable {
            return Err("has channel_binding=require, which needs a connection with TLS".to_owned());
        }
        if self.writable_only {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        self.set_defaults(&mut config);
        Ok(ConnectionString { config, ssl_mode, authorities: self.authorities })
    }

    /// A connection that has died silently is noticed in time, unless the string says otherwise.
    fn set_defaults(&self, config: &mut tokio_postgres::Config) {
        let is_left_open = |name: &str| !self.names.iter().any(|given| given == name);
        if is_left_open("application_name") {
            config.application_name("duly");
        }
        if is_left_open("connect_timeout") {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if is_left_open("tcp_user_timeout") {
            config.tcp_user_timeout(USER_TIMEOUT);
        } else if let Some(timeout) = self.user_timeout.filter(|timeout| !timeout.is_zero()) {
            config.tcp_user_timeout(timeout);
        }
        if is_left_open("keepalives_idle") {
            config.keepalives_idle(KEEPALIVE_IDLE);
        }
        if is_left_open("keepalives_interval") {
            config.keepalives_interval(KEEPALIVE_INTERVAL);
        }
        if is_left_open("keepalives_retries") {
            config.keepalives_retries(KEEPALIVE_RETRIES);
        }
    }
}

/// The value of a parameter that is a number, where it is one that the system takes; `None` for other parameters.
fn bounded(name: &str, value: &str) -> Result<Option<u64>, String> {
    let most = match name {
        "connect_timeout" => 86_400,
        "tcp_user_timeout" => 86_400_000,
        // Linux takes no more.
        "keepalives_idle" | "keepalives_interval" => 32_767,
        "keepalives_retries" => 127,
        _ => return Ok(None),
    };
    match value.parse() {
        Ok(number) if number <= most => Ok(Some(number)),
        _ => Err(format!("has a {name} that is not a number from 0 to {most}")),
    }
}

fn read_authorities(file: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if !certificates.is_empty() => {
            for certificate in &certificates {
                RootCertStore::empty().add(certificate.clone()).map_err(|error| {
                    format!("has the sslrootcert {file}, with a certificate that cannot be used: {error}")
                })?;
            }
            Ok(certificates)
        }
        Ok(_) => Err(format!("has the sslrootcert {file}, in which there is no certificate (PEM)")),
        Err(error) => Err(format!("has the sslrootcert {file}, which cannot be read: {error}")),
    }
}
