//! A function on `lambda_runtime` that does what its event says; the tests run it.
//!
//! `{"do": "echo"}`, `wait`, `context`, `print`, `exit`, `abort`, `error`, `panic`, `large`,
//! `family` or `stream`. A *gate* is an address that the function connects to and then waits at
//! for one byte per step, so that a test decides when it goes on.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::process::Command;

use lambda_runtime::streaming::Body;
use lambda_runtime::{Error, FunctionResponse, LambdaEvent, MetadataPrelude, StreamResponse};
use lambda_runtime::{run, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["hold", gate] => hold(gate),
        ["never"] => std::future::pending().await,
        ["exit", status] => std::process::exit(status.parse()?),
        _ => run(service_fn(handle)).await,
    }
}

/// What a test asks for; every key but `do` is for some of the deeds only.
#[derive(Deserialize)]
struct Wish {
    #[serde(rename = "do")]
    deed: String,
    #[serde(default)]
    gate: String,
    #[serde(default)]
    lines: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    status: i32,
    #[serde(default)]
    size: usize,
    #[serde(default)]
    head: Value,
}

type Answer = FunctionResponse<Value, Body>;

async fn handle(event: LambdaEvent<Value>) -> Result<Answer, Error> {
    // Behind a URL the wish is the body of the HTTP request.
    let wish: Wish = match event.payload.get("requestContext") {
        None => serde_json::from_value(event.payload.clone())?,
        Some(_) => serde_json::from_str(event.payload["body"].as_str().unwrap_or_default())?,
    };
    let value = match wish.deed.as_str() {
        "echo" => event.payload,
        "wait" => {
            pass(&mut knock(&wish.gate).await?).await?;
            json!(std::process::id())
        }
        "context" => context(&event, &wish.names),
        "print" => {
            print_lines(&wish.lines)?;
            Value::Null
        }
        "exit" => {
            print_lines(&wish.lines)?;
            std::process::exit(wish.status)
        }
        "abort" => std::process::abort(),
        "error" => return Err("it went wrong".into()),
        "panic" => panic!("it went very wrong"),
        "large" => json!("x".repeat(wish.size.saturating_sub(2))),
        "family" => {
            let program = std::env::current_exe()?;
            // Nobody waits for it: it is to be ended with its parent.
            drop(Command::new(program).args(["hold", &wish.gate]).spawn()?);
            json!(std::process::id())
        }
        "stream" => return stream(wish).await,
        other => return Err(format!("cannot do {other:?}").into()),
    };
    Ok(FunctionResponse::BufferedResponse(value))
}

fn context(event: &LambdaEvent<Value>, names: &[String]) -> Value {
    let context = &event.context;
    let environment: BTreeMap<_, _> =
        names.iter().map(|name| (name, std::env::var(name).ok())).collect();
    json!({
        "request_id": context.request_id,
        "deadline_ms": context.deadline,
        "arn": context.invoked_function_arn,
        "trace_id": context.xray_trace_id,
        "client_context": context.client_context,
        "environment": environment,
        "directory": std::env::current_dir().ok(),
    })
}

/// Prints lines, those that begin with `!` on the standard error output.
fn print_lines(lines: &[String]) -> std::io::Result<()> {
    use std::io::Write;
    for line in lines {
        match line.strip_prefix('!') {
            Some(line) => writeln!(std::io::stderr(), "{line}")?,
            None => writeln!(std::io::stdout(), "{line}")?,
        }
    }
    Ok(())
}

/// Streams each line after one step at the gate, if there is a gate.
async fn stream(wish: Wish) -> Result<Answer, Error> {
    let mut gate = match wish.gate.as_str() {
        "" => None,
        gate => Some(knock(gate).await?),
    };
    let mut head = MetadataPrelude::default();
    if let Some(status) = wish.head["status"].as_u64() {
        head.status_code = u16::try_from(status)?.try_into()?;
    }
    for (name, value) in wish.head["headers"].as_object().into_iter().flatten() {
        let name: http::HeaderName = name.parse()?;
        head.headers.append(name, value.as_str().unwrap_or_default().parse()?);
    }
    if let Some(cookies) = wish.head["cookies"].as_array() {
        head.cookies = cookies.iter().filter_map(|c| c.as_str().map(str::to_owned)).collect();
    }
    let (mut sender, body) = lambda_runtime::streaming::channel();
    tokio::spawn(async move {
        for line in wish.lines {
            if let Some(gate) = &mut gate
                && pass(gate).await.is_err()
            {
                return;
            }
            if sender.send_data(line.into()).await.is_err() {
                return;
            }
        }
    });
    let response = StreamResponse { metadata_prelude: head, stream: body };
    Ok(FunctionResponse::StreamingResponse(response))
}

async fn knock(gate: &str) -> std::io::Result<tokio::net::TcpStream> {
    tokio::net::TcpStream::connect(gate).await
}

async fn pass(gate: &mut tokio::net::TcpStream) -> std::io::Result<()> {
    gate.read_u8().await.map(drop)
}

/// Holds a connection open until it is killed.
fn hold(gate: &str) -> ! {
    let _connection = TcpStream::connect(gate);
    loop {
        std::thread::park();
    }
}
