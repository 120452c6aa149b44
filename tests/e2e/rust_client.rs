//! The official Rust client, in each of the ways it can begin, against a catalog of several pages.

use std::collections::BTreeSet;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, ClientConfig, GetPromptRequestParams, ProtocolVersion,
    ReadResourceRequestParams,
};
use rmcp::service::RunningService;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::{ClientLifecycleMode, ClientServiceExt, RoleClient};
use serde_json::{Value, json};

use crate::support::server::Server;

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(60);
/// Tools besides the examples: enough for three pages of 100.
const IMPORTS: usize = 3;
const TOOLS_OF_AN_IMPORT: usize = 80;

type Client = RunningService<RoleClient, ClientConfig>;

async fn check(begin: ClientLifecycleMode, expected: ProtocolVersion) {
    let server = Server::start::<&str>(&[]);
    let names = register_many(&server);
    let url = format!("{}/mcp", server.url());
    let all = async {
        let transport = StreamableHttpClientTransport::from_uri(url);
        let client = ClientConfig::default().serve_with_lifecycle(transport, begin).await;
        let client = client.expect("a connection");
        let info = client.peer_info().expect("it was told who the server is");
        assert_eq!(info.protocol_version, expected);
        list(&client, &names).await;
        use_everything(&client).await;
        client.cancel().await.expect("a clean end");
    };
    tokio::time::timeout(LIMIT, all).await.expect("in time");
    server.stop();
}

/// Registers tools by the import of AgentCore's form, and returns the names of all there are.
fn register_many(server: &Server) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = ["example_clock", "example_echo"].map(str::to_owned).into();
    for import in 0..IMPORTS {
        let tool = |index| format!("bulk_{import}_{index:02}");
        let describe = |index| {
            json!({
                "name": tool(index), "description": "One of many.",
                "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}}
            })
        };
        let body: Value = (0..TOOLS_OF_AN_IMPORT).map(describe).collect();
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:example-echo";
        let path = format!("/register/import?lambdaArn={arn}");
        server.client().post(&path, &[], &body).expect(201);
        names.extend((0..TOOLS_OF_AN_IMPORT).map(tool));
    }
    names
}

async fn list(client: &Client, expected: &BTreeSet<String>) {
    let first = client.list_tools(None).await.expect("a page");
    assert!(first.next_cursor.is_some(), "all tools are on one page");
    let tools = client.list_all_tools().await.expect("all pages");
    assert_eq!(tools.len(), expected.len(), "a tool is listed twice");
    let names: BTreeSet<String> = tools.into_iter().map(|tool| tool.name.into_owned()).collect();
    assert_eq!(&names, expected);
}

async fn use_everything(client: &Client) {
    let arguments = json!({"text": "Grüße 👋"});
    let arguments = arguments.as_object().expect("an object").clone();
    // AgentCore, whose form was imported, gives an answer's JSON as the text.
    for (tool, text) in [("example_echo", "Grüße 👋"), ("bulk_2_79", r#""Grüße 👋""#)] {
        let call = CallToolRequestParams::new(tool).with_arguments(arguments.clone());
        let result = client.call_tool(call).await.expect("a result");
        assert_ne!(result.is_error, Some(true));
        let texts: Vec<_> = result.content.iter().filter_map(|block| block.as_text()).collect();
        assert_eq!(texts[0].text, text);
    }
    let refused = client.call_tool(CallToolRequestParams::new("no_such_tool")).await;
    assert!(format!("{:?}", refused.expect_err("an unknown tool")).contains("-32602"));

    let resources = client.list_all_resources().await.expect("all pages");
    assert_eq!(resources.len(), 1);
    let read = ReadResourceRequestParams::new(&resources[0].uri);
    let contents = client.read_resource(read).await.expect("a resource").contents;
    assert!(format!("{contents:?}").contains("# First steps"));

    let prompts = client.list_all_prompts().await.expect("all pages");
    assert_eq!(prompts.len(), 1);
    let arguments = json!({"audience": "children"});
    let get = GetPromptRequestParams::new(&prompts[0].name)
        .with_arguments(arguments.as_object().expect("an object").clone());
    let messages = client.get_prompt(get).await.expect("a prompt").messages;
    assert!(format!("{messages:?}").contains("Introduce the tools of this server to children."));
    let completed = client.complete_prompt_simple(&prompts[0].name, "audience", "man").await;
    assert_eq!(completed.expect("completions"), ["managers"]);
}

#[tokio::test]
async fn initialize() {
    check(ClientLifecycleMode::Initialize, ProtocolVersion::V_2025_11_25).await;
}

#[tokio::test]
async fn discover() {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    let begin = ClientLifecycleMode::Discover { preferred_versions };
    check(begin, ProtocolVersion::V_2026_07_28).await;
}

#[tokio::test]
async fn auto() {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    let begin = ClientLifecycleMode::Auto { preferred_versions, legacy_version: None };
    check(begin, ProtocolVersion::V_2026_07_28).await;
}
