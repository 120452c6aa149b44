//! How an application describes itself: the metadata of its template.

use serde_json::Value as Json;

use crate::package::{APPLICATION, Template};

/// The most characters of a name.
pub const MAX_NAME: usize = 140;
/// The most characters of a description.
pub const MAX_DESCRIPTION: usize = 256;
/// The most characters of an author's name.
pub const MAX_AUTHOR: usize = 127;
/// The most labels.
pub const MAX_LABELS: usize = 10;
/// The most characters of a label.
pub const MAX_LABEL: usize = 127;

/// An application as it describes itself.
///
/// Invariants: what the repository's API wants of each field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Application {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) author: String,
    pub(crate) license: String,
    pub(crate) license_url: String,
    pub(crate) readme_url: String,
    pub(crate) labels: Vec<String>,
    pub(crate) home_page: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) version: String,
}

/// The description does not suffice.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the template's metadata {APPLICATION} are not valid: {field} {wanted}")]
pub struct InvalidApplication {
    field: &'static str,
    wanted: &'static str,
}

impl Application {
    /// Reads the metadata of a template.
    pub fn of(template: &Template) -> Result<Self, InvalidApplication> {
        let invalid = |field, wanted| InvalidApplication { field, wanted };
        let metadata = template
            .section("Metadata")
            .and_then(|all| all.get(APPLICATION))
            .ok_or(invalid("the block", "is missing"))?;
        let text = |field: &str| metadata[field].as_str().map(str::to_owned);
        let named = |field: &'static str, wanted, fits: fn(&str) -> bool| {
            text(field).filter(|text| fits(text)).ok_or(invalid(field, wanted))
        };
        let labels = match &metadata["Labels"] {
            Json::Null => Vec::new(),
            labels @ (Json::Bool(_)
            | Json::Number(_)
            | Json::String(_)
            | Json::Array(_)
            | Json::Object(_)) => labels
                .as_array()
                .map(|all| all.iter().filter_map(Json::as_str).map(str::to_owned).collect())
                .filter(|labels: &Vec<String>| labels.len() <= MAX_LABELS)
                .filter(|labels| labels.iter().all(|label| is_label(label)))
                .ok_or(invalid("Labels", "are up to ten of letters, digits and + - _ : / @"))?,
        };
        Ok(Self {
            name: named("Name", "has 1 to 140 letters, digits and hyphens", is_name)?,
            description: named("Description", "has 1 to 256 characters", |text| {
                (1..=MAX_DESCRIPTION).contains(&text.chars().count())
            })?,
            author: named(
                "Author",
                "has up to 127 lowercase letters, digits and single hyphens between them",
                is_author,
            )?,
            license: named("SpdxLicenseId", "is missing", |text| !text.is_empty())?,
            license_url: named("LicenseUrl", "is missing", |text| !text.is_empty())?,
            readme_url: named("ReadmeUrl", "is missing", |text| !text.is_empty())?,
            labels,
            home_page: text("HomePageUrl"),
            source: text("SourceCodeUrl"),
            version: named(
                "SemanticVersion",
                "is not a semantic version, such as 1.0.0",
                is_version,
            )?,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.version
    }
}

fn is_name(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(known)
}

fn is_label(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"+-_:/@".contains(&byte);
    (1..=MAX_LABEL).contains(&text.len()) && text.bytes().all(known)
}

fn is_author(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_AUTHOR).contains(&text.len())
        && text.bytes().all(known)
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

/// Semantic versioning 2.0.0, rules 2, 9 and 10.
fn is_version(text: &str) -> bool {
    let (rest, build) =
        text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
    let (core, before) =
        rest.split_once('-').map_or((rest, None), |(core, before)| (core, Some(before)));
    let is_number = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        digits && (part == "0" || !part.starts_with('0'))
    };
    let is_identifier = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    // A number in front of a release has no zeros before it; of a build it may.
    let is_before = |part: &str| {
        is_identifier(part) && (is_number(part) || !part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && before.is_none_or(|parts| parts.split('.').all(is_before))
        && build.is_none_or(|parts| parts.split('.').all(is_identifier))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(field: &str, value: Json) -> Result<Application, InvalidApplication> {
        let mut metadata = json!({
            "Name": "mcp-lambda", "Description": "d", "Author": "a", "SpdxLicenseId": "MIT",
            "LicenseUrl": "s3://b/l", "ReadmeUrl": "s3://b/r", "SemanticVersion": "1.0.0",
            "Labels": ["mcp"]
        });
        metadata[field] = value;
        let template = json!({
            "Metadata": {APPLICATION: metadata},
            "Resources": {"Q": {"Type": "AWS::SQS::Queue"}}
        });
        Application::of(&Template::from_json(template).expect("a template"))
    }

    #[test]
    fn lengths_are_bounded() {
        for (field, max) in
            [("Name", MAX_NAME), ("Author", MAX_AUTHOR), ("Description", MAX_DESCRIPTION)]
        {
            assert!(with(field, json!("a".repeat(max))).is_ok(), "{field}");
            assert!(with(field, json!("a".repeat(max + 1))).is_err(), "{field}");
            assert!(with(field, json!("")).is_err(), "{field}");
        }
        assert!(with("Labels", json!(vec!["l"; MAX_LABELS])).is_ok());
        assert!(with("Labels", json!(vec!["l"; MAX_LABELS + 1])).is_err());
        assert!(with("Labels", json!(["l".repeat(MAX_LABEL)])).is_ok());
        assert!(with("Labels", json!(["l".repeat(MAX_LABEL + 1)])).is_err());
    }

    #[test]
    fn forms_are_those_of_the_api() {
        for (field, good, wrong) in [
            ("Name", "Mcp-1", "mcp lambda"),
            ("Author", "mark-van", "Mark van"),
            ("Author", "a1", "a--b"),
            ("Author", "a", "-a"),
        ] {
            assert!(with(field, json!(good)).is_ok(), "{good}");
            assert!(with(field, json!(wrong)).is_err(), "{wrong}");
        }
        assert!(with("Labels", json!(["a b"])).is_err());
        assert!(with("Labels", json!("mcp")).is_err());
        assert!(with("LicenseUrl", Json::Null).is_err());
    }

    #[test]
    fn versions_are_semantic() {
        for good in ["0.0.0", "1.2.3", "1.0.0-rc.1", "1.0.0+001", "1.0.0-a-b+c.d"] {
            assert!(is_version(good), "{good}");
        }
        for wrong in
            ["1.0", "1.0.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "v1.0.0", "1.0.0+", "", "1..0"]
        {
            assert!(!is_version(wrong), "{wrong}");
        }
    }
}
