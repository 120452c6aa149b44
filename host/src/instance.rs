//! One instance: a process, its Runtime API, and the task that owns both.
//!
//! The task is the only one that knows the instance's state; connections send it `Call`s, the host
//! sends it `Assignment`s, and time and the process's end reach it through the same loop.

use std::net::Ipv4Addr;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::calendar::Moment;
use crate::fault::FunctionError;
use crate::function::Function;
use crate::invocation::CannotStart;
use crate::job::Assignment;
use crate::limits;
use crate::log::Journal;
use crate::pool::{Entry, Slot};
use crate::runtime_api::{self, Call, Event, Mode, Opened, Outcome, Refusal};

mod end;
mod environment;
mod output;
mod phase;
mod process;

use output::Output;
use phase::{Active, Phase, Waiting};
use process::Process;

/// What a new instance is made from.
pub(crate) struct Recipe {
    pub(crate) id: u64,
    pub(crate) function: Arc<Function>,
    /// The command's words, ready to run.
    pub(crate) command: Vec<String>,
    pub(crate) slot: Slot,
    /// The work that the instance is started for.
    pub(crate) first: Assignment,
    /// Becomes true, or is closed, when the host ends.
    pub(crate) stopping: watch::Receiver<bool>,
}

pub(crate) struct Instance {
    id: u64,
    function: Arc<Function>,
    slot: Slot,
    stopping: watch::Receiver<bool>,
    process: Process,
    output: Output,
    journal: Journal,
    listener: TcpListener,
    connections: JoinSet<()>,
    calls: mpsc::Receiver<Call>,
    caller: mpsc::Sender<Call>,
    work: mpsc::Receiver<Assignment>,
    giver: mpsc::Sender<Assignment>,
    /// Work that the process has not asked for yet.
    waiting: Option<Waiting>,
    /// Whether the pool may give work to this instance.
    offered: bool,
    phase: Phase,
    init_error: Option<FunctionError>,
}

/// Why an instance ends.
#[derive(Debug)]
enum Stop {
    ShutDown,
    Idle,
    Exited(Option<ExitStatus>),
    InitTimedOut,
    TimedOut,
    Truncated,
}

impl Instance {
    /// Starts the process; it will be busy with `first` from then on.
    pub(crate) async fn start(recipe: Recipe) -> Result<Self, CannotStart> {
        let Recipe { id, function, command, slot, first, stopping } = recipe;
        let system = |doing| move |source| CannotStart::System { doing, source };
        let program = function.config.program(&function.name)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(system("open a port for the Runtime API"))?;
        let address = listener.local_addr().map_err(system("read the port's address"))?;
        let mut child = Command::new(program);
        child
            .args(command.iter().skip(1))
            .current_dir(function.config.directory())
            .env_clear()
            .envs(environment::compose(&function, address, std::env::vars_os()));
        let mut process = Process::spawn(child).map_err(system("start the process"))?;
        let sink = Arc::clone(&function.options.log);
        let journal = Journal::new(function.name.clone(), id, sink);
        let output = Output::capture(&mut process, journal.clone());
        let (caller, calls) = mpsc::channel(limits::CALL_QUEUE);
        let (giver, work) = mpsc::channel(1);
        let now = Instant::now();
        Ok(Self {
            id,
            slot,
            stopping,
            process,
            output,
            journal,
            listener,
            connections: JoinSet::new(),
            calls,
            caller,
            work,
            giver,
            waiting: Some(Waiting { assignment: first, since: now }),
            offered: false,
            phase: Phase::Starting { until: now + function.options.init_timeout },
            init_error: None,
            function,
        })
    }

    /// Runs the instance to its end.
    pub(crate) async fn run(mut self) {
        let stop = self.serve().await;
        self.end(stop).await;
    }

    async fn serve(&mut self) -> Stop {
        loop {
            let until = self.phase.until(self.waiting.as_ref());
            tokio::select! {
                biased;
                () = stopped(&mut self.stopping) => return Stop::ShutDown,
                Some(call) = self.calls.recv() => {
                    if let Some(stop) = self.hear(call).await {
                        return stop;
                    }
                }
                Some(assignment) = self.work.recv() => self.take(assignment),
                status = self.process.wait() => {
                    self.hear_the_last().await;
                    return Stop::Exited(status);
                }
                () = sleep_until(until) => {
                    if let Some(stop) = self.expire() {
                        return stop;
                    }
                }
                stream = accept(&self.listener) => {
                    self.connections.spawn(runtime_api::serve(stream, self.caller.clone()));
                }
                Some(_) = self.connections.join_next() => {}
            }
        }
    }

    /// Hears what an exited process has sent before its end, if there can be anything.
    async fn hear_the_last(&mut self) {
        match self.phase {
            Phase::Starting { .. } | Phase::Running(_) | Phase::Answering(_) => {}
            Phase::Ready { .. } | Phase::Resting { .. } => return,
        }
        let until = Instant::now() + limits::EXIT_GRACE;
        loop {
            tokio::select! {
                biased;
                () = sleep_until(until) => return,
                Some(call) = self.calls.recv() => {
                    if self.hear(call).await.is_some() {
                        return;
                    }
                }
                stream = accept(&self.listener) => {
                    self.connections.spawn(runtime_api::serve(stream, self.caller.clone()));
                }
                ended = self.connections.join_next() => {
                    if ended.is_none() {
                        return;
                    }
                }
            }
        }
    }

    async fn hear(&mut self, call: Call) -> Option<Stop> {
        match call {
            Call::Next { reply } => {
                if !self.phase.is_busy() {
                    let until = Instant::now() + self.function.options.idle_lifetime;
                    let starting = matches!(self.phase, Phase::Starting { .. });
                    self.phase = Phase::Ready { reply, until };
                    if !starting {
                        self.offer();
                    }
                    self.hand_out();
                }
                None
            }
            Call::Open { request_id, mode, reply } => {
                // A runtime that is gone before it hears the answer cannot give its own.
                let opened = self.open(&request_id, mode);
                let accepted = opened.is_ok();
                (reply.send(opened).is_err() && accepted).then_some(Stop::Truncated)
            }
            Call::Close { outcome } => self.close(outcome).await,
            Call::InitError { error, reply } => {
                if let Phase::Starting { until } = &mut self.phase {
                    *until = Instant::now() + limits::INIT_ERROR_GRACE;
                    self.init_error = Some(error);
                    let _ = reply.send(());
                }
                None
            }
        }
    }

    fn take(&mut self, assignment: Assignment) {
        self.offered = false;
        self.waiting = Some(Waiting { assignment, since: Instant::now() });
        self.hand_out();
    }

    /// Gives waiting work to a process that asks for it.
    fn hand_out(&mut self) {
        let Some(Waiting { assignment, since }) = self.waiting.take() else { return };
        let now = Instant::now();
        match std::mem::replace(&mut self.phase, Phase::Resting { until: now }) {
            Phase::Ready { reply, .. } => {
                let job = &assignment.job;
                let event = Event {
                    request_id: job.request_id.clone(),
                    deadline_ms: u128::from(Moment::from_system(SystemTime::now()).epoch_ms())
                        + job.timeout.as_millis(),
                    arn: job.arn.clone(),
                    trace_id: job.trace_id.clone(),
                    client_context: job.client_context.clone(),
                    payload: job.payload.clone(),
                };
                self.journal.begin(&job.request_id);
                if reply.send(event).is_ok() {
                    self.phase = Phase::Running(Active::new(assignment, now));
                } else {
                    // The poll was given up; the process may ask again, or somebody else takes it.
                    let until = now + self.function.options.idle_lifetime;
                    self.phase = Phase::Resting { until };
                    self.waiting = Some(Waiting { assignment, since: now });
                }
            }
            phase @ (Phase::Starting { .. }
            | Phase::Running(_)
            | Phase::Answering(_)
            | Phase::Resting { .. }) => {
                self.phase = phase;
                self.waiting = Some(Waiting { assignment, since });
            }
        }
    }

    fn open(&mut self, request_id: &str, mode: Mode) -> Result<Opened, Refusal> {
        let phase = std::mem::replace(&mut self.phase, Phase::Resting { until: Instant::now() });
        let (phase, opened) = phase.open(request_id, mode);
        self.phase = phase;
        opened
    }

    /// Ends an answer: the caller gets it, and the instance may be given more work.
    async fn close(&mut self, outcome: Outcome) -> Option<Stop> {
        if let Outcome::Truncated = outcome {
            return Some(Stop::Truncated);
        }
        self.output.flush().await;
        let now = Instant::now();
        match std::mem::replace(&mut self.phase, Phase::Resting { until: now }) {
            Phase::Answering(active) => {
                self.phase = Phase::Resting { until: active.until };
                // Before the caller knows: its next invocation is to find this instance.
                self.offer();
                active.close(outcome, self.journal.tail());
            }
            phase @ (Phase::Starting { .. }
            | Phase::Ready { .. }
            | Phase::Running(_)
            | Phase::Resting { .. }) => self.phase = phase,
        }
        None
    }

    fn offer(&mut self) {
        if !self.offered && self.waiting.is_none() {
            self.offered = true;
            self.function.pool.offer(Entry { instance: self.id, work: self.giver.clone() });
        }
    }

    /// Decides what it means that nothing has happened for so long.
    fn expire(&mut self) -> Option<Stop> {
        let now = Instant::now();
        match &mut self.phase {
            Phase::Starting { .. } => Some(Stop::InitTimedOut),
            Phase::Ready { until, .. } => {
                if self.function.pool.withdraw(self.id) {
                    return Some(Stop::Idle);
                }
                // Somebody has just taken this instance; the work is on its way.
                *until = now + limits::REST_GRACE;
                None
            }
            Phase::Running(_) | Phase::Answering(_) => Some(Stop::TimedOut),
            Phase::Resting { until } if *until <= now => Some(Stop::TimedOut),
            Phase::Resting { .. } => {
                if let Some(waiting) = self.waiting.take() {
                    waiting.give_back();
                }
                None
            }
        }
    }
}

/// Waits until the host ends, by order or by being dropped.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // Out of file descriptors, say: it may pass, and asking at once would be a busy loop.
            Err(_) => sleep(limits::ACCEPT_PAUSE).await,
        }
    }
}
