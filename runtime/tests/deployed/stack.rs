//! The deployed gateway: tables, roles, functions, Function URLs and the users who may call them,
//! in an emulated AWS that verifies signatures and enforces policies.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;

use aws_sdk_lambda::config::{BehaviorVersion, Region, SharedCredentialsProvider};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, FunctionCode, FunctionUrlAuthType, Runtime};
use aws_types::SdkConfig;
use bytes::Bytes;
use http::{Method, StatusCode};
use mcp_lambda_runtime::aws;
use mcp_lambda_test_support::ministack::{Key, Ministack, REGION, element};
use mcp_lambda_test_support::repository;
use serde_json::{Value, json};

use crate::policy::{self, Statement, function_arn, role_arn};
use crate::wire::{Credentials, Incoming, Outgoing, send, signature};
use crate::{package, tables};

/// The stack's identifier.
pub(crate) const STACK: &str = "deployed";
/// The tables, as the tests of the adapters make them.
pub(crate) const REGISTRATIONS: &str = "stack-mcp-registrations";
pub(crate) const SESSIONS: &str = "stack-mcp-sessions";

/// Seconds that a function may take.
const TIMEOUT: i32 = 30;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// Everything that is deployed. It goes when this is dropped.
pub(crate) struct Stack {
    ministack: Ministack,
    address: SocketAddr,
    /// Names of hosts, by the names of functions.
    hosts: HashMap<&'static str, String>,
    /// May call the client plane.
    pub(crate) client: Credentials,
    /// May call the admin plane.
    pub(crate) administrator: Credentials,
}

impl Stack {
    /// Deploys. Nothing if the foreign part of the tests is left out.
    pub(crate) async fn deploy() -> Option<Self> {
        let ministack = Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), true)?;
        let address = ministack.endpoint().trim_start_matches("http://");
        let address = address.parse().expect("an address");
        let (hosts, nobody) = (HashMap::new(), root());
        let mut stack =
            Self { ministack, address, hosts, client: nobody.clone(), administrator: nobody };
        tables::tables(&aws_sdk_dynamodb::Client::new(&stack.shared(&root()))).await;
        let bootstrap = bootstrap();
        for (name, handler, role, more) in [
            ("mcp", "mcp", "mcp", None),
            ("direct", "mcp", "mcp", Some(("MCP_LAMBDA_DIRECT_INVOKE", "ALLOW"))),
            ("registration", "registration", "registration", None),
            ("sweeper", "sweeper", "sweeper", None),
        ] {
            if name != "direct" {
                let statements = match name {
                    "mcp" => policy::mcp(),
                    "registration" => policy::registration(),
                    _ => policy::sweeper(),
                };
                stack.role(role, &statements).await;
            }
            stack.gateway_function(name, handler, role, &bootstrap, more).await;
            if handler != "sweeper" {
                stack.open_url(name).await;
            }
        }
        // The role of functions that touch nothing.
        stack.role("tool", &[]).await;
        stack.client = stack.user("client", &policy::caller_of("mcp")).await;
        stack.administrator = stack.user("administrator", &policy::caller_of("registration")).await;
        Some(stack)
    }

    pub(crate) fn ministack(&self) -> &Ministack {
        &self.ministack
    }

    /// What an SDK needs to act as somebody.
    pub(crate) fn shared(&self, who: &Credentials) -> SdkConfig {
        let credentials = aws_sdk_lambda::config::Credentials::new(
            &who.id,
            &who.secret,
            who.token.clone(),
            None,
            "test",
        );
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(aws::http_client())
            .endpoint_url(self.ministack.endpoint())
            .build()
    }

    /// Lambda's API, as somebody.
    pub(crate) fn lambda(&self, who: &Credentials) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.shared(who))
    }

    async fn gateway_function(
        &self,
        name: &str,
        handler: &str,
        role: &str,
        bootstrap: &[u8],
        more: Option<(&str, &str)>,
    ) {
        let mut environment = Environment::builder()
            .variables("AWS_ENDPOINT_URL", self.ministack.endpoint())
            .variables("MCP_LAMBDA_STACK", STACK)
            // What is registered shows at once.
            .variables("MCP_LAMBDA_CATALOG_FRESHNESS_SECONDS", "0");
        if handler != "sweeper" {
            environment = environment
                .variables("MCP_LAMBDA_REGISTRATIONS_TABLE", REGISTRATIONS)
                .variables("MCP_LAMBDA_SESSIONS_TABLE", SESSIONS);
        }
        if let Some((variable, value)) = more {
            environment = environment.variables(variable, value);
        }
        self.lambda(&root())
            .create_function()
            .function_name(name)
            .runtime(Runtime::from("provided.al2023"))
            .handler(handler)
            .role(role_arn(role))
            .timeout(TIMEOUT)
            .environment(environment.build())
            .code(FunctionCode::builder().zip_file(Blob::new(bootstrap)).build())
            .send()
            .await
            .expect("a function");
    }

    /// A tool's function: a file of `examples/python`.
    pub(crate) async fn tool_function(&self, name: &str) {
        let file = format!("{name}.py");
        let source = std::fs::read(repository("examples/python").join(&file)).expect("an example");
        self.lambda(&root())
            .create_function()
            .function_name(name)
            .runtime(Runtime::from("python3.11"))
            .handler(format!("{name}.handler"))
            .role(role_arn("tool"))
            .timeout(TIMEOUT)
            .code(
                FunctionCode::builder()
                    .zip_file(Blob::new(package::archive(&[(&file, &source)])))
                    .build(),
            )
            .send()
            .await
            .expect("a function");
    }

    /// Lets the gateway's role call a tool's function, as its owner would.
    pub(crate) async fn grant(&self, function: &str) {
        self.lambda(&root())
            .add_permission()
            .function_name(function)
            .statement_id("gateway")
            .action("lambda:InvokeFunction")
            .principal(role_arn("mcp"))
            .send()
            .await
            .expect("a permission");
    }

    async fn open_url(&mut self, function: &'static str) {
        let made = self
            .lambda(&root())
            .create_function_url_config()
            .function_name(function)
            .auth_type(FunctionUrlAuthType::AwsIam)
            .send()
            .await
            .expect("a Function URL");
        let host = made.function_url().trim_start_matches("https://").trim_end_matches('/');
        self.hosts.insert(function, host.to_owned());
    }

    /// A Function URL as a program can reach it that knows no other names than this machine's.
    pub(crate) fn url(&self, function: &str) -> String {
        let id = self.hosts[function].split('.').next().expect("an id");
        format!("{}/_aws/lambda-url/{id}", self.ministack.endpoint())
    }

    /// A request to a Function URL.
    pub(crate) fn request(&self, function: &str, method: Method, path: &str) -> Outgoing {
        let host = self.hosts[function].clone();
        Outgoing { method, host, path: path.to_owned(), headers: Vec::new(), body: Bytes::new() }
    }

    /// Sends a request to a Function URL, signed by somebody or nobody.
    pub(crate) async fn send(&self, request: &Outgoing, who: Option<&Credentials>) -> Incoming {
        let signature = who.map(|who| signature(request, who, "lambda")).unwrap_or_default();
        send(self.address, request, &signature).await
    }

    /// Sends a request with the signature that somebody made for another.
    pub(crate) async fn send_with(
        &self,
        request: &Outgoing,
        signed: &Outgoing,
        who: &Credentials,
    ) -> Incoming {
        send(self.address, request, &signature(signed, who, "lambda")).await
    }

    /// Asks the admin plane, as its administrator.
    pub(crate) async fn administer(
        &self,
        method: Method,
        path: &str,
        document: Option<&Value>,
    ) -> Incoming {
        let mut request = self.request("registration", method, path);
        if let Some(document) = document {
            request.headers.push(("content-type", "application/json".to_owned()));
            request.body = document.to_string().into();
        }
        self.send(&request, Some(&self.administrator)).await
    }

    /// Registers what `examples/registrations` has under this name; panics if it is refused.
    pub(crate) async fn register(&self, example: &str) {
        let path = repository("examples/registrations").join(format!("{example}.json"));
        let text = std::fs::read_to_string(path).expect("an example");
        let document = serde_json::from_str(&text).expect("JSON");
        let answer = self.administer(Method::POST, "/register", Some(&document)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    }

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

    /// Sends an event to a function by the Invoke API: what it answers, or the refusal's code.
    pub(crate) async fn invoke(
        &self,
        who: &Credentials,
        function: &str,
        event: &Value,
    ) -> Result<Value, String> {
        let invoked = self
            .lambda(who)
            .invoke()
            .function_name(function_arn(function))
            .payload(Blob::new(event.to_string()))
            .send()
            .await;
        match invoked {
            Ok(answer) => {
                let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
                Ok(serde_json::from_slice(&payload).expect("JSON"))
            }
            Err(error) => {
                let error = error.into_service_error();
                Err(error.meta().code().unwrap_or_default().to_owned())
            }
        }
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

/// Who may do everything. Its signature is not looked at.
pub(crate) fn root() -> Credentials {
    let Key { id, secret } = Key::root();
    Credentials { id, secret, token: None }
}

/// The package of all functions of the gateway. Without optimisation the program has a hundred
/// megabytes, which is more than Lambda takes; so it is started where Cargo has put it.
fn bootstrap() -> Vec<u8> {
    let script = format!("#!/bin/sh\nexec '{}'\n", env!("CARGO_BIN_EXE_bootstrap"));
    package::archive(&[("bootstrap", script.as_bytes())])
}
