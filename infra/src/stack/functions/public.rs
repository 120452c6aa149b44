//! The public door: a second function of the client plane, at a Function URL that anybody may call,
//! which asks for a token itself.
//!
//! It shares the role of the signed door, so that tool functions let in one role, and catalog,
//! sessions and mailboxes are the same.

use mcp_lambda_runtime::deployment::variables;

use super::{Function, Gateway, name};
use crate::aws::lambda::url::AuthType;
use crate::construct::Scope;
use crate::construct::tokens::Tokens;
use crate::core::{IntoValue, Value};
use crate::stack::names;

/// The logical id of its log group.
pub(super) const LOGS: &str = "McpPublicLogs";

impl Gateway<'_> {
    /// The signed door's function, behind the public door instead.
    pub(super) fn public_door(&self, scope: &Scope<'_>, signed: Function) -> Function {
        let door = &self.parameters.door;
        let mut function = signed;
        let kind = door.is_bearer.choose("BEARER", "OAUTH").into_value();
        function.ask_for_tokens(self.door_variables(scope, kind, door.url.clone()));
        Function {
            id: "McpPublicFunction",
            name: name(scope, names::PUBLIC),
            description: "MCP clients that do not sign",
            callers: AuthType::None,
            condition: Some(door.used.clone()),
            ..function
        }
    }

    /// What a door must know: whom it lets in, and where it is.
    pub(super) fn door_variables(
        &self,
        scope: &Scope<'_>,
        kind: Value<String>,
        url: Value<String>,
    ) -> Vec<(&'static str, Value<String>)> {
        let door = &self.parameters.door;
        vec![
            (variables::AUTHENTICATION, kind),
            (variables::BEARER_TOKENS, Tokens::new(scope).name),
            (variables::OAUTH_ISSUER, door.issuer.clone()),
            (variables::OAUTH_AUDIENCES, door.audiences.clone()),
            (variables::OAUTH_CLIENTS, door.clients.clone()),
            (variables::OAUTH_SCOPES, door.scopes.clone()),
            (variables::OAUTH_RULES, door.rules.clone()),
            (variables::OAUTH_CLAIMS, door.claims.clone()),
            (variables::PUBLIC_URL, url),
        ]
    }
}

impl Function {
    /// Puts a door before it, in place of signatures.
    pub(super) fn ask_for_tokens(&mut self, door: Vec<(&'static str, Value<String>)>) {
        self.variables.retain(|(name, _)| {
            *name != variables::AUTHENTICATION && *name != variables::DIRECT_INVOKE
        });
        self.variables.extend(door);
    }
}
