//! What can be typed: clap types only, no behaviour.

pub(crate) mod client;
pub(crate) mod deployment;
pub(crate) mod door;
pub(crate) mod register;
pub(crate) mod synth;
pub(crate) mod token;
pub(crate) mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mcp_lambda_runtime::port::buckets::Rate;
use mcp_lambda_runtime::session::IdleTime;

use crate::version;

/// The program's arguments.
#[derive(Debug, Parser)]
#[command(
    name = "mcp-lambda",
    version = version::SHORT,
    long_version = version::LONG,
    about = "An MCP gateway for AWS Lambda functions",
    long_about = "An MCP gateway for AWS Lambda functions.\n\n\
        Registers functions as MCP tools, resources and prompts and serves them to AI agents. \
        Without a command it serves on this machine.",
    after_help = AFTER_HELP,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    /// What to do; `serve` if nothing is said.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Print JSON lines instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

const AFTER_HELP: &str = "\
Examples:
  mcp-lambda                                        serve the built-in example functions
  mcp-lambda serve --functions mcp-lambda.toml      serve your own functions
  mcp-lambda register import registrations          register what a folder describes
  mcp-lambda call forecast city=Oslo                call a tool
  mcp-lambda connect --print claude-desktop         how a client is told of the gateway

Exit codes:
  0  done            1  a bug, or an unforeseen failure of the machine
  2  wrong usage     3  a file of functions or registrations is not valid
  4  a program that a function needs is missing
  5  the address cannot be listened on
  6  the data folder cannot be used
  7  the program was built without the feature that this needs
  8  AWS refuses, or cannot be asked
  9  a stack could not be deployed or destroyed; it is as it was, or the message says otherwise
  10 nothing was done, because nobody said yes
  11 the program or the template cannot be packaged or published
  12 the gateway cannot be reached, or refuses
  13 the tool says that it failed
  14 a check fails
  130 interrupted";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve MCP clients and administrators on this machine (the default).
    Serve(Box<ServeArguments>),
    /// Register functions as tools, resources and prompts.
    Register(Box<register::RegisterArguments>),
    /// List the gateway's tools, or show one.
    Tools(client::ToolsArguments),
    /// List the gateway's resources, or read one.
    Resources(client::ResourcesArguments),
    /// List the gateway's prompts, or get one.
    Prompts(client::PromptsArguments),
    /// Call a tool.
    Call(client::CallArguments),
    /// Connect a client that speaks MCP over standard input and output, such as Claude Desktop.
    Connect(client::ConnectArguments),
    /// Talk to a model of Amazon Bedrock that has the gateway's tools.
    Chat(Box<client::ChatArguments>),
    /// Look for what is wrong between this machine and a gateway.
    Doctor(client::DoctorArguments),
    /// Write the template of the stack, a picture of it, or a policy for those who use it.
    Synth(Box<synth::SynthArguments>),
    /// Build the functions' program and upload it; writes a template that refers to it.
    Package(deployment::PackageArguments),
    /// Deploy the gateway to AWS: builds, uploads, shows what changes, asks, and follows it.
    Deploy(Box<deployment::DeployArguments>),
    /// Show what deploying would change, in words.
    Diff(Box<deployment::DiffArguments>),
    /// Show what a deployed stack says of itself, and how to connect.
    Outputs(deployment::OutputsArguments),
    /// Show what a deployed stack's functions write.
    Logs(watch::LogsArguments),
    /// Show what a deployed stack counts: requests, errors, latency.
    Metrics(watch::MetricsArguments),
    /// Take a deployed stack away; its data stays unless you say otherwise.
    Destroy(deployment::DestroyArguments),
    /// Publish in the AWS Serverless Application Repository.
    Publish(deployment::PublishArguments),
    /// Show or rotate the tokens of a stack's bearer door.
    Token(token::TokenArguments),
    /// Print what a shell needs to complete this program's arguments.
    Completions(client::CompletionsArguments),
    /// Print the manual page.
    Man(client::ManArguments),
    /// Run one of the built-in example functions; the local Lambda host calls this.
    #[command(name = "example-function", hide = true)]
    ExampleFunction {
        /// Which one.
        name: String,
    },
}

impl Default for Command {
    fn default() -> Self {
        Self::Serve(Box::default())
    }
}

/// The arguments of `serve`.
#[derive(Args, Clone, Debug)]
#[command(after_help = SERVE_HELP)]
pub(crate) struct ServeArguments {
    /// The address to listen on; port 0 takes a free one and prints it.
    #[arg(long, value_name = "ADDRESS", default_value = DEFAULT_LISTEN)]
    pub(crate) listen: SocketAddr,
    /// Keep registrations and sessions in this folder; without it they are gone at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Functions to run on this machine; without it ./mcp-lambda.toml, if there is one.
    #[arg(long, value_name = "FILE")]
    pub(crate) functions: Option<PathBuf>,
    /// Where registered functions are called: on this machine, or in AWS by their ARNs with the
    /// credentials that the AWS CLI would use. With `aws` this machine's functions and the built-in
    /// examples are left out.
    #[arg(long, value_name = "WHERE", value_enum, default_value_t)]
    pub(crate) invoke: InvokeWhere,
    /// Leave out the built-in example functions and their registrations.
    #[arg(long)]
    pub(crate) no_examples: bool,
    /// Let pages of this origin call, besides those from this machine. Can be repeated.
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,
    /// How many requests each caller may send, such as 100/1m. On a loopback address everybody is
    /// the same caller.
    #[arg(long, value_name = "RATE")]
    pub(crate) limit_principal: Option<Rate>,
    /// How often each tool, resource or prompt of a function may be called, such as 10/1s.
    #[arg(long, value_name = "RATE")]
    pub(crate) limit_tool: Option<Rate>,
    /// How many sessions each caller may begin, such as 1000/24h.
    #[arg(long, value_name = "RATE")]
    pub(crate) limit_sessions: Option<Rate>,
    /// End sessions that nobody has used for so long, such as 30m; without it they end a day after
    /// they began.
    #[arg(long, value_name = "TIME")]
    pub(crate) session_idle: Option<IdleTime>,
    /// Who may come in.
    #[command(flatten)]
    pub(crate) door: door::DoorArguments,
}

/// Where registered functions are called.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum InvokeWhere {
    /// On the local Lambda host.
    #[default]
    Local,
    /// In AWS.
    Aws,
}

/// Where the local server listens if nothing is said.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:8765";

impl Default for ServeArguments {
    fn default() -> Self {
        Self {
            listen: DEFAULT_LISTEN.parse().expect("the default is an address"),
            data: None,
            functions: None,
            invoke: InvokeWhere::default(),
            no_examples: false,
            allow_origin: Vec::new(),
            limit_principal: None,
            limit_tool: None,
            limit_sessions: None,
            session_idle: None,
            door: door::DoorArguments::default(),
        }
    }
}

const SERVE_HELP: &str = "\
Examples:
  mcp-lambda serve
  mcp-lambda serve --functions examples/mcp-lambda.toml
  mcp-lambda serve --data ./state --listen 127.0.0.1:9000
  AWS_PROFILE=dev mcp-lambda serve --invoke aws
  mcp-lambda serve --limit-tool 10/1s --session-idle 30m
  mcp-lambda serve --bearer-token-file token
  mcp-lambda serve --oauth-issuer https://login.example.com --oauth-scope mcp:tools

A file of functions:
  [functions.forecast]
  command = [\"python3\", \"-m\", \"awslambdaric\", \"forecast.handler\"]
  directory = \"python\"       # relative to the file
  timeout = 10               # seconds
  concurrency = 5            # processes at the same time
  environment = { UNITS = \"metric\" }

A function registered with the ARN
  arn:aws:lambda:us-east-1:000000000000:function:forecast
is the one called forecast here; partition, region and account do not matter.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
