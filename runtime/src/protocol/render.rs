//! Messages to the client: envelopes around results, and what each era adds to a result.

use bytes::Bytes;

use crate::protocol::error::RpcError;
use crate::protocol::json;
use crate::protocol::jsonrpc::RequestId;
use crate::protocol::rope::Rope;
use crate::protocol::version::Version;

/// Puts a result under its request's id.
pub fn result(id: &RequestId, result: Rope) -> Rope {
    let mut rope = Rope::with_capacity(64 + id.as_json().len());
    rope.push_str(r#"{"jsonrpc":"2.0","id":"#);
    rope.push_str(id.as_json());
    rope.push_str(r#","result":"#);
    rope.append(result);
    rope.push_str("}");
    rope
}

/// Puts an error under its request's id, or under `null` where none could be read.
pub fn error(id: Option<&RequestId>, error: &RpcError) -> Rope {
    let id = id.map_or("null", RequestId::as_json);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{}}}"#, error.render()).into()
}

/// A request of ours to a legacy client.
pub fn request(id: &RequestId, method: &str, params: Option<&str>) -> String {
    let mut text = format!(r#"{{"jsonrpc":"2.0","id":{},"method":"#, id.as_json());
    json::write_string(&mut text, method);
    if let Some(params) = params {
        text.push_str(r#","params":"#);
        text.push_str(params);
    }
    text.push('}');
    text
}

/// How long and for whom a result may be kept (2026-07-28, "Caching").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CacheHint {
    /// Milliseconds that the result stays fresh.
    pub ttl_ms: u64,
    /// Whether other callers may be given the same result.
    pub public: bool,
}

/// The members that 2026-07-28 adds to every result, rendered once per server.
#[derive(Clone, Debug)]
pub struct Stamp {
    server_info_meta: String,
}

/// Bytes of the members that a result of our own may have besides.
const OWN_MEMBERS: usize = 96;

impl Stamp {
    /// Prepares the stamp of a server; `server_info` is an `Implementation` object as JSON.
    pub fn new(server_info: &str) -> Self {
        let server_info_meta =
            format!(r#""_meta":{{"io.modelcontextprotocol/serverInfo":{server_info}}}"#);
        Self { server_info_meta }
    }

    /// A result of our own from its members (without braces, may be empty).
    pub fn own(&self, version: Version, members: &str, cache: Option<CacheHint>) -> String {
        if !version.is_modern() {
            return format!("{{{members}}}");
        }
        let room = members.len() + self.server_info_meta.len() + OWN_MEMBERS;
        let mut text = String::with_capacity(room);
        text.push_str(r#"{"resultType":"complete","#);
        if !members.is_empty() {
            text.push_str(members);
            text.push(',');
        }
        if let Some(cache) = cache {
            text.push_str(&ttl_member(cache));
            text.push(',');
            text.push_str(&scope_member(cache));
            text.push(',');
        }
        text.push_str(&self.server_info_meta);
        text.push('}');
        text
    }

    /// A function's result object, byte for byte, with what 2026-07-28 requires put before it.
    ///
    /// `object` must be the text of a JSON object; members that it has already are left alone.
    pub fn foreign(
        &self,
        version: Version,
        object: &Bytes,
        has: Present,
        cache: Option<CacheHint>,
    ) -> Rope {
        if !version.is_modern() {
            let mut rope = Rope::default();
            rope.push(object.clone());
            return rope;
        }
        let mut added = Vec::with_capacity(3);
        if !has.result_type {
            added.push(r#""resultType":"complete""#.to_owned());
        }
        if let Some(cache) = cache {
            if !has.ttl {
                added.push(ttl_member(cache));
            }
            if !has.scope {
                added.push(scope_member(cache));
            }
        }
        if !has.meta {
            added.push(self.server_info_meta.clone());
        }
        splice(object, &added.join(","))
    }
}

/// Which members a function's result has already.
#[derive(Clone, Copy, Debug, Default)]
pub struct Present {
    /// `resultType`.
    pub result_type: bool,
    /// `_meta`.
    pub meta: bool,
    /// `ttlMs`.
    pub ttl: bool,
    /// `cacheScope`.
    pub scope: bool,
}

fn ttl_member(cache: CacheHint) -> String {
    format!(r#""ttlMs":{}"#, cache.ttl_ms)
}

fn scope_member(cache: CacheHint) -> String {
    let scope = if cache.public { "public" } else { "private" };
    format!(r#""cacheScope":"{scope}""#)
}

/// Puts members first into an object without touching the rest of its text.
pub fn splice(object: &Bytes, members: &str) -> Rope {
    let start = object.iter().position(|byte| *byte == b'{').map_or(0, |at| at + 1);
    let rest = object.slice(start..);
    let empty = rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'}');
    let mut rope = Rope::with_capacity(members.len() + 2);
    rope.push_str("{");
    rope.push_str(members);
    if !members.is_empty() && !empty {
        rope.push_str(",");
    }
    rope.push(rest);
    rope
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::version::LegacyVersion;

    #[test]
    fn foreign_objects_keep_their_bytes() {
        let stamp = Stamp::new(r#"{"name":"s","version":"1"}"#);
        let check = |object: &'static str, version, has| {
            let bytes = Bytes::from_static(object.as_bytes());
            let rope = stamp.foreign(version, &bytes, has, None);
            String::from_utf8(rope.into_bytes().to_vec()).expect("UTF-8")
        };
        let object = r#" { "content" : [ ] , "x-Unknown":1.50 } "#;
        let legacy = Version::Legacy(LegacyVersion::NEWEST);
        assert_eq!(check(object, legacy, Present::default()), object);
        assert_eq!(
            check(object, Version::Modern, Present { meta: true, ..Present::default() }),
            r#"{"resultType":"complete", "content" : [ ] , "x-Unknown":1.50 } "#
        );
        assert_eq!(
            check("{ }", Version::Modern, Present::default()),
            concat!(
                r#"{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":"#,
                r#"{"name":"s","version":"1"}} }"#
            )
        );
        let all = Present { result_type: true, meta: true, ttl: true, scope: true };
        assert_eq!(check(r#"{"a":1}"#, Version::Modern, all), r#"{"a":1}"#);
    }
}
