//! Sessions that begin at one instance and go on at another.

use aws_sdk_dynamodb::Client;
use serde_json::{Value, json};

use crate::support::http::{call, rpc};
use crate::support::world::{Setting, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_known_everywhere_until_it_ends() {
    let Some(world) = World::start(Setting::default()).await else { return };
    let [one, other] = world.at;
    // Both are the first to need a key to seal with.
    let sessions = tokio::join!(one.initialize(), other.initialize());
    let ping = rpc(1, "ping", &json!({}));
    for session in [&sessions.0, &sessions.1] {
        for client in [one, other] {
            assert_eq!(client.ask(Some(session), &ping).await["result"], json!({}));
        }
    }
    let ended = [("mcp-session-id", sessions.0.as_str())];
    one.send("DELETE", "/mcp", &ended, None).await.expect(204).await;
    for client in [other, one] {
        client.post(Some(&sessions.0), &ping).await.expect(404).await;
        client.send("DELETE", "/mcp", &ended, None).await.expect(404).await;
        assert_eq!(client.ask(Some(&sessions.1), &ping).await["result"], json!({}));
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_level_that_is_set_at_one_instance_holds_at_the_other() {
    let Some(world) = World::start(Setting::default()).await else { return };
    let [one, other] = world.at;
    let session = one.initialize().await;
    let level = |level: &str| rpc(1, "logging/setLevel", &json!({"level": level}));
    for (setting, calling) in [(one, other), (other, one)] {
        setting.ask(Some(&session), &level("error")).await;
        let quiet = calling.ask(Some(&session), &call(2, "talk", &json!({}))).await;
        assert_eq!(quiet["result"]["structuredContent"], json!({"done": true}), "{quiet}");
        setting.ask(Some(&session), &level("debug")).await;
        let mut loud = calling.post(Some(&session), &call(3, "talk", &json!({}))).await;
        assert_eq!(loud.message().await["params"]["data"], "as told");
        assert_eq!(loud.message().await["id"], 3);
        loud.ends().await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_instances_remember_at_once_is_all_remembered() {
    let Some(world) = World::start(Setting::default()).await else { return };
    let [one, other] = world.at;
    let session = one.initialize().await;
    let subscribe = |uri: &str| rpc(1, "resources/subscribe", &json!({"uri": uri}));
    let (first, second) = (subscribe("test://one"), subscribe("test://two"));
    let both = tokio::join!(one.ask(Some(&session), &first), other.ask(Some(&session), &second));
    assert_eq!((&both.0["result"], &both.1["result"]), (&json!({}), &json!({})), "{both:?}");
    assert_eq!(subscriptions(&world).await, json!(["test://one", "test://two"]));
    let unsubscribe = rpc(1, "resources/unsubscribe", &json!({"uri": "test://one"}));
    other.ask(Some(&session), &unsubscribe).await;
    assert_eq!(subscriptions(&world).await, json!(["test://two"]));
    world.end().await;
}

/// What is stored of the only session that has a state.
async fn subscriptions(world: &World) -> Value {
    let scan = Client::new(&world.shared).scan().table_name("stack-mcp-sessions");
    let items = scan.consistent_read(true).send().await.expect("items").items.expect("items");
    let states = items.iter().flat_map(|item| item.values()).filter_map(|value| {
        let value: Value = serde_json::from_str(value.as_s().ok()?).ok()?;
        value.get("subscriptions").cloned()
    });
    let states: Vec<Value> = states.collect();
    assert_eq!(states.len(), 1, "{items:?}");
    states[0].clone()
}
