//! What the registrations offer: lists by the page, and what a call refers to.
//!
//! A catalog is compiled from all rows of one version and never changes; a new version is a new
//! catalog. Its costs per request do not grow with the number of registrations, also where
//! policies or a virtual server leave a part of them: each part is put together once.

pub mod cursor;
pub mod offer;
pub mod shelf;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::catalog::offer::Offer;
use crate::catalog::shelf::Shelf;
use crate::policy::Policy;
use crate::policy::decide::PolicySet;
use crate::port::Stored;
use crate::port::row::{RowId, Sort};
use crate::protocol::call::List;
use crate::registration::document::Document;
use crate::registration::parse::Trust;
use crate::registration::{Entry, Registration, Resource};
use crate::server::{Server, ServerName};

/// Parts of a catalog that are kept. Callers whom the same statements concern share one.
const MAX_PARTS: usize = 64;

/// Everything that is stored with the registrations, understood.
#[derive(Debug, Default)]
pub struct Catalog {
    /// The version of the rows from which it was made.
    pub version: u64,
    /// Who may what.
    pub policies: PolicySet,
    /// What could not be served: row id and reason.
    pub problems: Vec<(String, String)>,
    whole: Arc<Offer>,
    servers: HashMap<ServerName, Server>,
    parts: Mutex<HashMap<Part, Arc<Offer>>>,
}

/// Names a part: the virtual server, and the statements by which policies restrict it, if they do.
type Part = (Option<ServerName>, Option<Vec<(usize, usize)>>);

impl Catalog {
    /// Compiles rows. A row that cannot be understood becomes a problem, not an error; a policy
    /// that cannot be understood forbids everything as well.
    pub fn compile(version: u64, rows: Vec<Stored>) -> Self {
        let mut catalog = Self { version, ..Self::default() };
        let (mut tools, mut resources, mut templates, mut prompts) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut policies, mut broken) = (Vec::new(), Vec::new());
        for row in rows {
            match Sort::of(&row.id) {
                Sort::Policy => match understand_policy(&row) {
                    Ok(policy) => policies.push(policy),
                    Err(problem) => broken.push((row.id, problem)),
                },
                Sort::Server => match understand_server(&row) {
                    Ok(server) => {
                        catalog.servers.insert(server.name.clone(), server);
                    }
                    Err(problem) => catalog.problems.push((row.id, problem)),
                },
                Sort::Registration => match understand(&row) {
                    Err(problem) => catalog.problems.push((row.id, problem)),
                    Ok(Entry::Tool(tool)) => tools.push(Arc::from(tool)),
                    Ok(Entry::Resource(resource)) => resources.push(Arc::new(resource)),
                    Ok(Entry::Template(template)) => templates.push(Arc::new(template)),
                    Ok(Entry::Prompt(prompt)) => prompts.push(Arc::new(prompt)),
                },
            }
        }
        catalog.problems.extend(broken.iter().cloned());
        catalog.policies = PolicySet::new(policies, broken);
        let resources = Shelf::new(List::Resources, resources);
        catalog.whole = Arc::new(Offer::new(
            Shelf::new(List::Tools, tools),
            resources,
            Shelf::new(List::ResourceTemplates, templates),
            Shelf::new(List::Prompts, prompts),
        ));
        catalog.note_taken_uris();
        catalog
    }

    /// Everything.
    pub fn whole(&self) -> &Arc<Offer> {
        &self.whole
    }

    /// A virtual server.
    pub fn server(&self, name: &ServerName) -> Option<&Server> {
        self.servers.get(name)
    }

    /// How many virtual servers there are.
    pub fn servers(&self) -> usize {
        self.servers.len()
    }

    /// What is offered at a virtual server, or as a whole, to those whom these statements concern;
    /// `None` leaves policies out of it. A server that is not there offers nothing.
    pub fn offer(
        &self,
        server: Option<&ServerName>,
        enforced: Option<&[(usize, usize)]>,
    ) -> Arc<Offer> {
        let enforced = enforced.filter(|_| self.policies.restricts());
        if server.is_none() && enforced.is_none() {
            return self.whole.clone();
        }
        let part: Part = (server.cloned(), enforced.map(<[_]>::to_vec));
        let kept = |part: &Part| self.lock().get(part).cloned();
        if let Some(offer) = kept(&part) {
            return offer;
        }
        let selected = server.map(|name| self.servers.get(name));
        let offer = Arc::new(self.whole.only(|labels| {
            let is_there = match selected {
                None => true,
                Some(server) => server.is_some_and(|server| server.has(labels)),
            };
            is_there && enforced.is_none_or(|enforced| self.policies.allows(enforced, labels))
        }));
        let mut parts = self.lock();
        if parts.len() >= MAX_PARTS {
            parts.clear();
        }
        parts.insert(part, offer.clone());
        offer
    }

    /// The id of the registration that serves a fixed URI.
    pub fn owner_of(&self, uri: &str) -> Option<String> {
        self.whole.resource(uri).map(id_of)
    }

    fn note_taken_uris(&mut self) {
        let taken = |resource: &&Resource| {
            let served = self.whole.resource(&resource.uri);
            served.is_some_and(|served| served.name != resource.name)
        };
        let problem = |resource: &Resource| {
            (id_of(resource), format!("the URI {} is registered twice", resource.uri))
        };
        let problems: Vec<_> = self.whole.resources.iter().filter(taken).map(problem).collect();
        self.problems.extend(problems);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Part, Arc<Offer>>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id_of(resource: &Resource) -> String {
    format!("resource-{}", resource.name)
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

/// The policy of a row, or why there is none.
pub fn understand_policy(row: &Stored) -> Result<Policy, String> {
    match RowId::parse(&row.id) {
        Some(RowId::Policy(name)) => {
            Policy::parse(&name, &row.document).map_err(|error| error.to_string())
        }
        _ => Err("the row's id is not that of a policy".to_owned()),
    }
}

/// The virtual server of a row, or why there is none.
pub fn understand_server(row: &Stored) -> Result<Server, String> {
    match RowId::parse(&row.id) {
        Some(RowId::Server(name)) => {
            Server::parse(&name, &row.document).map_err(|error| error.to_string())
        }
        _ => Err("the row's id is not that of a virtual server".to_owned()),
    }
}
