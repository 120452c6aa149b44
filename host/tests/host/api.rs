//! The Invoke API as the AWS SDKs speak it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http::header::HeaderMap;
use http_body_util::{BodyExt, Full};
use lambda_host::{HostOptions, api, limits};
use serde_json::{Value, json};

use crate::support::{Gate, Probe, bootstrap_probe, payload};

const INVOKE: &str = "/2015-03-31/functions/probe/invocations";
const STREAM: &str = "/2021-11-15/functions/probe/response-streaming-invocations";

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

async fn post(
    probe: &Probe,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).expect("a request");
    let (parts, body) = api::answer(&probe.host, request).await.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// Checks that a request is refused as AWS would.
async fn refused(
    probe: &Probe,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
    expected: (u16, &str, &str),
) {
    let answer = post(probe, path, headers, body).await;
    let json = answer.json();
    let message = json["message"].as_str().or(json["Message"].as_str()).expect("a message");
    assert_eq!((answer.status, answer.header("x-amzn-errortype"), message), expected);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-amzn-requestid").len(), 36);
}

#[tokio::test]
async fn functions_are_found_by_every_name() {
    let probe = Probe::new();
    for name in [
        "probe",
        "probe:live",
        "000000000000:function:probe",
        "arn:aws:lambda:us-east-1:000000000000:function:probe",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aprobe%3Alive",
    ] {
        let path = format!("/2015-03-31/functions/{name}/invocations");
        let answer = post(&probe, &path, &[], r#"{"do":"context"}"#).await;
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(answer.header("x-amz-executed-version"), "$LATEST");
        let qualifier = if name.ends_with("live") { ":live" } else { "" };
        let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:probe{qualifier}");
        assert_eq!(answer.json()["arn"], arn);
        assert_eq!(answer.json()["request_id"], answer.header("x-amzn-requestid"));
    }
    let path = format!("{INVOKE}?Qualifier=7");
    let answer = post(&probe, &path, &[], r#"{"do":"context"}"#).await;
    assert_eq!(answer.json()["arn"], "arn:aws:lambda:us-east-1:000000000000:function:probe:7");
}

#[tokio::test]
async fn functions_of_others_are_not_found() {
    let probe = Probe::new();
    for (name, arn) in [
        ("nope", "us-east-1:000000000000:function:nope"),
        ("111111111111:function:probe", "us-east-1:111111111111:function:probe"),
        (
            "arn:aws:lambda:eu-west-1:000000000000:function:probe",
            "eu-west-1:000000000000:function:probe",
        ),
    ] {
        let path = format!("/2015-03-31/functions/{name}/invocations");
        let message = format!("Function not found: arn:aws:lambda:{arn}");
        let expected = (404, "ResourceNotFoundException", message.as_str());
        refused(&probe, &path, &[], "{}", expected).await;
    }
}

#[tokio::test]
async fn settings_reach_the_function_and_the_log_comes_back() {
    let probe = Probe::new();
    let context = STANDARD.encode(r#"{"custom":{"a":"b"}}"#);
    let headers = [("x-amz-client-context", context.as_str()), ("x-amzn-trace-id", "Root=1-2-3")];
    let told = post(&probe, INVOKE, &headers, r#"{"do":"context"}"#).await.json();
    assert_eq!(told["client_context"]["custom"]["a"], "b");
    assert_eq!(told["trace_id"], "Root=1-2-3");

    let event = r#"{"do":"print","lines":["hello"]}"#;
    let answer = post(&probe, INVOKE, &[("x-amz-log-type", "Tail")], event).await;
    assert_eq!(answer.body, "null");
    assert_eq!(answer.header("x-amz-log-result"), STANDARD.encode("hello\n"));
    let answer = post(&probe, INVOKE, &[], event).await;
    assert_eq!(answer.header("x-amz-log-result"), "");
}

#[tokio::test]
async fn failures_of_the_function_are_answers() {
    let probe = Probe::new();
    let answer = post(&probe, INVOKE, &[], r#"{"do":"error"}"#).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
    assert_eq!(answer.json()["errorMessage"], "it went wrong");
    let answer = post(&probe, INVOKE, &[], r#"{"do":"exit","status":4}"#).await;
    assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
    assert_eq!(answer.json()["errorType"], "Runtime.ExitError");
}

#[tokio::test]
async fn invocation_types() {
    let probe = Probe::new();
    let gate = Gate::new().await;
    let event = payload(&json!({ "do": "wait", "gate": gate.address() }));
    let dry_run = [("x-amz-invocation-type", "DryRun")];
    for path in [INVOKE, STREAM] {
        let answer = post(&probe, path, &dry_run, event.clone()).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
    }
    assert_eq!(probe.host.instances(&probe.name), 0);
    let later = [("x-amz-invocation-type", "Event")];
    let answer = post(&probe, INVOKE, &later, event).await;
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    assert_eq!(answer.header("x-amzn-requestid").len(), 36);
    gate.knock().await.pass().await;
}

#[tokio::test]
async fn requests_that_are_wrong_are_refused() {
    let probe = Probe::new();
    let content = "InvalidRequestContentException";
    let not_json = "Could not parse request body into json: expected ident at line 1 column 2";
    refused(&probe, INVOKE, &[], "nonsense", (400, content, not_json)).await;
    let context = [("x-amz-client-context", "***")];
    let message = "Client context must be a valid Base64-encoded JSON object.";
    refused(&probe, INVOKE, &context, "{}", (400, content, message)).await;
    let context = [("x-amz-client-context", "W10=")];
    let message = "the client context must be a JSON object";
    refused(&probe, INVOKE, &context, "{}", (400, content, message)).await;
    let parameter = "InvalidParameterValueException";
    let kind = [("x-amz-invocation-type", "Later")];
    let message = "the invocation type is not supported";
    refused(&probe, INVOKE, &kind, "{}", (400, parameter, message)).await;
    let path = "/2015-03-31/functions/probe:1/invocations?Qualifier=2";
    let message =
        "The derived qualifier from the function name does not match the specified qualifier.";
    refused(&probe, path, &[], "{}", (400, parameter, message)).await;
    let unknown = "UnknownOperationException";
    let message = "The local Lambda host only offers Invoke and InvokeWithResponseStream.";
    refused(&probe, "/2015-03-31/functions/", &[], "{}", (404, unknown, message)).await;
    assert_eq!(probe.host.instances(&probe.name), 0);
}

#[tokio::test]
async fn nothing_is_an_empty_event() {
    let probe = Probe::new();
    let answer = post(&probe, INVOKE, &[], "").await;
    // The probe misses its key, in an object.
    let message = answer.json()["errorMessage"].as_str().expect("a message").to_owned();
    assert!(message.contains("missing field `do`"), "{message}");
}

#[tokio::test]
async fn payloads_are_bounded_by_type_and_operation() {
    let probe = Probe::new();
    let sized = |size: usize| {
        let mut event = br#"{"do":"large","size":2}"#.to_vec();
        event.resize(size, b' ');
        event
    };
    let limit = limits::MAX_PAYLOAD_BYTES;
    let answer = post(&probe, INVOKE, &[], sized(limit)).await;
    assert_eq!((answer.status, &answer.body[..]), (200, &b"\"\""[..]));
    let too_large = "RequestTooLargeException";
    let message = "Request must be smaller than 6291456 bytes for the InvokeFunction operation";
    refused(&probe, INVOKE, &[], sized(limit + 1), (413, too_large, message)).await;
    let message =
        "Request must be smaller than 6291456 bytes for the InvokeWithResponseStream operation";
    refused(&probe, STREAM, &[], sized(limit + 1), (413, too_large, message)).await;
    let later = [("x-amz-invocation-type", "Event")];
    let limit = limits::MAX_EVENT_PAYLOAD_BYTES;
    assert_eq!(post(&probe, INVOKE, &later, sized(limit)).await.status, 202);
    let message = "Request must be smaller than 1048576 bytes for the InvokeFunction operation";
    refused(&probe, INVOKE, &later, sized(limit + 1), (413, too_large, message)).await;
}

#[tokio::test]
async fn busy_functions_are_throttled() {
    let mut raw = bootstrap_probe(&[]);
    raw.concurrency = Some(1);
    let probe = Probe::with(raw, HostOptions::default());
    let gate = Gate::new().await;
    let event = payload(&json!({ "do": "wait", "gate": gate.address() }));
    let busy = async {
        let mut visitor = gate.knock().await;
        let expected = (429, "TooManyRequestsException", "Rate Exceeded.");
        refused(&probe, INVOKE, &[], "{}", expected).await;
        visitor.pass().await;
    };
    let (answer, ()) = tokio::join!(post(&probe, INVOKE, &[], event), busy);
    assert_eq!(answer.status, 200);
    probe.host.shutdown().await;
    let expected = (500, "ServiceException", "The host is shut down.");
    refused(&probe, INVOKE, &[], "{}", expected).await;
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let mut raw = bootstrap_probe(&[]);
    raw.command = vec!["no-such-program".into()];
    let probe = Probe::with(raw, HostOptions::default());
    let message = "function `probe`: `no-such-program` is not in PATH; install it or write its \
                   full path in `command`";
    refused(&probe, INVOKE, &[], "{}", (502, "InvalidRuntimeException", message)).await;
}

/// One message of an event stream, its checksums verified.
fn messages(mut bytes: &[u8]) -> Vec<(BTreeMap<String, String>, Vec<u8>)> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let word = |at: usize| {
            u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize
        };
        let (total, headers) = (word(0), word(4));
        assert_eq!(word(8), crc32fast::hash(&bytes[..8]) as usize);
        assert_eq!(word(total - 4), crc32fast::hash(&bytes[..total - 4]) as usize);
        let payload = bytes[12 + headers..total - 4].to_vec();
        messages.push((parse_headers(&bytes[12..12 + headers]), payload));
        bytes = &bytes[total..];
    }
    messages
}

fn parse_headers(mut bytes: &[u8]) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    while let [length, rest @ ..] = bytes {
        let (name, rest) = rest.split_at(usize::from(*length));
        let [7, high, low, rest @ ..] = rest else { panic!("not a text header") };
        let (value, rest) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        headers.insert(text(name), text(value));
        bytes = rest;
    }
    headers
}

#[tokio::test]
async fn streams_are_framed() {
    let probe = Probe::new();
    let event = r#"{"do":"stream","lines":["one","two"]}"#;
    let answer = post(&probe, STREAM, &[("x-amz-log-type", "Tail")], event).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/vnd.amazon.eventstream");
    let with_prelude = "application/vnd.awslambda.http-integration-response";
    assert_eq!(answer.header("x-amzn-remapped-content-type"), with_prelude);
    let mut messages = messages(&answer.body);
    let (headers, summary) = messages.pop().expect("a last message");
    assert_eq!(headers[":event-type"], "InvokeComplete");
    assert_eq!(headers[":content-type"], "application/json");
    assert_eq!(summary, br#"{"LogResult":""}"#);
    let mut bytes = Vec::new();
    for (headers, payload) in messages {
        assert_eq!(headers[":message-type"], "event");
        assert_eq!(headers[":event-type"], "PayloadChunk");
        assert_eq!(headers[":content-type"], "application/octet-stream");
        bytes.extend_from_slice(&payload);
    }
    assert!(bytes.ends_with(b"\0\0\0\0\0\0\0\0onetwo"));
}

#[tokio::test]
async fn streams_end_with_the_failure() {
    let probe = Probe::new();
    let answer = post(&probe, STREAM, &[], r#"{"do":"exit","status":1}"#).await;
    assert_eq!(answer.status, 200);
    let messages = messages(&answer.body);
    let [(headers, summary)] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(headers[":event-type"], "InvokeComplete");
    let summary: Value = serde_json::from_slice(summary).expect("JSON");
    assert_eq!(summary["ErrorCode"], "Runtime.ExitError");
    let details: Value =
        serde_json::from_str(summary["ErrorDetails"].as_str().expect("text")).expect("JSON");
    let id = answer.header("x-amzn-requestid");
    let message = format!("RequestId: {id} Error: Runtime exited with error: exit status 1");
    assert_eq!(details["errorMessage"], message);
}

#[tokio::test]
async fn a_stream_is_also_a_buffered_answer() {
    let probe = Probe::new();
    let answer = post(&probe, INVOKE, &[], r#"{"do":"stream","lines":["one"]}"#).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.ends_with(b"\0one"));
}
