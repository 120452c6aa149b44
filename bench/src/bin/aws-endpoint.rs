//! DynamoDB and Lambda's Invoke API behind TLS on loopback.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use mcp_lambda_bench::endpoint::database::Database;
use mcp_lambda_bench::endpoint::{self, Kept, tls};
use mcp_lambda_bench::failure::Failure;
use mcp_lambda_bench::serving;

/// What the deployed gateway talks to.
#[derive(Debug, Parser)]
struct Arguments {
    /// The file that the authority's certificate is written to, as PEM.
    #[arg(long, value_name = "FILE")]
    authority: PathBuf,

    /// The folder with documents of an issuer and of Systems Manager.
    #[arg(long, value_name = "FOLDER")]
    documents: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "aws-endpoint: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let kept = Kept { database: Database::new()?, documents: arguments.documents };
    let (acceptor, pem) = tls::acceptor()?;
    std::fs::write(&arguments.authority, pem).map_err(Failure::system("writing a certificate"))?;
    let listener = serving::listen().await?;
    serving::announce(&listener)?;
    endpoint::serve(listener, acceptor, Arc::new(kept)).await
}
