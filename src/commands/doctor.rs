//! `doctor`: what is wrong between this machine and a gateway, each with the next step.

#[cfg_attr(feature = "aws", path = "doctor/identity/enabled.rs")]
#[cfg_attr(not(feature = "aws"), path = "doctor/identity/disabled.rs")]
mod identity;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use crate::cli::client::{DoctorArguments, GatewayArguments};
use crate::client::http::Ask;
use crate::client::mcp::{Mcp, McpError, Revision};
use crate::client::place::{self, Gateway, Plane};
use crate::client::refusal::printable;
use crate::client::registry::{Registry, RegistryError};
use crate::commands;
use crate::exit::Failure;
use crate::output::Output;
use crate::text::table;
use crate::version;

/// How long the gateway may take to say that it is there, a cold start included.
const HEALTH: Duration = Duration::from_secs(30);
/// AWS refuses signatures that are off by more.
const MAX_SKEW: Duration = Duration::from_secs(5 * 60);
/// What is off by more is worth a word.
const SOME_SKEW: Duration = Duration::from_secs(60);
/// Registrations whose functions are looked at.
const MAX_LOOKED_AT: usize = 200;

/// How a check ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// One check's end.
#[derive(Clone, Debug)]
struct Found {
    check: &'static str,
    verdict: Verdict,
    detail: String,
    next: String,
}

impl Found {
    fn ok(check: &'static str, detail: String) -> Self {
        Self { check, verdict: Verdict::Ok, detail, next: String::new() }
    }

    fn warn(check: &'static str, detail: String, next: &str) -> Self {
        Self { check, verdict: Verdict::Warn, detail, next: next.to_owned() }
    }

    fn fail(check: &'static str, detail: String, next: &str) -> Self {
        Self { check, verdict: Verdict::Fail, detail, next: next.to_owned() }
    }

    /// A sentence of ours has its next step behind the last semicolon.
    fn told(check: &'static str, verdict: Verdict, sentence: &str) -> Self {
        let (detail, next) = sentence.rsplit_once("; ").unwrap_or((sentence, ""));
        Self { check, verdict, detail: detail.to_owned(), next: next.to_owned() }
    }
}

/// Checks one thing after another and tells of all.
pub(crate) fn run(arguments: &DoctorArguments, output: &Output) -> Result<(), Failure> {
    let mut found = Vec::new();
    commands::run(async {
        found.push(program());
        look(arguments, &mut found).await;
        Ok(())
    })?;
    show(&found, output);
    let failed: Vec<&str> =
        found.iter().filter(|one| one.verdict == Verdict::Fail).map(|one| one.check).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let text = format!("these checks fail: {}; see the next steps", failed.join(", "));
    Err(Failure::Unhealthy(text))
}

fn program() -> Found {
    let features = match (cfg!(feature = "aws"), cfg!(feature = "deploy")) {
        (true, true) => "with aws and deploy",
        (true, false) => "with aws",
        (false, _) => "without aws: it can neither sign nor deploy",
    };
    Found::ok("program", format!("mcp-lambda {}, {features}", version::LONG))
}

async fn look(arguments: &DoctorArguments, found: &mut Vec<Found>) {
    let gateway = match Gateway::find(&arguments.gateway, Plane::Mcp).await {
        Ok(gateway) => gateway,
        Err(error) => {
            return found.push(Found::told("gateway", Verdict::Fail, &error.to_string()));
        }
    };
    found.push(Found::ok("gateway", gateway.url.to_string()));
    let signed = place::scope(&arguments.gateway, &gateway.url).is_some();
    found.extend(identity::look(&arguments.gateway, signed).await);
    if !reach(&gateway, found).await {
        return;
    }
    match Mcp::connect(gateway, Revision::Any).await {
        Err(error) => found.push(refused("mcp", &error)),
        Ok(client) => {
            catalog(&client, found).await;
            client.end().await;
        }
    }
    administer(arguments, found).await;
}

/// Whether it answers, and whether its clock is ours.
async fn reach(gateway: &Gateway, found: &mut Vec<Found>) -> bool {
    let ask = Ask::new(Method::GET, gateway.url.at("/health"), HEALTH);
    let started = tokio::time::Instant::now();
    let mut answer = match gateway.http.send(&ask).await {
        Ok(answer) => answer,
        Err(error) => {
            found.push(Found::told("reachable", Verdict::Fail, &error.to_string()));
            return false;
        }
    };
    let millis = started.elapsed().as_millis();
    found.extend(clock(&answer.headers, now()));
    let text = answer.text().await.unwrap_or_default();
    if answer.status != StatusCode::OK {
        let sentence = answer.explain(&text);
        found.push(Found::told("reachable", Verdict::Fail, &sentence));
        return false;
    }
    found.push(Found::ok("reachable", format!("answers in {millis} ms")));
    true
}

/// Compares clocks; a server that does not tell its own is not asked twice.
fn clock(headers: &HeaderMap, now: SystemTime) -> Option<Found> {
    let date = headers.get("date")?.to_str().ok()?;
    let theirs = parse_date(date)?;
    let skew = match now.duration_since(theirs) {
        Ok(behind) => behind,
        Err(ahead) => ahead.duration(),
    };
    let detail = format!("off by {} s", skew.as_secs());
    let next = "set the clock of this machine, best by network time";
    Some(if skew > MAX_SKEW {
        Found::fail("clock", detail, next)
    } else if skew > SOME_SKEW {
        Found::warn("clock", detail, next)
    } else {
        Found::ok("clock", detail)
    })
}

/// `Sat, 21 Nov 2026 18:00:00 GMT` (RFC 9110, 5.6.7).
fn parse_date(text: &str) -> Option<SystemTime> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = parts.as_slice() else { return None };
    let month = MONTHS.iter().position(|one| one == month)? + 1;
    humantime::parse_rfc3339(&format!("{year}-{month:02}-{day}T{time}Z")).ok()
}

async fn catalog(client: &Mcp, found: &mut Vec<Found>) {
    let revision = client.revision().to_owned();
    match client.list("tools/list", "tools").await {
        Err(error) => found.push(refused("mcp", &error)),
        Ok(tools) if tools.is_empty() => found.push(Found::warn(
            "mcp",
            format!("speaks {revision}, and has no tools"),
            "register one: mcp-lambda register add",
        )),
        Ok(tools) => {
            found.push(Found::ok(
                "mcp",
                format!("speaks {revision}, and has {} tools", tools.len()),
            ));
        }
    }
    found.extend(match client.server_version() {
        Some(theirs) if theirs == version::SHORT => {
            Some(Found::ok("versions", format!("both are {theirs}")))
        }
        Some(theirs) => Some(Found::warn(
            "versions",
            format!("the gateway is {}, this program {}", printable(theirs), version::SHORT),
            "install or deploy the same version on both sides",
        )),
        None => None,
    });
}

fn refused(check: &'static str, error: &McpError) -> Found {
    Found::told(check, Verdict::Fail, &error.to_string())
}

/// What administrators may see: the registrations, and whether their functions can be called.
async fn administer(arguments: &DoctorArguments, found: &mut Vec<Found>) {
    let mut place = arguments.gateway.clone();
    if let Some(url) = &arguments.registration_url {
        (place.url, place.stack) = (Some(url.clone()), None);
    } else if place.url.is_some() && of_function_url(&place) {
        let next = "name that of the registration function with --registration-url";
        let detail = "not looked at: --url is that of clients".to_owned();
        return found.push(Found::warn("admin plane", detail, next));
    }
    let gateway = match Gateway::find(&place, Plane::Registration).await {
        Ok(gateway) => gateway,
        Err(error) => {
            return found.push(Found::told("admin plane", Verdict::Fail, &error.to_string()));
        }
    };
    let registry = Registry::new(gateway);
    match registry.list(None).await {
        // Clients have no right to it, and need none.
        Err(RegistryError::Refused { status: StatusCode::FORBIDDEN, text }) => {
            found.push(Found::told("admin plane", Verdict::Warn, &text));
        }
        Err(error) => found.push(Found::told("admin plane", Verdict::Warn, &error.to_string())),
        Ok(all) => {
            found.push(Found::ok("admin plane", format!("{} registrations", all.len())));
            let ids: Vec<&str> = all.iter().map(|one| one.id.as_str()).collect();
            functions(&registry, &ids, found).await;
        }
    }
}

/// Whether a URL is that of one function, which has one plane.
fn of_function_url(arguments: &GatewayArguments) -> bool {
    let url =
        arguments.url.as_deref().and_then(|url| crate::client::url::GatewayUrl::parse(url).ok());
    url.is_some_and(|url| url.signed_for().is_some_and(|(service, _)| service == "lambda"))
}

async fn functions(registry: &Registry, ids: &[&str], found: &mut Vec<Found>) {
    let mut good = 0_usize;
    for id in ids.iter().take(MAX_LOOKED_AT) {
        let status: Value = match registry.status(id).await {
            Ok(text) => serde_json::from_str(&text).unwrap_or_default(),
            Err(error) => {
                found.push(Found::told("functions", Verdict::Fail, &format!("{id}: {error}")));
                return;
            }
        };
        let checks = status["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(bad) = checks.iter().find(|check| check["ok"] != true) else {
            good += 1;
            continue;
        };
        let problem = printable(bad["problem"].as_str().unwrap_or("it cannot be called"));
        let next = bad["command"].as_str().map(printable);
        let (detail, hint) = problem.rsplit_once("; ").unwrap_or((&problem, ""));
        let next = next.unwrap_or_else(|| hint.to_owned());
        found.push(Found::fail("functions", format!("{id}: {detail}"), &next));
    }
    if good > 0 {
        found.push(Found::ok("functions", format!("the gateway can call {good} of {}", ids.len())));
    }
}

fn show(found: &[Found], output: &Output) {
    let word = |verdict| match verdict {
        Verdict::Ok => "ok",
        Verdict::Warn => "warn",
        Verdict::Fail => "FAIL",
    };
    if output.is_json() {
        for one in found {
            let verdict = word(one.verdict).to_ascii_lowercase();
            let event = json!({"event": "check", "check": one.check, "verdict": verdict,
                "detail": one.detail, "next": one.next});
            output.line(event.to_string());
        }
        return;
    }
    let row = |one: &Found| {
        [word(one.verdict).to_owned(), one.check.to_owned(), one.detail.clone(), one.next.clone()]
    };
    output.line(table(["", "CHECK", "FOUND", "NEXT STEP"], found.iter().map(row).collect()));
}

#[expect(clippy::disallowed_methods, reason = "it is compared with the clock of the gateway")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_at_and_above_their_bounds() {
        let date = "Sat, 21 Nov 2026 18:00:00 GMT";
        let theirs = parse_date(date).expect("a date");
        let headers = HeaderMap::from_iter([(http::header::DATE, date.parse().expect("a value"))]);
        let verdict = |now| clock(&headers, now).map(|found| found.verdict);
        let second = Duration::from_secs(1);
        assert_eq!(verdict(theirs), Some(Verdict::Ok));
        assert_eq!(verdict(theirs + SOME_SKEW), Some(Verdict::Ok));
        assert_eq!(verdict(theirs + SOME_SKEW + second), Some(Verdict::Warn));
        assert_eq!(verdict(theirs - MAX_SKEW), Some(Verdict::Warn));
        assert_eq!(verdict(theirs - MAX_SKEW - second), Some(Verdict::Fail));
        assert!(clock(&HeaderMap::new(), theirs).is_none());
        for text in ["", "today", "Sat, 21 Foo 2026 18:00:00 GMT"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn sentences_have_their_next_step_last() {
        let found = Found::told("mcp", Verdict::Fail, "it is; not there; start it");
        assert_eq!((found.detail.as_str(), found.next.as_str()), ("it is; not there", "start it"));
    }
}
