//! `logs`: the last lines of a stack's functions, and new ones as they come.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use clap::ValueEnum;
use mcp_lambda_runtime::aws::json::{JsonClient, JsonError};
use mcp_lambda_runtime::port::{Clock, Timestamp};
use mcp_lambda_runtime::system::SystemClock;
use serde_json::{Value, json};

use super::events::{self, ACTION, Event, Extent, before, is_absent, say};
use super::line::{is_for_metrics, words};
use super::site::{LOGS, Site, may_pass, refused};
use crate::cli::watch::{Function, LogsArguments};
use crate::commands;
use crate::exit::Failure;
use crate::output::Output;

/// How long to wait before asking for new lines.
const PAUSE: Duration = Duration::from_secs(2);
/// How late a line may come: CloudWatch Logs shows lines in the order in which they reach it.
const LATE: Duration = Duration::from_secs(30);
/// Lines of that time that are remembered as shown.
const MAX_SEEN: usize = 100_000;
/// How often in a row CloudWatch Logs may be unavailable while lines are followed.
const MAX_FAILURES: u32 = 5;

/// Shows lines.
pub(crate) fn run(arguments: &LogsArguments, output: &Output) -> Result<(), Failure> {
    commands::run(async {
        let site = Site::find(&arguments.place).await?;
        let client = site.service(LOGS);
        let begin = before(SystemClock.now(), arguments.since.time());
        let count = usize::try_from(arguments.lines).unwrap_or(usize::MAX);
        let filter = arguments.filter.as_deref();
        let mut found = Vec::new();
        let mut there = Vec::new();
        for mut reader in readers(arguments, &site.identifier, begin) {
            let mut lines = VecDeque::new();
            match reader.poll(&client, filter, count, &mut lines).await {
                Ok(()) => found.extend(lines),
                // A stack has not all functions, but those that were asked for by name.
                Err(error) if is_absent(&error) && arguments.functions.is_empty() => continue,
                Err(error) if is_absent(&error) => {
                    return Err(absent(&reader, &arguments.place.stack));
                }
                Err(error) => return Err(refused(&error, ACTION)),
            }
            if reader.extent == Extent::Part {
                say("there are more lines than were read; narrow them with --since or --filter");
            }
            there.push(reader);
        }
        let all = found.len();
        found.sort_by_key(|line| line.at);
        found.into_iter().skip(all.saturating_sub(count)).for_each(|line| show(&line, output));
        if !arguments.follow {
            if all == 0 && !output.is_json() {
                say("there are no lines of that time; --since looks further back");
            }
            return Ok(());
        }
        output.flush();
        tokio::select! {
            ended = follow(&client, &mut there, filter, output) => ended,
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    })
}

/// Shows new lines until something is wrong for longer than a moment.
async fn follow(
    client: &JsonClient,
    readers: &mut [Reader],
    filter: Option<&str>,
    output: &Output,
) -> Result<(), Failure> {
    let mut failures = 0;
    loop {
        tokio::time::sleep(PAUSE * (failures + 1)).await;
        let mut found = Vec::new();
        let mut failed = None;
        for reader in &mut *readers {
            let mut lines = VecDeque::new();
            failed = reader.poll(client, filter, usize::MAX, &mut lines).await.err().or(failed);
            // What was read before a failure is not read again.
            found.extend(lines);
        }
        found.sort_by_key(|line| line.at);
        found.iter().for_each(|line| show(line, output));
        match failed {
            None => failures = 0,
            Some(error) if may_pass(&error) && failures < MAX_FAILURES => failures += 1,
            Some(error) => return Err(refused(&error, ACTION)),
        }
    }
}

fn readers(arguments: &LogsArguments, identifier: &str, begin: Timestamp) -> Vec<Reader> {
    let wanted = match arguments.functions.as_slice() {
        [] => Function::value_variants(),
        named => named,
    };
    let mut readers: Vec<Reader> = Vec::new();
    for function in wanted {
        let reader = Reader::new(*function, identifier, begin);
        if readers.iter().all(|other| other.group != reader.group) {
            readers.push(reader);
        }
    }
    readers
}

/// A function's log, and how far it was read.
struct Reader {
    function: &'static str,
    group: String,
    from: Timestamp,
    /// What was shown of the time that may be read again.
    seen: HashSet<(Timestamp, String)>,
    extent: Extent,
}

/// A line that was found.
#[derive(Debug)]
struct Line {
    function: &'static str,
    at: Timestamp,
    stream: String,
    message: String,
}

impl Reader {
    fn new(function: Function, identifier: &str, from: Timestamp) -> Self {
        let (function, group) = events::group(function, identifier);
        Self { function, group, from, seen: HashSet::new(), extent: Extent::Whole }
    }

    /// Finds the last lines that were not there before, in the order in which CloudWatch Logs has
    /// them.
    async fn poll(
        &mut self,
        client: &JsonClient,
        filter: Option<&str>,
        count: usize,
        found: &mut VecDeque<Line>,
    ) -> Result<(), JsonError> {
        let (group, begin) = (self.group.clone(), self.from);
        let mut newest = begin;
        let take = |event: Event| {
            newest = newest.max(Timestamp(event.timestamp));
            self.take(event, found, count);
        };
        self.extent = events::read(client, &group, begin, filter, take).await?;
        self.remember(newest);
        Ok(())
    }

    fn take(&mut self, event: Event, found: &mut VecDeque<Line>, count: usize) {
        let Event { event_id, log_stream_name: stream, timestamp, message } = event;
        let at = Timestamp(timestamp);
        let id = event_id.unwrap_or_else(|| format!("{stream} {message}"));
        if !self.seen.insert((at, id)) || is_for_metrics(&message) {
            return;
        }
        if found.len() >= count {
            found.pop_front();
        }
        found.push_back(Line { function: self.function, at, stream, message });
        if self.seen.len() > MAX_SEEN {
            self.remember(at);
        }
    }

    /// Reads on from here, and a little before it.
    fn remember(&mut self, newest: Timestamp) {
        self.from = self.from.max(before(newest, LATE));
        self.seen.retain(|(at, _)| *at >= self.from);
        if self.seen.len() > MAX_SEEN {
            // Lines that come late are lost then, but none is shown twice.
            self.from = Timestamp(newest.0.saturating_add(1));
            self.seen.clear();
        }
    }
}

fn show(line: &Line, output: &Output) {
    if !output.is_json() {
        return output.line(words(line.function, line.at, &line.message));
    }
    let entry: Value =
        serde_json::from_str(&line.message).unwrap_or_else(|_| line.message.as_str().into());
    let said = json!({"event": "log", "function": line.function, "at": line.at.to_rfc3339(),
        "stream": line.stream, "entry": entry});
    output.line(said.to_string());
}

fn absent(reader: &Reader, stack: &str) -> Failure {
    Failure::Aws(format!(
        "{stack} has no log group {}; it has no such function, or this is another region",
        reader.group
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: u64, message: &str) -> Event {
        let stream = "s".to_owned();
        let message = message.to_owned();
        Event { event_id: None, log_stream_name: stream, timestamp: at, message }
    }

    fn taken(reader: &mut Reader, count: usize, events: &[(u64, &str)]) -> Vec<String> {
        let mut found = VecDeque::new();
        for (at, message) in events {
            reader.take(event(*at, message), &mut found, count);
        }
        found.into_iter().map(|line| line.message).collect()
    }

    #[test]
    fn late_lines_are_shown_and_none_twice() {
        let mut reader = Reader::new(Function::Mcp, "a", Timestamp(1_000));
        assert_eq!(reader.group, "/aws/lambda/a-mcp");
        let first = [(50_000, "one"), (60_000, "two"), (60_000, r#"{"_aws":{}}"#)];
        assert_eq!(taken(&mut reader, 9, &first), ["one", "two"]);
        reader.remember(Timestamp(60_000));
        assert_eq!(reader.from, Timestamp(30_000));
        let second = [(45_000, "late"), (50_000, "one"), (60_000, "two"), (60_000, "three")];
        assert_eq!(taken(&mut reader, 9, &second), ["late", "three"]);
        reader.remember(Timestamp(95_000));
        assert_eq!((reader.from, reader.seen.len()), (Timestamp(65_000), 0));
    }

    #[test]
    fn the_last_lines_are_kept() {
        for (count, expected) in
            [(1, &["c"][..]), (2, &["b", "c"]), (3, &["a", "b", "c"]), (4, &["a", "b", "c"])]
        {
            let mut reader = Reader::new(Function::Api, "a", Timestamp(0));
            assert_eq!(taken(&mut reader, count, &[(1, "a"), (2, "b"), (3, "c")]), expected);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        for (count, from) in [(MAX_SEEN, 0), (MAX_SEEN + 1, 8)] {
            let mut reader = Reader::new(Function::Api, "a", Timestamp(0));
            for number in 0..count {
                reader.take(event(7, &number.to_string()), &mut VecDeque::new(), 1);
            }
            assert!(reader.seen.len() <= MAX_SEEN);
            assert_eq!(reader.from, Timestamp(from), "{count}");
        }
    }
}
