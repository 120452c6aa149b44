//! What an import would change, in words.

use std::collections::BTreeSet;

use mcp_lambda_runtime::registration::document::Document;
use serde_json::{Map, Value, json};

use super::source::Documents;
use crate::client::refusal::printable;
use crate::client::registry::Stored;

/// Characters of a value that is shown.
const MAX_SHOWN: usize = 40;

/// What becomes of one registration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Change {
    /// It is new.
    Add { id: String, text: String },
    /// Members differ, each in words.
    Update { id: String, text: String, revision: u64, members: Vec<String> },
    /// It is in no file.
    Remove { id: String, revision: u64 },
}

/// All changes, and what stays.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Plan {
    pub(super) changes: Vec<Change>,
    pub(super) unchanged: usize,
    /// Registered, in no file, and left alone.
    pub(super) kept: Vec<String>,
}

/// Compares files with what is stored. Only with `prune` is anything removed.
pub(super) fn plan(files: &Documents, stored: &[Stored], prune: bool) -> Plan {
    let mut plan = Plan::default();
    for (id, text) in files {
        match stored.iter().find(|one| one.id == *id) {
            None => plan.changes.push(Change::Add { id: id.clone(), text: text.clone() }),
            Some(one) => {
                let members = differences(&one.text, text);
                if members.is_empty() {
                    plan.unchanged += 1;
                } else {
                    let (id, text, revision) = (id.clone(), text.clone(), one.revision);
                    plan.changes.push(Change::Update { id, text, revision, members });
                }
            }
        }
    }
    for one in stored.iter().filter(|one| !files.contains_key(&one.id)) {
        if prune {
            let (id, revision) = (one.id.clone(), one.revision);
            plan.changes.push(Change::Remove { id, revision });
        } else {
            plan.kept.push(one.id.clone());
        }
    }
    plan
}

/// How two documents differ, one member after another.
fn differences(stored: &str, file: &str) -> Vec<String> {
    let canonical = |text: &str| Document::read(text).ok().map(|document| document.render());
    let members = |text: &str| serde_json::from_str::<Map<String, Value>>(text).ok();
    let Some(before) = canonical(stored).and_then(|text| members(&text)) else {
        return vec!["everything: what is registered cannot be understood".to_owned()];
    };
    let after = members(file).unwrap_or_default();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| match (before.get(name), after.get(name)) {
            (None, Some(new)) => Some(format!("{name} added{}", value(" ", new))),
            (Some(_), None) => Some(format!("{name} removed")),
            (Some(old), Some(new)) if old != new => {
                let inner = inner(old, new);
                Some(match (short(old), short(new)) {
                    (Some(old), Some(new)) => format!("{name} {old} → {new}"),
                    _ if inner.is_empty() => format!("{name} changed"),
                    _ => format!("{name} changed ({inner})"),
                })
            }
            _ => None,
        })
        .collect()
}

/// Which members of two objects differ; for schemas, which properties.
fn inner(old: &Value, new: &Value) -> String {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return String::new() };
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differing: Vec<&String> =
        names.into_iter().filter(|name| old.get(*name) != new.get(*name)).collect();
    if let [one] = differing.as_slice()
        && let (Some(Value::Object(_)), Some(Value::Object(_))) = (old.get(*one), new.get(*one))
    {
        return inner(&old[*one], &new[*one]);
    }
    let names: Vec<&str> = differing.iter().map(|name| name.as_str()).collect();
    printable(&names.join(", "))
}

fn value(before: &str, value: &Value) -> String {
    short(value).map_or_else(String::new, |text| format!("{before}{text}"))
}

/// A value as one short word, if it is one.
fn short(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (text.chars().count() <= MAX_SHOWN).then(|| printable(&text))
}

impl Change {
    /// Its registration.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Add { id, .. } | Self::Update { id, .. } | Self::Remove { id, .. } => id,
        }
    }

    /// What will have become of it.
    pub(super) fn done(&self) -> &'static str {
        match self {
            Self::Add { .. } => "added",
            Self::Update { .. } => "changed",
            Self::Remove { .. } => "removed",
        }
    }

    /// For people.
    pub(super) fn line(&self, width: usize) -> String {
        let id = self.id();
        match self {
            Self::Add { .. } => format!("  + {id}"),
            Self::Update { members, .. } => format!("  ~ {id:<width$}  {}", members.join(", ")),
            Self::Remove { .. } => format!("  - {id}"),
        }
    }

    /// For programs.
    pub(super) fn event(&self) -> String {
        let members = match self {
            Self::Update { members, .. } => members.as_slice(),
            Self::Add { .. } | Self::Remove { .. } => &[],
        };
        json!({"event": "change", "id": self.id(), "change": self.done(), "members": members})
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(more: Value) -> String {
        let mut whole = json!({"type": "tool", "name": "a", "description": "d", "lambdaArn":
            "arn:aws:lambda:us-east-1:000000000000:function:f"});
        for (name, value) in more.as_object().expect("an object") {
            whole[name] = value.clone();
        }
        Document::read(&whole.to_string()).expect("a document").render()
    }

    fn check(before: Value, after: Value, words: &[&str]) {
        assert_eq!(differences(&text(before), &text(after)), words);
    }

    #[test]
    fn differences_in_words() {
        check(json!({}), json!({}), &[]);
        check(
            json!({"timeoutSeconds": 30}),
            json!({"timeoutSeconds": 60}),
            &["timeoutSeconds 30 → 60"],
        );
        check(json!({}), json!({"title": "T"}), &["title added \"T\""]);
        check(json!({"title": "T"}), json!({}), &["title removed"]);
        let long = "x".repeat(MAX_SHOWN);
        check(json!({}), json!({"description": long}), &["description changed"]);
        let schema = |properties: Value| json!({"inputSchema": {"type": "object", "properties": properties}});
        check(
            schema(json!({"a": {"type": "string"}})),
            schema(json!({"a": {"type": "string"}, "b": {"type": "string"}})),
            &["inputSchema changed (b)"],
        );
        check(json!({}), schema(json!({})), &["inputSchema added"]);
        assert_eq!(differences("{}", &text(json!({}))).len(), 1);
    }

    #[test]
    fn nothing_is_removed_unless_asked() {
        let stored = |id: &str, text: String| Stored {
            id: id.to_owned(),
            revision: 7,
            description: None,
            lambda_arn: None,
            problem: None,
            text,
        };
        let all = [stored("tool-a", text(json!({}))), stored("tool-old", text(json!({})))];
        let files = Documents::from([
            ("tool-a".to_owned(), text(json!({}))),
            ("tool-new".to_owned(), "{}".to_owned()),
        ]);
        let add = Change::Add { id: "tool-new".to_owned(), text: "{}".to_owned() };
        let found = plan(&files, &all, false);
        assert_eq!(found.changes, std::slice::from_ref(&add));
        assert_eq!((found.unchanged, found.kept), (1, vec!["tool-old".to_owned()]));
        let remove = Change::Remove { id: "tool-old".to_owned(), revision: 7 };
        assert_eq!(plan(&files, &all, true).changes, [add, remove]);
    }
}
