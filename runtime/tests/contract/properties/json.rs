//! JSON text: strings written, depth counted, members put in, pieces put together.

use bytes::Bytes;
use mcp_lambda_runtime::protocol::json::{self, InvalidJson};
use mcp_lambda_runtime::protocol::limits;
use mcp_lambda_runtime::protocol::render::{self, CacheHint, Present, Stamp};
use mcp_lambda_runtime::protocol::rope::Rope;
use mcp_lambda_runtime::protocol::version::{LegacyVersion, Version};
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{config, mangled, object, text, value};

/// Levels of arrays and objects; a scalar has none.
fn depth(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
    }
}

/// A value inside so many arrays and objects.
fn nested(inner: &Value, levels: &[bool]) -> String {
    levels.iter().fold(inner.to_string(), |inner, array| match array {
        true => format!("[ {inner}]"),
        false => format!(r#"{{"]}}\"":{inner}}}"#),
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn strings_are_read_as_they_were_written(text in text()) {
        let written = json::string(&text);
        prop_assert_eq!(serde_json::from_str::<String>(&written).expect("a JSON string"), text);
        prop_assert!(written.bytes().all(|byte| byte >= 0x20), "no line end within an event");
    }

    #[test]
    fn ascii_strings_are_read_as_they_were_written(text in text()) {
        let written = json::ascii_string(&text);
        prop_assert_eq!(serde_json::from_str::<String>(&written).expect("a JSON string"), text);
        prop_assert!(written.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{}", written);
    }

    #[test]
    fn depth_is_what_the_parser_finds(
        inner in value(),
        levels in prop::collection::vec(any::<bool>(), 0..80),
    ) {
        let text = nested(&inner, &levels);
        let parsed: Value = serde_json::from_str(&text).expect("JSON of less than 128 levels");
        let expected = match depth(&parsed) > limits::MAX_JSON_DEPTH {
            true => Err(InvalidJson::TooDeep),
            false => Ok(text.as_str()),
        };
        prop_assert_eq!(json::check(text.as_bytes()), expected);
    }

    #[test]
    fn what_is_checked_can_be_parsed_without_harm(
        body in mangled(value().prop_map(|value| value.to_string())),
    ) {
        let parsed = serde_json::from_slice::<Value>(&body);
        match (json::check(&body), parsed) {
            (Ok(_), _) | (Err(_), Err(_)) => {}
            (Err(error), Ok(value)) => prop_assert!(
                error == InvalidJson::TooDeep && depth(&value) > limits::MAX_JSON_DEPTH,
                "{} is refused: {}", value, error
            ),
        }
    }

    #[test]
    fn splicing_keeps_every_byte(object in object(), members in object()) {
        let original = serde_json::to_string_pretty(&object).expect("JSON");
        let members = members.to_string();
        let raw: &RawValue = serde_json::from_str(&members).expect("JSON");
        let members = json::members(raw).expect("an object");
        let spliced = render::splice(&Bytes::from(original.clone()), members).into_bytes();
        let spliced = std::str::from_utf8(&spliced).expect("UTF-8");
        prop_assert!(spliced.ends_with(&original[1..]));
        prop_assert!(spliced[1..].starts_with(members));
        serde_json::from_str::<&RawValue>(spliced).expect("JSON");
        let place = spliced.len() - (original.len() - 1);
        prop_assert!(spliced[1..place].trim_end_matches(',') == members);
    }

    #[test]
    fn a_result_has_what_its_revision_wants(
        object in object(),
        modern in any::<bool>(),
        cache in prop::option::of((any::<u64>(), any::<bool>())),
    ) {
        let stamp = Stamp::new(r#"{"name":"s","version":"1"}"#);
        let version = match modern {
            true => Version::Modern,
            false => Version::Legacy(LegacyVersion::NEWEST),
        };
        let cache = cache.map(|(ttl_ms, public)| CacheHint { ttl_ms, public });
        let text = Bytes::from(object.to_string());
        let result = stamp.foreign(version, &text, Present::default(), cache).into_bytes();
        let mut result: Value = serde_json::from_slice(&result).expect("JSON");
        if !modern {
            prop_assert_eq!(result, object);
            return Ok(());
        }
        let members = result.as_object_mut().expect("an object");
        prop_assert_eq!(members.remove("resultType"), Some(Value::from("complete")));
        prop_assert!(members.remove("_meta").is_some());
        prop_assert_eq!(members.remove("ttlMs").is_some(), cache.is_some());
        prop_assert_eq!(members.remove("cacheScope").is_some(), cache.is_some());
        prop_assert_eq!(result, object);
    }

    #[test]
    fn ropes_hold_what_was_put_in(
        pieces in prop::collection::vec((0..4_usize, 0..5_000_usize, any::<u8>()), 0..12),
    ) {
        let mut rope = Rope::with_capacity(pieces.len());
        let mut expected: Vec<u8> = Vec::new();
        for (kind, length, letter) in pieces {
            let letter = char::from(b'a' + letter % 26);
            let piece = letter.to_string().repeat(length);
            expected.extend_from_slice(piece.as_bytes());
            match kind {
                0 => rope.push_str(&piece),
                1 => rope.push(piece.into()),
                2 => rope.append(piece.as_str().into()),
                _ => {
                    let mut inner = Rope::from(&piece[..length / 2]);
                    inner.push(Bytes::copy_from_slice(&piece.as_bytes()[length / 2..]));
                    rope.append(inner);
                }
            }
            prop_assert_eq!(rope.len(), expected.len());
            prop_assert_eq!(rope.is_empty(), expected.is_empty());
        }
        let parts = rope.clone().into_pieces();
        prop_assert!(parts.iter().all(|part| !part.is_empty()), "an empty frame would end a body");
        prop_assert_eq!(parts.concat(), expected.clone());
        prop_assert!(rope.into_bytes() == expected);
    }
}
