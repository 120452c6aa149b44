//! The bearer door's tokens in a file: the current one, and in a second line the one before.

use std::io::ErrorKind;
use std::path::PathBuf;

use async_trait::async_trait;

use crate::port::StoreError;
use crate::port::doors::{BearerToken, LiveTokens, Tokens};

/// A file of tokens, which is read again when it is old or lacks a token that somebody presents.
#[derive(Clone, Debug)]
pub struct TokenFile(PathBuf);

impl TokenFile {
    /// The tokens of this file.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    fn unavailable(&self, cause: &str) -> StoreError {
        StoreError::Unavailable(format!("{}: {cause}", self.0.display()))
    }
}

#[async_trait]
impl Tokens for TokenFile {
    async fn load(&self) -> Result<LiveTokens, StoreError> {
        // Some hundred bytes: not worth a thread.
        let text = std::fs::read_to_string(&self.0).map_err(|error| {
            let is_missing = error.kind() == ErrorKind::NotFound;
            if is_missing { StoreError::NotFound } else { self.unavailable(&error.to_string()) }
        })?;
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut next = || {
            lines.next().map(|line| {
                BearerToken::parse(line).map_err(|error| self.unavailable(&error.to_string()))
            })
        };
        let current = next().ok_or(StoreError::NotFound)??;
        let previous = next().transpose()?;
        match next() {
            None => Ok(LiveTokens { current, previous }),
            Some(_) => Err(self.unavailable("it has more than two tokens")),
        }
    }

    async fn save(&self, tokens: &LiveTokens) -> Result<(), StoreError> {
        let mut text = format!("{}\n", tokens.current.reveal());
        if let Some(previous) = &tokens.previous {
            text.push_str(previous.reveal());
            text.push('\n');
        }
        // Nobody reads half of it, and nobody else reads any of it.
        let new = self.0.with_extension("new");
        write_private(&new, &text)
            .and_then(|()| std::fs::rename(&new, &self.0))
            .map_err(|error| self.unavailable(&error.to_string()))
    }
}

#[cfg(unix)]
fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(not(unix))]
fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    std::fs::write(path, text)
}
