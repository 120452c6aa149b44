//! The words that templates are written with.
//!
//! `use mcp_lambda_infra::core::*` together with the modules of [`aws`](crate::aws) is all that a
//! stack needs.
//!
//! # What does not compile
//!
//! Each pair differs in one place only. A role's ARN is wanted, and a queue's is another kind:
//!
//! ```
//! use mcp_lambda_infra::{aws::{iam, lambda, sqs}, core::*};
//! # fn write(template: &mut Template, role: &Handle<iam::Role>, queue: &Handle<sqs::Queue>) {
//! lambda::Function::new(lambda::function::Code::new(), role.arn());
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! use mcp_lambda_infra::{aws::{iam, lambda, sqs}, core::*};
//! # fn write(template: &mut Template, role: &Handle<iam::Role>, queue: &Handle<sqs::Queue>) {
//! lambda::Function::new(lambda::function::Code::new(), queue.arn());
//! # }
//! ```
//!
//! One of several kinds is wanted, here of what may be told of failures:
//!
//! ```
//! use mcp_lambda_infra::{aws::{iam, lambda::event_invoke_config, sns}, core::*};
//! # fn write(topic: &Handle<sns::Topic>, role: &Handle<iam::Role>) {
//! event_invoke_config::OnFailure::new(topic.topic_arn());
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! use mcp_lambda_infra::{aws::{iam, lambda::event_invoke_config, sns}, core::*};
//! # fn write(topic: &Handle<sns::Topic>, role: &Handle<iam::Role>) {
//! event_invoke_config::OnFailure::new(role.arn());
//! # }
//! ```
//!
//! What is required is an argument:
//!
//! ```
//! use mcp_lambda_infra::{aws::lambda::{Url, url::AuthType}, core::*};
//! Url::new(AuthType::AwsIam, "arn:aws:lambda:eu-west-1:123456789012:function:f");
//! ```
//!
//! ```compile_fail,E0061
//! use mcp_lambda_infra::{aws::lambda::{Url, url::AuthType}, core::*};
//! Url::new(AuthType::AwsIam);
//! ```
//!
//! Words are variants, and text is none:
//!
//! ```compile_fail,E0599
//! use mcp_lambda_infra::{aws::lambda::{Url, url::AuthType}, core::*};
//! Url::new(AuthType::AwsIan, "arn:aws:lambda:eu-west-1:123456789012:function:f");
//! ```
//!
//! ```compile_fail,E0277
//! use mcp_lambda_infra::{aws::lambda::{Url, url::AuthType}, core::*};
//! Url::new("AWS_IAM", "arn:aws:lambda:eu-west-1:123456789012:function:f");
//! ```
//!
//! A property has a type, through conditions too:
//!
//! ```
//! use mcp_lambda_infra::{aws::sqs, core::*};
//! # fn write(on: &Condition) {
//! sqs::Queue::new().delay_seconds(on.choose(5, 0));
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! use mcp_lambda_infra::{aws::sqs, core::*};
//! # fn write(on: &Condition) {
//! sqs::Queue::new().delay_seconds(on.choose(5, "none"));
//! # }
//! ```
//!
//! A text's placeholders all have a value, and its values all have a placeholder:
//!
//! ```
//! use mcp_lambda_infra::core::*;
//! sub!("${AWS::Region}-${name}", name = "x");
//! ```
//!
//! ```compile_fail,E0080
//! use mcp_lambda_infra::core::*;
//! sub!("${AWS::Region}-${nane}", name = "x");
//! ```
//!
//! ```compile_fail,E0080
//! use mcp_lambda_infra::core::*;
//! sub!("${AWS::Region}", name = "x");
//! ```

pub mod policy;
pub mod serverless;
mod tag;

pub use self::policy::{ConditionOperator, PolicyDocument, Principal, Statement};
pub use self::tag::Tag;
pub use crate::template::{
    Absent, Condition, Declaration, DeletionPolicy, Handle, If, InvalidTemplate, Mapping, Output,
    Parameter, Predicate, Resource, Rule, Table, Template, UpdateReplacePolicy,
};
pub use crate::value::node::{Members, Node};
pub use crate::value::object::Object;
pub use crate::value::{
    IntoValue, Json, Kind, Map, Textual, ToNode, Value, Word, pseudo, substitute,
};
pub use crate::{object, sub};
