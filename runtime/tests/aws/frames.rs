//! Messages of `application/vnd.amazon.eventstream`, written by the rules of their format.

/// An event of `InvokeWithResponseStream`.
pub(crate) fn event(kind: &str, payload: &str) -> Vec<u8> {
    let is_json = payload.starts_with('{');
    let content = if is_json { "application/json" } else { "application/octet-stream" };
    let headers = [(":message-type", "event"), (":event-type", kind), (":content-type", content)];
    message(&headers, payload)
}

/// A refusal in the middle of a stream.
pub(crate) fn exception(kind: &str, payload: &str) -> Vec<u8> {
    message(&[(":message-type", "exception"), (":exception-type", kind)], payload)
}

fn message(kinds: &[(&str, &str)], payload: &str) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in kinds {
        headers.push(u8::try_from(name.len()).expect("a short name"));
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&u16::try_from(value.len()).expect("short").to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let number = |number: usize| u32::try_from(number).expect("small").to_be_bytes();
    let mut message = Vec::new();
    message.extend_from_slice(&number(12 + headers.len() + payload.len() + 4));
    message.extend_from_slice(&number(headers.len()));
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message.extend_from_slice(&headers);
    message.extend_from_slice(payload.as_bytes());
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message
}
