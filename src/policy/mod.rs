//! Judges facts: `evaluate(&Snapshot, Option<&Baseline>, &Settings, now) -> Report`. Pure: no I/O, no clock, no order dependence.

pub mod index;
pub mod rule;
pub mod rules;
pub mod settings;
