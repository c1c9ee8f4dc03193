//! How every JSON of this program is written, and how its schema is made.

use std::io;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter};

use crate::report::RenderError;
use crate::report::escape::is_hidden;

/// A value as JSON: keys in the order of its shape, two blanks a level, a final newline.
///
/// # Errors
/// The serialiser failed.
pub(super) fn text(value: &impl Serialize) -> Result<String, RenderError> {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Harmless(PrettyFormatter::new()));
    value.serialize(&mut serializer).map_err(RenderError::Json)?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(RenderError::NotText)
}

/// The JSON Schema (draft 2020-12) of what [`text`] writes of a shape.
pub(super) fn schema_of<T: JsonSchema>(id: &str, title: &str) -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("$id".into(), id.into());
    schema.insert("title".into(), title.into());
    let mut schema = schema.to_value();
    absent_is_not_null(&mut schema);
    schema
}

/// A field that may be missing is missing where there is nothing to say, never null: a null is not what [`text`] writes.
fn absent_is_not_null(schema: &mut serde_json::Value) {
    let defs = schema.get_mut("$defs").and_then(serde_json::Value::as_object_mut);
    for def in defs.into_iter().flat_map(|defs| defs.values_mut()) {
        let required = def.get("required").cloned().unwrap_or_default();
        let is_required = |name: &str| required.as_array().is_some_and(|names| names.iter().any(|required| required == name));
        let properties = def.get_mut("properties").and_then(serde_json::Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            if is_required(name) {
                continue;
            }
            for alternatives in ["type", "anyOf"] {
                let Some(list) = property.get_mut(alternatives) else { continue };
                if let Some(several) = list.as_array_mut() {
                    several.retain(|one| one != "null" && one.get("type").is_none_or(|kind| kind != "null"));
                    if alternatives == "type" && several.len() == 1 {
                        *list = several.remove(0);
                    }
                }
            }
        }
    }
}

/// Writes hidden characters as `\uXXXX`, so that `cat report.json` moves no cursor and reorders no line. The value stays the same.
struct Harmless<'i>(PrettyFormatter<'i>);

impl Formatter for Harmless<'_> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut written = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_hidden(*c)) {
            writer.write_all(&fragment.as_bytes()[written..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            written = at + c.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[written..])
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(writer, escape)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
