//! The event of each invoke mode.

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::invoke::context::Caller;
use crate::invoke::{Resume, Subject};
use crate::protocol::json;
use crate::protocol::jsonrpc::RequestId;
use crate::registration::InvokeMode;
use crate::registration::listing::ObjectText;

/// The member by which a bare event carries a client's answers; callers may not use it.
pub const RESERVED: &str = "_mcp";

/// Renders the event for the subject's function.
pub fn render(subject: &Subject<'_>, caller: &Caller<'_>, resume: &Resume) -> Bytes {
    match subject.target().mode {
        InvokeMode::Auto | InvokeMode::Raw | InvokeMode::Agentcore | InvokeMode::Stream => {
            with_resume(bare(subject), resume)
        }
        InvokeMode::Seed => seed(subject, caller, resume),
        InvokeMode::Converse => converse(subject, caller, resume),
        InvokeMode::ApigwV2 => apigw(subject, caller, resume),
        InvokeMode::Jsonrpc => jsonrpc(subject, caller, resume),
    }
    .into()
}

/// The arguments themselves; where there are none, what is to be done.
fn bare(subject: &Subject<'_>) -> String {
    match subject {
        Subject::Tool { arguments, .. } | Subject::Prompt { arguments, .. } => {
            (*arguments).to_owned()
        }
        Subject::Resource { .. } | Subject::Completion { .. } => action(subject).finish(),
    }
}

/// The action form of resources and completions, which mcp-lambda-sam introduced.
fn action(subject: &Subject<'_>) -> ObjectText {
    match subject {
        Subject::Tool { arguments, .. } | Subject::Prompt { arguments, .. } => {
            ObjectText::new().text("args", arguments)
        }
        Subject::Resource { uri, variables, .. } => {
            let pairs = variables
                .iter()
                .fold(ObjectText::new(), |object, (name, value)| object.string(name, Some(value)));
            let object = ObjectText::new().string("action", Some("read"));
            object.string("uri", Some(uri)).text("variables", &pairs.finish())
        }
        Subject::Completion { of, argument, value, context, .. } => {
            let argument = ObjectText::new().string("name", Some(argument));
            let argument = argument.string("value", Some(value)).finish();
            let chosen = context.map_or("{}", RawValue::get);
            ObjectText::new()
                .string("action", Some("complete"))
                .string("ref", Some(of))
                .text("argument", &argument)
                .text("context", &ObjectText::new().text("arguments", chosen).finish())
        }
    }
}

/// A bare event with the client's answers under the reserved member.
fn with_resume(event: String, resume: &Resume) -> String {
    let Some(resume) = resume_object(resume) else { return event };
    let inner = event.trim_end().strip_suffix('}').unwrap_or(&event);
    let empty = inner.trim_end().ends_with('{');
    let comma = if empty { "" } else { "," };
    format!("{inner}{comma}{}:{resume}}}", json::string(RESERVED))
}

fn resume_object(resume: &Resume) -> Option<String> {
    if resume.responses.is_none() && resume.state.is_none() {
        return None;
    }
    Some(resume_members(ObjectText::new(), resume).finish())
}

fn resume_members(object: ObjectText, resume: &Resume) -> ObjectText {
    let object = match &resume.responses {
        Some(responses) => object.text("inputResponses", responses),
        None => object,
    };
    object.string("requestState", resume.state.as_deref())
}

/// `{"args": …, "extra": …}`; `extra` is what the origin's JavaScript left of it after JSON.
fn seed(subject: &Subject<'_>, caller: &Caller<'_>, resume: &Resume) -> String {
    let extra = ObjectText::new()
        .text("signal", "{}")
        .string("sessionId", caller.session.map(|key| key.to_string()).as_deref())
        .text("requestId", caller.message_id.as_json());
    action(subject).text("extra", &resume_members(extra, resume).finish()).finish()
}

/// The tool-use block of Bedrock's Converse API.
fn converse(subject: &Subject<'_>, caller: &Caller<'_>, resume: &Resume) -> String {
    ObjectText::new()
        .string("toolUseId", Some(caller.correlation))
        .string("name", Some(subject.name()))
        .text("input", &with_resume(bare(subject), resume))
        .finish()
}

/// One JSON-RPC request with the parameters of its method.
fn jsonrpc(subject: &Subject<'_>, caller: &Caller<'_>, resume: &Resume) -> String {
    let params = match subject {
        Subject::Tool { arguments, .. } | Subject::Prompt { arguments, .. } => {
            ObjectText::new().string("name", Some(subject.name())).text("arguments", arguments)
        }
        Subject::Resource { uri, .. } => ObjectText::new().string("uri", Some(uri)),
        Subject::Completion { of, argument, value, context, .. } => {
            let template = of.contains(':');
            let (kind, member) =
                if template { ("ref/resource", "uri") } else { ("ref/prompt", "name") };
            let reference = ObjectText::new().string("type", Some(kind)).string(member, Some(of));
            let argument = ObjectText::new().string("name", Some(argument));
            let object = ObjectText::new()
                .text("ref", &reference.finish())
                .text("argument", &argument.string("value", Some(value)).finish());
            match context {
                Some(chosen) => object
                    .text("context", &ObjectText::new().raw("arguments", Some(chosen)).finish()),
                None => object,
            }
        }
    };
    ObjectText::new()
        .string("jsonrpc", Some("2.0"))
        .text("id", RequestId::as_json(caller.message_id))
        .string("method", Some(subject.method()))
        .text("params", &resume_members(params, resume).finish())
        .finish()
}

/// An HTTP request as API Gateway and Function URLs hand it on (payload 2.0).
fn apigw(subject: &Subject<'_>, caller: &Caller<'_>, resume: &Resume) -> String {
    let (method, path, query, body) = match subject {
        Subject::Tool { .. } => ("POST", format!("/tools/{}", subject.name()), String::new(), true),
        Subject::Prompt { .. } => {
            ("POST", format!("/prompts/{}", subject.name()), String::new(), true)
        }
        Subject::Resource { uri, .. } => {
            ("GET", "/resources".to_owned(), encoded("uri", uri), false)
        }
        Subject::Completion { .. } => ("POST", "/completions".to_owned(), String::new(), true),
    };
    let http = ObjectText::new()
        .string("method", Some(method))
        .string("path", Some(&path))
        .string("protocol", Some("HTTP/1.1"))
        .string("sourceIp", Some("127.0.0.1"))
        .string("userAgent", Some("mcp-lambda"));
    let context = ObjectText::new()
        .string("stage", Some("$default"))
        .string("requestId", Some(caller.correlation))
        .text("http", &http.finish());
    let event = ObjectText::new()
        .string("version", Some("2.0"))
        .string("routeKey", Some("$default"))
        .string("rawPath", Some(&path))
        .string("rawQueryString", Some(&query))
        .text("headers", r#"{"content-type":"application/json","accept":"application/json"}"#);
    let event = match subject {
        Subject::Resource { uri, .. } => {
            let parameters = ObjectText::new().string("uri", Some(uri));
            event.text("queryStringParameters", &parameters.finish())
        }
        Subject::Tool { .. } | Subject::Prompt { .. } | Subject::Completion { .. } => event,
    };
    let event = event.text("requestContext", &context.finish());
    let event = match body {
        true => event.string("body", Some(&with_resume(bare(subject), resume))),
        false => event,
    };
    event.text("isBase64Encoded", "false").finish()
}

fn encoded(name: &str, value: &str) -> String {
    let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
    format!("{name}={value}")
}
