//! `mcp-lambda`: parses arguments, runs one command, turns its error into an exit code.

mod cli;
mod examples;
mod exit;
mod output;
mod serve;
mod version;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::output::Output;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    let result = match cli.command.unwrap_or_default() {
        Command::Serve(arguments) => serve::run(&arguments, &output),
        Command::ExampleFunction { name } => examples::run(&name),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.code())
        }
    }
}
