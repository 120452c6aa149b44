//! The public door at API Gateway: an authorizer before every path, and what strangers are told.
//!
//! API Gateway gives the header `WWW-Authenticate` of a function another name, so that clients would
//! never learn from the gateway itself where to get a token. Its own answers keep the header: they
//! are written here.

use super::{invocations, source};
use crate::aws::{apigateway, lambda};
use crate::construct::Scope;
use crate::construct::function::Added;
use crate::core::{Condition, Handle, IntoValue, InvalidTemplate, Resource, Value, pseudo};
use crate::{object, sub};

/// Seconds for which API Gateway keeps what the authorizer said of a token. The gateway asks for
/// the token again, so a token that is revoked is of no use meanwhile.
const KEPT_SECONDS: i64 = 60;
/// Where the metadata of the protected resource is (RFC 9728).
const METADATA: &str = "/.well-known/oauth-protected-resource/mcp";

/// What a public door is like.
pub struct Door<'a> {
    /// Whether there is one.
    pub public: &'a Condition,
    /// Whether there is an API with none.
    pub signed: &'a Condition,
    /// Whether it asks for the stack's tokens.
    pub bearer: &'a Condition,
    /// Whether it asks for access tokens of an issuer.
    pub oauth: &'a Condition,
    /// What asks.
    pub authorizer: &'a Added,
    /// The address of the API as clients know it, without a slash at its end.
    pub url: &'a Value<String>,
}

/// A public door in a template.
pub(super) struct AddedDoor {
    pub(super) authorizer: Handle<apigateway::Authorizer>,
    pub(super) responses: Vec<Handle<apigateway::GatewayResponse>>,
}

impl AddedDoor {
    /// The logical ids of what is deployed with the methods.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        let responses = self.responses.iter().map(Handle::logical_id);
        std::iter::once(self.authorizer.logical_id()).chain(responses)
    }
}

impl Door<'_> {
    pub(super) fn add(
        &self,
        scope: &mut Scope<'_>,
        api: &Handle<apigateway::RestApi>,
    ) -> Result<AddedDoor, InvalidTemplate> {
        let permission = lambda::Permission::new(
            "lambda:InvokeFunction",
            &self.authorizer.name,
            "apigateway.amazonaws.com",
        )
        .source_arn(source(api, "authorizers/*"))
        .source_account(pseudo::account_id())
        .only_if(self.public);
        scope.template.add(&format!("{}ApiPermission", self.authorizer.id()), permission)?;
        let authorizer = apigateway::Authorizer::new("tokens", api.reference(), "TOKEN")
            .authorizer_uri(invocations(self.authorizer, "2015-03-31", "invocations"))
            .identity_source("method.request.header.Authorization")
            .authorizer_result_ttl_in_seconds(KEPT_SECONDS)
            .only_if(self.public);
        let authorizer = scope.template.add("McpApiAuthorizer", authorizer)?;
        let responses = vec![
            self.response(scope, api, &UNAUTHORIZED)?,
            self.response(scope, api, &ACCESS_DENIED)?,
        ];
        Ok(AddedDoor { authorizer, responses })
    }

    /// Where a client learns who issues tokens.
    fn challenge(&self, error: &'static str) -> Value<String> {
        sub!(
            "'Bearer ${error}resource_metadata=\"${url}${metadata}\"'",
            error = error,
            url = self.url,
            metadata = METADATA,
        )
    }

    fn response(
        &self,
        scope: &mut Scope<'_>,
        api: &Handle<apigateway::RestApi>,
        refusal: &Refusal,
    ) -> Result<Handle<apigateway::GatewayResponse>, InvalidTemplate> {
        let header = |name: &str| format!("gatewayresponse.header.{name}");
        let realm = "'Bearer realm=\"mcp-lambda\"'";
        let challenge = self.bearer.choose(realm, self.challenge(refusal.error));
        // Whoever runs in a browser may learn where to get a token; there is nothing else in it.
        let headers: [(String, Value<String>); 3] = [
            (header("WWW-Authenticate"), challenge.into_value()),
            (header("Access-Control-Allow-Origin"), "'*'".into_value()),
            (header("Access-Control-Expose-Headers"), "'WWW-Authenticate'".into_value()),
        ];
        let response = apigateway::GatewayResponse::new(refusal.kind, api.reference())
            .response_parameters(headers)
            .response_templates([("application/json", refusal.body())])
            .only_if(self.public);
        scope.template.add(refusal.id, response)
    }
}

/// What API Gateway tells whom the authorizer does not let through, in the words of the gateway.
struct Refusal {
    id: &'static str,
    kind: &'static str,
    status: i64,
    title: &'static str,
    detail: &'static str,
    /// What the challenge says besides.
    error: &'static str,
}

const UNAUTHORIZED: Refusal = Refusal {
    id: "McpApiUnauthorized",
    kind: "UNAUTHORIZED",
    status: 401,
    title: "Unauthorized",
    detail: "send a token of this server that is still good: Authorization: Bearer TOKEN",
    error: "",
};
const ACCESS_DENIED: Refusal = Refusal {
    id: "McpApiAccessDenied",
    kind: "ACCESS_DENIED",
    status: 403,
    title: "Forbidden",
    detail: "this token has not the scopes that this server asks for",
    error: "error=\"insufficient_scope\", ",
};

impl Refusal {
    fn body(&self) -> Value<String> {
        let body = object! {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "error": self.detail,
        };
        body.to_json_text()
    }
}
