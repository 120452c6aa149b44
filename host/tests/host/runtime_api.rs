//! The Runtime API as functions may use it, rightly and wrongly.

use lambda_host::{HostOptions, Response, limits};
use serde_json::{Value, json};

use crate::support::{Gate, Probe, collect, runtime_probe};

fn probe(concurrency: i64) -> Probe {
    probe_after(concurrency, &json!([]))
}

fn probe_after(concurrency: i64, first: &Value) -> Probe {
    let mut raw = runtime_probe(first);
    raw.concurrency = Some(concurrency);
    Probe::with(raw, HostOptions::default())
}

fn post(route: &str, headers: &str, body: &str) -> Value {
    let length = body.len();
    json!({ "send": format!(
        "POST /2018-06-01/runtime/{route} HTTP/1.1\r\nHost: api\r\n{headers}\
         Content-Length: {length}\r\n\r\n{body}"
    ) })
}

fn respond(body: &str) -> Value {
    post("invocation/$ID/response", "", body)
}

/// Begins a streamed answer with one chunk.
fn stream(headers: &str, chunk: &str) -> Value {
    let length = chunk.len();
    json!({ "send": format!(
        "POST /2018-06-01/runtime/invocation/$ID/response HTTP/1.1\r\nHost: api\r\n\
         Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\
         {headers}\r\n{length:x}\r\n{chunk}\r\n"
    ) })
}

fn read() -> Value {
    json!({ "read": true })
}

async fn first_chunk(probe: &Probe, steps: Value) -> (Response, String) {
    let mut response = probe.try_invoke(steps).await.expect("an answer");
    assert!(response.streaming);
    let chunk = response.body.next().await.expect("a chunk");
    (response, String::from_utf8(chunk.to_vec()).expect("text"))
}

#[tokio::test]
async fn a_stream_may_end_with_an_error() {
    let probe = probe(1);
    // The error's body is `{"errorType":"Late"}`.
    let end = "0\r\nLambda-Runtime-Function-Error-Type: Late\r\n\
               Lambda-Runtime-Function-Error-Body: eyJlcnJvclR5cGUiOiJMYXRlIn0=\r\n\r\n";
    let trailers = "Trailer: Lambda-Runtime-Function-Error-Type, \
                    Lambda-Runtime-Function-Error-Body\r\n";
    let steps = json!([stream(trailers, "begun"), { "send": end }, read()]);
    let (mut response, chunk) = first_chunk(&probe, steps).await;
    assert_eq!(chunk, "begun");
    assert_eq!(response.content_type, "application/octet-stream");
    assert_eq!(response.body.next().await, None);
    let error = response.body.function_error().expect("an error");
    assert_eq!(error.error_type.as_deref(), Some("Late"));
    assert_eq!(error.payload, r#"{"errorType":"Late"}"#);
    // The process goes on.
    assert_eq!(probe.value(json!([respond("1"), read()])).await, json!(1));
    assert_eq!(probe.host.instances(&probe.name), 1);
}

#[tokio::test]
async fn a_stream_that_is_broken_off_is_truncated() {
    let probe = probe(1);
    let gate = Gate::new().await;
    let steps = json!([stream("", "begun"), { "close": true }, { "gate": gate.address() }]);
    let (response, _) = first_chunk(&probe, steps).await;
    let visitor = gate.knock().await;
    let id = response.request_id.clone();
    let (_, error) = collect(response).await;
    let message = format!("RequestId: {id} Error: the response ended before it was complete");
    let error = error.expect("an error");
    assert_eq!(error.message(), message);
    assert_eq!(error.error_type.as_deref(), Some("Runtime.TruncatedResponse"));
    visitor.gone().await;
    assert_eq!(probe.host.instances(&probe.name), 0);
}

#[tokio::test]
async fn a_process_that_dies_in_the_middle_of_a_stream_is_an_exit_error() {
    let probe = probe(1);
    let steps = json!([stream("", "begun"), { "exit": 3 }]);
    let (response, chunk) = first_chunk(&probe, steps).await;
    assert_eq!(chunk, "begun");
    let id = response.request_id.clone();
    let (_, error) = collect(response).await;
    let message = format!("RequestId: {id} Error: Runtime exited with error: exit status 3");
    assert_eq!(error.expect("an error").message(), message);
}

#[tokio::test]
async fn an_answer_counts_even_if_the_process_ends_at_once() {
    let probe = probe(1);
    for number in 0..20 {
        let body = number.to_string();
        let value = probe.value(json!([respond(&body), { "exit": 0 }])).await;
        assert_eq!(value, json!(number));
    }
}

#[tokio::test]
async fn a_process_that_ends_while_idle_is_replaced() {
    let probe = probe(1);
    for number in 0..20 {
        let body = number.to_string();
        let value = probe.value(json!([respond(&body), read(), { "exit": 0 }])).await;
        assert_eq!(value, json!(number));
    }
}

#[tokio::test]
async fn calls_out_of_turn_are_refused() {
    let probe = probe(1);
    let get = |route: &str| {
        let text = format!("GET /2018-06-01/runtime/{route} HTTP/1.1\r\nHost: api\r\n\r\n");
        json!({ "send": text })
    };
    let steps = json!([
        post("invocation/other/response", "", "0"),
        read(),
        post("invocation/other/error", "", "0"),
        read(),
        post("init/error", "", "{}"),
        read(),
        get("invocation/next"),
        read(),
        get("restore/next"),
        read(),
        respond("1"),
        read(),
        respond("2"),
        read(),
    ]);
    assert_eq!(probe.value(steps).await, json!(1));
    assert_eq!(probe.value(json!([respond("3")])).await, json!(3));
    let expected = [
        "HTTP/1.1 400 Bad Request",
        "HTTP/1.1 400 Bad Request",
        "HTTP/1.1 403 Forbidden",
        "HTTP/1.1 403 Forbidden",
        "HTTP/1.1 404 Not Found",
        "HTTP/1.1 202 Accepted",
        "HTTP/1.1 400 Bad Request",
    ];
    let lines = probe.log.texts();
    let lines: Vec<&str> = lines.iter().filter_map(|line| line.split(" {").next()).collect();
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn an_error_before_the_first_invocation_is_passed_on() {
    let payload = r#"{"errorType":"Mine","errorMessage":"no config","extra":[1]}"#;
    let first = json!([post("init/error", "", payload), read(), { "exit": 1 }]);
    let probe = probe_after(1, &first);
    for _ in 0..2 {
        let (_, error) = probe.failure(json!([])).await;
        assert_eq!(
            error.to_string(),
            r#"{"errorMessage":"no config","errorType":"Mine","extra":[1]}"#
        );
    }
    // Both the answer to the report and the report itself are in the log.
    let log = probe.log.texts();
    assert_eq!(log.iter().filter(|line| *line == "no config").count(), 2, "{log:?}");
}

#[tokio::test]
async fn work_does_not_wait_for_an_instance_that_does_not_ask_for_it() {
    let probe = probe(2);
    let gate = Gate::new().await;
    let steps = json!([respond("1"), read(), { "gate": gate.address() }]);
    assert_eq!(probe.value(steps).await, json!(1));
    let mut visitor = gate.knock().await;
    assert_eq!(probe.value(json!([respond("2"), read()])).await, json!(2));
    assert_eq!(probe.host.instances(&probe.name), 2);
    visitor.pass().await;
}

#[tokio::test]
async fn streams_are_bounded() {
    let probe = probe(1);
    let begin = json!({ "send":
        "POST /2018-06-01/runtime/invocation/$ID/response HTTP/1.1\r\nHost: api\r\n\
         Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n"
    });
    for surplus in [0, 1] {
        let size = limits::MAX_STREAM_BYTES + surplus;
        let fill = json!({ "fill": size, "chunk": 1 << 20 });
        let mut response = probe.try_invoke(json!([begin, fill, read()])).await.expect("an answer");
        let mut received = 0;
        while let Some(chunk) = response.body.next().await {
            received += chunk.len();
        }
        assert!(received <= limits::MAX_STREAM_BYTES);
        match response.body.function_error() {
            None => assert_eq!((surplus, received), (0, limits::MAX_STREAM_BYTES)),
            Some(error) => {
                assert_eq!(surplus, 1);
                let error_type = error.error_type.as_deref();
                assert_eq!(error_type, Some("Function.ResponseSizeTooLarge"));
            }
        }
    }
}
