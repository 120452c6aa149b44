//! What is declared and not used.

use std::collections::BTreeSet;

use super::mentions::{Target, mentions};
use super::{Concern, Finding, Place};
use crate::template::{Section, Template};

pub(super) fn check(template: &Template, findings: &mut Vec<Finding>) {
    let document = template.synthesize();
    let mut used: BTreeSet<(Kind, &str)> = BTreeSet::new();
    let found = mentions(&document);
    for mention in &found {
        match mention.target {
            Target::Ref(name) => used.insert((Kind::Parameter, name)),
            Target::Condition(name) => used.insert((Kind::Condition, name)),
            Target::Mapping(name, ..) => used.insert((Kind::Mapping, name)),
            Target::Attribute(..) | Target::Logic(_) | Target::UnusedVariable(_) => false,
        };
    }
    let conditions = template.resources().values().map(|resource| resource.condition.as_deref());
    let conditions = conditions.chain(template.outputs().values().map(|output| output.condition()));
    used.extend(conditions.flatten().map(|name| (Kind::Condition, name)));

    let mut look = |section: Section, kind: Kind, name: &str| {
        if !used.contains(&(kind, name)) {
            let sentence = format!("The {section} {name} is not used");
            findings.push(Place::of(section, name).warning(Concern::Unused, sentence));
        }
    };
    template.parameters().keys().for_each(|name| look(Section::Parameter, Kind::Parameter, name));
    template.mappings().keys().for_each(|name| look(Section::Mapping, Kind::Mapping, name));
    template.conditions().keys().for_each(|name| look(Section::Condition, Kind::Condition, name));
}

/// What may be used by its name.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Kind {
    Parameter,
    Condition,
    Mapping,
}
