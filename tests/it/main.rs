//! The one integration binary.
#![expect(clippy::unwrap_used, reason = "a test may stop where it cannot go on")]

mod architecture;
mod attack_page;
mod bad_input;
mod baseline;
mod catalog;
mod contract;
#[cfg(feature = "rego")]
mod custom_rules;
mod customer_tenants;
mod customer_unread;
mod docs;
mod drawn;
mod explain;
mod faults;
mod fixture_tenants;
mod generated;
mod holes;
mod hostile;
mod hostile_customer;
mod imports;
mod judging;
mod laws;
mod policy;
mod secrets;
mod support;
mod told;
