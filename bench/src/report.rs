//! Results as files, as tables on a terminal, and as tables in the document.

use std::fs;
use std::path::{Path, PathBuf};

use comfy_table::{Table, presets};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::functions::results::{Line, Size};
use crate::functions::tables;
use crate::in_process::{self, Counted, Timed, Who};
use crate::loopback::{self, Function};
use crate::machine::Machine;
use crate::memory;
use crate::request::{Case, Era};

/// Rows with the machine on which they came about.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Results<T> {
    /// The machine.
    pub machine: Machine,
    /// The rows.
    pub rows: Vec<T>,
}

/// What is known of a request in process.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Cost {
    /// Its time.
    pub time: Timed,
    /// Its allocations.
    pub allocated: Counted,
}

/// A row of `in-process.json`.
pub type InProcess = in_process::Row<Cost>;

/// Puts times and allocations of the same requests together.
pub fn join(
    times: Vec<in_process::Row<Timed>>,
    counts: &[in_process::Row<Counted>],
) -> Vec<InProcess> {
    let same = |a: &in_process::Row<Timed>, b: &in_process::Row<Counted>| {
        (a.who, a.case, a.era, a.tools) == (b.who, b.case, b.era, b.tools)
    };
    let one = |row: in_process::Row<Timed>| {
        let allocated = counts.iter().find(|count| same(&row, count))?.figures;
        let figures = Cost { time: row.figures, allocated };
        let in_process::Row { who, case, era, tools, response_bytes, .. } = row;
        Some(InProcess { who, case, era, tools, response_bytes, figures })
    };
    times.into_iter().filter_map(one).collect()
}

/// Writes a file of results.
pub fn save<T: Serialize>(folder: &Path, name: &str, results: &Results<T>) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::system("making the folder of results"))?;
    let text = serde_json::to_string_pretty(results).expect("results are plain data");
    fs::write(file(folder, name), text + "\n").map_err(Failure::system("writing results"))
}

/// Reads a file of results; `None` where there is none.
pub fn load<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Option<Results<T>>, Failure> {
    let path = file(folder, name);
    let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|source| Failure::Results { path, source })
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

/// Puts text between `<!-- name -->` and `<!-- end name -->` of a document that has such a place.
pub fn insert(document: &str, name: &str, text: &str) -> String {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end {name} -->"));
    match document
        .split_once(&start)
        .and_then(|(before, rest)| rest.split_once(&end).map(|(_, after)| (before, after)))
    {
        Some((before, after)) => format!("{before}{start}\n{text}\n\n{end}{after}"),
        None => document.to_owned(),
    }
}

/// A line about the machine.
pub fn machine(machine: &Machine) -> String {
    let Machine { date, processor, threads, memory_gib, kernel, rustc, commit, rmcp, load } =
        machine;
    format!(
        "Measured {date} on {processor}, {threads} threads, {memory_gib} GiB, Linux {kernel}; \
         {rustc}; mcp-lambda after commit {commit}, rmcp {rmcp}; load average at the beginning {load:.2}."
    )
}

/// The table of costs in process with so many tools, all servers beside each other.
pub fn in_process_table(rows: &[InProcess], tools: usize) -> String {
    let mut table = table([
        "request",
        "era",
        "body",
        "mcp-lambda",
        "p5–p95",
        "allocations",
        "rmcp, JSON",
        "allocations",
        "rmcp, default",
        "allocations",
        "times faster",
    ]);
    for (case, era) in in_process::REQUESTS {
        let find =
            |who| rows.iter().find(|r| (r.who, r.case, r.era, r.tools) == (who, case, era, tools));
        let (Some(ours), Some(json), Some(default)) =
            (find(Who::McpLambda), find(Who::RmcpJson), find(Who::RmcpDefault))
        else {
            continue;
        };
        let time = ours.figures.time;
        let fastest = json.figures.time.median_ns.min(default.figures.time.median_ns);
        table.add_row([
            case.as_str().to_owned(),
            era.as_str().to_owned(),
            bytes(ours.response_bytes as f64),
            micros(time.median_ns),
            format!("{}–{}", micros(time.p5_ns), micros(time.p95_ns)),
            allocated(ours.figures.allocated),
            micros(json.figures.time.median_ns),
            allocated(json.figures.allocated),
            micros(default.figures.time.median_ns),
            allocated(default.figures.allocated),
            format!("{:.1}", fastest as f64 / time.median_ns.max(1) as f64),
        ]);
    }
    table.trim_fmt()
}

/// The table of costs in process against the number of tools.
pub fn growth_table(rows: &[InProcess]) -> String {
    let sizes = in_process::SIZES.map(|size| format!("{} tools", thousands(size as f64)));
    let mut table = table(["request", "era", "server"].map(str::to_owned).into_iter().chain(sizes));
    for (case, era) in in_process::REQUESTS {
        if !matches!(case, Case::List | Case::Call) {
            continue;
        }
        for who in Who::ALL {
            let mut cells = [case.as_str(), era.as_str(), who.as_str()].map(str::to_owned).to_vec();
            cells.extend(in_process::SIZES.map(|tools| {
                let key = (who, case, era, tools);
                let row = rows.iter().find(|row| (row.who, row.case, row.era, row.tools) == key);
                let cost = |row: &InProcess| {
                    let Counted { allocations, .. } = row.figures.allocated;
                    format!("{} / {allocations:.0}", micros(row.figures.time.median_ns))
                };
                row.map_or_else(String::new, cost)
            }));
            table.add_row(cells);
        }
    }
    table.trim_fmt()
}

/// The table of throughput and latency, a line for each server.
pub fn loopback_table(rows: &[loopback::Row]) -> String {
    let mut table = table([
        "request",
        "era",
        "connections",
        "server",
        "requests/s",
        "of rounds",
        "p50 µs",
        "p99 µs",
        "p99.9 µs",
        "server CPU µs",
        "× rmcp, default",
        "× rmcp, JSON",
    ]);
    for row in rows {
        let figures = row.figures;
        let lowest = row.rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = row.rounds.iter().copied().fold(0.0, f64::max);
        table.add_row([
            described(row.case, row.function),
            row.era.as_str().to_owned(),
            row.connections.to_string(),
            row.who.as_str().to_owned(),
            thousands(figures.requests_per_second),
            format!("{}–{}", thousands(lowest), thousands(highest)),
            format!("{:.0}", figures.p50_us),
            format!("{:.0}", figures.p99_us),
            format!("{:.0}", figures.p999_us),
            format!("{:.1}", figures.server_cpu_us),
            times(ratio(rows, row, Who::RmcpDefault)),
            times(ratio(rows, row, Who::RmcpJson)),
        ]);
    }
    table.trim_fmt()
}

/// A request with what stands behind it.
pub fn described(case: Case, function: Function) -> String {
    match function {
        Function::None => case.as_str().to_owned(),
        Function::AtOnce => format!("{}, answered at once", case.as_str()),
        Function::Process => format!("{}, function process", case.as_str()),
    }
}

/// Our throughput against that of one way to run rmcp.
fn ratio(rows: &[loopback::Row], ours: &loopback::Row, theirs: Who) -> Option<f64> {
    if ours.who != Who::McpLambda {
        return None;
    }
    let same = |row: &&loopback::Row| {
        row.who == theirs
            && (row.case, row.era, row.function, row.connections)
                == (ours.case, ours.era, ours.function, ours.connections)
    };
    let theirs = rows.iter().find(same)?;
    Some(ours.figures.requests_per_second / theirs.figures.requests_per_second)
}

fn times(ratio: Option<f64>) -> String {
    ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"))
}

/// The table of memory.
pub fn memory_table(rows: &[memory::Row]) -> String {
    let mut table = table([
        "server",
        "tools",
        "started",
        "registered",
        "all pages listed",
        "1,000 calls of one tool",
        "1,000 tools called",
        "peak",
        "registering",
        "first page",
        "page after a change",
    ]);
    for row in rows {
        let ours = row.who == Who::McpLambda;
        let millis = |value: f64| if ours { format!("{value:.0} ms") } else { String::new() };
        let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
        table.add_row([
            row.who.as_str().to_owned(),
            thousands(row.tools as f64),
            mib(row.started.now),
            mib(row.registered.now),
            mib(row.listed.now),
            mib(row.called_one.now),
            mib(row.called.now),
            mib(row.called.peak),
            millis(row.registering_ms),
            millis(row.first_page_ms),
            millis(row.page_after_change_ms),
        ]);
    }
    table.trim_fmt()
}

/// Whether the aims are met, a line for each.
pub fn aims(
    in_process: &[InProcess],
    loopback: &[loopback::Row],
    memory: &[memory::Row],
    (functions, sizes): (&[Line], &[Size]),
) -> String {
    let mut table = table(["aim", "measured", "met"]);
    let verdict = |met| if met { "yes" } else { "no" }.to_owned();
    for (case, era) in [(Case::Call, Era::Modern), (Case::Call, Era::Legacy)] {
        let rows = in_process
            .iter()
            .filter(|row| row.who == Who::McpLambda && (row.case, row.era) == (case, era));
        if let Some(slowest) = rows.map(|row| row.figures.time.median_ns).max() {
            table.add_row([
                format!("≤ 10 µs for a {} {} in process", era.as_str(), case.as_str()),
                format!("{} at most, of all numbers of tools", micros(slowest)),
                verdict(slowest <= 10_000),
            ]);
        }
    }
    // With few connections the machine waits, and throughput is latency by another name.
    let most = loopback.iter().filter(|row| match row.function {
        Function::None | Function::AtOnce => row.connections == 32,
        Function::Process => row.connections == 8,
    });
    for row in most {
        // Its default has sessions and event streams, as ours has: the same work.
        let Some(same) = ratio(loopback, row, Who::RmcpDefault) else { continue };
        let less = times(ratio(loopback, row, Who::RmcpJson));
        table.add_row([
            format!("≥ 2× rmcp: {}, {}", row.era.as_str(), described(row.case, row.function)),
            format!(
                "{same:.2}× ({less}× without sessions and streams), {} connections",
                row.connections
            ),
            verdict(same >= 2.0),
        ]);
    }
    for row in memory.iter().filter(|row| row.who == Who::McpLambda && row.tools == 1_000) {
        for (after, resident) in
            [("1,000 calls of one tool", row.called_one), ("1,000 tools were called", row.called)]
        {
            let mb = resident.peak as f64 / 1e6;
            let aim = format!("resident memory < 20 MB at 1,000 registrations, after {after}");
            table.add_row([aim, format!("{mb:.1} MB at its peak"), verdict(mb < 20.0)]);
        }
    }
    tables::aims(functions, sizes, |aim, measured, met| {
        table.add_row([format!("function: {aim}"), measured, verdict(met)]);
    });
    table.trim_fmt()
}

/// An empty table in the form of documents.
pub fn table<T: Into<String>>(header: impl IntoIterator<Item = T>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(header.into_iter().map(Into::into).collect::<Vec<String>>());
    table
}

fn micros(nanos: u64) -> String {
    let micros = nanos as f64 / 1_000.0;
    if micros < 100.0 { format!("{micros:.2} µs") } else { format!("{micros:.0} µs") }
}

fn allocated(counted: Counted) -> String {
    format!("{:.0} / {}", counted.allocations, bytes(counted.bytes))
}

fn bytes(bytes: f64) -> String {
    if bytes < 10_000.0 { format!("{bytes:.0} B") } else { format!("{:.0} KB", bytes / 1_000.0) }
}

/// A whole number with commas.
pub fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_the_document() {
        let document = "a\n<!-- x -->\nold\n<!-- end x -->\nb\n";
        let new = insert(document, "x", "new");
        assert_eq!(new, "a\n<!-- x -->\n\nnew\n\n<!-- end x -->\nb\n");
        assert_eq!(insert(&new, "x", "new"), new);
        assert_eq!(insert(document, "y", "new"), document);
    }

    #[test]
    fn numbers() {
        assert_eq!(
            [0.0, 999.4, 1_000.0, 1_234_567.0].map(thousands),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!([950, 12_345, 250_000].map(micros), ["0.95 µs", "12.35 µs", "250 µs"]);
    }
}
