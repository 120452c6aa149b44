//! Properties: whether literals are within their bounds, and nothing is missing or unknown.
//!
//! Builders know no other properties than those of the schema; declarations without a builder do.

use regex::Regex;

use super::schema::{Bounds, Member, Shape, schema};
use super::{Concern, Finding, Place};
use crate::template::{Section, Template};
use crate::value::node::{Intrinsic, Members, Node};

pub(super) fn check(template: &Template, findings: &mut Vec<Finding>) {
    for (id, resource) in template.resources() {
        if let Some(schema) = schema(resource.type_name()) {
            let place = Place::of(Section::Resource, id).at("/Properties");
            object(&resource.properties, schema.members, &place, findings);
        }
    }
}

fn object(members: &Members, known: &'static [Member], place: &Place, findings: &mut Vec<Finding>) {
    for member in known.iter().filter(|member| member.required) {
        if !members.contains_key(member.name) {
            let sentence = format!("{} is required", member.name);
            findings.push(place.error(Concern::Property, sentence));
        }
    }
    for (name, node) in members {
        let place = place.at(&format!("/{name}"));
        match known.iter().find(|member| member.name == name) {
            Some(member) => value(node, &member.shape, &member.bounds, &place, findings),
            None => findings.push(place.error(Concern::Property, format!("{name} is unknown"))),
        }
    }
}

fn value(
    node: &Node,
    shape: &'static Shape,
    bounds: &'static Bounds,
    place: &Place,
    findings: &mut Vec<Finding>,
) {
    if let Some(Intrinsic::If { yes, no, .. }) = node.as_intrinsic() {
        value(yes, shape, bounds, place, findings);
        value(no, shape, bounds, place, findings);
        return;
    }
    match (shape, node) {
        (Shape::Object(known), Node::Map(members)) => object(members, known, place, findings),
        (Shape::Map(of), Node::Map(members)) => {
            for (name, node) in members {
                value(node, of, bounds, &place.at(&format!("/{name}")), findings);
            }
        }
        (Shape::List(of), Node::List(elements)) => {
            count(elements.len(), bounds, place, findings);
            for (index, node) in elements.iter().enumerate() {
                value(node, of, bounds, &place.at(&format!("/{index}")), findings);
            }
        }
        (Shape::OneOf(shapes), node) => {
            if let Some(shape) = shapes.iter().find(|shape| fits(node, shape)) {
                value(node, shape, bounds, place, findings);
            }
        }
        (Shape::Words(words), Node::Text(text)) if !words.contains(&text.as_str()) => {
            let sentence = format!("{text:?} is none of {}", words.join(", "));
            findings.push(place.error(Concern::Property, sentence));
        }
        (Shape::Scalar, Node::Text(literal)) => text(literal, bounds, place, findings),
        // Below 2^53, a floating-point number holds every whole one.
        #[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
        (Shape::Scalar, Node::Integer(number)) => {
            range(*number as f64, bounds, place, findings);
        }
        (Shape::Scalar, Node::Number(number)) => range(*number, bounds, place, findings),
        (
            Shape::Free
            | Shape::Scalar
            | Shape::Policy
            | Shape::Words(_)
            | Shape::List(_)
            | Shape::Map(_)
            | Shape::Object(_),
            _,
        ) => {}
    }
}

/// Whether a value looks like this rather than like something else. Kinds of events, for example, are
/// told apart by the one word that a member must have.
fn fits(node: &Node, shape: &Shape) -> bool {
    match (shape, node) {
        (Shape::Object(known), Node::Map(members)) => {
            known.iter().all(|member| match member.shape {
                Shape::Words([word]) if member.required => {
                    members.get(member.name).and_then(Node::as_text) == Some(word)
                }
                Shape::Words(_)
                | Shape::Free
                | Shape::Scalar
                | Shape::Policy
                | Shape::OneOf(_)
                | Shape::List(_)
                | Shape::Map(_)
                | Shape::Object(_) => true,
            })
        }
        (Shape::List(_), Node::List(_)) => true,
        (Shape::Scalar | Shape::Words(_), node) => {
            node.as_map().is_none() && node.as_list().is_none()
        }
        (
            Shape::Free
            | Shape::Policy
            | Shape::OneOf(_)
            | Shape::List(_)
            | Shape::Map(_)
            | Shape::Object(_),
            _,
        ) => false,
    }
}

fn count(elements: usize, bounds: &Bounds, place: &Place, findings: &mut Vec<Finding>) {
    let mut note = |bound: usize, word: &str| {
        let sentence = format!("Has {elements} elements, but may have {word} {bound}");
        findings.push(place.error(Concern::Property, sentence));
    };
    if let Some(least) = bounds.min_items.filter(|least| elements < *least) {
        note(least, "no less than");
    }
    if let Some(most) = bounds.max_items.filter(|most| elements > *most) {
        note(most, "no more than");
    }
}

fn range(number: f64, bounds: &Bounds, place: &Place, findings: &mut Vec<Finding>) {
    let mut note = |bound: f64, word: &str| {
        let sentence = format!("Is {number}, but may be {word} {bound}");
        findings.push(place.error(Concern::Property, sentence));
    };
    if let Some(least) = bounds.minimum.filter(|least| number < *least) {
        note(least, "no less than");
    }
    if let Some(most) = bounds.maximum.filter(|most| number > *most) {
        note(most, "no more than");
    }
}

fn text(text: &str, bounds: &Bounds, place: &Place, findings: &mut Vec<Finding>) {
    let characters = text.chars().count();
    let mut note = |bound: usize, word: &str| {
        let sentence = format!("Has {characters} characters, but may have {word} {bound}");
        findings.push(place.error(Concern::Property, sentence));
    };
    if let Some(least) = bounds.min_length.filter(|least| characters < *least) {
        note(least, "no less than");
    }
    if let Some(most) = bounds.max_length.filter(|most| characters > *most) {
        note(most, "no more than");
    }
    // Patterns that look around are none for this engine; they are left to AWS.
    let pattern = bounds.pattern.and_then(|pattern| Regex::new(pattern).ok());
    if pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
        // AWS takes what its own schemas' patterns do not, sometimes.
        let sentence = format!("{text:?} does not match {}", bounds.pattern.unwrap_or_default());
        findings.push(place.warning(Concern::Property, sentence));
    }
}
