//! References: whether what is mentioned is there, always, and without going round in circles.

use std::collections::{BTreeMap, BTreeSet};

use super::logic::Logic;
use super::mentions::{Mention, Target, mentions};
use super::schema::schema;
use super::{Concern, Finding, Place};
use crate::core::serverless::{Made, made_by_sam};
use crate::template::{Section, Template};
use crate::value::node::Node;
use crate::value::pseudo;

pub(super) fn check(template: &Template, findings: &mut Vec<Finding>) {
    let checker =
        Checker { template, made: made_by_sam(template), logic: Logic::new(template.conditions()) };
    checker.rules(findings);
    checker.conditions(findings);
    checker.resources(findings);
    checker.outputs(findings);
    cycles(template, &checker.made, findings);
}

struct Checker<'a> {
    template: &'a Template,
    made: BTreeMap<String, Made<'a>>,
    logic: Logic<'a>,
}

impl Checker<'_> {
    fn rules(&self, findings: &mut Vec<Finding>) {
        for (name, rule) in self.template.rules() {
            let place = Place::of(Section::Rule, name);
            let document = rule.to_document();
            for mention in mentions(&document) {
                let place = place.at(&mention.path);
                match mention.target {
                    Target::Ref(name) => self.parameter(name, &place, findings),
                    Target::Condition(name) => {
                        let sentence =
                            format!("Rules know no conditions, and so cannot refer to {name}");
                        findings.push(place.error(Concern::Misplaced, sentence));
                    }
                    Target::Attribute(name, _) => {
                        let sentence = format!("Rules know no resources, such as {name}");
                        findings.push(place.error(Concern::Misplaced, sentence));
                    }
                    Target::Mapping(..) => self.mapping(&mention, &place, findings),
                    Target::Logic(_) | Target::UnusedVariable(_) => {}
                }
            }
        }
    }

    fn conditions(&self, findings: &mut Vec<Finding>) {
        for (name, predicate) in self.template.conditions() {
            let place = Place::of(Section::Condition, name);
            for mention in mentions(predicate.node()) {
                let place = place.at(&mention.path);
                match mention.target {
                    Target::Ref(name) => self.parameter(name, &place, findings),
                    Target::Condition(other) => self.condition(other, &place, findings),
                    Target::Attribute(name, _) => {
                        let sentence = format!("Conditions know no resources, such as {name}");
                        findings.push(place.error(Concern::Misplaced, sentence));
                    }
                    Target::Logic(operator) if operator.is_for_rules() => {
                        let sentence = format!("{} is for rules only", operator.name());
                        findings.push(place.error(Concern::Misplaced, sentence));
                    }
                    Target::Mapping(..) => self.mapping(&mention, &place, findings),
                    Target::Logic(_) | Target::UnusedVariable(_) => {}
                }
            }
            if self.reaches_itself(name) {
                let sentence = format!("The condition {name} refers to itself");
                findings.push(place.error(Concern::Cycle, sentence));
            }
        }
    }

    fn resources(&self, findings: &mut Vec<Finding>) {
        for (id, resource) in self.template.resources() {
            let place = Place::of(Section::Resource, id);
            if let Some(condition) = &resource.condition {
                self.condition(condition, &place.at("/Condition"), findings);
            }
            for other in &resource.depends_on {
                let place = place.at("/DependsOn");
                self.resource(other, &place, findings);
            }
            let document = resource.to_document();
            self.mentioned(&document, resource.condition.as_deref(), &place, findings);
        }
    }

    fn outputs(&self, findings: &mut Vec<Finding>) {
        for (name, output) in self.template.outputs() {
            let place = Place::of(Section::Output, name);
            if let Some(condition) = output.condition() {
                self.condition(condition, &place.at("/Condition"), findings);
            }
            let document = output.to_document();
            self.mentioned(&document, output.condition(), &place, findings);
        }
    }

    /// What may refer to everything.
    fn mentioned(
        &self,
        document: &Node,
        condition: Option<&str>,
        place: &Place,
        findings: &mut Vec<Finding>,
    ) {
        for mention in mentions(document) {
            let place = place.at(&mention.path);
            match &mention.target {
                Target::Ref(name) if pseudo::NAMES.contains(name) => {}
                Target::Ref(name) if self.template.parameters().contains_key(*name) => {}
                Target::Ref(name) => {
                    self.resource(name, &place, findings);
                    self.presence(name, &mention, condition, &place, findings);
                }
                Target::Attribute(name, attribute) => {
                    self.resource(name, &place, findings);
                    self.attribute(name, attribute, &place, findings);
                    self.presence(name, &mention, condition, &place, findings);
                }
                Target::Condition(name) => self.condition(name, &place, findings),
                Target::Mapping(..) => self.mapping(&mention, &place, findings),
                Target::Logic(operator) => {
                    let sentence = format!("{} is for conditions and rules only", operator.name());
                    findings.push(place.error(Concern::Misplaced, sentence));
                }
                Target::UnusedVariable(name) => {
                    let sentence = format!("The variable {name} of Fn::Sub has no placeholder");
                    findings.push(place.warning(Concern::Unused, sentence));
                }
            }
        }
    }

    fn parameter(&self, name: &str, place: &Place, findings: &mut Vec<Finding>) {
        let known = pseudo::NAMES.contains(&name) || self.template.parameters().contains_key(name);
        if !known {
            let sentence = format!("No parameter is called {name}");
            findings.push(place.error(Concern::Dangling, sentence));
        }
    }

    fn condition(&self, name: &str, place: &Place, findings: &mut Vec<Finding>) {
        if !self.template.conditions().contains_key(name) {
            let sentence = format!("No condition is called {name}");
            findings.push(place.error(Concern::Dangling, sentence));
        }
    }

    fn resource(&self, name: &str, place: &Place, findings: &mut Vec<Finding>) {
        if !self.template.resources().contains_key(name) && !self.made.contains_key(name) {
            let sentence = format!("No parameter and no resource is called {name}");
            findings.push(place.error(Concern::Dangling, sentence));
        }
    }

    fn attribute(&self, name: &str, attribute: &str, place: &Place, findings: &mut Vec<Finding>) {
        let type_name = match self.template.resources().get(name) {
            Some(resource) => resource.type_name(),
            None => self.made.get(name).map_or("", |made| made.type_name),
        };
        let Some(schema) = schema(type_name) else { return };
        // Attributes within attributes are not in the tables.
        if !attribute.contains('.') && !schema.attributes.contains(&attribute) {
            let sentence = format!("{type_name} has no attribute {attribute}");
            findings.push(place.error(Concern::Dangling, sentence));
        }
    }

    /// Whether a resource is there wherever it is mentioned.
    fn presence(
        &self,
        name: &str,
        mention: &Mention<'_>,
        condition: Option<&str>,
        place: &Place,
        findings: &mut Vec<Finding>,
    ) {
        let origin = self.made.get(name).map_or(name, |made| made.by);
        let needed = self.template.resources().get(origin).and_then(|it| it.condition.as_deref());
        let Some(needed) = needed else { return };
        let mut assumed = mention.assumed.clone();
        assumed.extend(condition.map(|condition| (condition, true)));
        if !self.logic.implies(&assumed, needed) {
            let sentence = format!("{name} exists only if {needed} holds, but this may without it");
            findings.push(place.error(Concern::Conditional, sentence));
        }
    }

    fn mapping(&self, mention: &Mention<'_>, place: &Place, findings: &mut Vec<Finding>) {
        let Target::Mapping(name, top, second) = mention.target else { return };
        let Some(mapping) = self.template.mappings().get(name).and_then(Node::as_map) else {
            let sentence = format!("No mapping is called {name}");
            findings.push(place.error(Concern::Dangling, sentence));
            return;
        };
        let Some(top) = top else { return };
        let row = mapping.get(top).and_then(Node::as_map);
        let found = row.is_some_and(|row| second.is_none_or(|second| row.contains_key(second)));
        if !found {
            let second = second.map(|second| format!(" and {second}")).unwrap_or_default();
            let sentence = format!("The mapping {name} has nothing for {top}{second}");
            findings.push(place.error(Concern::Dangling, sentence));
        }
    }

    fn reaches_itself(&self, name: &str) -> bool {
        let conditions = self.template.conditions();
        let named = |name: &str| -> Vec<String> {
            let Some(predicate) = conditions.get(name) else { return Vec::new() };
            let found = mentions(predicate.node()).into_iter().filter_map(|mention| {
                if let Target::Condition(other) = mention.target {
                    Some(other.to_owned())
                } else {
                    None
                }
            });
            found.collect()
        };
        let (mut seen, mut left) = (BTreeSet::new(), named(name));
        while let Some(next) = left.pop() {
            if next == name {
                return true;
            }
            if seen.insert(next.clone()) {
                left.extend(named(&next));
            }
        }
        false
    }
}

/// Resources that need each other can neither be created first.
fn cycles(template: &Template, made: &BTreeMap<String, Made<'_>>, findings: &mut Vec<Finding>) {
    let mut needs: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (id, resource) in template.resources() {
        let document = resource.to_document();
        let mentioned =
            mentions(&document).into_iter().filter_map(|mention| match mention.target {
                Target::Ref(name) | Target::Attribute(name, _) => Some(name.to_owned()),
                Target::Condition(_)
                | Target::Mapping(..)
                | Target::Logic(_)
                | Target::UnusedVariable(_) => None,
            });
        let named = mentioned.chain(resource.depends_on.iter().cloned());
        // What SAM makes of a function needs the function, which does not need it.
        let named = named.map(|name| made.get(&name).map_or(name, |made| made.by.to_owned()));
        needs.insert(id, named.filter(|name| template.resources().contains_key(name)).collect());
    }
    // What needs nothing that is left is not in a circle; nor is what nothing needs that is left.
    loop {
        let left: BTreeSet<&str> = needs.keys().copied().collect();
        needs.retain(|_, named| {
            named.retain(|name| left.contains(name.as_str()));
            !named.is_empty()
        });
        let needed: BTreeSet<String> = needs.values().flatten().cloned().collect();
        needs.retain(|id, _| needed.contains(*id));
        if needs.len() == left.len() {
            break;
        }
    }
    if let Some(first) = template.resources().keys().find(|id| needs.contains_key(id.as_str())) {
        let circle: Vec<&str> = needs.keys().copied().collect();
        let sentence = format!("Resources need each other: {}", circle.join(", "));
        findings.push(Place::of(Section::Resource, first).error(Concern::Cycle, sentence));
    }
}
