//! Requests with signatures, to a Function URL of an emulated AWS that verifies them.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use mcp_lambda_test_support::ministack::{Key, Ministack, REGION};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::LIMIT;
use crate::support::command::{Finished, run, succeed};
use crate::support::lines::Lines;
use crate::support::server::{Server, program};
use crate::support::{foreign, gate, repository};

/// A server behind a Function URL that wants signatures.
struct Front {
    server: Server,
    url: String,
    /// May call the URL.
    caller: Key,
    /// May do nothing.
    stranger: Key,
    home: TempDir,
    ministack: Ministack,
}

impl Front {
    fn open() -> Option<Self> {
        let installed = foreign()?;
        let ministack = Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), true)?;
        let server = Server::start::<&str>(&[]);
        let mut script = installed.python();
        script
            .arg(repository("tests/foreign/aws/front.py"))
            .args([ministack.endpoint(), server.url()])
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("NO_PROXY", "127.0.0.1");
        let id = succeed(&mut script, LIMIT).unwrap_or_else(|error| panic!("{error}")).stdout;
        let url = format!("{}/_aws/lambda-url/{id}", ministack.endpoint());
        let (caller, stranger) = (ministack.user("caller"), ministack.user("stranger"));
        let rights =
            ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction", "cloudformation:DescribeStacks"];
        ministack.allow("caller", &rights);
        ministack.allow("stranger", &[]);
        let home = tempfile::tempdir().expect("a folder");
        Some(Self { server, url, caller, stranger, home, ministack })
    }

    /// A command in a home of its own, where nobody has signed in.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command
            .args(arguments)
            .args(["--url", &self.url, "--service", "lambda"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("NO_COLOR", "1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_REGION", REGION);
        command
    }

    fn run_as(&self, key: &Key, arguments: &[&str]) -> Finished {
        let mut command = self.command(arguments);
        command.env("AWS_ACCESS_KEY_ID", &key.id).env("AWS_SECRET_ACCESS_KEY", &key.secret);
        run(&mut command, LIMIT).expect("an end")
    }

    fn sign_in(&self, key: &Key) {
        let folder = self.home.path().join(".aws");
        std::fs::create_dir_all(&folder).expect("a folder");
        let (id, secret) = (&key.id, &key.secret);
        let text = format!("[work]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
        std::fs::write(folder.join("credentials"), text).expect("a file");
    }
}

#[test]
fn signatures_are_verified() {
    let _pass = gate::enter();
    let Some(front) = Front::open() else { return };
    let listed = front.run_as(&front.caller, &["tools"]);
    assert!(listed.stdout.contains("example_echo"), "{listed}");
    let called = front.run_as(&front.caller, &["call", "example_echo", "text=Grüße = 👋"]);
    assert_eq!((called.code, called.stdout.as_str()), (Some(0), "Grüße = 👋"), "{called}");
    let legacy = ["call", "example_echo", "text=a", "--revision", "2025-11-25"];
    assert_eq!(front.run_as(&front.caller, &legacy).stdout, "a");
    let registered = front.run_as(&front.caller, &["register", "get", "tool-example_echo"]);
    assert_eq!(registered.code, Some(0), "{registered}");

    let strange = front.run_as(&front.stranger, &["tools"]);
    assert_eq!(strange.code, Some(12), "{strange}");
    assert!(strange.stderr.contains("lambda:InvokeFunctionUrl"), "{strange}");
    let forged = Key { id: front.caller.id.clone(), secret: "x".repeat(40) };
    let refused = front.run_as(&forged, &["tools"]);
    assert_eq!(refused.code, Some(12), "{refused}");
    assert!(refused.stderr.contains("--profile") || refused.stderr.contains("policy"), "{refused}");
    let nobody = run(&mut front.command(&["tools"]), LIMIT).expect("an end");
    assert_eq!(nobody.code, Some(8), "{nobody}");
    assert!(nobody.stderr.contains("aws sso login"), "{nobody}");
    let mut unsigned = program();
    let unsigned = run(unsigned.args(["tools", "--url", &front.url]), LIMIT).expect("an end");
    assert_eq!(unsigned.code, Some(12), "{unsigned}");
    assert!(unsigned.stderr.contains("--service lambda"), "{unsigned}");
    for finished in [&strange, &refused, &nobody, &unsigned] {
        assert!(!finished.to_string().contains(&front.caller.secret), "a secret is told");
    }
    front.server.stop();
}

#[test]
fn connect_takes_new_credentials() {
    let _pass = gate::enter();
    let Some(front) = Front::open() else { return };
    front.sign_in(&front.stranger);
    let mut command = front.command(&["connect", "--profile", "work"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("it is piped");
    let lines = Lines::read(child.stdout.take().expect("it is piped"));
    let errors = Lines::read(child.stderr.take().expect("it is piped"));
    let mut ask = |id: u64| {
        let params = json!({"name": "example_echo", "arguments": {"text": "hello"}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}}});
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        writeln!(input, "{call}").and_then(|()| input.flush()).expect("it reads");
        let ours =
            |line: &str| serde_json::from_str::<Value>(line).is_ok_and(|answer| answer["id"] == id);
        let line = lines.find(LIMIT, ours).unwrap_or_else(|| panic!("{}", errors.text()));
        serde_json::from_str::<Value>(&line).expect("JSON")
    };
    // It is told why, and never that its parameters are wrong.
    let refused = ask(1);
    assert_eq!(refused["error"]["code"], 403, "{refused}");
    assert!(refused["error"]["message"].as_str().expect("a text").contains("lambda:"), "{refused}");
    // Somebody signs in while the host goes on.
    front.sign_in(&front.caller);
    let answer = ask(2);
    assert_eq!(answer["result"]["content"][0]["text"], "hello", "{answer}");
    drop(input);
    assert!(lines.ended(LIMIT), "it does not end");
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    front.server.stop();
}

#[test]
fn the_example_with_awscurl() {
    let _pass = gate::enter();
    let Some(front) = Front::open() else { return };
    let awscurl = front.ministack.emulator().program("awscurl");
    let programs = Path::new(awscurl.get_program()).parent().expect("a folder").to_owned();
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let all = [programs].into_iter().chain(std::env::split_paths(&inherited));
    let mut script = Command::new("sh");
    script
        .arg(repository("examples/clients/administer.sh"))
        .env_clear()
        .env("PATH", std::env::join_paths(all).expect("no colon in the target folder's name"))
        .env("HOME", front.home.path())
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", &front.caller.id)
        .env("AWS_SECRET_ACCESS_KEY", &front.caller.secret)
        .env("REGISTRATION_URL", &front.url)
        .env("FUNCTION_ARN", "arn:aws:lambda:us-east-1:000000000000:function:example-echo");
    let said = succeed(&mut script, LIMIT).unwrap_or_else(|error| panic!("{error}")).stdout;
    for word in [r#""id":"tool-example""#, r#""registrations":["#, "A better description"] {
        assert!(said.contains(word), "{word:?} is missing: {said}");
    }
    let left = front.run_as(&front.caller, &["register", "get", "tool-example"]);
    assert_eq!(left.code, Some(12), "{left}");
    front.server.stop();
}

#[test]
fn a_stack_names_its_urls() {
    let _pass = gate::enter();
    let Some(front) = Front::open() else { return };
    let template = json!({
        "Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
        "Outputs": {"McpFunctionUrl": {"Value": front.url},
                    "RegistrationFunctionUrl": {"Value": format!("{}/", front.url)}}
    });
    let template: String =
        template.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    let create = "Version=2010-05-15&Action=CreateStack&StackName=front&TemplateBody=";
    let made =
        front.ministack.request(&Key::root(), "cloudformation", &format!("{create}{template}"));
    assert!(made.contains("StackId"), "{made}");
    let run = |arguments: &[&str]| {
        let mut command = front.ministack.signed(program(), front.home.path(), &front.caller);
        command.args(arguments).args(["--service", "lambda"]);
        run(&mut command, LIMIT).expect("an end")
    };
    for (arguments, word) in [
        (&["tools", "--stack", "front"][..], "example_echo"),
        (&["register", "list", "--stack", "front"], "tool-example_echo"),
        (&["doctor", "--stack", "front"], "user/caller"),
        (&["connect", "--print", "codex", "--stack", "front"], r#""--stack","front","--region""#),
    ] {
        let finished = run(arguments);
        assert_eq!(finished.code, Some(0), "{finished}");
        assert!(finished.stdout.contains(word), "{word:?} is missing: {finished}");
    }
    let none = run(&["tools", "--stack", "none"]);
    assert!(matches!(none.code, Some(8 | 9)), "{none}");
    assert!(none.stderr.contains("none"), "{none}");
    front.server.stop();
}
