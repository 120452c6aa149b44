//! The composition root: what a server is connected to, by its mode.
//!
//! Only here the program's arguments and its environment are read.

mod arguments;
#[cfg(feature = "local")]
mod http;
#[cfg(feature = "lambda")]
mod lambda;
#[cfg(feature = "local")]
mod local;
#[cfg(feature = "local")]
mod stdio;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use crate::serve::arguments::{Arguments, Mode, Request};
use crate::server::Server;

/// Arguments that are not understood, as most programs say it.
const USAGE: u8 = 2;
/// The variable by which a process knows that Lambda started it.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Serves as the arguments and the environment say.
pub(crate) fn run(server: Server) -> ExitCode {
    let request = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(request) => request,
        Err(why) => {
            complain(&format!("{}: {why}; --help tells more", server.name()));
            return ExitCode::from(USAGE);
        }
    };
    let arguments = match request {
        Request::Help => return print(&arguments::help(server.name())),
        Request::Version => return print(&format!("{} {}\n", server.name(), server.version())),
        Request::Describe => return print(&server.describe()),
        Request::Serve(arguments) => arguments,
    };
    let name = server.name().to_owned();
    let served = match arguments.mode.unwrap_or_else(mode_of_surroundings) {
        Mode::Lambda => lambda(server),
        Mode::Http => http(server, &arguments),
        Mode::Stdio => stdio(server, &arguments),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            complain(&format!("{name}: {why}"));
            ExitCode::FAILURE
        }
    }
}

/// On Lambda there is its variable; a host of MCP servers talks through pipes; people have a
/// terminal.
fn mode_of_surroundings() -> Mode {
    if std::env::var_os(RUNTIME_API).is_some() {
        Mode::Lambda
    } else if std::io::stdin().is_terminal() {
        Mode::Http
    } else {
        Mode::Stdio
    }
}

fn print(text: &str) -> ExitCode {
    // Whoever closed the pipe has read enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Writes a line for people: standard output belongs to the protocol.
fn complain(text: &str) {
    // Without anyone to hear it there is nothing to be done.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(feature = "lambda")]
fn lambda(server: Server) -> Result<(), String> {
    lambda::run(server, |name| std::env::var(name).ok())
}

#[cfg(not(feature = "lambda"))]
fn lambda(_: Server) -> Result<(), String> {
    Err(without("lambda"))
}

#[cfg(feature = "local")]
fn http(server: Server, arguments: &Arguments) -> Result<(), String> {
    http::run(server, arguments)
}

#[cfg(feature = "local")]
fn stdio(server: Server, arguments: &Arguments) -> Result<(), String> {
    stdio::run(server, arguments)
}

#[cfg(not(feature = "local"))]
fn http(_: Server, _: &Arguments) -> Result<(), String> {
    Err(without("local"))
}

#[cfg(not(feature = "local"))]
fn stdio(_: Server, _: &Arguments) -> Result<(), String> {
    Err(without("local"))
}

#[cfg(not(all(feature = "lambda", feature = "local")))]
fn without(feature: &str) -> String {
    format!("this program was built without the feature {feature:?} of mcp-lambda-sdk")
}
