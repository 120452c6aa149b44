//! What every invoker of functions must do.
//!
//! The test provides four functions, wherever they run:
//!
//! | name | what it does with its event |
//! |---|---|
//! | `echo` | answers with it, byte for byte; the event `"context"` is answered with the client context's `custom` |
//! | `fail` | fails with it, a string, as its error's message |
//! | `slow` | waits so many milliseconds as it, a number, says, and answers with it |
//! | `stream` | streams the strings of it, an array, with a pause of [`PAUSE`] before each but the first; at `null` its process ends |

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::port::contract::race;
use crate::port::{Answer, Invocation, InvokeError, Invoker};
use crate::registration::arn::FunctionArn;

/// How long `stream` pauses before a piece.
pub const PAUSE: Duration = Duration::from_millis(300);

/// The functions of a test.
#[derive(Clone, Debug)]
pub struct Functions {
    /// Answers with its event.
    pub echo: FunctionArn,
    /// Fails with its event.
    pub fail: FunctionArn,
    /// Takes its time.
    pub slow: FunctionArn,
    /// Answers in pieces.
    pub stream: FunctionArn,
    /// Does not exist.
    pub missing: FunctionArn,
}

/// Holds an invoker to everything below.
pub async fn all(invoker: Arc<dyn Invoker>, functions: &Functions) {
    events_and_answers_pass_unchanged(&*invoker, functions).await;
    the_client_context_reaches_the_function(&*invoker, functions).await;
    a_failure_is_an_answer(&*invoker, functions).await;
    what_is_missing_is_not_called(&*invoker, functions).await;
    events_over_the_limit_are_refused(&*invoker, functions).await;
    nobody_waits_longer_than_the_timeout(&*invoker, functions).await;
    pieces_come_as_they_are_made(&*invoker, functions).await;
    a_stream_that_breaks_is_a_failure(&*invoker, functions).await;
    both_ways_of_calling_suit_all_functions(&*invoker, functions).await;
    calls_that_are_given_up_do_no_harm(&*invoker, functions).await;
    each_caller_gets_its_own_answer(&invoker, functions).await;
}

/// Events and answers are any JSON, up to a megabyte and more, and nobody writes them anew.
pub async fn events_and_answers_pass_unchanged(invoker: &dyn Invoker, functions: &Functions) {
    let large = format!("\"{}\"", "x".repeat(1_500_000));
    let events = ["{}", "null", r#"{"b":1.50,"a":[1e3,"é \" \u0041","\n"],"b2":-0}"#, &large];
    for event in events {
        let answer = invoke(invoker, &functions.echo, event).await;
        assert!(!answer.failed, "echo fails of {:.80}", event);
        assert!(answer.payload == event, "{:.80} came back changed", event);
    }
}

/// The context is there for functions of every runtime.
///
/// Some runtimes read a map of strings and nothing else, and read it from a header, which for some
/// holds ASCII and nothing else: so that is what callers give.
pub async fn the_client_context_reaches_the_function(invoker: &dyn Invoker, functions: &Functions) {
    let custom = r#"{"mcpName":"\u00e9 \" \\ \n","mcpRequestId":"1"}"#;
    let with = Invocation {
        client_context: Some(format!(r#"{{"custom":{custom}}}"#)),
        trace: Some("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1".to_owned()),
        ..invocation(&functions.echo, r#""context""#)
    };
    let answer = invoker.invoke(with).await.expect("an answer");
    let read = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).expect("JSON");
    assert_eq!(read(&answer.payload), read(custom.as_bytes()));
}

/// A function that fails has answered: with Lambda's error object.
pub async fn a_failure_is_an_answer(invoker: &dyn Invoker, functions: &Functions) {
    let answer = invoke(invoker, &functions.fail, r#""it was not to be""#).await;
    assert_failure(answer, "it was not to be");
    let (pieces, failure) = stream(invoker, &functions.fail, r#""nor so""#).await;
    assert_eq!(text(&pieces), "");
    let payload = failure.expect("the error object");
    assert_failure(Answer { payload, failed: true }, "nor so");
}

fn assert_failure(answer: Answer, message: &str) {
    assert!(answer.failed);
    let error: serde_json::Value = serde_json::from_slice(&answer.payload).expect("JSON");
    assert_eq!(error["errorMessage"], message);
    assert!(error["errorType"].is_string(), "{error}");
}

/// A function that does not exist is told apart from one that fails, whichever way it is asked for.
pub async fn what_is_missing_is_not_called(invoker: &dyn Invoker, functions: &Functions) {
    let missing = |result: Option<InvokeError>| match result {
        // Who may call some functions only need not learn which others there are.
        Some(InvokeError::NotFound(_) | InvokeError::Denied(_)) => {}
        other => panic!("a missing function is {other:?}"),
    };
    let call = || invocation(&functions.missing, "{}");
    missing(invoker.invoke(call()).await.err());
    missing(invoker.invoke_streaming(call()).await.err());
    missing(invoker.probe(&functions.missing).await.err());
    for function in [&functions.echo, &functions.fail, &functions.slow, &functions.stream] {
        assert_eq!(invoker.probe(function).await, Ok(()), "{function}");
    }
}

/// An event that Lambda would not take is refused as such.
pub async fn events_over_the_limit_are_refused(invoker: &dyn Invoker, functions: &Functions) {
    let event = format!("\"{}\"", "x".repeat(7 * 1024 * 1024));
    let call = || invocation(&functions.echo, &event);
    assert_eq!(invoker.invoke(call()).await.err(), Some(InvokeError::TooLarge));
    assert_eq!(invoker.invoke_streaming(call()).await.err(), Some(InvokeError::TooLarge));
}

/// After its timeout a caller is told, be it by the port or by whoever runs the function; others
/// can go on calling.
pub async fn nobody_waits_longer_than_the_timeout(invoker: &dyn Invoker, functions: &Functions) {
    let call = || Invocation { timeout: TIMEOUT, ..invocation(&functions.slow, "60000") };
    let told = |result: Result<bool, InvokeError>| match result {
        Ok(failed) => assert!(failed, "it cannot have answered"),
        Err(error) => assert!(matches!(error, InvokeError::TimedOut(_)), "{error:?}"),
    };
    let since = Instant::now();
    told(invoker.invoke(call()).await.map(|answer| answer.failed));
    assert!(since.elapsed() <= TIMEOUT + GRACE, "{:?} is too long", since.elapsed());

    let since = Instant::now();
    told(match invoker.invoke_streaming(call()).await {
        Err(error) => Err(error),
        Ok(mut stream) => {
            while stream.next().await.is_some() {}
            Ok(stream.failure().is_some())
        }
    });
    assert!(since.elapsed() <= TIMEOUT + GRACE, "{:?} is too long", since.elapsed());
    assert_eq!(invoke(invoker, &functions.slow, "1").await.payload, "1");
}

/// The pieces of a stream are handed on while it runs, in order and complete.
pub async fn pieces_come_as_they_are_made(invoker: &dyn Invoker, functions: &Functions) {
    let call = invocation(&functions.stream, r#"["one\n","two\n","é"]"#);
    let mut stream = invoker.invoke_streaming(call).await.expect("a stream");
    let mut pieces = Vec::new();
    let mut first = None;
    while let Some(piece) = stream.next().await {
        pieces.extend_from_slice(&piece);
        if text(&pieces).starts_with("one\n") {
            first.get_or_insert_with(Instant::now);
        }
    }
    assert_eq!(text(&pieces), "one\ntwo\né");
    assert_eq!(stream.failure(), None);
    let ahead = first.expect("it came").elapsed();
    assert!(ahead >= PAUSE, "the first piece came only {ahead:?} before the end");
}

/// A stream whose function ends in the middle has its pieces so far, and a failure.
pub async fn a_stream_that_breaks_is_a_failure(invoker: &dyn Invoker, functions: &Functions) {
    let (pieces, failure) = stream(invoker, &functions.stream, r#"["one",null]"#).await;
    assert_eq!(text(&pieces), "one");
    let failure = failure.expect("the error object");
    serde_json::from_slice::<serde_json::Value>(&failure).expect("JSON");
    let (pieces, failure) = stream(invoker, &functions.stream, r#"["whole"]"#).await;
    assert_eq!((text(&pieces).as_str(), failure), ("whole", None), "the next one is well");
}

/// A function that does not stream can be streamed, and one that does can be waited for.
pub async fn both_ways_of_calling_suit_all_functions(invoker: &dyn Invoker, functions: &Functions) {
    let (pieces, failure) = stream(invoker, &functions.echo, r#"{"a":1}"#).await;
    assert_eq!((text(&pieces).as_str(), failure), (r#"{"a":1}"#, None));
    let answer = invoke(invoker, &functions.stream, r#"["one ","two"]"#).await;
    assert_eq!((text(&answer.payload).as_str(), answer.failed), ("one two", false));
}

/// A caller that went away leaves nothing behind that would trouble the next.
pub async fn calls_that_are_given_up_do_no_harm(invoker: &dyn Invoker, functions: &Functions) {
    let slow = invoker.invoke(invocation(&functions.slow, "1500"));
    tokio::time::timeout(PAUSE, slow).await.expect_err("it is slow");
    let call = invocation(&functions.stream, r#"["one","two","three"]"#);
    let mut dropped = invoker.invoke_streaming(call).await.expect("a stream");
    dropped.next().await.expect("a piece");
    drop(dropped);
    assert_eq!(invoke(invoker, &functions.slow, "2").await.payload, "2");
    let (pieces, _) = stream(invoker, &functions.stream, r#"["four"]"#).await;
    assert_eq!(text(&pieces), "four");
}

/// Calls that run at the same time are not mixed up.
pub async fn each_caller_gets_its_own_answer(invoker: &Arc<dyn Invoker>, functions: &Functions) {
    race(4, |number| {
        let (invoker, functions) = (invoker.clone(), functions.clone());
        async move {
            let event = format!(r#""event {number}""#);
            assert_eq!(invoke(&*invoker, &functions.echo, &event).await.payload, event);
            let pieces = format!(r#"["{number}","{number}"]"#);
            let (found, failure) = stream(&*invoker, &functions.stream, &pieces).await;
            assert_eq!((text(&found), failure), (format!("{number}{number}"), None));
        }
    })
    .await;
}

/// A timeout that a started process can keep.
const TIMEOUT: Duration = Duration::from_secs(1);
/// What ending a function and telling so may take.
const GRACE: Duration = Duration::from_secs(5);
/// What stands between the metadata and the body of a streamed HTTP answer.
const PRELUDE_END: [u8; 8] = [0; 8];

fn invocation(function: &FunctionArn, event: &str) -> Invocation {
    Invocation {
        function: function.clone(),
        payload: Bytes::copy_from_slice(event.as_bytes()),
        client_context: None,
        trace: None,
        timeout: Duration::from_secs(20),
    }
}

async fn invoke(invoker: &dyn Invoker, function: &FunctionArn, event: &str) -> Answer {
    invoker.invoke(invocation(function, event)).await.expect("an answer")
}

async fn stream(
    invoker: &dyn Invoker,
    function: &FunctionArn,
    event: &str,
) -> (Bytes, Option<Bytes>) {
    let call = invocation(function, event);
    let mut stream = invoker.invoke_streaming(call).await.expect("a stream");
    let mut pieces = Vec::new();
    while let Some(piece) = stream.next().await {
        pieces.extend_from_slice(&piece);
    }
    (pieces.into(), stream.failure())
}

/// The text of an answer, without the HTTP metadata that a runtime may have put before it.
fn text(answer: &[u8]) -> String {
    let found = answer.windows(PRELUDE_END.len()).position(|window| window == PRELUDE_END);
    let body = found.map_or(answer, |at| &answer[at + PRELUDE_END.len()..]);
    String::from_utf8(body.to_vec()).expect("UTF-8")
}
