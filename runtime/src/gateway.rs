//! The spine: one request in, one answer out, each stage consuming the value of the one before.

pub mod admit;
mod ask;
mod cache;
mod complete;
pub mod endpoint;
mod input;
mod legacy;
mod plan;
mod run;
mod running;
pub mod view;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::gateway::admit::{Admission, RateLimits};
use crate::gateway::ask::Pending;
use crate::gateway::cache::CatalogCache;
use crate::gateway::endpoint::Endpoint;
use crate::gateway::running::Running;
use crate::gateway::view::Authorization;
use crate::invoke::exchange::Outgoing;
use crate::port::buckets::Buckets;
use crate::port::permissions::{Intents, Permissions};
use crate::port::{
    Clock, Ids, Invoker, Mailboxes, Registrations, SessionKey, SessionRecord, Sessions, StoreError,
};
use crate::principal::Principal;
use crate::protocol::call::{Call, Method};
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::error::RpcError;
use crate::protocol::header::Field;
use crate::protocol::json;
use crate::protocol::jsonrpc::{Request, RequestId};
use crate::protocol::meta::Meta;
use crate::protocol::render::CacheHint;
use crate::protocol::rope::Rope;
use crate::protocol::version::Version;
use crate::session::seal::Sealer;
use crate::session::state::SessionState;
use crate::session::{Expiry, Session};

/// How long a process may prepare itself; Lambda's init phase has ten seconds.
const PREPARATION: Duration = Duration::from_secs(2);

/// What the gateway is connected to.
#[derive(Clone)]
pub struct Ports {
    /// Registrations.
    pub registrations: Arc<dyn Registrations>,
    /// Session state.
    pub sessions: Arc<dyn Sessions>,
    /// Queues between instances.
    pub mailboxes: Arc<dyn Mailboxes>,
    /// Functions.
    pub invoker: Arc<dyn Invoker>,
    /// The right to call functions.
    pub permissions: Arc<dyn Permissions>,
    /// Changes of that which have not ended.
    pub intents: Arc<dyn Intents>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
}

/// What can be set about a gateway.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server's version, for `serverInfo`.
    pub version: String,
    /// Text for the model about the server as a whole.
    pub instructions: Option<String>,
    /// How old a compiled catalog may be before its version is asked for again.
    pub catalog_freshness: Duration,
    /// How long clients may keep lists.
    pub list_ttl: Duration,
}

/// The gateway.
pub struct Gateway {
    ports: Ports,
    settings: Settings,
    whole: Arc<Endpoint>,
    catalog: CatalogCache,
    sealer: tokio::sync::OnceCell<Sealer>,
    pending: Pending,
    running: Running,
    admission: Option<Admission>,
    expiry: Expiry,
    sessionless: bool,
}

/// What is known of a request besides its method and parameters.
pub struct Asked<'a> {
    /// The verified caller.
    pub principal: &'a Principal,
    /// Where it calls.
    pub endpoint: &'a Endpoint,
    /// The session of a legacy client, with what is stored of it.
    pub session: Option<(&'a Session, Option<&'a SessionRecord>)>,
    /// The revision.
    pub version: Version,
    /// What the client can do.
    pub capabilities: ClientCapabilities,
    /// The request's `_meta`.
    pub meta: Meta<'a>,
    /// The method, known to exist in the revision.
    pub method: Method,
    /// Names the request in logs and errors.
    pub correlation: &'a str,
    /// When it must have been answered.
    pub deadline: Instant,
    /// Looks up a header by its lower-case name, for arguments that are mirrored in headers.
    pub header: &'a (dyn Fn(&str) -> Field<'a> + Send + Sync),
}

/// The answer to a request.
#[derive(Debug)]
pub struct Answered {
    /// The result object, or an error; `None` when the client cancelled.
    pub outcome: Option<Result<Rope, RpcError>>,
    /// The id of a session that began.
    pub session_id: Option<String>,
    /// Why something failed, for the log.
    pub cause: Option<String>,
    /// How the answer came about.
    pub facts: Facts,
}

/// How an answer came about, for whoever sends and records it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// A limit was reached: whole seconds until it is worth trying again.
    pub retry_after_seconds: Option<u64>,
    /// What an administrator should know, though the request was answered.
    pub warning: Option<String>,
    /// How long functions ran, if any was called.
    pub target_time: Option<Duration>,
    /// The result says that the arguments are wrong.
    pub bad_arguments: bool,
    /// A session began.
    pub session_began: bool,
    /// What policies said, where there are any, of what was called.
    pub authorization: Option<Box<Authorization>>,
}

impl Answered {
    fn of(outcome: Result<Rope, RpcError>) -> Self {
        let facts = Facts::default();
        Self { outcome: Some(outcome), session_id: None, cause: None, facts }
    }

    fn nothing() -> Self {
        Self { outcome: None, session_id: None, cause: None, facts: Facts::default() }
    }

    /// Adds what was found out while the request was admitted.
    fn warned(mut self, warning: Option<String>) -> Self {
        self.facts.warning = self.facts.warning.or(warning);
        self
    }

    fn own(text: String) -> Self {
        Self::of(Ok(text.into()))
    }
}

impl From<RpcError> for Answered {
    fn from(error: RpcError) -> Self {
        Self::of(Err(error))
    }
}

impl Gateway {
    /// Builds a gateway. Nothing is read before a request needs it.
    pub fn new(ports: Ports, settings: Settings) -> Self {
        let instructions = settings.instructions.clone();
        let whole = Endpoint::whole(NAME, Some(NAME), &settings.version, instructions);
        Self {
            whole: Arc::new(whole),
            catalog: CatalogCache::new(settings.catalog_freshness),
            sealer: tokio::sync::OnceCell::new(),
            pending: Pending::default(),
            running: Running::default(),
            admission: None,
            expiry: Expiry::default(),
            sessionless: false,
            ports,
            settings,
        }
    }

    /// Names the server otherwise: for `serverInfo`, beside the version of the settings.
    pub fn named(self, name: &str, title: Option<&str>) -> Self {
        let Settings { version, instructions, .. } = &self.settings;
        let whole = Endpoint::whole(name, title, version, instructions.clone());
        Self { whole: Arc::new(whole), ..self }
    }

    /// Begins no sessions over Streamable HTTP: legacy clients do without, and cannot be asked.
    pub fn sessionless(self) -> Self {
        Self { sessionless: true, ..self }
    }

    /// Limits how often what may happen.
    pub fn limited(self, limits: RateLimits, buckets: Arc<dyn Buckets>) -> Self {
        let any = limits != RateLimits::default();
        Self { admission: any.then(|| Admission::new(limits, buckets)), ..self }
    }

    /// Sets when sessions end by themselves.
    pub fn expiring(self, expiry: Expiry) -> Self {
        Self { expiry, ..self }
    }

    /// The ports, for the planes that use them directly.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Answers one request.
    pub async fn answer(
        &self,
        request: &Request<'_>,
        asked: &Asked<'_>,
        outgoing: &Outgoing,
    ) -> Answered {
        let warning = match self.admit(asked.principal).await {
            Ok(warning) => warning,
            Err(limited) => return limited.into(),
        };
        let call = match Call::parse(asked.method, request.params) {
            Ok(call) => call,
            Err(error) => return Answered::from(error).warned(warning),
        };
        let Some((session, _)) = asked.session else {
            return self.dispatch(call, request, asked, outgoing).await.warned(warning);
        };
        tokio::select! {
            // First, so that what is answered without waiting is never entered as running.
            biased;
            answered = self.dispatch(call, request, asked, outgoing) => answered.warned(warning),
            () = self.running.cancelled(session.key, &request.id) => Answered::nothing(),
        }
    }

    async fn dispatch(
        &self,
        call: Call<'_>,
        request: &Request<'_>,
        asked: &Asked<'_>,
        outgoing: &Outgoing,
    ) -> Answered {
        // What is rare is boxed, so that the future of what is frequent stays small.
        let empty = || Answered::own(asked.endpoint.stamp.own(asked.version, "", None));
        match call {
            Call::Initialize(initialize) => Box::pin(self.initialize(&initialize, asked)).await,
            Call::Discover => Answered::own(self.discover(asked.endpoint)),
            Call::Ping => empty(),
            Call::Listen => Answered::own(Box::pin(self.listen(&request.id, outgoing)).await),
            Call::SetLevel(level) => {
                let set = |state: &mut SessionState| {
                    state.log_level = Some(level.as_str().to_owned());
                };
                Box::pin(self.remember(asked, set)).await
            }
            Call::Subscribe(uri) => Box::pin(self.subscribe(asked, &uri.0)).await,
            Call::Unsubscribe(uri) => {
                let remove = |state: &mut SessionState| {
                    state.subscriptions.remove(&*uri.0);
                };
                Box::pin(self.remember(asked, remove)).await
            }
            Call::List(list, cursor) => {
                self.list(list, cursor.as_ref().map(|c| &*c.0), asked).await
            }
            Call::CallTool(named) => self.call_tool(&named, request, asked, outgoing).await,
            Call::GetPrompt(named) => self.get_prompt(&named, request, asked, outgoing).await,
            Call::ReadResource(read) => self.read_resource(&read, request, asked, outgoing).await,
            Call::Complete(complete) => Box::pin(self.complete(&complete, request, asked)).await,
        }
    }

    fn discover(&self, endpoint: &Endpoint) -> String {
        let versions: Vec<String> = std::iter::once(Version::Modern)
            .chain(
                crate::protocol::version::LegacyVersion::ALL.into_iter().rev().map(Version::Legacy),
            )
            .map(|version| json::string(version.as_str()))
            .collect();
        let mut members = format!(
            r#""supportedVersions":[{}],"capabilities":{CAPABILITIES}"#,
            versions.join(",")
        );
        push_instructions(endpoint, &mut members);
        endpoint.stamp.own(Version::Modern, &members, Some(self.cache_hint()))
    }

    /// Acknowledges that nothing will be notified, and ends. Nothing is advertised that could be
    /// listened to, so that no stream is held open on a function that is paid by the millisecond.
    async fn listen(&self, id: &RequestId, outgoing: &Outgoing) -> String {
        let tag = format!(r#""_meta":{{"io.modelcontextprotocol/subscriptionId":{id}}}"#);
        outgoing
            .send(format!(
                concat!(
                    r#"{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","#,
                    r#""params":{{{},"notifications":{{}}}}}}"#
                ),
                tag
            ))
            .await;
        format!(r#"{{"resultType":"complete",{tag}}}"#)
    }

    /// Lists differ by caller where there are policies, and policies may come while a list is
    /// kept somewhere, so they are never shared.
    fn cache_hint(&self) -> CacheHint {
        let ttl_ms = u64::try_from(self.settings.list_ttl.as_millis()).unwrap_or(u64::MAX);
        CacheHint { ttl_ms, public: false }
    }

    /// The catalog as it is now.
    pub async fn compiled(&self) -> Result<Arc<crate::catalog::Catalog>, StoreError> {
        self.catalog.current(&*self.ports.registrations).await
    }

    /// Reads beforehand what most requests need: the catalog, and the keys of session ids. Where
    /// that fails or takes long, the requests that need it read it themselves.
    pub async fn prepare(&self) {
        let reading = async { tokio::join!(self.compiled(), self.sealer()) };
        let _ = tokio::time::timeout(PREPARATION, reading).await;
    }

    fn unavailable(&self, correlation: &str, error: &StoreError) -> Answered {
        let cause = Some(error.to_string());
        Answered { cause, ..Answered::from(RpcError::internal(correlation)) }
    }

    async fn sealer(&self) -> Result<&Sealer, StoreError> {
        let make = || async {
            let mut candidate = [0; 32];
            self.ports.ids.fill(&mut candidate);
            self.ports.sessions.sealing_keys(candidate).await.map(|keys| Sealer::new(&keys))
        };
        self.sealer.get_or_try_init(make).await
    }

    /// Fresh random bytes.
    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.ports.ids.fill(&mut bytes);
        bytes
    }

    /// A new name for a request, in logs and errors.
    pub fn correlation(&self) -> String {
        SessionKey(self.ports.ids.name()).to_string()
    }
}

fn push_instructions(endpoint: &Endpoint, members: &mut String) {
    if let Some(instructions) = &endpoint.instructions {
        members.push_str(r#","instructions":"#);
        json::write_string(members, instructions);
    }
}

/// The server's name, if it has no other.
const NAME: &str = "mcp-lambda";
/// What is served, for every revision. No `listChanged`: lists have a lifetime instead.
const CAPABILITIES: &str =
    r#"{"tools":{},"resources":{},"prompts":{},"completions":{},"logging":{}}"#;
