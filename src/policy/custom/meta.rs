//! A header's keys to what a rule says of itself.

use crate::domain::rule_meta::{Reads, Uses};
use crate::domain::{Dataset, Need, RuleMeta, Severity, View};

use super::fields::is_import;
use super::header::{Header, Node, Scalar};
use super::problem::{Spot, nearest};

const MAX_ID: usize = 64;
const MAX_TITLE: usize = 200;
const MAX_REMEDIATION: usize = 600;
const MAX_ITEMS: usize = 20;
const MAX_ITEM: usize = 40;

/// Keys in front of `custom`: those that OPA knows and that say nothing to us are passed over.
const TOP: [&str; 8] = ["title", "description", "scope", "authors", "organizations", "related_resources", "entrypoint", "custom"];
const CUSTOM: [&str; 10] = ["id", "code", "severity", "view", "datasets", "reads", "remediation", "attack", "mitigations", "nist"];

/// Reads keys and gathers what is wrong with them.
struct Keys<'a, 's> {
    line: usize,
    nodes: &'a [Node],
    spots: &'s mut Vec<Spot>,
}

impl<'a> Keys<'a, '_> {
    fn find(&self, key: &str) -> Option<&'a Node> {
        self.nodes.iter().find(|node| node.key == key)
    }

    fn wrong(&mut self, node: &Node, message: impl Into<String>, help: Option<String>) {
        self.spots.push(Spot::new(node.value_at, format!("`{}`: {}", node.key, message.into())).maybe(help));
    }

    fn known(&mut self, known: &[&'static str]) {
        for node in self.nodes.iter().filter(|node| !known.contains(&node.key.as_str())) {
            let help = nearest(&node.key, known.iter().copied()).unwrap_or_else(|| format!("it has: {}", known.join(", ")));
            self.spots.push(Spot::new(node.at, format!("a header has no key `{}`", node.key)).help(help));
        }
    }

    fn required(&mut self, key: &str, help: &str) -> Option<&'a Node> {
        let found = self.find(key);
        if found.is_none() {
            self.spots.push(Spot::new((self.line, 1), format!("the header lacks `{key}`")).help(help));
        }
        found
    }

    /// One line of text without control characters.
    fn text(&mut self, node: &'a Node, most: usize) -> Option<&'a str> {
        match &node.value {
            Some(Scalar::Text(text)) if !text.trim().is_empty() && text.chars().count() <= most && !text.contains(char::is_control) => {
                Some(text)
            }
            Some(Scalar::Text(_)) => {
                self.wrong(node, format!("it is empty, longer than {most} characters, or holds control characters"), None);
                None
            }
            _ => {
                self.wrong(node, "expected text on one line", None);
                None
            }
        }
    }

    fn list(&mut self, key: &str) -> &'static [&'static str] {
        let Some(node) = self.find(key) else { return &[] };
        match &node.value {
            Some(Scalar::List(items)) if items.len() <= MAX_ITEMS && items.iter().all(|item| is_word(item)) => {
                items.iter().map(|item| leaked(item)).collect::<Vec<&'static str>>().leak()
            }
            _ => {
                self.wrong(node, format!("expected a list of at most {MAX_ITEMS} ids, such as `[T1199]`"), None);
                &[]
            }
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_ITEM && text.chars().all(|c| c.is_ascii_alphanumeric() || "-.()_".contains(c))
}

/// A rule's own words live as long as the program, as those of the built-in rules do. A run has few rules, and loads them once.
fn leaked(text: &str) -> &'static str {
    String::from(text).leak()
}

/// What a rule says of itself; `None`: not enough. `stem`: its file's name. Mistakes join `spots`.
pub(super) fn read(header: &Header, stem: &str, page: &str, spots: &mut Vec<Spot>) -> Option<RuleMeta> {
    let before = spots.len();
    let mut top = Keys { line: header.line, nodes: &header.nodes, spots };
    top.known(&TOP);
    let title = top.required("title", "one line that a finding shows: `# title: …`").and_then(|node| top.text(node, MAX_TITLE));
    let custom = top.required("custom", "the keys of this program stand below `# custom:`");
    let nodes = custom.map_or(&[][..], |node| &node.below);
    let mut keys = Keys { line: header.line, nodes, spots };
    keys.known(&CUSTOM);
    let id = keys.required("id", "the name of the file without `.rego`").and_then(|node| read_id(&mut keys, node, stem));
    let code = read_code(&mut keys).or(id);
    let severity = keys.required("severity", &severities()).and_then(|node| read_severity(&mut keys, node));
    let views = keys.required("view", "partner, customer or both").and_then(|node| read_views(&mut keys, node));
    let uses = keys
        .required("datasets", "what the rule rests on, below it: `relationships: required`")
        .and_then(|node| views.and_then(|views| read_datasets(&mut keys, node, views)));
    let reads = read_reads(&mut keys);
    let remediation =
        keys.required("remediation", "what to do about a finding, in a sentence").and_then(|node| keys.text(node, MAX_REMEDIATION));
    let (attack, mitigations, nist) = (keys.list("attack"), keys.list("mitigations"), keys.list("nist"));
    if keys.spots.len() > before {
        return None;
    }
    let (uses, customer_uses) = uses?;
    Some(RuleMeta {
        id: leaked(id?),
        code: leaked(code?),
        title: leaked(title?),
        views: views?,
        severity: severity?,
        severity_note: "",
        uses: uses.leak(),
        customer_uses: customer_uses.leak(),
        reads,
        fields: &[],
        settings: &[],
        remediation: leaked(remediation?),
        attack,
        mitigations,
        nist,
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: leaked(page),
    })
}

fn read_id<'a>(keys: &mut Keys<'a, '_>, node: &'a Node, stem: &str) -> Option<&'a str> {
    let id = keys.text(node, MAX_ID)?;
    let is_kebab = id.starts_with(|c: char| c.is_ascii_lowercase())
        && !id.ends_with('-')
        && !id.contains("--")
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !is_kebab {
        keys.wrong(node, "an id is lower case words with `-` in between", None);
        return None;
    }
    if id != stem {
        keys.wrong(node, format!("the file of `{id}` is `{id}.rego`, and this is `{stem}.rego`"), None);
        return None;
    }
    Some(id)
}

fn read_code<'a>(keys: &mut Keys<'a, '_>) -> Option<&'a str> {
    let node = keys.find("code")?;
    let code = keys.text(node, 12)?;
    let fits = code.split_once('-').is_some_and(|(letters, digits)| {
        (2..=6).contains(&letters.len())
            && letters.chars().all(|c| c.is_ascii_uppercase())
            && (1..=4).contains(&digits.len())
            && digits.chars().all(|c| c.is_ascii_digit())
    });
    if !fits {
        keys.wrong(node, "a code is such as `ACME-01`", None);
    }
    Some(code)
}

fn severities() -> String {
    format!("one of: {}", Severity::WORST_FIRST.map(Severity::as_str).join(", "))
}

fn read_severity<'a>(keys: &mut Keys<'a, '_>, node: &'a Node) -> Option<Severity> {
    let word = keys.text(node, 20)?;
    let severity = Severity::parse(word);
    if severity.is_none() {
        let help = nearest(word, Severity::WORST_FIRST.map(Severity::as_str)).unwrap_or_else(severities);
        keys.wrong(node, format!("`{word}` is no severity"), Some(help));
    }
    severity
}

fn read_views<'a>(keys: &mut Keys<'a, '_>, node: &'a Node) -> Option<&'static [View]> {
    match keys.text(node, 20)? {
        "partner" => Some(&[View::Partner]),
        "customer" => Some(&[View::Customer]),
        "both" => Some(&[View::Partner, View::Customer]),
        other => {
            let help = nearest(other, ["partner", "customer", "both"]).unwrap_or_else(|| "partner, customer or both".into());
            keys.wrong(node, format!("`{other}` is no view"), Some(help));
            None
        }
    }
}

fn read_reads(keys: &mut Keys<'_, '_>) -> Reads {
    let Some(node) = keys.find("reads") else { return Reads::Whole };
    match &node.value {
        Some(Scalar::Text(word)) if word == "some" => Reads::Some,
        Some(Scalar::Text(word)) if word == "all" => Reads::Whole,
        _ => {
            let help = "all (the default): judged only where what it requires was read to the end; some: on whatever was read";
            keys.wrong(node, "it is `all` or `some`", Some(help.into()));
            Reads::Whole
        }
    }
}

fn read_datasets<'a>(keys: &mut Keys<'a, '_>, node: &'a Node, views: &[View]) -> Option<(Vec<Uses>, Vec<Uses>)> {
    let (mut partner, mut customer) = (Vec::new(), Vec::new());
    let before = keys.spots.len();
    for row in &node.below {
        let Some(dataset) = Dataset::parse(&row.key) else {
            let help = nearest(&row.key, Dataset::ALL.iter().map(|dataset| dataset.name()));
            keys.spots.push(Spot::new(row.at, format!("there is no dataset `{}`", row.key)).maybe(help));
            continue;
        };
        let of: Vec<View> = views.iter().copied().filter(|view| dataset.need(*view).is_some()).collect();
        if of.is_empty() {
            let views = views.iter().map(|view| view.as_str()).collect::<Vec<_>>().join(" and ");
            keys.spots.push(Spot::new(row.at, format!("{dataset} is not read in the {views} view")));
            continue;
        }
        let Some(need) = keys.text(row, 20).and_then(|word| read_need(keys, row, word)) else { continue };
        for view in of {
            if need == Need::Import && !is_import(view, dataset) {
                keys.wrong(row, format!("{dataset} is read from the tenant in the {view} view, and comes from no file"), None);
                continue;
            }
            match view {
                View::Partner => partner.push(Uses { dataset, need }),
                View::Customer => customer.push(Uses { dataset, need }),
            }
        }
    }
    let lacks = |view: View| views.contains(&view) && if view == View::Partner { partner.is_empty() } else { customer.is_empty() };
    if let Some(view) = [View::Partner, View::Customer].into_iter().find(|view| lacks(*view)).filter(|_| keys.spots.len() == before) {
        let message = format!("`datasets` names none of the {view} view");
        keys.spots.push(Spot::new(node.at, message).help("a rule names each dataset that it reads, the one whose records it judges first"));
    }
    (keys.spots.len() == before).then_some((partner, customer))
}

fn read_need<'a>(keys: &mut Keys<'a, '_>, row: &'a Node, word: &str) -> Option<Need> {
    match word {
        "required" => Some(Need::Required),
        "helps" => Some(Need::Helps),
        "import" => Some(Need::Import),
        other => {
            let help = nearest(other, ["required", "helps", "import"]).unwrap_or_else(|| "required, helps or import".into());
            keys.wrong(row, format!("`{other}` is no kind"), Some(help));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Option<RuleMeta>, Vec<String>) {
        let mut spots = Vec::new();
        let header = super::super::header::read(text, &mut spots).unwrap();
        let meta = read(&header, "acme-x", "# page", &mut spots);
        spots.sort();
        (
            meta,
            spots
                .into_iter()
                .map(|spot| format!("{}:{}: {} ({})", spot.line, spot.column, spot.message, spot.help.unwrap_or_default()))
                .collect(),
        )
    }

    #[test]
    fn a_whole_header() {
        let (meta, spots) = parse(
            "# METADATA\n# title: Too long\n# description: Why\n# custom:\n#   id: acme-x\n#   severity: high\n#   view: both\n#   datasets:\n\
             #     relationships: required\n#     sign-ins: helps\n#     declared: import\n#     organization: required\n#   reads: some\n\
             #   remediation: End it.\n#   attack: [T1199]\n",
        );
        assert_eq!(spots, Vec::<String>::new());
        let meta = meta.unwrap();
        assert_eq!(
            (meta.id, meta.code, meta.title, meta.severity, meta.reads),
            ("acme-x", "acme-x", "Too long", Severity::High, Reads::Some)
        );
        let names = |uses: &[Uses]| uses.iter().map(|uses| uses.dataset.name()).collect::<Vec<_>>();
        assert_eq!(names(meta.uses), ["relationships", "sign-ins", "organization"]);
        assert_eq!(names(meta.customer_uses), ["sign-ins", "declared", "organization"]);
        assert_eq!((meta.attack, meta.page), (&["T1199"][..], "# page"));
    }

    #[test]
    fn every_field_that_is_lacking_is_told() {
        let (meta, spots) = parse("# METADATA\n# custom:\n#   attack: [T1199]\n");
        assert!(meta.is_none());
        let lacks = ["datasets", "id", "remediation", "severity", "title", "view"];
        assert_eq!(spots.len(), lacks.len(), "{spots:#?}");
        assert!(spots.iter().zip(lacks).all(|(spot, key)| spot.starts_with(&format!("1:1: the header lacks `{key}`"))), "{spots:#?}");
    }

    #[test]
    fn every_mistake_has_its_place_and_what_was_meant() {
        let (meta, spots) = parse(
            "# METADATA\n# titel: x\n# title: x\n# custom:\n#   id: Acme_X\n#   severity: hihg\n#   view: partner\n#   datasets:\n\
             #     relationship: required\n#     audits: required\n#     groups: requird\n#     assignments: import\n#   reads: most\n#   remediation: [a]\n\
             #   code: acme\n#   attack: \"T1199\"\n",
        );
        assert!(meta.is_none());
        let wanted = [
            "2:3: a header has no key `titel` (did you mean `title`?)",
            "5:9: `id`: an id is lower case words with `-` in between ()",
            "6:15: `severity`: `hihg` is no severity (did you mean `high`?)",
            "9:7: there is no dataset `relationship` (did you mean `relationships`?)",
            "10:7: audits is not read in the partner view ()",
            "11:15: `groups`: `requird` is no kind (did you mean `required`?)",
            "12:20: `assignments`: assignments is read from the tenant in the partner view, and comes from no file ()",
            "13:12: `reads`: it is `all` or `some` (all (the default): judged only where what it requires was read to the end; some: on whatever was read)",
            "14:18: `remediation`: expected text on one line ()",
            "15:11: `code`: a code is such as `ACME-01` ()",
            "16:13: `attack`: expected a list of at most 20 ids, such as `[T1199]` ()",
        ];
        assert_eq!(spots, wanted);
    }

    #[test]
    fn the_file_carries_the_id_and_each_view_a_dataset() {
        let (_, spots) = parse(
            "# METADATA\n# title: x\n# custom:\n#   id: acme-y\n#   severity: low\n#   view: both\n#   datasets:\n#     groups: required\n#   remediation: x\n",
        );
        assert_eq!(
            spots,
            [
                "4:9: `id`: the file of `acme-y` is `acme-y.rego`, and this is `acme-x.rego` ()",
                "7:5: `datasets` names none of the customer view (a rule names each dataset that it reads, the one whose records it judges first)"
            ]
        );
    }
}
