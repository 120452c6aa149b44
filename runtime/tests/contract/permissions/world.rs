//! Administrators whose ports can be made to fail or to stop at any call.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use mcp_lambda_runtime::admin::settle::BROKEN_OFF_AFTER;
use mcp_lambda_runtime::admin::{Admin, AdminError, Import, Precondition};
use mcp_lambda_runtime::embedded::mailboxes::MemoryMailboxes;
use mcp_lambda_runtime::embedded::permissions::MemoryPermissions;
use mcp_lambda_runtime::embedded::sqlite::SqliteStore;
use mcp_lambda_runtime::embedded::system::SystemIds;
use mcp_lambda_runtime::gateway::{Gateway, Ports, Settings};
use mcp_lambda_runtime::port::permissions::{
    Intent, Intents, PermissionError, Permissions, StatementId,
};
use mcp_lambda_runtime::port::row::{RowId, Rows};
use mcp_lambda_runtime::port::{Clock, Registrations, StoreError, Stored, Timestamp};
use mcp_lambda_runtime::registration::RegistrationId;
use mcp_lambda_runtime::registration::arn::FunctionArn;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::functions::InProcess;

pub(crate) const NOW: Timestamp = Timestamp(1_767_225_600_000);

pub(crate) fn function(name: &str) -> FunctionArn {
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    FunctionArn::parse(&arn).expect("an ARN")
}

pub(crate) fn tool(name: &str, function_name: &str) -> Value {
    json!({"type": "tool", "name": name, "description": "d",
           "lambdaArn": function(function_name).as_str()})
}

/// A resource has a function or stands for itself.
pub(crate) fn resource(function_name: Option<&str>) -> Value {
    let mut document = json!({"type": "resource", "name": "r", "description": "d",
                                  "uri": "notes://r"});
    match function_name {
        Some(name) => document["lambdaArn"] = json!(function(name).as_str()),
        None => document["text"] = json!("a"),
    }
    document
}

#[derive(Default)]
pub(crate) struct SetClock(AtomicU64);

impl SetClock {
    pub(crate) fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// What all administrators share.
pub(crate) struct World {
    pub(crate) store: SqliteStore,
    pub(crate) permissions: Arc<MemoryPermissions>,
    pub(crate) clock: Arc<SetClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(SetClock::default());
        clock.set(NOW);
        let store = SqliteStore::in_memory().expect("a store");
        Self { store, permissions: Arc::default(), clock }
    }

    pub(crate) fn ports(&self) -> Ports {
        Ports {
            registrations: Arc::new(self.store.clone()),
            sessions: Arc::new(self.store.clone()),
            mailboxes: Arc::new(MemoryMailboxes::default()),
            invoker: Arc::new(InProcess::default()),
            permissions: self.permissions.clone(),
            intents: Arc::new(self.store.clone()),
            clock: self.clock.clone(),
            ids: Arc::new(SystemIds::default()),
        }
    }

    /// An administrator for whom everything works.
    pub(crate) fn admin(&self) -> Admin {
        admin(self.ports())
    }

    /// An administrator whose calls of ports are counted, and meet with something.
    pub(crate) fn admin_with(&self, fault: &Arc<Fault>) -> Admin {
        let around = |inner| Around { inner, fault: fault.clone() };
        let ports = self.ports();
        let registrations = around(Inner { ports: ports.clone() });
        let permissions = around(Inner { ports: ports.clone() });
        let intents = around(Inner { ports: ports.clone() });
        admin(Ports {
            registrations: Arc::new(registrations),
            permissions: Arc::new(permissions),
            intents: Arc::new(intents),
            ..ports
        })
    }

    pub(crate) async fn rows(&self) -> Vec<Stored> {
        self.store.page(Rows::All, None, 500).await.expect("a page")
    }

    pub(crate) async fn intents(&self) -> Vec<Intent> {
        self.store.until(Timestamp(u64::MAX), 500).await.expect("intents")
    }

    /// The rights that the rows want, and those that are granted.
    pub(crate) async fn rights(&self) -> [BTreeSet<(String, String)>; 2] {
        let mut wanted = BTreeSet::new();
        for row in self.rows().await {
            let document: Value = serde_json::from_str(&row.document).expect("JSON");
            if let Some(arn) = document["lambdaArn"].as_str() {
                let id = RegistrationId::parse(&row.id).expect("an id");
                wanted.insert((arn.to_owned(), StatementId::of(&id).to_string()));
            }
        }
        let granted = self.permissions.all();
        [wanted, granted.iter().map(|(f, s)| (f.to_string(), s.to_string())).collect()]
    }

    /// Rights are as the rows want them, and nothing is left to be settled.
    pub(crate) async fn check(&self, what: &str) {
        let [wanted, granted] = self.rights().await;
        assert_eq!(granted, wanted, "{what}");
        assert_eq!(self.intents().await, [], "{what}");
    }

    /// Lets the time pass after which everything that broke off is settled.
    pub(crate) async fn recover(&self) {
        let later = self.clock.now().after(BROKEN_OFF_AFTER);
        let recovered = self.admin().recover(later).await.expect("everything works");
        assert_eq!(recovered.postponed, 0);
    }
}

pub(crate) fn admin(ports: Ports) -> Admin {
    let settings = Settings {
        version: "1.0.0".to_owned(),
        instructions: None,
        catalog_freshness: Duration::ZERO,
        list_ttl: Duration::from_secs(5),
    };
    Admin::new(Arc::new(Gateway::new(ports, settings)))
}

/// What an administrator does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Create,
    Import,
    Move,
    Keep,
    Free,
    Bind,
    Remove,
}

impl Change {
    pub(crate) const ALL: [Self; 7] =
        [Self::Create, Self::Import, Self::Move, Self::Keep, Self::Free, Self::Bind, Self::Remove];

    /// What there must be before.
    pub(crate) async fn prepare(self, world: &World) {
        let create = async |document: Value| {
            world.admin().create(document.to_string().as_bytes()).await.expect("created");
        };
        create(tool("other.one", "f")).await;
        match self {
            Self::Create | Self::Import => {}
            Self::Move | Self::Keep | Self::Remove => create(tool("a", "f")).await,
            Self::Free => create(resource(Some("f"))).await,
            Self::Bind => create(resource(None)).await,
        }
    }

    pub(crate) async fn run(self, admin: &Admin) -> Result<(), AdminError> {
        let none = Precondition::None;
        let replace = async |id: &str, document: Value| {
            admin.replace(id, document.to_string().as_bytes(), none).await.map(drop)
        };
        match self {
            Self::Create => admin.create(tool("a", "g").to_string().as_bytes()).await.map(drop),
            Self::Import => {
                let tools = ["a", "b", "c"].map(|name| {
                    json!({"name": name, "description": "d", "inputSchema": {"type": "object"}})
                });
                let body = json!(tools).to_string();
                let lambda_arn = function("g").to_string();
                admin.import(body.as_bytes(), &Import { lambda_arn, target: None }).await.map(drop)
            }
            Self::Move => replace("tool-a", tool("a", "g:live")).await,
            Self::Keep => {
                let mut document = tool("a", "f");
                document["description"] = json!("another");
                replace("tool-a", document).await
            }
            Self::Free => replace("resource-r", resource(None)).await,
            Self::Bind => replace("resource-r", resource(Some("g"))).await,
            Self::Remove => admin.remove("tool-a", none).await,
        }
    }
}

/// What one of the calls meets with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Meets {
    /// It has no effect.
    Fails,
    /// It has its effect, and its answer is lost.
    Loses,
    /// It never comes to be made.
    StopsBefore,
    /// It has its effect, and never comes back.
    StopsAfter,
}

/// One fault, at one call of any port.
pub(crate) struct Fault {
    at: usize,
    meets: Meets,
    calls: AtomicUsize,
    names: Mutex<Vec<&'static str>>,
    stopped: Notify,
}

impl Fault {
    pub(crate) fn new(at: usize, meets: Meets) -> Arc<Self> {
        let (calls, names, stopped) = Default::default();
        Arc::new(Self { at, meets, calls, names, stopped })
    }

    /// Nothing but counting.
    pub(crate) fn none() -> Arc<Self> {
        Self::new(usize::MAX, Meets::Fails)
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.names.lock().expect("no panic").clone()
    }

    /// Whether there were so many calls that it has happened.
    pub(crate) fn happened(&self) -> bool {
        self.calls.load(Ordering::SeqCst) > self.at
    }

    pub(crate) async fn stopped(&self) {
        self.stopped.notified().await;
    }

    async fn stop(&self) {
        self.stopped.notify_one();
        std::future::pending().await
    }

    async fn meet<T, E>(
        &self,
        name: &'static str,
        error: impl FnOnce() -> E,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.names.lock().expect("no panic").push(name);
        if self.calls.fetch_add(1, Ordering::SeqCst) != self.at {
            return call.await;
        }
        match self.meets {
            Meets::Fails => Err(error()),
            Meets::Loses => call.await.and(Err(error())),
            Meets::StopsBefore => self.stop().await_never().await,
            Meets::StopsAfter => {
                call.await?;
                self.stop().await_never().await
            }
        }
    }
}

trait Never: Future<Output = ()> + Sized {
    /// Something of any type, from what never comes back.
    async fn await_never<T>(self) -> T {
        self.await;
        unreachable!("it is pending for ever")
    }
}

impl<F: Future<Output = ()>> Never for F {}

struct Inner {
    ports: Ports,
}

struct Around {
    inner: Inner,
    fault: Arc<Fault>,
}

fn store_error() -> StoreError {
    StoreError::Unavailable("a fault".to_owned())
}

fn permission_error() -> PermissionError {
    PermissionError::Unavailable("a fault".to_owned())
}

#[async_trait]
impl Registrations for Around {
    async fn create(
        &self,
        new: Vec<(RowId, String)>,
        now: Timestamp,
    ) -> Result<Vec<Stored>, StoreError> {
        let call = self.inner.ports.registrations.create(new, now);
        self.fault.meet("create", store_error, call).await
    }

    async fn load(&self, id: &RowId) -> Result<Option<Stored>, StoreError> {
        self.fault.meet("load", store_error, self.inner.ports.registrations.load(id)).await
    }

    async fn replace(
        &self,
        id: &RowId,
        document: String,
        expected: Option<u64>,
        now: Timestamp,
    ) -> Result<Stored, StoreError> {
        let call = self.inner.ports.registrations.replace(id, document, expected, now);
        self.fault.meet("replace", store_error, call).await
    }

    async fn remove(&self, id: &RowId, expected: Option<u64>) -> Result<(), StoreError> {
        let call = self.inner.ports.registrations.remove(id, expected);
        self.fault.meet("remove", store_error, call).await
    }

    async fn page(
        &self,
        rows: Rows,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let call = self.inner.ports.registrations.page(rows, after, limit);
        self.fault.meet("page", store_error, call).await
    }

    async fn version(&self) -> Result<u64, StoreError> {
        self.fault.meet("version", store_error, self.inner.ports.registrations.version()).await
    }
}

#[async_trait]
impl Intents for Around {
    async fn record(&self, intent: &Intent) -> Result<(), StoreError> {
        self.fault.meet("record", store_error, self.inner.ports.intents.record(intent)).await
    }

    async fn forget(&self, intent: &Intent) -> Result<(), StoreError> {
        self.fault.meet("forget", store_error, self.inner.ports.intents.forget(intent)).await
    }

    async fn until(&self, moment: Timestamp, limit: usize) -> Result<Vec<Intent>, StoreError> {
        self.fault.meet("until", store_error, self.inner.ports.intents.until(moment, limit)).await
    }
}

#[async_trait]
impl Permissions for Around {
    async fn grant(
        &self,
        function: &FunctionArn,
        statement: &StatementId,
    ) -> Result<(), PermissionError> {
        let call = self.inner.ports.permissions.grant(function, statement);
        self.fault.meet("grant", permission_error, call).await
    }

    async fn revoke(
        &self,
        function: &FunctionArn,
        statement: &StatementId,
    ) -> Result<(), PermissionError> {
        let call = self.inner.ports.permissions.revoke(function, statement);
        self.fault.meet("revoke", permission_error, call).await
    }

    async fn granted(
        &self,
        function: &FunctionArn,
        statements: &[StatementId],
    ) -> Result<Vec<bool>, PermissionError> {
        let call = self.inner.ports.permissions.granted(function, statements);
        self.fault.meet("granted", permission_error, call).await
    }

    async fn room(
        &self,
        function: &FunctionArn,
        statements: &[StatementId],
    ) -> Result<(), PermissionError> {
        let call = self.inner.ports.permissions.room(function, statements);
        self.fault.meet("room", permission_error, call).await
    }

    fn principal(&self) -> Option<&str> {
        None
    }
}
