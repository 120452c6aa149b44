//! One turn of a model over Bedrock's `ConverseStream`.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ContentBlockDelta, ContentBlockStart, ConverseStreamOutput,
    InferenceConfiguration, Message, ReasoningContentBlock, ReasoningContentBlockDelta,
    ReasoningTextBlock, StopReason, SystemContentBlock, ToolConfiguration, ToolUseBlock,
};
use serde_json::Value;

use super::toolbox::{Call, Toolbox, to_document};
use crate::aws;
use crate::cli::client::ChatArguments;
use crate::client::refusal::printable;
use crate::exit::Failure;

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the model may take until it begins to answer.
const FIRST: Duration = Duration::from_secs(120);
/// How long it may be silent within its answer.
const SILENCE: Duration = Duration::from_secs(120);
/// Bytes of one turn: far more than any model writes.
const MAX_TURN_BYTES: usize = 4 * 1024 * 1024;

/// A model with the tools that it is offered.
pub(super) struct Model {
    client: Client,
    id: String,
    system: Option<String>,
    tools: Option<ToolConfiguration>,
    max_tokens: i32,
}

/// What a model said and wants.
pub(super) struct Turn {
    /// As it goes back to the model.
    pub(super) content: Vec<ContentBlock>,
    pub(super) text: String,
    pub(super) calls: Vec<Call>,
    pub(super) stopped: StopReason,
    /// Read and written.
    pub(super) tokens: (i32, i32),
}

impl Model {
    /// Credentials are looked for as the AWS CLI does.
    pub(super) async fn new(
        arguments: &ChatArguments,
        system: Option<String>,
        toolbox: &Toolbox,
    ) -> Result<Self, Failure> {
        let gateway = &arguments.client.gateway;
        let config =
            aws::configuration(gateway.profile.as_deref(), gateway.region.as_deref()).await;
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(FIRST);
        let mut builder =
            aws_sdk_bedrockruntime::config::Builder::from(&config).timeout_config(timeouts.build());
        if let Some(url) = &arguments.endpoint_url {
            builder = builder.endpoint_url(url);
        }
        Ok(Self {
            client: Client::from_conf(builder.build()),
            id: arguments.model.clone(),
            system,
            tools: toolbox.configuration()?,
            max_tokens: arguments.max_tokens,
        })
    }

    /// Asks for the next turn; `said` gets its text as it comes.
    pub(super) async fn ask(
        &self,
        messages: &[Message],
        mut said: impl FnMut(&str),
    ) -> Result<Turn, Failure> {
        let inference = InferenceConfiguration::builder().max_tokens(self.max_tokens).build();
        let system = self.system.clone().map(|text| vec![SystemContentBlock::Text(text)]);
        let sent = self
            .client
            .converse_stream()
            .model_id(&self.id)
            .set_messages(Some(messages.to_vec()))
            .set_system(system)
            .set_tool_config(self.tools.clone())
            .inference_config(inference)
            .send()
            .await;
        let mut stream = sent.map_err(|error| refused(&error))?.stream;
        let mut turn = Building::default();
        loop {
            let next = tokio::time::timeout(SILENCE, stream.recv()).await;
            let next = next.map_err(|_| {
                Failure::Aws(format!("the model is silent for {} s; try again", SILENCE.as_secs()))
            })?;
            match next.map_err(|error| refused(&error))? {
                None => return turn.finish(),
                Some(event) => turn.take(event, &mut said)?,
            }
        }
    }
}

/// A turn in the making: blocks by their places.
#[derive(Default)]
struct Building {
    blocks: BTreeMap<i32, Block>,
    stopped: Option<StopReason>,
    tokens: (i32, i32),
    bytes: usize,
}

enum Block {
    Text(String),
    Tool { id: String, name: String, input: String },
    Thought { text: String, signature: Option<String> },
}

impl Building {
    fn take(
        &mut self,
        event: ConverseStreamOutput,
        said: &mut impl FnMut(&str),
    ) -> Result<(), Failure> {
        // What else begins and ends shows by what comes; what is new is nothing that we asked for.
        if let ConverseStreamOutput::ContentBlockStart(start) = event {
            if let Some(ContentBlockStart::ToolUse(tool)) = start.start {
                let (id, name) = (tool.tool_use_id, tool.name);
                let block = Block::Tool { id, name, input: String::new() };
                self.blocks.insert(start.content_block_index, block);
            }
        } else if let ConverseStreamOutput::ContentBlockDelta(event) = event {
            if let Some(delta) = event.delta {
                self.grow(event.content_block_index, delta, said)?;
            }
        } else if let ConverseStreamOutput::MessageStop(stop) = event {
            self.stopped = Some(stop.stop_reason);
        } else if let ConverseStreamOutput::Metadata(told) = event
            && let Some(usage) = told.usage
        {
            self.tokens = (usage.input_tokens, usage.output_tokens);
        }
        Ok(())
    }

    fn grow(
        &mut self,
        at: i32,
        delta: ContentBlockDelta,
        said: &mut impl FnMut(&str),
    ) -> Result<(), Failure> {
        let thought = || Block::Thought { text: String::new(), signature: None };
        let mut piece = String::new();
        if let ContentBlockDelta::Text(text) = delta {
            said(&text);
            let block = self.blocks.entry(at).or_insert_with(|| Block::Text(String::new()));
            if let Block::Text(whole) = block {
                whole.push_str(&text);
            }
            piece = text;
        } else if let ContentBlockDelta::ToolUse(delta) = delta {
            if let Some(Block::Tool { input, .. }) = self.blocks.get_mut(&at) {
                input.push_str(&delta.input);
            }
            piece = delta.input;
        } else if let ContentBlockDelta::ReasoningContent(delta) = delta {
            let block = self.blocks.entry(at).or_insert_with(thought);
            if let Block::Thought { text, signature } = block {
                if let ReasoningContentBlockDelta::Text(more) = delta {
                    text.push_str(&more);
                    piece = more;
                } else if let ReasoningContentBlockDelta::Signature(more) = delta {
                    signature.get_or_insert_default().push_str(&more);
                    piece = more;
                }
            }
        }
        self.bytes += piece.len();
        if self.bytes > MAX_TURN_BYTES {
            return Err(Failure::Aws("the model's turn has more than 4 MiB".to_owned()));
        }
        Ok(())
    }

    fn finish(self) -> Result<Turn, Failure> {
        let stopped = self
            .stopped
            .ok_or_else(|| Failure::Aws("the model's answer broke off; try again".to_owned()))?;
        let bug =
            |error: aws_sdk_bedrockruntime::error::BuildError| Failure::Bug(error.to_string());
        let (mut content, mut text, mut calls) = (Vec::new(), String::new(), Vec::new());
        for block in self.blocks.into_values() {
            match block {
                // Bedrock refuses blank text when it comes back.
                Block::Text(piece) if piece.trim().is_empty() => {}
                Block::Text(piece) => {
                    text.push_str(&piece);
                    content.push(ContentBlock::Text(piece));
                }
                Block::Thought { text, signature } => {
                    let text = ReasoningTextBlock::builder().text(text).set_signature(signature);
                    let block = ReasoningContentBlock::ReasoningText(text.build().map_err(bug)?);
                    content.push(ContentBlock::ReasoningContent(block));
                }
                Block::Tool { id, name, input } => {
                    // A tool without arguments may be asked with none.
                    let input = if input.trim().is_empty() { "{}" } else { &input };
                    let input: Value = serde_json::from_str(input).unwrap_or(Value::Null);
                    let block = ToolUseBlock::builder()
                        .tool_use_id(&id)
                        .name(&name)
                        .input(to_document(&input))
                        .build()
                        .map_err(bug)?;
                    content.push(ContentBlock::ToolUse(block));
                    calls.push(Call { id, name, input });
                }
            }
        }
        Ok(Turn { content, text, calls, stopped, tokens: self.tokens })
    }
}

fn refused<E, R>(error: &SdkError<E, R>) -> Failure
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    let Some(refused) = error.as_service_error() else {
        return Failure::Aws(format!(
            "Bedrock cannot be asked: {}; check credentials, network and region",
            aws::causes(error)
        ));
    };
    let code = refused.code().unwrap_or("refused");
    let said = refused.message().map(printable).unwrap_or_default();
    let next = match code {
        "AccessDeniedException" => {
            "grant bedrock:InvokeModelWithResponseStream, and see whether the account has access \
             to the model"
        }
        "ResourceNotFoundException" | "ValidationException" => {
            "look whether --model is an id or inference profile of this region"
        }
        "ThrottlingException" | "ServiceUnavailableException" | "ModelNotReadyException" => {
            "try again in a moment"
        }
        _ => "see Bedrock's documentation of this error",
    };
    Failure::Aws(format!("Bedrock refuses ({code}): {said}; {next}"))
}
