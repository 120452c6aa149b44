//! Where a client calls: the whole at `/mcp`, or a virtual server.

use std::sync::Arc;

use crate::gateway::Gateway;
use crate::gateway::view::View;
use crate::port::StoreError;
use crate::principal::Principal;
use crate::protocol::render::Stamp;
use crate::registration::listing::ObjectText;
use crate::server::{Server, ServerName};

/// Where a client calls, and how it is called there.
#[derive(Debug)]
pub struct Endpoint {
    /// The virtual server; none at `/mcp`.
    pub server: Option<ServerName>,
    pub(super) info: String,
    pub(super) stamp: Stamp,
    pub(super) instructions: Option<String>,
}

impl Endpoint {
    fn new(server: Option<ServerName>, info: String, instructions: Option<String>) -> Self {
        Self { server, stamp: Stamp::new(&info), info, instructions }
    }

    /// The whole.
    pub(super) fn whole(
        name: &str,
        title: Option<&str>,
        version: &str,
        instructions: Option<String>,
    ) -> Self {
        Self::new(None, info(name, title, version), instructions)
    }

    fn of(server: &Server, version: &str) -> Self {
        let name = server.name.as_str();
        let info = info(name, Some(server.title.as_deref().unwrap_or(name)), version);
        Self::new(Some(server.name.clone()), info, server.instructions.clone())
    }
}

/// An `Implementation` object.
fn info(name: &str, title: Option<&str>, version: &str) -> String {
    let info = ObjectText::new().string("name", Some(name)).string("title", title);
    info.string("version", Some(version)).finish()
}

impl Gateway {
    /// The whole.
    pub fn whole(&self) -> &Arc<Endpoint> {
        &self.whole
    }

    /// A virtual server; `None` where there is none of this name, or nothing at it that the caller
    /// may use, so that nobody can find out its name.
    pub async fn virtual_server(
        &self,
        name: &ServerName,
        principal: &Principal,
    ) -> Result<Option<Arc<Endpoint>>, StoreError> {
        let catalog = self.compiled().await?;
        let Some(server) = catalog.server(name) else { return Ok(None) };
        let endpoint = Arc::new(Endpoint::of(server, &self.settings.version));
        let view = View::new(catalog.clone(), principal, Some(name));
        Ok((!view.offer.is_empty()).then_some(endpoint))
    }
}
