//! What a value means, in a sentence's worth of words: beside Graph's own spelling of it.

use super::field::Field;

impl Field {
    /// What a value of a field with one value means for whoever has it; `None` where the value says it itself.
    pub fn meaning(self, value: &str) -> Option<&'static str> {
        use Field::*;
        let (yes, no) = match self {
            RoleAssignable => ("only privileged roles can change who is in it", "whoever may change groups can change who is in it"),
            ManagementRestricted => ("only administrators of its unit can change it", "administrators outside of its unit can change it"),
            Synced => ("a directory on-premises decides who is in it", "is not synchronised from on-premises"),
            Gone => ("the directory does not know it any more", "is there again"),
            Standing => ("is a member for good", "is a member for a while"),
            AccountEnabled | Enabled | GuestEnabled => ("can sign in", "is disabled"),
            MfaCapable => ("has a second factor that policy allows", "may be signed in to without a second factor"),
            MfaRegistered => ("has registered a second factor", "has registered no second factor"),
            Publisher => ("its publisher is verified", "nobody has verified its publisher"),
            GovernanceTerminable => ("this tenant can end it", "this tenant cannot end it"),
            Trusted => ("counts as trusted", "does not count as trusted"),
            SecurityDefaults => ("everybody is asked for a second factor", "nobody is asked for a second factor by them"),
            BuiltIn => ("is one of Microsoft's own", "is one of the tenant's own"),
            Dynamic if value == "none" => return Some("is not dynamic: members are added by hand"),
            Dynamic => return Some("is dynamic: a rule decides who is in it"),
            UserType | GuestType if value.eq_ignore_ascii_case("guest") => return Some("is a guest"),
            UserType | GuestType if value.eq_ignore_ascii_case("member") => return Some("is a member of the directory"),
            PolicyState => match value {
                "enabled" => return Some("is enforced"),
                "disabled" => return Some("is off"),
                "enabledForReportingButNotEnforced" => return Some("is logged only"),
                _ => return None,
            },
            _ => return None,
        };
        match value {
            "true" => Some(yes),
            "false" => Some(no),
            _ => None,
        }
    }
}
