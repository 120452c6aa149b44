//! What is shown while something takes long.
//!
//! At a terminal the last line tells what is under way and for how long, and what has ended stands
//! above it. Without one there is a line for each event; for programs, a line of JSON.

use std::collections::BTreeSet;
use std::future::Future;
use std::io::{IsTerminal, Write, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mcp_lambda_infra::account::{Event, Progress};
use mcp_lambda_infra::deploy::{Change, ResourceEvent};
use serde_json::json;
use tokio::time::{Instant, interval};

use super::style::{Style, Tone};
use super::words::{outcome, size};
use crate::cli::deployment::Color;
use crate::output::Output;

/// How often the last line is drawn anew.
const TICK: Duration = Duration::from_millis(100);
/// What turns at its beginning.
const WHEEL: [char; 8] = ['⣷', '⣯', '⣟', '⡿', '⢿', '⣻', '⣽', '⣾'];
/// So many resources are named on it.
const NAMED: usize = 3;

/// Where progress is shown.
pub(super) struct Screen<'a> {
    output: &'a Output,
    terminal: bool,
    pub(super) style: Style,
    state: Mutex<State>,
}

struct State {
    /// What is under way, if it is not resources.
    doing: Option<String>,
    /// Resources under way.
    running: BTreeSet<String>,
    /// How many have ended, of how many.
    ended: usize,
    expected: usize,
    /// How long their names are.
    width: usize,
    since: Instant,
    turn: usize,
    drawn: bool,
}

impl<'a> Screen<'a> {
    pub(super) fn new(output: &'a Output, color: Color) -> Self {
        let terminal = stderr().is_terminal() && !output.is_json();
        let state = State {
            doing: None,
            running: BTreeSet::new(),
            ended: 0,
            expected: 0,
            width: 0,
            since: Instant::now(),
            turn: 0,
            drawn: false,
        };
        let style = Style::choose(color, terminal);
        Self { output, terminal, style, state: Mutex::new(state) }
    }

    /// Waits for something and shows that it is under way.
    pub(super) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut ticks = interval(TICK);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => {
                    self.with(|state| {
                        state.doing = None;
                        state.running.clear();
                        clear(state);
                    });
                    return done;
                }
                _ = ticks.tick(), if self.terminal => self.with(|state| self.draw(state)),
            }
        }
    }

    /// Says which resources will change.
    pub(super) fn expect(&self, changes: &[Change]) {
        self.with(|state| {
            (state.expected, state.ended, state.since) = (changes.len(), 0, Instant::now());
            state.width = changes.iter().map(|change| change.id.len()).max().unwrap_or_default();
        });
    }

    /// Writes a line for people; programs do not see it.
    pub(super) fn say(&self, text: &str) {
        if !self.output.is_json() {
            self.with(|state| {
                clear(state);
                line(text);
            });
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn draw(&self, state: &mut State) {
        let what = match &state.doing {
            Some(doing) if state.running.is_empty() => doing.clone(),
            _ if state.running.is_empty() => return,
            _ => {
                let names: Vec<&str> = state.running.iter().map(String::as_str).collect();
                let more = names.len().saturating_sub(NAMED);
                let named = names[..names.len().min(NAMED)].join(", ");
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let of = state.expected.max(state.ended);
                format!("{} of {of}: {named}{more}", state.ended)
            }
        };
        state.turn = (state.turn + 1) % WHEEL.len();
        let seconds = state.since.elapsed().as_secs();
        let time = self.style.paint(Tone::Faint, &format!("{}:{:02}", seconds / 60, seconds % 60));
        let wheel = self.style.paint(Tone::Careful, &WHEEL[state.turn].to_string());
        let mut err = stderr();
        // Drawn over itself; a long line is not wrapped, which would leave its beginning behind.
        let drawn = write!(err, "\r\u{1b}[2K\u{1b}[?7l{wheel} {what}  {time}\u{1b}[?7h");
        state.drawn = drawn.and_then(|()| err.flush()).is_ok();
    }

    fn resource(&self, event: &ResourceEvent) {
        let ResourceEvent { id, kind, status, reason, is_of_stack } = event;
        if self.output.is_json() {
            self.output.line(
                json!({"event": "resource", "id": id, "type": kind, "status": status,
                       "reason": reason, "stack": is_of_stack})
                .to_string(),
            );
            return;
        }
        if !self.terminal {
            let reason = if reason.is_empty() { String::new() } else { format!("  {reason}") };
            line(&format!("{status:<28} {kind:<36} {id}{reason}"));
            return;
        }
        self.with(|state| {
            clear(state);
            if *is_of_stack {
                if status.contains("ROLLBACK_IN_PROGRESS") {
                    line(&self.style.paint(Tone::Careful, "  Undoing what was done"));
                }
                return;
            }
            match outcome(status) {
                None => {
                    state.running.insert(id.clone());
                }
                Some((well, words)) => {
                    if state.running.remove(id) {
                        state.ended += 1;
                    }
                    let (mark, tone) = if well { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
                    let mark = self.style.paint(tone, mark);
                    let (kind, width) = (self.style.paint(Tone::Faint, kind), state.width);
                    line(&format!("  {mark} {words:<11} {id:<width$}  {kind}"));
                    if !well && !reason.is_empty() {
                        line(&format!("      {}", self.style.paint(Tone::Bad, reason)));
                    }
                }
            }
        });
    }

    /// Something is under way until something else is.
    fn doing(&self, text: String) {
        if self.terminal {
            self.with(|state| (state.doing, state.since) = (Some(text), Instant::now()));
        } else {
            line(&text);
        }
    }
}

impl Progress for Screen<'_> {
    fn tell(&self, event: Event<'_>) {
        if let Event::Resource(event) = event {
            self.resource(event);
            return;
        }
        if self.output.is_json() {
            return;
        }
        match event {
            Event::Caller { caller, region } => {
                self.say(&format!("Account {} in {region}, as {}", caller.account, caller.arn));
            }
            Event::Building { command } => self.say(&format!("Building: {command}")),
            Event::BucketMade(name) => self.say(&format!("Made the bucket {name} for packages")),
            Event::Uploading { bytes, .. } => self.doing(format!("Uploading {}", size(bytes))),
            Event::AlreadyThere { .. } | Event::Resource(_) => {}
            Event::RemovingFailed { stack } => {
                self.say(&format!(
                    "The first deployment of {stack} had failed; its rest is removed"
                ));
            }
            Event::Comparing { stack } => self.doing(format!("Comparing with what {stack} has")),
            Event::Blind { reason } => self.say(&format!("  {reason}; trying again")),
            Event::MailboxesDeleted { count } => {
                self.say(&format!("Deleted {count} mailboxes of sessions"));
            }
            Event::DataDeleted { name } => self.say(&format!("Deleted the table {name}")),
            Event::Publishing { step } => self.say(&format!("Asking to {step}")),
            _ => {}
        }
    }
}

/// Takes the last line away.
fn clear(state: &mut State) {
    if state.drawn {
        let _ = write!(stderr(), "\r\u{1b}[2K");
        state.drawn = false;
    }
}

fn line(text: &str) {
    // A reader that went away is no reason to stop a deployment.
    let _ = writeln!(stderr(), "{text}");
}
