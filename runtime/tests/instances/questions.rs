//! Questions to the client, whose answers reach another instance than the one that asks.

use serde_json::{Value, json};

use crate::support::http::call;
use crate::support::world::{Setting, World};

fn accept(text: &str) -> Value {
    json!({"action": "accept", "content": {"text": text}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_answers_at_another_instance() {
    let Some(world) = World::start(Setting::default()).await else { return };
    let [here, there] = world.at;
    let session = here.initialize().await;
    let mut reply = here.post(Some(&session), &call(1, "question", &json!({}))).await;
    let question = reply.message().await;
    assert_eq!(question["method"], "elicitation/create");
    assert_eq!(question["params"]["message"], "What?");
    there.reply(&session, &question["id"], &accept("This.")).await;
    let answer = reply.message().await;
    assert_eq!(answer["id"], 1);
    let given = &answer["result"]["structuredContent"];
    assert_eq!(*given, json!({"question": accept("This.")}), "{answer}");
    reply.ends().await;
    world.queues.none_left().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_answers_at_another_instance() {
    let Some(world) = World::start(Setting::default()).await else { return };
    let [here, there] = world.at;
    let session = there.initialize().await;
    let mut reply = here.post(Some(&session), &call(1, "model", &json!({}))).await;
    let question = reply.message().await;
    assert_eq!(question["method"], "sampling/createMessage");
    let said = json!({
        "role": "assistant", "model": "m", "content": {"type": "text", "text": "hello"}
    });
    there.reply(&session, &question["id"], &said).await;
    let answer = reply.message().await;
    assert_eq!(answer["result"]["structuredContent"], json!({"model": said}), "{answer}");
    reply.ends().await;
    world.queues.none_left().await;
    world.end().await;
}

/// Each round has a question of its own; the answers to all of them reach instances that know
/// nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_may_ask_again_and_again() {
    let Some(world) = World::start(Setting::default()).await else { return };
    let session = world.front.initialize().await;
    let mut reply = world.front.post(Some(&session), &call(1, "rounds", &json!({}))).await;
    for round in 1..=3 {
        let question = reply.message().await;
        assert_eq!(question["params"]["message"], format!("Round {round}?"));
        let answer = accept(&format!("answer {round}"));
        world.front.reply(&session, &question["id"], &answer).await;
    }
    let answer = reply.message().await;
    assert_eq!(answer["result"]["structuredContent"], json!({"rounds": 3}), "{answer}");
    reply.ends().await;
    world.queues.none_left().await;
    world.end().await;
}
