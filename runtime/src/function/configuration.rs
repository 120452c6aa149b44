//! What a function of the deployed gateway is told by its environment.
//!
//! Every variable with its meaning stands in `docs/functions.md`.

mod doors;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use doors::PublicDoor;

use crate::deployment::{handlers, variables};
use crate::door::Site;
use crate::function::log::Callers;
use crate::gateway::admit::{DEFAULT_SESSIONS, RateLimits};
use crate::session::Expiry;

/// Which function this is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Handler {
    /// The client plane.
    Mcp,
    /// The admin plane.
    Registration,
    /// What removes orphaned queues, by a timer.
    Sweeper,
    /// What lets callers through API Gateway.
    Authorizer,
}

/// Whose requests are served.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Authentication {
    /// Those of callers that AWS has verified at the Function URL.
    AwsIam,
    /// Everyone's: something else stands in front, or nothing.
    None,
    /// Those of whoever comes in by the door, which alone says who he is.
    Door,
}

/// How the function's front end takes answers. An event does not say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InvokeMode {
    /// All at once.
    Buffered,
    /// As they come.
    ResponseStream,
}

/// Which parts of the client plane a function serves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClientPlanes {
    /// `POST /mcp`, and JSON-RPC messages by direct invocation.
    pub mcp: bool,
    /// `GET /sse`.
    pub sse: bool,
    /// `POST /message`.
    pub message: bool,
}

/// What a function is told by its environment.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Which function this is.
    pub handler: Handler,
    /// The stack's identifier.
    pub stack: String,
    /// The table of registrations; empty for the sweeper.
    pub registrations_table: String,
    /// The table of sessions; empty for the sweeper.
    pub sessions_table: String,
    /// Whose requests are served.
    pub authentication: Authentication,
    /// The door, if that decides.
    pub door: Option<PublicDoor>,
    /// Where clients reach the function, if it cannot see that.
    pub public_url: Option<Site>,
    /// Whether JSON-RPC messages by direct invocation are served.
    pub direct_invoke: bool,
    /// How the front end takes answers.
    pub invoke_mode: InvokeMode,
    /// Which parts of the client plane are served.
    pub planes: ClientPlanes,
    /// Where a custom domain mounts the API.
    pub path_prefix: Option<String>,
    /// Web origins that may call.
    pub allowed_origins: BTreeSet<String>,
    /// How old a catalog may be before its version is asked for.
    pub catalog_freshness: Duration,
    /// How long clients may keep lists.
    pub list_ttl: Duration,
    /// A text for the model about the server as a whole.
    pub instructions: Option<String>,
    /// How often what may happen.
    pub limits: RateLimits,
    /// When sessions end by themselves.
    pub expiry: Expiry,
    /// Who calls functions, and is to be let in when they are registered.
    pub gateway: Option<GatewayFunction>,
    /// How the log names callers.
    pub callers: Callers,
    /// How AWS is reached.
    pub aws: AwsEnvironment,
}

/// The function that calls registered functions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GatewayFunction {
    /// The ARN of its execution role.
    pub role: String,
    /// Its own ARN.
    pub function: String,
}

/// How AWS is reached: what Lambda sets for every function.
#[derive(Clone)]
pub struct AwsEnvironment {
    /// The function's region.
    pub region: String,
    /// The function's role, for as long as the process lives.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// Its session.
    pub session_token: Option<String>,
    /// Another endpoint than DynamoDB's own.
    pub dynamodb_endpoint: Option<String>,
    /// Another endpoint than SQS's own.
    pub sqs_endpoint: Option<String>,
    /// Another endpoint than Lambda's own.
    pub lambda_endpoint: Option<String>,
    /// Another endpoint than Secrets Manager's own.
    pub secrets_endpoint: Option<String>,
    /// Another endpoint than Systems Manager's own.
    pub ssm_endpoint: Option<String>,
}

impl fmt::Debug for AwsEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the credentials.
        f.debug_struct("AwsEnvironment").field("region", &self.region).finish_non_exhaustive()
    }
}

/// Why a function cannot start: every variable that is wrong, one sentence each.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct ConfigurationError(pub Vec<String>);

impl Configuration {
    /// Reads the environment through a look-up.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigurationError> {
        let mut reader = Reader { variable: &variable, faults: Vec::new() };
        let handler = reader.choice("_HANDLER", None, HANDLERS);
        let serves = !matches!(handler, Some(Handler::Sweeper | Handler::Authorizer));
        let mut table = |name| if serves { reader.required(name) } else { String::new() };
        let registrations_table = table(variables::REGISTRATIONS_TABLE);
        let sessions_table = table(variables::SESSIONS_TABLE);
        let direct_invoke =
            reader.choice(variables::DIRECT_INVOKE, Some("DENY"), PERMISSIONS).unwrap_or(false);
        let (authentication, door) = reader.authentication(handler, direct_invoke);
        let configuration = Self {
            handler: handler.unwrap_or(Handler::Mcp),
            stack: reader.required(variables::STACK),
            registrations_table,
            sessions_table,
            authentication,
            door,
            public_url: reader.public_url(),
            direct_invoke,
            invoke_mode: reader
                .choice(variables::INVOKE_MODE, Some("BUFFERED"), INVOKE_MODES)
                .unwrap_or(InvokeMode::Buffered),
            planes: reader.planes(),
            path_prefix: reader.prefix(),
            allowed_origins: reader.origins(),
            catalog_freshness: reader.seconds(
                variables::CATALOG_FRESHNESS_SECONDS,
                DEFAULT_FRESHNESS,
                MAX_FRESHNESS,
            ),
            list_ttl: reader.seconds(variables::LIST_TTL_SECONDS, DEFAULT_TTL, MAX_TTL),
            instructions: reader.optional(variables::INSTRUCTIONS),
            limits: RateLimits {
                per_principal: reader.unless_none(variables::LIMIT_PRINCIPAL, NONE),
                per_tool: reader.unless_none(variables::LIMIT_TOOL, NONE),
                sessions: reader.unless_none(variables::LIMIT_SESSIONS, DEFAULT_SESSIONS),
            },
            expiry: reader
                .unless_none(variables::SESSION_IDLE, NONE)
                .map_or_else(Expiry::default, Expiry::Sliding),
            gateway: reader.gateway(),
            callers: reader
                .choice(variables::LOG_CALLERS, Some("NAMED"), CALLERS)
                .unwrap_or_default(),
            aws: reader.aws(),
        };
        if reader.faults.is_empty() {
            Ok(configuration)
        } else {
            Err(ConfigurationError(reader.faults))
        }
    }
}

const HANDLERS: &[(&str, Handler)] = &[
    (handlers::MCP, Handler::Mcp),
    (handlers::REGISTRATION, Handler::Registration),
    (handlers::SWEEPER, Handler::Sweeper),
    (handlers::AUTHORIZER, Handler::Authorizer),
];
const PERMISSIONS: &[(&str, bool)] = &[("DENY", false), ("ALLOW", true)];
const INVOKE_MODES: &[(&str, InvokeMode)] =
    &[("BUFFERED", InvokeMode::Buffered), ("RESPONSE_STREAM", InvokeMode::ResponseStream)];
const CALLERS: &[(&str, Callers)] = &[("NAMED", Callers::Named), ("HASHED", Callers::Hashed)];
/// What switches a limit off, and sessions that may be idle for some time only.
const NONE: &str = "none";
/// Seconds: a new tool shows within one turn of a conversation.
const DEFAULT_FRESHNESS: u64 = 5;
/// Seconds.
const MAX_FRESHNESS: u64 = 3_600;
/// Seconds.
const DEFAULT_TTL: u64 = 5;
/// Seconds.
const MAX_TTL: u64 = 86_400;

struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<String>,
}

impl Reader<'_> {
    /// An empty variable is as good as none.
    fn optional(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.trim().is_empty())
    }

    fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.faults.push(format!("{name} must be set"));
            String::new()
        })
    }

    fn choice<T: Copy>(
        &mut self,
        name: &str,
        default: Option<&str>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = self.optional(name).or_else(|| default.map(str::to_owned)).unwrap_or_default();
        let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
        if chosen.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.faults.push(format!("{name} must be {}, not `{text}`", words.join(" or ")));
        }
        chosen
    }

    fn seconds(&mut self, name: &str, default: u64, most: u64) -> Duration {
        let Some(text) = self.optional(name) else { return Duration::from_secs(default) };
        match text.parse() {
            Ok(seconds) if seconds <= most => Duration::from_secs(seconds),
            _ => {
                self.faults.push(format!("{name} must be 0 to {most}, not `{text}`"));
                Duration::from_secs(default)
            }
        }
    }

    /// A value that is `none` where there is to be none.
    fn unless_none<T: FromStr<Err: fmt::Display>>(
        &mut self,
        name: &str,
        default: &str,
    ) -> Option<T> {
        let text = self.optional(name).unwrap_or_else(|| default.to_owned());
        if text == NONE {
            return None;
        }
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.faults.push(format!("{name} must be {NONE}, or {error}, not `{text}`"));
                None
            }
        }
    }

    /// Both or none: a right that nobody can try out would be a guess.
    fn gateway(&mut self) -> Option<GatewayFunction> {
        const ROLE: &str = variables::GATEWAY_ROLE_ARN;
        const FUNCTION: &str = variables::GATEWAY_FUNCTION_ARN;
        match (self.optional(ROLE), self.optional(FUNCTION)) {
            (Some(role), Some(function)) => Some(GatewayFunction { role, function }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                self.faults.push(format!("{ROLE} and {FUNCTION} are set together or not at all"));
                None
            }
        }
    }

    fn planes(&mut self) -> ClientPlanes {
        const NAME: &str = variables::PLANES;
        let text = self.optional(NAME).unwrap_or_else(|| "mcp,sse,message".to_owned());
        let mut planes = ClientPlanes { mcp: false, sse: false, message: false };
        for word in text.split(',').map(str::trim) {
            match word {
                "mcp" => planes.mcp = true,
                "sse" => planes.sse = true,
                "message" => planes.message = true,
                _ => {
                    self.faults.push(format!("{NAME} must list mcp, sse or message, not `{word}`"));
                }
            }
        }
        planes
    }

    fn prefix(&mut self) -> Option<String> {
        const NAME: &str = variables::PATH_PREFIX;
        let text = self.optional(NAME)?;
        let segments = text.strip_prefix('/').unwrap_or_default();
        let segments = segments.strip_suffix('/').unwrap_or(segments);
        let good = |segment: &str| {
            !segment.is_empty()
                && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
        };
        if segments.split('/').all(good) {
            return Some(format!("/{segments}"));
        }
        self.faults.push(format!("{NAME} must be a path such as /tools, not `{text}`"));
        None
    }

    fn origins(&mut self) -> BTreeSet<String> {
        const NAME: &str = variables::ALLOWED_ORIGINS;
        let text = self.optional(NAME).unwrap_or_default();
        let mut origins = BTreeSet::new();
        for origin in text.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            let good = |host: &str| {
                !host.is_empty()
                    && !host.contains(['/', '*', '?', '#', '@'])
                    && host.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase())
            };
            if host.is_some_and(good) {
                origins.insert(origin.to_owned());
            } else {
                let form = "https://inspector.example.com";
                self.faults
                    .push(format!("{NAME} must list origins such as {form}, not `{origin}`"));
            }
        }
        origins
    }

    fn aws(&mut self) -> AwsEnvironment {
        let all = self.optional("AWS_ENDPOINT_URL");
        let endpoint = |name| self.optional(name).or_else(|| all.clone());
        let (dynamodb_endpoint, sqs_endpoint, lambda_endpoint) = (
            endpoint("AWS_ENDPOINT_URL_DYNAMODB"),
            endpoint("AWS_ENDPOINT_URL_SQS"),
            endpoint("AWS_ENDPOINT_URL_LAMBDA"),
        );
        let (secrets_endpoint, ssm_endpoint) =
            (endpoint("AWS_ENDPOINT_URL_SECRETS_MANAGER"), endpoint("AWS_ENDPOINT_URL_SSM"));
        AwsEnvironment {
            region: self.required("AWS_REGION"),
            access_key_id: self.required("AWS_ACCESS_KEY_ID"),
            secret_access_key: self.required("AWS_SECRET_ACCESS_KEY"),
            session_token: self.optional("AWS_SESSION_TOKEN"),
            dynamodb_endpoint,
            sqs_endpoint,
            lambda_endpoint,
            secrets_endpoint,
            ssm_endpoint,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[(&str, &str)] = &[
        ("_HANDLER", "mcp"),
        ("MCP_LAMBDA_STACK", "stack"),
        ("MCP_LAMBDA_REGISTRATIONS_TABLE", "registrations"),
        ("MCP_LAMBDA_SESSIONS_TABLE", "sessions"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "the-secret"),
    ];

    fn read(changes: &[(&str, &str)]) -> Result<Configuration, Vec<String>> {
        let all: Vec<_> = changes.iter().chain(GOOD).copied().collect();
        let look = |name: &str| {
            all.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Configuration::read(look).map_err(|error| error.0)
    }

    fn fault(changes: &[(&str, &str)]) -> String {
        let faults = read(changes).expect_err("a fault");
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults.concat()
    }

    #[test]
    fn defaults() {
        let read = read(&[]).expect("good");
        assert_eq!((read.handler, read.stack.as_str()), (Handler::Mcp, "stack"));
        assert_eq!(read.authentication, Authentication::AwsIam);
        assert_eq!(read.invoke_mode, InvokeMode::Buffered);
        assert!(!read.direct_invoke);
        assert_eq!(read.planes, ClientPlanes { mcp: true, sse: true, message: true });
        assert_eq!(read.catalog_freshness, Duration::from_secs(5));
        assert!(read.allowed_origins.is_empty() && read.path_prefix.is_none());
        assert!(read.aws.sqs_endpoint.is_none());
    }

    #[test]
    fn every_variable_is_documented() {
        let document = include_str!("../../../docs/functions.md");
        let asked = std::cell::RefCell::new(BTreeSet::new());
        let _ = Configuration::read(|name| {
            asked.borrow_mut().insert(name.to_owned());
            None
        });
        let asked = asked.into_inner();
        assert!(asked.len() > 20, "{asked:?}");
        for name in asked {
            assert!(document.contains(&format!("`{name}`")), "{name} is not documented");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let faults = Configuration::read(|_| None).expect_err("nothing is set").0;
        assert_eq!(
            faults,
            [
                "_HANDLER must be mcp or registration or sweeper or authorizer, not ``",
                "MCP_LAMBDA_REGISTRATIONS_TABLE must be set",
                "MCP_LAMBDA_SESSIONS_TABLE must be set",
                "MCP_LAMBDA_STACK must be set",
                "AWS_REGION must be set",
                "AWS_ACCESS_KEY_ID must be set",
                "AWS_SECRET_ACCESS_KEY must be set",
            ]
        );
    }

    #[test]
    fn the_gateway_is_named_with_its_role() {
        let (role, function) = ("MCP_LAMBDA_GATEWAY_ROLE_ARN", "MCP_LAMBDA_GATEWAY_FUNCTION_ARN");
        assert_eq!(read(&[]).expect("good").gateway, None);
        let both = read(&[(role, "r"), (function, "f")]).expect("good").gateway;
        let expected = GatewayFunction { role: "r".to_owned(), function: "f".to_owned() };
        assert_eq!(both, Some(expected));
        for one in [role, function] {
            assert!(fault(&[(one, "x")]).contains("together"), "{one}");
        }
    }

    #[test]
    fn the_sweeper_needs_no_tables() {
        let sweeper = [
            ("_HANDLER", "sweeper"),
            ("MCP_LAMBDA_REGISTRATIONS_TABLE", ""),
            ("MCP_LAMBDA_SESSIONS_TABLE", ""),
        ];
        assert_eq!(read(&sweeper).expect("good").handler, Handler::Sweeper);
    }

    #[test]
    fn words() {
        let wrong = fault(&[("_HANDLER", "mpc")]);
        let words = "mcp or registration or sweeper or authorizer";
        assert_eq!(wrong, format!("_HANDLER must be {words}, not `mpc`"));
        assert!(fault(&[("MCP_LAMBDA_AUTHENTICATION", "aws_iam")]).contains("AWS_IAM or NONE"));
        assert!(fault(&[("MCP_LAMBDA_DIRECT_INVOKE", "yes")]).contains("DENY or ALLOW"));
        assert!(fault(&[("MCP_LAMBDA_INVOKE_MODE", "STREAM")]).contains("RESPONSE_STREAM"));
        assert!(fault(&[("MCP_LAMBDA_PLANES", "mcp,register")]).contains("`register`"));
        let planes = read(&[("MCP_LAMBDA_PLANES", "sse, message")]).expect("good").planes;
        assert_eq!(planes, ClientPlanes { mcp: false, sse: true, message: true });
    }

    #[test]
    fn doors() {
        let kind = |value| ("MCP_LAMBDA_AUTHENTICATION", value);
        let tokens = ("MCP_LAMBDA_BEARER_TOKENS", "/mcp-lambda/stack/tokens");
        let issuer = ("MCP_LAMBDA_OAUTH_ISSUER", "https://issuer.example.com");
        let bearer = read(&[kind("BEARER"), tokens]).expect("good");
        assert_eq!(bearer.authentication, Authentication::Door);
        assert!(matches!(bearer.door, Some(PublicDoor::Bearer(name)) if name == tokens.1));
        let oauth = read(&[
            kind("OAUTH"),
            issuer,
            ("MCP_LAMBDA_OAUTH_AUDIENCES", "a, b c"),
            ("MCP_LAMBDA_OAUTH_CLIENTS", "client"),
            ("MCP_LAMBDA_OAUTH_SCOPES", "read write"),
            ("MCP_LAMBDA_OAUTH_RULES", "tools/a=admin"),
            ("MCP_LAMBDA_OAUTH_CLAIMS", "email,cognito:groups"),
            ("MCP_LAMBDA_PUBLIC_URL", "https://tools.example.com/"),
        ]);
        let oauth = oauth.expect("good");
        assert_eq!(
            oauth.public_url.map(|site| site.url("/mcp")).as_deref(),
            Some("https://tools.example.com/mcp")
        );
        let Some(PublicDoor::OAuth(settings)) = oauth.door else { panic!("no door") };
        assert_eq!((settings.audiences.len(), settings.clients.len()), (3, 1));
        assert_eq!(
            (settings.scopes.to_string().as_str(), settings.claims.len()),
            ("read write", 2)
        );
        assert!(settings.admin.is_none() && !settings.rules.is_empty());
        let authorizer = [
            ("_HANDLER", "authorizer"),
            kind("BEARER"),
            tokens,
            ("MCP_LAMBDA_REGISTRATIONS_TABLE", ""),
            ("MCP_LAMBDA_SESSIONS_TABLE", ""),
        ];
        assert!(read(&authorizer).is_ok());
        for (changes, words) in [
            (vec![kind("BEARER")], "MCP_LAMBDA_BEARER_TOKENS must be set"),
            (vec![kind("OAUTH")], "MCP_LAMBDA_OAUTH_ISSUER must be set"),
            (vec![kind("OAUTH"), ("MCP_LAMBDA_OAUTH_ISSUER", "http://a.example")], "https://"),
            (vec![kind("OAUTH"), issuer, ("MCP_LAMBDA_OAUTH_SCOPES", "\"")], "OAUTH_SCOPES"),
            (vec![kind("OAUTH"), issuer, ("MCP_LAMBDA_OAUTH_RULES", "a")], "OAUTH_RULES"),
            (vec![kind("OAUTH"), issuer, ("MCP_LAMBDA_OAUTH_CLAIMS", "é")], "OAUTH_CLAIMS"),
            (vec![kind("BEARER"), tokens, ("MCP_LAMBDA_DIRECT_INVOKE", "ALLOW")], "must be DENY"),
            (vec![kind("BEARER"), tokens, ("_HANDLER", "registration")], "for administrators"),
            (vec![("_HANDLER", "authorizer")], "BEARER or OAUTH for the authorizer"),
            (vec![kind("bearer")], "AWS_IAM or NONE or BEARER or OAUTH"),
            (vec![("MCP_LAMBDA_PUBLIC_URL", "tools")], "MCP_LAMBDA_PUBLIC_URL"),
        ] {
            let told = fault(&changes);
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn seconds_at_and_above_their_bound() {
        for (name, most) in [
            ("MCP_LAMBDA_CATALOG_FRESHNESS_SECONDS", 3_600),
            ("MCP_LAMBDA_LIST_TTL_SECONDS", 86_400),
        ] {
            assert!(read(&[(name, "0")]).is_ok());
            assert!(read(&[(name, &format!("{most}"))]).is_ok());
            assert!(fault(&[(name, &format!("{}", most + 1))]).contains(name));
            assert!(fault(&[(name, "-1")]).contains("`-1`"));
        }
    }

    #[test]
    fn limits_and_sessions() {
        let defaults = read(&[]).expect("good");
        let sessions = Some(DEFAULT_SESSIONS.parse().expect("a rate"));
        assert_eq!(defaults.limits, RateLimits { sessions, ..RateLimits::default() });
        assert_eq!((defaults.expiry, defaults.callers), (Expiry::default(), Callers::Named));
        let set = read(&[
            ("MCP_LAMBDA_LIMIT_PRINCIPAL", "100/1m"),
            ("MCP_LAMBDA_LIMIT_TOOL", "10/1s"),
            ("MCP_LAMBDA_LIMIT_SESSIONS", "none"),
            ("MCP_LAMBDA_SESSION_IDLE", "30m"),
            ("MCP_LAMBDA_LOG_CALLERS", "HASHED"),
        ]);
        let set = set.expect("good");
        assert_eq!(set.limits.per_principal, Some("100/1m".parse().expect("a rate")));
        assert_eq!(set.limits.per_tool, Some("10/1s".parse().expect("a rate")));
        assert_eq!(set.limits.sessions, None);
        assert_eq!(set.expiry, Expiry::Sliding("30m".parse().expect("a time")));
        assert_eq!(set.callers, Callers::Hashed);
        for (name, bad) in [
            ("MCP_LAMBDA_LIMIT_PRINCIPAL", "100"),
            ("MCP_LAMBDA_LIMIT_TOOL", "0/1s"),
            ("MCP_LAMBDA_LIMIT_SESSIONS", "NONE"),
            ("MCP_LAMBDA_SESSION_IDLE", "30"),
            ("MCP_LAMBDA_LOG_CALLERS", "hashed"),
        ] {
            let told = fault(&[(name, bad)]);
            assert!(told.contains(name) && told.contains(&format!("`{bad}`")), "{told}");
        }
    }

    #[test]
    fn origins_and_prefixes() {
        let name = "MCP_LAMBDA_ALLOWED_ORIGINS";
        let origins = read(&[(name, "https://a.example, http://localhost:6274")]).expect("good");
        assert_eq!(origins.allowed_origins.len(), 2);
        for bad in ["*", "https://", "https://*.example", "https://a.example/", "a.example"] {
            assert!(fault(&[(name, bad)]).contains(bad), "{bad}");
        }
        let name = "MCP_LAMBDA_PATH_PREFIX";
        for (given, read_as) in [("/tools", "/tools"), ("/a/b/", "/a/b")] {
            assert_eq!(read(&[(name, given)]).expect("good").path_prefix.as_deref(), Some(read_as));
        }
        for bad in ["tools", "/", "/a//b", "/a b", "/a?b"] {
            assert!(fault(&[(name, bad)]).contains(name), "{bad}");
        }
    }

    #[test]
    fn endpoints() {
        let all = ("AWS_ENDPOINT_URL", "http://a");
        let read = read(&[all, ("AWS_ENDPOINT_URL_SQS", "http://b")]).expect("good");
        assert_eq!(read.aws.dynamodb_endpoint.as_deref(), Some("http://a"));
        assert_eq!(read.aws.sqs_endpoint.as_deref(), Some("http://b"));
        assert!(!format!("{read:?}").contains("the-secret"));
    }
}
