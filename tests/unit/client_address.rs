use std::net::IpAddr;

use duly::models::client_address::{ClientAddress, TrustedProxies};
use ipnet::IpNet;
use proptest::prelude::*;

fn trusting(networks: &[&str]) -> TrustedProxies {
    TrustedProxies::new(networks.iter().map(|network| network.parse::<IpNet>().unwrap()))
}

fn client(networks: &[&str], peer: &str, forwarded_for: &[&str]) -> String {
    let peer = peer.parse().unwrap();
    trusting(networks).client(peer, forwarded_for.iter().copied()).to_string()
}

/// How an address is written that a trusted proxy names; `None` where it does not read as one.
fn named(hop: &str) -> Option<String> {
    let found = client(&["192.0.2.1/32"], "192.0.2.1", &[hop]);
    (found != "192.0.2.1").then_some(found)
}

#[test]
fn addresses_are_written_as_better_auth_writes_them() {
    let zeros = "0000:0000:0000:0000:0000:0000:0000:0000";
    for (hop, normal) in [
        ("1.2.3.4", "1.2.3.4"),
        (" 1.2.3.4\t", "1.2.3.4"),
        ("::1", zeros),
        ("::", zeros),
        ("::1.2.3.4", zeros),
        ("2001:DB8::1", "2001:0db8:0000:0000:0000:0000:0000:0000"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002:0000:0000:0000:0000"),
        ("2001:db8:1:2:3:4:5::", "2001:0db8:0001:0002:0000:0000:0000:0000"),
        ("::2:3:4:5:6:7:8", "0000:0002:0003:0004:0000:0000:0000:0000"),
        ("64:ff9b::1.2.3.4", "0064:ff9b:0000:0000:0000:0000:0000:0000"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("::FFFF:1.2.3.4", "1.2.3.4"),
        ("::ffff:0102:0304", "1.2.3.4"),
        ("0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"),
        ("0:0:0:0:0:ffff:0:0", "0.0.0.0"),
    ] {
        assert_eq!(named(hop).as_deref(), Some(normal), "{hop}");
    }
}

#[test]
fn what_is_no_bare_address_does_not_read() {
    for hop in [
        "unknown",
        "localhost",
        "1.2.3",
        "01.2.3.4",
        "0x1.2.3.4",
        "256.1.1.1",
        "1.2.3.4:80",
        "1.2.3.4/32",
        "\"1.2.3.4\"",
        "[::1]",
        "[::1]:80",
        "fe80::1%eth0",
        "1::2::3",
        "12345::",
        "2001:db8:1:2:3:4::5:6",
        "1:2:3:4:5:6:7:8:9",
        "::ffff:256.1.1.1",
        "::ffff:01.2.3.4",
        "::ffff:1.2.3",
        "for=1.2.3.4",
        "\u{661}.2.3.4",
    ] {
        assert_eq!(named(hop), None, "{hop}");
    }
}

#[test]
fn the_client_is_the_nearest_address_that_nobody_can_have_made_up() {
    const INSIDE: &[&str] = &["10.0.0.0/8", "2001:db8::/32"];
    for (networks, peer, forwarded_for, expected) in [
        // Nobody is trusted: the header says nothing.
        (&[][..], "9.9.9.9", &["1.1.1.1"][..], "9.9.9.9"),
        (INSIDE, "9.9.9.9", &["1.1.1.1, 10.0.0.1"], "9.9.9.9"),
        (INSIDE, "11.0.0.1", &["1.1.1.1"], "11.0.0.1"),
        // A trusted proxy, and then more of them.
        (INSIDE, "10.0.0.1", &["1.1.1.1"], "1.1.1.1"),
        (INSIDE, "::ffff:10.0.0.1", &["1.1.1.1"], "1.1.1.1"),
        (INSIDE, "2001:db8::1", &["1.1.1.1"], "1.1.1.1"),
        (INSIDE, "10.0.0.1", &["1.1.1.1, 10.0.0.2,::ffff:10.0.0.3"], "1.1.1.1"),
        (INSIDE, "10.0.0.1", &["2.2.2.2, 1.1.1.1, 10.0.0.2"], "1.1.1.1"),
        (INSIDE, "10.0.0.1", &["::ffff:1.1.1.1"], "1.1.1.1"),
        // Several headers are one list, and nothing between two commas is nothing.
        (INSIDE, "10.0.0.1", &["2.2.2.2", "1.1.1.1", "10.0.0.2"], "1.1.1.1"),
        (INSIDE, "10.0.0.1", &["1.1.1.1,, 10.0.0.2 ,", "", ","], "1.1.1.1"),
        // What does not read counts only where the walk comes to it.
        (INSIDE, "10.0.0.1", &["rubbish, 1.1.1.1"], "1.1.1.1"),
        (INSIDE, "10.0.0.1", &["1.1.1.1, rubbish"], "10.0.0.1"),
        (INSIDE, "10.0.0.1", &["1.1.1.1, rubbish, 10.0.0.2"], "10.0.0.1"),
        (INSIDE, "10.0.0.1", &["1.1.1.1:443"], "10.0.0.1"),
        // A machine inside calls, and can have written all of it.
        (INSIDE, "10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.1"),
        (INSIDE, "10.0.0.1", &[], "10.0.0.1"),
        (INSIDE, "10.0.0.1", &[" , "], "10.0.0.1"),
        // One family does not stand for the other, but a mapped network is what it wraps.
        (&["::/0"], "9.9.9.9", &["1.1.1.1"], "9.9.9.9"),
        (&["0.0.0.0/0"], "::1", &["1.1.1.1"], "0000:0000:0000:0000:0000:0000:0000:0000"),
        (&["::ffff:10.0.0.0/104"], "10.0.0.1", &["1.1.1.1"], "1.1.1.1"),
        (&["::ffff:10.0.0.0/104"], "11.0.0.1", &["1.1.1.1"], "11.0.0.1"),
    ] {
        let found = client(networks, peer, forwarded_for);
        assert_eq!(found, expected, "{networks:?} {peer} {forwarded_for:?}");
    }
}

proptest! {
    /// A proxy puts the address it was called from behind whatever the client sent, in the header or in
    /// another of the same name.
    #[test]
    fn nothing_that_a_client_sends_changes_who_it_is(
        sent in proptest::collection::vec("[ -~]{0,40}", 0..4),
        in_one_header: bool,
        address: u32,
    ) {
        let address = IpAddr::from(address.to_be_bytes());
        let proxies = trusting(&["10.0.0.0/8"]);
        prop_assume!(!proxies.trusts(address));
        let mut headers = sent;
        match headers.last_mut() {
            Some(last) if in_one_header => last.push_str(&format!(", {address}")),
            _ => headers.push(address.to_string()),
        }
        let found = proxies.client("10.0.0.1".parse().unwrap(), headers.iter().map(String::as_str));
        prop_assert_eq!(found, ClientAddress::of(address));
        let direct = proxies.client(address, headers.iter().map(String::as_str));
        prop_assert_eq!(direct, ClientAddress::of(address));
    }

    #[test]
    fn the_normal_form_is_its_own(bits: u128) {
        let found = ClientAddress::of(IpAddr::from(bits.to_be_bytes()));
        let again: IpAddr = found.to_string().parse().unwrap();
        prop_assert_eq!(ClientAddress::of(again), found);
        prop_assert_eq!(found.to_string().len(), if again.is_ipv4() { again.to_string().len() } else { 39 });
    }
}
