//! Requests a second and latency over loopback, each server in a process of its own.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::catalog;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::in_process::Who;
use crate::load::Load;
use crate::process::Process;
use crate::request::{Case, Era, Exchange};

/// Where rmcp's peer answers JSON without sessions.
pub const RMCP_JSON_PATH: &str = "/json";
/// Where rmcp's peer answers every request alike, without rmcp.
pub const FLOOR_PATH: &str = "/floor";
/// Where every other server answers.
pub const PATH: &str = "/mcp";
/// Tools that are offered.
pub const TOOLS: usize = 20;
/// Processes of the function at most; more connections than this would be throttled.
pub const FUNCTION_PROCESSES: i64 = 8;

/// What stands behind a tool.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// Nothing is called.
    None,
    /// A function that answers at once, in the server's process.
    AtOnce,
    /// The example function of mcp-lambda, a process behind the local Lambda host.
    Process,
}

/// A kind of request with the numbers of connections that send it.
#[derive(Clone, Copy, Debug)]
struct Setting {
    case: Case,
    era: Era,
    function: Function,
    connections: &'static [usize],
}

const fn setting(case: Case, era: Era, function: Function) -> Setting {
    let connections: &[usize] = match function {
        Function::None | Function::AtOnce => &[1, 8, 32],
        Function::Process => &[1, 8],
    };
    Setting { case, era, function, connections }
}

const SETTINGS: [Setting; 9] = [
    setting(Case::List, Era::Modern, Function::None),
    setting(Case::List, Era::Legacy, Function::None),
    setting(Case::Read, Era::Modern, Function::None),
    setting(Case::Read, Era::Legacy, Function::None),
    setting(Case::Ping, Era::Legacy, Function::None),
    setting(Case::Call, Era::Modern, Function::AtOnce),
    setting(Case::Call, Era::Legacy, Function::AtOnce),
    setting(Case::Call, Era::Modern, Function::Process),
    setting(Case::Call, Era::Legacy, Function::Process),
];

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Every measurement is repeated so often, the servers taking turns; the median is told.
    pub rounds: usize,
    /// Requests of a measurement.
    pub requests: usize,
    /// Requests of a measurement that calls a function's process.
    pub function_requests: usize,
}

/// The programs that are run.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The shipped program.
    pub mcp_lambda: PathBuf,
    /// Ours, with functions that answer at once.
    pub edge_peer: PathBuf,
    /// rmcp's.
    pub rmcp_peer: PathBuf,
}

/// One measurement's figures.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Figures {
    /// Answered requests a second.
    pub requests_per_second: f64,
    /// Half of the requests took less.
    pub p50_us: f64,
    /// 99 of 100 took less.
    pub p99_us: f64,
    /// 999 of 1,000 took less.
    pub p999_us: f64,
    /// Processor time of the server for one request, the kernel's part included.
    pub server_cpu_us: f64,
}

/// A measurement, repeated.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Row {
    /// The server.
    pub who: Who,
    /// The request.
    pub case: Case,
    /// How the clients speak.
    pub era: Era,
    /// What stands behind the tool.
    pub function: Function,
    /// Connections at once.
    pub connections: usize,
    /// The round with the median throughput.
    pub figures: Figures,
    /// The throughput of each round.
    pub rounds: Vec<f64>,
}

/// All server processes.
struct Servers {
    mcp_lambda: Process,
    edge: Process,
    rmcp: Process,
    rmcp_function: Process,
    // Holds the file of functions.
    _folder: TempDir,
}

impl Servers {
    async fn start(programs: &Programs, tools: usize) -> Result<Self, Failure> {
        let (folder, serve) = serve_arguments(&programs.mcp_lambda)?;
        let tools = ["--tools".to_owned(), tools.to_string()];
        let function = programs.mcp_lambda.to_string_lossy().into_owned();
        let with_function = [&tools[..], &["--function".to_owned(), function]].concat();
        let servers = Self {
            mcp_lambda: Process::start(&programs.mcp_lambda, &serve).await?,
            edge: Process::start(&programs.edge_peer, &tools).await?,
            rmcp: Process::start(&programs.rmcp_peer, &tools).await?,
            rmcp_function: Process::start(&programs.rmcp_peer, &with_function).await?,
            _folder: folder,
        };
        Ok(servers)
    }

    /// The process that serves a setting, and its path.
    fn of(&self, who: Who, function: Function) -> (&Process, &'static str) {
        match (who, function) {
            (Who::McpLambda, Function::AtOnce) => (&self.edge, PATH),
            (Who::McpLambda, Function::None | Function::Process) => (&self.mcp_lambda, PATH),
            (Who::RmcpJson, Function::Process) => (&self.rmcp_function, RMCP_JSON_PATH),
            (Who::RmcpJson, Function::None | Function::AtOnce) => (&self.rmcp, RMCP_JSON_PATH),
            (Who::RmcpDefault, Function::Process) => (&self.rmcp_function, PATH),
            (Who::RmcpDefault, Function::None | Function::AtOnce) => (&self.rmcp, PATH),
            (Who::Floor, _) => (&self.rmcp, FLOOR_PATH),
        }
    }

    async fn end(self) -> Result<(), Failure> {
        for process in [self.mcp_lambda, self.edge, self.rmcp, self.rmcp_function] {
            process.end().await?;
        }
        Ok(())
    }
}

/// The command of the example function.
pub fn function_command(program: &str) -> Vec<String> {
    [program, "example-function", catalog::ECHO].map(str::to_owned).to_vec()
}

/// The arguments of `mcp-lambda serve` with the example function and nothing registered, and the
/// folder of the file that they name.
pub fn serve_arguments(program: &Path) -> Result<(TempDir, Vec<String>), Failure> {
    let folder = TempDir::new().map_err(Failure::system("making a folder"))?;
    let file = folder.path().join("functions.toml");
    let command = function_command(&program.to_string_lossy());
    let text = format!(
        "[functions.{}]\ncommand = {command:?}\nconcurrency = {FUNCTION_PROCESSES}\n",
        catalog::ECHO
    );
    std::fs::write(&file, text).map_err(Failure::system("writing a file of functions"))?;
    let file = file.to_string_lossy().into_owned();
    let fixed = ["--json", "serve", "--listen", "127.0.0.1:0", "--no-examples", "--functions"];
    let arguments = fixed.map(str::to_owned).into_iter().chain([file]).collect();
    Ok((folder, arguments))
}

/// Registers so many tools, the resource and the prompt.
pub async fn register(server: &Process, tools: usize) -> Result<(), Failure> {
    let connection = Connection::open(server.address()).await;
    let mut connection = connection.map_err(Failure::system("connecting"))?;
    for document in catalog::registrations(tools) {
        let request = Exchange::registration(&document).to_bytes("/register");
        let answer = connection.exchange(&request).await;
        let answer = answer.map_err(Failure::system("registering"))?;
        if answer.status != 201 {
            return Err(Failure::answer("mcp-lambda", "POST /register", answer.body));
        }
    }
    Ok(())
}

/// Measures everything.
pub async fn measure(
    programs: &Programs,
    effort: Effort,
    mut tell: impl FnMut(&str),
) -> Result<Vec<Row>, Failure> {
    let servers = Servers::start(programs, TOOLS).await?;
    register(&servers.mcp_lambda, TOOLS).await?;
    let mut rows: Vec<(Row, Vec<Figures>)> = rows();
    for round in 1..=effort.rounds {
        tell(&format!("loopback, round {round} of {}", effort.rounds));
        for (row, taken) in &mut rows {
            taken.push(once(&servers, row, effort).await?);
        }
    }
    servers.end().await?;
    Ok(rows.into_iter().map(|(row, taken)| median(row, taken)).collect())
}

/// Every row without its figures. Servers are next to each other, so that what disturbs the
/// machine disturbs all of them.
fn rows() -> Vec<(Row, Vec<Figures>)> {
    let mut rows = Vec::new();
    for Setting { case, era, function, connections } in SETTINGS {
        for connections in connections.iter().copied() {
            // The floor is the same for every request, so one of the cheapest stands for all.
            let floor = (case == Case::Ping).then_some(Who::Floor);
            for who in Who::ALL.into_iter().chain(floor) {
                let figures = Figures::default();
                let rounds = Vec::new();
                let row = Row { who, case, era, function, connections, figures, rounds };
                rows.push((row, Vec::new()));
            }
        }
    }
    rows
}

async fn once(servers: &Servers, row: &Row, effort: Effort) -> Result<Figures, Failure> {
    let (process, path) = servers.of(row.who, row.function);
    let requests = match row.function {
        Function::None | Function::AtOnce => effort.requests,
        Function::Process => effort.function_requests,
    };
    let load = Load {
        address: process.address(),
        path,
        case: row.case,
        era: row.era,
        tool: TOOLS / 2,
        session: row.era == Era::Legacy && row.who.has_sessions(),
        connections: row.connections,
        warm_up: requests / 10,
        requests,
    };
    let ready = load.warm_up().await?;
    let before = process.processor_time()?;
    let taken = ready.run().await?;
    let processor_time = process.processor_time()?.saturating_sub(before);
    process.empty_log()?;
    let quantile = |at| taken.latency.value_at_quantile(at) as f64 / 1_000.0;
    Ok(Figures {
        requests_per_second: requests as f64 / taken.duration.as_secs_f64(),
        p50_us: quantile(0.5),
        p99_us: quantile(0.99),
        p999_us: quantile(0.999),
        server_cpu_us: processor_time.as_secs_f64() * 1e6 / requests as f64,
    })
}

fn median(row: Row, mut taken: Vec<Figures>) -> Row {
    let rounds = taken.iter().map(|figures| figures.requests_per_second).collect();
    taken.sort_by(|a, b| a.requests_per_second.total_cmp(&b.requests_per_second));
    let figures = taken.get(taken.len() / 2).copied().unwrap_or_default();
    Row { figures, rounds, ..row }
}
