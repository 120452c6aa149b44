//! One shell for all commands, so that what one sets the next one has.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::steps::Step;
use crate::support::lines::Lines;
use crate::support::server::END;

/// How long one command may take; some install packages.
const STEP: Duration = Duration::from_secs(240);

/// A shell and everything that it has started.
pub(super) struct Shell {
    child: Child,
    said: Lines,
    folder: PathBuf,
    background: Vec<Lines>,
    steps: usize,
    stopped: bool,
}

impl Shell {
    /// Starts in a folder; `pins` are the versions of the Python packages.
    pub(super) fn start(folder: &Path, pins: &Path) -> Self {
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc"])
            .current_dir(folder)
            .env("PIP_CONSTRAINT", pins)
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .env("NO_PROXY", "127.0.0.1")
            .env_remove("VIRTUAL_ENV")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // So that all of it can be ended at once.
            .process_group(0);
        let mut child = command.spawn().expect("there is a bash");
        let said = Lines::read(child.stdout.take().expect("it is piped"));
        let folder = folder.to_owned();
        Self { child, said, folder, background: Vec::new(), steps: 0, stopped: false }
    }

    /// Runs a step to its end, or until it goes on in the background and has written something.
    pub(super) fn run(&mut self, step: &Step) {
        self.steps += 1;
        match step.command.strip_suffix(" &") {
            None => self.run_here(step),
            Some(command) => self.run_in_background(command, &step.expected),
        }
    }

    /// Ends what goes on in the background.
    pub(super) fn stop(mut self) {
        self.end(Signal::TERM);
        for output in &self.background {
            assert!(output.ended(END), "it does not end: {}", output.text());
        }
        self.child.wait().expect("it can be waited for");
        self.stopped = true;
    }

    fn run_here(&mut self, step: &Step) {
        let (number, command) = (self.steps, &step.command);
        let file = self.folder.join(format!("output-{number}"));
        let path = file.display();
        let script =
            format!("{{ {command}\n}} > '{path}' 2>&1 < /dev/null; echo \"end {number} $?\"\n");
        self.tell(&script);
        let end = format!("end {number} ");
        let line = self.said.find(STEP, |line| line.starts_with(&end));
        let output = std::fs::read(&file).unwrap_or_default();
        let output = String::from_utf8_lossy(&output);
        let code = line.unwrap_or_else(|| panic!("no end of `{command}` in time\n{output}"));
        assert_eq!(code, format!("{end}0"), "`{command}` failed\n{output}");
        for text in &step.expected {
            assert!(output.contains(text), "`{command}` did not say {text:?}, but\n{output}");
        }
    }

    fn run_in_background(&mut self, command: &str, expected: &[String]) {
        let pipe = self.folder.join(format!("output-{}", self.steps));
        let path = pipe.display();
        self.tell(&format!(
            "mkfifo '{path}'; echo 'made {path}'\n{{ {command}\n}} > '{path}' 2>&1 < /dev/null &\n"
        ));
        let made = format!("made {path}");
        assert!(self.said.find(STEP, |line| line == made).is_some(), "no {made}");
        let output = Lines::read(Pipe::Closed(pipe));
        self.background.push(output.clone());
        let anything = [String::new()];
        let expected = if expected.is_empty() { &anything[..] } else { expected };
        for text in expected {
            let found = output.find(STEP, |line| !line.is_empty() && line.contains(text));
            assert!(found.is_some(), "`{command}` did not say {text:?}, but\n{}", output.text());
        }
    }

    fn tell(&mut self, script: &str) {
        let input = self.child.stdin.as_mut().expect("it is piped");
        input.write_all(script.as_bytes()).and_then(|()| input.flush()).expect("a shell that runs");
    }

    fn end(&self, signal: Signal) {
        // Refused if none of them is left.
        let _ = kill_process_group(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // Afterwards the group's number can be given to others.
        if !self.stopped {
            self.end(Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// A named pipe, which can only be opened once somebody writes: the first read waits for that.
enum Pipe {
    Closed(PathBuf),
    Open(File),
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match self {
                Self::Closed(path) => *self = Self::Open(File::open(path)?),
                Self::Open(file) => return file.read(buffer),
            }
        }
    }
}
