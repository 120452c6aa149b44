//! Parameters of the public door.

use super::ApiParameters;
use crate::core::{Condition, InvalidTemplate, Parameter, Predicate, Rule, Template, Value};

const DOOR: &str = "Public door";
/// Nothing, or an address that nobody else can answer at.
const URL: &str = "^(https://[^ ]{1,500}|http://127[.]0[.]0[.]1:[0-9]{1,5}[^ ]{0,200})?$";
/// The same without a slash at its end, because paths are put behind it.
const SITE: &str =
    "^(https://[^ ]{0,499}[^ /]|http://127[.]0[.]0[.]1:[0-9]{1,5}([^ ]{0,199}[^ /])?)?$";
/// What a list in a parameter may have, in characters.
const MAX_LIST: u32 = 1024;
/// Where the public door is.
const AT_URL: &str = "FUNCTION_URL";
const AT_API: &str = "API_GATEWAY";

/// What is decided of the public door.
pub(in crate::stack) struct DoorParameters {
    /// Whether there is one at a Function URL.
    pub(in crate::stack) used: Condition,
    /// Whether it is for bearers of the stack's tokens.
    pub(in crate::stack) is_bearer: Condition,
    /// The same at API Gateway, if the template can have one.
    pub(in crate::stack) at_api: Option<ApiDoor>,
    pub(in crate::stack) issuer: Value<String>,
    pub(in crate::stack) audiences: Value<String>,
    pub(in crate::stack) clients: Value<String>,
    pub(in crate::stack) scopes: Value<String>,
    pub(in crate::stack) rules: Value<String>,
    pub(in crate::stack) claims: Value<String>,
    pub(in crate::stack) url: Value<String>,
}

/// How API Gateway is guarded: exactly one of the three holds if there is an API.
pub(in crate::stack) struct ApiDoor {
    /// By tokens, of either kind.
    pub(in crate::stack) public: Condition,
    /// By signatures.
    pub(in crate::stack) signed: Condition,
    /// By the stack's tokens.
    pub(in crate::stack) bearer: Condition,
    /// By access tokens of an issuer.
    pub(in crate::stack) oauth: Condition,
    /// Whether its address is said.
    pub(in crate::stack) has_url: Condition,
    /// Whether there is a public door anywhere.
    pub(in crate::stack) anywhere: Condition,
}

impl ApiDoor {
    fn declare(
        template: &mut Template,
        (kind, url): (&Value<String>, &Value<String>),
        at_api: &Predicate,
        at_url: &Predicate,
        api: &Predicate,
    ) -> Result<Self, InvalidTemplate> {
        let public = at_api.clone() & !kind.equals("NONE");
        let bearer = kind.equals("BEARER");
        let of = |kind: Predicate| api.clone() & public.clone() & kind;
        let anywhere = at_url.clone() | api.clone() & public.clone();
        Ok(Self {
            anywhere: template.condition("HasPublicDoor", anywhere)?,
            signed: template.condition("UseApiSigned", api.clone() & !public.clone())?,
            bearer: template.condition("UseApiBearer", of(bearer.clone()))?,
            oauth: template.condition("UseApiOAuth", of(!bearer))?,
            public: template.condition("UseApiDoor", api.clone() & public)?,
            has_url: template.condition("HasPublicUrl", !url.equals(""))?,
        })
    }
}

impl DoorParameters {
    pub(super) fn declare(
        template: &mut Template,
        api: Option<&ApiParameters>,
    ) -> Result<Self, InvalidTemplate> {
        let kind = template.parameter(
            "PublicDoor",
            Parameter::text()
                .group(DOOR)
                .label("A door for clients that do not sign")
                .description(
                    "BEARER: for the stack's tokens. OAUTH: for access tokens of an issuer. The signed \
                     Function URL stays as it is.",
                )
                .default("NONE")
                .allowed_values(["NONE", "BEARER", "OAUTH"]),
        )?;
        let issuer = template.parameter(
            "OAuthIssuer",
            Parameter::text()
                .group(DOOR)
                .label("Issuer of access tokens")
                .description("Exactly as in their iss, such as https://issuer.example.com.")
                .default("")
                .allowed_pattern(URL),
        )?;
        let url = address(template)?;
        let (is_oauth, mut used) = (kind.equals("OAUTH"), !kind.equals("NONE"));
        let mut at_api = None;
        if let Some(api) = api {
            let place = place(template)?;
            let wanted = place.equals(AT_API);
            let rule = Rule::new(api.wanted.clone(), "PublicDoorAt API_GATEWAY needs ApiEnabled");
            template.rule("ApiDoorNeedsApi", rule.when(wanted.clone()))?;
            used = used & !wanted.clone();
            at_api = Some(ApiDoor::declare(template, (&kind, &url), &wanted, &used, &api.wanted)?);
        }
        let rule = Rule::new(!issuer.equals(""), "PublicDoor OAUTH needs OAuthIssuer");
        template.rule("OAuthNeedsIssuer", rule.when(is_oauth))?;
        let mut list = |name: &str, label: &str, text: &str| {
            let list = Parameter::text().group(DOOR).label(label).description(text);
            template.parameter(name, list.default("").length(0, MAX_LIST))
        };
        Ok(Self {
            audiences: list(
                "OAuthAudiences",
                "Audiences",
                "Of which a token must name one, by commas. Empty: the door's own URL with /mcp.",
            )?,
            clients: list(
                "OAuthClients",
                "Clients",
                "Whose tokens are taken, by commas; for Amazon Cognito. Empty: all.",
            )?,
            scopes: list("OAuthScopes", "Scopes", "That every token must have, by spaces.")?,
            rules: list(
                "OAuthRules",
                "Scopes of tools",
                "Such as tools/delete-*=admin, by commas or spaces.",
            )?,
            claims: list("OAuthClaims", "Claims", "That tool functions are told, by commas.")?,
            used: template.condition("UsePublicDoor", used)?,
            is_bearer: template.condition("UseBearerTokens", kind.equals("BEARER"))?,
            at_api,
            issuer,
            url,
        })
    }
}

fn place(template: &mut Template) -> Result<Value<String>, InvalidTemplate> {
    template.parameter(
        "PublicDoorAt",
        Parameter::text()
            .group(DOOR)
            .label("Where that door is")
            .description(
                "FUNCTION_URL: a second Function URL. API_GATEWAY: the API, behind an authorizer, \
                 for tokens in place of signatures.",
            )
            .default(AT_URL)
            .allowed_values([AT_URL, AT_API]),
    )
}

fn address(template: &mut Template) -> Result<Value<String>, InvalidTemplate> {
    template.parameter(
        "PublicUrl",
        Parameter::text()
            .group(DOOR)
            .label("Address of the public door")
            .description("A domain of yours in front. Empty: that of AWS.")
            .default("")
            .allowed_pattern(SITE)
            .constraint_description("an https URL without a slash at its end"),
    )
}
