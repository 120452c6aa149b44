//! Parameters of logs, metrics and traces.

use crate::core::{Condition, InvalidTemplate, Parameter, Template, Value};

const OBSERVING: &str = "Logs, metrics and traces";
/// How long CloudWatch may keep a log, in days.
const RETENTIONS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// What is decided of logs, metrics and traces.
pub(in crate::stack) struct ObservingParameters {
    pub(in crate::stack) retention: Value<i64>,
    pub(in crate::stack) callers: Value<String>,
    pub(in crate::stack) traced: Condition,
    pub(in crate::stack) layer: Value<String>,
    pub(in crate::stack) measured: Condition,
    pub(in crate::stack) topic: Value<String>,
    pub(in crate::stack) told: Condition,
    pub(in crate::stack) threshold: Value<i64>,
}

impl ObservingParameters {
    pub(super) fn declare(template: &mut Template) -> Result<Self, InvalidTemplate> {
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
            retention,
            callers,
            layer,
            topic,
            threshold,
        })
    }
}
