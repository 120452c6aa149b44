//! Arguments that clients of 2026-07-28 repeat in headers: `x-mcp-header`.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::protocol::error::{Code, RpcError};
use crate::protocol::header::{self, Field};

/// The keyword in a property's schema.
const KEYWORD: &str = "x-mcp-header";

/// One mirrored argument.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mirror {
    /// The header in lower case, `mcp-param-` included.
    pub header: String,
    /// The property names from the root of the arguments.
    path: Vec<String>,
}

/// Why a schema's mirrors are refused; clients would drop such a tool from their list.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidMirror {
    /// Not an RFC 9110 token.
    #[error("x-mcp-header must be a header name of letters, digits and -_.!#$%&'*+^`|~")]
    Token,
    /// The same header twice, ignoring case.
    #[error("x-mcp-header {0:?} is used twice")]
    Twice(String),
    /// A number, an array, an object or a union.
    #[error("x-mcp-header needs the type integer, string or boolean")]
    Type,
    /// Below `items`, `oneOf`, `$defs` and the like.
    #[error("x-mcp-header may only stand on properties reached through \"properties\"")]
    Place,
}

impl Mirror {
    /// Finds the mirrors of a schema.
    pub fn find(schema: &Value) -> Result<Vec<Self>, InvalidMirror> {
        let mut found = Vec::new();
        walk(schema, &mut Vec::new(), &mut found)?;
        if count(schema) > found.len() {
            return Err(InvalidMirror::Place);
        }
        Ok(found)
    }

    /// What a client sends in the header for these arguments; nothing where the argument is absent,
    /// null, or of a type that the schema does not allow.
    pub fn text(&self, arguments: &Value) -> Option<String> {
        let value = self.path.iter().try_fold(arguments, |value, name| value.get(name))?;
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Number(number) => integer(number).map(|number| number.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Requires the header to equal the argument: both there and equal, or both absent.
    pub fn require(&self, field: Field<'_>, arguments: Option<&RawValue>) -> Result<(), RpcError> {
        let value = arguments.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
        let value = value.and_then(|mut value| {
            for name in &self.path {
                value = value.get_mut(name)?.take();
            }
            Some(value)
        });
        let shown = || format!("the header {}", self.header);
        let mismatch =
            |why: &str| RpcError::new(Code::HeaderMismatch, format!("{} {why}", shown()));
        match (value, field) {
            (None | Some(Value::Null), Field::Absent) => Ok(()),
            (None | Some(Value::Null), _) => Err(mismatch("is sent without its argument")),
            (Some(_), Field::Absent) => Err(mismatch("is missing")),
            (Some(_), Field::Ambiguous) => Err(mismatch("must be sent once")),
            (Some(value), Field::Once(text)) => {
                let text = header::decode(text).ok_or_else(|| mismatch("is not valid base64"))?;
                if equal(&value, &text) { Ok(()) } else { Err(mismatch("does not match the body")) }
            }
        }
    }
}

fn equal(value: &Value, text: &str) -> bool {
    match value {
        Value::String(argument) => argument == text,
        Value::Bool(argument) => text == if *argument { "true" } else { "false" },
        // 42 and 42.0 are the same integer to JSON Schema; a header has decimal digits only.
        Value::Number(argument) => match (integer(argument), decimal(text)) {
            (Some(argument), Some(header)) => argument == header,
            _ => false,
        },
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn integer(number: &serde_json::Number) -> Option<i128> {
    let whole = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
    whole.or_else(|| {
        let float = number.as_f64()?;
        (float.fract() == 0.0 && float.abs() < 1e30).then_some(float as i128)
    })
}

fn decimal(text: &str) -> Option<i128> {
    let value: i128 = text.parse().ok()?;
    // No plus sign, no leading zeros: one number has one text.
    (value.to_string() == text).then_some(value)
}

fn walk(
    schema: &Value,
    path: &mut Vec<String>,
    found: &mut Vec<Mirror>,
) -> Result<(), InvalidMirror> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Ok(());
    };
    for (name, property) in properties {
        path.push(name.clone());
        if let Some(header) = property.get(KEYWORD) {
            let header =
                header.as_str().filter(|text| is_token(text)).ok_or(InvalidMirror::Token)?;
            let kind = property.get("type").and_then(Value::as_str);
            if !matches!(kind, Some("integer" | "string" | "boolean")) {
                return Err(InvalidMirror::Type);
            }
            let name = format!("mcp-param-{}", header.to_ascii_lowercase());
            if found.iter().any(|mirror: &Mirror| mirror.header == name) {
                return Err(InvalidMirror::Twice(header.to_owned()));
            }
            found.push(Mirror { header: name, path: path.clone() });
        }
        walk(property, path, found)?;
        path.pop();
    }
    Ok(())
}

/// How often the keyword occurs as a keyword, anywhere but as a property's name.
fn count(value: &Value) -> usize {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| match name.as_str() {
                KEYWORD => usize::from(member.is_string()),
                "enum" | "const" | "default" | "examples" => 0,
                "properties" => member.as_object().map_or(0, |all| all.values().map(count).sum()),
                _ => count(member),
            })
            .sum(),
        Value::Array(elements) => elements.iter().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn is_token(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.len() <= 64 && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn property(schema: Value) -> Value {
        json!({"type": "object", "properties": {"p": schema}})
    }

    #[test]
    fn found_and_refused() {
        let good = property(json!({"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"}}}));
        let mirrors = Mirror::find(&good).expect("one mirror");
        assert_eq!(mirrors[0].header, "mcp-param-region");
        let cases = [
            (property(json!({"type": "string", "x-mcp-header": "a b"})), InvalidMirror::Token),
            (property(json!({"type": "string", "x-mcp-header": 7})), InvalidMirror::Token),
            (property(json!({"type": "number", "x-mcp-header": "A"})), InvalidMirror::Type),
            (
                property(json!({"type": ["string", "null"], "x-mcp-header": "A"})),
                InvalidMirror::Type,
            ),
            (
                property(
                    json!({"type": "array", "items": {"type": "string", "x-mcp-header": "A"}}),
                ),
                InvalidMirror::Place,
            ),
            (
                json!({"properties": {
                    "a": {"type": "string", "x-mcp-header": "X"},
                    "b": {"type": "string", "x-mcp-header": "x"}}}),
                InvalidMirror::Twice("x".to_owned()),
            ),
        ];
        for (schema, expected) in cases {
            assert_eq!(Mirror::find(&schema), Err(expected), "{schema}");
        }
    }

    #[test]
    fn header_and_argument_agree() {
        let schema = property(json!({"type": "integer", "x-mcp-header": "N"}));
        let mirror = Mirror::find(&schema).expect("one").remove(0);
        let check = |arguments: &str, field| {
            let raw: Box<RawValue> = serde_json::from_str(arguments).expect("JSON");
            mirror.require(field, Some(&raw)).is_ok()
        };
        assert!(check(r#"{"p":42}"#, Field::Once("42")));
        assert!(check(r#"{"p":42.0}"#, Field::Once("42")));
        for other in ["43", "+42", "042", "4.2e1", "42.0", ""] {
            assert!(!check(r#"{"p":42}"#, Field::Once(other)), "{other}");
        }
        assert!(!check(r#"{"p":9007199254740993}"#, Field::Once("9007199254740992")));
        assert!(!check(r#"{"p":42}"#, Field::Absent));
        assert!(!check(r#"{"p":null}"#, Field::Once("null")));
        assert!(check(r#"{"p":null}"#, Field::Absent));
        assert!(check("{}", Field::Absent));
        assert!(!check("{}", Field::Once("1")));
        assert!(!check(r#"{"p":42}"#, Field::Ambiguous));
    }

    #[test]
    fn what_clients_send_agrees() {
        let schema = property(json!({"type": "integer", "x-mcp-header": "N"}));
        let mirror = Mirror::find(&schema).expect("one").remove(0);
        for (arguments, text) in [
            (json!({"p": 42}), Some("42")),
            (json!({"p": 42.0}), Some("42")),
            (json!({"p": true}), Some("true")),
            (json!({"p": "a b"}), Some("a b")),
            (json!({"p": null}), None),
            (json!({"p": [1]}), None),
            (json!({}), None),
        ] {
            assert_eq!(mirror.text(&arguments).as_deref(), text, "{arguments}");
            let raw = RawValue::from_string(arguments.to_string()).expect("JSON");
            let field = text.map_or(Field::Absent, Field::Once);
            assert_eq!(mirror.require(field, Some(&raw)).is_ok(), arguments["p"] != json!([1]));
        }
    }
}
