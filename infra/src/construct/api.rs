//! An API Gateway in front: a REST API, the only kind that streams.
//!
//! It answers at the root of its stage. Callers sign their requests (`AWS_IAM`, service
//! `execute-api`), or send tokens to the [public door](door): API Gateway verifies them before a
//! function is invoked. Its events do not prove who sent them, so the functions behind it take every
//! caller who signed for the same one, and ask for tokens again.

pub mod door;
mod routes;

use self::door::{AddedDoor, Door};
use self::routes::Routes;
use crate::aws::apigateway;
use crate::aws::apigateway::rest_api::EndpointConfiguration;
use crate::aws::apigateway::stage::{AccessLogSetting, MethodSetting};
use crate::construct::Scope;
use crate::construct::function::Added;
use crate::construct::logs::Logs;
use crate::core::{Condition, Handle, InvalidTemplate, Object, Resource, Value};
use crate::stack::digest::digest;
use crate::{object, sub};

/// The API itself, which functions behind it have to know.
#[derive(Clone, Debug)]
pub struct RestApi {
    handle: Handle<apigateway::RestApi>,
    /// Its URL with the stage, without a slash at its end.
    pub url: Value<String>,
}

impl RestApi {
    /// Puts it into the template.
    pub fn add(
        scope: &mut Scope<'_>,
        used: &Condition,
        stage: &Value<String>,
    ) -> Result<Self, InvalidTemplate> {
        let api = apigateway::RestApi::new()
            .name(sub!("${id}-mcp", id = scope.identifier))
            .description("The client plane of the MCP gateway")
            .endpoint_configuration(EndpointConfiguration::new().types(["REGIONAL"]))
            .tags(scope.tag_list())
            .only_if(used);
        let handle = scope.template.add("McpApi", api)?;
        let url = address(&handle, stage);
        Ok(Self { handle, url })
    }

    /// The API.
    pub fn handle(&self) -> &Handle<apigateway::RestApi> {
        &self.handle
    }
}

/// What an API is like.
pub struct Api<'a> {
    /// Whether there is one.
    pub used: &'a Condition,
    /// The API.
    pub api: &'a RestApi,
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
    /// What each path asks: the path without slashes at its ends, empty for the root.
    pub routes: Vec<(&'static str, &'a Added)>,
    /// Paths that strangers may ask for at the public door.
    pub open: Vec<(&'static str, &'a Added)>,
    /// The public door.
    pub door: Door<'a>,
}

impl Api<'_> {
    /// Puts it into the template; its URL.
    pub fn add_to(self, scope: &mut Scope<'_>) -> Result<Value<String>, InvalidTemplate> {
        let door = self.door.add(scope, self.api.handle())?;
        let mut routes = Routes::new(&self, &door);
        for (path, function) in &self.routes {
            routes.permit(scope, function)?;
            routes.guarded(scope, path, function)?;
        }
        for (path, function) in &self.open {
            routes.unguarded(scope, path, function)?;
        }
        let Routes { guarded, open, .. } = routes;
        self.stage(scope, &door, &guarded, &open)
    }

    /// The stage, and what is deployed to it. A deployment never changes, so another API needs
    /// another one: its logical id is made of what it deploys. What depends on parameters, the id
    /// cannot know; hence one for each kind of door.
    fn stage(
        &self,
        scope: &mut Scope<'_>,
        door: &AddedDoor,
        guarded: &[Handle<apigateway::Method>],
        open: &[Handle<apigateway::Method>],
    ) -> Result<Value<String>, InvalidTemplate> {
        let methods = || guarded.iter().chain(open);
        let parts = methods().map(Handle::logical_id).chain(door.parts());
        let declared: Vec<_> = parts.map(|id| &scope.template.resources()[id]).collect();
        let version = digest(&format!("{declared:?}"));
        let deployment = |used: &Condition| {
            apigateway::Deployment::new(self.api.handle.reference()).only_if(used)
        };
        let signed = guarded.iter().fold(deployment(self.door.signed), Resource::depends_on);
        let signed = scope.template.add(&format!("McpApiDeployment{version}"), signed)?;
        let mut with_door = |kind: &str, used: &Condition| {
            let deployment = methods().fold(deployment(used), Resource::depends_on);
            let deployment = door.responses.iter().fold(deployment, Resource::depends_on);
            scope.template.add(&format!("McpApiDeployment{kind}{version}"), deployment)
        };
        let bearer = with_door("Bearer", self.door.bearer)?;
        let oauth = with_door("OAuth", self.door.oauth)?;
        let tokens = self.door.bearer.choose(bearer.reference(), oauth.reference());
        let access = AccessLogSetting::new()
            .destination_arn(self.logs.handle().arn())
            .format(access_format().to_json_text());
        let all = MethodSetting::new()
            .http_method("*")
            .resource_path("/*")
            .metrics_enabled(true)
            .throttling_burst_limit(self.burst)
            .throttling_rate_limit(self.rate.clone());
        let stage = apigateway::Stage::new(self.api.handle.reference())
            .stage_name(self.stage)
            .deployment_id(self.door.signed.choose(signed.reference(), tokens))
            .access_log_setting(self.logged.only(access))
            .method_settings([all])
            .tracing_enabled(self.traced.choose(true, false))
            .tags(scope.tag_list())
            .only_if(self.used);
        let stage = scope.template.add("McpApiStage", stage)?;
        Ok(address(&self.api.handle, &stage.reference().text()))
    }
}

/// The URL of a stage, without a slash at its end.
fn address(api: &Handle<apigateway::RestApi>, stage: &Value<String>) -> Value<String> {
    sub!(
        "https://${api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${stage}",
        api = api.reference(),
        stage = stage,
    )
}

/// A function as API Gateway calls it.
fn invocations(function: &Added, version: &'static str, how: &'static str) -> Value<String> {
    sub!(
        "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/${version}/functions/${arn}/${how}",
        version = version,
        arn = function.arn,
        how = how,
    )
}

/// Everything of an API that may call a function.
fn source(api: &Handle<apigateway::RestApi>, part: &'static str) -> Value<String> {
    sub!(
        "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${api}/${part}",
        api = api.reference(),
        part = part,
    )
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
