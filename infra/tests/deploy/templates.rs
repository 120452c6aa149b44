//! Templates of tests: a function with a role of its own, and a table whose data is kept.

use mcp_lambda_infra::deploy::Order;
use mcp_lambda_infra::package::Packaged;
use serde_json::{Value as Json, json};

/// A template in the form of the gateway's.
pub(crate) fn small() -> Json {
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {
            "StackIdentifier": {"Type": "String", "Default": "default"},
            "Architecture": {
                "Type": "String", "Default": "arm64", "AllowedValues": ["arm64", "x86_64"]
            },
            "Greeting": {"Type": "String", "Default": "hello"}
        },
        "Resources": {
            "Rows": {
                "Type": "AWS::DynamoDB::Table",
                "DeletionPolicy": "RetainExceptOnCreate",
                "UpdateReplacePolicy": "Delete",
                "Properties": {
                    "TableName": {"Fn::Sub": "${StackIdentifier}-rows"},
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]
                }
            },
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole"
                    }]
                }}
            },
            "Function": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "FunctionName": {"Fn::Sub": "${StackIdentifier}-mcp"},
                    "CodeUri": "target/lambda",
                    "Runtime": "provided.al2023",
                    "Handler": "mcp",
                    "Architectures": [{"Ref": "Architecture"}],
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Environment": {"Variables": {"GREETING": {"Ref": "Greeting"}}},
                    "FunctionUrlConfig": {"AuthType": "AWS_IAM"}
                }
            }
        },
        "Outputs": {
            "McpFunctionUrl": {"Value": {"Fn::GetAtt": ["FunctionUrl", "FunctionUrl"]}},
            "RowsName": {"Value": {"Ref": "Rows"}}
        }
    })
}

/// The same with a resource that never comes.
pub(crate) fn failing() -> Json {
    let mut template = small();
    template["Resources"]["Handle"] = json!({"Type": "AWS::CloudFormation::WaitConditionHandle"});
    template["Resources"]["Never"] = json!({
        "Type": "AWS::CloudFormation::WaitCondition",
        "DependsOn": "Function",
        "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "1", "Count": 1}
    });
    template
}

/// An order to deploy it, named after the stack.
pub(crate) fn order(stack: &str, packaged: Packaged) -> Order {
    Order::new(stack.parse().expect("a name"), packaged)
}
