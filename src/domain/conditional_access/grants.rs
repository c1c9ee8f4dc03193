//! What a policy demands, and whether that is as good as multifactor.

use super::types::{AuthenticationStrength, GrantControls};
use super::verdict::DeviceTrust;

/// Microsoft's own strengths: multifactor, passwordless multifactor, phishing-resistant multifactor. All satisfy MFA.
const BUILT_IN_STRENGTHS: [&str; 3] =
    ["00000000-0000-0000-0000-000000000002", "00000000-0000-0000-0000-000000000003", "00000000-0000-0000-0000-000000000004"];

/// What a policy demands of who it applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Demand {
    /// Nothing: session controls only.
    Nothing,
    /// Something that can be met without a second factor: these controls are enough.
    Weak(Vec<String>),
    /// Whether it is enough cannot be read.
    Unreadable,
    /// Nobody gets in.
    Block,
    /// A second factor or a managed device, whichever way it is met.
    Strong {
        /// Nobody gets in this way without a device that this tenant does not accept: in effect a block.
        devices_not_accepted: bool,
    },
}

/// One control of a policy.
enum Control {
    Block,
    Mfa,
    Device { accepted: Option<bool> },
    Unreadable,
    Weak(String),
}

/// Weighs grant controls. A single control demands itself; several with `AND` demand the strongest; with `OR`, without an operator, or with
/// one that is not known, the weakest.
pub(super) fn demand(grant: Option<&GrantControls>, strengths: Option<&[AuthenticationStrength]>, trust: DeviceTrust) -> Demand {
    let controls = grant.map(|grant| controls(grant, strengths, trust)).unwrap_or_default();
    if controls.is_empty() {
        return Demand::Nothing;
    }
    let all = grant.and_then(|grant| grant.operator.as_deref()).is_some_and(|operator| operator.eq_ignore_ascii_case("AND"));
    if all || controls.len() == 1 { every(controls) } else { any(controls) }
}

fn controls(grant: &GrantControls, strengths: Option<&[AuthenticationStrength]>, trust: DeviceTrust) -> Vec<Control> {
    let built_in = grant.built_in_controls.iter().map(|name| match name.to_ascii_lowercase().as_str() {
        "block" => Control::Block,
        "mfa" => Control::Mfa,
        "compliantdevice" => Control::Device { accepted: trust.compliant },
        "domainjoineddevice" => Control::Device { accepted: trust.hybrid_joined },
        _ => Control::Weak(name.clone()),
    });
    let weak = |present: bool, name: &str| present.then(|| Control::Weak(name.to_owned()));
    built_in
        .chain(grant.authentication_strength.as_ref().map(|strength| weigh(strength, strengths)))
        .chain(weak(!grant.custom_authentication_factors.is_empty(), "customAuthenticationFactors"))
        .chain(weak(!grant.terms_of_use.is_empty(), "termsOfUse"))
        .chain(grant.other.keys().map(|name| Control::Weak(name.clone())))
        .collect()
}

/// A strength: as the policy carries it, else as it was read by itself, else by Microsoft's fixed ids.
fn weigh(strength: &AuthenticationStrength, strengths: Option<&[AuthenticationStrength]>) -> Control {
    let read = || strengths?.iter().find(|other| other.id.eq_ignore_ascii_case(&strength.id))?.requirements_satisfied.as_deref();
    match strength.requirements_satisfied.as_deref().or_else(read) {
        Some(satisfied) if satisfied.split(',').any(|word| word.trim().eq_ignore_ascii_case("mfa")) => Control::Mfa,
        Some(satisfied) if satisfied.trim().eq_ignore_ascii_case("none") => Control::Weak("authenticationStrength".to_owned()),
        _ if BUILT_IN_STRENGTHS.contains(&strength.id.as_str()) => Control::Mfa,
        _ => Control::Unreadable,
    }
}

/// All controls must be met.
fn every(controls: Vec<Control>) -> Demand {
    let refused = controls.iter().any(|control| matches!(control, Control::Device { accepted: Some(false) }));
    if controls.iter().any(|control| matches!(control, Control::Block)) {
        Demand::Block
    } else if controls.iter().any(|control| matches!(control, Control::Mfa | Control::Device { .. })) {
        Demand::Strong { devices_not_accepted: refused }
    } else if controls.iter().any(|control| matches!(control, Control::Unreadable)) {
        Demand::Unreadable
    } else {
        Demand::Weak(names(controls))
    }
}

/// One control is enough, so the weakest decides.
fn any(controls: Vec<Control>) -> Demand {
    // A block is no way in, so that the others decide.
    let ways: Vec<Control> = controls.into_iter().filter(|control| !matches!(control, Control::Block)).collect();
    if ways.is_empty() {
        Demand::Block
    } else if ways.iter().any(|control| matches!(control, Control::Weak(_))) {
        Demand::Weak(names(ways))
    } else if ways.iter().any(|control| matches!(control, Control::Unreadable)) {
        Demand::Unreadable
    } else {
        let devices_not_accepted = ways.iter().all(|control| matches!(control, Control::Device { accepted: Some(false) }));
        Demand::Strong { devices_not_accepted }
    }
}

fn names(controls: Vec<Control>) -> Vec<String> {
    let mut names: Vec<String> =
        controls.into_iter().filter_map(|control| if let Control::Weak(name) = control { Some(name) } else { None }).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(operator: Option<&str>, controls: &[&str]) -> Demand {
        let built_in_controls = controls.iter().map(|control| (*control).to_owned()).collect();
        let grant = GrantControls { operator: operator.map(str::to_owned), built_in_controls, ..GrantControls::default() };
        demand(Some(&grant), None, DeviceTrust { compliant: Some(false), hybrid_joined: None })
    }

    #[test]
    fn operators() {
        let strong = Demand::Strong { devices_not_accepted: false };
        assert_eq!(demand(None, None, DeviceTrust::default()), Demand::Nothing);
        assert_eq!(of(Some("AND"), &[]), Demand::Nothing);
        assert_eq!(of(Some("or"), &["MFA"]), strong);
        assert_eq!(of(Some("AND"), &["mfa", "x"]), strong);
        assert_eq!(of(Some("OR"), &["mfa", "x"]), Demand::Weak(vec!["x".to_owned()]));
        assert_eq!(of(Some("XOR"), &["mfa", "x"]), Demand::Weak(vec!["x".to_owned()]));
        assert_eq!(of(None, &["mfa", "compliantDevice"]), strong);
        assert_eq!(of(Some("AND"), &["mfa", "compliantDevice"]), Demand::Strong { devices_not_accepted: true });
        assert_eq!(
            of(Some("OR"), &["compliantDevice", "domainJoinedDevice"]),
            strong,
            "whether a hybrid joined one is accepted is not known"
        );
    }

    #[test]
    fn blocks() {
        assert_eq!(of(Some("OR"), &["block"]), Demand::Block);
        assert_eq!(of(Some("AND"), &["mfa", "block"]), Demand::Block);
        assert_eq!(of(Some("OR"), &["mfa", "block"]), Demand::Strong { devices_not_accepted: false });
    }
}
