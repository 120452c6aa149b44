//! What goes over the wire.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use mcp_lambda_runtime::aws::lambda::LambdaInvoker;
use mcp_lambda_runtime::port::{Answer, Invocation, Invoker};
use mcp_lambda_runtime::registration::arn::FunctionArn;

use crate::server::{self, full};
use crate::{configuration, frames};

#[derive(Clone, Debug)]
struct Seen {
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

async fn recorded() -> (LambdaInvoker, Arc<Mutex<Vec<Seen>>>) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = log.clone();
    let address = server::start(move |request| {
        let seen = seen.clone();
        async move {
            let (parts, body) = request.into_parts();
            let path = parts.uri.to_string();
            let answer = if path.contains("streaming") {
                Response::new(full(frames::event("InvokeComplete", "{}")))
            } else if parts.headers.get("x-amz-invocation-type").is_some_and(|it| it == "DryRun") {
                let mut answer = Response::new(full(""));
                *answer.status_mut() = StatusCode::NO_CONTENT;
                answer
            } else {
                let answer = Response::builder().header("x-amz-function-error", "Unhandled");
                answer.body(full(r#"{"errorType":"A"}"#)).expect("an answer")
            };
            seen.lock().expect("no panic").push(Seen { path, headers: parts.headers, body });
            answer
        }
    })
    .await;
    (LambdaInvoker::new(configuration(address)), log)
}

fn function(region: &str) -> FunctionArn {
    let arn = format!("arn:aws:lambda:{region}:123456789012:function:f_1:live");
    FunctionArn::parse(&arn).expect("an ARN")
}

#[tokio::test]
async fn requests_say_what_the_caller_said() {
    let (invoker, log) = recorded().await;
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
    let call = |region: &str, trace: &str| Invocation {
        function: function(region),
        payload: Bytes::from_static(br#"{"a": 1}"#),
        client_context: Some(r#"{"custom":{}}"#.to_owned()),
        trace: Some(trace.to_owned()),
        timeout: Duration::from_secs(20),
    };
    let answer = invoker.invoke(call("eu-west-1", trace)).await.expect("an answer");
    let payload = Bytes::from_static(br#"{"errorType":"A"}"#);
    assert_eq!(answer, Answer { payload, failed: true });
    invoker.invoke_streaming(call("us-gov-west-1", trace)).await.expect("a stream");
    invoker.probe(&function("eu-west-1")).await.expect("it is there");
    invoker.invoke(call("eu-west-1", "no\nheader")).await.expect("an answer");

    let seen = log.lock().expect("no panic").clone();
    let [invoke, stream, probe, traceless] = seen.as_slice() else { panic!("{seen:?}") };
    let name =
        |region| format!("arn%3Aaws%3Alambda%3A{region}%3A123456789012%3Afunction%3Af_1%3Alive");
    let buffered = format!("/2015-03-31/functions/{}/invocations", name("eu-west-1"));
    let streamed =
        format!("/2021-11-15/functions/{}/response-streaming-invocations", name("us-gov-west-1"));
    assert_eq!([&invoke.path, &stream.path, &probe.path], [&buffered, &streamed, &buffered]);
    for (call, region) in [(invoke, "eu-west-1"), (stream, "us-gov-west-1")] {
        assert_eq!(call.body, r#"{"a": 1}"#);
        assert_eq!(call.header("x-amz-client-context"), "eyJjdXN0b20iOnt9fQ==");
        assert_eq!(call.header("x-amzn-trace-id"), trace);
        let scope = format!("/{region}/lambda/aws4_request");
        assert!(call.header("authorization").contains(&scope), "{}", call.header("authorization"));
    }
    assert_eq!((probe.header("x-amz-invocation-type"), probe.body.len()), ("DryRun", 0));
    assert_eq!(traceless.header("x-amzn-trace-id"), "");
}
