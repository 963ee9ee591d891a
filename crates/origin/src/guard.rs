//! The private-network guard: which addresses requests of clients must never lead to (SSRF).

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;

/// The class of an address that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// Unspecified, or "this network".
    Unspecified,
    /// This machine.
    Loopback,
    /// A private network, unique local and site-local ones included.
    Private,
    /// Shared between a carrier and its customers.
    CarrierNat,
    /// The link this machine is on.
    LinkLocal,
    /// The metadata service of a cloud, which hands out credentials.
    Metadata,
    /// Many machines at once.
    Multicast,
    /// Every machine on the link.
    Broadcast,
    /// Reserved for documentation.
    Documentation,
    /// Reserved for benchmarking.
    Benchmarking,
    /// Not part of the public Internet for another reason.
    Reserved,
}

/// Forbidden IPv4 networks, by the IANA special-purpose registry. The first match gives the class.
const V4: &[(Ipv4Addr, u32, AddressClass)] = &[
    (Ipv4Addr::UNSPECIFIED, 8, AddressClass::Unspecified),
    (Ipv4Addr::new(10, 0, 0, 0), 8, AddressClass::Private),
    // Alibaba Cloud
    (Ipv4Addr::new(100, 100, 100, 200), 32, AddressClass::Metadata),
    (Ipv4Addr::new(100, 64, 0, 0), 10, AddressClass::CarrierNat),
    (Ipv4Addr::new(127, 0, 0, 0), 8, AddressClass::Loopback),
    // AWS, GCP, Azure and most others
    (Ipv4Addr::new(169, 254, 169, 254), 32, AddressClass::Metadata),
    (Ipv4Addr::new(169, 254, 0, 0), 16, AddressClass::LinkLocal),
    // Azure's WireServer: a public address that is reachable from inside only
    (Ipv4Addr::new(168, 63, 129, 16), 32, AddressClass::Metadata),
    (Ipv4Addr::new(172, 16, 0, 0), 12, AddressClass::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, AddressClass::Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, AddressClass::Documentation),
    (Ipv4Addr::new(192, 88, 99, 0), 24, AddressClass::Reserved),
    (Ipv4Addr::new(192, 168, 0, 0), 16, AddressClass::Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, AddressClass::Benchmarking),
    (Ipv4Addr::new(198, 51, 100, 0), 24, AddressClass::Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, AddressClass::Documentation),
    (Ipv4Addr::new(224, 0, 0, 0), 4, AddressClass::Multicast),
    (Ipv4Addr::BROADCAST, 32, AddressClass::Broadcast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, AddressClass::Reserved),
];

/// Forbidden IPv6 networks. What is neither here nor an embedded IPv4 address must be global unicast (`2000::/3`).
const V6: &[(Ipv6Addr, u32, AddressClass)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, AddressClass::Unspecified),
    (Ipv6Addr::LOCALHOST, 128, AddressClass::Loopback),
    // NAT64 of the local network: the network alone knows where it leads
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, AddressClass::Private),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, AddressClass::Benchmarking),
    // ORCHID: cryptographic hashes, not routable
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28, AddressClass::Reserved),
    (Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0), 28, AddressClass::Reserved),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, AddressClass::Documentation),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, AddressClass::Documentation),
    // AWS
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128, AddressClass::Metadata),
    // GCP
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, AddressClass::Metadata),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, AddressClass::Private),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, AddressClass::LinkLocal),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, AddressClass::Private),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, AddressClass::Multicast),
];

impl AddressClass {
    /// Whether an operator may allow addresses of this class in trusted networks. Addresses of no or many machines, and
    /// services that hand out credentials, are never an image server.
    pub fn is_negotiable(self) -> bool {
        !matches!(self, Self::Unspecified | Self::Metadata | Self::Multicast | Self::Broadcast)
    }
}

/// The class by which an address is forbidden; `None` for an address of the public Internet.
///
/// An IPv6 address that embeds an IPv4 address is checked by both.
pub fn forbidden(ip: IpAddr) -> Option<AddressClass> {
    match ip {
        IpAddr::V4(ip) => forbidden_v4(ip),
        IpAddr::V6(ip) => forbidden_v6(ip),
    }
}

/// The same for an operator who trusts these networks: their addresses are allowed if their class is negotiable.
pub(crate) fn forbidden_unless_trusted(ip: IpAddr, trusted: &[IpNet]) -> Option<AddressClass> {
    let plain = ip.to_canonical();
    let is_trusted = |class: &AddressClass| {
        class.is_negotiable() && trusted.iter().any(|network| network.contains(&plain))
    };
    forbidden(ip).filter(|class| !is_trusted(class))
}

/// Parses a network in CIDR notation; an error says what was expected.
pub(crate) fn parse_network(text: &str) -> Result<IpNet, &'static str> {
    text.parse().map_err(|_| "expected a network such as 10.0.0.0/8 or fd00::/8")
}

fn forbidden_v4(ip: Ipv4Addr) -> Option<AddressClass> {
    let inside = |net: &Ipv4Addr, prefix: u32| (ip.to_bits() ^ net.to_bits()) >> (32 - prefix) == 0;
    V4.iter().find(|(net, prefix, _)| inside(net, *prefix)).map(|(_, _, why)| *why)
}

fn forbidden_v6(ip: Ipv6Addr) -> Option<AddressClass> {
    let inside = |net: &Ipv6Addr, prefix: u32| (ip.to_bits() ^ net.to_bits()) >> (128 - prefix) == 0;
    if let Some((_, _, why)) = V6.iter().find(|(net, prefix, _)| inside(net, *prefix)) {
        return Some(*why);
    }
    let carried = embedded(ip);
    let public = carried.is_some() || ip.segments()[0] & 0xe000 == 0x2000;
    let carried = carried.into_iter().flatten().flatten().chain(isatap(ip));
    carried.map(forbidden_v4).fold((!public).then_some(AddressClass::Reserved), Option::or)
}

/// The IPv4 address at the end of an ISATAP address, whatever its network (RFC 5214, 6.1).
fn isatap(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., flags, 0x5efe, high, low] = ip.segments() else { return None };
    // the one bit that may differ says whether the IPv4 address is unique in the world
    (flags & !0x0200 == 0).then(|| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

/// The IPv4 addresses that an IPv6 address leads to, if it is of a kind that carries some.
fn embedded(ip: Ipv6Addr) -> Option<[Option<Ipv4Addr>; 2]> {
    let s = ip.segments();
    let v4 = |high: u16, low: u16| Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match s {
        // v4-mapped ::ffff:0:0/96 and v4-compatible ::/96
        [0, 0, 0, 0, 0, 0xffff | 0, high, low]
        // v4-translated ::ffff:0:0:0/96
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        // NAT64 64:ff9b::/96
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        // 6to4 2002::/16
        | [0x2002, high, low, ..] => Some([v4(high, low), None]),
        // Teredo 2001::/32: the server, and the client with its bits turned over
        [0x2001, 0, server_high, server_low, _, _, high, low] => {
            Some([v4(server_high, server_low), v4(!high, !low)])
        }
        _ => None,
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "unspecified",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::CarrierNat => "a carrier's shared address",
            Self::LinkLocal => "link-local",
            Self::Metadata => "a cloud metadata service",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "the broadcast address",
            Self::Documentation => "reserved for documentation",
            Self::Benchmarking => "reserved for benchmarking",
            Self::Reserved => "reserved",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn forbids() {
        for (ip, why) in [
            ("0.0.0.0", AddressClass::Unspecified),
            ("0.1.2.3", AddressClass::Unspecified),
            ("10.0.0.0", AddressClass::Private),
            ("10.255.255.255", AddressClass::Private),
            ("100.64.0.0", AddressClass::CarrierNat),
            ("100.100.100.200", AddressClass::Metadata),
            ("100.100.100.201", AddressClass::CarrierNat),
            ("100.127.255.255", AddressClass::CarrierNat),
            ("127.0.0.1", AddressClass::Loopback),
            ("127.255.255.254", AddressClass::Loopback),
            ("169.254.0.1", AddressClass::LinkLocal),
            ("169.254.169.254", AddressClass::Metadata),
            ("168.63.129.16", AddressClass::Metadata),
            ("172.16.0.1", AddressClass::Private),
            ("172.31.255.255", AddressClass::Private),
            ("192.0.0.192", AddressClass::Reserved),
            ("192.0.2.1", AddressClass::Documentation),
            ("192.88.99.1", AddressClass::Reserved),
            ("192.168.0.1", AddressClass::Private),
            ("198.18.0.1", AddressClass::Benchmarking),
            ("198.19.255.255", AddressClass::Benchmarking),
            ("198.51.100.7", AddressClass::Documentation),
            ("203.0.113.7", AddressClass::Documentation),
            ("224.0.0.1", AddressClass::Multicast),
            ("239.255.255.255", AddressClass::Multicast),
            ("240.0.0.1", AddressClass::Reserved),
            ("255.255.255.255", AddressClass::Broadcast),
            ("::", AddressClass::Unspecified),
            ("::1", AddressClass::Loopback),
            ("fc00::1", AddressClass::Private),
            ("fd00:ec2::254", AddressClass::Metadata),
            ("fd20:ce::254", AddressClass::Metadata),
            ("fd00:ec2::253", AddressClass::Private),
            ("fdff::1", AddressClass::Private),
            ("fe80::1", AddressClass::LinkLocal),
            ("febf::1", AddressClass::LinkLocal),
            ("fec0::1", AddressClass::Private),
            ("ff02::1", AddressClass::Multicast),
            ("2001:db8::1", AddressClass::Documentation),
            ("3fff::1", AddressClass::Documentation),
            ("2001:2::1", AddressClass::Benchmarking),
            ("2001:10::1", AddressClass::Reserved),
            ("2001:2f:ffff::1", AddressClass::Reserved),
            ("::ffff:100.100.100.200", AddressClass::Metadata),
            ("64:ff9b::100.64.0.1", AddressClass::CarrierNat),
            ("::ffff:240.0.0.1", AddressClass::Reserved),
            ("::ffff:0.0.0.0", AddressClass::Unspecified),
            ("::2", AddressClass::Unspecified),
            ("2002:a9fe:a9fe::", AddressClass::Metadata),
            // ISATAP: in anybody's network, with either flag, and in one of 6to4
            ("2a00:1450::5efe:10.0.0.1", AddressClass::Private),
            ("2a00:1450::200:5efe:169.254.169.254", AddressClass::Metadata),
            ("2002:808:808::5efe:127.0.0.1", AddressClass::Loopback),
            ("fe80::5efe:8.8.8.8", AddressClass::LinkLocal),
            ("100::1", AddressClass::Reserved),
            ("4000::1", AddressClass::Reserved),
            ("::ffff:127.0.0.1", AddressClass::Loopback),
            ("::ffff:169.254.169.254", AddressClass::Metadata),
            ("::ffff:0:10.0.0.1", AddressClass::Private),
            ("::127.0.0.1", AddressClass::Loopback),
            ("::10.1.2.3", AddressClass::Private),
            ("64:ff9b::10.0.0.1", AddressClass::Private),
            ("64:ff9b::a9fe:a9fe", AddressClass::Metadata),
            ("64:ff9b:1::10.0.0.1", AddressClass::Private),
            ("64:ff9b:1::8.8.8.8", AddressClass::Private),
            ("2002:7f00:1::", AddressClass::Loopback),
            ("2002:c0a8:101::1", AddressClass::Private),
            // Teredo: client 10.0.0.1 turned over, behind a public server
            ("2001:0:808:808::f5ff:fffe", AddressClass::Private),
            // Teredo: public client, private server
            ("2001:0:c0a8:1::f7f7:f7f7", AddressClass::Private),
        ] {
            assert_eq!(forbidden(ip.parse().unwrap()), Some(why), "{ip}");
        }
    }

    #[test]
    fn allows() {
        for ip in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "2a00:1450::5efe:8.8.8.8",
            "2a00:1450::1:5efe:10.0.0.1",
            "2001:30::1",
            "2001:0:808:808::f7f7:f7f7",
        ] {
            assert_eq!(forbidden(ip.parse().unwrap()), None, "{ip}");
        }
    }

    #[test]
    fn networks_in_cidr_notation() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("10.1.2.3/32", "10.1.2.3", "10.1.2.2"),
            ("127.0.0.0/30", "127.0.0.3", "127.0.0.4"),
            ("10.0.0.0/8", "::ffff:10.0.0.1", "::10.0.0.1"),
            ("0.0.0.0/0", "192.168.0.1", "::1"),
            ("fd00::/8", "fdff::1", "fe00::1"),
            ("::/0", "fe80::1", "10.0.0.1"),
            ("::1/128", "::1", "::2"),
        ] {
            let network = parse_network(network).unwrap();
            let contains = |ip: &str| network.contains(&ip.parse::<IpAddr>().unwrap().to_canonical());
            assert!(contains(inside), "{network} {inside}");
            assert!(!contains(outside), "{network} {outside}");
        }
        for text in [
            "",
            "10.0.0.0",
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "a/8",
            "10.0.0.0/",
        ] {
            assert!(parse_network(text).is_err(), "{text}");
        }
    }

    #[test]
    fn trusted_networks_lift_what_is_negotiable() {
        let everywhere: Vec<IpNet> = ["0.0.0.0/0", "::/0"].map(|text| text.parse().unwrap()).into();
        let judge = |ip: &str, trusted: &[IpNet]| forbidden_unless_trusted(ip.parse().unwrap(), trusted);
        for ip in ["127.0.0.1", "10.0.0.1", "100.64.0.1", "169.254.0.1", "::1", "fd00::1", "::ffff:10.0.0.1"]
        {
            assert!(judge(ip, &[]).is_some(), "{ip}");
            assert_eq!(judge(ip, &everywhere), None, "{ip}");
        }
        for ip in
            ["169.254.169.254", "100.100.100.200", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "ff02::1"]
        {
            assert!(judge(ip, &everywhere).is_some(), "{ip}");
        }
        assert!(judge("10.0.0.1", &everywhere[1..]).is_some());
    }
}
