//! What can go wrong between a client and a server.

use http::StatusCode;
use mcp_lambda_runtime::protocol::limits::MAX_INPUT_ROUNDS;

use crate::client::http::HttpError;
use crate::client::message::RpcError;
use crate::client::refusal;
use crate::exit::Failure;

/// Why a request was not answered as it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum McpError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A status that is no success, without a message.
    #[error("{text}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// One sentence.
        text: String,
    },
    /// A JSON-RPC error.
    #[error("the gateway answers with error {}: {}", .0.code, refusal::printable(&.0.message))]
    Rpc(RpcError),
    /// Something that no server may say.
    #[error("the gateway does not speak MCP here: {0}; look whether the URL is right")]
    Protocol(&'static str),
    /// The function asks again and again.
    #[error("the function still asks after {MAX_INPUT_ROUNDS} answers")]
    Rounds,
}

impl From<McpError> for Failure {
    fn from(error: McpError) -> Self {
        match error {
            McpError::Http(error) => error.into(),
            McpError::Refused { .. }
            | McpError::Rpc(_)
            | McpError::Protocol(_)
            | McpError::Rounds => Self::Gateway(error.to_string()),
        }
    }
}
