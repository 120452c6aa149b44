//! The command line as a library, so that tests can build it with every feature.

#[cfg(feature = "aws")]
mod aws;
mod cli;
mod client;
mod commands;
mod examples;
mod exit;
mod output;
mod serve;
mod text;
mod version;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::output::Output;

/// Parses the process's arguments, runs one command, turns its error into an exit code.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    let result = match cli.command.unwrap_or_default() {
        Command::Serve(arguments) => serve::run(&arguments, &output),
        Command::Register(arguments) => commands::register::run(&arguments, &output),
        Command::Tools(arguments) => commands::lists::tools(&arguments, &output),
        Command::Resources(arguments) => commands::lists::resources(&arguments, &output),
        Command::Prompts(arguments) => commands::lists::prompts(&arguments, &output),
        Command::Call(arguments) => commands::call::run(&arguments, &output),
        Command::Connect(arguments) => commands::connect::run(&arguments, &output),
        Command::Chat(arguments) => commands::chat::run(&arguments, &output),
        Command::Doctor(arguments) => commands::doctor::run(&arguments, &output),
        Command::Completions(arguments) => commands::manual::completions(&arguments, &output),
        Command::Man(arguments) => commands::manual::pages(&arguments, &output),
        Command::Synth(arguments) => commands::synth::run(&arguments, &output),
        Command::Package(arguments) => commands::deployment::package(&arguments, &output),
        Command::Deploy(arguments) => commands::deployment::deploy(&arguments, &output),
        Command::Diff(arguments) => commands::deployment::diff(&arguments, &output),
        Command::Outputs(arguments) => commands::deployment::outputs(&arguments, &output),
        Command::Logs(arguments) => commands::watch::logs(&arguments, &output),
        Command::Metrics(arguments) => commands::watch::metrics(&arguments, &output),
        Command::Destroy(arguments) => commands::deployment::destroy(&arguments, &output),
        Command::Publish(arguments) => commands::deployment::publish(&arguments, &output),
        Command::Token(arguments) => commands::token::run(&arguments, &output),
        Command::ExampleFunction { name } => examples::run(&name),
    };
    output.flush();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.code())
        }
    }
}
