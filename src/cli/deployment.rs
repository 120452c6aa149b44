//! What can be typed to package, deploy and publish.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Where in AWS, and as whom.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Place {
    /// The region; without it that of the environment or the profile, or else us-east-1.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The profile of the AWS CLI to sign with.
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
    /// When to colour what is shown; NO_COLOR turns colours off too.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: Color,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Color {
    /// At a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The processors.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Architecture {
    /// Graviton; costs less.
    #[value(name = "arm64")]
    Arm64,
    /// Intel's and AMD's.
    #[value(name = "x86_64")]
    X86_64,
}

/// What is packaged.
#[derive(Args, Clone, Debug)]
pub(crate) struct Code {
    /// A ready program for the chosen architecture, instead of building one.
    #[arg(long, value_name = "FILE")]
    pub(crate) artifact: Option<PathBuf>,
    /// The clone of mcp-lambda to build in; license and description are read there too.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) source: PathBuf,
    /// A template in JSON instead of the gateway's own.
    #[arg(long, value_name = "FILE")]
    pub(crate) template: Option<PathBuf>,
    /// The bucket for packages; without it mcp-lambda-ACCOUNT-REGION, made when it is needed.
    #[arg(long, value_name = "NAME")]
    pub(crate) bucket: Option<String>,
}

/// The arguments of `package`.
#[derive(Args, Clone, Debug)]
#[command(after_help = PACKAGE_HELP)]
pub(crate) struct PackageArguments {
    /// For which processor; without it for both, chosen at deployment. Publishing needs one.
    #[arg(long, value_name = "ARCHITECTURE", value_enum)]
    pub(crate) architecture: Option<Architecture>,
    #[command(flatten)]
    pub(crate) code: Code,
    /// Where to write the packaged template.
    #[arg(long, value_name = "FILE", default_value = "packaged.json")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) place: Place,
}

const PACKAGE_HELP: &str = "\
Examples:
  mcp-lambda package
  mcp-lambda package --architecture arm64 --output published.json
  mcp-lambda package --architecture x86_64 --artifact target/lambda/bootstrap/bootstrap";

/// What is deployed.
#[derive(Args, Clone, Debug)]
pub(crate) struct What {
    /// The stack's name; mcp-lambda if nothing is said.
    #[arg(long, value_name = "NAME")]
    pub(crate) stack_name: Option<String>,
    /// A VPC for the functions; needs --subnet-ids.
    #[arg(long, value_name = "VPC", requires = "subnet_ids")]
    pub(crate) vpc_id: Option<String>,
    /// Subnets of the VPC, separated by commas.
    #[arg(long, value_name = "SUBNETS", requires = "vpc_id")]
    pub(crate) subnet_ids: Option<String>,
    /// The value of a parameter of the template, NAME=VALUE. Can be repeated. What is not given
    /// stays as it was deployed.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// A tag of the stack and everything in it, KEY=VALUE. Can be repeated.
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    pub(crate) tags: Vec<String>,
    /// For which processor.
    #[arg(long, value_name = "ARCHITECTURE", value_enum, default_value = "arm64")]
    pub(crate) architecture: Architecture,
    #[command(flatten)]
    pub(crate) code: Code,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// The arguments of `deploy`.
#[derive(Args, Clone, Debug)]
#[command(after_help = DEPLOY_HELP)]
pub(crate) struct DeployArguments {
    #[command(flatten)]
    pub(crate) what: What,
    /// Ask nothing: take the defaults and deploy what changes.
    #[arg(long, short = 'y', visible_alias = "no-prompt")]
    pub(crate) yes: bool,
    /// With --yes, deploy even if data is lost.
    #[arg(long)]
    pub(crate) allow_data_loss: bool,
}

const DEPLOY_HELP: &str = "\
Examples:
  mcp-lambda deploy
  mcp-lambda deploy --yes --stack-name tools --region eu-west-1 --profile dev
  mcp-lambda deploy --vpc-id vpc-0a1b2c3d --subnet-ids subnet-0a1b2c3d,subnet-4e5f6071
  mcp-lambda deploy --yes --tags team=tools stage=test --parameter MemorySize=512

What changes is shown before anything is done. At a terminal you are asked; without one, add --yes.
AWS_ENDPOINT_URL sends everything to an emulator of AWS.";

/// The arguments of `diff`.
#[derive(Args, Clone, Debug)]
#[command(after_help = DIFF_HELP)]
pub(crate) struct DiffArguments {
    #[command(flatten)]
    pub(crate) what: What,
}

const DIFF_HELP: &str = "\
Examples:
  mcp-lambda diff
  mcp-lambda diff --stack-name tools --parameter Timeout=60

The package is uploaded to be compared; nothing that is deployed changes.";

/// The arguments of `outputs`.
#[derive(Args, Clone, Debug)]
#[command(after_help = OUTPUTS_HELP)]
pub(crate) struct OutputsArguments {
    /// The stack's name.
    #[arg(long, value_name = "NAME", default_value = DEFAULT_STACK)]
    pub(crate) stack_name: String,
    #[command(flatten)]
    pub(crate) place: Place,
}

const OUTPUTS_HELP: &str = "\
Examples:
  mcp-lambda outputs
  mcp-lambda outputs --stack-name tools --json";

/// The arguments of `destroy`.
#[derive(Args, Clone, Debug)]
#[command(after_help = DESTROY_HELP)]
pub(crate) struct DestroyArguments {
    /// The stack's name.
    #[arg(long, value_name = "NAME", default_value = DEFAULT_STACK)]
    pub(crate) stack_name: String,
    /// Delete the tables that the stack leaves too. Nothing brings them back.
    #[arg(long)]
    pub(crate) delete_data: bool,
    /// Ask nothing.
    #[arg(long, short = 'y', visible_alias = "no-prompt")]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

const DESTROY_HELP: &str = "\
Examples:
  mcp-lambda destroy
  mcp-lambda destroy --yes --stack-name tools --delete-data";

/// The arguments of `publish`.
#[derive(Args, Clone, Debug)]
#[command(after_help = PUBLISH_HELP)]
pub(crate) struct PublishArguments {
    /// The packaged template, which says what is published in which version.
    #[arg(long, value_name = "FILE", default_value = "packaged.json")]
    pub(crate) template: PathBuf,
    /// Let everybody deploy it, in every region.
    #[arg(long)]
    pub(crate) public: bool,
    /// Let these accounts deploy it, by their twelve digits; who is not named may not any more.
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',')]
    pub(crate) share_with: Vec<String>,
    /// Let all accounts of your organization deploy it.
    #[arg(long, value_name = "ORGANIZATION")]
    pub(crate) share_with_organization: Option<String>,
    /// Show what would be asked, and ask nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

const PUBLISH_HELP: &str = "\
Examples:
  mcp-lambda package --architecture arm64 && mcp-lambda publish
  mcp-lambda publish --dry-run --template published.json
  mcp-lambda publish --share-with 111122223333,444455556666
  mcp-lambda publish --share-with-organization o-a1b2c3d4e5
  mcp-lambda publish --public --region us-east-1

Without one of the three flags, who may deploy it stays as it was: at first this account alone.";

/// The name of a stack if nothing is said.
pub(crate) const DEFAULT_STACK: &str = "mcp-lambda";
