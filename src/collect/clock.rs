//! A clock that goes wrong: logs are asked for up to the run's time, so a clock that is behind leaves out the newest events.

use crate::domain::TenantSnapshot;
use crate::graph::Client;

/// From here on a difference is told, in seconds.
const TOLERATED: i64 = 5 * 60;

/// The difference in words, where it is more than five minutes.
pub fn clock_warning(client: &Client) -> Option<String> {
    in_words(client.clock_skew())
}

/// `skew`: seconds that this machine is ahead of Graph.
fn in_words(skew: Option<i64>) -> Option<String> {
    let skew = skew.filter(|skew| skew.abs() > TOLERATED)?;
    let (minutes, side) = (skew.abs() / 60, if skew > 0 { "ahead of" } else { "behind" });
    Some(format!("warning: this machine's clock is {minutes} minutes {side} Graph's, so that times and the ends of logs are off"))
}

/// Tells of the difference in the coverage of the first dataset that was read. A warning: what was read stays read.
pub(super) fn warn(snapshot: &mut TenantSnapshot, skew: Option<i64>) {
    let Some(warning) = in_words(skew) else { return };
    if let Some(coverage) = snapshot.coverage.values_mut().find(|coverage| coverage.status.has_records()) {
        coverage.reason = Some(coverage.reason.take().map_or_else(|| warning.clone(), |reason| format!("{reason}; {warning}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Coverage, Dataset, Status, View};

    fn reason(skew: Option<i64>) -> (Status, Option<String>) {
        let denied = (Dataset::Organization, Coverage::new(Status::Denied).because("no"));
        let mut snapshot = TenantSnapshot {
            tenant_id: "t".into(),
            display_name: String::new(),
            view: View::Customer,
            cloud: "global".into(),
            coverage: [denied.clone(), (Dataset::Licenses, Coverage::complete(1))].into(),
            partner: Default::default(),
            customer: Default::default(),
        };
        warn(&mut snapshot, skew);
        assert_eq!(snapshot.coverage[&Dataset::Organization], denied.1);
        let coverage = snapshot.coverage.remove(&Dataset::Licenses).unwrap();
        (coverage.status, coverage.reason)
    }

    #[test]
    fn more_than_five_minutes_are_told_and_change_nothing_else() {
        for skew in [None, Some(0), Some(300), Some(-300)] {
            assert_eq!(reason(skew), (Status::Complete, None), "{skew:?}");
        }
        let (status, ahead) = reason(Some(301));
        assert_eq!(status, Status::Complete);
        assert!(ahead.unwrap().starts_with("warning: this machine's clock is 5 minutes ahead of Graph's"));
        assert!(reason(Some(-7_260)).1.unwrap().contains("121 minutes behind Graph's"));
    }
}
