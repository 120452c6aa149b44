//! Questions at a terminal.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use crate::exit::Failure;

/// Somebody who can be asked, or nobody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Questions {
    possible: bool,
}

impl Questions {
    /// Nobody is asked without a terminal, with `--yes`, or if programs read along.
    pub(crate) fn new(yes: bool, json: bool) -> Self {
        let possible = !yes && !json && stdin().is_terminal() && stderr().is_terminal();
        Self { possible }
    }

    /// Whether anybody can be asked.
    pub(crate) fn are_possible(self) -> bool {
        self.possible
    }

    /// Asks for a text until it can be understood; Enter alone takes the default, which is taken
    /// too if nobody can be asked.
    pub(crate) async fn text<T, E: std::fmt::Display>(
        self,
        question: &str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, Failure> {
        loop {
            let answer = if self.possible {
                let hint = if default.is_empty() { String::new() } else { format!(" [{default}]") };
                read(format!("{question}{hint}: ")).await?
            } else {
                String::new()
            };
            let text = if answer.is_empty() { default } else { &answer };
            match parse(text) {
                Ok(value) => return Ok(value),
                Err(error) if self.possible => say(&format!("  {error}")),
                Err(error) => return Err(Failure::Argument(error.to_string())),
            }
        }
    }

    /// Asks a question that is answered by yes or no; no is the default.
    pub(crate) async fn confirm(self, question: &str) -> Result<bool, Failure> {
        if !self.possible {
            return Ok(false);
        }
        loop {
            let answer = read(format!("{question} [y/N]: ")).await?;
            match answer.to_ascii_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "" | "n" | "no" => return Ok(false),
                _ => say("  please answer y or n"),
            }
        }
    }
}

fn say(text: &str) {
    // A terminal that went away will not answer either.
    let _ = writeln!(stderr(), "{text}");
}

/// Reads a line without its end; an end of input and Ctrl-C are both an end of everything.
async fn read(prompt: String) -> Result<String, Failure> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut err = stderr();
        write!(err, "{prompt}")?;
        err.flush()?;
        let mut line = String::new();
        let length = stdin().lock().read_line(&mut line)?;
        Ok::<_, std::io::Error>((length > 0).then(|| line.trim().to_owned()))
    });
    let stopped = || Failure::Interrupted("interrupted; nothing was changed".to_owned());
    tokio::select! {
        line = reading => match line {
            Ok(Ok(Some(line))) => Ok(line),
            Ok(Ok(None)) => Err(stopped()),
            Ok(Err(source)) => Err(Failure::System { doing: "asking", source }),
            Err(_) => Err(stopped()),
        },
        _ = tokio::signal::ctrl_c() => Err(stopped()),
    }
}
