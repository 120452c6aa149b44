//! Deploys a gateway and says where it is.
//!
//! Takes a `bootstrap` for arm64:
//! `cargo run -p mcp-lambda-infra --features deploy --example deploy -- target/lambda/bootstrap/bootstrap`.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use mcp_lambda_infra::account::{Account, Silent};
use mcp_lambda_infra::deploy::Gateway;
use mcp_lambda_infra::outputs::Outputs;
use mcp_lambda_infra::package::{Architecture, Artifact};

/// Packages, uploads and deploys; what the stack says of itself.
pub(crate) async fn deploy(account: &Account, program: &Path) -> Result<Outputs, Box<dyn Error>> {
    let artifact = Artifact::read(program, Architecture::Arm64)?;
    let mut gateway = Gateway::new("weather".parse()?, artifact);
    gateway.tags.insert("team".to_owned(), "forecasts".to_owned());
    gateway.parameters.insert("MemorySize".to_owned(), "512".to_owned());
    let deployed = gateway.deploy(account, |changes| !changes.loses_data(), &Silent).await?;
    Ok(deployed.outputs)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let program = std::env::args().nth(1).ok_or("name the program to deploy")?;
    let account = Account::load(None, Some("eu-west-1")).await;
    let outputs = deploy(&account, Path::new(&program)).await?;
    for url in [outputs.mcp_url(), outputs.registration_url()].into_iter().flatten() {
        writeln!(std::io::stdout(), "{url}")?;
    }
    Ok(())
}
