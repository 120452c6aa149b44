//! Status, headers and cookies as a function gives them, for both invoke modes.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

/// The head of an HTTP response.
#[derive(Debug)]
pub(super) struct Head {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What a function gave is not the head of an HTTP response.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Malformed;

impl Head {
    /// A head that says nothing but that it is well.
    pub(super) fn ok(content_type: &str) -> Self {
        let value = HeaderValue::from_str(content_type).unwrap_or(OCTETS);
        Self { status: StatusCode::OK, headers: vec![(http::header::CONTENT_TYPE, value)] }
    }

    /// Reads `statusCode`, `headers` and `cookies`; a missing status is 200.
    ///
    /// Header values may be numbers and booleans; a list, which the Rust runtime sends in
    /// preludes, gives several headers. What HTTP cannot express is refused.
    pub(super) fn parse(object: &Map<String, Value>) -> Result<Self, Malformed> {
        let status = match object.get("statusCode") {
            None => StatusCode::OK,
            Some(value) => parse_status(value)?,
        };
        let mut headers = Vec::new();
        match object.get("headers") {
            None | Some(Value::Null) => {}
            Some(Value::Object(given)) => {
                for (name, value) in given {
                    add(&mut headers, name, value)?;
                }
            }
            Some(_) => return Err(Malformed),
        }
        match object.get("cookies") {
            None | Some(Value::Null) => {}
            Some(cookies @ Value::Array(_)) => add(&mut headers, "set-cookie", cookies)?,
            Some(_) => return Err(Malformed),
        }
        Ok(Self { status, headers })
    }

    /// Sets the content type if there is none.
    pub(super) fn default_content_type(mut self, content_type: &'static str) -> Self {
        if !self.headers.iter().any(|(name, _)| name == http::header::CONTENT_TYPE) {
            let value = HeaderValue::from_static(content_type);
            self.headers.push((http::header::CONTENT_TYPE, value));
        }
        self
    }

    /// Puts a body under the head.
    pub(super) fn with<B>(self, body: B) -> Response<B> {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

/// Whether a header is about one connection only, or about a body's form on it.
pub(super) fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

fn parse_status(value: &Value) -> Result<StatusCode, Malformed> {
    let code = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    // A status below 200 announces another response, which a function cannot give.
    let code = code.and_then(|code| u16::try_from(code).ok()).filter(|c| (200..600).contains(c));
    code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(Malformed)
}

fn add(
    headers: &mut Vec<(HeaderName, HeaderValue)>,
    name: &str,
    value: &Value,
) -> Result<(), Malformed> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null => return Ok(()),
        Value::Array(values) => {
            for value in values.iter().filter(|value| !value.is_array()) {
                add(headers, name, value)?;
            }
            return Ok(());
        }
        Value::Object(_) => return Err(Malformed),
    };
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Malformed)?;
    let value = HeaderValue::from_maybe_shared(Bytes::from(text)).map_err(|_| Malformed)?;
    // How long a body is, and how it is framed, is for the server to say.
    if !is_hop_by_hop(&name) && name != http::header::CONTENT_LENGTH {
        headers.push((name, value));
    }
    Ok(())
}

const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: Value) -> Result<(u16, Vec<String>), Malformed> {
        let Value::Object(object) = value else { panic!("an object") };
        let response = Head::parse(&object)?.with(());
        let headers = response.headers().iter();
        let text = |value: &HeaderValue| value.to_str().expect("text").to_owned();
        let headers = headers.map(|(name, value)| format!("{name}: {}", text(value))).collect();
        Ok((response.status().as_u16(), headers))
    }

    #[test]
    fn heads_are_read() {
        assert_eq!(check(json!({})), Ok((200, vec![])));
        let head = json!({
            "statusCode": 201,
            "headers":
                { "X-A": "b", "X-N": 1, "X-L": ["c", "d"], "Content-Length": "9", "TE": "x" },
            "cookies": ["e=f", "g=h"],
        });
        let lines = ["x-a: b", "x-l: c", "x-l: d", "x-n: 1", "set-cookie: e=f", "set-cookie: g=h"];
        assert_eq!(check(head), Ok((201, lines.map(str::to_owned).to_vec())));
        assert_eq!(check(json!({ "statusCode": "404" })), Ok((404, vec![])));
    }

    #[test]
    fn what_http_cannot_express_is_refused() {
        for bad in [
            json!({ "statusCode": 199 }),
            json!({ "statusCode": 600 }),
            json!({ "statusCode": "ok" }),
            json!({ "statusCode": null }),
            json!({ "headers": [] }),
            json!({ "headers": { "a b": "c" } }),
            json!({ "headers": { "a": "b\nc" } }),
            json!({ "headers": { "a": {} } }),
            json!({ "cookies": "a=b" }),
        ] {
            assert_eq!(check(bad.clone()), Err(Malformed), "{bad}");
        }
        for good in [200, 599] {
            assert_eq!(check(json!({ "statusCode": good })), Ok((good, vec![])));
        }
    }
}
