//! Queues whose reader has died.

use std::time::Duration;

use serde_json::json;

use crate::support::http::{call, rpc};
use crate::support::world::{Setting, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_instance_leaves_is_swept() {
    let Some(world) = World::start(Setting::default()).await else { return };
    let [here, there] = world.at;
    let mut stream = here.send("GET", "/sse", &[], None).await.expect(200).await;
    let endpoint = stream.endpoint().await;
    let session = there.initialize().await;
    let mut asking = here.post(Some(&session), &call(1, "question", &json!({}))).await;
    let question = asking.message().await;
    world.kill(0).await;
    assert_eq!(world.queues.all().await.len(), 2);
    // As long as the queues are there, nobody can know.
    let ping = rpc(1, "ping", &json!({}));
    there.send("POST", &endpoint, &[], Some(&ping)).await.expect(202).await;
    there.reply(&session, &question["id"], &json!({"action": "decline"})).await;

    let young = world.sweep().await;
    let report =
        |deleted: u32| json!({"examined": 2, "deleted": deleted, "failed": 0, "complete": true});
    assert_eq!(young, report(0));
    world.queues.age(Duration::from_secs(2 * 60 * 60));
    assert_eq!(world.sweep().await, report(2));
    assert_eq!(world.queues.all().await, Vec::<String>::new());
    there.send("POST", &endpoint, &[], Some(&ping)).await.expect(404).await;
    there.reply(&session, &question["id"], &json!({"action": "decline"})).await;
    world.end().await;
}
