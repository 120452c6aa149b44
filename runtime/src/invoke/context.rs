//! The client context: who is calling and what for, told to the function beside the event.
//!
//! Values are strings only, because the Lambda runtimes of Rust, Java and Go refuse a context
//! with anything else; ASCII only, because the context reaches the function in a header and the
//! Rust runtime ends the process over any other byte. AWS bounds the whole; what does not fit is
//! left out, least important first.

use std::borrow::Cow;

use tokio::time::Instant;

use crate::invoke::Subject;
use crate::invoke::trace::Trace;
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
    /// The trace that the request belongs to.
    pub trace: Trace<'a>,
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
    let mut text = String::with_capacity(512);
    text.push_str(r#"{"custom":{"#);
    let start = text.len();
    for (name, value) in members {
        let before = text.len();
        text.push_str(if before == start { "" } else { "," });
        json::write_ascii_string(&mut text, &name);
        text.push(':');
        json::write_ascii_string(&mut text, &value);
        if !fits(text.len() + 2) {
            text.truncate(before);
        }
    }
    text.push_str("}}");
    Some(text)
}

/// Whether this many bytes of JSON stay within the bound once they are base64.
fn fits(bytes: usize) -> bool {
    bytes.div_ceil(3) * 4 <= limits::MAX_CLIENT_CONTEXT_BYTES
}

/// A name and a text.
type Member<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Most important first.
fn own<'a>(subject: &Subject<'a>, caller: &Caller<'a>) -> Vec<Member<'a>> {
    let mut members: Vec<Member<'a>> = Vec::with_capacity(13);
    let mut push = |name: &'static str, value: Option<Cow<'a, str>>| {
        members.extend(value.map(|value| (name.into(), value)));
    };
    push("mcpMethod", Some(subject.method().into()));
    push("mcpName", Some(subject.name().into()));
    push("mcpRequestId", Some(caller.correlation.into()));
    push("mcpCallerType", Some(caller.principal.kind().into()));
    let name = caller.principal.name();
    push("mcpCaller", (!name.is_empty()).then(|| name.into()));
    let token = caller.principal.token();
    push("mcpCallerIssuer", token.map(|token| token.issuer.as_str().into()));
    push("mcpCallerScopes", token.map(|token| token.scopes.to_string().into()));
    let client = token.and_then(|token| token.client_id.as_deref());
    push("mcpCallerClient", client.map(Into::into));
    push("mcpProtocolVersion", Some(caller.version.as_str().into()));
    push("mcpMessageId", Some(caller.message_id.to_text().into()));
    push("mcpSessionId", caller.session.map(|key| key.to_string().into()));
    push("mcpClientCapabilities", Some(caller.capabilities.to_json().into()));
    push("mcpDeadlineMs", Some(caller.deadline_at.0.to_string().into()));
    push("traceparent", caller.trace.parent.clone());
    push("tracestate", caller.trace.state.map(Into::into));
    push("baggage", caller.trace.baggage.map(Into::into));
    let claims = token.into_iter().flat_map(|token| &token.claims);
    // Behind what every call has: they are the ones that can be long.
    members.extend(claims.map(|(name, value)| (format!("{CLAIM}{name}").into(), value.into())));
    members
}

/// What the names of the caller's claims begin with.
const CLAIM: &str = "mcpCallerClaim.";

/// What a Bedrock AgentCore gateway sends to a Lambda target.
fn agentcore<'a>(tool: &str, target: Option<&'a str>, caller: &Caller<'a>) -> Vec<Member<'a>> {
    let target = target.unwrap_or("mcp-lambda");
    let members: [(&'static str, Cow<'a, str>); 6] = [
        ("bedrockAgentCoreMessageVersion", "1.0".into()),
        ("bedrockAgentCoreAwsRequestId", caller.correlation.into()),
        ("bedrockAgentCoreMcpMessageId", caller.message_id.to_text().into()),
        ("bedrockAgentCoreGatewayId", "mcp-lambda".into()),
        ("bedrockAgentCoreTargetId", target.into()),
        ("bedrockAgentCoreToolName", format!("{target}___{tool}").into()),
    ];
    members.into_iter().map(|(name, value)| (name.into(), value)).collect()
}
