//! Messages that come again because their acknowledgement was lost, and answers that overtake each
//! other.

use serde_json::{Value, json};

use crate::support::gate::Gates;
use crate::support::http::{call, rpc};
use crate::support::world::{Setting, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_comes_again_is_answered_once() {
    let Some(world) = World::start(Setting::default()).await else { return };
    let [here, there] = world.at;
    let gates = Gates::start().await;
    for tool in ["first", "second"] {
        gates.open(tool);
    }
    world.queues.lose(2);
    let mut stream = here.send("GET", "/sse", &[], None).await.expect(200).await;
    let endpoint = stream.endpoint().await;
    for (id, tool) in [(1, "first"), (2, "second")] {
        let message = call(id, "once", &json!({"gate": gates.url(), "name": tool}));
        there.send("POST", &endpoint, &[], Some(&message)).await.expect(202).await;
    }
    for id in [1, 2] {
        assert_eq!(stream.message().await["id"], id);
    }
    // In one queue nothing overtakes: before the third is delivered, what was not acknowledged
    // has come again.
    let ping = rpc(3, "ping", &json!({}));
    there.send("POST", &endpoint, &[], Some(&ping)).await.expect(202).await;
    assert_eq!(stream.message().await["id"], 3);
    assert_eq!(world.queues.to_lose(), 0);
    assert!(world.queues.repeated() > 1, "nothing came again");
    assert_eq!((gates.arrived("first"), gates.arrived("second")), (1, 1));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_may_come_twice_and_in_any_order() {
    let Some(world) = World::start(Setting::default()).await else { return };
    let [here, there] = world.at;
    let gates = Gates::start().await;
    gates.open("called");
    world.queues.lose(1);
    let session = here.initialize().await;
    let message = call(1, "questions", &json!({"gate": gates.url()}));
    let mut reply = here.post(Some(&session), &message).await;
    let mut asked = [reply.message().await, reply.message().await];
    assert_eq!(asked[0]["params"]["message"], "One?");
    asked.reverse();
    let said = |question: &Value| json!({"action": "accept", "content": {"text": question["params"]["message"]}});
    for question in asked.iter().flat_map(|question| [question, question]) {
        there.reply(&session, &question["id"], &said(question)).await;
    }
    let answer = reply.message().await;
    let expected = json!({
        "first": {"action": "accept", "content": {"text": "One?"}},
        "second": {"action": "accept", "content": {"text": "Two?"}}
    });
    assert_eq!(answer["result"]["structuredContent"], expected, "{answer}");
    reply.ends().await;
    assert_eq!((world.queues.to_lose(), world.queues.repeated()), (0, 2));
    // Once to ask, once with both answers.
    assert_eq!(gates.arrived("called"), 2);
    // What comes after the end harms nobody.
    there.reply(&session, &asked[0]["id"], &said(&asked[0])).await;
    world.queues.none_left().await;
    world.end().await;
}
