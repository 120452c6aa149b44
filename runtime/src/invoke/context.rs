//! The client context: who is calling and what for, told to the function beside the event.
//!
//! Values are strings only, because the Lambda runtimes of Rust, Java and Go refuse a context
//! with anything else; ASCII only, because the context reaches the function in a header and the
//! Rust runtime ends the process over any other byte. AWS bounds the whole; what does not fit is
//! left out, least important first.

use tokio::time::Instant;

use crate::invoke::Subject;
use crate::port::{SessionKey, Timestamp};
use crate::principal::Principal;
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::json;
use crate::protocol::jsonrpc::RequestId;
use crate::protocol::limits;
use crate::protocol::notification::Wanted;
use crate::protocol::version::Version;
use crate::registration::InvokeMode;

/// Who calls, and what is known about the request.
#[derive(Clone, Debug)]
pub struct Caller<'a> {
    /// The verified caller.
    pub principal: &'a Principal,
    /// The session of a legacy client.
    pub session: Option<SessionKey>,
    /// Names this request in logs and errors.
    pub correlation: &'a str,
    /// The client's own id of the request.
    pub message_id: &'a RequestId,
    /// The revision that is spoken.
    pub version: Version,
    /// What the client can do.
    pub capabilities: ClientCapabilities,
    /// What the client wants to hear while the call runs.
    pub wanted: &'a Wanted,
    /// W3C `traceparent`, if the client sent one.
    pub traceparent: Option<&'a str>,
    /// W3C `tracestate`.
    pub tracestate: Option<&'a str>,
    /// W3C `baggage`.
    pub baggage: Option<&'a str>,
    /// When the request must have been answered.
    pub deadline: Instant,
    /// The same by the clock.
    pub deadline_at: Timestamp,
}

/// Renders the context of a call.
pub fn render(subject: &Subject<'_>, caller: &Caller<'_>) -> Option<String> {
    let members = match (subject.target().mode, subject) {
        (InvokeMode::Agentcore, Subject::Tool { tool, .. }) => {
            let target = subject.target().target_name.as_ref();
            agentcore(tool.name.as_str(), target.map(|name| name.as_str()), caller)
        }
        _ => own(subject, caller),
    };
    let mut text = String::from(r#"{"custom":{"#);
    let mut first = true;
    for (name, value) in members {
        let member =
            format!("{}{name:?}:{}", if first { "" } else { "," }, json::ascii_string(&value));
        if fits(text.len() + member.len() + 2) {
            text.push_str(&member);
            first = false;
        }
    }
    text.push_str("}}");
    Some(text)
}

/// Whether this many bytes of JSON stay within the bound once they are base64.
fn fits(bytes: usize) -> bool {
    bytes.div_ceil(3) * 4 <= limits::MAX_CLIENT_CONTEXT_BYTES
}

/// Most important first.
fn own(subject: &Subject<'_>, caller: &Caller<'_>) -> Vec<(&'static str, String)> {
    let mut members = vec![
        ("mcpMethod", subject.method().to_owned()),
        ("mcpName", subject.name().to_owned()),
        ("mcpRequestId", caller.correlation.to_owned()),
        ("mcpCallerType", caller.principal.kind().to_owned()),
    ];
    let mut push = |name, value: Option<String>| members.extend(value.map(|value| (name, value)));
    let known = *caller.principal != Principal::Anonymous;
    push("mcpCaller", known.then(|| caller.principal.name().to_owned()));
    push("mcpProtocolVersion", Some(caller.version.as_str().to_owned()));
    push("mcpMessageId", Some(caller.message_id.to_text()));
    push("mcpSessionId", caller.session.map(|key| key.to_string()));
    push("mcpClientCapabilities", Some(caller.capabilities.to_json()));
    push("mcpDeadlineMs", Some(caller.deadline_at.0.to_string()));
    push("traceparent", caller.traceparent.map(str::to_owned));
    push("tracestate", caller.tracestate.map(str::to_owned));
    push("baggage", caller.baggage.map(str::to_owned));
    members
}

/// What a Bedrock AgentCore gateway sends to a Lambda target.
fn agentcore(tool: &str, target: Option<&str>, caller: &Caller<'_>) -> Vec<(&'static str, String)> {
    let target = target.unwrap_or("mcp-lambda");
    vec![
        ("bedrockAgentCoreMessageVersion", "1.0".to_owned()),
        ("bedrockAgentCoreAwsRequestId", caller.correlation.to_owned()),
        ("bedrockAgentCoreMcpMessageId", caller.message_id.to_text()),
        ("bedrockAgentCoreGatewayId", "mcp-lambda".to_owned()),
        ("bedrockAgentCoreTargetId", target.to_owned()),
        ("bedrockAgentCoreToolName", format!("{target}___{tool}")),
    ]
}
