//! Lenient readings of Graph's JSON.
//!
//! Graph sends null, nothing, or an empty string where a value is missing, and has been seen to send a number or a boolean as text.
//! None of this may cost a record, so a scalar of any JSON type is read, and what does not fit is read as "not said".

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::domain::{IsoDuration, Timestamp};

/// Any JSON value, of which only scalars are kept.
enum Scalar {
    Nothing,
    Text(String),
    Bool(bool),
    Int(i64),
    Float(f64),
    Other(String),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Scalar;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("any JSON value")
            }

            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                let text = text.trim();
                Ok(if text.is_empty() { Scalar::Nothing } else { Scalar::Text(text.to_owned()) })
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Int(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                Ok(i64::try_from(value).map_or_else(|_| Scalar::Other(value.to_string()), Scalar::Int))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar::Float(value))
            }

            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar::Nothing)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scalar, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Nothing)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Scalar, A::Error> {
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Nothing)
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// Text; nothing where Graph sent null, nothing or blanks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Scalar")]
pub(super) struct Text(Option<String>);

impl From<Scalar> for Text {
    fn from(scalar: Scalar) -> Self {
        Text(match scalar {
            Scalar::Nothing => None,
            Scalar::Text(text) | Scalar::Other(text) => Some(text),
            Scalar::Bool(value) => Some(value.to_string()),
            Scalar::Int(value) => Some(value.to_string()),
            Scalar::Float(value) => Some(value.to_string()),
        })
    }
}

impl Text {
    /// As it was written.
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// As it was written, owned.
    pub(super) fn take(self) -> Option<String> {
        self.0
    }

    /// An id: lower case.
    pub(super) fn id(&self) -> Option<String> {
        self.get().map(str::to_ascii_lowercase)
    }

    /// A duration, kept as written.
    pub(super) fn duration(self) -> Option<IsoDuration> {
        self.0.map(IsoDuration)
    }
}

/// True, false or not said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Scalar")]
pub(super) struct Flag(pub(super) Option<bool>);

impl From<Scalar> for Flag {
    fn from(scalar: Scalar) -> Self {
        Flag(match scalar {
            Scalar::Bool(value) => Some(value),
            Scalar::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Scalar::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        })
    }
}

/// A point in time; nothing where there is none that can be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Scalar")]
pub(super) struct Time(pub(super) Option<Timestamp>);

impl From<Scalar> for Time {
    fn from(scalar: Scalar) -> Self {
        Time(match scalar {
            Scalar::Text(text) => Timestamp::parse(&text),
            _ => None,
        })
    }
}

/// A whole number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Scalar")]
pub(super) struct Int(pub(super) Option<i64>);

impl From<Scalar> for Int {
    fn from(scalar: Scalar) -> Self {
        Int(match scalar {
            Scalar::Int(value) => Some(value),
            Scalar::Text(text) => text.parse().ok(),
            _ => None,
        })
    }
}

/// A number with a fraction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(from = "Scalar")]
pub(super) struct Number(pub(super) Option<f32>);

impl From<Scalar> for Number {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "degrees of latitude and longitude are small")]
    fn from(scalar: Scalar) -> Self {
        Number(match scalar {
            Scalar::Int(value) => Some(value as f32),
            Scalar::Float(value) => Some(value as f32).filter(|value| value.is_finite()),
            Scalar::Text(text) | Scalar::Other(text) => text.parse().ok().filter(|value: &f32| value.is_finite()),
            _ => None,
        })
    }
}

/// A list; empty where Graph sent null or no list. Null elements are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Items<T>(pub(super) Vec<T>);

impl<T> Default for Items<T> {
    fn default() -> Self {
        Items(Vec::new())
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient(PhantomData)).map(|shape| match shape {
            Shape::List(items) => Items(items),
            _ => Items::default(),
        })
    }
}

/// An object; nothing where Graph sent null or no object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object<T>(pub(super) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Object(None)
    }
}

impl<T: Default> Object<T> {
    /// The object, or an empty one.
    pub(super) fn or_empty(self) -> T {
        self.0.unwrap_or_default()
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient(PhantomData)).map(|shape| match shape {
            Shape::One(object) => Object(Some(object)),
            _ => Object(None),
        })
    }
}

/// A JSON value by its shape.
enum Shape<T> {
    List(Vec<T>),
    One(T),
    Neither,
}

struct Lenient<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for Lenient<T> {
    type Value = Shape<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Shape<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element::<Option<T>>()? {
            items.extend(item);
        }
        Ok(Shape::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Shape<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(access)).map(Shape::One)
    }

    fn visit_unit<E>(self) -> Result<Shape<T>, E> {
        Ok(Shape::Neither)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape<T>, E> {
        Ok(Shape::Neither)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape<T>, E> {
        Ok(Shape::Neither)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape<T>, E> {
        Ok(Shape::Neither)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape<T>, E> {
        Ok(Shape::Neither)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape<T>, E> {
        Ok(Shape::Neither)
    }
}

/// Graph: `delegatedAdminAccessDetails`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AccessDetails {
    unified_roles: Option<Items<UnifiedRole>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UnifiedRole {
    role_definition_id: Text,
}

impl AccessDetails {
    /// Role template ids, lower case, sorted, each once.
    pub(super) fn roles(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.listed().iter().filter_map(|role| role.role_definition_id.id()).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// True if the roles are said, each by its id: then none are none.
    pub(super) fn is_whole(&self) -> bool {
        self.unified_roles.is_some() && self.listed().iter().all(|role| role.role_definition_id.get().is_some())
    }

    fn listed(&self) -> &[UnifiedRole] {
        self.unified_roles.as_ref().map_or(&[], |roles| roles.0.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Sample {
        name: Text,
        flag: Flag,
        at: Time,
        count: Int,
        list: Items<Text>,
        details: Object<AccessDetails>,
    }

    fn read(json: &str) -> Sample {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn every_kind_of_nothing_is_nothing() {
        for json in [
            "{}",
            r#"{"name":null,"flag":null,"at":null,"count":null,"list":null,"details":null}"#,
            r#"{"name":"","flag":"","at":"","count":"","list":"","details":""}"#,
            r#"{"name":[1,{"a":[2]}],"flag":{},"at":{"x":1},"count":[],"list":{},"details":[]}"#,
            r#"{"name":{"a":1},"flag":2,"at":7,"count":true,"list":3.5,"details":false}"#,
        ] {
            let sample = read(json);
            assert_eq!(sample.name, Text::default(), "{json}");
            assert_eq!(sample.flag.0, None, "{json}");
            assert_eq!(sample.at.0, None, "{json}");
            assert_eq!(sample.count.0, None, "{json}");
            assert!(sample.list.0.is_empty(), "{json}");
            assert!(sample.details.0.unwrap_or_default().roles().is_empty(), "{json}");
        }
    }

    #[test]
    fn scalars_of_another_type_are_still_read() {
        let sample = read(r#"{"name":7,"flag":"TRUE","at":"2026-01-10T11:24:42.3148266Z","count":"50126","list":["a",null,"","b"]}"#);
        assert_eq!(sample.name.get(), Some("7"));
        assert_eq!(sample.flag.0, Some(true));
        assert_eq!(sample.at.0.unwrap().to_string(), "2026-01-10T11:24:42Z");
        assert_eq!(sample.count.0, Some(50126));
        let items: Vec<Option<&str>> = sample.list.0.iter().map(Text::get).collect();
        assert_eq!(items, [Some("a"), None, Some("b")]);
    }

    #[test]
    fn roles_are_lower_case_sorted_and_unique() {
        let sample = read(
            r#"{"details":{"unifiedRoles":[{"roleDefinitionId":"B"},null,{"roleDefinitionId":"a"},{"roleDefinitionId":"b"},{"roleDefinitionId":""},{}]}}"#,
        );
        assert_eq!(sample.details.or_empty().roles(), ["a", "b"]);
    }
}
