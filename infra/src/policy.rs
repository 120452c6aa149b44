//! The policies of those who use the stack: agents, administrators, and who deploys it.
//!
//! AWS asks callers of a Function URL for two rights since October 2025: one for the URL, and one
//! for the function. The second holds through the URL alone, so that nobody who may call the URL
//! can hand the function an event of his own.

mod deployer;

pub use self::deployer::deployer;
use mcp_lambda_runtime::deployment::MAX_STACK_CHARACTERS;

use crate::aws::apigateway;
use crate::core::{ConditionOperator, Handle, IntoValue, PolicyDocument, Statement, Value};
use crate::sub;

/// Who may call a function through its Function URL.
pub fn caller<F: IntoValue<String> + Clone>(function: F) -> PolicyDocument {
    PolicyDocument::new([
        Statement::allow(["lambda:InvokeFunctionUrl"]).sid("CallTheUrl").on(function.clone()).when(
            ConditionOperator::StringEquals,
            "lambda:FunctionUrlAuthType",
            "AWS_IAM",
        ),
        Statement::allow(["lambda:InvokeFunction"])
            .sid("CallTheFunctionThroughTheUrl")
            .on(function)
            .when(ConditionOperator::Bool, "lambda:InvokedViaFunctionUrl", "true"),
    ])
}

/// Who may call an API through a stage.
pub(crate) fn api_caller(
    api: &Handle<apigateway::RestApi>,
    stage: &Value<String>,
) -> PolicyDocument {
    let all = sub!(
        "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${api}/${stage}/*",
        api = api.reference(),
        stage = stage,
    );
    PolicyDocument::new([Statement::allow(["execute-api:Invoke"]).sid("CallTheApi").on(all)])
}

/// Where a stack is, for policies that are written before it is there.
///
/// Invariants: nothing in it can end a part of an ARN; what is not known is `*`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    partition: String,
    region: String,
    account: String,
    identifier: String,
    stack: String,
}

/// Parts of a Region's name at least, such as those of `eu-west-1`.
const MIN_REGION_PARTS: usize = 3;
/// What is not known.
const ANY: &str = "*";
/// Digits of an account's id.
const ACCOUNT_DIGITS: usize = 12;
/// Characters of a stack's name.
const MAX_STACK_NAME: usize = 128;

/// What a place has is not what AWS calls one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidPlace {
    /// The Region.
    #[error("{0:?} is no Region, such as eu-west-1")]
    Region(String),
    /// The account.
    #[error("{0:?} is no account: it has {ACCOUNT_DIGITS} digits")]
    Account(String),
    /// The stack's identifier.
    #[error(
        "{0:?} is no identifier of a stack: 1 to {MAX_STACK_CHARACTERS} letters, digits and \
         hyphens, the first no hyphen"
    )]
    Identifier(String),
    /// The stack's name.
    #[error(
        "{0:?} is no name of a stack: 1 to {MAX_STACK_NAME} letters, digits and hyphens, the \
         first a letter"
    )]
    Stack(String),
}

impl Place {
    /// A place by the stack's name and its identifier; Region and account if they are known.
    pub fn parse(
        stack: &str,
        identifier: &str,
        region: Option<&str>,
        account: Option<&str>,
    ) -> Result<Self, InvalidPlace> {
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let fits = |text: &str, most: usize| plain(text) && (1..=most).contains(&text.len());
        let begins = |text: &str, with: fn(&u8) -> bool| text.as_bytes().first().is_some_and(with);
        if !fits(stack, MAX_STACK_NAME) || !begins(stack, u8::is_ascii_alphabetic) {
            return Err(InvalidPlace::Stack(stack.to_owned()));
        }
        if !fits(identifier, MAX_STACK_CHARACTERS) || !begins(identifier, u8::is_ascii_alphanumeric)
        {
            return Err(InvalidPlace::Identifier(identifier.to_owned()));
        }
        let region = region.unwrap_or(ANY);
        let good = |part: &str| !part.is_empty() && plain(part);
        if region != ANY
            && (region.split('-').count() < MIN_REGION_PARTS || !region.split('-').all(good))
        {
            return Err(InvalidPlace::Region(region.to_owned()));
        }
        let account = account.unwrap_or(ANY);
        let digits = account.len() == ACCOUNT_DIGITS && account.bytes().all(|b| b.is_ascii_digit());
        if account != ANY && !digits {
            return Err(InvalidPlace::Account(account.to_owned()));
        }
        Ok(Self {
            partition: partition(region).to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            identifier: identifier.to_owned(),
            stack: stack.to_owned(),
        })
    }

    /// What agents need to call the gateway.
    pub fn client(&self) -> PolicyDocument {
        caller(self.function("mcp"))
    }

    /// What administrators need to register functions.
    pub fn administrator(&self) -> PolicyDocument {
        caller(self.function("mcp-registration"))
    }

    fn function(&self, suffix: &str) -> String {
        self.arn("lambda", &format!("function:{}-{suffix}", self.identifier))
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        let Self { partition, region, account, .. } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// Of a service whose resources belong to no Region.
    fn global(&self, service: &str, resource: &str) -> String {
        let Self { partition, account, .. } = self;
        format!("arn:{partition}:{service}::{account}:{resource}")
    }
}

/// The partition that a Region is in.
fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some(ANY) => ANY,
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        Some(_) | None => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let of = |region, account| Place::parse("gateway", "default", region, account);
        let place = of(Some("us-gov-west-1"), Some("123456789012")).expect("a place");
        let function = "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:default-mcp";
        assert_eq!(place.function("mcp"), function);
        let place = of(None, None).expect("a place");
        assert_eq!(place.function("mcp"), "arn:*:lambda:*:*:function:default-mcp");
        assert_eq!(of(Some("cn-north-1"), None).expect("a place").partition, "aws-cn");
        for region in ["", "eu", "eu-west", "eu--1", "eu-west-1:"] {
            assert_eq!(of(Some(region), None), Err(InvalidPlace::Region(region.to_owned())));
        }
        for account in ["", "12345678901", "1234567890123", "12345678901a"] {
            assert_eq!(of(None, Some(account)), Err(InvalidPlace::Account(account.to_owned())));
        }
    }

    #[test]
    fn names_are_bounded() {
        let of = |stack: &str, identifier: &str| Place::parse(stack, identifier, None, None);
        let (stack, identifier) = ("s".repeat(MAX_STACK_NAME), "i".repeat(MAX_STACK_CHARACTERS));
        assert!(of(&stack, &identifier).is_ok());
        for stack in ["", "1st", "-a", "a:b", &format!("{stack}s")] {
            assert_eq!(of(stack, "a"), Err(InvalidPlace::Stack(stack.to_owned())));
        }
        for identifier in ["", "-a", "a:b", "*", &format!("{identifier}i")] {
            assert_eq!(of("a", identifier), Err(InvalidPlace::Identifier(identifier.to_owned())));
        }
    }
}
