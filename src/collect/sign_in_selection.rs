//! Which events of the sign-in log are kept, and how little of each.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;

use super::wire::{Int, Items, Number, Object, Text, Time};
use crate::domain::Timestamp;
use crate::domain::facts::SignIn;
use crate::graph::Wire;

/// Graph beta: `signIn`. An event can carry a hundred applied policies; only what is named here is ever held.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SignInWire {
    id: Text,
    created_date_time: Time,
    user_id: Text,
    user_principal_name: Text,
    home_tenant_id: Text,
    resource_tenant_id: Text,
    cross_tenant_access_type: Text,
    app_display_name: Text,
    ip_address: Text,
    status: Object<SignInStatus>,
    location: Object<LocationWire>,
    autonomous_system_number: Int,
    authentication_requirement: Text,
    client_app_used: Text,
    authentication_protocol: Text,
    original_transfer_method: Text,
    #[serde(rename = "riskEventTypes_v2")]
    risk_event_types: Items<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LocationWire {
    country_or_region: Text,
    geo_coordinates: Object<GeoWire>,
}

/// Graph writes `{}` where it does not know the place.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GeoWire {
    latitude: Number,
    longitude: Number,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SignInStatus {
    error_code: Int,
}

impl Wire for SignInWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl SignInWire {
    /// When.
    pub(super) fn created(&self) -> Option<Timestamp> {
        self.created_date_time.0
    }

    /// 0 is success. What is not said is not success.
    fn error_code(&self) -> i32 {
        self.status.0.as_ref().and_then(|status| status.error_code.0).and_then(|code| i32::try_from(code).ok()).unwrap_or(-1)
    }
}

/// From which side the log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The log of a partner: its own people, into other tenants.
    Partner,
    /// The log of a customer: people of other tenants who come in by delegated administration or as Microsoft's support.
    Customer,
}

impl Side {
    fn wants(self, wire: &SignInWire, own: Option<&str>) -> bool {
        match self {
            Side::Partner => own_people_only(wire, own),
            Side::Customer => outsiders_only(wire, own),
        }
    }
}

impl Side {
    /// True if an event says neither whose it is nor by which kind of access it came: it may be of somebody outside.
    fn is_in_the_dark(self, wire: &SignInWire) -> bool {
        self == Side::Customer && wire.home_tenant_id.get().is_none() && wire.cross_tenant_access_type.get().is_none()
    }
}

/// True if someone of another tenant came in, not as a guest. What the log does not say, or says in a new word, is kept: it may be any.
pub(super) fn outsiders_only(wire: &SignInWire, own: Option<&str>) -> bool {
    const OTHERS: [&str; 4] = ["none", "b2bCollaboration", "b2bDirectConnect", "passthrough"];
    let Some(home) = wire.home_tenant_id.get() else {
        // Without a home tenant only a type tells that it came from outside.
        return wire.cross_tenant_access_type.get().is_some_and(|kind| !OTHERS.iter().any(|other| kind.eq_ignore_ascii_case(other)));
    };
    let is_own = own.is_some_and(|own| home.eq_ignore_ascii_case(own));
    let is_guest = wire.cross_tenant_access_type.get().is_some_and(|kind| OTHERS.iter().any(|other| kind.eq_ignore_ascii_case(other)));
    !is_own && !is_guest
}

/// True if one of the tenant's own people went into another tenant. A server-side filter is not relied on: it may be one that the server
/// did not take, or took without heeding.
pub(super) fn own_people_only(wire: &SignInWire, own: Option<&str>) -> bool {
    let same = |text: &Text, id: &str| text.get().is_some_and(|text| text.eq_ignore_ascii_case(id));
    let Some(resource) = wire.resource_tenant_id.get() else { return false };
    let is_at_home = own.is_some_and(|own| resource.eq_ignore_ascii_case(own)) || same(&wire.home_tenant_id, resource);
    let is_outsider = own.is_some_and(|own| wire.home_tenant_id.get().is_some_and(|home| !home.eq_ignore_ascii_case(own)));
    // An access type that is not said, or not known, is kept: it may be any.
    !is_at_home && !is_outsider && !same(&wire.cross_tenant_access_type, "none")
}

impl LocationWire {
    fn position(&self) -> Option<[f32; 2]> {
        let place = self.geo_coordinates.0.as_ref()?;
        Some([place.latitude.0?, place.longitude.0?])
    }
}

/// Words in one string, sorted; nothing where there are none.
fn joined(items: &Items<Text>) -> Option<String> {
    let mut words: Vec<&str> = items.0.iter().filter_map(Text::get).collect();
    words.sort_unstable();
    (!words.is_empty()).then(|| words.join(","))
}

/// Longest text that is kept, in bytes. No field of Graph's that is read here is as long; a record may measure a thousand times as much.
const TEXT_BYTES: usize = 1_024;

/// Keeps each string once, or its beginning where it is absurdly long.
#[derive(Debug, Default)]
pub(super) struct Interner(HashSet<Arc<str>>);

impl Interner {
    pub(super) fn keep(&mut self, text: &str) -> Arc<str> {
        let text = &text[..text.floor_char_boundary(TEXT_BYTES)];
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// The events that are kept of one kind.
#[derive(Debug)]
pub(super) struct Selection {
    side: Side,
    is_interactive: bool,
    own: Option<String>,
    interner: Interner,
    events: Vec<SignIn>,
    /// Events that could not be kept, because they name no time or no tenant, or nothing that tells where they came from.
    pub(super) lost: u64,
    /// The oldest event that was read, kept or not.
    pub(super) oldest: Option<Timestamp>,
    /// No event came after an older one.
    pub(super) is_newest_first: bool,
}

impl Selection {
    /// Of the tenant `own`; every event is taken as interactive or not, as its query asked.
    pub(super) fn new(side: Side, is_interactive: bool, own: Option<&str>) -> Self {
        Selection {
            side,
            is_interactive,
            own: own.map(str::to_owned),
            interner: Interner::default(),
            events: Vec::new(),
            lost: 0,
            oldest: None,
            is_newest_first: true,
        }
    }

    /// Looks at one event.
    pub(super) fn offer(&mut self, wire: &SignInWire) {
        let (Some(created), Some(resource)) = (wire.created(), wire.resource_tenant_id.id()) else {
            self.lost += 1;
            return;
        };
        self.is_newest_first &= self.oldest.is_none_or(|oldest| created <= oldest);
        self.oldest = Some(self.oldest.map_or(created, |oldest| oldest.min(created)));
        if !self.side.wants(wire, self.own.as_deref()) {
            self.lost += u64::from(self.side.is_in_the_dark(wire));
            return;
        }
        let keep = &mut self.interner;
        let location = wire.location.0.as_ref();
        self.events.push(SignIn {
            id: wire.id.get().unwrap_or_default().into(),
            created_date_time: created,
            user_id: keep.keep(&wire.user_id.id().unwrap_or_default()),
            user_principal_name: wire.user_principal_name.get().map(|text| keep.keep(text)),
            resource_tenant_id: keep.keep(&resource),
            is_interactive: self.is_interactive,
            error_code: wire.error_code(),
            cross_tenant_access_type: wire.cross_tenant_access_type.get().map(|text| keep.keep(text)),
            app_display_name: wire.app_display_name.get().map(|text| keep.keep(text)),
            ip_address: wire.ip_address.get().map(|text| keep.keep(text)),
            home_tenant_id: wire.home_tenant_id.id().map(|id| keep.keep(&id)),
            country: location.and_then(|location| location.country_or_region.get()).map(|text| keep.keep(text)),
            position: location.and_then(LocationWire::position),
            asn: wire.autonomous_system_number.0.and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0),
            authentication_requirement: wire.authentication_requirement.get().map(|text| keep.keep(text)),
            client_app_used: wire.client_app_used.get().map(|text| keep.keep(text)),
            authentication_protocol: wire.authentication_protocol.get().map(|text| keep.keep(text)),
            original_transfer_method: wire.original_transfer_method.get().map(|text| keep.keep(text)),
            risk_event_types: joined(&wire.risk_event_types).map(|text| keep.keep(&text)),
        });
    }

    /// How many are kept.
    pub(super) fn kept(&self) -> u64 {
        self.events.len() as u64
    }

    /// The kept events.
    pub(super) fn into_events(self) -> Vec<SignIn> {
        self.events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "0f1e2d3c-0000-0000-0000-000000000001";

    fn wire(json: &str) -> SignInWire {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn who_went_where() {
        let keep = |home: &str, resource: &str, access: &str, own: Option<&str>| {
            own_people_only(
                &wire(&format!(r#"{{"homeTenantId":{home},"resourceTenantId":{resource},"crossTenantAccessType":{access}}}"#)),
                own,
            )
        };
        let own = &format!("\"{}\"", OWN.to_uppercase());
        let there = r#""c""#;
        let provider = r#""serviceProvider""#;
        assert!(keep(own, there, provider, Some(OWN)));
        assert!(keep(own, there, r#""b2bCollaboration""#, Some(OWN)));
        assert!(keep(own, there, r#""somethingNew""#, Some(OWN)), "unknown is kept");
        assert!(keep(own, there, "null", Some(OWN)), "not said is kept");
        assert!(keep("null", there, provider, Some(OWN)));
        assert!(!keep(own, there, r#""NONE""#, Some(OWN)));
        assert!(!keep(own, own, provider, Some(OWN)), "stays at home");
        assert!(!keep(r#""x""#, own, provider, Some(OWN)), "an outsider at home");
        assert!(!keep(r#""x""#, there, provider, Some(OWN)), "an outsider elsewhere");
        assert!(!keep(own, "null", provider, Some(OWN)));
        assert!(keep(own, there, provider, None), "own tenant not known: home and resource still differ");
        assert!(!keep(r#""C""#, there, provider, None));
    }

    #[test]
    fn events_with_nothing_where_something_should_be() {
        let mut selection = Selection::new(Side::Partner, false, Some(OWN));
        selection.offer(&wire(
            r#"{"id":"E1","createdDateTime":"2026-11-20T10:00:00.1234567Z","userId":"U","userPrincipalName":"","resourceTenantId":"C","homeTenantName":"",
                "ipAddress":"203.0.113.xxx","status":{"errorCode":50126,"failureReason":null},"appliedConditionalAccessPolicies":[{"id":"p","result":"notApplied"}],
                "location":{"geoCoordinates":{}},"riskLevelDuringSignIn":"hidden"}"#,
        ));
        selection.offer(&wire(r#"{"id":"E2","createdDateTime":"2026-11-19T10:00:00Z","resourceTenantId":"c","status":null}"#));
        selection.offer(&wire(r#"{"id":"E3","createdDateTime":"","resourceTenantId":"c"}"#));
        selection.offer(&wire(r#"{"id":"E4","createdDateTime":"2026-11-19T10:00:00Z","resourceTenantId":null}"#));
        assert_eq!((selection.kept(), selection.lost, selection.is_newest_first), (2, 2, true));
        let events = selection.into_events();
        assert_eq!((&*events[0].id, &*events[0].user_id, &*events[0].resource_tenant_id), ("E1", "u", "c"));
        assert_eq!((events[0].error_code, events[0].user_principal_name.is_none()), (50126, true));
        assert_eq!(events[0].ip_address.as_deref(), Some("203.0.113.xxx"));
        assert_eq!((events[1].error_code, &*events[1].user_id), (-1, ""), "not said is not success");
    }

    #[test]
    fn strings_that_repeat_are_kept_once_and_an_event_is_small() {
        let mut selection = Selection::new(Side::Partner, true, Some(OWN));
        for index in 0..1_000 {
            selection.offer(&wire(&format!(
                r#"{{"id":"66ea54eb-6301-4ee5-be62-{index:012}","createdDateTime":"2026-11-20T10:00:00Z","userId":"u{}","userPrincipalName":"user{}@northwind.example",
                    "resourceTenantId":"c{}","crossTenantAccessType":"serviceProvider","appDisplayName":"Azure Portal","ipAddress":"203.0.113.{}"}}"#,
                index % 40, index % 40, index % 100, index % 250
            )));
        }
        assert_eq!(selection.interner.0.len(), 40 + 40 + 100 + 1 + 1 + 250);
        let held = size_of::<SignIn>() + 36 + 16;
        assert!(held <= 400, "{held} bytes an event");
        let events = selection.into_events();
        assert!(Arc::ptr_eq(&events[0].user_id, &events[40].user_id));
    }

    #[test]
    fn an_event_that_tells_nothing_of_its_origin_is_a_hole() {
        let lost = |json: &str| {
            let mut selection = Selection::new(Side::Customer, true, Some(OWN));
            selection.offer(&wire(&format!(r#"{{"createdDateTime":"2026-11-21T10:00:00Z","resourceTenantId":"{OWN}"{json}}}"#)));
            (selection.kept(), selection.lost)
        };
        assert_eq!(lost(""), (0, 1));
        assert_eq!(lost(r#","crossTenantAccessType":"none""#), (0, 0));
        assert_eq!(lost(r#","crossTenantAccessType":"serviceProvider""#), (1, 0));
        assert_eq!(lost(r#","homeTenantId":"x""#), (1, 0));
    }

    #[test]
    fn a_text_of_absurd_length_is_cut() {
        let kept = Interner::default().keep(&"é".repeat(100_001));
        assert_eq!((kept.len(), kept.chars().all(|letter| letter == 'é')), (TEXT_BYTES, true));
        assert_eq!(&*Interner::default().keep("short"), "short");
    }

    #[test]
    fn an_event_out_of_order_is_noticed() {
        let mut selection = Selection::new(Side::Partner, true, None);
        for day in [20, 19, 21] {
            selection.offer(&wire(&format!(r#"{{"createdDateTime":"2026-11-{day}T10:00:00Z","resourceTenantId":"c"}}"#)));
        }
        assert!(!selection.is_newest_first);
        assert_eq!(selection.oldest, Timestamp::parse("2026-11-19T10:00:00Z"));
    }
}
