//! What functions print, line by line, and the tail of it.

use lambda_host::{HostOptions, limits};
use serde_json::json;

use crate::support::{Probe, bootstrap_probe, collect};

#[tokio::test]
async fn lines_carry_the_invocation_they_were_printed_in() {
    let probe = Probe::new();
    let mut ids = Vec::new();
    for text in ["one", "two"] {
        let event = json!({ "do": "print", "lines": [text, format!("!{text} err")] });
        let response = probe.try_invoke(event).await.expect("an answer");
        ids.push(response.request_id.clone());
        collect(response).await;
    }
    // Everything that was printed before the answer is there when the answer is.
    let lines = probe.log.lines();
    assert_eq!(lines.len(), 4);
    for line in lines {
        assert_eq!((line.function.as_str(), line.instance), ("probe", 1));
        let id = if line.text.starts_with("one") { &ids[0] } else { &ids[1] };
        assert_eq!(line.request_id.as_ref(), Some(id));
    }
}

#[tokio::test]
async fn long_lines_are_cut() {
    let probe = Probe::new();
    let limit = limits::MAX_LOG_LINE_BYTES;
    let lines = ["x".repeat(limit), "y".repeat(limit + 1), "z".to_owned()];
    probe.value(json!({ "do": "print", "lines": lines })).await;
    let expected = ["x".repeat(limit), format!("{} [line cut]", "y".repeat(limit)), "z".to_owned()];
    assert_eq!(probe.log.texts(), expected);
}

#[tokio::test]
async fn the_tail_is_of_this_invocation() {
    let probe = Probe::new();
    for lines in [json!(["one", "two"]), json!(["three"])] {
        let event = json!({ "do": "print", "lines": lines });
        let mut response = probe.try_invoke(event).await.expect("an answer");
        while response.body.next().await.is_some() {}
        let expected = if lines == json!(["three"]) { "three\n" } else { "one\ntwo\n" };
        assert_eq!(response.body.log_tail(), expected);
    }
}

#[tokio::test]
async fn the_tail_of_a_crash_has_its_last_words() {
    let probe = Probe::new();
    let event = json!({ "do": "exit", "status": 1, "lines": ["last words"] });
    let mut response = probe.try_invoke(event).await.expect("an answer");
    while response.body.next().await.is_some() {}
    let message = response.body.function_error().expect("an error").message();
    assert_eq!(response.body.log_tail(), &format!("last words\n{message}\n"));
    let lines = probe.log.lines();
    assert!(lines.iter().all(|line| line.request_id.as_ref() == Some(&response.request_id)));
}

#[tokio::test]
async fn a_start_that_fails_is_in_the_log() {
    let probe = Probe::with(bootstrap_probe(&["exit", "2"]), HostOptions::default());
    let (_, error) = probe.failure(json!({})).await;
    let line = probe.log.wait_for("exit status 2").await;
    assert_eq!(line.text, error["errorMessage"]);
    assert_eq!(line.to_string(), format!("probe#1 {}", line.text));
}
