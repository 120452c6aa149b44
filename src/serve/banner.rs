//! Where to connect, printed once at the start.

use std::net::SocketAddr;

use lambda_host::Host;
use serde_json::json;

use crate::cli::{InvokeWhere, ServeArguments};
use crate::output::Output;
use crate::serve::door;
use crate::version;

/// Prints where to connect.
pub(super) fn print(output: &Output, arguments: &ServeArguments, address: SocketAddr, host: &Host) {
    let url = format!("http://{address}");
    let functions: Vec<String> = host.functions().map(ToString::to_string).collect();
    if output.is_json() {
        let line = json!({
            "event": "listening",
            "version": version::SHORT,
            "url": url,
            "mcp": format!("{url}/mcp"),
            "sse": format!("{url}/sse"),
            "register": format!("{url}/register"),
            "functions": functions,
        });
        return output.line(line.to_string());
    }
    let data = match &arguments.data {
        None => "in memory, gone at the end; keep it with --data DIR".to_owned(),
        Some(folder) => folder.display().to_string(),
    };
    let reach = match arguments.invoke {
        InvokeWhere::Local => "",
        InvokeWhere::Aws => ", every one that your AWS credentials reach",
    };
    let open = if address.ip().is_loopback() || arguments.door.is_closed() {
        String::new()
    } else {
        let warning = "anyone who can reach this address can call and register functions";
        format!("\n  WARNING         {warning}{reach}\n")
    };
    let functions = match arguments.invoke {
        InvokeWhere::Aws => "in AWS, as they are registered".to_owned(),
        InvokeWhere::Local if functions.is_empty() => "none".to_owned(),
        InvokeWhere::Local => functions.join(", "),
    };
    if arguments.door.is_closed() {
        let door = door::describe(&arguments.door);
        return output.line(format!(
            "mcp-lambda {} serves {url}

  MCP             {url}/mcp
  HTTP+SSE        {url}/sse
  registrations   {url}/register
  door            {door}
  functions       {functions}
  data            {data}

Ctrl-C ends it.
",
            version::LONG
        ));
    }
    output.line(format!(
        "mcp-lambda {} serves {url}\n{open}
  page            {url}
  MCP             {url}/mcp
  HTTP+SSE        {url}/sse
  registrations   {url}/register
  Lambda Invoke   {url}   (for --endpoint-url of the AWS CLI)
  functions       {functions}
  data            {data}

  Claude Code     claude mcp add --transport http mcp-lambda {url}/mcp
  Inspector       npx @modelcontextprotocol/inspector --cli {url}/mcp --transport http --method tools/list
  register        curl {url}/register -H 'content-type: application/json' -d @registration.json

Ctrl-C ends it.
",
        version::LONG
    ));
}
