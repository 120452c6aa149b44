//! Registrations as tool definitions of Bedrock AgentCore Gateway targets, which know less.
//!
//! `SchemaDefinition` has `type`, `properties`, `required`, `items` and `description`, and nothing
//! else. What a schema says beyond that goes into descriptions where words can say it, and every
//! loss is told.

use serde_json::{Map, Value, json};

use crate::registration::document::Document;
use crate::registration::problem::{Problem, Problems};
use crate::registration::{ExceptionLevel, InvokeMode, Kind, limits, shorthand};

/// Levels to which references are followed; deeper ones, and circles, become any object.
const MAX_DEPTH: usize = limits::MAX_SCHEMA_DEPTH;

/// The types of `SchemaDefinition`.
const TYPES: [&str; 6] = ["string", "number", "integer", "boolean", "array", "object"];

/// Keywords that are kept, or that say nothing a caller must know.
const SILENT: [&str; 9] = [
    "type",
    "properties",
    "required",
    "items",
    "description",
    "$schema",
    "$defs",
    "definitions",
    "x-mcp-header",
];

/// A tool definition, and what it could not take along, each loss with its place in the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The `ToolDefinition`.
    pub definition: Value,
    /// What is lost.
    pub losses: Vec<Problem>,
}

/// Writes a tool as a `ToolDefinition`; nothing for resources and prompts, which targets do not
/// have.
pub fn write(document: &Document) -> Option<Written> {
    if document.kind != Kind::Tool {
        return None;
    }
    let mut losses = Problems::default();
    note_members(document, &mut losses);
    let schema = match (&document.input_schema, &document.parameters) {
        (Some(raw), _) => serde_json::from_str(raw.get()).unwrap_or_default(),
        (None, Some(raw)) => {
            let short: Value = serde_json::from_str(raw.get()).unwrap_or_default();
            let expanded = shorthand::expand(&short, &mut Problems::default());
            expanded.map_or_else(|| json!({"type": "object"}), |expanded| expanded.schema)
        }
        (None, None) => json!({"type": "object", "properties": {}}),
    };
    let mut definition = json!({
        "name": document.name,
        "description": document.description.clone().unwrap_or_default(),
        "inputSchema": Writer::of(&schema, &mut losses).schema(&schema, "/inputSchema", 0),
    });
    if let Some(raw) = &document.output_schema {
        let schema: Value = serde_json::from_str(raw.get()).unwrap_or_default();
        definition["outputSchema"] =
            Writer::of(&schema, &mut losses).schema(&schema, "/outputSchema", 0);
    }
    Some(Written { definition, losses: losses.into_error().0 })
}

fn note_members(document: &Document, losses: &mut Problems) {
    let mut lost = |pointer: &str, is_there: bool, detail: &str| {
        if is_there {
            losses.note(pointer, detail);
        }
    };
    let gone = "has no place in a target";
    lost("/title", document.title.is_some(), gone);
    lost("/annotations", document.annotations.is_some(), gone);
    lost("/icons", document.icons.is_some(), gone);
    lost("/_meta", document.meta.is_some(), gone);
    lost("/timeoutSeconds", document.timeout_seconds.is_some(), gone);
    lost("/retries", document.retries.is_some_and(|count| count > 0), gone);
    let level = document.exception_level.is_some_and(|level| level == ExceptionLevel::Debug);
    lost("/exceptionLevel", level, "is set on the gateway, for all of its targets");
    let other = "AgentCore gives a function the arguments and nothing else, and its answer's JSON \
                 as text: this function expects another form";
    let takes_others = match document.invoke_mode.unwrap_or_default() {
        InvokeMode::Auto | InvokeMode::Raw | InvokeMode::Agentcore => false,
        InvokeMode::Seed
        | InvokeMode::Converse
        | InvokeMode::ApigwV2
        | InvokeMode::Jsonrpc
        | InvokeMode::Stream => true,
    };
    lost("/invokeMode", takes_others, other);
}

/// Writes the schemas of one document.
struct Writer<'a> {
    root: &'a Value,
    losses: &'a mut Problems,
}

impl<'a> Writer<'a> {
    fn of(root: &'a Value, losses: &'a mut Problems) -> Self {
        Self { root, losses }
    }

    fn schema(&mut self, schema: &Value, at: &str, depth: usize) -> Value {
        let Value::Object(members) = schema else {
            self.losses.note(at, "allows anything, and becomes a string");
            return json!({"type": "string"});
        };
        if depth >= MAX_DEPTH {
            self.losses.note(at, "is too deep, or a circle, and becomes any object");
            return json!({"type": "object"});
        }
        if let Some(resolved) = self.resolve(members, at) {
            return self.schema(&resolved, at, depth + 1);
        }
        let (kind, mut words) = self.kind(members, at);
        for (name, value) in members {
            if let Some(said) = self.keyword(name, value, at) {
                words.push(said);
            }
        }
        let mut written = Map::new();
        written.insert("type".to_owned(), kind.into());
        let described = members.get("description").or_else(|| members.get("title"));
        let first = described.and_then(Value::as_str).map(str::to_owned);
        let text: Vec<String> = first.into_iter().chain(words).collect();
        if !text.is_empty() {
            written.insert("description".to_owned(), text.join(" ").into());
        }
        if kind == "object" {
            self.object(members, &mut written, at, depth);
        }
        if kind == "array" {
            let at = format!("{at}/items");
            let items = members.get("items").filter(|items| **items != json!({}));
            let items = match items {
                Some(items) => self.schema(items, &at, depth + 1),
                None => self.schema(&Value::Bool(true), &at, depth + 1),
            };
            written.insert("items".to_owned(), items);
        }
        written.into()
    }

    fn object(
        &mut self,
        members: &Map<String, Value>,
        written: &mut Map<String, Value>,
        at: &str,
        depth: usize,
    ) {
        let Some(properties) = members.get("properties").and_then(Value::as_object) else { return };
        let mut inner = Map::new();
        for (name, property) in properties {
            let place = format!("{at}/properties/{}", name.replace('~', "~0").replace('/', "~1"));
            inner.insert(name.clone(), self.schema(property, &place, depth + 1));
        }
        if let Some(Value::Array(required)) = members.get("required") {
            let known = required
                .iter()
                .filter(|one| one.as_str().is_some_and(|name| properties.contains_key(name)));
            let known: Vec<Value> = known.cloned().collect();
            if !known.is_empty() {
                written.insert("required".to_owned(), known.into());
            }
        }
        written.insert("properties".to_owned(), inner.into());
    }

    /// What stands for a schema that is not one itself: a reference, an alternative to null, a
    /// conjunction.
    fn resolve(&mut self, members: &Map<String, Value>, at: &str) -> Option<Value> {
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let found = reference.strip_prefix('#').and_then(|path| self.root.pointer(path));
            return Some(match found {
                Some(found) => merged(found, members, "$ref"),
                None => {
                    self.losses.note(at, "refers to what is not there, and becomes any object");
                    json!({"type": "object"})
                }
            });
        }
        for keyword in ["anyOf", "oneOf"] {
            let Some(Value::Array(all)) = members.get(keyword) else { continue };
            let is_null = |one: &&Value| one["type"] == "null";
            let mut real = all.iter().filter(|one| !is_null(one));
            let first = real.next()?;
            let place = format!("{at}/{keyword}");
            if real.next().is_some() {
                self.losses.note(place, "only the first of the alternatives is kept");
            } else if all.iter().any(|one| one["type"] == "null") {
                self.losses.note(place, "null is no longer allowed");
            }
            return Some(merged(first, members, keyword));
        }
        let Some(Value::Array(all)) = members.get("allOf") else { return None };
        let whole = members.iter().filter(|(name, _)| *name != "allOf");
        let start: Map<String, Value> =
            whole.map(|(name, value)| (name.clone(), value.clone())).collect();
        Some(all.iter().fold(Value::Object(start), |whole, part| joined(&whole, part)))
    }

    /// The one type, and words for the others.
    fn kind(&mut self, members: &Map<String, Value>, at: &str) -> (&'static str, Vec<String>) {
        let known = |value: &Value| {
            value.as_str().and_then(|text| TYPES.into_iter().find(|kind| *kind == text))
        };
        let place = format!("{at}/type");
        match members.get("type") {
            Some(Value::Array(all)) => {
                let kinds: Vec<&'static str> = all.iter().filter_map(known).collect();
                if all.iter().any(|one| one == "null") {
                    self.losses.note(place.as_str(), "null is no longer allowed");
                }
                if kinds.len() > 1 {
                    self.losses.note(place.as_str(), "only the first of the types is kept");
                }
                (kinds.first().copied().unwrap_or("string"), Vec::new())
            }
            Some(one) if known(one).is_some() => (known(one).unwrap_or("string"), Vec::new()),
            Some(_) | None => {
                let guess = if members.contains_key("properties") {
                    "object"
                } else if members.contains_key("items") {
                    "array"
                } else {
                    let value = members.get("const").or_else(|| members.get("enum")?.get(0));
                    value.map_or("string", kind_of)
                };
                self.losses.note(place, format!("is missing, and becomes {guess}"));
                (guess, Vec::new())
            }
        }
    }

    /// What a keyword that does not fit says, in words; every such keyword is a loss.
    fn keyword(&mut self, name: &str, value: &Value, at: &str) -> Option<String> {
        if SILENT.contains(&name) {
            return None;
        }
        let list = |value: &Value| {
            let all = value.as_array()?;
            Some(all.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
        };
        let said = match name {
            "enum" => list(value).map(|all| format!("One of: {all}.")),
            "const" => Some(format!("Always {value}.")),
            "default" if value.is_null() => None,
            "default" => Some(format!("Default: {value}.")),
            "examples" => list(value).map(|all| format!("Examples: {all}.")),
            "format" => value.as_str().map(|format| format!("Format: {format}.")),
            "pattern" => value.as_str().map(|pattern| format!("Pattern: {pattern}.")),
            "minimum" => Some(format!("At least {value}.")),
            "maximum" => Some(format!("At most {value}.")),
            "exclusiveMinimum" => Some(format!("More than {value}.")),
            "exclusiveMaximum" => Some(format!("Less than {value}.")),
            "multipleOf" => Some(format!("A multiple of {value}.")),
            "minLength" => Some(format!("At least {value} characters.")),
            "maxLength" => Some(format!("At most {value} characters.")),
            "minItems" => Some(format!("At least {value} elements.")),
            "maxItems" => Some(format!("At most {value} elements.")),
            _ => None,
        };
        let place = format!("{at}/{name}");
        match &said {
            Some(_) => self.losses.note(place, "is only described"),
            None if name == "title" || (name == "default" && value.is_null()) => {}
            None => self.losses.note(place, "is left out"),
        }
        said
    }
}

/// A part under what stands beside the keyword that named it.
fn merged(part: &Value, beside: &Map<String, Value>, keyword: &str) -> Value {
    let Value::Object(part) = part else { return part.clone() };
    let mut whole = part.clone();
    for (name, value) in beside.iter().filter(|(name, _)| *name != keyword) {
        whole.insert(name.clone(), value.clone());
    }
    whole.into()
}

/// Both of two schemas: their properties together, what both require, of the rest the first's.
fn joined(whole: &Value, part: &Value) -> Value {
    let (Value::Object(whole), Value::Object(part)) = (whole, part) else { return whole.clone() };
    let mut joined = part.clone();
    for (name, value) in whole {
        let both = match (joined.get(name), value) {
            (Some(Value::Object(theirs)), Value::Object(ours)) if name == "properties" => {
                let mut all = theirs.clone();
                all.extend(ours.clone());
                all.into()
            }
            (Some(Value::Array(theirs)), Value::Array(ours)) if name == "required" => {
                let new = theirs.iter().filter(|one| !ours.contains(one));
                Value::Array(ours.iter().chain(new).cloned().collect())
            }
            (_, value) => value.clone(),
        };
        joined.insert(name.clone(), both);
    }
    joined.into()
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null | Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(members: Value) -> Written {
        let mut whole = json!({"type": "tool", "name": "t", "description": "d",
            "lambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:f"});
        for (name, value) in members.as_object().expect("an object") {
            whole[name] = value.clone();
        }
        write(&Document::read(&whole.to_string()).expect("a document")).expect("a tool")
    }

    /// A property's schema, and where something is lost.
    fn check(property: Value, expected: Value, lost: &[&str]) {
        let schema = json!({"type": "object", "properties": {"p": property},
            "$defs": {"name": {"type": "string", "description": "A name."},
                      "circle": {"type": "object", "properties": {"next": {"$ref": "#/$defs/circle"}}}}});
        let Written { definition, losses } = written(json!({"inputSchema": schema}));
        assert_eq!(definition["inputSchema"]["properties"]["p"], expected);
        let places: Vec<&str> = losses
            .iter()
            .map(|loss| loss.pointer.trim_start_matches("/inputSchema/properties/p"))
            .collect();
        assert_eq!(places, lost);
    }

    #[test]
    fn what_fits_is_kept() {
        let schema = json!({"type": "object", "properties": {
            "city": {"type": "string", "description": "Where."},
            "tags": {"type": "array", "items": {"type": "string"}}}, "required": ["city"]});
        let Written { definition, losses } = written(json!({"inputSchema": schema}));
        assert_eq!(definition, json!({"name": "t", "description": "d", "inputSchema": schema}));
        assert_eq!(losses, []);
    }

    #[test]
    fn constraints_become_words() {
        check(
            json!({"type": "integer", "minimum": 1, "maximum": 9, "default": 3, "description": "Days."}),
            json!({"type": "integer", "description": "Days. Default: 3. At most 9. At least 1."}),
            &["/default", "/maximum", "/minimum"],
        );
        check(
            json!({"enum": ["a", "b"]}),
            json!({"type": "string", "description": "One of: \"a\", \"b\"."}),
            &["/type", "/enum"],
        );
        check(json!({"type": "string", "default": null}), json!({"type": "string"}), &[]);
        check(json!({"type": "string", "if": {}}), json!({"type": "string"}), &["/if"]);
    }

    #[test]
    fn alternatives_collapse() {
        check(
            json!({"anyOf": [{"type": "string"}, {"type": "null"}], "description": "Maybe."}),
            json!({"type": "string", "description": "Maybe."}),
            &["/anyOf"],
        );
        check(json!({"type": ["integer", "null"]}), json!({"type": "integer"}), &["/type"]);
        check(
            json!({"oneOf": [{"type": "integer"}, {"type": "string"}]}),
            json!({"type": "integer"}),
            &["/oneOf"],
        );
        check(
            json!({"allOf": [
                {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}]}),
            json!({"type": "object", "required": ["a", "b"],
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}),
            &[],
        );
    }

    #[test]
    fn references_are_followed() {
        check(
            json!({"$ref": "#/$defs/name"}),
            json!({"type": "string", "description": "A name."}),
            &[],
        );
        check(json!({"$ref": "#/$defs/none"}), json!({"type": "object"}), &[""]);
        let Written { losses, .. } = written(json!({"inputSchema": {
            "type": "object", "properties": {"c": {"$ref": "#/$defs/circle"}},
            "$defs": {"circle": {"type": "object", "properties": {"next": {"$ref": "#/$defs/circle"}}}}}}));
        assert_eq!(losses.len(), 1, "{losses:?}");
    }

    #[test]
    fn items_are_never_empty() {
        check(
            json!({"type": "array", "items": {}}),
            json!({"type": "array", "items": {"type": "string"}}),
            &["/items"],
        );
        check(
            json!({"type": "array"}),
            json!({"type": "array", "items": {"type": "string"}}),
            &["/items"],
        );
    }

    #[test]
    fn members_without_a_place_are_told() {
        let all = json!({"title": "T", "annotations": {"readOnlyHint": true}, "retries": 2,
            "timeoutSeconds": 60, "invokeMode": "apigw-v2", "parameters": {"city": "string"}});
        let Written { definition, losses } = written(all);
        let places: Vec<&str> = losses.iter().map(|loss| loss.pointer.as_str()).collect();
        assert_eq!(
            places,
            ["/title", "/annotations", "/timeoutSeconds", "/retries", "/invokeMode"]
        );
        assert_eq!(definition["inputSchema"]["required"], json!(["city"]));
    }

    #[test]
    fn what_is_written_can_be_read() {
        let Written { definition, .. } = written(json!({"parameters": {"tags": "array"}}));
        let text = json!([definition]).to_string();
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
        assert_eq!(super::super::read(&text, arn, None).expect("a tool").len(), 1);
    }
}
