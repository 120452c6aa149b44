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
use mcp_lambda_test_support::ministack::{Key, Ministack, REGION};
use mcp_lambda_test_support::repository;
use serde_json::Value;

use crate::policy::{self, function_arn, role_arn};
use crate::wire::{Credentials, Incoming, Outgoing, send, signature};
use crate::{package, tables};

/// The stack's identifier.
pub(crate) const STACK: &str = "deployed";
/// The tables, as the tests of the adapters make them.
pub(crate) const REGISTRATIONS: &str = "stack-mcp-registrations";
pub(crate) const SESSIONS: &str = "stack-mcp-sessions";

/// Seconds that a function may take.
const TIMEOUT: i32 = 30;

/// Everything that is deployed. It goes when this is dropped.
pub(crate) struct Stack {
    pub(crate) ministack: Ministack,
    pub(crate) address: SocketAddr,
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
        stack.role("messages", &policy::messages()).await;
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
        if handler == "registration" {
            environment = environment
                .variables("MCP_LAMBDA_GATEWAY_ROLE_ARN", role_arn("mcp"))
                .variables("MCP_LAMBDA_GATEWAY_FUNCTION_ARN", function_arn("mcp"));
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

    /// The ids of the statements in a function's resource policy.
    pub(crate) async fn statements(&self, function: &str) -> Vec<String> {
        let lambda = self.lambda(&root());
        let policy = match lambda.get_policy().function_name(function).send().await {
            Ok(policy) => policy,
            Err(error) => {
                let error = error.into_service_error();
                assert!(error.is_resource_not_found_exception(), "{error:?}");
                return Vec::new();
            }
        };
        let policy: Value = serde_json::from_str(policy.policy().expect("a text")).expect("JSON");
        let all = policy["Statement"].as_array().expect("statements");
        all.iter().map(|one| one["Sid"].as_str().expect("an id").to_owned()).collect()
    }

    /// Lets nobody call a tool's function any more, as its owner could.
    pub(crate) async fn revoke_all(&self, function: &str) {
        for id in self.statements(function).await {
            let remove = self.lambda(&root()).remove_permission();
            let removed = remove.function_name(function).statement_id(id);
            removed.send().await.expect("root may");
        }
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
