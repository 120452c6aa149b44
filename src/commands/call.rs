//! `call`: one tool call, with what is said and asked until its answer.

use std::io::{Write, stderr};

use serde_json::value::RawValue;
use serde_json::{Map, Number, Value, json};

use crate::cli::client::CallArguments;
use crate::client::mcp::{Listener, METHOD_NOT_FOUND};
use crate::client::message::{RpcError, on_one_line};
use crate::client::refusal::printable;
use crate::commands;
use crate::commands::ask::Questions;
use crate::commands::input::{json, pair};
use crate::commands::lists::{connect, no_tool, read, text};
use crate::exit::Failure;
use crate::output::Output;
use crate::text::{lines, pretty};

/// Calls a tool and prints its result.
pub(crate) fn run(arguments: &CallArguments, output: &Output) -> Result<(), Failure> {
    let given = match &arguments.arguments {
        None => None,
        Some(text) => match json("--arguments", text)? {
            Value::Object(members) => Some(members),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => {
                return Err(Failure::Usage("--arguments must be a JSON object"));
            }
        },
    };
    commands::run(async {
        let client = connect(&arguments.client).await?;
        let tools = client.list("tools/list", "tools").await?;
        let mut read_all = tools.iter().map(|tool| read(tool));
        let Some(tool) = read_all.find(|tool| text(tool, "name") == arguments.name) else {
            return Err(no_tool(&arguments.name, &tools));
        };
        let given = match given {
            Some(members) => members,
            None => typed(&arguments.pairs, &tool["inputSchema"])?,
        };
        let terminal = Terminal::new(output);
        let result = client.call(&tool, given.into(), &terminal).await?;
        client.end().await;
        show(output, &result);
        if read(&result)["isError"] == true {
            let text = format!("{} says that it failed; its result tells why", arguments.name);
            return Err(Failure::ToolFailed(text));
        }
        Ok(())
    })
}

/// `NAME=VALUE` with the types that the schema wants. A name with several values is a list.
fn typed(pairs: &[String], schema: &Value) -> Result<Map<String, Value>, Failure> {
    let mut members = Map::new();
    for text in pairs {
        let (name, value) = pair(text)?;
        let property = &schema["properties"][name];
        let value = match property["type"].as_str() {
            Some("array") => {
                let whole = value.trim_start().starts_with('[');
                let whole = whole.then(|| serde_json::from_str(value).ok()).flatten();
                let earlier = members.remove(name);
                match (whole, earlier) {
                    (Some(whole), _) => whole,
                    (None, Some(Value::Array(mut all))) => {
                        all.push(one(name, value, property["items"]["type"].as_str())?);
                        Value::Array(all)
                    }
                    (None, _) => {
                        Value::Array(vec![one(name, value, property["items"]["type"].as_str())?])
                    }
                }
            }
            kind => one(name, value, kind)?,
        };
        members.insert(name.to_owned(), value);
    }
    Ok(members)
}

/// A value of a type; where the schema names none, what looks like JSON is JSON.
fn one(name: &str, text: &str, kind: Option<&str>) -> Result<Value, Failure> {
    let wrong = |what: &str| Failure::Argument(format!("{name} must be {what}, not {text:?}"));
    match kind {
        Some("string") => Ok(text.into()),
        Some("boolean") => text.parse().map(Value::Bool).map_err(|_| wrong("true or false")),
        Some("integer" | "number") => {
            text.parse::<Number>().map(Value::Number).map_err(|_| wrong("a number"))
        }
        Some("object") => serde_json::from_str(text).map_err(|_| wrong("a JSON object")),
        Some(_) | None => Ok(serde_json::from_str(text).unwrap_or_else(|_| text.into())),
    }
}

fn show(output: &Output, result: &RawValue) {
    if output.is_json() {
        return output.line(on_one_line(result.get()));
    }
    let whole = read(result);
    let blocks = whole["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    blocks.iter().for_each(|block| show_block(output, block));
    let structured = &whole["structuredContent"];
    // Servers repeat it as text for older clients; once is enough for people.
    let repeated = |block: &Value| {
        block["text"].as_str().is_some_and(|text| {
            serde_json::from_str::<Value>(text).is_ok_and(|value| value == *structured)
        })
    };
    if !structured.is_null() && !blocks.iter().any(repeated) {
        let raw: std::collections::HashMap<String, Box<RawValue>> =
            serde_json::from_str(result.get()).unwrap_or_default();
        if let Some(raw) = raw.get("structuredContent") {
            output.line(lines(&pretty(raw.get())));
        }
    }
}

/// Prints a block of content as far as a terminal can show it.
pub(super) fn show_block(output: &Output, block: &Value) {
    let size = |member: &str| block[member].as_str().map_or(0, |data| data.len() / 4 * 3);
    let kind = block["mimeType"].as_str().map(printable).unwrap_or_default();
    let line = match block["type"].as_str() {
        Some("text") => lines(block["text"].as_str().unwrap_or_default()).trim_end().to_owned(),
        Some(media @ ("image" | "audio")) => {
            format!("[{media}, {kind}, about {} bytes; --json prints it]", size("data"))
        }
        Some("resource_link") => format!("[resource {}]", printable(&text(block, "uri"))),
        Some("resource") => match block["resource"]["text"].as_str() {
            Some(text) => lines(text),
            None => format!("[resource {}]", printable(&text(&block["resource"], "uri"))),
        },
        Some(_) | None => lines(&block.to_string()),
    };
    output.line(line);
}

/// Whoever sits at the terminal: sees progress on standard error, and is asked.
pub(super) struct Terminal {
    questions: Questions,
    json: bool,
}

impl Terminal {
    /// Nobody is asked where programs read along, or without a terminal.
    pub(super) fn new(output: &Output) -> Self {
        Self { questions: Questions::new(false, output.is_json()), json: output.is_json() }
    }
}

impl Listener for Terminal {
    fn notified(&self, method: &str, params: &Value) {
        let mut err = stderr();
        if self.json {
            let event = json!({"event": "notification", "method": method, "params": params});
            let _ = writeln!(err, "{event}");
            return;
        }
        let said = match method {
            "notifications/progress" => progress(params),
            "notifications/message" => {
                let level = params["level"].as_str().unwrap_or("log");
                let data = &params["data"];
                let data = data.as_str().map_or_else(|| data.to_string(), str::to_owned);
                format!("{level}: {data}")
            }
            _ => return,
        };
        let _ = writeln!(err, "{}", printable(&said));
    }

    async fn asked(&self, method: &str, params: &Value) -> Result<Value, RpcError> {
        if method != "elicitation/create" || params["mode"].as_str().unwrap_or("form") != "form" {
            let message = format!("{method} is not served by a command line");
            return Err(RpcError { code: METHOD_NOT_FOUND, message });
        }
        if !self.questions.are_possible() {
            let message = params["message"].as_str().unwrap_or_default();
            if !self.json {
                let _ =
                    writeln!(stderr(), "declined, for want of a terminal: {}", printable(message));
            }
            return Ok(json!({"action": "decline"}));
        }
        Ok(self.fill_in(params).await.unwrap_or_else(|_| json!({"action": "cancel"})))
    }
}

impl Terminal {
    /// Asks for each member of the form.
    async fn fill_in(&self, params: &Value) -> Result<Value, Failure> {
        let _ = writeln!(stderr(), "{}", lines(params["message"].as_str().unwrap_or_default()));
        if !self.questions.confirm("Answer?").await? {
            return Ok(json!({"action": "decline"}));
        }
        let schema = &params["requestedSchema"];
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut content = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let must = required.iter().any(|one| one == name);
            let default = &property["default"];
            let default = match default {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    default.to_string()
                }
            };
            let read = |text: &str| match text {
                "" if must => Err("it is needed".to_owned()),
                "" => Ok(None),
                text => answer(name, text, property).map(Some),
            };
            if let Some(value) =
                self.questions.text(&question(name, property), &default, read).await?
            {
                content.insert(name.clone(), value);
            }
        }
        Ok(json!({"action": "accept", "content": content}))
    }
}

/// A member's question: its title, and what may be answered.
fn question(name: &str, property: &Value) -> String {
    let title = property["title"].as_str().or(property["description"].as_str()).unwrap_or(name);
    let choices: Vec<String> = choices(property).iter().map(plain).collect();
    let kind = property["type"].as_str().filter(|kind| *kind != "string");
    let hint = match (choices.is_empty(), kind) {
        (false, _) => format!(" ({})", choices.join(", ")),
        (true, Some(kind)) => format!(" ({kind})"),
        (true, None) => String::new(),
    };
    printable(&format!("{title}{hint}"))
}

fn choices(property: &Value) -> Vec<Value> {
    let titled = |member: &str| {
        let all = property[member].as_array().into_iter().flatten();
        all.map(|one| one["const"].clone()).filter(|one| !one.is_null()).collect::<Vec<_>>()
    };
    match property["enum"].as_array() {
        Some(all) => all.clone(),
        None => [titled("oneOf"), titled("anyOf")].concat(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn answer(name: &str, text: &str, property: &Value) -> Result<Value, String> {
    let kind = property["type"].as_str();
    let value = if kind == Some("array") {
        let items = property["items"]["type"].as_str().or(Some("string"));
        let all: Result<Vec<Value>, Failure> =
            text.split(',').map(|part| one(name, part.trim(), items)).collect();
        Value::Array(all.map_err(|error| error.to_string())?)
    } else {
        one(name, text, kind).map_err(|error| error.to_string())?
    };
    let allowed = choices(property);
    if kind != Some("array") && !allowed.is_empty() && !allowed.contains(&value) {
        let allowed: Vec<String> = allowed.iter().map(plain).collect();
        return Err(format!("one of {}, please", allowed.join(", ")));
    }
    Ok(value)
}

/// Progress in words.
fn progress(params: &Value) -> String {
    let of = match (&params["progress"], &params["total"]) {
        (Value::Number(done), Value::Number(total)) => format!("{done} of {total}"),
        (Value::Number(done), _) => done.to_string(),
        (_, _) => String::new(),
    };
    match params["message"].as_str() {
        Some(message) if of.is_empty() => message.to_owned(),
        Some(message) => format!("{of}: {message}"),
        None => of,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[&str]) -> Result<Value, String> {
        let schema = json!({"properties": {
            "city": {"type": "string"}, "days": {"type": "integer"}, "metric": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}}, "place": {"type": "object"},
            "any": {}
        }});
        let pairs: Vec<String> = pairs.iter().map(|text| (*text).to_owned()).collect();
        typed(&pairs, &schema).map(Value::Object).map_err(|error| error.to_string())
    }

    #[test]
    fn types_are_those_of_the_schema() {
        let pairs = ["city=7", "days=7", "metric=true", "place={\"x\":1}", "any=7", "more=a=b"];
        let expected = json!({"city": "7", "days": 7, "metric": true, "place": {"x": 1}, "any": 7,
            "more": "a=b"});
        assert_eq!(check(&pairs), Ok(expected));
        assert_eq!(check(&["tags=a", "tags=b"]), Ok(json!({"tags": ["a", "b"]})));
        assert_eq!(check(&["tags=[\"a\"]"]), Ok(json!({"tags": ["a"]})));
        assert_eq!(check(&["city="]), Ok(json!({"city": ""})));
        for wrong in ["days=two", "metric=yes", "place=x", "city", "=x"] {
            assert!(check(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn forms() {
        let color = json!({"type": "string", "title": "Colour", "enum": ["red", "blue"]});
        assert_eq!(question("c", &color), "Colour (red, blue)");
        assert_eq!(answer("c", "red", &color), Ok(json!("red")));
        assert!(answer("c", "green", &color).is_err());
        let titled = json!({"type": "string", "oneOf": [{"const": "a", "title": "A"}]});
        assert_eq!(answer("c", "a", &titled), Ok(json!("a")));
        let many = json!({"type": "array", "items": {"type": "string"}});
        assert_eq!(answer("c", "a, b", &many), Ok(json!(["a", "b"])));
        assert_eq!(question("n", &json!({"type": "integer"})), "n (integer)");
    }

    #[test]
    fn progress_in_words() {
        assert_eq!(progress(&json!({"progress": 1, "total": 3, "message": "m"})), "1 of 3: m");
        assert_eq!(progress(&json!({"progress": 1})), "1");
        assert_eq!(progress(&json!({"message": "m"})), "m");
    }
}
