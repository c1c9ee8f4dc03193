//! Where a sign-in came from, as a network: its autonomous system, or the range of its address.

use std::net::IpAddr;

/// Lengths of the prefixes that make a range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefixes {
    pub(super) v4: u32,
    pub(super) v6: u32,
}

/// A range of addresses or an autonomous system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Network {
    System(u32),
    Range(String),
}

impl Network {
    /// The autonomous system where the log has it, else the range.
    pub(super) fn of(asn: Option<u32>, address: Option<&str>, prefixes: Prefixes) -> Option<Network> {
        asn.map(Network::System).or_else(|| range(address?, prefixes).map(Network::Range))
    }

    /// True if a list of autonomous systems (`64496`, `AS64496`) or ranges names it.
    pub(super) fn is_in(&self, list: &[String]) -> bool {
        let name = match self {
            Network::System(number) => number.to_string(),
            Network::Range(range) => range.clone(),
        };
        list.iter().any(|item| {
            let item = item.trim().to_ascii_lowercase();
            item.strip_prefix("as").unwrap_or(&item) == name
        })
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Network::System(number) => write!(f, "AS{number}"),
            Network::Range(range) => f.write_str(range),
        }
    }
}

/// The range of an address, `192.0.2.0/24`. An address that is written in another way (Microsoft has been seen to hide parts of it) is its own
/// range; one that is not there has none.
pub(super) fn range(address: &str, prefixes: Prefixes) -> Option<String> {
    let address = address.trim();
    let masked = |bits: u128, whole: u32, length: u32| {
        let length = length.min(whole);
        if length == 0 { 0 } else { bits >> (whole - length) << (whole - length) }
    };
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(v4)) => {
            let bits = masked(u128::from(u32::from(v4)), 32, prefixes.v4);
            Some(format!("{}/{}", std::net::Ipv4Addr::from(u32::try_from(bits).ok()?), prefixes.v4.min(32)))
        }
        Ok(IpAddr::V6(v6)) => {
            let bits = masked(u128::from(v6), 128, prefixes.v6);
            Some(format!("{}/{}", std::net::Ipv6Addr::from(bits), prefixes.v6.min(128)))
        }
        Err(_) => (!address.is_empty()).then(|| address.to_ascii_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIXES: Prefixes = Prefixes { v4: 24, v6: 48 };

    #[test]
    fn ranges() {
        let of = |address: &str| range(address, PREFIXES).unwrap_or_default();
        assert_eq!(of("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(of("::ffff:192.0.2.77"), "192.0.2.0/24");
        assert_eq!(of("2001:DB8:1:2::3"), "2001:db8:1::/48");
        assert_eq!([of("192.0.2.XXX"), of(" ")], ["192.0.2.xxx", ""]);
        assert_eq!(range("192.0.2.77", Prefixes { v4: 0, v6: 0 }).as_deref(), Some("0.0.0.0/0"));
        assert_eq!(range("192.0.2.77", Prefixes { v4: 40, v6: 200 }).as_deref(), Some("192.0.2.77/32"));
        assert_eq!(range("2001:db8::1", Prefixes { v4: 40, v6: 200 }).as_deref(), Some("2001:db8::1/128"));
    }

    #[test]
    fn a_system_says_more_than_a_range_and_lists_name_either() {
        assert_eq!(Network::of(Some(64496), Some("192.0.2.1"), PREFIXES), Some(Network::System(64496)));
        assert_eq!(Network::of(None, None, PREFIXES), None);
        let list = ["AS64496".to_owned(), "64497".to_owned(), "192.0.2.0/24".to_owned()];
        assert!(Network::System(64496).is_in(&list) && Network::System(64497).is_in(&list) && !Network::System(6449).is_in(&list));
        assert!(Network::of(None, Some("192.0.2.9"), PREFIXES).unwrap().is_in(&list));
    }
}
