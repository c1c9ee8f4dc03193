//! One mistake in a config file, with its place.

use std::ops::Range;

/// One mistake in a config file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// What was meant, or what to do.
    pub help: Option<String>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

/// A mistake at a byte span of a text that is at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What was meant, or what to do.
    pub help: Option<String>,
}

impl Spot {
    /// A mistake without help.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Spot { span, message: message.into(), help: None }
    }

    /// The same with help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Line and column, from 1, of a byte offset. An offset past the end is the end.
pub fn position(text: &str, offset: usize) -> (usize, usize) {
    let end = text
        .char_indices()
        .map(|(at, _)| at)
        .take_while(|at| *at < offset)
        .last()
        .map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
    let before = &text[..end];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_not_bytes() {
        let text = "a = 1\nä = \"é\" # x\n";
        assert_eq!(position(text, 0), (1, 1));
        assert_eq!(position(text, 6), (2, 1));
        assert_eq!(position(text, text.find('#').unwrap()), (2, 9));
        assert_eq!(position(text, 10_000), (3, 1));
        assert_eq!(position("", 0), (1, 1));
        // Inside a letter: the place after it, never a panic.
        assert_eq!(position("ä", 1), (1, 2));
    }
}
