//! What can be typed to write templates and policies.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mcp_lambda_infra::stack::Tag;

/// The arguments of `synth`.
#[derive(Args, Clone, Debug)]
#[command(after_help = SYNTH_HELP)]
pub(crate) struct SynthArguments {
    /// How the template is written.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(crate) format: Format,
    /// In SAM, or in CloudFormation alone, with nothing left for a transform to do.
    #[arg(long, value_name = "FLAVOUR", value_enum, default_value_t)]
    pub(crate) flavour: Flavour,
    /// Whether an API Gateway can be switched on at deployment.
    #[arg(long, value_name = "API", value_enum, default_value_t)]
    pub(crate) api: Api,
    /// The folder with the program, relative to the template.
    #[arg(long, value_name = "DIR", default_value = "target/lambda/bootstrap")]
    pub(crate) code: String,
    /// The bucket with packages of the program, instead of a folder.
    #[arg(long, value_name = "NAME", requires = "key")]
    pub(crate) bucket: Option<String>,
    /// The key of the package for arm64.
    #[arg(long, value_name = "KEY", group = "key", requires = "bucket")]
    pub(crate) arm64_key: Option<String>,
    /// The key of the package for x86_64.
    #[arg(long, value_name = "KEY", group = "key", requires = "bucket")]
    pub(crate) x86_64_key: Option<String>,
    /// A tag of everything, KEY=VALUE. Can be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) tag: Vec<Tag>,
    /// Where the project is found, for the Serverless Application Repository.
    #[arg(long, value_name = "URL")]
    pub(crate) source_url: Option<String>,
    /// Write a picture of the template instead.
    #[arg(long, value_name = "LANGUAGE", value_enum, conflicts_with = "policy")]
    pub(crate) diagram: Option<Diagram>,
    /// Write an IAM policy instead.
    #[arg(long, value_name = "FOR", value_enum)]
    pub(crate) policy: Option<Policy>,
    /// The stack's identifier, for --policy.
    #[arg(long, value_name = "IDENTIFIER", default_value = "default", requires = "policy")]
    pub(crate) identifier: String,
    /// The stack's name, for --policy deployer.
    #[arg(long, value_name = "NAME", default_value = "mcp-lambda", requires = "policy")]
    pub(crate) stack_name: String,
    /// The Region of the stack, for --policy; without it any.
    #[arg(long, value_name = "REGION", requires = "policy")]
    pub(crate) region: Option<String>,
    /// The account of the stack, for --policy; without it any.
    #[arg(long, value_name = "ACCOUNT", requires = "policy")]
    pub(crate) account: Option<String>,
    /// Where to write; without it standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// How a template is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// YAML with short tags.
    #[default]
    Yaml,
    /// JSON.
    Json,
}

/// Which language a template is in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Flavour {
    /// SAM.
    #[default]
    Sam,
    /// CloudFormation alone.
    Expanded,
}

/// Whether there can be an API Gateway.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Api {
    /// Never.
    Absent,
    /// With one function behind it.
    #[default]
    Whole,
    /// With a function each for /sse, /message and all else.
    Split,
}

/// Languages of pictures.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Diagram {
    /// Text that many pages show as a picture.
    Mermaid,
    /// A picture.
    Svg,
}

/// For whom a policy is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Policy {
    /// Agents, who call the gateway.
    Client,
    /// Administrators, who register functions.
    Admin,
    /// Whoever deploys the stack.
    Deployer,
}

const SYNTH_HELP: &str = "\
Examples:
  mcp-lambda synth --output template.yaml
  mcp-lambda synth --flavour expanded --bucket packages --arm64-key mcp.zip
  mcp-lambda synth --diagram svg --output stack.svg
  mcp-lambda synth --policy client --identifier default --region eu-west-1 --account 123456789012
  mcp-lambda synth --policy deployer --stack-name mcp-lambda

The template works with sam as well:
  mcp-lambda synth --output template.yaml && sam validate --lint && sam build && sam deploy --guided";
