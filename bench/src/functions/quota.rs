//! A quota of processor time, as Lambda gives it to small functions.

use std::fs;
use std::path::{Path, PathBuf};

/// Microseconds of processor time in each period: 0.145 of a processor, what 256 MB get.
const QUOTA: u32 = 2_900;
/// Microseconds.
const PERIOD: u32 = 20_000;

/// A control group of its own; gone when this is dropped.
#[derive(Debug)]
pub struct Quota {
    folder: PathBuf,
}

impl Quota {
    /// A group under the machine's root group, or in a sentence why there is none.
    pub fn new() -> Result<Self, String> {
        let name = format!("mcp-lambda-bench-{}", std::process::id());
        let made = match hierarchy() {
            Some(Hierarchy::Second(root)) => {
                Self::make(root.join(name), &[("cpu.max", format!("{QUOTA} {PERIOD}"))])
            }
            Some(Hierarchy::First(root)) => Self::make(
                root.join(name),
                &[
                    ("cpu.cfs_period_us", PERIOD.to_string()),
                    ("cpu.cfs_quota_us", QUOTA.to_string()),
                ],
            ),
            None => Err("no cgroup hierarchy has the cpu controller".to_owned()),
        };
        made.map_err(|why| format!("this machine lets us set no quota of processor time: {why}"))
    }

    /// The file that processes write their id to.
    pub fn processes(&self) -> PathBuf {
        self.folder.join("cgroup.procs")
    }

    fn make(folder: PathBuf, settings: &[(&str, String)]) -> Result<Self, String> {
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let quota = Self { folder };
        for (name, value) in settings {
            let file = quota.folder.join(name);
            fs::write(&file, value).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        Ok(quota)
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // It can be removed once its processes have ended; what remains does nothing.
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Where groups are made, in the two versions that there are.
enum Hierarchy {
    First(PathBuf),
    Second(PathBuf),
}

fn hierarchy() -> Option<Hierarchy> {
    let root = Path::new("/sys/fs/cgroup");
    let passed_on = fs::read_to_string(root.join("cgroup.subtree_control")).unwrap_or_default();
    if passed_on.split_ascii_whitespace().any(|controller| controller == "cpu") {
        return Some(Hierarchy::Second(root.to_owned()));
    }
    let first = root.join("cpu");
    // The root group itself has no quota; that its folder is there tells that the controller is.
    first.join("cgroup.procs").exists().then_some(Hierarchy::First(first))
}
