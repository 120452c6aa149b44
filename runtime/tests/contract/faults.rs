//! Ports with faults before the whole gateway: every request is answered, in form and in time, and
//! no answer tells a stranger what a port said.

pub(crate) mod form;
pub(crate) mod world;

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use mcp_lambda_runtime::port::faulty::{MARK, Odds};
use serde_json::{Value, json};

pub(crate) use world::Random;
use world::{Answer, World, post, request};

/// Runs with different faults.
const SEEDS: u64 = 24;
/// Requests of each client.
const REQUESTS: usize = 25;
const CLIENTS: usize = 4;

/// From few faults to more than anyone could live with.
fn odds(seed: u64) -> Odds {
    let fail = u8::try_from(seed % 11 * 4).expect("a percentage");
    let longest = Duration::from_millis(300 * (seed % 7));
    Odds { fail, lose: fail / 2, repeat: 20, delay: 40, longest }
}

#[tokio::test(start_paused = true)]
async fn every_request_is_answered() {
    for seed in 0..SEEDS {
        let world = World::new(seed, odds(seed), 2).await;
        let clients = (0..CLIENTS).map(|number| client(&world, seed * 100 + number as u64));
        let good = futures_util::future::join_all(clients).await;
        assert!(world.requests() >= CLIENTS * REQUESTS, "seed {seed}");
        assert!(good.iter().sum::<usize>() > 0, "seed {seed}: now and then something works");
        let logged = world.causes().iter().any(|cause| cause.contains(MARK));
        match odds(seed).fail {
            0 => assert!(!logged, "seed {seed}: no port has failed"),
            1..20 => {}
            _ => assert!(logged, "seed {seed}: administrators find the causes in the log"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_request_is_answered_when_nothing_works() {
    let world = World::new(1, Odds { fail: 100, ..Odds::default() }, 1).await;
    client(&world, 1).await;
}

/// With nothing but delays, what is asked on one instance and answered on another is understood.
#[tokio::test(start_paused = true)]
async fn delays_lose_no_answers() {
    for seed in 0..SEEDS {
        let odds = Odds { delay: 80, longest: Duration::from_millis(500), ..Odds::default() };
        let world = World::new(seed, odds, 2).await;
        let session = initialize(&world, 0).await.expect("a session");
        for id in 0..5 {
            let params = json!({"name": "ask", "arguments": {"a": id}});
            let body = request(id, "tools/call", &params);
            let answer = talk(&world, id % 2, Some(&session), &body).await;
            let response = answer.messages().pop().expect("a response");
            let text = response["result"]["content"][0]["text"].as_str().expect("a text");
            let answers: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(answers["one"]["content"]["a"], "b", "seed {seed}");
            assert_eq!(answers["two"]["content"]["a"], "b", "seed {seed}");
        }
    }
}

/// HTTP+SSE: whatever the mailbox does, a message that was accepted is answered once on the
/// stream, a message that was not is answered once or never, and no tool is called twice.
#[tokio::test(start_paused = true)]
async fn streams_answer_each_message_once() {
    for seed in 0..SEEDS {
        let world = World::new(seed, odds(seed), 2).await;
        let (endpoint, listening) = tokio::sync::watch::channel(None);
        let posting = post_messages(&world, seed, listening);
        let (answered, accepted) = tokio::join!(open_stream(&world, endpoint), posting);
        let count = |id: usize| answered.iter().filter(|answered| **answered == id).count();
        for (id, accepted) in accepted.into_iter().enumerate() {
            let most = format!("seed {seed}: message {id} is answered {} times", count(id));
            assert!(count(id) <= 1, "{most}");
            assert!(count(id) == 1 || !accepted, "{most}, but it was accepted");
        }
        let mut called = world.functions.once.lock().expect("no panic").clone();
        called.sort_unstable();
        let calls = called.len();
        called.dedup();
        assert_eq!(called.len(), calls, "seed {seed}: a tool was called twice");
    }
}

/// Holds a stream to its end; gives the ids of the responses on it.
async fn open_stream(
    world: &World,
    endpoint: tokio::sync::watch::Sender<Option<String>>,
) -> Vec<usize> {
    const PREFIX: &str = "event: endpoint\ndata: ";
    loop {
        let request = Request::get("/sse").header("accept", "text/event-stream");
        let request = request.body(Bytes::new()).expect("a request");
        let heard = async |piece: &[u8]| {
            let text = std::str::from_utf8(piece).expect("UTF-8");
            if let Some(path) = text.strip_prefix(PREFIX) {
                endpoint.send_replace(Some(path.trim().to_owned()));
            }
        };
        let answer = world.send_until(0, request, 45 * world::DEADLINE, heard).await;
        if answer.is_stream() {
            let id = |message: &Value| message["id"].as_u64()?.try_into().ok();
            return answer.messages().iter().filter_map(id).collect();
        }
    }
}

/// Posts messages to whichever instance; gives which of them were accepted.
async fn post_messages(
    world: &World,
    seed: u64,
    mut endpoint: tokio::sync::watch::Receiver<Option<String>>,
) -> Vec<bool> {
    let random = Random::new(seed);
    let path = endpoint.wait_for(Option::is_some).await.expect("a stream").clone();
    let path = path.expect("an endpoint");
    let mut accepted = Vec::new();
    for id in 0..20 {
        let body = match random.below(4) {
            0 => request(id, "ping", &json!({})),
            1 => request(id, "tools/call", &json!({"name": "count", "arguments": {}})),
            _ => request(id, "tools/call", &json!({"name": "once", "arguments": {"n": id}})),
        };
        let answer = world.send(random.below(2), post(&path, None, &body)).await;
        accepted.push(answer.status == StatusCode::ACCEPTED);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    accepted
}

/// Sends requests by chance; gives how many had a result.
async fn client(world: &World, seed: u64) -> usize {
    let random = Random::new(seed);
    let mut session = None;
    let mut good = 0;
    for id in 0..REQUESTS {
        if session.is_none() || random.below(20) == 0 {
            session = initialize(world, random.below(world.instances.len())).await;
        }
        let instance = random.below(world.instances.len());
        let answer = match random.below(10) {
            0 => world.send(instance, modern(&random, id)).await,
            1 => world.send(instance, admin(&random)).await,
            2 => {
                let batch: Vec<Value> = (0..3).map(|_| legacy(&random, id)).collect();
                world.send(instance, post("/mcp", None, &json!(batch))).await
            }
            3 if random.below(3) == 0 => {
                let request = Request::delete("/mcp");
                let request = match session.take() {
                    Some(session) => request.header("mcp-session-id", session),
                    None => request,
                };
                world.send(instance, request.body(Bytes::new()).expect("a request")).await
            }
            _ => talk(world, instance, session.as_deref(), &legacy(&random, id)).await,
        };
        good += usize::from(has_result(&answer));
    }
    good
}

fn has_result(answer: &Answer) -> bool {
    answer.messages().iter().any(|message| message.get("result").is_some())
        || (answer.status.is_success() && answer.body.is_empty())
}

/// Begins a session; none when that fails.
pub(crate) async fn initialize(world: &World, instance: usize) -> Option<String> {
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}},
                        "clientInfo": {"name": "test", "version": "1"}});
    let body = request(0, "initialize", &params);
    let answer = world.send(instance, post("/mcp", None, &body)).await;
    let session = answer.headers.get("mcp-session-id")?;
    Some(session.to_str().expect("visible ASCII").to_owned())
}

/// Sends a request, and answers what the server asks meanwhile, on any instance.
pub(crate) async fn talk(
    world: &World,
    instance: usize,
    session: Option<&str>,
    body: &Value,
) -> Answer {
    let mut elsewhere = instance;
    let asked = async |piece: &[u8]| {
        // Only a stream has questions, and every piece of a stream is an event.
        let questions = piece.starts_with(b"event: ").then(|| form::messages(piece));
        let is_question =
            |message: &&Value| message.get("method").is_some() && message.get("id").is_some();
        for question in questions.iter().flatten().filter(is_question) {
            elsewhere += 1;
            let result = json!({"action": "accept", "content": {"a": "b"}});
            let reply = json!({"jsonrpc": "2.0", "id": question["id"], "result": result});
            for _ in 0..3 {
                let to = elsewhere % world.instances.len();
                let answer = world.send(to, post("/mcp", session, &reply)).await;
                if answer.status == StatusCode::ACCEPTED {
                    break;
                }
            }
        }
    };
    let answer =
        world.send_until(instance, post("/mcp", session, body), world::DEADLINE, asked).await;
    check_answered(body, &answer);
    answer
}

/// A request has one response, and nothing follows it.
fn check_answered(body: &Value, answer: &Answer) {
    if answer.content_type() == Some("application/problem+json") {
        return;
    }
    let messages = answer.messages();
    let responses = messages.iter().filter(|message| message.get("method").is_none());
    let ids: Vec<&Value> = responses.map(|response| &response["id"]).collect();
    // Before the session is known to be the caller's, nothing of the body is read.
    let unread = answer.status == StatusCode::NOT_FOUND && ids == [&Value::Null];
    assert!(unread || ids == [&body["id"]], "{body} is answered with {messages:?}");
    let last = messages.last().expect("a message");
    assert!(last.get("method").is_none(), "{body}: {last} comes after the response");
}

fn legacy(random: &Random, id: usize) -> Value {
    let tools = ["echo", "fail", "slow", "count", "ask", "missing", "repeated", "like-agentcore"];
    let uri = random.pick(&["notes://fixed", "notes://page", "n://x", "nothing://there"]);
    let (method, params) = match random.below(9) {
        0 => (random.pick(&["tools/list", "resources/list", "prompts/list"]), json!({})),
        1 => ("resources/read", json!({"uri": uri})),
        2 => ("prompts/get", json!({"name": random.pick(&["static", "prompt", "none"])})),
        3 => ("logging/setLevel", json!({"level": random.pick(&["debug", "error"])})),
        4 => (random.pick(&["resources/subscribe", "resources/unsubscribe"]), json!({"uri": uri})),
        5 => {
            let reference = json!({"type": "ref/prompt", "name": "prompt"});
            let argument = json!({"name": "a", "value": ""});
            ("completion/complete", json!({"ref": reference, "argument": argument}))
        }
        _ => {
            let arguments = json!({"a": id});
            let params = json!({"name": random.pick(&tools), "arguments": arguments,
                                "_meta": {"progressToken": id}});
            ("tools/call", params)
        }
    };
    request(id, method, &params)
}

fn modern(random: &Random, id: usize) -> Request<Bytes> {
    let name = random.pick(&["echo", "fail", "count", "ask"]);
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
                      "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}});
    let params = json!({"name": name, "arguments": {}, "_meta": meta});
    let mut post = post("/mcp", None, &request(id, "tools/call", &params));
    let headers = post.headers_mut();
    let value = |text: &str| text.parse().expect("a header value");
    headers.insert("mcp-protocol-version", value("2026-07-28"));
    headers.insert("mcp-method", value("tools/call"));
    headers.insert("mcp-name", value(name));
    post
}

fn admin(random: &Random) -> Request<Bytes> {
    let path = random.pick(&[
        "/register",
        "/register/tool-new",
        "/register/tool-echo",
        "/register/tool-echo/status",
        "/register/tool-none",
    ]);
    let method = match path {
        "/register" => random.pick(&[Method::GET, Method::POST].each_ref()).clone(),
        "/register/tool-new" => {
            random.pick(&[Method::GET, Method::PUT, Method::DELETE].each_ref()).clone()
        }
        _ => Method::GET,
    };
    let arn = crate::functions::arn("echo");
    let body = json!({"type": "tool", "name": "new", "description": "new",
                      "lambdaArn": arn.as_str()});
    Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(body.to_string().into())
        .expect("a request")
}
