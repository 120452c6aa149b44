//! An API Gateway in front: a REST API, the only kind that streams.
//!
//! It answers at the root of its stage. Callers sign their requests (`AWS_IAM`, service
//! `execute-api`): API Gateway verifies them before a function is invoked. Its events do not prove
//! who sent them, so the functions behind it take every caller for the same one.

use crate::aws::apigateway;
use crate::aws::apigateway::method::{Integration, ResponseTransferMode, Type};
use crate::aws::apigateway::rest_api::EndpointConfiguration;
use crate::aws::apigateway::stage::{AccessLogSetting, MethodSetting};
use crate::aws::lambda;
use crate::construct::Scope;
use crate::construct::function::Added;
use crate::construct::logs::Logs;
use crate::core::{Condition, Handle, InvalidTemplate, Object, Resource, Value, pseudo};
use crate::stack::digest::digest;
use crate::{object, sub};

/// How long API Gateway waits for a streamed answer: as long as it may, and Lambda too.
const TIMEOUT_MS: i64 = 900_000;
/// How callers are authorized.
const AUTHORIZATION: &str = "AWS_IAM";

/// What an API is like.
pub struct Api<'a> {
    /// Whether there is one.
    pub used: &'a Condition,
    /// The stage's name.
    pub stage: &'a Value<String>,
    /// Requests in a second, over time and at once.
    pub rate: &'a Value<i64>,
    /// Requests at once.
    pub burst: &'a Value<i64>,
    /// Whether X-Ray traces it.
    pub traced: &'a Condition,
    /// Whether requests are logged, for which the account needs a role of API Gateway.
    pub logged: &'a Condition,
    /// Where they are logged.
    pub logs: &'a Logs,
    /// What each path asks: the path without slashes at its ends, empty for all that is left.
    pub routes: Vec<(&'static str, &'a Added)>,
}

/// An API in a template.
pub struct Front {
    /// The API.
    pub api: Handle<apigateway::RestApi>,
    /// Its URL, without a slash at its end.
    pub url: Value<String>,
}

impl Api<'_> {
    /// Puts it into the template.
    pub fn add_to(self, scope: &mut Scope<'_>) -> Result<Front, InvalidTemplate> {
        let api = apigateway::RestApi::new()
            .name(sub!("${id}-mcp", id = scope.identifier))
            .description("The client plane of the MCP gateway")
            .endpoint_configuration(EndpointConfiguration::new().types(["REGIONAL"]))
            .tags(scope.tag_list())
            .only_if(self.used);
        let api = scope.template.add("McpApi", api)?;
        let mut methods = Vec::new();
        for (path, function) in &self.routes {
            self.permit(scope, &api, function)?;
            let root = api.root_resource_id();
            match *path {
                "" => {
                    methods.push(self.method(scope, &api, "McpApiRoot", &root.text(), function)?);
                    let rest = self.resource(scope, &api, "McpApiRest", "{proxy+}")?;
                    let id = rest.reference().text();
                    methods.push(self.method(scope, &api, "McpApiRest", &id, function)?);
                }
                part => {
                    let mut id = "McpApi".to_owned();
                    id.extend(part.chars().take(1).map(|first| first.to_ascii_uppercase()));
                    id.push_str(&part[1..]);
                    let resource = self.resource(scope, &api, &id, part)?;
                    let at = resource.reference().text();
                    methods.push(self.method(scope, &api, &id, &at, function)?);
                }
            }
        }
        let url = self.stage(scope, &api, &methods)?;
        Ok(Front { api, url })
    }

    fn resource(
        &self,
        scope: &mut Scope<'_>,
        api: &Handle<apigateway::RestApi>,
        id: &str,
        part: &str,
    ) -> Result<Handle<apigateway::Resource>, InvalidTemplate> {
        let root = api.root_resource_id().text();
        let resource = apigateway::Resource::new(&root, part, api.reference()).only_if(self.used);
        scope.template.add(&format!("{id}Resource"), resource)
    }

    fn method(
        &self,
        scope: &mut Scope<'_>,
        api: &Handle<apigateway::RestApi>,
        id: &str,
        resource: &Value<String>,
        function: &Added,
    ) -> Result<Handle<apigateway::Method>, InvalidTemplate> {
        let target = sub!(
            "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2021-11-15/functions/${arn}/response-streaming-invocations",
            arn = function.arn,
        );
        let integration = Integration::new(Type::AwsProxy)
            .integration_http_method("POST")
            .uri(target)
            .response_transfer_mode(ResponseTransferMode::Stream)
            .timeout_in_millis(TIMEOUT_MS);
        let method = apigateway::Method::new("ANY", resource, api.reference())
            .authorization_type(AUTHORIZATION)
            .integration(integration)
            .only_if(self.used);
        scope.template.add(&format!("{id}Method"), method)
    }

    fn permit(
        &self,
        scope: &mut Scope<'_>,
        api: &Handle<apigateway::RestApi>,
        function: &Added,
    ) -> Result<(), InvalidTemplate> {
        let source = sub!(
            "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${api}/*",
            api = api.reference(),
        );
        let permission = lambda::Permission::new(
            "lambda:InvokeFunction",
            &function.name,
            "apigateway.amazonaws.com",
        )
        .source_arn(source)
        .source_account(pseudo::account_id())
        .only_if(self.used);
        scope.template.add(&format!("{}ApiPermission", function.id()), permission).map(|_| ())
    }

    /// The stage, and what is deployed to it. A deployment never changes, so another API needs
    /// another one: its logical id is made of what it deploys.
    fn stage(
        &self,
        scope: &mut Scope<'_>,
        api: &Handle<apigateway::RestApi>,
        methods: &[Handle<apigateway::Method>],
    ) -> Result<Value<String>, InvalidTemplate> {
        let declared =
            methods.iter().map(|method| &scope.template.resources()[method.logical_id()]);
        let version = digest(&format!("{:?}", declared.collect::<Vec<_>>()));
        let mut deployment = apigateway::Deployment::new(api.reference()).only_if(self.used);
        for method in methods {
            deployment = deployment.depends_on(method);
        }
        let deployment = scope.template.add(&format!("McpApiDeployment{version}"), deployment)?;
        let access = AccessLogSetting::new()
            .destination_arn(self.logs.handle().arn())
            .format(access_format().to_json_text());
        let all = MethodSetting::new()
            .http_method("*")
            .resource_path("/*")
            .metrics_enabled(true)
            .throttling_burst_limit(self.burst)
            .throttling_rate_limit(self.rate.clone());
        let stage = apigateway::Stage::new(api.reference())
            .stage_name(self.stage)
            .deployment_id(deployment.reference())
            .access_log_setting(self.logged.only(access))
            .method_settings([all])
            .tracing_enabled(self.traced.choose(true, false))
            .tags(scope.tag_list())
            .only_if(self.used);
        let stage = scope.template.add("McpApiStage", stage)?;
        Ok(sub!(
            "https://${api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${stage}",
            api = api.reference(),
            stage = stage.reference(),
        ))
    }
}

/// A line of the access log: no headers, no query, no body.
fn access_format() -> Object {
    object! {
        "requestId": "$context.requestId",
        "requestTime": "$context.requestTimeEpoch",
        "caller": "$context.identity.userArn",
        "sourceIp": "$context.identity.sourceIp",
        "httpMethod": "$context.httpMethod",
        "path": "$context.resourcePath",
        "status": "$context.status",
        "bytesOut": "$context.responseLength",
        "latency": "$context.responseLatency",
        "integrationLatency": "$context.integrationLatency",
        "error": "$context.integrationErrorMessage",
        "trace": "$context.xrayTraceId",
    }
}

#[cfg(test)]
mod tests {
    use crate::core::IntoValue;

    #[test]
    fn nothing_of_the_access_log_is_substituted() {
        // API Gateway's own variables have no braces.
        let format = super::access_format().to_json_text();
        assert!(IntoValue::<String>::into_value(format).node().as_text().is_some());
    }
}
