//! The command of the benchmarks: measures, prints tables, writes results and drawings.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use mcp_lambda_bench::failure::Failure;
use mcp_lambda_bench::functions::peers::Programs as FunctionPrograms;
use mcp_lambda_bench::functions::results::{Line, Size};
use mcp_lambda_bench::functions::{self, drawing, tables};
use mcp_lambda_bench::loopback::Programs;
use mcp_lambda_bench::machine::{self, Machine};
use mcp_lambda_bench::report::{self, InProcess, Results};
use mcp_lambda_bench::{in_process, loopback, memory, plot};
use serde::Serialize;

/// Benchmarks of mcp-lambda beside rmcp, the official Rust SDK, in the same run.
#[derive(Debug, Parser)]
#[command(name = "mcp-lambda-bench", version, after_help = AFTER_HELP)]
struct Arguments {
    /// What to measure.
    #[command(subcommand)]
    command: What,
    #[command(flatten)]
    options: Options,
}

const AFTER_HELP: &str = "\
Run it from the root of the repository, in release, on a machine that does nothing else:
  cargo run --release -p mcp-lambda-bench -- all

It builds the programs that it measures and installs other servers from public registries by
lock files, uses loopback addresses otherwise, and takes about half an hour. Results go to
docs/benchmarks/*.json, drawings beside them, and the tables of docs/benchmarks.md are written
anew.";

#[derive(Debug, Args)]
struct Options {
    /// Print the results as JSON instead of tables.
    #[arg(long, global = true)]
    json: bool,
    /// The folder of results and drawings; the document stands beside it under the same name.
    #[arg(long, global = true, value_name = "DIR", default_value = "docs/benchmarks")]
    out: PathBuf,
    /// Measure a tenth as long: to see that everything works, not for figures.
    #[arg(long, global = true)]
    quick: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Subcommand)]
enum What {
    /// Everything, one after the other.
    All,
    /// Time and allocations of a request inside the process.
    InProcess,
    /// Requests a second and latency over loopback, in processes of their own.
    Loopback,
    /// Resident memory at 1,000 and 10,000 tools.
    Memory,
    /// The deployed gateway's function beside other servers as functions, and the packages' sizes.
    Functions,
    /// Draw and write the tables from results that are there.
    Show,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command, &arguments.options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(&format!("mcp-lambda-bench: {failure}"));
            ExitCode::FAILURE
        }
    }
}

/// Says on standard error what is going on.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn run(command: What, options: &Options) -> Result<(), Failure> {
    let wants = |one| command == one || command == What::All;
    if command != What::Show {
        if cfg!(debug_assertions) {
            tell("NOTE: this is not a release build; its figures mean nothing");
        }
        if machine::load() > 0.5 {
            tell(&format!("NOTE: the load average is {}; something else runs", machine::load()));
        }
        if wants(What::Functions) {
            functions(options)?;
        }
    }
    if command != What::Show && command != What::Functions {
        let programs = build()?;
        let folder = programs.mcp_lambda.parent().unwrap_or(Path::new("."));
        if wants(What::InProcess) {
            measure(options, "in-process", || in_process(folder, options))?;
        }
        if wants(What::Loopback) {
            measure(options, "loopback", || loopback(&programs, options))?;
        }
        if wants(What::Memory) {
            measure(options, "memory", || {
                single_threaded()?.block_on(memory::measure(&programs, tell))
            })?;
        }
    }
    show(options)
}

/// Measures and writes the results down.
fn measure<T: Serialize>(
    options: &Options,
    name: &str,
    work: impl FnOnce() -> Result<Vec<T>, Failure>,
) -> Result<(), Failure> {
    let machine = Machine::look();
    report::save(&options.out, name, &Results { machine, rows: work()? })
}

fn in_process(folder: &Path, options: &Options) -> Result<Vec<InProcess>, Failure> {
    let millis = if options.quick { 100 } else { 1_000 };
    let measure = Duration::from_millis(millis);
    let effort = in_process::Effort { warm_up: measure / 4, measure };
    tell("counting allocations");
    let sizes = in_process::SIZES.map(|size| size.to_string());
    let counted = Command::new(folder.join("count-allocations"))
        .args(sizes)
        .stderr(Stdio::inherit())
        .output()
        .map_err(Failure::system("counting allocations"))?;
    let counted = serde_json::from_slice::<Vec<_>>(&counted.stdout)
        .map_err(|_| Failure::Start("count-allocations".to_owned()))?;
    let times = in_process::time_all(effort, &in_process::SIZES, tell)?;
    Ok(report::join(times, &counted))
}

fn loopback(programs: &Programs, options: &Options) -> Result<Vec<loopback::Row>, Failure> {
    let effort = match options.quick {
        true => loopback::Effort { rounds: 1, requests: 2_000, function_requests: 200 },
        false => loopback::Effort { rounds: 5, requests: 20_000, function_requests: 3_000 },
    };
    single_threaded()?.block_on(loopback::measure(programs, effort, tell))
}

/// Measures functions and sizes, which come about together.
fn functions(options: &Options) -> Result<(), Failure> {
    let programs = build_functions()?;
    let machine = Machine::look();
    let effort = match options.quick {
        true => functions::Effort {
            processes: 2,
            requests: 20,
            requests_under_quota: 5,
            streams: 2,
            calls: 100,
        },
        false => functions::Effort {
            processes: 25,
            requests: 200,
            requests_under_quota: 20,
            streams: 5,
            calls: 5_000,
        },
    };
    let measured = single_threaded()?.block_on(functions::measure(&programs, effort, tell));
    let (lines, sizes) = measured?;
    let results = Results { machine: machine.clone(), rows: lines };
    report::save(&options.out, "functions", &results)?;
    report::save(&options.out, "sizes", &Results { machine, rows: sizes })
}

/// One thread for all clients leaves the rest of the machine to the server.
fn single_threaded() -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().map_err(Failure::system("starting a runtime"))
}

/// Builds what is measured: the shipped program alone, so that nothing else decides its features.
fn build() -> Result<Programs, Failure> {
    let release = (!cfg!(debug_assertions)).then_some("--release");
    for package in ["mcp-lambda", "mcp-lambda-bench"] {
        cargo(package, release.into_iter().chain(["--bins"]))?;
    }
    let own = std::env::current_exe().map_err(Failure::system("finding this program"))?;
    Ok(Programs {
        mcp_lambda: own.with_file_name("mcp-lambda"),
        edge_peer: own.with_file_name("edge-peer"),
        rmcp_peer: own.with_file_name("rmcp-peer"),
    })
}

/// Builds functions as they are deployed, whatever this program's own profile.
fn build_functions() -> Result<FunctionPrograms, Failure> {
    let release = (!cfg!(debug_assertions)).then_some("--release");
    let function = ["--profile", "lambda", "--features", "function", "--bin", "bootstrap"];
    cargo("mcp-lambda-runtime", function)?;
    cargo("mcp-lambda-bench-rmcp", ["--profile", "lambda"])?;
    cargo("mcp-lambda-bench", release.into_iter().chain(["--bins"]))?;
    let own = std::env::current_exe().map_err(Failure::system("finding this program"))?;
    let target = own.ancestors().nth(2).unwrap_or(Path::new("target")).to_owned();
    let lambda = target.join("lambda");
    Ok(FunctionPrograms {
        bootstrap: lambda.join("bootstrap"),
        rmcp: lambda.join("mcp-lambda-bench-rmcp"),
        endpoint: own.with_file_name("aws-endpoint"),
        echo: own.with_file_name("echo-function"),
        target,
    })
}

fn cargo<'a>(package: &str, arguments: impl IntoIterator<Item = &'a str>) -> Result<(), Failure> {
    tell(&format!("building {package}"));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--package", package]).args(arguments);
    match build.status().map_err(Failure::system("running cargo"))?.success() {
        true => Ok(()),
        false => Err(Failure::Build(package.to_owned())),
    }
}

/// Draws, prints and writes down what is there.
fn show(options: &Options) -> Result<(), Failure> {
    let in_process = report::load::<InProcess>(&options.out, "in-process")?;
    let loopback = report::load::<loopback::Row>(&options.out, "loopback")?;
    let memory = report::load::<memory::Row>(&options.out, "memory")?;
    let mut texts = Vec::new();
    if let Some(Results { machine, rows }) = &in_process {
        plot::growth(&options.out, rows)?;
        let table = report::in_process_table(rows, 100);
        texts.push(("in-process", format!("{table}\n\n{}", report::machine(machine))));
        texts.push(("growth", report::growth_table(rows)));
    }
    if let Some(Results { machine, rows }) = &loopback {
        plot::throughput(&options.out, rows)?;
        plot::latency(&options.out, rows)?;
        let table = report::loopback_table(rows);
        texts.push(("loopback", format!("{table}\n\n{}", report::machine(machine))));
    }
    if let Some(Results { machine, rows }) = &memory {
        let table = report::memory_table(rows);
        texts.push(("memory", format!("{table}\n\n{}", report::machine(machine))));
    }
    let functions = report::load::<Line>(&options.out, "functions")?;
    if let Some(Results { machine, rows }) = &functions {
        drawing::functions(&options.out, rows)?;
        let text = tables::functions(rows);
        // The link stands here, because the drawing is there from the first measurement on only.
        let drawing = "![Servers as functions](benchmarks/functions.svg)";
        texts.push(("functions", format!("{text}\n\n{}\n\n{drawing}", report::machine(machine))));
    }
    let sizes = report::load::<Size>(&options.out, "sizes")?;
    if let Some(Results { rows, .. }) = &sizes {
        texts.push(("sizes", tables::sizes(rows)));
    }
    let deployed = (rows(&functions), rows(&sizes));
    let aims = report::aims(rows(&in_process), rows(&loopback), rows(&memory), deployed);
    texts.push(("aims", aims));
    write_document(&options.out.with_extension("md"), &texts)?;
    let printed = if options.json {
        let all = serde_json::json!({
            "in-process": in_process, "loopback": loopback, "memory": memory,
            "functions": functions, "sizes": sizes
        });
        all.to_string()
    } else {
        texts.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n\n")
    };
    writeln!(std::io::stdout(), "{printed}").map_err(Failure::system("printing"))
}

fn rows<T>(results: &Option<Results<T>>) -> &[T] {
    results.as_ref().map_or(&[], |results| &results.rows)
}

fn write_document(path: &Path, texts: &[(&str, String)]) -> Result<(), Failure> {
    let Ok(document) = std::fs::read_to_string(path) else { return Ok(()) };
    let insert =
        |document: String, (name, text): &(&str, String)| report::insert(&document, name, text);
    let document = texts.iter().fold(document, insert);
    std::fs::write(path, document).map_err(Failure::system("writing the document"))
}
