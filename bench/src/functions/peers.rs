//! The other servers as functions: their deployment packages, and how they start.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::install::{Node, Python, source};
use super::instance::Launch;
use super::results::Subject;
use crate::failure::Failure;
use crate::request::Era;
use crate::{catalog, loopback};

/// The programs that are built for a measurement.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The deployed gateway's functions.
    pub bootstrap: PathBuf,
    /// rmcp as a function.
    pub rmcp: PathBuf,
    /// DynamoDB and Lambda on loopback.
    pub endpoint: PathBuf,
    /// A function that returns its event.
    pub echo: PathBuf,
    /// Where packages of registries are installed.
    pub target: PathBuf,
}

/// What could be prepared, and in a sentence each what could not.
pub struct Peers {
    /// How each starts.
    pub launches: Vec<(Subject, Launch)>,
    /// Why others do not.
    pub left: Vec<String>,
    /// Python with awslabs' handler.
    pub python: Option<Python>,
    /// Node with the TypeScript SDK.
    pub node: Option<Node>,
}

impl Peers {
    /// Installs what is missing and writes the deployment packages into a folder.
    pub fn prepare(programs: &Programs, folder: &Path) -> Result<Self, Failure> {
        let native = |name, program: &PathBuf| Launch {
            name,
            command: vec![program.into()],
            folder: folder.to_owned(),
            environment: BTreeMap::new(),
        };
        let mut peers = Self {
            launches: vec![
                (Subject::Echo, native("echo", &programs.echo)),
                (Subject::Rmcp, native("rmcp", &programs.rmcp)),
            ],
            left: Vec::new(),
            python: None,
            node: None,
        };
        match Node::install(&programs.target) {
            Ok(node) => {
                peers.launches.push((Subject::TypeScript, typescript(&node, folder)?));
                peers.node = Some(node);
            }
            Err(why) => peers.left.push(format!("The TypeScript SDK is left out: {why}.")),
        }
        match Python::install(&programs.target, "python") {
            Ok(python) => {
                peers.launches.push((Subject::Python, awslabs(&python, folder)?));
                peers.python = Some(python);
            }
            Err(why) => peers.left.push(format!("awslabs' handler is left out: {why}.")),
        }
        Ok(peers)
    }
}

/// Whether a server speaks as the client does. awslabs' handler knows 2024-11-05 alone.
pub fn speaks(subject: Subject, era: Era) -> bool {
    match subject {
        Subject::McpLambda | Subject::Rmcp | Subject::TypeScript => true,
        Subject::Python => era == Era::Legacy,
        Subject::Echo => era == Era::Modern,
    }
}

/// Where the TypeScript SDK's package is.
pub fn typescript_folder(folder: &Path) -> PathBuf {
    folder.join("typescript")
}

/// Where awslabs' package is.
pub fn awslabs_folder(folder: &Path) -> PathBuf {
    folder.join("awslabs")
}

fn typescript(node: &Node, folder: &Path) -> Result<Launch, Failure> {
    let own = typescript_folder(folder);
    package(&own, "node/app.mjs")?;
    // Not a part of the package, but of the Node runtime that Lambda has.
    let bootstrap = folder.join("node-bootstrap.mjs");
    let written = fs::write(&bootstrap, lambda_host::node_bootstrap());
    written.map_err(Failure::system("writing a bootstrap"))?;
    let linked = std::os::unix::fs::symlink(node.modules(), own.join("node_modules"));
    linked.map_err(Failure::system("linking packages"))?;
    Ok(Launch {
        name: "the TypeScript SDK",
        command: vec![node.program(), bootstrap.into(), "app.handler".into()],
        folder: own,
        environment: BTreeMap::new(),
    })
}

fn awslabs(python: &Python, folder: &Path) -> Result<Launch, Failure> {
    let own = awslabs_folder(folder);
    package(&own, "python/app.py")?;
    let program = python.program("python").into();
    Ok(Launch {
        name: "awslabs' handler",
        command: vec![program, "-m".into(), "awslambdaric".into(), "app.handler".into()],
        folder: own,
        environment: BTreeMap::new(),
    })
}

/// A folder with a handler and the tools that it offers.
fn package(folder: &Path, handler: &str) -> Result<(), Failure> {
    let doing = "writing a deployment package";
    fs::create_dir_all(folder).map_err(Failure::system(doing))?;
    let handler = source(handler);
    let name = handler.file_name().unwrap_or_default();
    fs::copy(&handler, folder.join(name)).map_err(Failure::system(doing))?;
    let tools: Vec<_> = (0..loopback::TOOLS).map(catalog::tool).collect();
    let text = serde_json::to_vec(&tools).expect("tools are plain data");
    fs::write(folder.join("tools.json"), text).map_err(Failure::system(doing))
}
