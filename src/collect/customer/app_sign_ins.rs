//! Sign-ins of applications that outside tenants own.

use serde::Deserialize;

use crate::collect::organization::{Premium, unlicensed};
use crate::collect::reach::Reach;
use crate::collect::reader::{Read, Reader, read_of};
use crate::collect::relationships::note_lost;
use crate::collect::sign_in_selection::Interner;
use crate::collect::sign_ins::window;
use crate::collect::wire::{Int, Object, Text, Time};
use crate::domain::Dataset;
use crate::domain::customer::{AppSignIn, MICROSOFT_OWNER_TENANTS};
use crate::graph::{Bucket, Get, Wire};

/// Graph beta: `signIn` of a service principal.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::collect) struct AppSignInWire {
    id: Text,
    created_date_time: Time,
    service_principal_id: Text,
    app_owner_tenant_id: Text,
    ip_address: Text,
    autonomous_system_number: Int,
    service_principal_credential_key_id: Text,
    status: Object<StatusWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StatusWire {
    error_code: Int,
}

impl Wire for AppSignInWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

/// The kept events.
#[derive(Debug, Default)]
pub(in crate::collect) struct Kept {
    interner: Interner,
    pub(in crate::collect) events: Vec<AppSignIn>,
    reach: Reach,
    /// Events without a time.
    lost: u64,
}

impl Kept {
    pub(in crate::collect) fn offer(&mut self, wire: &AppSignInWire, own: Option<&str>) {
        let Some(created) = wire.created_date_time.0 else {
            self.lost += 1;
            return;
        };
        self.reach.note(created);
        let Some(owner) = wire.app_owner_tenant_id.id() else { return };
        if own.is_some_and(|own| own.eq_ignore_ascii_case(&owner)) || MICROSOFT_OWNER_TENANTS.contains(&owner.as_str()) {
            return;
        }
        let keep = &mut self.interner;
        let code = wire.status.0.as_ref().and_then(|status| status.error_code.0).and_then(|code| i32::try_from(code).ok());
        self.events.push(AppSignIn {
            id: wire.id.get().unwrap_or_default().into(),
            created_date_time: created,
            service_principal_id: keep.keep(&wire.service_principal_id.id().unwrap_or_default()),
            app_owner_tenant_id: keep.keep(&owner),
            error_code: code.unwrap_or(-1),
            ip_address: wire.ip_address.get().map(|text| keep.keep(text)),
            asn: wire.autonomous_system_number.0.and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0),
            credential_key_id: wire.service_principal_credential_key_id.id().map(|id| keep.keep(&id)),
        });
    }
}

/// Reads the log of service principals; keeps those of outside tenants.
pub(in crate::collect) async fn events(reader: Reader<'_>, premium: Premium, own: Option<&str>) -> Read<Vec<AppSignIn>> {
    let dataset = Dataset::AppSignIns;
    if let Some(coverage) = reader.skipped(dataset).or_else(|| unlicensed(premium)) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let (from, to) = window(reader.options);
    let filter = format!("createdDateTime ge {from} and createdDateTime lt {to} and signInEventTypes/any(t: t eq 'servicePrincipal')");
    let get = Get::beta("/auditLogs/signIns", &[]).query("$filter", filter).query("$top", "1000").unknown_enums().bucket(Bucket::Reports);
    let mut kept = Kept::default();
    let listing = reader
        .client
        .list(&read_of(dataset, get), Some(reader.options.max_records.max(1)), &mut |wire: AppSignInWire| {
            progress.one();
            kept.offer(&wire, own);
        })
        .await;
    let mut facts = kept.events;
    facts.sort_by(|a, b| b.created_date_time.cmp(&a.created_date_time).then_with(|| a.id.cmp(&b.id)));
    let mut coverage = reader.judge(dataset, premium.p1).listing(&listing, facts.len() as u64);
    note_lost(&mut coverage, kept.lost, 0);
    if coverage.status.has_records() {
        coverage.from = kept.reach.since(&listing.end, from);
        coverage.to = coverage.from.map(|_| to);
        coverage.truncated |= coverage.from.is_none();
    }
    Read { facts, coverage }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_of_outside_tenants_are_kept() {
        let mut kept = Kept::default();
        for owner in ["22222222-0000-4000-8000-000000000002", "own", "f8cdef31-a31e-4b4a-93e4-5f571e91255a"] {
            let wire = serde_json::from_value(serde_json::json!({
                "id": "e", "createdDateTime": "2026-11-01T00:00:00Z", "servicePrincipalId": "SP", "appOwnerTenantId": owner, "autonomousSystemNumber": 64500,
                "servicePrincipalCredentialKeyId": "KEY", "status": { "errorCode": 0 }
            }));
            kept.offer(&wire.unwrap(), Some("OWN"));
        }
        kept.offer(
            &serde_json::from_value(serde_json::json!({ "id": "x", "createdDateTime": "2026-11-01T00:00:00Z" })).unwrap(),
            Some("own"),
        );
        assert_eq!(kept.events.len(), 1);
        let event = &kept.events[0];
        assert_eq!(
            (&*event.service_principal_id, event.asn, event.credential_key_id.as_deref(), event.error_code),
            ("sp", Some(64500), Some("key"), 0)
        );
    }
}
