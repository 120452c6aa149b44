//! Functions that run in the test: an invoker over plain closures that keeps what it was sent.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mcp_lambda_runtime::port::{Answer, AnswerStream, Invocation, InvokeError, Invoker};
use mcp_lambda_runtime::registration::arn::FunctionArn;
use serde_json::{Value, json};

/// What a function does with an event.
type Function = Box<dyn Fn(&Value) -> Outcome + Send + Sync>;

/// How a call of a function ends.
pub(crate) enum Outcome {
    /// With these bytes.
    Returns(Vec<u8>),
    /// With Lambda's error object.
    Fails(&'static str),
    /// In pieces, with a pause before each.
    Streams(Vec<&'static str>),
    /// Never.
    Hangs,
    /// Before it began.
    Refused(InvokeError),
}

/// The functions by name, and every call of them.
#[derive(Default)]
pub(crate) struct Functions {
    added: Mutex<HashMap<String, Function>>,
    calls: Mutex<Vec<Invocation>>,
}

impl Functions {
    /// Adds or replaces a function.
    pub(crate) fn add(
        &self,
        name: &str,
        function: impl Fn(&Value) -> Outcome + Send + Sync + 'static,
    ) {
        self.added.lock().expect("no panic").insert(name.to_owned(), Box::new(function));
    }

    /// Takes the calls since the last time.
    pub(crate) fn calls(&self) -> Vec<Invocation> {
        std::mem::take(&mut self.calls.lock().expect("no panic"))
    }

    fn run(&self, invocation: &Invocation) -> Result<Outcome, InvokeError> {
        self.calls.lock().expect("no panic").push(invocation.clone());
        let event: Value = serde_json::from_slice(&invocation.payload).expect("events are JSON");
        let name = invocation.function.function_name();
        if let Some(function) = self.added.lock().expect("no panic").get(name) {
            return Ok(function(&event));
        }
        built_in(name, &event).ok_or_else(|| InvokeError::NotFound(name.to_owned()))
    }
}

fn built_in(name: &str, event: &Value) -> Option<Outcome> {
    let asked = event.pointer("/_mcp/inputResponses/name/content/name").and_then(Value::as_str);
    let returns = |value: Value| Outcome::Returns(value.to_string().into_bytes());
    Some(match name {
        "echo" => Outcome::Returns(
            format!(
                r#"{{"content" : [ {{"type":"text","text":{}}} ],"x-Extra":1.50}}"#,
                event["text"]
            )
            .into_bytes(),
        ),
        "plain" => returns(json!({"celsius": 22})),
        "fail" => Outcome::Fails(
            r#"{"errorType":"KeyError","errorMessage":"'city' in /var/task/app.py","stackTrace":["line 1"]}"#,
        ),
        "ask" => match asked {
            Some(name) => returns(json!(format!("Hello, {name}!"))),
            None => returns(json!({
                "resultType": "input_required",
                "inputRequests": {"name": {"method": "elicitation/create", "params": {
                    "message": "Who?", "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}}}},
                "requestState": "step-1"
            })),
        },
        "progress" => Outcome::Streams(vec![
            "{\"method\":\"notifications/progress\",\"params\":{\"progress\":1,\"total\":2}}\n",
            "{\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"half\"}}\n",
            "{\"method\":\"notifications/progress\",\"params\":{\"progress\":2,\"total\":2}}\n",
            "{\"content\":[{\"type\":\"text\",\"text\":\"done\"}]}",
        ]),
        "slow" => Outcome::Hangs,
        "page" => {
            returns(json!(format!("page {}", event["variables"]["id"].as_str().unwrap_or("?"))))
        }
        _ => return None,
    })
}

/// What `TestGateway::new` registers.
pub(crate) fn registrations() -> Vec<Value> {
    let tool = |name: &str, more: Value| {
        let mut body = json!({
            "type": "tool", "name": name, "description": format!("The tool {name}."), "lambdaArn": arn(name)
        });
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().cloned().unwrap_or_default());
        body
    };
    vec![
        tool("echo", json!({"parameters": {"text": "string"}})),
        tool("plain", json!({})),
        tool("fail", json!({})),
        tool("ask", json!({})),
        tool("progress", json!({"invokeMode": "stream"})),
        tool("slow", json!({"timeoutSeconds": 3})),
        tool(
            "mirror",
            json!({"lambdaArn": arn("plain"), "inputSchema": {
            "type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}}),
        ),
        json!({"type": "resource", "name": "notes", "description": "Notes.", "uri": "notes://today",
               "mimeType": "text/plain", "text": "Nothing."}),
        json!({"type": "resource", "name": "page", "description": "A page.", "uriTemplate": "pages://{id}",
               "lambdaArn": arn("page"), "completions": {"id": ["one", "other", "two"]}}),
        json!({"type": "prompt", "name": "greet", "description": "Greets.",
               "arguments": [{"name": "who", "required": true, "completions": ["Ann", "Bob"]}],
               "messages": [{"role": "user", "content": {"type": "text", "text": "Hello, {{who}}"}}]}),
    ]
}

/// The ARN of a function of the tests.
pub(crate) fn arn(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:000000000000:function:{name}")
}

/// How long a streaming function thinks before each piece.
const PAUSE: Duration = Duration::from_millis(50);

#[async_trait]
impl Invoker for Functions {
    async fn invoke(&self, invocation: Invocation) -> Result<Answer, InvokeError> {
        match self.run(&invocation)? {
            Outcome::Returns(bytes) => Ok(Answer { payload: bytes.into(), failed: false }),
            Outcome::Fails(error) => Ok(Answer { payload: error.into(), failed: true }),
            Outcome::Streams(pieces) => {
                Ok(Answer { payload: pieces.concat().into(), failed: false })
            }
            Outcome::Hangs => std::future::pending().await,
            Outcome::Refused(error) => Err(error),
        }
    }

    async fn invoke_streaming(
        &self,
        invocation: Invocation,
    ) -> Result<Box<dyn AnswerStream>, InvokeError> {
        match self.run(&invocation)? {
            Outcome::Streams(pieces) => Ok(Box::new(Pieces { pieces, failure: None })),
            Outcome::Fails(error) => {
                Ok(Box::new(Pieces { pieces: Vec::new(), failure: Some(error) }))
            }
            Outcome::Refused(error) => Err(error),
            Outcome::Returns(_) | Outcome::Hangs => std::future::pending().await,
        }
    }

    async fn probe(&self, function: &FunctionArn) -> Result<(), InvokeError> {
        let name = function.function_name();
        let added = self.added.lock().expect("no panic").contains_key(name);
        match added || built_in(name, &json!({"text": ""})).is_some() {
            true => Ok(()),
            false => Err(InvokeError::NotFound(name.to_owned())),
        }
    }
}

struct Pieces {
    pieces: Vec<&'static str>,
    failure: Option<&'static str>,
}

#[async_trait]
impl AnswerStream for Pieces {
    async fn next(&mut self) -> Option<Bytes> {
        if self.pieces.is_empty() {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
        Some(Bytes::from_static(self.pieces.remove(0).as_bytes()))
    }

    fn failure(&self) -> Option<Bytes> {
        self.failure.map(|error| Bytes::from_static(error.as_bytes()))
    }
}
