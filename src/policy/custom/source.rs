//! What a rule's text calls and reads, before it runs: functions that a rule may not have, and literal paths that lead nowhere.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Engine;
use regorus::unstable::{BUILTINS, Lexer, Rule, RuleHead, Source, TokenKind};

use super::fields::Wanted;
use super::paths::paths;
use super::problem::{Spot, nearest};

/// The parser's time doubles with each level of `[` and `{`.
const MAX_DEPTH: usize = 10;

/// How a rule's text is called inside the engine.
pub(super) const NAME: &str = "rule";

/// Functions of OPA that a rule may not call, and what to do instead.
const FORBIDDEN: &[(&str, &str)] = &[
    ("http.send", "a rule has no network: it judges `input` alone"),
    ("net.lookup_ip_addr", "a rule has no network: it judges `input` alone"),
    ("time.now_ns", "a rule has no clock: the run's time is `input.now`, for `time.parse_rfc3339_ns`"),
    ("rand.intn", "a verdict must be the same every time"),
    ("uuid.rfc4122", "a verdict must be the same every time"),
    ("opa.runtime", "a rule sees nothing of the machine: it judges `input` alone"),
    ("rego.metadata.rule", "a rule's header is for this program alone"),
    ("rego.metadata.chain", "a rule's header is for this program alone"),
];

/// Words before a parenthesis that call nothing.
const WORDS: &[&str] =
    &["if", "in", "not", "some", "every", "else", "with", "as", "contains", "default", "import", "package", "print", "set"];

/// A token with its place.
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) text: String,
    /// Line and column.
    pub(super) at: (usize, usize),
    pub(super) offset: u32,
}

/// What would keep the engine's parser busy for ever, if a text is such.
pub(super) fn guard(source: &str) -> anyhow::Result<()> {
    match too_deep(&tokens(source)?).first() {
        None => Ok(()),
        Some(spot) => anyhow::bail!("{}", spot.message),
    }
}

/// Everything that is wrong with a rule's text.
pub(super) fn look(source: &str, wanted: Option<&Wanted>) -> Vec<Spot> {
    let mut spots = problems(source, wanted);
    for spot in &mut spots {
        spot.column = in_characters(source, spot.line, spot.column);
    }
    spots.sort();
    spots.dedup();
    spots
}

/// The engine counts a tab as four columns, an editor as one character.
fn in_characters(source: &str, line: usize, column: usize) -> usize {
    let text = source.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let mut at = 1;
    let before = text.chars().take_while(|c| {
        let is_before = at < column;
        at += if *c == '\t' { 4 } else { 1 };
        is_before
    });
    before.count() + 1
}

fn problems(source: &str, wanted: Option<&Wanted>) -> Vec<Spot> {
    let tokens = match tokens(source) {
        Ok(tokens) => tokens,
        Err(error) => return vec![spot_of(&error, "")],
    };
    let mut spots = too_deep(&tokens);
    if spots.is_empty() {
        let mut engine = Engine::new();
        match engine.add_policy(NAME.into(), source.into()) {
            Ok(_) => {
                let defined = defined(&mut engine);
                if !defined.names.contains("findings") {
                    let spot =
                        Spot::new((1, 1), "it defines no `findings`").help("a rule says what it finds with `findings contains {…} if {…}`");
                    spots.push(spot);
                }
                spots.extend(calls(&tokens, &defined));
                spots.extend(paths(&tokens, &defined, wanted));
            }
            Err(error) => {
                spots.push(spot_of(&error, "it does not parse: "));
                spots.extend(calls(&tokens, &Defined::default()).into_iter().filter(|spot| is_forbidden(&spot.message)));
            }
        }
    }
    spots
}

fn is_forbidden(message: &str) -> bool {
    message.starts_with("a rule may not call")
}

/// The engine's message with its place: `--> rule:3:5`, the line, and `error: …` below it.
pub(super) fn spot_of(error: &anyhow::Error, before: &str) -> Spot {
    let text = error.to_string();
    let place = text.split("--> ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let mut numbers = place.split(':').skip(1).map(|number| number.trim().parse().unwrap_or(1));
    let at = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1));
    let message = text.rsplit("error: ").next().unwrap_or(&text).lines().next().unwrap_or_default().trim();
    Spot::new(at, format!("{before}{message}"))
}

fn tokens(source: &str) -> anyhow::Result<Vec<Token>> {
    let source = Source::from_contents(NAME.into(), source.into())?;
    let mut lexer = Lexer::new(&source);
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next_token()?;
        let span = &token.1;
        if token.0 == TokenKind::Eof {
            return Ok(tokens);
        }
        let at = (span.line as usize, span.col as usize);
        tokens.push(Token { kind: token.0, text: span.text().to_owned(), at, offset: span.start });
    }
}

fn too_deep(tokens: &[Token]) -> Vec<Spot> {
    let mut depth = 0_usize;
    for token in tokens.iter().filter(|token| token.kind == TokenKind::Symbol) {
        match token.text.as_str() {
            "[" | "{" => depth += 1,
            "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let message = format!("brackets nest deeper than {MAX_DEPTH} levels here");
            return vec![Spot::new(token.at, message).help("give the inner part a name: a rule or a function of its own")];
        }
    }
    Vec::new()
}

/// What a rule's text defines.
#[derive(Default)]
pub(super) struct Defined {
    names: BTreeSet<String>,
    /// Where each rule begins, and the names that its head binds.
    pub(super) rules: BTreeMap<u32, BTreeSet<String>>,
}

fn defined(engine: &mut Engine) -> Defined {
    let mut defined = Defined::default();
    for rule in engine.get_modules().iter().flat_map(|module| module.policy.iter()) {
        let Rule::Spec { head, .. } = rule.as_ref() else { continue };
        let (refr, args) = match head {
            RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } => (refr, &[][..]),
            RuleHead::Func { refr, args, .. } => (refr, args.as_slice()),
        };
        defined.names.insert(refr.span().text().to_owned());
        defined.rules.insert(rule.span().start, args.iter().map(|arg| arg.span().text().to_owned()).collect());
    }
    defined
}

/// Functions that a rule may not call, and those that nobody defines: the engine would tell only when it comes to them.
fn calls(tokens: &[Token], defined: &Defined) -> Vec<Spot> {
    let mut spots = Vec::new();
    let mut at = 0;
    while let Some(first) = tokens.get(at) {
        let starts = first.kind == TokenKind::Ident && !is_symbol(tokens, at.wrapping_sub(1), ".");
        if !starts {
            at += 1;
            continue;
        }
        let (name, next) = dotted(tokens, at);
        let forbidden = FORBIDDEN.iter().find(|(forbidden, _)| *forbidden == name);
        if let Some((name, instead)) = forbidden {
            spots.push(Spot::new(first.at, format!("a rule may not call `{name}`")).help(*instead));
        } else if is_call(tokens, next) && !is_known(&name, defined) {
            let known = BUILTINS.keys().copied().chain(defined.names.iter().map(String::as_str));
            spots.push(Spot::new(first.at, format!("there is no function `{name}`")).maybe(nearest(&name, known)));
        }
        at = next.max(at + 1);
    }
    spots
}

/// A call's parenthesis stands right behind the name.
fn is_call(tokens: &[Token], next: usize) -> bool {
    let touches = |before: &Token, after: &Token| before.offset as usize + before.text.len() == after.offset as usize;
    is_symbol(tokens, next, "(")
        && tokens.get(next.wrapping_sub(1)).zip(tokens.get(next)).is_some_and(|(before, after)| touches(before, after))
}

fn is_known(name: &str, defined: &Defined) -> bool {
    WORDS.contains(&name) || name.starts_with("data.") || BUILTINS.contains_key(name) || defined.names.contains(name)
}

pub(super) fn is_symbol(tokens: &[Token], at: usize, text: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.kind == TokenKind::Symbol && token.text == text)
}

/// A name with its dots, and the token behind it. `http["send"]` is `http.send`: the engine calls the one as it does the other.
fn dotted(tokens: &[Token], at: usize) -> (String, usize) {
    let mut name = tokens.get(at).map(|token| token.text.clone()).unwrap_or_default();
    let mut next = at + 1;
    loop {
        let is_dot = is_symbol(tokens, next, ".");
        let is_quoted = !is_dot && is_symbol(tokens, next, "[") && is_symbol(tokens, next + 2, "]");
        let is_part = |token: &&Token| match token.kind {
            TokenKind::Ident => is_dot,
            TokenKind::String | TokenKind::RawString => is_quoted,
            _ => false,
        };
        let Some(part) = tokens.get(next + 1).filter(is_part) else { break };
        name.push('.');
        name.push_str(&part.text);
        next += if is_dot { 2 } else { 3 };
    }
    (name, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(partner: &[&str]) -> Wanted {
        Wanted { partner: partner.iter().map(|name| (*name).to_owned()).collect(), customer: BTreeSet::new() }
    }

    fn spots(body: &str) -> Vec<String> {
        let source = format!("package acme\n\n{body}");
        let wanted = wanted(&["relationships", "groupMembers", "principals"]);
        look(&source, Some(&wanted)).into_iter().map(|spot| format!("{}:{}: {}", spot.line, spot.column, spot.message)).collect()
    }

    #[test]
    fn a_rule_that_reads_what_is_there() {
        let rule = r#"
long(r, days) if days_of(r.duration) > days

days_of(x) := n if { n := to_number(trim(x, "PD")) }

findings contains {"subject": {"kind": "relationship", "id": r.id, "name": r.displayName}, "at": t.tenantId} if {
	some t in input.tenants
	some r in t.partner.relationships
	r.status == "active"
	long(r, 365)
	every g, members in t.partner.groupMembers { count(members) > 0; g != "" }
	name := r.customer.displayName
	not startswith(name, "x")
	time.parse_rfc3339_ns(input.now) > time.parse_rfc3339_ns(r.endDateTime)
	p := [x | some x in t.partner.principals; x.kind == "user"]
	input.tenants[0]["partner"].relationships[i].id == input["collectedAt"]
	some i
}
"#;
        assert_eq!(spots(rule), Vec::<String>::new());
    }

    #[test]
    fn paths_that_lead_nowhere() {
        let rule = r#"findings contains x if {
	some t in input.tenant
	some u in input.tenants
	some r in u.partner.relationships
	r.stauts == "active"
	x := input["tenants"][_].partner.relationships[_].customer.name
	y := u.partner.signIns.events
	z := input.tenants.partner
	w := r.customer
	w.tenantID == "x"
}
"#;
        assert_eq!(
            spots(rule),
            [
                "4:18: the snapshot has no field `tenant` here",
                "7:4: the snapshot has no field `stauts` here",
                "8:61: the snapshot has no field `name` here",
                "9:17: the rule reads `signIns`, and its header does not name sign-ins",
                "10:21: this is a list, so it has no field `partner`: go through it with `[_]`",
                "12:4: the snapshot has no field `tenantID` here",
            ]
        );
    }

    #[test]
    fn names_are_followed_wherever_they_stand() {
        let rule = "import input.tenant\nimport input.tenants as all\nimport input.tenants\n\nfindings contains {\"id\": r.idd} if {\n\tsome t in all\n\tsome r in t.partner.relationship\n\t\
                    n := {g.tenantId | some g in input.tenants}\n\tm := {h.tenantID | some h in tenants}\n\tall[_].tenant == n\n}\n\n\
                    findings contains {\"id\": r.idd} if some r in input.tenants[_].partner.relationships\n";
        assert_eq!(
            spots(rule),
            [
                "3:14: the snapshot has no field `tenant` here",
                "9:22: the snapshot has no field `relationship` here",
                "11:10: the snapshot has no field `tenantID` here",
                "12:9: the snapshot has no field `tenant` here",
                "15:28: the snapshot has no field `idd` here",
            ]
        );
        // A comprehension may use a name of the rule for something else.
        let again = "findings contains x if {\n\tsome r in input.tenants[_].partner.relationships\n\tx := {r.tenantId | some r in input.tenants}\n}\n";
        assert_eq!(spots(again), Vec::<String>::new());
    }

    #[test]
    fn a_name_with_two_meanings_is_not_followed() {
        let rule = "f(r) := r.anything\n\nfindings contains x if {\n\tsome r in input.tenants\n\tx := r.tenantId\n\tsome r in [1]\n}\n\n\
                    other contains x if {\n\tx := {\"a\": 1}\n\tx.a == 1\n\tsome a, b\n\ty := [a, b]\n\ty[a].c == b.d\n}\n";
        assert_eq!(spots(rule), Vec::<String>::new());
    }

    #[test]
    fn functions_that_a_rule_may_not_call_and_those_that_there_are_not() {
        let rule = "findings contains x if {\n\tx := http.send({\"url\": \"https://x\"})\n\ttime.now_ns() > 1\n\trand.intn(\"x\", 2) == 1\n\tcuont(x) == 1\n\tn := (1 + 2)\n\tx in (x)\n\ttime[\"now_ns\"]() > 1\n}\n";
        assert_eq!(
            spots(rule),
            [
                "4:7: a rule may not call `http.send`",
                "5:2: a rule may not call `time.now_ns`",
                "6:2: a rule may not call `rand.intn`",
                "7:2: there is no function `cuont`",
                "10:2: a rule may not call `time.now_ns`",
            ]
        );
    }

    #[test]
    fn what_does_not_parse_says_where() {
        let found = spots("findings contains x if {\n\tx := \n}\n");
        assert!(found[0].starts_with("4:") && found[0].contains("it does not parse: "), "{found:?}");
        assert_eq!(spots("other := 1\n"), ["1:1: it defines no `findings`"]);
        assert!(spots("findings := \"open\n")[0].starts_with("3:"), "{:?}", spots("findings := \"open\n"));
    }

    #[test]
    fn deep_nesting_is_refused_before_it_is_parsed() {
        let deep = |open: &str, close: &str| spots(&format!("findings := {}{}\n", open.repeat(30), close.repeat(30)));
        assert_eq!(deep("[", "]"), ["3:23: brackets nest deeper than 10 levels here"]);
        assert_eq!(deep("{", "}"), ["3:23: brackets nest deeper than 10 levels here"]);
    }
}
