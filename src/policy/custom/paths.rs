//! Literal paths in a rule's text, held against the schema of the snapshot: a misspelt field is undefined in Rego, and finds nothing for ever.

use std::collections::BTreeMap;

use regorus::unstable::TokenKind;

use super::fields::{Wanted, datasets_of};
use super::problem::{Spot, nearest};
use super::schema::{Place, Schema, Step};
use super::source::{Defined, Token, is_symbol};

/// Literal paths from `input`, and from names that are bound to one by `import`, or in a rule by `some … in`, `every … in` or `:=`.
pub(super) fn paths(tokens: &[Token], defined: &Defined, wanted: Option<&Wanted>) -> Vec<Spot> {
    let schema = Schema::new();
    let mut starts: Vec<u32> = defined.rules.keys().copied().collect();
    starts.push(u32::MAX);
    let mut spots = Vec::new();
    let before = tokens.iter().take_while(|token| starts.first().is_some_and(|first| token.offset < *first)).count();
    let head = tokens.get(..before).unwrap_or_default();
    let imported = Paths { tokens: head, schema: &schema, wanted, bound: BTreeMap::new(), spots: &mut spots }.import();
    for pair in starts.windows(2) {
        let [from, to] = pair else { continue };
        let of_rule = |token: &&Token| token.offset >= *from && token.offset < *to;
        let first = tokens.iter().position(|token| of_rule(&token)).unwrap_or(tokens.len());
        let count = tokens.iter().filter(of_rule).count();
        let own = tokens.get(first..first + count).unwrap_or_default();
        let mut bound = imported.clone();
        bound.extend(defined.rules.get(from).into_iter().flatten().map(|name| (name.clone(), None)));
        Paths { tokens: own, schema: &schema, wanted, bound, spots: &mut spots }.walk();
    }
    spots
}

/// The paths of one rule.
struct Paths<'a, 's> {
    tokens: &'a [Token],
    schema: &'a Schema,
    wanted: Option<&'a Wanted>,
    /// Names with the place that they stand for; `None`: something else, or more than one thing.
    bound: BTreeMap<String, Option<Place<'a>>>,
    spots: &'s mut Vec<Spot>,
}

impl<'a> Paths<'a, '_> {
    /// Binds first and follows afterwards: a head, or what a comprehension gathers, stands in front of what binds its names.
    fn walk(mut self) {
        for at in self.names() {
            match self.tokens.get(at).map(|token| token.text.as_str()) {
                Some("some" | "every") => self.bind_each(at),
                _ if is_symbol(self.tokens, at + 1, ":=") || is_symbol(self.tokens, at + 1, "=") => self.bind_to(at),
                _ => {}
            }
        }
        self.follow_all();
    }

    /// `import input.tenants`, `import input.tenants as all`: what stands in front of the first rule.
    fn import(mut self) -> BTreeMap<String, Option<Place<'a>>> {
        for at in self.names().into_iter().filter(|at| self.tokens.get(*at).is_some_and(|token| token.text == "import")) {
            let Some((place, next)) = self.start(at + 1).and_then(|start| self.follow(start, at + 2).ok()) else { continue };
            let is_renamed = self.tokens.get(next).is_some_and(|token| token.text == "as");
            let name = if is_renamed { self.tokens.get(next + 1) } else { self.tokens.get(next.wrapping_sub(1)) };
            if let Some(name) = name.filter(|token| token.kind == TokenKind::Ident).map(|token| token.text.clone()) {
                self.bind(name, Some(place));
            }
        }
        self.follow_all();
        self.bound
    }

    /// Where names stand that are no field of what is in front of them.
    fn names(&self) -> Vec<usize> {
        let is_name = |at: &usize| {
            self.tokens.get(*at).is_some_and(|token| token.kind == TokenKind::Ident) && !is_symbol(self.tokens, at.wrapping_sub(1), ".")
        };
        (0..self.tokens.len()).filter(is_name).collect()
    }

    fn follow_all(&mut self) {
        for at in self.names() {
            if let Some(Err(spot)) = self.start(at).map(|start| self.follow(start, at + 1)) {
                self.spots.push(spot);
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

    /// A name that stands for two things is not followed; one that stands for the same thing twice is.
    fn bind(&mut self, name: String, place: Option<Place<'a>>) {
        let place = place.filter(|place| !place.is_anything());
        let known = self.bound.get(&name);
        let place = place.filter(|place| known.is_none_or(|known| known.as_ref() == Some(place)));
        self.bound.insert(name, place);
    }
}
