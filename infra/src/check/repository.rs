//! What the AWS Serverless Application Repository takes: types by its list, and no wide policies.

use super::policies::{documents, texts};
use super::{Concern, Finding, Place};
use crate::template::{Section, Template};
use crate::value::node::Node;

/// The types that it takes, a line each, with comments.
const TYPES: &str = include_str!("../../spec/repository-types.txt");

/// Actions that it does not let a role have on everything.
const REFUSED_ON_EVERYTHING: [&str; 4] =
    ["iam:*", "iam:AttachRolePolicy", "iam:PassRole", "iam:PutRolePolicy"];

/// A managed policy that it does not let a role have.
const REFUSED_POLICY: &str = "AWSLambda_FullAccess";

pub(super) fn check(template: &Template, findings: &mut Vec<Finding>) {
    for (id, resource) in template.resources() {
        let place = Place::of(Section::Resource, id);
        let type_name = resource.type_name();
        if !TYPES.lines().any(|known| known == type_name) {
            let sentence = format!("{type_name} is not among the types that it takes");
            findings.push(place.at("/Type").error(Concern::Repository, sentence));
        }
        let properties = Node::Map(resource.properties.clone());
        let place = place.at("/Properties");
        documents(&properties, &place, &mut |statement, place| {
            let actions = texts(statement, "Action");
            let refused = actions.iter().find(|action| REFUSED_ON_EVERYTHING.contains(action));
            let Some(refused) = refused else { return };
            let on_everything = texts(statement, "Resource").contains(&"*");
            if on_everything && texts(statement, "Effect") == ["Allow"] {
                let sentence = format!("It refuses {refused} on everything");
                findings.push(place.error(Concern::Repository, sentence));
            }
        });
        if mentions_text(&properties, REFUSED_POLICY) {
            let sentence = format!("It refuses the managed policy {REFUSED_POLICY}");
            findings.push(place.error(Concern::Repository, sentence));
        }
    }
}

fn mentions_text(node: &Node, wanted: &str) -> bool {
    match node {
        Node::Text(text) => text.contains(wanted),
        Node::List(elements) => elements.iter().any(|element| mentions_text(element, wanted)),
        Node::Map(members) => members.values().any(|member| mentions_text(member, wanted)),
        // The arguments of functions are data again.
        Node::Intrinsic(intrinsic) => mentions_text(&intrinsic.argument(), wanted),
        Node::Bool(_) | Node::Integer(_) | Node::Number(_) => false,
    }
}
