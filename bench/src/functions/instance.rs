//! A function's process, from its start to its end.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::quota::Quota;
use super::runtime_api::{Asked, Exchanged, RuntimeApi};
use crate::failure::Failure;
use crate::moment::Moment;
use crate::process;

/// The function that every process is told to be.
pub const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:bench";

/// How a function's process is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// What it is called in messages.
    pub name: &'static str,
    /// The program with its arguments.
    pub command: Vec<OsString>,
    /// Where it runs: its deployment package.
    pub folder: PathBuf,
    /// What its environment holds besides what Lambda sets.
    pub environment: BTreeMap<String, String>,
}

/// A running process that waits for an invocation.
pub struct Instance {
    name: &'static str,
    child: Child,
    api: RuntimeApi,
    asked: Option<Asked>,
    started: Started,
    folder: TempDir,
}

/// How a process started.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// From its start to its first question for an invocation.
    pub wall: Duration,
    /// Processor time of all its threads until then.
    pub processor: Duration,
}

/// An invocation with what it cost.
#[derive(Clone, Debug)]
pub struct Invoked {
    /// Event and answer.
    pub exchanged: Exchanged,
    /// Processor time until the process asked for the next one.
    pub processor: Duration,
}

impl Instance {
    /// Starts a process and waits until it asks for an invocation.
    pub async fn start(launch: &Launch, quota: Option<&Quota>) -> Result<Self, Failure> {
        let folder = TempDir::new().map_err(Failure::system("making a folder"))?;
        let mut api = RuntimeApi::start().await?;
        let log = File::create(folder.path().join("log")).map_err(Failure::system("a log"))?;
        let errors = log.try_clone().map_err(Failure::system("a log"))?;
        let mut command = Vec::new();
        let moment = folder.path().join("started");
        if let Some(quota) = quota {
            let own = std::env::current_exe().map_err(Failure::system("finding this program"))?;
            command.push(own.with_file_name("under-quota").into_os_string());
            command.push(quota.processes().into_os_string());
            command.push(moment.clone().into_os_string());
        }
        command.extend_from_slice(&launch.command);
        let mut prepared = Command::new(&command[0]);
        prepared
            .args(&command[1..])
            .current_dir(&launch.folder)
            .env_clear()
            .envs(lambda(&launch.folder))
            .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string())
            .envs(&launch.environment)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .kill_on_drop(true);
        let started = Moment::now();
        let child = prepared.spawn().map_err(Failure::system("starting a function"))?;
        let asked = match api.asked(launch.name).await {
            Ok(asked) => asked,
            Err(failure) => return Err(told(failure, &folder)),
        };
        let processor = process::processor_time(child.id().unwrap_or_default())?;
        let started = match quota {
            None => started,
            Some(_) => {
                let text = fs::read_to_string(moment).unwrap_or_default();
                Moment(text.parse().map_err(|_| Failure::Start(launch.name.to_owned()))?)
            }
        };
        let started = Started { wall: asked.at.since(started), processor };
        let asked = Some(asked);
        Ok(Self { name: launch.name, child, api, asked, started, folder })
    }

    /// How it started.
    pub fn started(&self) -> Started {
        self.started
    }

    /// Puts it under a quota from now on.
    pub fn bound(&self, quota: &Quota) -> Result<(), Failure> {
        let joined = fs::write(quota.processes(), self.id().to_string());
        joined.map_err(Failure::system("putting a process under a quota"))
    }

    /// Invokes it, and waits until it asks for the next invocation.
    pub async fn invoke(&mut self, event: &Bytes) -> Result<Invoked, Failure> {
        let before = self.processor_time()?;
        let exchanged = self.exchange(event).await?;
        Ok(Invoked { exchanged, processor: self.processor_time()?.saturating_sub(before) })
    }

    /// Invokes it without looking at the processor time, which takes a while itself.
    pub async fn exchange(&mut self, event: &Bytes) -> Result<Exchanged, Failure> {
        let asked = match self.asked.take() {
            Some(asked) => asked,
            None => self.api.asked(self.name).await?,
        };
        let exchanged = self.api.exchange(self.name, asked, event).await;
        let exchanged = exchanged.map_err(|failure| told(failure, &self.folder))?;
        self.asked = Some(self.api.asked(self.name).await?);
        Ok(exchanged)
    }

    /// Processor time of all its threads.
    pub fn processor_time(&self) -> Result<Duration, Failure> {
        process::processor_time(self.id())
    }

    /// Its memory in bytes.
    pub fn resident(&self) -> Result<u64, Failure> {
        Ok(process::resident(self.id())?.now)
    }

    /// Ends it. Lambda ends a process that waits without asking it.
    pub async fn end(mut self) -> Result<(), Failure> {
        self.child.kill().await.map_err(Failure::system("ending a function"))
    }

    fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }
}

/// Adds what the process wrote.
fn told(failure: Failure, folder: &TempDir) -> Failure {
    let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
    Failure::Start(format!("{failure}; it wrote: {log}; a function"))
}

/// What Lambda sets for every function.
fn lambda(folder: &Path) -> BTreeMap<&'static str, OsString> {
    let region = "us-east-1";
    BTreeMap::from([
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".into()),
        ("AWS_DEFAULT_REGION", region.into()),
        ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".into()),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench".into()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench".into()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench".into()),
        ("AWS_REGION", region.into()),
        ("AWS_SECRET_ACCESS_KEY", "example".into()),
        ("LAMBDA_TASK_ROOT", folder.into()),
        ("LANG", "en_US.UTF-8".into()),
        ("TZ", ":UTC".into()),
    ])
}
