//! Resident memory of the servers as they are offered more and more, and asked for all of it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::catalog;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::in_process::Who;
use crate::loopback::{self, PATH, Programs, RMCP_JSON_PATH};
use crate::process::{Process, Resident};
use crate::request::{Case, Era, Exchange};

/// The numbers of tools.
pub const SIZES: [usize; 2] = [1_000, 10_000];
/// Calls, first of one tool, then each of another one as far as there are so many.
pub const CALLS: usize = 1_000;

/// The memory of one server.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Row {
    /// The server.
    pub who: Who,
    /// How many tools it offers.
    pub tools: usize,
    /// When it had started, with nothing registered where that is done later.
    pub started: Resident,
    /// When everything was registered.
    pub registered: Resident,
    /// When every page of `tools/list` had been served in both eras.
    pub listed: Resident,
    /// When one tool had been called so often.
    pub called_one: Resident,
    /// When so many tools had been called.
    pub called: Resident,
    /// Pages of a list.
    pub pages: usize,
    /// How long the registrations took, each with its answer.
    pub registering_ms: f64,
    /// How long the first page took, the catalog being compiled for it.
    pub first_page_ms: f64,
    /// How long it took after one more registration.
    pub page_after_change_ms: f64,
}

/// Measures every server with every number of tools.
pub async fn measure(programs: &Programs, mut tell: impl FnMut(&str)) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for tools in SIZES {
        for who in [Who::McpLambda, Who::RmcpJson] {
            tell(&format!("memory of {} with {tools} tools", who.as_str()));
            rows.push(of(programs, who, tools).await?);
        }
    }
    Ok(rows)
}

async fn of(programs: &Programs, who: Who, tools: usize) -> Result<Row, Failure> {
    let ours = who == Who::McpLambda;
    let (_folder, serve) = loopback::serve_arguments(&programs.mcp_lambda)?;
    let function = programs.mcp_lambda.to_string_lossy().into_owned();
    let peer = ["--tools", &tools.to_string(), "--function", &function].map(str::to_owned);
    let (server, path) = if ours {
        (Process::start(&programs.mcp_lambda, &serve).await?, PATH)
    } else {
        (Process::start(&programs.rmcp_peer, &peer).await?, RMCP_JSON_PATH)
    };
    let started = server.resident()?;
    let begun = Instant::now();
    if ours {
        loopback::register(&server, tools).await?;
    }
    let registering = begun.elapsed();
    let registered = server.resident()?;
    let mut client = Client::open(&server, path).await?;
    let (first_page, pages) = client.list_all(tools).await?;
    let listed = server.resident()?;
    client.call_many(|_| 1).await?;
    let called_one = server.resident()?;
    client.call_many(|index| 1 + index % (tools - 1)).await?;
    let called = server.resident()?;
    let after_change = if ours { client.change_and_list(tools).await? } else { Duration::ZERO };
    drop(client);
    server.end().await?;
    let millis = |duration: Duration| duration.as_secs_f64() * 1_000.0;
    Ok(Row {
        who,
        tools,
        started,
        registered,
        listed,
        called_one,
        called,
        pages,
        registering_ms: millis(registering),
        first_page_ms: millis(first_page),
        page_after_change_ms: millis(after_change),
    })
}

/// A client that asks for everything.
struct Client {
    connection: Connection,
    path: &'static str,
}

impl Client {
    async fn open(server: &Process, path: &'static str) -> Result<Self, Failure> {
        let connection = Connection::open(server.address()).await;
        Ok(Self { connection: connection.map_err(Failure::system("connecting"))?, path })
    }

    async fn ask(&mut self, exchange: &Exchange, path: &str) -> Result<&[u8], Failure> {
        let answer = self.connection.exchange(&exchange.to_bytes(path)).await;
        Ok(answer.map_err(Failure::system("waiting for an answer"))?.body)
    }

    /// Walks through all pages in both eras: how long the first one took, and how many there are.
    async fn list_all(&mut self, tools: usize) -> Result<(Duration, usize), Failure> {
        let mut first_page = None;
        let mut pages = 0;
        for era in [Era::Modern, Era::Legacy] {
            let mut names = BTreeSet::new();
            let mut cursor: Option<String> = None;
            pages = 0;
            loop {
                let begun = Instant::now();
                let page = self.page(era, cursor.as_deref()).await?;
                first_page.get_or_insert(begun.elapsed());
                pages += 1;
                names.extend(page.result.tools.into_iter().map(|tool| tool.name));
                cursor = page.result.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            if names.len() != tools {
                let found = format!("{} tools instead of {tools}", names.len());
                return Err(Failure::answer("a server", "tools/list", found.as_bytes()));
            }
        }
        Ok((first_page.unwrap_or_default(), pages))
    }

    async fn page(&mut self, era: Era, cursor: Option<&str>) -> Result<Page, Failure> {
        let exchange = Exchange::page(era, cursor, None);
        let body = self.ask(&exchange, self.path).await?;
        serde_json::from_slice(body).map_err(|_| Failure::answer("a server", "tools/list", body))
    }

    /// Calls many times; tool 0 must not be asked for, its function is not there.
    async fn call_many(&mut self, tool: impl Fn(usize) -> usize) -> Result<(), Failure> {
        for index in 0..CALLS {
            let exchange = Exchange::new(Case::Call, Era::Modern, tool(index), None);
            let body = self.ask(&exchange, self.path).await?;
            if !String::from_utf8_lossy(body).contains(Case::Call.marker()) {
                return Err(Failure::answer("a server", "tools/call", body));
            }
        }
        Ok(())
    }

    /// Registers one tool more and lists the first page again.
    async fn change_and_list(&mut self, tools: usize) -> Result<Duration, Failure> {
        let registration = catalog::tool_registration(tools);
        self.ask(&Exchange::registration(&registration), "/register").await?;
        let begun = Instant::now();
        self.page(Era::Modern, None).await?;
        Ok(begun.elapsed())
    }
}

#[derive(Deserialize)]
struct Page {
    result: PageResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageResult {
    tools: Vec<Named>,
    #[serde(default)]
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}
