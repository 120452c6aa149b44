//! The policies of those who use the stack: agents, administrators, and who deploys it.
//!
//! AWS asks callers of a Function URL for two rights since October 2025: one for the URL, and one
//! for the function. The second holds through the URL alone, so that nobody who may call the URL
//! can hand the function an event of his own.

mod deployer;

pub use self::deployer::deployer;
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

/// Where a stack is, for policies that are written before it is there. What is not known is `*`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// Such as `aws`.
    pub partition: String,
    /// Such as `eu-west-1`.
    pub region: String,
    /// 12 digits.
    pub account: String,
    /// The stack's identifier.
    pub identifier: String,
    /// The stack's name.
    pub stack: String,
}

impl Place {
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
}
