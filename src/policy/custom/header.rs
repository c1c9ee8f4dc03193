//! The `# METADATA` comment in front of a rule's package: an OPA annotation. What is read here is a strict part of YAML, one
//! `key: value` a line, nested by indentation: whatever it takes means the same to OPA, and what could mean two things is refused.

use super::problem::Spot;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scalar {
    /// Text.
    Text(String),
    /// `[a, b]`.
    List(Vec<String>),
}

/// A key with its value, or with what stands below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) key: String,
    /// Line and column of the key.
    pub(super) at: (usize, usize),
    pub(super) value: Option<Scalar>,
    /// Line and column of the value.
    pub(super) value_at: (usize, usize),
    pub(super) below: Vec<Node>,
}

/// A header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// Its first line.
    pub(super) line: usize,
    pub(super) nodes: Vec<Node>,
}

/// The header of a rule's text. `None`: it has none. Mistakes join `spots`.
pub(super) fn read(source: &str, spots: &mut Vec<Spot>) -> Option<Header> {
    let mut lines = source.lines().enumerate().map(|(index, text)| (index + 1, text.trim_end()));
    let line = lines.by_ref().take_while(|(_, text)| text.is_empty() || text.starts_with('#')).find_map(|(line, text)| {
        let is_marker = text.strip_prefix('#').is_some_and(|rest| rest.trim() == "METADATA");
        is_marker.then_some(line)
    })?;
    let mut rows = Vec::new();
    for (line, text) in lines {
        let Some(rest) = text.strip_prefix('#') else { break };
        match row(line, rest) {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => {}
            Err(spot) => spots.push(spot),
        }
    }
    let mut at = 0;
    let first = rows.first().map_or(0, |(indent, _)| *indent);
    let nodes = tree(&rows, &mut at, first, spots);
    if let Some((_, node)) = rows.get(at) {
        spots.push(Spot::new(node.at, "this line's indentation fits no line above").help("lines of one level start in one column"));
    }
    Some(Header { line, nodes })
}

/// One line without its `#`: how far it is indented, and what it says.
fn row(line: usize, text: &str) -> Result<Option<(usize, Node)>, Spot> {
    let content = text.trim_start_matches(' ');
    let indent = text.len() - content.len();
    // The `#` stands in column 1.
    let column = indent + 2;
    if content.is_empty() || content.starts_with('#') {
        return Ok(None);
    }
    let wrong = |message: &str| Spot::new((line, column), message).help("write `key: value`, and indent with spaces");
    let (key, rest) = content.split_once(':').ok_or_else(|| wrong("this line of the header is no `key: value`"))?;
    let is_name = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !is_name || !(rest.is_empty() || rest.starts_with(' ')) {
        return Err(wrong("this line of the header is no `key: value`"));
    }
    let value = rest.trim_start();
    let value_at = (line, column + content.chars().count() - value.chars().count());
    let value = match value {
        "" => None,
        text => Some(scalar(text).map_err(|(message, help)| Spot::new(value_at, format!("`{key}`: {message}")).help(help))?),
    };
    Ok(Some((indent, Node { key: key.to_owned(), at: (line, column), value, value_at, below: Vec::new() })))
}

type Wrong = (&'static str, &'static str);

fn scalar(text: &str) -> Result<Scalar, Wrong> {
    match text.strip_prefix('[') {
        Some(rest) => {
            let items = rest.strip_suffix(']').ok_or(("the list does not end on its line", "write it as `[a, b]`"))?;
            let items = items.split(',').map(str::trim).filter(|item| !item.is_empty());
            items.map(single).collect::<Result<Vec<String>, Wrong>>().map(Scalar::List)
        }
        None => single(text).map(Scalar::Text),
    }
}

fn single(text: &str) -> Result<String, Wrong> {
    const QUOTE: &str = "put the value between double quotes, on one line";
    if text.starts_with('"') {
        return serde_json::from_str(text).map_err(|_| ("the quoted value does not end on its line, or something follows it", QUOTE));
    }
    if let Some(rest) = text.strip_prefix('\'') {
        let inner = rest.strip_suffix('\'').filter(|inner| !inner.replace("''", "").contains('\''));
        return inner.map(|inner| inner.replace("''", "'")).ok_or(("the quoted value does not end on its line", QUOTE));
    }
    let is_special = text.starts_with(|c| "{}]&*!|>%@`,?#".contains(c)) || text == "-" || text.starts_with("- ");
    if is_special || text.contains(": ") || text.contains(" #") || text.ends_with(':') {
        return Err(("YAML reads more into this than text", QUOTE));
    }
    Ok(text.to_owned())
}

/// The rows of one level, each with those below it.
fn tree(rows: &[(usize, Node)], at: &mut usize, level: usize, spots: &mut Vec<Spot>) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    while let Some((_, row)) = rows.get(*at).filter(|(indent, _)| *indent == level) {
        *at += 1;
        let mut node = row.clone();
        if let Some((deeper, below)) = rows.get(*at).filter(|(indent, _)| *indent > level) {
            if node.value.is_some() {
                spots.push(Spot::new(below.at, format!("`{}` has a value, so nothing stands below it", node.key)));
            }
            node.below = tree(rows, at, *deeper, spots);
        }
        if nodes.iter().any(|other| other.key == node.key) {
            spots.push(Spot::new(node.at, format!("`{}` stands here twice", node.key)));
        } else {
            nodes.push(node);
        }
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> (Option<Header>, Vec<String>) {
        let mut spots = Vec::new();
        let header = read(source, &mut spots);
        (header, spots.into_iter().map(|spot| format!("{}:{}: {}", spot.line, spot.column, spot.message)).collect())
    }

    #[test]
    fn keys_nest_by_indentation_and_know_their_place() {
        let (header, spots) = parse(
            "# a rule of ours\n\n# METADATA\n# title: Too long\n# custom:\n#   id: acme-x\n#   datasets:\n#     relationships: required\n\
             #   attack: [T1199, \"T1078\"]\n#   note: \"it's: so # long\"\n#   other: 'it''s'\n\npackage x\n# METADATA\n",
        );
        assert_eq!(spots, Vec::<String>::new());
        let header = header.unwrap();
        assert_eq!((header.line, header.nodes.len()), (3, 2));
        let [id, datasets, attack, note, other] = &header.nodes[1].below[..] else { panic!("{header:?}") };
        assert_eq!((id.at, id.value_at, id.value.clone()), ((6, 5), (6, 9), Some(Scalar::Text("acme-x".into()))));
        assert_eq!(datasets.below[0].key, "relationships");
        assert_eq!(attack.value, Some(Scalar::List(vec!["T1199".into(), "T1078".into()])));
        assert_eq!(note.value, Some(Scalar::Text("it's: so # long".into())));
        assert_eq!(other.value, Some(Scalar::Text("it's".into())));
    }

    #[test]
    fn what_yaml_reads_otherwise_is_refused_with_its_place() {
        let (_, spots) = parse(
            "# METADATA\n# title: a: b\n# x: |\n# y: &a\n# no key\n# z: \"open\n# z2: [a\n# a: 1\n#   b: 2\n# a: 2\n# c:\n#     d: 1\n#   e: 2\n",
        );
        let places: Vec<&str> = spots.iter().map(|spot| spot.split_once(": ").unwrap().0).collect();
        assert_eq!(places, ["2:10", "3:6", "4:6", "5:3", "6:6", "7:7", "9:5", "10:3", "13:5"], "{spots:#?}");
    }

    #[test]
    fn a_header_stands_in_front_of_the_package() {
        assert_eq!(parse("package x\n# METADATA\n# title: x\n").0, None);
        assert_eq!(parse("").0, None);
        assert_eq!(parse("# METADATA\n").0.unwrap().nodes, []);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(# ?[a-zä:\\[\\]\"' ,-]{0,12}\n){0,8}") {
            parse(&format!("# METADATA\n{text}"));
        }
    }
}
