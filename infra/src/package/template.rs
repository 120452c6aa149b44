//! Templates as values, and those of them that name no local files.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::stack::{self, Settings};

/// The largest template that CloudFormation reads, and that only from a bucket.
pub const MAX_TEMPLATE_BYTES: usize = 1024 * 1024;

/// A template of CloudFormation, with or without SAM.
///
/// Invariants: a JSON object with resources, each of which has a type; not larger than
/// CloudFormation reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Map<String, Json>);

impl Template {
    /// Reads a template in JSON.
    pub fn parse(text: &str) -> Result<Self, InvalidTemplate> {
        let json = serde_json::from_str(text)
            .map_err(|error| InvalidTemplate(format!("it is not JSON: {error}")))?;
        Self::from_json(json)
    }

    /// The gateway's own, in which the program is still to be packaged.
    pub fn of_the_gateway(settings: &Settings) -> Self {
        let text = stack::template(settings).to_json().expect("it has no text that is not one");
        Self::parse(&text).expect("it is smaller than CloudFormation's largest")
    }

    /// Takes a template.
    pub fn from_json(json: Json) -> Result<Self, InvalidTemplate> {
        let Json::Object(template) = json else {
            return Err(InvalidTemplate("it is not an object".to_owned()));
        };
        let Some(Json::Object(resources)) = template.get("Resources") else {
            return Err(InvalidTemplate("it has no Resources".to_owned()));
        };
        if let Some((id, _)) = resources.iter().find(|(_, one)| !one["Type"].is_string()) {
            return Err(InvalidTemplate(format!("the resource {id} has no Type")));
        }
        if resources.is_empty() {
            return Err(InvalidTemplate("it has no Resources".to_owned()));
        }
        let template = Self(template);
        let size = template.to_text().len();
        if size > MAX_TEMPLATE_BYTES {
            let text = format!("it has {size} bytes, of which AWS reads {MAX_TEMPLATE_BYTES}");
            return Err(InvalidTemplate(text));
        }
        Ok(template)
    }

    /// The template in JSON, without spaces.
    pub fn to_text(&self) -> String {
        Json::Object(self.0.clone()).to_string()
    }

    /// A section, which may be missing.
    pub(crate) fn section(&self, name: &str) -> Option<&Map<String, Json>> {
        self.0.get(name).and_then(Json::as_object)
    }

    /// A section, made if it is missing.
    pub(crate) fn section_mut(&mut self, name: &str) -> &mut Map<String, Json> {
        let section = self.0.entry(name).or_insert_with(|| Json::Object(Map::new()));
        if !section.is_object() {
            *section = Json::Object(Map::new());
        }
        section.as_object_mut().expect("it is one")
    }

    /// Takes a section away.
    pub(crate) fn remove_section(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Ids, types and definitions of all resources.
    pub(crate) fn resources(&self) -> impl Iterator<Item = (&str, &str, &Json)> {
        let resources = self.section("Resources").into_iter().flatten();
        resources.map(|(id, one)| (id.as_str(), one["Type"].as_str().unwrap_or_default(), one))
    }

    /// Whether the template has a parameter.
    pub fn has_parameter(&self, name: &str) -> bool {
        self.section("Parameters").is_some_and(|section| section.contains_key(name))
    }

    /// The parameters that allow one value, with it.
    pub(crate) fn settled(&self) -> BTreeMap<String, String> {
        let parameters = self.section("Parameters").into_iter().flatten();
        parameters
            .filter_map(|(name, declared)| match declared["AllowedValues"].as_array()?.as_slice() {
                [only] => Some((name.clone(), only.as_str()?.to_owned())),
                _ => None,
            })
            .collect()
    }

    /// Where code lies: the owner's name, and the value.
    pub(crate) fn code(&self) -> Vec<(String, &Json)> {
        let mut found = Vec::new();
        let globals = self.section("Globals").and_then(|all| all.get("Function"));
        if let Some(code) = globals.and_then(|function| function.get("CodeUri")) {
            found.push(("Globals.Function".to_owned(), code));
        }
        for (id, kind, one) in self.resources() {
            let property = match kind {
                "AWS::Serverless::Function" => "CodeUri",
                "AWS::Lambda::Function" => "Code",
                "AWS::Serverless::LayerVersion" => "ContentUri",
                "AWS::Lambda::LayerVersion" => "Content",
                _ => continue,
            };
            if let Some(code) = one["Properties"].get(property) {
                found.push((id.to_owned(), code));
            }
        }
        found
    }
}

/// It cannot be a template.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the template is not valid: {0}")]
pub struct InvalidTemplate(String);

/// A template that everything is uploaded for.
///
/// Invariant: it names no local file as code, licence or description.
#[derive(Clone, Debug, PartialEq)]
pub struct Packaged(Template);

impl Packaged {
    /// Looks whether everything is uploaded.
    pub fn parse(template: Template) -> Result<Self, NotPackaged> {
        for (owner, code) in template.code() {
            if code.as_str().is_some_and(is_local) {
                return Err(NotPackaged {
                    owner,
                    path: code.as_str().unwrap_or_default().to_owned(),
                });
            }
        }
        for (name, path) in metadata_files(&template) {
            if is_local(path) {
                return Err(NotPackaged { owner: name.to_owned(), path: path.to_owned() });
            }
        }
        Ok(Self(template))
    }

    /// The template.
    pub fn template(&self) -> &Template {
        &self.0
    }
}

/// A template names a file of this machine.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{owner} names {path:?}, which is a file of this machine; run package first")]
pub struct NotPackaged {
    /// Who names it.
    pub owner: String,
    /// What is named.
    pub path: String,
}

/// What describes a template to the Serverless Application Repository.
pub(crate) const APPLICATION: &str = "AWS::ServerlessRepo::Application";

/// The files that the metadata name.
pub(crate) fn metadata_files(template: &Template) -> Vec<(&'static str, &str)> {
    let metadata = template.section("Metadata").and_then(|all| all.get(APPLICATION));
    ["LicenseUrl", "ReadmeUrl"]
        .into_iter()
        .filter_map(|name| Some((name, metadata?.get(name)?.as_str()?)))
        .collect()
}

/// Whether a place is a path and not an address.
pub(crate) fn is_local(place: &str) -> bool {
    !place.contains("://")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(extra: (&str, Json)) -> Template {
        let mut template = json!({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}});
        template[extra.0] = extra.1;
        Template::from_json(template).expect("a template")
    }

    #[test]
    fn templates_have_resources_with_types() {
        let said = |text: &str| Template::parse(text).map_err(|error| error.0);
        assert_eq!(said("[]"), Err("it is not an object".to_owned()));
        assert_eq!(said("{}"), Err("it has no Resources".to_owned()));
        assert_eq!(said(r#"{"Resources":{}}"#), Err("it has no Resources".to_owned()));
        assert_eq!(said(r#"{"Resources":{"A":{}}}"#), Err("the resource A has no Type".to_owned()));
        assert!(said("Resources:").is_err_and(|error| error.starts_with("it is not JSON: ")));
    }

    #[test]
    fn templates_are_bounded() {
        let of = |size: usize| {
            let mut template = json!({"Resources": {"Q": {"Type": "T"}}, "Description": ""});
            let rest = size - template.to_string().len();
            template["Description"] = json!("d".repeat(rest));
            Template::from_json(template).is_ok()
        };
        assert!(of(MAX_TEMPLATE_BYTES - 1) && of(MAX_TEMPLATE_BYTES));
        assert!(!of(MAX_TEMPLATE_BYTES + 1));
    }

    #[test]
    fn what_allows_one_value_is_settled() {
        let parameters = json!({
            "A": {"Type": "String", "AllowedValues": ["arm64"]},
            "B": {"Type": "String", "AllowedValues": ["a", "b"]},
            "C": {"Type": "String"}
        });
        let settled = with(("Parameters", parameters)).settled();
        assert_eq!(settled, BTreeMap::from([("A".to_owned(), "arm64".to_owned())]));
    }

    #[test]
    fn local_files_are_found() {
        let refused = |template| Packaged::parse(template).expect_err("a local file").owner;
        let globals = with(("Globals", json!({"Function": {"CodeUri": "./code"}})));
        assert_eq!(refused(globals), "Globals.Function");
        let metadata = with(("Metadata", json!({APPLICATION: {"ReadmeUrl": "README.md"}})));
        assert_eq!(refused(metadata), "ReadmeUrl");
        for (kind, property) in [
            ("AWS::Serverless::Function", "CodeUri"),
            ("AWS::Lambda::Function", "Code"),
            ("AWS::Serverless::LayerVersion", "ContentUri"),
        ] {
            let one = json!({"F": {"Type": kind, "Properties": {property: "code"}}});
            assert_eq!(refused(with(("Resources", one))), "F", "{kind}");
        }
        let there = json!({"F": {"Type": "AWS::Serverless::Function",
            "Properties": {"CodeUri": {"Bucket": "b", "Key": "k"}}}});
        assert!(Packaged::parse(with(("Resources", there))).is_ok());
    }
}
