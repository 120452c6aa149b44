//! The trace that a call belongs to: W3C trace context in, X-Ray's header and strings out.
//!
//! W3C and X-Ray write the same 128 bits in two ways: `4bf92f35…` and `1-4bf92f35-…`. What is
//! malformed is as if it had not been sent; a trace is never a reason to refuse a call.

use std::borrow::Cow;

use crate::protocol::header::Field;
use crate::protocol::meta::Meta;

/// Bytes of a `tracestate` that is handed on (Trace Context, "tracestate limits", asks for 512).
pub const MAX_STATE_BYTES: usize = 512;
/// Bytes of a `baggage` that is handed on, if the client context has room for it.
pub const MAX_BAGGAGE_BYTES: usize = 2_048;
/// Bytes of an `X-Amzn-Trace-Id` that is read.
pub const MAX_XRAY_BYTES: usize = 512;

/// The header of X-Ray.
pub const XRAY_HEADER: &str = "x-amzn-trace-id";

/// The trace of a request, as far as it is known.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trace<'a> {
    /// W3C `traceparent`.
    pub parent: Option<Cow<'a, str>>,
    /// W3C `tracestate`; only with a `traceparent` that the client sent.
    pub state: Option<&'a str>,
    /// W3C `baggage`.
    pub baggage: Option<&'a str>,
    /// What the function is called with as `X-Amzn-Trace-Id`.
    pub xray: Option<Cow<'a, str>>,
}

impl<'a> Trace<'a> {
    /// The trace of a request: what its `_meta` says, else its headers, else what Lambda says of
    /// the invocation that it came by.
    pub fn of(meta: &'a Meta<'_>, header: impl Fn(&str) -> Field<'a>) -> Self {
        let said = |meta: &'a Option<crate::protocol::json::Text<'_>>, name| match meta {
            Some(text) => Some(&*text.0),
            None => header(name).once(),
        };
        let baggage = said(&meta.baggage, "baggage");
        let baggage = baggage.filter(|text| is_plain(text, MAX_BAGGAGE_BYTES));
        let given = header(XRAY_HEADER).once();
        if let Some(text) = said(&meta.traceparent, "traceparent")
            && let Some(parent) = Parent::parse(text)
        {
            let state = said(&meta.tracestate, "tracestate");
            return Self {
                xray: Some(parent.to_xray().into()),
                parent: Some(text.into()),
                state: state.filter(|text| is_plain(text, MAX_STATE_BYTES)),
                baggage,
            };
        }
        let Some((text, ids)) = given.and_then(|text| Some((text, XRay::parse(text)?))) else {
            return Self { baggage, ..Self::default() };
        };
        let parent = ids.to_parent().map(Cow::Owned);
        Self { xray: Some(text.into()), parent, state: None, baggage }
    }

    /// The trace's id in X-Ray's form, for logs.
    pub fn id(&self) -> Option<&str> {
        XRay::parse(self.xray.as_deref()?).map(|ids| ids.root)
    }
}

/// A valid `traceparent`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Parent<'a> {
    trace: &'a str,
    span: &'a str,
    sampled: bool,
}

impl<'a> Parent<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (version, rest) = text.split_once('-')?;
        let (trace, rest) = rest.split_once('-')?;
        let (span, rest) = rest.split_once('-')?;
        // Later versions may add members after the flags; this one may not.
        let flags = match (version, rest.split_once('-')) {
            ("00", Some(_)) => return None,
            (_, Some((flags, _))) => flags,
            (_, None) => rest,
        };
        let good = is_hex(version, 2)
            && version != "ff"
            && is_id(trace, 32)
            && is_id(span, 16)
            && is_hex(flags, 2);
        let flags = u8::from_str_radix(flags, 16).ok()?;
        good.then_some(Self { trace, span, sampled: flags & 1 == 1 })
    }

    fn to_xray(self) -> String {
        let (time, random) = self.trace.split_at(8);
        let sampled = u8::from(self.sampled);
        format!("Root=1-{time}-{random};Parent={};Sampled={sampled}", self.span)
    }
}

/// What a valid `X-Amzn-Trace-Id` says. Unknown members stay where they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct XRay<'a> {
    root: &'a str,
    parent: Option<&'a str>,
    sampled: bool,
}

impl<'a> XRay<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        if !is_plain(text, MAX_XRAY_BYTES) {
            return None;
        }
        let mut found = (None, None, false);
        for part in text.split(';') {
            match part.trim().split_once('=') {
                Some(("Root", root)) => found.0 = Some(root),
                Some(("Parent", parent)) => found.1 = Some(parent),
                Some(("Sampled", sampled)) => found.2 = sampled == "1",
                Some(_) | None => {}
            }
        }
        let (root, parent, sampled) = found;
        let root = root.filter(|root| trace_of(root).is_some())?;
        Some(Self { root, parent: parent.filter(|parent| is_id(parent, 16)), sampled })
    }

    /// `None` without a parent: W3C has no trace without one.
    fn to_parent(self) -> Option<String> {
        let (time, random) = trace_of(self.root)?;
        Some(format!("00-{time}{random}-{}-0{}", self.parent?, u8::from(self.sampled)))
    }
}

/// The two parts of a root that make a trace id.
fn trace_of(root: &str) -> Option<(&str, &str)> {
    let (time, random) = root.strip_prefix("1-")?.split_once('-')?;
    let good = is_hex(time, 8) && is_hex(random, 24) && !is_zero(time, random);
    good.then_some((time, random))
}

fn is_zero(time: &str, random: &str) -> bool {
    time.bytes().chain(random.bytes()).all(|byte| byte == b'0')
}

/// Lower-case hexadecimal digits, so many.
fn is_hex(text: &str, digits: usize) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == digits && text.bytes().all(digit)
}

/// The same, and not zero alone.
fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|byte| byte != b'0')
}

/// What may stand in a header, of bounded length.
fn is_plain(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::json::Text;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const XRAY: &str = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1";

    fn check(meta: &Meta<'_>, headers: &[(&str, &'static str)]) -> [Option<String>; 4] {
        let find = |name: &str| {
            let found: Vec<_> = headers.iter().filter(|(known, _)| *known == name).collect();
            match found[..] {
                [] => Field::Absent,
                [(_, value)] => Field::Once(value),
                _ => Field::Ambiguous,
            }
        };
        let trace = Trace::of(meta, find);
        [
            trace.parent.map(Cow::into_owned),
            trace.state.map(str::to_owned),
            trace.baggage.map(str::to_owned),
            trace.xray.map(Cow::into_owned),
        ]
    }

    fn meta<'a>(
        parent: Option<&'a str>,
        state: Option<&'a str>,
        baggage: Option<&'a str>,
    ) -> Meta<'a> {
        let text = |text: Option<&'a str>| text.map(|text| Text(text.into()));
        Meta {
            traceparent: text(parent),
            tracestate: text(state),
            baggage: text(baggage),
            ..Meta::default()
        }
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_nearest_source_counts() {
        let none = Meta::default();
        assert_eq!(check(&none, &[]), [None, None, None, None]);
        let given = meta(Some(PARENT), Some("a=b"), Some("k=v"));
        let all = [some(PARENT), some("a=b"), some("k=v"), some(XRAY)];
        assert_eq!(check(&given, &[("traceparent", "junk"), ("baggage", "x=y")]), all);
        let headers = [("traceparent", PARENT), ("tracestate", "a=b"), ("baggage", "k=v")];
        assert_eq!(check(&none, &headers), all);
        let lambda = "Root=1-00000001-000000000000000000000002;Parent=0000000000000003;Sampled=0";
        assert_eq!(check(&none, &[headers[0], (XRAY_HEADER, lambda)])[3], some(XRAY));
        let parent = "00-00000001000000000000000000000002-0000000000000003-00";
        let expected = [some(parent), None, None, some(lambda)];
        assert_eq!(check(&none, &[("tracestate", "a=b"), (XRAY_HEADER, lambda)]), expected);
    }

    #[test]
    fn x_ray_headers() {
        let none = Meta::default();
        let root = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736";
        for (given, parent) in [
            (root.to_owned(), None),
            (format!("{root};Sampled=1"), None),
            (
                format!("Self=1-a-b; {root} ;Parent=00f067aa0ba902b7;Sampled=1;Lineage=a:0"),
                some(PARENT),
            ),
            (
                format!("{root};Parent=00f067aa0ba902b7;Sampled=?"),
                some(&PARENT.replace("-01", "-00")),
            ),
            (format!("{root};Parent=short"), None),
        ] {
            let leaked: &'static str = Box::leak(given.into_boxed_str());
            let [to, _, _, xray] = check(&none, &[(XRAY_HEADER, leaked)]);
            assert_eq!((to, xray.as_deref()), (parent, Some(leaked)));
        }
        for bad in [
            "",
            "Root=",
            "Sampled=1",
            "Root=2-4bf92f35-77b34da6a3ce929d0e0e4736",
            "Root=1-4bf92f3-577b34da6a3ce929d0e0e4736",
            "Root=1-4BF92F35-77b34da6a3ce929d0e0e4736",
            "Root=1-4bf92f35-77b34da6a3ce929d0e0e473g",
            "Root=1-4bf92f3577b34da6a3ce929d0e0e4736",
            "Root=1-00000000-000000000000000000000000",
            "root=1-4bf92f35-77b34da6a3ce929d0e0e4736",
            "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736\u{e9}",
        ] {
            assert_eq!(check(&none, &[(XRAY_HEADER, bad)]), [None, None, None, None], "{bad}");
        }
        let twice = [(XRAY_HEADER, XRAY), (XRAY_HEADER, XRAY)];
        assert_eq!(check(&none, &twice), [None, None, None, None]);
    }

    #[test]
    fn malformed_parents_are_as_if_they_were_not_sent() {
        for bad in [
            "",
            "00",
            "junk",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-+1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01",
            "00-4bf92f3577b34da6a3ce929d0e0e47\u{e9}-00f067aa0ba902b7-01",
        ] {
            let found = check(&meta(Some(bad), Some("a=b"), Some("k=v")), &[]);
            assert_eq!(found, [None, None, some("k=v"), None], "{bad}");
        }
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-more";
        let found = check(&meta(Some(later), None, None), &[]);
        assert_eq!(found, [some(later), None, None, some(XRAY)]);
    }

    #[test]
    fn state_and_baggage_at_and_above_their_bounds() {
        let of = |state: usize, baggage: usize| {
            let (state, baggage) = ("s".repeat(state), "b".repeat(baggage));
            let found = check(&meta(Some(PARENT), Some(&state), Some(&baggage)), &[]);
            (found[1].is_some(), found[2].is_some())
        };
        assert_eq!(of(MAX_STATE_BYTES, MAX_BAGGAGE_BYTES), (true, true));
        assert_eq!(of(MAX_STATE_BYTES + 1, MAX_BAGGAGE_BYTES + 1), (false, false));
        assert_eq!(of(0, 0), (false, false));
        let found = check(&meta(Some(PARENT), Some("a\nb"), Some("\u{e9}")), &[]);
        assert_eq!((&found[1], &found[2]), (&None, &None));
    }

    #[test]
    fn ids_for_logs() {
        let given = meta(Some(PARENT), None, None);
        let trace = Trace::of(&given, |_| Field::Absent);
        assert_eq!(trace.id(), Some("1-4bf92f35-77b34da6a3ce929d0e0e4736"));
        assert_eq!(Trace::default().id(), None);
    }
}
