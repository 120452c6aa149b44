//! The `_meta` object of a request's parameters.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::capability::ClientCapabilities;
use crate::protocol::error::{Code, RpcError};
use crate::protocol::json::{self, Text};
use crate::protocol::limits;
use crate::protocol::notification::LogLevel;

/// What `_meta` may hold, each member as sent, and what the parameters beside it name.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Meta<'a> {
    /// Marks a request of 2026-07-28.
    #[serde(
        borrow,
        default,
        rename = "io.modelcontextprotocol/protocolVersion",
        deserialize_with = "json::raw_present"
    )]
    pub protocol_version: Option<&'a RawValue>,
    /// Required in 2026-07-28.
    #[serde(
        borrow,
        default,
        rename = "io.modelcontextprotocol/clientCapabilities",
        deserialize_with = "json::raw_present"
    )]
    pub client_capabilities: Option<&'a RawValue>,
    /// The least level of log messages; absent: none.
    #[serde(borrow, default, rename = "io.modelcontextprotocol/logLevel")]
    pub log_level: Option<&'a RawValue>,
    /// Asks for progress notifications.
    #[serde(borrow, default, rename = "progressToken")]
    pub progress_token: Option<&'a RawValue>,
    /// W3C trace context.
    #[serde(borrow, default)]
    pub traceparent: Option<Text<'a>>,
    /// W3C trace context.
    #[serde(borrow, default)]
    pub tracestate: Option<Text<'a>>,
    /// W3C baggage.
    #[serde(borrow, default)]
    pub baggage: Option<Text<'a>>,
    /// `params.name`, beside `_meta`.
    #[serde(skip)]
    pub name: Option<&'a RawValue>,
    /// `params.uri`, beside `_meta`.
    #[serde(skip)]
    pub uri: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct WithMeta<'a> {
    #[serde(borrow, default)]
    _meta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    uri: Option<&'a RawValue>,
}

impl<'a> Meta<'a> {
    /// Reads `params._meta`; everything absent when there is none.
    pub fn read(params: Option<&'a RawValue>) -> Result<Self, RpcError> {
        let Some(params) = params else { return Ok(Self::default()) };
        let holder: WithMeta<'a> = json::object(params.get())
            .map_err(|_| RpcError::params("params must be an object with each member once"))?;
        let meta: Self = match holder._meta {
            None => Self::default(),
            Some(meta) => json::object(meta.get())
                .map_err(|_| RpcError::params("params._meta is not valid"))?,
        };
        Ok(Self { name: holder.name, uri: holder.uri, ..meta })
    }

    /// What a request names, for a log: bounded, without control characters.
    pub fn named(&self) -> Option<String> {
        let text: Text<'_> = serde_json::from_str(self.name.or(self.uri)?.get()).ok()?;
        let printable = text.0.chars().filter(|c| !c.is_control());
        Some(printable.take(limits::MAX_NAME_BYTES).collect())
    }

    /// The progress token: a string or an integer of bounded length.
    pub fn progress_token(&self) -> Result<Option<ProgressToken>, RpcError> {
        let Some(raw) = self.progress_token else { return Ok(None) };
        let text = raw.get();
        let fits = text.len() <= limits::MAX_PROGRESS_TOKEN_BYTES;
        if fits && json::is_token(text) {
            Ok(Some(ProgressToken(text.into())))
        } else {
            Err(RpcError::params("progressToken must be a string or an integer"))
        }
    }

    /// The least log level, if any was asked for.
    pub fn log_level(&self) -> Result<Option<LogLevel>, RpcError> {
        let Some(raw) = self.log_level else { return Ok(None) };
        let level: Option<String> = serde_json::from_str(raw.get()).ok();
        level
            .and_then(|level| LogLevel::parse(&level))
            .map(Some)
            .ok_or_else(|| RpcError::params("unknown log level"))
    }
}

/// A progress token as it was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProgressToken(Box<str>);

impl ProgressToken {
    /// The JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

/// What every request of 2026-07-28 says about itself.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// What the client can do.
    pub capabilities: ClientCapabilities,
}

impl Envelope {
    /// Checks the required members: present and of the right type.
    pub fn read(meta: &Meta<'_>) -> Result<(String, Self), RpcError> {
        let invalid = |what: &str| {
            RpcError::new(
                Code::InvalidParams,
                format!("params._meta[\"io.modelcontextprotocol/{what}"),
            )
        };
        let version = meta
            .protocol_version
            .ok_or_else(|| invalid("protocolVersion\"] is missing"))
            .and_then(|raw| {
                serde_json::from_str::<String>(raw.get())
                    .map_err(|_| invalid("protocolVersion\"] must be a string"))
            })?;
        let capabilities = meta
            .client_capabilities
            .ok_or_else(|| invalid("clientCapabilities\"] is missing"))
            .and_then(|raw| {
                ClientCapabilities::read(raw)
                    .ok_or_else(|| invalid("clientCapabilities\"] must be an object"))
            })?;
        Ok((version, Self { capabilities }))
    }
}
