//! Every name in a tenant may be an attacker's: what cannot be seen on a screen is made visible before it is shown.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// How many combining marks one letter may carry; living scripts need three. More would paint over the neighbouring lines.
const MOST_MARKS: usize = 4;

/// Stands for what was cut off.
pub const ELLIPSIS: char = '…';

/// True for what a reader cannot see or what moves other text: controls, line breaks, bidirectional controls, zero-width and filler
/// characters, variation selectors, tags, and code points that are no characters.
///
/// Source of the classes: Unicode general categories Cc, Cf, Zl and Zp, and the property Default_Ignorable_Code_Point. Format characters
/// that have a glyph of their own (the Arabic and Kaithi number signs) are left alone.
pub fn is_hidden(c: char) -> bool {
    let point = c as u32;
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || point & 0xfffe == 0xfffe
}

/// Text that is harmless on a terminal and in one cell of a table: hidden characters become `\u{..}`, so the result is one line, moves no
/// cursor and reorders nothing. Clean text comes back as it is.
pub fn terminal(text: &str) -> Cow<'_, str> {
    let mut escaped = String::new();
    let mut clean_until = None;
    let mut marks = 0_usize;
    for (at, c) in text.char_indices() {
        marks = if c.width() == Some(0) && !is_hidden(c) { marks + 1 } else { 0 };
        let unsafe_here = is_hidden(c) || marks > MOST_MARKS;
        if unsafe_here && clean_until.is_none() {
            clean_until = Some(at);
            escaped.push_str(&text[..at]);
        }
        if unsafe_here {
            escaped.extend(c.escape_unicode());
        } else if clean_until.is_some() {
            escaped.push(c);
        }
    }
    if clean_until.is_some() { Cow::Owned(escaped) } else { Cow::Borrowed(text) }
}

/// Text as [`terminal`] gives it, cut to `width` columns with an ellipsis.
pub fn cell(text: &str, width: usize) -> String {
    // Cut before escaping too, so that a name of a megabyte costs no more than one of a line. An escape is never narrower than its
    // character, except for marks, of which no letter keeps more than a few.
    let bound = (width + 1) * (MOST_MARKS + 1);
    let end = text.char_indices().nth(bound).map_or(text.len(), |(at, _)| at);
    let shortened = truncate(&terminal(&text[..end]), width);
    if end == text.len() || shortened.ends_with(ELLIPSIS) { shortened } else { truncate(&format!("{shortened}{ELLIPSIS}"), width) }
}

/// Cuts text that is already harmless to `width` columns; what was cut is shown by an ellipsis.
pub fn truncate(text: &str, width: usize) -> String {
    let mut used = 0;
    let mut keep = 0;
    for (at, c) in text.char_indices() {
        let next = used + c.width().unwrap_or(0);
        if next > width {
            return if width == 0 { String::new() } else { format!("{}{ELLIPSIS}", text[..keep].trim_end()) };
        }
        used = next;
        // The ellipsis takes one column: the last place at which it still fits.
        if used < width {
            keep = at + c.len_utf8();
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn attacks_become_visible() {
        assert_eq!(terminal("\u{1b}[2J\u{1b}]0;owned\u{7}"), "\\u{1b}[2J\\u{1b}]0;owned\\u{7}");
        assert_eq!(terminal("a\r\nb\tc"), "a\\u{d}\\u{a}b\\u{9}c");
        assert_eq!(terminal("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(terminal("moc.\u{202e}evil"), "moc.\\u{202e}evil");
        for hidden in
            "\u{7f}\u{85}\u{200b}\u{200d}\u{2028}\u{2066}\u{2069}\u{feff}\u{fffe}\u{ffff}\u{1fffe}\u{e0041}\u{fe0f}\u{3164}".chars()
        {
            assert!(is_hidden(hidden), "{hidden:?}");
            assert_eq!(terminal(&hidden.to_string()), hidden.escape_unicode().to_string());
        }
    }

    #[test]
    fn names_of_the_world_stay() {
        for clean in ["Contoso GmbH & Co. KG", "株式会社ノースウィンド", "Žluťoučký kůň", "नमस्ते", "مكتب", "👍🏽 ok", "C:\\u{", "", " "]
        {
            assert!(matches!(terminal(clean), Cow::Borrowed(_)), "{clean}");
        }
    }

    #[test]
    fn stacked_marks_are_bounded() {
        let zalgo = format!("Z{}x", "\u{301}".repeat(9));
        let shown = terminal(&zalgo);
        assert_eq!(shown.matches('\u{301}').count(), MOST_MARKS);
        assert_eq!(shown.matches("\\u{301}").count(), 5);
    }

    #[test]
    fn cells_are_cut_by_columns() {
        assert_eq!(cell("Contoso", 7), "Contoso");
        assert_eq!(cell("Contoso", 6), "Conto…");
        assert_eq!(cell("株式会社", 8), "株式会社");
        assert_eq!(cell("株式会社", 7), "株式会…");
        assert_eq!(cell("株式会社", 6), "株式…");
        assert_eq!(cell("a b c", 3), "a…", "no blank before the ellipsis");
        assert_eq!(cell("abc", 1), "…");
        assert_eq!(cell("abc", 0), "");
        assert_eq!(cell(&"x".repeat(5_000_000), 5), "xxxx…");
        assert_eq!(cell(&"\u{301}".repeat(5_000_000), 5).width(), 5);
    }

    proptest! {
        #[test]
        fn nothing_hidden_survives(text in any::<String>(), nasty in "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{206f}\u{300}-\u{310}\u{e0000}-\u{e01ff}a-c]{0,40}") {
            for text in [&text, &nasty] {
                let shown = terminal(text);
                prop_assert!(!shown.chars().any(is_hidden));
                prop_assert_eq!(terminal(&shown), shown.clone());
            }
        }

        #[test]
        fn clean_text_is_unchanged(text in "[ -~À-ɏぁ-ヿ一-龥]{0,60}") {
            prop_assert_eq!(terminal(&text), text.as_str());
        }

        #[test]
        fn a_cell_never_exceeds_its_width(text in any::<String>(), width in 0_usize..60) {
            let shown = cell(&text, width);
            prop_assert!(shown.width() <= width, "{:?} is wider than {}", shown, width);
            prop_assert!(!shown.chars().any(is_hidden));
        }
    }
}
