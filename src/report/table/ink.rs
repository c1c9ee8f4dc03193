//! Colour that does not disturb the layout: text is marked with characters of no width, the finished text is painted or cleaned.
//!
//! The marks are hidden characters, which [`escape`](crate::report::escape) lets through in no name, so a tenant cannot paint.

use anstyle::{AnsiColor, Style};

use crate::domain::Severity;

/// What a piece of text is, as far as its colour goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Critical,
    High,
    Medium,
    Low,
    Info,
    Tier0,
    Heading,
    Faint,
}

/// Ends what a mark began.
const END: char = '\u{206f}';

impl Ink {
    const ALL: [Ink; 8] = [Ink::Critical, Ink::High, Ink::Medium, Ink::Low, Ink::Info, Ink::Tier0, Ink::Heading, Ink::Faint];

    /// Invisible and of no width.
    const fn mark(self) -> char {
        match self {
            Ink::Critical => '\u{2061}',
            Ink::High => '\u{2062}',
            Ink::Medium => '\u{2063}',
            Ink::Low => '\u{2064}',
            Ink::Info => '\u{206a}',
            Ink::Tier0 => '\u{206b}',
            Ink::Heading => '\u{206c}',
            Ink::Faint => '\u{206d}',
        }
    }

    const fn style(self) -> Style {
        match self {
            Ink::Critical => AnsiColor::BrightRed.on_default().bold(),
            Ink::High => AnsiColor::Red.on_default(),
            Ink::Medium => AnsiColor::Yellow.on_default(),
            Ink::Low => AnsiColor::Cyan.on_default(),
            Ink::Info => AnsiColor::Blue.on_default(),
            Ink::Tier0 => AnsiColor::BrightRed.on_default(),
            Ink::Heading => Style::new().bold(),
            Ink::Faint => Style::new().dimmed(),
        }
    }

    /// The text, marked. It must stay on one line: wrap first, mark then.
    pub(super) fn on(self, text: &str) -> String {
        format!("{}{text}{END}", self.mark())
    }
}

impl From<Severity> for Ink {
    fn from(severity: Severity) -> Ink {
        match severity {
            Severity::Critical => Ink::Critical,
            Severity::High => Ink::High,
            Severity::Medium => Ink::Medium,
            Severity::Low => Ink::Low,
            Severity::Info => Ink::Info,
        }
    }
}

/// Turns marks into colour sequences, or drops them.
pub(super) fn paint(text: &str, color: bool) -> String {
    let mut painted = String::with_capacity(text.len());
    let mut style = Style::new();
    for c in text.chars() {
        if !(Ink::Critical.mark()..=END).contains(&c) {
            painted.push(c);
            continue;
        }
        let begins = Ink::ALL.into_iter().find(|ink| ink.mark() == c);
        match (begins, c) {
            (None, END) if color => painted.push_str(&style.render_reset().to_string()),
            (Some(ink), _) if color => {
                style = ink.style();
                painted.push_str(&style.render().to_string());
            }
            (None, END) | (Some(_), _) => {}
            (None, _) => painted.push(c),
        }
    }
    painted
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::report::escape::{is_hidden, terminal};

    #[test]
    fn marks_have_no_width_and_no_name_holds_them() {
        for ink in Ink::ALL {
            let marked = ink.on("high");
            assert_eq!(marked.width(), 4);
            assert_eq!(marked.chars().filter(|c| is_hidden(*c)).count(), 2);
            assert_eq!(paint(&marked, false), "high");
            assert_eq!(paint(&terminal(&marked), true), terminal(&marked), "a name must not paint");
            let painted = paint(&marked, true);
            assert!(painted.starts_with("\u{1b}[") && painted.ends_with("\u{1b}[0m"), "{painted:?}");
        }
    }

    #[test]
    fn marks_are_told_apart() {
        let mut marks: Vec<char> = Ink::ALL.iter().map(|ink| ink.mark()).chain([END]).collect();
        marks.sort_unstable();
        marks.dedup();
        assert_eq!(marks.len(), Ink::ALL.len() + 1);
    }
}
