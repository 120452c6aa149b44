//! HTTP+SSE, whose stream is held by one instance and whose messages are taken by others.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::gate::Gates;
use crate::support::http::{Client, Reply, call, initialize, rpc};
use crate::support::world::{Setting, World};

/// Streams at the same time: more than one in each Lambda.
const STREAMS: usize = 6;

/// A stream at one instance, with the address of its messages.
async fn open(client: &Client) -> (Reply, String) {
    let mut stream = client.send("GET", "/sse", &[], None).await.expect(200).await;
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    let endpoint = stream.endpoint().await;
    (stream, endpoint)
}

async fn send(client: &Client, endpoint: &str, message: &Value) {
    client.send("POST", endpoint, &[], Some(message)).await.expect(202).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_reach_the_stream_of_another_instance() {
    let Some(world) = World::start(Setting::default()).await else { return };
    let [here, there] = world.at;
    let (mut stream, endpoint) = open(&here).await;
    send(&there, &endpoint, &initialize()).await;
    let begun = stream.message().await;
    assert_eq!(begun["result"]["protocolVersion"], "2025-11-25", "{begun}");
    send(&here, &endpoint, &rpc(1, "ping", &json!({}))).await;
    assert_eq!(stream.message().await, json!({"jsonrpc": "2.0", "id": 1, "result": {}}));

    let gates = Gates::start().await;
    send(&there, &endpoint, &call(2, "steps", &json!({"gate": gates.url()}))).await;
    for step in 1..=3 {
        assert_eq!(stream.message().await["params"]["progress"], step);
        // Whatever the tool waits for, others are answered.
        send(&there, &endpoint, &rpc("between", "ping", &json!({}))).await;
        assert_eq!(stream.message().await["id"], "between");
        gates.open(&step.to_string());
    }
    assert_eq!(stream.message().await["id"], 2);

    for tool in ["question", "model"] {
        send(&there, &endpoint, &call(3, tool, &json!({}))).await;
        let question = stream.message().await;
        let said = json!({"action": "accept", "content": {"text": tool}});
        let reply = json!({"jsonrpc": "2.0", "id": question["id"], "result": said});
        send(&there, &endpoint, &reply).await;
        let answer = stream.message().await;
        assert_eq!(answer["result"]["structuredContent"], json!({tool: said}), "{answer}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stream_ends_in_good_order_and_takes_its_queue_with_it() {
    let setting = Setting { timeout: 5.0, ..Setting::default() };
    let Some(world) = World::start(setting).await else { return };
    let [here, there] = world.at;
    let gates = Gates::start().await;
    let (mut stream, endpoint) = open(&here).await;
    send(&there, &endpoint, &call(1, "steps", &json!({"gate": gates.url()}))).await;
    assert_eq!(stream.message().await["params"]["progress"], 1);
    assert_eq!(world.queues.all().await.len(), 1);
    // The call is answered before the stream ends.
    let answer = stream.message().await;
    assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!(1), &json!(true)));
    stream.ends().await;
    world.queues.none_left().await;
    for client in world.at {
        let ping = rpc(2, "ping", &json!({}));
        client.send("POST", &endpoint, &[], Some(&ping)).await.expect(404).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_cancelled_at_the_stream_of_another_instance() {
    let Some(world) = World::start(Setting::default()).await else { return };
    let [here, there] = world.at;
    let gates = Gates::start().await;
    let (mut stream, endpoint) = open(&here).await;
    send(&there, &endpoint, &call(1, "steps", &json!({"gate": gates.url()}))).await;
    assert_eq!(stream.message().await["params"]["progress"], 1);
    let method = "notifications/cancelled";
    let cancelled = json!({"jsonrpc": "2.0", "method": method, "params": {"requestId": 1}});
    send(&there, &endpoint, &cancelled).await;
    // What was sent later comes later, so it is cancelled by now.
    send(&there, &endpoint, &rpc(2, "ping", &json!({}))).await;
    assert_eq!(stream.message().await["id"], 2);
    for step in ["1", "2", "3"] {
        gates.open(step);
    }
    send(&there, &endpoint, &call(3, "steps", &json!({"gate": gates.url()}))).await;
    for step in 1..=3 {
        let progress = stream.message().await;
        let token = &progress["params"]["progressToken"];
        assert_eq!((token, &progress["params"]["progress"]), (&json!(3), &json!(step)));
    }
    assert_eq!(stream.message().await["id"], 3);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_do_not_mix() {
    let Some(world) = World::start(Setting::default()).await else { return };
    let gates = Gates::start().await;
    join_all((0..STREAMS).map(|number| converse(&world, &gates, number))).await;
    for lambda in 0..2 {
        assert!(world.processes(lambda) >= STREAMS / 2, "all streams are still held");
    }
    world.end().await;
}

/// A client of its own, who hears nothing that is meant for others.
async fn converse(world: &World, gates: &Gates, number: usize) {
    let name = format!("stream-{number}");
    gates.open(&name);
    let (mut stream, endpoint) = open(&world.front).await;
    send(&world.front, &endpoint, &initialize()).await;
    assert_eq!(stream.message().await["id"], 0);
    let once = call(1, "once", &json!({"gate": gates.url(), "name": name}));
    send(&world.front, &endpoint, &once).await;
    let answer = stream.message().await;
    assert_eq!(answer["result"]["structuredContent"], json!({"name": name}), "{answer}");
    send(&world.front, &endpoint, &call(2, "question", &json!({}))).await;
    let question = stream.message().await;
    let said = json!({"action": "accept", "content": {"text": name}});
    let reply = json!({"jsonrpc": "2.0", "id": question["id"], "result": said});
    send(&world.front, &endpoint, &reply).await;
    let answer = stream.message().await;
    assert_eq!(answer["result"]["structuredContent"], json!({"question": said}), "{answer}");
}
