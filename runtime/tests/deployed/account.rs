//! Users, roles and logs: what an account has besides what is deployed.

use http::{Method, StatusCode};
use mcp_lambda_test_support::ministack::{REGION, element};
use serde_json::{Value, json};

use crate::policy::{self, Statement, role_arn};
use crate::stack::{Stack, root};
use crate::wire::{Credentials, Outgoing, send, signature};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

impl Stack {
    /// A role that Lambda's functions may take.
    pub(crate) async fn role(&self, name: &str, statements: &[Statement]) {
        self.iam(&[
            ("Action", "CreateRole"),
            ("RoleName", name),
            ("AssumeRolePolicyDocument", TRUST),
        ])
        .await;
        self.permit_role(name, statements).await;
    }

    /// Replaces everything that a role may do.
    pub(crate) async fn permit_role(&self, name: &str, statements: &[Statement]) {
        let document = policy::document(statements);
        self.iam(&[
            ("Action", "PutRolePolicy"),
            ("RoleName", name),
            ("PolicyName", "p"),
            ("PolicyDocument", &document),
        ])
        .await;
    }

    /// A user who may do this and nothing else.
    pub(crate) async fn user(&self, name: &str, statements: &[Statement]) -> Credentials {
        self.iam(&[("Action", "CreateUser"), ("UserName", name)]).await;
        let document = policy::document(statements);
        self.iam(&[
            ("Action", "PutUserPolicy"),
            ("UserName", name),
            ("PolicyName", "p"),
            ("PolicyDocument", &document),
        ])
        .await;
        let made = self.iam(&[("Action", "CreateAccessKey"), ("UserName", name)]).await;
        let (id, secret) = (element(&made, "AccessKeyId"), element(&made, "SecretAccessKey"));
        Credentials { id, secret, token: None }
    }

    /// Credentials of a session of a role.
    pub(crate) async fn assume(&self, role: &str) -> Credentials {
        let arn = role_arn(role);
        let made = self
            .form(
                "sts",
                "2011-06-15",
                &[("Action", "AssumeRole"), ("RoleArn", &arn), ("RoleSessionName", "test")],
            )
            .await;
        Credentials {
            id: element(&made, "AccessKeyId"),
            secret: element(&made, "SecretAccessKey"),
            token: Some(element(&made, "SessionToken")),
        }
    }

    async fn iam(&self, form: &[(&str, &str)]) -> String {
        self.form("iam", "2010-05-08", form).await
    }

    /// Asks a service that takes forms, as root; panics if it refuses.
    async fn form(&self, service: &str, version: &str, form: &[(&str, &str)]) -> String {
        let escape = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
        let mut body = format!("Version={version}");
        for (name, value) in form {
            body.push_str(&format!("&{name}={}", escape(value)));
        }
        let kind = "application/x-www-form-urlencoded";
        self.service(service, vec![("content-type", kind.to_owned())], body).await
    }

    async fn service(
        &self,
        service: &str,
        headers: Vec<(&'static str, String)>,
        body: String,
    ) -> String {
        let host = format!("{service}.{REGION}.amazonaws.com");
        let (method, path) = (Method::POST, "/".to_owned());
        let request = Outgoing { method, host, path, headers, body: body.into() };
        let answer = send(self.address, &request, &signature(&request, &root(), service)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.text()
    }

    /// Everything that functions have logged, and the emulator has said.
    pub(crate) async fn logs(&self) -> String {
        let mut all = self.ministack.log();
        let groups = self.logs_api("DescribeLogGroups", &json!({})).await;
        for group in groups["logGroups"].as_array().expect("groups") {
            let mut question = json!({"logGroupName": group["logGroupName"]});
            loop {
                let page = self.logs_api("FilterLogEvents", &question).await;
                for event in page["events"].as_array().expect("events") {
                    all.push('\n');
                    all.push_str(event["message"].as_str().expect("a text"));
                }
                if page["nextToken"].is_null() {
                    break;
                }
                question["nextToken"] = page["nextToken"].clone();
            }
        }
        all
    }

    async fn logs_api(&self, operation: &str, question: &Value) -> Value {
        let headers = vec![
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target", format!("Logs_20140328.{operation}")),
        ];
        let said = self.service("logs", headers, question.to_string()).await;
        serde_json::from_str(&said).expect("JSON")
    }
}
