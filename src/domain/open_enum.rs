//! Enums that Microsoft may extend at any time.
//!
//! Graph documents its enums as evolvable: a value that this build does not know is kept as it was written, compared without case, and
//! never mapped to a known one.

/// Declares an enum whose unknown values are kept as written (`Unknown`), parsed without case, and (de)serialised as a string.
#[macro_export]
macro_rules! open_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $($(#[$vmeta])* $variant,)+
            /// A value that this build does not know, as it was written.
            Unknown(String),
        }

        impl $name {
            /// Every value that this build knows.
            pub const KNOWN: &'static [&'static str] = &[$($text),+];

            /// Reads a value without regard to case; an unknown one is kept.
            pub fn parse(text: &str) -> Self {
                $(if text.eq_ignore_ascii_case($text) { return $name::$variant; })+
                $name::Unknown(text.to_owned())
            }

            /// The value as Graph writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $text,)+
                    $name::Unknown(text) => text,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Ok($name::parse(&text))
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": concat!("Known values: ", $($text, " "),+) })
            }
        }
    };
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro writes public methods")]
mod tests {
    crate::open_enum! {
        /// A test enum.
        enum Sample { One = "one", Two = "two" }
    }

    #[test]
    fn unknown_values_are_kept_and_case_is_ignored() {
        assert_eq!(Sample::parse("ONE"), Sample::One);
        assert_eq!(Sample::parse("three"), Sample::Unknown("three".into()));
        assert_eq!(serde_json::to_string(&Sample::parse("Three")).unwrap(), "\"Three\"");
        assert_eq!(serde_json::from_str::<Sample>("\"tWo\"").unwrap(), Sample::Two);
        assert_eq!(Sample::KNOWN, ["one", "two"]);
    }
}
