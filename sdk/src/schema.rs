//! JSON Schemas of arguments, results and forms.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// A JSON Schema of 2020-12 as text.
pub type Schema = Box<RawValue>;

/// The schema of a tool's arguments.
pub fn arguments_schema<T: JsonSchema>() -> Schema {
    raw(generate::<T>(SchemaSettings::draft2020_12().for_deserialize()))
}

/// The schema of what a tool returns.
pub fn output_schema<T: JsonSchema>() -> Schema {
    raw(generate::<T>(SchemaSettings::draft2020_12().for_serialize()))
}

/// Without references where that is possible, which many clients cannot follow.
fn generate<T: JsonSchema>(settings: SchemaSettings) -> Map<String, Value> {
    let settings = settings.with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let schema = settings.into_generator().into_root_schema_for::<T>();
    // Else it is `true`: any JSON.
    let mut schema = schema.as_object().cloned().unwrap_or_else(Map::new);
    // The name of a Rust type tells clients nothing.
    schema.remove("title");
    schema
}

fn raw(schema: Map<String, Value>) -> Schema {
    let text = Value::Object(schema).to_string();
    RawValue::from_string(text).expect("a JSON value's text is JSON")
}

/// The schema of a form (client/elicitation, "Requested Schema"): an object of strings, numbers,
/// booleans and choices, which clients draw.
pub(crate) fn form_schema<T: JsonSchema>() -> Result<Value, String> {
    let mut schema = generate::<T>(SchemaSettings::draft2020_12().for_deserialize());
    schema.remove("additionalProperties");
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    let Some(properties) = properties else {
        return Err("a form is a struct with named fields".to_owned());
    };
    for (name, field) in properties {
        *field = field_schema(field.take()).ok_or_else(|| {
            format!("the form's field {name} is no string, number, boolean or choice")
        })?;
    }
    Ok(Value::Object(schema))
}

/// Formats that forms know.
const FORMATS: [&str; 4] = ["date", "date-time", "email", "uri"];

fn field_schema(field: Value) -> Option<Value> {
    let Value::Object(mut field) = field else { return None };
    // An optional choice is "the choice, or null"; that it may be left out says as much.
    if let Some(Value::Array(kinds)) = field.remove("anyOf") {
        let mut kinds = kinds.into_iter().filter(|kind| kind["type"] != "null");
        let (Some(Value::Object(only)), None) = (kinds.next(), kinds.next()) else { return None };
        field.extend(only);
    }
    if let Some(Value::Array(kinds)) = field.get("type") {
        let kind = kinds.iter().find(|kind| **kind != "null")?.clone();
        field.insert("type".to_owned(), kind);
    }
    if let Some(Value::Array(values)) = field.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(choices)) = field.remove("oneOf") {
        let choices: Vec<Value> = choices.iter().map(titled).collect::<Option<Vec<_>>>()?.concat();
        field.insert("oneOf".to_owned(), choices.into());
        field.insert("type".to_owned(), "string".into());
    }
    if field.get("format").is_some_and(|format| !FORMATS.iter().any(|known| format == known)) {
        field.remove("format");
    }
    if field.get("default").is_some_and(Value::is_null) {
        field.remove("default");
    }
    let kind = field.get("type").and_then(Value::as_str)?;
    matches!(kind, "string" | "number" | "integer" | "boolean").then_some(Value::Object(field))
}

/// Choices with titles: their descriptions, or what they are.
fn titled(choice: &Value) -> Option<Vec<Value>> {
    let one = |value: &Value, title: &Value| json!({ "const": value, "title": title });
    if let Some(value) = choice.get("const").filter(|value| value.is_string()) {
        let title = choice.get("description").unwrap_or(value);
        return Some(vec![one(value, title)]);
    }
    let values = choice.get("enum")?.as_array()?;
    Some(values.iter().map(|value| one(value, value)).collect())
}

#[cfg(test)]
mod tests {
    #![expect(dead_code, reason = "only the types' schemas are looked at")]

    use serde::Deserialize;

    use super::*;

    #[derive(JsonSchema, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Large,
    }

    #[derive(JsonSchema, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Meal {
        /// With bread
        Soup,
        Rice,
    }

    #[derive(JsonSchema, Deserialize)]
    struct Order {
        /// Who eats
        name: String,
        count: Option<u32>,
        size: Option<Size>,
        meal: Meal,
        hot: bool,
    }

    #[test]
    fn forms_are_flat() {
        let mut form = form_schema::<Order>().expect("a form");
        let choices = form["properties"]["meal"]["oneOf"].as_array_mut().expect("choices");
        choices.sort_by_key(|choice| choice["const"].to_string());
        assert_eq!(
            form,
            json!({
                "type": "object",
                "properties": {
                    "name": {"type": "string", "description": "Who eats"},
                    "count": {"type": "integer", "minimum": 0},
                    "size": {"type": "string", "enum": ["small", "large"]},
                    "meal": {"type": "string", "oneOf": [
                        {"const": "rice", "title": "rice"}, {"const": "soup", "title": "With bread"}
                    ]},
                    "hot": {"type": "boolean"}
                },
                "required": ["name", "meal", "hot"]
            })
        );
    }

    #[derive(JsonSchema, Deserialize)]
    struct Nested {
        order: Order,
    }

    #[test]
    fn what_is_not_flat_is_no_form() {
        assert!(form_schema::<Nested>().expect_err("it is nested").contains("order"));
        assert!(form_schema::<String>().is_err());
    }

    #[test]
    fn nothing_refers() {
        let text = arguments_schema::<Nested>();
        assert!(!text.get().contains("$ref") && !text.get().contains("$schema"), "{text}");
    }
}
