//! What values mean: days, durations, endpoints, tenants. Used for flags and for the file alike.

use std::ops::RangeInclusive;
use std::time::Duration;

use url::{Host, Url};

/// Greatest look-back: Graph keeps sign-ins for 30 days at most, a snapshot may be older.
pub const MAX_LOOKBACK_DAYS: u32 = 365;

/// Longest period of a setting, in seconds: seven days.
pub const MAX_SECONDS: u64 = 604_800;

/// Shortest and longest time of one rule, in milliseconds: ten, and ten minutes.
pub const RULE_MILLIS: RangeInclusive<u64> = 10..=600_000;

/// A number written in digits alone.
fn whole(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Reads `30d`, or `30`, as days.
pub fn days(text: &str) -> Result<u32, String> {
    let text = text.trim();
    let number = text.strip_suffix(['d', 'D']).unwrap_or(text);
    let days =
        whole(number).and_then(|days| u32::try_from(days).ok()).ok_or_else(|| format!("`{text}` is not a number of days such as `30d`"))?;
    if (1..=MAX_LOOKBACK_DAYS).contains(&days) { Ok(days) } else { Err(format!("`{text}` is not between 1d and {MAX_LOOKBACK_DAYS}d")) }
}

/// Reads `500ms`, `10s`, `5m` as the time of one rule, between 10 milliseconds and 10 minutes.
pub fn rule_time(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` is not a time such as `500ms`, `10s` or `5m`");
    let (digits, unit) = [("ms", 1), ("s", 1_000), ("m", 60_000)]
        .into_iter()
        .find_map(|(unit, millis)| text.strip_suffix(unit).map(|digits| (digits, millis)))
        .ok_or_else(wrong)?;
    let number = whole(digits).ok_or_else(wrong)?;
    match number.checked_mul(unit).filter(|millis| RULE_MILLIS.contains(millis)) {
        Some(millis) => Ok(Duration::from_millis(millis)),
        None => Err(format!("`{text}` is not between 10ms and 10m")),
    }
}

/// Reads `90s`, `30m`, `2h` as a duration between one second and seven days.
pub fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` is not a time such as `90s`, `30m` or `2h`");
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        _ => return Err(wrong()),
    };
    let number = text.get(..text.len() - 1).and_then(whole).ok_or_else(wrong)?;
    match number.checked_mul(unit) {
        Some(seconds @ 1..=MAX_SECONDS) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("`{text}` is not between 1s and 168h")),
    }
}

/// Reads the address of an endpoint: https, or http on loopback; a host and at most a port.
pub fn endpoint(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("not a URL: {error}"))?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("the URL names no host".into()),
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
        return Err("an endpoint is https, or http on loopback: a token goes to it".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an endpoint holds no user and no password".into());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("an endpoint is a host alone, without path, `?` and `#`".into());
    }
    Ok(url)
}

/// True for a GUID in its usual form, 8-4-4-4-12 hexadecimal digits.
pub fn is_guid(text: &str) -> bool {
    let mut groups = text.split('-');
    let fits = [8, 4, 4, 4, 12]
        .iter()
        .all(|length| groups.next().is_some_and(|group| group.len() == *length && group.bytes().all(|byte| byte.is_ascii_hexdigit())));
    fits && groups.next().is_none()
}

/// Checks a tenant id or domain before it is used in a path; lower case. Nothing else may stand where a tenant belongs.
pub fn tenant(text: &str) -> Result<String, String> {
    let name = text.trim().to_ascii_lowercase();
    if is_guid(&name) {
        return Ok(name);
    }
    if matches!(name.as_str(), "common" | "organizations" | "consumers") {
        return Err(format!("`{name}` is not one tenant: give its id or a domain of it"));
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if name.contains('.') && name.len() <= 253 && name.split('.').all(label) {
        Ok(name)
    } else {
        Err(format!("{:?} is neither a tenant id nor a domain", text.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_durations() {
        assert_eq!(days("30d"), Ok(30));
        assert_eq!(days("7"), Ok(7));
        for wrong in ["", "d", "0d", "366d", "-1d", "30h", "1.5d", "99999999999d"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7_200)));
        for wrong in ["", "s", "0s", "30", "1d", "é", "18446744073709551615h", "200h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn endpoints() {
        assert!(endpoint("https://graph.microsoft.com").is_ok());
        assert!(endpoint("http://127.0.0.1:8080/").is_ok());
        assert!(endpoint("http://[::1]:1/").is_ok());
        for wrong in [
            "http://graph.microsoft.com",
            "http://127.0.0.1.evil.example",
            "ftp://localhost",
            "https://user:pass@graph.microsoft.com",
            "https://graph.microsoft.com/?x=1",
            "https://graph.microsoft.com/#x",
            "https://graph.microsoft.com/v1.0",
            "graph.microsoft.com",
            "data:text/plain,x",
        ] {
            assert!(endpoint(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tenants() {
        let id = "11111111-2222-3333-4444-55555555aaaa";
        assert_eq!(tenant(&id.to_uppercase()).as_deref(), Ok(id));
        assert_eq!(tenant("Contoso.onmicrosoft.com").as_deref(), Ok("contoso.onmicrosoft.com"));
        let dots = format!("{}.com", "a".repeat(64));
        for wrong in
            ["", "common", "contoso", "a..b", "../x.com", "a.com/b", "-a.com", "a.com?x", "{11111111-2222-3333-4444-555555555555}", &dots]
        {
            assert!(tenant(wrong).is_err(), "{wrong}");
        }
    }
}
