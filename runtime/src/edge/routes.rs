//! What a path leads to.
//!
//! Paths are compared as they came: nothing is decoded, no segment is taken away, and case counts.
//! So a path has one form, and everything else leads nowhere.

use crate::door::Site;
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
    /// Where the metadata of a protected resource is, with the resource's path. Which virtual
    /// servers there are makes no difference.
    Metadata(String),
}

/// Where the metadata of a protected resource is (RFC 9728, 3).
pub(crate) const METADATA: &str = "/.well-known/oauth-protected-resource";

impl<'a> Place<'a> {
    /// What a path leads to, with or without a slash at its end; `None` for nothing.
    pub fn of(path: &'a str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        if let Some(rest) = path.strip_prefix(METADATA) {
            let resource = Self::client(rest).filter(|place| !matches!(place, Self::Message(_)));
            return resource.and_then(|place| place.resource()).map(Self::Metadata);
        }
        if let Some(place) = Self::client(path) {
            return Some(place);
        }
        match path {
            "/health" => Some(Self::Health),
            path if is_below(path, "/register") => Some(Self::Register(path)),
            path if is_below(path, "/policies") => Some(Self::Policies(path)),
            path if is_below(path, "/servers") => Some(Self::Servers(path)),
            _ => None,
        }
    }

    /// A place of the client plane.
    fn client(path: &'a str) -> Option<Self> {
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
            _ => None,
        }
    }

    /// The path of the resource for which access tokens are issued: a server over one of its
    /// transports. The whole and each virtual server are resources of their own.
    pub(crate) fn resource(&self) -> Option<String> {
        let of = |server: &Option<ServerName>, path: &str| match server {
            None => path.to_owned(),
            Some(name) => format!("/s/{name}{path}"),
        };
        match self {
            // Clients want a resource with a path: a URL without one is changed by their parsers.
            Self::Mcp(server) | Self::Message(server) => Some(of(server, "/mcp")),
            Self::Sse(server) => Some(of(server, "/sse")),
            Self::Health
            | Self::Register(_)
            | Self::Policies(_)
            | Self::Servers(_)
            | Self::Metadata(_) => None,
        }
    }

    /// Whether somebody is called there, or something is changed, so that nobody may who is not
    /// let in.
    pub(crate) fn is_guarded(&self) -> bool {
        match self {
            Self::Mcp(_) | Self::Sse(_) | Self::Message(_) => true,
            Self::Register(_) | Self::Policies(_) | Self::Servers(_) => true,
            Self::Health | Self::Metadata(_) => false,
        }
    }

    /// Whether it is for administrators.
    pub(crate) fn is_admin(&self) -> bool {
        matches!(self, Self::Register(_) | Self::Policies(_) | Self::Servers(_))
    }

    /// The site for which tokens must be issued there: each virtual server has its own.
    pub(crate) fn site(&self, site: &Site) -> Site {
        match self.server() {
            None => site.clone(),
            Some(name) => Site::new(&site.url(&format!("/s/{name}"))),
        }
    }

    /// The virtual server.
    pub fn server(&self) -> Option<&ServerName> {
        match self {
            Self::Mcp(server) | Self::Sse(server) | Self::Message(server) => server.as_ref(),
            Self::Health
            | Self::Register(_)
            | Self::Policies(_)
            | Self::Servers(_)
            | Self::Metadata(_) => None,
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
            ("/.well-known/oauth-protected-resource", Place::Metadata("/mcp".to_owned())),
            ("/.well-known/oauth-protected-resource/sse", Place::Metadata("/sse".to_owned())),
            (
                "/.well-known/oauth-protected-resource/s/a/mcp",
                Place::Metadata("/s/a/mcp".to_owned()),
            ),
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
            "/.well-known/oauth-protected-resourcex",
            "/.well-known/oauth-protected-resource/message",
            "/.well-known/oauth-protected-resource/s/A/mcp",
            "/.well-known/oauth-protected-resource/health",
            "/.well-known/oauth-protected-resource/s/a",
        ] {
            assert_eq!(Place::of(path), None, "{path}");
        }
    }
}
