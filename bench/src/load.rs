//! A closed loop over loopback: every connection sends its next request when it has its answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::failure::Failure;
use crate::request::{Case, Era, Exchange};

/// Bodies up to this size are looked at every time; larger ones while warming up only.
const ALWAYS_LOOKED_AT: usize = 512;

/// What is sent where, and how often.
#[derive(Clone, Debug)]
pub struct Load {
    /// The server.
    pub address: SocketAddr,
    /// Its path.
    pub path: &'static str,
    /// What is asked.
    pub case: Case,
    /// How.
    pub era: Era,
    /// The tool that is called.
    pub tool: usize,
    /// Whether each connection begins a session.
    pub session: bool,
    /// Connections at once.
    pub connections: usize,
    /// Requests in all that are not counted.
    pub warm_up: usize,
    /// Requests in all that are.
    pub requests: usize,
}

/// How it went.
#[derive(Debug)]
pub struct Taken {
    /// From the first request to the last answer.
    pub duration: Duration,
    /// Each request's time in nanoseconds, as its client saw it.
    pub latency: Histogram<u64>,
}

/// A connection with what it sends.
struct Client {
    connection: Connection,
    request: Vec<u8>,
    case: Case,
}

/// Warmed-up connections.
pub struct Ready {
    clients: Vec<Client>,
    requests: usize,
}

impl Load {
    /// Connects, and sends what is not counted.
    pub async fn warm_up(self) -> Result<Ready, Failure> {
        let mut clients = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            clients.push(self.client().await?);
        }
        let (_, clients) = phase(clients, self.warm_up, true).await?;
        Ok(Ready { clients, requests: self.requests })
    }

    async fn client(&self) -> Result<Client, Failure> {
        let failed = Failure::system("connecting");
        let mut connection = Connection::open(self.address).await.map_err(failed)?;
        let mut session = None;
        if self.session {
            let hello = Exchange::initialize().to_bytes(self.path);
            let answer = connection.exchange(&hello).await;
            session = answer.map_err(Failure::system("beginning a session"))?.session;
        }
        if let Some(session) = &session {
            let done = Exchange::initialized(session).to_bytes(self.path);
            connection.exchange(&done).await.map_err(Failure::system("beginning a session"))?;
        }
        let exchange = Exchange::new(self.case, self.era, self.tool, session.as_deref());
        Ok(Client { connection, request: exchange.to_bytes(self.path), case: self.case })
    }
}

impl Ready {
    /// Sends what is counted.
    pub async fn run(self) -> Result<Taken, Failure> {
        Ok(phase(self.clients, self.requests, false).await?.0)
    }
}

async fn phase(
    clients: Vec<Client>,
    requests: usize,
    warm_up: bool,
) -> Result<(Taken, Vec<Client>), Failure> {
    let left = Arc::new(AtomicUsize::new(requests));
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for client in clients {
        tasks.spawn(client.work(left.clone(), warm_up));
    }
    let mut latency = histogram();
    let mut clients = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (client, own) = done.expect("clients do not panic and are not aborted")?;
        latency.add(own).expect("all histograms have the same bounds");
        clients.push(client);
    }
    Ok((Taken { duration: started.elapsed(), latency }, clients))
}

impl Client {
    async fn work(
        mut self,
        left: Arc<AtomicUsize>,
        warm_up: bool,
    ) -> Result<(Self, Histogram<u64>), Failure> {
        let mut latency = histogram();
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok()
        {
            let started = Instant::now();
            let answer = self.connection.exchange(&self.request).await;
            let answer = answer.map_err(Failure::system("waiting for an answer"))?;
            let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            latency.saturating_record(nanos);
            let looked_at = warm_up || answer.body.len() <= ALWAYS_LOOKED_AT;
            let right = !looked_at || find(answer.body, self.case.marker().as_bytes());
            if answer.status != 200 || !right {
                return Err(Failure::answer("a server", self.case.as_str(), answer.body));
            }
        }
        Ok((self, latency))
    }
}

fn find(body: &[u8], marker: &[u8]) -> bool {
    body.windows(marker.len()).any(|window| window == marker)
}

fn histogram() -> Histogram<u64> {
    let most = u64::try_from(Duration::from_secs(60).as_nanos()).unwrap_or(u64::MAX);
    Histogram::new_with_bounds(1, most, 3).expect("the bounds are in order")
}
