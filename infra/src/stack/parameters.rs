//! What is decided when the template is deployed: its parameters, and the conditions made of them.

mod api;
mod door;
mod functions;
mod observing;

use mcp_lambda_runtime::deployment::MAX_STACK_CHARACTERS;

pub(super) use self::api::ApiParameters;
pub(super) use self::door::{ApiDoor, DoorParameters};
pub(super) use self::functions::{DataParameters, FunctionParameters};
pub(super) use self::observing::ObservingParameters;

use crate::core::{Condition, InvalidTemplate, Parameter, Predicate, Rule, Template, Value};
use crate::stack::settings::{Api, Settings};

/// Headings, in the order in which consoles show them.
const GATEWAY: &str = "Gateway";
const NETWORK: &str = "Network";
const LIMITS: &str = "Limits and sessions";

/// What a limit may be: a rate such as `100/1m`, or none.
const RATE: &str = "^(none|[1-9][0-9]{0,5}/[1-9][0-9]*[smh])$";
/// How long a session may be idle, or without end.
const IDLE: &str = "^(none|[1-9][0-9]*[smh])$";

/// The parameters of every stack.
pub(super) struct Parameters {
    pub(super) identifier: Value<String>,
    pub(super) serving: ServingParameters,
    pub(super) network: NetworkParameters,
    pub(super) limits: LimitParameters,
    pub(super) door: DoorParameters,
    pub(super) api: Option<ApiParameters>,
    pub(super) observing: ObservingParameters,
    pub(super) data: DataParameters,
    pub(super) functions: FunctionParameters,
    /// Tags whose values are decided late: keys and values.
    pub(super) tags: Vec<(&'static str, Value<String>)>,
}

/// How clients and administrators are served.
pub(super) struct ServingParameters {
    pub(super) tool_functions: Value<String>,
    pub(super) direct_invoke: Value<String>,
    pub(super) instructions: Value<String>,
    pub(super) origins: Value<String>,
    pub(super) catalog_freshness: Value<i64>,
    pub(super) list_ttl: Value<i64>,
}

pub(super) struct NetworkParameters {
    pub(super) used: Condition,
    pub(super) vpc: Value<String>,
    pub(super) subnets: Value<Vec<String>>,
}

pub(super) struct LimitParameters {
    pub(super) principal: Value<String>,
    pub(super) tool: Value<String>,
    pub(super) sessions: Value<String>,
    pub(super) idle: Value<String>,
}

impl Parameters {
    /// Declares them.
    pub(super) fn declare(
        template: &mut Template,
        settings: &Settings,
    ) -> Result<Self, InvalidTemplate> {
        let identifier = identifier(template)?;
        let network = NetworkParameters::declare(template)?;
        let serving = ServingParameters::declare(template)?;
        let limits = LimitParameters::declare(template)?;
        let api = match settings.api {
            Api::Absent => None,
            Api::Whole | Api::Split => Some(ApiParameters::declare(template)?),
        };
        Ok(Self {
            identifier,
            network,
            serving,
            limits,
            door: DoorParameters::declare(template, api.as_ref())?,
            api,
            observing: ObservingParameters::declare(template)?,
            data: DataParameters::declare(template)?,
            functions: FunctionParameters::declare(template, &settings.code)?,
            tags: functions::tags(template, settings)?,
        })
    }
}

impl ServingParameters {
    fn declare(template: &mut Template) -> Result<Self, InvalidTemplate> {
        let tool_functions = template.parameter(
            "ToolFunctionNames",
            Parameter::text()
                .group(GATEWAY)
                .label("Functions that may be registered")
                .description(
                    "A pattern of the names of functions in this account and Region, with * and ?.",
                )
                .default("*")
                .allowed_pattern("^[A-Za-z0-9_*?-]{1,64}$"),
        )?;
        let direct_invoke = template.parameter(
            "DirectInvoke",
            Parameter::text()
                .group(GATEWAY)
                .label("JSON-RPC by direct invocation")
                .description(
                    "Whether whoever may invoke the function may send it JSON-RPC messages.",
                )
                .default("DENY")
                .allowed_values(["DENY", "ALLOW"]),
        )?;
        let instructions = template.parameter(
            "Instructions",
            Parameter::text()
                .group(GATEWAY)
                .label("Instructions for models")
                .description("A text for the model about the server as a whole.")
                .default("")
                .length(0, 2048),
        )?;
        let origins = template.parameter(
            "AllowedOrigins",
            Parameter::text()
                .group(GATEWAY)
                .label("Web origins that may call")
                .description("Such as https://example.com, by commas. Empty: none.")
                .default("")
                .length(0, 1024),
        )?;
        let (catalog_freshness, list_ttl) = ages(template)?;
        Ok(Self {
            tool_functions,
            direct_invoke,
            instructions,
            origins,
            catalog_freshness,
            list_ttl,
        })
    }
}

fn identifier(template: &mut Template) -> Result<Value<String>, InvalidTemplate> {
    let pattern = format!("^[A-Za-z0-9][A-Za-z0-9-]{{0,{}}}$", MAX_STACK_CHARACTERS - 1);
    let sentence =
        format!("1 to {MAX_STACK_CHARACTERS} letters, digits and hyphens, the first no hyphen");
    template.parameter(
        "StackIdentifier",
        Parameter::text()
            .group(GATEWAY)
            .label("Identifier")
            .description(
                "Names begin with it. Two stacks of an account and Region need two of them.",
            )
            .default("default")
            .allowed_pattern(&pattern)
            .constraint_description(&sentence),
    )
}

/// How old what is remembered may be.
fn ages(template: &mut Template) -> Result<(Value<i64>, Value<i64>), InvalidTemplate> {
    let catalog = template.parameter(
        "CatalogFreshnessSeconds",
        Parameter::number()
            .group(GATEWAY)
            .label("Freshness of the catalog")
            .description("Seconds until a change of registrations shows at the latest.")
            .default(5)
            .between(0, 3_600),
    )?;
    let lists = template.parameter(
        "ListTtlSeconds",
        Parameter::number()
            .group(GATEWAY)
            .label("Freshness of lists")
            .description("Seconds for which clients may keep lists of tools.")
            .default(5)
            .between(0, 86_400),
    )?;
    Ok((catalog, lists))
}

impl NetworkParameters {
    fn declare(template: &mut Template) -> Result<Self, InvalidTemplate> {
        let enabled = template.parameter(
            "VpcEnabled",
            Parameter::flag(false)
                .group(NETWORK)
                .label("In a VPC")
                .description("Whether functions run in subnets of a VPC, which need ways to AWS."),
        )?;
        // Neither can be of the type of its own, which takes no empty value.
        let vpc = template.parameter(
            "VpcId",
            Parameter::text()
                .group(NETWORK)
                .label("VPC")
                .description("Such as vpc-0123456789abcdef0.")
                .default("")
                .allowed_pattern("^(vpc-[0-9a-f]{8,17})?$"),
        )?;
        let subnets = template.parameter(
            "SubnetIds",
            Parameter::list()
                .group(NETWORK)
                .label("Subnets")
                .description("Private ones, in at least two zones, by commas.")
                .default([""]),
        )?;
        let wanted = enabled.equals("true");
        let used = template.condition("UseVpc", wanted.clone())?;
        let rule = Rule::new(!vpc.equals(""), "VpcEnabled needs VpcId")
            .and(!Predicate::contains(&subnets, ""), "VpcEnabled needs SubnetIds");
        template.rule("VpcNeedsSubnets", rule.when(wanted))?;
        Ok(Self { used, vpc, subnets })
    }
}

impl LimitParameters {
    fn declare(template: &mut Template) -> Result<Self, InvalidTemplate> {
        let mut rate = |name: &str, label: &str, text: &str, default: &str, pattern: &str| {
            template.parameter(
                name,
                Parameter::text()
                    .group(LIMITS)
                    .label(label)
                    .description(text)
                    .default(default)
                    .allowed_pattern(pattern),
            )
        };
        Ok(Self {
            principal: rate(
                "LimitPrincipal",
                "Requests of each caller",
                "Such as 100/1m, or none.",
                "none",
                RATE,
            )?,
            tool: rate("LimitTool", "Calls of each tool", "Such as 10/1s, or none.", "none", RATE)?,
            sessions: rate(
                "LimitSessions",
                "Sessions of each caller",
                "How many a caller may begin, such as 10000/24h, or none.",
                "10000/24h",
                RATE,
            )?,
            idle: rate(
                "SessionIdle",
                "Idle sessions",
                "How long a session may be idle, such as 30m. With none it ends after a day.",
                "none",
                IDLE,
            )?,
        })
    }
}
