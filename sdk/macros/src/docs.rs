//! Doc comments: what is for the model about the whole, and what about each argument.

use std::collections::BTreeMap;

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// A doc comment taken apart.
#[derive(Default)]
pub(crate) struct Docs {
    /// Without the list of arguments.
    pub(crate) text: String,
    /// From the list of arguments.
    pub(crate) arguments: BTreeMap<String, String>,
}

/// The text of doc attributes; `None` where there are none.
pub(crate) fn text_of(attributes: &[Attribute]) -> Option<String> {
    let lines: Vec<String> = attributes.iter().filter_map(line).collect();
    // One space is the usual distance from the slashes.
    let lines = lines.iter().flat_map(|line| line.split('\n'));
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    let text = lines.join("\n").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
    attribute.path().is_ident("doc").then(|| text.value())
}

impl Docs {
    /// Takes a text apart: below `# Arguments`, or `Args:`, stands what belongs to the arguments,
    /// until another heading or, after `Args:`, a line that is not set in.
    pub(crate) fn parse(text: &str) -> Self {
        let mut docs = Self::default();
        let mut place = Place::Text;
        let mut current: Option<String> = None;
        for line in text.lines() {
            place = place.next(line);
            match place {
                Place::Heading => current = None,
                Place::Text => {
                    docs.text.push_str(line);
                    docs.text.push('\n');
                }
                Place::Items { .. } => match item(line) {
                    Some((name, about)) => {
                        docs.arguments.insert(name.clone(), about);
                        current = Some(name);
                    }
                    None => {
                        let more = line.trim();
                        let about = current.as_ref().and_then(|name| docs.arguments.get_mut(name));
                        if let (Some(about), false) = (about, more.is_empty()) {
                            about.push(' ');
                            about.push_str(more);
                        }
                    }
                },
            }
        }
        docs.text = docs.text.trim().to_owned();
        docs
    }
}

/// Where a line of a doc comment stands.
#[derive(Clone, Copy)]
enum Place {
    Text,
    /// The line that begins the list.
    Heading,
    Items {
        /// Whether the list ends with the first line that is not set in.
        indented: bool,
    },
}

impl Place {
    fn next(self, line: &str) -> Self {
        match line.trim() {
            "# Arguments" | "# Args" | "## Arguments" | "Args:" | "Arguments:" => {
                return Self::Heading;
            }
            _ => {}
        }
        match self {
            Self::Text => Self::Text,
            Self::Heading => Self::after(line, None),
            Self::Items { indented } => Self::after(line, Some(indented)),
        }
    }

    fn after(line: &str, indented: Option<bool>) -> Self {
        let blank = line.trim().is_empty();
        let is_set_in = line.starts_with([' ', '\t']);
        let indented = indented.unwrap_or(is_set_in && !blank);
        let ends = line.starts_with('#') || (indented && !is_set_in && !blank);
        if ends { Self::Text } else { Self::Items { indented } }
    }
}

/// `* name - about`, `- name: about`, `name: about`, with or without backticks and `(type)`.
fn item(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let bare = line.strip_prefix("* ").or_else(|| line.strip_prefix("- ")).unwrap_or(line).trim();
    let (name, about) = match bare.split_once(" - ") {
        Some(pair) if is_name(pair.0) => pair,
        _ => bare.split_once(':')?,
    };
    is_name(name).then(|| (name_of(name).to_owned(), about.trim().to_owned()))
}

fn name_of(text: &str) -> &str {
    text.split('(').next().unwrap_or_default().trim().trim_matches('`')
}

fn is_name(text: &str) -> bool {
    let name = name_of(text);
    let known = |c: char| c.is_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, about: &str, arguments: &[(&str, &str)]) {
        let docs = Docs::parse(text);
        assert_eq!(docs.text, about, "{text}");
        let found: Vec<_> = docs.arguments.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(found, arguments, "{text}");
    }

    #[test]
    fn lists_of_arguments() {
        check("Adds.\n\nTwo lines.", "Adds.\n\nTwo lines.", &[]);
        let pairs = [("a", "the first"), ("b", "the second, and more")];
        check(
            "Adds.\n\n# Arguments\n\n* `a` - the first\n* b - the second,\n  and more",
            "Adds.",
            &pairs,
        );
        check(
            "Adds.\n\nArgs:\n    a (int): the first\n    b: the second,\n        and more",
            "Adds.",
            &pairs,
        );
        let more = "Adds.\n\nReturns:\n    The sum.";
        check("Adds.\n\nArgs:\n    a: the first\n\nReturns:\n    The sum.", more, &pairs[..1]);
        check(
            "Adds.\n# Arguments\n- a: the first\n# Errors\nNone.",
            "Adds.\n# Errors\nNone.",
            &pairs[..1],
        );
    }
}
