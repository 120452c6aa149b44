//! The host: all functions, and the tasks that run them.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::bootstrap::{self, NodeBootstrap};
use crate::check::CannotRun;
use crate::config::FunctionConfig;
use crate::function::Function;
use crate::instance::{Instance, Recipe};
use crate::invocation::{CannotStart, Invocation, InvokeError, Response, ResponseBody};
use crate::job::{Assignment, Head, Job, Opening};
use crate::limits;
use crate::log::LogLine;
use crate::name::{AccountId, FunctionName, Region};
use crate::pool::{Lease, Slot};

mod events;
mod prepare;

/// Runs functions as child processes, each behind a Runtime API of its own.
///
/// Cheap to clone; all clones are the same host. No process runs before the first invocation.
/// When [`Host::shutdown`] has returned, or a while after the last clone was dropped, no process
/// that the host has started is left. Must be used within a tokio runtime with time and I/O.
#[derive(Clone)]
pub struct Host {
    core: Arc<Core>,
    // Tasks hold the core; only callers hold this, so that the last of them ends the tasks.
    _owner: Arc<Owner>,
}

impl Host {
    /// Makes a host; starts nothing.
    pub fn new(functions: BTreeMap<FunctionName, FunctionConfig>, options: HostOptions) -> Self {
        let options = Arc::new(options);
        let functions = functions
            .into_iter()
            .map(|(name, config)| {
                let function = Function::new(name.clone(), config, Arc::clone(&options));
                (name, Arc::new(function))
            })
            .collect();
        let core = Arc::new(Core {
            functions,
            options,
            bootstrap: NodeBootstrap::default(),
            instances: AtomicU64::new(0),
            events: AtomicUsize::new(0),
            stopping: watch::Sender::new(false),
            tasks: Mutex::new(Some(JoinSet::new())),
        });
        Self { _owner: Arc::new(Owner(Arc::clone(&core))), core }
    }

    /// The names of all functions, in order.
    pub fn functions(&self) -> impl Iterator<Item = &FunctionName> {
        self.core.functions.keys()
    }

    /// A function's settings.
    pub fn config(&self, name: &FunctionName) -> Option<&FunctionConfig> {
        self.core.functions.get(name).map(|function| &function.config)
    }

    /// A function's unqualified ARN.
    pub fn arn(&self, name: &FunctionName) -> Option<String> {
        self.core.functions.get(name).map(|function| function.arn(None))
    }

    /// How many processes a function has at the moment.
    pub fn instances(&self, name: &FunctionName) -> usize {
        self.core.functions.get(name).map_or(0, |function| function.pool.live())
    }

    /// The account that the functions appear to belong to.
    pub fn account(&self) -> &AccountId {
        &self.core.options.account
    }

    /// The region that the functions appear to run in.
    pub fn region(&self) -> &Region {
        &self.core.options.region
    }

    /// Looks whether all functions can be started, see [`FunctionConfig::check`].
    pub fn check(&self) -> Vec<CannotRun> {
        let functions = self.core.functions.values();
        functions.filter_map(|function| function.config.check(&function.name).err()).collect()
    }

    /// The path of the Node bootstrap's file, which is written the first time and removed with the
    /// host. In a command, `{node-bootstrap}` stands for it.
    pub fn node_bootstrap_file(&self) -> io::Result<PathBuf> {
        self.core.bootstrap.path()
    }

    /// Invokes a function and waits for its answer to begin.
    ///
    /// The wait is bounded by the time a process may take to start and the function's timeout.
    /// Giving it up does not stop the function, as on Lambda. What the function does wrong is in
    /// the response; an error means that it was not invoked.
    pub async fn invoke(
        &self,
        name: &FunctionName,
        invocation: Invocation,
    ) -> Result<Response, InvokeError> {
        self.invoke_as(name, new_request_id(), invocation).await
    }

    /// Invokes under an id that is known beforehand.
    pub(crate) async fn invoke_as(
        &self,
        name: &FunctionName,
        request_id: String,
        invocation: Invocation,
    ) -> Result<Response, InvokeError> {
        self.core.invoke(name, request_id, invocation).await
    }

    /// Invokes a function later and returns the invocation's id, as for the type `Event`.
    ///
    /// While the function is throttled the invocation is tried again, for
    /// [`HostOptions::event_patience`]; what comes of it shows in the log only. At most
    /// [`limits::MAX_QUEUED_EVENTS`] can be under way, more are throttled. The payload may have
    /// [`limits::MAX_EVENT_PAYLOAD_BYTES`].
    pub fn enqueue(
        &self,
        name: &FunctionName,
        invocation: Invocation,
    ) -> Result<String, InvokeError> {
        events::enqueue(&self.core, name, invocation)
    }

    /// Ends all processes and waits until they are gone; bounded by [`limits`]' patience.
    ///
    /// What is under way fails. Afterwards the host refuses to invoke.
    pub async fn shutdown(&self) {
        let tasks = self.core.tasks().take();
        self.core.stopping.send_replace(true);
        if let Some(mut tasks) = tasks {
            while tasks.join_next().await.is_some() {}
        }
    }
}

/// What a host is to be, apart from its functions.
#[derive(Clone)]
pub struct HostOptions {
    /// The account in ARNs; default `000000000000`.
    pub account: AccountId,
    /// The region in ARNs and in the functions' environment; default `us-east-1`.
    pub region: Region,
    /// Where the functions' output goes; default nowhere. Called from the host's tasks: it must
    /// not block for long.
    pub log: Arc<dyn Fn(LogLine) + Send + Sync>,
    /// How long a process may take to ask for its first invocation.
    pub init_timeout: Duration,
    /// How long a process without work is kept.
    pub idle_lifetime: Duration,
    /// How long a throttled asynchronous invocation is tried again.
    pub event_patience: Duration,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            account: AccountId::default(),
            region: Region::default(),
            log: Arc::new(|_| {}),
            init_timeout: limits::INIT_TIMEOUT,
            idle_lifetime: limits::IDLE_LIFETIME,
            event_patience: limits::EVENT_PATIENCE,
        }
    }
}

struct Core {
    functions: BTreeMap<FunctionName, Arc<Function>>,
    options: Arc<HostOptions>,
    bootstrap: NodeBootstrap,
    instances: AtomicU64,
    events: AtomicUsize,
    stopping: watch::Sender<bool>,
    /// All tasks of the host; none once it is shut down.
    tasks: Mutex<Option<JoinSet<()>>>,
}

impl Core {
    async fn invoke(
        self: &Arc<Self>,
        name: &FunctionName,
        request_id: String,
        invocation: Invocation,
    ) -> Result<Response, InvokeError> {
        let function = self.function(name)?;
        let (sender, chunks) = mpsc::channel(limits::CHUNK_QUEUE);
        let (ending, pending) = oneshot::channel();
        let outlet = prepare::Outlet { chunks: sender, ending };
        let job = prepare::job(function, request_id.clone(), invocation, outlet)?;
        let Head { content_type, streaming } = self.dispatch(function, job).await?;
        let body = ResponseBody::new(request_id.clone(), chunks, pending);
        Ok(Response { request_id, content_type, streaming, body })
    }

    fn function(&self, name: &FunctionName) -> Result<&Arc<Function>, InvokeError> {
        self.functions
            .get(name)
            .ok_or_else(|| InvokeError::NotFound { name: name.as_str().to_owned() })
    }

    /// Finds an instance that takes the job.
    ///
    /// Ends, because an instance that does not take a job is not offered it again, and a new one
    /// always takes it.
    async fn dispatch(&self, function: &Arc<Function>, mut job: Job) -> Result<Head, InvokeError> {
        loop {
            let (opening, opened) = oneshot::channel();
            let assignment = Assignment { job, opening };
            match function.pool.acquire() {
                None => return Err(InvokeError::Throttled),
                Some(Lease::Warm(entry)) => {
                    if let Err(error) = entry.work.try_send(assignment) {
                        // It has ended just now.
                        job = error.into_inner().job;
                        continue;
                    }
                }
                Some(Lease::Cold(slot)) => self.start(function, slot, assignment).await?,
            }
            match opened.await {
                Ok(Opening::Head(head)) => return Ok(head),
                Ok(Opening::NotTaken(returned)) => job = *returned,
                Err(_) => return Err(InvokeError::ShutDown),
            }
        }
    }

    async fn start(
        &self,
        function: &Arc<Function>,
        slot: Slot,
        first: Assignment,
    ) -> Result<(), InvokeError> {
        let recipe = Recipe {
            id: self.instances.fetch_add(1, Ordering::Relaxed) + 1,
            function: Arc::clone(function),
            command: self.command(function)?,
            slot,
            first,
            stopping: self.stopping.subscribe(),
        };
        let instance = Instance::start(recipe).await?;
        self.spawn(instance.run())
    }

    /// The function's command with the placeholder filled in.
    fn command(&self, function: &Function) -> Result<Vec<String>, CannotStart> {
        let words = function.config.command();
        if !words.iter().any(|word| word.contains(bootstrap::PLACEHOLDER)) {
            return Ok(words.to_vec());
        }
        let path = self.bootstrap.path().map_err(|source| {
            let doing = "write the Node bootstrap";
            CannotStart::System { doing, source }
        })?;
        let path = path.to_string_lossy();
        Ok(words.iter().map(|word| word.replace(bootstrap::PLACEHOLDER, &path)).collect())
    }

    /// Runs a task that ends with the host.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Result<(), InvokeError> {
        let mut tasks = self.tasks();
        let tasks = tasks.as_mut().ok_or(InvokeError::ShutDown)?;
        // What has ended would otherwise be kept until the host ends.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
        Ok(())
    }

    fn tasks(&self) -> MutexGuard<'_, Option<JoinSet<()>>> {
        // A set of tasks is whole at any time.
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What callers share; ends all tasks, and with them all processes, when the last caller goes.
struct Owner(Arc<Core>);

impl Drop for Owner {
    fn drop(&mut self) {
        // Dropped outside of the lock: what a task drops may want it.
        let tasks = self.0.tasks().take();
        drop(tasks);
    }
}

pub(crate) fn new_request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
