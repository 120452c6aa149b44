//! How the program starts, and how it does not.

use std::process::Command;

use serde_json::json;

use super::world::{Setting, World, get, read};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_to_lambda_and_in_the_log() {
    for (name, value, said) in [
        ("_HANDLER", "mpc", "_HANDLER must be mcp or registration or sweeper"),
        ("MCP_LAMBDA_STACK", "not a stack!", "MCP_LAMBDA_STACK"),
        ("MCP_LAMBDA_SESSIONS_TABLE", "no", "MCP_LAMBDA_SESSIONS_TABLE"),
        ("MCP_LAMBDA_AUTHENTICATION", "", "ok"),
    ] {
        let world = World::start(Setting::with(name, value)).await;
        let (answer, failed) = world.invoke("mcp", &json!({})).await;
        assert!(failed, "{answer}");
        let log = world.log();
        if said == "ok" {
            assert_eq!(answer["errorType"], "Event.Unsupported", "{answer}");
        } else {
            assert!(answer.to_string().contains(said), "{answer}\n{log}");
            assert!(log.contains(said) && log.contains(r#""level":"ERROR""#), "{log}");
        }
        world.end().await;
    }
}

#[test]
fn outside_of_lambda_it_says_what_it_is() {
    let output = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
        .env_remove("AWS_LAMBDA_RUNTIME_API")
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("this program is started by AWS Lambda"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_stores_it_says_try_again() {
    let setting = Setting::with("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9");
    let world = World::start(setting).await;
    let (status, body) = read(world.open("registration", get("/register")).await).await;
    assert_eq!(status, 503, "{body}");
    assert!(!body.contains("127.0.0.1"), "{body}");
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let (_, body) = world.post(&list).await;
    assert!(body.contains("-32603") && !body.contains("127.0.0.1"), "{body}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sweeper_takes_scheduled_events_only() {
    let world = World::start(Setting::default()).await;
    let (answer, failed) = world.invoke("sweeper", &crate::events::file("url")).await;
    assert!(failed && answer["errorType"] == "Event.Unsupported", "{answer}");
    // Nobody listens at its queues.
    let (answer, failed) = world.invoke("sweeper", &crate::events::file("scheduled")).await;
    assert!(failed && answer["errorType"] == "Sweep.Failed", "{answer}");
    world.end().await;
}
