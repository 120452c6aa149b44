//! What an HTTP answer that is no success means, and what to do next.

use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// Characters of an answer that are quoted.
const MAX_QUOTE: usize = 300;

/// One sentence on a refusal.
pub(crate) fn explain(status: StatusCode, headers: &HeaderMap, body: &str, signed: bool) -> String {
    let said = said(headers, body);
    let next = match status {
        StatusCode::UNAUTHORIZED => "give a valid token in MCP_LAMBDA_TOKEN",
        StatusCode::FORBIDDEN => forbidden(body, signed),
        StatusCode::NOT_FOUND => "look whether --url is the gateway's, without a path of its own",
        StatusCode::TOO_MANY_REQUESTS => return throttled(headers, &said),
        StatusCode::BAD_GATEWAY => "look into the function's log",
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => "try again in a moment",
        _ if status.is_redirection() => "name the URL that it leads to with --url",
        _ => return said_of(status, &said),
    };
    format!("{}; {next}", said_of(status, &said))
}

/// A problem document's own words suffice: it says what to do.
pub(crate) fn problem(body: &str) -> Option<String> {
    let problem: Value = serde_json::from_str(body).ok()?;
    problem.get("detail")?.as_str().map(printable)
}

fn said_of(status: StatusCode, said: &str) -> String {
    let reason = status.canonical_reason().unwrap_or("no reason");
    let colon = if said.is_empty() { "" } else { ": " };
    format!("the gateway answers {} {reason}{colon}{said}", status.as_u16())
}

fn forbidden(body: &str, signed: bool) -> &'static str {
    let body = body.to_ascii_lowercase();
    if body.contains("\"detail\"") {
        "the gateway itself refused it"
    } else if body.contains("token") && body.contains("expired") {
        "the AWS credentials have expired: sign in again, such as with aws sso login"
    } else if body.contains("signature expired") || body.contains("not yet current") {
        "the clock of this machine is wrong: set it, then see mcp-lambda doctor"
    } else if body.contains("signature we calculated") {
        "the signature is for another region, service or key: see --region, --service and --profile"
    } else if !signed {
        "the request was not signed: if the URL needs AWS_IAM, add --service lambda (or \
         execute-api for API Gateway)"
    } else {
        "whoever signs needs lambda:InvokeFunctionUrl and lambda:InvokeFunction on the function: \
         see mcp-lambda synth --policy client (or admin), and mcp-lambda doctor"
    }
}

fn throttled(headers: &HeaderMap, said: &str) -> String {
    let after = headers.get("retry-after").and_then(|value| value.to_str().ok());
    let when = after.filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let when = when.map_or("later".to_owned(), |seconds| format!("in {seconds} s"));
    format!("{}; try again {when}", said_of(StatusCode::TOO_MANY_REQUESTS, said))
}

/// What the answer says, in one line: a problem's detail, AWS's message, or its text.
fn said(headers: &HeaderMap, body: &str) -> String {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let member = |name: &str| json.as_ref()?.get(name)?.as_str().map(str::to_owned);
    let text = member("detail").or_else(|| member("message")).or_else(|| member("Message"));
    let kind = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let kind = kind.map(|kind| kind.split(':').next().unwrap_or(kind).to_owned());
    match (text.or(kind), json) {
        (Some(text), _) => printable(&text),
        (None, Some(_)) => String::new(),
        (None, None) if body.trim_start().starts_with('<') => "a page instead of JSON".to_owned(),
        (None, None) => printable(body),
    }
}

/// One line that a terminal shows and does not obey, cut where it is too long.
pub(crate) fn printable(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_QUOTE).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, signed: bool, words: &str) {
        let status = StatusCode::from_u16(status).expect("a status");
        let text = explain(status, &HeaderMap::new(), body, signed);
        assert!(text.contains(words), "{text}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn each_refusal_has_a_next_step() {
        let aws = r#"{"Message":"Forbidden. For troubleshooting see: https://a"}"#;
        check(403, aws, false, "not signed");
        check(403, aws, true, "lambda:InvokeFunctionUrl");
        let expired = r#"{"message":"The security token included in the request is expired"}"#;
        check(403, expired, true, "sign in again");
        check(403, r#"{"message":"Signature expired: 2026"}"#, true, "clock");
        let wrong = r#"{"message":"The request signature we calculated does not match"}"#;
        check(403, wrong, true, "--region");
        check(403, r#"{"detail":"this Origin is not allowed"}"#, false, "this Origin");
        check(401, "", false, "MCP_LAMBDA_TOKEN");
        check(404, r#"{"detail":"there is nothing"}"#, false, "there is nothing");
        check(429, "", false, "try again later");
        check(502, "<html>", false, "a page instead of JSON");
        check(301, "", false, "--url");
        check(418, "\u{1b}[2Jtea", false, "\u{fffd}[2Jtea");
    }

    #[test]
    fn retry_after_is_told() {
        let headers = [("retry-after", "7")]
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
        let headers = HeaderMap::from_iter(headers);
        let text = explain(StatusCode::TOO_MANY_REQUESTS, &headers, "", true);
        assert!(text.ends_with("try again in 7 s"), "{text}");
    }

    #[test]
    fn quotes_are_bounded() {
        assert_eq!(printable(&"é".repeat(MAX_QUOTE + 1)).chars().count(), MAX_QUOTE);
        assert_eq!(printable(&"é".repeat(MAX_QUOTE)).chars().count(), MAX_QUOTE);
        assert_eq!(printable("a\nb"), "a b");
    }
}
