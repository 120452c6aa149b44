//! Time and allocations of one request inside the process: no socket, no function.
//!
//! What is measured begins with an `http::Request` and ends when the last byte of the response's
//! body was taken and everything was dropped.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hdrhistogram::Histogram;
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use mcp_lambda_runtime::edge::{Edge, From};
use mcp_lambda_runtime::principal::Principal;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::gateway;
use crate::peer::{Peer, Service};
use crate::request::{Case, Era, Exchange};

/// The numbers of tools.
pub const SIZES: [usize; 4] = [20, 100, 1_000, 10_000];

/// What is asked of every server.
pub const REQUESTS: [(Case, Era); 11] = [
    (Case::List, Era::Modern),
    (Case::List, Era::Legacy),
    (Case::Call, Era::Modern),
    (Case::Call, Era::Legacy),
    (Case::CallLarge, Era::Modern),
    (Case::CallLarge, Era::Legacy),
    (Case::BadArguments, Era::Modern),
    (Case::Read, Era::Modern),
    (Case::Prompt, Era::Modern),
    (Case::Ping, Era::Legacy),
    (Case::Unknown, Era::Modern),
];

/// A request must have been answered by then; the listener of `serve` says the same.
const DEADLINE: Duration = Duration::from_secs(900);
/// How long one batch of requests should take: far above the clock's resolution.
const BATCH: Duration = Duration::from_millis(1);
/// Requests in a batch at most, so that the prepared ones stay in the cache.
const MAX_BATCH: usize = 64;

/// Whose time is measured.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// Ours.
    McpLambda,
    /// rmcp without sessions, answering JSON.
    RmcpJson,
    /// rmcp as it is configured by default.
    RmcpDefault,
    /// hyper with a fixed answer: what any server over loopback costs. Only [`crate::loopback`]
    /// has it.
    Floor,
}

impl Who {
    /// All that know MCP.
    pub const ALL: [Self; 3] = [Self::McpLambda, Self::RmcpJson, Self::RmcpDefault];

    /// The words in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::McpLambda => "mcp-lambda",
            Self::RmcpJson => "rmcp, JSON",
            Self::RmcpDefault => "rmcp, default",
            Self::Floor => "hyper alone",
        }
    }

    /// Whether legacy clients are given a session.
    pub fn has_sessions(self) -> bool {
        match self {
            Self::McpLambda | Self::RmcpDefault => true,
            Self::RmcpJson | Self::Floor => false,
        }
    }
}

/// How often a request is timed.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Before anything is written down.
    pub warm_up: Duration,
    /// While it is.
    pub measure: Duration,
}

/// The time of a request.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Timed {
    /// The median of all batches' means.
    pub median_ns: u64,
    /// One batch in twenty was faster.
    pub p5_ns: u64,
    /// One batch in twenty was slower.
    pub p95_ns: u64,
    /// How many requests were timed.
    pub requests: u64,
}

/// The allocations of a request, growing a buffer included.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Counted {
    /// How many.
    pub allocations: f64,
    /// How many bytes in all.
    pub bytes: f64,
}

/// What is told of one request to one server.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Row<T> {
    /// The server.
    pub who: Who,
    /// The request.
    pub case: Case,
    /// How the client speaks.
    pub era: Era,
    /// How many tools there are.
    pub tools: usize,
    /// Bytes of the response's body.
    pub response_bytes: usize,
    /// The figures.
    pub figures: T,
}

/// A server in this process.
enum Server {
    Gateway(Arc<Edge>),
    Rmcp(Service),
}

/// A server with a runtime of its own: one thread, as in a Lambda function.
pub struct Subject {
    runtime: Runtime,
    server: Server,
    who: Who,
    tools: usize,
}

/// A request that was answered rightly once, and can be repeated.
pub struct Prepared {
    request: Request<Bytes>,
    response_bytes: usize,
}

impl Subject {
    /// Starts a server with so many tools.
    pub fn start(who: Who, tools: usize) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::system("starting a runtime"))?;
        let server = runtime.block_on(async {
            match who {
                Who::McpLambda => Server::Gateway(gateway::edge(tools).await),
                Who::RmcpJson | Who::Floor => Server::Rmcp(Service::json(Peer::new(tools, None))),
                Who::RmcpDefault => Server::Rmcp(Service::with_sessions(Peer::new(tools, None))),
            }
        });
        Ok(Self { runtime, server, who, tools })
    }

    /// Asks once and looks at the answer.
    pub fn prepare(&self, case: Case, era: Era) -> Result<Prepared, Failure> {
        let session = (era == Era::Legacy && self.who.has_sessions()).then(|| self.session());
        let tool = self.tools / 2;
        let request = Exchange::new(case, era, tool, session.flatten().as_deref()).to_request();
        let (_, body) = self.runtime.block_on(self.server.ask(request.clone()));
        if find(&body, case.marker()) {
            return Ok(Prepared { request, response_bytes: body.len() });
        }
        Err(Failure::answer(self.who.as_str(), case.as_str(), &body))
    }

    fn session(&self) -> Option<String> {
        self.runtime.block_on(async {
            let (id, _) = self.server.ask(Exchange::initialize().to_request()).await;
            let id = id?;
            self.server.ask(Exchange::initialized(&id).to_request()).await;
            Some(id)
        })
    }

    /// The same request so often: making requests is the client's work and is not timed.
    pub fn make(&self, prepared: &Prepared, times: usize) -> Vec<Request<Bytes>> {
        vec![prepared.request.clone(); times]
    }

    /// Repeats a request so often.
    pub fn repeat(&self, prepared: &Prepared, times: usize) -> Duration {
        let requests = self.make(prepared, times);
        self.runtime.block_on(async {
            let started = Instant::now();
            for request in requests {
                std::hint::black_box(self.server.drain(request).await);
            }
            started.elapsed()
        })
    }

    /// Times a request.
    pub fn time(&self, prepared: &Prepared, effort: Effort) -> Timed {
        let started = Instant::now();
        let mut batch = 1;
        while started.elapsed() < effort.warm_up {
            let one = self.repeat(prepared, batch).as_secs_f64() / batch as f64;
            batch = fitting(BATCH.as_secs_f64() / one.max(1e-9));
        }
        let mut means = Histogram::<u64>::new(3).expect("three digits are a valid precision");
        let started = Instant::now();
        while started.elapsed() < effort.measure {
            let mean = self.repeat(prepared, batch).as_nanos() / batch as u128;
            let mean = u64::try_from(mean).unwrap_or(u64::MAX);
            means.record(mean).expect("this histogram grows with its values");
        }
        Timed {
            median_ns: means.value_at_quantile(0.5),
            p5_ns: means.value_at_quantile(0.05),
            p95_ns: means.value_at_quantile(0.95),
            requests: means.len() * batch as u64,
        }
    }

    /// A row about a request to this server.
    pub fn row<T>(&self, case: Case, era: Era, prepared: &Prepared, figures: T) -> Row<T> {
        let response_bytes = prepared.response_bytes;
        Row { who: self.who, case, era, tools: self.tools, response_bytes, figures }
    }
}

/// A batch of about this many requests.
fn fitting(requests: f64) -> usize {
    requests.clamp(1.0, MAX_BATCH as f64) as usize
}

fn find(body: &[u8], marker: &str) -> bool {
    body.windows(marker.len()).any(|window| window == marker.as_bytes())
}

impl Server {
    /// Answers, and counts the bytes of the body.
    async fn drain(&self, request: Request<Bytes>) -> usize {
        match self {
            Self::Gateway(edge) => count(edge.answer(request, from()).await).await,
            Self::Rmcp(service) => {
                count(service.answer(request.map(http_body_util::Full::new)).await).await
            }
        }
    }

    /// Answers: the id of a session that began, and the body.
    async fn ask(&self, request: Request<Bytes>) -> (Option<String>, Bytes) {
        match self {
            Self::Gateway(edge) => read(edge.answer(request, from()).await).await,
            Self::Rmcp(service) => {
                read(service.answer(request.map(http_body_util::Full::new)).await).await
            }
        }
    }
}

fn from() -> From {
    From { principal: Principal::Anonymous, deadline: Instant::now() + DEADLINE }
}

async fn count<B>(response: Response<B>) -> usize
where
    B: Body<Data = Bytes, Error = Infallible> + Unpin,
{
    let mut body = response.into_body();
    let mut bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        bytes += frame.data_ref().map_or(0, Bytes::len);
    }
    bytes
}

async fn read<B>(response: Response<B>) -> (Option<String>, Bytes)
where
    B: Body<Data = Bytes, Error = Infallible>,
{
    let id = response.headers().get("mcp-session-id");
    let id = id.and_then(|id| id.to_str().ok()).map(str::to_owned);
    let Ok(body) = response.into_body().collect().await;
    (id, body.to_bytes())
}

/// Times every request on every server, saying before each server which one it is.
pub fn time_all(
    effort: Effort,
    sizes: &[usize],
    mut tell: impl FnMut(&str),
) -> Result<Vec<Row<Timed>>, Failure> {
    each(sizes, |subject, case, era, prepared| {
        if (case, era) == REQUESTS[0] {
            tell(&format!("timing {} with {} tools", subject.who.as_str(), subject.tools));
        }
        subject.row(case, era, prepared, subject.time(prepared, effort))
    })
}

/// Does something with every request to every server.
pub fn each<T>(
    sizes: &[usize],
    mut work: impl FnMut(&Subject, Case, Era, &Prepared) -> Row<T>,
) -> Result<Vec<Row<T>>, Failure> {
    let mut rows = Vec::new();
    for who in Who::ALL {
        for tools in sizes {
            let subject = Subject::start(who, *tools)?;
            for (case, era) in REQUESTS {
                let prepared = subject.prepare(case, era)?;
                rows.push(work(&subject, case, era, &prepared));
            }
        }
    }
    Ok(rows)
}
