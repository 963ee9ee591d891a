//! A range of addresses in CIDR notation, `10.0.0.0/8`, that an operator trusts.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::guard::{self, AddressClass};

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    ip: IpAddr,
    prefix: u8,
}

impl Network {
    fn contains(&self, ip: IpAddr) -> bool {
        match (self.ip, ip.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                (net.to_bits() ^ ip.to_bits()).checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                (net.to_bits() ^ ip.to_bits()).checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Says why an address must not be connected to by someone who trusts these networks beside the public Internet.
pub(crate) fn forbidden(ip: IpAddr, trusted: &[Network]) -> Option<AddressClass> {
    let lifted =
        |why: &AddressClass| why.is_negotiable() && trusted.iter().any(|network| network.contains(ip));
    guard::forbidden(ip).filter(|why| !lifted(why))
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected a network such as 10.0.0.0/8 or fd00::/8";
        let (ip, prefix) = text.split_once('/').ok_or(EXPECTED)?;
        let ip: IpAddr = ip.parse().map_err(|_| EXPECTED)?;
        let widest = if ip.is_ipv4() { 32 } else { 128 };
        let digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|prefix| digits && *prefix <= widest).ok_or(EXPECTED)?;
        Ok(Self { ip, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ip, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contains() {
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
            let network: Network = network.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{network} {inside}");
            assert!(!network.contains(outside.parse().unwrap()), "{network} {outside}");
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
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn trust_has_bounds() {
        let everywhere: Vec<Network> = ["0.0.0.0/0", "::/0"].map(|text| text.parse().unwrap()).into();
        let judge = |ip: &str, trusted: &[Network]| forbidden(ip.parse().unwrap(), trusted);
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
