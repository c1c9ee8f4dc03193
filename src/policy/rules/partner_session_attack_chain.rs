//! AUD-08: see the page.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::facts::SignIn;
use crate::domain::rule_meta::{Reads, Setting, SettingDefault, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, Status, Timestamp};
use crate::policy::rule::{Ctx, Draft, Out, Rule};
use crate::policy::settings::RuleSettings;

use super::audit_trail::{Hit, People, Person, hit, is_provider_entry, party, sign_in_key, target_name, tell};
use super::partner_grants_directory_role::{self as aud_03, is_new_account};
use super::shared::{CUSTOMER, NIST_T1199, Window, text};
use super::{
    partner_adds_app_credential_or_consent as aud_06, partner_changes_domain_or_federation as aud_05, partner_mailbox_access as aud_07,
    partner_signin_impossible_travel as sgn_04, partner_signin_off_hours as sgn_07, partner_weakens_security_policy as aud_04, visits,
};
use crate::policy::seen::oldest_first;

/// Days of log that must lie before a sign-in of which something is called new.
const MIN_PAST_DAYS: i64 = 14;
/// Sign-ins of a tenant that must lie before one whose country or network is called new.
const MIN_PAST_EVENTS: usize = 5;
/// Failures of one person before a success that make a burst, and within how many minutes before it.
const BURST: usize = 10;
const BURST_MINUTES: i64 = 60;
/// Failures that guessing and fatigue leave behind: wrong password, locked, disabled, a factor that was not given, blocked.
const GUESSES: [i32; 6] = [50126, 50053, 50057, 50074, 500_121, 53003];
/// Clients that cannot do multifactor authentication.
const LEGACY: [&str; 7] = ["IMAP", "POP", "SMTP", "MAPI", "Exchange ActiveSync", "Other clients", "Authenticated SMTP"];

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-session-attack-chain",
        code: "AUD-08",
        title: "Partner session followed by privilege and persistence steps",
        views: CUSTOMER,
        severity: Severity::Critical,
        severity_note: "",
        uses: &[],
        customer_uses: &[
            required(Dataset::Audits),
            required(Dataset::SignIns),
            required(Dataset::Organization),
            helps(Dataset::ServicePrincipals),
            helps(Dataset::Purview),
        ],
        reads: Reads::Some,
        fields: &[
            "audits.activity",
            "audits.activityDateTime",
            "audits.result",
            "audits.actor",
            "audits.targets.displayName",
            "audits.targets.changes",
            "signIns.events.createdDateTime",
            "organization.verifiedDomains",
            "signIns.events.userId",
            "signIns.events.userPrincipalName",
            "signIns.events.crossTenantAccessType",
            "signIns.events.country",
            "signIns.events.asn",
            "signIns.events.authenticationRequirement",
            "signIns.events.clientAppUsed",
            "signIns.events.authenticationProtocol",
            "signIns.events.originalTransferMethod",
            "signIns.events.riskEventTypes",
            "signIns.events.errorCode",
            "purview.operation",
            "coverage.sign-ins.from",
            "coverage.sign-ins.to",
            "signIns.events.homeTenantId",
        ],
        settings: &[Setting {
            name: "chain-window-minutes",
            default: SettingDefault::Int { default: 120, min: 1, max: 10_080 },
            doc: "Minutes from the sign-in in which the steps must lie.",
        }],
        remediation: "Contain first: end the relationship (Microsoft 365 admin center > Settings > Partner relationships > (partner) > Remove roles), \
                      block the accounts and remove the secrets, roles and consents that the evidence names, put the policies back. Then tell the \
                      partner, with the person's id and the times.",
        attack: &["T1199", "T1078.004", "T1098.003", "T1136.003"],
        mitigations: &["M1018", "M1032"],
        nist: NIST_T1199,
        benchmarks: &[],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-session-attack-chain.md"),
    },
    check,
};

/// Which part of the chain a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Privilege, or a key to it: AUD-03, AUD-05, AUD-06.
    Privilege,
    /// Cover, or a way back: AUD-04, AUD-07, a new account.
    Persistence,
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let steps = steps(ctx);
    if steps.is_empty() {
        return;
    }
    let minutes = chrono::TimeDelta::minutes(ctx.settings.int("chain-window-minutes"));
    for (person, sign_ins) in marked(ctx, &steps) {
        let Some(steps) = steps.get(&*person) else { continue };
        let mut hidden_until: Option<Timestamp> = None;
        for (event, signs) in sign_ins {
            let start = event.created_date_time;
            // What the chain before reached into is told already.
            if hidden_until.is_some_and(|end| start <= end) {
                continue;
            }
            let end = Timestamp::new(start.utc() + minutes);
            let within: Vec<(Part, Hit)> = steps.iter().filter(|(_, hit)| hit.at >= start && hit.at <= end).cloned().collect();
            let has = |part: Part| within.iter().any(|(own, _)| *own == part);
            if has(Part::Privilege) && has(Part::Persistence) {
                out.push(finding(ctx, event, &signs, &within));
                hidden_until = Some(end);
            }
        }
    }
}

/// The steps of each person, in order of time.
fn steps(ctx: &Ctx<'_>) -> Steps {
    let people = People::of(ctx);
    let (role_settings, app_settings, mail_settings) =
        (of_rule(ctx, &aud_03::RULE), of_rule(ctx, &aud_06::RULE), of_rule(ctx, &aud_07::RULE));
    let (roles, _) = aud_03::hits(ctx, &people, role_settings.int("new-account-days"));
    let (apps, _) = aud_06::hits(ctx, &people, app_settings.list("strong-app-roles"));
    let (policies, _) = aud_04::hits(&people);
    let mail = aud_07::hits(ctx, &people, mail_settings.list("mailbox-delegate-allow-list"));
    let privilege = roles.into_iter().chain(aud_05::hits(&people)).chain(apps).map(|hit| (Part::Privilege, hit));
    let persistence = policies.into_iter().chain(mail).chain(new_accounts(&people)).map(|hit| (Part::Persistence, hit));
    let mut steps = Steps::new();
    for step in privilege.chain(persistence) {
        steps.entry(step.1.who.key()).or_default().push(step);
    }
    for steps in steps.values_mut() {
        steps.sort_by(|a, b| (a.1.at, &a.1.id, a.0).cmp(&(b.1.at, &b.1.id, b.0)));
    }
    steps
}

/// The settings of another rule in this run, or its defaults where it does not run.
fn of_rule(ctx: &Ctx<'_>, rule: &Rule) -> RuleSettings {
    let own = ctx.selected.iter().find(|(meta, _)| meta.id == rule.meta.id).map(|(_, settings)| (*settings).clone());
    own.unwrap_or_else(|| RuleSettings::defaults(&rule.meta))
}

fn new_accounts(people: &People<'_>) -> Vec<Hit> {
    let acts = people.acts(is_new_account);
    let told = acts.into_iter().map(|(event, _, who)| {
        let target = target_name(event);
        hit(event, who, format!("account made: {target}"), Severity::High).evidence("targetResources.displayName", target)
    });
    told.collect()
}

/// The steps of each person, by key.
type Steps = BTreeMap<String, Vec<(Part, Hit)>>;

/// Sign-ins that are marked by something, oldest first, of each person.
type Marked<'a> = BTreeMap<Arc<str>, Vec<(&'a SignIn, Vec<&'static str>)>>;

/// The sign-ins of each person of a provider who took a step.
fn marked<'a>(ctx: &Ctx<'a>, steps: &Steps) -> Marked<'a> {
    let mut events: Vec<&SignIn> = ctx.customer.sign_ins.events.iter().collect();
    oldest_first(&mut events, |event| event.created_date_time);
    events.sort_by(|a, b| (a.created_date_time, &a.id).cmp(&(b.created_date_time, &b.id)));
    let visits = visits::all(ctx);
    let (travel_settings, hours_settings) = (of_rule(ctx, &sgn_04::RULE), of_rule(ctx, &sgn_07::RULE));
    let travel = sgn_04::marks(&Ctx { settings: &travel_settings, ..*ctx }, visits);
    let hours = sgn_07::marks(&Ctx { settings: &hours_settings, ..*ctx }, visits);
    let mut past = Past::new(ctx);
    let mut keys = Keys::default();
    let mut marked = Marked::new();
    for event in events {
        let Some(person) = keys.of(event) else { continue };
        let is_entry = is_provider_entry(event);
        if is_entry && steps.contains_key(&*person) {
            let mut signs = past.signs(event, &person);
            let id = &*event.id;
            let more = [(travel.contains(id), "impossible travel"), (hours.contains(id), "unusual hours")];
            for (_, sign) in more.into_iter().filter(|(holds, _)| *holds) {
                // Microsoft's verdict and the distance are one sign.
                if !signs.contains(&sign) {
                    signs.push(sign);
                }
            }
            if !signs.is_empty() {
                marked.entry(Arc::clone(&person)).or_default().push((event, signs));
            }
        }
        past.add(event, person, is_entry);
    }
    marked
}

/// Keys of people, each made once.
#[derive(Default)]
struct Keys<'a>(HashMap<(&'a str, &'a str), Option<Arc<str>>>);

impl<'a> Keys<'a> {
    fn of(&mut self, event: &'a SignIn) -> Option<Arc<str>> {
        let named = (event.user_principal_name.as_deref().unwrap_or_default(), &*event.user_id);
        self.0.entry(named).or_insert_with(|| sign_in_key(event).map(Arc::from)).clone()
    }
}

/// What came before a sign-in.
struct Past {
    /// From when on enough of the log lies before an event; `None` if an event that is not in the log may have been there.
    reaches: Option<Timestamp>,
    people: HashSet<Arc<str>>,
    /// By home tenant.
    countries: HashMap<String, Seen<Arc<str>>>,
    networks: HashMap<String, Seen<u32>>,
    /// By person, oldest first.
    failures: HashMap<Arc<str>, Vec<Timestamp>>,
}

/// From where people of one tenant came, and how often they did.
#[derive(Debug)]
struct Seen<T> {
    events: usize,
    values: BTreeSet<T>,
}

impl<T: Ord> Seen<T> {
    fn add(all: &mut HashMap<String, Seen<T>>, home: &str, value: Option<T>) {
        let Some(value) = value else { return };
        match all.get_mut(home) {
            Some(seen) => {
                seen.events += 1;
                seen.values.insert(value);
            }
            None => {
                all.insert(home.to_owned(), Seen { events: 1, values: [value].into() });
            }
        }
    }

    /// True if enough came before, and never from there.
    fn is_new(all: &HashMap<String, Seen<T>>, home: &str, value: Option<&T>) -> bool {
        let Some((seen, value)) = all.get(home).zip(value) else { return false };
        seen.events >= MIN_PAST_EVENTS && !seen.values.contains(value)
    }
}

impl Past {
    fn new(ctx: &Ctx<'_>) -> Self {
        let coverage = ctx.coverage(Dataset::SignIns);
        let is_whole = coverage.status == Status::Complete || (coverage.status == Status::Partial && coverage.capped);
        let window = Window::of(ctx).filter(|_| is_whole);
        Past {
            reaches: window.map(|window| window.from.plus_days(MIN_PAST_DAYS)),
            people: HashSet::new(),
            countries: HashMap::new(),
            networks: HashMap::new(),
            failures: HashMap::new(),
        }
    }

    fn signs(&self, event: &SignIn, person: &str) -> Vec<&'static str> {
        let at = event.created_date_time;
        let home = home(event);
        let reaches = self.reaches.is_some_and(|from| at >= from);
        let is_new_country = Seen::is_new(&self.countries, &home, event.country.as_ref());
        let is_new_network = Seen::is_new(&self.networks, &home, event.asn.as_ref());
        let failures = self.failures.get(person).into_iter().flatten().rev();
        let recent = failures.take_while(|failure| at.utc() - failure.utc() <= chrono::TimeDelta::minutes(BURST_MINUTES));
        let is_burst = recent.take(BURST).count() == BURST;
        let is = |value: Option<&str>, words: &[&str]| value.is_some_and(|value| words.iter().any(|word| value.eq_ignore_ascii_case(word)));
        let is_single = event.is_interactive && is(event.authentication_requirement.as_deref(), &["singleFactorAuthentication"]);
        let is_weak = is(event.authentication_protocol.as_deref(), &["ropc", "deviceCode"])
            || is(event.original_transfer_method.as_deref(), &["deviceCodeFlow"])
            || is(event.client_app_used.as_deref(), &LEGACY);
        let risks = event.risk_event_types.as_deref().unwrap_or_default().split(',').map(str::trim);
        let is_travel = risks.into_iter().any(|risk| is(Some(risk), &["unlikelyTravel", "impossibleTravel"]));
        [
            (reaches && !self.people.contains(person), "a person never seen before"),
            (reaches && is_new_country, "a new country"),
            (reaches && is_new_network, "a new network"),
            (is_travel, "impossible travel"),
            (is_single, "a single factor"),
            (is_weak, "a weak protocol"),
            (is_burst, "a burst of failures before"),
        ]
        .into_iter()
        .filter_map(|(holds, sign)| holds.then_some(sign))
        .collect()
    }

    fn add(&mut self, event: &SignIn, person: Arc<str>, is_entry: bool) {
        if event.error_code != 0 {
            if GUESSES.contains(&event.error_code) {
                self.failures.entry(person).or_default().push(event.created_date_time);
            }
            return;
        }
        if is_entry {
            let home = home(event);
            Seen::add(&mut self.countries, &home, event.country.clone());
            Seen::add(&mut self.networks, &home, event.asn);
            self.people.insert(person);
        }
    }
}

fn home(event: &SignIn) -> Cow<'_, str> {
    let home = event.home_tenant_id.as_deref().unwrap_or_default();
    if home.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(home.to_ascii_lowercase()) } else { Cow::Borrowed(home) }
}

fn finding(ctx: &Ctx<'_>, event: &SignIn, signs: &[&str], within: &[(Part, Hit)]) -> Draft {
    let steps: Vec<Hit> = within.iter().map(|(_, hit)| hit.clone()).collect();
    let who: Option<&Person> = steps.first().map(|hit| &hit.who);
    let id = sign_in_key(event).unwrap_or_else(|| event.user_id.to_ascii_lowercase());
    let name = who.map_or(id.as_str(), |who| who.name.as_str()).to_owned();
    let tenant = event.home_tenant_id.as_deref().map(str::to_ascii_lowercase).or_else(|| who.and_then(|who| who.tenant.clone()));
    let draft = Draft::about("user", id, name)
        .key(event.id.as_ref())
        .severity(Severity::Critical)
        .confidence(Confidence::Medium)
        .partner(party(ctx, tenant.as_deref()))
        .since(Some(event.created_date_time))
        .note(format!("{} with {}, then {} steps", event.created_date_time, signs.join(" and "), steps.len()))
        .evidence("signIn.id", event.id.as_ref(), Dataset::SignIns)
        .evidence("createdDateTime", event.created_date_time.to_string(), Dataset::SignIns)
        .evidence("signs", signs.to_vec(), Dataset::SignIns)
        .evidence("location.countryOrRegion", text(event.country.as_deref()), Dataset::SignIns)
        .evidence("ipAddress", text(event.ip_address.as_deref()), Dataset::SignIns)
        .setting("chain-window-minutes", ctx.settings.int("chain-window-minutes"));
    tell(draft, &steps)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Coverage, Dataset, Status, roles};
    use crate::policy::rules::testing::{Case, MSP, at, customer_case};

    const HEX: &str = "3f972b9d8f88431db52978ac975f9d13";
    const USUAL: &str = "11111111111111111111111111111111";

    fn when(minutes: i64) -> String {
        crate::domain::Timestamp::new(at(0).utc() + chrono::TimeDelta::minutes(minutes)).to_string()
    }

    fn sign_in(id: &str, minutes: i64, hex: &str, more: Value) -> Value {
        let mut event = json!({ "id": id, "createdDateTime": when(minutes), "userId": hex, "userPrincipalName": format!("user_{hex}"),
            "resourceTenantId": "own", "homeTenantId": MSP, "crossTenantAccessType": "serviceProvider", "isInteractive": true, "country": "NL",
            "asn": 64500, "authenticationRequirement": "multiFactorAuthentication" });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    }

    fn audit(id: &str, minutes: i64, activity: &str, changes: Value) -> Value {
        json!({ "id": id, "activityDateTime": when(minutes), "activity": activity, "result": "success",
            "actor": { "userPrincipalName": format!("user_{HEX}"), "homeTenantId": MSP },
            "targets": [{ "id": id, "displayName": "target", "changes": changes }] })
    }

    fn role(minutes: i64) -> Value {
        audit("role", minutes, "Add member to role", json!([{ "name": "Role.TemplateId", "new": roles::GLOBAL_ADMINISTRATOR }]))
    }

    fn delete(minutes: i64) -> Value {
        audit("delete", minutes, "Delete conditional access policy", json!([]))
    }

    fn case_of(sign_ins: Vec<Value>, audits: Vec<Value>) -> Case {
        customer_case(json!({ "audits": audits, "signIns": { "events": sign_ins } }))
    }

    /// The person was here before, every day, from the usual place.
    fn known(more: Value) -> Vec<Value> {
        let mut events: Vec<Value> = (1..8).map(|day| sign_in(&format!("past{day}"), -day * 1440, HEX, json!({}))).collect();
        events.push(sign_in("now", 0, HEX, more));
        events
    }

    #[test]
    fn a_marked_session_with_both_steps() {
        let out = case_of(vec![sign_in("now", 0, HEX, json!({}))], vec![role(20), delete(35)]).run(&RULE);
        let found = &out.findings[0];
        assert_eq!((out.findings.len(), found.subject.id.as_str(), found.own_key.as_str()), (1, HEX, "now"));
        assert_eq!(found.partner.as_ref().unwrap().tenant_id, MSP);
    }

    #[test]
    fn the_window_has_both_ends() {
        let fires = |role_at: i64, delete_at: i64| {
            case_of(vec![sign_in("now", 0, HEX, json!({}))], vec![role(role_at), delete(delete_at)]).fires(&RULE)
        };
        assert!(fires(0, 120) && fires(120, 0));
        assert!(!fires(-1, 35) && !fires(20, 121));
        assert!(
            case_of(vec![sign_in("now", 0, HEX, json!({}))], vec![role(20), delete(121)]).int("chain-window-minutes", 121).fires(&RULE)
        );
    }

    #[test]
    fn one_kind_of_step_is_no_chain() {
        let session = || vec![sign_in("now", 0, HEX, json!({}))];
        assert!(!case_of(session(), vec![role(20)]).fires(&RULE) && !case_of(session(), vec![delete(20)]).fires(&RULE));
        assert!(!case_of(session(), vec![audit("x", 20, "Change user license", json!([]))]).fires(&RULE));
        assert!(case_of(session(), vec![role(20), audit("u", 10, "Add user", json!([]))]).fires(&RULE), "a new account");
        let other =
            customer_case(json!({ "signIns": { "events": [sign_in("now", 0, USUAL, json!({}))] }, "audits": [role(20), delete(35)] }));
        assert!(!other.fires(&RULE), "somebody else came in");
        let mut mail = case_of(session(), vec![role(20)]);
        let event = json!([{ "id": "m", "created": when(30), "operation": "Add-MailboxPermission", "userId": format!("user_{HEX}") }]);
        mail.snapshot.tenants[0].customer.purview = serde_json::from_value(event).unwrap();
        assert!(mail.fires(&RULE), "a mailbox opened");
    }

    #[test]
    fn what_nobody_can_travel_and_unusual_hours_mark_a_session() {
        let placed = |place: [f32; 2]| json!({ "position": place, "asn": null });
        let from = |place: [f32; 2]| {
            let mut events = known(placed([1.35, 103.8]));
            events.push(sign_in("before", -30, HEX, placed(place)));
            case_of(events, vec![role(20), delete(35)]).fires(&RULE)
        };
        assert!(from([52.4, 4.9]) && !from([1.4, 103.9]), "Amsterdam, or across the town, half an hour before");

        let since = |noon: i64| {
            let past = |day: i64| sign_in(&format!("past{day}"), noon - day * 1440, HEX, json!({}));
            // Friday back to Monday: the days before are a weekend.
            let mut events: Vec<Value> = (3..8).map(past).collect();
            events.push(sign_in("now", 0, HEX, json!({})));
            case_of(events, vec![role(20), delete(35)]).fires(&RULE)
        };
        assert!(since(720), "at midnight, by one who works by day");
        assert!(!since(5), "at midnight, as every night");
    }

    #[test]
    fn each_sign_marks_a_session() {
        let with = |more: Value| case_of(known(more), vec![role(20), delete(35)]).fires(&RULE);
        assert!(!with(json!({})), "as on every other day");
        for more in [
            json!({ "country": "BR" }),
            json!({ "asn": 1 }),
            json!({ "authenticationRequirement": "singleFactorAuthentication" }),
            json!({ "authenticationProtocol": "deviceCode" }),
            json!({ "originalTransferMethod": "deviceCodeFlow" }),
            json!({ "clientAppUsed": "IMAP" }),
            json!({ "riskEventTypes": "other, impossibleTravel" }),
        ] {
            assert!(with(more.clone()), "{more}");
        }
        assert!(!with(json!({ "authenticationRequirement": "singleFactorAuthentication", "isInteractive": false })));
        assert!(!with(json!({ "country": "BR", "errorCode": 50126 })), "nobody came in");
        assert!(!with(json!({ "country": "BR", "crossTenantAccessType": "b2bCollaboration" })));
    }

    #[test]
    fn a_burst_of_failures_marks_the_success_after_it() {
        let burst = |count: i64| {
            let mut events = known(json!({}));
            events.extend((1..=count).map(|n| sign_in(&format!("f{n}"), -n, HEX, json!({ "errorCode": 50126 }))));
            case_of(events, vec![role(20), delete(35)]).fires(&RULE)
        };
        assert!(burst(10) && !burst(9));
    }

    #[test]
    fn what_is_new_needs_a_past() {
        let session = || case_of(vec![sign_in("now", 0, HEX, json!({}))], vec![role(20), delete(35)]);
        assert!(session().window(14).fires(&RULE) && !session().window(13).fires(&RULE));
        assert!(!session().coverage(Dataset::SignIns, Coverage::new(Status::Partial)).fires(&RULE), "somebody may have been here before");
        let few = known(json!({ "country": "BR" })).split_off(3);
        assert!(!case_of(few, vec![role(20), delete(35)]).fires(&RULE), "too few sign-ins to call a country new");
    }

    #[test]
    fn one_chain_is_told_once() {
        let twice =
            vec![sign_in("a", 0, HEX, json!({ "country": "BR" })), sign_in("b", 5, HEX, json!({ "authenticationProtocol": "ropc" }))];
        let out = case_of(twice, vec![role(20), delete(35)]).run(&RULE);
        assert_eq!(out.findings.iter().map(|draft| draft.own_key.as_str()).collect::<Vec<_>>(), ["a"]);
    }
}
