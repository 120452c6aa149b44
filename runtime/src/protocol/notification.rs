//! Notifications that a server sends while a request runs.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::protocol::json;
use crate::protocol::meta::ProgressToken;

/// The severities of RFC 5424, least first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum LogLevel {
    /// Details for developers.
    Debug,
    /// Ordinary events.
    Info,
    /// Normal but significant.
    Notice,
    /// Something to look at.
    Warning,
    /// A failure.
    Error,
    /// A failure of a part.
    Critical,
    /// Act now.
    Alert,
    /// Unusable.
    Emergency,
}

impl LogLevel {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Debug, "debug"),
        (Self::Info, "info"),
        (Self::Notice, "notice"),
        (Self::Warning, "warning"),
        (Self::Error, "error"),
        (Self::Critical, "critical"),
        (Self::Alert, "alert"),
        (Self::Emergency, "emergency"),
    ];

    /// Parses a level's name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(level, _)| *level)
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(level, _)| *level == self).map_or("emergency", |(_, name)| name)
    }
}

/// What a caller wants to hear while its request runs.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Progress under this token.
    pub progress: Option<ProgressToken>,
    /// Log messages at or above this level.
    pub log: Option<LogLevel>,
}

/// A notification in a function's stream, as far as it must be understood to be passed on.
#[derive(Debug, Deserialize)]
pub struct FromFunction<'a> {
    #[serde(borrow)]
    method: json::Text<'a>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// Turns notifications of one function call into those of one request.
#[derive(Debug)]
pub struct Relay {
    wanted: Wanted,
    last_progress: f64,
}

impl Relay {
    /// Starts a request's relay.
    pub fn new(wanted: Wanted) -> Self {
        Self { wanted, last_progress: f64::NEG_INFINITY }
    }

    /// Parses a line of a function's stream: `None` when it is no notification.
    pub fn parse(line: &str) -> Option<FromFunction<'_>> {
        let found: FromFunction<'_> = json::object(line).ok()?;
        found.method.0.starts_with("notifications/").then_some(found)
    }

    /// The message for the client; `None` when the client did not ask for it, when it is of a
    /// kind that a request's stream may not carry, or when progress does not increase
    /// (basic/utilities/progress: "MUST increase with each notification").
    pub fn pass(&mut self, found: &FromFunction<'_>) -> Option<String> {
        match &*found.method.0 {
            "notifications/progress" => self.progress(found.params?),
            "notifications/message" => self.log(found.params?),
            _ => None,
        }
    }

    fn progress(&mut self, params: &RawValue) -> Option<String> {
        #[derive(Deserialize)]
        struct Params<'a> {
            progress: f64,
            #[serde(borrow, default)]
            total: Option<&'a RawValue>,
            #[serde(borrow, default)]
            message: Option<&'a RawValue>,
        }
        let token = self.wanted.progress.as_ref()?;
        let params: Params<'_> = json::object(params.get()).ok()?;
        if params.progress <= self.last_progress {
            return None;
        }
        self.last_progress = params.progress;
        let mut text = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{},"progress":{}"#,
            token.as_json(),
            params.progress
        );
        if let Some(total) = params.total {
            text.push_str(&format!(r#","total":{}"#, total.get()));
        }
        if let Some(message) = params.message {
            text.push_str(&format!(r#","message":{}"#, message.get()));
        }
        text.push_str("}}");
        Some(text)
    }

    fn log(&self, params: &RawValue) -> Option<String> {
        #[derive(Deserialize)]
        struct Params {
            level: String,
        }
        let least = self.wanted.log?;
        let level = json::object::<Params>(params.get()).ok()?.level;
        (LogLevel::parse(&level)? >= least).then(|| {
            format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{}}}"#,
                params.get()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay(progress: bool, log: Option<LogLevel>) -> Relay {
        let raw: Box<RawValue> =
            serde_json::from_str(r#"{"_meta":{"progressToken":"t"}}"#).expect("JSON");
        let meta = crate::protocol::meta::Meta::read(Some(&raw)).expect("meta");
        let token = meta.progress_token().expect("token");
        Relay::new(Wanted { progress: token.filter(|_| progress), log })
    }

    fn check(relay: &mut Relay, line: &str) -> Option<String> {
        Relay::parse(line).and_then(|found| relay.pass(&found))
    }

    #[test]
    fn progress_must_increase_and_be_asked_for() {
        let line = |n: &str| {
            format!(
                r#"{{"method":"notifications/progress","params":{{"progress":{n},"total":100}}}}"#
            )
        };
        let mut relay_all = relay(true, None);
        let sent = check(&mut relay_all, &line("0")).expect("sent");
        assert_eq!(
            sent,
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":0,"total":100}}"#
        );
        assert!(check(&mut relay_all, &line("0")).is_none());
        assert!(check(&mut relay_all, &line("50.5")).is_some());
        assert!(check(&mut relay_all, &line("50")).is_none());
        assert!(check(&mut relay(false, None), &line("1")).is_none());
    }

    #[test]
    fn logs_at_or_above_the_level() {
        let line = |level: &str| {
            format!(
                r#"{{"method":"notifications/message","params":{{"level":"{level}","data":1,"x":2}}}}"#
            )
        };
        let mut info = relay(false, Some(LogLevel::Info));
        assert!(check(&mut info, &line("debug")).is_none());
        let sent = check(&mut info, &line("warning")).expect("sent");
        assert!(sent.contains(r#""params":{"level":"warning","data":1,"x":2}"#));
        assert!(check(&mut info, &line("loud")).is_none());
        assert!(check(&mut relay(false, None), &line("emergency")).is_none());
    }

    #[test]
    fn other_lines_are_not_notifications() {
        for line in ["{}", "7", r#"{"method":"tools/call"}"#, "not json", r#"{"content":[]}"#] {
            assert!(Relay::parse(line).is_none(), "{line}");
        }
    }
}
