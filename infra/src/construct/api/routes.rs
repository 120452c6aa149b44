//! The paths of an API, and the methods at them.

use std::collections::BTreeMap;

use super::door::AddedDoor;
use super::{Api, invocations, source};
use crate::aws::apigateway;
use crate::aws::apigateway::method::{Integration, ResponseTransferMode, Type};
use crate::aws::lambda;
use crate::construct::Scope;
use crate::construct::function::Added;
use crate::core::{Condition, Handle, InvalidTemplate, Resource, Value, pseudo};

/// How long API Gateway waits for a streamed answer: as long as it may, and Lambda too.
const TIMEOUT_MS: i64 = 900_000;
/// What callers do who sign.
const SIGNED: &str = "AWS_IAM";
/// What asks for tokens.
const AUTHORIZER: &str = "CUSTOM";
/// Nobody is asked.
const OPEN: &str = "NONE";

/// The paths of an API while they are added.
pub(super) struct Routes<'a> {
    api: &'a Api<'a>,
    door: &'a AddedDoor,
    /// The resources that are there, by their paths.
    resources: BTreeMap<String, Value<String>>,
    /// What is to be deployed with any door.
    pub(super) guarded: Vec<Handle<apigateway::Method>>,
    /// What is to be deployed with the public door alone.
    pub(super) open: Vec<Handle<apigateway::Method>>,
}

impl<'a> Routes<'a> {
    pub(super) fn new(api: &'a Api<'a>, door: &'a AddedDoor) -> Self {
        let root = api.api.handle().root_resource_id().text();
        let resources = BTreeMap::from([(String::new(), root)]);
        Self { api, door, resources, guarded: Vec::new(), open: Vec::new() }
    }

    /// A path for callers who prove who they are, with everything that is below no other path.
    pub(super) fn guarded(
        &mut self,
        scope: &mut Scope<'_>,
        path: &str,
        function: &Added,
    ) -> Result<(), InvalidTemplate> {
        let resource = self.resource(scope, path, self.api.used)?;
        let public = self.api.door.public;
        let method = self
            .method("ANY", &resource, function)
            .authorization_type(public.choose(AUTHORIZER, SIGNED))
            .authorizer_id(public.only(self.door.authorizer.reference()))
            .only_if(self.api.used);
        let id = id(path);
        self.guarded.push(scope.template.add(&format!("{id}Method"), method)?);
        // A browser asks whether it may, and cannot send a token with that.
        let asks = self.method("OPTIONS", &resource, function).authorization_type(OPEN);
        let asks = scope.template.add(&format!("{id}Preflight"), asks.only_if(public))?;
        self.open.push(asks);
        Ok(())
    }

    /// A path for everybody at the public door.
    pub(super) fn unguarded(
        &mut self,
        scope: &mut Scope<'_>,
        path: &str,
        function: &Added,
    ) -> Result<(), InvalidTemplate> {
        let public = self.api.door.public;
        let resource = self.resource(scope, path, public)?;
        let method = self.method("ANY", &resource, function).authorization_type(OPEN);
        let id = format!("{}Method", id(path));
        self.open.push(scope.template.add(&id, method.only_if(public))?);
        Ok(())
    }

    fn method(&self, verb: &str, resource: &Value<String>, function: &Added) -> apigateway::Method {
        let integration = Integration::new(Type::AwsProxy)
            .integration_http_method("POST")
            .uri(invocations(function, "2021-11-15", "response-streaming-invocations"))
            .response_transfer_mode(ResponseTransferMode::Stream)
            .timeout_in_millis(TIMEOUT_MS);
        let api = self.api.api.handle().reference();
        apigateway::Method::new(verb, resource, api).integration(integration)
    }

    /// The resource of a path, with those above it.
    fn resource(
        &mut self,
        scope: &mut Scope<'_>,
        path: &str,
        used: &Condition,
    ) -> Result<Value<String>, InvalidTemplate> {
        if let Some(known) = self.resources.get(path) {
            return Ok(known.clone());
        }
        let (above, part) = path.rsplit_once('/').unwrap_or(("", path));
        let above = self.resource(scope, above, used)?;
        let api = self.api.api.handle().reference();
        let resource = apigateway::Resource::new(&above, part, api).only_if(used);
        let resource = scope.template.add(&format!("{}Resource", id(path)), resource)?;
        let resource = resource.reference().text();
        self.resources.insert(path.to_owned(), resource.clone());
        Ok(resource)
    }

    /// Lets the API call a function.
    pub(super) fn permit(
        &self,
        scope: &mut Scope<'_>,
        function: &Added,
    ) -> Result<(), InvalidTemplate> {
        let id = format!("{}ApiPermission", function.id());
        if scope.template.resources().contains_key(&id) {
            return Ok(());
        }
        let permission = lambda::Permission::new(
            "lambda:InvokeFunction",
            &function.name,
            "apigateway.amazonaws.com",
        )
        .source_arn(source(self.api.api.handle(), "*"))
        .source_account(pseudo::account_id())
        .only_if(self.api.used);
        scope.template.add(&id, permission).map(|_| ())
    }
}

/// What logical ids of a path begin with: its words, without what is no letter.
fn id(path: &str) -> String {
    let mut id = "McpApi".to_owned();
    if path.is_empty() {
        id.push_str("Root");
    }
    for part in path.split('/').map(|part| if part == "{proxy+}" { "rest" } else { part }) {
        for word in part.split(|c: char| !c.is_ascii_alphanumeric()) {
            let mut letters = word.chars();
            id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            id.push_str(letters.as_str());
        }
    }
    id
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids() {
        for (path, id) in [
            ("", "McpApiRoot"),
            ("{proxy+}", "McpApiRest"),
            ("sse", "McpApiSse"),
            ("s/{server}/{proxy+}", "McpApiSServerRest"),
            (".well-known/{proxy+}", "McpApiWellKnownRest"),
        ] {
            assert_eq!(super::id(path), id, "{path}");
        }
    }
}
