//! `synth`: the template, pictures of it, and the policies around it.

use mcp_lambda_infra::core::{Template, ToNode};
use mcp_lambda_infra::diagram;
use mcp_lambda_infra::policy::{Place, deployer};
use mcp_lambda_infra::stack::{self, Application, Archives, Code, Settings};

use crate::cli::synth::{Api, Diagram, Flavour, Format, Policy, SynthArguments};
use crate::exit::Failure;
use crate::output::Output;

/// Writes what is asked for.
pub(crate) fn run(arguments: &SynthArguments, output: &Output) -> Result<(), Failure> {
    let settings = settings(arguments);
    let text = match (arguments.policy, arguments.diagram) {
        (Some(policy), _) => write_policy(arguments, policy, &settings, output.is_json())?,
        (None, Some(Diagram::Mermaid)) => diagram::mermaid(&stack::template(&settings)),
        (None, Some(Diagram::Svg)) => diagram::svg(&stack::template(&settings)),
        (None, None) => {
            write_template(arguments.format, &stack::template(&settings), output.is_json())?
        }
    };
    match &arguments.output {
        Some(path) => std::fs::write(path, text)
            .map_err(|source| Failure::System { doing: "cannot write the output", source }),
        None => {
            output.line(text.trim_end().to_owned());
            Ok(())
        }
    }
}

/// The template; for programs, on one line.
fn write_template(format: Format, template: &Template, line: bool) -> Result<String, Failure> {
    let written = match format {
        _ if line => return one_line(template.synthesize()),
        Format::Yaml => template.to_yaml(),
        Format::Json => template.to_json(),
    };
    written.map_err(|error| Failure::Bug(error.to_string()))
}

fn write_policy(
    arguments: &SynthArguments,
    policy: Policy,
    settings: &Settings,
    line: bool,
) -> Result<String, Failure> {
    let SynthArguments { stack_name, identifier, region, account, .. } = arguments;
    let place = Place::parse(stack_name, identifier, region.as_deref(), account.as_deref())
        .map_err(|error| Failure::Argument(error.to_string()))?;
    let document = match policy {
        Policy::Client => place.client(),
        Policy::Admin => place.administrator(),
        Policy::Deployer => deployer(&place, settings),
    };
    if line {
        return one_line(document.to_node());
    }
    serde_json::to_string_pretty(&document.to_node())
        .map(|text| text + "\n")
        .map_err(|error| Failure::Bug(error.to_string()))
}

fn one_line(node: impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string(&node).map_err(|error| Failure::Bug(error.to_string()))
}

fn settings(arguments: &SynthArguments) -> Settings {
    let archives = match (arguments.arm64_key.clone(), arguments.x86_64_key.clone()) {
        (Some(arm64), Some(x86_64)) => Some(Archives::Both { arm64, x86_64 }),
        (Some(key), None) => Some(Archives::Arm64(key)),
        (None, Some(key)) => Some(Archives::X86_64(key)),
        (None, None) => None,
    };
    let code = match (arguments.bucket.clone(), archives) {
        (Some(bucket), Some(archives)) => Code::Bucket { bucket, archives },
        // clap has looked that a bucket and a key come together.
        (_, _) => Code::Local(arguments.code.clone()),
    };
    Settings {
        flavour: match arguments.flavour {
            Flavour::Sam => stack::Flavour::Sam,
            Flavour::Expanded => stack::Flavour::Expanded,
        },
        code,
        api: match arguments.api {
            Api::Absent => stack::Api::Absent,
            Api::Whole => stack::Api::Whole,
            Api::Split => stack::Api::Split,
        },
        tags: arguments.tag.clone(),
        application: Some(Application {
            source: arguments.source_url.clone(),
            ..Application::default()
        }),
    }
}
