//! The bucket that packages lie in.
//!
//! Every request says whose bucket it must be, so that somebody who took its name first neither
//! reads what is uploaded nor chooses what is deployed.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, PublicAccessBlockConfiguration,
};
use serde_json::{Value as Json, json};

use super::{Account, Caller, Event, Fault, Progress, Refusal as _};

/// The name of a bucket.
///
/// Invariants: 3 to 63 lowercase letters, digits and hyphens, at the ends no hyphen. S3 knows dots
/// too; with them certificates do not fit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BucketName(String);

/// The shortest name.
pub const MIN_BUCKET_NAME: usize = 3;
/// The longest name.
pub const MAX_BUCKET_NAME: usize = 63;

impl BucketName {
    /// Where packages go if nothing else is said: one bucket for each account and region.
    pub fn of(caller: &Caller, region: &str) -> Self {
        Self(format!("mcp-lambda-{}-{region}", caller.account))
    }

    /// As S3 knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BucketName {
    type Err = InvalidBucketName;

    fn from_str(text: &str) -> Result<Self, InvalidBucketName> {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (MIN_BUCKET_NAME..=MAX_BUCKET_NAME).contains(&text.len())
            && text.bytes().all(known)
            && !text.starts_with('-')
            && !text.ends_with('-');
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidBucketName(text.to_owned())) }
    }
}

/// It cannot be a bucket's name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is not a bucket's name: 3 to 63 lowercase letters, digits and hyphens")]
pub struct InvalidBucketName(String);

/// Why there is no bucket to put packages into.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BucketError {
    /// AWS.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Somebody else's.
    #[error(
        "the bucket {0} belongs to another account or is closed to you; choose another name with \
         --bucket"
    )]
    NotOurs(BucketName),
    /// It does not exist, and nothing may be made now.
    #[error("there is no bucket {0}; package or deploy makes it")]
    Absent(BucketName),
}

/// A bucket of the caller's account.
#[derive(Clone, Debug)]
pub struct Bucket {
    name: BucketName,
    owner: String,
}

impl Bucket {
    /// Finds the bucket, or makes it: closed to the public and to unencrypted connections.
    pub async fn ensure(
        account: &Account,
        caller: &Caller,
        name: BucketName,
        progress: &dyn Progress,
    ) -> Result<Self, BucketError> {
        match Self::find(account, caller, name).await {
            Err(BucketError::Absent(name)) => {
                let bucket = Self { name, owner: caller.account.clone() };
                bucket.make(account, caller).await?;
                progress.tell(Event::BucketMade(&bucket.name));
                Ok(bucket)
            }
            found => found,
        }
    }

    /// Finds the bucket.
    pub async fn find(
        account: &Account,
        caller: &Caller,
        name: BucketName,
    ) -> Result<Self, BucketError> {
        let owner = caller.account.clone();
        let head = account.s3.head_bucket().bucket(name.as_str()).expected_bucket_owner(&owner);
        match head.send().await.refused("S3", "to look at the bucket") {
            Ok(_) => Ok(Self { name, owner }),
            Err(fault) if fault.is_absent() => Err(BucketError::Absent(name)),
            Err(fault) if matches!(fault.code(), Some("403" | "AccessDenied" | "Forbidden")) => {
                Err(BucketError::NotOurs(name))
            }
            Err(fault) => Err(fault.into()),
        }
    }

    /// Its name.
    pub fn name(&self) -> &BucketName {
        &self.name
    }

    async fn make(&self, account: &Account, caller: &Caller) -> Result<(), BucketError> {
        // This region alone must not be named.
        let place = (account.region() != "us-east-1").then(|| {
            let region = BucketLocationConstraint::from(account.region());
            CreateBucketConfiguration::builder().location_constraint(region).build()
        });
        let name = self.name.as_str();
        let make = account.s3.create_bucket().bucket(name).set_create_bucket_configuration(place);
        match make.send().await.refused("S3", "to make a bucket for packages") {
            Ok(_) => {}
            Err(fault) if fault.code() == Some("BucketAlreadyExists") => {
                return Err(BucketError::NotOurs(self.name.clone()));
            }
            Err(fault) => return Err(fault.into()),
        }
        let closed = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .block_public_policy(true)
            .ignore_public_acls(true)
            .restrict_public_buckets(true)
            .build();
        let close =
            account.s3.put_public_access_block().bucket(name).expected_bucket_owner(&self.owner);
        close
            .public_access_block_configuration(closed)
            .send()
            .await
            .refused("S3", "to close the bucket to the public")?;
        if account.is_without_tls() {
            // The statement would refuse everybody who is there.
            return Ok(());
        }
        let refuse = secure_transport(caller.partition(), name);
        Ok(self.permit(account, refuse).await?)
    }

    /// Sees to it that the bucket's policy has a statement, beside those that it has.
    pub(crate) async fn permit(&self, account: &Account, statement: Json) -> Result<(), Fault> {
        let name = self.name.as_str();
        let get = account.s3.get_bucket_policy().bucket(name).expected_bucket_owner(&self.owner);
        let policy = match get.send().await.refused("S3", "to show the bucket's policy") {
            Ok(answer) => answer.policy.unwrap_or_default(),
            Err(fault) if fault.is_absent() => String::new(),
            Err(fault) => return Err(fault),
        };
        let Some(policy) = with_statement(&policy, statement) else { return Ok(()) };
        let put = account.s3.put_bucket_policy().bucket(name).expected_bucket_owner(&self.owner);
        put.policy(policy).send().await.refused("S3", "to change the bucket's policy")?;
        Ok(())
    }

    /// Puts an object there whose key is made of its content, unless it is there.
    pub(crate) async fn put(
        &self,
        account: &Account,
        key: &str,
        content: &[u8],
        progress: &dyn Progress,
    ) -> Result<(), Fault> {
        let name = self.name.as_str();
        let head =
            account.s3.head_object().bucket(name).key(key).expected_bucket_owner(&self.owner);
        match head.send().await.refused("S3", "to look at the package") {
            Ok(_) => {
                progress.tell(Event::AlreadyThere { key });
                return Ok(());
            }
            // Who may not list is told 403 of what is not there; whether it may upload shows next.
            Err(fault) if fault.is_absent() || fault.code() == Some("403") => {}
            Err(fault) => return Err(fault),
        }
        let bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
        progress.tell(Event::Uploading { key, bytes });
        let put = account.s3.put_object().bucket(name).key(key).expected_bucket_owner(&self.owner);
        put.body(ByteStream::from(content.to_vec())).send().await.refused("S3", "the upload")?;
        Ok(())
    }

    /// The address of an object by which CloudFormation can read it for its caller.
    pub(crate) async fn url(&self, account: &Account, key: &str) -> Result<String, Fault> {
        let presigning = PresigningConfig::expires_in(SIGNED).expect("less than a week");
        let get = account.s3.get_object().bucket(self.name.as_str()).key(key);
        let signed =
            get.presigned(presigning).await.refused("S3", "to name the template's address")?;
        // Made by the SDK, because it knows regions, partitions and endpoints; the signature is not
        // wanted.
        Ok(signed.uri().split('?').next().unwrap_or_default().to_owned())
    }

    /// The address of an object in the form of SAM templates.
    pub(crate) fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }
}

/// What all keys begin with, so that a bucket can hold other things too.
pub(crate) const PREFIX: &str = "mcp-lambda/";
/// The signature of an address that is used without it.
const SIGNED: Duration = Duration::from_secs(60);

fn secure_transport(partition: &str, bucket: &str) -> Json {
    let arn = format!("arn:{partition}:s3:::{bucket}");
    json!({
        "Sid": "McpLambdaSecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    })
}

/// A policy with one more statement, which replaces the one of the same `Sid`; nothing if the
/// policy has it as it is.
fn with_statement(policy: &str, statement: Json) -> Option<String> {
    let mut policy: Json = serde_json::from_str(policy)
        .unwrap_or_else(|_| json!({"Version": "2012-10-17", "Statement": []}));
    let mut statements = match policy["Statement"].take() {
        Json::Array(statements) => statements,
        Json::Null => Vec::new(),
        // A single statement may stand without a list.
        single @ (Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_)) => {
            vec![single]
        }
    };
    if statements.contains(&statement) {
        return None;
    }
    statements.retain(|old| old["Sid"] != statement["Sid"]);
    statements.push(statement);
    policy["Statement"] = Json::Array(statements);
    Some(policy.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded() {
        let fits = |name: &str| name.parse::<BucketName>().is_ok();
        assert!(!fits("ab") && fits("abc"));
        assert!(fits(&"a".repeat(MAX_BUCKET_NAME)) && !fits(&"a".repeat(MAX_BUCKET_NAME + 1)));
        for wrong in ["-ab", "ab-", "a.b", "a_b", "Abc", "a/b", "é-a"] {
            assert!(!fits(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_longest_region_fits() {
        let caller = Caller { account: "0".repeat(12), arn: String::new() };
        let name = BucketName::of(&caller, "ap-southeast-1-and-more");
        assert!(name.as_str().parse::<BucketName>().is_ok());
    }

    #[test]
    fn statements_are_added_once_beside_others() {
        let ours = json!({"Sid": "ours", "Effect": "Allow"});
        let first = with_statement("", ours.clone()).expect("a change");
        assert_eq!(with_statement(&first, ours.clone()), None);
        let other = r#"{"Version":"2012-10-17","Statement":{"Sid":"theirs"}}"#;
        let both = with_statement(other, ours.clone()).expect("a change");
        let both: Json = serde_json::from_str(&both).expect("JSON");
        assert_eq!(both["Statement"], json!([{"Sid": "theirs"}, ours]));
        let newer = json!({"Sid": "ours", "Effect": "Deny"});
        let replaced = with_statement(&first, newer.clone()).expect("a change");
        let replaced: Json = serde_json::from_str(&replaced).expect("JSON");
        assert_eq!(replaced["Statement"], json!([newer]));
    }
}
