//! Foreign text, made fit for an error message.

/// One line of at most `max` characters: control and format characters become spaces, runs of spaces one, and what is cut is marked by `…`.
pub fn one_line(text: &str, max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(4 * max));
    let mut length = 0;
    let mut gap = false;
    for letter in text.chars() {
        if letter.is_whitespace() || is_hidden(letter) {
            gap = length > 0;
            continue;
        }
        if length + usize::from(gap) + 1 > max {
            line.push('…');
            break;
        }
        if gap {
            line.push(' ');
            length += 1;
            gap = false;
        }
        line.push(letter);
        length += 1;
    }
    line
}

/// Control characters, and those that turn or hide what stands beside them.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_one_harmless_line() {
        assert_eq!(one_line("  a\r\n\tb\u{1b}[31m \u{202e}c ", 50), "a b [31m c");
        assert_eq!(one_line("abcdef", 6), "abcdef");
        assert_eq!(one_line("abcdefg", 6), "abcdef…");
        assert_eq!(one_line("ab cd", 3), "ab…");
        assert_eq!(one_line("", 3), "");
    }
}
