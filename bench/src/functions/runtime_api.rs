//! A Runtime API that measures: for one process, one invocation after the other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mcp_lambda_runtime::port::Clock;
use mcp_lambda_runtime::system::SystemClock;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::moment::Moment;
use crate::serving;

/// How long a process may take to ask for its next invocation, or to answer one.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a function is told that it has.
const TIME: u64 = 30_000;
/// The only invocation that there is at a time.
const ID: &str = "3f1b2a90-6a4f-4d0e-9c55-0d7a2f6b8e11";

/// The Runtime API of one process.
pub struct RuntimeApi {
    address: SocketAddr,
    asked: mpsc::UnboundedReceiver<Asked>,
    answered: mpsc::UnboundedReceiver<Posted>,
    _server: JoinSet<()>,
}

/// A process that waits for an invocation.
pub struct Asked {
    /// When it asked.
    pub at: Moment,
    deliver: oneshot::Sender<(Bytes, oneshot::Sender<Moment>)>,
}

/// What was posted.
struct Posted {
    path: String,
    answer: Received,
}

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Whether the function streamed it.
    pub streamed: bool,
    /// Its pieces, each with the moment at which it was there.
    pub pieces: Vec<(Moment, Bytes)>,
    /// When its end was there.
    pub end: Moment,
}

/// An invocation that was answered.
#[derive(Clone, Debug)]
pub struct Exchanged {
    /// When the event was handed over.
    pub delivered: Moment,
    /// The answer.
    pub received: Received,
}

impl Exchanged {
    /// From the event to the answer's end.
    pub fn took(&self) -> Duration {
        self.received.end.since(self.delivered)
    }

    /// From the event to the first byte of the answer.
    pub fn first_byte(&self) -> Duration {
        let first = self.received.pieces.first().map_or(self.received.end, |(at, _)| *at);
        first.since(self.delivered)
    }

    /// The whole answer.
    pub fn body(&self) -> Bytes {
        let mut whole = BytesMut::new();
        for (_, piece) in &self.received.pieces {
            whole.extend_from_slice(piece);
        }
        whole.freeze()
    }
}

impl RuntimeApi {
    /// Listens on a port of its own.
    pub async fn start() -> Result<Self, Failure> {
        let listener = serving::listen().await?;
        let address = listener.local_addr().map_err(Failure::system("listening"))?;
        let (tell_asked, asked) = mpsc::unbounded_channel();
        let (tell_answered, answered) = mpsc::unbounded_channel();
        let channels = Arc::new(Channels { asked: tell_asked, answered: tell_answered });
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                // Acknowledgements wait for nothing either.
                let _ = stream.set_nodelay(true);
                let channels = channels.clone();
                let service = service_fn(move |request| channels.clone().answer(request));
                connections.spawn(async move {
                    // A process that is ended in the middle of something is no failure.
                    let stream = TokioIo::new(stream);
                    let _ = http1::Builder::new().serve_connection(stream, service).await;
                });
            }
        });
        Ok(Self { address, asked, answered, _server: server })
    }

    /// Where it listens: `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the process asks for an invocation.
    pub async fn asked(&mut self, who: &str) -> Result<Asked, Failure> {
        let asked = async {
            tokio::select! {
                asked = self.asked.recv() => Ok(asked),
                posted = self.answered.recv() => Err(posted),
            }
        };
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(Some(asked))) => Ok(asked),
            // What it says instead is why it cannot start.
            Ok(Err(Some(posted))) => Err(posted.wrong(who)),
            Ok(Ok(None) | Err(None)) | Err(_) => {
                Err(Failure::Start(format!("{who} asked for nothing in time; it")))
            }
        }
    }

    /// Hands an event over to a process that waits, and waits for its answer.
    pub async fn exchange(
        &mut self,
        who: &str,
        asked: Asked,
        event: &Bytes,
    ) -> Result<Exchanged, Failure> {
        let gone = || Failure::Start(format!("{who} went away; it"));
        let (tell, delivered) = oneshot::channel();
        asked.deliver.send((event.clone(), tell)).map_err(|_| gone())?;
        let answered = tokio::time::timeout(PATIENCE, self.answered.recv()).await;
        let posted = answered.ok().flatten().ok_or_else(gone)?;
        if !posted.path.ends_with("/response") {
            return Err(posted.wrong(who));
        }
        let delivered = delivered.await.map_err(|_| gone())?;
        Ok(Exchanged { delivered, received: posted.answer })
    }
}

impl Posted {
    fn wrong(&self, who: &str) -> Failure {
        let body = Exchanged { delivered: self.answer.end, received: self.answer.clone() }.body();
        Failure::answer(who, &self.path, &body)
    }
}

struct Channels {
    asked: mpsc::UnboundedSender<Asked>,
    answered: mpsc::UnboundedSender<Posted>,
}

impl Channels {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let at = Moment::now();
        if request.method() == Method::GET {
            return Ok(self.next(at).await.unwrap_or_else(|| status(StatusCode::GONE)));
        }
        let (parts, mut body) = request.into_parts();
        let streamed = parts.headers.contains_key("lambda-runtime-function-response-mode");
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                pieces.push((Moment::now(), data));
            }
        }
        let answer = Received { streamed, pieces, end: Moment::now() };
        let path = parts.uri.path().to_owned();
        // Without anyone who waits there is nothing to be told.
        let _ = self.answered.send(Posted { path, answer });
        Ok(status(StatusCode::ACCEPTED))
    }

    /// The next invocation, once there is one; none when nobody measures any more.
    async fn next(&self, at: Moment) -> Option<Response<Full<Bytes>>> {
        let (deliver, delivered) = oneshot::channel();
        self.asked.send(Asked { at, deliver }).ok()?;
        let (event, tell) = delivered.await.ok()?;
        let mut response = Response::new(Full::new(event));
        let deadline = (SystemClock.now().0 + TIME).to_string();
        for (name, value) in [
            ("content-type", "application/json"),
            ("lambda-runtime-aws-request-id", ID),
            ("lambda-runtime-deadline-ms", &deadline),
            ("lambda-runtime-invoked-function-arn", super::instance::FUNCTION_ARN),
            ("lambda-runtime-trace-id", "Root=1-6740a1b2-0123456789abcdef01234567"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_str(value).ok()?);
        }
        let _ = tell.send(Moment::now());
        Some(response)
    }
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
