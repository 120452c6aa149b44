//! The short schema of mcp-lambda-sam: `{"city": "string", "days": {"type": "number", "optional": true}}`.

use serde_json::{Map, Value, json};

use crate::registration::problem::Problems;

/// The types that the shorthand knows.
const TYPES: [&str; 6] = ["string", "number", "integer", "boolean", "array", "object"];

/// What `parameters` turned out to be.
#[derive(Debug)]
pub struct Expanded {
    /// A JSON Schema object.
    pub schema: Value,
}

/// Expands `parameters` of a tool or prompt into a JSON Schema; a full schema is taken as it is.
pub fn expand(parameters: &Value, problems: &mut Problems) -> Option<Expanded> {
    let Value::Object(members) = parameters else {
        problems.note("/parameters", "must be an object");
        return None;
    };
    let full = members.get("type").and_then(Value::as_str) == Some("object")
        && members.get("properties").is_some_and(Value::is_object);
    if full {
        return Some(Expanded { schema: parameters.clone() });
    }
    let (properties, required) = expand_members(members, "/parameters", problems);
    Some(Expanded { schema: object_schema(properties, required) })
}

fn object_schema(properties: Map<String, Value>, required: Vec<Value>) -> Value {
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = Value::Array(required);
    }
    schema
}

fn expand_members(
    members: &Map<String, Value>,
    pointer: &str,
    problems: &mut Problems,
) -> (Map<String, Value>, Vec<Value>) {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, value) in members {
        let at = format!("{pointer}/{}", escape(name));
        let Some(schema) = expand_one(value, &at, problems) else { continue };
        let optional = value.get("optional").and_then(Value::as_bool).unwrap_or(false);
        if !optional {
            required.push(Value::from(name.as_str()));
        }
        properties.insert(name.clone(), schema);
    }
    (properties, required)
}

fn expand_one(value: &Value, at: &str, problems: &mut Problems) -> Option<Value> {
    let mut known = |text: &str, at: &str| {
        let found = TYPES.contains(&text);
        if !found {
            problems.note(at, format!("{text:?} is not one of {}", TYPES.join(", ")));
        }
        found
    };
    match value {
        Value::String(text) => known(text, at).then(|| json!({"type": text})),
        Value::Object(long) => {
            let Some(kind) = long.get("type").and_then(Value::as_str) else {
                problems.note(at, "must name a \"type\"");
                return None;
            };
            if !known(kind, &format!("{at}/type")) {
                return None;
            }
            let mut schema = long.clone();
            schema.remove("optional");
            if let Some(items) = long.get("items") {
                schema.insert("items".into(), expand_one(items, &format!("{at}/items"), problems)?);
            }
            if let Some(Value::Object(inner)) = long.get("properties") {
                let (inner, required) =
                    expand_members(inner, &format!("{at}/properties"), problems);
                schema.insert("properties".into(), Value::Object(inner));
                if !required.is_empty() {
                    schema.insert("required".into(), Value::Array(required));
                }
            }
            Some(Value::Object(schema))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            problems.note(at, "must be a type's name or an object");
            None
        }
    }
}

/// A member name as a JSON pointer token (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parameters: Value) -> Result<Value, String> {
        let mut problems = Problems::default();
        let expanded = expand(&parameters, &mut problems);
        if problems.is_empty() {
            Ok(expanded.expect("no problem, so a schema").schema)
        } else {
            Err(problems.into_error().to_string())
        }
    }

    #[test]
    fn short_and_long_forms() {
        let schema = check(json!({
            "input": "string",
            "payload": "object",
            "days": {"type": "number", "optional": true, "description": "how many"},
            "tags": {"type": "array", "items": "string"},
            "where": {"type": "object", "properties": {"lat": "number", "alt": {"type": "number", "optional": true}}}
        }));
        assert_eq!(
            schema,
            Ok(json!({
                "type": "object",
                "properties": {
                    "input": {"type": "string"},
                    "payload": {"type": "object"},
                    "days": {"type": "number", "description": "how many"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "where": {
                        "type": "object",
                        "properties": {"lat": {"type": "number"}, "alt": {"type": "number"}},
                        "required": ["lat"]
                    }
                },
                "required": ["input", "payload", "tags", "where"]
            }))
        );
        assert_eq!(check(json!({})), Ok(json!({"type": "object", "properties": {}})));
    }

    #[test]
    fn a_full_schema_is_kept() {
        let full =
            json!({"type": "object", "properties": {"a": {"type": "string", "enum": ["x"]}}});
        assert_eq!(check(full.clone()), Ok(full));
    }

    #[test]
    fn every_fault_has_its_place() {
        let error =
            check(json!({"a": "text", "b": {"items": 1}, "c": 7})).expect_err("three faults");
        for part in [
            "/parameters/a: \"text\" is not one of",
            "/parameters/b: must name",
            "/parameters/c: must be",
        ] {
            assert!(error.contains(part), "{error}");
        }
        assert!(check(json!([])).is_err());
    }
}
