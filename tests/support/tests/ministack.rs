//! The emulated AWS itself: that it starts, answers, refuses, and goes.

use std::io::{Read, Write, stdout};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use mcp_lambda_test_support::command::{run, succeed};
use mcp_lambda_test_support::lines::Lines;
use mcp_lambda_test_support::ministack::{Key, Ministack, REGION, element};
use mcp_lambda_test_support::{install, part, repository};

const PATIENCE: Duration = Duration::from_secs(60);
/// How often something is looked at within that time.
const ATTEMPTS: u32 = 600;

fn start(auth: bool) -> Option<Ministack> {
    Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), auth)
}

/// The answer to a request without a signature.
fn unsigned(ministack: &Ministack) -> String {
    let address = ministack.endpoint().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let length = LIST_QUEUES.len();
    let head = format!("POST / HTTP/1.1\r\nhost: sqs.{REGION}.amazonaws.com\r\nconnection: close");
    let form = "content-type: application/x-www-form-urlencoded";
    write!(stream, "{head}\r\n{form}\r\ncontent-length: {length}\r\n\r\n{LIST_QUEUES}")
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

const LIST_QUEUES: &str = "Action=ListQueues&Version=2012-11-05";

fn create_queue(name: &str) -> String {
    format!("Action=CreateQueue&Version=2012-11-05&QueueName={name}")
}

#[test]
fn two_know_nothing_of_each_other() {
    let (Some(first), Some(second)) = (start(false), start(false)) else { return };
    assert_ne!(first.endpoint(), second.endpoint());
    let root = Key::root();
    let url = element(&first.request(&root, "sqs", &create_queue("one")), "QueueUrl");
    assert!(url.starts_with(first.endpoint()), "{url} is not at {}", first.endpoint());
    assert!(first.request(&root, "sqs", LIST_QUEUES).contains("one"));
    let other = second.request(&root, "sqs", LIST_QUEUES);
    assert!(other.contains("ListQueuesResponse") && !other.contains("one"), "{other}");
}

#[test]
fn signatures_are_verified_and_policies_enforced() {
    let Some(ministack) = start(true) else { return };
    let user = ministack.user("u");
    let said = ministack.request(&user, "sqs", LIST_QUEUES);
    assert!(said.contains("AccessDenied"), "{said}");
    ministack.allow("u", &["sqs:ListQueues"]);
    let said = ministack.request(&user, "sqs", LIST_QUEUES);
    assert!(said.contains("ListQueuesResponse"), "{said}");
    let said = ministack.request(&user, "sqs", &create_queue("one"));
    assert!(said.contains("AccessDenied"), "{said}");
    ministack.allow("u", &[]);
    let said = ministack.request(&user, "sqs", LIST_QUEUES);
    assert!(said.contains("AccessDenied"), "{said}");

    let thief = Key { secret: "another-secret".to_owned(), ..user.clone() };
    let said = ministack.request(&thief, "sqs", LIST_QUEUES);
    assert!(said.contains("SignatureDoesNotMatch"), "{said}");
    let stranger = Key { id: "AKIAUNKNOWNUNKNOWN00".to_owned(), ..user };
    let said = ministack.request(&stranger, "sqs", LIST_QUEUES);
    assert!(said.contains("InvalidClientTokenId"), "{said}");
    let unsigned = unsigned(&ministack);
    assert!(unsigned.starts_with("HTTP/1.1 403"), "{unsigned}");
}

#[test]
fn it_goes_with_its_owner() {
    let Some(ministack) = start(false) else { return };
    let address = ministack.endpoint().trim_start_matches("http://").to_owned();
    TcpStream::connect(&address).expect("it listens");
    drop(ministack);
    TcpStream::connect(&address).expect_err("nobody listens");
}

/// Says to the process that this test starts of itself that it shall wait to be killed.
const OWNER: &str = "MCP_LAMBDA_TEST_OWNER";

#[test]
fn it_goes_with_an_owner_that_is_killed() {
    if std::env::var_os(OWNER).is_some() {
        let ministack = start(false).expect("the outer process has it too");
        let address = ministack.endpoint().trim_start_matches("http://");
        writeln!(stdout(), "address {address}").expect("somebody reads it");
        std::thread::sleep(PATIENCE);
        return;
    }
    if part::foreign() {
        let mut owner = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "it_goes_with_an_owner_that_is_killed", "--nocapture"])
            .env(OWNER, "1")
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let said = Lines::read(owner.stdout.take().expect("piped"));
        let line = said.find(PATIENCE, |line| line.contains("address ")).expect("it starts");
        let address = line.split("address ").nth(1).expect("an address").to_owned();
        TcpStream::connect(&address).expect("it listens");
        owner.kill().expect("it runs");
        owner.wait().expect("it ends");
        let gone = (0..ATTEMPTS).any(|_| {
            std::thread::sleep(PATIENCE / ATTEMPTS);
            TcpStream::connect(&address).is_err()
        });
        assert!(gone, "it outlives its owner");
    }
}

#[test]
fn function_urls_say_who_calls() {
    let Some(ministack) = start(true) else { return };
    let mut probe = ministack.emulator().python();
    probe.arg(repository("tests/foreign/aws/function_url.py")).arg(ministack.endpoint());
    probe.env("AWS_EC2_METADATA_DISABLED", "true").env("NO_PROXY", "127.0.0.1");
    let finished = succeed(&mut probe, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(finished.stdout, "ok");
}

#[test]
fn another_version_is_refused() {
    let Some(emulator) = install::emulator(Path::new(env!("CARGO_TARGET_TMPDIR"))) else { return };
    let refused = |change: &str| {
        let mut python = emulator.python();
        let script = format!(
            "import runpy\n{change}\nrunpy.run_path({:?}, run_name='__main__')",
            repository("tests/foreign/aws/emulator.py")
        );
        let finished = run(python.args(["-c", &script]), PATIENCE).expect("an end");
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{finished}");
        finished.stderr
    };
    let said = refused("import importlib.metadata as m; m.version = lambda name: '1.5.34'");
    let expected = "emulator.py: this is ministack 1.5.34; it knows only ministack 1.5.33: ";
    assert!(said.starts_with(expected), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let said = refused(
        "import ministack.services.lambda_svc as s; s._execute_function_dispatch = lambda f: f",
    );
    assert!(said.starts_with("emulator.py: <lambda> should take func, config, event"), "{said}");
}
