//! JSON to Rego values, a string that comes again kept once: most strings of a log are the same few ids and words.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use regorus::Value;
use regorus::value::{Array, Object};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Longer strings are seldom seen twice.
const SHORT: usize = 64;

/// Reads one value.
#[derive(Debug, Default)]
pub(super) struct Reader {
    known: HashSet<Arc<str>>,
}

impl Reader {
    fn text(&mut self, text: &str) -> Value {
        if text.len() > SHORT {
            return Value::String(text.into());
        }
        if let Some(known) = self.known.get(text) {
            return Value::String(Arc::clone(known));
        }
        let new: Arc<str> = text.into();
        self.known.insert(Arc::clone(&new));
        Value::String(new)
    }
}

impl<'de> DeserializeSeed<'de> for &mut Reader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(self.text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(&mut *self)? {
            list.push(item);
        }
        Ok(Value::Array(Arc::new(Array::from(list))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(key) = entries.next_key_seed(&mut *self)? {
            list.push((key, entries.next_value_seed(&mut *self)?));
        }
        Ok(Value::Object(Arc::new(list.into_iter().collect::<Object>())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_the_library_reads() {
        let text = r#"{"a":[1,-2,2.5,null,true,"x","x",{"a":"x"}],"b":{"":""},"c":12345678901234567890}"#;
        let mut reader = Reader::default();
        let read = reader.deserialize(&mut serde_json::Deserializer::from_reader(text.as_bytes())).unwrap();
        assert_eq!(read, Value::from_json_str(text).unwrap());
        assert_eq!(reader.known.len(), 5, "a, x, b, c and nothing");
    }
}
