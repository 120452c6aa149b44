//! Rights to call functions: before an emulated AWS, where the contract holds, and before scripted
//! answers.

mod emulated;
mod probe;
mod scripted;

use mcp_lambda_runtime::aws::permissions::RoleArn;
use mcp_lambda_runtime::port::permissions::StatementId;
use mcp_lambda_runtime::registration::RegistrationId;

fn role() -> RoleArn {
    RoleArn::parse("arn:aws:iam::000000000000:role/gateway").expect("a role")
}

fn statement(id: &str) -> StatementId {
    StatementId::of(&RegistrationId::parse(id).expect("an id"))
}
