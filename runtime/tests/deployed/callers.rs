//! Who is served, and who is refused by whom.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::policy::{self, Statement, function_arn};
use crate::secrets;
use crate::stack::{Stack, root};
use crate::wire::{Credentials, Incoming, Outgoing};

pub(crate) const MODERN: &str = "2026-07-28";
const LEGACY: &str = "2025-11-25";

/// A request of a modern client.
pub(crate) fn message(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
    });
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

/// The same over HTTP.
fn modern(stack: &Stack, method: &str, params: Value) -> Outgoing {
    let mut request = stack.request("mcp", Method::POST, "/mcp");
    request.headers = vec![
        ("content-type", "application/json".to_owned()),
        ("accept", "application/json, text/event-stream".to_owned()),
        ("mcp-protocol-version", MODERN.to_owned()),
        ("mcp-method", method.to_owned()),
    ];
    if let Some(name) = params["name"].as_str() {
        request.headers.push(("mcp-name", name.to_owned()));
    }
    request.body = message(method, params).to_string().into();
    request
}

/// A request of a legacy client, of a session if it has one.
fn legacy(stack: &Stack, session: Option<&str>, method: &str) -> Outgoing {
    let mut request = stack.request("mcp", Method::POST, "/mcp");
    request.headers = vec![
        ("content-type", "application/json".to_owned()),
        ("accept", "application/json, text/event-stream".to_owned()),
    ];
    request.headers.extend(session.map(|id| ("mcp-session-id", id.to_owned())));
    let params = match method {
        "initialize" => json!({
            "protocolVersion": LEGACY,
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }),
        _ => json!({}),
    };
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    request.body = body.to_string().into();
    request
}

fn names(answer: &Incoming) -> Vec<String> {
    let listed = answer.json();
    let tools = listed["result"]["tools"].as_array().unwrap_or_else(|| panic!("{listed}"));
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planes_are_for_those_who_may() {
    let Some(stack) = Stack::deploy().await else { return };
    stack.tool_function("forecast").await;
    stack.register("forecast").await;

    let list = modern(&stack, "tools/list", json!({}));
    let listed = stack.send(&list, Some(&stack.client)).await;
    assert_eq!(listed.status, StatusCode::OK, "{}", listed.text());
    assert_eq!(names(&listed), ["forecast"]);
    let arguments = json!({"name": "forecast", "arguments": {"city": "Oslo", "days": 1}});
    let called = stack.send(&modern(&stack, "tools/call", arguments), Some(&stack.client)).await;
    let day = json!({"day": 1, "sky": "rain", "celsius": 11});
    assert_eq!(called.json()["result"]["structuredContent"]["days"], json!([day]), "{called:?}");

    let register = stack.request("registration", Method::GET, "/register");
    let registered = stack.send(&register, Some(&stack.administrator)).await;
    assert_eq!(registered.status, StatusCode::OK, "{}", registered.text());

    let nobody = stack.user("nobody", &[]).await;
    let thief = Credentials { secret: "another-secret".to_owned(), ..stack.client.clone() };
    let stranger = Credentials { id: "AKIAUNKNOWNUNKNOWN00".into(), ..stack.client.clone() };
    // The URL alone, or the function alone, is not enough.
    let [url, function] = &policy::caller_of("mcp")[..] else { panic!("a pair") };
    let half = stack.user("half", std::slice::from_ref(url)).await;
    let other_half = stack.user("other-half", std::slice::from_ref(function)).await;
    for (request, refused) in [
        (&list, None),
        (&list, Some(&thief)),
        (&list, Some(&stranger)),
        (&list, Some(&nobody)),
        (&list, Some(&half)),
        (&list, Some(&other_half)),
        (&list, Some(&stack.administrator)),
        (&register, None),
        (&register, Some(&nobody)),
        (&register, Some(&stack.client)),
    ] {
        let answer = stack.send(request, refused).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{refused:?}: {}", answer.text());
        assert!(!answer.text().contains("forecast"), "{refused:?}: {}", answer.text());
    }
    // A signature is of one request.
    let changed = modern(&stack, "tools/call", json!({"name": "forecast"}));
    let answer = stack.send_with(&changed, &list, &stack.client).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text());
    let answer = stack.send_with(&list, &list, &stack.client).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_is_called_while_its_owner_lets_the_gateway() {
    let Some(stack) = Stack::deploy().await else { return };
    stack.tool_function("forecast").await;
    stack.register("forecast").await;
    let arguments = json!({"name": "forecast", "arguments": {"city": "Oslo", "days": 1}});
    let call = modern(&stack, "tools/call", arguments);
    let called = stack.send(&call, Some(&stack.client)).await.json();
    assert_eq!(called["result"]["isError"], false, "{called}");
    let status = stack.administer(Method::GET, "/register/tool-forecast/status", None).await.json();
    assert_eq!(status["status"], "active", "{status}");

    stack.revoke_all("forecast").await;
    let called = stack.send(&call, Some(&stack.client)).await.json();
    assert_eq!(called["result"]["isError"], true, "{called}");
    // Callers are not told what stands behind a tool.
    let text = called.to_string();
    assert!(!text.contains("arn:") && !text.contains("not authorized"), "{text}");
    let status = stack.administer(Method::GET, "/register/tool-forecast/status", None).await.json();
    assert_eq!(status["status"], "failing", "{status}");
    assert!(status["checks"].to_string().contains("is not permitted"), "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_brings_its_right_and_takes_it_with_it() {
    let Some(stack) = Stack::deploy().await else { return };
    stack.tool_function("forecast").await;
    assert_eq!(stack.statements("forecast").await, [""; 0]);
    stack.register("forecast").await;
    assert_eq!(stack.statements("forecast").await, ["MCP-Execute-tool-forecast"]);
    let removed = stack.administer(Method::DELETE, "/register/tool-forecast", None).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text());
    assert_eq!(stack.statements("forecast").await, [""; 0]);
    // Nothing broke off, and the timer that looks for it finds nothing.
    let timer = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
    let recovered = stack.invoke(&root(), "registration", &timer).await.expect("it is taken");
    assert_eq!(recovered, json!({"settled": 0, "postponed": 0}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_its_principals() {
    let Some(stack) = Stack::deploy().await else { return };
    let other = stack.user("other", &policy::caller_of("mcp")).await;
    let opened = stack.send(&legacy(&stack, None, "initialize"), Some(&stack.client)).await;
    assert_eq!(opened.status, StatusCode::OK, "{}", opened.text());
    let id = opened.header("mcp-session-id").to_owned();
    assert!(!id.is_empty(), "{opened:?}");

    let list = legacy(&stack, Some(&id), "tools/list");
    let mut end = stack.request("mcp", Method::DELETE, "/mcp");
    end.headers.push(("mcp-session-id", id.clone()));
    for request in [&list, &end] {
        let answer = stack.send(request, Some(&other)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text());
    }
    let answer = stack.send(&list, Some(&stack.client)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let answer = stack.send(&end, Some(&stack.client)).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    let answer = stack.send(&list, Some(&stack.client)).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text());
    assert!(!stack.logs().await.contains(&id), "the session's id is in the logs");
    secrets::none_in_logs(&stack, &["mcp"]).await;
}

/// The event that the Function URL would send, made by hand: it claims to come from the client.
fn forged(stack: &Stack, function: &str) -> Value {
    let host = stack.request(function, Method::POST, "/").host;
    let api = host.split('.').next().expect("an id").to_owned();
    let account = mcp_lambda_test_support::ministack::ACCOUNT;
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/mcp",
        "rawQueryString": "",
        "headers": {
            "content-type": "application/json",
            "accept": "application/json",
            "mcp-protocol-version": MODERN,
            "mcp-method": "tools/list",
        },
        "requestContext": {
            "accountId": account,
            "apiId": api,
            "domainName": host,
            "domainPrefix": api,
            "authorizer": {"iam": {
                "accessKey": stack.client.id,
                "accountId": account,
                "callerId": "AIDACLIENT",
                "userArn": format!("arn:aws:iam::{account}:user/client"),
                "userId": "AIDACLIENT",
            }},
            "http": {"method": "POST", "path": "/mcp", "protocol": "HTTP/1.1"},
            "requestId": "d4d4a0a8-39bd-4a0b-9d5e-3d5f2f6a2b11",
            "routeKey": "$default",
            "stage": "$default",
        },
        "body": message("tools/list", json!({})).to_string(),
        "isBase64Encoded": false,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn direct_invocations_prove_nothing() {
    let Some(stack) = Stack::deploy().await else { return };
    stack.tool_function("booking").await;
    stack.register("booking").await;
    let may = |function| Statement::new(&["lambda:InvokeFunction"], function_arn(function));
    let invoker = stack.user("invoker", &["mcp", "direct", "registration"].map(may)).await;

    // Who may come through the URL may come no other way.
    let list = message("tools/list", json!({}));
    let denied = stack.invoke(&stack.client, "mcp", &list).await;
    assert_eq!(denied, Err("AccessDeniedException".to_owned()));

    for function in ["mcp", "direct", "registration"] {
        let mut event = forged(&stack, function);
        if function == "registration" {
            event["rawPath"] = json!("/register");
            event["requestContext"]["http"]["path"] = json!("/register");
        }
        let answer = stack.invoke(&invoker, function, &event).await.expect("it may invoke");
        assert_eq!(answer["statusCode"], 403, "{function}: {answer}");
    }
    let logs = stack.logs().await;
    assert!(logs.contains("requestContext.requestId is not the invocation's id"), "{logs}");

    let answer = stack.invoke(&invoker, "mcp", &list).await.expect("it may invoke");
    assert_eq!(answer["error"]["code"], 403, "{answer}");
    let answer = stack.invoke(&invoker, "direct", &list).await.expect("it may invoke");
    assert_eq!(answer["result"]["tools"][0]["name"], "book_table", "{answer}");

    // A direct invoker is a principal of its own: what it was asked cannot be answered by another.
    let call = json!({"name": "book_table", "arguments": {"city": "Oslo", "guests": 2}});
    let asked = stack.invoke(&invoker, "direct", &message("tools/call", call.clone())).await;
    let asked = asked.expect("it may invoke");
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    let mut answered = call;
    answered["requestState"] = asked["result"]["requestState"].clone();
    assert!(answered["requestState"].is_string(), "{asked}");
    answered["inputResponses"] =
        json!({"confirmation": {"action": "accept", "content": {"confirm": true, "name": "Ada"}}});
    let stolen =
        stack.send(&modern(&stack, "tools/call", answered.clone()), Some(&stack.client)).await;
    assert!(stolen.json()["error"].is_object(), "{}", stolen.text());
    let own = stack.invoke(&invoker, "direct", &message("tools/call", answered)).await;
    let own = own.expect("it may invoke");
    assert_eq!(own["result"]["structuredContent"]["booked"], true, "{own}");
}
