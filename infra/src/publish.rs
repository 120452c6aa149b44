//! Publishing in the AWS Serverless Application Repository.
//!
//! [`plan`] finds out what is to be asked and refuses what the repository would refuse with less
//! help; [`Plan::carry_out`] asks it. What is published is private to the account until somebody
//! says otherwise.

mod application;
mod refusals;
mod requests;
mod sharing;

pub use self::application::{
    Application, InvalidApplication, MAX_AUTHOR, MAX_DESCRIPTION, MAX_LABEL, MAX_LABELS, MAX_NAME,
};
pub use self::refusals::NotPublishable;
pub use self::requests::{Plan, Published, Request};
pub use self::sharing::{
    ACCOUNT_DIGITS, AccountId, Audience, InvalidAudience, MAX_ORGANIZATION, MAX_POLICY,
    MIN_ORGANIZATION, OrganizationId, Policy, Sharing,
};
use crate::account::{Account, BucketError, Fault, Refusal as _};
use crate::package::{InvalidTemplate, NotPackaged, Packaged};

/// Why nothing was published.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PublishError {
    /// The description of the application.
    #[error(transparent)]
    Application(#[from] InvalidApplication),
    /// The template.
    #[error(transparent)]
    Template(#[from] InvalidTemplate),
    /// Something is not uploaded.
    #[error(transparent)]
    NotPackaged(#[from] NotPackaged),
    /// The repository does not take it.
    #[error(transparent)]
    Refused(#[from] NotPublishable),
    /// The bucket.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// AWS.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// This version is there; versions never change.
    #[error("version {version} of {name} is published already; publish under a higher version")]
    SameVersion {
        /// The application.
        name: String,
        /// The version.
        version: String,
    },
    /// The licence is said once, for ever.
    #[error(
        "{name} is published under {published}, and the repository does not let a licence change; \
         publish under another name"
    )]
    OtherLicense {
        /// The application.
        name: String,
        /// Its licence.
        published: String,
    },
}

/// Finds out what publishing takes. Reads what is published under the same name and changes
/// nothing.
pub async fn plan(
    account: &Account,
    packaged: &Packaged,
    sharing: &Sharing,
) -> Result<Plan, PublishError> {
    let application = Application::of(packaged.template())?;
    let buckets = refusals::check(packaged.template(), &application, sharing)?;
    let caller = account.caller().await?;
    let arn = format!(
        "arn:{}:serverlessrepo:{}:{}:applications/{}",
        caller.partition(),
        account.region(),
        caller.account,
        application.name
    );
    let get = account.repository.get_application().application_id(&arn).send().await;
    let exists = match get.refused("the Serverless Application Repository", "for the application") {
        Ok(found) => {
            let published = found.spdx_license_id.unwrap_or_default();
            if !published.is_empty() && published != application.license {
                return Err(PublishError::OtherLicense { name: application.name, published });
            }
            true
        }
        Err(fault) if fault.code() == Some("NotFoundException") => false,
        Err(fault) => return Err(fault.into()),
    };
    if exists {
        let get = account.repository.get_application().application_id(&arn);
        let get = get.semantic_version(&application.version).send().await;
        match get.refused("the Serverless Application Repository", "for the version") {
            Ok(_) => {
                let (name, version) = (application.name, application.version);
                return Err(PublishError::SameVersion { name, version });
            }
            Err(fault) if fault.code() == Some("NotFoundException") => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(Plan::new(caller, arn, application, packaged.template(), buckets, exists, sharing))
}
