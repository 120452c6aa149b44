//! What an answer must look like, whatever has gone wrong behind it.

use http::StatusCode;
use serde_json::Value;

use super::world::Answer;

/// Checks the form of an answer to anything.
pub(crate) fn check(what: &str, answer: &Answer) {
    let text = answer.text();
    match answer.content_type() {
        None => {
            let empty = [StatusCode::ACCEPTED, StatusCode::NO_CONTENT].contains(&answer.status);
            assert!(empty && text.is_empty(), "{what}: {} without a body: {text}", answer.status);
        }
        Some("text/event-stream") => {
            assert_eq!(answer.status, StatusCode::OK, "{what}");
            messages(&answer.body).iter().for_each(|message| check_message(what, message));
        }
        Some("application/problem+json") => check_problem(what, answer),
        Some("application/json") => {
            let value = serde_json::from_str(text);
            let value: Value = value.unwrap_or_else(|_| panic!("{what}: no JSON: {text}"));
            match value.as_array() {
                Some(batch) => batch.iter().for_each(|one| check_message(what, one)),
                None if is_of_administrators(what) => assert!(value.is_object(), "{what}: {text}"),
                None => check_message(what, &value),
            }
        }
        Some("text/plain; charset=utf-8") => assert_eq!(text, "Accepted", "{what}"),
        Some(other) => panic!("{what}: a body of type {other}"),
    }
}

fn is_of_administrators(what: &str) -> bool {
    what.contains(" /register")
}

/// RFC 9457, with the status repeated.
fn check_problem(what: &str, answer: &Answer) {
    let problem: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert!(answer.status.as_u16() >= 400, "{what}: {} with a problem", answer.status);
    assert_eq!(problem["status"], answer.status.as_u16(), "{what}");
    for member in ["type", "title", "detail"] {
        assert!(problem[member].is_string(), "{what}: {problem}");
    }
}

fn check_message(what: &str, message: &Value) {
    let has = |name: &str| message.get(name).is_some();
    assert_eq!(message["jsonrpc"], "2.0", "{what}: {message}");
    let kinds = [has("method"), has("result"), has("error")];
    assert_eq!(kinds.iter().filter(|kind| **kind).count(), 1, "{what}: {message}");
    if has("method") {
        assert!(message["method"].is_string(), "{what}: {message}");
        return;
    }
    assert!(has("id"), "{what}: {message}");
    if let Some(error) = message.get("error") {
        assert!(error["code"].is_i64() && error["message"].is_string(), "{what}: {message}");
    } else {
        assert!(message["result"].is_object(), "{what}: {message}");
    }
}

/// The messages of an event stream that was cut between events; anything but messages, comments
/// and the endpoint is refused.
pub(crate) fn messages(stream: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(stream).expect("streams are UTF-8");
    assert!(text.is_empty() || text.ends_with("\n\n"), "an event is cut off: {text:?}");
    text.split("\n\n").filter(|event| !event.is_empty()).flat_map(event).collect()
}

/// The messages of an event: one, or the answers of a batch.
fn event(event: &str) -> Vec<Value> {
    if event.starts_with(':') || event.starts_with("event: endpoint\ndata: /message?sessionId=") {
        return Vec::new();
    }
    let data = event.strip_prefix("event: message\ndata: ");
    let data = data.filter(|data| !data.contains(['\n', '\r']));
    let data = data.unwrap_or_else(|| panic!("an event of another form: {event:?}"));
    match serde_json::from_str(data) {
        Ok(Value::Array(messages)) => messages,
        Ok(message) => vec![message],
        Err(_) => panic!("not JSON: {data}"),
    }
}
