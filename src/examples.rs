//! Example functions that are there from the first second: this program itself, run as a Lambda
//! function by the local host.

use std::collections::BTreeMap;
use std::time::SystemTime;

use lambda_host::{FunctionConfig, FunctionName, RawFunction};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};

use crate::exit::Failure;

/// The functions and what is registered for them.
const FUNCTIONS: [&str; 2] = ["example-echo", "example-clock"];

/// The functions for the local host.
pub(crate) fn functions() -> Result<BTreeMap<FunctionName, FunctionConfig>, Failure> {
    let doing = "finding this program's own file";
    let program = std::env::current_exe().map_err(|source| Failure::System { doing, source })?;
    let base = std::env::current_dir().map_err(|source| Failure::System { doing, source })?;
    let one = |name: &str| {
        let command = vec![
            program.to_string_lossy().into_owned(),
            "example-function".to_owned(),
            name.to_owned(),
        ];
        let raw = RawFunction { command, ..RawFunction::default() };
        let name = FunctionName::parse(name).map_err(|error| Failure::Bug(error.to_string()))?;
        let config = FunctionConfig::from_raw(&name, raw, &base)
            .map_err(|error| Failure::Bug(error.to_string()))?;
        Ok((name, config))
    };
    FUNCTIONS.into_iter().map(one).collect()
}

/// What is registered with a new store: bodies of `POST /register`.
pub(crate) fn registrations() -> Vec<Value> {
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    vec![
        json!({
            "type": "tool", "name": "example_echo", "title": "Echo",
            "description": "Says back what it is told. An example that needs nothing installed.",
            "lambdaArn": arn("example-echo"),
            "inputSchema": {
                "type": "object",
                "properties": {"text": {"type": "string", "description": "What to say."}},
                "required": ["text"]
            },
            "annotations": {"readOnlyHint": true, "openWorldHint": false}
        }),
        json!({
            "type": "tool", "name": "example_clock", "title": "Clock",
            "description": "Tells the time in UTC.",
            "lambdaArn": arn("example-clock"),
            "outputSchema": {
                "type": "object",
                "properties": {"epochSeconds": {"type": "integer"}},
                "required": ["epochSeconds"]
            },
            "annotations": {"readOnlyHint": true, "openWorldHint": false}
        }),
        json!({
            "type": "resource", "name": "example_guide", "title": "First steps",
            "description": "How to register a function of your own.",
            "uri": "mcp-lambda://guide", "mimeType": "text/markdown",
            "text": "# First steps\n\nDescribe a Lambda function in `mcp-lambda.toml`, start \
                     `mcp-lambda serve --functions mcp-lambda.toml`, and send a registration to \
                     `POST /register`.\n"
        }),
        json!({
            "type": "prompt", "name": "example_introduction", "title": "Introduction",
            "description": "Asks the model to introduce the tools of this server.",
            "arguments": [{
                "name": "audience", "description": "For whom.", "required": true,
                "completions": ["developers", "managers", "children"]
            }],
            "messages": [{
                "role": "user",
                "content": {"type": "text", "text": "Introduce the tools of this server to {{audience}}."}
            }]
        }),
    ]
}

/// Runs an example function until the host ends it.
pub(crate) fn run(name: &str) -> Result<(), Failure> {
    let handler: fn(Value) -> Value = match name {
        "example-echo" => |event| event.get("text").cloned().unwrap_or(Value::Null),
        "example-clock" => |_| json!({"epochSeconds": epoch_seconds()}),
        other => return Err(Failure::Example(format!("there is none called {other}"))),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::System { doing: "starting", source })?;
    let service = service_fn(move |event: LambdaEvent<Value>| async move {
        Ok::<_, std::convert::Infallible>(handler(event.payload))
    });
    runtime
        .block_on(lambda_runtime::run(service))
        .map_err(|error| Failure::Example(error.to_string()))
}

#[expect(clippy::disallowed_methods, reason = "a function of its own process, telling the time")]
fn epoch_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
