//! Doors in HTTP: who must come in by one, what he is told who does not, and where he can learn how
//! (RFC 6750, RFC 9728; MCP 2026-07-28, Authorization).

use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};

use crate::door::{Called, Door, Refused, presented};
use crate::edge::reply::Reply;
use crate::edge::routes::{METADATA, Place};
use crate::edge::{Edge, Incoming};
use crate::port::Timestamp;
use crate::principal::Scopes;
use crate::protocol::call::{self, Call, Reference};
use crate::protocol::jsonrpc::{self, Message, Request};

/// Seconds after which a client may ask again if a door cannot judge.
const RETRY_SECONDS: u64 = 2;
/// Seconds for which metadata may be kept.
const METADATA_CACHE: &str = "public, max-age=300";

impl Edge {
    /// Makes whoever comes in by the door the request's caller.
    pub(super) async fn enter(&self, door: &Door, incoming: &mut Incoming) -> Result<(), Reply> {
        // What leads nowhere is answered so without asking who is there.
        let Some(place) = Place::of(&incoming.path) else { return Ok(()) };
        if !place.is_guarded() || !self.serves(&place, incoming) {
            return Ok(());
        }
        let site = incoming.site.as_ref().map(|site| place.site(site));
        let headers = incoming.headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes);
        let admitted = door.admit(presented(headers), site.as_ref()).await;
        let admitted = admitted.map_err(|why| refuse(door, incoming, &place, why))?;
        incoming.from.principal = admitted.principal;
        if let Some(until) = admitted.until
            && matches!(place, Place::Sse(_))
        {
            // Calls come later on this stream; they must not outlive the token.
            let left = self.left(until);
            incoming.from.deadline = incoming.from.deadline.min(tokio::time::Instant::now() + left);
        }
        let allowed = self.allowed(door, incoming, &place);
        allowed.map_err(|needed| refuse(door, incoming, &place, Refused::Scope(needed)))
    }

    fn left(&self, until: Timestamp) -> std::time::Duration {
        let now = self.gateway.ports().clock.now();
        std::time::Duration::from_millis(until.0.saturating_sub(now.0))
    }

    /// Whether the caller's scopes are enough for what the request asks for.
    fn allowed(&self, door: &Door, incoming: &Incoming, place: &Place<'_>) -> Result<(), Scopes> {
        let principal = &incoming.from.principal;
        if place.is_admin() {
            return door.administrates(principal);
        }
        let rules = door.oauth().map(|door| &door.settings().rules);
        if incoming.method != Method::POST || rules.is_none_or(crate::door::ScopeRules::is_empty) {
            return Ok(());
        }
        let mut needed = Scopes::default();
        let mut check = |request: &Request<'_>| {
            if let Some(call) = called(request)
                && let Err(scopes) = door.allows(principal, named(&call))
            {
                needed = needed.union(&scopes);
            }
        };
        // What cannot be read here cannot be read by whoever would answer it.
        match jsonrpc::parse(&incoming.body) {
            Ok(jsonrpc::Body::Single(Message::Request(request))) => check(&request),
            Ok(jsonrpc::Body::Batch(elements)) => {
                for element in elements {
                    if let Ok(Message::Request(request)) = jsonrpc::parse_message(element.get()) {
                        check(&request);
                    }
                }
            }
            Ok(jsonrpc::Body::Single(Message::Notification { .. } | Message::Response(_)))
            | Err(_) => {}
        }
        if needed.is_empty() { Ok(()) } else { Err(needed) }
    }
}

/// A call that refers to something, as whoever answers it will read it.
fn called<'a>(request: &Request<'a>) -> Option<Call<'a>> {
    let method = match &*request.method.0 {
        "tools/call" => call::Method::CallTool,
        "prompts/get" => call::Method::GetPrompt,
        "resources/read" => call::Method::ReadResource,
        "completion/complete" => call::Method::Complete,
        _ => return None,
    };
    Call::parse(method, request.params).ok()
}

fn named<'a>(call: &'a Call<'_>) -> Called<'a> {
    match call {
        Call::CallTool(tool) => Called::Tool(&tool.name.0),
        Call::GetPrompt(prompt) => Called::Prompt(&prompt.name.0),
        Call::ReadResource(read) => Called::Resource(&read.uri.0),
        Call::Complete(complete) => match &complete.reference {
            Reference::Prompt(name) => Called::Prompt(&name.0),
            Reference::Resource(uri) => Called::Resource(&uri.0),
        },
        Call::Initialize(_)
        | Call::Discover
        | Call::Ping
        | Call::SetLevel(_)
        | Call::Subscribe(_)
        | Call::Unsubscribe(_)
        | Call::List(..)
        | Call::Listen => Called::Tool(""),
    }
}

/// What somebody is told who is not let in.
fn refuse(door: &Door, incoming: &Incoming, place: &Place<'_>, why: Refused) -> Reply {
    let challenge = Challenge::new(door, incoming, place);
    match why {
        Refused::Missing => {
            let detail = match door {
                Door::Bearer(_) => "send a token of this server: Authorization: Bearer TOKEN",
                Door::OAuth(_) => {
                    "send an access token for this server: Authorization: Bearer TOKEN"
                }
            };
            let scopes = door.oauth().map(|door| &door.settings().scopes);
            challenge.answer(StatusCode::UNAUTHORIZED, detail, None, scopes)
        }
        Refused::Malformed(detail) => {
            challenge.answer(StatusCode::BAD_REQUEST, detail, Some("invalid_request"), None)
        }
        Refused::Invalid(why) => {
            let scopes = door.oauth().map(|door| &door.settings().scopes);
            let (status, error) = (StatusCode::UNAUTHORIZED, Some("invalid_token"));
            let reply = challenge.answer(status, why.description(), error, scopes);
            reply.failing(Some(why.description().to_owned()), Some(format!("token: {why}")))
        }
        Refused::Scope(needed) if needed.is_empty() => {
            Reply::problem(StatusCode::FORBIDDEN, "nobody administrates this server by OAuth")
        }
        Refused::Scope(needed) => {
            let detail = format!("this needs the scopes {needed}");
            let (status, error) = (StatusCode::FORBIDDEN, Some("insufficient_scope"));
            challenge.answer(status, &detail, error, Some(&needed))
        }
        Refused::Unavailable(cause) => {
            let detail = "tokens cannot be verified at the moment; try again";
            Reply::problem(StatusCode::SERVICE_UNAVAILABLE, detail)
                .with(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS))
                .failing(Some("door unavailable".to_owned()), Some(cause))
        }
    }
}

/// What goes into `WWW-Authenticate`.
struct Challenge {
    metadata: Option<String>,
}

impl Challenge {
    fn new(door: &Door, incoming: &Incoming, place: &Place<'_>) -> Self {
        let site = incoming.site.as_ref().filter(|_| door.oauth().is_some());
        let path = place.resource().unwrap_or_else(|| "/mcp".to_owned());
        Self { metadata: site.map(|site| site.url(&format!("{METADATA}{path}"))) }
    }

    fn answer(
        &self,
        status: StatusCode,
        detail: &str,
        error: Option<&str>,
        scopes: Option<&Scopes>,
    ) -> Reply {
        let mut parts = Vec::new();
        let part = |name: &str, value: &str| format!(r#"{name}="{value}""#);
        if let Some(error) = error {
            parts.push(part("error", error));
            parts.push(part("error_description", detail));
        }
        if let Some(metadata) = &self.metadata {
            parts.push(part("resource_metadata", metadata));
        }
        if let Some(scopes) = scopes.filter(|scopes| !scopes.is_empty()) {
            parts.push(part("scope", &scopes.to_string()));
        }
        if parts.is_empty() {
            parts.push(part("realm", "mcp-lambda"));
        }
        Reply::problem(status, detail)
            .with_text(WWW_AUTHENTICATE, &format!("Bearer {}", parts.join(", ")))
    }
}

/// The metadata of the protected resource, which needs no token; nothing at other paths, and where
/// tokens are not those of an authorization server.
pub(super) fn metadata(edge: &Edge, incoming: &Incoming, resource: &str) -> Option<Reply> {
    let door = edge.door.as_deref()?.oauth()?;
    let Some(site) = &incoming.site else {
        let detail = "this server does not know its own URL; its administrator can set it";
        return Some(Reply::problem(StatusCode::NOT_FOUND, detail));
    };
    let reply = match incoming.method {
        Method::GET => Reply::json(StatusCode::OK, document(door, site, resource)),
        Method::HEAD => Reply::empty(StatusCode::OK),
        _ => return Some(Reply::not_allowed("GET, HEAD")),
    };
    Some(reply.with(CACHE_CONTROL, HeaderValue::from_static(METADATA_CACHE)))
}

fn document(door: &crate::door::OAuthDoor, site: &crate::door::Site, resource: &str) -> String {
    door.metadata(&site.url(resource))
}
