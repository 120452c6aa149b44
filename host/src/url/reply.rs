//! Buffered answers, interpreted by the rules of payload format 2.0.

use std::convert::Infallible;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;
use http_body_util::combinators::BoxBody;
use serde_json::{Map, Value};

use super::function_failed;
use super::head::{Head, Malformed};
use crate::body::full;
use crate::invocation;
use crate::limits;

/// Reads a function's answer to its end and makes an HTTP response of it.
pub(super) async fn interpret(
    mut response: invocation::Response,
) -> Response<BoxBody<Bytes, Infallible>> {
    let payload = response.body.collect_within(limits::MAX_RESPONSE_BYTES).await;
    if response.body.function_error().is_some() {
        return function_failed();
    }
    match parse(&payload, &response.content_type) {
        Ok((head, body)) => head.with(full(body)),
        Err(Malformed) => function_failed(),
    }
}

/// An object with a `statusCode` describes a response; any other JSON is the body of one.
fn parse(payload: &Bytes, content_type: &str) -> Result<(Head, Bytes), Malformed> {
    match serde_json::from_slice(payload) {
        Ok(Value::Object(object)) if object.contains_key("statusCode") => {
            let head = Head::parse(&object)?.default_content_type("application/json");
            Ok((head, decode(&object)?))
        }
        Ok(Value::String(text)) => Ok((Head::ok("application/json"), text.into())),
        Ok(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
        ) => Ok((Head::ok("application/json"), payload.clone())),
        // What a streaming function sends to a URL that does not stream goes out as it is.
        Err(_) => Ok((Head::ok(content_type), payload.clone())),
    }
}

fn decode(object: &Map<String, Value>) -> Result<Bytes, Malformed> {
    let encoded = match object.get("isBase64Encoded") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(encoded)) => *encoded,
        Some(_) => return Err(Malformed),
    };
    match object.get("body") {
        None | Some(Value::Null) => Ok(Bytes::new()),
        Some(Value::String(text)) if encoded => {
            STANDARD.decode(text).map(Bytes::from).map_err(|_| Malformed)
        }
        Some(Value::String(text)) => Ok(text.clone().into()),
        Some(_) => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(payload: &'static str) -> Result<(u16, String, String), Malformed> {
        let payload = Bytes::from_static(payload.as_bytes());
        let (head, body) = parse(&payload, "text/x-given")?;
        let response = head.with(());
        let content_type = response.headers()["content-type"].to_str().expect("text");
        let body = String::from_utf8(body.to_vec()).expect("text");
        Ok((response.status().as_u16(), content_type.to_owned(), body))
    }

    fn json(status: u16, body: &str) -> Result<(u16, String, String), Malformed> {
        Ok((status, "application/json".to_owned(), body.to_owned()))
    }

    #[test]
    fn described_responses() {
        assert_eq!(check(r#"{"statusCode":204}"#), json(204, ""));
        assert_eq!(
            check(r#"{"statusCode":200,"body":"x","isBase64Encoded":false}"#),
            json(200, "x")
        );
        assert_eq!(
            check(r#"{"statusCode":200,"body":"aGk=","isBase64Encoded":true}"#),
            json(200, "hi")
        );
        let html = r#"{"statusCode":404,"headers":{"Content-Type":"text/html"},"body":"<p>"}"#;
        assert_eq!(check(html), Ok((404, "text/html".to_owned(), "<p>".to_owned())));
    }

    #[test]
    fn inferred_responses() {
        assert_eq!(check(r#""hello""#), json(200, "hello"));
        for text in ["null", "1", "[1, 2]", r#"{"a": 1, "body": "x"}"#] {
            assert_eq!(check(text), json(200, text));
        }
        let raw = (200, "text/x-given".to_owned(), "not JSON".to_owned());
        assert_eq!(check("not JSON"), Ok(raw));
    }

    #[test]
    fn malformed_responses() {
        for bad in [
            r#"{"statusCode":"x"}"#,
            r#"{"statusCode":200,"body":{}}"#,
            r#"{"statusCode":200,"body":"***","isBase64Encoded":true}"#,
            r#"{"statusCode":200,"isBase64Encoded":"yes"}"#,
        ] {
            assert_eq!(check(bad), Err(Malformed), "{bad}");
        }
    }
}
