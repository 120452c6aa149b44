//! On what was measured, noted with every result.

use std::fs;
use std::process::Command;

use mcp_lambda_runtime::embedded::system::SystemClock;
use mcp_lambda_runtime::port::Clock;
use serde::{Deserialize, Serialize};

use crate::peer;

/// The machine, the versions and the moment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Machine {
    /// When the measurement began, in UTC.
    pub date: String,
    /// The processor's model.
    pub processor: String,
    /// How many of its threads can be used.
    pub threads: usize,
    /// Memory in GiB.
    pub memory_gib: u64,
    /// The kernel.
    pub kernel: String,
    /// The compiler.
    pub rustc: String,
    /// The last commit before what was built.
    pub commit: String,
    /// rmcp's version.
    pub rmcp: String,
    /// The load average of the last minute at the beginning: what else ran.
    pub load: f64,
}

impl Machine {
    /// Looks at this machine.
    pub fn look() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let value = line.and_then(|rest| rest.split_once(':')).map(|(_, value)| value.trim());
            value.unwrap_or("unknown").to_owned()
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let kilobytes = memory.split(' ').next().and_then(|text| text.parse::<u64>().ok());
        Self {
            date: SystemClock.now().to_rfc3339(),
            processor: field(&read("/proc/cpuinfo"), "model name"),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: kilobytes.unwrap_or_default() / (1024 * 1024),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            rustc: output("rustc", &["--version"]),
            commit: output("git", &["rev-parse", "--short=10", "HEAD"]),
            rmcp: peer::version(),
            load: load(),
        }
    }
}

/// The load average of the last minute.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.ok().filter(|text| !text.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}
