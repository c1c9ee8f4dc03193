//! Bytes of a file as text, and places in it.

use std::borrow::Cow;

use super::error::ImportError;

/// A file as text, with what messages need.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pub(super) file: &'a str,
    pub(super) text: Cow<'a, str>,
}

/// A place in a file: line and column, both from 1.
pub(super) type Place = (usize, usize);

impl<'a> Text<'a> {
    /// Decodes a file: UTF-8, or UTF-16 with its mark, as Windows writes it.
    pub(super) fn decode(file: &'a str, bytes: &'a [u8]) -> Result<Text<'a>, ImportError> {
        let text = match bytes {
            [0xef, 0xbb, 0xbf, rest @ ..] => utf8(file, rest)?,
            [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(file, rest, u16::from_le_bytes)?),
            [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(file, rest, u16::from_be_bytes)?),
            bytes => utf8(file, bytes)?,
        };
        let text = Text { file, text };
        if text.text.trim().is_empty() {
            return Err(text.broken(0, "the file is empty"));
        }
        Ok(text)
    }

    /// Line and column of a byte offset.
    pub(super) fn place(&self, at: usize) -> Place {
        place(&self.text, at)
    }

    /// The file is broken at a byte offset.
    pub(super) fn broken(&self, at: usize, detail: impl Into<String>) -> ImportError {
        let (line, column) = self.place(at);
        ImportError::Broken { file: self.file.to_owned(), line, column, detail: detail.into() }
    }
}

fn utf8<'a>(file: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, ImportError> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let (line, column) = place(&before, before.len());
        ImportError::Broken { file: file.to_owned(), line, column, detail: "it is neither UTF-8 nor UTF-16 text".into() }
    })
}

fn utf16(file: &str, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, ImportError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let decoded: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    match decoded {
        Ok(text) if rest.is_empty() => Ok(text),
        _ => Err(ImportError::Broken { file: file.to_owned(), line: 1, column: 1, detail: "its UTF-16 text is broken".into() }),
    }
}

/// Line and column of a byte offset; one past the end is the end.
pub(super) fn place(text: &str, at: usize) -> Place {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.bytes().filter(|byte| *byte == b'\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_places() {
        assert_eq!(Text::decode("f", b"\xef\xbb\xbfa,b").unwrap().text, "a,b");
        assert_eq!(Text::decode("f", b"\xff\xfea\0\xe9\0").unwrap().text, "aé");
        assert_eq!(Text::decode("f", b"\xfe\xff\0a").unwrap().text, "a");
        assert_eq!(Text::decode("f", b"\xff\xfea").unwrap_err().to_string(), "f:1:1: its UTF-16 text is broken");
        assert_eq!(Text::decode("f", b"a\n\xc3\xa9\xff").unwrap_err().to_string(), "f:2:2: it is neither UTF-8 nor UTF-16 text");
        assert_eq!(Text::decode("f", b" \r\n").unwrap_err().to_string(), "f:1:1: the file is empty");
        assert_eq!(place("a\néb", 4), (2, 2));
        assert_eq!(place("a\n", 99), (2, 1));
    }
}
