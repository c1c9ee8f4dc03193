//! Finds the elements of one top-level array while the bytes come, without ever holding the page.

use serde::Deserialize;

use super::decode::{Flow, Problem, json};

/// What the members beside the list may measure together.
const REST_CAP: usize = 256 * 1024;
/// The longest name of a member.
const KEY_CAP: usize = 1024;
/// What the buffer for an element keeps between elements.
const KEPT: usize = 64 * 1024;

/// A page's members beside its list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Envelope {
    /// The next page.
    #[serde(rename = "@odata.nextLink", default)]
    pub(super) next: Option<String>,
    /// An error that was noticed after the status had gone out.
    #[serde(default)]
    pub(super) error: Option<serde_json::Value>,
}

/// Splits `{"value": [element, element], …}` into its elements.
///
/// It looks only at what separates: strings, brackets, commas. Each element is checked by whoever decodes it, the other members when the page ends;
/// together they accept what a JSON parser accepts. An element that lies in one chunk is handed on without a copy.
#[derive(Debug)]
pub(super) struct Splitter {
    list: &'static str,
    element_cap: usize,
    state: State,
    scan: Scan,
    /// The beginning of an element that started in an earlier chunk.
    partial: Vec<u8>,
    /// The name of the current member, with its quotes and escapes.
    key: Vec<u8>,
    /// The other members, as an object without its closing brace.
    rest: Vec<u8>,
    list_seen: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many bytes of a byte order mark were read.
    Mark(usize),
    Start,
    FirstKey,
    NextKey,
    InKey {
        escaped: bool,
    },
    Colon {
        list: bool,
    },
    Value {
        list: bool,
    },
    InMember,
    AfterMember,
    FirstElement,
    NextElement,
    InElement,
    AfterElement,
    End,
}

impl Splitter {
    /// A splitter for the array named `list`, whose elements may measure `element_cap` bytes each.
    pub(super) fn new(list: &'static str, element_cap: usize) -> Self {
        Splitter {
            list,
            element_cap,
            state: State::Mark(0),
            scan: Scan::default(),
            partial: Vec::new(),
            key: Vec::new(),
            rest: vec![b'{'],
            list_seen: false,
        }
    }

    /// Takes the next bytes and hands on each element that ends in them.
    pub(super) fn feed(&mut self, chunk: &[u8], element: &mut dyn FnMut(&[u8]) -> Result<Flow, Problem>) -> Result<Flow, Problem> {
        let mut at = 0;
        while at < chunk.len() {
            match self.state {
                State::InKey { escaped } => at += self.in_key(&chunk[at..], escaped)?,
                State::InMember => {
                    let (length, over) = self.scan.advance(&chunk[at..]);
                    self.keep(&chunk[at..at + length])?;
                    at += length;
                    if over {
                        self.state = State::AfterMember;
                    }
                }
                State::InElement => {
                    let (length, over) = self.scan.advance(&chunk[at..]);
                    let part = &chunk[at..at + length];
                    at += length;
                    if self.partial.len() + part.len() > self.element_cap {
                        return Err(Problem::Malformed(format!("an element is larger than {} bytes", self.element_cap)));
                    }
                    if !over {
                        self.partial.extend_from_slice(part);
                    } else {
                        self.state = State::AfterElement;
                        if self.hand_on(part, element)? == Flow::Enough {
                            return Ok(Flow::Enough);
                        }
                    }
                }
                _ => at += self.step(chunk[at])?,
            }
        }
        Ok(Flow::More)
    }

    /// The members before the list, once the list has begun.
    pub(super) fn before_list(&self) -> Option<Envelope> {
        let closed = [&self.rest[..], b"}"].concat();
        self.list_seen.then(|| serde_json::from_slice(&closed).ok()).flatten()
    }

    /// The page is over: its other members.
    pub(super) fn finish(mut self) -> Result<Envelope, Problem> {
        match self.state {
            State::End => {}
            State::Mark(0) | State::Start => return Err(Problem::Malformed("the answer is empty".into())),
            _ => return Err(Problem::Truncated),
        }
        self.rest.push(b'}');
        let envelope: Envelope = json(&self.rest, || "members beside the list".into())?;
        if !self.list_seen && envelope.error.is_none() {
            return Err(Problem::Malformed(format!("no list `{}` in the answer", self.list)));
        }
        Ok(envelope)
    }

    fn hand_on(&mut self, part: &[u8], element: &mut dyn FnMut(&[u8]) -> Result<Flow, Problem>) -> Result<Flow, Problem> {
        if self.partial.is_empty() {
            return element(part);
        }
        self.partial.extend_from_slice(part);
        let flow = element(&self.partial);
        self.partial.clear();
        self.partial.shrink_to(KEPT);
        flow
    }

    /// One byte between values. Returns how many bytes it took: 0 if the byte belongs to the next state.
    fn step(&mut self, byte: u8) -> Result<usize, Problem> {
        if let State::Mark(read) = self.state {
            return self.mark(byte, read);
        }
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            return Ok(1);
        }
        let (next, taken) = match (self.state, byte) {
            (State::Start, b'{') => (State::FirstKey, 1),
            (State::FirstKey | State::NextKey, b'"') => {
                self.key.clear();
                self.key.push(byte);
                (State::InKey { escaped: false }, 1)
            }
            (State::FirstKey, b'}') | (State::AfterMember, b'}') => (State::End, 1),
            (State::Colon { list }, b':') => (State::Value { list }, 1),
            (State::Value { list: true }, b'[') => {
                self.list_seen = true;
                (State::FirstElement, 1)
            }
            (State::Value { .. }, _) if starts_value(byte) => {
                self.begin_member()?;
                self.scan = Scan::begin(byte);
                (State::InMember, 0)
            }
            (State::AfterMember, b',') => (State::NextKey, 1),
            (State::FirstElement | State::AfterElement, b']') => (State::AfterMember, 1),
            (State::FirstElement | State::NextElement, _) if starts_value(byte) => {
                self.scan = Scan::begin(byte);
                (State::InElement, 0)
            }
            (State::AfterElement, b',') => (State::NextElement, 1),
            (state, _) => return Err(unexpected(state)),
        };
        self.state = next;
        Ok(taken)
    }

    /// A byte order mark, perhaps.
    fn mark(&mut self, byte: u8, read: usize) -> Result<usize, Problem> {
        const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
        if byte == MARK[read] {
            self.state = if read + 1 == MARK.len() { State::Start } else { State::Mark(read + 1) };
            return Ok(1);
        }
        if read > 0 {
            return Err(unexpected(State::Start));
        }
        self.state = State::Start;
        Ok(0)
    }

    fn in_key(&mut self, bytes: &[u8], mut escaped: bool) -> Result<usize, Problem> {
        for (at, &byte) in bytes.iter().enumerate() {
            self.key.push(byte);
            if self.key.len() > KEY_CAP {
                return Err(Problem::Malformed(format!("the name of a member is longer than {KEY_CAP} bytes")));
            }
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    let name: String = json(&self.key, || "the name of a member".into())?;
                    let list = name == self.list;
                    if list && self.list_seen {
                        return Err(Problem::Malformed(format!("`{}` stands there twice", self.list)));
                    }
                    self.state = State::Colon { list };
                    return Ok(at + 1);
                }
                _ => {}
            }
        }
        self.state = State::InKey { escaped };
        Ok(bytes.len())
    }

    fn begin_member(&mut self) -> Result<(), Problem> {
        if self.rest.len() > 1 {
            self.rest.push(b',');
        }
        let key = std::mem::take(&mut self.key);
        self.keep(&key)?;
        self.rest.push(b':');
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        if self.rest.len() + bytes.len() > REST_CAP {
            return Err(Problem::Malformed(format!("the members beside the list are larger than {REST_CAP} bytes")));
        }
        self.rest.extend_from_slice(bytes);
        Ok(())
    }
}

fn unexpected(state: State) -> Problem {
    Problem::Malformed(
        match state {
            State::Start | State::Mark(_) => "not a JSON object",
            State::End => "text after the end of the object",
            State::FirstElement | State::NextElement | State::AfterElement => "broken JSON in the list",
            _ => "broken JSON beside the list",
        }
        .into(),
    )
}

fn starts_value(byte: u8) -> bool {
    !matches!(byte, b',' | b':' | b']' | b'}')
}

/// Finds the end of one JSON value.
#[derive(Debug, Clone, Copy, Default)]
struct Scan {
    /// A number, `true`, `false`, `null`: ends before a separator.
    bare: bool,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    fn begin(first: u8) -> Self {
        Scan { bare: !matches!(first, b'"' | b'{' | b'['), ..Scan::default() }
    }

    /// How many of the bytes belong to the value, and whether it ends there.
    fn advance(&mut self, bytes: &[u8]) -> (usize, bool) {
        if self.bare {
            let end = bytes.iter().position(|byte| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r'));
            return (end.unwrap_or(bytes.len()), end.is_some());
        }
        let mut at = 0;
        while at < bytes.len() {
            if self.in_string {
                at += self.in_string(&bytes[at..]);
            } else {
                let Some(offset) = bytes[at..].iter().position(|byte| *byte == b'"' || matches!(*byte | 0x20, b'{' | b'}')) else {
                    return (bytes.len(), false);
                };
                at += offset + 1;
                match bytes[at - 1] {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    _ => self.depth = self.depth.saturating_sub(1),
                }
            }
            if !self.in_string && self.depth == 0 {
                return (at, true);
            }
        }
        (at, false)
    }

    /// Goes to the end of a string; returns how many bytes that took.
    fn in_string(&mut self, bytes: &[u8]) -> usize {
        if std::mem::take(&mut self.escaped) {
            return 1;
        }
        let at = quote_or_backslash(bytes);
        match bytes.get(at) {
            Some(b'"') => self.in_string = false,
            Some(_) => self.escaped = true,
            None => return bytes.len(),
        }
        at + 1
    }
}

/// The place of the first `"` or `\`, or the length. Eight bytes at a time: strings are short, and most of a page lies in strings.
fn quote_or_backslash(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let stops = zero_bytes(word ^ repeated(b'"')) | zero_bytes(word ^ repeated(b'\\'));
        if stops != 0 {
            return index * 8 + (stops.trailing_zeros() / 8) as usize;
        }
    }
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len());
    words.len() * 8 + end
}

const fn repeated(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bit of each byte that is zero. Above the first such byte there may be others: a borrow makes them.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(repeated(1)) & !word & repeated(0x80)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// Splits a text in pieces of the given lengths (the last one repeats) and decodes each element.
    fn split(text: &[u8], pieces: &[usize]) -> Result<(Vec<Value>, Envelope), Problem> {
        let mut splitter = Splitter::new("value", 1024);
        let mut found = Vec::new();
        let mut rest = text;
        let mut pieces = pieces.iter().copied().chain(std::iter::repeat(*pieces.last().unwrap_or(&usize::MAX)));
        while !rest.is_empty() {
            let (chunk, later) = rest.split_at(pieces.next().unwrap_or(1).clamp(1, rest.len()));
            rest = later;
            splitter.feed(chunk, &mut |bytes| {
                found.push(super::json(bytes, || "element".into())?);
                Ok(Flow::More)
            })?;
        }
        Ok((found, splitter.finish()?))
    }

    fn values(text: &str) -> Vec<Value> {
        let whole = split(text.as_bytes(), &[]).unwrap().0;
        assert_eq!(split(text.as_bytes(), &[1]).unwrap().0, whole, "byte by byte");
        whole
    }

    #[test]
    fn finds_elements() {
        assert_eq!(values(r#"{"value":[]}"#), Vec::<Value>::new());
        assert_eq!(values(" { \"a\" : 1 , \"value\" : [ 1 , \"]\" , null ] , \"b\" : [ ] } \r\n"), [json!(1), json!("]"), json!(null)]);
        assert_eq!(values("\u{feff}{\"value\":[{\"a\":\"\\\\\\\"}]\"}]}"), [json!({"a": "\\\"}]"})]);
        assert_eq!(values(r#"{"\u0076alue":[[1,[2]],{"value":[3]}],"x":{"value":[4]}}"#), [json!([1, [2]]), json!({"value": [3]})]);
    }

    #[test]
    fn keeps_the_other_members() {
        let (_, envelope) = split(br#"{"@odata.context":"c","value":[1],"@odata.nextLink":"https:\/\/h\/p"}"#, &[3]).unwrap();
        assert_eq!(envelope.next.as_deref(), Some("https://h/p"));
        let (_, envelope) = split(br#"{"@odata.nextLink":null,"value":[1],"error":{"code":"x"}}"#, &[3]).unwrap();
        assert_eq!((envelope.next, envelope.error), (None, Some(json!({"code": "x"}))));
    }

    #[test]
    fn never_takes_a_broken_page_for_a_list() {
        for text in [
            "{}",
            r#"{"value":null}"#,
            r#"{"value":{}}"#,
            r#"{"Value":[]}"#,
            "",
            " ",
            "<html>",
            "[1]",
            "null",
            r#"{"value":[1,]}"#,
            r#"{"value":[1,,2]}"#,
            r#"{"value":[,1]}"#,
            r#"{"value":[1]},"#,
            r#"{"value":[1]}{}"#,
            r#"{"value":[1],}"#,
            r#"{"value":[1 2]}"#,
            r#"{"value":[],"value":[]}"#,
            r#"{"value":[}]}"#,
            r#"{"value" []}"#,
            r#"{value:[]}"#,
            r#"{"a":tru,"value":[]}"#,
            r#"{"a":,"value":[]}"#,
            "\u{feff}\u{feff}{\"value\":[]}",
        ] {
            assert!(matches!(split(text.as_bytes(), &[]), Err(Problem::Malformed(_))), "{text}");
            assert!(matches!(split(text.as_bytes(), &[1]), Err(Problem::Malformed(_))), "{text}");
        }
    }

    #[test]
    fn a_cut_page_is_told_from_a_broken_one() {
        let text = r#"{"a":"b","value":[{"c":[1,"\""]},true],"d":null}"#;
        for end in 1..text.len() {
            assert_eq!(split(&text.as_bytes()[..end], &[]).unwrap_err(), Problem::Truncated, "{}", &text[..end]);
        }
    }

    #[test]
    fn everything_is_bounded() {
        let big = "x".repeat(1100);
        assert!(
            matches!(split(format!(r#"{{"value":["{big}"]}}"#).as_bytes(), &[7]), Err(Problem::Malformed(text)) if text.contains("element"))
        );
        assert!(
            matches!(split(format!(r#"{{"value":["{big}"]}}"#).as_bytes(), &[]), Err(Problem::Malformed(text)) if text.contains("element"))
        );
        assert!(matches!(split(format!(r#"{{"{big}":1}}"#).as_bytes(), &[]), Err(Problem::Malformed(text)) if text.contains("name")));
        let rest = "x".repeat(REST_CAP);
        assert!(
            matches!(split(format!(r#"{{"a":"{rest}","value":[]}}"#).as_bytes(), &[]), Err(Problem::Malformed(text)) if text.contains("beside"))
        );
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[\\[\\]{}\",:\\\\a-cé\n]{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map("[a-c\"\\\\]{0,4}|value", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn page() -> impl Strategy<Value = String> {
        (proptest::collection::vec(any_json(), 0..8), any_json(), any::<bool>(), any::<bool>()).prop_map(|(list, other, pretty, mark)| {
            let page = json!({"a": other, "value": list, "z": other});
            let text = if pretty { serde_json::to_string_pretty(&page) } else { serde_json::to_string(&page) };
            format!("{}{}", if mark { "\u{feff}" } else { "" }, text.unwrap())
        })
    }

    /// What a parser of whole texts makes of a page.
    fn whole(text: &[u8]) -> Option<Vec<Value>> {
        let page: Value = serde_json::from_slice(super::super::decode::without_bom(text)).ok()?;
        Some(page.as_object()?.get("value")?.as_array()?.clone())
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_elements(text in page(), pieces in proptest::collection::vec(1_usize..40, 1..20)) {
            prop_assert_eq!(split(text.as_bytes(), &pieces).unwrap().0, whole(text.as_bytes()).unwrap());
        }

        #[test]
        fn what_a_parser_refuses_is_refused(text in page(), at: prop::sample::Index, byte in prop::sample::select(b"{}[],:\"\\1a ".to_vec())) {
            let mut text = text.into_bytes();
            let at = at.index(text.len());
            text[at] = byte;
            // Members that nobody reads are not checked for UTF-8.
            prop_assume!(std::str::from_utf8(&text).is_ok());
            if let Ok((found, _)) = split(&text, &[5]) {
                prop_assert_eq!(Some(found), whole(&text), "{}", String::from_utf8_lossy(&text));
            }
        }
    }
}
