//! HTTP requests as events of payload format 2.0.

use std::collections::BTreeMap;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Version};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::UrlOptions;
use super::head::is_hop_by_hop;
use crate::calendar::Moment;
use crate::host::Host;
use crate::name::FunctionName;

/// A request that was read, and the invocation that it becomes.
pub(super) struct Received<'a> {
    pub(super) parts: &'a Parts,
    pub(super) body: Bytes,
    pub(super) request_id: &'a str,
}

/// Makes the event that a function behind a URL receives.
pub(super) fn render(
    host: &Host,
    name: &FunctionName,
    options: &UrlOptions,
    request: Received<'_>,
) -> Bytes {
    let Received { parts, body, request_id } = request;
    let path = strip(parts.uri.path(), options.strip_prefix.as_deref());
    let query = parts.uri.query().unwrap_or_default();
    let mut event = Map::new();
    event.insert("version".to_owned(), "2.0".into());
    event.insert("routeKey".to_owned(), "$default".into());
    event.insert("rawPath".to_owned(), path.into());
    event.insert("rawQueryString".to_owned(), query.into());
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        event.insert("cookies".to_owned(), cookies.into());
    }
    event.insert("headers".to_owned(), headers(&parts.headers, options).into());
    let parameters = parameters(query);
    if !parameters.is_empty() {
        event.insert("queryStringParameters".to_owned(), object(parameters));
    }
    let context = context(parts, name, options, host, request_id);
    event.insert("requestContext".to_owned(), context);
    let (body, encoded) = encode(&parts.headers, &body);
    if let Some(body) = body {
        event.insert("body".to_owned(), body.into());
    }
    event.insert("isBase64Encoded".to_owned(), encoded.into());
    Value::Object(event).to_string().into()
}

fn strip<'a>(path: &'a str, prefix: Option<&str>) -> &'a str {
    let prefix = prefix.unwrap_or_default().trim_end_matches('/');
    match path.strip_prefix(prefix) {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        Some(_) | None => path,
    }
}

fn context(
    parts: &Parts,
    name: &FunctionName,
    options: &UrlOptions,
    host: &Host,
    request_id: &str,
) -> Value {
    let header = |name: &str| {
        let value = parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        value.unwrap_or_default().into_owned()
    };
    let now = Moment::from_system(SystemTime::now());
    let id = url_id(host, name);
    // A caller that is not authenticated has no account.
    let account = match &options.authorizer {
        Some(iam) => iam.get("accountId").cloned().unwrap_or(host.account().as_str().into()),
        None => "anonymous".into(),
    };
    let mut context = json!({
        "accountId": account,
        "apiId": id,
        "authentication": null,
        "domainName": format!("{id}.lambda-url.{}.on.aws", host.region().as_str()),
        "domainPrefix": id,
        "http": {
            "method": parts.method.as_str(),
            "path": strip(parts.uri.path(), options.strip_prefix.as_deref()),
            "protocol": protocol(parts.version),
            "sourceIp": options.source_ip.to_string(),
            "userAgent": header("user-agent"),
        },
        "requestId": request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": now.common_log(),
        "timeEpoch": now.epoch_ms(),
    });
    if let Some(iam) = &options.authorizer {
        context["authorizer"] = json!({ "iam": iam });
    }
    context
}

/// What AWS would name the URL: always the same for the same function (FNV-1a, 128 bits).
fn url_id(host: &Host, name: &FunctionName) -> String {
    let parts = [host.account().as_str(), host.region().as_str(), name.as_str()];
    let hash = parts
        .join(":")
        .bytes()
        .fold(FNV_OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(FNV_PRIME));
    format!("{hash:032x}")
}

const FNV_OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const FNV_PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}

/// Headers by lower-case name, several values joined by commas; cookies have their own place.
fn headers(headers: &HeaderMap, options: &UrlOptions) -> Map<String, Value> {
    let mut joined = BTreeMap::new();
    for (name, value) in headers {
        if name != http::header::COOKIE && !is_hop_by_hop(name) {
            add(&mut joined, name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
    }
    joined.entry("x-forwarded-for".to_owned()).or_insert(options.source_ip.to_string());
    joined.entry("x-forwarded-proto".to_owned()).or_insert("http".to_owned());
    joined.into_iter().map(|(name, value)| (name, value.into())).collect()
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let all = headers.get_all(http::header::COOKIE).into_iter();
    all.flat_map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let cookies = text.split(';').map(str::trim).filter(|cookie| !cookie.is_empty());
        cookies.map(str::to_owned).collect::<Vec<_>>()
    })
    .collect()
}

/// The query's parameters, decoded, several values joined by commas.
fn parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        add(&mut parameters, &decode(name), &decode(value));
    }
    parameters
}

fn decode(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

fn add(map: &mut BTreeMap<String, String>, name: &str, value: &str) {
    match map.get_mut(name) {
        Some(values) => {
            values.push(',');
            values.push_str(value);
        }
        None => {
            map.insert(name.to_owned(), value.to_owned());
        }
    }
}

fn object(map: BTreeMap<String, String>) -> Value {
    map.into_iter().map(|(name, value)| (name, value.into())).collect::<Map<_, _>>().into()
}

/// Text goes as text, everything else in base64; nothing is left out.
fn encode(headers: &HeaderMap, body: &Bytes) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok());
    if content_type.is_some_and(is_text)
        && let Ok(text) = std::str::from_utf8(body)
    {
        return (Some(text.to_owned()), false);
    }
    (Some(STANDARD.encode(body)), true)
}

fn is_text(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("text/")
        || matches!(
            essence.as_str(),
            "application/json" | "application/javascript" | "application/xml"
        )
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::HostOptions;

    fn event(request: http::Request<&'static [u8]>, options: &UrlOptions) -> Value {
        let host = Host::new(BTreeMap::new(), HostOptions::default());
        let name = FunctionName::parse("greet").expect("a good name");
        let (parts, body) = request.into_parts();
        let body = Bytes::from_static(body);
        let received = Received { parts: &parts, body, request_id: "the-id" };
        serde_json::from_slice(&render(&host, &name, options, received)).expect("JSON")
    }

    #[test]
    fn a_whole_request() {
        let request = http::Request::post("/f/a%20b?x=1&y=a%2Cb+c&x=2&z")
            .header("Host", "127.0.0.1:9000")
            .header("Accept", "text/html")
            .header("accept", "*/*")
            .header("Cookie", "a=1; b=2")
            .header("cookie", "c=3")
            .header("Connection", "close")
            .header("Content-Type", "application/json; charset=utf-8")
            .header("User-Agent", "test/1")
            .body(&b"{\"a\":1}"[..])
            .expect("a request");
        let options = UrlOptions { strip_prefix: Some("/f".into()), ..UrlOptions::default() };
        let event = event(request, &options);
        assert_eq!(event["version"], "2.0");
        assert_eq!(event["rawPath"], "/a%20b");
        assert_eq!(event["rawQueryString"], "x=1&y=a%2Cb+c&x=2&z");
        let parameters = json!({ "x": "1,2", "y": "a,b c", "z": "" });
        assert_eq!(event["queryStringParameters"], parameters);
        assert_eq!(event["cookies"], json!(["a=1", "b=2", "c=3"]));
        assert_eq!(event["headers"]["accept"], "text/html,*/*");
        assert_eq!(event["headers"]["cookie"], Value::Null);
        assert_eq!(event["headers"]["connection"], Value::Null);
        assert_eq!(event["body"], "{\"a\":1}");
        assert_eq!(event["isBase64Encoded"], false);
        let context = &event["requestContext"];
        assert_eq!(context["accountId"], "anonymous");
        let id = context["apiId"].as_str().expect("an id");
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
        assert_eq!(context["domainName"], format!("{id}.lambda-url.us-east-1.on.aws"));
        assert_eq!(context["domainPrefix"], id);
        assert_eq!(event["headers"]["host"], "127.0.0.1:9000");
        assert_eq!(context["requestId"], "the-id");
        assert_eq!(context["stage"], "$default");
        assert_eq!(context["http"]["method"], "POST");
        assert_eq!(context["http"]["path"], "/a%20b");
        assert_eq!(context["http"]["protocol"], "HTTP/1.1");
        assert_eq!(context["http"]["sourceIp"], "127.0.0.1");
        assert_eq!(context["http"]["userAgent"], "test/1");
        assert!(context["timeEpoch"].is_u64() && context["time"].is_string());
        assert!(context.get("authorizer").is_none());
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        let request = http::Request::get("/").body(&b""[..]).expect("a request");
        let event = event(request, &UrlOptions::default());
        for key in ["body", "cookies", "queryStringParameters"] {
            assert!(event.get(key).is_none(), "{key}");
        }
        assert_eq!(event["rawQueryString"], "");
        assert_eq!(event["isBase64Encoded"], false);
    }

    #[test]
    fn callers_are_named() {
        let iam = json!({ "accountId": "123456789012", "userArn": "arn:aws:iam::1:user/x" });
        let Value::Object(fields) = iam.clone() else { panic!("an object") };
        let request = http::Request::get("/").body(&b""[..]).expect("a request");
        let options = UrlOptions { authorizer: Some(fields), ..UrlOptions::default() };
        let event = event(request, &options);
        assert_eq!(event["requestContext"]["authorizer"]["iam"], iam);
        assert_eq!(event["requestContext"]["accountId"], "123456789012");
    }

    #[test]
    fn binary_bodies_are_encoded() {
        for (content_type, body, encoded) in [
            ("text/plain", &b"a"[..], false),
            ("application/problem+json", b"a", false),
            ("image/svg+xml", b"a", false),
            ("application/x-www-form-urlencoded", b"a", true),
            ("image/png", b"a", true),
            ("text/plain", b"\xff", true),
        ] {
            let request = http::Request::post("/").header("content-type", content_type);
            let event = event(request.body(body).expect("a request"), &UrlOptions::default());
            assert_eq!(event["isBase64Encoded"], encoded, "{content_type} {body:?}");
        }
    }

    #[test]
    fn prefixes_are_whole_segments() {
        for (path, prefix, expected) in [
            ("/f/a", Some("/f"), "/a"),
            ("/f/a", Some("/f/"), "/a"),
            ("/f", Some("/f"), "/"),
            ("/f/", Some("/f"), "/"),
            ("/fa", Some("/f"), "/fa"),
            ("/a", None, "/a"),
            ("/a", Some("/"), "/a"),
        ] {
            assert_eq!(strip(path, prefix), expected, "{path} {prefix:?}");
        }
    }
}
