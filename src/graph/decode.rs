//! What can be wrong with a body, in words that hold nothing of the body's values.

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What can be wrong with a body that came with a good status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// It ends too early. Asking again may help.
    Truncated,
    /// It is not what Graph sends.
    Malformed(String),
    /// It holds an `error` member in spite of its status.
    Remote {
        /// `error.code`.
        code: Option<String>,
        /// `error.message`.
        message: Option<String>,
    },
}

/// Whether a reader wants the rest of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Go on.
    More,
    /// The rest is not wanted.
    Enough,
}

/// Decodes a JSON text. `what` names it in the complaint.
pub(super) fn json<'de, T: Deserialize<'de>>(bytes: &'de [u8], what: impl FnOnce() -> String) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::Malformed(format!("{}: {}", what(), without_values(&error))))
}

/// Decodes a JSON text whose strings may hold what is no text: half of a surrogate pair (names are UTF-16 in the directory, and anyone may write one), or
/// bytes that are no UTF-8. Such a letter becomes U+FFFD; otherwise one strange name would cost a list everything behind it.
pub(super) fn lenient_json<T: DeserializeOwned>(bytes: &[u8], what: impl FnOnce() -> String) -> Result<T, Problem> {
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(value),
        Err(error) if error.classify() == serde_json::error::Category::Syntax => json(&without_half_letters(bytes), what),
        Err(error) => Err(Problem::Malformed(format!("{}: {}", what(), without_values(&error)))),
    }
}

/// A JSON text with U+FFFD for each escaped half of a surrogate pair and for bytes that are no UTF-8.
fn without_half_letters(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).into_owned().into_bytes();
    let unit = |at: usize| -> Option<u16> {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut whole = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let length = match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                whole.extend_from_slice(b"\\ufffd");
                at += 6;
                continue;
            }
            (Some(_), _) => 6,
            // An escape of one letter: the next backslash is its own beginning only after it.
            _ if text[at] == b'\\' => 2,
            _ => 1,
        };
        let end = text.len().min(at + length);
        whole.extend_from_slice(&text[at..end]);
        at = end;
    }
    whole
}

/// True if a JSON text is an object, by its first byte.
pub(super) fn is_object(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// The bytes after a byte order mark.
pub(super) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// serde's complaint without the values that it likes to quote: they are the tenant's.
fn without_values(error: &serde_json::Error) -> String {
    let place = format!("at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let text = text.strip_suffix(&format!(" {place}")).unwrap_or(&text);
    match error.classify() {
        serde_json::error::Category::Data => format!("{} {place}", data_complaint(text)),
        // Complaints of the parser itself quote nothing.
        _ => format!("{text} {place}"),
    }
}

/// Keeps what our own types say (names of fields, what was expected) and drops what the text says.
fn data_complaint(text: &str) -> String {
    if text.starts_with("missing field `") || text.starts_with("duplicate field `") {
        return text.to_owned();
    }
    for start in ["invalid type: ", "invalid value: "] {
        if let Some(rest) = text.strip_prefix(start) {
            let found: String = rest.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == ' ').collect();
            let expected = rest.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
            return format!("{start}{}, expected {expected}", found.trim_end());
        }
    }
    "a value does not fit".to_owned()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Record {
        #[expect(dead_code, reason = "only decoded")]
        id: String,
        #[expect(dead_code, reason = "only decoded")]
        count: Option<u32>,
        #[expect(dead_code, reason = "only decoded")]
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    enum Kind {
        A,
    }

    fn complaint(text: &str) -> String {
        match json::<Record>(text.as_bytes(), || "record 3".into()) {
            Err(Problem::Malformed(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn complaints_quote_no_value() {
        assert_eq!(complaint(r#"{"count":1}"#), "record 3: missing field `id` at line 1 column 11");
        assert_eq!(complaint(r#"{"id":7}"#), "record 3: invalid type: integer, expected a string at line 1 column 7");
        assert_eq!(complaint(r#"{"id":null}"#), "record 3: invalid type: null, expected a string at line 1 column 10");
        for hostile in
            [r#"{"id":"a","count":"secret, expected secret"}"#, r#"{"id":"a","kind":"secret"}"#, r#"{"id":"a","kind":{"secret":1}}"#]
        {
            assert!(!complaint(hostile).contains("secret"), "{}", complaint(hostile));
        }
        assert!(complaint(r#"{"id":"#).starts_with("record 3: EOF while parsing"), "{}", complaint(r#"{"id":"#));
        assert!(matches!(json::<Kind>(br#""A""#, String::new), Ok(Kind::A)));
    }

    #[test]
    fn half_a_letter_costs_no_record() {
        let read = |text: &[u8]| lenient_json::<String>(text, || "record 3".into());
        for (text, expected) in [
            (&br#""a\ud800b""#[..], "a\u{fffd}b"),
            (br#""\udc00""#, "\u{fffd}"),
            (br#""\uD83D\uDE00 \ud83d\ud83d\ude00""#, "\u{1f600} \u{fffd}\u{1f600}"),
            (br#""\\ud800 \ud800\n""#, "\\ud800 \u{fffd}\n"),
            (b"\"\xff\"", "\u{fffd}"),
        ] {
            assert_eq!(read(text).unwrap(), expected);
        }
        for broken in [&br#""\ud8""#[..], br#""\u""#, br#""\x""#, br#""a"#, br"\", b"\"\n\"", br#"{"id":1}"#] {
            assert!(matches!(read(broken), Err(Problem::Malformed(_))), "{broken:?}");
        }
    }
}
