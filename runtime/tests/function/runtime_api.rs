//! The client of the Runtime API, before a server that plays it.

use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use mcp_lambda_runtime::function::answer::{Answer, Failure};
use mcp_lambda_runtime::function::runtime_api::RuntimeApi;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::answers::{World, call, request, streaming};

const NEXT: &str = "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: the-id\r\n\
    lambda-runtime-deadline-ms: 1795262400000\r\ncontent-length: 7\r\n\r\n{\"a\":1}";
const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
const TOO_LARGE: &str = "HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n";

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

/// Reads one request to its end and answers it.
async fn serve(stream: &mut TcpStream, answer: &str) -> String {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    loop {
        let count = stream.read(&mut bytes).await.expect("a request");
        assert!(count > 0, "it ended after {text:?}");
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().expect("a number"));
        let chunked = head.contains("transfer-encoding: chunked");
        if if chunked { body.ends_with("0\r\n\r\n") } else { body.len() >= length } {
            break;
        }
    }
    stream.write_all(answer.as_bytes()).await.expect("a reader");
    text
}

#[tokio::test]
async fn invocations_come_and_answers_go() {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut seen = Vec::new();
        for answer in [NEXT, ACCEPTED, ACCEPTED, ACCEPTED] {
            seen.push(serve(&mut stream, answer).await);
        }
        seen
    });
    let mut api = RuntimeApi::connect(&address).await.expect("connected");
    let invocation = api.next().await.expect("an invocation");
    assert_eq!((invocation.id.as_str(), &invocation.payload[..]), ("the-id", &br#"{"a":1}"#[..]));
    assert_eq!(invocation.deadline.0, 1_795_262_400_000);
    api.answer("the-id", Answer::Whole("{}".into())).await.expect("taken");
    let failure = Failure { kind: "A.Kind", message: "why \"so\"".to_owned() };
    api.answer("the-id", Answer::Failed(failure)).await.expect("taken");
    api.cannot_start("because").await.expect("taken");
    let seen = server.await.expect("no panic");
    let path = "/2018-06-01/runtime";
    assert!(seen[0].starts_with(&format!("GET {path}/invocation/next HTTP/1.1\r\n")), "{seen:?}");
    assert!(seen[1].starts_with(&format!("POST {path}/invocation/the-id/response ")), "{seen:?}");
    assert!(seen[1].ends_with("\r\n\r\n{}"), "{seen:?}");
    assert!(seen[2].starts_with(&format!("POST {path}/invocation/the-id/error ")), "{seen:?}");
    assert!(seen[2].contains("lambda-runtime-function-error-type: A.Kind\r\n"), "{seen:?}");
    let told = r#"{"errorType":"A.Kind","errorMessage":"why \"so\""}"#;
    assert!(seen[2].ends_with(told), "{seen:?}");
    assert!(seen[3].starts_with(&format!("POST {path}/init/error ")), "{seen:?}");
}

#[tokio::test]
async fn a_lost_connection_is_made_anew() {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        for answer in [ACCEPTED, NEXT, TOO_LARGE, NEXT] {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            serve(&mut stream, answer).await;
        }
    });
    let mut api = RuntimeApi::connect(&address).await.expect("connected");
    api.answer("the-id", Answer::Whole("{}".into())).await.expect("taken");
    api.next().await.expect("an invocation by another connection");
    tokio::time::sleep(Duration::from_millis(20)).await;
    let refused = api.answer("the-id", Answer::Whole(Bytes::new())).await;
    assert!(refused.expect_err("refused").to_string().contains("413"));
    api.next().await.expect("the next invocation");
    server.await.expect("no panic");
}

#[tokio::test]
async fn without_a_runtime_api_it_ends() {
    let (listener, address) = listen().await;
    let mut api = RuntimeApi::connect(&address).await.expect("connected");
    drop(listener);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(api.next().await.is_err());
    assert!(RuntimeApi::connect(&address).await.is_err());
    assert!(RuntimeApi::connect("no address\n").await.is_err());
}

/// Several small writes, to a reader that takes its time with acknowledgements: what a socket
/// gathers waits for them, 40 ms each time.
#[tokio::test]
async fn streams_do_not_stall() {
    const TIMES: usize = 41;
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut last = String::new();
        for _ in 0..TIMES {
            last = serve(&mut stream, ACCEPTED).await;
        }
        last
    });
    let mut api = RuntimeApi::connect(&address).await.expect("connected");
    let world = World::new(streaming()).await;
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let answer = world.invoke(&request("POST", "/mcp", &call("tell"))).await;
        let started = Instant::now();
        api.answer("the-id", answer).await.expect("taken");
        times.push(started.elapsed());
    }
    let seen = server.await.expect("no panic");
    assert!(seen.contains("lambda-runtime-function-response-mode: streaming\r\n"), "{seen}");
    assert!(seen.contains("content-type: application/vnd.awslambda.http-integration-response\r\n"));
    times.sort_unstable();
    assert!(times[TIMES / 2].as_millis() < 30, "{times:?}");
}
