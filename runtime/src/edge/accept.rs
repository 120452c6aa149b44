//! What a client takes and what it sends: `Accept` and `Content-Type`.

use http::HeaderMap;
use http::header::{ACCEPT, AsHeaderName, CONTENT_TYPE};

use crate::protocol::header::Field;

/// The media types that a client takes, as far as they matter here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Accepted {
    pub(crate) json: bool,
    pub(crate) events: bool,
}

/// Reads `Accept`; a client that sends none takes everything.
pub(crate) fn accepted(headers: &HeaderMap) -> Accepted {
    let mut accepted = Accepted { json: false, events: false };
    let mut any = false;
    for value in headers.get_all(ACCEPT) {
        any = true;
        for range in value.to_str().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            if parts.any(|part| part.eq_ignore_ascii_case("q=0")) {
                continue;
            }
            let is_one_of = |kinds: [&str; 3]| kinds.iter().any(|k| kind.eq_ignore_ascii_case(k));
            accepted.json |= is_one_of(["application/json", "application/*", "*/*"]);
            accepted.events |= is_one_of(["text/event-stream", "text/*", "*/*"]);
        }
    }
    if any { accepted } else { Accepted { json: true, events: true } }
}

/// Whether the body is said to be JSON, with any parameters.
pub(crate) fn sends_json(headers: &HeaderMap) -> bool {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// A header with how often it came.
pub(crate) fn field(headers: &HeaderMap, name: impl AsHeaderName) -> Field<'_> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Field::Absent,
        (Some(value), None) => match value.to_str() {
            Ok(text) => Field::Once(text.trim_matches([' ', '\t'])),
            Err(_) => Field::Ambiguous,
        },
        (Some(_), Some(_)) => Field::Ambiguous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accept: Option<&'static str>) -> (bool, bool) {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert(ACCEPT, http::HeaderValue::from_static(accept));
        }
        let accepted = accepted(&headers);
        (accepted.json, accepted.events)
    }

    #[test]
    fn ranges() {
        assert_eq!(check(None), (true, true));
        assert_eq!(check(Some("*/*")), (true, true));
        assert_eq!(check(Some("application/json, text/event-stream")), (true, true));
        assert_eq!(check(Some("application/json;q=0.5")), (true, false));
        assert_eq!(check(Some("Text/Event-Stream")), (false, true));
        assert_eq!(check(Some("text/html, application/*")), (true, false));
        assert_eq!(check(Some("application/json;q=0, text/html")), (false, false));
        assert_eq!(check(Some("")), (false, false));
    }
}
