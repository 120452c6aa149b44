//! Counts the allocations of every request in process and prints them as JSON.
//!
//! A program of its own, because an allocator that counts is slower than one that does not.

use std::io::Write;
use std::process::ExitCode;

use mcp_lambda_bench::failure::Failure;
use mcp_lambda_bench::in_process::{self, Counted};

/// What is allocated once, such as the text of a page, is not a request's.
const WARM_UP: usize = 50;
/// Requests over which the mean is taken.
const REQUESTS: usize = 200;

fn main() -> ExitCode {
    match count() {
        Ok(text) => {
            let written = std::io::stdout().write_all(text.as_bytes());
            written.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
        }
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "count-allocations: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn count() -> Result<String, Failure> {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let rows = in_process::each(&sizes, |subject, case, era, prepared| {
        subject.repeat(prepared, WARM_UP);
        let with = allocation_counter::measure(|| {
            subject.repeat(prepared, REQUESTS);
        });
        // Making the requests is not the server's work.
        let without = allocation_counter::measure(|| drop(subject.make(prepared, REQUESTS)));
        let mean = |with: u64, without: u64| with.saturating_sub(without) as f64 / REQUESTS as f64;
        let counted = Counted {
            allocations: mean(with.count_total, without.count_total),
            bytes: mean(with.bytes_total, without.bytes_total),
        };
        subject.row(case, era, prepared, counted)
    })?;
    Ok(serde_json::to_string(&rows).expect("rows are plain data"))
}
