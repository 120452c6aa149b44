//! Streams of single requests.

use serde_json::json;

use crate::support::gate::Gates;
use crate::support::http::call;
use crate::support::world::{Setting, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_come_one_by_one_while_the_tool_runs() {
    let Some(world) = World::start(Setting::default()).await else { return };
    let gates = Gates::start().await;
    let message = call(1, "steps", &json!({"gate": gates.url()}));
    let mut reply = world.front.post(None, &message).await.expect(200).await;
    assert_eq!(reply.headers["content-type"], "text/event-stream");
    for step in 1..=3 {
        // The tool says nothing more, and does not end, until its gate is opened.
        assert_eq!(reply.message().await["params"]["progress"], step);
        gates.open(&step.to_string());
    }
    let answer = reply.message().await;
    assert_eq!(answer["result"]["structuredContent"], json!({"done": true}), "{answer}");
    reply.ends().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_end_before_the_deadline_of_their_function() {
    let setting = Setting { timeout: 4.0, ..Setting::default() };
    let Some(world) = World::start(setting).await else { return };
    let gates = Gates::start().await;
    let message = call(1, "steps", &json!({"gate": gates.url()}));
    let mut working = world.at[0].post(None, &message).await.expect(200).await;
    let session = world.at[1].initialize().await;
    let message = call(2, "unanswered", &json!({}));
    let mut asking = world.at[1].post(Some(&session), &message).await.expect(200).await;
    for reply in [&mut working, &mut asking] {
        assert_eq!(reply.message().await["method"], "notifications/progress");
    }
    assert_eq!(asking.message().await["method"], "elicitation/create");
    for (id, mut reply) in [(1, working), (2, asking)] {
        let answer = reply.message().await;
        assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!(id), &json!(true)));
        reply.ends().await;
    }
    world.queues.none_left().await;
    for client in &world.at {
        client.initialize().await;
    }
    // Asserts that no process was ended by its deadline.
    world.end().await;
}
