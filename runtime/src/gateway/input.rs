//! `input_required`: what a function asks, cut to what the client can answer, and its state sealed.
//!
//! The state travels through the client, who could change or reuse it elsewhere. It is sealed with
//! the principal, the method, the name, the arguments and an expiry.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::gateway::{Answered, Asked, Gateway};
use crate::invoke::outcome::{InputRequest, InputRequired, error_members};
use crate::invoke::{Resume, Subject};
use crate::protocol::call;
use crate::protocol::capability::{ClientCapabilities, InputKind};
use crate::protocol::error::{Code, RpcError};
use crate::protocol::json;
use crate::protocol::limits;
use crate::protocol::version::Version;
use crate::registration::listing::ObjectText;
use crate::session::seal::Purpose;

/// The sealed content.
#[derive(Deserialize, Serialize)]
struct Sealed {
    /// Of the principal, the method, the name and the arguments.
    binding: String,
    /// Milliseconds since the epoch.
    expires_at: u64,
    /// As the function gave it.
    state: String,
}

impl InputRequired {
    /// What the client declared it can answer, and the kinds that it did not.
    pub(super) fn permitted(self, capabilities: ClientCapabilities) -> (Self, Vec<InputKind>) {
        let mut missing = Vec::new();
        let mut strange = false;
        let may = |request: &InputRequest| match InputKind::of(
            &request.method,
            request.params.as_deref(),
        ) {
            Some(kind) if kind.allowed(capabilities) => true,
            Some(kind) => {
                missing.push(kind);
                false
            }
            None => {
                strange = true;
                false
            }
        };
        let requests: Vec<_> = self.requests.into_iter().filter(may).collect();
        // A client that is handed a state alone calls again at once, and again.
        let state = self.state.filter(|_| !strange || !requests.is_empty());
        (Self { requests, state }, missing)
    }
}

/// Says that the client cannot be asked: an error that names the capability to the modern client,
/// a failed result to the legacy one.
pub(super) fn cannot_ask(
    subject: &Subject<'_>,
    missing: &[InputKind],
    version: Version,
) -> Answered {
    if version.is_modern() && !missing.is_empty() {
        let required = InputKind::required(missing).to_json();
        let data = format!(r#"{{"requiredCapabilities":{required}}}"#);
        let message = "the client must declare a capability that this call needs";
        return RpcError::new(Code::MissingCapability, message).with_data(data).into();
    }
    not_answered(
        subject,
        "it needs an answer from the user, and this client cannot be asked",
        version,
    )
}

/// Says that the client did not answer.
pub(super) fn not_answered(subject: &Subject<'_>, why: &str, version: Version) -> Answered {
    let text = format!("{}: {why}", subject.name());
    match subject {
        Subject::Tool { .. } => {
            let kind = if version.is_modern() { r#""resultType":"complete","# } else { "" };
            Answered::own(format!("{{{kind}{}}}", error_members(&text)))
        }
        Subject::Resource { .. } | Subject::Prompt { .. } | Subject::Completion { .. } => {
            RpcError::new(Code::Internal, text).into()
        }
    }
}

impl Gateway {
    /// The `input_required` result for a modern client.
    pub(super) async fn hand_over(
        &self,
        subject: &Subject<'_>,
        required: &InputRequired,
        asked: &Asked<'_>,
    ) -> Answered {
        let requests = required.requests.iter().fold(ObjectText::new(), |object, request| {
            let embedded = ObjectText::new()
                .string("method", Some(&request.method))
                .raw("params", request.params.as_deref());
            object.text(&request.key, &embedded.finish())
        });
        let result = ObjectText::new().string("resultType", Some("input_required"));
        let result = if required.requests.is_empty() {
            result
        } else {
            result.text("inputRequests", &requests.finish())
        };
        let Some(state) = &required.state else { return Answered::own(result.finish()) };
        match self.seal_state(subject, state, asked).await {
            Ok(sealed) => Answered::own(result.string("requestState", Some(&sealed)).finish()),
            Err(error) => self.unavailable(asked.correlation, &error),
        }
    }

    async fn seal_state(
        &self,
        subject: &Subject<'_>,
        state: &str,
        asked: &Asked<'_>,
    ) -> Result<String, crate::port::StoreError> {
        let expires_at = self.ports.clock.now().after(limits::REQUEST_STATE_LIFETIME);
        let sealed = Sealed {
            binding: binding(subject, asked),
            expires_at: expires_at.0,
            state: state.to_owned(),
        };
        let plain = serde_json::to_vec(&sealed).unwrap_or_default();
        let nonce = self.random();
        Ok(self.sealer().await?.seal(Purpose::RequestState, nonce, &plain))
    }

    /// Reads what a client sent along: its answers as they are, our state opened.
    pub(super) async fn resume(
        &self,
        subject: &Subject<'_>,
        given: &call::Resume<'_>,
        asked: &Asked<'_>,
    ) -> Result<Resume, RpcError> {
        let responses = given.input_responses.map(check_responses).transpose()?;
        let Some(text) = &given.request_state else { return Ok(Resume { responses, state: None }) };
        let refused = || RpcError::params("requestState is not valid, or has expired");
        let sealer = self.sealer().await.map_err(|_| RpcError::internal(asked.correlation))?;
        let plain = sealer.open(Purpose::RequestState, &text.0).ok_or_else(refused)?;
        let sealed: Sealed = serde_json::from_slice(&plain).map_err(|_| refused())?;
        let fresh = self.ports.clock.now().0 < sealed.expires_at;
        if fresh && sealed.binding == binding(subject, asked) {
            Ok(Resume { responses, state: Some(sealed.state) })
        } else {
            Err(refused())
        }
    }
}

/// Every answer is an object: an elicitation's, a sampling's or a list of roots.
fn check_responses(raw: &RawValue) -> Result<String, RpcError> {
    let malformed = || RpcError::params("inputResponses must hold an object for each key");
    let answers: BTreeMap<String, &RawValue> =
        serde_json::from_str(raw.get()).map_err(|_| malformed())?;
    if answers.len() > limits::MAX_INPUT_REQUESTS {
        return Err(malformed());
    }
    match answers.values().all(|answer| json::first(answer.get()) == Some(b'{')) {
        true => Ok(raw.get().to_owned()),
        false => Err(malformed()),
    }
}

fn binding(subject: &Subject<'_>, asked: &Asked<'_>) -> String {
    let arguments = match subject {
        // The same arguments may be written in another order.
        Subject::Tool { arguments, .. } | Subject::Prompt { arguments, .. } => {
            serde_json::from_str::<Value>(arguments)
                .map_or_else(|_| (*arguments).to_owned(), |value| value.to_string())
        }
        Subject::Resource { .. } | Subject::Completion { .. } => String::new(),
    };
    let mut text = asked.principal.binding().to_vec();
    let what = format!("\0{}\0{}\0{arguments}", subject.method(), subject.name());
    text.extend_from_slice(what.as_bytes());
    let hash = digest(&SHA256, &text);
    hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
