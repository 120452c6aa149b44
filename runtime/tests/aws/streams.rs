//! How streamed answers end.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{iter, pending};
use http::Response;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mcp_lambda_runtime::aws::lambda::LambdaInvoker;
use mcp_lambda_runtime::port::Invoker;
use serde_json::Value;
use tokio::time::Instant;

use crate::frames::{event, exception};
use crate::{configuration, invocation, server};

/// What comes after the last piece of a scripted body.
#[derive(Clone, Copy)]
enum Then {
    End,
    Break,
    Nothing,
}

/// The text of the pieces, and the failure's type and message.
async fn check(pieces: &[Vec<u8>], then: Then) -> (String, Option<(String, String)>) {
    let pieces = pieces.to_vec();
    let address = server::start(move |_| {
        let pieces = pieces.clone();
        async move {
            let frames = |pieces| iter(pieces).map(|piece| Ok(Frame::data(Bytes::from(piece))));
            let body = match then {
                Then::End => StreamBody::new(frames(pieces)).boxed_unsync(),
                Then::Break => server::breaking(pieces),
                Then::Nothing => StreamBody::new(frames(pieces).chain(pending())).boxed_unsync(),
            };
            let answer = Response::builder();
            let answer = answer.header("content-type", "application/vnd.amazon.eventstream");
            answer.body(body).expect("an answer")
        }
    })
    .await;
    let timeout = Duration::from_millis(500);
    let invoker = LambdaInvoker::new(configuration(address));
    let mut stream = invoker.invoke_streaming(invocation("f", timeout)).await.expect("a stream");
    let mut text = String::new();
    while let Some(piece) = stream.next().await {
        text.push_str(std::str::from_utf8(&piece).expect("UTF-8"));
    }
    assert_eq!(stream.next().await, None, "the end is the end");
    let failure = stream.failure().map(|failure| {
        let error: Value = serde_json::from_slice(&failure).expect("JSON");
        let member = |name: &str| error[name].as_str().expect("a text").to_owned();
        (member("errorType"), member("errorMessage"))
    });
    (text, failure)
}

fn chunk(text: &str) -> Vec<u8> {
    event("PayloadChunk", text)
}

#[tokio::test]
async fn complete() {
    let whole = [chunk("one "), chunk(""), event("FromTheFuture", "{}"), chunk("two")];
    let end = |payload: &str| [&whole[..], &[event("InvokeComplete", payload)]].concat();
    let (text, failure) = check(&end("{}"), Then::End).await;
    assert_eq!((text.as_str(), failure), ("one two", None));
    // What comes after the end is not waited for.
    let (text, failure) = check(&end("{}"), Then::Nothing).await;
    assert_eq!((text.as_str(), failure), ("one two", None));

    let failed = end(r#"{"ErrorCode":"Runtime.ExitError","ErrorDetails":"exit status 1"}"#);
    let (text, failure) = check(&failed, Then::End).await;
    let expected = ("Runtime.ExitError".to_owned(), "exit status 1".to_owned());
    assert_eq!((text.as_str(), failure), ("one two", Some(expected)));

    // Messages are understood however the bytes are cut.
    let bytes: Vec<Vec<u8>> = end("{}").concat().chunks(7).map(<[u8]>::to_vec).collect();
    assert_eq!(check(&bytes, Then::End).await, ("one two".to_owned(), None));
}

#[tokio::test]
async fn broken() {
    let mut damaged = chunk("two");
    damaged[20] ^= 1;
    for (pieces, then) in [
        (vec![chunk("one")], Then::End),
        (vec![chunk("one")], Then::Break),
        (vec![chunk("one"), chunk("two")[..9].to_vec()], Then::End),
        (vec![chunk("one"), damaged], Then::End),
        (vec![chunk("one"), exception("Unheard", r#"{"message":"no"}"#)], Then::End),
    ] {
        let (text, failure) = check(&pieces, then).await;
        let (kind, message) = failure.expect("a failure");
        assert_eq!((text.as_str(), kind.as_str()), ("one", "StreamBroken"), "{message}");
    }
}

#[tokio::test]
async fn stalled() {
    let since = Instant::now();
    let (text, failure) = check(&[chunk("one")], Then::Nothing).await;
    let (kind, _) = failure.expect("a failure");
    assert_eq!((text.as_str(), kind.as_str()), ("one", "Sandbox.Timedout"));
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
}
