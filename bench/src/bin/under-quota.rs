//! Puts itself under a quota of processor time and becomes another program: `under-quota GROUP
//! STARTED PROGRAM ARGUMENTS`. When it does is written to the file STARTED.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use mcp_lambda_bench::moment::Moment;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(group), Some(started), Some(program)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return ExitCode::FAILURE;
    };
    let joined = std::fs::write(group, std::process::id().to_string());
    let Moment(nanos) = Moment::now();
    let error = match joined.and_then(|()| std::fs::write(started, nanos.to_string())) {
        Ok(()) => Command::new(program).args(arguments).exec(),
        Err(error) => error,
    };
    let _ = writeln!(std::io::stderr(), "under-quota: {error}");
    ExitCode::FAILURE
}
