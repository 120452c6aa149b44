//! `completions` and `man`, made from the arguments themselves.

use clap::{Command, CommandFactory};

use crate::cli::Cli;
use crate::cli::client::{CompletionsArguments, ManArguments};
use crate::exit::Failure;
use crate::output::Output;

/// Prints what a shell reads.
pub(crate) fn completions(
    arguments: &CompletionsArguments,
    output: &Output,
) -> Result<(), Failure> {
    let (mut command, mut text) = (Cli::command(), Vec::new());
    clap_complete::generate(arguments.shell, &mut command, "mcp-lambda", &mut text);
    output.line(String::from_utf8_lossy(&text).trim_end().to_owned());
    Ok(())
}

/// Prints the manual page, or writes one for each command.
pub(crate) fn pages(arguments: &ManArguments, output: &Output) -> Result<(), Failure> {
    let mut command = Cli::command();
    command.build();
    let Some(folder) = &arguments.folder else {
        output.line(page(&command)?.trim_end().to_owned());
        return Ok(());
    };
    let failed = |source| Failure::System { doing: "cannot write the manual pages", source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut left = vec![command];
    while let Some(command) = left.pop() {
        let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
        std::fs::write(folder.join(format!("{name}.1")), page(&command)?).map_err(failed)?;
        left.extend(command.get_subcommands().filter(|one| !one.is_hide_set()).cloned());
    }
    output.line(format!("Wrote the pages to {}", folder.display()));
    Ok(())
}

fn page(command: &Command) -> Result<String, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut text)
        .map_err(|source| Failure::System { doing: "making the manual page", source })?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
