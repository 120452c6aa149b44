//! Writing into a template where its files lie in a bucket.

use serde_json::{Value as Json, json};

use super::template::{APPLICATION, is_local, metadata_files};
use super::{Architecture, Artifact, PackageError, Packaged, Template};
use crate::account::Bucket;

/// The parameter that chooses between packages for both architectures.
const PARAMETER: &str = "Architecture";
/// The condition that is made of it.
const CONDITION: &str = "CodeIsForArm64";

/// What is to be written.
#[derive(Debug)]
pub(super) struct Plan(Template);

impl Plan {
    /// Writes where the code will lie.
    pub(super) fn new(
        mut template: Template,
        artifacts: &[Artifact],
        bucket: &Bucket,
    ) -> Result<Self, PackageError> {
        let code = match artifacts {
            [] => return Err(PackageError::Template("there is no program to package".to_owned())),
            [one] => {
                narrow(&mut template, one.architecture)?;
                json!(bucket.uri(&one.archive.key()))
            }
            both => {
                let key = |wanted| {
                    let found = both.iter().find(|artifact| artifact.architecture == wanted);
                    found.map(|artifact| artifact.archive.key())
                };
                let (Some(arm64), Some(x86_64)) =
                    (key(Architecture::Arm64), key(Architecture::X86_64))
                else {
                    let text = "there are two programs for the same architecture".to_owned();
                    return Err(PackageError::Template(text));
                };
                if !template.has_parameter(PARAMETER) {
                    return Err(PackageError::Template(format!(
                        "the template has no parameter {PARAMETER}, so it cannot have programs for \
                         both architectures"
                    )));
                }
                let condition = json!({"Fn::Equals": [{"Ref": PARAMETER}, "arm64"]});
                template.section_mut("Conditions").insert(CONDITION.to_owned(), condition);
                // The keys stand here in full, and not in a mapping, because SAM makes the names
                // of versions out of this value.
                let key = json!({"Fn::If": [CONDITION, arm64, x86_64]});
                json!({"Bucket": bucket.name().as_str(), "Key": key})
            }
        };
        place(&mut template, &code)?;
        Ok(Self(template))
    }

    /// The files that are still local.
    pub(super) fn files(&self) -> Vec<String> {
        let local = metadata_files(&self.0).into_iter().filter(|(_, path)| is_local(path));
        local.map(|(_, path)| path.to_owned()).collect()
    }

    /// Writes where a file lies.
    pub(super) fn file_lies_at(&mut self, file: &str, uri: &str) {
        let metadata = self.0.section_mut("Metadata").get_mut(APPLICATION);
        let Some(metadata) = metadata.and_then(Json::as_object_mut) else { return };
        for value in metadata.values_mut().filter(|value| value.as_str() == Some(file)) {
            *value = json!(uri);
        }
    }

    /// The template.
    pub(super) fn finish(self) -> Result<Packaged, PackageError> {
        Packaged::parse(self.0).map_err(|rest| {
            let text = format!("{} names {:?}, which cannot be packaged", rest.owner, rest.path);
            PackageError::Template(text)
        })
    }
}

/// Allows the one architecture that there is a program for.
fn narrow(template: &mut Template, architecture: Architecture) -> Result<(), PackageError> {
    if template.has_parameter(PARAMETER) {
        let parameter = &mut template.section_mut("Parameters")[PARAMETER];
        parameter["Default"] = json!(architecture.as_str());
        parameter["AllowedValues"] = json!([architecture.as_str()]);
        return Ok(());
    }
    let globals = template.section("Globals").and_then(|all| all.get("Function")).cloned();
    for (id, kind, one) in template.resources() {
        if kind != "AWS::Serverless::Function" {
            continue;
        }
        let own = one["Properties"].get("Architectures");
        let shared = globals.as_ref().and_then(|function| function.get("Architectures"));
        // What Lambda takes if nothing is said.
        let default = json!(["x86_64"]);
        let wanted = own.or(shared).unwrap_or(&default);
        if *wanted != json!([architecture.as_str()]) {
            return Err(PackageError::Template(format!(
                "the program is for {architecture}, but {id} wants {wanted}"
            )));
        }
    }
    Ok(())
}

/// Replaces the local code of functions.
fn place(template: &mut Template, code: &Json) -> Result<(), PackageError> {
    let mut placed = 0;
    let local = |value: &Json| value.as_str().is_some_and(is_local);
    let globals = template.section("Globals").is_some().then(|| template.section_mut("Globals"));
    if let Some(value) =
        globals.and_then(|all| all.get_mut("Function")?.get_mut("CodeUri")).filter(|v| local(v))
    {
        *value = code.clone();
        placed += 1;
    }
    for one in template.section_mut("Resources").values_mut() {
        if one["Type"] != "AWS::Serverless::Function" {
            continue;
        }
        let value = one.get_mut("Properties").and_then(|properties| properties.get_mut("CodeUri"));
        if let Some(value) = value.filter(|value| local(value)) {
            *value = code.clone();
            placed += 1;
        }
    }
    if placed == 0 {
        let text = "no function of the template has a local CodeUri: it is packaged already";
        return Err(PackageError::Template(text.to_owned()));
    }
    Ok(())
}
