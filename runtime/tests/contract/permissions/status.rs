//! What the status says of rights, and how long it waits for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use mcp_lambda_runtime::admin::status::{PATIENCE, PROPAGATION};
use mcp_lambda_runtime::gateway::Ports;
use mcp_lambda_runtime::port::permissions::{Permissions, StatementId};
use mcp_lambda_runtime::port::{Answer, AnswerStream, Invocation, InvokeError, Invoker};
use mcp_lambda_runtime::registration::RegistrationId;
use mcp_lambda_runtime::registration::arn::FunctionArn;
use serde_json::Value;
use tokio::time::Instant;

use super::world::{NOW, World, admin, function, tool};

/// Denies so many probes, and then no more.
#[derive(Default)]
struct Denies(AtomicUsize);

#[async_trait]
impl Invoker for Denies {
    async fn invoke(&self, _: Invocation) -> Result<Answer, InvokeError> {
        Err(InvokeError::TooLarge)
    }

    async fn invoke_streaming(&self, _: Invocation) -> Result<Box<dyn AnswerStream>, InvokeError> {
        Err(InvokeError::TooLarge)
    }

    async fn probe(&self, function: &FunctionArn) -> Result<(), InvokeError> {
        let left =
            self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map_or(Ok(()), |_| Err(InvokeError::Denied(function.to_string())))
    }
}

/// The status, and how long it took.
async fn status(world: &World, denied: usize) -> (Value, Duration) {
    let invoker = Arc::new(Denies(AtomicUsize::new(denied)));
    let begun = Instant::now();
    let status = admin(Ports { invoker, ..world.ports() }).status("tool-a").await;
    let status = serde_json::from_str(&status.expect("a status")).expect("JSON");
    (status, begun.elapsed())
}

async fn registered() -> World {
    let world = World::new();
    world.admin().create(tool("a", "f").to_string().as_bytes()).await.expect("created");
    world
}

#[tokio::test(start_paused = true)]
async fn rights_that_are_on_their_way_are_waited_for() {
    let world = registered().await;
    let (found, waited) = status(&world, 3).await;
    assert_eq!(found["status"], "active", "{found}");
    assert_eq!(waited, Duration::from_millis(250 + 500 + 1_000));
    let (found, waited) = status(&world, usize::MAX).await;
    assert_eq!(found["status"], "failing", "{found}");
    assert!((PATIENCE / 2..=PATIENCE).contains(&waited), "{waited:?}");
    // What was granted is not what is missing.
    assert_eq!(found["checks"][1]["state"], "granted", "{found}");
    assert_eq!(found["checks"][2]["ok"], false, "{found}");
    world.clock.set(NOW.after(PROPAGATION - Duration::from_millis(1)));
    assert_eq!(status(&world, 1).await.1, Duration::from_millis(250));
    world.clock.set(NOW.after(PROPAGATION));
    let (found, waited) = status(&world, 1).await;
    assert_eq!((waited, &found["status"]), (Duration::ZERO, &Value::from("failing")), "too old");
}

#[tokio::test(start_paused = true)]
async fn a_right_is_missing_only_where_it_is_needed() {
    let world = registered().await;
    let id = StatementId::of(&RegistrationId::parse("tool-a").expect("an id"));
    world.permissions.revoke(&function("f"), &id).await.expect("revoked");
    let (found, _) = status(&world, 0).await;
    assert_eq!(found["checks"][1]["state"], "not-needed", "{found}");
    assert_eq!(found["status"], "active", "{found}");
    let (found, _) = status(&world, usize::MAX).await;
    assert_eq!(found["checks"][1]["state"], "missing", "{found}");
    assert_eq!(found["checks"][1]["ok"], false, "{found}");
}
