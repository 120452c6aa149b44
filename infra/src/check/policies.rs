//! Policies: whether they are wider than they need to be, and name actions that exist.

use super::actions::{Action, action};
use super::{Concern, Finding, Place};
use crate::template::{Section, Template};
use crate::value::node::{Intrinsic, Members, Node};

pub(super) fn check(template: &Template, findings: &mut Vec<Finding>) {
    for (id, resource) in template.resources() {
        let place = Place::of(Section::Resource, id).at("/Properties");
        for (name, node) in &resource.properties {
            // A key's policy says of the key itself who may do what: `*` is the key.
            let is_key_policy = name == "KeyPolicy";
            documents(node, &place.at(&format!("/{name}")), &mut |statement, place| {
                check_statement(statement, is_key_policy, place, findings);
            });
        }
        if resource.type_name() == "AWS::Lambda::Permission" {
            permission(&resource.properties, &place, findings);
        }
    }
}

/// Visits every statement of every policy document in a tree.
pub(super) fn documents(node: &Node, place: &Place, visit: &mut impl FnMut(&Members, &Place)) {
    match node {
        Node::List(elements) => {
            for (index, element) in elements.iter().enumerate() {
                documents(element, &place.at(&format!("/{index}")), visit);
            }
        }
        Node::Map(members) => {
            if let Some(Node::List(statements)) = members.get("Statement") {
                for (index, statement) in statements.iter().enumerate() {
                    let place = place.at(&format!("/Statement/{index}"));
                    statements_in(statement, &place, visit);
                }
                return;
            }
            for (name, member) in members {
                documents(member, &place.at(&format!("/{name}")), visit);
            }
        }
        Node::Intrinsic(intrinsic) => {
            if let Intrinsic::If { yes, no, .. } = &**intrinsic {
                documents(yes, place, visit);
                documents(no, place, visit);
            }
        }
        Node::Bool(_) | Node::Integer(_) | Node::Number(_) | Node::Text(_) => {}
    }
}

fn statements_in(node: &Node, place: &Place, visit: &mut impl FnMut(&Members, &Place)) {
    if let Some(statement) = node.as_map() {
        visit(statement, place);
    } else if let Some(Intrinsic::If { yes, no, .. }) = node.as_intrinsic() {
        statements_in(yes, place, visit);
        statements_in(no, place, visit);
    }
}

/// The texts of a member that is one text or several.
pub(super) fn texts<'a>(statement: &'a Members, name: &str) -> Vec<&'a str> {
    match statement.get(name) {
        Some(Node::List(elements)) => elements.iter().filter_map(Node::as_text).collect(),
        Some(node) => node.as_text().into_iter().collect(),
        None => Vec::new(),
    }
}

fn check_statement(
    statement: &Members,
    is_key_policy: bool,
    place: &Place,
    findings: &mut Vec<Finding>,
) {
    let allows = texts(statement, "Effect") == ["Allow"];
    let is_limited = statement.contains_key("Condition");
    let actions = texts(statement, "Action");
    for name in &actions {
        let place = place.at("/Action");
        if name.contains('*') {
            if allows && !is_key_policy {
                findings.push(wide_action(name, &place));
            }
        } else if action(name) == Action::Missing {
            let sentence = format!("There is no action {name}");
            findings.push(place.error(Concern::Action, sentence));
        }
    }
    if !allows || is_key_policy {
        return;
    }
    if texts(statement, "Resource").contains(&"*") {
        let scoped: Vec<&str> =
            actions.iter().copied().filter(|name| action(name) == Action::Scoped).collect();
        if !scoped.is_empty() {
            let sentence = format!("Allows {} on everything", scoped.join(", "));
            let place = place.at("/Resource");
            findings.push(by_limit(is_limited, &place, sentence));
        }
    }
    let everyone = statement.get("Principal").is_some_and(is_everyone);
    if everyone {
        let place = place.at("/Principal");
        findings.push(by_limit(is_limited, &place, "Allows everyone".to_owned()));
    }
}

fn wide_action(name: &str, place: &Place) -> Finding {
    let sentence = format!("Allows every action that matches {name}");
    let is_whole = name.rsplit(':').next() == Some("*");
    if is_whole {
        place.error(Concern::Wildcard, sentence)
    } else {
        place.warning(Concern::Wildcard, sentence)
    }
}

/// With a condition, a wildcard may be as narrow as can be.
fn by_limit(is_limited: bool, place: &Place, sentence: String) -> Finding {
    if is_limited {
        place.warning(Concern::Wildcard, format!("{sentence}, though under a condition"))
    } else {
        place.error(Concern::Wildcard, sentence)
    }
}

fn is_everyone(principal: &Node) -> bool {
    match principal {
        Node::Text(text) => text == "*",
        Node::List(elements) => elements.iter().any(is_everyone),
        Node::Map(members) => members.get("AWS").is_some_and(is_everyone),
        Node::Bool(_) | Node::Integer(_) | Node::Number(_) | Node::Intrinsic(_) => false,
    }
}

/// A permission of Lambda is a statement in other words.
fn permission(properties: &Members, place: &Place, findings: &mut Vec<Finding>) {
    let limits = [
        "SourceAccount",
        "SourceArn",
        "PrincipalOrgID",
        "FunctionUrlAuthType",
        "InvokedViaFunctionUrl",
    ];
    let is_limited = limits.iter().any(|limit| properties.contains_key(*limit));
    if properties.get("Principal").is_some_and(is_everyone) {
        let place = place.at("/Principal");
        findings.push(by_limit(is_limited, &place, "Allows everyone".to_owned()));
    }
    if texts(properties, "Action").iter().any(|action| action.contains('*')) {
        let sentence = "Allows every action".to_owned();
        findings.push(place.at("/Action").error(Concern::Wildcard, sentence));
    }
}
