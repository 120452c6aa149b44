//! What was acknowledged survives `kill -9`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::{Client, rpc};
use crate::support::server::Server;

/// Threads that write as fast as they can.
const WRITERS: usize = 4;
/// After how many acknowledged writes each round's server is killed.
const ROUNDS: [usize; 5] = [1, 7, 30, 75, 150];
/// A revision with sessions.
const VERSION: &str = "2025-11-25";
/// How long a round's writes may take.
const WRITE: Duration = Duration::from_secs(60);

fn start(data: &Path, more: &[&str]) -> Server {
    let mut arguments = vec![OsStr::new("--data"), data.as_os_str()];
    arguments.extend(more.iter().map(OsStr::new));
    Server::start(&arguments)
}

/// What is stored under an id: a description, or nothing.
type States = BTreeMap<String, Option<String>>;

/// How many writes were acknowledged.
#[derive(Clone, Default)]
struct Count(Arc<(Mutex<usize>, Condvar)>);

impl Count {
    fn add(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.1.notify_all();
    }

    fn wait_for(&self, wanted: usize) {
        let count = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.1.wait_timeout_while(count, WRITE, |count| *count < wanted);
        let (count, late) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!late.timed_out(), "only {count} of {wanted} writes within {WRITE:?}");
    }
}

/// Writes until the server is gone.
struct Writer {
    client: Client,
    count: Count,
    acknowledged: States,
}

impl Writer {
    /// Creates, changes every second and removes every third; returns the write that the server
    /// did not answer, as the state that it would have made.
    fn run(mut self, prefix: &str) -> (States, (String, Option<String>)) {
        for number in 0.. {
            let name = format!("{prefix}_{number}");
            let id = format!("tool-{name}");
            let path = format!("/register/{id}");
            let mut writes = vec![("POST", "/register", Some(format!("first {name}")))];
            if number % 2 == 1 {
                writes.push(("PUT", &path, Some(format!("second {name}"))));
            }
            if number % 3 == 2 {
                writes.push(("DELETE", &path, None));
            }
            for (method, path, state) in writes {
                let body = state.as_deref().map(|description| tool(&name, description));
                let Ok(reply) = self.client.send(method, path, &[], body.as_ref()) else {
                    return (self.acknowledged, (id, state));
                };
                assert!((200..300).contains(&reply.status), "{reply:?}");
                self.acknowledged.insert(id.clone(), state);
                self.count.add();
            }
        }
        unreachable!("the numbers do not end")
    }
}

fn tool(name: &str, description: &str) -> Value {
    json!({
        "type": "tool", "name": name, "description": description,
        "lambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:none"
    })
}

/// The description of everything that is registered, by id.
fn stored(client: &Client) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut path = "/register".to_owned();
    loop {
        let page = client.get(&path).expect(200).json();
        for registration in page["registrations"].as_array().expect("an array") {
            let id = registration["id"].as_str().expect("an id").to_owned();
            // Whoever cannot be read has a `problem`.
            assert!(registration.get("problem").is_none(), "{registration}");
            let description = registration["description"].as_str().expect("a text").to_owned();
            assert!(found.insert(id, description).is_none(), "listed twice");
        }
        match page["nextCursor"].as_str() {
            Some(cursor) => path = format!("/register?cursor={cursor}"),
            None => return found,
        }
    }
}

/// Writes with several threads, kills the server in the middle, and returns what must be stored
/// and what may be stored instead.
fn write_and_kill(server: Server, round: usize, acknowledgements: usize) -> (States, States) {
    let count = Count::default();
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            let (client, count) = (server.client(), count.clone());
            let writer = Writer { client, count, acknowledged: States::new() };
            std::thread::spawn(move || writer.run(&format!("r{round}_w{number}")))
        })
        .collect();
    count.wait_for(acknowledgements);
    server.kill();
    let (mut expected, mut unanswered) = (States::new(), States::new());
    for writer in writers {
        let (acknowledged, (id, state)) = writer.join().expect("only good answers");
        expected.extend(acknowledged);
        unanswered.insert(id, state);
    }
    (expected, unanswered)
}

#[test]
fn registrations() {
    let data = tempfile::tempdir().expect("a folder");
    let mut expected = States::new();
    for (round, acknowledgements) in ROUNDS.into_iter().enumerate() {
        let server = start(data.path(), &["--no-examples"]);
        let (acknowledged, unanswered) = write_and_kill(server, round, acknowledgements);
        expected.extend(acknowledged);

        let server = start(data.path(), &["--no-examples"]);
        let mut stored = stored(&server.client());
        for (id, state) in unanswered {
            let found = stored.get(&id).cloned();
            let before = expected.get(&id).cloned().flatten();
            assert!(found == state || found == before, "{id}: {found:?}");
            expected.insert(id, found);
        }
        for (id, state) in &expected {
            assert_eq!(&stored.remove(id), state, "{id}");
        }
        assert_eq!(stored, BTreeMap::new(), "nobody wrote these");
        server.stop();
    }
}

#[test]
fn sessions() {
    let data = tempfile::tempdir().expect("a folder");
    let server = start(data.path(), &[]);
    let client = server.client();
    let params = json!({
        "protocolVersion": VERSION, "capabilities": {}, "clientInfo": {"name": "e2e", "version": "1"}
    });
    let begin = || {
        let reply = client.post("/mcp", &[], &rpc("initialize", &params)).expect(200);
        let id = reply.headers.get("mcp-session-id").expect("a session").to_str();
        id.expect("printable").to_owned()
    };
    let (kept, ended) = (begin(), begin());
    client.delete("/mcp", &headers(&ended));
    let list = |client: &Client, session: &str| {
        client.post("/mcp", &headers(session), &rpc("tools/list", &json!({}))).status
    };
    assert_eq!((list(&client, &kept), list(&client, &ended)), (200, 404));
    server.kill();

    let server = start(data.path(), &[]);
    let client = server.client();
    assert_eq!((list(&client, &kept), list(&client, &ended)), (200, 404));
    server.stop();
}

fn headers(session: &str) -> [(&str, &str); 2] {
    [("mcp-session-id", session), ("mcp-protocol-version", VERSION)]
}

#[test]
fn examples_that_were_removed_stay_away() {
    let data = tempfile::tempdir().expect("a folder");
    let server = start(data.path(), &[]);
    let client = server.client();
    let examples = stored(&client);
    assert_eq!(examples.len(), 4);
    for id in examples.keys() {
        client.delete(&format!("/register/{id}"), &[]).expect(204);
    }
    server.kill();

    let server = start(data.path(), &[]);
    assert_eq!(stored(&server.client()), BTreeMap::new());
    server.stop();
}
