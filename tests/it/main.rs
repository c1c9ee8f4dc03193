//! The one integration binary.
#![expect(clippy::unwrap_used, reason = "a test may stop where it cannot go on")]

mod architecture;
mod bad_input;
mod contract;
mod docs;
mod faults;
mod fixture_tenants;
mod generated;
mod holes;
mod hostile;
mod judging;
mod secrets;
mod support;
