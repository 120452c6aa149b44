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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    const PAUSE: Duration = Duration::from_millis(40);

    async fn read(stream: &mut TcpStream, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            assert_ne!(stream.read_buf(&mut text).await.expect("bytes"), 0, "it was closed");
        }
        String::from_utf8(text).expect("text")
    }

    /// A function that takes a pause before its answer and one in the middle of it.
    async fn function(address: SocketAddr) {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        tokio::time::sleep(PAUSE).await;
        let next = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: x\r\n\r\n";
        stream.write_all(next).await.expect("sent");
        let event = read(&mut stream, "the event").await;
        assert!(event.contains(ID), "{event}");
        tokio::time::sleep(PAUSE).await;
        let head = "POST /2018-06-01/runtime/invocation/x/response HTTP/1.1\r\nhost: x\r\n\
                    lambda-runtime-function-response-mode: streaming\r\n\
                    transfer-encoding: chunked\r\n\r\n3\r\none\r\n";
        stream.write_all(head.as_bytes()).await.expect("sent");
        tokio::time::sleep(PAUSE).await;
        stream.write_all(b"3\r\ntwo\r\n0\r\n\r\n").await.expect("sent");
        read(&mut stream, "\r\n\r\n").await;
        stream.write_all(next).await.expect("sent");
        std::future::pending().await
    }

    #[tokio::test]
    async fn what_is_measured_is_what_the_function_took() {
        let mut api = RuntimeApi::start().await.expect("a listener");
        let started = Moment::now();
        let own = tokio::spawn(function(api.address()));
        let asked = api.asked("a test").await.expect("a question");
        let asked_at = asked.at;
        let start = asked_at.since(started);
        assert!(start >= PAUSE, "{start:?}");
        // The time that an event is not there yet is not the function's.
        tokio::time::sleep(PAUSE * 3).await;
        let event = Bytes::from_static(b"the event");
        let exchanged = api.exchange("a test", asked, &event).await.expect("an answer");
        let (first_byte, took) = (exchanged.first_byte(), exchanged.took());
        assert!(first_byte >= PAUSE && took >= first_byte + PAUSE / 2, "{first_byte:?} {took:?}");
        assert!(exchanged.delivered.since(asked_at) >= PAUSE * 3);
        assert!(took >= PAUSE * 2, "{took:?}");
        assert!(exchanged.received.streamed);
        assert_eq!(exchanged.body(), "onetwo");
        let pieces = exchanged.received.pieces.len();
        assert_eq!(pieces, 2);
        api.asked("a test").await.expect("another question");
        own.abort();
    }

    #[tokio::test]
    async fn a_function_that_reports_an_error_is_no_measurement() {
        let mut api = RuntimeApi::start().await.expect("a listener");
        let mut stream = TcpStream::connect(api.address()).await.expect("a connection");
        let error = "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nhost: x\r\n\
                     content-length: 3\r\n\r\nwhy";
        stream.write_all(error.as_bytes()).await.expect("sent");
        let failure = api.asked("a test").await.err().expect("a failure");
        assert!(failure.to_string().contains("why"), "{failure}");
    }
}
