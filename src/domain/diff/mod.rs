//! What is new: two looks at one tenant, compared. Pure: no file, no clock.
//!
//! A [`Picture`] is what a comparison looks at: the subjects of one tenant in one view, each with its facts, and how well every dataset was
//! read. [`compare`] tells two pictures apart. A [`Baseline`] is an earlier run: its pictures, and what it found and could have found.
//!
//! Two laws hold everywhere. What could not be read then is not new, and what cannot be read now is not gone. And times and order alone
//! change nothing: no event, no date of a change and no position in a list is a fact of a picture. What a rule reads of a person, a group, a
//! relationship, a tenant, an application, a role or a policy *is* one: `tests/it/told.rs` holds every declared field of every rule against it.

mod baseline;
mod clean_up;
mod compare;
mod episode;
mod field;
mod holdings;
#[cfg(test)]
mod laws;
mod outside;
mod own;
mod partner;
mod person;
mod picture;
mod sight;
mod stated;
mod whole;
mod words;

pub use baseline::{Baseline, Before, Form};
pub use clean_up::Ending;
pub use compare::{Change, ChangeKind, Comparison, Detail, Direction, Item, NotCompared, compare};
pub use field::Field;
pub use partner::Sums;
pub use picture::{Fact, Kind, Lifecycle, Picture, State, Value};
pub use sight::Sight;
pub use whole::{Diff, Look, TenantDiff, diff};
