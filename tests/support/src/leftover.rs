//! Processes that should be gone.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// The variable that all processes of one server inherit.
pub const VARIABLE: &str = "MCP_LAMBDA_E2E_MARK";

/// A value of the variable that no other server has.
pub fn mark() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The commands of all living processes with this mark.
///
/// Reads `/proc`, so that a process counts whoever its parent is by now; a system without it has
/// none to show.
pub fn processes(mark: &str) -> Vec<String> {
    let entry = format!("{VARIABLE}={mark}");
    let marked = |folder: &PathBuf| {
        let environment = std::fs::read(folder.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == entry.as_bytes())
    };
    let folders = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    folders
        .map(|entry| entry.path())
        .filter(marked)
        .map(|folder| {
            let words = std::fs::read(folder.join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&words).replace('\0', " ")
        })
        .collect()
}
