//! What is observed besides logs and metrics: traces, and the machine by Lambda Insights.

use crate::construct::Grant;
use crate::construct::grant::allow;
use crate::core::{Condition, Value};
use crate::sub;

/// What Lambda sends to X-Ray with. It knows no resources.
const TRACE: &[&str] = &["xray:PutTelemetryRecords", "xray:PutTraceSegments"];
/// What the extension of Lambda Insights writes with.
const INSIGHTS: &[&str] = &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];

/// Whether functions are traced, and the layer of Lambda Insights if they have it.
#[derive(Clone, Debug)]
pub struct Observe {
    /// Whether X-Ray traces them.
    pub traced: Condition,
    /// Whether they have the layer.
    pub measured: Condition,
    /// The layer's ARN.
    pub layer: Value<String>,
}

impl Observe {
    /// To send what is observed.
    pub fn grants(&self) -> [Grant; 2] {
        let group = sub!(
            "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda-insights:*"
        );
        [
            Grant::new("Traces", [allow(&[TRACE]).on_everything()]).only_if(&self.traced),
            Grant::new("Insights", [allow(&[INSIGHTS]).on(group)]).only_if(&self.measured),
        ]
    }
}
