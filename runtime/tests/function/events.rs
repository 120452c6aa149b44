//! Events as AWS writes them, and what is made of them.

use mcp_lambda_runtime::edge::Mount;
use mcp_lambda_runtime::function::caller::Claim;
use mcp_lambda_runtime::function::event::{Event, EventError, HttpEvent};
use mcp_lambda_runtime::principal::Principal;
use serde_json::{Value, json};

/// The id of the invocation in all event files.
pub(crate) const ID: &str = "3f1b2a90-6a4f-4d0e-9c55-0d7a2f6b8e11";

pub(crate) fn file(name: &str) -> Value {
    let text = match name {
        "http_api" => include_str!("events/http_api.json"),
        "http_api_iam" => include_str!("events/http_api_iam.json"),
        "rest" => include_str!("events/rest.json"),
        "rest_bare" => include_str!("events/rest_bare.json"),
        "scheduled" => include_str!("events/scheduled.json"),
        "url" => include_str!("events/url.json"),
        "url_open" => include_str!("events/url_open.json"),
        other => panic!("there is no event {other}"),
    };
    serde_json::from_str(text).expect("JSON")
}

fn parse(event: &Value, prefix: Option<&str>) -> Result<Event, EventError> {
    Event::parse(event.to_string().as_bytes(), ID, prefix)
}

fn http(event: &Value, prefix: Option<&str>) -> HttpEvent {
    match parse(event, prefix) {
        Ok(Event::Http(event)) => *event,
        other => panic!("no request: {other:?}"),
    }
}

/// Changes a member of an event, by its pointer; `null` removes it.
fn with(name: &str, pointer: &str, value: Value) -> Value {
    let mut event = file(name);
    let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
    let parent = event.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    if value.is_null() {
        parent.remove(member);
    } else {
        parent.insert(member.to_owned(), value);
    }
    event
}

fn line(event: &HttpEvent) -> String {
    let (request, mount) = (&event.request, event.request.extensions().get::<Mount>());
    let body = String::from_utf8_lossy(request.body());
    format!("{} {} {body} at {:?}", request.method(), request.uri(), mount.expect("a mount").0)
}

fn header(event: &HttpEvent, name: &str) -> Vec<String> {
    let values = event.request.headers().get_all(name).iter();
    values.map(|value| value.to_str().expect("text").to_owned()).collect()
}

#[test]
fn a_function_url() {
    let event = http(&file("url"), None);
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(line(&event), format!(r#"POST /mcp?a=1&a=2&b=x%20y {body} at """#));
    assert_eq!(header(&event, "mcp-protocol-version"), ["2025-11-25"]);
    assert_eq!(header(&event, "cookie"), ["first=1; second=2"]);
    let arn = "arn:aws:sts::123456789012:assumed-role/developers/alice".to_owned();
    assert_eq!(event.claim, Claim::Verified(Principal::Iam { arn }));
}

#[test]
fn a_function_url_without_authentication() {
    let event = http(&file("url_open"), None);
    assert_eq!(line(&event), r#"GET /health  at """#);
    assert_eq!(event.claim, Claim::None);
}

#[test]
fn an_http_api() {
    let event = http(&file("http_api"), None);
    assert_eq!(line(&event), r#"PUT /register/a%20b?type=tool&type=prompt {} at "/prod""#);
    assert_eq!(header(&event, "cookie"), ["only=1"]);
    assert_eq!(event.claim, Claim::None);
}

#[test]
fn a_rest_api() {
    let event = http(&file("rest"), None);
    let query = "sessionId=s%2B1%2F%3D&tag=one&tag=two";
    let whole = format!(r#"POST /message?{query} {{"jsonrpc":"2.0"}} at "/prod""#);
    assert_eq!(line(&event), whole);
    assert_eq!(header(&event, "x-many"), ["first", "second"]);
    assert_eq!(header(&event, "accept"), ["application/json", "text/event-stream"]);
    assert_eq!(event.claim, Claim::None);
    let single = with("rest", "/multiValueHeaders", Value::Null);
    assert_eq!(header(&http(&single, None), "x-many"), ["second"]);
    let single = with("rest", "/multiValueQueryStringParameters", Value::Null);
    let event = http(&single, None);
    assert_eq!(event.request.uri().query(), Some("sessionId=s%2B1%2F%3D&tag=two"));
    assert_eq!(line(&http(&file("rest_bare"), None)), r#"GET /health  at """#);
}

#[test]
fn a_rest_api_says_its_stage_beside_the_path() {
    let whole = |path: &str| with("rest", "/requestContext/path", json!(path));
    let mount = |event: &Value, prefix| {
        let event = http(event, prefix);
        let mount = event.request.extensions().get::<Mount>().expect("a mount").0.clone();
        (mount, event.request.uri().path().to_owned())
    };
    let is = |mount: &str, path: &str| (mount.to_owned(), path.to_owned());
    assert_eq!(mount(&whole("/prod/message"), None), is("/prod", "/message"));
    assert_eq!(mount(&whole("/message"), None), is("", "/message"));
    // A path that is no continuation says nothing.
    assert_eq!(mount(&whole("/prod/other"), None), is("", "/message"));
    let mut based = whole("/prod/base/message");
    based["path"] = json!("/base/message");
    assert_eq!(mount(&based, Some("/base")), is("/prod/base", "/message"));
}

#[test]
fn stages_and_prefixes_are_taken_off_where_they_are() {
    let path = |event: &Value, prefix| line(&http(event, prefix));
    // A custom domain's paths have no stage.
    let domain = "/requestContext/domainName";
    let mut custom = with("http_api", domain, json!("tools.example.com"));
    assert!(path(&custom, None).starts_with("PUT /prod/register"));
    custom["rawPath"] = json!("/base/register/a");
    assert!(path(&custom, Some("/base")).starts_with("PUT /register/a?"));
    assert!(path(&custom, Some("/base")).ends_with(r#"at "/base""#));
    assert!(path(&custom, Some("/bas")).starts_with("PUT /base/register/a?"));
    let mut stage = file("http_api");
    stage["rawPath"] = json!("/prod");
    assert!(path(&stage, None).starts_with("PUT /?"));
    stage["rawPath"] = json!("/prodregister");
    assert!(path(&stage, None).starts_with("PUT /prodregister?"));
}

#[test]
fn bodies() {
    let body = |event: &Value| http(event, None).request.into_body();
    assert_eq!(body(&with("url", "/body", Value::Null)), "");
    assert_eq!(body(&with("url", "/body", json!(""))), "");
    assert_eq!(body(&with("url", "/isBase64Encoded", Value::Null)).len(), 40);
    assert_eq!(body(&with("http_api", "/body", json!("/wA="))), &[0xff, 0][..]);
    for bad in ["e30", "e3=0", "{}", "e30=\n"] {
        let refused = parse(&with("http_api", "/body", json!(bad)), None);
        assert!(matches!(refused, Err(EventError::BadRequest(_))), "{bad:?}");
    }
}

#[test]
fn what_cannot_stand_in_a_request_is_left_out_or_refused() {
    let event = with("url", "/headers", json!({ "a b": "x", "c": "y\nz", "d": null, "e": "é" }));
    let event = http(&event, None);
    assert_eq!(event.request.headers().len(), 2, "the cookies and `e`");
    let method = "/requestContext/http/method";
    let refused = parse(&with("url", method, json!("GE T")), None);
    assert!(matches!(refused, Err(EventError::BadRequest(_))));
    let refused = parse(&with("url", "/rawPath", json!("/".repeat(70_000))), None);
    assert!(matches!(refused, Err(EventError::BadRequest(_))));
}

/// Whoever may invoke the function can write all of this.
#[test]
fn forged_callers_are_not_believed() {
    let context = |member: &str| format!("/requestContext/{member}");
    let iam = |member: &str| context(&format!("authorizer/iam/{member}"));
    let forged = [
        (context("requestId"), json!("00000000-0000-4000-8000-000000000000")),
        (context("requestId"), json!("")),
        (context("requestId"), Value::Null),
        (context("domainName"), json!("evil.example.com")),
        (context("domainName"), json!("q3n2jyc4lbrd5ohwa7xtmz6kfu0epsgi.lambda-url.eu-central-1")),
        (context("domainName"), json!("other.lambda-url.eu-central-1.on.aws")),
        (context("domainName"), Value::Null),
        (context("apiId"), json!("other")),
        (context("stage"), json!("prod")),
        (context("accountId"), Value::Null),
        (iam("userArn"), json!("arn:aws:iam::999999999999:user/alice")),
        (iam("userArn"), json!("root")),
        (iam("userArn"), json!("")),
        (iam("userArn"), Value::Null),
        (iam("userArn"), json!(["arn:aws:iam::123456789012:user/alice"])),
        (iam("accountId"), json!("999999999999")),
        (iam("accountId"), Value::Null),
        (iam("callerId"), Value::Null),
        (iam("callerId"), json!("")),
        (iam("userId"), Value::Null),
        (context("authorizer/iam"), json!([])),
        (context("authorizer/iam"), json!("arn:aws:iam::123456789012:user/alice")),
    ];
    for (pointer, value) in forged {
        let event = with("url", &pointer, value.clone());
        let claim = http(&event, None).claim;
        assert!(matches!(claim, Claim::Unverified(_)), "{pointer} {value}: {claim:?}");
    }
    // API Gateway's ids are not the invocation's; even if one were, it is no Function URL.
    assert!(matches!(http(&file("http_api_iam"), None).claim, Claim::Unverified(_)));
    // An event without the members of payload format 2.0 is nobody's.
    let mut rest = file("rest");
    rest["requestContext"]["authorizer"] = file("url")["requestContext"]["authorizer"].clone();
    assert!(matches!(http(&rest, None).claim, Claim::Unverified(_)));
}

#[test]
fn headers_say_nothing_of_the_caller() {
    let mut event = file("url_open");
    let arn = "arn:aws:iam::123456789012:user/admin";
    for name in [
        "authorization",
        "x-amz-user-arn",
        "x-amzn-iam-user-arn",
        "x-amz-security-token",
        "x-amzn-request-context",
        "x-amzn-lambda-context",
        "requestcontext",
        "x-forwarded-user",
    ] {
        event["headers"][name] = json!(arn);
    }
    event["headers"]["requestContext"] = file("url")["requestContext"].to_string().into();
    assert_eq!(http(&event, None).claim, Claim::None);
    // Nor does a member of the event with a similar name.
    event["authorizer"] = file("url")["requestContext"]["authorizer"].clone();
    event["iam"] = file("url")["requestContext"]["authorizer"]["iam"].clone();
    assert_eq!(http(&event, None).claim, Claim::None);
}

#[test]
fn a_member_that_comes_twice_is_refused() {
    let text = file("url").to_string();
    let twice = text.replacen('{', r#"{"requestContext":{"http":{"method":"GET"}},"#, 1);
    let refused = Event::parse(twice.as_bytes(), ID, None);
    assert_eq!(refused.expect_err("a fault"), EventError::Unknown);
    let twice = text.replacen(r#""requestId":"#, r#""requestId":"x","requestId":"#, 1);
    assert_eq!(Event::parse(twice.as_bytes(), ID, None).expect_err("a fault"), EventError::Unknown);
}

#[test]
fn timers_and_messages() {
    assert!(matches!(parse(&file("scheduled"), None), Ok(Event::Scheduled)));
    let scheduler = with("scheduled", "/source", json!("aws.scheduler"));
    assert!(matches!(parse(&scheduler, None), Ok(Event::Scheduled)));
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    assert!(matches!(parse(&message, None), Ok(Event::Message)));
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let probe = json!({"mcp-lambda": "probe", "function": arn});
    assert!(matches!(parse(&probe, None), Ok(Event::Probe(function)) if function == arn));
    let nameless = json!({"mcp-lambda": "probe"});
    assert!(matches!(parse(&nameless, None), Err(EventError::Unknown)));
    // What claims to be both is a request, whose body is not the event.
    let mut both = file("url");
    both["jsonrpc"] = json!("2.0");
    assert!(matches!(parse(&both, None), Ok(Event::Http(_))));
}

#[test]
fn everything_else_is_refused() {
    for event in [
        json!(null),
        json!([]),
        json!([{ "jsonrpc": "2.0", "id": 1, "method": "ping" }]),
        json!("text"),
        json!(1),
        json!({}),
        json!({ "requestContext": {} }),
        json!({ "requestContext": [] }),
        json!({ "requestContext": { "http": {} }, "rawPath": "/" }),
        json!({ "requestContext": {}, "httpMethod": "GET" }),
        json!({ "Records": [{ "eventSource": "aws:sqs", "body": "{}" }] }),
        with("scheduled", "/detail-type", json!("EC2 Instance State-change Notification")),
        with("scheduled", "/source", json!("example.app")),
    ] {
        assert_eq!(parse(&event, None).expect_err("a fault"), EventError::Unknown, "{event}");
    }
    for bytes in [&b""[..], b"{", b"\xff", b"{}{}", b"{\"jsonrpc\":"] {
        assert_eq!(Event::parse(bytes, ID, None).expect_err("a fault"), EventError::Unknown);
    }
}
