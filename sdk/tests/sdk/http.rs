//! HTTP mode: what is listed, called and read, and where.

use serde_json::{Value, json};

use crate::support::{Server, rpc, text};

#[test]
fn a_tool_is_what_its_function_says() {
    let server = Server::start("echo", &[]);
    let tools = server.ask("tools/list", &json!({}));
    assert_eq!(
        tools["tools"],
        json!([{
            "name": "echo",
            "title": "Echo",
            "description": "Says what it is told.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "text": { "type": "string", "description": "what to say" },
                    "times": {
                        "type": ["integer", "null"], "format": "uint8", "minimum": 1, "maximum": 10,
                        "description": "how often, once if it is left out"
                    }
                },
                "required": ["text"]
            },
            "annotations": { "readOnlyHint": true, "idempotentHint": true }
        }])
    );
    let result = server.call("echo", &json!({ "text": "hey", "times": 2 }));
    assert_eq!(
        result,
        json!({ "content": [{ "type": "text", "text": "hey hey" }], "isError": false })
    );
    assert_eq!(text(&server.call("echo", &json!({ "text": "hey", "times": null }))), "hey");
    for (arguments, said) in [
        (json!({ "text": "a", "times": 11 }), "argument /times"),
        (json!({ "text": 1 }), "argument /text"),
        (json!({}), "\"text\""),
    ] {
        let result = server.call("echo", &arguments);
        assert_eq!(result["isError"], true);
        assert!(text(&result).contains(said), "{result}");
    }
    server.stop();
}

#[test]
fn a_server_says_who_it_is() {
    let server = Server::start("echo", &[]);
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {} });
    let result = server.ask("initialize", &params);
    assert_eq!(
        result["serverInfo"],
        json!({ "name": "echo", "version": env!("CARGO_PKG_VERSION") })
    );
    assert_eq!(result["instructions"], "Everything here says what it is told.");
    let discovered = server.modern("server/discover", &json!({}), &json!({}));
    assert_eq!(discovered["result"]["instructions"], result["instructions"]);
    server.stop();
}

#[test]
fn structured_results_by_era() {
    let server = Server::start("clock", &[]);
    let call = json!({ "name": "current_time", "arguments": { "utc_offset_minutes": -60 } });
    let result = server.modern("tools/call", &call, &json!({}))["result"].clone();
    let moment = &result["structuredContent"];
    let seconds = moment["unix_seconds"].as_u64().expect("seconds");
    assert!(seconds > 1_767_225_600, "{moment}");
    let parse = |text: &str| humantime::parse_rfc3339(text).expect("RFC 3339");
    let utc = parse(moment["utc"].as_str().expect("a text"));
    let local = parse(&format!("{}Z", moment["local"].as_str().expect("a text")));
    assert_eq!(utc.duration_since(local).expect("it is earlier").as_secs(), 3_600);
    let shown: Value = serde_json::from_str(text(&result)).expect("the same as text");
    assert_eq!(shown, *moment);
    // An object is structured for clients of older revisions too.
    assert!(server.call("current_time", &json!({}))["structuredContent"].is_object());
    let schema = &server.ask("tools/list", &json!({}))["tools"][0]["outputSchema"];
    assert_eq!(schema["properties"]["utc"]["description"], "In UTC, by RFC 3339.");
    assert_eq!(schema["required"], json!(["utc", "local", "unix_seconds"]));
    server.stop();
}

#[test]
fn resources() {
    let server = Server::start("echo", &[]);
    let listed = server.ask("resources/list", &json!({}));
    assert_eq!(
        listed["resources"],
        json!([{
            "uri": "echo://about", "name": "about", "description": "What this server is for.",
            "mimeType": "text/plain"
        }])
    );
    let templates = server.ask("resources/templates/list", &json!({}));
    assert_eq!(templates["resourceTemplates"][0]["uriTemplate"], "echo://words/{word}{?times}");
    let read = |uri: &str| server.ask("resources/read", &json!({ "uri": uri }))["contents"].clone();
    for (uri, expected) in [
        ("echo://about", "It says what it is told."),
        ("echo://words/hey", "hey"),
        ("echo://words/a%20b?times=2", "a b a b"),
    ] {
        let contents = json!([{ "uri": uri, "mimeType": "text/plain", "text": expected }]);
        assert_eq!(read(uri), contents);
    }
    for uri in ["echo://words/silence", "echo://words/hey?times=often", "echo://other"] {
        let error = server.fail("resources/read", &json!({ "uri": uri }));
        assert_eq!(error["code"], -32002, "{uri}: {error}");
    }
    let complete = |kind: &str, name: &str, id: &str, argument: &str, value: &str| {
        let params = json!({
            "ref": { "type": kind, name: id }, "argument": { "name": argument, "value": value }
        });
        server.ask("completion/complete", &params)["completion"]["values"].clone()
    };
    let template = "echo://words/{word}{?times}";
    assert_eq!(complete("ref/resource", "uri", template, "word", "hel"), json!(["hello"]));
    assert_eq!(complete("ref/resource", "uri", template, "times", "1"), json!([]));
    assert_eq!(complete("ref/prompt", "name", "repeat", "text", ""), json!([]));
    server.stop();
}

#[test]
fn prompts() {
    let server = Server::start("echo", &[]);
    let listed = server.ask("prompts/list", &json!({}));
    assert_eq!(
        listed["prompts"],
        json!([{
            "name": "repeat",
            "description": "Lets the model repeat something.",
            "arguments": [
                { "name": "text", "description": "What to repeat.", "required": true },
                { "name": "times", "description": "How often: a number.", "required": false }
            ]
        }])
    );
    let get = |arguments: Value| json!({ "name": "repeat", "arguments": arguments });
    let got = server.ask("prompts/get", &get(json!({ "text": "a", "times": "3" })));
    assert_eq!(
        got["messages"],
        json!([
            { "role": "user", "content": { "type": "text", "text": "Say it 3 times: a" } },
            { "role": "assistant", "content": { "type": "text", "text": "Here it is:" } }
        ])
    );
    for (arguments, said) in [
        (json!({}), "text is missing"),
        (json!({ "text": "a", "times": "often" }), "the argument times: invalid digit"),
        (json!({ "text": "a", "times": "0" }), "times must be at least 1"),
    ] {
        let error = server.fail("prompts/get", &get(arguments));
        assert_eq!(error["code"], -32602, "{error}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains(said)), "{error}");
    }
    server.stop();
}

#[test]
fn with_and_without_a_slash_and_never_a_redirect() {
    for (mount, at) in [(None, ""), (Some("/dev/point"), "/dev/point"), (Some("prod/"), "/prod")] {
        let mounted: Vec<&str> = mount.map_or(vec![], |mount| vec!["--mount", mount]);
        let server = Server::start("hello", &mounted);
        let origin = server.origin();
        assert_eq!(server.url(), format!("{origin}{at}"));
        let call = rpc("tools/call", &json!({ "name": "hello", "arguments": { "name": "you" } }));
        for end in ["/mcp", "/mcp/", "/", ""] {
            if at.is_empty() && end.is_empty() {
                continue;
            }
            let reply = server.send("POST", &format!("{origin}{at}{end}"), &[], Some(&call));
            assert_eq!(reply.status, 200, "{at}{end}: {reply:?}");
            assert_eq!(text(&reply.json()["result"]), "Hello, you!");
        }
        for path in [format!("{at}/health"), "/health".to_owned()] {
            assert_eq!(server.send("GET", &format!("{origin}{path}"), &[], None).status, 200);
        }
        for path in [format!("{at}/register"), format!("{at}/x/mcp"), "/else/mcp".to_owned()] {
            let reply = server.send("POST", &format!("{origin}{path}"), &[], Some(&call));
            assert_eq!(reply.status, 404, "{path}: {reply:?}");
        }
        if !at.is_empty() {
            let reply = server.send("POST", &format!("{origin}/mcp"), &[], Some(&call));
            assert!(reply.status == 404 && reply.body.contains(at), "{reply:?}");
        }
        server.stop();
    }
}

#[test]
fn pages_of_others_are_refused() {
    let server = Server::start("hello", &["--allow-origin", "https://inspector.example"]);
    let list = rpc("tools/list", &json!({}));
    for (headers, status) in [
        ([("host", "evil.example"), ("x-none", "")], 403),
        ([("origin", "https://evil.example"), ("x-none", "")], 403),
        ([("origin", "https://inspector.example"), ("x-none", "")], 200),
    ] {
        assert_eq!(server.post(&headers, &list).status, status, "{headers:?}");
    }
    server.stop();
}

/// HTTP+SSE tells where messages go, which is below the mount too.
#[test]
fn the_older_transport_is_mounted() {
    let server = Server::start("hello", &["--mount", "/prod"]);
    let mut lines = server.open("/sse");
    let endpoint = lines.find_map(|line| line.strip_prefix("data: ").map(str::to_owned));
    let endpoint = endpoint.expect("an endpoint");
    assert!(endpoint.starts_with("/prod/message?sessionId="), "{endpoint}");
    let url = format!("{}{endpoint}", server.origin());
    let call = rpc("tools/call", &json!({ "name": "hello", "arguments": {} }));
    assert_eq!(server.send("POST", &url, &[], Some(&call)).status, 202);
    let answer = lines.find_map(|line| line.strip_prefix("data: ").map(str::to_owned));
    let answer: Value = serde_json::from_str(&answer.expect("an answer")).expect("JSON");
    assert_eq!(text(&answer["result"]), "Hello, world!");
    drop(lines);
    server.stop();
}
