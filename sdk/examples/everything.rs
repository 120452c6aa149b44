//! What the server scenarios of the MCP conformance suite expect of a server.
//!
//! `tests/conformance/README.md` tells which scenario needs which of them.

use std::time::Duration;

use mcp_lambda_sdk::prelude::*;
use mcp_lambda_sdk::{Hints, Sampled, Schema, Tool, ToolDefinition, Working};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// One red pixel.
const PNG: [u8; 69] = [
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0,
    0, 0, 144, 119, 83, 222, 0, 0, 0, 12, 73, 68, 65, 84, 120, 156, 99, 248, 207, 192, 0, 0, 3, 1,
    1, 0, 201, 254, 146, 239, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130,
];
/// A tenth of a millisecond of silence.
const WAV: [u8; 46] = [
    82, 73, 70, 70, 38, 0, 0, 0, 87, 65, 86, 69, 102, 109, 116, 32, 16, 0, 0, 0, 1, 0, 1, 0, 64,
    31, 0, 0, 64, 31, 0, 0, 1, 0, 8, 0, 100, 97, 116, 97, 2, 0, 0, 0, 128, 128,
];
/// Between reports, as the suite asks for.
const PAUSE: Duration = Duration::from_millis(50);

/// Returns one text.
#[tool]
async fn test_simple_text() -> &'static str {
    "This is a simple text response for testing."
}

/// Returns one image.
#[tool]
async fn test_image_content() -> Image {
    Image::new(PNG, "image/png")
}

/// Returns one sound.
#[tool]
async fn test_audio_content() -> Audio {
    Audio::new(WAV, "audio/wav")
}

/// Returns one embedded resource.
#[tool]
async fn test_embedded_resource() -> Content {
    let text = "This is an embedded resource content.";
    ResourceContents::text("test://embedded-resource", text).mime_type("text/plain").into()
}

/// Returns a text, an image and a resource.
#[tool]
async fn test_multiple_content_types() -> Vec<Content> {
    let data = json!({ "test": "data", "value": 123 }).to_string();
    let resource = ResourceContents::text("test://mixed-content-resource", data);
    vec![
        Content::text("Multiple content types test:"),
        Image::new(PNG, "image/png").into(),
        resource.mime_type("application/json").into(),
    ]
}

/// Always fails.
#[tool]
async fn test_error_handling() -> Result<(), ToolError> {
    Err(ToolError::new("This tool intentionally returns an error for testing"))
}

/// Reports progress three times.
#[tool]
async fn test_tool_with_progress(context: &Context) -> &'static str {
    for step in [0.0, 50.0, 100.0] {
        context.progress(step, Some(100.0), "").await;
        tokio::time::sleep(PAUSE).await;
    }
    "Progress reported three times."
}

/// Logs three times while it works.
#[tool]
async fn test_tool_with_logging(context: &Context) -> &'static str {
    context.log(LogLevel::Info, "Tool execution started").await;
    tokio::time::sleep(PAUSE).await;
    context.log(LogLevel::Info, "Tool processing data").await;
    tokio::time::sleep(PAUSE).await;
    context.log(LogLevel::Info, "Tool execution completed").await;
    "Logged three times."
}

/// Logs whether or not anyone listens.
#[tool]
async fn test_logging_tool(context: &Context) -> &'static str {
    context.log(LogLevel::Info, "nobody asked for this line").await;
    "Logged once."
}

/// Answers after a pause.
#[tool]
async fn test_reconnection(context: &Context) -> &'static str {
    context.progress(0.0, Some(100.0), "").await;
    tokio::time::sleep(4 * PAUSE).await;
    "Reconnection test completed."
}

/// Asks the client's model.
#[tool]
async fn test_sampling(
    context: &Context,
    /** What to ask the model */
    prompt: String,
) -> String {
    let Sampled { text, .. } = context.sample("reply", &Sampling::new(prompt, 100)).await;
    format!("LLM response: {text}")
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct User {
    /// User's response
    username: String,
    /// User's email address
    email: String,
}

/// Asks the user for two fields.
#[tool]
async fn test_elicitation(
    context: &Context,
    /** What to show the user */
    message: String,
) -> Result<String, ToolError> {
    let answer = context.elicit::<User>("user", &message).await?;
    Ok(format!("User response: {}", outcome(answer)))
}

fn outcome<T: Serialize>(answer: Elicited<T>) -> String {
    match answer {
        Elicited::Accepted(content) => format!("action=accept, content={}", json!(content)),
        Elicited::Declined => "action=decline, content=null".to_owned(),
        Elicited::Cancelled => "action=cancel, content=null".to_owned(),
    }
}

async fn completed(context: &Context, message: &str, properties: Value) -> String {
    let schema = json!({ "type": "object", "properties": properties });
    let answer = context.elicit_form::<Value>("form", message, schema).await;
    format!("Elicitation completed: {}", outcome(answer))
}

/// Asks with a default for every primitive type.
#[tool]
async fn test_elicitation_sep1034_defaults(context: &Context) -> String {
    let properties = json!({
        "name": { "type": "string", "description": "User name", "default": "John Doe" },
        "age": { "type": "integer", "description": "User age", "default": 30 },
        "score": { "type": "number", "description": "User score", "default": 95.5 },
        "status": {
            "type": "string", "description": "User status",
            "enum": ["active", "inactive", "pending"], "default": "active"
        },
        "verified": { "type": "boolean", "description": "Verified", "default": true }
    });
    completed(context, "Please review the prefilled fields", properties).await
}

/// Asks with the five kinds of choice.
#[tool]
async fn test_elicitation_sep1330_enums(context: &Context) -> String {
    let titled = |names: [(&str, &str); 3]| {
        let one = |(value, title)| json!({ "const": value, "title": title });
        Value::from(names.map(one).to_vec())
    };
    let options = json!(["option1", "option2", "option3"]);
    let single =
        [("value1", "First Option"), ("value2", "Second Option"), ("value3", "Third Option")];
    let multi =
        [("value1", "First Choice"), ("value2", "Second Choice"), ("value3", "Third Choice")];
    let properties = json!({
        "untitledSingle": { "type": "string", "enum": options },
        "titledSingle": { "type": "string", "oneOf": titled(single) },
        "legacyEnum": {
            "type": "string", "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"]
        },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
        "titledMulti": { "type": "array", "items": { "anyOf": titled(multi) } }
    });
    completed(context, "Please choose", properties).await
}

#[derive(Deserialize, JsonSchema)]
struct Confirmed {
    ok: bool,
}

/// Streams, then asks the user.
#[tool]
async fn test_streaming_elicitation(context: &Context) -> Result<String, ToolError> {
    context.progress(50.0, None, "").await;
    let answer = context.elicit::<Confirmed>("answer", "Go on?").await?;
    Ok(match answer {
        Elicited::Accepted(Confirmed { ok }) => format!("The client said: accept, {ok}"),
        Elicited::Declined => "The client said: decline".to_owned(),
        Elicited::Cancelled => "The client said: cancel".to_owned(),
    })
}

/// Cannot work without the client's model.
#[tool]
async fn test_missing_capability(context: &Context) -> String {
    context.sample("needed", &Sampling::new("Say hello", 100)).await.text
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

async fn ask_name(context: &Context, key: &str, message: &str) -> Result<String, ToolError> {
    let answer = context.elicit::<Name>(key, message).await?;
    let name = answer.accepted().ok_or_else(|| ToolError::new("the user gave no name"))?;
    Ok(name.name)
}

/// Asks the user for a name.
#[tool]
async fn test_input_required_result_elicitation(context: &Context) -> Result<String, ToolError> {
    let name = ask_name(context, "user_name", "What is your name?").await?;
    Ok(format!("Hello, {name}!"))
}

/// Asks the client's model for a capital.
#[tool]
async fn test_input_required_result_sampling(context: &Context) -> String {
    let question = Sampling::new("What is the capital of France?", 100);
    context.sample("capital_question", &question).await.text
}

/// Asks the client for its roots.
#[tool]
async fn test_input_required_result_list_roots(context: &Context) -> String {
    let roots = context.roots("client_roots").await;
    let uris: Vec<String> = roots.into_iter().map(|root| root.uri).collect();
    format!("Client roots: {}", uris.join(", "))
}

/// Asks, and wants its state back.
#[tool]
async fn test_input_required_result_request_state(
    context: &Context,
) -> Result<&'static str, ToolError> {
    let mut first = false;
    let begun = context.once("begun", async {
        first = true;
        7
    });
    let begun = begun.await?;
    let confirmed = context.elicit::<Confirmed>("confirm", "Please confirm").await?;
    let kept = confirmed.accepted().is_some() && begun == 7 && !first;
    // The text reports whether the state came back unharmed.
    if kept { Ok("state-ok") } else { Err(ToolError::new("state-lost")) }
}

/// Asks three things at once.
#[tool]
async fn test_input_required_result_multiple_inputs(
    context: &Context,
) -> Result<String, ToolError> {
    context.once("begun", async {}).await?;
    let greeting = Sampling::new("Generate a greeting", 50);
    let (name, greeting, roots) = tokio::join!(
        ask_name(context, "user_name", "What is your name?"),
        context.sample("greeting", &greeting),
        context.roots("client_roots"),
    );
    Ok(format!("{} {}, you have {} root(s).", greeting.text, name?, roots.len()))
}

#[derive(Deserialize, JsonSchema)]
struct Color {
    color: String,
}

/// Asks twice, the second time with the first answer in its state.
#[tool]
async fn test_input_required_result_multi_round(context: &Context) -> Result<String, ToolError> {
    context.once("begun", async {}).await?;
    let name = ask_name(context, "step1", "Step 1: What is your name?").await?;
    let question = "Step 2: What is your favorite color?";
    let color = context.elicit::<Color>("step2", question).await?.accepted();
    let color = color.ok_or_else(|| ToolError::new("the user likes no color"))?.color;
    Ok(format!("{name} likes {color}"))
}

/// Asks, with a state nobody may change.
#[tool]
async fn test_input_required_result_tampered_state(
    context: &Context,
) -> Result<&'static str, ToolError> {
    // The gateway seals the state, so a tampered one never gets here.
    context.once("begun", async {}).await?;
    let confirmed = context.elicit::<Confirmed>("confirm", "Please confirm").await?;
    Ok(if confirmed.accepted().is_some() { "accepted" } else { "refused" })
}

/// Asks for no more than the client can give.
#[tool]
async fn test_input_required_result_capabilities(context: &Context) -> Result<String, ToolError> {
    if context.client().sampling {
        return Ok(context.sample("question", &Sampling::new("Say hello", 100)).await.text);
    }
    let confirmed = context.elicit::<Confirmed>("confirm", "Please confirm").await?;
    Ok(format!("answered: {}", confirmed.accepted().is_some()))
}

/// Takes one argument that travels in a header too.
#[tool]
async fn test_custom_header(
    /** A region */
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: String,
) -> String {
    format!("region is {region}")
}

/// A tool whose schema was written by hand.
struct HandWritten;

impl HandWritten {
    fn schema() -> Schema {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": { "address": {
                "$anchor": "addressDef", "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
            } },
            "properties": {
                "name": { "type": "string" },
                "address": { "$ref": "#/$defs/address" },
                "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                "phone": { "type": "string" },
                "email": { "type": "string" }
            },
            "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
            "if": {
                "properties": { "contactMethod": { "const": "phone" } },
                "required": ["contactMethod"]
            },
            "then": { "required": ["phone"] },
            "else": { "required": ["email"] },
            "additionalProperties": false
        });
        RawValue::from_string(schema.to_string()).expect("it is JSON")
    }
}

impl Tool for HandWritten {
    fn definition(&self) -> ToolDefinition {
        ToolDefinition {
            name: "json_schema_2020_12_tool".to_owned(),
            title: None,
            description: "Tool with JSON Schema 2020-12 features".to_owned(),
            input: Self::schema(),
            output: None,
            timeout_seconds: None,
            hints: Hints::default(),
        }
    }

    fn call<'a>(&'a self, _: &'a Context, arguments: &'a str) -> Working<'a, Reply> {
        Box::pin(async move { Reply::new().text(arguments) })
    }
}

/// A text that never changes.
#[resource(uri = "test://static-text", name = "static-text", mime_type = "text/plain")]
async fn static_text() -> &'static str {
    "This is the content of the static text resource."
}

/// An image that never changes.
#[resource(uri = "test://static-binary", name = "static-binary", mime_type = "image/png")]
async fn static_binary() -> Vec<u8> {
    PNG.to_vec()
}

/// A text that clients subscribe to.
#[resource(uri = "test://watched-resource", name = "watched-resource", mime_type = "text/plain")]
async fn watched_resource() -> &'static str {
    "Watched resource content"
}

/// Data for an id.
#[resource(
    uri = "test://template/{id}/data",
    name = "template-data",
    mime_type = "application/json"
)]
async fn template_data(#[complete("123", "124", "200")] id: String) -> Json<Value> {
    Json(json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") }))
}

/// A prompt without arguments.
#[prompt]
async fn test_simple_prompt() -> &'static str {
    "This is a simple prompt for testing."
}

/// A prompt with two arguments.
#[prompt]
async fn test_prompt_with_arguments(
    /** First test argument */
    #[complete("paris", "park", "party", "test")]
    arg1: String,
    /** Second test argument */
    arg2: String,
) -> String {
    format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")
}

/// A prompt that embeds a resource.
#[prompt]
#[expect(non_snake_case, reason = "the suite names the argument")]
async fn test_prompt_with_embedded_resource(
    /** URI of the resource to embed */
    resourceUri: String,
) -> Vec<Message> {
    let text = "Embedded resource content for testing.";
    vec![
        Message::user(ResourceContents::text(resourceUri, text).mime_type("text/plain")),
        Message::user("Please process the embedded resource above."),
    ]
}

/// A prompt with an image.
#[prompt]
async fn test_prompt_with_image() -> Vec<Message> {
    vec![
        Message::user(Image::new(PNG, "image/png")),
        Message::user("Please analyze the image above."),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct UserContext {
    context: String,
}

/// A prompt that asks the user first.
#[prompt]
async fn test_input_required_result_prompt(context: &Context) -> Result<String, ToolError> {
    let question = "What context should the prompt use?";
    let answer = context.elicit::<UserContext>("user_context", question).await?.accepted();
    let answer = answer.ok_or_else(|| ToolError::new("the user gave no context"))?;
    Ok(format!("Use this context: {}", answer.context))
}

fn main() -> ExitCode {
    Server::new("everything", env!("CARGO_PKG_VERSION"))
        .tool(test_simple_text)
        .tool(test_image_content)
        .tool(test_audio_content)
        .tool(test_embedded_resource)
        .tool(test_multiple_content_types)
        .tool(test_error_handling)
        .tool(test_tool_with_progress)
        .tool(test_tool_with_logging)
        .tool(test_logging_tool)
        .tool(test_reconnection)
        .tool(test_sampling)
        .tool(test_elicitation)
        .tool(test_elicitation_sep1034_defaults)
        .tool(test_elicitation_sep1330_enums)
        .tool(test_streaming_elicitation)
        .tool(test_missing_capability)
        .tool(test_input_required_result_elicitation)
        .tool(test_input_required_result_sampling)
        .tool(test_input_required_result_list_roots)
        .tool(test_input_required_result_request_state)
        .tool(test_input_required_result_multiple_inputs)
        .tool(test_input_required_result_multi_round)
        .tool(test_input_required_result_tampered_state)
        .tool(test_input_required_result_capabilities)
        .tool(test_custom_header)
        .tool(|| HandWritten)
        .resource(static_text)
        .resource(static_binary)
        .resource(watched_resource)
        .resource(template_data)
        .prompt(test_simple_prompt)
        .prompt(test_prompt_with_arguments)
        .prompt(test_prompt_with_embedded_resource)
        .prompt(test_prompt_with_image)
        .prompt(test_input_required_result_prompt)
        .serve()
}
