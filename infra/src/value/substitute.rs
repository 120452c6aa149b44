//! Texts with placeholders: `Fn::Sub`.

use super::Value;
use super::node::{Intrinsic, Members, Node};
use super::pseudo;

/// Makes a text with placeholders: `sub!("arn:${AWS::Partition}:sqs:*:*:${name}", name = stack)`.
///
/// Every placeholder is a pseudo parameter or one of the values; whatever is neither, or is not used,
/// does not compile. A reference or an attribute is written into the text (`${Table.Arn}`), other
/// functions become variables of `Fn::Sub`.
#[macro_export]
macro_rules! sub {
    ($text:expr $(, $name:ident = $value:expr)* $(,)?) => {{
        const TEXT: &str = $text;
        const _: () = $crate::core::substitute::check(TEXT, &[$(stringify!($name)),*]);
        $crate::core::substitute::fill(
            TEXT,
            &[$((stringify!($name), $crate::core::ToNode::to_node(&$value))),*],
        )
    }};
}

/// Refuses a text whose placeholders are not all known, at compile time.
///
/// # Panics
///
/// If a placeholder is neither a pseudo parameter nor a name, or if a name is not used. `sub!` calls
/// it in a constant only.
pub const fn check(text: &str, names: &[&str]) {
    let bytes = text.as_bytes();
    let mut position = 0;
    let mut used = 0;
    while position + 1 < bytes.len() {
        if bytes[position] != b'$' || bytes[position + 1] != b'{' {
            position += 1;
            continue;
        }
        let start = position + 2;
        let mut end = start;
        while end < bytes.len() && bytes[end] != b'}' {
            end += 1;
        }
        assert!(end < bytes.len(), "a placeholder has no end");
        let (_, rest) = bytes.split_at(start);
        let (name, _) = rest.split_at(end - start);
        let is_literal = !name.is_empty() && name[0] == b'!';
        if !is_literal && !contains(&pseudo::NAMES, name) {
            assert!(contains(names, name), "a placeholder names no value");
        }
        position = end + 1;
    }
    while used < names.len() {
        assert!(mentions(bytes, names[used].as_bytes()), "a value has no placeholder");
        used += 1;
    }
}

const fn contains(names: &[&str], name: &[u8]) -> bool {
    let mut index = 0;
    while index < names.len() {
        if same(names[index].as_bytes(), name) {
            return true;
        }
        index += 1;
    }
    false
}

const fn mentions(text: &[u8], name: &[u8]) -> bool {
    let mut start = 0;
    while start + name.len() + 3 <= text.len() {
        let (_, rest) = text.split_at(start);
        let (_, behind) = rest.split_at(2);
        let (inner, end) = behind.split_at(name.len());
        if rest[0] == b'$' && rest[1] == b'{' && end[0] == b'}' && same(inner, name) {
            return true;
        }
        start += 1;
    }
    false
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// Puts values into a text; what is not among them stays as it is.
pub fn fill(text: &str, values: &[(&str, Node)]) -> Value<String> {
    let mut filled = Text::default();
    for piece in pieces(text) {
        let known = |name: &str| values.iter().find(|(known, _)| *known == name);
        match piece {
            Piece::Text(text) => filled.text.push_str(text),
            Piece::Placeholder(name) => match known(name) {
                Some((name, node)) => filled.push(name, node),
                None => filled.placeholder(name),
            },
        }
    }
    filled.finish()
}

/// A part of a text with placeholders.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Piece<'a> {
    /// Text as it is written, `${!Literal}` included.
    Text(&'a str),
    /// The name between `${` and `}`.
    Placeholder(&'a str),
}

/// Takes a text with placeholders apart. An unfinished placeholder is text.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let (mut begun, mut position) = (0, 0);
    while let Some(start) = text[position..].find("${").map(|at| at + position) {
        let Some(end) = text[start..].find('}').map(|at| at + start) else { break };
        position = end + 1;
        if text[start + 2..].starts_with('!') {
            continue;
        }
        found.push(Piece::Text(&text[begun..start]));
        found.push(Piece::Placeholder(&text[start + 2..end]));
        begun = position;
    }
    found.push(Piece::Text(&text[begun..]));
    found.retain(|piece| *piece != Piece::Text(""));
    found
}

/// A text with placeholders, under construction.
#[derive(Default)]
struct Text {
    text: String,
    variables: Members,
    has_placeholders: bool,
    /// Whether what is put in stands between quotes.
    is_json: bool,
}

impl Text {
    fn placeholder(&mut self, name: &str) {
        self.has_placeholders = true;
        self.text.push_str(&format!("${{{name}}}"));
    }

    fn literal(&mut self, text: &str) {
        self.text.push_str(&text.replace("${", "${!"));
    }

    fn push(&mut self, name: &str, node: &Node) {
        match node {
            Node::Text(text) => self.literal(text),
            Node::Bool(value) => self.literal(&value.to_string()),
            Node::Integer(value) => self.literal(&value.to_string()),
            Node::Number(value) => self.literal(&value.to_string()),
            Node::List(_) | Node::Map(_) => self.variable(name, node),
            Node::Intrinsic(intrinsic) => self.push_intrinsic(name, intrinsic, node),
        }
    }

    fn push_intrinsic(&mut self, name: &str, intrinsic: &Intrinsic, node: &Node) {
        if let Intrinsic::Ref(target) = intrinsic {
            self.placeholder(target);
        } else if let Intrinsic::GetAtt { resource, attribute } = intrinsic {
            self.placeholder(&format!("{resource}.{attribute}"));
        } else if let Intrinsic::Sub { text, variables } = intrinsic
            && variables.is_empty()
        {
            self.has_placeholders = true;
            self.text.push_str(&if self.is_json { escaped(text) } else { text.clone() });
        } else {
            self.variable(name, node);
        }
    }

    fn variable(&mut self, name: &str, node: &Node) {
        self.variables.insert(name.to_owned(), node.clone());
        self.placeholder(name);
    }

    fn finish(self) -> Value<String> {
        let Self { text, variables, has_placeholders, is_json: _ } = self;
        if has_placeholders {
            Value::from_node(Intrinsic::Sub { text, variables }.into())
        } else {
            Value::from_node(Node::Text(text.replace("${!", "${")))
        }
    }
}

/// A tree as a text of JSON, its functions as placeholders.
pub(crate) fn json_text(node: &Node) -> Value<String> {
    let mut text = Text { is_json: true, ..Text::default() };
    write_json(node, &mut text);
    text.finish()
}

fn write_json(node: &Node, to: &mut Text) {
    match node {
        Node::List(elements) => {
            to.text.push('[');
            for (index, element) in elements.iter().enumerate() {
                to.text.push_str(if index == 0 { "" } else { "," });
                write_json(element, to);
            }
            to.text.push(']');
        }
        Node::Map(members) => {
            to.text.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                to.text.push_str(if index == 0 { "" } else { "," });
                to.literal(&quoted(name));
                to.text.push(':');
                write_json(member, to);
            }
            to.text.push('}');
        }
        Node::Intrinsic(_) => {
            let name = format!("Value{}", to.variables.len() + 1);
            to.text.push('"');
            to.push(&name, node);
            to.text.push('"');
        }
        Node::Text(text) => to.literal(&quoted(text)),
        Node::Bool(_) | Node::Integer(_) | Node::Number(_) => {
            to.literal(&serde_json::to_string(node).unwrap_or_default());
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// As it stands between quotes in JSON. Placeholders have nothing to escape.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
