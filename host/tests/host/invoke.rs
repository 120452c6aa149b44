//! What invocations get back, and what the function is told.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use lambda_host::{FunctionName, HostOptions, Invocation, InvokeError, limits};
use serde_json::{Value, json};

use crate::support::{Probe, bootstrap_probe, collect, payload};

#[tokio::test]
async fn an_event_comes_back() {
    let probe = Probe::new();
    let event = json!({ "do": "echo", "text": "ü" });
    let response = probe.try_invoke(event.clone()).await.expect("an answer");
    assert_eq!(response.content_type, "application/json");
    assert!(!response.streaming);
    assert_eq!(response.request_id.len(), 36);
    assert_eq!(response.request_id.as_bytes()[14], b'4');
    let (bytes, error) = collect(response).await;
    assert_eq!((bytes, error), (payload(&event), None));
}

#[tokio::test]
async fn the_function_is_told_what_lambda_tells() {
    let mut raw = bootstrap_probe(&[]);
    raw.environment.insert("MINE".into(), "yes".into());
    raw.memory = Some(256);
    raw.directory = Some("src".into());
    let probe = Probe::with(raw, HostOptions::default());
    let names = ["MINE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "_HANDLER"];
    let event = json!({ "do": "context", "names": names });
    let before = SystemTime::now();
    let invocation = Invocation {
        payload: payload(&event),
        client_context: Some(Bytes::from_static(br#"{"custom": {"a": "b"}}"#)),
        trace_id: Some("Root=1-2-3".into()),
        qualifier: Some("live".into()),
        timeout: Some(Duration::from_secs(2)),
    };
    let response = probe.invoke_with(invocation).await.expect("an answer");
    let id = response.request_id.clone();
    let (bytes, error) = collect(response).await;
    assert_eq!(error, None);
    let told: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(told["request_id"], id);
    assert_eq!(told["arn"], "arn:aws:lambda:us-east-1:000000000000:function:probe:live");
    assert_eq!(told["trace_id"], "Root=1-2-3");
    assert_eq!(told["client_context"]["custom"], json!({ "a": "b" }));
    let environment = json!({
        "MINE": "yes",
        "AWS_LAMBDA_FUNCTION_NAME": "probe",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "_HANDLER": null,
    });
    assert_eq!(told["environment"], environment);
    assert!(told["directory"].as_str().is_some_and(|directory| directory.ends_with("/src")));
    let epoch_ms = |time: SystemTime| {
        let elapsed = time.duration_since(UNIX_EPOCH).expect("after 1970");
        u64::try_from(elapsed.as_millis()).expect("a number")
    };
    let deadline = told["deadline_ms"].as_u64().expect("a number");
    let (earliest, latest) = (epoch_ms(before) + 2_000, epoch_ms(SystemTime::now()) + 2_000);
    assert!((earliest..=latest).contains(&deadline), "{earliest} {deadline} {latest}");
}

#[tokio::test]
async fn errors_of_the_function_are_passed_on() {
    let probe = Probe::new();
    let (_, error) = probe.failure(json!({ "do": "error" })).await;
    assert_eq!(error["errorMessage"], "it went wrong");
    let (_, error) = probe.failure(json!({ "do": "panic" })).await;
    assert_eq!(error["errorMessage"], "Lambda panicked: it went very wrong");
    // Neither has ended the process.
    assert_eq!(probe.log.lines().iter().map(|line| line.instance).max(), Some(1));
    assert_eq!(probe.host.instances(&probe.name), 1);
}

#[tokio::test]
async fn exits_are_worded_as_on_lambda() {
    let probe = Probe::new();
    for (event, text) in [
        (json!({ "do": "exit", "status": 1 }), "Runtime exited with error: exit status 1"),
        (json!({ "do": "exit", "status": 0 }), "Runtime exited without providing a reason"),
        (json!({ "do": "abort" }), "Runtime exited with error: signal: aborted"),
    ] {
        let (id, error) = probe.failure(event).await;
        assert_eq!(error["errorType"], "Runtime.ExitError");
        let message = error["errorMessage"].as_str().expect("a message");
        let message = message.trim_end_matches(" (core dumped)");
        assert_eq!(message, format!("RequestId: {id} Error: {text}"));
        // The slot is free by then, and the function works again.
        assert_eq!(probe.host.instances(&probe.name), 0);
        assert_eq!(probe.value(json!({ "do": "echo" })).await, json!({ "do": "echo" }));
    }
}

#[tokio::test]
async fn a_process_that_ends_before_it_asks_for_work_is_an_exit_error() {
    let probe = Probe::with(bootstrap_probe(&["exit", "7"]), HostOptions::default());
    let (id, error) = probe.failure(json!({})).await;
    let expected = json!({
        "errorType": "Runtime.ExitError",
        "errorMessage": format!("RequestId: {id} Error: Runtime exited with error: exit status 7"),
    });
    assert_eq!(error, expected);
}

#[tokio::test]
async fn payloads_are_bounded() {
    let probe = Probe::new();
    let event = |size: usize| {
        let text = "x".repeat(size - r#"{"do":"large","size":2,"a":""}"#.len());
        let event = json!({ "do": "large", "size": 2, "a": text });
        Invocation { payload: payload(&event), ..Invocation::default() }
    };
    for size in [limits::MAX_PAYLOAD_BYTES - 1, limits::MAX_PAYLOAD_BYTES] {
        let response = probe.invoke_with(event(size)).await.expect("an answer");
        assert_eq!(collect(response).await, (Bytes::from_static(b"\"\""), None));
    }
    let refused = probe.invoke_with(event(limits::MAX_PAYLOAD_BYTES + 1)).await;
    let Err(InvokeError::PayloadTooLarge { size, limit }) = refused else { panic!("{refused:?}") };
    assert_eq!((size, limit), (6_291_457, 6_291_456));
}

#[tokio::test]
async fn buffered_responses_are_bounded() {
    let probe = Probe::new();
    for size in [limits::MAX_RESPONSE_BYTES - 1, limits::MAX_RESPONSE_BYTES] {
        let (bytes, error) = probe.answer(json!({ "do": "large", "size": size })).await;
        assert_eq!((bytes.len(), error), (size, None));
    }
    let size = limits::MAX_RESPONSE_BYTES + 1;
    let (_, error) = probe.failure(json!({ "do": "large", "size": size })).await;
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
    let message = "Response payload size (6291557 bytes) exceeded maximum allowed payload size \
                   (6291556 bytes).";
    assert_eq!(error["errorMessage"], message);
    // The process goes on.
    assert_eq!(probe.value(json!({ "do": "echo" })).await, json!({ "do": "echo" }));
    assert_eq!(probe.host.instances(&probe.name), 1);
}

#[tokio::test]
async fn what_cannot_be_invoked_is_an_error() {
    let probe = Probe::new();
    let other = FunctionName::parse("other").expect("a good name");
    let error = probe.host.invoke(&other, Invocation::default()).await.expect_err("no function");
    assert_eq!(error.to_string(), "function not found: other");
    let bad = [
        Invocation { qualifier: Some("a b".into()), ..Invocation::default() },
        Invocation { client_context: Some("[]".into()), ..Invocation::default() },
    ];
    for invocation in bad {
        let refused = probe.invoke_with(invocation).await;
        assert!(matches!(refused, Err(InvokeError::Invalid { .. })), "{refused:?}");
    }
    assert_eq!(probe.host.instances(&probe.name), 0);
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let mut raw = bootstrap_probe(&[]);
    raw.command = vec!["./gone".into()];
    let probe = Probe::with(raw, HostOptions::default());
    assert_eq!(probe.host.check().len(), 1);
    for _ in 0..2 {
        let error = probe.try_invoke(json!({})).await.expect_err("no program");
        let text = error.to_string();
        assert!(text.starts_with("cannot start the function: function `probe`: the program "));
        assert!(text.ends_with("/gone does not exist; build it or correct `command`"), "{text}");
        assert_eq!(probe.host.instances(&probe.name), 0);
    }
}
