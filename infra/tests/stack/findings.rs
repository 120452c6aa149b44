//! `docs/security-findings.md`: what tools find and why it stays, row by row.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository;
use crate::tools::Findings;

/// Where it is.
const DOCUMENT: &str = "docs/security-findings.md";
/// What stands where nothing is found.
const NOTHING: &str = "–";
/// Characters of a reason that says something.
const MIN_REASON: usize = 30;

/// What is found of resources, by tool and check: with the defaults, and with everything on.
pub(crate) type Rows = BTreeMap<(String, String), [BTreeSet<String>; 2]>;

/// Adds what a tool has found with the defaults (0) or with everything on (1).
pub(crate) fn add(rows: &mut Rows, tool: &str, state: usize, findings: Findings) {
    for (check, resources) in findings {
        rows.entry((tool.to_owned(), check)).or_default()[state].extend(resources);
    }
}

/// Compares with the document; panics with the rows as they should be.
pub(crate) fn compare(rows: &Rows) {
    let text = std::fs::read_to_string(repository(DOCUMENT)).expect("the document");
    let written: BTreeMap<(String, String), ([String; 2], String)> = text
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [tool, check, off, on, reason] = cells[..] else { return None };
            let check = check.strip_prefix('`')?.strip_suffix('`')?;
            let found = [off.to_owned(), on.to_owned()];
            Some(((tool.to_owned(), check.to_owned()), (found, reason.to_owned())))
        })
        .collect();
    let found: BTreeMap<_, [String; 2]> =
        rows.iter().map(|(check, states)| (check.clone(), states.each_ref().map(names))).collect();
    let listed: BTreeMap<_, [String; 2]> =
        written.iter().map(|(check, (found, _))| (check.clone(), found.clone())).collect();
    let reason = |check: &(String, String)| {
        written.get(check).map_or("", |(_, reason)| reason.as_str()).to_owned()
    };
    let lines: Vec<String> = found
        .iter()
        .map(|(check, [off, on])| {
            format!("| {} | `{}` | {off} | {on} | {} |", check.0, check.1, reason(check))
        })
        .collect();
    assert!(found == listed, "{DOCUMENT} should have these rows:\n{}", lines.join("\n"));
    for (check, (_, reason)) in &written {
        assert!(reason.len() >= MIN_REASON, "{DOCUMENT} does not say why {check:?} stays");
    }
}

fn names(resources: &BTreeSet<String>) -> String {
    match resources.is_empty() {
        true => NOTHING.to_owned(),
        false => resources.iter().cloned().collect::<Vec<_>>().join(", "),
    }
}
