//! What the registrations offer: lists by the page, and what a call refers to.
//!
//! A catalog is compiled from all registrations of one version and never changes; a new version
//! is a new catalog. Its costs per request do not grow with the number of registrations.

pub mod cursor;
pub mod shelf;

use std::collections::HashMap;

use crate::catalog::shelf::Shelf;
use crate::port::Stored;
use crate::protocol::call::List;
use crate::registration::document::Document;
use crate::registration::parse::Trust;
use crate::registration::{Entry, Prompt, Registration, Resource, ResourceTemplate, Tool};

/// Everything that is registered, by kind.
#[derive(Debug, Default)]
pub struct Catalog {
    /// The version of the registrations from which it was made.
    pub version: u64,
    /// Tools by name.
    pub tools: Shelf<Tool>,
    /// Fixed resources by name.
    pub resources: Shelf<Resource>,
    /// Resource templates by name.
    pub templates: Shelf<ResourceTemplate>,
    /// Prompts by name.
    pub prompts: Shelf<Prompt>,
    /// What could not be served: registration id and reason.
    pub problems: Vec<(String, String)>,
    by_uri: HashMap<String, usize>,
}

impl Catalog {
    /// Compiles rows. A row that cannot be understood becomes a problem, not an error.
    pub fn compile(version: u64, rows: Vec<Stored>) -> Self {
        let mut catalog = Self { version, ..Self::default() };
        let (mut tools, mut resources, mut templates, mut prompts) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            match understand(&row) {
                Err(problem) => catalog.problems.push((row.id, problem)),
                Ok(Entry::Tool(tool)) => tools.push(*tool),
                Ok(Entry::Resource(resource)) => resources.push(resource),
                Ok(Entry::Template(template)) => templates.push(template),
                Ok(Entry::Prompt(prompt)) => prompts.push(prompt),
            }
        }
        catalog.tools = Shelf::new(List::Tools, tools);
        catalog.templates = Shelf::new(List::ResourceTemplates, templates);
        catalog.prompts = Shelf::new(List::Prompts, prompts);
        catalog.shelve_resources(resources);
        catalog
    }

    /// A fixed resource by its URI.
    pub fn resource(&self, uri: &str) -> Option<&Resource> {
        self.by_uri.get(uri).map(|index| self.resources.at(*index))
    }

    /// The id of the registration that serves a fixed URI.
    pub fn owner_of(&self, uri: &str) -> Option<String> {
        self.resource(uri).map(|resource| format!("resource-{}", resource.name))
    }

    /// Two resources cannot have one URI; the first by name is served.
    fn shelve_resources(&mut self, resources: Vec<Resource>) {
        let shelf = Shelf::new(List::Resources, resources);
        for (index, resource) in shelf.iter().enumerate() {
            if self.by_uri.contains_key(&resource.uri) {
                let problem = format!("the URI {} is registered twice", resource.uri);
                self.problems.push((format!("resource-{}", resource.name), problem));
            } else {
                self.by_uri.insert(resource.uri.clone(), index);
            }
        }
        self.resources = shelf;
    }
}

/// The entry of a row, or why there is none.
pub fn understand(row: &Stored) -> Result<Entry, String> {
    let document = Document::read(&row.document).map_err(|error| error.to_string())?;
    let registration =
        Registration::parse(document, Trust::Stored).map_err(|error| error.to_string())?;
    if registration.id.to_string() == row.id {
        Ok(registration.entry)
    } else {
        Err(format!("the document belongs to {}", registration.id))
    }
}
