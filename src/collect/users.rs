//! MFA registration and last sign-in of the people with access.
//!
//! Both are read as one list of the whole tenant and cut to the people with access afterwards. Reading them one by one would cost a
//! request each under the same tight limits (5 in 10 seconds, 10 in a minute), where a page of the list brings 999 or 500 users; so the
//! list is the way with fewer requests unless fewer people have access than the list has pages. Nor need it wait for the members to be
//! known, so these slow reads begin at once.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::organization::{Premium, unlicensed};
use super::principals::PrincipalWire;
use super::reader::{Read, Reader, read_of};
use super::relationships::note_lost;
use super::wire::{Flag, Items, Object, Text, Time};
use crate::domain::facts::{MfaRegistration, Principal, PrincipalKind, UserActivity};
use crate::domain::{Coverage, Dataset, Status};
use crate::graph::{Bucket, Get, Wire};

/// Graph: `userRegistrationDetails`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RegistrationWire {
    id: Text,
    is_mfa_capable: Flag,
    is_mfa_registered: Flag,
    methods_registered: Items<Text>,
    last_updated_date_time: Time,
}

impl Wire for RegistrationWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl RegistrationWire {
    /// A row that does not say whether the user is capable says nothing: like a row that is missing.
    fn into_fact(self) -> Option<MfaRegistration> {
        let is_mfa_capable = self.is_mfa_capable.0?;
        let mut methods: Vec<String> = self.methods_registered.0.into_iter().filter_map(Text::take).collect();
        methods.sort();
        Some(MfaRegistration {
            user_id: self.id.id()?,
            is_mfa_capable,
            is_mfa_registered: self.is_mfa_registered.0.unwrap_or(is_mfa_capable),
            methods,
            last_updated_date_time: self.last_updated_date_time.0,
        })
    }
}

/// The reason why a dataset about members is not read; `None` if it is.
fn not_read(reader: Reader<'_>, dataset: Dataset, premium: Premium) -> Option<Coverage> {
    // Members come from groups, these from assignments, these from relationships: without one of them nobody is asked for.
    let without_members = || {
        [Dataset::GroupMembers, Dataset::Assignments, Dataset::Relationships]
            .into_iter()
            .find_map(|needed| reader.skipped(needed).map(|_| Coverage::skipped(format!("{needed} is skipped, so nobody is known"))))
    };
    reader.skipped(dataset).or_else(without_members).or_else(|| unlicensed(premium))
}

/// Reads MFA registration of the whole tenant. `$top` is in the schema, not on the page; it is widely used and taken.
pub(super) async fn registrations(reader: Reader<'_>, premium: Premium) -> Read<Vec<MfaRegistration>> {
    let dataset = Dataset::MfaRegistration;
    if let Some(coverage) = not_read(reader, dataset, premium) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let mut facts: Vec<MfaRegistration> = Vec::new();
    let get = Get::v1("/reports/authenticationMethods/userRegistrationDetails", &[]).query("$top", "999").bucket(Bucket::Reports);
    let listing = reader
        .client
        .list(&read_of(dataset, get), None, &mut |wire: RegistrationWire| {
            progress.one();
            facts.extend(wire.into_fact());
        })
        .await;
    facts.sort_by(|a, b| a.user_id.cmp(&b.user_id));
    let mut coverage = reader.judge(dataset, premium.p1).listing(&listing, facts.len() as u64);
    note_lost(&mut coverage, listing.records, facts.len());
    Read { facts, coverage }
}

/// Graph: `user` with `signInActivity`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UserWire {
    #[serde(flatten)]
    user: PrincipalWire,
    sign_in_activity: Object<ActivityWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ActivityWire {
    last_sign_in_date_time: Time,
    last_successful_sign_in_date_time: Time,
}

impl Wire for UserWire {
    fn key(&self) -> Option<&str> {
        self.user.key()
    }
}

/// A user of the tenant: last sign-in, and the record to name who is only eligible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ActiveUser {
    pub(super) activity: UserActivity,
    pub(super) principal: Principal,
}

impl UserWire {
    pub(super) fn into_fact(self) -> Option<ActiveUser> {
        let activity = self.sign_in_activity.or_empty();
        let principal = Principal { kind: PrincipalKind::User, ..self.user.into_fact()? };
        let activity = UserActivity {
            user_id: principal.id.clone(),
            created_date_time: principal.created_date_time,
            last_successful_sign_in_date_time: activity.last_successful_sign_in_date_time.0,
            last_sign_in_date_time: activity.last_sign_in_date_time.0,
        };
        Some(ActiveUser { activity, principal })
    }
}

/// Reads users of the whole tenant with their last sign-in; 500 is the largest page with `signInActivity`.
pub(super) async fn activity(reader: Reader<'_>, premium: Premium) -> Read<Vec<ActiveUser>> {
    let dataset = Dataset::UserActivity;
    if let Some(coverage) = not_read(reader, dataset, premium) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let mut facts: Vec<ActiveUser> = Vec::new();
    let get = Get::v1("/users", &[])
        .query("$select", "id,displayName,userPrincipalName,userType,accountEnabled,createdDateTime,signInActivity")
        .query("$top", "500")
        .bucket(Bucket::SignInActivity);
    let listing = reader
        .client
        .list(&read_of(dataset, get), None, &mut |wire: UserWire| {
            progress.one();
            facts.extend(wire.into_fact());
        })
        .await;
    facts.sort_by(|a, b| a.activity.user_id.cmp(&b.activity.user_id));
    let mut coverage = reader.judge(dataset, premium.p1).listing(&listing, facts.len() as u64);
    note_lost(&mut coverage, listing.records, facts.len());
    Read { facts, coverage }
}

/// Cuts rows about the whole tenant to the people with access. Where these are not known at all, what is left is not the whole of it.
pub(super) fn cut_to<T>(read: &mut Read<Vec<T>>, id: impl Fn(&T) -> &str, people: &BTreeSet<String>, members: &Coverage) {
    read.facts.retain(|row| people.contains(id(row)));
    read.coverage.records = read.facts.len() as u64;
    if !members.status.has_records() {
        read.coverage.limit_to(Dataset::GroupMembers, members.status);
        read.coverage.truncated |= read.coverage.status == Status::Partial;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registration_rows() {
        let read = |json: &str| serde_json::from_str::<RegistrationWire>(json).unwrap().into_fact();
        let row = read(
            r#"{"id":"ABC","isMfaCapable":false,"isMfaRegistered":true,"methodsRegistered":["sms",null,"email"],"userPreferredMethodForSecondaryAuthentication":"",
                "lastUpdatedDateTime":"2026-01-10T11:24:42Z","userType":"member","isAdmin":null}"#,
        )
        .unwrap();
        assert_eq!((row.user_id.as_str(), row.is_mfa_capable, row.is_mfa_registered), ("abc", false, true));
        assert_eq!(row.methods, ["email", "sms"]);
        assert_eq!(read(r#"{"id":"a","isMfaCapable":null,"isMfaRegistered":true}"#), None, "not said is not false");
        assert_eq!(read(r#"{"isMfaCapable":true}"#), None);
        assert!(read(r#"{"id":"a","isMfaCapable":true,"methodsRegistered":null}"#).unwrap().is_mfa_registered);
    }

    #[test]
    fn users_with_and_without_activity() {
        let read = |json: &str| serde_json::from_str::<UserWire>(json).unwrap().into_fact().unwrap();
        let user = read(
            r#"{"id":"ABC","displayName":"Ada","createdDateTime":"2020-01-01T00:00:00Z","accountEnabled":true,
                "signInActivity":{"lastSignInDateTime":"2026-01-10T11:24:42Z","lastSuccessfulSignInDateTime":null,"lastSignInRequestId":"x"}}"#,
        );
        assert_eq!(user.activity.user_id, "abc");
        assert_eq!(user.activity.last_successful_sign_in_date_time, None);
        assert!(user.activity.last_sign_in_date_time.is_some() && user.activity.created_date_time.is_some());
        assert_eq!((user.principal.display_name.as_deref(), user.principal.kind), (Some("Ada"), PrincipalKind::User));
        assert_eq!(read(r#"{"id":"a","signInActivity":null}"#).activity.last_sign_in_date_time, None);
        assert_eq!(read(r#"{"id":"a"}"#).activity.last_sign_in_date_time, None);
    }

    #[test]
    fn rows_of_others_are_dropped_and_unknown_members_are_no_empty_answer() {
        let rows = |status: Status| {
            let row = |id: &str| MfaRegistration {
                user_id: id.into(),
                is_mfa_capable: true,
                is_mfa_registered: true,
                methods: vec![],
                last_updated_date_time: None,
            };
            let mut read = Read { facts: vec![row("a"), row("b")], coverage: Coverage::complete(2) };
            let people = BTreeSet::from(["b".to_owned()]);
            cut_to(&mut read, |row| &row.user_id, &people, &Coverage::new(status));
            read
        };
        let read = rows(Status::Complete);
        assert_eq!((read.facts.len(), read.coverage), (1, Coverage::complete(1)));
        assert_eq!(rows(Status::Partial).coverage.status, Status::Complete);
        let unknown = rows(Status::Denied).coverage;
        assert_eq!(
            (unknown.status, unknown.truncated, unknown.reason.as_deref()),
            (Status::Partial, true, Some("group-members is denied"))
        );
    }
}
