//! The page for browsers: one file, and the requests that it shows as they come.
//!
//! The page loads nothing from elsewhere, and its policy lets it run nothing but itself. Requests
//! are shown on a loopback address alone: elsewhere, whoever reaches the port could watch them.

mod feed;

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use ring::digest::{SHA256, digest};

pub(super) use self::feed::{Feed, Following};
use crate::version;

/// Where the page follows the requests.
pub(super) const REQUESTS: &str = "/page/requests";

static PAGE: LazyLock<Page> = LazyLock::new(Page::make);

struct Page {
    text: Bytes,
    policy: HeaderValue,
}

impl Page {
    fn make() -> Self {
        let text = include_str!("page/index.html").replace("{{version}}", version::SHORT);
        let (style, script) = (hash(&text, "style"), hash(&text, "script"));
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; \
             connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        );
        let policy = HeaderValue::try_from(policy).expect("ASCII");
        Self { text: text.into(), policy }
    }
}

/// The digest by which the policy knows an element's text.
fn hash(page: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let inner = page.split_once(&open).and_then(|(_, rest)| rest.split_once(&close));
    let (inner, _) = inner.expect("the page has the element once");
    STANDARD.encode(digest(&SHA256, inner.as_bytes()))
}

/// Whether a browser asks for the page. Clients of MCP ask for event streams there.
pub(super) fn is_wanted(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let accepts = |value: &HeaderValue| {
        value.to_str().is_ok_and(|text| text.to_ascii_lowercase().contains("text/html"))
    };
    *method == Method::GET && path == "/" && headers.get_all(ACCEPT).iter().any(accepts)
}

/// The page.
pub(super) fn page(feed: Option<&Feed>) -> Response<Bytes> {
    if let Some(feed) = feed {
        feed.wake();
    }
    let mut response = Response::new(PAGE.text.clone());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, PAGE.policy.clone());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The requests as they come, or why not.
pub(super) fn requests(method: &Method, feed: Option<&Feed>) -> Response<Option<Following>> {
    let following = feed.filter(|_| *method == Method::GET).and_then(Feed::follow);
    let status = match (&following, feed) {
        (Some(_), _) => StatusCode::OK,
        (None, None) => StatusCode::NOT_FOUND,
        (None, Some(_)) if *method != Method::GET => StatusCode::METHOD_NOT_ALLOWED,
        (None, Some(_)) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = Response::new(following);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if status == StatusCode::OK {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    } else if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_nothing_foreign() {
        let page = String::from_utf8(PAGE.text.to_vec()).expect("UTF-8");
        let policy = PAGE.policy.to_str().expect("ASCII");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        // Names of an XML namespace are no addresses.
        let named = page.replace("http://www.w3.org/2000/svg", "");
        for foreign in ["http://", "https://", "//cdn", "@import", "url(", " style=", "onclick=\""]
        {
            assert!(!named.contains(foreign), "{foreign}");
        }
        assert!(!page.contains("innerHTML") && !page.contains("{{"));
        for element in ["style", "script"] {
            assert_eq!(page.matches(&format!("<{element}")).count(), 1, "{element}");
        }
    }

    #[test]
    fn only_browsers_want_it() {
        let wanted = |method: Method, path: &str, accept: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
            }
            is_wanted(&method, path, &headers)
        };
        let browser = Some("text/html,application/xhtml+xml,*/*;q=0.8");
        assert!(wanted(Method::GET, "/", browser));
        assert!(!wanted(Method::POST, "/", browser));
        assert!(!wanted(Method::GET, "/mcp", browser));
        for other in [None, Some("text/event-stream"), Some("*/*"), Some("application/json")] {
            assert!(!wanted(Method::GET, "/", other), "{other:?}");
        }
    }
}
