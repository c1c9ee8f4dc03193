//! How reads ended -> how well a dataset is known. Unknown is never clean.

use std::collections::BTreeMap;

use super::permissions::{self, PermissionRow};
use crate::domain::{Coverage, Dataset, Gap, Status};
use crate::graph::{Claims, End, GraphError, GraphErrorKind, Listing};

/// Longest part of an error's message that is kept in a reason, in characters.
const MESSAGE_CHARS: usize = 160;

/// The permission that Graph's licence check itself needs; without it even a premium tenant is told that it is none.
const LICENCE_CHECK_PERMISSION: &str = "Directory.Read.All";

/// What judges how a read ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge<'a> {
    /// The dataset that was read.
    pub(super) dataset: Dataset,
    /// `--cloud`.
    pub(super) cloud: &'a str,
    /// What the token says of the caller, if it says anything.
    pub(super) claims: Option<&'a Claims>,
    /// Whether the tenant has the licence that the dataset needs; `None` if that could not be read.
    pub(super) licensed: Option<bool>,
}

impl Judge<'_> {
    fn row(&self) -> &'static PermissionRow {
        permissions::of(self.dataset)
    }

    /// Nothing was read because of this error.
    pub(super) fn error(&self, error: &GraphError) -> Coverage {
        let status = self.status(error);
        let mut coverage = Coverage::new(status).because(describe(error));
        match status {
            Status::Denied => {
                let permission = if error.permission.is_empty() { self.row().application } else { error.permission };
                // A premium tenant that is told it is none: what is missing is the right to read its licences.
                let permission = if is_about_licence(error) { LICENCE_CHECK_PERMISSION } else { permission };
                coverage.permission = Some(permission.to_owned());
                if let Some(hint) = self.hint(permission) {
                    coverage.reason = Some(format!("{}; {hint}", describe(error)));
                }
            }
            Status::Unlicensed => {
                coverage.licence = self.row().licence.map(str::to_owned);
                if self.licensed.is_none() {
                    // The same answer has two causes, and nothing here tells them apart.
                    coverage.permission = Some(LICENCE_CHECK_PERMISSION.to_owned());
                    coverage.reason = Some(format!("{}; the same is said where {LICENCE_CHECK_PERMISSION} is missing", describe(error)));
                }
            }
            _ => {}
        }
        coverage
    }

    /// How one list that is the whole dataset was read. `kept` records became facts.
    pub(super) fn listing(&self, listing: &Listing, kept: u64) -> Coverage {
        match &listing.end {
            End::Complete => Coverage::complete(kept),
            End::Capped => {
                let mut coverage = Coverage::new(Status::Partial).because("there were more records than were asked for");
                coverage.records = kept;
                coverage.capped = true;
                coverage
            }
            End::Broken(error) if listing.records == 0 => self.error(error),
            End::Broken(error) => self.cut(error, kept),
        }
    }

    /// A list that broke after some records: what was read stays, and more may exist.
    pub(super) fn cut(&self, error: &GraphError, kept: u64) -> Coverage {
        let failed = self.error(error);
        let reason = failed.reason.unwrap_or_default();
        Coverage {
            status: Status::Partial,
            records: kept,
            truncated: true,
            reason: Some(format!("later records are missing: {reason}")),
            ..failed
        }
    }

    /// How a dataset of many subjects, each with its own reads, was read.
    pub(super) fn subjects(&self, subjects: &Subjects, noun: &str, records: u64) -> Coverage {
        let broken: Vec<(&String, &Subject, &GraphError)> =
            subjects.0.iter().filter_map(|(id, subject)| subject.error.as_ref().map(|error| (id, subject, error))).collect();
        let Some((_, _, first)) = broken.first() else { return Coverage::complete(records) };
        let verdict = self.refusals(self.error(first), broken.iter().map(|(_, _, error)| *error));
        let why = verdict.reason.clone().unwrap_or_default();
        if broken.len() == subjects.0.len() && broken.iter().all(|(_, subject, _)| !subject.has_answer) {
            let alike = broken.iter().all(|(_, _, error)| self.status(error) == verdict.status);
            let status = if alike { verdict.status } else { Status::Failed };
            return Coverage { status, reason: Some(format!("none of {} {noun} could be read: {why}", broken.len())), ..verdict };
        }
        let gaps = broken
            .iter()
            .map(|(id, subject, error)| {
                let status = if subject.has_answer { Status::Partial } else { self.status(error) };
                ((*id).clone(), Gap { status, reason: describe(error) })
            })
            .collect();
        let reason = format!("{} of {} {noun}: {why}", broken.len(), subjects.0.len());
        Coverage { status: Status::Partial, records, gaps, reason: Some(reason), ..verdict }
    }

    /// The verdict of the first error with the permission of every refusal: lists of one dataset may each need their own.
    fn refusals<'e>(&self, verdict: Coverage, errors: impl Iterator<Item = &'e GraphError>) -> Coverage {
        let refused = errors.filter(|error| self.status(error) == Status::Denied && !is_about_licence(error));
        let mut permissions: Vec<&str> = verdict.permission.iter().flat_map(|known| known.split(" and ")).collect();
        for permission in refused.flat_map(|error| error.permission.split(" and ")).filter(|permission| !permission.is_empty()) {
            if !permissions.contains(&permission) {
                permissions.push(permission);
            }
        }
        let permission = Some(permissions.join(" and ")).filter(|all| !all.is_empty());
        Coverage { permission, ..verdict }
    }

    fn status(&self, error: &GraphError) -> Status {
        match error.kind {
            GraphErrorKind::NotPremium => self.licence_status(),
            GraphErrorKind::Denied | GraphErrorKind::BadRequest if is_about_licence(error) => self.licence_status(),
            GraphErrorKind::Denied => Status::Denied,
            GraphErrorKind::NotFound | GraphErrorKind::NotImplemented => Status::Unavailable,
            GraphErrorKind::BadRequest if self.is_absent_here() || is_no_such_path(error) => Status::Unavailable,
            _ => Status::Failed,
        }
    }

    fn licence_status(&self) -> Status {
        if self.licensed == Some(true) { Status::Denied } else { Status::Unlicensed }
    }

    /// China's Graph has no delegated admin relationships in its schema; it may say so in several ways.
    fn is_absent_here(&self) -> bool {
        self.cloud == "china"
            && matches!(self.dataset, Dataset::Relationships | Dataset::Assignments | Dataset::RelationshipRequests | Dataset::Customers)
    }

    /// What the token tells of a refusal. A hint: the token was decoded, not verified.
    fn hint(&self, permission: &str) -> Option<String> {
        let claims = self.claims.filter(|claims| claims.decoded)?;
        let missing: Vec<&str> =
            permission.split(" and ").filter(|name| !claims.permissions.iter().any(|held| held.eq_ignore_ascii_case(name))).collect();
        if !missing.is_empty() {
            return Some(format!("the token does not carry {}", missing.join(" and ")));
        }
        let roles = self.row().delegated_roles;
        (!claims.app_only && !roles.is_empty()).then(|| format!("the signed-in user needs one of: {}", roles.join(", ")))
    }
}

/// `Authentication_RequestFromNonPremiumTenantOrB2CTenant`, `AadPremiumLicenseRequired` and their kin.
fn is_about_licence(error: &GraphError) -> bool {
    let code = error.code.as_deref().unwrap_or_default().to_ascii_lowercase();
    error.kind == GraphErrorKind::NotPremium || code.contains("licenserequired") || code.contains("nonpremiumtenant")
}

/// Graph's 400 for a path that its model does not have.
fn is_no_such_path(error: &GraphError) -> bool {
    error.message.as_deref().is_some_and(|message| message.contains("Resource not found for the segment"))
}

/// An error as a reason: what happened, and what Graph said if it was Graph that spoke. Hosts, ports, times and ids of requests stay out,
/// so that equal runs give equal bytes.
pub(super) fn describe(error: &GraphError) -> String {
    use GraphErrorKind::*;
    let what = match error.kind {
        Denied => "access denied",
        NotPremium => "refused for want of a premium licence",
        NotFound => "not found",
        BadRequest => "request refused",
        Unauthorized => "token refused",
        SignIn => "no access token",
        Throttled => "throttled until the attempts or the time were used up",
        Server => "server errors until the attempts were used up",
        NotImplemented => "not offered here",
        Network => "no whole answer until the attempts were used up",
        OutOfTime => "the time for the run ended",
        Malformed => "the answer could not be read",
        PagingLoop => "the next page is one that was already read",
        ForeignLink => "the next page is on another host",
        PageCap => "too many pages",
        MissingFromBatch => "the batch answer lacks it",
    };
    let spoken = matches!(error.kind, Denied | NotPremium | NotFound | BadRequest | Unauthorized | NotImplemented | Malformed);
    let status = error.status.map(|status| status.to_string());
    let code = error.code.as_deref().filter(|code| !code.trim().is_empty()).map(one_line);
    let sign_in = error.message.as_deref().filter(|_| error.kind == SignIn).and_then(aadsts).map(str::to_owned);
    let head: Vec<String> = status.into_iter().chain(code).chain(sign_in).collect();
    let message = error.message.as_deref().filter(|_| spoken).map(one_line).filter(|message| !message.is_empty());
    let detail = [Some(head.join(" ")).filter(|head| !head.is_empty()), message].into_iter().flatten().collect::<Vec<_>>().join(": ");
    if detail.is_empty() { what.to_owned() } else { format!("{what} ({detail})") }
}

/// The first `AADSTS` number of a message: all of it that is the same in every run.
fn aadsts(message: &str) -> Option<&str> {
    let code = &message[message.find("AADSTS")?..];
    let end = code.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(code.len());
    Some(&code[..end])
}

fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    match clean.char_indices().nth(MESSAGE_CHARS) {
        Some((at, _)) => format!("{}…", &clean[..at]),
        None => clean,
    }
}

/// How the reads of many subjects ended, by subject id.
#[derive(Debug, Default)]
pub(super) struct Subjects(BTreeMap<String, Subject>);

#[derive(Debug, Default)]
struct Subject {
    /// At least one of its reads brought an answer, if only in part.
    has_answer: bool,
    error: Option<GraphError>,
}

impl Subjects {
    /// A read of `subject` was answered, or answered by a fact such as "it is gone".
    pub(super) fn answered(&mut self, subject: &str) {
        self.0.entry(subject.to_owned()).or_default().has_answer = true;
    }

    /// A read of `subject` failed. Its first error is kept.
    pub(super) fn failed(&mut self, subject: &str, error: GraphError) {
        self.0.entry(subject.to_owned()).or_default().error.get_or_insert(error);
    }

    /// A list of `subject` holds records that do not say what they are about: more is there than was understood.
    pub(super) fn holed(&mut self, subject: &str, what: &str) {
        self.failed(subject, GraphError::new(GraphErrorKind::Malformed, "", "").because(what));
    }

    /// A list of `subject` ended.
    pub(super) fn listed(&mut self, subject: &str, listing: Listing) {
        if listing.records > 0 || !matches!(listing.end, End::Broken(_)) {
            self.answered(subject);
        }
        if let End::Broken(error) = listing.end {
            self.failed(subject, error);
        }
    }
}

/// The coverage of a dataset whose subjects are not known because `parent` was not read; `None` if there is something to ask for.
pub(super) fn without_subjects(parent: Dataset, coverage: &Coverage) -> Option<Coverage> {
    match coverage.status {
        Status::Complete | Status::Partial => None,
        Status::Skipped => Some(Coverage::skipped(format!("{parent} is skipped"))),
        status => {
            let mut child = Coverage::new(status).because(format!("{parent} could not be read"));
            child.permission.clone_from(&coverage.permission);
            child.licence.clone_from(&coverage.licence);
            Some(child)
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::collect) fn error(kind: GraphErrorKind, status: Option<u16>, code: &str, message: &str) -> GraphError {
        let mut error = GraphError::new(kind, "/x/{}", "");
        error.status = status;
        error.code = Some(code.to_owned());
        error.message = Some(message.to_owned());
        error.request_id = Some("11111111-1111-1111-1111-111111111111".into());
        error
    }

    pub(in crate::collect) fn denied() -> GraphError {
        error(GraphErrorKind::Denied, Some(403), "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    }

    fn judge(dataset: Dataset) -> Judge<'static> {
        Judge { dataset, cloud: "global", claims: None, licensed: None }
    }

    fn broken(records: u64, error: GraphError) -> Listing {
        Listing { records, end: End::Broken(error) }
    }

    #[test]
    fn a_refusal_names_the_permission_that_would_change_it() {
        let coverage = judge(Dataset::Contracts).error(&denied());
        assert_eq!(coverage.status, Status::Denied);
        assert_eq!(coverage.permission.as_deref(), Some("Directory.Read.All"));
        assert_eq!(
            coverage.reason.as_deref(),
            Some("access denied (403 Authorization_RequestDenied: Insufficient privileges to complete the operation.)")
        );
    }

    #[test]
    fn lists_that_each_need_their_own_permission_name_all_that_were_refused() {
        let refused = |permission: &'static str| GraphError { permission, ..denied() };
        let mut subjects = Subjects::default();
        subjects.listed("a", broken(0, refused("B.Read.All")));
        subjects.listed("b", broken(0, refused("A.Read.All")));
        subjects.listed("c", broken(0, refused("B.Read.All")));
        let of = |subjects: &Subjects| judge(Dataset::Governance).subjects(subjects, "lists", 0);
        assert_eq!((of(&subjects).status, of(&subjects).permission.as_deref()), (Status::Denied, Some("B.Read.All and A.Read.All")));
        subjects.listed("0", broken(0, error(GraphErrorKind::Server, Some(503), "x", "y")));
        assert_eq!(of(&subjects).permission.as_deref(), Some("B.Read.All and A.Read.All"), "whichever came first");
    }

    #[test]
    fn the_token_tells_whether_permission_or_role_is_missing() {
        let app = Claims { decoded: true, app_only: true, permissions: vec!["auditlog.read.all".into()], ..Claims::default() };
        let reason = Judge { claims: Some(&app), ..judge(Dataset::SignIns) }.error(&denied()).reason.unwrap();
        assert!(reason.ends_with("the token does not carry Directory.Read.All"), "{reason}");

        let user = Claims { decoded: true, permissions: vec!["AuditLog.Read.All".into()], ..Claims::default() };
        let reason = Judge { claims: Some(&user), ..judge(Dataset::MfaRegistration) }.error(&denied()).reason.unwrap();
        assert!(reason.contains("the signed-in user needs one of: Reports Reader"), "{reason}");

        let opaque = Claims::default();
        let reason = Judge { claims: Some(&opaque), ..judge(Dataset::SignIns) }.error(&denied()).reason.unwrap();
        assert!(!reason.contains("token"), "an opaque token tells nothing: {reason}");
    }

    #[test]
    fn a_missing_licence_is_cross_checked() {
        let error = error(GraphErrorKind::NotPremium, Some(403), "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "no");
        let with = |licensed| Judge { licensed, ..judge(Dataset::SignIns) }.error(&error);

        let absent = with(Some(false));
        assert_eq!(
            (absent.status, absent.licence.as_deref(), absent.permission),
            (Status::Unlicensed, Some("Microsoft Entra ID P1"), None)
        );
        let present = with(Some(true));
        assert_eq!((present.status, present.licence, present.permission.as_deref()), (Status::Denied, None, Some("Directory.Read.All")));
        let unknown = with(None);
        assert_eq!((unknown.status, unknown.permission.as_deref()), (Status::Unlicensed, Some("Directory.Read.All")));
        assert!(unknown.licence.is_some());
    }

    #[test]
    fn absent_in_this_cloud_is_unavailable() {
        let refused = error(GraphErrorKind::BadRequest, Some(400), "BadRequest", "what?");
        assert_eq!(judge(Dataset::Relationships).error(&refused).status, Status::Failed);
        let china = Judge { cloud: "china", ..judge(Dataset::Relationships) };
        for kind in [GraphErrorKind::BadRequest, GraphErrorKind::NotFound, GraphErrorKind::NotImplemented] {
            assert_eq!(china.error(&error(kind, Some(400), "x", "")).status, Status::Unavailable, "{kind}");
        }
        assert_eq!(Judge { cloud: "china", ..judge(Dataset::Groups) }.error(&refused).status, Status::Failed);
        let segment = error(GraphErrorKind::BadRequest, Some(400), "BadRequest", "Resource not found for the segment 'contracts'.");
        assert_eq!(judge(Dataset::Contracts).error(&segment).status, Status::Unavailable);
    }

    #[test]
    fn what_broke_is_failed_and_its_reason_is_the_same_in_every_run() {
        use GraphErrorKind::*;
        for kind in
            [Unauthorized, SignIn, Throttled, Server, Network, OutOfTime, Malformed, PagingLoop, ForeignLink, PageCap, MissingFromBatch]
        {
            assert_eq!(judge(Dataset::Groups).error(&error(kind, None, "", "")).status, Status::Failed, "{kind}");
        }
        for kind in [SignIn, Network, PagingLoop, ForeignLink, Throttled, Server] {
            let reason = describe(&error(kind, None, "", "tcp connect error 127.0.0.1:40123, Trace ID 22222222"));
            assert!(!reason.contains("40123") && !reason.contains("1111") && !reason.contains("Trace"), "{reason}");
        }
    }

    #[test]
    fn a_failed_sign_in_names_its_code_alone() {
        let message = "client-secret: invalid_client: AADSTS7000222: The secret expired. Trace ID: 2222";
        assert_eq!(describe(&error(GraphErrorKind::SignIn, None, "", message)), "no access token (AADSTS7000222)");
        assert_eq!(describe(&error(GraphErrorKind::SignIn, None, "", "no connection to 127.0.0.1:40123")), "no access token");
    }

    #[test]
    fn messages_are_one_short_line() {
        let reason = describe(&error(GraphErrorKind::Malformed, Some(502), "", &format!("<html>\r\n\u{1b}[31m{}", "é".repeat(500))));
        assert!(!reason.chars().any(char::is_control), "{reason}");
        assert!(reason.starts_with("the answer could not be read (502: <html> [31m"), "{reason}");
        assert!(reason.chars().count() < 220);
    }

    #[test]
    fn lists() {
        let judge = judge(Dataset::Relationships);
        assert_eq!(judge.listing(&Listing { records: 7, end: End::Complete }, 7), Coverage::complete(7));
        let first_page = judge.listing(&broken(0, denied()), 0);
        assert_eq!((first_page.status, first_page.truncated), (Status::Denied, false));
        let later = judge.listing(&broken(300, error(GraphErrorKind::Server, Some(503), "", "")), 299);
        assert_eq!((later.status, later.truncated, later.records), (Status::Partial, true, 299));
        assert!(!later.is_complete_for("anything"));
        let capped = judge.listing(&Listing { records: 9, end: End::Capped }, 9);
        assert_eq!((capped.status, capped.capped, capped.truncated), (Status::Partial, true, false));
    }

    #[test]
    fn one_subject_of_many_is_a_gap_with_its_id() {
        let mut subjects = Subjects::default();
        for id in ["r1", "r2", "r3"] {
            subjects.listed(id, Listing { records: 0, end: End::Complete });
        }
        subjects.listed("r4", broken(0, error(GraphErrorKind::Server, Some(500), "InternalServerError", "")));
        subjects.listed("r5", broken(4, error(GraphErrorKind::Network, None, "", "")));
        let coverage = judge(Dataset::Assignments).subjects(&subjects, "relationships", 12);
        assert_eq!((coverage.status, coverage.records, coverage.truncated), (Status::Partial, 12, false));
        assert_eq!(
            coverage.gaps.iter().map(|(id, gap)| (id.as_str(), gap.status)).collect::<Vec<_>>(),
            [("r4", Status::Failed), ("r5", Status::Partial)]
        );
        assert!(coverage.reason.as_deref().unwrap().starts_with("2 of 5 relationships: server errors"), "{:?}", coverage.reason);
        assert!(coverage.is_complete_for("r1") && !coverage.is_complete_for("r4"));
    }

    #[test]
    fn every_subject_refused_is_denied_and_none_asked_is_complete() {
        let mut subjects = Subjects::default();
        assert_eq!(judge(Dataset::Groups).subjects(&subjects, "groups", 0), Coverage::complete(0));
        for id in ["g1", "g2"] {
            subjects.failed(id, denied());
        }
        let coverage = judge(Dataset::Groups).subjects(&subjects, "groups", 0);
        assert_eq!((coverage.status, coverage.permission.as_deref()), (Status::Denied, Some("GroupMember.Read.All")));
        assert!(coverage.gaps.is_empty());
        subjects.failed("g3", error(GraphErrorKind::Server, Some(500), "", ""));
        assert_eq!(judge(Dataset::Groups).subjects(&subjects, "groups", 0).status, Status::Failed);
        subjects.answered("g4");
        assert_eq!(judge(Dataset::Groups).subjects(&subjects, "groups", 1).status, Status::Partial);
    }

    #[test]
    fn a_child_without_subjects_says_what_its_parent_says() {
        assert_eq!(without_subjects(Dataset::Relationships, &Coverage::complete(0)), None);
        assert_eq!(without_subjects(Dataset::Relationships, &Coverage::skipped("x")).unwrap().status, Status::Skipped);
        let parent = judge(Dataset::Relationships).error(&denied());
        let child = without_subjects(Dataset::Relationships, &parent).unwrap();
        assert_eq!(child.status, Status::Denied);
        assert_eq!(child.permission.as_deref(), Some("DelegatedAdminRelationship.Read.All"));
        assert_eq!(child.reason.as_deref(), Some("relationships could not be read"));
    }
}
