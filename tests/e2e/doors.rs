//! Doors of the program: tokens of a file, and the whole OAuth flow of the official clients with a
//! real authorization server.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mcp_lambda_test_support::ministack::{Ministack, REGION};
use serde_json::{Value, json};

use crate::support::command::{run, succeed};
use crate::support::http::rpc;
use crate::support::node::NodeServer;
use crate::support::server::{Server, program};
use crate::support::{Installed, foreign, gate};

/// How long a script may take; each of its steps has 30 seconds.
const SCRIPT: Duration = Duration::from_secs(120);
/// How long a command may take that refuses to start.
const REFUSE: Duration = Duration::from_secs(30);
const CURRENT: &str = "the-current-token-of-this-test-0123456789";
const PREVIOUS: &str = "the-previous-token-of-this-test-012345678";

#[test]
fn tokens_of_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{CURRENT}\n{PREVIOUS}\n")).expect("a file");
    let server = Server::start(&["--bearer-token-file".as_ref(), file.as_os_str()]);
    let client = server.client();
    let ping = rpc("ping", &json!({}));
    for token in [CURRENT, PREVIOUS] {
        let bearer = format!("Bearer {token}");
        client.post("/mcp", &[("authorization", &bearer)], &ping).expect(200);
        let listed = client.send("GET", "/register", &[("authorization", &bearer)], None);
        listed.expect("an answer").expect(200);
    }
    for headers in [&[][..], &[("authorization", "Bearer wrong")]] {
        let refused = client.post("/mcp", headers, &ping).expect(401);
        assert!(refused.headers.contains_key("www-authenticate"), "{refused:?}");
        client.post("/register", headers, &json!({})).expect(401);
        // Neither the Invoke API nor Function URLs are a way around the door.
        client
            .post("/2015-03-31/functions/example-echo/invocations", headers, &json!({}))
            .expect(404);
        client.post("/lambda-url/example-echo/", headers, &json!({})).expect(404);
    }
    client.get("/health").expect(200);
    let said = server.said();
    assert!(!said.contains(CURRENT) && !said.contains(PREVIOUS), "{said}");
    server.stop();
}

#[test]
fn doors_that_cannot_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let short = folder.path().join("short");
    std::fs::write(&short, "s3cret").expect("a file");
    let missing = folder.path().join("missing");
    let text = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
    for (arguments, words) in [
        (vec!["--bearer-token-file".to_owned(), text(&missing)], "openssl rand -hex 32"),
        (vec!["--bearer-token-file".to_owned(), text(&short)], "32 to 512"),
        (vec!["--oauth-issuer".to_owned(), "http://issuer.example.com".to_owned()], "https://"),
        (vec!["--oauth-scope".to_owned(), "a".to_owned()], "--oauth-issuer"),
        (vec!["--public-url".to_owned(), "https://a.example".to_owned()], "--oauth-issuer"),
        (
            vec![
                "--oauth-issuer".to_owned(),
                "http://127.0.0.1:9".to_owned(),
                "--public-url".to_owned(),
                "http://tools.example.com".to_owned(),
            ],
            "--public-url",
        ),
        (
            vec![
                "--oauth-issuer".to_owned(),
                "http://127.0.0.1:9".to_owned(),
                "--oauth-rule".to_owned(),
                "x".to_owned(),
            ],
            "tools/NAME=SCOPE",
        ),
        (
            vec![
                "--oauth-issuer".to_owned(),
                "http://127.0.0.1:9".to_owned(),
                "--bearer-token-file".to_owned(),
                text(&short),
            ],
            "cannot be used with",
        ),
    ] {
        let mut command = program();
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(&arguments);
        let finished = run(&mut command, REFUSE).expect("an end");
        assert_eq!(finished.code, Some(2), "{arguments:?} {finished}");
        assert!(finished.stderr.contains(words), "{arguments:?} {finished}");
        assert!(!finished.stderr.contains("s3cret"), "{finished}");
    }
}

/// Shows, rotates and revokes the tokens of a stack in an emulated AWS.
#[test]
fn tokens_of_a_stack() {
    let Some(ministack) = Ministack::start(Path::new(env!("CARGO_TARGET_TMPDIR")), false) else {
        return;
    };
    let _pass = gate::enter();
    let token = |arguments: &[&str]| {
        let mut command = program();
        command
            .arg("token")
            .args(arguments)
            .env("AWS_ENDPOINT_URL", ministack.endpoint())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        run(&mut command, REFUSE).expect("an end")
    };
    let printed = |arguments: &[&str]| {
        let finished = token(arguments);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
        finished.stdout.trim().to_owned()
    };
    let missing = token(&["show", "--stack", "tools"]);
    assert_eq!(missing.code, Some(8), "{missing}");
    assert!(missing.stderr.contains("mcp-lambda token rotate"), "{missing}");
    let first = printed(&["rotate", "--stack", "tools"]);
    assert!(first.len() == 64 && first.bytes().all(|byte| byte.is_ascii_hexdigit()), "{first}");
    assert_eq!(printed(&["show", "--stack", "tools"]), first);
    let second = printed(&["rotate", "--secret", "/mcp-lambda/tools/tokens"]);
    assert_ne!(second, first);
    let shown = || -> Value {
        serde_json::from_str(&printed(&["show", "--stack", "tools", "--json"])).expect("JSON")
    };
    let expected =
        |previous: bool| json!({"event": "token", "token": second, "previous": previous});
    assert_eq!(shown(), expected(true));
    assert_eq!(printed(&["revoke", "--stack", "tools"]), "");
    assert_eq!(shown(), expected(false));
    // Another stack's are others, and what is no place is told before anything is asked.
    assert_eq!(token(&["show", "--stack", "other"]).code, Some(8));
    assert_eq!(token(&["show", "--secret", "tokens"]).code, Some(2));
    assert_eq!(token(&["show"]).code, Some(2));
}

/// Starts an authorization server and a server that takes its tokens, and runs a client.
fn flow(front: Front, command: impl FnOnce(&Installed, &str) -> Command) {
    let Some(installed) = foreign() else { return };
    let _pass = gate::enter();
    let issuer = NodeServer::issuer(installed);
    let proxy = match front {
        Front::None => None,
        Front::Renaming => Some(NodeServer::renaming(installed)),
    };
    let mut arguments = vec!["--oauth-issuer", issuer.url(), "--oauth-scope", "mcp:tools"];
    arguments.extend(["--oauth-rule", "tools/example_echo=echo:call"]);
    if let Some(proxy) = &proxy {
        arguments.extend(["--public-url", proxy.url()]);
    }
    let server = Server::start(&arguments);
    let public = proxy.as_ref().map_or(server.url(), NodeServer::url);
    let mut script = command(installed, &format!("{public}/mcp"));
    let proxy = proxy.map(|proxy| proxy.before(server.url()));
    if proxy.is_some() {
        script.arg("bare");
    }
    script.env("NO_PROXY", "127.0.0.1");
    match succeed(&mut script, SCRIPT) {
        Ok(finished) => {
            let steps: Vec<&str> = finished.stdout.lines().collect();
            let passed =
                |step: &&str| step.contains("\"ok\":true") || step.contains("\"ok\": true");
            let least = if proxy.is_some() { 3 } else { 5 };
            assert!(steps.len() >= least && steps.iter().all(passed), "{}", finished.stdout);
        }
        Err(error) => panic!("{error}\n{}\n{}", server.said(), issuer.said()),
    }
    drop(proxy);
    server.stop();
}

/// What stands before the server.
enum Front {
    None,
    /// Something that renames `WWW-Authenticate`, as API Gateway does: clients must find the
    /// metadata by themselves.
    Renaming,
}

fn typescript(front: Front, major: &str) {
    flow(front, |installed, url| {
        let mut command = installed.node();
        command.arg(installed.script("oauth.mjs")).args([url, major]);
        command
    });
}

fn python(front: Front) {
    flow(front, |installed, url| {
        let mut command = installed.python();
        command.arg(installed.script("oauth.py")).arg(url);
        command
    });
}

#[test]
fn the_oauth_flow_of_typescript_2() {
    typescript(Front::None, "2");
}

#[test]
fn the_oauth_flow_of_typescript_1() {
    typescript(Front::None, "1");
}

#[test]
fn the_oauth_flow_of_python() {
    python(Front::None);
}

#[test]
fn the_oauth_flow_of_typescript_2_without_a_challenge() {
    typescript(Front::Renaming, "2");
}

#[test]
fn the_oauth_flow_of_typescript_1_without_a_challenge() {
    typescript(Front::Renaming, "1");
}

#[test]
fn the_oauth_flow_of_python_without_a_challenge() {
    python(Front::Renaming);
}
