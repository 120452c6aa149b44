//! Events of a Function URL, and the answers to them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::runtime_api::Exchanged;
use crate::failure::Failure;
use crate::request::Exchange;

/// What stands between the prelude of a streamed answer and its body.
const SEPARATOR: [u8; 8] = [0; 8];
const DOMAIN: &str = "q3n2jyc4lbrd5ohwa7xtmz6kfu0epsgi.lambda-url.us-east-1.on.aws";

/// The event of a request by a caller whom AWS has verified.
pub fn event(exchange: &Exchange, path: &str) -> Bytes {
    let mut headers: Map<String, Value> =
        exchange.headers().map(|(name, value)| (name.to_owned(), value.into())).collect();
    for (name, value) in [
        ("host", DOMAIN),
        (
            "x-amz-content-sha256",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        ("x-amz-date", "20261121T120000Z"),
        ("x-amzn-trace-id", "Root=1-6740a1b2-0123456789abcdef01234567"),
        ("x-forwarded-for", "198.51.100.7"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
    ] {
        headers.insert(name.to_owned(), value.into());
    }
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "q3n2jyc4lbrd5ohwa7xtmz6kfu0epsgi",
            "authentication": null,
            "authorizer": {"iam": {
                "accessKey": "ASIAEXAMPLE", "accountId": "123456789012",
                "callerId": "AROAEXAMPLE:alice", "cognitoIdentity": null,
                "principalOrgId": "o-example", "userId": "AROAEXAMPLE:alice",
                "userArn": "arn:aws:sts::123456789012:assumed-role/developers/alice"
            }},
            "domainName": DOMAIN,
            "domainPrefix": "q3n2jyc4lbrd5ohwa7xtmz6kfu0epsgi",
            "http": {
                "method": "POST", "path": path, "protocol": "HTTP/1.1",
                "sourceIp": "198.51.100.7", "userAgent": "client/1.0"
            },
            "requestId": "3f1b2a90-6a4f-4d0e-9c55-0d7a2f6b8e11",
            "routeKey": "$default",
            "stage": "$default",
            "time": "21/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_795_262_400_000_u64
        },
        "body": String::from_utf8_lossy(exchange.body()),
        "isBase64Encoded": false
    });
    event.to_string().into()
}

/// The same by a caller who sends a token and does not sign.
pub fn with_token(event: &[u8], token: &str) -> Bytes {
    let mut event: Value = serde_json::from_slice(event).expect("an event is JSON");
    event["headers"]["authorization"] = format!("Bearer {token}").into();
    event["requestContext"]["authorizer"] = Value::Null;
    event.to_string().into()
}

/// A response as a front end of AWS would send it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Response {
    /// The status.
    pub status_code: u16,
    /// The headers, one value each.
    pub headers: Map<String, Value>,
    /// The body.
    pub body: String,
    is_base64_encoded: bool,
}

impl Response {
    /// Understands an answer, buffered or streamed.
    pub fn read(exchanged: &Exchanged, who: &str) -> Result<Self, Failure> {
        let whole = exchanged.body();
        let wrong = || Failure::answer(who, "an event", &whole);
        if exchanged.received.streamed {
            let at = whole.windows(SEPARATOR.len()).position(|bytes| bytes == SEPARATOR);
            let (prelude, body) = whole.split_at(at.ok_or_else(wrong)?);
            let mut response: Self = serde_json::from_slice(prelude).map_err(|_| wrong())?;
            response.body = String::from_utf8_lossy(&body[SEPARATOR.len()..]).into_owned();
            return Ok(response);
        }
        let mut response: Self = serde_json::from_slice(&whole).map_err(|_| wrong())?;
        if response.is_base64_encoded {
            let bytes = STANDARD.decode(&response.body).map_err(|_| wrong())?;
            response.body = String::from_utf8_lossy(&bytes).into_owned();
        }
        Ok(response)
    }

    /// A header, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        all.find(|(known, _)| known.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| value.as_str())
    }

    /// Whether it is the right one: nothing is measured whose answer is not.
    pub fn check(&self, who: &str, request: &str, marker: &str) -> Result<(), Failure> {
        match self.status_code / 100 == 2 && self.body.contains(marker) {
            true => Ok(()),
            false => {
                let told = format!("{} {}", self.status_code, self.body);
                Err(Failure::answer(who, request, told.as_bytes()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::runtime_api::Received;
    use crate::moment::Moment;

    fn read(streamed: bool, pieces: &[&str]) -> Response {
        let piece = |text: &&str| (Moment(0), Bytes::copy_from_slice(text.as_bytes()));
        let pieces = pieces.iter().map(piece).collect();
        let received = Received { streamed, pieces, end: Moment(0) };
        let exchanged = Exchanged { delivered: Moment(0), received };
        Response::read(&exchanged, "a test").expect("a response")
    }

    #[test]
    fn answers_in_every_form() {
        let plain = read(false, &[r#"{"statusCode":200,"headers":{"A":"b"},"#, r#""body":"x"}"#]);
        assert_eq!(
            (plain.status_code, plain.body.as_str(), plain.header("a")),
            (200, "x", Some("b"))
        );
        let coded = read(false, &[r#"{"statusCode":201,"body":"eHk=","isBase64Encoded":true}"#]);
        assert_eq!((coded.status_code, coded.body.as_str()), (201, "xy"));
        let streamed = read(true, &[r#"{"statusCode":200}"#, "\0\0\0\0\0\0\0\0", "x", "y"]);
        assert_eq!((streamed.status_code, streamed.body.as_str()), (200, "xy"));
        assert!(streamed.check("a test", "x", "xy").is_ok());
        assert!(streamed.check("a test", "x", "z").is_err());
    }
}
