//! Each rule alone, on facts that are joined once: what the bench `policy` measures.

use crate::domain::diff::Baseline;
use crate::domain::{RuleMeta, Snapshot, Timestamp};

use super::compared::Compared;
use super::custom::Verdicts;
use super::engine::{Joined, Judge, Judging};
use super::settings::Settings;

/// Hands each selected rule of each tenant over, with what runs it and says how many findings it has.
pub fn each_rule(
    snapshot: &Snapshot,
    baseline: Option<&Baseline>,
    settings: &Settings,
    now: Timestamp,
    with: &mut dyn FnMut(&'static RuleMeta, &dyn Fn() -> usize),
) {
    let custom = Verdicts::default();
    for tenant in &snapshot.tenants {
        let joined = Joined::new(tenant, settings);
        let compared = baseline.and_then(|baseline| Compared::new(baseline, tenant, &joined.ledger, snapshot.collected_at));
        let run = Judging { lookback_days: snapshot.lookback_days, settings, now, custom: &custom };
        let judge = Judge { tenant, joined: &joined, baseline: compared.as_ref(), run };
        let selected = judge.selected();
        let metas: Vec<_> = selected.iter().map(|(rule, own)| (&rule.meta, *own)).collect();
        for one in selected.chunks(1) {
            for (rule, _) in one {
                with(&rule.meta, &|| judge.some(one, &metas).findings.len());
            }
        }
    }
}
