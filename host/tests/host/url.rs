//! Function URLs in both modes.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use lambda_host::url::{InvokeMode, UrlOptions};
use lambda_host::{HostOptions, limits, url};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Gate, PATIENCE, Probe, bootstrap_probe, payload};

type Response = http::Response<BoxBody<Bytes, Infallible>>;

fn stream_mode() -> UrlOptions {
    UrlOptions { invoke_mode: InvokeMode::ResponseStream, ..UrlOptions::default() }
}

async fn send(probe: &Probe, options: UrlOptions, body: impl Into<Bytes>) -> Response {
    let request = Request::post("/a/b?c=d")
        .header("content-type", "application/json")
        .body(Full::new(body.into()))
        .expect("a request");
    timeout(PATIENCE, url::answer(&probe.host, &probe.name, options, request))
        .await
        .expect("an answer")
}

async fn read(response: Response) -> (u16, HeaderMap, Bytes) {
    let (parts, body) = response.into_parts();
    let body = timeout(PATIENCE, body.collect()).await.expect("an end").expect("a body");
    (parts.status.as_u16(), parts.headers, body.to_bytes())
}

/// A function whose event is the wish in the body of the HTTP request.
fn node(source: &str) -> Probe {
    crate::node::probe(source)
}

#[tokio::test]
async fn requests_become_events_and_results_become_bodies() {
    let probe = node("url.handler");
    let options = UrlOptions {
        strip_prefix: Some("/a".into()),
        authorizer: json!({ "userArn": "arn:aws:iam::1:user/x" }).as_object().cloned(),
        ..UrlOptions::default()
    };
    let (status, headers, body) = read(send(&probe, options, r#""event""#).await).await;
    assert_eq!((status, &headers["content-type"]), (200, &"application/json".parse().expect("ok")));
    let event: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["rawPath"], "/b");
    assert_eq!(event["queryStringParameters"], json!({ "c": "d" }));
    assert_eq!(event["requestContext"]["authorizer"]["iam"]["userArn"], "arn:aws:iam::1:user/x");
    assert_eq!(event["body"], r#""event""#);
}

#[tokio::test]
async fn events_have_the_id_of_their_invocation() {
    let probe = node("url.invocation");
    let (_, headers, body) = read(send(&probe, UrlOptions::default(), "{}").await).await;
    let event: Value = serde_json::from_slice(&body).expect("JSON");
    let id = headers["x-invocation"].to_str().expect("text");
    assert_eq!(event["requestContext"]["requestId"], id);
}

#[tokio::test]
async fn described_responses_are_made() {
    let probe = node("url.handler");
    let described = json!({
        "statusCode": 418,
        "headers": { "X-A": "b" },
        "cookies": ["c=d"],
        "body": "aGk=",
        "isBase64Encoded": true,
    });
    let wish = payload(&json!({ "answer": described }));
    let (status, headers, body) = read(send(&probe, UrlOptions::default(), wish).await).await;
    assert_eq!((status, &body[..]), (418, &b"hi"[..]));
    assert_eq!(
        (&headers["x-a"], &headers["set-cookie"]),
        (&"b".parse().expect("a value"), &"c=d".parse().expect("a value"),)
    );
}

#[tokio::test]
async fn failures_are_hidden() {
    let probe = node("url.handler");
    let wishes = [
        json!({ "throw": "secret" }),
        json!({ "answer": { "statusCode": "nonsense" } }),
        json!({ "answer": { "statusCode": 200, "headers": { "a": "b\nc" } } }),
    ];
    for wish in wishes {
        for options in [UrlOptions::default(), stream_mode()] {
            if wish.get("answer").is_some() && options.invoke_mode == InvokeMode::ResponseStream {
                continue;
            }
            let (status, headers, body) = read(send(&probe, options, payload(&wish)).await).await;
            assert_eq!((status, &body[..]), (502, &br#"{"Message":"Internal Server Error"}"#[..]));
            assert_eq!(headers["content-type"], "application/json");
        }
    }
}

#[tokio::test]
async fn requests_are_bounded() {
    let probe = Probe::new();
    let refused = "{\"Message\":\"Request Entity Too Large\"}";
    let body = vec![b' '; limits::MAX_PAYLOAD_BYTES + 1];
    let (status, _, body) = read(send(&probe, UrlOptions::default(), body).await).await;
    assert_eq!((status, &body[..]), (413, refused.as_bytes()));
    // A body that fits can still make an event that does not.
    let body = vec![b' '; limits::MAX_PAYLOAD_BYTES];
    let (status, _, body) = read(send(&probe, UrlOptions::default(), body).await).await;
    assert_eq!((status, &body[..]), (413, refused.as_bytes()));
    let body = vec![b' '; limits::MAX_PAYLOAD_BYTES - 4096];
    let (status, ..) = read(send(&probe, UrlOptions::default(), body).await).await;
    assert_eq!(status, 502, "the probe cannot do this, but sees it");
}

#[tokio::test]
async fn what_cannot_be_invoked_is_said() {
    let mut raw = bootstrap_probe(&["never"]);
    raw.concurrency = Some(1);
    let init_timeout = Duration::from_millis(300);
    let probe = Probe::with(raw, HostOptions { init_timeout, ..HostOptions::default() });
    let first = send(&probe, UrlOptions::default(), "{}");
    let second = async {
        while probe.host.instances(&probe.name) == 0 {
            tokio::task::yield_now().await;
        }
        read(send(&probe, UrlOptions::default(), "{}").await).await
    };
    let (first, (status, _, body)) = tokio::join!(first, second);
    assert_eq!(first.status(), 502);
    assert_eq!((status, &body[..]), (429, &br#"{"Message":"Rate Exceeded."}"#[..]));
    let other = lambda_host::FunctionName::parse("other").expect("a good name");
    let request = Request::get("/").body(Full::<Bytes>::default()).expect("a request");
    let answer = url::answer(&probe.host, &other, UrlOptions::default(), request).await;
    assert_eq!(read(answer).await.0, 404);
}

#[tokio::test]
async fn streams_have_status_headers_and_cookies_and_come_as_they_are_sent() {
    let probe = node("url.streamed");
    let gate = Gate::new().await;
    let (host, port) = gate
        .address()
        .split_once(':')
        .map(|(h, p)| (h.to_owned(), p.to_owned()))
        .expect("an address");
    let head = json!({ "statusCode": 201, "headers": { "x-a": "b" }, "cookies": ["c=d", "e=f"] });
    let wish = json!({ "gate": { "host": host, "port": port }, "head": head, "lines": ["1", "2"] });
    let visit = gate.knock();
    let (response, mut visitor) = tokio::join!(
        async {
            let response = send(&probe, stream_mode(), payload(&wish)).await;
            assert_eq!(response.status(), 201);
            assert_eq!(response.headers()["x-a"], "b");
            let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
            assert_eq!(cookies, ["c=d", "e=f"]);
            response
        },
        async {
            let mut visitor = visit.await;
            visitor.pass().await;
            visitor
        },
    );
    let mut body = response.into_body();
    for line in ["1", "2"] {
        if line == "2" {
            visitor.pass().await;
        }
        let frame = timeout(PATIENCE, body.frame()).await.expect("a frame");
        let frame = frame.expect("more").expect("no error").into_data().expect("data");
        assert_eq!(frame, line);
    }
    assert!(timeout(PATIENCE, body.frame()).await.expect("an end").is_none());
}

#[tokio::test]
async fn the_rust_runtime_streams_as_well() {
    let probe = Probe::new();
    let head = json!({ "status": 202, "headers": { "x-a": "b" }, "cookies": ["c=d", "e=f"] });
    let wish = payload(&json!({ "do": "stream", "head": head, "lines": ["one", "two"] }));
    let (status, headers, body) = read(send(&probe, stream_mode(), wish).await).await;
    assert_eq!((status, &body[..]), (202, &b"onetwo"[..]));
    assert_eq!(headers["x-a"], "b");
    assert_eq!(headers["content-type"], "application/octet-stream");
    let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["c=d", "e=f"]);
}

#[tokio::test]
async fn a_stream_without_prelude_is_a_body() {
    let probe = node("url.plain");
    let (status, headers, body) = read(send(&probe, stream_mode(), "{}").await).await;
    assert_eq!((status, &body[..]), (200, &b"plain"[..]));
    assert_eq!(headers["content-type"], "text/x-plain");
    // A URL that does not stream reads it to its end.
    let (status, headers, body) = read(send(&probe, UrlOptions::default(), "{}").await).await;
    assert_eq!((status, &body[..]), (200, &b"plain"[..]));
    assert_eq!(headers["content-type"], "text/x-plain");
}

#[tokio::test]
async fn an_empty_stream_has_a_head() {
    let probe = node("url.streamed");
    let wish = payload(&json!({ "head": { "statusCode": 202 }, "lines": [] }));
    let (status, _, body) = read(send(&probe, stream_mode(), wish).await).await;
    assert_eq!((status, body.len()), (202, 0));
}
