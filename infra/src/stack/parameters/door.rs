//! Parameters of the public door.

use crate::core::{Condition, InvalidTemplate, Parameter, Rule, Template, Value};

const DOOR: &str = "Public door";
/// Nothing, or an address that nobody else can answer at.
const URL: &str = "^(https://[^ ]{1,500}|http://127[.]0[.]0[.]1:[0-9]{1,5}[^ ]{0,200})?$";
/// What a list in a parameter may have, in characters.
const MAX_LIST: u32 = 1024;

/// What is decided of the public door.
pub(in crate::stack) struct DoorParameters {
    /// Whether there is one.
    pub(in crate::stack) used: Condition,
    /// Whether it is for bearers of the stack's tokens.
    pub(in crate::stack) is_bearer: Condition,
    pub(in crate::stack) issuer: Value<String>,
    pub(in crate::stack) audiences: Value<String>,
    pub(in crate::stack) clients: Value<String>,
    pub(in crate::stack) scopes: Value<String>,
    pub(in crate::stack) rules: Value<String>,
    pub(in crate::stack) claims: Value<String>,
    pub(in crate::stack) url: Value<String>,
}

impl DoorParameters {
    pub(super) fn declare(template: &mut Template) -> Result<Self, InvalidTemplate> {
        let kind = template.parameter(
            "PublicDoor",
            Parameter::text()
                .group(DOOR)
                .label("A door for clients that do not sign")
                .description(
                    "BEARER: for the stack's tokens. OAUTH: for access tokens of an issuer. It is a \
                     second Function URL beside the signed one.",
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
        let url = template.parameter(
            "PublicUrl",
            Parameter::text()
                .group(DOOR)
                .label("Address of the public door")
                .description("A domain of yours in front. Empty: the Function URL.")
                .default("")
                .allowed_pattern(URL),
        )?;
        let (is_oauth, used) = (kind.equals("OAUTH"), !kind.equals("NONE"));
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
            issuer,
            url,
        })
    }
}
