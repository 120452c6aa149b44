//! Rights to call functions, as statements in the functions' resource policies.
//!
//! What is granted is `lambda:InvokeFunction`, to the role that the gateway runs with, on the
//! function and the version or alias that is registered. Another account's functions are left to
//! their owners: that somebody may administer the gateway gives no right on them.

mod identity;
mod policy;
mod role;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::{Builder, Region};
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_types::SdkConfig;

use crate::aws::fault;
use crate::port::permissions::{PermissionError, Permissions, StatementId};
use crate::registration::arn::FunctionArn;
pub use identity::IdentityPolicy;
use policy::{ACTION, Policy};
pub use role::{InvalidRoleArn, MAX_ROLE_ARN_BYTES, RoleArn};

/// Grants the gateway's role the right to call the functions of its account.
pub struct LambdaPermissions {
    shared: SdkConfig,
    role: RoleArn,
    clients: Mutex<BTreeMap<String, Client>>,
}

impl LambdaPermissions {
    /// With the credentials, HTTP client and endpoint of a configuration; the role is that of the
    /// function that calls, not of the one that grants.
    pub fn new(shared: SdkConfig, role: RoleArn) -> Self {
        Self { shared, role, clients: Mutex::default() }
    }

    /// Where the policy of a function of the own account is.
    fn place(&self, function: &FunctionArn) -> Result<Place, PermissionError> {
        let parts: Vec<&str> = function.as_str().splitn(8, ':').collect();
        let [_, partition, _, region, account, ..] = parts.as_slice() else {
            unreachable!("an ARN of a function has seven parts or eight");
        };
        if (*partition, *account) != self.role.owner() {
            return Err(PermissionError::External(function.to_string()));
        }
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let client = clients.entry((*region).to_owned());
        let client = client.or_insert_with(|| connect(&self.shared, region)).clone();
        // `$LATEST` has no policy of its own.
        let qualifier = function.qualifier().filter(|qualifier| !qualifier.starts_with('$'));
        Ok(Place {
            client,
            function: parts[..7].join(":"),
            resource: parts[..7].iter().copied().chain(qualifier).collect::<Vec<_>>().join(":"),
            qualifier: qualifier.map(str::to_owned),
            arn: function.to_string(),
        })
    }
}

fn connect(shared: &SdkConfig, region: &str) -> Client {
    let retries = RetryConfig::standard()
        .with_max_attempts(MAX_ATTEMPTS)
        .with_initial_backoff(FIRST_BACKOFF)
        .with_max_backoff(LONGEST_BACKOFF);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    let config = Builder::from(shared)
        .region(Region::new(region.to_owned()))
        .retry_config(retries)
        .timeout_config(timeouts);
    Client::from_conf(config.build())
}

/// The resource policy of one function, version or alias.
struct Place {
    client: Client,
    function: String,
    qualifier: Option<String>,
    /// Both, as they stand in statements.
    resource: String,
    /// For errors.
    arn: String,
}

/// What Lambda refused with.
enum Refusal {
    /// A statement of this id is there.
    Conflict,
    /// Neither the function, nor a policy or statement, is there; which one is not told.
    Missing,
    /// Somebody else has changed the policy at the same time.
    Again,
    Other(PermissionError),
}

impl Place {
    fn understand<E>(&self, error: &SdkError<E>) -> Refusal
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
        let name = self.arn.clone();
        match code {
            Some("ResourceConflictException") => Refusal::Conflict,
            Some("ResourceNotFoundException") => Refusal::Missing,
            Some("PreconditionFailedException") => Refusal::Again,
            Some("AccessDeniedException") => Refusal::Other(PermissionError::Denied(name)),
            Some("PolicyLengthExceededException") => {
                Refusal::Other(PermissionError::PolicyFull(name))
            }
            _ => Refusal::Other(unavailable(&fault::tell("Lambda", error))),
        }
    }

    async fn add(&self, role: &RoleArn, statement: &StatementId) -> Result<(), Refusal> {
        let request = self
            .client
            .add_permission()
            .function_name(&self.function)
            .set_qualifier(self.qualifier.clone())
            .statement_id(statement.as_str())
            .action(ACTION)
            .principal(role.as_str());
        request.send().await.map(|_| ()).map_err(|error| self.understand(&error))
    }

    async fn remove(&self, statement: &StatementId) -> Result<(), Refusal> {
        let request = self
            .client
            .remove_permission()
            .function_name(&self.function)
            .set_qualifier(self.qualifier.clone())
            .statement_id(statement.as_str());
        request.send().await.map(|_| ()).map_err(|error| self.understand(&error))
    }

    /// The policy; where there is none, as where there is no function, an empty one.
    async fn policy(&self) -> Result<Policy, PermissionError> {
        let request = self
            .client
            .get_policy()
            .function_name(&self.function)
            .set_qualifier(self.qualifier.clone());
        let text = match request.send().await {
            Ok(output) => output.policy,
            Err(error) => match self.understand(&error) {
                Refusal::Missing => None,
                Refusal::Other(error) => return Err(error),
                Refusal::Conflict | Refusal::Again => {
                    return Err(unavailable("Lambda refuses to tell a policy"));
                }
            },
        };
        let Some(text) = text else { return Ok(Policy::default()) };
        Policy::read(&text).ok_or_else(|| unavailable("Lambda tells a policy that is none"))
    }

    async fn grant(&self, role: &RoleArn, statement: &StatementId) -> Result<(), PermissionError> {
        let mut pause = FIRST_BACKOFF;
        for _ in 0..MAX_TRIES {
            match self.add(role, statement).await {
                Ok(()) => return Ok(()),
                Err(Refusal::Missing) => return Err(PermissionError::NotFound(self.arn.clone())),
                Err(Refusal::Other(error)) => return Err(error),
                Err(Refusal::Again) => {}
                Err(Refusal::Conflict) => {
                    match self.policy().await?.statement(statement) {
                        Some(there) if there.permits(role, &self.resource) => return Ok(()),
                        // Somebody else's, or that of a role that is no more.
                        Some(_) => self.revoke(statement).await?,
                        // It went meanwhile.
                        None => {}
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(unavailable(BUSY))
    }

    async fn revoke(&self, statement: &StatementId) -> Result<(), PermissionError> {
        let mut pause = FIRST_BACKOFF;
        for _ in 0..MAX_TRIES {
            match self.remove(statement).await {
                Ok(()) | Err(Refusal::Missing) => return Ok(()),
                Err(Refusal::Other(error)) => return Err(error),
                Err(Refusal::Again | Refusal::Conflict) => {}
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(unavailable(BUSY))
    }
}

const BUSY: &str = "others change the function's policy all the time";

fn unavailable(text: &str) -> PermissionError {
    PermissionError::Unavailable(text.to_owned())
}

/// One deadline for all requests that a call of the port needs.
async fn within<T>(
    work: impl Future<Output = Result<T, PermissionError>> + Send,
) -> Result<T, PermissionError> {
    match tokio::time::timeout(DEADLINE, Box::pin(work)).await {
        Ok(done) => done,
        Err(_) => Err(unavailable("Lambda took too long")),
    }
}

#[async_trait]
impl Permissions for LambdaPermissions {
    async fn grant(
        &self,
        function: &FunctionArn,
        statement: &StatementId,
    ) -> Result<(), PermissionError> {
        let place = self.place(function)?;
        within(place.grant(&self.role, statement)).await
    }

    async fn revoke(
        &self,
        function: &FunctionArn,
        statement: &StatementId,
    ) -> Result<(), PermissionError> {
        let place = self.place(function)?;
        within(place.revoke(statement)).await
    }

    async fn granted(
        &self,
        function: &FunctionArn,
        statements: &[StatementId],
    ) -> Result<Vec<bool>, PermissionError> {
        let place = self.place(function)?;
        let policy = within(place.policy()).await?;
        let is_granted = |id: &StatementId| {
            policy.statement(id).is_some_and(|there| there.permits(&self.role, &place.resource))
        };
        Ok(statements.iter().map(is_granted).collect())
    }

    async fn room(
        &self,
        function: &FunctionArn,
        statements: &[StatementId],
    ) -> Result<(), PermissionError> {
        let place = self.place(function)?;
        let policy = within(place.policy()).await?;
        if policy.has_room(function, &self.role, statements) {
            return Ok(());
        }
        Err(PermissionError::PolicyFull(place.arn))
    }

    fn principal(&self) -> Option<&str> {
        Some(self.role.as_str())
    }
}

/// Attempts of one request; the SDK repeats throttled ones, failed ones and those without answer.
/// All requests that change policies share a few a second in each account and region.
const MAX_ATTEMPTS: u32 = 5;
/// The longest wait before the second attempt of a request; and before the second try of a call.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// The longest wait before any further attempt.
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);
/// How often one call tries where others change the same policy.
const MAX_TRIES: u32 = 6;
/// How long a connection may take: some round trips to another continent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);
/// How long a call of the port may take, with all that it repeats.
const DEADLINE: Duration = Duration::from_secs(20);
