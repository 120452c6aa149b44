//! The Node bootstrap that comes with the crate, and its place on the disk.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

/// What stands in a command for the path of the Node bootstrap.
pub(crate) const PLACEHOLDER: &str = "{node-bootstrap}";

/// The text of the Node bootstrap, an ES module: `node node-bootstrap.mjs app.handler`.
///
/// It runs the export `handler` of `app.mjs`, `app.js` or `app.cjs` in `LAMBDA_TASK_ROOT` as
/// Lambda's Node runtime does: async, with a callback, or through `awslambda.streamifyResponse`.
pub fn node_bootstrap() -> &'static str {
    include_str!("../assets/node-bootstrap.mjs")
}

/// The bootstrap as a file that only we can write; gone when this is dropped.
#[derive(Default)]
pub(crate) struct NodeBootstrap {
    folder: Mutex<Option<TempDir>>,
}

impl NodeBootstrap {
    /// The file's path; it is written the first time.
    pub(crate) fn path(&self) -> io::Result<PathBuf> {
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = &*folder {
            return Ok(folder.path().join(FILE_NAME));
        }
        // A folder of ours alone: a file in the common one could be swapped by others.
        let private = fs::Permissions::from_mode(0o700);
        let new = tempfile::Builder::new().prefix("lambda-host-").permissions(private).tempdir()?;
        let path = new.path().join(FILE_NAME);
        fs::write(&path, node_bootstrap())?;
        *folder = Some(new);
        Ok(path)
    }
}

const FILE_NAME: &str = "node-bootstrap.mjs";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_private_written_once_and_removed() {
        let bootstrap = NodeBootstrap::default();
        let path = bootstrap.path().expect("a file");
        assert_eq!(fs::read_to_string(&path).expect("its text"), node_bootstrap());
        assert_eq!(bootstrap.path().expect("a file"), path);
        let folder = path.parent().expect("a folder");
        assert_eq!(folder.metadata().expect("a folder").permissions().mode() & 0o777, 0o700);
        drop(bootstrap);
        assert!(!path.exists());
    }
}
