//! `register` in all its forms.

use serde_json::{Value, json};

use super::{LIMIT, asking, events, hands, reading, refused, said, write};
use crate::support::command::run;
use crate::support::repository;
use crate::support::server::Server;

const ECHO: &str = "arn:aws:lambda:us-east-1:000000000000:function:example-echo";

fn tool(name: &str, more: Value) -> Value {
    let mut document =
        json!({"type": "tool", "name": name, "description": "One. Two.", "lambdaArn": ECHO});
    for (name, value) in more.as_object().expect("an object") {
        document[name] = value.clone();
    }
    document
}

#[test]
fn one_registration_from_its_beginning_to_its_end() {
    let server = Server::start(&["--no-examples"]);
    assert_eq!(said(&server, &["register", "list"]), "nothing is registered");
    let add = [
        "register",
        "add",
        "--name",
        "say",
        "--description",
        "Says it. Twice.",
        "--function",
        ECHO,
    ];
    let added = said(&server, &[&add[..], &["--parameters", r#"{"text":"string"}"#]].concat());
    assert_eq!(added, "tool-say is registered (revision 1)");
    let listed = said(&server, &["register", "list"]);
    let row: Vec<&str> = listed.lines().last().expect("a row").split_whitespace().collect();
    assert_eq!(row, ["tool-say", "1", "example-echo", "Says", "it."]);
    refused(&server, &add, 12, &["tool-say exists already"]);

    let updated = said(&server, &["register", "update", "tool-say", "--timeout-seconds", "60"]);
    assert_eq!(updated, "tool-say is updated (revision 2)");
    let got = &events(&server, &["register", "get", "tool-say"])[0];
    assert_eq!(
        (&got["timeoutSeconds"], &got["parameters"]["text"]),
        (&json!(60), &json!("string"))
    );
    said(&server, &["register", "update", "tool-say", "--input-schema", r#"{"type":"object"}"#]);
    let got = &events(&server, &["register", "get", "tool-say"])[0];
    assert_eq!(
        (&got["inputSchema"], &got["parameters"]),
        (&json!({"type": "object"}), &Value::Null)
    );

    refused(
        &server,
        &["register", "update", "tool-none", "--title", "T"],
        12,
        &["no registration"],
    );
    refused(
        &server,
        &["register", "update", "tool-say", "--invoke-mode", "fast"],
        3,
        &["fast", "apigw-v2"],
    );
    assert_eq!(said(&server, &["register", "remove", "tool-say"]), "tool-say is removed");
    refused(&server, &["register", "remove", "tool-say"], 12, &["no registration of this id"]);
    server.stop();
}

#[test]
fn documents_from_files_and_from_standard_input() {
    let server = Server::start(&["--no-examples"]);
    let file = repository("examples/registrations/legend.json");
    said(&server, &["register".as_ref(), "add".as_ref(), "--file".as_ref(), file.as_os_str()]);
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "in.json", &tool("piped", json!({})));
    let mut command = asking(&server);
    command.args(["register", "add", "--file", "-", "--title", "By a pipe"]);
    let mut command = reading(&command, &folder.path().join("in.json"));
    let finished = run(&mut command, LIMIT).expect("an end");
    assert_eq!(finished.code, Some(0), "{finished}");
    let names: Vec<Value> =
        events(&server, &["register", "list"]).iter().map(|one| one["id"].clone()).collect();
    assert_eq!(names, ["resource-legend", "tool-piped"]);
    assert_eq!(events(&server, &["register", "list", "--type", "tool"]).len(), 1);

    refused(&server, &["register", "add", "--file", "none.json"], 3, &["none.json"]);
    write(folder.path(), "bad.json", &tool("a b", json!({"lambdaARN": "x"})));
    let bad = folder.path().join("bad.json");
    refused(
        &server,
        &["register".as_ref(), "add".as_ref(), "--file".as_ref(), bad.as_os_str()],
        3,
        &["lambdaARN"],
    );
    refused(&server, &["register", "add"], 2, &["--name"]);
    server.stop();
}

#[test]
fn import_shows_and_makes_the_difference() {
    let server = Server::start(&["--no-examples"]);
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "a.json", &json!([tool("a", json!({})), tool("b", json!({}))]));
    let import = |more: &[&str]| {
        let path = folder.path().to_str().expect("UTF-8");
        let mut arguments = vec!["register", "import", path];
        arguments.extend(more);
        hands(&server, &arguments)
    };
    let shown = import(&["--dry-run"]);
    assert_eq!(shown.code, Some(0), "{shown}");
    assert_eq!(
        shown.stdout,
        "2 to add, 0 to change, 0 to remove, 0 as they are\n  + tool-a\n  + tool-b"
    );
    // Without a terminal nobody says yes.
    let unasked = import(&[]);
    assert_eq!(unasked.code, Some(10), "{unasked}");
    assert!(unasked.stderr.contains("--yes"), "{unasked}");
    assert_eq!(said(&server, &["register", "list"]), "nothing is registered");
    assert!(import(&["--yes"]).stdout.ends_with("tool-a is added\ntool-b is added"));
    let again = import(&["--yes"]).stdout;
    assert_eq!(again, "0 to add, 0 to change, 0 to remove, 2 as they are");

    write(
        folder.path(),
        "a.json",
        &json!([tool("a", json!({"timeoutSeconds": 60, "title": "A"}))]),
    );
    write(folder.path(), "c.json", &tool("c", json!({})));
    let kept = import(&["--dry-run"]).stdout;
    assert!(kept.contains("~ tool-a  timeoutSeconds added 60, title added \"A\""), "{kept}");
    assert!(kept.contains("left alone without --prune: tool-b"), "{kept}");
    let pruned = import(&["--yes", "--prune"]).stdout;
    for line in ["  - tool-b", "tool-a is changed", "tool-b is removed", "tool-c is added"] {
        assert!(pruned.lines().any(|one| one == line), "{line:?} is missing: {pruned}");
    }
    // For programs.
    write(folder.path(), "c.json", &tool("c", json!({"timeoutSeconds": 9})));
    let path = folder.path().to_str().expect("UTF-8");
    let told = events(&server, &["register", "import", path, "--yes"]);
    assert_eq!(
        told[0],
        json!({"event": "change", "id": "tool-c", "change": "changed", "members": ["timeoutSeconds added 9"]})
    );
    assert_eq!(told[1], json!({"event": "changed", "id": "tool-c"}));

    write(folder.path(), "c.json", &tool("c d", json!({})));
    let faulty = import(&["--yes"]);
    assert_eq!(faulty.code, Some(3), "{faulty}");
    assert!(faulty.stderr.contains("c.json: /name"), "{faulty}");
    server.stop();
}

#[test]
fn what_was_exported_imports_without_a_difference() {
    let server = Server::start::<&str>(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out");
    let path = path.to_str().expect("UTF-8");
    assert_eq!(said(&server, &["register", "export", path]).lines().count(), 4);
    let text = std::fs::read_to_string(folder.path().join("out/tool-example_echo.json"));
    let text = text.expect("a file");
    assert!(text.starts_with("{\n  \"type\": \"tool\",\n  \"name\": \"example_echo\""), "{text}");
    assert!(!text.contains("revision"), "{text}");
    let shown = said(&server, &["register", "import", path, "--prune"]);
    assert_eq!(shown, "0 to add, 0 to change, 0 to remove, 4 as they are");
    // Printed, it is a list that can be imported as well.
    let printed = said(&server, &["register", "export"]);
    let all: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(all.as_array().map(Vec::len), Some(4));
    server.stop();
}

#[test]
fn agentcore_and_back() {
    let server = Server::start(&["--no-examples"]);
    let file = repository("examples/agentcore/tools.json");
    let file = file.to_str().expect("UTF-8");
    refused(&server, &["register", "import", file, "--yes"], 3, &["--function"]);
    let import = ["register", "import", file, "--function", ECHO, "--target", "weather", "--yes"];
    let imported = said(&server, &import);
    assert!(imported.contains("is added"), "{imported}");
    write_losing_tool(&server);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    let finished = hands(&server, &["register", "export", "--format", "agentcore", path]);
    assert_eq!(finished.code, Some(0), "{finished}");
    assert!(
        finished
            .stderr
            .contains("tool-choosy /inputSchema/properties/color/enum: is only described"),
        "{finished}"
    );
    assert!(finished.stderr.contains("resource-static: is no tool"), "{finished}");
    let text = std::fs::read_to_string(folder.path().join("example-echo.json")).expect("a file");
    let target: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(target["mcp"]["lambda"]["lambdaArn"], ECHO);
    let definitions = target["mcp"]["lambda"]["toolSchema"]["inlinePayload"].as_array();
    let original: Value =
        serde_json::from_str(&std::fs::read_to_string(file).expect("a file")).expect("JSON");
    let original = original["inlinePayload"].as_array().expect("definitions");
    for one in original {
        assert!(definitions.expect("definitions").contains(one), "{one} is not as it came: {text}");
    }
    // The file that was written can be taken back.
    let back = said(&server, &["register", "import", path, "--target", "weather", "--dry-run"]);
    assert!(back.contains("0 to add"), "{back}");
    server.stop();
}

fn write_losing_tool(server: &Server) {
    let schema =
        json!({"type": "object", "properties": {"color": {"type": "string", "enum": ["red"]}}});
    server.client().register(&tool("choosy", json!({"inputSchema": schema})));
    server.client().register(&json!({"type": "resource", "name": "static", "description": "d",
        "uri": "a://b", "text": "t"}));
}

#[test]
fn status_tells_what_cannot_be_called() {
    let server = Server::start::<&str>(&[]);
    let good = said(&server, &["register", "status"]);
    assert_eq!(good.lines().filter(|line| line.contains("active")).count(), 4, "{good}");
    server.client().register(&tool(
        "lost",
        json!({
        "lambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:nowhere"}),
    ));
    refused(&server, &["register", "status"], 14, &["tool-lost"]);
    let finished = hands(&server, &["register", "status", "tool-lost"]);
    assert!(finished.stdout.contains("nowhere does not exist"), "{finished}");
    refused(&server, &["register", "status", "tool-none"], 12, &["no registration"]);
    server.stop();
}
