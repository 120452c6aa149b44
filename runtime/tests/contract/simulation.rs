//! Ten thousand sessions over two instances whose ports fail, whose mailboxes repeat and reorder,
//! and which are killed in the middle of a stream: no reply is lost and none is doubled.
//!
//! Everything is drawn from the number of the world, so that a failure comes again.

mod unruly;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use mcp_lambda_runtime::edge::body::Body;
use mcp_lambda_runtime::embedded::mailboxes::MemoryMailboxes;
use mcp_lambda_runtime::port::faulty::Odds;
use serde_json::{Value, json};

use crate::faults::world::{Random, World, post, request};
use crate::faults::{form, initialize, talk};
use unruly::Unruly;

/// Worlds, each with its own faults.
const WORLDS: u64 = 20;
/// Sessions of each, all at the same time.
const SESSIONS: u64 = 500;
/// Messages of each session.
const MESSAGES: usize = 4;
/// Of how many sessions in a hundred an instance is killed.
const KILLED: usize = 15;
/// How long a stream is held: long enough for whatever comes late.
const STREAM: Duration = Duration::from_secs(300);
/// How often somebody tries to begin before he gives up.
const ATTEMPTS: usize = 10;

fn odds(world: u64) -> Odds {
    let fail = u8::try_from(world % 5 * 2).expect("a percentage");
    let longest = Duration::from_millis(200 * (world % 4));
    Odds { fail, lose: fail / 2, repeat: 20, delay: 40, longest }
}

/// What became of the messages of a session.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    accepted: usize,
    answered: usize,
}

#[tokio::test(start_paused = true)]
async fn no_reply_is_lost_and_none_is_doubled() {
    let mut all = Told::default();
    for number in 0..WORLDS {
        let mailboxes = Arc::new(Unruly::new(Arc::new(MemoryMailboxes::default()), number));
        let world = World::with_mailboxes(number, odds(number), 2, mailboxes).await;
        let sessions = (0..SESSIONS).map(|session| one(&world, number * SESSIONS + session));
        for told in join_all(sessions).await {
            all.accepted += told.accepted;
            all.answered += told.answered;
        }
        let called = world.functions.once.lock().expect("no panic");
        let different: HashSet<&String> = called.iter().collect();
        assert_eq!(different.len(), called.len(), "world {number}: a tool was called twice");
    }
    let sent = usize::try_from(WORLDS * SESSIONS).expect("a number") * MESSAGES;
    assert!(all.accepted > sent / 2, "{all:?} of {sent}: something works");
    assert!(all.answered > all.accepted / 2, "{all:?}: something is answered");
}

/// One session from its beginning to its end.
async fn one(world: &World, seed: u64) -> Told {
    let random = Random::new(seed);
    // They do not all come in the same moment.
    tokio::time::sleep(Duration::from_millis(random.below(20_000) as u64)).await;
    match random.below(2) {
        0 => over_sse(world, seed, &random).await,
        _ => over_streamable_http(world, seed, &random).await,
    }
}

fn message(random: &Random, seed: u64, id: usize) -> Value {
    // What is drawn for an event is nobody else's.
    let n = seed * 100 + id as u64;
    match random.below(5) {
        0 => request(id, "ping", &json!({})),
        1 => request(id, "tools/call", &json!({"name": "count", "arguments": {}})),
        _ => request(id, "tools/call", &json!({"name": "once", "arguments": {"n": n}})),
    }
}

/// After how many pieces of a stream its instance is killed, if it is.
fn killed(random: &Random) -> Option<usize> {
    (random.below(100) < KILLED).then(|| 1 + random.below(6))
}

/// HTTP+SSE: what was accepted is answered on the stream, once, while its instance lives.
async fn over_sse(world: &World, seed: u64, random: &Random) -> Told {
    let instance = random.below(2);
    let Some((mut body, path)) = begin_sse(world, instance).await else { return Told::default() };
    let killed = killed(random);
    let reading = async {
        let mut heard = Vec::new();
        let mut pieces = 0;
        while let Some(frame) = body.frame().await {
            let piece = frame.expect("bodies never fail").into_data().expect("data");
            heard.extend_from_slice(&piece);
            pieces += 1;
            if killed == Some(pieces) {
                break;
            }
        }
        if killed.is_some() {
            // Whoever is killed tidies nothing up.
            std::mem::forget(std::mem::replace(&mut body, Body::empty()));
        }
        form::messages(&heard)
    };
    let posting = async {
        let mut accepted = Vec::new();
        for id in 0..MESSAGES {
            let post = post(&path, None, &message(random, seed, id));
            let answer = world.send(random.below(2), post).await;
            accepted.push(answer.status == StatusCode::ACCEPTED);
            tokio::time::sleep(Duration::from_millis(random.below(2_000) as u64)).await;
        }
        accepted
    };
    let (messages, accepted) = tokio::join!(reading, posting);
    let mut told = Told::default();
    for (id, accepted) in accepted.into_iter().enumerate() {
        let is_answer = |message: &&Value| message["id"] == id && message.get("method").is_none();
        let answers = messages.iter().filter(is_answer).count();
        assert!(answers <= 1, "session {seed}: message {id} is answered {answers} times");
        let lost = accepted && answers == 0 && killed.is_none();
        assert!(!lost, "session {seed}: message {id} was accepted and never answered");
        told.accepted += usize::from(accepted);
        told.answered += answers;
    }
    told
}

/// Opens a stream: its body after the first event, and the path that the event names.
async fn begin_sse(world: &World, instance: usize) -> Option<(Body, String)> {
    for _ in 0..ATTEMPTS {
        let get = Request::get("/sse").header("accept", "text/event-stream");
        let get = get.body(Bytes::new()).expect("a request");
        let response = world.begin(instance, get, STREAM).await;
        if response.status() != StatusCode::OK {
            continue;
        }
        let mut body = response.into_body();
        let first = body.frame().await?.expect("bodies never fail").into_data().expect("data");
        let text = std::str::from_utf8(&first).expect("UTF-8");
        let path = text.strip_prefix("event: endpoint\ndata: ").expect("the first event");
        return Some((body, path.trim().to_owned()));
    }
    None
}

/// Streamable HTTP: every request is answered by its own response, once, while its instance lives;
/// what the server asks meanwhile is answered on the other instance.
async fn over_streamable_http(world: &World, seed: u64, random: &Random) -> Told {
    let mut session = None;
    for _ in 0..ATTEMPTS {
        session = initialize(world, random.below(2)).await;
        if session.is_some() {
            break;
        }
    }
    let Some(session) = session else { return Told::default() };
    let mut told = Told::default();
    for id in 0..MESSAGES {
        let message = match random.below(3) {
            0 => request(id, "tools/call", &json!({"name": "ask", "arguments": {"n": seed}})),
            _ => message(random, seed, id),
        };
        let instance = random.below(2);
        if let Some(pieces) = killed(random) {
            kill(world, instance, post("/mcp", Some(&session), &message), pieces).await;
            continue;
        }
        // Asserts that there is exactly one response.
        let answer = talk(world, instance, Some(&session), &message).await;
        told.accepted += 1;
        told.answered += usize::from(answer.status == StatusCode::OK);
    }
    told
}

/// Sends a request and lets its instance die after some pieces of the answer.
async fn kill(world: &World, instance: usize, request: Request<Bytes>, pieces: usize) {
    let response = world.begin(instance, request, STREAM).await;
    let mut body = response.into_body();
    for _ in 0..pieces {
        if body.frame().await.is_none() {
            return;
        }
    }
    std::mem::forget(body);
}
