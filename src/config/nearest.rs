//! The name that was meant.

/// How alike two names must be (Jaro-Winkler, 0 to 1) for one to be offered in place of the other.
const ALIKE: f64 = 0.8;

/// The candidate nearest to `name`, if one is near enough. The first of equals, so the order of candidates settles ties.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let mut best: Option<(&str, f64)> = None;
    for candidate in candidates {
        let score = strsim::jaro_winkler(&name, &candidate.to_lowercase());
        if score >= ALIKE && best.is_none_or(|(_, least)| score > least) {
            best = Some((candidate, score));
        }
    }
    best.map(|(candidate, _)| candidate)
}

/// `did you mean `x`?`, or the whole list where nothing is near and it is short enough to read.
pub fn hint<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    const READABLE: usize = 16;
    if let Some(candidate) = nearest(name, candidates.clone()) {
        return Some(format!("did you mean `{candidate}`?"));
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    (!all.is_empty() && all.len() <= READABLE).then(|| format!("one of: {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_and_far_ones() {
        let names = ["lookback", "max-records", "fail-on"];
        assert_eq!(nearest("lokback", names), Some("lookback"));
        assert_eq!(nearest("FAILON", names), Some("fail-on"));
        assert_eq!(nearest("zebra", names), None);
        assert_eq!(hint("max_records", names).as_deref(), Some("did you mean `max-records`?"));
        assert_eq!(hint("zebra", names).as_deref(), Some("one of: lookback, max-records, fail-on"));
        assert_eq!(hint("zebra", []), None);
    }
}
