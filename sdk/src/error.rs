//! Failures, as models read them.

use std::fmt;

use mcp_lambda_runtime::invoke::failure::sanitised;

/// Why a tool failed: a text for the model, so that it can do better.
///
/// It is made of any error by `?`, whose first line the model then reads without paths, ARNs and
/// account numbers. It is no [`std::error::Error`] itself, as it could not be made of any then.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ToolError(String);

impl ToolError {
    /// A failure that says this, word by word. Say what to do instead.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for ToolError {
    fn from(error: E) -> Self {
        Self(sanitised(&error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_errors_lose_what_strangers_must_not_learn() {
        let foreign = std::io::Error::other("cannot read /etc/secret/key\nat line 7");
        assert_eq!(ToolError::from(foreign).to_string(), "cannot read ***");
        assert_eq!(ToolError::new("try /tmp/a/b").to_string(), "try /tmp/a/b");
    }
}
