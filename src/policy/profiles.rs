//! Profiles: where the settings of rules begin. What `[rules.<id>]` says stands above them.

use super::rules;
use super::settings::{Settings, Value};

/// A starting point for the settings of rules.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// The word of `--profile`.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Rules that are off, by the group of their code.
    off: &'static [&'static str],
    /// Rule, setting and value.
    values: &'static [(&'static str, &'static str, i64)],
}

/// Every profile, the strictest first.
pub const PROFILES: [Profile; 3] = [
    Profile {
        name: "strict",
        doc: "tighter limits: shorter relationships, fewer roles, less patience with what is unused, open or unprotected",
        off: &[],
        values: &[
            ("dap-still-active", "dap-unused-days", 30),
            ("declared-ended-still-present", "grace-days", 0),
            ("gdap-auto-extend-high-privilege", "auto-extend-max-tier", 3),
            ("gdap-expiring-soon", "expiring-days", 60),
            ("gdap-group-not-protected", "protect-max-tier", 1),
            ("gdap-long-duration", "max-days", 180),
            ("gdap-long-duration", "max-days-tier0", 30),
            ("gdap-member-inactive", "member-inactive-days", 30),
            ("gdap-member-without-mfa", "grace-days-new-user", 0),
            ("gdap-pending-offer-high-privilege", "offer-max-tier", 1),
            ("gdap-relationship-without-assignment", "no-assignment-days", 7),
            ("gdap-stale-offer", "draft-days", 7),
            ("gdap-stale-offer", "pending-days", 14),
            ("gdap-too-many-roles", "high-roles", 15),
            ("gdap-too-many-roles", "max-roles", 10),
            ("gdap-unused-relationship", "unused-days", 60),
            ("gdap-unused-relationship", "warn-days", 30),
            ("microsoft-support-access-lingers", "support-access-days", 7),
            ("partner-app-stale-or-unverified", "app-unused-days", 30),
            ("partner-app-stale-or-unverified", "max-secret-days", 90),
            ("partner-signin-new-network", "max-ips-per-user-day", 2),
            ("partner-signin-single-factor", "mfa-session-hours", 12),
            ("signin-log-coverage-gap", "max-lag-hours", 12),
        ],
    },
    Profile { name: "default", doc: "the settings that the rules' pages give", off: &[], values: &[] },
    Profile {
        name: "hygiene",
        doc: "what stands there, not what happened: rules on single sign-ins (SGN) and audit events (AUD) are off",
        off: &["SGN-", "AUD-"],
        values: &[],
    },
];

/// Sets what a profile says; false if there is none of that name.
pub fn apply(name: &str, settings: &mut Settings) -> bool {
    let Some(profile) = PROFILES.iter().find(|profile| profile.name == name) else { return false };
    for (rule, setting, value) in profile.values {
        if let Some(own) = settings.rules.get_mut(rule) {
            own.set(setting, Value::Int(*value));
        }
    }
    for rule in rules::ALL.iter().filter(|rule| profile.off.iter().any(|group| rule.meta.code.starts_with(group))) {
        if let Some(own) = settings.rules.get_mut(rule.meta.id) {
            own.enabled = false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule_meta::SettingDefault;

    fn with(name: &str) -> Settings {
        let mut settings = Settings::default();
        assert!(apply(name, &mut settings));
        settings
    }

    #[test]
    fn every_value_is_one_that_its_rule_takes_and_not_its_default() {
        for profile in PROFILES {
            assert!(profile.values.is_sorted(), "{}", profile.name);
            for (rule, setting, value) in profile.values {
                let meta = &rules::ALL.iter().find(|known| known.meta.id == *rule).unwrap_or_else(|| panic!("{rule}")).meta;
                let declared = meta.settings.iter().find(|known| known.name == *setting).unwrap_or_else(|| panic!("{rule} {setting}"));
                let SettingDefault::Int { default, min, max } = declared.default else { panic!("{rule} {setting}") };
                assert!((min..=max).contains(value) && *value != default, "{rule} {setting}");
            }
        }
    }

    #[test]
    fn what_each_changes() {
        assert_eq!(with("default"), Settings::default());
        assert_eq!(with("strict").rules["gdap-long-duration"].int("max-days"), 180);
        assert!(with("strict").rules.values().all(|rule| rule.enabled));
        let hygiene = with("hygiene");
        assert!(!hygiene.selects("partner-signin-new-country") && !hygiene.selects("partner-roles-expanded"));
        assert!(hygiene.selects("gdap-tier0-role") && hygiene.selects("gdap-unused-relationship"));
        assert!(!apply("lax", &mut Settings::default()));
    }
}
