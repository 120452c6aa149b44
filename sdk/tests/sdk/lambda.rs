//! Lambda mode: the examples as functions of the local Lambda host, behind its Function URL.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use lambda_host::url::{InvokeMode, UrlOptions};
use lambda_host::{FunctionConfig, FunctionName, Host, HostOptions, Invocation, RawFunction};
use mcp_lambda_test_support::example;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};

use crate::buckets;
use crate::examples::Service;
use crate::support::{LIMIT, modern, rpc, text};

const TABLE: &str = "mcp_sessions";

/// An example as a function.
struct World {
    host: Host,
    lines: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn start(program: &str, variables: &[(&str, &str)]) -> Self {
        let mut environment = BTreeMap::from(
            [
                ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
                ("AWS_REGION", "us-east-1"),
                ("MCP_LAMBDA_AUTHENTICATION", "NONE"),
                ("MCP_LAMBDA_INVOKE_MODE", "RESPONSE_STREAM"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        environment.extend(
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let command = vec![example(program).to_str().expect("UTF-8").to_owned()];
        let raw = RawFunction { command, environment, ..RawFunction::default() };
        let config = FunctionConfig::from_raw(&name(), raw, Path::new("/")).expect("a function");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let log = Arc::new(move |line: lambda_host::LogLine| {
            sink.lock().expect("no panic").push(line.text);
        });
        let options = HostOptions { log, ..HostOptions::default() };
        Self { host: Host::new(BTreeMap::from([(name(), config)]), options), lines }
    }

    fn log(&self) -> String {
        self.lines.lock().expect("no panic").join("\n")
    }

    /// Posts a message: the status, the session's id if one began, and the body.
    async fn post(&self, session: Option<&str>, message: &Value) -> (u16, Option<String>, String) {
        let headers = session.map(|id| ("mcp-session-id", id.to_owned()));
        self.send(headers.as_slice(), message).await
    }

    async fn send(
        &self,
        headers: &[(&'static str, String)],
        message: &Value,
    ) -> (u16, Option<String>, String) {
        let mut request = Request::post("/mcp")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(message.to_string()))).expect("a request");
        let options =
            UrlOptions { invoke_mode: InvokeMode::ResponseStream, ..UrlOptions::default() };
        let answering = async {
            let name = name();
            let response = lambda_host::url::answer(&self.host, &name, options, request).await;
            let (head, body) = response.into_parts();
            let body = body.collect().await.expect("a body").to_bytes();
            let id = head.headers.get("mcp-session-id").and_then(|id| id.to_str().ok());
            let body = String::from_utf8(body.to_vec()).expect("text");
            (head.status.as_u16(), id.map(str::to_owned), body)
        };
        tokio::time::timeout(LIMIT, answering).await.expect("an answer")
    }

    async fn call(&self, session: Option<&str>, tool: &str, arguments: Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        let (status, _, body) = self.post(session, &rpc("tools/call", &params)).await;
        assert_eq!(status, 200, "{body}\n{}", self.log());
        let answer: Value = serde_json::from_str(&body).expect("JSON");
        answer["result"].clone()
    }
}

/// Calls a tool of an example that is a function of its own.
async fn call_once(program: &str, variables: &[(&str, &str)], tool: &str, input: Value) -> Value {
    let world = World::start(program, variables);
    let result = world.call(None, tool, input).await;
    world.host.shutdown().await;
    result
}

fn name() -> FunctionName {
    FunctionName::parse("server").expect("a name")
}

fn initialize() -> Value {
    rpc("initialize", &json!({ "protocolVersion": "2025-11-25", "capabilities": {} }))
}

/// DynamoDB in this process, with a table as awslabs' servers have it.
async fn database() -> (SocketAddr, Client) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let memory = dynoxide::Database::memory().expect("a database");
    tokio::spawn(dynoxide::server::serve_on(listener, memory));
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(credentials)
        .http_client(mcp_lambda_runtime::aws::http_client())
        .endpoint_url(format!("http://{address}"));
    let client = Client::from_conf(config.build());
    let key = KeySchemaElement::builder().attribute_name("session_id").key_type(KeyType::Hash);
    let attribute = AttributeDefinition::builder()
        .attribute_name("session_id")
        .attribute_type(ScalarAttributeType::S);
    let created = client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key.build().expect("a key"))
        .attribute_definitions(attribute.build().expect("an attribute"))
        .send();
    created.await.expect("a table");
    (address, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_table_there_are_no_sessions() {
    let world = World::start("counter", &[]);
    let (status, session, body) = world.post(None, &initialize()).await;
    assert_eq!((status, session), (200, None), "{body}\n{}", world.log());
    assert!(body.contains(r#""name":"counter""#), "{body}");
    let result = world.call(None, "increment", json!({})).await;
    assert!(text(&result).contains("MCP_SESSION_TABLE"), "{result}");
    world.host.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_in_the_table() {
    let (address, client) = database().await;
    let endpoint = format!("http://{address}");
    let variables = [("MCP_SESSION_TABLE", TABLE), ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint)];
    let world = World::start("counter", &variables);
    let (_, session, body) = world.post(None, &initialize()).await;
    let session = session.unwrap_or_else(|| panic!("no session: {body}\n{}", world.log()));
    for expected in ["1", "2"] {
        let result = world.call(Some(&session), "increment", json!({})).await;
        assert_eq!(text(&result), expected, "{}", world.log());
    }
    world.host.shutdown().await;

    // Another instance goes on where this one ended.
    let world = World::start("counter", &variables);
    let result = world.call(Some(&session), "increment", json!({})).await;
    assert_eq!(text(&result), "3", "{}", world.log());
    world.host.shutdown().await;

    let items = client.scan().table_name(TABLE).send().await.expect("items");
    let data = items.items().iter().find_map(|item| item.get("data")?.as_m().ok());
    let count = data.and_then(|data| data.get("count:counter"));
    assert_eq!(count, Some(&AttributeValue::N("3".to_owned())), "{:?}", items.items());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_streams() {
    let world = World::start("booking", &[]);
    let params = json!({
        "name": "countdown", "arguments": { "from": 2 }, "_meta": { "progressToken": 1 }
    });
    let (status, _, body) = world.post(None, &rpc("tools/call", &params)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body.matches("notifications/progress").count(), 2, "{body}");
    assert!(body.contains("Lift-off!"), "{body}");
    world.host.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_is_a_function() {
    let result = call_once("hello", &[], "hello", json!({})).await;
    assert_eq!(text(&result), "Hello, world!");
    let result = call_once("echo", &[], "echo", json!({ "text": "a", "times": 2 })).await;
    assert_eq!(text(&result), "a a");
    let result = call_once("clock", &[], "current_time", json!({})).await;
    assert!(result["structuredContent"]["unix_seconds"].is_u64(), "{result}");
    let current = json!({ "current": { "temperature_2m": 1.5 } });
    let service = Service::start("200 OK", current).url();
    let place = json!({ "latitude": 0, "longitude": 0 });
    let result = call_once("weather", &[("WEATHER_URL", &service)], "weather", place).await;
    assert_eq!(result["structuredContent"]["temperature_celsius"], 1.5);
    let result = call_once("search", &[], "search_web", json!({ "query": "a" })).await;
    assert!(text(&result).contains("SEARCH_SECRET_ID"), "{result}");
    let s3 = buckets::pages(1, 7);
    let variables =
        [("AWS_ENDPOINT_URL_S3", s3.url()), ("AWS_SESSION_TOKEN", "a-token".to_owned())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let result = call_once("buckets", &variables, "count_buckets", json!({})).await;
    assert_eq!(text(&result), "7", "{result}");
    let asked = s3.asked();
    assert!(asked.contains("AKIDEXAMPLE") && asked.contains("a-token"), "{asked}");
}

/// The question's state is sealed by keys that all instances have from the table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_may_reach_another_instance() {
    let (address, _client) = database().await;
    let endpoint = format!("http://{address}");
    let variables = [("MCP_SESSION_TABLE", TABLE), ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint)];
    let forms = json!({ "elicitation": { "form": {} } });
    let mut params = json!({ "name": "book_table", "arguments": { "people": 2 } });
    let answers = [
        ("details", json!({ "action": "accept", "content": { "name": "Ada" } })),
        ("confirmation", json!({ "action": "accept", "content": { "confirm": true } })),
    ];
    for answered in 0..=answers.len() {
        let world = World::start("booking", &variables);
        let (message, headers) = modern("tools/call", &params, &forms);
        let (status, _, body) = world.send(&headers, &message).await;
        assert_eq!(status, 200, "{body}\n{}", world.log());
        world.host.shutdown().await;
        let result = serde_json::from_str::<Value>(&body).expect("JSON")["result"].clone();
        let Some((key, answer)) = answers.get(answered) else {
            assert!(text(&result).starts_with("Ada, your table for 2 is booked"), "{result}");
            return;
        };
        assert!(result["inputRequests"][key].is_object(), "{result}");
        params["inputResponses"] = json!({ *key: answer });
        params["requestState"] = result["requestState"].clone();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_counted_in_the_table() {
    let (address, _client) = database().await;
    let endpoint = format!("http://{address}");
    let variables = [
        ("MCP_SESSION_TABLE", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
        ("MCP_LAMBDA_LIMIT_TOOL", "1/1h"),
    ];
    for expected in [200, 429] {
        let world = World::start("hello", &variables);
        let call = rpc("tools/call", &json!({ "name": "hello", "arguments": {} }));
        let (status, _, body) = world.post(None, &call).await;
        assert_eq!(status, expected, "{body}\n{}", world.log());
        world.host.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_those_whom_aws_has_verified() {
    let world = World::start("hello", &[("MCP_LAMBDA_AUTHENTICATION", "AWS_IAM")]);
    let (status, _, body) = world.post(None, &rpc("tools/list", &json!({}))).await;
    assert_eq!(status, 403, "{body}");
    world.host.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_to_lambda_and_in_the_log() {
    let world = World::start("hello", &[("MCP_LAMBDA_INVOKE_MODE", "SOMETIMES")]);
    let invocation = Invocation { payload: Bytes::from_static(b"{}"), ..Invocation::default() };
    let name = name();
    let invoked = tokio::time::timeout(LIMIT, world.host.invoke(&name, invocation)).await;
    let response = invoked.expect("in time").expect("it was invoked");
    let (_, error) = response.body.collect().await;
    let error = error.expect("it cannot start");
    assert!(error.message().contains("MCP_LAMBDA_INVOKE_MODE"), "{}", error.message());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(world.log().contains("MCP_LAMBDA_INVOKE_MODE"), "{}", world.log());
    world.host.shutdown().await;
}
