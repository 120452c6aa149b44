//! An account in an emulated AWS, and what was said while something was done in it.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use mcp_lambda_infra::account::{Account, Bucket, BucketName, Event, Progress};
use mcp_lambda_infra::deploy::{DeployError, Deployed, Order, deploy};
use mcp_lambda_infra::package::{Architecture, Artifact, Packaged, Template, package};
use mcp_lambda_test_support::command::succeed;
use mcp_lambda_test_support::ministack::{Key, Ministack, REGION};
use serde_json::{Value as Json, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// An account.
pub(crate) struct World {
    pub(crate) ministack: Ministack,
    pub(crate) account: Account,
}

impl World {
    /// A new one. Nothing if the foreign part of the tests is left out.
    pub(crate) fn open() -> Option<Self> {
        let ministack = Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), true)?;
        let account = Account::new(config(&ministack, &Key::root()));
        Some(Self { ministack, account })
    }

    /// The account as somebody sees it.
    pub(crate) fn seen_by(&self, key: &Key) -> Account {
        Account::new(config(&self.ministack, key))
    }

    /// The bucket that packages go to, made if it is not there.
    pub(crate) async fn bucket(&self, heard: &Heard) -> Bucket {
        let caller = self.account.caller().await.expect("root may ask");
        let name = BucketName::of(&caller, REGION);
        Bucket::ensure(&self.account, &caller, name, heard).await.expect("a bucket")
    }

    /// Packages a template with a program that says this.
    pub(crate) async fn package(&self, template: Json, says: &str, heard: &Heard) -> Packaged {
        let bucket = self.bucket(heard).await;
        let template = Template::from_json(template).expect("a template");
        let artifacts = [artifact(says)];
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        package(&self.account, template, &artifacts, folder, &bucket, heard)
            .await
            .expect("a package")
    }

    /// Deploys whatever would change.
    pub(crate) async fn deploy(
        &self,
        order: &Order,
        heard: &Heard,
    ) -> Result<Deployed, DeployError> {
        let bucket = self.bucket(&Heard::default()).await;
        deploy(&self.account, order, &bucket, |_| true, heard).await
    }

    /// What a function answers somebody who signs.
    pub(crate) fn invoke(&self, function: &str) -> Json {
        let path = format!("2015-03-31/functions/{function}/invocations");
        let mut curl = self.ministack.emulator().program("awscurl");
        let key = Key::root();
        curl.args(["--service", "lambda", "--region", REGION, "-X", "POST", "-d", "{}"])
            .args(["--access_key", &key.id, "--secret_key", &key.secret])
            .arg(format!("{}/{path}", self.ministack.endpoint()));
        let said = succeed(&mut curl, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
        serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said}"))
    }

    /// What Lambda says of a function.
    pub(crate) fn function(&self, name: &str) -> Json {
        let mut curl = self.ministack.emulator().program("awscurl");
        let key = Key::root();
        curl.args(["--service", "lambda", "--region", REGION])
            .args(["--access_key", &key.id, "--secret_key", &key.secret])
            .arg(format!("{}/2015-03-31/functions/{name}", self.ministack.endpoint()));
        let said = succeed(&mut curl, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
        serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said}"))
    }

    /// The policy of a bucket.
    pub(crate) fn bucket_policy(&self, bucket: &str) -> Json {
        let mut curl = self.ministack.emulator().program("awscurl");
        let key = Key::root();
        curl.args(["--service", "s3", "--region", REGION, "-X", "GET"])
            .args(["--access_key", &key.id, "--secret_key", &key.secret])
            .arg(format!("{}/{bucket}?policy", self.ministack.endpoint()));
        let said = succeed(&mut curl, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
        serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said}"))
    }

    /// Makes a queue as functions do for a session.
    pub(crate) fn make_queue(&self, name: &str) {
        let form = "Action=CreateQueue&Attribute.1.Name=FifoQueue&Attribute.1.Value=true";
        let said = self.ministack.request(&Key::root(), "sqs", &format!("{form}&QueueName={name}"));
        assert!(said.contains(name), "{said}");
    }

    /// The names of all queues.
    pub(crate) fn queues(&self) -> String {
        self.ministack.request(&Key::root(), "sqs", "Action=ListQueues")
    }

    /// Whether there is a table.
    pub(crate) fn has_table(&self, name: &str) -> bool {
        let mut curl = self.ministack.emulator().program("awscurl");
        let key = Key::root();
        curl.args(["--service", "dynamodb", "--region", REGION, "-X", "POST", "-d", "{}"])
            .args(["-H", "x-amz-target: DynamoDB_20120810.ListTables"])
            .args(["-H", "content-type: application/x-amz-json-1.0"])
            .args(["--access_key", &key.id, "--secret_key", &key.secret])
            .arg(format!("{}/", self.ministack.endpoint()));
        let said = succeed(&mut curl, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
        let said: Json = serde_json::from_str(&said.stdout).expect("JSON");
        said["TableNames"].as_array().expect("names").contains(&json!(name))
    }
}

/// A configuration by which somebody signs.
pub(crate) fn config(ministack: &Ministack, key: &Key) -> SdkConfig {
    let credentials = Credentials::new(&key.id, &key.secret, None, None, "test");
    let client = aws_smithy_http_client::Builder::new();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(client.build_http())
        .endpoint_url(ministack.endpoint())
        .build()
}

/// A program that answers every event with this.
pub(crate) fn artifact(says: &str) -> Artifact {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bootstrap");
    std::fs::write(&path, program(says)).expect("written");
    Artifact::read(&path, Architecture::Arm64).expect("a script")
}

/// A function in Python that speaks the Runtime API.
pub(crate) fn program(says: &str) -> String {
    format!(
        "#!/usr/bin/env python3\n\
         import json, os, urllib.request as http\n\
         api = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/2018-06-01/runtime/invocation/'\n\
         while True:\n    \
             event = http.urlopen(api + 'next')\n    \
             event.read()\n    \
             id = event.headers['Lambda-Runtime-Aws-Request-Id']\n    \
             http.urlopen(api + id + '/response', json.dumps({says:?}).encode())\n"
    )
}

/// Everything that was said, a line for each event.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<Vec<String>>);

impl Heard {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn has(&self, wanted: &str) -> bool {
        self.lines().iter().any(|line| line.contains(wanted))
    }
}

impl Progress for Heard {
    fn tell(&self, event: Event<'_>) {
        let line = match event {
            Event::Resource(one) => format!("{} {} {}", one.status, one.kind, one.id),
            Event::BucketMade(name) => format!("bucket {name}"),
            Event::Uploading { key, .. } => format!("uploading {key}"),
            Event::AlreadyThere { key } => format!("there {key}"),
            Event::RemovingFailed { stack } => format!("removing failed {stack}"),
            Event::Comparing { stack } => format!("comparing {stack}"),
            Event::MailboxesDeleted { count } => format!("deleted {count} mailboxes"),
            Event::DataDeleted { name } => format!("deleted {name}"),
            Event::Publishing { step } => format!("publishing {step}"),
            other => format!("{other:?}"),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}
