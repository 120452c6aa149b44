//! HTTP in, HTTP out: the only module that knows the client plane's and the admin plane's URLs.

pub mod accept;
pub mod access;
pub mod audit;
pub mod body;
pub(crate) mod documents;
pub(crate) mod door;
pub mod events;
pub mod lines;
pub mod mcp;
pub mod origin;
pub mod register;
pub mod reply;
pub mod routes;
pub mod sse;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::time::Instant;

use crate::admin::Admin;
use crate::door::{Door, Site};
use crate::edge::access::{Access, AccessLog, Details};
use crate::edge::body::Body;
use crate::edge::origin::OriginPolicy;
use crate::edge::reply::Reply;
use crate::edge::routes::Place;
use crate::gateway::Gateway;
use crate::gateway::endpoint::Endpoint;
use crate::principal::Principal;
use crate::protocol::limits;

/// What can be set about the edge.
#[derive(Clone)]
pub struct EdgeSettings {
    /// Which Host and Origin headers are served.
    pub origins: OriginPolicy,
    /// Told of every request when it has been answered.
    pub access: AccessLog,
}

/// Which URLs are served. `/health` always is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Planes {
    /// `/mcp`, here and of virtual servers.
    pub mcp: bool,
    /// `/sse`.
    pub sse: bool,
    /// `/message`, and `/mcp` with a `sessionId`.
    pub message: bool,
    /// `/register`, `/policies` and `/servers`.
    pub register: bool,
    /// Whether a response reaches the client while it is being made. Without that there is no
    /// `/sse`, and a running call cannot ask its client anything.
    pub streams: bool,
}

impl Planes {
    /// Everything.
    pub const ALL: Self =
        Self { mcp: true, sse: true, message: true, register: true, streams: true };
}

/// Where the edge's URLs are mounted, such as `/prod`; empty at the root. Stands among a request's
/// extensions if whoever received the request took it off the path.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Mount(pub String);

/// The edge.
pub struct Edge {
    gateway: Arc<Gateway>,
    admin: Admin,
    settings: EdgeSettings,
    planes: Planes,
    details: bool,
    door: Option<Arc<Door>>,
}

/// Who sends a request, and until when it must be answered.
#[derive(Clone, Debug)]
pub struct From {
    /// The verified caller; behind a door nobody is, before the door has let him in.
    pub principal: Principal,
    /// When the request must have been answered.
    pub deadline: Instant,
}

/// A request with its body read.
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) mount: Mount,
    pub(crate) site: Option<Site>,
    pub(crate) body: Bytes,
    pub(crate) from: From,
    pub(crate) endpoint: Arc<Endpoint>,
}

impl Edge {
    /// Builds the edge of a gateway, which serves everything.
    pub fn new(gateway: Arc<Gateway>, settings: EdgeSettings) -> Self {
        Self {
            admin: Admin::new(gateway.clone()),
            gateway,
            settings,
            planes: Planes::ALL,
            details: false,
            door: None,
        }
    }

    /// Lets nobody call who does not come in by a door, whoever he is said to be. What is asked for
    /// before one can come in, and `/health`, is served to everyone.
    ///
    /// Where the server is for its clients must stand among the requests' extensions as a [`Site`]
    /// if the door is one for OAuth.
    pub fn behind(self, door: Arc<Door>) -> Self {
        Self { door: Some(door), ..self }
    }

    /// Whether nobody can call who does not come in by a door.
    pub fn is_closed(&self) -> bool {
        self.door.is_some()
    }

    /// Serves some of the URLs only.
    pub fn serving(self, planes: Planes) -> Self {
        Self { planes, ..self }
    }

    /// Tells the records' details as well, for an audit.
    pub fn detailing(self) -> Self {
        Self { details: true, ..self }
    }

    /// Where requests are recorded.
    pub fn access(&self) -> &AccessLog {
        &self.settings.access
    }

    /// Answers one HTTP request.
    pub async fn answer(self: &Arc<Self>, request: Request<Bytes>, from: From) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        let mut incoming = Incoming {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            mount: parts.extensions.remove().unwrap_or_default(),
            site: parts.extensions.remove(),
            body,
            from,
            endpoint: self.gateway.whole().clone(),
        };
        let mut access = Access::start(&self.settings.access, &incoming.method, &incoming.path);
        access.record.bytes_in = incoming.body.len();
        let origin = match self.settings.origins.check(&incoming.headers) {
            Ok(origin) => origin,
            Err(refused) => return Reply::problem(StatusCode::FORBIDDEN, refused).finish(access),
        };
        if incoming.method == Method::OPTIONS {
            let mut response = Reply::empty(StatusCode::NO_CONTENT).finish(access);
            if let Some(origin) = origin {
                origin::allow(response.headers_mut(), origin);
                origin::allow_requested(response.headers_mut(), &incoming.headers);
            }
            return response;
        }
        let mut response = if incoming.body.len() > limits::MAX_BODY_BYTES {
            let detail = "the body is larger than 4 MiB (4194304 bytes)";
            Reply::problem(StatusCode::PAYLOAD_TOO_LARGE, detail).finish(access)
        } else {
            let entered = match &self.door {
                None => Ok(()),
                // Boxed, so that who has no door does not carry it.
                Some(door) => Box::pin(self.enter(door, &mut incoming)).await,
            };
            match entered {
                Ok(()) => {
                    self.note_caller(&incoming, &mut access);
                    self.route(incoming, access).await
                }
                Err(refused) => refused.finish(access),
            }
        };
        if let Some(origin) = origin {
            origin::allow(response.headers_mut(), origin);
        }
        response
    }

    fn note_caller(&self, incoming: &Incoming, access: &mut Access) {
        if self.details {
            let principal = incoming.from.principal.clone();
            access.record.details = Some(Box::new(Details { principal, shape: None, trace: None }));
        }
    }

    async fn route(self: &Arc<Self>, incoming: Incoming, access: Access) -> Response<Body> {
        let mut incoming = incoming;
        let Some(place) = Place::of(&incoming.path) else {
            return nothing_here().finish(access);
        };
        if !self.serves(&place, &incoming) {
            let detail = "this function does not serve this path";
            return Reply::problem(StatusCode::NOT_FOUND, detail).finish(access);
        }
        if let Some(name) = place.server() {
            // Boxed, so that who calls the whole does not carry it.
            let finding = self.gateway.virtual_server(name, &incoming.from.principal);
            match Box::pin(finding).await {
                Ok(Some(endpoint)) => incoming.endpoint = endpoint,
                Ok(None) => return nothing_here().finish(access),
                Err(error) => return mcp::unavailable(&error.to_string()).finish(access),
            }
        }
        match (place, &incoming.method) {
            (Place::Mcp(_), &Method::POST) if has_session_id(&incoming.query) => {
                sse::message(self, incoming, access).await
            }
            (Place::Mcp(_), &Method::POST) => mcp::post(self.clone(), incoming, access).await,
            (Place::Mcp(_), &Method::DELETE) => mcp::delete(self, &incoming).await.finish(access),
            (Place::Mcp(_), _) => Reply::not_allowed("POST, DELETE").finish(access),
            (Place::Sse(_), &Method::GET) if !self.planes.streams => {
                let detail = "this deployment cannot stream, which HTTP+SSE needs; use POST /mcp";
                Reply::problem(StatusCode::NOT_IMPLEMENTED, detail).finish(access)
            }
            (Place::Sse(_), &Method::GET) => sse::open(self.clone(), &incoming, access).await,
            (Place::Sse(_), _) => Reply::not_allowed("GET").finish(access),
            (Place::Message(_), &Method::POST) => sse::message(self, incoming, access).await,
            (Place::Message(_), _) => Reply::not_allowed("POST").finish(access),
            (Place::Health, &Method::GET) => {
                Reply::json(StatusCode::OK, r#"{"status":"ok"}"#).finish(access)
            }
            (Place::Health, &Method::HEAD) => Reply::empty(StatusCode::OK).finish(access),
            (Place::Health, _) => Reply::not_allowed("GET, HEAD").finish(access),
            (Place::Register(path), _) => {
                register::answer(&self.admin, &incoming, path).await.finish(access)
            }
            (Place::Policies(path), _) => {
                Box::pin(documents::policies(&self.admin, &incoming, path)).await.finish(access)
            }
            (Place::Servers(path), _) => {
                Box::pin(documents::servers(&self.admin, &incoming, path)).await.finish(access)
            }
            (Place::Metadata(resource), _) => {
                let reply = door::metadata(self, &incoming, &resource);
                reply.unwrap_or_else(nothing_here).finish(access)
            }
        }
    }

    /// Whether the place belongs to a plane that is served here.
    fn serves(&self, place: &Place<'_>, incoming: &Incoming) -> bool {
        match place {
            Place::Mcp(_) if has_session_id(&incoming.query) => self.planes.message,
            Place::Mcp(_) => self.planes.mcp,
            Place::Sse(_) => self.planes.sse,
            Place::Message(_) => self.planes.message,
            Place::Register(_) | Place::Policies(_) | Place::Servers(_) => self.planes.register,
            Place::Health | Place::Metadata(_) => true,
        }
    }
}

fn nothing_here() -> Reply {
    Reply::problem(StatusCode::NOT_FOUND, "there is nothing at this path")
}

fn has_session_id(query: &str) -> bool {
    query.split('&').any(|pair| pair.starts_with("sessionId="))
}
