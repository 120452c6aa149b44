//! Which era a POST belongs to, decided by its body and cross-checked by its headers.
//!
//! Only routing is decided here. Sessions, principals and the catalog come later.

use serde_json::value::RawValue;

use crate::protocol::call::Method;
use crate::protocol::error::{Code, RpcError};
use crate::protocol::header::{self, Field, RoutingHeaders};
use crate::protocol::json::Text;
use crate::protocol::jsonrpc::{self, Body, Message, Refused, Request, RequestId};
use crate::protocol::meta::{Envelope, Meta};
use crate::protocol::version::{self, LegacyVersion, Version};

/// A body with its era.
#[derive(Clone, Debug)]
pub enum Classified<'a> {
    /// A request of 2026-07-28 whose envelope and headers agree.
    Modern {
        /// The request.
        request: Request<'a>,
        /// Its method, known to exist.
        method: Method,
        /// Its `_meta`.
        meta: Meta<'a>,
        /// The required members of `_meta`.
        envelope: Envelope,
    },
    /// A message of an older revision.
    Legacy {
        /// The version header, if sent.
        version: Option<LegacyVersion>,
        /// The message.
        message: Message<'a>,
    },
    /// An array of messages (2025-03-26).
    Batch {
        /// The version header, if sent.
        version: Option<LegacyVersion>,
        /// The elements, unread.
        elements: Vec<&'a RawValue>,
    },
    /// A notification of 2026-07-28: accepted, and nothing follows from it.
    Dropped,
}

/// Reads and classifies a body. Every refusal is an HTTP 400, but for an unknown method, whose
/// status is the error table's.
pub fn classify<'a>(
    headers: &RoutingHeaders<'_>,
    body: &'a [u8],
) -> Result<Classified<'a>, Refused> {
    match jsonrpc::parse(body)? {
        Body::Batch(elements) => batch(headers, elements),
        Body::Single(message) => single(headers, message),
    }
}

fn refuse(id: Option<&RequestId>, error: RpcError) -> Refused {
    Refused { id: id.cloned(), error }
}

fn batch<'a>(
    headers: &RoutingHeaders<'_>,
    elements: Vec<&'a RawValue>,
) -> Result<Classified<'a>, Refused> {
    let modern = header_is_modern(headers)
        || elements.iter().any(|element| {
            matches!(jsonrpc::parse_message(element.get()), Ok(Message::Request(request))
            if Meta::read(request.params).is_ok_and(|meta| meta.protocol_version.is_some()))
        });
    let refused = |why: &'static str| refuse(None, RpcError::new(Code::InvalidRequest, why));
    if modern {
        return Err(refused("batches do not exist in revision 2026-07-28"));
    }
    let version = legacy_header(headers, None)?;
    if version.is_some_and(|version| !version.has_batches()) {
        return Err(refused("batches exist in revision 2025-03-26 only"));
    }
    Ok(Classified::Batch { version, elements })
}

fn single<'a>(
    headers: &RoutingHeaders<'_>,
    message: Message<'a>,
) -> Result<Classified<'a>, Refused> {
    let request = match message {
        Message::Request(request) => request,
        Message::Notification { .. } if header_is_modern(headers) => {
            return Ok(Classified::Dropped);
        }
        Message::Response(response) if header_is_modern(headers) => {
            let why = "a client sends no responses in revision 2026-07-28";
            return Err(refuse(Some(&response.id), RpcError::new(Code::InvalidRequest, why)));
        }
        message @ (Message::Notification { .. } | Message::Response(_)) => {
            return Ok(Classified::Legacy { version: legacy_header(headers, None)?, message });
        }
    };
    let id = &request.id;
    let meta = Meta::read(request.params);
    if header_is_modern(headers) || meta.as_ref().is_ok_and(|meta| meta.protocol_version.is_some())
    {
        let unfinished = meta.as_ref().is_ok_and(|meta| meta.protocol_version.is_none());
        if unfinished && request.method.0 == "initialize" {
            let why = "initialize does not exist in the revision that MCP-Protocol-Version names";
            return Err(refuse(Some(id), RpcError::new(Code::HeaderMismatch, why)));
        }
        let meta = meta.map_err(|error| refuse(Some(id), error))?;
        return modern(headers, request, meta);
    }
    let version =
        if request.method.0 == "initialize" { None } else { legacy_header(headers, Some(id))? };
    Ok(Classified::Legacy { version, message: Message::Request(request) })
}

/// The ladder of 2026-07-28; the order of its rungs decides which error a client sees.
fn modern<'a>(
    headers: &RoutingHeaders<'_>,
    request: Request<'a>,
    meta: Meta<'a>,
) -> Result<Classified<'a>, Refused> {
    let checked = || -> Result<(Method, Envelope), RpcError> {
        let (version, envelope) = Envelope::read(&meta)?;
        if headers.protocol_version != Field::Absent {
            header::require("MCP-Protocol-Version", headers.protocol_version, &version)?;
        }
        if !version::is_modern(&version) {
            return Err(RpcError::version(&version));
        }
        header::require("MCP-Protocol-Version", headers.protocol_version, &version)?;
        header::require("Mcp-Method", headers.method, &request.method.0)?;
        let method = Method::parse(&request.method.0, Version::Modern)
            .ok_or_else(|| RpcError::method(&request.method.0))?;
        if let Some(member) = method.name_member() {
            require_name(headers, member, &meta)?;
        }
        Ok((method, envelope))
    };
    match checked() {
        Ok((method, envelope)) => Ok(Classified::Modern { request, method, meta, envelope }),
        Err(error) => Err(refuse(Some(&request.id), error)),
    }
}

fn require_name(
    headers: &RoutingHeaders<'_>,
    member: &str,
    meta: &Meta<'_>,
) -> Result<(), RpcError> {
    let raw = if member == "uri" { meta.uri } else { meta.name };
    let raw = raw.ok_or_else(|| RpcError::params(format!("{member} is missing")))?;
    let value: Text<'_> = serde_json::from_str(raw.get())
        .map_err(|_| RpcError::params(format!("{member} must be a string")))?;
    header::require("Mcp-Name", headers.name, &value.0)
}

fn header_is_modern(headers: &RoutingHeaders<'_>) -> bool {
    headers.protocol_version.once().is_some_and(version::is_modern)
}

fn legacy_header(
    headers: &RoutingHeaders<'_>,
    id: Option<&RequestId>,
) -> Result<Option<LegacyVersion>, Refused> {
    match headers.protocol_version {
        Field::Absent => Ok(None),
        Field::Ambiguous => Err(refuse(
            id,
            RpcError::new(Code::InvalidRequest, "MCP-Protocol-Version must be sent once"),
        )),
        Field::Once(text) => match LegacyVersion::parse(text) {
            Some(version) => Ok(Some(version)),
            None => Err(refuse(id, RpcError::legacy_version(text))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: &str = concat!(
        r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","#,
        r#""io.modelcontextprotocol/clientCapabilities":{}}"#
    );

    fn check(version: Field<'_>, method: Field<'_>, name: Field<'_>, body: &str) -> String {
        let headers = RoutingHeaders { protocol_version: version, method, name };
        match classify(&headers, body.as_bytes()) {
            Ok(Classified::Modern { method, .. }) => format!("modern {method:?}"),
            Ok(Classified::Legacy { version, message }) => {
                let kind = match message {
                    Message::Request(_) => "request",
                    Message::Notification { .. } => "notification",
                    Message::Response(_) => "response",
                };
                format!("legacy {kind} {:?}", version.map(LegacyVersion::as_str))
            }
            Ok(Classified::Batch { elements, .. }) => format!("batch {}", elements.len()),
            Ok(Classified::Dropped) => "dropped".to_owned(),
            Err(refused) => format!(
                "{} id {}",
                refused.error.code.number(),
                refused.id.map_or("null".to_owned(), |id| id.to_string())
            ),
        }
    }

    fn call(method: &str, params: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":9,"method":"{method}","params":{{{params}}}}}"#)
    }

    #[test]
    fn the_modern_ladder() {
        use Field::{Absent, Ambiguous, Once};
        let now = Once("2026-07-28");
        let list = call("tools/list", META);
        let named = call("tools/call", &format!(r#""name":"t",{META}"#));
        let other = META.replace("2026-07-28", "v999.0.0");
        let cases = [
            (now, Once("tools/list"), Absent, list.clone(), "modern List(Tools)"),
            (now, Once("tools/call"), Once("t"), named.clone(), "modern CallTool"),
            (now, Once("tools/call"), Once("=?base64?dA==?="), named.clone(), "modern CallTool"),
            (now, Once("tools/call"), Absent, named.clone(), "-32020 id 9"),
            (now, Once("tools/call"), Once("T"), named, "-32020 id 9"),
            (now, Absent, Absent, list.clone(), "-32020 id 9"),
            (now, Once("Tools/List"), Absent, list.clone(), "-32020 id 9"),
            (now, Ambiguous, Absent, list.clone(), "-32020 id 9"),
            (Absent, Once("tools/list"), Absent, list.clone(), "-32020 id 9"),
            (Once("2025-11-25"), Once("tools/list"), Absent, list, "-32020 id 9"),
            (now, Absent, Absent, call("tools/list", &other), "-32020 id 9"),
            (Once("v999.0.0"), Absent, Absent, call("tools/list", &other), "-32022 id 9"),
            (Absent, Absent, Absent, call("tools/list", &other), "-32022 id 9"),
            (now, Absent, Absent, call("tools/list", ""), "-32602 id 9"),
            (now, Absent, Absent, call("tools/list", r#""_meta":{}"#), "-32602 id 9"),
            (now, Absent, Absent, call("tools/list", r#""_meta":7"#), "-32602 id 9"),
            (now, Once("ping"), Absent, call("ping", META), "-32601 id 9"),
            (now, Once("initialize"), Absent, call("initialize", META), "-32601 id 9"),
            (now, Once("tasks/get"), Absent, call("tasks/get", META), "-32601 id 9"),
            (now, Absent, Absent, call("initialize", ""), "-32020 id 9"),
            (now, Absent, Absent, r#"{"jsonrpc":"2.0","method":"n"}"#.to_owned(), "dropped"),
            (
                now,
                Absent,
                Absent,
                r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned(),
                "-32600 id 1",
            ),
            (now, Absent, Absent, "[1]".to_owned(), "-32600 id null"),
            (Absent, Absent, Absent, format!("[{}]", call("tools/list", META)), "-32600 id null"),
        ];
        for (version, method, name, body, expected) in cases {
            assert_eq!(
                check(version, method, name, &body),
                expected,
                "{version:?} {method:?} {body}"
            );
        }
    }

    #[test]
    fn the_legacy_side() {
        use Field::{Absent, Ambiguous, Once};
        let cases = [
            (Absent, call("initialize", ""), "legacy request None"),
            (Once("2025-11-25"), call("tools/list", ""), r#"legacy request Some("2025-11-25")"#),
            (Absent, call("tools/list", ""), "legacy request None"),
            (Once("2099-01-01"), call("tools/list", ""), "-32022 id 9"),
            (Ambiguous, call("tools/list", ""), "-32600 id 9"),
            (Absent, r#"{"jsonrpc":"2.0","method":"n"}"#.to_owned(), "legacy notification None"),
            (Absent, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned(), "legacy response None"),
            (Absent, "[1,2]".to_owned(), "batch 2"),
            (Once("2025-03-26"), "[1]".to_owned(), "batch 1"),
            (Once("2025-06-18"), "[1]".to_owned(), "-32600 id null"),
        ];
        for (version, body, expected) in cases {
            assert_eq!(check(version, Absent, Absent, &body), expected, "{version:?} {body}");
        }
    }
}
