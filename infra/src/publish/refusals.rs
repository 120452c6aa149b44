//! What the repository would refuse, found before it is asked.

use serde_json::Value as Json;

use super::{Application, Sharing};
use crate::account::BucketName;
use crate::package::Template;

/// The types that it takes, a line each, with comments.
const TYPES: &str = include_str!("../../spec/repository-types.txt");

/// The repository does not take the template.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotPublishable {
    /// It has a list of types.
    #[error("the Serverless Application Repository does not take {kind}, which {resource} is")]
    Type {
        /// The resource.
        resource: String,
        /// Its type.
        kind: String,
    },
    /// It copies code, for which it must read where that lies.
    #[error(
        "where the code of {0} lies is not a plain address; package for one architecture: \
         --architecture arm64 or x86_64"
    )]
    Code(String),
    /// It refuses rights that are too wide.
    #[error(
        "the Serverless Application Repository refuses {right} on everything, which {resource} has"
    )]
    TooWide {
        /// The resource.
        resource: String,
        /// The right.
        right: String,
    },
    /// Who shares with everybody must show the source.
    #[error("an application for everybody needs SourceCodeUrl in its metadata")]
    NoSource,
}

/// Looks for everything that would be refused; gives the buckets that it must read.
pub(super) fn check(
    template: &Template,
    application: &Application,
    sharing: &Sharing,
) -> Result<Vec<BucketName>, NotPublishable> {
    for (id, kind, one) in template.resources() {
        if !TYPES.lines().any(|known| known == kind) {
            let (resource, kind) = (id.to_owned(), kind.to_owned());
            return Err(NotPublishable::Type { resource, kind });
        }
        if let Some(right) = too_wide(&one["Properties"]) {
            return Err(NotPublishable::TooWide { resource: id.to_owned(), right });
        }
    }
    if *sharing == Sharing::Public && application.source.is_none() {
        return Err(NotPublishable::NoSource);
    }
    let mut buckets = Vec::new();
    for (owner, code) in template.code() {
        match bucket(code) {
            Some(bucket) if !buckets.contains(&bucket) => buckets.push(bucket),
            Some(_) => {}
            None => return Err(NotPublishable::Code(owner)),
        }
    }
    for url in [&application.license_url, &application.readme_url] {
        if let Some(bucket) = bucket(&Json::from(url.as_str())).filter(|b| !buckets.contains(b)) {
            buckets.push(bucket);
        }
    }
    Ok(buckets)
}

/// The bucket of an address, in one of the two forms that code has.
fn bucket(code: &Json) -> Option<BucketName> {
    let name = match code {
        Json::String(uri) => uri.strip_prefix("s3://")?.split('/').next()?,
        Json::Object(_) => {
            let key = code.get("Key").or_else(|| code.get("S3Key"))?;
            key.is_string().then_some(())?;
            code.get("Bucket").or_else(|| code.get("S3Bucket"))?.as_str()?
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => return None,
    };
    name.parse().ok()
}

/// A right that nobody may be given on everything, somewhere in some properties.
fn too_wide(properties: &Json) -> Option<String> {
    match properties {
        Json::String(text) if text.contains(FULL_ACCESS) => Some(FULL_ACCESS.to_owned()),
        Json::Array(all) => all.iter().find_map(too_wide),
        Json::Object(members) => {
            let texts = |name: &str| -> Vec<&str> {
                match members.get(name) {
                    Some(Json::String(text)) => vec![text],
                    Some(Json::Array(all)) => all.iter().filter_map(Json::as_str).collect(),
                    _ => Vec::new(),
                }
            };
            let on_everything = texts("Resource").contains(&"*") && texts("Effect") == ["Allow"];
            let refused = texts("Action").into_iter().find(|action| TOO_WIDE.contains(action));
            match refused {
                Some(action) if on_everything => Some(action.to_owned()),
                _ => members.values().find_map(too_wide),
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    }
}

const FULL_ACCESS: &str = "AWSLambda_FullAccess";
const TOO_WIDE: [&str; 4] = ["iam:*", "iam:AttachRolePolicy", "iam:PassRole", "iam:PutRolePolicy"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::package::APPLICATION;

    fn refused(resource: Json, sharing: &Sharing) -> Result<Vec<BucketName>, NotPublishable> {
        let metadata = json!({
            "Name": "mcp-lambda", "Description": "d", "Author": "a", "SpdxLicenseId": "MIT",
            "LicenseUrl": "s3://files/l", "ReadmeUrl": "s3://files/r", "SemanticVersion": "1.0.0"
        });
        let template = json!({"Metadata": {APPLICATION: metadata}, "Resources": {"R": resource}});
        let template = Template::from_json(template).expect("a template");
        let application = Application::of(&template).expect("an application");
        check(&template, &application, sharing)
    }

    fn function(code: Json) -> Json {
        json!({"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": code}})
    }

    #[test]
    fn types_are_those_of_the_list() {
        let url = refused(json!({"Type": "AWS::Lambda::Url"}), &Sharing::Private);
        let expected =
            "the Serverless Application Repository does not take AWS::Lambda::Url, which R is";
        assert_eq!(url.expect_err("not taken").to_string(), expected);
        assert!(refused(json!({"Type": "AWS::SQS::Queue"}), &Sharing::Private).is_ok());
    }

    #[test]
    fn code_lies_at_a_plain_address() {
        let names = |found: Result<Vec<BucketName>, NotPublishable>| -> Vec<String> {
            found.expect("taken").iter().map(ToString::to_string).collect()
        };
        let plain = refused(function(json!("s3://code/k")), &Sharing::Private);
        assert_eq!(names(plain), ["code", "files"]);
        let both = refused(function(json!({"Bucket": "files", "Key": "k"})), &Sharing::Private);
        assert_eq!(names(both), ["files"]);
        for code in [
            json!({"Bucket": "files", "Key": {"Fn::If": ["A", "k", "l"]}}),
            json!({"Bucket": {"Ref": "B"}, "Key": "k"}),
            json!("https://example.com/k"),
        ] {
            let said = refused(function(code), &Sharing::Private).expect_err("not plain");
            assert_eq!(said, NotPublishable::Code("R".to_owned()));
        }
    }

    #[test]
    fn wide_rights_are_refused() {
        let policy = |action: &str, resource: &str| {
            json!({"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {
                "Statement": [{"Effect": "Allow", "Action": [action], "Resource": resource}]
            }}})
        };
        assert!(refused(policy("iam:PassRole", "*"), &Sharing::Private).is_err());
        assert!(
            refused(policy("iam:PassRole", "arn:aws:iam::1:role/r"), &Sharing::Private).is_ok()
        );
        assert!(refused(policy("sqs:ListQueues", "*"), &Sharing::Private).is_ok());
        let full = json!({"Type": "AWS::IAM::Role", "Properties": {
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AWSLambda_FullAccess"]
        }});
        assert!(refused(full, &Sharing::Private).is_err());
    }

    #[test]
    fn everybody_may_see_the_source() {
        let queue = || json!({"Type": "AWS::SQS::Queue"});
        assert_eq!(refused(queue(), &Sharing::Public), Err(NotPublishable::NoSource));
    }
}
