//! Host and Origin rules: a page in a browser must not reach a server that is not its own.

use std::collections::BTreeSet;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HOST, HeaderMap, HeaderValue, ORIGIN,
    VARY,
};

/// Which Host and Origin headers are served.
#[derive(Clone, Debug, Default)]
pub struct OriginPolicy {
    /// Whether only loopback hosts are served: the answer to DNS rebinding for a local server.
    pub loopback_hosts_only: bool,
    /// Whether pages that are served from a loopback host may call.
    pub loopback_origins: bool,
    /// Further origins, such as `https://inspector.example.com`.
    pub origins: BTreeSet<String>,
}

impl OriginPolicy {
    /// What a server on one machine allows.
    pub fn local() -> Self {
        Self { loopback_hosts_only: true, loopback_origins: true, origins: BTreeSet::new() }
    }

    /// The origin to allow, `None` where no browser asks, or why the request is refused.
    pub fn check(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, &'static str> {
        let mut hosts = headers.get_all(HOST).iter();
        if self.loopback_hosts_only {
            let host = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
            if !is_loopback(host) || hosts.next().is_some() {
                return Err("the Host header must be localhost, 127.0.0.1 or [::1]");
            }
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else {
            return match headers.contains_key(ORIGIN) {
                true => Err("the Origin header must be sent once"),
                false => Ok(None),
            };
        };
        let text = origin.to_str().unwrap_or_default();
        let local = self.loopback_origins
            && ["http://", "https://"]
                .iter()
                .any(|scheme| text.strip_prefix(scheme).is_some_and(is_loopback));
        if local || self.origins.contains(text) {
            Ok(Some(origin.clone()))
        } else {
            Err("this Origin is not allowed")
        }
    }
}

/// Whether `host[:port]` names this machine.
fn is_loopback(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, port)) => (host, port.strip_prefix(':').or(port.is_empty().then_some("0"))),
            None => return false,
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, Some("0")),
        },
    };
    let port = port.is_some_and(|port| port.parse::<u16>().is_ok());
    let named = host.eq_ignore_ascii_case("localhost");
    let address = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    port && (named || address)
}

/// Lets a page of an allowed origin read the response.
pub(crate) fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(VARY, HeaderValue::from_static("origin"));
    let fixed = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, DELETE, OPTIONS"),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type, accept, if-match, last-event-id, mcp-protocol-version, \
             mcp-session-id, mcp-method, mcp-name",
        ),
        (ACCESS_CONTROL_EXPOSE_HEADERS, "mcp-session-id, www-authenticate, etag, location"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Adds the mirrored headers that a preflight asks for: their names are the registrations'.
pub(crate) fn allow_requested(headers: &mut HeaderMap, requested: &HeaderMap) {
    let asked = requested
        .get("access-control-request-headers")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    for name in asked.split(',').map(str::trim) {
        if name.to_ascii_lowercase().starts_with("mcp-param-")
            && let Ok(value) = HeaderValue::from_str(name)
        {
            headers.append(ACCESS_CONTROL_ALLOW_HEADERS, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &'static str, origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
        }
        OriginPolicy::local().check(&headers).is_ok()
    }

    #[test]
    fn hosts() {
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1:8765", "127.1.2.3", "[::1]:80", "[::1]"]
        {
            assert!(check(host, None), "{host}");
        }
        for host in [
            "",
            "evil.example.com",
            "localhost.evil.com",
            "0.0.0.0",
            "[::2]",
            "[::1",
            "127.0.0.1:x",
            "localhost:99999",
        ] {
            assert!(!check(host, None), "{host}");
        }
    }

    #[test]
    fn origins() {
        assert!(check("localhost", Some("http://localhost:6274")));
        assert!(check("localhost", Some("https://127.0.0.1")));
        for origin in [
            "null",
            "http://evil.example.com",
            "http://localhost.evil.com",
            "file://",
            "ftp://localhost",
        ] {
            assert!(!check("localhost", Some(origin)), "{origin}");
        }
    }
}
