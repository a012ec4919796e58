//! Who is calling, as far as an address tells: the peer of the connection, or whom proxies that we know name.

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

/// How much of an IPv6 address is one client: providers hand out networks of that size, so that whoever has
/// one address has all of them.
const IPV6_PREFIX_BITS: u32 = 64;
/// How much of it is one subscriber at the least: homes are given a /56 or a /60, sites a /48.
const SUBSCRIBER_PREFIX_BITS: u32 = 48;
/// Where the IPv4 addresses begin among the bits of the IPv6 addresses that they are mapped to.
const MAPPED_PREFIX_BITS: u8 = 96;

/// The address of a client in Better Auth's normal form: IPv4 as it is, also where IPv6 wraps it, and the /64
/// network of IPv6, which [`Display`] writes in full (`2001:0db8:0001:0002:0000:0000:0000:0000`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The client that has an address.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(network(address, IPV6_PREFIX_BITS)),
        })
    }

    /// All that the subscriber of this address can have: IPv4 as it is, and the /48 network of IPv6.
    pub fn subscriber(self) -> Self {
        Self(match self.0 {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(network(address, SUBSCRIBER_PREFIX_BITS)),
        })
    }
}

fn network(address: Ipv6Addr, prefix_bits: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (u128::BITS - prefix_bits)))
}

impl Display for ClientAddress {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(formatter),
            IpAddr::V6(address) => {
                let groups = address.segments().map(|group| format!("{group:04x}"));
                formatter.write_str(&groups.join(":"))
            }
        }
    }
}

/// The networks of the proxies whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Nobody, where no network is given.
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self(networks.into_iter().map(unmapped).collect())
    }

    /// Whether an address is that of a proxy which is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Who is calling: the peer, or, where that is a trusted proxy, the last address of the `X-Forwarded-For`
    /// headers (in the order in which they came) that is not one.
    ///
    /// Each proxy adds the address that it was called from at the end, so that everything before the first
    /// untrusted address from the right may be made up. Where no such address is reached, because one does not
    /// read (a name, a port) or all are trusted, it is the peer: whatever else stands there could have been
    /// written by a client inside a trusted network. Better Auth knows no address then.
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded_for: impl DoubleEndedIterator<Item = &'a str>,
    ) -> ClientAddress {
        let hops = forwarded_for
            .rev()
            .flat_map(|header| header.rsplit(','))
            .map(str::trim)
            .filter(|hop| !hop.is_empty());
        if self.trusts(peer) {
            for hop in hops {
                match hop.parse() {
                    Ok(hop) if self.trusts(hop) => {}
                    Ok(hop) => return ClientAddress::of(hop),
                    Err(_) => break,
                }
            }
        }
        ClientAddress::of(peer)
    }
}

/// A network of IPv4 addresses that was written as one of IPv6 means the same.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else {
        return network;
    };
    let address: Option<Ipv4Addr> = mapped.addr().to_ipv4_mapped();
    let bits = mapped.prefix_len().checked_sub(MAPPED_PREFIX_BITS);
    let unmapped = address.zip(bits).and_then(|(address, bits)| Ipv4Net::new(address, bits).ok());
    unmapped.map_or(network, IpNet::V4)
}
