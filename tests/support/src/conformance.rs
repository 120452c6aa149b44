//! What the official conformance suite prints.

use crate::command::Finished;

/// The scenarios that a run has summed up, each with whether it passed.
pub fn outcomes(finished: &Finished) -> Vec<(String, bool)> {
    let (_, summary) = finished.stdout.split_once("=== SUMMARY ===").unwrap_or_default();
    let outcome = |line: &str| {
        let passed = line.starts_with('✓');
        let name = line.strip_prefix(['✓', '✗'])?.split_once(':')?.0;
        Some((name.trim().to_owned(), passed))
    };
    summary.lines().filter_map(outcome).collect()
}
