//! Parameters of the functions and of their data.

use crate::aws::lambda::function::Architecture;
use crate::core::{Condition, InvalidTemplate, Parameter, Template, Value};
use crate::stack::settings::{Archives, Code, Settings};

const PROTECTION: &str = "Protection of data";
const FUNCTIONS: &str = "Functions";
const TAGS: &str = "Tags";
/// What stands for no limit on instances: Lambda takes 0 for "none at all".
const UNRESERVED: i64 = -1;
/// The most instances that can be asked for here.
const MAX_RESERVED: i64 = 100_000;

/// Where the functions find AWS.
const ENDPOINT: &str = "EndpointUrl";
/// Nothing, or an address without a path.
const URL: &str = "^(https?://[A-Za-z0-9.:-]{1,200})?$";

/// Encryption and deletion of data.
pub(in crate::stack) struct DataParameters {
    pub(in crate::stack) key_arn: Value<String>,
    pub(in crate::stack) has_key: Condition,
    pub(in crate::stack) protected: Value<bool>,
}

impl DataParameters {
    pub(super) fn declare(template: &mut Template) -> Result<Self, InvalidTemplate> {
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
        Ok(Self { key_arn: key, has_key, protected: protected.assume() })
    }
}

/// What is decided of the functions.
pub(in crate::stack) struct FunctionParameters {
    pub(in crate::stack) architecture: Value<Architecture>,
    pub(in crate::stack) memory: Value<i64>,
    pub(in crate::stack) timeout: Value<i64>,
    pub(in crate::stack) reserved: Value<i64>,
    pub(in crate::stack) is_reserved: Condition,
    pub(in crate::stack) admin_reserved: Value<i64>,
    pub(in crate::stack) is_admin_reserved: Condition,
    pub(in crate::stack) endpoint: Value<String>,
    pub(in crate::stack) has_endpoint: Condition,
}

impl FunctionParameters {
    pub(super) fn declare(template: &mut Template, code: &Code) -> Result<Self, InvalidTemplate> {
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
        let endpoint = template.parameter(
            ENDPOINT,
            Parameter::text()
                .group(FUNCTIONS)
                .label("Endpoint of an emulator")
                .description("Where the functions find AWS, if it is emulated. Empty: AWS.")
                .default("")
                .allowed_pattern(URL),
        )?;
        Ok(Self {
            has_endpoint: template.condition("HasEndpointUrl", !endpoint.equals(""))?,
            endpoint,
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
pub(super) fn tags(
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
