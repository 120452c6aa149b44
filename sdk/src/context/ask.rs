//! Questions to the user, to the client's model, and about its roots.
//!
//! A function that asks is dropped, and is run again from its beginning when the answers are there:
//! that is how 2026-07-28 does it (basic/utilities/mrtr), and how nothing need be kept on a function
//! that may not be there when the answer comes. What was answered, and what was done once, travels
//! with the question, sealed.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Context;
use crate::content::Message;
use crate::error::ToolError;
use crate::schema::form_schema;

/// What a client sent along with a call that asked before.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resumed {
    #[serde(default)]
    input_responses: BTreeMap<String, Value>,
    #[serde(default)]
    request_state: Option<String>,
}

/// What was asked and answered so far, and what was done once.
#[derive(Debug, Default)]
pub(crate) struct Dialogue(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    past: Past,
    questions: BTreeMap<String, Value>,
}

/// What travels from run to run.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Past {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    answers: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    done: BTreeMap<String, Value>,
}

impl Dialogue {
    /// Goes on where an earlier run asked; the newest answer to a question holds.
    pub(crate) fn resume(resumed: Resumed) -> Self {
        // The gateway opened the seal, so it is as it was written here.
        let state = resumed.request_state.as_deref().unwrap_or("{}");
        let mut past: Past = serde_json::from_str(state).unwrap_or_default();
        past.answers.extend(resumed.input_responses);
        Self(Mutex::new(State { past, questions: BTreeMap::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something waits for an answer.
    pub(crate) fn is_asking(&self) -> bool {
        !self.lock().questions.is_empty()
    }

    /// The `input_required` result.
    pub(crate) fn render(&self) -> String {
        let state = self.lock();
        let mut result =
            json!({ "resultType": "input_required", "inputRequests": state.questions });
        if !state.past.answers.is_empty() || !state.past.done.is_empty() {
            result["requestState"] = json!(state.past).to_string().into();
        }
        result.to_string()
    }

    /// The answer to a question, if there is one that can be read; else asks, and never ends.
    async fn answer<T>(
        &self,
        key: &str,
        method: &str,
        params: Value,
        read: impl Fn(&Value) -> Option<T>,
    ) -> T {
        {
            let mut state = self.lock();
            if let Some(answer) = state.past.answers.get(key).and_then(read) {
                return answer;
            }
            // What cannot be read is asked for again.
            state.past.answers.remove(key);
            let question = json!({ "method": method, "params": params });
            state.questions.insert(key.to_owned(), question);
        }
        pending().await
    }
}

/// What became of a question to the user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Elicited<T> {
    /// The user filled in the form.
    Accepted(T),
    /// The user said no.
    Declined,
    /// The user said nothing.
    Cancelled,
}

impl<T> Elicited<T> {
    /// What the user filled in.
    pub fn accepted(self) -> Option<T> {
        match self {
            Self::Accepted(value) => Some(value),
            Self::Declined | Self::Cancelled => None,
        }
    }

    fn read(answer: &Value) -> Option<Self>
    where
        T: DeserializeOwned,
    {
        match answer["action"].as_str()? {
            "accept" => T::deserialize(&answer["content"]).ok().map(Self::Accepted),
            "decline" => Some(Self::Declined),
            "cancel" => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// A question to the client's model.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sampling {
    messages: Vec<Message>,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_prompt: Option<String>,
}

impl Sampling {
    /// A prompt, and how long the answer may be.
    pub fn new(prompt: impl Into<String>, max_tokens: u32) -> Self {
        let messages = vec![Message::user(prompt.into())];
        Self { messages, max_tokens, system_prompt: None }
    }

    /// Sets the system prompt.
    pub fn system_prompt(self, text: impl Into<String>) -> Self {
        Self { system_prompt: Some(text.into()), ..self }
    }
}

/// What the client's model said.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled {
    /// Its texts, one after the other.
    pub text: String,
    /// Which model it was.
    pub model: Option<String>,
}

impl Sampled {
    fn read(answer: &Value) -> Option<Self> {
        let content = &answer["content"];
        let blocks = content.as_array().map_or(std::slice::from_ref(content), Vec::as_slice);
        let texts: Vec<&str> = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
        let model = answer["model"].as_str().map(str::to_owned);
        (!texts.is_empty()).then(|| Self { text: texts.concat(), model })
    }
}

/// A folder or the like that the client works on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Root {
    /// Its URI.
    pub uri: String,
    /// For people.
    #[serde(default)]
    pub name: Option<String>,
}

impl Root {
    fn read(answer: &Value) -> Option<Vec<Self>> {
        Vec::deserialize(&answer["roots"]).ok()
    }
}

/// Questions. Each has a key of its own in its function, by which its answer is known again: the
/// function is run from its beginning with every answer. Questions that are polled together, as by
/// `tokio::join!`, are asked together. A client that cannot be asked never gets to see them: the
/// call fails, and says which capability is missing; [`Context::client`] tells beforehand.
impl Context {
    /// Asks the user to fill in a form.
    ///
    /// # Errors
    ///
    /// Where the type is no form: a struct whose fields are strings, numbers, booleans, enums of
    /// unit variants, and options of these.
    pub async fn elicit<T: JsonSchema + DeserializeOwned>(
        &self,
        key: &str,
        message: &str,
    ) -> Result<Elicited<T>, ToolError> {
        let schema = form_schema::<T>().map_err(ToolError::new)?;
        Ok(self.elicit_form(key, message, schema).await)
    }

    /// Asks the user to fill in a form that is given as its JSON Schema.
    pub async fn elicit_form<T: DeserializeOwned>(
        &self,
        key: &str,
        message: &str,
        schema: Value,
    ) -> Elicited<T> {
        let params = json!({ "message": message, "requestedSchema": schema });
        self.dialogue().answer(key, "elicitation/create", params, Elicited::read).await
    }

    /// Asks the client's model.
    pub async fn sample(&self, key: &str, question: &Sampling) -> Sampled {
        let params = json!(question);
        self.dialogue().answer(key, "sampling/createMessage", params, Sampled::read).await
    }

    /// Asks what the client works on.
    pub async fn roots(&self, key: &str) -> Vec<Root> {
        self.dialogue().answer(key, "roots/list", json!({}), Root::read).await
    }

    /// Does something once in a call that asks, though the function is run again with each answer:
    /// what it yields is remembered beside the answers, 64 KiB of all in all.
    ///
    /// # Errors
    ///
    /// Where the value has no JSON form.
    pub async fn once<T, F>(&self, key: &str, work: F) -> Result<T, ToolError>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = T>,
    {
        let known = self.dialogue().lock().past.done.get(key).cloned();
        if let Some(value) = known {
            return Ok(serde_json::from_value(value)?);
        }
        let value = work.await;
        let json = serde_json::to_value(&value)?;
        self.dialogue().lock().past.done.insert(key.to_owned(), json);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resumed(responses: Value, state: Option<&str>) -> Dialogue {
        let wire = json!({ "inputResponses": responses, "requestState": state });
        Dialogue::resume(serde_json::from_value(wire).expect("an object"))
    }

    fn poll<T>(work: impl Future<Output = T>) -> Option<T> {
        futures_util::FutureExt::now_or_never(work)
    }

    #[test]
    fn answers_travel_on_with_the_next_question() {
        let number = |answer: &Value| answer["n"].as_u64();
        let dialogue = Dialogue::default();
        assert_eq!(poll(dialogue.answer("a", "m", json!({}), number)), None);
        let asked =
            r#"{"inputRequests":{"a":{"method":"m","params":{}}},"resultType":"input_required"}"#;
        assert_eq!(dialogue.render(), asked);

        let dialogue = resumed(json!({"a": {"n": 1}, "other": {}}), None);
        assert_eq!(poll(dialogue.answer("a", "m", json!({}), number)), Some(1));
        assert_eq!(poll(dialogue.answer("b", "m", json!({}), number)), None);
        let result: Value = serde_json::from_str(&dialogue.render()).expect("JSON");
        let state = result["requestState"].as_str().expect("the first answer");

        let dialogue = resumed(json!({"b": {"n": 2}}), Some(state));
        assert_eq!(poll(dialogue.answer("a", "m", json!({}), number)), Some(1));
        assert_eq!(poll(dialogue.answer("b", "m", json!({}), number)), Some(2));
        assert!(!dialogue.is_asking());
    }

    #[test]
    fn what_cannot_be_read_is_asked_for_again() {
        let dialogue = resumed(json!({"a": {"action": "accept", "content": {"n": "x"}}}), None);
        #[derive(Debug, Deserialize, PartialEq)]
        struct Form {
            n: u32,
        }
        let read = Elicited::<Form>::read;
        assert_eq!(poll(dialogue.answer("a", "m", json!({}), read)), None);
        assert!(dialogue.is_asking() && !dialogue.render().contains("requestState"));
        for (answer, expected) in [
            (
                json!({"action": "accept", "content": {"n": 1}}),
                Some(Elicited::Accepted(Form { n: 1 })),
            ),
            (json!({"action": "decline"}), Some(Elicited::Declined)),
            (json!({"action": "cancel"}), Some(Elicited::Cancelled)),
            (json!({"action": "maybe"}), None),
            (json!("accept"), None),
        ] {
            assert_eq!(read(&answer), expected, "{answer}");
        }
    }

    #[test]
    fn models_answer_in_one_block_or_in_several() {
        let text = |answer: Value| Sampled::read(&answer).map(|sampled| sampled.text);
        let block = |text: &str| json!({ "type": "text", "text": text });
        assert_eq!(text(json!({ "content": block("a") })).as_deref(), Some("a"));
        assert_eq!(text(json!({ "content": [block("a"), block("b")] })).as_deref(), Some("ab"));
        assert_eq!(text(json!({ "content": [] })), None);
        assert_eq!(text(json!({})), None);
    }
}
