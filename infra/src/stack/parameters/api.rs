//! Parameters of API Gateway.

use crate::core::{Condition, InvalidTemplate, Parameter, Predicate, Template, Value};

const API: &str = "API Gateway";

/// What is decided of API Gateway.
pub(in crate::stack) struct ApiParameters {
    /// Whether there is one.
    pub(in crate::stack) used: Condition,
    /// The same, for rules and for other conditions.
    pub(in crate::stack) wanted: Predicate,
    pub(in crate::stack) stage: Value<String>,
    pub(in crate::stack) rate: Value<i64>,
    pub(in crate::stack) burst: Value<i64>,
    pub(in crate::stack) logged: Condition,
}

impl ApiParameters {
    pub(super) fn declare(template: &mut Template) -> Result<Self, InvalidTemplate> {
        let enabled = template.parameter(
            "ApiEnabled",
            Parameter::flag(false)
                .group(API)
                .label("An API Gateway too")
                .description("Whether there is a REST API besides the Function URL."),
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
        let used = template.condition("UseApi", wanted.clone())?;
        Ok(Self { used, wanted, stage, rate, burst, logged })
    }
}
