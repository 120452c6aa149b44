//! What AWS SAM makes of a function beside it, for others to refer to.

use std::collections::BTreeMap;

use crate::aws::{lambda, serverless};
use crate::template::{Declaration, Handle, Template};
use crate::value::Value;
use crate::value::node::Node;

/// How SAM names what it makes of `FunctionUrlConfig`.
const URL: &str = "Url";
/// How SAM names the role of a function that has none.
const ROLE: &str = "Role";
/// How SAM names what it makes of `EventInvokeConfig`.
const EVENT_INVOKE_CONFIG: &str = "EventInvokeConfig";

impl Handle<serverless::Function> {
    /// The URL of `FunctionUrlConfig`, with a slash at its end.
    pub fn function_url(&self) -> Value<lambda::url::attr::FunctionUrl> {
        let url = Handle::<lambda::Url>::new(&format!("{}{URL}", self.logical_id()));
        url.function_url()
    }
}

/// A resource that SAM makes of another.
pub(crate) struct Made<'a> {
    /// The logical id of the other.
    pub(crate) by: &'a str,
    /// Its type.
    pub(crate) type_name: &'static str,
}

/// What SAM makes of a template's functions, by logical id.
pub(crate) fn made_by_sam(template: &Template) -> BTreeMap<String, Made<'_>> {
    let mut made = BTreeMap::new();
    for (id, resource) in template.resources() {
        if resource.type_name() == serverless::Function::TYPE {
            for (suffix, type_name) in made_of(resource) {
                made.insert(format!("{id}{suffix}"), Made { by: id, type_name });
            }
        }
    }
    made
}

fn made_of(function: &Declaration) -> Vec<(String, &'static str)> {
    let has = |name| function.properties.contains_key(name);
    let mut made = Vec::new();
    if has("FunctionUrlConfig") {
        made.push((URL.to_owned(), lambda::Url::TYPE));
    }
    if !has("Role") {
        made.push((ROLE.to_owned(), crate::aws::iam::Role::TYPE));
    }
    if has("EventInvokeConfig") {
        made.push((EVENT_INVOKE_CONFIG.to_owned(), lambda::EventInvokeConfig::TYPE));
    }
    if let Some(alias) = function.properties.get("AutoPublishAlias").and_then(Node::as_text) {
        made.push((format!("Alias{alias}"), lambda::Alias::TYPE));
    }
    let events = function.properties.get("Events").and_then(Node::as_map).into_iter().flatten();
    for (name, event) in events {
        let kind = event.as_map().and_then(|event| event.get("Type")?.as_text());
        let type_name = match kind {
            Some("Schedule" | "EventBridgeRule" | "CloudWatchEvent") => {
                crate::aws::events::Rule::TYPE
            }
            Some("ScheduleV2") => crate::aws::scheduler::Schedule::TYPE,
            Some("SQS" | "DynamoDB" | "Kinesis") => lambda::EventSourceMapping::TYPE,
            Some("SNS") => crate::aws::sns::Subscription::TYPE,
            Some(_) | None => continue,
        };
        made.push((name.clone(), type_name));
        made.push((format!("{name}Permission"), lambda::Permission::TYPE));
    }
    made
}
