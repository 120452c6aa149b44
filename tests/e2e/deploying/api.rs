//! The public door at API Gateway, and an API whose transports are functions of their own.

use super::*;

/// The API as a program can reach it that knows no other names than this machine's.
fn api(account: &Account, outputs: &Value) -> String {
    let url = outputs["outputs"]["McpApiUrl"].as_str().expect("an output");
    let id = url.trim_start_matches("https://").split('.').next().expect("an id");
    format!("{}/_aws/execute-api/{id}/prod", account.ministack.endpoint())
}

fn list() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.get(name).map(|value| value.to_str().expect("text"))
}

#[test]
fn the_public_door_at_api_gateway() {
    let Some(account) = Account::open(&["api"]) else { return };
    let foreign = foreign().expect("the foreign part runs");
    let issuer = NodeServer::issuer(foreign);
    account.owner(&["tool", "echo"]);
    let artifact = account.artifact(1);
    let deploy = |parameters: &[&str]| {
        let more = parameters.iter().flat_map(|parameter| ["--parameter", parameter]);
        let more: Vec<&str> = more.collect();
        outputs(&account.deploy("api", &artifact, &more)).clone()
    };
    let refused = account.mcp_lambda(&[
        "deploy",
        "--yes",
        "--architecture",
        "x86_64",
        "--stack-name",
        "api",
        "--artifact",
        artifact.to_str().expect("text"),
        "--source",
        SOURCE,
        "--parameter",
        "PublicDoor=BEARER",
        "--parameter",
        "PublicDoorAt=API_GATEWAY",
    ]);
    assert_eq!(refused.code, Some(9), "{refused}");
    assert!(refused.stderr.contains("PublicDoorAt API_GATEWAY needs ApiEnabled"), "{refused}");

    let first = deploy(&["ApiEnabled=true"]);
    let base = api(&account, &first);
    let door = Client::new(&base);
    let mut signed = account.signed(account.ministack.emulator().program("awscurl"), &Key::root());
    signed
        .args(["--service", "execute-api", "--region", REGION, "-X", "POST"])
        .args(["-H", "content-type: application/json", "-d", &list().to_string()])
        .arg(format!("{base}/mcp"));
    let listed = succeed(&mut signed, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
    assert!(listed.stdout.contains(r#""tools":[]"#), "{listed}");
    // Who does not sign is not let in while there is no door for him.
    let unsigned = door.post("/mcp", &[], &list());
    assert_eq!((unsigned.status, unsigned.body.contains("tools")), (403, false), "{unsigned:?}");

    let administrator = account.user("administrator", &["api-AdministratorPolicy"]);
    let echo = repository("tests/foreign/aws/echo.json");
    account.register(&administrator, &first, &fs::read_to_string(echo).expect("a document"));
    let (url, issued) = (format!("PublicUrl={base}"), format!("OAuthIssuer={}", issuer.url()));
    deploy(&[
        "PublicDoor=OAUTH",
        "PublicDoorAt=API_GATEWAY",
        "OAuthScopes=mcp:tools",
        "OAuthRules=tools/example_echo=echo:call",
        &issued,
        &url,
    ]);
    let metadata = format!("{base}/.well-known/oauth-protected-resource/mcp");
    let stranger = door.post("/mcp", &[], &list()).expect(401);
    let challenge = format!("Bearer resource_metadata=\"{metadata}\"");
    assert_eq!(header(&stranger, "www-authenticate"), Some(challenge.as_str()));
    assert_eq!(header(&stranger, "access-control-allow-origin"), Some("*"));
    assert_eq!(stranger.json()["status"], 401, "{stranger:?}");
    door.post("/mcp", &[("authorization", "Bearer a.b.c")], &list()).expect(401);
    door.get("/health").expect(200);
    let described = door.get("/.well-known/oauth-protected-resource/mcp").expect(200);
    assert_eq!(described.json()["resource"], format!("{base}/mcp"));
    let asked = door.send("OPTIONS", "/mcp", &[("origin", "https://evil.example")], None);
    let asked = asked.expect("an answer");
    assert_eq!(header(&asked, "access-control-allow-origin"), None, "{asked:?}");

    let mcp = format!("{base}/mcp");
    account.oauth(foreign.python(), &foreign.script("oauth.py"), &[&mcp, "api"]);
    account.oauth(foreign.node(), &foreign.script("oauth.mjs"), &[&mcp, "2", "api"]);

    deploy(&["PublicDoor=BEARER"]);
    let token = |what: &str| {
        let mut command = account.signed(program(), &Key::root());
        let command = command.args(["token", what, "--stack", "api"]);
        succeed(command, PATIENCE).unwrap_or_else(|error| panic!("{error}")).stdout
    };
    let told = account.does(&["outputs", "--stack-name", "api"]).stdout;
    let words =
        ["with tokens:", &format!("{base}/mcp"), "token rotate --secret /mcp-lambda/api/tokens"];
    assert!(words.iter().all(|words| told.contains(words)), "{told}");
    let bearer = format!("Bearer {}", token("rotate"));
    let listed = door.post("/mcp", &[("authorization", &bearer)], &list()).expect(200);
    assert!(listed.body.contains("example_echo"), "{listed:?}");
    let stranger = door.post("/mcp", &[], &list()).expect(401);
    assert_eq!(header(&stranger, "www-authenticate"), Some("Bearer realm=\"mcp-lambda\""));
    assert_eq!(account.tools(&Key::root(), &first), ["example_echo"]);
}

#[test]
fn transports_are_functions_of_their_own() {
    let Some(account) = Account::open(&[]) else { return };
    let artifact = account.artifact(1);
    let template = account.path("split.json");
    let mut synth = program();
    synth.args(["synth", "--api", "split", "--format", "json", "--output"]).arg(&template);
    succeed(&mut synth, PATIENCE).unwrap_or_else(|error| panic!("{error}"));
    let template = template.to_str().expect("text");
    let parameters = ["ApiEnabled=true", "PublicDoor=BEARER", "PublicDoorAt=API_GATEWAY"];
    let more = parameters.iter().flat_map(|parameter| ["--parameter", parameter]);
    let more: Vec<&str> = more.chain(["--template", template]).collect();
    let split = outputs(&account.deploy("split", &artifact, &more)).clone();
    let door = Client::new(&api(&account, &split));
    let mut rotate = account.signed(program(), &Key::root());
    let rotate = rotate.args(["token", "rotate", "--stack", "split"]);
    let token = succeed(rotate, PATIENCE).unwrap_or_else(|error| panic!("{error}")).stdout;
    let bearer = format!("Bearer {token}");
    let sent = [("authorization", bearer.as_str())];
    door.post("/mcp", &sent, &list()).expect(200);
    // Each path leads to a function that serves it: what another serves would be 404 there.
    for (path, why) in
        [("/message", "session"), ("/s/team/message", "path"), ("/s/team/mcp", "path")]
    {
        let lost = door.post(&format!("{path}?sessionId=x"), &sent, &list()).expect(404);
        assert!(lost.json()["detail"].to_string().contains(why), "{lost:?}");
        door.post(path, &[], &list()).expect(401);
    }
}
