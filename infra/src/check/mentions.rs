//! What a tree mentions: every reference, wherever it stands.

use crate::value::node::{Intrinsic, Node, Operator};
use crate::value::substitute::{Piece, pieces};

/// Something that is mentioned, and where.
#[derive(Clone, Debug)]
pub(crate) struct Mention<'a> {
    /// What is mentioned.
    pub(crate) target: Target<'a>,
    /// The way to it, with a slash before each part.
    pub(crate) path: String,
    /// The conditions that hold, or do not, wherever this is evaluated.
    pub(crate) assumed: Vec<(&'a str, bool)>,
}

/// What may be mentioned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Target<'a> {
    /// `Ref`, or a placeholder without a full stop.
    Ref(&'a str),
    /// `Fn::GetAtt`, or a placeholder with one.
    Attribute(&'a str, &'a str),
    /// A condition by its name.
    Condition(&'a str),
    /// A mapping, and its keys where they are literal.
    Mapping(&'a str, Option<&'a str>, Option<&'a str>),
    /// A function of conditions and rules.
    Logic(Operator),
    /// A variable of `Fn::Sub` that has no placeholder.
    UnusedVariable(&'a str),
}

/// Everything that a tree mentions, in its order.
pub(crate) fn mentions(node: &Node) -> Vec<Mention<'_>> {
    let mut walk = Walk { found: Vec::new(), path: String::new(), assumed: Vec::new() };
    walk.node(node);
    walk.found
}

struct Walk<'a> {
    found: Vec<Mention<'a>>,
    path: String,
    assumed: Vec<(&'a str, bool)>,
}

impl<'a> Walk<'a> {
    fn note(&mut self, target: Target<'a>) {
        let (path, assumed) = (self.path.clone(), self.assumed.clone());
        self.found.push(Mention { target, path, assumed });
    }

    fn node(&mut self, node: &'a Node) {
        match node {
            Node::Bool(_) | Node::Integer(_) | Node::Number(_) | Node::Text(_) => {}
            Node::List(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.inside(&index.to_string(), element);
                }
            }
            Node::Map(members) => {
                for (name, member) in members {
                    self.inside(name, member);
                }
            }
            Node::Intrinsic(intrinsic) => self.intrinsic(intrinsic),
        }
    }

    fn inside(&mut self, part: &str, node: &'a Node) {
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(part);
        self.node(node);
        self.path.truncate(length);
    }

    fn assuming(&mut self, condition: &'a str, holds: bool, node: &'a Node) {
        self.assumed.push((condition, holds));
        self.node(node);
        self.assumed.pop();
    }

    fn intrinsic(&mut self, intrinsic: &'a Intrinsic) {
        match intrinsic {
            Intrinsic::Ref(name) => self.note(Target::Ref(name)),
            Intrinsic::GetAtt { resource, attribute } => {
                self.note(Target::Attribute(resource, attribute));
            }
            Intrinsic::Sub { text, variables } => self.sub(text, variables),
            Intrinsic::If { condition, yes, no } => {
                self.note(Target::Condition(condition));
                self.assuming(condition, true, yes);
                self.assuming(condition, false, no);
            }
            Intrinsic::FindInMap { mapping, top, second } => {
                self.note(Target::Mapping(mapping, top.as_text(), second.as_text()));
                self.node(top);
                self.node(second);
            }
            Intrinsic::Select { list: of, .. }
            | Intrinsic::Split { text: of, .. }
            | Intrinsic::Join { list: of, .. }
            | Intrinsic::Base64(of)
            | Intrinsic::ImportValue(of) => self.node(of),
            Intrinsic::Condition(name) => self.note(Target::Condition(name)),
            Intrinsic::Logic { operator, operands } => {
                self.note(Target::Logic(*operator));
                for operand in operands {
                    self.node(operand);
                }
            }
        }
    }

    fn sub(&mut self, text: &'a str, variables: &'a crate::value::node::Members) {
        let mut used = Vec::new();
        for piece in pieces(text) {
            let Piece::Placeholder(name) = piece else { continue };
            if variables.contains_key(name) {
                used.push(name);
            } else if let Some((resource, attribute)) = name.split_once('.') {
                self.note(Target::Attribute(resource, attribute));
            } else {
                self.note(Target::Ref(name));
            }
        }
        for (name, node) in variables {
            if !used.contains(&name.as_str()) {
                self.note(Target::UnusedVariable(name));
            }
            self.node(node);
        }
    }
}
