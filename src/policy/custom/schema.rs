//! The JSON Schema of the snapshot, walked as a rule's paths walk the input.

use serde_json::Value;

use crate::domain::{Snapshot, View};

/// What a rule is given: the snapshot's schema and the run's time.
#[derive(Debug)]
pub(super) struct Schema(Value);

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// `.name`, `["name"]`.
    Field(String),
    /// `[_]`, `[i]`.
    Any,
}

/// Where a path has come to: the shapes that a value can have here. Empty: anything.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place<'a>(Vec<Shape<'a>>);

#[derive(Debug, Clone, Copy, PartialEq)]
struct Shape<'a> {
    schema: &'a Value,
    definition: &'a str,
}

/// A step that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoSuchStep {
    /// What is wrong, in words.
    pub(super) message: String,
    /// The names that are there.
    pub(super) names: Vec<String>,
}

impl Schema {
    /// That of this version.
    pub(super) fn new() -> Schema {
        let mut schema = schemars::schema_for!(Snapshot).to_value();
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("now".into(), serde_json::json!({ "type": "string" }));
        }
        Schema(schema)
    }

    /// `input` itself.
    pub(super) fn input(&self) -> Place<'_> {
        Place(vec![Shape { schema: &self.0, definition: "" }])
    }

    /// The facts of a view.
    pub(super) fn facts(&self, view: View) -> Place<'_> {
        let definition = match view {
            View::Partner => "PartnerFacts",
            View::Customer => "CustomerFacts",
        };
        Place(self.0.get("$defs").and_then(|all| all.get(definition)).map(|schema| Shape { schema, definition }).into_iter().collect())
    }

    /// Goes one step.
    pub(super) fn step<'a>(&'a self, from: &Place<'a>, step: &Step) -> Result<Place<'a>, NoSuchStep> {
        let shapes = self.plain(&from.0);
        let mut found = Vec::new();
        for shape in &shapes {
            match one(*shape, step) {
                Found::Here(schema) => found.push(Shape { schema, definition: "" }),
                Found::Anything => return Ok(Place(Vec::new())),
                Found::Nothing => {}
            }
        }
        match found.is_empty() && !shapes.is_empty() {
            true => Err(no_such(&shapes, step)),
            false => Ok(Place(self.plain(&found))),
        }
    }

    /// Goes through lists and maps to what they hold.
    pub(super) fn elements<'a>(&'a self, place: &Place<'a>) -> Place<'a> {
        let mut place = place.clone();
        while place.is_container() {
            match self.step(&place, &Step::Any) {
                Ok(next) => place = next,
                Err(_) => break,
            }
        }
        place
    }

    /// Follows references and alternatives.
    fn plain<'a>(&'a self, shapes: &[Shape<'a>]) -> Vec<Shape<'a>> {
        let mut plain = Vec::new();
        let mut open: Vec<Shape<'a>> = shapes.to_vec();
        while let Some(shape) = open.pop() {
            let alternatives = ["anyOf", "oneOf", "allOf"].iter().find_map(|key| shape.schema.get(key)).and_then(Value::as_array);
            if let Some(name) = shape.schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix("#/$defs/")) {
                if let Some((name, schema)) = self.0.get("$defs").and_then(Value::as_object).and_then(|all| all.get_key_value(name)) {
                    open.push(Shape { schema, definition: name });
                }
            } else if let Some(alternatives) = alternatives {
                open.extend(alternatives.iter().map(|schema| Shape { schema, definition: shape.definition }));
            } else {
                plain.push(shape);
            }
        }
        plain
    }
}

impl Place<'_> {
    /// The view whose facts these are, if they are facts.
    pub(super) fn view(&self) -> Option<View> {
        self.0.iter().find_map(|shape| match shape.definition {
            "PartnerFacts" => Some(View::Partner),
            "CustomerFacts" => Some(View::Customer),
            _ => None,
        })
    }

    /// True if anything may stand here.
    pub(super) fn is_anything(&self) -> bool {
        self.0.is_empty()
    }

    fn is_container(&self) -> bool {
        self.0.iter().any(|shape| is_list(shape.schema) || shape.schema.get("additionalProperties").is_some_and(Value::is_object))
    }
}

enum Found<'a> {
    Here(&'a Value),
    Anything,
    Nothing,
}

fn is_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(many)) => many.iter().any(|one| one == name),
        _ => false,
    }
}

fn is_list(schema: &Value) -> bool {
    is_type(schema, "array")
}

fn one<'a>(shape: Shape<'a>, step: &Step) -> Found<'a> {
    let schema = shape.schema;
    if !schema.is_object() {
        return Found::Anything;
    }
    let map = schema.get("additionalProperties").filter(|values| values.is_object());
    match step {
        Step::Field(name) => match (schema.get("properties").and_then(|all| all.get(name)), map) {
            (Some(field), _) | (None, Some(field)) => Found::Here(field),
            (None, None) => Found::Nothing,
        },
        Step::Any if is_list(schema) => schema.get("items").map_or(Found::Anything, Found::Here),
        Step::Any => match (map, schema.get("properties")) {
            (Some(field), _) => Found::Here(field),
            (None, Some(_)) => Found::Anything,
            (None, None) => Found::Nothing,
        },
    }
}

fn no_such(shapes: &[Shape<'_>], step: &Step) -> NoSuchStep {
    let names: Vec<String> = shapes
        .iter()
        .filter_map(|shape| shape.schema.get("properties").and_then(Value::as_object))
        .flat_map(|all| all.keys().cloned())
        .collect();
    let message = match step {
        Step::Field(name) if !names.is_empty() => format!("the snapshot has no field `{name}` here"),
        Step::Field(name) if shapes.iter().any(|shape| is_list(shape.schema)) => {
            format!("this is a list, so it has no field `{name}`: go through it with `[_]`")
        }
        Step::Field(name) => format!("this is a single value, so it has no field `{name}`"),
        Step::Any => "this is a single value, and no list".to_owned(),
    };
    NoSuchStep { message, names }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(path: &str) -> Result<bool, String> {
        let schema = Schema::new();
        let mut place = schema.input();
        for part in path.split('.') {
            let step = if part == "*" { Step::Any } else { Step::Field(part.to_owned()) };
            place = schema.step(&place, &step).map_err(|wrong| wrong.message)?;
        }
        Ok(place.is_anything())
    }

    #[test]
    fn paths_that_are_there() {
        for path in [
            "now",
            "tenants.*.tenantId",
            "tenants.*.partner.relationships.*.customer.tenantId",
            "tenants.*.partner.groupMembers.*.*",
            "tenants.*.partner.groupMembers.g1.*",
            "tenants.*.coverage.sign-ins.status",
            "tenants.*.customer.conditionalAccess.*",
            "tenants.*.partner.signIns.events.*.position.*",
        ] {
            walk(path).unwrap_or_else(|message| panic!("{path}: {message}"));
        }
    }

    #[test]
    fn paths_that_are_not() {
        for (path, says) in [
            ("tenant", "the snapshot has no field `tenant` here"),
            ("tenants.partner", "this is a list, so it has no field `partner`: go through it with `[_]`"),
            ("tenants.*.partner.relationship", "the snapshot has no field `relationship` here"),
            ("tenants.*.partner.relationships.*.customer.tenantID", "the snapshot has no field `tenantID` here"),
            ("tenants.*.tenantId.x", "this is a single value, so it has no field `x`"),
            ("tenants.*.tenantId.*", "this is a single value, and no list"),
        ] {
            assert_eq!(walk(path), Err(says.to_owned()), "{path}");
        }
    }

    #[test]
    fn facts_know_their_view() {
        let schema = Schema::new();
        let go = |from: &Place<'_>, name: &str| schema.step(from, &Step::Field(name.into())).unwrap().view();
        let tenant = schema.step(&schema.step(&schema.input(), &Step::Field("tenants".into())).unwrap(), &Step::Any).unwrap();
        assert_eq!((go(&tenant, "partner"), go(&tenant, "customer")), (Some(View::Partner), Some(View::Customer)));
        assert_eq!(schema.facts(View::Customer).view(), Some(View::Customer));
    }
}
