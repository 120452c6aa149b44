//! Rights that cannot be granted, and intents that cannot be settled.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::BodyExt;
use mcp_lambda_runtime::admin::settle::{BROKEN_OFF_AFTER, MAX_RECOVERED, Recovered};
use mcp_lambda_runtime::admin::{AdminError, Precondition};
use mcp_lambda_runtime::edge::origin::OriginPolicy;
use mcp_lambda_runtime::edge::{Edge, EdgeSettings, From};
use mcp_lambda_runtime::embedded::permissions::MemoryPermissions;
use mcp_lambda_runtime::gateway::{Gateway, Ports, Settings};
use mcp_lambda_runtime::port::permissions::{
    Grant, Intent, Intents, OperationId, PermissionError, Permissions, StatementId,
};
use mcp_lambda_runtime::port::{Clock, Timestamp};
use mcp_lambda_runtime::principal::Principal;
use mcp_lambda_runtime::registration::RegistrationId;
use mcp_lambda_runtime::registration::arn::FunctionArn;
use serde_json::Value;
use tokio::time::Instant;

use super::world::{Change, NOW, World, admin, function, tool};

/// Functions whose policy takes so many statements, and refusals by the function's name.
pub(super) struct Limited {
    pub(super) inner: Arc<MemoryPermissions>,
    pub(super) most: usize,
    /// Whether a lack of room is known before it is met.
    pub(super) foresees: bool,
    pub(super) refuses: Mutex<Option<PermissionError>>,
}

impl Limited {
    fn new(world: &World) -> Self {
        let inner = world.permissions.clone();
        Self { inner, most: usize::MAX, foresees: true, refuses: Mutex::default() }
    }

    fn refusing(world: &World, error: PermissionError) -> Arc<Self> {
        let refuses = Mutex::new(Some(error));
        Arc::new(Self { refuses, ..Self::new(world) })
    }

    fn refusal(&self) -> Result<(), PermissionError> {
        let refuses = self.refuses.lock().expect("no panic");
        refuses.clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Permissions for Limited {
    async fn grant(
        &self,
        function: &FunctionArn,
        statement: &StatementId,
    ) -> Result<(), PermissionError> {
        self.refusal()?;
        if self.inner.all().len() >= self.most {
            return Err(PermissionError::PolicyFull(function.to_string()));
        }
        self.inner.grant(function, statement).await
    }

    async fn revoke(
        &self,
        function: &FunctionArn,
        statement: &StatementId,
    ) -> Result<(), PermissionError> {
        match self.refusal() {
            // What is not there need not be taken away.
            Err(PermissionError::NotFound(_) | PermissionError::PolicyFull(_)) | Ok(()) => {}
            Err(error) => return Err(error),
        }
        self.inner.revoke(function, statement).await
    }

    async fn granted(
        &self,
        function: &FunctionArn,
        statements: &[StatementId],
    ) -> Result<Vec<bool>, PermissionError> {
        if let Err(error @ PermissionError::External(_)) = self.refusal() {
            return Err(error);
        }
        self.inner.granted(function, statements).await
    }

    async fn room(
        &self,
        function: &FunctionArn,
        statements: &[StatementId],
    ) -> Result<(), PermissionError> {
        if self.foresees && self.inner.all().len() + statements.len() > self.most {
            return Err(PermissionError::PolicyFull(function.to_string()));
        }
        Ok(())
    }

    fn principal(&self) -> Option<&str> {
        Some("arn:aws:iam::123456789012:role/gateway")
    }
}

fn ports(world: &World, permissions: Arc<dyn Permissions>) -> Ports {
    Ports { permissions, ..world.ports() }
}

/// Answers of the HTTP edge: the status, and what it says.
async fn send(ports: Ports, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let settings = Settings {
        version: "1.0.0".to_owned(),
        instructions: None,
        catalog_freshness: Duration::ZERO,
        list_ttl: Duration::from_secs(5),
    };
    let gateway = Arc::new(Gateway::new(ports, settings));
    let settings = EdgeSettings { origins: OriginPolicy::default(), access: Arc::new(|_| {}) };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()))
        .expect("a request");
    let deadline = Instant::now() + Duration::from_secs(60);
    let from = From { principal: Principal::Anonymous, deadline };
    let edge = Arc::new(Edge::new(gateway, settings));
    let (head, body) = edge.answer(request, from).await.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    (head.status.as_u16(), serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn refusals_leave_nothing() {
    let name = || function("g").to_string();
    for (error, status, said) in [
        (PermissionError::NotFound(name()), 422, "does not exist"),
        (PermissionError::Denied(name()), 422, "is not permitted"),
        (PermissionError::PolicyFull(name()), 409, "is full"),
        (PermissionError::Unavailable("the cause".to_owned()), 503, "try again"),
    ] {
        let may_pass = matches!(error, PermissionError::Unavailable(_));
        for (change, method, path) in [
            (Change::Create, Method::POST, "/register"),
            (Change::Move, Method::PUT, "/register/tool-a"),
        ] {
            let world = World::new();
            change.prepare(&world).await;
            let before = world.rows().await;
            let ports = ports(&world, Limited::refusing(&world, error.clone()));
            let (found, problem) = send(ports, method, path, &tool("a", "g")).await;
            let detail = problem["detail"].as_str().expect("a detail");
            assert_eq!(found, status, "{problem}");
            assert!(detail.contains(said) && !detail.contains("the cause"), "{problem}");
            assert_eq!(world.rows().await, before, "{error}");
            if may_pass {
                world.recover().await;
            }
            world.check(&error.to_string()).await;
        }
    }
}

/// Nothing is granted on another account's function, and its owner is told what to do.
#[tokio::test(start_paused = true)]
async fn functions_of_other_accounts_are_registered() {
    let world = World::new();
    let external = PermissionError::External(function("missing").to_string());
    let limited = Limited::refusing(&world, external);
    let create = |body| send(ports(&world, limited.clone()), Method::POST, "/register", body);
    let (status, _) = create(&tool("a", "missing")).await;
    assert_eq!(status, 201);
    assert!(world.permissions.all().is_empty() && world.intents().await.is_empty());
    let ports = ports(&world, limited.clone());
    let (_, status) = send(ports, Method::GET, "/register/tool-a/status", &Value::Null).await;
    assert_eq!(status["checks"][1]["check"], "permission", "{status}");
    assert_eq!(status["checks"][1]["state"], "external", "{status}");
    let command = status["checks"][1]["command"].as_str().expect("a command");
    assert!(command.starts_with("aws lambda add-permission --function-name arn:"), "{command}");
    assert!(command.contains("--principal arn:aws:iam::123456789012:role/gateway"), "{command}");
}

#[tokio::test]
async fn imports_that_do_not_fit_leave_nothing() {
    // One statement is there, and three come.
    for (most, foresees, fits) in [(4, true, true), (3, true, false), (3, false, false)] {
        let world = World::new();
        Change::Import.prepare(&world).await;
        let before = world.rows().await;
        let limited = Arc::new(Limited { most, foresees, ..Limited::new(&world) });
        let imported = Change::Import.run(&admin(ports(&world, limited))).await;
        world.check(&format!("room for {most}, foreseen: {foresees}")).await;
        if fits {
            imported.expect("there is room");
            assert_eq!(world.rows().await.len(), before.len() + 3);
        } else {
            let full = PermissionError::PolicyFull(function("g").to_string());
            assert_eq!(imported, Err(AdminError::NotGranted(full)));
            assert_eq!(world.rows().await, before);
        }
    }
}

/// What is removed is gone also when its right cannot be taken away now; the next write does it.
#[tokio::test]
async fn the_next_write_settles_what_is_left() {
    let world = World::new();
    Change::Remove.prepare(&world).await;
    let limited = Limited::refusing(&world, PermissionError::Denied(function("f").to_string()));
    let admin = admin(ports(&world, limited.clone()));
    admin.remove("tool-a", Precondition::None).await.expect("removed");
    let [wanted, granted] = world.rights().await;
    assert_eq!((wanted.len(), granted.len(), world.intents().await.len()), (1, 2, 1));

    let just_before = NOW.after(BROKEN_OFF_AFTER - Duration::from_millis(1));
    assert_eq!(admin.recover(just_before).await, Ok(Recovered::default()), "it may still run");
    world.clock.set(NOW.after(BROKEN_OFF_AFTER));
    let recovered = admin.recover(world.clock.now()).await;
    assert_eq!(recovered, Ok(Recovered { settled: 0, postponed: 1 }));
    let [intent] = world.intents().await.try_into().expect("one");
    assert_eq!(intent.at, world.clock.now(), "it is tried again when its time has come again");

    *limited.refuses.lock().expect("no panic") = None;
    world.clock.set(world.clock.now().after(BROKEN_OFF_AFTER));
    admin.create(tool("b", "g").to_string().as_bytes()).await.expect("created");
    world.check("after the next write").await;
}

/// Those that cannot be settled are not in the way of the others, and no call settles too many.
#[tokio::test]
async fn recovery_is_bounded_and_goes_on() {
    let world = World::new();
    let grant = |id: &str| Grant {
        registration: RegistrationId::parse(id).expect("an id"),
        function: function("f"),
    };
    for number in 0..MAX_RECOVERED + 1 {
        let grants = vec![grant(&format!("tool-{number}"))];
        world.permissions.grant(&grants[0].function, &grants[0].statement()).await.expect("done");
        let intent = Intent { id: OperationId(number as u128), at: NOW, grants };
        world.store.record(&intent).await.expect("recorded");
    }
    let later = NOW.after(BROKEN_OFF_AFTER);
    let denied = PermissionError::Denied(function("f").to_string());
    let unable = admin(ports(&world, Limited::refusing(&world, denied)));
    let all = Recovered { settled: 0, postponed: MAX_RECOVERED };
    assert_eq!(unable.recover(later).await, Ok(all));
    let able = world.admin();
    assert_eq!(able.recover(later).await, Ok(Recovered { settled: 1, postponed: 0 }));
    assert_eq!(able.recover(later).await, Ok(Recovered::default()));
    assert_eq!(world.intents().await.len(), MAX_RECOVERED);
    let all = Recovered { settled: MAX_RECOVERED, postponed: 0 };
    assert_eq!(able.recover(later.after(BROKEN_OFF_AFTER)).await, Ok(all));
    world.check("in the end").await;
    assert_eq!(able.recover(Timestamp(0)).await, Ok(Recovered::default()), "no time before time");
}
