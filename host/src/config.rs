//! What a function is: its command, where it runs and what it may use.
//!
//! Parsing decides the form and the bounds; whether the files exist is decided by `check`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::limits;
use crate::name::FunctionName;

/// One function's settings.
///
/// Invariants: the command has at least one word; the directory is absolute; timeout, concurrency
/// and memory are within [`limits`]; no variable is one that the host sets itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FunctionConfig {
    command: Vec<String>,
    directory: PathBuf,
    environment: BTreeMap<String, String>,
    timeout: Duration,
    concurrency: usize,
    memory_mb: u32,
}

impl FunctionConfig {
    /// Parses a function's table.
    ///
    /// A relative `directory`, and a first word of the command that contains a `/`, are taken
    /// relative to `base`, the folder of the file that the table stands in; without a `directory`
    /// the function runs in `base`. Fails with a sentence that names the function and the key.
    pub fn from_raw(
        name: &FunctionName,
        raw: RawFunction,
        base: &Path,
    ) -> Result<Self, InvalidConfig> {
        let invalid = |key, reason| InvalidConfig { function: name.clone(), key, reason };
        let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
        let base = std::path::absolute(base)
            .map_err(|error| invalid("directory", format!("cannot be made absolute: {error}")))?;
        let command = parse_command(raw.command, &base).map_err(|r| invalid("command", r))?;
        let directory = match &raw.directory {
            Some(directory) if directory.as_os_str().is_empty() => {
                return Err(invalid("directory", "must not be empty".to_owned()));
            }
            Some(directory) => base.join(directory),
            None => base,
        };
        check_environment(&raw.environment).map_err(|r| invalid("environment", r))?;
        Ok(Self {
            command,
            directory,
            environment: raw.environment,
            timeout: parse_timeout(raw.timeout).map_err(|r| invalid("timeout", r))?,
            concurrency: parse_concurrency(raw.concurrency)
                .map_err(|r| invalid("concurrency", r))?,
            memory_mb: parse_memory(raw.memory).map_err(|r| invalid("memory", r))?,
        })
    }

    /// The command and its arguments; never empty.
    pub fn command(&self) -> &[String] {
        &self.command
    }

    /// The directory the function runs in and is told as `LAMBDA_TASK_ROOT`.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The function's own environment variables.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// How long one invocation may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How many instances may run at once.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// The memory size the function is told; it is not enforced.
    pub fn memory_mb(&self) -> u32 {
        self.memory_mb
    }
}

/// A function's table as written, `[functions.NAME]`; keys it does not know are refused.
///
/// Also the way to describe a function in code: fill `command` and take the rest from `default`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawFunction {
    /// The command and its arguments; `{node-bootstrap}` in an argument is replaced at the start.
    pub command: Vec<String>,
    /// The directory to run in.
    pub directory: Option<PathBuf>,
    /// Environment variables of the function, on top of the inherited ones.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Seconds, also in fractions.
    pub timeout: Option<f64>,
    /// How many instances may run at once.
    pub concurrency: Option<i64>,
    /// Megabytes, informational.
    pub memory: Option<i64>,
}

/// Why a table is not a function.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("function `{function}`: `{key}` {reason}")]
pub struct InvalidConfig {
    function: FunctionName,
    key: &'static str,
    reason: String,
}

fn parse_command(mut command: Vec<String>, base: &Path) -> Result<Vec<String>, String> {
    if command.iter().any(|word| word.contains('\0')) {
        return Err("must not contain a NUL character".to_owned());
    }
    let Some(program) = command.first_mut().filter(|program| !program.is_empty()) else {
        return Err("must name a program to run".to_owned());
    };
    if program.contains('/') {
        let resolved = base.join(&*program);
        // Only a base that is not UTF-8 gets here; the program itself is a `String`.
        *program = resolved
            .into_os_string()
            .into_string()
            .map_err(|path| format!("cannot be run from {}", path.display()))?;
    }
    Ok(command)
}

fn check_environment(environment: &BTreeMap<String, String>) -> Result<(), String> {
    for (key, value) in environment {
        if key.is_empty() || key.contains(['=', '\0']) {
            return Err(format!("must not contain the variable name {key:?}"));
        }
        if value.contains('\0') {
            return Err(format!("must not contain a NUL character, as `{key}` does"));
        }
        if RESERVED_VARIABLES.contains(&key.as_str()) {
            return Err(format!("must not contain `{key}`, which the host sets"));
        }
    }
    Ok(())
}

/// What the host tells a function about itself; a function that could change it would be misled.
const RESERVED_VARIABLES: [&str; 8] = [
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
];

fn parse_timeout(seconds: Option<f64>) -> Result<Duration, String> {
    let Some(seconds) = seconds else { return Ok(limits::DEFAULT_TIMEOUT) };
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|timeout| (limits::MIN_TIMEOUT..=limits::MAX_TIMEOUT).contains(timeout))
        .ok_or_else(|| format!("must be 0.001 to 900 seconds, not {seconds}"))
}

fn parse_concurrency(count: Option<i64>) -> Result<usize, String> {
    let Some(count) = count else { return Ok(limits::DEFAULT_CONCURRENCY) };
    usize::try_from(count)
        .ok()
        .filter(|count| (1..=limits::MAX_CONCURRENCY).contains(count))
        .ok_or_else(|| format!("must be 1 to {} instances, not {count}", limits::MAX_CONCURRENCY))
}

fn parse_memory(megabytes: Option<i64>) -> Result<u32, String> {
    let Some(megabytes) = megabytes else { return Ok(limits::DEFAULT_MEMORY_MB) };
    u32::try_from(megabytes)
        .ok()
        .filter(|megabytes| limits::MEMORY_MB.contains(megabytes))
        .ok_or_else(|| format!("must be 128 to 10240 megabytes, not {megabytes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<FunctionConfig, String> {
        let raw = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let name = FunctionName::parse("greet").expect("a good name");
        FunctionConfig::from_raw(&name, raw, Path::new("/base")).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults() {
        let config = parse(r#"command = ["node", "x.js"]"#).expect("a config");
        assert_eq!(config.command(), ["node", "x.js"]);
        assert_eq!(config.directory(), Path::new("/base"));
        assert_eq!(config.timeout(), limits::DEFAULT_TIMEOUT);
        assert_eq!(config.concurrency(), limits::DEFAULT_CONCURRENCY);
        assert_eq!(config.memory_mb(), limits::DEFAULT_MEMORY_MB);
        assert!(config.environment().is_empty());
    }

    #[test]
    fn everything_set() {
        let config = parse(
            "command = ['./bin/run', './stays']\ndirectory = 'sub'\ntimeout = 1.5\n\
             concurrency = 3\nmemory = 512\nenvironment = { A = 'b', _HANDLER = 'app.handler' }",
        )
        .expect("a config");
        assert_eq!(config.command(), ["/base/./bin/run", "./stays"]);
        assert_eq!(config.directory(), Path::new("/base/sub"));
        assert_eq!(config.timeout(), Duration::from_millis(1_500));
        assert_eq!(config.concurrency(), 3);
        assert_eq!(config.memory_mb(), 512);
        assert_eq!(config.environment().len(), 2);
    }

    #[test]
    fn absolute_paths_stay() {
        let config = parse("command = ['/usr/bin/run']\ndirectory = '/srv'").expect("a config");
        assert_eq!(config.command(), ["/usr/bin/run"]);
        assert_eq!(config.directory(), Path::new("/srv"));
    }

    #[test]
    fn an_empty_base_is_the_current_directory() {
        let name = FunctionName::parse("greet").expect("a good name");
        let raw = RawFunction { command: vec!["run".into()], ..RawFunction::default() };
        let config = FunctionConfig::from_raw(&name, raw, Path::new("")).expect("a config");
        assert!(config.directory().is_absolute());
    }

    #[test]
    fn bounds_hold() {
        for good in ["timeout = 0.001", "timeout = 900", "concurrency = 1", "concurrency = 1000"] {
            assert!(parse(&format!("command = ['run']\n{good}")).is_ok(), "{good}");
        }
        for (bad, message) in [
            ("timeout = 0.0009", "`timeout` must be 0.001 to 900 seconds, not 0.0009"),
            ("timeout = 900.001", "`timeout` must be 0.001 to 900 seconds, not 900.001"),
            ("timeout = -1", "`timeout` must be 0.001 to 900 seconds, not -1"),
            ("timeout = nan", "`timeout` must be 0.001 to 900 seconds, not NaN"),
            ("timeout = inf", "`timeout` must be 0.001 to 900 seconds, not inf"),
            ("concurrency = 0", "`concurrency` must be 1 to 1000 instances, not 0"),
            ("concurrency = 1001", "`concurrency` must be 1 to 1000 instances, not 1001"),
            ("concurrency = -1", "`concurrency` must be 1 to 1000 instances, not -1"),
            ("memory = 127", "`memory` must be 128 to 10240 megabytes, not 127"),
            ("memory = 10241", "`memory` must be 128 to 10240 megabytes, not 10241"),
            ("directory = ''", "`directory` must not be empty"),
            (
                "environment = { 'A=B' = '' }",
                "`environment` must not contain the variable name \"A=B\"",
            ),
            (
                "environment = { AWS_LAMBDA_RUNTIME_API = 'x' }",
                "`environment` must not contain `AWS_LAMBDA_RUNTIME_API`, which the host sets",
            ),
        ] {
            let error = parse(&format!("command = ['run']\n{bad}")).expect_err(bad);
            assert_eq!(error, format!("function `greet`: {message}"));
        }
    }

    #[test]
    fn a_command_names_a_program() {
        for bad in ["command = []", "command = ['']"] {
            let error = parse(bad).expect_err(bad);
            assert_eq!(error, "function `greet`: `command` must name a program to run");
        }
        let error = parse("command = [\"run\", \"a\\u0000b\"]").expect_err("a NUL");
        assert_eq!(error, "function `greet`: `command` must not contain a NUL character");
    }

    #[test]
    fn unknown_and_missing_keys_are_refused() {
        let error = parse("command = ['run']\ntimout = 3").expect_err("a misspelt key");
        assert!(error.contains("unknown field `timout`"), "{error}");
        let error = parse("timeout = 3").expect_err("no command");
        assert!(error.contains("missing field `command`"), "{error}");
    }
}
