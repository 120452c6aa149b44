//! Why a measurement was given up.

use std::io;
use std::path::PathBuf;

/// A failure; a figure that cannot be trusted is not printed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The operating system's word.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A program cannot be built.
    #[error("cannot build {0}")]
    Build(String),
    /// A server did not say that it listens.
    #[error("{0} did not start")]
    Start(String),
    /// A server's answer is not the right one.
    #[error("{server} answered {request} wrongly: {answer}")]
    Answer {
        /// The server.
        server: String,
        /// The request.
        request: String,
        /// The beginning of its answer.
        answer: String,
    },
    /// A file of results cannot be understood.
    #[error("{path}: {source}")]
    Results {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A figure cannot be drawn.
    #[error("cannot draw: {0}")]
    Draw(String),
}

impl Failure {
    /// For `map_err`.
    pub fn system(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { doing, source }
    }

    /// An answer that lacks what it should hold.
    pub fn answer(server: &str, request: &str, answer: &[u8]) -> Self {
        let start = &answer[..answer.len().min(600)];
        Self::Answer {
            server: server.to_owned(),
            request: request.to_owned(),
            answer: String::from_utf8_lossy(start).into_owned(),
        }
    }
}
