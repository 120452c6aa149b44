//! What a server keeps of a client between its calls.

use serde_json::{Value, json};

use crate::support::{Server, rpc, text};

fn count(answer: &Value) -> i64 {
    let result = &answer["result"];
    text(result).parse().unwrap_or_else(|_| panic!("no count: {answer}"))
}

#[test]
fn sessions_keep_apart_what_they_keep() {
    let server = Server::start("counter", &[]);
    let (a, b) = (server.begin(&json!({})), server.begin(&json!({})));
    let call = |session: &str, tool: &str, arguments: Value| {
        count(&server.call_in(session, tool, &arguments))
    };
    assert_eq!(call(&a, "increment", json!({})), 1);
    assert_eq!(call(&a, "increment", json!({ "by": 10 })), 11);
    assert_eq!(call(&a, "increment", json!({ "name": "other" })), 1);
    assert_eq!(call(&b, "get_count", json!({})), 0);
    assert_eq!(call(&b, "increment", json!({})), 1);
    assert_eq!(call(&a, "get_count", json!({})), 11);
    server.call_in(&a, "reset", &json!({}));
    assert_eq!(call(&a, "get_count", json!({})), 0);
    assert_eq!(call(&a, "get_count", json!({ "name": "other" })), 1);
    server.stop();
}

#[test]
fn no_call_is_lost_among_many() {
    const CALLS: i64 = 6;
    const CLIENTS: i64 = 8;
    let server = Server::start("counter", &[]);
    let session = server.begin(&json!({}));
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut done = 0;
                while done < CALLS {
                    let answer = server.call_in(&session, "increment", &json!({}));
                    // Where too many meet, the model is told to try again.
                    match answer["result"]["isError"].as_bool() {
                        Some(false) => done += 1,
                        _ => assert!(text(&answer["result"]).contains("try again"), "{answer}"),
                    }
                }
            });
        }
    });
    let counted = count(&server.call_in(&session, "get_count", &json!({})));
    assert_eq!(counted, CALLS * CLIENTS);
    server.stop();
}

#[test]
fn where_there_is_no_session_the_tool_says_why() {
    let server = Server::start("counter", &[]);
    let call = json!({ "name": "increment", "arguments": {} });
    let result = &server.modern("tools/call", &call, &json!({}))["result"];
    assert_eq!(result["isError"], true);
    assert!(text(result).contains("2026-07-28 has no sessions"), "{result}");
    let result = server.call("increment", &json!({}));
    assert!(text(&result).contains("let the client initialize"), "{result}");
    server.stop();

    let server = Server::start("counter", &["--stateless"]);
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {} });
    let reply = server.post(&[], &rpc("initialize", &params));
    assert_eq!((reply.status, reply.header("mcp-session-id")), (200, None));
    assert!(text(&server.call("increment", &json!({}))).contains("--stateless"));
    assert_eq!(server.send("GET", &format!("{}/sse", server.url()), &[], None).status, 404);
    server.stop();
}

#[test]
fn what_is_kept_in_a_folder_outlives_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = ["--data", folder.path().to_str().expect("UTF-8")];
    let server = Server::start("counter", &data);
    let session = server.begin(&json!({}));
    assert_eq!(count(&server.call_in(&session, "increment", &json!({}))), 1);
    server.stop();
    let server = Server::start("counter", &data);
    assert_eq!(count(&server.call_in(&session, "increment", &json!({}))), 2);
    let headers = [("mcp-session-id", session.as_str())];
    let url = format!("{}/mcp", server.url());
    assert_eq!(server.send("DELETE", &url, &headers, None).status, 204);
    assert_eq!(server.post(&headers, &rpc("tools/list", &json!({}))).status, 404);
    server.stop();
}
