//! The sweeper, as a timer starts it.

use serde_json::json;

use crate::roles::orphan;
use crate::stack::{STACK, Stack, root};

/// The event of EventBridge's timers.
fn tick() -> serde_json::Value {
    json!({
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": "2026-11-21T12:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:000000000000:rule/sweep"],
        "detail": {},
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orphans_go_and_nothing_else() {
    let Some(stack) = Stack::deploy().await else { return };
    let sqs = aws_sdk_sqs::Client::new(&stack.shared(&root()));
    let old = format!("mcp-{STACK}-{:032x}.fifo", 1);
    let mut kept = vec![
        // Of another stack, whose identifier begins in the same way.
        format!("mcp-{STACK}-x-{:032x}.fifo", 1),
        format!("mcp-{STACK}-a-queue-of-somebody.fifo"),
        "somebodys-queue.fifo".to_owned(),
    ];
    for name in kept.iter().chain([&old]) {
        orphan(&stack, name).await;
    }
    let young = format!("mcp-{STACK}-{:032x}.fifo", 2);
    sqs.create_queue().queue_name(&young).send().await.expect("a queue");
    kept.push(young);
    kept.sort();

    let report = stack.invoke(&root(), "sweeper", &tick()).await.expect("root may invoke");
    let expected = json!({"examined": 2, "deleted": 1, "failed": 0, "complete": true});
    assert_eq!(report, expected, "{}", stack.logs().await);
    let listed = sqs.list_queues().send().await.expect("root may");
    let mut names: Vec<&str> =
        listed.queue_urls().iter().filter_map(|url| url.rsplit('/').next()).collect();
    names.sort_unstable();
    assert_eq!(names, kept);

    let report = stack.invoke(&root(), "sweeper", &tick()).await.expect("root may invoke");
    assert_eq!(report["deleted"], 0, "{report}");
    // It is nobody's gateway.
    let refused = stack.invoke(&root(), "sweeper", &json!({"jsonrpc": "2.0"})).await;
    assert_eq!(refused.expect("an error object")["errorType"], "Event.Unsupported");
}
