//! Documents in files: one, a list of them, or the tool definitions of an AgentCore gateway target.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mcp_lambda_runtime::registration::document::Document;
use mcp_lambda_runtime::registration::parse::Trust;
use mcp_lambda_runtime::registration::{Registration, agentcore};
use serde_json::Value;

use crate::commands::input::read;
use crate::exit::Failure;

/// Members that the server adds to a document.
pub(super) const OF_SERVER: [&str; 5] = ["id", "revision", "createdAt", "updatedAt", "problem"];

/// Documents by their ids, in canonical form.
pub(super) type Documents = BTreeMap<String, String>;

/// What files of tool definitions leave open.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults<'a> {
    pub(super) function: Option<&'a str>,
    pub(super) target: Option<&'a str>,
}

/// Reads all files; every fault is told, each with its file.
pub(super) fn load(paths: &[PathBuf], defaults: Defaults<'_>) -> Result<Documents, Failure> {
    let mut collected = Collected::default();
    for path in files(paths)? {
        let text = read(&path)?;
        let name = path.display().to_string();
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => collected.take(&name, &value, defaults),
            Err(error) => collected.faults.push(format!("{name}: {error}")),
        }
    }
    if collected.faults.is_empty() {
        return Ok(collected.documents.into_iter().map(|(id, (_, text))| (id, text)).collect());
    }
    Err(Failure::Document(collected.faults.join("; ")))
}

/// Checks one document as the gateway would.
pub(super) fn check(text: &str) -> Result<Registration, String> {
    let document = Document::read(text).map_err(|error| error.to_string())?;
    Registration::parse(document, Trust::Checked).map_err(|error| error.to_string())
}

/// The files, in the order of their names; of folders those that end in `.json`.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            all.push(path.clone());
            continue;
        }
        let failed = |error: std::io::Error| {
            Failure::Document(format!("cannot read {}: {error}", path.display()))
        };
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_file() && path.extension().is_some_and(|extension| extension == "json") {
                inside.push(path);
            }
        }
        if inside.is_empty() {
            return Err(Failure::Document(format!("{} has no *.json files", path.display())));
        }
        inside.sort();
        all.extend(inside);
    }
    Ok(all)
}

#[derive(Default)]
struct Collected {
    /// By id: where it came from, and its canonical text.
    documents: BTreeMap<String, (String, String)>,
    faults: Vec<String>,
}

impl Collected {
    /// Takes whatever a file or an element of its list is.
    fn take(&mut self, source: &str, value: &Value, defaults: Defaults<'_>) {
        if let Some(target) = holder(value) {
            return self.take_target(source, target, defaults);
        }
        match value {
            Value::Array(all) if all.iter().any(is_definition) => {
                self.take_target(source, value, defaults);
            }
            Value::Array(all) => {
                for (index, one) in all.iter().enumerate() {
                    self.take(&format!("{source}: /{index}"), one, defaults);
                }
            }
            Value::Object(members) if members.contains_key("registrations") => {
                self.take(
                    &format!("{source}: /registrations"),
                    &members["registrations"],
                    defaults,
                );
            }
            Value::Object(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_) => self.take_document(source, value.clone()),
        }
    }

    fn take_document(&mut self, source: &str, mut value: Value) {
        if let Some(members) = value.as_object_mut() {
            members.remove("problem");
        }
        match check(&value.to_string()) {
            Ok(registration) => self.keep(source, &registration),
            Err(error) => self.faults.push(format!("{source}: {error}")),
        }
    }

    fn take_target(&mut self, source: &str, value: &Value, defaults: Defaults<'_>) {
        let named = value["lambda"]["lambdaArn"].as_str().or_else(|| value["lambdaArn"].as_str());
        let Some(function) = defaults.function.or(named) else {
            let text = format!("{source}: names no function; add --function ARN");
            return self.faults.push(text);
        };
        match agentcore::read(&value.to_string(), function, defaults.target) {
            Err(error) => self.faults.push(format!("{source}: {error}")),
            Ok(documents) => {
                for document in documents {
                    match Registration::parse(document, Trust::Checked) {
                        Ok(registration) => self.keep(source, &registration),
                        Err(error) => self.faults.push(format!("{source}: {error}")),
                    }
                }
            }
        }
    }

    fn keep(&mut self, source: &str, registration: &Registration) {
        let id = registration.id.to_string();
        let entry = (source.to_owned(), registration.document.render());
        if let Some((earlier, _)) = self.documents.insert(id.clone(), entry) {
            self.faults.push(format!("{source}: {id} is in {earlier} too"));
        }
    }
}

/// The part of a target's configuration that holds tool definitions.
fn holder(value: &Value) -> Option<&Value> {
    let members = value.as_object()?;
    for outer in ["targetConfiguration", "mcp"] {
        if let Some(inner) = members.get(outer) {
            return holder(inner);
        }
    }
    let holds = ["inlinePayload", "toolSchema", "lambda"];
    holds.iter().any(|name| members.contains_key(*name)).then_some(value)
}

/// A tool definition has no type, and documents always have.
fn is_definition(value: &Value) -> bool {
    value.get("type").is_none() && value.get("inputSchema").is_some()
}

/// A name for a file: what a registration's id has is fine everywhere.
pub(super) fn file_name(folder: &Path, stem: &str) -> PathBuf {
    folder.join(format!("{stem}.json"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

    fn document(name: &str) -> Value {
        json!({"type": "tool", "name": name, "description": "d", "lambdaArn": ARN})
    }

    fn check_files(files: &[(&str, Value)], defaults: Defaults<'_>) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, value) in files {
            std::fs::write(folder.path().join(name), value.to_string()).expect("a file");
        }
        load(&[folder.path().to_owned()], defaults)
            .map(|documents| documents.into_keys().collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn all_forms_of_files() {
        let definition =
            json!({"name": "t", "description": "d", "inputSchema": {"type": "object"}});
        let function = Defaults { function: Some(ARN), target: None };
        let of = |value: Value, defaults| check_files(&[("a.json", value)], defaults);
        assert_eq!(of(document("a"), Defaults::default()), Ok(vec!["tool-a".to_owned()]));
        let list = json!([document("a"), document("b")]);
        let both = Ok(vec!["tool-a".to_owned(), "tool-b".to_owned()]);
        assert_eq!(of(list.clone(), Defaults::default()), both);
        assert_eq!(of(json!({"registrations": list}), Defaults::default()), both);
        let tool = Ok(vec!["tool-t".to_owned()]);
        assert_eq!(of(json!([definition]), function), tool);
        assert_eq!(of(json!({"inlinePayload": [definition]}), function), tool);
        let target =
            json!({"lambda": {"lambdaArn": ARN, "toolSchema": {"inlinePayload": [definition]}}});
        assert_eq!(of(target.clone(), Defaults::default()), tool);
        assert_eq!(of(json!({"mcp": target}), Defaults::default()), tool);
        assert_eq!(of(json!([{"mcp": target}]), Defaults::default()), tool);
        let error = of(json!([definition]), Defaults::default()).expect_err("no function");
        assert!(error.contains("--function"), "{error}");
    }

    #[test]
    fn every_fault_has_its_file() {
        let bad = json!({"type": "tool", "name": "a b", "lambdaArn": "f"});
        let files = [("a.json", bad), ("b.json", document("x")), ("c.json", document("x"))];
        let error = check_files(&files, Defaults::default()).expect_err("three faults");
        for part in ["a.json: /name", "c.json: tool-x is in", "b.json too"] {
            assert!(error.contains(part), "{part:?} is missing: {error}");
        }
        assert!(check_files(&[], Defaults::default()).expect_err("empty").contains("no *.json"));
        assert!(check_files(&[("a.json", json!(7))], Defaults::default()).is_err());
    }
}
