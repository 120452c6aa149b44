//! HTTP in, HTTP out: the only module that knows the client plane's and the admin plane's URLs.

pub mod accept;
pub mod access;
pub mod body;
pub mod events;
pub mod mcp;
pub mod origin;
pub mod register;
pub mod reply;
pub mod sse;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::time::Instant;

use crate::admin::Admin;
use crate::edge::access::{Access, AccessLog};
use crate::edge::body::Body;
use crate::edge::origin::OriginPolicy;
use crate::edge::reply::Reply;
use crate::gateway::Gateway;
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

/// The edge.
pub struct Edge {
    gateway: Arc<Gateway>,
    admin: Admin,
    settings: EdgeSettings,
}

/// Who sends a request, and until when it must be answered.
#[derive(Clone, Debug)]
pub struct From {
    /// The verified caller.
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
    pub(crate) body: Bytes,
    pub(crate) from: From,
}

impl Edge {
    /// Builds the edge of a gateway.
    pub fn new(gateway: Arc<Gateway>, settings: EdgeSettings) -> Self {
        Self { admin: Admin::new(gateway.clone()), gateway, settings }
    }

    /// Where requests are recorded.
    pub fn access(&self) -> &AccessLog {
        &self.settings.access
    }

    /// Answers one HTTP request.
    pub async fn answer(self: &Arc<Self>, request: Request<Bytes>, from: From) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let incoming = Incoming {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body,
            from,
        };
        let access = Access::start(&self.settings.access, &incoming.method, &incoming.path);
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
            self.route(incoming, access).await
        };
        if let Some(origin) = origin {
            origin::allow(response.headers_mut(), origin);
        }
        response
    }

    async fn route(self: &Arc<Self>, incoming: Incoming, access: Access) -> Response<Body> {
        let path = incoming.path.strip_suffix('/').unwrap_or(&incoming.path).to_owned();
        match (path.as_str(), &incoming.method) {
            ("" | "/mcp", &Method::POST) if has_session_id(&incoming.query) => {
                sse::message(self, incoming, access).await
            }
            ("" | "/mcp", &Method::POST) => mcp::post(self.clone(), incoming, access).await,
            ("" | "/mcp", &Method::DELETE) => mcp::delete(self, &incoming).await.finish(access),
            ("" | "/mcp", _) => Reply::not_allowed("POST, DELETE").finish(access),
            ("/sse", &Method::GET) => sse::open(self.clone(), &incoming, access).await,
            ("/sse", _) => Reply::not_allowed("GET").finish(access),
            ("/message", &Method::POST) => sse::message(self, incoming, access).await,
            ("/message", _) => Reply::not_allowed("POST").finish(access),
            ("/health", &Method::GET) => {
                Reply::json(StatusCode::OK, r#"{"status":"ok"}"#).finish(access)
            }
            ("/health", &Method::HEAD) => Reply::empty(StatusCode::OK).finish(access),
            ("/health", _) => Reply::not_allowed("GET, HEAD").finish(access),
            (path, _) if path == "/register" || path.starts_with("/register/") => {
                let reply = register::answer(&self.admin, &incoming, path).await;
                reply.finish(access)
            }
            _ => Reply::problem(StatusCode::NOT_FOUND, "there is nothing at this path")
                .finish(access),
        }
    }
}

fn has_session_id(query: &str) -> bool {
    query.split('&').any(|pair| pair.starts_with("sessionId="))
}
