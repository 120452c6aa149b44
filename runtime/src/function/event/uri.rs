//! Paths and queries as events have them: decoded, encoded, or with a stage before them.

use http::Uri;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::protocol::json::Text;

/// What cannot stand in a path. An encoded character stays as it is.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
/// What cannot stand in a query that is written anew from its decoded parameters.
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What cannot stand in a query as it came.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// Writes decoded parameters as a query.
pub(super) fn query(parameters: &[(Text<'_>, Text<'_>)]) -> String {
    let mut query = String::new();
    for (name, value) in parameters {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(&name.0, PARAMETER));
        query.push('=');
        query.extend(utf8_percent_encode(&value.0, PARAMETER));
    }
    query
}

/// Takes leading segments away where they are there: what was taken, and the rest.
pub(super) fn unmount<'a>(path: &'a str, leading: [Option<&str>; 2]) -> (String, &'a str) {
    let (mut mount, mut rest) = (String::new(), path);
    for segment in leading.into_iter().flatten() {
        let segment = segment.trim_matches('/');
        let inner = rest.strip_prefix('/').and_then(|inner| inner.strip_prefix(segment));
        if let Some(inner) = inner.filter(|inner| inner.is_empty() || inner.starts_with('/')) {
            mount.push('/');
            mount.push_str(segment);
            rest = inner;
        }
    }
    (mount, rest)
}

/// `None` when it is longer than a URI may be (65,534 bytes).
pub(super) fn build(path: &str, query: &str) -> Option<Uri> {
    let mut text = String::with_capacity(path.len() + query.len() + 2);
    if !path.starts_with('/') {
        text.push('/');
    }
    text.extend(utf8_percent_encode(path, PATH));
    if !query.is_empty() {
        text.push('?');
        text.extend(utf8_percent_encode(query, QUERY));
    }
    // Without an authority, so that a path that begins with two slashes stays a path.
    Uri::builder().path_and_query(text).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts() {
        let check = |path, leading| unmount(path, leading);
        assert_eq!(check("/mcp", [None, None]), (String::new(), "/mcp"));
        assert_eq!(check("/prod/mcp", [Some("prod"), None]), ("/prod".to_owned(), "/mcp"));
        assert_eq!(check("/prod", [Some("prod"), None]), ("/prod".to_owned(), ""));
        assert_eq!(check("/production/mcp", [Some("prod"), None]).1, "/production/mcp");
        assert_eq!(check("/mcp", [Some("prod"), None]).1, "/mcp");
        assert_eq!(check("/a/b/c", [Some("a"), Some("/b/")]), ("/a/b".to_owned(), "/c"));
        assert_eq!(check("/b/c", [Some("a"), Some("/b")]), ("/b".to_owned(), "/c"));
        assert_eq!(check("/mcp/mcp", [Some("mcp"), None]), ("/mcp".to_owned(), "/mcp"));
    }

    #[test]
    fn uris() {
        let check = |path, query| build(path, query).map(|uri| uri.to_string());
        assert_eq!(check("", "").as_deref(), Some("/"));
        assert_eq!(check("/a b", "x=1 2#").as_deref(), Some("/a%20b?x=1%202%23"));
        assert_eq!(check("/a%2Fb", "x=%20").as_deref(), Some("/a%2Fb?x=%20"));
        assert_eq!(check("/é?x", "").as_deref(), Some("/%C3%A9%3Fx"));
        assert_eq!(check("//evil.example/x", "").as_deref(), Some("//evil.example/x"));
        assert_eq!(check("//evil.example/x", "").as_deref(), Some("//evil.example/x"));
        let long = |length: usize| build(&format!("/{}", "x".repeat(length - 1)), "");
        assert!(long(65_534).is_some());
        assert!(long(65_535).is_none());
    }
}
