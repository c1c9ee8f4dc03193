//! What a rule's text calls and reads, before it runs: functions that a rule may not have, and literal paths that lead nowhere.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Engine;
use regorus::unstable::{BUILTINS, Lexer, Rule, RuleHead, Source, TokenKind};

use super::fields::{Wanted, datasets_of};
use super::problem::{Spot, nearest};
use super::schema::{Place, Schema, Step};

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

struct Token {
    kind: TokenKind,
    text: String,
    at: (usize, usize),
    offset: u32,
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
struct Defined {
    names: BTreeSet<String>,
    /// Where each rule begins, and the names that its head binds.
    rules: BTreeMap<u32, BTreeSet<String>>,
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

fn is_symbol(tokens: &[Token], at: usize, text: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.kind == TokenKind::Symbol && token.text == text)
}

/// A name with its dots, and the token behind it.
fn dotted(tokens: &[Token], at: usize) -> (String, usize) {
    let mut name = tokens.get(at).map(|token| token.text.clone()).unwrap_or_default();
    let mut next = at + 1;
    while is_symbol(tokens, next, ".") {
        let Some(part) = tokens.get(next + 1).filter(|token| token.kind == TokenKind::Ident) else { break };
        name.push('.');
        name.push_str(&part.text);
        next += 2;
    }
    (name, next)
}

/// Literal paths from `input`, and from names that a rule binds to one by `some … in`, `every … in` or `:=`.
fn paths(tokens: &[Token], defined: &Defined, wanted: Option<&Wanted>) -> Vec<Spot> {
    let schema = Schema::new();
    let mut starts: Vec<u32> = defined.rules.keys().copied().collect();
    starts.push(u32::MAX);
    let mut spots = Vec::new();
    for pair in starts.windows(2) {
        let [from, to] = pair else { continue };
        let of_rule = |token: &&Token| token.offset >= *from && token.offset < *to;
        let first = tokens.iter().position(|token| of_rule(&token)).unwrap_or(tokens.len());
        let count = tokens.iter().filter(of_rule).count();
        let own = tokens.get(first..first + count).unwrap_or_default();
        let bound = defined.rules.get(from).into_iter().flatten().map(|name| (name.clone(), None)).collect();
        Paths { tokens: own, schema: &schema, wanted, bound, spots: &mut spots }.walk();
    }
    spots
}

/// The paths of one rule.
struct Paths<'a> {
    tokens: &'a [Token],
    schema: &'a Schema,
    wanted: Option<&'a Wanted>,
    /// Names with the place that they stand for; `None`: something else, or more than one thing.
    bound: BTreeMap<String, Option<Place<'a>>>,
    spots: &'a mut Vec<Spot>,
}

impl<'a> Paths<'a> {
    fn walk(mut self) {
        for at in 0..self.tokens.len() {
            let Some(token) = self.tokens.get(at).filter(|token| token.kind == TokenKind::Ident) else { continue };
            if is_symbol(self.tokens, at.wrapping_sub(1), ".") {
                continue;
            }
            match token.text.as_str() {
                "some" | "every" => self.bind_each(at),
                _ if is_symbol(self.tokens, at + 1, ":=") || is_symbol(self.tokens, at + 1, "=") => self.bind_to(at),
                _ => {}
            }
            if let Some(start) = self.start(at) {
                match self.follow(start, at + 1) {
                    Ok(_) => {}
                    Err(spot) => self.spots.push(spot),
                }
            }
        }
    }

    /// What a name stands for, if it stands for a place.
    fn start(&self, at: usize) -> Option<Place<'a>> {
        let token = self.tokens.get(at).filter(|token| token.kind == TokenKind::Ident)?;
        match token.text.as_str() {
            "input" => Some(self.schema.input()),
            name => self.bound.get(name).cloned().flatten(),
        }
    }

    /// Follows the steps behind a name: the place, and the token behind the path.
    fn follow(&self, mut place: Place<'a>, mut at: usize) -> Result<(Place<'a>, usize), Spot> {
        while let Some((step, place_of_step, next)) = self.step(at) {
            if let (Some(view), Step::Field(name)) = (place.view(), &step) {
                self.declared(view, name, place_of_step)?;
            }
            place = self.schema.step(&place, &step).map_err(|wrong| {
                let near = match &step {
                    Step::Field(name) => nearest(name, wrong.names.iter().map(String::as_str)),
                    Step::Any => None,
                };
                Spot::new(place_of_step, wrong.message)
                    .maybe(near.or_else(|| Some("`partnerscope schema snapshot` prints what there is".into())))
            })?;
            at = next;
        }
        Ok((place, at))
    }

    /// A rule that does not say what it reads would look clean where that was not read.
    fn declared(&self, view: crate::domain::View, fact: &str, at: (usize, usize)) -> Result<(), Spot> {
        let Some(wanted) = self.wanted else { return Ok(()) };
        let datasets = datasets_of(view, fact);
        if datasets.is_empty() || wanted.in_view(view).contains(fact) {
            return Ok(());
        }
        let names = datasets.iter().map(|dataset| dataset.name()).collect::<Vec<_>>().join(" or ");
        let message = format!("the rule reads `{fact}`, and its header does not name {names}");
        Err(Spot::new(at, message).help(format!("add it below `datasets` (and its view to `view`): `{}: required`", datasets[0])))
    }

    fn step(&self, at: usize) -> Option<(Step, (usize, usize), usize)> {
        if is_symbol(self.tokens, at, ".") {
            let name = self.tokens.get(at + 1).filter(|token| token.kind == TokenKind::Ident)?;
            return Some((Step::Field(name.text.clone()), name.at, at + 2));
        }
        let open = self.tokens.get(at).filter(|_| is_symbol(self.tokens, at, "["))?;
        // A list of its own begins behind a space or on another line.
        let before = self.tokens.get(at.checked_sub(1)?)?;
        if before.kind != TokenKind::String && before.offset as usize + before.text.len() != open.offset as usize {
            return None;
        }
        let inner = self.tokens.get(at + 1)?;
        if matches!(inner.kind, TokenKind::String | TokenKind::RawString) && is_symbol(self.tokens, at + 2, "]") {
            return Some((Step::Field(inner.text.clone()), inner.at, at + 3));
        }
        let mut depth = 0_usize;
        for (offset, token) in self.tokens.get(at..)?.iter().enumerate().filter(|(_, token)| token.kind == TokenKind::Symbol) {
            match token.text.as_str() {
                "[" => depth += 1,
                "]" if depth == 1 => return Some((Step::Any, inner.at, at + offset + 1)),
                "]" => depth -= 1,
                _ => {}
            }
        }
        None
    }

    /// `some x in PATH`, `some k, x in PATH`, `every x in PATH`, `some x`.
    fn bind_each(&mut self, at: usize) {
        let mut names = Vec::new();
        let mut next = at + 1;
        while let Some(name) = self.tokens.get(next).filter(|token| token.kind == TokenKind::Ident && token.text != "in") {
            names.push(name.text.clone());
            next += 1;
            if !is_symbol(self.tokens, next, ",") {
                break;
            }
            next += 1;
        }
        let is_in = self.tokens.get(next).is_some_and(|token| token.text == "in");
        let element = self.path(next + 1).filter(|_| is_in).and_then(|place| self.schema.step(&place, &Step::Any).ok());
        let last = names.pop();
        for name in names {
            self.bind(name, None);
        }
        if let Some(name) = last {
            self.bind(name, element);
        }
    }

    /// `x := PATH`.
    fn bind_to(&mut self, at: usize) {
        let place = self.path(at + 2);
        if let Some(name) = self.tokens.get(at).map(|token| token.text.clone()) {
            self.bind(name, place);
        }
    }

    /// The place of a path that is all there is up to the end of its expression.
    fn path(&self, at: usize) -> Option<Place<'a>> {
        let (place, next) = self.follow(self.start(at)?, at + 1).ok()?;
        let last = self.tokens.get(next - 1)?;
        let ends = match self.tokens.get(next) {
            None => true,
            Some(after) => after.at.0 > last.at.0 || [";", "}", "]", ")", "{", ","].contains(&after.text.as_str()),
        };
        ends.then_some(place)
    }

    /// A name that stands for two things is not followed.
    fn bind(&mut self, name: String, place: Option<Place<'a>>) {
        let place = place.filter(|place| !place.is_anything());
        let place = if self.bound.contains_key(&name) { None } else { place };
        self.bound.insert(name, place);
    }
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
    fn a_name_with_two_meanings_is_not_followed() {
        let rule = "f(r) := r.anything\n\nfindings contains x if {\n\tsome r in input.tenants\n\tx := r.tenantId\n\tsome r in [1]\n}\n\n\
                    other contains x if {\n\tx := {\"a\": 1}\n\tx.a == 1\n\tsome a, b\n\ty := [a, b]\n\ty[a].c == b.d\n}\n";
        assert_eq!(spots(rule), Vec::<String>::new());
    }

    #[test]
    fn functions_that_a_rule_may_not_call_and_those_that_there_are_not() {
        let rule = "findings contains x if {\n\tx := http.send({\"url\": \"https://x\"})\n\ttime.now_ns() > 1\n\trand.intn(\"x\", 2) == 1\n\tcuont(x) == 1\n\tn := (1 + 2)\n\tx in (x)\n}\n";
        assert_eq!(
            spots(rule),
            [
                "4:7: a rule may not call `http.send`",
                "5:2: a rule may not call `time.now_ns`",
                "6:2: a rule may not call `rand.intn`",
                "7:2: there is no function `cuont`",
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
