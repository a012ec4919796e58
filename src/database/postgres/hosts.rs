//! The hosts of a connection string. Each is tried with a time of its own, so that one that says nothing does not keep
//! anybody from the next.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::config::{Host, LoadBalanceHosts};
use tokio_postgres::{Config, Error};

use super::errors;

/// For how long a host that did not answer is tried after the others.
const AVOIDED_FOR: Duration = Duration::from_secs(30);

pub(super) struct Hosts {
    /// The connection string with one host each.
    configs: Vec<Config>,
    is_shuffled: bool,
    /// When each of them last did not answer.
    silences: Mutex<Vec<Option<Instant>>>,
}

/// Why there is no connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// It took too long.
    Slow,
    /// Another attempt may go better in a moment.
    Passing(String),
    Lasting(String),
}

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        if errors::is_timeout(&error) {
            Self::Slow
        } else if errors::is_passing(&error) {
            Self::Passing(errors::describe(&error))
        } else {
            Self::Lasting(errors::describe(&error))
        }
    }
}

impl Miss {
    /// What the misses of several hosts come to: there is hope as long as there is for one of them.
    fn and(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Slow, _) | (Self::Passing(_), Self::Passing(_) | Self::Lasting(_)) => self,
            (_, Self::Slow | Self::Passing(_)) => other,
            (Self::Lasting(_), Self::Lasting(_)) => self,
        }
    }

    pub(super) fn why(self) -> String {
        match self {
            Self::Slow => "it does not answer".to_owned(),
            Self::Passing(why) | Self::Lasting(why) => why,
        }
    }
}

impl Hosts {
    pub(super) fn of(config: &Config) -> Self {
        let count = config.get_hosts().len().max(config.get_hostaddrs().len());
        Self {
            configs: (0..count).map(|index| with_host(config, index)).collect(),
            is_shuffled: config.get_load_balance_hosts() == LoadBalanceHosts::Random,
            silences: Mutex::new(vec![None; count]),
        }
    }

    /// A round from one host to the next, until one of them gives a connection.
    pub(super) fn round(&self) -> Round<'_> {
        Round { hosts: self, next: self.order().into_iter(), tried: None, misses: None }
    }

    /// As they are given, or by chance; those that did not answer of late come last.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.configs.len()).collect();
        if self.is_shuffled {
            let chance = RandomState::new();
            order.sort_by_key(|index| chance.hash_one(index));
        }
        let silences = self.silences();
        order
            .sort_by_key(|index| silences[*index].is_some_and(|then| then.elapsed() < AVOIDED_FOR));
        order
    }

    /// What is guarded is never left half-changed, so a panic elsewhere does not spoil it.
    fn silences(&self) -> MutexGuard<'_, Vec<Option<Instant>>> {
        self.silences.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hosts that are tried one after the other.
pub(super) struct Round<'a> {
    hosts: &'a Hosts,
    next: std::vec::IntoIter<usize>,
    tried: Option<usize>,
    misses: Option<Miss>,
}

impl<'a> Round<'a> {
    pub(super) fn next(&mut self) -> Option<&'a Config> {
        self.tried = self.next.next();
        self.tried.map(|index| &self.hosts.configs[index])
    }

    /// The host that was tried gave none.
    pub(super) fn miss(&mut self, miss: Miss) {
        if let Some(index) = self.tried {
            self.hosts.silences()[index] = (miss == Miss::Slow).then(Instant::now);
        }
        self.misses = Some(match self.misses.take() {
            Some(before) => before.and(miss),
            None => miss,
        });
    }

    /// What all of them come to.
    pub(super) fn misses(self) -> Miss {
        self.misses.unwrap_or_else(|| Miss::Lasting("no host is named".to_owned()))
    }
}

/// Everything else in the connection string, with one of its hosts. A port that is given once is that of all.
fn with_host(all: &Config, index: usize) -> Config {
    let mut one = Config::new();
    match all.get_hosts().get(index) {
        Some(Host::Tcp(name)) => drop(one.host(name)),
        Some(Host::Unix(path)) => drop(one.host_path(path)),
        None => {}
    }
    if let Some(address) = all.get_hostaddrs().get(index) {
        one.hostaddr(*address);
    }
    if let Some(port) = all.get_ports().get(index).or(all.get_ports().first()) {
        one.port(*port);
    }
    all.get_user().map(|user| one.user(user));
    all.get_password().map(|password| one.password(password));
    all.get_dbname().map(|name| one.dbname(name));
    all.get_options().map(|options| one.options(options));
    all.get_application_name().map(|name| one.application_name(name));
    all.get_connect_timeout().map(|timeout| one.connect_timeout(*timeout));
    all.get_tcp_user_timeout().map(|timeout| one.tcp_user_timeout(*timeout));
    all.get_keepalives_interval().map(|interval| one.keepalives_interval(interval));
    all.get_keepalives_retries().map(|retries| one.keepalives_retries(retries));
    one.keepalives(all.get_keepalives())
        .keepalives_idle(all.get_keepalives_idle())
        .ssl_negotiation(all.get_ssl_negotiation())
        .channel_binding(all.get_channel_binding())
        .target_session_attrs(all.get_target_session_attrs())
        .load_balance_hosts(all.get_load_balance_hosts());
    one
}
