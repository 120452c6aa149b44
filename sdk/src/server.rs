//! A server: what it serves, put into the form in which the gateway serves it.

mod definitions;
mod invoker;
mod registrations;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use mcp_lambda_runtime::gateway::{Gateway, Ports, Settings};
use mcp_lambda_runtime::port::session_data::SessionData;
use mcp_lambda_runtime::port::{Clock, Ids, Invoker, Mailboxes, Sessions};
use serde_json::Value;

use crate::context::Stores;
use crate::prompt::Prompt;
use crate::resource::Resource;
use crate::server::invoker::InProcess;
use crate::server::registrations::{Fixed, Nothing};
use crate::tool::Tool;

/// How long clients may keep lists, which change with the program only.
const LIST_TTL: Duration = Duration::from_secs(60);

/// An MCP server.
pub struct Server {
    name: String,
    title: Option<String>,
    version: String,
    instructions: Option<String>,
    handlers: Vec<Handler>,
}

/// What answers one kind of call.
#[derive(Clone)]
pub(crate) enum Handler {
    Tool(Arc<dyn Tool>),
    Resource(Arc<dyn Resource>),
    Prompt(Arc<dyn Prompt>),
}

/// Everything that is wrong with what a server serves, a line each.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct InvalidServer(pub Vec<String>);

/// What a server is connected to, by its mode.
pub(crate) struct Adapters {
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) data: Option<Arc<dyn SessionData>>,
    pub(crate) mailboxes: Arc<dyn Mailboxes>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
}

impl Server {
    /// A server with nothing in it.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            title: None,
            version: version.into(),
            instructions: None,
            handlers: Vec::new(),
        }
    }

    /// Adds a tool: what `#[tool]` made of a function, by the function's name; or `|| value`.
    pub fn tool<T: Tool>(self, make: impl FnOnce() -> T) -> Self {
        self.with(Handler::Tool(Arc::new(make())))
    }

    /// Adds a resource, or a family of them: what `#[resource]` made of a function, by the function's name; or `|| value`.
    pub fn resource<T: Resource>(self, make: impl FnOnce() -> T) -> Self {
        self.with(Handler::Resource(Arc::new(make())))
    }

    /// Adds a prompt: what `#[prompt]` made of a function, by the function's name; or `|| value`.
    pub fn prompt<T: Prompt>(self, make: impl FnOnce() -> T) -> Self {
        self.with(Handler::Prompt(Arc::new(make())))
    }

    fn with(mut self, handler: Handler) -> Self {
        self.handlers.push(handler);
        self
    }

    /// Sets the name for people.
    pub fn title(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// Sets a text for models about the server as a whole.
    pub fn instructions(self, text: impl Into<String>) -> Self {
        Self { instructions: Some(text.into()), ..self }
    }

    /// Finds everything that is wrong with what is served; [`Server::serve`] does it too.
    ///
    /// # Errors
    ///
    /// Two of a kind with one name, descriptions and schemas over their bounds, and whatever else
    /// clients would stumble over.
    pub fn check(&self) -> Result<(), InvalidServer> {
        self.documents().map(|_| ())
    }

    /// What is served, as Markdown for people.
    pub fn describe(&self) -> String {
        definitions::markdown(&self.name, &self.version, &self.handlers)
    }

    /// Serves as the program's arguments say, until the end.
    ///
    /// `--help` tells them; without any, the surroundings decide: on Lambda it is a function, with
    /// a terminal an HTTP server, and else it speaks over standard input and output.
    pub fn serve(self) -> ExitCode {
        crate::serve::run(self)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    fn documents(&self) -> Result<Vec<Value>, InvalidServer> {
        let documents = definitions::documents(&self.handlers);
        definitions::check(&documents)?;
        Ok(documents)
    }

    /// The gateway that serves what this server has, and what it calls.
    pub(crate) fn gateway(
        self,
        adapters: Adapters,
    ) -> Result<(Gateway, Arc<dyn Invoker>), InvalidServer> {
        let documents = self.documents()?;
        let Adapters { sessions, data, mailboxes, clock, ids } = adapters;
        let stores = Arc::new(Stores { data, clock: clock.clone(), ids: ids.clone() });
        let invoker: Arc<dyn Invoker> = Arc::new(InProcess::new(self.handlers, stores));
        let ports = Ports {
            registrations: Arc::new(Fixed::new(&documents, clock.now())),
            sessions,
            mailboxes,
            invoker: invoker.clone(),
            permissions: Arc::new(Nothing),
            intents: Arc::new(Nothing),
            clock,
            ids,
        };
        let settings = Settings {
            version: self.version,
            instructions: self.instructions,
            // What is registered is in this process, and stays.
            catalog_freshness: Duration::ZERO,
            list_ttl: LIST_TTL,
        };
        let gateway = Gateway::new(ports, settings).named(&self.name, self.title.as_deref());
        Ok((gateway, invoker))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;
    use crate::{Hints, Schema, ToolDefinition, Working, arguments_schema};

    /// Does nothing.
    #[tool]
    async fn idle() {}

    /// Does nothing either.
    #[tool(name = "idle", title = "Idle")]
    async fn idler() {}

    /// All of it.
    #[resource(uri = "x://all")]
    async fn all() -> String {
        String::new()
    }

    /// All of it again.
    #[resource(uri = "x://all")]
    async fn again() -> String {
        String::new()
    }

    /// Another name.
    #[tool(name = "1.0-beta_")]
    async fn renamed() {}

    /// Two values side by side.
    #[resource(uri = "x://{a}{b}")]
    async fn adjacent(a: String, b: String) -> String {
        a + &b
    }

    fn faults(server: Server) -> Vec<String> {
        server.check().expect_err("it has faults").0
    }

    #[test]
    fn what_clients_would_stumble_over() {
        let server = || Server::new("test", "1");
        assert_eq!(server().tool(idle).tool(renamed).resource(all).check(), Ok(()));
        let twice = faults(server().tool(idle).tool(idler));
        assert_eq!(twice, ["tool \"idle\" is there twice: give one of them another name"]);
        let twice = faults(server().resource(all).resource(again));
        assert_eq!(twice, ["resource \"again\": another resource has the URI x://all"]);
        let adjacent = faults(server().resource(adjacent));
        assert!(adjacent[0].contains("/uriTemplate"), "{adjacent:?}");
    }

    struct Odd;

    impl Odd {
        fn schema() -> Schema {
            arguments_schema::<String>()
        }
    }

    impl Tool for Odd {
        fn definition(&self) -> ToolDefinition {
            ToolDefinition {
                name: "odd".to_owned(),
                title: None,
                description: String::new(),
                input: Self::schema(),
                output: None,
                timeout_seconds: Some(901),
                hints: Hints::default(),
            }
        }

        fn call<'a>(&'a self, _: &'a Context, _: &'a str) -> Working<'a, Reply> {
            Box::pin(async { Reply::new() })
        }
    }

    #[test]
    fn all_faults_at_once() {
        let faults = faults(Server::new("test", "1").tool(|| Odd).tool(idle).tool(idle));
        assert_eq!(faults.len(), 2, "{faults:?}");
        for part in ["/description", "/inputSchema", "/timeoutSeconds"] {
            assert!(faults[0].contains(part), "{part} in {}", faults[0]);
        }
    }
}
