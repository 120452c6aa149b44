//! HTTP requests to a gateway: one pool of connections, bounded in time and size.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::{Instant, timeout_at};

use crate::client::events::MAX_EVENT_BYTES;
use crate::client::refusal;
use crate::client::signing::Signer;
use crate::exit::Failure;

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Bytes of an answer that is read as a whole.
const MAX_ANSWER_BYTES: usize = MAX_EVENT_BYTES;
/// How this program calls itself.
const AGENT: &str = concat!("mcp-lambda/", env!("CARGO_PKG_VERSION"));

/// By what the gateway knows its caller.
pub(crate) enum Auth {
    /// By nothing.
    Nobody,
    /// By a token that it is shown.
    Token(Secret),
    /// By a signature of AWS.
    Signed(Box<Signer>),
}

/// A text that is neither logged nor shown.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(text.to_owned()))
    }
}

/// Sends requests.
pub(crate) struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    auth: Auth,
}

/// A request.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// How long it may take with its answer.
    pub(crate) limit: Duration,
}

impl Ask {
    /// A request without a body.
    pub(crate) fn new(method: Method, url: String, limit: Duration) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: Bytes::new(), limit }
    }

    /// With a JSON body.
    pub(crate) fn json(mut self, body: String) -> Self {
        self.body = body.into();
        self.header("content-type", "application/json")
    }

    /// With one more header.
    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.set(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    /// Sets a header.
    pub(crate) fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The gateway cannot be reached.
    #[error(
        "cannot reach {url}: {reason}; start a gateway with mcp-lambda serve, or name yours with \
         --url or --stack"
    )]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What happened.
        reason: String,
    },
    /// It takes too long.
    #[error(
        "{url} does not answer within {seconds} s; look into its log, or allow it more with --timeout"
    )]
    Late {
        /// What was asked for.
        url: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The answer broke off.
    #[error("the answer of {url} broke off: {reason}; try again")]
    BrokenOff {
        /// What was asked for.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The answer is longer than is read.
    #[error("the answer of {0} has more than 32 MiB")]
    TooLong(String),
    /// Requests cannot be signed.
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "this program signs nothing"))]
    #[error(
        "there are no usable AWS credentials ({0}); sign in as for the AWS CLI (aws configure, aws \
         sso login) or name a profile with --profile"
    )]
    Credentials(String),
    /// A header that cannot be.
    #[error("the token has characters that no header may have")]
    BadToken,
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Credentials(_) => Self::Aws(error.to_string()),
            HttpError::BadToken => Self::Argument(error.to_string()),
            HttpError::Unreachable { .. }
            | HttpError::Late { .. }
            | HttpError::BrokenOff { .. }
            | HttpError::TooLong(_) => Self::Gateway(error.to_string()),
        }
    }
}

/// The head of an answer, and its body as it comes.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Whether the request was signed.
    pub(crate) signed: bool,
    body: Incoming,
    url: String,
    deadline: Instant,
    limit: Duration,
}

impl Http {
    /// A client for `secure` URLs, which need the roots that this machine trusts, or for others.
    pub(crate) fn new(auth: Auth, secure: bool) -> Result<Self, Failure> {
        let mut plain = HttpConnector::new();
        plain.set_connect_timeout(Some(CONNECT));
        plain.set_nodelay(true);
        plain.enforce_http(false);
        let provider = rustls::crypto::ring::default_provider();
        let builder = HttpsConnectorBuilder::new();
        let builder = if secure {
            builder.with_provider_and_native_roots(provider).map_err(|source| Failure::System {
                doing: "reading the certificates that this machine trusts",
                source,
            })?
        } else {
            let config = rustls::ClientConfig::builder_with_provider(provider.into())
                .with_safe_default_protocol_versions()
                .map_err(|error| Failure::Bug(error.to_string()))?
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
            builder.with_tls_config(config)
        };
        let connector = builder.https_or_http().enable_http1().wrap_connector(plain);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, auth })
    }

    /// Sends a request. One that was signed and refused is sent again with credentials that are
    /// looked for anew, because those that were used may have ended.
    pub(crate) async fn send(&self, ask: &Ask) -> Result<Answer, HttpError> {
        let answer = self.send_once(ask).await?;
        match &self.auth {
            Auth::Signed(signer) if answer.status == StatusCode::FORBIDDEN => {
                signer.forget().await;
                self.send_once(ask).await
            }
            Auth::Nobody | Auth::Token(_) | Auth::Signed(_) => Ok(answer),
        }
    }

    async fn send_once(&self, ask: &Ask) -> Result<Answer, HttpError> {
        let deadline = Instant::now() + ask.limit;
        let request = Request::builder().method(&ask.method).uri(&ask.url);
        let request = request.body(Full::new(ask.body.clone())).map_err(|error| {
            HttpError::Unreachable { url: ask.url.clone(), reason: error.to_string() }
        })?;
        let (mut parts, body) = request.into_parts();
        parts.headers = ask.headers.clone();
        parts.headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        match &self.auth {
            Auth::Nobody => {}
            Auth::Token(Secret(token)) => {
                let value = HeaderValue::try_from(format!("Bearer {token}"));
                let mut value = value.map_err(|_| HttpError::BadToken)?;
                value.set_sensitive(true);
                parts.headers.insert(AUTHORIZATION, value);
            }
            Auth::Signed(signer) => signer.sign(&mut parts, &ask.body).await?,
        }
        let sending = self.client.request(Request::from_parts(parts, body));
        let response = match timeout_at(deadline, sending).await {
            Err(_) => return Err(late(&ask.url, ask.limit)),
            Ok(Err(error)) => {
                let reason = causes(&error);
                return Err(HttpError::Unreachable { url: ask.url.clone(), reason });
            }
            Ok(Ok(response)) => response,
        };
        let (parts, body) = response.into_parts();
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            signed: matches!(self.auth, Auth::Signed(_)),
            body,
            url: ask.url.clone(),
            deadline,
            limit: ask.limit,
        })
    }
}

impl Answer {
    /// The next piece of the body, `None` at its end.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            let frame = match timeout_at(self.deadline, self.body.frame()).await {
                Err(_) => return Err(late(&self.url, self.limit)),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => {
                    let reason = causes(&error);
                    return Err(HttpError::BrokenOff { url: self.url.clone(), reason });
                }
                Ok(Some(Ok(frame))) => frame,
            };
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
    }

    /// The whole body.
    pub(crate) async fn text(&mut self) -> Result<String, HttpError> {
        let mut whole = Vec::new();
        while let Some(piece) = self.piece().await? {
            if whole.len() + piece.len() > MAX_ANSWER_BYTES {
                return Err(HttpError::TooLong(self.url.clone()));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(String::from_utf8_lossy(&whole).into_owned())
    }

    /// The error of an event that is too long.
    pub(crate) fn too_long(&self) -> HttpError {
        HttpError::TooLong(self.url.clone())
    }

    /// One sentence on an answer that is no success, by its body.
    pub(crate) fn explain(&self, body: &str) -> String {
        refusal::explain(self.status, &self.headers, body, self.signed)
    }
}

fn late(url: &str, limit: Duration) -> HttpError {
    HttpError::Late { url: url.to_owned(), seconds: limit.as_secs() }
}

/// The innermost cause says most: the others say that something failed.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    refusal::printable(&last.to_string())
}
