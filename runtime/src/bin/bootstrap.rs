//! All functions of the deployed gateway, chosen by `_HANDLER`.
//!
//! What the environment may say is told by `function::configuration`; only this program reads it.

#[path = "bootstrap/compose.rs"]
mod compose;

use std::process::ExitCode;
use std::sync::Arc;

use mcp_lambda_runtime::function;
use mcp_lambda_runtime::function::configuration::Configuration;
use mcp_lambda_runtime::function::log::{Level, Log, write_line};
use mcp_lambda_runtime::system::SystemClock;

fn main() -> ExitCode {
    let log = Log::new(Arc::new(write_line), Arc::new(SystemClock));
    // One thread: an instance has one request at a time, and mostly waits for others.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run(&log)),
        Err(error) => Err(error.to_string()),
    };
    match ended {
        Ok(never) => match never {},
        Err(why) => {
            log.say(Level::Error, "ended", &why);
            ExitCode::FAILURE
        }
    }
}

/// Serves until it cannot any more: why.
async fn run(log: &Log) -> Result<std::convert::Infallible, String> {
    let variable = |name: &str| std::env::var(name).ok();
    let address = variable("AWS_LAMBDA_RUNTIME_API")
        .ok_or("AWS_LAMBDA_RUNTIME_API must be set: this program is started by AWS Lambda")?;
    let composed = match Configuration::read(variable) {
        Ok(configuration) => compose::function(configuration, log).await,
        Err(error) => Err(error.to_string()),
    };
    Err(function::serve(&address, composed).await)
}
