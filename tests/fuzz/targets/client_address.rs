//! `X-Forwarded-For`. The first line is the address of the peer, each other line one header.

use std::net::IpAddr;
use std::sync::LazyLock;

use duly::models::client_address::{ClientAddress, TrustedProxies};

use super::text;

static PROXIES: LazyLock<TrustedProxies> = LazyLock::new(|| {
    let networks = ["10.0.0.0/8", "::ffff:192.168.0.0/112", "fd00::/8", "::1/128"];
    TrustedProxies::new(networks.map(|network| network.parse().expect("a network")))
});

pub fn run(input: &[u8]) {
    let Some(text) = text(input) else { return };
    let mut lines = text.split('\n');
    let Some(peer) = lines.next().and_then(|peer| peer.parse::<IpAddr>().ok()) else { return };
    let headers: Vec<&str> = lines.collect();
    let client = PROXIES.client(peer, headers.iter().copied());
    // What is shown and stored reads as the same client.
    let shown: IpAddr = client.to_string().parse().expect("it is shown as an address");
    assert_eq!(ClientAddress::of(shown), client);
    assert_eq!(ClientAddress::of(shown).subscriber(), client.subscriber());
    let is_peer = client == ClientAddress::of(peer);
    if !PROXIES.trusts(peer) {
        assert!(is_peer, "whoever is not trusted names somebody else");
    }
    let mut hops = headers.iter().flat_map(|header| header.split(',')).map(str::trim);
    let is_named = hops.any(|hop| {
        let address = hop.parse::<IpAddr>().ok();
        address.is_some_and(|hop| !PROXIES.trusts(hop) && ClientAddress::of(hop) == client)
    });
    assert!(is_peer || is_named, "{client} is nobody that was named");
}
