//! The roles of the stack's functions: which grants each has, and that is all it may do.

use crate::construct::function::Added;
use crate::construct::mailboxes::Mailboxes;
use crate::construct::observe::Observe;
use crate::construct::role::Role;
use crate::construct::table::{Registrations, Sessions};
use crate::construct::tools::ToolFunctions;
use crate::construct::{Grant, Key};
use crate::core::IntoValue;

/// Where data is.
pub struct Data {
    /// What is registered.
    pub registrations: Registrations,
    /// What is remembered of sessions.
    pub sessions: Sessions,
    /// What waits for sessions.
    pub mailboxes: Mailboxes,
}

/// What every function may do, besides its own work.
pub struct Shared<'a> {
    /// What is observed.
    pub observe: &'a Observe,
    /// What encrypts.
    pub key: &'a Key,
}

impl Shared<'_> {
    fn role(&self, description: &'static str, logs: Vec<Grant>, network: Grant) -> Role {
        Role::new(description).grant_all(logs).grant_all(self.observe.grants()).grant(network)
    }

    /// The gateway's: registrations are read, sessions kept, mailboxes used. What it may call, the
    /// functions say that are registered.
    pub fn gateway(&self, data: &Data, logs: Vec<Grant>, network: Grant) -> Role {
        let role = self.role("The MCP gateway: the functions that clients call", logs, network);
        self.client_plane(role, data).grant(data.mailboxes.grant_use())
    }

    /// The function of `POST /message` alone: it hands messages on to the streams of sessions.
    pub fn messages(&self, data: &Data, logs: Vec<Grant>, network: Grant) -> Role {
        let role = self.role("The MCP gateway: messages for event streams", logs, network);
        self.client_plane(role, data).grant(data.mailboxes.grant_send())
    }

    fn client_plane(&self, role: Role, data: &Data) -> Role {
        role.grant(data.registrations.grant_read())
            .grant(data.sessions.grant())
            .grant(self.key.grant())
    }

    /// The administrators' plane: registrations are written, functions are made to let the gateway
    /// call them, and the gateway is asked whether it can.
    pub fn registration(
        &self,
        registrations: &Registrations,
        tools: &ToolFunctions,
        gateway_role: impl IntoValue<String>,
        gateway: &Added,
        logs: Vec<Grant>,
        network: Grant,
    ) -> Role {
        self.role("The MCP gateway: registering functions", logs, network)
            .grant(registrations.grant_write())
            .grant(tools.grant_management(gateway_role))
            .grant(gateway.grant_probe())
            .grant(self.key.grant())
    }

    /// The authorizer: it reads the tokens, if it asks for them.
    pub fn authorizer(&self, logs: Vec<Grant>, network: Grant) -> Role {
        self.role("The MCP gateway: asking for tokens at API Gateway", logs, network)
            .grant(self.key.grant_variables())
    }

    /// The sweeper: mailboxes that nobody closed are removed.
    pub fn sweeper(&self, mailboxes: &Mailboxes, logs: Vec<Grant>, network: Grant) -> Role {
        self.role("The MCP gateway: removing queues that were left behind", logs, network)
            .grant(mailboxes.grant_sweep())
            .grant(self.key.grant_variables())
    }
}
