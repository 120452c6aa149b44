//! What somebody is offered: everything, or the part that he may know of.

use std::collections::HashMap;

use crate::catalog::shelf::{Shelf, Shelved};
use crate::policy::select::Labels;
use crate::protocol::call::List;
use crate::registration::{Prompt, Resource, ResourceTemplate, Tool};

/// Registrations that are served together. What is not among them does not exist for whoever is
/// offered them: there is no other way from a name or a URI to a registration.
#[derive(Debug, Default)]
pub struct Offer {
    /// Tools by name.
    pub tools: Shelf<Tool>,
    /// Fixed resources by name.
    pub resources: Shelf<Resource>,
    /// Resource templates by name.
    pub templates: Shelf<ResourceTemplate>,
    /// Prompts by name.
    pub prompts: Shelf<Prompt>,
    by_uri: HashMap<String, usize>,
}

impl Offer {
    pub(super) fn new(
        tools: Shelf<Tool>,
        resources: Shelf<Resource>,
        templates: Shelf<ResourceTemplate>,
        prompts: Shelf<Prompt>,
    ) -> Self {
        // Two resources cannot have one URI; the first by name is served.
        let mut by_uri = HashMap::with_capacity(resources.len());
        for (index, resource) in resources.iter().enumerate() {
            by_uri.entry(resource.uri.clone()).or_insert(index);
        }
        Self { tools, resources, templates, prompts, by_uri }
    }

    /// The part of it that is kept.
    pub(super) fn only(&self, keep: impl Fn(Labels<'_>) -> bool) -> Self {
        Self::new(
            part(List::Tools, &self.tools, &keep),
            part(List::Resources, &self.resources, &keep),
            part(List::ResourceTemplates, &self.templates, &keep),
            part(List::Prompts, &self.prompts, &keep),
        )
    }

    /// A fixed resource by its URI.
    pub fn resource(&self, uri: &str) -> Option<&Resource> {
        self.by_uri.get(uri).map(|index| self.resources.at(*index))
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
            && self.resources.is_empty()
            && self.templates.is_empty()
            && self.prompts.is_empty()
    }
}

fn part<T: Shelved>(list: List, shelf: &Shelf<T>, keep: impl Fn(Labels<'_>) -> bool) -> Shelf<T> {
    let kept = shelf.shared().filter(|entry| keep(entry.labels())).cloned();
    Shelf::new(list, kept.collect())
}
