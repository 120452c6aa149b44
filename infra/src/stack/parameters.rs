//! What is decided when the template is deployed: its parameters, and the conditions made of them.

use mcp_lambda_runtime::deployment::MAX_STACK_CHARACTERS;

use crate::aws::lambda::function::Architecture;
use crate::core::{Condition, InvalidTemplate, Parameter, Predicate, Rule, Template, Value};
use crate::stack::settings::{Api, Archives, Code, Settings};

/// Headings, in the order in which consoles show them.
const GATEWAY: &str = "Gateway";
const NETWORK: &str = "Network";
const LIMITS: &str = "Limits and sessions";
const API: &str = "API Gateway";
const OBSERVING: &str = "Logs, metrics and traces";
const PROTECTION: &str = "Protection of data";
const FUNCTIONS: &str = "Functions";
const TAGS: &str = "Tags";

/// How long CloudWatch may keep a log, in days.
const RETENTIONS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];
/// What a limit may be: a rate such as `100/1m`, or none.
const RATE: &str = "^(none|[1-9][0-9]{0,5}/[1-9][0-9]*[smh])$";
/// How long a session may be idle, or without end.
const IDLE: &str = "^(none|[1-9][0-9]*[smh])$";
/// What stands for no limit on instances: Lambda takes 0 for "none at all".
const UNRESERVED: i64 = -1;
/// The most instances that can be asked for here.
const MAX_RESERVED: i64 = 100_000;

/// The parameters of every stack.
pub(super) struct Parameters {
    pub(super) identifier: Value<String>,
    pub(super) architecture: Value<Architecture>,
    pub(super) tool_functions: Value<String>,
    pub(super) direct_invoke: Value<String>,
    pub(super) instructions: Value<String>,
    pub(super) origins: Value<String>,
    pub(super) catalog_freshness: Value<i64>,
    pub(super) list_ttl: Value<i64>,
    pub(super) network: NetworkParameters,
    pub(super) limits: LimitParameters,
    pub(super) api: Option<ApiParameters>,
    pub(super) observing: ObservingParameters,
    pub(super) key_arn: Value<String>,
    pub(super) has_key: Condition,
    pub(super) protected: Value<bool>,
    pub(super) memory: Value<i64>,
    pub(super) timeout: Value<i64>,
    pub(super) reserved: Value<i64>,
    pub(super) is_reserved: Condition,
    pub(super) admin_reserved: Value<i64>,
    pub(super) is_admin_reserved: Condition,
    /// Tags whose values are decided late: keys and values.
    pub(super) tags: Vec<(&'static str, Value<String>)>,
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

pub(super) struct ApiParameters {
    pub(super) used: Condition,
    pub(super) stage: Value<String>,
    pub(super) rate: Value<i64>,
    pub(super) burst: Value<i64>,
    pub(super) logged: Condition,
}

pub(super) struct ObservingParameters {
    pub(super) retention: Value<i64>,
    pub(super) callers: Value<String>,
    pub(super) tracing: Value<bool>,
    pub(super) traced: Condition,
    pub(super) layer: Value<String>,
    pub(super) measured: Condition,
    pub(super) topic: Value<String>,
    pub(super) told: Condition,
    pub(super) threshold: Value<i64>,
}

impl Parameters {
    /// Declares them.
    pub(super) fn declare(
        template: &mut Template,
        settings: &Settings,
    ) -> Result<Self, InvalidTemplate> {
        let identifier = identifier(template)?;
        let network = NetworkParameters::declare(template)?;
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
        let limits = LimitParameters::declare(template)?;
        let api = match settings.api {
            Api::Absent => None,
            Api::Whole | Api::Split => Some(ApiParameters::declare(template)?),
        };
        let observing = ObservingParameters::declare(template)?;
        let (key_arn, has_key, protected) = protection(template)?;
        let functions = Functions::declare(template, &settings.code)?;
        let tags = tags(template, settings)?;
        Ok(Self {
            identifier,
            architecture: functions.architecture,
            tool_functions,
            direct_invoke,
            instructions,
            origins,
            catalog_freshness,
            list_ttl,
            network,
            limits,
            api,
            observing,
            key_arn,
            has_key,
            protected,
            memory: functions.memory,
            timeout: functions.timeout,
            reserved: functions.reserved,
            is_reserved: functions.is_reserved,
            admin_reserved: functions.admin_reserved,
            is_admin_reserved: functions.is_admin_reserved,
            tags,
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

impl ApiParameters {
    fn declare(template: &mut Template) -> Result<Self, InvalidTemplate> {
        let enabled = template.parameter(
            "ApiEnabled",
            Parameter::flag(false).group(API).label("An API Gateway too").description(
                "Whether there is a REST API besides the Function URL; signed requests alone.",
            ),
        )?;
        let stage = template.parameter(
            "ApiStage",
            Parameter::text()
                .group(API)
                .label("Stage")
                .description("The first part of the path.")
                .default("prod")
                .allowed_pattern("^[A-Za-z0-9_-]{1,128}$"),
        )?;
        let rate = template.parameter(
            "ApiRateLimit",
            Parameter::number()
                .group(API)
                .label("Requests in a second")
                .description("Of all callers together, over time.")
                .default(100)
                .between(1, 10_000),
        )?;
        let burst = template.parameter(
            "ApiBurstLimit",
            Parameter::number()
                .group(API)
                .label("Requests at once")
                .description("Of all callers together.")
                .default(200)
                .between(1, 5_000),
        )?;
        let logged = template.parameter(
            "ApiAccessLog",
            Parameter::flag(false).group(API).label("Access log").description(
                "Whether requests are logged. The account needs a role of API Gateway for logs.",
            ),
        )?;
        let wanted = enabled.equals("true");
        let logged = template.condition("LogApi", wanted.clone() & logged.equals("true"))?;
        let used = template.condition("UseApi", wanted)?;
        Ok(Self { used, stage, rate, burst, logged })
    }
}

impl ObservingParameters {
    fn declare(template: &mut Template) -> Result<Self, InvalidTemplate> {
        let retention = template.parameter(
            "LogRetentionDays",
            Parameter::number()
                .group(OBSERVING)
                .label("Days that logs are kept")
                .default(30)
                .allowed_values(RETENTIONS),
        )?;
        let callers = template.parameter(
            "LogCallers",
            Parameter::text()
                .group(OBSERVING)
                .label("Callers in the log")
                .description("By their names, or by digests of them.")
                .default("NAMED")
                .allowed_values(["NAMED", "HASHED"]),
        )?;
        let tracing = template.parameter(
            "TracingEnabled",
            Parameter::flag(true)
                .group(OBSERVING)
                .label("Traces")
                .description("Whether X-Ray traces requests."),
        )?;
        let layer = template.parameter(
            "LambdaInsightsLayerArn",
            Parameter::text()
                .group(OBSERVING)
                .label("Lambda Insights")
                .description("The ARN of its layer for this Region and architecture. Empty: none.")
                .default("")
                .allowed_pattern("^(arn:[^:]+:lambda:[^:]+:[0-9]{12}:layer:[^:]+:[0-9]+)?$"),
        )?;
        let topic = template.parameter(
            "AlarmTopicArn",
            Parameter::text()
                .group(OBSERVING)
                .label("Topic for alarms")
                .description("The ARN of an SNS topic that alarms are sent to. Empty: none.")
                .default("")
                .allowed_pattern("^(arn:[^:]+:sns:[^:]+:[0-9]{12}:[A-Za-z0-9_-]+)?$"),
        )?;
        let threshold = template.parameter(
            "AlarmSystemErrors",
            Parameter::number()
                .group(OBSERVING)
                .label("System errors that raise an alarm")
                .description("Within five minutes; failed functions included.")
                .default(5)
                .between(1, 1_000_000),
        )?;
        Ok(Self {
            traced: template.condition("Trace", tracing.equals("true"))?,
            measured: template.condition("UseInsights", !layer.equals(""))?,
            told: template.condition("HasAlarmTopic", !topic.equals(""))?,
            tracing: tracing.assume(),
            retention,
            callers,
            layer,
            topic,
            threshold,
        })
    }
}

fn protection(
    template: &mut Template,
) -> Result<(Value<String>, Condition, Value<bool>), InvalidTemplate> {
    let key = template.parameter(
        "KmsKeyArn",
        Parameter::text()
            .group(PROTECTION)
            .label("Your own KMS key")
            .description(
                "Encrypts tables, logs and variables. Its policy must let CloudWatch Logs use it. \
                 Empty: keys of AWS.",
            )
            .default("")
            .allowed_pattern("^(arn:[^:]+:kms:[^:]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$"),
    )?;
    let protected = template.parameter(
        "DeletionProtection",
        Parameter::flag(false)
            .group(PROTECTION)
            .label("Protect the tables")
            .description("Whether the tables, and with them the stack, cannot be deleted."),
    )?;
    let has_key = template.condition("HasKey", !key.equals(""))?;
    Ok((key, has_key, protected.assume()))
}

struct Functions {
    architecture: Value<Architecture>,
    memory: Value<i64>,
    timeout: Value<i64>,
    reserved: Value<i64>,
    is_reserved: Condition,
    admin_reserved: Value<i64>,
    is_admin_reserved: Condition,
}

impl Functions {
    fn declare(template: &mut Template, code: &Code) -> Result<Self, InvalidTemplate> {
        let (default, allowed): (_, &[Architecture]) = match code {
            Code::Bucket { archives: Archives::Arm64(_), .. } => {
                (Architecture::Arm64, &[Architecture::Arm64])
            }
            Code::Bucket { archives: Archives::X86_64(_), .. } => {
                (Architecture::X86_64, &[Architecture::X86_64])
            }
            Code::Local(_) | Code::Bucket { archives: Archives::Both { .. }, .. } => {
                (Architecture::Arm64, &[Architecture::Arm64, Architecture::X86_64])
            }
        };
        let architecture = template.parameter(
            "Architecture",
            Parameter::one_of(allowed)
                .group(FUNCTIONS)
                .label("Processor")
                .description("What the program was built for.")
                .default(default),
        )?;
        let memory = template.parameter(
            "MemorySize",
            Parameter::number()
                .group(FUNCTIONS)
                .label("Memory of the gateway")
                .description("MB; the processor's share grows with it.")
                .default(256)
                .between(128, 10_240),
        )?;
        let timeout = template.parameter(
            "Timeout",
            Parameter::number()
                .group(FUNCTIONS)
                .label("Time of a request")
                .description(
                    "Seconds: what the longest tool needs and one more. Event streams end with it.",
                )
                .default(900)
                .between(3, 900),
        )?;
        let mut reserved = |name: &str, label: &str| {
            template.parameter(
                name,
                Parameter::number()
                    .group(FUNCTIONS)
                    .label(label)
                    .description("Kept for it, and never exceeded. -1: as many as the account has.")
                    .default(UNRESERVED)
                    .between(UNRESERVED, MAX_RESERVED),
            )
        };
        let gateway = reserved("McpReservedConcurrency", "Instances of the gateway")?;
        let admin = reserved("AdminReservedConcurrency", "Instances for administrators")?;
        Ok(Self {
            is_reserved: template.condition("ReserveMcp", !gateway.text().equals(unreserved()))?,
            is_admin_reserved: template
                .condition("ReserveAdmin", !admin.text().equals(unreserved()))?,
            architecture,
            memory,
            timeout,
            reserved: gateway,
            admin_reserved: admin,
        })
    }
}

/// Conditions compare texts.
fn unreserved() -> String {
    UNRESERVED.to_string()
}

/// Tags by parameters: key, parameter, default.
const TAG_PARAMETERS: [(&str, &str, &str); 2] = [
    ("application:group", "ApplicationGroup", "mcp-lambda"),
    ("application:owner", "ApplicationOwner", "unspecified"),
];

/// Those that the settings have not decided.
fn tags(
    template: &mut Template,
    settings: &Settings,
) -> Result<Vec<(&'static str, Value<String>)>, InvalidTemplate> {
    let mut tags = Vec::new();
    for (key, name, default) in TAG_PARAMETERS {
        if settings.tags.iter().any(|tag| tag.key() == key) {
            continue;
        }
        let parameter = Parameter::text()
            .group(TAGS)
            .label(key)
            .default(default)
            .allowed_pattern("^[A-Za-z0-9 _.:/=+@-]{0,256}$");
        tags.push((key, template.parameter(name, parameter)?));
    }
    Ok(tags)
}
