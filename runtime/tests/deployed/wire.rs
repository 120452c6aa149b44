//! HTTP/1.1 requests, signed as AWS wants it (SigV4), one connection each.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mcp_lambda_test_support::ministack::REGION;
use ring::digest::{SHA256, digest};
use ring::hmac;
use serde_json::Value;
use tokio::net::TcpStream;

/// How long an answer may take, with the start of a function's process on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What signs requests.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: String,
    /// Of a role that was assumed.
    pub(crate) token: Option<String>,
}

/// A request that has not been sent.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    /// By which the emulator knows what is asked.
    pub(crate) host: String,
    /// Path and query, of characters that need no escapes.
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Incoming {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body; panics if it is no JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header's value; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

/// Headers that sign a request.
pub(crate) type Signature = Vec<(&'static str, String)>;

/// Signs a request for a service, now.
pub(crate) fn signature(outgoing: &Outgoing, who: &Credentials, service: &str) -> Signature {
    sign(outgoing, who, service, &now())
}

/// Sends a request with a signature, which need not be its own.
pub(crate) async fn send(
    address: SocketAddr,
    outgoing: &Outgoing,
    signature: &Signature,
) -> Incoming {
    let mut request = Request::builder()
        .method(&outgoing.method)
        .uri(&outgoing.path)
        .header("host", &outgoing.host)
        .header("connection", "close");
    for (name, value) in outgoing.headers.iter().chain(signature) {
        request = request.header(*name, value);
    }
    let request = request.body(Full::new(outgoing.body.clone())).expect("a request");
    let exchange = async {
        let stream = TcpStream::connect(address).await.expect("ministack listens");
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.expect("a connection");
        tokio::spawn(connection);
        let (parts, body) = sender.send_request(request).await.expect("an answer").into_parts();
        let body = body.collect().await.expect("a whole answer").to_bytes();
        Incoming { status: parts.status, headers: parts.headers, body }
    };
    tokio::time::timeout(PATIENCE, exchange).await.expect("an answer in time")
}

/// The headers that sign a request: host and time, and the token where there is one.
fn sign(outgoing: &Outgoing, who: &Credentials, service: &str, time: &str) -> Signature {
    let (path, query) = outgoing.path.split_once('?').unwrap_or((&outgoing.path, ""));
    let mut query: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
        .collect();
    query.sort();
    let mut signed = vec![("host", outgoing.host.clone()), ("x-amz-date", time.to_owned())];
    signed.extend(who.token.iter().map(|token| ("x-amz-security-token", token.clone())));
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical = format!(
        "{}\n{path}\n{}\n{lines}\n{names}\n{}",
        outgoing.method,
        query.join("&"),
        hex(digest(&SHA256, &outgoing.body).as_ref())
    );
    let scope = format!("{}/{REGION}/{service}/aws4_request", &time[..8]);
    let text = format!(
        "AWS4-HMAC-SHA256\n{time}\n{scope}\n{}",
        hex(digest(&SHA256, canonical.as_bytes()).as_ref())
    );
    let mut key = format!("AWS4{}", who.secret).into_bytes();
    for part in scope.split('/').chain([text.as_str()]) {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes());
        key = tag.as_ref().to_vec();
    }
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
        who.id,
        hex(&key)
    );
    // Whoever sends it writes the host.
    signed.remove(0);
    signed.push(("authorization", authorization));
    signed
}

/// The time as signatures have it, `20261121T130000Z`.
fn now() -> String {
    #[expect(clippy::disallowed_methods, reason = "signatures are of now, by the wall's clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let text = humantime::format_rfc3339_seconds(UNIX_EPOCH + now).to_string();
    text.replace(['-', ':'], "")
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn signatures_bind_all_that_is_sent() {
    let who = Credentials { id: "AKIDEXAMPLE".into(), secret: "s".into(), token: None };
    let base = Outgoing {
        method: Method::POST,
        host: "h".into(),
        path: "/a?b=c".into(),
        headers: Vec::new(),
        body: Bytes::from_static(b"{}"),
    };
    let of = |outgoing: &Outgoing, who: &Credentials, service, time| {
        sign(outgoing, who, service, time).pop().expect("the signature").1
    };
    let time = "20261121T130000Z";
    let first = of(&base, &who, "lambda", time);
    assert!(first.starts_with(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/us-east-1/lambda/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature="
    ));
    assert_eq!(first, of(&base, &who, "lambda", time));
    let others = [
        of(&Outgoing { method: Method::PUT, ..base.clone() }, &who, "lambda", time),
        of(&Outgoing { host: "i".into(), ..base.clone() }, &who, "lambda", time),
        of(&Outgoing { path: "/a?b=d".into(), ..base.clone() }, &who, "lambda", time),
        of(&Outgoing { body: Bytes::new(), ..base.clone() }, &who, "lambda", time),
        of(&base, &Credentials { secret: "t".into(), ..who.clone() }, "lambda", time),
        of(&base, &who, "iam", time),
        of(&base, &who, "lambda", "20261121T130001Z"),
    ];
    for other in others {
        assert_ne!(first, other);
    }
}
