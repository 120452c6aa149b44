//! The functions of the deployed gateway: events of Lambda in, answers out.
//!
//! One program is all of them; `_HANDLER` says which. `mcp` and `registration` put the edge behind
//! a Function URL or API Gateway, `authorizer` stands before the latter, `sweeper` removes orphaned
//! queues by a timer.

pub mod answer;
pub mod authorizer;
pub mod caller;
pub mod configuration;
mod direct;
pub mod event;
pub mod log;
pub mod metrics;
pub mod runtime_api;
pub mod settle;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::header::{HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::door::Site;
use crate::edge::{Edge, From, access};
use crate::function::answer::{Answer, Failure, Streamed};
use crate::function::authorizer::Authorizer;
use crate::function::caller::Claim;
use crate::function::configuration::{Authentication, InvokeMode};
use crate::function::event::{Event, EventError, HttpEvent};
use crate::function::log::{Level, Log};
use crate::function::runtime_api::{Invocation, RuntimeApi, RuntimeApiError};
use crate::function::settle::Settling;
use crate::invoke::trace::XRAY_HEADER;
use crate::port::{Clock, InvokeError, Invoker, Timestamp};
use crate::principal::Principal;
use crate::registration::arn::FunctionArn;

/// Time between the moment by which a request must be answered and that at which Lambda ends the
/// process: for the last bytes, and for closing what the request has opened.
pub const MARGIN: Duration = Duration::from_millis(500);
/// How long what a request has left behind may take after its answer.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(1);

/// A function.
pub struct Function {
    role: Role,
    log: Log,
    clock: Arc<dyn Clock>,
}

/// What a function does.
pub enum Role {
    /// Answers requests.
    Http(Http),
    /// Removes orphans.
    Sweeper(Arc<dyn Sweep>),
    /// Lets callers through API Gateway.
    Authorizer(Authorizer),
}

/// A function that answers requests.
pub struct Http {
    /// What answers them; behind a door if that is what [`Http::authentication`] says.
    pub edge: Arc<Edge>,
    /// Whose requests are served.
    pub authentication: Authentication,
    /// Where clients reach the function, if it cannot see that.
    pub public_url: Option<Site>,
    /// Whether JSON-RPC messages by direct invocation are served.
    pub direct_invoke: bool,
    /// How the front end takes answers.
    pub invoke_mode: InvokeMode,
    /// Where a custom domain mounts the API.
    pub path_prefix: Option<String>,
    /// The mailboxes, for what requests leave behind.
    pub mailboxes: Arc<Settling>,
    /// What is done besides answering requests.
    pub duty: Duty,
}

/// What a function does besides answering requests.
pub enum Duty {
    /// Finds out whether the gateway's role can call a function, when the admin plane asks.
    Probe(Arc<dyn Invoker>),
    /// Settles changes that broke off, by a timer.
    Recover(Arc<dyn Sweep>),
}

/// Tidies up what nobody will come back for. Nothing else runs meanwhile.
#[async_trait(?Send)]
pub trait Sweep: Send + Sync {
    /// Sweeps until it is done or the deadline has come: a JSON object that tells what was done,
    /// or why nothing could be.
    async fn sweep(&self, deadline: Instant) -> Result<String, String>;
}

/// The moments that an invocation's deadline sets.
#[derive(Clone, Copy)]
struct Times {
    /// By then a request must be answered.
    deadline: Instant,
    /// By then whatever is still said is cut off.
    end: Instant,
}

impl Times {
    fn of(deadline: Timestamp, now: Timestamp) -> Self {
        let left = Duration::from_millis(deadline.0.saturating_sub(now.0));
        let margin = MARGIN.min(left / 2);
        let answered = Instant::now() + (left - margin);
        Self { deadline: answered, end: answered + margin / 2 }
    }
}

/// Serves until it cannot any more: why. A function that could not be composed is told to Lambda.
pub async fn serve(address: &str, composed: Result<Function, String>) -> String {
    let mut api = match RuntimeApi::connect(address).await {
        Ok(api) => api,
        Err(error) => return error.to_string(),
    };
    match composed {
        Ok(function) => function.run(&mut api).await.to_string(),
        Err(why) => {
            // Lambda shows it to whoever invokes, and starts the process anew.
            let _ = api.cannot_start(&why).await;
            why
        }
    }
}

impl Function {
    /// A function that does what its role says.
    pub fn new(role: Role, log: Log, clock: Arc<dyn Clock>) -> Self {
        Self { role, log, clock }
    }

    /// Answers one invocation after the other, until the Runtime API fails.
    pub async fn run(&self, api: &mut RuntimeApi) -> RuntimeApiError {
        loop {
            let invocation = match api.next().await {
                Ok(invocation) => invocation,
                Err(error) => return error,
            };
            let id = invocation.id.clone();
            self.log.enter(&id);
            let answer = self.answer(invocation).await;
            if let Err(error) = api.answer(&id, answer).await {
                // The caller has been told, or has gone; the next invocation is another matter.
                self.log.say(Level::Error, "answer lost", &error.to_string());
            }
            if let Role::Http(http) = &self.role {
                // Afterwards the process is frozen, with whatever it is in the middle of.
                let _ = tokio::time::timeout(SETTLE_TIMEOUT, http.mailboxes.settled()).await;
            }
        }
    }

    /// Answers one invocation.
    pub async fn answer(&self, invocation: Invocation) -> Answer {
        let times = Times::of(invocation.deadline, self.clock.now());
        match &self.role {
            Role::Authorizer(authorizer) => self.judge(authorizer, &invocation, times).await,
            Role::Sweeper(sweep) => match Event::parse(&invocation.payload, &invocation.id, None) {
                Ok(Event::Scheduled) => self.sweep(&**sweep, times).await,
                Ok(Event::Http(_) | Event::Message | Event::Probe(_)) | Err(_) => {
                    self.refuse("the sweeper takes scheduled events only")
                }
            },
            Role::Http(http) => {
                let prefix = http.path_prefix.as_deref();
                match Event::parse(&invocation.payload, &invocation.id, prefix) {
                    Ok(Event::Http(mut event)) => {
                        continue_trace(event.request.headers_mut(), &invocation);
                        self.request(http, *event, times).await
                    }
                    Ok(Event::Message) => self.message(http, &invocation, times).await,
                    Ok(Event::Scheduled) => match &http.duty {
                        Duty::Recover(recover) => self.sweep(&**recover, times).await,
                        Duty::Probe(_) => self.refuse("this function takes no scheduled events"),
                    },
                    Ok(Event::Probe(function)) => match &http.duty {
                        Duty::Probe(invoker) => self.probe(&**invoker, &function, times).await,
                        Duty::Recover(_) => self.refuse("the gateway's function makes probes"),
                    },
                    Err(EventError::BadRequest(why)) => {
                        let response = answer::problem_response(StatusCode::BAD_REQUEST, why);
                        self.respond(http, response, times).await
                    }
                    Err(error @ EventError::Unknown) => self.refuse(&error.to_string()),
                }
            }
        }
    }

    /// Says whether a caller may pass.
    async fn judge(&self, by: &Authorizer, invocation: &Invocation, times: Times) -> Answer {
        match tokio::time::timeout_at(times.deadline, by.judge(&invocation.payload)).await {
            Ok(Some(judged)) => {
                if let Some(why) = judged.refused {
                    self.log.say(Level::Warn, "caller refused", &why);
                }
                judged.answer
            }
            Ok(None) => self.refuse("the authorizer takes API Gateway's authorizer events only"),
            Err(_) => self.refuse("there was no time left to judge"),
        }
    }

    /// A dry run with this function's role; the answer names no cause, which is for the log.
    async fn probe(&self, invoker: &dyn Invoker, function: &str, times: Times) -> Answer {
        let Ok(function) = FunctionArn::parse(function) else {
            return self.refuse("a probe names a function by its ARN");
        };
        let probed = tokio::time::timeout_at(times.deadline, invoker.probe(&function)).await;
        let outcome = match probed {
            Ok(Ok(())) => "callable",
            Ok(Err(InvokeError::NotFound(_))) => "not_found",
            Ok(Err(InvokeError::Denied(_))) => "denied",
            Ok(Err(InvokeError::Throttled(_))) => "throttled",
            Ok(Err(
                error @ (InvokeError::TooLarge
                | InvokeError::TimedOut(_)
                | InvokeError::Unavailable(_)),
            )) => {
                self.log.say(Level::Warn, "probe failed", &error.to_string());
                "unavailable"
            }
            Err(_) => "unavailable",
        };
        Answer::Whole(format!(r#"{{"outcome":"{outcome}"}}"#).into())
    }

    async fn sweep(&self, sweep: &dyn Sweep, times: Times) -> Answer {
        match sweep.sweep(times.deadline).await {
            Ok(report) => {
                self.log.say(Level::Info, "swept", &report);
                Answer::Whole(report.into())
            }
            Err(cause) => {
                self.log.say(Level::Error, "sweep failed", &cause);
                Answer::Failed(Failure { kind: "Sweep.Failed", message: cause })
            }
        }
    }

    fn refuse(&self, why: &str) -> Answer {
        self.log.say(Level::Error, "event refused", why);
        Answer::Failed(Failure { kind: "Event.Unsupported", message: why.to_owned() })
    }

    async fn request(&self, http: &Http, event: HttpEvent, times: Times) -> Answer {
        let HttpEvent { mut request, claim } = event;
        if let Some(url) = &http.public_url {
            request.extensions_mut().insert(url.clone());
        }
        let principal = match (claim, http.authentication) {
            // Behind a door nobody is who an event says he is: AWS has verified nothing there.
            (_, Authentication::Door) => None,
            (Claim::Verified(principal), _) => Some(principal),
            (Claim::None, _) => None,
            (Claim::Unverified(why), _) => {
                self.log.say(Level::Warn, "unverified caller", why);
                None
            }
        };
        let health = request.uri().path().trim_end_matches('/') == "/health";
        let principal = match (principal, http.authentication) {
            (Some(principal), _) => principal,
            (None, Authentication::None) => Principal::Anonymous,
            (None, Authentication::Door) if http.edge.is_closed() => Principal::Anonymous,
            (None, Authentication::AwsIam) if health => Principal::Anonymous,
            (None, Authentication::AwsIam | Authentication::Door) => {
                let (method, path) = (request.method(), request.uri().path());
                access::record(http.edge.access(), method, path, 403, Instant::now());
                let detail = "sign the request (AWS SigV4) and send it to the Function URL";
                let refused = answer::problem_response(StatusCode::FORBIDDEN, detail);
                return self.respond(http, refused, times).await;
            }
        };
        let from = From { principal, deadline: times.deadline };
        let answered = tokio::time::timeout_at(times.end, http.edge.answer(request, from)).await;
        let response = answered.unwrap_or_else(|_| {
            let detail = "there was no time left to answer; try again";
            answer::problem_response(StatusCode::SERVICE_UNAVAILABLE, detail)
        });
        self.respond(http, response, times).await
    }

    async fn respond(
        &self,
        http: &Http,
        response: http::Response<crate::edge::body::Body>,
        times: Times,
    ) -> Answer {
        match http.invoke_mode {
            InvokeMode::Buffered => Answer::Whole(answer::whole(response, times.end).await),
            InvokeMode::ResponseStream => {
                Answer::Streamed(Box::new(Streamed::new(response, times.end)))
            }
        }
    }

    async fn message(&self, http: &Http, invocation: &Invocation, times: Times) -> Answer {
        let event = &invocation.payload;
        if !http.direct_invoke {
            let path = "(direct invocation)";
            access::record(http.edge.access(), &Method::POST, path, 403, Instant::now());
            return Answer::Whole(direct::refuse(event));
        }
        let from = From { principal: Principal::DirectInvoke, deadline: times.deadline };
        let mut trace = HeaderMap::new();
        continue_trace(&mut trace, invocation);
        Answer::Whole(direct::answer(&http.edge, event, trace, from, times.end).await)
    }
}

/// Puts the invocation's trace before what the front end was told: it names this function's own
/// part of the trace.
fn continue_trace(headers: &mut HeaderMap, invocation: &Invocation) {
    let trace = invocation.trace.as_deref().map(HeaderValue::from_str);
    if let Some(Ok(trace)) = trace {
        headers.insert(XRAY_HEADER, trace);
    }
}
