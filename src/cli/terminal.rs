//! The terminal: width, colour, and writing to the two streams.

use std::io::{ErrorKind, IsTerminal, Write};

use super::args::ColorWhen;

/// Width where nothing tells another.
const DEFAULT_WIDTH: usize = 80;

/// A variable of the environment, by name.
pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The process's environment. A value that is no UTF-8 counts as not set.
pub(super) fn process_env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Columns for a table on standard output: the terminal's, else `COLUMNS`, else 80.
pub(super) fn stdout_width(env: Env<'_>) -> usize {
    let terminal = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    width(terminal, env)
}

/// Columns for a table in a file: `COLUMNS`, else 80.
pub(super) fn file_width(env: Env<'_>) -> usize {
    width(None, env)
}

fn width(terminal: Option<usize>, env: Env<'_>) -> usize {
    const SENSIBLE: std::ops::RangeInclusive<usize> = 20..=1_000;
    let columns = || env("COLUMNS").and_then(|text| text.trim().parse().ok()).filter(|width| SENSIBLE.contains(width));
    terminal.filter(|width| *width > 0).or_else(columns).unwrap_or(DEFAULT_WIDTH)
}

/// Whether to colour standard output.
pub(super) fn stdout_color(when: ColorWhen, env: Env<'_>) -> bool {
    color(when, std::io::stdout().is_terminal(), env)
}

/// Whether to colour standard error.
pub(super) fn stderr_color(when: ColorWhen, env: Env<'_>) -> bool {
    color(when, std::io::stderr().is_terminal(), env)
}

/// Whether to colour a stream: the flag, then NO_COLOR, then CLICOLOR_FORCE and FORCE_COLOR, then whether it is a terminal that can.
pub(super) fn color(when: ColorWhen, is_terminal: bool, env: Env<'_>) -> bool {
    let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
    let forced = |name: &str| env(name).is_some_and(|value| !value.is_empty() && value != "0");
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto if set("NO_COLOR") => false,
        ColorWhen::Auto if forced("CLICOLOR_FORCE") || forced("FORCE_COLOR") => true,
        ColorWhen::Auto => is_terminal && env("TERM").as_deref() != Some("dumb"),
    }
}

/// Writes to standard output. A reader that has gone away (`| head`) is no error: what was to be done is done.
pub(super) fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes to standard error. If that fails there is nowhere left to say so.
pub(super) fn say(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// A text from outside (a path, a name, a server's message) for one line of a terminal: control characters, and letters that turn
/// the direction of what follows, are shown by their number.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if c.is_control() || turns {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn widths() {
        assert_eq!(width(Some(120), &with(&[("COLUMNS", "90")])), 120);
        assert_eq!(width(None, &with(&[("COLUMNS", "90")])), 90);
        for nonsense in ["", "x", "0", "5", "99999999999999999999"] {
            assert_eq!(width(None, &with(&[("COLUMNS", nonsense)])), 80, "{nonsense}");
        }
    }

    #[test]
    fn colours() {
        let auto = |terminal, pairs: &[(&str, &str)]| color(ColorWhen::Auto, terminal, &with(pairs));
        assert!(auto(true, &[]) && !auto(false, &[]));
        assert!(!auto(true, &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")]));
        assert!(auto(true, &[("NO_COLOR", "")]), "an empty NO_COLOR is none");
        assert!(auto(false, &[("FORCE_COLOR", "1")]) && auto(false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!auto(false, &[("FORCE_COLOR", "0")]) && !auto(false, &[("CLICOLOR_FORCE", "")]));
        assert!(!auto(true, &[("TERM", "dumb")]));
        assert!(color(ColorWhen::Always, false, &with(&[("NO_COLOR", "1")])));
        assert!(!color(ColorWhen::Never, true, &with(&[("FORCE_COLOR", "1")])));
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\n\u{202e}é"), "a\\u{1b}[2Jb\\u{a}\\u{202e}é");
    }
}
