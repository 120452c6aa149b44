//! What a path leads to.
//!
//! Paths are compared as they came: nothing is decoded, no segment is taken away, and case counts.
//! So a path has one form, and everything else leads nowhere.

use crate::server::ServerName;

/// What a path leads to. At the client plane's places, the virtual server whose they are.
#[derive(Debug, Eq, PartialEq)]
pub enum Place<'a> {
    /// `/mcp`, which is also the root, and `/s/{name}/mcp`.
    Mcp(Option<ServerName>),
    /// `/sse` and `/s/{name}/sse`.
    Sse(Option<ServerName>),
    /// `/message` and `/s/{name}/message`.
    Message(Option<ServerName>),
    /// `/health`.
    Health,
    /// `/register` and what is below.
    Register(&'a str),
    /// `/policies` and what is below.
    Policies(&'a str),
    /// `/servers` and what is below.
    Servers(&'a str),
}

impl<'a> Place<'a> {
    /// What a path leads to, with or without a slash at its end; `None` for nothing.
    pub fn of(path: &'a str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let (server, client) = match path.strip_prefix("/s/") {
            None => (None, path),
            Some(rest) => {
                let (name, _) = rest.split_once('/')?;
                (Some(ServerName::parse(name).ok()?), &rest[name.len()..])
            }
        };
        match (client, server) {
            ("", None) => Some(Self::Mcp(None)),
            ("/mcp", server) => Some(Self::Mcp(server)),
            ("/sse", server) => Some(Self::Sse(server)),
            ("/message", server) => Some(Self::Message(server)),
            (_, Some(_)) => None,
            ("/health", None) => Some(Self::Health),
            (path, None) if is_below(path, "/register") => Some(Self::Register(path)),
            (path, None) if is_below(path, "/policies") => Some(Self::Policies(path)),
            (path, None) if is_below(path, "/servers") => Some(Self::Servers(path)),
            (_, None) => None,
        }
    }

    /// The virtual server.
    pub fn server(&self) -> Option<&ServerName> {
        match self {
            Self::Mcp(server) | Self::Sse(server) | Self::Message(server) => server.as_ref(),
            Self::Health | Self::Register(_) | Self::Policies(_) | Self::Servers(_) => None,
        }
    }
}

/// Whether a path is a place or below it.
fn is_below(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let a = || ServerName::parse("a").ok();
        for (path, place) in [
            ("", Place::Mcp(None)),
            ("/", Place::Mcp(None)),
            ("/mcp", Place::Mcp(None)),
            ("/mcp/", Place::Mcp(None)),
            ("/s/a/mcp", Place::Mcp(a())),
            ("/s/a/mcp/", Place::Mcp(a())),
            ("/s/a/sse", Place::Sse(a())),
            ("/s/a/message", Place::Message(a())),
            ("/s/mcp/mcp", Place::Mcp(ServerName::parse("mcp").ok())),
            ("/health/", Place::Health),
            ("/register", Place::Register("/register")),
            ("/register/tool-a/status", Place::Register("/register/tool-a/status")),
            ("/policies/a", Place::Policies("/policies/a")),
            ("/servers/", Place::Servers("/servers")),
        ] {
            assert_eq!(Place::of(path), Some(place), "{path}");
        }
    }

    #[test]
    fn everything_else_leads_nowhere() {
        for path in [
            "//",
            "/mcp//",
            "//mcp",
            "/MCP",
            "/mcp/x",
            "/s",
            "/s/",
            "/s/a",
            "/s/a/",
            "/s//mcp",
            "/s/a//mcp",
            "/s/a/mcp//",
            "/s/a/../mcp",
            "/s/../mcp",
            "/s/./mcp",
            "/s/%2e%2e/mcp",
            "/s/..%2fmcp",
            "/s/a%2fmcp",
            "/s/%61/mcp",
            "/s/A/mcp",
            "/S/a/mcp",
            "/s/a/MCP",
            "/s/a/b/mcp",
            "/s/a/health",
            "/s/a/register",
            "/s/a/policies",
            "/s/a;x/mcp",
            "/s/a /mcp",
            "/s/a\\..\\mcp",
            "/x/s/a/mcp",
            "/registers",
            "/policiesx",
        ] {
            assert_eq!(Place::of(path), None, "{path}");
        }
    }
}
