//! What can be typed by clients of a gateway.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::client::http::Secret;

/// Which gateway, and as whom.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Gateway")]
pub(crate) struct GatewayArguments {
    /// The gateway's URL. Without it MCP_LAMBDA_URL (for register, MCP_LAMBDA_REGISTRATION_URL goes
    /// first), or else the local server's, http://127.0.0.1:8765.
    #[arg(long, value_name = "URL", conflicts_with = "stack")]
    pub(crate) url: Option<String>,
    /// The deployed stack whose outputs name the URL; needs a build with the feature deploy.
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// The region; without it that of the URL, of the environment or of the profile.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The profile of the AWS CLI to sign with.
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
    /// Sign requests for this service: lambda for a Function URL, execute-api for API Gateway. URLs
    /// of AWS are signed without it.
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// Do not sign.
    #[arg(long, conflicts_with = "service")]
    pub(crate) no_sign: bool,
    /// A bearer token, sent instead of a signature. Better in MCP_LAMBDA_TOKEN, where other users
    /// of this machine do not see it.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "MCP_LAMBDA_TOKEN",
        hide_env = true,
        conflicts_with = "service"
    )]
    pub(crate) token: Option<Secret>,
    /// How many seconds a request may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 900,
          value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) timeout: u64,
}

/// The revision to speak.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Revision {
    /// The newest that the gateway has.
    #[default]
    Auto,
    /// Without handshake.
    #[value(name = "2026-07-28")]
    Modern,
    /// With the handshake.
    #[value(name = "2025-11-25")]
    Legacy,
}

/// The arguments that all clients have.
#[derive(Args, Clone, Debug)]
pub(crate) struct ClientArguments {
    /// The revision of MCP to speak.
    #[arg(long, value_name = "REVISION", value_enum, default_value_t)]
    pub(crate) revision: Revision,
    #[command(flatten)]
    pub(crate) gateway: GatewayArguments,
}

/// The arguments of `tools`.
#[derive(Args, Clone, Debug)]
#[command(after_help = TOOLS_HELP)]
pub(crate) struct ToolsArguments {
    /// One tool, with its schemas.
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) client: ClientArguments,
}

const TOOLS_HELP: &str = "\
Examples:
  mcp-lambda tools
  mcp-lambda tools example_echo
  mcp-lambda tools --stack mcp-lambda --json";

/// The arguments of `resources`.
#[derive(Args, Clone, Debug)]
#[command(after_help = RESOURCES_HELP)]
pub(crate) struct ResourcesArguments {
    /// The resource to read.
    pub(crate) uri: Option<String>,
    #[command(flatten)]
    pub(crate) client: ClientArguments,
}

const RESOURCES_HELP: &str = "\
Examples:
  mcp-lambda resources
  mcp-lambda resources mcp-lambda://guide";

/// The arguments of `prompts`.
#[derive(Args, Clone, Debug)]
#[command(after_help = PROMPTS_HELP)]
pub(crate) struct PromptsArguments {
    /// The prompt to get.
    pub(crate) name: Option<String>,
    /// Its arguments.
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) pairs: Vec<String>,
    #[command(flatten)]
    pub(crate) client: ClientArguments,
}

const PROMPTS_HELP: &str = "\
Examples:
  mcp-lambda prompts
  mcp-lambda prompts example_introduction audience=children";

/// The arguments of `call`.
#[derive(Args, Clone, Debug)]
#[command(after_help = CALL_HELP)]
pub(crate) struct CallArguments {
    /// The tool.
    pub(crate) name: String,
    /// Arguments one by one; their types are those of the tool's schema.
    #[arg(value_name = "NAME=VALUE", conflicts_with = "arguments")]
    pub(crate) pairs: Vec<String>,
    /// All arguments as a JSON object, or the file that holds it; - is standard input.
    #[arg(long, value_name = "JSON|FILE")]
    pub(crate) arguments: Option<String>,
    #[command(flatten)]
    pub(crate) client: ClientArguments,
}

const CALL_HELP: &str = "\
Examples:
  mcp-lambda call example_echo text=hello
  mcp-lambda call forecast city=Oslo days=2
  mcp-lambda call forecast --arguments '{\"city\": \"Oslo\"}' --json
  mcp-lambda call forecast city=Oslo --stack mcp-lambda --profile dev

Progress is shown on standard error. What a function asks its user is asked at the terminal;
without one it is declined. A result that says that the tool failed ends with exit code 13.";

/// The arguments of `connect`.
#[derive(Args, Clone, Debug)]
#[command(after_help = CONNECT_HELP)]
pub(crate) struct ConnectArguments {
    /// Print how this client is told of the gateway, and end.
    #[arg(long, value_name = "CLIENT", value_enum)]
    pub(crate) print: Option<Host>,
    /// The name that the client shows for the gateway.
    #[arg(long, value_name = "NAME", default_value = "mcp-lambda")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) gateway: GatewayArguments,
}

/// Programs that hold MCP clients.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Host {
    /// Claude Desktop.
    ClaudeDesktop,
    /// Claude Code.
    ClaudeCode,
    /// Cursor.
    Cursor,
    /// VS Code.
    Vscode,
    /// Codex.
    Codex,
}

const CONNECT_HELP: &str = "\
Examples:
  mcp-lambda connect --stack mcp-lambda --profile dev
  mcp-lambda connect --print claude-desktop --stack mcp-lambda
  mcp-lambda connect --print vscode --url https://ID.lambda-url.eu-west-1.on.aws > .vscode/mcp.json

Speaks MCP on standard input and output, one message a line, and passes each on to the gateway,
signed. Credentials are looked for anew when they end, and when AWS refuses them.";

/// The arguments of `doctor`.
#[derive(Args, Clone, Debug)]
#[command(after_help = DOCTOR_HELP)]
pub(crate) struct DoctorArguments {
    /// The admin plane's URL, if it is not that of --url or of the stack.
    #[arg(long, value_name = "URL")]
    pub(crate) registration_url: Option<String>,
    #[command(flatten)]
    pub(crate) gateway: GatewayArguments,
}

const DOCTOR_HELP: &str = "\
Examples:
  mcp-lambda doctor
  mcp-lambda doctor --stack mcp-lambda --profile dev

Ends with exit code 14 if a check fails. What only warns does not.";

/// The arguments of `chat`.
#[derive(Args, Clone, Debug)]
#[command(after_help = CHAT_HELP)]
pub(crate) struct ChatArguments {
    /// What to say; without it every line of standard input is one turn.
    pub(crate) text: Option<String>,
    /// The model, or an inference profile.
    #[arg(long, value_name = "ID", default_value = "us.amazon.nova-lite-v1:0")]
    pub(crate) model: String,
    /// What the model is told before everything else; a text or a file.
    #[arg(long, value_name = "TEXT|FILE")]
    pub(crate) system: Option<String>,
    /// How often the model may ask for tools in one turn.
    #[arg(long, value_name = "COUNT", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// How many tokens one answer of the model may have.
    #[arg(long, value_name = "COUNT", default_value_t = 4_096,
          value_parser = clap::value_parser!(i32).range(1..))]
    pub(crate) max_tokens: i32,
    /// Where Bedrock is, such as a stand-in for tests.
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    #[command(flatten)]
    pub(crate) client: ClientArguments,
}

const CHAT_HELP: &str = "\
Examples:
  mcp-lambda chat \"What is the weather in Oslo?\"
  mcp-lambda chat --model us.anthropic.claude-sonnet-4-5-20250929-v1:0 --stack mcp-lambda
  mcp-lambda chat --system prompt.txt < questions.txt

The model is one of Amazon Bedrock and is offered the gateway's tools. It costs what Bedrock asks
for the model, in the account of the credentials, which need bedrock:InvokeModelWithResponseStream.";

/// The arguments of `completions`.
#[derive(Args, Clone, Debug)]
#[command(after_help = COMPLETIONS_HELP)]
pub(crate) struct CompletionsArguments {
    /// For which shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

const COMPLETIONS_HELP: &str = "\
Examples:
  mcp-lambda completions bash > ~/.local/share/bash-completion/completions/mcp-lambda
  mcp-lambda completions zsh > \"${fpath[1]}/_mcp-lambda\"
  mcp-lambda completions fish > ~/.config/fish/completions/mcp-lambda.fish";

/// The arguments of `man`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ManArguments {
    /// Write a page for each command into this folder; without it the main one is printed.
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}
