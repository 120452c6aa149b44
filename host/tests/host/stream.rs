//! Streamed answers as the host gives them.

use serde_json::json;

use crate::support::{Gate, Probe, collect};

#[tokio::test]
async fn chunks_arrive_as_they_are_sent() {
    let probe = Probe::new();
    let gate = Gate::new().await;
    let event = json!({ "do": "stream", "gate": gate.address(), "lines": ["one", "two"] });
    let (response, mut visitor) = tokio::join!(probe.try_invoke(event), gate.knock());
    let mut response = response.expect("an answer");
    assert!(response.streaming);
    let with_prelude = "application/vnd.awslambda.http-integration-response";
    assert_eq!(response.content_type, with_prelude);

    let mut prelude = Vec::new();
    while !prelude.ends_with(&[0; 8]) {
        prelude.extend_from_slice(&response.body.next().await.expect("a chunk"));
    }
    for line in ["one", "two"] {
        // The function sends the next line only now.
        visitor.pass().await;
        assert_eq!(response.body.next().await.expect("a chunk"), line);
    }
    assert_eq!(response.body.next().await, None);
    assert_eq!(response.body.function_error(), None);
    assert_eq!(response.body.next().await, None);
}

#[tokio::test]
async fn a_stream_that_times_out_keeps_what_has_come() {
    let mut raw = crate::support::bootstrap_probe(&[]);
    raw.timeout = Some(0.5);
    let probe = Probe::with(raw, lambda_host::HostOptions::default());
    let gate = Gate::new().await;
    let event = json!({ "do": "stream", "gate": gate.address(), "lines": ["one", "two"] });
    let (response, mut visitor) = tokio::join!(probe.try_invoke(event), gate.knock());
    visitor.pass().await;
    let response = response.expect("an answer");
    let id = response.request_id.clone();
    let (bytes, error) = collect(response).await;
    assert!(bytes.ends_with(b"\0\0one"), "{bytes:?}");
    let expected = format!("RequestId: {id} Error: Task timed out after 0.50 seconds");
    assert_eq!(error.expect("an error").message(), expected);
    visitor.gone().await;
}

#[tokio::test]
async fn a_reader_that_goes_away_does_not_stop_the_function() {
    let probe = Probe::new();
    let gate = Gate::new().await;
    let event = json!({ "do": "stream", "gate": gate.address(), "lines": ["one", "two"] });
    let (response, mut visitor) = tokio::join!(probe.try_invoke(event), gate.knock());
    drop(response.expect("an answer"));
    visitor.pass().await;
    visitor.pass().await;
    visitor.gone().await;
    assert_eq!(probe.value(json!({ "do": "echo" })).await, json!({ "do": "echo" }));
}
