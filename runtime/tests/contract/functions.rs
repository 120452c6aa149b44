//! Functions that run in the test itself, on its clock: for tests of whoever calls them.
//!
//! They are held to the same contract as real ones.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mcp_lambda_runtime::port::contract::invoker::{self, Functions, PAUSE};
use mcp_lambda_runtime::port::{Answer, AnswerStream, Invocation, InvokeError, Invoker};
use mcp_lambda_runtime::registration::arn::FunctionArn;
use serde_json::{Value, json};
use tokio::time::Instant;

/// Lambda's bound of an event.
const MAX_EVENT_BYTES: usize = 6 * 1024 * 1024;

#[tokio::test(start_paused = true)]
async fn contract() {
    invoker::all(Arc::new(InProcess::default()), &well_known()).await;
}

/// The functions of the invoker's contract.
pub(crate) fn well_known() -> Functions {
    Functions {
        echo: arn("echo"),
        fail: arn("fail"),
        slow: arn("slow"),
        stream: arn("stream"),
        missing: arn("missing"),
    }
}

pub(crate) fn arn(name: &str) -> FunctionArn {
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    FunctionArn::parse(&arn).expect("an ARN")
}

/// Calls the functions below, and remembers the events of those that are not to be called twice.
#[derive(Clone, Debug, Default)]
pub(crate) struct InProcess {
    pub(crate) once: Arc<Mutex<Vec<String>>>,
}

enum Step {
    Piece(Bytes),
    Pause(Duration),
    Fail(String),
}

impl InProcess {
    fn start(&self, invocation: &Invocation) -> Result<Steps, InvokeError> {
        let name = invocation.function.function_name();
        let text = String::from_utf8(invocation.payload.to_vec()).expect("events are UTF-8");
        if text.len() > MAX_EVENT_BYTES {
            return Err(InvokeError::TooLarge);
        }
        let event: Value = serde_json::from_str(&text).expect("events are JSON");
        let steps = match name {
            "echo" if event == "context" => piece(context(invocation).to_string()),
            "echo" => piece(text),
            "fail" => vec![Step::Fail(event.as_str().unwrap_or("it was to fail").to_owned())],
            "slow" => {
                let wait = Duration::from_millis(event.as_u64().unwrap_or(60_000));
                vec![Step::Pause(wait), Step::Piece(text.into())]
            }
            "stream" => stream(&event),
            "count" => count(),
            "ask" => piece(ask(&event).to_string()),
            "page" => piece(json!({"contents": [{"uri": event["uri"], "text": "a"}]}).to_string()),
            "prompt" => piece(prompt().to_string()),
            "once" => {
                self.once.lock().expect("no panic").push(text.clone());
                piece(text)
            }
            _ => return Err(InvokeError::NotFound(name.to_owned())),
        };
        let deadline = Instant::now() + invocation.timeout;
        Ok(Steps { steps: steps.into(), deadline, failure: None })
    }
}

fn piece(text: String) -> Vec<Step> {
    vec![Step::Piece(text.into())]
}

fn context(invocation: &Invocation) -> Value {
    let context = invocation.client_context.as_deref().unwrap_or("{}");
    let context: Value = serde_json::from_str(context).expect("contexts are JSON");
    context["custom"].clone()
}

fn stream(event: &Value) -> Vec<Step> {
    let mut steps = Vec::new();
    for (index, piece) in event.as_array().into_iter().flatten().enumerate() {
        if index > 0 {
            steps.push(Step::Pause(PAUSE));
        }
        steps.push(match piece.as_str() {
            Some(text) => Step::Piece(text.to_owned().into()),
            None => Step::Fail("it ended".to_owned()),
        });
    }
    steps
}

/// Five lines of log and progress, cut anywhere, and a result.
fn count() -> Vec<Step> {
    let mut text = String::new();
    for number in 1..=5 {
        let params = json!({"progress": number, "total": 5});
        let progress = json!({"method": "notifications/progress", "params": params});
        let params = json!({"level": "info", "data": number});
        let log = json!({"method": "notifications/message", "params": params});
        text.push_str(&format!("{progress}\n{log}\n"));
    }
    text.push_str(r#"{"content":[{"type":"text","text":"counted"}]}"#);
    let chunks = text.as_bytes().chunks(100);
    chunks
        .flat_map(|chunk| [Step::Pause(PAUSE), Step::Piece(Bytes::copy_from_slice(chunk))])
        .collect()
}

/// Asks two things at once, and answers with the answers.
fn ask(event: &Value) -> Value {
    let answers = &event["_mcp"]["inputResponses"];
    if answers.is_object() {
        return json!({"content": [{"type": "text", "text": answers.to_string()}]});
    }
    let question = |text: &str| {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
        let params = json!({"message": text, "requestedSchema": schema});
        json!({"method": "elicitation/create", "params": params})
    };
    let questions = json!({"one": question("one?"), "two": question("two?")});
    json!({"resultType": "input_required", "inputRequests": questions, "requestState": "s"})
}

fn prompt() -> Value {
    json!({"messages": [{"role": "user", "content": {"type": "text", "text": "hello"}}]})
}

#[async_trait]
impl Invoker for InProcess {
    async fn invoke(&self, invocation: Invocation) -> Result<Answer, InvokeError> {
        let mut steps = self.start(&invocation)?;
        let mut whole = Vec::new();
        while let Some(piece) = steps.next().await {
            whole.extend_from_slice(&piece);
        }
        Ok(match steps.failure {
            Some(error) => Answer { payload: error, failed: true },
            None => Answer { payload: whole.into(), failed: false },
        })
    }

    async fn invoke_streaming(
        &self,
        invocation: Invocation,
    ) -> Result<Box<dyn AnswerStream>, InvokeError> {
        Ok(Box::new(self.start(&invocation)?))
    }

    async fn probe(&self, function: &FunctionArn) -> Result<(), InvokeError> {
        let (payload, timeout) = (Bytes::from_static(b"null"), Duration::ZERO);
        let function = function.clone();
        let call = Invocation { function, payload, client_context: None, trace: None, timeout };
        Self::default().start(&call).map(|_| ())
    }
}

/// A function that runs.
struct Steps {
    steps: VecDeque<Step>,
    deadline: Instant,
    failure: Option<Bytes>,
}

impl Steps {
    fn fail(&mut self, kind: &str, message: &str) {
        self.steps.clear();
        self.failure = Some(json!({"errorType": kind, "errorMessage": message}).to_string().into());
    }
}

#[async_trait]
impl AnswerStream for Steps {
    async fn next(&mut self) -> Option<Bytes> {
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Piece(piece) => return Some(piece),
                Step::Fail(message) => self.fail("Error", &message),
                Step::Pause(pause) => {
                    let until = (Instant::now() + pause).min(self.deadline);
                    tokio::time::sleep_until(until).await;
                    if until == self.deadline {
                        self.fail("Sandbox.Timedout", "it took too long");
                    }
                }
            }
        }
        None
    }

    fn failure(&self) -> Option<Bytes> {
        self.failure.clone()
    }
}
