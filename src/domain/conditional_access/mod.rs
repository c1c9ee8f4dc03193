//! Conditional Access per partner: what this tenant's policies demand of a service provider's people.
//!
//! The table of `truth_table.toml` came first: it says, for each set of policies, what must come out and on which text of Microsoft's that
//! rests. [`verdict`] works on the space of all sign-ins: each enforced policy cuts out the sign-ins in which it surely applies and demands
//! a second factor, a managed device, a trusted place or nothing less than a block. What is left is the gap; nothing left is enforced.
//! Whatever could not be read, or is not known to this build, is not cut out.

mod answer;
mod applies;
mod condition;
mod gaps;
mod grants;
mod space;
mod types;
mod verdict;
mod what;
mod when;
mod who;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod table;

pub use answer::{Gap, GapKind, Note, PolicyRef, Reading, Verdict, VerdictKind};
pub use types::{
    Applications, AuthenticationFlows, AuthenticationStrength, ClientApplications, ConditionalAccessPolicy, Conditions, Devices,
    ExternalTenants, Filter, GrantControls, Guests, LocationKind, Locations, NamedLocation, Platforms, PolicyState, Unknown, Users,
};
pub use verdict::{CoverageInput, DeviceTrust, HeldRole, verdict};
