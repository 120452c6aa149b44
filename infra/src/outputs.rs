//! What a deployed stack says of itself.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::deploy::{DeployError, IDENTIFIER, Stack, StackName};

/// The outputs of a stack, by their names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outputs(BTreeMap<String, String>);

impl Outputs {
    /// Those of a stack, which must be there.
    pub(crate) async fn of(account: &Account, stack: &str) -> Result<Self, DeployError> {
        let name: StackName = stack.parse().expect("it was deployed under this name");
        Ok(Stack::existing(account, &name).await?.into())
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Where clients of Streamable HTTP connect.
    pub fn mcp_url(&self) -> Option<String> {
        self.below(MCP, "mcp")
    }

    /// Where clients of HTTP+SSE connect.
    pub fn sse_url(&self) -> Option<String> {
        self.below(MCP, "sse")
    }

    /// Where clients of HTTP+SSE send messages, with the session that their stream tells them.
    pub fn message_url(&self) -> Option<String> {
        self.below(MCP, "message")
    }

    /// Where clients of Streamable HTTP connect that send tokens; nothing without a public door.
    pub fn public_url(&self) -> Option<String> {
        self.below(PUBLIC, "mcp")
    }

    /// The parameter with the tokens of the public door; nothing if it asks for no tokens of the
    /// stack.
    pub fn tokens_name(&self) -> Option<&str> {
        self.get(TOKENS)
    }

    /// Where administrators register.
    pub fn registration_url(&self) -> Option<String> {
        self.below(REGISTRATION, "register")
    }

    fn below(&self, output: &str, path: &str) -> Option<String> {
        self.get(output).map(|url| format!("{}/{path}", url.trim_end_matches('/')))
    }
}

impl From<Stack> for Outputs {
    fn from(stack: Stack) -> Self {
        Self(stack.outputs.into_iter().collect())
    }
}

impl FromIterator<(String, String)> for Outputs {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(all: T) -> Self {
        Self(all.into_iter().collect())
    }
}

/// The Function URL of the client plane.
const MCP: &str = "McpFunctionUrl";
/// Where the tokens of the public door are.
const TOKENS: &str = "BearerTokensName";
/// The public door.
const PUBLIC: &str = "McpPublicUrl";
/// The Function URL of the admin plane.
const REGISTRATION: &str = "RegistrationFunctionUrl";

/// A deployed stack.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Description {
    /// Its id.
    pub id: String,
    /// Such as `UPDATE_COMPLETE`.
    pub status: String,
    /// What the names in it begin with: its parameter `StackIdentifier`, or its own name where the
    /// template has no such parameter.
    pub identifier: String,
    /// Its outputs.
    pub outputs: Outputs,
}

/// Describes a stack.
pub async fn outputs(account: &Account, name: &StackName) -> Result<Description, DeployError> {
    let stack = Stack::existing(account, name).await?;
    let (id, status) = (stack.id.clone(), stack.status.clone());
    let identifier = stack.parameters.get(IDENTIFIER).unwrap_or(&stack.name).clone();
    Ok(Description { id, status, identifier, outputs: stack.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_below_the_urls() {
        let outputs: Outputs = [
            (MCP.to_owned(), "https://m.example/".to_owned()),
            (REGISTRATION.to_owned(), "https://r.example".to_owned()),
            (PUBLIC.to_owned(), "https://p.example/prod".to_owned()),
        ]
        .into_iter()
        .collect();
        assert_eq!(outputs.mcp_url().as_deref(), Some("https://m.example/mcp"));
        assert_eq!(outputs.sse_url().as_deref(), Some("https://m.example/sse"));
        assert_eq!(outputs.message_url().as_deref(), Some("https://m.example/message"));
        assert_eq!(outputs.registration_url().as_deref(), Some("https://r.example/register"));
        assert_eq!(outputs.public_url().as_deref(), Some("https://p.example/prod/mcp"));
        assert_eq!(Outputs::default().mcp_url(), None);
    }
}
