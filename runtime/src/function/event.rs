//! Events in: what Lambda hands over becomes an HTTP request, a JSON-RPC message, or a timer's tick.
//!
//! Function URLs and API Gateway describe a request in JSON, in two payload formats. Only what the
//! gateway needs is read, borrowed from the event where possible.

mod fields;
mod uri;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{COOKIE, HeaderMap, HeaderValue};
use http::{Method, Request};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::door::Site;
use crate::edge::Mount;
use crate::function::caller::{self, Claim, Origin};
use crate::protocol::json::{self, Text};
use fields::{Headers, MultiHeaders, MultiPairs, Pairs};

/// An event.
#[derive(Debug)]
pub enum Event {
    /// A request through a Function URL or API Gateway.
    Http(Box<HttpEvent>),
    /// One JSON-RPC message, by a direct invocation.
    Message,
    /// A timer's tick.
    Scheduled,
    /// The admin plane asks whether this function's role can call another: its ARN, as it came.
    Probe(String),
}

/// A request through a Function URL or API Gateway.
#[derive(Debug)]
pub struct HttpEvent {
    /// The request; where the URLs are mounted is among its extensions, and for a genuine event of
    /// a Function URL its [`Site`].
    pub request: Request<Bytes>,
    /// What the event says of its sender. Nothing in a header counts.
    pub claim: Claim,
}

/// Why an event is not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EventError {
    /// It is of no kind that is known here.
    #[error(
        "the event is neither an HTTP request of a Function URL or API Gateway, \
         nor a JSON-RPC message, nor a scheduled event"
    )]
    Unknown,
    /// It is an HTTP request that cannot be understood; answered with 400.
    #[error("{0}")]
    BadRequest(&'static str),
}

/// All members that any kind of event has and that matter here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    request_context: Option<json::Object<RequestContext<'a>>>,
    #[serde(borrow)]
    raw_path: Option<Text<'a>>,
    #[serde(borrow)]
    raw_query_string: Option<Text<'a>>,
    #[serde(borrow)]
    cookies: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    http_method: Option<Text<'a>>,
    #[serde(borrow)]
    path: Option<Text<'a>>,
    #[serde(borrow)]
    query_string_parameters: Option<Pairs<'a>>,
    #[serde(borrow)]
    multi_value_query_string_parameters: Option<MultiPairs<'a>>,
    headers: Option<Headers>,
    multi_value_headers: Option<MultiHeaders>,
    #[serde(borrow)]
    body: Option<Text<'a>>,
    is_base64_encoded: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    #[serde(borrow)]
    request_id: Option<Text<'a>>,
    #[serde(borrow)]
    domain_name: Option<Text<'a>>,
    #[serde(borrow)]
    api_id: Option<Text<'a>>,
    #[serde(borrow)]
    account_id: Option<Text<'a>>,
    #[serde(borrow)]
    stage: Option<Text<'a>>,
    #[serde(borrow)]
    http: Option<json::Object<Http<'a>>>,
    #[serde(borrow)]
    authorizer: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Http<'a> {
    #[serde(borrow)]
    method: Text<'a>,
}

/// What tells the kinds of events apart.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, rename = "requestContext")]
    request_context: Option<&'a RawValue>,
    #[serde(borrow)]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Option<&'a RawValue>,
    #[serde(borrow, rename = "mcp-lambda")]
    internal: Option<&'a RawValue>,
    #[serde(borrow)]
    function: Option<&'a RawValue>,
}

impl Event {
    /// Reads an event that was delivered as the given invocation.
    ///
    /// `prefix` is a path under which the deployment is mounted, such as `/tools`; it is taken away
    /// where it is there.
    pub fn parse(
        payload: &[u8],
        invocation: &str,
        prefix: Option<&str>,
    ) -> Result<Self, EventError> {
        let whole = std::str::from_utf8(payload).map_err(|_| EventError::Unknown)?;
        let kind: Kind<'_> = json::object(whole).map_err(|_| EventError::Unknown)?;
        if kind.request_context.is_some() {
            return read_http(whole, invocation, prefix).map(Box::new).map(Self::Http);
        }
        if kind.jsonrpc.is_some() {
            return Ok(Self::Message);
        }
        let text = |raw: Option<&RawValue>| {
            raw.and_then(|raw| serde_json::from_str::<Text<'_>>(raw.get()).ok())
                .map(|text| text.0.into_owned())
        };
        let is = |raw: Option<&RawValue>, known: &[&str]| {
            text(raw).is_some_and(|text| known.contains(&&*text))
        };
        if is(kind.internal, &["probe"]) {
            return text(kind.function).map(Self::Probe).ok_or(EventError::Unknown);
        }
        let scheduled = is(kind.source, &["aws.events", "aws.scheduler"])
            && is(kind.detail_type, &["Scheduled Event"]);
        if scheduled { Ok(Self::Scheduled) } else { Err(EventError::Unknown) }
    }
}

fn read_http(text: &str, invocation: &str, prefix: Option<&str>) -> Result<HttpEvent, EventError> {
    let event: Envelope<'_> = json::object(text).map_err(|_| EventError::Unknown)?;
    let Some(json::Object(context)) = event.request_context else {
        return Err(EventError::Unknown);
    };
    let get = |text: &'_ Option<Text<'_>>| text.as_ref().map(|text| text.0.as_ref().to_owned());
    let domain = get(&context.domain_name).unwrap_or_default();
    let (method, path, query, stage, origin) = match (&context.http, &event.raw_path) {
        (Some(json::Object(http)), Some(path)) => {
            let origin = Origin {
                request_id: context.request_id.as_ref().map(|text| &*text.0),
                domain: context.domain_name.as_ref().map(|text| &*text.0),
                api: context.api_id.as_ref().map(|text| &*text.0),
                stage: context.stage.as_ref().map(|text| &*text.0),
                account: context.account_id.as_ref().map(|text| &*text.0),
            };
            let query = get(&event.raw_query_string).unwrap_or_default();
            // On API Gateway's own domain the path begins with the stage, on others it does not.
            let stage = origin.stage.filter(|_| domain.contains(".execute-api."));
            (&http.method, path, query, stage, Some(origin))
        }
        _ => {
            let (Some(method), Some(path)) = (&event.http_method, &event.path) else {
                return Err(EventError::Unknown);
            };
            let several = event.multi_value_query_string_parameters.map(|pairs| pairs.0);
            let single = || event.query_string_parameters.map(|pairs| pairs.0);
            let query = uri::query(&several.or_else(single).unwrap_or_default());
            (method, path, query, None, None)
        }
    };
    let claim = caller::read(context.authorizer, origin, invocation);
    let (mount, path) = uri::unmount(&path.0, [stage.filter(|stage| *stage != "$default"), prefix]);
    let bad = EventError::BadRequest;
    let method =
        Method::from_bytes(method.0.as_bytes()).map_err(|_| bad("this is no HTTP method"))?;
    let body = read_body(event.body, event.is_base64_encoded.unwrap_or(false))
        .ok_or(bad("the event's body is not valid base64"))?;
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri::build(path, &query).ok_or(bad("the path or query is too long"))?;
    *request.headers_mut() = match (event.multi_value_headers, event.headers) {
        (Some(several), _) => several.0,
        (None, Some(single)) => single.0,
        (None, None) => HeaderMap::new(),
    };
    add_cookies(request.headers_mut(), &event.cookies.unwrap_or_default());
    if let Some(domain) = caller::domain(origin, invocation) {
        request.extensions_mut().insert(Site::new(&format!("https://{domain}{mount}")));
    }
    request.extensions_mut().insert(Mount(mount));
    Ok(HttpEvent { request, claim })
}

fn read_body(body: Option<Text<'_>>, encoded: bool) -> Option<Bytes> {
    match (body, encoded) {
        (None, _) => Some(Bytes::new()),
        (Some(body), false) => Some(body.0.into_owned().into()),
        (Some(body), true) => STANDARD.decode(body.0.as_bytes()).ok().map(Bytes::from),
    }
}

/// Payload format 2.0 takes them out of the headers.
fn add_cookies(headers: &mut HeaderMap, cookies: &[Text<'_>]) {
    if cookies.is_empty() {
        return;
    }
    let all: Vec<&str> = cookies.iter().map(|cookie| &*cookie.0).collect();
    if let Ok(value) = HeaderValue::from_str(&all.join("; ")) {
        headers.append(COOKIE, value);
    }
}
