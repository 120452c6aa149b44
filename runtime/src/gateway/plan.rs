//! From a call's parameters to its subject: found in the catalog, and its arguments checked.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::catalog::shelf::Shelved;
use crate::gateway::{Answered, Asked, Gateway};
use crate::invoke::Subject;
use crate::invoke::event::RESERVED;
use crate::invoke::exchange::Outgoing;
use crate::invoke::outcome;
use crate::protocol::call::{Named, Read};
use crate::protocol::error::RpcError;
use crate::protocol::header::Field;
use crate::protocol::json;
use crate::protocol::jsonrpc::Request;
use crate::protocol::render::CacheHint;
use crate::registration::{Prompt, PromptSource, ResourceSource, Tool};

impl Gateway {
    pub(super) async fn call_tool(
        &self,
        named: &Named<'_>,
        request: &Request<'_>,
        asked: &Asked<'_>,
        outgoing: &Outgoing,
    ) -> Answered {
        let view = match self.view(asked).await {
            Ok(view) => view,
            Err(answered) => return answered,
        };
        let name = &*named.name.0;
        let Some(tool) = view.offer.tools.find(name) else {
            let error = RpcError::params(format!("unknown tool: {}", shown(name)));
            return view.unknown(error, |all| all.tools.find(name).map(Shelved::labels));
        };
        let judged = view.judge(tool.labels());
        if let Err(error) = check_mirrors(tool, named, asked) {
            return Answered::from(error).judged(judged);
        }
        let arguments = named.arguments.map_or("{}", RawValue::get);
        if let Err(text) = check_arguments(tool, arguments) {
            let members = outcome::error_members(&text);
            let mut answered =
                Answered::own(asked.endpoint.stamp.own(asked.version, &members, None));
            answered.facts.bad_arguments = true;
            return answered.judged(judged);
        }
        let subject = Subject::Tool { tool, arguments };
        self.run(&subject, &named.resume, request, asked, outgoing).await.judged(judged)
    }

    pub(super) async fn get_prompt(
        &self,
        named: &Named<'_>,
        request: &Request<'_>,
        asked: &Asked<'_>,
        outgoing: &Outgoing,
    ) -> Answered {
        let view = match self.view(asked).await {
            Ok(view) => view,
            Err(answered) => return answered,
        };
        let name = &*named.name.0;
        let Some(prompt) = view.offer.prompts.find(name) else {
            let error = RpcError::params(format!("unknown prompt: {}", shown(name)));
            return view.unknown(error, |all| all.prompts.find(name).map(Shelved::labels));
        };
        let judged = view.judge(prompt.labels());
        let text = named.arguments.map_or("{}", RawValue::get);
        let arguments = match check_prompt_arguments(prompt, text) {
            Ok(arguments) => arguments,
            Err(error) => return Answered::from(error).judged(judged),
        };
        let answered = match &prompt.source {
            PromptSource::Text(messages) => {
                let mut members = String::new();
                if let Some(description) = &prompt.description {
                    members = format!(r#""description":{},"#, json::string(description));
                }
                members.push_str(&format!(r#""messages":{}"#, messages.render(&arguments)));
                Answered::own(asked.endpoint.stamp.own(asked.version, &members, None))
            }
            PromptSource::Function(target) => {
                let subject = Subject::Prompt { prompt, arguments: text, target };
                self.run(&subject, &named.resume, request, asked, outgoing).await
            }
        };
        answered.judged(judged)
    }

    pub(super) async fn read_resource(
        &self,
        read: &Read<'_>,
        request: &Request<'_>,
        asked: &Asked<'_>,
        outgoing: &Outgoing,
    ) -> Answered {
        let view = match self.view(asked).await {
            Ok(view) => view,
            Err(answered) => return answered,
        };
        let uri = &*read.uri.0;
        let (subject, judged) = if let Some(resource) = view.offer.resource(uri) {
            let judged = view.judge(resource.labels());
            match &resource.source {
                ResourceSource::Contents(contents) => {
                    let members = format!(r#""contents":{contents}"#);
                    let hint = CacheHint { ttl_ms: self.cache_hint().ttl_ms, public: false };
                    let stamp = &asked.endpoint.stamp;
                    let own = stamp.own(asked.version, &members, Some(hint));
                    return Answered::own(own).judged(judged);
                }
                ResourceSource::Function(target) => {
                    let subject = Subject::Resource {
                        name: resource.name.as_str(),
                        uri,
                        variables: BTreeMap::new(),
                        mime_type: resource.mime_type.as_deref(),
                        target,
                    };
                    (subject, judged)
                }
            }
        } else {
            let Some((template, variables)) = view.offer.template(uri) else {
                let error = RpcError::resource(uri, asked.version);
                return view.unknown(error, |all| all.at_uri(uri));
            };
            let subject = Subject::Resource {
                name: template.name.as_str(),
                uri,
                variables,
                mime_type: template.mime_type.as_deref(),
                target: &template.target,
            };
            (subject, view.judge(template.labels()))
        };
        self.run(&subject, &read.resume, request, asked, outgoing).await.judged(judged)
    }
}

/// The header that repeats the method of every request of 2026-07-28.
const METHOD_HEADER: &str = "mcp-method";

/// Checks arguments; `Err` is a text that lets the model correct itself.
fn check_arguments(tool: &Tool, arguments: &str) -> Result<(), String> {
    let name = &tool.name;
    if uses_reserved(arguments) {
        let why = format!("the argument name {RESERVED} is reserved, and names must be readable");
        return Err(format!("{name}: {why}"));
    }
    tool.input.check(arguments).map_err(|mismatch| {
        let place = match mismatch.path.as_str() {
            "" => "the arguments".to_owned(),
            path => format!("argument {path}"),
        };
        format!("{name}: {place}: {}", mismatch.message)
    })
}

/// What a stranger wrote, short enough to be said back.
fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

fn check_mirrors(tool: &Tool, named: &Named<'_>, asked: &Asked<'_>) -> Result<(), RpcError> {
    // What came without even the header that every such request has, came by a way without headers.
    let headless = (asked.header)(METHOD_HEADER) == Field::Absent;
    if !asked.version.is_modern() || headless {
        return Ok(());
    }
    tool.mirrors
        .iter()
        .try_for_each(|mirror| mirror.require((asked.header)(&mirror.header), named.arguments))
}

/// Whether a caller tries to write the member that only the gateway writes.
fn uses_reserved(arguments: &str) -> bool {
    // An escape could hide the name, so then the members are read; what cannot be read may be it.
    let suspicious = arguments.contains(RESERVED) || arguments.contains("\\u");
    suspicious
        && serde_json::from_str::<BTreeMap<String, &RawValue>>(arguments)
            .map_or(true, |members| members.contains_key(RESERVED))
}

fn check_prompt_arguments(
    prompt: &Prompt,
    text: &str,
) -> Result<BTreeMap<String, String>, RpcError> {
    let arguments: BTreeMap<String, Value> =
        serde_json::from_str(text).map_err(|_| RpcError::params("arguments must be an object"))?;
    if arguments.contains_key(RESERVED) {
        return Err(RpcError::params(format!("the argument name {RESERVED} is reserved")));
    }
    let missing =
        prompt.arguments.iter().find(|(name, required)| *required && !arguments.contains_key(name));
    if let Some((name, _)) = missing {
        return Err(RpcError::params(format!("the argument {name} is missing")));
    }
    let string = |(name, value): (String, Value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(RpcError::params(format!("the argument {} must be a string", shown(&name))))
        }
    };
    arguments.into_iter().map(string).collect()
}
