//! What the template says of itself and of what it made, and the policies for those who use it.

use super::Gateway;
use super::functions::Functions;
use super::parameters::Parameters;
use super::settings::{Application, Flavour, Settings};
use crate::aws::iam;
use crate::construct::Scope;
use crate::construct::api::RestApi;
use crate::construct::tokens::Tokens;
use crate::core::{InvalidTemplate, Node, Object, Output, Resource, Template, Value};
use crate::object;
use crate::policy;

/// What cfn-lint says of empty defaults, which conditions keep from being used.
const EMPTY_DEFAULTS: &str = "W1030";
/// Words by which the application is found.
const LABELS: [&str; 8] =
    ["mcp", "model-context-protocol", "ai", "agents", "tools", "lambda", "serverless", "rust"];

/// For linters, and for the Serverless Application Repository.
pub(super) fn metadata(template: &mut Template, settings: &Settings) {
    let config = object! { "ignore_checks": [EMPTY_DEFAULTS] };
    template.metadata("cfn-lint", object! { "config": config });
    if let (Flavour::Sam, Some(application)) = (settings.flavour, &settings.application) {
        template.metadata("AWS::ServerlessRepo::Application", describe(application));
    }
}

fn describe(application: &Application) -> Object {
    let described = object! {
        "Name": application.name.as_str(),
        "Description": "Registers Lambda functions as MCP tools, resources and prompts and serves them to AI agents.",
        "Author": application.author.as_str(),
        "SpdxLicenseId": "MIT",
        "LicenseUrl": "LICENSE",
        "ReadmeUrl": "README.md",
        "Labels": Node::texts(LABELS),
        "SemanticVersion": application.version.as_str(),
    };
    match &application.source {
        Some(source) => {
            described.with("HomePageUrl", source.as_str()).with("SourceCodeUrl", source.as_str())
        }
        None => described,
    }
}

/// Policies to attach to agents and to administrators.
pub(super) fn access(
    scope: &mut Scope<'_>,
    parameters: &Parameters,
    functions: &Functions,
    opened: Option<&RestApi>,
) -> Result<(), InvalidTemplate> {
    let clients = iam::ManagedPolicy::new(policy::caller(&functions.mcp.arn))
        .description("Lets agents call the MCP gateway at its Function URL");
    scope.template.add("ClientPolicy", clients)?;
    let administrators = iam::ManagedPolicy::new(policy::caller(&functions.registration.arn))
        .description("Lets administrators register functions with the MCP gateway");
    scope.template.add("AdministratorPolicy", administrators)?;
    let signed = parameters.door.at_api.as_ref().map(|door| &door.signed);
    if let (Some(api), Some(opened), Some(signed)) = (&parameters.api, opened, signed) {
        let clients = iam::ManagedPolicy::new(policy::api_caller(opened.handle(), &api.stage))
            .description("Lets agents call the MCP gateway through API Gateway")
            .only_if(signed);
        scope.template.add("ApiClientPolicy", clients)?;
    }
    Ok(())
}

/// What the stack tells when it is there.
pub(super) fn outputs(
    scope: &mut Scope<'_>,
    gateway: &Gateway<'_>,
    functions: &Functions,
    api_url: Option<&Value<String>>,
) -> Result<(), InvalidTemplate> {
    let url = |function: &crate::construct::function::Added| {
        function.url.clone().expect("clients and administrators have Function URLs")
    };
    let data = gateway.data;
    for (name, description, output) in [
        (
            "McpFunctionUrl",
            "Where MCP clients call; /mcp and /sse.",
            Output::new(url(&functions.mcp)),
        ),
        (
            "RegistrationFunctionUrl",
            "Where administrators call; /register.",
            Output::new(url(&functions.registration)),
        ),
        ("McpFunctionArn", "The function that clients call.", Output::new(&functions.mcp.arn)),
        (
            "McpRoleArn",
            "Who calls registered functions; owners of functions of other accounts let it in.",
            Output::new(functions.gateway_role.arn()),
        ),
        (
            "RegistrationFunctionArn",
            "The function that administrators call.",
            Output::new(&functions.registration.arn),
        ),
        (
            "RegistrationsTableName",
            "The table of registrations.",
            Output::new(data.registrations.handle().reference()),
        ),
        (
            "SessionsTableName",
            "The table of sessions.",
            Output::new(data.sessions.handle().reference()),
        ),
    ] {
        scope.template.output(name, output.description(description))?;
    }
    let door = &gateway.parameters.door;
    let at_url = url(&functions.public);
    let public = match (&door.at_api, &functions.api) {
        (Some(at_api), Some(api)) => {
            Output::new(at_api.public.choose(api.url.clone(), at_url.text()))
                .only_if(&at_api.anywhere)
        }
        _ => Output::new(at_url).only_if(&door.used),
    };
    let public = public.description("Where MCP clients call that do not sign; /mcp and /sse.");
    scope.template.output("McpPublicUrl", public)?;
    let tokens = Output::new(Tokens::new(scope).name)
        .description("The parameter with the tokens; mcp-lambda token rotate makes it.")
        .only_if(&door.is_bearer);
    scope.template.output("BearerTokensName", tokens)?;
    if let (Some(api), Some(url)) = (&gateway.parameters.api, api_url) {
        let url = Output::new(url)
            .description("Where MCP clients call through API Gateway; /mcp.")
            .only_if(&api.used);
        scope.template.output("McpApiUrl", url)?;
    }
    Ok(())
}
