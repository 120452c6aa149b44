//! Tools for the tests of the deployed gateway, on `lambda_runtime`. The argument says which:
//! `echo` returns its event, `slow` takes `ms` milliseconds, `stream` says something, waits for
//! `ms` and returns.

use std::time::Duration;

use lambda_runtime::streaming::{self, Body};
use lambda_runtime::{Error, FunctionResponse, LambdaEvent, StreamResponse, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let role = std::env::args().nth(1).unwrap_or_default();
    run(service_fn(|event| handle(&role, event))).await
}

type Answer = FunctionResponse<Value, Body>;

async fn handle(role: &str, event: LambdaEvent<Value>) -> Result<Answer, Error> {
    let pause = Duration::from_millis(event.payload["ms"].as_u64().unwrap_or_default());
    match role {
        "echo" => Ok(FunctionResponse::BufferedResponse(event.payload)),
        "slow" => {
            tokio::time::sleep(pause).await;
            Ok(FunctionResponse::BufferedResponse(json!({ "slept": true })))
        }
        "stream" => Ok(stream(pause)),
        other => Err(format!("there is no function {other:?}").into()),
    }
}

fn stream(pause: Duration) -> Answer {
    let (mut sender, body) = streaming::channel();
    tokio::spawn(async move {
        let note = json!({
            "jsonrpc": "2.0", "method": "notifications/message",
            "params": { "level": "info", "data": "on the way" }
        });
        // Whoever has gone away hears nothing.
        let _ = sender.send_data(format!("{note}\n").into()).await;
        tokio::time::sleep(pause).await;
        let _ = sender.send_data("{\"done\":true}\n".into()).await;
    });
    FunctionResponse::StreamingResponse(StreamResponse::from(body))
}
