//! The servers as processes of their own: started, watched and ended.

use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::failure::Failure;

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end when it is asked to.
const END: Duration = Duration::from_secs(10);
/// How often its output is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// A running server. Its output goes to a file, as it does where a server is run for long.
#[derive(Debug)]
pub struct Process {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

/// Memory in bytes.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Resident {
    /// Now.
    pub now: u64,
    /// At its highest.
    pub peak: u64,
}

impl Process {
    /// Starts a program and waits until it says where it listens.
    pub async fn start(program: &Path, arguments: &[String]) -> Result<Self, Failure> {
        let folder = TempDir::new().map_err(Failure::system("making a folder"))?;
        let log = log_file(folder.path());
        // Appending lets the file be emptied while it is written.
        let out = OpenOptions::new().create(true).append(true).open(&log);
        let child = Command::new(program)
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(out.map_err(Failure::system("making a log"))?)
            .kill_on_drop(true)
            .spawn()
            .map_err(Failure::system("starting a server"))?;
        let address = listening(&log).await;
        let address = address.ok_or_else(|| Failure::Start(program.display().to_string()))?;
        Ok(Self { child, address, folder })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Empties its log.
    pub fn empty_log(&self) -> Result<(), Failure> {
        let log = OpenOptions::new().write(true).open(log_file(self.folder.path()));
        log.and_then(|log| log.set_len(0)).map_err(Failure::system("emptying a log"))
    }

    /// Its memory, without the functions' processes.
    pub fn resident(&self) -> Result<Resident, Failure> {
        resident(self.id())
    }

    /// The processor time of all its threads so far.
    pub fn processor_time(&self) -> Result<Duration, Failure> {
        processor_time(self.id())
    }

    /// Ends it, and with it its functions.
    pub async fn end(mut self) -> Result<(), Failure> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            let asked = rustix::process::kill_process(id, Signal::TERM);
            asked.map_err(|error| Failure::system("ending a server")(error.into()))?;
        }
        match tokio::time::timeout(END, self.child.wait()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failure::system("ending a server")(error)),
            Err(_) => self.child.kill().await.map_err(Failure::system("ending a server")),
        }
    }

    fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }
}

/// A process's memory.
pub fn resident(id: u32) -> Result<Resident, Failure> {
    let status = fs::read_to_string(proc(id, "status"));
    let status = status.map_err(Failure::system("reading a process's status"))?;
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        number.and_then(|text| text.parse::<u64>().ok()).unwrap_or_default()
    };
    Ok(Resident { now: kilobytes("VmRSS:") * 1024, peak: kilobytes("VmHWM:") * 1024 })
}

/// The processor time of all threads that a process has, so far.
pub fn processor_time(id: u32) -> Result<Duration, Failure> {
    let threads = fs::read_dir(proc(id, "task"));
    let threads = threads.map_err(Failure::system("reading a process's threads"))?;
    let nanos = threads.flatten().filter_map(|thread| {
        let times = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        times.split_ascii_whitespace().next()?.parse::<u64>().ok()
    });
    Ok(Duration::from_nanos(nanos.sum()))
}

fn proc(id: u32, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{id}/{file}"))
}

fn log_file(folder: &Path) -> PathBuf {
    folder.join("log")
}

async fn listening(log: &Path) -> Option<SocketAddr> {
    #[derive(Deserialize)]
    struct Line {
        url: String,
    }
    let until = Instant::now() + START;
    while Instant::now() < until {
        let text = fs::read_to_string(log).ok()?;
        if let Some((line, _)) = text.split_once('\n') {
            let line: Line = serde_json::from_str(line).ok()?;
            return line.url.strip_prefix("http://")?.parse().ok();
        }
        tokio::time::sleep(LOOK).await;
    }
    None
}
