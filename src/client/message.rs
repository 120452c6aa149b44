//! JSON-RPC messages as a client receives them.

use std::borrow::Cow;
use std::collections::VecDeque;

use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::events::EventReader;
use crate::client::http::{Answer, HttpError};

/// A message's members; foreign JSON stays as it was written.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) params: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) error: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// Reads a message; nothing if it is no JSON object.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        // An array would be taken for the members in their order.
        let is_object = text.trim_start().starts_with('{');
        serde_json::from_str(text).ok().filter(|_| is_object)
    }

    /// The id as it was written; nothing for `null`.
    pub(crate) fn id(&self) -> Option<&'a str> {
        self.id.map(RawValue::get).filter(|id| *id != "null")
    }

    /// Whether this answers a request.
    pub(crate) fn is_answer(&self) -> bool {
        self.method.is_none() && (self.result.is_some() || self.error.is_some())
    }
}

/// A JSON-RPC error.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RpcError {
    pub(crate) code: i64,
    pub(crate) message: String,
}

/// The messages of an HTTP answer, as they come.
pub(crate) struct Messages {
    answer: Answer,
    form: Form,
    waiting: VecDeque<String>,
}

enum Form {
    Events(EventReader),
    Json,
    Over,
}

impl Messages {
    /// Those of an answer whose status is a success, or that has a message all the same.
    pub(crate) fn of(answer: Answer) -> Self {
        let kind = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let form = match kind.map(|kind| kind.split(';').next().unwrap_or_default().trim()) {
            Some("text/event-stream") => Form::Events(EventReader::default()),
            _ => Form::Json,
        };
        Self { answer, form, waiting: VecDeque::new() }
    }

    /// The next message, on one line; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, HttpError> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Ok(Some(message));
            }
            match &mut self.form {
                Form::Over => return Ok(None),
                Form::Json => {
                    self.form = Form::Over;
                    let text = self.answer.text().await?;
                    return Ok((!text.trim().is_empty()).then(|| on_one_line(&text)));
                }
                Form::Events(reader) => match self.answer.piece().await? {
                    None => self.form = Form::Over,
                    Some(piece) => {
                        let waiting = &mut self.waiting;
                        let pushed = reader.push(&piece, |data| {
                            // The first event of a resumable stream carries an id and nothing else.
                            if !data.trim().is_empty() {
                                waiting.push_back(on_one_line(&data));
                            }
                        });
                        pushed.map_err(|_| self.answer.too_long())?;
                    }
                },
            }
        }
    }
}

/// JSON has raw line ends only between tokens, where a space says the same.
pub(crate) fn on_one_line(text: &str) -> String {
    text.trim().replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_messages() {
        let answer = Envelope::read(r#"{"jsonrpc":"2.0","id":"a","result":{}}"#).expect("JSON");
        assert!(answer.is_answer());
        assert_eq!(answer.id(), Some(r#""a""#));
        let asked = Envelope::read(r#"{"id":1,"method":"m","params":{}}"#).expect("JSON");
        assert!(!asked.is_answer());
        let refused =
            Envelope::read(r#"{"id":null,"error":{"code":1,"message":""}}"#).expect("JSON");
        assert!(refused.is_answer());
        assert_eq!(refused.id(), None);
        for text in ["", "[]", "7", "{"] {
            assert!(Envelope::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn lines() {
        assert_eq!(on_one_line(" {\r\n\"a\":\n1} \n"), "{  \"a\": 1}");
    }
}
