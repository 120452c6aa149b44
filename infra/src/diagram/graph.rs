//! What a picture shows: resources, and what refers to what.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::check::{Target, mentions};
use crate::core::serverless::made_by_sam;
use crate::template::{Declaration, Template};

/// Kinds of which there are many, each a part of what this property refers to: the picture shows that
/// alone.
const PARTS: [(&str, &str); 4] = [
    ("AWS::ApiGateway::Deployment", "RestApiId"),
    ("AWS::ApiGateway::GatewayResponse", "RestApiId"),
    ("AWS::ApiGateway::Method", "RestApiId"),
    ("AWS::ApiGateway::Resource", "RestApiId"),
];

/// The resources of a template and the arrows between them.
pub(super) struct Graph<'a> {
    /// In the template's order.
    pub(super) resources: Vec<Shown<'a>>,
    /// From what refers to what is referred to, by position. Each is there once.
    pub(super) arrows: BTreeSet<(usize, usize)>,
}

/// A resource.
pub(super) struct Shown<'a> {
    pub(super) id: &'a str,
    /// Such as `SQS`.
    pub(super) service: &'a str,
    /// Such as `Queue`.
    pub(super) kind: &'a str,
    /// Whether it exists only under a condition.
    pub(super) is_conditional: bool,
}

impl<'a> Graph<'a> {
    pub(super) fn new(template: &'a Template) -> Self {
        let whole = template.resources().iter().filter(|(_, resource)| whole(resource).is_none());
        let resources = whole.map(|(id, resource)| {
            let mut parts = resource.type_name().split("::").skip(1);
            // What SAM calls a service of its own is Lambda's function.
            let service = match parts.next().unwrap_or_default() {
                "Serverless" => "Lambda",
                service => service,
            };
            let kind = parts.next().unwrap_or_default();
            Shown { id, service, kind, is_conditional: resource.condition.is_some() }
        });
        let resources: Vec<_> = resources.collect();
        let arrows = arrows(template, &resources);
        Self { resources, arrows }
    }

    /// Positions of resources by service, in the order in which services first appear.
    pub(super) fn services(&self) -> IndexMap<&'a str, Vec<usize>> {
        let mut services: IndexMap<&str, Vec<usize>> = IndexMap::new();
        for (position, resource) in self.resources.iter().enumerate() {
            services.entry(resource.service).or_default().push(position);
        }
        services
    }
}

/// What a resource is a part of.
fn whole(resource: &Declaration) -> Option<&str> {
    let (_, property) = PARTS.iter().find(|(kind, _)| *kind == resource.type_name())?;
    mentions(resource.properties.get(*property)?).into_iter().find_map(|mention| {
        match mention.target {
            Target::Ref(name) | Target::Attribute(name, _) => Some(name),
            Target::Condition(_)
            | Target::Mapping(..)
            | Target::Logic(_)
            | Target::UnusedVariable(_) => None,
        }
    })
}

fn arrows(template: &Template, shown: &[Shown<'_>]) -> BTreeSet<(usize, usize)> {
    let made = made_by_sam(template);
    let position = |name: &str| {
        let name = made.get(name).map_or(name, |made| made.by);
        let name = template.resources().get(name).and_then(whole).unwrap_or(name);
        shown.iter().position(|resource| resource.id == name)
    };
    let mut arrows = BTreeSet::new();
    for (id, resource) in template.resources() {
        let Some(from) = position(id) else { continue };
        let mut arrow = |name: &str| {
            arrows.extend(position(name).filter(|to| *to != from).map(|to| (from, to)));
        };
        resource.depends_on.iter().for_each(|name| arrow(name));
        for node in resource.properties.values() {
            for mention in mentions(node) {
                match mention.target {
                    Target::Ref(name) | Target::Attribute(name, _) => arrow(name),
                    Target::Condition(_)
                    | Target::Mapping(..)
                    | Target::Logic(_)
                    | Target::UnusedVariable(_) => {}
                }
            }
        }
    }
    arrows
}
