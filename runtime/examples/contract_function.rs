//! The functions of the invoker's contract (`port::contract::invoker`), on `lambda_runtime`.
//!
//! The argument says which: `echo`, `fail`, `slow` or `stream`. The same program can be deployed,
//! to hold an invoker on AWS to the same suite.

use std::time::Duration;

use lambda_runtime::streaming::{self, Body};
use lambda_runtime::{Error, FunctionResponse, LambdaEvent, StreamResponse, run, service_fn};
use mcp_lambda_runtime::port::contract::invoker::PAUSE;
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let role = std::env::args().nth(1).unwrap_or_default();
    run(service_fn(|event| handle(&role, event))).await
}

type Answer = FunctionResponse<Box<RawValue>, Body>;

async fn handle(role: &str, event: LambdaEvent<Box<RawValue>>) -> Result<Answer, Error> {
    let text = event.payload.get();
    match role {
        "echo" if text == r#""context""# => {
            let custom = event.context.client_context.map(|context| context.custom);
            let custom = serde_json::value::to_raw_value(&custom)?;
            Ok(FunctionResponse::BufferedResponse(custom))
        }
        "echo" => Ok(FunctionResponse::BufferedResponse(event.payload)),
        "fail" => Err(serde_json::from_str::<String>(text)?.into()),
        "slow" => {
            tokio::time::sleep(Duration::from_millis(text.parse()?)).await;
            Ok(FunctionResponse::BufferedResponse(event.payload))
        }
        "stream" => Ok(stream(serde_json::from_str(text)?)),
        other => Err(format!("there is no function {other:?}").into()),
    }
}

fn stream(pieces: Vec<Option<String>>) -> Answer {
    let (mut sender, body) = streaming::channel();
    tokio::spawn(async move {
        for (index, piece) in pieces.into_iter().enumerate() {
            if index > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let Some(piece) = piece else { std::process::exit(1) };
            if sender.send_data(piece.into()).await.is_err() {
                return;
            }
        }
    });
    FunctionResponse::StreamingResponse(StreamResponse::from(body))
}
