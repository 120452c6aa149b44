//! Small pieces of JSON text: bounds checked before parsing, strings written, members spliced.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::protocol::limits;

/// Why a body is not taken as JSON.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidJson {
    /// Not UTF-8, or not JSON.
    #[error("the body is not valid JSON")]
    Syntax,
    /// Nested deeper than [`limits::MAX_JSON_DEPTH`].
    #[error("the body is nested deeper than {} levels", limits::MAX_JSON_DEPTH)]
    TooDeep,
    /// More members and elements than [`limits::MAX_JSON_VALUES`].
    #[error("the body holds more than {} values", limits::MAX_JSON_VALUES)]
    TooMany,
}

/// Checks the encoding and the bounds of a body in one pass; its grammar is the parser's business.
///
/// [`RawValue`] skips nested values without recursion, so depth must be bounded here, for those
/// who read the value later.
pub fn check(body: &[u8]) -> Result<&str, InvalidJson> {
    let text = std::str::from_utf8(body).map_err(|_| InvalidJson::Syntax)?;
    let (mut depth, mut values) = (0usize, 0usize);
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth > limits::MAX_JSON_DEPTH {
            return Err(InvalidJson::TooDeep);
        }
        if values > limits::MAX_JSON_VALUES {
            return Err(InvalidJson::TooMany);
        }
    }
    Ok(text)
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => return,
            _ => {}
        }
    }
}

/// Appends a JSON string literal.
pub fn write_string(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        plain = at + 1;
        if escape.is_empty() {
            out.push_str(&format!("\\u{byte:04x}"));
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// The JSON string literal of a text.
pub fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_string(&mut out, text);
    out
}

/// The JSON string literal of a text in visible ASCII, for places that take nothing else.
pub fn ascii_string(text: &str) -> String {
    let mut out = String::new();
    write_ascii_string(&mut out, text);
    out
}

/// Appends the JSON string literal of a text in visible ASCII.
pub fn write_ascii_string(out: &mut String, text: &str) {
    let start = out.len();
    write_string(out, text);
    if out.as_bytes()[start..].iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return;
    }
    let literal = out.split_off(start);
    for character in literal.chars() {
        if (' '..='~').contains(&character) {
            out.push(character);
            continue;
        }
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
}

/// The first byte of a JSON text that is not white space.
pub fn first(text: &str) -> Option<u8> {
    text.bytes().find(|byte| !byte.is_ascii_whitespace())
}

/// Whether a JSON text is an integer, or a string that can be read: what ids and progress tokens
/// are. A raw value may hold half a surrogate pair, which no client could read back.
pub fn is_token(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let string = text.starts_with('"')
        && (!text.contains('\\') || serde_json::from_str::<String>(text).is_ok());
    integer || string
}

/// The text between the braces of an object, trimmed; `None` when it is not an object.
pub fn members(object: &RawValue) -> Option<&str> {
    let inner = object.get().trim();
    Some(inner.strip_prefix('{')?.strip_suffix('}')?.trim())
}

/// A borrowed string where the text has no escapes, an owned one otherwise.
///
/// Serde's own `Cow` borrows only at the top of a field, not inside `Option`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// A JSON object read into a struct. Serde's derived structs would take an array of the members'
/// values as well, which no peer means.
#[derive(Clone, Debug, Default)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// Reads the text of an object into a struct.
pub fn object<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    serde_json::from_str::<Object<T>>(text).map(|object| object.0)
}

/// Keeps a member's raw text, `null` included, where `Option` would take `null` for absence.
pub fn raw_present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_at_and_above_the_bound() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(check(nested(limits::MAX_JSON_DEPTH).as_bytes()).is_ok());
        let over = nested(limits::MAX_JSON_DEPTH + 1);
        assert_eq!(check(over.as_bytes()), Err(InvalidJson::TooDeep));
    }

    #[test]
    fn values_at_and_above_the_bound() {
        let list = |values: usize| format!("[{}0]", "0,".repeat(values));
        assert!(check(list(limits::MAX_JSON_VALUES).as_bytes()).is_ok());
        let over = list(limits::MAX_JSON_VALUES + 1);
        assert_eq!(check(over.as_bytes()), Err(InvalidJson::TooMany));
    }

    #[test]
    fn braces_inside_strings_do_not_count() {
        let text = format!(r#""{}\"[[""#, "[{,".repeat(100_000));
        assert!(check(text.as_bytes()).is_ok());
    }

    #[test]
    fn strings_written_are_read_back() {
        let text = "a\"b\\c\n\r\t\u{1}\u{7f}é\u{1f600}";
        let read: String = serde_json::from_str(&string(text)).expect("valid JSON");
        assert_eq!(read, text);
        let ascii = ascii_string(text);
        assert!(ascii.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "{ascii}");
        let read: String = serde_json::from_str(&ascii).expect("valid JSON");
        assert_eq!(read, text);
    }
}
