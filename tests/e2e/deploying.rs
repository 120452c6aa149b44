//! `deploy` and its neighbours as somebody types them, in an emulated AWS that verifies signatures
//! and enforces policies, with the gateway's own template and program.

mod api;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mcp_lambda_test_support::ministack::{Key, Ministack, REGION};
use mcp_lambda_test_support::template_tools::template_tools;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::command::{Finished, run, succeed};
use crate::support::http::{Client, Reply};
use crate::support::node::NodeServer;
use crate::support::server::program;
use crate::support::{foreign, repository};

/// How long a command may take: seconds, on a machine that is busy with builds much more.
const PATIENCE: Duration = Duration::from_secs(180);

/// An account of somebody who deploys.
struct Account {
    ministack: Ministack,
    folder: TempDir,
    /// Who deploys.
    deployer: Key,
}

impl Account {
    /// A new one, in which the user who deploys has the rights that `synth` says he needs, for
    /// stacks of these names; without any, the owner deploys. Nothing if the foreign part of the tests is left out.
    fn open(stacks: &[&str]) -> Option<Self> {
        let ministack = Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), true)?;
        let folder = tempfile::tempdir().expect("a folder");
        let mut account = Self { ministack, folder, deployer: Key::root() };
        let policies: Vec<String> = stacks
            .iter()
            .map(|stack| {
                account.policy("deployer", &["--identifier", stack, "--stack-name", stack])
            })
            .collect();
        let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
        if !policies.is_empty() {
            account.deployer = account.user("deployer", &policies);
        }
        Some(account)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command of somebody in this account, with nothing of this machine's own.
    fn signed(&self, command: Command, who: &Key) -> Command {
        let mut command = self.ministack.signed(command, self.folder.path(), who);
        command.current_dir(self.folder.path());
        command
    }

    /// The whole OAuth flow of a client, without a key: nothing of it is signed.
    fn oauth(&self, program: Command, script: &Path, arguments: &[&str]) {
        let mut flow = self.signed(program, &Key { id: String::new(), secret: String::new() });
        flow.arg(script).args(arguments);
        succeed(&mut flow, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
    }

    /// `mcp-lambda` as the user who deploys.
    fn mcp_lambda(&self, arguments: &[&str]) -> Finished {
        let mut command = self.signed(program(), &self.deployer);
        run(command.args(arguments), PATIENCE).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same; panics if it fails.
    fn does(&self, arguments: &[&str]) -> Finished {
        let finished = self.mcp_lambda(arguments);
        assert_eq!(finished.code, Some(0), "{finished}");
        finished
    }

    /// Deploys a stack with this program, and more arguments; the events.
    fn deploy(&self, stack: &str, artifact: &Path, more: &[&str]) -> Vec<Value> {
        let artifact = artifact.to_str().expect("text");
        let mut arguments = vec!["deploy", "--yes", "--json", "--architecture", "x86_64"];
        arguments.extend(["--stack-name", stack, "--artifact", artifact]);
        arguments.extend(["--source", SOURCE]);
        arguments.extend(more);
        events(&self.does(&arguments))
    }

    /// Looks for a request in what the functions of a stack wrote.
    fn logs(&self, stack: &str, call: &str) {
        let mut logs = self.signed(program(), &Key::root());
        logs.args(["logs", "--stack", stack]);
        let said = succeed(&mut logs, PATIENCE).unwrap_or_else(|error| panic!("{error}")).stdout;
        let served = |line: &str| line.contains("  mcp  ") && line.contains(call);
        assert!(said.lines().any(served), "{said}");
    }

    /// A policy that `synth` writes, as a file.
    fn policy(&self, who: &str, more: &[&str]) -> String {
        let file = self.path(&format!("{who}-{}.json", more.join("-").replace("--", "")));
        let mut synth = program();
        synth.args(["synth", "--policy", who, "--output"]).arg(&file).args(more);
        succeed(&mut synth, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
        file.to_str().expect("text").to_owned()
    }

    /// What the account's owner does, see `owner.py`.
    fn owner(&self, arguments: &[&str]) -> String {
        let python = self.ministack.emulator().python();
        let mut owner = self.signed(python, &Key::root());
        owner.arg(repository("tests/foreign/aws/owner.py")).args(arguments);
        succeed(&mut owner, PATIENCE).unwrap_or_else(|error| panic!("{error}")).stdout
    }

    /// A new user with these policies.
    fn user(&self, name: &str, policies: &[&str]) -> Key {
        let made = self.owner(&[&["user", name], policies].concat());
        let (id, secret) = made.split_once(' ').expect("a key");
        Key { id: id.to_owned(), secret: secret.to_owned() }
    }

    /// The program of the functions, as the tests have built it. Without optimisation it is larger
    /// than what Lambda takes, so it is started where Cargo has put it.
    fn artifact(&self, version: u8) -> PathBuf {
        let bootstrap = Path::new(env!("CARGO_BIN_EXE_mcp-lambda")).with_file_name("bootstrap");
        assert!(
            bootstrap.is_file(),
            "there is no {}: run `cargo test` without -p, or first `cargo build -p \
             mcp-lambda-runtime --features function`",
            bootstrap.display()
        );
        let path = self.path(&format!("bootstrap-{version}"));
        let script = format!(
            "#!/bin/sh\n# {version}\nexport MCP_LAMBDA_CATALOG_FRESHNESS_SECONDS=0\nexec '{}'\n",
            bootstrap.display()
        );
        fs::write(&path, script).expect("written");
        path
    }

    /// A Function URL as a program can reach it that knows no other names than this machine's.
    fn url(&self, outputs: &Value, name: &str) -> String {
        let url = outputs["outputs"][name].as_str().expect("an output");
        let id = url.trim_start_matches("https://").split('.').next().expect("an id");
        format!("{}/_aws/lambda-url/{id}", self.ministack.endpoint())
    }

    /// Registers a document.
    fn register(&self, administrator: &Key, outputs: &Value, document: &str) {
        let awscurl = self.ministack.emulator().program("awscurl");
        let mut register = self.signed(awscurl, administrator);
        register
            .args(["--service", "lambda", "--region", REGION, "-X", "POST"])
            .args(["-H", "content-type: application/json", "-d", document])
            .arg(format!("{}/register", self.url(outputs, "RegistrationFunctionUrl")));
        succeed(&mut register, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
    }

    /// What a client gets for a call that it signs.
    fn calls(&self, who: &Key, outputs: &Value, body: &Value) -> Value {
        let awscurl = self.ministack.emulator().program("awscurl");
        let mut curl = self.signed(awscurl, who);
        curl.args(["--service", "lambda", "--region", REGION, "-X", "POST"])
            .args(["-H", "content-type: application/json"])
            .args(["-H", "accept: application/json, text/event-stream"])
            .args(["-d", &body.to_string()])
            .arg(format!("{}/mcp", self.url(outputs, "McpFunctionUrl")));
        let said = succeed(&mut curl, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
        serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said}"))
    }

    /// The names of the tools that a stack serves.
    fn tools(&self, who: &Key, outputs: &Value) -> Vec<String> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        let listed = self.calls(who, outputs, &body);
        let tools = listed["result"]["tools"].as_array().unwrap_or_else(|| panic!("{listed}"));
        tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
    }
}

/// The clone that the tests are in.
const SOURCE: &str = env!("CARGO_MANIFEST_DIR");

/// The lines of JSON that a command has written.
fn events(finished: &Finished) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{finished}"));
    finished.stdout.lines().map(parse).collect()
}

fn outputs(events: &[Value]) -> &Value {
    let last = events.last().expect("an event");
    assert_eq!(last["event"], "outputs", "{last}");
    last
}

/// The gateway's template with a resource that never comes.
fn failing(folder: &Path) -> PathBuf {
    let mut synth = program();
    synth.args(["synth", "--format", "json"]);
    let text = succeed(&mut synth, PATIENCE).unwrap_or_else(|error| panic!("{error}")).stdout;
    let mut template: Value = serde_json::from_str(&text).expect("JSON");
    template["Resources"]["Handle"] = json!({"Type": "AWS::CloudFormation::WaitConditionHandle"});
    template["Resources"]["Never"] = json!({
        "Type": "AWS::CloudFormation::WaitCondition",
        "DependsOn": "McpFunction",
        "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "1", "Count": 1}
    });
    let path = folder.join("failing.json");
    fs::write(&path, template.to_string()).expect("written");
    path
}

#[test]
fn from_nothing_to_a_served_call_and_back() {
    let Some(account) = Account::open(&["first"]) else { return };
    let foreign = foreign().expect("the foreign part runs");
    account.owner(&["tool", "forecast", "booking"]);
    let created = account.deploy("first", &account.artifact(1), &["--tags", "team=tools"]);
    let first = outputs(&created).clone();
    assert_eq!(first["status"], "created");
    assert!(created.iter().any(|event| event["status"] == "CREATE_COMPLETE"), "{created:?}");

    // A client by the policy that `synth` writes, an administrator by the stack's own.
    let policy = account.policy("client", &["--identifier", "first"]);
    let client = account.user("client", &[&policy]);
    let administrator = account.user("administrator", &["first-AdministratorPolicy"]);
    let mut scenario = account.signed(foreign.python(), &client);
    scenario
        .arg(repository("tests/foreign/aws/client.py"))
        .args(["McpFunctionUrl", "RegistrationFunctionUrl"].map(|name| account.url(&first, name)))
        .args(
            ["forecast", "booking"]
                .map(|name| repository("examples/registrations").join(format!("{name}.json"))),
        )
        .env("ADMINISTRATOR_ACCESS_KEY_ID", &administrator.id)
        .env("ADMINISTRATOR_SECRET_ACCESS_KEY", &administrator.secret);
    let finished = succeed(&mut scenario, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(finished.stdout, "registers\nmodern\nlegacy\nplanes apart");

    account.logs("first", "tools/call forecast");

    let same = account.deploy("first", &account.artifact(1), &[]);
    assert_eq!(outputs(&same)["status"], "unchanged");
    let updated = account.deploy("first", &account.artifact(2), &["--parameter", "Timeout=60"]);
    assert_eq!(outputs(&updated)["status"], "updated");
    assert_eq!(outputs(&updated)["outputs"], first["outputs"]);
    assert_eq!(account.tools(&client, &first), ["book_table", "forecast"]);

    let template = failing(account.folder.path());
    let artifact = account.artifact(3);
    let refused = account.mcp_lambda(&[
        "deploy",
        "--yes",
        "--architecture",
        "x86_64",
        "--stack-name",
        "first",
        "--artifact",
        artifact.to_str().expect("text"),
        "--source",
        SOURCE,
        "--template",
        template.to_str().expect("text"),
    ]);
    assert_eq!(refused.code, Some(9), "{refused}");
    assert!(refused.stderr.contains("Never"), "{refused}");
    assert!(refused.stderr.contains("as it was"), "{refused}");
    assert_eq!(account.tools(&client, &first), ["book_table", "forecast"]);

    account.does(&["destroy", "--yes", "--stack-name", "first"]);
    let left = account.owner(&["left"]);
    let left: Vec<&str> = left.lines().collect();
    assert_eq!(left, ["function booking", "function forecast", "table first-mcp-registrations"]);
    let gone = account.mcp_lambda(&["outputs", "--stack-name", "first"]);
    assert_eq!(gone.code, Some(9), "{gone}");
}

#[test]
fn two_gateways_side_by_side() {
    let Some(account) = Account::open(&["one", "two"]) else { return };
    account.owner(&["tool", "forecast"]);
    let artifact = account.artifact(1);
    let one = account.deploy("one", &artifact, &[]);
    let two = account.deploy("two", &artifact, &[]);
    let (one, two) = (outputs(&one), outputs(&two));
    let client = account.user("client", &["one-ClientPolicy", "two-ClientPolicy"]);
    let of_one = account.user("of-one", &["one-ClientPolicy"]);
    let administrator = account.user("administrator", &["one-AdministratorPolicy"]);
    let document = fs::read_to_string(repository("examples/registrations/forecast.json"));
    account.register(&administrator, one, &document.expect("an example"));
    // What one knows, the other does not; who may call one, may not call the other.
    assert_eq!(account.tools(&client, one), ["forecast"]);
    assert_eq!(account.tools(&client, two), Vec::<String>::new());
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    assert_eq!(account.tools(&of_one, one), ["forecast"]);
    let refused = account.calls(&of_one, two, &body);
    assert_eq!(refused["__type"], "AccessDeniedException", "{refused}");

    account.does(&["destroy", "--yes", "--stack-name", "one", "--delete-data"]);
    let left = account.owner(&["left"]);
    assert!(!left.contains(" one-"), "{left}");
    assert_eq!(account.tools(&client, two), Vec::<String>::new());
}

/// A door for everybody beside the signed one, on one stack, at the same time.
#[test]
fn both_doors_at_once() {
    let Some(account) = Account::open(&["doors"]) else { return };
    let foreign = foreign().expect("the foreign part runs");
    let issuer = NodeServer::issuer(foreign);
    account.owner(&["tool", "echo"]);
    let artifact = account.artifact(1);
    let issued = format!("OAuthIssuer={}", issuer.url());
    let oauth = ["--parameter", "PublicDoor=OAUTH", "--parameter", &issued];
    let created = account.deploy("doors", &artifact, &oauth);
    let first = outputs(&created).clone();
    let public = account.url(&first, "McpPublicUrl");
    // Where clients call is known when the URL is there.
    let parameters = [
        format!("PublicUrl={public}"),
        "OAuthScopes=mcp:tools".to_owned(),
        "OAuthRules=tools/example_echo=echo:call".to_owned(),
    ];
    let more: Vec<&str> =
        parameters.iter().flat_map(|parameter| ["--parameter", parameter.as_str()]).collect();
    account.deploy("doors", &artifact, &more);

    let administrator = account.user("administrator", &["doors-AdministratorPolicy"]);
    let echo = repository("tests/foreign/aws/echo.json");
    account.register(&administrator, &first, &fs::read_to_string(echo).expect("a document"));
    let client = account.user("client", &["doors-ClientPolicy"]);
    let signed = || account.tools(&client, &first);
    let url = format!("{public}/mcp");
    let flow = |program: Command, script: &str, more: &[&str]| {
        account.oauth(program, &foreign.script(script), &[&[url.as_str()], more].concat());
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3 {
                assert_eq!(signed(), ["example_echo"]);
            }
        });
        flow(foreign.python(), "oauth.py", &[]);
        flow(foreign.node(), "oauth.mjs", &["2"]);
    });

    account.deploy("doors", &artifact, &["--parameter", "PublicDoor=BEARER"]);
    let rotate = ["token", "rotate", "--stack", "doors"];
    let rotated = |who: &Key| {
        let mut command = account.signed(program(), who);
        succeed(command.args(rotate), PATIENCE).unwrap_or_else(|error| panic!("{error}")).stdout
    };
    let tokens = [rotated(&Key::root()), rotated(&Key::root())];
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let door = Client::new(&public);
    for token in &tokens {
        let bearer = format!("Bearer {token}");
        let listed = door.post("/mcp", &[("authorization", &bearer)], &body).expect(200);
        assert!(listed.body.contains("example_echo"), "{listed:?}");
    }
    door.post("/mcp", &[], &body).expect(401);
    door.post("/mcp", &[("authorization", "Bearer wrong")], &body).expect(401);
    assert_eq!(signed(), ["example_echo"]);
    // Neither a signature nor a token is good at the other's door.
    let bearer = format!("Bearer {}", tokens[1]);
    let signed = Client::new(&account.url(&first, "McpFunctionUrl"));
    signed.post("/mcp", &[("authorization", &bearer)], &body).expect(403);
}

/// In a folder with what a clone has.
#[test]
fn sam_builds_and_deploys_the_template() {
    let Some(account) = Account::open(&[]) else { return };
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let tools = template_tools(target).expect("the foreign part runs");
    let folder = account.path("target/lambda/bootstrap");
    fs::create_dir_all(&folder).expect("a folder");
    fs::copy(account.artifact(1), folder.join("bootstrap")).expect("a copy");
    for name in ["LICENSE", "README.md"] {
        fs::copy(repository(name), account.path(name)).expect("a copy");
    }
    account.does(&["synth", "--output", "template.yaml"]);
    let sam = |answers: &Value, arguments: &[&str]| {
        let mut terminal = terminal(&account, answers, &Key::root());
        terminal.arg(tools.sam().get_program()).args(arguments).env("SAM_CLI_TELEMETRY", "0");
        succeed(&mut terminal, PATIENCE).unwrap_or_else(|error| panic!("{error}"))
    };
    sam(&json!([]), &["build"]);
    // Every question is answered with Enter, but the one about the public door, which is not made.
    let answers = json!([["Is this okay?", "y"], null]);
    let endpoint = format!("EndpointUrl={}", account.ministack.endpoint());
    let named = ["deploy", "--guided", "--stack-name", "guided", "--parameter-overrides"];
    let parameters = ["StackIdentifier=guided", "Architecture=x86_64", &endpoint];
    let deployed = sam(&answers, &[&named[..], &parameters[..]].concat());
    assert!(deployed.stdout.contains("Successfully created/updated stack"), "{deployed}");
    let described = account.does(&["outputs", "--stack-name", "guided", "--json"]);
    assert_eq!(account.tools(&Key::root(), outputs(&events(&described))), Vec::<String>::new());
}

/// Types a command at a terminal and answers what it asks: what the terminal shows.
fn types(account: &Account, answers: &Value, arguments: &[&str]) -> Finished {
    let mut terminal = terminal(account, answers, &account.deployer);
    terminal.arg(env!("CARGO_BIN_EXE_mcp-lambda")).args(arguments);
    run(&mut terminal, PATIENCE).unwrap_or_else(|error| panic!("{error}"))
}

/// A terminal at which somebody answers; the program that asks is to be added.
fn terminal(account: &Account, answers: &Value, who: &Key) -> Command {
    let mut terminal = account.signed(account.ministack.emulator().python(), who);
    terminal
        .arg(repository("tests/foreign/terminal.py"))
        .arg(answers.to_string())
        .env("TERM", "xterm-256color");
    terminal
}

#[test]
fn at_a_terminal() {
    let Some(account) = Account::open(&["asked"]) else { return };
    let artifact = account.artifact(1);
    let deploy = ["deploy", "--architecture", "x86_64", "--source", SOURCE, "--artifact"];
    let deploy = [&deploy[..], &[artifact.to_str().expect("text")]].concat();
    let questions = |last: &str| {
        json!([
            ["Stack name [mcp-lambda]: ", "asked"],
            ["AWS region [us-east-1]: ", ""],
            ["Deploy to a VPC? [y/N]: ", "n"],
            ["Deploy this? [y/N]: ", last],
        ])
    };
    let declined = types(&account, &questions("n"), &deploy);
    assert_eq!(declined.code, Some(10), "{declined}");
    assert!(declined.stdout.contains("nothing was changed"), "{declined}");

    let shown = types(&account, &questions("yes"), &deploy);
    assert_eq!(shown.code, Some(0), "{shown}");
    for words in ["is added", "\u{1b}[32m✓", "McpFunction", "asked is created", "McpFunctionUrl"]
    {
        assert!(shown.stdout.contains(words), "{words:?} in {shown}");
    }
    let plain = [&deploy[..], &["--color", "never"]].concat();
    let unchanged =
        types(&account, &questions("y").as_array().expect("a list")[..3].into(), &plain);
    assert_eq!(unchanged.code, Some(0), "{unchanged}");
    assert!(unchanged.stdout.contains("Nothing changes"), "{unchanged}");
    assert!(!unchanged.stdout.contains("\u{1b}[3"), "{unchanged}");

    let destroy = ["destroy", "--stack-name", "asked"];
    let kept = types(&account, &json!([["Take asked away? [y/N]: ", ""]]), &destroy);
    assert_eq!(kept.code, Some(10), "{kept}");
    let gone = types(&account, &json!([["Take asked away? [y/N]: ", "y"]]), &destroy);
    assert_eq!(gone.code, Some(0), "{gone}");
    assert!(gone.stdout.contains("asked-mcp-registrations is left"), "{gone}");
}

/// Answers that cannot be are asked for again.
#[test]
fn at_a_terminal_into_a_vpc() {
    let Some(account) = Account::open(&["inside"]) else { return };
    let artifact = account.artifact(1);
    let deploy = ["deploy", "--architecture", "x86_64", "--source", SOURCE, "--artifact"];
    let deploy = [&deploy[..], &[artifact.to_str().expect("text")]].concat();
    let subnets = "Subnet ids, separated by commas: ";
    let answers = json!([
        ["Stack name [mcp-lambda]: ", "inside"],
        ["AWS region [us-east-1]: ", ""],
        ["Deploy to a VPC? [y/N]: ", "y"],
        ["VPC id: ", ""],
        ["VPC id: ", "vpc-1"],
        ["VPC id: ", "vpc-0a1b2c3d"],
        [subnets, "none"],
        [subnets, "subnet-0a1b2c3d,subnet-4e5f6071"],
        ["Deploy this? [y/N]: ", "n"],
    ]);
    let declined = types(&account, &answers, &deploy);
    assert_eq!(declined.code, Some(10), "{declined}");
    // The functions' security group is there in a VPC only.
    for words in
        ["not the id of a VPC", "not the id of a subnet", "McpSecurityGroup", "nothing was changed"]
    {
        assert!(declined.stdout.contains(words), "{words:?} in {declined}");
    }
    assert_eq!(account.owner(&["left"]), "");
}

#[test]
fn without_a_terminal_nothing_waits() {
    let Some(account) = Account::open(&["mcp-lambda"]) else { return };
    let artifact = account.artifact(1);
    let artifact = artifact.to_str().expect("text");
    let declined = account.mcp_lambda(&[
        "deploy",
        "--architecture",
        "x86_64",
        "--source",
        SOURCE,
        "--artifact",
        artifact,
    ]);
    assert_eq!(declined.code, Some(10), "{declined}");
    assert!(declined.stderr.contains("add --yes"), "{declined}");
    let none = account.mcp_lambda(&["destroy"]);
    assert_eq!(none.code, Some(9), "{none}");
}
