//! How much work a schema can make of a value.
//!
//! A few alternatives that refer to one another can be evaluated more often than any bound on the
//! sizes of schema and value tells: twice as often with every level of the value. So the number of
//! evaluations that one place of a value can cost is counted beforehand, by the depth of the value.

use std::collections::HashMap;

use serde_json::Value;

use crate::protocol::limits::MAX_JSON_DEPTH;

/// Evaluations that one check may cost; each takes some ten nanoseconds.
const MAX_EVALUATIONS: u64 = 10_000_000;

/// Keywords whose subschemas apply to the same place of the value.
const SAME_PLACE: [&str; 8] =
    ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"];
/// Keywords whose subschemas apply to places inside it.
const INSIDE: [&str; 9] = [
    "patternProperties",
    "additionalProperties",
    "items",
    "prefixItems",
    "contains",
    "unevaluatedItems",
    "unevaluatedProperties",
    "propertyNames",
    "additionalItems",
];

/// Keywords whose value is a map of subschemas.
const MAPS: [&str; 2] = ["dependentSchemas", "patternProperties"];

/// The evaluations that a schema can cost, by depth of the value.
#[derive(Clone, Debug)]
pub struct Work(Vec<u64>);

impl Work {
    /// Counts; `None` when the schema refers to itself without going any deeper into the value.
    pub fn of(schema: &Value) -> Option<Self> {
        let mut counter = Counter { root: schema, known: HashMap::new() };
        (0..=MAX_JSON_DEPTH)
            .map(|depth| counter.count(schema, depth))
            .collect::<Option<_>>()
            .map(Self)
    }

    /// Whether even a flat value could cost too much.
    pub fn is_excessive(&self) -> bool {
        self.0.get(1).is_none_or(|work| *work > MAX_EVALUATIONS / 1_000)
    }

    /// Whether a value of this depth and number of members and elements may be checked.
    pub fn allows(&self, depth: usize, values: usize) -> bool {
        let each = self.0.get(depth).copied().unwrap_or(u64::MAX);
        each.saturating_mul(values as u64 + 1) <= MAX_EVALUATIONS
    }
}

struct Counter<'a> {
    root: &'a Value,
    /// By place in the schema and depth; `None` while it is being counted.
    known: HashMap<(*const Value, usize), Option<u64>>,
}

impl<'a> Counter<'a> {
    fn count(&mut self, schema: &'a Value, depth: usize) -> Option<u64> {
        let Some(members) = schema.as_object() else { return Some(1) };
        let key = (std::ptr::from_ref(schema), depth);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        self.known.insert(key, None);
        let mut total: u64 = 1;
        for keyword in SAME_PLACE {
            if let Some(value) = members.get(keyword) {
                total = total.saturating_add(self.sum(keyword, value, depth)?);
            }
        }
        for keyword in ["$ref", "$dynamicRef", "$recursiveRef"] {
            if let Some(target) = members.get(keyword).and_then(Value::as_str) {
                let target = resolve(self.root, target).unwrap_or(self.root);
                total = total.saturating_add(self.count(target, depth)?);
            }
        }
        if let Some(below) = depth.checked_sub(1) {
            total = total.saturating_add(self.inside(schema, below)?);
        }
        self.known.insert(key, Some(total));
        Some(total)
    }

    /// A member of the value meets one of the properties, and everything else that goes inside.
    fn inside(&mut self, schema: &'a Value, depth: usize) -> Option<u64> {
        let mut most = 0;
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for property in properties.values() {
                most = most.max(self.count(property, depth)?);
            }
        }
        for keyword in INSIDE {
            if let Some(value) = schema.get(keyword) {
                most = most.saturating_add(self.sum(keyword, value, depth)?);
            }
        }
        Some(most)
    }

    /// A keyword's subschema, or all of its list or map of them.
    fn sum(&mut self, keyword: &str, value: &'a Value, depth: usize) -> Option<u64> {
        let mut total: u64 = 0;
        match value {
            Value::Array(all) => {
                for one in all {
                    total = total.saturating_add(self.count(one, depth)?);
                }
            }
            Value::Object(members) if MAPS.contains(&keyword) => {
                for one in members.values() {
                    total = total.saturating_add(self.count(one, depth)?);
                }
            }
            Value::Object(_) => total = self.count(value, depth)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => total = 1,
        }
        Some(total)
    }
}

/// The part of a schema that a local reference names: by pointer or by anchor.
fn resolve<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let fragment = reference.strip_prefix('#')?;
    if fragment.is_empty() {
        return Some(root);
    }
    if fragment.starts_with('/') {
        let decoded = percent_encoding::percent_decode_str(fragment).decode_utf8().ok()?;
        return root.pointer(&decoded);
    }
    find_anchor(root, fragment)
}

fn find_anchor<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => {
            let named = |keyword| members.get(keyword).and_then(Value::as_str) == Some(name);
            if named("$anchor") || named("$dynamicAnchor") {
                return Some(value);
            }
            members.values().find_map(|member| find_anchor(member, name))
        }
        Value::Array(elements) => elements.iter().find_map(|element| find_anchor(element, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tree(alternatives: usize) -> Value {
        let reference = json!({"type": "object", "properties": {"a": {"$ref": "#"}}});
        json!({"anyOf": vec![reference; alternatives]})
    }

    #[test]
    fn plain_recursion_grows_with_the_depth_and_alternatives_double() {
        let plain = Work::of(&tree(1)).expect("finite");
        assert!(plain.allows(MAX_JSON_DEPTH, 10_000));
        let doubling = Work::of(&tree(2)).expect("finite");
        assert!(doubling.allows(8, 100));
        assert!(!doubling.allows(40, 1));
        assert!(!doubling.is_excessive());
    }

    #[test]
    fn what_ends_nowhere_is_found() {
        assert!(Work::of(&json!({"$ref": "#"})).is_none());
        let pair = json!({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"});
        assert!(Work::of(&pair).is_none());
        assert!(Work::of(&json!({"properties": {"a": {"$ref": "#"}}})).is_some());
        let anchored =
            json!({"$defs": {"x": {"$anchor": "n", "items": {"$ref": "#n"}}}, "$ref": "#n"});
        assert!(Work::of(&anchored).is_some());
    }

    #[test]
    fn doubling_without_depth_is_excessive() {
        let mut definitions = serde_json::Map::new();
        for number in 0..40 {
            let next = json!({"$ref": format!("#/$defs/d{}", number + 1)});
            definitions.insert(format!("d{number}"), json!({"anyOf": [next, next]}));
        }
        definitions.insert("d40".to_owned(), json!({"type": "string"}));
        let schema = json!({"$ref": "#/$defs/d0", "$defs": definitions});
        assert!(Work::of(&schema).expect("finite").is_excessive());
        assert!(!Work::of(&json!({"type": "object"})).expect("finite").is_excessive());
    }
}
