//! Where a connection string leads: whether anything can be connected to at all. The driver would find that out at each
//! attempt.

use std::net::{IpAddr, Ipv6Addr};

use tokio_postgres::config::Host;

use super::connection_form::HINT;

/// # Errors
/// What is wrong, as the end of a sentence.
pub(super) fn check(config: &tokio_postgres::Config) -> Result<(), String> {
    let (hosts, addresses) = (config.get_hosts().len(), config.get_hostaddrs().len());
    if hosts == 0 && addresses == 0 {
        return Err("names no host".to_owned());
    }
    config.get_hosts().iter().try_for_each(check_host)?;
    if hosts != 0 && addresses != 0 && hosts != addresses {
        return Err(format!(
            "has {hosts} in host and {addresses} in hostaddr: there must be as many of each"
        ));
    }
    let ports = config.get_ports();
    if ports.len() > 1 && ports.len() != hosts.max(addresses) {
        return Err(format!(
            "has {} in port and {} in host or hostaddr: there must be one port, or as many",
            ports.len(),
            hosts.max(addresses)
        ));
    }
    if ports.contains(&0) {
        return Err("has the port 0: it must be a number from 1 to 65535".to_owned());
    }
    Ok(())
}

/// Addresses without names are their own names: the driver encrypts nothing that has none.
pub(super) fn name_hosts(config: &mut tokio_postgres::Config) {
    if config.get_hosts().is_empty() {
        for address in config.get_hostaddrs().to_vec() {
            config.host(address.to_string());
        }
    }
}

fn check_host(host: &Host) -> Result<(), String> {
    match host {
        Host::Tcp(name) if name.is_empty() => Err("has an empty host".to_owned()),
        Host::Tcp(name) if !can_be_a_host(name) => {
            Err(format!("has a host that cannot be one: {HINT}"))
        }
        Host::Tcp(_) | Host::Unix(_) => Ok(()),
    }
}

fn can_be_a_host(name: &str) -> bool {
    let is_name = |char: char| char.is_alphanumeric() || matches!(char, '-' | '.' | '_');
    let is_zoned = |(address, zone): (&str, &str)| {
        address.parse::<Ipv6Addr>().is_ok() && zone.chars().all(is_name)
    };
    name.chars().all(is_name)
        || name.parse::<IpAddr>().is_ok()
        || name.split_once('%').is_some_and(is_zoned)
}
