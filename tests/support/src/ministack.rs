//! An emulated AWS as a child process: ministack, started through `tests/foreign/aws/emulator.py`.
//!
//! It listens on loopback alone, keeps its state in a folder of its own that goes with it, and has
//! nothing of this process's environment but `PATH`.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::command::run;
use crate::install::{self, Environment};
use crate::lines::Lines;
use crate::repository;

/// The account that everything is in.
pub const ACCOUNT: &str = "000000000000";
/// The region that requests must be signed for.
pub const REGION: &str = "us-east-1";

/// How long a start may take: a second, on a machine that is busy with builds much more.
const START: Duration = Duration::from_secs(60);
/// How long one request may take, with the start of the program that sends it.
const REQUEST: Duration = Duration::from_secs(60);
/// How long an end may take.
const END: Duration = Duration::from_secs(5);
/// How long to leave it alone after it was not ready. The first question is answered only when
/// nearly everything is.
const PAUSE: Duration = Duration::from_millis(50);
/// How often it is asked.
const ATTEMPTS: usize = 100;
/// Asks whether it is ready.
const READY: &str =
    "GET /_ministack/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// A running emulator. It is killed, with the functions that it runs, when this is dropped or the
/// process ends; if a test panics, it says what it has to say.
pub struct Ministack {
    child: Child,
    lines: Lines,
    errors: Lines,
    endpoint: String,
    emulator: &'static Environment,
    folder: TempDir,
}

impl Ministack {
    /// A command of somebody with these keys in this account, with a home of its own and of this
    /// machine nothing but `PATH`.
    pub fn signed(&self, mut command: Command, home: &Path, who: &Key) -> Command {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", self.endpoint())
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", &who.id)
            .env("AWS_SECRET_ACCESS_KEY", &who.secret);
        command
    }

    /// Starts an emulator, with signatures verified and policies enforced if `auth` is set, and
    /// waits until it answers. Nothing if the foreign part of the tests is left out; panics with
    /// its log if it does not answer in time.
    pub fn start(target: &Path, auth: bool) -> Option<Self> {
        let emulator = install::emulator(target)?;
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = emulator.python();
        command
            .arg(repository("tests/foreign/aws/emulator.py"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(["HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR"].map(|name| (name, folder.path())))
            .env("AUTH", if auth { "true" } else { "false" })
            .envs(OFF)
            .current_dir(folder.path())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the installed Python starts");
        let lines = Lines::read(child.stdout.take().expect("it is piped"));
        let errors = Lines::read(child.stderr.take().expect("it is piped"));
        let endpoint = String::new();
        let mut ministack = Self { child, lines, errors, endpoint, emulator, folder };
        let address = ministack.address();
        let ready = (0..ATTEMPTS).any(|_| {
            let ready = is_ready(address);
            // Its output ends when the process does.
            ready || ministack.lines.ended(PAUSE)
        });
        assert!(ready && !ministack.lines.ended(Duration::ZERO), "ministack does not answer");
        ministack.endpoint = format!("http://{address}");
        Some(ministack)
    }

    /// Where all services answer: a URL without a slash at the end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The installation that it comes from, which has `awscurl` too.
    pub fn emulator(&self) -> &'static Environment {
        self.emulator
    }

    /// The process, whose group its functions belong to.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has written, what its functions wrote included.
    pub fn log(&self) -> String {
        format!("ministack wrote\n{}\n{}", self.lines.text(), self.errors.text())
    }

    /// Makes a user without permissions, whose signatures are verified.
    pub fn user(&self, name: &str) -> Key {
        self.iam(&format!("Action=CreateUser&UserName={name}"));
        let made = self.iam(&format!("Action=CreateAccessKey&UserName={name}"));
        Key { id: element(&made, "AccessKeyId"), secret: element(&made, "SecretAccessKey") }
    }

    /// Permits a user these actions, such as `sqs:SendMessage`, and no others.
    pub fn allow(&self, user: &str, actions: &[&str]) {
        let actions: String = actions.iter().map(|action| format!(",{action:?}")).collect();
        let statement = match actions.strip_prefix(',') {
            Some(actions) => format!(r#""Effect":"Allow","Action":[{actions}],"Resource":"*""#),
            None => r#""Effect":"Deny","Action":"*","Resource":"*""#.to_owned(),
        };
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{{{statement}}}]}}"#);
        let policy: String = policy.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let put = format!("Action=PutUserPolicy&UserName={user}&PolicyName=p");
        self.iam(&format!("{put}&PolicyDocument={policy}"));
    }

    fn iam(&self, form: &str) -> String {
        let form = format!("Version=2010-05-08&{form}");
        let said = self.request(&Key::root(), "iam", &form);
        assert!(!said.contains("<Error>"), "{said}");
        said
    }

    /// Sends a signed form to a service; what it answers, whatever the status.
    pub fn request(&self, key: &Key, service: &str, form: &str) -> String {
        let mut curl = self.emulator.program("awscurl");
        curl.args(["--service", service, "--region", REGION])
            .args(["--access_key", &key.id, "--secret_key", &key.secret, "-X", "POST"])
            .args(["-H", "content-type: application/x-www-form-urlencoded", "-d", form])
            .arg(format!("{}/", self.endpoint))
            .env("HOME", self.folder.path());
        let finished = run(&mut curl, REQUEST).unwrap_or_else(|error| panic!("{error}"));
        format!("{}{}", finished.stdout, finished.stderr)
    }

    /// The address that it says it listens at.
    fn address(&self) -> SocketAddr {
        let line = self.lines.find(START, |line| line.starts_with("listening "));
        let port = line.as_deref().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        SocketAddr::from((Ipv4Addr::LOCALHOST, port.expect("ministack says its port")))
    }
}

/// What signs requests.
#[derive(Clone, Debug)]
pub struct Key {
    /// The access key's id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl Key {
    /// The key that may do everything, also where policies are enforced.
    ///
    /// Its signature is not looked at: to see signatures refused, make a user.
    pub fn root() -> Self {
        Self { id: "test".to_owned(), secret: "test".to_owned() }
    }
}

/// The text of an XML element; panics if there is none.
pub fn element(text: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let found = text.split_once(&open).and_then(|(_, rest)| rest.split_once(&close));
    found.unwrap_or_else(|| panic!("there is no {name} in {text}")).0.to_owned()
}

impl Drop for Ministack {
    fn drop(&mut self) {
        // Its group has its number. That it has ended already is no error.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
        if std::thread::panicking() {
            // What it wrote last may still be on the way.
            self.errors.ended(END);
            crate::say(&self.log());
        }
    }
}

/// What would open other ports, reach out, look for Docker or keep something for the next start.
const OFF: [(&str, &str); 9] = [
    ("BIND_HOST", "127.0.0.1"),
    ("MINISTACK_HOST", "127.0.0.1"),
    ("SFTP_ENABLED", "0"),
    ("IOT_MTLS_ENABLED", "0"),
    ("COGNITO_EMAIL_ENABLED", "0"),
    ("PERSIST_STATE", "0"),
    ("S3_PERSIST", "0"),
    ("LAMBDA_EXECUTOR", "local"),
    ("DOCKER_HOST", "unix:///nonexistent"),
];

/// Whether it answers that it is ready. Its start is over when the first connection is accepted.
fn is_ready(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, START)?;
        stream.set_read_timeout(Some(START))?;
        stream.write_all(READY.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer.starts_with("HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}
