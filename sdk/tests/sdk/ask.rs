//! Questions and progress, over HTTP and over standard input and output.

use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ElicitRequestParams,
    ElicitResult, ElicitationAction, Implementation,
};
use rmcp::service::RequestContext;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{ClientHandler, RoleClient, ServiceExt};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

use crate::support::{LIMIT, Server, modern, program, text};

const FORMS: &str = r#"{"elicitation":{"form":{}}}"#;

fn forms() -> Value {
    serde_json::from_str(FORMS).expect("JSON")
}

/// A user who fills in every form.
#[derive(Clone, Default)]
struct User {
    asked: Arc<Mutex<Vec<String>>>,
}

impl ClientHandler for User {
    fn get_info(&self) -> ClientConfig {
        let capabilities: ClientCapabilities = serde_json::from_str(FORMS).expect("capabilities");
        ClientConfig::new(capabilities, Implementation::new("test", "1"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let request = serde_json::to_value(&request).expect("JSON");
        let message = request["message"].as_str().expect("a message").to_owned();
        self.asked.lock().expect("no panic").push(message);
        let content = json!({ "name": "Ada", "place": "window", "confirm": true });
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(content))
    }
}

fn check_booked(result: &CallToolResult, user: &User) {
    let block = result.content[0].as_text().expect("a text");
    assert!(
        block.text.starts_with("Ada, your table by the window for 4 is booked: B-"),
        "{block:?}"
    );
    let asked = user.asked.lock().expect("no panic").clone();
    assert_eq!(asked, ["Who is coming?", "A table for 4 by the window?"]);
}

fn booking() -> CallToolRequestParams {
    let arguments = json!({ "people": 4 }).as_object().expect("an object").clone();
    CallToolRequestParams::new("book_table").with_arguments(arguments)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_user_is_asked_over_http() {
    let server = Server::start("booking", &[]);
    let user = User::default();
    let transport = StreamableHttpClientTransport::from_uri(format!("{}/mcp", server.url()));
    let asking = async {
        let client = user.clone().serve(transport).await.expect("a connection");
        let result = client.call_tool(booking()).await.expect("a result");
        check_booked(&result, &user);
        client.cancel().await.expect("a clean end");
    };
    tokio::time::timeout(LIMIT, asking).await.expect("in time");
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_user_is_asked_over_standard_output() {
    let user = User::default();
    let command = tokio::process::Command::from(program("booking"));
    let transport = TokioChildProcess::new(command).expect("it starts");
    let asking = async {
        let client = user.clone().serve(transport).await.expect("a connection");
        let result = client.call_tool(booking()).await.expect("a result");
        check_booked(&result, &user);
        client.cancel().await.expect("a clean end");
    };
    tokio::time::timeout(LIMIT, asking).await.expect("in time");
}

/// What a modern client does: it calls again with the answers, and with the state.
#[test]
fn modern_clients_call_again() {
    let server = Server::start("booking", &[]);
    let call = json!({ "name": "book_table", "arguments": { "people": 2 } });
    let answers = [
        ("details", json!({ "action": "accept", "content": { "name": "Ada" } })),
        ("confirmation", json!({ "action": "accept", "content": { "confirm": true } })),
    ];
    let mut params = call.clone();
    let mut states = Vec::new();
    for (key, answer) in answers {
        let result = server.modern("tools/call", &params, &forms())["result"].clone();
        assert_eq!(result["resultType"], "input_required", "{result}");
        let request = &result["inputRequests"][key];
        assert_eq!(request["method"], "elicitation/create", "{result}");
        assert_eq!(request["params"]["requestedSchema"]["type"], "object");
        params = call.clone();
        params["inputResponses"] = json!({ key: answer });
        // The booking's number travels along from the first round, sealed.
        params["requestState"] = result["requestState"].clone();
        states.push(result["requestState"].as_str().expect("a state").to_owned());
    }
    let result = server.modern("tools/call", &params, &forms())["result"].clone();
    let booked = text(&result).strip_prefix("Ada, your table for 2 is booked: ").expect("booked");
    let number = booked.trim_end_matches('.');
    assert!(number.starts_with("B-") && number.len() > 6, "{result}");
    // What is sealed looks like chance, so only the whole number would tell.
    assert!(states.iter().all(|state| !state.contains(number)), "{number} in {states:?}");

    let declined = json!({ "details": { "action": "decline" } });
    params = call.clone();
    params["inputResponses"] = declined;
    let result = server.modern("tools/call", &params, &forms())["result"].clone();
    assert_eq!(text(&result), "Nothing was booked.");

    params["requestState"] = "forged".into();
    assert_eq!(server.modern("tools/call", &params, &forms())["error"]["code"], -32602);
    server.stop();
}

#[test]
fn who_cannot_be_asked_is_told_so() {
    let server = Server::start("booking", &[]);
    let call = json!({ "name": "book_table", "arguments": { "people": 2 } });
    let error = &server.modern("tools/call", &call, &json!({}))["error"];
    assert_eq!(error["code"], -32021, "{error}");
    let session = server.begin(&json!({}));
    let result = &server.call_in(&session, "book_table", &json!({ "people": 2 }))["result"];
    assert!(result["isError"] == true && text(result).contains("cannot be asked"), "{result}");
    server.stop();
}

#[test]
fn progress_comes_before_the_answer() {
    let server = Server::start("booking", &[]);
    let params = json!({ "name": "countdown", "arguments": { "from": 3 } });
    let (mut message, headers) = modern("tools/call", &params, &json!({}));
    message["params"]["_meta"]["progressToken"] = "p".into();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let events = server.post(&headers, &message).events();
    assert_eq!(events.len(), 4, "{events:?}");
    for (index, event) in events[..3].iter().enumerate() {
        let done = index as u64 + 1;
        assert_eq!(
            *event,
            json!({
                "jsonrpc": "2.0", "method": "notifications/progress", "params": {
                    "progressToken": "p", "progress": done, "total": 3.0,
                    "message": format!("{} left", 3 - done)
                }
            })
        );
    }
    assert_eq!(text(&events[3]["result"]), "Lift-off!");
    // Who does not ask is not told.
    assert_eq!(text(&server.call("countdown", &params["arguments"])), "Lift-off!");
    server.stop();
}
