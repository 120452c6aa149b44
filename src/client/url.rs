//! Where a gateway is.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use http::uri::Scheme;

/// The URL below which a gateway answers.
///
/// Invariants: `http` or `https`, a host, no user, no query, no slash at the end, and none of the
/// gateway's own paths.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct GatewayUrl {
    base: String,
    host: String,
    secure: bool,
}

/// Why a text is not such a URL.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a gateway's URL is like http://127.0.0.1:8765 or https://ID.lambda-url.REGION.on.aws")]
pub(crate) struct InvalidUrl;

/// What may stand behind the base, because people copy whole endpoints.
const ENDPOINTS: [&str; 3] = ["/mcp", "/sse", "/register"];

/// Bytes of a URL.
const MAX_URL_BYTES: usize = 2_048;

impl GatewayUrl {
    /// Reads a base URL, or that of one of the gateway's endpoints.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let uri: Uri = text.trim().parse().map_err(|_| InvalidUrl)?;
        let scheme = uri.scheme().ok_or(InvalidUrl)?;
        let authority = uri.authority().ok_or(InvalidUrl)?;
        let secure = *scheme == Scheme::HTTPS;
        let good = (secure || *scheme == Scheme::HTTP)
            && uri.query().is_none()
            && !authority.as_str().contains('@')
            && !authority.host().is_empty()
            && text.len() <= MAX_URL_BYTES;
        if !good {
            return Err(InvalidUrl);
        }
        let path = uri.path().trim_end_matches('/');
        let path = ENDPOINTS.iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path);
        let base = format!("{scheme}://{authority}{}", path.trim_end_matches('/'));
        Ok(Self { base, host: authority.host().to_ascii_lowercase(), secure })
    }

    /// The URL of a path, which begins with a slash and may have a query.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Whether what is sent stays unread on its way: by TLS, or because it stays on this machine.
    pub(crate) fn is_private(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        let local = bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        self.secure || local || bare == "localhost"
    }

    /// The service and the region that requests are signed for, where the host tells them.
    pub(crate) fn signed_for(&self) -> Option<(&'static str, &str)> {
        let labels: Vec<&str> = self.host.split('.').collect();
        let of_aws = self.host.ends_with(".on.aws") || self.host.contains(".amazonaws.com");
        let at = |label: &str| labels.iter().position(|one| *one == label);
        let named = [("lambda-url", "lambda"), ("execute-api", "execute-api")];
        named.into_iter().filter(|_| of_aws).find_map(|(label, service)| {
            let region = labels.get(at(label)? + 1)?;
            Some((service, *region))
        })
    }
}

impl fmt::Display for GatewayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> GatewayUrl {
        GatewayUrl::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn endpoints_lead_to_their_base() {
        for (text, base) in [
            ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
            ("http://127.0.0.1:8765/", "http://127.0.0.1:8765"),
            ("http://127.0.0.1:8765/mcp", "http://127.0.0.1:8765"),
            ("https://a.example/prod/mcp/", "https://a.example/prod"),
            ("https://a.example/register", "https://a.example"),
            ("https://a.example/sse", "https://a.example"),
            (" https://a.example/_aws/lambda-url/x ", "https://a.example/_aws/lambda-url/x"),
        ] {
            assert_eq!(parse(text).to_string(), base, "{text}");
        }
        assert_eq!(parse("http://h:1").at("/mcp"), "http://h:1/mcp");
    }

    #[test]
    fn refusals() {
        let long = format!("http://a/{}", "a".repeat(MAX_URL_BYTES));
        for text in [
            "",
            "127.0.0.1:8765",
            "ftp://a",
            "http://",
            "http://a?b=c",
            "http://u:p@a",
            "a b",
            &long,
        ] {
            assert_eq!(GatewayUrl::parse(text), Err(InvalidUrl), "{text}");
        }
        let fits = format!("http://a/{}", "a".repeat(MAX_URL_BYTES - 9));
        assert!(GatewayUrl::parse(&fits).is_ok());
    }

    #[test]
    fn hosts_of_aws_tell_service_and_region() {
        for (host, expected) in [
            ("abc.lambda-url.eu-west-1.on.aws", Some(("lambda", "eu-west-1"))),
            ("abc.execute-api.us-east-1.amazonaws.com", Some(("execute-api", "us-east-1"))),
            (
                "abc-vpce-1.execute-api.us-east-1.vpce.amazonaws.com",
                Some(("execute-api", "us-east-1")),
            ),
            ("abc.lambda-url.eu-west-1.example.com", None),
            ("127.0.0.1:8765", None),
        ] {
            assert_eq!(parse(&format!("https://{host}")).signed_for(), expected, "{host}");
        }
    }

    #[test]
    fn what_others_could_read() {
        for (text, private) in [
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://localhost", true),
            ("https://a.example", true),
            ("http://a.example", false),
        ] {
            assert_eq!(parse(text).is_private(), private, "{text}");
        }
    }
}
