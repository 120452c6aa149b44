//! JSON Schemas that administrators register: bounded, local, compiled when needed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::registration::limits;
use crate::registration::work::Work;

/// The dialects that can be compiled, besides none at all (2020-12).
const DIALECTS: [&str; 5] = [
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
    "http://json-schema.org/draft-06/schema",
    "http://json-schema.org/draft-04/schema",
];

/// A schema's text with its compiled form.
///
/// Invariants: within the bounds of [`limits`], every reference is local, and it compiles.
#[derive(Debug)]
pub struct Schema {
    text: Box<RawValue>,
    trivial: bool,
    compiled: Mutex<Weak<Compiled>>,
}

/// Text of the schemas whose compiled forms a process keeps, the latest made. A compiled form takes
/// several times the memory of its text, and a small one is made again in microseconds.
pub const MAX_COMPILED_TEXT_BYTES: usize = 64 * 1024;

static KEPT: Mutex<Kept> = Mutex::new(Kept { compiled: VecDeque::new(), text_bytes: 0 });

/// The compiled forms that are kept, oldest first, each with the length of its text.
#[derive(Debug)]
struct Kept {
    compiled: VecDeque<(Arc<Compiled>, usize)>,
    text_bytes: usize,
}

impl Kept {
    /// Keeps one more, and gives what is no longer kept.
    fn push(&mut self, compiled: Arc<Compiled>, text_bytes: usize) -> Vec<Arc<Compiled>> {
        self.text_bytes += text_bytes;
        self.compiled.push_back((compiled, text_bytes));
        let mut old = Vec::new();
        while self.text_bytes > MAX_COMPILED_TEXT_BYTES {
            let Some((compiled, text_bytes)) = self.compiled.pop_front() else { break };
            self.text_bytes -= text_bytes;
            old.push(compiled);
        }
        old
    }
}

/// What a check needs.
#[derive(Debug)]
struct Compiled {
    validator: Validator,
    work: Work,
}

/// Why a JSON value is not taken as a schema.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidSchema {
    /// Over [`limits::MAX_SCHEMA_BYTES`].
    #[error("has more than {} bytes", limits::MAX_SCHEMA_BYTES)]
    TooLarge,
    /// Over [`limits::MAX_SCHEMA_DEPTH`].
    #[error("is nested deeper than {} levels", limits::MAX_SCHEMA_DEPTH)]
    TooDeep,
    /// Over [`limits::MAX_SCHEMA_VALUES`].
    #[error("holds more than {} values", limits::MAX_SCHEMA_VALUES)]
    TooMany,
    /// Neither an object nor, for outputs, a boolean.
    #[error("must be a JSON Schema object")]
    NotAnObject,
    /// `inputSchema` without `"type": "object"` at its root.
    #[error("must have \"type\": \"object\" at its root")]
    NotForArguments,
    /// A `$ref` that does not start with `#`.
    #[error("may only refer to itself: {0:?} is not a local reference")]
    RemoteReference(String),
    /// A `$schema` that cannot be compiled.
    #[error("has the unknown dialect {0:?}; use JSON Schema 2020-12")]
    Dialect(String),
    /// A reference that leads back to itself at the same place of the value.
    #[error("refers to itself without end")]
    Endless,
    /// Alternatives that multiply.
    #[error("has alternatives within alternatives that would take too long to check")]
    Excessive,
    /// The compiler's word.
    #[error("is not a valid JSON Schema: {0}")]
    Compile(String),
}

/// Where and how a value fails its schema.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mismatch {
    /// JSON pointer into the value.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl Schema {
    /// Checks and keeps the schema of a tool's arguments.
    pub fn for_arguments(text: Box<RawValue>) -> Result<Self, InvalidSchema> {
        let schema = Self::parse(text)?;
        let value: Value = serde_json::from_str(schema.text.get()).map_err(compile_error)?;
        match value.get("type").and_then(Value::as_str) {
            Some("object") => Ok(schema),
            _ => Err(InvalidSchema::NotForArguments),
        }
    }

    /// Checks and keeps a schema.
    pub fn parse(text: Box<RawValue>) -> Result<Self, InvalidSchema> {
        if text.get().len() > limits::MAX_SCHEMA_BYTES {
            return Err(InvalidSchema::TooLarge);
        }
        let value: Value = serde_json::from_str(text.get()).map_err(compile_error)?;
        if !value.is_object() {
            return Err(InvalidSchema::NotAnObject);
        }
        let mut count = 0;
        check_bounds(&value, 0, &mut count)?;
        if let Some(dialect) = value.get("$schema").and_then(Value::as_str) {
            let plain = dialect.trim_end_matches('#');
            if !DIALECTS.contains(&plain) {
                return Err(InvalidSchema::Dialect(dialect.to_owned()));
            }
        }
        let trivial = value == serde_json::json!({"type": "object"});
        if !trivial {
            compile(&value)?;
        }
        Ok(Self { text, trivial, compiled: Mutex::default() })
    }

    /// Takes a schema that was checked when it was registered; it is compiled when first used.
    pub fn trusted(text: Box<RawValue>) -> Self {
        let value: Value = serde_json::from_str(text.get()).unwrap_or_default();
        let trivial = value == serde_json::json!({"type": "object"});
        Self { text, trivial, compiled: Mutex::default() }
    }

    /// Whether the schema has `"type": "object"` at its root.
    pub fn describes_object(&self) -> bool {
        let value: Result<Value, _> = serde_json::from_str(self.text.get());
        value.is_ok_and(|value| value.get("type").and_then(Value::as_str) == Some("object"))
    }

    /// The text as registered.
    pub fn raw(&self) -> &RawValue {
        &self.text
    }

    /// Finds the first place where a JSON text does not fit.
    pub fn check(&self, text: &str) -> Result<(), Mismatch> {
        if self.trivial && text.trim_start().starts_with('{') {
            return Ok(());
        }
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            let message = "is not valid JSON, or is nested too deep".to_owned();
            return Err(Mismatch { path: String::new(), message });
        };
        let Some(compiled) = self.compiled() else {
            let message = "cannot be checked: the registered schema does not compile".to_owned();
            return Err(Mismatch { path: String::new(), message });
        };
        let (depth, values) = extent(&value);
        if !compiled.work.allows(depth, values) {
            let message = "is nested too deep, or too large, to be checked against this schema";
            return Err(Mismatch { path: String::new(), message: message.to_owned() });
        }
        match compiled.validator.iter_errors(&value).next() {
            None => Ok(()),
            Some(error) => Err(Mismatch {
                path: error.instance_path().to_string(),
                message: error.to_string(),
            }),
        }
    }

    fn compiled(&self) -> Option<Arc<Compiled>> {
        let mut own = lock(&self.compiled);
        if let Some(compiled) = own.upgrade() {
            return Some(compiled);
        }
        let value: Value = serde_json::from_str(self.text.get()).ok()?;
        let compiled = Arc::new(compile(&value).ok()?);
        *own = Arc::downgrade(&compiled);
        let old = lock(&KEPT).push(compiled.clone(), self.text.get().len());
        // Taking a schema apart takes a while, which nobody else need wait for.
        drop(old);
        Some(compiled)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn compile(schema: &Value) -> Result<Compiled, InvalidSchema> {
    let work = Work::of(schema).ok_or(InvalidSchema::Endless)?;
    if work.is_excessive() {
        return Err(InvalidSchema::Excessive);
    }
    let validator = jsonschema::options()
        // Administrators' patterns meet callers' text: matching must take linear time.
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .map_err(compile_error)?;
    Ok(Compiled { validator, work })
}

/// How deep a value is, and how many values are in it.
fn extent(value: &Value) -> (usize, usize) {
    let join = |(depth, count): (usize, usize), (below, more): (usize, usize)| {
        (depth.max(below + 1), count + more + 1)
    };
    match value {
        Value::Object(members) => members.values().map(extent).fold((0, 0), join),
        Value::Array(elements) => elements.iter().map(extent).fold((0, 0), join),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (0, 0),
    }
}

fn compile_error(error: impl std::fmt::Display) -> InvalidSchema {
    InvalidSchema::Compile(error.to_string())
}

fn check_bounds(value: &Value, depth: usize, count: &mut usize) -> Result<(), InvalidSchema> {
    *count += 1;
    if depth > limits::MAX_SCHEMA_DEPTH {
        return Err(InvalidSchema::TooDeep);
    }
    if *count > limits::MAX_SCHEMA_VALUES {
        return Err(InvalidSchema::TooMany);
    }
    match value {
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            check_reference(name, member)?;
            check_bounds(member, depth + 1, count)
        }),
        Value::Array(elements) => {
            elements.iter().try_for_each(|element| check_bounds(element, depth + 1, count))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// The keywords that refer.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// A reference to another document would be fetched from somewhere; none is (server/tools,
/// "Schema references": implementations must not dereference network URIs).
fn check_reference(name: &str, member: &Value) -> Result<(), InvalidSchema> {
    let refers = REFERENCES.contains(&name);
    match member.as_str() {
        Some(target) if refers && !target.starts_with('#') => {
            Err(InvalidSchema::RemoteReference(target.to_owned()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).expect("JSON")
    }

    #[test]
    fn the_failing_path_is_named() {
        let schema = Schema::for_arguments(raw(
            r#"{"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"integer"}}}},"required":["a"]}"#,
        ))
        .expect("a schema");
        assert_eq!(schema.check(r#"{"a":{"b":1}}"#), Ok(()));
        let mismatch = schema.check(r#"{"a":{"b":"x"}}"#).expect_err("wrong type");
        assert_eq!(mismatch.path, "/a/b");
        assert!(schema.check("{}").expect_err("missing").message.contains("\"a\""));
    }

    #[test]
    fn refusals() {
        let kind = |text: &str| Schema::for_arguments(raw(text)).map(|_| ());
        assert_eq!(kind("{}"), Err(InvalidSchema::NotForArguments));
        assert_eq!(kind("true"), Err(InvalidSchema::NotAnObject));
        assert_eq!(kind("[]"), Err(InvalidSchema::NotAnObject));
        assert!(matches!(kind(r#"{"type":"objekt"}"#), Err(InvalidSchema::Compile(_))));
        assert!(matches!(
            kind(r#"{"type":"object","properties":{"a":{"$ref":"http://h/x"}}}"#),
            Err(InvalidSchema::RemoteReference(_))
        ));
        assert!(matches!(
            kind(r#"{"$schema":"urn:mine","type":"object"}"#),
            Err(InvalidSchema::Dialect(_))
        ));
        assert!(matches!(
            kind(r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/none"}}}"##),
            Err(InvalidSchema::Compile(_))
        ));
    }

    #[test]
    fn compiled_forms_are_kept_up_to_a_bound() {
        let compiled = || {
            let value = serde_json::json!({"type": "object", "maxProperties": 1});
            Arc::new(compile(&value).expect("a schema"))
        };
        let mut kept = Kept { compiled: VecDeque::new(), text_bytes: 0 };
        let half = MAX_COMPILED_TEXT_BYTES / 2;
        assert!(kept.push(compiled(), half).is_empty());
        assert!(kept.push(compiled(), half).is_empty());
        assert_eq!(kept.push(compiled(), 1).len(), 1);
        assert_eq!(kept.text_bytes, half + 1);
        // One that is larger than all that may be kept is not kept, nor are the others.
        assert_eq!(kept.push(compiled(), MAX_COMPILED_TEXT_BYTES + 1).len(), 3);
        assert_eq!((kept.compiled.len(), kept.text_bytes), (0, 0));
    }

    #[test]
    fn a_schema_that_is_no_longer_kept_is_compiled_again() {
        let schema = Schema::trusted(raw(r#"{"type":"object","required":["a"]}"#));
        for _ in 0..3 {
            assert!(schema.check("{}").is_err());
            assert_eq!(schema.check(r#"{"a":1}"#), Ok(()));
            let mut kept = lock(&KEPT);
            kept.compiled.clear();
            kept.text_bytes = 0;
        }
    }

    #[test]
    fn bounds() {
        let deep =
            |n: usize| format!(r#"{}{{"type":"object"}}{}"#, r#"{"not":"#.repeat(n), "}".repeat(n));
        // The innermost object's member is one level further down.
        assert!(Schema::parse(raw(&deep(limits::MAX_SCHEMA_DEPTH - 1))).is_ok());
        let over = Schema::parse(raw(&deep(limits::MAX_SCHEMA_DEPTH))).map(|_| ());
        assert_eq!(over, Err(InvalidSchema::TooDeep));

        let wide = |n: usize| format!(r#"{{"enum":[{}]}}"#, vec!["0"; n].join(","));
        let over = Schema::parse(raw(&wide(limits::MAX_SCHEMA_VALUES - 1))).map(|_| ());
        assert_eq!(over, Err(InvalidSchema::TooMany));

        let long = |n: usize| format!(r#"{{"title":"{}"}}"#, "t".repeat(n - 12));
        assert!(Schema::parse(raw(&long(limits::MAX_SCHEMA_BYTES))).is_ok());
        let over = Schema::parse(raw(&long(limits::MAX_SCHEMA_BYTES + 1))).map(|_| ());
        assert_eq!(over, Err(InvalidSchema::TooLarge));
    }

    #[test]
    fn patterns_take_linear_time() {
        let schema =
            Schema::parse(raw(r#"{"type":"string","pattern":"^(a+)+$"}"#)).expect("a schema");
        let text = format!("\"{}!\"", "a".repeat(50_000));
        assert!(schema.check(&text).is_err());
    }
}
