//! What can be typed by administrators.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::client::GatewayArguments;

/// The arguments of `register`.
#[derive(Args, Clone, Debug)]
#[command(disable_help_subcommand = true)]
pub(crate) struct RegisterArguments {
    #[command(subcommand)]
    pub(crate) command: RegisterCommand,
}

/// The commands of `register`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum RegisterCommand {
    /// Register a tool, a resource or a prompt.
    Add(AddArguments),
    /// List what is registered.
    List(ListArguments),
    /// Show one registration.
    Get(GetArguments),
    /// Change one registration: what is given, or all of it with --file.
    Update(UpdateArguments),
    /// Remove registrations.
    Remove(RemoveArguments),
    /// Make the gateway's registrations those of files: shows what would change, and asks.
    Import(ImportArguments),
    /// Write registrations to files, or to standard output.
    Export(ExportArguments),
    /// Show whether registered functions can be called.
    Status(StatusArguments),
}

/// What a registration is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    /// A tool.
    Tool,
    /// A resource, or a family of them.
    Resource,
    /// A prompt.
    Prompt,
}

/// The members of a document that can be given one by one.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Document")]
pub(crate) struct Members {
    /// The whole document; - is standard input. Other flags change it.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// For people.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// For models, who choose by it.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// The function, best with an alias.
    #[arg(long, value_name = "ARN")]
    pub(crate) function: Option<String>,
    /// How the function is called, such as auto or apigw-v2.
    #[arg(long, value_name = "MODE")]
    pub(crate) invoke_mode: Option<String>,
    /// How many seconds a call may take.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout_seconds: Option<u64>,
    /// A tool's arguments in the short form, such as {"city": "string"}.
    #[arg(long, value_name = "JSON|FILE")]
    pub(crate) parameters: Option<String>,
    /// A tool's arguments as JSON Schema.
    #[arg(long, value_name = "JSON|FILE", conflicts_with = "parameters")]
    pub(crate) input_schema: Option<String>,
    /// What a tool's structured result looks like, as JSON Schema.
    #[arg(long, value_name = "JSON|FILE")]
    pub(crate) output_schema: Option<String>,
    /// Hints such as {"readOnlyHint": true}.
    #[arg(long, value_name = "JSON|FILE")]
    pub(crate) annotations: Option<String>,
    /// A resource's URI.
    #[arg(long, value_name = "URI")]
    pub(crate) uri: Option<String>,
    /// A family's URIs, such as city://{name}.
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "uri")]
    pub(crate) uri_template: Option<String>,
    /// A resource's media type.
    #[arg(long, value_name = "TYPE")]
    pub(crate) mime_type: Option<String>,
    /// A static resource's text.
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// A prompt's arguments, as a list.
    #[arg(long, value_name = "JSON|FILE")]
    pub(crate) arguments: Option<String>,
    /// A static prompt's messages, as a list.
    #[arg(long, value_name = "JSON|FILE")]
    pub(crate) messages: Option<String>,
}

/// The arguments of `register add`.
#[derive(Args, Clone, Debug)]
#[command(after_help = ADD_HELP)]
pub(crate) struct AddArguments {
    /// What it is; tool if neither this nor the file says so.
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub(crate) kind: Option<Kind>,
    /// Its name, unique among its type.
    #[arg(long, value_name = "NAME", required_unless_present = "file")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) members: Members,
    #[command(flatten)]
    pub(crate) gateway: GatewayArguments,
}

const ADD_HELP: &str = "\
Examples:
  mcp-lambda register add --file examples/registrations/forecast.json
  mcp-lambda register add --name forecast --description 'The weather of a city.' \\
    --function arn:aws:lambda:eu-west-1:123456789012:function:forecast:live \\
    --parameters '{\"city\": \"string\", \"days\": {\"type\": \"number\", \"optional\": true}}'
  mcp-lambda register add --type resource --name handbook --description 'How we work.' \\
    --uri docs://handbook --mime-type text/markdown --text '# Handbook'";

/// The arguments of `register list`.
#[derive(Args, Clone, Debug)]
#[command(after_help = LIST_HELP)]
pub(crate) struct ListArguments {
    /// Only this type.
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub(crate) kind: Option<Kind>,
    #[command(flatten)]
    pub(crate) gateway: GatewayArguments,
}

const LIST_HELP: &str = "\
Examples:
  mcp-lambda register list
  mcp-lambda register list --type tool --json";

/// The arguments of `register get`.
#[derive(Args, Clone, Debug)]
#[command(after_help = GET_HELP)]
pub(crate) struct GetArguments {
    /// Its id, such as tool-forecast.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) gateway: GatewayArguments,
}

const GET_HELP: &str = "\
Examples:
  mcp-lambda register get tool-forecast";

/// The arguments of `register update`.
#[derive(Args, Clone, Debug)]
#[command(after_help = UPDATE_HELP)]
pub(crate) struct UpdateArguments {
    /// Its id, such as tool-forecast.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) members: Members,
    #[command(flatten)]
    pub(crate) gateway: GatewayArguments,
}

const UPDATE_HELP: &str = "\
Examples:
  mcp-lambda register update tool-forecast --timeout-seconds 60
  mcp-lambda register update tool-forecast --file forecast.json

What somebody else changed in the meantime is not overwritten.";

/// The arguments of `register remove`.
#[derive(Args, Clone, Debug)]
#[command(after_help = REMOVE_HELP)]
pub(crate) struct RemoveArguments {
    /// Their ids, such as tool-forecast.
    #[arg(required = true)]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) gateway: GatewayArguments,
}

const REMOVE_HELP: &str = "\
Examples:
  mcp-lambda register remove tool-forecast prompt-introduction";

/// The arguments of `register import`.
#[derive(Args, Clone, Debug)]
#[command(after_help = IMPORT_HELP)]
pub(crate) struct ImportArguments {
    /// Files, or folders whose *.json files are read: a document, a list of documents, what
    /// `register export` wrote, or the inlinePayload of an AgentCore gateway target.
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// The function of tools whose file does not name one, as AgentCore's do not.
    #[arg(long, value_name = "ARN")]
    pub(crate) function: Option<String>,
    /// The target's name for tools of AgentCore.
    #[arg(long, value_name = "NAME")]
    pub(crate) target: Option<String>,
    /// Remove what is registered and in none of the files.
    #[arg(long)]
    pub(crate) prune: bool,
    /// Show what would change, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Ask nothing.
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) gateway: GatewayArguments,
}

const IMPORT_HELP: &str = "\
Examples:
  mcp-lambda register import examples/registrations
  mcp-lambda register import registrations --prune --yes --stack mcp-lambda
  mcp-lambda register import examples/agentcore/tools.json \\
    --function arn:aws:lambda:eu-west-1:123456789012:function:weather --target weather";

/// The arguments of `register export`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXPORT_HELP)]
pub(crate) struct ExportArguments {
    /// The folder for one file each, made if need be; without it everything is printed.
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// In which form.
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    pub(crate) format: Form,
    /// Only the tools of this function.
    #[arg(long, value_name = "ARN")]
    pub(crate) function: Option<String>,
    #[command(flatten)]
    pub(crate) gateway: GatewayArguments,
}

/// Forms of exported registrations.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Form {
    /// As the gateway takes them.
    #[default]
    Documents,
    /// As targets of an AgentCore gateway, one for each function. What does not fit is said on
    /// standard error.
    Agentcore,
}

const EXPORT_HELP: &str = "\
Examples:
  mcp-lambda register export registrations
  mcp-lambda register export --format agentcore targets --stack mcp-lambda";

/// The arguments of `register status`.
#[derive(Args, Clone, Debug)]
#[command(after_help = STATUS_HELP)]
pub(crate) struct StatusArguments {
    /// Its id; without it all are looked at.
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) gateway: GatewayArguments,
}

const STATUS_HELP: &str = "\
Examples:
  mcp-lambda register status
  mcp-lambda register status tool-forecast

Ends with exit code 14 if something is wrong.";
