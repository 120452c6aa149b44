//! The shape of arguments: what they are called and of which type they are, never what they say.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::protocol::json::{self, Text};

/// Members that are told; of further ones only that they are there.
pub(crate) const MAX_MEMBERS: usize = 32;
/// Characters of a member's name that are told.
pub(crate) const MAX_MEMBER_CHARACTERS: usize = 64;
/// What stands for further members.
const MORE: &str = r#""...":"more""#;

/// The shape of a request's `params.arguments`: a JSON object of names and JSON types, in the order
/// of the names as they were sent. `None` when there are none that could be told of.
pub(crate) fn of(params: Option<&RawValue>) -> Option<String> {
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(borrow)]
        arguments: Option<&'a RawValue>,
    }
    let params: Params<'_> = serde_json::from_str(params?.get()).ok()?;
    let shape: Shape = serde_json::from_str(params.arguments?.get()).ok()?;
    Some(shape.0)
}

struct Shape(String);

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
                let mut text = String::from("{");
                let mut number = 0;
                while let Some((name, value)) = map.next_entry::<Text<'de>, &RawValue>()? {
                    match number {
                        0 => {}
                        1..=MAX_MEMBERS => text.push(','),
                        _ => continue,
                    }
                    if number < MAX_MEMBERS {
                        let name: String = name.0.chars().take(MAX_MEMBER_CHARACTERS).collect();
                        json::write_string(&mut text, &name);
                        text.push(':');
                        json::write_string(&mut text, kind(value.get()));
                    } else {
                        text.push_str(MORE);
                    }
                    number += 1;
                }
                text.push('}');
                Ok(Shape(text))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// The JSON type of a value, as JSON Schema calls it.
fn kind(value: &str) -> &'static str {
    match json::first(value) {
        Some(b'"') => "string",
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        Some(_) if value.contains(['.', 'e', 'E']) => "number",
        Some(_) | None => "integer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(params: &str) -> Option<String> {
        of(Some(&RawValue::from_string(params.to_owned()).expect("JSON")))
    }

    #[test]
    fn names_and_types_only() {
        let params = r#"{"name":"secret","arguments":{"city":"secret","days":3,"at": 1.5,"e":1e3,
            "all":["secret"],"in":{"a":"secret"},"yes":true,"no":false,"none": null,"\"\u0001":1}}"#;
        let expected = concat!(
            r#"{"city":"string","days":"integer","at":"number","e":"number","all":"array","#,
            r#""in":"object","yes":"boolean","no":"boolean","none":"null","\"\u0001":"integer"}"#
        );
        assert_eq!(shape(params).as_deref(), Some(expected));
        assert_eq!(shape(r#"{"arguments":{}}"#).as_deref(), Some("{}"));
        for none in [r#"{"arguments":"secret"}"#, r#"{"arguments":["secret"]}"#, "{}"] {
            assert_eq!(shape(none), None, "{none}");
        }
        assert_eq!(of(None), None);
    }

    #[test]
    fn members_and_names_at_and_above_their_bounds() {
        let with = |members: usize| {
            let all: Vec<String> = (0..members).map(|n| format!(r#""m{n}":{n}"#)).collect();
            shape(&format!(r#"{{"arguments":{{{}}}}}"#, all.join(","))).expect("a shape")
        };
        let told = |text: &str| text.matches("integer").count();
        assert_eq!((told(&with(MAX_MEMBERS)), with(MAX_MEMBERS).contains(MORE)), (32, false));
        for members in [MAX_MEMBERS + 1, MAX_MEMBERS + 5] {
            let text = with(members);
            assert_eq!((told(&text), text.matches(MORE).count()), (32, 1));
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        }
        let named = |characters: usize| {
            let name = "\u{e9}".repeat(characters);
            shape(&format!(r#"{{"arguments":{{"{name}":1}}}}"#)).expect("a shape")
        };
        assert_eq!(named(MAX_MEMBER_CHARACTERS + 1), named(MAX_MEMBER_CHARACTERS));
        assert_ne!(named(MAX_MEMBER_CHARACTERS - 1), named(MAX_MEMBER_CHARACTERS));
    }
}
