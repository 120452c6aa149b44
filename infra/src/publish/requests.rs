//! The requests that publishing takes, as a value that can be shown before it is carried out.

use serde_json::{Value as Json, json};

use super::{Application, Policy, PublishError, Sharing};
use crate::account::{Account, Bucket, BucketName, Caller, Event, PREFIX, Progress, Refusal as _};
use crate::package::{APPLICATION, Template};

/// A request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Request {
    /// Lets the repository read a bucket's packages.
    PermitBucket {
        /// The bucket.
        bucket: BucketName,
        /// The statement of its policy.
        statement: Json,
    },
    /// `CreateApplication`, with its first version.
    Create {
        /// The description.
        application: Application,
        /// The template.
        template: String,
    },
    /// `UpdateApplication`.
    Update {
        /// The description.
        application: Application,
    },
    /// `CreateApplicationVersion`.
    CreateVersion {
        /// The version.
        version: String,
        /// Where its source is.
        source: Option<String>,
        /// The template.
        template: String,
    },
    /// `PutApplicationPolicy`: who may deploy.
    Share(Policy),
}

/// Everything that publishing takes.
#[derive(Clone, Debug)]
#[must_use = "nothing is published yet"]
pub struct Plan {
    caller: Caller,
    arn: String,
    name: String,
    version: String,
    requests: Vec<Request>,
}

/// What was published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Published {
    /// The application.
    pub arn: String,
    /// The version.
    pub version: String,
}

impl Plan {
    pub(super) fn new(
        caller: Caller,
        arn: String,
        application: Application,
        template: &Template,
        buckets: Vec<BucketName>,
        exists: bool,
        sharing: &Sharing,
    ) -> Self {
        let template = body(template);
        let (name, version) = (application.name.clone(), application.version.clone());
        let mut requests: Vec<Request> = buckets
            .into_iter()
            .map(|bucket| {
                let statement = statement(&caller, &bucket);
                Request::PermitBucket { bucket, statement }
            })
            .collect();
        if exists {
            let source = application.source.clone();
            requests.push(Request::Update { application });
            let version = version.clone();
            requests.push(Request::CreateVersion { version, source, template });
        } else {
            requests.push(Request::Create { application, template });
        }
        requests.extend(sharing.policy().map(Request::Share));
        Self { caller, arn, name, version, requests }
    }

    /// What will be asked, in this order.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// The application's ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The version that will be published.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Asks. What was done before something is refused stays done; asking again continues.
    pub async fn carry_out(
        self,
        account: &Account,
        progress: &dyn Progress,
    ) -> Result<Published, PublishError> {
        for request in &self.requests {
            progress.tell(Event::Publishing { step: &request.to_string() });
            self.ask(account, request).await?;
        }
        Ok(Published { arn: self.arn, version: self.version })
    }

    async fn ask(&self, account: &Account, request: &Request) -> Result<(), PublishError> {
        const REPOSITORY: &str = "the Serverless Application Repository";
        let repository = &account.repository;
        match request {
            Request::PermitBucket { bucket, statement } => {
                let bucket = Bucket::find(account, &self.caller, bucket.clone()).await?;
                bucket.permit(account, statement.clone()).await?;
            }
            Request::Create { application: of, template } => {
                repository
                    .create_application()
                    .author(&of.author)
                    .description(&of.description)
                    .set_home_page_url(of.home_page.clone())
                    .set_labels(labels(of))
                    .license_url(&of.license_url)
                    .name(&of.name)
                    .readme_url(&of.readme_url)
                    .semantic_version(&of.version)
                    .set_source_code_url(of.source.clone())
                    .spdx_license_id(&of.license)
                    .template_body(template)
                    .send()
                    .await
                    .refused(REPOSITORY, "the application")?;
            }
            Request::Update { application: of } => {
                repository
                    .update_application()
                    .application_id(&self.arn)
                    .author(&of.author)
                    .description(&of.description)
                    .set_home_page_url(of.home_page.clone())
                    .set_labels(labels(of))
                    .readme_url(&of.readme_url)
                    .send()
                    .await
                    .refused(REPOSITORY, "the application's description")?;
            }
            Request::CreateVersion { version, source, template } => {
                let create = repository.create_application_version().application_id(&self.arn);
                let create = create.semantic_version(version).template_body(template);
                let made = create.set_source_code_url(source.clone()).send().await;
                match made.refused(REPOSITORY, "the version") {
                    Ok(_) => {}
                    Err(fault) if fault.code() == Some("ConflictException") => {
                        let (name, version) = (self.name.clone(), version.clone());
                        return Err(PublishError::SameVersion { name, version });
                    }
                    Err(fault) => return Err(fault.into()),
                }
            }
            Request::Share(policy) => {
                let put = repository.put_application_policy().application_id(&self.arn);
                put.set_statements(Some(policy.statements()))
                    .send()
                    .await
                    .refused(REPOSITORY, "to share the application")?;
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PermitBucket { bucket, .. } => {
                write!(f, "let the repository read the packages in {bucket}")
            }
            Self::Create { application, .. } => {
                write!(f, "create {} with version {}", application.name, application.version)
            }
            Self::Update { application } => write!(f, "describe {} anew", application.name),
            Self::CreateVersion { version, .. } => write!(f, "add version {version}"),
            Self::Share(policy) => policy.fmt(f),
        }
    }
}

fn labels(application: &Application) -> Option<Vec<String>> {
    (!application.labels.is_empty()).then(|| application.labels.clone())
}

/// The template as it is published: without the description, which is sent beside it.
fn body(template: &Template) -> String {
    let mut template = template.clone();
    template.section_mut("Metadata").remove(APPLICATION);
    if template.section("Metadata").is_some_and(serde_json::Map::is_empty) {
        template.remove_section("Metadata");
    }
    template.to_text()
}

/// Lets the repository read packages, and for nobody else's applications.
fn statement(caller: &Caller, bucket: &BucketName) -> Json {
    json!({
        "Sid": "McpLambdaServerlessRepo",
        "Effect": "Allow",
        "Principal": {"Service": "serverlessrepo.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": format!("arn:{}:s3:::{bucket}/{PREFIX}*", caller.partition()),
        "Condition": {"StringEquals": {"aws:SourceAccount": caller.account}}
    })
}
