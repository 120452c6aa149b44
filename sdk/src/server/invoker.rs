//! Calls of the author's functions, in the place of Lambda functions.
//!
//! The gateway's events go in and its answers come out as they do with a Lambda function, so that
//! everything before and behind is the same code.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use mcp_lambda_runtime::port::{Answer, AnswerStream, Invocation, InvokeError, Invoker};
use mcp_lambda_runtime::registration::arn::FunctionArn;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Handler, definitions};
use crate::context::{Context, Dialogue, Facts, Resumed, Stores};
use crate::error::ToolError;
use crate::prompt::{Prompt, PromptRequest};
use crate::resource::{Resource, ResourceRequest};
use crate::tool::Tool;

/// Notifications that may wait for a slow client; the tool itself waits when there are more.
const QUEUE: usize = 16;
/// Invalid parameters (JSON-RPC 2.0, section 5.1).
const INVALID_PARAMS: i32 = -32602;

/// The functions of a server, each at its place.
pub(super) struct InProcess {
    handlers: Vec<Handler>,
    stores: Arc<Stores>,
}

/// What a function returns, or the error object of one that panicked.
type Returned = Result<String, Bytes>;

impl InProcess {
    pub(super) fn new(handlers: Vec<Handler>, stores: Arc<Stores>) -> Self {
        Self { handlers, stores }
    }

    fn find(&self, function: &FunctionArn) -> Result<&Handler, InvokeError> {
        let name = function.function_name();
        definitions::place(name)
            .and_then(|place| self.handlers.get(place))
            .ok_or_else(|| InvokeError::NotFound(name.to_owned()))
    }

    fn begin(
        &self,
        invocation: Invocation,
        lines: Option<mpsc::Sender<String>>,
    ) -> Result<Pin<Box<dyn Future<Output = Returned> + Send>>, InvokeError> {
        let handler = self.find(&invocation.function)?.clone();
        let malformed = || InvokeError::Unavailable("the event is not as expected".to_owned());
        let event = std::str::from_utf8(&invocation.payload).map_err(|_| malformed())?.to_owned();
        let resumed = resumed(&handler, &event).ok_or_else(malformed)?;
        let facts = Facts::read(invocation.client_context.as_deref());
        let modern = facts.is_modern();
        let deadline = Instant::now() + invocation.timeout;
        let dialogue = Dialogue::resume(resumed);
        let context = Context::new(facts, deadline, dialogue, lines, self.stores.clone());
        let work = async move {
            match handler {
                Handler::Tool(tool) => call(&*tool, &context, &event, modern).await,
                Handler::Resource(resource) => read(&*resource, &context, &event).await,
                Handler::Prompt(prompt) => get(&*prompt, &context, &event).await,
            }
        };
        let caught = AssertUnwindSafe(work).catch_unwind();
        Ok(Box::pin(caught.map(|ended| ended.unwrap_or_else(|panic| Err(panicked(&*panic))))))
    }
}

/// The error object of a function that panicked.
fn panicked(panic: &(dyn Any + Send)) -> Bytes {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    failed("Panic", text.unwrap_or_default())
}

fn failed(kind: &str, text: &str) -> Bytes {
    json!({ "errorType": kind, "errorMessage": text }).to_string().into()
}

/// Runs a function until it has a result, or asks: `None`.
async fn drive<T>(work: impl Future<Output = T>, dialogue: &Dialogue) -> Option<T> {
    let mut work = std::pin::pin!(work);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending if dialogue.is_asking() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// What a client sent along; prompts have it among their parameters.
fn resumed(handler: &Handler, event: &str) -> Option<Resumed> {
    #[derive(Deserialize)]
    struct Bare {
        #[serde(default, rename = "_mcp")]
        resumed: Resumed,
    }
    #[derive(Deserialize)]
    struct Message {
        params: Resumed,
    }
    match handler {
        Handler::Tool(_) | Handler::Resource(_) => {
            serde_json::from_str(event).ok().map(|bare: Bare| bare.resumed)
        }
        Handler::Prompt(_) => {
            serde_json::from_str(event).ok().map(|message: Message| message.params)
        }
    }
}

async fn call(tool: &dyn Tool, context: &Context, event: &str, modern: bool) -> Returned {
    match drive(tool.call(context, event), context.dialogue()).await {
        Some(reply) => Ok(reply.render(modern)),
        None => Ok(context.dialogue().render()),
    }
}

async fn read(resource: &dyn Resource, context: &Context, event: &str) -> Returned {
    #[derive(Deserialize)]
    struct Event {
        action: String,
        #[serde(default)]
        uri: String,
        #[serde(default)]
        variables: BTreeMap<String, String>,
    }
    let event: Event =
        serde_json::from_str(event).map_err(|error| failed("Event", &error.to_string()))?;
    if event.action != "read" {
        return Ok(r#"{"values":[]}"#.to_owned());
    }
    let request = ResourceRequest { uri: event.uri, variables: event.variables };
    match drive(resource.read(context, &request), context.dialogue()).await {
        Some(Ok(contents)) => {
            let mime_type = resource.definition().mime_type;
            let contents = contents.render(&request.uri, mime_type.as_deref());
            Ok(json!({ "contents": contents }).to_string())
        }
        Some(Err(error)) => Err(failed("Error", &error.to_string())),
        None => Ok(context.dialogue().render()),
    }
}

async fn get(prompt: &dyn Prompt, context: &Context, event: &str) -> Returned {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
        method: String,
        params: Params,
    }
    #[derive(Deserialize)]
    struct Params {
        #[serde(default)]
        arguments: BTreeMap<String, String>,
    }
    let read: Event<'_> =
        serde_json::from_str(event).map_err(|error| failed("Event", &error.to_string()))?;
    let answer = |member: &str, value: &str| {
        Ok(format!(r#"{{"jsonrpc":"2.0","id":{},"{member}":{value}}}"#, read.id))
    };
    if read.method != "prompts/get" {
        return answer("result", r#"{"completion":{"values":[]}}"#);
    }
    let request = PromptRequest { arguments: read.params.arguments };
    let refused =
        |error: &ToolError| json!({ "code": INVALID_PARAMS, "message": error.to_string() });
    match drive(prompt.get(context, &request), context.dialogue()).await {
        Some(Ok(messages)) => {
            let result: Value =
                json!({ "description": prompt.definition().description, "messages": messages });
            answer("result", &result.to_string())
        }
        Some(Err(error)) => answer("error", &refused(&error).to_string()),
        None => answer("result", &context.dialogue().render()),
    }
}

/// A running tool.
struct Running {
    work: Option<Pin<Box<dyn Future<Output = Returned> + Send>>>,
    lines: mpsc::Receiver<String>,
    failure: Option<Bytes>,
}

#[async_trait]
impl AnswerStream for Running {
    async fn next(&mut self) -> Option<Bytes> {
        let work = self.work.as_mut()?;
        let returned = tokio::select! {
            biased;
            Some(line) = self.lines.recv() => return Some(line.into()),
            returned = work => returned,
        };
        self.work = None;
        let mut last = String::new();
        while let Ok(line) = self.lines.try_recv() {
            last.push_str(&line);
        }
        match returned {
            Ok(result) => last.push_str(&result),
            Err(error) => self.failure = Some(error),
        }
        Some(last.into())
    }

    fn failure(&self) -> Option<Bytes> {
        self.failure.clone()
    }
}

#[async_trait]
impl Invoker for InProcess {
    async fn invoke(&self, invocation: Invocation) -> Result<Answer, InvokeError> {
        Ok(match self.begin(invocation, None)?.await {
            Ok(result) => Answer { payload: result.into(), failed: false },
            Err(error) => Answer { payload: error, failed: true },
        })
    }

    async fn invoke_streaming(
        &self,
        invocation: Invocation,
    ) -> Result<Box<dyn AnswerStream>, InvokeError> {
        let (sender, lines) = mpsc::channel(QUEUE);
        let work = self.begin(invocation, Some(sender))?;
        Ok(Box::new(Running { work: Some(work), lines, failure: None }))
    }

    async fn probe(&self, function: &FunctionArn) -> Result<(), InvokeError> {
        self.find(function).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mcp_lambda_runtime::system::{SystemClock, SystemIds};

    use super::*;
    use crate::prelude::*;

    /// Panics.
    #[tool]
    async fn panics(context: &Context) -> String {
        context.progress(1.0, None, "").await;
        panic!("at {}", "/etc/secret")
    }

    /// Says more before its answer than there is room for.
    #[tool]
    async fn chatters(context: &Context) -> String {
        for number in 0..4 * QUEUE {
            context.progress(number as f64, None, "").await;
        }
        "done".to_owned()
    }

    /// Asks while something else goes on.
    #[tool]
    async fn asks(context: &Context) -> Result<String, ToolError> {
        let roots = tokio::join!(context.roots("roots"), tokio::task::yield_now()).0;
        Ok(roots.len().to_string())
    }

    fn invoker() -> InProcess {
        let stores = Stores {
            data: None,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds::default()),
        };
        let tools: [Arc<dyn Tool>; 3] =
            [Arc::new(panics()), Arc::new(chatters()), Arc::new(asks())];
        InProcess::new(tools.map(Handler::Tool).to_vec(), Arc::new(stores))
    }

    fn invocation(place: usize, payload: &'static str) -> Invocation {
        Invocation {
            function: FunctionArn::parse(&definitions::arn(place)).expect("an ARN"),
            payload: Bytes::from_static(payload.as_bytes()),
            client_context: None,
            trace: None,
            timeout: Duration::from_secs(5),
        }
    }

    /// All of an answer, and the error object of a failure.
    async fn stream(place: usize, payload: &'static str) -> (String, Option<String>) {
        let streaming = invoker().invoke_streaming(invocation(place, payload)).await;
        let mut answer = streaming.expect("it is there");
        let mut whole = Vec::new();
        while let Some(piece) = answer.next().await {
            whole.extend_from_slice(&piece);
        }
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (text(whole), answer.failure().map(|error| text(error.to_vec())))
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_after_what_was_said() {
        let (said, failure) = stream(0, "{}").await;
        assert_eq!(said.lines().count(), 1, "{said}");
        let failure: Value = serde_json::from_str(&failure.expect("a failure")).expect("JSON");
        assert_eq!(failure, json!({ "errorType": "Panic", "errorMessage": "at /etc/secret" }));
    }

    #[tokio::test]
    async fn everything_is_said_in_order() {
        let (said, failure) = stream(1, "{}").await;
        let lines: Vec<Value> =
            said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!((lines.len(), failure), (4 * QUEUE + 1, None));
        for (number, line) in lines[..4 * QUEUE].iter().enumerate() {
            assert_eq!(line["params"]["progress"], number as f64);
        }
        assert_eq!(lines[4 * QUEUE]["content"][0]["text"], "done");
    }

    #[tokio::test]
    async fn a_question_ends_the_run() {
        let (said, _) = stream(2, "{}").await;
        assert!(said.contains(r#""resultType":"input_required""#), "{said}");
        let resumed = r#"{"_mcp":{"inputResponses":{"roots":{"roots":[{"uri":"file:///a"}]}}}}"#;
        let (said, _) = stream(2, resumed).await;
        assert!(said.contains(r#""text":"1""#), "{said}");
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_found() {
        let answer = invoker().invoke(invocation(3, "{}")).await;
        assert_eq!(answer, Err(InvokeError::NotFound("handler-3".to_owned())));
        let answer = invoker().invoke(invocation(2, "[")).await;
        assert!(matches!(answer, Err(InvokeError::Unavailable(_))), "{answer:?}");
    }
}
