//! Alarms, on the metrics that the runtime writes and on those of Lambda.

use mcp_lambda_runtime::deployment::metrics;

use crate::aws::cloudwatch;
use crate::aws::cloudwatch::alarm::{ComparisonOperator, Dimension, Statistic, TreatMissingData};
use crate::construct::Scope;
use crate::core::{Condition, InvalidTemplate, Resource, Value};
use crate::sub;

/// Seconds over which values are summed up.
const PERIOD: i64 = 300;

/// Whom alarms tell.
#[derive(Clone, Debug)]
pub struct Told {
    /// Whether they tell anybody.
    pub anybody: Condition,
    /// The topic's ARN.
    pub topic: Value<String>,
}

/// Puts alarms into a template.
pub struct Alarms<'a, 'b> {
    scope: &'a mut Scope<'b>,
    told: &'a Told,
}

impl<'a, 'b> Alarms<'a, 'b> {
    /// Alarms that tell the same.
    pub fn new(scope: &'a mut Scope<'b>, told: &'a Told) -> Self {
        Self { scope, told }
    }

    /// When the sum of a metric of the runtime reaches a threshold within five minutes.
    pub fn on_gateway(
        &mut self,
        id: &str,
        metric: &str,
        threshold: &Value<i64>,
        description: &str,
    ) -> Result<(), InvalidTemplate> {
        let stack = Dimension::new(metrics::STACK, &self.scope.identifier);
        let alarm = cloudwatch::Alarm::new()
            .namespace(metrics::NAMESPACE)
            .dimensions([stack])
            .threshold(threshold.clone());
        self.add(id, metric, alarm, description, None)
    }

    /// When a metric of a function's own is seen at all within five minutes.
    pub fn on_function(
        &mut self,
        id: &str,
        metric: &str,
        function: &Value<String>,
        description: &str,
        condition: Option<&Condition>,
    ) -> Result<(), InvalidTemplate> {
        let alarm = cloudwatch::Alarm::new()
            .namespace("AWS/Lambda")
            .dimensions([Dimension::new("FunctionName", function)])
            .threshold(1);
        self.add(id, metric, alarm, description, condition)
    }

    fn add(
        &mut self,
        id: &str,
        metric: &str,
        alarm: cloudwatch::Alarm,
        description: &str,
        condition: Option<&Condition>,
    ) -> Result<(), InvalidTemplate> {
        let told = || self.told.anybody.only([&self.told.topic]);
        let mut alarm = alarm
            .alarm_name(sub!("${stack}-mcp-${id}", stack = self.scope.identifier, id = id))
            .alarm_description(description)
            .metric_name(metric)
            .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
            .statistic(Statistic::Sum)
            .period(PERIOD)
            .evaluation_periods(1)
            // Where nobody calls, nothing is written.
            .treat_missing_data(TreatMissingData::NotBreaching)
            .alarm_actions(told())
            .ok_actions(told())
            .tags(self.scope.tag_list());
        if let Some(condition) = condition {
            alarm = alarm.only_if(condition);
        }
        self.scope.template.add(&format!("{id}Alarm"), alarm).map(|_| ())
    }
}
